"""Whether rows depend on each other, seen from groups of them, and the evidence if they do.

Groups are the values of a column (clusters), or blocks of consecutive rows. With z_gk the rows of
outcome k in group g, n_g those of the group, and E_gk = z_gk - n_g p_k, the covariance of the
shares is

    V_P = G/(G-1) sum_g E_g E_g' / n^2,

whatever binds the rows of a group together, if groups do not depend on each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.chisquare import noncentral_cdf
from kldiv_cli.core.inference.design import (
    Design,
    independent,
    merged,
    standardised,
)
from kldiv_cli.core.inference.reasons import dependent_rows, few_groups
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kldiv_cli.core.inference.cross_table import CrossTable
    from kldiv_cli.core.inference.samples import Floats, Samples

Crossed = tuple["CrossTable | None", "CrossTable | None"]
"""The outcomes of P, and of Q, by groups of rows."""
LEAST_GROUPS = 20
"""Groups that a side must have: with fewer the covariance is too uncertain."""
LEAST_WORTH = 300
"""Independent rows that a side must be worth for a correction to be trusted."""
LEVEL = 0.005
"""How often independent rows are taken for dependent ones, at most, in all columns together."""
_CELLS = 1 << 22
"""Numbers that are held at once of a table of outcomes by groups."""


class Effect(NamedTuple):
    """How much the shares of one side vary, in units of independent rows.

    Attributes
    ----------
    rows : int
        n.
    groups : int
        G.
    mean : float
        The mean design effect of the outcomes: n tr(A)/(K - 1).
    linear : float
        That of the mean of a score of the outcomes; the same as `mean` where they have none.
    degrees : float
        The degrees of freedom of `mean` as a chi-square, for independent rows.
    """

    rows: int
    groups: int
    mean: float
    linear: float
    degrees: float

    @property
    def worth(self) -> float:
        """How many independent rows have a mean of the score that varies as much."""
        return self.rows / max(self.linear, 1.0)


def effect(table: CrossTable, scores: Floats | None = None) -> Effect | None:
    """Return how much the shares of a side vary from group to group.

    Parameters
    ----------
    table : CrossTable
        Its outcomes by groups.
    scores : ndarray of float64, shape (K,), optional
        Of outcomes that have an order: their places in it.

    Returns
    -------
    Effect or None
        None where there is one outcome, or one group.
    """
    rows = np.bincount(table.entries.place, table.entries.n, table.outcomes)
    seen = rows > 0
    n, outcomes = float(rows.sum()), int(np.count_nonzero(seen))
    groups = groups_of(table)
    if outcomes < 2 or groups < 2:
        return None
    p = rows / n
    of_score = np.zeros(table.outcomes)
    if scores is not None:
        of_score = scores - float(p @ scores)
    squares, score = np.zeros(table.outcomes), 0.0
    for excess in _excesses(table, p):
        squares += (excess**2).sum(axis=1)
        score += float(((of_score @ excess) ** 2).sum())
    factor = groups / (groups - 1) / n
    mean = factor * math.fsum(squares[seen] / p[seen]) / (outcomes - 1)
    spread = float(p @ of_score**2)
    linear = factor * score / spread if spread > 0 else mean
    # A count of a few rows has a heavier tail than the normal law: its square varies more.
    expected = p[seen] * n / groups
    degrees = (groups - 1) * (outcomes - 1) / (1 + float(np.mean(1 / expected)) / 2)
    return Effect(int(n), groups, mean, linear, degrees)


def groups_of(table: CrossTable) -> int:
    """Return how many groups have rows."""
    return int(np.count_nonzero(np.bincount(table.entries.group)))


def chance(effects: tuple[Effect, ...], *, ordered: bool) -> float:
    """Return how likely independent rows vary as much from group to group: a p-value.

    Of both sides together; twice the smaller one of the mean design effect and the linear one,
    which is looked at where outcomes are `ordered`.
    """
    degrees = sum(each.degrees for each in effects)
    mean = math.fsum(each.degrees * each.mean for each in effects)
    p_values = [1 - noncentral_cdf(mean, degrees, 0.0)]
    if ordered:
        free = sum(each.groups - 1 for each in effects)
        linear = math.fsum((each.groups - 1) * each.linear for each in effects)
        p_values.append(1 - noncentral_cdf(linear, free, 0.0))
    return min(min(p_values) * len(p_values), 1.0)


def _excesses(table: CrossTable, p: Floats) -> Iterator[NDArray[np.float64]]:
    """Yield E_gk for some groups after others: arrays of shape (K, groups)."""
    for rows in table.rows_of_groups(_CELLS):
        yield rows.astype(np.float64) - np.outer(p, rows.sum(axis=0))


def covariance(table: CrossTable) -> NDArray[np.float64]:
    """Return V_P from groups of rows."""
    rows = np.bincount(table.entries.place, table.entries.n, table.outcomes)
    n = float(rows.sum())
    found = np.zeros((table.outcomes, table.outcomes))
    for excess in _excesses(table, rows / n):
        found += excess @ excess.T
    groups = groups_of(table)
    return found * (groups / max(groups - 1, 1) / n**2)


def designed(whole: Samples, crossed: Crossed, scores: Floats | None = None) -> Design:
    """Return two samples whose rows depend on each other within groups.

    A side that is not grouped is known exactly, or of independent rows. Of tr(A^2) a part is
    noise, since V_P has G - 1 degrees of freedom, and is taken off:

        c_d = max(tr(A)/(K - 1), c),
        kappa = (K - 1)(tr(A^2) - tr(A_P)^2/(G_P - 1) - tr(A_Q)^2/(G_Q - 1))/tr(A)^2,

    between 1 and K - 1.

    Parameters
    ----------
    whole : Samples
        The counts.
    crossed : pair of CrossTable or None
        The same outcomes, as these were given, by groups.
    scores : ndarray of float64, optional
        See `effect`.
    """
    unfit = None
    for table in crossed:
        if table is None:
            continue
        found = effect(table, scores)
        rows, groups = int(table.entries.n.sum()), groups_of(table)
        if groups < LEAST_GROUPS:
            unfit = unfit or few_groups(rows, groups, LEAST_GROUPS)
        elif found is not None and found.worth < LEAST_WORTH:
            unfit = unfit or dependent_rows(rows, found.worth)
    sizes = whole.n, whole.m
    samples = merged(whole, sizes)
    p, q, pooled = samples.p, samples.q, samples.pooled
    covariances, plain, parts, noise = [], [], [], 0.0
    for table, shares, size in zip(crossed, (p, q), (samples.n, samples.m), strict=True):
        plain.append(independent(shares, size))
        if table is None:
            covariances.append(plain[-1])
            parts.append(standardised(plain[-1], pooled))
            continue
        covariances.append(covariance(table.merged(samples.place, samples.outcomes)))
        parts.append(standardised(covariances[-1], pooled))
        noise += float(np.trace(parts[-1])) ** 2 / max(groups_of(table) - 1, 1)
    matrix = parts[0] + parts[1]
    trace, degrees = float(np.trace(matrix)), max(samples.outcomes - 1, 1)
    scale = max(trace / degrees, samples.scale)
    square = float((matrix**2).sum()) - noise
    kappa = min(max(degrees * square / trace**2, 1.0), float(degrees)) if trace > 0 else 1.0
    both = (covariances[0], covariances[1]), (plain[0], plain[1])
    return Design(samples, whole, p, q, sizes, *both, scale, kappa, unfit)
