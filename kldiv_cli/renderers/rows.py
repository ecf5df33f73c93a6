"""The rows of a comparison as CSV: a line for each, with the measures that were asked for."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.report import number
from kldiv_cli.renderers.show import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.report import Report
    from kldiv_cli.core.rows import RowValues
    from kldiv_cli.renderers import Layout

LINES = 4096
"""Rows that make a piece, so that the text of all is never held."""


def pieces(report: Report, layout: Layout) -> Iterator[str]:
    """Yield the table in pieces: the column compared, the number of the row from 0, its numbers.

    The column is empty for whole distributions; one pair of these is one row. Measures are in the
    unit of the report, ``log_p`` and ``log_q`` in nats; ``same_top`` is 1 or 0, and ``delta_p`` is
    a fraction. Of the report of an error there are no pieces.
    """
    if report.error or not report.rows:
        return
    names = tuple(report.comparisons[0].measures)
    beside = tuple(_beside_measures(report.rows[0]))
    yield _lines([("column", "row", *map(cell, names), *beside)])
    for comparison, rows in zip(report.comparisons, report.rows, strict=True):
        columns = [rows.values[name] for name in names]
        columns += _beside_measures(rows).values()
        yield from _of_comparison(cell(comparison.column or ""), columns)


def _beside_measures(rows: RowValues) -> dict[str, NDArray[Any]]:
    """Return what rows have beside measures, as far as it is known."""
    found: dict[str, NDArray[Any]] = {}
    if rows.same_top is not None:
        found["same_top"] = rows.same_top.astype(int)
    if rows.common_top is not None:
        found["top_5_agreement"] = rows.common_top
    if rows.log_p is not None and rows.log_q is not None:
        found |= {"log_p": rows.log_p, "log_q": rows.log_q, "delta_p": rows.of("delta_p")}
    return found


def _of_comparison(head: str, columns: Sequence[NDArray[Any]]) -> Iterator[str]:
    for start in range(0, len(columns[0]), LINES):
        values = zip(*(column[start : start + LINES].tolist() for column in columns), strict=True)
        yield _lines(
            [(head, row, *map(_figure, numbers)) for row, numbers in enumerate(values, start)]
        )


def _figure(value: float | int) -> float | int | str:
    """Return a number of a row as a cell has it, with every digit."""
    return value if isinstance(value, int) else number(value)


def _lines(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
