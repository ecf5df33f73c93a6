"""The chi-square laws, and the few functions beside them, without SciPy.

Importing ``scipy.special`` takes longer than all the rest of a small comparison.  What a report
needs of it are sums of positive terms, so that tails keep their digits: within 1e-12 of the
value wherever it is above 1e-300.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LARGE = 5e4  # beyond this the exact noncentral distribution takes too many terms
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132)
_ENOUGH = 16  # both asymptotic series have all digits from here on


def survival(value: float, degrees: int) -> float:
    """Return the probability that a chi-square with so many degrees of freedom is larger.

    Above the mean by the finite sum of Abramowitz and Stegun 26.4.4 and 26.4.5: with a =
    degrees/2 and y = value/2, of y^s e^-y / Gamma(s+1) over s = a-1, a-2, .. >= 0, and
    erfc(sqrt y) more where the degrees are odd.
    """
    a, y = degrees / 2, value / 2
    if value <= degrees:
        return 1 - _noncentral(a, y, 0.0)
    if math.isinf(value):
        return 0.0
    count = min(int(a), _reach(a))
    rest = math.erfc(math.sqrt(y)) if degrees % 2 else 0.0
    return float(_terms(y, a - count, 0, count).sum()) + rest if count else rest


def noncentral_cdf(value: float, degrees: float, noncentrality: float) -> float:
    """Return the noncentral chi-square distribution function.

    Above 5e4 degrees or noncentrality by Sankaran's approximation (Biometrika 50, 1963),
    whose error there is below 1e-5. No degrees of freedom at all is the mass at 0,
    exp(-noncentrality/2), and what a constant column has.
    """
    if value <= 0:
        return math.exp(-noncentrality / 2) if value == degrees == 0 else 0.0
    if max(degrees, noncentrality) <= _LARGE:
        return _noncentral(degrees / 2, value / 2, noncentrality / 2)
    mean, power, centre, spread = _sankaran(degrees, noncentrality)
    return normal_cdf((math.expm1(power * math.log(value / mean)) - centre) / spread)


def noncentral_quantile(probability: float, degrees: float, noncentrality: float) -> float:
    """Return the quantile of the noncentral chi-square by Sankaran's approximation."""
    mean, power, centre, spread = _sankaran(degrees, noncentrality)
    base = centre + spread * normal_quantile(probability)
    return mean * math.exp(math.log1p(base) / power) if base > -1 else 0.0


def _sankaran(k: float, nc: float) -> tuple[float, float, float, float]:
    """Return (mean, h, mu, sigma): (X/mean)^h - 1 is about normal with mean mu."""
    mean, half_variance = k + nc, k + 2 * nc
    h = 1 - 2 / 3 * (mean / half_variance) * ((k + 3 * nc) / half_variance)
    p = half_variance / mean / mean
    slope = (h - 1) * (1 - 3 * h)
    centre = h * p * (h - 1 - 0.5 * (2 - h) * slope * p)
    return mean, h, centre, h * math.sqrt(2 * p) * (1 + 0.5 * slope * p)


def _noncentral(a: float, y: float, half: float) -> float:
    """Return the probability of at most 2y, with 2a degrees and noncentrality 2 `half`.

    The mixture of central laws, sum_j w_j P(a + j, y), w the Poisson probabilities of mean
    `half`, where P(a + j, y) = sum_{i>=j} g_i, g_i = y^(a+i) e^-y / Gamma(a+i+1). Summed over
    j first it is sum_i g_i W_i, W the Poisson distribution function: one sum of positive
    terms with a single peak, of which those are taken that are not negligible.
    """
    if y >= a + half + math.sqrt(80 * (a + 2 * half)) + 40:
        return 1.0  # within e^-40 (Birgé 2001)
    above = y > a + half
    peak = y - a if above else 2 * y * half / (a + math.sqrt(a * a + 4 * y * half))
    first = max(int(peak) - _reach(a + peak), 0)
    count = int(peak) + _reach(a + peak) - first
    weights = _terms(half, 0.0, first, count)
    # Each of them has its digits where the other has lost them.
    below = 1 - np.append(np.cumsum(weights[:0:-1])[::-1], 0.0) if above else np.cumsum(weights)
    return min(float(_terms(y, a, first, count) @ below), 1.0)


