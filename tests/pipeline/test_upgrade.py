"""A profile that an earlier version made keeps its verdict, whoever writes today's data.

The profiles in `data` were made of `january.csv` by the version at commit 1bd9c20, which knew
neither dates nor booleans: by ``kldiv profile january.csv``, and with ``--min-count 70``. What
it said of them is in `verdicts_by_1bd9c20.json`.
"""

import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from kldiv_cli import check, compare

DATA = Path(__file__).with_name("data")


def as_written(name, path):
    return str(DATA / name)


def by_polars(name, path):
    """Booleans in lower case, dates as instants."""
    frame = pl.read_csv(DATA / name, schema_overrides={"flag": pl.Boolean})
    frame = frame.with_columns(pl.col("day").str.to_datetime("%Y-%m-%d"))
    frame.write_csv(path)
    return str(path)


def in_lines(name, path):
    pl.read_csv(DATA / name, schema_overrides={"flag": pl.Boolean}).write_ndjson(path)
    return str(path)


def in_memory(name, path):
    return pd.read_csv(DATA / name, parse_dates=["day"])


WRITERS = {as_written: "", by_polars: "x.csv", in_lines: "x.jsonl", in_memory: ""}
EXPECTED = json.loads((DATA / "verdicts_by_1bd9c20.json").read_text())


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.__name__)
def today(request, tmp_path):
    return lambda name: request.param(name, tmp_path / WRITERS[request.param])


@pytest.mark.parametrize("profile", ["made", "pooled"])
@pytest.mark.parametrize("name", ["january", "drifted"])
def test_an_old_profile_keeps_its_verdict(today, profile, name):
    expected = EXPECTED[f"{profile} {name}"]
    report = check(str(DATA / f"{profile}_by_1bd9c20.json"), today(f"{name}.csv"))
    assert report.verdict == expected["verdict"]
    assert report.excluded == ()
    for column in report.columns:
        verdict, kl = expected["columns"][column.column]
        assert column.verdict == verdict
        # Sums have another order today.
        assert column.measures["kl_pq"] == pytest.approx(kl, rel=1e-14)


def test_an_old_profile_is_compared_column_by_column(today):
    path = str(DATA / "made_by_1bd9c20.json")
    report = compare(path, today("january.csv"), kind="samples")
    assert [each.column for each in report.comparisons] == [
        "day",
        "flag",
        "amount",
        "shop",
        "stars",
    ]
    assert {each.measures["kl_pq"] for each in report.comparisons} == {0.0}


def test_old_and_new_profiles_merge(today, tmp_path, kldiv):
    old, raw = str(DATA / "made_by_1bd9c20.json"), today("drifted.csv")
    if not isinstance(raw, str):
        raw = str(DATA / "drifted.csv")
    ran = kldiv("profile", old, raw)
    assert (ran.code, "--like" in ran.err) == (2, True)
    like = tmp_path / "like.json"
    assert kldiv("profile", raw, "--like", old, "-o", str(like)).code == 0
    types = {
        column["column"]: column["type"] for column in json.loads(like.read_text())["columns"]
    }
    assert types == {
        "day": "date", "flag": "boolean", "amount": "numeric", "shop": "categorical",
        "stars": "categorical",
    }  # fmt: skip
    for parts in ((old, str(like)), (str(like), old)):
        merged = tmp_path / "merged.json"
        assert kldiv("profile", *parts, "-o", str(merged)).code == 0
        columns = {c["column"]: c for c in json.loads(merged.read_text())["columns"]}
        assert {label for label, _ in columns["flag"]["outcomes"]} == {"true", "false"}
        assert len(columns["day"]["outcomes"]) == 5
        # What was taken for labels stays so, and is judged.
        report = check(str(merged), str(DATA / "january.csv"))
        assert {column.column for column in report.columns} == set(types)
        assert report.columns["day"].measures["kl_pq"] < 0.01


def test_what_an_old_profile_is_made_of_stays_as_it_is(tmp_path, kldiv):
    old = DATA / "made_by_1bd9c20.json"
    again = tmp_path / "again.json"
    assert kldiv("profile", str(old), "-o", str(again)).code == 0
    assert json.loads(again.read_text())["columns"] == json.loads(old.read_text())["columns"]
