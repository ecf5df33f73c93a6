"""The rows of the command line agree with the options of the Python functions."""

from itertools import chain

import pytest

from kldiv_cli.cli.words import COMMANDS, load
from kldiv_cli.pipeline import settings, warehouses

ALONE = {
    "format",
    "output",
    "report",
    "rows",
    "settings",
    "quiet",
    "color",
    "config",
    "exit_zero",
    "init",
    "like",
    "verbose",
    "all_measures",
    *warehouses.ENGINE,
    *chain.from_iterable(warehouses.TABLES.values()),
}
"""Options of the command line alone."""
JOINED = {"numeric", "categorical"}
"""They become `columns`."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_one_of_python_by_the_same_name(name):
    table = {
        "compare": settings.COMPARE,
        "check": {**settings.CHECK, "fail_on": None},
        "profile": settings.PROFILE,
        "inspect": settings.INSPECT,
        "calibrate": settings.CALIBRATE,
        "matrix": settings.MATRIX,
        "measures": {},
        "completion": {},
    }[name]
    names = [option.name for option in load(name).options]
    assert len(names) == len(set(names))
    assert set(names) - ALONE - JOINED <= table.keys()


def test_the_defaults_of_the_help_are_those_of_the_settings():
    made = settings.compare_settings(("p", "q"), {})
    for option in load("compare").options:
        if option.default is not None and option.name not in ("duplicates", "color"):
            found = getattr(made, option.name)
            assert option.value(option.default) == getattr(found, "name", found), option.name
    assert made.sources[0].options.duplicates == "error"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bins", "5"], "--bins is for raw rows; help: --as samples, or leave --bins out"),
        (["--numeric", "x"], "--numeric or --categorical is for raw rows"),
        (["--as", "samples", "--label", "x"], "--label chooses a column of a distribution"),
        (["--as", "samples", "--duplicates", "sum"], "--duplicates is for repeated labels"),
        (["--as", "samples", "--as", "counts", "--bins", "5"], "--bins is for raw rows on both"),
        (["--temperature", "hot"], "--temperature is a number above 0; found 'hot'"),
        (["--bins", "1e3"], "--bins is a whole number >= 1; found 1000.0"),
        (["--top", "9" * 20], "--top is a whole number >= 0; found 1e+20"),
        (["--color", "red"], "--color is one of auto, always, never; found 'red'"),
        (
            ["--max-inflated", "5XB"],
            "--max-inflated is a size such as 500MB, from 0 to below 2^63 bytes; found '5XB'",
        ),
        (
            ["--memory-limit", "0"],
            "--memory-limit is a size such as 500MB, from 1 to below 2^63 bytes",
        ),
        (["--memory-limit", "-1"], "--memory-limit is a size such as 500MB"),
        (["--memory-limit", "plenty"], "--memory-limit is a size such as 500MB"),
        (["--threads", "0"], "--threads is a whole number >= 1; found 0"),
        (["--threads", "two"], "--threads is a whole number >= 1; found 'two'"),
    ],
    ids=str,
)
def test_errors_name_the_option_as_it_is_written(kldiv, pair, words, message):
    ran = kldiv("compare", *pair, *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"kldiv: error[usage]: {message}")


def test_the_settings_of_a_project_hold_where_they_can_be_used(kldiv, pair, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kldiv.toml").write_text("bins = 5\nmissing = 'drop'\n")
    assert kldiv("check", *pair, "--as", "weights").code == 1
    assert kldiv("check", *pair, "--as", "counts").code in (0, 1, 3)
    ran = kldiv("check", *pair, "--as", "weights", "--bins", "5")
    assert ran.code == 2
    assert "--bins is for raw rows" in ran.err


def test_nothing_is_said_beside_a_model(kldiv, table, tmp_path):
    data = table("data.csv", "x,y\n" + "a,1\nb,2\n" * 50)
    model = str(tmp_path / "model.json")
    assert kldiv("profile", data, "-o", model).code == 0
    ran = kldiv("profile", data, "--like", model, "--bins", "4")
    assert ran.code == 2
    assert "--bins says nothing beside --like" in ran.err
    assert kldiv("profile", data, "--like", model, "--min-count", "5").code == 0


COUNTED = "note[engine]: the engine that counted the rows: in process\n"


@pytest.mark.parametrize("command", ["compare", "check", "profile", "inspect"])
@pytest.mark.parametrize("format", [[], ["-f", "json"]])
def test_what_an_engine_may_take_and_which_it_is_change_no_answer(kldiv, table, command, format):
    rows = "x,y\n" + "a,1.5\nb,2.5\n" * 50
    files = [table("p.csv", rows), table("q.csv", rows + "b,3.5\n" * 9)]
    words = [command, *(files[:1] if command == "inspect" else files)]
    words += ["--as", "samples"] if command in ("compare", "inspect") else []
    words += format if command in ("compare", "check") else []
    plain = kldiv(*words)
    assert plain.code in (0, 3), plain.err
    # The command that a report ends with is the one that was given.
    asked = ("--memory-limit", "1GB", "--threads", "1")
    limited = kldiv(*words, *asked)
    assert limited.out.replace(f" {' '.join(asked)}", "") == plain.out
    assert (limited.code, limited.err) == (plain.code, plain.err)
    for flag in ("-v", "--verbose"):
        said = kldiv(*words, flag)
        assert (said.code, said.out) == (plain.code, plain.out)
        read = [word for word in words if word.endswith(".csv")]
        heard = [line for line in said.err.splitlines(keepends=True) if "[engine]" in line]
        assert heard == [f"{file}: {COUNTED}" for file in read]
        assert "".join(sorted(set(said.err.splitlines(keepends=True)) - {*heard})) == plain.err


def test_nothing_is_counted_of_tables_and_profiles(kldiv, pair, tmp_path):
    assert kldiv("compare", *pair, "-v").err == kldiv("compare", *pair).err
    assert "engine" not in kldiv("check", *pair, "--as", "counts", "--verbose").err


def test_a_project_says_what_an_engine_may_take(kldiv, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = table("data.csv", "x\n" + "a\nb\n" * 50)
    (tmp_path / "kldiv.toml").write_text("memory-limit = '1GiB'\nthreads = 1\n")
    assert kldiv("check", data, data).code == 0
    assert kldiv("profile", data).code == 0
    for setting in ("memory-limit = '1XB'", "memory-limit = 0", "threads = 0"):
        (tmp_path / "kldiv.toml").write_text(setting)
        ran = kldiv("check", data, data)
        assert (ran.code, ran.out) == (2, "")
        assert f"error[bad-config]: '{setting.split()[0]}' is a " in ran.err


def test_why_an_engine_was_unsuited_is_said(kldiv, table, monkeypatch):
    pytest.importorskip("duckdb")
    monkeypatch.setattr("kldiv_cli.engines.SMALLEST", 0)
    rows = ["x,y", *["a,1", "b,2"] * 50]
    plain, mixed = table("p.csv", "\n".join(rows)), table("q.csv", "\r\n".join(rows) + "\nb,2\n")
    ran = kldiv("check", plain, mixed, "-v", "-q")
    first, second = [line for line in ran.err.splitlines() if "[engine]" in line]
    assert first == f"{plain}: {COUNTED.strip().replace('in process', 'DuckDB')}"
    why = second.removeprefix(f"{mixed}: {COUNTED.strip()}, since another was unsuited: ")
    assert why == "DuckDB gave up (InvalidInputException)"


def test_large_text_says_what_would_count_it_faster(kldiv, table, monkeypatch):
    path = table("x.csv", "side\nheads\ntails\n" * 50)
    monkeypatch.setattr("kldiv_cli.engines.SMALLEST", 0)
    monkeypatch.setattr("kldiv_cli.database.is_installed", lambda: False)
    ran = kldiv("profile", path, "--verbose")
    assert "in process; the extra duckdb would be faster: pip install '.[duckdb]'" in ran.err
