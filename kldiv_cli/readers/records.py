"""Records of delimited text, with the lines they begin on."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING

from kldiv_cli.core.table import SAMPLE, Faults
from kldiv_cli.errors import Fault, InputError, Place
from kldiv_cli.readers.text import ESCAPED_QUOTE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    Row = list[str]
    Numbered = tuple[Sequence[Row], Sequence[int]]
    """Records, and the lines that they begin on."""

SAMPLE_CELLS = 1_000_000
"""Cells that are looked at before columns are chosen, if that are fewer than `SAMPLE` records."""
FIELD = 1 << 28
"""Characters of the longest field: what an unclosed quote may swallow before it is an error."""

ESCAPE_HINT = r"--escape '\' if a backslash stands before each quote inside a quoted field"
"""For a file that is no CSV, and holds escaped quotes."""
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
    escape : str or None
        The character before a quote, or a delimiter, that is text.
    backslashes : container of str
        Tells, of an escaped quote, whether it stood in the lines so far.
    """

    def __init__(
        self,
        source: str,
        lines: Iterable[str],
        delimiter: str,
        comment: str | None,
        escape: str | None = None,
        backslashes: Container[str] = (),
    ) -> None:
        self.source = source
        self._backslashes = () if escape else backslashes
        lines = iter(lines)
        first = next(lines, "")
        self._line_end = "\r" if first.endswith("\r") else "\n"
        self._lines = chain((first,), lines)
        self._ahead: list[str] = []
        self._delimiter, self._escape, self._comment = delimiter, escape, comment
        self._special = ('"', "\r", *filter(None, (comment, escape)))
        self._between = True
        self._next_line = 1
        self._begun = False
        self._blank: int | None = None
        self.inner_blank: int | None = None
        """A blank line between records, where comments cannot be mistaken for one."""

    def _records(self) -> Iterator[Row]:
        """Parse the records from here on, blank lines included."""
        lines: Iterable[str] = chain(self._ahead, self._lines)
        self._ahead, self._between = [], True
        if not self._comment:
            return parsed(lines, self._delimiter, self._escape)
        lines = self._without(self._comment, lines)
        return self._followed(parsed(lines, self._delimiter, self._escape))

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

    def split(self, count: int, width: int) -> tuple[list[str], Sequence[int]] | None:
        """Return the cells of the next `count` lines, row by row, and the numbers of the lines.

        None where it takes a parser to find them, and `batch` does: there is a quote, a blank
        line, or not `width` fields in each line; or the lines have come to an end.
        """
        self._ahead += islice(self._lines, count - len(self._ahead))
        size = len(self._ahead)
        text = "".join(self._ahead).replace("\r\n", "\n")
        if not text or len(text) > FIELD or any(mark in text for mark in self._special):
            return None
        # Each line end becomes a cell, which must stand behind `width` others.
        mark = self._delimiter
        cells = text.replace("\n", f"{mark}\n{mark}").split(mark)
        is_even = len(cells) == size * (width + 1) + 1
        if not is_even or cells[width :: width + 1].count("\n") < size:
            return None
        del cells[width :: width + 1], cells[-1]
        if width == 1 and "" in cells:
            return None
        first, self._next_line = self._next_line, self._next_line + size
        self._ahead = []
        self._note_blank(cells[:1], first)
        return cells, range(first, first + size)

    def batch(self, count: int, faults: Faults) -> Numbered | None:
        """Return the next records and their first lines; None at the end."""
        rows: list[Row] = []
        try:
            # The records that precede an error are kept.
            rows.extend(islice(self._records(), count))
        except csv.Error as error:
            faults.check()
            line = self._next_line + sum(map(self._height, rows))
            fault = next(row for words, row in FAULTS.items() if words in str(error))
            if ESCAPED_QUOTE in self._backslashes and _DOUBLED in fault.hint:
                fault = fault._replace(hint=ESCAPE_HINT)
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


def parsed(lines: Iterable[str], delimiter: str, escape: str | None = None) -> Iterator[Row]:
    r"""Return a reader of records.

    Parameters
    ----------
    lines : iterable of str
        With their ends.
    delimiter : str
        One character.
    escape : str, optional
        Behind it, a quote is text, inside quotes another `escape`, and outside them a delimiter
        or a line end. Elsewhere it is a character like any: ``C:\new`` stays what it is.
    """
    if escape is None:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    lines = _escaped(lines, delimiter, escape)
    return csv.reader(lines, delimiter=delimiter, strict=True, escapechar=escape)


def _escaped(lines: Iterable[str], delimiter: str, escape: str) -> Iterator[str]:
    """Yield lines in which an `escape` that is text is doubled, as the csv module wants it."""
    mark, end = re.escape(escape), re.escape(delimiter)
    quoted = re.compile(rf'(?:[^"{mark}]|""|{mark}.|{mark}$)*+', re.DOTALL)
    plain = re.compile(rf"(?:[^{end}{mark}]|{mark}.|{mark}$)*+", re.DOTALL)
    pair = re.compile(f"{mark}(.?)", re.DOTALL)

    def in_quotes(match: re.Match[str]) -> str:
        return match[0] if match[1] in ('"', escape) and match[1] else escape + match[0]

    def outside(match: re.Match[str]) -> str:
        if match[1] == escape:
            return match[0] * 2
        return match[0] if match[1] in (delimiter, '"', "\n", "\r") else escape + match[0]

    is_quoted = is_started = False
    for line in lines:
        if escape not in line and line.count('"') % 2 == 0:
            is_started = is_quoted
            yield line
            continue
        pieces, at = [], 0
        while at < len(line):
            if is_quoted:
                text = quoted.match(line, at)[0]  # type: ignore[index]
                pieces.append(pair.sub(in_quotes, text))
                at += len(text)
                if at < len(line):
                    pieces.append('"')
                    at, is_quoted, is_started = at + 1, False, True
            elif not is_started and line[at] == '"':
                pieces.append('"')
                at, is_quoted = at + 1, True
            else:
                text = plain.match(line, at)[0]  # type: ignore[index]
                pieces.append(pair.sub(outside, text))
                at += len(text)
                is_started = at == len(line) and pieces[-1].endswith(f"{escape}\n")
                if at < len(line):
                    pieces.append(delimiter)
                    at += 1
        yield "".join(pieces)


@contextmanager
def long_fields() -> Iterator[None]:
    """Raise the limit of the csv module, which is one for the whole process, for a while."""
    limit = csv.field_size_limit(FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
