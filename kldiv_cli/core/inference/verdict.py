"""Drift, no drift, or not enough rows to tell.

Two hypotheses are tested against the largest divergence that is accepted, tau.  Drift is
claimed where P differs from Q at all (p0) *and* D(P || Q) <= tau is rejected; no drift where
D(P || Q) >= tau is rejected; otherwise neither, and the number of rows that would decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kldiv_cli.core.inference import chisquare
from kldiv_cli.core.inference import samples as inference
from kldiv_cli.core.inference.resampling import bounded_p_value, difference_p_value
from kldiv_cli.core.inference.samples import Table, correction, divergence, law, table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Verdict = Literal["pass", "drift", "inconclusive"]
Code = Literal[
    "above-threshold",
    "below-threshold",
    "different",
    "impossible-outcome",
    "new-outcomes",
    "no-common-outcome",
    "not-after-correction",
    "too-close",
    "too-few-rows",
    "zero-threshold",
]

LEAST_ALPHA = 1e-6
"""Levels below it are beyond what the draws and the doubles here can tell."""
POWER = 0.8
"""Probability of a decision with the number of rows that is asked for."""
MOST_ROWS = 1_000_000_000
_IMPOSSIBLE = 1e-9  # the least probability that a new outcome is allowed in the reference


class Move(NamedTuple):
    """The outcome whose share changed most, by its term of Jeffreys' divergence."""

    place: int
    reference: float
    current: float


class Evidence(NamedTuple):
    """What one column says, before it is compared with others.

    Attributes
    ----------
    kl, low, high : float
        Estimate of D(P || Q) in nats, as it is (it may be negative), and the limits of its
        confidence interval at level 1 - alpha. No sample bounds the divergence where an
        outcome is new: `high` allows for a reference probability as low as 1e-9, and is
        infinite where that could exceed the threshold.
    p_value : float or None
        Of P = Q; None for exact distributions, as the two below.
    p_drift : float or None
        Of "P = Q or D(P || Q) <= threshold".
    p_pass : float or None
        Of "D(P || Q) >= threshold".
    threshold : float
        tau, in nats.
    alpha : float
        Level of the interval.
    reliable : bool
        Whether `low`, `high` and `p_pass` can be trusted; if not, `p_pass` is 1 and `p_drift`
        rests on bounds that hold for any number of rows, or is too large.
    table : Table
        What was counted.
    inflation : float
        Ratio r of the estimate's variance to its variance at P = Q.
    move : Move or None
        None where nothing moved.
    """

    kl: float
    low: float
    high: float
    p_value: float | None
    p_drift: float | None
    p_pass: float | None
    threshold: float
    alpha: float
    reliable: bool
    table: Table
    inflation: float
    move: Move | None

    @property
    def exact(self) -> bool:
        """Whether both distributions are known."""
        return math.isinf(self.table.rows)

    @property
    def disjoint(self) -> bool:
        """Whether no outcome is common to both sides."""
        return not np.any((self.table.x > 0) & (self.table.y > 0))


class Judgement(NamedTuple):
    """The verdict on one column.

    Attributes
    ----------
    verdict : {"pass", "drift", "inconclusive"}
    p_drift_adjusted : float or None
        `Evidence.p_drift` corrected for the number of columns.
    rows_needed : int or None
        Rows in each file that would decide with probability 0.8, were the estimate the truth;
        None if it is decided, or if no number below 1e9 decides.
    code, text : str
        The reason, stable and in words.
    """

    verdict: Verdict
    p_drift_adjusted: float | None
    rows_needed: int | None
    code: Code
    text: str


