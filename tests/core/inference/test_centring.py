"""Sums of terms have the mean 0 at P = Q, by enumeration of all samples."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from small_samples import every_sample, multinomial

from kldiv_cli.core.inference import centring
from kldiv_cli.core.inference.cells import (
    jensen_shannon,
    population_stability,
    squared_hellinger,
)
from kldiv_cli.core.inference.centring import centred
from kldiv_cli.core.inference.samples import samples

KINDS = [(population_stability, 1.0), (jensen_shannon, 0.125), (squared_hellinger, 0.125)]


@pytest.mark.parametrize(("terms", "null"), KINDS)
@pytest.mark.parametrize(
    ("n", "m", "p"),
    [
        (6, 6, ("1/2", "1/3", "1/6")),
        (2, 6, ("1/4", "1/4", "1/2")),
        (5, 3, ("1/10", "1/5", "7/10")),
        (1, 1, ("1/2", "1/4", "1/4")),
        (6, 5, ("9/10", "1/10")),
    ],
)
def test_the_mean_is_exactly_0_where_p_is_q(terms, null, n, m, p):
    parts = []
    for x, y in itertools.product(every_sample(n, len(p)), every_sample(m, len(p))):
        weight = float(multinomial(x, p) * multinomial(y, p))
        parts.append([weight * each.value for each in centred(samples(x, y), terms, null)])
    for kind in zip(*parts, strict=True):
        assert abs(math.fsum(kind)) <= 3e-16


@pytest.mark.parametrize(("terms", "null"), KINDS)
@pytest.mark.parametrize("p", [("1/2", "1/3", "1/6"), ("1/100", "99/100")])
def test_so_is_it_beside_known_probabilities(terms, null, p):
    shares = np.array([float(Fraction(share)) for share in p])
    parts = []
    for counts in every_sample(6, len(p)):
        weight = float(multinomial(counts, p))
        both = (
            centred(samples(counts, shares, known=(False, True)), terms, null),
            centred(samples(shares, counts, known=(True, False)), terms, null),
        )
        for one, other in zip(*both, strict=True):
            assert one.value == pytest.approx(other.value, rel=1e-12, abs=1e-15)
        parts.append([weight * each.value for each in both[0]])
    for kind in zip(*parts, strict=True):
        assert abs(math.fsum(kind)) <= 3e-16


@pytest.mark.parametrize(("terms", "null"), KINDS)
@pytest.mark.parametrize(
    ("n", "m"), [(400, 400), (3000, 700), (500, 10**6), (10**12, 900), (10**6, math.inf)]
)
def test_the_moments_are_those_of_the_hypergeometric_law(terms, null, n, m):
    """Where few counts are summed instead of all, too."""
    del null
    small, large = sorted((n, m))
    expected = np.array([0.6, 3.0, 24.9, 26.0, 80.0, 150.0, 290.0])
    totals = expected / n if math.isinf(m) else np.round(expected * (n + m) / small)
    pair = samples([n], [m if math.isfinite(m) else 1.0], known=(False, math.isinf(m)))
    for some, stride in centring._blocks(pair, totals):
        found = centring._moments(pair, terms, totals[some], stride)
        for place, total in enumerate(totals[some]):
            if math.isinf(m):
                law, counts = stats.binom(n, total), np.arange(0.0, 800)
                chance, other = law.pmf(counts), np.full_like(counts, total)
            else:
                law = stats.hypergeom(n + m, int(total), small)
                counts = np.arange(max(0.0, total - large), min(total, small) + 1)
                if large > 10**11:  # which scipy cannot do to all digits
                    law = stats.binom(small, total / (n + m))
                    counts = np.arange(0.0, 800)
                chance, other = law.pmf(counts), total - counts
            sides = (counts, other) if n <= m else (other, counts)
            for kind, values in enumerate(terms(*sides, float(n), float(m))):
                mean = float(chance @ values)
                spread = float(chance @ (values - mean) ** 2)
                size = math.sqrt(spread)
                assert found[kind, 0, place] == pytest.approx(mean, abs=1e-7 * size)
                assert found[kind, 1, place] == pytest.approx(spread, rel=1e-7)


def test_kappa_is_the_null_variance_in_units_of_its_limit():
    rng = np.random.default_rng(8)
    q = np.full(30, 1 / 30)
    for terms, null in KINDS:
        found = [
            centred(samples(*(rng.multinomial(rows, q) for rows in (150, 600))), terms, null)
            for _ in range(2000)
        ]
        scale = null * (1 / 150 + 1 / 600)
        for kind in zip(*found, strict=True):
            values = np.array([each.value for each in kind])
            kappa = np.mean([each.kappa for each in kind])
            assert values.var() / (2 * scale**2 * 29) == pytest.approx(kappa, rel=0.12)
        assert abs(values.mean()) < 4 * values.std() / math.sqrt(2000)


@pytest.mark.parametrize(("terms", "null"), KINDS)
def test_blocks_of_any_size_give_the_same(terms, null, monkeypatch):
    rng = np.random.default_rng(3)
    q = 1 / np.arange(1, 201)
    pair = samples(rng.multinomial(5000, q / q.sum()), rng.multinomial(40_000, q / q.sum()))
    whole = centred(pair, terms, null)
    monkeypatch.setattr(centring, "_CELLS", 100)
    for one, other in zip(whole, centred(pair, terms, null), strict=True):
        assert one == pytest.approx(other, rel=1e-12)
