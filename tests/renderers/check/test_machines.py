"""What machines read: JSON, CSV, JUnit and Prometheus, each by a strict reader of its own."""

import csv
import io
import json
import math
import re
from dataclasses import replace
from importlib.resources import files
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import check
from kldiv_cli.core.findings import Findings
from kldiv_cli.renderers import render
from kldiv_cli.renderers.pages.check import numbered
from kldiv_cli.renderers.show import show

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)


def schema(name):
    return json.loads(files("kldiv_cli.renderers").joinpath(f"schemas/{name}.json").read_text())


def validator(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))
    return jsonschema.Draft202012Validator(schema(name))


def parsed(report):
    text = render(report, "json")
    assert text.isascii()
    return json.loads(text, parse_constant=pytest.fail)


def test_json_follows_its_schema(report):
    validator("check-1").validate(parsed(report))


def test_the_schema_describes_every_key(reports):
    definitions = schema("check-1")["$defs"]
    for name in ("mixed", "no_answer"):
        document = parsed(reports[name])
        assert list(schema("check-1")["properties"]) == list(document)
        for column in document["columns"]:
            assert set(definitions["column"]["properties"]) == set(column)
    for part, keys in (
        ("side", reports["mixed"].current._fields),
        ("contribution", reports["mixed"].columns[0].contributions[0]._fields),
        ("note", ("code", "message", "source", "advice")),
        ("excluded", ("column", "reason")),
    ):
        assert set(definitions[part]["properties"]) == set(definitions[part]["required"])
        assert set(definitions[part]["properties"]) == set(keys)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("kl",), None),
        (("kl",), "NaN"),
        (("kl",), "error"),
        (("high",), "-Infinity"),
        (("p_value",), "error"),
        (("p_value",), 1.5),
        (("verdict",), "passed"),
        (("column",), None),
        (("rows_needed",), 0.5),
        (("n_current",), -1),
        (("missing_current",), 1.1),
        (("reason",), "words"),
        (("measures", "tv"), None),
        (("contributions", 0, "kl_pq"), "error"),
        (("contributions", 0, "part"), -0.1),
        (("contributions", 0, "part"), "error"),
    ],
)
def test_the_schema_refuses_what_could_pass_a_gate(reports, path, wrong):
    document = parsed(reports["one_sample"])
    assert document["columns"][0]["verdict"] == "pass"
    *way, last = path
    place = document["columns"][0]
    for step in way:
        place = place[step]
    place[last] = wrong
    with pytest.raises(jsonschema.ValidationError):
        validator("check-1").validate(document)


@pytest.mark.parametrize("key", schema("check-1")["required"])
def test_no_key_may_be_absent(reports, key):
    document = parsed(reports["mixed"])
    del document[key]
    assert not validator("check-1").is_valid(document)


def test_an_error_document_has_no_verdict_but_error(reports):
    document = parsed(reports["no_answer"])
    assert (document["verdict"], document["columns"][0]["column"]) == ("error", None)
    assert {document["columns"][0][key] for key in ("kl", "low", "high")} == {"error"}
    assert not validator("check-1").is_valid(document | {"verdict": "pass"})
    assert not validator("check-1").is_valid(document | {"error": None})


def profile():
    return {
        "schema": "kldiv.profile/1",
        "name": "jan",
        "rows": 4,
        "columns": [
            {"column": "n", "type": "numeric", "edges": [1.5], "missing": 1,
             "outcomes": [["(-inf, 1.5]", 1], ["(1.5, inf)", 2]]},
            {"column": "c", "type": "categorical", "edges": [], "missing": 0,
             "outcomes": [["a", 4]]},
        ],
    }  # fmt: skip


