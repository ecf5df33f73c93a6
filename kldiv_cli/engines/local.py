"""The engine in this process: it counts the columns of raw rows as the rows come in.

A column is numeric if its first thousand values are numbers and none has a leading zero; a later
value that is no number is an error that names its line. A categorical column takes memory for
its outcomes, a numeric one eight bytes a row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

from kldiv_cli.core import counts, numbers
from kldiv_cli.core.binning import MOST_CATEGORIES
from kldiv_cli.core.dataset import IDENTIFIER, DataSet, Excluded, Wanted, missing_value
from kldiv_cli.core.labels import check_text
from kldiv_cli.errors import InputError, Place, option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Batch, Locator, Table

    Cell = str | None

SAMPLE = 1000
"""Values that are looked at before a column is numeric or not …"""
MOST_BATCHES = 16
"""… fewer of them where these batches of rows have no more."""
MOST_NUMBERS = 100_000_000
"""Numbers that the numeric columns of a data set may hold: 800 MB."""
MOSTLY_NUMBERS = 0.5
"""Where more of the values than this share are numbers, and many, the rest are no labels."""


def count(table: Table, wanted: Wanted, source: str, name: str) -> DataSet:
    """Count the columns of raw rows.

    Parameters
    ----------
    table : Table
        Batches of rows whose columns have names and whose cells are text, `Number` or None; or
        whole columns of numbers, nan where a value is missing.
    wanted : Wanted
        Which columns to count, and how.
    source, name : str
        The source for error messages, and the name of the data set.

    Returns
    -------
    DataSet
        Of kind ``samples``; its columns are `Categories` or `Values`.

    Raises
    ------
    InputError
        If there are no rows, a named column is not there, a value in a column of numbers is no
        number, or there are too many outcomes or numbers.
    """
    counters: dict[str, ColumnCounter] = {}
    rows, seen = 0, dict.fromkeys(table.names or ())
    repeated: list[Batch] = []
    for batch in table.batches:
        seen.update(dict.fromkeys(batch.columns))
        for title in filter(wanted.wants, batch.columns):
            if title not in counters:
                check_text([title], title, source)
                counters[title] = ColumnCounter(title, wanted, source, table)
                counters[title].pad(rows)
            counters[title].add(batch.columns[title], batch.place)
        rows += batch.size
        if batch.counts is not None:
            repeated.append(batch)
        for counter in counters.values():
            counter.pad(rows)
        _check_size(counters.values(), wanted, source)
    for counter in counters.values():
        counter.settle()
    _check_size(counters.values(), wanted, source)
    columns: dict[str, counts.Column] = {}
    for title, counter in counters.items():
        if not counter.identifier:
            column = counter.finish()
            columns[title] = _repeated(column, counter, repeated, source) if repeated else column
    if repeated:
        rows = sum(int(number) for batch in repeated for number in batch.counts or ())
    for title, values in table.whole or ():
        seen.setdefault(title)
        rows = len(values)
        if wanted.wants(title):
            columns[title] = _column_of(title, values, wanted, source)
    if not rows:
        raise InputError("no-rows", "there are no rows of data", Place(source))
    left_out = wanted.left_out(list(seen), source)
    keys = [title for title, counter in counters.items() if counter.identifier]
    columns = {title: columns[title] for title in seen if title in columns}
    if not wanted.late:
        keys += [
            title
            for title, column in columns.items()
            if wanted.may_leave_out(title) and counts.is_identifier(column)
        ]
    return DataSet(
        name=name,
        source=source,
        format=table.format,
        kind="samples",
        rows=rows,
        columns={title: column for title, column in columns.items() if title not in keys},
        excluded=(*(Excluded(title, IDENTIFIER) for title in keys), *left_out),
        notes=tuple(table.notes),
        seen=tuple(seen),
        details=tuple(table.details.items()),
    )


class ColumnCounter:
    """Counts the cells of one column batch by batch, and decides whether it is numeric.

    Parameters
    ----------
    name : str
        The column's name.
    wanted : Wanted
        The user's words on types and missing values.
    source : str
        The source for error messages.
    table : Table
        Tells numbers from text, and what is missing.
    """

    def __init__(self, name: str, wanted: Wanted, source: str, table: Table) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()
        self.values: array[float] = array("d")
        self.identifier = False
        self._missing = self._rows = 0
        self._source, self._table = source, table
        self._na, self._forbid = wanted.missing_words(name), wanted.forbid_missing
        # Cells of nothing but blanks are missing, too, but are told only where they matter.
        self._absent = frozenset({None, *self._na, *(() if table.typed else ("",))})
        # A leading zero makes no code of what the user calls numbers.
        self._codes = name not in wanted.numeric
        self._numeric: bool | None = None
        if name in wanted.numeric | wanted.categorical:
            self._numeric = name in wanted.numeric
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
        values = len(cells) - sum(map(self._table.is_missing, cells, repeat(self._na)))
        if not values:
            self._note_missing(len(cells), cells, place)
            return
        self._waiting.append((cells, place))
        self._waits += values
        if self._waits >= SAMPLE or len(self._waiting) >= MOST_BATCHES:
            self.settle()

    def pad(self, rows: int) -> None:
        """Count rows without the column as missing, up to so many rows in all."""
        if self._rows < rows:
            number, self._rows = rows - self._rows, rows
            self._note_missing(number, [None], lambda i, name: Place(self._source, name=name))

    def give_up(self) -> None:
        """Take the column for a key, whose values are no longer counted."""
        self.identifier = True
        self.counts.clear()

    def settle(self) -> None:
        """Decide by the values so far whether the column is numeric, unless that is known."""
        if self._numeric is not None:
            return
        waiting, self._waiting = self._waiting, []
        cells = [(cell, i, place) for some, place in waiting for i, cell in enumerate(some)]
        self._numeric = self._looks_numeric([c for c in cells if not self.is_missing(c[0])])
        for some, place in waiting:
            self._count(some, place)

    def finish(self) -> counts.Column:
        """Return the counted column."""
        import numpy as np

        if self._numeric:
            return counts.Values(self.name, self._missing, np.frombuffer(self.values) + 0.0)
        check_text(list(self.counts), self.name, self._source)
        return counts.Categories(self.name, self._missing, dict(self.counts))

    def is_missing(self, cell: Cell) -> bool:
        """Return whether a cell holds no value."""
        return self._table.is_missing(cell, self._na)

    def _looks_numeric(self, sample: list[tuple[Any, int, Locator]]) -> bool:
        """Return whether values are numbers; refuse numbers with a little text among them."""
        literals = [cell for cell, _, _ in sample if self._table.is_number(cell)]
        if any(numbers.has_leading_zero(cell) or numbers.is_inexact(cell) for cell in literals):
            return False
        if len(literals) < len(sample):
            decorated = [cell for cell, _, _ in sample if numbers.is_decorated(cell)]
            few = len({*literals, *decorated}) <= MOST_CATEGORIES
            if few or len(literals) + len(decorated) < MOSTLY_NUMBERS * len(sample):
                return False
            cell, i, place = next(c for c in sample if not self._table.is_number(c[0]))
            raise self._no_number(cell, place(i, self.name))
        return True

    def _count(self, cells: Sequence[Cell], place: Locator) -> None:
        present: Sequence[Any] = cells
        absent = self._absent
        if not absent.isdisjoint(cells):
            present = [cell for cell in cells if cell not in absent]
            self._note_missing(len(cells) - len(present), cells, place)
        if not self._numeric:
            known = len(self.counts)
            self.counts.update(present)
            if len(self.counts) > known and not self._table.typed:
                for label in [label for label in self.counts if label.isspace()]:
                    self._note_missing(self.counts.pop(label), cells, place)
            return
        doubles = self._floats(present)
        if doubles is None:
            rest = [cell for cell in present if not self.is_missing(cell)]
            if len(rest) < len(present):
                self._note_missing(len(present) - len(rest), cells, place)
            doubles = self._floats(rest)
        if doubles is None:
            there = ((i, cell) for i, cell in enumerate(cells) if not self.is_missing(cell))
            i, bad = next((i, cell) for i, cell in there if self._floats([cell]) is None)
            raise self._no_number(bad or "", place(i, self.name))
        self.values.extend(doubles)

    def _floats(self, cells: Sequence[Any]) -> list[float] | None:
        """Return the numbers in cells; None if one is no number."""
        if self._table.typed and not {numbers.Number}.issuperset(map(type, cells)):
            return None
        return numbers.floats(cells, self._table.decimal, codes=self._codes)

    def _note_missing(self, number: int, cells: Sequence[Cell], place: Locator) -> None:
        self._missing += number
        if self._forbid and number:
            first = next(i for i, cell in enumerate(cells) if self.is_missing(cell))
            raise missing_value(place(first, self.name))

    def _no_number(self, cell: str, place: Place) -> InputError:
        what = "is not a number"
        if self._table.typed and type(cell) is not numbers.Number:
            what = "is text, not a number"
        elif self._codes and numbers.has_leading_zero(cell):
            what = "has a leading zero"
        elif self._table.is_number(cell):
            what = "is beyond a 64-bit float"
        hint = f"{option('--categorical', self.name)} if the column is text"
        hint = f"{option('--na', cell, instead='TEXT')} if it means a missing value; {hint}"
        if numbers.is_decorated(cell) and not self._table.typed:
            hint = f"--decimal ',' if the comma is a decimal mark; no separators or signs; {hint}"
        message = f"column {self.name[:60]!r} holds numbers, and this {what}"
        place = replace(place, name=self.name, value=str(cell))
        return InputError("mixed-column", message, place, hint=hint)


def _repeated(
    column: counts.Column, counter: ColumnCounter, batches: Sequence[Batch], source: str
) -> counts.Column:
    """Return the column of rows that each stand for many."""
    import numpy as np

    missing, totals = 0, Counter[str]()
    repeats: list[int] = []
    for batch in batches:
        cells = zip(batch.columns[column.name], map(int, batch.counts or ()), strict=True)
        for cell, number in cells:
            if counter.is_missing(cell):
                missing += number
            else:
                totals[cell] += number
                repeats.append(number)
    if not isinstance(column, counts.Values):
        return counts.Categories(column.name, missing, dict(totals))
    if missing + sum(repeats) > MOST_NUMBERS:
        raise _too_many_numbers(source)
    return counts.Values(column.name, missing, np.repeat(column.values, repeats))


def _column_of(name: str, values: NDArray[Any], wanted: Wanted, source: str) -> counts.Column:
    """Return a column of an array of numbers; nan, and words that mean it, are missing."""
    import numpy as np

    doubles = values.astype(np.float64)
    missing = np.isnan(doubles)
    if words := wanted.missing_words(name):
        missing |= np.isin(doubles, [float(word) for word in words if numbers.is_number(word)])
    if wanted.forbid_missing and missing.any():
        raise missing_value(Place(source, name=name, index=(int(missing.argmax()),)))
    column = counts.Values(name, int(missing.sum()), doubles[~missing] + 0.0)
    if name not in wanted.categorical:
        return column
    if counts.distinct(column) > wanted.most_outcomes:
        raise _too_many_outcomes(name, wanted, source)
    return counts.as_categories(column)


def _check_size(counters: Iterable[ColumnCounter], wanted: Wanted, source: str) -> None:
    """Refuse too many outcomes or numbers; give up a column that looks like a key."""
    held = 0
    for counter in counters:
        held += len(counter.values)
        outcomes = len(counter.counts)
        if outcomes > wanted.most_outcomes and not counter.identifier:
            is_key = counts.nearly_distinct(outcomes, counter.counts.total())
            if not is_key or not wanted.may_leave_out(counter.name):
                raise _too_many_outcomes(counter.name, wanted, source)
            counter.give_up()
    if held > MOST_NUMBERS:
        raise _too_many_numbers(source)


def _too_many_outcomes(name: str, wanted: Wanted, source: str) -> InputError:
    message = f"column {name[:60]!r} has more than {wanted.most_outcomes} outcomes"
    hint = f"{option('--exclude', name)} leaves it out; --max-outcomes N allows more"
    return InputError("too-many-outcomes", message, Place(source, name=name), hint=hint)


def _too_many_numbers(source: str) -> InputError:
    message = f"the numeric columns hold more than {MOST_NUMBERS} numbers"
    hint = "--column NAME chooses some; kldiv profile PART --like PROFILE counts parts one by one"
    return InputError("too-many-numbers", message, Place(source), hint=hint)
