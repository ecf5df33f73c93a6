"""The pipeline of a profile: read raw rows or profiles, count their columns, and merge them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kldiv_cli.core import counts, types
from kldiv_cli.core.counts import Binned, Categories, EdgesDifferError, TypeChangedError
from kldiv_cli.core.dataset import (
    DATE,
    IDENTIFIER,
    TOO_MANY_ROWS,
    DataSet,
    Excluded,
    too_many_rows,
)
from kldiv_cli.core.refusals import CODES
from kldiv_cli.errors import InputError, Place, option
from kldiv_cli.pipeline import settling
from kldiv_cli.pipeline.settings import Rules, refuse_for_profiles, refuse_foreign
from kldiv_cli.pipeline.sides import data_set, nothing_left, refuse_condition
from kldiv_cli.pipeline.validation import ColumnRules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.readers import ReadOptions

MOST_NAMED = 5
"""Columns that a hint leaves out one by one."""


def profile(
    sources: Sequence[tuple[str | None, object]],
    rules: Rules,
    options: ReadOptions,
    *,
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
    asked, model = rules, None
    if like is not None:
        model = _read_model(like, rules.counting())
        rules = _rules_of_model(model, rules)
    wanted = rules.counting()._replace(identifiers=model is None, late=True)
    parts = []
    for name, source in sources:
        try:
            part = data_set(source, options, wanted, name=name)
        except InputError as problem:
            if model is None or problem.code not in CODES:
                raise
            hint = "mend the data, or make the profile to be like anew without the column"
            message, places = problem.message, problem.places
            raise InputError(
                problem.code, message, *places, count=problem.count, hint=hint
            ) from None
        refuse_condition(part, options)
        parts.append(part if model is None else _count_like(part, model, rules))
    refuse_foreign([options] * len(parts), [part.format for part in parts])
    if all(part.kind == "profile" for part in parts):
        refuse_for_profiles(rules)
    first = parts[0]
    known = [
        title for part in parts for title in (*part.seen, part.chosen_by) if title is not None
    ]
    asked.check_names(known, first.source)
    excluded = {one.column: one for part in parts for one in part.excluded}
    columns: dict[str, Column] = {}
    for title in dict.fromkeys(title for part in parts for title in part.columns):
        if title in excluded:
            continue
        column = _merge(title, parts, asked)
        # A column may look like a key in all parts together only.
        if wanted.may_leave_out(title) and counts.is_identifier(column):
            is_date = isinstance(column, Categories) and column.type == "date"
            excluded[title] = Excluded(title, DATE if is_date else IDENTIFIER)
        else:
            columns[title] = _count(column, rules, first.source, min_count)
    if not columns:
        raise nothing_left("count", [*excluded.values()], first.source)
    for place, part in enumerate(parts):
        parts[place] = part._replace(notes=(*part.notes, *settling.words_noted(part, columns)))
    rows = sum(part.rows for part in parts)
    if rows >= TOO_MANY_ROWS:
        raise too_many_rows(first.source)
    return DataSet(
        name="+".join(sorted({word for part in parts for word in part.name.split("+")})),
        source=first.source,
        format=first.format,
        kind="profile",
        rows=rows,
        columns=columns,
        excluded=tuple(excluded[title] for title in sorted(excluded)),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        seen=first.seen,
    )


def _read_model(source: object, wanted: Wanted) -> DataSet:
    """Read the profile whose columns, types and edges are to be used."""
    model = data_set(source, None, wanted)
    if model.kind != "profile" or not model.columns:
        message = "this is not a profile with columns, and has no edges to take"
        hint = "kldiv profile DATA -o FILE makes one"
        raise InputError("not-a-profile", message, Place(model.source), hint=hint)
    return model


def _rules_of_model(model: DataSet, rules: Rules) -> Rules:
    """Return the rules by which a profile was made: its columns, their types and edges."""
    columns = {
        title: ColumnRules("numeric", None, column.bins.edges)
        if isinstance(column, Binned)
        # Few integers are read as numbers, so that 1.0 is 1.
        else ColumnRules(None if counts.has_integer_labels(column) else "categorical")
        for title, column in model.columns.items()
        if isinstance(column, Binned | Categories)
    }
    return rules._replace(column=tuple(model.columns), exclude=(), columns=columns)


def _count_like(part: DataSet, model: DataSet, rules: Rules) -> DataSet:
    """Return a data set counted as a profile was, with the same rare outcomes pooled."""
    columns: dict[str, Column] = {}
    for title, column in part.columns.items():
        of_model = model.columns[title]
        if isinstance(of_model, Categories):
            of_model, column = types.settled([of_model, column])
        if isinstance(of_model, Categories) and isinstance(column, counts.Numbers):
            column = counts.as_categories(column)
        found = columns[title] = _count(column, rules, part.source)
        if isinstance(of_model, Categories):
            with _naming(title, part.source):
                if isinstance(found, Binned):
                    text = "it is numbers here, and text in the profile to be like"
                    raise TypeChangedError(text)
            columns[title] = counts.pooled_like(found, of_model)
    return part._replace(columns=columns)


def _count(column: Column, rules: Rules, source: str, min_count: int = 0) -> Categories | Binned:
    """Count a column by the user's rules; see `counts.counted`."""
    type, (bins, edges) = rules.of(column.name).type, rules.bins_of(column.name)
    with _naming(column.name, source):
        return counts.counted(column, edges=edges, bins=bins, type=type, min_count=min_count)


def _merge(title: str, parts: Sequence[DataSet], rules: Rules) -> Column:
    """Return the counts of one column over all parts."""
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
        return counts.merged(settling.settled_parts(title, parts, rules))


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
