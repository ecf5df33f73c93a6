"""Rows that are chosen by a value: in every format, of raw rows and of tables of weights."""

import io
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import InputError, UsageError, check, compare
from kldiv_cli.readers import ReadOptions, read
from kldiv_cli.readers.where import column_and_value

ROWS = [
    {
        "split": ("train", "test", None)[i % 3],
        "fold": i % 4,
        "flag": i % 2 == 0,
        "x": "uvw"[i % 7 % 3],
    }
    for i in range(420)
]
FRAME = pd.DataFrame(ROWS)


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


SOURCES = {
    "csv": lambda table: table("p.csv", FRAME.to_csv(index=False)),
    "tsv": lambda table: table("p.tsv", FRAME.to_csv(index=False, sep="\t")),
    "json": lambda table: table("p.json", json.dumps(ROWS)),
    "jsonl": lambda table: table("p.jsonl", lines(ROWS)),
    "pandas": lambda table: FRAME,
    "pandas with other types": lambda table: FRAME.convert_dtypes(),
    "polars": lambda table: pl.DataFrame(ROWS),
    "pyarrow": lambda table: pa.Table.from_pylist(ROWS),
    "mapping": lambda table: {name: [row[name] for row in ROWS] for name in ROWS[0]},
    "records": lambda table: ROWS,
}


@pytest.mark.parametrize(
    ("where", "rows"),
    [("split=train", 140), ("split=", 140), ("fold=3", 105), ("fold=3.0", 105), ("fold=+3", 105),
     ("flag=true", 210), ("flag=False", 210), ("x=u", 180)],
)  # fmt: skip
@pytest.mark.parametrize("source", SOURCES)
def test_the_same_rows_of_every_source(table, source, where, rows):
    name, _, value = where.partition("=")
    kept = [
        {key: cell for key, cell in row.items() if key != name}
        for row in ROWS
        if str("" if row[name] is None else row[name]).lower()
        == {"3.0": "3", "+3": "3"}.get(value, value).lower()
    ]
    report = check(pd.DataFrame(kept), SOURCES[source](table), where=(None, where), columns={
        "fold": {"type": "categorical"}} if name != "fold" else None)  # fmt: skip
    assert len(kept) == rows
    assert report.current.total == rows
    assert {one.measures["kl_pq"] for one in report.columns if one.column != "flag"} == {0.0}
    assert name not in {one.column for one in report.columns}
    assert [one.column for one in report.excluded] == [name]


@pytest.mark.parametrize("source", SOURCES)
def test_two_sides_of_one_source(table, source):
    given = SOURCES[source](table)
    report = check(given, where=("split=train", "split=test"), exclude="flag")
    parts = (FRAME[FRAME.split == value] for value in ("train", "test"))
    alone = check(*parts, exclude=("split", "flag"), names=("train", "test"))
    assert (report.reference.name, report.current.name) == ("train", "test")
    assert report.columns == alone.columns
    assert [one.column for one in report.excluded] == ["split", "flag"]
    # The first is P of a comparison.
    both = compare(given, kind="samples", where=("split=train", "split=test"), column="x")
    assert (both.p.name, both.q.name) == ("train", "test")
    assert both.comparisons[0].measures["kl_qp"] == report.columns["x"].measures["kl_pq"]


TALL = "split,shop,count\na,x,3\na,y,5\nb,y,7\nb,z,1\n"
TALL_FRAME = pd.read_csv(io.StringIO(TALL))
TABLES = {
    "csv": lambda table: table("p.csv", TALL),
    "no header": lambda table: table("p.txt", TALL.partition("\n")[2]),
    "json": lambda table: table("p.json", TALL_FRAME.to_json(orient="records")),
    "arrays": lambda table: table("p.json", json.dumps(TALL_FRAME.to_dict("list"))),
    "jsonl": lambda table: table("p.jsonl", TALL_FRAME.to_json(orient="records", lines=True)),
    "pandas": lambda table: TALL_FRAME,
    "polars": lambda table: pl.read_csv(io.StringIO(TALL)),
    "pyarrow": lambda table: pa.Table.from_pandas(TALL_FRAME),
}


