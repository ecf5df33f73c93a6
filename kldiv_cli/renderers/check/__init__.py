"""The report of a check: the facts that its formats share, and one file for each format."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.core.findings import DIRECTION, MODEL, WORST_FIRST, is_warned, only_warns
from kldiv_cli.core.inference.reasons import WARN_ONLY, percent
from kldiv_cli.renderers.figures import arrow, count, figure
from kldiv_cli.renderers.show import show
from kldiv_cli.renderers.text import outcome_names, side_contents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.core.findings import Check, Finding
    from kldiv_cli.core.report import Side
    from kldiv_cli.renderers import Layout

DIGITS = 3
"""Digits of an estimate; its interval says that more would tell nothing."""
REASON_WIDTH = 600


def worst_first(report: Check) -> list[Finding]:
    """Return the findings, the worst verdict first, each in the order of the columns.

    What would be drift, had it a limit, precedes what passes.
    """

    def badness(finding: Finding) -> tuple[int, bool]:
        return WORST_FIRST.index(finding.verdict), not is_warned(finding)

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


def is_exact(finding: Finding) -> bool:
    """Return whether the divergence is the value itself, not an estimate."""
    return finding.n_reference == finding.n_current == math.inf


def figures_of(finding: Finding, infinity: str = "Infinity") -> tuple[str, str, str]:
    """Return the divergence, its interval and the threshold as printed.

    An estimate may be below 0, which no divergence is: people read 0, as in the reason.
    """
    threshold = infinity if only_warns(finding) else f"{finding.threshold:.6g}"
    if finding.kl == "error":
        return "-", "-", threshold
    if is_exact(finding):
        return figure(finding.kl, infinity=infinity), "exact", threshold
    values = (max(finding.kl, 0.0), finding.low, finding.high)
    kl, low, high = (figure(value, infinity=infinity, digits=DIGITS) for value in values)
    return kl, f"{low} to {high}" if finding.reliable else "not reliable", threshold


def interval_head(report: Check) -> str:
    """Return the head of the column of intervals: their level."""
    if all(is_exact(finding) for finding in report.columns):
        return "interval"
    return f"{100 * (1 - report.alpha):.10g} % interval"


def explained(finding: Finding, layout: Layout) -> str:
    """Return the reason in words, and the shares of missing values and of new outcomes.

    A share above its limit is in the reason.
    """
    words = [show(finding.reason.text, REASON_WIDTH, unicode=layout.unicode)]
    said = finding.reason.shares
    before, after = finding.missing_reference, finding.missing_current
    if "missing-shift" not in said and before != "error" and after != "error" and before + after:
        words.append(f"missing {percent(before)} {arrow(layout)} {percent(after)}")
    if finding.new_share != "error" and finding.new_share > 0 and "new-share" not in said:
        share = percent(finding.new_share)
        words.append(f"new {share}: {outcome_names(finding.new_outcomes, layout)}")
    if finding.high == 0 and finding.reliable and finding.p_value is not None:
        words.append("closer than chance usually brings them: do they share data?")
    return "; ".join(words)


def error_words(report: Check) -> str:
    """Return the error that prevented an answer: where, what, and how to mend it; else nothing."""
    if report.error is None:
        return ""
    where = f"{report.error.where}: " if report.error.where else ""
    advice = f"; help: {report.error.hint}" if report.error.hint else ""
    return show(f"{where}{report.error.message}{advice}", REASON_WIDTH)


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
    return f"{counts}; {len(report.excluded)} excluded; {tests}"


def headline(report: Check) -> str:
    """Return the verdict, and how many of the columns have it; of models the verdict."""
    if all(finding.type == MODEL for finding in report.columns):
        return report.verdict
    agreeing, columns = report.count(report.verdict), count(len(report.columns), "column")
    of = "" if agreeing == len(report.columns) else f"{agreeing} of "
    return f"{report.verdict} in {of}{columns}"
