"""One distribution beside several others, as one table that text and Markdown draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.measures import DEFAULT_MEASURES, find
from kldiv_cli.renderers.batches import HEADLINES, bound_of
from kldiv_cli.renderers.figures import figure, infinity, plus_minus, to_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kldiv_cli.core.report import Batch, Comparison, Report
    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.batches import Table

SHOWN = (*HEADLINES, "js")
"""The measures that have a column where all are asked for."""


def table(report: Report, layout: Layout, shown: Callable[[str], str]) -> Table:
    """Return a table with a header and a row for each Q, in their order.

    Of batches a measure has its standard error beside it, and the first measure the row that is
    exceeded by one in a hundred.

    Parameters
    ----------
    report : Report
        Of several Qs.
    layout : Layout
        The display.
    shown : callable
        Makes the name of a Q safe to print.
    """
    first = report.comparisons[0]
    names = [*first.measures]
    if {*names} == {*DEFAULT_MEASURES}:
        names = [name for name in names if name in SHOWN]
    head = ["q", *names]
    if first.batch is not None:
        head[2:2] = ["99 %", "same top"]
    return [head, *(_row(each, names, layout, shown) for each in report.comparisons)]


def _row(
    comparison: Comparison, names: list[str], layout: Layout, shown: Callable[[str], str]
) -> list[str]:
    batch = comparison.batch
    cells = [shown(comparison.q or ""), *(_cell(comparison, name, layout) for name in names)]
    if batch is not None:
        cells[2:2] = [_quantile(comparison, batch, layout), _same_top(batch)]
    return cells


def _cell(comparison: Comparison, name: str, layout: Layout) -> str:
    value, bound = comparison.measures[name], bound_of(comparison, name)
    batch = comparison.batch
    if isinstance(value, tuple) or (batch is not None and batch.reduction == "batchmean"):
        assert batch is not None
        found = batch.by_measure[name]
        text = to_error(found.mean, found.standard_error, bound, infinity=infinity(layout))
        if found.standard_error:
            error = to_error(found.standard_error, found.standard_error)
            text = f"{text} {plus_minus(layout)} {error}"
        return text
    return figure(value, bound, infinity=infinity(layout))


def _quantile(comparison: Comparison, batch: Batch, layout: Layout) -> str:
    spread = batch.by_measure[batch.measure].quantiles
    assert spread is not None
    bound = bound_of(comparison, batch.measure)
    return figure(spread.p99, bound, infinity=infinity(layout), digits=4)


def _same_top(batch: Batch) -> str:
    if batch.same_top is None:
        return ""
    return f"{100 * batch.same_top.mean:.4g} %"


def heading(report: Report, p: str) -> str:
    """Return what the table says: P, the unit, and that a row has a Q."""
    scaled = any(find(name).scales for name in report.comparisons[0].measures)
    rows = report.comparisons[0].batch
    of_rows = f", means over {rows.rows} rows" if rows is not None else ""
    return f"p: {p}{of_rows}{f', in {report.unit}' if scaled else ''}"


def notes_below(report: Report) -> Iterator[str]:
    """Yield what is left out of the table."""
    left_out = len(report.comparisons[0].measures) > len(SHOWN)
    if left_out and {*report.comparisons[0].measures} == {*DEFAULT_MEASURES}:
        yield "further measures: --measure NAME, or -f json"
