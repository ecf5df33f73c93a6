"""What can go wrong, said once: what, where, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
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


class UsageError(KldivError, ValueError):
    """The command line, or a call's arguments, cannot be understood."""


class InputError(KldivError, ValueError):
    """Data that cannot be read, or is not what it is said to be."""


class OutputError(KldivError, OSError):
    """A report that could not be written."""
