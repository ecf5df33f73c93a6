"""Limits from past windows: how far a window usually is from the others.

A window is the data of a stretch of time, counted; all windows of a column have one support. Its
score is D(window || the others together), each window alike. Nothing is claimed about the size of
a difference: a window outside the limit is one that the history makes unlikely, if its windows are
exchangeable, that is, if their order tells nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference import student
from kldiv_cli.core.inference.estimate import divergence
from kldiv_cli.core.inference.evidence import Past
from kldiv_cli.core.inference.resampling import SEED
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.inference.samples import Floats

FEWEST = 8
"""Windows without which no limit is found."""
SHUFFLES = 499
"""Orders of the windows at random that their own is compared with …"""
TREND_LEVEL = 0.01
"""… and the level of the test for a trend."""
_LEAST_PART = 0.1
"""Of the noise: a score with less of it than this is taken for this much, so that the logarithm
of a score tells nothing of differences that are smaller than any rows could show."""


class History(NamedTuple):
    """Limits from past windows.

    Attributes
    ----------
    windows : int
        Their number.
    rows : pair of int
        Rows of the smallest window, and of the largest.
    kl : mapping of str to float
        For each column the largest D(window || the others together) that is usual, in nats.
    """

    windows: int
    rows: tuple[int, int]
    kl: Mapping[str, float] = {}

    def of(self, column: str) -> Past | None:
        """Return what is usual for a column; None where the history does not say."""
        limit = self.kl.get(column)
        return None if limit is None else Past(self.windows, self.rows, limit)


class Scores(NamedTuple):
    """How far each window of a column is from the others.

    Attributes
    ----------
    values : ndarray of float64, shape (B,)
        Estimates of D(window || the others together) in nats, unbiased where they do not differ.
    noise : ndarray of float64, shape (B,)
        The mean of a plug-in estimate where they do not differ, c (K-1)/2 with
        c = 1/n + 1/m for n rows of the window and m of the others.
    """

    values: Floats
    noise: Floats

    @property
    def logarithms(self) -> Floats:
        """ln(score + noise), which is about as spread for large scores as for small ones."""
        found: Floats = np.log(np.maximum(self.values + self.noise, _LEAST_PART * self.noise))
        return found

    @property
    def vary(self) -> bool:
        """Whether the scores differ at all, so that there is something to learn from them."""
        return bool(self.noise.all()) and len(np.unique(self.logarithms)) > 1


class Calibrated(NamedTuple):
    """The largest scores that are usual.

    Attributes
    ----------
    limits : tuple of float
        For each column the largest estimate, in nats, that is within its history; never
        below 0.
    false_alarms : float
        The chance that a window like the others is outside in any column.
    by_rank : bool
        Whether the limits rest on ranks, which assume no law; if not, ln(score + noise) is
        assumed to be normal.
    """

    limits: tuple[float, ...]
    false_alarms: float
    by_rank: bool


class Trend(NamedTuple):
    """The test of whether windows that are near in time are more alike.

    Attributes
    ----------
    p_value : float
        Of no trend in any column.
    of_columns : tuple of float
        For each column, corrected for the number of columns.
    """

    p_value: float
    of_columns: tuple[float, ...]


def scores(windows: NDArray[np.int64]) -> Scores:
    """Return how far each window of a column is from all others together.

    Parameters
    ----------
    windows : ndarray of int64, shape (B, K)
        Counts of K outcomes in B windows, each of which has rows.
    """
    total = windows.sum(axis=0)
    found = [samples(window, total - window) for window in windows]
    return Scores(
        np.array([divergence(each) for each in found]),
        np.array([each.scale * (each.outcomes - 1) / 2 for each in found]),
    )


def calibrated(columns: Sequence[Scores], alpha: float = 0.05) -> Calibrated:
    """Return the largest score of each column that a further window has unless it is unusual.

    With B windows and k = floor(alpha (B+1)) >= 1, by ranks: of all B+1 windows the
    logarithms of the scores are standardised column by column, and a window is as far out as its
    column that is farthest; the further window is outside if it is among the k farthest of all.
    If windows are exchangeable that has a chance of k/(B+1), whatever the law, in any number
    of columns (Westfall and Young 1993). The limit of a column is where its score alone
    brings that about: with mean and deviation of the B windows, a window that is u
    deviations above the mean is farther out than z of another column, standardised without it, if

        u > z sqrt((B-1) / (B^3/(B+1)^2 - z^2 B/(B+1))).

    Of fewer windows, by Student's law: the limit of a prediction at level alpha/C for each of
    C columns, mean + t deviation sqrt(1 + 1/B).

    Parameters
    ----------
    columns : sequence of Scores
        Of the same windows; their scores `vary`.
    alpha : float
        The chance of a false alarm that is accepted, of all columns together.
    """
    logs = np.array([each.logarithms for each in columns])
    noise = np.array([each.noise.mean() for each in columns])
    size, rank = logs.shape[1], math.floor(alpha * (logs.shape[1] + 1) * (1 + 1e-12))
    mean, deviation = logs.mean(axis=1), logs.std(axis=1, ddof=1)
    if rank:
        steps = _steps_by_rank((logs - mean[:, np.newaxis]) / deviation[:, np.newaxis], rank)
    else:
        step = student.quantile(1 - alpha / len(logs), size - 1) * math.sqrt(1 + 1 / size)
        steps = np.full(len(logs), step)
    limits = np.maximum(np.exp(mean + steps * deviation) - noise, 0.0)
    chance = rank / (size + 1) if rank else alpha
    return Calibrated(tuple(limits.tolist()), chance, rank > 0)


def _steps_by_rank(standardised: Floats, rank: int) -> Floats:
    """Return, for each column, how many deviations above its mean its limit is; see `calibrated`.

    Parameters
    ----------
    standardised : ndarray of float64, shape (C, B)
        Logarithms of scores, less their mean and in units of their deviation.
    rank : int
        How many of all B+1 windows are outside.
    """
    columns, size = standardised.shape
    steps = np.empty(columns)
    for column, own in enumerate(standardised):
        needed = own
        if columns > 1:
            others = np.delete(standardised, column, axis=0).max(axis=0)
            room = size**3 / (size + 1) ** 2 - others**2 * size / (size + 1)
            needed = np.maximum(own, others * np.sqrt((size - 1) / room))
        steps[column] = np.sort(needed)[-rank]
    return steps


def trend(columns: Sequence[NDArray[np.int64]]) -> Trend:
    """Test whether windows that are near in their order are more alike than others.

    The statistic of a column is the rank correlation of |i - j| with the Jensen-Shannon
    divergence of windows i and j, over all pairs (Mantel, Cancer Res. 27, 1967). It is compared
    with those of `SHUFFLES` orders at random, which are the same for all columns and every run;
    of several columns, with the largest of each order, in deviations.

    Parameters
    ----------
    columns : sequence of ndarray of int64, shape (B, K)
        Counts in the same windows, in their order.
    """
    size = len(columns[0])
    first, second = np.triu_indices(size, 1)
    alike = np.array([_ranks(_jensen_shannon(windows)[first, second]) for windows in columns])
    # A column whose windows are all the same distance apart has no order.
    spread = alike.std(axis=1, keepdims=True)
    alike = (alike - alike.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    distance = np.zeros((size, size))
    distance[first, second] = distance[second, first] = _ranks((second - first).astype(np.float64))
    generator = np.random.default_rng(SEED)
    orders = [np.arange(size), *(generator.permutation(size) for _ in range(SHUFFLES))]
    found = np.array([alike @ distance[order[first], order[second]] for order in orders])
    deviations = found.std(axis=0)
    found = (found - found.mean(axis=0)) / np.where(deviations > 0, deviations, 1.0)
    largest = found.max(axis=1)
    # The order of the data is one of those that they may have had.
    p_values = [float(np.mean(largest >= own * (1 - 1e-12))) for own in found[0]]
    return Trend(min(p_values), tuple(p_values))


def _jensen_shannon(windows: NDArray[np.int64]) -> Floats:
    """Return the Jensen-Shannon divergences of all pairs of windows, shape (B, B)."""
    shares = windows / windows.sum(axis=1, keepdims=True)
    entropies = _entropies(shares)
    found = [
        _entropies((shares + own) / 2) - (entropies + entropy) / 2
        for own, entropy in zip(shares, entropies, strict=True)
    ]
    return np.array(found)


def _entropies(shares: Floats) -> Floats:
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    found: Floats = -(shares * logs).sum(axis=1)
    return found


def _ranks(values: Floats) -> Floats:
    """Return the ranks of values from 1; equal ones have the mean of theirs."""
    _, place, repeats = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(repeats)
    found: Floats = (last - (repeats - 1) / 2)[place]
    return found
