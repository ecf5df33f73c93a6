"""``assert_no_drift`` raises the report where ``kldiv check`` would not end with exit code 0."""

import csv

import pytest

from kldiv_cli import UsageError, assert_no_drift, check

REFERENCE = {"side": ["heads", "tails"] * 1000, "face": ["1", "2", "3", "4"] * 500}
SIDES = {
    "pass": {name: values[:1600] for name, values in REFERENCE.items()},
    "drift": {"side": ["heads"] * 1600, "face": REFERENCE["face"][:1600]},
    "one open": {"side": ["heads"] * 520 + ["tails"] * 280, "face": REFERENCE["face"][:800]},
    "all open": {name: values[:8] for name, values in REFERENCE.items()},
}
FAILS_ON_DRIFT = {"pass": None, "drift": "drift", "one open": None, "all open": "inconclusive"}


@pytest.mark.parametrize("fail_on", ["drift", "inconclusive"])
@pytest.mark.parametrize("side", SIDES)
def test_it_raises_where_the_command_does_not_end_with_0(side, fail_on, table, tmp_path, kldiv):
    paths = []
    for name, columns in (("reference", REFERENCE), ("current", SIDES[side])):
        paths.append(tmp_path / f"{name}.csv")
        with paths[-1].open("w", newline="") as file:
            csv.writer(file).writerows([columns, *zip(*columns.values(), strict=True)])
    code = kldiv("check", *paths, "--fail-on", fail_on).code
    report = check(REFERENCE, SIDES[side])
    expected = FAILS_ON_DRIFT[side]
    if fail_on == "inconclusive" and report.count("inconclusive"):
        expected = expected or "inconclusive"
    assert report.failure(fail_on) == expected
    assert code == {None: 0, "drift": 1, "inconclusive": 3}[expected]
    if expected is None:
        found = assert_no_drift(REFERENCE, SIDES[side], fail_on=fail_on)
        assert found.to_dict() == report.to_dict()
        return
    with pytest.raises(AssertionError) as raised:
        assert_no_drift(REFERENCE, SIDES[side], fail_on=fail_on)
    assert str(raised.value) == report.render("text")


def test_options_are_those_of_a_check():
    with pytest.raises(AssertionError, match=r"\bside\b"):
        assert_no_drift(REFERENCE, SIDES["one open"], max_kl=0, alpha=0.5, adjust="none")
    drifted = SIDES["drift"]
    assert assert_no_drift(REFERENCE, drifted, exclude="side").verdict == "pass"
    with pytest.raises(UsageError, match="fail_on is one of drift, inconclusive"):
        assert_no_drift(REFERENCE, drifted, fail_on="drfit")
    with pytest.raises(TypeError):
        assert_no_drift(REFERENCE, drifted, fail_om="drift")
    with pytest.raises(UsageError):
        assert_no_drift(REFERENCE, drifted, max_kl=-1)
