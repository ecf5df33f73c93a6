"""JSON Lines: a record, a row of a batch, or a number a line.

They are parsed in this process whatever their size. DuckDB counts them about six times as fast
(62 MB, 10 columns: 0.7 s of CPU where this takes 4.1 s), but spells numbers anew: 1.10 becomes
1.1 and 1E5 becomes 100000.0, so that labels would differ. It also refuses a key that is repeated
in one record without its place, and takes a line that is an array for the value of a column.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from kldiv_cli.core.table import Block
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers import json_text
from kldiv_cli.readers.shapes import BATCH, holds_one, rows_of
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from kldiv_cli.core.table import Data, Path
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream

LONGEST = 1 << 26
"""Characters of a document of several lines, which is read as one."""


def read(stream: ByteStream, options: ReadOptions) -> Data:
    """Read lines as they come in; a single document over several lines is read as such."""
    text = Text(stream, options.encoding)
    lines = text.lines()
    begin = list(json_text.through_first(lines))
    head = "".join(begin)
    if not json_text.is_begun(head):
        return read_lines(chain(begin, lines), text, options)
    pieces, size = [head], len(head)
    for line in lines:
        pieces.append(line)
        size += len(line)
        if size > LONGEST:
            break
    document = "".join(pieces)
    # A line that is cut is the error, unless it can only be the beginning of a document.
    line = (
        document if head.strip(json_text.BLANKS) in ("[", "{", "[{") and size <= LONGEST else head
    )
    try:
        value = json_text.parse(document, text.source)
    except InputError:
        json_text.parse(line.rstrip("\r\n"), text.source)
        raise
    return json_text.of_document(value, document, text, options)


def read_lines(lines: Iterable[str], text: Text, options: ReadOptions) -> Data:
    """Read lines of a text as they come in.

    Parameters
    ----------
    lines : iterable of str
        All lines of the text.
    text : Text
        Its source, and the notes on its decoding.
    options : ReadOptions
        A pointer of theirs takes the lines for the values of an array.

    Raises
    ------
    InputError
        If every line is blank.
    """
    blocks = _blocks(lines, text.source)
    first = next(blocks, None)
    if first is None:
        raise InputError("no-rows", "there are only blank lines", Place(text.source))
    if options.at is None and not _is_document(first.values):
        return rows_of(chain((first,), blocks), "jsonl", text.notes)
    # A pointer, or a value that holds others, wants all lines at once.
    every = [first, *blocks]
    values = [value for block in every for value in block.values]

    def place(path: Path) -> Place:
        if len(values) == 1 or not path:
            return first.locate((0, *path))
        return every[path[0] // BATCH].locate((path[0] % BATCH, *path[1:]))

    return json_text.of_value(values[0] if len(values) == 1 else values, place, text, options)


def _is_document(values: Sequence[Any]) -> bool:
    """Return whether the only line is a value that holds others, and no row or record."""
    if len(values) > 1 or not isinstance(values[0], list):
        return holds_one(values)
    return bool(values[0]) and isinstance(values[0][0], dict | list)


def _blocks(lines: Iterable[str], source: str) -> Iterator[Block]:
    numbered = enumerate(lines, start=1)
    filled = ((number, line) for number, line in numbered if line.strip(json_text.BLANKS))
    while batch := list(islice(filled, BATCH)):
        values = json_text.parse_objects([line for _, line in batch])
        if values is None:
            values = [json_text.parse(line.rstrip("\r\n"), source, n) for n, line in batch]

        def place(path: Path, batch: list[tuple[int, str]] = batch) -> Place:
            number, line = batch[path[0]]
            return json_text.at(line, json_text.locate(line, path[1:]), source, number)

        yield Block(values, place)
