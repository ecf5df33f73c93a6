"""Values of JSON: numbers as literals, and what errors call the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import Faults
from kldiv_cli.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from kldiv_cli.errors import Place
    from kldiv_cli.readers.reading import Role


class Repeated(dict[str, Any]):
    """An object in which a key is given more than once; `pairs` holds them all."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def label(value: Any, i: int, faults: Faults, where: Callable[[int, Role], Place]) -> str:
    """Return the text of a record's outcome; what is none is a fault."""
    if isinstance(value, str):
        # Of a number, its literal as plain text.
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        fault = Fault("missing-label", "a record has no outcome")
    else:
        fault = Fault("bad-label", f"an outcome is {kind_of(value)}, not text or a number")
    faults.add(fault, partial(where, i, "label"))
    return f"\0{i}"


def texts(values: list[Any], faults: Faults, place: Callable[[int], Place]) -> list[str]:
    """Return number literals; what is no number is a fault, and a number in its stead."""
    if all(type(value) is Number for value in values):
        return values
    texts: list[str] = []
    for i, value in enumerate(values):
        if type(value) is Number:
            texts.append(value)
            continue
        if value is None:
            fault = Fault("missing-weight", "weight is missing", "write 0 where there is no mass")
        else:
            hint = "write numbers without quotes" if isinstance(value, str) else ""
            message = f"weight is {kind_of(value)}, not a number"
            fault = Fault("not-a-number", message, hint)
        faults.add(fault, partial(place, i))
        texts.append(Number("1"))
    return texts


def kind_of(value: Any) -> str:
    """Return what messages call the type of a value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    return "a number" if isinstance(value, Number) else "text"


def shown(value: Any) -> str | None:
    """Return a value as it stands in the file, if it is no container."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None
