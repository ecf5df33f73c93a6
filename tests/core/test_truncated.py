"""Rows of which the likeliest tokens alone are known: bounds below the divergence of the whole."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core.coded import OUTSIDE
from kldiv_cli.core.truncated import (
    TopTokens,
    common_cells,
    first_difference,
    same_top,
    target_log_probabilities,
)


def kl(p, q):
    return math.fsum(
        a * math.log(a / b) if b else math.inf for a, b in zip(p, q, strict=True) if a
    )


def normalised(logs):
    weights = [math.exp(log) for log in logs]
    return [weight / math.fsum(weights) for weight in weights]


def kl_of_cells(p, q):
    cells = common_cells(p, q)
    pairs = zip(cells.p.tolist(), cells.q.tolist(), strict=True)
    return [kl(normalised(a), normalised(b)) for a, b in pairs]


def tops(shares, count):
    order = sorted(range(len(shares)), key=lambda i: -shares[i])[:count]
    return {str(i): math.log(shares[i]) for i in order}


@settings(max_examples=60)
@given(st.data())
def test_they_are_lower_bounds(data):
    seed, outcomes = data.draw(st.integers(0, 2**32)), data.draw(st.integers(2, 40))
    noise = data.draw(st.sampled_from([0, 0.01, 0.5, 4]))
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=outcomes) * data.draw(st.floats(0.1, 5))
    p, q = normalised(logits), normalised(logits + rng.normal(size=outcomes) * noise)
    counts = [data.draw(st.integers(1, outcomes)) for _ in range(2)]
    a, b = ([tops(side, count)] for side, count in zip((p, q), counts, strict=True))
    for (found,), truth in ((kl_of_cells(a, b), kl(p, q)), (kl_of_cells(b, a), kl(q, p))):
        assert -1e-12 < found < truth + 1e-9
        if counts == [outcomes, outcomes]:
            # All of them are listed.
            assert found == pytest.approx(truth, rel=1e-4, abs=1e-4)


def test_cells_of_rows_that_list_different_tokens():
    p = [{"a": math.log(0.5), "b": math.log(0.25)}, {"a": math.log(0.9)}]
    q = [{"a": math.log(0.25), "b": math.log(0.5)}, {"b": math.log(0.5), "c": math.log(0.1)}]
    cells = common_cells(p, q)
    assert np.exp(cells.p) == pytest.approx(np.array([[0.5, 0.25, 0.25], [0, 0, 1]]), abs=2e-5)
    assert cells.p[1, :2].tolist() == [OUTSIDE, OUTSIDE]
    assert kl_of_cells(p, q) == pytest.approx([0.25 * math.log(2), 0], abs=1e-5)


def test_a_token_of_one_side_alone_has_its_mass():
    # Q gives the likeliest token of P at most what it does not list: a tenth.
    p, q = [{"a": math.log(0.8), "b": math.log(0.1)}], [{"b": math.log(0.9)}]
    ((found,),) = [kl_of_cells(p, q)]
    truth = 0.1 * math.log(0.1 / 0.9) + 0.9 * math.log(0.9 / 0.1)
    assert found == pytest.approx(truth, rel=1e-4)


def test_rows_that_add_up_to_one_have_no_rest():
    rows = [{"a": math.log(0.5), "b": math.log(0.5)}]
    assert kl_of_cells(rows, rows) == [0]
    cells = common_cells(rows, [{"a": math.log(0.25), "b": math.log(0.75)}])
    # What rounding may have left over.
    assert np.exp(cells.p[0, -1]) < 1e-5


def test_no_rows():
    assert common_cells([], []).p.shape == (0, 1)


def test_tops_and_targets():
    p = [{"a": -0.1, "b": -3.0}, {"a": -0.7, "b": -0.7}, {"b": -0.2, "c": -4.0}]
    q = [{"b": -2.0, "a": -0.2}, {"b": -0.7, "a": -0.7}, {"c": -0.1}]
    assert same_top(p, q).tolist() == [True, False, False]
    logs = target_log_probabilities(TopTokens(p, ["b", None, "d"], "text"))
    assert np.array_equal(logs, [-3.0, math.nan, math.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("p", "q", "place"),
    [
        ("abc", "abc", None), ("abc", "abd", 2), ("abc", "xyz", 0), ("abc", "ab", None),
        (["a", None, "c"], "axc", None), (["a", None, "c"], ["a", "x", "d"], 2), ("", "a", None),
    ],
)  # fmt: skip
def test_where_texts_part(p, q, place):
    p, q = (TopTokens([{}] * len(side), list(side), "text") for side in (p, q))
    assert first_difference(p, q) == place
