"""Command lines to run next keep the words of the one that ran, quoted for a shell."""

import json
import os
import shlex

import pytest

from kldiv_cli.cli import following
from kldiv_cli.cli.commands import load

CHECK = load("check")._replace(formats=("text", "json", "html"))
COMPARE = load("compare")


def picture(*sources, **said):
    return following.picture("check", sources, CHECK, said)


def as_check(p, *q, kinds="counts", **said):
    return following.as_check(p, q, COMPARE, said, (kinds, kinds))


def test_the_picture_is_of_the_same_check():
    assert picture("ref.csv", "cur.csv") == "kldiv check ref.csv cur.csv -o drift.html"
    said = {
        "exclude": ["a b*", "-x"],
        "max_kl": ["x=0.1"],
        "header": False,
        "alpha": 0.01,
        "format": "json",
        "report": ["csv=x.csv"],
        "quiet": True,
        "exit_zero": True,
        "color": "never",
    }
    line = picture("jan=ref.csv", "it's.csv", **said)
    assert shlex.split(line) == [
        "kldiv", "check", "jan=ref.csv", "it's.csv", "--exclude", "a b*", "--exclude=-x",
        "--max-kl", "x=0.1", "--alpha", "0.01", "--no-header", "-o", "drift.html",
    ]  # fmt: skip


def test_sources_that_look_like_options_stay_sources():
    line = picture("-ref.csv", "cur.csv", alpha=0.01)
    assert line == "kldiv check --alpha 0.01 -o drift.html -- -ref.csv cur.csv"


def test_what_is_read_once_has_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for source in ("-", "now=-", "/dev/fd/63", "now=/proc/self/fd/5", str(tmp_path / "pipe")):
        assert picture("ref.csv", source) == ""
        assert picture(source, "cur.csv") == ""


@pytest.mark.parametrize(
    "said", [{"format": "html"}, {"output": "x.html"}, {"report": ["json=a", "html=b"]}]
)
def test_what_is_drawn_already_needs_no_other_picture(said, monkeypatch):
    from kldiv_cli.cli import outputs

    monkeypatch.setitem(outputs.FORMATS_BY_EXTENSION, ".html", "html")
    assert picture("ref.csv", "cur.csv", **said) == ""


def test_a_check_has_the_reference_first_and_so_have_the_options_of_its_side():
    assert as_check("p.csv", "q.csv") == "kldiv check q.csv p.csv --as counts"
    said = {"kind": ["counts"], "label": ["a", "b"], "weight": ["n"], "measures": ["js"], "top": 3}
    assert as_check("p.csv", "q.csv", **said) == (
        "kldiv check q.csv p.csv --as counts --label b --label a --weight n"
    )
    rows = {"kind": ["samples"], "column": ["x y"], "map": ["new=old"], "numeric": ["x y"]}
    line = as_check("p.csv", "-", kinds="samples", **rows)
    assert line.startswith("... | kldiv check - p.csv ")
    for said in ("--column 'x y'", "--map new=old", "--numeric 'x y'", "--as samples"):
        assert said in line
    assert as_check("p.csv", kinds="samples", where=["m=1", "m=2"]) == (
        "kldiv check p.csv --where m=2 --where m=1"
    )
    assert as_check("p.csv", weight=["a", "b"]) == (
        "kldiv check p.csv --as counts --weight b --weight a"
    )


def test_what_takes_more_than_the_sides_to_exchange_is_no_check():
    assert as_check("p.csv", "q.csv", kinds="probabilities") == ""
    assert as_check("p.csv", "q.csv", "r.csv") == ""
    assert following.as_check("p", ["q"], COMPARE, {}, ("counts", "samples")) == ""


def last_line(ran, head):
    lines = [line for line in ran.out.splitlines() if line.startswith(head)]
    assert len(lines) == 1
    assert ran.out.splitlines()[-1] == lines[0]
    return shlex.split(lines[0].removeprefix(head))


