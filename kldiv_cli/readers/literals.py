"""Values of JSON as cells: literals of numbers, labels, and words for what is neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import Faults
from kldiv_cli.errors import Fault, InputError, Place
from kldiv_cli.readers.weight_column import MISSING


class Repeated(dict[str, Any]):
    """An object in which a key is given more than once; `pairs` holds them all."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def labels(
    values: Sequence[Any],
    faults: Faults,
    place: Callable[[int, Any], Place],
    *,
    needed: bool = False,
) -> list[str | None]:
    """Return the texts of outcomes; a value that is no label is a fault, and gets a text, too.

    None stays None, and a bare ``NaN`` is none, unless a text is `needed`.
    """
    texts: list[str | None] = []
    for i, value in enumerate(map(value_of, values)):
        text = shown(value)
        if text is not None or (value is None and not needed):
            # Of a number, its literal as plain text.
            texts.append(None if text is None else str(text))
            continue
        if value is None:
            fault = Fault("missing-label", "a record has no outcome")
        else:
            fault = Fault("bad-label", f"an outcome is {kind_of(value)}, not text or a number")
        faults.add(fault, partial(place, i, "label"))
        texts.append(f"\0{i}")
    return texts


def value_of(value: Any) -> Any:
    """Return a value, or None where it is missing: ``NaN`` of programs that know no null."""
    return None if type(value) is Number and value == "NaN" else value


def texts(values: Sequence[Any], faults: Faults, place: Callable[[int], Place]) -> Sequence[str]:
    """Return number literals, and texts; any other value is a fault, and gets a number, too."""
    if {Number, str}.issuperset(map(type, values)):
        return values
    found: list[str] = []
    for i, value in enumerate(values):
        if isinstance(value, str):
            found.append(value)
            continue
        fault = MISSING
        if value is not None:
            fault = Fault("not-a-number", f"weight is {kind_of(value)}, not a number")
        faults.add(fault, partial(place, i))
        found.append(Number("1"))
    return found


def kind_of(value: Any) -> str:
    """Return what messages call the type of a value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    if isinstance(value, bytes):
        return "bytes"
    return "a number" if isinstance(value, Number) else "text"


def misfits(rows: Sequence[Any], width: int) -> Iterator[tuple[int, str]]:
    """Yield the position and the description of each row that is not an array of this length."""
    for i, row in enumerate(rows):
        if not isinstance(row, list):
            yield i, kind_of(row)
        elif len(row) != width:
            yield i, f"of length {len(row)}"


def no_raw_rows(value: Any, source: str, hint: str = "") -> InputError:
    """Return the error for a value of JSON that holds no raw rows; a hint may know better."""
    message = f"this is {kind_of(value)}, and holds no raw rows"
    hint = hint or "write an array of records, or an object of columns"
    return InputError("bad-shape", message, Place(source), hint=hint)


def shown(value: Any) -> str | None:
    """Return a value as it stands in the file, if it is no container."""
    if isinstance(value, bool):
        return kind_of(value)
    return value if isinstance(value, str) else None
