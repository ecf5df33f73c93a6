"""Exact p-values and bounds that need no draws, against enumeration with fractions."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from small_samples import (
    columns,
    every_sample,
    g_statistic,
    multinomial,
    share_of_allocations,
)

from kldiv_cli.core.inference import allocation
from kldiv_cli.core.inference.allocation import (
    exact_p_value,
    largest_p_value,
    share_without_common,
    smallest_of_rows,
    smallest_p_value,
)
from kldiv_cli.core.inference.samples import samples


def sides(totals, chosen):
    """Return the counts where each outcome is wholly on one side."""
    chosen = np.array(chosen[: len(totals)])
    assume(chosen.any() and not chosen.all())
    return np.where(chosen, totals, 0), np.where(chosen, 0, totals)


TOTALS = st.lists(st.integers(1, 12), min_size=2, max_size=9)
CHOSEN = st.lists(st.booleans(), min_size=9, max_size=9)


@given(TOTALS, CHOSEN)
def test_the_share_of_allocations_without_a_common_outcome_is_that_of_all_sets(totals, chosen):
    x, y = sides(totals, chosen)
    n, rows = int(x.sum()), sum(totals)
    sets = itertools.product((0, 1), repeat=len(totals))
    ways = sum(np.dot(member, totals) == n for member in sets)
    exact = float(Fraction(int(ways), math.comb(rows, n)))
    assert share_without_common(samples(x, y)) == pytest.approx(exact, rel=1e-12)
    assert share_without_common(samples(y, x)) == pytest.approx(exact, rel=1e-12)
    assert largest_p_value(samples(x, y)) >= exact * (1 - 1e-9)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), CHOSEN)
def test_that_share_is_the_share_that_has_the_largest_statistic(totals, chosen):
    x, y = sides(totals, chosen)
    exact = float(share_of_allocations(x.tolist(), y.tolist()))
    assert share_without_common(samples(x, y)) == pytest.approx(exact, rel=1e-12)


def test_lopsided_and_large_tables_keep_their_digits():
    x, y = [2] * 4 + [0] * 3000, [0] * 4 + [3] * 3000
    fours = sum(  # twos and threes that add up to 8
        math.comb(4, twos) * math.comb(3000, (8 - 2 * twos) // 3)
        for twos in range(5)
        if (8 - 2 * twos) % 3 == 0
    )
    exact = float(Fraction(fours, math.comb(9008, 8)))
    assert share_without_common(samples(x, y)) == pytest.approx(exact, rel=1e-10)
    assert share_without_common(samples(y, x)) == pytest.approx(exact, rel=1e-10)


def test_what_would_take_longer_than_draws_or_is_too_small_is_left():
    keys = [1] * 5000
    assert share_without_common(samples(keys + [0] * 5000, [0] * 5000 + keys)) is None
    uneven = samples([6] * 100 + [0] * 900, [0] * 100 + [6] * 900)
    assert share_without_common(uneven) is None
    assert largest_p_value(uneven) <= 1e-300


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=4))
def test_no_p_value_of_a_small_table_is_above_its_bound(rows):
    x, y = (list(side) for side in zip(*rows, strict=True))
    assume(any(x) and any(y))
    exact = float(share_of_allocations(x, y))
    assert largest_p_value(samples(x, y)) >= exact * (1 - 1e-9)


def test_nor_of_one_sample():
    q, rows = (0.5, 0.25, 0.125, 0.125), 9
    every = [(c, sum(a * math.log(a / (rows * b)) for a, b in zip(c, q, strict=True) if a))
             for c in every_sample(rows, 4)]  # fmt: skip
    for counts, g in every:
        exact = sum(float(multinomial(c, q)) for c, other in every if other >= g - 1e-9)
        for known in ((False, True), (True, False)):
            pair = (counts, q) if known[1] else (q, counts)
            assert largest_p_value(samples(*pair, known=known)) >= exact * (1 - 1e-9)


@pytest.mark.parametrize("theta", [0.5, 0.1, 0.003])
@pytest.mark.parametrize("total", [1, 2, 7, 64, 400, 5000])
def test_the_moments_are_those_of_binomials_and_below_one_over_one_minus_t(theta, total):
    t = allocation._POWERS
    count = np.arange(total + 1)
    share = count / total
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(p > 0, p * np.log(p / q), 0)
                 for p, q in ((share, theta), (1 - share, 1 - theta))]  # fmt: skip
    law = stats.binom.pmf(count, total, theta)
    moments = np.array([law @ np.exp(np.minimum(one * total * sum(parts), 700)) for one in t])
    assert np.all(moments <= 1 / (1 - t))
    if total <= allocation._ENUMERATED:
        found = np.exp(allocation._log_moments(np.array([total]), theta, t))[0]
        assert found == pytest.approx(moments, rel=1e-9)


def test_the_bound_reaches_what_is_certain():
    """G of 2,000 outcomes is far beyond its law, whose mean is half the outcomes' number."""
    rng = np.random.default_rng(4)
    q = rng.dirichlet(np.ones(2000))
    x, y = rng.multinomial(20_000, q), rng.multinomial(20_000, np.roll(q, 1000))
    assert largest_p_value(samples(x, y)) < 1e-300
    assert largest_p_value(samples(x, q, known=(False, True))) == 1
    assert largest_p_value(samples(np.roll(x, 1000), q, known=(False, True))) < 1e-300
    same = samples(*rng.multinomial(20_000, q, size=2))
    assert largest_p_value(same) == 1
    assert g_statistic(same.x, same.y) < 1500


