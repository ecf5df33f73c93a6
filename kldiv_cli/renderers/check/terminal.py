"""The report for people at a terminal: the plain one in colour, and what moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from kldiv_cli.core.inference.verdict import percent
from kldiv_cli.renderers.check import arrow, summary
from kldiv_cli.renderers.check.text import (
    INDENT,
    VERDICT_WIDTH,
    blocks,
    heading,
    heads,
    hung,
    left_out,
)
from kldiv_cli.renderers.show import columns, folded, pad, show
from kldiv_cli.renderers.terminal import bars, printed, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.findings import Check, Finding
    from kldiv_cli.core.report import Contribution
    from kldiv_cli.renderers import Layout

STYLES = {"error": "bold red", "drift": "bold red", "inconclusive": "yellow", "pass": "green"}
MOVES, LABEL_WIDTH = 3, 60


def render(report: Check, layout: Layout) -> str:
    """Return the report with rich's escape codes where `layout` has colour, plain without."""
    return "" if report.error else printed(_lines(report, layout, width_of(layout)), layout)


def _lines(report: Check, layout: Layout, width: int) -> Iterator[Text]:
    first, *rest = heading(report, layout, width, bars(layout))
    yield _text(first, STYLES[report.verdict])
    yield from (_text(line, "dim") for line in rest)
    yield Text()
    yield from (_text(line, "dim") for line in heads(report, layout, width))
    for finding, (first, *rest) in blocks(report, layout, width):
        line = _text(first)
        line.stylize(STYLES[finding.verdict], 0, VERDICT_WIDTH)
        yield line
        passed = finding.verdict == "pass"
        yield from (_text(line, "dim" if passed else "") for line in rest)
        if finding.verdict == "drift":
            yield from (_text(line, "cyan") for line in _moves(finding, layout, width))
    yield from (_text(line, "dim") for line in left_out(report, layout, width))
    yield Text()
    yield from (_text(line, "bold") for line in folded(summary(report), width))


def _text(line: str, style: str = "") -> Text:
    return Text(line.rstrip(), style=style, no_wrap=True, overflow="ignore")


def _moves(finding: Finding, layout: Layout, width: int) -> Iterator[str]:
    """Yield the outcomes that moved most, with their shares of the reference and of current."""
    moved = sorted(finding.contributions, key=_change, reverse=True)[:MOVES]
    labels = [show(part.outcome, LABEL_WIDTH, unicode=layout.unicode) for part in moved]
    shares = [f"{percent(part.q)} {arrow(layout)} {percent(part.p)}" for part in moved]
    label_width = 2 + max(map(columns, labels), default=0)
    fits = label_width + max(map(len, shares), default=0) <= width - 2 * len(INDENT)
    for label, share in zip(labels, shares, strict=True):
        line = f"{pad(label, label_width) if fits else f'{label}: '}{share}"
        yield from hung(2 * INDENT, line, width)


def _change(part: Contribution) -> float:
    """Return an outcome's term of the squared Hellinger distance: finite, whatever it was."""
    return float((part.p**0.5 - part.q**0.5) ** 2)
