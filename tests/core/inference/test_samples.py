"""The estimate and its law, against rational numbers, enumeration, mpmath and scipy.stats."""

import itertools
import math
import tracemalloc
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kldiv_cli.core.inference import resampling
from kldiv_cli.core.inference.chisquare import noncentral_cdf, noncentral_quantile
from kldiv_cli.core.inference.resampling import bounded_p_value, difference_p_value
from kldiv_cli.core.inference.samples import (
    correction,
    divergence,
    law,
    merge,
    pool,
    table,
)
from kldiv_cli.core.inference.truncation import estimated_surprisal, surprisal

COUNTS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=8
).filter(lambda rows: all(sum(side) > 0 for side in zip(*rows, strict=True)))


def columns(rows):
    return tuple(np.array(side, dtype=float) for side in zip(*rows, strict=True))


def choose(n, k):
    return math.comb(n, k) if n >= 0 else 0


def exact_surprisal(y, m, order):
    """The definition: C(m-y, v)/C(m, v) estimates (1-q)^v."""
    return sum(
        (Fraction(choose(m - y, v), math.comb(m, v) * v) for v in range(1, order + 1)),
        Fraction(0),
    )


def exact_divergence(x, y):
    n, m = sum(x), sum(y)
    order = min(n - 1, m)
    return sum(
        Fraction(a, n) * (exact_surprisal(b, m, order) - exact_surprisal(a - 1, n - 1, order))
        for a, b in zip(x, y, strict=True)
        if a
    )


def exact_correction(x, y):
    n, m = sum(x), sum(y)
    keep = [1 - Fraction(min(n, m), 2 * rows) for rows in (n, m)]
    total = Fraction(0)
    for a, b in zip(x, y, strict=True):
        p, q = Fraction(a, n), Fraction(b, m)
        weight = keep[0] ** a * keep[1] ** b
        total += weight * (p * (1 - q) / keep[0] - q * (1 - p) / keep[1])
    return total


