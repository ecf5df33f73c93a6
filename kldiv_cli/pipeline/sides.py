"""Options that describe one side: given once they serve both, given twice, one each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from kldiv_cli.core.report import Side
from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.readers import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet
    from kldiv_cli.core.distribution import Distribution
    from kldiv_cli.errors import Note

Option = TypeVar("Option")
PerSide: TypeAlias = Option | list[Option] | tuple[Option, ...]
"""One value for both sides, or one for each."""
_DEFAULTS: dict[str, Any] = {"decimal": "."}


class Source(NamedTuple):
    """One side, still to be read."""

    source: object
    kind: Any
    """A `Kind`, ``samples``, or None."""
    options: ReadOptions
    name: str | None


def side_of(value: PerSide[Option], side: int, name: str, default: Option) -> Option:
    """Return what an option says of one side.

    Raises
    ------
    UsageError
        If it is given more often than there are sides.
    """
    if not isinstance(value, list | tuple):
        return value
    if len(value) > 2:
        raise UsageError(
            "usage", f"{name} is given {len(value)} times, but there are only two sides"
        )
    return value[side if len(value) == 2 else 0] if value else default


def read_options(
    side: int, *, duplicates: Any = "error", max_inflated: int | None = None, **options: Any
) -> ReadOptions:
    """Return how one side is to be read, from options for both.

    Raises
    ------
    UsageError
        As `side_of` does.
    """
    chosen = {
        name.removeprefix("input_"): side_of(value, side, name, _DEFAULTS.get(name))
        for name, value in options.items()
    }
    return ReadOptions(duplicates=duplicates, max_inflated=max_inflated, **chosen)


def refuse_two_stdins(*sides: object) -> None:
    """Refuse standard input as more than one side.

    Raises
    ------
    UsageError
        If it is.
    """
    words = [os.fspath(side) for side in sides if isinstance(side, str | os.PathLike)]
    if words.count("-") > 1:
        raise UsageError("usage", "only one side can be standard input ('-')")


def refuse_repairs(notes: Iterable[Note]) -> None:
    """Raise the first note that says that something was repaired.

    Raises
    ------
    InputError
        If there is one.
    """
    for note in notes:
        if note.repair:
            raise InputError(
                note.code,
                f"--strict: {note.message}",
                Place(note.source),
                hint=note.advice or "mend the data, or leave --strict out",
            )


def described(side: Distribution) -> Side:
    """Return what a report says of a distribution."""
    return Side(
        name=side.name,
        source=side.source,
        format=side.format,
        kind=side.kind,
        outcomes=side.weights.shape[-1],
        total=side.total,
        rows_read=side.rows_read,
        rows_used=side.rows_used,
        missing=side.missing,
    )


def described_rows(side: DataSet, columns: Iterable[tuple[NDArray[Any], int]]) -> Side:
    """Return what a report says of a data set: the counts, and the missing values, of columns."""
    counts = list(columns)
    return Side(
        name=side.name,
        source=side.source,
        format=side.format,
        kind=side.kind,
        outcomes=sum(int((of > 0).sum()) for of, _ in counts),
        total=side.rows,
        rows_read=side.rows,
        rows_used=side.rows,
        missing=sum(missing for _, missing in counts),
    )
