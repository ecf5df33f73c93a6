"""Tests of P = Q, and bounds that hold at any sample size, against enumeration and scipy."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from small_samples import COUNTS, columns, every_sample, multinomial, share_of_allocations

from kldiv_cli.core.inference import resampling
from kldiv_cli.core.inference.binary import kullback_leibler
from kldiv_cli.core.inference.estimate import divergence
from kldiv_cli.core.inference.evidence import weigh
from kldiv_cli.core.inference.resampling import bounded_p_value, difference_p_value
from kldiv_cli.core.inference.samples import pool, samples


@given(COUNTS, st.randoms())
def test_the_order_of_outcomes_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = samples(*columns(rows)), samples(*columns(shuffled))
    assert divergence(one) == pytest.approx(divergence(other), abs=1e-13)
    assert difference_p_value(one).value == pytest.approx(
        difference_p_value(other).value, abs=1e-12
    )
    assert bounded_p_value(one, 0.05) == pytest.approx(bounded_p_value(other, 0.05), rel=1e-9)


# Tests of P = Q.


@given(COUNTS)
def test_the_chi_square_test_is_that_of_scipy(rows):
    x, y = (5 * side + 200 for side in columns(rows))
    expected = stats.chi2_contingency(np.array([x, y]), correction=False)
    found = difference_p_value(samples(x, y))
    assert found.value == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)
    assert found.test == "chi-square"
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-11, abs=1e-11)
    assert (found.df, type(found.df)) == (expected.dof, int)


def test_the_statistic_of_pooled_outcomes_is_that_of_the_pooled_table():
    x, y = [5000, 4990, 4, 3], [5100, 4890, 2, 3]
    pooled = [[5000, 4990, 7], [5100, 4890, 5]]
    expected = stats.chi2_contingency(pooled, correction=False)
    found = difference_p_value(samples(x, y))
    assert (found.statistic, found.df) == (pytest.approx(expected.statistic, rel=1e-11), 2)
    assert found.value == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "y", "test"),
    [
        ([3, 4, 1], [2, 7, 3], "exact"),
        ([20, 10, *[1, 2, 3, 4] * 5], [11, 29, *[4, 1, 2, 2] * 5], "permutation"),
        ([48, 50, 2], [500_000, 499_990, 10], "exact"),
        ([50], [70], "exact"),
    ],
)
def test_other_tests_have_no_such_statistic(x, y, test):
    found = difference_p_value(samples(x, y))
    assert (found.test, found.statistic, found.df) == (test, None, None)


@pytest.mark.parametrize("many", [10**6, 10**9, 10**11])
def test_a_small_sample_in_outcomes_that_are_rare_among_all_rows_is_not_pooled_away(many):
    n, rare, seen = 100, 20, 9
    pair = samples([n - seen, seen], [many - rare, rare])
    ways = (
        math.comb(seen + rare, k) * math.comb(n + many - seen - rare, n - k)
        for k in range(seen, seen + rare + 1)
    )
    exact = sum(ways) / math.comb(n + many, n)
    assert exact * (1 - 1e-9) <= difference_p_value(pair).value <= 1e-9
    # One of two labels is spelt anew: the rarest takes in the new one, and shares are even.
    renamed = samples([500, 0, 500], [many // 2, many // 2 - 100, 100])
    assert difference_p_value(renamed).value <= 1e-9
    alike = samples([50, 50, 0], [many // 2, many // 2 - 100, 100])
    assert difference_p_value(alike).value > 0.5


def given_totals(totals, n):
    """Yield every table of n rows with these totals, and its exact probability."""
    ways = math.comb(sum(totals), n)
    for rest in itertools.product(*(range(min(total, n) + 1) for total in totals[1:])):
        x = (n - sum(rest), *rest)
        if 0 <= x[0] <= totals[0]:
            yield x, Fraction(math.prod(map(math.comb, totals, x)), ways)


def g_statistic(x, totals):
    n, rows = sum(x), sum(totals)
    sides = (x, n), ([t - a for t, a in zip(totals, x, strict=True)], rows - n)
    return 2 * sum(
        a * math.log(a * rows / (size * t))
        for side, size in sides
        for a, t in zip(side, totals, strict=True)
        if a
    )


@pytest.mark.parametrize("x", [(48, 50, 2), (48, 49, 3), (50, 48, 2)])
def test_what_pooling_hides_counts_a_thousandfold_where_chance_would_not_do_it(x):
    y = (500_000, 499_990, 10)
    totals = tuple(a + b for a, b in zip(x, y, strict=True))
    observed = g_statistic(x, totals) * (1 - 1e-9)
    tables = given_totals(totals, sum(x))
    exact = float(sum(p for one, p in tables if g_statistic(one, totals) >= observed))
    found = difference_p_value(samples(x, y))
    assert exact * (1 - 1e-9) <= found.value / 1000 <= exact * 3
    assert found.test == "exact"
    assert difference_p_value(samples((49, 50, 1), y)).value > 0.5


def test_that_it_counts_makes_no_level_larger_by_more_than_a_thousandth():
    totals, n = (500, 495, 5), 100
    levels = np.array([0.001, 0.01, 0.05, 0.2])
    sizes, pooled_sizes, moved = np.zeros(4), np.zeros(4), 0
    for x, chance in given_totals(totals, n):
        if chance < 1e-12:
            continue
        pair = samples(x, [t - a for t, a in zip(totals, x, strict=True)])
        value = difference_p_value(pair).value
        pooled = resampling._pearson(pool(pair, floor=5)).value
        moved += value != pooled
        sizes += float(chance) * (value <= levels)
        pooled_sizes += float(chance) * (pooled <= levels)
    assert moved > 5
    assert np.all(sizes <= pooled_sizes + levels / 1000)


def test_against_known_probabilities_too():
    q = np.array([0.2, 0.3, 0.5])
    expected = stats.chisquare([30, 30, 40], 100 * q)
    for found in (
        difference_p_value(samples([30, 30, 40], q, known=(False, True))),
        difference_p_value(samples(q, [30, 30, 40], known=(True, False))),
    ):
        assert found.value == pytest.approx(expected.pvalue)
        assert (found.statistic, found.df) == (pytest.approx(expected.statistic), 2)
    rare = difference_p_value(samples([1, 2, 17], [0.02, 0.03, 0.95], known=(False, True)))
    assert (rare.test == "chi-square", rare.statistic, rare.df) == (False, None, None)


def drawn(pair, **settings):
    """Return the p-value by random tables, where it is found without them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "exact_p_value", lambda samples: None)
        found = difference_p_value(pair, **settings)
    assert found.draws is not None
    return found.value


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
    assert abs(drawn(samples(x, y)) - exact) <= error_of_draws(exact)


