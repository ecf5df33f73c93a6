"""The report of a comparison as plain frozen values, whose attributes are the JSON keys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kldiv_cli.core.divergences import Contributions
    from kldiv_cli.core.inference.p_values import Test
    from kldiv_cli.core.quantiles import Quantile
    from kldiv_cli.core.row_statistics import Spread, TargetStatistics
    from kldiv_cli.core.rows import RowValues
    from kldiv_cli.errors import Note

UNPRINTED = "unprinted"
"""Marks a field of a report that is not in its JSON document."""
SHARES = "shares"
"""The name of what parts of a report know for a picture or a sentence; in no JSON document."""
UNITS = {"e": "nats", "2": "bits", "10": "hartleys"}

Number = float | int
Value = float | tuple[float, ...] | Literal["error"]
"""A measure: a number, or one for each row under ``--reduction none``, or ``"error"``."""


class Side(NamedTuple):
    """The facts on one side: its name, its source and its size.

    Of raw rows and profiles `outcomes` are those of all columns together, `total` is the number of
    rows, and `missing` the number of missing values in these columns. Where rows weigh,
    `n_effective` is how many rows of equal weight they are worth, `design_effect` how many of them
    are worth one, and `largest_weight_share` the part of the total weight that one row has.
    """

    name: str
    source: str
    format: str
    kind: str
    outcomes: int
    total: Number
    rows_read: int
    rows_used: int
    missing: int
    n_effective: float | None = None
    design_effect: float | None = None
    largest_weight_share: float | None = None


class Contribution(NamedTuple):
    """One outcome: its probabilities, and what it adds to the divergences.

    Attributes
    ----------
    outcome : str
    p, q : float
        Its probabilities.
    kl_pq, kl_qp : float
        Its terms p log(p/q) and q log(q/p), of which one may be negative.
    part : float
        Its part of D(P || Q), p log(p/q) - p + q, in the unit of the report: never negative,
        and infinite where q = 0 < p. The parts of all outcomes add up to the divergence. Of
        models, of which D(reference || current) is judged, its part of that.
    """

    outcome: str
    p: float
    q: float
    kl_pq: float
    kl_qp: float
    part: float


def largest_contributions(
    parts: Contributions, labels: Sequence[str], top: int
) -> tuple[Contribution, ...]:
    """Return the outcomes that set both sides apart most, the largest part first.

    A part is never negative: an outcome counts whichever way its share moved. Infinite parts are
    ranked by their mass. Outcomes that tie keep the order of the support.

    Parameters
    ----------
    parts : Contributions
        Shares and terms by outcome, each of shape (K,).
    labels : sequence of str
        The K names of the outcomes.
    top : int
        How many to return; outcomes without mass on either side are passed over.
    """
    import numpy as np

    mass = parts.p + parts.q
    terms = np.where(mass > 0.0, parts.part, -1.0)
    # Of an infinite part one side has no mass.
    ranks = np.where(np.isinf(terms), mass, 0.0)
    # Those that may be among the largest, in the order of the support.
    few = np.arange(len(terms))
    for by in (terms, ranks):
        if len(few) > top > 0:
            few = few[by[few] >= np.partition(by[few], -top)[-top]]
    largest = few[np.lexsort((-ranks[few], -terms[few]))]
    return tuple(
        Contribution(labels[i], *(float(part[i]) for part in parts))
        for i in largest[:top].tolist()
        if terms[i] >= 0.0
    )


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """The shares of all outcomes on both sides, in the order in which a picture shows them.

    Attributes
    ----------
    labels : sequence of str
        The K names of the outcomes: bins by their edges, those for infinite numbers at the ends;
        or categories in the order of the support. The outcome of missing values is the last.
    p, q : ndarray, shape (K,)
        Shares of P, or of the current side, and of Q, or of the reference.
    part : ndarray, shape (K,)
        As `Contribution.part`; their sum is the divergence.
    n_p, n_q : float
        The sample sizes; infinite where the shares are known.
    ordered : bool
        Whether the outcomes are bins of numbers, whose order means something.
    edges : tuple of float
        The lower edges of all bins but the first; empty where the outcomes are no bins.
    missing : int or None
        The place of the outcome of missing values.
    """

    labels: Sequence[str] = field(repr=False)
    p: NDArray[np.float64] = field(repr=False)
    q: NDArray[np.float64] = field(repr=False)
    part: NDArray[np.float64] = field(repr=False)
    n_p: float = math.inf
    n_q: float = math.inf
    ordered: bool = False
    edges: tuple[float, ...] = ()
    missing: int | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shares):
            return NotImplemented
        mine, theirs = (
            [column.tolist() for column in (side.p, side.q, side.part)] for side in (self, other)
        )
        facts = attrgetter("n_p", "n_q", "ordered", "edges", "missing")
        alike = mine == theirs and list(self.labels) == list(other.labels)
        return alike and bool(facts(self) == facts(other))

    __hash__ = None  # type: ignore[assignment]


class WorstRow(NamedTuple):
    """A row of a batch whose first measure is among the largest: its number, from 0."""

    row: int
    measures: Mapping[str, float]


class OfRows(NamedTuple):
    """A number that each row of a batch has: its mean, the errors of that, and its quantiles.

    Attributes
    ----------
    mean : float
        Over all rows.
    standard_error : float or None
        From blocks of rows, since rows of one text are correlated; None where nothing is known.
    standard_error_independent : float or None
        What it would be were the rows independent, as published tables have it.
    effective_rows : float or None
        How many independent rows have the same error.
    low, high : float or None
        The 95 % interval of the mean.
    quantiles : Spread or None
        None of what each row has or has not.
    """

    mean: float
    standard_error: float | None
    standard_error_independent: float | None
    effective_rows: float | None
    low: float | None
    high: float | None
    quantiles: Spread | None = None


class Batch(NamedTuple):
    """The distributions that were compared row by row: their number, and the rows' statistics.

    Attributes
    ----------
    rows : int
        How many rows there are.
    reduction : str
        How their measures became one number.
    measure : str
        The first measure, whose least, middle and largest row `min`, `median` and `max` are; so
        are `mean` to `quantiles`, as in `OfRows`.
    by_measure : mapping of str to OfRows
        The statistics of every measure.
    same_top : OfRows or None
        The share of rows whose likeliest outcome is the same in both; None where it was not
        asked for.
    top_5_agreement : OfRows or None
        The share of P's five likeliest outcomes that are among Q's.
    targets : TargetStatistics or None
        What both make of the outcomes that came true, where these are known.
    storage_noise : float or None
        The divergence that rounding numbers to 16 bits makes by itself, as far as a sample of rows
        tells; None where they are stored in more.
    block : int or None
        Rows in a block, as the user said.
    worst : tuple of WorstRow
        The rows with the largest first measure.
    """

    rows: int
    reduction: str
    measure: str
    min: float
    median: float
    max: float
    mean: float
    standard_error: float | None
    standard_error_independent: float | None
    effective_rows: float | None
    low: float | None
    high: float | None
    quantiles: Spread | None
    by_measure: Mapping[str, OfRows]
    same_top: OfRows | None = None
    top_5_agreement: OfRows | None = None
    targets: TargetStatistics | None = None
    storage_noise: float | None = None
    block: int | None = None
    worst: tuple[WorstRow, ...] = ()


DOUBT = "too few rows, or too many rare outcomes for them"
"""The reason why an interval is not reliable …"""
DOUBT_OF_WEIGHTS = "rows that weigh so unevenly are worth too few"
"""… where rows weigh."""


class Interval(NamedTuple):
    """The estimate of D(P || Q) of the distributions behind two samples, and its interval.

    It is in the unit of the report, and of the counts as they were read, never smoothed.

    Attributes
    ----------
    kl : float
        The estimate, corrected for bias, inside its interval; infinite where a known distribution
        gives no probability to an outcome that the sample has.
    kl_unclamped : float
        The estimate as it was corrected, which may be negative: a mean of many is without bias.
    low, high : float
        Limits of the confidence interval; `high` is infinite where the reference should
        have had rows of an outcome, and has none.
    p_value : float
        Of P = Q.
    n_p, n_q : int or float
        The sample sizes; infinite where the probabilities are known.
    reliable : bool
        Whether the samples are large enough for the interval to be trusted.
    p_value_test : {"chi-square", "exact", "permutation", "monte-carlo"} or None
        The test that the p-value is of.
    p_value_draws, p_value_exceedances : int or None
        How many random tables it rests on, and how many of these were as extreme: if none, it
        is at most `p_value`. None where the test needs no draw.
    p_value_statistic, p_value_df : float or None
        Pearson's X^2 and its degrees of freedom, as of a `PValue`; None of the other tests.
    """

    kl: float
    kl_unclamped: float
    low: float
    high: float
    p_value: float
    n_p: Number
    n_q: Number
    reliable: bool
    p_value_test: Test | None = None
    p_value_draws: int | None = None
    p_value_exceedances: int | None = None
    p_value_statistic: float | None = None
    p_value_df: float | None = None


def clamped(estimate: float, low: float, high: float) -> float:
    """Return an estimate inside its own interval, which holds no number below 0.

    What was corrected for bias may be negative, which no divergence is.
    """
    return min(max(estimate, low, 0.0), high)


class Estimated(NamedTuple):
    """The estimate of one measure of the distributions behind two samples, and its interval.

    Attributes
    ----------
    value, value_unclamped, low, high : float
        As `kl` to `high` of `Interval`; in the unit of the report where the measure has one.
    p_value : float
        Of P = Q, whatever the measure.
    """

    value: float
    value_unclamped: float
    low: float
    high: float
    p_value: float


class Comparison(NamedTuple):
    """The divergences of one pair of distributions.

    Attributes
    ----------
    column : str or None
        The raw column that was compared; None for whole distributions.
    measures : mapping of str to float
        Keys exactly as asked.
    error_bounds : mapping of str to float
        A bound on the relative error of each measure.
    outcomes : int
        Of the union of both sides.
    only_in_p, only_in_q : tuple of str
        Outcomes with mass on one side alone.
    mass_only_in_p, mass_only_in_q : float
        The probability they hold on that side.
    contributions : tuple of Contribution
        Largest part first.
    estimate : Interval or None
        None unless counts are compared with counts or with probabilities; of batches, too.
    estimates : mapping of str to Estimated
        Those of `measures` that samples have an interval of; empty where there is no `estimate`.
    batch : Batch or None
        The rows' statistics; None of a pair of vectors.
    q : str or None
        The name of Q, where there are several.
    quantiles : tuple of Quantile or None
        Of a column of numbers; None of anything else.
    shares : Shares or None
        All outcomes; None of batches. In no JSON document.
    """

    column: str | None
    measures: Mapping[str, Value]
    error_bounds: Mapping[str, Value]
    outcomes: int = 0
    only_in_p: tuple[str, ...] = ()
    only_in_q: tuple[str, ...] = ()
    mass_only_in_p: float | Literal["error"] = 0.0
    mass_only_in_q: float | Literal["error"] = 0.0
    contributions: tuple[Contribution, ...] = ()
    estimate: Interval | None = None
    batch: Batch | None = None
    q: str | None = None
    quantiles: tuple[Quantile, ...] | None = None
    shares: Shares | None = None
    estimates: Mapping[str, Estimated] = {}


class Split(NamedTuple):
    """The divergence of segments and outcomes together, by the chain rule.

    It is in nats in a check, where P is the current side and Q the reference, and in the unit of
    the report in a comparison.

    Attributes
    ----------
    column : str
        The column of the outcomes.
    joint, mix, within : float
        D(P || Q) of segment and outcome together, of the segments, and what is left: the sum of
        the parts of the segments. Of the shares as they were counted, but in a check for
        outcomes that are too rare for the smallest segment: those are one.
    """

    column: str
    joint: float
    mix: float
    within: float


class ComparedSegment(NamedTuple):
    """A pair of distributions in one segment, and what it adds to the divergence.

    Attributes
    ----------
    segment : str
    share_p, share_q : float
        Its share of either side.
    part : float
        `share_p` times D(P || Q) in it, in the unit of the report. Infinite where Q lacks an
        outcome that P has there, or the whole segment.
    outcomes, measures, error_bounds, estimate, estimates
        As those of a `Comparison`; ``"error"`` where a side lacks the segment.
    """

    segment: str
    share_p: float
    share_q: float
    part: float
    outcomes: int
    measures: Mapping[str, Value]
    error_bounds: Mapping[str, Value]
    estimate: Interval | None = None
    estimates: Mapping[str, Estimated] = {}


class Exceeded(NamedTuple):
    """A limit that a measure passed.

    Attributes
    ----------
    column : str or None
        The raw column that was compared; None for whole distributions.
    row : int or None
        The row of a batch that was not reduced whose value is the largest, from 0; None of
        anything else.
    measure : str
        Its name as asked.
    value : float or "error"
        Its value, of a batch the reduced one, or the largest of a row.
    limit : float
        The largest value that was accepted.
    q : str or None
        The name of Q, where there are several.
    """

    column: str | None
    row: int | None
    measure: str
    value: float | Literal["error"]
    limit: float
    q: str | None = None


def exceeded(
    column: str | None, measures: Mapping[str, Value], limits: Mapping[str, float]
) -> Iterator[Exceeded]:
    """Yield each limit that a measure of a comparison passed: that is not (value <= limit).

    What is infinite, or was not computed, passes every limit.

    Parameters
    ----------
    column : str or None
        The column that was compared.
    measures : mapping of str to float
        The measures, which include those that have limits.
    limits : mapping of str to float
        The largest value of each measure that is accepted.
    """
    for name, limit in limits.items():
        value, row = measures[name], None
        if isinstance(value, tuple):
            row = max(range(len(value)), key=value.__getitem__)
            value = value[row]
        if value == "error" or not value <= limit:
            yield Exceeded(column, row, name, value, limit)


class Failure(NamedTuple):
    """The error that prevented an answer."""

    code: str
    message: str
    where: str
    hint: str


class Document:
    """A report whose attributes are the keys of a versioned JSON document."""

    __slots__ = ()
    schema: ClassVar[str]
    instead_of_truth: ClassVar[str]
    """An expression to write where a report was taken for true or false."""

    def __bool__(self) -> bool:
        raise TypeError(f"a report is neither true nor false; {self.instead_of_truth}")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as the JSON document: dicts, lists, strings and numbers."""
        document = plain(self)
        for note in document["notes"]:
            del note["repair"], note["column"]
        return {"schema": self.schema, **document}


