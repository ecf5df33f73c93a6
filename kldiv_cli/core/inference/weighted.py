"""Two samples whose rows weigh, and how much the shares of their outcomes then vary.

A weight says for how many units a row stands. Of each outcome k of a side the sums W_k of the
weights and S_k of their squares are known; with W their total, p_k = W_k/W, s_k = S_k/W^2 and
s = sum s_k, the covariance of the shares is, by linearisation,

    V_P = diag(s_k) - s_k p_l - p_k s_l + s p_k p_l.

A side is worth 1/s rows of equal weight (Kish, Survey Sampling, 1965), and an outcome of it
W_k^2/S_k: no constant factor of the weights changes any of this. Rows do not depend on each
other, and no stratum, cluster or calibration of a survey is known; `design` has the rest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.design import Design, rare_by, standardised
from kldiv_cli.core.inference.reasons import few_effective_rows, uneven_weights
from kldiv_cli.core.inference.samples import MIN_ROWS, merge, samples
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.inference.cross_table import CrossTable
    from kldiv_cli.core.inference.samples import Floats, Samples

LEAST_SHARE = 0.3
"""The least part of the rows that they must be worth for a pass."""
LEAST_OF_OUTCOME = 5
"""The fewest effective rows for each outcome, on the average, for any verdict."""


class Weights(NamedTuple):
    """What the rows of one side weigh, outcome by outcome.

    Attributes
    ----------
    shares : ndarray of float64, shape (K,)
        p_k = W_k/W.
    squares : ndarray of float64, shape (K,)
        s_k = S_k/W^2.
    rows : int
        Rows that weigh anything.
    """

    shares: Floats
    squares: Floats
    rows: int

    @property
    def n_effective(self) -> float:
        """How many rows of equal weight have a mean that varies as much: 1/s."""
        return 1 / math.fsum(self.squares)

    @property
    def mean(self) -> Floats:
        """The mean weight of each outcome, by its squares, in units of W; 0 where it has none."""
        seen = self.shares > 0
        return np.divide(self.squares, self.shares, out=np.zeros_like(self.shares), where=seen)

    def merged(self, place: NDArray[np.intp], outcomes: int) -> Weights:
        """Return the same of other outcomes: `place` tells of each what it becomes, or -1."""
        kept = place >= 0
        shares, squares = np.zeros(outcomes), np.zeros(outcomes)
        np.add.at(shares, place[kept], self.shares[kept])
        np.add.at(squares, place[kept], self.squares[kept])
        return Weights(shares, squares, self.rows)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """V_P, of shape (K, K)."""
        cross = np.outer(self.squares, self.shares)
        total = math.fsum(self.squares)
        outer = np.outer(self.shares, self.shares)
        found: NDArray[np.float64] = np.diag(self.squares) - cross - cross.T + total * outer
        return found


def weights_of(table: CrossTable) -> Weights:
    """Return what the rows of a table weigh, whatever their groups are.

    Raises
    ------
    ValueError
        If its rows do not weigh, or weigh nothing at all.
    """
    weights = table.weights
    if weights is None:
        raise ValueError("these rows have no weights")
    of_outcomes, squares = weights
    total = math.fsum(of_outcomes)
    if not total > 0:
        raise ValueError("these rows weigh nothing")
    return Weights(of_outcomes / total, squares / total / total, int(table.entries.n.sum()))


def weighted(p: Weights, q: Weights) -> Design:
    """Return two samples whose rows weigh.

    With A_P = diag(t)^(-1/2) V_P diag(t)^(-1/2), and A that of V_P + V_Q,

        c_d = sum over both sides of max(s, tr(A_P)/(K - 1)),
        kappa = (K - 1) tr(A^2)/tr(A)^2.

    Parameters
    ----------
    p, q : Weights
        The current side and the reference, over the same outcomes.
    """
    sizes = p.n_effective, q.n_effective
    # Totals are given, so that they are the same to the last bit.
    whole = samples(p.shares * sizes[0], q.shares * sizes[1])._replace(n=sizes[0], m=sizes[1])
    sample = merge(whole, _rare(whole, p, q))
    outcomes = sample.outcomes
    of_p, of_q = (side.merged(sample.place, outcomes) for side in (p, q))
    parts = [standardised(side.covariance, sample.pooled) for side in (of_p, of_q)]
    degrees = max(outcomes - 1, 1)
    scale = math.fsum(
        max(1 / size, float(np.trace(part)) / degrees)
        for size, part in zip(sizes, parts, strict=True)
    )
    matrix = parts[0] + parts[1]
    trace = float(np.trace(matrix))
    kappa = degrees * float((matrix**2).sum()) / trace**2 if trace > 0 else 1.0
    worth = [(side.rows, round(side.n_effective, 6)) for side in (p, q)]
    few = [
        few_effective_rows(rows, size, outcomes)
        for rows, size in worth
        if size < max(MIN_ROWS, LEAST_OF_OUTCOME * outcomes)
    ]
    uneven = [uneven_weights(rows, size) for rows, size in worth if size < LEAST_SHARE * rows]
    return Design(
        # As many rows as there are: who is told how many would decide counts them.
        sample._replace(x=of_p.shares * p.rows, y=of_q.shares * q.rows, n=p.rows, m=q.rows),
        whole,
        of_p.shares,
        of_q.shares,
        sizes,
        (of_p.covariance, of_q.covariance),
        None,
        scale,
        min(max(kappa, 1.0), float(degrees)),
        unfit=few[0] if few else None,
        doubt=uneven[0] if uneven else None,
        rare=whole.outcomes - outcomes + 1 if outcomes < whole.outcomes else 0,
    )


def _rare(whole: Samples, p: Weights, q: Weights) -> NDArray[np.bool_]:
    """Return which outcomes are merged: those that have fewer than `LEAST` effective rows.

    They are counted at P = Q, where the side with the fewer of them has t/(s_k/p_k): what one side
    never had, and the other has often, differs and is not merged.
    """
    given = whole.place >= 0
    means = p.mean[given], q.mean[given]
    heavier = np.maximum(*means)
    effective = np.minimum(*(whole.pooled / np.where(mean > 0, mean, heavier) for mean in means))
    # Weights in another unit must not pool others, by the last bit.
    return rare_by(np.asarray(np.round(effective, 6), dtype=np.float64))
