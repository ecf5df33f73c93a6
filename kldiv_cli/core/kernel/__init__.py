"""The numerical core: divergences of arrays by row, in nats, to the last digits.

The arrays are valid: `kldiv_cli.core.divergences` has checked them, and nothing is checked
twice.

Rooms
-----
formulas
    One row a measure: the sums it needs, how it follows from them, the bound on its error.
elements
    The mathematics of one outcome: the terms of which sums are made.
sums
    Sums by row, whichever side is called P.
weights, logs
    Both sides in one unit, where both are weights, and where a side is logarithmic.
short, kullback
    The short paths to D(P || Q), below.
ratios
    log(p/q) and q - p by outcome, of which a loss and its gradients are made.
entropy
    The entropy of one side.
floats
    Logits of single or half precision, in single precision, below.
mixture
    The Jensen-Shannon divergence of more than two sides.
alike
    Which pairs can be measured together, each as it would be alone.
bounds
    Bounds on relative errors.
blocks, twofold
    Rows cut into pieces that fit the cache; arithmetic with two doubles.

The paths to D(P || Q)
----------------------
Most questions are for D(P || Q) alone, or for it and D(Q || P).  The general path, which serves
every measure, reads the data twice, and a call of it takes some hundred microseconds.  Three
short paths are faster, each for one shape of data:

`kl_of_short`
    Two vectors of up to 4,096 weights, where calling NumPy costs more than its arithmetic: no
    blocks, no buffers, one logarithm, and the series only for sides that are near each other.
`kl_of_rows`
    Longer vectors, and batches of weights.  With R = 1 neither side need be normalised, so
    that the data are read once; only rows whose totals differ by more than the distributions
    do are read again.  The strategy that served most rows of a block is the first on the next.
`kl_of_logits`
    Both sides logits, in rows of up to 2^18: the log of a mean of exponentials under P, with
    one exponential for each logit of P and one for each difference, and no softmax of Q.
    `log_ratios` takes this path too, where it is asked for speed.
the general path
    All else: any other measure, error bounds of few weights, integers beyond 2^53, a side of
    weights beside one of log weights, weights near the ends of the range of doubles, and sides
    that agree in nearly all bits.  `weights` and `logs` bring both sides into one unit, with
    differences that are correct to their last bits, and `sums` adds up the terms of `elements`.

A short path answers nan (of one vector, None) where it would lose digits, and `kl` takes such
rows by the general path.  All these paths are correct to some 1e-15.

Single precision
----------------
`floats.evaluate_floats` serves batches of logits that are stored in 32 or 16 bits: all measures
but those of an order, Renyi's and Tsallis', from one exponential for each logit of one side and
one for each difference; Hellinger and Bhattacharyya distances and chi-squared divergences take a
second.  Values are correct to some 1e-7, with a bound of some 1e-5 for every row; nan stands for
what is left to the general path, each measure of each row by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from kldiv_cli.core.kernel import bounds
from kldiv_cli.core.kernel.blocks import NotWeightsError, Piece, Weights
from kldiv_cli.core.kernel.elements import (
    EXTREME,
    KL_PQ,
    KL_QP,
    ONLY_P,
    ONLY_Q,
    Elements,
    Term,
    Work,
)
from kldiv_cli.core.kernel.entropy import entropy
from kldiv_cli.core.kernel.formulas import ENTROPY_P, ENTROPY_Q, Formula, Known, formula
from kldiv_cli.core.kernel.kullback import kl_of_rows
from kldiv_cli.core.kernel.logs import LONG, PairOfLogs, Side, kl_of_logits
from kldiv_cli.core.kernel.ratios import LogRatios, log_ratios
from kldiv_cli.core.kernel.short import LONGEST, kl_of_short
from kldiv_cli.core.kernel.sums import known, order, pair_of
from kldiv_cli.core.kernel.twofold import Array, Bools, Floats
from kldiv_cli.core.kernel.weights import PairOfWeights
from kldiv_cli.core.measures import Measure
from kldiv_cli.tuples import NamedTuple

__all__ = [
    "LogRatios",
    "NotWeightsError",
    "Side",
    "Weights",
    "both_ways",
    "contributions",
    "evaluate",
    "kl",
    "kl_of_vectors",
    "log_ratios",
]


FEW = 4096
"""Outcomes up to which parts are worth more than the sum of many needs."""
WORTH = 4096
"""Weights from which on a question with bounds goes a short path.

