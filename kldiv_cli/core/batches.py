"""Batches: the divergence of every row, and the reduction of all rows to one number.

The reductions are those of PyTorch's ``F.kl_div`` over N rows of K outcomes: ``batchmean``
divides the sum by N and is the mean divergence; ``mean`` divides it by N K.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.divergences import Contributions
from kldiv_cli.core.divergences import contributions_of_rows as by_outcome
from kldiv_cli.core.report import Batch, OfRows, Value, WorstRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.core.measures import Base, Reduction
    from kldiv_cli.core.rows import RowValues

PIECE = 1 << 18
"""Weights that are evaluated at once, so that not all measures of all rows are held."""


def reduce(
    rows: RowValues, reduction: Reduction, outcomes: int
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return measures of a batch, reduced over its rows, and bounds on their relative errors.

    Parameters
    ----------
    rows : RowValues
        The measures of each row.
    reduction : {"none", "mean", "sum", "batchmean"}
        Under ``none`` there is a number for each row, else one for each measure.
    outcomes : int
        How many outcomes a row has.
    """
    if reduction == "none":
        return _as_tuples(rows.values), _as_tuples(rows.bounds)
    count = len(next(iter(rows.values.values())))
    divisor = {"batchmean": count, "mean": count * outcomes}.get(reduction, 1)
    # No term is negative: the relative error of the sum is at most that of its worst term, but
    # for the rounding of the sum and of the division.
    rounding = 0.0 if count == divisor == 1 else 2.0**-52
    return (
        {name: math.fsum(values.tolist()) / divisor for name, values in rows.values.items()},
        {name: bound + rounding for name, bound in rows.largest.items()},
    )


def reduced_contributions(
    p: NDArray[Any],
    q: NDArray[Any],
    *,
    base: Base,
    kinds: tuple[Kind, Kind],
    temperature: float,
    reduction: Reduction,
) -> tuple[Contributions, float, float]:
    """Return the terms of each outcome, over all rows of a batch.

    Parameters
    ----------
    p, q, base, kinds, temperature
        As `reduce` takes them; a side at least has two dimensions.
    reduction : {"none", "mean", "sum", "batchmean"}
        The terms add up to the reduced divergences; under ``none`` they are means.

    Returns
    -------
    contributions : Contributions
        Probabilities are the means of all rows.
    mass_only_in_p, mass_only_in_q : float
        The mean mass of outcomes that have none on the other side in the same row.
    """
    rows, outcomes = max(len(side) for side in (p, q) if side.ndim == 2), p.shape[-1]
    sums = np.zeros((len(Contributions._fields), outcomes))
    only = [0.0, 0.0]
    step = max(1, PIECE // outcomes)
    for start in range(0, rows, step):
        a, b = (side[start : start + step] if side.ndim == 2 else side for side in (p, q))
        parts = by_outcome(a, b, base=base, kind=kinds, temperature=temperature)
        sums += [part.sum(axis=0) for part in parts]
        only[0] += math.fsum(parts.p[parts.q == 0])
        only[1] += math.fsum(parts.q[parts.p == 0])
    divisor = {"sum": 1, "mean": rows * outcomes}.get(reduction, rows)
    terms = Contributions(*sums[:2] / rows, *sums[2:] / divisor)
    return terms, only[0] / rows, only[1] / rows


def _as_tuples(values: dict[str, NDArray[np.float64]]) -> dict[str, Value]:
    return {name: tuple(numbers.tolist()) for name, numbers in values.items()}


def described(
    rows: RowValues,
    measures: tuple[str, ...],
    reduction: Reduction,
    *,
    block: int | None = None,
    starts: NDArray[np.integer[Any]] | None = None,
) -> Batch:
    """Return the facts on a batch: how many rows it has, and their statistics.

    Parameters
    ----------
    rows : RowValues
        The measures of each row.
    measures : tuple of str
        Those that are described, the first of them in full.
    reduction : {"none", "mean", "sum", "batchmean"}
        How their measures become one number.
    block, starts
        See `mean_of_rows`.
    """
    from kldiv_cli.core import row_statistics

    def of_rows(numbers: NDArray[Any]) -> OfRows:
        known = row_statistics.mean_of_rows(numbers, block=block, starts=starts)._asdict()
        return OfRows(**{name: known[name] for name in OfRows._fields if name in known})

    by_measure = {
        name: of_rows(rows.values[name])._replace(
            quantiles=row_statistics.spread_of_rows(rows.values[name])
        )
        for name in measures
    }
    first = rows.values[measures[0]]
    of_first = by_measure[measures[0]]
    assert of_first.quantiles is not None
    targets = None
    if rows.log_p is not None and rows.log_q is not None:
        targets = row_statistics.target_statistics(
            -rows.log_p, -rows.log_q, block=block, starts=starts
        )
    return Batch(
        len(first),
        reduction,
        measures[0],
        of_first.quantiles.min,
        of_first.quantiles.p50,
        of_first.quantiles.max,
        *of_first,
        by_measure=by_measure,
        same_top=None if rows.same_top is None else of_rows(rows.same_top.astype(float)),
        top_5_agreement=None if rows.common_top is None else of_rows(rows.common_top),
        targets=targets,
        block=block,
        worst=tuple(
            WorstRow(row, {name: float(rows.values[name][row]) for name in measures})
            for row in row_statistics.worst_rows(first).tolist()
        ),
    )


def numbers_of_rows(rows: RowValues, measures: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return the numbers that each row has, by their names.

    Parameters
    ----------
    rows : RowValues
        The measures of each row, and what is known of it beside them.
    measures : iterable of str
        The measures that are shown.

    Returns
    -------
    dict of str to ndarray, shape (N,)
        The measures; ``same_top``, 1 or 0; ``top_5_agreement``; and where the targets are known
        ``log_p`` and ``log_q``, their log-probabilities in nats, and ``delta_p``, the change of
        their probability, a fraction of 1.
    """
    found: dict[str, NDArray[Any]] = {name: rows.values[name] for name in measures}
    if rows.same_top is not None:
        found["same_top"] = rows.same_top.astype(int)
    if rows.common_top is not None:
        found["top_5_agreement"] = rows.common_top
    if rows.log_p is not None and rows.log_q is not None:
        found |= {"log_p": rows.log_p, "log_q": rows.log_q, "delta_p": rows.of("delta_p")}
    return found
