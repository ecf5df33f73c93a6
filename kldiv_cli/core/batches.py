"""Batches: a divergence a row, and how the rows become one number.

The reductions are those of PyTorch's ``F.kl_div`` over N rows of K outcomes: ``batchmean``
divides the sum by N and is the mean divergence; ``mean`` divides it by N K.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.divergences import Evaluation, evaluate
from kldiv_cli.core.report import Batch, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.core.measures import Base, Reduction

PIECE = 1 << 18
"""Weights that are evaluated at once: what is known of every row is not held for all rows."""


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
    """Evaluate every row and reduce.

    Parameters
    ----------
    p, q : ndarray, shape (K,) or (N, K)
        A vector meets every row of the other side.
    measures : tuple of str
        Keys of the answer.
    base, kinds, temperature
        As `evaluate` takes them.
    reduction : {"none", "mean", "sum", "batchmean"}
        A pair of vectors is one row.

    Returns
    -------
    measures, error_bounds : dict
        A number for each measure, or under ``none`` one a row.
    batch : Batch or None
        The spread of the first measure over the rows; None for a pair of vectors.
    """
    values: dict[str, list[NDArray[Any]]] = {name: [] for name in measures}
    sums: dict[str, list[float]] = {name: [] for name in measures}
    bounds: dict[str, list[NDArray[Any]]] = {name: [] for name in measures}
    rows = 0
    single = p.ndim == q.ndim == 1
    every = reduction == "none" and not single
    for piece in _pieces(p, q):
        evaluation = evaluate(*piece, measures, base=base, kind=kinds, temperature=temperature)
        rows += _keep(evaluation, values, sums, bounds, every=every)
    batch = None if single else _spread(measures[0], values[measures[0]], reduction)
    if every:
        return _joined(values), _joined(bounds), batch
    divisor = {"batchmean": rows, "mean": rows * p.shape[-1]}.get(reduction, 1)
    # No term is negative: the sum is no less certain than its worst term, but for the rounding
    # of the sum and of the division.
    rounding = 0.0 if rows == divisor == 1 else 2.0**-52
    return (
        {name: math.fsum(partial) / divisor for name, partial in sums.items()},
        {name: max(map(float, worst)) + rounding for name, worst in bounds.items()},
        batch,
    )


def _pieces(p: NDArray[Any], q: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    if p.ndim == q.ndim == 1:
        yield p, q
        return
    rows = max(len(side) for side in (p, q) if side.ndim == 2)
    step = max(1, PIECE // p.shape[-1])
    for start in range(0, rows, step):
        first, second = (side[start : start + step] if side.ndim == 2 else side for side in (p, q))
        yield first, second


def _keep(
    evaluation: Evaluation,
    values: dict[str, list[NDArray[Any]]],
    sums: dict[str, list[float]],
    bounds: dict[str, list[NDArray[Any]]],
    *,
    every: bool,
) -> int:
    """Take up a piece: all of its rows, or of all measures but the first only their sum."""
    size = 0
    for place, (name, value) in enumerate(evaluation.values.items()):
        rows, bound = np.atleast_1d(value), np.atleast_1d(evaluation.bounds[name])
        sums[name].append(math.fsum(rows.tolist()))
        bounds[name].append(bound if every else bound.max())
        if every or place == 0:
            values[name].append(rows)
        size = len(rows)
    return size


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
