"""Numbers of single and half precision as they are written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.numbers import as_written


def shortest(values):
    """Return the same by the text that NumPy writes of each number."""
    return np.array([float(str(value)) for value in values])


@given(st.lists(st.floats(width=32)))
def test_single_precision_is_what_is_written(values):
    singles = np.array(values, dtype=np.float32)
    np.testing.assert_array_equal(as_written(singles), shortest(singles))


def test_every_number_of_half_precision():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    np.testing.assert_array_equal(as_written(halves), shortest(halves))


@pytest.mark.parametrize("digits", range(1, 8))
def test_decimals_come_back(digits):
    rng = np.random.default_rng(digits)
    whole = rng.integers(0, 10 ** min(digits, 6), 3000)
    for power in range(-30, 12):
        decimals = np.array([float(f"{number}e{power}") for number in whole.tolist()])
        np.testing.assert_array_equal(as_written(decimals.astype(np.float32)), decimals)


def test_around_powers_of_ten_and_of_two():
    tens = [np.float32(10.0**power) for power in range(-45, 39)]
    twos = [np.float32(2.0**power) for power in range(-149, 128)]
    around = np.array([*tens, *twos], dtype=np.float32)
    for direction in (-np.inf, np.inf):
        singles = np.append(around, np.nextafter(around, np.float32(direction)))
        singles = np.append(singles, -singles)
        np.testing.assert_array_equal(as_written(singles), shortest(singles))


def test_random_bits_many_at_once():
    bits = np.random.default_rng(2).integers(0, 2**32, 100_000, dtype=np.uint32)
    singles = bits.view(np.float32)
    singles = singles[np.isfinite(singles)]
    found = as_written(singles)
    assert (found.astype(np.float32) == singles).all()
    some = slice(0, 5000)
    np.testing.assert_array_equal(found[some], shortest(singles[some]))


@pytest.mark.parametrize("dtype", ["f8", "i4", "u1", "i8", ">f8"])
def test_what_is_as_wide_as_a_double_or_whole_stays(dtype):
    values = np.array([1, 2, 3, 100], dtype=dtype)
    found = as_written(values)
    assert (found.dtype, found.tolist()) == (np.float64, [1.0, 2.0, 3.0, 100.0])
    assert as_written(np.array([0.1, np.pi])).tolist() == [0.1, np.pi]
    assert as_written(np.array([0.1], ">f4")).tolist() == [0.1]
