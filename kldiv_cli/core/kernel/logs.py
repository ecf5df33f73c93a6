"""Sides given as logarithms of weights: logits or log-probabilities, or one of each kind.

No softmax is subtracted from another: with the masses x = exp(z_p - max z_p) of P, the
difference D = z_q - z_p as an exact sum of two doubles, and any centre mu,

    v = (D - mu) / T,    c = log sum x exp(v) / sum x,    log(q / p) = v - c,

and where P and Q are nearly equal c is log1p of a sum of x (exp(v) - 1), small beside v.
"""

from __future__ import annotations

import numpy as np

from kldiv_cli.core.kernel import twofold
from kldiv_cli.core.kernel.blocks import (
    Buffers,
    NotWeightsError,
    RowSums,
    Weights,
    pieces,
    row_sums,
    totals,
)
from kldiv_cli.core.kernel.elements import Pair, Work
from kldiv_cli.core.kernel.twofold import Floats, Twofold

LOST = 1e-300
"""Masses below this, in units of the largest, have underflowed or are about to."""


class Side:
    """One side: log weights in units of the temperature, and masses up to a factor."""

    def __init__(self, weights: Weights, logarithmic: bool, temperature: float) -> None:
        self.weights = weights
        self.logarithmic = logarithmic
        self.temperature = temperature
        self.shape = weights.shape

    def logs(self, rows: slice, outcomes: slice) -> tuple[Floats, Floats | None]:
        """Log weights times the temperature."""
        high, low = self.weights.block(rows, outcomes, None)
        if self.logarithmic:
            return high, low
        zero = np.zeros_like(high)
        z = twofold.log(Twofold(np.where(high > 0.0, high, 1.0), zero if low is None else low))
        if self.temperature != 1.0:
            z = twofold.multiply(z, Twofold(np.full_like(high, self.temperature), zero))
        np.putmask(z.high, high == 0.0, -np.inf)
        return z

    def top(self, rows: slice, chunks: list[slice]) -> Floats:
        """The largest log weight of each row; 0 for weights, which need no such care."""
        if not self.logarithmic:
            return np.zeros((rows.stop - rows.start, 1))
        tops = [self.weights.block(rows, part, None)[0].max(axis=1) for part in chunks]
        top = np.max(tops, axis=0)
        if not np.all(np.isfinite(top)):
            raise NotWeightsError
        return top[:, None]

    def masses(self, rows: slice, outcomes: slice, top: Floats) -> Floats:
        """exp((z - top) / T), or the weights themselves."""
        z, _ = self.weights.block(rows, outcomes, None)
        if not self.logarithmic:
            return z
        d = twofold.two_sum(z, -top)
        low = np.where(z == -np.inf, 0.0, d.low)
        if self.temperature == 1.0:
            h = d.high
        else:
            h = d.high / self.temperature
            back = twofold.two_product(h, np.full_like(h, self.temperature))
            low = np.where(z == -np.inf, 0.0, (d.high - back.high) - back.low + low)
            low /= self.temperature
        mass = np.exp(h)
        return mass + mass * low


class PairOfLogs:
    """Pieces of x and b in one unit, with w and log(b / x), where one side is logarithmic."""

    def __init__(self, p: Side, q: Side) -> None:
        self.p, self.q = p, q
        self.shape = p.shape
        rows = p.shape[0]
        self._top_p, self._top_q = np.empty((rows, 1)), np.empty((rows, 1))
        self._unit, self._centre, self._shift = (np.empty((rows, 1)) for _ in range(3))
        self.total_p = self.total_q = Twofold(np.empty(rows), np.zeros(rows))
        grouped: dict[tuple[int, int], list[slice]] = {}
        for rows_, part in pieces(*p.shape):
            grouped.setdefault((rows_.start, rows_.stop), []).append(part)
        for (start, stop), chunks in grouped.items():
            self._centre_rows(slice(start, stop), chunks)

    def _centre_rows(self, rows: slice, chunks: list[slice]) -> None:
        p, q, T = self.p, self.q, self.p.temperature
        top_p, top_q = p.top(rows, chunks), q.top(rows, chunks)

        def total(f):  # type: ignore[no-untyped-def]
            return np.sum([f(part) for part in chunks], axis=0)[:, None]

        mass_p = total(lambda c: row_sums(p.masses(rows, c, top_p)))
        mass_q = total(lambda c: row_sums(q.masses(rows, c, top_q)))
        for mass in (mass_p, mass_q):
            if not (np.all(mass > 0.0) and np.all(mass < np.inf)):
                raise NotWeightsError
        mu = total(lambda c: self._mean(rows, c, top_p, 0.0, 0.0, 1.0)) / mass_p
        shift = total(lambda c: self._mean(rows, c, top_p, mu, 0.0, T)) / mass_p
        gain = total(lambda c: self._gain(rows, c, top_p, top_q, mu, shift))
        with np.errstate(all="ignore"):
            c = np.log1p(gain / mass_p)
        far = ((top_q - top_p) - mu) / T - shift + np.log(mass_q / mass_p)
        shift = shift + np.where(np.abs(c) < 300.0, c, far)
        self._top_p[rows], self._top_q[rows] = top_p, top_q
        self._unit[rows] = mass_p / mass_q
        self._centre[rows], self._shift[rows] = mu, shift
        self.total_p.high[rows] = mass_p[:, 0]

    def _difference(self, rows: slice, part: slice, mu: object, shift: object, T: float) -> Floats:
        """(z_q - z_p - mu) / T - shift; plus or minus 1e5 where only one side is possible."""
        (zp, lp), (zq, lq) = self.p.logs(rows, part), self.q.logs(rows, part)
        d = twofold.two_sum(zq, -zp)
        rest = d.low
        if lq is not None:
            rest = rest + lq
        if lp is not None:
            rest = rest - lp
        v = ((d.high - mu) + rest) / T - shift  # type: ignore[operator]
        if not np.all(np.isfinite(v)):
            v = np.where(zp == -np.inf, np.where(zq == -np.inf, 0.0, 1e5), v)
            v = np.where((zq == -np.inf) & (zp > -np.inf), -1e5, v)
        return v

    def _mean(self, rows, part, top_p, mu, shift, T):  # type: ignore[no-untyped-def]
        v = self._difference(rows, part, mu, shift, T)
        x = self.p.masses(rows, part, top_p)
        return row_sums(np.where(np.abs(v) == 1e5, 0.0, x * v))

    def _gain(self, rows, part, top_p, top_q, mu, shift):  # type: ignore[no-untyped-def]
        """The part's share in sum x (exp(v) - 1), v = (D - mu) / T - shift."""
        T = self.p.temperature
        v = self._difference(rows, part, mu, shift, T)
        x = self.p.masses(rows, part, top_p)
        b = self.q.masses(rows, part, top_q)
        with np.errstate(all="ignore"):
            off = b * np.exp(((top_q - top_p) - mu) / T - shift)
            return row_sums(np.where(x < LOST, np.where(b > 0.0, off, 0.0), x * np.expm1(v)))

    def piece(self, rows: slice, outcomes: slice, work: Work, buffers: list[Floats | None]) -> Pair:
        """x, b, w and log(b / x) of one piece."""
        x = self.p.masses(rows, outcomes, self._top_p[rows])
        b = self.q.masses(rows, outcomes, self._top_q[rows]) * self._unit[rows]
        T = self.p.temperature
        L = self._difference(rows, outcomes, self._centre[rows], self._shift[rows], T)
        return Pair(x, b, (x + b) * np.tanh(0.5 * L), L)
