"""The chi-square laws and their neighbours, against mpmath and scipy.special."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from kldiv_cli.core.inference.chisquare import (
    digamma,
    exponential_integral,
    noncentral_cdf,
    noncentral_quantile,
    normal_cdf,
    normal_quantile,
    survival,
)

SMALLEST = 1e-300


@pytest.fixture(autouse=True)
def many_digits():
    with mpmath.workdps(30):
        yield


def near(found, exact, rel=1e-12):
    return abs(found - exact) <= rel * exact


def mixture(value, degrees, noncentrality):
    """The definition: central laws, weighted by Poisson probabilities, to 30 digits."""
    a, y, half = (mpmath.mpf(number) / 2 for number in (degrees, value, noncentrality))
    peak = max(y - a, (mpmath.sqrt(a * a + 4 * y * half) - a) / 2)
    last = int(peak + 14 * mpmath.sqrt(a + peak) + 80)
    term = mpmath.exp((a + last) * mpmath.log(y) - y - mpmath.loggamma(a + last + 1))
    below, more, step = mpmath.mpf(0), term, last
    while more > (below + more) * mpmath.mpf(10) ** -25:
        below, step = below + more, step + 1
        more *= y / (a + step)
    if half:
        weight = mpmath.exp(last * mpmath.log(half) - half - mpmath.loggamma(last + 1))
    else:
        weight = mpmath.mpf(0 if last else 1)
    total = weight * below
    for j in range(last - 1, -1, -1):
        term *= (a + j + 1) / y
        below += term
        weight = weight * (j + 1) / half if half else mpmath.mpf(0 if j else 1)
        total += weight * below
    return total


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 31, 32, 33, 100, 1001, 10_000])
@pytest.mark.parametrize("deviations", [-8, -3, -1, -0.1, 0, 0.1, 1, 3, 6, 12, 20, 30])
def test_the_upper_tail_has_its_digits(degrees, deviations):
    value = max(degrees + deviations * math.sqrt(2 * degrees) + max(deviations, 0) ** 2, 1e-3)
    half = mpmath.mpf(value) / 2
    exact = mpmath.gammainc(mpmath.mpf(degrees) / 2, half, mpmath.inf, regularized=True)
    assert exact > SMALLEST
    assert near(survival(value, degrees), exact)


@pytest.mark.parametrize("degrees", [100_001, 1_000_000])
@pytest.mark.parametrize("deviations", [-5, 0, 1e-3, 5, 35.5])
def test_a_million_degrees_too(degrees, deviations):
    value = degrees + deviations * math.sqrt(2 * degrees)
    exact = float(special.chdtrc(degrees, value))
    assert exact > SMALLEST
    assert near(survival(value, degrees), exact, rel=2e-12)


def test_the_ends_of_the_upper_tail():
    assert survival(0.0, 3) == 1
    assert survival(math.inf, 3) == survival(1e9, 3) == 0
    # The sum of squares of K = 2 is the square of a normal variable.
    assert near(survival(36.0**2, 1), mpmath.erfc(36 / mpmath.sqrt(2)))
    assert 0 < survival(36.0**2, 1) < 1e-280


@given(st.integers(1, 3000), st.floats(-6, 6))
def test_both_tails_add_up_to_one(degrees, deviations):
    value = max(degrees + deviations * math.sqrt(2 * degrees), 0.0)
    below = noncentral_cdf(value, degrees, 0.0)
    assert below + survival(value, degrees) == pytest.approx(1, abs=1e-13)


@given(st.floats(-2, 3.3), st.one_of(st.just(-math.inf), st.floats(-6, 3.3)), st.floats(-36, 6))
@settings(max_examples=50)
@example(0.0, -math.inf, 0.0)
@example(3.3, 3.3, -36.0)
@example(-2.0, 3.3, -4.0)
@example(3.3, -1.0, 5.0)
def test_the_noncentral_law_has_its_digits_far_in_the_lower_tail(log_k, log_nc, deviations):
    degrees, noncentrality = 10.0**log_k, 10.0**log_nc
    mean = degrees + noncentrality
    spread = deviations * math.sqrt(2 * (degrees + 2 * noncentrality))
    value = mean + spread if mean + spread > 0 else mean * math.exp(deviations)
    exact = mixture(value, degrees, noncentrality)
    found = noncentral_cdf(value, degrees, noncentrality)
    assert near(found, exact) or (exact < SMALLEST and found < 2 * SMALLEST)


@pytest.mark.parametrize(("degrees", "noncentrality"), [(5e4, 5e4), (40.0, 5e4), (5e4, 0.5)])
@pytest.mark.parametrize("deviations", [-25, -3, 0, 4])
def test_the_largest_exact_laws(degrees, noncentrality, deviations):
    spread = deviations * math.sqrt(2 * (degrees + 2 * noncentrality))
    value = degrees + noncentrality + spread
    exact = noncentral_cdf(value, degrees, noncentrality)
    assert near(exact, mixture(value, degrees, noncentrality))
    # Beyond them the approximation takes over.
    assert noncentral_cdf(value, degrees * (1 + 1e-9), noncentrality * (1 + 1e-9)) == (
        pytest.approx(exact, abs=1e-5)
    )
    assert noncentral_cdf(value, degrees * 1.001, noncentrality * 1.001) < exact or exact == 1


def test_the_ends_of_the_noncentral_law():
    assert noncentral_cdf(-1.0, 2.0, 1.0) == noncentral_cdf(0.0, 2.0, 1.0) == 0
    assert noncentral_cdf(0.0, 0.0, 3.0) == math.exp(-1.5)
    assert noncentral_cdf(1e9, 2.0, 1.0) == noncentral_cdf(math.inf, 2.0, 1.0) == 1
    assert near(noncentral_cdf(4.0, 0.0, 3.0), mixture(4.0, 1e-25, 3.0))
    assert noncentral_cdf(1e200, 1e3, 1e200) == pytest.approx(0.5)


@pytest.mark.parametrize("z", [*np.linspace(-37, 8, 46)])
def test_the_normal_law(z):
    assert near(normal_cdf(float(z)), mpmath.ncdf(mpmath.mpf(float(z))))


@given(st.one_of(st.floats(1e-300, 1 - 1e-15), st.floats(-300, -1).map(lambda e: 10.0**e)))
def test_normal_quantiles(probability):
    expected = float(special.ndtri(probability))
    assert normal_quantile(probability) == pytest.approx(expected, rel=1e-13, abs=1e-15)


def test_a_quantile_of_no_size_is_zero():
    assert noncentral_quantile(1e-12, 0.5, 0.0) == 0


@pytest.mark.parametrize(
    "x", [*map(float, range(1, 40)), 0.25, 1.7, 15.999, 16.25, 999.0, 1e6, 2.0**53, 1e12, 1e300]
)
def test_digamma(x):
    exact = mpmath.digamma(mpmath.mpf(x))
    assert abs(digamma(np.array([x]))[0] - exact) <= 2e-15 * abs(exact)


@pytest.mark.parametrize(
    "x", [1e-300, 1e-15, 1e-3, 0.1, 0.5, 1.0, 1.99, 2.0, 2.01, 2.5, 4.0, 10.0, 80.0, 650.0]
)
def test_the_exponential_integral(x):
    assert near(exponential_integral(np.array([x]))[0], mpmath.e1(mpmath.mpf(x)), rel=1e-13)


def test_the_ends_of_the_exponential_integral():
    assert exponential_integral(np.array([0.0, 800.0, math.inf])).tolist() == [math.inf, 0, 0]


@pytest.mark.parametrize("degrees", [0.3, 1.0, 9.0, 400.0, 30_000.0, 80_000.0])
@pytest.mark.parametrize("noncentrality", [0.0, 0.5, 30.0, 2e4, 9e4])
def test_the_noncentral_chi_square_is_that_of_scipy(degrees, noncentrality):
    law = stats.ncx2(degrees, noncentrality) if noncentrality else stats.chi2(degrees)
    spread = law.std() * np.linspace(-3, 5, 9)
    for value in np.maximum(law.mean() + spread, 1e-3):
        found = noncentral_cdf(float(value), degrees, noncentrality)
        assert found == pytest.approx(law.cdf(value), abs=1e-6)


@pytest.mark.parametrize("probability", [0.001, 0.2, 0.5, 0.8, 0.999])
def test_quantiles_for_planning(probability):
    for degrees, noncentrality in ((9, 20), (50, 0), (999, 400), (4, 1e6)):
        value = noncentral_quantile(probability, degrees, noncentrality)
        assert noncentral_cdf(value, degrees, noncentrality) == pytest.approx(
            probability, abs=2e-3
        )
