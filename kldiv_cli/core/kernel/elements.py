"""The mathematics of one outcome.

Every measure is a sum over outcomes of a term that is zero where x = b and that never
changes sign, so that a sum is as accurate as its worst term.  With weights x of P and b of Q
in one unit (the same total), w = b - x and s = b + x, all terms are functions of s and

    y = w / s = tanh(L / 2),    L = log(b / x),    Q = L - 2y = 2 y^3 (1/3 + y^2/5 + ...),

and none subtracts nearly equal numbers:

    D(P || Q)    w - x L                =  w y - x Q
    D(Q || P)    b L - w                =  w y + b Q
    2 JS         x log(2x/s) + b log(2b/s)  =  s/2 (log(1 - y^2) + y L)
    chi2         w^2 / b,  w^2 / x
    2 TV         |w|
    S_alpha - 1  x^alpha b^(1-alpha) - alpha x - (1-alpha) b
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Emit = Callable[[str, Floats], None]

NEAR = 1 / 16
"""Up to this y^2 the series for Q is used, beyond it the logarithm."""
EXTREME = 1 - 2.0**-23
"""From this y^2 on a weight may be zero, and the ratio b / x may leave the range of doubles."""
TINY = 2.0**-1074

# log((1 + y) / (1 - y)) - 2y = y^3 (c0 + c1 y^2 + ...), minimax on y^2 <= NEAR.
_SERIES = (
    0.6666666666666666,
    0.3999999999999644,
    0.28571428572946106,
    0.2222222197379456,
    0.18181838510835372,
    0.15383684224262476,
    0.133582794082506,
    0.11379287323587924,
    0.13657464467255622,
)


class Work(NamedTuple):
    """Buffers of one block's shape; None, for small vectors, allocates as NumPy does."""

    w: Floats | None = None
    s: Floats | None = None
    y: Floats | None = None
    z: Floats | None = None
    q: Floats | None = None
    t: Floats | None = None
    v: Floats | None = None
    mask: NDArray[np.bool_] | None = None


class Pair(NamedTuple):
    """Weights of both sides in one unit, their difference, and log(b / x) where it is known."""

    x: Floats
    b: Floats
    w: Floats
    log_ratio: Floats | None = None


@cache
def _reach(terms: int) -> float:
    """The y^2 up to which so many terms of Taylor's series are enough."""
    return float((1e-17 * (2 * terms + 3) / 2) ** (1 / (terms + 0.5)))


def _series(y: Floats, z: Floats, peak: float, out: Floats | None) -> Floats:
    """Q, where y^2 <= NEAR."""
    terms = 1
    while terms < 7 and peak > _reach(terms):
        terms += 1
    c = _SERIES if terms == 7 else [2 / (2 * k + 3) for k in range(terms)]
    if len(c) == 1:
        q = np.multiply(z, c[0], out=out)
    else:
        q = np.multiply(z, c[-1], out=out)
        for ck in c[-2:0:-1]:
            np.add(q, ck, out=q)
            np.multiply(q, z, out=q)
        np.add(q, c[0], out=q)
        np.multiply(q, z, out=q)
    return np.multiply(q, y, out=q)


def log_ratio(x: Floats, b: Floats, extreme: bool, out: Floats | None) -> Floats:
    """log(b / x); where one of them is zero, some finite number."""
    if not extreme:
        ratio = np.divide(b, x, out=out)
        return np.log(ratio, out=ratio)
    (mx, ex), (mb, eb) = np.frexp(x), np.frexp(b)
    mx += 1e-300
    mb += 1e-300
    ratio = np.divide(mb, mx, out=out)
    np.log(ratio, out=ratio)
    return np.add(ratio, (eb - ex) * np.log(2.0), out=ratio)


class Elements:
    """s, y, y^2 and Q of a block."""

    def __init__(self, pair: Pair, work: Work) -> None:
        self.x, self.b, self.w, self.log_ratio = pair
        self.work = work
        self.s = np.add(self.x, self.b, out=work.s)
        self.y = np.divide(self.w, self.s, out=work.y)
        self.z = np.multiply(self.y, self.y, out=work.z)
        self.peak = float(np.maximum.reduce(self.z, axis=None))
        self.extreme = not self.peak < EXTREME
        if self.extreme:
            # Where both weights are zero, 0/0: an outcome that neither side knows.
            np.maximum(self.s, TINY, out=self.s)
            np.divide(self.w, self.s, out=self.y)
            np.multiply(self.y, self.y, out=self.z)
            self.peak = float(np.maximum.reduce(self.z, axis=None))

    def excess(self) -> Floats:
        """Q = log(b / x) - 2 w / s."""
        x, b, y, z, work = self.x, self.b, self.y, self.z, self.work
        q = _series(y, z, self.peak, work.q)
        if self.peak > NEAR:
            far = self.log_ratio
            if far is None:
                far = log_ratio(x, b, self.extreme, work.t)
            far = np.subtract(far, np.add(y, y, out=work.v), out=work.v)
            np.putmask(q, np.greater(z, NEAR, out=work.mask), far)
        return q


