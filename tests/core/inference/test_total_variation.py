"""The limits of the total variation, against quadrature and published tables."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from kldiv_cli import estimate
from kldiv_cli.core.inference import total_variation
from kldiv_cli.core.inference.proportions import difference_limits, p_value_above, wilson
from kldiv_cli.core.inference.samples import samples

A = math.sqrt(10 / math.pi)


def integrals(function, u):
    """Mean of f(u + Z), its slope in u, and its variance, by quadrature."""
    parts = [
        integrate.quad(lambda z, of=of: of(z) * stats.norm.pdf(z - u), -40, 40, points=[0, u, -u])[
            0
        ]
        for of in (function, lambda z: function(z) * (z - u), lambda z: function(z) ** 2)
    ]
    return parts[0], parts[1], parts[2] - parts[0] ** 2


@pytest.mark.parametrize("u", [0.0, 0.4, 1.0, 2.5])
def test_the_standard_error_is_made_of_the_mean_and_variance_of_its_terms(u):
    """Outcomes that are all as far apart, of which half go up."""
    outcomes, n, m = 6, 900, 500
    spread = math.sqrt((1 / n + 1 / m) / outcomes * (1 - 1 / outcomes))
    apart = np.array([1, -1] * 3) * u * spread
    middle = 1 / outcomes - apart * (n - m) / (n + m) / 2  # the pooled shares are equal
    pair = samples(n * (middle + apart / 2), m * (middle - apart / 2))
    distance = total_variation._Distance.of(pair, pair.n, pair.m)
    assert distance.sizes == pytest.approx(u, abs=1e-9)
    _, slope, variance = integrals(lambda z: abs(z) - A * math.exp(-2 * z * z), u)
    signed = np.sign(apart) * slope
    total = outcomes * spread**2 * (variance - slope**2)
    for share, rows in distance.sides:
        total += float(share @ signed**2 - (share @ signed) ** 2) / rows
    if u == 0:
        assert slope == pytest.approx(0, abs=1e-9)
    assert distance.corrected_error() == pytest.approx(math.sqrt(total) / 2, rel=1e-6)


def test_the_estimate_has_mean_0_for_normal_errors_and_is_never_above_the_truth():
    for u in np.linspace(0, 4, 17):
        mean = integrals(lambda z: abs(z) - A * math.exp(-2 * z * z), u)[0]
        assert -0.38 < mean - u < 1e-9
        if u == 0:
            assert mean == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("outcomes", [4, 20])
def test_a_spread_out_drift_shows_least(outcomes):
    rng = np.random.default_rng(outcomes)
    q = np.full(outcomes, 1 / outcomes)
    even = np.where(np.arange(outcomes) % 2, 1.0, -1.0)
    one = np.zeros(outcomes)
    one[:2] = 1, -1
    means = []
    for shape in (even, one):
        p = q + shape * 0.04 / np.abs(shape).sum() * 2
        values = [
            np.abs(rng.multinomial(400, p) - rng.multinomial(400, q)).sum() / 800
            for _ in range(3000)
        ]
        means.append(np.mean(values))
    pair = samples(400 * q, 400 * q)
    least = total_variation._Distance.of(pair, 400, 400).least_mean(0.04)
    assert least <= means[0] * 1.01
    assert means[0] < means[1]


def test_the_upper_limit_is_where_the_samples_are_as_far_below():
    pair = samples([60, 50, 40, 30, 20], [40, 40, 40, 40, 40])
    distance = total_variation._Distance.of(pair, pair.n, pair.m)
    limit = distance.upper_limit(1.96)
    assert distance.below(limit) == pytest.approx(1.96, abs=1e-6)


# Two outcomes: the numbers of Newcombe, Stat. Med. 17 (1998), pages 857 and 873.


@pytest.mark.parametrize(
    ("seen", "rows", "limits"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_the_limits_of_a_proportion_are_the_published_ones(seen, rows, limits):
    assert wilson(seen / rows, rows, 1.959964) == pytest.approx(limits, abs=6e-5)


@pytest.mark.parametrize(
    ("x", "n", "y", "m", "limits"),
    [
        (56, 70, 48, 80, (0.0524, 0.3339)),
        (9, 10, 3, 10, (0.1705, 0.8090)),
        (10, 10, 0, 20, (0.6791, 1.0)),
        (10, 10, 0, 10, (0.6075, 1.0)),
    ],
)
def test_the_limits_of_a_difference_are_the_published_ones(x, n, y, m, limits):
    assert difference_limits(x / n, n, y / m, m, 1.959964) == pytest.approx(limits, abs=6e-5)


@pytest.mark.parametrize(("x", "y"), [((60, 40), (45, 55)), ((300, 700), (310, 690))])
def test_of_two_outcomes_the_limits_are_those_of_the_difference(x, y):
    found = estimate(x, y, measure="tv", threshold=0.05)
    p, n, q, m = x[0] / sum(x), sum(x), y[0] / sum(y), sum(y)
    if p < q:
        p, n, q, m = q, m, p, n
    low, high = difference_limits(p, n, q, m, stats.norm.ppf(0.975))
    assert (found.low, found.high) == pytest.approx((max(low, 0), high), rel=1e-12)
    z = stats.norm.isf(found.p_pass)
    limits = difference_limits(p, n, q, m, abs(z))
    assert limits[int(z > 0)] == pytest.approx(0.05, abs=1e-9)
    assert p_value_above(p, n, q, m, 0.05) == found.p_pass


def test_a_single_outcome_leaves_room_for_one_that_was_not_seen():
    found = estimate([1000], [1000], measure="tv")
    assert found.verdict == "pass"
    # Of 1000 rows none shows an outcome of probability 0.0037 with a chance of 2.5 %.
    assert 0.0037 < found.high < 0.006


def test_it_is_conservative_where_most_outcomes_move_a_little():
    """Coverage is at least what it should be, and no drift is claimed falsely."""
    rng = np.random.default_rng(4)
    q = np.full(30, 1 / 30)
    p = q * (1 + 0.2 * np.where(np.arange(30) % 2, 1, -1))
    covered = drifts = 0
    for _ in range(200):
        pair = rng.multinomial(600, p), rng.multinomial(600, q)
        found = estimate(*pair, measure="tv", threshold=0.1)
        covered += found.low <= 0.1 <= found.high
        drifts += found.verdict == "drift"
    assert covered >= 190
    assert drifts <= 10
