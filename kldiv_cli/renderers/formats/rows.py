"""The rows of a comparison as CSV: a line for each, with the measures that were asked for."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from kldiv_cli.core.batches import numbers_of_rows
from kldiv_cli.core.report import number
from kldiv_cli.renderers.pages.sides import side_names
from kldiv_cli.renderers.show import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.report import Report
    from kldiv_cli.renderers import Layout

LINES = 4096
"""Rows that make a piece, so that the text of all is never held."""


def pieces(report: Report, layout: Layout) -> Iterator[str]:
    """Yield the table in pieces: the column compared, Q, the row's place from 0, its numbers.

    The column is empty for whole distributions; one pair of these is one row. The numbers are
    those of `numbers_of_rows`, in the unit of the report. An error has no rows, and no pieces.
    """
    for i, (comparison, rows) in enumerate(zip(report.comparisons, report.rows, strict=False)):
        numbers = numbers_of_rows(rows, comparison.measures)
        if i == 0:
            yield _lines([("column", "q", "row", *map(cell, numbers))])
        head = (cell(comparison.column or ""), cell(comparison.q or side_names(report)[1]))
        for start in range(0, len(next(iter(numbers.values()))), LINES):
            part = (column[start : start + LINES].tolist() for column in numbers.values())
            values = enumerate(zip(*part, strict=True), start)
            yield _lines([(*head, row, *map(_figure, of_row)) for row, of_row in values])


def _figure(value: float | int) -> float | int | str:
    """Return a number of a row as a cell has it, with every digit."""
    return value if isinstance(value, int) else number(value)


def _lines(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
