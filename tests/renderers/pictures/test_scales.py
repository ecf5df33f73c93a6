"""Axes: where numbers lie, and which are printed."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.renderers.pictures.scales import GUTTER, root_axis, share_axis

shares = st.lists(st.floats(0, 1), min_size=1, max_size=30)
divergences = st.lists(st.floats(0) | st.just(math.inf), min_size=1, max_size=30)


@given(shares)
def test_every_share_has_a_place_in_their_order(values):
    axis = share_axis(values)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert axis.gutter == (0 in values)


def test_equal_lengths_on_the_axis_of_shares_are_equal_ratios():
    axis = share_axis([0.0003, 0.2])
    doubled = axis.place(0.002) - axis.place(0.001)
    assert axis.place(0.2) - axis.place(0.1) == pytest.approx(doubled, rel=1e-12)
    span = math.log(axis.high / axis.low)
    assert doubled == pytest.approx(math.log(2) / span, rel=1e-12)


def test_zero_lies_in_a_gutter_that_no_positive_share_enters():
    axis = share_axis([0.0, 1e-9, 0.5])
    assert axis.place(0.0) < GUTTER <= axis.place(1e-9)
    assert axis.ticks()[0].value == 0


@given(shares)
def test_numbers_at_the_axis_of_shares_lie_where_they_say(values):
    axis = share_axis(values)
    ticks = axis.ticks()
    assert [tick.place for tick in ticks] == [axis.place(tick.value) for tick in ticks]
    assert len({tick.value for tick in ticks}) == len(ticks) >= 2
    for tick in ticks:
        assert not tick.value or f"{tick.value:.0e}"[0] in "1235"


@given(divergences)
def test_every_divergence_has_a_place_in_their_order(values):
    axis = root_axis(values)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert axis.place(-0.1) == axis.place(0) == 0


def test_equal_lengths_on_the_root_axis_are_equal_shifts():
    # D of unit normals d apart is d^2/2.
    axis = root_axis([2.0])
    places = [axis.place(d**2 / 2) for d in (0, 0.5, 1, 1.5, 2)]
    steps = [second - first for first, second in itertools.pairwise(places)]
    assert steps == pytest.approx([steps[0]] * 4, rel=1e-12)


def test_infinity_lies_in_a_gutter_beyond_every_finite_divergence():
    axis = root_axis([3.0, math.inf])
    assert axis.place(3.0) < axis.place(axis.high) == 1 - GUTTER < axis.place(math.inf)
    assert axis.ticks()[-1].value == math.inf


@given(divergences)
def test_numbers_at_the_root_axis_lie_where_they_say_and_do_not_touch(values):
    axis = root_axis(values)
    ticks = axis.ticks()
    assert [tick.place for tick in ticks] == [axis.place(tick.value) for tick in ticks]
    finite = [tick.place for tick in ticks if math.isfinite(tick.value)]
    assert finite[0] == 0
    assert len(finite) >= 3
    gaps = [second - first for first, second in itertools.pairwise(finite)]
    assert min(gaps) >= 0.09
