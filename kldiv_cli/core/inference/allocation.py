"""What is known without a draw of P = Q given the totals: an exact p-value, and a bound.

Let T = x + y and N = n + m. Given the totals, every allocation of the N rows to n and m is
equally likely, and the counts x are those of independent binomials B(T, theta), theta = n/N,
given that their sum is n:

    Pr(x | T) = prod C(T, x) / C(N, n) = prod b(x; T, theta) / b(n; N, theta).

The G statistic is then 2 sum T kl(x/T || theta), kl the divergence of two outcomes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.chisquare import poisson_term

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.inference.samples import Floats, Samples

_ENUMERATED = 64
"""Totals up to here have their moments summed; of larger ones they are bounded."""
_MOST_CELLS = 10_000_000  # some 20 ms
_LEAST = 1e-250
"""Sums of smaller probabilities lose their digits."""
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
