"""What is known without a draw of P = Q given the totals: exact p-values, and a bound.

Let T = x + y and N = n + m. Given the totals, every allocation of the N rows to n and m is
equally likely, and the counts x are those of independent binomials B(T, theta), theta = n/N,
given that their sum is n:

    Pr(x | T) = prod C(T, x) / C(N, n) = prod b(x; T, theta) / b(n; N, theta).

The G statistic is then 2 sum T kl(x/T || theta), kl the divergence of two outcomes. Of a sample
of n rows against known probabilities q the counts are those of independent Poisson variables
of means n q, given that their sum is n, and G = 2 sum [x ln(x/(n q)) - x + n q].
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.chisquare import poisson_term
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kldiv_cli.core.inference.samples import Floats, Samples

_ENUMERATED = 64
"""Totals up to here have their moments summed; of larger ones they are bounded."""
_MOST_CELLS = 10_000_000  # some 20 ms
_LEAST = 1e-250
"""Sums of smaller probabilities lose their digits."""
_STEPS, _PARTS = 2048, 4
"""Steps of G up to the observed one; as many more for each four outcomes, whose errors add up."""
_FINEST, _FEW_STEPS = 16, 1_000_000
"""Few rows have up to so many times the steps: a single table of them may be likely."""
_MOST_STEPS = 5_000_000  # some 5 ms
_MOST_PLACED = 1_000_000
_TIED = 1e-11
"""Equal tables differ in the rounding of their sums by less than this for each row."""
_POWERS = np.linspace(0.05, 0.95, 19)


def largest_p_value(samples: Samples) -> float:
    """Return what the p-value of the G statistic cannot exceed.

    By Markov's inequality for e^(tG/2), whose mean given the sum is at most its mean over
    b(n; N, theta),

        Pr(G/2 >= g) <= e^(-tg) prod M(T, t) / b(n; N, theta),
        M(T, t) = E e^(t T kl(X/T || theta)),  X ~ B(T, theta),

    at the best of nineteen t. M is summed for small totals, and at most 1/(1-t) for any; against
    known probabilities all K outcomes together have at most (1-t)^(1-K) (Agrawal, IEEE Trans.
    Inf. Theory 66, 2020).

    Parameters
    ----------
    samples : Samples
        Counts of both sides, or of one where the other is known and has all outcomes of it.

    Returns
    -------
    float
        Between 0 and 1; 1 unless G is far beyond what chance could make it.
    """
    t, share, half_g = _POWERS, samples.pooled, 0.0
    for counts, rows in ((samples.x, samples.n), (samples.y, samples.m)):
        if math.isfinite(rows):
            seen = counts > 0
            half_g += float(counts[seen] @ np.log(counts[seen] / (rows * share[seen])))
    any_total = -np.log1p(-t)
    bound: Floats = -t * half_g
    if math.isinf(samples.n) or math.isinf(samples.m):
        bound += (samples.outcomes - 1) * any_total
    else:
        totals, times = np.unique(samples.x + samples.y, return_counts=True)
        few = totals <= _ENUMERATED
        bound += times[~few].sum() * any_total - math.log(_same_sum(samples))
        theta = samples.n / (samples.n + samples.m)
        bound += times[few] @ _log_moments(totals[few].astype(np.int64), theta, t)
    return math.exp(min(float(bound.min()), 0.0))


def _same_sum(samples: Samples) -> float:
    """Return b(n; N, n/N), by Poisson probabilities at their means."""
    n, m = samples.n, samples.m
    return poisson_term(n, n) * poisson_term(m, m) / poisson_term(n + m, n + m)


def _log_moments(totals: NDArray[np.int64], theta: float, t: Floats) -> Floats:
    """Return ln M(T, t), a row for each total and a column for each t."""
    number = np.arange(_ENUMERATED + 1)
    logs = np.log(np.maximum(number, 1))
    factorial, power = np.cumsum(logs), number * logs
    total = totals[:, np.newaxis]
    rest = np.maximum(total - number, 0)
    chance = number * math.log(theta) + rest * math.log1p(-theta)
    binomial = factorial[total] - factorial - factorial[rest] + chance
    binomial[number > total] = -math.inf
    deviance = power + power[rest] - power[total] - chance
    moments = np.exp(binomial[:, np.newaxis] + t[:, np.newaxis] * deviance[:, np.newaxis])
    result: Floats = np.log(moments.sum(axis=-1))
    return result


def share_without_common(samples: Samples) -> float | None:
    """Return how likely an allocation is that leaves no outcome common to both sides.

    That is the p-value of samples without a common outcome, since no allocation has a larger G
    statistic. It is the number of sets of outcomes whose totals add up to n, over C(N, n): a
    set fixes the allocation. Here each outcome goes to the smaller side by a coin of its own,

        prod (theta^T + (1-theta)^T) Pr(sum of the T that went there = n) / b(n; N, theta),

    and the law of the sum is made by adding one outcome after the other. All terms are positive.

    Parameters
    ----------
    samples : Samples
        Counts of both sides.

    Returns
    -------
    float or None
        None where draws would be faster (the rows of the smaller side, times outcomes, are
        more than 1e7), and where doubles do not reach it.
    """
    smaller = int(samples.rows)
    if smaller * samples.outcomes > _MOST_CELLS:
        return None
    totals, theta = np.sort(samples.x + samples.y), samples.rows / (samples.n + samples.m)
    there, elsewhere = totals * math.log(theta), totals * math.log1p(-theta)
    either = np.logaddexp(there, elsewhere)
    law, chances = np.zeros(smaller + 1), np.exp(there - either)
    law[0] = 1.0
    for total, chance in zip(totals.astype(np.int64).tolist(), chances, strict=True):
        moved = chance * law[: max(len(law) - total, 0)]
        law *= 1 - chance
        law[len(law) - len(moved) :] += moved
    if law[-1] < _LEAST:
        return None
    return min(math.exp(float(either.sum())) * float(law[-1]) / _same_sum(samples), 1.0)


class _Part(NamedTuple):
    """An outcome, or all outcomes that occur once: the rows that one side may have of it.

    Attributes
    ----------
    chances : ndarray, shape (most + 1,)
        How likely these are 0, 1, .. rows, were the outcomes independent.
    terms : ndarray, shape (most + 1,)
        Its term of G/2 then, less the smallest of them.
    observed : float
        The same of the rows that there are.
    """

    chances: Floats
    terms: Floats
    observed: float


def exact_p_value(samples: Samples) -> float | None:
    """Return the p-value of the G statistic by its law on a grid.

    The joint law of the rows placed so far, and of their part of G, is made by adding one outcome
    after the other. G is counted in 2048 steps up to the observed value, or in several times as
    many where outcomes are many or rows are few, and the term of each outcome is rounded up to a
    whole step. The two outcomes with most rows come last, and are not rounded: what the others
    leave is their sum. All numbers are positive.

    Parameters
    ----------
    samples : Samples
        Counts of both sides, or of one where the other is known and has all outcomes of it.

    Returns
    -------
    float or None
        Never below the p-value, and above it by at most the probability of a G statistic less
        than K steps below the observed one. None where draws would be faster.
    """
    rows, most = int(samples.rows), _most_rows(samples)
    if len(most) == 1:
        return 1.0
    first, stop = _spans(most, rows)
    cells = float(most[:-2] @ (stop - first)[: len(most) - 2])
    finer = int(min(_FEW_STEPS // max(cells * _STEPS, 1), _FINEST))
    steps = _STEPS * max(len(most) // _PARTS, finer, 1)
    if cells * steps > _MOST_STEPS or most[-2] * rows > _MOST_PLACED:
        return None
    spans = list(map(range, first.astype(int).tolist(), stop.astype(int).tolist()))
    *parts, second, last = _parts(samples)
    observed = math.fsum(part.observed for part in (*parts, second, last))
    if observed <= _TIED * rows:
        return 1.0
    law = np.zeros((1, steps + 1))
    law[0, 0] = 1.0
    for part, (before, after) in zip(parts, pairwise(spans), strict=False):
        law = _with(part, law, before, after, observed)
    placed = np.array(spans[-3])[:, np.newaxis]
    of_second = np.arange(int(most[-2]) + 1)
    of_last = rows - placed - of_second
    possible = (of_last >= 0) & (of_last <= most[-1])
    of_last = np.where(possible, of_last, 0)
    missing = observed - second.terms - last.terms[of_last] - _TIED * rows
    step = np.clip(np.ceil(missing / observed * steps), 0, steps).astype(np.int64)
    chances = np.where(possible, second.chances * last.chances[of_last], 0.0)
    reached = float((np.take_along_axis(_at_least(law), step, axis=1) * chances).sum())
    return min(reached / _same_total(samples), 1.0)


def _with(part: _Part, law: Floats, before: range, after: range, observed: float) -> Floats:
    """Return the law of the rows placed and of their steps of G with one more outcome in it.

    It has a row for each number of rows that may have been placed, and a column for each step;
    the last is that of all allocations that reach the observed statistic whatever follows.
    """
    last = law.shape[1] - 1
    steps = np.minimum(np.ceil(part.terms / observed * last), last).astype(np.int64).tolist()
    wider, at_least, room = np.zeros((len(after), last + 1)), _at_least(law), np.empty_like(law)
    for rows, (step, chance) in enumerate(zip(steps, part.chances.tolist(), strict=True)):
        start, stop = max(before.start, after.start - rows), min(before.stop, after.stop - rows)
        if start < stop:
            given = slice(start - before.start, stop - before.start)
            to = slice(start + rows - after.start, stop + rows - after.start)
            part_of_law = room[given, : last - step]
            wider[to, step:-1] += np.multiply(law[given, : last - step], chance, out=part_of_law)
            wider[to, -1] += chance * at_least[given, last - step]
    return wider


def _at_least(law: Floats) -> Floats:
    """Return the probability of so many steps or more, for each number of rows placed."""
    sums: Floats = np.cumsum(law[:, ::-1], axis=1)[:, ::-1]
    return sums


def smallest_of_rows(samples: Samples) -> float:
    """Return the smallest p-value that any table of so many rows has.

    That is the table without a common outcome, 1/C(n+m, n) and twice that where n = m; of one
    sample, all of whose rows have the rarest outcome, one of J, J min(q)^n.
    """
    rows = samples.rows
    if _is_known(samples):
        rarest = samples.pooled.min()
        return float(np.count_nonzero(samples.pooled == rarest) * rarest**rows)
    # Of 1,100 rows it is below any double.
    ways = math.comb(int(samples.n + samples.m), min(int(rows), 1100))
    return (2 if samples.n == samples.m else 1) / ways


def smallest_p_value(samples: Samples) -> float | None:
    """Return the smallest p-value that any table with the same totals has.

    It is how likely a table is that has the largest G statistic. The largest that the outcomes so
    far can have, and how likely it is, are found for every number of rows that they may have.

    Parameters
    ----------
    samples : Samples
        Counts of both sides, or of one where the other is known.

    Returns
    -------
    float or None
        None where finding it would take longer than draws.
    """
    rows, most = int(samples.rows), _most_rows(samples)
    if most.sum() * rows > _MOST_PLACED:
        return None
    largest, chance = np.full(rows + 1, -math.inf), np.zeros(rows + 1)
    largest[0], chance[0] = 0.0, 1.0
    for part in _parts(samples):
        sums = np.full((len(part.terms), rows + 1), -math.inf)
        chances = np.zeros_like(sums)
        for more, (term, likely) in enumerate(zip(part.terms, part.chances, strict=True)):
            sums[more, more:] = largest[: rows + 1 - more] + term
            chances[more, more:] = chance[: rows + 1 - more] * likely
        largest = sums.max(axis=0)
        chance = np.where(sums >= largest - _TIED * rows, chances, 0.0).sum(axis=0)
    return min(float(chance[-1]) / _same_total(samples), 1.0)


def _most_rows(samples: Samples) -> Floats:
    """Return the most rows of the smaller sample that each part may have, in ascending order."""
    if _is_known(samples):
        return np.full(samples.outcomes, float(samples.rows))
    totals = samples.x + samples.y
    sizes = totals[totals > 1]
    if once := np.count_nonzero(totals == 1):
        sizes = np.append(sizes, once)
    return np.sort(np.minimum(sizes, samples.rows))


def _spans(most: Floats, rows: int) -> tuple[Floats, Floats]:
    """Return how many rows may have been placed before each part, and after the last.

    They are the least number of rows, and the first that is too large. Beyond the digits of
    doubles there are too many for any use.
    """
    placed = np.append(0.0, np.cumsum(most))
    return np.maximum(rows - placed[-1] + placed, 0.0), np.minimum(placed, rows) + 1


def _parts(samples: Samples) -> Iterator[_Part]:
    """Yield the parts in the order of `_most_rows`."""
    rows = int(samples.rows)
    if _is_known(samples):
        counts = samples.y if math.isinf(samples.n) else samples.x
        for count, mean in zip(counts.tolist(), (rows * samples.pooled).tolist(), strict=True):
            yield _poisson_part(int(count), mean, rows)
        return
    counts, totals = samples.x if samples.n == rows else samples.y, samples.x + samples.y
    theta, once = rows / (samples.n + samples.m), totals == 1
    sizes = zip(totals[~once].tolist(), counts[~once].tolist(), strict=True)
    parts = [_binomial_part(int(count), int(total), theta, rows) for total, count in sizes]
    if once.any():
        parts.append(_part_of_ones(int(counts[once].sum()), int(once.sum()), theta, rows))
    yield from sorted(parts, key=lambda part: len(part.terms))


def _poisson_part(count: int, mean: float, rows: int) -> _Part:
    """Return an outcome of a sample of so many rows that has a known mean."""
    number, log_mean = np.arange(rows + 1), math.log(mean)
    logs = np.log(np.maximum(number, 1))
    chances = number * log_mean - mean - np.cumsum(logs)
    return _part(count, chances, number * (logs - log_mean) - number + mean)


def _binomial_part(count: int, total: int, theta: float, rows: int) -> _Part:
    """Return an outcome of which both samples together have so many rows."""
    number = np.arange(min(total, rows) + 1)
    rest, mean = total - number, total * theta
    logs = np.log(np.maximum(number, 1))
    chances = _log_binomial(total, number, theta)
    with np.errstate(divide="ignore"):
        of_rest = np.log1p((mean - number) / (total - mean))
    terms = number * (logs - math.log(mean)) + rest * np.where(rest > 0, of_rest, 0.0)
    return _part(count, chances, terms)


def _part_of_ones(count: int, total: int, theta: float, rows: int) -> _Part:
    """Return the outcomes that occur once, so many of them."""
    number = np.arange(min(total, rows) + 1)
    terms = -number * math.log(theta) - (total - number) * math.log1p(-theta)
    return _part(count, _log_binomial(total, number, theta), terms)


def _log_binomial(total: int, number: NDArray[np.int64], theta: float) -> Floats:
    """Return ln b(k; total, theta) at k = 0, 1, .. by its ratios."""
    ratios = np.log((total - number[:-1]) / number[1:] * (theta / (1 - theta)))
    logs: Floats = np.concatenate([[0.0], np.cumsum(ratios)]) + total * math.log1p(-theta)
    return logs


def _part(count: int, log_chances: Floats, terms: Floats) -> _Part:
    terms = terms - terms.min()
    return _Part(np.exp(log_chances), terms, float(terms[count]))


def _is_known(samples: Samples) -> bool:
    """Return whether one of the sides has no sampling error."""
    return math.isinf(samples.n) or math.isinf(samples.m)


def _same_total(samples: Samples) -> float:
    """Return how likely independent outcomes have as many rows as there are."""
    if _is_known(samples):
        return poisson_term(samples.rows, samples.rows)
    return _same_sum(samples)
