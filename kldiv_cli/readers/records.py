"""Records of delimited text, with the lines they begin on."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING

from kldiv_cli.core.table import SAMPLE, Faults
from kldiv_cli.errors import Fault, InputError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SAMPLE_CELLS = 1_000_000
"""Cells that are looked at before columns are chosen, if that are fewer than `SAMPLE` records."""
FIELD = 1 << 28
"""Characters of the longest field: what an unclosed quote may swallow before it is an error."""

_double = 'double each quote inside a quoted field: "5"" pipe"'
# Words of the csv module's errors, and how they are told.
FAULTS = {
    "unexpected end": Fault(
        "unclosed-quote",
        "a quoted field that begins here is never closed",
        f"close it, or {_double}",
    ),
    "new-line": Fault(
        "lone-carriage-return",
        "a carriage return stands within a line",
        "quote the field, or use one kind of line end throughout",
    ),
    "field limit": Fault(
        "field-too-long", f"a field has more than {FIELD} characters; a quote may not be closed"
    ),
    "": Fault("bad-quote", "there is text after the closing quote of a field", _double),
}

Row = list[str]


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
        self._line_end = "\n"
        self._between = True
        self._reader: Iterator[Row] = csv.reader(
            self._lines(lines, comment), delimiter=delimiter, strict=True
        )
        self._comment = comment
        self._next_line = 1
        self._begun = False
        self._blank: int | None = None
        self.inner_blank: int | None = None
        """A blank line between records, where comments cannot be mistaken for one."""

    def _lines(self, lines: Iterable[str], comment: str | None) -> Iterator[str]:
        rest = iter(lines)
        for line in islice(rest, 1):
            self._line_end = "\r" if line.endswith("\r") else "\n"
            rest = chain((line,), rest)
        return self._without(comment, rest) if comment else rest

    def _without(self, comment: str, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            # A quoted field may hold a line that looks like a comment.
            if self._between and line.startswith(comment):
                yield self._line_end
            else:
                self._between = False
                yield line

    def _records(self) -> Iterator[Row]:
        while True:
            self._between = True
            try:
                yield next(self._reader)
            except StopIteration:
                return

    def sample(self) -> tuple[list[Row], list[int]]:
        """Return the first records; a fault in them is an error at once."""
        rows: list[Row] = []
        lines: list[int] = []
        while len(rows) < SAMPLE and sum(map(len, rows)) < SAMPLE_CELLS:
            batch = self.batch(1, Faults())
            if batch is None:
                break
            rows += batch[0]
            lines += batch[1]
        return rows, lines

    def batch(self, count: int, faults: Faults) -> tuple[Sequence[Row], Sequence[int]] | None:
        """Return the next records and their first lines; None at the end."""
        rows: list[Row] = []
        records = self._records() if self._comment else self._reader
        try:
            # The records that precede an error are kept.
            rows.extend(islice(records, count))
        except csv.Error as error:
            faults.check()
            code, message, hint = next(f for words, f in FAULTS.items() if words in str(error))
            place = Place(self.source, self._next_line + sum(map(self._height, rows)))
            raise InputError(code, message, place, hint=hint) from error
        if not rows:
            return None
        first = self._next_line
        end = self._line_end
        if [] not in rows and end not in "".join(chain.from_iterable(rows)):
            self._next_line += len(rows)
            self._note_blank(rows[0])
            return rows, range(first, self._next_line)
        starts = []
        for row in rows:
            starts.append(self._next_line)
            self._note_blank(row)
            self._next_line += self._height(row)
        kept = [i for i, row in enumerate(rows) if row]
        return [rows[i] for i in kept], [starts[i] for i in kept]

    def _note_blank(self, row: Row) -> None:
        if self._comment:
            # A comment is read as a blank line.
            return
        if row:
            self.inner_blank = self.inner_blank or self._blank
            self._begun = True
        elif self._begun:
            self._blank = self._next_line

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
