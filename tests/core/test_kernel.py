"""Accuracy on every class of input, against the definitions in 90-digit arithmetic."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import exact
import numpy as np
import pytest

from kldiv_cli.core import kernel
from kldiv_cli.core.divergences import divergences, evaluate, kl_div
from kldiv_cli.core.kernel import short, twofold
from kldiv_cli.core.kernel.blocks import BLOCK
from kldiv_cli.core.kernel.elements import SERIES
from kldiv_cli.core.measures import DEFAULT_MEASURES

ORDERS = (0.0, 0.01, 0.3, 0.5, 0.7, 0.99999, 1.0, 1.00001, 1.5, 2.0, 3.0, 20.0)
NAMES = (*DEFAULT_MEASURES, *(f"{f}:{a}" for f in ("renyi", "tsallis") for a in ORDERS))


def limit(name: str) -> float:
    """Twice the accuracy that is aimed at."""
    if name.startswith("entropy"):
        return 1e-15
    return 4e-15 if ":" in name or "cross" in name or name == "bhattacharyya" else 2.4e-15


@pytest.mark.parametrize("seed", range(4))
def test_every_measure_on_every_class_of_input(seed):
    for name, p, q, kinds, temperature in exact.pairs(112, seed):
        found = evaluate(p, q, NAMES, kind=kinds, temperature=temperature)
        P, Q = exact.side(p, kinds[0], temperature), exact.side(q, kinds[1], temperature)
        for measure in NAMES:
            truth = exact.measure(measure, P, Q)
            value, bound = found.values[measure], found.bounds[measure]
            assert value >= 0.0, (name, measure)
            if truth != 0 and abs(truth) < exact.mp.mpf(10) ** -70:
                # Ninety digits are too few to tell.
                assert value < 1e-65
                continue
            error = exact.relative_error(value, truth)
            assert error <= bound, (name, measure, float(truth), value)
            # Where digits are lost by nature the bound says so.
            if ":20" not in measure and name != "weights and log-probs":
                assert error <= limit(measure), (name, measure, float(truth), value)


@pytest.mark.parametrize("seed", range(4))
def test_the_short_ways_to_kl_are_as_exact(seed):
    for name, p, q, kinds, temperature in exact.pairs(160, 100 + seed):
        P, Q = exact.side(p, kinds[0], temperature), exact.side(q, kinds[1], temperature)
        truth = exact.measure("kl_pq", P, Q)
        if name == "multiples":
            truth = exact.mp.mpf(0)
        # Beside log-probs the answer hangs on digits of a logarithm, and the bound says how much.
        bound = evaluate(p, q, ["kl_pq", "kl_qp"], kind=kinds, temperature=temperature).bounds
        tolerance = max(bound.values()) if name == "weights and log-probs" else 1.2e-15
        one = kl_div(p, q, kind=kinds, temperature=temperature)
        assert exact.relative_error(one, truth) <= tolerance, (name, float(truth))
        back = exact.measure("kl_qp", P, Q) if name != "multiples" else truth
        for both in (
            divergences(p, q, measures=("kl_pq", "kl_qp"), kind=kinds, temperature=temperature),
            divergences(
                *(np.array([x, x]) for x in (p, q)),
                measures=("kl_pq", "kl_qp"),
                kind=kinds,
                temperature=temperature,
            ),
        ):
            found = (np.ravel(x)[0] for x in both.values())
            for value, expected in zip(found, (truth, back), strict=True):
                assert exact.relative_error(value, expected) <= tolerance, name
        if kinds[0] == kinds[1]:
            rows = kl_div([p, p], [q, p], kind=kinds, temperature=temperature)
            assert exact.relative_error(rows[0], truth) <= tolerance, (name, float(truth))
            assert rows[1] == 0.0


@pytest.mark.parametrize("eps", [1.0, 1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-12])
@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_long_vectors(eps, scale):
    p = exact.uniform(5, 1000)
    q = exact.perturb(p, 6, eps, scale)
    P, Q = exact.normalise(p), exact.normalise(q)
    names = ("kl_pq", "kl_qp", "js", "tv", "hellinger", "chi2_pq")
    found = evaluate(p, q, names)
    assert exact.relative_error(kl_div(p, q), exact.measure("kl_pq", P, Q)) < 1.2e-15
    for name in names:
        error = exact.relative_error(found.values[name], exact.measure(name, P, Q))
        assert error < 1e-15
        assert error < found.bounds[name]


@pytest.mark.parametrize("zeros", [0, 300])
@pytest.mark.parametrize("scale", [1.0, 2.5, 1e-6])
@pytest.mark.parametrize("eps", [1.0, 0.3, 1e-2, 1e-6, 1e-9, 0.0])
def test_vectors_of_many_blocks(eps, scale, zeros):
    p = np.array(exact.uniform(7, 1000))
    q = np.array(exact.perturb(p.tolist(), 8, eps, scale))
    p[:zeros] = 0.0
    q[: zeros // 2] = 0.0
    truth = exact.measure("kl_pq", exact.normalise(p), exact.normalise(q))
    # To repeat all outcomes changes nothing.
    found = kl_div(np.tile(p, 100), np.tile(q, 100))
    assert exact.relative_error(found, truth) < 1.2e-15


def test_rows_that_differ_in_every_way_share_a_batch():
    rng = np.random.default_rng(9)
    rows = 400
    p = rng.random((rows, 12)) * 10.0 ** rng.uniform(-60, 60, (rows, 1))
    eps = 10.0 ** rng.uniform(-9, 0.3, (rows, 1))
    q = p * np.exp(eps * rng.standard_normal(p.shape)) * 10.0 ** rng.integers(-3, 3, (rows, 1))
    p[rng.random(p.shape) < 0.1] = 0.0
    q[(rng.random(p.shape) < 0.1) & (p == 0.0)] = 0.0
    for a, b, value in zip(p, q, kl_div(p, q), strict=True):
        truth = exact.measure("kl_pq", exact.normalise(a), exact.normalise(b))
        assert exact.relative_error(value, truth) < 1.6e-15


def test_powers_of_ratios_that_only_their_weight_keeps_in_range():
    rng = np.random.default_rng(10)
    names = [f"{family}:{a}" for family in ("renyi", "tsallis") for a in (1.5, 2.0, 20.0, 100.0)]
    finite = 0
    for i in range(120):
        p, q = rng.random((2, 9)) ** rng.integers(1, 60)
        p, q = p * 10.0 ** (30 * (i % 7 - 3)), q * 10.0 ** (30 * (i % 5 - 2))
        found = evaluate(p, q, names)
        P, Q = exact.normalise(p), exact.normalise(q)
        for name in names:
            truth = exact.measure(name, P, Q)
            error = exact.relative_error(found.values[name], truth)
            assert error <= found.bounds[name], (name, float(truth))
            finite += 1e250 < truth < 1e308
    assert finite > 3


@pytest.mark.parametrize("least", [1e-200, 1e-260, 1e-290])
@pytest.mark.parametrize("most", [1e20, 1e60])
def test_tiny_weights_beside_huge_ones_and_totals_far_apart(least, most):
    p, q = np.array([least, 0.3, most]), np.array([0.2, 0.5, 0.9])
    P, Q = exact.normalise(p), exact.normalise(q)
    names = ("kl_pq", "kl_qp", "js", "hellinger", "tsallis:0.7")
    found = evaluate(p, q, names)
    for name in names:
        assert exact.relative_error(found.values[name], exact.measure(name, P, Q)) < 1e-15


@pytest.mark.parametrize(
    ("p", "q", "temperature"),
    [
        ([0.0, 0.0], [0.0, -1500.0], 1.0),
        ([0.0, 0.0, 1.0], [0.0, 2000.0, 1.0], 1.0),
        ([-0.057, 2.29, -0.178], [1.54, -0.12, 6.84], 0.01),
        (
            [3.720463946938219, 2.8475221602277685],
            [-296.66989907278355, -296.81723376611484],
            0.01,
        ),
    ],
)
def test_logits_far_apart(p, q, temperature):
    truth = exact.measure("kl_pq", *(exact.softmax(z, temperature) for z in (p, q)))
    assert truth > 0
    found = kl_div(p, q, kind="logits", temperature=temperature)
    assert exact.relative_error(found, truth) < 1.2e-15


def test_logits_that_differ_by_last_bits_beside_a_large_shift():
    # P is nearly a point mass, so that its logit differs from the mean by next to nothing.
    rng = np.random.default_rng(14)
    for _ in range(60):
        p = rng.standard_normal(11) * 3
        p[3] = 8.0 + rng.random()
        q = p + 1e4
        P, Q = exact.softmax(p, 0.7), exact.softmax(q, 0.7)
        for name in ("tv", "kl_pq", "hellinger"):
            found = evaluate(p, q, [name], kind="logits", temperature=0.7)
            error = exact.relative_error(found.values[name], exact.measure(name, P, Q))
            assert error <= min(found.bounds[name], 2e-15)


UNEQUAL = [
    ([1, 2], [1e308, 1.7e308]),
    ([0.25] * 2, [1e308] * 2),
    ([1e-8, 1e-8], [1e300, 3e300]),
    ([0.5, 0.5], [1e-95, 1e280]),
    ([1e-99, 1e-99], [1e-99, 1e130]),
    ([1e308, 1e306], [1e308, 1e308]),
    ([1e6, 1e6 + 1], [1e6 + 1, 1e6]),
    ([1, 1], [1e-30, 3e-30]),
    ([0.9, 0.001], [0.9, 0.05]),
    ([0.99, 0.01], [0.97, 0.03]),
    ([1e-17, 1], [1e-20, 1.05]),
    ([2.43e-67, 2.87e-67], [5.4e248, 6.4e248]),
]


@pytest.mark.parametrize("times", [1, 2500])
def test_rows_of_any_total_leave_each_other_alone(times):
    truth = [exact.measure("kl_pq", *map(exact.normalise, sides)) for sides in UNEQUAL]
    rng = np.random.default_rng(13)
    for _ in range(20 if times == 1 else 2):
        order = rng.permutation(len(UNEQUAL))
        p, q = (np.tile([UNEQUAL[i][side] for i in order], times) for side in (0, 1))
        for i, value in zip(order, kl_div(p, q), strict=True):
            assert exact.relative_error(value, truth[i]) < 1.2e-15, UNEQUAL[i]


@pytest.mark.parametrize("outcomes", [300, 1000, 4096])
def test_equal_weights_are_added_up_as_exactly_as_others(outcomes):
    for share, factor in ((0.3, 1.4), (1 / 3, 0.693), (0.02, 1.001)):
        p = np.full(outcomes, 1.0 / outcomes)
        q = p.copy()
        q[: int(share * outcomes)] *= factor
        truth = exact.measure("kl_pq", exact.normalise(p), exact.normalise(q))
        # Equal weights are rounded alike, and no error makes up for another.
        assert exact.relative_error(kl_div(p, q), truth) < 2.4e-15


NEARLY_PROPORTIONAL = [
    ([0.25965233682328515, 0.5326468078197701], [0.5193046736465704, 1.0652936156395405]),
    ([0.8976984351175483, 0.9606648859302717], [29.923281170584943, 32.022162864342391]),
    ([5515269489795740, 7184117059396231], [951725436730496, 1239704960660065]),
    ([8785764194647072, 7728439853572253], [3217455141351605, 2830249935077112]),
    ([2.3006622652117063e-31, 0.01815687065925864], [7.668874217372355e-32, 0.00605229021975288]),
    ([2**100 + 1, 2**100], [2**100, 2**100]),
    ([2**200, 2**200], [2**200 + 2**97, 2**200]),
    ([3, 6, 9], [1, 2, 3]),
    ([10.0**60, 1.0], [10.0**60, 1.0 + 1e-15]),
    ([1e-300, 3e-300], [1e300 / 3, 1e300]),
]


@pytest.mark.parametrize(("p", "q"), NEARLY_PROPORTIONAL)
@pytest.mark.parametrize("times", [1, 200])
def test_sides_that_are_proportional_but_for_their_last_bits(p, q, times):
    with exact.mp.workdps(300):
        P, Q = exact.normalise(p), exact.normalise(q)
        names = ("kl_pq", "kl_qp", "js", "tv", "hellinger", "chi2_pq", "renyi:0.7", "tsallis:20")
        truth = {name: exact.measure(name, P, Q) for name in names}
        zero = len({Fraction(x) / Fraction(y) for x, y in zip(p, q, strict=True)}) == 1
        for name in names:
            found = evaluate(p * times, q * times, [name])
            expected = exact.mp.mpf(0) if zero else truth[name]
            error = exact.relative_error(found.values[name], expected)
            assert error <= found.bounds[name]
            if name != "tv":
                assert error < 1.2e-15
        expected = exact.mp.mpf(0) if zero else truth["kl_pq"]
        assert exact.relative_error(kl_div(p * times, q * times), expected) < 1.2e-15


@pytest.mark.parametrize("kinds", [("logits",) * 2, ("weights", "logits"), ("logits", "weights")])
def test_logits_hundreds_apart_have_finite_chi_squared_and_powers(kinds):
    rng = np.random.default_rng(12)
    names = ["chi2_pq", "chi2_qp", "tsallis:2", "tsallis:20", "renyi:20"]
    largest = 0.0
    for _ in range(60):
        sides = rng.standard_normal((2, 6)) * 10.0 ** rng.uniform(0, 2.4)
        p, q = (
            np.exp(z - z.max()).clip(1e-200) if kind == "weights" else z
            for z, kind in zip(sides, kinds, strict=True)
        )
        found = evaluate(p, q, names, kind=kinds)
        P, Q = exact.side(p, kinds[0]), exact.side(q, kinds[1])
        for name in names:
            truth = exact.measure(name, P, Q)
            error = exact.relative_error(found.values[name], truth)
            assert error <= found.bounds[name], (name, float(truth))
            largest = max(largest, float(truth) if truth < 1e308 else 0.0)
    assert largest > 1e200


def test_one_vanishing_measure_costs_the_others_no_digits():
    # Renyi of order 0 is exactly 0 here, which makes the kernel look twice.
    rng = np.random.default_rng(11)
    for _ in range(200):
        p, q = rng.random((2, 30)) ** 20
        both = evaluate(p, q, ["renyi:0", "chi2_qp"])
        truth = exact.measure("chi2_qp", exact.normalise(p), exact.normalise(q))
        assert both.values["renyi:0"] == 0.0
        assert exact.relative_error(both.values["chi2_qp"], truth) < 1e-15


@pytest.mark.parametrize("kind", ["weights", "logits"])
def test_rows_longer_than_a_block(kind):
    k = 2 * BLOCK + 77
    rng = np.random.default_rng(1)
    p = rng.random(k)
    q = p * (1 + 1e-3 * rng.standard_normal(k))
    parts = (np.repeat(x, 1) for x in (p, q))
    whole = divergences(*parts, kind=kind)
    # The same outcomes as rows of a batch of equal shape, turned round: another way to cut.
    other = divergences(np.array([p, q])[:, ::-1], np.array([q, p])[:, ::-1], kind=kind)
    for name, value in whole.items():
        assert other[name][0] == pytest.approx(value, rel=2e-15)


def test_batches_equal_their_rows():
    rng = np.random.default_rng(2)
    p, q = rng.random((7, 3, 5)), rng.random((7, 3, 5))
    q[2, 1, 3] = p[4, 0, 0] = 0.0
    for axis in (0, 1, 2, -1, -2):
        batch = divergences(p, q, axis=axis)
        rows_p, rows_q = np.moveaxis(p, axis, -1), np.moveaxis(q, axis, -1)
        for at in np.ndindex(rows_p.shape[:-1]):
            single = divergences(rows_p[at].copy(), rows_q[at].copy())
            for name, value in single.items():
                assert batch[name][at] == pytest.approx(value, rel=2e-15)


def test_rows_of_any_size_share_a_batch():
    p = np.array([[1e-310, 2e-310], [1.0, 2.0], [1e300, 2e300], [3.0, 3.0]])
    q = np.array([[2.0, 1.0], [1e260, 1e300], [5e307, 4e307], [1.0, 1.0]])
    batch = divergences(p, q)
    short = kl_div(p, q)
    for row in range(4):
        truth = [exact.normalise(x[row]) for x in (p, q)]
        assert exact.relative_error(short[row], exact.measure("kl_pq", *truth)) < 1e-15
        for name in batch:
            error = exact.relative_error(batch[name][row], exact.measure(name, *truth))
            assert error < 1e-15, name


def test_chi_squared_up_to_the_last_power_of_two():
    for total in (1.0, 1e-200, 1e140, 7.0):
        p, q = np.array([0.5, 0.5]), np.array([total, total * 3e-308])
        truth = exact.measure("chi2_pq", exact.normalise(p), exact.normalise(q))
        found = divergences(p, q, measures=["chi2_pq"])["chi2_pq"]
        assert exact.relative_error(found, truth) < 1e-15
        assert divergences(p, q * 0.125, measures=["chi2_pq"])["chi2_pq"] == pytest.approx(found)


def test_every_memory_order_gives_the_same_numbers():
    rng = np.random.default_rng(3)
    p, q = rng.random((40, 30)), rng.random((40, 30))
    plain = kl_div(p, q)
    for order in (np.asfortranarray, lambda x: x.astype(">f8"), lambda x: np.repeat(x, 2, 0)[::2]):
        np.testing.assert_array_equal(kl_div(order(p), order(q)), plain)


def test_inputs_are_left_as_they_were():
    for kind in ("weights", "logits"):
        p, q = np.array([[0.0, 1.0, 3.0]]), np.array([[1.0, 0.0, 2.0]])
        before = p.copy(), q.copy()
        divergences(p, q, kind=kind, measures=[*DEFAULT_MEASURES, "renyi:0.3"])
        kl_div(p[0], q[0], kind=kind)
        np.testing.assert_array_equal([p, q], before)


def test_integers_are_never_rounded():
    big = 2**62
    p, q = np.array([big, big + 1]), np.array([big, big])
    truth = exact.measure("tv", exact.normalise(p), exact.normalise(q))
    for kind in (np.int64, np.uint64, object):
        found = divergences(p.astype(kind), q.astype(kind), measures=["tv"])
        assert exact.relative_error(found["tv"], truth) < 1e-15
    huge = np.array([10**400, 3 * 10**400], object)
    assert kl_div(huge, huge * 7) == 0.0
    assert kl_div(huge, [1, 3]) == 0.0
    assert kl_div(huge, [3, 1]) == pytest.approx(np.log(3) / 2, rel=1e-15)


def test_no_full_size_temporaries():
    p = np.random.default_rng(4).random(2_000_000)
    q, near, sparse = p[::-1].copy(), p * (1 + 1e-4 * p), np.where(p < 0.3, 0.0, p)
    unequal = 3 * near
    for call in (
        lambda: kl_div(p, q),
        lambda: kl_div(p, near),
        lambda: kl_div(p, unequal),
        lambda: kl_div(sparse, near),
        lambda: divergences(p, q),
        lambda: kl_div(p, q, kind="logits"),
    ):
        tracemalloc.start()
        call()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8e6


@pytest.mark.parametrize("times", [1, 3000, 9000])
def test_vectors_at_the_ends_of_the_range(times):
    for p, q in (([1e308, 1e308], [1.0, 2.0]), ([1.0, 2.0], [5e-324, 1.0]), ([0, 1e308], [1, 1])):
        truth = exact.measure("kl_pq", exact.normalise(p), exact.normalise(q))
        found = kl_div(*(np.tile(np.array(x, float), times) for x in (p, q)))
        assert exact.relative_error(found, truth) < 2e-15
    for p in ([np.inf, 1.0], [np.inf, -np.inf], [1.0, np.nan], [-1.0, 2.0], [0.0, 0.0]):
        for sides in ((p, [1.0, 0.0]), ([0.0, 1.0], p)):
            with pytest.raises(ValueError, match="expected a"):
                kl_div(*(np.tile(x, times) for x in sides))


def test_the_series_meets_the_logarithm():
    for y in (1e-9, 0.01, 0.1, 0.15, 0.1732):
        y = exact.mp.mpf(y)
        truth = exact.mp.log((1 + y) / (1 - y)) - 2 * y
        found = y**3 * sum(exact.mp.mpf(c) * y ** (2 * k) for k, c in enumerate(SERIES))
        # Of a term of the divergence Q is less than 0.4 y.
        assert abs(found / truth - 1) * 0.4 * y < 2e-17


def test_twofold_arithmetic():
    rng = np.random.default_rng(5)
    x = np.concatenate(
        [
            rng.random(200) * 10.0 ** rng.uniform(-300, 300, 200),
            rng.uniform(0.7, 1.42, 1000),
            [5e-324, 1.0],
        ]
    )
    y = rng.permutation(x)
    wide = exact.mp.mpf
    zero = np.zeros_like(x)

    def value(t):
        return [wide(h) + wide(low) for h, low in zip(*t, strict=True)]

    for total, a, b in zip(value(twofold.two_sum(x, y)), x, y, strict=True):
        assert total == wide(a) + wide(b)
    small, other = rng.random(200), rng.random(200)
    for product, a, b in zip(value(twofold.two_product(small, other)), small, other, strict=True):
        assert abs(product - wide(a) * wide(b)) < 2.0**-105
    none = np.zeros_like(small)
    quotient = twofold.divide(twofold.Twofold(small, none), twofold.Twofold(other, none))
    for found, a, b in zip(value(quotient), small, other, strict=True):
        assert abs(found / (wide(a) / wide(b)) - 1) < 2.0**-100
    for found, a in zip(value(twofold.log(twofold.Twofold(x, zero))), x, strict=True):
        truth = exact.mp.log(wide(a))
        assert abs(found - truth) < 2.0**-93 * max(1, abs(truth))
    first, second, third = twofold.three_parts(quotient)
    for parts in zip(value(quotient), first, second, third, strict=True):
        assert abs(parts[0] - sum(map(wide, parts[1:]))) < 2.0**-104 * parts[0]


def test_bounds_are_tight_enough_to_print():
    p, q = [3, 5, 9], [4, 4, 9]
    for name, bound in evaluate(p, q, NAMES).bounds.items():
        assert 0 < bound < 2e-13 or name.endswith(":0.0"), name
    assert set(evaluate(p, p, ["kl_pq"]).bounds.values()) == {0.0}


def test_the_kernel_says_what_it_cannot_use():
    side = kernel.Side(kernel.Weights(np.array([[1.0, -1.0]])), False)
    with pytest.raises(kernel.NotWeightsError):
        kernel.kl(side, side)


def calls_of(monkeypatch, *names):
    """Count calls of NumPy's functions by name."""
    counts = dict.fromkeys(names, 0)

    def counted(name, function):
        def call(*args, **options):
            counts[name] += 1
            return function(*args, **options)

        return call

    for name in names:
        monkeypatch.setattr(np, name, counted(name, getattr(np, name)))
    return counts


