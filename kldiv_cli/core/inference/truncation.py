"""Logarithms of probabilities, cut off after L terms, and their unbiased estimates.

The surprisal is a series, -ln q = sum_{v>=1} (1-q)^v / v.  A sample of m rows has unbiased
estimates of its first m terms and of no others: from a count y ~ Bin(m, q),
``C(m-y, v) / C(m, v)`` estimates (1-q)^v (Zhang and Grabchak, Neural Comput. 26, 2014).  Two
surprisals that are cut off after the same term have the same bias, so that their difference
has none where the probabilities are equal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.chisquare import digamma, exponential_integral

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_PREFIX = 100_000  # counts up to here are summed term by term, all in one pass
_ORDER = 1_000  # series up to here are summed term by term
_NEGLIGIBLE = 45.0  # e^-45 is below half a unit in the last place of any surprisal
_NODES = 64


def surprisal(probabilities: Floats, order: float) -> Floats:
    """Return sum_{v=1..order} (1-p)^v / v, which tends to -ln p.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (K,)
        Between 0 and 1.
    order : float
        Number of terms, a whole number or infinity.

    Returns
    -------
    ndarray of float64, shape (K,)
        In nats; finite at p = 0 if the order is.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        if order <= _ORDER:
            total, power = np.zeros_like(probabilities), np.ones_like(probabilities)
            for v in range(1, int(order) + 1):
                power *= 1 - probabilities
                total += power / v
            return total
        total = -np.log(probabilities)
        if math.isfinite(order):
            # Sum the remainder by the midpoint rule: an exponential integral, and the first
            # term of the Euler-Maclaurin correction.
            rate, first = -np.log1p(-probabilities), order + 0.5
            slope = -np.exp(-rate * first) / first * (rate + 1 / first)
            correction = np.where(rate < math.inf, slope / 24, 0.0)
            total -= exponential_integral(rate * first) + correction
            none = probabilities * order < 1e-15
            total[none] = math.log(first) + np.euler_gamma + 1 / (24 * first * first)
    return total


def estimated_surprisal(counts: Floats, total: float, order: float) -> Floats:
    """Return the unbiased estimate of ``surprisal(q, order)`` from counts y ~ Bin(m, q).

    With L = `order`, d = m - L and H the harmonic numbers, the estimate is

        H_L - H_y + sum_{j=1..y} t_j  =  H_m - H_y - sum_{j=y+1..d} t_j,
        t_j = 1/j prod_{i<j} (d-i)/(m-i)

    (the second because all t_j add up to H_m - H_L).  It takes at most 1e5 + 64 K steps,
    whatever the counts: small counts share one cumulative sum; for large ones the product is
    negligible, or the series is short, or the tail is an integral of a smooth function.

    Parameters
    ----------
    counts : ndarray of float64, shape (K,)
        Whole numbers y between 0 and m.
    total : float
        Rows m.
    order : float
        Number of terms L, at most m.

    Returns
    -------
    ndarray of float64, shape (K,)
        In nats, within 1e-9 of the sum.
    """
    missing = total - order
    if order == 0:
        return np.zeros_like(counts)
    all_rows, terms = digamma(np.array([total + 1, order + 1]))
    own = digamma(counts + 1)
    estimate: Floats = all_rows - own
    if missing == 0:
        return estimate
    reach = min(missing, math.ceil(_NEGLIGIBLE * total / order))
    short = counts <= _PREFIX
    if short.any():
        last = int(min(reach, counts[short].max()))
        steps = np.arange(last, dtype=np.float64)
        product = np.cumprod((missing - steps) / (total - steps))
        partial = np.concatenate([[0.0], np.cumsum(product / (steps + 1))])
        places = np.minimum(counts[short], last).astype(np.intp)
        estimate[short] = terms - own[short] + partial[places]
    long = ~short & (counts < reach)
    if long.any() and order <= _ORDER:
        estimate[long] = _series(counts[long], total, int(order))
    elif long.any():
        estimate[long] -= _tail(counts[long], total, order)
    return estimate


def _series(counts: Floats, total: float, order: int) -> Floats:
    """Return sum_{v=1..L} C(m-y, v) / C(m, v) / v, term by term."""
    rest, power, result = total - counts, np.ones_like(counts), np.zeros_like(counts)
    for v in range(1, order + 1):
        power *= np.maximum(rest - (v - 1), 0) / (total - (v - 1))
        result += power / v
    return result


def _tail(counts: Floats, total: float, order: float) -> Floats:
    """Return sum_{j>y} t_j for y > 1e5 and L > 1000, by the midpoint rule.

    There L/m and j/m are small wherever t_j matters, and

        ln(j t_j) = sum_{i<j} ln(1 - L/(m-i)) = integral of ln(1 - L/t) dt, m+1/2-j .. m+1/2
                  = L ln(1 - j/M) - sum_{k>=2} L^k (a^(k-1) - b^(k-1)) / (k (k-1)),

    M = m + 1/2, a = 1/(M-j), b = 1/M.  The sum over j is a Gauss-Legendre quadrature in ln j.
    """
    middle = total + 0.5

    def product(j: Floats) -> Floats:
        a, b = order / (middle - j), order / middle
        bracket = 1 / 2 + (a + b) / 6 + (a * a + a * b + b * b) / 12 + a**3 / 5
        result: Floats = np.exp(order * (np.log1p(-j / middle) - b * j / (middle - j) * bracket))
        return result

    start = counts + 0.5
    low, high = np.log(start), math.log(_NEGLIGIBLE * middle / order)
    half = np.maximum(high - low, 0) / 2
    integral = np.zeros_like(counts)
    for node, weight in zip(*np.polynomial.legendre.leggauss(_NODES), strict=True):
        integral += weight * product(np.exp(low + half * (1 + node)))
    slope = -product(start) / start * (1 / start + order / (middle - start))
    return half * integral + slope / 24
