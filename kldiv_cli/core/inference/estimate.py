"""The estimate of D(P || Q) from two samples, and the law of its errors.

With c = 1/n + 1/m: where P = Q, 2 D/c of the plug-in estimate is asymptotically chi-square with
K - 1 degrees of freedom; elsewhere its variance is that of the delta method.  A scaled
noncentral chi-square has both, and is the one law used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.chisquare import noncentral_cdf
from kldiv_cli.core.inference.truncation import estimated_surprisal, surprisal
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.inference.samples import Floats, Samples

_CELLS = 50_000
"""Numbers in one block of the curve along which the variance is computed."""


def divergence(samples: Samples) -> float:
    """Return the estimate of D(P || Q), exactly unbiased at P = Q.

    The estimate of Zhang and Grabchak (Neural Comput. 26, 2014) with both series cut off
    after the same L = min(n - 1, m) terms:

        D = sum (x/n) [S_L(y; m) - S_L(x - 1; n - 1)]

    Each term estimates without bias p times a truncated -ln q or -ln p; at P = Q they
    cancel in the mean, for any n, m and K. Finite where y = 0 < x; negative at times.

    Returns
    -------
    float
        In nats. Infinite if the reference is known to be without an outcome that was seen.
    """
    if samples.outcomes == 1:
        return 0.0
    seen = samples.x > 0
    x, y, p = samples.x[seen], samples.y[seen], samples.p[seen]
    n, m = samples.n, samples.m
    order, known_p, known_q = min(n - 1, m), math.isinf(n), math.isinf(m)
    if known_q and not y.all():
        return math.inf
    minus_log_q = surprisal(y, order) if known_q else estimated_surprisal(y, m, order)
    minus_log_p = surprisal(x, order) if known_p else estimated_surprisal(x - 1, n - 1, order)
    return math.fsum(p * (minus_log_q - minus_log_p))


def correction(samples: Samples) -> float:
    """Return the part of D(P || Q) that `divergence` lacks among rare outcomes, to first order.

    The series are cut off where (1-q)^L and (1-p)^L are not yet small: this part is
    sum p [E1(L q) - E1(L p)], about sum (p - q) e^(-L (p+q)/2). The estimate of it has
    a mean of exactly 0 at P = Q: no bias is added there.
    """
    current, reference = samples.missed()
    return math.fsum(current - reference)


class Law(NamedTuple):
    """The sampling distribution of an estimate D, for any true divergence t.

    With unit u and nu degrees of freedom at P = Q, D/(u r) + nu/r^2 is distributed as a
    noncentral chi-square with nu/r^2 degrees of freedom and noncentrality t/(u r): mean t, and
    the variance of the null law, 2 nu u^2, plus 4 u r t. Of D(P || Q) the unit is c/2, and nu
    is K - 1.

    Attributes
    ----------
    value : float
        The estimate.
    unit : float
        u, in nats where the divergence is.
    degrees : float
        nu.
    offsets : ndarray of float64
        True divergences, less `value`.
    ratios : ndarray of float64
        r there, the variance away from P = Q in units of 4 u t; constant beyond the ends.
    """

    value: float
    unit: float
    degrees: float
    offsets: Floats
    ratios: Floats

    def ratio(self, truth: float) -> float:
        """Return r, were the divergence `truth`."""
        return float(np.interp(truth - self.value, self.offsets, self.ratios))

    def cdf(self, truth: float) -> float:
        """Return the probability of an estimate as small as this one, were `truth` the truth."""
        r = self.ratio(truth)
        degrees, unit = self.degrees / r**2, 1 / (self.unit * r)
        return noncentral_cdf(unit * self.value + degrees, degrees, unit * truth)

    def limit(self, probability: float) -> float:
        """Return the divergence at which `cdf` has this value; 0 if it never is so large.

        By false position on the log-odds, which are less bent than the probabilities, with the
        weights of Illinois (Dowell and Jarratt, BIT 11, 1971); every eighth step is a bisection.
        """

        def excess(truth: float) -> float:
            p = min(max(self.cdf(truth), 1e-300), 1 - 1e-16)
            return math.log(p / (1 - p)) - wanted

        wanted = math.log(probability / (1 - probability))
        low, high = 0.0, max(self.value, 0.0) + 2 * self.unit * (self.degrees + 1)
        if (above := excess(low)) <= 0:
            return 0.0
        while (below := excess(high)) > 0:
            low, high, above = high, 2 * high, below
        step, middle, last = 0, high, 0.0
        while high - low > 1e-10 * high:
            step += 1
            middle = low + (above / (above - below) if step % 8 else 0.5) * (high - low)
            found = excess(middle)
            if abs(found) <= 1e-12 or not low < middle < high:
                break
            if found > 0:
                low, above, below = middle, found, below / 2 if last > 0 else below
            else:
                high, below, above = middle, found, above / 2 if last < 0 else above
            last = found
        return middle


class Curve(NamedTuple):
    """How the variance of an estimate depends on the divergence, for the samples at hand.

    Attributes
    ----------
    unit : float
        That of the law, see `Law`.
    outcomes : int
        K.
    offsets, excess : ndarray of float64, shape (33,)
        Plug-in divergences along the curve, less that of the samples, and V/(4u) - D' there.
    """

    unit: float
    outcomes: int
    offsets: Floats
    excess: Floats

    def law(self, value: float, kappa: float = 1.0) -> Law:
        """Return the law of an estimate whose null variance is kappa times 2 u^2 (K - 1)."""
        degrees = self.outcomes - 1
        noise = 2 * self.unit * math.sqrt(degrees / 2)
        spread = np.maximum(value + self.offsets, 0) + noise
        with np.errstate(over="ignore"):
            ratios = np.clip(1 + self.excess / spread, 0.2, 20) if noise else np.ones_like(spread)
        return Law(value, self.unit, kappa * degrees, self.offsets, ratios)


Moments = Callable[["Floats", "Floats", float, float], tuple["Floats", "Floats"]]
"""From ln p and ln q, a row for each place along the curve, and the sizes of both samples:
the plug-in divergence, and the delta variance of its estimate."""


def kullback_leibler(log_p: Floats, log_q: Floats, n: float, m: float) -> tuple[Floats, Floats]:
    """Return D(P || Q), and its delta variance Var_P(ln p/q)/n + (sum p^2/q - 1)/m."""
    p, ratio = np.exp(log_p), log_p - log_q
    mean = (p * ratio).sum(axis=1)
    spread = (p * (ratio - mean[:, np.newaxis]) ** 2).sum(axis=1)
    square = np.exp(log_p + ratio).sum(axis=1) - 1
    return mean, spread / n + square / m


def jeffreys(log_p: Floats, log_q: Floats, n: float, m: float) -> tuple[Floats, Floats]:
    """Return J = D(P || Q) + D(Q || P) and its delta variance.

    With the slopes ln p/q - q/p and -ln p/q - p/q it is

        [Var_P(ln p/q) + (sum q^2/p - 1) + 2J]/n + [Var_Q(ln p/q) + (sum p^2/q - 1) + 2J]/m.
    """
    ratio = log_p - log_q
    means, parts = [], []
    for log_side, sign, rows in ((log_p, 1, n), (log_q, -1, m)):
        side = np.exp(log_side)
        mean = (side * ratio).sum(axis=1)
        spread = (side * (ratio - mean[:, np.newaxis]) ** 2).sum(axis=1)
        square = np.exp(log_side - 2 * sign * ratio).sum(axis=1) - 1
        means.append(mean)
        parts.append((spread + square) / rows)
    both = means[0] - means[1]
    return both, parts[0] + parts[1] + 2 * both * (1 / n + 1 / m)


def variance_curve(samples: Samples, moments: Moments, unit: float) -> Curve:
    """Return how the variance depends on the divergence.

    The delta variance V of the plug-in estimate, with add-1/2 weights,

        r = 1 + (V/(4u) - D') / (D + 2u sqrt((K-1)/2)),

    is taken where the truth is supposed to be, not where the sample happens to be: p and q
    are moved along the exponential family that joins them, each as far as it is uncertain,
    so that ln p/q is multiplied by 1 + s. (A sample with few rows of a rare outcome would
    otherwise make itself look more certain than it is.) D' is the plug-in divergence there;
    the noise of many outcomes inflates V/(4u) and D' alike, and cancels.

    Parameters
    ----------
    samples : Samples
        Counts of both sides.
    moments : callable
        The divergence and its delta variance.
    unit : float
        u: at P = Q, D/u is about chi-square with K - 1 degrees of freedom.
    """
    known_p, known_q = math.isinf(samples.n), math.isinf(samples.m)
    # Of many outcomes most have the same few counts: those have one ratio, and are taken as one.
    pairs, times = np.unique(samples.x + 1j * samples.y, return_counts=True)
    p = pairs.real if known_p else (pairs.real + 0.5) / (samples.n + samples.outcomes / 2)
    q = pairs.imag if known_q else (pairs.imag + 0.5) / (samples.m + samples.outcomes / 2)
    both = (p > 0) & (q > 0)
    log_p, log_q = np.log((times * p)[both]), np.log((times * q)[both])
    part = 1 / (samples.n * samples.scale)
    steps = np.linspace(-1, 1, 33)
    plug_in, variance = np.zeros_like(steps), np.zeros_like(steps)
    at_once = max(_CELLS // len(log_p), 1)
    for first in range(0, len(steps), at_once):
        some = slice(first, first + at_once)
        shift = steps[some, np.newaxis] * (log_p - log_q)
        log_a = _normalised(log_p + part * shift)
        log_b = _normalised(log_q - (1 - part) * shift)
        with np.errstate(over="ignore"):
            plug_in[some], variance[some] = moments(log_a, log_b, samples.n, samples.m)
    offsets = plug_in - plug_in[len(steps) // 2]
    excess = variance / (4 * unit) - plug_in
    return Curve(unit, samples.outcomes, offsets, excess)


def _normalised(logarithms: Floats) -> Floats:
    shifted: Floats = logarithms - logarithms.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted
