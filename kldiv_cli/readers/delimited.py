"""Delimited text: CSV, TSV, and text whose delimiter its first records show."""

from __future__ import annotations

from functools import partial
from itertools import chain, starmap
from typing import TYPE_CHECKING

from kldiv_cli.core.numbers import is_number
from kldiv_cli.core.table import Batch, Faults, LazyColumns, Scan, Table
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.readers import delimiter
from kldiv_cli.readers.records import Records, long_fields
from kldiv_cli.readers.text import NULL, Text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.records import Numbered, Row
    from kldiv_cli.readers.stream import ByteStream

BATCH_CELLS = 16_384


def read(stream: ByteStream, options: ReadOptions) -> Table:
    """Read records as rows whose columns are known by position; the first row may hold names."""
    source = stream.source
    text = Text(stream, options.encoding)
    lines = text.lines(quoted=True)
    sample = list(delimiter.sample_lines(lines, options.comment))
    if delimiter.is_uniq(sample, options, stream.format):
        from kldiv_cli.readers import uniq

        message = "read as the output of 'uniq -c': each line is a count, one blank and a label"
        note = Note("uniq", message, source, advice="--input-format csv if each line is one value")
        return uniq.table(text, chain(sample, lines), [note])
    delimiter.refuse_exposition(sample, source)
    separator = delimiter.find(sample, options, stream.format, source)
    named = stream.format != "text"
    shown = {",": "csv", "\t": "tsv"}.get(separator, "text")
    every = chain(sample, lines)
    records = Records(source, every, separator, options.comment, options.escape, text.backslashes)
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
    scan = None
    if not (options.comment or options.escape or is_ragged):
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
    most = max(1, BATCH_CELLS // width)
    batch: Numbered | None = first
    last: tuple[str, int] | None = None
    count = 0

    def of(cells: list[str], lines: Sequence[int]) -> Batch:
        nonlocal count, last
        if lines:
            count, last = count + len(lines), (cells[-1], lines[-1])
        if NULL in backslashes:
            cells = list(map(_plain, cells))

        def where(i: int, key: int) -> Place:
            return Place(records.source, lines[i], key + 1, value=cells[i * width + key])

        columns = LazyColumns(range(width), lambda key: cells[key::width])
        return Batch(columns, len(lines), where)

    with long_fields():
        while batch is not None:
            rows, lines = batch
            if not {width}.issuperset(map(len, rows)):
                for row, line in zip(rows, lines, strict=True):
                    if len(row) != width:
                        fault = _ragged(row, width, comment=comment)
                        faults.add(fault, partial(Place, records.source, line))
                kept = [i for i, row in enumerate(rows) if len(row) == width]
                rows, lines = [rows[i] for i in kept], [lines[i] for i in kept]
            yield of(list(chain.from_iterable(rows)), lines)
            yield from starmap(of, iter(partial(records.split, most, width), None))
            batch = records.batch(most, faults)
    if width == 1 and last is not None and delimiter.is_footer([last[0]]):
        # The rows are all above it, and so may be a name.
        rows_above = last[0].strip("( ").partition(" ")[0]
        if rows_above in (str(count - 1), str(count - 2)):
            faults.add(_footer, partial(Place, records.source, last[1], value=last[0]))
    if width == 1 and records.inner_blank is not None:
        blanks.append(Place(records.source, records.inner_blank))


def _plain(cell: str) -> str:
    """Return a cell as it is meant: empty where it is a null, unless that was quoted."""
    if cell == NULL:
        return ""
    return cell.replace("\0", "") if "\0" in cell else cell


_footer = Fault(
    "footer",
    "this is the count of rows, which a program wrote for people",
    "leave out the count of rows: psql -At, or SET NOCOUNT ON",
)


def _ragged(row: Row, width: int, *, comment: bool) -> Fault:
    message = f"found {len(row)} fields, expected {width} as in the first row"
    if delimiter.is_footer(row):
        return Fault("ragged-row", message, _footer.hint)
    hint = "quote a field that holds the delimiter or a line end"
    if row[0].startswith("#") or comment:
        hint = "--comment '#' if lines that begin so are comments"
    return Fault("ragged-row", message, hint)
