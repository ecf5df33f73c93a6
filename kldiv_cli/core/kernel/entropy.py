"""The entropy of one side, where it is small too."""

from __future__ import annotations

import numpy as np

from kldiv_cli.core.kernel.blocks import RowSums, bands, pieces
from kldiv_cli.core.kernel.logs import Side
from kldiv_cli.core.kernel.twofold import Floats
from kldiv_cli.core.kernel.weights import in_range


def entropy(side: Side) -> Floats:
    """Return -sum p log p by row, in nats."""
    return _of_logs(side) if side.logarithmic else _of_weights(side)


def _of_weights(side: Side) -> Floats:
    """Return sum p log(1/p); a p above 1/2 is 1 / (1 + rest/p), with the rest added up apart."""
    _, [(weights, total)] = in_range(side.weights)
    sums = RowSums(side.shape)
    for piece in pieces(side.shape):
        a, _ = weights.block(piece, None)
        p = a / total.high[piece.rows, None]
        t = np.log(p)
        t *= p
        most = p > 0.5
        if most.any():
            np.putmask(t, most, 0.0)
            sums.add("large", piece, np.where(most, p, 0.0))
            np.putmask(p, most, 0.0)
        np.putmask(t, p == 0.0, 0.0)
        sums.add("rest", piece, p)
        sums.add("logs", piece, t)
    large, rest = sums["large"], sums["rest"]
    return np.where(large > 0.0, large * np.log1p(rest / large), 0.0) - sums["logs"]


def _of_logs(side: Side) -> Floats:
    """Return log(1 + rest) - sum p h, h being log weights below the largest: terms >= 0."""
    sums = RowSums(side.shape)
    for band in bands(side.shape):
        top = side.top(band)
        for piece in band:
            z, _ = side.weights.block(piece, None)
            mass = side.masses(piece, top)
            h = np.where(mass > 0.0, (z - top) / side.temperature, 0.0)
            largest = z == top
            sums.add("ties", piece, largest.astype(float))
            sums.add("rest", piece, np.where(largest, 0.0, mass))
            sums.add("moment", piece, mass * h)
    rest = (sums["ties"] - 1.0) + sums["rest"]
    return np.log1p(rest) - sums["moment"] / (1.0 + rest)
