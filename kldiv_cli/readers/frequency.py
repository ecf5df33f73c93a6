"""Rows that stand for several: a column says for how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.dataset import (
    TOO_MANY_ROWS,
    position,
    too_many_rows,
    unknown_column,
    unsound_frequency,
)
from kldiv_cli.core.numbers import EXACT, text_in, value_of
from kldiv_cli.errors import Place
from kldiv_cli.readers.where import chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kldiv_cli.core.table import Batch, Locator, Table


def rows_repeated(table: Table, title: str, source: str) -> Table:
    """Return raw rows each of which stands for as many as a column says, without that column.

    Parameters
    ----------
    table : Table
        Its columns have names, as `kldiv_cli.readers.rows.raw_rows` returns it.
    title : str
        The column of whole numbers. A row of which it is 0 is left out.
    source : str
        The name of the source in errors.

    Raises
    ------
    InputError
        If there is no such column; as the rows are read, if a number is missing, negative or not
        whole, or there are 10^18 rows or more.
    """
    rest = None
    if table.names is not None:
        position(title, table.names, source)
        rest = [name for name in table.names if name != title]
    if table.remote is not None:
        return table._replace(names=rest, remote=table.remote.repeated(title))
    frequencies = _Frequencies(table, title, source)
    if table.whole is None:
        # DuckDB would count each row once.
        return table._replace(batches=frequencies.of(table.batches), names=rest, scan=None)
    (*batches,) = table.batches
    whole = dict(table.whole)
    if title in whole:
        cells = whole.pop(title).tolist()

        def located(i: int, name: str) -> Place:
            return Place(source, name=name, index=(i,))

        place: Locator = located
    else:
        (batch,) = batches
        cells, place = batch.columns[title], batch.place
    repeats = frequencies.numbers(cells, place)
    kept = np.array(repeats) > 0
    return table._replace(
        batches=[_counted(batch, repeats, title) for batch in batches],
        names=rest,
        whole=[(name, values[kept]) for name, values in whole.items()],
        repeats=np.array(repeats, dtype=np.int64)[kept],
    )


class _Frequencies:
    """The numbers in the cells of one column, each looked at once."""

    def __init__(self, table: Table, title: str, source: str) -> None:
        self._decimal = table.decimal
        self._title, self._source = title, source
        self._known: dict[Any, int] = {}
        self._rows = 0

    def of(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the rows of batches as often as they occur.

        Raises
        ------
        InputError
            If a batch has no such column, or lines were counted already.
        """
        for batch in batches:
            if self._title not in batch.columns and self._known:
                here = Place(self._source, name=self._title)
                raise unsound_frequency(None, "", here, self._title)
            if self._title not in batch.columns:
                raise unknown_column(self._title, list(map(str, batch.columns)), self._source)
            repeats = self.numbers(batch.columns[self._title], batch.place)
            yield _counted(batch, repeats, self._title)

    def numbers(self, cells: Sequence[Any], place: Locator) -> list[int]:
        """Return how many rows each row stands for."""
        known, found = self._known, []
        for i, cell in enumerate(cells):
            number = known.get(cell)
            if number is None:
                number = self._number(cell, i, place)
                # Not a number is equal to nothing, and is never here.
                known[cell] = number
            found.append(number)
        self._rows += sum(found)
        if self._rows >= TOO_MANY_ROWS:
            raise too_many_rows(self._source)
        return found

    def _number(self, cell: Any, i: int, place: Locator) -> int:
        """Return the number in a cell that was not met before."""
        text = text_in(cell)
        value = value_of(text, self._decimal, codes=False) if text else None
        if value is not None and value >= 0 and value % 1 == 0 and value < EXACT:
            return int(value)
        raise unsound_frequency(value, text, place(i, self._title), self._title)


def _counted(batch: Batch, repeats: Sequence[int], title: str) -> Batch:
    """Return rows without the column of how often they occur, and without those that never do."""
    kept = [number > 0 for number in repeats]
    found = chosen(batch, kept, title)
    return found._replace(counts=[str(number) for number in repeats if number], bulk=None)
