"""Limits on several measures: what a check judges by them, and what a comparison says of them."""

import json
import math

import jsonschema
import numpy as np
import pytest

from kldiv_cli import InputError, UsageError, check, compare, estimate
from kldiv_cli.core.inference.verdict import benjamini_hochberg
from kldiv_cli.core.judging import Limits
from kldiv_cli.core.measures import LIMITED, USUAL_LIMITS
from kldiv_cli.pipeline import config

P, Q = {"a": 330, "b": 270, "c": 150}, {"a": 400, "b": 250, "c": 100}
EQUAL = {"a": 400, "b": 250, "c": 100}
OTHERS = [name for name in LIMITED if name != "kl"]


def rows(counts):
    """Return a column that has these values so often."""
    return [label for label, count in counts.items() for _ in range(count)]


def data(**columns):
    return {name: rows(counts) for name, counts in columns.items()}


def schema(root, name):
    path = root / f"kldiv_cli/renderers/schemas/{name}-1.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("measure", OTHERS)
def test_a_limit_judges_its_measure_and_no_other(measure, root):
    limit = USUAL_LIMITS[measure]
    report = check(data(x=Q), data(x=P), **{f"max_{measure}": limit})
    finding = report.columns["x"]
    expected = estimate(P, Q, measure=measure, threshold=limit)
    assert (finding.measure, finding.threshold) == (measure, limit)
    assert (finding.value, finding.low, finding.high) == (
        expected.value, expected.low, expected.high,
    )  # fmt: skip
    assert finding.kl == expected.kl
    assert (finding.verdict, finding.p_drift) == (expected.verdict, expected.p_drift)
    assert [one.measure for one in finding.judged] == [measure]
    document = json.loads(report.to_json())
    schema(root, "check").validate(document)
    assert document["columns"][0]["measure"] == measure


def test_of_several_measures_all_must_pass():
    limits = {"max_kl": 10.0, "max_js": 1e-4, "max_tv": 0.9}
    finding = check(data(x=Q), data(x=P), **limits).columns["x"]
    assert [(one.measure, one.verdict) for one in finding.judged] == [
        ("kl", "pass"), ("js", "drift"), ("tv", "pass"),
    ]  # fmt: skip
    assert (finding.verdict, finding.measure, finding.threshold) == ("drift", "js", 1e-4)
    assert finding.reason.text.startswith("JS ")
    assert "among 3 tests" in finding.reason.text
    for one in finding.judged:
        assert one.threshold == limits[f"max_{one.measure}"]
    raw = [one.p_drift for one in finding.judged]
    assert [one.p_drift_adjusted for one in finding.judged] == benjamini_hochberg(raw)


def test_all_tests_of_all_columns_are_corrected_for_together():
    sides = data(x=Q, y=EQUAL), data(x=P, y=EQUAL)
    alone = check(*sides, max_js=0.001).columns["x"]
    both = check(*sides, max_js=0.001, max_psi=0.008).columns["x"]
    assert alone.judged[0].p_drift == both.judged[1].p_drift
    # The largest of the four belongs to equal columns, and is 1.
    raw = [
        one.p_drift
        for name in ("x", "y")
        for one in check(*sides, max_js=0.001, max_psi=0.008).columns[name].judged
    ]
    adjusted = benjamini_hochberg(raw)
    assert [one.p_drift_adjusted for one in both.judged] == adjusted[:2]


def test_a_column_has_limits_of_its_own_and_others_the_usual():
    sides = data(x=Q, y=EQUAL), data(x=P, y=EQUAL)
    found = check(*sides, columns={"x": {"max_js": 0.02}}).columns
    assert (found["x"].measure, found["x"].threshold) == ("js", 0.02)
    assert (found["y"].measure, found["y"].threshold) == ("kl", 0.05)
    found = check(*sides, max_psi=0.3, columns={"x": {"max_js": 0.02, "max_psi": 0.1}}).columns
    assert {one.measure: one.threshold for one in found["x"].judged} == {"psi": 0.1, "js": 0.02}
    assert {one.measure: one.threshold for one in found["y"].judged} == {"psi": 0.3}


def test_limits_of_a_column():
    limits = Limits(max_js=0.02, of_columns={"x": {"kl": math.inf}, "y": {"js": math.inf}})
    assert limits.of("other") == limits.of("x") == {"js": 0.02}
    assert (limits.of("y"), limits.tests("y")) == ({"js": math.inf}, 0)
    assert [limits.only_warns(name) for name in ("x", "y", "other")] == [False, True, False]
    assert Limits().of("x") == {"kl": 0.05}
    assert Limits(max_kl=math.inf).of("x") == {"kl": math.inf}


