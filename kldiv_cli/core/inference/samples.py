"""From two samples to an estimate of D(P || Q) and its uncertainty.

P is the current side with counts x and total n, Q the reference with y and m; K outcomes were
seen at all.  A side whose probabilities are known has an infinite total.  With c = 1/n + 1/m:
where P = Q, 2 D/c of the plug-in estimate is asymptotically chi-square with K - 1 degrees of
freedom; elsewhere its variance is that of the delta method.  A scaled noncentral chi-square
has both, and is the one law used here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kldiv_cli.core.inference.chisquare import noncentral_cdf
from kldiv_cli.core.inference.truncation import estimated_surprisal, surprisal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MIN_ROWS = 100
"""Rows the smaller sample must have for the interval to be trusted."""
MOST_HIDDEN = 0.1
"""And the largest share of mass on outcomes that it is too small to see."""
_CELLS = 50_000  # at a time


class Table(NamedTuple):
    """Two sides over one support, outcome by outcome.

    Attributes
    ----------
    x, y : ndarray of float64, shape (K,)
        Counts of the current and of the reference side, or its known probabilities. No
        outcome is zero on both.
    n, m : float
        The sample sizes; infinite where the probabilities are known.
    place : ndarray of intp, shape (outcomes given,)
        For each outcome that was given, its position in `x` and `y`, or -1 where nobody saw
        it. Pooled outcomes share a position.
    """

    x: Floats
    y: Floats
    n: float
    m: float
    place: NDArray[np.intp]

    @property
    def outcomes(self) -> int:
        """Number of outcomes K."""
        return len(self.x)

    @property
    def rows(self) -> float:
        """Size of the smaller sample."""
        return min(self.n, self.m)

    @property
    def scale(self) -> float:
        """1/n + 1/m."""
        return 1 / self.n + 1 / self.m

    @property
    def p(self) -> Floats:
        """Shares in the current data."""
        return self.x if math.isinf(self.n) else self.x / self.n

    @property
    def q(self) -> Floats:
        """Shares in the reference."""
        return self.y if math.isinf(self.m) else self.y / self.m

    @property
    def pooled(self) -> Floats:
        """Shares in both together, or the known ones: the estimate of P = Q if they are equal."""
        if math.isinf(self.n) or math.isinf(self.m):
            return self.p if math.isinf(self.n) else self.q
        return (self.x + self.y) / (self.n + self.m)

    @property
    def hidden(self) -> float:
        """Share of the mass on outcomes that the smaller sample was likely to miss."""
        return float(sum(side.sum() for side in _missed(self))) / 2

    @property
    def reliable(self) -> bool:
        """Whether the interval can be trusted."""
        return self.rows >= MIN_ROWS and self.hidden <= MOST_HIDDEN


def table(x: Floats, y: Floats, *, known: tuple[bool, bool] = (False, False)) -> Table:
    """Return both sides without the outcomes that neither has.

    Parameters
    ----------
    x, y : ndarray, shape (K,)
        Counts, or probabilities where `known` says so. Valid: non-negative, finite, with a
        positive total.
    known : pair of bool
        Whether the side is exactly known, so that it has no sampling error.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    seen = (x > 0) | (y > 0)
    place = np.where(seen, np.cumsum(seen) - 1, -1)
    sides = [
        side[seen] / (side.sum() if is_known else 1)
        for side, is_known in zip((x, y), known, strict=True)
    ]
    n, m = (
        math.inf if is_known else float(side.sum())
        for side, is_known in zip((x, y), known, strict=True)
    )
    return Table(sides[0], sides[1], n, m, place)


def pool(whole: Table, *, floor: float, most: float = math.inf) -> Table:
    """Merge rare outcomes into one.

    Outcomes are rare by their pooled share, which under P = Q says nothing about the side
    they are on: a permutation test stays exact. By the data processing inequality the
    divergence of the merged table is at most that of the whole one.

    Parameters
    ----------
    whole : Table
        The table as it was counted.
    floor : float
        Expected count in the smaller sample below which an outcome is rare. The merged
        outcome takes in one more if it stays below.
    most : float
        How many outcomes may be left.

    Returns
    -------
    Table
        The same table where nothing had to be merged. Equally rare outcomes are merged
        together, so that the answer does not depend on their order.
    """
    share = whole.pooled
    rare = share * whole.rows < floor
    if whole.outcomes > most:
        levels, sizes = np.unique(share, return_counts=True)
        left = whole.outcomes - np.cumsum(sizes) + 1
        rare |= share <= levels[np.argmax(left <= most)]
    if rare.any() and not rare.all() and share[rare].sum() * whole.rows < floor:
        order = np.lexsort((whole.x, whole.y, share, rare))
        rare[order[0]] = True
    return merge(whole, rare)


