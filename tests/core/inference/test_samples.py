"""Two samples over one support."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_samples import COUNTS, columns

from kldiv_cli.core.inference.samples import merge, pool, samples


def test_an_outcome_that_nobody_has_is_left_out():
    pair = samples([0, 3, 0, 1], [0, 2, 5, 0])
    assert pair.x.tolist() == [3, 0, 1]
    assert pair.place.tolist() == [-1, 0, 1, 2]
    assert (pair.n, pair.m, pair.outcomes, pair.rows) == (4, 7, 3, 4)


def test_rare_outcomes_are_pooled_until_they_are_not_rare():
    pair = samples([50, 40, 4, 3, 2, 1], [50, 40, 2, 3, 4, 1])
    fewer = pool(pair, floor=5)
    assert fewer.x.tolist() == [50, 40, 10]
    assert fewer.place.tolist() == [0, 1, 2, 2, 2, 2]
    assert pool(pair, floor=0, most=3).x.tolist() == [50, 40, 10]
    assert pool(pair, floor=0) is pair
    # One rare outcome takes in the next.
    assert pool(samples([50, 40, 1], [50, 40, 0]), floor=5).outcomes == 2


@given(COUNTS, st.floats(0, 30), st.integers(1, 9))
def test_pooling_loses_no_row_and_the_plug_in_only_falls(rows, floor, most):
    pair = samples(*columns(rows))
    fewer = pool(pair, floor=floor, most=most)
    assert (fewer.n, fewer.m) == (pair.n, pair.m)
    assert (fewer.x.sum(), fewer.y.sum()) == (pair.x.sum(), pair.y.sum())
    assert fewer.outcomes <= max(most, 1)

    def plug_in(some):
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(some.p > 0, some.p * np.log(some.p / some.q), 0)
        return terms.sum()

    assert plug_in(fewer) <= plug_in(pair) + 1e-12


def test_merging_equally_frequent_outcomes_changes_nothing():
    pair = samples([30, 30, 40], [20, 20, 60])
    halves = merge(pair, np.array([True, True, False]))
    assert halves.place.tolist() == [1, 1, 0]
    assert (halves.p @ np.log(halves.p / halves.q)) == pytest.approx(
        pair.p @ np.log(pair.p / pair.q)
    )


def test_few_rows_or_many_hidden_outcomes_are_not_reliable():
    assert samples([50, 50], [60, 60]).reliable
    assert not samples([50, 49], [60, 60]).reliable
    assert not samples([1] * 200, [2] * 200).reliable
    assert samples([5] * 200, [5] * 200).reliable


@pytest.mark.parametrize(("n", "m"), [(100, 100), (60, 400)])
def test_the_hidden_mass_is_estimated_without_bias(n, m):
    q = np.array([0.5, 0.3] + [0.01] * 20)
    rng = np.random.default_rng(8)
    found = [samples(rng.multinomial(n, q), rng.multinomial(m, q)).hidden for _ in range(2000)]
    a, b = (1 - q * min(n, m) / (2 * rows) for rows in (n, m))
    expected = q @ (a ** (n - 1) * b ** (m - 1))
    assert expected == pytest.approx(q @ np.exp(-q * min(n, m)), rel=0.03)
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / math.sqrt(2000))
