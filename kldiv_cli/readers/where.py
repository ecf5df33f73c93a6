"""Rows that are chosen by the value that they have in a column."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress
from typing import Any

import numpy as np

from kldiv_cli.core.counts import MISSING
from kldiv_cli.core.dataset import position, unknown_column
from kldiv_cli.core.instants import instant
from kldiv_cli.core.labels import canonical
from kldiv_cli.core.numbers import has_leading_zero, is_number, with_point
from kldiv_cli.core.table import SAMPLE, Batch, Condition, LazyColumns, Table
from kldiv_cli.core.types import FALSE, TRUE
from kldiv_cli.errors import InputError, Place, UsageError, did_you_mean

MOST_VALUES = 1000
"""Other values that are remembered, to be named where no row has the one that is asked for."""


def column_and_value(where: str, names: Sequence[str]) -> tuple[str, str]:
    """Split ``COLUMN=VALUE``, where either may hold more signs; a column that exists wins."""
    ends = [i for i, character in enumerate(where) if character == "="]
    end = next((i for i in ends if where[:i] in names), ends[0])
    return where[:end], where[end + 1 :]


def rows_where(table: Table, where: str, source: str) -> Table:
    """Return the rows of a table that have a value in a column, which then is left out.

    Parameters
    ----------
    table : Table
        Columns that are held in memory, or batches of rows; if columns are known by position, it
        is known whether the first row held names.
    where : str
        ``COLUMN=VALUE``. An empty value stands for a missing one; numbers are equal, and so are
        booleans, however they are spelt.
    source : str
        The name of the source in errors.

    Raises
    ------
    InputError
        If there is no such column; as the rows are read, if none of them has the value.
    """
    if table.whole is not None:
        return _of_columns(table, where, source)
    names, batches = table.titled()
    title, value = column_and_value(where, names or ())
    key: Any = title
    if names is not None and not (table.typed and title not in names):
        at = position(title, names, source)
        key = at if table.positional else title
    rows = _Rows(table, title, value, source)
    rest = None if names is None else [name for name in names if name != title]
    found = rows.of(batches, key)
    # Columns whose format tells what they hold are read as they are asked for, from a part of a
    # folder while that is open; no other part may be looked at before.
    found = found if table.types else _filled(found)
    scan = table.scan
    if scan is not None:
        is_there = title in scan.names
        scan = scan._replace(where=Condition(title, rows.is_wanted)) if is_there else None
    return table._replace(batches=found, names=rest, chosen_by=title, scan=scan)


def refuse_chosen(chosen_by: str | None, named: Mapping[str, Collection[str | None]]) -> None:
    """Refuse options that name the column that rows are chosen by.

    Parameters
    ----------
    chosen_by : str or None
        That column, in which all rows that are left have one value.
    named : mapping of str to collection of (str or None)
        What columns each option names.

    Raises
    ------
    UsageError
        If one names it.
    """
    flag = next((flag for flag, names in named.items() if chosen_by in names), None)
    if chosen_by is not None and flag is not None:
        message = f"rows are chosen by column '{chosen_by[:60]}', in which they are the same"
        raise UsageError("usage", message, hint=f"leave --where or {flag} out")


class _Rows:
    """The choice of rows by their cells in one column."""

    is_wanted: Callable[[str | None], bool]
    """Tells whether a row with such a cell is chosen."""

    def __init__(self, table: Table, title: str, value: str, source: str) -> None:
        self._table = table
        self._title = title
        self._value = value
        self._source = source
        self._known: dict[Any, bool] = {}
        self._has_column = False
        self.is_wanted = _wanted(value, table)

    def mask(self, cells: Sequence[Any]) -> list[bool]:
        """Return which rows are chosen."""
        self._has_column = True
        known = self._known
        kept = []
        for cell in cells:
            text = _text(cell)
            found = known.get(text)
            if found is None:
                found = self.is_wanted(text)
                if found or len(known) < MOST_VALUES:
                    known[text] = found
            kept.append(found)
        return kept

    def of(self, batches: Iterable[Batch], key: Any) -> Iterator[Batch]:
        """Yield the chosen rows of each batch."""
        count = 0
        names: dict[Any, None] = {}
        for batch in batches:
            if batch.counts is not None:
                message = "lines that were counted have no columns to choose rows by"
                raise InputError("no-columns", message, Place(self._source))
            titles = dict.fromkeys(batch.columns)
            names |= titles
            # A row without the column has no value there.
            kept = [not self._value] * batch.size
            if key in titles:
                kept = self.mask(batch.columns[key])
            if size := sum(kept):
                count += size
                yield chosen(batch, kept, key)
        if names and not self._has_column:
            raise unknown_column(self._title, list(map(str, names)), self._source)
        if names and not count:
            raise self.none()

    def none(self) -> InputError:
        """Return the error for a value that no row has."""
        values = [MISSING if text is None or not text.strip() else text for text in self._known]
        message = f"no row has {self._value[:60]!r} in column {self._title[:60]!r}"
        hint = did_you_mean(self._value, values) if values else ""
        return InputError("no-rows-where", message, Place(self._source), hint=hint)


def _text(cell: Any) -> str | None:
    """Return a cell as text, which is compared; a container has none that is wanted."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell if cell is None or isinstance(cell, str) else f"\0{type(cell).__name__}"


