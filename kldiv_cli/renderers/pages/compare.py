"""A comparison: the divergence in both directions first, then what it rests on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from kldiv_cli.core.inference.p_values import digits, name_of_test
from kldiv_cli.core.inference.reasons import percent
from kldiv_cli.core.measures import BOTH_DIRECTIONS, DEFAULT_MEASURES, find
from kldiv_cli.core.quantiles import in_words
from kldiv_cli.core.report import DOUBT
from kldiv_cli.renderers.document import (
    NOTHING,
    Column,
    Document,
    Folded,
    Heading,
    Lines,
    Row,
    Span,
    Table,
    following,
    line,
)
from kldiv_cli.renderers.figures import count, figure, interval_title, rough
from kldiv_cli.renderers.pages import pictures
from kldiv_cli.renderers.pages.segments import DIGITS, MOST_SEGMENTS, splits
from kldiv_cli.renderers.pages.sides import (
    notes_of,
    outcome_names,
    side_facts,
    side_names,
    spans_of,
    symbol_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.core.report import Comparison, Interval, Report, Value
    from kldiv_cli.renderers.document import Block, Line, Picture
    from kldiv_cli.renderers.pages.sides import Names
    from kldiv_cli.renderers.pictures.overview import Entry

SHOWN_ROWS = 10
"""Rows of a batch that was not reduced whose values are shown."""
LETTERS = Span("p"), Span("q")
FEW = 3
"""Columns whose details are shown; of more only those of the farthest apart."""


def document(report: Report) -> Document:
    """Return the page of one pair of distributions, or of the columns of raw rows."""
    if report.error or not report.p or not report.q:
        return NOTHING
    names = spans_of(*side_names(report))
    blocks: list[Block] = [*failed_limits(report)]
    comparisons = report.comparisons
    if len(comparisons) > 1:
        comparisons = tuple(sorted(comparisons, key=_nearness))
        blocks.append(_overview(report, comparisons, names))
        comparisons = comparisons[:FEW]
    for comparison in comparisons:
        if comparison.column is not None:
            blocks.append(Heading(line("column ", Span(comparison.column, kind="title"))))
        blocks += _comparison(report, comparison, names)
    if report.segments:
        blocks += [splits(report.by, report.splits, report.unit), _segments(report, names)]
    blocks.append(side_facts(report.p, report.q, report.comparisons[0].batch))
    if report.smoothing != "none":
        blocks.append(smoothing_line(report))
    blocks += _further(report, comparisons)
    blocks += following("as a check", report.as_check)
    key = ("compare", *side_names(report))
    return Document(_title(report, names), (*blocks, *notes_of(report.notes)), key=key)


def _title(report: Report, names: Names) -> Line:
    """Return the names of the sides, and the first number that was asked for."""
    comparisons = report.comparisons
    if len(comparisons) > 1:
        farthest = Span(min(comparisons, key=_nearness).column or "", kind="title")
        return line(names[0], " and ", names[1], ": farthest apart in ", farthest)
    measure = next(iter(comparisons[0].measures))
    if isinstance(comparisons[0].measures[measure], tuple):
        return line(names[0], " and ", names[1])
    unit = f" {report.unit}" if find(measure).scales else ""
    found = f" = {_figure_of(comparisons[0], measure)}{unit}"
    return line(*symbol_line(find(measure).symbol, names), found)


def failed_limits(report: Report) -> Iterator[Lines]:
    """Yield each limit that was passed in words: ``failed: kl_pq 0.31 is above 0.05``."""
    lines = []
    for column, row, measure, value, limit, q in report.failed:
        name = q if report.others else column
        of_column = () if name is None else (Span(name, "drift", "title"), ": ")
        of_row = "" if row is None else f" of row {row}"
        shown = figure(value)
        if shown == figure(limit):
            shown = str(value)
        said = f"{measure}{of_row} {shown} is above {limit!r}"
        lines.append(line("failed: ", *of_column, said, tone="drift"))
    if lines:
        yield Lines(tuple(lines))


def smoothing_line(report: Report) -> Lines:
    """Return how both sides were smoothed."""
    said = f"smoothing: {report.smoothing}, on both sides, over the union of outcomes"
    return Lines((line(said),))


def is_selection(report: Report) -> bool:
    """Return whether measures were asked for by name, so that all of them are shown."""
    return {*report.comparisons[0].measures} != {*DEFAULT_MEASURES}


def _nearness(comparison: Comparison) -> float:
    """Return a key that sorts the columns that are farthest apart first."""
    estimate = comparison.estimate
    value = estimate.kl if estimate else next(iter(comparison.measures.values()))
    return -value if isinstance(value, float | int) else -math.inf


def _overview(report: Report, comparisons: tuple[Comparison, ...], names: Names) -> Picture:
    """Return the picture of all columns, in the place of their table."""
    entries = [_entry(comparison) for comparison in comparisons]
    measure = next(iter(comparisons[0].measures))
    judged = "estimate of kl_pq" if comparisons[0].estimate else measure
    title = line(f"{judged} of each column, ", names[0], " and ", names[1])
    sentence = line("the farthest apart is ", Span(entries[0].name, kind="title"))
    unit = report.unit if comparisons[0].estimate or find(measure).scales else measure
    return pictures.of_divergences(entries, unit, title, sentence, _columns(report, comparisons))


def _entry(comparison: Comparison) -> Entry:
    """Return the row of a column in the picture of all: its estimate, or its first measure."""
    from kldiv_cli.renderers.pictures.overview import Entry

    name, estimate = comparison.column or "", comparison.estimate
    if estimate is None:
        value = rows_of(next(iter(comparison.measures.values())))[0]
        return Entry(name, "", pictures.computed(value), None)
    known = estimate.reliable and math.isfinite(estimate.kl)
    return Entry(
        name=name,
        verdict="",
        value=estimate.kl,
        interval=(estimate.low, estimate.high) if known else None,
        said=_interval_cells(estimate)[1].replace("∞", "no limit"),
    )


def _columns(report: Report, comparisons: tuple[Comparison, ...]) -> Table:
    """Return a row for each column: its measures, and the estimate with its interval."""
    names = [*_main_measures(report)]
    estimated = any(comparison.estimate for comparison in comparisons)
    heads = [*names, *(["estimate of kl_pq", interval_title(report.alpha)] if estimated else [])]
    columns = (
        Column(line("column"), number=False, names=True),
        # The estimate stays longest where there is one.
        *(Column(line(head), rank=len(heads) + place) for place, head in enumerate(names)),
        *(Column(line(head), rank=place) for place, head in enumerate(heads[len(names) :])),
    )
    rows = []
    for comparison in comparisons:
        cells = [_figure_of(comparison, name) for name in names]
        if estimated:
            cells += _interval_cells(comparison.estimate)
        rows.append(Row((line(Span(comparison.column or "", kind="title")), *map(line, cells))))
    above = f"{count(len(rows), 'column')} in {report.unit}, the farthest apart first"
    below = []
    if any(_is_infinite_of_rows(comparison) for comparison in comparisons):
        said = "kl_pq is infinite where q has no row of an outcome; the estimate allows for chance"
        below.append(line(said, tone="dim"))
    if len(rows) > FEW:
        said = f"details of the first {FEW}; of the others with --column NAME"
        below.append(line(said, tone="dim"))
    return Table(columns, tuple(rows), line(above), tuple(below))


def _interval_cells(estimate: Interval | None) -> list[str]:
    if estimate is None:
        return ["", ""]
    if math.isinf(estimate.kl):
        return [figure(estimate.kl), ""]
    limits = f"{rough(estimate.low)} to {rough(estimate.high)}"
    return [rough(estimate.kl), limits if estimate.reliable else "not reliable"]


def _comparison(report: Report, comparison: Comparison, names: Names) -> Iterator[Block]:
    """Yield what is said of one pair of distributions."""
    estimate = [*_estimate(report, comparison, names)] if comparison.estimate else []
    if len(report.comparisons) == 1:
        table = _measures(report, comparison, _main_measures(report), names)
        yield table._replace(below=(*table.below, *estimate))
    elif estimate:
        yield Lines(tuple(estimate))
    yield from _exclusive_outcomes(report, comparison, names)
    if comparison.batch:
        from kldiv_cli.renderers.pages.batch import blocks

        yield from blocks(report, comparison, comparison.batch)
    table = _contributions(comparison, names)
    if comparison.shares is not None:
        title = line("D(", names[0], " ‖ ", names[1], ")")
        if comparison.column is not None:
            title = (*line(Span(comparison.column, kind="title")), *line(": "), *title)
        yield pictures.of_outcomes(
            comparison.shares,
            *side_names(report),
            report.unit,
            title,
            comparison.contributions,
            table,
            below=tuple(_below(report, comparison)),
            spare=not comparison.contributions,
        )
    elif comparison.contributions:
        yield table


def _segments(report: Report, names: Names) -> Table:
    """Return a row for each segment that adds much: its part, its shares, and what is in it.

    That is the estimate with its interval where there is one, else the first measure.
    """
    p, q = names
    measure = next(iter(report.comparisons[0].measures))
    estimated = any(each.estimate for each in report.segments)
    heads = ("estimate of kl_pq", interval_title(report.alpha)) if estimated else (measure,)
    columns = (
        Column(line("segment"), number=False, names=True),
        Column(line("part")),
        Column(line(p._replace(tone="p"))),
        Column(line(q._replace(tone="q"))),
        *(Column(line(head), rank=place) for place, head in enumerate(heads)),
    )
    rows = []
    for each in report.segments[:MOST_SEGMENTS]:
        lacking = q if not each.share_q else p if not each.share_p else None
        value = rows_of(each.measures[measure])[0]
        known = _interval_cells(each.estimate) if estimated else [figure(value)]
        if lacking is not None:
            known = ["-"] * len(heads)
        shares = percent(each.share_p), percent(each.share_q)
        cells = (figure(each.part, digits=DIGITS), *shares, *known)
        detail = () if lacking is None else line(lacking, " has nothing of it")
        rows.append(Row((line(Span(each.segment, kind="title")), *map(line, cells)), detail))
    left = len(report.segments) - len(rows)
    below = (line(f"and {left:,} more, with smaller parts", tone="dim"),) if left else ()
    return Table(columns, tuple(rows), below=below)


def _below(report: Report, comparison: Comparison) -> Iterator[Line]:
    """Yield what the samples tell, and how far the quantiles of numbers have shifted."""
    if comparison.estimate:
        value, interval = _interval_cells(comparison.estimate)
        said = f"; 95 % interval {interval}" if interval else ""
        yield line(f"estimate {value} {report.unit}, corrected for bias{said}")
    if shift := in_words(comparison.quantiles or ()):
        yield line(shift)


def _main_measures(report: Report) -> Iterator[str]:
    """Yield the measures that are shown first: those asked for, else both directions of KL."""
    for name in report.comparisons[0].measures:
        if is_selection(report) or name in BOTH_DIRECTIONS:
            yield name


def _further(report: Report, comparisons: Iterable[Comparison]) -> Iterator[Folded]:
    """Yield the measures that nobody asked for."""
    if is_selection(report):
        return
    names = [name for name in DEFAULT_MEASURES if name not in BOTH_DIRECTIONS]
    blocks: list[Block] = []
    for comparison in comparisons:
        if comparison.column is not None:
            blocks.append(Heading(line("column ", Span(comparison.column, kind="title"))))
        blocks.append(_measures(report, comparison, names, LETTERS))
    yield Folded("further measures", tuple(blocks), "--all-measures")


def rows_of(value: Value) -> tuple[float | Literal["error"], ...]:
    """Return the values of a measure: of a batch that was not reduced, a value for each row."""
    return value if isinstance(value, tuple) else (value,)


def _figure_of(comparison: Comparison, name: str) -> str:
    """Return the value of a measure, or the first of several, as printed."""
    value, bound = comparison.measures[name], comparison.error_bounds[name]
    return figure(rows_of(value)[0], rows_of(bound)[0])


def _measures(
    report: Report, comparison: Comparison, measures: Iterable[str], sides: Names
) -> Table:
    """Return measures with value, unit and symbol; jeffreys and psi, which are one, once.

    Beside them are the estimates and their intervals, where they are of more than the directions
    of KL, which have an estimate of their own below.
    """
    measures = [*measures]
    estimated = not {*measures} & {*comparison.estimates} <= {*BOTH_DIRECTIONS}
    once = {"jeffreys", "psi"} <= {*measures}
    rows, below = [], []
    for name in measures:
        if once and name == "psi":
            continue
        title = "jeffreys, psi" if once and name == "jeffreys" else name
        measure = find(name)
        values, bounds = rows_of(comparison.measures[name]), rows_of(comparison.error_bounds[name])
        pairs = zip(values[:SHOWN_ROWS], bounds[:SHOWN_ROWS], strict=True)
        first, *rest = (line(figure(value, bound)) for value, bound in pairs)
        unit = report.unit if measure.scales else ""
        symbol = symbol_line(measure.symbol, sides if name in BOTH_DIRECTIONS else LETTERS)
        found = _estimated_cells(comparison, name) if estimated else []
        rows.append(Row((line(title), first, line(unit), *found, symbol)))
        rows += [Row(((), number, (), ())) for number in rest]
        if len(values) > SHOWN_ROWS:
            below.append(line(f"{name}: {len(values) - SHOWN_ROWS} more rows: -f json"))
    heads = ("estimate", interval_title(report.alpha)) if estimated else ()
    columns = (
        Column(line("measure"), number=False),
        Column(line("value")),
        Column(line("unit"), number=False),
        *(Column(line(head)) for head in heads),
        Column((), number=False, rank=1),
    )
    return Table(columns, tuple(rows), below=tuple(below), headed=estimated)


def _estimated_cells(comparison: Comparison, name: str) -> list[Line]:
    """Return the estimate of a measure and its interval; nothing where it has none."""
    found = comparison.estimates.get(name)
    if found is None or comparison.estimate is None:
        return [(), ()]
    of_measure = comparison.estimate._replace(kl=found.value, low=found.low, high=found.high)
    return [*map(line, _interval_cells(of_measure))]


def _exclusive_outcomes(report: Report, comparison: Comparison, names: Names) -> Iterator[Lines]:
    """Yield the outcomes that one side alone has, and what follows of it.

    Nothing follows where smoothing made every divergence finite.
    """
    p, q = names
    lines: list[Line] = []
    for owner, lacking, outcomes, mass in (
        (p, q, comparison.only_in_p, comparison.mass_only_in_p),
        (q, p, comparison.only_in_q, comparison.mass_only_in_q),
    ):
        if outcomes:
            extent = f" ({count(len(outcomes), 'outcome')}, probability {figure(mass)})"
            head = line("only in ", owner, ": ", tone="strong")
            lines.append((*head, *outcome_names(outcomes), Span(extent, "dim")))
            if report.smoothing == "none":
                lines.append(line("  so D(", owner, " ‖ ", lacking, ") is infinite"))
    exclusive = len(comparison.only_in_p) + len(comparison.only_in_q)
    if exclusive == comparison.outcomes > 0:
        lines.append(line("no outcome is common to both"))
    if exclusive and report.smoothing == "none":
        lines.append(line(f"  {_smoothing_advice(report)}", tone="dim"))
    if lines:
        yield Lines(tuple(lines))


def _smoothing_advice(report: Report) -> str:
    """Return which smoothing would make every divergence finite."""
    counts = report.p and report.q and {report.p.kind, report.q.kind} <= {"counts", "samples"}
    counts = counts and report.row_weight is None
    option = "--smoothing jeffreys" if counts else "--smoothing floor:1e-6"
    return f"{option} would give such outcomes a little mass on both sides"


def _estimate(report: Report, comparison: Comparison, names: Names) -> Iterator[Line]:
    """Yield what the samples tell of D(P || Q) of the distributions behind them."""
    p, q = names
    interval = comparison.estimate
    assert interval is not None
    if math.isinf(interval.kl):
        why = line(", as ", p, " has outcomes that are impossible in ", q)
        yield (*line("estimate of kl_pq: infinite"), *why)
        return
    value = f"{rough(interval.kl)} {report.unit}"
    limits = f"{rough(interval.low)} to {rough(interval.high)}"
    found = line(
        "estimate of kl_pq: ", Span(value, "strong"), f", {interval_title(report.alpha)} {limits}"
    )
    yield (*found, *_beside_infinity(comparison, interval, q))
    rows = f"{_sample_size(interval.n_p)} and {_sample_size(interval.n_q)}"
    how = "bias (Zhang-Grabchak)" if report.row_weight is None else "bias and weights (Rao-Scott)"
    yield line(f"  from {rows}, corrected for {how}")
    chance = digits(interval.p_value, interval.p_value_exceedances)
    test = interval.p_value_test
    drawn = interval.p_value_draws, interval.p_value_exceedances
    named = f" ({name_of_test(test, *drawn)})" if test else ""
    yield line(f"  p-value of no difference {chance}{named}")
    if math.isinf(interval.high):
        yield line("  no upper limit: outcomes of ", p, " are missing in ", q)
    if interval.high == 0:
        yield line("  closer than chance usually brings them: do they share data?")
    if not interval.reliable:
        yield line(f"  the interval is not reliable: {DOUBT}")


def _is_infinite_of_rows(comparison: Comparison) -> bool:
    """Return whether the divergence of the shares is infinite, and the estimate is not."""
    estimate = comparison.estimate
    if estimate is None or math.isinf(estimate.kl):
        return False
    return comparison.measures.get("kl_pq") == math.inf and bool(comparison.only_in_p)


def _beside_infinity(comparison: Comparison, interval: Interval, q: Span) -> Line:
    """Return why the estimate is finite where the divergence of the shares is not."""
    if not _is_infinite_of_rows(comparison):
        return ()
    chance = ", which may be chance" if interval.high < math.inf else ""
    lacking = outcome_names(comparison.only_in_p)
    return line("; of the rows alone it is infinite: ", q, " has none of ", *lacking, chance)


def _sample_size(rows: float) -> str:
    return "known probabilities" if math.isinf(rows) else count(int(rows), "row")


def _contributions(comparison: Comparison, names: Names) -> Table:
    """Return the outcomes that set both sides apart, with their parts of the divergence."""
    p, q = names
    columns = (
        Column(line("outcome"), number=False, names=True),
        Column(line(p._replace(tone="p"))),
        Column(line(q._replace(tone="q"))),
        Column(line("part"), rank=1),
    )
    rows = []
    for each in comparison.contributions:
        label = line(Span(each.outcome, kind="label"))
        rows.append(Row((label, *(line(figure(value)) for value in (each.p, each.q, each.part)))))
    named, every = len(rows), comparison.outcomes
    part = count(every, "outcome") if named == every else f"{named} of {every} outcomes"
    above = f"what sets them apart, {part} by their part of kl_pq"
    return Table(columns, tuple(rows), line(above, tone="strong"))
