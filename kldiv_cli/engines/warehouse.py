"""The engine of the user's own, where the rows stay: only counts leave it.

One scan counts all columns, each in a grouping set. Numbers whose bins are known are counted in
these there; of others, and of labels, each distinct value comes back with its count, and goes
through the counter of the engine in process. The rows of an engine have no order: where the first
thousand values would decide what a column is, all of its values do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core import counts
from kldiv_cli.core.binning import stand_ins
from kldiv_cli.core.dataset import TOO_MANY_ROWS, too_many_rows, unsound_frequency
from kldiv_cli.core.grouped import Entries, concatenated
from kldiv_cli.core.instants import instant
from kldiv_cli.core.labels import check_text
from kldiv_cli.core.numbers import EXACT
from kldiv_cli.core.refusals import Uncounted
from kldiv_cli.core.table import Batch
from kldiv_cli.engines import grouping, joint, local
from kldiv_cli.engines.grouping import Counted
from kldiv_cli.engines.pushdown import (
    ABOVE,
    BELOW,
    INEXACT,
    MISSING,
    Question,
    asked,
    by_groups,
    frequencies_of,
    pairs_of,
    plain,
    weighing_of,
)
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.grouped import Grouping, Weighing
    from kldiv_cli.core.table import Remote, Table
    from kldiv_cli.engines.joint import Pairs
    from kldiv_cli.engines.pushdown import Answer, Excess
    from kldiv_cli.warehouse.relation import Field, Relation

MOST_COLUMNS = 60
"""Columns that are counted in one scan."""
MOST_CELLS = 200_000
"""Distinct numbers of a column that become cells; more are taken as doubles."""
BLANKS = 1000
"""Texts that mean a missing value, beyond the outcomes that are wanted."""
NUMBERS = ("integer", "floating", "decimal")


def count(table: Table, wanted: Wanted, source: str, name: str) -> DataSet:
    """Count the columns of raw rows; see `kldiv_cli.engines.local.count`.

    Parameters
    ----------
    table : Table
        With a `Remote`.
    wanted, source, name
        As there.

    Raises
    ------
    InputError
        As there; also if the engine fails, is gone, or does not answer in time.
    """
    assert table.remote is not None
    relation: Relation = table.remote.relation
    titles = [field.title for field in relation.fields]
    check_text(titles, source, source)
    if relation.frequency is not None:
        _check_frequencies(relation, relation.frequency, source)
    pairs = joint.Pairs(table, wanted, source) if wanted.joint else None
    every, by = wanted, wanted.grouping if wanted.grouping and wanted.grouping.required else None
    if by is not None and not by.columns:
        # Rows have no order, and whoever asks for blocks is told so.
        by = None
    wanted = grouping.without_groups(joint.without_pairs(wanted))
    wanted.left_out(titles, source)
    columns = [
        _Column(field, table, wanted, source)
        for field in relation.fields
        if wanted.wants(field.title)
    ]
    rows = _count(relation, columns, source)
    if pairs is not None:
        _count_together(pairs, every, table.remote, source)
    counters = {column.field.title: column.counter for column in columns}
    for column in columns:
        column.finish()
    found = local.data_set(counters, titles, rows, table, wanted, source, name)
    found = found._replace(engine=relation.session.engine)
    if by is not None:
        found = _by_groups(found, table, every, by)
    return found if pairs is None else pairs.beside(found)


def _count(relation: Relation, columns: Sequence[_Column], source: str) -> int:
    """Ask for the counts of columns until all are known, and return the number of rows."""
    waiting = [column for column in columns if column.question is not None]
    rows = None
    while rows is None or waiting:
        some, waiting = waiting[:MOST_COLUMNS], waiting[MOST_COLUMNS:]
        questions = [column.question for column in some if column.question is not None]
        total, answers = asked(relation, questions)
        if rows not in (None, total):
            message = "the rows have changed while they were counted"
            raise InputError("changed", message, Place(source))
        rows = total
        for column, answer in zip(some, answers, strict=True):
            column.take(answer)
        waiting += [column for column in some if column.question is not None]
    return rows


def _by_groups(found: DataSet, table: Table, wanted: Wanted, by: Grouping) -> DataSet:
    """Return a data set with its columns by the groups of rows that the values of one make."""
    remote = table.remote
    assert remote is not None
    fields = {field.title: field for field in remote.relation.fields}
    made_by, weight = (fields.get(title or "") for title in (by.column, by.weight))
    is_there = fields.keys() >= {*by.columns}
    weighing = None if weight is None else _weighing(remote.relation, weight, found.source)
    names: dict[Any, int] = {}
    counted: dict[str, Counted] = {}
    columns = [fields[title] for title in found.columns] if is_there else []
    for start in range(0, len(columns), MOST_COLUMNS):
        some = columns[start : start + MOST_COLUMNS]
        cells: list[dict[Any, int]] = [{} for _ in some]
        entries: list[list[Entries]] = [[] for _ in some]
        for at, values, groups, sums in by_groups(remote.relation, some, made_by, weight):
            place = _numbered(cells[at], remote.cells(some[at].title, values))
            group = np.zeros(len(place), np.int64)
            if made_by is not None:
                group = _numbered(names, remote.cells(made_by.title, groups))
            entries[at].append(Entries(place, group, *sums))
        for field, known, parts in zip(some, cells, entries, strict=True):
            counted[field.title] = Counted(list(known), concatenated(parts))
    groups_of = grouping.named(list(names), table, wanted, by)
    return grouping.crossed(found, counted, groups_of, table, wanted, by, weighing)


def _weighing(relation: Relation, weight: Field, source: str) -> Weighing:
    """Return what the rows weigh together.

    Raises
    ------
    InputError
        If a weight is none, or the column holds no numbers.
    """
    here = Place(source, name=weight.title)
    if weight.kind not in NUMBERS:
        message = "weights of rows are numbers, and this column holds none"
        raise InputError("not-a-number", message, here, hint="leave --row-weight out")
    found, unsound = weighing_of(relation, weight, grouping.MOST_WEIGHT)
    if unsound is not None:
        raise grouping.unsound_weight(unsound, unsound, here)
    if not found.rows:
        raise grouping.no_weights(here)
    return found


def _check_frequencies(relation: Relation, frequency: Field, source: str) -> None:
    """Check what says how many rows each row stands for.

    Raises
    ------
    InputError
        If one of them is no frequency, the column holds no numbers, or they are too many.
    """
    here = Place(source, name=frequency.title)
    if frequency.kind not in NUMBERS:
        message = "frequencies of rows are numbers, and this column holds none"
        raise InputError("not-a-number", message, here, hint="leave --frequency out")
    each = relation._replace(frequency=None)
    rows, unsound = frequencies_of(each, frequency, int(EXACT))
    if unsound is not None:
        text = "" if np.isnan(unsound) else counts.numeral(unsound)
        raise unsound_frequency(unsound, text, here, frequency.title)
    if rows >= TOO_MANY_ROWS:
        raise too_many_rows(source)


def _numbered(known: dict[Any, int], cells: Sequence[Any]) -> NDArray[np.int64]:
    """Return the number of each of some cells; new ones are numbered on."""
    return np.array([known.setdefault(cell, len(known)) for cell in cells], np.int64)


class _Column:
    """A column, what is asked of it next, and the counter that takes the answer."""

    def __init__(self, field: Field, table: Table, wanted: Wanted, source: str) -> None:
        assert table.remote is not None
        self.field = field
        self.counter = local.ColumnCounter(field.title, wanted, source, table)
        self.question: Question | None = None
        self._remote: Remote = table.remote
        self._wanted = wanted
        self._place = Place(source, name=field.title)
        if field.kind == "nested":
            message = f"column {field.title[:60]!r} holds values that are no single ones"
            settles = local.option_to_leave_out(wanted)
            self.counter.reject(
                Uncounted(field.title, "nested-value", message, self._place, settles)
            )
        else:
            self.question = self._first(table)

    def _first(self, table: Table) -> Question:
        """Return what is asked at first."""
        title, kind = self.field.title, self.field.kind
        most = self._wanted.most_outcomes + BLANKS
        if kind not in NUMBERS or title in self._wanted.categorical:
            return Question(self.field, most=most)
        # A table of two columns may have to be told from a distribution by all of its values.
        may_bin = len(table.names or ()) != 2 and not self.counter.drops_numbers
        if may_bin and (cuts := self._wanted.edges.get(title)):
            return Question(self.field, cuts)
        # Whole numbers may be a key.
        is_key = kind == "integer" and self._wanted.may_leave_out(title)
        return Question(self.field, most=most if is_key else None)

    def take(self, answer: Answer) -> None:
        """Take an answer, and decide whether anything else is to be asked."""
        question, self.question = self.question, None
        assert question is not None
        if answer.excess is not None:
            self._take_excess(answer.excess)
        elif question.cuts:
            self._take_buckets(answer, question.cuts)
        else:
            self._take_values(answer)

    def _take_excess(self, excess: Excess) -> None:
        """Decide what becomes of a column that has too many values."""
        title = self.field.title
        if excess.missing:
            self.counter.add([None], self._locate, [excess.missing])
        is_key = counts.nearly_distinct(excess.distinct, excess.rows)
        is_time = self.field.kind in ("date", "timestamp")
        if not self._wanted.asks_for(title) and (
            is_time or _are_dates(excess.least, excess.greatest)
        ):
            self.counter.give_up(date=True)
        elif self._wanted.may_leave_out(title) and is_key:
            self.counter.give_up(date=False)
        elif self.field.kind == "integer" and title not in self._wanted.categorical:
            self.question = Question(self.field)
        else:
            source = self._place.source
            self.counter.reject(local.too_many_outcomes(title, self._wanted, source))

    def _take_buckets(self, answer: Answer, cuts: tuple[float, ...]) -> None:
        """Count numbers by their buckets."""
        sizes: dict[int, int] = {}
        for buckets, repeats in answer.values:
            sizes |= dict(zip(plain(buckets), repeats.tolist(), strict=True))
        if sizes.get(INEXACT):
            # They are labels, all of them.
            self.question = Question(self.field, most=self._wanted.most_outcomes + BLANKS)
            return
        self.counter.take_for_numbers()
        if missing := sizes.get(MISSING):
            self.counter.add([None], self._locate, [missing])
        for code, infinity in ((BELOW, -np.inf), (ABOVE, np.inf)):
            if number := sizes.get(code):
                self.counter.add_numbers(np.array([infinity]), np.array([number]))
        in_order = np.array([sizes.get(bucket, 0) for bucket in range(len(cuts) + 1)])
        self.counter.add_numbers(*stand_ins(cuts, in_order))

    def _take_values(self, answer: Answer) -> None:
        """Count distinct values."""
        title = self.field.title
        size = sum(len(repeats) for _, repeats in answer.values)
        numeric = self.field.kind in NUMBERS and title not in self._wanted.categorical
        if numeric and size > MOST_CELLS:
            found = [(self._remote.doubles(values), repeats) for values, repeats in answer.values]
            is_whole = self.field.kind == "integer"
            if not (is_whole and any(np.any(np.abs(values) >= EXACT) for values, _ in found)):
                self.counter.take_for_numbers()
                for values, repeats in found:
                    absent = np.isnan(values)
                    if missing := int(repeats[absent].sum()):
                        self.counter.add([None], self._locate, [missing])
                    self.counter.add_numbers(values[~absent], repeats[~absent], self._locate)
                return
        for values, repeats in answer.values:
            cells = self._remote.cells(title, values)
            self.counter.add(cells, self._locate, repeats.tolist())

    def _locate(self, _: int, title: str) -> Place:
        return Place(self._place.source, name=title)

    def finish(self) -> None:
        """Decide what the column is, now that all of its values are known."""
        self.counter.settle()
        local.check_size([self.counter], self._wanted, self._place.source)
        self.counter.decide_key()


def _are_dates(*texts: str | None) -> bool:
    return all(text is not None and instant(text) is not None for text in texts)


def _count_together(pairs: Pairs, wanted: Wanted, remote: Remote, source: str) -> None:
    """Count the cells of several columns together."""
    known = {field.title: field for field in remote.relation.fields}
    if not {*wanted.joint} <= known.keys():
        # The name that is wrong is told when the pairs are finished.
        return
    fields = [known[title] for title in wanted.joint]
    most, told = wanted.most_outcomes + BLANKS, 0

    def place(_: int, title: str) -> Place:
        return Place(source, name=title)

    for values, repeats in pairs_of(remote.relation, fields, most):
        told += len(repeats)
        if told > most:
            raise joint.too_many(wanted, source)
        cells = {
            field.title: remote.cells(field.title, column)
            for field, column in zip(fields, values, strict=True)
        }
        pairs.add(Batch(cells, len(repeats), place, list(map(str, repeats))))