def test_one_sample_against_every_sample():
    q, x = (0.5, 0.25, 0.125, 0.125), (2, 1, 0, 4)

    def g(counts):
        return sum(c * math.log(c / (7 * share)) for c, share in zip(counts, q, strict=True) if c)

    exact = sum(float(multinomial(c, q)) for c in every_sample(7, 4) if g(c) >= g(x) - 1e-9)
    for known in ((False, True), (True, False)):
        sides = (x, q) if known[1] else (q, x)
        assert abs(drawn(samples(*sides, known=known)) - exact) < error_of_draws(exact)


RARE = samples([6, 6, 0, 0, 1], [0, 0, 6, 6, 1])  # p is about 2e-6


def test_the_same_counts_give_the_same_p_value_and_a_thousand_draws_a_floor():
    assert drawn(RARE) == drawn(RARE) == 1 / 1000
    assert difference_p_value(RARE).value == pytest.approx(
        float(share_of_allocations((6, 6, 0, 0, 1), (0, 0, 6, 6, 1))), rel=1e-9
    )


def test_more_columns_ask_for_more_draws():
    assert drawn(RARE, columns=2) == 1 / 1000
    assert drawn(RARE, columns=200) == 1 / 20_001
    clean = samples([3] * 20, [3] * 20)
    assert drawn(clean, columns=200) == drawn(clean)


def test_draws_end_with_the_fiftieth_that_reaches_the_statistic():
    rng = np.random.default_rng(9)
    x, y = rng.multinomial(60, np.full(40, 1 / 40), size=2)
    value = difference_p_value(samples(x, y)).value
    assert value > 0.05
    draws = 50 / value
    assert draws == pytest.approx(round(draws), abs=1e-9)


