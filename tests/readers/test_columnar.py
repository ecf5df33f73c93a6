"""Parquet and Arrow IPC: what each type is, what a column is called, and what is refused."""

import datetime as dt
import decimal
import math
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import ipc

from kldiv_cli import check
from kldiv_cli.core.numbers import Number
from kldiv_cli.errors import InputError
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions, columnar, opened, read
from kldiv_cli.readers.rows import raw_rows

sys.path.insert(0, str(Path(__file__).parent))

from columnar_files import FILES, arrow, parquet, stream

every_file = pytest.mark.parametrize(("name", "write"), FILES.values(), ids=FILES)


@pytest.fixture
def put(tmp_path):
    """Write a file of a table, and return its path."""

    def call(name, write, table):
        path = tmp_path / name
        table = pa.table(table) if isinstance(table, dict) else table
        path.write_bytes(write(table))
        return str(path)

    return call


def cells(path, *names):
    """Return raw rows column by column, as an engine sees them; numbers are told from text."""
    with opened(path, ReadOptions(), raw=True) as found:
        table = raw_rows(found.data, ReadOptions(), path)
        columns = {name: [] for name in names or table.names}
        for batch in table.batches:
            for name, column in columns.items():
                column += batch.columns[name]
    return {name: list(map(told, column)) for name, column in columns.items()}


def told(cell):
    return ("number", str(cell)) if type(cell) is Number else cell


def numbers(*texts):
    return [None if text is None else ("number", text) for text in texts]


# What each type of column is: its values, and its cells.
D = decimal.Decimal
NOON = dt.datetime(2026, 1, 2, 12, 30)
TYPES = {
    "int8": (pa.array([-128, None, 127], pa.int8()), numbers("-128", None, "127")),
    "int64": (pa.array([2**53 + 1, -(2**63), 0]), numbers(str(2**53 + 1), str(-(2**63)), "0")),
    "uint64": (pa.array([2**64 - 1, None, 1], pa.uint64()), numbers(str(2**64 - 1), None, "1")),
    "float16": (
        pa.array(np.array([1.5, -0.0, np.nan], np.float16)),
        numbers("1.5", "-0.0", None),
    ),
    "float32": (
        pa.array([0.1, None, math.inf], pa.float32()),
        numbers("0.1", None, "inf"),
    ),
    "float64": (pa.array([0.1, math.nan, -math.inf]), numbers("0.1", None, "-inf")),
    "decimal": (
        pa.array([D("1.10"), None, D("-0.01")], pa.decimal128(38, 2)),
        numbers("1.10", None, "-0.01"),
    ),
    "decimal of 256 bits": (
        pa.array([D(f"1{'0' * 60}.01"), None, D(1)], pa.decimal256(70, 2)),
        numbers(f"1{'0' * 60}.01", None, "1.00"),
    ),
    "boolean": (pa.array([True, None, False]), ["true", None, "false"]),
    "text": (pa.array(["007", "", None]), ["007", "", None]),
    "long text": (pa.array(["é,\n\"'", "NaN", None], pa.large_string()), ["é,\n\"'", "NaN", None]),
    "dictionary": (
        pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), ["a", "b", "unused"]),
        ["b", None, "a"],
    ),
    "dictionary of numbers": (
        pa.DictionaryArray.from_arrays([1, 0, 1], pa.array([10, 20, 30])),
        numbers("20", "10", "20"),
    ),
    "date": (
        pa.array([dt.date(2026, 1, 2), None, dt.date(1, 1, 1)]),
        ["2026-01-02", None, "0001-01-01"],
    ),
    "timestamp": (
        pa.array([NOON, None, NOON.replace(microsecond=1000)], pa.timestamp("ms")),
        ["2026-01-02 12:30:00", None, "2026-01-02 12:30:00.001000"],
    ),
    "timestamp of nanoseconds": (
        pa.array([-1, None, 10**18], pa.timestamp("ns")),
        ["1969-12-31 23:59:59.999999999", None, "2001-09-09 01:46:40"],
    ),
    "timestamp of UTC": (
        pa.array([0, None, 1], pa.timestamp("ns", "UTC")),
        ["1970-01-01 00:00:00+00:00", None, "1970-01-01 00:00:00.000000001+00:00"],
    ),
    "timestamp of a zone": (
        pa.array([0, None, 1], pa.timestamp("us", "Europe/Berlin")),
        ["1970-01-01 01:00:00+01:00", None, "1970-01-01 01:00:00.000001+01:00"],
    ),
    "timestamp of an hour that comes twice": (
        pa.array([1792888200, 1792891800, None], pa.timestamp("s", "Europe/Berlin")),
        ["2026-10-25 02:30:00+02:00", "2026-10-25 02:30:00+01:00", None],
    ),
    "time": (
        pa.array([dt.time(1, 2, 3), None, dt.time(0, 0, 0, 1)]),
        ["01:02:03", None, "00:00:00.000001"],
    ),
    "duration": (
        pa.array([90, None, 86400], pa.duration("s")),
        ["0:01:30", None, "1 day, 0:00:00"],
    ),
    "time of nanoseconds": (
        pa.array([1, None, 10**9], pa.time64("ns")),
        ["00:00:00.000000001", None, "00:00:01"],
    ),
    "duration of nanoseconds": (
        pa.array([1001, None, 10**9], pa.duration("ns")),
        ["0:00:00.000001001", None, "0:00:01"],
    ),
    "null": (pa.nulls(3), [None, None, None]),
}


