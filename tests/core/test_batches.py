"""Batches are reduced alike, however many pieces they are evaluated in."""

import math
import tracemalloc

import numpy as np
import pytest

from kldiv_cli.core import batches
from kldiv_cli.core.divergences import divergences

OPTIONS = {"base": "e", "kinds": ("weights", "weights"), "temperature": 1.0}


@pytest.mark.parametrize("piece", [1, 7, 50, 10_000])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "batchmean"])
@pytest.mark.parametrize("vector", [None, "p", "q"])
def test_pieces_make_no_difference(monkeypatch, piece, reduction, vector):
    random = np.random.default_rng(5)
    p, q = random.random((2, 23, 5))
    p, q = (p[0] if vector == "p" else p), (q[0] if vector == "q" else q)
    names = ("js", "kl_pq", "chi2_qp")
    rows = divergences(p, q, measures=names)
    monkeypatch.setattr(batches, "PIECE", piece)
    measures, bounds, batch = batches.reduce(p, q, names, reduction=reduction, **OPTIONS)
    divisor = {"batchmean": 23, "mean": 23 * 5}.get(reduction, 1)
    for name in names:
        if reduction == "none":
            assert measures[name] == pytest.approx(tuple(rows[name]), rel=1e-14)
            assert len(bounds[name]) == 23
        else:
            assert measures[name] == pytest.approx(math.fsum(rows[name]) / divisor, rel=1e-14)
            assert 0 < bounds[name] < 1e-13
    assert (batch.rows, batch.measure) == (23, "js")
    assert batch.median == pytest.approx(np.median(rows["js"]))


def test_infinite_rows_stay_infinite():
    p = np.array([[1.0, 1.0], [1.0, 0.0]])
    measures, _, batch = batches.reduce(
        p, np.array([1.0, 0.0]), ("kl_pq",), reduction="batchmean", **OPTIONS
    )
    assert measures["kl_pq"] == math.inf
    assert (batch.min, batch.median, batch.max) == (0.0, math.inf, math.inf)


def test_memory_stays_below_that_of_the_inputs():
    p, q = np.random.default_rng(5).random((2, 200_000, 10))
    names = ("kl_pq", "kl_qp", "js", "tv", "hellinger", "chi2_pq")
    tracemalloc.start()
    batches.reduce(p, q, names, reduction="sum", **OPTIONS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < p.nbytes


def test_a_pair_of_vectors_is_one_row_under_every_reduction():
    p, q = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    for reduction in ("none", "sum", "batchmean"):
        measures, bounds, batch = batches.reduce(p, q, ("tv",), reduction=reduction, **OPTIONS)
        assert measures["tv"] == pytest.approx(1 / 3, rel=1e-15)
        assert isinstance(bounds["tv"], float)
        assert batch is None
