"""Verdicts: what decides, what does not, and what they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kldiv_cli import estimate
from kldiv_cli.core.divergences import contributions
from kldiv_cli.core.inference.evidence import largest_move, weigh, weigh_exact
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.verdict import benjamini_hochberg, judge, rows_needed

COUNTS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=2, max_size=6
).filter(lambda rows: all(sum(side) > 1 for side in zip(*rows, strict=True)))
HUGE = st.one_of(st.just(0.0), st.integers(0, 30), st.floats(0, 297).map(lambda e: 10.0**e // 1))
EQUAL = ([480, 310, 210], [500, 300, 200])
FAR = ([480, 310, 210], [200, 300, 500])


def sole(evidence, **settings):
    return judge([evidence], **settings)[0]


def moved(p, q, rows=math.inf):
    """Return the outcome that moved most, of counts; the reference has so many rows."""
    found = contributions(p, q)
    return largest_move(found.p, found.q, found.part, rows)


def shifted(n, m, p, q):
    return [round(n * share) for share in p], [round(m * share) for share in q]


# The four answers.


def test_no_drift_passes():
    found = estimate(*EQUAL)
    assert found.verdict == "pass"
    assert found.low == 0 < found.high < 0.05
    assert found.p_pass < 0.001 < 0.5 < found.p_drift
    assert found.reliable
    assert found.rows_needed is None


def test_drift_is_drift_and_the_interval_holds_the_plug_in():
    found = estimate(*FAR)
    plug_in = 0.48 * math.log(2.4) + 0.31 * math.log(0.31 / 0.3) + 0.21 * math.log(0.42)
    assert found.verdict == "drift"
    assert 0.05 < found.low < plug_in < found.high
    assert found.kl == pytest.approx(plug_in, abs=0.01)
    assert found.p_value < 1e-9


def test_too_close_to_tell_says_how_many_rows_would_do():
    found = estimate([300, 200], [260, 240], max_kl=0.015)
    assert found.verdict == "inconclusive"
    assert found.low < 0.015 < found.high
    assert found.rows_needed > 500


def test_a_trivial_shift_in_big_data_passes_although_its_p_value_is_tiny():
    found = estimate([500_000, 500_000], [505_000, 495_000])
    assert found.p_value < 1e-9
    assert found.verdict == "pass"


def test_the_sides_are_not_exchangeable():
    p, q = [700, 200, 100], [400, 400, 200]
    assert estimate(p, q).kl != pytest.approx(estimate(q, p).kl, abs=1e-3)


@pytest.mark.parametrize(
    ("p", "q", "known"),
    [
        ([0, 2_390_059], [1.8e-28, 1.0], (False, True)),
        ([0, 179], [3662, 1_921_602_234_413], (False, False)),
        ([610, 0], [1.0, 2e-60], (False, True)),
    ],
)
def test_the_interval_is_not_above_the_estimate(p, q, known):
    found = weigh(samples(p, q, known=known), max_kl=0.0)
    assert found.low <= max(found.value, 0.0) < found.high


@given(
    st.lists(st.tuples(HUGE, HUGE), min_size=1, max_size=6),
    st.sampled_from([(False, False), (False, True), (True, False)]),
)
def test_counts_of_any_size_give_numbers(rows, known):
    p, q = (np.array(side) for side in zip(*rows, strict=True))
    if p.sum() and q.sum():
        found = weigh(samples(p, q, known=known), max_kl=0.0)
        assert 0 <= found.low <= max(found.value, 0.0) <= found.high or found.high == 0
        assert -math.inf < found.value
        assert 0 <= found.p_value <= 1


def test_without_a_threshold_only_the_difference_is_tested():
    for counts in (samples(*FAR), samples([9, 1], [2, 8])):
        found = weigh(counts, max_kl=0.0)
        assert found.p_drift == found.p_value


# Exact distributions.


@pytest.mark.parametrize(
    ("p", "q", "kl", "found"),
    [
        ([0.5, 0.5], [0.5, 0.5], 0, "pass"),
        ([0.5, 0.5], [0.25, 0.75], math.log(2) - math.log(3) / 2 * 1 + 0, "drift"),
        ([1.0, 0.0], [0.5, 0.5], math.log(2), "drift"),
        ([0.5, 0.5], [1.0, 0.0], math.inf, "drift"),
        ({"a": 0.5, "b": 0.5}, {"b": 0.5, "a": 0.5}, 0, "pass"),
    ],
)
def test_exact_distributions_are_never_inconclusive(p, q, kl, found):
    answer = estimate(p, q)
    assert answer.verdict == found
    assert answer.low == answer.kl == answer.high == pytest.approx(kl, abs=1e-12)
    assert (answer.p_value, answer.p_drift, answer.p_pass, answer.rows_needed) == (None,) * 4
    assert answer.reliable


@pytest.mark.parametrize("kl", [math.nan, math.inf, 0.0500001])
def test_nothing_that_is_not_below_the_threshold_passes(kl):
    weights = samples([0.5, 0.5], [0.4, 0.6], known=(True, True))
    assert sole(weigh_exact(kl, weights, max_kl=0.05)).verdict == "drift"


def test_the_threshold_itself_passes():
    weights = samples([0.5, 0.5], [0.4, 0.6], known=(True, True))
    assert sole(weigh_exact(0.05, weights, max_kl=0.05)).verdict == "pass"


def test_weigh_refuses_two_exact_sides():
    with pytest.raises(ValueError, match="exactly known"):
        weigh(samples([1.0], [1.0], known=(True, True)))


# One sample.


def test_counts_against_probabilities():
    q = [0.5, 0.3, 0.2]
    assert estimate([5020, 2990, 1990], q).verdict == "pass"
    assert estimate(q, [5020, 2990, 1990]).verdict == "pass"
    assert estimate([2000, 3000, 5000], q).verdict == "drift"
    assert estimate([20, 10, 10], q).verdict == "inconclusive"
    # A known side has no error of its own: the interval is narrower.
    one, two = estimate([700, 300], [0.6, 0.4]), estimate([700, 300], [600, 400])
    assert one.high - one.low < two.high - two.low


def test_an_outcome_of_probability_zero_is_drift_at_any_threshold():
    found = estimate([99_999, 1, 0], [0.9, 0.0, 0.1], max_kl=1e9)
    assert (found.verdict, found.kl, found.low, found.high) == ("drift", *[math.inf] * 3)
    assert found.p_value == 0
    weighed = weigh(samples([99, 1], [1.0, 0.0], known=(False, True)))
    move = moved([99, 1], [1, 0])
    reason = sole(weighed._replace(move=move), labels=[["a", "b"]]).reason
    assert reason.code == "impossible-outcome"
    assert reason.text.endswith("b went from 0 % to 1 %")


# The threshold 0, and the guard.


def test_at_the_threshold_zero_any_difference_is_drift_and_nothing_passes():
    assert estimate(*FAR, max_kl=0).p_drift == estimate(*FAR, max_kl=0).p_value
    assert estimate(*FAR, max_kl=0).verdict == "drift"
    equal = estimate([10**6, 10**6], [10**6, 10**6], max_kl=0)
    assert equal.verdict == "inconclusive"
    assert (equal.p_pass, equal.rows_needed) == (1, None)


def test_sixty_rows_without_a_common_outcome_are_drift():
    for p, q in (([60, 0], [0, 60]), ([6] * 10 + [0] * 10, [0] * 10 + [6] * 10)):
        found = estimate(p, q)
        assert found.verdict == "drift"
        assert not found.reliable
    assert sole(weigh(samples([60, 0], [0, 60]))).reason.code == "no-common-outcome"


@pytest.mark.parametrize("rows", [60, 1000])
def test_keys_are_not_drift(rows):
    """Each value once: two samples of the same keys would look alike."""
    found = estimate([1] * rows + [0] * rows, [0] * rows + [1] * rows)
    assert found.verdict == "inconclusive"
    assert found.p_value == 1
    assert not found.reliable


def test_nothing_passes_outside_the_guard():
    found = estimate([33, 33, 33], [10**6] * 3)
    assert (found.reliable, found.p_pass, found.verdict) == (False, 1, "inconclusive")
    assert found.rows_needed >= 100
    sparse = estimate([1] * 1000, [1] * 1000)
    assert (sparse.reliable, sparse.p_pass, sparse.verdict) == (False, 1, "inconclusive")
    assert 2000 < sparse.rows_needed < 4000


def test_a_constant_column_passes_with_rows_enough():
    assert estimate([1000], [1000]).verdict == "pass"
    few = estimate([7], [9])
    assert (few.verdict, few.kl, few.p_value) == ("inconclusive", 0, 1)
    # exp(-tau / (2/N)) <= alpha / 2
    assert few.rows_needed == math.ceil(2 / 0.05 * math.log(40))


def test_a_new_outcome_that_is_not_rare_leaves_no_upper_limit():
    found = estimate([5000, 3000, 1970, 30], [5000, 3000, 2000, 0])
    assert (found.high, found.verdict, found.rows_needed) == (math.inf, "inconclusive", None)
    rare = estimate([5000, 3000, 1997, 3], [5000, 3000, 2000, 0])
    assert rare.verdict == "pass"
    many = estimate([5000, 3000, 1000, 1000], [5000, 3000, 2000, 0])
    assert (many.high, many.verdict) == (math.inf, "drift")


@pytest.mark.parametrize("scale", [10**6, 10**9, 10**12])
def test_counts_as_large_as_they_come(scale):
    same = estimate([5 * scale, 3 * scale, 2 * scale], [5 * scale, 3 * scale, 2 * scale])
    assert same.verdict == "pass"
    assert abs(same.kl) < 1e-5
    far = estimate([4 * scale, 3 * scale, 3 * scale], [5 * scale, 3 * scale, 2 * scale])
    truth = 0.4 * math.log(0.8) + 0.3 * math.log(1.5)
    assert far.kl == pytest.approx(truth, abs=3 / scale)
    assert far.low < truth < far.high
    assert estimate([1, 3 * scale], [2 * scale, 2 * scale]).verdict == "drift"
    assert estimate([scale, 1], [1, 1]).verdict == "inconclusive"


def test_python_integers_beyond_64_bits():
    assert estimate([10**30, 10**30], [10**30, 10**30]).verdict == "pass"
    assert estimate([10**30, 2 * 10**30], [10**30, 10**30]).verdict == "drift"


# Laws.


@given(COUNTS)
@settings(max_examples=15)
def test_laws_of_any_table(rows):
    p, q = zip(*rows, strict=True)
    before = None
    for max_kl in (0.0, 0.01, 0.05, 0.3, 2.0, 50.0):
        found = estimate(p, q, max_kl=max_kl)
        assert 0 <= found.low <= found.high
        for value in (found.p_value, found.p_drift, found.p_pass):
            assert 0 <= value <= 1
        assert found.p_drift >= found.p_value
        assert found.p_drift + found.p_pass >= 1 - 1e-9
        if found.verdict == "pass":
            assert found.high <= max_kl
            assert found.reliable
        if found.verdict == "inconclusive" and found.rows_needed is not None:
            assert found.rows_needed > min(sum(p), sum(q))
        else:
            assert found.rows_needed is None
        if before is not None:
            # A higher threshold is harder to exceed and easier to stay below; but for the far
            # tail, as the variance of the law depends on it.
            assert found.p_drift >= before.p_drift - 1e-3
            assert found.p_pass <= before.p_pass + 1e-3
        before = found


@given(COUNTS, st.randoms())
@settings(max_examples=30)
def test_neither_order_nor_labels_nor_absent_outcomes_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    found = estimate(*zip(*rows, strict=True))
    others = [
        estimate(*zip(*shuffled, (0, 0), strict=True)),
        estimate({i: a for i, (a, _) in enumerate(rows)},
                 {i: b for i, (_, b) in reversed(list(enumerate(rows))) if b}),
    ]  # fmt: skip
    for other in others:
        assert other.verdict == found.verdict
        for name in ("kl", "low", "p_value", "p_drift", "p_pass"):
            assert getattr(other, name) == pytest.approx(getattr(found, name), abs=1e-7)


@given(st.lists(st.integers(20, 200), min_size=2, max_size=6), st.integers(2, 10**6))
@settings(max_examples=30)
def test_more_rows_of_the_same_shares_are_more_certain(counts, factor):
    few = estimate(counts, counts)
    many = estimate([factor * count for count in counts], [factor * count for count in counts])
    assert many.high <= few.high
    assert many.p_pass <= few.p_pass + 1e-9


# Many columns.


def test_the_adjustment_is_that_of_scipy_and_of_the_paper():
    # Benjamini and Hochberg (1995), section 4.1: four of fifteen at .05.
    values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
              0.4262, 0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    assert sum(value <= 0.05 for value in benjamini_hochberg(values)) == 4
    rng = np.random.default_rng(2)
    for size in (1, 2, 17, 200):
        values = rng.uniform(size=size) ** 3
        assert benjamini_hochberg(values) == pytest.approx(stats.false_discovery_control(values))
    assert benjamini_hochberg([]) == []


def test_one_drifting_sparse_column_is_found_among_200_clean_ones():
    rng = np.random.default_rng(6)
    q = np.ones(1000) / 1000
    p = q * np.exp(1.2 * rng.normal(size=1000))
    evidence = [weigh(samples(rng.multinomial(1000, p / p.sum()), rng.multinomial(1000, q)),
                      columns=201)]  # fmt: skip
    for _ in range(200):
        x, y = rng.multinomial(1000, np.ones(10) / 10, size=2)
        evidence.append(weigh(samples(x, y), columns=201))
    verdicts = [judgement.verdict for judgement in judge(evidence)]
    assert verdicts[0] == "drift"
    assert "drift" not in verdicts[1:]


def test_drift_that_the_correction_takes_away_is_inconclusive():
    one = weigh(samples([330, 270], [250, 350]), max_kl=0.014)
    assert 0.05 / 20 < one.p_drift < 0.05
    alone, among = sole(one), judge([one] + [weigh(samples(*EQUAL))] * 19)[0]
    assert alone.verdict == "drift"
    assert among.verdict == "inconclusive"
    assert among.reason.code == "not-after-correction"
    assert among.rows_needed > 600
    assert judge([one] + [weigh(samples(*EQUAL))] * 19, adjust="none")[0].verdict == "drift"


def test_exact_columns_take_no_part_in_the_correction():
    exact = weigh_exact(0.0, samples([1.0], [1.0], known=(True, True)))
    drift = weigh(samples(*FAR))
    judgements = judge([exact, drift, exact])
    assert [one.verdict for one in judgements] == ["pass", "drift", "pass"]
    assert judgements[1].p_drift_adjusted == drift.p_drift
    assert judgements[0].p_drift_adjusted is None


# Rows needed.


@pytest.mark.parametrize(
    ("p", "q", "max_kl"),
    [
        ([0.5, 0.3, 0.2], [0.5, 0.3, 0.2], 0.05),
        ([0.55, 0.25, 0.2], [0.35, 0.35, 0.3], 0.05),
        ([0.1] * 10, [0.1] * 10, 0.03),
        ([0.62, 0.38], [0.5, 0.5], 0.015),
    ],
)
def test_the_rows_asked_for_decide_four_times_in_five(p, q, max_kl):
    p, q = np.array(p), np.array(q)
    truth = float(p @ np.log(p / q))
    few = weigh(samples(p * 1000, q * 1000), max_kl=max_kl)
    few = few._replace(value=truth, samples=samples(p * 100, q * 100))
    rows = rows_needed(few, alpha=0.05)
    rng = np.random.default_rng(9)
    decided = [
        estimate(rng.multinomial(rows, p), rng.multinomial(rows, q), max_kl=max_kl).verdict
        != "inconclusive"
        for _ in range(400)
    ]
    assert 0.72 < np.mean(decided) < 0.88


def test_no_number_of_rows_decides_at_the_threshold_itself():
    one = weigh(samples([300, 200], [260, 240]), max_kl=0.015)
    assert rows_needed(one._replace(value=0.015), alpha=0.05) is None
    assert rows_needed(one._replace(value=0.0150001), alpha=0.05) is None
    assert rows_needed(one._replace(value=0.02), alpha=0.05) < 10**6


def test_a_stricter_level_needs_more_rows():
    one = weigh(samples([300, 200], [240, 260]), max_kl=0.01)
    values = [rows_needed(one, alpha=alpha) for alpha in (0.2, 0.05, 0.01)]
    assert values == sorted(set(values))


def test_the_largest_move_is_the_largest_part():
    assert moved([0, 0, 500, 300], [0, 0, 300, 500]) == (2, 0.375, 0.625)
    assert moved([5, 5], [5, 5]) is None
    # An outcome that is gone is worth its share, and no more.
    assert moved([700, 300, 0], [500, 495, 5], 1000).place == 1


def test_a_row_that_the_reference_happens_not_to_have_is_not_the_largest_move():
    assert moved([1, 500, 499], [0, 300, 700], 1000) == (1, 0.3, 0.5)
    assert moved([300, 400, 300], [0, 500, 500], 1000) == (0, 0.0, 0.3)
    # Where the reference is known it is impossible, and the more so the more rows have it.
    assert moved([1, 500, 499], [0, 300, 700]).place == 0
    assert moved([1, 700, 2, 297], [0, 500, 0, 500]).place == 2
