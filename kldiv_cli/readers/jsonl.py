"""JSON Lines: one record, one row of a batch, or one number a line."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.table import Table
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers import json, shapes
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.reading import Reading
    from kldiv_cli.readers.stream import ByteStream

Batch = tuple[list[Any], "shapes.Locator"]


def load(stream: ByteStream, wanted: Sequence[ReadOptions], format_: str) -> list[Reading]:
    """Read records line by line; lines of anything else are read whole."""
    wanted = json.plain(wanted)
    text = Text(stream, wanted[0].encoding)
    batches = _batches(text, wanted)
    first = next(batches, None)
    if first is None:
        raise InputError("no-rows", "there are only blank lines", Place(stream.source))
    if isinstance(first[0][0], dict):
        readings = shapes.records(chain((first,), batches), wanted, stream.source, format_)
    else:
        readings = _vectors(first, batches, wanted, stream.source, format_)
    for reading in readings:
        reading.notes[:0] = text.notes
    return readings


def rows(stream: ByteStream, option: ReadOptions, format_: str) -> Table:
    """Read raw rows line by line: records, arrays or values."""
    text = Text(stream, option.encoding)
    batches = shapes.raw_records(_batches(text, [option]))
    return Table(format_, batches, typed=True, notes=text.notes)


def _vectors(
    first: Batch,
    batches: Iterator[Batch],
    wanted: Sequence[ReadOptions],
    source: str,
    format_: str,
) -> list[Reading]:
    every = [first, *batches]
    values = [value for batch, _ in every for value in batch]

    def place(path: shapes.Path) -> Place:
        if not path:
            return Place(source, 1)
        position = path[0]
        for batch, locator in every:
            if position < len(batch):
                return locator((position, *path[1:]))
            position -= len(batch)
        return Place(source)

    return shapes.read(values, wanted, source, format_, place)


def _batches(text: Text, wanted: Sequence[ReadOptions]) -> Iterator[Batch]:
    numbered = enumerate(text.lines(), start=1)
    filled = ((number, line) for number, line in numbered if line.strip(" \t\r\n"))
    while batch := list(islice(filled, shapes.BATCH)):
        values = [json.parse(line, text.source, wanted, number) for number, line in batch]

        def place(path: shapes.Path, batch: list[tuple[int, str]] = batch) -> Place:
            number, line = batch[path[0]]
            return json.at(line, json.locate(line, path[1:]), text.source, number)

        yield values, place
