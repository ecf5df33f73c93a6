"""A check: the verdict, a line for each column, the worst first, and what each rests on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.core.findings import (
    DIRECTION,
    MODEL,
    WORST_FIRST,
    is_warned,
    largest_moves,
    only_warns,
)
from kldiv_cli.core.inference.reasons import WARN_ONLY, percent
from kldiv_cli.core.measures import find
from kldiv_cli.core.quantiles import in_words
from kldiv_cli.renderers.document import (
    NOTHING,
    Column,
    Document,
    Facts,
    Lines,
    Row,
    Span,
    Table,
    following,
    joined,
    line,
)
from kldiv_cli.renderers.figures import count, figure, interval_title
from kldiv_cli.renderers.pages import pictures
from kldiv_cli.renderers.pages.segments import MOST_SEGMENTS, splits
from kldiv_cli.renderers.pages.sides import (
    notes_of,
    origin,
    outcome_names,
    side_contents,
    spans_of,
    weighed,
)
from kldiv_cli.renderers.pictures.overview import MOST_ROWS, Entry
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.core.findings import Check, Finding, Segment
    from kldiv_cli.core.report import Side
    from kldiv_cli.renderers.document import Block, Line, Picture

_LAW = "its interval: noncentral chi-square law"
_CENTRED = f"second-order estimate, centred at P = Q; {_LAW}"
METHODS = {
    "kl": f"Zhang-Grabchak estimate; {_LAW}",
    "psi": f"Zhang-Grabchak estimate, centred at P = Q; {_LAW}",
    "js": _CENTRED,
    "js_distance": f"root of a {_CENTRED}",
    "hellinger": f"root of a {_CENTRED}",
    "tv": "conservative estimate and limits, which hold for any spread of the drift",
}
"""What the figures of a measure are that did not pass, if they are of samples …"""
BY_GROUPS = {
    "serial": "corrected for dependent rows by 20 blocks of consecutive rows",
    "cluster": "corrected for dependent rows by their clusters",
}
"""… and where rows were not taken for independent."""
DESIGNED = "plug-in estimate and Rao-Scott law"
"""What both are then, and where rows weigh."""
IF_INDEPENDENT = "a claim is wrong at most once in twenty if rows are independent"
"""The assumption of all that, which stands below an alarm."""
DIGITS = 3
"""Digits of an estimate; its interval says that more would tell nothing."""
MOVES = 3
"""Outcomes of a column that drifted that are shown with their shares."""


def document(report: Check) -> Document:
    """Return the page of a check; of one without an answer nothing."""
    if report.error or not report.current or not report.reference:
        return NOTHING
    names = spans_of(*judged_names(report), lettered=False)
    before, between, end = judged_symbol(report)
    divergence = line(f": {before}", names[0], between, names[1], end, tone=report.verdict)
    title = (*line(headline(report), tone=report.verdict), *divergence)
    blocks: list[Block] = [_sides(report, report.current, report.reference), _overview(report)]
    if report.excluded:
        head = line("excluded", tone="dim")
        facts = [
            (head, (line(Span(column, kind="title"), ": ", Span(reason, kind="words")),))
            for column, reason in report.excluded
        ]
        blocks.append(Facts(tuple(facts)))
    if report.segments:
        blocks += [splits(report.by, report.splits, report.unit), _segments(report)]
    blocks += following("picture", report.picture)
    blocks.append(Lines((line(summary(report), tone="strong"),)))
    key = ("check", report.dataset)
    return Document(title, (*blocks, *notes_of(report.notes)), titled=True, key=key)


def _sides(report: Check, current: Side, reference: Side) -> Facts:
    """Return name, contents and source of both sides."""
    facts = []
    for role, side, other in (
        ("current", current, reference), ("reference", reference, current)
    ):  # fmt: skip
        name = Span(side.name, "", "title", other.name)
        what = line(name, f": {data_contents(report, side)}")
        facts.append((line(role), (what, *weighed(side), origin(side, other))))
    return Facts(tuple(facts))


def _overview(report: Check) -> Picture:
    """Return the picture of all columns, in the place of their table."""
    findings = worst_first(report)
    worst = findings[0]
    sentence = line(Span(column_name(worst), kind="title"), ": ", *explained(worst))
    entries = [entry(finding) for finding in findings]
    before, between, end = judged_symbol(report)
    names = joined([(name,) for name in spans_of(*judged_names(report))], between)
    of = line(f", {before}", *names, end.partition(" in ")[0])
    measure = _measure_head(report)
    unit = report.unit if measure == "kl" else measure
    return pictures.of_divergences(
        entries, unit, (*line(headline(report)), *of), sentence, _table(report)
    )


def entry(finding: Finding) -> Entry:
    """Return the row of a column in the picture of all."""
    value, low, high = finding.value, finding.low, finding.high
    before, after = finding.missing_reference, finding.missing_current
    known = None if low == "error" or high == "error" else (low, high)
    return Entry(
        name=column_name(finding),
        verdict=finding.verdict,
        value=pictures.computed(value),
        interval=known if finding.reliable and not is_exact(finding) else None,
        said=figures_of(finding)[1].replace("∞", "no limit"),
        limit=finding.threshold,
        missing=None if before == "error" or after == "error" else (before, after),
        new=0.0 if finding.new_share == "error" else finding.new_share,
        folded=finding.verdict == "pass" and not is_warned(finding),
    )


def _table(report: Check) -> Table:
    """Return a row for each column, the worst first; one that passes has no more than a line."""
    columns = (
        Column(line("verdict"), number=False),
        Column(line("column"), number=False, names=True),
        *(
            Column(line(head))
            for head in (_measure_head(report), interval_head(report), "threshold")
        ),
    )
    rows = []
    findings = worst_first(report)
    pictured = {finding.column for finding in findings[:MOST_ROWS]}
    for finding in findings:
        passes = finding.verdict == "pass"
        cells = (
            line(finding.verdict, tone=finding.verdict),
            line(Span(column_name(finding), kind="title")),
            *map(line, _figures(report, finding)),
        )
        brief = passes and not only_warns(finding)
        detail = explained(finding)
        if brief and finding.threshold_source == "limit":
            detail = joined(_remarks(finding), "; ")
        drawn: tuple[Block, ...] = ()
        if not brief:
            drawn = tuple(_column(report, finding, pictured=finding.column in pictured))
        folded = passes and not detail
        rows.append(Row(cells, detail, drawn, folded=folded, key=column_name(finding)))
    binned = any(
        each.verdict == "pass" and each.type != MODEL and not is_exact(each)
        for each in report.columns
    )
    below = [line("a pass holds at this binning", tone="dim")] if binned else []
    undecided = [each for each in report.columns if each.verdict != "pass"]
    tested = dict.fromkeys(each.measure for each in undecided if each.p_value is not None)
    below += [line(f"{measure}: {method_of(report, measure)}", tone="dim") for measure in tested]
    if report.dependence is None and tested and report.verdict == "drift":
        below.append(line(IF_INDEPENDENT, tone="dim"))
    return Table(columns, tuple(rows), below=tuple(below))


def method_of(report: Check, measure: str) -> str:
    """Return in words how the figures of a measure were found, of samples."""
    if report.row_weight is not None:
        return f"{DESIGNED}, corrected for weights of rows"
    if report.dependence is None:
        return METHODS[measure]
    return f"{DESIGNED}, {BY_GROUPS[report.dependence]}"


def _segments(report: Check) -> Table:
    """Return a row for each of the worst segments; the others are counted."""
    columns = (
        Column(line("verdict"), number=False),
        Column(line("column in segment"), number=False, names=True),
        *(Column(line(head)) for head in ("part", "share", "estimate", interval_head(report))),
    )
    rows = []
    for each in report.segments[:MOST_SEGMENTS]:
        passes = each.verdict == "pass"
        cells = (
            line(each.verdict, tone=each.verdict),
            segment_title(each),
            line(figure(each.part, digits=DIGITS)),
            line(percent(each.share_current)),
            *map(line, _segment_figures(each)),
        )
        detail = () if passes else line(Span(each.reason.text, kind="words"))
        rows.append(Row(cells, detail, folded=passes))
    left = [segment.verdict for segment in report.segments[MOST_SEGMENTS:]]
    counts = (f"{left.count(verdict)} {verdict}" for verdict in WORST_FIRST if verdict in left)
    below = (line(f"and {len(left):,} more: {', '.join(counts)}", tone="dim"),) if left else ()
    return Table(columns, tuple(rows), below=below)


def segment_title(segment: Segment) -> Line:
    """Return the column and the segment."""
    return line(Span(segment.column, kind="title"), " in ", Span(segment.segment, kind="title"))


def _segment_figures(segment: Segment) -> tuple[str, str]:
    """Return the estimate in a segment and its interval as printed."""
    if segment.value == "error":
        return "-", "-"
    values = (max(segment.value, 0.0), segment.low, segment.high)
    shown, low, high = (figure(value, digits=DIGITS) for value in values)
    value = shown if segment.measure == "kl" else f"{segment.measure} {shown}"
    return value, f"{low} to {high}" if segment.reliable else "not reliable"


def _column(report: Check, finding: Finding, *, pictured: bool) -> Iterator[Block]:
    """Yield the picture of the outcomes of a column, in the place of those that moved most."""
    has_moves = finding.verdict == "drift" and finding.contributions
    if finding.shares is None or not pictured:
        if has_moves:
            yield _moves(finding)
        return
    value, interval, _ = figures_of(finding)
    estimate = "estimate" if finding.measure == "kl" else f"estimate of {finding.measure}"
    below = (
        []
        if is_exact(finding)
        else [
            line(
                f"{estimate} {value}{unit_of(finding)}, corrected for bias;"
                f" {interval_head(report)} {interval}"
            )
        ]
    )
    # The reason of drift tells of them already.
    if finding.verdict != "drift" and (shift := in_words(finding.quantiles or ())):
        below.append(line(shift))
    yield pictures.of_outcomes(
        finding.shares,
        *side_names(report),
        report.unit,
        line(Span(column_name(finding), kind="title"), f": {finding.verdict}"),
        finding.contributions,
        _moves(finding),
        below=tuple(below),
        spare=not has_moves,
    )


def _moves(finding: Finding) -> Table:
    """Return the outcomes that moved most, with their shares of the reference and of current."""
    columns = Column(line("outcome"), number=False, names=True), Column(line("share"))
    rows = []
    for part in largest_moves(finding)[:MOVES]:
        shares = f"{percent(part.q)} → {percent(part.p)}"
        rows.append(Row((line(Span(part.outcome, kind="title")), line(shares))))
    return Table(columns, tuple(rows), headed=False)


def worst_first(report: Check) -> list[Finding]:
    """Return the findings, the worst verdict first, and of each the largest value first.

    What would be drift, had it a limit, precedes what passes.
    """

    def badness(finding: Finding) -> tuple[int, bool, float]:
        size = math.inf if finding.value == "error" else finding.value
        return WORST_FIRST.index(finding.verdict), not is_warned(finding), -size

    return sorted(report.columns, key=badness)


def side_names(report: Check) -> tuple[str, str]:
    """Return the names of P, the current side, and Q, the reference, not yet safe to print."""
    if report.current is None or report.reference is None:
        return "current", "reference"
    return report.current.name, report.reference.name


def judged_names(report: Check) -> tuple[str, str]:
    """Return the names of the sides in the order of the divergence that is judged."""
    current, reference = side_names(report)
    forward = report.direction == DIRECTION
    return (current, reference) if forward else (reference, current)


def column_name(finding: Finding) -> str:
    """Return the name of the column, not yet safe to print; one of blanks alone is quoted."""
    if finding.column is None:
        return "(no column)"
    return finding.column if finding.column.strip() else f"'{finding.column}'"


def numbered(texts: Iterable[str]) -> list[str]:
    r"""Return texts as shown, with a number added to those that would be shown alike.

    A line break and the two characters ``\n`` are shown alike, for instance. Collectors of
    metrics or test results refuse, or drop, the second of two equal names.
    """
    names: list[str] = []
    taken: set[str] = set()
    for text in texts:
        shown = name = show(text)
        number = 1
        while name in taken:
            number += 1
            name = f"{shown} ({number})"
        taken.add(name)
        names.append(name)
    return names


def judged_symbol(report: Check) -> tuple[str, str, str]:
    """Return what stands before, between and behind the sides where the measure is named."""
    measures = {finding.measure for finding in report.columns}
    if len(measures) > 1:
        return "", " and ", ""
    measure = find(measures.pop())
    head, between = measure.symbol.partition("(")[0], " ‖ " if "||" in measure.symbol else ", "
    return f"{head}(", between, ") in nats" if measure.degree == 1.0 else ")"


def _measure_head(report: Check) -> str:
    """Return the head of the column of values: the measure, where all columns have the same."""
    measures = {finding.measure for finding in report.columns}
    return measures.pop() if len(measures) == 1 else "measure"


def _figures(report: Check, finding: Finding) -> tuple[str, str, str]:
    """Return what `figures_of` does, the value with its measure where there are several."""
    value, limits, threshold = figures_of(finding)
    alone = _measure_head(report) == finding.measure
    return value if alone else f"{finding.measure} {value}", limits, threshold


def unit_of(finding: Finding) -> str:
    """Return the unit of the measure that is judged, after a space; nothing if it has none."""
    return " nats" if find(finding.measure).degree == 1.0 else ""


def is_exact(finding: Finding) -> bool:
    """Return whether the divergence is the value itself, not an estimate."""
    return finding.n_reference == finding.n_current == math.inf


def figures_of(finding: Finding) -> tuple[str, str, str]:
    """Return the value of the measure, its interval and the threshold as printed."""
    threshold = "∞" if only_warns(finding) else f"{finding.threshold:.6g}"
    if finding.value == "error":
        return "-", "-", threshold
    if is_exact(finding):
        return figure(finding.value), "exact", threshold
    values = (finding.value, finding.low, finding.high)
    shown, low, high = (figure(value, digits=DIGITS) for value in values)
    return shown, f"{low} to {high}" if finding.reliable else "not reliable", threshold


def interval_head(report: Check) -> str:
    """Return the head of the column of intervals: their level."""
    if all(is_exact(finding) for finding in report.columns):
        return "interval"
    return interval_title(report.alpha)


def explained(finding: Finding) -> Line:
    """Return the reason in words, and what else is to be known of a column."""
    words = [line(Span(finding.reason.text, kind="words")), *_remarks(finding)]
    if finding.verdict == "drift" and (shift := in_words(finding.quantiles or ())):
        words.append(line(shift))
    return joined(words, "; ")


def _remarks(finding: Finding) -> Iterator[Line]:
    """Yield the shares of missing values and of new outcomes; one above its limit is a reason.

    Before them come the other measures that did not pass.
    """
    said = finding.reason.shares
    for one in finding.judged:
        if one.measure != finding.measure and one.verdict != "pass":
            value = figure(one.value, digits=DIGITS)
            yield line(f"{one.measure} {value} against {one.threshold:.6g}: {one.verdict}")
    if finding.pooled_outcomes:
        yield line(f"{finding.pooled_outcomes} outcomes with fewer than 10 effective rows pooled")
    before, after = finding.missing_reference, finding.missing_current
    if "missing-shift" not in said and before != "error" and after != "error" and before + after:
        yield line(f"missing {percent(before)} → {percent(after)}")
    if finding.new_share != "error" and finding.new_share > 0 and "new-share" not in said:
        yield (*line(f"new {percent(finding.new_share)}: "), *outcome_names(finding.new_outcomes))
    if finding.high == 0 and finding.reliable and finding.p_value is not None:
        yield line("closer than chance usually brings them: do they share data?")


def error_words(report: Check) -> Line:
    """Return the error that prevented an answer: where, what, and how to mend it; else nothing."""
    if report.error is None:
        return ()
    where = f"{report.error.where}: " if report.error.where else ""
    advice = f"; help: {report.error.hint}" if report.error.hint else ""
    return line(Span(f"{where}{report.error.message}{advice}", kind="words"))


def data_contents(report: Check, side: Side) -> str:
    """Return in words a side's rows and the share of its values that is missing.

    Of counts and exact distributions these are their outcomes and total: see `side_contents`.
    """
    if side.kind not in ("samples", "profile"):
        return side_contents(side)
    rows = f"{side.total:,} {'row' if side.total == 1 else 'rows'}"
    judged = sum(finding.type != "error" for finding in report.columns)
    values = side.total * judged
    return f"{rows}, {percent(side.missing / values)} of the values missing" if values else rows


def summary(report: Check) -> str:
    """Return the last line: how many columns have each verdict, and how they were tested."""
    shown = [verdict for verdict in WORST_FIRST if verdict != "error" or report.count(verdict)]
    counts = ", ".join(f"{report.count(verdict)} {verdict}" for verdict in shown)
    if warning := sum(map(only_warns, report.columns)):
        counts += f" ({warning} {WARN_ONLY})"
    tests = f"alpha {report.alpha:g}, adjust {report.adjust}, seed {report.seed}"
    if report.segments:
        counts += "; of segments " + ", ".join(
            f"{report.count_segments(verdict)} {verdict}" for verdict in shown
        )
    return f"{counts}; {len(report.excluded)} excluded; {tests}"


def headline(report: Check) -> str:
    """Return the verdict, and how many of the columns have it; of models the verdict."""
    if all(finding.type == MODEL for finding in report.columns):
        return report.verdict
    agreeing, columns = report.count(report.verdict), count(len(report.columns), "column")
    of = "" if agreeing == len(report.columns) else f"{agreeing} of "
    said = f"{report.verdict} in {of}{columns}"
    if report.verdict != "drift" or not report.count_segments("drift"):
        return said
    segments = f"{report.count_segments('drift')} of {count(len(report.segments), 'segment')}"
    return f"{said} and {segments}" if agreeing else f"drift in {segments}"
