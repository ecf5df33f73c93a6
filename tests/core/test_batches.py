"""Batches are reduced alike, however many pieces they are evaluated in."""

import math
import tracemalloc

import numpy as np
import pytest

from kldiv_cli.core import batches, rows
from kldiv_cli.core.divergences import divergences
from kldiv_cli.core.rows import Question, rows_in_memory


def reduced(p, q, measures, reduction):
    """Return measures, bounds and the facts on a batch of weights."""
    kinds = ("weights", "weights")
    found = rows_in_memory(p, q, Question(measures, kinds, bounds=reduction == "none"))
    facts = batches.described(found, measures, reduction)
    return *batches.reduce(found, reduction, p.shape[-1]), facts


@pytest.mark.parametrize("piece", [1, 7, 50, 10_000])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "batchmean"])
@pytest.mark.parametrize("vector", [None, "p", "q"])
def test_pieces_make_no_difference(monkeypatch, piece, reduction, vector):
    random = np.random.default_rng(5)
    p, q = random.random((2, 23, 5))
    p, q = (p[0] if vector == "p" else p), (q[0] if vector == "q" else q)
    names = ("js", "kl_pq", "chi2_qp")
    values = divergences(p, q, measures=names)
    monkeypatch.setattr(rows, "PIECE", piece)
    measures, bounds, batch = reduced(p, q, names, reduction)
    divisor = {"batchmean": 23, "mean": 23 * 5}.get(reduction, 1)
    for name in names:
        if reduction == "none":
            assert measures[name] == pytest.approx(tuple(values[name]), rel=1e-14)
            assert len(bounds[name]) == 23
        else:
            assert measures[name] == pytest.approx(math.fsum(values[name]) / divisor, rel=1e-14)
            assert 0 < bounds[name] < 1e-13
    assert (batch.rows, batch.measure) == (23, "js")
    assert batch.median == pytest.approx(np.median(values["js"]))


def test_infinite_rows_stay_infinite():
    p = np.array([[1.0, 1.0], [1.0, 0.0]])
    measures, _, batch = reduced(p, np.array([1.0, 0.0]), ("kl_pq",), "batchmean")
    assert measures["kl_pq"] == math.inf
    assert (batch.min, batch.median, batch.max) == (0.0, math.inf, math.inf)


def test_memory_stays_below_that_of_the_inputs():
    p, q = np.random.default_rng(5).random((2, 400_000, 10))
    names = ("kl_pq", "kl_qp", "js", "tv", "hellinger", "chi2_pq")
    tracemalloc.start()
    reduced(p, q, names, "sum")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < p.nbytes + q.nbytes


def test_a_pair_of_vectors_is_one_row_under_every_reduction():
    p, q = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    for reduction in ("sum", "batchmean"):
        measures, bounds, _ = reduced(p, q, ("tv",), reduction)
        assert measures["tv"] == pytest.approx(1 / 3, rel=1e-15)
        assert 0 < bounds["tv"] < 1e-14
