"""The plain report: 80 columns, a line of figures and the reason for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.check import (
    called,
    explained,
    figures,
    headline,
    held,
    interval_head,
    side_names,
    summary,
    worst_first,
)
from kldiv_cli.renderers.show import columns, folded, pad, show

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
    lines = [*heading(report, layout, WIDTH), "", *heads(report, layout, WIDTH)]
    for _, block in blocks(report, layout, WIDTH):
        lines += block
    lines += [*left_out(report, layout, WIDTH), "", *folded(summary(report), WIDTH)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def heading(report: Check, layout: Layout, width: int, bars: str = "||") -> Iterator[str]:
    """Yield the verdict, what was compared, and what either side holds."""
    current, reference = (
        show(name, SIDE_WIDTH, unicode=layout.unicode) for name in side_names(report)
    )
    yield from folded(f"{headline(report)}: D({current} {bars} {reference}) in nats", width)
    for role, name, side in (
        ("current  ", current, report.current),
        ("reference", reference, report.reference),
    ):
        if side:
            source = show(side.source, 60, unicode=layout.unicode)
            yield from hung(f"{role} ", f"{name}: {held(report, side)}", width)
            yield from hung(" " * (len(role) + 1), f"from {source} ({side.format})", width)


def heads(report: Check, layout: Layout, width: int) -> Iterator[str]:
    """Yield the heads of the figures, where these stand in columns."""
    rows = _figures(report, layout)
    name_width = _name_width(report, layout, rows, width)
    if name_width >= NARROWEST_NAME:
        head = f"{pad('verdict', VERDICT_WIDTH)}{pad('column', name_width)}"
        yield head + "  ".join(map(pad, rows[0], _widths(rows)))


def blocks(report: Check, layout: Layout, width: int) -> Iterator[tuple[Finding, list[str]]]:
    """Yield each finding with its lines: verdict, column and figures, and the reason."""
    rows = _figures(report, layout)
    widths, name_width = _widths(rows), _name_width(report, layout, rows, width)
    for finding, row in zip(worst_first(report), rows[1:], strict=True):
        verdict = pad(finding.verdict, VERDICT_WIDTH)
        name = show(called(finding), width - VERDICT_WIDTH, unicode=layout.unicode)
        cells = "  ".join(map(pad, row, widths))
        if name_width < NARROWEST_NAME:
            kl, interval, threshold = row
            words = f"kl {kl}, {interval}"
            lines = [f"{verdict}{name}", *hung(INDENT, words, width)]
            lines += hung(INDENT, f"threshold {threshold}", width)
        elif columns(name) + 2 <= name_width:
            lines = [f"{verdict}{pad(name, name_width)}{cells}"]
        else:
            lines = [f"{verdict}{name}", " " * (VERDICT_WIDTH + name_width) + cells]
        yield finding, [*lines, *hung(INDENT, explained(finding, layout), width)]


def left_out(report: Check, layout: Layout, width: int) -> Iterator[str]:
    """Yield the columns that were not judged, and why."""
    for one in report.excluded:
        words = (show(text, 200, unicode=layout.unicode) for text in one)
        yield from hung(pad("excluded", VERDICT_WIDTH), ": ".join(words), width)


def hung(head: str, text: str, width: int) -> Iterator[str]:
    """Yield text folded beside its head."""
    for line in folded(text, width - len(head)):
        yield head + line
        head = " " * len(head)


def _figures(report: Check, layout: Layout) -> list[tuple[str, str, str]]:
    infinity = "∞" if layout.terminal and layout.unicode else "Infinity"
    rows = [figures(finding, infinity) for finding in worst_first(report)]
    return [("kl", interval_head(report), "threshold"), *rows]


def _widths(rows: list[tuple[str, str, str]]) -> list[int]:
    return [max(map(columns, cells)) for cells in zip(*rows, strict=True)]


def _name_width(
    report: Check, layout: Layout, rows: list[tuple[str, str, str]], width: int
) -> int:
    """Return how wide the column of names is: as the longest, where that leaves room."""
    room = width - VERDICT_WIDTH - sum(_widths(rows)) - 2 * (len(rows[0]) - 1)
    names = (show(called(one), width, unicode=layout.unicode) for one in report.columns)
    return min(room, 2 + max(len("column"), *map(columns, names)))
