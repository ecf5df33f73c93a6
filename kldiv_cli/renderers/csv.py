"""One row for each column, measure and direction."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.core.report import number
from kldiv_cli.renderers.figures import spelled
from kldiv_cli.renderers.show import cell

if TYPE_CHECKING:
    from kldiv_cli.core.report import Report
    from kldiv_cli.renderers import Layout

HEADER = ("column", "measure", "direction", "row", "value", "error_bound", "unit", "smoothing")


def render(report: Report, layout: Layout) -> str:
    """Return the table; `row` numbers the rows of a batch that was not reduced, from 0."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(HEADER)
    p, q = (report.p.name, report.q.name) if report.p and report.q else ("p", "q")
    for comparison in report.comparisons:
        for name, value in comparison.measures.items():
            measure = find(name)
            unit = report.unit if measure.scales else ""
            bound = comparison.error_bounds[name]
            values = value if isinstance(value, tuple) else (value,)
            bounds = bound if isinstance(bound, tuple) else (bound,)
            for row, (one, its_bound) in enumerate(zip(values, bounds, strict=True)):
                write(
                    (
                        cell(comparison.column or ""),
                        name,
                        cell(spelled(measure.symbol, p, q)),
                        row if isinstance(value, tuple) else "",
                        one if isinstance(one, str) else number(one),
                        its_bound if isinstance(its_bound, str) else number(its_bound),
                        unit,
                        report.smoothing,
                    )
                )
    return text.getvalue()
