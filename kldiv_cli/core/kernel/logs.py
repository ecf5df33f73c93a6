"""Both sides in one unit, where one side or both are logarithmic: logits or log-probabilities.

No softmax is subtracted from another.  With the masses x = exp((z_p - max z_p) / T) of P and
the difference D = z_q - z_p as an exact sum of two doubles, for any centre mu,

    v = (D - mu) / T,    c = log sum x exp(v) / sum x,    log(q / p) = v - c,

and where P and Q are nearly equal c is log1p of a sum of x (exp(v) - 1), small beside v.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from kldiv_cli.core.kernel import blocks, twofold
from kldiv_cli.core.kernel.blocks import NotWeightsError, Piece, Weights, bands, pieces, row_sums
from kldiv_cli.core.kernel.elements import OFF, Elements, Pair, Term, Work, select, terms
from kldiv_cli.core.kernel.twofold import Bools, Floats, Indices, Twofold
from kldiv_cli.tuples import NamedTuple

ENOUGH = 0.02
"""From this divergence on the last digits of exponentials are worth next to nothing."""
REACH = 2.0**11
"""Logs of ratios that are larger are of an outcome with no mass under one side in doubles."""
FAR = 8.0
"""How large logs of ratios may be before the last digits of their exponentials count."""
LONG = 1 << 18
"""Rows up to this length are held at once, in some megabytes."""
TURNED = 128
"""Rows up to this length are laid beside each other, so that the loops of NumPy stay long."""


class Side(NamedTuple):
    """One side of a question: N rows of weights, or of their logarithms times the temperature.

    Attributes
    ----------
    weights : Weights
        The numbers.
    logarithmic : bool
        Whether they are logarithms.
    temperature : float
        T, by which logarithms are divided.
    """

    weights: Weights
    logarithmic: bool
    temperature: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and of outcomes, N and K."""
        return self.weights.shape

    def log_extent(self) -> float:
        """Return the largest log of a weight, in size."""
        extent = 0.0
        for piece in pieces(self.shape):
            a, _ = self.weights.block(piece, None)
            log = a / self.temperature if self.logarithmic else np.log(a)
            extent = max(extent, float(np.abs(log[np.isfinite(log)]).max(initial=0.0)))
        return extent

    def take(self, rows: Indices) -> Side:
        """Return a side with these rows alone."""
        return self._replace(weights=self.weights.take(rows))

    def top(self, band: list[Piece]) -> Floats:
        """Return the largest log weight of each row; 0 for weights, which are their own masses."""
        if not self.logarithmic:
            return np.zeros((band[0].shape[0], 1))
        tops = [self.weights.block(piece, None)[0].max(axis=1) for piece in band]
        top: Floats = np.maximum.reduce(tops)
        if not np.isfinite(top).all():
            raise NotWeightsError
        return top[:, None]

    def masses(self, piece: Piece, top: Floats) -> Floats:
        """Return exp((z - top) / T), the argument to twice a double's digits; or the weights."""
        z, _ = self.weights.block(piece, None)
        if not self.logarithmic:
            blocks.require_weights(z)
            return z
        h, low = twofold.two_sum(z, -top)
        if self.temperature != 1.0:
            h, low = _divided(h, low, self.temperature)
        x = np.exp(h)
        low *= x
        np.putmask(low, x == 0.0, 0.0)
        return x + low

    def logs(self, piece: Piece) -> tuple[Floats, Floats | None]:
        """Return log weights times the temperature; -inf where there is no mass."""
        high, low = self.weights.block(piece, None)
        if self.logarithmic:
            return high, None
        rest = np.zeros_like(high) if low is None else low
        z = twofold.log(Twofold(np.where(high > 0.0, high, 1.0), rest))
        z = twofold.multiply(z, Twofold(np.full_like(high, self.temperature), 0.0 * rest))
        np.putmask(z.high, high == 0.0, -np.inf)
        return z


class Centre(NamedTuple):
    """The numbers of whole rows, each of shape (rows, 1); mu is `mean`, and T c is `rest`."""

    top_p: Floats
    top_q: Floats
    mass_p: Floats
    mass_q: Floats
    mean: Floats
    rest: Twofold


