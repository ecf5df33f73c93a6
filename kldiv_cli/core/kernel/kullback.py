"""The short path to D(P || Q) of rows of weights: the data are read once where that is exact.

For weights a and b with the sums A and B, and any R > 0,

    D(P || Q) = (sum t - X phi(W / X)) / X,    t = w - x log(b / x) >= 0,
    x = R a,  w = b - x,  X = sum x,  W = sum w,  phi(r) = r - log(1 + r),

so with R = 1 neither side need be normalised.  Only where phi takes much of the sum, because
the totals differ by more than the distributions do, R has to be nearer to B / A: every round
adds to it the rest that the round before has left, in parts of 26 bits, whose products are exact.

Where the distributions differ much, the plain t = a (r - 1 - log r), r = b / a, is exact enough
for all outcomes, and b may be rounded to bring the totals together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np

from kldiv_cli.core.kernel import elements
from kldiv_cli.core.kernel.blocks import (
    BLOCK,
    Buffers,
    Piece,
    Weights,
    pieces,
    require_weights,
    row_sums,
    swaths,
)
from kldiv_cli.core.kernel.elements import ENOUGH, NEAR, Work, difference, select, series
from kldiv_cli.core.kernel.short import LEAST_TOTAL, MOST_TOTAL, kl_of_short
from kldiv_cli.core.kernel.twofold import Bools, Floats, Indices, round26
from kldiv_cli.tuples import NamedTuple

SHARE = 0.25
"""The largest share of the sum that X phi(W / X) may take from it."""
LEAST = 1e-100
"""Weights above this stay in the range of doubles where the totals do."""
NONE = 1e-150
"""Stands for an x of zero in divisions, and is lost beside any other x."""
BELOW = 1e-250
"""Stands for a b of zero in the logarithm; beside an x of `NONE` it is nothing."""
ROUNDS = 4
NOTHING = 1e-10
"""The W / A below which phi(W / A), half its square, is nothing beside `ENOUGH`."""
SAMPLE = 512
"""Outcomes by which the first strategy is guessed."""

Arrays: TypeAlias = "tuple[Floats, ...]"


class _UnfitError(Exception):
    """Integers are so large that only the general path serves."""


class Block(NamedTuple):
    """Weights of both sides: many rows, or a part of a single row.

    Attributes
    ----------
    a, b : ndarray, shape (n, k)
        The weights.
    work : Work
        Buffers of that shape.
    rows : slice
        Where its rows are among the `Rows` that it belongs to.
    """

    a: Floats
    b: Floats
    work: Work
    rows: slice


class Strategy(NamedTuple):
    """The first attempt on rows: the one that served most of the rows before.

    Attributes
    ----------
    far_apart : bool
        Whether the distributions differ so much that the plain term is exact enough.
    unequal : bool
        Whether the totals differ by more than the distributions do.
    """

    far_apart: bool
    unequal: bool


def kl_of_rows(p: Weights, q: Weights) -> Floats:
    """Return D(P || Q) by row, nan where only the general path serves.

    Raises
    ------
    NotWeightsError
        If a weight is negative or nan.
    """
    values = np.full(p.shape[0], np.nan)
    buffers = Buffers()
    for_near, for_ratio = Queue(p, q, buffers), Queue(p, q, buffers)
    strategy: Strategy | None = None
    waiting = list(swaths(p.shape))[::-1]
    while waiting:
        swath = waiting.pop()
        blocks = [[piece] for piece in swath] if swath[0].rows != swath[-1].rows else []
        if blocks and strategy and strategy.unequal and not (p.ready and q.ready):
            # To be read twice, each is better converted once.
            waiting += blocks[::-1]
            continue
        try:
            rows = Rows(p, q, buffers, swath)
            strategy = _attempt(rows, strategy or rows.guess(), values, for_near, for_ratio)
        except _UnfitError:
            # Other blocks may be fit.
            waiting += blocks[::-1]
    for rows in for_near.rest():
        _near_ones(rows, values)
        for_ratio.add(rows)
    for rows in for_ratio.rest():
        _with_ratio(rows, values, far_apart=False)
    return values


def _attempt(
    rows: Rows, strategy: Strategy, values: Floats, for_near: Queue, for_ratio: Queue
) -> Strategy:
    """Fill in D(P || Q) of most rows, let the others wait, and return the next strategy."""
    far_apart, unequal = strategy
    if unequal:
        return Strategy(_with_ratio(rows, values, far_apart), unequal)
    found: Rows | None = rows
    if far_apart:
        far_apart = _apart_ones(rows, values)
        found = for_near.take(rows)
    if found is not None:
        served = _near_ones(found, values)
        unequal = found is rows and not served
        found = for_ratio.take(found)
    if found is not None:
        _with_ratio(found, values, far_apart=False)
    return Strategy(far_apart, unequal)


def _apart_ones(rows: Rows, values: Floats, by_row: Arrays = ()) -> bool:
    """Fill in the rows that the plain term serves, and tell whether they are most.

    R is 1, or the ratio of the totals by row.
    """
    t, A, W = rows.add_up(_apart, by_row)
    if _equal(A, W):
        D = t / A
        good = D >= ENOUGH
    else:
        lost, z = _taken(A, W)
        D = (t - lost) / A
        good = (z <= NEAR) & (ENOUGH + lost / A <= D) & _fit(A)
    return rows.answer(D, good, values)


def _near_ones(rows: Rows, values: Floats) -> bool:
    """Fill in the rows that need no ratio of the totals, and tell whether they are most."""
    t, X, W = rows.add_up(_near)
    return rows.answer(*_settled(t, X, W), values)


def _settled(t: Floats, X: Floats, W: Floats) -> tuple[Floats, Bools]:
    """Return D(P || Q) by the sums of t, x and w, and of which rows it is exact enough."""
    lost, z = _taken(X, W)
    D = (t - lost) / X
    good = (z <= NEAR) & (lost <= SHARE * t) & _fit(X)
    return D, good & ((D >= elements.VANISHING) | (t == 0.0))


def _with_ratio(rows: Rows, values: Floats, far_apart: bool) -> bool:
    """Fill in the rows by the ratio of their totals, and tell whether most are far apart."""
    ratio = rows.ratio()
    if far_apart and rows.count:
        far_apart = _apart_ones(rows, values, (ratio,))
        ratio = ratio[rows.left]
    parts: Arrays = (round26(ratio),)
    for _ in range(ROUNDS):
        if not rows.count:
            break
        t, X, W = rows.add_up(_near, parts)
        rows.answer(*_settled(t, X, W), values)
        parts = _refined(tuple(part[rows.left] for part in parts), (W / X)[rows.left])
    return far_apart


class Rows:
    """Rows without an answer yet: those of one block or more, or one row of many blocks.

    Attributes
    ----------
    where : slice or ndarray of int
        Which rows they are.
    count : int
        How many they are.
    left : ndarray of bool
        Which of the rows before the last answers they are.
    whole : bool
        Whether all rows are without an answer.
    """

    def __init__(
        self, p: Weights, q: Weights, buffers: Buffers, where: list[Piece] | Indices
    ) -> None:
        self._p, self._q, self._buffers = p, q, buffers
        self.where: slice | Indices
        self._blocks: Iterable[Block] | None = None
        if isinstance(where, list):
            self.count = where[-1].rows.stop - where[0].rows.start
            self.where = slice(where[0].rows.start, where[-1].rows.stop)
            self._blocks = _Blocks(p, q, where, buffers)
            if len(where) == 1:
                self._blocks = list(self._blocks)
        else:
            self.where, self.count = where, len(where)
        self.left = np.ones(self.count, bool)
        self.whole = True

    def guess(self) -> Strategy:
        """Return a first strategy, by the first outcomes."""
        first = next(iter(self._blocks or ()))
        a, b = first.a.ravel()[:SAMPLE], first.b.ravel()[:SAMPLE]
        ratio = np.add.reduce(b) / np.add.reduce(a)
        return Strategy((kl_of_short(a, b) or 0.0) >= ENOUGH, not 0.71 < ratio < 1.41)

    def add_up(self, sums: Callable[[Block, Arrays], Arrays], by_row: Arrays = ()) -> Arrays:
        """Return sums by row over all blocks; the numbers by row go in as columns."""
        if self._blocks is None:
            # They are gathered only now, when somebody asks for them.
            p, q = self._p.take(self.which()), self._q.take(self.which())
            self._blocks = list(_Blocks(p, q, list(pieces(p.shape)), self._buffers, copied=True))
        found = [
            sums(block, tuple(x[block.rows, np.newaxis] for x in by_row)) for block in self._blocks
        ]
        if len(found) == 1:
            return found[0]
        parts = zip(*found, strict=True)
        if self.count == 1:
            return tuple(np.array([math.fsum(x.item() for x in of_row)]) for of_row in parts)
        return tuple(np.concatenate(of_rows) for of_rows in parts)

    def answer(self, D: Floats, good: Bools, values: Floats) -> bool:
        """Fill in the answers that are good, drop these rows, and tell whether they are most."""
        served, count = int(np.count_nonzero(good)), self.count
        left = ~good
        if served < count:
            np.putmask(D, left, np.nan)
        values[self.where] = D
        self._keep(left, count - served)
        most: bool = 2 * served > count
        return most

    def which(self) -> Indices:
        """Return the numbers of the rows."""
        if isinstance(self.where, slice):
            return np.arange(self.where.start, self.where.stop)
        return self.where

    def ratio(self) -> Floats:
        """Return B / A, and drop the rows whose totals may leave the range of doubles."""
        A, B = self.add_up(lambda block, _: (row_sums(block.a), row_sums(block.b)))
        fit = _fit(A) & _fit(B)
        self._keep(fit, int(np.count_nonzero(fit)))
        return (B / A)[fit]

    def _keep(self, left: Bools, count: int) -> None:
        """Keep only the rows that are left."""
        self.left = left
        if count == self.count:
            return
        self.whole = False
        self.count = count
        if isinstance(self.where, slice):
            self.where = np.flatnonzero(left) + self.where.start
        else:
            self.where = self.where[left]
        self._blocks = None


class Queue:
    """Rows that wait for the next attempt, until they fill a block."""

    def __init__(self, p: Weights, q: Weights, buffers: Buffers) -> None:
        self._sides, self._buffers = (p, q), buffers
        self._enough = max(1, BLOCK // p.shape[1])
        self._waiting: list[Indices] = []
        self._count = 0

    def take(self, rows: Rows) -> Rows | None:
        """Take the rows that are left, and return the rows for which it is time, if any."""
        if rows.whole:
            return rows
        self.add(rows)
        return next(self.rest()) if self._count >= self._enough else None

    def add(self, rows: Rows) -> None:
        """Let the rows that are left wait."""
        if rows.count:
            self._waiting.append(rows.which())
            self._count += rows.count

    def rest(self) -> Iterator[Rows]:
        """Yield the rows that wait, together."""
        if self._count:
            where = np.sort(np.concatenate(self._waiting))
            self._waiting, self._count = [], 0
            yield Rows(*self._sides, self._buffers, where)


class _Blocks:
    """The blocks of some rows, which are read anew at every pass unless they are copied."""

    def __init__(
        self, p: Weights, q: Weights, cut: list[Piece], buffers: Buffers, copied: bool = False
    ) -> None:
        self._p, self._q, self._cut, self._buffers, self._copied = p, q, cut, buffers, copied

    def __iter__(self) -> Iterator[Block]:
        top = self._cut[0].rows.start
        for piece in self._cut:
            work = self._buffers[piece.shape]
            into = (None, None) if self._copied else (work.a, work.b)
            a, a_low = self._p.block(piece, into[0])
            b, b_low = self._q.block(piece, into[1])
            if a_low is not None or b_low is not None:
                raise _UnfitError
            yield Block(a, b, work, slice(piece.rows.start - top, piece.rows.stop - top))


def _beyond(a: Floats, b: Floats) -> Floats | None:
    """Return what the sums of rows lack: inf, nan where weights are too small, 0 elsewhere.

    None if no weight is zero or too small.  A sum is infinite if an outcome is possible under P
    alone.
    """
    if min(require_weights(a), require_weights(b)) >= LEAST:
        return None
    any_a, any_b = a > 0.0, b > 0.0
    lacking = np.where((any_a > any_b).any(axis=1), np.inf, 0.0)
    large_a, large_b = a >= LEAST, b >= LEAST
    if np.count_nonzero(large_a) + np.count_nonzero(large_b) < (
        np.count_nonzero(any_a) + np.count_nonzero(any_b)
    ):
        lacking[((any_a > large_a) | (any_b > large_b)).any(axis=1)] = np.nan
    return lacking


def _apart(block: Block, ratio: Arrays) -> Arrays:
    """Return the sums of t, x and w, all over R, which is 1 or the ratio of the totals."""
    a, b, work, _ = block
    lacking = _beyond(a, b)
    A = row_sums(a)
    if ratio:
        W = np.zeros_like(A)
        b = np.multiply(b, 1.0 / ratio[0], out=work.x)
    else:
        W = row_sums(b) - A
    if lacking is not None:
        a, b = np.add(a, NONE, out=work.v), np.add(b, BELOW, out=work.z)
    t = row_sums(_far(a, b, work))
    return t if lacking is None else t + lacking, A, W


def _far(x: Floats, b: Floats, work: Work) -> Floats:
    """Return t = x (r - 1 - log r), r = b / x, where r is far from 1.

    The rounding of r counts in second order only.
    """
    r = np.divide(b, x, out=work.s)
    L = np.log(r, out=work.q)
    np.subtract(r, 1.0, out=r)
    np.subtract(r, L, out=r)
    return np.multiply(r, x, out=r)


def _near(block: Block, parts: Arrays) -> Arrays:
    """Return the sums of t, x and w, where R has these parts, or is 1."""
    a, b, work, _ = block
    zeros = require_weights(a) < LEAST
    if parts:
        w = difference(a, b, parts, work)
        x = np.multiply(a, sum(parts), out=work.x)
    else:
        w, x = np.subtract(b, a, out=work.w), a
    divisor = np.add(x, NONE, out=work.v) if zeros else x
    y = np.divide(w, np.add(divisor, b, out=work.s), out=work.y)
    z = np.multiply(y, y, out=work.z)
    peak = float(np.maximum.reduce(z, axis=None))
    # Where both are near each other b is as fit as a is.
    lacking = _beyond(a, b) if zeros or not peak <= NEAR else None
    # y (w - x Q / y), as in `elements`.
    t = series(z, peak, work.t)
    np.multiply(t, x, out=t)
    np.subtract(w, t, out=t)
    np.multiply(t, y, out=t)
    # A nan is that of a row for which this path fails; the other rows count.
    if not peak <= NEAR:
        far = np.greater(z, NEAR, out=work.mask)
        if 32 * np.count_nonzero(far) < far.size:
            t[far] = _far(divisor[far], b[far], Work())
        else:
            select(far, _far(divisor, b, work), t, work.y)
    total = row_sums(t)
    return total if lacking is None else total + lacking, row_sums(x), row_sums(w)


def _taken(X: Floats, W: Floats) -> tuple[Floats, Floats]:
    """Return X phi(W / X), in the form of t, and y^2; beyond `NEAR` of it the former is void."""
    y = W / (X + X + W)
    z = y * y
    return y * (W - X * series(z, float(z.max()), None)), z


def _equal(A: Floats, W: Floats) -> bool:
    """Tell whether all totals are in range, and so equal that phi(W / A) is nothing."""
    least, most = np.minimum.reduce(A), np.maximum.reduce(A)
    apart = max(np.maximum.reduce(W), -np.minimum.reduce(W))
    return bool(least > LEAST_TOTAL and most < MOST_TOTAL and apart < NOTHING * least)


def _refined(parts: Arrays, rho: Floats) -> Arrays:
    """Return R with a part more, so that R (1 + rho) = B / A holds for a smaller rho."""
    rest = rho * sum(parts)
    return (*parts, round26(rest)) if len(parts) == 1 else (*parts[:2], sum(parts[2:], rest))


def _fit(total: Floats) -> Bools:
    return (total > LEAST_TOTAL) & (total < MOST_TOTAL)
