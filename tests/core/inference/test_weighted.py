"""Rows that weigh: covariances from single rows by fractions, and the law by SciPy."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kldiv_cli.core.inference.cross_table import CrossTable, Entries
from kldiv_cli.core.inference.design import DIVERGENCES, weigh_design
from kldiv_cli.core.inference.verdict import judge
from kldiv_cli.core.inference.weighted import Weights, weighted, weights_of

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 99)), min_size=2, max_size=40).filter(
    lambda rows: len({outcome for outcome, _ in rows}) > 1
)
"""Rows: an outcome and a weight in eighths."""
TAUS = {"kl": 0.05, "psi": 0.1, "js": 0.0125, "js_distance": 0.112, "hellinger": 0.112}


def crossed(outcomes, weights, size):
    """Return the table of outcomes of rows that weigh."""
    place = np.asarray(outcomes, np.int64)
    w = np.asarray(weights, float)
    ones = np.ones(len(place), np.int64)
    entries = Entries(place, np.zeros(len(place), np.int64), ones, w, w**2)
    return CrossTable(entries, size, 1).summed()


def drawn(rng, shares, rows=2000, sigma=0.7):
    """Return what independent rows of these shares weigh, whatever their outcome."""
    outcomes = rng.choice(len(shares), rows, p=shares)
    return weights_of(crossed(outcomes, np.exp(sigma * rng.normal(size=rows)), len(shares)))


@settings(deadline=None)
@given(rows=ROWS)
def test_the_covariance_is_that_of_a_ratio_row_by_row(rows):
    outcomes, eighths = zip(*rows, strict=True)
    weights = [Fraction(eighth, 8) for eighth in eighths]
    total = sum(weights)
    p = [
        sum(w for o, w in zip(outcomes, weights, strict=True) if o == k) / total for k in range(4)
    ]
    expected = [
        [
            sum(
                (w / total) ** 2 * ((o == k) - p[k]) * ((o == j) - p[j])
                for o, w in zip(outcomes, weights, strict=True)
            )
            for j in range(4)
        ]
        for k in range(4)
    ]
    found = weights_of(crossed(outcomes, [float(w) for w in weights], 4))
    assert found.shares == pytest.approx([float(share) for share in p], rel=1e-14)
    assert found.covariance == pytest.approx(np.array(expected, dtype=float), abs=1e-15)
    size = total**2 / sum(w**2 for w in weights)
    assert found.n_effective == pytest.approx(float(size), rel=1e-13)
    assert found.rows == len(rows)


def test_scale_and_kappa_by_the_formula():
    rng = np.random.default_rng(1)
    p, q = (drawn(rng, np.array([0.4, 0.3, 0.2, 0.1]), rows) for rows in (900, 1500))
    design = weighted(p, q)
    n, m = p.n_effective, q.n_effective
    t = (n * p.shares + m * q.shares) / (n + m)
    traces = [sum(v[k, k] / t[k] for k in range(4)) for v in (p.covariance, q.covariance)]
    expected = sum(max(1 / size, trace / 3) for size, trace in zip((n, m), traces, strict=True))
    assert design.scale == pytest.approx(expected, rel=1e-13)
    both = p.covariance + q.covariance
    square = sum(both[k, j] ** 2 / t[k] / t[j] for k in range(4) for j in range(4))
    assert design.kappa == pytest.approx(3 * square / sum(traces) ** 2, rel=1e-12)
    found = weigh_design(design, "kl", threshold=0.05, alpha=0.05)
    statistic = math.fsum((p.shares - q.shares) ** 2 / t) / (design.scale * design.kappa)
    assert found.p_value == pytest.approx(stats.chi2.sf(statistic, 3 / design.kappa), rel=1e-6)
    # The estimate is the plug-in less its mean where nothing differs.
    plug_in = stats.entropy(p.shares, q.shares)
    assert found.value == pytest.approx(plug_in - 1.5 * design.scale, rel=1e-9)


@pytest.mark.parametrize("weight", [1.0, 0.3, 8.0])
def test_constant_weights_have_the_scale_of_counts(weight):
    outcomes = [0] * 100 + [1] * 200 + [2] * 50
    p = weights_of(crossed(outcomes, [weight] * 350, 3))
    q = weights_of(crossed(outcomes * 3, [weight] * 1050, 3))
    design = weighted(p, q)
    # The shares are equal, so that each side varies as independent rows do.
    assert design.scale == pytest.approx(1 / 350 + 1 / 1050, rel=1e-12)
    assert design.kappa == pytest.approx(1, rel=1e-12)
    assert (p.n_effective, q.n_effective) == pytest.approx((350, 1050), rel=1e-12)


def evidence(rows, factors, measure):
    """Return all figures of two halves of rows, whose weights have factors of their own."""
    sides = [
        weights_of(crossed(*zip(*[(o, w * factor) for o, w in some], strict=True), 4))
        for some, factor in zip((rows[::2], rows[1::2]), factors, strict=True)
    ]
    found = weigh_design(weighted(*sides), measure, threshold=TAUS[measure], alpha=0.05)
    return found._replace(samples=None, move=None, unfit=None, doubt=None)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 999),
    power=st.integers(-30, 30),
    factor=st.floats(1e-6, 1e6),
    measure=st.sampled_from(sorted(TAUS)),
)
def test_a_constant_factor_changes_nothing(seed, power, factor, measure):
    rng = np.random.default_rng(seed)
    outcomes = rng.choice(4, 600, p=[0.55, 0.3, 0.13, 0.02]).tolist()
    rows = list(zip(outcomes, np.exp(rng.normal(size=600)).tolist(), strict=True))
    plain = evidence(rows, (1.0, 1.0), measure)
    assert repr(evidence(rows, (2.0**power, 4.0), measure)) == repr(plain)
    other = evidence(rows, (factor, 1.0), measure)
    figures = [(one, two) for one, two in zip(plain, other, strict=True) if type(one) is float]
    assert len(figures) > 8
    for one, two in figures:
        assert two == pytest.approx(one, rel=1e-9, abs=1e-11)
    assert other.rare == plain.rare


@pytest.mark.parametrize("measure", sorted(TAUS))
def test_claims_are_seldom_wrong(measure):
    rng = np.random.default_rng(8)
    shares = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    found = [
        weigh_design(
            weighted(drawn(rng, shares, 900), drawn(rng, shares, 900)),
            measure,
            threshold=TAUS[measure],
            alpha=0.05,
        )
        for _ in range(300)
    ]
    # Of 300 runs 15 are 5 %; 30 would be four standard errors more.
    assert sum(one.p_value <= 0.05 for one in found) < 30
    assert sum(one.p_drift <= 0.05 for one in found) < 6
    low = [one.low for one in found]
    assert sum(each > 0 for each in low) < 30


def test_what_is_far_apart_is_drift():
    rng = np.random.default_rng(9)
    p, q = drawn(rng, np.array([0.1, 0.2, 0.7])), drawn(rng, np.array([0.5, 0.3, 0.2]))
    found = weigh_design(weighted(p, q), "kl", threshold=0.05, alpha=0.05)
    truth = stats.entropy([0.1, 0.2, 0.7], [0.5, 0.3, 0.2])
    assert found.low < truth < found.high
    assert judge([found])[0].verdict == "drift"


def test_rare_outcomes_are_pooled_and_new_ones_are_not():
    shares = np.array([0.5, 0.3, 0.1, 0.003, 0.003, 0.094])
    squares = shares / 1000
    p, q = Weights(shares, squares, 1500), Weights(shares, squares, 1500)
    design = weighted(p, q)
    # Two of 3 effective rows each take in the next one, of 94.
    assert (design.outcomes, design.rare) == (4, 3)
    fresh = np.array([0.4, 0.2, 0.1, 0.0, 0.0, 0.3])
    gone = np.array([0.5, 0.4, 0.1, 0.0, 0.0, 0.0])
    design = weighted(Weights(fresh, fresh / 1000, 1500), Weights(gone, gone / 1000, 1500))
    assert (design.outcomes, design.rare) == (4, 0)
    found = weigh_design(design, "kl", threshold=0.05, alpha=0.05)
    assert found.p_drift < 1e-6
    assert math.isinf(found.high)
    assert found.p_pass == 1.0


def test_many_outcomes_are_pooled_to_a_thousand():
    shares = np.full(1500, 1 / 1500)
    side = Weights(shares, shares / 1e6, 1_000_000)
    assert weighted(side, side).outcomes == 1000


class TestRowsThatAreWorthTooFew:
    SHARES = np.array([0.5, 0.3, 0.2])

    def side(self, size, rows):
        return Weights(self.SHARES, self.SHARES / size, rows)

    @pytest.mark.parametrize(
        ("size", "rows", "code"),
        [
            (99, 120, "few-effective-rows"),
            (1, 100, "few-effective-rows"),
            (290, 1000, "uneven-weights"),
        ],
    )
    @pytest.mark.parametrize("first", [True, False])
    def test_nothing_passes(self, size, rows, code, first):
        both = self.side(size, rows), self.side(4000, 5000)
        design = weighted(*(both if first else both[::-1]))
        found = weigh_design(design, "kl", threshold=0.5, alpha=0.05)
        assert found.p_pass == 1.0
        assert not found.reliable
        (judgement,) = judge([found])
        assert (judgement.verdict, judgement.reason.code) == ("inconclusive", code)
        assert f"{rows:,} rows are worth {size:,}" in judgement.reason.text

    def test_uneven_rows_may_be_drift(self):
        p = Weights(self.SHARES[::-1].copy(), self.SHARES[::-1] / 290, 1000)
        found = weigh_design(weighted(p, self.side(290, 1000)), "kl", threshold=0.05, alpha=0.05)
        (judgement,) = judge([found])
        assert judgement.verdict == "drift"
        assert "1,000 rows are worth 290" in judgement.reason.text

    def test_enough_of_them_pass(self):
        side = self.side(4000, 5000)
        (judgement,) = judge(
            [weigh_design(weighted(side, side), "kl", threshold=0.05, alpha=0.05)]
        )
        assert judgement.verdict == "pass"


def test_rows_without_weights_are_refused():
    place = np.zeros(3, np.int64)
    table = CrossTable(Entries(place, place, np.ones(3, np.int64)), 1, 1)
    with pytest.raises(ValueError, match="no weights"):
        weights_of(table)
    with pytest.raises(ValueError, match="weigh nothing"):
        weights_of(crossed([0, 1], [0.0, 0.0], 2))


def test_one_outcome_differs_from_nothing():
    side = Weights(np.array([1.0]), np.array([1 / 500]), 600)
    found = weigh_design(weighted(side, side), "kl", threshold=0.05, alpha=0.05)
    assert (found.value, found.p_value) == (0.0, 1.0)
    assert judge([found])[0].verdict == "pass"


@pytest.mark.parametrize("measure", sorted(DIVERGENCES))
def test_exchanged_sides_agree_on_no_difference(measure):
    rng = np.random.default_rng(3)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    p, q = drawn(rng, shares), drawn(rng, shares, 700)
    one, two = (
        weigh_design(weighted(*sides), measure, threshold=0.05, alpha=0.05)
        for sides in ((p, q), (q, p))
    )
    assert one.p_value == pytest.approx(two.p_value, rel=1e-9)
