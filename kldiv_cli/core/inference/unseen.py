"""What samples of any size would miss, by the outcomes that these have seen once, twice, ..

The count of an outcome in N rows is taken for Poisson, each outcome having a rate of its own. How
these rates are spread over the outcomes, given that each was seen, is estimated by maximum
likelihood without a model of it (Kiefer and Wolfowitz, Ann. Math. Statist. 27, 1956; zeros left
out, as in Norris and Pollock, Environ. Ecol. Stat. 5, 1998), on a grid and by Laird's EM steps
(JASA 73, 1978). The shares that were seen are no such estimate: an outcome that was seen once is
mostly rarer than one row in N, and what was never seen is not among them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.inference.samples import Samples

    Floats = NDArray[np.float64]

_FEW = 40
"""Rows of an outcome from which on its share is known well enough, and no other like it unseen."""
_RATES = np.geomspace(1e-3, 1.5 * _FEW, 60)
"""Rows expected of an outcome: all rates that are thought of."""
_STEPS = 300


class Unseen(NamedTuple):
    """Outcomes, seen or not, by how often one is expected.

    Attributes
    ----------
    rates : ndarray of float64, shape (J,)
        Expected occurrences in one row.
    numbers : ndarray of float64, shape (J,)
        How many outcomes have each rate.
    rows : float
        In which these were counted; infinite where all outcomes are known.
    """

    rates: Floats
    numbers: Floats
    rows: float

    @classmethod
    def of(cls, samples: Samples) -> Unseen:
        """Return what two samples together say; rows that weigh count as those they are worth."""
        total = samples.n + samples.m
        if math.isinf(total):
            return cls(samples.pooled, np.ones(samples.outcomes), total)
        counts = np.maximum(np.rint(samples.x + samples.y), 1)
        few = counts[counts <= _FEW].astype(np.intp)
        numbers = _numbers(np.bincount(few, minlength=_FEW + 1)[1:])
        many = counts[counts > _FEW]
        rates = np.concatenate([_RATES, many]) / total
        return cls(rates, np.concatenate([numbers, np.ones(len(many))]), total)

    def mass(self, rows: float) -> float:
        """Return the share of all rows whose outcomes a sample of so many rows has not seen."""
        return float(self.numbers @ (self.rates * np.exp(-self.rates * rows)))

    def outcomes(self, rows: float) -> float:
        """Return how many outcomes so many rows would show that were not seen yet."""
        if math.isinf(self.rows):
            return 0.0
        before, after = (np.exp(-self.rates * size) for size in (self.rows, rows))
        return max(float(self.numbers @ (before - after)), 0.0)


def _numbers(times: NDArray[np.intp]) -> Floats:
    """Return how many outcomes have each of `_RATES`, from how many were seen once, twice, .."""
    seen = int(times.sum())
    if not seen:
        return np.zeros_like(_RATES)
    counts = np.arange(1, _FEW + 1)
    factorials = np.array([math.lgamma(count + 1) for count in counts])[:, np.newaxis]
    is_seen = -np.expm1(-_RATES)
    laws = np.exp(np.outer(counts, np.log(_RATES)) - _RATES - factorials) / is_seen
    share = np.full(len(_RATES), 1 / len(_RATES))
    for _ in range(_STEPS):
        share = share * (laws.T @ (times / (laws @ share))) / seen
    numbers: Floats = seen * share / is_seen
    return numbers
