"""The pictures of reports: what is drawn, what it is called, and what it shows in a sentence.

A kind of picture is imported where there is one: most reports have one kind.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kldiv_cli.core.inference.reasons import percent
from kldiv_cli.renderers.document import Picture, Span, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.findings import Figure
    from kldiv_cli.core.report import Batch, Contribution, Shares
    from kldiv_cli.core.rows import RowValues
    from kldiv_cli.renderers.document import Line, Table
    from kldiv_cli.renderers.pictures.overview import Entry


def computed(value: Figure) -> float | None:
    """Return a number, or None where it was not computed."""
    return None if value == "error" else value


def of_divergences(
    entries: Sequence[Entry], unit: str, title: Line, sentence: Line, table: Table
) -> Picture:
    """Return the picture of several divergences, a row each, in the place of their table."""
    from kldiv_cli.renderers.pictures.overview import MOST_ROWS, overview

    below: tuple[Line, ...] = ()
    if len(entries) > MOST_ROWS:
        below = (line(f"{MOST_ROWS} of {len(entries)} rows are drawn; the table has all of them"),)
    return Picture(partial(overview, entries, unit), title, sentence, table, below)


def of_outcomes(
    shares: Shares,
    p: str,
    q: str,
    unit: str,
    title: Line,
    contributions: Sequence[Contribution],
    table: Table,
    *,
    below: tuple[Line, ...] = (),
    spare: bool = False,
) -> Picture:
    """Return the picture of the outcomes of a pair.

    Parameters
    ----------
    shares : Shares
        All outcomes.
    p, q : str
        The names of the sides.
    unit : str
        Of the parts.
    title : Line
        What the picture is.
    contributions : sequence of Contribution
        The largest parts.
    table : Table
        What stands in its place.
    below : tuple of Line
        What the samples tell.
    spare : bool
        Whether nothing needs to stand in its place.
    """
    from kldiv_cli.renderers.pictures.outcomes import outcomes

    sentence = line("nothing sets them apart")
    if contributions and contributions[0].part:
        largest = contributions[0]
        moved = f" went from {percent(largest.q)} to {percent(largest.p)}"
        sentence = line(Span(largest.outcome, kind="label"), moved, ", the largest part")
    drawing = partial(outcomes, shares, p, q, unit)
    return Picture(drawing, title, sentence, table, below, spare, instead=True)


def of_rows(
    batch: Batch, rows: RowValues, unit: str, table: Table, *, spare: bool = False
) -> Picture:
    """Return the picture of the rows of a batch, in the place of their quantiles."""
    from kldiv_cli.renderers.pictures.spread import spread

    title = line(f"{batch.measure} of {batch.rows:,} rows")
    sentence = line(f"from {batch.min:.3g} to {batch.max:.3g}, median {batch.median:.3g}")
    return Picture(partial(spread, batch, rows, unit), title, sentence, table, (), spare)