@every_file
def test_types(put, name, write):
    table = pa.table({name: array for name, (array, _) in TYPES.items()})
    assert cells(put(name, write, table)) == {name: cells for name, (_, cells) in TYPES.items()}


NESTED = {
    "list": pa.array([[1], None, []]),
    "struct": pa.array([{"a": 1}, None, {"a": 2}]),
    "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "bytes": pa.array([b"a", None, b"\xff"]),
}


@every_file
def test_values_that_are_none_disturb_only_where_they_are_wanted(put, name, write):
    path = put(name, write, {"c": ["a", "b", "d"], "n": [1, 2, 3], **NESTED})
    wanted = check(path, path, column=["c"])
    assert wanted.verdict == "inconclusive"
    assert read(path, ReadOptions(label="c", weight="n")).weights.tolist() == [1, 2, 3]
    for column in NESTED:
        with pytest.raises(InputError) as caught:
            check(path, path, column=[column])
        assert caught.value.code == "nested-value"
        assert caught.value.places[0].name == column
        with pytest.raises(InputError) as caught:
            read(path, ReadOptions(label=column, weight="n"))
        assert caught.value.code == "bad-label"
    with pytest.raises(InputError) as caught:
        check(path, path)
    assert caught.value.hint == (
        "exclude=('list', 'struct', 'map', 'bytes') counts the other columns"
    )


@pytest.mark.parametrize(
    "when",
    [
        pa.array([10**17], pa.timestamp("s")),
        pa.array([10**8], pa.date32()),
        pa.array([0], pa.timestamp("ms", "No/Where")),
    ],
    ids=lambda when: str(when.type),
)
def test_values_that_python_has_no_object_for(put, when):
    path = put("x.arrow", arrow, {"c": ["a"], "when": when})
    assert cells(path, "c") == {"c": ["a"]}
    with pytest.raises(InputError) as caught:
        check(path, path)
    message = f"column 'when' of type {when.type} has a value that Python has no object for"
    assert (caught.value.code, caught.value.message) == ("bad-arrow", message)


def test_values_with_a_name_of_their_own(put):
    key = uuid.UUID(int=7)
    table = pa.table({"key": pa.array([key.bytes, None], pa.uuid())})
    for write in (arrow, stream):
        assert cells(put("x", write, table)) == {"key": [str(key), None]}
    if hasattr(pa, "bool8"):
        flags = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8()))
        assert cells(put("x", arrow, {"b": flags})) == {"b": ["true", "false", None]}


# Distributions.


@every_file
def test_distributions(put, name, write):
    colours = pa.array(["red", None, "blue"]).dictionary_encode()
    table = {"colour": colours, "share": [0.5, 0.25, 0.25], "count": [2**53 + 1, 0, 3]}
    path = put(name, write, table)
    counts = read(path, ReadOptions(weight="count"))
    assert counts.kind == "counts"
    assert counts.outcomes == ("red", "(missing)", "blue")
    assert counts.weights.tolist() == [2**53 + 1, 0, 3]
    assert counts.format == ("parquet" if "parquet" in path or ".pq" in path else counts.format)
    shares = read(path, ReadOptions(label="colour", weight="share"))
    assert (shares.kind, shares.weights.tolist()) == ("probabilities", [0.5, 0.25, 0.25])
    alone = put(name, write, {"count": [5, 3, 0]})
    assert read(alone).outcomes is None
    huge = {"c": ["a", "b"], "n": pa.array([10**30 + 1, 1], pa.decimal128(38, 0))}
    assert read(put(name, write, huge)).weights.tolist() == [10**30 + 1, 1]
    dates = put(name, write, {"day": [dt.date(2026, 1, 1), dt.date(2026, 1, 2)], "n": [5, 3]})
    assert read(dates).outcomes == ("2026-01-01", "2026-01-02")


