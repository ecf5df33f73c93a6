"""A matrix as CSV: one row for each measure and ordered pair; that of all together comes last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.core.report import number
from kldiv_cli.renderers.formats.csv import table
from kldiv_cli.renderers.show import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.matrix import Cell, Matrix
    from kldiv_cli.renderers import Layout

HEADER = ("measure", "p", "q", "value", "error_bound", "unit", "smoothing")


def render(report: Matrix, layout: Layout) -> str:
    """Return the table; `p` and `q` are empty where a row is of no pair."""
    return table(HEADER, _rows(report))


def _rows(report: Matrix) -> Iterator[Sequence[object]]:
    # An error has one cell, and no sides.
    names = [cell(side.name) for side in report.sides] or [""]
    for name, rows in report.measures.items():
        # A failed run may have been asked for a measure that there is not.
        unit = report.unit if not report.error and find(name).scales else ""
        rest = (_field(report.error_bounds[name]), unit, report.smoothing)
        for p, row in zip(names, rows, strict=True):
            for q, value in zip(names, row, strict=True):
                yield (cell(name), p, q, _field(value), *rest)
    unit = "" if report.error else report.unit
    yield ("js_of_all", "", "", _field(report.all.js), "", unit, report.smoothing)


def _field(value: Cell) -> object:
    return value if value == "error" else number(value)
