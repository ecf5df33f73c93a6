"""The pipeline of the drift check: read both sides, pair their columns, judge, and report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kldiv_cli import progress
from kldiv_cli.core import findings, judging
from kldiv_cli.core.dataset import BY_NAME, Excluded
from kldiv_cli.core.findings import BySegment, Finding, Findings
from kldiv_cli.core.inference.resampling import SEED
from kldiv_cli.core.instants import zones_noted
from kldiv_cli.core.labels import unmatched
from kldiv_cli.core.numbers import MISSING_WORDS
from kldiv_cli.core.pair import Pair, Unpaired
from kldiv_cli.core.report import Side
from kldiv_cli.core.types import segments_as_missing
from kldiv_cli.errors import Note, note_on
from kldiv_cli.pipeline import headers, sides
from kldiv_cli.pipeline.dependence import orders_noted, refuse_groups, refuse_unweighed
from kldiv_cli.pipeline.pairing import pair_data_sets, tell_apart
from kldiv_cli.pipeline.reports import Renderable
from kldiv_cli.pipeline.segments import segments_of
from kldiv_cli.pipeline.settings import (
    KINDS_OF_CHECK,
    PROJECT,
    check_settings,
    refuse_duplicates,
    refuse_foreign,
)
from kldiv_cli.pipeline.settling import settled_distributions, settled_tables
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Unpack

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.findings import Dependence, FailOn
    from kldiv_cli.core.judging import Limits
    from kldiv_cli.core.segments import Names
    from kldiv_cli.pipeline.settings import CheckOptions, CheckSettings, Rules, Source


SIDES = ("reference", "current")
"""What the sides are called where their sources tell nothing."""


class CheckReport(Renderable, findings.Check):
    """The answer of `check`: its attributes are the keys of the JSON report.

    A column's finding is found by its name: ``report.columns["age"].kl``.
    """

    __slots__ = ()


def check(
    reference: object, current: object = None, **options: Unpack[CheckOptions]
) -> CheckReport:
    """Judge whether data have drifted from a reference.

    For each column D(current || reference), or another measure, is estimated from the counts and
    compared with its limit, such as `max_kl`: drift where it is above with the confidence that
    `alpha` asks for, pass where it is below, and otherwise inconclusive, with the number of rows
    that would decide. Rows are taken for independent draws, but for the rows of a batch of logits.

    Parameters
    ----------
    reference, current : path, data frame, mapping of columns, records or array
        Raw rows, or logits; a path may also be a profile, as ``kldiv profile`` writes it, or
        a folder of part files. ``-`` is standard input. A table of Ibis is counted in its engine.
        Without `current`, two sets of the rows of `reference` are compared, which `where`
        chooses, or two of its distributions, which `weight` or `at` names.
    **options
        The parameters below, by their names. Those that describe one side (`kind` to `where`)
        are given once for both, or as a pair.
    column : str or sequence of str, optional
        The only columns of raw rows to judge; every shared one but dates and those that look like
        keys if not given.
    exclude : str or sequence of str, optional
        Columns, or patterns such as ``created_*``, to leave out.
    map : mapping of str to str, optional
        Columns of `current` that have other names in `reference`: ``{"new": "old"}``.
    joint : sequence of str, optional
        Two columns or more whose outcomes are counted together, as pairs; of raw rows they are
        judged alone, unless `column` names others.
    columns : mapping, optional
        Rules for single columns: ``{"age": {"max_kl": 0.1, "type": "numeric", "bins": 9}}``;
        limits of other measures may stand there, too; `type` is ``numeric``, ``categorical`` or
        ``date``, and `bins` a number of bins or their edges.
    bins : int, optional
        Number of bins of numeric columns, before the tails are split; chosen by the rows if not
        given.
    missing : {"category", "drop", "error"}, default "category"
        Whether missing values are an outcome, are left out or are refused.
    na : str or sequence of str, optional
        Texts that mean a missing value or outcome, beside empty cells.
    max_outcomes : int, default 100000
        The most outcomes of a categorical column.
    max_kl : float, default 0.05
        The largest divergence that is accepted, in nats. Where another measure has a limit, KL
        is judged only if this is given.
    max_psi, max_js, max_js_distance, max_hellinger, max_tv : float, optional
        The largest value that is accepted of PSI, of the Jensen-Shannon divergence in nats, of
        its root, of the Hellinger distance, and of the total variation, whose limits are
        conservative. A measure is judged if it has a limit, and all that have one must pass.
    alpha : float, default 0.05
        Level of the tests.
    adjust : {"bh", "none"}, default "bh"
        Correction for the number of columns: Benjamini and Hochberg's, or none.
    max_new, max_missing_shift : float, optional
        The largest share of rows with an outcome that the reference never had, and the largest
        change of the share of missing values. A warning is given where there is no limit.
    history : mapping or History, optional
        Limits of KL from past windows, as `calibrate` returns them, or the table ``history`` of a
        file that ``kldiv calibrate`` wrote: ``{"windows": 19, "rows": [480, 520],
        "kl": {"age": 0.02}}``. A column that has one is drift above that and above its own limit,
        if it has one.
    kind : str or pair of str, optional
        ``samples`` (raw rows, if not given), ``counts``, ``probabilities`` or ``weights``. A
        table of counts has an outcome and a count in each row, or column, outcome and count.
        Of ``logits`` and ``log-probs``, one distribution a row, the mean over rows of
        D(reference || current) is judged: the gate of a quantised or distilled model. A base
        file of llama.cpp is known by itself, and what stands beside it is then logits.
    label, weight : str or pair of str, optional
        Columns that hold the outcomes and their weights; `weight` also names a member of
        a JSON object or an array of an ``.npz`` file.
    at : str or pair of str, optional
        JSON pointer (RFC 6901) to the value of a JSON file, or of a mapping, that is read, such
        as ``/choices/0/logprobs``.
    input_format : str or pair of str, optional
        ``csv``, ``tsv``, ``json``, ``jsonl``, ``npy``, ``npz``, ``parquet``, ``arrow``,
        ``uniq`` or ``text``, instead of what a file's extension says.
    encoding : str or pair of str, optional
        Encoding of text, such as ``latin-1``; UTF-8, or what a byte order mark says, if not given.
    delimiter : str or pair of str, optional
        The character between the fields of a table; found in its first lines if not given.
    decimal : str or pair of str, default "."
        The decimal mark of a table's numbers: a point or a comma.
    thousands : str or pair of str, optional
        What separates thousands in a table's numbers, such as ``","``; a point lets a comma be
        the decimal mark. Nothing if not given.
    skip_rows : int or pair of int, default 0
        Lines above a table that are no part of it, such as titles.
    header : bool or pair of bool, optional
        Whether the first row of a table names the columns; decided by its cells if not given.
    comment : str or pair of str, optional
        The text at the beginning of lines that are skipped.
    escape : str or pair of str, optional
        The character before a quote inside quotes, such as the backslash of Spark's CSV; a quote
        is doubled there if not given.
    total_row : {"drop", "keep"} or pair of these, optional
        What to do with a row of a table that is the sum of all the others: leave it out, or take
        it for an outcome; it is refused if not given.
    where : str or pair of str, optional
        ``column=value``: the only rows of a side that are read. A pair of them takes both sides
        from one source.
    duplicates : {"error", "sum"}, default "error"
        Whether rows of counts that repeat an outcome are refused or added up.
    max_inflated : int or str, optional
        The most bytes that a compressed file may hold, such as ``"500MB"``. If not given, 64 MB or
        100 times the file may be held of it; rows that are read one after the other are not.
    max_header : int or str, optional
        The most bytes of the header of a .safetensors file; 1 MB if not given.
    dtype : {"bfloat16"} or pair of it, optional
        The type of elements of two bytes of which an .npy or .npz file does not say it.
    memory_limit : int or str, optional
        Bytes of memory that an engine such as DuckDB may take before it writes to a temporary
        folder; 2 GiB if not given. No result depends on it.
    threads : int, optional
        Threads that an engine may take; one a processor if not given. No result depends on it.
    flatten : bool, default False
        Make one distribution of all elements of a two-dimensional array.
    by : str, optional
        A column of raw rows whose values are segments, such as countries: each column is judged
        in each of them, too, and ``splits`` tell how much of a divergence is the mix of segments
        and how much is within them. It is not judged itself.
    max_segments : int, default 200
        The most segments; more are an error.
    serial : bool, default False
        Rows of a file depend on those before them, such as minutes of one sensor: what they are
        worth is found from 20 blocks of consecutive rows. Where this is not given, and rows do
        depend, a note says so.
    cluster : str, optional
        A column whose values say which rows belong together, such as a customer: rows of one value
        depend on each other. It is not judged.
    row_weight : str, optional
        A column of numbers that say for how many units a row stands, such as the weights of a
        survey: shares, bins and verdicts follow from them. It is not judged itself.
    frequency : str, optional
        A column of whole numbers that say how many rows a row stands for, as if each stood there
        that often. It is not judged itself.
    block : int, optional
        Of logits and log-probabilities, how many consecutive rows make a block for the error of
        their mean; the rows are taken as a correlated series if not given.
    dataset : str, optional
        What to call the data set in metrics and test results; the path of the reference without
        its extension if not given.
    names : pair of str, optional
        What to call the sides.
    top : int, default 10
        How many contributing outcomes to list of each column.
    strict : bool, default False
        Refuse what would be repaired with a note.

    Returns
    -------
    CheckReport
        Its attributes are the keys of the JSON report.

    Raises
    ------
    InputError
        If a side cannot be read, a column that is named is not there, or none can be judged.
    UsageError
        If an option has a wrong value, or cannot be used by this kind of input. Both are
        ValueErrors.
    TypeError
        If there is no option of a name.

    Examples
    --------
    >>> from kldiv_cli import check
    >>> report = check({"side": ["heads", "tails"] * 300}, {"side": ["heads"] * 400})
    >>> report.verdict, report.columns["side"].reason.code
    ('drift', 'above-threshold')
    >>> base, quantised = [[1.0, 2.0, 3.0]] * 40, [[1.0, 2.0, 3.01]] * 40
    >>> check(base, quantised, kind="logits", max_kl=0.01).verdict
    'pass'
    """
    from kldiv_cli.pipeline.spelling import in_python

    with in_python(KINDS_OF_CHECK):
        return checked(check_settings((reference, current), options))


def assert_no_drift(
    reference: object,
    current: object = None,
    *,
    fail_on: FailOn = "drift",
    **options: Unpack[CheckOptions],
) -> CheckReport:
    """Raise AssertionError, with the report as its text, if data have drifted from a reference.

    It raises where ``kldiv check`` ends with exit code 1 or 3: if a column has drifted, or if not
    one column could be decided.

    Parameters
    ----------
    reference, current : path, data frame, mapping of columns, records or array
        As `check` takes them.
    fail_on : {"drift", "inconclusive"}, default "drift"
        Whether one column that could not be decided is enough to raise.
    **options
        The options of `check`.

    Returns
    -------
    CheckReport
        The report, where nothing is raised.

    Raises
    ------
    AssertionError
        If the data have drifted, or what is inconclusive fails.
    InputError, UsageError, TypeError
        As `check` does.

    Examples
    --------
    >>> from kldiv_cli import assert_no_drift
    >>> sides = {"side": ["heads", "tails"] * 600}
    >>> assert_no_drift(sides, {"side": ["heads", "tails"] * 500}).verdict
    'pass'
    >>> assert_no_drift(sides, {"side": ["heads"] * 500})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: drift ...
    """
    fail_on = PROJECT["fail_on"]("fail_on", fail_on)
    report = check(reference, current, **options)
    if report.failure(fail_on):
        # pytest then shows the line of the test and the report, and not this function.
        __tracebackhide__ = True
        raise AssertionError(report.render())
    return report


class _Sides(NamedTuple):
    """Both sides as a report shows them, and their columns in the order of the reference."""

    reference: Side
    current: Side
    columns: tuple[Pair | Unpaired, ...]
    excluded: tuple[Excluded, ...]
    notes: tuple[Note, ...]
    counted: Mapping[str, Column] = {}
    """The columns of the reference as they were counted; none of distributions."""
    segments: Names | None = None
    """The segments of the rows of P and of Q, if they are judged by segments."""


def checked(settings: CheckSettings) -> CheckReport:
    """Read both sides, pair their columns, judge these, and return the report.

    Raises
    ------
    InputError, UsageError
        As `read_sides` does.
    """
    if settings.is_gate:
        return _gate(settings)
    return judged_sides(read_sides(settings), settings)


def read_sides(settings: CheckSettings) -> _Sides:
    """Read both sides and pair their columns.

    Raises
    ------
    InputError
        If a side cannot be read, no column can be judged, or a repair is refused.
    UsageError
        If an option does not fit the data.
    """
    exact = {side.kind for side in settings.sources} & {"probabilities", "weights"}
    with (
        sides.held(settings.sources) as (reference, current),
        headers.told_apart(reference, current, raw=True),
    ):
        both = (_distributions if exact else _data_sets)(reference, current, settings.rules)
    formats = (both.reference.format, both.current.format)
    refuse_foreign([side.options for side in settings.sources], formats)
    if settings.strict:
        sides.refuse_repairs(both.notes)
    if not both.columns:
        raise sides.nothing_left("judge", both.excluded, both.current.source)
    return both


def judged_sides(both: _Sides, settings: CheckSettings) -> CheckReport:
    """Judge the columns of both sides, and return the report."""
    limits: Limits = settings.limits
    pairs = [one for one in both.columns if isinstance(one, Pair)]

    def told(done: int) -> None:
        progress.step(both.current.source, done, len(pairs), "columns")

    found, splits, segments = _found(pairs, both.segments, settings, told)
    judged = iter(found)
    columns = Findings(
        next(judged) if isinstance(one, Pair) else _unpaired(one, limits) for one in both.columns
    )
    if not settings.rules.depends and both.segments is None:
        # Limits of past windows do not ask whether rows are independent.
        tested = [
            one
            for one in pairs
            if limits.tests(one.column or "") or not limits.past(one.column or "")
        ]
        notes = judging.dependence_noted(tested, both.current.source)
        both = both._replace(notes=(*both.notes, *notes))
    if limits.history is not None and any(limits.past(one.column or "") for one in pairs):
        notes = judging.history_noted(limits.history, both.reference)
        both = both._replace(notes=(*both.notes, *notes))
    report = _report(both, columns, settings)
    if both.segments is None:
        return report
    verdict = "drift" if any(one.verdict == "drift" for one in segments) else report.verdict
    return replace(
        report,
        verdict=findings.worst((verdict, report.verdict)),
        by=settings.rules.by,
        splits=splits,
        segments=segments,
    )


def _found(
    pairs: Sequence[Pair],
    names: Names | None,
    settings: CheckSettings,
    told: Callable[[int], object],
) -> BySegment:
    """Return the findings on columns, and on their segments if rows are in some."""
    if names is None:
        columns = judging.judged(
            pairs,
            settings.limits,
            top=settings.top,
            told=told,
            dependent=settings.rules.depends,
        )
        return BySegment(columns)
    from kldiv_cli.core import segments

    return segments.judged(pairs, names, settings.limits, top=settings.top, told=told)


def _gate(settings: CheckSettings) -> CheckReport:
    """Judge a model by its logits, and return the report."""
    from kldiv_cli.pipeline import gate

    found = gate.judged(settings)
    both = _Sides(found.reference, found.current, (), (), found.notes)
    return _report(both, Findings([found.finding]), settings, findings.DIRECTION_OF_MODELS)


def _report(
    both: _Sides,
    columns: Findings,
    settings: CheckSettings,
    direction: str = findings.DIRECTION,
) -> CheckReport:
    """Return the report on the findings on both sides."""
    limits: Limits = settings.limits
    warned = judging.warnings(columns, limits, both.current.source)
    return CheckReport(
        reference=both.reference,
        current=both.current,
        direction=direction,
        dataset=settings.dataset,
        verdict=findings.worst(finding.verdict for finding in columns),
        alpha=limits.alpha,
        adjust=limits.adjust,
        seed=SEED,
        dependence=_dependence(settings.rules),
        row_weight=settings.rules.row_weight,
        columns=columns,
        excluded=both.excluded,
        notes=tuple(dict.fromkeys((*both.notes, *warned))),
    )


def _dependence(rules: Rules) -> Dependence | None:
    """Return how the user says that rows depend on each other."""
    if not rules.depends:
        return None
    return "serial" if rules.cluster is None else "cluster"


def _unpaired(column: Unpaired, limits: Limits) -> Finding:
    """Return the finding on a column that cannot be compared."""
    changed = "the type of the column changed: " if column.code == "type-changed" else ""
    return judging.unpaired(column._replace(text=changed + column.text), limits)


def _data_sets(reference: Source, current: Source, rules: Rules) -> _Sides:
    """Read two data sets and pair their columns."""
    found = sides.read_data_sets(reference, current, rules)
    refuse_groups(rules, found.first, found.second)
    refuse_unweighed(rules, found.first, found.second)
    segments = None
    if rules.by is not None:
        segments = segments_of(found.first, found.second, rules.max_segments)
    first, second = tell_apart(found.first, found.second, (reference.name, current.name), SIDES)
    made = pair_data_sets(first, second, rules)
    columns = tuple(one.swapped() if isinstance(one, Pair) else one for one in made)
    pairs = [one for one in columns if isinstance(one, Pair)]
    source = second.source
    new = "is not in the reference"
    notes = [note_on("new-column", name, new, source) for name in found.only_second]
    return _Sides(
        sides.describe_data_set(first, pairs, is_p=False),
        sides.describe_data_set(second, pairs, is_p=True),
        columns,
        first.excluded,
        (
            *first.notes,
            *second.notes,
            *notes,
            *_nearly_alike(pairs, segments, source),
            *orders_noted(rules, first, second),
        ),
        first.columns,
        segments,
    )


def _nearly_alike(pairs: Sequence[Pair], segments: Names | None, source: str) -> Iterator[Note]:
    """Yield notes on what would meet its like of the other side but for how it is written."""
    if segments is not None:
        of_p, of_q = ([name for name in own if name is not None] for own in segments)
        only_q = [name for name in of_q if name not in of_p]
        only_p = [name for name in of_p if name not in of_q]
        yield from unmatched(only_q, only_p, "segments", source)
        for only, other in ((only_p, segments[1]), (only_q, segments[0])):
            if (words := sorted(MISSING_WORDS.intersection(only))) and None in other:
                yield segments_as_missing(words, source)
    for pair in pairs:
        if pair.type == "categorical":
            # A bin may be empty on both sides.
            gone = pair.names_where((pair.p == 0) & (pair.q > 0))
            new = pair.names_where((pair.q == 0) & (pair.p > 0))
            yield from unmatched(gone, new, f"labels of column '{pair.column}'", source)
        if pair.type == "date":
            yield from zones_noted(pair.values, pair.column or "", source)


def _distributions(reference: Source, current: Source, rules: Rules) -> _Sides:
    """Read two sides of which at least one is exactly known, and pair them."""
    q, p = sides.read_mixed(reference, current, rules)
    q, p = tell_apart(q, p, (reference.name, current.name), SIDES)
    if {reference.kind, current.kind} & {None, "samples"}:
        q, p = settled_distributions(q, p)
    else:
        q, p = settled_tables(q, p)
    names = [side.column for side in (q, p) if side.outcomes and side.column] or ["outcome"]
    if p.intervals or q.intervals:
        # Bins have a name of their own where raw rows are counted in them.
        raw = [side for side, of in ((p, current), (q, reference)) if of.kind not in sides.TABLES]
        names = [*(side.column for side in raw if side.column), *names]
    # The user may call the column as either side does.
    column = next((name for name in names if name in rules.column), names[0])
    pair = sides.match_outcomes(p, q, column)
    if pair.labels is None:
        refuse_duplicates([reference.options, current.options])
    rules.check_names(names, q.source)
    # A dropped missing value is one of the rows all the same.
    dropped = rules.missing != "category"
    p_rows, q_rows = (
        int(side.total) + dropped * side.missing if side.kind == "counts" else 0 for side in (p, q)
    )
    pair = pair._replace(rows=(p_rows, q_rows))
    wanted = rules.wants(column)
    return _Sides(
        sides.describe_distribution(q),
        sides.describe_distribution(p),
        (pair,) if wanted else (),
        () if wanted else (Excluded(column, BY_NAME),),
        (*q.notes, *p.notes),
    )
