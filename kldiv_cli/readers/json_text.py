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
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.table import Data, Path, PathLocator
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.pointers import Route
    from kldiv_cli.readers.text import Text

MOST_NUMBERS = 10_000
"""Numbers that are kept, since most of those of raw rows occur again."""
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


def parse_objects(lines: Sequence[str]) -> list[Any] | None:
    """Parse objects, one a line, at once, which is much faster than one by one.

    Where there are no arrays, a line that begins with a brace begins an object; so as many objects
    as lines are one each.

    Parameters
    ----------
    lines : sequence of str
        Each with its end, but for the last one of a text.

    Returns
    -------
    list of dict, or None
        None if `parse` is to say what each line is, or what is wrong with it.
    """
    document = ",".join(lines)
    if "[" in document or not all(line.startswith("{") for line in lines):
        return None
    try:
        values: list[Any] = _decoder.decode(f"[{document}]")
    except json.JSONDecodeError:
        return None
    return values if len(values) == len(lines) else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | str:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        return Repeated(pairs)
    return _interval(mapping) or mapping if mapping.keys() >= _INTERVAL else mapping


_INTERVAL = {"closed", "closed_left", "closed_right", "left", "right"}
"""Keys of an interval as pandas writes it: a value of a table, not a container."""


def _interval(value: dict[str, Any]) -> str:
    """Return the label of an interval; an empty text for what is none."""
    # An end that is infinite is null.
    ends = (value["left"] or Number("-inf"), value["right"] or Number("inf"))
    if not {Number}.issuperset(map(type, ends)):
        return ""
    start = "[" if value["closed"] in ("left", "both") else "("
    end = "]" if value["closed"] in ("right", "both") else ")"
    return f"{start}{ends[0]}, {ends[1]}{end}"


class _Numbers(dict[str, Number]):
    """The first numbers that were met, which are not made again, by their text."""

    def __missing__(self, text: str) -> Number:
        number = Number(text)
        if len(self) < MOST_NUMBERS:
            self[text] = number
        return number


# `NaN`, `Infinity` and `-Infinity` are let through as numbers, which no weight may be.
_number = _Numbers().__getitem__
_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_number
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