@pytest.fixture
def sides(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it's p.csv").write_text("k,n\na,300\nb,500\nc,200\n")
    (tmp_path / "q.csv").write_text("k,m\nc,250\na,310\nb,440\n")
    (tmp_path / "both.csv").write_text("k,old n,new\na,300,310\nb,500,440\nc,200,250\n")
    (tmp_path / "both.json").write_text('{"a b": {"x": 30, "y": 50}, "c": {"x": 40, "y": 30}}')
    rows = {"x.csv": "a\n" * 60 + "b\n" * 70, "y.csv": "a\n" * 90 + "b\n" * 50}
    for name, text in rows.items():
        (tmp_path / name).write_text(f"v w\n{text}")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("it's p.csv", "q.csv"),
        ("p=it's p.csv", "q=q.csv", "--label", "k", "--weight", "n", "--weight", "m"),
        ("x.csv", "y.csv", "--as", "samples", "--column", "v w"),
        ("both.csv", "--weight", "old n", "--weight", "new"),
        ("both.json", "--at", "/a b", "--at", "/c"),
    ],
)
def test_a_comparison_ends_with_the_check_of_the_same_divergence(words, sides, kldiv):
    ran = kldiv("compare", *words)
    program, *check = last_line(ran, "as a check: ")
    assert program == "kldiv"
    judged = kldiv(*check, "-f", "json", "--exit-zero")
    assert judged.code == 0, judged.err
    estimate = json.loads(kldiv("compare", *words, "-f", "json").out)["comparisons"][0]["estimate"]
    (column,) = json.loads(judged.out)["columns"]
    assert column["kl"] == estimate["kl"]
    assert column["n_current"] == estimate["n_p"]
    assert column["p_value_test"] == estimate["p_value_test"]


def test_a_comparison_of_what_is_known_is_no_check(sides, kldiv):
    (sides / "known.csv").write_text("k,p\na,0.5\nb,0.3\nc,0.2\n")
    for q in ("known.csv", "q.csv"):
        assert "as a check" not in kldiv("compare", "known.csv", q).out
    assert "as a check" not in kldiv("compare", "q.csv", "q.csv", "it's p.csv").out


@pytest.mark.parametrize(
    "words",
    [
        ("x.csv", "y.csv"),
        ("now=x.csv", "then=y.csv", "--max-kl", "0.001", "--alpha", "0.2", "--top", "1"),
        ("it's p.csv", "q.csv", "--as", "counts", "--max-js", "1e-4", "--report", "json=out.json"),
        ("x.csv", "y.csv", "--fail-on", "inconclusive", "--strict", "--exit-zero"),
    ],
)
def test_an_alarm_names_the_line_that_draws_it(words, sides, kldiv):
    ran = kldiv("check", *words)
    (line,) = [line for line in ran.out.splitlines() if line.startswith("picture: ")]
    program, *again = shlex.split(line.removeprefix("picture: "))
    assert program == "kldiv"
    assert again[:3] == ["check", *words[:2]]
    drawn = kldiv(*again)
    assert drawn.code in (1, 3)
    assert drawn.out == ""
    assert "</html>" in (sides / "drift.html").read_text()
    # The code is that of an option that says nothing of the data.
    assert "--exit-zero" in words or drawn.code == ran.code


def test_what_passes_needs_no_picture_and_no_report_but_text_has_one(sides, kldiv):
    assert "picture" not in kldiv("check", "x.csv", "x.csv", "--max-kl", "1").out
    assert kldiv("check", "x.csv", "y.csv", "-q").out in ("drift\n", "inconclusive\n")
    for format in ("json", "csv", "prometheus"):
        assert "drift.html" not in kldiv("check", "x.csv", "y.csv", "-f", format).out
    junit = kldiv("check", "x.csv", "y.csv", "-f", "junit").out
    assert "\nkl: Zhang-Grabchak estimate; its interval: noncentral chi-square law\n" in junit
    assert "\npicture: kldiv check x.csv y.csv -o drift.html<" in junit
    markdown = kldiv("check", "x.csv", "y.csv", "-f", "markdown").out
    assert "picture: `kldiv check x.csv y.csv -o drift.html`" in markdown