def test_the_schema_of_a_profile_takes_what_the_reader_takes(table):
    from kldiv_cli import check

    document = profile() | {"excluded": [{"column": "id", "reason": "looks like a key"}]}
    path = table("jan.json", json.dumps(document))
    assert {finding.type for finding in check(path, path).columns} == {"numeric", "categorical"}
    validator("profile-1").validate(document)
    validator("profile-1").validate(profile())


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "kldiv.profile/2"},
        {"rows": -1},
        {"rows": 10**18},
        {"name": None},
        {"columns": [{**profile()["columns"][0], "edges": ["1"]}]},
        {"columns": [{**profile()["columns"][1], "edges": [1]}]},
        {"columns": [{**profile()["columns"][1], "outcomes": [["a", 1, 2]]}]},
        {"columns": [{**profile()["columns"][1], "outcomes": [["a"]]}]},
        {"columns": [{**profile()["columns"][1], "outcomes": [[1, 1]]}]},
        {"columns": [{**profile()["columns"][1], "outcomes": [["a", 0.5]]}]},
        {"columns": [{**profile()["columns"][1], "type": "text"}]},
        {"columns": [{**profile()["columns"][1], "missing": None}]},
        {"excluded": ["id"]},
    ],
)
def test_the_schema_of_a_profile_refuses(change):
    assert not validator("profile-1").is_valid(profile() | change)


def rows(report):
    return list(csv.DictReader(io.StringIO(render(report, "csv"), newline=""), strict=True))


def test_csv_has_a_row_for_each_column_and_measure(reports):
    city = [row for row in rows(reports["by_hand"]) if row["column"] == "city"]
    assert [(row["measure"], row["direction"], row["value"], row["unit"]) for row in city] == [
        ("kl", "D(jul || jan)", "0.2", "nats"),
        ("kl_pq", "D(jul || jan)", "Infinity", "nats"),
        ("kl_qp", "D(jan || jul)", "0.25", "nats"),
        ("tv", "TV(jul, jan)", "0.333", ""),
    ]
    evidence = dict(list(city[0].items())[6:])
    assert evidence == {
        "low": "0.15", "high": "0.25", "threshold": "0.05", "verdict": "drift",
        "reason": "above-threshold", "p_value": "0.0", "p_drift": "1e-09",
        "p_drift_adjusted": "2e-09", "p_pass": "1.0", "reliable": "true", "rows_needed": "",
        "n_reference": "2000", "n_current": "1000", "missing_reference": "0.0",
        "missing_current": "0.02", "new_share": "0.01", "outcomes": "3", "kl_unclamped": "0.2",
        "threshold_source": "limit", "segment": "", "part": "", "share_reference": "",
        "share_current": "",
    }  # fmt: skip
    assert all(set(list(row.values())[6:]) == {""} for row in city[1:])


def test_csv_says_error_where_nothing_was_computed(reports):
    gone, *others = (row for row in rows(reports["mixed"]) if row["column"] == "gone")
    assert (gone["measure"], gone["value"], gone["low"]) == ("kl", "error", "error")
    assert (gone["verdict"], gone["p_value"], gone["threshold"]) == ("drift", "", "0.1")
    assert {row["value"] for row in others} == {"error"}
    only, *others = rows(reports["no_answer"])
    assert (only["column"], only["value"], only["verdict"]) == ("", "error", "error")
    assert {row["value"] for row in others} == {"error"}


def test_a_csv_file_is_no_program(hostile):
    number = re.compile(r"-?[0-9.]+(e[-+]?[0-9]+)?")
    for row in csv.reader(io.StringIO(render(hostile, "csv"), newline=""), strict=True):
        assert len(row) == 29
        for field in row:
            assert number.fullmatch(field) or not field.lstrip().startswith(tuple("=+-@"))
            assert field.isprintable()


def test_not_a_number_never_leaves(reports):
    finding = reports["by_hand"].columns["city"]._replace(kl=math.nan, value=math.nan)
    report = replace(reports["by_hand"], columns=Findings([finding]))
    for format in ("json", "csv", "prometheus"):
        with pytest.raises(ArithmeticError):
            render(report, format)