@dataclass(frozen=True, slots=True, eq=False)
class Report(Document):
    """The answer to ``kldiv compare``, or the error that prevented one."""

    schema: ClassVar[str] = "kldiv.compare/1"
    instead_of_truth: ClassVar[str] = (
        "ask for a number, as in report.comparisons[0].measures['kl_pq'] <= 0.05"
    )
    base: str
    unit: str
    smoothing: str
    temperature: float
    p: Side | None
    q: Side | None
    comparisons: tuple[Comparison, ...]
    others: tuple[Side, ...] = ()
    """The sides that P is compared with where there are several; `q` is None then."""
    failed: tuple[Exceeded, ...] = ()
    alpha: float = 0.05
    """One minus the level of the intervals of estimates."""
    row_weight: str | None = None
    """The column of what rows weigh; None where each counts once."""
    by: str | None = None
    """The column whose values are the segments; None where there are none."""
    splits: tuple[Split, ...] = ()
    segments: tuple[ComparedSegment, ...] = ()
    """The largest part first."""
    notes: tuple[Note, ...] = ()
    error: Failure | None = None
    rows: tuple[RowValues, ...] = field(default=(), metadata={UNPRINTED: True})
    """The measures of each row, for each comparison; in no JSON document."""
    as_check: str = field(default="", metadata={UNPRINTED: True})
    """The command line that judges the same data; empty where there is none."""