class Loaded(NamedTuple):
    """The numbers of one piece: masses, z_q - z_p in two parts, and where a log is -inf."""

    x: Floats
    b: Floats
    d: Floats
    rest: Floats
    only_p: Bools | None
    only_q: Bools | None


class PairOfLogs:
    """Two sides, one or both logarithmic: pieces of x and of b, with w and log(b / x)."""

    def __init__(self, p: Side, q: Side) -> None:
        self.p, self.q, self.shape = p, q, p.shape
        self.total = np.empty(p.shape[0])
        self.unit = np.ones(p.shape[0])
        self.exact = np.zeros(p.shape[0], bool)
        self._T = (p if p.logarithmic else q).temperature
        self._last: tuple[Piece, Loaded] | None = None

    def sums(self, wanted: frozenset[Term]) -> blocks.RowSums:
        """Add up every wanted term by row, in units of `total`."""
        sums = blocks.RowSums(self.shape)
        for band in bands(self.shape):
            centre = self.centre(band)
            self.total[band[0].rows] = centre.mass_p[:, 0]
            for piece in band:
                for term, values in terms(wanted, Elements(self.piece(piece, centre), Work())):
                    sums.add(term, piece, values)
        return sums

    def piece(self, piece: Piece, centre: Centre) -> Pair:
        """Return x, b, w and log(b / x) of one piece."""
        it = self._load(piece, centre.top_p, centre.top_q)
        L = self._log_ratio(it, centre.mean, centre.rest, OFF)
        b = it.b * (centre.mass_p / centre.mass_q)
        root = np.sqrt(self.unit[piece.rows, None])

        def log_x() -> Floats:
            return np.asarray((self.p.logs(piece)[0] - centre.top_p) / self._T)

        return Pair(it.x, b, (it.x + b) * np.tanh(0.5 * L), root, L, log_x)

    def centre(self, band: list[Piece]) -> Centre:
        """Return c: first the mean of D, then twice the part of log E exp(v) beyond it.

        In that mean a log that is out of reach counts as one that just is not: beside the least
        number there is, which masks a logit, the logs of all other outcomes would be lost.
        """
        top_p, top_q, T = self.p.top(band), self.q.top(band), self._T

        def total(term: Callable[[Loaded], Floats]) -> Floats:
            parts = (row_sums(term(self._load(piece, top_p, top_q))) for piece in band)
            return np.asarray(sum(parts))[:, None]

        mass_p, mass_q = total(lambda it: it.x), total(lambda it: it.b)
        for mass in (mass_p, mass_q):
            if not np.all((mass > 0.0) & (mass < np.inf)):
                raise NotWeightsError
        tops = twofold.two_sum(top_q, -top_p)
        zero = np.zeros_like(top_p)
        # Two parts, so that c may be small beside the last bit of the mean.
        mean, rest = zero, Twofold(zero, zero)

        def log_ratio(it: Loaded, off: float) -> Floats:
            return self._log_ratio(it, mean, rest, off)

        def bounded(step: Floats) -> Floats:
            """Return a step inside the range of v, so that a constant leaves no rest."""
            low, high = np.inf, -np.inf
            for piece in band:
                v = log_ratio(self._load(piece, top_p, top_q), OFF)
                low = np.minimum(low, v.min(axis=1, keepdims=True))
                high = np.maximum(high, v.max(axis=1, keepdims=True))
            return np.asarray(T * np.minimum(np.maximum(step, low), high))

        middle = tops.high / T

        def in_reach(it: Loaded) -> Floats:
            return np.clip(log_ratio(it, 0.0), middle - REACH, middle + REACH)

        mean = bounded(total(lambda it: it.x * in_reach(it)) / mass_p)
        for _ in range(2):
            apart = (((tops.high - mean) - rest.high) + (tops.low - rest.low)) / T

            def gain(it: Loaded, apart: Floats = apart) -> Floats:
                v = log_ratio(it, OFF)
                gain = it.x * np.expm1(v)
                # A small mass times a large exponential is better known from the other side.
                np.putmask(gain, v > 1.0, it.b * np.exp(apart) - it.x)
                return gain

            c = np.log1p(total(gain) / mass_p)
            c = np.where((c > -0.5) & (c < 300.0), c, apart + np.log(mass_q / mass_p))
            rest = twofold.add(rest, Twofold(bounded(c), zero))
        return Centre(top_p, top_q, mass_p, mass_q, mean, rest)

    def _load(self, piece: Piece, top_p: Floats, top_q: Floats) -> Loaded:
        if self._last is None or self._last[0] is not piece:
            (zp, lp), (zq, lq) = self.p.logs(piece), self.q.logs(piece)
            d, rest = twofold.two_sum(zq, -zp)
            for low, sign in ((lq, 1.0), (lp, -1.0)):
                if low is not None:
                    rest = rest + sign * low
            only_p = only_q = None
            if not np.isfinite(np.add.reduce(d, axis=None)):
                no_p, no_q = zp == -np.inf, zq == -np.inf
                only_p, only_q = no_q & ~no_p, no_p & ~no_q
                np.putmask(d, no_p | no_q, 0.0)
                np.putmask(rest, no_p | no_q, 0.0)
            masses = self.p.masses(piece, top_p), self.q.masses(piece, top_q)
            self._last = piece, Loaded(*masses, d, rest, only_p, only_q)
        return self._last[1]

    def _log_ratio(self, it: Loaded, mean: Floats, rest: Twofold, off: float) -> Floats:
        """Return (D - mean - rest) / T, and minus or plus `off` where one side has no mass."""
        d, low = twofold.two_sum(it.d, -mean)
        d, low = twofold.two_sum(d, low + it.rest)
        v = d - rest.high
        v += low - rest.low
        v /= self._T
        if it.only_p is not None and it.only_q is not None:
            np.putmask(v, it.only_p, -off)
            np.putmask(v, it.only_q, off)
        return v


