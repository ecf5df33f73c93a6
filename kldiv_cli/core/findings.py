"""The report of a check as plain frozen values, whose attributes are the JSON keys."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kldiv_cli.core.dataset import NO_NAME
from kldiv_cli.core.inference.reasons import Reason
from kldiv_cli.core.measures import DEFAULT_MEASURES, USUAL_LIMITS
from kldiv_cli.core.report import UNPRINTED, Document, Failure, Value
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kldiv_cli.core.dataset import Excluded
    from kldiv_cli.core.inference.p_values import Test
    from kldiv_cli.core.quantiles import Quantile
    from kldiv_cli.core.report import Contribution, Shares, Side, Split
    from kldiv_cli.errors import Note

DIRECTION = "current || reference"
DIRECTION_OF_MODELS = "reference || current"
"""The direction that a gate of models judges, in which the full model's outcomes weigh."""
MODEL = "model"
"""The type of what such a gate judges."""
USUAL_LIMIT = USUAL_LIMITS["kl"]
"""The largest divergence that is accepted where the user says nothing, in nats."""

Verdict = Literal["pass", "drift", "inconclusive", "error"]
FailOn = Literal["drift", "inconclusive"]
Dependence = Literal["serial", "cluster"]
WORST_FIRST: tuple[Verdict, ...] = ("error", "drift", "inconclusive", "pass")
ThresholdSource = Literal["limit", "history"]
"""Where a threshold comes from: a limit on the size of a difference, or past windows."""
Figure = float | int | Literal["error"]
"""A number, or ``"error"`` where it was not computed."""


class Judged(NamedTuple):
    """The verdict on one measure of a column, and what it rests on; see `Finding`."""

    measure: str
    value: float
    value_unclamped: float
    low: float
    high: float
    threshold: float
    verdict: Verdict
    reason: Reason
    p_drift: float | None
    p_drift_adjusted: float | None
    p_pass: float | None
    rows_needed: int | None
    threshold_source: ThresholdSource = "limit"


