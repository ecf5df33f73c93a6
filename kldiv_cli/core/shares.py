"""The shares of all outcomes of a pair, in the order in which a picture shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import intervals
from kldiv_cli.core.binning import SPECIAL
from kldiv_cli.core.distribution import MOST_ROWS, total_of
from kldiv_cli.core.report import Shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.core.divergences import Contributions
    from kldiv_cli.core.intervals import Interval
    from kldiv_cli.core.pair import Pair

LOWEST = SPECIAL[0]
"""The outcome that comes before all bins."""


def shares_of(pair: Pair, parts: Contributions) -> Shares:
    """Return the shares of all outcomes of a pair of vectors.

    Parameters
    ----------
    pair : Pair
        Weights of shape (K,), from which the sample sizes are taken.
    parts : Contributions
        The shares and parts of its outcomes, smoothed where that was asked for.
    """
    labels = pair.names
    missing: list[int] = np.flatnonzero(~pair.valued).tolist()
    bins = _bins(labels, missing)
    p, q, part = parts.p, parts.q, parts.part
    # Categories are as they should be, but perhaps for the missing values.
    if bins or (missing and missing[-1] < len(labels) - 1):
        order = _order(labels, [place for _, place in bins], missing)
        labels = tuple(labels[place] for place in order)
        p, q, part = p[order], q[order], part[order]
    if pair.weighs:
        n_p, n_q = (side.n_effective for side in pair.weights)
    else:
        n_p, n_q = _sample_size(pair.p, pair.kinds[0]), _sample_size(pair.q, pair.kinds[1])
    return Shares(
        labels,
        p,
        q,
        part,
        n_p=n_p,
        n_q=n_q,
        ordered=bool(bins),
        edges=tuple(bin.low for bin, _ in bins[1:]),
        missing=len(labels) - 1 if missing else None,
    )


def _bins(labels: Sequence[str], missing: list[int]) -> list[tuple[Interval, int]]:
    """Return the bins by their edges, with their places; none where outcomes are categories."""
    found = []
    for place, label in enumerate(labels):
        if place in missing or label in SPECIAL:
            continue
        bin = intervals.parse(label)
        if bin is None:
            return []
        found.append((bin, place))
    found.sort()
    return found if intervals.are_bins([bin for bin, _ in found]) else []


def _order(labels: Sequence[str], bins: list[int], missing: list[int]) -> list[int]:
    """Return the places of the outcomes in the order of a picture."""
    known = {*bins, *missing}
    others = [place for place in range(len(labels)) if place not in known]
    if not bins:
        return [*others, *missing]
    lowest = [place for place in others if labels[place] == LOWEST]
    rest = [place for place in others if labels[place] != LOWEST]
    return [*lowest, *bins, *rest, *missing]


def _sample_size(weights: NDArray[Any], kind: Kind) -> float:
    """Return how many rows were counted; infinity where shares are known, or as good as known."""
    total = total_of(weights, kind) if kind == "counts" else math.inf
    return float(total) if total < MOST_ROWS else math.inf