class Softened(NamedTuple):
    """Two sides of logits, softened: the numbers of one piece, laid as `turned` says.

    Attributes
    ----------
    x, mass : ndarray
        Masses of P, and their sums by row.
    v : ndarray
        log(q / p) less its mean under P.
    x_psi : ndarray
        x (exp(v) - 1 - v).
    kl : ndarray
        D(P || Q) by row, nan where only the general path serves.
    far_apart : bool
        Whether no row needed a series.
    """

    x: Floats
    mass: Floats
    v: Floats
    x_psi: Floats
    kl: Floats
    far_apart: bool


def turned(shape: tuple[int, int]) -> bool:
    """Return whether rows of this shape are columns while they are worked on."""
    return shape[1] <= TURNED


def kl_of_logits(p: Side, q: Side) -> Floats:
    """Return D(P || Q) of two sides of logits by row, nan where only the general path serves."""
    result = np.empty(p.shape[0])
    for piece, it in softened(p, q):
        result[piece.rows] = it.kl.ravel()
    return result


def softened(p: Side, q: Side) -> Iterator[tuple[Piece, Softened]]:
    """Yield what D(P || Q) is made of, in memory that the next piece overwrites.

    D(P || Q) is log E exp(v) for v = (D - E D) / T, E being the mean under P.  Only the excess
    of E exp(v) over 1 is added up: E psi(v) with psi(v) = exp(v) - 1 - v >= 0, since E v = 0.
    """
    buffers = blocks.Buffers()
    far_apart = True
    for piece in pieces(p.shape, whole=True):
        with np.errstate(all="ignore"):
            it = _softened(p, q, piece, buffers, far_apart)
        far_apart = it.far_apart
        yield piece, it


