"""The text report, and annotations for the worst columns in a run of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.findings import is_warned
from kldiv_cli.core.inference.reasons import WARN_ONLY
from kldiv_cli.errors import abridged
from kldiv_cli.renderers.formats import text
from kldiv_cli.renderers.formats.lines import plain
from kldiv_cli.renderers.pages.check import (
    column_name,
    document,
    error_words,
    explained,
    segment_title,
    worst_first,
)
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check, Finding
    from kldiv_cli.renderers import Layout

MOST = 10
"""Annotations of a kind that a step may have."""


def render(report: Check, layout: Layout) -> str:
    """Return the text, then a command for each column that did not pass, or that only warns."""
    found = [
        finding
        for finding in worst_first(report)
        if finding.verdict != "pass" or is_warned(finding)
    ]
    most = MOST - bool(report.count_segments("drift"))
    shown = found if len(found) <= most else found[: most - 1]
    commands = []
    for finding in shown:
        message = plain(error_words(report), layout) or _message(finding, layout)
        commands.append(_command([finding], f"kldiv: {_word(finding)}", message))
    if rest := found[len(shown) :]:
        said = [_word(finding) for finding in rest]
        counts = [f"{said.count(word)} {word}" for word in dict.fromkeys(said)]
        plural = "s" * (len(rest) > 1)
        words = f"and {len(rest)} more column{plural}: {', '.join(counts)}"
        commands.append(_command(rest, "kldiv", words))
    drifted = [segment for segment in report.segments if segment.verdict == "drift"]
    if drifted:
        names = abridged(plain(segment_title(each), layout) for each in drifted)
        commands.append(_line("error", "kldiv: drift", f"segments that drift: {names}"))
    return text.draw(document(report), layout) + "".join(commands)


def _word(finding: Finding) -> str:
    """Return the word for the verdict on a column that is told of."""
    return WARN_ONLY if finding.verdict == "pass" else finding.verdict


def _message(finding: Finding, layout: Layout) -> str:
    """Return the column and the reason of its verdict."""
    words = plain(explained(finding), layout)
    return f"{show(column_name(finding), 100, unicode=layout.unicode)}: {words}"


def _command(findings: list[Finding], title: str, message: str) -> str:
    """Return a workflow command; see toolkit/docs/commands.md of GitHub's actions."""
    mild = all(finding.verdict in ("inconclusive", "pass") for finding in findings)
    return _line("warning" if mild else "error", title, message)


def _line(level: str, title: str, message: str) -> str:
    """Return a workflow command of one line."""
    name = _percent_encoded(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{_percent_encoded(message)}\n"


def _percent_encoded(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
