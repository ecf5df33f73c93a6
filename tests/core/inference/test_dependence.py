"""Rows that depend on each other: covariances from groups, by fractions and loops."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core.inference.cross_table import CrossTable, Entries
from kldiv_cli.core.inference.dependence import (
    LEVEL,
    Effect,
    chance,
    covariance,
    designed,
    effect,
)
from kldiv_cli.core.inference.design import DIVERGENCES, merged, weigh_design
from kldiv_cli.core.inference.measured import MEASURED
from kldiv_cli.core.inference.samples import samples

TABLES = st.integers(2, 5).flatmap(
    lambda outcomes: st.lists(
        st.lists(st.integers(0, 9), min_size=outcomes, max_size=outcomes).filter(any),
        min_size=2,
        max_size=6,
    )
)
"""Groups of rows, each a list of counts."""


def crossed(groups):
    """Return the cross table of groups."""
    counts = np.array(groups, dtype=np.int64).T
    place, group = np.nonzero(counts)
    return CrossTable(Entries(place, group, counts[place, group]), *counts.shape)


def by_fractions(groups):
    """Return shares and their covariance, by the formula and a loop."""
    totals = [sum(map(Fraction, each)) for each in zip(*groups, strict=True)]
    n, outcomes, size = sum(totals), len(totals), len(groups)
    p = [total / n for total in totals]
    excesses = [[z - sum(g) * share for z, share in zip(g, p, strict=True)] for g in groups]
    factor = Fraction(size, size - 1) / n**2
    v = [
        [factor * sum(e[k] * e[j] for e in excesses) for j in range(outcomes)]
        for k in range(outcomes)
    ]
    return p, v, n


@settings(deadline=None, max_examples=20)
@given(groups=TABLES)
def test_the_covariance_and_the_design_effects(groups):
    p, v, n = by_fractions(groups)
    table = crossed(groups)
    assert covariance(table) == pytest.approx(np.array(v, dtype=float), abs=1e-15)
    scores = np.arange(len(p), dtype=float)
    found = effect(table, scores)
    seen = [k for k, share in enumerate(p) if share]
    if len(seen) < 2:
        assert found is None
        return
    mean = n * sum(v[k][k] / p[k] for k in seen) / (len(seen) - 1)
    assert found.mean == pytest.approx(float(mean), rel=1e-12, abs=1e-12)
    middle = sum(k * share for k, share in enumerate(p))
    spread = sum(share * (k - middle) ** 2 for k, share in enumerate(p))
    along = sum(k * j * v[k][j] for k in range(len(p)) for j in range(len(p)))
    assert found.linear == pytest.approx(float(n * along / spread), rel=1e-12, abs=1e-12)
    rates = [1 / (share * n / len(groups)) for share in p if share]
    degrees = (len(groups) - 1) * (len(seen) - 1) / (1 + sum(rates) / len(rates) / 2)
    assert found.degrees == pytest.approx(float(degrees))


def test_a_large_table_is_looked_at_in_parts(monkeypatch):
    rng = np.random.default_rng(3)
    table = crossed(rng.integers(0, 9, (50, 4)).tolist())
    whole = covariance(table), effect(table)
    monkeypatch.setattr("kldiv_cli.core.inference.dependence._CELLS", 30)
    assert covariance(table) == pytest.approx(whole[0], rel=1e-13)
    assert effect(table) == pytest.approx(whole[1], rel=1e-13)


def test_the_chance_is_that_of_chi_square():
    effects = (Effect(1000, 20, 1.4, 2.1, 150.0), Effect(1000, 20, 1.1, 1.2, 160.0))

    def survival(value, degrees):
        return float(mpmath.gammainc(degrees / 2, value / 2, mpmath.inf, regularized=True))

    mean = survival(150 * 1.4 + 160 * 1.1, 310)
    linear = survival(19 * 2.1 + 19 * 1.2, 38)
    assert chance(effects, ordered=False) == pytest.approx(mean, rel=1e-9)
    assert chance(effects, ordered=True) == pytest.approx(2 * min(mean, linear), rel=1e-9)
    assert chance((Effect(1000, 20, 0.5, 0.5, 100.0),), ordered=True) == 1.0


def test_independent_rows_are_hardly_ever_warned_about():
    rng = np.random.default_rng(5)
    few = [rng.multinomial(100, np.full(8, 1 / 8), 20) for _ in range(2000)]
    chances = [
        chance((effect(crossed(each.tolist()), np.arange(8.0)),), ordered=True) for each in few
    ]
    # 2,000 runs at half a percent are 10; 30 would be six standard errors more.
    assert sum(each <= LEVEL for each in chances) < 30
    sparse = [rng.multinomial(40, np.full(200, 1 / 200), 20) for _ in range(300)]
    chances = [chance((effect(crossed(each.tolist())),), ordered=False) for each in sparse]
    assert sum(each <= LEVEL for each in chances) < 10


def blocks_of(groups):
    counts = np.array(groups, dtype=float).sum(axis=0)
    return counts, crossed(groups)


def test_scale_and_kappa_by_the_formula():
    rng = np.random.default_rng(7)
    sides = [rng.multinomial(90, [0.4, 0.3, 0.2, 0.1], 25).tolist() for _ in range(2)]
    (x, of_p), (y, of_q) = map(blocks_of, sides)
    design = designed(samples(x, y), (of_p, of_q))
    (p, v, n), (q, u, m) = map(by_fractions, sides)
    t = [(n * a + m * b) / (n + m) for a, b in zip(p, q, strict=True)]
    k = len(t)

    def matrix(which):
        root = [mpmath.sqrt(mpmath.mpf(s.numerator) / s.denominator) for s in t]
        return [
            [float(which[i][j]) / float(root[i] * root[j]) for j in range(k)] for i in range(k)
        ]

    a, b = matrix(v), matrix(u)
    total = [[a[i][j] + b[i][j] for j in range(k)] for i in range(k)]
    traces = [sum(each[i][i] for i in range(k)) for each in (a, b, total)]
    scale = max(traces[2] / (k - 1), 1 / float(n) + 1 / float(m))
    square = sum(total[i][j] ** 2 for i in range(k) for j in range(k))
    square -= traces[0] ** 2 / 24 + traces[1] ** 2 / 24
    kappa = min(max((k - 1) * square / traces[2] ** 2, 1), k - 1)
    assert design.scale == pytest.approx(scale, rel=1e-12)
    assert design.kappa == pytest.approx(kappa, rel=1e-12)
    statistic = sum((s - r) ** 2 / each for s, r, each in zip(p, q, t, strict=True))
    degrees = (k - 1) / kappa
    p_value = mpmath.gammainc(
        degrees / 2, float(statistic) / (scale * kappa) / 2, mpmath.inf, regularized=True
    )
    evidence = weigh_design(design, "kl", threshold=0.05, alpha=0.05)
    assert evidence.p_value == pytest.approx(float(p_value), rel=1e-9)
    plug_in = sum(float(s) * math.log(s / r) for s, r in zip(p, q, strict=True))
    assert evidence.value == pytest.approx(plug_in - scale / 2 * (k - 1), abs=1e-12)


@pytest.mark.parametrize("measure", DIVERGENCES)
def test_slopes_are_those_of_the_divergence(measure):
    row, rng = DIVERGENCES[measure], np.random.default_rng(11)
    p, q = rng.dirichlet(np.ones(5), 2) + 0.05
    p, q = p / p.sum(), q / q.sum()
    slopes = row.slopes(p, q)
    for side, found in enumerate(slopes):
        # Shares add up to 1: only differences of slopes matter.
        step = np.array([1e-6, -1e-6, 0, 0, 0])
        moved = [[p + step, q], [p, q + step]][side], [[p - step, q], [p, q - step]][side]
        difference = (row.value(*moved[0]) - row.value(*moved[1])) / 2e-6
        assert found[0] - found[1] == pytest.approx(difference, rel=1e-6)


def test_values_are_those_of_the_measures():
    from kldiv_cli.core.divergences import divergences

    rng = np.random.default_rng(12)
    p, q = rng.dirichlet(np.ones(6), 2)
    for measure, row in DIVERGENCES.items():
        name = "kl_pq" if measure == "kl" else measure
        value = row.value(p, q)
        found = math.sqrt(value) if MEASURED[measure].root else value
        assert found == pytest.approx(float(divergences(p, q, measures=(name,))[name]), rel=1e-12)


def test_disjoint_sides_are_drift_by_any_measure():
    groups = [[30, 0]] * 25, [[0, 30]] * 25
    (x, of_p), (y, of_q) = map(blocks_of, groups)
    design = designed(samples(x, y), (of_p, of_q))
    for measure in DIVERGENCES:
        found = weigh_design(design, measure, threshold=0.05, alpha=0.05)
        assert found.p_drift <= 1e-9
        assert found.low > 0.3


def test_few_groups_and_rows_that_are_worth_little_are_unfit():
    few = [[100, 100]] * 10
    (x, of_p), (y, of_q) = blocks_of(few), blocks_of(few)
    assert "10 groups" in designed(samples(x, y), (of_p, of_q)).unfit.text
    slow = [[100, 0], [0, 100]] * 20
    (x, of_p), (y, of_q) = blocks_of(slow), blocks_of(slow)
    design = designed(samples(x, y), (of_p, of_q))
    assert design.unfit.code == "dependent-rows"
    assert "4,000 rows are worth 39" in design.unfit.text
    found = weigh_design(design, "kl", threshold=0.05, alpha=0.05)
    assert (found.p_drift, found.p_pass, found.reliable) == (1.0, 1.0, False)


def test_outcomes_that_are_rare_on_both_sides_are_merged():
    whole = samples(np.array([500.0, 300, 3, 4, 6]), np.array([480.0, 310, 5, 2, 5]))
    assert merged(whole, (813, 802)).outcomes == 3
    assert merged(samples(np.array([500.0, 300]), np.array([480.0, 0])), (800, 480)).outcomes == 2


def test_a_constant_passes():
    groups = [[100]] * 25
    (x, of_p), (y, of_q) = blocks_of(groups), blocks_of(groups)
    found = weigh_design(designed(samples(x, y), (of_p, of_q)), "kl", threshold=0.05, alpha=0.05)
    assert (found.value, found.low, found.p_value) == (0.0, 0.0, 1.0)
    assert found.p_pass <= 0.05


def test_independent_rows_are_judged_much_as_without():
    from kldiv_cli.core.inference.evidence import weigh

    rng = np.random.default_rng(13)
    p, q = np.full(10, 0.1), np.arange(5, 15) / 95
    sides = [rng.multinomial(200, each, 20) for each in (p, q)]
    (x, of_p), (y, of_q) = (blocks_of(each.tolist()) for each in sides)
    plain = weigh(samples(x, y), max_kl=0.05, alpha=0.05)
    found = weigh_design(designed(samples(x, y), (of_p, of_q)), "kl", threshold=0.05, alpha=0.05)
    assert found.value == pytest.approx(plain.value, abs=0.002)
    assert found.high - found.low == pytest.approx(plain.high - plain.low, rel=0.35)