@pytest.mark.parametrize(("blocks", "shape"), [(1, (BLOCK // 80, 80)), (5, (5, BLOCK))])
def test_a_block_of_rows_far_apart_takes_one_logarithm_and_one_near_none(
    monkeypatch, blocks, shape
):
    p, q = 1 + np.random.default_rng(6).random((2, *shape))
    p[:, 0] += shape[1]
    counts = calls_of(monkeypatch, "log", "divide")
    kl_div(p, q)
    # One more for the guess.
    assert counts == {"log": blocks + 1, "divide": blocks}
    near = p * (1 + 1e-3 * q)
    kl_div(p, near * (p.sum(axis=1) / near.sum(axis=1))[:, None])
    assert counts == {"log": blocks + 2, "divide": 2 * blocks}


@pytest.mark.parametrize("factor", [1e-3, 1.0, 50.0])
def test_a_short_vector_goes_the_short_way_with_one_logarithm(monkeypatch, factor):
    p, q = np.random.default_rng(7).random((2, 50))
    near = factor * p * (1 + 1e-4 * q)
    monkeypatch.setattr(kernel, "kl", None)
    counts = calls_of(monkeypatch, "log")
    for sides in ((p, near), (p.tolist(), near.tolist()), (p.astype("f4"), near.astype("f4"))):
        counts["log"] = 0
        assert 0 < kl_div(*sides) < 1e-5
        assert counts["log"] == 1
    # Sides that are far apart need no series.
    monkeypatch.setattr(short, "series", None)
    assert kl_div(p, factor * q) > 0.05


def test_a_short_vector_is_silent_whatever_numpy_was_told_to_report():
    rng = np.random.default_rng(8)
    p = rng.random(40) ** 9
    with np.errstate(all="raise"):
        for eps in (0.0, 1e-14, 1e-7, 0.03, 0.3):
            for zeros in (0, 20):
                q = p * (1 + eps * rng.random(40))
                q[:zeros] = 0.0
                for factor in (1.0, 3.3, 1e40):
                    assert kl_div(np.where(q > 0, p, 0.0), factor * q) >= 0.0
                    assert kl_div(q, factor * p) >= 0.0


def test_blocks_make_no_temporaries_of_their_size():
    rng = np.random.default_rng(8)
    p = rng.random((40, BLOCK // 2))
    for q in (rng.random(p.shape), p * (1 + 1e-4 * rng.random(p.shape))):
        kl_div(p, q)
        tracemalloc.start()
        kl_div(p, q)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * BLOCK


LEAST = float(np.finfo(np.float32).min)
MASKED = [
    ([0.16, 0.0, 0.5], [1.0, LEAST, 2.0]),
    ([0.16, LEAST, 0.5], [1.0, LEAST, 2.0]),
    ([0.16, LEAST, LEAST, 0.5], [1.0, 0.3, LEAST, 2.0]),
    ([10_000.2, 9_999.9, 10_001.1], [-LEAST, LEAST, LEAST]),
    ([0.16, 0.0], [1e16, -1e16]),
    ([0.16, 0.0, 1.0], [1e30, 0.0, 1.0]),
    ([0.0, -1e200, 0.1], [0.0, 0.2, 0.3]),
]
"""Logits of which some are the least number there is, as masks are, or as far from the others."""


@pytest.mark.parametrize(("p", "q"), MASKED, ids=str)
@pytest.mark.parametrize("turned", [False, True])
def test_an_outcome_that_is_masked_takes_no_digit_from_the_others(p, q, turned):
    p, q = (q, p) if turned else (p, q)
    names = [name for name in NAMES if ":" not in name and not name.startswith("chi2")]
    found = evaluate(p, q, names, kind="logits")
    P, Q = exact.softmax(p), exact.softmax(q)
    for measure in names:
        truth, value = exact.measure(measure, P, Q), found.values[measure]
        if truth == 0:
            assert value == 0, measure
        elif value != 0 or truth > 1e-300:
            assert exact.relative_error(value, truth) <= found.bounds[measure], measure


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0, -2000], [0, -900]), ([0, -1500], [0, -800]), ([0, -1e6], [0, -4e5]),
        ([0, -1e6], [0, -6e5]), ([0, -2000], [0, 0]), ([0, -745, 1], [0, -400, 2]),
        ([-900, 0, 0], [0, 1, -2000]), ([0, -900, -2000], [0, -2000, -900]),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_squares_and_powers_of_masses_that_no_double_holds(p, q, turned):
    p, q = (q, p) if turned else (p, q)
    names = ("chi2_pq", "chi2_qp", "renyi:0.01", "renyi:2", "renyi:3", "tsallis:2")
    values = evaluate(p, q, names, kind="logits").values
    P, Q = exact.softmax(p), exact.softmax(q)
    for measure in names:
        truth = float(exact.measure(measure, P, Q))
        assert values[measure] == pytest.approx(truth, rel=1e-11, abs=1e-150), measure


def test_an_impossible_outcome_makes_chi2_infinite_however_small_its_mass():
    found = divergences([0, -np.inf], [0, -800], measures=("chi2_pq", "chi2_qp"), kind="logits")
    assert found == {"chi2_pq": 0.0, "chi2_qp": np.inf}
    found = divergences([0, -800], [0, -np.inf], measures=("chi2_pq", "chi2_qp"), kind="logits")
    assert found == {"chi2_pq": np.inf, "chi2_qp": 0.0}
