"""The terms of one outcome, against their definitions with 60 digits."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.inference import cells

mp = mpmath.mp.clone()
mp.dps = 60
INF = math.inf

ROWS = [(50, 70), (1000, 30), (10**6, 999), (10**12, 3 * 10**13)]


def psi_by_definition(x, y, n, m):
    def half(x, n, y, m):
        if x == 0:
            return mp.mpf(0)
        own = mp.log(x) if n == INF else mp.digamma(x) - mp.digamma(n)
        other = mp.digamma(m + 1) - mp.digamma(y + 1) if m != INF else -mp.log(y) if y else mp.inf
        return (x if n == INF else x / n) * (own + other)

    return [half(x, n, y, m) + half(y, m, x, n)]


def js_by_definition(x, y, n, m):
    p, q = (side if rows == INF else side / rows for side, rows in ((x, n), (y, m)))
    middle = (p + q) / 2

    def times_log(a, b):
        return a * mp.log(b) if a else mp.mpf(0)

    def spread(a, rows):
        return 0 if rows == INF else a / rows

    w, v = (2 if side == 0 else 1 for side in (x, y))
    bias = spread(w * q * (1 - p), n) + spread(v * p * (1 - q), m)
    first = (times_log(p, p) + times_log(q, q)) / 2 - times_log(middle, middle)
    by_digamma = sum(
        (times_log(side, side) if rows == INF else share * (mp.digamma(side) - mp.digamma(rows)))
        if side
        else 0
        for side, share, rows in ((x, p, n), (y, q, m))
    )
    own = spread(p * (1 - p), n) + spread(q * (1 - q), m)
    second = by_digamma / 2 - times_log(middle, middle) + own / (8 * middle)
    return [first - bias / (8 * middle), second]


def hellinger_by_definition(x, y, n, m):
    p, q = (side if rows == INF else side / rows for side, rows in ((x, n), (y, m)))

    def root(side, rows, at_zero):
        if rows == INF:
            return mp.sqrt(side)
        if side == 0 and not at_zero:
            return mp.mpf(0)
        return mp.gammaprod([side + 1, rows + mp.mpf(1) / 2], [side + mp.mpf(1) / 2, rows + 1])

    return [(p + q) / 2 - root(x, n, zero) * root(y, m, zero) for zero in (True, False)]


DEFINITIONS = [
    (cells.population_stability, psi_by_definition),
    (cells.jensen_shannon, js_by_definition),
    (cells.squared_hellinger, hellinger_by_definition),
]


def in_digits(x, y, n, m):
    return [value if value == INF else mp.mpf(value) for value in (x, y, n, m)]


@pytest.mark.parametrize(("terms", "definition"), DEFINITIONS)
@pytest.mark.parametrize(("n", "m"), ROWS)
def test_the_terms_are_their_definitions(terms, definition, n, m):
    shares = [0.0, 1e-11, 1e-5, 0.003, 0.02, 0.1, 0.4, 0.97, 1.0]
    for p in shares:
        for q in shares:
            x, y = float(round(p * n)), float(round(q * m))
            if x or y:
                found = terms(np.array([x]), np.array([y]), float(n), float(m))
                expected = definition(*in_digits(x, y, n, m))
                largest = max(x / n, y / m)
                for one, other in zip(found, expected, strict=True):
                    assert float(one[0]) == pytest.approx(
                        float(other), rel=1e-12, abs=4e-16 * largest
                    )


@pytest.mark.parametrize(("terms", "definition"), DEFINITIONS)
@pytest.mark.parametrize("q", [1e-9, 0.002, 0.3, 1.0])
@pytest.mark.parametrize("x", [0, 1, 7, 15, 16, 400])
def test_a_known_side_has_no_bias(terms, definition, q, x):
    expected = definition(*in_digits(x, q, 400, INF))
    x, y = np.array([float(x)]), np.array([q])
    found = terms(x, y, 400.0, INF)
    exchanged = terms(y, x, INF, 400.0)
    for one, other, truth in zip(found, exchanged, expected, strict=True):
        assert float(one[0]) == pytest.approx(float(truth), rel=1e-12, abs=1e-15)
        assert float(other[0]) == pytest.approx(float(truth), rel=1e-12, abs=1e-15)


def test_what_is_known_to_be_impossible_is_infinitely_far_by_psi_alone():
    sides = np.array([3.0]), np.array([0.0]), 10.0, INF
    assert cells.population_stability(*sides)[0] == INF
    assert cells.jensen_shannon(*sides)[0] == pytest.approx(0.15 * math.log(2), abs=0.03)
    assert cells.squared_hellinger(*sides)[0] == pytest.approx(0.15)


@pytest.mark.parametrize("terms", [terms for terms, _ in DEFINITIONS])
@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_the_terms_are_symmetric(terms, x, y):
    n, m = 2.0e13, 3.0e13
    x, y = np.array([float(x)]), np.array([float(y or not x)])
    for one, other in zip(terms(x, y, n, m), terms(y, x, m, n), strict=True):
        assert one[0] == pytest.approx(other[0], rel=1e-12, abs=1e-28)


@pytest.mark.parametrize("terms", [terms for terms, _ in DEFINITIONS])
def test_terms_of_many_outcomes_are_those_of_each(terms):
    x = np.array([[0.0, 3, 17, 2000], [5, 0, 1023, 1024]])
    y = np.array([[2.0, 0, 16, 5000], [1, 9, 15, 15]])
    for place, together in enumerate(terms(x, y, 1e4, 1e5)):
        for at in np.ndindex(x.shape):
            alone = terms(x[at][np.newaxis], y[at][np.newaxis], 1e4, 1e5)[place]
            assert together[at] == pytest.approx(alone[0], rel=1e-14)