class Finding(NamedTuple):
    """The verdict on one column and the figures that it rests on.

    Attributes
    ----------
    column, type : str
        Its name; ``categorical``, ``numeric``, ``boolean``, ``date``, ``model`` or ``error``.
    verdict : {"pass", "drift", "inconclusive", "error"}
    reason : Reason
    kl : float or "error"
        D(current || reference) in nats: the estimate, corrected for bias, inside the limits of its
        confidence interval; the value itself where both sides are exactly known. Of models the
        mean over rows of D(reference || current).
    kl_unclamped : float or "error"
        The estimate as it was corrected, which may be negative.
    measure : str
        The measure with the worst verdict: ``kl``, or another that has a limit.
    value, value_unclamped, low, high : float or "error"
        Its estimate, in nats where it has a unit, inside its confidence interval, and the limits
        of that.
    threshold : float
        The largest value of it that is accepted; infinite where none is drift.
    p_value, p_drift, p_drift_adjusted, p_pass : float or None
        Of no difference at all; of a value of at most the threshold, as it is and
        corrected for the number of tests; and of at least the threshold. The last three are
        None where the threshold is infinite.
    p_value_test : {"chi-square", "exact", "permutation", "monte-carlo"} or None
        The test that `p_value` is of; None where there is none.
    p_value_draws, p_value_exceedances : int or None
        How many random tables it rests on, and how many of these were as extreme: if none, it
        is at most `p_value`. None where the test needs no draw.
    p_value_statistic, p_value_df : float or None
        Pearson's X^2 and its degrees of freedom, as of a `PValue`; None of the other tests.
    reliable : bool
        Whether the samples are large enough for the interval to be trusted.
    n_reference, n_current : int, float or "error"
        Rows; infinite where a side is exactly known, as a single distribution of a model is.
    missing_reference, missing_current : float or "error"
        Share of the rows without a value.
    new_outcomes : tuple of str
        Outcomes of the current side that the reference never had, most frequent first.
    new_share : float or "error"
        Share of the current rows that have one.
    outcomes : int
        Of both sides together: categories, or bins.
    rows_needed : int or None
        Rows in each file that would decide an inconclusive verdict.
    contributions : tuple of Contribution
        Largest part first; p is current, q the reference.
    measures : mapping of str to float
        Of the shares as they were counted, not corrected for bias; of models means over rows,
        in both directions.
    quantiles : tuple of Quantile or None
        Of a column of numbers, p is current; None of anything else.
    threshold_source : {"limit", "history"}
        Whether `threshold` is a limit on the size of a difference, or what past windows had.
    shares : Shares or None
        All outcomes; None of a batch, and where nothing was computed. In no JSON document.
    judged : tuple of Judged
        The verdicts on all measures that have a limit; none where nothing was computed.
    pooled_outcomes : int
        How many outcomes were merged into one, since they have fewer than 10 effective rows;
        0 where rows do not weigh.
    """

    column: str | None
    type: str
    verdict: Verdict
    reason: Reason
    threshold: float
    kl: Figure = "error"
    kl_unclamped: Figure = "error"
    measure: str = "kl"
    value: Figure = "error"
    value_unclamped: Figure = "error"
    low: Figure = "error"
    high: Figure = "error"
    p_value: float | None = None
    p_value_test: Test | None = None
    p_value_draws: int | None = None
    p_value_exceedances: int | None = None
    p_value_statistic: float | None = None
    p_value_df: float | None = None
    p_drift: float | None = None
    p_drift_adjusted: float | None = None
    p_pass: float | None = None
    reliable: bool = False
    n_reference: Figure = "error"
    n_current: Figure = "error"
    missing_reference: Figure = "error"
    missing_current: Figure = "error"
    new_outcomes: tuple[str, ...] = ()
    new_share: Figure = "error"
    outcomes: int = 0
    rows_needed: int | None = None
    contributions: tuple[Contribution, ...] = ()
    measures: Mapping[str, Value] = MappingProxyType(dict.fromkeys(DEFAULT_MEASURES, "error"))
    quantiles: tuple[Quantile, ...] | None = None
    threshold_source: ThresholdSource = "limit"
    shares: Shares | None = None
    judged: tuple[Judged, ...] = ()
    pooled_outcomes: int = 0


class Segment(NamedTuple):
    """A column in one segment, judged among all columns and segments.

    Attributes
    ----------
    column, segment : str
    share_reference, share_current : float
        Its share of the rows.
    part : float
        What it adds to the divergence within segments, in nats, of the shares as they were
        counted, rare outcomes together: its current share times D(current || reference) in it.
        Infinite where the reference lacks an outcome that it has, or the whole segment.
    verdict, reason : Verdict, Reason
    measure, value, value_unclamped, low, high : str, float or "error"
        As those of a `Finding`; ``"error"`` where a segment has too few rows to be tested.
    threshold : float or "error"
    p_value, p_drift, p_drift_adjusted, p_pass : float or None
    reliable : bool
    n_reference, n_current : int
    rows_needed : int or None
    """

    column: str
    segment: str
    share_reference: float
    share_current: float
    part: float
    verdict: Verdict
    reason: Reason
    measure: str = "kl"
    value: Figure = "error"
    value_unclamped: Figure = "error"
    low: Figure = "error"
    high: Figure = "error"
    threshold: Figure = "error"
    p_value: float | None = None
    p_drift: float | None = None
    p_drift_adjusted: float | None = None
    p_pass: float | None = None
    reliable: bool = False
    n_reference: Figure = "error"
    n_current: Figure = "error"
    rows_needed: int | None = None


class Findings(tuple[Finding, ...]):
    """Findings in the order of the columns; a name finds its column."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        """Return a column's finding by its name, or by its position."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        for finding in self:
            if finding.column == key:
                return finding
        raise KeyError(key)


