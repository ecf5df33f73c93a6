"""The plain report of a comparison: 80 columns, one fact a line, made for grep and for the eye.

The facts that other formats print as well are functions of their own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from kldiv_cli.core.measures import find
from kldiv_cli.core.report import DOUBT
from kldiv_cli.renderers import batches, several
from kldiv_cli.renderers.batches import HEADLINES
from kldiv_cli.renderers.figures import (
    amount,
    bars,
    count,
    figure,
    infinity,
    p_value,
    rough,
    spelled,
)
from kldiv_cli.renderers.show import display_width, pad, show, show_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kldiv_cli.core.report import Batch, Comparison, Interval, Report, Side, Value
    from kldiv_cli.renderers import Layout

    Names = tuple[str, str]

NAME_WIDTH, LABEL_WIDTH, BAR = 16, 18, 8
SHOWN_ROWS, SHOWN_OUTCOMES = 10, 3
HEAD_WIDTH = 11
WIDTH = 80


def render(report: Report, layout: Layout) -> str:
    """Return the report as lines of plain text; nothing where there is no answer."""
    if report.error:
        return ""
    if report.others:
        return "\n".join(_several(report, layout)) + "\n"
    names = shown_names(report, layout)
    lines: list[str] = []
    for comparison in report.comparisons:
        if comparison.column is not None:
            title = show(comparison.column, 60, unicode=layout.unicode)
            lines += [""] * bool(lines) + [f"column {title}"]
        lines += _measures(report, comparison, names)
        lines += _exclusive_outcomes(report, comparison, layout, names)
        if comparison.estimate:
            lines += ["", *estimate_lines(report, comparison.estimate, *names)]
        if comparison.batch:
            lines += ["", *_batch(report, comparison, comparison.batch, layout)]
        if len(report.comparisons) == 1:
            lines += _sides(report, layout)
        if comparison.contributions:
            lines += _contributions(comparison, layout, names)
    if len(report.comparisons) > 1:
        lines += _sides(report, layout)
    if report.failed:
        lines += ["", *(f"failed: {words}" for words in exceeded(report, layout))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _several(report: Report, layout: Layout) -> Iterator[str]:
    """Yield P beside several Qs as one table, and where all of them are from."""

    def shown(name: str) -> str:
        return show(name, 2 * NAME_WIDTH, unicode=layout.unicode)

    assert report.p is not None
    yield several.heading(report, shown(report.p.name))
    yield from batches.aligned(several.table(report, layout, shown))
    yield from several.notes_below(report)
    yield ""
    for side in (report.p, *report.others):
        contents = side_contents(side, report.comparisons[0].batch)
        yield f"{shown(side.name)}: {contents}"
        yield f"   from {show(side.source, 62, unicode=layout.unicode)} ({side.format})"
    if report.smoothing != "none":
        yield f"smoothing: {report.smoothing}, on both sides, over the union of outcomes"
    if report.failed:
        yield from ("", *(f"failed: {words}" for words in exceeded(report, layout)))


def side_names(report: Report) -> Names:
    """Return the names of P and Q, not yet safe to print."""
    p, q = (
        side.name if side else word for side, word in zip((report.p, report.q), "pq", strict=True)
    )
    return p, q


def shown_names(report: Report, layout: Layout) -> Names:
    """Return the names of P and Q, safe to print and short enough for a line."""
    return show_names(*side_names(report), NAME_WIDTH, unicode=layout.unicode)


def column_heads(names: Names) -> Names:
    """Return the names of the sides where they fit over a column of figures, else p and q."""
    return names if max(map(display_width, names)) <= HEAD_WIDTH else ("p", "q")


def rows_of(value: Value) -> tuple[float | Literal["error"], ...]:
    """Return the values of a measure: of a batch that was not reduced, a value for each row."""
    return value if isinstance(value, tuple) else (value,)


def measure_rows(
    report: Report, comparison: Comparison, name: str, names: Names, infinity: str = "Infinity"
) -> list[tuple[str, str, str, str]]:
    """Return name, value, unit and symbol of a measure as printed.

    Of a batch that was not reduced, the first values are returned, each as a row of its own
    whose name, unit and symbol are empty after the first.
    """
    measure = find(name)
    value, bound = comparison.measures[name], comparison.error_bounds[name]
    pairs = zip(rows_of(value)[:SHOWN_ROWS], rows_of(bound)[:SHOWN_ROWS], strict=True)
    first, *rest = (figure(number, limit, infinity=infinity) for number, limit in pairs)
    unit = report.unit if measure.scales else ""
    head = (name, first, unit, spelled(measure.symbol, *names))
    return [head, *(("", number, "", "") for number in rest)]


def _measures(report: Report, comparison: Comparison, names: Names) -> Iterator[str]:
    width = max(map(len, comparison.measures)) + 2
    for name, values in comparison.measures.items():
        sides = names if name in HEADLINES else ("p", "q")
        rows = measure_rows(report, comparison, name, sides)
        for title, value, unit, symbol in rows:
            yield f"{title:<{width}}{value:<13}{unit:<9}{symbol}"
        if len(rows_of(values)) > len(rows):
            yield f"{'':<{width}}and {len(rows_of(values)) - len(rows)} more rows: -f json"


def exclusive_outcomes(
    comparison: Comparison, p: str, q: str
) -> list[tuple[str, str, tuple[str, ...], str]]:
    """Return the side that has outcomes of its own, the other side, these, and their mass."""
    of_p = (p, q, comparison.only_in_p, figure(comparison.mass_only_in_p))
    of_q = (q, p, comparison.only_in_q, figure(comparison.mass_only_in_q))
    return [side for side in (of_p, of_q) if side[2]]


def exclusive_lines(
    report: Report, comparison: Comparison, layout: Layout, names: Names
) -> Iterator[tuple[str, str, str, str]]:
    """Yield the outcomes that one side alone has: head, labels, extent, and what follows of it.

    Nothing follows where smoothing made every divergence finite.
    """
    for owner, lacking, outcomes, mass in exclusive_outcomes(comparison, *names):
        extent = f"({count(len(outcomes), 'outcome')}, probability {mass})"
        infinite = f"\n  so D({owner} {bars(layout)} {lacking}) is infinite"
        rest = infinite if report.smoothing == "none" else ""
        yield f"only in {owner}: ", outcome_names(outcomes, layout), extent, rest


def _exclusive_outcomes(
    report: Report, comparison: Comparison, layout: Layout, names: Names
) -> Iterator[str]:
    for head, labels, extent, infinite in exclusive_lines(report, comparison, layout, names):
        yield ""
        yield f"{head}{labels} {extent}{infinite}"
    exclusive = len(comparison.only_in_p) + len(comparison.only_in_q)
    if exclusive == comparison.outcomes > 0:
        yield "no outcome is common to both"
    if exclusive and report.smoothing == "none":
        yield f"  {smoothing_advice(report)}"


def smoothing_advice(report: Report) -> str:
    """Return which smoothing would make every divergence finite."""
    counts = report.p and report.q and {report.p.kind, report.q.kind} <= {"counts", "samples"}
    option = "--smoothing jeffreys" if counts else "--smoothing floor:1e-6"
    return f"{option} would give such outcomes a little mass on both sides"


def first_few(outcomes: tuple[str, ...], shown: Callable[[str], str]) -> str:
    """Return the first outcomes as `shown` prints them, and how many more there are."""
    more = len(outcomes) - SHOWN_OUTCOMES
    text = ", ".join(map(shown, outcomes[:SHOWN_OUTCOMES]))
    return f"{text} and {more} more" if more > 0 else text


def outcome_names(outcomes: tuple[str, ...], layout: Layout) -> str:
    """Return the first outcomes, safe to print, and how many more there are."""
    return first_few(outcomes, lambda label: show(label, LABEL_WIDTH, unicode=layout.unicode))


def estimate_lines(report: Report, interval: Interval, p: str, q: str) -> Iterator[str]:
    """Yield what the samples tell of D(P || Q) of the distributions behind them."""
    p_rows, q_rows = _sample_size(interval.n_p), _sample_size(interval.n_q)
    yield f"estimated from {p_rows} and {q_rows}, corrected for bias:"
    if math.isinf(interval.kl):
        yield f"  D({p} || {q}) is infinite"
        yield f"  as {p} has outcomes that are impossible in {q}"
        return
    yield f"  D({p} || {q}) = {rough(max(interval.kl, 0.0))} {report.unit}"
    limits = f"{rough(interval.low)} to {rough(interval.high)}"
    yield f"  95 % interval {limits}, p-value of no difference {p_value(interval.p_value)}"
    if math.isinf(interval.high):
        yield f"  no upper limit: outcomes of {p} are missing in {q}"
    if interval.high == 0:
        yield "  closer than chance usually brings them: do they share data?"
    if not interval.reliable:
        yield f"  not reliable: {DOUBT}"


def _sample_size(rows: float) -> str:
    return "known probabilities" if math.isinf(rows) else count(int(rows), "row")


def _batch(report: Report, comparison: Comparison, batch: Batch, layout: Layout) -> Iterator[str]:
    for part in batches.batch_parts(report, comparison, batch, layout):
        if isinstance(part, str):
            yield part
        else:
            yield from batches.aligned(batches.fitting(part, WIDTH))


def exceeded(report: Report, layout: Layout) -> Iterator[str]:
    """Yield each limit that was passed in words: ``kl_pq 0.31 is above 0.05``."""
    for column, row, measure, value, limit, q in report.failed:
        name = q if report.others else column
        of_column = "" if name is None else f"{show(name, 60, unicode=layout.unicode)}: "
        of_row = "" if row is None else f" of row {row}"
        shown = figure(value, infinity=infinity(layout))
        if shown == figure(limit):
            shown = str(value)
        yield f"{of_column}{measure}{of_row} {shown} is above {limit!r}"


def origins(p: Side, q: Side, layout: Layout, width: int) -> Names:
    """Return source and format of both sides; sources that differ never look alike."""
    p_source, q_source = show_names(p.source, q.source, width, unicode=layout.unicode)
    return f"{p_source} ({p.format})", f"{q_source} ({q.format})"


def side_facts(report: Report, layout: Layout, width: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield letter, name, contents and origin of both sides."""
    if report.p and report.q:
        names, sides = shown_names(report, layout), (report.p, report.q)
        sources = origins(*sides, layout, width)
        for letter, name, side, origin in zip("pq", names, sides, sources, strict=True):
            yield letter, name, side_contents(side, report.comparisons[0].batch), origin


