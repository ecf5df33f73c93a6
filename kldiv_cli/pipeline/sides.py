"""Reading both sides: as two distributions, or as two data sets that an engine counts.

A profile has one side: what pairs two, or tells of them, is imported where that is done.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kldiv_cli import database, engines, progress, readers
from kldiv_cli.core import counts, types
from kldiv_cli.core.binning import MOST_CATEGORIES, SPECIAL
from kldiv_cli.core.counts import Binned, Categories, Numbers
from kldiv_cli.core.dataset import (
    BY_NAME,
    CHOOSES,
    CLUSTERS,
    DATE,
    IDENTIFIER,
    REPEATS,
    SEGMENTS,
    WEIGHS,
    DataSet,
    Excluded,
    Wanted,
    missing_value,
    which_kind,
)
from kldiv_cli.core.distribution import LOG_KINDS, Distribution
from kldiv_cli.core.refusals import refused
from kldiv_cli.core.table import Members
from kldiv_cli.errors import InputError, Place, UsageError, abridged, option
from kldiv_cli.pipeline import renames, settling
from kldiv_cli.pipeline.settings import refuse_for_profiles
from kldiv_cli.readers import ReadOptions
from kldiv_cli.readers.formats import TIDY_COLUMNS
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from typing import TypeAlias

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.core.intervals import BinsDifferError
    from kldiv_cli.core.pair import Pair
    from kldiv_cli.core.report import Side
    from kldiv_cli.core.smoothing import Smoothing
    from kldiv_cli.core.table import Table
    from kldiv_cli.errors import Note
    from kldiv_cli.pipeline.settings import Rules, Source

    Engine: TypeAlias = Callable[[Table, Wanted, str, str], DataSet]
    """Counts the rows of a table: see `kldiv_cli.engines`."""


TIDY_OR_RAW = "this may be counts of several columns, or raw rows of three"


def refuse_repairs(notes: Iterable[Note]) -> None:
    """Raise the first note on a repair of the input as an error, as ``--strict`` asks.

    Raises
    ------
    InputError
        If there is such a note.
    """
    for note in notes:
        if note.repair:
            hint = note.advice or "mend the data, or leave --strict out"
            raise InputError(note.code, f"--strict: {note.message}", Place(note.source), hint=hint)


class Named(Protocol):
    """A side with a name, whose numbers have a meaning."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def kind(self) -> Kind:
        """What its numbers mean."""


class DataSets(NamedTuple):
    """Two data sets that were read so that their columns meet.

    Attributes
    ----------
    first, second : DataSet
        The second has no columns but those of the first, which decides the types.
    only_second : tuple of str
        Wanted columns of the second side that the first does not have.
    """

    first: DataSet
    second: DataSet
    only_second: tuple[str, ...]


def data_set(
    source: object,
    options: ReadOptions | None = None,
    wanted: Wanted | None = None,
    *,
    name: str | None = None,
) -> DataSet:
    """Count the columns of raw rows, or read columns that were counted: a profile.

    Parameters
    ----------
    source : path, array, mapping of columns, records or data frame
        ``-`` is standard input.
    options : ReadOptions, optional
        How it is to be parsed.
    wanted : Wanted, optional
        Which columns, and how they are counted.
    name : str, optional
        The name of the data set; taken from the source, or the profile, if not given.

    Raises
    ------
    InputError, UsageError
        As `kldiv_cli.readers.read` does.
    """
    found = _counted(source, options or ReadOptions(), wanted or Wanted(), name)
    if found.refused:
        raise refused(found.refused)
    return found


def part_of_profile(
    source: object,
    options: ReadOptions,
    wanted: Wanted,
    kind: str | None = None,
    *,
    name: str | None = None,
) -> DataSet:
    """Count the columns of raw rows, or read columns that were counted: a profile, or a table.

    A table of counts of one column is called as its outcomes are, or by the only column that is
    wanted if these have no name.

    Raises
    ------
    InputError, UsageError
        As `data_set` does; or if the columns of a table have different numbers of rows.
    """
    if kind != "counts":
        try:
            part = data_set(source, options, wanted, name=name)
            if kind is None and {*map(str.casefold, part.seen)} == {*TIDY_COLUMNS}:
                raise which_kind(TIDY_OR_RAW, part.source)
        except InputError as problem:
            if problem.code == "which-kind":
                problem.hint = "--as counts if these are counts; --as samples if they are raw rows"
            raise
        if kind is None:
            refuse_wide(part, "--as samples if these are raw rows; logits have no profile")
        return part
    (found,) = readers.read_counts(source, [options], wanted, names=[name], profiles=True)
    only = None
    if isinstance(found, Distribution):
        _refuse_batch(found)
        named = [*(wanted.columns or ())]
        if len(named) == 1 and found.column in (None, TIDY_COLUMNS[1]):
            only = named[0]
    part = _columns(found, wanted, only, options.decimal)
    if part.kind == "profile":
        return part
    _check_totals(part)
    # A column without values is what it is among raw rows: one of no numbers.
    empty = {
        title: counts.count_numbers(title, column.missing, np.zeros(0))
        for title, column in part.columns.items()
        if column.rows == column.missing and title not in wanted.categorical
    }
    return part._replace(columns={**part.columns, **empty})


