"""Reasons say in plain words why a verdict is what it is."""

import numpy as np

from kldiv_cli.core.divergences import contributions
from kldiv_cli.core.inference.evidence import largest_move, weigh
from kldiv_cli.core.inference.reasons import missing_shift, new_share, percent, together
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.verdict import judge

EQUAL = ([480, 310, 210], [500, 300, 200])
FAR = ([480, 310, 210], [200, 300, 500])


def sole(evidence, **settings):
    return judge([evidence], **settings)[0]


def with_move(p, q):
    """Return the evidence of two samples, with the outcome that moved most."""
    found = contributions(p, q)
    return weigh(samples(p, q))._replace(
        move=largest_move(found.p, found.q, found.part, float(sum(q)))
    )


def test_reasons_name_what_moved_in_plain_words():
    labels = [["a", "b", "c"]]
    drift = sole(with_move(*FAR), labels=labels)
    assert drift.reason.code == "above-threshold"
    assert drift.reason.text == (
        "KL 0.246 is above 0.05 (p < 0.0001; law of the Zhang-Grabchak estimate);"
        " a went from 20 % to 48 %"
    )
    passed = sole(weigh(samples(*EQUAL)), labels=labels)
    assert passed.reason.code == "below-threshold"
    assert passed.reason.text == "KL 0, at most 0.00621, is within 0.05 at this binning"
    close = sole(weigh(samples([300, 200], [260, 240]), max_kl=0.015))
    assert close.reason.code == "too-close"
    assert "rows in each file would decide" in close.reason.text
    assert sole(weigh(samples([30, 20], [26, 24]))).reason.code == "too-few-rows"
    assert sole(weigh(samples(*EQUAL), max_kl=0)).reason.code == "zero-threshold"
    assert sole(weigh(samples(*FAR), max_kl=0)).reason.code == "different"


def sparse(shift, rows=300, outcomes=60):
    """Return two samples that are too sparse for the chi-square test, and too large for all."""
    rng = np.random.default_rng(0)
    q = np.full(outcomes, 1 / outcomes)
    p = q * np.exp(shift * rng.normal(size=outcomes))
    return samples(rng.multinomial(rows, p / p.sum()), rng.multinomial(rows, q))


def test_reasons_name_the_test_and_show_no_digit_that_is_chance():
    def of_p(evidence):
        return sole(evidence).reason.text.split("(")[1].split(")")[0]

    assert of_p(weigh(samples([300, 200, 500], [250, 250, 500]), max_kl=0)) == (
        "p 0.0064; chi-square test"
    )
    assert of_p(weigh(samples([6, 1, 1], [1, 6, 6]), max_kl=0)) == "p 0.0096; exact test"
    assert of_p(weigh(sparse(0.55), max_kl=0)) == "p 0.027; permutation test, 999 draws"
    assert of_p(weigh(sparse(0.75), max_kl=0)) == "p 0.002; permutation test, 999 draws"
    none = "permutation test, 999 draws, none as extreme"
    assert of_p(weigh(sparse(0.8), max_kl=0)) == f"p <= 0.001; {none}"
    known = samples([40, 0, 0, *[3] * 20], [0.01] * 3 + [0.97 / 20] * 20, known=(False, True))
    assert of_p(weigh(known, max_kl=0)) == "p < 0.0001; exact test"


