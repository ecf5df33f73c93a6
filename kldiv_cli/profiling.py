"""The pipeline of profiles: raw rows, or profiles, in; counts that can be kept and merged out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli import readers
from kldiv_cli.core.columns import (
    Binned,
    Categories,
    DataSet,
    EdgesDifferError,
    TypeChangedError,
    counted,
    merged,
    poured,
)
from kldiv_cli.errors import InputError, Place
from kldiv_cli.settings import ColumnRules, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.columns import Column
    from kldiv_cli.readers import ReadOptions
    from kldiv_cli.readers.tally import Counting


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
        Raw rows or profiles; the name is taken from the source where it is None.
    rules : Rules
        Which columns, and how.
    options : ReadOptions
        How the sources are to be read.
    like : path, optional
        A profile whose columns, types and edges are to be used.
    min_count : int
        Outcomes that occur less often are pooled.

    Returns
    -------
    DataSet
        Each column counted: `Categories` or `Binned`.

    Raises
    ------
    InputError
        If a source cannot be read, or they cannot be merged.
    """
    counting = rules.counting()
    model = None
    if like is not None:
        model = _model(like, options, counting)
        rules = _rules_like(model, rules)
        counting = rules.counting()._replace(identifiers=False)
    parts = []
    for name, source in sources:
        part = readers.read_columns(source, options, counting, name=name)
        if model is not None:
            part = part._replace(
                columns={
                    title: _like(_counted(column, rules, 0), model.columns[title])
                    for title, column in part.columns.items()
                }
            )
        parts.append(part)
        # What looks like a key in the first part is not judged by the next.
        keys = frozenset(one.column for one in parts[0].excluded)
        counting = counting._replace(
            excluded=lambda title, keys=keys: title in keys or rules.excludes(title),  # type: ignore[misc]
            identifiers=False,
        )
    first = parts[0]
    columns: dict[str, Column] = {}
    for title in first.columns:
        columns[title] = _counted(_joined(title, parts), rules, min_count)
    for part in parts[1:]:
        for title in part.columns:
            if title not in columns:
                raise _missing(title, first.source)
    return DataSet(
        name="+".join(sorted({word for part in parts for word in part.name.split("+")})),
        source=first.source,
        format=first.format,
        kind="profile",
        rows=sum(part.rows for part in parts),
        columns=columns,
        excluded=first.excluded,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _model(like: object, options: ReadOptions, counting: Counting) -> DataSet:
    model = readers.read_columns(like, options._replace(format=None), counting)
    if model.kind != "profile":
        raise InputError(
            "not-a-profile",
            "this is not a profile, and has no edges to take",
            Place(model.source),
            hint="kldiv profile DATA -o FILE makes one",
        )
    return model


def _rules_like(model: DataSet, rules: Rules) -> Rules:
    """Return the rules that a profile was made by: its columns, their types and edges."""
    columns = {
        title: ColumnRules("numeric", None, column.bins.edges)
        if isinstance(column, Binned)
        else ColumnRules("categorical")
        for title, column in model.columns.items()
    }
    return rules._replace(column=tuple(model.columns), exclude=(), columns=columns)


def _counted(column: Column, rules: Rules, min_count: int) -> Categories | Binned:
    given = rules.columns.get(column.name, ColumnRules())
    return counted(
        column,
        edges=given.bins if isinstance(given.bins, tuple) else None,
        bins=given.bins if isinstance(given.bins, int) else rules.bins,
        type=given.type,
        min_count=min_count,
    )


def _like(column: Categories | Binned, model: Column) -> Column:
    """Return a column with its rare outcomes pooled as those of a profile were."""
    if isinstance(column, Categories) and isinstance(model, Categories):
        return poured(column, model)
    return column


def _joined(title: str, parts: Sequence[DataSet]) -> Column:
    """Return one column of all parts together."""
    for part in parts:
        if title not in part.columns:
            raise _missing(title, part.source)
    try:
        return merged([part.columns[title] for part in parts])
    except (TypeChangedError, EdgesDifferError) as problem:
        code = "edges-differ" if isinstance(problem, EdgesDifferError) else "type-changed"
        hint = "--like PROFILE counts all parts with the columns, types and edges of PROFILE"
        message = f"column '{title[:60]}': {problem}"
        raise InputError(code, message, Place(parts[0].source), hint=hint) from None


def _missing(title: str, source: str) -> InputError:
    return InputError(
        "unknown-column",
        f"there is no column '{title[:60]}', which another part has",
        Place(source),
        hint="--column or --exclude chooses the columns that all parts have",
    )
