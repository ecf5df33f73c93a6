"""Student's t distribution, against mpmath."""

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.inference.student import quantile, survival


def tail(value, degrees):
    """The tail by the incomplete beta function, to 40 digits."""
    with mpmath.workdps(40):
        t, nu = mpmath.mpf(value), mpmath.mpf(degrees)
        return mpmath.betainc(nu / 2, 0.5, 0, nu / (nu + t * t), regularized=True) / 2


@pytest.mark.parametrize("degrees", [1, 1.5, 2, 2.7, 3, 9, 30.3, 102, 1999, 2001, 65535])
@pytest.mark.parametrize("value", [1e-9, 0.3, 1, 1.7, 1.96, 3, 8, 40])
def test_the_tail_is_that_of_the_definition(value, degrees):
    exact = float(tail(value, degrees))
    if exact > 1e-290:
        assert survival(value, degrees) == pytest.approx(exact, rel=2e-11, abs=0)
        assert survival(-value, degrees) == pytest.approx(1 - exact, rel=1e-12)


def test_one_and_two_degrees_have_closed_forms():
    """They are 1/2 - atan(t)/pi and (1 - t/sqrt(2 + t^2))/2: Cauchy's law, and a root."""
    for t in (0.1, 1.0, 5.0, 300.0):
        assert survival(t, 1) == pytest.approx(math.atan(1 / t) / math.pi, rel=1e-13)
        assert survival(t, 2) == pytest.approx(
            1 / (math.hypot(t, math.sqrt(2)) * (math.hypot(t, math.sqrt(2)) + t)), rel=1e-13
        )


def test_ends():
    assert survival(0.0, 5) == 0.5
    assert survival(math.inf, 5) == survival(1e200, 5) == 0.0
    assert survival(-math.inf, 5) == 1.0
    assert quantile(0.5, 3) == 0.0


@pytest.mark.parametrize(
    ("probability", "degrees", "printed"),
    [
        (0.975, 1, "12.706"),
        (0.975, 3, "3.182"),
        (0.975, 19, "2.093"),
        (0.95, 10, "1.812"),
        (0.995, 30, "2.750"),
        (0.9995, 2, "31.599"),
        (0.975, 1e9, "1.960"),
    ],
)
def test_quantiles_are_those_of_printed_tables(probability, degrees, printed):
    assert f"{quantile(probability, degrees):.3f}" == printed


@given(st.floats(1e-5, 1 - 1e-5), st.floats(1, 1e5))
def test_the_quantile_is_where_the_distribution_has_its_probability(probability, degrees):
    found = quantile(probability, degrees)
    assert survival(-found, degrees) == pytest.approx(probability, rel=1e-9)
