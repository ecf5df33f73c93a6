"""Bounds hold on the short paths, and no answer there depends on which side is called P."""

from __future__ import annotations

import exact
import numpy as np
import pytest

from kldiv_cli.core import kernel
from kldiv_cli.core.divergences import evaluate, kl_div
from kldiv_cli.core.measures import MEASURES

KULLBACK = ("kl_pq", "kl_qp", "jeffreys", "psi", "cross_entropy_pq", "renyi:1")
KINDS = ("weights", "logits")


def batch(kind, outcomes, seed):
    """Rows that are hard in many ways, and so many weights that a short path is worth while."""
    rng = np.random.default_rng(seed)
    rows = -(-kernel.WORTH // outcomes)
    eps = 10.0 ** rng.uniform(-9, 0.5, (rows, 1))
    if kind == "logits":
        p = rng.standard_normal((rows, outcomes)) * 10.0 ** rng.uniform(-2, 1.5, (rows, 1))
        shift = rng.choice([0.0, 0.0, 1e4, -50.0], (rows, 1))
        return p, p + eps * rng.standard_normal(p.shape) + shift
    p = rng.random((rows, outcomes)) ** rng.integers(1, 20, (rows, 1))
    q = p * np.exp(eps * rng.standard_normal(p.shape))
    scale = rng.choice([1.0, 0.72, 1.39, 1.01, 3.0, 1e-6], (rows, 1))
    q *= scale * p.sum(axis=1, keepdims=True) / q.sum(axis=1, keepdims=True)
    # Equal weights are rounded alike, and no error makes up for another.
    p[::7], q[::7] = 1.0 / outcomes, scale[::7] / outcomes
    q[::7, : outcomes // 2] *= rng.uniform(0.6, 1.6)
    p[3::5, 1] = 0.0
    return p, q


@pytest.mark.parametrize("outcomes", [2, 10, 64, 65, 128, 129])
@pytest.mark.parametrize("kind", KINDS)
def test_no_error_is_larger_than_its_bound(kind, outcomes):
    p, q = batch(kind, outcomes, outcomes)
    found = evaluate(p, q, KULLBACK, kind=kind)
    for row in range(0, len(p), max(1, len(p) * outcomes // 1200)):
        P, Q = exact.side(p[row], kind), exact.side(q[row], kind)
        for name in KULLBACK:
            truth = exact.measure(name, P, Q)
            error = exact.relative_error(found.values[name][row], truth)
            bound = found.bounds[name][row]
            assert error <= bound, (name, row, float(truth))
            assert bound < 3e-13 or 1e-33 < truth < 1e-29


@pytest.mark.parametrize("scale", [1.0, 0.71, 1.41, 2.5])
@pytest.mark.parametrize("eps", [1.5, 0.3, 1e-3, 1e-8])
def test_no_error_of_a_long_row_is_larger_than_its_bound(eps, scale):
    p = np.array(exact.uniform(15, 1000))
    q = np.array(exact.perturb(p.tolist(), 16, min(eps, 1.0), scale)) ** max(1.0, eps)
    # To repeat all outcomes changes nothing.
    sides = [np.tile(x, 200) for x in (p, q)]
    found = evaluate(*sides, ["kl_pq", "kl_qp"])
    logs = evaluate(*map(np.log, sides), ["kl_pq", "kl_qp"], kind="logits")
    P, Q = exact.normalise(p), exact.normalise(q)
    L = [exact.softmax(np.log(x)) for x in (p, q)]
    for name in ("kl_pq", "kl_qp"):
        error = exact.relative_error(found.values[name], exact.measure(name, P, Q))
        assert error <= found.bounds[name] < 1e-13
        error = exact.relative_error(logs.values[name], exact.measure(name, *L))
        assert error <= logs.bounds[name] < 1e-13


@pytest.mark.parametrize("kind", KINDS)
def test_divergences_are_those_of_the_short_paths_from_some_size_on(monkeypatch, kind):
    p, q = batch(kind, 40, 1)
    expected = kl_div(p, q, kind=kind), kl_div(q, p, kind=kind)
    monkeypatch.setattr(kernel, "known", None)
    found = evaluate(p, q, ["kl_pq", "kl_qp", "psi"], kind=kind).values
    for name, value in zip(("kl_pq", "kl_qp"), expected, strict=True):
        np.testing.assert_array_equal(found[name], value)
    np.testing.assert_array_equal(found["psi"], sum(expected))
    monkeypatch.undo()
    monkeypatch.setattr(kernel, "_kl", None)
    few = slice(0, (kernel.WORTH - 1) // 40)
    evaluate(p[few], q[few], ["kl_pq"], kind=kind)
    evaluate(p, q, ["kl_pq", "tv"], kind=kind)
    evaluate(
        p, np.abs(q) + 1.0, ["kl_pq"], kind=(kind, "weights" if kind == "logits" else "logits")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_sides_may_change_places(kind):
    p, q = batch(kind, 30, 2)
    p[::3], q[::3] = q[::3], p[::3].copy()
    found, turned = (evaluate(*sides, KULLBACK[:4], kind=kind) for sides in ((p, q), (q, p)))
    for name in KULLBACK[:4]:
        twin = MEASURES[name].twin or name
        for numbers, twins in zip(found, turned, strict=True):
            np.testing.assert_array_equal(numbers[name], twins[twin])


@pytest.mark.parametrize("kind", KINDS)
def test_sides_that_are_alike_are_exactly_nothing_apart(kind):
    p, q = batch(kind, 50, 3)
    q[::2] = p[::2]
    found = evaluate(p, q, KULLBACK[:4], kind=kind)
    for numbers in found:
        for name in KULLBACK[:4]:
            assert not numbers[name][::2].any()
        assert found.values[name][1::2].all()


def test_only_sides_in_proportion_are_nothing_apart():
    rng = np.random.default_rng(4)
    p = rng.integers(1, 50, (600, 8)) * 3
    q = p // 3 * np.array([[7], [2], [1]] * 200)
    q[::5, 2] *= 10**15
    p[::5, 2] *= 10**15
    q[::5, 2] += 1
    found = evaluate(p, q, ["kl_pq", "kl_qp"])
    for name in ("kl_pq", "kl_qp"):
        value, bound = found.values[name], found.bounds[name]
        proportional = np.arange(600) % 5 != 0
        assert not value[proportional].any()
        for row in range(0, 600, 30):
            truth = exact.measure(name, exact.normalise(p[row]), exact.normalise(q[row]))
            assert 0.0 < exact.relative_error(value[row], truth) <= bound[row]
