"""Records of delimited text, with the lines they begin on."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING

from kldiv_cli.core.table import SAMPLE, Faults
from kldiv_cli.errors import Fault, InputError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Row = list[str]
    Numbered = tuple[Sequence[Row], Sequence[int]]
    """Records, and the lines that they begin on."""

SAMPLE_CELLS = 1_000_000
"""Cells that are looked at before columns are chosen, if that are fewer than `SAMPLE` records."""
FIELD = 1 << 28
"""Characters of the longest field: what an unclosed quote may swallow before it is an error."""

_DOUBLED = 'double each quote inside a quoted field: "5"" pipe"'
# fmt: off
FAULTS = {
    "unexpected end": Fault(
        "unclosed-quote", "a quoted field that begins here is never closed",
        f"close it, or {_DOUBLED}"),
    "new-line": Fault(
        "lone-carriage-return", "a carriage return stands within a line",
        "quote the field, or use one kind of line end throughout"),
    "field limit": Fault(
        "field-too-long", f"a field has more than {FIELD} characters; a quote may not be closed"),
    "": Fault("bad-quote", "there is text after the closing quote of a field", _DOUBLED),
}
# fmt: on
"""From words of an error of the csv module to what is wrong; the first row that fits counts."""


class Records:
    """Records of delimited text with the lines they begin on; blank lines are passed over.

    Parameters
    ----------
    source : str
        The name of the source in errors.
    lines : iterable of str
        With their ends.
    delimiter : str
        One character.
    comment : str or None
        The beginning of lines that are no data.
    """

    def __init__(
        self, source: str, lines: Iterable[str], delimiter: str, comment: str | None
    ) -> None:
        self.source = source
        lines = iter(lines)
        first = next(lines, "")
        self._line_end = "\r" if first.endswith("\r") else "\n"
        lines = chain((first,), lines)
        self._comment = comment
        self._between = True
        if comment:
            lines = self._without(comment, lines)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        self._reader: Iterator[Row] = self._followed(reader) if comment else reader
        self._next_line = 1
        self._begun = False
        self._blank: int | None = None
        self.inner_blank: int | None = None
        """A blank line between records, where comments cannot be mistaken for one."""

    def _without(self, comment: str, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            # A quoted field may hold a line that looks like a comment.
            if self._between and line.startswith(comment):
                yield self._line_end
            else:
                self._between = False
                yield line

    def _followed(self, reader: Iterator[Row]) -> Iterator[Row]:
        for row in reader:
            yield row
            self._between = True

    def sample(self) -> Numbered:
        """Return the first records; a fault in them is an error at once."""
        rows: list[Row] = []
        lines: list[int] = []
        while len(rows) < SAMPLE and sum(map(len, rows)) < SAMPLE_CELLS:
            if (batch := self.batch(1, Faults())) is None:
                break
            rows += batch[0]
            lines += batch[1]
        return rows, lines

    def batch(self, count: int, faults: Faults) -> Numbered | None:
        """Return the next records and their first lines; None at the end."""
        rows: list[Row] = []
        try:
            # The records that precede an error are kept.
            rows.extend(islice(self._reader, count))
        except csv.Error as error:
            faults.check()
            line = self._next_line + sum(map(self._height, rows))
            fault = next(row for words, row in FAULTS.items() if words in str(error))
            place = Place(self.source, line)
            raise InputError(fault.code, fault.message, place, hint=fault.hint) from error
        if not rows:
            return None
        first = self._next_line
        starts: Sequence[int] = range(first, first + len(rows) + 1)
        if self._line_end in "".join(chain.from_iterable(rows)):
            starts = list(accumulate(map(self._height, rows), initial=first))
        self._next_line = starts[-1]
        if [] not in rows:
            self._note_blank(rows[0], first)
            return rows, starts[:-1]
        for row, start in zip(rows, starts, strict=False):
            self._note_blank(row, start)
        kept = [i for i, row in enumerate(rows) if row]
        return [rows[i] for i in kept], [starts[i] for i in kept]

    def _note_blank(self, row: Row, line: int) -> None:
        if row:
            self.inner_blank = self.inner_blank or self._blank
            self._begun = True
        # A comment is read as a blank line.
        elif self._begun and not self._comment:
            self._blank = line

    def _height(self, row: Row) -> int:
        return 1 + sum(cell.count(self._line_end) for cell in row)


@contextmanager
def long_fields() -> Iterator[None]:
    """Raise the limit of the csv module, which is one for the whole process, for a while."""
    limit = csv.field_size_limit(FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