def _wanted(value: str, table: Table) -> Callable[[str | None], bool]:
    """Return a function that tells whether a cell has a value."""
    number = canonical(value) if is_number(value) and not has_leading_zero(value) else None
    spellings = next((words for words in (TRUE, FALSE) if value in words and value[1:]), ())
    time = instant(value)

    def is_wanted(cell: str | None) -> bool:
        if table.is_missing(cell):
            return not value
        assert cell is not None
        if cell == value or cell in spellings:
            return True
        if time is not None:
            return instant(cell) == time
        if number is None or not is_number(cell, table.decimal) or has_leading_zero(cell):
            return False
        return canonical(with_point(cell, table.decimal)) == number

    return is_wanted


def chosen(batch: Batch, kept: Sequence[bool], key: Any) -> Batch:
    """Return the rows of a batch that are marked, without the column of that key."""
    rows = list(compress(range(batch.size), kept))
    titles = (title for title in batch.columns if title != key)
    columns = LazyColumns(titles, lambda title: list(compress(batch.columns[title], kept)))
    bulk = batch.bulk and batch.bulk._replace(kept=np.array(kept, dtype=np.bool_))
    return Batch(columns, len(rows), lambda i, title: batch.place(rows[i], title), bulk=bulk)


def _filled(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches of which the first is large enough to show what the columns hold."""
    head: list[Batch] = []
    for batch in batches:
        head.append(batch)
        if sum(one.size for one in head) >= SAMPLE:
            break
    if head:
        yield head[0] if len(head) == 1 else _together(head)
    yield from batches


def _together(batches: Sequence[Batch]) -> Batch:
    """Return several batches as one."""
    ends = list(accumulate(batch.size for batch in batches))

    def place(i: int, title: Any) -> Place:
        at = bisect_right(ends, i)
        return batches[at].place(i - (ends[at] - batches[at].size), title)

    several = [(batch, frozenset(batch.columns)) for batch in batches]

    def column(title: Any) -> list[Any]:
        cells: list[Any] = []
        for batch, titles in several:
            cells += batch.columns[title] if title in titles else [None] * batch.size
        return cells

    every = chain.from_iterable(batch.columns for batch in batches)
    return Batch(LazyColumns(every, column), ends[-1], place)


def _of_columns(table: Table, where: str, source: str) -> Table:
    """Return the rows of columns that are held in memory."""
    from kldiv_cli.readers.values import cell_of, taken, to_list

    whole = table.whole or ()
    names = [name for name, _ in whole]
    title, value = column_and_value(where, names)
    at = position(title, names, source)
    here = Place(source, name=title)
    cells = [cell_of(cell, i, here) for i, cell in enumerate(to_list(whole[at][1]))]
    rows = _Rows(table, title, value, source)
    kept = rows.mask(cells)
    if not any(kept):
        raise rows.none()
    chosen = [(name, taken(column, kept)) for name, column in whole if name != title]
    return table._replace(whole=chosen, chosen_by=title)
