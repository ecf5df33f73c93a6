"""Both sides in one unit, where both are weights.

With R = B / A to 100 bits the difference w = b - R a is correct to a few units in its last
place, so that every measure is, also those that depend on R in first order.
"""

from __future__ import annotations

import math

import numpy as np

from kldiv_cli.core.kernel import blocks, elements
from kldiv_cli.core.kernel.blocks import Buffers, NotWeightsError, Piece, RowSums, Weights, pieces
from kldiv_cli.core.kernel.elements import TV, Elements, Pair, Term, Work
from kldiv_cli.core.kernel.twofold import Bools, Floats, Indices, Twofold, divide, three_parts

MOST_EXACT = 1 << 18
"""The most outcomes whose w is computed exactly, one by one, in some tenths of a second."""
APART = 2.0**100
"""Totals that differ by more would make tiny weights of one side vanish beside the other."""
BESIDE_ONE = 2.0**-50
"""Ratios of totals up to this apart from 1 are those of totals that are equal but for rounding."""
IN_RANGE = 2.0**480
"""Totals beyond this, or below its inverse, are first brought back by a power of two."""


class PairOfWeights:
    """Two sides of weights: pieces of x = R a and of b, with w = b - x."""

    def __init__(self, p: Weights, q: Weights) -> None:
        self.shape = p.shape
        unit, [(self.p, self.total_p), (self.q, self.total_q)] = in_range(p, q)
        self.unit = unit
        self.total = self.total_q.high
        ratio = divide(self.total_q, self.total_p)
        self._equal = bool(np.all((ratio.high == 1.0) & (ratio.low == 0.0)))
        self._ratio = ratio.high[:, None]
        self._parts = [part[:, None] for part in three_parts(ratio)]
        beyond = ((ratio.high - 1.0) + ratio.low)[:, None]
        self._beyond_one = beyond if np.abs(beyond).max() <= BESIDE_ONE else None
        # Rows of which w is known exactly, and that w.
        self._rows: Indices = np.empty(0, np.intp)
        self._exact = np.empty((0, self.shape[1]))

    def piece(self, piece: Piece, work: Work) -> Pair:
        """Return x, b and w of one piece."""
        a, a_low = self.p.block(piece, work.a)
        b, b_low = self.q.block(piece, work.b)
        rows = piece.rows
        x = a if self._equal else np.multiply(a, self._ratio[rows], out=work.x)
        if self._equal:
            w = np.subtract(b, a, out=work.w)
        elif self._beyond_one is not None:
            # Totals that are equal but for rounding: a (R - 1) is too small to be rounded ill.
            w = np.subtract(b, a, out=work.w)
            np.subtract(w, np.multiply(a, self._beyond_one[rows], out=work.t), out=w)
        else:
            w = elements.difference(a, b, tuple(part[rows] for part in self._parts), work)
        if b_low is not None:
            np.add(w, b_low, out=w)
        if a_low is not None:
            np.subtract(w, a_low * self._ratio[rows], out=w)
        first, last = np.searchsorted(self._rows, (rows.start, rows.stop))
        w[self._rows[first:last] - rows.start] = self._exact[first:last, piece.outcomes]
        return Pair(x, b, w, np.sqrt(self.unit[rows, None]))

    def sums(self, wanted: frozenset[Term]) -> RowSums:
        """Add up every wanted term by row, in units of the total of Q."""
        sums = self._sums(wanted)
        if not len(self._rows):
            small = np.array([np.abs(sums[term]) < self._least(term) for term in wanted])
            # Without a third part R a is exact, and so is a difference of nothing.
            known = self._parts[2][:, 0] == 0.0
            known &= np.all([sums[term] == 0.0 for term in wanted], axis=0)
            rows = np.flatnonzero(small.any(axis=0) & ~known)
            if 0 < rows.size * self.shape[1] <= MOST_EXACT:
                self._rows = rows
                self._exact = np.array([self._difference(row) for row in rows.tolist()])
                sums = self._sums(wanted)
        return sums

    @property
    def exact(self) -> Bools:
        """Return which rows have a w that is known exactly."""
        return np.isin(np.arange(self.shape[0]), self._rows)

    def _least(self, term: Term) -> Floats:
        """Return the least a sum can be if w, relative to x, is well above the noise of R x."""
        if term == TV:
            # Here R counts in first order.
            return 2.0**-50 * self.total
        alpha = 0.5 if term.alpha is None else term.alpha
        total = self.total / self.unit if term.wide else self.total
        return elements.VANISHING * abs(alpha * (1.0 - alpha)) * total

    def _difference(self, row: int) -> list[float]:
        """Return b - R a of a row, each rounded once or twice."""
        a, b = self.p.ratios(row), self.q.ratios(row)
        A, B = sum(a), sum(b)
        # By the power of two first: the share of a tiny weight may be below the doubles.
        mantissa, exponent = math.frexp(float(self.total[row]))
        up, whole = 1 << max(exponent, 0), (A * B) << max(-exponent, 0)
        return [(y * A - x * B) * up / whole * mantissa for x, y in zip(a, b, strict=True)]

    def _sums(self, wanted: frozenset[Term]) -> RowSums:
        sums = RowSums(self.shape)
        buffers = Buffers()
        for piece in pieces(self.shape):
            work = buffers[piece.shape]
            for term, values in elements.terms(wanted, Elements(self.piece(piece, work), work)):
                sums.add(term, piece, values)
        return sums


def in_range(*sides: Weights) -> tuple[Floats, list[tuple[Weights, Twofold]]]:
    """Bring rows of extreme weights or totals near one power of four, the same on all sides.

    Returns that power by row, 1 for rows that need no such care, and the sides with their
    totals.  Weights of one row that lie too far apart for doubles are refused.
    """
    result = [(side, side.totals()[0]) for side in sides]
    far = far_apart(*sides)
    if not far.any():
        return np.ones(len(far)), result
    highest = 2 * int(math.log2(IN_RANGE) / 2 - sides[0].shape[1].bit_length())
    for i, side in enumerate(sides):
        most, least = np.zeros(side.shape[0]), np.full(side.shape[0], np.inf)
        for piece in pieces(side.shape):
            rows = piece.rows
            a, _ = side.block(piece, None)
            most[rows] = np.maximum(most[rows], a.max(axis=1))
            least[rows] = np.minimum(least[rows], a.min(axis=1, initial=np.inf, where=a > 0.0))
        shift = np.where(far, highest - np.frexp(most)[1], 0)
        moved = side.shifted(shift)
        total, _ = moved.totals()
        lost = np.ldexp(least, shift) < blocks.SUBNORMAL
        if not _fits(total.high).all() or lost.any():
            raise NotWeightsError
        result[i] = moved, total
    return np.where(far, 2.0**highest, 1.0), result


def far_apart(*sides: Weights) -> Bools:
    """Return which rows have extreme weights or totals."""
    known = [side.totals() for side in sides]
    far: Bools = np.any([tiny | ~_fits(total.high) for total, tiny in known], axis=0)
    apart = known[0][0].high / known[-1][0].high
    return far | ~((apart > 1.0 / APART) & (apart < APART))


def _fits(total: Floats) -> Bools:
    return (total > 1.0 / IN_RANGE) & (total < IN_RANGE)
