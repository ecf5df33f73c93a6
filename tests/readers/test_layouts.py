"""Tables as JSON and mappings lay them out: by columns, by rows, described, or inside others."""

import json
import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.errors import InputError, UsageError
from kldiv_cli.readers import ReadOptions, read, read_two

FRAME = pd.DataFrame({"colour": ["red", "green", "blue"], "count": [1002, 592, 295]})
WEIGHTS = {"red": 1002, "green": 592, "blue": 295}
ROWS = [["red", 1002], ["green", 592], ["blue", 295]]
RECORDS = [{"colour": label, "count": count} for label, count in ROWS]
COLUMNS = {"colour": [*WEIGHTS], "count": [*WEIGHTS.values()]}
META = [{"name": "colour", "type": "LowCardinality(String)"}, {"name": "count", "type": "UInt64"}]
INTEGERS = pd.DataFrame({"stars": [5, 3, 1], "count": [10, 20, 30]})
ORIENTS = ("split", "records", "index", "columns", "values", "table")


def weights_of(side):
    return dict(zip(side.outcomes, side.weights.tolist(), strict=True))


def codes(side):
    return [note.code for note in side.notes]


@pytest.fixture
def of_json(given):
    """Read a value as JSON: of_json(value, **options)."""
    return lambda value, name="x.json", **options: given(
        name, value if isinstance(value, str) else json.dumps(value), **options
    )


# Every row: a value that holds the same table, and the shape that inspect names.
SAME_TABLE = {
    "records": (RECORDS, "records"),
    "arrays": (COLUMNS, "an object of arrays"),
    "arrays by R": ({"n": COLUMNS["count"], "x": COLUMNS["colour"]}, "an object of arrays"),
    "columns": ({"x": dict(enumerate(WEIGHTS)), "n": dict(enumerate(WEIGHTS.values()))},
                "an object of columns"),
    "rows": ({f"row_{i + 1}": record for i, record in enumerate(RECORDS)}, "an object of rows"),
    "rows by label": ({x: {"n": n} for x, n in ROWS}, "an object of rows"),
    "split": ({"columns": ["x", "n"], "index": [0, 1, 2], "data": ROWS},
              "columns, index and data"),
    "split, sorted": ({"columns": ["x", "n"], "index": [2, 0, 1], "data": ROWS},
                      "columns, index and data"),
    "split without index": ({"columns": ["x", "n"], "data": ROWS}, "columns, index and data"),
    "split, by label": ({"columns": ["n"], "index": [*WEIGHTS], "data": [[n] for _, n in ROWS]},
                        "columns, index and data"),
    "tight": ({"index": [0, 1, 2], "columns": ["x", "n"], "data": ROWS, "index_names": [None],
               "column_names": [None]}, "columns, index and data"),
    "a series": ({"name": "n", "index": [*WEIGHTS], "data": [*WEIGHTS.values()]},
                 "name, index and data"),
    "a series without name": ({"name": None, "index": [*WEIGHTS], "data": [*WEIGHTS.values()]},
                              "name, index and data"),
    "schema": ({"schema": {"fields": [{"name": "index"}, {"name": "colour"}, {"name": "count"}],
                           "primaryKey": ["index"]},
                "data": [{"index": i, **record} for i, record in enumerate(RECORDS)]},
               "schema and data"),
    "schema without key": ({"schema": {"fields": [{"name": "colour"}, {"name": "count"}]},
                            "data": RECORDS}, "schema and data"),
    "meta, records": ({"meta": META, "data": RECORDS, "rows": 3, "statistics": {"elapsed": 0.1}},
                      "meta, data and rows"),
    "meta, rows": ({"meta": META, "data": ROWS, "rows": 3}, "meta, data and rows"),
    "meta, columns": ({"meta": META, "data": COLUMNS, "rows": 3}, "meta, data and rows"),
    "meta, numbers in quotes": (
        {"meta": META, "data": [[x, str(n)] for x, n in ROWS], "rows": 3}, "meta, data and rows"),
    "name and values": ({"columns": [{"name": name, "datatype": "?", "values": values}
                                     for name, values in COLUMNS.items()]},
                        "columns of name and values"),
    "rows of cells": (ROWS, "an array of rows"),
    "rows below names": ([["colour", "count"], *ROWS], "an array of rows"),
    "rows below types": ([["colour", "count"], ["String", "Nullable(UInt64)"], *ROWS],
                         "an array of rows"),
    "numbers": (WEIGHTS, "an object of numbers"),
    "opened": ({"h": WEIGHTS}, "an object of numbers"),
    "opened twice": ({"data": {"values": RECORDS}}, "records"),
    "opened array": ([{"h": WEIGHTS}], "an object of numbers"),
    "opened array of arrays": ([COLUMNS], "an object of arrays"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME_TABLE.values(), ids=SAME_TABLE)
@pytest.mark.parametrize("name", ["x.json", "stdin"])
def test_labels_are_aligned(of_json, case, name):
    value, shape = case
    side = of_json(value, name)
    assert weights_of(side) == WEIGHTS
    assert dict(side.details)["shape"] == shape
    assert side.kind == "counts"


@pytest.mark.parametrize("case", SAME_TABLE.values(), ids=SAME_TABLE)
def test_a_mapping_is_read_as_the_file_is(of_json, case):
    value, _ = case
    file, mapping = of_json(value), read(value)
    assert weights_of(file) == weights_of(mapping)
    assert (file.kind, file.rows_used, codes(file)) == (
        mapping.kind, mapping.rows_used, codes(mapping),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["opened", "opened twice", "opened array"])
def test_what_is_opened_is_noted(of_json, name):
    value, _ = SAME_TABLE[name]
    side = of_json(value)
    assert set(codes(side)) == {"opened"}
    assert all(note.repair for note in side.notes)
    # What the last note advises says the same, and silences them.
    pointer = side.notes[-1].advice.removeprefix("--at ")
    chosen = of_json(value, at=pointer)
    assert (weights_of(chosen), codes(chosen)) == (WEIGHTS, [])


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME.sort_values("count"),
        FRAME[FRAME["count"] > 0].iloc[::-1],
        FRAME.assign(share=0.1),
        FRAME.set_index("colour"),
    ],
    ids=["plain", "sorted", "reversed", "with shares", "indexed"],
)
def test_frames_of_pandas(of_json, orient, frame):
    wide = len(frame.columns) == 3
    if wide and orient == "values":
        return
    if frame.index.name and orient == "values":
        with pytest.raises(InputError, match="has one outcome"):
            of_json(frame.to_json(orient=orient))
        return
    side = of_json(frame.to_json(orient=orient), **({"weight": "count"} if wide else {}))
    if frame.index.name and orient == "records":
        assert side.outcomes is None
    else:
        assert weights_of(side) == WEIGHTS