def test_a_p_value_that_no_draw_reached_is_a_bound_and_so_is_what_is_corrected_with_it():
    drawn = weigh(sparse(0.8), max_kl=0, columns=19)
    assert drawn.difference.draws == 1900
    assert drawn.difference.exceedances == 0
    clean = weigh(samples(*EQUAL), max_kl=0)
    several = judge([drawn, *[clean] * 18])
    assert "(p <= 0.00053, <= 0.01 among 19 columns;" in several[0].reason.text
    # What more draws could not change is no bound.
    certain = weigh(samples([300, 200, 500], [250, 250, 500]), max_kl=0)
    several = judge([drawn, certain])
    assert "(p <= 0.00053, <= 0.0011 among 2 columns;" in several[0].reason.text
    assert "(p 0.0064; chi-square test)" in several[1].reason.text
    # It is one where it comes from a column that is drawn.
    less = weigh(samples([300, 200, 500], [235, 265, 500]), max_kl=0)
    assert less.p_value < drawn.p_value
    assert "(p 0.00021, <= 0.00042" in judge([drawn, less])[1].reason.text
    assert judge([drawn], adjust="none")[0].p_drift_adjusted == drawn.p_drift


def test_no_table_of_three_rows_a_side_is_drift_and_no_number_of_rows_is_made_up():
    for x, y in (((3, 0), (0, 3)), ((2, 1), (1, 2)), ((1, 1, 1), (3, 0, 0))):
        judged = sole(weigh(samples(x, y)))
        assert judged.verdict == "inconclusive"
        assert judged.rows_needed is None
        assert judged.reason.code == "too-few-rows"
        assert judged.reason.text == "no table of 3 and 3 rows could be called drift at 0.05"
    known = samples([1, 2], [0.5, 0.5], known=(False, True))
    assert sole(weigh(known)).reason.text == "no sample of 3 rows could be called drift at 0.05"
    # Four rows a side could, were their outcomes others.
    totals = sole(weigh(samples([4, 0], [2, 2])))
    assert totals.reason.text.startswith(
        "no table of 4 and 4 rows with these totals of outcomes could be called drift at 0.05; "
    )
    assert totals.rows_needed > 4
    four = sole(weigh(samples([3, 1], [1, 3])))
    assert "could be called drift" not in four.reason.text


def test_drift_that_the_interval_does_not_tell_says_what_it_rests_on():
    few = sole(with_move([50, 0], [5, 45]))
    assert few.verdict == "drift"
    assert few.reason.text == (
        "KL 2.22 is above 0.05 (p 0.00023; Clopper-Pearson bound); outcome 0 went from 10 % to"
        " 100 %; the interval is not reliable, but the test holds for so few rows, too"
    )
    rng = np.random.default_rng(3)
    rare = rng.multinomial(300, np.full(300, 1 / 300), size=2)
    hidden = weigh(samples([300, *rare[0]], [20, *rare[1]]))
    assert not hidden.reliable
    assert sole(hidden).reason.text.endswith(
        "; the interval is not reliable: rare outcomes hide a part of KL, which only adds to it"
    )


def test_more_than_a_thousand_times_the_rows_are_not_asked_for():
    close = sole(weigh(samples([6020, 3980], [6000, 4000]), max_kl=1e-6))
    assert close.rows_needed > 1000 * 10_000
    assert close.reason.text.endswith("; no realistic number of rows would decide")


def test_shares_above_their_limits_are_worded_and_known_to_be():
    shift, new = missing_shift(0.0, 0.025, 0.01), new_share(0.3, ["a", "b", "c", "d"], None)
    assert shift.text == "missing values went from 0 % to 2.5 % (at most 1 % is accepted)"
    assert new.text == "30 % of the current rows have new outcomes: a, b, c"
    drift = sole(weigh(samples(*FAR))).reason
    assert drift.shares == ()
    both = together(drift, shift, new)
    assert both.code == "above-threshold"
    assert both.text == "; ".join((drift.text, shift.text, new.text))
    assert both.shares == ("missing-shift", "new-share")
    assert together(shift) == shift
    # The name of an outcome is no reason.
    assert sole(weigh(samples(*FAR)), labels=[["have new outcomes"] * 3]).reason.shares == ()


def test_percentages():
    assert [percent(x) for x in (0.0, 1.0, 0.12345, 1e-6)] == [
        "0 %",
        "100 %",
        "12.3 %",
        "0.0001 %",
    ]