@pytest.mark.parametrize(
    ("weights", "code"),
    [
        (pa.array([1.0, math.nan]), "not-finite"),
        (pa.array([1.0, math.inf]), "not-finite"),
        (pa.array([1, None]), "missing-weight"),
        (pa.array([1, -1]), "negative-weight"),
        (pa.array([True, False]), "not-a-number"),
        (pa.array([1, 2], pa.duration("s")), "not-a-number"),
        (pa.array([[1], [2]]), "not-a-number"),
    ],
    ids=str,
)
@every_file
def test_weights_that_are_none(put, name, write, weights, code):
    path = put(name, write, {"c": ["a", "b"], "n": weights})
    with pytest.raises(InputError) as caught:
        read(path, ReadOptions(label="c", weight="n"))
    assert caught.value.code == code
    assert caught.value.places[0].name == "n"


# Names.

NAMES = [
    "a",
    "A",
    "a.b",
    "a.b.c",
    'sa"y',
    "it's",
    "x[1]",
    "two\nlines",
    "select",
    "*",
    " ",
    "",
    "c0",
]


@every_file
def test_names(put, name, write):
    table = pa.table({at: [i, i] for i, at in enumerate(NAMES)})
    found = cells(put(name, write, table))
    known = [at if at.strip() else f"column {i + 1}" for i, at in enumerate(NAMES)]
    assert found == {at: numbers(str(i), str(i)) for i, at in enumerate(known)}
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    with pytest.raises(InputError) as caught:
        cells(put(name, write, twice))
    assert (caught.value.code, caught.value.hint) == ("duplicate-columns", "rename one")


