"""NPY and NPZ: every type and shape is read right or refused by its name."""

import io
import warnings
import zipfile

import numpy as np
import pytest

from kldiv_cli.errors import InputError
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions, read, read_two


def npy(array, version=None):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), version=version)
    return buffer.getvalue()


def npz(compressed=False, **arrays):
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


GOOD = npy(np.array([5.0, 3.0]))


@pytest.mark.parametrize(
    "type_", ["i1", "u1", "<i2", ">i4", "<i8", ">u8", "<f2", ">f4", "f8", ">f8", "g"]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_of_numbers(given, type_, order):
    vector = given("x.npy", npy(np.array([5, 3, 100], dtype=type_)))
    assert vector.weights.tolist() == [5, 3, 100]
    assert vector.weights.dtype.isnative
    assert vector.kind == "counts"
    assert ("whole-numbers" in [note.code for note in vector.notes]) is (
        np.dtype(type_).kind == "f"
    )
    assert (vector.outcomes, vector.format, vector.rows_read) == (None, "npy", 3)
    batch = given("x.npy", npy(np.array([[5, 3, 2], [4, 1, 7]], dtype=type_, order=order)))
    assert batch.weights.tolist() == [[5, 3, 2], [4, 1, 7]]
    assert batch.rows_read == 2


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("name", ["x.npy", "without", "x.npy.gz"])
def test_every_version_by_name_or_first_bytes(given, version, name):
    data = npy(np.array([5, 3]), version)
    if name.endswith("gz"):
        import gzip

        data = gzip.compress(data)
    assert given(name, data).weights.tolist() == [5, 3]


def test_a_float16_is_the_double_it_denotes(given):
    assert given("x.npy", npy(np.array([0.1, 0.9], dtype="f2"))).weights.dtype == np.float64
    assert given("x.npy", npy(np.array([0.1, 0.9], dtype="f4"))).weights.dtype == np.float32


BFLOAT16 = np.array([[0x3FC0, 0xC000], [0x3B80, 0xFF80]], "<u2")
"""The first half of the bits of 1.5, -2.0, 0.00390625 and -inf."""


@pytest.mark.parametrize("type_", ["V2", "<u2", ">u2", "<i2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_bfloat16_is_the_double_it_denotes(given, type_, order):
    bits = BFLOAT16.astype(">u2") if type_ == ">u2" else BFLOAT16.view(type_)
    array = np.asarray(bits, order=order)
    for name, data in (("x.npy", npy(array)), ("x.npz", npz(a=array))):
        side = given(name, data, dtype="bfloat16", kind="logits")
        assert side.weights.tolist() == [[1.5, -2.0], [0.00390625, -np.inf]]
        assert side.weights.dtype == np.float32
        assert dict(side.details)["type"] == "bfloat16"


def test_other_types_stay_what_they_are_beside_bfloat16(given):
    for type_ in ("f4", "f8", "f2", "i4", "u1"):
        array = np.array([5, 3], dtype=type_)
        side = given("x.npy", npy(array), dtype="bfloat16")
        assert side.weights.tolist() == [5, 3]
        assert dict(side.details)["type"] == str(array.dtype)


def test_elements_without_a_type_are_refused_with_a_way_out(refused):
    for name, pack in (("x.npy", npy), ("x.npz", lambda array: npz(a=array))):
        error = refused(name, pack(BFLOAT16.view("V2")))
        assert (error.code, "bfloat16" in error.message) == ("bad-dtype", True)
        assert error.hint == "--dtype bfloat16 if they are"
        error = refused(name, pack(np.zeros(3, "V1")), dtype="bfloat16")
        assert (error.code, "float8" in error.message) == ("bad-dtype", True)
        assert "records" in refused(name, pack(np.zeros(3, "V3"))).message


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_rows_of_logits_lie_along_all_axes_but_the_last(given, refused, order):
    array = np.arange(24, dtype=">f4").reshape(2, 3, 4)
    for name, pack in (("x.npy", npy), ("x.npz", lambda array: npz(a=array))):
        data = pack(np.asarray(array, order=order))
        side = given(name, data, kind="logits")
        assert side.weights.tolist() == array.reshape(6, 4).tolist()
        assert "axes-as-rows" in [note.code for note in side.notes]
        assert refused(name, data, kind="probabilities").code == "bad-shape"
    side = given("x.npy", npy(array[0]), kind="logits")
    assert "axes-as-rows" not in [note.code for note in side.notes]


# array, code, in the message, index
REFUSED = {
    "complex": (np.array([1j]), "bad-dtype", "complex128", None),
    "booleans": (np.array([True]), "bad-dtype", "bool", None),
    "dates": (np.array(["2020-01-01"], dtype="M8[D]"), "bad-dtype", "datetime64", None),
    "durations": (np.array([1], dtype="m8[s]"), "bad-dtype", "timedelta64", None),
    "text": (np.array(["a"]), "bad-dtype", "<U1", None),
    "bytes": (np.array([b"a"]), "bad-dtype", "S1", None),
    "records": (np.array([(1, 2.0)], dtype="i4,f8"), "bad-dtype", "records", None),
    "objects": (np.array([1, None], dtype=object), "bad-dtype", "object", None),
    "NaN": (np.array([[1, 2], [3, np.nan]]), "not-finite", "", (1, 1)),
    "infinity": (np.array([1, np.inf]), "not-finite", "", (1,)),
    "negative": (np.array([1, -1]), "negative-weight", "", (1,)),
    "scalar": (np.array(1.0), "bad-shape", "()", None),
    "cube": (np.ones((2, 2, 2)), "bad-shape", "(2, 2, 2)", None),
    "empty": (np.ones(0), "no-rows", "(0,)", None),
    "empty rows": (np.ones((3, 0)), "no-rows", "(3, 0)", None),
    "zeros": (np.zeros(3), "no-mass", "", None),
}
if np.finfo(np.longdouble).nmant > 52:
    REFUSED["more than a double"] = (np.array([1, 3], "g") / 3, "inexact", "", None)
    REFUSED["beyond a double"] = (np.array([1, 2], "g") ** 9999 * 2, "inexact", "", None)
    REFUSED.pop("beyond a double")


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_no_distribution(refused, case):
    array, code, message, index = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = npy(array)
    error = refused("x.npy", data)
    assert (error.code, error.places[0].index) == (code, index)
    assert message in error.message


def test_all_bad_elements_are_counted(refused):
    array = np.ones((100, 10))
    array[10:, 3] = -1
    error = refused("x.npy", npy(array))
    assert (error.code, error.count) == ("negative-weight", 90)
    assert [place.index for place in error.places] == [(10, 3), (11, 3), (12, 3)]


def header(text, body=b"\0" * 24):
    data = text.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data + body


BROKEN = {
    "other mark": b"NUMPY" + GOOD,
    "version": b"\x93NUMPY\x04\x00" + GOOD[8:],
    "more": GOOD + b"\0",
    "two arrays": GOOD + GOOD,
    "lies": GOOD.replace(b"(2,)", b"(2000000000000,)"),
    "long header": b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + GOOD[10:],
    "negative": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}"),
    "no tuple": header("{'descr': '<f8', 'fortran_order': False, 'shape': 3}"),
    "true": header("{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}", b"\0" * 8),
    "many dimensions": header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {(1,) * 99}}}"),
    "order": header("{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}"),
    "no shape": header("{'descr': '<f8', 'fortran_order': False}"),
    "a key more": header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'x': 1}"),
    "no dict": header("['<f8', False, (3,)]"),
    "code": header("__import__('os').system('true')"),
    "deep": header("{'descr': " + "(" * 5000 + "}"),
    "type": header("{'descr': '<f9', 'fortran_order': False, 'shape': (3,)}"),
    "types": header("{'descr': 'f8,f8', 'fortran_order': False, 'shape': (3,)}"),
    "type of Python": header("{'descr': 'float', 'fortran_order': False, 'shape': (3,)}"),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_file(refused, data):
    assert refused("x.npy", data).code == "bad-npy"


