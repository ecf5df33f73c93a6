"""The picture of a column: every outcome, its shares, and its part of D."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.report import Shares
from kldiv_cli.renderers.pictures.outcomes import MARK, outcomes, wilson

counts = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=120)


def shares_of(pairs, *, ordered=False, missing=None, labels=None, known=False):
    x, y = np.array(pairs, dtype=float).T
    p, q = x / x.sum(), y / y.sum()
    terms = [_part(a, b) for a, b in zip(p.tolist(), q.tolist(), strict=True)]
    sizes = (math.inf, math.inf) if known else (x.sum(), y.sum())
    labels = labels or [f"({i}, {i + 1}]" for i in range(len(pairs))]
    return Shares(labels, p, q, np.array(terms), *sizes, ordered, (), missing)


def _part(p, q):
    if p == 0:
        return q
    return math.inf if q == 0 else max(p * math.log(p / q) - p + q, 0.0)


def picture_of(pairs, **options):
    return outcomes(shares_of(pairs, **options), "july", "january", "nats")


@given(counts, st.booleans())
def test_shares_and_parts_of_the_rows_add_up_whatever_is_drawn_together(pairs, ordered):
    if not sum(p for p, _ in pairs) or not sum(q for _, q in pairs):
        return
    shares = shares_of(pairs, ordered=ordered)
    picture = outcomes(shares, "p", "q", "nats")
    assert math.fsum(row.p.share for row in picture.rows) == pytest.approx(1, rel=1e-12)
    assert math.fsum(row.q.share for row in picture.rows) == pytest.approx(1, rel=1e-12)
    total = math.fsum(shares.part)
    assert picture.total == pytest.approx(total, rel=1e-12)
    if math.isfinite(total) and total > 0:
        assert math.fsum(row.percent for row in picture.rows) == pytest.approx(100, rel=1e-9)


def test_a_join_is_as_long_as_the_log_of_the_ratio():
    picture = picture_of([(10, 20), (40, 20), (50, 60)])
    span = math.log(picture.axis.high / picture.axis.low)
    for row in picture.rows:
        length = abs(row.p.place - row.q.place) * span
        assert length == pytest.approx(abs(math.log(row.p.share / row.q.share)), rel=1e-9)


def test_categories_come_by_their_parts_and_missing_values_last():
    labels = ["a", "b", "c", "(missing)"]
    picture = picture_of([(50, 49), (1, 20), (49, 1), (5, 900)], labels=labels, missing=3)
    assert [row.label for row in picture.rows] == ["c", "a", "b", "(missing)"]
    assert [row.move for row in picture.rows] == ["more", "more", "less", "less"]
    assert picture.said == ""


def test_of_many_categories_twenty_are_drawn_and_the_others_as_one():
    pairs = [(i + 1, 40 - i) for i in range(40)]
    picture = picture_of(pairs)
    assert len(picture.rows) == 21
    others = picture.rows[-1]
    assert (others.label, others.several) == ("others (20)", 20)
    assert min(row.part for row in picture.rows[:-1]) >= others.part / 20
    assert picture.said == "20 of 40 outcomes, the largest parts first"


def test_outcomes_without_mass_are_drawn_as_bins_alone():
    pairs = [(5, 5), (0, 0), (5, 5)]
    assert len(picture_of(pairs).rows) == 2
    assert len(picture_of(pairs, ordered=True).rows) == 3


def test_many_bins_are_thinned_between_the_first_and_the_last():
    pairs = [(i % 7 + 1, i % 5 + 1) for i in range(100)]
    labels = [*(f"({i}, {i + 1}]" for i in range(99)), "(missing)"]
    picture = picture_of(pairs, ordered=True, labels=labels, missing=99)
    found = [row.label for row in picture.rows]
    assert len(found) <= 41
    assert found[:3] == ["(0, 1]", "(1, 4]", "(4, 7]"]
    assert found[-2:] == ["(98, 99]", "(missing)"]
    assert picture.said == "99 bins; up to 3 adjacent ones are drawn as one"
    merged, shares = picture.rows[1], shares_of(pairs)
    assert merged.part == math.fsum(shares.part[1:4])


def test_forty_bins_are_drawn_each():
    picture = picture_of([(1, 2)] * 40, ordered=True)
    assert [row.several for row in picture.rows] == [1] * 40


def test_an_impossible_outcome_has_an_infinite_part_and_no_percentage():
    picture = picture_of([(5, 0), (5, 10)])
    first, second = picture.rows
    assert first.part == first.length == math.inf
    assert first.percent is second.percent is None
    assert second.length == 1
    assert picture.axis.gutter


def test_equal_sides_have_no_parts():
    for row in picture_of([(5, 5), (7, 7)]).rows:
        assert (row.part, row.length, row.percent, row.move) == (0, 0, None, "same")


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("found", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_whiskers_are_intervals_of_wilson(found, n, low, high):
    assert wilson(found / n, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10**6), st.data())
def test_an_interval_holds_its_share_and_stays_between_0_and_1(n, data):
    share = data.draw(st.integers(0, n)) / n
    low, high = wilson(share, n)
    assert 0 <= low <= share <= high <= 1


def test_whiskers_are_drawn_where_they_are_wider_than_the_mark():
    few, many = picture_of([(3, 5), (7, 5)]), picture_of([(300000, 500000), (700000, 500000)])
    assert all(row.p.whisker and row.q.whisker for row in few.rows)
    assert not any(row.p.whisker or row.q.whisker for row in many.rows)
    for row in few.rows:
        low, high = row.p.whisker
        assert low <= row.p.place <= high
        assert high - low > MARK
    known = picture_of([(3, 5), (7, 5)], known=True)
    assert not any(row.p.whisker or row.q.whisker for row in known.rows)