# The law of the G statistic on a grid.

TINY = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=5).filter(
    lambda rows: all(sum(side) > 0 for side in zip(*rows, strict=True))
)
MOST_ABOVE = 0.003
"""How much larger than the exact one a p-value of the grid may be."""


def one_sample_g(counts, q):
    rows = sum(counts)
    return sum(c * math.log(c / (rows * share)) for c, share in zip(counts, q, strict=True) if c)


def largest_of_allocations(x, y):
    """Return the share of all allocations that have the largest statistic of any."""
    totals, found = [a + b for a, b in zip(x, y, strict=True)], {}
    for drawn in itertools.product(*(range(total + 1) for total in totals)):
        if sum(drawn) == sum(x):
            other = [total - count for total, count in zip(totals, drawn, strict=True)]
            g = round(g_statistic(drawn, other), 9)
            found[g] = found.get(g, 0) + math.prod(map(math.comb, totals, drawn))
    return found[max(found)] / sum(found.values())


@given(TINY)
def test_the_p_value_of_the_grid_is_that_of_every_allocation_and_never_below(rows):
    x, y = columns(rows)
    exact = float(share_of_allocations(x.astype(int).tolist(), y.astype(int).tolist()))
    for one, other in ((x, y), (y, x)):
        found = exact_p_value(samples(one, other))
        assert exact * (1 - 1e-12) <= found <= exact + MOST_ABOVE


@given(st.lists(st.integers(0, 4), min_size=2, max_size=4), st.data())
def test_and_of_every_sample_of_known_probabilities(counts, data):
    assume(sum(counts))
    weights = data.draw(st.lists(st.integers(1, 9), min_size=len(counts), max_size=len(counts)))
    q = [weight / sum(weights) for weight in weights]
    reached = sum(
        multinomial(drawn, q)
        for drawn in every_sample(sum(counts), len(counts))
        if one_sample_g(drawn, q) >= one_sample_g(counts, q) - 1e-9
    )
    for pair in (
        samples(counts, q, known=(False, True)),
        samples(q, counts, known=(True, False)),
    ):
        found = exact_p_value(pair)
        assert float(reached) * (1 - 1e-12) <= found <= float(reached) + MOST_ABOVE


def test_a_table_that_is_nearly_as_extreme_as_the_observed_one_is_not_counted_with_it():
    counts, q = [1, 4, 4, 2], [4 / 22, 2 / 22, 7 / 22, 9 / 22]
    exact = 0.06475065578026835  # of another table, .005, G is smaller by a thousandth
    found = exact_p_value(samples(counts, q, known=(False, True)))
    assert found == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("outcomes", [3, 8, 12, 16])
