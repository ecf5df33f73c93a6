"""The engine in this process: it counts the columns of raw rows as the rows come in.

A column is numeric if its first thousand values are numbers and none has a leading zero,
whatever quotes a format puts around them; words for a missing value, and for infinity, may
stand among them. A later value that is no number refuses the column, and is named with its
line. A categorical column takes memory for its outcomes, a numeric one eight bytes a row.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import replace
from itertools import compress, islice, repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli import progress
from kldiv_cli.core import counts, numbers
from kldiv_cli.core.binning import MOST_CATEGORIES, Bins, stand_ins
from kldiv_cli.core.dataset import DATE, IDENTIFIER, DataSet, Excluded, Wanted, missing_value
from kldiv_cli.core.instants import instants
from kldiv_cli.core.labels import check_text
from kldiv_cli.core.refusals import LONGEST_WORD, MOST_WORDS, Uncounted
from kldiv_cli.errors import InputError, Note, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set, Sized
    from typing import Literal

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Batch, Doubles, Locator, Table

    Cell = str | None
    Repeats = Sequence[int] | None
    """How often each of some cells occurs; once if None."""

SAMPLE = 1000
"""Values that are looked at before a column is numeric or not …"""
MOST_BATCHES = 16
"""… fewer of them where these batches of rows have no more."""
DECISIVE = 8192
"""Rows that are looked at together before a column is numeric or not, where more are at hand."""
MERGED = 1 << 20
"""Numbers with counts that are held before those that are the same become one."""
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
        Of kind ``samples``; its columns are `Categories` or `Numbers`.

    Raises
    ------
    InputError
        If there are no rows, a named column is not there, a value in a column of numbers is no
        number, or there are too many outcomes or numbers.
    """
    if table.names is not None:
        # A name that is wrong is told before all is read.
        wanted.left_out(table.names, source)
    cross = None
    if wanted.grouping is not None:
        from kldiv_cli.engines.grouping import Cross, without_groups

        cross, wanted = Cross(table, wanted), without_groups(wanted)
    counters: dict[str, ColumnCounter] = {}
    rows = total = 0
    seen = dict.fromkeys(table.names or ())
    for batch in table.batches:
        seen.update(dict.fromkeys(batch.columns))
        if cross is not None:
            cross.add(batch)
        for title in filter(wanted.wants, batch.columns):
            if title not in counters:
                check_text([title], title, source)
                counters[title] = ColumnCounter(title, wanted, source, table)
                counters[title].pad(total)
            cells = _add(counters[title], batch, wanted)
            if cross is not None and cross.is_counting:
                cross.add_column(title, batch, cells, counters[title])
        rows += batch.size
        total += batch.size if batch.counts is None else sum(map(int, batch.counts))
        progress.step(source, rows, unit="rows")
        for counter in counters.values():
            counter.pad(total)
        check_size(counters.values(), wanted, source)
    for counter in counters.values():
        counter.settle()
    check_size(counters.values(), wanted, source)
    for counter in counters.values():
        counter.decide_key()
    whole: dict[str, counts.Column] = {}
    for title, values in table.whole or ():
        seen.setdefault(title)
        total = len(values) if table.repeats is None else int(table.repeats.sum())
        if wanted.wants(title):
            whole[title] = _column_of(title, values, table.repeats, wanted, source)
    found = data_set(counters, list(seen), total, table, wanted, source, name, whole)
    return found if cross is None else cross.beside(found)


