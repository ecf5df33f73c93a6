"""A section for a pull request or a job summary; labels cannot become markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers import Layout
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
from kldiv_cli.renderers.show import markdown

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check

NAME_WIDTH, REASON_WIDTH = 60, 400


def render(report: Check, layout: Layout) -> str:
    """Return the report as GitHub-flavoured Markdown, the worst column first."""
    if report.error or not report.current or not report.reference:
        return ""
    current, reference = (markdown(name, 40) for name in side_names(report))
    lines = [
        f"### {headline(report)}: D({current} || {reference})",
        "",
        summary(report),
        "",
        f"| verdict | column | kl (nats) | {interval_head(report)} | threshold | reason |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for finding in worst_first(report):
        cells = (
            f"**{finding.verdict}**" if finding.verdict != "pass" else finding.verdict,
            markdown(called(finding), NAME_WIDTH),
            *figures(finding),
            markdown(explained(finding, Layout(unicode=True)), REASON_WIDTH),
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| side | what | source |", "| --- | --- | --- |"]
    for name, side in ((current, report.current), (reference, report.reference)):
        lines.append(f"| {name} | {held(report, side)} | {markdown(side.source)} |")
    lines += [
        f"\nExcluded: {markdown(one.column, NAME_WIDTH)}, {markdown(one.reason)}"
        for one in report.excluded
    ]
    lines += [
        f"\nNote on {markdown(note.source) or 'both'}: {markdown(note.message, 300)}"
        for note in report.notes
    ]
    return "\n".join(lines) + "\n"