@pytest.mark.parametrize("source", TABLES)
def test_tables_of_weights(table, source):
    given = TABLES[source](table)
    column = "1" if source == "no header" else "split"
    report = compare(given, where=(f"{column}=a", f"{column}=b"))
    assert (
        report.comparisons[0].measures
        == compare({"x": 3, "y": 5}, {"y": 7, "z": 1}, kind="counts").comparisons[0].measures
    )
    assert (report.p.name, report.q.name) == ("a", "b")
    assert (
        check(given, where=(f"{column}=a", f"{column}=b"), kind="counts").columns[0].outcomes == 3
    )


def test_a_value_that_comes_late(table):
    rows = [f"a,k{i},1\n" for i in range(3000)] + ["b,u,2\n", "b,v,3\n"]
    found = read(table("p.csv", "s,x,n\n" + "".join(rows)), ReadOptions(where="s=b"))
    assert dict(zip(found.outcomes, found.weights.tolist(), strict=True)) == {"u": 2, "v": 3}


@pytest.mark.parametrize("format_", ["parquet", "arrow"])
@pytest.mark.parametrize("value", ["s=b", "m=2"])
def test_small_parts_of_a_folder_are_read_while_they_are_open(tmp_path, format_, value):
    rows = [{"s": "ab"[i % 2], "x": i % 7, "y": str(i % 5), "m": i % 3} for i in range(300)]
    for month in range(3):
        own = pl.DataFrame([row for row in rows if row["m"] == month]).drop("m")
        folder = tmp_path / "parts" / f"m={month}"
        folder.mkdir(parents=True)
        for part in range(2):
            some, path = own[50 * part : 50 * part + 50], folder / f"{part}.{format_}"
            some.write_parquet(path) if format_ == "parquet" else some.write_ipc(path)
    report = check(tmp_path / "parts", rows, where=value, exclude=["s", "m"])
    assert {each.measures["kl_pq"] for each in report.columns} == {0.0}
    assert report.reference.total == report.current.total > 0


@pytest.mark.parametrize("format_", ["csv", "parquet", "arrow"])
def test_no_rows_to_choose_from(tmp_path, format_):
    path = tmp_path / f"p.{format_}"
    none = pl.DataFrame({"a": [], "b": []}, schema={"a": pl.String, "b": pl.Int64})
    writers = {"csv": none.write_csv, "parquet": none.write_parquet, "arrow": none.write_ipc}
    writers[format_](path)
    with pytest.raises(InputError) as caught:
        check(path, path, where="a=1")
    assert caught.value.code in ("no-rows", "no-rows-where")
    assert caught.value.hint == ""


def test_a_bad_weight_keeps_its_place(table):
    text = "s,x,n\n" + "a,u,1\nb,u,1\nb,v,-3\n"
    with pytest.raises(InputError) as caught:
        read(table("p.csv", text), ReadOptions(where="s=b"))
    assert (caught.value.places[0].line, caught.value.places[0].column) == (4, 3)


@pytest.mark.parametrize("source", SOURCES)
def test_a_column_or_a_value_that_is_not_there(table, source):
    given = SOURCES[source](table)
    with pytest.raises(InputError) as caught:
        check(given, where=("spilt=train", "split=test"))
    assert (caught.value.code, caught.value.hint) == ("unknown-column", "did you mean 'split'?")
    with pytest.raises(InputError) as caught:
        check(given, where=("split=tran", "split=test"))
    assert (caught.value.code, caught.value.hint) == ("no-rows-where", "did you mean 'train'?")
    with pytest.raises(InputError) as caught:
        check(given, where=("split=7", "split=test"))
    assert "'train'" in caught.value.hint
    assert "(missing)" in caught.value.hint


