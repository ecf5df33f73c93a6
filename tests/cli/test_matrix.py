"""``kldiv matrix`` on the command line: outputs, errors, and bare numbers."""

import json
from importlib.resources import files

import jsonschema
import pytest

from kldiv_cli import compare


@pytest.fixture
def months(table, tmp_path, monkeypatch):
    """Three tables of counts in the working directory."""
    for name, counts in {"jan": (1, 3), "feb": (2, 2), "mar": (5, 1)}.items():
        table(f"{name}.csv", "colour,count\nred,{}\nblue,{}\n".format(*counts))
    monkeypatch.chdir(tmp_path)
    return ("jan.csv", "feb.csv", "mar.csv")


def test_cells_are_those_of_compare(kldiv, months):
    ran = kldiv("matrix", *months, "-f", "json", "-m", "kl", "-m", "js")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert [side["name"] for side in document["sides"]] == ["jan", "feb", "mar"]
    for i, p in enumerate(months):
        for j, q in enumerate(months):
            if i != j:
                found = compare(p, q, measures=["kl", "js"]).comparisons[0].measures
                assert {name: rows[i][j] for name, rows in document["measures"].items()} == found


def test_bare_numbers_are_lines_with_tabs(kldiv, months):
    ran = kldiv("matrix", *months, "-q")
    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert [len(row) for row in rows] == [3, 3, 3]
    assert [row[i] for i, row in enumerate(rows)] == ["0.0"] * 3
    several = kldiv("matrix", *months, "-q", "-m", "kl_pq", "-m", "tv").out.splitlines()
    assert [line.split("\t")[0] for line in several] == ["kl_pq"] * 3 + ["tv"] * 3


def test_names_reports_and_standard_input(shell, months, tmp_path):
    words = "a=jan.csv b=- c=mar.csv -o m.csv --report json=m.json"
    ran = shell(f"kldiv matrix {words} < feb.csv", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert "kl_pq,b,c," in (tmp_path / "m.csv").read_text()
    assert json.loads((tmp_path / "m.json").read_text())["sides"][1]["source"] == "-"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["jan.csv"], "one-side"),
        (["jan.csv", "missing.csv"], "no-such-file"),
        (["x=jan.csv", "x=feb.csv"], "usage"),
        (["-", "-"], "usage"),
        (["jan.csv", "feb.csv", "--as", "samples"], "usage"),
        (["jan.csv", "feb.csv", "--as", "counts", "--as", "weights"], "usage"),
        (["jan.csv", "feb.csv", "-m", "kl_pw"], "unknown-measure"),
        (["jan.csv", "feb.csv", "-f", "junit"], "usage"),
        (["jan.csv", "feb.csv", "--fail-above", "kl=1"], "usage"),
        (["jan.csv", "feb.csv", "-o", "jan.csv"], "output-is-input"),
        (["jan.csv", "feb.csv", "--label", "none"], "unknown-column"),
    ],
    ids=str,
)
def test_what_is_wrong_is_one_error_and_a_document(kldiv, months, words, code):
    ran = kldiv("matrix", *words)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert f"error[{code}]" in ran.err
    if "-f" in words or "-o" in words:
        return
    ran = kldiv("matrix", *words, "-f", "json")
    assert ran.code == 2
    document = json.loads(ran.out)
    text = files("kldiv_cli.renderers").joinpath("schemas/matrix-1.json").read_text()
    jsonschema.Draft202012Validator(json.loads(text)).validate(document)
    assert document["error"]["code"] == code
    assert {cell for rows in document["measures"].values() for row in rows for cell in row} == {
        "error"
    }
