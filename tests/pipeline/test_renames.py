"""Columns that were renamed: what is said of a column holds under its name in the reference."""

import json

import pandas as pd
import pytest

from kldiv_cli import InputError, UsageError, check, compare
from kldiv_cli.pipeline.config import load

OLD = pd.DataFrame({"shop": list("xyz") * 100, "age": [20, 30, -1] * 100, "x": ["u", "v"] * 150})
NEW = OLD.iloc[::2].rename(columns={"shop": "store", "age": "years"}).reset_index(drop=True)
BACK = OLD.iloc[::2].reset_index(drop=True)
MAP = {"store": "shop", "years": "age"}


@pytest.fixture
def both(table):
    return table("old.csv", OLD.to_csv(index=False)), table("new.csv", NEW.to_csv(index=False))


def test_it_is_as_if_the_columns_had_their_old_names(both):
    report, expected = check(*both, map=MAP), check(OLD, BACK, names=("old", "new"))
    assert report.columns == expected.columns
    assert [(note.code, note.source) for note in report.notes] == [("renamed", both[1])]
    assert "'store' is taken for 'shop'" in report.notes[0].message
    assert report.to_dict()["notes"][0]["code"] == "renamed"
    # Without it one column is gone, and another is new.
    assert check(*both).columns["shop"].reason.code == "column-missing"


def test_p_is_the_current_side_of_a_comparison(both):
    report = compare(both[1], both[0], kind="samples", map=MAP)
    expected = compare(BACK, OLD, kind="samples")
    assert [one.measures for one in report.comparisons] == [
        one.measures for one in expected.comparisons
    ]
    assert [one.column for one in report.comparisons] == ["shop", "age", "x"]


def test_rules_are_by_the_old_names(both):
    rules = {"age": {"na": "-1", "type": "categorical"}}
    report = check(*both, map=MAP, columns=rules, exclude="x")
    expected = check(OLD, BACK, columns=rules, exclude="x")
    assert report.columns == expected.columns
    assert report.columns["age"].missing_current == pytest.approx(1 / 3)
    assert [one.column for one in check(*both, map=MAP, column="shop").columns] == ["shop"]
    pair = check(*both, map=MAP, joint=("shop", "age"))
    assert pair.columns == check(OLD, BACK, joint=("shop", "age")).columns
    # A row is chosen by what its own side calls the column.
    chosen = check(*both, map=MAP, where=("shop=x", "store=x"))
    assert {one.column for one in chosen.columns} == {"age", "x"}
    assert [one.column for one in chosen.excluded] == ["shop"]


def test_two_columns_may_change_their_names_with_each_other():
    old = {"a": ["x"] * 60, "b": ["y"] * 60}
    new = {"b": ["x"] * 60, "a": ["y"] * 60}
    assert check(old, new).verdict == "drift"
    report = check(old, new, map={"a": "b", "b": "a"})
    assert {one.measures["kl_pq"] for one in report.columns} == {0}


def test_profiles_and_tidy_tables(both, table, kldiv, tmp_path):
    profiles = [str(tmp_path / f"{name}.json") for name in ("old", "new")]
    for path, made in zip(both, profiles, strict=True):
        assert kldiv("profile", path, "-o", made).code == 0
    expected = check(*profiles[:1], both[1], map=MAP)
    assert {one.column for one in expected.columns} == {"shop", "age", "x"}
    report = check(*profiles, map=MAP)
    assert [one.measures for one in report.columns] == [one.measures for one in expected.columns]
    tidy = [
        table(f"tidy{i}.csv", f"column,outcome,count\n{name},x,5\n{name},y,7\nx,u,12\n")
        for i, name in enumerate(("shop", "store"))
    ]
    report = check(*tidy, kind="counts", map={"store": "shop"})
    assert [(one.column, one.measures["kl_pq"]) for one in report.columns] == [
        ("shop", 0),
        ("x", 0),
    ]


@pytest.mark.parametrize(
    ("renames", "code", "hint"),
    [({"stor": "shop"}, "unknown-column", "'store'"),
     ({"store": "shap"}, "unknown-column", "'shop'"),
     ({"x": "store"}, "columns-clash", "leave map out"),
     ({"store": "x"}, "columns-clash", "leave map out")],
)  # fmt: skip
def test_names_that_are_not_there_or_are_there_twice(both, renames, code, hint):
    with pytest.raises(InputError) as caught:
        check(*both, map=renames)
    assert caught.value.code == code
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "renames",
    ["store", "=shop", "store=", {"store": 5}, {"store": ""}, 5, ["a=b", "a=c"], ["a=c", "b=c"]],
)
def test_what_is_no_renaming(both, renames):
    with pytest.raises(UsageError):
        check(*both, map=renames)


def test_what_has_no_columns_to_rename(both):
    with pytest.raises(UsageError):
        check({"a": 0.5, "b": 0.5}, {"a": 1.0}, kind="probabilities", map={"a": "b"})
    with pytest.raises(UsageError):
        compare({"a": 1, "b": 5}, {"a": 1}, map={"a": "b"})
    with pytest.raises(UsageError):
        check({"a": 1, "b": 5}, {"a": 1}, kind="counts", map={"a": "b"})


def test_the_command_line_and_the_file_of_a_project(both, kldiv, table, tmp_path):
    ran = kldiv("check", *both, "--map", "store=shop", "--map", "years=age", "-f", "json")
    assert [one["column"] for one in json.loads(ran.out)["columns"]] == ["shop", "age", "x"]
    for text in ('map = {store = "shop", years = "age"}', '[map]\nstore = "shop"\nyears = "age"'):
        config = table("kldiv.toml", text)
        assert load(config).settings == {"map": MAP}
        again = kldiv("check", *both, "--config", config, "-f", "json")
        assert json.loads(again.out)["columns"] == json.loads(ran.out)["columns"]
    for text in ("map = 5", "map = {a = 1}", 'map = {a = "c", b = "c"}'):
        with pytest.raises(InputError) as caught:
            load(table("kldiv.toml", text))
        assert caught.value.code == "bad-config"
    # A profile is of one side, and has nothing to rename.
    assert kldiv("profile", both[1], "--config", table("kldiv.toml", '[map]\na = "b"')).code == 0
