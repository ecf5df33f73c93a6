"""A check as CSV: one row for each column, measure and direction; the estimate comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.core.report import number
from kldiv_cli.renderers.figures import spelled
from kldiv_cli.renderers.formats.csv import table
from kldiv_cli.renderers.pages.check import judged_names, side_names
from kldiv_cli.renderers.show import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.findings import Check, Finding, Judged
    from kldiv_cli.renderers import Layout

EVIDENCE = (
    "low", "high", "threshold", "verdict", "reason", "p_value", "p_drift", "p_drift_adjusted",
    "p_pass", "reliable", "rows_needed", "n_reference", "n_current", "missing_reference",
    "missing_current", "new_share", "outcomes", "kl_unclamped", "threshold_source",
)  # fmt: skip
OF_SEGMENT = ("segment", "part", "share_reference", "share_current")
HEADER = ("column", "type", "measure", "direction", "value", "unit", *EVIDENCE, *OF_SEGMENT)
"""Rows of segments, where there are some, come last, and alone have what is told of these."""


def render(report: Check, layout: Layout) -> str:
    """Return the table.

    ``kl`` is an estimate, and so is every measure that is judged, whose row has the verdict;
    ``kl_pq`` and the other measures are those of the shares as they were counted, or means over
    the rows of models.
    """
    return table(HEADER, _rows(report))


def _rows(report: Check) -> Iterator[Sequence[object]]:
    for finding in report.columns:
        judged = {one.measure: one for one in finding.judged or [finding]}
        estimates = {"kl": finding.kl} | {name: one.value for name, one in judged.items()}
        for name, value in {**estimates, **finding.measures, **estimates}.items():
            measure = find(name)
            head = (cell(finding.column or ""), finding.type, name)
            # Of models the estimate is of the other direction than `kl_pq`.
            sides = judged_names(report) if name == "kl" else side_names(report)
            direction = cell(spelled(measure.symbol, *sides))
            unit = report.unit if measure.scales else ""
            evidence = _evidence(finding, judged[name]) if name in judged else [""] * len(EVIDENCE)
            yield (*head, direction, _field(value), unit, *evidence, *("",) * len(OF_SEGMENT))
    types = {finding.column: finding.type for finding in report.columns}
    for segment in report.segments:
        measure = find(segment.measure)
        known = segment._asdict() | {
            "reason": segment.reason.code,
            "segment": cell(segment.segment),
        }
        yield (
            cell(segment.column),
            types[segment.column],
            segment.measure,
            cell(spelled(measure.symbol, *side_names(report))),
            _field(segment.value),
            report.unit if measure.scales else "",
            *(_field(known.get(key)) for key in (*EVIDENCE, *OF_SEGMENT)),
        )


def _evidence(finding: Finding, judged: Finding | Judged) -> list[object]:
    """Return the evidence on a measure of a column, and the verdict on it."""
    found = finding._asdict() | judged._asdict() | {"reason": judged.reason.code}
    return [_field(found[key]) for key in EVIDENCE]


def _field(value: object) -> object:
    """Return a boolean in lower case, infinity as a word, and nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number(value)
    return "" if value is None else value
