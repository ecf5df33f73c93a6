"""The plain report: 80 columns, one fact a line, made for grep and for the eye."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.core.report import DOUBT
from kldiv_cli.renderers.figures import amount, count, figure, p_value, rough, spelled
from kldiv_cli.renderers.show import columns, pad, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.report import Batch, Comparison, Interval, Report, Side, Value
    from kldiv_cli.renderers import Layout

NAME_WIDTH, LABEL_WIDTH, BAR = 16, 18, 8
HEADLINES = ("kl_pq", "kl_qp", "kl")
SHOWN_ROWS = 10
HEAD_WIDTH = 11


def render(report: Report, layout: Layout) -> str:
    """Return the report as lines of plain text."""
    if report.error:
        return ""
    lines: list[str] = []
    for comparison in report.comparisons:
        if comparison.column is not None:
            title = show(comparison.column, 60, unicode=layout.unicode)
            lines += [""] * bool(lines) + [f"column {title}"]
        lines += _measures(report, comparison, layout)
        lines += _infinite(report, comparison, layout)
        lines += _estimate(report, comparison, layout)
        lines += _batch(report, comparison)
        if len(report.comparisons) == 1:
            lines += _sides(report, comparison, layout)
        lines += _contributions(report, comparison, layout)
    if len(report.comparisons) > 1:
        lines += _sides(report, report.comparisons[0], layout)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def side_names(report: Report, layout: Layout) -> tuple[str, str]:
    """Return what to call the sides, safe to print and short enough for a line."""
    names = (report.p.name, report.q.name) if report.p and report.q else ("p", "q")
    p, q = (show(name, NAME_WIDTH, unicode=layout.unicode) for name in names)
    return p, q


def column_heads(report: Report, layout: Layout) -> tuple[str, str]:
    """Return the names of the sides where they fit over a column of figures, else p and q."""
    p, q = side_names(report, layout)
    return (p, q) if max(columns(p), columns(q)) <= HEAD_WIDTH else ("p", "q")


def values_of(value: Value, bound: Value, infinity: str = "Infinity") -> list[str]:
    """Return a measure's value, or those of the first rows of a batch, as printed."""
    values = value if isinstance(value, tuple) else (value,)
    bounds = bound if isinstance(bound, tuple) else (bound,)
    return [
        figure(one, 0.0 if its_bound == "error" else its_bound, infinity=infinity)
        for one, its_bound in zip(values[:SHOWN_ROWS], bounds[:SHOWN_ROWS], strict=True)
    ]


def _measures(report: Report, comparison: Comparison, layout: Layout) -> Iterator[str]:
    names = side_names(report, layout)
    name_width = max(len(name) for name in comparison.measures) + 2
    for name, value in comparison.measures.items():
        measure = find(name)
        unit = report.unit if measure.scales else ""
        printed = values_of(value, comparison.error_bounds[name])
        symbol = spelled(measure.symbol, *(names if name in HEADLINES else "pq"))
        yield f"{name:<{name_width}}{printed[0]:<13}{unit:<9}{symbol}"
        yield from (f"{'':<{name_width}}{row}" for row in printed[1:])
        if isinstance(value, tuple) and len(value) > len(printed):
            yield f"{'':<{name_width}}and {len(value) - len(printed)} more rows: -f json"


def _infinite(report: Report, comparison: Comparison, layout: Layout) -> Iterator[str]:
    """Say which outcomes make a divergence infinite, and what they weigh."""
    p, q = side_names(report, layout)
    for here, there, outcomes, mass in (
        (p, q, comparison.only_in_p, comparison.mass_only_in_p),
        (q, p, comparison.only_in_q, comparison.mass_only_in_q),
    ):
        if outcomes:
            yield ""
            yield (
                f"only in {here}: {named(outcomes, layout)}"
                f" ({count(len(outcomes), 'outcome')}, probability {figure(mass)})"
            )
            if report.smoothing == "none":
                yield f"  so D({here} || {there}) is infinite"
    if len(comparison.only_in_p) + len(comparison.only_in_q) == comparison.outcomes > 0:
        yield "no outcome is common to both"
    if (comparison.only_in_p or comparison.only_in_q) and report.smoothing == "none":
        yield f"  {advice(report)}"


def advice(report: Report) -> str:
    """Return which smoothing would make every divergence finite."""
    counts = report.p and report.q and {report.p.kind, report.q.kind} <= {"counts", "samples"}
    option = "--smoothing jeffreys" if counts else "--smoothing floor:1e-6"
    return f"{option} would give such outcomes a little mass on both sides"


def named(outcomes: tuple[str, ...], layout: Layout, most: int = 3) -> str:
    """Return the first few outcomes, and how many more there are."""
    texts = [show(outcome, LABEL_WIDTH, unicode=layout.unicode) for outcome in outcomes[:most]]
    more = len(outcomes) - most
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")


def _estimate(report: Report, comparison: Comparison, layout: Layout) -> Iterator[str]:
    if comparison.estimate:
        yield ""
        yield from estimate_lines(report, comparison.estimate, *side_names(report, layout))


