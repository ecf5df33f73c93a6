"""A comparison as CSV: one row for each column, measure and direction."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.core.report import number
from kldiv_cli.renderers.figures import spelled
from kldiv_cli.renderers.show import cell
from kldiv_cli.renderers.text import rows_of, side_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kldiv_cli.core.report import Report
    from kldiv_cli.renderers import Layout

HEADER = ("column", "measure", "direction", "row", "value", "error_bound", "unit", "smoothing")


def render(report: Report, layout: Layout) -> str:
    """Return the table; `row` numbers the rows of a batch that was not reduced, from 0."""
    return table(HEADER, _rows(report))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a header and rows as CSV; text in them has to be a `cell`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _rows(report: Report) -> Iterator[Sequence[object]]:
    for comparison in report.comparisons:
        for name, value in comparison.measures.items():
            # A failed run may have been asked for a measure that there is not.
            measure = None if report.error else find(name)
            symbol = spelled(measure.symbol, *side_names(report)) if measure else ""
            head = (cell(comparison.column or ""), cell(name), cell(symbol))
            tail = (report.unit if measure and measure.scales else "", report.smoothing)
            pairs = zip(rows_of(value), rows_of(comparison.error_bounds[name]), strict=True)
            for row, pair in enumerate(pairs):
                numbers = [entry if entry == "error" else number(entry) for entry in pair]
                yield (*head, row if isinstance(value, tuple) else "", *numbers, *tail)
