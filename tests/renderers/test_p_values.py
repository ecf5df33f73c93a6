"""The p-value of no difference in JSON: its test, with the statistic and degrees of freedom."""

import json

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError
from scipy import stats

from kldiv_cli import check, compare

OLD, NEW = {"a": 310, "b": 500, "c": 190}, {"a": 290, "b": 460, "c": 280}
NAMES = ("p_value", "p_value_test", "p_value_statistic", "p_value_df")


@pytest.fixture(scope="module")
def schemas(root):
    folder = root / "kldiv_cli" / "renderers" / "schemas"
    return {
        name: Draft202012Validator(json.loads((folder / f"{name}-1.json").read_text()))
        for name in ("check", "compare")
    }


def told(report):
    """Return what the JSON of a report says of its only p-value."""
    document = json.loads(report.render("json"))
    rows = document.get("columns") or [document["comparisons"][0]["estimate"]]
    (row,) = rows
    return document, {name: row[name] for name in NAMES}


def reports(old, new):
    return {
        "check": check(old, new, kind="counts"),
        "compare": compare(new, old, kind="counts"),
    }


@pytest.mark.parametrize("command", ["check", "compare"])
def test_the_statistic_is_that_of_pearson(command, schemas):
    document, found = told(reports(OLD, NEW)[command])
    table = [list(OLD.values()), list(NEW.values())]
    expected = stats.chi2_contingency(table, correction=False)
    assert found["p_value_test"] == "chi-square"
    assert found["p_value_statistic"] == pytest.approx(expected.statistic, rel=1e-12)
    assert found["p_value"] == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found["p_value_df"], type(found["p_value_df"])) == (2, int)
    schemas[command].validate(document)


@pytest.mark.parametrize("command", ["check", "compare"])
def test_of_pooled_outcomes_it_is_that_of_the_pooled_ones(command):
    old, new = {"a": 5000, "b": 4990, "c": 4, "d": 3}, {"a": 5100, "b": 4890, "c": 2, "d": 3}
    _, found = told(reports(old, new)[command])
    expected = stats.chi2_contingency([[5000, 4990, 7], [5100, 4890, 5]], correction=False)
    assert found["p_value_statistic"] == pytest.approx(expected.statistic, rel=1e-12)
    assert found["p_value_df"] == 2


@pytest.mark.parametrize("command", ["check", "compare"])
def test_beside_known_probabilities_it_is_that_of_a_goodness_of_fit(command):
    known = {"a": 0.3, "b": 0.5, "c": 0.2}
    kinds = {"kind": ("probabilities", "counts")}
    report = check(known, NEW, **kinds) if command == "check" else compare(known, NEW, **kinds)
    _, found = told(report)
    expected = stats.chisquare(list(NEW.values()), 1030 * np.array([0.3, 0.5, 0.2]))
    assert found["p_value_statistic"] == pytest.approx(expected.statistic, rel=1e-12)
    assert found["p_value_df"] == 2


@pytest.mark.parametrize("command", ["check", "compare"])
@pytest.mark.parametrize(
    ("old", "new", "test"),
    [
        ({"a": 3, "b": 4}, {"a": 5, "b": 1}, "exact"),
        (
            {f"k{i}": 1 + i % 4 for i in range(30)},
            {f"k{i}": 1 + i % 3 for i in range(30)},
            "permutation",
        ),
    ],
)
def test_other_tests_have_none(command, old, new, test, schemas):
    document, found = told(reports(old, new)[command])
    assert list(found.values())[1:] == [test, None, None]
    schemas[command].validate(document)


def rows(counts, weight):
    x = np.repeat(list(counts), list(counts.values()))
    return {"x": x, "w": weight(len(x)), "who": np.arange(len(x)) // 5}


@pytest.mark.parametrize("given", [{"row_weight": "w"}, {"cluster": "who"}], ids=str)
def test_where_rows_weigh_or_depend_it_is_corrected_and_so_are_its_degrees(given, schemas):
    random = np.random.default_rng(4)
    old, new = (rows(side, lambda n: random.uniform(0.5, 2, n)) for side in (OLD, NEW))
    document, found = told(check(old, new, column="x", **given))
    assert found["p_value_test"] == "chi-square"
    law = stats.chi2(found["p_value_df"])
    assert found["p_value"] == pytest.approx(law.sf(found["p_value_statistic"]), rel=1e-9)
    assert 0 < found["p_value_df"] <= 2 + 1e-12
    schemas["check"].validate(document)


def test_weights_that_are_all_one_correct_nearly_nothing():
    old, new = (rows(side, np.ones) for side in (OLD, NEW))
    _, weighed = told(check(old, new, column="x", row_weight="w"))
    _, plain = told(check(old, new, column="x"))
    assert weighed["p_value_statistic"] == pytest.approx(plain["p_value_statistic"], rel=0.03)
    assert weighed["p_value_df"] == pytest.approx(2, rel=0.001)


def test_models_and_errors_have_none(schemas, kldiv, tmp_path):
    logits = np.random.default_rng(1).normal(size=(40, 5))
    document, found = told(check(logits, logits, kind="logits"))
    assert (found["p_value_statistic"], found["p_value_df"]) == (None, None)
    schemas["check"].validate(document)
    ran = kldiv("check", tmp_path / "p.csv", tmp_path / "q.csv", "-f", "json")
    (column,) = json.loads(ran.out)["columns"]
    assert (column["p_value_statistic"], column["p_value_df"]) == (None, None)


@pytest.mark.parametrize("command", ["check", "compare"])
@pytest.mark.parametrize("name", ["p_value_statistic", "p_value_df"])
@pytest.mark.parametrize("value", ["2", -1])
def test_the_schema_takes_no_other_values(command, name, value, schemas):
    document, _ = told(reports(OLD, NEW)[command])
    row = document["columns"][0] if command == "check" else document["comparisons"][0]["estimate"]
    row[name] = value
    with pytest.raises(ValidationError):
        schemas[command].validate(document)
    del row[name]
    with pytest.raises(ValidationError):
        schemas[command].validate(document)