def test_draws_go_on_near_the_level_until_it_is_clear_on_which_side_they_are():
    rng = np.random.default_rng(11)
    q = np.full(50, 1 / 50)
    near = 0
    for _ in range(60):
        p = q * np.exp(0.35 * rng.normal(size=50))
        pair = samples(rng.multinomial(200, p / p.sum()), rng.multinomial(200, q))
        found = difference_p_value(pair)
        assert found == difference_p_value(pair)
        assert found.value == (1 + found.exceedances) / (found.draws + 1)
        error = math.sqrt(found.value * (1 - found.value) / found.draws)
        if found.draws < resampling.MOST_DRAWS:
            assert abs(found.value - 0.05) >= 3 * error
        near += found.draws > resampling.DRAWS
    assert 0 < near < 30


def test_and_no_longer_than_large_tables_allow(monkeypatch):
    monkeypatch.setattr(resampling, "_MOST_CELLS", 1)
    rng = np.random.default_rng(11)
    tables = rng.multinomial(200, np.full(50, 1 / 50), size=(40, 2))
    assert max(difference_p_value(samples(x, y)).draws for x, y in tables) <= resampling.DRAWS


def test_p_values_know_their_test_and_what_they_rest_on():
    def test_of(x, y, **given):
        found = difference_p_value(samples(x, y, **given))
        return found.test, found.draws is None, found.exceedances is None

    assert test_of([30, 30, 40], [30, 40, 30]) == ("chi-square", True, True)
    assert test_of([3, 0], [0, 3]) == ("exact", True, True)
    assert test_of([3, 1, 2], [1, 3, 2]) == ("exact", True, True)
    assert test_of([9], [9]) == ("exact", True, True)
    many = [3, 2, 1] * 70
    assert test_of(many, [2, 3, 1] * 70) == ("permutation", False, False)
    q = [0.01] * 100
    known = difference_p_value(samples([4, 0, 2, 2] * 25, q, known=(False, True)))
    assert known.test == "monte-carlo"


def test_where_nothing_is_common_the_p_value_is_exact_and_else_a_bound_beyond_all_draws():
    x, y = [6] * 10 + [0] * 10, [0] * 10 + [6] * 10
    exact = math.comb(20, 10) / math.comb(120, 60)
    assert difference_p_value(samples(x, y)).value == pytest.approx(exact, rel=1e-12)
    assert 0 < difference_p_value(samples([*x, 1], [*y, 1])).value <= 1e-9
    many = samples([3] * 2000 + [1], [0, 6] * 1000 + [1])
    assert difference_p_value(many).value <= 1e-9


def test_keys_say_nothing():
    for rows in (60, 5000):
        keys = samples([1] * rows + [0] * rows, [0] * rows + [1] * rows)
        assert difference_p_value(keys).value == pytest.approx(1)


def test_what_cannot_happen_has_no_probability():
    assert difference_p_value(samples([3, 1], [1.0, 0.0], known=(False, True))).value == 0