def test_nothing_is_allocated_for_a_header_that_lies_on_a_pipe(tmp_path):
    import os
    import threading
    import tracemalloc

    path = tmp_path / "x.npy"
    os.mkfifo(path)
    thread = threading.Thread(target=path.write_bytes, args=[BROKEN["lies"]])
    thread.start()
    tracemalloc.start()
    with pytest.raises(ValueError, match="needs 16000000000000 bytes"):
        read(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    thread.join()
    assert peak < 5_000_000


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", ["x.npz", "without"])
def test_one_array_of_an_archive(given, refused, compressed, name):
    data = npz(compressed, p=np.array([5, 3]), q=np.array([0.5, 0.5]))
    side = given(name, data, weight="q")
    assert (side.weights.tolist(), side.format) == ([0.5, 0.5], "npz")
    error = refused(name, data)
    assert error.code == "several-weights"
    assert "'p', 'q'" in error.message
    assert "--weight p" in error.hint
    assert refused(name, data, weight="r").code == "unknown-column"
    assert refused(name, data, weight="p", label="q").code == "no-columns"
    assert given(name, npz(compressed, x=np.array([5, 3]))).weights.tolist() == [5, 3]


def test_two_arrays_are_read_in_one_pass(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(npz(p=np.array([5, 3]), q=np.array([0.5, 0.5])))
    sides = read_two(str(path), (ReadOptions(weight="q"), ReadOptions(weight="p")))
    assert [(side.name, side.kind) for side in sides] == [("q", "probabilities"), ("p", "counts")]


def archive(*members, **options):
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", **options) as file:
        warnings.simplefilter("ignore")
        for name, data in members:
            file.writestr(name, data)
    return buffer.getvalue()


BOMB = npy(np.zeros(9_000_000))
ARCHIVES = {
    "no archive": (GOOD[1:], "bad-zip"),
    "empty": (archive(), "no-arrays"),
    "text": (archive(("a.txt", "x")), "no-arrays"),
    "text beside": (archive(("a.txt", "x"), ("a.npy", GOOD)), "several-weights"),
    "objects": (archive(("a.npy", npy(np.array([1, None], dtype=object)))), "bad-dtype"),
    "cut array": (archive(("a.npy", GOOD[:-1])), "bad-npy"),
    "more": (npz(p=np.array([5, 3])) + b"x", "bad-zip"),
    "bomb": (archive(("a.npy", BOMB), compression=zipfile.ZIP_DEFLATED), "inflated-too-large"),
    "flipped": (npz(p=np.array([5.0, 3.0])).replace(b"\x14@", b"\x15@"), "bad-zip"),
    "encrypted": (
        npz(p=np.array([5])).replace(b"\x00\x00\x00!\x00", b"\x01\x00\x00!\x00", 2),
        "bad-zip",
    ),
}


@pytest.mark.parametrize("case", ARCHIVES.values(), ids=ARCHIVES)
def test_a_broken_archive(refused, case):
    data, code = case
    assert refused("x.npz", data).code == code


def test_one_name_twice_in_an_archive(refused):
    data = archive(("a.npy", GOOD), ("a.npy", GOOD))
    assert refused("x.npz", data, weight="a").code == "duplicate-columns"


def test_the_limit_of_an_archive_can_be_raised(given):
    bomb = npy(np.ones(9_000_000))
    data = archive(("a.npy", bomb), compression=zipfile.ZIP_DEFLATED)
    assert given("x.npz", data, max_inflated=len(bomb)).weights.size == 9_000_000


def test_folders_of_an_archive_are_no_arrays_in_raw_rows_either(tmp_path):
    array = io.BytesIO()
    np.save(array, np.arange(4.0))
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.mkdir("d")
        archive.writestr("a.npy", array.getvalue())
    assert [*data_set(tmp_path / "d.npz").columns] == ["a"]
    with zipfile.ZipFile(tmp_path / "e.npz", "w"):
        pass
    with pytest.raises(InputError, match="arrays") as caught:
        data_set(tmp_path / "e.npz")
    assert caught.value.code == "no-arrays"


def test_an_entry_without_a_name_is_damage(tmp_path):
    with zipfile.ZipFile(tmp_path / "n.npz", "w") as archive:
        archive.writestr("a", b"")
    data = (tmp_path / "n.npz").read_bytes()
    # The name's one byte becomes the extra field of the entry in the table of contents.
    at = data.index(b"PK\x01\x02")
    (tmp_path / "n.npz").write_bytes(data[: at + 28] + b"\0\0\1\0" + data[at + 32 :])
    with pytest.raises(InputError) as caught:
        read(tmp_path / "n.npz", ReadOptions())
    assert caught.value.code in ("bad-zip", "no-arrays")
