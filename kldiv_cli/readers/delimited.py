"""Delimited text: CSV, TSV, and text whose delimiter its first records show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.table import Batch, Faults, Table
from kldiv_cli.errors import Fault, InputError, Place
from kldiv_cli.readers import delimiter
from kldiv_cli.readers.records import Records, long_fields
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.records import Numbered, Row
    from kldiv_cli.readers.stream import ByteStream

BATCH_CELLS = 16_384


def read(stream: ByteStream, options: ReadOptions) -> Table:
    """Read records as rows whose columns are known by position; the first row may hold names."""
    source = stream.source
    text = Text(stream, options.encoding)
    lines = text.lines()
    sample = list(delimiter.sample_lines(lines, options.comment))
    separator = delimiter.find(sample, options, stream.format, source)
    named = stream.format != "text"
    shown = {",": "csv", "\t": "tsv"}.get(separator, "text")
    records = Records(source, chain(sample, lines), separator, options.comment)
    with long_fields():
        first = records.sample()
    rows = first[0]
    if not rows:
        raise InputError("no-rows", "there are only blank lines or comments", Place(source))
    width = len(rows[0])
    faults, blanks = Faults(), list[Place]()
    is_ragged = set(map(len, rows)) != {width}
    comment = is_ragged and rows[0][0].startswith("#")
    batches = _batches(records, first, faults, blanks, comment=comment)
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
        notes=text.notes,
        details={"encoding": text.encoding, "delimiter": repr(separator)},
    )


def _batches(
    records: Records, first: Numbered, faults: Faults, blanks: list[Place], *, comment: bool
) -> Iterator[Batch]:
    """Yield the rows of the sample, then the others, without those that are ragged.

    With `comment` the first row looks like one, and a hint says so.
    """
    width = len(first[0][0])
    batch: Numbered | None = first
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

            def where(
                i: int, key: int, rows: Sequence[Row] = rows, lines: Sequence[int] = lines
            ) -> Place:
                return Place(records.source, lines[i], key + 1, value=rows[i][key])

            yield Batch(_Columns(rows, width), len(rows), where)
            batch = records.batch(max(1, BATCH_CELLS // width), faults)
    if width == 1 and records.inner_blank is not None:
        blanks.append(Place(records.source, records.inner_blank))


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


def _ragged(row: Row, width: int, *, comment: bool) -> Fault:
    hint = "quote a field that holds the delimiter or a line end"
    if row[0].startswith("#") or comment:
        hint = "--comment '#' if lines that begin so are comments"
    message = f"found {len(row)} fields, expected {width} as in the first row"
    return Fault("ragged-row", message, hint)