def test_finer_steps_hardly_change_the_p_value(outcomes, monkeypatch):
    rng = np.random.default_rng(outcomes)
    tables = [
        samples(*rng.multinomial(30, rng.dirichlet(np.ones(outcomes)), size=2)) for _ in range(4)
    ]
    coarse = list(map(exact_p_value, tables))
    monkeypatch.setattr(allocation, "_STEPS", 20_000)
    monkeypatch.setattr(allocation, "_MOST_STEPS", math.inf)
    for rough, fine in zip(coarse, map(exact_p_value, tables), strict=True):
        assert fine * (1 - 1e-12) <= rough <= fine + MOST_ABOVE


def test_a_table_of_two_outcomes_has_the_p_value_of_the_likelihood_ratio():
    x, y = [31, 69], [4000, 16_000]
    rows, totals = 100, [4031, 16_069]
    law = stats.hypergeom(sum(totals), totals[0], rows).pmf(np.arange(rows + 1))
    g = [
        g_statistic((k, rows - k), (totals[0] - k, totals[1] - rows + k)) for k in range(rows + 1)
    ]
    exact = law[np.array(g) >= g[31] - 1e-9].sum()
    assert exact_p_value(samples(x, y)) == pytest.approx(exact, rel=1e-9)


def test_what_is_the_likeliest_table_or_the_only_one_has_the_p_value_1():
    assert exact_p_value(samples([1, 1, 0, 0], [0, 0, 1, 1])) == 1
    assert exact_p_value(samples([2, 4], [3, 6])) == 1
    assert exact_p_value(samples([2, 2], [0.5, 0.5], known=(False, True))) == 1


def test_large_tables_are_left_to_draws():
    assert exact_p_value(samples([400, 350, 304, 203], [300, 360, 302, 209])) is None
    assert exact_p_value(samples([1] * 500 + [2] * 300, [2] * 500 + [1] * 300)) is None
    assert smallest_p_value(samples([900, 500], [800, 600])) is None


@given(TINY)
def test_the_smallest_p_value_is_how_likely_the_largest_statistic_is(rows):
    x, y = columns(rows)
    exact = largest_of_allocations(x.astype(int).tolist(), y.astype(int).tolist())
    pair = samples(x, y)
    assert smallest_p_value(pair) == pytest.approx(exact, rel=1e-9)
    assert smallest_of_rows(pair) <= smallest_p_value(pair) * (1 + 1e-9)


@pytest.mark.parametrize(("rows", "smallest"), [(3, 1 / 10), (4, 1 / 35), (5, 1 / 126)])
def test_so_few_rows_reach_no_smaller_p_value(rows, smallest):
    apart = samples([rows, 0], [0, rows])
    assert smallest_p_value(apart) == pytest.approx(smallest, rel=1e-12)
    assert smallest_of_rows(apart) == pytest.approx(smallest, rel=1e-12)
    assert smallest_of_rows(samples([rows, 0], [0, 2 * rows])) == pytest.approx(
        1 / math.comb(3 * rows, rows), rel=1e-12
    )


@pytest.mark.parametrize(
    ("x", "y", "smallest"),
    [
        ([1, 0], [0, 19], 1 / 20),
        ([3, 0], [0, 2], 1 / 10),
        ([3, 0], [0, 3], 1 / 10),
        ([2, 0], [0, 10**17], 2 / ((10**17 + 2) * (10**17 + 1))),
        ([5000, 0], [0, 5000], 0.0),
    ],
)
def test_the_smallest_p_value_of_rows_is_a_quotient_of_integers(x, y, smallest):
    assert smallest_of_rows(samples(x, y)) == smallest


@given(st.integers(1, 5), st.lists(st.integers(1, 4), min_size=2, max_size=3))
def test_and_no_sample_of_known_probabilities_does(rows, weights):
    q = [weight / sum(weights) for weight in weights]
    every = list(every_sample(rows, len(q)))
    largest = max(one_sample_g(counts, q) for counts in every)
    exact = float(sum(multinomial(c, q) for c in every if one_sample_g(c, q) >= largest - 1e-9))
    pair = samples(every[0], q, known=(False, True))
    assert smallest_p_value(pair) == pytest.approx(exact, rel=1e-9)
    assert smallest_of_rows(pair) == pytest.approx(exact, rel=1e-9)
