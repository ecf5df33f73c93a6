"""The picture of a check: one row a column, with its divergence, its interval and its limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from kldiv_cli.core.findings import WORST_FIRST, is_warned
from kldiv_cli.renderers.pictures.scales import RootAxis, root_axis

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.core.findings import Finding

MOST_ROWS = 60
"""Columns that are drawn, at most; the others stand in a table."""
WIDEST = 4
"""The axis goes on to so many times the largest estimate or limit, as far as intervals do."""


class Span(NamedTuple):
    """A divergence with its interval and its limit, as places on the axis.

    Attributes
    ----------
    place : float
        Of the estimate.
    interval : pair of float or None
        Of the limits of its interval; None of an exact value, and where it is not reliable.
    beyond : bool
        Whether the interval goes on beyond the axis, or has no upper limit: an arrow says so.
    limit : float or None
        Of the largest divergence that is accepted; None where none is drift.
    """

    place: float
    interval: tuple[float, float] | None
    beyond: bool
    limit: float | None


class Row(NamedTuple):
    """One column: the finding, where its divergence lies, and whether its dot is filled: drift.

    There is no span where no divergence was computed.
    """

    finding: Finding
    span: Span | None
    filled: bool


class Overview(NamedTuple):
    """The columns of a check, the worst first.

    Attributes
    ----------
    rows : tuple of Row
        Those that do not pass, or only warn, as far as they are drawn.
    passing : tuple of Row
        Those that pass, as far as they are drawn.
    left_out : int
        How many more columns there are than are drawn.
    axis : RootAxis
    """

    rows: tuple[Row, ...]
    passing: tuple[Row, ...]
    left_out: int
    axis: RootAxis


def overview(findings: Iterable[Finding]) -> Overview:
    """Return the picture of the columns of a check: the worst verdict first, then the largest.

    Parameters
    ----------
    findings : iterable of Finding
        The findings on all columns, in any order.
    """
    ranked = sorted(findings, key=_badness)
    drawn = ranked[:MOST_ROWS]
    ends = [*_numbers(drawn)]
    most = WIDEST * max(filter(math.isfinite, ends), default=0.0)
    ends += [min(found[1], most) for found in map(_interval, drawn) if found]
    axis = root_axis(ends)
    rows = [Row(each, _span(each, axis), each.verdict == "drift") for each in drawn]
    passing = [row for row in rows if passes(row.finding)]
    return Overview(
        rows=tuple(rows[: len(rows) - len(passing)]),
        passing=tuple(passing),
        left_out=len(ranked) - len(drawn),
        axis=axis,
    )


def passes(finding: Finding) -> bool:
    """Return whether a column passes, and does so not only for want of a limit."""
    return finding.verdict == "pass" and not is_warned(finding)


def _badness(finding: Finding) -> tuple[int, bool, float]:
    size = 0.0 if finding.kl == "error" else -finding.kl
    return WORST_FIRST.index(finding.verdict), not is_warned(finding), size


def _numbers(findings: Iterable[Finding]) -> Iterable[float]:
    """Yield every estimate, and every limit that there is."""
    for finding in findings:
        if finding.kl != "error":
            yield finding.kl
        if math.isfinite(finding.threshold):
            yield finding.threshold


def _interval(finding: Finding) -> tuple[float, float] | None:
    exact = finding.n_reference == finding.n_current == math.inf
    if finding.low == "error" or finding.high == "error" or exact or not finding.reliable:
        return None
    return finding.low, finding.high


def _span(finding: Finding, axis: RootAxis) -> Span | None:
    if finding.kl == "error":
        return None
    interval = _interval(finding)
    limit = axis.place(finding.threshold) if math.isfinite(finding.threshold) else None
    if interval is None:
        return Span(axis.place(finding.kl), None, False, limit)
    low, high = interval
    beyond = high > axis.high
    places = axis.place(low), 1.0 if beyond else axis.place(high)
    return Span(axis.place(finding.kl), places, beyond, limit)