@pytest.mark.parametrize(
    "orient", ["dict", "list", "series", "split", "tight", "records", "index"]
)
@pytest.mark.parametrize("frame", [FRAME, FRAME.sort_values("count"), INTEGERS])
def test_dicts_of_pandas(orient, frame):
    expected = dict(zip(map(str, frame.iloc[:, 0]), frame.iloc[:, 1].tolist(), strict=True))
    assert weights_of(read(frame.to_dict(orient=orient))) == expected


@pytest.mark.parametrize("orient", ["split", "records", "index", "columns", "table"])
@pytest.mark.parametrize("options", [{}, {"weight": "count"}, {"label": "stars"}])
def test_integers_may_be_labels(of_json, orient, options):
    side = of_json(INTEGERS.to_json(orient=orient), **options)
    assert weights_of(side) == {"5": 10, "3": 20, "1": 30}


@pytest.mark.parametrize(
    "value",
    [
        pl.DataFrame(COLUMNS).to_dict(),
        pl.DataFrame(COLUMNS).to_dict(as_series=False),
        pl.DataFrame(COLUMNS).to_dicts(),
        pa.table(COLUMNS).to_pydict(),
        pa.table(COLUMNS).to_pylist(),
        {"colour": np.array([*WEIGHTS]), "count": np.array([*WEIGHTS.values()])},
        [*WEIGHTS.items()],
    ],
    ids=["polars series", "polars lists", "polars rows", "arrow", "arrow rows", "numpy", "pairs"],
)
def test_objects_of_other_libraries(value):
    assert weights_of(read(value)) == WEIGHTS