def estimate_lines(report: Report, interval: Interval, p: str, q: str) -> Iterator[str]:
    """Say what the samples tell of the distributions behind them."""
    sizes = [
        "known probabilities" if math.isinf(rows) else count(int(rows), "row")
        for rows in (interval.n_p, interval.n_q)
    ]
    yield f"estimated from {sizes[0]} and {sizes[1]}, corrected for bias:"
    if math.isinf(interval.kl):
        yield f"  D({p} || {q}) is infinite"
        yield f"  as {p} has outcomes that are impossible in {q}"
        return
    yield f"  D({p} || {q}) = {rough(max(interval.kl, 0.0))} {report.unit}"
    yield (
        f"  95 % interval {rough(interval.low)} to {rough(interval.high)},"
        f" p-value of no difference {p_value(interval.p_value)}"
    )
    if math.isinf(interval.high):
        yield f"  no upper limit: outcomes of {p} are missing in {q}"
    if interval.high == 0:
        yield "  closer than chance usually brings them: do they share data?"
    if not interval.reliable:
        yield f"  not reliable: {DOUBT}"


def _batch(report: Report, comparison: Comparison) -> Iterator[str]:
    if comparison.batch:
        yield ""
        yield from batch_lines(report, comparison.batch)


def batch_lines(report: Report, batch: Batch) -> Iterator[str]:
    """Say how the rows were reduced, and which call of PyTorch gives the same."""
    yield (
        f"{count(batch.rows, 'row')}, reduction {batch.reduction}; {batch.measure} of a row:"
        f"\n  min {figure(batch.min)}, median {figure(batch.median)}, max {figure(batch.max)}"
    )
    logits = report.p and report.q and report.p.kind == report.q.kind == "logits"
    if logits and batch.measure in ("kl", "kl_pq"):
        scale = "" if report.temperature == 1 else f" / {report.temperature:g}"
        of_rows = ".sum(-1)" if batch.reduction == "none" else ""
        yield (
            f"it is torch's F.kl_div(log_softmax(q{scale}, -1), softmax(p{scale}, -1),"
            f"\n  reduction='{batch.reduction}'){of_rows}"
        )


def _sides(report: Report, comparison: Comparison, layout: Layout) -> Iterator[str]:
    yield ""
    names = side_names(report, layout)
    for letter, name, side in zip("pq", names, (report.p, report.q), strict=True):
        if side:
            yield f"{letter}: {name}, {described(side, comparison.batch)}"
            yield f"   from {show(side.source, 62, unicode=layout.unicode)} ({side.format})"
    if report.smoothing != "none":
        yield f"smoothing: {report.smoothing}, on both sides, over the union of outcomes"


def described(side: Side, batch: Batch | None = None) -> str:
    """Return what a side holds, in words."""
    if side.kind == "samples":
        missing = f", {side.missing:,} missing values" if side.missing else ""
        return f"{count(int(side.total), 'row')}, {count(side.outcomes, 'outcome')}{missing}"
    text = f"{side.kind} of {count(side.outcomes, 'outcome')}"
    if batch or side.kind in ("logits", "log-probs"):
        return text
    return f"{text}, total {amount(side.total)}"


def _contributions(report: Report, comparison: Comparison, layout: Layout) -> Iterator[str]:
    if not comparison.contributions:
        return
    p, q = column_heads(report, layout)
    labels = [
        show(part.outcome, LABEL_WIDTH, unicode=layout.unicode)
        for part in comparison.contributions
    ]
    width = max(len("outcome"), *(columns(label) for label in labels)) + 2
    yield ""
    yield f"what sets them apart, {shown(comparison)}"
    yield f"  {pad('outcome', width)}{pad(p, 12)}{pad(q, 12)}{'kl_pq':<13}{'kl_qp':<13}"
    bars = shares(comparison)
    for label, part, share in zip(labels, comparison.contributions, bars, strict=True):
        yield (
            f"  {pad(label, width)}{figure(part.p):<12}{figure(part.q):<12}"
            f"{figure(part.kl_pq):<13}{figure(part.kl_qp):<13}"
            f"{'#' * round(share * BAR) if math.isfinite(share) else ''}"
        )


def shares(comparison: Comparison) -> list[float]:
    """Return how long the bar of each listed outcome is, by its term of Jeffreys' divergence.

    The largest finite term has length 1; an infinite one has no length, and is infinite.
    """
    terms = [part.kl_pq + part.kl_qp for part in comparison.contributions]
    largest = max((term for term in terms if math.isfinite(term)), default=0.0) or 1.0
    return [term / largest for term in terms]


def shown(comparison: Comparison) -> str:
    """Say how many outcomes are listed, and in which order."""
    listed, every = len(comparison.contributions), comparison.outcomes
    part = count(every, "outcome") if listed == every else f"{listed} of {every} outcomes"
    return f"{part} by their term of jeffreys"
