"""Bins, against numpy's quantiles and plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.binning import Bins, few_integers, quantile_bins
from kldiv_cli.core.counts import count_numbers, pooled_bins

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.lists(st.floats() | st.integers(-3, 3).map(float), max_size=60)
EDGES = st.sets(FINITE.map(lambda x: x + 0.0), max_size=8).map(lambda edges: tuple(sorted(edges)))


def pooled(*sides):
    return pooled_bins(*(count_numbers("x", 0, np.asarray(side)) for side in sides))


def test_labels_say_which_end_is_closed():
    assert Bins((3.5, 7.0)).labels == (
        "(-inf, 3.5]",
        "(3.5, 7]",
        "(7, inf)",
        "-inf",
        "+inf",
        "(missing)",
    )
    assert Bins(()).labels[0] == "(-inf, inf)"
    assert Bins((1e-7, 0.1, 1e22)).labels[:2] == ("(-inf, 1e-07]", "(1e-07, 0.1]")


def test_each_value_falls_where_its_label_says():
    counts = Bins((0.0, 1.0)).count(
        [-math.inf, -5, -0.0, 0, 0.5, 1, 1.1, 1e308, math.inf, math.nan, math.nan]
    )
    assert counts.tolist() == [3, 2, 2, 1, 1, 2]


@given(EDGES, NUMBERS)
def test_counts_are_those_of_a_plain_loop(edges, values):
    expected = [0] * (len(edges) + 4)
    for value in values:
        if math.isnan(value):
            expected[-1] += 1
        elif math.isinf(value):
            expected[-2 if value > 0 else -3] += 1
        else:
            expected[sum(edge < value for edge in edges)] += 1
    assert Bins(edges).count(values).tolist() == expected
    assert Bins(edges).count(values + values, [2] * len(values) + [1] * len(values)).tolist() == [
        3 * count for count in expected
    ]


@pytest.mark.parametrize("total", [20, 99, 100, 137, 2000, 2001])
def test_edges_are_the_inverse_of_the_distribution_function(total):
    values = np.random.default_rng(total).normal(size=total)
    rows = total // 2
    bins = min(max(rows // 10, 2), 10)
    levels = [j / bins for j in range(1, bins)]
    tail = 1 / bins / 4
    while rows * tail >= 5:
        levels += [tail, 1 - tail]
        tail /= 4
    expected = np.unique(np.quantile(values, levels, method="inverted_cdf"))
    assert pooled(values[:rows], values[rows:]).edges == pytest.approx(expected, abs=0)


def test_the_tails_are_split_while_five_rows_are_expected():
    values = np.arange(1, 20_001, dtype=float)
    # .1/4, .1/16, .1/64 and .1/256 of 10,000 rows leave 250, 62.5, 15.6 and 3.9.
    edges = quantile_bins(values, 10_000).edges
    assert len(edges) == 9 + 2 * 3
    assert edges[:4] == (32, 125, 500, 2000)
    assert edges[-4:] == (18_000, 19_500, 19_875, 19_969)


def test_few_rows_make_few_bins():
    values = np.arange(1000.0)
    assert [
        len(quantile_bins(values, rows, bins=None).edges) for rows in (5, 20, 30, 57, 100)
    ] == [1, 1, 2, 4, 9]
    assert quantile_bins(values, 30, bins=4).edges == (249, 499, 749)
    assert quantile_bins(values, 10, bins=1).edges == ()


def test_equal_values_share_a_bin_and_none_is_empty():
    values = np.array([0.0] * 880 + [1.0] * 70 + [2.0] * 50)
    bins = quantile_bins(values, 500)
    assert bins.edges == (0, 1)
    assert bins.count(values).tolist() == [880, 70, 50, 0, 0, 0]


def test_a_constant_is_one_bin_and_two_constants_are_two():
    assert pooled([7.0] * 50, [7.0] * 50).edges == ()
    bins = pooled([7.0] * 50, [8.0] * 50)
    assert bins.count([7.0] * 50).tolist() == [50, 0, 0, 0, 0]
    assert bins.count([8.0] * 50).tolist() == [0, 50, 0, 0, 0]


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, -math.inf, math.nan]])
def test_without_a_finite_number_there_are_no_edges(values):
    bins = quantile_bins(values, 0)
    assert bins.edges == ()
    assert bins.count(values).sum() == len(values)
    assert quantile_bins(values, 0, weights=[1] * len(values)).edges == ()


def test_what_is_not_finite_moves_no_edge():
    values = np.random.default_rng(0).normal(size=500)
    more = [*values, *[math.nan] * 300, *[math.inf] * 40, -math.inf]
    assert quantile_bins(more, 250) == quantile_bins(values, 250)


def test_minus_zero_is_zero():
    assert quantile_bins([-0.0] * 9 + [1.0], 100).labels[0] == "(-inf, 0]"


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 9)), min_size=1, max_size=30),
    st.integers(0, 400),
)
def test_distinct_values_with_their_counts_give_the_same_edges(pairs, rows):
    values, weights = zip(*pairs, strict=True)
    spread = [float(value) for value, weight in pairs for _ in range(weight)]
    assert quantile_bins(values, rows, weights=weights) == quantile_bins(spread, rows)


@given(st.lists(FINITE, min_size=1, max_size=200), st.integers(0, 2000))
def test_every_bin_holds_a_value(values, rows):
    counts = quantile_bins(values, rows).count(values)
    assert counts[:-3].min() > 0
    assert counts.sum() == len(values)


def test_huge_counts_are_exact():
    weights = [3 * 10**17, 10**17, 5]
    bins = quantile_bins([1, 2, 3], 10**17, bins=4, weights=weights)
    assert bins.count([1, 2, 3], weights).tolist() == [3 * 10**17, 10**17, 5, 0, 0, 0]


def test_few_distinct_integers_are_categories():
    def few(*sides):
        return few_integers(*(np.array(side, dtype=float) for side in sides))

    assert few([1, 2, 3] * 9)
    assert few(np.arange(20))
    assert few(np.arange(10), np.arange(20))
    assert few([], [1])
    for sides in ([np.arange(21)], [np.arange(20), [20]], [[1, 2.5]], [[1, math.inf]], [[]]):
        assert not few(*sides)
    assert not few([*[1] * 5000, 2.5])


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ((1.0, 1.0), r"edges\[1\]: expected more than 1.0, found 1.0"),
        ((2.0, 1.0), r"edges\[1\]: expected more than 2.0"),
        ((math.nan,), r"edges\[0\]: expected a finite number, found nan"),
        ((0.0, math.inf), r"edges\[1\]: expected a finite number, found inf"),
    ],
)
def test_edges_that_make_no_bins_are_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        Bins(edges)


def test_no_bins_at_all_are_refused():
    with pytest.raises(ValueError, match="bins: expected a whole number >= 1, found 0"):
        quantile_bins([1.0], 100, bins=0)
