"""Arrays that tell lies, or change while they are read: one error, early, for little memory."""

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from kldiv_cli import InputError, readers
from kldiv_cli.core import table
from kldiv_cli.readers import ReadOptions, compression, source, targets
from kldiv_cli.readers.batch import rows_of

LOGITS = ReadOptions(kind="logits")
ARRAY = np.random.default_rng(1).normal(size=(4000, 5)).astype("f4")


def npy(shape, data=bytes(48), descr="<f4", *, fortran=False):
    """Return a file with a header of this shape."""
    header = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(method=zipfile.ZIP_STORED, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def tensors(*arrays):
    """Return a .safetensors file of tensors 0, 1 and so on, all of float32."""
    entries, end = {}, 0
    for i, array in enumerate(arrays):
        offsets = [end, end := end + array.nbytes]
        entries[str(i)] = {"dtype": "F32", "shape": array.shape, "data_offsets": offsets}
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + b"".join(a.tobytes() for a in arrays)


def one_tensor(shape, size):
    entry = {"x": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}
    header = json.dumps(entry).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


def base_file(chunks=4, outcomes=4):
    """Return a base file of llama.cpp, of two records for each piece of text of five tokens."""
    record = np.zeros(2 * chunks, [("scale", "<f4"), ("min", "<f4"), ("code", "<u2", (outcomes,))])
    record["min"] = -np.log(outcomes)
    tokens = bytes(20 * chunks)
    return b"_logits_" + struct.pack("<iii", 5, outcomes, chunks) + tokens + record.tobytes()


def consumed(path, options=LOGITS, before=lambda: None):
    """Read the rows of a file one block after the other, and return how many there are."""
    with readers.opened(path, options) as found:
        side = rows_of(found, options, None)
        before()
        return sum(len(block) for block in side.blocks)


CLAIMS = {
    "bytes that 64 bits do not count": npy((2**40, 2**40)),
    "bytes that are 0 in 64 bits": npy((2**32, 2**32)),
    "many rows": npy((10**9, 4)),
    "a long row": npy((3, 10**10)),
    "a row of which much would be set aside": npy((3, 25 * 10**6)),
    "a long vector": npy((10**10,)),
    "columns": npy((3, 10**10), fortran=True),
    "nothing, of a size that no array has": npy((0, 2**61), b""),
}


@pytest.mark.parametrize("how", CLAIMS)
@pytest.mark.parametrize("form", ["npy", "npy.gz", "npz", "piped"])
def test_nothing_is_set_aside_for_what_a_header_claims(table, how, form):
    packed = {"npy": bytes, "npy.gz": gzip.compress, "piped": bytes}.get(form)
    data = npz(a=CLAIMS[how]) if packed is None else packed(CLAIMS[how])
    path = table(f"x.{'npy' if form == 'piped' else form}", data)
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            if form == "piped":
                with readers.held(path) as piped:
                    readers.read(piped, LOGITS)
            else:
                readers.read(path, LOGITS)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "bad-npy"
    assert held < 40e6


@pytest.mark.parametrize("how", CLAIMS)
def test_a_claim_is_refused_before_the_sides_meet(table, how):
    path = table("x.npy", CLAIMS[how])
    with pytest.raises(InputError) as caught, readers.opened(path, LOGITS):
        pass
    assert caught.value.code == "bad-npy"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("x.npy", npy((2**50, 0), b""), "no-rows"),
        ("x.npz", npz(a=npy((2**50, 0), b"")), "no-rows"),
        ("x.safetensors", one_tensor([2**50, 0], 0), "no-rows"),
        ("x.safetensors", one_tensor([0, 2**70], 0), "bad-safetensors"),
        ("x.safetensors", one_tensor([2**40, 2**40], 0), "bad-safetensors"),
    ],
)
def test_no_outcomes_of_many_rows_are_no_work(refused, name, data, code):
    assert refused(name, data, kind="logits").code == code


SHRINKING = {
    "x.npy": (saved(ARRAY), LOGITS, "bad-npy"),
    "x.safetensors": (tensors(ARRAY), LOGITS, "bad-safetensors"),
    "y.safetensors": (tensors(ARRAY, ARRAY), LOGITS._replace(weight="1"), "bad-safetensors"),
    "x.kld": (base_file(4000), LOGITS, "bad-kld"),
    "x.npz": (npz(a=saved(ARRAY)), LOGITS, "bad-zip"),
    "y.npz": (npz(zipfile.ZIP_DEFLATED, a=saved(ARRAY)), LOGITS, "bad-zip"),
}


