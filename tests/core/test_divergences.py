"""The public door: what it takes, what it refuses, what it returns."""

from __future__ import annotations

import math

import exact
import numpy as np
import pytest

from kldiv_cli import kl_div_loss
from kldiv_cli.core.divergences import (
    contributions,
    contributions_of_rows,
    divergences,
    evaluate,
    kl_div,
)
from kldiv_cli.core.measures import DEFAULT_MEASURES

NAN, INF = math.nan, math.inf


def test_numbers_of_every_real_type():
    p, q = [3, 5, 9], [4, 4, 9]
    expected = 0.01486303171857094
    for kind in ("i1", "u1", "i2", "u4", "i8", "u8", "f4", "f8", ">f8", ">i4", object):
        a, b = np.array(p, kind), np.array(q, kind)
        assert kl_div(a, b) == pytest.approx(expected, rel=2e-15)
        assert divergences(a, b)["kl_pq"] == pytest.approx(expected, rel=2e-15)
    assert kl_div(np.array(p, "f2"), q) == pytest.approx(expected, rel=2e-15)


def test_results_are_floats_or_arrays_of_the_batch():
    one = divergences([1, 2], [2, 1])
    assert all(type(x) is float for x in one.values())
    assert type(kl_div([1, 2], [2, 1])) is float
    many = evaluate(np.ones((2, 3, 4)), np.arange(1, 5), ["kl", "tv"])
    assert many.values["kl"].shape == many.bounds["tv"].shape == (2, 3)


def test_a_vector_meets_every_row():
    p = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    v = np.array([1.0, 1.0, 1.0])
    rows = kl_div(p, v)
    np.testing.assert_allclose(rows, [kl_div(p[0], v), kl_div(p[1], v)], rtol=1e-15)
    np.testing.assert_allclose(kl_div(v, p), [kl_div(v, p[0])] * 2, rtol=1e-15)
    np.testing.assert_allclose(kl_div(p.T, v, axis=0), rows, rtol=1e-15)


def test_bases():
    p, q = [0.75, 0.25], [0.5, 0.5]
    assert kl_div(p, q, base=2) == kl_div(p, q, base="2") == kl_div(p, q) / math.log(2)
    assert kl_div([p], [q], base=10)[0] == pytest.approx(kl_div(p, q) / math.log(10))
    assert divergences(p, q, measures=["entropy_q"], base="2") == {"entropy_q": 1.0}
    for base in (3, "e ", None, True, 2.5):
        with pytest.raises(ValueError, match="base: expected one of e, 2, 10; found"):
            kl_div(p, q, base=base)


# F.kl_div(q.log(), p, reduction=...) of torch 2.13.0 on the matrices of the test below.
TORCH = {
    (4, 5): {
        "batchmean": 0.21438126167204163,
        "mean": 0.042876252334408324,
        "sum": 0.8575250466881665,
    },
    (2, 2, 5): {
        "batchmean": 0.42876252334408327,
        "mean": 0.042876252334408324,
        "sum": 0.8575250466881665,
    },
}


@pytest.mark.parametrize("shape", TORCH)
def test_reductions_are_those_of_torch(shape):
    p, q = (np.array(exact.uniform(seed, 20)).reshape(4, 5) for seed in (3, 4))
    p, q = ((x / x.sum(axis=1, keepdims=True)).reshape(shape) for x in (p, q))
    assert kl_div(p, q).shape == shape[:-1]
    for reduction, value in TORCH[shape].items():
        assert kl_div(p, q, reduction=reduction) == pytest.approx(value, rel=1e-12)
        assert kl_div(p, np.log(q), kind=("weights", "log-probs"), reduction=reduction) == (
            pytest.approx(value, rel=1e-12)
        )
    vector = kl_div(p.reshape(4, 5)[0], q.reshape(4, 5)[0])
    for reduction, share in (("batchmean", 1), ("sum", 1), ("mean", 5)):
        found = kl_div(p.reshape(4, 5)[0], q.reshape(4, 5)[0], reduction=reduction)
        assert found == pytest.approx(vector / share, rel=1e-15)


@pytest.mark.filterwarnings("ignore:reduction")
def test_reductions_against_torch_itself():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    p, q = rng.random((64, 100)), rng.random((64, 100))
    p, q = (x / x.sum(axis=1, keepdims=True) for x in (p, q))
    for reduction in ("mean", "sum", "batchmean"):
        theirs = torch.nn.KLDivLoss(reduction=reduction)(
            torch.from_numpy(np.log(q)), torch.from_numpy(p)
        )
        assert kl_div(p, q, reduction=reduction) == pytest.approx(theirs.item(), rel=1e-12)