def merge(whole: Table, together: NDArray[np.bool_]) -> Table:
    """Return the table with some outcomes merged into one, which comes last."""
    if np.count_nonzero(together) < 2:
        return whole
    kept = ~together
    position = np.where(kept, np.cumsum(kept) - 1, np.count_nonzero(kept))
    x, y = (np.append(side[kept], side[together].sum()) for side in (whole.x, whole.y))
    place = np.where(whole.place < 0, -1, position[whole.place])
    return whole._replace(x=x, y=y, place=place)


def divergence(pair: Table) -> float:
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
    if pair.outcomes == 1:
        return 0.0
    seen = pair.x > 0
    x, y, p = pair.x[seen], pair.y[seen], pair.p[seen]
    order = min(pair.n - 1, pair.m)
    if math.isinf(pair.m) and not y.all():
        return math.inf
    minus_log_q = (
        surprisal(y, order) if math.isinf(pair.m) else estimated_surprisal(y, pair.m, order)
    )
    minus_log_p = (
        surprisal(x, order)
        if math.isinf(pair.n)
        else estimated_surprisal(x - 1, pair.n - 1, order)
    )
    return math.fsum(p * (minus_log_q - minus_log_p))


def correction(pair: Table) -> float:
    """Return what `divergence` lacks away from P = Q, to first order, among rare outcomes.

    The series are cut off where (1-q)^L and (1-p)^L are not yet small: what is lacking is
    sum p [E1(L q) - E1(L p)], about sum (p - q) e^(-L (p+q)/2). This estimates it, and its
    mean is exactly 0 at P = Q: no bias is added there.
    """
    current, reference = _missed(pair)
    return math.fsum(current - reference)


def _missed(pair: Table) -> tuple[Floats, Floats]:
    """Return unbiased estimates of p w and q w, w = A^(n-1) B^(m-1), about e^(-L (p+q)/2).

    Here A = 1 - p L/(2n), B = 1 - q L/(2m) and L is the size of the smaller sample. With a = 1 -
    L/(2n), a count x ~ Bin(n, p) has E[x/n a^(x-1)] = p A^(n-1) and E[(1 - x/n) a^x] =
    (1-p) A^(n-1), so that the sum of the two estimates A^(n-1).
    """
    (p_seen, p_weight), (q_seen, q_weight) = (
        _weighted(side, rows, pair.rows) for side, rows in ((pair.x, pair.n), (pair.y, pair.m))
    )
    return p_seen * q_weight, q_seen * p_weight


def _weighted(side: Floats, rows: float, smaller: float) -> tuple[Floats, Floats]:
    if math.isinf(rows):
        weight = np.exp(-side * smaller / 2)
        return side * weight, weight
    log_keep, share = math.log1p(-smaller / (2 * rows)), side / rows
    seen = share * np.exp((side - 1) * log_keep)
    return seen, seen + (1 - share) * np.exp(side * log_keep)


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
        """Return the law of another estimate from the same table."""
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


def law(pair: Table, kl: float) -> Law:
    """Return the law of the estimate `kl` of a table.

    The delta variance of the plug-in estimate, with add-1/2 weights,

        V = Var_P(ln p/q)/n + (sum p^2/q - 1)/m,   r = 1 + (V/(2c) - D') / (D + c sqrt((K-1)/2)),

    is taken where the truth is supposed to be, not where the sample happens to be: p and q
    are moved along the exponential family that joins them, each as far as it is uncertain,
    so that ln p/q is multiplied by 1 + s. (A sample with few rows of a rare outcome would
    otherwise make itself look more certain than it is.) D' is the plug-in divergence there;
    the noise of many outcomes inflates V/(2c) and D' alike, and cancels.
    """
    known_p, known_q = math.isinf(pair.n), math.isinf(pair.m)
    p = pair.x if known_p else (pair.x + 0.5) / (pair.n + pair.outcomes / 2)
    q = pair.y if known_q else (pair.y + 0.5) / (pair.m + pair.outcomes / 2)
    both = (p > 0) & (q > 0)
    log_p, log_q = np.log(p[both]), np.log(q[both])
    part = 1 / (pair.n * pair.scale)
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
        variance[some] = spread / pair.n + square / pair.m
    offsets = plug_in - plug_in[len(steps) // 2]
    excess = variance / (2 * pair.scale) - plug_in
    return Law(kl, pair.scale, pair.outcomes, offsets, excess, offsets).of(kl)


def _normalised(logarithms: Floats) -> Floats:
    shifted: Floats = logarithms - logarithms.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted
