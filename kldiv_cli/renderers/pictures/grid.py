"""The picture of a matrix: the divergence of every pair, a number first and a shade second."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


SHADES = 5


class Cell(NamedTuple):
    """The divergence of one pair, and its shade from 0 to 1: an infinite one has the darkest."""

    value: float
    shade: float

    @property
    def level(self) -> int:
        """The nearest of the shades that formats have: from 0, which is none."""
        return round(self.shade * SHADES)


class Grid(NamedTuple):
    """The divergences of all pairs of several distributions.

    Attributes
    ----------
    names : tuple of str
        Of the distributions, in the order given; not yet safe to print.
    measure, unit : str
        The unit is empty where the measure has none.
    rows : tuple of tuple of Cell
        A row for each P, in which each Q has a cell.
    """

    names: tuple[str, ...]
    measure: str
    unit: str
    rows: tuple[tuple[Cell, ...], ...]


def grid(names: Sequence[str], values: Sequence[Sequence[float]], measure: str, unit: str) -> Grid:
    """Return the picture of a matrix.

    The shade is the square root of the divergence in proportion to the largest finite one, so
    that equal steps of shade are equal shifts.

    Parameters
    ----------
    names : sequence of str
        The names of the N distributions.
    values : sequence of sequence of float
        N rows of N divergences: of the row's distribution as P from the column's as Q.
    measure, unit : str
        See `Grid`.
    """
    finite = [value for row in values for value in row if math.isfinite(value)]
    largest = max(finite, default=0.0) or 1.0

    def shade(value: float) -> float:
        return math.sqrt(max(value, 0.0) / largest) if math.isfinite(value) else 1.0

    rows = tuple(tuple(Cell(value, shade(value)) for value in row) for row in values)
    return Grid(tuple(names), measure, unit, rows)
