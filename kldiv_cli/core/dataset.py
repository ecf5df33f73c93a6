"""A data set: columns that were counted together, and which columns of it are wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from kldiv_cli.core.numbers import thousands_hint
from kldiv_cli.errors import InputError, Note, Place, did_you_mean, option
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.grouped import Grouping, Groups
    from kldiv_cli.core.refusals import Uncounted

MOST_OUTCOMES = 100_000
TOO_MANY_ROWS = 10**18
"""Rows that a data set may not have: they are counted in 64 bits."""
NO_NAME = "unknown"
"""The name of a data set that has neither a name nor a source."""
BY_NAME = "--exclude"
CHOOSES = "--where: all rows have the value that chose them"
REPEATS = "--frequency: its values say how many rows a row stands for"
WEIGHS = "--row-weight: its values say what rows weigh"
CLUSTERS = "--cluster: its values say which rows belong together"
SEGMENTS = "--by: its values are the groups that are judged"
IDENTIFIER = "looks like a key: nearly all values are distinct (--column NAME judges it)"
DATE = "date: time moves on by itself (--categorical NAME judges it)"


class Excluded(NamedTuple):
    """A column that is not judged, and why."""

    column: str
    reason: str


class DataSet(NamedTuple):
    """Columns that were counted together.

    Attributes
    ----------
    name, source, format : str
        As of a `Distribution`.
    kind : {"samples", "profile", "counts"}
        The kind of the source.
    rows : int
        Rows, the same in every column; of a tidy table of counts the most of a column.
    columns : mapping of str to Column
        In the order of the source.
    excluded : tuple of Excluded
        Columns that were left out.
    notes : tuple of Note
        Choices and repairs.
    seen : tuple of str
        All columns of the source, counted or not, but for `chosen_by`.
    details : tuple of pairs of str
        How the source was read: encoding, delimiter, shape …
    refused : tuple of Uncounted
        Columns that cannot be counted: an error, as soon as all are known.
    chosen_by : str, or None
        A column by whose value the rows were chosen, which is left out.
    engine : str
        The engine that counted raw rows; empty where none did. No result tells it.
    groups : Groups or None
        The groups of rows by which the columns were counted, too.
    """

    name: str
    source: str
    format: str
    kind: Literal["samples", "profile", "counts"]
    rows: int
    columns: Mapping[str, Column]
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[Note, ...] = ()
    seen: tuple[str, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    refused: tuple[Uncounted, ...] = ()
    chosen_by: str | None = None
    engine: str = ""
    groups: Groups | None = None


class Wanted(NamedTuple):
    """The columns of raw rows that are to be counted, and how: that part of the user's options."""

    columns: frozenset[str] | None = None
    """The only ones to count; all if None."""
    numeric: frozenset[str] = frozenset()
    categorical: frozenset[str] = frozenset()
    excluded: Callable[[str], bool] = lambda name: False
    na: frozenset[str] = frozenset()
    """Cells that mean a missing value, beside empty ones …"""
    na_of: Mapping[str, frozenset[str]] = {}
    """… and those that do in a single column, by its name."""
    dates: frozenset[str] = frozenset()
    """Columns that the user says hold dates."""
    forbid_missing: bool = False
    drop_missing: bool = False
    """Whether missing values are left out later; a pair is missing then if any part is."""
    joint: tuple[str, ...] = ()
    """Columns that are counted together."""
    named: frozenset[str] = frozenset()
    """Columns of which the user says something."""
    late: bool = False
    """Whether this is a part: keys are left out when all parts are read, and it may be empty."""
    identifiers: bool = True
    """Whether to leave out columns that look like keys."""
    most_outcomes: int = MOST_OUTCOMES
    edges: Mapping[str, tuple[float, ...]] = {}
    """Edges that numbers will be binned at, by column, where these are known already."""
    quantiles: Callable[[str], int | None] | None = None
    """Where numbers will be binned at quantiles of their own: how many bins a column gets."""
    grouping: Grouping | None = None
    """How rows are grouped, where columns are to be counted by groups, too."""
    frequency: str | None = None
    """The column that says how many rows each row stands for."""

    def missing_words(self, name: str) -> frozenset[str]:
        """Return the cells that mean a missing value in a column, beside empty ones."""
        return self.na | self.na_of.get(name, frozenset())

    def may_leave_out(self, name: str) -> bool:
        """Return whether a column may be left out if it looks like a key: no option names it."""
        return self.identifiers and not self.asks_for(name)

    def asks_for(self, name: str) -> bool:
        """Return whether an option names a column, so that it is never left out by itself."""
        asked = self.named | self.numeric | self.categorical | self.dates
        return name in asked or name in (self.columns or ())

    def wants(self, name: str) -> bool:
        """Return whether a column is to be counted."""
        return not self.excluded(name) if self.columns is None else name in self.columns

    def left_out(self, names: Sequence[str], source: str) -> list[Excluded]:
        """Return which of all columns are not wanted.

        Raises
        ------
        InputError
            If a wanted column is not there.
        """
        for word in sorted(self.columns or ()):
            if word not in names:
                raise unknown_column(word, names, source, flag="--column")
        if self.columns is not None:
            return []
        return [
            Excluded(name, REPEATS if name == self.frequency else BY_NAME)
            for name in names
            if self.excluded(name)
        ]