def _check_totals(table: DataSet) -> None:
    """Refuse a table of counts whose columns were not counted over the same rows."""
    totals = {title: column.rows for title, column in table.columns.items()}
    few = min(totals, key=totals.__getitem__, default=None)
    if few is not None and totals[few] < max(totals.values()):
        most = max(totals, key=totals.__getitem__)
        message = f"the counts of column {few[:60]!r} add up to {totals[few]}, and those of"
        message += f" {most[:60]!r} to {totals[most]}: a profile has the same rows in each"
        hint = f"{option('--column', few)} makes a profile of one column"
        hint += "; count missing values, too: GROUP BY counts NULL"
        raise InputError("counts-differ", message, Place(table.source, name=few), hint=hint)


def inspected(source: object, options: ReadOptions, wanted: Wanted) -> DataSet:
    """Count the columns of raw rows, or read a profile, with types as its own values say.

    Columns that cannot be counted are in `DataSet.refused`.

    Raises
    ------
    InputError, UsageError
        As `kldiv_cli.readers.read` does.
    """
    return settling.settled_alone(_counted(source, options, wanted, None))


def _counted(source: object, options: ReadOptions, wanted: Wanted, name: str | None) -> DataSet:
    """Count the columns of raw rows; those that cannot be counted are in `DataSet.refused`."""
    # An engine may have to read it twice.
    is_held = readers.is_read_once(source) and database.is_installed()
    why = ""
    with readers.held(source) if is_held else nullcontext(source) as rows:
        try:
            found = _counted_by(_engine, rows, options, wanted, name)
        except engines.UnsuitedError as unsuited:
            why = f", since another was unsuited: {unsuited}"
            found = _counted_by(_engine_in_process, rows, options, wanted, name)
    if found.engine:
        progress.counted(found.source, found.engine + why)
    return found


def _counted_by(
    choose: Callable[[Table, Wanted], Engine],
    source: object,
    options: ReadOptions,
    wanted: Wanted,
    name: str | None,
) -> DataSet:
    """Count the columns of raw rows by the engine that is chosen for them."""
    from kldiv_cli.readers.rows import raw_rows

    with readers.opened(source, options, raw=True) as found:
        data = found.data
        if isinstance(data, Members) and options.at is not None:
            data = data.at(options.at)
        if isinstance(data, Members):
            from kldiv_cli.readers import counted

            # What is counted together is no column of most profiles.
            known = wanted._replace(columns=None) if wanted.joint else wanted
            if profile := counted.profile(data, known, found.source, name):
                return _with_joint(profile, wanted) if wanted.joint else profile
        table = raw_rows(data, options, found.source)
        if table.chosen_by is not None:
            _refuse_chosen(table.chosen_by, wanted)
        if wanted.frequency is not None:
            from kldiv_cli.readers.frequency import rows_repeated

            table = rows_repeated(table, wanted.frequency, found.source)
        count = choose(table, wanted)
        rows = count(table, wanted, found.source, name or found.name)
        if wanted.frequency is not None:
            repeats = Excluded(wanted.frequency, REPEATS)
            seen = (*rows.seen, wanted.frequency)
            rows = rows._replace(excluded=(repeats, *rows.excluded), seen=seen)
        if table.chosen_by is None:
            return rows
        excluded = (Excluded(table.chosen_by, CHOOSES), *rows.excluded)
        return rows._replace(chosen_by=table.chosen_by, excluded=excluded)


