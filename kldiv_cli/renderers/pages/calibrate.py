"""A calibration: past windows, how far each is from the others, and the limits that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.document import (
    NOTHING,
    Column,
    Document,
    Facts,
    Lines,
    Row,
    Span,
    Table,
    line,
)
from kldiv_cli.renderers.figures import figure

if TYPE_CHECKING:
    from kldiv_cli.core.calibration import Calibration
    from kldiv_cli.renderers.document import Block

DIGITS = 3
"""Digits of an estimate."""


def document(found: Calibration) -> Document:
    """Return the page of a calibration."""
    past = found.history
    if past is None or found.p_trend == "error":
        return NOTHING
    least, most = past.rows
    rows = f"{least:,} to {most:,} rows" if least < most else f"{most:,} rows"
    title = line(f"{past.windows} windows of {rows}, each against the others together, in nats")
    blocks: list[Block] = [_windows(found), _columns(found)]
    if found.excluded:
        facts = [
            (
                line("excluded", tone="dim"),
                (line(Span(column, kind="title"), ": ", Span(reason, kind="words")),),
            )
            for column, reason in found.excluded
        ]
        blocks.append(Facts(tuple(facts)))
    trend = f"No trend is seen in the order of the windows (p {found.p_trend:.2g})."
    blocks.append(Lines((line(trend), line(found.expectation, tone="strong"))))
    return Document(title, tuple(blocks), titled=True)


def _windows(found: Calibration) -> Table:
    """Return a row for each window, with the column in which it is farthest out."""
    columns = (
        Column(line("window"), number=False, names=True),
        Column(line("rows")),
        Column(line("farthest in"), number=False, names=True),
        Column(line("D")),
        Column(line(""), number=False),
    )
    rows = [
        Row(
            (
                line(Span(each.name, kind="title")),
                line(f"{each.rows:,}"),
                line(Span(each.column, kind="title")),
                line(figure(max(each.value, 0.0), digits=DIGITS)),
                line("outside" if each.is_outside else "", tone="drift"),
            )
        )
        for each in found.windows
    ]
    return Table(columns, tuple(rows))


def _columns(found: Calibration) -> Table:
    """Return a row for each column, with what its windows had and its limit."""
    columns = (
        Column(line("column"), number=False, names=True),
        *(Column(line(head)) for head in ("median", "largest", "limit")),
    )
    rows = []
    for each in found.columns:
        values = (max(each.median, 0.0), max(each.largest, 0.0), each.limit)
        numbers = (line(figure(value, digits=DIGITS)) for value in values)
        rows.append(Row((line(Span(each.column, kind="title")), *numbers)))
    return Table(columns, tuple(rows))
