"""Rows that can be measured together, though each shall be measured as if it were alone.

What the rows of a piece share depends on all of them: how many terms of a series are enough for
the largest ratio, whether a zero is among the weights, whether all totals are equal.  Rows that
are alike in this are measured to the same bits together and apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.kernel.blocks import SHORT, Buffers, Weights, pieces
from kldiv_cli.core.kernel.elements import EXTREME_SQUARE, REACHES
from kldiv_cli.core.kernel.twofold import divide
from kldiv_cli.core.kernel.weights import BESIDE_ONE, MOST_EXACT, far_apart

if TYPE_CHECKING:
    from kldiv_cli.core.kernel.twofold import Bools, Floats, Indices

SURE = 1e-9
"""How far from a limit, relative to it, a number is on one side of it for sure."""


def groups(p: Weights, q: Weights, longest: int) -> tuple[list[Indices], list[int]]:
    """Return the rows that can be measured together, and those that each have to be alone.

    Parameters
    ----------
    p, q : Weights
        Of N rows each.
    longest : int
        Rows of so many outcomes or more are alone.
    """
    count, outcomes = p.shape
    if outcomes >= longest or p.low is not None or q.low is not None or count == 1:
        return [], list(range(count))
    ratio = divide(q.totals()[0], p.totals()[0])
    beyond = np.abs((ratio.high - 1.0) + ratio.low)
    peak, extreme = _peaks(p, q, ratio.high)
    sure = ~far_apart(p, q)
    kind = np.zeros(count, np.intp)
    for number, limits in ((beyond, (0.0, BESIDE_ONE)), (peak, REACHES)):
        for limit in limits:
            sure &= (np.abs(number - limit) > SURE * limit) | ((number == 0.0) & (limit == 0.0))
        kind = kind * (len(limits) + 1) + np.searchsorted(limits, number)
    sure &= np.abs(peak - EXTREME_SQUARE) > SURE
    kind = 2 * kind + extreme
    # Many short rows would be added up in another way, and many small sums not exactly.
    height = SHORT if outcomes <= SHORT else MOST_EXACT // outcomes
    together = []
    for one in np.unique(kind[sure]):
        rows = np.flatnonzero(sure & (kind == one))
        together += [rows[start : start + height] for start in range(0, len(rows), height)]
    return together, np.flatnonzero(~sure).tolist()


def _peaks(p: Weights, q: Weights, ratio: Floats) -> tuple[Floats, Bools]:
    """Return the largest ((b - x) / (b + x))^2 of each row, nearly, and whether one is near 1.

    An outcome that neither side has counts as one that is.
    """
    peak, extreme = np.empty(len(ratio)), np.empty(len(ratio), np.bool_)
    buffers = Buffers()
    for piece in pieces(p.shape):
        work = buffers[piece.shape]
        a, b = p.block(piece, work.a)[0], q.block(piece, work.b)[0]
        x = np.multiply(a, ratio[piece.rows, None], out=work.x)
        z = np.subtract(b, x, out=work.w)
        np.divide(z, np.add(b, x, out=work.s), out=z)
        np.multiply(z, z, out=z)
        top = np.maximum.reduce(z, axis=1)
        # What neither side has is nan.
        extreme[piece.rows] = ~(top < EXTREME_SQUARE)
        peak[piece.rows] = np.fmax.reduce(z, axis=1)
    return peak, extreme
