"""The entropy of one side, where it is small too."""

from __future__ import annotations

import numpy as np

from kldiv_cli.core.kernel.blocks import RowSums, Weights, pieces, row_sums
from kldiv_cli.core.kernel.logs import Side
from kldiv_cli.core.kernel.twofold import Floats, Twofold


def of_weights(weights: Weights, total: Twofold) -> Floats:
    """-sum p log p; the log of a p above 1/2 from what p lacks of 1."""
    sums = RowSums(*weights.shape)
    high, low = total.high[:, None], total.low[:, None]
    for rows, outcomes in pieces(*weights.shape):
        a, _ = weights.block(rows, outcomes, None)
        p = a / high[rows]
        surprise = np.log(p)
        if p.max() > 0.5:
            # Exact: a and the total are within a factor of two.
            lack = ((a - high[rows]) - low[rows]) / high[rows]
            np.putmask(surprise, p > 0.5, np.log1p(np.maximum(lack, -0.5)))
        surprise *= p
        np.putmask(surprise, p == 0.0, 0.0)
        sums.add("entropy", row_sums(surprise))
    return np.maximum(-sums.total()["entropy"], 0.0)


def of_logs(side: Side) -> Floats:
    """log(1 + rest) - sum p h, with h = log weights below the largest: no term is negative."""
    rows, outcomes = side.shape
    result = np.empty(rows)
    by_rows: dict[tuple[int, int], list[slice]] = {}
    for some, part in pieces(rows, outcomes):
        by_rows.setdefault((some.start, some.stop), []).append(part)
    for (start, stop), parts in by_rows.items():
        some = slice(start, stop)
        top = side.top(some, parts)
        rest, moment = np.zeros(stop - start), np.zeros(stop - start)
        for part in parts:
            z, _ = side.weights.block(some, part, None)
            mass = side.masses(some, part, top)
            h = np.where(mass > 0.0, (z - top) / side.temperature, 0.0)
            rest += row_sums(np.where(z == top, 0.0, mass)) + np.count_nonzero(z == top, axis=1)
            moment -= row_sums(mass * h)
        rest -= 1.0
        result[some] = np.log1p(rest) + moment / (1.0 + rest)
    return result