def weigh(
    counts: Table, *, max_kl: float = 0.05, alpha: float = 0.05, columns: int = 1
) -> Evidence:
    """Return what two samples say about D(P || Q) and the threshold.

    Parameters
    ----------
    counts : Table
        Current and reference; at least one of them is a sample.
    max_kl : float
        The largest divergence that is accepted, tau >= 0, in nats.
    alpha : float
        Level of the tests and of the interval, between 0 and 1.
    columns : int
        How many columns will be judged together.
    """
    if math.isinf(counts.rows):
        raise ValueError("both sides are exactly known: weigh_exact takes their divergence")
    move = _largest_move(counts)
    p0 = difference_p_value(counts, alpha=alpha, columns=columns)
    rare, hidden = correction(counts), counts.hidden
    kl = divergence(counts) + rare
    if math.isinf(kl):
        return Evidence(kl, kl, kl, p0, p0, 1.0, max_kl, alpha, True, counts, 1.0, move)
    # What the rare outcomes hide can only hide drift: at least C^2 / (2 hidden) by the inequality
    # of Cauchy and Schwarz, C being the correction, and their share of the rest.
    model, visible = law(counts, kl), max(1 - hidden, 0.05)
    upper = model.of(kl + rare**2 / (2 * hidden)) if hidden > 0 else model
    low = min(model.limit(1 - alpha / 2), max(kl, 0.0)) if counts.outcomes > 1 else 0.0
    margin = _new_margin(counts)
    high = upper.limit(alpha / 2) / visible + margin
    if max_kl == 0:
        p_tau = p0
    elif counts.rows >= inference.MIN_ROWS:
        p_tau = 1 - model.cdf(max_kl)
    else:
        p_tau = bounded_p_value(counts, max_kl)
    if margin and not (high <= max_kl):
        high = math.inf
    trusted = counts.reliable and max_kl > 0 and high < math.inf
    return Evidence(
        kl=kl,
        low=low,
        high=high,
        p_value=p0,
        p_drift=max(p0, p_tau),
        p_pass=upper.cdf(max(max_kl - margin, 0.0) * visible) if trusted else 1.0,
        threshold=max_kl,
        alpha=alpha,
        reliable=counts.reliable,
        table=counts,
        inflation=model.ratio(max_kl),
        move=move,
    )


def weigh_exact(kl: float, weights: Table, *, max_kl: float = 0.05) -> Evidence:
    """Return the evidence where both distributions are known: the value `kl` alone counts."""
    move = _largest_move(weights)
    return Evidence(kl, kl, kl, None, None, None, max_kl, 0.0, True, weights, 1.0, move)