@pytest.mark.parametrize(
    "place",
    ["it's.parquet", "x[1].parquet", "a*.parquet", "two\nlines.parquet", "month=1/x.parquet"],
)
def test_paths(tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(parquet(pa.table({"c": ["a", "b"], "n": [5, 3]})))
    (tmp_path / "x1.parquet").write_bytes(parquet(pa.table({"c": ["z"], "n": [1]})))
    assert read(str(path)).outcomes == ("a", "b")
    assert list(cells(str(path))) == ["c", "n"]


# An index of pandas.


def by_pandas(frame, tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else path.write_bytes(
        arrow(pa.Table.from_pandas(frame))
    )
    return str(path)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_an_index_is_what_it_is_in_a_frame(tmp_path, suffix):
    column = {"n": [5, 3]}
    for index, label in (
        (["a", "b"], "index"),
        (pd.Index(["a", "b"], name="c"), "c"),
        ([7, 9], None),
        (None, None),
    ):
        frame = pd.DataFrame(column, index)
        path = by_pandas(frame, tmp_path, suffix)
        assert read(path).outcomes == read(frame).outcomes
        # With a name it is a column like any other.
        assert list(cells(path)) == (["n", "c"] if label == "c" else ["n"])


def test_unused_categories_are_no_outcomes(tmp_path):
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"], ["a", "b", "unused"])})
    path = by_pandas(frame, tmp_path, ".parquet")
    assert data_set(path).columns["c"].counts == {"a": 2, "b": 1}


# Many rows, and few.


@pytest.mark.parametrize("write", [parquet, arrow, stream])
def test_rows_stay_together(put, write, monkeypatch):
    monkeypatch.setattr(columnar, "ROWS", 7)
    monkeypatch.setattr(columnar, "MOST_ROWS", 8)
    rows = list(range(100))
    table = pa.table({"i": rows, "text": list(map(str, rows)), "third": [i % 3 for i in rows]})
    pieces = [table.slice(0, 10), table.slice(10, 1), table.slice(11, 0), table.slice(11)]
    if write is parquet:
        write = lambda table: parquet(table, row_group_size=9, data_page_size=16)  # noqa: E731
    path = put("x", write, pa.concat_tables(pieces))
    expected = {"text": list(map(str, rows)), "i": numbers(*map(str, rows))}
    assert cells(path, "text", "i") == expected
    found = data_set(path, ReadOptions(where="third=2"))
    assert found.columns["i"].values.tolist() == rows[2::3]
    with opened(path, ReadOptions(), raw=True) as source:
        batches = list(raw_rows(source.data, ReadOptions(), path).batches)
        # A column is asked for late, and again from the beginning.
        for each in (batches[9], batches[2], batches[2], batches[-1]):
            first = each.columns["i"][0]
            assert each.columns["text"] == list(
                map(str, range(int(first), int(first) + each.size))
            )
            assert each.place(1, "i").index == (int(first) + 1,)


@every_file
def test_nothing_to_read(put, tmp_path, name, write):
    empty = put(name, write, {"c": pa.array([], pa.string()), "n": pa.array([], pa.int64())})
    for use in (read, data_set):
        with pytest.raises(InputError) as caught:
            use(empty)
        assert caught.value.code == "no-rows"
    nothing = put(name, write, pa.table({}))
    for use in (read, data_set):
        with pytest.raises(InputError) as caught:
            use(nothing)
        assert caught.value.code == "no-columns"
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError) as caught:
        read(str(tmp_path / name))
    assert caught.value.code in ("empty-file", "corrupt-compression")


# Damage.


@pytest.mark.parametrize(
    ("name", "write"), [("x.parquet", parquet), ("x.arrow", arrow), ("x.arrows", stream)]
)
def test_a_file_that_is_cut_short(put, name, write):
    table = pa.table({"c": ["a", "b"] * 50, "n": [*range(100)]})
    path = put(name, write, table)
    with open(path, "rb") as file:
        data = file.read()
    # The last bytes of a stream only say that it ends.
    for length in (*range(4, len(data) - 8, 37), len(data) - 9):
        with open(path, "wb") as file:
            file.write(data[:length])
        for use in (read, data_set):
            with pytest.raises(InputError) as caught:
                use(path)
            assert caught.value.code in ("bad-parquet", "bad-arrow"), length
            assert caught.value.places[0].source == path


def test_other_files(refused):
    assert refused("x.parquet", b"c,n\na,1\n").message.endswith("does not begin with its mark")
    assert refused("x.arrow", b"c,n\na,1\n").code == "bad-arrow"
    assert refused("x.parquet", b"PARE" + bytes(50) + b"PARE").message.endswith("is encrypted")
    good = arrow(pa.table({"n": [1]}))
    error = refused("x.parquet", good)
    assert (error.code, error.hint) == ("format-mismatch", "--input-format arrow")
    assert refused("x", parquet(pa.table({"n": [1]})), format="arrow").code == "bad-arrow"
    assert refused("x", good, format="parquet").code == "bad-parquet"


def test_an_encrypted_column(put):
    import pyarrow.parquet.encryption as pe

    class Keys(pe.KmsClient):
        def wrap_key(self, key, name):
            return key.hex()

        def unwrap_key(self, key, name):
            return bytes.fromhex(key)

    factory = pe.CryptoFactory(lambda config: Keys())
    options = {"footer_key": "f", "column_keys": {"c": ["n"]}, "plaintext_footer": True}
    properties = factory.file_encryption_properties(
        pe.KmsConnectionConfig(), pe.EncryptionConfiguration(**options)
    )
    table = pa.table({"c": ["a", "b"], "n": [5, 3]})
    path = put("x.parquet", lambda table: parquet(table, encryption_properties=properties), table)
    assert cells(path, "c") == {"c": ["a", "b"]}
    with pytest.raises(InputError) as caught:
        read(path)
    assert (caught.value.code, caught.value.message) == (
        "bad-parquet",
        "this Parquet file is encrypted",
    )


# Dictionaries of Arrow that change from batch to batch.


# A file has one dictionary for each column, which may grow.
@pytest.mark.parametrize(
    ("new", "deltas"), [(ipc.new_stream, True), (ipc.new_stream, False), (ipc.new_file, True)]
)
def test_dictionaries_that_change(tmp_path, new, deltas):
    words = [["a", "b"], ["a", "b", "c"] if deltas else ["z", "y"]]
    schema = pa.schema([("c", pa.dictionary(pa.int8(), pa.string()))])
    path = tmp_path / "x.arrow"
    options = ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
    with new(str(path), schema, options=options) as writer:
        for known in words:
            array = pa.DictionaryArray.from_arrays(
                pa.array([0, 1, len(known) - 1], pa.int8()), known
            )
            writer.write_batch(pa.record_batch([array], schema=schema))
    expected = [known[i] for known in words for i in (0, 1, -1)]
    assert cells(str(path)) == {"c": expected}


def test_what_polars_writes(tmp_path):
    frame = pl.DataFrame(
        {
            "c": ["a", None, "b"],
            "cat": pl.Series(["u", "v", None], dtype=pl.Categorical),
            "enum": pl.Series(["u", "v", None], dtype=pl.Enum(["u", "v", "w"])),
            "big": pl.Series([10**30, None, 1], dtype=pl.Decimal(38, 0)),
            "x": [0.5, math.nan, None],
        }
    )
    paths = [tmp_path / f"x{i}" for i in range(5)]
    frame.write_parquet(paths[0])
    for path, compression in zip(paths[1:4], ("uncompressed", "lz4", "zstd"), strict=True):
        frame.write_ipc(path, compression=compression)
    frame.write_ipc_stream(paths[4])
    for path in paths:
        assert cells(str(path)) == {
            "c": ["a", None, "b"],
            "cat": ["u", "v", None],
            "enum": ["u", "v", None],
            "big": numbers(str(10**30), None, "1"),
            "x": numbers("0.5", None, None),
        }


# Pipes.


@every_file
def test_pipes(put, shell, tmp_path, name, write):
    put(name, write, {"c": ["a", "b"], "n": [5, 3]})
    for line in (f"cat {name} | kldiv compare - {name}", f"kldiv compare {name} - < {name}"):
        ran = shell(f"{line} -q -m kl_pq", cwd=tmp_path)
        assert (ran.code, ran.out) == (0, "0.0\n")
    ran = shell(
        f"cat {name} | kldiv check {name} - -f json --column c | jq -r .verdict", cwd=tmp_path
    )
    assert ran.out == "inconclusive\n"


def test_a_pipe_that_is_held_in_a_file(put, shell, monkeypatch):
    rows = np.random.default_rng(1).normal(size=1_200_000)
    path = put("x.parquet", parquet, {"x": rows, "c": ["a", "b"] * 600_000})
    ran = shell(f"cat {path} | kldiv check {path} - -f json --column c")
    assert '"verdict": "pass"' in ran.out


def test_kinds_of_values(put):
    table = {"a": [1], " ": [2], "t": pa.nulls(1), "b": [b"x"]}
    with opened(put("x.parquet", parquet, table), ReadOptions()) as found:
        kinds = {"a": "number", "column 2": "number", "t": "null", "b": "binary"}
        assert found.data.types == kinds


@pytest.mark.parametrize(
    "type_", [*map(pa.type_for_alias, ("int8", "uint64", "float", "double")), pa.decimal128(9, 0)]
)
@pytest.mark.parametrize("values", [[], [None] * 9, [*range(20)], [1, None, *range(17), None]])
@pytest.mark.parametrize("start", [0, 1, 9])
def test_doubles_are_those_of_pyarrow(type_, values, start):
    array = pa.array(values, type_).slice(start)
    expected = array.cast("double").to_numpy(zero_copy_only=False)
    found = columnar._doubles(array)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(
    int(pa.__version__.partition(".")[0]) < 26, reason="older PyArrow imports pandas by itself"
)
@pytest.mark.parametrize(("name", "write"), [("x.parquet", parquet), ("x.arrow", arrow)])
@pytest.mark.parametrize("where", [[], ["--where", "b=1"]])
def test_pandas_is_not_imported(put, name, write, where):
    """It takes longer than the whole of a small run, which PyArrow does not say."""
    table = {"a": [0.5, None, 1.5] * 9000, "b": [1, 2, 1] * 9000, "c": ["x", "y", None] * 9000}
    code = (
        "import sys; from kldiv_cli.cli.process import run; code = run(sys.argv[1:]);"
        " sys.exit({'pandas'} & {*sys.modules} or code)"
    )
    command = [sys.executable, "-c", code, "profile", put(name, write, table), *where]
    ran = subprocess.run(command, check=False, capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b"")
