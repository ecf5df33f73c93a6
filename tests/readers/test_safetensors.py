"""safetensors: a tensor is chosen and read right, and a header that tells lies is refused."""

import gzip
import json
import struct

import numpy as np
import pytest

from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions, read_two

NAMES = {
    "f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8",
    "u8": "U64", "u4": "U32", "u2": "U16", "u1": "U8", "b1": "BOOL", "c8": "C64",
}  # fmt: skip


def file(entries, data=b"", **metadata):
    """Return a file of these entries of its header."""
    text = entries if isinstance(entries, str) else json.dumps(entries | metadata)
    header = text.encode() + b" " * (-len(text.encode()) % 8)
    return struct.pack("<Q", len(header)) + header + data


def saved(**arrays):
    """Return a file of arrays, one behind the other."""
    entries, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        part = np.ascontiguousarray(array).tobytes()
        offsets = [len(data), len(data) + len(part)]
        type_ = NAMES[array.dtype.str.lstrip("<|")]
        entries[name] = {"dtype": type_, "shape": array.shape, "data_offsets": offsets}
        data += part
    return file(entries, data)


def one(data=bytes(16), **changes):
    """Return a file of one tensor of four numbers, of which something is changed."""
    entry = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16], **changes}
    return file({"x": entry}, data)


@pytest.mark.parametrize("type_", [name for name in NAMES if name[0] not in "bc"])
def test_every_type_of_numbers(given, type_):
    array = np.array([[5, 3, 100], [1, 2, 3]], dtype=type_)
    side = given("x.safetensors", saved(x=array))
    assert side.weights.tolist() == array.tolist()
    assert (side.format, side.name) == ("safetensors", "x")
    assert dict(side.details)["shape"] == "2 x 3"
    assert given("x.safetensors", saved(x=array[0])).kind == "counts"


def test_bfloat16(given):
    # The first half of the bits of 1.5, -2.0, 0.00390625 and -inf.
    data = struct.pack("<4H", 0x3FC0, 0xC000, 0x3B80, 0xFF80)
    entry = {"x": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}
    side = given("x.safetensors", file(entry, data), kind="logits")
    assert side.weights.tolist() == [[1.5, -2.0], [0.00390625, -np.inf]]
    assert side.weights.dtype == np.float32
    assert dict(side.details) == {"tensor": "x", "type": "bfloat16", "shape": "2 x 2"}


def test_one_of_several_is_chosen(given, refused, table):
    data = saved(a=np.arange(4.0), b=np.array([1.0, 3.0]), c=np.arange(3.0))
    error = refused("x.safetensors", data)
    assert (error.code, "'a', 'b', 'c'" in error.message) == ("several-weights", True)
    for name, content in (("x.safetensors", data), ("y.safetensors.gz", gzip.compress(data))):
        for weight, numbers in (("a", [0, 1, 2, 3]), ("b", [1, 3]), ("c", [0, 1, 2])):
            assert given(name, content, weight=weight).weights.tolist() == numbers
        # In any order, of one file.
        sides = read_two(table(name, content), (ReadOptions(weight="c"), ReadOptions(weight="b")))
        assert [side.weights.tolist() for side in sides] == [[0, 1, 2], [1, 3]]
        assert [side.name for side in sides] == ["c", "b"]
    assert refused("x.safetensors", data, weight="d").code == "unknown-column"
    assert refused("x.safetensors", data, label="d").code == "no-columns"
    # The only one needs no name.
    assert given("x.safetensors", saved(a=np.array([1.0, 3.0]))).weights.tolist() == [1, 3]


def test_tensors_of_many_blocks(given, monkeypatch):
    monkeypatch.setattr("kldiv_cli.core.table.VALUES", 10)
    array = np.random.default_rng(1).normal(size=(2, 7, 4)).astype("f4")
    others = {"first": np.arange(9.0), "x": array, "last": np.arange(3.0)}
    data = saved(**others)
    for name, content in (("x.safetensors", data), ("x.safetensors.gz", gzip.compress(data))):
        side = given(name, content, weight="x", kind="logits")
        assert np.array_equal(side.weights, array.reshape(14, 4))
        assert "axes-as-rows" in [note.code for note in side.notes]


def test_other_tensors_may_be_of_any_type(given, refused):
    entries = {
        "odd": {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [0, 3]},
        "new": {"dtype": "F5_NEW", "shape": [9, 9], "data_offsets": [3, 4]},
        "x": {"dtype": "U8", "shape": [2], "data_offsets": [4, 6], "later": None},
    }
    data = file(entries, bytes([0, 0, 0, 0, 2, 5]))
    assert given("x.safetensors", data, weight="x").weights.tolist() == [2, 5]
    for name in ("odd", "new"):
        error = refused("x.safetensors", data, weight=name)
        assert (error.code, error.places[0].name) == ("bad-dtype", name)
    for type_, word in (("b1", "booleans"), ("c8", "complex")):
        error = refused("x.safetensors", saved(x=np.ones(3, type_)))
        assert (error.code, word in error.message) == ("bad-dtype", True)


