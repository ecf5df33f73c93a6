"""The Jensen-Shannon divergence of several distributions is the true one, to its last digits."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core.divergences import divergences, jensen_shannon


def true_value(sides):
    """H(M) - sum H(P_i) / n, to 120 digits, of weights as the numbers that they are."""
    with mpmath.workdps(120):
        exact = [[Fraction(x) for x in map(_plain, side)] for side in sides]
        shares = [[x / sum(side) for x in side] for side in exact]
        mixture = [sum(column) / len(sides) for column in zip(*shares, strict=True)]

        def entropy(share):
            numbers = [mpmath.mpf(x.numerator) / x.denominator for x in share if x]
            return -mpmath.fsum(x * mpmath.log(x) for x in numbers)

        return float(entropy(mixture) - mpmath.fsum(map(entropy, shares)) / len(sides))


def _plain(number):
    return number if isinstance(number, int) else float(number)


WEIGHTS = st.lists(
    st.one_of(st.integers(0, 9), st.floats(0, 1e9).filter(lambda x: x == 0 or x > 1e-9)),
    min_size=4,
    max_size=4,
).filter(any)


@given(st.lists(WEIGHTS, min_size=1, max_size=6))
def test_any_weights_have_the_true_value(sides):
    assert jensen_shannon(sides) == pytest.approx(true_value(sides), rel=1e-14, abs=1e-58)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(-14, 0), st.integers(2, 7))
def test_sides_that_nearly_agree_lose_no_digit(seed, exponent, count):
    random = np.random.default_rng(seed)
    base = random.gamma(0.5, size=30) + 1e-6
    sides = [base * np.exp(10.0**exponent * random.normal(size=30)) for _ in range(count)]
    assert jensen_shannon(sides) == pytest.approx(true_value(sides), rel=1e-14, abs=0)


def test_integers_of_any_size_are_what_they_are():
    big = 10**30
    sides = [[big, big + 10**12], [big, big], [big + 10**12, big]]
    assert jensen_shannon(sides) == pytest.approx(true_value(sides), rel=1e-12, abs=0)


@given(WEIGHTS, st.integers(1, 5))
def test_sides_in_proportion_are_nothing_apart(side, count):
    assert jensen_shannon([[3 * x for x in side], *[side] * count]) <= 1e-30
    assert jensen_shannon([side] * count) == 0.0


@given(st.lists(WEIGHTS, min_size=2, max_size=2))
def test_two_sides_have_the_measure_js(sides):
    expected = divergences(*sides, measures=["js"])["js"]
    assert jensen_shannon(sides) == pytest.approx(expected, rel=1e-14, abs=1e-58)


def test_sides_without_a_common_outcome_are_as_far_apart_as_can_be():
    assert jensen_shannon(np.eye(8), base=2) == 3.0
    places = [np.array([i]) for i in range(5)]
    assert jensen_shannon([[7]] * 5, places=places) == pytest.approx(math.log(5), rel=1e-15)


def test_outcomes_at_their_places_are_those_of_sides_that_name_them_all():
    sparse = [[1, 2], [3, 4, 5], [1]]
    places = [np.array([0, 2]), np.array([3, 1, 2]), np.array([4])]
    dense = [[1, 0, 2, 0, 0], [0, 4, 5, 3, 0], [0, 0, 0, 0, 1]]
    assert jensen_shannon(sparse, places=places) == pytest.approx(true_value(dense), rel=1e-14)


def test_logarithms_are_divided_by_the_temperature():
    logs = [np.array([0.0, 1.0, -2.0]), np.array([0.3, -0.7, -np.inf])]
    masses = [np.exp(log / 2.5) for log in logs]
    kinds = ["logits", "log-probs"]
    found = jensen_shannon(logs, kinds=kinds, temperature=2.5)
    assert found == pytest.approx(true_value(masses), rel=1e-13)
    mixed = jensen_shannon([logs[0], masses[1]], kinds=["logits", "weights"], temperature=2.5)
    assert mixed == pytest.approx(found, rel=1e-13)


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        ([], "some arrays"),
        ([[1, 2], [1, 2, 3]], r"\[2, 3\]"),
        ([[[1, 2]], [[2, 1]]], "one axis"),
        ([[1, 2], [0, 0]], "positive total"),
        ([[1, 2], [-1, 3]], ">= 0"),
    ],
)
def test_what_is_no_distribution_is_refused(sides, said):
    with pytest.raises(ValueError, match=said):
        jensen_shannon(sides)
