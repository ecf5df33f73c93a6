"""Estimates of measures from the counts of two samples: in comparisons, and for Python users."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.distribution import MOST_ROWS, total_of
from kldiv_cli.core.divergences import divergences
from kldiv_cli.core.measures import USUAL_LIMITS, find
from kldiv_cli.core.report import Estimated, Interval, clamped
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from kldiv_cli.core.divergences import Base, Floats
    from kldiv_cli.core.inference.evidence import Evidence
    from kldiv_cli.core.inference.verdict import Verdict
    from kldiv_cli.core.pair import Pair


def estimated(
    pair: Pair, base: Base, measures: Sequence[str] = (), *, alpha: float = 0.05
) -> tuple[Interval | None, dict[str, Estimated]]:
    """Return the estimate of D(P || Q) from counts, and those of other measures.

    Parameters
    ----------
    pair : Pair
        Weights of shape (K,).
    base : {"e", "2", "10"}
        Base of the logarithm.
    measures : sequence of str
        Names of measures; those that samples have no interval of are passed over.
    alpha : float
        One minus the level of the intervals.

    Returns
    -------
    Interval or None
        The estimate of D(P || Q), its interval and the p-value of P = Q; None unless counts are
        paired with counts or with probabilities.
    dict of str to Estimated
        The estimates of the measures, by their names; empty if there is no interval.

    Notes
    -----
    See `kldiv_cli.core.inference` for the estimate and its law.
    """
    if pair.weighs:
        return _of_weights(pair, base, measures, alpha)
    if "counts" not in pair.kinds or not {"counts", "probabilities"}.issuperset(pair.kinds):
        return None, {}
    totals = [total_of(side, kind) for side, kind in zip(pair[:2], pair.kinds, strict=True)]
    if pair.is_batch or max(totals) >= MOST_ROWS:
        return None, {}
    from kldiv_cli.core.inference.evidence import weigh
    from kldiv_cli.core.inference.samples import samples

    counts = samples(pair.p.astype(np.float64), pair.q.astype(np.float64), known=pair.known)
    # Only the estimate is asked for, so there is no threshold.
    found = weigh(counts, max_kl=0.0, alpha=alpha)
    n_p, n_q = (
        math.inf if known else int(total) for total, known in zip(totals, pair.known, strict=True)
    )
    others = _of_measures(found, measures, alpha) if measures else ()
    return _in_unit(found, others, base, (n_p, n_q))


def _in_unit(
    kl: Evidence,
    others: Iterable[tuple[str, Evidence]],
    base: Base,
    sizes: tuple[float | int, float | int],
) -> tuple[Interval, dict[str, Estimated]]:
    """Return evidence as a report has it: see `estimated`."""
    assert kl.difference is not None, "one side is a sample"
    unit = 1.0 if base == "e" else math.log(float(base))
    of_measures = {}
    for name, one in others:
        value, low, high = (figure / unit ** find(name).degree for figure in one[:3])
        inside = clamped(value, low, high)
        of_measures[name] = Estimated(inside, value, low, high, kl.difference.value)
    value, low, high = (figure / unit for figure in kl[:3])
    tested = kl.difference
    interval = Interval(
        clamped(value, low, high),
        value,
        low,
        high,
        tested.value,
        *sizes,
        kl.reliable,
        tested.test,
        tested.draws,
        tested.exceedances,
        tested.statistic,
        tested.df,
    )
    return interval, of_measures


def _of_weights(
    pair: Pair, base: Base, measures: Sequence[str], alpha: float
) -> tuple[Interval, dict[str, Estimated]]:
    """Return what rows that weigh say: see `estimated`."""
    from kldiv_cli.core.inference.design import DIVERGENCES, weigh_design
    from kldiv_cli.core.inference.weighted import weighted

    p, q = pair.weights
    forward, backward = weighted(p, q), weighted(q, p)
    others = []
    for name in measures:
        known = find(name).name
        measure = {"kl_pq": "kl", "kl_qp": "kl"}.get(known, known)
        if measure in DIVERGENCES:
            design = backward if known == "kl_qp" else forward
            others.append((name, weigh_design(design, measure, threshold=0.0, alpha=alpha)))
    kl = weigh_design(forward, "kl", threshold=0.0, alpha=alpha)
    return _in_unit(kl, others, base, (p.rows, q.rows))


def _of_measures(
    kl: Evidence, measures: Iterable[str], alpha: float
) -> Iterator[tuple[str, Evidence]]:
    """Yield the evidence on each measure that samples have an interval of."""
    from kldiv_cli.core.inference.evidence import weigh
    from kldiv_cli.core.inference.symmetric import weigh_symmetric

    found: dict[str, Evidence] = {}
    for name in measures:
        # Both names of one divergence have one estimate.
        measure = {"jeffreys": "psi"}.get(name, find(name).name)
        if measure == "kl_pq":
            found[measure] = kl
        elif measure == "kl_qp" and measure not in found:
            found[measure] = weigh(
                kl.samples.exchanged, max_kl=0.0, alpha=alpha, difference=kl.difference
            )
        elif measure in USUAL_LIMITS and measure not in found:
            found[measure] = weigh_symmetric(kl, measure, threshold=0.0, alpha=alpha)
        if measure in found:
            yield name, found[measure]


class Estimate(NamedTuple):
    """How far the current sample is from the reference, its uncertainty and the verdict.

    Attributes
    ----------
    kl : float
        Estimate of D(current || reference) in nats, corrected for bias; no divergence is below 0.
    value, low, high : float
        Estimate of the measure that was asked for, which is `kl` unless another was, and the
        limits of a confidence interval at level 1 - alpha, inside which it is; in nats where it
        has a unit.
    p_value, p_drift, p_pass : float or None
        Of no difference at all, of a measure of at most the threshold, and of at least the
        threshold. None where both sides are exactly known.
    verdict : {"pass", "drift", "inconclusive"}
    reliable : bool
        Whether the samples are large enough for the interval to be trusted.
    rows_needed : int or None
        Rows a side that would decide an inconclusive verdict; None if none below 1e9 does.
    measure : str
        The measure that was asked for.
    kl_unclamped, value_unclamped : float
        The estimates as they were corrected, which may be negative: a mean of many is without
        bias where nothing differs.
    """

    kl: float
    value: float
    low: float
    high: float
    p_value: float | None
    p_drift: float | None
    p_pass: float | None
    verdict: Verdict
    reliable: bool
    rows_needed: int | None
    measure: str
    kl_unclamped: float
    value_unclamped: float


def estimate(
    p_counts: ArrayLike | Mapping[Any, float],
    q_counts: ArrayLike | Mapping[Any, float],
    *,
    measure: str = "kl",
    threshold: float | None = None,
    max_kl: float = USUAL_LIMITS["kl"],
    alpha: float = 0.05,
) -> Estimate:
    """Estimate D(P || Q), or another measure, from counts, and judge whether it is too large.

    Parameters
    ----------
    p_counts : array_like of shape (K,), or mapping of label to count
        The current sample.
    q_counts : array_like of shape (K,), or mapping of label to count
        The reference. Arrays are matched by position, mappings by label; an outcome that a
        mapping does not name has the count 0. Numbers that sum to 1 (within 1e-6) are
        probabilities, exactly known, on either side.
    measure : {"kl", "psi", "jeffreys", "js", "js_distance", "hellinger", "tv"}
        What is estimated and judged.
    threshold : float, optional
        The largest value of the measure that is accepted, in nats where it has a unit. By
        default that which 0.05 nats of D(P || Q) amount to where P is near Q: 0.1 of PSI and
        Jeffreys' divergence, 0.0125 of JS, 0.112 of its distance and of Hellinger's; and 0.1 of
        the total variation.
    max_kl : float
        The largest D(P || Q) that is accepted, in nats: another word for the threshold of ``kl``.
    alpha : float
        Level of the tests: the chance of a false drift, and of a false pass.

    Returns
    -------
    Estimate
        With two exact distributions the value is compared with the threshold, and nothing is
        inconclusive.

    Raises
    ------
    TypeError
        If one side is a mapping and the other is not, or an entry is not a number.
    ValueError
        If an entry is negative, not finite or (among counts) not whole, a side is empty or
        all zero, the lengths differ, there is no interval of `measure`, or `threshold`, `max_kl`
        or `alpha` is out of range.

    Notes
    -----
    The estimate of D(P || Q) is that of Zhang and Grabchak (Neural Comput. 26, 2014), both series
    cut off after the same term, plus a correction for rare outcomes with mean 0 at P = Q; those of
    the others are in `kldiv_cli.core.inference.cells`, and have mean 0 at P = Q, too. The interval
    is that of a scaled noncentral chi-square (`kldiv_cli.core.inference.estimate`). Of the total
    variation it is conservative: it holds however the drift is spread
    (`kldiv_cli.core.inference.total_variation`).

    Examples
    --------
    >>> from kldiv_cli import estimate
    >>> estimate([480, 310, 210], [500, 300, 200], max_kl=0.05).verdict
    'pass'
    >>> found = estimate([480, 310, 210], [500, 300, 200], measure="js", threshold=0.0125)
    >>> found.verdict, found.low <= found.value <= found.high
    ('pass', True)
    """
    from kldiv_cli.core.inference.evidence import weigh, weigh_exact
    from kldiv_cli.core.inference.samples import samples
    from kldiv_cli.core.inference.symmetric import weigh_symmetric
    from kldiv_cli.core.inference.verdict import LEAST_ALPHA, judge

    measure, limit = _limit(measure, threshold, max_kl)
    _check_number("alpha", alpha, LEAST_ALPHA, 1.0, "1e-6 <= alpha < 1")
    p, q, labels = _matched(p_counts, q_counts)
    x, known_p = _checked("p_counts", p, labels)
    y, known_q = _checked("q_counts", q, labels)
    if len(x) != len(y):
        raise ValueError(f"q_counts: expected {len(x)} outcomes as in p_counts, found {len(y)}")
    counts = samples(x, y, known=(known_p, known_q))
    if known_p and known_q:
        values = divergences(p, q, measures=("kl", measure))
        kl = weigh_exact(float(values["kl"]), counts)
        evidence = weigh_exact(float(values[measure]), counts, max_kl=limit, measure=measure)
    else:
        kl = evidence = weigh(counts, max_kl=limit, alpha=float(alpha))
        if measure != "kl":
            evidence = weigh_symmetric(evidence, measure, threshold=limit, alpha=float(alpha))
    (judgement,) = judge([evidence], alpha=float(alpha))
    value, low, high, p_value, p_drift, p_pass = evidence[:6]
    return Estimate(
        clamped(kl.value, kl.low, kl.high),
        clamped(value, low, high),
        low,
        high,
        p_value,
        p_drift,
        p_pass,
        judgement.verdict,
        evidence.reliable,
        judgement.rows_needed,
        measure,
        kl_unclamped=kl.value,
        value_unclamped=value,
    )


def _limit(measure: str, threshold: float | None, max_kl: float) -> tuple[str, float]:
    """Return the name of a measure, and the largest value of it that is accepted."""
    _check_number("max_kl", max_kl, 0.0, math.inf, "a finite number >= 0")
    found = find(measure)
    name = "kl" if found.name == "kl_pq" else found.name
    if name not in USUAL_LIMITS:
        expected = f"expected one of {', '.join(USUAL_LIMITS)}"
        raise ValueError(f"measure: samples have no interval of {name!r}; {expected}")
    if max_kl != USUAL_LIMITS["kl"] and (name != "kl" or threshold is not None):
        raise ValueError(f"max_kl: the limit of {name!r} is its threshold; leave max_kl out")
    if threshold is None:
        return name, float(max_kl) if name == "kl" else USUAL_LIMITS[name]
    if math.isinf(found.most):
        _check_number("threshold", threshold, 0.0, math.inf, "a finite number >= 0")
    else:
        above = math.nextafter(found.most, math.inf)
        expected = f"a number from 0 to {found.upper}, the most that {name} can be"
        _check_number("threshold", threshold, 0.0, above, expected)
    return name, float(threshold)


def _check_number(name: str, value: object, least: float, top: float, expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name}: expected a number, found {value!r}")
    if not (least <= value < top):
        raise ValueError(f"{name}: expected {expected}, found {value!r}")


def _matched(p: Any, q: Any) -> tuple[Any, Any, list[Any] | None]:
    """Return both sides as sequences over one support."""
    for name, side, other in (("p_counts", p, q), ("q_counts", q, p)):
        if isinstance(side, str | bytes):
            raise TypeError(f"{name}: expected an array or a mapping of counts, found {side!r}")
        if isinstance(other, Mapping) and not isinstance(side, Mapping):
            expected = "a mapping of labels to counts, as the other side is"
            raise TypeError(f"{name}: expected {expected}, found {type(side).__name__}")
    if not isinstance(p, Mapping):
        return p, q, None
    labels = list(dict.fromkeys([*p, *q]))
    return [p.get(label, 0) for label in labels], [q.get(label, 0) for label in labels], labels


def _checked(name: str, side: Any, labels: list[Any] | None) -> tuple[Floats, bool]:
    """Return valid weights, and whether they are probabilities."""
    given = np.asarray(side)
    if given.dtype.kind not in "iufO":
        raise TypeError(f"{name}: expected numbers, found {given.dtype} entries")
    if given.ndim != 1 or given.size == 0:
        raise ValueError(
            f"{name}: expected one count an outcome, found an array of shape {given.shape}"
        )
    for index, entry in enumerate(given if given.dtype.kind == "O" else ()):
        if isinstance(entry, bool) or not isinstance(entry, int | float | np.number):
            place = index if labels is None else labels[index]
            raise TypeError(f"{name}[{place!r}]: expected a number, found {entry!r}")
    try:
        weights: Floats = given.astype(np.float64)
    except OverflowError:
        raise ValueError(f"{name}: expected numbers below 1e308, found larger ones") from None
    total = float(weights.sum())
    known = abs(total - 1) <= 1e-6
    negative, part = ~((weights >= 0) & (weights < math.inf)), weights != np.floor(weights)
    whole = "a whole number (or probabilities that sum to 1)"
    for wrong, expected in ((negative, "a finite number >= 0"), (part & (not known), whole)):
        if wrong.any():
            index = int(np.argmax(wrong))
            place = index if labels is None else labels[index]
            raise ValueError(f"{name}[{place!r}]: expected {expected}, found {given[index]!r}")
    if total == 0:
        raise ValueError(f"{name}: expected a positive total, found only zeros")
    return weights, known
