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
from typing import NamedTuple, TypeAlias

import numpy as np

from kldiv_cli.core.kernel import elements
from kldiv_cli.core.kernel.blocks import Buffers, Piece, Weights, bands, require_weights, row_sums
from kldiv_cli.core.kernel.elements import ENOUGH, NEAR, Work, difference, select, series
from kldiv_cli.core.kernel.short import LEAST_TOTAL, MOST_TOTAL, kl_of_short
from kldiv_cli.core.kernel.twofold import Bools, Floats, Indices, round26

SHARE = 0.25
"""The largest share of the sum that X phi(W / X) may take from it."""
LEAST = 1e-100
"""Weights above this stay in the range of doubles where the totals do."""
NONE = 1e-150
"""Stands for an x of zero in divisions, and is lost beside any other x."""
BELOW = 1e-250
"""Stands for a b of zero in the logarithm; beside an x of `NONE` it is nothing."""
ROUNDS = 4
SAMPLE = 512
"""Outcomes by which the first strategy is guessed."""

Arrays: TypeAlias = "tuple[Floats, ...]"


class _UnfitError(Exception):
    """Weights are so small, or so large, that only the general path serves."""


class Block(NamedTuple):
    """Weights of both sides: many rows, or a part of a single row."""

    a: Floats
    b: Floats
    work: Work


class Strategy(NamedTuple):
    """The first attempt on a block: the one that served most rows of the block before.

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
    strategy: Strategy | None = None
    for band in bands(p.shape):
        blocks: Iterable[Block] = _Blocks(p, q, band, buffers)
        try:
            if len(band) == 1:
                blocks = list(blocks)
            if strategy is None:
                strategy = _guess(next(iter(blocks)))
            rows = Rows(blocks, np.arange(band[0].rows.start, band[0].rows.stop))
            strategy = _kl_of_band(rows, strategy, values)
        except _UnfitError:
            continue
    return values


class _Blocks:
    """The blocks of a band, which are read anew at every pass."""

    def __init__(self, p: Weights, q: Weights, band: list[Piece], buffers: Buffers) -> None:
        self._p, self._q, self._band, self._buffers = p, q, band, buffers

    def __iter__(self) -> Iterator[Block]:
        for piece in self._band:
            work = self._buffers[piece.shape]
            (a, a_low), (b, b_low) = self._p.block(piece, work.a), self._q.block(piece, work.b)
            if a_low is not None or b_low is not None:
                raise _UnfitError
            yield Block(a, b, work)


class Rows:
    """The rows of a band without an answer yet: many rows of one block, or one row of many."""

    def __init__(self, blocks: Iterable[Block], which: Indices) -> None:
        self.which = which
        self._blocks = blocks

    def add_up(self, sums: Callable[..., Arrays], *options: object) -> Arrays:
        """Return sums by row over all blocks."""
        found = [sums(block, *options) for block in self._blocks]
        if len(found) == 1:
            return found[0]
        all_parts = zip(*found, strict=True)
        return tuple(np.array([math.fsum(x.item() for x in parts)]) for parts in all_parts)

    def keep(self, these: Bools) -> None:
        """Keep only the rows that are marked."""
        if not these.all():
            self.which = self.which[these]
            if these.any():
                self._blocks = [Block(a[these], b[these], Work()) for a, b, _ in self._blocks]

    def ratio(self) -> Floats:
        """Return B / A, and drop the rows whose totals may leave the range of doubles."""
        A, B = self.add_up(lambda block: (row_sums(block.a), row_sums(block.b)))
        fit = _fit(A) & _fit(B)
        self.keep(fit)
        return (B / A)[fit]


def _guess(block: Block) -> Strategy:
    """Return the strategy for a first block by its first outcomes."""
    a, b = block.a.ravel()[:SAMPLE], block.b.ravel()[:SAMPLE]
    ratio = np.add.reduce(b) / np.add.reduce(a)
    return Strategy((kl_of_short(a, b) or 0.0) >= ENOUGH, not 0.71 < ratio < 1.41)


def _kl_of_band(rows: Rows, strategy: Strategy, values: Floats) -> Strategy:
    """Fill in D(P || Q) of these rows where this path serves, and return the next strategy."""
    far_apart, unequal = strategy
    ratio: Floats | None = None
    parts: Arrays = ()
    if unequal:
        ratio = rows.ratio()
        parts = (round26(ratio),)
    if far_apart and len(rows.which):
        t, A, W = rows.add_up(_apart, ratio)
        lost, z = _taken(A, W)
        D = (t - lost) / A
        good = (z <= NEAR) & (ENOUGH + lost / A <= D) & _fit(A)
        values[rows.which[good]] = D[good]
        far_apart = bool(2 * np.count_nonzero(good) > len(good))
        rows.keep(~good)
        parts = tuple(part[~good] for part in parts)
    for step in range(ROUNDS):
        if not len(rows.which):
            break
        t, X, W = rows.add_up(_near, parts)
        lost, z = _taken(X, W)
        D = (t - lost) / X
        good = (z <= NEAR) & (lost <= SHARE * t) & _fit(X)
        good &= (D >= elements.VANISHING) | (t == 0.0)
        values[rows.which[good]] = D[good]
        rows.keep(~good)
        if step == 0:
            unequal = unequal or 2 * len(rows.which) > len(good)
        if parts:
            parts = _refined(tuple(part[~good] for part in parts), (W / X)[~good])
        elif len(rows.which):
            parts = (round26(rows.ratio()),)
    return Strategy(far_apart, unequal)


def _gone(a: Floats, b: Floats) -> Bools | None:
    """Return which outcomes are possible under P alone; None if no weight is zero."""
    if min(require_weights(a), require_weights(b)) >= LEAST:
        return None
    any_a, any_b = a > 0.0, b > 0.0
    if np.count_nonzero(a >= LEAST) + np.count_nonzero(b >= LEAST) < (
        np.count_nonzero(any_a) + np.count_nonzero(any_b)
    ):
        raise _UnfitError
    gone: Bools = any_a > any_b
    return gone


def _apart(block: Block, ratio: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Return the sums of t, x and w, all over R, which is 1 or the ratio of the totals."""
    a, b, work = block
    gone = _gone(a, b)
    A = row_sums(a)
    if ratio is None:
        W = row_sums(b) - A
    else:
        W = np.zeros_like(A)
        b = np.multiply(b, 1.0 / ratio[:, None], out=work.x)
    if gone is not None:
        a, b = np.add(a, NONE, out=work.v), np.add(b, BELOW, out=work.z)
    t = row_sums(_far(a, b, work))
    return t if gone is None else np.where(gone.any(axis=1), np.inf, t), A, W


