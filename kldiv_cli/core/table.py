"""The shapes of data as readers hand them on: a table, a matrix, or members with names.

A `Table` is read row by row, so that it may be larger than the memory; each cell has a place,
which an error can name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kldiv_cli.core.numbers import Number, is_number
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from kldiv_cli.errors import Fault, Note

Locator = Callable[[int, Any], Place]
"""From a row of a batch, and the key of a column, to the place of that cell."""


class Faults:
    """What is wrong with the rows of one input: all are counted, the first three are kept.

    The first kind of fault that is met is the one reported.
    """

    def __init__(self) -> None:
        self._fault: Fault | None = None
        self._places: list[Place] = []
        self._count = 0

    def add(self, fault: Fault, place: Callable[[], Place]) -> None:
        """Count a fault of the kind that was met first; `place` is asked of the first three."""
        if self._fault is None:
            self._fault = fault
        if self._fault.code == fault.code:
            self._count += 1
            if len(self._places) < 3:
                self._places.append(place())

    def check(self) -> None:
        """Raise the faults that were added as one error.

        Raises
        ------
        InputError
            If there are any.
        """
        if self._fault is not None:
            code, message, hint = self._fault
            raise InputError(code, message, *self._places, count=self._count, hint=hint)


class Batch(NamedTuple):
    """Some consecutive rows of a table, column by column.

    Attributes
    ----------
    columns : mapping from a key to a sequence of cells
        Keys are names, or positions from 0 where names are not known.
    size : int
        The number of rows.
    place : function
        See `Locator`.
    """

    columns: Mapping[Any, Sequence[Any]]
    size: int
    place: Locator


class Table(NamedTuple):
    """Rows of cells, or whole columns.

    Attributes
    ----------
    format : str
        What the input turned out to be.
    batches : iterable of Batch
        Read once. Not all need have the same columns: a row has no value in a column that its
        batch does not have.
    names : sequence of str, or None
        The columns that are known from the start, in order; None if they have no names.
    whole : mapping from a name to a sequence
        Columns that are held in memory.
    typed : bool
        Numbers are `Number`, so that text that looks like a number is text.
    decimal : {".", ","}
        The decimal mark of numbers.
    counts : sequence of int, or None
        How many rows each row of the only batch stands for.
    notes : sequence of Note
        Choices and repairs; it grows as the table is read.
    """

    format: str
    batches: Iterable[Batch] = ()
    names: Sequence[str] | None = None
    whole: Mapping[str, Any] = {}
    typed: bool = False
    decimal: str = "."
    counts: Sequence[int] | None = None
    notes: Sequence[Note] = ()

    def is_number(self, cell: Any) -> bool:
        """Return whether a cell holds a number."""
        return type(cell) is Number if self.typed else is_number(cell, self.decimal)

    def is_missing(self, cell: Any, na: frozenset[str] = frozenset()) -> bool:
        """Return whether a cell holds no value, or a word of `na`, which means the same."""
        return cell is None or cell in na or (not self.typed and (not cell or cell.isspace()))
