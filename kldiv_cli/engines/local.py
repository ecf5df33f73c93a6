"""Raw rows to columns: text as it streams, or arrays; one column counts itself.

A column is numeric if its first thousand values are numbers and none has a leading zero;
what comes later and is no number is an error that names its line. A categorical column
holds its outcomes, a numeric one eight bytes a row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.binning import MOST_CATEGORIES
from kldiv_cli.core.counts import (
    Categories,
    Values,
    as_categories,
    distinct,
    is_identifier,
    nearly_distinct,
)
from kldiv_cli.core.dataset import IDENTIFIER, DataSet, Excluded, Wanted, missing_value
from kldiv_cli.core.numbers import (
    Number,
    floats,
    has_leading_zero,
    is_decorated,
    is_inexact,
    is_number,
)
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.literals import kind_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.counts import Column
    from kldiv_cli.readers.raw import Cell, Locator, RawTable

SAMPLE = 1000
"""Values that are looked at before a column is numeric or not …"""
MOST_BATCHES = 16
"""… fewer of them where these batches of rows have no more."""
MOST_NUMBERS = 100_000_000
"""Numbers that the numeric columns of a data set may hold: 800 MB."""
_NUMBERS = 0.5
"""Where so many of the values are numbers, more than 20 of them, the rest is no label."""


def count(table: RawTable, counting: Wanted, source: str, name: str) -> DataSet:
    """Count the columns of a table.

    Raises
    ------
    InputError
        If there are no rows, a column that is named is not there, a number is none, or
        there are too many outcomes or numbers.
    """
    columns: dict[str, Column] = {}
    excluded: list[Excluded] = []
    rows, seen = 0, dict.fromkeys(table.names)
    tallies: dict[str, Tally] = {}
    for batch in table.batches:
        for title, cells in batch.columns.items():
            seen.setdefault(title)
            if not counting.wants(title):
                continue
            if title not in tallies:
                check_text([title], title, source)
                tallies[title] = Tally(title, counting, source, table)
                tallies[title].pad(rows)
            tallies[title].add(cells, batch.place)
        rows += batch.size
        for tally in tallies.values():
            tally.pad(rows)
        _check_size(tallies.values(), counting, source)
    for tally in tallies.values():
        tally.settle()
    _check_size(tallies.values(), counting, source)
    for title, tally in tallies.items():
        if tally.identifier:
            excluded.append(Excluded(title, IDENTIFIER))
        else:
            columns[title] = tally.finish()
    if table.counts is not None:
        rows = sum(table.counts)
        columns = {
            title: _repeated(column, tallies[title], table) for title, column in columns.items()
        }
    for title, values in table.arrays.items():
        seen.setdefault(title)
        rows = len(values)
        if counting.wants(title):
            columns[title] = _column_of(title, values, counting, source)
    columns = {title: columns[title] for title in seen if title in columns}
    if not rows:
        raise InputError("no-rows", "there are no rows of data", Place(source))
    left_out = counting.left_out(list(seen), source)
    for title in () if counting.late else list(columns):
        if _is_left_out(columns[title], counting):
            excluded.append(Excluded(title, IDENTIFIER))
            del columns[title]
    return DataSet(
        name=name,
        source=source,
        format=table.format,
        kind="samples",
        rows=rows,
        columns=columns,
        excluded=(*excluded, *left_out),
        notes=tuple(table.notes),
        seen=tuple(seen),
    )


def _repeated(column: Column, tally: Tally, table: RawTable) -> Column:
    """Return the column of rows that each stand for so many."""
    import numpy as np

    assert table.counts is not None
    (batch,) = table.batches
    cells = list(zip(batch.columns[column.name], table.counts, strict=True))
    present = [(cell, count) for cell, count in cells if not tally.is_missing(cell)]
    missing = sum(table.counts) - sum(count for _, count in present)
    if isinstance(column, Values):
        if sum(table.counts) > MOST_NUMBERS:
            raise _too_many_numbers(tally.source)
        repeats = [count for _, count in present]
        return Values(column.name, missing, np.repeat(column.values, repeats))
    totals: Counter[str] = Counter()
    for cell, count in present:
        totals[cell or ""] += count
    return Categories(column.name, missing, dict(totals))


def _is_left_out(column: Column, counting: Wanted) -> bool:
    return counting.may_leave_out(column.name) and is_identifier(column)


def _check_size(tallies: Iterable[Tally], counting: Wanted, source: str) -> None:
    numbers = 0
    for tally in tallies:
        numbers += len(tally.values)
        outcomes = len(tally.counts)
        if outcomes > counting.most_outcomes and not tally.identifier:
            if nearly_distinct(outcomes, tally.counts.total()) and counting.may_leave_out(
                tally.name
            ):
                tally.give_up()
                continue
            raise _too_many_outcomes(tally.name, counting, source)
    if numbers > MOST_NUMBERS:
        raise _too_many_numbers(source)


def _too_many_outcomes(name: str, counting: Wanted, source: str) -> InputError:
    return InputError(
        "too-many-outcomes",
        f"column {name[:60]!r} has more than {counting.most_outcomes} outcomes",
        Place(source, name=name),
        hint="--exclude leaves it out; --max-outcomes N allows more",
    )


def _too_many_numbers(source: str) -> InputError:
    return InputError(
        "too-many-numbers",
        f"the numeric columns hold more than {MOST_NUMBERS} numbers",
        Place(source),
        hint="choose some with --column, or count shards one by one with kldiv profile --like",
    )


class Tally:
    """One column of text cells, counted as they come in.

    Parameters
    ----------
    name : str
        Of the column.
    counting : Wanted
        What the user says.
    source : str
        What errors call the input.
    table : RawTable
        Says how numbers are told from text.
    """

    def __init__(self, name: str, counting: Wanted, source: str, table: RawTable) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()
        self.values: array[float] = array("d")
        self.identifier = False
        self._missing = self._rows = 0
        self.source, self._typed, self._decimal = source, table.typed, table.decimal
        self._na, self._forbid = counting.na, counting.forbid_missing
        self._numeric: bool | None = None
        # Where the user says that they are numbers, a leading zero makes no code of them.
        self._codes = name not in counting.numeric
        if name in counting.numeric:
            self._numeric = True
        elif name in counting.categorical:
            self._numeric = False
        self._waiting: list[tuple[Sequence[Cell], Locator]] = []
        self._waits = 0

    def add(self, cells: Sequence[Cell], place: Locator) -> None:
        """Count the cells of the next rows."""
        self._rows += len(cells)
        if self.identifier:
            return
        if self._numeric is not None:
            self._count(cells, place)
            return
        values = len(cells) - sum(map(self.is_missing, cells))
        if not values:
            self._note_missing(len(cells), cells, place)
            return
        self._waiting.append((cells, place))
        self._waits += values
        if self._waits >= SAMPLE or len(self._waiting) >= MOST_BATCHES:
            self.settle()

    def pad(self, rows: int) -> None:
        """Take rows as missing that did not name the column, up to so many in all."""
        if self._rows < rows:
            number, self._rows = rows - self._rows, rows
            self._note_missing(number, [None], lambda i, name: Place(self.source, name=name))

    def give_up(self) -> None:
        """Take the column for a key: count no more."""
        self.identifier = True
        self.counts.clear()

    def finish(self) -> Column:
        """Return the column."""
        import numpy as np

        self.settle()
        if self._numeric:
            return Values(self.name, self._missing, np.frombuffer(self.values) + 0.0)
        check_text(self.counts, self.name, self.source)
        return Categories(self.name, self._missing, dict(self.counts))

    def settle(self) -> None:
        """Decide what the column is by the values so far, unless that is known."""
        if self._numeric is not None:
            return
        waiting, self._waiting = self._waiting, []
        cells = [(cell, i, place) for some, place in waiting for i, cell in enumerate(some)]
        present = [cell for cell in cells if not self.is_missing(cell[0])]
        self._numeric = self._looks_numeric(present)
        for some, place in waiting:
            self._count(some, place)

    def _looks_numeric(self, sample: list[tuple[Any, int, Locator]]) -> bool:
        """Say whether values are numbers; refuse numbers with a little text among them."""
        numbers = [cell for cell, _, _ in sample if self._is_number(cell)]
        if any(has_leading_zero(cell) or is_inexact(cell) for cell in numbers):
            return False
        if len(numbers) < len(sample):
            spelt = [cell for cell, _, _ in sample if is_decorated(cell)]
            few = len({*numbers, *spelt}) <= MOST_CATEGORIES
            if few or len(numbers) + len(spelt) < _NUMBERS * len(sample):
                return False
            cell, i, place = next(item for item in sample if not self._is_number(item[0]))
            raise self._no_number(cell, place(i, self.name))
        return True

    def _is_number(self, cell: str) -> bool:
        return type(cell) is Number if self._typed else is_number(cell, self._decimal)

    def is_missing(self, cell: Cell) -> bool:
        """Return whether a cell holds no value."""
        if cell is None or cell in self._na:
            return True
        return not self._typed and (not cell or cell.isspace())

    def _count(self, cells: Sequence[Cell], place: Locator) -> None:
        present: Sequence[Any] = cells
        if None in cells or "" in cells or not self._na.isdisjoint(cells):
            present = [cell for cell in cells if not self.is_missing(cell)]
        if len(present) < len(cells):
            self._note_missing(len(cells) - len(present), cells, place)
        if not self._numeric:
            before = len(self.counts)
            self.counts.update(present)
            if len(self.counts) > before and not self._typed:
                self._sweep(cells, place)
            return
        numbers = None
        if not self._typed or {Number}.issuperset(map(type, present)):
            numbers = floats(present, self._decimal, codes=self._codes)
        self.values.extend(self._one_by_one(cells, place) if numbers is None else numbers)

    def _sweep(self, cells: Sequence[Cell], place: Locator) -> None:
        """Take blanks, which are as good as nothing, out of the outcomes."""
        for label in [label for label in self.counts if label.isspace()]:
            self._note_missing(self.counts.pop(label), cells, place)

    def _note_missing(self, number: int, cells: Sequence[Cell], place: Locator) -> None:
        self._missing += number
        if self._forbid:
            first = next(i for i, cell in enumerate(cells) if self.is_missing(cell))
            raise missing_value(place(first, self.name))

    def _one_by_one(self, cells: Sequence[Cell], place: Locator) -> list[float]:
        values: list[float] = []
        for i, cell in enumerate(cells):
            if cell is None or self.is_missing(cell):
                if cell and cell.isspace() and cell not in self._na:
                    self._note_missing(1, cells, place)
                continue
            value = None
            if self._is_number(cell):
                value = floats([cell], self._decimal, codes=self._codes)
            if value is None:
                raise self._no_number(cell, place(i, self.name))
            values += value
        return values

    def _no_number(self, cell: str, place: Place) -> InputError:
        what = "is not a number"
        if self._typed and type(cell) is not Number:
            what = f"is {kind_of(cell)}, not a number"
        elif self._codes and has_leading_zero(cell):
            what = "has a leading zero"
        elif self._is_number(cell):
            what = "is beyond a 64-bit float"
        decimal = ""
        if is_decorated(cell) and not self._typed:
            decimal = "--decimal ',' if the comma is a decimal mark; no separators or signs; "
        return InputError(
            "mixed-column",
            f"column {self.name[:60]!r} holds numbers, and this {what}",
            replace(place, name=self.name, value=str(cell)),
            hint=decimal + f"--na {_quoted(cell)} if it means a missing value;"
            f" --categorical {_quoted(self.name)} if the column is text",
        )


def _quoted(word: str) -> str:
    from shlex import quote

    return quote(word[:60])


def check_text(labels: Iterable[str], name: str, source: str) -> None:
    """Refuse what no output can hold: half of a surrogate pair, which JSON can spell.

    Raises
    ------
    InputError
        If a label is such text.
    """
    for label in labels:
        if not label.isascii():
            try:
                label.encode()
            except UnicodeEncodeError:
                raise InputError(
                    "bad-label",
                    "a name or a value holds half of a surrogate pair, which is no character",
                    Place(source, name=name, value=ascii(label)[1:-1]),
                ) from None


def _column_of(
    name: str, values: NDArray[Any], counting: Wanted, source: str
) -> Values | Categories:
    """Return a column of numbers: nan is missing, and so is what the user says."""
    import numpy as np

    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    if counting.na:
        missing |= np.isin(numbers, [float(word) for word in counting.na if is_number(word)])
    if counting.forbid_missing and missing.any():
        raise missing_value(Place(source, name=name, index=(int(missing.argmax()),)))
    column = Values(name, int(missing.sum()), numbers[~missing] + 0.0)
    if name not in counting.categorical:
        return column
    if distinct(column) > counting.most_outcomes:
        raise _too_many_outcomes(name, counting, source)
    return as_categories(column)
