"""The numbers beside the marks of a picture, as they are printed in every format."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.core.inference.reasons import percent
from kldiv_cli.renderers.figures import figure
from kldiv_cli.renderers.show import show, show_names
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.renderers.pictures.outcomes import Outcomes
    from kldiv_cli.renderers.pictures.overview import Entry, Overview, Row

LABEL, NAME, SIDE = 32, 40, 32
"""The most columns of an outcome, of a column of data, and of a side."""
DIGITS = 3
MOST_DECIMALS = 8
SIGNS = {"error": "!", "drift": "✖", "inconclusive": "?", "pass": "✓"}
"""A sign for each verdict, which never stands without the word."""
SQUARES = ("nats", "bits", "hartleys", "psi", "js")
"""Units, and measures without one, that grow with the square of a small shift."""
MOVES = {"more": "▲", "less": "▼", "same": " "}


def shares(picture: Outcomes) -> list[str]:
    """Return the share of Q and that of P of each outcome: ``5.83 % → 12.9 %``."""
    return [f"{percent(row.q.share)} → {percent(row.p.share)}" for row in picture.rows]


def parts(picture: Outcomes) -> list[str]:
    """Return each part, with as many decimals as the third digit of the largest has."""
    finite = [row.part for row in picture.rows if row.part and math.isfinite(row.part)]
    decimals = 2 - math.floor(math.log10(max(finite, default=1.0)))
    if not 0 <= decimals <= MOST_DECIMALS:
        return [value(row.part) for row in picture.rows]
    return ["∞" if math.isinf(row.part) else f"{row.part:.{decimals}f}" for row in picture.rows]


def percentages(picture: Outcomes) -> list[str]:
    """Return each part in per cent of D, where that is finite."""
    return ["" if row.percent is None else f"{row.percent:.0f} %" for row in picture.rows]


def sums(picture: Outcomes) -> list[str]:
    """Return what the parts add up to, and which outcomes are drawn as one."""
    q, p = show_names(picture.q, picture.p, SIDE)
    total = f"{value(picture.total)} {picture.unit}".rstrip()
    said = f"As counted, D({p} ‖ {q}) is {total}: the sum of the parts."
    return [said, f"{picture.said}."] if picture.said else [said]


def value(number: float | None) -> str:
    """Return a divergence or an estimate; one that was not computed is a dash."""
    if number is None:
        return "-"
    return "∞" if math.isinf(number) else figure(max(number, 0.0), digits=DIGITS)


def missing(entry: Entry) -> str:
    """Return the shares of missing values of the reference and of the current side, if any."""
    if entry.missing is None or not sum(entry.missing):
        return ""
    return f"{percent(entry.missing[0])} → {percent(entry.missing[1])}"


def new(entry: Entry) -> str:
    """Return the share of the current rows whose outcomes the reference never had, if any."""
    return percent(entry.new) if entry.new else ""


def head(entry: Entry) -> str:
    """Return the verdict with its sign; nothing where nothing is judged."""
    return f"{SIGNS[entry.verdict]} {entry.verdict}" if entry.verdict else ""


def axis(unit: str) -> str:
    """Return what a square-root axis of a measure means.

    Kullback-Leibler, PSI and Jensen-Shannon grow with the square of a small shift; others do not.
    """
    equal = ": equal steps are equal shifts" if unit in SQUARES else ""
    return f"square-root axis{equal}"


def limit(picture: Overview) -> str:
    """Return what the limits of divergences are."""
    if picture.limit is None:
        return "the limit of each"
    return "no limit" if math.isinf(picture.limit) else f"the limit {picture.limit:.6g}"


def share_tick(share: float) -> str:
    """Return a number at an axis of shares."""
    return percent(share) if share else "0"


def nats_tick(number: float) -> str:
    """Return a number at an axis of divergences."""
    return "∞" if math.isinf(number) else f"{number:g}"


class Column(NamedTuple):
    """Texts beside the marks of a picture, one a row, safe to print.

    Attributes
    ----------
    head : str
        What they are.
    cells : sequence of str
    number : bool
        Whether they are numbers, which end at one line.
    spare : bool
        Whether they give way where there is little room.
    """

    head: str
    cells: Sequence[str]
    number: bool = False
    spare: bool = False


def outcome_columns(picture: Outcomes) -> tuple[list[Column], list[Column]]:
    """Return the texts to the left of the marks of outcomes, and those to the right."""
    q, p = show_names(picture.q, picture.p, SIDE)
    moves = [MOVES[row.move] for row in picture.rows]
    percents = [" ".join(pair) for pair in zip(moves, percentages(picture), strict=True)]
    return [Column("outcome", [show(row.label, LABEL) for row in picture.rows])], [
        Column(f"{q} → {p}", shares(picture), number=True),
        Column(f"part, {picture.unit}", parts(picture), number=True, spare=True),
        Column("of D", percents),
    ]


def overview_columns(rows: Sequence[Row], unit: str) -> tuple[list[Column], list[Column]]:
    """Return the texts to the left of the marks of divergences, and those to the right.

    Only the name, the divergence and its interval have a column that may be empty.
    """
    entries = [row.entry for row in rows]
    verdicts = Column("verdict", [head(entry) for entry in entries])
    names = Column("", [show(entry.name, NAME) for entry in entries])
    columns = [
        Column(unit, [value(entry.value) for entry in entries], number=True),
        Column("interval", [entry.said for entry in entries], spare=True),
        Column("missing", [missing(entry) for entry in entries], number=True, spare=True),
        Column("new", [new(entry) for entry in entries], number=True, spare=True),
    ]
    left = [verdicts, names] if any(verdicts.cells) else [names]
    return left, [column for column in columns if any(column.cells)]