def test_without_a_finite_limit_a_measure_only_warns(root):
    sides = data(x={"a": 900, "b": 100}), data(x={"a": 100, "b": 900})
    report = check(*sides, columns={"x": {"max_hellinger": "inf"}})
    finding = report.columns["x"]
    assert (finding.verdict, finding.measure, finding.threshold) == ("pass", "hellinger", math.inf)
    assert finding.p_drift is finding.judged[0].p_drift is None
    assert finding.value > 0.4
    schema(root, "check").validate(json.loads(report.to_json()))
    # The rows are sorted, too.
    (note,) = (note for note in report.notes if note.code != "dependent-rows")
    assert note.message.startswith("Hellinger distance is above 0.112")
    assert note.advice.startswith("--max-hellinger x=0.112")


@pytest.mark.parametrize("measure", OTHERS)
def test_exact_distributions_are_compared_with_the_limit(measure):
    p, q = {"a": 0.5, "b": 0.5}, {"a": 0.4, "b": 0.6}
    value = (
        compare(p, q, kind="probabilities", measures=[measure]).comparisons[0].measures[measure]
    )
    for limit, verdict in ((value, "pass"), (math.nextafter(value, 0), "drift")):
        finding = check(q, p, kind="probabilities", **{f"max_{measure}": limit}).columns[0]
        assert (finding.verdict, finding.measure) == (verdict, measure)
        assert finding.value == finding.low == finding.high == value
        assert finding.p_drift is None


@pytest.mark.parametrize("measure", OTHERS)
def test_counts_are_judged_beside_known_probabilities(measure):
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    found = check(shares, P, kind=["probabilities", "counts"], **{f"max_{measure}": 0.3})
    expected = estimate(P, shares, measure=measure, threshold=0.3)
    assert found.columns[0].value == pytest.approx(expected.value, rel=1e-9)
    assert found.columns[0].high == pytest.approx(expected.high, rel=1e-9)


def test_a_column_that_cannot_be_compared_shows_its_limit():
    finding = check(data(x=Q, y=Q), data(x=P), max_js=0.5).columns["y"]
    assert (finding.verdict, finding.measure, finding.threshold) == ("drift", "js", 0.5)
    assert (finding.value, finding.judged) == ("error", ())


@pytest.mark.parametrize("measure", OTHERS)
def test_models_are_judged_by_kl_alone(measure, tmp_path):
    logits = np.random.default_rng(1).normal(size=(40, 5))
    with pytest.raises(UsageError, match=f"max_{measure} is for columns of data"):
        check(logits, logits, kind="logits", **{f"max_{measure}": 0.1})
    columns = {"outcome": {f"max_{measure}": 0.1}}
    with pytest.raises(UsageError, match="a gate of models has none"):
        check(logits, logits, kind="logits", columns=columns)
    finding = check(logits, logits, kind="logits", max_kl=0.01).columns[0]
    assert (finding.measure, finding.value) == ("kl", finding.kl)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_js": 0.7}, r"max_js is a number from 0 to 0.6931 \(log 2\)"),
        ({"max_js_distance": 0.9}, r"from 0 to 0.8326 \(sqrt\(log 2\)\)"),
        ({"max_hellinger": 1.01}, "max_hellinger is a number from 0 to 1"),
        ({"max_tv": 2}, "max_tv is a number from 0 to 1"),
        ({"max_psi": -0.1}, "max_psi is a number >= 0"),
        ({"max_psi": "x"}, "max_psi is a number >= 0"),
        ({"columns": {"x": {"max_js": 0.7}}}, r"columns\['x'\]: max_js is a number"),
        ({"columns": {"x": {"max_jss": 0.1}}}, "has no key 'max_jss'"),
    ],
)
def test_limits_out_of_range_are_refused(limits, message):
    with pytest.raises(UsageError, match=message):
        check(data(x=Q), data(x=P), **limits)


def test_a_comparison_has_no_such_limits():
    with pytest.raises(UsageError, match="max_js is a limit of a check"):
        compare(data(x=P), data(x=Q), kind="samples", columns={"x": {"max_js": 0.1}})


def test_a_project_has_the_same_limits(tmp_path):
    path = tmp_path / "kldiv.toml"
    path.write_text('max-js = 0.02\n[columns.x]\nmax-psi = 0.3\nmax-js = "inf"\n')
    found = config.load(str(path))
    assert found.settings == {"max_js": 0.02}
    assert found.columns["x"] == {"max_psi": 0.3, "max_js": "inf"}
    path.write_text("max-js = 0.9\n")
    with pytest.raises(InputError, match=r"'max-js' is a number from 0 to 0\.6931"):
        config.load(str(path))


# What reports say.


