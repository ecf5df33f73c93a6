"""JSON pointers (RFC 6901): how a value inside another is spelled, and how it is found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import InputError, UsageError, abridged, closest, in_shell, option
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.table import Path, PathLocator


def escaped(key: object) -> str:
    """Return a key as a pointer spells it."""
    return str(key).replace("~", "~0").replace("/", "~1")


def pointer_of(*keys: object) -> str:
    """Return the pointer to a member of a member as a word of a shell."""
    return in_shell("".join(f"/{escaped(key)}" for key in keys))


class Route(NamedTuple):
    """The way that led to a value inside others.

    Attributes
    ----------
    pointer : str
        From the whole to it.
    opened : int
        How many objects or arrays of one member were opened on the way.
    """

    pointer: str = ""
    opened: int = 0

    def to(self, key: object, *, opened: bool = False) -> Route:
        """Return the way to a member of the value."""
        return Route(f"{self.pointer}/{escaped(key)}", self.opened + opened)


START = Route()


def find(value: Any, pointer: str, place: PathLocator) -> tuple[Any, Path]:
    """Return the value that a pointer leads to, and the ordinals that lead to it.

    Parameters
    ----------
    value : object
        Objects and arrays of JSON, or mappings and sequences of Python.
    pointer : str
        Such as ``/choices/0/logprobs``; the empty one is the whole.
    place : function
        From a path of ordinals to where that value stands.

    Raises
    ------
    UsageError
        If it is no pointer.
    InputError
        If there is no such value.
    """
    path: Path = ()
    tokens = _tokens(pointer)
    for depth, token in enumerate(tokens):
        step = _step(value, token)
        if step is None:
            raise _nothing(value, tokens, depth, place(path))
        if step < 0:
            message = f"the key {token[:60]!r} is given more than once"
            raise InputError("duplicate-columns", message, place(path))
        path = (*path, step)
        value = _pairs(value)[step][1] if isinstance(value, Mapping) else value[step]
    return value, path


def _tokens(pointer: str) -> list[str]:
    """Return the keys that a pointer spells."""
    if pointer and not pointer.startswith("/"):
        # `#/a/b`, `$.a.b`, `a.b[0]` and the like.
        keys = re.split(r"[./\[\]]+", re.sub(r"^[#$]", "", pointer))
        message = f"a JSON pointer begins with a slash; found {pointer[:60]!r}"
        raise UsageError("bad-pointer", message, hint=f"--at {pointer_of(*filter(None, keys))}")
    if re.search("~(?![01])", pointer):
        message = f"a JSON pointer spells ~ as ~0 and / as ~1; found {pointer[:60]!r}"
        hint = option("--at", re.sub("~(?![01])", "~0", pointer), instead="POINTER")
        raise UsageError("bad-pointer", message, hint=hint)
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _pairs(value: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    return getattr(value, "pairs", None) or list(value.items())


def _step(value: Any, token: str) -> int | None:
    """Return the ordinal of a member; None if there is none, and -1 if there are several."""
    if isinstance(value, Mapping):
        found = [i for i, (key, _) in enumerate(_pairs(value)) if str(key) == token]
        return None if not found else found[0] if len(found) == 1 else -1
    if _is_sequence(value) and re.fullmatch("0|[1-9][0-9]{0,17}", token, re.ASCII):
        return int(token) if int(token) < len(value) else None
    return None


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _nothing(value: Any, tokens: Sequence[str], depth: int, here: Any) -> InputError:
    """Return the error for a key that the value at this depth of a pointer does not have."""
    above = "".join(f"/{escaped(token)}" for token in tokens[:depth])
    where = f"{above[:100]!r}" if above else "the whole"
    message = f"there is no {tokens[depth][:60]!r} in {where}"
    hint = ""
    if isinstance(value, Mapping) and value:
        keys = [str(key) for key in value]
        close = closest(tokens[depth][:100], keys[:1000])
        keys_in_words = abridged(f"{key[:60]!r}" for key in keys)
        hint = f"it has {keys_in_words}"
        if close and _leads_on(value, [close, *tokens[depth + 1 :]]):
            meant = pointer_of(*tokens[:depth], close, *tokens[depth + 1 :])
            hint = f"did you mean --at {meant} (it has {keys_in_words})"
    elif _is_sequence(value) and len(value):
        message += f", an array of {len(value)}"
        hint = f"--at {pointer_of(*tokens[:depth], 0)} is its first value"
    else:
        message += ", which holds no other value"
    return InputError("no-such-value", message, here, hint=hint)


def _leads_on(value: Any, tokens: Sequence[str]) -> bool:
    for token in tokens:
        step = _step(value, token)
        if step is None or step < 0:
            return False
        value = _pairs(value)[step][1] if isinstance(value, Mapping) else value[step]
    return True
