"""Pairs of outcomes in raw rows are counted: several columns together, beside single ones."""

from __future__ import annotations

from collections import Counter
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kldiv_cli.core import counts
from kldiv_cli.core.binning import MOST_CATEGORIES
from kldiv_cli.core.dataset import DataSet, Wanted, missing_value, unknown_column
from kldiv_cli.core.joint import joint_label, joint_name
from kldiv_cli.core.labels import canonical, check_text
from kldiv_cli.core.numbers import MISSING_WORDS, has_leading_zero, is_number, with_point
from kldiv_cli.core.types import spelling_of
from kldiv_cli.engines import local
from kldiv_cli.errors import InputError, Place, option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kldiv_cli.core.table import Batch, Table


def count(table: Table, wanted: Wanted, source: str, name: str) -> DataSet:
    """Count the columns of raw rows, and the outcomes of `wanted.joint` together.

    See `kldiv_cli.engines.local.count`; the single columns are counted by it.

    Raises
    ------
    InputError
        As it does; also if one of the columns that are counted together holds many numbers.
    """
    pairs = Pairs(table, wanted, source)
    table = table._replace(batches=pairs.tapped())
    return pairs.beside(local.count(table, without_pairs(wanted), source, name))


def without_pairs(wanted: Wanted) -> Wanted:
    """Return what is wanted of single columns."""
    if not wanted.joint:
        return wanted
    columns = (wanted.columns or frozenset()) - {joint_name(wanted.joint)}
    return wanted._replace(columns=columns)


class Pairs:
    """Counts the cells of several columns together, as another engine reads the rows.

    Parameters
    ----------
    table : Table
        Says what cells are missing, and how numbers are written.
    wanted : Wanted
        Says which columns are counted together.
    source : str
        The source for error messages.
    """

    def __init__(self, table: Table, wanted: Wanted, source: str) -> None:
        self._table = table
        self._wanted = wanted
        self._source = source
        self._counts: Counter[tuple[str | None, ...]] = Counter()

    def tapped(self) -> Iterator[Batch]:
        """Yield the batches of the table, whose rows are counted on the way."""
        whole = dict(self._table.whole or ())
        empty = True
        for batch in self._table.batches:
            self.add(batch, whole)
            empty = False
            yield batch
        if empty and whole:
            self.add(None, whole)

    def add(self, batch: Batch | None, whole: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Count the rows of a batch, or those of columns that are held in memory.

        Raises
        ------
        InputError
            If there are too many outcomes.
        """
        size = batch.size if batch else len(next(iter(whole.values())))
        parts: list[Sequence[str | None]] = []
        titles = set(batch.columns) if batch else set()
        for name in self._wanted.joint:
            if batch and name in titles:
                cells = batch.columns[name]
            else:
                cells = _texts(whole[name]) if name in whole else [None] * size
            words = self._wanted.missing_words(name)
            absent = map(self._table.is_missing, cells, repeat(words))
            parts.append([None if no else str(c) for c, no in zip(cells, absent, strict=True)])
        repeats = batch.counts if batch else self._table.repeats
        if repeats is not None:
            for row, number in zip(zip(*parts, strict=True), repeats, strict=True):
                self._counts[row] += int(number)
        else:
            self._counts.update(zip(*parts, strict=True))
        most = self._wanted.most_outcomes
        if len(self._counts) > most:
            raise too_many(self._wanted, self._source)

    def beside(self, found: DataSet) -> DataSet:
        """Return a data set of single columns with the counted pairs as another.

        Raises
        ------
        InputError
            If a column is not there, holds many numbers, or a value is missing and must not.
        """
        column = self._finished(found.seen)
        columns = {column.name: column, **found.columns}
        return found._replace(columns=columns, seen=(*found.seen, column.name))

    def _finished(self, seen: Sequence[str]) -> counts.Categories:
        """Return the counted pairs; `seen` are all columns of the source."""
        joint = self._wanted.joint
        for name in joint:
            if name not in seen:
                raise unknown_column(name, seen, self._source)
        spelt = [self._spellings(i, name) for i, name in enumerate(joint)]
        title = joint_name(joint)
        missing, labels = 0, Counter[str]()
        for row, number in self._counts.items():
            parts = [of[cell] for of, cell in zip(spelt, row, strict=True)]
            if self._is_missing(parts):
                missing += number
            else:
                labels[joint_label(parts)] += number
        if missing and self._wanted.forbid_missing:
            raise missing_value(Place(self._source, name=title))
        check_text([title, *labels], title, self._source)
        # In their own order, whatever that of the rows.
        return counts.Categories(title, missing, dict(sorted(labels.items())))

    def _is_missing(self, parts: Sequence[str | None]) -> bool:
        """Return whether a row has no value: in any part if missing ones are not counted."""
        none = sum(part is None for part in parts)
        strict = self._wanted.drop_missing or self._wanted.forbid_missing
        return none > 0 if strict else none == len(parts)

    def _spellings(self, part: int, name: str) -> dict[str | None, str | None]:
        """Return how values of a column are spelt: few integers, booleans and dates alike."""
        cells = {row[part] for row in self._counts}
        spelt: dict[str | None, str | None] = {cell: cell for cell in cells}
        values = [cell for cell in cells if cell is not None and cell not in MISSING_WORDS]
        if not values or name in self._wanted.categorical:
            return spelt
        decimal = self._table.decimal
        alike: Mapping[str, str] = {}
        if found := spelling_of(values):
            alike = found.of
        elif all(is_number(text, decimal) and not has_leading_zero(text) for text in values):
            alike = {text: canonical(with_point(text, decimal)) for text in values}
            numbers = set(alike.values())
            if len(numbers) > MOST_CATEGORIES or not all(map(_is_whole, numbers)):
                message = f"column {name[:60]!r} holds numbers, which are counted in bins"
                hint = f"{option('--categorical', name)} takes each number for a label"
                place = Place(self._source, name=name)
                raise InputError("joint-of-numbers", message, place, hint=hint)
        # Among labels, words such as NA are labels.
        return {cell: alike.get(cell or "") for cell in cells} if alike else spelt


def too_many(wanted: Wanted, source: str) -> InputError:
    """Return the error for columns that have too many outcomes together."""
    title = joint_name(wanted.joint)
    message = f"columns {title[:60]!r} have more than {wanted.most_outcomes} outcomes together"
    hint = "--max-outcomes N allows more"
    return InputError("too-many-outcomes", message, Place(source), hint=hint)


def _is_whole(number: str) -> bool:
    return number.removeprefix("-").isdigit()


def _texts(values: Any) -> list[str | None]:
    """Return doubles as texts; None where one is missing."""
    return [None if v != v else str(int(v)) if v % 1 == 0 else repr(v) for v in values.tolist()]
