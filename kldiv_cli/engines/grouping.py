"""Columns of raw rows are counted by groups of rows, and by weights, beside their counts.

What is counted here is cells as they are written. Which values they are is told by the column that
an engine has made of them, so that nothing is decided twice.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import numbers, types
from kldiv_cli.core.counts import Binned, Categories, numeral
from kldiv_cli.core.dataset import CLUSTERS, SEGMENTS, WEIGHS, DataSet, Excluded, unknown_column
from kldiv_cli.core.grouped import BLOCKS, Entries, Grouped, Groups, Weighing, summed
from kldiv_cli.errors import InputError, Place
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.core.grouped import Grouping
    from kldiv_cli.core.table import Batch, Locator, Table
    from kldiv_cli.engines.local import ColumnCounter

    Cell = str | None
    Doubles = NDArray[np.float64]
    Cells = Sequence[Cell] | Doubles
    Integers = NDArray[np.int64]

MOST_CELLS = 100_000
"""Distinct cells of a column whose blocks are kept where nobody asks for them."""
LOOKED_AT, AT_FIRST = 512, 2048
"""Rows of each fourth batch, and of all, whose blocks are kept where nobody asks for them."""
MOST_ROWS = 1 << 20
"""Rows that are held one by one …"""
MOST_UNITS = 32 * BLOCKS
"""… and the most pieces of the same number of rows that they are counted in if they are more."""
REASONS = {"cluster": CLUSTERS, "segment": SEGMENTS}
MOST_WEIGHT = 1e100
"""The largest weight, whose square is far from the largest number; so is that of its inverse."""


def without_groups(wanted: Wanted) -> Wanted:
    """Return what is wanted of the columns that hold data: those that make groups do not."""
    if wanted.grouping is None:
        return wanted
    made_by, excluded = wanted.grouping.columns, wanted.excluded
    return wanted._replace(
        grouping=None,
        excluded=lambda title: title in made_by or excluded(title),
        # Numbers that stand in for others have no groups of their own.
        edges={} if wanted.grouping.required else wanted.edges,
    )


class Cross:
    """Counts cells by groups of rows, while `kldiv_cli.engines.local` counts them.

    Parameters
    ----------
    table : Table
        Says what cells are missing, and how numbers are written.
    wanted : Wanted
        Says which columns are counted, and how rows are grouped.
    """

    def __init__(self, table: Table, wanted: Wanted) -> None:
        assert wanted.grouping is not None
        self._grouping: Grouping = wanted.grouping
        self._wanted = without_groups(wanted)
        self._table = table
        self._whole: Mapping[str, NDArray[np.float64]] = dict(table.whole or ())
        self._columns: dict[str, _Column] = {}
        self._index = _Index()
        # Rows from `start` on are held one by one: their groups, and how often each occurs.
        self._groups: list[Integers] = []
        self._repeats: list[Integers] = []
        self._weights: list[Doubles] = []
        self._start = self._rows = self._shift = 0
        self._weighing = Weighing()
        # The first row that has no such column.
        self._unweighed: int | None = None
        # Batches so far, and the rows of the last one that are grouped.
        self._batches = self._taken = 0
        self.is_counting = True

    @property
    def _is_of_blocks(self) -> bool:
        return self._grouping.kind == "block"

    def add(self, batch: Batch) -> None:
        """Group the rows of a batch, whose columns are added next."""
        if self._is_of_blocks and not (self._grouping.required or batch.bulk is None):
            # To look at each cell takes longer than all else.
            self.is_counting = False
        if self._is_of_blocks and batch.counts is not None:
            self.is_counting = False
        self._taken = self._size_of(batch)
        self._batches += 1
        if self.is_counting and self._taken:
            weights = self._weights_of(batch.columns, batch.size, batch.place)
            self._add_rows(batch.columns, self._taken, batch.counts, weights)

    def _size_of(self, batch: Batch) -> int:
        """Return how many rows of a batch are grouped."""
        if self._grouping.required or self._table.whole is not None:
            return batch.size
        missing = AT_FIRST - self._rows
        if missing <= 0 and self._batches % 4:
            return 0
        return min(batch.size, max(LOOKED_AT, missing))

    def _weights_of(
        self, columns: Mapping[str, Sequence[Cell]], rows: int, place: Locator
    ) -> Doubles:
        """Return the weights of some rows; each weighs 1 where there is no such column.

        Raises
        ------
        InputError
            If a weight is negative, missing, no finite number, or too large or small a one.
        """
        title = self._grouping.weight
        if title is None:
            return np.ones(rows)
        if not (title in columns or title in self._whole):
            self._unweighed = self._rows if self._unweighed is None else self._unweighed
            return np.ones(rows)
        cells: Cells = columns[title] if title in columns else self._whole[title]
        weights = doubles_of(self._table.decimal, True, cells)
        is_sound = (weights == 0) | ((weights >= 1 / MOST_WEIGHT) & (weights <= MOST_WEIGHT))
        if not is_sound.all():
            at = int(np.argmin(is_sound))
            raise unsound_weight(cells[at], weights[at], place(at, title))
        return weights

    def _add_rows(
        self,
        columns: Mapping[str, Sequence[Cell]],
        size: int,
        counts: Sequence[str] | Integers | None,
        weights: Doubles,
    ) -> None:
        if self._rows - self._start > MOST_ROWS:
            self._fold()
        title = self._grouping.column
        if self._is_of_blocks:
            groups = np.arange(self._rows, self._rows + size)
        elif title is None:
            groups = np.zeros(size, np.int64)
        else:
            cells = columns[title] if title in columns else _texts(self._whole.get(title), size)
            groups = self._index.codes(cells)
        repeats = np.ones(size, np.int64)
        if counts is not None:
            repeats = np.fromiter(map(int, counts), np.int64, size)
        if self._grouping.weight is not None:
            # A row that weighs nothing is none.
            repeats[weights[:size] == 0] = 0
            sums = float(weights @ repeats), float(weights**2 @ repeats)
            heaviest = float(weights.max(initial=0.0))
            self._weighing = self._weighing.plus(Weighing(int(repeats.sum()), *sums, heaviest))
        self._groups.append(groups)
        self._repeats.append(repeats)
        self._weights.append(weights[:size])
        self._rows += size

    def add_column(
        self, name: str, batch: Batch, cells: Sequence[Cell] | None, counter: ColumnCounter
    ) -> None:
        """Group the cells of a column in the rows that were added last.

        Parameters
        ----------
        cells : sequence of (str or None), or None
            Those that were counted; None where these were not looked at one by one.
        counter : ColumnCounter
            Has counted them, and knows the numbers in them.
        """
        column = self._columns.setdefault(name, _Column())
        size = self._taken
        if not (size and column.is_counted):
            return
        column.pad(self._rows - size - self._start)
        try:
            cells = batch.columns[name] if cells is None else cells
        except InputError:
            # The column is refused, too.
            column.is_counted = False
            return
        column.add(cells[:size], _first(counter, cells, size))

    def _fold(self) -> None:
        """Add up the rows that are held one by one; blocks are then of many rows at once."""
        groups, rows = np.concatenate(self._groups), self._held_rows()
        before = self._shift
        if self._is_of_blocks:
            while self._rows >> self._shift >= MOST_UNITS:
                self._shift += 1
            groups = groups >> self._shift
        for name, column in self._columns.items():
            column.pad(self._rows - self._start)
            column.halve(self._shift - before)
            column.fold(groups, rows, self._size, self._numbers_of(name))
            if self._is_of_blocks and not self._grouping.required and column.size > MOST_CELLS:
                # Nobody asks for so many.
                column.give_up()
        self._groups, self._repeats, self._weights = [], [], []
        self._start = self._rows

    def _held_rows(self) -> tuple[Integers, Doubles | None]:
        """Return how often each row occurs that is held, and its weight if rows weigh."""
        repeats = np.concatenate(self._repeats)
        return repeats, None if self._grouping.weight is None else np.concatenate(self._weights)

    def _numbers_of(self, name: str) -> Callable[[Cells], Doubles]:
        """Return what finds the numbers in cells of a column."""
        return partial(doubles_of, self._table.decimal, name in self._wanted.numeric)

    @property
    def _size(self) -> int:
        """How many groups, or pieces of blocks, there are so far."""
        if self._is_of_blocks:
            return (max(self._rows - 1, 0) >> self._shift) + 1
        return max(len(self._index), 1)

    def beside(self, found: DataSet) -> DataSet:
        """Return a data set with its columns by groups, too.

        Raises
        ------
        InputError
            If the column that makes the groups, or that of the weights, is not there; if a weight
            is none, or no row weighs anything.
        """
        if self.is_counting and not self._rows:
            here = Place(found.source, name=self._grouping.weight)

            def place(i: int, _: str) -> Place:
                return replace(here, index=(i,))

            repeats = self._table.repeats
            rows = found.rows if repeats is None else len(repeats)
            self._add_rows({}, rows, repeats, self._weights_of({}, rows, place))
        if not self.is_counting:
            return found
        for name in filter(self._wanted.wants, self._whole):
            self._columns[name] = column = _Column()
            column.add((), self._whole[name].astype(np.float64))
        groups = self._finished(found)
        counted = {
            title: Counted(column.cells, column.entries)
            for title, column in self._columns.items()
            if column.is_counted
        }
        grouping = self._grouping
        weighing = None if grouping.weight is None else self._weighing
        made = crossed(found, counted, groups, self._table, self._wanted, grouping, weighing)
        if weighing is None:
            return made
        here = Place(found.source, name=grouping.weight)
        if self._unweighed is not None:
            raise unsound_weight(None, np.nan, replace(here, index=(self._unweighed,)))
        if not weighing.rows:
            raise no_weights(here)
        return made

    def _finished(self, found: DataSet) -> tuple[tuple[Cell, ...], Integers]:
        """Add up all rows; return the names of the groups, and which of them each group is."""
        if self._is_of_blocks and not self._start:
            # So few rows that their blocks are as equal as can be.
            blocks = min(BLOCKS, self._rows)
            groups = np.concatenate(self._groups) * blocks // self._rows
            rows = self._held_rows()
            decimal, numeric = self._table.decimal, self._wanted.numeric
            for name, column in self._columns.items():
                column.pad(self._rows)
                values = getattr(found.columns.get(name), "values", None)
                column.fold(
                    groups, rows, blocks, partial(doubles_of, decimal, name in numeric), values
                )
            return _numbered(blocks), np.arange(blocks)
        if self._groups:
            self._fold()
        if self._is_of_blocks:
            return _numbered(BLOCKS), np.arange(self._size) * BLOCKS // self._size
        return named(list(self._index), self._table, self._wanted, self._grouping)


class Counted(NamedTuple):
    """The cells of a column by groups of rows.

    Attributes
    ----------
    cells : sequence of (str or None), or ndarray of float64
        Distinct cells, or numbers, of which nan is a missing one.
    entries : Entries
        By positions among these.
    """

    cells: Cells
    entries: Entries


def named(
    cells: Sequence[Cell], table: Table, wanted: Wanted, grouping: Grouping
) -> tuple[tuple[Cell, ...], Integers]:
    """Return the names of groups, in their own order, and for each cell the place of its name.

    Cells without a value are one group, which comes last and is called None. Where all rows are
    one group, that has a name of its own. Words such as NA are no value, but among segments
    that are labels they are labels, as in a column of these: NA may be a country.
    """
    if grouping.column is None:
        return _numbered(1), np.zeros(1, np.int64)
    own = wanted.missing_words(grouping.column)
    words = own | numbers.MISSING_WORDS
    missing = [table.is_missing(cell) or str(cell).strip() in words for cell in cells]
    values = [str(cell) for cell, no in zip(cells, missing, strict=True) if not no]
    if grouping.kind == "segment" and _are_labels(values, table.decimal):
        missing = [table.is_missing(cell) or str(cell).strip() in own for cell in cells]
    names = sorted(
        str(cell) for cell, is_missing in zip(cells, missing, strict=True) if not is_missing
    )
    at: dict[Cell, int] = {name: place for place, name in enumerate(names)}
    places = [len(names) if no else at[cell] for cell, no in zip(cells, missing, strict=True)]
    return (*names, *([None] if any(missing) else [])), np.array(places, np.int64)


def _are_labels(values: Sequence[str], decimal: str) -> bool:
    """Return whether values are labels, and neither booleans, dates nor numbers."""
    if not values or types.spelling_of(values):
        return False
    is_number, is_code = numbers.is_number, numbers.has_leading_zero
    return not all(is_number(value, decimal) and not is_code(value) for value in values)


def crossed(
    found: DataSet,
    counted: Mapping[str, Counted],
    groups: tuple[tuple[Cell, ...], Integers],
    table: Table,
    wanted: Wanted,
    grouping: Grouping,
    weighing: Weighing | None = None,
) -> DataSet:
    """Return a data set with its columns by groups, whatever engine counted them.

    Parameters
    ----------
    found : DataSet
        Its columns, counted as a whole.
    counted : mapping of str to Counted
        Cells by groups.
    groups : (tuple of (str or None), ndarray of int64)
        Names of groups, and for the number of each group in `counted` the place of its name.
    table, wanted, grouping
        Say which cells have no value, and how numbers are written.
    weighing : Weighing, optional
        What the rows weigh, if they do.

    Raises
    ------
    InputError
        If the column that makes the groups is not there.
    """
    for title in grouping.columns:
        if title not in found.seen:
            raise unknown_column(title, found.seen, found.source)
    names, places = groups
    columns = dict(found.columns)
    for title, (cells, entries) in counted.items():
        if title in columns and len(cells):
            column = columns[title]
            assert not isinstance(column, Binned), "an engine does not bin"
            values: tuple[str, ...] | NDArray[np.float64]
            if isinstance(column, Categories):
                values, at = tuple(column.counts), _places_of_labels(cells, column)
            else:
                doubles = doubles_of(table.decimal, title in wanted.numeric, cells)
                values = column.values
                at = _places_of_numbers(doubles, values)
            entries = entries._replace(place=at[entries.place], group=places[entries.group])
            if weighing is not None:
                # Rows alone are added up when it is known which outcomes the values are.
                entries = summed(entries, len(names))
            grouped = Grouped(values, entries, len(names))
            columns[title] = column._replace(grouped=grouped)
    reasons = {grouping.column: REASONS.get(grouping.kind or "", ""), grouping.weight: WEIGHS}
    excluded = tuple(
        Excluded(one.column, reasons[one.column]) if one.column in grouping.columns else one
        for one in found.excluded
    )
    made = Groups(grouping, names, weighing)
    return found._replace(columns=columns, excluded=excluded, groups=made)


def _places_of_labels(cells: Cells, column: Categories) -> Integers:
    """Return for each cell which label of a column it is; what is none has no value."""
    at: dict[Cell, int] = {label: place for place, label in enumerate(column.counts)}
    labels = map(numeral, cells.tolist()) if isinstance(cells, np.ndarray) else cells
    return np.fromiter(map(at.get, labels, repeat(len(at))), np.int64, len(cells))


def _places_of_numbers(doubles: Doubles, values: Doubles) -> Integers:
    """Return for each double which of some ascending values it is; what is none has no value."""
    if not len(values):
        return np.zeros(len(doubles), np.int64)
    # Millions that are looked up in no order are looked up in as many places of the memory.
    order = np.argsort(doubles)
    places = np.empty(len(doubles), np.int64)
    places[order] = np.searchsorted(values, doubles[order])
    places = np.minimum(places, len(values) - 1)
    return np.where(values[places] == doubles, places, len(values))


def doubles_of(decimal: str, is_numeric: bool, cells: Cells) -> Doubles:
    """Return the numbers in cells; nan where a cell holds none.

    A number with a leading zero is none, unless the user says that the column is numeric.
    """
    if isinstance(cells, np.ndarray):
        return cells
    texts = [cell or "" for cell in cells]
    words = numbers.MISSING_WORDS
    some = [place for place, text in enumerate(texts) if text and text not in words]
    found = np.full(len(texts), np.nan)
    doubles = numbers.floats([texts[i] for i in some], decimal, codes=not is_numeric)
    if doubles is None:
        values = [numbers.value_of(texts[i], decimal, codes=not is_numeric) for i in some]
        doubles = np.array([np.nan if value is None else value for value in values])
    found[some] = doubles
    return found


def no_weights(here: Place) -> InputError:
    """Return the error for rows of which none weighs anything."""
    return InputError("no-mass", "all rows weigh 0", here)


def unsound_weight(cell: object, weight: float, place: Place) -> InputError:
    """Return the error for a row whose weight is none."""
    text = numbers.text_in(cell)
    if not text:
        hint = "give each row a weight: 0 if it is to count nothing"
        return InputError("missing-weight", "the weight of a row is missing", place, hint=hint)
    place = replace(place, value=text)
    if weight < 0:
        return InputError("negative-weight", "the weight of a row is negative", place)
    if np.isfinite(weight):
        message = "the weight of a row is beyond 10^100, or below 10^-100"
        return InputError("number-overflow", message, place, hint="give weights in another unit")
    message, hint = "the weight of a row is no finite number", numbers.thousands_hint(text)
    return InputError("not-a-number", message, place, hint=hint)


class _Index(dict[Any, int]):
    """Numbers distinct cells as they come."""

    def __missing__(self, cell: Any) -> int:
        self[cell] = number = len(self)
        return number

    def codes(self, cells: Sequence[Cell]) -> Integers:
        """Return the number of each of some cells."""
        return np.fromiter(map(self.__getitem__, cells), np.int64, len(cells))


class _Column:
    """The cells of one column by groups: rows that are held one by one, and what was added up.

    A row is held by the number of its cell, or, of a column of numbers, as a number.
    """

    def __init__(self) -> None:
        self.is_counted = True
        self._index = _Index()
        self._numbers: Doubles | None = None
        self._rows: list[NDArray[Any]] = []
        self._held = 0
        self.entries = _NONE

    @property
    def cells(self) -> Cells:
        """The distinct cells, or numbers, by whose positions the entries are."""
        return list(self._index) if self._numbers is None else self._numbers

    @property
    def size(self) -> int:
        """How many of them are held."""
        return len(self.cells)

    def add(self, cells: Sequence[Cell], doubles: Doubles | None) -> None:
        """Hold the next rows: their cells, or the numbers in these, nan where there is none."""
        self._rows.append(self._index.codes(cells) if doubles is None else doubles)
        self._held += len(self._rows[-1])

    def pad(self, rows: int) -> None:
        """Hold rows without the column, which have no value, up to so many."""
        if self.is_counted and self._held < rows:
            self._rows.append(np.full(rows - self._held, self._index[None]))
            self._held = rows

    def give_up(self) -> None:
        """Count no more of the column."""
        self.__init__()  # type: ignore[misc]
        self.is_counted = False

    def halve(self, times: int) -> None:
        """Take two neighbouring groups of what was added up for one, so many times."""
        self.entries = self.entries._replace(group=self.entries.group >> times)

    def fold(
        self,
        groups: Integers,
        rows: tuple[Integers, Doubles | None],
        size: int,
        doubles: Callable[[Cells], Doubles],
        values: Doubles | None = None,
    ) -> None:
        """Add up the rows that are held.

        Parameters
        ----------
        groups : ndarray of int64
            The groups of these rows.
        rows : (ndarray of int64, ndarray of float64 or None)
            How often each of them occurs, and its weight.
        size : int
            How many groups there are so far.
        doubles : callable
            From cells to the numbers in them.
        values : ndarray of float64, optional
            All numbers of the column, which ascend, if these are known.
        """
        if not self.is_counted:
            return
        before, own = self.entries, self.cells
        if self._numbers is not None or any(rows.dtype.kind == "f" for rows in self._rows):
            of_cells = doubles(list(self._index))
            held = [some if some.dtype.kind == "f" else of_cells[some] for some in self._rows]
            every = np.concatenate([doubles(own)[before.place], *held])
            if values is not None and len(values):
                self._numbers = np.append(values, np.nan)
                places = np.searchsorted(values, every)
                places[np.isnan(every)] = len(values)
            else:
                self._numbers, places = np.unique(every + 0.0, return_inverse=True)
        else:
            places = np.concatenate([before.place, *self._rows])
        repeats, weights = rows
        n = np.concatenate([before.n, repeats])
        entries = Entries(places, np.concatenate([before.group, groups]), n)
        if weights is not None:
            old = (np.empty(0) if sums is None else sums for sums in (before.w, before.w2))
            new = weights * repeats, weights**2 * repeats
            w, w2 = (np.concatenate(each) for each in zip(old, new, strict=True))
            entries = entries._replace(w=w, w2=w2)
        self.entries = summed(entries, size)
        self._rows, self._held = [], 0


_NONE = Entries(*(np.empty(0, np.int64),) * 3)


def _first(counter: ColumnCounter, cells: Sequence[Cell], size: int) -> Doubles | None:
    """Return the numbers in the first cells of some that were counted; nan where one has none.

    None where a cell may hold what is neither a number nor missing.
    """
    doubles = counter.doubles
    if doubles is None or len(doubles) == len(cells):
        return None if doubles is None else doubles[:size]
    no_value = counter.no_value
    has_value = ~np.fromiter(map(no_value.__contains__, cells[:size]), np.bool_, size)
    found = np.full(size, np.nan)
    found[has_value] = doubles[: np.count_nonzero(has_value)]
    return found


def _numbered(groups: int) -> tuple[str, ...]:
    return tuple(map(str, range(1, groups + 1)))


def _texts(values: NDArray[np.float64] | None, size: int) -> Sequence[Cell]:
    """Return numbers as cells; None where one is missing, or there is none at all."""
    if values is None:
        return [None] * size
    return [None if value != value else numeral(value) for value in values.tolist()]
