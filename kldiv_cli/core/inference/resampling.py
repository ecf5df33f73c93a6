"""Tests that hold at any sample size: random re-allocation and random halves of the rows.

Both put the outcomes in an order of their own first and then draw from a generator that is
seeded by a fixed number and the counts: the same counts give the same p-value, in whatever
order they come, and different counts have different draws. (With one stream for all, the
error of its 5 % point, .7 % with 999 draws, would be that of every test.)
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Literal

import numpy as np

from kldiv_cli.core.inference import chisquare
from kldiv_cli.core.inference.allocation import (
    exact_p_value,
    largest_p_value,
    share_without_common,
)
from kldiv_cli.core.inference.binary import kullback_leibler
from kldiv_cli.core.inference.p_values import PValue
from kldiv_cli.core.inference.samples import Samples, pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kldiv_cli.core.inference.p_values import Test

    Floats = NDArray[np.float64]
    Binary = Callable[[float, float], float]

SEED = 1951
"""Seed of every random draw (the year of Kullback and Leibler)."""
DRAWS = 999
MOST_DRAWS = 20_000
"""Enough for 200 columns at level 0.05; beyond, no table that needs draws is called drift."""
_MOST_CELLS = 20_000_000
"""Outcomes that are drawn at most for a p-value near the level, in about two seconds."""
_FAR = 3.0
"""Standard errors from the level where a p-value is no longer near it."""
MIN_EXPECTED = 5.0
"""Expected count of every outcome from which Pearson's chi-square is used."""
_MOST_OUTCOMES = 10_000  # 999 draws take about a second
_MOST_ROWS = 1e9  # numpy draws from fewer, without replacement
_MOST_DRAWN = 9e18  # and with replacement
_CELLS = 500_000  # at a time
_TABULATED = 100_000
_ENOUGH, _FEW = 50, 10
"""Draws that reach G: with so many they end, and with so few they go on."""
_MANY, _ENOUGH_OF_MANY = 200, 10
"""Of so many p-values that are corrected for together, those that are large need fewer …"""
_LARGE, _ENOUGH_BESIDE_LARGE = 0.5, 3
"""… and those fewer still that stand beside so large a one: nothing is decided by them."""
_CERTAIN = 1e-9
"""A p-value that cannot exceed this is not drawn."""
_PRICE = 1000.0
"""By what a p-value is multiplied that counts beside another, which stays as it is."""
_MOST_DIGITS = 1e12
"""Rows from which on the G statistic, a sum of terms as large, has too few digits left."""
_SPLITS = 20
_MOST_INVERTED = 1e10
"""Rows up to which every SciPy inverts the beta distribution, at once and to 1e-9."""
_LITTLE = 0.01
"""Rare outcomes that hold no more than this are pooled; chance decides on no draw then."""


