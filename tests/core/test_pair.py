"""Outcomes are matched by label, never by their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.distribution import Distribution
from kldiv_cli.core.pair import pair_distributions


def align(p, q):
    made = pair_distributions(p, q)
    return made.labels, made.p, made.q


def side(outcomes, weights, kind="counts", name="p"):
    return Distribution(
        name=name,
        source="x",
        format="csv",
        kind=kind,
        outcomes=None if outcomes is None else tuple(outcomes),
        weights=np.asarray(weights),
        rows_read=0,
        rows_used=0,
    )


def test_the_union_keeps_the_order_of_p_and_then_of_q():
    outcomes, p, q = align(side("abc", [1, 2, 3]), side("dcab", [9, 8, 7, 6]))
    assert outcomes == ("a", "b", "c", "d")
    assert p.tolist() == [1, 2, 3, 0]
    assert q.tolist() == [7, 6, 8, 9]
    assert p.dtype == q.dtype == np.dtype("int64")


def test_what_a_side_does_not_name_has_no_mass_among_logits_either():
    _, p, _ = align(side("a", [0.5], "logits"), side("ab", [0.5, 0.5], "logits"))
    assert p.tolist() == [0.5, -np.inf]


def test_python_integers_stay_exact():
    _, p, _ = align(side("ab", np.array([2**70, 1], dtype=object)), side("bc", [1, 1]))
    assert p.tolist() == [2**70, 1, 0]


@given(
    st.dictionaries(st.text(), st.integers(0, 99)), st.dictionaries(st.text(), st.integers(0, 9))
)
def test_every_weight_finds_its_label(p, q):
    outcomes, a, b = align(
        side(p, list(p.values()) or np.zeros(0, int)),
        side(q, list(q.values()) or np.zeros(0, int)),
    )
    assert set(outcomes) == p.keys() | q.keys()
    assert dict(zip(outcomes, a.tolist(), strict=True)) == {x: p.get(x, 0) for x in outcomes}
    assert dict(zip(outcomes, b.tolist(), strict=True)) == {x: q.get(x, 0) for x in outcomes}


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (side("ab", [1, 2]), side(None, [1, 2], name="q"), "p has labels and q has none"),
        (side(None, [1, 2]), side(None, [1, 2, 3], name="q"), "p has 2 outcomes and q has 3"),
        (side(None, np.ones((2, 3))), side(None, np.ones((4, 3)), name="q"), "2 rows and q has 4"),
    ],
)
def test_what_cannot_be_matched_is_refused(p, q, message):
    with pytest.raises(ValueError, match=message):
        align(p, q)


def test_one_distribution_meets_every_row():
    outcomes, p, q = align(side(None, np.ones((4, 3))), side(None, np.ones(3)))
    assert outcomes is None
    assert p.shape == (4, 3)
    assert q.shape == (3,)


def test_the_order_of_sums_hangs_neither_on_rows_nor_on_sides():
    random = np.random.default_rng(7)
    for dtype in (np.float64, np.int64, object):
        weights = random.integers(0, 4, (2, 60))
        labels = [f"outcome {i}" for i in range(60)]
        p, q = (side(labels, row.astype(dtype)) for row in weights)
        first = pair_distributions(p, q).in_order_of_weights()
        shuffled = random.permutation(60)
        again = [side([labels[i] for i in shuffled], one.weights[shuffled]) for one in (p, q)]
        second = pair_distributions(*again).in_order_of_weights()
        back = pair_distributions(*again[::-1]).in_order_of_weights()
        assert [one.tolist() for one in first] == [one.tolist() for one in second]
        assert {tuple(one.tolist()) for one in first} == {tuple(one.tolist()) for one in back}


def test_positional_outcomes_keep_their_order():
    p, q = side(None, [3, 1, 2]), side(None, [1, 2, 3])
    assert [one.tolist() for one in pair_distributions(p, q).in_order_of_weights()] == [
        [3, 1, 2],
        [1, 2, 3],
    ]
