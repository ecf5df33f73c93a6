"""Two sides given as weights: one pass where that is exact, two where it is not.

For any R > 0 and weights a, b with the sums A, B

    D(a/A || b/B) = sum t_i / (R A) - phi(rho),     phi(rho) = rho - log(1 + rho),
    t_i = R a_i log(R a_i / b_i) + w_i,   w_i = b_i - R a_i,   rho = sum w_i / (R A),

so with R = 1 neither side need be normalised and the data are read once.  That is accurate
unless the totals differ by more than the distributions do; then, and for measures that have
no such identity, R = B / A to 100 bits, and w_i is correct to a few units in its last place.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kldiv_cli.core.kernel.blocks import (
    SHORT,
    SUBNORMAL,
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
from kldiv_cli.core.kernel.elements import (
    NEAR,
    Elements,
    Pair,
    Work,
    coefficients,
    log_ratio,
    terms,
)
from kldiv_cli.core.kernel.twofold import Floats, Twofold, divide, halves, three_parts

SAMPLE = 2048
"""Outcomes of a vector from which is seen how far apart the sides are."""
NOISE = 2.0**-98
"""Differences below this, relative to the weights, are those of R and its three parts."""
PROBE = 256
"""Outcomes of a row from which the first guess is made how far apart the sides are."""
VECTOR = 8192
"""Vectors are cut into pieces of this length: BLAS takes such with one thread."""
ONES = np.ones(VECTOR)
DOUBLE = np.dtype(np.float64)
ENOUGH = 0.25
"""From this share of the totals on the plain sum of a log(a / b) loses next to nothing."""
IN_RANGE = 2.0**500
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
        beyond = ((ratio.high - 1.0) + ratio.low)[:, None]
        self._beyond_one = beyond if np.abs(beyond).max() <= 2.0**-50 else None
        self._careful = False

    def piece(self, piece: Piece, work: Work) -> Pair:
        """x, b and w of one piece."""
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
            w = difference(a, b, tuple(part[rows] for part in self._parts), work)
        if b_low is not None:
            np.add(w, b_low, out=w)
        if a_low is not None:
            np.subtract(w, a_low * self._ratio[rows], out=w)
        if self._careful:
            w[np.abs(w) <= NOISE * b] = 0.0
            if piece.shape[1] == self.shape[1]:
                # All differences add up to nothing: the largest weight's, of which R tells
                # least, follows from the others.
                top = b.argmax(axis=1)[:, None]
                np.put_along_axis(w, top, 0.0, 1)
                np.put_along_axis(w, top, -row_sums(w)[:, None], 1)
        root = self.unit if len(self.unit) == 1 else self.unit[rows, None]
        return Pair(x, b, w, root=np.sqrt(root))

    def sums(self, wanted: frozenset[str]) -> RowSums:
        """Add up every wanted term by row, in units of the total of Q."""
        sums = self._sums(wanted)
        least = NOISE * self.total
        small = any(np.any(np.abs(sums[name]) < least) for name in wanted)
        small = small or ("tv" in wanted and bool(np.any(sums["tv"] < 2.0**58 * least)))
        if small and not self._equal:
            # One side may be a multiple of the other: then w is what R has beyond 100 bits.
            self._careful = True
            sums = self._sums(wanted)
        for name, only in (("chi2_pq", "only_p"), ("chi2_qp", "only_q")):
            if name in wanted and np.any(np.isinf(sums[name]) & (sums[only] == 0.0)):
                # Too large in this unit, but perhaps not as a number.
                self.unit = 4.0 ** np.ceil(np.frexp(self.total)[1] / 2 + 32)
                sums = self._sums(wanted)
        return sums

    def _sums(self, wanted: frozenset[str]) -> RowSums:
        sums = RowSums(self.shape)
        buffers = Buffers(self.shape)
        for piece in pieces(self.shape):
            work = buffers(piece.shape)
            for name, values in terms(wanted, Elements(self.piece(piece, work), work)):
                sums.add(name, piece, row_sums(values))
        return sums


def difference(a: Floats, b: Floats, ratio: tuple[Floats | float, ...], work: Work) -> Floats:
    """B - R a, where R comes in one part or three, to a few units in the last place.

    The first four products are exact, and so is every difference that is small.
    """
    r1, *rest = ratio
    a1, a2 = halves(a, work.y, work.z)
    products = [(a2, r1)]
    if rest:
        products += [(a1, rest[0]), (a2, rest[0]), (a, rest[1])]
    t = work.t
    w = np.subtract(b, np.multiply(a1, r1, out=t), out=work.w)
    for part, r in products:
        np.subtract(w, np.multiply(part, r, out=t), out=w)
    return w


def in_range(*sides: Weights) -> tuple[Floats, list[tuple[Weights, Twofold]]]:
    """Bring rows of extreme weights or totals near one power of four, the same on all sides.

    Returns that power by row, 1 for rows that need no such care, and the sides with their
    totals.  Weights of one row that lie too far apart for doubles are refused.
    """
    known = [totals(side) for side in sides]
    far = np.any([tiny | ~_fits(total.high) for total, tiny in known], axis=0)
    result = [(side, total) for side, (total, _) in zip(sides, known, strict=True)]
    if not far.any():
        return np.ones(1), result
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
        total, _ = totals(moved)
        lost = np.ldexp(least, shift) < SUBNORMAL
        if not _fits(total.high).all() or lost.any():
            raise NotWeightsError
        result[i] = moved, total
    return np.where(far, 2.0**highest, 1.0), result


def _fits(total: Floats) -> NDArray[np.bool_]:
    return (total > 1.0 / IN_RANGE) & (total < IN_RANGE)


def one_pass(p: Weights, q: Weights, both: bool, ratio: Floats | None = None) -> dict[str, Floats]:
    """D(P || Q) and, where `both`, D(Q || P) by row, from one reading of the data.

    Where the distributions differ much the plain sum of a log(a / b) loses nothing and is
    tried first, as long as it serves; elsewhere the terms t_i are summed.  Rows whose totals
    differ by more than the distributions do are read once more, with R = `ratio`.
    """
    names = ("kl_pq", "kl_qp")[: 1 + both]
    sums = RowSums(p.shape)
    buffers = Buffers(p.shape)
    parts = () if ratio is None else three_parts(Twofold(ratio, np.zeros_like(ratio)))
    far_apart: bool | None = None if ratio is None else False
    tiny = False
    for piece in pieces(p.shape):
        work = buffers(piece.shape)
        a, a_low = p.block(piece, work.a)
        b, b_low = q.block(piece, work.b)
        least = min(require_weights(a), require_weights(b))
        tiny = tiny or (least < SUBNORMAL and bool(np.any((a > 0.0) & (a < SUBNORMAL))))
        A, B = row_sums(a), row_sums(b)
        w = np.subtract(b, a, out=work.w)
        W = row_sums(w)
        # Unequal totals would magnify what the plain sum loses.
        enough = ENOUGH * np.maximum(A, B) + np.abs(W)
        if far_apart is None:
            # A first guess, from a sample.
            x, y = a.ravel()[:PROBE], b.ravel()[:PROBE]
            far_apart = float(np.vdot(x, np.log(x / y))) >= ENOUGH * float(x.sum())
        t = {name: np.zeros(len(A)) for name in names}
        good = np.zeros(len(A), bool)
        if far_apart and a_low is None and b_low is None and least > 1.0 / IN_RANGE:
            L = log_ratio(a, b, False, work.t)
            t["kl_pq"] = W - row_sums(np.multiply(a, L, out=work.v))
            if both:
                t["kl_qp"] = row_sums(np.multiply(b, L, out=work.v)) - W
            good = np.minimum(t[names[0]], t[names[-1]]) >= enough
        if not good.all():
            rest: NDArray[np.intp] | slice = slice(None)
            if good.any():
                rest = np.flatnonzero(~good)
                a, b, w = a[rest], b[rest], w[rest]
                work = buffers(a.shape)
            x, R = a, np.ones((1, 1))
            if ratio is not None:
                R = ratio[piece.rows, None]
                w = difference(a, b, tuple(part[piece.rows, None] for part in parts), work)
                x = np.multiply(a, R, out=work.x)
                A = row_sums(x)
            if b_low is not None:
                w += b_low
            if a_low is not None:
                w -= a_low * R
            W[rest] = row_sums(w)
            for name, values in terms(frozenset(names), Elements(Pair(x, b, w), work)):
                t.setdefault(name, np.zeros(len(A)))[rest] = row_sums(values)
            good = np.minimum(t[names[0]], t[names[-1]]) >= enough
        far_apart = ratio is None and bool(2 * np.count_nonzero(good) > len(good))
        for name, values in (t | {"x": A, "b": B, "w": W}).items():
            sums.add(name, piece, values)
    A, W = sums["x"], sums["w"]
    # B as t and W see it, unless their difference would have no digits left.
    B = np.where(W > -0.5 * A, A + W, sums["b"])
    fit = _fits(A) & _fits(B)
    good = fit.copy()
    whole = Elements(Pair(A, B, W), Work())
    wy, Q = W * whole.y, whole.excess()
    result = {}
    for name, total, lost in zip(names, (A, B), (wy - A * Q, wy + B * Q), strict=False):
        good &= lost <= 0.5 * sums[name]
        only = sums["only_p" if name == "kl_pq" else "only_q"]
        result[name] = np.where(only > 0.0, np.inf, (sums[name] - lost) / total)
    if not good.all():
        rows = np.flatnonzero(~good)
        p, q = p.take(rows), q.take(rows)
        if ratio is None and not tiny and fit[rows].all():
            again = one_pass(p, q, both, B[rows] / A[rows])
        else:
            pair = PairOfWeights(p, q)
            found = pair.sums(frozenset(names))
            again = {name: found[name] / pair.total for name in names}
            for name in names:
                one_sided = found["only_p" if name == "kl_pq" else "only_q"]
                again[name] = np.where(one_sided > 0.0, np.inf, again[name])
        for name in names:
            result[name][rows] = again[name]
    return result


def kl_of_vectors(p: object, q: object) -> float | None:
    """D(P || Q) of two vectors of doubles; None is for the general way.

    The same method with numbers for sums, and as few calls of NumPy as can be.
    """
    if not (type(p) is type(q) is np.ndarray and p.ndim == 1 and p.shape == q.shape):
        return None
    if not (p.dtype is q.dtype is DOUBLE and p.size):
        return None
    A = B = beside = 0.0
    plain: float | None = None
    cuts, found, logs = [], [], []
    far_apart, start, unit = False, 0, 1.0
    for i in range(0, len(p), VECTOR):
        a, b = p[i : i + VECTOR], q[i : i + VECTOR]
        # By position, as argmin also finds a nan.
        least = min(a.item(a.argmin()), b.item(b.argmin()))
        A += _sum(a)
        B += _sum(b)
        if least == 0.0:
            # Outcomes that P gives no chance have the term b.
            beside += _sum(b[a == 0.0])
            a, b = _seen(a, b)
            least = min(a.min(initial=math.inf), b.min(initial=math.inf))
            if least == 0.0 and len(p) <= VECTOR and A < 1e100 and 1e-100 < B < 1e100:
                return math.inf
        if not (least > 1e-100 and A < 1e100 and B < 1e100):
            return None
        if not len(a):
            continue
        cuts.append(i)
        if plain is None:
            # How far apart they are: of short vectors known, of long ones guessed.
            x, y = a[:SAMPLE], b[:SAMPLE]
            whole = len(p) <= SAMPLE
            if len(p) <= SHORT:
                A, B = math.fsum(p.tolist()), math.fsum(q.tolist())
            X, Y = (A, B) if whole else (_sum(x), _sum(y))
            # The power of two brings b / a near 1, so that sums of its log stay small.
            unit = 2.0 ** -round(math.log2(Y / X))
            plain = math.log(Y / X * unit) - float(x.dot(np.log(y / x * unit))) / X
            far_apart = plain >= ENOUGH
            if whole and far_apart:
                return plain
            # No way through R = 1 where already the totals lose more than the divergence.
            start = int(_lost(X, Y, Y - X) / X > plain + 1e-14)
        if far_apart:
            logs.append(float(a.dot(np.log(b / a * unit))))
        elif not start:
            found.append(_terms_of_vector(a, b, ()))
    if not (A > 1e-100 and B > 1e-100):
        return None
    if far_apart:
        plain = math.log(B / A * unit) - math.fsum(logs) / A
        if plain >= ENOUGH:
            return plain
    R = B / A
    first = _round26(R)
    second = _round26(R - first)
    value = None
    ways: tuple[tuple[float, ...], ...] = ((), (first,), (first, second, R - first - second))
    for parts in ways[start:]:
        found = found or [
            _terms_of_vector(*_seen(p[i : i + VECTOR], q[i : i + VECTOR]), parts) for i in cuts
        ]
        t, X, W = (math.fsum(column) for column in zip(*found, strict=True))
        value = _without(t + beside, X, B, W + beside)
        if value is not None:
            break
        found = []
    return value


def _seen(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Leave out what P gives no chance."""
    seen = a > 0.0
    return (a, b) if seen.all() else (a[seen], b[seen])


