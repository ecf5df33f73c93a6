"""Raw rows, as a format module hands them over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.errors import Note

Cell = str | None
Locator = Callable[[int, str], Place]


class RawRows(NamedTuple):
    """Some rows of a table, column by column; `place` says where a cell stands."""

    columns: dict[str, Sequence[Cell]]
    size: int
    place: Locator


class RawTable(NamedTuple):
    """Raw rows as a format module hands them over.

    Attributes
    ----------
    format : str
        What the input turned out to be.
    batches : iterable of RawRows
        Not all need have the same columns: what a row does not name is missing there.
    typed : bool
        Numbers are `Number`, so that text that looks like one is text.
    notes : list of Note
        Filled as it is read.
    arrays : mapping of str to ndarray
        Whole columns of numbers, nan where one is missing.
    names : sequence of str
        The order of the columns, where that is known from the start.
    decimal : {".", ","}
        The decimal mark of numbers.
    counts : sequence of int, optional
        How many rows each row of the only batch stands for.
    """

    format: str
    batches: Iterable[RawRows] = ()
    typed: bool = False
    notes: Sequence[Note] = ()
    arrays: Mapping[str, NDArray[Any]] = MappingProxyType({})
    names: Sequence[str] = ()
    decimal: str = "."
    counts: Sequence[int] | None = None


def which_kind(what: str, source: str) -> InputError:
    """Return the error for what may be raw rows, or a distribution: the user has to say."""
    hint = "--as counts, --as probabilities, --as weights or --as samples"
    return InputError("which-kind", what, Place(source), hint=hint)
