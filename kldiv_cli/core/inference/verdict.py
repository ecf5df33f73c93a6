"""The verdicts: drift, no drift, or not enough rows to tell.

Drift is claimed where P differs from Q at all (p0) *and* D <= tau is rejected, D being the
measure that is judged; no drift where D >= tau is rejected; otherwise neither, and the number of
rows that would decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from kldiv_cli.core.inference import reasons
from kldiv_cli.core.inference.allocation import smallest_of_rows, smallest_p_value
from kldiv_cli.core.inference.chisquare import (
    noncentral_cdf,
    noncentral_quantile,
    normal_quantile,
)
from kldiv_cli.core.inference.evidence import Evidence, Past
from kldiv_cli.core.inference.p_values import Adjusted
from kldiv_cli.core.inference.reasons import Reason
from kldiv_cli.core.inference.samples import MIN_ROWS, MOST_HIDDEN
from kldiv_cli.core.inference.unseen import Unseen
from kldiv_cli.tuples import NamedTuple

Verdict = Literal["pass", "drift", "inconclusive"]

LEAST_ALPHA = 1e-6
"""The smallest level that is accepted: below it, draws and doubles are too coarse."""
POWER = 0.8
"""Probability of a decision with the number of rows that is asked for."""
_ROUNDING = 1e-12
"""By how much a p-value that is found by sums may be too large, relative to it."""
_TINY = 1e-300
MOST_ROWS = 1_000_000_000
"""The largest number of rows that is asked for."""


class Judgement(NamedTuple):
    """The verdict on one column.

    Attributes
    ----------
    verdict : {"pass", "drift", "inconclusive"}
    p_drift_adjusted : float or None
        `Evidence.p_drift` corrected for the number of columns.
    rows_needed : int or None
        Rows in each file that would decide with probability 0.8, were the estimate the truth;
        None if it is decided, or if no number below 1e9 decides.
    reason : Reason
    """

    verdict: Verdict
    p_drift_adjusted: float | None
    rows_needed: int | None
    reason: Reason


def judge(
    evidence: Sequence[Evidence],
    *,
    alpha: float = 0.05,
    adjust: Literal["bh", "none"] = "bh",
    labels: Sequence[Sequence[str] | None] | None = None,
    are: Literal["columns", "tests"] = "columns",
) -> tuple[Judgement, ...]:
    """Return the verdict on each column.

    The p-values of drift are adjusted by Benjamini and Hochberg (J. R. Stat. Soc. B 57,
    1995), so that among the columns called drift the expected share of false ones is at
    most alpha, and where no column drifts the chance of any alarm is. Drift if the adjusted
    value is at most alpha; pass if `p_pass` is, and the interval ends below the threshold.

    Parameters
    ----------
    evidence : sequence of Evidence
        The evidence on each column. Exact distributions take no part in the adjustment.
    alpha : float
        Level of the tests.
    adjust : {"bh", "none"}
        Correction for the number of columns.
    labels : sequence of sequences of str, optional
        Names of the outcomes that the samples of each column were given, for the reasons.
    are : {"columns", "tests"}
        What is corrected for, in words, where all have one measure.
    """
    tested = [column for column in evidence if column.p_drift is not None]
    adjusted = iter(_adjusted(tested, adjust, are))
    judgements = []
    for place, column in enumerate(evidence):
        names = labels[place] if labels else None
        p_adjusted = None if column.p_drift is None else next(adjusted)
        judgements.append(_judged(column, p_adjusted, alpha, names))
    return tuple(judgements)


def _adjusted(
    tested: Sequence[Evidence], adjust: Literal["bh", "none"], are: Literal["columns", "tests"]
) -> Iterator[Adjusted]:
    """Yield the adjusted p-values, and whether more draws could make them smaller."""
    values, least = [], []
    for column in tested:
        assert column.p_drift is not None
        values.append(column.p_drift)
        least.append(0.0 if column.p_drift_is_floor else column.p_drift)
    if adjust == "bh":
        values, least = benjamini_hochberg(values), benjamini_hochberg(least)
    are = are if len({column.measure for column in tested}) == 1 else "tests"
    for value, smallest in zip(values, least, strict=True):
        yield Adjusted(value, len(tested), smallest < value, are)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, min over j >= i of p_(j) k/j, in the order given."""
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    ranks = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum.accumulate(np.minimum(values[order] * len(values) / ranks, 1))
    return [float(value) for value in adjusted]


def _judged(
    evidence: Evidence, adjusted: Adjusted | None, alpha: float, names: Sequence[str] | None
) -> Judgement:
    """Return the verdict on one column, whose p-value of drift has been adjusted."""
    if evidence.past is not None:
        return _judged_by_history(evidence, evidence.past, names)
    p_adjusted = adjusted.value if adjusted else None
    if evidence.unfit is not None:
        return Judgement("inconclusive", p_adjusted, None, evidence.unfit)
    if p_adjusted is None or evidence.p_pass is None:
        drift = not (evidence.value <= evidence.threshold)
        passes = not drift
    else:
        drift = p_adjusted <= alpha
        passes = evidence.p_pass <= alpha and evidence.high <= evidence.threshold
    if drift:
        return Judgement("drift", p_adjusted, None, reasons.drifted(evidence, names, adjusted))
    if passes:
        return Judgement("pass", p_adjusted, None, reasons.passed(evidence, names))
    if smallest_of_rows(evidence.samples) > alpha:
        reason = reasons.too_small(evidence, alpha)
        return Judgement("inconclusive", p_adjusted, None, reason)
    share = evidence.p_drift / p_adjusted if p_adjusted and evidence.p_drift is not None else 1.0
    rows = rows_needed(evidence, alpha=alpha, drift_alpha=alpha * share)
    if _is_out_of_reach(evidence, alpha):
        reason = reasons.too_small(evidence, alpha, rows, of_totals=True)
    else:
        reason = reasons.undecided(evidence, alpha, names, rows)
    return Judgement("inconclusive", p_adjusted, rows, reason)


