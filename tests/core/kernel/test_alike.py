"""Rows that are measured together have the bits that each of them has alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kldiv_cli.core import kernel
from kldiv_cli.core.kernel.alike import groups
from kldiv_cli.core.measures import DEFAULT_MEASURES, find

ASKED = st.lists(
    st.sampled_from(
        [*DEFAULT_MEASURES, "renyi:0.3", "renyi:2", "renyi:0", "tsallis:0.5", "tsallis:3"]
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


def side(weights):
    return kernel.Side(kernel.Weights(np.ascontiguousarray(weights)), False)


def check_alike(p, q, names):
    measures = [find(name) for name in names]
    values, bounds = kernel.both_ways(side(p), side(q), measures)
    for row in range(len(p)):
        for way, pair in enumerate(((p, q), (q, p))):
            alone = kernel.evaluate(*(side(x[row : row + 1]) for x in pair), measures)
            for together, by_itself in zip((values, bounds), alone, strict=True):
                for name, value in by_itself.items():
                    assert together[name][way, row].tobytes() == value[0].tobytes(), (name, row)


NUMBERS = st.one_of(
    st.integers(0, 3),
    st.integers(0, 1000),
    st.sampled_from([1, 1 + 2**-52, 1e-300, 1e300, 2.0**-30, 1e-5]),
    st.floats(0, 1e6),
)


@given(st.data())
def test_rows_of_any_weights_are_measured_as_if_alone(data):
    shape = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 9)))
    p, q = (data.draw(arrays(float, shape, elements=NUMBERS.map(float))) for _ in range(2))
    for x in (p, q):
        x[x.sum(axis=1) == 0.0] = 1.0
    names = data.draw(ASKED)
    try:
        check_alike(p, q, names)
    except kernel.NotWeightsError:
        with pytest.raises(kernel.NotWeightsError):
            for row in range(len(p)):
                kernel.evaluate(side(p[row : row + 1]), side(q[row : row + 1]), [find("kl")])


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 7, 64, 65, 300, 4095, 4096]),
    st.sampled_from([1e-9, 1e-6, 1e-3, 0.05, 1.0]),
    st.sampled_from([np.float64, np.float32, np.int64, np.uint8]),
    ASKED,
)
def test_rows_near_and_far_from_each_other_are_measured_as_if_alone(
    seed, outcomes, spread, dtype, names
):
    random = np.random.default_rng(seed)
    rows = 70 if outcomes < 100 else 5
    base = random.gamma(0.7, size=outcomes) + 1e-3
    # Rows of all distances, and of zeros in some.
    near = spread * 10.0 ** random.uniform(-4, 0, (rows, 1))
    p, q = (base * np.exp(near * random.normal(size=(rows, outcomes))) for _ in range(2))
    some = random.random(rows) < 0.3
    q[some] = np.where(random.random((int(some.sum()), outcomes)) < 0.1, 0.0, q[some])
    whole = random.random(rows) < 0.5
    p[whole], q[whole] = (
        x[whole] / x[whole].sum(axis=1, keepdims=True).clip(1e-9) for x in (p, q)
    )
    if np.dtype(dtype).kind in "iu":
        p, q = (np.round(x * 100 / x.max(axis=1, keepdims=True).clip(1e-9)) for x in (p, q))
    p, q = p.astype(dtype), q.astype(dtype)
    for x in (p, q):
        x[~x.any(axis=1)] = 1
    check_alike(p, q, names)


def test_most_rows_of_ordinary_counts_are_measured_together():
    random = np.random.default_rng(14)
    counts = random.poisson(3.0, (100, 500)).astype(np.int64) + 1
    together, alone = groups(
        kernel.Weights(np.broadcast_to(counts[:1], counts[1:].shape)),
        kernel.Weights(counts[1:]),
        kernel.WORTH,
    )
    assert len(alone) == 0
    assert len(together) <= 2
    assert {*np.concatenate(together).tolist()} == {*range(99)}