def _refuse_chosen(chosen_by: str, wanted: Wanted) -> None:
    """Refuse options that name the column that raw rows are chosen by."""
    from kldiv_cli.readers.where import refuse_chosen

    named: dict[str, Collection[str | None]] = {
        "--joint": wanted.joint,
        "--frequency": [wanted.frequency],
        "--column": wanted.columns or (),
    }
    if wanted.grouping is not None:
        by = {"segment": "--by", "cluster": "--cluster"}.get(wanted.grouping.kind or "", "")
        named |= {by: [wanted.grouping.column], "--row-weight": [wanted.grouping.weight]}
    refuse_chosen(chosen_by, named)


def read_distributions(first: Source, second: Source) -> tuple[Distribution, Distribution]:
    """Read two distributions from two sources, or from one of which two weights are named.

    Raises
    ------
    InputError
        If a source cannot be read or is not a distribution.
    """
    if second.source is not None:
        p = readers.read(first.source, first.options, name=first.name)
        q = readers.read(second.source, second.options, name=second.name)
    else:
        names = (first.name, second.name)
        p, q = readers.read_two(first.source, (first.options, second.options), names=names)
    refuse_flat(first.options, p, q)
    return p, q


def refuse_for_kinds(p: Named, q: Named, temperature: float, smoothing: Smoothing) -> None:
    """Refuse a temperature, or a smoothing, that the kinds of two sides have no use for.

    Raises
    ------
    UsageError
        If neither side holds logarithms to divide, or a side does not hold what is smoothed.
    """
    if temperature != 1 and not {p.kind, q.kind} & set(LOG_KINDS):
        message = "a temperature divides logits;"
        message += f" {p.name} holds {p.kind} and {q.name} {q.kind}"
        raise UsageError("temperature-needs-logits", message, hint="--as logits")
    for side in (p, q):
        if smoothing.pseudocount and side.kind != "counts":
            message = f"a pseudocount is added to counts, and {side.name} holds {side.kind}"
            hint = "--as counts if these are counts; --smoothing floor:1e-6 if they are not"
            raise UsageError("smoothing-needs-counts", message, hint=hint)
        if smoothing.floor and side.kind in LOG_KINDS:
            message = f"a floor is for probabilities, and {side.name} holds {side.kind}"
            hint = "leave --smoothing out"
            raise UsageError("smoothing-needs-probabilities", message, hint=hint)


def refuse_flat(options: ReadOptions, *sides: Distribution) -> None:
    """Refuse ``--flatten`` where no side is an array of several dimensions.

    Raises
    ------
    UsageError
        If none is.
    """
    if options.flatten and all(side.flattened is None for side in sides):
        message = "the option 'flatten' is for an array of two dimensions, and there is none"
        raise UsageError("usage", message, hint="leave --flatten out")


def _with_joint(profile: DataSet, wanted: Wanted) -> DataSet:
    """Return the columns of a profile that are wanted, of which one was counted of several."""
    from kldiv_cli.core.joint import joint_name

    title = joint_name(wanted.joint)
    if title not in profile.columns:
        message = f"this profile has not counted '{title[:60]}' together"
        words = " ".join(map(_joint_option, wanted.joint))
        hint = f"kldiv profile DATA {words} -o FILE does"
        raise InputError("unknown-column", message, Place(profile.source), hint=hint)
    wanted.left_out(profile.seen, profile.source)
    columns = {name: one for name, one in profile.columns.items() if wanted.wants(name)}
    return profile._replace(columns=columns)


def _joint_option(name: str) -> str:
    return option("--joint", name)


def _engine(table: Table, wanted: Wanted) -> Engine:
    """Return the engine that counts the rows of a table fastest, or where they are."""
    if table.remote is not None:
        from kldiv_cli.engines import warehouse

        return warehouse.count
    if not engines.is_large(table):
        return _engine_in_process(table, wanted)
    if not database.is_installed():
        return _slowly
    from kldiv_cli.engines import embedded

    if wanted.grouping is not None and not wanted.grouping.required:
        # What DuckDB counts comes in no order, and nobody asks for blocks.
        return _without_groups
    return embedded.count


def _without_groups(table: Table, wanted: Wanted, source: str, name: str) -> DataSet:
    """Count large text without the groups that nobody asks for."""
    from kldiv_cli.engines import embedded, grouping

    return embedded.count(table, grouping.without_groups(wanted), source, name)


def _slowly(table: Table, wanted: Wanted, source: str, name: str) -> DataSet:
    """Count large text in process, and tell whoever asks what would be faster."""
    found = _engine_in_process(table, wanted)(table, wanted, source, name)
    faster = f"the extra duckdb would be faster: {database.INSTALL}"
    return found._replace(engine=f"{found.engine}; {faster}")


