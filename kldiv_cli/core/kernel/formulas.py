"""The formula of every measure: the sums it needs, how it follows from them, its error bound.

A new measure is a row here and a row of `kldiv_cli.core.measures`; if no sum serves it, a term
of `elements` as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from kldiv_cli.core.kernel.blocks import Piece
from kldiv_cli.core.kernel.bounds import Roundings, U
from kldiv_cli.core.kernel.elements import CHI2_PQ, HALF, JS, KL_PQ, KL_QP, ONLY_P, TV, Term, power
from kldiv_cli.core.kernel.twofold import Bools, Floats
from kldiv_cli.core.measures import MEASURES, Measure
from kldiv_cli.tuples import NamedTuple

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
        """Return D(P || Q)."""
        return self.continuous(self.over(KL_PQ))

    def log_overlap(self, alpha: float) -> Floats:
        """Return log sum p^alpha q^(1-alpha), near 1 from the excess of the sum over 1."""
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
    """Return log p of a single row, to a double's digits of the larger logs."""
    piece = Piece(slice(row, row + 1), slice(0, side.shape[1]), (1, side.shape[1]))
    z, _ = side.weights.block(piece, None)
    log: Floats = z[0] / side.temperature if side.logarithmic else np.log(z[0])
    top = float(log.max())
    return log - (top + float(np.log(np.exp(log - top).sum())))


Error: TypeAlias = "Callable[[Roundings], Floats | float]"


class Formula(NamedTuple):
    """The computation of one measure.

    Attributes
    ----------
    terms : tuple of Term
        The terms whose sums it needs.
    finish : callable
        From these sums, and the same with P and Q exchanged, to the measure by row, in nats
        where it has a unit.
    error : callable
        From the roundings on the way to a bound on its relative error by row.
    """

    terms: tuple[Term, ...]
    finish: Callable[[Known, Known], Floats]
    error: Error

    def turned(self) -> Formula:
        """Return the formula of the measure with P and Q exchanged."""
        terms = tuple(term.twin for term in self.terms)
        return self._replace(terms=terms, finish=lambda k, t: self.finish(t, k))


def _squares(term: float, summing: float = 1.0) -> Error:
    """Bound the error of a sum that shrinks as the square of b - x, given that of a term in u."""
    return lambda e: U * (term + summing * e.summing) + e.second()


def _root(term: float) -> Error:
    """Bound the error of the square root of such a sum."""
    return lambda e: U * (0.5 * (term + e.summing) + 1.0) + e.first()


def _entropy(e: Roundings) -> float:
    return U * (24 + 2.0 * e.summing)


def _tv(e: Roundings) -> Floats:
    return U * (7 + e.summing) + e.first() + e.ratio()


def _chi2(e: Roundings) -> Floats:
    return U * (22 + 2.0 * e.summing + e.exponentials()) + e.second()


_JEFFREYS = Formula((KL_PQ, KL_QP), lambda k, t: k.kl() + t.kl(), _squares(125))

# The numbers are errors of the worst term in u, counted as `bounds` says.
FORMULAS = {
    "kl_pq": Formula((KL_PQ,), lambda k, t: k.kl(), _squares(124)),
    "jeffreys": _JEFFREYS,
    "psi": _JEFFREYS,
    "js": Formula((JS,), lambda k, t: k.over(JS, 4.0), _squares(116)),
    "js_distance": Formula((JS,), lambda k, t: np.sqrt(k.over(JS, 4.0)), _root(116)),
    "hellinger": Formula((HALF,), lambda k, t: np.sqrt(np.abs(k.over(HALF))), _root(22)),
    "tv": Formula((TV,), lambda k, t: k.over(TV, 2.0), _tv),
    "chi2_pq": Formula((CHI2_PQ,), lambda k, t: k.over(CHI2_PQ), _chi2),
    "bhattacharyya": Formula((HALF,), lambda k, t: -k.log_overlap(0.5), _squares(43, 1.5)),
    "entropy_p": Formula((ENTROPY_P,), lambda k, t: k.sums[ENTROPY_P], _entropy),
    "cross_entropy_pq": Formula(
        (ENTROPY_P, KL_PQ), lambda k, t: k.sums[ENTROPY_P] + k.kl(), _squares(124, 2.0)
    ),
}
"""The formula of every measure without a parameter, by name."""
FORMULAS |= {
    twin: formula.turned()
    for name, formula in FORMULAS.items()
    if (twin := MEASURES[name].twin) is not None
}

FAMILIES: dict[str, Callable[[Known, float], Floats]] = {
    "renyi": lambda k, alpha: k.log_overlap(alpha) / (alpha - 1.0),
    "tsallis": lambda k, alpha: k.over(power(alpha), alpha - 1.0),
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
