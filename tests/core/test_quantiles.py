"""Quantiles of numbers on both sides: numbers that occur, or the bins that hold them."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.core.binning import Bins
from kldiv_cli.core.counts import Binned, count_numbers
from kldiv_cli.core.pair import pair_columns
from kldiv_cli.core.quantiles import LEVELS, Quantile, in_words, quantiles_of

INF = math.inf
VALUES = st.lists(
    st.one_of(st.integers(-50, 50).map(float), st.sampled_from([-INF, INF])), min_size=1
)


def numbers(values, missing=0):
    return count_numbers("x", missing, np.array(values, dtype=float))


@given(VALUES, VALUES)
def test_a_quantile_is_the_least_number_with_its_share_up_to_it(p, q):
    for found, level in zip(quantiles_of(numbers(p), numbers(q)), LEVELS, strict=True):
        for values, low, high in ((p, *found[1:3]), (q, *found[3:])):
            reached = min(
                x for x in values if 100 * sum(y <= x for y in values) >= level * len(values)
            )
            assert low == high == reached


@given(VALUES, VALUES)
def test_bins_hold_the_quantiles_of_their_numbers(p, q):
    bins = Bins((-20.0, 0.0, 20.0))
    binned = [Binned("x", 0, bins, bins.count(side)[:-1]) for side in (p, q)]
    truth = quantiles_of(numbers(p), numbers(q))
    for found, exact in zip(quantiles_of(*binned), truth, strict=True):
        for low, high, value in ((*found[1:3], exact.p_low), (*found[3:], exact.q_low)):
            assert low == high == value if math.isinf(value) else low < value <= high


def test_where_one_side_is_known_in_bins_both_are():
    bins = Bins((1.0, 5.0))
    profile = Binned("x", 0, bins, np.array([10, 90, 0, 0, 0]))
    found = pair_columns(profile, numbers([7.0] * 50)).quantiles
    assert found[1] == Quantile(0.5, 1.0, 5.0, 5.0, INF)
    given = pair_columns(numbers([3.0, 4.0] * 50), numbers([7.0] * 50), edges=(5.0,)).quantiles
    assert given[1] == Quantile(0.5, -INF, 5.0, 5.0, INF)


def test_a_side_without_a_value_has_no_quantiles():
    assert quantiles_of(numbers([], missing=3), numbers([1])) == ()


def test_the_shift_is_told_in_words():
    assert in_words([Quantile(0.5, 0, 0, -2, -2), Quantile(0.95, 125, 125, 76, 76)]) == (
        "median -2 → 0, 95th percentile 76 → 125"
    )
    assert in_words([Quantile(0.5, -2, -1, -4, -2)]) == "median (-4, -2] → (-2, -1]"
    assert in_words([Quantile(0.5, -2, -1, -4, -4)]) == "median -4 → (-2, -1]"
    assert in_words([Quantile(0.05, -INF, -3, 1, 1)]) == "5th percentile 1 → (-inf, -3]"
    assert in_words([Quantile(0.5, 1, 1, 1, 1)]) == in_words([]) == ""
    near = math.nextafter(1, 2)
    assert in_words([Quantile(0.5, near, near, 1, 1)]) == "median 1 → 1.0000000000000002"


def test_reports_have_the_quantiles_of_numbers():
    reference = {"x": [i / 2 for i in range(1000)], "land": ["a", "b"] * 500}
    current = {"x": [i / 2 + 100 for i in range(1000)], "land": ["a", "b"] * 500}
    report = check(reference, current)
    assert [one.quantiles for one in report.columns if one.column == "land"] == [None]
    found = report.columns["x"]
    assert found.quantiles[1] == Quantile(0.5, 349.5, 349.5, 249.5, 249.5)
    assert "median 249.5 -> 349.5" in " ".join(report.render("text").split())
    (column,) = [one for one in report.to_dict()["columns"] if one["column"] == "x"]
    assert column["quantiles"][1] == {
        "level": 0.5, "p_low": 349.5, "p_high": 349.5, "q_low": 249.5, "q_high": 249.5,
    }  # fmt: skip
    (made,) = compare(reference, current, kind="samples", column=["x"]).comparisons
    assert made.quantiles == tuple(each.swapped() for each in found.quantiles)
