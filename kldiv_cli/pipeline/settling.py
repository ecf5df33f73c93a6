"""The types of text columns, settled over both sides of a comparison or all parts of a profile."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core import types
from kldiv_cli.core.counts import Categories, named_labels
from kldiv_cli.core.dataset import DATE, DataSet, Excluded, missing_value
from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.instants import instant
from kldiv_cli.core.numbers import MISSING_WORDS
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.distribution import Distribution
    from kldiv_cli.errors import Note
    from kldiv_cli.pipeline.settings import Rules


def settled_sides(first: DataSet, second: DataSet, rules: Rules) -> tuple[DataSet, DataSet]:
    """Return two data sets whose columns of text have the types that both sides together say.

    Dates are left out, unless the user names them or a profile counted them as labels.

    Parameters
    ----------
    first, second : DataSet
        The second has no columns but those of the first.
    rules : Rules
        The user's types.

    Raises
    ------
    InputError
        If a column that is said to hold dates holds something else, or a value is missing and
        none may be.
    """
    sides = first, second
    columns = dict(first.columns), dict(second.columns)
    left_out: list[Excluded] = []
    dates = {each.column for side in sides for each in side.excluded if each.reason == DATE}
    for name in [name for name in first.columns if name in second.columns or name in dates]:
        having = [side for side in sides if name in side.columns]
        found = _settled(name, [side.columns[name] for side in having], rules, having)
        for own, column in zip((own for own in columns if name in own), found, strict=True):
            own[name] = column
        is_left_out = name in dates
        if _are_dates(found, is_left_out) and (is_left_out or _may_leave_out(name, sides, rules)):
            left_out.append(Excluded(name, DATE))
            for own in columns:
                own.pop(name, None)
    first, second = (
        side._replace(
            columns={name: own[name] for name in side.columns if name in own},
            notes=(*side.notes, *words_noted(side, own)),
        )
        for side, own in zip(sides, columns, strict=True)
    )
    return first._replace(excluded=(*first.excluded, *left_out)), second


def settled_distributions(p: Distribution, q: Distribution) -> tuple[Distribution, Distribution]:
    """Return counted raw rows and a known distribution with one spelling of booleans or dates."""
    for spell in _spells((p, q)):
        p, q = _respelt(p, spell), _respelt(q, spell)
    return p, q


def settled_tables(p: Distribution, q: Distribution) -> tuple[Distribution, Distribution]:
    """Return two tables of weights with one spelling of booleans or dates; see `tables_alike`."""
    first, second = tables_alike((p, q))
    return first, second


def tables_alike(sides: Sequence[Distribution]) -> Sequence[Distribution]:
    """Return tables of weights with one spelling of booleans or dates, where theirs differ.

    They stay as they are where two outcomes of one side would become one. Of outcomes of several
    columns together, the parts of each column have a spelling of their own.
    """
    if any(side.weights.ndim > 1 or side.kind in LOG_KINDS for side in sides):
        return sides
    spells = _spells(sides)
    if not spells or len({frozenset(side.outcomes or ()) for side in sides}) == 1:
        return sides
    for spell in spells:
        settled = [_respelt(side, spell) for side in sides]
        sizes = zip(sides, settled, strict=True)
        if all(a.weights.size == b.weights.size for a, b in sizes):
            sides = settled
    return sides


def _spells(sides: Sequence[Distribution]) -> list[Callable[[str], str]]:
    """Return how labels of sides are spelt anew, where all outcomes are booleans, or all dates.

    Of outcomes of several columns together, there is one function for the parts of each.
    """
    outcomes = [side.outcomes for side in sides if side.outcomes is not None]
    if len(outcomes) < len(sides):
        return []
    unnamed = {side.missing_label for side in sides}
    if all(side.joint for side in sides):
        from kldiv_cli.core.joint import respelt, spellings_of_parts

        every = (label for own in outcomes for label in own if label not in unnamed)
        return [partial(respelt, spellings=one) for one in spellings_of_parts(every)]
    if sum(map(len, outcomes)) > types.MOST_FLAGS + 2:
        # All of so many would be dates.
        some = chain.from_iterable(islice(own, 3) for own in outcomes)
        if any(instant(label) is None for label in some if label not in unnamed):
            return []
    labels = [label for own in outcomes for label in own if label not in unnamed]
    spelling = types.spelling_of(labels)
    return [] if spelling is None else [lambda label: spelling.of.get(label, label)]


def has_fixed_labels(side: Distribution) -> bool:
    """Return whether outcomes stay as they are spelt beside those of any other side.

    They do where one at least is no boolean, and one is no date.
    """
    labels = side.outcomes or ()
    if side.joint:
        return False
    return any(not types.is_flag(label) for label in labels) and any(
        instant(label) is None for label in labels
    )


def _respelt(side: Distribution, spell: Callable[[str], str]) -> Distribution:
    """Return a distribution with its labels spelt anew; those that become one are added up."""
    missing = side.missing_label
    outcomes = [label if label == missing else spell(label) for label in side.outcomes or ()]
    places = {label: place for place, label in enumerate(dict.fromkeys(outcomes))}
    weights = np.zeros(len(places), dtype=side.weights.dtype)
    np.add.at(weights, [places[label] for label in outcomes], side.weights)
    return replace(side, outcomes=tuple(places), weights=weights)


def settled_alone(side: DataSet) -> DataSet:
    """Return one data set whose columns of text have the types that they say by themselves."""
    if side.kind == "profile":
        return side
    columns = {name: types.settled([column])[0] for name, column in side.columns.items()}
    return side._replace(columns=columns, notes=(*side.notes, *words_noted(side, columns)))


def settled_parts(title: str, parts: Sequence[DataSet], rules: Rules) -> list[Column]:
    """Return one column of all parts of a profile with the type that they say together.

    Raises
    ------
    InputError
        As `settled_sides` does.
    """
    columns = [part.columns[title] for part in parts]
    # A column without values says nothing of its type.
    labels = [
        part.kind == "profile" and isinstance(column, Categories) and column.type == "categorical"
        for part, column in zip(parts, columns, strict=True)
        if column.rows > column.missing
    ]
    # What a profile counted by label stays so.
    if all(labels):
        return columns
    found = _settled(title, columns, rules, parts, whole=True)
    return [_as_labels(column) for column in found] if any(labels) else found


def _settled(
    name: str,
    columns: Sequence[Column],
    rules: Rules,
    sides: Sequence[DataSet],
    *,
    whole: bool = False,
) -> list[Column]:
    """Return the columns of one name, settled together as the user's rules say.

    With `whole` the whole numbers of a table of counts have one spelling, as those of raw rows.
    """
    type_ = rules.of(name).type
    counted = any(side.kind == "counts" for side in sides)
    labels = counted or type_ == "categorical"
    if rules.joint:
        columns = _with_parts_alike(name, columns, rules.joint)
    found = types.settled(columns, words=not labels, whole=whole or not counted)
    if type_ == "categorical":
        found = [_as_labels(column) for column in found]
    if type_ == "date":
        for column, side in zip(found, sides, strict=True):
            _check_dates(column, side.source)
    if rules.missing == "error":
        for before, after, side in zip(columns, found, sides, strict=True):
            if after.missing > before.missing:
                raise _missing_word(before, side.source)
    return found


def _with_parts_alike(
    name: str, columns: Sequence[Column], joint: Sequence[str]
) -> Sequence[Column]:
    """Return columns with each part of their labels spelt alike, if they are of several."""
    from kldiv_cli.core.joint import joint_name, respelt, spellings_of_parts

    texts = [column for column in columns if isinstance(column, Categories)]
    if name != joint_name(joint) or len(texts) < len(columns):
        return columns
    labels = (label for own in texts for label in named_labels(own))
    for spellings in spellings_of_parts(labels):
        spell = partial(respelt, spellings=spellings)
        texts = [types.spelt(own, "categorical", spell) for own in texts]
    return texts


def _as_labels(column: Column) -> Column:
    if isinstance(column, Categories):
        return column._replace(type="categorical")
    return column


def _check_dates(column: Column, source: str) -> None:
    """Refuse a column that is said to hold dates, and holds something else."""
    other = None
    if not isinstance(column, Categories):
        other = "a number"
    elif column.type != "date":
        other = next((label for label in column.counts if instant(label) is None), None)
    if other is not None:
        message = f"column {column.name[:60]!r} is said to hold dates, and this is none"
        hint = "dates are written as 2024-01-05, or 2024-01-05T12:30:00Z; leave its type out"
        place = Place(source, name=column.name, value=other)
        raise InputError("mixed-column", message, place, hint=hint)


def _missing_word(column: Column, source: str) -> InputError:
    """Return the error for a word that means a missing value, where none may be missing."""
    assert isinstance(column, Categories)
    word = next(label for label in column.counts if label.strip() in MISSING_WORDS)
    return missing_value(Place(source, name=column.name, value=word))


def _are_dates(columns: Sequence[Column], others: bool) -> bool:
    """Return whether all values of all columns are dates, and there are some, maybe in `others`.

    A profile's pooled outcomes may be anything.
    """
    telling = [
        column
        for column in columns
        if column.rows > column.missing
        and (not isinstance(column, Categories) or named_labels(column))
    ]
    return (others or bool(telling)) and all(
        isinstance(column, Categories) and column.type == "date" for column in telling
    )


def _may_leave_out(name: str, sides: tuple[DataSet, DataSet], rules: Rules) -> bool:
    """Return whether dates are left out: nobody asks for them, and nobody took them for labels."""
    if rules.counting().asks_for(name) or any(side.kind == "counts" for side in sides):
        return False
    # A profile says what its columns were taken for.
    kept = [side.columns.get(name) for side in sides if side.kind == "profile"]
    return not any(isinstance(each, Categories) and each.type == "categorical" for each in kept)


def words_noted(before: DataSet, after: Mapping[str, Column]) -> Iterator[Note]:
    """Yield notes on words such as NA: those that are read as missing, and those that are labels.

    Parameters
    ----------
    before : DataSet
        Columns with their labels as they were written.
    after : mapping of str to Column
        The columns once their types are settled, perhaps with those of other parts.
    """
    absent: dict[str, dict[str, int]] = {}
    labels: dict[str, dict[str, int]] = {}
    for name, column in before.columns.items():
        if not isinstance(column, Categories) or before.kind == "counts":
            continue
        if MISSING_WORDS.isdisjoint(map(str.strip, column.counts)):
            continue
        counts = column.counts.items()
        words = {label: n for label, n in counts if n and label.strip() in MISSING_WORDS}
        settled = after.get(name)
        if words and settled is not None:
            is_label = isinstance(settled, Categories) and words.keys() <= settled.counts.keys()
            (labels if is_label else absent)[name] = words
    if absent:
        yield types.words_as_missing(absent, before.source)
    if labels:
        yield types.words_as_labels(labels, before.source)
