"""Quantiles of a numeric column on both sides: how far its numbers have shifted, in their unit."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.binning import weights_as_counts
from kldiv_cli.core.counts import Numbers
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.counts import Binned

LEVELS = (5, 50, 95)
"""The quantiles that are told, in percent."""


class Quantile(NamedTuple):
    """One quantile on both sides: the smallest number with that share of the values up to it.

    Attributes
    ----------
    level : float
        The share, 0.5 of the median.
    p_low, p_high : float
        Of P, or the current side. Where the numbers themselves are known both are the quantile;
        else it is above `p_low` and at most `p_high`, the edges of the bin that holds it.
    q_low, q_high : float
        Of Q, or the reference.
    """

    level: float
    p_low: float
    p_high: float
    q_low: float
    q_high: float

    def swapped(self) -> Quantile:
        """Return the quantile with P and Q exchanged."""
        return Quantile(self.level, self.q_low, self.q_high, self.p_low, self.p_high)


def quantiles_of(p: Numbers | Binned, q: Numbers | Binned) -> tuple[Quantile, ...]:
    """Return the quantiles of both sides; none where a side has no value.

    Infinite numbers count as such, and missing values do not count. A quantile is a number that
    occurs: the inverse of the empirical distribution function, without interpolation.

    Parameters
    ----------
    p, q : Numbers or Binned
        How often each number occurs, or how many are in each bin.
    """
    if not (p.rows > p.missing and q.rows > q.missing):
        return ()
    pairs = zip(LEVELS, _limits(p), _limits(q), strict=True)
    return tuple(Quantile(level / 100, *of_p, *of_q) for level, of_p, of_q in pairs)


def in_words(quantiles: Sequence[Quantile]) -> str:
    """Return the quantiles that shifted: ``median -2 → 0, 95th percentile 76 → 125``; or "".

    Those of the reference come first. A bin stands for what is in it:
    ``median (-4, -2] → (-2, -1]``.
    """
    shifts = []
    for level, p_low, p_high, q_low, q_high in quantiles:
        if (p_low, p_high) != (q_low, q_high):
            name = "median" if level == 0.5 else f"{100 * level:g}th percentile"
            reference, current = _spelt((q_low, q_high), (p_low, p_high))
            shifts.append(f"{name} {reference} → {current}")
    return ", ".join(shifts)


def _spelt(reference: tuple[float, float], current: tuple[float, float]) -> tuple[str, str]:
    """Return a quantile of both sides in six digits, or in as many as tell them apart."""
    digits = 6
    if {f"{end:.6g}" for end in reference} == {f"{end:.6g}" for end in current}:
        digits = 17
    first, second = (
        f"{high:.{digits}g}" if low == high else f"({low:.{digits}g}, {high:.{digits}g}]"
        for low, high in (reference, current)
    )
    return first, second


def _limits(side: Numbers | Binned) -> list[tuple[float, float]]:
    """Return between which numbers each quantile is."""
    if isinstance(side, Numbers):
        counts = _as_counts(side, side.values)
        return [(float(side.values[at]),) * 2 for at in _places(counts)]
    edges = (-math.inf, *side.bins.edges, math.inf)
    places = np.arange(len(side.counts), dtype=np.float64)
    # The two last of the counts are of the infinite numbers.
    *counts, lowest, highest = _as_counts(side, places).tolist()
    bins = [(-math.inf, -math.inf), *pairwise(edges), (math.inf, math.inf)]
    return [bins[at] for at in _places([lowest, *counts, highest])]


def _as_counts(side: Numbers | Binned, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how often each value occurs; of rows that weigh, numbers in the same proportion."""
    weights = side.weights
    return side.counts if weights is None else weights_as_counts(values, weights[0])


def _places(counts: Sequence[int] | np.ndarray) -> list[int]:
    """Return which of the ascending values are the quantiles, by how often each occurs."""
    reached = np.cumsum(counts)
    total = int(reached[-1])
    ranks = [-(-total * level // 100) for level in LEVELS]
    return [int(place) for place in np.searchsorted(reached, ranks)]
