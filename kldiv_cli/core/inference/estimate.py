"""The estimate of D(P || Q) from two samples, and the law of its errors.

With c = 1/n + 1/m: where P = Q, 2 D/c of the plug-in estimate is asymptotically chi-square with
K - 1 degrees of freedom; elsewhere its variance is that of the delta method.  A scaled
noncentral chi-square has both, and is the one law used here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kldiv_cli.core.inference.chisquare import noncentral_cdf
from kldiv_cli.core.inference.truncation import estimated_surprisal, surprisal

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
    """The sampling distribution of an estimate D, for any true divergence.

    With c = 1/n + 1/m and nu = (K-1)/r^2, 2 D/(c r) + nu is distributed as a noncentral
    chi-square with nu degrees of freedom and noncentrality 2 kl/(c r), were `kl` the truth:
    mean kl, and the variance of the null law plus 2 c r kl.

    Attributes
    ----------
    kl : float
        The estimate.
    scale : float
        c.
    outcomes : int
        K.
    offsets, excess : ndarray of float64, shape (33,)
        True divergences, less `kl`, and V/(2c) - D' there.
    ratios : ndarray of float64, shape (33,)
        r there; constant beyond the ends.
    """

    kl: float
    scale: float
    outcomes: int
    offsets: Floats
    excess: Floats
    ratios: Floats

    def of(self, kl: float) -> Law:
        """Return the law of another estimate from the same samples."""
        noise = self.scale * math.sqrt((self.outcomes - 1) / 2)
        unit = np.maximum(kl + self.offsets, 0) + noise
        with np.errstate(over="ignore"):
            ratios = np.clip(1 + self.excess / unit, 0.2, 20) if noise else np.ones_like(unit)
        return self._replace(kl=kl, ratios=ratios)

    def ratio(self, kl: float) -> float:
        """Return r, the variance away from P = Q in units of 2 c kl, were `kl` the truth."""
        return float(np.interp(kl - self.kl, self.offsets, self.ratios))

    def cdf(self, kl: float) -> float:
        """Return the probability of an estimate as small as this one, were `kl` the truth."""
        r = self.ratio(kl)
        degrees, unit = (self.outcomes - 1) / r**2, 2 / (self.scale * r)
        return noncentral_cdf(unit * self.kl + degrees, degrees, unit * kl)

    def limit(self, probability: float) -> float:
        """Return the divergence at which `cdf` has this value; 0 if it never is so large.

        By false position on the log-odds, which are less bent than the probabilities, with the
        weights of Illinois (Dowell and Jarratt, BIT 11, 1971); every eighth step is a bisection.
        """

        def excess(kl: float) -> float:
            p = min(max(self.cdf(kl), 1e-300), 1 - 1e-16)
            return math.log(p / (1 - p)) - wanted

        wanted = math.log(probability / (1 - probability))
        low, high = 0.0, max(self.kl, 0.0) + self.scale * self.outcomes
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


def law(samples: Samples, kl: float) -> Law:
    """Return the law of the estimate `kl` from two samples.

    The delta variance of the plug-in estimate, with add-1/2 weights,

        V = Var_P(ln p/q)/n + (sum p^2/q - 1)/m,   r = 1 + (V/(2c) - D') / (D + c sqrt((K-1)/2)),

    is taken where the truth is supposed to be, not where the sample happens to be: p and q
    are moved along the exponential family that joins them, each as far as it is uncertain,
    so that ln p/q is multiplied by 1 + s. (A sample with few rows of a rare outcome would
    otherwise make itself look more certain than it is.) D' is the plug-in divergence there;
    the noise of many outcomes inflates V/(2c) and D' alike, and cancels.
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
        a, ratio = np.exp(log_a), log_a - log_b
        mean = plug_in[some] = (a * ratio).sum(axis=1)
        spread = (a * (ratio - mean[:, np.newaxis]) ** 2).sum(axis=1)
        with np.errstate(over="ignore"):
            square = np.exp(log_a + ratio).sum(axis=1) - 1
        variance[some] = spread / samples.n + square / samples.m
    offsets = plug_in - plug_in[len(steps) // 2]
    excess = variance / (2 * samples.scale) - plug_in
    return Law(kl, samples.scale, samples.outcomes, offsets, excess, offsets).of(kl)


def _normalised(logarithms: Floats) -> Floats:
    shifted: Floats = logarithms - logarithms.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted
