"""The evidence on one column: estimate, interval and p-values from two samples.

Two hypotheses are tested against the largest divergence D that is accepted, tau: that P = Q or
D <= tau, and that D >= tau. D is D(P || Q) here; the evidence on other measures is made in
`symmetric` and `total_variation`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.estimate import (
    correction,
    divergence,
    kullback_leibler,
    variance_curve,
)
from kldiv_cli.core.inference.measured import MEASURED
from kldiv_cli.core.inference.resampling import bounded_p_value, difference_p_value
from kldiv_cli.core.inference.samples import MIN_ROWS
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.inference.measured import Measured
    from kldiv_cli.core.inference.p_values import PValue
    from kldiv_cli.core.inference.reasons import Reason
    from kldiv_cli.core.inference.samples import Floats, Samples

IMPOSSIBLE = 1e-9
"""The least probability that a new outcome is allowed in the reference."""


MOST_RATIO = 2.0
"""Rows of the largest window in units of those of the smallest, at most."""


class Move(NamedTuple):
    """The outcome whose share changed most, by its part of D(P || Q).

    Attributes
    ----------
    place : int
        Its position among the outcomes that were given.
    reference, current : float
        Its shares.
    """

    place: int
    reference: float
    current: float


class Past(NamedTuple):
    """The past windows that a limit of D(P || Q) comes from; see `history`.

    Attributes
    ----------
    windows : int
        Their number.
    rows : pair of int
        Rows of the smallest, and of the largest.
    limit : float
        The largest estimate that is usual, in nats.
    """

    windows: int
    rows: tuple[int, int]
    limit: float

    def fits(self, rows: float) -> bool:
        """Return whether a window of so many rows may be compared with them."""
        least, most = self.rows
        return max(most, rows) <= MOST_RATIO * min(least, rows)


class Evidence(NamedTuple):
    """The estimate, interval and p-values of one column, before it is judged among others.

    Attributes
    ----------
    value, low, high : float
        Estimate of the measure, which may be negative, in nats where it has a unit, and the
        limits of its confidence interval at level 1 - alpha. No sample bounds D(P || Q) where
        an outcome is new: `high` allows for a reference probability as low as 1e-9, and is
        infinite where that could exceed the threshold.
    p_value : float or None
        Of P = Q; None for exact distributions, as the two below.
    p_drift : float or None
        Of "P = Q or D <= threshold".
    p_pass : float or None
        Of "D >= threshold".
    threshold : float
        tau, in the unit of the measure.
    reliable : bool
        Whether `low`, `high` and `p_pass` can be trusted; if not, `p_pass` is 1 and `p_drift`
        rests on bounds that hold for any number of rows, or is too large.
    samples : Samples
        The counts.
    inflation : float
        Ratio r of the estimate's variance to its variance at P = Q.
    move : Move or None
        None where nothing moved, or where no words are asked for.
    difference : PValue or None
        `p_value`, and the test that it is of.
    measure : str
        Its name: ``kl`` or another key of `measured.MEASURED`.
    kappa : float
        The estimate's variance at P = Q in units of its limit for many rows.
    unfit : Reason or None
        Why no verdict can be found, whatever the figures are.
    law : str
        What `p_drift` rests on, in words, if it is not the measure's own law.
    past : Past or None
        Where the limit comes from past windows; `threshold` is then that, or a larger one of
        the user's, and there is neither `p_drift` nor `p_pass`.
    doubt : Reason or None
        Why nothing passes, whatever the figures are.
    rare : int
        How many outcomes of rows that weigh were merged, since they have too few effective rows.
    """

    value: float
    low: float
    high: float
    p_value: float | None
    p_drift: float | None
    p_pass: float | None
    threshold: float
    reliable: bool
    samples: Samples
    inflation: float
    move: Move | None = None
    difference: PValue | None = None
    measure: str = "kl"
    kappa: float = 1.0
    unfit: Reason | None = None
    law: str = ""
    past: Past | None = None
    doubt: Reason | None = None
    rare: int = 0

    @property
    def exact(self) -> bool:
        """Whether both distributions are known."""
        return math.isinf(self.samples.rows)

    @property
    def p_drift_is_floor(self) -> bool:
        """Whether `p_drift` is that of P = Q, and no random table was as extreme."""
        tested = self.difference
        return tested is not None and tested.is_floor and self.p_drift == tested.value

    @property
    def disjoint(self) -> bool:
        """Whether no outcome is common to both sides."""
        return not np.any((self.samples.x > 0) & (self.samples.y > 0))

    @property
    def row(self) -> Measured:
        """The measure, as it is judged."""
        return MEASURED[self.measure]

    def unbounded(self) -> tuple[float, int, bool]:
        """Return the share of outcomes that one side never had, and the largest's place.

        They leave no upper limit. The place is the position among the outcomes that were given;
        last comes whether they are new: of a symmetric measure those may count that are gone.
        """
        samples = self.samples
        new, gone = np.where(samples.y == 0, samples.p, 0), np.where(samples.x == 0, samples.q, 0)
        are_new = self.measure == "kl" or bool(new.sum() >= gone.sum())
        shares = new if are_new else gone
        return float(shares.sum()), samples.given(int(np.argmax(shares))), are_new


def weigh(
    samples: Samples,
    *,
    max_kl: float = 0.05,
    alpha: float = 0.05,
    columns: int = 1,
    difference: PValue | None = None,
    alone: bool = False,
) -> Evidence:
    """Return the evidence of two samples on D(P || Q) and its threshold.

    Parameters
    ----------
    samples : Samples
        Current and reference; at least one of them is not exactly known.
    max_kl : float
        The largest divergence that is accepted, tau >= 0, in nats.
    alpha : float
        Level of the tests and of the interval, between 0 and 1.
    columns : int
        How many tests will be corrected for together.
    difference : PValue, optional
        The p-value of P = Q, where it is known.
    alone : bool
        Whether nothing but `p_drift` rests on that p-value, which is then as rough as it may be.
    """
    if math.isinf(samples.rows):
        raise ValueError("both sides are exactly known: weigh_exact takes their divergence")
    rare, hidden = correction(samples), samples.hidden
    kl = divergence(samples) + rare

    def difference_beside(other: float) -> PValue:
        if difference is not None:
            return difference
        beside = other if alone else 0.0
        return difference_p_value(samples, alpha=alpha, columns=columns, beside=beside)

    if math.isinf(kl):
        difference = difference_beside(0.0)
        p0 = difference.value
        return Evidence(kl, kl, kl, p0, p0, 1.0, max_kl, True, samples, 1.0, difference=difference)
    # What the rare outcomes hide can only hide drift: at least C^2 / (2 hidden) by the inequality
    # of Cauchy and Schwarz, C being the correction, and their share of the rest.
    curve = variance_curve(samples, kullback_leibler, samples.scale / 2)
    model, visible = curve.law(kl), visible_share(samples)
    upper = curve.law(kl + rare**2 / (2 * hidden)) if hidden > 0 else model
    low = min(model.limit(1 - alpha / 2), max(kl, 0.0)) if samples.outcomes > 1 else 0.0
    margin = new_margin(samples)
    high = upper.limit(alpha / 2) / visible + margin
    if max_kl == 0:
        p_tau = 0.0
    elif samples.rows >= MIN_ROWS:
        p_tau = 1 - model.cdf(max_kl)
    else:
        p_tau = bounded_p_value(samples, max_kl)
    if margin and not (high <= max_kl):
        high = math.inf
    difference = difference_beside(p_tau)
    p0 = difference.value
    reliable, inflation = samples.reliable, model.ratio(max_kl)
    trusted = reliable and max_kl > 0 and high < math.inf
    p_drift = max(p0, p_tau)
    p_pass = upper.cdf(max(max_kl - margin, 0.0) * visible) if trusted else 1.0
    return Evidence(
        kl, low, high, p0, p_drift, p_pass, max_kl, reliable, samples, inflation,
        difference=difference,
    )  # fmt: skip


def weigh_exact(
    value: float, samples: Samples, *, max_kl: float = 0.05, measure: str = "kl"
) -> Evidence:
    """Return the evidence where both distributions are known: the value of the measure alone."""
    figures = (value, value, value, None, None, None)
    return Evidence(*figures, max_kl, True, samples, 1.0, measure=measure)


def visible_share(samples: Samples) -> float:
    """Return the share of the mass that the smaller sample did not miss, at least 0.05."""
    return max(1 - samples.hidden, 0.05)


def _new(samples: Samples) -> NDArray[np.bool_]:
    """Return which outcomes are new although the reference should have had five of them."""
    if math.isinf(samples.m):
        return np.zeros(samples.outcomes, dtype=np.bool_)
    new: NDArray[np.bool_] = (samples.y == 0) & (samples.pooled * samples.m >= 5)
    return new


def new_margin(samples: Samples) -> float:
    """Return the most that new outcomes may add, if the reference has each of them at 1e-9."""
    p = np.append(samples.p[_new(samples)], _scattered(samples))
    return float(p @ np.log(np.maximum(p / IMPOSSIBLE, 1)))


def _scattered(samples: Samples) -> float:
    """Return the share of new outcomes that are each too rare to tell, but too many together.

    Of the reference, the share of what it has not seen is about that of what it saw once
    (Good, Biometrika 40, 1953). What is new in the current sample beyond that, by more than
    four standard errors, is no chance.
    """
    if math.isinf(samples.m):
        return 0.0
    share = float(samples.p[(samples.y == 0) & ~_new(samples)].sum())
    # What rows weigh may be no whole number.
    once = int(np.count_nonzero((samples.y > 0) & (samples.y < 1.5)))
    excess = share - once / samples.m
    spread = math.hypot(math.sqrt(share / samples.n), math.sqrt(once + 1) / samples.m)
    return excess if excess > 4 * spread else 0.0


def largest_move(p: Floats, q: Floats, part: Floats, rows: float) -> Move | None:
    """Return the outcome that moved most: the first of those that a report lists, mostly.

    Parameters
    ----------
    p, q : ndarray, shape (K,)
        Shares of the current side and of the reference.
    part : ndarray, shape (K,)
        Parts of D(P || Q), p log(p/q) - p + q, by which outcomes are listed, too.
    rows : float
        Rows of the reference; infinite where its shares are known. What is infinite then is
        impossible, and ranked by p; in a sample it is ranked by `parts_of_rows`.
    """
    infinite = np.isinf(part)
    if math.isfinite(rows):
        part = parts_of_rows(p, part, rows)
    elif infinite.any():
        part = np.where(infinite, p, -1.0)
    place = int(np.argmax(part))
    return None if p[place] == q[place] else Move(place, float(q[place]), float(p[place]))


def parts_of_rows(p: Floats, part: Floats, rows: float) -> Floats:
    """Return the parts of D(P || Q) as if the reference had half a row of what it lacks.

    An infinite part may be that of a single row which the reference happens not to have: it would
    come before all that make up the drift.

    Parameters
    ----------
    p, part, rows
        See `largest_move`; `rows` are finite.
    """
    infinite, unseen = np.isinf(part), 0.5 / rows
    ratio = np.where(infinite, p, unseen) / unseen
    return np.where(infinite, p * np.log(ratio) - p + unseen, part)