def data_set(
    counters: Mapping[str, ColumnCounter],
    seen: Sequence[str],
    rows: int,
    table: Table,
    wanted: Wanted,
    source: str,
    name: str,
    whole: Mapping[str, counts.Column] = MappingProxyType({}),
) -> DataSet:
    """Return the data set of columns that were counted, whatever engine counted them.

    Parameters
    ----------
    counters : mapping of str to ColumnCounter
        Columns whose cells were counted, all of them.
    seen : sequence of str
        All columns of the source, in order.
    rows : int
        How many rows there were.
    table, wanted, source, name
        See `count`.
    whole : mapping of str to Column
        Columns that came as arrays.

    Raises
    ------
    InputError
        If there are no rows, or a named column is not there.
    """
    if not rows:
        raise InputError("no-rows", "there are no rows of data", Place(source))
    left_out = wanted.left_out(seen, source)
    refusals = [found for counter in counters.values() if (found := counter.refused())]
    for title, column in whole.items():
        if isinstance(column, counts.Categories) and len(column.counts) > wanted.most_outcomes:
            refusals.append(too_many_outcomes(title, wanted, source))
    columns = dict(whole)
    for title, counter in counters.items():
        if not (counter.identifier or counter.date or counter.refusal):
            columns[title] = counter.finish()
    reasons = {title: IDENTIFIER for title, counter in counters.items() if counter.identifier}
    reasons |= {title: DATE for title, counter in counters.items() if counter.date}
    columns = {title: columns[title] for title in seen if title in columns}
    if not wanted.late:
        reasons |= {
            title: IDENTIFIER
            for title, column in columns.items()
            if wanted.may_leave_out(title) and counts.is_identifier(column) and not is_date(column)
        }
    return DataSet(
        name=name,
        source=source,
        format=table.format,
        kind="samples",
        rows=rows,
        columns={title: column for title, column in columns.items() if title not in reasons},
        excluded=(*(Excluded(*one) for one in reasons.items()), *left_out),
        notes=(*table.notes, *_words_noted(counters.values(), source)),
        seen=tuple(seen),
        details=tuple(table.details.items()),
        refused=tuple(refusals),
        engine="in process",
    )


def _add(counter: ColumnCounter, batch: Batch, wanted: Wanted) -> Sequence[Cell] | None:
    """Count the cells of a batch; a column of objects or arrays is refused.

    Returns
    -------
    sequence of (str or None), or None
        The cells, if they were looked at one by one.
    """
    counter.doubles = None
    repeats = None if batch.counts is None else list(map(int, batch.counts))
    rows = batch.size if repeats is None else sum(repeats)
    if counter.gave_up:
        counter.skip(rows)
        return None
    try:
        if _add_bulk(counter, batch):
            return None
        cells = batch.columns[counter.name]
    except InputError as problem:
        if problem.code != "nested-value":
            raise
        settles, place = option_to_leave_out(wanted), problem.places[0]
        counter.reject(Uncounted(counter.name, problem.code, problem.message, place, settles))
        counter.skip(rows)
        return None
    if batch.bulk is None or counter.is_settled:
        counter.add(cells, batch.place, repeats, rows=rows)
        return cells
    for start in range(0, batch.size, DECISIVE):

        def located(i: int, title: str, start: int = start) -> Place:
            return batch.place(start + i, title)

        counter.add(cells[start : start + DECISIVE], located)
    counter.doubles = None
    return cells


def _add_bulk(counter: ColumnCounter, batch: Batch) -> bool:
    """Count the values of a batch without a look at each; return whether that was possible."""
    if batch.bulk is None:
        return False
    name, kept = counter.name, batch.bulk.kept
    if counter.is_numeric:
        doubles = batch.bulk.doubles(name, kept)
        if doubles is not None and counter.add_doubles(doubles, batch.size):
            return True
    found = batch.bulk.tally(name, kept)
    if found is None or not (counter.is_settled or counter.is_silent(found.cells)):
        return False

    def place(i: int, title: str) -> Place:
        return batch.place(batch.columns[title].index(found.cells[i]), title)

    counter.add(found.cells, place, found.counts, rows=batch.size)
    return True


def is_date(column: counts.Column) -> bool:
    """Return whether the values of a column are dates."""
    from kldiv_cli.core.types import own_type

    return isinstance(column, counts.Categories) and own_type(column) == "date"


