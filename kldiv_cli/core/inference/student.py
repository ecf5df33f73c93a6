"""Student's t distribution, without SciPy.

The tail is an incomplete beta function, a continued fraction of a few dozen terms: all but the
last three or so of its digits are right, however small it is.
"""

from __future__ import annotations

import math

from kldiv_cli.core.inference.chisquare import normal_quantile

_TINY = 1e-300
_LARGE = 1e3  # from here on the series of the ratio of gamma functions has all digits


def survival(value: float, degrees: float) -> float:
    """Return the probability that Student's t with so many degrees of freedom is larger.

    It is I_x(degrees/2, 1/2) / 2 with x = degrees/(degrees + t^2) for t >= 0 (Abramowitz and
    Stegun 26.7.1), I being the regularised incomplete beta function.

    Parameters
    ----------
    value : float
        t, which may be infinite.
    degrees : float
        Degrees of freedom, above 0, not always an integer.
    """
    if value < 0:
        return 1 - survival(-value, degrees)
    if math.isinf(value):
        return 0.0
    a, square = degrees / 2, value / degrees * value
    if math.isinf(square):
        return 0.0
    x, rest = 1 / (1 + square), square / (1 + square)
    # x^a (1-x)^(1/2) / B(a, 1/2), of which both fractions are multiples.
    front = math.exp(_log_gamma_ratio(a) - a * math.log1p(square)) * math.sqrt(rest / math.pi)
    if x < (a + 1) / (a + 2.5):
        return front * _fraction(a, 0.5, x) / a / 2
    return (1 - front * _fraction(0.5, a, rest) / 0.5) / 2


def quantile(probability: float, degrees: float) -> float:
    """Return the value that Student's t stays below with a probability.

    Newton's steps from the normal quantile: the tail is convex, so they never pass the root.

    Parameters
    ----------
    probability : float
        Between 0 and 1, both excluded.
    degrees : float
        Degrees of freedom, at least 1.
    """
    if probability < 0.5:
        return -quantile(1 - probability, degrees)
    tail = 1 - probability
    value, step = max(normal_quantile(probability), 0.0), 1.0
    scale = _log_gamma_ratio(degrees / 2) - math.log(degrees * math.pi) / 2
    while step > 1e-13 * value:
        log_density = scale - (degrees + 1) / 2 * math.log1p(value / degrees * value)
        step = (survival(value, degrees) - tail) / math.exp(log_density)
        value += max(step, 0.0)
    return value


def _log_gamma_ratio(a: float) -> float:
    """Return log(Gamma(a + 1/2) / Gamma(a))."""
    if a < _LARGE:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    return math.log(a) / 2 - 1 / (8 * a) + 1 / (192 * a**3)


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function (26.5.8), by Lentz."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _nonzero(1 + term * d)
            c = _nonzero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return fraction


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
