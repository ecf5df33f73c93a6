"""Two sides given as weights: one pass where that is exact, two where it is not.

For any R > 0 and weights a, b with the sums A, B

    D(a/A || b/B) = sum t_i / (R A) - phi(rho),     phi(rho) = rho - log(1 + rho),
    t_i = R a_i log(R a_i / b_i) + w_i,   w_i = b_i - R a_i,   rho = sum w_i / (R A),

so with R = 1 neither side need be normalised and the data are read once.  That is accurate
unless the totals differ by more than the distributions do; then, and for measures that have
no such identity, R = B / A to 100 bits, and w_i is correct to a few units in its last place.
"""

from __future__ import annotations

from typing import NamedTuple

import math

import numpy as np
from numpy.typing import NDArray

from kldiv_cli.core.kernel.blocks import (
    Buffers,
    NotWeightsError,
    Piece,
    RowSums,
    Weights,
    pieces,
    require_weights,
    row_sums,
    totals,
)
from kldiv_cli.core.kernel.elements import Elements, Pair, Work, log_ratio, terms
from kldiv_cli.core.kernel.twofold import Floats, Twofold, divide, halves, three_parts

IN_RANGE = 2.0**400
"""Totals beyond this, or below its inverse, are first brought back by a power of two."""


class PairOfWeights:
    """Pieces of x = R a and b, with w = b - x."""

    def __init__(self, p: Weights, q: Weights) -> None:
        self.shape = p.shape
        unit, [(self.p, self.total_p), (self.q, self.total_q)] = in_range(p, q)
        self.unit = unit
        self.total = self.total_q.high
        ratio = divide(self.total_q, self.total_p)
        self._equal = bool(np.all((ratio.high == 1.0) & (ratio.low == 0.0)))
        self._ratio = ratio.high[:, None]
        self._parts = [part[:, None] for part in three_parts(ratio)]

    def piece(self, piece: Piece, work: Work) -> Pair:
        """x, b and w of one piece."""
        a, a_low = self.p.block(piece, work.a)
        b, b_low = self.q.block(piece, work.b)
        rows = piece.rows
        x = a if self._equal else np.multiply(a, self._ratio[rows], out=work.x)
        if self._equal:
            w = np.subtract(b, a, out=work.w)
        else:
            # The first four products are exact, and so is every difference that is small.
            r1, r2, r3 = (part[rows] for part in self._parts)
            a1, a2 = halves(a, work.y, work.z)
            t = work.t
            w = np.subtract(b, np.multiply(a1, r1, out=t), out=work.w)
            np.subtract(w, np.multiply(a2, r1, out=t), out=w)
            np.subtract(w, np.multiply(a1, r2, out=t), out=w)
            np.subtract(w, np.multiply(a2, r2, out=t), out=w)
            np.subtract(w, np.multiply(a, r3, out=t), out=w)
        if b_low is not None:
            np.add(w, b_low, out=w)
        if a_low is not None:
            np.subtract(w, a_low * self._ratio[rows], out=w)
        return Pair(x, b, w, root=math.sqrt(self.unit))


    def sums(self, wanted: frozenset[str]) -> RowSums:
        """The sums of every wanted term by row, in units of the total of Q."""
        sums = RowSums(self.shape)
        buffers = Buffers(self.shape)
        for piece in pieces(self.shape):
            work = buffers(piece.shape)
            for name, values in terms(wanted, Elements(self.piece(piece, work), work)):
                sums.add(name, piece, row_sums(values))
        return sums


