"""Labels that are intervals: which are, which only look so, and which bins of two sides meet."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core import intervals
from kldiv_cli.core.intervals import (
    BinsDifferError,
    Interval,
    Intervals,
    matched,
    of_labels,
    parse,
)

NAMES = ("p", "q")


def bins(*labels, said=True):
    found = of_labels(labels, said=said)
    assert found is not None
    return found


def positions(first, second, empty=None):
    if empty is None:
        empty = ([False] * len(first.bins), [False] * len(second.bins))
    return matched(first, second, empty, NAMES)


@pytest.mark.parametrize(
    ("label", "interval"),
    [
        ("(0, 1]", (0, 1, False, True)),
        ("(0.0, 1.0]", (0, 1, False, True)),
        ("(0,1]", (0, 1, False, True)),
        ("[0,1)", (0, 1, True, False)),
        (" [ -1.5 ; 2e3 ) ", (-1.5, 2000, True, False)),
        ("]0, 1]", (0, 1, False, True)),
        ("[0, 1[", (0, 1, True, False)),
        ("(-inf, 18]", (-math.inf, 18, False, True)),
        ("[-inf, 18]", (-math.inf, 18, False, True)),
        ("(5, inf]", (5, math.inf, False, False)),
        ("(5, Inf)", (5, math.inf, False, False)),
        ("[5, +Infinity]", (5, math.inf, True, False)),
        ("(1.23e+03,2.46e+03]", (1230, 2460, False, True)),
        ("(-0.001, 1.0]", (-0.001, 1, False, True)),
        ("[-0.0, 1)", (0, 1, True, False)),
        ("0.0 < x <= 1.0", (0, 1, False, True)),
        ("0<=age<18", (0, 18, True, False)),
        ("x <= 1.0", (-math.inf, 1, False, True)),
        ("x > 1.0", (1, math.inf, False, False)),
        ("x >= 1", (1, math.inf, True, False)),
        ("1 < x", (1, math.inf, False, False)),
    ],
)
def test_an_interval_is_parsed_whatever_its_spelling(label, interval):
    found = parse(label)
    assert found == Interval(*interval)
    assert parse(found.label) == found
    assert math.copysign(1, found.low) == (1 if found.low >= 0 else -1)


@pytest.mark.parametrize(
    "label",
    [
        "18-24", "[18-25)", "18 to 24", "0..1", "(0, 1", "0, 1]", "(a, b]", "(1, 0]", "(1, 1]", "",
        "(1,1.0]", "(0, 1, 2]", "[0]", "(2024-01-01, 2024-02-01]", "(nan, 1]", "(1_0, 2]",
        "(\u0660, 1]", "(inf, -inf)", "x(0, 1]",
        "<18", "> 5", "x", "x < y", "1 < 2", "2 < x < 1", "0 < x > 1", "0 > x", "1 <",
        "<unk>", "a->b",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_interval_is_none(label):
    assert parse(label) is None


@pytest.mark.parametrize(
    "labels",
    [
        ["(0, 1]", "(1, 2]"],
        ["[0, 1]", "(1, 2]"],
        ["[0, 1)", "[1, 2]"],
        ["(0, 1]", "(3, 4]"],
        ["(3, 4]", "(0, 1]", ""],
        ["(0, 1]", "NaN"],
        ["(-inf, 0)", "[0, inf)"],
        ["(-inf, 0)", "[0, 1]", "(1, inf)"],
        ["(0, 1]"],
    ],
)
def test_bins_are_intervals_of_which_one_holds_the_edge_between_two(labels):
    assert of_labels(labels) is not None


@pytest.mark.parametrize(
    "labels",
    [
        ["(1, 2)", "(3, 4)"],
        ["[1, 2]", "[3, 4]"],
        ["(0, 1)", "(1, 2)"],
        ["[0, 1]", "[1, 2]"],
        ["(0, 2]", "(1, 3]"],
        ["(0, 1]", "(0.0, 1.0]"],
        ["(0, 10]", "(0, 20]"],
        ["(0, 1]", "other"],
        ["(0, 1]", "NA", "NaN"],
        ["(1, 2)"],
        ["[1, 2]"],
        ["NA"],
        [],
    ],
)
def test_pairs_of_numbers_and_intervals_that_overlap_are_no_bins(labels):
    assert of_labels(labels) is None


def test_bins_are_matched_by_their_edges_in_any_order_and_spelling():
    first = bins("(0, 1]", "(1, 2]", "(2, 3.5]")
    assert positions(first, bins("(2.0,3.5]", "(0.0,1.0]", "(1,2e0]")) == [2, 0, 1]
    # The bracket at an outermost edge does not matter, nor that at an infinite end.
    assert positions(first, bins("[0, 1]", "(1, 2]", "(2, 3.5]")) == [0, 1, 2]
    assert positions(bins("(-inf, 0]", "(0, inf]"), bins("[-inf, 0]", "(0, inf)")) == [0, 1]


def test_edges_that_were_computed_in_two_ways_are_one():
    steps = [0.1 * i for i in range(11)]
    assert steps[3] != 0.3
    decimals = [i / 10 for i in range(11)]
    first, second = (bins(*intervals.between(edges)) for edges in (steps, decimals))
    assert positions(first, second) == list(range(10))
    exact = np.linspace(-2, 2, 13).tolist()
    sums = [-2 + i * (4 / 12) for i in range(13)]
    first, second = (bins(*intervals.between(edges)) for edges in (exact, sums))
    assert positions(first, second) == list(range(12))
    apart = bins("[0, 1)", "[1, 2]"), bins("[0, 1.00000001)", "[1.00000001, 2]")
    with pytest.raises(BinsDifferError):
        positions(*apart)


def test_an_inner_bin_that_a_side_leaves_out_is_empty_there():
    first, second = bins("(0, 1]", "(1, 2]", "(2, 3]"), bins("(0, 1]", "(2, 3]")
    assert positions(first, second) == [0, 2]
    assert positions(second, first) == [0, None, 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["(0, 1]", "(1, 2]"], ["(0, 1.1]", "(1.1, 2]"]),
        (["(0, 1]", "(1, 2]"], ["(0, 1]", "(1, 2]", "(2, 3]"]),
        (["(0, 1]", "(1, 2]"], ["(0, 2]"]),
        (["(0, 1]", "(1, 2]"], ["(-1, 0]", "(0, 1]", "(1, 2]"]),
        (["(0, 1]", "(1, 2]"], ["(1, 2]"]),
        (["(0, 1]", "(1, 3]"], ["(0, 1]", "(2, 3]"]),
        (["(-inf, 1]", "(1, inf)"], ["(0, 1]", "(1, 2]"]),
        (["(-inf, 1]", "(1, inf)"], ["(-inf, 2]", "(2, inf)"]),
        (["(0, 1]", "(1, 2]"], ["[0, 1)", "[1, 2)"]),
        (["(5, 6]"], ["(0, 1]"]),
    ],
)
def test_other_edges_are_refused_both_ways_round(first, second):
    for one, other in ((first, second), (second, first)):
        with pytest.raises(BinsDifferError, match="edge"):
            positions(bins(*one), bins(*other))


def test_an_empty_bin_beyond_all_edges_need_not_be_on_the_other_side():
    flow, plain = bins("(-inf, 0)", "[0, 1)", "[1, 2)", "[2, inf)"), bins("[0, 1)", "[1, 2]")
    for empty_flow in ([True, False, False, True], [True] * 4):
        assert positions(flow, plain, (empty_flow, [False] * 2)) == [1, 2]
        assert positions(plain, flow, ([False] * 2, empty_flow)) == [None, 0, 1, None]
    with pytest.raises(BinsDifferError, match="reach"):
        positions(flow, plain, ([False, False, False, True], [False] * 2))


def test_of_rows_an_outer_bin_may_be_on_one_side_alone():
    first, second = bins("(0, 1]", "(1, 2]"), bins("(1, 2]", "(2, 3]")
    assert matched(first, second, None, NAMES) == [1, None]
    with pytest.raises(BinsDifferError):
        matched(first, bins("(1.5, 2]"), None, NAMES)


def test_which_edge_a_bin_holds_matters_only_where_the_source_says_it():
    said, other = bins("(0, 1]", "(1, 2]"), of_labels(["[0, 1)", "[1, 2)"], said=False)
    assert positions(said, other) == [0, 1]
    assert positions(other, said) == [0, 1]


def test_the_missing_values_of_both_sides_meet():
    assert positions(bins("(0, 1]", "(1, 2]", ""), bins("NaN", "(0, 1]", "(1, 2]")) == [2, 0, 1]


@pytest.mark.parametrize("closed_above", [False, True])
def test_labels_between_edges_have_the_edges(closed_above):
    edges = [-math.inf, -1.5, 0.1 + 0.2, 7, math.inf]
    labels = intervals.between(edges, closed_above=closed_above)
    found = bins(*labels)
    assert found.edges == tuple(edges)
    assert found.closed_above is closed_above
    assert bins(*intervals.between([0, 1, 2])).ordered[-1] == Interval(1, 2, True, True)
    assert bins(*intervals.between([0, 1, 2], closed_above=True)).ordered[0] == Interval(
        0, 1, True, True
    )


numbers = st.integers(-8, 8).map(lambda n: n / 2)


@given(
    st.lists(numbers, min_size=2, max_size=8, unique=True).map(sorted),
    st.lists(numbers | st.sampled_from([math.inf, -math.inf]), max_size=60),
    st.booleans(),
    st.sets(st.integers(0, 6), max_size=3),
)
def test_numbers_are_counted_in_the_bin_that_holds_them(edges, values, closed_above, left_out):
    labels = intervals.between(edges, closed_above=closed_above)
    labels = [label for i, label in enumerate(labels) if i not in left_out]
    found = of_labels(labels)
    if found is None:
        return
    array = np.array(values, dtype=np.float64)
    counts, outside = found.counts_of(array)

    def holds(bin, value):
        exact = Fraction(value) if math.isfinite(value) else value
        above = exact > bin.low or (bin.with_low and exact == bin.low)
        return above and (exact < bin.high or (bin.with_high and exact == bin.high))

    assert counts == [sum(holds(bin, value) for value in values) for bin in found.bins]
    assert sum(counts) + sum(number for _, number in outside) == len(values)
    for label, number in outside:
        if label in ("-inf", "+inf"):
            assert values.count(float(label)) == number
        else:
            finite = [value for value in values if math.isfinite(value)]
            assert sum(holds(parse(label), value) for value in finite) == number
    repeated = found.counts_of(np.unique(array), np.unique(array, return_counts=True)[1])
    assert repeated == (counts, outside)


def test_an_infinite_number_is_in_the_outer_bin_that_has_no_end():
    infinite = np.array([math.inf, -math.inf, 0.5, 3.0])
    assert bins("(-inf, 1]", "(1, inf)").counts_of(infinite) == ([2, 2], [])
    assert bins("(0, 1]", "(1, inf]").counts_of(infinite) == ([1, 2], [("-inf", 1)])
    counts, outside = bins("(0, 1]", "(1, 2]").counts_of(infinite)
    assert (counts, outside) == ([1, 0], [("(2, inf)", 1), ("-inf", 1), ("+inf", 1)])


def below(*bounds):
    lows = (-math.inf, *bounds)
    return Intervals(
        tuple(Interval(low, high, False, True) for low, high in zip(lows, bounds, strict=False)),
        said=False,
        bounds=True,
    )


def test_bins_that_are_known_by_upper_bounds_match_where_these_are_equal():
    assert positions(below(0.5, 1, 2), below(0.5, 1, 2)) == [0, 1, 2]
    assert positions(below(0.5, 1, math.inf), bins("(-inf, 0.5]", "(0.5, 1]", "(1, inf)")) == [
        0, 1, 2,
    ]  # fmt: skip
    # The bounds that one side leaves out are empty there.
    assert positions(below(0.5, 1, 2), below(0.5, 2)) == [0, 2]
    with pytest.raises(BinsDifferError):
        positions(below(0.5, 1, 2), below(0.5, 1.5, 2))
    with pytest.raises(BinsDifferError):
        positions(below(0.5, 1, 2), below(0.5, 1))
