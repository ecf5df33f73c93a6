"""Whether the rows of both sides can be judged by segments: those with one value of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core import types
from kldiv_cli.core.binning import MOST_CATEGORIES
from kldiv_cli.core.counts import Categories, is_plain_integer
from kldiv_cli.core.numbers import is_number
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.dataset import DataSet
    from kldiv_cli.core.segments import Names


def segments_of(reference: DataSet, current: DataSet, most: int) -> Names | None:
    """Return the names of the segments of the current side, and of the reference's.

    Returns
    -------
    pair of tuple of (str or None), or None
        None where the rows are in no segments.

    Raises
    ------
    InputError
        If a side has counts and no rows, or the segments are numbers, or too many.
    """
    made = [side.groups for side in (reference, current) if side.groups is not None]
    if not any(groups.grouping.kind == "segment" for groups in made):
        return None
    for side in (reference, current):
        if side.groups is None or side.groups.grouping.kind != "segment":
            message = "this is a profile, which has counts and no rows to be put into segments"
            hint = "give raw rows, or leave --by out"
            raise InputError("is-a-profile", message, Place(side.source), hint=hint)
    of_q, of_p = _spelt_alike(*(groups.names for groups in made))
    place = Place(current.source, name=made[1].grouping.column)
    refuse_many([name for name in dict.fromkeys([*of_q, *of_p]) if name is not None], most, place)
    return of_p, of_q


def _spelt_alike(*sides: Sequence[str | None]) -> list[tuple[str | None, ...]]:
    """Return the names of the segments of both sides with one spelling, where theirs differ.

    Booleans, dates and whole numbers are spelt in several ways, by formats and by who writes them.
    """
    names = [dict.fromkeys([name for name in side if name is not None], 1) for side in sides]
    spelling = None
    if names[0].keys() - names[1].keys() and names[1].keys() - names[0].keys():
        spelling = types.spelling_of({**names[0], **names[1]}) or types.whole_numbers(
            [Categories("", 0, own) for own in names]
        )
    of = {} if spelling is None else spelling.of
    return [tuple(None if name is None else of.get(name, name) for name in own) for own in sides]


def refuse_many(names: Sequence[str], most: int, place: Place) -> None:
    """Refuse segments that are numbers, or too many.

    Raises
    ------
    InputError
        If they are.
    """
    if (
        len(names) > MOST_CATEGORIES
        and all(map(is_number, names))
        and not all(map(is_plain_integer, names))
    ):
        message = f"the segments are {len(names):,} different numbers"
        hint = "name a column of labels, or put the numbers into bins beforehand"
        raise InputError("numeric-segments", message, place, hint=hint)
    if len(names) > most:
        message = f"there are {len(names):,} segments, and at most {most:,} are taken"
        hint = f"--max-segments {len(names)} takes them all"
        raise InputError("too-many-segments", message, place, hint=hint)