def junit(report):
    """Read a JUnit document by the rules that the schemas of Ant and of Jenkins share."""
    text = render(report, "junit")
    assert text.isascii()
    root = ElementTree.fromstring(text)
    assert (root.tag, [child.tag for child in root]) == ("testsuites", ["testsuite"])
    (suite,) = root
    assert suite[0].tag == "properties"
    for entry in suite[0]:
        assert (entry.tag, set(entry.attrib)) == ("property", {"name", "value"})
    cases = suite[1:]
    outcomes = []
    for case in cases:
        assert case.tag == "testcase"
        assert set(case.attrib) == {"classname", "name", "time"}
        assert case.get("time") == "0"
        assert case.get("name").strip()
        assert len(case) <= 1
        for outcome in case:
            assert outcome.tag in ("failure", "error", "skipped")
            assert set(outcome.attrib) == {"message", "type"}
            assert len(outcome) == 0
        outcomes += [outcome.tag for outcome in case]
    counts = {
        "tests": len(cases), "failures": outcomes.count("failure"),
        "errors": outcomes.count("error"), "skipped": outcomes.count("skipped"),
    }  # fmt: skip
    assert set(suite.attrib) == {"name", *counts}
    assert {key: int(suite.get(key)) for key in counts} == counts
    assert set(root.attrib) == {"name", *counts} - {"skipped"}
    assert all(int(root.get(key)) == counts[key] for key in ("tests", "failures", "errors"))
    names = [(case.get("classname"), case.get("name")) for case in cases]
    assert len(set(names)) == len(names)
    for element in root.iter():
        for value in (*element.attrib.values(), (element.text or "").replace("\n", "")):
            assert value.isprintable()
    return suite


def test_junit_is_one_suite_with_a_case_for_each_column(report):
    suite = junit(report)
    tags = {"drift": "failure", "inconclusive": "skipped", "error": "error"}
    for case, finding in zip(suite[1:], report.columns, strict=True):
        assert [outcome.tag for outcome in case] == [
            tag for verdict, tag in tags.items() if verdict == finding.verdict
        ]


def test_junit_says_what_and_why(reports):
    suite = junit(reports["by_hand"])
    assert suite.get("name") == "D(jul || jan)"
    assert {entry.get("name"): entry.get("value") for entry in suite[0]} == {
        "dataset": "orders", "verdict": "drift", "direction": "current || reference",
        "alpha": "0.1", "adjust": "bh", "seed": "7",
    }  # fmt: skip
    assert {case.get("classname") for case in suite[1:]} == {"orders: D(jul || jan)"}
    (failure,) = suite[3]
    assert suite[3].get("name") == "city"
    assert failure.get("type") == "above-threshold"
    assert failure.get("message").startswith("KL 0.2 is above 0.05; Rome went from 50 %")
    assert failure.text.startswith("kl 0.200 nats, 0.150 to 0.250, threshold 0.05\nKL 0.2")
    (error,) = junit(reports["no_answer"])[1]
    assert (error.tag, error.get("type")) == ("error", "negative-weight")
    assert error.text.startswith("p.csv:2:1: weight is negative")
    assert error.text.endswith("; help: mend it")


LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"', re.A)
SAMPLE = re.compile(
    rf"([a-zA-Z_:][\w:]*)(?:\{{({LABEL.pattern}(?:,{LABEL.pattern})*)\}})?"
    r" ([+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)",
    re.A,
)


def prometheus(report):
    """Read the text format 0.0.4, as strictly as node_exporter; return samples by metric."""
    text = render(report, "prometheus")
    text.encode()
    assert text.endswith("\n")
    metrics, typed, seen = {}, set(), set()
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            _, keyword, metric, rest = line.split(" ", 3)
            if keyword == "HELP":
                assert metric not in metrics, "a metric is one group"
                assert rest
                metrics[metric] = []
            else:
                assert (keyword, rest) == ("TYPE", "gauge")
                assert list(metrics)[-1] == metric
                assert not metrics[metric], "the type comes before the samples"
                assert metric not in typed
                typed.add(metric)
            continue
        found = SAMPLE.fullmatch(line)
        assert found, line
        metric, labels = found[1], dict(pair[:2] for pair in LABEL.findall(found[2] or ""))
        assert metric in typed
        assert list(metrics)[-1] == metric
        key = (metric, *sorted(labels.items()))
        assert key not in seen, "a sample is collected once"
        seen.add(key)
        assert all(value.isprintable() for value in labels.values())
        metrics[metric].append((labels, float(found[found.re.groups])))
    assert all(metrics.values())
    return metrics


