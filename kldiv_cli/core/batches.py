"""Batches: the divergence of every row, and the reduction of all rows to one number.

The reductions are those of PyTorch's ``F.kl_div`` over N rows of K outcomes: ``batchmean``
divides the sum by N and is the mean divergence; ``mean`` divides it by N K.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.divergences import Contributions, evaluate
from kldiv_cli.core.divergences import contributions_of_rows as by_outcome
from kldiv_cli.core.report import Batch, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.core.measures import Base, Reduction

PIECE = 1 << 18
"""Weights that are evaluated at once, so that not all measures of all rows are held."""


def reduce(
    p: NDArray[Any],
    q: NDArray[Any],
    measures: tuple[str, ...],
    *,
    base: Base,
    kinds: tuple[Kind, Kind],
    temperature: float,
    reduction: Reduction,
) -> tuple[dict[str, Value], dict[str, Value], Batch | None]:
    """Return measures of a batch, reduced over its rows.

    Parameters
    ----------
    p, q : ndarray, shape (K,) or (N, K)
        A vector meets every row of the other side.
    measures : tuple of str
        Names, which are the keys of the answer.
    base, kinds, temperature
        As `evaluate` takes them.
    reduction : {"none", "mean", "sum", "batchmean"}
        A pair of vectors is one row.

    Returns
    -------
    measures, error_bounds : dict
        A number for each measure, or under ``none`` a number for each row.
    batch : Batch or None
        The spread of the first measure over the rows; None for a pair of vectors.
    """
    single = p.ndim == q.ndim == 1
    every = reduction == "none" and not single
    rows = 1 if single else max(len(side) for side in (p, q) if side.ndim == 2)
    step = max(1, PIECE // p.shape[-1])
    values: dict[str, list[NDArray[Any]]] = {name: [] for name in measures}
    bounds: dict[str, list[NDArray[Any]]] = {name: [] for name in measures}
    sums: dict[str, list[float]] = {name: [] for name in measures}
    for start in range(0, rows, step):
        a, b = (side[start : start + step] if side.ndim == 2 else side for side in (p, q))
        found = evaluate(a, b, measures, base=base, kind=kinds, temperature=temperature)
        for name in values:
            value, bound = np.atleast_1d(found.values[name]), np.atleast_1d(found.bounds[name])
            sums[name].append(math.fsum(value.tolist()))
            bounds[name].append(bound if every else bound.max(keepdims=True))
            # Of measures after the first a sum is all that is asked.
            if every or name == measures[0]:
                values[name].append(value)
    batch = None if single else _spread(measures[0], values[measures[0]], reduction)
    if every:
        return _joined(values), _joined(bounds), batch
    divisor = {"batchmean": rows, "mean": rows * p.shape[-1]}.get(reduction, 1)
    # No term is negative: the relative error of the sum is at most that of its worst term, but
    # for the rounding of the sum and of the division.
    rounding = 0.0 if rows == divisor == 1 else 2.0**-52
    return (
        {name: math.fsum(partial) / divisor for name, partial in sums.items()},
        {name: float(np.concatenate(parts).max()) + rounding for name, parts in bounds.items()},
        batch,
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
    sums = np.zeros((4, outcomes))
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


def _joined(pieces: dict[str, list[NDArray[Any]]]) -> dict[str, Value]:
    return {name: tuple(np.concatenate(parts).tolist()) for name, parts in pieces.items()}


def _spread(measure: str, pieces: list[NDArray[Any]], reduction: Reduction) -> Batch:
    rows = np.sort(np.concatenate(pieces))
    middle = rows[(len(rows) - 1) // 2 : len(rows) // 2 + 1]
    return Batch(
        rows=len(rows),
        reduction=reduction,
        measure=measure,
        min=float(rows[0]),
        median=float(middle.mean()),
        max=float(rows[-1]),
    )
