"""The chain rule of KL: how much of a divergence is the mix of segments, and how much is within.

For outcomes o in segments s, as in Cover and Thomas, Elements of Information Theory, 2.5.3,

    D(P(s, o) || Q(s, o)) = D(P(s) || Q(s)) + sum_s P(s) D(P(o | s) || Q(o | s)).

PSI, the Jensen-Shannon divergence and the statistic of Kolmogorov and Smirnov have no such rule.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.divergences import divergences
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Chain(NamedTuple):
    """A divergence of segments and outcomes together, and its parts, in nats.

    Attributes
    ----------
    joint : float
        D of segments and outcomes together.
    mix : float
        D of the segments.
    within : float
        The sum of `parts`. joint = mix + within.
    parts : tuple of float
        P(s) D(P(o | s) || Q(o | s)) of each segment s: 0 where P lacks it, and infinite where Q
        alone does, or lacks an outcome that P has there.
    shares_p, shares_q : tuple of float
        P(s) and Q(s) of each segment s.
    """

    joint: float
    mix: float
    within: float
    parts: tuple[float, ...]
    shares_p: tuple[float, ...]
    shares_q: tuple[float, ...]


def chain(p: Sequence[NDArray[Any]], q: Sequence[NDArray[Any]]) -> Chain:
    """Return what a divergence is made of.

    Parameters
    ----------
    p, q : sequence of S ndarrays
        Weights of the outcomes in each of S segments, which need not have the same. Valid:
        non-negative, finite, with a positive total of all.
    """
    # Doubles, since the sum of large integers may be beyond any of 64 bits.
    in_p, in_q = (np.array([weights.sum(dtype=np.float64) for weights in side]) for side in (p, q))
    shares_p, shares_q = (tuple((side / side.sum()).tolist()) for side in (in_p, in_q))
    parts = tuple(map(_part, p, q, shares_p, in_q > 0))
    joint, mix = _divergence(np.concatenate(p), np.concatenate(q)), _divergence(in_p, in_q)
    return Chain(joint, mix, math.fsum(parts), parts, shares_p, shares_q)


def _part(p: NDArray[Any], q: NDArray[Any], share: float, is_known: bool) -> float:
    """Return the part of a segment that has this share of P; Q may lack it."""
    if share == 0:
        return 0.0
    return share * _divergence(p, q) if is_known else math.inf


def _divergence(p: NDArray[Any], q: NDArray[Any]) -> float:
    """Return D(P || Q) in nats."""
    seen = np.flatnonzero((p > 0) | (q > 0))
    return float(divergences(p[seen], q[seen], measures=("kl_pq",))["kl_pq"])
