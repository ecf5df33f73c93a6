"""The picture of several divergences: one row each, with its dot, its interval and its limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.renderers.pictures.scales import RootAxis, root_axis
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_ROWS = 60
"""Rows that are drawn, at most; the others stand in a table."""
WIDEST = 4
"""The axis goes on to so many times the largest estimate or limit, as far as intervals do."""


class Span(NamedTuple):
    """A divergence with its interval and its limit, as places on the axis.

    Attributes
    ----------
    place : float
        Of the estimate.
    interval : pair of float or None
        Of the limits of its interval; None of an exact value, and where it is not reliable.
    beyond : bool
        Whether the interval goes on beyond the axis, or has no upper limit: an arrow says so.
    limit : float or None
        Of the largest divergence that is accepted; None where none is drift.
    """

    place: float
    interval: tuple[float, float] | None
    beyond: bool
    limit: float | None


class Entry(NamedTuple):
    """A divergence that has a row.

    Attributes
    ----------
    name : str
        Of the column, or of Q; not yet safe to print.
    verdict : {"pass", "drift", "inconclusive", "error", ""}
        Empty where nothing is judged.
    value : float or None
        The divergence; None where it was not computed.
    interval : pair of float or None
        The limits of its interval; None of an exact value, and where it is not reliable.
    said : str
        The interval in words, or why there is none.
    limit : float
        The largest divergence that is accepted; infinite where there is no limit.
    missing : pair of float or None
        The shares of missing values, of the reference and of the current side.
    new : float
        The share of current rows with an outcome that the reference never had.
    folded : bool
        Whether the row may be hidden: it passes.
    """

    name: str
    verdict: str
    value: float | None
    interval: tuple[float, float] | None
    said: str = ""
    limit: float = math.inf
    missing: tuple[float, float] | None = None
    new: float = 0.0
    folded: bool = False


class Row(NamedTuple):
    """A divergence and where it lies; no span where it was not computed."""

    entry: Entry
    span: Span | None


class Overview(NamedTuple):
    """Divergences, one below the other.

    Attributes
    ----------
    unit : str
        Of the divergences.
    rows : tuple of Row
        Those that do not pass, or are not judged, as far as they are drawn.
    passing : tuple of Row
        Those that pass, as far as they are drawn.
    left_out : int
        How many more there are than are drawn.
    limit : float or None
        The limit of all of them; None where these have several.
    axis : RootAxis
    """

    unit: str
    rows: tuple[Row, ...]
    passing: tuple[Row, ...]
    left_out: int
    limit: float | None
    axis: RootAxis


def overview(entries: Iterable[Entry], unit: str) -> Overview:
    """Return the picture of divergences, in their order.

    Parameters
    ----------
    entries : iterable of Entry
        The divergences; those that pass come last.
    unit : str
        Their unit.
    """
    every = list(entries)
    drawn = every[:MOST_ROWS]
    ends = [*_ends(drawn)]
    most = WIDEST * max(filter(math.isfinite, ends), default=0.0)
    highs = [entry.interval[1] for entry in drawn if entry.interval]
    axis = root_axis((*ends, *(min(high, most) for high in highs if math.isfinite(high))))
    limits = {entry.limit for entry in drawn}
    rows = [Row(entry, _span(entry, axis)) for entry in drawn]
    passing = [row for row in rows if row.entry.folded]
    return Overview(
        unit=unit,
        rows=tuple(rows[: len(rows) - len(passing)]),
        passing=tuple(passing),
        left_out=len(every) - len(drawn),
        limit=limits.pop() if len(limits) == 1 else None,
        axis=axis,
    )


def _ends(entries: Iterable[Entry]) -> Iterator[float]:
    """Yield every divergence, and every limit that there is."""
    for entry in entries:
        if entry.value is not None:
            yield entry.value
        if math.isfinite(entry.limit):
            yield entry.limit


def _span(entry: Entry, axis: RootAxis) -> Span | None:
    if entry.value is None:
        return None
    limit = axis.place(entry.limit) if math.isfinite(entry.limit) else None
    place = axis.place(entry.value)
    if entry.interval is None:
        return Span(place, None, False, limit)
    low, high = entry.interval
    beyond = high > axis.high
    return Span(place, (axis.place(low), 1.0 if beyond else axis.place(high)), beyond, limit)
