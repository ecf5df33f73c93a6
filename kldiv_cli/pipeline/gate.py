"""The gate of models: read the logits of both sides block by block, and judge their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli import readers
from kldiv_cli.core import coded, gate
from kldiv_cli.core.divergences import contributions
from kldiv_cli.core.findings import USUAL_LIMIT
from kldiv_cli.core.records import is_coded
from kldiv_cli.core.report import largest_contributions
from kldiv_cli.core.rows import Question, RowValues, rows_in_memory
from kldiv_cli.core.shares import shares_of
from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.pipeline import batch, headers, sides
from kldiv_cli.pipeline.opening import opened
from kldiv_cli.pipeline.pairing import tell_apart
from kldiv_cli.pipeline.settings import (
    Rules,
    contributions_of_batch,
    refuse_duplicates,
    refuse_foreign,
)
from kldiv_cli.pipeline.settling import settled_tables
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind, Rows
    from kldiv_cli.core.findings import Finding
    from kldiv_cli.core.pair import Pair
    from kldiv_cli.core.report import Side
    from kldiv_cli.errors import Note
    from kldiv_cli.pipeline.settings import CheckSettings, Source

OUTCOME = "outcome"
"""What the finding is on where no column of outcomes has a name."""
NAMES = ("reference", "current")
"""What the sides are called where their sources tell nothing."""


class Judged(NamedTuple):
    """Both sides as a report shows them, and the finding on their rows."""

    reference: Side
    current: Side
    finding: Finding
    notes: tuple[Note, ...]


def judged(settings: CheckSettings) -> Judged:
    """Read the logits or log-probabilities of both sides, and judge D(reference || current).

    Raises
    ------
    InputError
        If a side cannot be read, their rows or outcomes do not meet, or a repair is refused.
    UsageError
        If an option does not fit the data.
    """
    with (
        sides.held(settings.sources) as both,
        headers.told_apart(*both, raw=False),
    ):
        found = _read(both, settings)
    refuse_foreign(
        [side.options for side in settings.sources], (found.reference.format, found.current.format)
    )
    if settings.strict:
        sides.refuse_repairs(found.notes)
    return found


def _read(both: tuple[Source, Source], settings: CheckSettings) -> Judged:
    """See `judged`."""
    options = [side.options for side in both]
    given = both[0].name, both[1].name
    with opened(both) as found:
        if found.rows:
            refuse_duplicates(options)
            _refuse_top(settings)
            reference_rows, current_rows = found.rows
            return _by_rows(
                *tell_apart(reference_rows, current_rows, given, NAMES), both, settings
            )
        first, second = found.whole
    sides.refuse_flat(options[0], first, second)
    reference, current = tell_apart(*settled_tables(first, second), given, NAMES)
    named = [side.column for side in (reference, current) if side.outcomes and side.column]
    pair = sides.match_outcomes(current, reference, next(iter(named), OUTCOME))
    if pair.labels is None:
        refuse_duplicates(options)
    if pair.is_batch:
        _refuse_top(settings)
        rows = rows_in_memory(*pair.in_order_of_weights(), _question(pair.kinds))
        first_infinite = _first_infinite(rows)
        name = "" if first_infinite is None else _impossible(pair, first_infinite)
        finding = _finding(rows, pair.column or OUTCOME, pair.p.shape[-1], settings, name)
    else:
        finding = _of_vectors(pair, settings)
    described = sides.describe_distribution(reference), sides.describe_distribution(current)
    return Judged(*described, finding, (*reference.notes, *current.notes))


def _by_rows(
    reference: Rows, current: Rows, both: tuple[Source, Source], settings: CheckSettings
) -> Judged:
    """Judge two arrays of distributions that are read row by row."""
    for side in (reference, current):
        if side.tops is not None:
            message = f"{side.name} lists the likeliest tokens alone, whose divergence is a lower"
            message += " bound: nothing passes by it"
            hint = "kldiv compare shows the bound"
            raise InputError("lower-bound", message, Place(side.source), hint=hint)
    threads = both[0].options.threads
    question = _question((current.kind, reference.kind))
    (found,) = batch.measured(current, [reference], question, threads, score=False)
    first = _first_infinite(found.rows)
    name = "" if first is None else _impossible_in_sources(both, first)
    finding = _finding(found.rows, OUTCOME, found.outcomes, settings, name, found.starts)
    return Judged(found.q, found.p, finding, found.notes)


def _question(kinds: tuple[Kind, Kind]) -> Question:
    """Return what is asked of each row; P is current."""
    return Question(gate.MEASURES, kinds)


def _limit(column: str, settings: CheckSettings) -> float:
    """Return the largest divergence that is accepted; no other column may have a limit."""
    rules = settings.rules
    if "columns" in rules.asked:
        source = readers.source_name(settings.sources[0].source)
        Rules(columns=rules.columns).check_names([column], source)
        for measure in rules.of(column).limits:
            if measure != "kl":
                message = f"max_{measure} is for columns of data, and a gate of models has none"
                raise UsageError("usage", message)
    # What a project limits of its data is no limit of a model.
    return settings.limits._replace(history=None).of(column).get("kl", USUAL_LIMIT)


def _refuse_top(settings: CheckSettings) -> None:
    """Refuse to list outcomes of a batch."""
    if "top" in settings.rules.asked and settings.top != settings._field_defaults["top"]:
        raise contributions_of_batch()


def _finding(
    rows: RowValues,
    column: str,
    outcomes: int,
    settings: CheckSettings,
    impossible: str,
    starts: NDArray[np.integer[Any]] | None = None,
) -> Finding:
    """Return the finding on the rows of a batch, whose pieces of text begin at `starts`."""
    return gate.judged_rows(
        rows.values,
        column,
        outcomes=outcomes,
        limit=_limit(column, settings),
        alpha=settings.limits.alpha,
        block=settings.block,
        starts=starts,
        impossible=impossible,
    )


def _of_vectors(pair: Pair, settings: CheckSettings) -> Finding:
    """Return the finding on two single distributions, which are known."""
    if settings.block is not None:
        message = "a block is for the rows of a batch, and these are two distributions"
        raise UsageError("usage", message, hint="leave --block out")
    measured = rows_in_memory(*pair.in_order_of_weights(), _question(pair.kinds))
    # The reference's outcomes weigh, so that parts are those of D(reference || current).
    parts = contributions(pair.q, pair.p, kind=pair.kinds[::-1]).turned()
    column = pair.column or OUTCOME
    return gate.judged_vectors(
        {name: float(values[0]) for name, values in measured.values.items()},
        column,
        outcomes=len(pair.p),
        limit=_limit(column, settings),
        contributions=largest_contributions(parts, pair.names, settings.top),
        impossible="" if _first_infinite(measured) is None else _impossible(pair, 0),
        shares=shares_of(pair, parts),
    )


def _first_infinite(measured: RowValues) -> int | None:
    """Return the first row whose divergence is infinite; None if there is none."""
    infinite = np.flatnonzero(np.isinf(measured.values[gate.JUDGED]))
    return int(infinite[0]) if len(infinite) else None


def _impossible(pair: Pair, row: int) -> str:
    """Return the outcome that is impossible on the current side alone, in one row; or ""."""
    current, reference = (side[row] if side.ndim == 2 else side for side in (pair.p, pair.q))
    place = _impossible_place(current, reference)
    return "" if place is None else pair.names[place]


def _impossible_in_sources(both: tuple[Source, Source], row: int) -> str:
    """Return the outcome that is impossible on the current side alone, in one row; or "".

    The sides are read once more for it, which a pipe cannot be.
    """
    if any(readers.is_read_once(side.source) for side in both):
        return ""
    with opened(both) as again:
        reference, current = (_row(side, row) for side in again.rows)
    place = _impossible_place(current, reference)
    return "" if place is None else str(place)


def _row(side: Rows, row: int) -> NDArray[Any]:
    """Return a row of a side, or its only one; what is below the floor of a record has no mass."""
    start = 0
    found: NDArray[Any] = np.empty(0)
    for values in side.blocks:
        block = values
        if is_coded(values):
            block = coded.log_probabilities(values)
            block[(values["code"] == 0) & coded.is_clipped(values)[:, None]] = -np.inf
        found = block if block.ndim == 1 else block[row - start : row - start + 1].ravel()
        if block.ndim == 1 or row < start + len(block):
            break
        start += len(block)
    return found


def _impossible_place(current: NDArray[Any], reference: NDArray[Any]) -> int | None:
    """Return the first outcome with mass in the reference and none on the current side.

    Logits that overflow doubles have no such outcome.
    """
    places = np.flatnonzero(np.isneginf(current) & ~np.isneginf(reference))
    return int(places[0]) if len(places) else None
