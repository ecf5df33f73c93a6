"""Rows of a batch, many blocks of them together, and rows that one attempt leaves to the next."""

from __future__ import annotations

import exact
import numpy as np
import pytest

from kldiv_cli.core import kernel
from kldiv_cli.core.divergences import kl_div
from kldiv_cli.core.kernel.blocks import BLOCK, MANY_ROWS, SHORT, swaths

ROWS = 2 * MANY_ROWS + 77


def distributions(rows, outcomes, seed=1):
    """Pairs of sides far apart, each of the total 1."""
    p, q = 1.0 - np.random.default_rng(seed).random((2, rows, outcomes))
    return p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)


def error(p, q, value):
    """Return the relative error of a value."""
    return exact.relative_error(value, exact.measure("kl_pq", *map(exact.normalise, (p, q))))


def rows_by_the_general_path(monkeypatch):
    """Collect how many rows go the general path."""
    counts = []
    pair_of = kernel.pair_of

    def counted(p, q):
        counts.append(p.shape[0])
        return pair_of(p, q)

    monkeypatch.setattr(kernel, "pair_of", counted)
    return counts


@pytest.mark.parametrize(
    "shape", [(1, 7), (ROWS, 1), (ROWS, 10), (3000, 64), (70, 65), (3, 10**5)]
)
def test_swaths_hold_every_piece_once_and_in_order(shape):
    rows = outcomes = 0
    for swath in swaths(shape):
        assert swath[0].rows.start == rows
        assert len({piece.rows.start for piece in swath}) == len(swath) or shape[1] > BLOCK
        assert shape[1] <= SHORT or swath[0].rows == swath[-1].rows
        rows = swath[-1].rows.stop
        outcomes += sum(piece.shape[0] * piece.shape[1] for piece in swath)
    assert (rows, outcomes) == (shape[0], shape[0] * shape[1])


@pytest.mark.parametrize("others", ["few", "half", "most"])
@pytest.mark.parametrize("outcomes", [3, 10, 100])
def test_rows_that_need_other_attempts_find_their_places(outcomes, others):
    rows = min(ROWS, 3 * BLOCK // outcomes)
    p, q = distributions(rows, outcomes)
    share = {"few": 0.002, "half": 0.5, "most": 0.95}[others]
    rng = np.random.default_rng(2)
    kinds = np.where(rng.random(rows) < share, rng.integers(1, 5, rows), 0)
    noise = np.exp(10.0 ** rng.uniform(-9, -1, (rows, 1)) * rng.standard_normal(p.shape))
    near = p * noise
    q = np.where((kinds == 1)[:, None], near / near.sum(axis=1, keepdims=True), q)
    q = np.where((kinds == 2)[:, None], 2.5 * near, q)
    q = np.where((kinds == 3)[:, None], 7.0 * q, q)
    q = np.where((kinds == 4)[:, None], p, q)
    found = kl_div(p, q)
    for row in rng.choice(rows, 40).tolist() + np.flatnonzero(kinds)[:40].tolist():
        assert error(p[row], q[row], found[row]) < 1.2e-15, kinds[row]
    assert not found[kinds == 4].any()
    # Neither the order of rows nor what lies beside a row counts but for the last digit.
    order = rng.permutation(rows)
    np.testing.assert_allclose(kl_div(p[order], q[order]), found[order], rtol=2e-15)


def test_rows_with_weights_too_small_leave_the_others_to_the_short_path(monkeypatch):
    p, q = distributions(ROWS, 10)
    expected = kl_div(p, q)
    odd = np.array([5, 4000, ROWS - 1])
    for a, b in ((p, q.copy()), (p.copy(), q)):
        side = b if a is p else a
        side[odd, 3] = 1e-200
        counts = rows_by_the_general_path(monkeypatch)
        found = kl_div(a, b)
        monkeypatch.undo()
        assert counts == [len(odd)]
        for row in odd.tolist():
            assert error(a[row], b[row], found[row]) < 1.2e-15
        same = np.delete(np.arange(ROWS), odd)
        np.testing.assert_allclose(found[same], expected[same], rtol=1e-15)


def test_an_outcome_under_p_alone_is_infinite_in_its_row_alone():
    p, q = distributions(ROWS, 10)
    odd = np.array([0, 7777, ROWS - 1])
    q[odd, 2] = 0.0
    p[17, 4] = 0.0
    found = kl_div(p, q)
    assert np.flatnonzero(np.isinf(found)).tolist() == odd.tolist()
    assert error(p[17], q[17], found[17]) < 1.2e-15


def test_integers_beyond_doubles_leave_other_blocks_to_the_short_path(monkeypatch):
    p, q = np.random.default_rng(3).integers(1, 100, (2, ROWS, 10))
    q[ROWS // 2, 0] = 2**60 + 1
    counts = rows_by_the_general_path(monkeypatch)
    found = kl_div(p, q)
    assert counts == [BLOCK // 10]
    for row in (0, ROWS // 2, ROWS // 2 + 1, ROWS - 1):
        assert error(p[row], q[row], found[row]) < 1.2e-15


@pytest.mark.parametrize("weight", [-1e-9, np.nan])
@pytest.mark.parametrize("side", ["p", "q"])
def test_a_weight_that_is_none_is_found_in_any_block(side, weight):
    p, q = distributions(ROWS, 10)
    near = p * 1.001
    for sides in ({"p": p, "q": q}, {"p": p, "q": near}):
        sides = {name: array.copy() for name, array in sides.items()}
        sides[side][ROWS - 3, 4] = weight
        with pytest.raises(ValueError, match=rf"{side}\[{ROWS - 3}, 4\]: expected a finite"):
            kl_div(**sides)
