"""The estimate and its law, against rational numbers, enumeration and scipy.stats."""

import itertools
import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from small_samples import (
    COUNTS,
    columns,
    every_sample,
    exact_correction,
    exact_divergence,
    multinomial,
)

from kldiv_cli.core.inference.chisquare import noncentral_cdf
from kldiv_cli.core.inference.estimate import (
    correction,
    divergence,
    kullback_leibler,
    variance_curve,
)
from kldiv_cli.core.inference.samples import samples


@given(COUNTS)
def test_the_divergence_is_its_formula(rows):
    x, y = zip(*rows, strict=True)
    pair = samples(*columns(rows))
    if pair.outcomes > 1:
        assert divergence(pair) == pytest.approx(float(exact_divergence(x, y)), abs=1e-11)
        assert correction(pair) == pytest.approx(float(exact_correction(x, y)), abs=1e-12)


@pytest.mark.parametrize(
    ("n", "m", "p"),
    [
        (3, 4, ("1/2", "1/3", "1/6")),
        (5, 2, ("1/10", "1/5", "7/10")),
        (2, 6, ("1/4", "1/4", "1/4", "1/4")),
        (4, 4, ("9/10", "1/10")),
    ],
)
def test_both_parts_are_exactly_unbiased_where_p_is_q(n, m, p):
    means = [Fraction(0), Fraction(0)]
    computed = 0.0
    for x in every_sample(n, len(p)):
        for y in every_sample(m, len(p)):
            weight = multinomial(x, p) * multinomial(y, p)
            means[0] += weight * exact_divergence(x, y)
            means[1] += weight * exact_correction(x, y)
            pair = samples(x, y)
            computed += float(weight) * (divergence(pair) + correction(pair))
    assert means == [0, 0]
    assert computed == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("p", [("1/2", "1/3", "1/6"), ("1/100", "99/100")])
@pytest.mark.parametrize("known_current", [False, True])
def test_one_sample_is_exactly_unbiased_too(p, known_current):
    q = np.array([float(Fraction(share)) for share in p])
    mean = 0.0
    for counts in every_sample(6, len(p)):
        sides = (q, counts) if known_current else (counts, q)
        pair = samples(*sides, known=(known_current, not known_current))
        mean += float(multinomial(counts, p)) * (divergence(pair) + correction(pair))
    assert mean == pytest.approx(0, abs=1e-14)


def test_rare_outcomes_that_all_become_more_frequent_are_corrected_for():
    rng = np.random.default_rng(1)
    q = 1 / np.arange(1, 201)
    q /= q.sum()
    p = q * np.exp(np.linspace(0, 1, 200))
    p /= p.sum()
    truth = float(p @ np.log(p / q))
    plain, corrected = [], []
    for _ in range(300):
        pair = samples(rng.multinomial(600, p), rng.multinomial(3000, q))
        plain.append(divergence(pair))
        corrected.append(plain[-1] + correction(pair))
    assert abs(np.mean(plain) - truth) > 0.04
    assert abs(np.mean(corrected) - truth) < 0.02


def test_a_known_impossibility_is_infinitely_far():
    assert divergence(samples([3, 1], [1.0, 0.0], known=(False, True))) == math.inf
    assert divergence(samples([3, 0], [0.5, 0.5], known=(False, True))) < math.inf


@pytest.mark.parametrize("outcomes", [2, 1000])
@pytest.mark.parametrize("imbalance", [1, 7, 10**-9])
def test_counts_up_to_1e12_take_little_memory(outcomes, imbalance):
    rng = np.random.default_rng(outcomes)
    x = np.floor(1e12 * rng.uniform(0.5, 1, outcomes))
    y = np.floor(imbalance * x * rng.uniform(0.9, 1.1, outcomes))
    pair = samples(x, np.maximum(y, 1))
    tracemalloc.start()
    kl = divergence(pair) + correction(pair)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
    plain = float(pair.p @ np.log(pair.p / pair.q))
    assert kl == pytest.approx(plain, abs=4 * outcomes / pair.rows)


# Its law.


def law(pair, kl):
    return variance_curve(pair, kullback_leibler, pair.scale / 2).law(kl)


def test_no_degrees_of_freedom_are_a_mass_at_zero():
    assert noncentral_cdf(0.0, 0.0, 3.0) == math.exp(-1.5)
    pair = samples([200], [300])
    assert law(pair, divergence(pair)).limit(0.025) == pytest.approx(-pair.scale * math.log(0.025))


@given(COUNTS, st.floats(0.001, 0.999))
def test_a_limit_is_where_the_law_has_that_probability(rows, probability):
    pair = samples(*columns(rows))
    model = law(pair, divergence(pair))
    limit = model.limit(probability)
    if limit > 0:
        assert model.cdf(limit) == pytest.approx(probability, abs=1e-6)
    else:
        assert model.cdf(0.0) <= probability


@given(COUNTS)
def test_the_law_is_less_likely_the_larger_the_divergence(rows):
    pair = samples(*(10 * side for side in columns(rows)))
    model = law(pair, divergence(pair))
    values = [model.cdf(kl) for kl in (0, 0.001, 0.05, 0.2, 1, 5, 100)]
    assert all(0 <= value <= 1 for value in values)
    # But for the far tail, as its variance depends on the divergence; samples of a few rows
    # have laws that are further off.
    if pair.reliable:
        assert all(a >= b - 1e-3 for a, b in itertools.pairwise(values))


def test_where_the_shares_are_equal_the_law_is_the_usual_one():
    pair = samples([500, 300, 200], [1000, 600, 400])
    model = law(pair, 0.004)
    assert model.ratio(0.05) == pytest.approx(1, abs=0.01)
    expected = stats.ncx2(2, 0.02 / pair.scale).cdf(0.008 / pair.scale + 2)
    assert model.cdf(0.01) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("p", "q"), [((0.3, 0.7), (0.5, 0.5)), ((0.02, 0.98), (0.1, 0.9))])
@pytest.mark.parametrize(("n", "m"), [(3000, 3000), (2000, 40_000), (40_000, 2000)])
def test_the_variance_is_that_of_the_delta_method(p, q, n, m):
    p, q = np.array(p), np.array(q)
    kl = float(p @ np.log(p / q))
    pair = samples(n * p, m * q)
    model = law(pair, kl)
    spread = float(p @ np.log(p / q) ** 2) - kl**2
    variance = spread / n + (float(p @ (p / q)) - 1) / m
    assert 2 * pair.scale * model.ratio(kl) * kl == pytest.approx(variance, rel=0.02)
