"""Tables of outcomes by groups of rows, and of what these rows weigh.

Of each outcome in each group three numbers are kept: rows, the sum of their weights, and the sum
of the squares of these. They add up, whatever the order of the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


class Entries(NamedTuple):
    """Rows, and their weights, by the position of a value and the number of a group.

    Attributes
    ----------
    place, group : ndarray of int64, shape (E,)
        Of each entry. No two have both alike, once they are `summed`.
    n : ndarray of int64, shape (E,)
        Rows.
    w, w2 : ndarray of float64, shape (E,), or None
        The sums of their weights, and of the squares of these; None where rows do not weigh.
    """

    place: Integers
    group: Integers
    n: Integers
    w: Floats | None = None
    w2: Floats | None = None


def concatenated(parts: Sequence[Entries]) -> Entries:
    """Return the entries of several parts, all with weights or all without, as those of one."""
    place, group, n = (np.concatenate([part[at] for part in parts]) for at in range(3))
    w = [part.w for part in parts if part.w is not None]
    w2 = [part.w2 for part in parts if part.w2 is not None]
    if not w:
        return Entries(place, group, n)
    return Entries(place, group, n, np.concatenate(w), np.concatenate(w2))


def summed(entries: Entries, groups: int) -> Entries:
    """Return entries of which those of one place and group are one, in their order.

    Parameters
    ----------
    entries : Entries
        In any order.
    groups : int
        How many groups there are.
    """
    if not len(entries.place):
        return entries
    keys = entries.place * groups + entries.group
    size = int(keys.max()) + 1
    if size > 4 * len(keys) + 1000:
        # As `np.unique` does it, which would import masked arrays.
        order = np.argsort(keys)
        is_new = np.append(True, np.diff(keys[order]) > 0)
        found = keys[order[is_new]]
        if len(found) == len(keys):
            w, w2 = (side if side is None else side[order] for side in (entries.w, entries.w2))
            return Entries(found // groups, found % groups, entries.n[order], w, w2)
        keys = np.empty_like(keys)
        keys[order] = np.cumsum(is_new) - 1
    else:
        # A table of all that there could be is small, and faster than any order.
        found = np.flatnonzero(np.bincount(keys, minlength=size))
        dense = np.empty(size, dtype=np.int64)
        dense[found] = np.arange(len(found))
        keys = dense[keys]

    def total(numbers: Floats | None) -> Floats | None:
        if numbers is None:
            return None
        sums: Floats = np.bincount(keys, numbers, len(found)).astype(np.float64, copy=False)
        return sums

    n = np.zeros(len(found), dtype=np.int64)
    if (entries.n == 1).all():
        n += np.bincount(keys, minlength=len(found))
    else:
        np.add.at(n, keys, entries.n)
    return Entries(found // groups, found % groups, n, total(entries.w), total(entries.w2))


class CrossTable(NamedTuple):
    """Outcomes by groups of rows: most of it may be empty, and only what is not is kept.

    Attributes
    ----------
    entries : Entries
        By outcomes and groups.
    outcomes, groups : int
        K and G.
    """

    entries: Entries
    outcomes: int
    groups: int

    def summed(self) -> CrossTable:
        """Return the table with one entry for each outcome and group, none of outcomes below 0."""
        kept = self.entries.place >= 0
        place, group, n, w, w2 = self.entries
        weights = (None, None) if w is None or w2 is None else (w[kept], w2[kept])
        some = Entries(place[kept], group[kept], n[kept], *weights)
        return self._replace(entries=summed(some, self.groups))

    def merged(self, places: Integers, outcomes: int) -> CrossTable:
        """Return the table with other outcomes: `places` tells of each what it becomes, or -1."""
        entries = self.entries._replace(place=places[self.entries.place].astype(np.int64))
        return CrossTable(entries, outcomes, self.groups).summed()

    @property
    def n(self) -> Integers:
        """Rows, an array of shape (K, G)."""
        found = np.zeros((self.outcomes, self.groups), dtype=np.int64)
        found[self.entries.place, self.entries.group] = self.entries.n
        return found

    @property
    def weights(self) -> tuple[Floats, Floats] | None:
        """What the rows of each outcome weigh, and the sum of squares; None if all are alike."""
        place, _, _, w, w2 = self.entries
        if w is None or w2 is None:
            return None
        sums, squares = (np.bincount(place, each, self.outcomes) for each in (w, w2))
        # Of no rows the sums are integers.
        return sums.astype(np.float64, copy=False), squares.astype(np.float64, copy=False)

    def rows_of_groups(self, cells: int) -> Iterator[Integers]:
        """Yield `n` for some of the groups that have rows, as many as have so many cells."""
        entries = self.entries
        has_rows = np.bincount(entries.group, minlength=self.groups) > 0
        numbers = (np.cumsum(has_rows) - 1)[entries.group]
        groups = int(np.count_nonzero(has_rows))
        step = max(cells // max(self.outcomes, 1), 1)
        order = np.argsort(numbers, kind="stable")
        ordered = numbers[order]
        for start in range(0, groups, step):
            size = min(step, groups - start)
            low, high = np.searchsorted(ordered, (start, start + size))
            some = order[low:high]
            found = np.zeros((self.outcomes, size), dtype=np.int64)
            found[entries.place[some], numbers[some] - start] = entries.n[some]
            yield found