def test_text_names_the_measure_and_the_others_that_did_not_pass():
    sides = data(x=Q, y=EQUAL), data(x=P, y=EQUAL)
    text = check(*sides, max_js=1e-4).render("text")
    assert ": JS(" in text.splitlines()[0]
    assert "  js  " in text
    assert "JS 0.00" in text
    text = check(*sides, max_js=1e-4, max_psi=1e-4).render("text")
    assert "js 0.00" in text
    assert "against 0.0001: drift" in text.replace("\n  ", " ")
    text = check(*sides, max_js=1e-4, columns={"y": {"max_js": "inf", "max_tv": 0.2}}).render(
        "text"
    )
    assert "measure" in text
    assert "tv 0" in text


def test_conservative_limits_are_called_so():
    found = check(data(x=Q), data(x=P), max_tv=0.1).columns["x"]
    assert found.verdict == "inconclusive"
    assert "(conservative)" in found.reason.text


def test_tables_metrics_and_test_results_name_the_measure():
    sides = data(x=Q), data(x=P)
    report = check(*sides, max_js=1e-4, max_tv=0.9)
    lines = report.render("csv").splitlines()
    names = [line.split(",")[2] for line in lines[1:]]
    assert len(names) == len(set(names))
    by_name = dict(zip(names, lines[1:], strict=True))
    assert "drift,above-threshold" in by_name["js"]
    assert "pass,below-threshold" in by_name["tv"]
    assert ",,," in by_name["kl"]
    gauges = report.render("prometheus")
    for one in report.columns["x"].judged:
        assert f'measure="{one.measure}"}} {one.value!r}' in gauges
        assert f'measure="{one.measure}"}} {one.threshold!r}' in gauges
    assert "kldiv_kl_nats{" in gauges
    assert "kldiv_threshold_nats" not in gauges
    usual = check(*sides).render("prometheus")
    assert "kldiv_threshold_nats{" in usual
    assert 'measure="kl"} 0.05' in usual
    junit = report.render("junit")
    assert "JS(" in junit
    assert f"js {report.columns['x'].value:.3g}"[:6] in junit


# Comparisons.


def test_a_comparison_has_an_estimate_of_each_measure_that_can_have_one(root):
    report = compare(P, Q, kind="counts")
    (found,) = report.comparisons
    assert set(found.estimates) == {
        "kl_pq", "kl_qp", "psi", "jeffreys", "js", "js_distance", "hellinger", "tv",
    }  # fmt: skip
    for name, one in found.estimates.items():
        expected = estimate(Q, P) if name == "kl_qp" else estimate(P, Q, measure=name)
        assert (one.value, one.low, one.high) == (expected.value, expected.low, expected.high)
        assert one.p_value == found.estimate.p_value
    schema(root, "compare").validate(json.loads(report.to_json()))


def test_only_measures_that_are_asked_for_are_estimated():
    (found,) = compare(P, Q, kind="counts", measures=["js", "chi2_pq"]).comparisons
    assert set(found.estimates) == {"js"}
    assert compare(P, Q, kind="weights").comparisons[0].estimates == {}
    assert compare(P, Q, kind="counts", estimate=False).comparisons[0].estimates == {}


@pytest.mark.parametrize("base", ["2", "10"])
def test_estimates_have_the_unit_of_their_measure(base):
    nats, other = (
        compare(P, Q, kind="counts", base=one).comparisons[0].estimates for one in ("e", base)
    )
    unit = math.log(float(base))
    for name, factor in (("js", unit), ("js_distance", math.sqrt(unit)), ("tv", 1.0)):
        assert nats[name].high == pytest.approx(other[name].high * factor, rel=1e-12)


def test_alpha_sets_the_level_of_intervals():
    wide, usual = (compare(P, Q, kind="counts", alpha=alpha) for alpha in (0.01, 0.05))
    (one,), (other,) = wide.comparisons, usual.comparisons
    assert (wide.alpha, usual.alpha) == (0.01, 0.05)
    assert one.estimate.high > other.estimate.high
    for name in one.estimates:
        assert one.estimates[name].high > other.estimates[name].high
    assert "99 % interval" in wide.render("text")
    with pytest.raises(UsageError, match="alpha is a number from 1e-06"):
        compare(P, Q, kind="counts", alpha=0)


def test_intervals_stand_beside_the_measures():
    report = compare(P, Q, kind="counts", measures=["js", "tv", "chi2_pq"])
    lines = {line.split()[0]: line for line in report.render("text").splitlines() if line}
    estimates = report.comparisons[0].estimates
    assert "95 % interval" in lines["measure"]
    assert f" {estimates['tv'].value:.3g} " in lines["tv"]
    assert " to " not in lines["chi2_pq"]
    table = report.render("csv").splitlines()
    assert table[0].endswith("estimate,low,high")
    assert table[1].endswith(
        ",".join(repr(estimates["js"]._asdict()[key]) for key in ("value", "low", "high"))
    )
    assert table[3].endswith(",,,")
