"""The numerical core: valid arrays are assumed, nothing is checked twice.

Rooms: `elements` is the mathematics of one outcome, `weights` and `logs` bring two sides into
one unit, `kullback` is the fast way to D(P || Q) and `short` the one for short vectors,
`entropy` looks at one side alone, `blocks` cuts rows into pieces and adds them up, `twofold`
is arithmetic with two doubles, `bounds` says how wrong a result can be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from kldiv_cli.core.kernel import bounds
from kldiv_cli.core.kernel.blocks import NotWeightsError, Piece, Weights, bands
from kldiv_cli.core.kernel.elements import EXTREME, KL_PQ, ONLY_P, Elements, Work
from kldiv_cli.core.kernel.entropy import entropy
from kldiv_cli.core.kernel.formulas import ENTROPY_P, ENTROPY_Q, formula
from kldiv_cli.core.kernel.kullback import kl_of_rows
from kldiv_cli.core.kernel.logs import LONG, PairOfLogs, Side, kl_of_logits
from kldiv_cli.core.kernel.short import LONGEST, kl_of_short
from kldiv_cli.core.kernel.sums import known, pair_of
from kldiv_cli.core.kernel.twofold import Array, Floats
from kldiv_cli.core.measures import Measure

__all__ = [
    "NotWeightsError",
    "Side",
    "Weights",
    "contributions",
    "evaluate",
    "kl",
    "kl_of_vectors",
    "loss",
]


def evaluate(
    p: Side, q: Side, measures: Iterable[Measure]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Every measure by name, in nats, by row; and bounds on its relative error."""
    formulas = {measure: formula(measure) for measure in measures}
    wanted = frozenset(term for each in formulas.values() for term in each.terms)
    values, errors = {}, {}
    with np.errstate(all="ignore"):
        found = known(p, q, wanted - {ENTROPY_P, ENTROPY_Q})
        for term, side in ((ENTROPY_P, p), (ENTROPY_Q, q)):
            if term in wanted:
                found.sums[term] = entropy(side)
        logs = p.logarithmic + q.logarithmic
        extent = max(p.log_extent(), q.log_extent()) if logs == 1 else 0.0
        noise = bounds.noise(logs, extent, found.exact)
        turned = found.turned()
        for measure, (_, finish, error) in formulas.items():
            # Zero is added to turn a minus zero.
            value = values[measure.name] = finish(found, turned) + 0.0
            roundings = bounds.Roundings(value, p.shape[1], logs, noise, found.sums[EXTREME])
            errors[measure.name] = roundings.relative(error(roundings), measure.scales)
    return values, errors


def kl(p: Side, q: Side) -> Floats:
    """D(P || Q) by row, in nats: the short way, and the general one where that does not go."""
    with np.errstate(all="ignore"):
        result = _short(p, q)
        rest = np.flatnonzero(np.isnan(result))
        if len(rest):
            pair = pair_of(p.take(rest), q.take(rest))
            sums = pair.sums(frozenset({KL_PQ}))
            result[rest] = np.where(sums[ONLY_P] > 0.0, np.inf, sums[KL_PQ] / pair.total)
        return result


def _short(p: Side, q: Side) -> Floats:
    """Nan where another way has to be gone."""
    rows, outcomes = p.shape
    if p.logarithmic and q.logarithmic and outcomes <= LONG:
        return kl_of_logits(p, q)
    if p.logarithmic or q.logarithmic or p.weights.low is not None or q.weights.low is not None:
        return np.full(rows, np.nan)
    return kl_of_rows(p.weights, q.weights)


def kl_of_vectors(p: Array, q: Array) -> float | None:
    """D(P || Q) of vectors of real numbers of at most 64 bits; None is for the general way."""
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


def contributions(p: Side, q: Side) -> tuple[Floats, Floats, Floats, Floats]:
    """p, q, p log(p / q) and q log(q / p) of a single row."""
    piece = Piece(slice(0, 1), slice(0, p.shape[1]), p.shape)
    with np.errstate(all="ignore"):
        pair = pair_of(p, q)
        if isinstance(pair, PairOfLogs):
            centre = pair.centre([piece])
            e = Elements(pair.piece(piece, centre), Work())
            p_, q_ = e.x / centre.mass_p, e.b / centre.mass_p
        else:
            e = Elements(pair.piece(piece, Work()), Work())
            p_ = pair.p.block(piece, None)[0] / pair.total_p.high
            q_ = pair.q.block(piece, None)[0] / pair.total_q.high
        L = e.excess() + 2.0 * e.y
        only_p, only_q = e.only()
        # Shares that are the same double may differ below its last bit.
        same = p_ == q_
        kl_pq = np.where(only_p, np.inf, np.where(same | (p_ == 0.0), 0.0, -p_ * L))
        kl_qp = np.where(only_q, np.inf, np.where(same | (q_ == 0.0), 0.0, q_ * L))
        return p_[0], q_[0], kl_pq[0], kl_qp[0]


class Loss(NamedTuple):
    """D(P || Q) by row; its terms, and derivatives by z_p / T and z_q / T, of every element."""

    rows: Floats
    terms: Floats
    by_p: Floats
    by_q: Floats


def loss(p: Side, q: Side) -> Loss:
    """D(P || Q) of logits with its derivatives."""
    rows = np.empty(p.shape[0])
    terms, by_p, by_q = (np.empty(p.shape) for _ in range(3))
    with np.errstate(all="ignore"):
        pair = PairOfLogs(p, q)
        for band in bands(p.shape):
            centre = pair.centre(band)
            kl = np.zeros((band[0].shape[0], 1))
            for piece in band:
                at = piece.rows, piece.outcomes
                e = Elements(pair.piece(piece, centre), Work())
                only_p, _ = e.only()
                share = e.x / centre.mass_p
                excess = e.excess()
                by_p[at] = surplus = np.where(only_p, np.inf, -(excess + 2.0 * e.y))
                terms[at] = np.where(share > 0.0, share * surplus, 0.0)
                by_q[at] = e.w / centre.mass_p
                part = np.where(only_p, np.inf, e.w * e.y - e.x * excess)
                kl += part.sum(axis=1, keepdims=True) / centre.mass_p
            for piece in band:
                at = piece.rows, piece.outcomes
                share = pair.piece(piece, centre).x / centre.mass_p
                # An infinite loss falls fastest where it is infinite.
                slope = np.where(np.isinf(by_p[at]), np.inf, by_p[at] - kl)
                by_p[at] = np.where(share > 0.0, share * slope, 0.0)
            rows[band[0].rows] = kl[:, 0]
    return Loss(rows, terms, by_p, by_q)
