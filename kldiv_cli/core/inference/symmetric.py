"""The evidence on symmetric measures: PSI, Jensen-Shannon, Hellinger, and total variation.

The estimate is the sum of terms (`cells`) less its mean at P = Q (`centring`); its errors have
the law of a scaled noncentral chi-square, as those of D(P || Q) have, with the null variance
that the centring finds. Of two kinds of terms the more cautious one decides: the lower limit is
the smaller of both, the upper limit the larger, and the estimate their mean. Less is seen of
outcomes that the smaller sample may have missed: their divergence is taken for as large as that of
the rest, or as that of their mass on either side, whichever is larger. The total variation has
another estimate, and other limits (`total_variation`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference import binary, cells
from kldiv_cli.core.inference.centring import centred
from kldiv_cli.core.inference.estimate import Law, jeffreys, variance_curve
from kldiv_cli.core.inference.evidence import Evidence, new_margin, visible_share
from kldiv_cli.core.inference.measured import MEASURED
from kldiv_cli.core.inference.resampling import bounded_p_value
from kldiv_cli.core.inference.samples import MIN_ROWS
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.inference.cells import Cells
    from kldiv_cli.core.inference.samples import Samples

Laws = Callable[["Samples", float, float, float], Law]
"""From samples, unit, estimate and kappa: the law of the estimate."""


class Method(NamedTuple):
    """How a divergence is estimated from two samples, and its square root, if that is asked for.

    Attributes
    ----------
    terms : callable
        The terms of its outcomes, of one kind or of two.
    law : callable
        The law of the estimate.
    binary : callable
        The divergence of two outcomes, from the probabilities of one of them under P and Q.
    """

    terms: Cells
    law: Laws
    binary: Callable[[float, float], float]


def _along_the_curve(samples: Samples, unit: float, value: float, kappa: float) -> Law:
    """Return the law whose variance is that of the delta method, where the truth may be."""
    return variance_curve(samples, jeffreys, unit).law(value, kappa)


def _falling(slope: float, least: float) -> Laws:
    """Return the law with r(t) = max(1 - slope t, least), whatever the samples."""
    truths, ratios = np.array([0.0, (1 - least) / slope]), np.array([1.0, least])

    def law(samples: Samples, unit: float, value: float, kappa: float) -> Law:
        return Law(value, unit, kappa * (samples.outcomes - 1), truths - value, ratios)

    return law


_PSI = Method(cells.population_stability, _along_the_curve, binary.jeffreys)
# r is at most .995, and .94 from a divergence of .05 on: simulated, there is no theorem.
_JS = Method(cells.jensen_shannon, _falling(1, 0.3), binary.jensen_shannon)
# V = c (1 - BC^2)/4 exactly, BC = 1 - t: r(t) = 1 - t/2.
_HELLINGER = Method(cells.squared_hellinger, _falling(1 / 2, 0.5), binary.squared_hellinger)
METHODS: dict[str, Method] = {
    "psi": _PSI,
    "jeffreys": _PSI,
    "js": _JS,
    "js_distance": _JS,
    "hellinger": _HELLINGER,
}


def weigh_symmetric(kl: Evidence, measure: str, *, threshold: float, alpha: float) -> Evidence:
    """Return the evidence of two samples on a symmetric measure and its threshold.

    Parameters
    ----------
    kl : Evidence
        The evidence on D(P || Q) of the same samples, with which it shares the p-value of P = Q.
    measure : str
        A name of `MEASURED` but ``kl``.
    threshold : float
        The largest value that is accepted, tau >= 0, in the unit of the measure.
    alpha : float
        Level of the tests and of the interval, between 0 and 1.
    """
    row, samples = MEASURED[measure], kl.samples
    if measure == "tv":
        from kldiv_cli.core.inference.total_variation import weigh_total_variation

        return weigh_total_variation(kl, threshold=threshold, alpha=alpha)
    method = METHODS[measure]
    assert kl.p_value is not None, "one side is a sample"
    p0, unit = kl.p_value, row.null * samples.scale
    found = centred(samples, method.terms, row.null)
    value = math.fsum(each.value for each in found) / len(found)
    kappa = max(each.kappa for each in found)
    evidence = kl._replace(
        measure=measure,
        threshold=threshold,
        reliable=samples.reliable,
        inflation=1.0,
        kappa=kappa,
    )
    if math.isinf(value):
        evidence = evidence._replace(p_drift=p0, p_pass=1.0, reliable=True)
        return evidence._replace(value=value, low=value, high=value)
    # Where no count is small both kinds of terms are the same.
    laws = [method.law(samples, unit, *each) for each in dict.fromkeys(found)]
    tau, visible = threshold**2 if row.root else threshold, visible_share(samples)
    low = min(_least(laws, 1 - alpha / 2), max(value, 0.0)) if samples.outcomes > 1 else 0.0
    margin = 0.0
    if math.isinf(row.upper):
        # A term has no upper limit where either side never had the outcome.
        margin = new_margin(samples) + new_margin(samples.exchanged)
    p, q = (float(side.sum()) for side in samples.missed())
    unseen = unseen_part(measure, p, q, samples.n, samples.m)
    high = max(_largest(laws, alpha / 2), low)
    high = max(high / visible, high + unseen) + margin
    if tau == 0:
        p_tau = p0
    elif samples.rows >= MIN_ROWS:
        p_tau = 1 - min(law.cdf(tau) for law in laws)
    else:
        p_tau = bounded_p_value(samples, tau, method.binary)
    if margin and not (high <= tau):
        high = math.inf
    trusted = samples.reliable and tau > 0
    most = max(min((tau - margin) * visible, tau - margin - unseen), 0.0)
    p_pass = max(law.cdf(most) for law in laws) if trusted else 1.0
    if row.root:
        value, low, high = (math.sqrt(max(figure, 0.0)) for figure in (value, low, high))
    return evidence._replace(
        value=min(value, row.upper),
        low=low,
        high=min(high, row.upper),
        p_drift=max(p0, p_tau),
        p_pass=p_pass,
        inflation=max(law.ratio(tau) for law in laws),
    )


def unseen_part(measure: str, p: float, q: float, n: float, m: float) -> float:
    """Return by how much the mass that was missed differs, taken for one outcome.

    Where all rare outcomes vanish it is of one side, and differs by more than the rest does. What
    is within four standard errors may be chance. A measure without an upper limit has a margin
    for outcomes that one side never had instead (`evidence.new_margin`).

    Parameters
    ----------
    measure : str
        See `weigh_symmetric`.
    p, q : float
        The mass of either side on outcomes that the smaller sample was likely to miss.
    n, m : float
        Rows of either side.
    """
    differs = abs(p - q) > 4 * math.sqrt(p / n + q / m)
    bounded = math.isfinite(MEASURED[measure].upper)
    return METHODS[measure].binary(p, q) if bounded and differs else 0.0


def _least(laws: Sequence[Law], probability: float) -> float:
    """Return the smallest of the laws' limits; one that would be no smaller is not sought."""
    limit = laws[0].limit(probability)
    for law in laws[1:]:
        if limit > 0 and law.cdf(limit) < probability:
            limit = law.limit(probability)
    return limit


def _largest(laws: Sequence[Law], probability: float) -> float:
    """Return the largest of the laws' limits; one that would be no larger is not sought."""
    limit = laws[0].limit(probability)
    for law in laws[1:]:
        if law.cdf(limit) > probability:
            limit = law.limit(probability)
    return limit