def _sum(a: Floats) -> float:
    return float(a.dot(ONES[: len(a)]))


def _terms_of_vector(a: Floats, b: Floats, ratio: tuple[float, ...]) -> tuple[float, float, float]:
    """Add up w y - x Q, x and w.

    Q enters by moments, sum x Q = c0 sum x y z + c1 sum x y z^2 + ... with z = y^2; where
    z > NEAR the terms come from the logarithm.
    """
    x, w = (sum(ratio) * a, difference(a, b, ratio, Work())) if ratio else (a, b - a)
    y = w / (x + b)
    z = y * y
    peak = z.item(z.argmax())
    t = 0.0
    if peak > NEAR:
        far = z > NEAR
        t = float((w - x * np.log(b / x)).dot(far))
        y *= ~far
        z = y * y
    t += float(w.dot(y))
    v = x * y
    c = coefficients(peak)
    z2 = z * z if len(c) > 1 else z
    for k in range(0, len(c), 2):
        if k:
            v *= z2
        t -= c[k] * float(v.dot(z))
        if k + 1 < len(c):
            t -= c[k + 1] * float(v.dot(z2))
    return t, _sum(x), _sum(w)


def _round26(r: float) -> float:
    mantissa, exponent = math.frexp(r)
    return math.ldexp(round(mantissa * 2.0**26), exponent - 26)


def _without(t: float, A: float, B: float, W: float) -> float | None:
    """Subtract from the sum what the totals lose; None where too little would remain."""
    lost = _lost(A, B, W)
    return (t - lost) / A if lost <= 0.5 * t else None


def _lost(A: float, B: float, W: float) -> float:
    """Return the term of the totals, A phi(W / A)."""
    y = W / (A + B)
    z = y * y
    if W > -0.5 * A:
        # As t and W see it, so that their errors cancel.
        B = A + W
    if z > NEAR:
        return W * y - A * (math.log(B / A) - 2.0 * y)
    excess = 0.0
    for c in reversed(coefficients(z)):
        excess = excess * z + c
    return W * y - A * excess * z * y
