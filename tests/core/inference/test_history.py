"""Limits from past windows: ranks and trends by enumeration, the law by its table."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import estimate
from kldiv_cli.core.inference import history
from kldiv_cli.core.inference.evidence import Past
from kldiv_cli.core.inference.history import Scores, calibrated, scores, trend

WINDOWS = np.array(
    [[30, 50, 20], [35, 45, 20], [25, 60, 15], [31, 49, 20], [28, 52, 20], [40, 40, 20]]
)
STUDENT_7_95 = 1.894578605
"""The 95 % quantile of Student's law with 7 degrees of freedom, from its table."""


def drawn(seed, size, columns=1, scale=0.01):
    """Return scores of `columns` columns in `size` windows, all with the same noise."""
    values = np.random.default_rng(seed).lognormal(-4, 1, (columns, size))
    return [Scores(own, np.full(size, scale)) for own in values]


def test_a_score_is_the_estimate_of_the_public_door_and_its_noise_that_of_the_law():
    found = scores(WINDOWS)
    total = WINDOWS.sum(axis=0)
    for place, window in enumerate(WINDOWS):
        others = total - window
        assert found.values[place] == pytest.approx(estimate(window, others).kl_unclamped)
        noise = (Fraction(1, int(window.sum())) + Fraction(1, int(others.sum()))) * Fraction(2, 2)
        assert found.noise[place] == pytest.approx(float(noise))


@given(st.sampled_from([(19, 0.05, 1), (39, 0.05, 2), (60, 0.05, 3), (9, 0.1, 1), (19, 0.1, 2)]))
def test_of_one_column_exactly_k_of_all_windows_are_outside_the_limit_of_the_others(case):
    size, alpha, rank = case
    (every,) = drawn(size, size + 1)
    outside = 0
    for place in range(size + 1):
        rest = Scores(np.delete(every.values, place), np.delete(every.noise, place))
        found = calibrated([rest], alpha)
        assert found.by_rank
        assert found.false_alarms == pytest.approx(rank / (size + 1))
        outside += every.values[place] > found.limits[0] * (1 + 1e-12)
    assert outside == rank


def is_outside(columns, own, column, rank):
    """Return whether a window is among the `rank` farthest, by the definition, for a score alone.

    The other columns are standardised without the window.
    """
    logs = [each.logarithms for each in columns]
    with_own = np.append(logs[column], np.log(own + columns[column].noise[0]))
    standardised = (with_own - with_own.mean()) / with_own.std(ddof=1)
    others = [
        (each - each.mean()) / each.std(ddof=1)
        for place, each in enumerate(logs)
        if place != column
    ]
    past = np.max([standardised[:-1], *others], axis=0)
    return np.sum(past >= standardised[-1]) < rank


@pytest.mark.parametrize(("size", "alpha", "rank"), [(19, 0.05, 1), (60, 0.05, 3)])
def test_the_limits_of_several_columns_are_where_the_maximum_says(size, alpha, rank):
    columns = drawn(5, size, columns=7)
    found = calibrated(columns, alpha)
    for column, limit in enumerate(found.limits):
        assert is_outside(columns, limit * (1 + 1e-6), column, rank)
        assert not is_outside(columns, limit * (1 - 1e-6), column, rank)


def test_few_windows_have_limits_by_the_law_of_the_logarithms():
    (column,) = drawn(1, 8)
    found = calibrated([column], 0.05)
    assert not found.by_rank
    assert found.false_alarms == 0.05
    logs = np.log(column.values + column.noise)
    step = STUDENT_7_95 * np.sqrt(1 + 1 / 8)
    limit = np.exp(logs.mean() + step * logs.std(ddof=1)) - 0.01
    assert found.limits[0] == pytest.approx(limit, rel=1e-8)
    # Each of several columns has a part of the level.
    twice = calibrated([column, column], 0.1)
    assert twice.limits == pytest.approx((limit, limit), rel=1e-8)


def test_what_is_far_below_the_noise_is_taken_for_as_little_as_can_be_seen():
    column = Scores(np.array([-0.01, -0.0099, 0.02]), np.full(3, 0.01))
    assert column.logarithms == pytest.approx(np.log([0.001, 0.001, 0.03]))
    assert column.vary
    assert not Scores(np.full(3, -0.01), np.full(3, 0.01)).vary
    assert not Scores(np.zeros(3), np.zeros(3)).vary


def test_a_limit_is_never_negative():
    column = Scores(np.array([-0.009, -0.0085, -0.008] * 7), np.full(21, 0.01))
    assert calibrated([column], 0.05).limits == (0.0,)


def test_the_trend_has_the_p_value_of_all_orders():
    windows = WINDOWS
    size = len(windows)
    shares = windows / windows.sum(axis=1, keepdims=True)

    def jensen_shannon(p, q):
        middle = (p + q) / 2
        return (p * np.log(p / middle) + q * np.log(q / middle)).sum() / 2

    pairs = [(i, j) for i in range(size) for j in range(i)]
    alike = np.array([jensen_shannon(shares[i], shares[j]) for i, j in pairs])
    ranks = np.array([np.sum(alike < own) + (np.sum(alike == own) + 1) / 2 for own in alike])
    apart = {lag: np.mean([place for place, each in enumerate(sorted(i - j for i, j in pairs), 1)
                           if each == lag]) for lag in range(1, size)}  # fmt: skip
    found = [
        sum(
            rank * apart[abs(order[i] - order[j])]
            for rank, (i, j) in zip(ranks, pairs, strict=True)
        )
        for order in permutations(range(size))
    ]
    exact = np.mean(np.array(found) >= found[0] - 1e-9)
    assert trend([windows]).p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / 500))


def test_a_trend_is_found_in_any_column_and_in_no_windows_at_random():
    draw = np.random.default_rng(8)
    still = [draw.multinomial(500, [0.2, 0.3, 0.5]) for _ in range(15)]
    moves = [draw.multinomial(500, [0.2 + 0.02 * i, 0.5 - 0.02 * i, 0.3]) for i in range(15)]
    found = trend([np.array(still), np.array(moves)])
    assert found.p_value == found.of_columns[1] == 1 / 500
    assert found.of_columns[0] > 0.05
    assert trend([np.array(moves)[draw.permutation(15)]]).p_value > 0.05
    assert trend([np.array([[5, 5]] * 10)]).p_value == 1.0


def test_windows_of_other_sizes_are_not_compared():
    past = history.History(9, (400, 500), {"x": 0.1}).of("x")
    assert past == Past(9, (400, 500), 0.1)
    assert [past.fits(rows) for rows in (249, 250, 400, 800, 801)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert history.History(9, (400, 500)).of("x") is None
