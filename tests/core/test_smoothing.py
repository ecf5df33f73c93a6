"""Pseudocounts and floors, against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.smoothing import find

COUNTS = st.lists(st.integers(0, 2**62), min_size=1, max_size=8)


def shares(weights):
    exact = [Fraction(weight) for weight in weights]
    return [weight / sum(exact) for weight in exact]


@given(COUNTS)
def test_jeffreys_and_laplace_are_exact_at_any_size(counts):
    for name, pseudocount in (("jeffreys", Fraction(1, 2)), ("laplace", 1), ("add:3", 3)):
        smoothed = find(name).apply(np.array(counts, dtype=np.int64))
        assert shares(smoothed.tolist()) == shares([count + pseudocount for count in counts])


def test_python_integers_are_smoothed_exactly():
    smoothed = find("jeffreys").apply(np.array([2**100, 0], dtype=object))
    assert shares(smoothed.tolist()) == shares([2**101 + 1, 1])


def test_a_fraction_of_a_pseudocount():
    assert find("add:0.25").apply(np.array([1.0, 0.0])).tolist() == [1.25, 0.25]


def test_a_floor_lifts_small_probabilities_and_no_others():
    floored = find("floor:0.01").apply(np.array([[3, 0, 1], [1, 1, 2]]))
    assert floored.tolist() == [[0.75, 0.01, 0.25], [0.25, 0.25, 0.5]]


def test_none_changes_nothing():
    weights = np.array([1, 0])
    assert find("none").apply(weights) is weights


@pytest.mark.parametrize(
    "name",
    [
        "",
        "jefreys",
        "add",
        "add:",
        "add:0",
        "add:-1",
        "add:nan",
        "add:1_0",
        "add:inf",
        "add:1e999",
        "floor:0",
        "floor:1",
        "floor:x",
        "laplace:2",
    ],
)
def test_anything_else_is_refused(name):
    with pytest.raises(ValueError, match="smoothing is none, jeffreys, laplace"):
        find(name)


@pytest.mark.parametrize(
    "weights",
    [
        np.full(4, 2**62),
        np.full(4, 10**30, dtype=object),
        np.full(4, 1.5e308),
        np.full(4, 0.1, dtype=np.float32),
    ],
)
def test_a_floor_survives_large_totals(weights):
    floored = find("floor:0.01").apply(weights)
    assert floored.dtype == np.float64
    assert floored.tolist() == [0.25] * 4
