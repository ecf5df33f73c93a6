"""log(p/q) and q - p of logits, by the short path and by the general one, in high precision."""

from __future__ import annotations

import exact
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core import kernel
from kldiv_cli.core.kernel import NotWeightsError, Side, Weights, logs

mp = exact.mp
INF = np.inf


def sides(teacher, student, temperature=1.0):
    return (Side(Weights(np.array(x, float)), True, temperature) for x in (teacher, student))


def ratios(teacher, student, temperature=1.0, *, short):
    """Return p, log(p/q), that less D, q - p, and D, of all rows."""
    parts = [
        [array.copy() for array in part[1:]]
        for part in kernel.log_ratios(*sides(teacher, student, temperature), short=short)
    ]
    return kernel.LogRatios(slice(0), *map(np.concatenate, zip(*parts, strict=True)))


def assert_true(found, row, teacher, student, temperature):
    """Compare a row with its definition; an error is of the larger of 1 and D(p || q)."""
    p, q = (exact.softmax(z, temperature) for z in (teacher, student))
    log_ratio = [mp.log(a / b) for a, b in zip(p, q, strict=True)]
    kl = mp.fsum(a * b for a, b in zip(p, log_ratio, strict=True))
    size = max(1.0, float(kl))

    def close(values, truth, tolerance=2e-15):
        worst = max(abs(mp.mpf(float(a)) - b) for a, b in zip(values, truth, strict=True))
        assert worst <= tolerance * size

    close(found.p[row], p)
    close(found.difference[row], [b - a for a, b in zip(p, q, strict=True)])
    close(found.p[row] * found.log_ratio[row], [a * b for a, b in zip(p, log_ratio, strict=True)])
    surplus = [a * (b - kl) for a, b in zip(p, log_ratio, strict=True)]
    close(found.p[row] * found.surplus[row], surplus)
    assert exact.relative_error(found.kl[row, 0], kl) < 1e-13


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([2, 3, 30, logs.TURNED, logs.TURNED + 1]),
    st.sampled_from([0.1, 1.0, 5.0]),
    st.sampled_from([1e-7, 1e-3, 1.0, 10.0, 50.0]),
    st.sampled_from([0.5, 1.0, 1.7]),
    st.booleans(),
)
def test_every_number_is_that_of_its_definition(seed, outcomes, spread, apart, temperature, short):
    rng = np.random.default_rng(seed)
    teacher = spread * rng.normal(size=(2, outcomes))
    student = teacher + apart * rng.normal(size=(2, outcomes))
    found = ratios(teacher, student, temperature, short=short)
    for row in range(2):
        assert_true(found, row, teacher[row], student[row], temperature)


@pytest.mark.parametrize("outcomes", [4, 300])
def test_rows_that_need_the_general_path_are_among_others(outcomes):
    rng = np.random.default_rng(1)
    teacher = rng.normal(size=(5, outcomes))
    student = teacher + 10.0 * rng.normal(size=(5, outcomes))
    teacher[1, 0] = student[3, 2] = student[4, 0] = teacher[4, 0] = -INF
    found = ratios(teacher, student, short=True)
    for row in (0, 2):
        assert_true(found, row, teacher[row], student[row], 1.0)
    for row in (1, 3, 4):
        general = ratios(teacher[row : row + 1], student[row : row + 1], short=False)
        for array, values in zip(found[1:], general[1:], strict=True):
            np.testing.assert_array_equal(array[row], values[0])
    assert found.kl[3] == found.log_ratio[3, 2] == INF
    assert found.difference[1, 0] > 0.0 == found.p[1, 0]


def test_rows_beyond_the_short_path_take_the_general_one():
    teacher, student = np.random.default_rng(2).normal(size=(2, 1, logs.LONG + 1))
    short, general = (ratios(teacher, student, short=short) for short in (True, False))
    for one, other in zip(short[1:], general[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    assert short.kl[0, 0] == pytest.approx(kernel.kl(*sides(teacher, student))[0], rel=1e-14)


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("wrong", [np.nan, INF])
def test_logits_that_are_none_are_refused(short, wrong):
    with pytest.raises(NotWeightsError):
        ratios([[1.0, 2.0], [wrong, 1.0]], [[1.0, 2.0], [2.0, 1.0]], short=short)
