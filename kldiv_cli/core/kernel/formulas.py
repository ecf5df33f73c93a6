"""Every measure: the sums it needs, how it follows from them, and how wrong it can be.

A new measure is a row here and a row of `kldiv_cli.core.measures`; if no sum serves it, a term
of `elements` as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kldiv_cli.core.kernel.blocks import Piece
from kldiv_cli.core.kernel.bounds import Roundings, U
from kldiv_cli.core.kernel.elements import CHI2_PQ, HALF, JS, KL_PQ, KL_QP, ONLY_P, TV, Term, power
from kldiv_cli.core.kernel.twofold import Bools, Floats
from kldiv_cli.core.measures import MEASURES, Measure

if TYPE_CHECKING:
    from kldiv_cli.core.kernel.logs import Side

ENTROPY_P, ENTROPY_Q = Term("entropy", turned=False), Term("entropy", turned=True)


class Known(NamedTuple):
    """The sums over outcomes of every row, from which measures are finished.

    Attributes
    ----------
    p, q : Side
        The two sides.
    sums : mapping of Term to ndarray, shape (N,)
        In units of `total`, and wide ones in units of `wide`.
    total, wide : ndarray, shape (N,)
        The total that both sides were brought to, and this total over the unit of wide sums.
    exact : ndarray of bool, shape (N,)
        Rows of which every difference of the two sides is known exactly.
    """

    p: Side
    q: Side
    sums: dict[Term, Floats]
    total: Floats
    wide: Floats
    exact: Bools

    def turned(self) -> Known:
        """Return the same sums with P and Q exchanged."""
        sums = {term.twin: values for term, values in self.sums.items()}
        return self._replace(p=self.q, q=self.p, sums=sums)

    def over(self, term: Term, divisor: float = 1.0) -> Floats:
        """Divide a sum by its unit and by a number.

        By both at once: either alone might take it out of the range of doubles.
        """
        return self.sums[term] / ((self.wide if term.wide else self.total) * divisor)

    def continuous(self, value: Floats) -> Floats:
        """Return a value by row, infinite where an outcome is possible under P alone."""
        return np.where(self.sums[ONLY_P] > 0.0, np.inf, value)

    def kl(self) -> Floats:
        """D(P || Q)."""
        return self.continuous(self.over(KL_PQ))

    def log_overlap(self, alpha: float) -> Floats:
        """Log of sum p^alpha q^(1-alpha): near 1 from its excess, else from the sum itself."""
        excess, whole = self.over(power(alpha)), self.over(power(alpha).whole)
        result = np.where(np.abs(excess) < 0.5, np.log1p(excess), np.log(whole))
        for row in np.flatnonzero(~np.isfinite(result)).tolist():
            # Out of the range of doubles, if not truly empty: the largest term first.
            logs = np.multiply(alpha, _log_shares(self.p, row))
            logs = logs + np.multiply(1.0 - alpha, _log_shares(self.q, row))
            logs = logs[~np.isnan(logs)]
            top = logs.max(initial=-np.inf)
            result[row] = top + np.log(np.exp(logs - top).sum()) if np.isfinite(top) else top
        return np.asarray(result)


def _log_shares(side: Side, row: int) -> Floats:
    """Log p of a single row, to a double's digits of the larger logs."""
    piece = Piece(slice(row, row + 1), slice(0, side.shape[1]), (1, side.shape[1]))
    z, _ = side.weights.block(piece, None)
    log: Floats = z[0] / side.temperature if side.logarithmic else np.log(z[0])
    top = float(log.max())
    return log - (top + float(np.log(np.exp(log - top).sum())))


class Formula(NamedTuple):
    """How one measure is computed.

    Attributes
    ----------
    terms : tuple of Term
        The terms whose sums it needs.
    finish : callable
        From these sums, and the same with P and Q exchanged, to the measure by row, in nats
        where it has a unit.
    error : callable
        From the roundings on the way to a bound on its relative error by row. The numbers in u
        are those of its worst term, counted as `bounds` says.
    """

    terms: tuple[Term, ...]
    finish: Callable[[Known, Known], Floats]
    error: Callable[[Roundings], Floats | float]

    def turned(self) -> Formula:
        """Return the formula of the measure with P and Q exchanged."""
        terms = tuple(term.twin for term in self.terms)
        return self._replace(terms=terms, finish=lambda s, t: self.finish(t, s))


_JEFFREYS = Formula(
    (KL_PQ, KL_QP), lambda s, t: s.kl() + t.kl(), lambda e: e.second(125 + e.summing)
)

FORMULAS = {
    "kl_pq": Formula((KL_PQ,), lambda s, t: s.kl(), lambda e: e.second(124 + e.summing)),
    "jeffreys": _JEFFREYS,
    "psi": _JEFFREYS,
    "js": Formula((JS,), lambda s, t: s.over(JS, 4), lambda e: e.second(116 + e.summing)),
    "js_distance": Formula(
        (JS,), lambda s, t: np.sqrt(s.over(JS, 4)), lambda e: e.root(116 + e.summing)
    ),
    "hellinger": Formula(
        (HALF,), lambda s, t: np.sqrt(np.abs(s.over(HALF))), lambda e: e.root(22 + e.summing)
    ),
    "tv": Formula((TV,), lambda s, t: s.over(TV, 2), lambda e: e.first(7 + e.summing) + e.ratio()),
    "chi2_pq": Formula(
        (CHI2_PQ,),
        lambda s, t: s.over(CHI2_PQ),
        lambda e: e.second(22 + 2.0 * e.summing + e.exponentials()),
    ),
    "bhattacharyya": Formula(
        (HALF,), lambda s, t: -s.log_overlap(0.5), lambda e: e.second(1.5 * (22 + e.summing) + 10)
    ),
    "entropy_p": Formula(
        (ENTROPY_P,), lambda s, t: s.sums[ENTROPY_P], lambda e: U * (24 + 2.0 * e.summing)
    ),
    "cross_entropy_pq": Formula(
        (ENTROPY_P, KL_PQ),
        lambda s, t: s.sums[ENTROPY_P] + s.kl(),
        lambda e: e.second(124 + 2.0 * e.summing),
    ),
}
"""The formula of every measure without a parameter, by name."""
FORMULAS |= {
    twin: formula.turned()
    for name, formula in FORMULAS.items()
    if (twin := MEASURES[name].twin) is not None
}

FAMILIES: dict[str, Callable[[Known, float], Floats]] = {
    "renyi": lambda s, alpha: s.log_overlap(alpha) / (alpha - 1.0),
    "tsallis": lambda s, alpha: s.over(power(alpha), alpha - 1.0),
}
"""How a measure of any order but 1 is finished where it is finite, by its name's first part."""


def formula(measure: Measure) -> Formula:
    """Find the formula of a measure.

    Parameters
    ----------
    measure : Measure
        One of `kldiv_cli.core.measures`, with its order bound where it takes one.

    Returns
    -------
    Formula
        Of both families the Kullback-Leibler divergence where the order is 1.
    """
    alpha = measure.alpha
    if alpha is None:
        return FORMULAS[measure.name]
    if alpha == 1.0:
        return FORMULAS["kl_pq"]._replace(error=lambda e: e.power(1.0))
    family = FAMILIES[measure.family]

    def finish(known: Known, _: Known) -> Floats:
        value = family(known, alpha)
        return known.continuous(value) if alpha > 1.0 else value

    return Formula((power(alpha),), finish, lambda e: e.power(alpha))
