"""The text of JSON: it is parsed strictly, and where a value stands is found again.

Numbers stay text until the one grammar has read them; nothing is guessed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.numbers import Number
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.literals import Repeated
from kldiv_cli.readers.pointers import START
from kldiv_cli.readers.shapes import Whole, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.table import Data, Path, PathLocator
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.pointers import Route
    from kldiv_cli.readers.text import Text

BLANKS = " \t\r\n"
"""What may stand between the parts of JSON."""


def of_document(value: Any, document: str, text: Text, options: ReadOptions) -> Data:
    """Return what a parsed document holds, or the part of it that the user chooses."""

    def place(path: Path) -> Place:
        return at(document, locate(document, path), text.source)

    return of_value(value, place, text, options)


def of_value(value: Any, place: PathLocator, text: Text, options: ReadOptions) -> Data:
    """Return what a value holds; if the user chooses a part of it, as one that is to be chosen."""

    def shape(value: Any, place: PathLocator, route: Route) -> Data:
        return shape_of(value, place, text.source, text.notes, route)

    if options.at is None:
        return shape(value, place, START)
    return Whole(value, place, text.source, shape)


def is_begun(line: str) -> bool:
    """Return whether a line is the beginning of a value that it does not end."""
    try:
        _decoder.decode(line)
    except json.JSONDecodeError as error:
        return bool(line.strip(BLANKS)) and not line[error.pos :].strip(BLANKS)
    return False


def through_first(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines up to the first that is not blank, and with it."""
    for line in lines:
        yield line
        if line.strip(BLANKS):
            break


def parse(document: str, source: str, line: int = 1) -> Any:
    """Parse one JSON text strictly, but for ``NaN`` and infinities, which are `Number`, too.

    Parameters
    ----------
    document : str
        The text.
    source : str
        The name of the source in errors.
    line : int
        Line of the source that the text begins on.

    Returns
    -------
    object
        Numbers are `Number`; an object in which a key is repeated is `Repeated`.

    Raises
    ------
    InputError
        If it is not JSON.
    """
    try:
        return _decoder.decode(document)
    except json.JSONDecodeError as error:
        hint = ""
        if error.msg == "Extra data" and document[error.pos] in "{[":
            hint = "write each value on a line of its own: JSON Lines"
        message = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        place = at(document, error.pos, source, line)
        raise InputError("bad-json", message, place, hint=hint) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    return mapping if len(mapping) == len(pairs) else Repeated(pairs)


# `NaN`, `Infinity` and `-Infinity` are let through as numbers, which no weight may be.
_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=Number
)


def at(document: str, position: int, source: str, line: int = 1) -> Place:
    """Return the line and the column of a position."""
    column = position - document.rfind("\n", 0, position)
    return Place(source, line + document.count("\n", 0, position), column)


_blanks = re.compile(r"[ \t\r\n]*").match


def locate(document: str, path: Path) -> int:
    """Return where a value begins; `path` says which member of which member it is.

    Only errors need it, so that parsing need not keep positions.
    """

    def skip(position: int) -> int:
        match = _blanks(document, position)
        assert match is not None
        return match.end()

    def following(position: int) -> int:
        # Behind a key stands a colon, behind a value a comma.
        return skip(skip(_decoder.raw_decode(document, position)[1]) + 1)

    position = skip(0)
    for ordinal in path:
        is_object = document[position] == "{"
        position = skip(position + 1)
        for _ in range(2 * ordinal + 1 if is_object else ordinal):
            position = following(position)
    return position
