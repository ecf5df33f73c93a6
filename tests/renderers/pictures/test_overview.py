"""The picture of several divergences: a row each, with its interval and its limit."""

import math

import pytest

from kldiv_cli.renderers.pictures.overview import MOST_ROWS, Entry, overview
from kldiv_cli.renderers.pictures.scales import BEYOND


def entry(name, verdict="drift", value=0.2, low=0.15, high=0.3, limit=0.05, **more):
    return Entry(name, verdict, value, (low, high), limit=limit, **more)


def test_rows_keep_their_order_and_those_that_pass_are_apart():
    picture = overview(
        [entry("b"), entry("a", value=None), entry("d", "pass", folded=True)], "nats"
    )
    assert [row.entry.name for row in picture.rows] == ["b", "a"]
    assert [row.entry.name for row in picture.passing] == ["d"]
    assert picture.rows[1].span is None
    assert (picture.limit, picture.left_out) == (0.05, 0)


def test_the_dot_the_interval_and_the_limit_lie_where_their_numbers_say():
    picture = overview([entry("a")], "nats")
    (row,), axis = picture.rows, picture.axis
    assert row.span.place == axis.place(0.2)
    assert row.span.interval == (axis.place(0.15), axis.place(0.3))
    assert row.span.limit == axis.place(0.05)
    assert row.span.limit / row.span.place == pytest.approx(0.5)


def test_an_interval_without_an_upper_limit_goes_on_beyond_the_axis_and_widens_it_not():
    endless = overview([entry("a", high=math.inf)], "nats")
    assert endless.rows[0].span.beyond
    assert endless.rows[0].span.interval[1] == 1
    assert endless.axis.high == BEYOND * 0.2


def test_one_wide_interval_does_not_squeeze_all_others():
    picture = overview([entry("a"), entry("b", high=500.0)], "nats")
    assert picture.axis.high <= BEYOND * 4 * 0.2
    assert [row.span.beyond for row in picture.rows] == [False, True]


def test_what_has_no_interval_and_no_limit_has_a_dot_alone():
    picture = overview([Entry("a", "", 0.2, None)], "nats")
    assert picture.rows[0].span == (picture.axis.place(0.2), None, False, None)


def test_an_infinite_divergence_lies_beyond_the_finite_ones():
    first, second = overview([entry("a", value=math.inf), entry("b")], "nats").rows
    assert second.span.place < first.span.place < 1


def test_limits_of_their_own_are_drawn_row_by_row():
    picture = overview([entry("a", limit=0.1), entry("b", limit=0.05)], "nats")
    assert picture.limit is None
    assert [row.span.limit for row in picture.rows] == [
        picture.axis.place(limit) for limit in (0.1, 0.05)
    ]


def test_at_most_sixty_rows_are_drawn():
    entries = [entry(str(i)) for i in range(50)]
    entries += [entry(str(i), "pass", folded=True) for i in range(50, 300)]
    picture = overview(entries, "nats")
    assert len(picture.rows) + len(picture.passing) == MOST_ROWS == 60
    assert (len(picture.rows), picture.left_out) == (50, 240)
