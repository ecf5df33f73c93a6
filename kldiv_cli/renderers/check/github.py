"""The text report, and annotations for the worst columns in a run of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.check import column_name, error_words, explained, text, worst_first
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check, Finding
    from kldiv_cli.renderers import Layout

MOST = 10
"""Annotations of a kind that a step may have."""


def render(report: Check, layout: Layout) -> str:
    """Return the text, then a workflow command for each column that did not pass."""
    found = [finding for finding in worst_first(report) if finding.verdict != "pass"]
    shown = found if len(found) <= MOST else found[: MOST - 1]
    commands = []
    for finding in shown:
        message = error_words(report) or _message(finding, layout)
        commands.append(_command([finding], f"kldiv: {finding.verdict}", message))
    if rest := found[len(shown) :]:
        verdicts = [finding.verdict for finding in rest]
        counts = [f"{verdicts.count(word)} {word}" for word in dict.fromkeys(verdicts)]
        words = f"and {len(rest)} more columns: {', '.join(counts)}"
        commands.append(_command(rest, "kldiv", words))
    return text.render(report, layout) + "".join(commands)


def _message(finding: Finding, layout: Layout) -> str:
    """Return the column and the reason of its verdict."""
    words = explained(finding, layout)
    return f"{show(column_name(finding), 100, unicode=layout.unicode)}: {words}"


def _command(findings: list[Finding], title: str, message: str) -> str:
    """Return a workflow command; see toolkit/docs/commands.md of GitHub's actions."""
    undecided = all(finding.verdict == "inconclusive" for finding in findings)
    level = "warning" if undecided else "error"
    name = _percent_encoded(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{_percent_encoded(message)}\n"


def _percent_encoded(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
