"""The picture of a check: a row a column, worst first."""

import math

import pytest

from kldiv_cli.core.findings import Finding
from kldiv_cli.core.inference.reasons import Reason
from kldiv_cli.renderers.pictures.overview import MOST_ROWS, entries_of
from kldiv_cli.renderers.pictures.overview import overview as overview_of_entries
from kldiv_cli.renderers.pictures.scales import BEYOND


def finding(column, verdict, kl=0.01, low=0.005, high=0.02, threshold=0.05, **more):
    more = {"reliable": True, "n_reference": 100, "n_current": 100, **more}
    return Finding(
        column, "categorical", verdict, Reason("x", "x"), threshold, kl, low, high, **more
    )


def overview(findings):
    return overview_of_entries(entries_of(findings), "nats")


def test_columns_come_worst_first_and_then_the_largest():
    findings = [
        finding("a", "pass", 0.001), finding("b", "drift", 0.2), finding("c", "pass", 0.002),
        finding("d", "inconclusive", 0.05), finding("e", "drift", 0.3),
        finding("f", "error", "error", "error", "error"),
    ]  # fmt: skip
    picture = overview(findings)
    assert [row.entry.name for row in picture.rows] == ["f", "e", "b", "d"]
    assert [row.entry.name for row in picture.passing] == ["c", "a"]
    assert picture.rows[0].span is None


def test_the_dot_the_interval_and_the_limit_lie_where_their_numbers_say():
    (row,) = overview([finding("a", "drift", 0.2, 0.15, 0.3)]).rows
    axis = overview([finding("a", "drift", 0.2, 0.15, 0.3)]).axis
    assert row.span.place == axis.place(0.2)
    assert row.span.interval == (axis.place(0.15), axis.place(0.3))
    assert row.span.limit == axis.place(0.05)
    assert row.span.limit / row.span.place == pytest.approx(0.5)


def test_an_interval_without_an_upper_limit_goes_on_beyond_the_axis():
    (row,) = overview([finding("a", "inconclusive", 0.06, 0.04, math.inf)]).rows
    assert row.span.beyond
    assert row.span.interval[1] == 1


def test_one_wide_interval_does_not_squeeze_all_others():
    picture = overview([finding("a", "drift", 0.2), finding("b", "inconclusive", 0.1, 0, 500.0)])
    assert picture.axis.high <= BEYOND * 4 * 0.2
    assert [row.span.beyond for row in picture.rows] == [False, True]


def test_exact_and_unreliable_figures_have_no_interval():
    exact = finding("a", "drift", 0.2, 0.2, 0.2, n_reference=math.inf, n_current=math.inf)
    doubted = finding("b", "inconclusive", 0.2, 0.1, 0.4, reliable=False)
    assert [row.span.interval for row in overview([exact, doubted]).rows] == [None, None]


def test_an_infinite_divergence_and_no_limit_are_drawn():
    (row,) = overview([finding("a", "pass", math.inf, math.inf, math.inf, math.inf)]).rows
    assert row.span.limit is None
    assert row.span.place < 1


def test_at_most_sixty_columns_are_drawn():
    findings = [finding(str(i), "drift") for i in range(50)]
    findings += [finding(str(i), "pass") for i in range(50, 300)]
    picture = overview(findings)
    assert len(picture.rows) + len(picture.passing) == MOST_ROWS == 60
    assert (len(picture.rows), picture.left_out) == (50, 240)
