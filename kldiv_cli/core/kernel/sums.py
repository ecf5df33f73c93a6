"""Sums of two sides by row, whichever side is called P.

Rounding is not symmetric: x = R a is rounded where b is not, and log(b / x) is not minus
log(x / b).  The sides of every row are therefore brought into an order that depends on the
sides alone: D(P || Q) is the same double from either side, as is every symmetric measure.
"""

from __future__ import annotations

import numpy as np

from kldiv_cli.core.kernel.blocks import Piece, RowSums, Weights, bands
from kldiv_cli.core.kernel.elements import EXTREME, ONLY_P, ONLY_Q, Term
from kldiv_cli.core.kernel.formulas import Known
from kldiv_cli.core.kernel.logs import PairOfLogs, Side
from kldiv_cli.core.kernel.twofold import Array, Signs
from kldiv_cli.core.kernel.weights import PairOfWeights


def known(p: Side, q: Side, wanted: frozenset[Term]) -> Known:
    """Add up the wanted terms by row, the sides of every row in their own order.

    Parameters
    ----------
    p, q : Side
        Of N rows each.
    wanted : frozenset of Term
        Terms of `elements`; none wanted is none added up.
    """
    if not wanted:
        none = np.zeros(p.shape[0])
        return Known(p, q, {EXTREME: none}, none + 1.0, none + 1.0, none > 0.0)
    for side in (p, q):
        if not side.logarithmic:
            side.weights.totals()
    first = order(p, q)
    twins = frozenset(term.twin for term in wanted)
    places, parts = [], []
    # Rows that are alike stay apart: what is added up together shares the care it needs.
    for sign in (-1, 0, 1):
        rows = np.flatnonzero(first == sign)
        if rows.size:
            a, b = p.take(rows), q.take(rows)
            places.append(rows)
            parts.append(_in_order(a, b, wanted) if sign < 1 else _in_order(b, a, twins).turned())
    if len(parts) == 1:
        return parts[0]
    at = np.empty(first.shape, np.intp)
    at[np.concatenate(places)] = np.arange(len(at))
    _, _, sums, *of_rows = zip(*parts, strict=True)
    total, wide, exact = (np.concatenate(arrays)[at] for arrays in of_rows)
    together = {term: np.concatenate([part[term] for part in sums])[at] for term in sums[0]}
    return Known(p, q, together, total, wide, exact)


def _in_order(p: Side, q: Side, wanted: frozenset[Term]) -> Known:
    """Add up the wanted terms by row, P being first."""
    pair = pair_of(p, q)
    sums = pair.sums(wanted)
    if any(_leaves_the_range(term, sums) for term in wanted if term.wide):
        # Too large in this unit, but perhaps not as a number.
        pair.unit = np.ldexp(1.0, 2 * (np.frexp(pair.total)[1] // 2 + 32))
        sums = pair.sums(wanted)
    found = {term: sums[term] for term in (*sums.parts, ONLY_P, ONLY_Q, EXTREME)}
    return Known(p, q, found, pair.total, pair.total / pair.unit, pair.exact)


def _leaves_the_range(term: Term, sums: RowSums) -> bool:
    excluded = sums[ONLY_Q if term.turned else ONLY_P] > 0.0
    return bool(np.any(np.isinf(sums[term]) & ~excluded))


def pair_of(p: Side, q: Side) -> PairOfWeights | PairOfLogs:
    """Bring both sides into one unit."""
    if p.logarithmic or q.logarithmic:
        return PairOfLogs(p, q)
    return PairOfWeights(p.weights, q.weights)


def order(p: Side, q: Side) -> Signs:
    """Return for every row which side comes first.

    Weights come before logarithms; then the side with the smaller number where the two first
    differ; then the type of the numbers, as numbers of different types may differ by less than
    a comparison sees.

    Parameters
    ----------
    p, q : Side
        Of N rows each.

    Returns
    -------
    ndarray of int8, shape (N,)
        -1 where P comes first, 1 where Q does, 0 where they are alike in all of that.
    """
    rows, _ = p.shape
    if p.logarithmic != q.logarithmic:
        return np.full(rows, 1 if p.logarithmic else -1, np.int8)
    column = Piece(slice(0, rows), slice(0, 1), (rows, 1))
    result = _compared(p.weights.raw(column)[:, 0], q.weights.raw(column)[:, 0])
    alike = np.flatnonzero(result == 0)
    if alike.size:
        result[alike] = _order(p.weights.take(alike), q.weights.take(alike))
    return result


def _order(p: Weights, q: Weights) -> Signs:
    """See `order`; of sides of one kind, whose first outcomes may be alike."""
    types = p.array.dtype.str, q.array.dtype.str
    result = np.full(p.shape[0], (types[0] > types[1]) - (types[0] < types[1]), np.int8)
    for band in bands(p.shape):
        for piece in band:
            a, b = p.raw(piece), q.raw(piece)
            first = np.arange(len(a)), (a != b).argmax(axis=1)
            found = _compared(a[first], b[first])
            result[piece.rows] = np.where(found, found, result[piece.rows])
            if found.any():
                # Of several pieces each is a part of the same row.
                break
    return result


def _compared(a: Array, b: Array) -> Signs:
    """Return the sign of a - b."""
    return (a > b).astype(np.int8) - (a < b).astype(np.int8)
