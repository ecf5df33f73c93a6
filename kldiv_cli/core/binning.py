"""Numbers to outcomes: bin edges at quantiles, and finer bins in the tails.

Edges are values that were observed, and bins are closed on the right, so that equal values
always fall into one bin.  With edges from the pooled sample a permutation test of the counts
stays exact.  By the data processing inequality the divergence of the bins is at most that of
the numbers themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

BINS = 10
MOST_CATEGORIES = 20
"""So many distinct integers are categories, not numbers."""
LARGEST_LABEL = 1e16
"""From here on the shortest form of a number has an exponent, and is no label of an integer."""
_ROWS_PER_BIN = 10
_ROWS_PER_TAIL = 5
_PARTS = 2520 << 20
"""Parts of a whole, of which quantiles of up to ten bins, and of their tails, are multiples."""
SPECIAL = ("-inf", "+inf", "(missing)")
"""Labels of the bins for what is not a finite number; always the last three."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Half-open intervals (a, b], the first and the last open-ended.

    Attributes
    ----------
    edges : tuple of float
        Strictly increasing and finite; B edges make B + 1 bins. Without any, one bin holds
        every finite number.

    Raises
    ------
    ValueError
        If the edges are not finite and strictly increasing.
    """

    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        for place, edge in enumerate(self.edges):
            if not -np.inf < edge < np.inf:
                raise ValueError(f"edges[{place}]: expected a finite number, found {edge!r}")
            if place and not edge > self.edges[place - 1]:
                raise ValueError(
                    f"edges[{place}]: expected more than {self.edges[place - 1]!r}, found {edge!r}"
                )

    @property
    def labels(self) -> tuple[str, ...]:
        """What reports call the bins: ``(-inf, 3.5]``, ``(3.5, 7]``, ``(7, inf)``, and `SPECIAL`.

        Edges are written in the shortest form that reads back as the same number.
        """
        edges = (repr(float(edge)).removesuffix(".0") for edge in self.edges)
        ends = ["-inf", *edges, "inf"]
        closed = [f"({low}, {high}]" for low, high in pairwise(ends[:-1])]
        return (*closed, f"({ends[-2]}, inf)", *SPECIAL)

    def places(self, values: ArrayLike) -> NDArray[np.intp]:
        """Return the place among `labels` of each of some numbers; nan is missing."""
        given = np.asarray(values, dtype=np.float64)
        size = len(self.edges) + 1
        place = np.searchsorted(np.asarray(self.edges, dtype=np.float64), given, side="left")
        place[given == -np.inf] = size
        place[given == np.inf] = size + 1
        place[np.isnan(given)] = size + 2
        return place

    def count(self, values: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.int64]:
        """Return how many values fall into each bin.

        Parameters
        ----------
        values : array_like of shape (N,)
            Numbers; nan is missing.
        weights : array_like of int, shape (N,), optional
            How often each value occurs; once if not given.

        Returns
        -------
        ndarray of int64, shape (len(labels),)
            Counts in the order of `labels`; they sum to the number of rows.
        """
        size = len(self.edges) + 1
        place = self.places(values)
        if weights is None:
            return np.bincount(place, minlength=size + 3).astype(np.int64, copy=False)
        counts = np.zeros(size + 3, dtype=np.int64)
        np.add.at(counts, place, np.asarray(weights, dtype=np.int64))
        return counts


def stand_ins(
    cuts: Sequence[float], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a number of each bucket, for all that are in it, and their counts.

    Parameters
    ----------
    cuts : sequence of float
        The edges of the buckets, which are those of `Bins`.
    sizes : ndarray of int64, shape (len(cuts) + 1,)
        How many finite numbers are in each.
    """
    ends = np.append(cuts, np.nextafter(cuts[-1], np.inf))
    filled = np.flatnonzero(sizes)
    values, repeats = ends[filled], sizes[filled]
    if len(filled) == 1 and repeats[0] > 1:
        # Numbers that are not all the same must not seem to be.
        bucket = int(filled[0])
        other = np.nextafter(values[0], np.inf if bucket == len(cuts) else -np.inf)
        # A bucket may hold a single double.
        if bucket in (0, len(cuts)) or other > cuts[bucket - 1]:
            values, repeats = np.append(values, other), np.array([repeats[0] - 1, 1])
    return values, repeats


