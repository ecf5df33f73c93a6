"""The gate of models: the verdict on the mean over rows of D(reference || current).

A row is a position in a text, of which each model has a distribution over its vocabulary. The
mean weighs the outcomes as the reference does, which is the full model; its error is that of
rows that are correlated, as `row_statistics` has it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.findings import MODEL, USUAL_LIMIT, Finding
from kldiv_cli.core.inference.p_values import digits
from kldiv_cli.core.inference.reasons import LONGEST_NAME, WARN_ONLY, Reason, wanted
from kldiv_cli.core.row_statistics import MeanJudgement, rows_to_decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from kldiv_cli.core.report import Contribution, Shares

JUDGED = "kl_qp"
"""The measure that is judged: P is current, Q the reference, as in every check."""
MEASURES = ("kl_pq", JUDGED)
"""The measures of a finding: both directions."""
MOST_NAMED = 3
"""Rows that a reason names."""


def judged_rows(
    rows: Mapping[str, ArrayLike],
    column: str,
    *,
    outcomes: int,
    limit: float,
    alpha: float,
    block: int | None = None,
    starts: NDArray[np.integer[Any]] | None = None,
    impossible: str = "",
) -> Finding:
    """Return the finding on a batch: the verdict on the mean of its rows.

    Parameters
    ----------
    rows : mapping of str to array_like, shape (N,)
        The `MEASURES` of each row, in nats.
    column : str
        What the finding is on.
    outcomes : int
        How many outcomes a row has.
    limit : float
        The largest mean that is accepted; infinite where none is drift.
    alpha : float
        Level of the tests, and 1 - the level of the interval.
    block, starts
        The rows that make a block for the error: see `mean_of_rows`.
    impossible : str
        The outcome because of which the first infinite row is infinite; empty if it is not known.

    Raises
    ------
    ValueError
        As in `mean_of_rows`.
    """
    values = np.asarray(rows[JUDGED], dtype=np.float64)
    n, only_warns = len(values), math.isinf(limit)
    # Where there is no limit any would do: what depends on it is left out.
    judgement = rows_to_decide(
        values, USUAL_LIMIT if only_warns else limit, block=block, starts=starts, alpha=alpha
    )
    mean = judgement.mean
    low, high = mean.low, mean.high
    if low is None or high is None:
        low, high = (mean.mean, mean.mean) if math.isinf(mean.mean) else (0.0, math.inf)
    # No divergence is below 0.
    finding = Finding(
        column=column,
        type=MODEL,
        verdict=judgement.verdict,
        reason=_reason(values, judgement, impossible),
        threshold=limit,
        kl=mean.mean,
        kl_unclamped=mean.mean,
        value_unclamped=mean.mean,
        value=mean.mean,
        low=max(low, 0.0),
        high=high,
        p_drift=judgement.p_drift,
        p_drift_adjusted=judgement.p_drift,
        p_pass=judgement.p_pass,
        reliable=judgement.reliable,
        n_reference=n,
        n_current=n,
        missing_reference=0.0,
        missing_current=0.0,
        new_share=0.0,
        outcomes=outcomes,
        rows_needed=judgement.rows_needed,
        measures={name: _mean(rows[name]) for name in MEASURES},
    )
    if not only_warns:
        return finding
    text = f"{_mean_words(n, judgement)} has no limit ({WARN_ONLY})"
    return finding._replace(
        verdict="pass",
        reason=Reason(WARN_ONLY, text),
        p_drift=None,
        p_drift_adjusted=None,
        p_pass=None,
        rows_needed=None,
    )


def judged_vectors(
    measures: Mapping[str, float],
    column: str,
    *,
    outcomes: int,
    limit: float,
    contributions: Sequence[Contribution] = (),
    impossible: str = "",
    shares: Shares | None = None,
) -> Finding:
    """Return the finding on a pair of single distributions, which are known: their value.

    Parameters
    ----------
    measures : mapping of str to float
        The `MEASURES`, in nats.
    contributions : sequence of Contribution
        The outcomes that set both apart; p is current, q the reference.
    shares : Shares, optional
        All outcomes.
    column, outcomes, limit, impossible
        As `judged_rows` takes them.
    """
    kl = measures[JUDGED]
    above = not kl <= limit
    if math.isinf(limit):
        reason = Reason(WARN_ONLY, f"KL {kl:.3g} has no limit ({WARN_ONLY})")
    elif math.isinf(kl):
        text = _has_no_mass(impossible) if impossible else "KL is infinite"
        reason = Reason("impossible-outcome", text)
    elif above:
        reason = Reason("above-threshold", f"KL {kl:.3g} is above {limit:.3g}")
    else:
        reason = Reason("below-threshold", f"KL {kl:.3g} is within {limit:.3g}")
    return Finding(
        column=column,
        type=MODEL,
        verdict="drift" if above else "pass",
        reason=reason,
        threshold=limit,
        kl=kl,
        kl_unclamped=kl,
        value_unclamped=kl,
        value=kl,
        low=kl,
        high=kl,
        reliable=True,
        n_reference=math.inf,
        n_current=math.inf,
        missing_reference=0.0,
        missing_current=0.0,
        new_share=0.0,
        outcomes=outcomes,
        contributions=tuple(contributions),
        shares=shares,
        measures=dict(measures),
    )


def _mean(rows: ArrayLike) -> float:
    values = np.asarray(rows, dtype=np.float64)
    return math.fsum(values.tolist()) / len(values)


def _reason(values: NDArray[np.float64], judgement: MeanJudgement, impossible: str) -> Reason:
    """Return the reason for the verdict on the mean of rows."""
    mean, limit = judgement.mean, f"{judgement.limit:.3g}"
    if math.isinf(mean.mean):
        return Reason("impossible-outcome", _infinite_words(values, impossible))
    words = _mean_words(len(values), judgement)
    if judgement.verdict == "drift":
        chance = ""
        if judgement.p_drift is not None and mean.standard_error:
            chance = f" (p {digits(judgement.p_drift)})"
        return Reason("above-threshold", f"{words} is above {limit}{chance}")
    if judgement.verdict == "pass":
        return Reason("below-threshold", f"{words} is within {limit}")
    rows = judgement.rows_needed and _rounded_up(judgement.rows_needed)
    needed = wanted(rows, len(values), "about {:,} rows would decide")
    if mean.effective_rows is None:
        return Reason("too-few-rows", f"{words}: nothing is known of its error")
    if not judgement.reliable:
        return Reason(
            "too-few-rows", f"{words}: too few for a verdict on the limit {limit}; {needed}"
        )
    return Reason("too-close", f"{words} is too close to {limit}; {needed}")


def _mean_words(rows: int, judgement: MeanJudgement) -> str:
    """Return the mean in words: its interval, its rows, and how many of these it is worth."""
    mean = judgement.mean
    words = f"mean KL {mean.mean:.3g}"
    if mean.low is not None and mean.high is not None and judgement.reliable and mean.high:
        words += f" ({max(mean.low, 0.0):.3g} to {mean.high:.3g})"
    words += f" over {rows:,} {'row' if rows == 1 else 'rows'}"
    effective = mean.effective_rows
    if effective is not None and round(effective) < rows:
        worth = max(round(effective), 1)
        words += f" (worth {worth:,} independent {'one' if worth == 1 else 'ones'})"
    return words


def _infinite_words(values: NDArray[np.float64], impossible: str) -> str:
    """Return why the mean is infinite: the first infinite row, and which others there are."""
    first, *others = np.flatnonzero(np.isinf(values)).tolist()
    words = f"row {first}: " + (_has_no_mass(impossible) if impossible else "KL is infinite")
    if not others:
        return words
    named = ", ".join(map(str, others[:MOST_NAMED]))
    more = f" and {len(others) - MOST_NAMED:,} more" if len(others) > MOST_NAMED else ""
    return f"{words}; so it is in {'rows' if len(others) > 1 else 'row'} {named}{more}"


def _has_no_mass(outcome: str) -> str:
    name = outcome[:LONGEST_NAME]
    return f"outcome {name} has mass in the reference and none on the current side"


def _rounded_up(rows: int) -> int:
    """Return a number of rows with two digits that are not 0, and not below it."""
    unit: int = 10 ** max(len(str(rows)) - 2, 0)
    return -(-rows // unit) * unit
