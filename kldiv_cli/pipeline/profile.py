"""The pipeline of a profile: read raw rows or profiles, count their columns, and merge them."""

from __future__ import annotations

from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING

from kldiv_cli import readers
from kldiv_cli.core import counts, types
from kldiv_cli.core.binning import few_integers
from kldiv_cli.core.counts import Binned, Categories, EdgesDifferError, TypeChangedError
from kldiv_cli.core.dataset import (
    BY_NAME,
    CHOOSES,
    DATE,
    IDENTIFIER,
    TOO_MANY_ROWS,
    DataSet,
    Excluded,
    too_many_rows,
    unknown_column,
)
from kldiv_cli.core.refusals import CODES
from kldiv_cli.errors import InputError, Note, Place, abridged, note_on, option
from kldiv_cli.pipeline import settling
from kldiv_cli.pipeline.dependence import refuse_groups
from kldiv_cli.pipeline.settings import Rules, refuse_for_profiles, refuse_foreign
from kldiv_cli.pipeline.sides import data_set, nothing_left, part_of_profile, refuse_condition
from kldiv_cli.pipeline.validation import ColumnRules
from kldiv_cli.readers import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.core.grouped import Groups
    from kldiv_cli.readers import ReadOptions

MOST_NAMED = 5
"""Columns that a hint leaves out one by one."""


def profile(
    sources: Sequence[tuple[str | None, object]],
    rules: Rules,
    options: ReadOptions,
    *,
    kind: str | None = None,
    like: object = None,
    min_count: int = 0,
) -> DataSet:
    """Count the columns of one or more data sets together.

    Parameters
    ----------
    sources : sequence of (name, source)
        Raw rows or profiles; a name that is None is taken from its source.
    rules : Rules
        Which columns are counted, and how.
    options : ReadOptions
        How the sources are to be read.
    kind : {"samples", "counts"}, optional
        What they are: raw rows, or tables of counts; profiles are known by themselves.
    like : path, optional
        A profile whose columns, types and edges are to be used.
    min_count : int
        Outcomes that occur less often are pooled as one.

    Returns
    -------
    DataSet
        The counted columns, each `Categories` or `Binned`.

    Raises
    ------
    InputError
        If a source cannot be read, or they cannot be merged.
    """
    merged, _ = _merged(sources, rules, options, kind, like, min_count)
    return merged


def windows(
    sources: Sequence[tuple[str | None, object]],
    rules: Rules,
    options: ReadOptions,
    kind: str | None = None,
) -> tuple[DataSet, list[DataSet]]:
    """Count several data sets together, and each by itself with the edges of all.

    Parameters
    ----------
    sources, rules, options, kind
        See `profile`.

    Returns
    -------
    together : DataSet
        What `profile` returns.
    windows : list of DataSet
        Each source, its columns counted alike.

    Raises
    ------
    InputError
        As `profile` does.
    """
    together, parts = _merged(sources, rules, options, kind, None, 0)
    alike = _rules_of_model(together, rules)
    return together, [_count_like(part, together, alike, options) for part in parts]