def emit(wanted: frozenset[str], e: Elements, sink: Emit) -> None:
    """Hand the terms of every wanted sum to `sink`, one after the other."""
    x, b, w, s, y, z = e.x, e.b, e.w, e.s, e.y, e.z
    t, v, mask = e.work.t, e.work.v, e.work.mask
    if "tv" in wanted:
        sink("tv", np.abs(w, out=t))
    if "chi2_pq" in wanted:
        sink("chi2_pq", _chi2(w, b, e, t, v))
    if "chi2_qp" in wanted:
        sink("chi2_qp", _chi2(w, x, e, t, v))
    orders = sorted(float(name[6:]) for name in wanted if name.startswith("power:"))
    if 0.5 in orders:
        _half_power(e, sink)
        orders.remove(0.5)
    if not orders and not wanted & {"kl_pq", "kl_qp", "js"}:
        return
    q = e.excess()
    wy = np.multiply(w, y, out=v)
    if "kl_pq" in wanted:
        xq = np.multiply(x, q, out=t)
        sink("kl_pq", np.subtract(wy, xq, out=xq))
    if "kl_qp" in wanted:
        bq = np.multiply(b, q, out=t)
        sink("kl_qp", np.add(wy, bq, out=bq))
    for alpha in orders:
        _power(e, q, alpha, sink)
    if "js" in wanted:
        np.add(q, y, out=q)
        np.add(q, y, out=q)
        sink("js", _js(e, q, t, v, mask))


def _chi2(w: Floats, base: Floats, e: Elements, t: Floats | None, v: Floats | None) -> Floats:
    if not e.extreme:
        t = np.divide(w, base, out=t)
        return np.multiply(t, w, out=t)
    # The square root keeps the quotient in range; 0/0 is an outcome that adds nothing.
    t = np.divide(w, np.sqrt(base, out=v), out=t)
    np.putmask(t, np.equal(w, 0.0, out=e.work.mask), 0.0)
    return np.multiply(t, t, out=t)


def _js(e: Elements, L: Floats, t: Floats | None, v: Floats | None, mask: object) -> Floats:
    """4 JS: s (log(1 - y^2) + y L), or 2 (s log(1 + |y|) - min(x, b) |L|) where y is large."""
    z = e.z
    t = np.log1p(np.negative(z, out=t), out=t)
    v = np.multiply(e.y, L, out=v)
    t = np.add(t, v, out=t)
    np.multiply(t, e.s, out=t)
    if e.peak > 0.5:
        far = np.abs(e.y)
        np.log1p(far, out=far)
        np.multiply(far, e.s, out=far)
        least = np.minimum(e.x, e.b, out=v)
        np.multiply(least, np.abs(L, out=L), out=least)
        np.subtract(far, least, out=far)
        np.add(far, far, out=far)
        np.putmask(t, z > 0.5, far)
    return t


def _half_power(e: Elements, sink: Emit) -> None:
    """alpha = 1/2: the overlap sqrt(x b), and what it lacks, (sqrt x - sqrt b)^2 / 2."""
    rx, rb = np.sqrt(e.x, out=e.work.t), np.sqrt(e.b, out=e.work.v)
    sink("overlap:0.5", np.multiply(rx, rb, out=e.work.q))
    root = np.add(rx, rb, out=rx)
    if e.extreme:
        np.maximum(root, TINY, out=root)
    np.divide(e.w, root, out=root)
    np.multiply(root, root, out=root)
    sink("power:0.5", np.multiply(root, -0.5, out=root))


def _power(e: Elements, q: Floats, alpha: float, sink: Emit) -> None:
    """x^alpha b^(1-alpha), and by how much it exceeds alpha x + (1-alpha) b.

    With v = g L, g = 1 - alpha, and psi(v) = exp(v) - 1 - v the latter is
    x psi(v) - g (w - x L) near L = 0 and x (exp(v) - 1) - g w elsewhere.  Orders below 1/2
    exchange the sides, which keeps g out of the reach of 1, where the two parts cancel.
    """
    x, b, w, g = e.x, e.b, e.w, 1.0 - alpha
    L = q + 2.0 * e.y
    excess = w * e.y - x * q
    if alpha < 0.5:
        excess = w * e.y + b * q
        x, b, w, L, g = b, x, -w, -L, alpha
    v = g * L
    size = np.abs(v)
    gain = np.expm1(v)
    power = np.exp(v)
    far = (size > 1.0) & (np.abs(L) < 700.0)
    if far.any():
        np.putmask(power, far, np.power(b / x, g))
        np.putmask(gain, far, power - 1.0)
    term = x * gain - g * w
    near = (np.abs(L) <= 2.0) & (size <= 1.0)
    np.putmask(term, near, x * exp_excess(v) - g * excess)
    overlap = x * power
    if e.extreme:
        empty = x == 0.0
        np.putmask(term, empty, -g * w)
        np.putmask(overlap, empty, 0.0)
        empty = b == 0.0
        np.putmask(term, empty, -x - g * w)
        np.putmask(overlap, empty, 0.0)
    sink(f"overlap:{alpha!r}", overlap)
    sink(f"power:{alpha!r}", term)


def exp_excess(v: Floats) -> Floats:
    """exp(v) - 1 - v for abs(v) <= 1: a series at v/2, doubled by e^2 + 2e = exp(2h) - 1."""
    h = 0.5 * v
    series = np.full_like(h, 1.0 / 87178291200.0)
    factorial = 87178291200.0
    for n in range(14, 2, -1):
        factorial /= n
        series = series * h + 1.0 / factorial
    series *= h * h
    gain = series + h
    return gain * gain + 2.0 * series
