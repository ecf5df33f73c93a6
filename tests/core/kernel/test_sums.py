"""No sum depends on which of two sides is called P."""

from __future__ import annotations

import exact
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core.divergences import divergences, evaluate
from kldiv_cli.core.kernel import Side, Weights
from kldiv_cli.core.kernel.sums import order
from kldiv_cli.core.measures import DEFAULT_MEASURES, MEASURES, find

ASKED = [
    find(name)
    for name in (*DEFAULT_MEASURES, *(f"{f}:{a}" for f in ("renyi", "tsallis") for a in (0.5, 1)))
]
SYMMETRIC = [measure.name for measure in ASKED if "symmetric" in measure.traits]
EXCHANGED = {name: name for name in SYMMETRIC} | {
    measure.name: measure.twin for measure in ASKED if measure.twin
}


def assert_same_from_either_side(p, q, kinds=("weights", "weights"), temperature=1.0):
    there, back = ({"kind": kind, "temperature": temperature} for kind in (kinds, kinds[::-1]))
    first = evaluate(p, q, list(EXCHANGED), **there)
    second = evaluate(q, p, list(EXCHANGED.values()), **back)
    for name, twin in EXCHANGED.items():
        np.testing.assert_array_equal(first.values[name], second.values[twin], name)
        np.testing.assert_array_equal(first.bounds[name], second.bounds[twin], name)
    # Alone some are computed in another way.
    for names in (["jeffreys"], ["psi", "tv"], ["js"]):
        first, second = (
            divergences(p, q, measures=names, **there),
            divergences(q, p, measures=names, **back),
        )
        for name in names:
            np.testing.assert_array_equal(first[name], second[name], name)


def test_the_symmetric_measures_of_the_field_are_among_those_tested():
    assert {
        "jeffreys",
        "psi",
        "js",
        "js_distance",
        "hellinger",
        "tv",
        "bhattacharyya",
        "renyi:0.5",
        "tsallis:0.5",
    } <= set(SYMMETRIC)
    assert {name for name in MEASURES if MEASURES[name].twin} < set(EXCHANGED)


def test_two_hundred_random_pairs():
    rng = np.random.default_rng(0)
    for _ in range(200):
        p, q = rng.random((2, int(rng.integers(2, 40))))
        assert_same_from_either_side(p, q)


@pytest.mark.parametrize("seed", [0, 1])
def test_every_class_of_input(seed):
    for _, p, q, kinds, temperature in exact.pairs(48, 300 + seed):
        assert_same_from_either_side(p, q, kinds, temperature)
        # Rows of both orders in one batch; of different kinds every row has the same order.
        if kinds[0] == kinds[1]:
            p, q = np.array([p, q, p]), np.array([q, p, p])
            assert_same_from_either_side(p, q, kinds, temperature)
            values = divergences(p, q, measures=SYMMETRIC, kind=kinds, temperature=temperature)
            for name in SYMMETRIC:
                assert values[name][0] == values[name][1], name
                assert values[name][2] == 0.0


DTYPES = ("f8", "f4", "f2", ">f8", "i1", "u1", "i4", "i8", "u8", "O")


@st.composite
def numbers(draw, shape, kind):
    """An array of weights or of their logarithms, of any type of numbers."""
    size = shape[0] * shape[1]
    if kind != "weights":
        values = st.one_of(st.floats(-30, 30, width=32), st.just(-np.inf), st.integers(-3, 3))
        array = np.array(draw(st.lists(values, min_size=size, max_size=size)), float)
        array = array.reshape(shape)
        array[~np.isfinite(array).any(axis=1), 0] = 0.0
        return array.astype(draw(st.sampled_from(("f8", "f4", ">f8"))))
    dtype = draw(st.sampled_from(DTYPES))
    if np.dtype(dtype).kind == "f":
        top = 2.0**10 if dtype == "f2" else 2.0**30
        values = st.one_of(st.floats(0.0, top, width=16 if dtype == "f2" else 32), st.just(0.0))
    elif dtype == "O":
        values = st.one_of(st.integers(0, 9), st.integers(0, 10**40))
    else:
        top = int(np.iinfo(dtype).max)
        values = st.one_of(st.integers(0, min(9, top)), st.integers(0, top))
    array = np.array(draw(st.lists(values, min_size=size, max_size=size)), dtype).reshape(shape)
    array[~(array != 0).any(axis=1), 0] = 1
    # Weights of doubles far apart are refused from either side.
    return np.where((array != 0) & (array < 1e-6), np.asarray(1, dtype), array).astype(dtype)


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_numbers_of_every_type_and_kind(data):
    kinds = data.draw(st.tuples(*[st.sampled_from(("weights", "logits", "log-probs"))] * 2))
    outcomes = data.draw(st.integers(1, 5))
    rows = data.draw(st.sampled_from([(1, 1), (1, 3), (3, 1), (3, 3)]))
    p, q = (
        data.draw(numbers((count, outcomes), kind))
        for count, kind in zip(rows, kinds, strict=True)
    )
    logs = any(kind != "weights" for kind in kinds)
    temperature = data.draw(st.sampled_from([1.0, 0.7, 3])) if logs else 1.0
    assert_same_from_either_side(p, q, kinds, temperature)
    assert_same_from_either_side(p[0], q[0], kinds, temperature)


def test_large_batches_and_vectors_that_meet_them():
    rng = np.random.default_rng(1)
    p, q = rng.random((2, 2000, 30))
    sparse = np.where(rng.random(p.shape) < 0.5, 0.0, p)
    sparse[:, -1] = 1.0
    for sides in ((p, q), (p[0], q), (sparse, q), (sparse, sparse[::-1]), (p.astype("f4"), p)):
        assert_same_from_either_side(*sides)
    assert_same_from_either_side(9 * p, 9 * q, ("logits", "logits"), 2.0)
    assert_same_from_either_side(p, np.log(q), ("weights", "log-probs"))


def test_a_table_of_distances_is_symmetric():
    rng = np.random.default_rng(2)
    p = rng.random((12, 7))
    found = divergences(p[:, None], p[None], measures=SYMMETRIC)
    for name, table in found.items():
        np.testing.assert_array_equal(table, table.T, name)
        assert not table.diagonal().any()


def order_of(p, q, logarithmic=(False, False)):
    sides = (
        Side(Weights(np.atleast_2d(x)), log) for x, log in zip((p, q), logarithmic, strict=True)
    )
    return order(*sides).tolist()


def test_the_order_of_sides():
    p, q = [[1.0, 3.0], [2.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 2.0], [1.0, 1.0]]
    assert (order_of(p, q), order_of(q, p)) == ([1, -1, 0], [-1, 1, 0])
    # Weights come before logarithms, whatever the numbers.
    assert order_of([5.0], [1.0], (False, True)) == [-1]
    assert order_of([1.0], [5.0], (True, False)) == [1]
    # A comparison does not see the difference, but the types differ.
    p, q = np.array([2**53 + 1, 1]), np.array([2.0**53, 1.0])
    assert order_of(p, q) == [-x for x in order_of(q, p)] != [0]
    assert_same_from_either_side(p, q)
    # Long rows are compared piece by piece.
    p = np.ones(200_000)
    q = p.copy()
    q[150_000] = 2.0
    assert (order_of(p, q), order_of(q, p), order_of(p, p)) == ([-1], [1], [0])


def test_rows_that_are_alike_take_no_side():
    p = np.array([[1, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
    q = np.array([[1, 0, 0, 0, 0], [1, 1, 1, 1, 2]])
    assert_same_from_either_side(p, q)