def _engine_in_process(table: Table, wanted: Wanted) -> Engine:
    """Return the engine that counts any raw rows."""
    if wanted.joint:
        from kldiv_cli.engines import joint

        return joint.count
    from kldiv_cli.engines import local

    return local.count


@contextmanager
def held(both: tuple[Source, Source]) -> Iterator[tuple[Source, Source]]:
    """Yield two sides, which can be read again if they are of one source that can be read once."""
    first, second = both
    if first.source is not second.source or not readers.is_read_once(first.source):
        yield both
        return
    with readers.held(first.source) as source:
        yield first._replace(source=source), second._replace(source=source)


def read_data_sets(first: Source, second: Source, rules: Rules) -> DataSets:
    """Read two data sets so that their columns meet; the first decides the types.

    Raises
    ------
    InputError
        If a side cannot be read, a named column is not there, or a side may as well be a
        distribution.
    """
    wanted = rules.counting()
    tables = _tables(first, second, wanted)
    counted = [table for table in tables if isinstance(table, Distribution)]
    refuse_flat(first.options, *counted)
    if tables[0] is not None and tables[1] is not None:
        tables[1] = _match_tables(tables[1], tables[0])
    elif counted and _has_bins(counted[0]):
        return _in_bins(counted[0], first, second, rules)
    model = _columns(tables[0], wanted) if tables[0] else _rows(first, wanted, rules)
    text = frozenset(name for name, column in model.columns.items() if _is_text(column))
    refusals = {each.column for each in model.refused}
    wanted = wanted._replace(
        categorical=wanted.categorical | (text - wanted.numeric),
        excluded=lambda name: name not in model.columns or name in refusals,
        identifiers=False,
        edges=counts.edges_of(model.columns),
    )
    if tables[1] is not None:
        only = next(iter(model.columns)) if len(model.columns) == 1 else None
        found = _columns(tables[1], wanted, only)
    else:
        found = _rows(second, wanted, rules, model)
    if every := (*model.refused, *found.refused):
        raise refused(every)
    if model.kind == found.kind == "profile":
        refuse_for_profiles(rules)
    renames.check_old_names(model, second.map)
    renames.check_old_names(found, first.map)
    conditions = {first.options.where, second.options.where}
    for side, rows in ((first, model), (second, found)):
        # What is said once is for the side that has rows.
        if len(conditions) > 1 or (model.kind, found.kind) == ("profile", "profile"):
            refuse_condition(rows, side.options)
    chosen_by = [side.chosen_by for side in (model, found) if side.chosen_by is not None]
    rules.check_names([*model.seen, *found.seen, *chosen_by], found.source)
    known = {*model.seen, *chosen_by}
    new = [name for name in found.seen if name not in known and rules.wants(name)]
    columns = {name: one for name, one in model.columns.items() if name not in chosen_by}
    left_out = {one.column: one for one in model.excluded}
    left_out |= {name: Excluded(name, CHOOSES) for name in chosen_by}
    model = model._replace(columns=columns, excluded=tuple(left_out.values()))
    return DataSets(*settling.settled_sides(model, found, rules), tuple(new))


def read_mixed(first: Source, second: Source, rules: Rules) -> tuple[Distribution, Distribution]:
    """Read two sides, one of which at least is no raw rows; raw rows are counted as the other is.

    Raw rows must have one column to be counted. Numbers are counted in the bins of the other side,
    if it has some; their column is called as these bins are, or the only one of numbers.

    Raises
    ------
    InputError
        If a source cannot be read, is a batch, or has several columns of raw rows.
    """
    pair = (first, second)
    known: list[Distribution | None]
    if second.source is None:
        known = [_known(found, rules) for found in read_distributions(first, second)]
    else:
        known = [
            _known(readers.read(side.source, side.options, name=side.name), rules)
            if side.kind in TABLES
            else None
            for side in pair
        ]
    tables = [table for table in known if table is not None]
    refuse_flat(first.options, *tables)
    like = tables[0] if tables else None
    p, q = (
        table or _counted_like(like, side, rules) for side, table in zip(pair, known, strict=True)
    )
    return p, q


TABLES = ("counts", "probabilities", "weights", *LOG_KINDS)
"""The kinds of sides that are no raw rows."""


def _known(found: Distribution, rules: Rules) -> Distribution:
    """Return a side that is no raw rows; a batch is refused, and so are missing values."""
    _refuse_batch(found)
    _check_missing(found, rules)
    return found