def judge(
    evidence: Sequence[Evidence],
    *,
    alpha: float = 0.05,
    adjust: Literal["bh", "none"] = "bh",
    labels: Sequence[Sequence[str] | None] | None = None,
) -> tuple[Judgement, ...]:
    """Return the verdict on each column.

    The p-values of drift are adjusted by Benjamini and Hochberg (J. R. Stat. Soc. B 57,
    1995), so that among the columns called drift the expected share of false ones is at
    most alpha, and where no column drifts the chance of any alarm is. Drift if the adjusted
    value is at most alpha; pass if `p_pass` is, and the interval ends below the threshold.

    Parameters
    ----------
    evidence : sequence of Evidence
        One a column. Exact distributions take no part in the adjustment.
    alpha : float
        Level.
    adjust : {"bh", "none"}
        Correction for the number of columns.
    labels : sequence of sequences of str, optional
        Names of the outcomes that each column's table was built from, for the reasons.
    """
    values = [one.p_drift for one in evidence if one.p_drift is not None]
    adjusted = iter(benjamini_hochberg(values) if adjust == "bh" else values)
    judgements = []
    for place, one in enumerate(evidence):
        names = labels[place] if labels else None
        p_adjusted = None if one.p_drift is None else next(adjusted)
        judgements.append(_judged(one, p_adjusted, alpha, names))
    return tuple(judgements)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, min over j >= i of p_(j) k/j, in the order given."""
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    ranks = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum.accumulate(np.minimum(values[order] * len(values) / ranks, 1))
    return [float(value) for value in adjusted]


def _judged(
    one: Evidence, p_adjusted: float | None, alpha: float, names: Sequence[str] | None
) -> Judgement:
    decided: Verdict = "inconclusive"
    if p_adjusted is None or one.p_pass is None:
        decided = "drift" if not (one.kl <= one.threshold) else "pass"
    elif p_adjusted <= alpha:
        decided = "drift"
    elif one.p_pass <= alpha and one.high <= one.threshold:
        decided = "pass"
    rows = None
    if decided == "inconclusive" and one.p_drift is not None:
        share = one.p_drift / p_adjusted if p_adjusted else 1.0
        rows = rows_needed(one, alpha=alpha, drift_alpha=alpha * share)
    code, text = _reason(one, decided, alpha, names, rows)
    return Judgement(decided, p_adjusted, rows, code, text)


def rows_needed(one: Evidence, *, alpha: float, drift_alpha: float | None = None) -> int | None:
    """Return the rows in each file that would decide, or None if no number below 1e9 does.

    The smallest number with which the verdict is drift, or pass, with probability 0.8, were
    the divergence the estimate and its variance ratio unchanged. A side that has more rows, or
    is known, keeps them.

    Parameters
    ----------
    one : Evidence
        Of two samples.
    alpha, drift_alpha : float
        Levels of the tests; `drift_alpha` is smaller where columns are corrected for.
    """
    kl = max(one.kl, 0.0)
    if kl <= one.threshold and (one.threshold == 0 or math.isinf(one.high)):
        return None
    level = alpha if drift_alpha is None else drift_alpha

    def decides(rows: int) -> bool:
        return _decides(one, kl, rows, alpha, level)

    low = max(int(one.table.rows), inference.MIN_ROWS - 1)
    high = low + 1
    while not decides(high):
        if high >= MOST_ROWS:
            return None
        low, high = high, min(2 * high, MOST_ROWS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def _decides(one: Evidence, kl: float, rows: int, alpha: float, drift_alpha: float) -> bool:
    """Return whether so many rows decide with probability `POWER`."""
    quantile, cdf = chisquare.noncentral_quantile, chisquare.noncentral_cdf
    pair, r, tau = one.table, one.inflation, one.threshold
    scale = (1 / max(pair.n, rows) + 1 / max(pair.m, rows)) * r
    degrees = (pair.outcomes - 1) / r**2
    if degrees == 0:
        return math.exp(-tau / scale) <= alpha / 2
    if tau == 0:
        reached = quantile(1 - POWER, pair.outcomes - 1, 2 * kl * r / scale)
        return 1 - cdf(reached, pair.outcomes - 1, 0.0) <= drift_alpha
    if kl > tau:
        reached = quantile(1 - POWER, degrees, 2 * kl / scale)
        return 1 - cdf(reached, degrees, 2 * tau / scale) <= drift_alpha
    hidden = float(pair.pooled @ np.exp(-pair.pooled * rows))
    reached = quantile(POWER, degrees, 2 * kl * (1 - hidden) / scale)
    passes = cdf(reached, degrees, 2 * tau * (1 - hidden) / scale) <= alpha / 2
    return passes and hidden <= inference.MOST_HIDDEN


def _new(pair: Table) -> NDArray[np.bool_]:
    """Return which outcomes are new although the reference should have had five of them."""
    if math.isinf(pair.m):
        return np.zeros(pair.outcomes, dtype=np.bool_)
    new: NDArray[np.bool_] = (pair.y == 0) & (pair.pooled * pair.m >= 5)
    return new


def _new_margin(pair: Table) -> float:
    """Return the most that new outcomes may add, if the reference has each of them at 1e-9."""
    p = np.append(pair.p[_new(pair)], _scattered(pair))
    return float(p @ np.log(np.maximum(p / _IMPOSSIBLE, 1)))


def _scattered(pair: Table) -> float:
    """Return the share of new outcomes that are each too rare to tell, but too many together.

    Of the reference, the share of what it has not seen is about that of what it saw once
    (Good, Biometrika 40, 1953). What is new in the current sample beyond that, by more than
    four standard errors, is no chance.
    """
    if math.isinf(pair.m):
        return 0.0
    share = float(pair.p[(pair.y == 0) & ~_new(pair)].sum())
    once = int(np.count_nonzero(pair.y == 1))
    excess = share - once / pair.m
    spread = math.hypot(math.sqrt(share / pair.n), math.sqrt(once + 1) / pair.m)
    return excess if excess > 4 * spread else 0.0


def _largest_move(pair: Table) -> Move | None:
    rows = min(pair.rows, 1e9)
    p, q = ((side + 0.5 / rows) for side in (pair.p, pair.q))
    term = (p - q) * np.log(p / q)
    if math.isinf(pair.m):
        term[(pair.y == 0) & (pair.x > 0)] = math.inf
    place = int(np.argmax(term))
    if pair.p[place] == pair.q[place]:
        return None
    given = np.flatnonzero(pair.place == place)
    return Move(int(given[0]), float(pair.q[place]), float(pair.p[place]))


def _reason(
    one: Evidence,
    decided: Verdict,
    alpha: float,
    names: Sequence[str] | None,
    rows: int | None,
) -> tuple[Code, str]:
    """Return why, as a code and in words."""
    kl, tau = f"{max(one.kl, 0.0):.3g}", f"{one.threshold:.3g}"
    moved = _moved(one, names)
    if decided == "pass":
        if one.exact:
            return "below-threshold", f"KL {kl} is within {tau}"
        limit = f", at most {one.high:.3g}," if one.high > 0 else ""
        return "below-threshold", f"KL {kl}{limit} is within {tau} at this binning"
    if decided == "drift":
        if math.isinf(one.kl):
            return "impossible-outcome", (
                f"the current data have an outcome of probability 0 in the reference{moved}"
            )
        if one.disjoint:
            return "no-common-outcome", (
                "no common outcome: a date or key? leave it out with --exclude"
            )
        chance = "" if one.p_drift is None else f" (p {_p_words(one.p_drift)})"
        if one.threshold == 0 and not one.exact:
            return "different", f"the distributions differ{chance}{moved}"
        return "above-threshold", f"KL {kl} is above {tau}{chance}{moved}"
    wanted = (
        f"; {rows:,} rows in each file would decide" if rows else "; no number of rows decides"
    )
    if one.p_drift is not None and one.p_drift <= alpha:
        return "not-after-correction", (
            f"drift if it were the only column (p {_p_words(one.p_drift)}), but not among so"
            f" many{wanted}"
        )
    if one.threshold == 0:
        return "zero-threshold", "no difference is seen, and none can be excluded"
    if math.isinf(one.high) and one.reliable:
        unseen = (one.table.y == 0) if _scattered(one.table) else _new(one.table)
        new = np.where(unseen, one.table.p, 0.0)
        place = int(np.flatnonzero(one.table.place == int(np.argmax(new)))[0])
        return "new-outcomes", (
            f"KL {kl} has no upper limit: {percent(float(new.sum()))} of the current rows have"
            f" outcomes that the reference never had, such as {_name(place, names)}"
        )
    if not one.reliable:
        smaller = int(one.table.rows)
        return "too-few-rows", f"{smaller:,} rows, {one.table.outcomes} outcomes{wanted}"
    return "too-close", (
        f"KL {kl}, between {one.low:.2g} and {one.high:.2g}, is too close to {tau}{wanted}"
    )


def _moved(one: Evidence, names: Sequence[str] | None) -> str:
    if one.move is None:
        return ""
    name = _name(one.move.place, names)
    before, after = (percent(share) for share in (one.move.reference, one.move.current))
    return f"; {name} went from {before} to {after}"


def _name(place: int, names: Sequence[str] | None) -> str:
    return names[place][:60] if names else f"outcome {place}"


def percent(share: float) -> str:
    """Return a share in percent, to three digits."""
    return f"{100 * share:.3g} %"


def _p_words(p: float) -> str:
    return f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


class Estimate(NamedTuple):
    """The divergence of current from reference, how sure it is, and what follows.

    Attributes
    ----------
    kl, low, high : float
        Estimate of D(current || reference) in nats, corrected for bias, and the limits of a
        confidence interval at level 1 - alpha. The estimate may be negative.
    p_value, p_drift, p_pass : float or None
        Of no difference at all, of a divergence of at most `max_kl`, and of at least
        `max_kl`. None where both sides are exactly known.
    verdict : {"pass", "drift", "inconclusive"}
    reliable : bool
        Whether the samples are large enough for the interval to be trusted.
    rows_needed : int or None
        Rows a side that would decide an inconclusive verdict; None if none below 1e9 does.
    """

    kl: float
    low: float
    high: float
    p_value: float | None
    p_drift: float | None
    p_pass: float | None
    verdict: Verdict
    reliable: bool
    rows_needed: int | None


def estimate(
    p_counts: ArrayLike | Mapping[Any, float],
    q_counts: ArrayLike | Mapping[Any, float],
    *,
    max_kl: float = 0.05,
    alpha: float = 0.05,
) -> Estimate:
    """Estimate D(P || Q) from counts, and judge whether it exceeds a threshold.

    Parameters
    ----------
    p_counts : array_like of shape (K,), or mapping of label to count
        The current sample.
    q_counts : array_like of shape (K,), or mapping of label to count
        The reference. Arrays are matched by position, mappings by label; an outcome that a
        mapping does not name has the count 0. Numbers that sum to 1 (within 1e-6) are
        probabilities, exactly known, on either side.
    max_kl : float
        The largest divergence that is accepted, in nats.
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
        all zero, the lengths differ, or `max_kl` or `alpha` is out of range.

    Notes
    -----
    The estimate is that of Zhang and Grabchak (Neural Comput. 26, 2014), both series cut off
    after the same term, plus a correction for rare outcomes with mean 0 at P = Q; the interval
    is that of a scaled noncentral chi-square. See `kldiv_cli.core.inference.samples`.

    Examples
    --------
    >>> from kldiv_cli import estimate
    >>> estimate([480, 310, 210], [500, 300, 200], max_kl=0.05).verdict
    'pass'
    """
    for name, number, top in (("max_kl", max_kl, math.inf), ("alpha", alpha, 1.0)):
        if isinstance(number, bool) or not isinstance(number, int | float | np.number):
            raise TypeError(f"{name}: expected a number, found {number!r}")
        if not (0 <= number < top) or (name == "alpha" and number < LEAST_ALPHA):
            wanted = "1e-6 <= alpha < 1" if name == "alpha" else "a finite number >= 0"
            raise ValueError(f"{name}: expected {wanted}, found {number!r}")
    from kldiv_cli.core.divergences import divergences

    x, y, labels = _matched(p_counts, q_counts)
    sides = [_checked(name, side, labels) for name, side in (("p_counts", x), ("q_counts", y))]
    if len(sides[0][0]) != len(sides[1][0]):
        raise ValueError(
            f"q_counts: expected {len(sides[0][0])} outcomes as in p_counts,"
            f" found {len(sides[1][0])}"
        )
    pair = table(sides[0][0], sides[1][0], known=(sides[0][1], sides[1][1]))
    if math.isinf(pair.rows):
        exact = divergences(x, y, measures=("kl_pq",))["kl_pq"]
        one = weigh_exact(float(exact), pair, max_kl=float(max_kl))
    else:
        one = weigh(pair, max_kl=float(max_kl), alpha=float(alpha))
    (judgement,) = judge([one], alpha=float(alpha))
    return Estimate(
        one.kl, one.low, one.high, one.p_value, one.p_drift, one.p_pass,
        judgement.verdict, one.reliable, judgement.rows_needed,
    )  # fmt: skip


def _matched(p: Any, q: Any) -> tuple[Any, Any, list[Any] | None]:
    """Return both sides as sequences over one support."""
    for name, side, other in (("p_counts", p, q), ("q_counts", q, p)):
        if isinstance(side, str | bytes):
            raise TypeError(f"{name}: expected an array or a mapping of counts, found {side!r}")
        if isinstance(other, Mapping) and not isinstance(side, Mapping):
            raise TypeError(
                f"{name}: expected a mapping of labels to counts, as the other side is,"
                f" found {type(side).__name__}"
            )
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
