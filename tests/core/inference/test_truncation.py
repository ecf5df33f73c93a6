"""Truncated surprisals and their estimates, against rational numbers and sums."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_samples import exact_surprisal

from kldiv_cli.core.inference.truncation import estimated_surprisal, surprisal


@given(st.integers(1, 60), st.data())
def test_an_estimated_surprisal_is_its_definition(m, data):
    order = data.draw(st.integers(0, m))
    y = list(range(m + 1))
    found = estimated_surprisal(np.array(y, dtype=float), m, order)
    for count, value in zip(y, found, strict=True):
        assert value == pytest.approx(float(exact_surprisal(count, m, order)), abs=1e-12)


@pytest.mark.parametrize(
    ("y", "m", "order"),
    [
        (99_999, 10_000_000, 3000),  # the prefix sum
        (100_001, 10_000_000, 200),  # the short series
        (100_001, 5_000_000, 1001),  # the quadrature, from here on
        (100_001, 200_000, 1001),
        (150_000, 50_000_000, 5000),
        (200_000, 1_000_000_000, 200_000),
        (100_001, 1_000_000_000, 900_000),
        (1_000_000, 1_000_000_000, 2000),
        (2_000_000, 3_000_000_000, 1200),
    ],
)
def test_large_counts_agree_with_the_sum(y, m, order):
    steps = np.arange(min(y, m - order), dtype=np.longdouble)
    product = np.exp(np.cumsum(np.log1p(-order / (m - steps))))
    partial = float(np.sum(product / (steps + 1)))
    expected = float(mpmath.harmonic(order) - mpmath.harmonic(y)) + partial
    found = estimated_surprisal(np.array([float(y)]), m, order)[0]
    assert found == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("p", [0.0, 1e-16, 1e-12, 1e-6, 1e-3, 0.2, 0.999, 1.0])
@pytest.mark.parametrize("order", [1, 2, 999, 1000, 1001, 1500, 200_000])
def test_a_truncated_surprisal_is_its_sum(p, order):
    steps = np.arange(1, order + 1)
    expected = math.fsum((1 - p) ** steps / steps)
    assert surprisal(np.array([p]), order)[0] == pytest.approx(expected, abs=2e-11)


def test_an_endless_series_is_the_logarithm():
    found = surprisal(np.array([0.25, 1.0, 0.0]), math.inf)
    assert found.tolist() == [-math.log(0.25), 0, math.inf]
