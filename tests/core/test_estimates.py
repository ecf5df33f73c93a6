"""The estimate from Python: what it takes and what it refuses."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli import estimate

EQUAL = ([480, 310, 210], [500, 300, 200])


@pytest.mark.parametrize(
    ("p", "q", "settings", "kind", "message"),
    [
        ([1, -2, 3], [1, 2, 3], {}, ValueError,
         r"p_counts\[1\]: expected a finite number >= 0, found .*-2"),
        ([1, 2, 3], [1, 2.5, 3], {}, ValueError, r"q_counts\[1\]: expected a whole number"),
        ([1, math.nan], [1, 2], {}, ValueError, r"p_counts\[1\]: expected a finite number"),
        ([1, math.inf], [1, 2], {}, ValueError, r"p_counts\[1\]: expected a finite number"),
        ([0, 0], [1, 2], {}, ValueError, "p_counts: expected a positive total, found only zeros"),
        ([], [], {}, ValueError, r"p_counts: expected one count an outcome, .* shape \(0,\)"),
        ([[1, 2]], [1, 2], {}, ValueError, r"p_counts: .* shape \(1, 2\)"),
        (5, [1], {}, ValueError, r"p_counts: .* shape \(\)"),
        ([1, 2], [1, 2, 3], {}, ValueError, "q_counts: expected 2 outcomes .*, found 3"),
        ("ab", "ab", {}, TypeError, "p_counts: expected an array or a mapping"),
        (["1", "2"], [1, 2], {}, TypeError, "p_counts: expected numbers"),
        ([1, None], [1, 2], {}, TypeError, r"p_counts\[1\]: expected a number, found None"),
        ([True, False], [1, 2], {}, TypeError, "p_counts: expected numbers, found bool"),
        ({"a": 1}, [1], {}, TypeError, "q_counts: expected a mapping"),
        ([1], {"a": 1}, {}, TypeError, "p_counts: expected a mapping"),
        ({"a": 1, "b": "x"}, {"a": 1}, {}, TypeError, "p_counts"),
        ({"a": 5, "b": -1}, {"a": 5}, {}, ValueError, r"p_counts\['b'\]: expected a finite"),
        ({}, {"a": 5}, {}, ValueError, "p_counts: expected a positive total"),
        ([3], [3], {"max_kl": -1}, ValueError, "max_kl: expected a finite number >= 0, found -1"),
        ([3], [3], {"max_kl": math.inf}, ValueError, "max_kl: expected a finite number"),
        ([3], [3], {"max_kl": math.nan}, ValueError, "max_kl: expected a finite number"),
        ([3], [3], {"max_kl": "x"}, TypeError, "max_kl: expected a number, found 'x'"),
        ([3], [3], {"alpha": 0}, ValueError, "alpha: expected 1e-6 <= alpha < 1, found 0"),
        ([3], [3], {"alpha": 1}, ValueError, "alpha: expected 1e-6 <= alpha < 1, found 1"),
        ([3], [3], {"alpha": True}, TypeError, "alpha: expected a number, found True"),
    ],
)  # fmt: skip
def test_bad_input_is_named(p, q, settings, kind, message):
    with pytest.raises(kind, match=message):
        estimate(p, q, **settings)


COUNTS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=6
).filter(lambda rows: all(any(side) for side in zip(*rows, strict=True)))


@settings(deadline=None)
@given(COUNTS, st.booleans())
def test_an_estimate_is_inside_its_interval(rows, known):
    p, q = map(list, zip(*rows, strict=True))
    found = estimate(p, [n / sum(q) for n in q] if known else q)
    assert 0 <= found.low <= found.kl <= found.high
    if found.low <= found.kl_unclamped <= found.high:
        assert found.kl == found.kl_unclamped
    elif found.kl_unclamped < found.low:
        assert found.kl == found.low
    else:
        assert found.kl == found.high


def test_an_estimate_below_zero_is_zero():
    found = estimate([300, 300, 400], [310, 295, 395])
    assert (found.kl, found.low) == (0.0, 0.0)
    assert found.kl_unclamped < 0


def test_numbers_of_any_type_will_do():
    expected = estimate([480, 310, 210], [500, 300, 200])
    for kind in (np.uint16, np.int64, np.float32, np.float64, object):
        assert estimate(*(np.array(side, dtype=kind) for side in EQUAL)) == expected


@pytest.mark.parametrize("pair", list(itertools.combinations([
    [1], [7], [10**12], [0.5, 0.5], [1, 0], [0, 3], [5, 5], [10**12, 1], [1e-300, 1.0],
], 2)))  # fmt: skip
def test_no_degenerate_input_fails(pair):
    size = max(map(len, pair))
    p, q = (side + [0] * (size - len(side)) for side in pair)
    for sides in ((p, q), (q, p)):
        for max_kl in (0, 0.05, 1e9):
            found = estimate(*sides, max_kl=max_kl)
            assert found.verdict in ("pass", "drift", "inconclusive")
            assert not math.isnan(found.kl)


def test_no_zero_has_a_sign():
    sides = [([1, 2], [1, 2]), ([0.5, 0.5], [1, 1]), ([7], [9]), ([1, 0], [1, 0]), (*EQUAL,)]
    for p, q in sides:
        for max_kl in (0, 0.05):
            numbers = [x for x in estimate(p, q, max_kl=max_kl) if isinstance(x, float)]
            assert numbers
            assert all(x != 0.0 or math.copysign(1.0, x) == 1.0 for x in numbers)
