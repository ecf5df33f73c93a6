"""Sums of terms over outcomes, less their exact mean where P = Q.

Let T = x + y rows of N = n + m have an outcome. At P = Q the count x given T is hypergeometric
whatever p is, so that a sum of terms h(x, y) has the mean sum e(T), e(T) = E[h(X, T - X) | T],
which is known: less it, the sum is unbiased there for any n, m and K. Against known
probabilities X is binomial.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kldiv_cli.core.inference.cells import Cells
    from kldiv_cli.core.inference.samples import Floats, Samples

_MOST_EXPECTED = 300.0
"""Rows expected of the smaller sample beyond which e(T) is negligible: below 1e-3 of a term."""
_CELLS = 200_000
"""Numbers in one block."""


class Centred(NamedTuple):
    """An estimate with mean 0 at P = Q, and the size of its errors there.

    Attributes
    ----------
    value : float
        The estimate.
    kappa : float
        Its variance at P = Q in units of 2 u^2 (K - 1), the limit for many rows.
    """

    value: float
    kappa: float


def centred(samples: Samples, cells: Cells, null: float) -> tuple[Centred, ...]:
    """Return the estimates of a divergence by the terms of its outcomes.

    Parameters
    ----------
    samples : Samples
        Counts of both sides, of which one may be known.
    cells : callable
        The terms, of one kind or of two.
    null : float
        a: at P = Q the divergence is about a c times chi-square with K - 1 degrees.

    Returns
    -------
    tuple of Centred
        One for each kind of terms. The variance is that of the terms given their T, whose sum
        is 2 (a c)^2 sum (1 - T/N)^2 in the limit.
    """
    terms = cells(samples.x, samples.y, samples.n, samples.m)
    if samples.outcomes == 1:
        return tuple(Centred(0.0, 1.0) for _ in terms)
    share = samples.pooled
    limit = 2 * (null * samples.scale * (1 - share)) ** 2
    # What is known to be impossible, or certain, adds nothing at P = Q.
    few = (share > 0) & (share < 1) & (share * samples.rows <= _MOST_EXPECTED)
    known = math.isinf(samples.n) or math.isinf(samples.m)
    totals = share if known else samples.x + samples.y
    totals, times = np.unique(totals[few], return_counts=True)
    moments = np.zeros((len(terms), 2, len(totals)))
    for some, stride in _blocks(samples, totals):
        moments[..., some] = _moments(samples, cells, totals[some], stride)
    rest, whole = float(limit[~few].sum()), float(limit.sum())
    return tuple(
        Centred(
            math.fsum(np.concatenate([term, -times * mean])),
            (float(times @ variance) + rest) / whole if whole else 1.0,
        )
        for term, (mean, variance) in zip(terms, moments, strict=True)
    )


def _expected(samples: Samples, totals: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance of the smaller sample's count at P = Q."""
    small, large = sorted((samples.n, samples.m))
    if math.isinf(large):
        return totals * small, totals * (1 - totals) * small
    both = small + large
    return totals * (small / both), totals * (1 - totals / both) * (small / both) * (large / both)


def _blocks(samples: Samples, totals: Floats) -> Iterator[tuple[NDArray[np.intp], int]]:
    """Yield the places of totals that are taken together, and a stride.

    A sum over every d-th count is as exact as that over all, by Poisson's summation formula, if
    exp(-variance (1 - cos(2 pi/d))) is negligible; from a variance of 25 on so are zero counts.
    """
    variance = _expected(samples, totals)[1]
    strides = np.select([variance >= 100, variance >= 25], [8, 4], 1)
    for stride in (1, 4, 8):
        places = np.flatnonzero(strides == stride)
        width = _window(samples, totals[places])[1]
        first = 0
        while first < len(places):
            largest = np.maximum.accumulate(width[first:])
            cells = largest * np.arange(1, len(largest) + 1)
            last = first + max(int(np.searchsorted(cells, _CELLS)), 1)
            yield places[first:last], stride
            first = last


def _window(samples: Samples, totals: Floats) -> tuple[Floats, Floats]:
    """Return the first count of the smaller sample that is not negligible, and how many are."""
    small, large = sorted((samples.n, samples.m))
    expected, variance = _expected(samples, totals)
    reach = np.ceil(8.5 * np.sqrt(variance)) + 15  # e^-36
    most = small if math.isinf(large) else np.minimum(totals, small)
    least = 0.0 if math.isinf(large) else np.maximum(totals - large, 0)
    first = np.maximum(np.floor(expected - reach), least)
    return first, np.minimum(np.ceil(expected + reach), most) - first + 1


def _moments(samples: Samples, cells: Cells, totals: Floats, stride: int) -> Floats:
    """Return mean and variance of the terms at P = Q, for each total T, or known probability.

    The probabilities are products of their ratios,

        P(s+1)/P(s) = (T-s) (small-s) / ((s+1) (large-T+s+1)),

    s being the count of the smaller sample: exact for counts of any size.

    Returns
    -------
    ndarray of float64, shape (kinds of terms, 2, T)
    """
    small, large = sorted((samples.n, samples.m))
    first, width = _window(samples, totals)
    steps = np.arange(width.max())
    total = totals[:, np.newaxis]
    s = first[:, np.newaxis] + steps
    if math.isinf(large):
        with np.errstate(divide="ignore"):
            ratio = (small - s) / (s + 1) * (total / (1 - total))
    else:
        ratio = (small - s) / (s + 1) * ((total - s) / (large - total + s + 1))
    ratio = np.where(steps < width[:, np.newaxis] - 1, ratio, 0.0)
    chance = np.cumprod(np.concatenate([np.ones((len(s), 1)), ratio[:, :-1]], axis=1), axis=1)
    chance, s = chance[:, ::stride], s[:, ::stride]
    chance /= chance.sum(axis=1, keepdims=True)
    s = np.minimum(s, (first + width - 1)[:, np.newaxis])
    other = np.broadcast_to(total, s.shape) if math.isinf(large) else total - s
    sides = (s, other) if samples.n <= samples.m else (other, s)
    found = np.array(cells(*sides, samples.n, samples.m))
    mean = (chance * found).sum(axis=-1)
    spread = (chance * (found - mean[..., np.newaxis]) ** 2).sum(axis=-1)
    return np.stack([mean, spread], axis=1)