The general one takes half a millisecond there, of which nobody who asks for bounds takes note,
and its bounds are half as large.
"""


def evaluate(
    p: Side, q: Side, measures: Iterable[Measure]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return every measure by row, in nats, and the bounds on its relative error.

    Parameters
    ----------
    p, q : Side
        Of N rows each.
    measures : iterable of Measure
        With the order bound where a measure takes one.

    Returns
    -------
    values, bounds : dict of str to ndarray, shape (N,)
        By the names of the measures.

    Raises
    ------
    NotWeightsError
        If a side holds weights or logits that are not valid.
    """
    formulas = {measure: formula(measure) for measure in measures}
    wanted = frozenset(term for each in formulas.values() for term in each.terms)
    with np.errstate(all="ignore"):
        of_both = wanted - {ENTROPY_P, ENTROPY_Q}
        short = frozenset() < of_both <= {KL_PQ, KL_QP} and _has_short_path(p, q)
        short = short and math.prod(p.shape) >= WORTH
        found = _known_by_kl(p, q, of_both) if short else known(p, q, of_both)
        _add_entropies(found, wanted)
        return _finished(found, found.turned(), formulas, short=short)


def _add_entropies(found: Known, wanted: frozenset[Term]) -> None:
    """Add the entropies of single sides to sums over both, where they are wanted."""
    for term, side in ((ENTROPY_P, found.p), (ENTROPY_Q, found.q)):
        if term in wanted:
            found.sums[term] = entropy(side)


