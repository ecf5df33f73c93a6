"""A comment on a pull request: its marker, its folds, its bars, and its room."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import check, compare, matrix
from kldiv_cli.core.findings import Findings
from kldiv_cli.renderers import render
from kldiv_cli.renderers.formats.markdown import LONGEST, marker

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
DIE = {str(face): 1 / 6 for face in range(1, 7)}
LOADED = {"1": 0.5} | {str(face): 0.1 for face in range(2, 7)}
REPORTS = {
    "check": lambda names: check(DIE, LOADED, kind="probabilities", names=names),
    "compare": lambda names: compare(DIE, LOADED, names=names),
    "matrix": lambda names: matrix(dict(zip(names, (DIE, LOADED), strict=True))),
    "several": lambda names: compare(DIE, LOADED, LOADED, names=(*names, "third")),
}


def drifted(columns=3):
    """Return a check of columns that drift, one that is not decided, and many that pass."""
    moved = {f"moved {i}": ["a", "b"] * 400 for i in range(columns)}
    same = {f"same {i}": ["a", "b"] * 400 for i in range(8)}
    now = {name: ["a", "a", "a", "b"] * 200 for name in moved}
    now |= {name: ["a", "b"] * 390 + ["a"] * 20 for name in same}
    return check(moved | same, now, names=("jan", "jul"), max_kl=0.05)


@pytest.mark.parametrize("kind", REPORTS)
def test_a_report_begins_with_a_marker_and_its_answer(kind):
    text = render(REPORTS[kind](("a", "b")), "markdown")
    marked, empty, title = text.split("\n")[:3]
    assert re.fullmatch("<!-- kldiv (check|compare|matrix) [A-Za-z0-9._/ -]+ -->", marked)
    assert (empty, title[:4]) == ("", "### ")
    assert text == render(REPORTS[kind](("a", "b")), "markdown")
    assert text.count("<details>") == text.count("</details>")


def test_the_title_of_a_comparison_is_its_answer():
    text = render(compare({"a": 1, "b": 1}, {"a": 1, "b": 3}, names=("p", "now")), "markdown")
    # ln 2 - ln 3 / 2.
    assert text.startswith("<!-- kldiv compare p now -->\n\n### D(p ‖ now) = 0.143841 nats\n")


@given(ANY_TEXT, ANY_TEXT)
def test_no_name_ends_a_marker(one, other):
    made = marker(("check", one))
    assert re.fullmatch("<!-- kldiv check [A-Za-z0-9._/%-]* -->", made)
    assert "--" not in made[4:-3]
    assert (made == marker(("check", other))) is (one == other) or len(made) > 200


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("orders", "orders"),
        ("data/orders-v2_a.csv", "data/orders-v2_a.csv"),
        ("x--><script>", "x-%2D%3E%3Cscript%3E"),
        ("two\nlines", "two%0Alines"),
        ("ü", "%C3%BC"),
        ("\udcff", "%ED%B3%BF"),
    ],
)
def test_names_in_a_marker_are_percent_encoded(name, becomes):
    assert marker(("check", name)) == f"<!-- kldiv check {becomes} -->"


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize("name", ["--><img src=x>", "</details>", "`|`", "a\n\n### b", "@all"])
def test_no_name_breaks_out(kind, name):
    text = render(REPORTS[kind]((name, f"{name}2")), "markdown")
    tags = re.findall(r"<[^>]*>", text)
    assert {*tags[1:]} <= {"<details>", "<summary>", "</summary>", "</details>"}
    assert text.count("<!--") == text.count("-->") == 1
    assert len(re.findall("^### ", text, re.M)) == 1
    assert "@" not in text


def test_what_passes_is_folded_and_what_does_not_is_drawn():
    text = render(drifted(), "markdown")
    shown = re.sub(r"<details>.*?</details>", "", text, flags=re.S)
    assert (shown.count("| **drift** |"), shown.count("| pass |")) == (3, 0)
    assert "<details><summary>8 more</summary>" in text
    folded = text.partition("<details><summary>outcomes of 3 columns</summary>")[2]
    assert folded.count("\n#### moved ") == 3
    # p ln(p/q) - p + q of (3/4, 1/2) and of (1/4, 1/2): 0.0541 and 0.0767, of 0.1308.
    # The bars: 12 characters, and 12 * 541/767 = 8.46 of them.
    assert "| b | 50 % → 25 % | 0.0767 | 59 % | ▼ ████████████ |" in folded
    assert "| a | 50 % → 75 % | 0.0541 | 41 % | ▲ ████████▌ |" in folded


def test_a_comparison_has_bars_and_its_numbers_folded():
    text = render(compare(DIE, LOADED, names=("fair", "loaded")), "markdown")
    bars, _, numbers = text.partition("<details><summary>the numbers</summary>")
    assert re.search(r"^\| 1 \| 50 % → 16.7 % \| .* \| ▼ █{12} \|$", bars, re.M)
    assert "| 1 | 0.166667 | 0.500000 |" in numbers


def many(columns):
    report = drifted()
    findings = [
        finding._replace(column=f"{finding.column} {i}")
        for i in range(columns)
        for finding in report.columns
    ]
    return replace(report, columns=Findings(findings))


@pytest.mark.parametrize(("times", "whole"), [(3, True), (30, True), (300, False)])
def test_what_has_no_room_is_left_out_and_counted(times, whole):
    report = many(times)
    text = render(report, "markdown")
    assert len(text) <= LONGEST
    assert text.count("<details>") == text.count("</details>")
    assert f"### drift in {3 * times} of {11 * times} columns" in text
    rows = len(re.findall(r"^\| (?:\*\*drift\*\*|pass) \|", text, re.M))
    left_out = re.search("^([0-9,]+) more rows left out", text, re.M)
    assert (left_out is None) is whole
    assert rows + (0 if whole else int(left_out[1].replace(",", ""))) == 11 * times
    # The worst stay: what passes goes first.
    assert whole or "| pass |" not in text
    assert f"**{3 * times} drift, 0 inconclusive, {8 * times} pass;" in text


def test_many_large_matrices_are_cut():
    sides = {f"side {i:03} {'x' * 50}": {"a": 1, "b": i + 1} for i in range(120)}
    text = render(matrix(sides, measures=["kl_pq", "js", "tv", "hellinger"]), "markdown")
    assert len(text) <= LONGEST
    assert "more rows left out" in text
