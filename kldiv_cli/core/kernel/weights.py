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
    Sums,
    row_dots,
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

NOISE = 2.0**-98
"""Differences below this, relative to the weights, are those of R and its three parts."""
PROBE = 256
"""Outcomes of a row from which the first guess is made how far apart the sides are."""
VECTOR = 8192
"""Vectors up to this length are taken in one piece."""
ONES = np.ones(VECTOR)
DOUBLE = np.dtype(np.float64)
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
        self._proportional = False

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
        if self._proportional:
            w[np.abs(w) <= NOISE * b] = 0.0
        root = self.unit if len(self.unit) == 1 else self.unit[rows, None]
        return Pair(x, b, w, root=np.sqrt(root))

    def sums(self, wanted: frozenset[str]) -> RowSums:
        """Add up every wanted term by row, in units of the total of Q."""
        sums = self._sums(wanted)
        least = NOISE * self.total
        if not self._equal and any(np.any(np.abs(sums[name]) < least) for name in wanted):
            # One side may be a multiple of the other: then w is what R has beyond 100 bits.
            self._proportional = True
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


def kl_sums(pair: Pair, both: bool, work: Work) -> list[Sums]:
    """Add up w y - x Q, and where `both` w y + b Q, for every row or for a vector.

    Q enters by moments, sum x Q = c0 sum x y z + c1 sum x y z^2 + ... with z = y^2, each a
    product of two arrays; outcomes where z > NEAR are taken out and added from the logarithm.
    """
    x, b, w = pair[:3]
    s = np.add(x, b, out=work.s)
    y = np.divide(w, s, out=work.y)
    z = np.multiply(y, y, out=work.z)
    peak = float(np.maximum.reduce(z, axis=None))
    far = None
    if not peak <= NEAR:
        far = np.flatnonzero(~np.less_equal(z, NEAR, out=work.mask))
        y.put(far, 0.0)
        z.put(far, 0.0)
    z2 = np.multiply(z, z, out=work.q)
    wy = row_dots(w, y, s)
    sums: list[Sums] = []
    for base, sign in ((x, -1.0), (b, 1.0))[: 1 + both]:
        total = wy
        v = np.multiply(base, y, out=work.v)
        for k, c in enumerate(coefficients(peak)):
            if k % 2 == 0 < k:
                np.multiply(v, z2, out=v)
            total = total + sign * c * row_dots(v, z2 if k % 2 else z, s)
        sums.append(total)
    if far is not None:
        x, b, w = x.take(far), b.take(far), w.take(far)
        L = np.log(b / x)
        if not -700.0 < L.min() <= L.max() < 700.0:
            # The ratio may have left the range of doubles.
            L = np.where(np.abs(L) < 700.0, L, np.log(b) - np.log(x))
        for i, (base, t) in enumerate(((x, w - x * L), (b, b * L - w))[: 1 + both]):
            np.putmask(t, base == 0.0, np.abs(w))
            s.fill(0.0)
            s.put(far, t)
            sums[i] = sums[i] + row_sums(s)
    return sums


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
    far_apart = None if ratio is None else False
    tiny = False
    for piece in pieces(p.shape):
        work = buffers(piece.shape)
        a, a_low = p.block(piece, work.a)
        b, b_low = q.block(piece, work.b)
        least = min(require_weights(a), require_weights(b))
        tiny = tiny or (least < SUBNORMAL and bool(np.any((a > 0.0) & (a < SUBNORMAL))))
        A, B = row_sums(a), row_sums(b)
        W = B - A
        enough = 0.25 * np.maximum(A, B)
        exact = a_low is None and b_low is None
        if far_apart is None:
            # A first guess, from a sample.
            x, y = a.ravel()[:PROBE], b.ravel()[:PROBE]
            far_apart = float(np.vdot(x, np.log(x / y))) >= 0.25 * float(x.sum())
        t = np.zeros((len(names), len(A)))
        good = np.zeros(len(A), bool)
        if far_apart and exact and least > 1.0 / IN_RANGE and enough.max() < IN_RANGE:
            L = log_ratio(a, b, False, work.t)
            t[0] = W - row_dots(a, L, work.v)
            if both:
                t[1] = row_dots(b, L, work.v) - W
            good = np.all(t >= enough, axis=0)
        if not good.all():
            at: NDArray[np.intp] | slice = slice(None)
            if good.any():
                at = np.flatnonzero(~good)
                a, b = a[at], b[at]
                work = buffers(a.shape)
            x, R = a, np.ones((1, 1))
            if ratio is None:
                w = np.subtract(b, a, out=work.w)
            else:
                R = ratio[piece.rows, None]
                w = difference(a, b, tuple(part[piece.rows, None] for part in parts), work)
                x = np.multiply(a, R, out=work.x)
                A = row_sums(x)
            if not exact:
                w += (0.0 if b_low is None else b_low) - R * (0.0 if a_low is None else a_low)
            W[at] = row_sums(w)
            t[:, at] = kl_sums(Pair(x, b, w), both, work)
        far_apart = ratio is None and float(np.mean(t >= enough)) > 0.5
        for name, values in zip((*names, "x", "b", "w"), (*t, A, B, W), strict=True):
            sums.add(name, piece, values)
    A, B, W = sums["x"], sums["b"], sums["w"]
    fit = _fits(A) & _fits(B)
    good = fit.copy()
    whole = Elements(Pair(A, B, W), Work())
    wy, Q = W * whole.y, whole.excess()
    result = {}
    for name, total, lost in zip(names, (A, B), (wy - A * Q, wy + B * Q), strict=False):
        good &= lost <= 0.5 * sums[name]
        result[name] = (sums[name] - lost) / total
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
    """D(P || Q) of two vectors of doubles that fit the cache; None is for the general way.

    The same method without blocks: ten to thirty calls of NumPy, which are its price.
    """
    if not (type(p) is type(q) is np.ndarray and p.ndim == 1 and p.shape == q.shape):
        return None
    if not (p.dtype is q.dtype is DOUBLE and 0 < p.size <= VECTOR):
        return None
    a, b = p, q
    # By position, as argmin also finds a nan.
    least = min(a.item(a.argmin()), b.item(b.argmin()))
    ones = ONES[: a.size]
    A, B = float(a.dot(ones)), float(b.dot(ones))
    if not (least >= 0.0 and 1e-100 < A < 1e100 and 1e-100 < B < 1e100):
        return None
    value: float | None = None
    if least > 1e-100:
        log_ratio = math.log(B / A)
        value = log_ratio - float(a.dot(np.log(b / a))) / A
        if value >= 0.25 * (1.0 + abs(log_ratio)):
            return value
    with np.errstate(all="ignore"):
        if value is None or _without(value * A + 1e-14 * A, A, B, B - A) is not None:
            w = b - a
            value = _without(kl_sums(Pair(a, b, w), False, Work())[0], A, B, float(w.dot(ones)))
        else:
            value = None
        R = B / A
        first = _round26(R)
        second = _round26(R - first)
        for parts in ((first,), (first, second, R - first - second)):
            if value is not None:
                break
            w, x = difference(a, b, parts, Work()), sum(parts) * a
            value = _without(kl_sums(Pair(x, b, w), False, Work())[0], float(x.dot(ones)), B, float(w.dot(ones)))
    return value


def _round26(r: float) -> float:
    mantissa, exponent = math.frexp(r)
    return math.ldexp(round(mantissa * 2.0**26), exponent - 26)


def _without(t: Sums, A: float, B: float, W: float) -> float | None:
    """Subtract what the totals lose, their own term; None where too little would remain."""
    y = W / (A + B)
    z = y * y
    if z > NEAR:
        excess = math.log(B / A) - 2.0 * y
    else:
        excess = 0.0
        for c in reversed(coefficients(z)):
            excess = excess * z + c
        excess *= z * y
    lost = W * y - A * excess
    return float(t - lost) / A if lost <= 0.5 * t else None