def _words_noted(counters: Iterable[ColumnCounter], source: str) -> Iterator[Note]:
    """Yield a note on words for a missing value that were found among numbers."""
    from kldiv_cli.core.types import words_as_missing

    found = [counter for counter in counters if counter.words and not counter.refusal]
    if found:
        # In their own order, whatever that of the rows.
        words = {each.name: Counter(dict(sorted(each.words.items()))) for each in found}
        yield words_as_missing(words, source)


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
        Says how its numbers are written.
    """

    def __init__(self, name: str, wanted: Wanted, source: str, table: Table) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()
        self.values: array[float] = array("d")
        self._repeats: array[int] = array("q")  # how often each value occurs, if not once
        self._most = MERGED
        # A table of two columns may have to be told from a distribution by all of its values.
        is_pair = len(table.names or ()) == 2
        self._cuts = () if is_pair else wanted.edges.get(name, ())
        self._sizes = np.zeros(len(self._cuts) + 1, dtype=np.int64)
        self._hashes: array[int] | None = None  # of the values of what looks like a key
        self.words: Counter[str] = Counter()  # ``NA`` and the like among numbers
        self.identifier = self.date = False
        self.refusal: Uncounted | None = None
        self._missing = self._rows = self._keyed = 0
        self._too_many: Uncounted | None = None
        self._source, self._wanted = source, wanted
        self._decimal, self._forbid = table.decimal, wanted.forbid_missing
        na = wanted.missing_words(name)
        # Cells of nothing but blanks are missing, too, but are told only where they matter.
        self._absent = frozenset({None, "", *na})
        self._words = numbers.MISSING_WORDS - self._absent
        self._absent_numbers = numbers.meant_as_missing(na)
        # A leading zero makes no code of what the user calls numbers.
        self._codes = name not in wanted.numeric
        self._numeric: bool | None = None
        if name in wanted.numeric | wanted.categorical | wanted.dates:
            self._numeric = name in wanted.numeric
        self._waiting: list[tuple[Sequence[Cell], Locator, Repeats]] = []
        self._sample: list[str] = []  # the values among these cells
        # Words for missing values that came before any other value, and the first of them.
        self._early: Counter[str] = Counter()
        self._first_word: Place | None = None
        self._bad: dict[str, None] = {}
        # The numbers in the cells that were added last, if these hold nothing else.
        self.doubles: NDArray[np.float64] | None = None

    @property
    def no_value(self) -> frozenset[Cell]:
        """The cells that hold no value among numbers, but for those of blanks."""
        return self._absent | self._words

    @property
    def held(self) -> int:
        """Numbers in memory."""
        return len(self.values) + len(self._hashes or ())

    @property
    def gave_up(self) -> bool:
        """Whether the values are no longer counted."""
        return self.identifier or self.date or (self.refusal is not None and not self._numeric)

    def skip(self, rows: int) -> None:
        """Pass over rows of a column whose values are not counted."""
        self._rows += rows

    @property
    def is_settled(self) -> bool:
        """Whether it is decided if the column is numeric."""
        return self._numeric is not None

    @property
    def is_numeric(self) -> bool:
        """Whether the column is one of numbers, as far as that is decided."""
        return bool(self._numeric)

    def take_for_numbers(self) -> None:
        """Take the column for numeric: the source says that its values are numbers."""
        self._numeric = True

    def like(self, other: ColumnCounter) -> None:
        """Take the column for numeric, or not, as another counter of its cells has decided."""
        self._numeric = other._numeric

    def add(
        self,
        cells: Sequence[Cell],
        place: Locator,
        repeats: Repeats = None,
        *,
        rows: int | None = None,
    ) -> None:
        """Count the cells of the next rows, each as often as `repeats` says, or once.

        `rows` says how many rows there are, if the cells are fewer.
        """
        self._rows += len(cells) if rows is None else rows
        if self._numeric is not None:
            self._count(cells, place, repeats)
            return
        values = self._told(cells)
        if not values:
            self._wait_without_values(cells, place, repeats)
            return
        self._waiting.append((cells, place, repeats))
        self._sample += values
        if len(self._sample) >= SAMPLE or len(self._waiting) >= MOST_BATCHES:
            self.settle()

    def is_silent(self, cells: Sequence[Cell]) -> bool:
        """Return whether no cell tells what the column is."""
        return not self._told(cells)

    def _told(self, cells: Sequence[Any]) -> list[str]:
        """Return the cells that tell what the column is: values, and no words for missing ones."""
        no_value = self._absent | self._words
        # Most columns have few distinct cells: a look at each of these is enough.
        silent = {c for c in set(cells) if c is None or c in no_value or c.isspace()}
        return [c for c in cells if c not in silent] if silent else list(cells)

    def _wait_without_values(
        self, cells: Sequence[Cell], place: Locator, repeats: Repeats
    ) -> None:
        """Count cells that are missing, or words for it, which do not tell what the column is."""
        words = _tally(cells, repeats, self._words)
        if words and self._first_word is None:
            first = next(i for i, cell in enumerate(cells) if cell in words)
            self._first_word = place(first, self.name)
        self._early.update(words)
        missing = _rows(cells, repeats) - words.total()
        if missing and self._forbid:
            # One that waits is named before this one.
            self.settle()
        self._note_missing(missing, cells, place)

    def pad(self, rows: int) -> None:
        """Count rows without the column as missing, up to so many rows in all."""
        if self._rows < rows:
            number, self._rows = rows - self._rows, rows
            self._note_missing(number, [None], lambda i, name: Place(self._source, name=name))

    def settle_by(self, cells: Sequence[Cell]) -> bool:
        """Decide whether the column is numeric by its distinct cells, if any order says the same.

        Returns
        -------
        bool
            Whether that is decided: not where some values look like numbers, and others do not.
        """
        told = self._told(cells)
        literals = [cell for cell in told if numbers.is_number(cell, self._decimal)]
        infinite = [cell for cell in told if numbers.infinity(cell) is not None]
        if any(map(_is_word, told)):
            return False
        if not told:
            self._numeric = self._words.isdisjoint(cells)
        elif len(literals) + len(infinite) == len(told):
            is_sound = numbers.floats(literals, self._decimal) is not None
            if is_sound and not any(map(numbers.is_inexact, literals)):
                self._numeric = True
        elif not (literals or infinite or any(map(_looks_like_a_number, told))):
            self._numeric = False
        return self.is_settled

    def give_up(self, *, date: bool) -> None:
        """Take the column for dates, or for a key, whose values are no longer counted."""
        self.identifier, self.date = not date, date
        self.counts.clear()

    def reject(self, refusal: Uncounted) -> None:
        """Refuse the column; its values are no longer counted, unless they are numbers."""
        self.refusal = self.refusal or refusal
        self.counts.clear()

    def settle(self) -> None:
        """Decide by the values so far whether the column is numeric, unless that is known."""
        waiting, self._waiting = self._waiting, []
        told, self._sample = self._sample, []
        if self._numeric is None:
            if words := {cell for cell in set(told) if _is_word(cell)}:
                told = [cell for cell in told if cell not in words]
            # Words for missing values alone are labels, until numbers of the other side say more.
            self._numeric = self._looks_numeric(told) if told or not self._early else False
        if self._early and not self.gave_up:
            early, self._early = self._early, Counter()
            if self._numeric:
                if self._forbid and self._first_word:
                    raise missing_value(self._first_word)
                self.words.update(early)
            else:
                self.counts.update(early)
        for some, place, repeats in waiting:
            self._count(some, place, repeats)

    @property
    def drops_numbers(self) -> bool:
        """Whether some numbers mean a missing value."""
        return bool(self._absent_numbers)

    def finite(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the finite numbers so far, and how often each occurs."""
        values = np.frombuffer(self.values)
        repeats = np.frombuffer(self._repeats, np.int64)
        finite = np.isfinite(values)
        return values[finite], repeats[finite]

    def add_numbers(
        self, values: NDArray[np.float64], repeats: NDArray[np.int64], place: Locator | None = None
    ) -> None:
        """Count numbers that are known to be such, each as often as `repeats` says."""
        absent = np.isin(values, self._absent_numbers)
        if place is not None and self._forbid and absent.any():
            raise missing_value(place(int(absent.argmax()), self.name))
        self._missing += int(repeats[absent].sum())
        self._hold(values[~absent], repeats[~absent])

    def add_doubles(self, found: Doubles, rows: int) -> bool:
        """Count the numbers of the next rows, and return whether that was possible.

        It is not where a missing value is refused, which must be looked for.
        """
        values, repeats, missing = found
        if self._absent_numbers:
            kept = ~np.isin(values, self._absent_numbers)
            values, repeats = values[kept], None if repeats is None else repeats[kept]
            missing = rows - (len(values) if repeats is None else int(repeats.sum()))
        if missing and self._forbid:
            return False
        self._rows += rows
        self._missing += missing
        if self._cuts and repeats is None and len(values) > DECISIVE:
            # They are nearly all distinct, and known to be needed in bins alone.
            self._sizes += Bins(self._cuts).count(values)[: len(self._sizes)]
            values = values[np.isinf(values)]
        self._hold(values, repeats)
        return True

    def _hold(self, values: NDArray[np.float64], repeats: NDArray[np.int64] | None = None) -> None:
        """Keep numbers, and how often each occurs, if not once."""
        before = len(self.values)
        self.values.frombytes(values.tobytes())
        if repeats is None and not self._repeats:
            return
        once = np.ones(before - len(self._repeats) + len(values), dtype=np.int64)
        if repeats is not None:
            once[len(once) - len(values) :] = repeats
        self._repeats.frombytes(once.tobytes())
        if len(self.values) > self._most:
            merged = self._numbers()
            self.values = array("d", merged.values.tobytes())
            self._repeats = array("q", merged.counts.tobytes())
            self._most = max(MERGED, 2 * len(self.values))

    def _numbers(self) -> counts.Numbers:
        """Return the column of numbers so far."""
        missing = self._missing + self.words.total()
        repeats = np.frombuffer(self._repeats, np.int64) if self._repeats else None
        return counts.count_numbers(self.name, missing, np.frombuffer(self.values), repeats)

    def finish(self) -> counts.Column:
        """Return the counted column, its labels in their own order, whatever that of the rows."""
        if self._numeric:
            if self._sizes.any():
                self._hold(*stand_ins(self._cuts, self._sizes))
            found = self._numbers()
            # What comes of it is all that is needed, and may be as large.
            self.values, self._repeats = array("d"), array("q")
            return found
        labels = sorted(self.counts)
        check_text(labels, self.name, self._source)
        outcomes = {label: self.counts[label] for label in labels}
        return counts.Categories(self.name, self._missing, outcomes)

    def refused(self) -> Uncounted | None:
        """Return why the column cannot be counted, with all that is known of its bad values."""
        if self.refusal is None or not self._numeric:
            return self.refusal
        distinct = len(np.unique(np.frombuffer(self.values))) + len(self._bad)
        words = tuple(sorted(self._bad))
        if len(words) > MOST_WORDS or not all(map(_may_mean_missing, words)):
            words = ()
        refusal = self.refusal._replace(words=words)
        if distinct > self._wanted.most_outcomes or self.name in self._wanted.numeric:
            refusal = refusal._replace(option=option_to_leave_out(self._wanted))
        return refusal

    def is_missing(self, cell: Cell) -> bool:
        """Return whether a cell holds no value; see also `words`."""
        if cell is None or cell in self._absent or cell.isspace():
            return True
        if not self._numeric:
            return False
        if _is_word(cell):
            return True
        value = numbers.value_of(cell, self._decimal, codes=self._codes)
        return value in self._absent_numbers

    def _looks_numeric(self, sample: Sequence[str]) -> bool:
        """Return whether values are numbers, or so many of them that the rest is a mistake."""
        if numbers.floats(sample, self._decimal) is not None:
            return not any(map(numbers.is_inexact, set(sample)))
        cells = Counter(sample)
        literals = [cell for cell in cells if numbers.is_number(cell, self._decimal)]
        if any(numbers.has_leading_zero(cell) or numbers.is_inexact(cell) for cell in literals):
            return False
        rest = cells.keys() - literals
        decorated = [cell for cell in cells if numbers.is_decorated(cell)]
        signed = [cell for cell in rest if numbers.typographic_minus(cell)]
        infinite = [cell for cell in rest if numbers.infinity(cell) is not None]

        def rows(*several: Iterable[str]) -> int:
            return sum(cells[cell] for some in several for cell in some)

        # Negative numbers are no labels, however few they are.
        if rows(literals, infinite, signed) == len(sample):
            return True
        meant = rows(literals, infinite, signed, decorated)
        few = len({*literals, *decorated}) <= MOST_CATEGORIES
        return not few and meant >= MOSTLY_NUMBERS * len(sample)

    def _count(self, cells: Sequence[Cell], place: Locator, repeats: Repeats) -> None:
        if self.gave_up:
            return
        if self._numeric:
            self._count_numbers(cells, repeats, place)
        else:
            self._count_labels(cells, repeats, place)

    def _without(
        self, some: Set[Cell], cells: Sequence[Cell], repeats: Repeats
    ) -> tuple[Sequence[Any], Repeats]:
        """Return the cells that are not among `some`, and how often each occurs."""
        if some.isdisjoint(cells):
            return cells, repeats
        if repeats is None:
            return [cell for cell in cells if cell not in some], None
        kept = [cell not in some for cell in cells]
        return list(compress(cells, kept)), list(compress(repeats, kept))

    def _count_labels(self, cells: Sequence[Cell], repeats: Repeats, place: Locator) -> None:
        known = len(self.counts)
        found: Any = cells if repeats is None else _tally(cells, repeats)
        self.counts.update(found)
        # What means no value is always new, since it is taken out again.
        new: Iterator[Any] = islice(reversed(self.counts), len(self.counts) - known)
        missing = [cell for cell in new if cell is None or cell in self._absent or cell.isspace()]
        self._note_missing(sum(map(self.counts.pop, missing)), cells, place)
        if self._hashes is not None:
            self._keyed += self.counts.total()
            self._hashes.extend(map(hash, self.counts))
            self.counts.clear()

    def _count_numbers(self, cells: Sequence[Cell], repeats: Repeats, place: Locator) -> None:
        texts: Sequence[Any] = cells
        times = repeats
        doubles = self._floats(texts)
        if doubles is None:
            texts, times = self._without(self._absent, cells, repeats)
            self._note_missing(_rows(cells, repeats) - _rows(texts, times), cells, place)
            doubles = self._floats(texts)
        if doubles is None and not self._words.isdisjoint(texts):
            self._note_words(_tally(texts, times, self._words), cells, place)
            texts, times = self._without(self._words, texts, times)
            doubles = self._floats(texts)
        is_plain = doubles is not None
        if doubles is None:
            doubles, times = self._one_by_one(texts, times, cells, place)
        self.doubles = doubles if is_plain and not self._absent_numbers else None
        if self._absent_numbers:
            kept = ~np.isin(doubles, self._absent_numbers)
            before, doubles = _rows(doubles, times), doubles[kept]
            times = times and list(compress(times, kept))
            self._note_missing(before - _rows(doubles, times), cells, place)
        self._hold(doubles, None if times is None else np.array(times, dtype=np.int64))

    def _one_by_one(
        self, texts: Sequence[str], times: Repeats, cells: Sequence[Cell], place: Locator
    ) -> tuple[NDArray[np.float64], Repeats]:
        """Return the numbers and infinities in texts, and how often each occurs."""
        doubles, repeats = [], []
        for i, cell in enumerate(texts):
            number = 1 if times is None else times[i]
            value = numbers.value_of(cell, self._decimal, codes=self._codes)
            if value is not None:
                doubles.append(value)
                repeats.append(number)
            elif cell.isspace():
                self._note_missing(number, cells, place)
            elif _is_word(cell):
                self._note_words(Counter({cell.strip(): number}), cells, place)
            else:
                if len(self._bad) <= MOST_WORDS:
                    self._bad[cell] = None
                if self.refusal is None:
                    self.refusal = self._no_number(cell, place(cells.index(cell), self.name))
        return np.array(doubles, np.float64), None if times is None else repeats

    def outgrow(self, refusal: Uncounted) -> None:
        """Give up the labels of a column that has too many: it is refused, or looks like a key.

        Whether it is a key is known when all rows are: values are told apart by their hashes.
        """
        labels, self._too_many = self.counts, refusal
        self.counts = Counter()
        if self._wanted.may_leave_out(self.name):
            self._keyed = labels.total()
            self._hashes = array("q", map(hash, labels))
        else:
            self.reject(refusal)

    def decide_key(self) -> None:
        """Decide whether a column with too many labels is a key, when all rows are counted."""
        if self._hashes is None:
            return
        distinct = len(np.unique(np.frombuffer(self._hashes, np.int64)))
        self._hashes = None
        if counts.nearly_distinct(distinct, self._keyed):
            self.give_up(date=False)
        elif self._too_many is not None:
            self.reject(self._too_many)

    def _floats(self, cells: Sequence[Any]) -> NDArray[np.float64] | None:
        """Return the numbers in cells; None if one is no number."""
        try:
            return numbers.floats(cells, self._decimal, codes=self._codes)
        except TypeError:  # one is None
            return None

    def _note_words(self, words: Counter[str], cells: Sequence[Cell], place: Locator) -> None:
        self.words.update(words)
        if self._forbid:
            first = next(i for i, cell in enumerate(cells) if self.is_missing(cell))
            raise missing_value(place(first, self.name))

    def _note_missing(self, number: int, cells: Sequence[Cell], place: Locator) -> None:
        self._missing += number
        if self._forbid and number:
            first = next(i for i, cell in enumerate(cells) if self.is_missing(cell))
            raise missing_value(place(first, self.name))

    def _no_number(self, cell: str, place: Place) -> Uncounted:
        """Return the refusal of a column of numbers for a cell that is none."""
        what = "is not a number"
        advice = ""
        if sign := numbers.typographic_minus(cell):
            what = f"begins with the minus sign U+{ord(sign):04X}, which is no hyphen"
            advice = f"write '-' for '{sign}' in the data"
        elif self._codes and numbers.has_leading_zero(cell):
            what = "has a leading zero"
        elif numbers.is_number(cell, self._decimal):
            what = "is beyond a 64-bit float"
        elif hint := numbers.thousands_hint(cell.strip()):
            advice = hint
        elif numbers.is_decorated(cell):
            advice = "--decimal ',' if the comma is a decimal mark; no separators or signs"
        message = f"column {self.name[:60]!r} holds numbers, and this {what}"
        place = replace(place, name=self.name, value=str(cell))
        return Uncounted(self.name, "mixed-column", message, place, "--categorical", advice=advice)