def test_a_leading_zero_makes_another_value(table):
    path = table("p.csv", "zip,x\n01,u\n1,v\n01,u\n")
    with_zero = compare(path, {"x": ["u"] * 2}, kind="samples", where=("zip=01", None))
    assert with_zero.p.total == 2
    assert with_zero.comparisons[0].measures["kl_pq"] == 0


def test_a_decimal_comma(table):
    path = table("p.csv", "a;x\n1,50;u\n1,5;v\n2;v\n")
    report = compare(path, {"x": ["u", "v"]}, kind="samples", where=("a=1.5", None),
                     decimal=(",", "."), delimiter=(";", None))  # fmt: skip
    assert report.p.total == 2


def test_a_pipe_is_read_once(table, shell):
    path = table("p.csv", FRAME.to_csv(index=False))
    for where in (f"cat {path} | kldiv check -", f"kldiv check <(cat {path})"):
        ran = shell(f"{where} --where split=train --where split=test -f json")
        document = json.loads(ran.out)
        assert document["reference"]["total"] == document["current"]["total"] == 140


def test_options_that_make_no_sense(table):
    path = table("p.csv", FRAME.to_csv(index=False))
    for wrong in ("train", "=train", "", 5, ("split=train",) * 3):
        with pytest.raises(UsageError):
            check(path, path, where=wrong)
    with pytest.raises(UsageError, match="one source"):
        check(path, where="split=train")
    with pytest.raises(UsageError, match="one source"):
        check(path)
    with pytest.raises(UsageError, match="chosen by"):
        check(path, where=("split=train", "split=test"), column="split")
    with pytest.raises(InputError) as caught:
        compare({"a": 1, "b": 2}, {"a": 1}, where="a=1")
    assert caught.value.code == "no-columns"
    with pytest.raises(InputError) as caught:
        compare(np.array([1, 2]), np.array([1, 2]), where="a=1")
    assert caught.value.code == "no-columns"


def test_a_profile_has_no_rows(table, kldiv, tmp_path):
    path, made = table("p.csv", FRAME.to_csv(index=False)), str(tmp_path / "made.json")
    assert kldiv("profile", path, "--where", "split=train", "-o", made).code == 0
    assert json.loads((tmp_path / "made.json").read_text())["rows"] == 140
    # Said once, it is for the side that has rows.
    assert check(made, path, where="split=test").current.total == 140
    for where in (("split=test", None), ("split=train", "split=test")):
        with pytest.raises(InputError) as caught:
            check(made, path, where=where)
        assert caught.value.code == "is-a-profile"
    assert "profile" in kldiv("profile", made, "--where", "a=b", "-o", "-").err
    assert "140" in kldiv("inspect", path, "--as", "samples", "--where", "split=test").out


def test_sides_are_chosen_by_columns_of_their_own(table):
    path = table("p.csv", FRAME.to_csv(index=False))
    report = check(path, where=("split=train", "flag=true"))
    assert (report.reference.name, report.current.name) == ("split=train", "flag=true")
    assert {one.column for one in report.columns} == {"fold", "x"}
    assert {one.column for one in report.excluded} == {"split", "flag"}
    assert not report.notes


@given(st.lists(st.sampled_from(["a", "a=b", "b", "a=b=c", ""]), unique=True), st.text("ab="))
def test_a_column_that_exists_wins(names, value):
    for name in filter(None, names):
        found = column_and_value(f"{name}={value}", [name])
        assert "=".join(found) == f"{name}={value}"
        assert found[0] == name or found[0] in names


def test_dates_and_booleans_are_equal_however_they_are_spelt(table):
    path = table("p.csv", "d,f,x\n2024-01-05 00:00:00,TRUE,u\n2024-01-05,t,v\n2024-01-06,F,v\n")
    for where, rows in (
        ("d=2024-01-05", 2), ("d=2024-01-05T00:00", 2), ("f=true", 2), ("f=False", 1), ("f=t", 1),
    ):  # fmt: skip
        report = compare(path, {"x": ["u", "v"]}, kind="samples", where=(where, None), column="x")
        assert report.p.total == rows
