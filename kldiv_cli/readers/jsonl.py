"""JSON Lines: a record, a row of a batch, or a number a line."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from kldiv_cli.core.table import Block
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers import json
from kldiv_cli.readers.shapes import BATCH, rows_of
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.table import Matrix, Path, Table
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream


def read(stream: ByteStream, options: ReadOptions) -> Table | Matrix:
    """Read lines as they come in."""
    text = Text(stream, options.encoding)
    blocks = _blocks(text, options)
    first = next(blocks, None)
    if first is None:
        raise InputError("no-rows", "there are only blank lines", Place(stream.source))
    return rows_of(chain((first,), blocks), "jsonl", text.notes)


def _blocks(text: Text, options: ReadOptions) -> Iterator[Block]:
    numbered = enumerate(text.lines(), start=1)
    filled = ((number, line) for number, line in numbered if line.strip(" \t\r\n"))
    while batch := list(islice(filled, BATCH)):
        values = [json.parse(line, text.source, options, number) for number, line in batch]

        def place(path: Path, batch: list[tuple[int, str]] = batch) -> Place:
            number, line = batch[path[0]]
            return json.at(line, json.locate(line, path[1:]), text.source, number)

        yield Block(values, place)
