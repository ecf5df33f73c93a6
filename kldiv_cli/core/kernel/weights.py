"""Two sides given as weights: one pass where that is exact, two where it is not.

For any R > 0 and weights a, b with the sums A, B

    D(a/A || b/B) = sum t_i / (R A) - phi(rho),     phi(rho) = rho - log(1 + rho),
    t_i = R a_i log(R a_i / b_i) + w_i,   w_i = b_i - R a_i,   rho = sum w_i / (R A),

so with R = 1 neither side need be normalised and the data are read once.  That is accurate
unless the totals differ by more than the distributions do; then, and for measures that have
no such identity, R = B / A to 100 bits, and w_i is correct to a few units in its last place.
"""

from __future__ import annotations

import numpy as np

from kldiv_cli.core.kernel.blocks import (
    BLOCK,
    Buffers,
    NotWeightsError,
    RowSums,
    Weights,
    pieces,
    require_weights,
    row_sums,
    totals,
)
from kldiv_cli.core.kernel.elements import Elements, Pair, Work, emit
from kldiv_cli.core.kernel.twofold import Floats, Twofold, divide, halves, three_parts

KL = frozenset({"kl_pq", "kl_qp"})


def phi(rho: Floats) -> Floats:
    """rho - log(1 + rho), to the last digits also where rho is small."""
    one = np.ones_like(rho)
    e = Elements(Pair(one, 1.0 + rho, rho), Work())
    return rho * e.y - e.excess()


class PairOfWeights:
    """Pieces of x = R a and b, with w = b - x."""

    def __init__(self, p: Weights, q: Weights) -> None:
        self.p, self.q = p, q
        self.shape = p.shape
        self.total_p = totals(p)
        self.total_q = totals(q)
        for total in (self.total_p.high, self.total_q.high):
            if not (np.all(total > 0.0) and np.all(total < np.inf)):
                raise NotWeightsError
        ratio = divide(self.total_q, self.total_p)
        self.equal = bool(np.all((ratio.high == 1.0) & (ratio.low == 0.0)))
        self._ratio = ratio.high[:, None]
        self._r1, self._r2, self._r3 = (part[:, None] for part in three_parts(ratio))

    def piece(self, rows: slice, outcomes: slice, work: Work, buffers: list[Floats | None]) -> Pair:
        """x, b and w of one piece."""
        a, a_low = self.p.block(rows, outcomes, buffers[0])
        b, b_low = self.q.block(rows, outcomes, buffers[1])
        if self.equal:
            w = np.subtract(b, a, out=work.w)
            x = a
            if a_low is not None or b_low is not None:
                w += (0.0 if b_low is None else b_low) - (0.0 if a_low is None else a_low)
            return Pair(x, b, w)
        r1, r2, r3 = self._r1[rows], self._r2[rows], self._r3[rows]
        a1, a2 = halves(a)
        w = np.subtract(b, a1 * r1, out=work.w)
        w -= a2 * r1
        w -= a1 * r2
        w -= a2 * r2
        w -= a * r3
        if b_low is not None:
            w += b_low
        if a_low is not None:
            w -= self._ratio[rows] * a_low
        return Pair(np.multiply(a, self._ratio[rows], out=buffers[2]), b, w)

def absent(e: Elements, sums: RowSums) -> None:
    """Count the outcomes that one side holds to be impossible and the other does not."""
    rows = len(e.x)
    if e.log_ratio is not None:
        sums.add("only_p", np.count_nonzero(e.log_ratio == -1e5, axis=1).astype(float))
        sums.add("only_q", np.count_nonzero((e.log_ratio == 1e5) & (e.b >= 0), axis=1).astype(float))
    elif e.extreme:
        sums.add("only_p", np.count_nonzero((e.b == 0.0) & (e.x > 0.0), axis=1).astype(float))
        sums.add("only_q", np.count_nonzero((e.x == 0.0) & (e.b > 0.0), axis=1).astype(float))
    else:
        sums.add("only_p", np.zeros(rows))
        sums.add("only_q", np.zeros(rows))