def _merged(
    sources: Sequence[tuple[str | None, object]],
    rules: Rules,
    options: ReadOptions,
    kind: str | None,
    like: object,
    min_count: int,
) -> tuple[DataSet, list[DataSet]]:
    """Return data sets counted together, and each as it was read; see `profile`."""
    asked, model = rules, None
    if like is not None:
        model = _read_model(like, rules.counting())
        rules = _rules_of_model(model, rules)
    wanted = rules.counting()._replace(late=True)
    if len(sources) == 1:
        # Of several parts, the quantiles are those of all together.
        wanted = wanted._replace(quantiles=lambda title: rules.bins_of(title)[0])
    if model is None:
        parts = [part_of_profile(each, options, wanted, kind, name=name) for name, each in sources]
    else:
        parts = [_like(model, rules, each, options, kind, name) for name, each in sources]
    if len(parts) == 1 and parts[0].kind == "samples" and parts[0].rows:
        refuse_groups(rules, *parts)
    for part in parts:
        refuse_condition(part, options)
    refuse_foreign([options] * len(parts), [part.format for part in parts])
    if all(part.kind == "profile" for part in parts):
        refuse_for_profiles(rules)
    first, groups = parts[0], _groups_of(parts, rules)
    known = [
        title for part in parts for title in (*part.seen, part.chosen_by) if title is not None
    ]
    asked.check_names(known, first.source)
    excluded = {one.column: one for part in parts for one in part.excluded}
    columns: dict[str, Column] = {}
    for title in _in_order([list(part.columns) for part in parts]):
        if title in excluded:
            continue
        column = _merge(title, parts, asked, settle=model is None)
        # A column may look like a key in all parts together only. What a profile counted stays.
        decided = model is not None or any(part.kind == "profile" for part in parts)
        if not decided and wanted.may_leave_out(title) and counts.is_identifier(column):
            is_date = isinstance(column, Categories) and column.type == "date"
            excluded[title] = Excluded(title, DATE if is_date else IDENTIFIER)
        else:
            columns[title] = _count(column, rules, first.source, min_count)
    if not columns:
        raise nothing_left("count", [*excluded.values()], first.source)
    for place, part in enumerate(parts):
        if model is None and part.kind == "counts":
            part = part._replace(notes=(*part.notes, *_numbers_noted(part, columns, wanted)))
        parts[place] = part._replace(notes=(*part.notes, *settling.words_noted(part, columns)))
    if rules.serial and len(parts) > 1:
        # Columns are merged without them.
        message = "no blocks of rows are kept of several parts, which are in no order"
        note = Note("order-unknown", message, first.source)
        parts[0] = parts[0]._replace(notes=(*parts[0].notes, note))
    assert groups is None or all(column.grouped for column in columns.values())
    rows = sum(part.rows for part in parts)
    if rows >= TOO_MANY_ROWS:
        raise too_many_rows(first.source)
    merged = DataSet(
        name="+".join(sorted({word for part in parts for word in part.name.split("+")})),
        source=first.source,
        format=first.format,
        kind="profile",
        rows=rows,
        columns=columns,
        excluded=tuple(excluded[title] for title in sorted(excluded)),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        seen=first.seen,
        groups=groups,
    )
    return merged, parts


def _groups_of(parts: Sequence[DataSet], rules: Rules) -> Groups | None:
    """Return the groups of one part, or what the rows of several weigh together.

    Blocks of rows are those of one part alone: several that count each row once have no groups.

    Raises
    ------
    InputError
        If a part has weights and nobody asks for them, or has none.
    """
    weights = [None if part.groups is None else part.groups.grouping.weight for part in parts]
    both = list(zip(parts, weights, strict=True))
    # What was counted before weighs as it does, whatever the options say.
    are_alike = len({weight for part, weight in both if part.kind != "samples"}) == 1
    asked = "" if rules.row_weight is None else f" {option('--row-weight', rules.row_weight)}"
    anew = f"kldiv profile DATA{asked} -o FILE makes it anew, or leave it out"
    for part, weight in both:
        if weight == rules.row_weight:
            continue
        here = Place(part.source, name=weight or rules.row_weight)
        if weight is not None:
            message = "this is a profile of rows that weigh"
            other = option("--row-weight", weight)
        else:
            message = "there is a part without rows that weigh"
            other = "leave --row-weight out"
        hint = f"{other}; {anew}" if are_alike else anew
        raise InputError("is-weighed", message, here, hint=hint)
    first, *others = [part.groups for part in parts]
    if not others:
        return first
    weighing = [each.weighing for each in (first, *others) if each and each.weighing]
    if not weighing or first is None:
        return None
    return first._replace(weighing=reduce(lambda sum_, each: sum_.plus(each), weighing))


