"""A comparison as CSV: one row for each column, measure and direction."""

from __future__ import annotations

import csv
import io
from itertools import chain
from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.core.report import number
from kldiv_cli.renderers.figures import spelled
from kldiv_cli.renderers.pages.compare import rows_of
from kldiv_cli.renderers.pages.sides import side_names
from kldiv_cli.renderers.show import cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kldiv_cli.core.report import Batch, Comparison, OfRows, Report
    from kldiv_cli.core.row_statistics import Derived, Mean, Spread
    from kldiv_cli.renderers import Layout

HEADER = ("column", "measure", "direction", "row", "value", "error_bound", "unit", "smoothing")
ESTIMATES = ("estimate", "low", "high")
OF_SEGMENT = ("segment", "part", "share_p", "share_q")
OF_ROWS = ("mean", "standard_error", "standard_error_independent", "effective_rows", "low", "high")


def render(report: Report, layout: Layout) -> str:
    """Return the table; `row` numbers the rows of a batch that was not reduced, from 0.

    The estimate of a measure from counts, and its interval, are further columns. So is what is
    told of segments, whose rows come last, where there are some; and so are the
    statistics of the rows of a batch that was reduced, and what these rows have beside measures
    are further rows.
    """
    reduced = [
        (comparison, comparison.batch)
        for comparison in report.comparisons
        if comparison.batch and comparison.batch.reduction != "none"
    ]
    if not reduced:
        every = (_estimated_rows(report, comparison) for comparison in report.comparisons)
        rows = chain.from_iterable(every)
        if report.segments:
            header = (*HEADER, *ESTIMATES, *OF_SEGMENT)
            return table(header, _with_segments(report, rows))
        return table((*HEADER, *ESTIMATES), rows)
    from kldiv_cli.core.row_statistics import Spread

    every = (_rows_of_batch(report, comparison, batch) for comparison, batch in reduced)
    return table((*HEADER, "rows", *OF_ROWS, *Spread._fields), chain.from_iterable(every))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a header and rows as CSV; text in them has to be a `cell`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _rows_of_batch(
    report: Report, comparison: Comparison, batch: Batch
) -> Iterator[Sequence[object]]:
    """Yield the rows of measures, and of what else rows have, with the statistics of the rows."""
    measures = _rows(report, comparison)
    for measure, found in zip(measures, batch.by_measure.values(), strict=True):
        yield (*measure, batch.rows, *_statistics(found), *_quantiles(found.quantiles))
    head = cell(comparison.column or "")
    p, q = side_names(report)
    sides = cell(f"{p}, {comparison.q or q}")
    for name, value, other, spread in _beside_measures(batch):
        facts = (head, name, sides, "", number(value), "", "", report.smoothing)
        yield (*facts, batch.rows, *_statistics(other), *_quantiles(spread))


def _beside_measures(
    batch: Batch,
) -> Iterator[tuple[str, float, OfRows | Mean | Derived, Spread | None]]:
    """Yield what rows have beside measures, by its key in the JSON document, with its value."""
    from kldiv_cli.core.row_statistics import Derived, Mean

    shares = {"same_top": batch.same_top, "top_5_agreement": batch.top_5_agreement}
    for name, share in shares.items():
        if share is not None:
            yield name, share.mean, share, None
    targets = batch.targets
    if targets is None:
        return
    for name, found in targets._asdict().items():
        if isinstance(found, Derived):
            yield name, found.value, found, None
        elif isinstance(found, Mean):
            yield name, found.mean, found, targets.delta_p_spread if name == "delta_p" else None


def _statistics(found: OfRows | Mean | Derived) -> Iterator[object]:
    """Yield the mean with its error; empty where nothing is known of it."""
    known = found._asdict()
    for name in OF_ROWS:
        value = known.get(name)
        yield "" if value is None else number(value)


def _quantiles(spread: Spread | None) -> Iterator[object]:
    """Yield the quantiles; empty where rows have a share or a mean alone."""
    from kldiv_cli.core.row_statistics import Spread

    yield from map(number, spread) if spread else ("",) * len(Spread._fields)


def _estimated_rows(report: Report, comparison: Comparison) -> Iterator[Sequence[object]]:
    """Yield the rows of measures, each with its estimate, if there is one."""
    for row in _rows(report, comparison):
        found = comparison.estimates.get(str(row[1]))
        yield (
            *row,
            *(
                map(number, (found.value, found.low, found.high))
                if found
                else ("",) * len(ESTIMATES)
            ),
        )


def _with_segments(report: Report, rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Yield rows of measures, which are of no segment, and then those of all segments."""
    for row in rows:
        yield (*row, *("",) * len(OF_SEGMENT))
    for each in report.segments:
        facts = cell(each.segment), *map(number, (each.part, each.share_p, each.share_q))
        alone = report.comparisons[0]._replace(
            measures=each.measures, error_bounds=each.error_bounds, estimates=each.estimates
        )
        for row in _estimated_rows(report, alone):
            yield (*row, *facts)


def _rows(report: Report, comparison: Comparison) -> Iterator[Sequence[object]]:
    p, q = side_names(report)
    for name, value in comparison.measures.items():
        # A failed run may have been asked for a measure that there is not.
        measure = None if report.error else find(name)
        symbol = spelled(measure.symbol, p, comparison.q or q) if measure else ""
        head = (cell(comparison.column or ""), cell(name), cell(symbol))
        tail = (report.unit if measure and measure.scales else "", report.smoothing)
        pairs = zip(rows_of(value), rows_of(comparison.error_bounds[name]), strict=True)
        for row, pair in enumerate(pairs):
            numbers = [entry if entry == "error" else number(entry) for entry in pair]
            yield (*head, row if isinstance(value, tuple) else "", *numbers, *tail)