def _counted_like(like: Distribution | None, side: Source, rules: Rules) -> Distribution:
    """Read raw rows as the counts of one column, in the bins of another side if it has some."""
    rows, column = _one_column(like, side, rules)
    if isinstance(column, Binned):
        bins = zip(column.bins.labels, column.counts.tolist(), strict=False)
        outcomes = {label: count for label, count in bins if count}
    else:
        column = counts.as_categories(column) if isinstance(column, Numbers) else column
        outcomes = dict(column.counts)
    label = None
    if column.missing and rules.missing == "category":
        label = counts.missing_label(outcomes)
        outcomes[label] = column.missing
    if not any(outcomes.values()):
        raise no_values(column.name, rows.source)
    return Distribution(
        name=rows.name,
        source=rows.source,
        format=rows.format,
        kind="counts",
        outcomes=tuple(outcomes),
        weights=np.array(list(outcomes.values()), dtype=np.int64),
        rows_read=rows.rows,
        rows_used=sum(outcomes.values()),
        missing=column.missing,
        notes=rows.notes,
        column=column.name,
        missing_label=label,
        joint=bool(rules.joint) and column.name not in rules.joint,
    )


def _check_missing(found: Distribution, rules: Rules) -> None:
    """Refuse a missing outcome of a known distribution where missing values are none."""
    if found.missing_label is None or rules.missing == "category":
        return
    place = Place(found.source, name=found.column)
    if rules.missing == "error":
        raise missing_value(place)
    message = "this distribution has an outcome for missing values, which cannot be left out"
    raise InputError("missing-value", message, place, hint="--missing category")


def _one_column(like: Distribution | None, side: Source, rules: Rules) -> tuple[DataSet, Column]:
    """Read raw rows, and return the column that is to meet a distribution."""
    wanted = rules.counting()
    binned = like is not None and _has_bins(like)
    title = like.column if like is not None and binned else None
    if binned:
        # What a table calls its outcomes is no key.
        named = wanted.named if title is None else wanted.named | {title}
        wanted = wanted._replace(named=named, late=True)
    rows = _counted(side.source, side.options, wanted, side.name)
    refuse_condition(rows, side.options)
    if binned:
        rows = settling.settled_alone(rows)
    # Where a column is called as the bins are, no other need be counted.
    if every := [each for each in rows.refused if title not in rows.columns]:
        raise refused(every)
    columns = list(rows.columns.values())
    if len(columns) > 1 and binned and not _may_be_a_distribution(rows):
        numeric = [column for column in columns if isinstance(column, Numbers)]
        numeric = [one for one in numeric if not counts.is_identifier(one)] or numeric
        columns = [column for column in columns if column.name == title] or [*numeric]
    if len(columns) != 1:
        message = f"there are {len(columns)} columns of raw rows"
        message += ", and one distribution to meet them"
        chosen = option("--column", next(iter(rows.columns), "NAME"))
        hint = f"{chosen}, or another, chooses one; --as counts if this is a table of counts"
        raise InputError("several-columns", message, Place(rows.source), hint=hint)
    (column,) = columns
    return rows, _binned_like(like, column, rows) if like is not None and binned else column


def _has_bins(side: Distribution) -> bool:
    """Return whether numbers can be counted in the bins of a side: those of one axis."""
    return side.intervals is not None and side.intervals.across is None


def _binned_like(like: Distribution, column: Column, rows: DataSet) -> Column:
    """Return a column of numbers in the bins of a distribution, with its labels.

    Numbers outside of all bins are outcomes of their own. Labels that are intervals are matched
    with the bins.
    """
    from kldiv_cli.core import intervals

    bins, labels = like.intervals, like.outcomes or ()
    assert bins is not None
    of_bins = [label for label, bin in zip(labels, bins.bins, strict=True) if bin is not None]
    found = dict.fromkeys(of_bins, 0)
    if isinstance(column, Binned | Categories):
        is_profile = isinstance(column, Binned)
        column = _labelled(column) if isinstance(column, Binned) else column
        plain = {label: n for label, n in column.counts.items() if label not in SPECIAL}
        own = intervals.of_labels(plain)
        if own is not None:
            # The bins of a profile are all there, those of rows only where there are such rows.
            empty = [not n for n in like.weights], [not n for n in plain.values()]
            names = (like.name, rows.name)
            try:
                places = intervals.matched(bins, own, empty if is_profile else None, names)
            except intervals.BinsDifferError as differ:
                raise bins_differ(differ, rows.source) from None
            same = zip(plain, places, strict=True)
            known = {label: labels[at] for label, at in same if at is not None}
            found |= {known.get(label, label): n for label, n in column.counts.items()}
            return column._replace(counts=found)
        if not column.total or not counts.has_integer_labels(column):
            return column
        if column.pooled:
            raise bins_differ(counts.EdgesDifferError(counts.IN_NO_BINS), rows.source)
        numbers = np.array([float(label) for label in column.counts])
        repeats = np.array(list(column.counts.values()), dtype=np.int64)
        inside, outside = bins.counts_of(numbers, repeats)
    else:
        inside, outside = bins.counts_of(column.values, column.counts)
    found |= {label: n for label, n in zip(labels, inside, strict=True) if label in found}
    return Categories(column.name, column.missing, found | dict(outside))


