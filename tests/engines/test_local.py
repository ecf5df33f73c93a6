"""Raw rows to counted columns: strict types, nothing lost, and one answer from every format."""

import bz2
import gzip
import importlib
import io
import json
import lzma
import math
import tracemalloc
from collections import Counter
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import ipc

from kldiv_cli.core.counts import Categories, Numbers
from kldiv_cli.core.dataset import Wanted
from kldiv_cli.errors import InputError, UsageError
from kldiv_cli.pipeline import sides
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions
from kldiv_cli.readers.compression import ZSTD

zstd = importlib.import_module(ZSTD)


@pytest.fixture
def counted(tmp_path):
    """Count the columns of a file of these contents: counted("x.csv", "a\\n1\\n")."""

    def run(name, data, counting=None, **options):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return data_set(str(path), ReadOptions(**options), counting)

    return run


@pytest.fixture
def refused(counted):
    """Count a file that must be refused, and return the error."""

    def run(name, data, counting=None, **options):
        with pytest.raises(InputError) as caught:
            counted(name, data, counting, **options)
        assert all(place.source.endswith(name) for place in caught.value.places)
        assert len(str(caught.value)) < 1000
        return caught.value

    return run


def where(error):
    place = error.places[0]
    return place.line, place.column


def csv_of(*columns, names="abc"):
    """Return the text of a table of these columns."""
    lines = [",".join(names[: len(columns)])]
    lines += [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join(lines) + "\n"


def plain(column):
    """Return a column as values that can be compared: what occurs how often, and is missing."""
    if isinstance(column, Categories):
        return "text", column.missing, dict(column.counts)
    assert isinstance(column, Numbers)
    return (
        "numbers",
        column.missing,
        dict(zip(column.values.tolist(), column.counts.tolist(), strict=True)),
    )


def of(data_set):
    assert all(column.rows == data_set.rows for column in data_set.columns.values())
    return {name: plain(column) for name, column in data_set.columns.items()}


# What a column of these cells is. Values that are missing take no part in the decision.
MANY = [str(n) for n in range(100, 130)]
TYPES = {
    "integers": (["1", "2", "2"], ("numbers", 0, {1.0: 1, 2.0: 2})),
    "decimals": (["1.5", "-2", "+3e2"], ("numbers", 0, {1.5: 1, -2.0: 1, 300.0: 1})),
    "blanks around": ([" 1", "2 ", "\t3"], ("numbers", 0, {1.0: 1, 2.0: 1, 3.0: 1})),
    "minus zero": (["-0", "0"], ("numbers", 0, {0.0: 2})),
    "text": (["x", "y", "x"], ("text", 0, {"x": 2, "y": 1})),
    "leading zero": (["007", "8"], ("text", 0, {"007": 1, "8": 1})),
    "leading zero, signed": (["-07", "8"], ("text", 0, {"-07": 1, "8": 1})),
    "zero point": (["0.5", "0"], ("numbers", 0, {0.5: 1, 0.0: 1})),
    "underscore": (["1_000", "2"], ("text", 0, {"1_000": 1, "2": 1})),
    "nan is missing": (["nan", "1"], ("numbers", 1, {1.0: 1})),
    "nan is text": (["nan", "x"], ("text", 0, {"nan": 1, "x": 1})),
    "infinite": (["inf", "1", "-Infinity", "+INF"],
                 ("numbers", 0, {math.inf: 2, 1.0: 1, -math.inf: 1})),
    "infinite alone": (["inf", "-inf"], ("numbers", 0, {math.inf: 1, -math.inf: 1})),
    "inf is text": (["inf", "x"], ("text", 0, {"inf": 1, "x": 1})),
    "two signs": (["--inf", "1"], ("text", 0, {"--inf": 1, "1": 1})),
    "other digits": (["１", "2"], ("text", 0, {"１": 1, "2": 1})),
    "thousands": (["1'000", "2"], ("text", 0, {"1'000": 1, "2": 1})),
    "NA among few numbers": (["1", "2", "NA"], ("numbers", 1, {1.0: 1, 2.0: 1})),
    "NA with blanks": (["1", " NA ", " inf"], ("numbers", 1, {1.0: 1, math.inf: 1})),
    "NA among codes": (["007", "NA"], ("text", 0, {"007": 1, "NA": 1})),
    "NA alone": (["NA", "NA", ""], ("text", 1, {"NA": 2})),
    "na is a word": (["1", "2", "na"], ("text", 0, {"1": 1, "2": 1, "na": 1})),
    "null of a database": (["1", r"\N"], ("numbers", 1, {1.0: 1})),
    "null among text": (["x", r"\N"], ("text", 1, {"x": 1})),
    "empty": (["1", "", "2"], ("numbers", 1, {1.0: 1, 2.0: 1})),
    "blank": (["x", "  ", "\t", "y"], ("text", 2, {"x": 1, "y": 1})),
    "blank among numbers": (["1", " ", "2"], ("numbers", 1, {1.0: 1, 2.0: 1})),
    "nothing at all": (["", " "], ("numbers", 2, {})),
    "a tenth of text": ([*MANY[:18], "x", "y"],
                        ("text", 0, dict.fromkeys([*MANY[:18], "x", "y"], 1))),
    "2^53 - 1": (["9007199254740991"], ("numbers", 0, {9007199254740991.0: 1})),
    "2^53": (["9007199254740993", "9007199254740992"],
             ("text", 0, {"9007199254740993": 1, "9007199254740992": 1})),
    "5000 digits": (["9" * 5000, "1"], ("text", 0, {"9" * 5000: 1, "1": 1})),
    "labels verbatim": (["x", " x", "X", "x "], ("text", 0, {"x": 1, " x": 1, "X": 1, "x ": 1})),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_types_are_strict(counted, name):
    cells, expected = TYPES[name]
    side = counted("x.csv", csv_of(cells, ["y"] * len(cells)))
    assert plain(side.columns["a"]) == expected
    assert plain(side.columns["b"]) == ("text", 0, {"y": len(cells)})
    assert side.rows == len(cells)


def test_text_among_many_numbers_is_an_error_that_names_both_ways_out(refused):
    error = refused("x.csv", csv_of([*MANY, "unknown", *MANY], ["y"] * 61))
    assert error.code == "mixed-column"
    assert where(error) == (32, 1)
    assert (error.places[0].name, error.places[0].value) == ("a", "unknown")
    assert "--na unknown" in error.hint
    assert "--categorical a" in error.hint


@pytest.mark.parametrize(
    ("late", "words"),
    [("x", "is not a number"), ("007", "has a leading zero"), ("1e400", "beyond a 64-bit float"),
     ("na", "is not a number"), ("1_000", "is not a number"),
     ("\u22125", "minus sign U+2212")],
)  # fmt: skip
def test_a_number_that_comes_late_and_is_none(counted, refused, late, words):
    # Far beyond the values that are looked at.
    cells = [str(n % 977) for n in range(30_000)] + [late]
    error = refused("x.csv", csv_of(["y"] * len(cells), cells))
    assert error.code == "mixed-column"
    assert words in error.message
    assert where(error) == (30_002, 2)
    assert error.places[0].value == late
    text = csv_of(["y"] * len(cells), cells)
    as_text = counted("y.csv", text, Wanted(categorical=frozenset("b")))
    assert as_text.columns["b"].counts[late] == cells.count(late)
    missing = counted("z.csv", text, Wanted(na=frozenset([late])))
    assert missing.columns["b"].missing == 1


def test_a_word_of_a_hint_is_quoted_for_the_shell(refused):
    text = csv_of([*MANY, "n a", *MANY], ["y"] * 61, names=("a;b", "c"))
    error = refused("x.csv", text)
    assert "--na 'n a'" in error.hint
    assert "--categorical 'a;b'" in error.hint


def test_what_is_missing_at_first_does_not_decide(counted):
    cells = [""] * 40_000 + ["x", "y"] * 700
    side = counted("x.csv", csv_of(cells, ["z"] * len(cells)))
    assert plain(side.columns["a"]) == ("text", 40_000, {"x": 700, "y": 700})


def test_few_values_among_many_missing_decide_at_last(counted):
    cells = (["5"] + [""] * 999) * 300
    side = counted("x.csv", csv_of(cells, ["z"] * len(cells)))
    assert plain(side.columns["a"]) == ("numbers", 300 * 999, {5.0: 300})


def test_missing_values(counted, refused):
    text = csv_of(["x", "NA", "", " ", "-"], [1, 2, 3, 4, 5])
    assert plain(counted("x.csv", text).columns["a"]) == (
        "text", 2, {"x": 1, "NA": 1, "-": 1},
    )  # fmt: skip
    na = Wanted(na=frozenset(["NA", "-"]))
    assert plain(counted("x.csv", text, na).columns["a"]) == ("text", 4, {"x": 1})
    error = refused("x.csv", text, Wanted(forbid_missing=True))
    assert error.code == "missing-value"
    assert where(error) == (4, 1)
    error = refused("x.csv", text, Wanted(na=frozenset(["x"]), forbid_missing=True))
    assert where(error) == (2, 1)


@pytest.mark.parametrize("cell", ["", " ", "NA"])
def test_a_missing_value_is_forbidden_wherever_it_comes(refused, cell):
    for before in (["x"], ["1"], []):
        cells = before * 3000 + [cell]
        text = csv_of(cells, ["y"] * len(cells))
        error = refused("x.csv", text, Wanted(forbid_missing=True, na=frozenset(["NA"])))
        assert error.code == "missing-value"
        assert where(error) == (len(cells) + 1, 1)


def test_forced_types(counted, refused):
    text = csv_of(["01", "02", "10"], ["1", "2", "2.50"])
    forced = Wanted(numeric=frozenset("a"), categorical=frozenset("b"))
    assert of(counted("x.csv", text, forced)) == {
        "a": ("numbers", 0, {1.0: 1, 2.0: 1, 10.0: 1}),
        "b": ("text", 0, {"1": 1, "2": 1, "2.50": 1}),
    }
    error = refused("x.csv", csv_of(["1", "x"], [1, 2]), Wanted(numeric=frozenset("a")))
    assert error.code == "mixed-column"
    assert where(error) == (3, 1)


@pytest.mark.parametrize(
    ("cells", "looks_like_a_key"),
    [
        ([f"id{n}" for n in range(49)], False),
        ([f"id{n}" for n in range(50)], True),
        ([f"id{n}" for n in range(95)] + ["id0"] * 5, True),
        ([f"id{n}" for n in range(94)] + ["id0"] * 6, False),
        (range(1000, 1050), True),
        ([n + 0.5 for n in range(50)], False),
        ([n + 0.5 if n == 7 else n for n in range(50)], False),
        # Of the values that are there.
        ([f"id{n}" for n in range(50)] + [""] * 50, True),
    ],
    ids=str,
)
def test_identifiers_are_left_out(counted, cells, looks_like_a_key):
    cells = list(cells)
    text = csv_of(cells, ["y"] * len(cells))
    side = counted("x.csv", text)
    assert ("a" not in side.columns) == looks_like_a_key
    assert [one.column for one in side.excluded] == ["a"] * looks_like_a_key
    assert side.seen == ("a", "b")
    for counting in (
        Wanted(columns=frozenset("a")),
        Wanted(identifiers=False),
        Wanted(categorical=frozenset("a")),
    ):
        assert "a" in counted("x.csv", text, counting).columns


def test_too_many_outcomes(counted, refused):
    cells = [f"v{n}" for n in range(300)] * 2
    few = Wanted(most_outcomes=299)
    error = refused("x.csv", csv_of(cells, [1] * 600), few)
    assert error.code == "too-many-outcomes"
    assert "--max-outcomes" in error.hint
    enough = Wanted(most_outcomes=300)
    assert len(counted("x.csv", csv_of(cells, [1] * 600), enough).columns["a"].counts) == 300
    # What is nearly distinct is a key, and left out.
    side = counted("y.csv", csv_of([f"v{n}" for n in range(20_000)], [1] * 20_000), few)
    assert list(side.columns) == ["b"]
    asked = few._replace(columns=frozenset("a"))
    error = refused("y.csv", csv_of([f"v{n}" for n in range(20_000)], [1] * 20_000), asked)
    assert error.code == "too-many-outcomes"


def test_columns_are_chosen(counted, refused):
    text = csv_of([1, 2], ["x", "y"], ["u", "v"])
    assert list(counted("x.csv", text, Wanted(columns=frozenset("b"))).columns) == ["b"]
    side = counted("x.csv", text, Wanted(excluded=lambda name: name == "b"))
    assert list(side.columns) == ["a", "c"]
    assert side.excluded == (("b", "--exclude"),)
    assert side.seen == ("a", "b", "c")
    error = refused("x.csv", text, Wanted(columns=frozenset(["bb"])))
    assert error.code == "unknown-column"
    assert "did you mean 'b'?" in error.hint


# Headers.


def test_a_first_row_of_text_names_the_columns(counted):
    side = counted("x.csv", "name, size \nx,1\ny,2\n")
    assert list(side.columns) == ["name", "size"]
    assert side.notes == ()


def test_a_first_row_with_numbers_is_data_and_said_to_be(counted, refused):
    side = counted("x.csv", "x,1\ny,2\n")
    assert of(side) == {"1": ("text", 0, {"x": 1, "y": 1}), "2": ("numbers", 0, {1.0: 1, 2.0: 1})}
    assert [(note.code, note.repair) for note in side.notes] == [("no-header", True)]
    assert counted("x.csv", "x,1\ny,2\n", header=False).notes == ()
    assert list(counted("x.csv", "x,1\ny,2\n", header=True).columns) == ["x", "1"]
    error = refused("x.csv", "a,5\nx,y\n")
    assert error.code == "which-header"
    assert where(error) == (1, 2)


def test_bad_headers(refused):
    error = refused("x.csv", "a,b, a\n1,2,3\n")
    assert error.code == "duplicate-columns"
    assert "2 columns are called 'a'" in error.message
    assert refused("x.csv", "a,b\n").code == "no-rows"
    assert refused("x.csv", "a,b\n", Wanted(forbid_missing=True)).code == "no-rows"
    assert refused("x.csv", "\n\n").code == "no-rows"


def test_a_nameless_column_has_a_place(counted):
    assert list(counted("x.csv", ",b\nx,1\ny,2\n").columns) == ["column 1", "b"]


def test_ragged_rows_are_all_counted(refused):
    error = refused("x.csv", "a,b\n" + "x,1\n" * 500 + "x\n" + "x,1\n" * 20_000 + "x,1,2\n")
    assert error.code == "ragged-row"
    assert error.count == 2
    assert [place.line for place in error.places] == [502, 20_503]


def test_blank_lines(counted, refused):
    assert counted("x.csv", "a,b\n\nx,1\n\n\ny,2\n\n").rows == 2
    assert plain(counted("x.csv", "\na\nx\ny\n\n\n").columns["a"]) == ("text", 0, {"x": 1, "y": 1})
    error = refused("x.csv", "a\nx\n\ny\n")
    assert error.code == "blank-line"
    assert error.places[0].line == 3
    assert plain(counted("x.csv", 'a\nx\n""\ny\n').columns["a"]) == ("text", 1, {"x": 1, "y": 1})


def test_quoted_cells_and_other_marks(counted):
    text = 'a;b\n"x;y\n""z""";1,5\nx;2,25\n'
    side = counted("x.txt", text, decimal=",", delimiter=";")
    assert of(side) == {
        "a": ("text", 0, {'x;y\n"z"': 1, "x": 1}),
        "b": ("numbers", 0, {1.5: 1, 2.25: 1}),
    }


def test_a_line_is_told_behind_quoted_lines(refused):
    rows = '"two\nlines",1\n' * 3000
    error = refused("x.csv", f"a,b\n{rows}x,y\n", Wanted(numeric=frozenset("b")))
    assert where(error) == (6002, 2)


# JSON.


def test_shapes_of_json(counted):
    expected = {"a": ("text", 1, {"x": 2}), "b": ("numbers", 1, {1.0: 1, 2.5: 1})}
    for name, text in {
        "records.json": '[{"a":"x","b":1},{"b":2.5,"a":null},{"a":"x"}]',
        "columns.json": '{"a":["x",null,"x"],"b":[1,2.5,null]}',
        "records.jsonl": '{"a":"x","b":1}\n{"b":2.5,"a":null}\n\n{"a":"x"}\n',
    }.items():
        assert of(counted(name, text)) == expected, name
    expected = {"0": expected["a"], "1": expected["b"]}
    assert of(counted("rows.json", '[["x",1],[null,2.5],["x",null]]')) == expected
    assert of(counted("rows.jsonl", '["x",1]\n[null,2.5]\n["x",null]\n')) == expected
    assert of(counted("values.json", '["x",null,"x"]')) == {"0": expected["0"]}
    assert of(counted("values.jsonl", '"x"\nnull\n"x"\n')) == {"0": expected["0"]}


def test_numbers_are_numbers_whatever_quotes_stand_around_them(counted):
    side = counted(
        "x.json", '{"a":["1","2",2],"b":[1,2,2],"c":[true,false,true],"d":["01","2",3]}'
    )
    assert of(side) == {
        "a": ("numbers", 0, {1.0: 1, 2.0: 2}),
        "b": ("numbers", 0, {1.0: 1, 2.0: 2}),
        "c": ("text", 0, {"true": 2, "false": 1}),
        "d": ("text", 0, {"01": 1, "2": 1, "3": 1}),
    }


def test_a_text_of_nothing_is_missing_in_every_format(counted):
    expected = ("text", 3, {"x": 1})
    assert plain(counted("x.json", '{"a":["","x",null," "]}').columns["a"]) == expected
    assert plain(counted("x.csv", 'a,b\n"",1\nx,1\n,1\n" ",1\n').columns["a"]) == expected
    assert plain(data_set({"a": ["", "x", None, " "]}).columns["a"]) == expected


BAD_JSON = {
    "nested": ('[{"a":1},{"a":[2]}]', "nested-value", (1, 15)),
    "nested column": ('{"a":[1,\n{"b":2}]}', "nested-value", (2, 1)),
    "lengths": ('{"a":[1],"b":[1,2]}', "ragged-row", (1, 1)),
    "ragged": ('[[1,2],\n[1]]', "ragged-row", (2, 1)),
    "not a record": ('[{"a":1},5]', "not-a-record", (1, 10)),
    "not a row": ('[[1],{"a":1}]', "ragged-row", (1, 6)),
    "not a value": ('[1,[2]]', "nested-value", (1, 4)),
    "repeated key": ('[{"a":1,"a":2}]', "duplicate-keys", (1, 2)),
    "repeated column": ('{"a":[1],"a":[2]}', "duplicate-columns", (1, 1)),
    "numbers": ('{"a":1,"b":2}', "which-kind", (None, None)),
    "a number": ("5", "bad-shape", (None, None)),
    "no rows": ("[]", "no-rows", (None, None)),
    "no rows of columns": ('{"a":[]}', "no-rows", (None, None)),
    "half a pair": ('{"a":["\\ud800"]}', "bad-label", (None, None)),
    "half a pair in a name": ('{"\\ud800":["x"]}', "bad-label", (None, None)),
    "text late": (f"[{','.join(map(str, range(2000)))},true]", "mixed-column", (1, 8892)),
    "a report": ('{"schema":"kldiv.check/1"}', "not-a-profile", (None, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_JSON)
def test_json_that_is_refused(refused, name):
    text, code, place = BAD_JSON[name]
    error = refused("x.json", text)
    assert error.code == code
    assert where(error) == place


def test_lines_of_json_are_of_one_shape(refused):
    # Beyond the lines that are read at once.
    for first, other in (('{"a":1}', "5"), ("[1]", "5"), ("5", '{"a":1}'), ("[1]", "[1,2]")):
        error = refused("x.jsonl", f"{first}\n" * 5000 + f"{other}\n")
        assert error.places[0].line == 5001
        error = refused("x.jsonl", f"{first}\n" * 8192 + f"{other}\n")
        assert error.places[0].line == 8193


def test_sparse_keys_are_missing_where_they_are_not(counted, refused):
    lines = ['{"a":1}'] * 5000 + ['{"b":"x"}'] * 5000 + ['{"a":2,"b":"y"}'] * 10
    side = counted("x.jsonl", "\n".join(lines))
    assert of(side) == {
        "a": ("numbers", 5000, {1.0: 5000, 2.0: 10}),
        "b": ("text", 5000, {"x": 5000, "y": 10}),
    }
    for rows in (lines, lines[5000:], lines[4999::-1] + lines[-10:]):
        error = refused("x.jsonl", "\n".join(rows), Wanted(forbid_missing=True))
        assert error.code == "missing-value"


# Arrays.


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def test_arrays_are_tables(counted):
    numbers = ("numbers", 1, {1.0: 1, 2.0: 1})
    assert of(counted("x.npy", npy(np.array([1, np.nan, 2])))) == {"0": numbers}
    table = np.array([[1, 7], [np.nan, 7], [2, np.inf]])
    expected = {"0": numbers, "1": ("numbers", 0, {7.0: 2, math.inf: 1})}
    for array in (table, np.asfortranarray(table), table.astype(">f4")):
        assert of(counted("x.npy", npy(array))) == expected
    side = counted("x.npz", npz(t=table, u=np.array(["x", "y", "x"]), v=table[:, 0] > 1))
    assert of(side) == {
        "t.0": expected["0"],
        "t.1": expected["1"],
        "u": ("text", 0, {"x": 2, "y": 1}),
        "v": ("text", 0, {"true": 1, "false": 2}),
    }


def test_integers_that_doubles_do_not_hold_are_labels(counted):
    array = np.array([2**53, 2**53 + 1, 2**53 + 1])
    expected = {"0": ("text", 0, {str(2**53): 1, str(2**53 + 1): 2})}
    assert of(counted("x.npy", npy(array))) == expected
    assert of(data_set(array)) == expected
    nullable = pd.DataFrame({"0": pd.array([2**53, 2**53 + 1, 2**53 + 1], dtype="Int64")})
    for frame in (nullable, pl.from_pandas(nullable), pa.Table.from_pandas(nullable)):
        assert of(data_set(frame)) == expected
    assert of(data_set({"0": array.tolist()})) == expected
    missing = data_set({"0": pd.array([2**53 + 1, None], dtype="Int64")})
    assert of(missing) == {"0": ("text", 1, {str(2**53 + 1): 1})}


def test_dates_are_labels_and_no_date_is_missing(counted):
    dates = np.array(["2024-01-01", "NaT", "2024-01-01"], dtype="datetime64[ns]")
    found = of(counted("x.npy", npy(dates)))
    assert found == {"0": ("text", 1, {"2024-01-01T00:00:00.000000000": 2})}
    assert of(data_set(dates)) == found


@pytest.mark.parametrize(
    ("array", "code"),
    [(np.zeros((2, 2, 2)), "bad-shape"), (np.array(5), "bad-shape"), (np.zeros(0), "no-rows"),
     (np.array([1j]), "bad-dtype"), (np.array([b"x"]), "bad-dtype"),
     (np.zeros(3, dtype=[("a", "f8")]), "bad-dtype")],
)  # fmt: skip
def test_arrays_that_are_no_tables(refused, array, code):
    error = refused("x.npy", npy(array))
    assert error.code == code
    assert "weights" not in str(error)
    assert "--as samples" not in str(error)


def test_archives_that_are_no_tables(refused):
    assert refused("x.npz", npz(a=np.zeros(2), b=np.zeros(3))).code == "ragged-row"
    clash = npz(**{"a.0": np.zeros(2), "a": np.zeros((2, 1))})
    assert refused("x.npz", clash).code == "duplicate-columns"


def test_arrays_of_an_archive_share_the_bound_on_their_size(counted, refused):
    arrays = {f"a{i}": np.zeros(1000) for i in range(4)}
    assert counted("x.npz", npz(**arrays), max_inflated=4 * 8128).rows == 1000
    error = refused("x.npz", npz(**arrays), max_inflated=3 * 8128)
    assert error.code == "inflated-too-large"


def test_lines_of_uniq_are_rows_that_occur_so_often(counted, refused):
    side = counted("x.uniq", "      3 red\n      2 \n     10 blue\n      1  red\n")
    assert side.rows == 16
    assert plain(side.columns["value"]) == ("text", 2, {"red": 3, "blue": 10, " red": 1})
    side = counted("x.uniq", "3 1.5\n2 2\n1 \n4 1.5\n")
    assert plain(side.columns["value"]) == ("numbers", 1, {1.5: 7, 2.0: 2})
    assert refused("x.uniq", "3 a\nb\n").code == "bad-uniq"
    for much in ("9" * 5000, "1" + "0" * 18, "10000000000000000005"):
        assert refused("x.uniq", f"{much} a\n1 b\n").code == "number-overflow"
    assert counted("x.uniq", f"{'0' * 30}7 a\n").rows == 7
    assert counted("x.uniq", f"{10**18 - 1} a\n").rows == 10**18 - 1


# One table, every format: the same counts.

TABLE = {
    "code": ["007", "7", None, "x", "007", "x"] * 10,
    "rating": [1, 2, 3, None, 3, 2] * 10,
    "amount": [0.5, -1.25, 1e-3, 1e300, None, 0.1] * 10,
    "flag": [True, False, None, True, True, True] * 10,
    "label": ["a,b", 'quo"te', "two\nlines", "é", " x", "NA"] * 10,
}
EXPECTED = {
    "code": ("text", 10, {"007": 20, "7": 10, "x": 20}),
    "rating": ("numbers", 10, {1.0: 10, 2.0: 20, 3.0: 20}),
    "amount": ("numbers", 10, dict.fromkeys([0.5, -1.25, 1e-3, 1e300, 0.1], 10)),
    "flag": ("text", 10, {"true": 40, "false": 10}),
    "label": ("text", 0, dict.fromkeys(TABLE["label"], 10)),
}
RECORDS = [dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True)]


def as_csv(delimiter=",", end="\n"):
    import csv

    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    writer.writerow(TABLE)
    for record in RECORDS:
        writer.writerow(
            ["" if v is None else str(v).lower() if isinstance(v, bool) else v
             for v in record.values()]
        )  # fmt: skip
    return stream.getvalue()


def without_nulls(record):
    return {name: value for name, value in record.items() if value is not None}


def in_file(write):
    file = io.BytesIO()
    write(file)
    return file.getvalue()


FRAME = pd.DataFrame(TABLE).astype(
    {
        "code": "string",
        "rating": "Int64",
        "amount": "Float64",
        "flag": "boolean",
        "label": "string",
    }
)
FORMATS = {
    "csv": ("x.csv", as_csv()),
    "csv, CRLF, BOM": ("x.csv", "\ufeff" + as_csv(end="\r\n")),
    "csv, UTF-16": ("x.csv", as_csv().encode("utf-16")),
    "tsv": ("x.tsv", as_csv("\t")),
    "text": ("x", as_csv(";")),
    "gzip": ("x.csv.gz", gzip.compress(as_csv().encode())),
    "bzip2": ("x.csv.bz2", bz2.compress(as_csv().encode())),
    "xz": ("x.csv.xz", lzma.compress(as_csv().encode())),
    "zstd": ("x.csv.zst", zstd.compress(as_csv().encode())),
    "parquet": ("x.parquet", in_file(FRAME.to_parquet)),
    "parquet, polars": ("x", in_file(pl.DataFrame(TABLE).write_parquet)),
    "arrow": ("x.arrow", in_file(pl.DataFrame(TABLE).write_ipc)),
    "arrow, stream, gzip": (
        "x.arrows.gz",
        gzip.compress(in_file(pl.DataFrame(TABLE).write_ipc_stream)),
    ),
    "feather": ("x.feather", in_file(FRAME.to_feather)),
    "records": ("x.json", json.dumps(RECORDS)),
    "records without nulls": ("x.json", json.dumps(list(map(without_nulls, RECORDS)))),
    "columns": ("x.json", json.dumps(TABLE, indent=1)),
    "lines": ("x.jsonl", "".join(json.dumps(record) + "\n" for record in RECORDS)),
    "lines without nulls": (
        "x.jsonl.gz",
        gzip.compress("\n".join(json.dumps(without_nulls(r)) for r in RECORDS).encode()),
    ),
}
OBJECTS = {
    "mapping": TABLE,
    "mapping of arrays": {name: np.array(cells, dtype=object) for name, cells in TABLE.items()},
    "records": RECORDS,
    "pandas": FRAME,
    "pandas, plain": pd.DataFrame(TABLE),
    "pandas, objects": pd.DataFrame(TABLE, dtype=object),
    "pandas, categoricals": FRAME.astype({"code": "category", "label": "category"}),
    "pandas, index": FRAME.set_index(pd.Index(range(100, 160), name="row")),
    "pandas, arrow": pa.table(TABLE).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame(TABLE),
    "polars, categoricals": pl.DataFrame(TABLE, schema_overrides={"code": pl.Categorical}),
    "arrow": pa.table(TABLE),
    "arrow, chunks": pa.concat_tables([pa.table(TABLE).slice(0, 7), pa.table(TABLE).slice(7)]),
    "arrow, dictionary": pa.table(TABLE | {"code": pa.array(TABLE["code"]).dictionary_encode()}),
    "arrow, batch": pa.RecordBatch.from_pydict(TABLE),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_counts(counted, name):
    side = counted(*FORMATS[name])
    assert of(side) == EXPECTED
    assert (side.rows, side.seen, side.excluded) == (60, tuple(TABLE), ())


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_gives_the_same_counts(name):
    side = data_set(OBJECTS[name])
    assert of(side) == EXPECTED
    assert (side.rows, side.seen, side.excluded) == (60, tuple(TABLE), ())


def test_missing_tokens_are_meant_for_every_format(counted):
    na = Wanted(na=frozenset(["-999", "x"]))
    table = {"n": [1.5, -999.0, 2.5], "i": [1, -999, 2], "t": ["x", "y", "y"]}
    expected = {
        "n": ("numbers", 1, {1.5: 1, 2.5: 1}),
        "i": ("numbers", 1, {1.0: 1, 2.0: 1}),
        "t": ("text", 1, {"y": 2}),
    }
    assert of(counted("x.csv", "n,i,t\n1.5,1,x\n-999,-999,y\n2.5,2,y\n", na)) == expected
    for frame in (table, pd.DataFrame(table), pl.DataFrame(table), pa.table(table)):
        assert of(data_set(frame, None, na)) == expected


def test_infinities_have_their_place():
    expected = {"x": ("numbers", 1, {1.0: 1, math.inf: 1, -math.inf: 1})}
    cells = [1.0, math.inf, -math.inf, math.nan]
    for column in (cells, np.array(cells), np.array(cells, dtype=object), pd.Series(cells)):
        assert of(data_set({"x": column})) == expected
    assert of(data_set(pl.DataFrame({"x": cells}))) == expected


def test_other_objects_of_python():
    assert of(data_set([[1, "x"], [2, None]])) == {
        "0": ("numbers", 0, {1.0: 1, 2.0: 1}),
        "1": ("text", 1, {"x": 1}),
    }
    assert of(data_set([(1,), (2,)])) == {"0": ("numbers", 0, {1.0: 1, 2.0: 1})}
    assert of(data_set(["x", "y", "x"])) == {"0": ("text", 0, {"x": 2, "y": 1})}
    assert of(data_set(range(3))) == {"0": ("numbers", 0, {0.0: 1, 1.0: 1, 2.0: 1})}
    masked = np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
    assert of(data_set({"x": masked})) == {"x": ("numbers", 1, {1.0: 1, 3.0: 1})}
    decimals = [Decimal("1.50"), Decimal("NaN"), None, Decimal(2)]
    assert of(data_set({"x": decimals})) == {"x": ("numbers", 2, {1.5: 1, 2.0: 1})}
    dates = pd.DataFrame({"x": pd.to_datetime(["2024-01-01", None, "2024-01-02"])})
    found = of(data_set(dates))["x"]
    assert found[:2] == ("text", 1)
    assert sorted(found[2].values()) == [1, 1]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"x": np.zeros((3, 2))}, "bad-shape"),
        (np.zeros((3, 2, 2)), "bad-shape"),
        (np.array(3), "bad-shape"),
        (np.float64(3), "bad-object"),
        ({"x": 3, "y": 4}, "which-kind"),
        ({"x": "text", "y": "text"}, "bad-object"),
        ({"x": {"y": 1}}, "which-kind"),
        ({"x": [[1], [2]]}, "nested-value"),
        ({"x": [{"y": 1}], "z": [2]}, "nested-value"),
        ({"x": [b"bytes"]}, "nested-value"),
        ({"x": [1, 2], "y": [1]}, "ragged-row"),
        ([[1, 2], [3]], "ragged-row"),
        ({1: ["a"], "1": ["b"]}, "duplicate-columns"),
        (pd.DataFrame([[1, "a"]], columns=["x", "x"]), "duplicate-columns"),
        ({"x": []}, "no-rows"),
        ({}, "no-rows"),
        ([], "no-rows"),
        (pd.DataFrame({"x": []}), "no-rows"),
        (pl.DataFrame(), "no-rows"),
        ({"x": [0.5] * 30 + list(map(float, range(30))) + ["late"]}, "mixed-column"),
        ({"x": ["half \ud800"]}, "bad-label"),
        ((i for i in range(3)), "bad-object"),
        (pl.LazyFrame({"x": [1]}), "bad-object"),
        (5, "bad-object"),
        (None, "bad-object"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_objects_that_are_no_raw_rows(source, code):
    with pytest.raises(InputError) as caught:
        data_set(source)
    assert caught.value.code == code


# Properties.

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(cells, min_size=1, max_size=60))
def test_no_row_is_lost_whatever_the_cells(tmp_path_factory, column):
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in column]
    path.write_bytes("".join(f"{line},x\n" for line in ["name", *quoted]).encode())
    whole = Wanted(categorical=frozenset(["name"]), identifiers=False)
    side = data_set(str(path), ReadOptions(header=True), whole)
    expected = Counter(cell for cell in column if cell.strip())
    assert plain(side.columns["name"]) == ("text", len(column) - expected.total(), expected)


@given(
    st.lists(
        st.none()
        | st.integers(-(2**52), 2**52)
        | st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=60,
    )
)
def test_numbers_survive_every_way_in(tmp_path_factory, column):
    folder = tmp_path_factory.getbasetemp()
    (folder / "n.csv").write_text(
        "n,x\n" + "".join(f"{'' if v is None else v},x\n" for v in column)
    )
    (folder / "n.json").write_text(json.dumps({"n": column}))
    values = Counter(float(value) + 0.0 for value in column if value is not None)
    expected = ("numbers", column.count(None), values)
    forced = Wanted(numeric=frozenset("n"), identifiers=False)
    frame = pd.DataFrame({"n": pd.Series(column, dtype=object)})
    for source in (str(folder / "n.csv"), str(folder / "n.json"), {"n": column}, frame):
        assert plain(data_set(source, None, forced).columns["n"]) == expected


@given(st.lists(st.sampled_from(["1", "2.5", "", "x", "y", "007", " "]), min_size=1), st.randoms())
def test_the_order_of_rows_does_not_matter(tmp_path_factory, column, random):
    path = tmp_path_factory.getbasetemp() / "order.csv"
    found = []
    for _ in range(2):
        path.write_text("n,x\n" + "".join(f"{cell},x\n" for cell in column))
        found.append(of(data_set(str(path))))
        random.shuffle(column)
    assert found[0] == found[1]


# Memory.


def peak(function, *arguments):
    """Return the most memory that a call held at once; what it imports is here to stay."""
    function(*arguments)
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format", ["parquet", "file", "stream"])
def test_columns_of_files_are_not_held(tmp_path, format):
    def size(rows):
        path = tmp_path / f"{rows}"
        table = pa.table({"a": ["red", "blue"] * rows, "b": ["x" * 50, None] * rows})
        if format == "parquet":
            pq.write_table(table, path)
        else:
            new = ipc.new_file if format == "file" else ipc.new_stream
            with new(str(path), table.schema) as writer:
                writer.write_table(table, max_chunksize=10_000)
        return peak(data_set, str(path))

    assert size(80_000) < size(40_000) + 200_000


@pytest.mark.parametrize("format", ["csv", "txt.gz"])
def test_a_categorical_column_takes_no_memory_for_its_rows(tmp_path, format, monkeypatch):
    monkeypatch.setattr(sides, "_engine", sides._engine_in_process)

    def size(rows):
        text = "a,b\n" + f"{'red ' * 12},{'blue ' * 12}\n" * rows
        path = tmp_path / f"{rows}.{format}"
        path.write_bytes(gzip.compress(text.encode(), 1) if "gz" in format else text.encode())
        return peak(data_set, str(path))

    # Both are beyond what is read ahead; a pointer for each row would be 360 kB.
    assert size(85_000) < size(40_000) + 300_000


def test_a_numeric_column_takes_eight_bytes_for_a_row(tmp_path):
    def size(rows):
        path = tmp_path / f"{rows}.csv"
        path.write_text("a,b\n" + "".join(f"{n / 7},x\n" for n in range(rows)))
        return peak(data_set, str(path))

    # An array that grows has some room to spare, and is copied once.
    assert size(90_000) - size(30_000) < 60_000 * 30


def test_missing_values_take_no_memory(tmp_path):
    def size(rows):
        path = tmp_path / f"{rows}.jsonl"
        line = f'{{"a":"{"x" * 90}"}}\n'
        path.write_text(line * rows + '{"a":"x","b":"y"}\n')
        return peak(data_set, str(path))

    assert size(80_000) < size(40_000) + 200_000


@pytest.mark.parametrize("name", ["x.csv.gz", "x.txt.gz", "x.gz", "x.jsonl.gz", "x.csv.zst"])
def test_raw_rows_that_are_streamed_may_inflate_to_any_size(tmp_path, monkeypatch, name):
    from kldiv_cli.readers import compression

    monkeypatch.setattr(compression, "INFLATED", 1 << 18)
    monkeypatch.setattr(compression, "RATIO", 5)
    rows = 60_000
    text = '{"a":"red","b":1}\n' * rows if "jsonl" in name else "a,b\n" + "red,1\n" * rows
    path = tmp_path / name
    compress = zstd.compress if name.endswith("zst") else gzip.compress
    path.write_bytes(compress(text.encode(), 9))
    assert data_set(str(path)).rows == rows
    with pytest.raises(InputError, match="inflate to more than 300000 bytes"):
        data_set(str(path), ReadOptions(max_inflated=300_000))
    held = tmp_path / "held.json.gz"
    held.write_bytes(gzip.compress(json.dumps({"a": ["red"] * rows}).encode(), 9))
    with pytest.raises(InputError, match="inflate to more than"):
        data_set(str(held))
    held = tmp_path / "held.parquet.gz"
    frame = pl.DataFrame({"a": ["red"] * rows, "b": ["blue"] * rows})
    plain = in_file(lambda file: frame.write_parquet(file, compression="uncompressed"))
    held.write_bytes(gzip.compress(plain + bytes(400_000), 9))
    with pytest.raises(InputError, match="inflate to more than"):
        data_set(str(held))


def test_a_truncated_stream_is_no_answer(refused):
    whole = gzip.compress(as_csv().encode() * 50)
    for cut in (len(whole) // 2, len(whole) - 1, 20):
        error = refused("x.csv.gz", whole[:cut])
        assert error.code == "corrupt-compression"


def test_options_that_make_no_sense(counted):
    with pytest.raises(UsageError):
        counted("x.csv", "a\n1\n", encoding="rot13")


# Words for a missing value, infinities, and columns that cannot be counted.

LATE = [str(n / 8) for n in range(3000)]


@pytest.mark.parametrize(
    "word", ["NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"]
)
@pytest.mark.parametrize("cells", [
    [*LATE, "{}", "{}"], ["{}", "{}", *LATE], [*LATE[:500], "{}", *LATE[500:], "{}"],
    ["{}"] * 2 + [""] * 40_000 + LATE,
], ids=["late", "early", "within", "before blanks"])  # fmt: skip
def test_a_word_for_a_missing_value_is_one_wherever_it_comes(counted, word, cells):
    cells = [cell.format(word) for cell in cells]
    side = counted("x.csv", csv_of(cells, ["z"] * len(cells)))
    column = side.columns["a"]
    assert isinstance(column, Numbers)
    assert sorted(column.values) == sorted(map(float, LATE))
    assert column.missing == cells.count(word) + cells.count("")
    (note,) = side.notes
    assert (note.code, note.repair) == ("missing-words", False)
    assert f"'a' ({word} 2)" in note.message
    assert counted("y.csv", csv_of(cells, ["z"] * len(cells)), Wanted(na={word})).notes == ()
    lines = [json.dumps({"a": cell}) for cell in cells]
    assert plain(counted("x.jsonl", "\n".join(lines)).columns["a"]) == plain(column)
    assert plain(data_set({"a": cells}).columns["a"]) == plain(column)


@pytest.mark.parametrize("before", [["x"], ["1.5"] * 3000, []])
def test_a_word_is_forbidden_among_numbers_alone(counted, refused, before):
    forbidden = Wanted(forbid_missing=True)
    text = csv_of([*before, "NA", *LATE], ["y"] * (len(before) + 3001))
    if before == ["x"]:
        assert counted("x.csv", csv_of(["x", "NA"], [1, 2]), forbidden).columns["a"].missing == 0
        return
    error = refused("x.csv", text, forbidden)
    assert (error.code, where(error)) == ("missing-value", (len(before) + 2, 1))


def test_infinities_of_every_spelling(counted):
    words = ["inf", "-Inf", "+INF", "Infinity", "-infinity", " inf "]
    expected = dict(Counter([*map(float, LATE), *map(float, words)]))
    for cells in ([*LATE, *words], [*words, *LATE]):
        assert plain(counted("x.csv", csv_of(cells, LATE + words)).columns["a"]) == (
            "numbers", 0, expected,
        )  # fmt: skip
        assert plain(data_set({"a": cells}).columns["a"]) == ("numbers", 0, expected)
        assert plain(data_set({"a": [*map(float, cells)]}).columns["a"])[2] == expected


def test_a_number_that_means_missing_does_so_in_every_spelling(counted):
    na = Wanted(na=frozenset(["-999", "007"]))
    cells = ["-999", "-999.0", "-9.99e2", "7", "8.5"]
    assert plain(counted("x.csv", csv_of(cells, cells), na).columns["a"]) == (
        "numbers", 3, {7.0: 1, 8.5: 1},
    )  # fmt: skip
    assert plain(data_set({"a": [*map(float, cells)]}, None, na).columns["a"])[1] == 3


def test_rows_that_stand_for_many_keep_their_numbers(tmp_path):
    path = tmp_path / "x.uniq"
    path.write_text("  2 1.5\n  3 NA\n  4 inf\n  5 2.5\n  6 \n")
    column = data_set(str(path)).columns["value"]
    assert plain(column) == ("numbers", 9, {1.5: 2, math.inf: 4, 2.5: 5})


def test_all_columns_that_cannot_be_counted_are_refused_at_once(refused):
    numbers = [*MANY, *MANY]
    columns = [*numbers, "x"], [*numbers, "n a"], [*numbers, "7"]
    error = refused("x.csv", csv_of(*columns, names=("a b", "b", "c")))
    assert (error.code, error.count) == ("mixed-column", 2)
    assert [(place.name, place.value, place.line) for place in error.places] == [
        ("a b", "x", 62), ("b", "n a", 62),
    ]  # fmt: skip
    assert "'a b', 'b'" in error.message
    assert error.hint == (
        "--na x --na 'n a' for missing values; --categorical 'a b' --categorical b for text"
    )


def test_a_hint_offers_what_settles_the_column(refused):
    numbers = MANY * 400

    def hint(cells, **wanted):
        return refused("x.csv", csv_of([*numbers, *cells], [1] * (12_000 + len(cells))),
                       Wanted(**wanted)).hint  # fmt: skip

    assert hint(["x", "y", "x"]).startswith("--na x --na y for missing values")
    # More words than are likely to mean one thing.
    assert hint(["x", "y", "z", "w"]) == "--categorical a for text"
    for number in ("007", "\u22125", "1'000"):
        assert "--na" not in hint([number])
    assert "'-'" in hint(["\u22125"])
    # It would have too many outcomes.
    assert hint(["x"] * 4 + ["007"], most_outcomes=20) == "--exclude a counts the other columns"
    assert "--exclude a" in hint(["x"], numeric=frozenset("a"))
    assert "leave 'a' out of --column" in hint(
        ["x"] * 4 + ["007"], most_outcomes=20, columns=frozenset("a")
    )


def test_a_minus_of_typography_is_never_a_label(refused):
    for cells in (["1", "\u22121"], ["\u22121", "\u22122"], ["NA", "\u20131"]):
        error = refused("x.csv", csv_of(cells, [1] * len(cells)))
        assert error.code == "mixed-column"
        assert "U+2212" in error.message or "U+2013" in error.message
        assert "--na" not in error.hint
    side = data_set({"a": ["18\u221224", "25\u221234", "\u2212"]})
    assert plain(side.columns["a"])[0] == "text"


def test_what_is_left_out_is_never_looked_at(counted):
    text = '[{"a":1,"b":[1]},{"a":2,"b":{"c":1}}]'
    without = Wanted(excluded=lambda name: name == "b")
    assert list(counted("x.json", text, without).columns) == ["a"]
    assert list(counted("x.json", text, Wanted(columns=frozenset("a"))).columns) == ["a"]
    nested = pd.DataFrame({"a": [1, 2], "b": [[1], {}]})
    assert list(data_set(nested, None, without).columns) == ["a"]


class Broken:
    """A column that fails as objects of other people do."""

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 3

    def __iter__(self):
        raise self.error


@pytest.mark.parametrize("error", [StopIteration("x"), TypeError("x"), KeyError("x"), Exception()])
def test_an_object_that_fails_is_an_error_with_a_place(error):
    with pytest.raises(InputError) as caught:
        data_set({"a": Broken(error)})
    assert caught.value.code == "bad-object"
    assert caught.value.places[0].name == "a"
    assert type(error).__name__ in caught.value.message


def test_integers_of_128_bits():
    frame = pl.DataFrame({"a": pl.Series([1, 2, None], dtype=pl.Int128)})
    assert plain(data_set(frame).columns["a"]) == ("numbers", 1, {1.0: 1, 2.0: 1})
    big = pl.DataFrame({"a": pl.Series([2**100, 2], dtype=pl.Int128)})
    assert plain(data_set(big).columns["a"]) == ("text", 0, {str(2**100): 1, "2": 1})


def test_timestamps_of_many_rows_are_left_out_and_never_too_many(counted):
    days = [f"2024-01-05 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(20_000)] * 2
    few = Wanted(most_outcomes=1000)
    for wanted in (few, few._replace(identifiers=False)):
        side = counted("x.csv", csv_of(days, [1] * len(days)), wanted)
        assert list(side.columns) == ["b"]
        assert [(each.column, each.reason[:5]) for each in side.excluded] == [("a", "date:")]
    with pytest.raises(InputError) as caught:
        counted("y.csv", csv_of(days, [1] * len(days)), few._replace(columns=frozenset("a")))
    assert caught.value.code == "too-many-outcomes"
