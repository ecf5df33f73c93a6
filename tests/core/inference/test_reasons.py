"""Reasons say in plain words why a verdict is what it is."""

from kldiv_cli.core.inference.evidence import weigh
from kldiv_cli.core.inference.reasons import missing_shift, new_share, percent, together
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.verdict import judge

EQUAL = ([480, 310, 210], [500, 300, 200])
FAR = ([480, 310, 210], [200, 300, 500])


def sole(evidence, **settings):
    return judge([evidence], **settings)[0]


def test_reasons_name_what_moved_in_plain_words():
    labels = [["a", "b", "c"]]
    drift = sole(weigh(samples(*FAR)), labels=labels)
    assert drift.reason.code == "above-threshold"
    assert drift.reason.text == "KL 0.246 is above 0.05 (p < 0.0001); c went from 50 % to 21 %"
    passed = sole(weigh(samples(*EQUAL)), labels=labels)
    assert passed.reason.code == "below-threshold"
    assert passed.reason.text == "KL 0, at most 0.00621, is within 0.05 at this binning"
    close = sole(weigh(samples([300, 200], [260, 240]), max_kl=0.015))
    assert close.reason.code == "too-close"
    assert "rows in each file would decide" in close.reason.text
    assert sole(weigh(samples([30, 20], [26, 24]))).reason.code == "too-few-rows"
    assert sole(weigh(samples(*EQUAL), max_kl=0)).reason.code == "zero-threshold"
    assert sole(weigh(samples(*FAR), max_kl=0)).reason.code == "different"


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
