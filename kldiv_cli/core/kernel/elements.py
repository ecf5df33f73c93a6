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

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kldiv_cli.core.kernel.twofold import Bools, Floats, halves
from kldiv_cli.tuples import NamedTuple

NEAR = 0.03
"""The largest y^2 for which the series for Q is used; beyond it the logarithm is.

There log(b / x) is 0.35: its last digit is worth least, beside the term, from there up to 1/2.
"""
MIDDLE = 0.4
"""The largest y^2 for which Taylor's series for Q has all digits in `MANY_TERMS` terms."""
MANY_TERMS = 42
ENOUGH = 0.05
"""Divergences above this do not hang on the last digits of logarithms."""
VANISHING = 1e-33
"""Divergences below this hang on more bits of b - R a than doubles hold, unless it is exact."""
EXTREME_SQUARE = 1 - 2.0**-23
"""The y^2 from which a weight may be zero, and the ratio b / x leave the range of doubles."""
TINY = 2.0**-1074
LOST = 1e-290
"""Masses that are exponentials, and below this, have underflowed or are about to."""
BEYOND = 690.0
"""Logs of ratios that doubles cannot hold, or only with few digits, are larger."""
OFF = 1e5
"""Stands for the log of a ratio to or from zero; larger than any true one."""

# log((1 + y) / (1 - y)) - 2y = y^3 (c0 + c1 y^2 + ...), minimax on y^2 <= NEAR.
SERIES = (
    0.6666666666666693,
    0.39999999999672786,
    0.28571428688748624,
    0.22222203692715414,
    0.1818331768390041,
    0.15319884045361135,
    0.14742128369019897,
)


class Work(NamedTuple):
    """Buffers of one block's shape; None, for small vectors, lets NumPy allocate."""

    a: Floats | None = None
    b: Floats | None = None
    x: Floats | None = None
    w: Floats | None = None
    s: Floats | None = None
    y: Floats | None = None
    z: Floats | None = None
    q: Floats | None = None
    t: Floats | None = None
    v: Floats | None = None
    mask: Bools | None = None


def difference(a: Floats, b: Floats, ratio: tuple[Any, ...], work: Work) -> Floats:
    """Return b - R a, to a few units in the last place.

    R comes in at most three parts, the first two of 26 bits: products with them are exact, and
    so is every difference that is small.
    """
    a1, a2 = halves(a, work.y, work.z)
    w, t = b, work.t
    for r in ratio[:2]:
        w = np.subtract(w, np.multiply(a1, r, t), work.w)
        w = np.subtract(w, np.multiply(a2, r, t), work.w)
    for r in ratio[2:]:
        w = np.subtract(w, np.multiply(a, r, t), work.w)
    return w


class Pair(NamedTuple):
    """Weights of both sides in one unit, their difference, and log(b / x) where it is known.

    Sums that are `wide` are in units of `root`^2, which both totals may have been brought to.
    A known log is minus or plus `OFF` where an outcome is possible under P or Q alone. Beside it
    `log_x` makes log x, which is needed where masses have underflowed.
    """

    x: Floats
    b: Floats
    w: Floats
    root: Floats
    known_log: Floats | None = None
    log_x: Callable[[], Floats] | None = None


# The highest first, in arrays, which NumPy takes faster than numbers.
_SERIES = [np.array(c) for c in reversed(SERIES)]
# The y^2 up to which n terms of Taylor's series are enough, and these terms.
_TAYLOR = [
    ((1e-17 * (n + 1.5)) ** (1 / (n + 0.5)), [np.array(2 / k) for k in range(2 * n + 1, 1, -2)])
    for n in range(1, 7)
]
REACHES = tuple(reach for reach, _ in _TAYLOR)
"""The y^2 up to which each number of terms is enough."""


def series(z: Floats, peak: float, out: Floats | None) -> Floats:
    """Return Q / y, where z = y^2 <= NEAR, by the shortest series that is exact enough."""
    constants = _SERIES
    for reach, taylor in _TAYLOR:
        if peak <= reach:
            constants = taylor
            break
    highest, *lower = constants
    g: Floats = np.multiply(z, highest, out)
    for c in lower:
        g += c
        g *= z
    return g


