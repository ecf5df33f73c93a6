"""Delimited text: CSV, TSV, and text whose delimiter its first records show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.numbers import is_number
from kldiv_cli.core.table import Batch, Faults, Scan, Table
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.readers import delimiter, thousands
from kldiv_cli.readers.records import Records, long_fields
from kldiv_cli.readers.text import NULL, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.plain import Plain
    from kldiv_cli.readers.records import Numbered, Row
    from kldiv_cli.readers.stream import ByteStream

BATCH_CELLS = 16_384


def read(stream: ByteStream, options: ReadOptions) -> Table:
    """Read records as rows whose columns are known by position; the first row may hold names."""
    source = stream.source
    text = Text(stream, options.encoding)
    lines = text.lines(quoted=True)
    if options.skip_rows:
        # Blank lines above a table are none of it, and are counted.
        lines.unread([lines.end for _ in islice(lines, options.skip_rows)])
    sample = list(delimiter.sample_lines(lines, options.comment))
    if delimiter.is_uniq(sample, options, stream.format):
        from kldiv_cli.readers import uniq

        message = "read as the output of 'uniq -c': each line is a count, one blank and a label"
        note = Note("uniq", message, source, advice="--input-format csv if each line is one value")
        lines.unread(sample)
        return uniq.table(text, lines, [note])
    delimiter.refuse_exposition(sample, source)
    separator = delimiter.find(sample, options, stream.format, source)
    if options.thousands is not None:
        thousands.check(options.thousands, options.decimal)
    named = stream.format != "text"
    shown = {",": "csv", "\t": "tsv"}.get(separator, "text")
    lines.unread(sample)
    records = Records(source, lines, separator, options.comment, options.escape, text.backslashes)
    with long_fields():
        first = records.sample()
    rows = first[0]
    if not rows:
        raise InputError("no-rows", "there are only blank lines or comments", Place(source))
    notes, details = list(text.notes), {"encoding": text.encoding, "delimiter": repr(separator)}
    has_row_names = options.header is not False and _has_row_names(
        rows, separator, next(filter(str.strip, sample), ""), options.decimal
    )
    if has_row_names:
        rows[0].insert(0, "")
        message = "the header has one name fewer than there are fields: the first holds row names"
        notes.append(Note("row-names", message, source, repair=True))
        details["row names"] = "in the first column, which has no name"
    width = len(rows[0])
    faults, blanks = Faults(), list[Place]()
    is_ragged = set(map(len, rows)) != {width}
    comment = is_ragged and rows[0][0].startswith("#")
    batches = _batches(records, first, faults, blanks, text.backslashes, comment=comment)
    if options.thousands is not None:
        batches = thousands.joined(batches, options.thousands, options.decimal)
    scan = None
    in_process = options.comment or options.escape or options.thousands or options.skip_rows
    if not (in_process or is_ragged):
        begin, *below = first[1]
        scan = Scan(
            path=stream.path if text.encoding == "utf-8" else None,
            size=stream.stored,
            delimiter=separator,
            lines=(begin - 1, below[0] - 1 if below else begin),
            names=[None] * width,
            memory=options.memory_limit,
            threads=options.threads,
        )
    if is_ragged:
        # The columns are uncertain, so that ragged rows are counted and nothing else is read.
        for _ in batches:
            continue
        faults.check()
    return Table(
        stream.format if named else shown,
        batches,
        positional=True,
        decimal=options.decimal,
        named=named,
        faults=faults,
        blanks=blanks,
        notes=notes,
        details=details,
        has_row_names=has_row_names,
        scan=scan,
    )


def _has_row_names(rows: Sequence[Row], separator: str, line: str, decimal: str) -> bool:
    """Return whether the first record has no name for the first field of the others.

    So does R write a table whose rows have names. Other programs have other reasons for a longer
    record: a delimiter at its end, a title or a comment above the names, or a number with a comma
    that has no quotes around it. The first `line` tells whether names are in quotes.
    """
    header, *below = rows
    if {*map(len, below)} != {len(header) + 1} or header[0].startswith("#"):
        return False
    if any(is_number(name, decimal) or not name for name in header):
        return False
    # A comma may be the decimal mark of fields that semicolons separate.
    if len(header) == 1 and any(mark in header[0] for mark in delimiter.DELIMITERS):
        return False
    columns = list(zip(*below, strict=True))
    numeric = [column for column in columns if any(is_number(cell, decimal) for cell in column)]
    if numeric and not any(is_number(column[0], decimal) for column in numeric):
        return False
    is_split = separator == "," and all(map(str.isdigit, chain(columns[-2], columns[-1])))
    counts = columns[0] == tuple(map(str, range(1, len(below) + 1)))
    return any(columns[-1]) and (counts or not is_split or line.startswith('"'))


def _batches(
    records: Records,
    first: Numbered,
    faults: Faults,
    blanks: list[Place],
    backslashes: Container[str],
    *,
    comment: bool,
) -> Iterator[Batch]:
    """Yield the rows of the sample, then the others, without those that are ragged.

    With `comment` the first row looks like one, and a hint says so. A null is an empty cell.
    """
    width = len(first[0][0])
    batch: Numbered | None = first
    last: tuple[Row, int] | None = None
    count = 0
    with long_fields():
        while batch is not None:
            rows, lines = batch
            if NULL in backslashes:
                rows = [list(map(_plain, row)) for row in rows]
            if rows:
                count, last = count + len(rows), (rows[-1], lines[-1])
            if not {width}.issuperset(map(len, rows)):
                for row, line in zip(rows, lines, strict=True):
                    if len(row) != width:
                        fault = _ragged(row, width, line, comment=comment)
                        faults.add(fault, partial(Place, records.source, line))
                kept = [i for i, row in enumerate(rows) if len(row) == width]
                rows, lines = [rows[i] for i in kept], [lines[i] for i in kept]

            def where(
                i: int, key: int, rows: Sequence[Row] = rows, lines: Sequence[int] = lines
            ) -> Place:
                return Place(records.source, lines[i], key + 1, value=rows[i][key])

            yield Batch(_Columns(rows, width), len(rows), where)
            while (block := records.block(width)) is not None:
                columns, line = block
                count += columns.size
                if width == 1:
                    last = (columns.row(-1), line + columns.size - 1)
                yield Batch(columns, columns.size, _places(columns, records.source, line))
            batch = records.batch(max(1, BATCH_CELLS // width), faults)
    if width == 1 and last is not None and delimiter.is_footer(last[0]):
        # The rows are all above it, and so may be a name.
        rows_above = last[0][0].strip("( ").partition(" ")[0]
        if rows_above in (str(count - 1), str(count - 2)):
            faults.add(_footer, partial(Place, records.source, last[1], value=last[0][0]))
    if width == 1 and records.inner_blank is not None:
        blanks.append(Place(records.source, records.inner_blank))


def _places(columns: Plain, source: str, line: int) -> Callable[[int, int], Place]:
    """Return what tells where a cell stands, of rows the first of which stands in a line."""
    return lambda i, key: Place(source, line + i, key + 1, value=columns[key][i])


def _plain(cell: str) -> str:
    """Return a cell as it is meant: empty where it is a null, unless that was quoted."""
    if cell == NULL:
        return ""
    return cell.replace("\0", "") if "\0" in cell else cell


class _Columns(Mapping[int, Sequence[str]]):
    """The columns of some records by position, each made when it is asked for."""

    def __init__(self, rows: Sequence[Row], width: int) -> None:
        self._rows = rows
        self._width = width

    def __getitem__(self, position: int) -> list[str]:
        return list(map(itemgetter(position), self._rows))

    def values(self) -> Any:
        """Return all columns, which is faster than one by one."""
        return zip(*self._rows, strict=False) if self._rows else [()] * self._width

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._width))

    def __len__(self) -> int:
        return self._width


_footer = Fault(
    "footer",
    "this is the count of rows, which a program wrote for people",
    "leave out the count of rows: psql -At, or SET NOCOUNT ON",
)


def _ragged(row: Row, width: int, line: int, *, comment: bool) -> Fault:
    message = f"found {len(row)} fields, expected {width} as in the first row"
    if delimiter.is_footer(row):
        return Fault("ragged-row", message, _footer.hint)
    hint = "quote a field that holds the delimiter or a line end"
    if row[0].startswith("#") or comment:
        hint = "--comment '#' if lines that begin so are comments"
    elif len(row) == 1 and width > 1:
        hint = "leave out a line that is a title or a footnote"
    elif width == 1 and line > 1:
        hint = f"--skip-rows {line - 1} if a title stands above; {hint}"
    return Fault("ragged-row", message, hint)
