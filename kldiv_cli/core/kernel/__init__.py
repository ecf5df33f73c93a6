"""The numerical core: valid arrays are assumed, nothing is checked twice.

Rooms: `elements` is the mathematics of one outcome, `weights` and `logs` bring two sides into
one unit, `kullback` is the fast way to D(P || Q) and `short` the one for short vectors,
`entropy` looks at one side alone, `blocks` cuts rows into pieces and adds them up, `twofold`
is arithmetic with two doubles, `bounds` says how wrong a result can be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kldiv_cli.core.kernel import bounds
from kldiv_cli.core.kernel.blocks import NotWeightsError, Piece, RowSums, Weights, bands
from kldiv_cli.core.kernel.elements import Elements, Work, is_wide
from kldiv_cli.core.kernel.entropy import entropy
from kldiv_cli.core.kernel.kullback import kl_of_rows
from kldiv_cli.core.kernel.logs import LONG, PairOfLogs, Side, kl_of_logits
from kldiv_cli.core.kernel.short import LONGEST, kl_of_short
from kldiv_cli.core.kernel.twofold import Floats
from kldiv_cli.core.kernel.weights import PairOfWeights
from kldiv_cli.core.measures import Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

_SUMS = {
    "kl_pq": {"kl_pq"},
    "kl_qp": {"kl_qp"},
    "jeffreys": {"kl_pq", "kl_qp"},
    "psi": {"kl_pq", "kl_qp"},
    "js": {"js"},
    "js_distance": {"js"},
    "hellinger": {"power:0.5"},
    "tv": {"tv"},
    "chi2_pq": {"chi2_pq"},
    "chi2_qp": {"chi2_qp"},
    "bhattacharyya": {"power:0.5"},
    "cross_entropy_pq": {"kl_pq"},
    "cross_entropy_qp": {"kl_qp"},
}


def _sums_of(measure: Measure) -> set[str]:
    if measure.alpha is None:
        return _SUMS.get(measure.name, set())
    return {"kl_pq"} if measure.alpha == 1.0 else {f"power:{measure.alpha!r}"}


def evaluate(
    p: Side, q: Side, measures: Iterable[Measure]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Every measure by name, in nats, by row; and bounds on its relative error."""
    measures = list(measures)
    wanted = frozenset().union(*map(_sums_of, measures))
    # cross_entropy_pq rests on entropy_p.
    needed = {m.name.removeprefix("cross_")[:9] for m in measures if "entropy" in m.name}
    known = {"extreme": _Sum(np.zeros(p.shape[0]))}
    exact = np.zeros(p.shape[0], bool)
    with np.errstate(all="ignore"):
        if wanted:
            pair = _pair(p, q)
            sums = pair.sums(wanted)
            if any(_leaves_the_range(name, sums) for name in filter(is_wide, wanted)):
                # Too large in this unit, but perhaps not as a number.
                pair.unit = np.ldexp(1.0, 2 * (np.frexp(pair.total)[1] // 2 + 32))
                sums = pair.sums(wanted)
            exact = pair.exact
            known = {name: _Sum(sums[name], pair.total) for name in sums}
            known |= {name: _Sum(sums[name]) for name in ("only_p", "only_q", "extreme")}
            for name in filter(is_wide, known):
                known[name] = _Sum(sums[name], pair.total / pair.unit)
        for name, side in (("p", p), ("q", q)):
            if f"entropy_{name}" in needed:
                known[f"entropy_{name}"] = _Sum(entropy(side))
        # Zero is added to turn a minus zero.
        values = {measure.name: _finish(measure, known, p, q) + 0.0 for measure in measures}
        logs = p.logarithmic + q.logarithmic
        extent = max(p.log_extent(), q.log_extent()) if logs == 1 else 0.0
        noise = bounds.noise(logs, extent, exact)
        extreme = known["extreme"].over()
        return values, {
            m.name: bounds.relative(m, values[m.name], p.shape[1], logs, noise, extreme)
            for m in measures
        }


def _leaves_the_range(name: str, sums: RowSums) -> bool:
    excluded = sums["only_q" if name == "chi2_qp" else "only_p"] > 0.0
    return bool(np.any(np.isinf(sums[name]) & ~excluded))


class _Sum(NamedTuple):
    """A sum by row, and the unit it is in."""

    sum: Floats
    unit: Floats | float = 1.0

    def over(self, divisor: float = 1.0) -> Floats:
        """Divide it, by both at once: the one alone might take it out of the range of doubles."""
        return self.sum / (self.unit * divisor)


def _pair(p: Side, q: Side) -> PairOfWeights | PairOfLogs:
    if p.logarithmic or q.logarithmic:
        return PairOfLogs(p, q)
    return PairOfWeights(p.weights, q.weights)


def _finish(measure: Measure, known: Mapping[str, _Sum], p: Side, q: Side) -> Floats:
    """From sums to the measure."""

    def kl(way: str) -> Floats:
        return np.where(known[f"only_{way[0]}"].over() > 0.0, np.inf, known[f"kl_{way}"].over())

    match measure.family:
        case "kl_pq" | "kl_qp" as name:
            return kl(name[-2:])
        case "jeffreys" | "psi":
            return kl("pq") + kl("qp")
        case "js":
            return known["js"].over(4.0)
        case "js_distance":
            return np.sqrt(known["js"].over(4.0))
        case "tv":
            return known["tv"].over(2.0)
        case "hellinger":
            return np.sqrt(np.abs(known["power:0.5"].over()))
        case "bhattacharyya":
            return -_log_overlap(0.5, known, p, q)
        case "cross_entropy_pq" | "cross_entropy_qp" as name:
            return known[f"entropy_{name[-2]}"].over() + kl(name[-2:])
        case "renyi" | "tsallis" as name:
            alpha = measure.alpha or 0.0
            if alpha == 1.0:
                return kl("pq")
            if name == "renyi":
                value = _log_overlap(alpha, known, p, q) / (alpha - 1.0)
            else:
                value = known[f"power:{alpha!r}"].over(alpha - 1.0)
            return np.where(known["only_p"].over() > 0.0, np.inf, value) if alpha > 1.0 else value
        case name:
            return known[name].over()


def _log_overlap(alpha: float, known: Mapping[str, _Sum], p: Side, q: Side) -> Floats:
    """Log sum p^alpha q^(1-alpha): near 1 from its excess, else from the sum itself."""
    excess, overlap = (known[f"{name}:{alpha!r}"].over() for name in ("power", "overlap"))
    result = np.where(np.abs(excess) < 0.5, np.log1p(excess), np.log(overlap))
    for row in np.flatnonzero(~np.isfinite(result)).tolist():
        # Out of the range of doubles, if not truly empty: the largest term first.
        logs = np.multiply(alpha, _row_log(p, row)) + np.multiply(1.0 - alpha, _row_log(q, row))
        logs = logs[~np.isnan(logs)]
        top = logs.max(initial=-np.inf)
        result[row] = top + np.log(np.exp(logs - top).sum()) if np.isfinite(top) else top
    return np.asarray(result)


def _row_log(side: Side, row: int) -> Floats:
    """Log p of one row, to a double's digits of the larger logs."""
    piece = Piece(slice(row, row + 1), slice(0, side.shape[1]), (1, side.shape[1]))
    z, _ = side.weights.block(piece, None)
    log: Floats = z[0] / side.temperature if side.logarithmic else np.log(z[0])
    top = float(log.max())
    return log - (top + float(np.log(np.exp(log - top).sum())))


def kl(p: Side, q: Side) -> Floats:
    """D(P || Q) by row, in nats: the short way, and the general one where that does not go."""
    with np.errstate(all="ignore"):
        result = _short(p, q)
        rest = np.flatnonzero(np.isnan(result))
        if len(rest):
            pair = _pair(p.take(rest), q.take(rest))
            sums = pair.sums(frozenset({"kl_pq"}))
            result[rest] = np.where(sums["only_p"] > 0.0, np.inf, sums["kl_pq"] / pair.total)
        return result


def _short(p: Side, q: Side) -> Floats:
    """Nan where another way has to be gone."""
    rows, outcomes = p.shape
    if p.logarithmic and q.logarithmic and outcomes <= LONG:
        return kl_of_logits(p, q)
    if p.logarithmic or q.logarithmic or p.weights.low is not None or q.weights.low is not None:
        return np.full(rows, np.nan)
    return kl_of_rows(p.weights, q.weights)


def kl_of_vectors(p: NDArray[Any], q: NDArray[Any]) -> float | None:
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
        pair = _pair(p, q)
        if isinstance(pair, PairOfLogs):
            centre = pair.centre([piece])
            e = Elements(pair.piece(piece, centre), Work())
            total_p = total_q = centre.mass_p
            a, b = e.x, e.b
        else:
            e = Elements(pair.piece(piece, Work()), Work())
            total_p, total_q = pair.total_p.high, pair.total_q.high
            (a, _), (b, _) = pair.p.block(piece, None), pair.q.block(piece, None)
        L = e.excess() + 2.0 * e.y
        only_p, only_q = e.only()
        p_, q_ = a / total_p, b / total_q
        kl_pq = np.where(only_p, np.inf, np.where(p_ > 0.0, -p_ * L, 0.0))
        kl_qp = np.where(only_q, np.inf, np.where(q_ > 0.0, q_ * L, 0.0))
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
