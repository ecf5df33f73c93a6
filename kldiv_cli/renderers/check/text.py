"""The plain report of a check: 80 columns, a line of figures and the reason for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers import check
from kldiv_cli.renderers.figures import infinity
from kldiv_cli.renderers.show import display_width, folded, pad, show, show_names
from kldiv_cli.renderers.text import origins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.findings import Check, Finding
    from kldiv_cli.renderers import Layout

WIDTH = 80
SIDE_WIDTH = 24
VERDICT_WIDTH = len("inconclusive") + 2
NARROWEST_NAME = 8
INDENT = "  "


def render(report: Check, layout: Layout) -> str:
    """Return the report as lines of plain text, the worst column first."""
    if report.error:
        return ""
    heads, blocks = table(report, layout, WIDTH)
    lines = [*heading(report, layout, WIDTH), "", *heads]
    for _, block in blocks:
        lines += block
    lines += [*excluded_lines(report, layout, WIDTH), "", *folded(check.summary(report), WIDTH)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def heading(report: Check, layout: Layout, width: int, bars: str = "||") -> Iterator[str]:
    """Yield the verdict, the divergence that was estimated, and the contents of both sides."""
    names = show_names(*check.judged_names(report), SIDE_WIDTH, unicode=layout.unicode)
    divergence = f"D({names[0]} {bars} {names[1]})"
    yield from folded(f"{check.headline(report)}: {divergence} in nats", width)
    if not report.current or not report.reference:
        return
    sides = report.current, report.reference
    roles = "current   ", "reference "
    names = show_names(*check.side_names(report), SIDE_WIDTH, unicode=layout.unicode)
    rows = zip(roles, names, sides, origins(*sides, layout, 60), strict=True)
    for role, name, side, origin in rows:
        contents = check.data_contents(report, side)
        yield from hanging_indent(role, f"{name}: {contents}", width)
        yield from hanging_indent(" " * len(role), f"from {origin}", width)


def table(
    report: Check, layout: Layout, width: int
) -> tuple[list[str], list[tuple[Finding, list[str]]]]:
    """Return the head of the table, and each finding with its lines, the worst first.

    The lines of a finding are its verdict, column and figures, and the reason. The figures
    stand below a name that is too long, and without a head where there is no room for names.
    """
    findings = check.worst_first(report)
    longest = width - VERDICT_WIDTH
    titles = map(check.column_name, findings)
    names = [show(title, longest, unicode=layout.unicode) for title in titles]
    heads = ("kl", check.interval_head(report), "threshold")
    rows = [check.figures_of(finding, infinity(layout)) for finding in findings]
    widths = [max(map(display_width, cells)) for cells in zip(heads, *rows, strict=True)]
    room = width - VERDICT_WIDTH - sum(widths) - 2 * (len(widths) - 1)
    name_width = min(room, 2 + max(map(display_width, ("column", *names))))
    blocks = []
    for finding, name, row in zip(findings, names, rows, strict=True):
        verdict = pad(finding.verdict, VERDICT_WIDTH)
        cells = "  ".join(map(pad, row, widths))
        if name_width < NARROWEST_NAME:
            lines = [f"{verdict}{name}"]
            for words in (f"kl {row[0]}, {row[1]}", f"threshold {row[2]}"):
                lines += hanging_indent(INDENT, words, width)
        elif display_width(name) + 2 <= name_width:
            lines = [f"{verdict}{pad(name, name_width)}{cells}"]
        else:
            lines = [f"{verdict}{name}", " " * (VERDICT_WIDTH + name_width) + cells]
        lines += hanging_indent(INDENT, check.explained(finding, layout), width)
        blocks.append((finding, lines))
    if name_width < NARROWEST_NAME:
        return [], blocks
    head = f"{pad('verdict', VERDICT_WIDTH)}{pad('column', name_width)}"
    return [head + "  ".join(map(pad, heads, widths))], blocks


def excluded_lines(report: Check, layout: Layout, width: int) -> Iterator[str]:
    """Yield the columns that were not judged, and why."""
    for left_out in report.excluded:
        words = (show(text, 200, unicode=layout.unicode) for text in left_out)
        yield from hanging_indent(pad("excluded", VERDICT_WIDTH), ": ".join(words), width)


def hanging_indent(head: str, text: str, width: int) -> Iterator[str]:
    """Yield a text folded to the right of its head, which only the first line has."""
    for line in folded(text, width - len(head)):
        yield head + line
        head = " " * len(head)