def _far(x: Floats, b: Floats, work: Work) -> Floats:
    """Return t = x (r - 1 - log r), r = b / x, where r is far from 1.

    The rounding of r counts in second order only.
    """
    r = np.divide(b, x, out=work.s)
    L = np.log(r, out=work.q)
    np.subtract(r, 1.0, out=r)
    np.subtract(r, L, out=r)
    return np.multiply(r, x, out=r)


def _near(block: Block, parts: Arrays) -> tuple[Floats, Floats, Floats]:
    """Return the sums of t, x and w, where R has these parts, or is 1."""
    a, b, work = block
    zeros = require_weights(a) < LEAST
    if parts:
        columns = tuple(part[:, None] for part in parts)
        w = difference(a, b, columns, work)
        x = np.multiply(a, sum(columns), out=work.x)
    else:
        w, x = np.subtract(b, a, out=work.w), a
    divisor = np.add(x, NONE, out=work.v) if zeros else x
    y = np.divide(w, np.add(divisor, b, out=work.s), out=work.y)
    z = np.multiply(y, y, out=work.z)
    peak = float(np.maximum.reduce(z, axis=None))
    if zeros or not peak <= NEAR:
        # Otherwise b is as fit as a is.
        _gone(a, b)
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
    return row_sums(t), row_sums(x), row_sums(w)


def _taken(X: Floats, W: Floats) -> tuple[Floats, Floats]:
    """Return X phi(W / X), in the form of t, and y^2; beyond `NEAR` of it the former is void."""
    y = W / (X + X + W)
    z = y * y
    return y * (W - X * series(z, float(z.max()), None)), z


def _refined(parts: Arrays, rho: Floats) -> Arrays:
    """Return R with a part more, so that R (1 + rho) = B / A holds for a smaller rho."""
    rest = rho * sum(parts)
    return (*parts, round26(rest)) if len(parts) == 1 else (*parts[:2], sum(parts[2:], rest))


def _fit(total: Floats) -> Bools:
    return (total > LEAST_TOTAL) & (total < MOST_TOTAL)