def position(word: str, names: Sequence[str], source: str, *, each: str = "column") -> int:
    """Return the position of the only column of a name; messages call a column `each`.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    found = [i for i, name in enumerate(names) if name == word]
    if not found:
        raise unknown_column(word, names, source, each=each)
    if len(found) > 1:
        message = f"{len(found)} {each}s are called {word[:60]!r}"
        hint = "rename all but one of them" if each == "column" else ""
        raise InputError("duplicate-columns", message, Place(source), hint=hint)
    return found[0]


def unknown_column(
    word: str, names: Sequence[str], source: str, *, each: str = "column", flag: str = ""
) -> InputError:
    """Return the error for a column that is named and not there.

    Where `flag` names one column each time, a word may be several names with commas between them.
    """
    message = f"there is no {each} {word[:60]!r}"
    parts = [part.strip() for part in word.split(",")]
    hint = did_you_mean(word, names)
    if flag and len(parts) > 1 and set(parts) <= set(names):
        hint = f"one name each: {' '.join(option(flag, part) for part in parts)}"
    return InputError("unknown-column", message, Place(source), hint=hint)


def which_kind(what: str, source: str) -> InputError:
    """Return the error for data that could be raw rows or a distribution: ``--as`` tells."""
    hint = "--as counts, --as probabilities, --as weights or --as samples"
    return InputError("which-kind", what, Place(source), hint=hint)


def missing_value(place: Place) -> InputError:
    """Return the error for a missing value where none may be."""
    hint = "--missing category counts missing values, --missing drop leaves them out"
    return InputError("missing-value", "a value is missing", place, hint=hint)


def too_many_rows(source: str) -> InputError:
    """Return the error for counts that add up to `TOO_MANY_ROWS` or more."""
    return InputError("number-overflow", "the counts add up to 10^18 or more", Place(source))


def unsound_frequency(value: float | None, text: str, place: Place, title: str) -> InputError:
    """Return the error for a row that does not say for how many it stands.

    Parameters
    ----------
    value : float or None
        The number that it says instead: negative, not whole, infinite, or 2^53 or more.
    text : str
        How that is written; "" where nothing is.
    place : Place
        Where it stands.
    title : str
        The name of the column.
    """
    if not text:
        hint = "give each row a whole number: 0 if it stands for none"
        return InputError("missing-weight", "the frequency of a row is missing", place, hint=hint)
    place = replace(place, value=text)
    if value is None or not math.isfinite(value):
        message, hint = "the frequency of a row is no finite number", thousands_hint(text)
        return InputError("not-a-number", message, place, hint=hint)
    if value < 0:
        return InputError("negative-weight", "the frequency of a row is negative", place)
    if value % 1 == 0:
        return InputError("number-overflow", "the frequency of a row is beyond 2^53", place)
    message = "the frequency of a row is not a whole number"
    hint = f"{option('--row-weight', title)} instead of --frequency if these are no counts"
    return InputError("fractional-count", message, place, hint=hint)