def _rows(cells: Sized, repeats: Repeats) -> int:
    """Return how many rows cells stand for."""
    return len(cells) if repeats is None else sum(repeats)


def _tally(cells: Sequence[Any], repeats: Repeats, among: Set[Cell] | None = None) -> Counter[str]:
    """Return how often each of some cells occurs; of those `among` others only, if given."""
    if among is None and repeats is not None:
        # An engine that counts by itself tells of each cell once.
        once = dict(zip(cells, repeats, strict=True))
        if len(once) == len(cells):
            return Counter(once)
    found = Counter[str]()
    times = repeat(1) if repeats is None else repeats
    for cell, number in zip(cells, times, strict=repeats is not None):
        if among is None or cell in among:
            found[cell] += number
    return found


def _is_word(cell: Cell) -> bool:
    """Return whether a cell holds a word for a missing value."""
    return cell is not None and cell.strip() in numbers.MISSING_WORDS


def _may_mean_missing(word: str) -> bool:
    """Return whether a text may mean a missing value: it is not meant as a number."""
    looks = numbers.is_number(word) or _looks_like_a_number(word)
    return not looks and len(word) <= LONGEST_WORD and word.isprintable()


def _looks_like_a_number(word: str) -> bool:
    """Return whether a text that is no number looks like one to people."""
    return numbers.is_decorated(word) or bool(numbers.typographic_minus(word))