@pytest.mark.parametrize("name", SHRINKING)
def test_a_file_that_shrinks_while_it_is_read(table, monkeypatch, name):
    data, options, code = SHRINKING[name]
    path = table(name, data)
    rows = consumed(path, options)
    assert rows > 1
    # Of what was looked at for the format, and of the first chunks, nobody sees the file shrink.
    monkeypatch.setattr("kldiv_cli.readers.source.HEAD", 32)
    monkeypatch.setattr("kldiv_cli.readers.source.CHUNK", 32)
    monkeypatch.setattr("kldiv_cli.readers.compression.HEAD", 32)
    monkeypatch.setattr("kldiv_cli.readers.npz.CHUNK", 32)
    with pytest.raises(InputError) as caught:
        consumed(path, options, lambda: os.truncate(path, len(data) // 2))
    assert caught.value.code == code
    assert caught.value.places[0].source == path


def test_a_base_file_that_is_cut_says_how_many_pieces_are_whole(table):
    data = base_file(chunks=4)
    for missing, whole in ((1, 3), (32, 3), (33, 2), (128, 0)):
        path = table("x.kld", data[:-missing])
        with pytest.raises(InputError, match=f"{whole} of its 4 pieces of text are whole"):
            consumed(path)


@pytest.mark.parametrize("name", ["x.npz", "x.safetensors"])
def test_a_file_that_becomes_a_folder(table, monkeypatch, name):
    data = {"x.npz": npz(a=saved(ARRAY)), "x.safetensors": tensors(ARRAY, ARRAY)}[name]
    path = table(name, data)
    reader = f"kldiv_cli.readers.{name[2:]}.seekable"

    def replaced(stream):
        from kldiv_cli.readers.source import seekable

        os.remove(path)
        os.mkdir(path)
        return seekable(stream)

    monkeypatch.setattr(reader, replaced)
    with pytest.raises(InputError) as caught:
        consumed(path, LOGITS._replace(weight="1") if name == "x.safetensors" else LOGITS)
    assert caught.value.code == "is-a-directory"


PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.fixture
def small_limits(monkeypatch):
    """64 KiB may be held of what is compressed; blocks of 100 rows of five numbers."""
    monkeypatch.setattr(compression, "INFLATED", 1 << 16)
    monkeypatch.setattr("kldiv_cli.readers.npz.INFLATED", 1 << 16)
    monkeypatch.setattr(compression, "CHUNK", 1 << 12)
    monkeypatch.setattr("kldiv_cli.readers.npz.CHUNK", 1 << 12)
    monkeypatch.setattr(table, "VALUES", 500)


FLAT = np.zeros((7000, 5), "f4")
HELD = {
    "a vector": FLAT.ravel(),
    "columns": np.asfortranarray(FLAT),
    "one row": FLAT.reshape(1, -1),
    "numbers of rows": np.zeros((70_000, 1), "f2").repeat(2, axis=1),
}


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("form", [*PACK, "npz"])
def test_rows_that_are_not_held_inflate_to_any_size(table, monkeypatch, form):
    monkeypatch.setattr(compression, "RATIO", 0)
    monkeypatch.setattr("kldiv_cli.readers.npz.RATIO", 0)

    def written(array):
        data = saved(array)
        if form == "npz":
            return table("x.npz", npz(zipfile.ZIP_DEFLATED, a=data))
        return table(f"x.npy.{form}", PACK[form](data))

    path = written(FLAT)
    assert consumed(path) == len(FLAT)
    limited = LOGITS._replace(max_inflated=100_000)
    for read in (lambda: consumed(path, limited), lambda: readers.read(path, LOGITS)):
        with pytest.raises(InputError, match="inflate") as caught:
            read()
        assert caught.value.code == "inflated-too-large"
    for array in HELD.values():
        with pytest.raises(InputError) as caught:
            consumed(written(array))
        assert (caught.value.code, "--max-inflated" in caught.value.hint) == (
            "inflated-too-large",
            True,
        )


def test_tensors_are_known_by_their_first_bytes(table, refused):
    path = table("x", tensors(ARRAY))
    assert consumed(path) == len(ARRAY)
    assert readers.read(path, LOGITS).format == "safetensors"
    assert refused("x.npy", tensors(ARRAY)).code == "format-mismatch"
    # Text in 32 bits looks alike in some places.
    text = 'b{"c": 1'.encode("utf-32-le")
    with source.opened(table("y", text), ReadOptions(encoding="utf-32-le")) as stream:
        assert stream.format == "text"


def test_a_target_that_64_bits_with_a_sign_do_not_hold_is_shown_as_it_is(table):
    path = table("t.npy", saved(np.array([2**64 - 1], dtype=np.uint64)))
    with pytest.raises(InputError) as caught:
        targets.read(path, 1, 5)
    assert caught.value.places[0].value == str(2**64 - 1)