# Near misses: options, and what is read, or the code of the error.
NEAR = {
    "two weights": ({"p": [0.2, 0.8], "q": [0.5, 0.5]}, {"weight": "q"}, [0.5, 0.5]),
    "two weights of no name": ({"train": [5, 3], "test": [4, 2]}, {"weight": "train"}, [5, 3]),
    "two weights, none named": ({"p": [0.2, 0.8], "q": [0.5, 0.5]}, {}, "several-weights"),
    "other lengths": ({"colour": ["a", "b"], "n": [1]}, {}, "several-weights"),
    "arrays of arrays": ({"p": [[1, 2], [3, 4]], "q": [[1, 1], [2, 3]]}, {"weight": "p"},
                         [[1, 2], [3, 4]]),
    "a batch of one row": ([[1, 2, 3]], {}, [[1, 2, 3]]),
    "one outcome": ({"a": 3}, {}, {"a": 3}),
    "one record": ([{"a": 1, "b": 2}], {}, "several-weights"),
    "other keys": ({"a": {"x": 1, "y": 2}, "b": {"z": 3}}, {}, "several-weights"),
    "several distributions": ({"p": {"y": 1, "n": 2}, "q": {"y": 3, "n": 3}}, {},
                              "several-weights"),
    "one of several": ({"p": {"y": 1, "n": 2}, "q": {"y": 3, "n": 3}}, {"weight": "p"},
                       {"y": 1, "n": 2}),
    "one of every row": ({"p": {"y": 1, "n": 2}, "q": {"y": 3, "n": 3}}, {"weight": "n"},
                         {"p": 2, "q": 3}),
    "hours": ({"monday": {"0": 3, "1": 9}, "tuesday": {"0": 4, "1": 5}}, {"weight": "monday"},
              {"0": 3, "1": 9}),
    "too deep": ({"a": {"b": {"c": {"x": 1, "y": 2}}}}, {}, "several-weights"),
    "beside others": ({"status": "ok", "result": {"x": 1, "y": 2}}, {}, "not-a-number"),
    "names twice": ({"columns": ["a", "a"], "data": [["x", 1]]}, {}, "duplicate-columns"),
    "rows that are fewer": ({"meta": META, "data": ROWS, "rows": 4}, {}, "bad-shape"),
    "a failed query": ({"meta": META, "data": ROWS, "rows": 3, "exception": "!"}, {}, "bad-shape"),
    "a ragged row": ({"columns": ["x", "n"], "data": [["a", 1], ["b"]]}, {}, "bad-shape"),
    "a short index": ({"columns": ["x"], "index": [0], "data": [["a"], ["b"]]}, {}, "bad-shape"),
    "levels of columns": ({"columns": [["a", "b"]], "data": [[1]]}, {}, "bad-shape"),
    "another column": ({"meta": META, "data": [{"shape": "a"}], "rows": 1}, {}, "bad-shape"),
    "no data": ({"meta": META, "data": [], "rows": 0}, {}, "no-rows"),
    "ragged cells": ([*ROWS, ["x"]], {}, "ragged-row"),
    "text alone": ([["a", "b"], ["c", "d"]], {}, "no-weights"),
    "cells of no text": ([[1, 2], [3, 4]], {}, [[1, 2], [3, 4]]),
}  # fmt: skip


@pytest.mark.parametrize("case", NEAR.values(), ids=NEAR)
@pytest.mark.parametrize("door", ["file", "memory"])
def test_near_misses_stay_what_they_are(of_json, case, door):
    value, options, expected = case

    def run():
        return of_json(value, **options) if door == "file" else read(value, ReadOptions(**options))

    if isinstance(expected, str):
        with pytest.raises(InputError) as caught:
            run()
        assert caught.value.code == expected
        return
    side = run()
    found = side.weights.tolist() if side.outcomes is None else weights_of(side)
    assert found == expected


@pytest.mark.parametrize("labels", [[True, False], np.array([True, False])], ids=type)
def test_booleans_are_spelt_as_json_spells_them(of_json, labels):
    file = of_json({"flag": [True, False], "n": [5, 3]})
    assert weights_of(read({"flag": labels, "n": [5, 3]})) == weights_of(file)
    assert weights_of(file) == {"true": 5, "false": 3}


REPEATED = {
    "in a column": '{"x": {"0": "a", "0": "b"}, "n": {"0": 1}}',
    "in a row": '{"0": {"x": "a", "n": 1, "n": 2}, "1": {"x": "b", "n": 3}}',
    "in a record": '{"meta": [{"name": "x"}], "data": [{"x": 1, "x": 2}], "rows": 1}',
}


