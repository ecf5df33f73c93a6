"""One distribution beside several others: a table with a row for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.measures import BOTH_DIRECTIONS, find
from kldiv_cli.renderers.document import (
    NOTHING,
    Column,
    Document,
    Facts,
    Row,
    Span,
    Table,
    line,
)
from kldiv_cli.renderers.figures import figure, to_error
from kldiv_cli.renderers.pages import pictures
from kldiv_cli.renderers.pages.batch import bound_of
from kldiv_cli.renderers.pages.compare import failed_limits, is_selection, rows_of, smoothing_line
from kldiv_cli.renderers.pages.sides import notes_of, side_contents
from kldiv_cli.renderers.pictures import texts
from kldiv_cli.renderers.pictures.overview import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.report import Batch, Comparison, Report
    from kldiv_cli.renderers.document import Block, Line, Picture

SHOWN = (*BOTH_DIRECTIONS, "js")
"""The measures that have a column where all are asked for."""


def document(report: Report) -> Document:
    """Return the page of several Qs: their table, and where all of them are from."""
    if report.error or not report.p:
        return NOTHING
    batch = report.comparisons[0].batch
    sides = []
    for side in (report.p, *report.others):
        source = Span(side.source, "dim", "path")
        origin = line("from ", source, f" ({side.format})", tone="dim")
        name = line(Span(side.name, "strong", "title"))
        sides.append((name, (line(side_contents(side, batch)), origin)))
    blocks: list[Block] = [*failed_limits(report), _overview(report), Facts(tuple(sides))]
    if report.smoothing != "none":
        blocks.append(smoothing_line(report))
    scaled = any(find(name).scales for name in report.comparisons[0].measures)
    of_rows = f", means over {batch.rows} rows" if batch is not None else ""
    what = f"{of_rows}{f', in {report.unit}' if scaled else ''}"
    title = line("p: ", Span(report.p.name, "strong", "title"), what)
    key = ("compare", report.p.name)
    return Document(title, (*blocks, *notes_of(report.notes)), titled=True, key=key)


def _overview(report: Report) -> Picture:
    """Return the picture of all Qs, in the place of their table."""
    measure = next(iter(report.comparisons[0].measures))
    entries = [_entry(comparison, measure) for comparison in report.comparisons]
    largest = max(entries, key=lambda entry: entry.value or 0.0)
    assert report.p is not None
    title = line(f"{measure} of ", Span(report.p.name, kind="title"), " and each of the others")
    sentence = line("the farthest is ", Span(largest.name, kind="title"))
    unit = report.unit if find(measure).scales else measure
    return pictures.of_divergences(entries, unit, title, sentence, _table(report))


def _entry(comparison: Comparison, measure: str) -> Entry:
    """Return the row of a Q in the picture of all: of batches the mean with its interval."""
    name, batch = comparison.q or "", comparison.batch
    if batch is None:
        return Entry(name, "", pictures.computed(rows_of(comparison.measures[measure])[0]), None)
    found = batch.by_measure[measure]
    if found.low is None or found.high is None:
        return Entry(name, "", found.mean, None)
    limits = max(found.low, 0.0), found.high
    return Entry(name, "", found.mean, limits, " to ".join(map(texts.value, limits)))


def _table(report: Report) -> Table:
    """Return a table with a row for each Q, in their order.

    Of batches a measure has its standard error beside it, and the first measure the row that is
    exceeded by one in a hundred.
    """
    names = [*report.comparisons[0].measures]
    below: tuple[Line, ...] = ()
    if not is_selection(report):
        names = [name for name in names if name in SHOWN]
        below = (line("further measures: --measure NAME, or -f json", tone="dim"),)
    heads = [*names]
    if report.comparisons[0].batch is not None:
        heads[1:1] = ["99 %", "same top"]
    columns = (
        Column(line("q"), number=False, names=True),
        *(Column(line(head), rank=place) for place, head in enumerate(heads)),
    )
    rows = []
    for comparison in report.comparisons:
        cells = [*_cells(comparison, names)]
        rows.append(Row((line(Span(comparison.q or "", kind="title")), *map(line, cells))))
    return Table(columns, tuple(rows), below=below)


def _cells(comparison: Comparison, names: list[str]) -> Iterator[str]:
    for place, name in enumerate(names):
        yield _cell(comparison, name)
        if place == 0 and comparison.batch is not None:
            yield _quantile(comparison, comparison.batch)
            yield _same_top(comparison.batch)


def _cell(comparison: Comparison, name: str) -> str:
    value, bound = comparison.measures[name], bound_of(comparison, name)
    batch = comparison.batch
    if isinstance(value, tuple) or (batch is not None and batch.reduction == "batchmean"):
        assert batch is not None
        found = batch.by_measure[name]
        text = to_error(found.mean, found.standard_error, bound)
        if found.standard_error:
            text = f"{text} ± {to_error(found.standard_error, found.standard_error)}"
        return text
    return figure(value, bound)


def _quantile(comparison: Comparison, batch: Batch) -> str:
    spread = batch.by_measure[batch.measure].quantiles
    assert spread is not None
    return figure(spread.p99, bound_of(comparison, batch.measure), digits=4)


def _same_top(batch: Batch) -> str:
    if batch.same_top is None:
        return ""
    return f"{100 * batch.same_top.mean:.4g} %"
