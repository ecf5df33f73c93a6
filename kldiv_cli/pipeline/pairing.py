"""Columns of two data sets, each brought over one support or named as unpaired."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from kldiv_cli.core import counts, types
from kldiv_cli.core.counts import Binned, EdgesDifferError, TypeChangedError
from kldiv_cli.core.dataset import DATE, DataSet
from kldiv_cli.core.distribution import Distribution, Rows
from kldiv_cli.core.intervals import BinsDifferError
from kldiv_cli.core.pair import Pair, Unpaired, pair_columns
from kldiv_cli.errors import InputError, Place, option
from kldiv_cli.pipeline.sides import BIN_ALIKE, no_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.pipeline.settings import Rules
    from kldiv_cli.pipeline.validation import ColumnRules

Side = TypeVar("Side", Distribution, DataSet, Rows)
PIPES = ("/dev/fd/", "/proc/")
"""Where the paths of pipes begin, whose names are mere numbers."""


def pair_data_sets(
    first: DataSet,
    second: DataSet,
    rules: Rules,
    whose: tuple[str, str] = ("the reference", "the current side"),
) -> Iterator[Pair | Unpaired]:
    """Yield each column of the first data set, over one support with that of the second.

    Parameters
    ----------
    first, second : DataSet
        The first is P of the pairs, and its outcomes come first.
    rules : Rules
        The user's types, bins and treatment of missing values.
    whose : pair of str
        What messages call the two.

    Raises
    ------
    InputError
        If both were counted with different edges, a profile cannot follow an option, or a
        column has no values on one side.
    """
    dates = {each.column for each in second.excluded if each.reason == DATE}
    for name, column in first.columns.items():
        found = second.columns.get(name)
        if found is None and name in dates:
            # There were too many dates to be counted.
            change = counts.type_changed((whose[0], types.named_type(column)))
            text = f"{change}, {whose[1]} is dates"
            yield Unpaired(name, "type-changed", text, (column.rows, second.rows))
        elif found is None:
            text = "the current data have no such column"
            yield Unpaired(name, "column-missing", text, (column.rows, 0))
        else:
            try:
                yield _paired(name, (first, second), rules, whose)
            except TypeChangedError as change:
                yield Unpaired(name, "type-changed", str(change), (column.rows, found.rows))


def _paired(
    name: str, sides: tuple[DataSet, DataSet], rules: Rules, whose: tuple[str, str]
) -> Pair:
    """Bring one column of both data sets over one support."""
    given = rules.of(name)
    for side in sides:
        _check_profile(side, name, given, rules)
    columns = (sides[0].columns[name], sides[1].columns[name])
    bins, edges = rules.bins_of(name)
    missing: Literal["drop", "category"] = "drop" if rules.missing == "drop" else "category"
    try:
        pair = pair_columns(
            *columns, bins=bins, edges=edges, type=given.type, missing=missing, whose=whose
        )
    except BinsDifferError as differ:
        message = f"column '{name}': {differ}"
        hint = f"{BIN_ALIKE}; {option('--exclude', name)} leaves it out"
        raise InputError("edges-differ", message, Place(sides[1].source), hint=hint) from None
    except EdgesDifferError as differ:
        message, place = f"column '{name}': {differ}", Place(sides[1].source)
        hint = "kldiv profile DATA --like REFERENCE -o FILE counts with the edges of REFERENCE"
        raise InputError("edges-differ", message, place, hint=hint) from None
    assert pair.weighs or rules.row_weight is None, "a column has lost its weights"
    for side, weights in zip(sides, (pair.p, pair.q), strict=True):
        if not weights.any():
            raise no_values(name, side.source)
    return pair


def _check_profile(side: DataSet, name: str, given: ColumnRules, rules: Rules) -> None:
    """Refuse options that a profile cannot follow any more, since its columns are counted."""
    if side.kind != "profile":
        return
    numeric = isinstance(side.columns[name], Binned)
    wanted = None
    if given.type is not None and (given.type == "numeric") != numeric:
        wanted = f"as {given.type}"
    elif numeric and (isinstance(given.bins, int) or rules.bins):
        wanted = "with other bins"
    if wanted:
        was = "numbers, in bins of their own" if numeric else "labels"
        message = f"column '{name}' cannot be taken {wanted}: the profile counted it as {was}"
        hint = "make the profile anew with this option, or leave it out"
        raise InputError("profile-differs", message, Place(side.source, name=name), hint=hint)


def tell_apart(
    p: Side,
    q: Side,
    given: tuple[str | None, str | None],
    otherwise: tuple[str, str],
) -> tuple[Side, Side]:
    """Return both sides with names that tell them apart: more of their paths, or two plain words.

    A name that the user gave stays; the other side is called in another way if it has the same.

    Parameters
    ----------
    p, q : Distribution or DataSet
        The sides with the names that were taken from their sources.
    given : pair of str or None
        The names that the user gave, which are not the same.
    otherwise : pair of str
        The names of sides whose paths tell nothing.
    """
    p_name, q_name = (
        word if name is None and side.source.startswith(PIPES) else side.name
        for side, name, word in zip((p, q), given, otherwise, strict=True)
    )
    if p_name != q_name:
        return _named(p, p_name), _named(q, q_name)
    if given == (None, None):
        p_parts = [*p.source.split(os.sep)[:-1], p.name]
        q_parts = [*q.source.split(os.sep)[:-1], q.name]
        for depth in range(2, 1 + max(len(p_parts), len(q_parts))):
            p_tail, q_tail = ("/".join(parts[-depth:]) for parts in (p_parts, q_parts))
            if p_tail != q_tail:
                return _named(p, p_tail), _named(q, q_tail)
        p_name, q_name = otherwise
    elif given[0] is not None:
        q_name = _another_name(q, p_name, otherwise)
    else:
        p_name = _another_name(p, q_name, otherwise[::-1])
    return _named(p, p_name), _named(q, q_name)


def tell_all_apart(
    sides: Sequence[Any], given: Sequence[str | None], otherwise: Sequence[str] | None = None
) -> list[Any]:
    """Return several sides with names that tell them apart: more of their paths, or plain words.

    Parameters
    ----------
    sides : sequence of Distribution or Rows
        The sides with the names that were taken from their sources.
    given : sequence of str or None
        The names that the user gave, no two of which are the same.
    otherwise : sequence of str, optional
        The names of sides whose paths tell nothing; p, q1, q2 … if not given.
    """
    paths = [
        [] if side.source.startswith(PIPES) else [*side.source.split(os.sep)[:-1], side.name]
        for side in sides
    ]
    names = [
        side.name if path or word is not None else ""
        for side, path, word in zip(sides, paths, given, strict=True)
    ]
    for depth in range(2, 1 + max(map(len, paths))):
        names = [
            "/".join(path[-depth:]) if word is None and names.count(name) > 1 else name
            for name, path, word in zip(names, paths, given, strict=True)
        ]
    # One file may be there twice, and what is in memory has no path.
    plain = otherwise or ["p", *(f"q{place}" for place in range(1, len(sides)))]
    told = [
        _untaken(word, names)
        if given[place] is None and (not name or names.count(name) > 1)
        else name
        for place, (name, word) in enumerate(zip(names, plain, strict=True))
    ]
    return [_named(side, name) for side, name in zip(sides, told, strict=True)]


def _untaken(word: str, names: Sequence[str]) -> str:
    """Return a word that none of the names is, by brackets around it."""
    while word in names:
        word = f"({word})"
    return word


def _another_name(side: Side, taken: str, otherwise: tuple[str, str]) -> str:
    """Return a name of a side that the user called nothing, where the other side has its own.

    That is what its path ends in, or the path; for what has no path, a plain word, the second.
    """
    names = (os.path.basename(side.source), side.source, otherwise[1], otherwise[0])
    return next(name for name in names if name not in ("", "-", taken))


def _named(side: Any, name: str) -> Any:
    """Return a side under another name."""
    return side._replace(name=name) if isinstance(side, DataSet) else replace(side, name=name)