def select(mask: Bools, new: Floats, old: Floats, spare: Floats | None) -> None:
    """Put `new` into `old` where the mask is set; `new` is overwritten.

    In bits, without a branch: on unordered data a conditional copy is four times slower.
    """
    if old.size <= 512:
        np.putmask(old, mask, new)
        return
    pick = (np.empty(old.shape) if spare is None else spare).view(np.int64)
    np.copyto(pick, mask)
    np.negative(pick, out=pick)
    into, bits = old.view(np.int64), new.view(np.int64)
    np.bitwise_xor(bits, into, out=bits)
    np.bitwise_and(bits, pick, out=bits)
    np.bitwise_xor(into, bits, out=into)


class Elements:
    """The quantities s, y, y^2 and Q of a block, of which all terms are made."""

    def __init__(self, pair: Pair, work: Work) -> None:
        self.x, self.b, self.w, self.root, self.known_log, self._log_x = pair
        self.in_range = bool(np.all(self.root == 1.0))
        self.work = work
        self.s = np.add(self.x, self.b, out=work.s)
        self.y = np.divide(self.w, self.s, out=work.y)
        self.z = np.multiply(self.y, self.y, out=work.z)
        self.peak = float(np.maximum.reduce(self.z, axis=None))
        self.extreme = not self.peak < EXTREME_SQUARE
        if self.extreme:
            # 0/0 is an outcome that is possible under neither side.
            np.maximum(self.s, TINY, out=self.s)
            np.divide(self.w, self.s, out=self.y)
            np.multiply(self.y, self.y, out=self.z)
            self.peak = float(np.maximum.reduce(self.z, axis=None))

    def excess(self) -> Floats:
        """Return Q = log(b / x) - 2y."""
        work = self.work
        q = series(self.z, self.peak, work.q)
        np.multiply(q, self.y, out=q)
        if self.peak > NEAR:
            L = self._log_ratio() if self.known_log is None else self.known_log
            far = np.subtract(L, np.add(self.y, self.y, out=work.v), out=work.v)
            select(np.greater(self.z, NEAR, out=work.mask), far, q, work.t)
        return q

    def precise_excess(self) -> Floats:
        """Return Q without the last digits that a logarithm loses between `NEAR` and `MIDDLE`.

        A sum of many terms is none the better for it; single terms, and sums of a few, are.
        """
        q = self.excess()
        middle = (self.z > NEAR) & (self.z <= MIDDLE)
        if middle.any():
            z = self.z[middle]
            g = np.zeros_like(z)
            for k in range(2 * MANY_TERMS + 1, 1, -2):
                g += 2.0 / k
                g *= z
            q[middle] = g * self.y[middle]
        return q

    def _log_ratio(self) -> Floats:
        """Return log(b / x), and 0 where x or b is zero."""
        work, x, b = self.work, self.x, self.b
        r = np.divide(b, x, out=work.v)
        L = np.log(r, out=work.t)
        # The rounding error of r, e = (b - r x) / b, nearly.
        np.subtract(r, 1.0, out=r)
        np.subtract(self.w, np.multiply(r, x, out=r), out=r)
        e = np.divide(np.add(r, r, out=r), self.s, out=r)
        np.add(L, e, out=L)
        if self.extreme:
            beyond = ~(np.abs(L) < BEYOND)
            np.putmask(L, beyond, 0.0)
            beyond &= (x > 0.0) & (b > 0.0)
            if beyond.any():
                L[beyond] = np.log(b[beyond]) - np.log(x[beyond])
        return L

    def log_mass(self, *, of_p: bool) -> Floats:
        """Return log x or log b, where log(b / x) is known; minus infinity of what has no mass."""
        assert self._log_x is not None
        assert self.known_log is not None
        log_x = self._log_x()
        return log_x if of_p else log_x + self.known_log

    def only(self) -> tuple[Bools, Bools]:
        """Return which outcomes are possible under P alone, and which under Q alone."""
        if self.known_log is None:
            no_x, no_b = self.x == 0.0, self.b == 0.0
            return no_b & ~no_x, no_x & ~no_b
        return self.known_log == -OFF, self.known_log == OFF


class Term(NamedTuple):
    """The name of a sum over outcomes from which measures are finished.

    Attributes
    ----------
    name : str
        Which of the terms of `terms`.
    turned : bool, optional
        Whether P and Q change places in the term; None where that would change nothing.
    alpha : float, optional
        The order, where the term is a power.
    """

    name: str
    turned: bool | None = None
    alpha: float | None = None

    @property
    def twin(self) -> Term:
        """The term with P and Q exchanged."""
        return self if self.turned is None else Term(self.name, not self.turned, self.alpha)

    @property
    def whole(self) -> Term:
        """The sum of the powers themselves, which comes along with their excess over 1."""
        return self._replace(name="overlap")

    @property
    def wide(self) -> bool:
        """Whether it can be as large as the square of a ratio of weights, or larger."""
        return self.name == "chi2" or (self.alpha is not None and self.alpha > 1.0)


