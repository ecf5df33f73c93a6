"""What was written by others is read as it was; a flipped byte is never a silent error."""

import csv
import io
import json
import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as over
from hypothesis import strategies as st

from kldiv_cli.errors import InputError
from kldiv_cli.readers import ReadOptions, read

# Each example writes its file anew, so that all of a test may share one folder.
QUICK = settings(
    max_examples=20,
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.function_scoped_fixture,
    ],
)
TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
).filter(
    # These mean that there is no label.
    lambda text: text.strip() and text != "\\N"
)
WEIGHT = st.integers(0, 10**25) | st.floats(0, 1e300)
TABLE = st.dictionaries(TEXT, WEIGHT, min_size=1, max_size=12).filter(
    lambda table: 0 < sum(map(float, table.values())) < math.inf
)


def expected(table):
    values = list(table.values())
    whole = all(isinstance(value, int) for value in values)
    return tuple(table), values if whole else [float(value) for value in values]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", " "])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@QUICK
@over(table=TABLE)
def test_csv(tmp_path, delimiter, quoting, table):
    path = tmp_path / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
        writer.writerows([("the label", "count"), *table.items()])
    side = read(str(path), ReadOptions(delimiter=delimiter))
    assert (side.outcomes, side.weights.tolist()) == expected(table)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@QUICK
@over(table=TABLE)
def test_marked_encodings(tmp_path, encoding, table):
    path = tmp_path / "x.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([("label", "count"), *table.items()])
    side = read(str(path))
    assert (side.outcomes, side.weights.tolist()) == expected(table)


@pytest.mark.parametrize("ascii_", [True, False])
@QUICK
@over(table=TABLE)
def test_json(tmp_path, ascii_, table):
    outcomes, weights = expected(table)
    records = [{"label": label, "count": weight} for label, weight in table.items()]
    for name, text in (
        ("x.json", json.dumps(table, ensure_ascii=ascii_)),
        ("r.json", json.dumps(records, ensure_ascii=ascii_, indent=1)),
        ("x.jsonl", "\n".join(json.dumps(record, ensure_ascii=ascii_) for record in records)),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        side = read(str(tmp_path / name))
        assert (side.outcomes, side.weights.tolist()) == (outcomes, weights), name
    (tmp_path / "a.json").write_text(json.dumps(list(table.values())))
    assert read(str(tmp_path / "a.json")).weights.tolist() == weights


@QUICK
@over(
    table=st.dictionaries(
        TEXT.filter(lambda text: "\n" not in text and not text.endswith("\r")),
        st.integers(1, 10**12),
        min_size=2,
        max_size=9,
    )
)
def test_uniq(tmp_path, table):
    lines = "".join(f"{count:7} {label}\n" for label, count in table.items())
    (tmp_path / "x.uniq").write_text(lines, encoding="utf-8", newline="")
    side = read(str(tmp_path / "x.uniq"), ReadOptions(kind="counts"))
    assert (side.outcomes, side.weights.tolist()) == expected(table)


@QUICK
@over(values=st.lists(st.floats(0, 1e300), min_size=1, max_size=20), rows=st.integers(0, 3))
def test_npy(tmp_path, values, rows):
    array = np.array([values] * rows if rows else values)
    array[..., 0] += 1
    np.save(tmp_path / "x.npy", array)
    if rows > 1 and len(values) == 1:
        with pytest.raises(InputError, match="has one outcome"):
            read(str(tmp_path / "x.npy"))
        return
    assert np.array_equal(read(str(tmp_path / "x.npy")).weights, array)


def read_csv_plainly(data):
    """Read a table independently of the package: labels and exact numbers, or None."""
    try:
        rows = [
            row for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True) if row
        ]
        return {label: float(number) for label, number in rows[1:]}
    except (ValueError, csv.Error):
        return None


def read_json_plainly(data):
    try:
        return {key: float(value) for key, value in json.loads(data).items()}
    except (ValueError, TypeError, AttributeError):
        return None


def read_npy_plainly(data):
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
        return {str(i): float(value) for i, value in enumerate(array)}
    except (ValueError, TypeError, EOFError, SyntaxError, OSError):
        return None


def named_once(error, path):
    """Say that an error names the input and was foreseen."""
    assert {place.source for place in error.places} == {str(path)}
    assert error.code != "unreadable"


def flips(data):
    for i in range(len(data)):
        for bit in range(8):
            yield data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :]
        yield data[:i] + data[i + 1 :]
        yield data[: i + 1] + data[i:]


def npy_of(*values):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00v\x00" + header + struct.pack("<3d", *values)


@pytest.mark.parametrize(
    ("name", "data", "plainly"),
    [
        ("x.csv", b'colour,count\nred,50\n"gr,n",3e1\nblue,0.25\n', read_csv_plainly),
        ("x.json", b'{"red": 50, "gr\\u00fcn": 3e1, "blue": 0.25}', read_json_plainly),
        ("x.npy", npy_of(50.0, 30.0, 0.25), read_npy_plainly),
    ],
)
def test_a_flipped_byte_is_refused_or_read_as_another_reader_does(tmp_path, name, data, plainly):
    path = tmp_path / name
    understood = 0
    for flipped in flips(data):
        path.write_bytes(flipped)
        try:
            side = read(str(path))
        except InputError as error:
            named_once(error, path)
            continue
        labels = side.outcomes or map(str, range(len(side.weights)))
        found = dict(zip(labels, map(float, side.weights.ravel()), strict=True))
        other = plainly(flipped)
        assert found == other
        understood += 1
    assert understood > 20


def test_any_bytes_are_no_traceback(tmp_path):
    rng = np.random.default_rng(7)
    heads = [
        b"",
        b"\x93NUMPY\x01\x00",
        b"PK\x03\x04",
        b"\x1f\x8b\x08\x00",
        b"{",
        b"[",
        b"BZh9",
        b"c,n\n",
        b"\xff\xfe",
    ]
    for extension in (
        ".csv",
        ".tsv",
        ".json",
        ".jsonl",
        ".npy",
        ".npz",
        ".uniq",
        "",
        ".csv.gz",
        ".xz",
        ".bz2",
    ):
        for i in range(60):
            size = int(rng.integers(0, 60))
            junk = rng.integers(0, 256, size, dtype=np.uint8).tobytes()
            text = bytes(
                rng.choice(list(b'0123456789,;\t\n\r"{}[]:.-eabn '), size).astype(np.uint8)
            )
            path = tmp_path / f"x{extension}"
            path.write_bytes(heads[i % len(heads)] + (junk if i % 2 else text))
            try:
                side = read(str(path))
            except InputError as error:
                named_once(error, path)
            else:
                assert np.all(np.isfinite(side.weights.astype(float)))
