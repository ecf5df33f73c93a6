"""The picture of a batch: the divergences of its rows as dots, and their quantiles."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from kldiv_cli.renderers.pictures.scales import RootAxis, root_axis
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.report import Batch, WorstRow
    from kldiv_cli.core.rows import RowValues

STACKS = 60
"""Stacks of dots from 0 to the largest row."""
TALLEST = 12
"""Dots in the highest stack, at most."""
QUANTILES = (
    ("median", "p50", 1), ("95 %", "p95", 20), ("99 %", "p99", 100), ("99.9 %", "p99_9", 1000),
    ("max", "max", 1),
)  # fmt: skip
"""Names, fields of the quantiles of a batch, and how many rows it takes for one to lie beyond."""


class Stack(NamedTuple):
    """Rows whose divergences are nearly equal: the place of their dots, and how many dots."""

    place: float
    dots: int


class Quantile(NamedTuple):
    """A quantile of the rows: its name, its value and its place on the axis."""

    name: str
    value: float
    place: float


class Spread(NamedTuple):
    """The divergences of the rows of a batch.

    Attributes
    ----------
    measure, unit : str
        The unit is the name of the measure where it has none.
    rows : int
    rows_per_dot : int
        The rows that a dot stands for, at most; a stack that has any row has a dot.
    stacks : tuple of Stack
        From left to right.
    quantiles : tuple of Quantile
        From the median to the largest row.
    worst : tuple of WorstRow
        The rows that diverge most.
    axis : RootAxis
    """

    measure: str
    unit: str
    rows: int
    rows_per_dot: int
    stacks: tuple[Stack, ...]
    quantiles: tuple[Quantile, ...]
    worst: tuple[WorstRow, ...]
    axis: RootAxis


def spread(batch: Batch, rows: RowValues, unit: str) -> Spread:
    """Return the picture of the divergences of rows.

    Parameters
    ----------
    batch : Batch
        The statistics of the rows.
    rows : RowValues
        The measures of each row, which may be infinite.
    unit : str
        See `Spread`.
    """
    values = rows.of(batch.measure)
    finite = values[values < math.inf]
    infinite = len(values) - len(finite)
    axis = root_axis([float(finite.max(initial=0.0))] + [math.inf] * bool(infinite))
    end = axis.place(axis.high)
    stacks = (STACKS * (finite.clip(0.0) / axis.high) ** 0.5).astype(int)
    stacks.sort()
    starts = stacks.searchsorted(range(STACKS + 1)).tolist()
    counts = [following - start for start, following in pairwise(starts)]
    places = [end * (i + 0.5) / STACKS for i in range(STACKS)]
    if infinite:
        counts.append(infinite)
        places.append(axis.place(math.inf))
    rows_per_dot = max(1, -(-max(counts, default=0) // TALLEST))
    found = batch.quantiles
    return Spread(
        measure=batch.measure,
        unit=unit,
        rows=batch.rows,
        rows_per_dot=rows_per_dot,
        stacks=tuple(
            Stack(place, -(-count // rows_per_dot))
            for place, count in zip(places, counts, strict=True)
            if count
        ),
        quantiles=tuple(
            Quantile(name, value := getattr(found, field), axis.place(value))
            for name, field, fewest in QUANTILES
            if found is not None and batch.rows >= fewest
        ),
        worst=batch.worst,
        axis=axis,
    )