def test_log_weights_and_mixes_agree_with_weights():
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.25, 0.25, 0.5])
    plain = divergences(p, q)
    for kind, a, b in (
        ("logits", np.log(p) + 3, np.log(q) - 1e3),
        (("weights", "log-probs"), p, np.log(q)),
        (("logits", "probabilities"), np.log(p), q),
    ):
        for name, value in divergences(a, b, kind=kind).items():
            assert value == pytest.approx(plain[name], rel=1e-11), (kind, name)


@pytest.mark.parametrize("outcomes", [10, 300])
def test_a_row_with_an_impossible_outcome_leaves_the_others_as_they_are(outcomes):
    a = np.array(exact.uniform(5, 4 * outcomes)).reshape(4, outcomes)
    b = 20 * np.array(exact.uniform(6, 4 * outcomes)).reshape(4, outcomes)
    a[0, 3] = b[1, 2] = -INF
    found = kl_div(a, b, kind="logits")
    for value, p, q in zip(found, a, b, strict=True):
        # One row alone may be summed in another order.
        assert value == pytest.approx(kl_div(p, q, kind="logits"), rel=1e-15)
        plain = kl_div(np.exp(p), np.exp(q - 20))
        assert value == pytest.approx(plain, rel=1e-12)
    assert np.isinf(found).tolist() == [False, True, False, False]


def test_temperature_divides_the_logits():
    a, b = np.array([1.0, 2.0, -1.0]), np.array([0.5, 2.5, 0.0])
    warm = divergences(a, b, kind="logits", temperature=4)
    assert warm == pytest.approx(divergences(a / 4, b / 4, kind="logits"), rel=1e-14)
    mixed = kl_div([1, 2, 3], b, kind=("counts", "logits"), temperature=0.5)
    assert mixed == pytest.approx(kl_div([1, 2, 3], 2 * b, kind=("counts", "logits")), rel=1e-14)


def test_minus_infinity_is_no_mass():
    a, b = np.array([0.0, -INF, 1.0, -INF]), np.array([0.0, 1.0, 1.0, -INF])
    weights = divergences(np.exp(a), np.exp(b))
    for name, value in divergences(a, b, kind="logits").items():
        assert value == pytest.approx(weights[name], rel=1e-14), name
    assert kl_div(b, a, kind="logits") == INF
    assert kl_div([a, b], [b, a], kind="logits")[1] == INF


def test_contributions_sum_to_the_divergences():
    p, q = [1.0, 2.0, 0.0, 5.0, 0.0], [2.0, 2.0, 3.0, 0.0, 0.0]
    found = contributions(p, q)
    np.testing.assert_allclose(found.p, np.divide(p, 8))
    np.testing.assert_allclose(found.q, np.divide(q, 7))
    assert found.kl_pq[3] == found.kl_qp[2] == INF
    assert found.kl_pq[[2, 4]].tolist() == found.kl_qp[[3, 4]].tolist() == [0.0, 0.0]
    assert found.kl_pq[0] == pytest.approx(math.log(7 / 16) / 8)
    near = contributions([0.1, 0.9], [0.1 + 1e-12, 0.9], base="2")
    assert near.kl_pq.sum() == pytest.approx(kl_div([0.1, 0.9], [0.1 + 1e-12, 0.9]), abs=1e-16)
    P, Q = exact.normalise([0.1, 0.9]), exact.normalise([0.1 + 1e-12, 0.9])
    truth = P[0] * exact.mp.log(P[0] / Q[0]) / exact.mp.log(2)
    assert exact.relative_error(-near.kl_pq[0], -truth) < 1e-15
    logits = contributions(np.log([1, 2, 5]), np.log([2, 2, 1]), kind="logits")
    plain = contributions([1, 2, 5], [2, 2, 1])
    np.testing.assert_allclose(logits.kl_qp, plain.kl_qp, rtol=1e-14, atol=1e-16)
    with pytest.raises(ValueError, match="expected one axis each, found a batch"):
        contributions(np.ones((2, 3)), np.ones(3))


@pytest.mark.parametrize("kinds", ["weights", "logits", ("weights", "log-probs")], ids=str)
@pytest.mark.parametrize("rows", [(5, 5), (1, 1), (3, None), (None, 3)], ids=str)
def test_contributions_of_rows_are_those_of_each_row(kinds, rows):
    rng = np.random.default_rng(3)
    pair = (kinds, kinds) if isinstance(kinds, str) else kinds

    def side(kind, n):
        weights = rng.integers(0, 5, (n or 1, 7)) + np.eye(1, 7)
        with np.errstate(divide="ignore"):
            found = weights if kind == "weights" else np.log(weights)
        return found if n else found[0]

    p, q = (side(kind, n) for kind, n in zip(pair, rows, strict=True))
    found = contributions_of_rows(p, q, kind=kinds)
    for i in range(max(n or 0 for n in rows)):
        alone = contributions(*(x[i] if x.ndim == 2 else x for x in (p, q)), kind=kinds)
        for part, every in zip(alone, found, strict=True):
            np.testing.assert_array_equal(every[i], part)


