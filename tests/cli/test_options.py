"""The rows of the command line agree with the options of the Python functions."""

import pytest

from kldiv_cli.cli.words import COMMANDS, load
from kldiv_cli.pipeline import settings

ALONE = {"format", "output", "report", "quiet", "color", "config", "exit_zero", "init", "like"}
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
        (["--max-inflated", "5XB"], "a size is a number such as 500MB; found '5XB'"),
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