def failed(
    failure: Failure,
    measures: Iterable[str],
    limits: Mapping[str, float],
    base: str,
    smoothing: str,
    temperature: float,
) -> Report:
    """Return the report of an error, with ``"error"`` for every measure that was asked for.

    Each of the limits was passed: nothing that was not computed is within one.
    """
    errors: dict[str, Value] = dict.fromkeys(measures, "error")
    comparison = Comparison(None, errors, errors, mass_only_in_p="error", mass_only_in_q="error")
    return Report(
        base=base,
        unit=UNITS[base],
        smoothing=smoothing,
        temperature=temperature,
        p=None,
        q=None,
        comparisons=(comparison,),
        failed=tuple(exceeded(None, dict.fromkeys(limits, "error"), limits)),
        error=failure,
    )


def plain(value: Any) -> Any:
    """Return a value of a report as dicts, lists, strings and numbers."""
    if is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name))
            for field in fields(value)
            if UNPRINTED not in field.metadata
        }
    if hasattr(value, "_asdict"):
        value = {key: item for key, item in value._asdict().items() if key != SHARES}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return number(value)
    return value


def number(value: float) -> float | str:
    """Return a number as JSON has it: finite, or ``"Infinity"``.

    Raises
    ------
    ArithmeticError
        If it is not a number: such a value must never leave kldiv.
    """
    if math.isnan(value):
        raise ArithmeticError("a measure is not a number")
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value + 0.0  # -0.0 is 0.0