@pytest.mark.parametrize("text", REPEATED.values(), ids=REPEATED)
@pytest.mark.parametrize("kind", [None, "counts"])
def test_a_key_that_is_given_twice_is_no_table(of_json, text, kind):
    with pytest.raises(InputError) as caught:
        of_json(text, kind=kind)
    assert caught.value.code in ("duplicate-keys", "no-rows")


NAN = float("nan")


@pytest.mark.parametrize(
    "value",
    [
        [{"x": "a", "n": 3}, {"x": NAN, "n": 2}],
        [{"x": "a", "n": 3}, {"x": None, "n": 2}],
        [{"x": "a", "n": 3}, {"n": 2}],
        {"x": ["a", NAN], "n": [3, 2]},
        {"x": {"0": "a", "1": NAN}, "n": {"0": 3, "1": 2}},
        [["a", 3], [NAN, 2]],
    ],
    ids=repr,
)
def test_a_label_that_is_not_a_number_is_missing(of_json, value):
    for side in (of_json(value), read(value)):
        assert weights_of(side) == {"a": 3, "(missing)": 2}
        assert codes(side) == ["missing-label"]


NON_FINITE = {"NaN": NAN, "Infinity": math.inf, "-Infinity": -math.inf}


@pytest.mark.parametrize("word", NON_FINITE)
@pytest.mark.parametrize("quoted", [False, True])
def test_what_is_not_finite_is_no_weight(of_json, word, quoted):
    cell = word if quoted else NON_FINITE[word]
    for value in (
        {"red": 5.0, "blue": cell, "green": 3.0},
        [{"x": "a", "n": 5}, {"x": "b", "n": cell}],
        {"x": ["a", "b"], "n": [5, cell]},
        {"x": {"0": "a", "1": "b"}, "n": {"0": 5, "1": cell}},
        [["a", 5], ["b", cell]],
    ):
        with pytest.raises(InputError) as caught:
            of_json(value)
        assert caught.value.code == "not-finite"
        assert caught.value.places[0].line == 1


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("orient", ["list", "records", "dict", "split", "index"])
def test_values_that_are_not_finite_are_raw_values(tmp_path, missing, orient):
    values = [round(math.sin(i), 3) for i in range(200)]
    values[::20] = [NAN if missing else math.inf] * 10
    frame = pd.DataFrame({"x": [*"ab"] * 100, "y": values})
    data = frame.to_dict(orient)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data))
    lines = tmp_path / "lines.json"
    lines.write_text("\n".join(map(json.dumps, frame.to_dict("records"))))
    text = frame.to_csv(tmp_path / "x.csv", index=False) or str(tmp_path / "x.csv")
    for current in (data, str(path), str(lines), text):
        report = check(frame, current)
        assert [column.type for column in report.columns] == ["categorical", "numeric"]
        assert all(column.measures["kl_pq"] == 0 for column in report.columns)
        assert report.columns["y"].missing_current == (0.05 if missing else 0)


def test_totals_beside_rows_are_named(of_json):
    totals = {"meta": META, "data": RECORDS, "totals": {"colour": "", "count": 1889}, "rows": 3}
    side = of_json(totals)
    assert (weights_of(side), codes(side)) == (WEIGHTS, ["totals-beside"])
    assert "'totals'" in side.notes[0].message


# A value, and the hint of its error, which is followed to the right answer.
HINTS = {
    "beside": ({"status": "ok", "result": WEIGHTS}, WEIGHTS),
    "deep": ({"a": {"b": {"c": WEIGHTS}}}, WEIGHTS),
    "buckets": ({"took": 3, "hits": {"total": 9}, "aggregations": {"c": {"buckets": RECORDS}}},
                WEIGHTS),
    "members": ({"p": WEIGHTS, "x": {"a": 1, "z": 4}}, WEIGHTS),
    "rows": ({"red": {"x": 1}, "green": {"x": 2}}, {"red": 1, "green": 2}),
    "lines": ("\n".join([json.dumps({"h": WEIGHTS})] * 2), WEIGHTS),
    "a misspelt pointer": ({"result": {"freq": WEIGHTS}}, WEIGHTS),
}  # fmt: skip


@pytest.mark.parametrize("case", HINTS.values(), ids=HINTS)
def test_hints_lead_to_an_answer(of_json, case):
    value, expected = case
    options = {"at": "/result/frq"} if "frq" not in str(value) and "freq" in str(value) else {}
    with pytest.raises(InputError) as caught:
        of_json(value, **options)
    words = caught.value.hint.removeprefix("did you mean ").split()
    assert words[0] in ("--at", "--weight")
    assert weights_of(of_json(value, **{words[0][2:]: words[1].rstrip(";,")})) == expected


