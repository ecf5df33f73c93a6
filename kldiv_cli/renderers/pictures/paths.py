"""Pictures as paths: the marks of one kind together, in the units of whoever draws them.

A path is the text of the attribute ``d`` of SVG. Discs and squares are lines of no length, whose
round or square ends are the marks: so they stay round and square however the picture is stretched.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.renderers.pictures.outcomes import Mark, Outcomes
    from kldiv_cli.renderers.pictures.overview import Row
    from kldiv_cli.renderers.pictures.scales import RootAxis, ShareAxis
    from kldiv_cli.renderers.pictures.spread import Spread

    Paths = list[tuple[str, str]]

MARKS, BARS = 0.62, 0.34
"""The parts of the width of a picture of outcomes that are for marks, and for bars."""
INFINITY = 0.068
"""Where the sign of infinity begins on the axis of shares: in the gutter, beside a mark."""
DOT = 0.01
"""The length of a line that is all ends."""


class Size(NamedTuple):
    """The width of a picture, and the height of a row of it."""

    width: float
    row: float


def outcome_paths(picture: Outcomes, size: Size) -> Paths:
    """Return the paths of the outcomes of a column, those that others cover first.

    Their names are ``grid``, ``p-range`` and ``q-range`` for whiskers, ``more``, ``less`` and
    ``same`` for joins, ``q`` and ``p`` for marks, and ``more-bar`` and ``less-bar``.
    """
    paths = {"grid": "", "q-range": "", "p-range": "", "more": "", "less": "", "q": "", "p": ""}
    bars = {"more-bar": "", "less-bar": ""}
    marks = Size(MARKS * size.width, size.row)
    paths["grid"] = _grid(picture.axis, marks, len(picture.rows))
    start, longest = (1 - BARS) * size.width, BARS * size.width
    bars["base"] = f"M{_n(start)} 0V{_n(size.row * len(picture.rows))}"
    for i, row in enumerate(picture.rows):
        y = _n(size.row * (i + 0.5))
        for side, mark, shift in (("q", row.q, 0.18), ("p", row.p, -0.18)):
            paths[f"{side}-range"] += _whisker(mark, size.row * (i + 0.5 + shift), marks)
            paths[side] += f"M{_n(mark.place * marks.width)} {y}h{DOT}"
        if row.p.share > 0 and row.q.share > 0 and row.move != "same":
            q, p = _n(row.q.place * marks.width), _n(row.p.place * marks.width)
            if q != p:
                paths[row.move] += f"M{q} {y}H{p}"
        if row.length > 0 and row.move != "same":
            length = longest * min(row.length, 1.0)
            bars[f"{row.move}-bar"] += f"M{_n(start)} {y}h{_n(length)}"
    return [(name, path) for name, path in (*paths.items(), *bars.items()) if path]


def overview_paths(rows: Iterable[Row], axis: RootAxis, size: Size) -> Paths:
    """Return the paths of columns of a check, those that others cover first.

    Their names are ``grid``, ``limit``, ``interval``, and ``filled`` and ``hollow`` for dots.
    """
    paths = {"grid": "", "interval": "", "limit": "", "hollow": "", "filled": ""}
    count = 0
    for i, row in enumerate(rows):
        count = i + 1
        if row.span is None:
            continue
        y = _n(size.row * (i + 0.5))
        if row.span.interval is not None:
            low, high = (_n(place * size.width) for place in row.span.interval)
            paths["interval"] += f"M{low} {y}H{high}"
        if row.span.limit is not None:
            x = _n(row.span.limit * size.width)
            paths["limit"] += f"M{x} {_n(size.row * i)}v{_n(size.row)}"
        dots = "filled" if row.entry.verdict == "drift" else "hollow"
        paths[dots] += f"M{_n(row.span.place * size.width)} {y}h{DOT}"
    paths["grid"] = _grid(axis, size, count)
    return [(name, path) for name, path in paths.items() if path]


def spread_paths(picture: Spread, size: Size, levels: int) -> Paths:
    """Return the paths of the rows of a batch: ``grid``, ``quantile``, and ``p`` for the dots.

    The dots are stacked from the bottom, `levels` rows high.
    """
    height = size.row * levels
    quantiles = "".join(
        f"M{_n(mark.place * size.width)} 0V{_n(height)}" for mark in picture.quantiles
    )
    dots = "".join(
        f"M{_n(stack.place * size.width)} {_n(height - size.row * (level + 0.5))}h{DOT}"
        for stack in picture.stacks
        for level in range(stack.dots)
    )
    grid = _grid(picture.axis, size, levels)
    found = [("grid", grid), ("quantile", quantiles), ("p", dots)]
    return [(name, path) for name, path in found if path]


def _grid(axis: ShareAxis | RootAxis, size: Size, rows: int) -> str:
    """Return a line for each number at an axis, as high as `rows` rows."""
    height = _n(size.row * rows)
    return "".join(f"M{_n(tick.place * size.width)} 0V{height}" for tick in axis.ticks())


def _whisker(mark: Mark, y: float, size: Size) -> str:
    if mark.whisker is None:
        return ""
    low, high = (_n(place * size.width) for place in mark.whisker)
    return f"M{low} {_n(y)}H{high}"


def _n(number: float) -> str:
    """Return a coordinate to two decimals, as short as it can be written."""
    assert math.isfinite(number)
    return f"{number:.2f}".rstrip("0").rstrip(".")