EQUAL_SHARES = [
    ([1, 2, 3], [10, 20, 30], {}),
    ([0.1, 0.2, 0.7], [0.1, 0.3, 0.6], {}),
    ([1, 1, 1], [7, 7, 7], {"base": 10}),
    ([3, 0, 7], [3, 0, 7], {}),
    ([0.1, 0.9, 1e-300], [0.1, 0.9, 1e-310], {}),
    ([2**62, 2**62 + 1], [2**62, 2**62 + 1], {}),
    ([1.0, 2.0, -INF], [11.0, 12.0, -INF], {"kind": "logits", "temperature": 0.7}),
    ([0.25, 0.75], [math.log(0.25), math.log(0.75)], {"kind": ("weights", "log-probs")}),
]


@pytest.mark.parametrize(("p", "q", "options"), EQUAL_SHARES)
def test_equal_shares_contribute_exactly_nothing(p, q, options):
    found = contributions(p, q, **options)
    same = found.p == found.q
    assert same.any()
    assert not found.kl_pq[same].any()
    assert not found.kl_qp[same].any()
    # An outcome whose share is too small for a double may still be impossible on one side.
    assert contributions([1e-200, 1e200], [0, 1]).kl_pq[0] == INF


def signed_zeros(found):
    """Count the minus zeros in an answer of any form."""
    if isinstance(found, dict):
        return sum(map(signed_zeros, found.values()))
    if isinstance(found, tuple):
        return sum(map(signed_zeros, found))
    values = np.asarray(found)
    return int(np.count_nonzero((values == 0.0) & np.signbit(values)))


def test_no_zero_has_a_sign():
    names = (*DEFAULT_MEASURES, "renyi:0", "renyi:0.5", "renyi:2", "tsallis:0", "tsallis:3")
    sides = [(p, q, options) for p, q, options in EQUAL_SHARES]
    sides += [([-0.0, 1.0], [-0.0, 1.0], {}), ([-0.0, 1.0, 2.0], [0.0, 2.0, 1.0], {})]
    # Terms that are as small as numbers can be vanish in another base.
    sides += [([5e-324, 1.0], [1e-323, 1.0], {"base": 10})]
    sides += [([0.0, -745.0], [0.0, -744.0], {"kind": "logits", "base": 10})]
    for p, q, options in sides:
        for a, b in ((p, q), ([p, p], [q, p])):
            assert not signed_zeros(divergences(a, b, measures=names, **options))
            assert not signed_zeros(evaluate(a, b, names, **options))
            for reduction in ("none", "mean", "sum", "batchmean"):
                assert not signed_zeros(kl_div(a, b, reduction=reduction, **options))
        assert not signed_zeros(contributions(p, q, **options))
    assert signed_zeros({"a": (0.0, [-0.0, 0.0])}) == 1


def test_no_loss_has_a_signed_zero():
    z = np.array([0.0, -745.0, 3.0, -INF])
    for teacher, student in ((z, z), (z, z + 1e-300), (z[:2], [1.0, -744.0]), ([z, z], z)):
        for reduction in ("none", "mean", "sum", "batchmean"):
            for temperature in (1.0, 3.0):
                options = {"reduction": reduction, "temperature": temperature}
                assert not signed_zeros(kl_div_loss(teacher, student, **options))
                assert not signed_zeros(kl_div_loss(teacher, student, gradient=True, **options))


