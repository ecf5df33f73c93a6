"""A check for a pull request or a job summary, in which labels cannot become markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers import Layout, check
from kldiv_cli.renderers.markdown import escaped_names, note_lines, side_table
from kldiv_cli.renderers.show import markdown

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check

SIDE_WIDTH, COLUMN_WIDTH, REASON_WIDTH = 40, 60, 400


def render(report: Check, layout: Layout) -> str:
    """Return the report as GitHub-flavoured Markdown, the worst column first."""
    if report.error or not report.current or not report.reference:
        return ""
    names = escaped_names(*check.side_names(report), SIDE_WIDTH)
    judged = escaped_names(*check.judged_names(report), SIDE_WIDTH)
    lines = [
        f"### {check.headline(report)}: D({judged[0]} || {judged[1]})",
        "",
        check.summary(report),
        "",
        f"| verdict | column | kl (nats) | {check.interval_head(report)} | threshold | reason |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for finding in check.worst_first(report):
        cells = (
            f"**{finding.verdict}**" if finding.verdict != "pass" else finding.verdict,
            markdown(check.column_name(finding), COLUMN_WIDTH),
            *check.figures_of(finding),
            markdown(check.explained(finding, Layout(unicode=True)), REASON_WIDTH),
        )
        lines.append(f"| {' | '.join(cells)} |")
    sides = report.current, report.reference
    contents = check.data_contents(report, sides[0]), check.data_contents(report, sides[1])
    lines += side_table(names, sides, contents)
    for column, reason in report.excluded:
        lines.append(f"\nExcluded: {markdown(column, COLUMN_WIDTH)}, {markdown(reason)}")
    return "\n".join([*lines, *note_lines(report.notes)]) + "\n"