KL_PQ, KL_QP = Term("kl", turned=False), Term("kl", turned=True)
CHI2_PQ, CHI2_QP = Term("chi2", turned=False), Term("chi2", turned=True)
JS = Term("js")
"""Four times the measure."""
TV = Term("tv")
"""Twice the measure."""
ONLY_P, ONLY_Q = Term("only", turned=False), Term("only", turned=True)
"""The numbers of outcomes that are possible under P alone, and under Q alone."""
EXTREME = Term("extreme")
"""The number of outcomes with a ratio of weights beyond 2^24."""


def power(alpha: float) -> Term:
    """Name the sum of p^alpha q^(1-alpha), less 1."""
    return Term("power", None if alpha == 0.5 else False, alpha)


HALF = power(0.5)


def terms(wanted: frozenset[Term], e: Elements) -> Iterator[tuple[Term, Floats]]:
    """Yield the terms of every wanted sum; each must be used before the next is asked for.

    The sums `ONLY_P`, `ONLY_Q` and `EXTREME` come unasked; where they do not come they are zero.
    """
    t = e.work.t
    if e.extreme:
        only_p, only_q = e.only()
        yield ONLY_P, only_p.astype(np.float64)
        yield ONLY_Q, only_q.astype(np.float64)
        yield EXTREME, (e.z >= EXTREME_SQUARE).astype(np.float64)
    if TV in wanted:
        yield TV, np.abs(e.w, out=t)
    if CHI2_PQ in wanted:
        yield CHI2_PQ, _chi2(e, e.b, -1.0)
    if CHI2_QP in wanted:
        yield CHI2_QP, _chi2(e, e.x, 1.0)
    if HALF in wanted:
        yield from _half_power(e)
    powers = [term for term in wanted if term.name == "power" and term != HALF]
    if not powers and not wanted & {KL_PQ, KL_QP, JS}:
        return
    q = e.excess()
    wy = np.multiply(e.w, e.y, out=e.work.v)
    if KL_PQ in wanted:
        xq = np.multiply(e.x, q, out=t)
        yield KL_PQ, np.subtract(wy, xq, out=xq)
    if KL_QP in wanted:
        bq = np.multiply(e.b, q, out=t)
        yield KL_QP, np.add(wy, bq, out=bq)
    for term in powers:
        yield from _power(e, q, term)
    if JS in wanted:
        yield JS, _js(e, q)


def _chi2(e: Elements, base: Floats, sign: float) -> Floats:
    """Return w^2 / base: sign is 1 where the base is x, and -1 where it is b."""
    w = e.w
    if not e.extreme and e.in_range:
        t = np.divide(w, base, out=e.work.t)
        return np.multiply(t, w, out=t)
    # The square root keeps the quotient in range.
    t = np.divide(w, np.sqrt(base, out=e.work.v), out=e.work.t)
    np.putmask(t, np.equal(w, 0.0, out=e.work.mask), 0.0)
    np.divide(t, e.root, out=t)
    np.multiply(t, t, out=t)
    if e.known_log is not None and (lost := base < LOST).any():
        v = sign * e.known_log
        half = np.exp(0.5 * v) / e.root
        far = np.where(v > 1.0, w * half * half, w / e.root / e.root * np.expm1(v))
        np.putmask(t, lost, sign * far)
        if (both := lost & (np.maximum(e.x, e.b) < LOST) & (v > 1.0)).any():
            # The square of a mass that is no double may be large beside a smaller one.
            log = e.log_mass(of_p=sign < 0.0) + v
            np.putmask(t, both, np.exp(log) * np.square(np.expm1(-v)) / e.root / e.root)
            np.putmask(t, v == OFF, np.inf)
    return t