@pytest.mark.parametrize(
    ("p", "q", "options", "error", "text"),
    [
        ([1, -2], [1, 1], {}, ValueError, r"p\[1\]: expected a finite number >= 0, found -2"),
        ([1, 1], [[1, 1], [1, NAN]], {}, ValueError, r"q\[1, 1\]: expected .* found nan"),
        ([1, INF], [1, 1], {}, ValueError, r"p\[1\]: expected .* found inf"),
        ([[1, 0], [1, 0]], [1, 1], {"axis": 0}, ValueError, r"p\[:, 1\]: .* only zeros"),
        ([0, 0], [1, 1], {}, ValueError, r"p: expected a positive total, found only zeros"),
        ([[1, 1], [0, 0]], [1, 1], {}, ValueError, r"p\[1, :\]: .* found only zeros"),
        ([-1, 10**30], [1, 1], {}, ValueError, r"p\[0\]: .* found -1"),
        ([1, 2, 3], [1, 2], {}, ValueError, "as many outcomes on both sides, found 3 and 2"),
        (np.ones((2, 3)), np.ones((4, 3)), {}, ValueError, "shapes that broadcast"),
        ([], [], {}, ValueError, "expected outcomes, found none"),
        (np.ones((0, 3)), [1, 2, 3], {}, ValueError, r"found none in shape \(0, 3\)"),
        (np.ma.masked_less([1, 2], 2), [1, 1], {}, ValueError, "p: .* found masked ones"),
        ([1, 1], np.ma.masked_less([1, 2], 2), {}, ValueError, "q: .* found masked ones"),
        ([[1, 1]], [1, 1], {"axis": 1.0}, TypeError, "axis: expected an integer, found 1.0"),
        (1.0, [1.0], {}, ValueError, "p: expected an array of outcomes, found a single number"),
        ([1, 2], [[1, 2], [3]], {}, ValueError, "q: expected a rectangular array"),
        ([True, False], [1, 1], {}, TypeError, "p: expected real numbers .* found bool"),
        ([1, 1], [1j, 1], {}, TypeError, "q: expected real numbers .* found complex128"),
        (["1", "2"], [1, 1], {}, TypeError, "p: expected real numbers"),
        ([1, 1], [None, 1], {}, TypeError, "q: expected numbers, found None of NoneType"),
        ([10**30, True], [1, 1], {}, TypeError, "p: expected numbers, found True of bool"),
        (np.ones(2, np.longdouble), [1, 1], {}, TypeError, "at most 64 bits"),
        ([1, 1], [1, 1], {"axis": 1}, ValueError, "axis: expected -1 to 0, found 1"),
        ([1, 1], [1, 1], {"kind": "odds"}, ValueError, "kind: expected one of weights"),
        ([1, 1], [1, 1], {"kind": ("logits",)}, ValueError, "kind: expected one of"),
        ([1, 1], [1, 1], {"temperature": 2}, ValueError, "temperature: expected logits"),
        ([1, 1], [1, 1], {"kind": "logits", "temperature": 0}, ValueError, "number > 0, found 0"),
        ([1, NAN], [1, 1], {"kind": "logits"}, ValueError, r"p\[1\]: .* or -inf, found nan"),
        ([1, 1], [INF, 1], {"kind": "logits"}, ValueError, r"q\[0\]: .* or -inf, found inf"),
        ([-INF, -INF], [1, 1], {"kind": "logits"}, ValueError, "p: .* found only -inf"),
        ([10**400, 1], [NAN, 1], {"kind": "logits"}, ValueError, r"q\[0\]: .* found nan"),
        ([1, -1], [1, 1], {"kind": ("counts", "logits")}, ValueError, r"p\[1\]: .* >= 0"),
        ([1e-320, 1e308], [1, 1], {}, ValueError, r"p: .* too far apart: one is 10\^628 times"),
        ([1, 1], [[1, 1], [1e308, 1e-320]], {}, ValueError, r"q: .* too far apart: .* 10\^628"),
        ([1, 1], [10**450, 1], {}, ValueError, r"q: .* too far apart: one is 10\^450 times"),
    ],
)
@pytest.mark.parametrize("function", [kl_div, divergences, evaluate])
def test_what_is_wrong_is_said_once_and_in_full(function, p, q, options, error, text):
    if "too far apart" in text and function is kl_div:
        return
    with pytest.raises(error, match=text):
        function(p, q, **options)


def test_wrong_options():
    with pytest.raises(ValueError, match="reduction: expected one of none, mean, sum, batchmean"):
        kl_div([1, 1], [1, 1], reduction="average")
    with pytest.raises(TypeError, match="measures: expected several names, found the text 'kl'"):
        divergences([1, 1], [1, 1], measures="kl")
    with pytest.raises(ValueError, match="did you mean 'js'"):
        divergences([1, 1], [1, 1], measures=["kl", "jss"])


@pytest.mark.parametrize("tiny", [5e-324, 1e-320, 1e-310])
def test_a_share_below_the_normal_doubles_keeps_its_digits(tiny):
    # What both sides have but for it is nearly nothing, so that differences are found exactly.
    found = divergences([0.0133, tiny], [1.0, 0.0], measures=["kl_pq", "kl_qp", "tv", "js"])
    share = tiny / 0.0133
    assert found["kl_pq"] == INF
    assert found["kl_qp"] == pytest.approx(share, rel=1e-12, abs=1e-323)
    assert found["tv"] == pytest.approx(share, rel=1e-12, abs=1e-323)
    assert found["js"] == pytest.approx(share * math.log(2) / 2, rel=1e-12, abs=1e-323)
