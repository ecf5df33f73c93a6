"""Columns that cannot be counted: one error for all of them, which names what settles it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kldiv_cli.errors import InputError, abridged, option
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.errors import Place

MOST_WORDS = 3
"""Texts of a column that are offered as words for a missing value."""
LONGEST_WORD = 60
"""Characters of such a text."""
_TOGETHER = {
    "mixed-column": "hold numbers, and values that are none",
    "nested-value": "hold values that are objects, arrays or bytes",
    "too-many-outcomes": "have too many outcomes",
}
"""What several columns that are refused for one reason have in common …"""
CODES = tuple(_TOGETHER)
_MIXED = "cannot be counted"
"""… and for several reasons."""


class Uncounted(NamedTuple):
    """A column that cannot be counted, why, and which options settle it.

    Attributes
    ----------
    column, code, message : str
        Its name, and the code and the words of the error.
    place : Place
        Where its first bad value stands.
    option : {"--categorical", "--exclude", ""}
        The option that settles it where it names the column; empty if none does.
    words : tuple of str
        All bad values, if they may be words for a missing value.
    advice : str
        What else to say of it.
    """

    column: str
    code: str
    message: str
    place: Place
    option: Literal["--categorical", "--exclude", ""]
    words: tuple[str, ...] = ()
    advice: str = ""


def refused(refusals: Sequence[Uncounted]) -> InputError:
    """Return the error for all columns that cannot be counted, and what settles them at once."""
    first = refusals[0]
    # Both sides may have the same column.
    columns = list(dict.fromkeys(each.column for each in refusals))
    places = [each.place for each in refusals[:3]]
    if len(columns) == 1:
        count, hint = len(refusals), _hint(refusals)
        return InputError(first.code, first.message, *places, count=count, hint=hint)
    names = abridged(repr(column[:40]) for column in columns)
    what = _MIXED
    if {each.code for each in refusals} == {first.code}:
        what = _TOGETHER.get(first.code, what)
    message = f"{len(columns)} columns {what}: {names}"
    if what == _MIXED:
        message = f"{message}; {first.message}"
    return InputError(first.code, message, *places, count=len(refusals), hint=_hint(refusals))


def _hint(refusals: Sequence[Uncounted]) -> str:
    """Return the options that settle all columns, each way apart from the next."""
    hints: list[str] = []
    words = list(dict.fromkeys(word for each in refusals for word in each.words))
    if all(each.words for each in refusals) and len(words) <= 2 * MOST_WORDS:
        given = " ".join(option("--na", word, instead="TEXT") for word in words)
        hints.append(f"{given} for missing values")
    rest = _columns(refusals, "--exclude")
    text = [name for name in _columns(refusals, "--categorical") if name not in rest]
    as_text = " ".join(option("--categorical", name) for name in text)
    left_out = " ".join(option("--exclude", name) for name in rest)
    if text and rest:
        hints.append(f"{as_text} {left_out}")
    elif text:
        hints.append(f"{as_text} for text")
    elif rest:
        hints.append(f"{left_out} counts the other columns")
    if unsettled := _columns(refusals, ""):
        names = abridged(map(repr, unsettled))
        hints.append(f"leave {names} out of --column")
    for each in refusals:
        if each.advice and each.advice not in hints:
            hints.append(each.advice)
    return "; ".join(hints)


def _columns(refusals: Sequence[Uncounted], settled_by: str) -> list[str]:
    """Return the columns that an option settles, each once."""
    return list(dict.fromkeys(each.column for each in refusals if each.option == settled_by))