def _finished(
    found: Known, turned: Known, formulas: dict[Measure, Formula], *, short: bool
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return measures by row, and the bounds on their errors, from the sums that they need."""
    p, q = found.p, found.q
    values, errors = {}, {}
    logs = p.logarithmic + q.logarithmic
    extent = max(p.log_extent(), q.log_extent()) if logs == 1 else 0.0
    noise = bounds.noise(logs, extent, found.exact)
    for measure, (_, finish, error) in formulas.items():
        # Zero is added to turn a minus zero.
        value = values[measure.name] = finish(found, turned) + 0.0
        extreme = found.sums[EXTREME]
        roundings = bounds.Roundings(value, p.shape[1], logs, noise, extreme, short)
        errors[measure.name] = roundings.relative(error(roundings), measure.scales)
    return values, errors


def both_ways(
    p: Side, q: Side, measures: Iterable[Measure]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return what `evaluate` does of each row by itself, and of that row with its sides exchanged.

    To the last bit: rows are measured together only where that changes none.

    Parameters
    ----------
    p, q : Side
        Of N rows each, of weights.
    measures : iterable of Measure
        With the order bound where a measure takes one.

    Returns
    -------
    values, bounds : dict of str to ndarray, shape (2, N)
        By the names of the measures; first those of P and Q, then those of Q and P.

    Raises
    ------
    NotWeightsError
        If a side holds weights that are not valid.
    """
    from kldiv_cli.core.kernel.alike import groups

    formulas = {measure: formula(measure) for measure in measures}
    one_way = {term for each in formulas.values() for term in each.terms}
    wanted = frozenset(one_way | {term.twin for term in one_way})
    of_both = wanted - {ENTROPY_P, ENTROPY_Q}
    values = {measure.name: np.empty((2, p.shape[0])) for measure in formulas}
    errors = {measure.name: np.empty((2, p.shape[0])) for measure in formulas}
    with np.errstate(all="ignore"):
        together, alone = groups(p.weights, q.weights, WORTH)
        for rows in together:
            found = known(p.take(rows), q.take(rows), of_both)
            _add_entropies(found, wanted)
            turned = found.turned()
            for way, ordered in enumerate(((found, turned), (turned, found))):
                of_rows = _finished(*ordered, formulas, short=False)
                for every, some in zip((values, errors), of_rows, strict=True):
                    for name in some:
                        every[name][way, rows] = some[name]
            # A sum that left the range changes the unit of all; what is exact for the sake of one
            # sum is so for all.
            doubtful = found.exact | np.any(found.wide != found.total)
            alone = [*alone, *rows[doubtful]]
        for row in alone:
            a, b = p.take(np.array([row])), q.take(np.array([row]))
            for way, sides in enumerate(((a, b), (b, a))):
                for every, one in zip((values, errors), evaluate(*sides, formulas), strict=True):
                    for name in one:
                        every[name][way, row] = one[name][0]
    return values, errors


def _known_by_kl(p: Side, q: Side, wanted: frozenset[Term]) -> Known:
    """Return the divergences as sums over outcomes, in units of 1."""
    none = np.zeros(p.shape[0])
    sums, exact = dict.fromkeys((ONLY_P, ONLY_Q, EXTREME), none), none == 0.0
    for term, sides in ((KL_PQ, (p, q)), (KL_QP, (q, p))):
        if term in wanted:
            sums[term], of_term = _kl(*sides, with_certain_zeros=True)
            exact &= of_term
    return Known(p, q, sums, none + 1.0, none + 1.0, exact)


def kl(p: Side, q: Side) -> Floats:
    """Return D(P || Q) by row, in nats: by a short path, or where that fails by the general one.

    Raises
    ------
    NotWeightsError
        If a side holds weights or logits that are not valid.
    """
    with np.errstate(all="ignore"):
        result, _ = _kl(p, q, with_certain_zeros=False)
        return result


def _kl(p: Side, q: Side, *, with_certain_zeros: bool) -> tuple[Floats, Bools]:
    """Return D(P || Q) by row, and which rows have differences that were known exactly.

    On the short paths sides in proportion may be nothing apart but for digits that were lost;
    zeros are certain if the general path is asked about all sides that are not alike.
    """
    result = _by_short_path(p, q)
    exact = np.zeros(result.shape, bool)
    doubtful = np.isnan(result)
    zeros = np.flatnonzero(result == 0.0)
    if with_certain_zeros and len(zeros):
        doubtful[zeros] = order(p.take(zeros), q.take(zeros)) != 0
    rest = np.flatnonzero(doubtful)
    if len(rest):
        pair = pair_of(p.take(rest), q.take(rest))
        sums = pair.sums(frozenset({KL_PQ}))
        result[rest] = np.where(sums[ONLY_P] > 0.0, np.inf, sums[KL_PQ] / pair.total)
        exact[rest] = pair.exact
    return result, exact


def _has_short_path(p: Side, q: Side) -> bool:
    """Tell whether a short path serves sides like these."""
    if p.logarithmic and q.logarithmic:
        return p.shape[1] <= LONG
    weights = not (p.logarithmic or q.logarithmic)
    return weights and p.weights.low is None and q.weights.low is None


def _by_short_path(p: Side, q: Side) -> Floats:
    """Return D(P || Q) by row, nan where only the general path serves."""
    if not _has_short_path(p, q):
        return np.full(p.shape[0], np.nan)
    return kl_of_logits(p, q) if p.logarithmic else kl_of_rows(p.weights, q.weights)


def kl_of_vectors(p: Array, q: Array) -> float | None:
    """Return D(P || Q) of two vectors, or None where only the general path serves.

    The vectors hold real numbers of at most 64 bits.
    """
    if len(p) > LONGEST:
        with np.errstate(all="ignore"):
            try:
                (value,) = kl_of_rows(Weights(p[np.newaxis]), Weights(q[np.newaxis])).tolist()
            except NotWeightsError:
                return None
        return None if math.isnan(value) else float(value)
    for x in (p, q):
        if x.dtype.kind != "f" and x.max() >= 2.0**53:
            return None
    return kl_of_short(np.ascontiguousarray(p, float), np.ascontiguousarray(q, float))


class ByOutcome(NamedTuple):
    """Two sides outcome by outcome, in nats; each of shape (N, K).

    Attributes
    ----------
    p, q : ndarray
        Their shares.
    kl_pq, kl_qp : ndarray
        p log(p/q) and q log(q/p).
    part : ndarray
        p log(p/q) - p + q, which is never negative. All terms are 0 where p and q are the same
        double, and infinite where only the first of the two is positive.
    """

    p: Floats
    q: Floats
    kl_pq: Floats
    kl_qp: Floats
    part: Floats


def contributions(p: Side, q: Side) -> ByOutcome:
    """Return the shares of every outcome and its terms of both divergences."""
    with np.errstate(all="ignore"):
        return _by_outcome(pair_of(p, q))


def _by_outcome(pair: PairOfWeights | PairOfLogs) -> ByOutcome:
    """See `contributions`."""
    piece = Piece(slice(0, pair.shape[0]), slice(0, pair.shape[1]), pair.shape)
    if isinstance(pair, PairOfLogs):
        centre = pair.centre([piece])
        e = Elements(pair.piece(piece, centre), Work())
        p, q = e.x / centre.mass_p, e.b / centre.mass_p
        total = centre.mass_p
    else:
        e = Elements(pair.piece(piece, Work()), Work())
        p = pair.p.block(piece, None)[0] / pair.total_p.high[:, np.newaxis]
        q = pair.q.block(piece, None)[0] / pair.total_q.high[:, np.newaxis]
        total = pair.total[:, np.newaxis]
    excess = e.precise_excess() if p.size <= FEW else e.excess()
    L = excess + 2.0 * e.y
    only_p, only_q = e.only()
    # Shares that are the same double may differ below its last bit.
    same = p == q
    kl_pq = np.where(only_p, np.inf, np.where(same | (p == 0.0), 0.0, -p * L))
    kl_qp = np.where(only_q, np.inf, np.where(same | (q == 0.0), 0.0, q * L))
    part = np.where(only_p, np.inf, np.where(same, 0.0, e.w * e.y - e.x * excess)) / total
    return ByOutcome(p, q, kl_pq, kl_qp, part)