def samples(rows, outcomes):
    """All count vectors of so many rows."""
    for bars in itertools.combinations(range(rows + outcomes - 1), outcomes - 1):
        ends = (-1, *bars, rows + outcomes - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def multinomial(counts, probabilities):
    weight = Fraction(math.factorial(sum(counts)))
    for count, probability in zip(counts, probabilities, strict=True):
        weight *= Fraction(probability) ** count / math.factorial(count)
    return weight


# Truncated series.


@given(st.integers(1, 60), st.data())
def test_an_estimated_surprisal_is_its_definition(m, data):
    order = data.draw(st.integers(0, m))
    y = list(range(m + 1))
    found = estimated_surprisal(np.array(y, dtype=float), m, order)
    for count, value in zip(y, found, strict=True):
        assert value == pytest.approx(float(exact_surprisal(count, m, order)), abs=1e-12)


@pytest.mark.parametrize(
    ("y", "m", "order"),
    [
        (99_999, 10_000_000, 3000),  # the prefix sum
        (100_001, 10_000_000, 200),  # the short series
        (100_001, 5_000_000, 1001),  # the quadrature, from here on
        (100_001, 200_000, 1001),
        (150_000, 50_000_000, 5000),
        (200_000, 1_000_000_000, 200_000),
        (100_001, 1_000_000_000, 900_000),
        (1_000_000, 1_000_000_000, 2000),
        (2_000_000, 3_000_000_000, 1200),
    ],
)
def test_large_counts_agree_with_the_sum(y, m, order):
    steps = np.arange(min(y, m - order), dtype=np.longdouble)
    product = np.exp(np.cumsum(np.log1p(-order / (m - steps))))
    partial = float(np.sum(product / (steps + 1)))
    expected = float(mpmath.harmonic(order) - mpmath.harmonic(y)) + partial
    found = estimated_surprisal(np.array([float(y)]), m, order)[0]
    assert found == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("p", [0.0, 1e-16, 1e-12, 1e-6, 1e-3, 0.2, 0.999, 1.0])
@pytest.mark.parametrize("order", [1, 2, 999, 1000, 1001, 1500, 200_000])
def test_a_truncated_surprisal_is_its_sum(p, order):
    steps = np.arange(1, order + 1)
    expected = math.fsum((1 - p) ** steps / steps)
    assert surprisal(np.array([p]), order)[0] == pytest.approx(expected, abs=2e-11)


def test_an_endless_series_is_the_logarithm():
    found = surprisal(np.array([0.25, 1.0, 0.0]), math.inf)
    assert found.tolist() == [-math.log(0.25), 0, math.inf]


# The estimate.


@given(COUNTS)
def test_the_divergence_is_its_formula(rows):
    x, y = zip(*rows, strict=True)
    pair = table(*columns(rows))
    if pair.outcomes > 1:
        assert divergence(pair) == pytest.approx(float(exact_divergence(x, y)), abs=1e-11)
        assert correction(pair) == pytest.approx(float(exact_correction(x, y)), abs=1e-12)


@pytest.mark.parametrize(
    ("n", "m", "p"),
    [
        (3, 4, ("1/2", "1/3", "1/6")),
        (5, 2, ("1/10", "1/5", "7/10")),
        (2, 6, ("1/4", "1/4", "1/4", "1/4")),
        (4, 4, ("9/10", "1/10")),
    ],
)
def test_both_parts_are_exactly_unbiased_where_p_is_q(n, m, p):
    means = [Fraction(0), Fraction(0)]
    computed = 0.0
    for x in samples(n, len(p)):
        for y in samples(m, len(p)):
            weight = multinomial(x, p) * multinomial(y, p)
            means[0] += weight * exact_divergence(x, y)
            means[1] += weight * exact_correction(x, y)
            pair = table(x, y)
            computed += float(weight) * (divergence(pair) + correction(pair))
    assert means == [0, 0]
    assert computed == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("p", [("1/2", "1/3", "1/6"), ("1/100", "99/100")])
@pytest.mark.parametrize("known_current", [False, True])
def test_one_sample_is_exactly_unbiased_too(p, known_current):
    q = np.array([float(Fraction(share)) for share in p])
    mean = 0.0
    for counts in samples(6, len(p)):
        sides = (q, counts) if known_current else (counts, q)
        pair = table(*sides, known=(known_current, not known_current))
        mean += float(multinomial(counts, p)) * (divergence(pair) + correction(pair))
    assert mean == pytest.approx(0, abs=1e-14)


def test_rare_outcomes_that_all_become_more_frequent_are_corrected_for():
    rng = np.random.default_rng(1)
    q = 1 / np.arange(1, 201)
    q /= q.sum()
    p = q * np.exp(np.linspace(0, 1, 200))
    p /= p.sum()
    truth = float(p @ np.log(p / q))
    plain, corrected = [], []
    for _ in range(300):
        pair = table(rng.multinomial(600, p), rng.multinomial(3000, q))
        plain.append(divergence(pair))
        corrected.append(plain[-1] + correction(pair))
    assert abs(np.mean(plain) - truth) > 0.04
    assert abs(np.mean(corrected) - truth) < 0.02


def test_a_known_impossibility_is_infinitely_far():
    assert divergence(table([3, 1], [1.0, 0.0], known=(False, True))) == math.inf
    assert divergence(table([3, 0], [0.5, 0.5], known=(False, True))) < math.inf


@given(COUNTS, st.randoms())
def test_the_order_of_outcomes_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = table(*columns(rows)), table(*columns(shuffled))
    assert divergence(one) == pytest.approx(divergence(other), abs=1e-13)
    assert difference_p_value(one) == pytest.approx(difference_p_value(other), abs=1e-12)
    assert bounded_p_value(one, 0.05) == pytest.approx(bounded_p_value(other, 0.05), rel=1e-9)


@pytest.mark.parametrize("outcomes", [2, 1000])
@pytest.mark.parametrize("imbalance", [1, 7, 10**-9])
def test_counts_up_to_1e12_take_little_memory(outcomes, imbalance):
    rng = np.random.default_rng(outcomes)
    x = np.floor(1e12 * rng.uniform(0.5, 1, outcomes))
    y = np.floor(imbalance * x * rng.uniform(0.9, 1.1, outcomes))
    pair = table(x, np.maximum(y, 1))
    tracemalloc.start()
    kl = divergence(pair) + correction(pair)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
    plain = float(pair.p @ np.log(pair.p / pair.q))
    assert kl == pytest.approx(plain, abs=4 * outcomes / pair.rows)


# Its law.


@pytest.mark.parametrize("degrees", [0.3, 1.0, 9.0, 400.0, 30_000.0, 80_000.0])
@pytest.mark.parametrize("noncentrality", [0.0, 0.5, 30.0, 2e4, 9e4])
def test_the_noncentral_chi_square_is_that_of_scipy(degrees, noncentrality):
    law = stats.ncx2(degrees, noncentrality) if noncentrality else stats.chi2(degrees)
    spread = law.std() * np.linspace(-3, 5, 9)
    for value in np.maximum(law.mean() + spread, 1e-3):
        found = noncentral_cdf(float(value), degrees, noncentrality)
        assert found == pytest.approx(law.cdf(value), abs=1e-6)


@pytest.mark.parametrize("probability", [0.001, 0.2, 0.5, 0.8, 0.999])
def test_quantiles_for_planning(probability):
    for degrees, noncentrality in ((9, 20), (50, 0), (999, 400), (4, 1e6)):
        value = noncentral_quantile(probability, degrees, noncentrality)
        assert noncentral_cdf(value, degrees, noncentrality) == pytest.approx(
            probability, abs=2e-3
        )


def test_no_degrees_of_freedom_are_a_mass_at_zero():
    assert noncentral_cdf(0.0, 0.0, 3.0) == math.exp(-1.5)
    pair = table([200], [300])
    assert law(pair, divergence(pair)).limit(0.025) == pytest.approx(-pair.scale * math.log(0.025))


@given(COUNTS, st.floats(0.001, 0.999))
def test_a_limit_is_where_the_law_has_that_probability(rows, probability):
    pair = table(*columns(rows))
    model = law(pair, divergence(pair))
    limit = model.limit(probability)
    if limit > 0:
        assert model.cdf(limit) == pytest.approx(probability, abs=1e-6)
    else:
        assert model.cdf(0.0) <= probability


@given(COUNTS)
def test_the_law_is_less_likely_the_larger_the_divergence(rows):
    pair = table(*(10 * side for side in columns(rows)))
    model = law(pair, divergence(pair))
    values = [model.cdf(kl) for kl in (0, 0.001, 0.05, 0.2, 1, 5, 100)]
    assert all(0 <= value <= 1 for value in values)
    # But for the far tail, as its variance depends on the divergence; samples of a few rows
    # have laws that are further off.
    if pair.reliable:
        assert all(a >= b - 1e-3 for a, b in itertools.pairwise(values))


def test_where_the_shares_are_equal_the_law_is_the_usual_one():
    pair = table([500, 300, 200], [1000, 600, 400])
    model = law(pair, 0.004)
    assert model.ratio(0.05) == pytest.approx(1, abs=0.01)
    expected = stats.ncx2(2, 0.02 / pair.scale).cdf(0.008 / pair.scale + 2)
    assert model.cdf(0.01) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("p", "q"), [((0.3, 0.7), (0.5, 0.5)), ((0.02, 0.98), (0.1, 0.9))])