def _sides(report: Report, layout: Layout) -> Iterator[str]:
    yield ""
    for letter, name, contents, origin in side_facts(report, layout, 62):
        yield f"{letter}: {name}, {contents}"
        yield f"   from {origin}"
    if report.smoothing != "none":
        yield f"smoothing: {report.smoothing}, on both sides, over the union of outcomes"


def side_contents(side: Side, batch: Batch | None = None) -> str:
    """Return in words the kind of a side's numbers, its outcomes, and its total or rows."""
    if side.kind == "samples":
        missing = f", {side.missing:,} missing values" if side.missing else ""
        return f"{count(int(side.total), 'row')}, {count(side.outcomes, 'outcome')}{missing}"
    text = f"{side.kind} of {count(side.outcomes, 'outcome')}"
    if batch or side.kind in ("logits", "log-probs"):
        return text
    return f"{text}, total {amount(side.total)}"


def _contributions(comparison: Comparison, layout: Layout, names: Names) -> Iterator[str]:
    p, q = column_heads(names)
    parts = comparison.contributions
    labels = [show(part.outcome, LABEL_WIDTH, unicode=layout.unicode) for part in parts]
    width = max(map(display_width, ("outcome", *labels))) + 2
    yield ""
    yield f"what sets them apart, {ranking(comparison)}"
    yield f"  {pad('outcome', width)}{pad(p, 12)}{pad(q, 12)}{'part':<12}"
    for label, part, length in zip(labels, parts, bar_lengths(comparison), strict=True):
        shares = f"{figure(part.p):<12}{figure(part.q):<12}"
        term = f"{figure(part.part):<12}"
        bar = "#" * round(length * BAR) if math.isfinite(length) else ""
        yield f"  {pad(label, width)}{shares}{term}{bar}"


def bar_lengths(comparison: Comparison) -> list[float]:
    """Return the length of each contribution's bar, by its part of the divergence.

    The largest finite part has length 1; an infinite one has no length, and is infinite.
    """
    terms = [each.part for each in comparison.contributions]
    largest = max((term for term in terms if math.isfinite(term)), default=0.0) or 1.0
    return [term / largest for term in terms]


def ranking(comparison: Comparison) -> str:
    """Return how many of the outcomes the contributions name, and how they are ranked."""
    named, every = len(comparison.contributions), comparison.outcomes
    part = count(every, "outcome") if named == every else f"{named} of {every} outcomes"
    return f"{part} by their part of kl_pq"