def test_prometheus_reads_every_report(report):
    metrics = prometheus(report)
    assert list(metrics)[-1] == "kldiv_success"
    dataset = {"dataset": show(report.dataset).replace("\\", r"\\")}
    assert metrics["kldiv_success"] == [(dataset, 0.0 if report.error else 1.0)]
    assert all(
        dataset.items() <= labels.items() for found in metrics.values() for labels, _ in found
    )
    assert not any("current" in labels for found in metrics.values() for labels, _ in found)
    if not report.error:
        shown = [labels["verdict"] for labels, on in metrics["kldiv_verdict"] if on]
        assert shown == [finding.verdict for finding in report.columns]
        assert len(metrics["kldiv_verdict"]) == 4 * len(report.columns)


def test_prometheus_has_the_figures_that_there_are(reports):
    metrics = prometheus(reports["by_hand"])
    common = {"dataset": "orders", "reference": "jan"}
    city = {"column": "city", **common}
    gone = {"column": "gone", **common}
    assert (city, 0.2) in metrics["kldiv_kl_nats"]
    assert (city, 0.15) in metrics["kldiv_kl_low_nats"]
    assert (city, 0.25) in metrics["kldiv_kl_high_nats"]
    assert (gone, 0.05) in metrics["kldiv_threshold_nats"]
    assert (city | {"side": "current"}, 0.02) in metrics["kldiv_missing_ratio"]
    assert (gone | {"side": "reference"}, 2000.0) in metrics["kldiv_rows"]
    assert (gone | {"verdict": "drift"}, 1.0) in metrics["kldiv_verdict"]
    for metric in ("kldiv_kl_nats", "kldiv_kl_low_nats", "kldiv_kl_high_nats"):
        assert len(metrics[metric]) == 3
    assert len(metrics["kldiv_missing_ratio"]) == 6
    assert math.inf in [value for _, value in metrics["kldiv_kl_high_nats"]]


def test_what_is_exactly_known_has_infinitely_many_rows(reports):
    metrics = prometheus(reports["one_sample"])
    found = {labels["side"]: value for labels, value in metrics["kldiv_rows"]}
    assert found == {"reference": math.inf, "current": 1020.0}
    assert prometheus(reports["exact"])["kldiv_kl_nats"][0][1] == math.inf


def test_prometheus_has_gauges_of_segments():
    def side(red):
        return {
            "colour": [*["red"] * red, *["blue"] * (300 - red), *["red", "blue"] * 30],
            # Names that are shown alike have samples of their own.
            "group": [*["a\n"] * 150, *["a\\n"] * 150, *["few"] * 60],
        }

    found = check(side(100), side(250), by="group")
    metrics = prometheus(found)
    names = {"a\n": r"a\\n", "a\\n": r"a\\n (2)", "few": "few"}
    assert [each.segment for each in found.segments] != sorted(names)
    for gauge, value in (
        ("part_nats", lambda each: each.part),
        ("value", lambda each: each.value),
    ):
        samples = {labels["segment"]: end for labels, end in metrics[f"kldiv_segment_{gauge}"]}
        assert samples == {
            names[each.segment]: pytest.approx(value(each))
            for each in found.segments
            if value(each) != "error"
        }
    rows = [labels["side"] for labels, end in metrics["kldiv_segment_rows"] if end == 60]
    assert rows == ["reference", "current"]
    verdicts = {
        labels["segment"]: labels["verdict"]
        for labels, end in metrics["kldiv_segment_verdict"]
        if end
    }
    assert verdicts == {names[each.segment]: each.verdict for each in found.segments}


def test_without_an_answer_prometheus_hears_of_the_failure_alone(reports):
    found = prometheus(reports["no_answer"])
    assert found == {"kldiv_success": [({"dataset": "orders"}, 0.0)]}


@given(st.lists(ANY_TEXT, max_size=6))
def test_no_two_shown_names_are_alike(texts):
    names = numbered(texts)
    assert len(set(names)) == len(names) == len(texts)
    assert all(name.isprintable() for name in names)


def test_a_name_stays_what_it_is_where_it_can():
    assert numbered(["a", "b\n", "b\\n", "b\\n (2)"]) == ["a", "b\\n", "b\\n (2)", "b\\n (2) (2)"]


@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_any_name_can_be_read_back(with_labels, texts):
    report = with_labels(*texts)
    validator("check-1").validate(parsed(report))
    junit(report)
    assert len(prometheus(report)["kldiv_threshold_nats"]) == len(report.columns)
    assert len(rows(report)) == sum(1 + len(one.measures) for one in report.columns)