def _softened(
    p: Side, q: Side, piece: Piece, buffers: blocks.Buffers, far_apart: bool
) -> Softened:
    """See `softened`; `far_apart` says whether the rows before needed no series."""
    T = p.temperature
    turn = turned(piece.shape)
    axis = 0 if turn else 1
    zp, zq = p.weights.block(piece, None)[0], q.weights.block(piece, None)[0]
    work = buffers[piece.shape[::-1] if turn else piece.shape]
    if turn:
        zp, zq = _copy(zp.T, work.a), _copy(zq.T, work.b)

    def mean(values: Floats, axis: int = axis) -> Floats:
        return np.add.reduce(values, axis=axis, keepdims=True)

    # The masses x = exp((z - top) / T), the argument corrected for its rounding.
    top = np.maximum.reduce(zp, axis=axis, keepdims=True)
    h = np.subtract(zp, top, out=work.x)
    low = _lost(zp, top, h, work.t, work.v)
    if T != 1.0:
        h, low = _divided(h, low, T)
    x = np.exp(h, out=h)
    np.add(x, np.multiply(x, low, out=low), out=x)
    mass = mean(x)
    # D - mu, and the rounding error of the subtraction of logits.
    d = np.subtract(zq, zp, out=work.w)
    rest = _lost(zq, zp, d, work.t, work.v)
    mu = mean(np.multiply(x, d, out=work.v)) / mass
    v = np.subtract(d, mu, out=d)
    np.add(v, rest, out=v)
    if T != 1.0:
        np.divide(v, T, out=v)
    np.subtract(v, mean(np.multiply(x, v, out=work.v)) / mass, out=v)
    # Rows that only the general path serves are nan, and say nothing about the others.
    size = np.fmax(np.fmax.reduce(v, axis=None), -np.fmin.reduce(v, axis=None))
    kl, psi = np.full_like(mass, np.nan), v
    if far_apart and size > 0.2:
        psi = np.subtract(np.expm1(v, out=work.t), v, out=work.t)
        kl = np.log1p(mean(np.multiply(x, psi, out=psi)) / mass)
        np.putmask(kl, ~((kl >= ENOUGH) & (kl < np.inf)), np.nan)
    far_apart = far_apart and not np.isnan(kl).any()
    if not far_apart:
        psi = _psi(v, size, work)
        rest = np.log1p(mean(np.multiply(x, psi, out=psi)) / mass)
        np.copyto(kl, rest, where=np.isnan(kl))
    # Logits that differ by little beside a constant: the rounding error of mu may count.
    np.putmask(kl, (kl > 0.0) & (kl < (2.0**-40 * mu) ** 2), np.nan)
    if size > FAR:
        # The rounding of a large v counts, unless the divergence is as large.
        size = np.maximum.reduce(np.abs(v, out=work.s), axis=axis, keepdims=True)
        np.putmask(kl, ~(size <= FAR * np.maximum(kl, 1.0)) | (kl == np.inf), np.nan)
    return Softened(x, mass, v, psi, kl, far_apart)


def _copy(values: Floats, out: Floats | None) -> Floats:
    out = np.empty(values.shape) if out is None else out
    np.copyto(out, values)
    return out


def _divided(h: Floats, low: Floats, T: float) -> Twofold:
    """Return (h + low) / T, to twice a double's digits; the memory of both may be used."""
    if math.frexp(T)[0] == 0.5:
        # A power of two divides exactly.
        return Twofold(np.divide(h, T, out=h), np.divide(low, T, out=low))
    quotient = h / T
    back = twofold.two_product(quotient, np.full_like(h, T))
    return Twofold(quotient, ((h - back.high) - back.low + low) / T)


def _lost(a: Floats, b: Floats, d: Floats, t: Floats | None, v: Floats | None) -> Floats:
    """Return the rounding error of the difference d of a and b, exactly."""
    v = np.subtract(d, a, out=v)
    t = np.subtract(d, v, out=t)
    np.subtract(a, t, out=t)
    np.add(v, b, out=v)
    return np.subtract(t, v, out=t)


def _psi(v: Floats, size: float, work: Work) -> Floats:
    """Return exp(v) - 1 - v: by a series, or as it stands where v is far from 0."""
    terms = next((n for n in range(2, 14) if size**n / math.factorial(n + 2) < 1e-17), 14)
    psi = np.multiply(v, 1.0 / math.factorial(terms + 1), out=work.t)
    for n in range(terms, 2, -1):
        np.add(psi, 1.0 / math.factorial(n), out=psi)
        np.multiply(psi, v, out=psi)
    np.add(psi, 0.5, out=psi)
    np.multiply(psi, v, out=psi)
    np.multiply(psi, v, out=psi)
    if size > 0.6:
        far = np.expm1(v, out=work.v)
        np.subtract(far, v, out=far)
        near = np.less(np.abs(v, out=work.s), 0.6, out=work.mask)
        select(near, psi, far, work.s)
        return far
    return psi