def _js(e: Elements, q: Floats) -> Floats:
    """Return s (log(1 - y^2) + y L), or 2 (s log(1 + |y|) - min(x, b) |L|) for a large y."""
    np.add(q, e.y, out=q)
    L = np.add(q, e.y, out=q)
    t = np.negative(e.z, out=e.work.t)
    np.log1p(t, out=t)
    v = np.multiply(e.y, L, out=e.work.v)
    np.add(t, v, out=t)
    np.multiply(t, e.s, out=t)
    if e.peak > 0.5:
        np.multiply(np.abs(L, out=L), np.minimum(e.x, e.b, out=v), out=L)
        far = np.abs(e.y, out=v)
        np.log1p(far, out=far)
        np.multiply(far, e.s, out=far)
        np.subtract(far, L, out=far)
        np.add(far, far, out=far)
        select(np.greater(e.z, 0.5, out=e.work.mask), far, t, L)
    return t


def _half_power(e: Elements) -> Iterator[tuple[Term, Floats]]:
    """Yield the overlap sqrt(x b), and its excess, minus (sqrt x - sqrt b)^2 / 2."""
    rx, rb = np.sqrt(e.x, out=e.work.t), np.sqrt(e.b, out=e.work.v)
    yield HALF.whole, np.multiply(rx, rb, out=e.work.q)
    root = np.add(rx, rb, out=rx)
    if e.extreme:
        np.maximum(root, TINY, out=root)
    np.divide(e.w, root, out=root)
    yield HALF, np.multiply(root, np.multiply(root, -0.5, out=rb), out=root)


def _power(e: Elements, q: Floats, term: Term) -> Iterator[tuple[Term, Floats]]:
    """Yield x^alpha b^(1-alpha), and its excess over alpha x + (1-alpha) b.

    With v = g L, g = 1 - alpha, and psi(v) = exp(v) - 1 - v the latter is
    x psi(v) - g (w - x L) near L = 0 and x (exp(v) - 1) - g w elsewhere.  Orders below 1/2
    exchange the sides, which keeps g out of the reach of 1, where the two parts cancel; a turned
    term exchanges them once more.
    """
    x, b, w, alpha = e.x, e.b, e.w, term.alpha or 0.0
    g = alpha if alpha < 0.5 else 1.0 - alpha
    L = q + 2.0 * e.y
    if (alpha < 0.5) == bool(term.turned):
        excess = w * e.y - x * q
    else:
        excess = w * e.y + b * q
        x, b, w, L = b, x, -w, -L
    v = g * L
    size = np.abs(v)
    gain, ratio = np.expm1(v), np.exp(v)
    # A power of the ratio is better than the exponential of a large product.
    far = (size > 1.0) & (np.abs(L) < 700.0)
    if e.known_log is not None:
        far &= (np.minimum(x, b) >= LOST) & (np.abs(L) > 4.0)
    select(far, np.power(b / x, g), ratio, None)
    select(far, ratio - 1.0, gain, None)
    surplus = x * gain - g * w
    near = (np.abs(L) <= 2.0) & (size <= 1.0)
    select(near, x * exp_excess(v) - g * excess, surplus, None)
    whole = x * ratio
    if e.extreme:
        only_p, only_q = e.only()
        one_sided = only_p | only_q
        np.putmask(whole, one_sided, 0.0)
        np.putmask(surplus, one_sided, -(1.0 - g) * x - g * b)
        np.putmask(surplus, e.s == TINY, 0.0)
        if e.known_log is not None and (x < LOST).any():
            # The power of a mass that is no double may be one.
            v = g * (e.known_log if x is e.x else -e.known_log)
            lost = (x < LOST) & (np.abs(v) > 1.0) & ~one_sided
            np.putmask(whole, lost, np.exp(e.log_mass(of_p=x is e.x) + v))
            np.putmask(surplus, lost, whole - x - g * w)
    if alpha > 1.0 and not (e.in_range and np.isfinite(whole).all()):
        root = e.root
        # In halves: the power of a ratio may leave the range where the product does not.
        half = np.where(far, np.power(b / x, 0.5 * g), np.exp(0.5 * v)) / root
        large, beyond = x * half * half, np.isinf(whole)
        np.putmask(large, x == 0.0, np.inf)
        surplus = np.where(beyond, large, surplus / root / root)
        whole = np.where(beyond, large, whole / root / root)
    yield term.whole, whole
    yield term, surplus


def exp_excess(v: Floats) -> Floats:
    """Return exp(v) - 1 - v for |v| <= 1: a series at v/2, doubled by e^2 + 2e = exp(2h) - 1."""
    h = 0.5 * v
    series = np.full_like(h, 1.0 / 87178291200.0)
    factorial = 87178291200.0
    for n in range(14, 2, -1):
        factorial /= n
        series = series * h + 1.0 / factorial
    series *= h * h
    gain = series + h
    return gain * gain + 2.0 * series
