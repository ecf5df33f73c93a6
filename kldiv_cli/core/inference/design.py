"""The evidence of two samples whose rows are no independent draws of equal weight.

What is known of each side is its shares p and their covariance V_P, found from groups of rows
(`dependence`) or from weights (`weighted`). With t the pooled shares and

    A = diag(t)^(-1/2) (V_P + V_Q) diag(t)^(-1/2)

the statistic X2 = sum (p - q)^2/t is, where P = Q, about a sum of chi-squares of one degree of
freedom, each times an eigenvalue of A (Rao and Scott, J. Am. Stat. Assoc. 76, 1981). Their mean
c_d takes the place of 1/n + 1/m, and kappa, their spread, that of 1: Rao and Scott's second
correction, with Satterthwaite's degrees of freedom.

Outcomes that are rare on both sides are merged. Of those that one side hardly has, that side is
taken to have half a row, which makes much of them, or `LEAST` rows, which makes little: the more
cautious of both decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.chisquare import noncentral_cdf
from kldiv_cli.core.inference.estimate import Law
from kldiv_cli.core.inference.evidence import Evidence, new_margin
from kldiv_cli.core.inference.measured import MEASURED
from kldiv_cli.core.inference.p_values import PValue
from kldiv_cli.core.inference.samples import merge
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.inference.reasons import Reason
    from kldiv_cli.core.inference.samples import Floats, Samples

LAW = "Rao-Scott correction of the second order"
"""What p-values rest on, in words."""
LEAST = 10
"""Effective rows of an outcome below which it is merged with others, or taken to have as many …"""
UNSEEN = 0.5
"""… or as many, where none was seen."""
MOST_OUTCOMES = 1000
"""Outcomes whose covariance is kept; rarer ones are merged."""
_RATIOS = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 181)])
"""True divergences, in units of the noise at P = Q, for which the variance is kept."""


class Divergence(NamedTuple):
    """A divergence of shares, and its slopes.

    Attributes
    ----------
    value : callable
        From p and q, both positive: the divergence in nats, or without a unit.
    slopes : callable
        Its derivatives by p, and by q, outcome by outcome.
    """

    value: Callable[[Floats, Floats], float]
    slopes: Callable[[Floats, Floats], tuple[Floats, Floats]]


def _kl(p: Floats, q: Floats) -> float:
    return math.fsum(p * np.log(p / q))


def _js(p: Floats, q: Floats) -> float:
    middle = (p + q) / 2
    return (_kl(p, middle) + _kl(q, middle)) / 2


def _hellinger(p: Floats, q: Floats) -> float:
    return math.fsum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2


_JEFFREYS = Divergence(
    lambda p, q: math.fsum((p - q) * np.log(p / q)),
    lambda p, q: (np.log(p / q) - q / p, np.log(q / p) - p / q),
)
_JS = Divergence(_js, lambda p, q: (np.log(2 * p / (p + q)) / 2, np.log(2 * q / (p + q)) / 2))
DIVERGENCES: dict[str, Divergence] = {
    "kl": Divergence(_kl, lambda p, q: (np.log(p / q), -p / q)),
    "psi": _JEFFREYS,
    "jeffreys": _JEFFREYS,
    "js": _JS,
    "js_distance": _JS,
    "hellinger": Divergence(_hellinger, lambda p, q: (-np.sqrt(q / p) / 2, -np.sqrt(p / q) / 2)),
}
"""By measure; of a distance its square. The total variation has none."""


class Design(NamedTuple):
    """Two samples as they were drawn: shares, and how much these vary.

    Attributes
    ----------
    samples : Samples
        Rows, with rare outcomes merged.
    whole : Samples
        The same with all outcomes.
    p, q : ndarray of float64, shape (K,)
        Shares.
    sizes : pair of float
        Effective rows of each side; infinite where its shares are known.
    covariances : pair of ndarray of float64, shape (K, K)
        V_P and V_Q.
    independent : pair of ndarray of float64, or None
        What these would be of independent rows; None where rows weigh.
    scale : float
        c_d.
    kappa : float
        Between 1 and K - 1.
    unfit : Reason or None
        Why no verdict can be found.
    doubt : Reason or None
        Why nothing passes.
    rare : int
        How many outcomes were merged since they have too few effective rows, where rows weigh.
    """

    samples: Samples
    whole: Samples
    p: Floats
    q: Floats
    sizes: tuple[float, float]
    covariances: tuple[NDArray[np.float64], NDArray[np.float64]]
    independent: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    scale: float
    kappa: float
    unfit: Reason | None = None
    doubt: Reason | None = None
    rare: int = 0

    @property
    def outcomes(self) -> int:
        """Number of outcomes K, once rare ones are merged."""
        return len(self.p)

    @property
    def pooled(self) -> Floats:
        """Shares of both sides together, each weighing as its effective rows do: t."""
        n, m = self.sizes
        if math.isinf(n) or math.isinf(m):
            return self.p if math.isinf(n) else self.q
        pooled: Floats = (n * self.p + m * self.q) / (n + m)
        return pooled

    def shares(self, least: float) -> tuple[Floats, Floats]:
        """Return p and q where each outcome has so many rows on a side at least, or its part t."""
        found = []
        for side, size in zip((self.p, self.q), self.sizes, strict=True):
            raised = np.maximum(side, np.minimum(least / size, self.pooled))
            found.append(raised / raised.sum())
        return found[0], found[1]


def _inflation(
    design: Design, divergence: Divergence, unit: float, shares: tuple[Floats, Floats]
) -> float:
    """Return the variance of a divergence away from P = Q in units of 4 u D: r0.

    Of dependent rows it is V over that of independent ones, of which r is about 1.
    """
    slopes = divergence.slopes(*shares)
    variance = _quadratic(design.covariances, slopes)
    if design.independent is not None:
        plain = _quadratic(design.independent, slopes)
        ratio = max(variance / plain, 1.0) if plain > 0 else 1.0
        return ratio * design.samples.scale / design.scale
    value = divergence.value(*shares)
    return min(max(variance / (4 * unit * value), 0.2), 20.0) if value > 0 else 1.0


def _quadratic(
    covariances: tuple[NDArray[np.float64], NDArray[np.float64]], slopes: tuple[Floats, Floats]
) -> float:
    return sum(float(s @ v @ s) for v, s in zip(covariances, slopes, strict=True))


def independent(shares: Floats, rows: float) -> NDArray[np.float64]:
    """Return the covariance of the shares of so many independent rows: (diag(p) - p p')/n."""
    covariance: NDArray[np.float64] = (np.diag(shares) - np.outer(shares, shares)) / rows
    return covariance


def standardised(covariance: NDArray[np.float64], pooled: Floats) -> NDArray[np.float64]:
    """Return diag(t)^(-1/2) V diag(t)^(-1/2)."""
    root = np.sqrt(pooled)
    found: NDArray[np.float64] = covariance / np.outer(root, root)
    return found


def merged(whole: Samples, sizes: tuple[float, float]) -> Samples:
    """Return samples in which outcomes that are rare on both sides are merged into one.

    Parameters
    ----------
    whole : Samples
        All outcomes.
    sizes : pair of float
        Effective rows of each side. Rare is an outcome of which the smaller one would have fewer
        than `LEAST` at P = Q; the merged one takes in the next rare one if it stays too small.
    """
    return merge(whole, rare_by(whole.pooled * min(sizes)))


def rare_by(effective: Floats) -> NDArray[np.bool_]:
    """Return which outcomes are merged by their effective rows at P = Q; see `merged`."""
    outcomes, order = len(effective), np.argsort(effective, kind="stable")
    rare: NDArray[np.bool_] = effective < LEAST
    if outcomes - np.count_nonzero(rare) > MOST_OUTCOMES - 1:
        rare[order[: outcomes - MOST_OUTCOMES + 1]] = True
    few = np.count_nonzero(rare)
    if few and few < outcomes and effective[rare].sum() < LEAST:
        rare[order[few]] = True
    return rare


def weigh_design(design: Design, measure: str, *, threshold: float, alpha: float) -> Evidence:
    """Return the evidence on a measure of samples that are no independent draws.

    The estimate is the plug-in divergence less its mean at P = Q, a c_d (K - 1). Its law is that
    of independent rows, with c_d for c, the null variance in units of kappa, and

        r(t) = 1 + (r0 - 1) t / (t + a c_d sqrt(2 kappa (K - 1))).

    Parameters
    ----------
    design : Design
        The samples.
    measure : str
        A key of `DIVERGENCES`.
    threshold : float
        The largest value that is accepted, tau >= 0, in the unit of the measure.
    alpha : float
        Level of the tests and of the interval, between 0 and 1.
    """
    row, whole = MEASURED[measure], design.whole
    # Rows as they were counted are that many times as many as those that they are worth.
    worth = design.scale / design.samples.scale
    left = design.scale / (1 / design.sizes[0] + 1 / design.sizes[1])
    laws = [
        _law(design, DIVERGENCES[measure], row.null * design.scale, design.shares(least))
        for least in (UNSEEN, LEAST * max(left, 1.0))
    ]
    difference = _difference(design)
    p0, tau = difference.value, threshold**2 if row.root else threshold
    value = math.fsum(law.value for law in laws) / len(laws)
    margin = 0.0
    if math.isinf(row.upper):
        margin = new_margin(whole)
        margin += new_margin(whole.exchanged) if measure != "kl" else 0.0
    low = min(*(law.limit(1 - alpha / 2) for law in laws), max(value, 0.0))
    high = max(*(law.limit(alpha / 2) for law in laws), low) + margin
    if margin and not (high <= tau):
        high = math.inf
    p_tau = 1 - min(law.cdf(tau) for law in laws) if tau > 0 else p0
    reliable = design.unfit is None and design.doubt is None and whole.reliable
    p_pass = 1.0
    if reliable and tau > 0:
        p_pass = max(law.cdf(max(tau - margin, 0.0)) for law in laws)
    if row.root:
        value, low, high = (math.sqrt(max(figure, 0.0)) for figure in (value, low, high))
    return Evidence(
        min(value, row.upper),
        low,
        min(high, row.upper),
        p0,
        max(p0, p_tau) if design.unfit is None else 1.0,
        p_pass,
        threshold,
        reliable,
        design.samples,
        # So many times as many rows are needed as of independent ones.
        laws[0].ratio(tau) * worth,
        difference=difference,
        measure=measure,
        kappa=design.kappa * worth**2,
        unfit=design.unfit,
        law=LAW,
        doubt=design.doubt,
        rare=design.rare,
    )


def _law(
    design: Design, divergence: Divergence, unit: float, shares: tuple[Floats, Floats]
) -> Law:
    """Return the law of the estimate; see `weigh_design`."""
    degrees, kappa = design.outcomes - 1, design.kappa
    if not degrees:
        return Law(0.0, unit, 0.0, np.zeros(1), np.ones(1))
    value = divergence.value(*shares) - unit * degrees
    noise = unit * math.sqrt(2 * kappa * degrees)
    truths = noise * _RATIOS
    excess = _inflation(design, divergence, unit, shares) - 1
    ratios = 1 + excess * truths / (truths + noise)
    return Law(value, unit, kappa * degrees, truths - value, ratios)


def _difference(design: Design) -> PValue:
    """Return the p-value of P = Q: of X2/(c_d kappa), with (K - 1)/kappa degrees of freedom."""
    if design.outcomes == 1:
        return PValue(1.0, "chi-square", statistic=0.0, df=0)
    distance = math.fsum((design.p - design.q) ** 2 / design.pooled)
    statistic, df = distance / (design.scale * design.kappa), (design.outcomes - 1) / design.kappa
    p_value = 1 - noncentral_cdf(statistic, df, 0.0)
    return PValue(p_value, "chi-square", statistic=statistic, df=df)
