"""Tests of P = Q, and bounds that hold at any sample size, against enumeration and scipy."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from small_samples import COUNTS, columns, every_sample, multinomial, share_of_allocations

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


def error_of_draws(exact):
    """Return four standard errors: fifty draws that reach G end them."""
    draws = min(resampling.DRAWS, resampling._ENOUGH / exact)
    return 4 * math.sqrt(exact * (1 - exact) / draws) + 0.0011


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((5, 0, 1), (1, 2, 3)),
        ((3, 3, 0, 0), (0, 1, 2, 2)),
        ((4, 4), (1, 7)),
        ((1, 1, 1), (1, 1, 1)),
        ((2, 0, 1, 0, 0, 1), (0, 2, 1, 1, 1, 0)),
    ],
)
def test_small_tables_against_every_allocation(x, y):
    exact = float(share_of_allocations(x, y))
    assert abs(difference_p_value(samples(x, y)) - exact) <= error_of_draws(exact)


def test_one_sample_against_every_sample():
    q, x = (0.5, 0.25, 0.125, 0.125), (2, 1, 0, 4)

    def g(counts):
        return sum(c * math.log(c / (7 * share)) for c, share in zip(counts, q, strict=True) if c)

    exact = sum(float(multinomial(c, q)) for c in every_sample(7, 4) if g(c) >= g(x) - 1e-9)
    for known in ((False, True), (True, False)):
        sides = (x, q) if known[1] else (q, x)
        assert abs(difference_p_value(samples(*sides, known=known)) - exact) < error_of_draws(
            exact
        )


RARE = samples([6, 6, 0, 0, 1], [0, 0, 6, 6, 1])  # p is about 2e-6


def test_the_same_counts_give_the_same_p_value_and_a_thousand_draws_a_floor():
    assert difference_p_value(RARE) == difference_p_value(RARE) == 1 / 1000


def test_more_columns_ask_for_more_draws():
    assert difference_p_value(RARE, columns=2) == 1 / 1000
    assert difference_p_value(RARE, columns=200) == 1 / 20_001
    clean = samples([3] * 20, [3] * 20)
    assert difference_p_value(clean, columns=200) == difference_p_value(clean)


def test_draws_end_with_the_fiftieth_that_reaches_the_statistic():
    rng = np.random.default_rng(9)
    x, y = rng.multinomial(60, np.full(40, 1 / 40), size=2)
    value = difference_p_value(samples(x, y))
    assert value > 0.05
    draws = 50 / value
    assert draws == pytest.approx(round(draws), abs=1e-9)


def test_where_nothing_is_common_the_p_value_is_exact_and_else_a_bound_beyond_all_draws():
    x, y = [6] * 10 + [0] * 10, [0] * 10 + [6] * 10
    exact = math.comb(20, 10) / math.comb(120, 60)
    assert difference_p_value(samples(x, y)) == pytest.approx(exact, rel=1e-12)
    assert 0 < difference_p_value(samples([*x, 1], [*y, 1])) <= 1e-9
    many = samples([3] * 2000 + [1], [0, 6] * 1000 + [1])
    assert difference_p_value(many) <= 1e-9


def test_keys_say_nothing():
    for rows in (60, 5000):
        keys = samples([1] * rows + [0] * rows, [0] * rows + [1] * rows)
        assert difference_p_value(keys) == pytest.approx(1)


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
