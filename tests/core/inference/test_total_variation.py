"""The limits of the total variation, against quadrature and published tables."""

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from kldiv_cli import estimate
from kldiv_cli.core.inference import total_variation
from kldiv_cli.core.inference.evidence import weigh
from kldiv_cli.core.inference.proportions import difference_limits, p_value_above, wilson
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.total_variation import weigh_total_variation

A = math.sqrt(10 / math.pi)
NORMAL = NormalDist()


def integrals(function, u):
    """Mean of f(u + Z), its slope in u, and its variance, by quadrature."""
    parts = [
        integrate.quad(lambda z, of=of: of(z) * NORMAL.pdf(z - u), -40, 40, points=[0, u, -u])[0]
        for of in (function, lambda z: function(z) * (z - u), lambda z: function(z) ** 2)
    ]
    return parts[0], parts[1], parts[2] - parts[0] ** 2


def dipped(z):
    """|z| less what makes its mean 0 where nothing differs."""
    return abs(z) - A * math.exp(-2 * z * z)


class Prototype:
    """The method one outcome at a time, for counts x and y or a known y."""

    def __init__(self, x, y, known=False):
        self.n, self.m = sum(x), math.inf if known else sum(y)
        self.p = [count / self.n for count in x]
        self.q = list(y) if known else [count / self.m for count in y]
        pooled = y if known else [sum(both) / (self.n + self.m) for both in zip(x, y, strict=True)]
        self.s = [math.sqrt((1 / self.n + 1 / self.m) * t * (1 - t)) for t in pooled]
        self.u = [(p - q) / s for p, q, s in zip(self.p, self.q, self.s, strict=True)]
        half = len(x) / 2
        self.sides = [([(count + 0.5) / (self.n + half) for count in x], self.n)]
        if not known:
            self.sides.append(([(count + 0.5) / (self.m + half) for count in y], self.m))

    def least(self, parts):
        """No choice of the uncertain signs makes the sum smaller in size."""
        sure = sum(math.copysign(e, u) for e, u in zip(parts, self.u, strict=True) if abs(u) > 2)
        open_ = [e for e, u in zip(parts, self.u, strict=True) if abs(u) <= 2]
        return max(0, *(2 * one - abs(sure) - sum(open_) for one in (abs(sure), *open_)))

    def error(self, function, sizes):
        _, slopes, variances = zip(*(integrals(function, u) for u in sizes), strict=True)
        total = sum(s**2 * (v - e**2) for s, v, e in zip(self.s, variances, slopes, strict=True))
        for share, rows in self.sides:
            square = sum(w * e**2 for w, e in zip(share, slopes, strict=True))
            parts = [w * e for w, e in zip(share, slopes, strict=True)]
            total += (square - self.least(parts) ** 2) / rows
        return math.sqrt(total) / 2

    def corrected(self):
        """TVc and its standard error."""
        sizes = [abs(u) for u in self.u]
        value = sum(s * dipped(u) for s, u in zip(self.s, sizes, strict=True)) / 2
        return value, self.error(dipped, sizes)

    def p_pass(self, truth):
        even = 2 * truth / sum(self.s)
        least = sum(self.s) / 2 * integrals(abs, even)[0]
        seen = sum(abs(p - q) for p, q in zip(self.p, self.q, strict=True)) / 2
        return NORMAL.cdf((seen - least) / self.error(abs, [max(abs(u), even) for u in self.u]))


TABLES = [
    ([24, 165, 811], [104, 171, 725], False),
    ([55, 330, 1615], [20800, 34300, 144900], False),
    ([61, 23, 16], [49, 34, 17], False),
    ([34, 180, 7, 28, 251], [56, 193, 15, 16, 220], False),
    ([40, 30, 20, 10], [0.3, 0.3, 0.25, 0.15], True),
    ([20, 20, 30, 70, 60], [40, 40, 60, 90, 170], False),
]


@pytest.mark.parametrize(("x", "y", "known"), TABLES)
def test_limits_and_p_values_are_those_of_one_outcome_at_a_time(x, y, known):
    prototype, pair = Prototype(x, y, known), samples(x, y, known=(False, known))
    threshold = 0.09
    kl = weigh(pair)._replace(p_value=0.0)
    found = weigh_total_variation(kl, threshold=threshold, alpha=0.05)
    value, error = prototype.corrected()
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.low == pytest.approx(max(value - 1.959964 * error, 0), rel=1e-6, abs=1e-9)
    assert found.p_drift == pytest.approx(NORMAL.cdf((threshold - value) / error), rel=1e-6)
    assert found.p_pass == pytest.approx(prototype.p_pass(threshold), rel=1e-6)
    assert prototype.p_pass(found.high) == pytest.approx(0.025, rel=1e-5)


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=3, max_size=6).filter(
        lambda rows: all(sum(side) > 1 for side in zip(*rows, strict=True))
    ),
    st.floats(0, 0.5),
)
@example([(0, 0), (0, 0), (2, 2)], 0.0)
@settings(max_examples=25)
def test_no_signs_of_what_is_uncertain_make_the_errors_larger(rows, least):
    """Of a single uncertain outcome one of the two makes them as large, on either side."""
    pair = samples(*(np.array(side) for side in zip(*rows, strict=True)))
    distance = total_variation._Distance.of(pair, pair.n, pair.m)
    unsure = np.flatnonzero(distance.sizes <= 2)
    slopes = np.maximum(distance.slopes, least)
    total = float((distance.spreads**2).sum())
    for share, size in distance.sides:
        spreads = []
        for signs in itertools.product((-1, 1), repeat=len(unsure)):
            signed = slopes * np.sign(distance.apart)
            signed[unsure] = slopes[unsure] * signs
            spreads.append(float(share @ (signed - share @ signed) ** 2))
        total += max(spreads) / size
    found = distance._error(slopes, 1 + slopes**2)
    assert math.sqrt(total) / 2 <= found * (1 + 1e-12)
    if len(unsure) < 2:
        assert math.sqrt(total) / 2 == pytest.approx(found, rel=1e-12)


def test_a_distance_at_the_threshold_seldom_passes_where_a_sign_is_uncertain():
    """With the signs that were seen 8.5 % would."""
    p, q = np.array([0.024, 0.165, 0.811]), np.array([0.104, 0.171, 0.725])
    truth, rng, passed = float(np.abs(p - q).sum()) / 2, np.random.default_rng(7), 0
    for _ in range(400):
        pair = samples(rng.multinomial(2000, p), rng.multinomial(200_000, q))
        passed += total_variation._Distance.of(pair, pair.n, pair.m).below(truth) > 1.96
    assert passed <= 400 * 0.025


def test_the_estimate_has_mean_0_for_normal_errors_and_is_never_above_the_truth():
    for u in np.linspace(0, 4, 17):
        mean = integrals(dipped, u)[0]
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