@pytest.mark.parametrize(("n", "m"), [(3000, 3000), (2000, 40_000), (40_000, 2000)])
def test_the_variance_is_that_of_the_delta_method(p, q, n, m):
    p, q = np.array(p), np.array(q)
    kl = float(p @ np.log(p / q))
    model = law(table(n * p, m * q), kl)
    spread = float(p @ np.log(p / q) ** 2) - kl**2
    variance = spread / n + (float(p @ (p / q)) - 1) / m
    assert 2 * model.scale * model.ratio(kl) * kl == pytest.approx(variance, rel=0.02)


# Tables.


def test_an_outcome_that_nobody_has_is_left_out():
    pair = table([0, 3, 0, 1], [0, 2, 5, 0])
    assert pair.x.tolist() == [3, 0, 1]
    assert pair.place.tolist() == [-1, 0, 1, 2]
    assert (pair.n, pair.m, pair.outcomes, pair.rows) == (4, 7, 3, 4)


def test_rare_outcomes_are_pooled_until_they_are_not_rare():
    pair = table([50, 40, 4, 3, 2, 1], [50, 40, 2, 3, 4, 1])
    fewer = pool(pair, floor=5)
    assert fewer.x.tolist() == [50, 40, 10]
    assert fewer.place.tolist() == [0, 1, 2, 2, 2, 2]
    assert pool(pair, floor=0, most=3).x.tolist() == [50, 40, 10]
    assert pool(pair, floor=0) is pair
    # One rare outcome takes in the next.
    assert pool(table([50, 40, 1], [50, 40, 0]), floor=5).outcomes == 2