def difference_p_value(
    whole: Samples, *, alpha: float = 0.05, columns: int = 1, beside: float = 0.0
) -> PValue:
    """Return the p-value of P = Q, p0.

    Pearson's X^2 against chi-square with K - 1 degrees of freedom where every expected count
    is at least 5, once rare outcomes that hold 1 % at most are pooled. Otherwise the G statistic,

        G = 2 sum [x ln(x N/(n T)) + y ln(y N/(m T))],   T = x + y,  N = n + m,

    against its exact conditional distribution given T (multivariate hypergeometric), or
    given the known probabilities (multinomial):

    - Its value, where no outcome is common to both samples (`share_without_common`).
    - A bound of it, where that is 1e-9 at most (`largest_p_value`).
    - Its value on a fine grid, where few rows and outcomes make that fast (`exact_p_value`).
    - Otherwise by Monte Carlo: (1 + #{G* >= G})/(B + 1). The draws end before the fiftieth that
      reaches G (Besag and Clifford, Biometrika 78, 1991; of 200 columns or more before the tenth,
      before the third where `beside` is a half or more, which makes a p-value no less valid),
      or after B = 999 of them. The p-value cannot fall below 1/1000 then, which a correction over
      many columns may demand: where at most ten draws reached G, they go on to
      B = 5 columns/alpha. They also go on while the p-value is within three standard errors of
      alpha. None go beyond 20,000, and for that not beyond 2e7 outcomes drawn.

    Very large sparse tables (more than 10,000 outcomes, or 1e9 rows) are pooled until every
    expected count is at least 5. Pooling hides the rows of a small sample in outcomes that are
    rare among all rows: where the bound of G is 1e-9 at most, or a thousand times its exact
    p-value or its bound is below the p-value of what is pooled, that counts instead.

    Parameters
    ----------
    whole : Samples
        The counts, not pooled.
    alpha : float
        Level at which decisions will be taken.
    columns : int
        How many p-values will be corrected for multiplicity together.
    beside : float
        A p-value of which the larger one of both will be used: draws do not go on for one that
        is smaller.

    Returns
    -------
    PValue
        1 where both sides have a single outcome.
    """
    known = math.isinf(whole.n) or math.isinf(whole.m)
    if whole.outcomes == 1:
        return PValue(1.0, "exact")
    if known and np.any((whole.x if math.isinf(whole.n) else whole.y) == 0):
        return PValue(0.0, "exact")  # what is known to be impossible happened
    expected = whole.pooled * whole.rows
    if float(expected.min()) >= MIN_EXPECTED:
        return _pearson(whole)
    if float(whole.pooled[expected < MIN_EXPECTED].sum()) <= _LITTLE:
        fewer = pool(whole, floor=MIN_EXPECTED, most=_MOST_OUTCOMES)
        if fewer.outcomes > 1 and float((fewer.pooled * fewer.rows).min()) >= MIN_EXPECTED:
            return _beyond_chance(whole, _pearson(fewer))
    many = whole.rows >= _MOST_DRAWN if known else whole.n + whole.m >= _MOST_ROWS
    if whole.outcomes > _MOST_OUTCOMES or many:
        fewer = pool(whole, floor=MIN_EXPECTED, most=_MOST_OUTCOMES)
        return _beyond_chance(whole, _pearson(fewer))
    whole, generator = _ordered(whole)
    if not (known or np.any((whole.x > 0) & (whole.y > 0))):
        share = share_without_common(whole)
        if share is not None:
            return PValue(share, "exact")
    if (bound := largest_p_value(whole)) <= _CERTAIN:
        return PValue(bound, "exact")
    if (exact := exact_p_value(whole)) is not None:
        return PValue(exact, "exact")
    more = 0
    if alpha * (DRAWS + 1) < 20 * columns and beside <= (_FEW + 1) / (DRAWS + 1):
        more = math.ceil(min(5 * columns / alpha, MOST_DRAWS))
    enough = _ENOUGH if columns < _MANY else _ENOUGH_OF_MANY
    if beside >= _LARGE:
        enough = _ENOUGH_BESIDE_LARGE
    reach = _random_tables(whole, generator)
    reached, draws = _drawn(reach, whole.outcomes, more, alpha, enough)
    test: Test = "monte-carlo" if known else "permutation"
    return PValue((1 + reached) / (draws + 1), test, draws, reached)


def _ordered(samples: Samples) -> tuple[Samples, np.random.Generator]:
    """Return samples in an order of their own, and a generator that their counts seed."""
    order = np.lexsort((samples.x, samples.y, samples.pooled))
    x, y = samples.x[order], samples.y[order]
    counts = zlib.crc32(y.tobytes(), zlib.crc32(x.tobytes()))
    generator = np.random.Generator(np.random.PCG64([SEED, counts]))
    return samples._replace(x=x, y=y, place=order), generator


def _beyond_chance(whole: Samples, pooled: PValue) -> PValue:
    """Return the p-value of pooled samples, or that of G where pooling hides what is no chance.

    A sample far smaller than the other may have rows in outcomes that are rare among all rows,
    and pooling would hide them. Both are p-values given T. That of G counts a thousandfold,
    by the inequality of Bonferroni with unequal weights, or as it is where its bound is at most
    `_CERTAIN`: to take the smaller one raises an error rate by no more than a thousandth of it.
    """
    if pooled.value <= _CERTAIN or float((whole.x + whole.y).sum()) >= _MOST_DIGITS:
        return pooled
    if (bound := largest_p_value(whole)) <= _CERTAIN:
        return PValue(bound, "exact")
    # Where not even the bound is below 1, the p-value is seldom as small as a thousandth.
    found = exact_p_value(_ordered(whole)[0]) if bound < 1 else None
    whole_value = _PRICE * (bound if found is None else found)
    return PValue(whole_value, "exact") if whole_value < pooled.value else pooled