def _reach(mean: float) -> int:
    """Return how far from its peak a sum like a Poisson distribution is negligible: e^-40."""
    return int(9 * math.sqrt(mean)) + 28


def _terms(y: float, shift: float, first: int, count: int) -> Floats:
    """Return y^s e^-y / Gamma(s+1) at s = shift + first, .. : ratios from the largest one."""
    last = first + count - 1
    largest = min(max(int(y - shift), first), last)
    s = shift + np.arange(first, last + 1)
    up = np.cumprod(y / s[largest - first + 1 :])
    down = np.cumprod(s[largest - first : 0 : -1] / y) if largest > first else s[:0]
    return poisson_term(y, shift + largest) * np.concatenate([down[::-1], [1.0], up])


def poisson_term(y: float, s: float) -> float:
    """Return y^s e^-y / Gamma(s+1) by Loader's saddle-point expansion (2000).

    It is exp(-D - delta) / sqrt(2 pi s), D = s ln(s/y) + y - s the deviance, which is a
    series in v = (s-y)/(s+y) where s and y are near, and delta Stirling's correction.
    """
    if s < _ENOUGH:
        return math.exp(s * math.log(y) - y - math.lgamma(s + 1)) if y else float(s == 0)
    if y == 0:
        return 0.0
    v = (s - y) / (s + y)
    deviance = s * math.log(s / y) + y - s
    if abs(v) < 0.5:
        odd = sum(v ** (2 * j + 1) / (2 * j + 1) for j in range(28, 0, -1))
        deviance = (s - y) * v + 2 * s * odd
    delta = sum(c * s ** (-2 * j - 1) for j, c in enumerate(_STIRLING))
    return math.exp(-deviance - delta) / math.sqrt(2 * math.pi * s)


def normal_cdf(z: float) -> float:
    """Return the standard normal distribution function."""
    return math.erfc(-z / math.sqrt(2)) / 2


def normal_quantile(probability: float) -> float:
    """Return where `normal_cdf`, Phi, has this value, by Newton's method on its logarithm.

    That is concave, and Phi(z) <= exp(-z^2/2)/2 gives a start to the left: steps only grow.
    """
    if probability > 0.5:
        return -normal_quantile(1 - probability)
    z = -math.sqrt(-2 * math.log(2 * probability))
    for _ in range(7):
        reached = normal_cdf(z)
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        z -= math.log(reached / probability) * reached / density
    return z


def digamma(x: Floats) -> Floats:
    """Return psi(x) for x > 0: its asymptotic series, below 16 after psi(x) = psi(x+1) - 1/x."""
    small = x < _ENOUGH
    high = x + _ENOUGH * small
    inverse = high**-2.0
    series = np.zeros_like(high)
    for coefficient in reversed(_DIGAMMA):
        series = (series + coefficient) * inverse
    result: Floats = np.log(high) - 0.5 / high - series
    few = x[small]
    result[small] -= sum(1 / (few + step) for step in range(_ENOUGH))
    return result


def exponential_integral(x: Floats) -> Floats:
    """Return E1(x) for x >= 0 by Abramowitz and Stegun 5.1.11 and 5.1.22 (contracted)."""
    with np.errstate(divide="ignore"):
        result: Floats = -np.euler_gamma - np.log(x)
    small = x <= 2
    term = np.full_like(x[small], -1.0)
    for k in range(1, 30):
        term *= -x[small] / k
        result[small] += term / k
    large = x[~small]
    fraction = large + 81
    for k in range(40, 0, -1):
        fraction = large + 2 * k - 1 - k * k / fraction
    result[~small] = np.exp(-large) / fraction
    return result