@pytest.mark.parametrize("values", [WEIGHTS, ROWS, RECORDS, COLUMNS], ids=repr)
@pytest.mark.parametrize("keys", [("a",), ("a/b", "m~n"), ("", "0"), ("x y", 'q"', "~1")])
def test_a_pointer_leads_anywhere(of_json, keys, values):
    value, pointer = values, ""
    for key in reversed(keys):
        value = {"other": 1, key: value, "rest": [1, 2]}
        pointer = "/" + key.replace("~", "~0").replace("/", "~1") + pointer
    value = [0, value]
    assert weights_of(of_json(value, at="/1" + pointer)) == WEIGHTS
    assert weights_of(read(value, ReadOptions(at="/1" + pointer))) == WEIGHTS


@over(st.recursive(st.integers(1, 9), lambda inner: st.lists(inner, min_size=1, max_size=3)
      | st.dictionaries(st.text(max_size=3), inner, min_size=1, max_size=3), max_leaves=8),
      st.data())  # fmt: skip
def test_a_pointer_finds_what_it_spells(value, data):
    from kldiv_cli.readers.pointers import escaped, find

    pointer, inner, path = "", value, ()
    while isinstance(inner, dict | list) and data.draw(st.booleans()):
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        ordinal = data.draw(st.integers(0, len(keys) - 1))
        pointer += f"/{escaped(keys[ordinal])}"
        inner, path = inner[keys[ordinal]], (*path, ordinal)
    assert find(value, pointer, lambda path: None) == (inner, path)


NOWHERE = {
    "no such key": ("/a/c", "no-such-value", "'/a'", "it has 'b'"),
    "a key much like it": ("/lo", "no-such-value", "the whole", "--at /l "),
    "no such index": ("/l/3", "no-such-value", "an array of 2", ""),
    "an index with a zero": ("/l/00", "no-such-value", "'/l'", ""),
    "a key of an array": ("/l/a", "no-such-value", "'/l'", ""),
    "behind the end": ("/l/-", "no-such-value", "'/l'", ""),
    "inside a number": ("/a/b/c", "no-such-value", "holds no other value", ""),
    "no slash": ("a/b", "bad-pointer", "slash", "--at /a/b"),
    "a fragment": ("#/a/b", "bad-pointer", "slash", "--at /a/b"),
    "JSONPath": ("$.a.b", "bad-pointer", "slash", "--at /a/b"),
    "a lone tilde": ("/a~b", "bad-pointer", "~0", "--at '/a~0b'"),
    "a scalar": ("/a/b", "bad-shape", "a number", ""),
}


@pytest.mark.parametrize("case", NOWHERE.values(), ids=NOWHERE)
def test_a_pointer_that_leads_nowhere(of_json, case):
    pointer, code, said, hint = case
    with pytest.raises((InputError, UsageError)) as caught:
        of_json({"a": {"b": 1}, "l": [1, 2]}, at=pointer)
    assert caught.value.code == code
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_key_that_is_given_twice_is_not_pointed_at(of_json):
    with pytest.raises(InputError) as caught:
        of_json('{"a": {"x": 1}, "a": {"x": 2}}', at="/a/x")
    assert caught.value.code == "duplicate-columns"


def test_two_pointers_compare_two_values_of_one_file(tmp_path):
    path = tmp_path / "x.json"
    value = {"runs": [{"freq": RECORDS}, {"freq": {"red": 1, "green": 1, "blue": 2}}]}
    path.write_text(json.dumps(value))
    pointers = ("/runs/0/freq", "/runs/1/freq")
    for source in (str(path), value):
        p, q = read_two(source, tuple(ReadOptions(at=pointer) for pointer in pointers))
        assert (weights_of(p), weights_of(q)) == (WEIGHTS, {"red": 1, "green": 1, "blue": 2})
        assert (p.name, q.name) == pointers
        report = compare(source, at=pointers)
        assert (report.p.name, report.q.name) == pointers


@pytest.mark.parametrize("source", [FRAME, np.array([1, 2]), pl.Series([1, 2])], ids=type)
def test_a_pointer_wants_members(source):
    with pytest.raises(UsageError):
        read(source, ReadOptions(at="/a"))