def option_to_leave_out(wanted: Wanted) -> Literal["--exclude", ""]:
    """Return the option that leaves a column out; none does if ``--column`` names it."""
    return "" if wanted.columns is not None else "--exclude"


def _column_of(
    name: str,
    values: NDArray[Any],
    repeats: NDArray[np.int64] | None,
    wanted: Wanted,
    source: str,
) -> counts.Column:
    """Return a column of an array of numbers; nan, and words that mean it, are missing."""
    doubles = values.astype(np.float64)
    missing = np.isnan(doubles)
    if words := wanted.missing_words(name):
        missing |= np.isin(doubles, numbers.meant_as_missing(words))
    if wanted.forbid_missing and missing.any():
        raise missing_value(Place(source, name=name, index=(int(missing.argmax()),)))
    absent = int(missing.sum() if repeats is None else repeats[missing].sum())
    times = None if repeats is None else repeats[~missing]
    column = counts.count_numbers(name, absent, doubles[~missing], times)
    return counts.as_categories(column) if name in wanted.categorical else column


def check_size(counters: Iterable[ColumnCounter], wanted: Wanted, source: str) -> None:
    """Refuse too many outcomes or numbers; give up a column that looks like a key."""
    held = 0
    for counter in counters:
        held += counter.held
        if len(counter.counts) > wanted.most_outcomes and not counter.gave_up:
            if not wanted.asks_for(counter.name) and instants(counter.counts):
                counter.give_up(date=True)
            else:
                counter.outgrow(too_many_outcomes(counter.name, wanted, source))
    if held > MOST_NUMBERS:
        raise too_many_numbers(source)


def too_many_outcomes(name: str, wanted: Wanted, source: str) -> Uncounted:
    """Return the refusal of a column of text that has too many outcomes."""
    message = f"column {name[:60]!r} has more than {wanted.most_outcomes} outcomes"
    advice = "--max-outcomes N allows more"
    place, settles = Place(source, name=name), option_to_leave_out(wanted)
    return Uncounted(name, "too-many-outcomes", message, place, settles, advice=advice)


def too_many_numbers(source: str) -> InputError:
    """Return the error for columns that hold more numbers than are kept in memory."""
    message = f"the numeric columns hold more than {MOST_NUMBERS} numbers"
    hint = "--column NAME chooses some; kldiv profile PART --like PROFILE counts parts one by one"
    return InputError("too-many-numbers", message, Place(source), hint=hint)
