"""Two samples over one support, and the merging of outcomes that are rare in both.

P is the current side with counts x and total n, Q the reference with y and m; K outcomes were
seen at all.  A side whose probabilities are known has an infinite total.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MIN_ROWS = 100
"""Rows that the smaller sample must have for the interval to be trusted."""
MOST_HIDDEN = 0.1
"""The largest share of mass on outcomes too rare for the smaller sample, for the same."""


class Samples(NamedTuple):
    """Counts of the current side and of the reference, outcome by outcome.

    Attributes
    ----------
    x, y : ndarray of float64, shape (K,)
        Counts of the current and of the reference side, or its known probabilities. No
        outcome is zero on both.
    n, m : float
        The sample sizes; infinite where the probabilities are known.
    place : ndarray of intp, shape (outcomes given,)
        For each outcome that was given, its position in `x` and `y`, or -1 where neither side
        has it. Pooled outcomes share a position.
    """

    x: Floats
    y: Floats
    n: float
    m: float
    place: NDArray[np.intp]

    @property
    def outcomes(self) -> int:
        """Number of outcomes K."""
        return len(self.x)

    @property
    def rows(self) -> float:
        """Size of the smaller sample."""
        return min(self.n, self.m)

    @property
    def scale(self) -> float:
        """1/n + 1/m."""
        return 1 / self.n + 1 / self.m

    @property
    def p(self) -> Floats:
        """Shares in the current data."""
        return self.x if math.isinf(self.n) else self.x / self.n

    @property
    def q(self) -> Floats:
        """Shares in the reference."""
        return self.y if math.isinf(self.m) else self.y / self.m

    @property
    def pooled(self) -> Floats:
        """Shares in both together, or the known ones: the estimate of P = Q if they are equal."""
        if math.isinf(self.n) or math.isinf(self.m):
            return self.p if math.isinf(self.n) else self.q
        return (self.x + self.y) / (self.n + self.m)

    @property
    def exchanged(self) -> Samples:
        """The samples with P and Q exchanged."""
        return self._replace(x=self.y, y=self.x, n=self.m, m=self.n)

    @property
    def hidden(self) -> float:
        """Share of the mass on outcomes that the smaller sample was likely to miss."""
        return float(sum(side.sum() for side in self.missed())) / 2

    @property
    def reliable(self) -> bool:
        """Whether the interval can be trusted."""
        return self.rows >= MIN_ROWS and self.hidden <= MOST_HIDDEN

    def given(self, position: int) -> int:
        """Return the original position of the first outcome that was merged into this one."""
        return int(np.flatnonzero(self.place == position)[0])

    def missed(self) -> tuple[Floats, Floats]:
        """Return unbiased estimates of p w and q w, w = A^(n-1) B^(m-1), about e^(-L (p+q)/2).

        Here A = 1 - p L/(2n), B = 1 - q L/(2m) and L is the size of the smaller sample. With
        a = 1 - L/(2n), a count x ~ Bin(n, p) has E[x/n a^(x-1)] = p A^(n-1) and
        E[(1 - x/n) a^x] = (1-p) A^(n-1), so that the sum of the two estimates A^(n-1).
        """
        p_seen, p_weight = _weighted(self.x, self.n, self.rows)
        q_seen, q_weight = _weighted(self.y, self.m, self.rows)
        return p_seen * q_weight, q_seen * p_weight


def _weighted(side: Floats, rows: float, smaller: float) -> tuple[Floats, Floats]:
    if math.isinf(rows):
        weight = np.exp(-side * smaller / 2)
        return side * weight, weight
    log_keep, share = math.log1p(-smaller / (2 * rows)), side / rows
    seen = share * np.exp((side - 1) * log_keep)
    return seen, seen + (1 - share) * np.exp(side * log_keep)


def samples(x: Floats, y: Floats, *, known: tuple[bool, bool] = (False, False)) -> Samples:
    """Return both sides without the outcomes that neither has.

    Parameters
    ----------
    x, y : ndarray, shape (K,)
        Counts, or probabilities where `known` says so. Valid: non-negative, finite, with a
        positive total.
    known : pair of bool
        Whether the side is exactly known, so that it has no sampling error.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    seen = (x > 0) | (y > 0)
    place = np.where(seen, np.cumsum(seen) - 1, -1)
    x, n = _side(x, seen, known[0])
    y, m = _side(y, seen, known[1])
    return Samples(x, y, n, m, place)


def _side(side: Floats, seen: NDArray[np.bool_], known: bool) -> tuple[Floats, float]:
    """Return the counts of a side and its size, or its probabilities and infinity."""
    total = float(side.sum())
    return (side[seen] / total, math.inf) if known else (side[seen], total)


def pool(whole: Samples, *, floor: float, most: float = math.inf) -> Samples:
    """Merge rare outcomes into one.

    Outcomes are rare by their pooled share, which under P = Q says nothing about the side
    they are on: a permutation test stays exact. By the data processing inequality the
    divergence of the merged samples is at most that of the whole ones.

    Parameters
    ----------
    whole : Samples
        The samples as they were counted.
    floor : float
        Expected count in the smaller sample below which an outcome is rare. The merged
        outcome takes in one more if it stays below.
    most : float
        How many outcomes may be left.

    Returns
    -------
    Samples
        The same ones where nothing had to be merged. Equally rare outcomes are merged
        together, so that the answer does not depend on their order.
    """
    share = whole.pooled
    rare = share * whole.rows < floor
    if whole.outcomes > most:
        levels, sizes = np.unique(share, return_counts=True)
        left = whole.outcomes - np.cumsum(sizes) + 1
        rare |= share <= levels[np.argmax(left <= most)]
    if rare.any() and not rare.all() and share[rare].sum() * whole.rows < floor:
        order = np.lexsort((whole.x, whole.y, share, rare))
        rare[order[0]] = True
    return merge(whole, rare)


def merge(whole: Samples, together: NDArray[np.bool_]) -> Samples:
    """Return the samples with some outcomes merged into one, which comes last."""
    if np.count_nonzero(together) < 2:
        return whole
    kept = ~together
    position = np.where(kept, np.cumsum(kept) - 1, np.count_nonzero(kept))
    x, y = (np.append(side[kept], side[together].sum()) for side in (whole.x, whole.y))
    place = np.where(whole.place < 0, -1, position[whole.place])
    return whole._replace(x=x, y=y, place=place)
