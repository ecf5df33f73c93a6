"""The text report, and annotations for the worst columns in a run of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.check import called, explained, text, worst_first
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
    commands = [
        _command(_level([one]), f"kldiv: {one.verdict}", _message(one, layout)) for one in shown
    ]
    if rest := found[len(shown) :]:
        verdicts = [finding.verdict for finding in rest]
        counts = [f"{verdicts.count(word)} {word}" for word in dict.fromkeys(verdicts)]
        words = f"and {len(rest)} more columns: {', '.join(counts)}"
        commands.append(_command(_level(rest), "kldiv", words))
    return text.render(report, layout) + "".join(commands)


def _level(findings: list[Finding]) -> str:
    return "error" if any(one.verdict != "inconclusive" for one in findings) else "warning"


def _message(finding: Finding, layout: Layout) -> str:
    words = explained(finding, layout)
    if finding.column is None:
        return words
    return f"{show(called(finding), 100, unicode=layout.unicode)}: {words}"


def _command(level: str, title: str, message: str) -> str:
    """Return a workflow command; see toolkit/docs/commands.md of GitHub's actions."""
    name = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{_escaped(message)}\n"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