@given(COUNTS, st.floats(0, 30), st.integers(1, 9))
def test_pooling_loses_no_row_and_the_plug_in_only_falls(rows, floor, most):
    pair = table(*columns(rows))
    fewer = pool(pair, floor=floor, most=most)
    assert (fewer.n, fewer.m) == (pair.n, pair.m)
    assert (fewer.x.sum(), fewer.y.sum()) == (pair.x.sum(), pair.y.sum())
    assert fewer.outcomes <= max(most, 1)

    def plug_in(some):
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(some.p > 0, some.p * np.log(some.p / some.q), 0)
        return terms.sum()

    assert plug_in(fewer) <= plug_in(pair) + 1e-12


def test_merging_equally_frequent_outcomes_changes_nothing():
    pair = table([30, 30, 40], [20, 20, 60])
    halves = merge(pair, np.array([True, True, False]))
    assert halves.place.tolist() == [1, 1, 0]
    assert (halves.p @ np.log(halves.p / halves.q)) == pytest.approx(
        pair.p @ np.log(pair.p / pair.q)
    )


# Tests of P = Q.


@given(COUNTS)
def test_the_chi_square_test_is_that_of_scipy(rows):
    x, y = (5 * side + 200 for side in columns(rows))
    expected = stats.chi2_contingency(np.array([x, y]), correction=False).pvalue
    assert difference_p_value(table(x, y)) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_against_known_probabilities_too():
    q = np.array([0.2, 0.3, 0.5])
    expected = pytest.approx(stats.chisquare([30, 30, 40], 100 * q).pvalue)
    assert difference_p_value(table([30, 30, 40], q, known=(False, True))) == expected
    assert difference_p_value(table(q, [30, 30, 40], known=(True, False))) == expected


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
    assert abs(difference_p_value(table(x, y)) - exact) <= 4 * error + 0.0011


def test_one_sample_against_every_sample():
    q, x = (0.5, 0.25, 0.125, 0.125), (2, 1, 0, 4)

    def g(counts):
        return sum(c * math.log(c / (7 * share)) for c, share in zip(counts, q, strict=True) if c)

    exact = sum(float(multinomial(c, q)) for c in samples(7, 4) if g(c) >= g(x) - 1e-9)
    error = math.sqrt(exact * (1 - exact) / resampling.DRAWS)
    for known in ((False, True), (True, False)):
        sides = (x, q) if known[1] else (q, x)
        assert abs(difference_p_value(table(*sides, known=known)) - exact) < 4 * error + 0.0011