def in_range(*sides: Weights) -> tuple[float, list[tuple[Weights, Twofold]]]:
    """A power of four to which the totals were brought, or 1, and the sides with their totals.

    They are moved only where a total is out of range, or a weight so small as to lose bits.
    """
    known = [totals(side) for side in sides]
    if all(_fits(total.high).all() and not subnormal for total, subnormal in known):
        return 1.0, [(side, total) for side, (total, _) in zip(sides, known, strict=True)]
    result = []
    highest = 2 * int(math.log2(IN_RANGE) / 2 - sides[0].shape[1].bit_length())
    for side in sides:
        peak = np.zeros(side.shape[0])
        for piece in pieces(side.shape):
            a, _ = side.block(piece, None)
            np.maximum(peak[piece.rows], a.max(axis=1), out=peak[piece.rows])
        _, exponent = np.frexp(peak)
        raised = side.shifted(highest - exponent)
        total, _ = totals(raised)
        if not _fits(total.high).all():
            raise NotWeightsError
        result.append((raised, total))
    return 2.0**highest, result


def _fits(total: Floats) -> NDArray[np.bool_]:
    return (total > 1.0 / IN_RANGE) & (total < IN_RANGE)


def phi(rho: Floats) -> Floats:
    """rho - log(1 + rho), to the last digits also where rho is small."""
    one = np.ones_like(rho)
    e = Elements(Pair(one, 1.0 + rho, rho), Work())
    return rho * e.y - e.excess()


def one_pass(p: Weights, q: Weights, both: bool) -> dict[str, Floats]:
    """D(P || Q) and, where `both`, D(Q || P) by row, from one reading of the data.

    Where the distributions differ much the plain sum of a log(a / b) loses nothing and is
    tried first, as long as it serves; elsewhere the terms t_i are summed.
    """
    wanted = frozenset({"kl_pq", "kl_qp"} if both else {"kl_pq"})
    sums = RowSums(p.shape)
    buffers = Buffers(p.shape)
    far_apart = True
    for piece in pieces(p.shape):
        work = buffers(piece.shape)
        a, a_low = p.block(piece, work.a)
        b, b_low = q.block(piece, work.b)
        least = min(require_weights(a), require_weights(b))
        A, B = row_sums(a), row_sums(b)
        W, enough = B - A, 0.25 * np.maximum(A, B)
        exact = a_low is None and b_low is None
        t: dict[str, Floats] = {}
        if far_apart and exact and least > 1.0 / IN_RANGE and enough.max() < 0.25 * IN_RANGE:
            L = log_ratio(a, b, False, work.t)
            t["kl_pq"] = W - row_sums(np.multiply(a, L, out=work.v))
            if both:
                t["kl_qp"] = row_sums(np.multiply(b, L, out=work.v)) - W
            far_apart = all(np.all(t[name] >= enough) for name in wanted)
        else:
            far_apart = False
        if not far_apart:
            w = np.subtract(b, a, out=work.w)
            if not exact:
                w += (0.0 if b_low is None else b_low) - (0.0 if a_low is None else a_low)
            W = row_sums(w)
            for name, values in terms(wanted, Elements(Pair(a, b, w), work)):
                t[name] = row_sums(values)
            far_apart = all(np.all(t[name] >= enough) for name in wanted)
        for name, row in (t | {"p": A, "w": W}).items():
            sums.add(name, piece, row)
    A, W = sums["p"], sums["w"]
    B = A + W
    good = _fits(A) & _fits(B)
    result = {}
    for name, total, rho in (("kl_pq", A, W / A), ("kl_qp", B, -W / B)):
        if name in wanted:
            t_, lost = sums[name] / total, phi(rho)
            good &= (lost <= 0.5 * t_) | (t_ == 0.0)
            only = sums["only_p" if name == "kl_pq" else "only_q"]
            result[name] = np.where(only > 0.0, np.inf, t_ - lost)
    if not good.all():
        rows = np.flatnonzero(~good)
        pair = PairOfWeights(p.take(rows), q.take(rows))
        again = pair.sums(wanted)
        for name in wanted:
            only = again["only_p" if name == "kl_pq" else "only_q"]
            result[name][rows] = np.where(only > 0.0, np.inf, again[name] / pair.total)
    return result
