"""Divergences in single precision are within their bounds, and the bounds are small."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from kldiv_cli.core.kernel import Side, Weights, floats
from kldiv_cli.core.kernel.floats import LIMIT, SERVED, evaluate_floats
from kldiv_cli.core.kernel.sums import order

mp = mpmath.mp.clone()
mp.dps = 40

SYMMETRIC = ("jeffreys", "psi", "js", "js_distance", "hellinger", "tv", "bhattacharyya")
TWINS = {
    **{name: name for name in SYMMETRIC},
    "kl_pq": "kl_qp",
    "kl_qp": "kl_pq",
    "chi2_pq": "chi2_qp",
    "chi2_qp": "chi2_pq",
    "entropy_p": "entropy_q",
    "entropy_q": "entropy_p",
    "cross_entropy_pq": "cross_entropy_qp",
    "cross_entropy_qp": "cross_entropy_pq",
}
DIVERGENCES = (*SYMMETRIC, "kl_pq", "kl_qp", "chi2_pq", "chi2_qp")


@pytest.fixture(
    params=[
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                not floats.VECTORISED_EXPM1, reason="the error of another expm1 is not known"
            ),
        ),
        False,
    ],
    ids=["expm1", "exp"],
)
def vectorised(request, monkeypatch):
    monkeypatch.setattr(floats, "VECTORISED_EXPM1", request.param)
    return request.param


def in_type(values, dtype):
    """Round numbers to a type; bfloat16 is float32 with the last 16 bits zero."""
    if dtype == "bfloat16":
        return (values.astype("f4").view("u4") & 0xFFFF0000).astype("u4").view("f4")
    return values.astype(dtype)


def log_shares(logits, temperature):
    z = [mp.mpf(float(x)) / temperature for x in logits]
    top = max(z)
    mass = top + mp.log(mp.fsum(mp.exp(x - top) for x in z))
    return [x - mass for x in z]


def truth(zp, zq, temperature=1.0):
    """Return every measure of one row from its definition."""
    log_p, log_q = log_shares(zp, temperature), log_shares(zq, temperature)
    both = [(x, y) for x, y in zip(log_p, log_q, strict=True) if x > -mp.inf]
    p, q = ([mp.exp(pair[i]) for pair in both] for i in (0, 1))
    kl_pq = mp.fsum(u * (x - y) for u, (x, y) in zip(p, both, strict=True))
    kl_qp = mp.fsum(v * (y - x) for v, (x, y) in zip(q, both, strict=True))
    entropy_p = -mp.fsum(u * x for u, (x, _) in zip(p, both, strict=True))
    entropy_q = -mp.fsum(v * y for v, (_, y) in zip(q, both, strict=True))
    js = sum(
        u * mp.log(2 * u / (u + v)) + v * mp.log(2 * v / (u + v))
        for u, v in zip(p, q, strict=True)
        if u + v > 0
    )
    squares = [(u - v) ** 2 for u, v in zip(p, q, strict=True)]
    half = mp.fsum((mp.sqrt(u) - mp.sqrt(v)) ** 2 for u, v in zip(p, q, strict=True)) / 2
    return {
        "hellinger": mp.sqrt(half),
        "bhattacharyya": -mp.log1p(-half),
        "chi2_pq": mp.fsum(square / v for square, v in zip(squares, q, strict=True)),
        "chi2_qp": mp.fsum(square / u for square, u in zip(squares, p, strict=True)),
        "kl_pq": kl_pq,
        "kl_qp": kl_qp,
        "jeffreys": kl_pq + kl_qp,
        "psi": kl_pq + kl_qp,
        "js": js / 2,
        "js_distance": mp.sqrt(abs(js / 2)),
        "tv": mp.fsum(abs(u - v) for u, v in zip(p, q, strict=True)) / 2,
        "entropy_p": entropy_p,
        "entropy_q": entropy_q,
        "cross_entropy_pq": entropy_p + kl_pq,
        "cross_entropy_qp": entropy_q + kl_qp,
    }


def assert_within_bounds(found, row, expected):
    """Check every measure of a row that is served; return their names."""
    served = set()
    for name in SERVED:
        value, bound = found.values[name][row], found.bounds[name][row]
        if np.isnan(value):
            assert np.isnan(bound), name
            continue
        served.add(name)
        assert value >= 0.0, name
        assert bound <= LIMIT, name
        assert abs(mp.mpf(float(value)) - expected[name]) <= bound * expected[name], name
    return served


def random_batch(rng):
    """Return a batch of three rows: near and far sides, flat and peaked rows, shifted sides."""
    outcomes = int(rng.choice([2, 3, 5, 17, 60, 129, 200]))
    spread, noise = 10.0 ** rng.uniform(-2.0, 1.2), 10.0 ** rng.uniform(-5.0, 0.8)
    zp = rng.normal(0.0, spread, (3, outcomes))
    kind = rng.choice(["peaked", "unrelated", "shifted", "plain"])
    if kind == "peaked":
        zp[np.arange(3), rng.integers(outcomes, size=3)] += rng.uniform(5.0, 30.0)
    zq = zp + rng.normal(0.0, noise, zp.shape)
    if kind == "unrelated":
        zq = rng.normal(0.0, spread, zp.shape)
    if kind == "shifted":
        zq += rng.uniform(0.5, 50.0)
    dtype = rng.choice(["f4", "f2", "bfloat16", ">f4"])
    return in_type(zp, dtype), in_type(zq, dtype)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_no_error_of_random_batches_is_above_its_bound(seed, temperature, monkeypatch):
    rng = np.random.default_rng(seed)
    ways = [False, True] if floats.VECTORISED_EXPM1 else [False]
    served = rows = 0
    for _ in range(25 if temperature == 1.0 else 8):
        zp, zq = random_batch(rng)
        expected = [truth(*pair, temperature) for pair in zip(zp, zq, strict=True)]
        for way in ways:
            monkeypatch.setattr(floats, "VECTORISED_EXPM1", way)
            found = evaluate_floats(zp, zq, SERVED, (temperature, temperature))
            for row, values in enumerate(expected):
                served += len(assert_within_bounds(found, row, values))
                rows += 1
    assert served > 0.5 * rows * len(SERVED)


def exact_rows(zp, zq):
    """Return measures that are sums over P in extended precision."""
    a, b = zp.astype(np.longdouble), zq.astype(np.longdouble)
    a -= a.max(axis=1, keepdims=True)
    b -= b.max(axis=1, keepdims=True)
    log_p = a - np.log(np.exp(a).sum(axis=1, keepdims=True))
    log_q = b - np.log(np.exp(b).sum(axis=1, keepdims=True))
    p, d = np.exp(log_p), log_q - log_p
    near = d**2 * (0.5 + d / 6 + d**2 / 24 + d**3 / 120 + d**4 / 720)
    kl = (p * np.where(np.abs(d) < 1e-3, near, np.expm1(d) - d)).sum(axis=1)
    half = (p * np.expm1(d / 2) ** 2).sum(axis=1) / 2
    squares = p * np.expm1(d) ** 2
    return {
        "kl_pq": kl,
        "tv": np.abs(p * np.expm1(d)).sum(axis=1) / 2,
        "hellinger": np.sqrt(half),
        "bhattacharyya": -np.log1p(-half),
        "chi2_pq": (squares * np.exp(-d)).sum(axis=1),
        "chi2_qp": squares.sum(axis=1),
        "entropy_p": -(p * log_p).sum(axis=1),
    }


OVER_P = frozenset(exact_rows(np.zeros((1, 2)), np.zeros((1, 2))))


@pytest.mark.parametrize("noise", [3e-5, 1e-3, 0.03, 0.1, 0.5, 2.0])
@pytest.mark.parametrize(("rows", "outcomes"), [(40, 1000), (20, 5000), (2, 151_936)])
def test_rows_of_language_models_are_served_with_small_bounds(rows, outcomes, noise, vectorised):
    rng = np.random.default_rng(outcomes)
    zp = rng.normal(0.0, 3.0, (rows, outcomes)).astype("f4")
    zq = (zp + rng.normal(0.0, noise, zp.shape)).astype("f4")
    found = evaluate_floats(zp, zq, OVER_P)
    for name, expected in exact_rows(zp, zq).items():
        error = np.abs(found.values[name] / expected - 1.0).astype(float)
        assert np.all(error <= found.bounds[name]), name
        # What is seen is far better.
        assert np.sqrt(np.mean(error**2)) < 4e-7, name
        assert np.median(found.bounds[name]) < (2e-5 if noise < 1.0 else 4e-5), name


def test_half_precision_is_read_bit_by_bit():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(1, -1)
    for values in (finite, every.reshape(1, -1)):
        out = np.empty(values.shape, np.float32)
        with np.errstate(all="ignore"):
            floats.single_of_half(values, out)
        np.testing.assert_array_equal(out.view(np.uint32), values.astype("f4").view(np.uint32))


@pytest.mark.parametrize("dtype", ["f4", ">f4", "f2", ">f2", "bfloat16"])
def test_types_and_orders_of_bytes_give_the_same(dtype):
    rng = np.random.default_rng(3)
    zp = in_type(rng.normal(0.0, 2.0, (5, 300)), dtype)
    zq = in_type(zp.astype("f4") + rng.normal(0.0, 0.1, zp.shape).astype("f4"), dtype)
    kept = zp.copy(), zq.copy()
    found = evaluate_floats(zp, zq, SERVED)
    plain = evaluate_floats(zp.astype("f4"), zq.astype("f4"), SERVED)
    for name in SERVED:
        np.testing.assert_array_equal(found.values[name], plain.values[name], name)
    np.testing.assert_array_equal(zp, kept[0])
    np.testing.assert_array_equal(zq, kept[1])


@pytest.mark.parametrize("outcomes", [7, 300, 5000])
def test_every_measure_is_the_same_from_either_side(outcomes, vectorised):
    rng = np.random.default_rng(outcomes)
    zp = rng.normal(0.0, 3.0, (6, outcomes)).astype("f4")
    zq = (zp + rng.normal(0.0, 10.0 ** rng.uniform(-4.0, 0.5, (6, 1)), zp.shape)).astype("f4")
    zq[2, 0], zq[3] = zp[2, 0], zp[3]
    there, back = evaluate_floats(zp, zq, SERVED), evaluate_floats(zq, zp, SERVED)
    for name, twin in TWINS.items():
        np.testing.assert_array_equal(there.values[name], back.values[twin], name)
        np.testing.assert_array_equal(there.bounds[name], back.bounds[twin], name)


def test_a_value_does_not_depend_on_what_else_is_asked():
    rng = np.random.default_rng(8)
    zp = rng.normal(0.0, 3.0, (6, 700)).astype("f4")
    zq = (zp + rng.normal(0.0, 0.2, zp.shape)).astype("f4")
    whole = evaluate_floats(zp, zq, SERVED)
    for name in SERVED:
        alone = evaluate_floats(zp, zq, frozenset({name}))
        assert set(alone.values) == set(alone.bounds) == {name}
        np.testing.assert_array_equal(alone.values[name], whole.values[name], name)


@pytest.mark.parametrize("outcomes", [1, 2, 100, 6000])
def test_equal_sides_are_exactly_zero_apart(outcomes, vectorised):
    z = np.random.default_rng(0).normal(0.0, 4.0, (3, outcomes)).astype("f4")
    found = evaluate_floats(z, z.copy(), SERVED)
    for name in DIVERGENCES:
        assert found.values[name].tolist() == found.bounds[name].tolist() == [0.0] * 3, name


def test_vanishing_differences_are_left_to_the_general_path(vectorised):
    zp = np.array([[0.0, 1e-30, 0.0], [0.0, -200.0, 0.0], [1.0, 2.0, 3.0]], "f4")
    zq = np.array([[0.0, 0.0, 1e-30], [0.0, -200.5, 0.0], [1.0, 2.0, 3.5]], "f4")
    found = evaluate_floats(zp, zq, SERVED)
    for name in DIVERGENCES:
        assert np.isnan(found.values[name]).tolist() == [True, True, False], name


def test_masked_outcomes_are_served_where_both_sides_mask_them(vectorised):
    rng = np.random.default_rng(5)
    zp = rng.normal(0.0, 2.0, (4, 90)).astype("f4")
    zq = (zp + rng.normal(0.0, 0.1, zp.shape)).astype("f4")
    for z in (zp, zq):
        z[1, 40:] = -np.inf
        z[2, 40:] = -1e4
        z[3, ::2] = -np.inf
    zq[2, 50:] = -1e4 - 1.0
    for temperature in (1.0, 2.0):
        found = evaluate_floats(zp, zq, SERVED, (temperature, temperature))
        for row in range(4):
            expected = truth(zp[row], zq[row], temperature)
            assert assert_within_bounds(found, row, expected) == SERVED, row


INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0.0, -INF, 1.0], [0.0, 1.0, 2.0]),
        ([0.0, 1.0, 2.0], [0.0, -INF, 1.0]),
        ([0.0, NAN, 1.0], [0.0, 1.0, 2.0]),
        ([0.0, INF, 1.0], [0.0, 1.0, 2.0]),
        ([0.0, INF, 1.0], [0.0, INF, 2.0]),
        ([-INF, -INF, -INF], [0.0, 1.0, 2.0]),
        ([-INF, -INF, -INF], [-INF, -INF, -INF]),
    ],
)
@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_rows_that_are_not_served_leave_the_others_as_they_are(p, q, dtype, vectorised):
    rest = np.array([[0.5, 1.0, 3.0], [1.0, 0.0, -4.0]], dtype)
    other = np.array([[0.75, 1.0, 2.0], [-3.0, 2.0, 1.0]], dtype)
    zp = np.insert(rest, 1, np.array(p, dtype), axis=0)
    zq = np.insert(other, 1, np.array(q, dtype), axis=0)
    found = evaluate_floats(zp, zq, SERVED)
    assert all(np.isnan(found.values[name][1]) for name in SERVED)
    for row in (0, 2):
        expected = truth(zp[row], zq[row])
        assert assert_within_bounds(found, row, expected) >= SERVED - {"js", "js_distance"}


def test_differences_out_of_range_leave_the_other_rows_as_they_are(vectorised):
    zp = np.array([[0.0, -300.0, 1.0], [0.5, 1.0, 3.0]], "f4")
    zq = np.array([[0.0, 300.0, 1.0], [0.75, 1.0, 2.0]], "f4")
    found = evaluate_floats(zp, zq, SERVED)
    assert np.isnan(found.values["kl_pq"][0])
    expected = truth(zp[1], zq[1])
    assert assert_within_bounds(found, 1, expected) == SERVED


def test_different_temperatures_are_left_to_the_general_path():
    z = np.array([[0.5, 1.0, 3.0]], "f4")
    found = evaluate_floats(z, z, SERVED, (1.0, 2.0))
    assert all(np.isnan(found.values[name]).all() for name in SERVED)


def test_chunks_and_blocks_of_any_length(monkeypatch):
    monkeypatch.setattr(floats, "WORK", 700)
    monkeypatch.setattr(floats, "LONG", 250)
    rng = np.random.default_rng(11)
    for outcomes in (100, 127, 128, 129, 255, 257, 600, 900):
        zp = rng.normal(0.0, 2.0, (5, outcomes)).astype("f4")
        zq = (zp + rng.normal(0.0, 0.3, zp.shape)).astype("f4")
        found = evaluate_floats(zp, zq, OVER_P)
        for name, expected in exact_rows(zp, zq).items():
            error = np.abs(found.values[name] / expected - 1.0)
            assert np.all(error <= found.bounds[name]), (outcomes, name)


def test_a_value_does_not_depend_on_what_else_is_asked_where_few_outcomes_differ_by_little():
    zp = np.array([[0.0, 0.0]], "f4")
    zq = np.array([[0.0, 0.12]], "f4")
    alone, whole = evaluate_floats(zp, zq, frozenset({"kl_pq"})), evaluate_floats(zp, zq, SERVED)
    assert alone.values["kl_pq"] == whole.values["kl_pq"]


@pytest.mark.parametrize("dtypes", [("f4", "f4"), ("f2", "f4")])
def test_the_first_side_is_that_of_the_other_paths(dtypes):
    rng = np.random.default_rng(13)
    zp, zq = (rng.integers(0, 2, (40, 90)).astype(dtype) for dtype in dtypes)
    for row, alike in enumerate([0, 1, 63, 64, 65, 89, 90]):
        zq[row, :alike] = zp[row, :alike]
    for p, q in ((zp, zq), (zq, zp)):
        expected = order(Side(Weights(p), True), Side(Weights(q), True)) > 0
        np.testing.assert_array_equal(floats._turned(p, q), expected)


def test_what_serves_a_divergence_does_not_depend_on_what_else_is_asked(vectorised):
    rng = np.random.default_rng(17)
    for spread, noise in ((3.0, 0.01), (3.0, 1.0), (30.0, 0.1), (30.0, 3.0), (60.0, 5.0)):
        zp = rng.normal(0.0, spread, (40, 300)).astype("f4")
        zq = (zp + rng.normal(0.0, noise, zp.shape)).astype("f4")
        whole = evaluate_floats(zp, zq, SERVED)
        for name in ("kl_pq", "kl_qp"):
            alone = evaluate_floats(zp, zq, frozenset({name}))
            np.testing.assert_array_equal(alone.values[name], whole.values[name], name)
            np.testing.assert_array_equal(alone.bounds[name], whole.bounds[name], name)


@pytest.mark.parametrize("level", [-300.0, -60.0, -21.0, -19.0, 0.0, 39.0, 41.0, 300.0])
def test_logits_of_any_level_are_served(level, vectorised):
    rng = np.random.default_rng(19)
    zp = (level + rng.normal(0.0, 3.0, (3, 200))).astype("f4")
    zp -= (zp.max(axis=1) - np.float32(level))[:, None]
    zq = (zp + rng.normal(0.0, 0.1, zp.shape)).astype("f4")
    for temperature in (1.0, 0.5, 3.0):
        found = evaluate_floats(zp, zq, SERVED, (temperature, temperature))
        for row in range(3):
            expected = truth(zp[row], zq[row], temperature)
            assert assert_within_bounds(found, row, expected) == SERVED, (row, temperature)