def test_tensors_are_columns_of_raw_rows(table):
    wide = np.array([[1, 2], [3, 4], [5, 6]], dtype="f4")
    path = table("x.safetensors", saved(a=wide, b=np.array([7, 8, 7])))
    counted = data_set(path, ReadOptions())
    assert list(counted.columns) == ["a.0", "a.1", "b"]
    assert counted.rows == 3


BAD = {
    "nothing but a length": b"\x08\0\0\0\0\0\0",
    "no header": struct.pack("<Q", 0),
    "cut header": one()[:30],
    "no JSON": file("{"),
    "no UTF-8": struct.pack("<Q", 4) + b'{"\xff"',
    "an array": file("[]"),
    "a blank first": file(' {"x": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}', b"1"),
    "deep": file("[" * 100_000),
    "a number of many digits": file(f'{{"x": {"1" * 9999}}}'),
    "the same name twice": file(
        '{"x": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},'
        '"x": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}', b"12",
    ),
    "the same key twice": file(
        '{"x": {"dtype": "U8", "dtype": "I8", "shape": [1], "data_offsets": [0, 1]}}', b"1"
    ),
    "no entry": file({"x": 5}),
    "no type": one(dtype=None),
    "no shape": one(shape=4),
    "a negative size": one(shape=[-4]),
    "a size that is true": file(
        {"x": {"dtype": "U8", "shape": [True], "data_offsets": [0, 1]}}, b"1"
    ),
    "a size that is no integer": one(shape=[4.0]),
    "one offset": one(data_offsets=[16]),
    "three offsets": one(data_offsets=[0, 8, 16]),
    "offsets that are booleans": file(
        {"x": {"dtype": "U8", "shape": [1], "data_offsets": [False, True]}}, b"1"
    ),
    "negative offsets": one(data_offsets=[-16, 0]),
    "offsets backwards": one(data_offsets=[16, 0]),
    "another size": one(shape=[5]),
    "a size that overflows": one(shape=[2**62, 4]),
    "a size that overflows to the right one": one(shape=[2**63 + 2, 2]),
    "cut data": one(bytes(15)),
    "more data": one(bytes(17)),
    "no data": one(b""),
    "a hole at the start": one(bytes(20), data_offsets=[4, 20]),
    "a hole": file(
        {
            "x": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
            "y": {"dtype": "U8", "shape": [1], "data_offsets": [2, 3]},
        }, bytes(3),
    ),
    "an overlap": file(
        {
            "x": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]},
            "y": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]},
        }, bytes(3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", BAD)
def test_headers_that_tell_lies(refused, how):
    assert refused("x.safetensors", BAD[how], kind="logits").code == "bad-safetensors"
    # Compressed, nobody knows the size before the end.
    error = refused("x.safetensors.gz", gzip.compress(BAD[how]), kind="logits")
    assert error.code == "bad-safetensors"


def test_a_tensor_that_is_cut_while_it_is_read(refused):
    data = saved(a=np.arange(4.0), b=np.arange(4.0))
    for name in ("a", "b"):
        error = refused("x.safetensors.gz", gzip.compress(data[:-40]), weight=name)
        assert error.code == "bad-safetensors"


def test_long_headers_are_allowed_by_the_user(given, refused):
    entries = {"x": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}
    data = file({"__metadata__": {"notes": "x" * 1_000_000}} | entries, b"\2\5")
    error = refused("x.safetensors", data)
    assert (error.code, "--max-header" in error.hint) == ("bad-safetensors", True)
    assert given("x.safetensors", data, max_header=2_000_000).weights.tolist() == [2, 5]
    assert refused("x.safetensors", file(entries, b"\2\5"), max_header=10).code == error.code
    # Nothing is set aside for what the length says.
    huge = struct.pack("<Q", 2**63) + b"{}"
    assert refused("x.safetensors", huge, max_header=2**63).code == error.code


def test_no_tensors(refused):
    assert refused("x.safetensors", file({}, __metadata__={"a": "b"})).code == "no-arrays"


def test_the_file_is_found_by_its_name_alone(given):
    data = saved(x=np.array([5.0, 3.0]))
    assert given("x.bin", data, format="safetensors").weights.tolist() == [5, 3]


def test_tensors_are_inspected(kldiv, table):
    tensors = {"logits": np.ones((2, 3), np.float32), "scale": np.float16(1.0).reshape(())}
    ran = kldiv("inspect", table("x.safetensors", saved(**tensors)))
    assert ran.code == 0
    lines = [
        "format   safetensors",
        "tensors  2",
        "",
        "  logits  F32, 2 x 3",
        "  scale   F16, one number",
    ]
    assert ran.out.splitlines()[-5:] == lines
    # One that is chosen, or of which it is said what it holds, is read.
    path = table("y.safetensors", saved(logits=np.full((2, 3), -1.0, np.float32)))
    assert "  logits  F32, 2 x 3" in kldiv("inspect", path).out
    assert "batch     2 distributions" in kldiv("inspect", path, "--as", "logits").out
    assert "error[negative-weight]" in kldiv("inspect", path, "--weight", "logits").err
