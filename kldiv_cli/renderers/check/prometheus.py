"""A check in Prometheus' text format 0.0.4, as the textfile collector of node_exporter reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.findings import WORST_FIRST
from kldiv_cli.core.report import number
from kldiv_cli.renderers.check import numbered, side_names
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.findings import Check, Figure, Finding
    from kldiv_cli.renderers import Layout

GAUGES = {
    "kldiv_kl_nats": "Estimate of D(current || reference).",
    "kldiv_kl_low_nats": "Lower limit of its confidence interval.",
    "kldiv_kl_high_nats": "Upper limit of its confidence interval.",
    "kldiv_threshold_nats": "Largest divergence that is accepted.",
    "kldiv_missing_ratio": "Share of the rows without a value.",
    "kldiv_rows": "Rows; infinite where a side is exactly known.",
    "kldiv_verdict": "1 for the verdict on the column, 0 for the others.",
    "kldiv_success": "1: the check gave an answer. A check that fails leaves the file as it was.",
}
VALUES = {"Infinity": "+Inf", "-Infinity": "-Inf"}


def render(report: Check, layout: Layout) -> str:
    """Return the gauges, each with all its samples; a value that was not computed has none."""
    samples: dict[str, list[str]] = {gauge: [] for gauge in GAUGES}
    if not report.error:
        current, reference = map(show, side_names(report))
        columns = numbered(finding.column or "" for finding in report.columns)
        for column, finding in zip(columns, report.columns, strict=True):
            common = {"column": column, "reference": reference, "current": current}
            for gauge, own, value in _samples(finding):
                if value != "error":
                    labels = ",".join(f'{k}="{_quoted(v)}"' for k, v in (common | own).items())
                    samples[gauge].append(f"{gauge}{{{labels}}} {_value(value)}")
    samples["kldiv_success"] = [f"kldiv_success {int(report.error is None)}"]
    lines = []
    for gauge, found in samples.items():
        if found:
            lines += [f"# HELP {gauge} {GAUGES[gauge]}", f"# TYPE {gauge} gauge", *found]
    return "\n".join(lines) + "\n"


def _samples(finding: Finding) -> Iterator[tuple[str, dict[str, str], Figure]]:
    """Yield gauge, the labels that only this gauge has, and value."""
    yield "kldiv_kl_nats", {}, finding.kl
    yield "kldiv_kl_low_nats", {}, finding.low
    yield "kldiv_kl_high_nats", {}, finding.high
    yield "kldiv_threshold_nats", {}, finding.threshold
    yield "kldiv_missing_ratio", {"side": "reference"}, finding.missing_reference
    yield "kldiv_missing_ratio", {"side": "current"}, finding.missing_current
    yield "kldiv_rows", {"side": "reference"}, finding.n_reference
    yield "kldiv_rows", {"side": "current"}, finding.n_current
    for verdict in WORST_FIRST:
        yield "kldiv_verdict", {"verdict": verdict}, int(finding.verdict == verdict)


def _value(value: Figure) -> str:
    text = str(number(value) if isinstance(value, float) else value)
    return VALUES.get(text, text)


def _quoted(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
