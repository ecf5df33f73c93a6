"""Tests of P = Q, and bounds that hold at any sample size, against enumeration and scipy."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from small_samples import COUNTS, columns, every_sample, multinomial

from kldiv_cli.core.inference import resampling
from kldiv_cli.core.inference.estimate import divergence
from kldiv_cli.core.inference.resampling import bounded_p_value, difference_p_value
from kldiv_cli.core.inference.samples import samples


@given(COUNTS, st.randoms())
def test_the_order_of_outcomes_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = samples(*columns(rows)), samples(*columns(shuffled))
    assert divergence(one) == pytest.approx(divergence(other), abs=1e-13)
    assert difference_p_value(one) == pytest.approx(difference_p_value(other), abs=1e-12)
    assert bounded_p_value(one, 0.05) == pytest.approx(bounded_p_value(other, 0.05), rel=1e-9)


# Tests of P = Q.


@given(COUNTS)
def test_the_chi_square_test_is_that_of_scipy(rows):
    x, y = (5 * side + 200 for side in columns(rows))
    expected = stats.chi2_contingency(np.array([x, y]), correction=False).pvalue
    assert difference_p_value(samples(x, y)) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_against_known_probabilities_too():
    q = np.array([0.2, 0.3, 0.5])
    expected = pytest.approx(stats.chisquare([30, 30, 40], 100 * q).pvalue)
    assert difference_p_value(samples([30, 30, 40], q, known=(False, True))) == expected
    assert difference_p_value(samples(q, [30, 30, 40], known=(True, False))) == expected


def g_statistic(x, y):
    n, m = sum(x), sum(y)
    return sum(
        count * math.log(count * (n + m) / (side * (a + b)))
        for a, b in zip(x, y, strict=True)
        for count, side in ((a, n), (b, m))
        if count
    )


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((5, 0, 1), (1, 2, 3)),
        ((3, 3, 0, 0), (0, 1, 2, 2)),
        ((4, 4), (1, 7)),
        ((1, 1, 1), (1, 1, 1)),
    ],
)
def test_small_tables_against_every_allocation(x, y):
    totals = [a + b for a, b in zip(x, y, strict=True)]
    ways = reached = 0
    for drawn in itertools.product(*(range(total + 1) for total in totals)):
        if sum(drawn) == sum(x):
            weight = math.prod(map(math.comb, totals, drawn))
            other = [total - count for total, count in zip(totals, drawn, strict=True)]
            ways += weight
            reached += weight * (g_statistic(drawn, other) >= g_statistic(x, y) - 1e-9)
    exact = reached / ways
    error = math.sqrt(exact * (1 - exact) / resampling.DRAWS)
    assert abs(difference_p_value(samples(x, y)) - exact) <= 4 * error + 0.0011


def test_one_sample_against_every_sample():
    q, x = (0.5, 0.25, 0.125, 0.125), (2, 1, 0, 4)

    def g(counts):
        return sum(c * math.log(c / (7 * share)) for c, share in zip(counts, q, strict=True) if c)

    exact = sum(float(multinomial(c, q)) for c in every_sample(7, 4) if g(c) >= g(x) - 1e-9)
    error = math.sqrt(exact * (1 - exact) / resampling.DRAWS)
    for known in ((False, True), (True, False)):
        sides = (x, q) if known[1] else (q, x)
        assert abs(difference_p_value(samples(*sides, known=known)) - exact) < 4 * error + 0.0011


def test_the_same_counts_give_the_same_p_value_and_a_thousand_draws_a_floor():
    sparse = samples([6] * 10 + [0] * 10, [0] * 10 + [6] * 10)
    assert difference_p_value(sparse) == difference_p_value(sparse) == 1 / 1000


def test_more_columns_ask_for_more_draws():
    sparse = samples([6] * 10 + [0] * 10, [0] * 10 + [6] * 10)
    assert difference_p_value(sparse, columns=2) == 1 / 1000
    assert difference_p_value(sparse, columns=200) == 1 / 20_001
    clean = samples([3] * 20, [3] * 20)
    assert difference_p_value(clean, columns=200) == difference_p_value(clean)


def test_what_cannot_happen_has_no_probability():
    assert difference_p_value(samples([3, 1], [1.0, 0.0], known=(False, True))) == 0


@pytest.mark.parametrize("rows", [10**9, 10**15])
def test_very_large_sparse_tables_are_pooled(rows):
    pair = samples([rows, rows, 2, 1, 1], [rows, rows, 1, 3, 0])
    assert 0.3 < difference_p_value(pair) <= 1
    assert difference_p_value(samples([rows, rows // 2, 1], [rows, rows, 1])) == 0
    assert difference_p_value(samples([2 * 10**9], [10**9])) == 1


def test_a_great_many_outcomes_are_pooled():
    rng = np.random.default_rng(5)
    q = 1 / np.arange(1, 30_001)
    x, y = rng.multinomial(40_000, q / q.sum(), size=2)
    assert 0.01 < difference_p_value(samples(x, y)) <= 1


# Bounds that hold at any sample size.


@pytest.mark.parametrize(("hits", "rows"), [(0, 5), (3, 9), (9, 9), (40, 100)])
def test_the_limits_of_a_proportion_are_those_of_clopper_and_pearson(hits, rows):
    """With a threshold where one side is at its limit, the level is that limit's."""
    interval = stats.binomtest(hits, rows).proportion_ci(0.9, method="exact")
    q = 0.001
    bound = resampling._binary_kl(interval.low, q) if hits else 0.0
    if interval.low > q:
        level = resampling._binary_p_value((hits, rows, False), (q, 1.0, True), bound)
        assert level == pytest.approx(0.05, rel=2e-3)
    p = 0.999
    bound = resampling._binary_kl(p, interval.high) if interval.high < p else 0.0
    if interval.high < p:
        level = resampling._binary_p_value((p, 1.0, True), (hits, rows, False), bound)
        assert level == pytest.approx(0.05, rel=2e-3)


def test_the_bound_is_never_below_pinskers():
    for p, q in itertools.product(np.linspace(0.01, 0.99, 25), repeat=2):
        assert resampling._binary_kl(p, q) >= 2 * (p - q) ** 2 - 1e-15


def test_sixty_rows_against_sixty_without_a_common_outcome():
    assert bounded_p_value(samples([60, 0], [0, 60]), 0.05) < 1e-4
    assert bounded_p_value(samples([6] * 10 + [0] * 10, [0] * 10 + [6] * 10), 0.05) < 1e-2
    # Keys: every row is new, and nothing follows.
    assert bounded_p_value(samples([1] * 60 + [0] * 60, [0] * 60 + [1] * 60), 0.05) == 1
    assert bounded_p_value(samples([30, 30], [30, 30]), 0.05) == 1


@given(COUNTS)
@settings(max_examples=25)
def test_the_bound_is_harder_to_reach_the_higher_the_threshold(rows):
    pair = samples(*columns(rows))
    values = [bounded_p_value(pair, tau) for tau in (0.0, 0.01, 0.05, 0.3, 2.0)]
    assert all(a <= b * (1 + 1e-2) for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("shares", [((0.6, 0.4), (0.443, 0.557)), ((0.1, 0.9), (0.0205, 0.9795))])
def test_the_bound_keeps_its_level_at_the_threshold(shares):
    p, q = map(np.array, shares)
    kl = float(p @ np.log(p / q))
    rng = np.random.default_rng(3)
    false = sum(
        bounded_p_value(samples(rng.multinomial(60, p), rng.multinomial(60, q)), kl) <= 0.05
        for _ in range(150)
    )
    assert false <= 150 * 0.05