@pytest.mark.parametrize("contents", ["x,n\na,1\n"])
def test_a_pointer_has_no_meaning_in_a_table(tmp_path, contents):
    path = tmp_path / "x.csv"
    path.write_text(contents)
    with pytest.raises(UsageError, match="'at'"):
        compare(str(path), str(path), at="/a")
    with pytest.raises(UsageError, match="'at'"):
        compare(str(path), at=("/a", "/b"))


# Raw rows.

RAW = pd.DataFrame({"x": [*"abcab"] * 20, "y": [0.5 * i for i in range(100)]})


@pytest.mark.parametrize("orient", ["split", "records", "index", "columns", "table"])
@pytest.mark.parametrize("frame", [RAW, RAW.sort_values("y", ascending=False), RAW[RAW.y > 9]])
def test_raw_rows_of_pandas(tmp_path, orient, frame):
    path = tmp_path / "x.json"
    frame.to_json(path, orient=orient)
    report = check(frame, str(path))
    assert [column.column for column in report.columns] == ["x", "y"]
    assert all(column.measures["kl_pq"] == 0 for column in report.columns)
    assert report.reference.rows_read == report.current.rows_read == len(frame)


RAW_ROWS = {
    "records inside": {"data": RAW.to_dict("records")},
    "rows below names": [["x", "y"], *RAW.to_numpy().tolist()],
    "meta": {"meta": [{"name": "x"}, {"name": "y"}], "data": RAW.to_dict("list"), "rows": 100},
    "columns": RAW.to_dict(),
}


@pytest.mark.parametrize("name", RAW_ROWS)
def test_raw_rows_inside(tmp_path, name):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(RAW_ROWS[name]))
    report = check(RAW, str(path))
    assert [column.column for column in report.columns] == ["x", "y"]
    assert all(column.measures["kl_pq"] == 0 for column in report.columns)


def test_raw_rows_that_a_pointer_chooses(tmp_path):
    value = {"status": "ok", "rows": RAW.to_dict("records")}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(value))
    with pytest.raises(InputError) as caught:
        check(RAW, str(path))
    assert "at='/rows'" in caught.value.hint
    for current in (str(path), value):
        assert check(RAW, current, at=(None, "/rows")).verdict == "pass"


def test_columns_of_numbers_by_name_may_be_rows(tmp_path):
    value = {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}}
    with pytest.raises(InputError) as caught:
        check(value, value)
    assert "columns, or rows" in caught.value.message
    assert math.isfinite(compare(value, weight=("a", "b")).comparisons[0].measures["kl_pq"])


# Properties.

CELLS = {
    "label": st.sampled_from(["red", "NA", "007", "7", "True", "a b", "ü", None]),
    "flag": st.sampled_from([True, False, None]),
    "whole": st.sampled_from([0, 1, 2, 1_000_000, None]),
    "real": st.sampled_from([0.1, 2.5, -3.0, 1e-7, 123456.789, None]),
}
LAYOUTS = {
    "lists": lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
    "columns": lambda rows: {
        name: {str(i): row[name] for i, row in enumerate(rows)} for name in rows[0]
    },
    "rows": lambda rows: {str(i): row for i, row in enumerate(rows)},
    "named rows": lambda rows: {f"row_{i + 1}": row for i, row in enumerate(rows)},
    "split": lambda rows: {
        "columns": list(rows[0]),
        "index": list(range(len(rows))),
        "data": [list(row.values()) for row in rows],
    },
    "table": lambda rows: {
        "schema": {"fields": [{"name": name} for name in rows[0]]},
        "data": rows,
    },
    "compact": lambda rows: {
        "meta": [{"name": name, "type": "Dynamic"} for name in rows[0]],
        "data": [list(row.values()) for row in rows],
        "rows": len(rows),
    },
    "inside": lambda rows: {"result": rows},
}


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(list(CELLS)), min_size=2, max_size=4, unique=True))
    rows = draw(st.lists(st.fixed_dictionaries({name: CELLS[name] for name in names}), min_size=2))
    return [{name: row[name] for name in names} for row in rows]


