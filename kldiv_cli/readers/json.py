"""JSON: records, arrays, or an object that holds numbers, columns or several of these."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import InputError
from kldiv_cli.readers import json_text, jsonl
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from kldiv_cli.core.table import Data
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream


def read(stream: ByteStream, options: ReadOptions) -> Data:
    """Read a document of JSON.

    A first line that is a whole value of JSON, with others below it, begins JSON Lines, which
    are read as they come in.
    """
    text = Text(stream, options.encoding)
    lines = text.lines()
    head = list(json_text.through_first(lines))
    value = _value_of(head[-1] if head else "", text.source)
    below = list(json_text.through_first(lines))
    if value is not None and "".join(below).strip(json_text.BLANKS):
        return jsonl.read_lines(chain(head, below, lines), text, options)
    document = "".join(chain(head, below, lines))
    if value is None:
        value = json_text.parse(document, text.source)
    return json_text.of_document(value, document, text, options)


def _value_of(line: str, source: str) -> Any:
    """Return the value that a line holds; None if it is null, or no whole value of JSON."""
    try:
        return json_text.parse(line, source)
    except InputError:
        return None
