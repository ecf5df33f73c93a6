"""Terms of symmetric divergences, from the counts of one outcome, corrected for their bias.

Let x of n rows and y of m rows have an outcome, p = x/n and q = y/m. A term is the plug-in one
less its bias to the second order away from P = Q; what is left at P = Q is taken off exactly by
`centring`. A side whose probabilities are known has infinitely many rows and no bias.

No function of a count near 0 is right both where p is near q and where p is 0 (sqrt p has no
unbiased estimate). Jensen-Shannon and Hellinger therefore have two terms, A and B, which differ
in what they make of small counts alone: the more cautious one decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.chisquare import digamma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Cells = Callable[["Floats", "Floats", float, float], tuple["Floats", ...]]
"""From counts x and y, or known probabilities, and n and m: the terms, or both kinds of them."""

_ENOUGH = 16
"""The series below have all digits from here on."""
_DIGAMMA = (-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132)
_ROOT = (1 / 8, -1 / 192, 1 / 640, -17 / 14336, 31 / 18432)


def population_stability(x: Floats, y: Floats, n: float, m: float) -> tuple[Floats]:
    """Return terms of PSI, of Jeffreys' divergence (p - q) ln(p/q).

    Both divergences D(P || Q) and D(Q || P) as Zhang and Grabchak estimate them (Neural Comput.
    26, 2014), with psi the digamma function:

        (x/n) [psi(x) - psi(n) + psi(m+1) - psi(y+1)]
        + (y/m) [psi(y) - psi(m) + psi(n+1) - psi(x+1)]

    Parameters
    ----------
    x, y : ndarray of float64
        Counts of the outcome on either side, or its known probability.
    n, m : float
        Rows of either side; infinite where its probabilities are known.

    Returns
    -------
    tuple of one ndarray of float64
        In nats. Infinite where a known probability is 0 and the other side has the outcome.
    """
    p, q = _share(x, n), _share(y, m)
    # psi(k) is ln k and a rest; psi(k + 1) has 1/k more.
    at_x, at_y, at_n, at_m = (_digamma_rest(*side) for side in ((x, n), (y, m), (n, n), (m, m)))
    with np.errstate(divide="ignore", invalid="ignore"):
        after_x, after_y = at_x + _inverse(x, n), at_y + _inverse(y, m)
        after_n, after_m = at_n + 1 / n, at_m + 1 / m
        term = np.asarray((p - q) * np.log(p / q))
        term += p * (at_x - at_n + after_m - after_y) + q * (at_y - at_m + after_n - after_x)
    for zero, side, at, total, rows in ((x == 0, q, at_y, at_m, n), (y == 0, p, at_x, at_n, m)):
        if zero.any():
            share = np.broadcast_to(side, zero.shape)[zero]
            rest = np.broadcast_to(at, zero.shape)[zero]
            term[zero] = share * (np.log(share) + rest - total + _at_zero(rows))
    return (term,)


def jensen_shannon(x: Floats, y: Floats, n: float, m: float) -> tuple[Floats, Floats]:
    """Return terms A and B of the Jensen-Shannon divergence.

    With M = (p+q)/2 and J = (p ln p + q ln q)/2 - M ln M:

        A = J - [w q (1-p)/n + v p (1-q)/m] / (8M),  w = 2 where x = 0, else 1, and v of y alike
        B = J + p [psi(x) - psi(n) - ln p]/2 + q [psi(y) - psi(m) - ln q]/2
              + [p (1-p)/n + q (1-q)/m] / (8M)

    Parameters, Returns
    -------------------
    See `population_stability`.
    """
    p, q = _share(x, n), _share(y, m)
    both = p + q
    with np.errstate(divide="ignore", invalid="ignore"):
        d = (p - q) / both
        apart = np.abs(d) == 1
        bent = (1 + d) * np.log1p(d) + (1 - d) * np.log1p(-d)
        plug_in = both / 4 * np.where(apart, 2 * math.log(2), bent)
        zero_x, zero_y = 1.0 + (x == 0), 1.0 + (y == 0)
        first = plug_in - (zero_x * q * (1 - p) / n + zero_y * p * (1 - q) / m) / (4 * both)
        second = plug_in + (p * (1 - p) / n + q * (1 - q) / m) / (4 * both)
    second += p * (_digamma_rest(x, n) - _digamma_rest(n, n)) / 2
    second += q * (_digamma_rest(y, m) - _digamma_rest(m, m)) / 2
    return first, second


def squared_hellinger(x: Floats, y: Floats, n: float, m: float) -> tuple[Floats, Floats]:
    """Return terms A and B of the squared Hellinger distance, (p + q)/2 - g(x) g(y).

    As the digamma function is to the logarithm, so is to the square root

        g(x) = Gamma(x+1)/Gamma(x+1/2) Gamma(n+1/2)/Gamma(n+1),

    whose mean is sqrt p but for some e^(-np). A takes g(0) as it comes, B takes 0.

    Parameters, Returns
    -------------------
    See `population_stability`.
    """
    p, q = _share(x, n), _share(y, m)
    roots = np.sqrt(p) + np.sqrt(q)
    with np.errstate(divide="ignore", invalid="ignore"):
        plug_in = ((p - q) / roots) ** 2 / 2
    rest_x, rest_y = (
        _root_rest(side, rows) - _root_rest(rows, rows) for side, rows in ((x, n), (y, m))
    )
    without = plug_in - np.sqrt(p * q) * np.expm1(rest_x + rest_y)
    at_zero_x, at_zero_y = (
        math.exp(-float(_root_rest(rows, rows))) / math.sqrt(math.pi * rows) for rows in (n, m)
    )
    zero_x = np.where(x == 0, at_zero_x * np.sqrt(q) * np.exp(rest_y), 0.0)
    zero_y = np.where(y == 0, at_zero_y * np.sqrt(p) * np.exp(rest_x), 0.0)
    return without - zero_x - zero_y, without


def _share(side: Floats, rows: float) -> Floats:
    return side if math.isinf(rows) else side / rows


def _inverse(side: Floats, rows: float) -> Floats | float:
    return 0.0 if math.isinf(rows) else 1 / side


def _at_zero(rows: float) -> float:
    """Return psi(rows + 1) - psi(1), or infinity."""
    if math.isinf(rows):
        return math.inf
    return math.log(rows) + float(_digamma_rest(rows, rows)) + 1 / rows + np.euler_gamma


def _digamma_rest(side: Floats | float, rows: float) -> Floats:
    """Return psi(k) - ln k of counts k, 0 at 0; all 0 of probabilities."""
    return _rest(side, rows, _digamma_series, _DIGAMMA_TABLE)


def _root_rest(side: Floats | float, rows: float) -> Floats:
    """Return ln Gamma(k+1)/Gamma(k+1/2) - ln(k)/2 of counts k, 0 at 0; all 0 of probabilities."""
    return _rest(side, rows, _root_series, _ROOT_TABLE)


def _rest(
    side: Floats | float, rows: float, series: Callable[[Floats], Floats], table: Floats
) -> Floats:
    counts = np.asarray(side, dtype=np.float64)
    if math.isinf(rows):
        return np.zeros_like(counts)
    if counts.max() < _TABULATED:
        return table[counts.astype(np.intp)]
    if counts.min() >= _ENOUGH:
        return series(counts)
    small = counts < _TABULATED
    result = series(np.maximum(counts, _ENOUGH))
    result[small] = table[counts[small].astype(np.intp)]
    return result


def _digamma_series(k: Floats) -> Floats:
    return (_series(_DIGAMMA, k) - 0.5) / k


def _root_series(k: Floats) -> Floats:
    return _series(_ROOT, k)


def _series(coefficients: tuple[float, ...], k: Floats) -> Floats:
    """Return the sum of c_j k^(1-2j) over j = 1, 2, .."""
    inverse = 1 / k
    square, total = inverse * inverse, np.full_like(k, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * square + coefficient
    return total * inverse


_TABULATED = 1024
_COUNTS = np.arange(1.0, _TABULATED)
_DIGAMMA_TABLE = np.append(0.0, digamma(_COUNTS) - np.log(_COUNTS))
_ROOT_TABLE = np.append(0.0, _root_series(_COUNTS))
_ROOT_TABLE[1:_ENOUGH] = [
    math.log(math.gamma(k + 1) / (math.gamma(k + 0.5) * math.sqrt(k))) for k in range(1, _ENOUGH)
]
