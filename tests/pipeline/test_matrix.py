"""A matrix has in each cell what a comparison of that pair has, and says what is wrong once."""

import json
import math
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import kldiv_cli
from kldiv_cli import InputError, UsageError, compare, matrix
from kldiv_cli.core.measures import DEFAULT_MEASURES, MEASURES
from kldiv_cli.core.pairwise import BATCH

LABELS = ["a", "b", "c", "d", "e", "7", "07"]
WEIGHTS = st.one_of(
    st.integers(0, 4),
    st.integers(0, 10**6),
    st.floats(0, 100).filter(lambda x: x == 0 or x > 1e-9),
)
ASKED = st.lists(
    st.sampled_from([*DEFAULT_MEASURES, "renyi:0.3", "renyi:2", "tsallis:0.5"]),
    min_size=1,
    max_size=2,
    unique=True,
)


def positive(side):
    values = side.values() if isinstance(side, dict) else np.ravel(side)
    return any(value > 0 for value in values)


def bits(value):
    return np.float64(value).tobytes()


def check_cells(sides, measures, **options):
    """Compare every cell with the comparison of its pair, to the last bit."""
    report = matrix(sides, measures=measures, **options)
    for (i, p), (j, q) in product(enumerate(sides), repeat=2):
        pair = {} if i != j else {"names": ("p", "q")}
        found = compare(p, q, measures=measures, estimate=False, **options, **pair)
        for name, value in found.comparisons[0].measures.items():
            assert bits(report.measures[name][i][j]) == bits(value), (name, i, j)
    return report


@settings(max_examples=40)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(LABELS), WEIGHTS, min_size=1).filter(positive),
        min_size=2,
        max_size=4,
    ),
    ASKED,
)
def test_cells_of_labelled_sides_are_comparisons(sides, measures):
    check_cells(sides, measures)


@settings(max_examples=40)
@given(
    st.lists(st.permutations(range(5)), min_size=2, max_size=3),
    st.lists(st.integers(0, 3), min_size=5, max_size=5).filter(any),
    ASKED,
)
def test_cells_of_sides_that_only_their_labels_tell_apart_are_comparisons(
    orders, counts, measures
):
    sides = [{LABELS[at]: counts[place] for place, at in enumerate(order)} for order in orders]
    check_cells(sides, measures)


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any), min_size=2, max_size=3
    ),
    st.sampled_from(["none", "jeffreys", "laplace", "add:0.1", "add:3", "floor:1e-3"]),
    st.sampled_from(["e", "2", "10"]),
    ASKED,
)
def test_cells_of_smoothed_counts_are_comparisons(rows, smoothing, base, measures):
    # Some sides lack an outcome that others name.
    sides = [
        {label: count for label, count in zip(LABELS, row, strict=False) if count != 1}
        for row in rows
    ]
    assume(all(map(positive, sides)))
    check_cells(sides, measures, kind="counts", smoothing=smoothing, base=base)


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.floats(-20, 20), min_size=3, max_size=3), min_size=2, max_size=4),
    st.sampled_from([1, 0.5, 3]),
    ASKED,
)
def test_cells_of_logits_are_comparisons(rows, temperature, measures):
    sides = [np.array(row) for row in rows]
    check_cells(sides, measures, kind="logits", temperature=temperature)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.float32])
@pytest.mark.parametrize("outcomes", [70, 1000])
def test_cells_of_many_outcomes_are_comparisons(labelled, dtype, outcomes):
    random = np.random.default_rng(outcomes)
    rows = random.poisson(3, (9, outcomes)).astype(dtype) * (0.25 if dtype != np.int64 else 1)
    rows = rows.astype(dtype)
    if labelled:
        labels = [f"x{i}" for i in range(outcomes)]
        kept = random.random(rows.shape) < 0.999
        sides = [
            {
                label: value.item()
                for label, value, has in zip(labels, row, own, strict=True)
                if has
            }
            for row, own in zip(rows, kept, strict=True)
        ]
    else:
        sides = list(rows)
    check_cells(sides, ["kl_pq", "js", "chi2_pq"])
