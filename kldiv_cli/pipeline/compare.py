"""The pipeline of a comparison: read two sides, pair them, measure, and report."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli import progress
from kldiv_cli.core import batches, report
from kldiv_cli.core.dataset import BY_NAME
from kldiv_cli.core.distribution import LOG_KINDS, Distribution, Rows
from kldiv_cli.core.divergences import contributions, unit_of
from kldiv_cli.core.estimates import estimated
from kldiv_cli.core.instants import zones_noted
from kldiv_cli.core.labels import unmatched
from kldiv_cli.core.measures import find, is_measure
from kldiv_cli.core.pair import Pair
from kldiv_cli.core.rows import Question, rows_in_memory
from kldiv_cli.core.shares import shares_of
from kldiv_cli.errors import InputError, Note, Place, UsageError, abridged, note_on, option
from kldiv_cli.pipeline import headers, sides
from kldiv_cli.pipeline.dependence import refuse_unweighed
from kldiv_cli.pipeline.opening import opened
from kldiv_cli.pipeline.pairing import pair_data_sets, tell_all_apart, tell_apart
from kldiv_cli.pipeline.reports import Report
from kldiv_cli.pipeline.segments import refuse_many
from kldiv_cli.pipeline.settings import (
    KINDS,
    CompareSettings,
    compare_settings,
    contributions_of_batch,
    refuse_duplicates,
    refuse_foreign,
)
from kldiv_cli.pipeline.settling import settled_distributions, settled_tables
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Unpack

    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.core.pair import Unpaired
    from kldiv_cli.core.row_statistics import RowStatistic
    from kldiv_cli.core.rows import RowValues
    from kldiv_cli.core.segments import Parted
    from kldiv_cli.pipeline.batch import Measured
    from kldiv_cli.pipeline.settings import CompareOptions, Rules, Source


def compare(
    p: object, q: object = None, *more: object, **options: Unpack[CompareOptions]
) -> Report:
    """Compare two distributions in both directions, or one with each of several.

    Parameters
    ----------
    p, q : path, array, mapping or data frame
        What to compare. A path is read as its extension says; ``-`` is standard input. A
        mapping holds a weight for each label; an array is matched by position, and a
        two-dimensional one is a batch, one distribution a row. Without `q`, two weights
        of `p` are compared, named by `weight`. Raw rows may be a table of Ibis.
    *more : path, array, mapping or data frame
        Further distributions that `p` is compared with; it is read once.
    **options
        The parameters below, by their names. Those that describe one side (`kind` to `where`)
        are given once for both, or as a pair.
    measures : str or sequence of str, optional
        Names of measures, as ``kldiv measures`` lists them; every measure that takes no
        parameter if not given. They are the keys of the answer.
    base : {"e", "2", "10"}, default "e"
        Base of the logarithm: nats, bits or hartleys.
    smoothing : str, default "none"
        ``none``, ``jeffreys``, ``laplace``, ``add:ALPHA`` (counts) or ``floor:EPS``.
    temperature : float, default 1
        Divides logits.
    reduction : {"batchmean", "mean", "sum", "none"}, default "batchmean"
        How the rows of a batch become one number, as ``torch.nn.functional.kl_div`` does.
    fail_above : mapping of str to float, optional
        The largest value of a measure that is accepted, in the unit of the report:
        ``{"kl_pq": 0.05}``. Those that are not within their limit are the report's `failed`; they
        need not be among `measures`. Of a batch it is the limit of the reduced value, or of
        every row.
    kind : str or pair of str, optional
        What the numbers mean: ``probabilities``, ``counts``, ``weights``, ``logits``,
        ``log-probs`` or ``samples`` (raw rows, compared column by column). Chosen from the numbers
        if not given.
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
    names : pair of str, optional
        What to call the sides.
    column : str or sequence of str, optional
        The only columns of raw rows to compare; every shared one but dates and those that look
        like keys if not given.
    exclude : str or sequence of str, optional
        Columns, or patterns such as ``created_*``, to leave out.
    map : mapping of str to str, optional
        Columns of `p` that have other names in `q`: ``{"new": "old"}``.
    joint : sequence of str, optional
        Two columns or more whose outcomes are counted together, as pairs; of raw rows they are
        compared alone, unless `column` names others.
    columns : mapping, optional
        Rules for single columns: ``{"age": {"type": "numeric", "bins": [18, 30, 65]}}``;
        `type` is ``numeric``, ``categorical`` or ``date``, and `bins` a number of bins or their
        edges.
    bins : int, optional
        Number of bins of numeric columns, before the tails are split; chosen by the rows if not
        given.
    missing : {"category", "drop", "error"}, default "category"
        Whether missing values are an outcome, are left out or are refused.
    na : str or sequence of str, optional
        Texts that mean a missing value or outcome, beside empty cells.
    max_outcomes : int, default 100000
        The most outcomes of a categorical column.
    row_weight : str, optional
        A column of raw rows with numbers that say for how many units a row stands, such as the
        weights of a survey. It is not compared itself.
    frequency : str, optional
        A column of raw rows with whole numbers that say how many rows a row stands for.
    top : int, default 10
        How many contributing outcomes to list.
    strict : bool, default False
        Refuse what would be repaired with a note.
    targets : path or array of int, optional
        The outcome that came true in each row of a batch, by its number from 0.
    block : int, optional
        How many rows of a batch make a block, for the error of their mean; chosen by their
        correlation if not given.
    kld_rule : {"cells", "llama.cpp"}, default "cells"
        How base files of llama.cpp are compared: by cells, which is nearer to the models, or as
        the program that wrote them does, for the sake of published numbers.
    by : str, optional
        A second column of labels of a table, whose values are segments, such as countries:
        ``splits`` tell how much of D(p || q) is the mix of segments and how much is within them,
        and ``segments`` what each of them adds, with its own measures.
    max_segments : int, default 200
        The most segments; more are an error.
    estimate : bool, default True
        Say what the samples tell of the distributions behind them, where counts are compared
        with counts or with probabilities: of each measure that samples have an interval of.
    alpha : float, default 0.05
        One minus the level of these intervals.

    Returns
    -------
    Report
        Its attributes are the keys of the JSON report; see `Report.to_dict`.

    Raises
    ------
    InputError
        If a source cannot be read or is not a distribution.
    UsageError
        If an option has a wrong value, or cannot be used by this kind of input. Both are
        ValueErrors.
    TypeError
        If there is no option of a name.

    Examples
    --------
    >>> from kldiv_cli import compare
    >>> report = compare({"heads": 5, "tails": 5}, {"heads": 6, "tails": 4})
    >>> round(report.comparisons[0].measures["kl_pq"], 6)
    0.020411
    """
    from kldiv_cli.pipeline.spelling import in_python

    with in_python(KINDS):
        return compared(compare_settings((p, q, *more), options))


class _Part(NamedTuple):
    """What is compared with P: a side, and the pair of both, or the measures of their rows."""

    q: report.Side
    found: Pair | Measured


class _Sides(NamedTuple):
    """P as a report shows it, and what it is compared with: columns of one Q, or several Qs."""

    p: report.Side
    others: tuple[report.Side, ...]
    parts: tuple[_Part, ...]
    notes: tuple[Note, ...]
    column: str | None = None
    """The column of the outcomes, where there is one of segments, too."""


def compared(settings: CompareSettings) -> Report:
    """Read all sides, pair them, measure each pair, and return the report.

    Raises
    ------
    InputError
        If a source cannot be read, the sides have nothing in common, or a repair is refused.
    UsageError
        If an option does not fit the data.
    """
    read = _several(settings) if settings.more else _read(settings)
    parted = None
    if settings.by is not None:
        read, parted = _parted(read, settings)
    formats = [side.format for side in (read.p, *read.others)]
    refuse_foreign([side.options for side in settings.every], formats)
    if settings.strict:
        sides.refuse_repairs(read.notes)
    made: list[_Made] = []
    for q, found in read.parts:
        if isinstance(found, Pair):
            kinds = _Named(read.p.name, found.kinds[0]), _Named(q.name, found.kinds[1])
            _check_options(*kinds, settings, is_batch=found.is_batch)
            if found.labels is None:
                refuse_duplicates([side.options for side in settings.every])
        one = _of_pair(found, settings) if isinstance(found, Pair) else _of_batch(found, settings)
        made.append(one.against(q.name) if len(read.others) > 1 else one)
        if not read.others[1:] and isinstance(found, Pair):
            progress.step(read.p.source, len(made), len(read.parts), "columns")
    splits, segments = _by_segments(read, parted, settings) if parted else ((), ())
    new = [one.segment for one in segments if not one.share_q]
    gone = [one.segment for one in segments if not one.share_p]
    notes = (
        *read.notes,
        *(note for each in made for note in each.notes),
        *unmatched(new, gone, "segments of the two sides", source=""),
    )
    several = len(read.others) > 1
    return Report(
        base=settings.base,
        unit=report.UNITS[settings.base],
        smoothing=settings.smoothing.name,
        temperature=float(settings.temperature),
        p=read.p,
        q=None if several else read.others[0],
        others=read.others if several else (),
        comparisons=tuple(each.comparison for each in made),
        failed=tuple(failed for each in made for failed in each.failed),
        alpha=settings.alpha,
        row_weight=settings.rules.row_weight if settings.rules else None,
        by=settings.by,
        splits=splits,
        segments=segments,
        notes=tuple(dict.fromkeys(notes)),
        rows=tuple(each.rows for each in made),
    )


def _parted(read: _Sides, settings: CompareSettings) -> tuple[_Sides, Parted]:
    """Return the sides with the pair of outcomes alone, and that pair by its segments.

    Raises
    ------
    UsageError
        If these are not weights with a segment and an outcome each.
    """
    from kldiv_cli.core.segments import parted

    (part,) = read.parts
    pair = part.found
    if (
        not isinstance(pair, Pair)
        or pair.is_batch
        or pair.labels is None
        or {*LOG_KINDS} & {*pair.kinds}
    ):
        message = "segments are those of a table of counts, probabilities or weights,"
        message += f" with a column of outcomes beside '{(settings.by or '')[:60]}'"
        raise UsageError("usage", message, hint="leave --by out")
    found = parted(pair)
    refuse_many(found.names, settings.max_segments, Place(read.p.source, name=settings.by))
    return read._replace(parts=(part._replace(found=found.whole),)), found


def _by_segments(
    read: _Sides, parted: Parted, settings: CompareSettings
) -> tuple[tuple[report.Split, ...], tuple[report.ComparedSegment, ...]]:
    """Return how the divergence splits, and what is in each segment, the largest part first."""
    from kldiv_cli.core.chain import chain
    from kldiv_cli.core.joint import parts_of

    sides = tuple(zip(*((pair.p, pair.q) for pair in parted.pairs), strict=True))
    rule = chain(*sides)
    unit = unit_of(settings.base)
    *_, column = parts_of(read.column or "")
    split = report.Split(column or "", *(value / unit for value in rule[:3]))
    segments = []
    for name, of_p, of_q, part, pair in zip(
        parted.names, rule.shares_p, rule.shares_q, rule.parts, parted.pairs, strict=True
    ):
        found = report.ComparedSegment(name, of_p, of_q, part / unit, 0, {}, {})
        segments.append(_in_segment(found, pair, settings))
    return (split,), tuple(sorted(segments, key=lambda one: (-one.part, -one.share_p)))


def _in_segment(
    found: report.ComparedSegment, pair: Pair, settings: CompareSettings
) -> report.ComparedSegment:
    """Return what is told of a segment with the divergences in it, where both sides have it."""
    if not (found.share_p and found.share_q):
        unknown: dict[str, report.Value] = dict.fromkeys(settings.measures, "error")
        return found._replace(outcomes=len(pair.p), measures=unknown, error_bounds=unknown)
    made = _of_pair(pair, settings._replace(fail_above={}, top=0)).comparison
    return found._replace(
        outcomes=made.outcomes,
        measures=made.measures,
        error_bounds=made.error_bounds,
        estimate=made.estimate,
        estimates=made.estimates,
    )


class _Made(NamedTuple):
    """What was made of one pair, or of one batch."""

    comparison: report.Comparison
    rows: RowValues
    failed: tuple[report.Exceeded, ...]
    notes: tuple[Note, ...]

    def against(self, q: str) -> _Made:
        """Return the same with the name of Q."""
        failed = tuple(each._replace(q=q) for each in self.failed)
        return self._replace(comparison=self.comparison._replace(q=q), failed=failed)


def _several(settings: CompareSettings) -> _Sides:
    """Read P once, and each of several Qs."""
    if settings.rules is not None:
        message = "raw rows are compared with those of one other side"
        raise UsageError("usage", message, hint="name one Q, or leave --as samples out")
    given = tuple(source.name for source in settings.every)
    with opened(settings.every) as found:
        if found.rows:
            return _by_rows(tell_all_apart(found.rows, given), settings)
        sides.refuse_flat(settings.every[0].options, *found.whole)
        p, *others = tell_all_apart(found.whole, given)
        pairs = [sides.match_outcomes(*settled_tables(p, q)) for q in others]
        described = [sides.describe_distribution(q) for q in others]
        notes = (note for side in (p, *others) for note in side.notes)
        return _Sides(
            sides.describe_distribution(p),
            tuple(described),
            tuple(map(_Part, described, pairs)),
            tuple(notes),
        )


def _read(settings: CompareSettings) -> _Sides:
    """Read both sides and pair them: raw rows column by column, anything else as a whole."""
    with sides.held(settings.sources) as (p, q), headers.told_apart(p, q, raw=False):
        return _read_as_said(p, q, settings)


def _read_as_said(p: Source, q: Source, settings: CompareSettings) -> _Sides:
    """See `_read`."""
    if settings.rules is None:
        with opened((p, q)) as found:
            if found.rows:
                p_rows, q_rows = found.rows
                names = p.name, q.name
                both = tell_apart(p_rows, q_rows, names, ("p", "q"))
                return _by_rows(both, settings)
            first, second = found.whole
            sides.refuse_flat(p.options, first, second)
            return _whole(*settled_tables(first, second), (p.name, q.name))
    if p.kind == q.kind:
        return _columns(p, q, settings.rules)
    read = sides.read_mixed(p, q, settings.rules)
    raw = read[0] if p.kind == "samples" else read[1]
    return _whole(*settled_distributions(*read), (p.name, q.name), raw.column)


def _whole(
    p: Distribution,
    q: Distribution,
    given: tuple[str | None, str | None],
    column: str | None = None,
) -> _Sides:
    """Pair two distributions; `given` are the names that the user gave them."""
    p, q = tell_apart(p, q, given, ("p", "q"))
    pair = sides.match_outcomes(p, q, column)
    described = sides.describe_distribution(q)
    parts = (_Part(described, pair),)
    notes, labels = (*p.notes, *q.notes), p.column
    return _Sides(sides.describe_distribution(p), (described,), parts, notes, labels)


def _by_rows(every: Sequence[Rows], settings: CompareSettings) -> _Sides:
    """Measure arrays of distributions row by row, the first with each of the others."""
    from kldiv_cli.pipeline import batch

    p, *others = every
    for q in others:
        _check_options(p, q, settings, is_batch=True)
    _check_rule(every, settings)
    refuse_duplicates([side.options for side in settings.every])
    measured = batch.measured(
        p,
        others,
        _question(settings, (p.kind, others[0].kind)),
        settings.sources[0].options.threads,
        settings.smoothing.apply if settings.smoothing.name != "none" else None,
        settings.targets and settings.targets.source,
    )
    notes = (note for found in measured for note in found.notes)
    return _Sides(
        measured[0].p,
        tuple(found.q for found in measured),
        tuple(_Part(found.q, found) for found in measured),
        tuple(dict.fromkeys(notes)),
    )


def _check_rule(every: Sequence[Rows], settings: CompareSettings) -> None:
    """Refuse a rule for base files, or a temperature of one, that has no meaning here."""
    p, *_ = every
    coded = next((side for side in every if side.coding is not None), None)
    if coded is not None and settings.temperature != 1:
        message = f"a temperature divides logits, and {coded.name} holds rounded log-probabilities"
        raise UsageError("temperature-needs-logits", message, hint="leave --temperature out")
    if settings.kld_rule == "cells":
        return
    if p.coding is None:
        message = "the rule of llama.cpp is for a base file of its"
        raise UsageError("usage", message, hint="leave --kld-rule out")
    asked = _question(settings, (p.kind, p.kind)).measures
    others = [name for name in asked if find(name).name != "kl_pq"]
    if others and not {*others} & {*settings.measures}:
        message = f"the rule of llama.cpp is one for D(P || Q) alone, and {others[0]} has a limit"
        raise UsageError("usage", message, hint="leave --kld-rule out")
    if others:
        message = "the rule of llama.cpp is one for D(P || Q) alone"
        raise UsageError("usage", message, hint="--measure kl_pq --kld-rule llama.cpp")


def _question(settings: CompareSettings, kinds: tuple[Kind, Kind]) -> Question:
    """Return what is asked of each row of a batch."""
    # A measure may be computed for the sake of its limit alone.
    named = [*settings.measures, *settings.fail_above]
    named += [statistic.rows for statistic in _row_statistics(settings).values()]
    return Question(
        tuple(name for name in dict.fromkeys(named) if is_measure(name)),
        kinds,
        settings.base,
        settings.temperature,
        tops=settings.estimate or "same_top" in named,
        rule=settings.kld_rule,
        bounds=settings.reduction == "none",
    )


def _row_statistics(settings: CompareSettings) -> dict[str, RowStatistic]:
    """Return the statistics of rows that have a limit, by the names that the limits give them."""
    names = [name for name in settings.fail_above if not is_measure(name)]
    if not names:
        return {}
    from kldiv_cli.core.row_statistics import named_statistic

    return {name: named_statistic(name) for name in names}


def _columns(p: Source, q: Source, rules: Rules) -> _Sides:
    """Read raw rows of both sides and pair their columns."""
    found = sides.read_data_sets(p, q, rules)
    refuse_unweighed(rules, found.first, found.second)
    first, second = tell_apart(found.first, found.second, (p.name, q.name), ("p", "q"))
    left_out = [
        note_on("column-excluded", each.column, f"is left out: {each.reason}", first.source)
        for each in first.excluded
        if each.reason != BY_NAME
    ]
    if left_out and first.columns.keys().isdisjoint(second.columns):
        raise sides.nothing_left("compare", first.excluded, second.source)
    if first.columns.keys().isdisjoint(second.columns):
        message = f"{first.name} and {second.name} have no column in common"
        hint = "--no-header if the first rows hold data"
        raise InputError("no-common-support", message, Place(second.source), hint=hint)
    pairs, alone, changed = [], [], []
    for made in pair_data_sets(first, second, rules, (first.name, second.name)):
        if isinstance(made, Pair):
            pairs.append(made)
        elif made.code == "column-missing":
            alone.append(_not_shared(made.column, first.source))
        else:
            changed.append(made)
    if changed:
        raise _type_changed(changed, second.source, rules)
    alone += [_not_shared(name, second.source) for name in found.only_second]
    described = sides.describe_data_set(second, pairs, is_p=False)
    return _Sides(
        sides.describe_data_set(first, pairs, is_p=True),
        (described,),
        tuple(_Part(described, pair) for pair in pairs),
        (*first.notes, *second.notes, *left_out, *alone),
    )


def _type_changed(changed: Sequence[Unpaired], source: str, rules: Rules) -> InputError:
    """Return the error for columns that are of two types, which cannot be compared."""
    first = changed[0]
    message = f"column '{first.column[:60]}' is of two types: {first.text}"
    if len(changed) > 1:
        names = abridged(f"'{each.column[:40]}'" for each in changed[1:])
        message += f"; and so {'is' if len(changed) == 2 else 'are'} {names}"
    columns = [each.column for each in changed]
    as_text = " ".join(option("--categorical", name) for name in columns)
    left_out = " ".join(option("--exclude", name) for name in columns)
    hint = f"{as_text} compares labels"
    if not rules.column:
        hint = f"{hint}; {left_out} compares the other columns"
    return InputError(first.code, message, Place(source), hint=hint)


def _not_shared(column: str, source: str) -> Note:
    return note_on("column-not-shared", column, "is on one side alone", source)


class _Named(NamedTuple):
    """The name of a side, and the meaning of its numbers."""

    name: str
    kind: Kind


def _check_options(
    p: _Named | Rows, q: _Named | Rows, settings: CompareSettings, *, is_batch: bool
) -> None:
    """Refuse a temperature, a smoothing or a reduction that these kinds of weights have not."""
    sides.refuse_for_kinds(p, q, settings.temperature, settings.smoothing)
    if settings.top != CompareSettings._field_defaults["top"] and is_batch:
        raise contributions_of_batch()
    if settings.reduction != "batchmean" and not is_batch:
        message = f"the reduction '{settings.reduction}' is for the rows of a batch"
        message += ", and these are none"
        raise UsageError("reduction-needs-batch", message, hint="leave --reduction out")
    if settings.block is not None and not is_batch:
        message = "blocks are made of the rows of a batch, and these are none"
        raise UsageError("usage", message, hint="leave --block out")


def _of_batch(found: Measured, settings: CompareSettings) -> _Made:
    """Return the comparison of two arrays of distributions that were measured row by row."""
    made = report.Comparison(None, {}, {}, outcomes=found.outcomes)
    notes = _reduction_noted(settings, found.outcomes)
    return _finished(made, found.rows, settings, notes, noise=found.noise, starts=found.starts)


def _finished(
    comparison: report.Comparison,
    rows: RowValues,
    settings: CompareSettings,
    notes: Iterable[Note],
    *,
    is_batch: bool = True,
    noise: float | None = None,
    starts: NDArray[np.integer[Any]] | None = None,
) -> _Made:
    """Return a comparison with its measures, and with the limits that they passed."""
    measures, bounds = batches.reduce(
        rows, settings.reduction if is_batch else "sum", comparison.outcomes
    )
    facts = None
    if is_batch and settings.statistics:
        facts = batches.described(
            rows, settings.measures, settings.reduction, block=settings.block, starts=starts
        )
        if noise is not None:
            facts = facts._replace(storage_noise=noise / unit_of(settings.base))
    statistics = _row_statistics(settings)
    if statistics and not is_batch:
        message = f"'{next(iter(statistics))}' is a statistic of the rows of a batch"
        message += ", and these are none"
        raise UsageError("usage", message, hint="--fail-above kl_pq=0.05, for example")
    values = {
        **measures,
        **{name: each.of(rows.of(each.rows)) for name, each in statistics.items()},
    }
    shown = settings.measures
    return _Made(
        comparison._replace(
            measures={name: measures[name] for name in shown},
            error_bounds={name: bounds[name] for name in shown},
            batch=facts,
        ),
        rows,
        tuple(report.exceeded(comparison.column, values, settings.fail_above)),
        tuple(notes),
    )


def _of_pair(pair: Pair, settings: CompareSettings) -> _Made:
    """Compute the measures of a pair, and the outcomes that set its sides apart."""
    smooth = settings.smoothing.apply
    p, q = (smooth(side) for side in pair.in_order_of_weights())
    targets = None
    if settings.targets is not None:
        from kldiv_cli.readers import targets as true

        if not pair.is_batch:
            message = "targets are for the rows of a batch, and these are none"
            raise UsageError("usage", message, hint="leave --targets out")
        count = max(len(side) for side in (p, q) if side.ndim == 2)
        targets = true.read(settings.targets.source, count, p.shape[-1])
    rows = rows_in_memory(p, q, _question(settings, pair.kinds), targets)
    comparison = report.Comparison(pair.column, {}, {}, outcomes=pair.p.shape[-1])
    if not pair.is_batch:
        comparison = _of_vectors(pair, comparison, settings)
    elif pair.labels is not None:
        comparison = _of_rows(pair, comparison, settings)
    if settings.estimate:
        wanted = settings.measures if settings.intervals else ()
        of_kl, of_measures = estimated(pair, settings.base, wanted, alpha=settings.alpha)
        comparison = comparison._replace(estimate=of_kl, estimates=of_measures)
    notes = _remarks(pair, comparison, settings)
    return _finished(comparison, rows, settings, notes, is_batch=pair.is_batch)


def _of_vectors(
    pair: Pair, comparison: report.Comparison, settings: CompareSettings
) -> report.Comparison:
    """Add to a comparison the outcomes that set two distributions apart."""
    smooth, base, temperature = settings.smoothing.apply, settings.base, settings.temperature
    terms = partial(contributions, base=base, kind=pair.kinds, temperature=temperature)
    unsmoothed = parts = terms(pair.p, pair.q)
    if settings.smoothing.name != "none":
        parts = terms(smooth(pair.p), smooth(pair.q))
    labels = pair.names
    has_p, has_q = pair.support()
    only_p, only_q = has_p & ~has_q, has_q & ~has_p
    return comparison._replace(
        only_in_p=pair.names_where(only_p),
        only_in_q=pair.names_where(only_q),
        mass_only_in_p=math.fsum(unsmoothed.p[only_p]),
        mass_only_in_q=math.fsum(unsmoothed.q[only_q]),
        contributions=report.largest_contributions(parts, labels, settings.top),
        quantiles=pair.quantiles or None,
        shares=shares_of(pair, parts),
    )


def _of_rows(
    pair: Pair, comparison: report.Comparison, settings: CompareSettings
) -> report.Comparison:
    """Add to the comparison of a labelled batch the outcomes that set its rows apart."""
    terms = partial(
        batches.reduced_contributions,
        base=settings.base,
        kinds=pair.kinds,
        temperature=settings.temperature,
        reduction=settings.reduction,
    )
    parts, mass_only_in_p, mass_only_in_q = terms(pair.p, pair.q)
    if settings.smoothing.name != "none":
        parts, _, _ = terms(settings.smoothing.apply(pair.p), settings.smoothing.apply(pair.q))
    labels = pair.names
    has_p, has_q = pair.support()
    only_p, only_q = (np.atleast_2d(has_p & ~has_q), np.atleast_2d(has_q & ~has_p))
    return comparison._replace(
        only_in_p=pair.names_where(np.any(only_p, axis=0)),
        only_in_q=pair.names_where(np.any(only_q, axis=0)),
        mass_only_in_p=mass_only_in_p,
        mass_only_in_q=mass_only_in_q,
        contributions=report.largest_contributions(parts, labels, settings.top),
    )


def _remarks(pair: Pair, made: report.Comparison, settings: CompareSettings) -> Iterator[Note]:
    """Yield the notes on a comparison that was made of a pair."""
    yield from unmatched(made.only_in_p, made.only_in_q, "labels of the two sides", source="")
    if pair.type == "date":
        yield from zones_noted(pair.values, pair.column or "", source="")
    if made.estimate and not made.estimate.reliable:
        doubt = report.DOUBT_OF_WEIGHTS if pair.weighs else report.DOUBT
        message = f"the estimate's interval is not reliable: {doubt}"
        yield Note("unreliable-estimate", message, source="")
    yield from _reduction_noted(settings, pair.p.shape[-1])


def _reduction_noted(settings: CompareSettings, outcomes: int) -> Iterator[Note]:
    """Yield a note where a reduction is no mean over rows."""
    if settings.reduction == "mean":
        message = f"the reduction 'mean' divides by rows times outcomes ({outcomes})"
        message += ", as torch does; it is not the mean divergence"
        yield Note("mean-over-elements", message, source="", advice="--reduction batchmean")