def _in_order(titles: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns of all parts in their order; by their names where parts differ in it.

    So the order of the parts leaves no mark.
    """
    every = list(dict.fromkeys(title for each in titles for title in each))
    return every if all(list(each) == every for each in titles) else sorted(every)


def _read_model(source: object, wanted: Wanted) -> DataSet:
    """Read the profile whose columns, types and edges are to be used."""
    known = wanted._replace(columns=None) if wanted.joint else wanted
    model = data_set(source, None, known)
    if model.kind != "profile" or not model.columns:
        message = "this is not a profile with columns, and has no edges to take"
        hint = "kldiv profile DATA -o FILE makes one"
        raise InputError("not-a-profile", message, Place(model.source), hint=hint)
    return model


def _rules_of_model(model: DataSet, rules: Rules) -> Rules:
    """Return the rules by which a profile was made: its columns, their types and edges."""
    columns = {
        title: ColumnRules("numeric", None, column.bins.edges, rules.of(title).na)
        if isinstance(column, Binned)
        # Labels are spelt as those of the profile when they are counted.
        else ColumnRules("categorical", na=rules.of(title).na)
        for title, column in model.columns.items()
    }
    return rules._replace(column=tuple(model.columns), exclude=(), columns=columns)


NO_ROWS = ("no-rows", "no-rows-where")


def _like(
    model: DataSet,
    rules: Rules,
    source: object,
    options: ReadOptions,
    kind: str | None,
    name: str | None,
) -> DataSet:
    """Read and count a part as a profile was counted; a part of no rows is one, too."""
    edges = counts.edges_of(model.columns)
    wanted = rules.counting()._replace(identifiers=False, late=True, edges=edges)
    if rules.joint:
        wanted = wanted._replace(categorical=wanted.categorical.union(rules.joint))
    elif kind != "counts":
        # Records without a value may lack its key, and all of a part may.
        wanted = wanted._replace(columns=None, excluded=lambda title: title not in model.columns)
    try:
        part = part_of_profile(source, options, wanted, kind, name=name)
    except InputError as problem:
        if problem.code in NO_ROWS:
            return _of_no_rows(model, rules, source, options, name, problem)
        if problem.code not in CODES:
            raise
        hint = "mend the data, or make the profile to be like anew without the column"
        message, places = problem.message, problem.places
        raise InputError(problem.code, message, *places, count=problem.count, hint=hint) from None
    part = part._replace(excluded=tuple(one for one in part.excluded if one.reason != BY_NAME))
    absent = [title for title in model.columns if title not in part.seen]
    if absent and not (part.format in KEYED and len(absent) < len(model.columns)):
        raise unknown_column(absent[0], part.seen, part.source)
    if absent:
        grouped = next(iter(part.columns.values())).grouped
        grouped = grouped and grouped.without_values()
        empty = {one: Categories(one, part.rows, {}, grouped=grouped) for one in absent}
        part = part._replace(
            columns={**part.columns, **empty},
            seen=(*part.seen, *absent),
            notes=(*part.notes, _absent_noted(absent, part.source)),
        )
    return _count_like(part, model, rules, options)


KEYED = ("json", "jsonl")
"""Formats whose rows name their values, so that one which is missing may not be named."""


def _absent_noted(absent: Sequence[str], source: str) -> Note:
    names = abridged(f"'{title[:40]}'" for title in absent)
    message = f"no row has a value of {names}, which the profile to be like has counted"
    return Note("column-without-values", message, source)


def _of_no_rows(
    model: DataSet,
    rules: Rules,
    source: object,
    options: ReadOptions,
    name: str | None,
    problem: InputError,
) -> DataSet:
    """Return a part that has no rows, counted as a profile was."""
    where = () if options.where is None else (options.where.partition("=")[0],)
    place, advice = problem.places[0], problem.hint
    message = f"{problem.message}: a profile of 0 rows, to be merged with others"
    groups = grouped = None
    if rules.row_weight is not None:
        from kldiv_cli.core.grouped import NOTHING, Grouping, Groups, Weighing

        grouping = Grouping(weight=rules.row_weight, required=True)
        groups, grouped = Groups(grouping, ("1",), Weighing()), NOTHING
    empty = DataSet(
        name=name or readers.name_of(source),
        source=place.source,
        format="",
        kind="samples",
        rows=0,
        columns={title: Categories(title, 0, {}, grouped=grouped) for title in model.columns},
        excluded=tuple(Excluded(title, CHOOSES) for title in where),
        notes=(Note(problem.code, message, place.source, repair=True, advice=advice),),
        seen=tuple(model.columns),
        groups=groups,
    )
    return _count_like(empty, model, rules, options)


def _count_like(part: DataSet, model: DataSet, rules: Rules, options: ReadOptions) -> DataSet:
    """Return a data set counted as a profile was, with the same rare outcomes pooled."""
    has_decimals = part.format in FORMATS and "decimal" in FORMATS[part.format].options
    spell_of = _spellers(model, rules, options.decimal if has_decimals else ".")
    columns: dict[str, Column] = {}
    for title, of_model in model.columns.items():
        column = part.columns[title]
        if isinstance(of_model, Binned):
            columns[title] = _count(column, rules, part.source)
            continue
        assert isinstance(of_model, Categories)
        if isinstance(column, counts.Numbers):
            column = counts.as_categories(column)
        with _naming(title, part.source):
            if isinstance(column, Binned):
                text = "it is numbers here, and text in the profile to be like"
                raise TypeChangedError(text)
        own, known = (
            types.spelt(each, types.type_of_labels(of_model), spell_of[title])
            for each in (column, of_model)
        )
        columns[title] = counts.pooled_like(own, known)
    noted = settling.words_noted(part, columns)
    return part._replace(columns=columns, notes=(*part.notes, *noted))


def _spellers(model: DataSet, rules: Rules, decimal: str) -> dict[str, types.Spell]:
    """Return how the labels of each column of a profile are spelt."""
    words = rules.counting().missing_words
    spellers = {}
    for title, column in model.columns.items():
        if isinstance(column, Categories):
            known, type = counts.named_labels(column), types.type_of_labels(column)
            spellers[title] = types.speller(known, type, decimal=decimal, na=words(title))
    if rules.joint:
        from kldiv_cli.core.joint import joint_name, joint_speller

        title = joint_name(rules.joint)
        column = model.columns[title]
        assert isinstance(column, Categories)
        na = [words(name) for name in rules.joint]
        spellers[title] = joint_speller(column, na, decimal=decimal)
    return spellers


def _count(column: Column, rules: Rules, source: str, min_count: int = 0) -> Categories | Binned:
    """Count a column by the user's rules; see `counts.counted`."""
    type, (bins, edges) = rules.of(column.name).type, rules.bins_of(column.name)
    with _naming(column.name, source):
        return counts.counted(column, edges=edges, bins=bins, type=type, min_count=min_count)


def _merge(title: str, parts: Sequence[DataSet], rules: Rules, *, settle: bool) -> Column:
    """Return the counts of one column over all parts, whose types may have to be settled."""
    for part in parts:
        if title not in part.columns:
            message = f"there is no column '{title[:60]}', which another part has"
            of_all = [*map(set, (part.columns for part in parts))]
            uneven = sorted(set[str]().union(*of_all).difference(set[str].intersection(*of_all)))
            hint = " ".join(option("--exclude", name) for name in uneven)
            if len(uneven) > MOST_NAMED:
                hint = "--column NAME chooses the columns that all parts have"
            raise InputError("unknown-column", message, Place(part.source), hint=hint)
    with _naming(title, parts[0].source):
        columns = [part.columns[title] for part in parts]
        return counts.merged(settling.settled_parts(title, parts, rules) if settle else columns)


def _numbers_noted(part: DataSet, columns: Mapping[str, Column], wanted: Wanted) -> Iterator[Note]:
    """Yield a note on each column of a table of counts whose labels raw rows have as numbers."""
    for title, column in columns.items():
        if not isinstance(column, Categories) or title in wanted.categorical:
            continue
        found = types.numbers_of(column)
        if found is not None and not few_integers(found.values):
            what = f"has {len(found.values)} outcomes that are numbers, and labels here"
            note = note_on("numbers-as-labels", title, what, part.source)
            yield note._replace(advice=f"{option('--numeric', title)} counts them in bins")


@contextmanager
def _naming(column: str, source: str) -> Iterator[None]:
    """Turn a difference between two counts of a column into an error that names the column."""
    try:
        yield
    except (TypeChangedError, EdgesDifferError) as problem:
        code = "edges-differ" if isinstance(problem, EdgesDifferError) else "type-changed"
        hint = "--like PROFILE counts raw rows with the columns, types and edges of PROFILE"
        message = f"column '{column[:60]}': {problem}"
        raise InputError(code, message, Place(source), hint=hint) from None
