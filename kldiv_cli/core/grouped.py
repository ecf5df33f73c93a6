"""Columns that were counted by groups of rows: blocks, clusters or segments; and by their weights.

Of each value of a column, in each group, the entry of a `CrossTable` is kept; blocks are of
consecutive rows, clusters and segments of those with one value of a column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from kldiv_cli.core.inference.cross_table import CrossTable, Entries, concatenated, summed
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

__all__ = [
    "BLOCKS",
    "CrossTable",
    "Entries",
    "Grouped",
    "Grouping",
    "Groups",
    "Weighing",
    "concatenated",
    "joined",
    "summed",
]

BLOCKS = 20
"""Blocks of consecutive rows in a side: 30 do the same, 50 are too short for slow series."""

Kind = Literal["block", "cluster", "segment"]
"""What a group of rows is: consecutive rows, or those with one value of a column."""


class Grouping(NamedTuple):
    """How rows are grouped, and what they weigh.

    Attributes
    ----------
    kind : {"block", "cluster", "segment"} or None
        None where all rows are one group.
    column : str or None
        The column whose values are the groups; None of blocks.
    weight : str or None
        The column of weights; None where each row weighs the same.
    required : bool
        Whether the user asks for the groups; if not, they are kept where that costs little.
    """

    kind: Kind | None = None
    column: str | None = None
    weight: str | None = None
    required: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say how rows are grouped, or weigh, and are no data themselves."""
        return tuple(name for name in (self.column, self.weight) if name is not None)

    def renamed(self, new: Callable[[str], str]) -> Grouping:
        """Return the same with other names of its columns."""
        column = None if self.column is None else new(self.column)
        weight = None if self.weight is None else new(self.weight)
        return self._replace(column=column, weight=weight)


class Weighing(NamedTuple):
    """What the rows of a data set weigh together.

    Attributes
    ----------
    rows : int
        Those that weigh anything.
    total, squares, heaviest : float
        The sum of their weights, that of the squares of these, and the largest one.
    """

    rows: int = 0
    total: float = 0.0
    squares: float = 0.0
    heaviest: float = 0.0

    def plus(self, other: Weighing) -> Weighing:
        """Return what two sets of rows weigh together."""
        return Weighing(
            self.rows + other.rows,
            self.total + other.total,
            self.squares + other.squares,
            max(self.heaviest, other.heaviest),
        )

    @property
    def n_effective(self) -> float:
        """How many rows of equal weight have a mean that varies as much (Kish)."""
        return self.total / self.squares * self.total

    @property
    def design_effect(self) -> float:
        """How many rows are worth one of equal weight."""
        return self.rows / self.n_effective

    @property
    def largest_share(self) -> float:
        """The part of the total that the heaviest row has."""
        return self.heaviest / self.total


class Groups(NamedTuple):
    """The groups of rows of a data set.

    Attributes
    ----------
    grouping : Grouping
        How they were made.
    names : tuple of (str or None)
        The values of the column that makes them, in their own order; None, which comes last, of
        the rows that have none. Blocks are numbered from 1, in the order of the rows.
    weighing : Weighing or None
        What the rows weigh; None where each counts once.
    """

    grouping: Grouping
    names: tuple[str | None, ...]
    weighing: Weighing | None = None


class Grouped(NamedTuple):
    """How often each value of a column occurs in each group of rows, and what these rows weigh.

    Attributes
    ----------
    values : tuple of str, or ndarray of float64
        The distinct labels, or numbers, of the column.
    entries : Entries
        By positions among these values; that behind the last is of missing values. Several may be
        of one value and group.
    groups : int
        How many groups there are.
    """

    values: tuple[str, ...] | Floats
    entries: Entries
    groups: int

    def without_values(self) -> Grouped:
        """Return a column in which every value is missing, as one of any other type."""
        nowhere = np.zeros_like(self.entries.place)
        entries = summed(self.entries._replace(place=nowhere), self.groups)
        return Grouped((), entries, self.groups)

    @property
    def weights(self) -> tuple[Floats, Floats] | None:
        """The sums of the weights, and of their squares, of each value; of missing ones last."""
        return CrossTable(self.entries, len(self.values) + 1, self.groups).weights

    @property
    def weights_of_values(self) -> tuple[Floats, Floats] | None:
        """The same sums without those of missing values."""
        found = self.weights
        return None if found is None else (found[0][:-1], found[1][:-1])

    def spelt(self, spell: Callable[[str], str | None]) -> Grouped:
        """Return the same with other labels; None stands for a missing value."""
        labels = [spell(str(label)) for label in self.values]
        values = tuple({label: None for label in labels if label is not None})
        at = {label: place for place, label in enumerate(values)}
        places = np.array([len(values) if label is None else at[label] for label in labels])
        return self.at(values, places)

    def at(self, values: tuple[str, ...] | Floats, places: Integers) -> Grouped:
        """Return the same with other values; `places` tells for each of its own which it is."""
        moved = np.append(places, len(values)).astype(np.int64)[self.entries.place]
        entries = summed(self.entries._replace(place=moved), self.groups)
        return Grouped(values, entries, self.groups)

    def over(self, places: Sequence[int] | Integers, missing: int, outcomes: int) -> CrossTable:
        """Return the table of some outcomes by groups.

        Parameters
        ----------
        places : sequence of int
            For each value the outcome that it is; -1 of a value that is left out.
        missing : int
            The outcome that missing values are; -1 if they are left out.
        outcomes : int
            How many outcomes there are.
        """
        moved = np.append(np.asarray(places, dtype=np.int64), missing)[self.entries.place]
        return CrossTable(self.entries._replace(place=moved), outcomes, self.groups).summed()


NOTHING = Grouped((), Entries(*(np.zeros(0, np.int64),) * 3, np.zeros(0), np.zeros(0)), 1)
"""What a column of no rows that weigh has."""


def joined(first: Grouped, second: Grouped) -> Grouped:
    """Return two columns, each of one group of all rows, as one that has the values of both."""
    sides = first, second
    owns = [np.asarray(side.values, dtype=object).tolist() for side in sides]
    distinct = list(dict.fromkeys([*owns[0], *owns[1]]))
    values: tuple[str, ...] | Floats = tuple(distinct)
    if any(isinstance(side.values, np.ndarray) for side in sides):
        distinct.sort()
        values = np.array(distinct, dtype=np.float64)
    at = {value: place for place, value in enumerate(distinct)}
    moved = [
        side.at(values, np.array([at[value] for value in own]))
        for side, own in zip(sides, owns, strict=True)
    ]
    entries = concatenated([each.entries for each in moved])
    return Grouped(values, summed(entries, 1), 1)