def _labelled(column: Binned) -> Categories:
    """Return numbers that were counted in bins by the labels of these."""
    found = dict(zip(column.bins.labels, column.counts.tolist(), strict=False))
    kept = {label: n for label, n in found.items() if n or label not in SPECIAL}
    return Categories(column.name, column.missing, kept)


def _in_bins(like: Distribution, first: Source, second: Source, rules: Rules) -> DataSets:
    """Return a table of counts of bins and raw rows that were counted in these."""
    is_first = first.kind == "counts"
    raw = second if is_first else first
    rows, column = _one_column(like, raw, rules)
    rows = rows._replace(columns={column.name: column})
    table = _columns(like, Wanted(), column.name)
    rules.check_names(rows.seen, rows.source)
    return DataSets(*((table, rows) if is_first else (rows, table)), ())


BIN_ALIKE = "bin both sides alike: np.histogram(x, bins=edges), or pd.cut(x, edges)"
"""The hint where the bins of two sides have different edges."""


def match_outcomes(p: Distribution, q: Distribution, column: str | None = None) -> Pair:
    """Return two distributions over the union of their outcomes; see `pair_distributions`.

    Raises
    ------
    InputError
        If their outcomes cannot be matched.
    """
    from kldiv_cli.core.intervals import BinsDifferError
    from kldiv_cli.core.pair import pair_distributions

    try:
        return pair_distributions(p, q, column)
    except BinsDifferError as differ:
        raise bins_differ(differ, p.source) from None
    except ValueError as error:
        raise InputError("no-common-support", str(error), Place(p.source)) from None


def refuse_condition(rows: DataSet, options: ReadOptions) -> None:
    """Refuse a profile of which rows are to be chosen.

    Raises
    ------
    InputError
        If it is one, and has no rows any more.
    """
    if rows.kind == "profile" and options.where is not None:
        message = "this is a profile, which has counts and no rows to choose"
        condition = option("--where", options.where, instead="COLUMN=VALUE")
        hint = f"kldiv profile DATA {condition} -o FILE counts these rows alone"
        raise InputError("is-a-profile", message, Place(rows.source), hint=hint)


NO_DATA = {
    CHOOSES: "--where",
    REPEATS: "--frequency",
    WEIGHS: "--row-weight",
    CLUSTERS: "--cluster",
    SEGMENTS: "--by",
}
"""The options that say of a column that it holds no data, by the reason why it is left out."""


def nothing_left(what: str, excluded: Sequence[Excluded], source: str) -> InputError:
    """Return the error for sides of which no column is left to `what`: judge, or compare."""
    message, hint = f"there is no column to {what}", ""
    if excluded:
        names = abridged(f"'{each.column[:40]}'" for each in excluded)
        message = f"no column is left to {what}; excluded: {names}"
        # What a profile has left out itself comes before what this run leaves out by name.
        found = {each.reason: each.column for each in excluded}
        wanted = next((found[why] for why in (BY_NAME, IDENTIFIER, DATE) if why in found), None)
        holds = next((flag for why, flag in NO_DATA.items() if why in found), None)
        if wanted is not None:
            hint = f"{option('--column', wanted)} brings it in; --as counts if these are counts"
        elif holds is not None:
            hint = f"leave {holds} out"
        else:
            hint = "give data in which a column has values that are not always the same"
    return InputError("no-column-judged", message, Place(source), hint=hint)


def bins_differ(differ: BinsDifferError | counts.EdgesDifferError, source: str) -> InputError:
    """Return the error for sides that were counted in different bins."""
    return InputError("edges-differ", str(differ), Place(source), hint=BIN_ALIKE)


