"""The report of a check for people at a terminal: the plain text in colour, and what moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from kldiv_cli.core.inference.reasons import percent
from kldiv_cli.renderers.check import summary, text
from kldiv_cli.renderers.figures import arrow, bars
from kldiv_cli.renderers.show import display_width, folded, pad, show
from kldiv_cli.renderers.terminal import printed, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.findings import Check, Finding
    from kldiv_cli.core.report import Contribution
    from kldiv_cli.renderers import Layout

STYLES = {"error": "bold red", "drift": "bold red", "inconclusive": "yellow", "pass": "green"}
MOVES, LABEL_WIDTH = 3, 60
INDENT = 2 * text.INDENT


def render(report: Check, layout: Layout) -> str:
    """Return the report with rich's escape codes where `layout` has colour, plain without."""
    return "" if report.error else printed(_lines(report, layout, width_of(layout)), layout)


def _lines(report: Check, layout: Layout, width: int) -> Iterator[Text]:
    first, *rest = text.heading(report, layout, width, bars(layout))
    heads, blocks = text.table(report, layout, width)
    yield _styled(first, STYLES[report.verdict])
    yield from (_styled(line, "dim") for line in (*rest, "", *heads))
    for finding, (first, *rest) in blocks:
        line = _styled(first)
        line.stylize(STYLES[finding.verdict], 0, text.VERDICT_WIDTH)
        yield line
        yield from (_styled(line, "dim" if finding.verdict == "pass" else "") for line in rest)
        if finding.verdict == "drift":
            yield from (_styled(line, "cyan") for line in _moves(finding, layout, width))
    excluded = text.excluded_lines(report, layout, width)
    yield from (_styled(line, "dim") for line in (*excluded, ""))
    yield from (_styled(line, "bold") for line in folded(summary(report), width))


def _styled(line: str, style: str = "") -> Text:
    return Text(line.rstrip(), style=style, no_wrap=True, overflow="ignore")


def _moves(finding: Finding, layout: Layout, width: int) -> Iterator[str]:
    """Yield the outcomes that moved most, with their shares of the reference and of current."""
    moved = sorted(finding.contributions, key=_hellinger_term, reverse=True)[:MOVES]
    labels = [show(part.outcome, LABEL_WIDTH, unicode=layout.unicode) for part in moved]
    shares = [f"{percent(part.q)} {arrow(layout)} {percent(part.p)}" for part in moved]
    label_width = 2 + max(map(display_width, labels), default=0)
    fits = label_width + max(map(len, shares), default=0) <= width - len(INDENT)
    for label, share in zip(labels, shares, strict=True):
        line = f"{pad(label, label_width) if fits else f'{label}: '}{share}"
        yield from text.hanging_indent(INDENT, line, width)


def _hellinger_term(part: Contribution) -> float:
    """Return an outcome's term of the squared Hellinger distance, which is always finite."""
    return float((part.p**0.5 - part.q**0.5) ** 2)
