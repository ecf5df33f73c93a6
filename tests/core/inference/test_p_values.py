"""P-values are shown in the digits that are certain, and as bounds where they are bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.inference.p_values import PValue, digits, name_of_test


@pytest.mark.parametrize(
    ("value", "exceedances", "shown"),
    [
        (0.0312, None, "0.031"),
        (0.00015, None, "0.00015"),
        (0.0001, None, "0.0001"),
        (0.0000999, None, "< 0.0001"),
        (0.0, None, "< 0.0001"),
        (1.0, None, "1"),
        (1 / 1000, 0, "<= 0.001"),
        (1 / 1901, 0, "<= 0.00053"),
        (1 / 20_001, 0, "<= 5e-05"),
        (6 / 1000, 5, "0.006"),
        (10 / 1901, 9, "0.005"),
        (26 / 1000, 25, "0.026"),
        (11 / 1901, 10, "0.0058"),
    ],
)
def test_as_many_digits_as_the_draws_tell(value, exceedances, shown):
    assert digits(value, exceedances) == shown


@given(st.floats(1e-9, 1))
def test_a_bound_is_never_rounded_below_itself(value):
    sign, shown = digits(value, floor=True).split()
    assert sign == "<="
    assert value * (1 - 1e-6) <= float(shown) <= value * 1.11


def test_the_test_is_named_with_its_draws():
    assert name_of_test("chi-square") == "chi-square test"
    assert name_of_test("exact") == "exact test"
    assert name_of_test("permutation", 999, 3) == "permutation test, 999 draws"
    assert name_of_test("monte-carlo", 20_000, 0) == (
        "Monte Carlo test, 20,000 draws, none as extreme"
    )
    assert PValue(0.001, "permutation", 999, 0).is_floor
    assert not PValue(0.002, "permutation", 999, 1).is_floor
    assert not PValue(1e-12, "exact").is_floor