def no_values(column: str, source: str) -> InputError:
    """Return the error for a column that has no values on one side."""
    hint = "--missing category makes missing values an outcome"
    hint += f"; {option('--exclude', column)} leaves it out"
    return InputError("no-values", f"column '{column}' has no values", Place(source), hint=hint)


def describe_distribution(side: Distribution) -> Side:
    """Return the facts on a distribution for a report."""
    from kldiv_cli.core.report import Side

    facts = (side.name, side.source, side.format, side.kind, side.weights.shape[-1], side.total)
    return Side(*facts, side.rows_read, side.rows_used, side.missing)


def describe_data_set(side: DataSet, pairs: Sequence[Pair], *, is_p: bool) -> Side:
    """Return the facts on a data set for a report: on its columns that were paired, together."""
    from kldiv_cli.core.report import Side

    outcomes = sum(int(np.count_nonzero(pair.p if is_p else pair.q)) for pair in pairs)
    missing = sum(pair.missing[0 if is_p else 1] for pair in pairs)
    facts = (side.name, side.source, side.format, side.kind, outcomes, side.rows)
    found = Side(*facts, rows_read=side.rows, rows_used=side.rows, missing=missing)
    weighing = side.groups and side.groups.weighing
    if not weighing:
        return found
    return found._replace(
        n_effective=weighing.n_effective,
        design_effect=weighing.design_effect,
        largest_weight_share=weighing.largest_share,
    )


def _is_text(column: Column) -> bool:
    """Return whether the labels of a column are more than integers that may be numbers."""
    if not isinstance(column, Categories):
        return False
    if len(column.counts) <= MOST_CATEGORIES and counts.has_integer_labels(column):
        return False
    # Booleans and dates are no labels that numbers may be among.
    return types.own_type(column) not in ("boolean", "date", None)


def _rows(side: Source, wanted: Wanted, rules: Rules, model: DataSet | None = None) -> DataSet:
    """Read raw rows, or a profile; `model` is the side that they are compared with."""
    its = renames.in_its_words(wanted, side.map) if side.map else wanted
    try:
        rows = _counted(side.source, side.options, its, side.name)
    except InputError as problem:
        if problem.code == "is-a-histogram":
            raise _kind_for_each(problem, model) from None
        raise
    weight = its.grouping and its.grouping.weight
    if rows.kind == "profile" and rows.groups and rows.groups.grouping.weight != weight:
        # Its rows are counted, as those of the other side are.
        columns = {title: one._replace(grouped=None) for title, one in rows.columns.items()}
        rows = rows._replace(columns=columns, groups=None)
    if side.map:
        rows = renames.renamed(rows, side.map, wanted.joint)
    # These are raw rows where the user has rules for columns, or the model has the same columns.
    made_by = () if rows.groups is None else rows.groups.grouping.columns
    are_rows = any(
        name in rules.columns or name in made_by or not rules.wants(name) for name in rows.seen
    ) or (
        model is not None
        and model.kind == "samples"
        and {*rows.seen} <= {*model.seen, model.chosen_by}
    )
    if side.kind is None and {*map(str.casefold, rows.seen)} == {*TIDY_COLUMNS}:
        raise which_kind(TIDY_OR_RAW, rows.source)
    if side.kind is None and not are_rows and _may_be_a_distribution(rows):
        what = "this may be a table of outcomes and weights, or raw rows of two columns"
        raise which_kind(what, rows.source)
    if side.kind is None and model is None and not are_rows:
        hint = "--as logits or --as log-probs if a model wrote them; --as samples if not"
        refuse_wide(rows, hint)
    return rows


def refuse_wide(rows: DataSet, hint: str) -> None:
    """Refuse an array that may hold a row of logits for each position, or raw rows.

    To judge column by column what a model predicts would pass whatever the model says.

    Raises
    ------
    InputError
        If the rows are of an array of floats as wide as a vocabulary.
    """
    if any(note.code == "wide-array" for note in rows.notes):
        what = "this may hold logits, a row for each position, or raw rows of many columns"
        raise InputError("which-kind", what, Place(rows.source), hint=hint)


def _kind_for_each(problem: InputError, model: DataSet | None) -> InputError:
    """Return the error for a histogram with the kinds of both sides as its hint."""
    if model is None:
        hint = "--as counts --as samples if the other side holds raw rows; --as counts if not"
    elif model.kind == "counts":
        return problem
    else:
        hint = "--as samples --as counts"
    return InputError(problem.code, problem.message, *problem.places, hint=hint)


