"""JSON: numbers stay text until the one grammar has read them; nothing is guessed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import Table
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers import shapes
from kldiv_cli.readers.literals import Repeated
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.reading import Reading


def load(stream: Any, wanted: Sequence[ReadOptions], format_: str) -> list[Reading]:
    """Read a mapping, a vector, a batch, a list of records, or members of an object."""
    wanted = plain(wanted)
    text = Text(stream, wanted[0].encoding)
    document = text.whole()
    value = parse(document, stream.source, wanted)

    def place(path: shapes.Path) -> Place:
        return at(document, locate(document, path), stream.source)

    if isinstance(value, dict) and str(value.get("schema", "")).startswith("kldiv.profile/"):
        raise InputError(
            "is-a-profile",
            "this is a profile of raw rows, not a distribution",
            Place(stream.source),
            hint="--as samples compares its columns; kldiv check judges them",
        )
    readings = shapes.read(value, wanted, stream.source, format_, place)
    for reading in readings:
        reading.notes[:0] = text.notes
    return readings


def rows(stream: Any, option: ReadOptions, format_: str) -> Table | Document:
    """Read raw rows: records, an object of columns, an array of rows or of values."""
    text = Text(stream, option.encoding)
    document = text.whole()
    value = parse(document, stream.source, [option])

    def place(path: shapes.Path) -> Place:
        return at(document, locate(document, path), stream.source)

    if isinstance(value, dict) and str(value.get("schema", "")).startswith("kldiv."):
        return Document(value, place)
    batches = shapes.raw_rows(value, stream.source, place)
    return Table(format_, batches, typed=True, notes=text.notes)


class Document(NamedTuple):
    """A JSON document of kldiv's own, and where its parts stand."""

    value: dict[str, Any]
    place: shapes.Locator


def plain(wanted: Sequence[ReadOptions]) -> list[ReadOptions]:
    """Return options without the decimal mark of tables: JSON has its own."""
    return [option._replace(decimal=".") for option in wanted]


def parse(document: str, source: str, wanted: Sequence[ReadOptions], line: int = 1) -> Any:
    """Parse one JSON text strictly.

    Parameters
    ----------
    document : str
        The text.
    source : str
        What errors call it.
    wanted : sequence of ReadOptions
        ``-Infinity`` is let through where one side is of logarithms.
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
    logs = any(option.kind in LOG_KINDS for option in wanted)
    try:
        return (_with_infinity if logs else _strict).decode(document)
    except ConstantError as error:
        raise _constant_error(document, str(error), source, line) from None
    except json.JSONDecodeError as error:
        hint = ""
        if error.msg == "Extra data":
            hint = "--input-format jsonl if there is one record a line"
        raise InputError(
            "bad-json",
            f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            at(document, error.pos, source, line),
            hint=hint,
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    return mapping if len(mapping) == len(pairs) else Repeated(pairs)


class ConstantError(ValueError):
    """``NaN`` or an infinity, which the standard module takes for numbers."""


def _constant(word: str) -> NoReturn:
    raise ConstantError(word)


def _decoder(constant: Callable[[str], Number]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=constant
    )


_strict = _decoder(_constant)
_with_infinity = _decoder(lambda word: Number(word) if word == "-Infinity" else _constant(word))


def _constant_error(document: str, word: str, source: str, line: int) -> InputError:
    tokens = re.finditer(r'"(?:[^"\\]++|\\.)*+"|NaN|-?Infinity', document, re.DOTALL)
    position = next((match.start() for match in tokens if match[0] == word), 0)
    hint = "every weight must be finite"
    if word == "-Infinity":
        hint = "--as logits or --as log-probs if it stands for no mass"
    place = at(document, position, source, line, value=word)
    return InputError("not-finite", f"{word} is not a number of JSON", place, hint=hint)


def at(
    document: str, position: int, source: str, line: int = 1, *, value: str | None = None
) -> Place:
    """Return the line and the column of a position."""
    column = position - document.rfind("\n", 0, position)
    return Place(source, line + document.count("\n", 0, position), column, value=value)


_blanks = re.compile(r"[ \t\r\n]*").match


def locate(document: str, path: shapes.Path) -> int:
    """Return where a value begins; `path` says which member of which member it is.

    Only errors need it, so that parsing need not keep positions.
    """

    def skip(position: int) -> int:
        match = _blanks(document, position)
        assert match is not None
        return match.end()

    position = skip(0)
    for ordinal in path:
        is_object = document[position] == "{"
        position = skip(position + 1)
        for _ in range(ordinal):
            if is_object:
                position = skip(skip(_with_infinity.raw_decode(document, position)[1]) + 1)
            position = skip(skip(_with_infinity.raw_decode(document, position)[1]) + 1)
        if is_object:
            position = skip(skip(_with_infinity.raw_decode(document, position)[1]) + 1)
    return position