@pytest.mark.parametrize("rows", [10**9, 10**15])
def test_very_large_sparse_tables_are_pooled(rows):
    pair = samples([rows, rows, 2, 1, 1], [rows, rows, 1, 3, 0])
    assert 0.3 < difference_p_value(pair).value <= 1
    assert difference_p_value(samples([rows, rows // 2, 1], [rows, rows, 1])).value == 0
    assert difference_p_value(samples([2 * 10**9], [10**9])).value == 1


def test_a_great_many_outcomes_are_pooled():
    rng = np.random.default_rng(5)
    q = 1 / np.arange(1, 30_001)
    x, y = rng.multinomial(40_000, q / q.sum(), size=2)
    assert 0.01 < difference_p_value(samples(x, y)).value <= 1


# Bounds that hold at any sample size.


@pytest.mark.parametrize(("hits", "rows"), [(0, 5), (3, 9), (9, 9), (40, 100)])
def test_the_limits_of_a_proportion_are_those_of_clopper_and_pearson(hits, rows):
    """With a threshold where one side is at its limit, the level is that limit's."""
    interval = stats.binomtest(hits, rows).proportion_ci(0.9, method="exact")
    q = 0.001
    bound = kullback_leibler(interval.low, q) if hits else 0.0
    if interval.low > q:
        level = resampling._binary_p_value(
            (hits, rows, False), (q, 1.0, True), bound, kullback_leibler
        )
        assert level == pytest.approx(0.05, rel=2e-3)
    p = 0.999
    bound = kullback_leibler(p, interval.high) if interval.high < p else 0.0
    if interval.high < p:
        level = resampling._binary_p_value(
            (p, 1.0, True), (hits, rows, False), bound, kullback_leibler
        )
        assert level == pytest.approx(0.05, rel=2e-3)


@pytest.mark.parametrize("known", [(False, False), (False, True), (True, False)])
def test_samples_of_any_size_have_limits_no_tighter_than_those_of_fewer_rows(known):
    """SciPy inverts the beta distribution of so many rows slowly, or wrongly."""
    levels = []
    for rows in (1e6, 1e10, 1e12, 1e20, 1e59):
        p, q = (
            (share if side else share * rows, 1.0 if side else rows, side)
            for share, side in zip((0.5001, 0.5), known, strict=True)
        )
        levels.append(resampling._binary_p_value(p, q, 1e-8, kullback_leibler))
    assert levels[0] > 0.1 > levels[1]
    assert levels[1:] == pytest.approx([levels[1]] * 4, rel=2e-3)


def test_the_bound_is_never_below_pinskers():
    for p, q in itertools.product(np.linspace(0.01, 0.99, 25), repeat=2):
        assert kullback_leibler(p, q) >= 2 * (p - q) ** 2 - 1e-15


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


def sparse(seed, outcomes=400, rows=300):
    """Return two samples of so few rows that random tables are drawn for them."""
    draw = np.random.default_rng(seed)
    tilt = np.exp(draw.normal(0, 0.3 * (seed % 4), outcomes))
    return samples(
        *(
            draw.multinomial(rows, weights / weights.sum()).astype(float)
            for weights in (tilt, np.ones(outcomes))
        )
    )


def test_of_many_columns_large_p_values_rest_on_fewer_draws():
    every = [difference_p_value(sparse(4 * seed)) for seed in range(150)]
    of_many = [difference_p_value(sparse(4 * seed), columns=1000) for seed in range(150)]
    assert {each.test for each in of_many} == {"permutation"}
    draws = [sum(each.draws for each in some if each.value > 0.05) for some in (every, of_many)]
    assert draws[1] < draws[0] / 3
    # They are uniform where nothing differs, and not smaller for it.
    assert stats.kstest([each.value for each in of_many], "uniform").pvalue > 0.01
    assert all(each.exceedances == 9 for each in of_many if each.value > 0.05)


def test_beside_a_large_p_value_the_fewest_draws_are_enough():
    every = [difference_p_value(sparse(4 * seed), beside=1.0) for seed in range(300)]
    assert {(each.test, each.exceedances) for each in every} == {("permutation", 2)}
    assert sum(each.draws for each in every) < 20 * len(every)
    # No more of them are small than of uniform ones, but for three standard errors.
    values = np.array([each.value for each in every])
    for level in (0.02, 0.05, 0.1, 0.25, 0.5):
        assert (values <= level).mean() <= level + 3 * (level / len(values)) ** 0.5
    assert difference_p_value(sparse(4), beside=0.49) == difference_p_value(sparse(4))


def test_what_stands_beside_a_larger_p_value_is_drawn_less_and_decides_nothing():
    fewer = 0
    for seed in range(24):
        table = sparse(seed)
        whole, alone = (
            weigh(table, max_kl=0.05, columns=1000, alone=alone) for alone in (False, True)
        )
        assert alone.p_drift == whole.p_drift or min(alone.p_drift, whole.p_drift) >= 0.5
        other = {"p_value": 0, "p_drift": 0, "difference": None, "samples": None}
        assert alone._replace(**other) == whole._replace(**other)
        fewer += alone.difference.draws is not None and (
            alone.difference.draws < whole.difference.draws
        )
    assert fewer