def _judged_by_history(evidence: Evidence, past: Past, names: Sequence[str] | None) -> Judgement:
    """Return the verdict by past windows: the estimate against what they had, without a test."""
    if not past.fits(evidence.samples.n):
        reason = reasons.other_window(past, evidence.samples.n)
        return Judgement("inconclusive", None, None, reason)
    verdict: Verdict = "pass" if evidence.value <= evidence.threshold else "drift"
    return Judgement(verdict, None, None, reasons.by_history(evidence, past, names))


def _is_out_of_reach(evidence: Evidence, alpha: float) -> bool:
    """Return whether no table with the same totals has a p-value of P = Q as small as alpha."""
    tested = evidence.difference
    if evidence.reliable or evidence.threshold == 0 or not tested or tested.value <= alpha:
        return False
    smallest = smallest_p_value(evidence.samples) if tested.test != "chi-square" else None
    return smallest is not None and smallest * (1 - _ROUNDING) > alpha


def rows_needed(
    evidence: Evidence, *, alpha: float, drift_alpha: float | None = None
) -> int | None:
    """Return the rows in each file that would decide, or None if no number below 1e9 does.

    The smallest number with which the verdict is drift, or pass, with probability 0.8, were
    the divergence the estimate and its variance ratio unchanged. A side that has more rows, or
    is known, keeps them. More rows show outcomes that were not seen yet, and miss less: see
    `unseen`.

    Parameters
    ----------
    evidence : Evidence
        The evidence of two samples.
    alpha, drift_alpha : float
        Levels of the tests; `drift_alpha` is smaller where columns are corrected for.
    """
    value = max(evidence.value, 0.0)
    if value <= evidence.threshold and (evidence.threshold == 0 or math.isinf(evidence.high)):
        return None
    level = alpha if drift_alpha is None else drift_alpha
    unseen = Unseen.of(evidence.samples)

    def decides(rows: int) -> bool:
        return _decides(evidence, unseen, value, rows, alpha, level)

    low = max(int(evidence.samples.rows), MIN_ROWS - 1)
    high = low + 1
    while not decides(high):
        if high >= MOST_ROWS:
            return None
        low, high = high, min(2 * high, MOST_ROWS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def _decides(
    evidence: Evidence,
    unseen: Unseen,
    value: float,
    rows: int,
    alpha: float,
    drift_alpha: float,
) -> bool:
    """Return whether so many rows decide with probability `POWER`."""
    quantile, cdf, row = noncentral_quantile, noncentral_cdf, evidence.row
    samples, r, tau = evidence.samples, evidence.inflation, evidence.threshold
    n, m = max(samples.n, rows), max(samples.m, rows)
    drifts, hidden = value > tau, unseen.mass(rows)
    is_seen = hidden + normal_quantile(POWER) * math.sqrt(hidden / rows) <= MOST_HIDDEN
    if evidence.measure == "tv":
        from kldiv_cli.core.inference.total_variation import decides

        level = normal_quantile(1 - (drift_alpha if drifts else alpha / 2))
        decided = decides(evidence, value, rows, level, normal_quantile(POWER))
        return decided and (drifts or is_seen)
    if row.root:
        value, tau = value**2, tau**2
    unit = row.null * (1 / n + 1 / m) * r
    if samples.outcomes == 1:
        return math.exp(-tau / (2 * unit)) <= alpha / 2
    outcomes = samples.outcomes + unseen.outcomes(n + m)
    degrees = evidence.kappa * (outcomes - 1) / r**2
    if tau == 0:
        reached = quantile(1 - POWER, outcomes - 1, value * r / unit)
        return 1 - cdf(reached, outcomes - 1, 0.0) <= drift_alpha
    if drifts:
        reached = quantile(1 - POWER, degrees, value / unit)
        return 1 - cdf(reached, degrees, tau / unit) <= drift_alpha
    most = tau * (1 - hidden)
    if evidence.measure != "kl":
        from kldiv_cli.core.inference.symmetric import unseen_part

        missed = np.exp(-samples.pooled * rows)
        part = hidden / max(float(samples.pooled @ missed), _TINY)
        shares = part * float(samples.p @ missed), part * float(samples.q @ missed)
        most = max(min(most, tau - unseen_part(evidence.measure, *shares, n, m)), 0.0)
    reached = quantile(POWER, degrees, value * (1 - hidden) / unit)
    return is_seen and cdf(reached, degrees, most / unit) <= alpha / 2
