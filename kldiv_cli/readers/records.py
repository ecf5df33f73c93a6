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

    from kldiv_cli.readers.plain import Plain
    from kldiv_cli.readers.text import Lines

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
    lines : Lines
        The lines of the source.
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
        lines: Lines,
        delimiter: str,
        comment: str | None,
        escape: str | None = None,
        backslashes: Container[str] = (),
    ) -> None:
        self.source = source
        self._backslashes = () if escape else backslashes
        self._lines = lines
        self._line_end = lines.end
        self._comment = comment
        self._delimiter = delimiter
        self._special = tuple(filter(None, (comment, escape)))
        self._between = True
        every = self._without(comment, lines) if comment else iter(lines)
        reader = parsed(every, delimiter, escape)
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
        cells = 0
        while len(rows) < SAMPLE and cells < SAMPLE_CELLS:
            if (batch := self.batch(1, Faults())) is None:
                break
            rows += batch[0]
            lines += batch[1]
            cells += sum(map(len, batch[0]))
        return rows, lines

    def block(self, width: int) -> tuple[Plain, int] | None:
        """Return the next records at once, and their first line.

        None if they cannot be split without a look at each: there are quotes, carriage returns,
        comments, blank lines, or other numbers of fields than `width`.
        """
        block = self._lines.block() if self._delimiter.isascii() else ""
        if not block or len(block) > FIELD or any(mark in block for mark in self._special):
            self._lines.give_back(block)
            return None
        from kldiv_cli.readers import plain

        found = plain.split(block, self._delimiter, width)
        if found is None:
            self._lines.give_back(block)
            return None
        first = self._next_line
        self._next_line += found.size
        self._note_blank([""], first)
        return found, first

    def batch(self, count: int, faults: Faults) -> Numbered | None:
        """Return the next records and their first lines; None at the end."""
        # So that the next block can be taken at once.
        count = min(count, self._lines.pending or count)
        rows: list[Row] = []
        try:
            # The records that precede an error are kept.
            rows.extend(islice(self._reader, count))
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
