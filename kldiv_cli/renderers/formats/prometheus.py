"""A check in Prometheus' text format 0.0.4, as the textfile collector of node_exporter reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.findings import WORST_FIRST
from kldiv_cli.core.report import number
from kldiv_cli.renderers.pages.check import numbered, side_names
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.findings import Check, Figure, Finding, Segment
    from kldiv_cli.renderers import Layout

GAUGES = {
    "kldiv_kl_nats": "Estimate of D({direction}).",
    "kldiv_kl_low_nats": "Lower limit of its confidence interval.",
    "kldiv_kl_high_nats": "Upper limit of its confidence interval.",
    "kldiv_threshold_nats": "Largest divergence that is accepted.",
    "kldiv_threshold_from_history": "1 where that comes from past windows.",
    "kldiv_value": "Estimate of a measure that is judged.",
    "kldiv_limit": "Largest value of it that is accepted.",
    "kldiv_missing_ratio": "Share of the rows without a value.",
    "kldiv_rows": "Rows; infinite where a side is exactly known.",
    "kldiv_verdict": "1 for the verdict on the column, 0 for the others.",
    "kldiv_segment_part_nats": "What a segment adds to the divergence within segments.",
    "kldiv_segment_value": "Estimate of a measure of a column in a segment.",
    "kldiv_segment_rows": "Rows of a segment.",
    "kldiv_segment_verdict": "1 for the verdict on a column in a segment, 0 for the others.",
    "kldiv_success": "1 if the check gave an answer, whatever the verdict, 0 if it failed.",
}
VALUES = {"Infinity": "+Inf", "-Infinity": "-Inf"}


def render(report: Check, layout: Layout) -> str:
    """Return the gauges, each with all its samples; a value that was not computed has none.

    Every sample says which data set it is of: of two that are equal but for their values, which
    two checks of one collector would have, one is dropped, and nobody is told. No label changes
    from run to run as long as the data set and its columns do not.
    """
    samples: dict[str, list[str]] = {gauge: [] for gauge in GAUGES}
    dataset = {"dataset": show(report.dataset)}
    if not report.error:
        _, reference = map(show, side_names(report))
        columns = numbered(finding.column or "" for finding in report.columns)
        for column, finding in zip(columns, report.columns, strict=True):
            common = dataset | {"column": column, "reference": reference}
            for gauge, own, value in _samples(finding):
                if value != "error":
                    samples[gauge].append(_sample(gauge, common | own, value))
        shown = {each.column: name for each, name in zip(report.columns, columns, strict=True)}
        # The worst comes first, which is not the same one in every run.
        names = sorted({each.segment for each in report.segments})
        segments = dict(zip(names, numbered(names), strict=True))
        for each in report.segments:
            common = dataset | {"column": shown[each.column], "reference": reference}
            common["segment"] = segments[each.segment]
            for gauge, own, value in _samples_of_segment(each):
                if value != "error":
                    samples[gauge].append(_sample(gauge, common | own, value))
    samples["kldiv_success"].append(_sample("kldiv_success", dataset, int(report.error is None)))
    lines = []
    for gauge, found in samples.items():
        if found:
            lines += [f"# HELP {gauge} {_help(gauge, report)}", f"# TYPE {gauge} gauge", *found]
    return "\n".join(lines) + "\n"


def _help(gauge: str, report: Check) -> str:
    return GAUGES[gauge].replace("{direction}", report.direction)


def _samples(finding: Finding) -> Iterator[tuple[str, dict[str, str], Figure]]:
    """Yield gauge, the labels that only this gauge has, and value."""
    yield "kldiv_kl_nats", {}, finding.kl
    for one in finding.judged or [finding]:
        if one.measure == "kl":
            yield "kldiv_kl_low_nats", {}, one.low
            yield "kldiv_kl_high_nats", {}, one.high
            yield "kldiv_threshold_nats", {}, one.threshold
            if one.threshold_source == "history":
                yield "kldiv_threshold_from_history", {}, 1
        yield "kldiv_value", {"measure": one.measure}, one.value
        yield "kldiv_limit", {"measure": one.measure}, one.threshold
    yield "kldiv_missing_ratio", {"side": "reference"}, finding.missing_reference
    yield "kldiv_missing_ratio", {"side": "current"}, finding.missing_current
    yield "kldiv_rows", {"side": "reference"}, finding.n_reference
    yield "kldiv_rows", {"side": "current"}, finding.n_current
    for verdict in WORST_FIRST:
        yield "kldiv_verdict", {"verdict": verdict}, int(finding.verdict == verdict)


def _samples_of_segment(segment: Segment) -> Iterator[tuple[str, dict[str, str], Figure]]:
    """Yield what `_samples` does, of a column in a segment."""
    yield "kldiv_segment_part_nats", {}, segment.part
    yield "kldiv_segment_value", {"measure": segment.measure}, segment.value
    yield "kldiv_segment_rows", {"side": "reference"}, segment.n_reference
    yield "kldiv_segment_rows", {"side": "current"}, segment.n_current
    for verdict in WORST_FIRST:
        yield "kldiv_segment_verdict", {"verdict": verdict}, int(segment.verdict == verdict)


def _sample(gauge: str, labels: dict[str, str], value: Figure) -> str:
    """Return a gauge's line with its labels and its value."""
    text = str(number(value) if isinstance(value, float) else value)
    pairs = ",".join(f'{name}="{_quoted(label)}"' for name, label in labels.items())
    return f"{gauge}{{{pairs}}} {VALUES.get(text, text)}"


def _quoted(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
