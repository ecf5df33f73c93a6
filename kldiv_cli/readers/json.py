"""JSON: numbers stay text until the one grammar has read them; nothing is guessed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.numbers import Number
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.literals import Repeated
from kldiv_cli.readers.shapes import shape_of
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kldiv_cli.core.table import Data, Path
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream


def read(stream: ByteStream, options: ReadOptions) -> Data:
    """Read records, arrays, or an object that holds numbers, columns or several of these."""
    text = Text(stream, options.encoding)
    document = "".join(text)
    value = parse(document, stream.source, options)

    def place(path: Path) -> Place:
        return at(document, locate(document, path), stream.source)

    return shape_of(value, place, stream.source, text.notes)


def parse(document: str, source: str, options: ReadOptions, line: int = 1) -> Any:
    """Parse one JSON text strictly.

    Parameters
    ----------
    document : str
        The text.
    source : str
        The name of the source in errors.
    options : ReadOptions
        ``-Infinity`` is let through among logarithms.
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
        return (_with_infinity if options.kind in LOG_KINDS else _strict).decode(document)
    except ConstantError as error:
        raise _constant_error(document, str(error), source, line) from None
    except json.JSONDecodeError as error:
        is_jsonl = error.msg == "Extra data"
        hint = "--input-format jsonl if there is one record a line" if is_jsonl else ""
        message = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        place = at(document, error.pos, source, line)
        raise InputError("bad-json", message, place, hint=hint) from None


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
        return skip(skip(_with_infinity.raw_decode(document, position)[1]) + 1)

    position = skip(0)
    for ordinal in path:
        is_object = document[position] == "{"
        position = skip(position + 1)
        for _ in range(2 * ordinal + 1 if is_object else ordinal):
            position = following(position)
    return position
