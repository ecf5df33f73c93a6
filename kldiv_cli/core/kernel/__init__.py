"""The numerical core: valid arrays assumed, nothing checked twice."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kldiv_cli.core.kernel import entropy
from kldiv_cli.core.kernel.blocks import Buffers, NotWeightsError, RowSums, Weights, pieces, row_sums, totals
from kldiv_cli.core.kernel.elements import Elements, emit
from kldiv_cli.core.kernel.logs import PairOfLogs, Side
from kldiv_cli.core.kernel.twofold import Floats
from kldiv_cli.core.kernel.weights import PairOfWeights, absent
from kldiv_cli.core.measures import Measure

__all__ = ["NotWeightsError", "Side", "Weights", "evaluate", "pair_of"]

_SUMS = {
    "kl_pq": ("kl_pq",),
    "kl_qp": ("kl_qp",),
    "jeffreys": ("kl_pq", "kl_qp"),
    "psi": ("kl_pq", "kl_qp"),
    "js": ("js",),
    "js_distance": ("js",),
    "hellinger": ("power:0.5",),
    "tv": ("tv",),
    "chi2_pq": ("chi2_pq",),
    "chi2_qp": ("chi2_qp",),
    "bhattacharyya": ("power:0.5",),
    "entropy_p": (),
    "entropy_q": (),
    "cross_entropy_pq": ("kl_pq",),
    "cross_entropy_qp": ("kl_qp",),
}


def pair_of(p: Side, q: Side) -> PairOfWeights | PairOfLogs:
    """The two sides in one unit."""
    if p.logarithmic or q.logarithmic:
        return PairOfLogs(p, q)
    return PairOfWeights(p.weights, q.weights)


def _sums_of(measure: Measure) -> tuple[str, ...]:
    if measure.alpha is None:
        return _SUMS[measure.name]
    return ("kl_pq",) if measure.alpha == 1.0 else (f"power:{measure.alpha!r}",)


def pair_sums(pair: PairOfWeights | PairOfLogs, wanted: frozenset[str]) -> dict[str, Floats]:
    """The sums of every wanted term by row, and how many outcomes only one side knows."""
    rows, outcomes = pair.shape
    sums = RowSums(rows, outcomes)
    buffers = Buffers(rows * outcomes, 10)
    for piece in pieces(rows, outcomes):
        shape = (piece[0].stop - piece[0].start, piece[1].stop - piece[1].start)
        work = buffers.work(shape)
        e = Elements(pair.piece(*piece, work, buffers(shape)[7:10]), work)
        absent(e, sums)
        emit(wanted, e, lambda name, t: sums.add(name, row_sums(t)))
    return sums.total()


def evaluate(p: Side, q: Side, measures: Iterable[Measure]) -> dict[str, Floats]:
    """Every measure by name, in nats, by row."""
    measures = list(measures)
    wanted = frozenset(name for measure in measures for name in _sums_of(measure))
    names = {measure.name for measure in measures}
    with np.errstate(all="ignore"):
        pair = pair_of(p, q)
        total = pair.total_p.high if isinstance(pair, PairOfLogs) else pair.total_q.high
        known = pair_sums(pair, wanted) if wanted else {}
        values = {name: t / total for name, t in known.items()}
        for side, name, other in ((p, "entropy_p", "pq"), (q, "entropy_q", "qp")):
            if names & {name, f"cross_entropy_{other}"}:
                if side.logarithmic:
                    values[name] = entropy.of_logs(side)
                else:
                    values[name] = entropy.of_weights(
                        side.weights, pair.total_p if name == "entropy_p" else pair.total_q
                    ) if isinstance(pair, PairOfWeights) else entropy.of_weights(side.weights, totals(side.weights))
        for name, only in (("kl_pq", "only_p"), ("kl_qp", "only_q")):
            if name in values:
                values[name] = np.where(known[only] > 0, np.inf, values[name])
        return {measure.name: _finish(measure, values) for measure in measures}


def _finish(measure: Measure, values: dict[str, Floats]) -> Floats:
    name = measure.kernel_name
    if measure.alpha is not None:
        if measure.alpha == 1.0:
            return values["kl_pq"]
        key = repr(measure.alpha)
        excess, overlap = values[f"power:{key}"], values[f"overlap:{key}"]
        if measure.alpha > 1.0:
            excess = np.where(values["only_p"] > 0, np.inf, excess)
            overlap = np.where(values["only_p"] > 0, np.inf, overlap)
        if name == "tsallis":
            return excess / (measure.alpha - 1.0)
        return _log(excess, overlap) / (measure.alpha - 1.0)
    if name in ("jeffreys", "psi"):
        return values["kl_pq"] + values["kl_qp"]
    if name in ("js", "js_distance"):
        js = 0.25 * values["js"]
        return np.sqrt(js) if name == "js_distance" else js
    if name == "hellinger":
        return np.sqrt(-values["power:0.5"])
    if name == "bhattacharyya":
        return -_log(values["power:0.5"], values["overlap:0.5"])
    if name == "tv":
        return 0.5 * values["tv"]
    if name.startswith("cross_entropy"):
        way = name[-2:]
        return values[f"entropy_{way[0]}"] + values[f"kl_{way}"]
    return values[name]


def _log(excess: Floats, whole: Floats) -> Floats:
    """Log of 1 + excess, where `whole` is the same number added up without the 1."""
    return np.where(np.abs(excess) < 0.5, np.log1p(excess), np.log(whole))


def contributions(p: Side, q: Side) -> tuple[Floats, Floats, Floats, Floats]:
    """p, q, p log(p / q) and q log(q / p) of a single row."""
    with np.errstate(all="ignore"):
        pair = pair_of(p, q)
        total = pair.total_p.high if isinstance(pair, PairOfLogs) else pair.total_q.high
        from kldiv_cli.core.kernel.elements import Work
        whole = pair.piece(slice(0, 1), slice(0, p.shape[1]), Work(), [None] * 3)
        e = Elements(whole, Work())
        L = e.excess() + 2.0 * e.y
        x, b = e.x[0] / total[0], e.b[0] / total[0]
        pq = np.where(e.x == 0.0, 0.0, np.where(e.b == 0.0, np.inf, -x * L))[0]
        qp = np.where(e.b == 0.0, 0.0, np.where(e.x == 0.0, np.inf, b * L))[0]
        return x, b, pq, qp
