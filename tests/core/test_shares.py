"""The shares of all outcomes: in their natural order, and with parts that add up to KL."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.core.divergences import contributions, evaluate
from tests.core import exact

INF = math.inf
TABLES = st.integers(1, 60).flatmap(
    lambda size: st.tuples(
        st.lists(st.integers(0, 10**6), min_size=size, max_size=size).filter(any),
        st.lists(st.integers(1, 10**6), min_size=size, max_size=size),
    )
)


def truth_of_parts(p, q):
    """Return p log(p/q) - p + q of every outcome, to fifty digits."""
    return [
        (x * exact.mp.log(x / y) if x else 0) - x + y
        for x, y in zip(exact.normalise(p), exact.normalise(q), strict=True)
    ]


@settings(max_examples=1000, deadline=None)
@given(TABLES)
def test_parts_add_up_to_the_divergence(table):
    p, q = table
    parts = contributions(p, q).part.tolist()
    truth = truth_of_parts(p, q)
    assert min(parts) >= 0
    total = math.fsum(parts)
    assert exact.relative_error(total, exact.mp.fsum(truth)) <= 1e-15
    # The measure has an error of its own.
    measured = float(evaluate(p, q, ["kl_pq"]).values["kl_pq"])
    assert total == pytest.approx(measured, rel=2e-15, abs=0)


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=20), st.data())
def test_parts_lose_no_digit_where_shares_are_nearly_equal(p, data):
    steps = data.draw(st.lists(st.integers(-3, 3), min_size=len(p), max_size=len(p)))
    q = [10**7 * x + step for x, step in zip(p, steps, strict=True)]
    found = contributions(p, q)
    for part, truth, same in zip(
        found.part.tolist(), truth_of_parts(p, q), found.p == found.q, strict=True
    ):
        if same:
            assert part == 0.0
            assert truth < 1e-31
        else:
            assert exact.relative_error(part, truth) <= 2e-15


def test_parts_are_in_the_unit_of_the_base():
    nats, bits = (contributions([1, 2, 0], [2, 1, 3], base=base).part for base in ("e", "2"))
    np.testing.assert_allclose(bits, nats / math.log(2), rtol=1e-15)


def shares(report):
    """Return the shares of the only comparison or column of a report."""
    (only,) = getattr(report, "comparisons", None) or report.columns
    return only.shares


def test_categories_keep_the_order_of_the_support_and_missing_values_are_last():
    data = {"x": ["b", None, "a", "b"] * 30}, {"x": ["a", "c", None, "b"] * 30}
    found = shares(check(*data))
    assert list(found.labels) == ["a", "b", "c", "(missing)"]
    assert (found.missing, found.ordered, found.edges) == (3, False, ())
    assert (found.n_p, found.n_q) == (120, 120)
    np.testing.assert_array_equal(found.p, [0.25, 0.25, 0.25, 0.25])
    np.testing.assert_array_equal(found.q, [0.25, 0.5, 0, 0.25])
    parts = contributions([1, 1, 1, 1], [1, 2, 0, 1]).part
    np.testing.assert_allclose(found.part, parts, rtol=1e-15)
    assert found.part[2] == INF


def test_a_missing_label_in_the_middle_becomes_the_last():
    found = shares(compare({"a": 1, None: 4, "b": 2}, {"b": 2, None: 4, "c": 1}, kind="counts"))
    assert list(found.labels) == ["a", "b", "c", "(missing)"]
    assert found.missing == 3
    np.testing.assert_allclose(found.p, [1 / 7, 2 / 7, 0, 4 / 7])
    np.testing.assert_allclose(found.q, [0, 2 / 7, 1 / 7, 4 / 7])


def test_bins_come_by_their_edges_with_infinities_and_missing_values_at_the_ends():
    values = [*range(100), -INF, INF, None]
    found = shares(check({"x": values}, {"x": values}, columns={"x": {"bins": [10, 20.5]}}))
    assert list(found.labels) == [
        "-inf", "(-inf, 10]", "(10, 20.5]", "(20.5, inf)", "+inf", "(missing)",
    ]  # fmt: skip
    assert found.ordered
    assert found.edges == (10, 20.5)
    assert found.missing == 5
    np.testing.assert_allclose(found.p, np.array([1, 11, 10, 79, 1, 1]) / 103)


def test_labels_that_are_intervals_are_bins_in_any_order():
    p, q = {"(5, 9]": 2, "(0, 1]": 1, "(1, 5]": 3}, {"(0, 1]": 2, "(5, 9]": 2, "(1, 5]": 2}
    found = shares(compare(p, q, kind="counts"))
    assert list(found.labels) == ["(0, 1]", "(1, 5]", "(5, 9]"]
    assert (found.ordered, found.edges, found.missing) == (True, (1, 5), None)
    np.testing.assert_allclose(found.p, np.array([1, 3, 2]) / 6)
    assert math.fsum(found.part) == pytest.approx(contributions([1, 3, 2], [2, 2, 2]).part.sum())


def test_labels_of_which_one_is_no_interval_are_categories():
    p = {"(5, 9]": 2, "(0, 1]": 1, "more": 3}
    found = shares(compare(p, p, kind="counts"))
    assert list(found.labels) == list(p)
    assert (found.ordered, found.edges) == (False, ())


def test_known_shares_have_no_sample_size():
    found = shares(compare([1, 3], [0.5, 0.5], kind=("counts", "probabilities")))
    assert (found.n_p, found.n_q) == (4, INF)
    found = shares(compare([10**400, 1], [1, 1], kind="counts"))
    assert (found.n_p, found.n_q) == (INF, 2)


def test_shares_are_smoothed_as_the_measures_are():
    found = shares(compare([1, 0], [1, 1], kind="counts", smoothing="laplace"))
    np.testing.assert_allclose(found.p, [2 / 3, 1 / 3])
    assert (found.n_p, found.n_q) == (1, 2)


def test_logits_have_shares():
    report = compare(np.log([1.0, 2, 5]), np.log([2.0, 2, 1]), kind="logits")
    found = shares(report)
    np.testing.assert_allclose(found.q, [0.4, 0.4, 0.2])
    assert math.fsum(found.part) == pytest.approx(report.comparisons[0].measures["kl_pq"])
    assert shares(compare(np.zeros((2, 3)), np.zeros((2, 3)), kind="logits")) is None


def test_parts_of_models_are_those_of_the_direction_that_is_judged():
    reference, current = np.log([1.0, 2, 5]), np.log([2.0, 2, 1])
    report = check(reference, current, kind="logits", max_kl=0.01)
    (finding,) = report.columns
    np.testing.assert_allclose(finding.shares.p, [0.4, 0.4, 0.2])
    assert math.fsum(finding.shares.part) == pytest.approx(finding.kl, rel=1e-15)
    assert math.fsum(each.part for each in finding.contributions) == pytest.approx(finding.kl)
    impossible = check([0.0, 1.0], [0.0, -INF], kind="logits", max_kl=0.01).columns[0]
    q = 1 / (1 + math.e)
    finite = q * math.log(q) - q + 1
    assert [each.part for each in impossible.contributions] == [INF, pytest.approx(finite)]


def test_reports_of_the_same_data_are_equal():
    data = {"x": ["a", "b", None] * 40}
    again, other = {"x": ["a", "b", None] * 40}, {"x": ["a", "c", None] * 40}
    assert check(data, again).columns == check(again, data).columns
    assert shares(check(data, again)) != shares(check(data, other))
    assert shares(compare([1, 2], [2, 1])) != shares(compare([2, 4], [4, 2], kind="counts"))
    assert shares(compare([1, 2], [2, 1])) != (1, 2)


def test_shares_are_in_no_document():
    document = compare([1, 2], [2, 1]).to_dict()
    assert "shares" not in document["comparisons"][0]
    document = check({"x": ["a", "b"] * 9}, {"x": ["a", "b"] * 9}).to_dict()
    assert "shares" not in document["columns"][0]
