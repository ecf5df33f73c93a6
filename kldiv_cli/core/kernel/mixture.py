"""The Jensen-Shannon divergence of several distributions: their mean divergence from all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.kernel.blocks import Piece
from kldiv_cli.core.kernel.elements import KL_PQ, Elements, Pair, Work, terms
from kldiv_cli.core.kernel.twofold import Twofold, add, divide
from kldiv_cli.core.kernel.weights import in_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.kernel.logs import Side
    from kldiv_cli.core.kernel.twofold import Floats, Indices

NOISE = 2.0**-96
"""Shares that differ by less, relative to them, do so by the rounding of two doubles alone."""


def jensen_shannon(sides: Sequence[Side], places: Sequence[Indices], outcomes: int) -> float:
    """Return the mean of D(P_i || M), M = (P_1 + ... + P_n) / n, in nats.

    The shares have twice a double's digits where the sides are weights, and so have their
    differences from M: sides that nearly agree lose none.

    Parameters
    ----------
    sides : sequence of Side
        Of one row each.
    places : sequence of ndarray of int
        Which of all outcomes those of each side are; the others have no mass there.
    outcomes : int
        How many there are in all.

    Raises
    ------
    NotWeightsError
        If a side holds weights or logits that are not valid.
    """
    count = len(sides)
    mixture = Twofold(np.zeros(outcomes), np.zeros(outcomes))
    lacking = np.full(outcomes, count)
    with np.errstate(all="ignore"):
        shares = [*map(_shares, sides)]
        for share, own in zip(shares, places, strict=True):
            _put(mixture, own, add(_taken(mixture, own), share))
            lacking[own] -= 1
        mixture = divide(mixture, Twofold(np.full(outcomes, float(count)), np.zeros(outcomes)))
        divergences = [
            _terms(share, _taken(mixture, own)) for share, own in zip(shares, places, strict=True)
        ]
        # The term of an outcome without mass is the mass that it has in the mixture.
        return math.fsum([*divergences, *(lacking * mixture.high).tolist()]) / count


def _taken(all: Twofold, places: Indices) -> Twofold:
    return Twofold(all.high[places], all.low[places])


def _put(all: Twofold, places: Indices, some: Twofold) -> None:
    all.high[places], all.low[places] = some


def _shares(side: Side) -> Twofold:
    """Return the probabilities of a side; those of logarithms have a double's digits."""
    piece = Piece(slice(0, 1), slice(0, side.shape[1]), side.shape)
    if side.logarithmic:
        masses = side.masses(piece, side.top([piece]))[0]
        shares = masses / math.fsum(masses.tolist())
        return Twofold(shares, np.zeros_like(shares))
    _, [(weights, total)] = in_range(side.weights)
    high, low = weights.block(piece, None)
    low = np.zeros_like(high) if low is None else low
    return divide(Twofold(high[0], low[0]), total)


def _terms(p: Twofold, q: Twofold) -> float:
    """Return the sum of p log(p/q) - p + q over some outcomes, which all are possible under Q."""

    def row(x: Floats) -> Floats:
        return x[np.newaxis]

    w = add(q, Twofold(-p.high, -p.low)).high
    np.putmask(w, np.abs(w) <= NOISE * q.high, 0.0)
    elements = Elements(Pair(row(p.high), row(q.high), row(w), np.ones((1, 1))), Work())
    sums = {
        term: math.fsum(values[0].tolist()) for term, values in terms(frozenset({KL_PQ}), elements)
    }
    return sums[KL_PQ]