class BySegment(NamedTuple):
    """The findings on columns, and on each of them in each segment.

    Attributes
    ----------
    columns : Findings
    splits : tuple of Split
        One for each column; none where rows are in no segments.
    segments : tuple of Segment
        The worst verdict first, and of each the largest part.
    """

    columns: Findings
    splits: tuple[Split, ...] = ()
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Check(Document):
    """The answer to ``kldiv check``, or the error that prevented one."""

    schema: ClassVar[str] = "kldiv.check/1"
    instead_of_truth: ClassVar[str] = "ask for the verdict, as in report.verdict == 'pass'"
    base: str = "e"
    unit: str = "nats"
    reference: Side | None = None
    current: Side | None = None
    direction: str = DIRECTION
    dataset: str = NO_NAME
    verdict: Verdict
    alpha: float
    adjust: str
    seed: int
    dependence: Dependence | None = None
    """How rows were taken to depend on each other; None where they were taken for independent."""
    row_weight: str | None = None
    """The column of what rows weigh; None where each counts once."""
    columns: Findings
    by: str | None = None
    """The column whose values are the segments; None where there are none."""
    splits: tuple[Split, ...] = ()
    segments: tuple[Segment, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[Note, ...] = ()
    error: Failure | None = None
    picture: str = field(default="", metadata={UNPRINTED: True})
    """The command line that draws what is told here; empty where there is none."""

    def count(self, verdict: Verdict) -> int:
        """Return how many columns have this verdict."""
        return sum(finding.verdict == verdict for finding in self.columns)

    def count_segments(self, verdict: Verdict) -> int:
        """Return how many segments of columns have this verdict."""
        return sum(segment.verdict == verdict for segment in self.segments)

    def failure(self, fail_on: FailOn = "drift") -> FailOn | None:
        """Return the verdict that a gate fails on, or None if it passes.

        It fails on drift, and on what is inconclusive if not one column could be decided, or if
        `fail_on` says so.
        """
        if self.verdict == "drift":
            return "drift"
        counts = fail_on == "inconclusive" or not self.count("pass")
        return "inconclusive" if counts and self.count("inconclusive") else None


def only_warns(finding: Finding) -> bool:
    """Return whether no divergence of the column is drift: its limit is infinite."""
    return math.isinf(finding.threshold)


def is_warned(finding: Finding) -> bool:
    """Return whether only its infinite limit keeps a column from being drift by the usual one."""
    if not only_warns(finding) or finding.verdict != "pass":
        return False
    return finding.low == "error" or finding.low > USUAL_LIMITS[finding.measure]


def largest_moves(finding: Finding) -> Sequence[Contribution]:
    """Return the contributions in the order in which the reason names the first of them.

    That of their parts, but for what a sample of the reference lacks: see `parts_of_rows`.
    """
    moved, rows = finding.contributions, finding.n_reference
    if not moved or rows == "error" or math.isinf(rows):
        return moved
    import numpy as np

    from kldiv_cli.core.inference.evidence import parts_of_rows

    p, part = (np.array(side) for side in zip(*((one.p, one.part) for one in moved), strict=True))
    order = np.argsort(-parts_of_rows(p, part, rows), kind="stable")
    return [moved[place] for place in order.tolist()]


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on all columns: error before drift before inconclusive before pass."""
    return min(verdicts, key=WORST_FIRST.index)


def failed(
    failure: Failure,
    *,
    alpha: float,
    adjust: str,
    seed: int,
    measure: str,
    threshold: float,
    dataset: str = NO_NAME,
    direction: str = DIRECTION,
) -> Check:
    """Return the report of an error: one finding, without a column or a figure."""
    reason = Reason(failure.code, failure.message)
    columns = Findings([Finding(None, "error", "error", reason, threshold, measure=measure)])
    return Check(
        direction=direction,
        dataset=dataset,
        verdict="error",
        alpha=alpha,
        adjust=adjust,
        seed=seed,
        columns=columns,
        error=failure,
    )
