"""Numbers keep their certain digits, and only those."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.renderers.figures import amount, count, figure, to_error


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.003046903711080301, "0.00304690"),
        (0.36, "0.360000"),
        (1.0, "1.00000"),
        (123456.7, "123457"),
        (1.857150425e-24, "1.85715e-24"),
        (0.0, "0"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (-0.25, "-0.250000"),
    ],
)
def test_six_digits(value, printed):
    assert figure(value) == printed


@pytest.mark.parametrize(
    ("bound", "printed"), [(1e-15, "0.123457"), (1e-4, "0.123"), (0.04, "0.1")]
)
def test_uncertain_digits_are_left_out(bound, printed):
    assert figure(0.123456789, bound) == printed


@given(st.floats(1e-300, 1e300), st.floats(1e-16, 0.04))
def test_the_last_digit_is_within_one(value, bound):
    """The printed number differs from every possible true one by less than one last place."""
    printed = Decimal(figure(value, bound))
    last_place = Decimal(1).scaleb(printed.as_tuple().exponent)
    for true in (value * (1 - bound), value * (1 + bound)):
        assert abs(printed - Decimal(true)) <= last_place * Decimal("1.01")


def test_amounts_keep_every_digit_of_an_integer():
    assert amount(2**70) == "1180591620717411303424"
    assert amount(53.2) == "53.2"
    assert amount(27004) == "27004"


def test_count():
    assert count(1, "outcome") == "1 outcome"
    assert count(0, "row") == "0 rows"


@pytest.mark.parametrize(
    ("value", "error", "printed"),
    [
        (0.132833, 0.00987161, "0.1328"),
        (0.132833, 0.0996, "0.13"),
        (0.0099, 0.0099, "0.0099"),
        (0.0996, 0.0996, "0.10"),
        (0.999912, 0.00029, "0.99991"),
        (12345.6, 678.0, "12346"),
        (84.9234, 0.5139, "84.92"),
        (1.23456e-06, 4.5e-08, "1.235e-06"),
        (3e-06, 2.1e-05, "3e-06"),
        (8e-17, 0.043, "0"),
        (-0.01412, 0.022, "-0.014"),
        (0.123456789, 1e-15, "0.123457"),
        (0.0, 0.1, "0"),
        (0.25, 0.0, "0.250000"),
        (0.25, None, "0.250000"),
        (math.inf, None, "∞"),
        (1.5, math.inf, "1.50000"),
    ],
)
def test_a_value_ends_where_its_error_does(value, error, printed):
    assert to_error(value, error) == printed


@given(st.floats(1e-200, 1e5), st.floats(1e-6, 1e6), st.booleans())
def test_a_value_is_off_by_less_than_a_tenth_of_its_error(value, ratio, is_negative):
    value, error = -value if is_negative else value, value * ratio
    printed = to_error(value, error)
    assert abs(Decimal(printed) - Decimal(value)) <= Decimal(0.051 * error + 6e-6 * abs(value))
    digits = len(printed.partition("e")[0].replace(".", "").lstrip("-0"))
    assert digits <= 6


def test_no_point_is_left_before_an_exponent():
    assert figure(8e-17, digits=1) == "8e-17"
