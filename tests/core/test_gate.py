"""The gate of models: its verdicts beside those of the rows' statistics, its words, its errors."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kldiv_cli.core.gate import judged_rows, judged_vectors
from kldiv_cli.core.row_statistics import rows_to_decide

divergences = st.floats(0, 10, width=32)
rows = arrays(np.float64, st.integers(1, 60), elements=divergences)


def judged(kl, limit=0.05, alpha=0.05, **more):
    kl = np.asarray(kl, dtype=float)
    values = {"kl_qp": kl, "kl_pq": kl / 2}
    return judged_rows(values, "outcome", outcomes=5, limit=limit, alpha=alpha, **more)


@given(rows, divergences, st.sampled_from([None, 1, 3]))
def test_the_verdict_is_that_of_the_statistics_of_rows(kl, limit, block):
    found, expected = judged(kl, limit, block=block), rows_to_decide(kl, limit, block=block)
    assert found.verdict == expected.verdict
    assert (found.p_drift, found.p_pass) == (expected.p_drift, expected.p_pass)
    assert found.p_drift_adjusted == found.p_drift
    assert (found.reliable, found.rows_needed) == (expected.reliable, expected.rows_needed)
    assert found.n_reference == found.n_current == len(kl)
    assert 0 <= found.low <= found.kl + 1e-15
    assert found.kl <= found.high + 1e-15
    assert found.type == "model"
    assert found.contributions == ()


@given(rows)
def test_the_mean_is_exact_in_both_directions(kl):
    found = judged(kl)
    mean = sum(map(Fraction, kl.tolist())) / len(kl)
    assert found.kl == found.measures["kl_qp"] == pytest.approx(float(mean), rel=1e-15)
    assert found.measures["kl_pq"] == pytest.approx(float(mean / 2), rel=1e-15)


def skewed(seed, n=400):
    """Rows as models have them, of which few hold much of the sum: their mean is 1."""
    return np.random.default_rng(seed).gamma(0.5, 2.0, n)


def test_few_verdicts_are_wrong_where_the_mean_is_the_limit():
    runs = 300
    verdicts = [judged(skewed(seed), 1.0).verdict for seed in range(runs)]
    # At most alpha of either kind, and three standard errors: skewed rows look small together.
    most = runs * 0.05 + 3 * math.sqrt(runs * 0.05 * 0.95)
    assert 0 < verdicts.count("drift") <= most
    assert 0 < verdicts.count("pass") <= most


def test_few_verdicts_are_wrong_where_rows_are_correlated():
    # Each row is .9 of the one before and noise; the mean of its exponential is 1.
    runs, n, spread = 150, 2000, 0.7
    noise = np.random.default_rng(8).normal(size=(n + 200, runs)) * math.sqrt(1 - 0.9**2)
    series = np.zeros_like(noise)
    for i in range(1, len(noise)):
        series[i] = 0.9 * series[i - 1] + noise[i]
    rows = np.exp(spread * series[200:] - spread**2 / 2).T
    most = runs * 0.05 + 3 * math.sqrt(runs * 0.05 * 0.95)
    for verdict in ("drift", "pass"):
        assert [judged(kl, 1.0).verdict for kl in rows].count(verdict) <= most
        # Taken as independent, they are not as harmless.
        assert [judged(kl, 1.0, block=1).verdict for kl in rows].count(verdict) > 2 * most


def test_clear_means_are_decided():
    for seed in range(50):
        assert judged(skewed(seed), 2.0).verdict == "pass"
        assert judged(skewed(seed), 0.5).verdict == "drift"


def test_the_rows_that_are_needed_decide_most_often():
    few = judged(skewed(1), 1.1)
    assert few.verdict == "inconclusive"
    # The truth is what the estimate took for it.
    ratio = few.kl
    wanted = [judged(skewed(s, few.rows_needed) * ratio, 1.1).verdict for s in range(2, 42)]
    # A fifth of 40 is expected, and three standard errors more are chance.
    assert wanted.count("inconclusive") <= 16


def test_words():
    kl = np.tile([0.01, 0.03], 500)
    assert judged(kl, 0.05, block=10).reason == (
        "below-threshold",
        "mean KL 0.02 (0.0194 to 0.0206) over 1,000 rows is within 0.05",
        (),
    )
    assert judged(kl, 0.01, block=10).reason[:2] == (
        "above-threshold",
        "mean KL 0.02 (0.0194 to 0.0206) over 1,000 rows is above 0.01 (p < 0.0001)",
    )
    close = judged(kl, 0.0201, block=10)
    assert close.reason.code == "too-close"
    assert close.reason.text == (
        "mean KL 0.02 (0.0194 to 0.0206) over 1,000 rows is too close to 0.0201;"
        f" about {math.ceil(close.rows_needed / 1000) * 1000:,} rows would decide"
    )
    assert 10_000 < close.rows_needed < 100_000


def test_rows_that_are_worth_fewer_say_so():
    kl = np.repeat(np.tile([0.01, 0.03], 10), 50)
    found = judged(kl, 0.021, block=50)
    assert found.reason.code == "too-few-rows"
    assert "over 1,000 rows (worth 19 independent ones): too few" in found.reason.text
    assert not found.reliable


@pytest.mark.parametrize(("kl", "block"), [([0.01], None), ([0.01, 0.02], 2)])
def test_a_single_row_or_block_says_nothing_of_its_error(kl, block):
    found = judged(kl, 0.05, block=block)
    assert found.verdict == "inconclusive"
    assert (found.low, found.high, found.rows_needed) == (0.0, math.inf, None)
    assert (found.p_drift, found.p_pass) == (None, None)
    assert found.reason.text.endswith("nothing is known of its error")


def test_equal_rows_are_their_value():
    assert judged([0.25] * 9, 0.25).verdict == "pass"
    assert judged(
        [0.25] * 9, 0.125
    ).reason.text == "mean KL 0.25 (0.25 to 0.25) over 9 rows is" + (" above 0.125")
    assert judged([0.0] * 9, 0.0).reason.text == "mean KL 0 over 9 rows is within 0"


@pytest.mark.parametrize(
    ("places", "impossible", "text"),
    [
        ([3], "7", "row 3: outcome 7 has mass in the reference and none on the current side"),
        ([3], "", "row 3: KL is infinite"),
        ([3, 5], "", "row 3: KL is infinite; so it is in row 5"),
        ([0, 1, 2, 3], "", "row 0: KL is infinite; so it is in rows 1, 2, 3"),
        (range(9), "", "row 0: KL is infinite; so it is in rows 1, 2, 3 and 5 more"),
    ],
)
def test_a_row_that_is_infinite_is_drift(places, impossible, text):
    kl = np.full(50, 0.01)
    kl[list(places)] = math.inf
    found = judged(kl, 0.05, impossible=impossible)
    assert found.verdict == "drift"
    assert found.reason == ("impossible-outcome", text, ())
    assert (found.kl, found.low, found.high) == (math.inf,) * 3
    assert found.reliable


@pytest.mark.parametrize("worst", [0.0, 0.2, math.inf])
def test_an_infinite_limit_only_warns(worst):
    kl = np.tile([0.01, 0.03], 50)
    kl[0] = worst
    found = judged(kl, math.inf)
    assert found.verdict == "pass"
    assert (found.threshold, found.reason.code) == (math.inf, "warn-only")
    assert (found.p_drift, found.p_pass, found.rows_needed) == (None, None, None)
    assert judged_vectors({"kl_pq": 1.0, "kl_qp": worst}, "x", outcomes=2, limit=math.inf)[
        2:4
    ] == (
        "pass",
        ("warn-only", f"KL {worst:.3g} has no limit (warn-only)", ()),
    )


@pytest.mark.parametrize(
    ("kl", "impossible", "verdict", "reason"),
    [
        (0.04, "", "pass", ("below-threshold", "KL 0.04 is within 0.05", ())),
        (0.05, "", "pass", ("below-threshold", "KL 0.05 is within 0.05", ())),
        (0.06, "", "drift", ("above-threshold", "KL 0.06 is above 0.05", ())),
        (math.inf, "", "drift", ("impossible-outcome", "KL is infinite", ())),
        (
            math.inf,
            "x" * 99,
            "drift",
            (
                "impossible-outcome",
                f"outcome {'x' * 60} has mass in the reference and none on the current side",
                (),
            ),
        ),
    ],
)
def test_single_distributions_are_their_value(kl, impossible, verdict, reason):
    measures = {"kl_pq": 1.0, "kl_qp": kl}
    found = judged_vectors(measures, "x", outcomes=3, limit=0.05, impossible=impossible)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert (found.kl, found.low, found.high) == (kl, kl, kl)
    assert (found.p_drift, found.p_pass) == (None, None)
    assert (found.n_reference, found.n_current) == (math.inf, math.inf)


def test_rows_that_are_no_divergences_are_refused():
    for wrong in ([], [math.nan], [-math.inf, 1.0]):
        with pytest.raises(ValueError, match="expected"):
            judged(wrong)
