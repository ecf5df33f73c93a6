"""Two sides over one support: outcomes are matched by label, never by their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Distribution


class Aligned(NamedTuple):
    """A pair of weights, outcome by outcome.

    `outcomes` is the union of the labels, P's first, each side in its own order; None
    where outcomes are known by position.
    """

    outcomes: tuple[str, ...] | None
    p: NDArray[Any]
    q: NDArray[Any]


def align(p: Distribution, q: Distribution) -> Aligned:
    """Bring both sides to the union of their outcomes.

    An outcome that one side does not name has no mass there: weight 0, or -inf among
    logits and log-probabilities.

    Raises
    ------
    ValueError
        If one side has labels and the other has none, or positional sides differ in length
        or in the number of rows.
    """
    if (p.outcomes is None) != (q.outcomes is None):
        labelled, positional = (p, q) if q.outcomes is None else (q, p)
        raise ValueError(
            f"{labelled.name} has labels and {positional.name} has none:"
            " outcomes can be matched by label or by position, not by both"
        )
    if p.outcomes is None or q.outcomes is None:
        if p.weights.shape[-1] != q.weights.shape[-1]:
            raise ValueError(
                f"{p.name} has {p.weights.shape[-1]} outcomes and {q.name} has"
                f" {q.weights.shape[-1]}, and there are no labels to match them by"
            )
        if p.weights.ndim == q.weights.ndim == 2 and len(p.weights) != len(q.weights):
            raise ValueError(
                f"{p.name} has {len(p.weights)} rows and {q.name} has {len(q.weights)};"
                " a batch is compared row by row"
            )
        return Aligned(None, p.weights, q.weights)
    if p.outcomes == q.outcomes:
        return Aligned(p.outcomes, p.weights, q.weights)
    at = {outcome: index for index, outcome in enumerate(p.outcomes)}
    places = [at.setdefault(outcome, len(at)) for outcome in q.outcomes]
    return Aligned(
        tuple(at),
        _spread(p, np.arange(len(p.outcomes)), len(at)),
        _spread(q, np.array(places, dtype=np.intp), len(at)),
    )


def _spread(side: Distribution, places: NDArray[np.intp], size: int) -> NDArray[Any]:
    absent = -np.inf if side.kind in ("logits", "log-probs") else 0
    spread = np.full(size, absent, dtype=side.weights.dtype)
    spread[places] = side.weights
    return spread