def test_the_same_counts_give_the_same_p_value_and_a_thousand_draws_a_floor():
    sparse = table([6] * 10 + [0] * 10, [0] * 10 + [6] * 10)
    assert difference_p_value(sparse) == difference_p_value(sparse) == 1 / 1000


def test_more_columns_ask_for_more_draws():
    sparse = table([6] * 10 + [0] * 10, [0] * 10 + [6] * 10)
    assert difference_p_value(sparse, columns=2) == 1 / 1000
    assert difference_p_value(sparse, columns=200) == 1 / 20_001
    clean = table([3] * 20, [3] * 20)
    assert difference_p_value(clean, columns=200) == difference_p_value(clean)


def test_what_cannot_happen_has_no_probability():
    assert difference_p_value(table([3, 1], [1.0, 0.0], known=(False, True))) == 0


@pytest.mark.parametrize("rows", [10**9, 10**15])
def test_very_large_sparse_tables_are_pooled(rows):
    pair = table([rows, rows, 2, 1, 1], [rows, rows, 1, 3, 0])
    assert 0.3 < difference_p_value(pair) <= 1
    assert difference_p_value(table([rows, rows // 2, 1], [rows, rows, 1])) == 0
    assert difference_p_value(table([2 * 10**9], [10**9])) == 1


def test_a_great_many_outcomes_are_pooled():
    rng = np.random.default_rng(5)
    q = 1 / np.arange(1, 30_001)
    x, y = rng.multinomial(40_000, q / q.sum(), size=2)
    assert 0.01 < difference_p_value(table(x, y)) <= 1


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
    assert bounded_p_value(table([60, 0], [0, 60]), 0.05) < 1e-4
    assert bounded_p_value(table([6] * 10 + [0] * 10, [0] * 10 + [6] * 10), 0.05) < 1e-2
    # Keys: every row is new, and nothing follows.
    assert bounded_p_value(table([1] * 60 + [0] * 60, [0] * 60 + [1] * 60), 0.05) == 1
    assert bounded_p_value(table([30, 30], [30, 30]), 0.05) == 1


@given(COUNTS)
@settings(max_examples=25)
def test_the_bound_is_harder_to_reach_the_higher_the_threshold(rows):
    pair = table(*columns(rows))
    values = [bounded_p_value(pair, tau) for tau in (0.0, 0.01, 0.05, 0.3, 2.0)]
    assert all(a <= b * (1 + 1e-2) for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("shares", [((0.6, 0.4), (0.443, 0.557)), ((0.1, 0.9), (0.0205, 0.9795))])
def test_the_bound_keeps_its_level_at_the_threshold(shares):
    p, q = map(np.array, shares)
    kl = float(p @ np.log(p / q))
    rng = np.random.default_rng(3)
    false = sum(
        bounded_p_value(table(rng.multinomial(60, p), rng.multinomial(60, q)), kl) <= 0.05
        for _ in range(150)
    )
    assert false <= 150 * 0.05


def test_few_rows_or_many_hidden_outcomes_are_not_reliable():
    assert table([50, 50], [60, 60]).reliable
    assert not table([50, 49], [60, 60]).reliable
    assert not table([1] * 200, [2] * 200).reliable
    assert table([5] * 200, [5] * 200).reliable


@pytest.mark.parametrize(("n", "m"), [(100, 100), (60, 400)])
def test_the_hidden_mass_is_estimated_without_bias(n, m):
    q = np.array([0.5, 0.3] + [0.01] * 20)
    rng = np.random.default_rng(8)
    found = [table(rng.multinomial(n, q), rng.multinomial(m, q)).hidden for _ in range(2000)]
    a, b = (1 - q * min(n, m) / (2 * rows) for rows in (n, m))
    expected = q @ (a ** (n - 1) * b ** (m - 1))
    assert expected == pytest.approx(q @ np.exp(-q * min(n, m)), rel=0.03)
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / math.sqrt(2000))