def bins_of_constant(value: float) -> Bins:
    """Return the bins below a finite number, of this number alone, and above it."""
    edges = float(np.nextafter(value, -np.inf)), value
    return Bins(tuple(edge for edge in edges if np.isfinite(edge)))


def few_integers(*sides: Floats) -> bool:
    """Return whether numbers are categories: integers with at most 20 distinct values in all."""
    seen: set[float] = set()
    for values in sides:
        # Most columns show within a few values that they are not.
        for first in (values[:1000], values):
            if not np.all(np.abs(first) < LARGEST_LABEL) or np.any(first % 1):
                return False
            # `np.unique` would import masked arrays, which a small run has no use for.
            seen.update(first.tolist())
            if len(seen) > MOST_CATEGORIES:
                return False
    return bool(seen)


def quantile_bins(
    values: ArrayLike,
    rows: int,
    *,
    bins: int | None = None,
    weights: ArrayLike | None = None,
) -> Bins:
    """Return bins with edges at quantiles of the pooled values.

    The quantiles are j/B, and B^-1 / 4^j on both sides as long as the smaller sample expects
    five rows beyond them; each is the smallest value with at least that share of the rows
    at or below it (the inverse of the empirical distribution function). B is 10, or one bin
    for ten rows of the smaller sample where it has fewer than 100, and at least 2.

    Parameters
    ----------
    values : array_like of shape (N,)
        The values of both samples together. What is not finite takes no part.
    rows : int
        Finite values in the smaller sample.
    bins : int, optional
        B, the number of bins before the tails are split; chosen if not given.
    weights : array_like of int, shape (N,), optional
        How often each value occurs; once if not given. So edges can be found from distinct
        values and their counts.

    Returns
    -------
    Bins
        With fewer bins where quantiles coincide. The largest value is never an edge: nothing
        would lie beyond it.

    Raises
    ------
    ValueError
        If `bins` is less than 1.
    """
    if bins is not None and bins < 1:
        raise ValueError(f"bins: expected a whole number >= 1, found {bins!r}")
    given = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(given)
    if not finite.any():
        return Bins(())
    if weights is None:
        ordered = np.sort(given[finite])
        total = len(ordered)
        found = ordered[[rank - 1 for rank in quantile_ranks(total, rows, bins)]]
    else:
        order = np.argsort(given[finite], kind="stable")
        ordered = given[finite][order]
        reached = np.cumsum(np.asarray(weights, dtype=np.int64)[finite][order])
        total = int(reached[-1])
        if total == 0:
            return Bins(())
        ordered = ordered[: int(np.searchsorted(reached, total)) + 1]
        found = ordered[np.searchsorted(reached, quantile_ranks(total, rows, bins))]
    edges = sorted({*(found + 0.0).tolist()})  # -0.0 is 0.0
    return Bins(tuple(edge for edge in edges if edge < ordered[-1]))


def weights_as_counts(values: Floats, weights: Floats) -> NDArray[np.int64]:
    """Return whole numbers that are to each other as weights are, up to any value.

    Quantiles of what weighs are found by them as those of what was counted. Each of the shares up
    to a value is right to 2e-10 of the total: weights in another unit give the same numbers.

    Parameters
    ----------
    values : ndarray of float64, shape (N,)
        Numbers, in any order.
    weights : ndarray of float64, shape (N,)
        Weights that are not negative.
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    found = np.zeros(len(weights), dtype=np.int64)
    if len(reached) and reached[-1] > 0:
        found[order] = np.diff(np.rint(reached / reached[-1] * _PARTS), prepend=0.0)
    return found


def quantile_ranks(total: int, rows: int, bins: int | None) -> list[int]:
    """Return the ranks of the quantiles of `quantile_bins`, from 1: ceil(total * level)."""
    bins = min(bins or min(max(rows // _ROWS_PER_BIN, 2), BINS), total)
    ranks = [-(-total * j // bins) for j in range(1, bins)]
    parts = 4 * bins
    while rows >= _ROWS_PER_TAIL * parts:
        ranks += [-(-total // parts), total - total // parts]
        parts *= 4
    return ranks or [total]
