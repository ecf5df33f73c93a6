"""Estimates, intervals and verdicts of PSI, Jensen-Shannon, Hellinger and total variation."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli import divergences, estimate
from kldiv_cli.core.inference.evidence import weigh
from kldiv_cli.core.inference.measured import MEASURED
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.symmetric import weigh_symmetric
from kldiv_cli.core.inference.verdict import rows_needed
from kldiv_cli.core.measures import USUAL_LIMITS, find

OTHERS = [name for name in MEASURED if name != "kl"]
SMOOTH = [name for name in OTHERS if name != "tv"]
FIELDS = ("value", "low", "high", "p_drift", "p_pass")
COUNTS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=2, max_size=8
).filter(lambda rows: all(sum(side) > 1 for side in zip(*rows, strict=True)))
HUGE = st.one_of(st.just(0.0), st.integers(0, 30), st.floats(0, 297).map(lambda e: 10.0**e // 1))
VALUES = json.loads((Path(__file__).parent / "inference_values.json").read_text("utf-8"))["cases"]
FAR = ([480, 310, 210], [200, 300, 500])


def found_by(case, measure, threshold):
    known = (False, case["q_known"])
    pair = samples(np.array(case["p_counts"], float), np.array(case["q"], float), known=known)
    kl = weigh(pair)._replace(p_value=0.0)
    return weigh_symmetric(kl, measure, threshold=threshold, alpha=0.05)


def same(one, other):
    return one == pytest.approx(other, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("case", [case for case in VALUES if case["measure"] != "tv"])
def test_the_values_of_an_independent_program(case):
    squared = case["measure"] == "hellinger_squared"
    measure = "hellinger" if squared else case["measure"]
    threshold = math.sqrt(case["threshold"]) if squared else case["threshold"]
    found = found_by(case, measure, threshold)
    limits = [found.value, found.low, found.high]
    expected = [case["estimate"], case["low"], float(case["high"])]
    if squared:
        limits, expected = [limit**2 for limit in limits], [max(limit, 0) for limit in expected]
    assert limits == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert found.p_drift == pytest.approx(case["p_tau"], rel=1e-6, abs=1e-14)
    assert found.p_pass == pytest.approx(case["p_pass"], rel=1e-6)


@pytest.mark.parametrize("case", [case for case in VALUES if case["measure"] == "tv"])
def test_the_values_of_an_independent_program_for_the_total_variation(case):
    """Its limits are from the signs that were seen, and narrower where some are uncertain."""
    found = found_by(case, "tv", case["threshold"])
    assert found.value == pytest.approx(case["estimate"], rel=1e-9, abs=1e-12)
    if len(case["p_counts"]) > 2:
        assert case["low"] - 0.005 <= found.low <= case["low"] + 1e-5
        assert case["high"] - 1e-5 <= found.high <= 1.04 * case["high"]


@given(COUNTS, st.floats(0, 0.6), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_neither_side_nor_order_of_outcomes_matters(rows, threshold, random):
    x, y = (np.array(side) for side in zip(*rows, strict=True))
    kl = weigh(samples(x, y))
    shuffled = random.sample(range(len(rows)), len(rows))
    for p, q in ((y, x), (x[shuffled], y[shuffled]), (np.append(x, 0), np.append(y, 0))):
        for measure in OTHERS:
            found, other = (
                weigh_symmetric(
                    kl._replace(samples=samples(*sides)), measure, threshold=threshold, alpha=0.05
                )
                for sides in ((x, y), (p, q))
            )
            for field in ("value", "low", "high", "p_pass"):
                assert same(getattr(other, field), getattr(found, field)), field
            if min(x.sum(), y.sum()) >= 100:  # below it the rows are split at random
                assert same(other.p_drift, found.p_drift)


@given(
    st.lists(st.tuples(HUGE, HUGE), min_size=1, max_size=6),
    st.sampled_from([(False, False), (False, True), (True, False)]),
    st.sampled_from([0.0, 0.01, 0.6]),
)
def test_counts_of_any_size_give_numbers(rows, known, threshold):
    p, q = (np.array(side) for side in zip(*rows, strict=True))
    if not (p.sum() and q.sum()):
        return
    kl = weigh(samples(p, q, known=known))
    for measure in OTHERS:
        found = weigh_symmetric(kl, measure, threshold=threshold, alpha=0.05)
        assert 0 <= found.low <= max(found.value, 0.0) <= found.high or found.high == 0
        assert -math.inf < found.value
        assert found.high <= MEASURED[measure].upper
        assert 0 <= found.p_drift <= 1
        assert 0 <= found.p_pass <= 1


@pytest.mark.parametrize("measure", SMOOTH)
@pytest.mark.parametrize("ratio", [1, 40])
def test_counts_of_1e12_have_the_plug_in_value(measure, ratio):
    rng = np.random.default_rng(1)
    x = np.floor(1e12 * rng.uniform(0.5, 1, 1000))
    y = np.floor(ratio * x * rng.uniform(0.9, 1.1, 1000))
    found = estimate(x, y, measure=measure)
    exact = estimate(x / x.sum(), y / y.sum(), measure=measure)
    assert found.value == pytest.approx(exact.value, rel=1e-9)
    assert found.low == pytest.approx(exact.value, rel=1e-4)
    assert found.high == pytest.approx(exact.value, rel=1e-4)


@pytest.mark.parametrize("measure", OTHERS)
def test_drift_no_drift_and_what_is_too_close(measure):
    far = estimate(*FAR, measure=measure)
    assert far.verdict == "drift"
    assert USUAL_LIMITS[measure] < far.low < far.value < far.high
    assert far.kl == estimate(*FAR).kl
    same = estimate([4800, 3100, 2100], [4700, 3150, 2150], measure=measure)
    assert (same.verdict, same.low) == ("pass", 0)
    close = estimate([120, 40, 40], [100, 60, 40], measure=measure)
    assert close.verdict == "inconclusive"
    assert close.low < USUAL_LIMITS[measure] < close.high
    assert close.rows_needed > 200


@pytest.mark.parametrize(("distance", "square"), [("js_distance", "js")])
def test_a_distance_is_judged_as_its_square(distance, square):
    one = estimate(*FAR, measure=distance, threshold=0.1)
    other = estimate(*FAR, measure=square, threshold=0.1**2)
    for field in ("value", "low", "high"):
        assert getattr(one, field) ** 2 == pytest.approx(getattr(other, field), rel=1e-12)
    assert (one.verdict, one.p_drift) == (other.verdict, pytest.approx(other.p_drift, rel=1e-9))


@pytest.mark.parametrize("measure", OTHERS)
def test_exact_distributions_are_compared_with_the_threshold(measure):
    p, q = [0.5, 0.5], [0.4, 0.6]
    value = estimate(p, q, measure=measure).value
    for threshold, verdict in ((value, "pass"), (math.nextafter(value, 0), "drift")):
        found = estimate(p, q, measure=measure, threshold=threshold)
        assert (found.verdict, found.p_drift) == (verdict, None)
        assert found.low == found.value == found.high


@pytest.mark.parametrize("measure", OTHERS)
def test_a_few_rows_without_a_common_outcome_are_drift(measure):
    """By bounds that hold for any number of rows, the law being no good there."""
    found = estimate([60, 0], [0, 60], measure=measure)
    assert (found.verdict, found.reliable, found.p_pass) == ("drift", False, 1)
    assert estimate([30, 30], [30, 30], measure=measure).verdict == "inconclusive"


def test_psi_has_no_upper_limit_where_an_outcome_is_new_or_gone():
    x, y = [500, 480, 20], [510, 490, 0]
    for sides in ((x, y), (y, x)):
        for measure in ("psi", "jeffreys"):
            found = estimate(*sides, measure=measure)
            assert (found.verdict, found.high) == ("inconclusive", math.inf)
            assert math.isfinite(found.value)
        for measure in ("js", "hellinger", "tv"):
            assert estimate(*sides, measure=measure).high < find(measure).most


def test_what_the_reference_excludes_is_infinitely_far_by_psi():
    found = estimate([995, 5], [1.0, 0.0], measure="psi")
    assert (found.verdict, found.value, found.low) == ("drift", math.inf, math.inf)
    assert estimate([995, 5], [1.0, 0.0], measure="js").value < 0.01


@pytest.mark.parametrize("measure", OTHERS)
def test_at_a_threshold_of_0_any_difference_is_drift_and_nothing_passes(measure):
    found = estimate(*FAR, measure=measure, threshold=0)
    assert (found.verdict, found.p_drift) == ("drift", found.p_value)
    equal = estimate([10**6, 10**6], [10**6, 10**6], measure=measure, threshold=0)
    assert (equal.verdict, equal.p_pass, equal.rows_needed) == ("inconclusive", 1, None)


@pytest.mark.parametrize("measure", ["psi", "js", "hellinger", "tv"])
@pytest.mark.parametrize("drifts", [True, False])
def test_the_rows_asked_for_decide_four_times_in_five(measure, drifts):
    q = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    p = q * np.exp([0.6, 0.1, -0.5, -0.2, 0.1]) if drifts else q
    p = p / p.sum()
    tau = USUAL_LIMITS[measure] / (2 if drifts else 1)
    truth = estimate(p, q, measure=measure).value
    one = estimate(p * 10**5 // 1, q * 10**5 // 1, measure=measure, threshold=tau)
    assert one.verdict == ("drift" if drifts else "pass")
    kl = weigh(samples(p * 1000, q * 1000))
    few = weigh_symmetric(kl, measure, threshold=tau, alpha=0.05)
    few = few._replace(value=truth, samples=samples(p * 100, q * 100))
    rows = rows_needed(few, alpha=0.05)
    rng = np.random.default_rng(rows)
    decided = [
        estimate(
            rng.multinomial(rows, p), rng.multinomial(rows, q), measure=measure, threshold=tau
        ).verdict
        for _ in range(100)
    ]
    assert 66 <= decided.count("drift" if drifts else "pass") <= 94


@pytest.mark.parametrize(("measure", "ratio"), [("js", 1.4), ("hellinger", 1.1)])
def test_the_rows_asked_for_allow_for_rare_outcomes_that_vanish_together(measure, ratio):
    # With those that the law alone asks for, half of the tables are not decided.
    q = np.append(np.full(5, 0.18), np.full(100, 0.001))
    p = np.append(np.full(5, 0.2), np.zeros(100))
    truth = estimate(p, q, measure=measure).value
    few = samples(p * 1000, q * 1000)
    found = weigh_symmetric(weigh(few), measure, threshold=ratio * truth, alpha=0.05)
    rows = rows_needed(found._replace(value=truth), alpha=0.05)
    rng = np.random.default_rng(rows)
    passed = 0
    for _ in range(40):
        tables = rng.multinomial(rows, p), rng.multinomial(rows, q)
        found = estimate(*tables, measure=measure, threshold=ratio * truth)
        passed += found.verdict == "pass"
    assert passed >= 30


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"measure": "chi2_pq"}, ValueError,
         "measure: samples have no interval of 'chi2_pq'; expected one of kl, psi"),
        ({"measure": "renyi:0.5"}, ValueError, "samples have no interval of 'renyi:0.5'"),
        ({"measure": "jss"}, ValueError, "no measure 'jss'; did you mean 'js'"),
        ({"measure": 3}, TypeError, "measure: expected a name"),
        ({"measure": "js", "threshold": 0.7}, ValueError,
         "threshold: expected a number from 0 to log 2, the most that js can be, found 0.7"),
        ({"measure": "tv", "threshold": 1.01}, ValueError, "from 0 to 1, the most that tv"),
        ({"measure": "psi", "threshold": math.inf}, ValueError, "a finite number >= 0"),
        ({"measure": "js", "threshold": math.nan}, ValueError, "threshold: expected"),
        ({"measure": "js", "threshold": "1"}, TypeError, "threshold: expected a number"),
        ({"measure": "js", "max_kl": 0.1}, ValueError, "max_kl: the limit of 'js'"),
        ({"measure": "kl", "max_kl": 0.1, "threshold": 0.1}, ValueError, "max_kl: the limit"),
    ],
)  # fmt: skip
def test_bad_input_is_named(settings, kind, message):
    with pytest.raises(kind, match=message):
        estimate([3, 4], [4, 3], **settings)


def test_the_threshold_of_kl_has_two_names():
    assert estimate(*FAR, threshold=0.1) == estimate(*FAR, max_kl=0.1)
    assert estimate(*FAR, measure="kl_pq").measure == "kl"


def test_the_ranges_are_those_of_the_registry():
    assert set(MEASURED) == set(USUAL_LIMITS)
    for name, row in MEASURED.items():
        assert row.upper == find(name).most


@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize("measure", ["js", "js_distance", "hellinger"])
def test_rare_outcomes_that_vanish_together_are_in_the_upper_limit(measure, exchanged):
    # Of the outcomes with few rows nearly nothing is left, and a part of them was missed.
    rng, rare = np.random.default_rng(1), 1 / np.arange(1, 201)
    q = rare / rare.sum()
    p = q * np.exp(-18.2 * np.arange(200) / 199)
    p /= p.sum()
    truth = float(divergences(p, q, measures=(measure,))[measure])
    missed = 0
    for _ in range(60):
        sides = rng.multinomial(1000, p), rng.multinomial(1000, q)
        pair = samples(*(sides[::-1] if exchanged else sides))
        kl = weigh(pair)._replace(p_value=0.0)
        found = weigh_symmetric(kl, measure, threshold=truth, alpha=0.05)
        assert found.reliable
        missed += found.high < truth or found.p_pass <= 0.05
    assert missed <= 3