def _pearson(samples: Samples) -> PValue:
    if samples.outcomes == 1:
        return PValue(1.0, "chi-square", statistic=0.0, df=0)
    share, statistic = samples.pooled, 0.0
    for counts, rows in ((samples.x, samples.n), (samples.y, samples.m)):
        if math.isfinite(rows):
            expected = share * rows
            with np.errstate(over="ignore"):
                statistic += float(((counts - expected) ** 2 / expected).sum())
    df = samples.outcomes - 1
    p_value = chisquare.survival(statistic, df)
    return PValue(p_value, "chi-square", statistic=statistic, df=df)


def _drawn(
    reach: Callable[[int], NDArray[np.bool_]], outcomes: int, most: int, alpha: float, enough: int
) -> tuple[int, int]:
    """Return how many random tables reach G, and how many were drawn: see `difference_p_value`."""
    block = max(1, min(_CELLS // outcomes, 2 * enough))
    longest = max(DRAWS, min(MOST_DRAWS, _MOST_CELLS // outcomes))
    reached, draws, last = 0, 0, DRAWS
    while draws < last or (draws < longest and not _is_far(reached, draws, alpha)):
        size = min(block, (last if draws < last else longest) - draws)
        hits = np.flatnonzero(reach(size))
        last_hit = enough - reached - 1
        if draws < DRAWS and 0 <= last_hit < len(hits):
            before = draws + int(hits[last_hit])
            # What is near the level is far from what is left of it, corrected for many.
            if enough < _ENOUGH or _is_far(enough - 1, before, alpha):
                return enough - 1, before
            last = before
        reached, draws = reached + len(hits), draws + size
        if draws == DRAWS and reached <= _FEW:
            last = max(most, DRAWS)
    return reached, draws


def _is_far(reached: int, draws: int, alpha: float) -> bool:
    """Return whether a p-value is so far from the level that more draws would hardly cross it."""
    p = (1 + reached) / (draws + 1)
    return abs(p - alpha) >= _FAR * math.sqrt(p * (1 - p) / draws)


def _random_tables(
    samples: Samples, generator: np.random.Generator
) -> Callable[[int], NDArray[np.bool_]]:
    """Return what draws so many tables and tells which have a G statistic as large as this one.

    Given the totals, G varies as sum [x ln x + y ln y], and not with outcomes that occur once:
    these are drawn as one. Against known probabilities q it varies as sum [x ln x - x ln q].
    """
    known_p, known_q = math.isinf(samples.n), math.isinf(samples.m)
    counts = (samples.y if known_p else samples.x).astype(np.int64)
    rows = int(counts.sum())
    values = np.arange(_TABULATED, dtype=np.float64)
    entropy = values * np.log(np.maximum(values, 1))

    def term(number: NDArray[np.int64]) -> Floats:
        if number.max(initial=0) < _TABULATED:
            return entropy[number]
        some = number.astype(np.float64)
        return some * np.log(np.maximum(some, 1))

    if known_p or known_q:
        share = samples.pooled
        surprisal = -np.log(share)

        def drawn(size: int) -> NDArray[np.int64]:
            return generator.multinomial(rows, share / share.sum(), size=size)

        def statistic(number: NDArray[np.int64]) -> Floats:
            return np.asarray((term(number) + number * surprisal).sum(axis=-1))

    else:
        totals = (samples.x + samples.y).astype(np.int64)
        counts, totals = counts[totals > 1], totals[totals > 1]
        groups = np.append(totals, int(samples.n + samples.m) - totals.sum())
        # About 5 ns a row against 90 ns an outcome.
        few = samples.n + samples.m < 18 * len(groups)
        method: Literal["count", "marginals"] = "count" if few else "marginals"

        def drawn(size: int) -> NDArray[np.int64]:
            return generator.multivariate_hypergeometric(groups, rows, size, method)[:, :-1]

        def statistic(number: NDArray[np.int64]) -> Floats:
            return np.asarray((term(number) + term(totals - number)).sum(axis=-1))

    observed = float(statistic(counts))
    # Equal tables differ in the rounding of their sums.
    limit = observed - 1e-11 * (abs(observed) + rows)
    return lambda size: statistic(drawn(size)) >= limit


def bounded_p_value(whole: Samples, limit: float, divergence: Binary = kullback_leibler) -> float:
    """Return a p-value of D <= limit that is exact for samples of any size.

    Each row falls into one of two halves by the toss of a coin. One half chooses the event E
    = {outcomes more frequent in the current sample}, new outcomes among them; in the other
    half the counts of E are binomial, so that P(E) and Q(E) have Clopper-Pearson limits
    (Biometrika 26, 1934), and by the data processing inequality

        D(P || Q) >= d(P(E), Q(E)) >= d(lower limit, upper limit),

    d being the same divergence of two outcomes (`binary`). Of KL it is never below the bound of
    Pinsker's inequality, 2 (P(E) - Q(E))^2. The p-value of one split is the level at which the
    bound reaches `limit`; of 20 splits, twice the mean is a p-value again (Rueschendorf, Adv.
    Appl. Probab. 14, 1982; Vovk and Wang, Biometrika 107, 2020).
    """
    whole, generator = _ordered(whole)
    known_p, known_q = math.isinf(whole.n), math.isinf(whole.m)
    values = []
    for _ in range(_SPLITS):
        chosen_p, rest_p = _halves(generator, whole.x, whole.n)
        chosen_q, rest_q = _halves(generator, whole.y, whole.m)
        event = chosen_p > chosen_q
        current = float(rest_p[event].sum()), float(rest_p.sum()), known_p
        reference = float(rest_q[event].sum()), float(rest_q.sum()), known_q
        values.append(_binary_p_value(current, reference, limit, divergence))
    return min(1.0, 2 * math.fsum(values) / _SPLITS)


def _halves(generator: np.random.Generator, side: Floats, rows: float) -> tuple[Floats, Floats]:
    """Split a sample at random into shares of one half and counts of the other."""
    if math.isinf(rows):
        return side, side
    half, drawn = side // 2, side < _MOST_DRAWN
    half[drawn] = generator.binomial(side[drawn].astype(np.int64), 0.5)
    return half / max(half.sum(), 1.0), side - half


def _at_most(hits: float, rows: float) -> tuple[float, float]:
    """Take more rows than the beta distribution can be inverted for as fewer with the same share.

    Fewer rows have wider limits, so that no verdict rests on it.
    """
    scale = min(1.0, _MOST_INVERTED / max(rows, 1.0))
    return hits * scale, rows * scale


def _binary_p_value(
    current: tuple[float, float, bool],
    reference: tuple[float, float, bool],
    limit: float,
    divergence: Binary,
) -> float:
    """Return the smallest level at which P(E) and Q(E) are further apart than `limit`."""
    from scipy.special import betaincinv

    (hits, rows, known_p), (false_hits, reference_rows, known_q) = current, reference
    if not known_p:
        hits, rows = _at_most(hits, rows)
    if not known_q:
        false_hits, reference_rows = _at_most(false_hits, reference_rows)
    level_each = 1 if known_p or known_q else 2

    def apart(level: float) -> bool:
        p, q = hits, false_hits
        if not known_p:
            p = float(betaincinv(hits, rows - hits + 1, level / level_each)) if hits else 0.0
        if not known_q:
            misses, upper = reference_rows - false_hits, 1 - level / level_each
            q = float(betaincinv(false_hits + 1, misses, upper)) if misses else 1.0
        return p > q and divergence(p, q) > limit

    if not apart(1.0):
        return 1.0
    low, high = -700.0, 0.0  # logarithms of the level
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if apart(math.exp(middle)) else (middle, high)
    return math.exp(high)