@over(tables(), st.sampled_from(list(LAYOUTS)), st.booleans())
def test_raw_rows_are_the_same_in_every_layout(tmp_path_factory, rows, layout, in_memory):
    from kldiv_cli.pipeline.sides import data_set

    value = LAYOUTS[layout](rows)
    path = tmp_path_factory.getbasetemp() / "layout.json"
    path.write_text(json.dumps(value))
    plain, found = data_set(rows), data_set(value if in_memory else str(path))
    assert (found.rows, list(found.columns)) == (plain.rows, list(plain.columns))
    for name, column in plain.columns.items():
        assert repr(found.columns[name]) == repr(column)


@over(
    st.dictionaries(CELLS["label"].filter(bool), st.integers(0, 99), min_size=1).filter(
        lambda counts: any(counts.values())
    ),
    st.sampled_from([name for name in LAYOUTS if name != "inside"]),
    st.booleans(),
)
def test_weights_are_the_same_in_every_layout(tmp_path_factory, counts, layout, in_memory):
    rows = [{"outcome": label, "count": count} for label, count in counts.items()]
    value = LAYOUTS[layout](rows)
    path = tmp_path_factory.getbasetemp() / "weights.json"
    path.write_text(json.dumps(value))
    side = read(value if in_memory else str(path), ReadOptions("counts", total_row="keep"))
    assert weights_of(side) == counts


@pytest.mark.parametrize("name", ["green", "n", "count"])
def test_numbers_in_arrays_of_their_own_are_no_distributions(of_json, name):
    for value in ({"y": [5], name: [3]}, {name: [0.5], "y": [0.25], "z": [0.25]}):
        for source in (of_json, read):
            with pytest.raises(InputError, match="an array of one number") as caught:
                source(value)
            assert caught.value.code == "several-weights"
            assert "--weight" not in caught.value.hint
    assert of_json({"y": [5], name: [3]}, label="y").outcomes == ("5",)


def test_a_table_of_one_row_has_labels(of_json):
    side = of_json({"n": [3], "bucket": [5]})
    assert (side.outcomes, side.weights.tolist()) == (("5",), [3])
    side = of_json({"colour": ["red"], "n": [3]})
    assert (side.outcomes, side.weights.tolist()) == (("red",), [3])


def test_values_in_arrays_of_their_own_are_no_tables(of_json):
    with pytest.raises(InputError) as caught:
        of_json([{"k": ["u"], "n": [3]}, {"k": ["v"], "n": [5]}])
    assert (caught.value.code, "--at" in caught.value.hint) == ("no-weights", False)


def test_an_array_of_records_is_opened_and_of_numbers_is_a_batch(of_json):
    for source in (of_json, read):
        side = source([[{"label": "u", "score": 0.25}, {"label": "v", "score": 0.75}]])
        assert (side.outcomes, side.weights.tolist()) == (("u", "v"), [0.25, 0.75])
        assert [note.code for note in side.notes] == ["opened"]
        assert source([[0.25, 0.75]]).weights.shape == (1, 2)
    with pytest.raises(InputError):
        of_json([[{"label": "u", "score": 0.25}], [{"label": "v", "score": 0.75}]])


def test_no_hint_leads_to_numbers_without_the_labels_beside_them(of_json):
    with pytest.raises(InputError) as caught:
        of_json({"labels": ["u", "v"], "data": [3, 5], "total": 8})
    assert "--at" not in caught.value.hint
    with pytest.raises(InputError) as caught:
        of_json({"names": ["u"], "data": [3, 5], "total": 8})
    assert "--at /data" in caught.value.hint


@pytest.mark.parametrize("rows", [[{"u": 3}, {"v": 5}], '{"u": 3}\n{"v": 5}\n'])
def test_records_of_a_key_of_their_own_are_asked_for_as_one_object(of_json, rows):
    with pytest.raises(InputError) as caught:
        of_json(rows, "x.jsonl" if isinstance(rows, str) else "x.json")
    assert (caught.value.code, "jq add" in caught.value.hint) == ("several-weights", True)


@pytest.mark.parametrize("name", ["count()", "count(*)", "COUNT(1)", "count_star()"])
def test_a_count_of_a_database_is_the_weight(of_json, name):
    side = of_json([{"hour": 3, name: "295"}, {"hour": 4, name: "592"}, {"hour": 5, name: "7"}])
    assert (side.outcomes, side.weights.tolist()) == (("3", "4", "5"), [295, 592, 7])
    side = of_json(f"hour,{name}\n3,5\n4,6\n", "x.csv")
    assert (side.outcomes, side.weights.tolist()) == (("3", "4"), [5, 6])