def _may_be_a_distribution(rows: DataSet) -> bool:
    """Return whether rows are distinct labels, each with a number, in either order."""
    if rows.kind != "samples" or len(rows.seen) != 2 or not rows.columns:
        return False
    # A second column that was not counted is a key, whose values are distinct, or the reference
    # lacks it: it may be either.
    labels = [*map(_may_be_labels, rows.columns.values()), True]
    weights = [*map(_may_be_weights, rows.columns.values()), True]
    return (labels[0] and weights[1]) or (weights[0] and labels[1])


def _may_be_weights(column: Column) -> bool:
    """Return whether all values of a column could be weights: numbers that are not negative."""
    if not isinstance(column, Numbers) or column.missing:
        return False
    values = column.values
    return len(values) > 0 and bool(np.all(np.isfinite(values)) and np.all(values >= 0))


def _may_be_labels(column: Column) -> bool:
    """Return whether all values of a column could be labels: distinct, and none a fraction."""
    if isinstance(column, Binned):
        return False
    if isinstance(column, Numbers):
        values = column.values
        if not np.all(np.isfinite(values)) or np.any(values % 1):
            return False
    # One label of a table of counts may be missing.
    return column.missing <= 1 and counts.distinct(column) == column.rows - column.missing


def _tables(first: Source, second: Source, wanted: Wanted) -> list[DataSet | Distribution | None]:
    """Read the sides that are tables of counts; None stands for raw rows."""
    if second.source is not None:
        both = (first, second)
        return [_table(side, wanted) if side.kind == "counts" else None for side in both]
    options, names = (first.options, second.options), (first.name, second.name)
    found = readers.read_counts(first.source, options, wanted, names=names)
    for table in found:
        if isinstance(table, Distribution):
            _refuse_batch(table)
    return [*found]


def _table(side: Source, wanted: Wanted) -> DataSet | Distribution:
    """Read a table of counts: of several columns, or of one."""
    its = renames.in_its_words(wanted, side.map) if side.map else wanted
    (found,) = readers.read_counts(side.source, [side.options], its, names=[side.name])
    if isinstance(found, Distribution):
        _refuse_batch(found)
        if side.map:
            message = "a table of counts is of one column, whatever its name: none is renamed"
            raise UsageError("usage", message, hint="leave --map out")
    elif side.map:
        found = renames.renamed(found, side.map)
    return found


def _match_tables(p: DataSet | Distribution, q: DataSet | Distribution) -> DataSet | Distribution:
    """Refuse tables of counts whose outcomes cannot be matched; return P with the bins of Q."""
    from kldiv_cli.core.pair import labels_on_one_side, with_common_bins

    if isinstance(p, Distribution) and isinstance(q, Distribution):
        match_outcomes(p, q)
        return with_common_bins(q, p)
    for tidy, table in ((p, q), (q, p)):
        if isinstance(tidy, DataSet) and isinstance(table, Distribution) and not table.outcomes:
            reason = labels_on_one_side(tidy.name, table.name)
            raise InputError("no-common-support", reason, Place(p.source))
    return p


def _columns(
    table: DataSet | Distribution, wanted: Wanted, only: str | None = None, decimal: str = "."
) -> DataSet:
    """Return a table of counts as a data set; `only` is the column's name on the other side."""
    if isinstance(table, DataSet):
        columns = {name: column for name, column in table.columns.items() if wanted.wants(name)}
        return table._replace(columns=columns)
    labels = table.outcomes or tuple(map(str, range(len(table.weights))))
    if table.missing_label is not None:
        labels = tuple("" if label == table.missing_label else label for label in labels)
    pairs = zip(labels, map(int, table.weights.tolist()), strict=True)
    # The rows of a query come in any order; bins, and what is known by position, have their own.
    has_order = table.outcomes is None or table.intervals is not None
    outcomes = dict(pairs if has_order else sorted(pairs))
    name = only or (table.column if table.outcomes else None) or "outcome"
    from kldiv_cli.readers import counted

    single, source, format = {name: outcomes}, table.source, table.format
    return counted.data_set(
        single,
        wanted,
        name=table.name,
        source=source,
        format=format,
        notes=table.notes,
        decimal=decimal,
    )


def _refuse_batch(side: Distribution) -> None:
    """Refuse a batch, where one distribution is needed."""
    if side.weights.ndim > 1:
        message = "this is a batch of distributions, and a check judges one"
        hint = "kldiv compare compares batches row by row; --flatten makes one distribution of the"
        hint += " array; --as samples if these are raw rows"
        raise InputError("bad-shape", message, Place(side.source), hint=hint)
