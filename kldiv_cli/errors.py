"""The errors and notes that all parts of the package share: what, where, and how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


WHOLE = 100
"""Characters of the longest word of the input that a hint repeats."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where in the input something stands.

    Parts that are not known are None; texts are verbatim and are made safe to
    print only where they are printed.
    """

    source: str
    line: int | None = None
    """Line of the file, from 1."""
    column: int | None = None
    """Field of the record in a delimited file, character of the line elsewhere; from 1."""
    name: str | None = None
    """The column's name, or an array's or a member's."""
    value: str | None = None
    """The text that was found there."""
    index: tuple[int, ...] | None = None
    """Position in an array, from 0."""

    def where(self) -> str:
        """Return ``prices.csv:17:3``, as much of it as is known."""
        text = self.source
        if self.line is not None:
            text += f":{self.line}"
            if self.column is not None:
                text += f":{self.column}"
        if self.index is not None:
            text += f"[{', '.join(map(str, self.index))}]"
        return text

    def detail(self) -> str:
        """Return ``column 'weight', value '-0.2'``, as much of it as is known."""
        known = (("column", self.name), ("value", self.value))
        return ", ".join(f"{what} '{_cut(text)}'" for what, text in known if text is not None)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


class Note(NamedTuple):
    """Something the reader of a report should know.

    A `repair` is a note that says that the input was changed or a choice was made
    for the user; ``--strict`` turns repairs into errors. The message of a note on a `column`
    begins with it: ``column 'age' is ...``.
    """

    code: str
    message: str
    source: str
    advice: str = ""
    repair: bool = False
    column: str = ""


def note_on(code: str, column: str, is_what: str, source: str) -> Note:
    """Return a note on a column; `is_what` begins with a verb, such as ``is new``."""
    return Note(code, f"column '{column}' {is_what}", source, column=column)


class Fault(NamedTuple):
    """Why a text is no weight."""

    code: str
    message: str
    hint: str = ""


class KldivError(Exception):
    """No answer: exit code 2.

    Parameters
    ----------
    code : str
        Stable, lower-case, words joined by hyphens: ``negative-weight``.
    message : str
        What is wrong, in one sentence without a full stop.
    places : Place, optional
        Where; of many places the first three are given.
    count : int, optional
        How many places there are in all, where that is more than are given.
    hint : str, optional
        What to do about it; it must solve the case.
    """

    def __init__(
        self, code: str, message: str, *places: Place, count: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.places = places
        self.count = len(places) if count is None else count
        self.hint = hint

    def __str__(self) -> str:
        place = self.places[0] if self.places else None
        where = f"{place.where()}: " if place else ""
        detail = f" ({place.detail()})" if place and place.detail() else ""
        more = f", and {self.count - 1} more" if self.count > 1 else ""
        return f"{where}{self.message}{detail}{more}" + (f"; {self.hint}" if self.hint else "")


class UsageError(KldivError, ValueError):
    """The command line, or a call's arguments, cannot be understood."""


class InputError(KldivError, ValueError):
    """Data that cannot be read, or is not what it is said to be."""


class OutputError(KldivError, OSError):
    """A report that could not be written."""


def option(flag: str, word: str, *, instead: str = "NAME") -> str:
    """Return an option with a word of the input, to be copied from a hint into a shell.

    Parameters
    ----------
    flag : str
        ``--exclude``, for example.
    word : str
        Verbatim, such as the name of a column.
    instead : str
        Stands for a word that is too long to be shown whole: a part of it would not do.
    """
    if len(word) > WHOLE:
        return f"{flag} {instead}"
    return f"{flag}{'=' if word.startswith('-') else ' '}{in_shell(word)}"


def in_shell(word: str, *, quoted: bool = False) -> str:
    """Return a word as a shell reads it; with `quoted` there are quotes around it in any case."""
    if not word.isprintable():
        return f"$'{''.join(map(_escape, word))}'"
    if not quoted and re.fullmatch(r"[\w@%+=/.:-]*[\w@%+=/-]", word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def _escape(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    code = ord(character)
    return known.get(character, f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def abridged(names: Iterable[str], most: int = 8) -> str:
    """Return names for a message, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def closest(word: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the name that is most like a word, of several the first; None if none is like it.

    Parameters
    ----------
    word : str
        What somebody wrote.
    names : iterable of str
        What may have been meant.
    cutoff : float
        How much they must agree: the share of characters in common, in their order.
    """
    from difflib import SequenceMatcher

    found, most = None, 0.0
    matcher = SequenceMatcher(b=word)
    for name in names:
        matcher.set_seq1(name)
        least = max(cutoff, most)
        if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
            ratio = matcher.ratio()
            if ratio >= cutoff and ratio > most:
                found, most = name, ratio
    return found


def did_you_mean(word: str, names: Sequence[str]) -> str:
    """Return a hint with the name that may have been meant, else with all names."""
    known: dict[str, str] = {}
    for name in [name for name in names if len(name) <= WHOLE][:1000]:
        known.setdefault(name.strip().casefold(), name)
    if close := closest(word.strip().casefold()[:WHOLE], known):
        return f"did you mean {in_shell(known[close], quoted=True)}?"
    shown = (in_shell(name, quoted=True) if len(name) <= WHOLE else _cut(name) for name in names)
    return f"there are {abridged(shown)}"
