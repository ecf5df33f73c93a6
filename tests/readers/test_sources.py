"""Paths, pipes, standard input and compressed bytes; one error for whatever fails."""

import bz2
import functools
import gzip
import importlib.util
import io
import lzma
import os
import subprocess
import sys
import tempfile
import threading

import pytest

from kldiv_cli import readers
from kldiv_cli.errors import InputError
from kldiv_cli.readers import (
    ReadOptions,
    compression,
    is_read_once,
    is_readable,
    read,
    read_two,
    source,
    split_name,
)

zstd = importlib.import_module(compression.ZSTD)
CSV = b"c,n\nred,5\nblue,3\n"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("jan.csv", "jan"),
        ("jan.csv.gz", "jan"),
        ("v1.2.csv", "v1.2"),
        ("jan.2024", "jan"),
        ("jan", "jan"),
        (".csv", ".csv"),
        ("a=b.csv", "a=b"),
        ("x y\n\x1b[31m.csv", "x y\n\x1b[31m"),
        ("jan.JSON.XZ", "jan"),
        ("jan.tar.csv", "jan.tar"),
    ],
)
def test_names(given, name, stem):
    data = gzip.compress(CSV) if name.endswith("gz") else CSV
    data = lzma.compress(b'{"red": 5, "blue": 3}') if name.endswith("XZ") else data
    assert given(name, data).name == stem


def test_a_name_that_is_given_wins(tmp_path):
    (tmp_path / "x.csv").write_bytes(CSV)
    assert read(str(tmp_path / "x.csv"), name="jan").name == "jan"
    assert read(tmp_path / "x.csv").source == str(tmp_path / "x.csv")


def test_words_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("x.csv", "a=b.csv"):
        (tmp_path / name).write_bytes(CSV)
    (tmp_path / "loop").symlink_to("loop")
    for word in ("-", "x.csv", "a=b.csv", "jan=x.csv", "jan=-", "jan=a=b.csv", "loop", "."):
        assert is_readable(word), word
    for word in (
        "y.csv",
        "jan=y.csv",
        "",
        "=x.csv",
        "jan=",
        "s3://a/x.csv",
        "x.csv\0",
        "d/a=x.csv",
    ):
        assert not is_readable(word), word
    assert split_name("jan=x.csv") == ("jan", "x.csv")
    assert split_name("jan=y.csv") == ("jan", "y.csv")
    assert split_name("a=b.csv") == (None, "a=b.csv")
    assert split_name("jan=a=b.csv") == ("jan", "a=b.csv")
    assert split_name("d/a=x.csv") == (None, "d/a=x.csv")
    assert split_name("https://x/?a=b") == (None, "https://x/?a=b")
    assert split_name("jan=https://x/?a=b") == ("jan", "https://x/?a=b")


def no_stdin(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (CSV, "csv"),
        (CSV.replace(b",", b"\t"), "tsv"),
        (CSV.replace(b",", b";"), "text"),
        (gzip.compress(CSV, mtime=0), "csv"),
        (bz2.compress(CSV), "csv"),
        (lzma.compress(CSV), "csv"),
        (b' \n\t{"red": 5, "blue": 3}', "json"),
        ('\ufeff{"red": 5, "blue": 3}'.encode("utf-16-le"), "json"),
        (gzip.compress(b'{"red": 5, "blue": 3}', mtime=0), "json"),
    ],
)
def test_standard_input_is_known_by_its_first_bytes(monkeypatch, data, format_):
    no_stdin(monkeypatch, data)
    side = read("-")
    assert (side.name, side.source, side.format) == ("stdin", "-", format_)
    assert (side.outcomes, side.weights.tolist()) == (("red", "blue"), [5, 3])
    assert not sys.stdin.closed


@pytest.mark.parametrize("stdin", [None, "closed"])
def test_a_closed_standard_input(monkeypatch, stdin):
    if stdin == "closed":
        no_stdin(monkeypatch, CSV)
        sys.stdin.close()
    else:
        monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError) as caught:
        read("-")
    assert caught.value.code == "stdin-closed"
    assert caught.value.places[0].source == "-"


def test_a_fifo_is_opened_once_and_never_sought(tmp_path):
    path = tmp_path / "x.csv"
    os.mkfifo(path)
    thread = threading.Thread(target=path.write_bytes, args=[b"c,p,q\na,1,4\nb,4,1\n"])
    thread.start()
    p, q = read_two(str(path), (ReadOptions(weight="p"), ReadOptions(weight="q")))
    thread.join()
    assert (p.weights.tolist(), q.weights.tolist()) == ([1, 4], [4, 1])


def test_a_file_descriptor(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, CSV)
    os.close(writing)
    side = read(f"/dev/fd/{reading}")
    os.close(reading)
    assert (side.name, side.format) == (f"fd{reading}", "csv")


@pytest.mark.parametrize("most", [0, 1 << 20])
def test_a_pipe_that_is_held_is_closed(most, monkeypatch):
    monkeypatch.setattr(source, "HELD", most)
    reading, writing = os.pipe()
    os.write(writing, CSV)
    os.close(writing)
    chunks = iter([CSV[:4], CSV[4:]])
    monkeypatch.setattr(source, "_Reader", lambda *_: chunks)
    with readers.held(f"/dev/fd/{reading}") as held:
        assert isinstance(held.file, io.BytesIO) == bool(most)
        with held.reopened() as file:
            assert file.read() == CSV
        assert is_read_once(held) is False
    assert held.file.closed
    os.close(reading)


def test_a_pipe_that_is_cut_between_cr_and_lf(monkeypatch):
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(1)

        read1 = read

    monkeypatch.setattr(source, "HEAD", 1)
    monkeypatch.setattr(source, "_open", lambda path: Slow(CSV.replace(b"\n", b"\r\n")))
    assert read("x.csv").weights.tolist() == [5, 3]


SPECIAL = {
    "absent.csv": "no-such-file",
    "x.csv/y": "no-such-file",
    "dir.csv": "is-a-directory",
    "loop.csv": "symlink-loop",
    "n" * 300 + ".csv": "no-such-file",
    "nul\0.csv": "unreadable",
}


@pytest.mark.parametrize(
    ("name", "code"), SPECIAL.items(), ids=["absent", "below", "dir", "loop", "long", "nul"]
)
def test_what_is_no_file(tmp_path, name, code):
    (tmp_path / "x.csv").write_bytes(CSV)
    (tmp_path / "dir.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(InputError) as caught:
        read(os.path.join(tmp_path, name))
    assert caught.value.code == code
    assert caught.value.places[0].source.endswith(name)


def test_devices():
    for path, code in (("/dev/null", "empty-file"), ("/dev/zero", "nul-character")):
        with pytest.raises(InputError) as caught:
            read(path)
        assert caught.value.code == code


def test_a_sparse_file_is_not_read_to_its_end(tmp_path):
    for name in ("x.csv", "x.json", "x.jsonl", "x.npy", "x.npz", "x", "x.csv.gz"):
        path = tmp_path / name
        with path.open("wb") as file:
            file.truncate(10**12)
        with pytest.raises(InputError) as caught:
            read(str(path))
        assert caught.value.code in ("nul-character", "bad-npy", "bad-zip", "corrupt-compression")


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        (
            "https://x.org/a.csv",
            "curl -L https://x.org/a.csv | kldiv compare - Q",
        ),
        (
            "http://x.org/a.json?v=1",
            "curl -L 'http://x.org/a.json?v=1' | kldiv compare - Q",
        ),
        (
            "s3://bucket/a.parquet",
            "aws s3 cp s3://bucket/a.parquet - | kldiv compare - Q",
        ),
        (
            "gs://bucket/a",
            "gcloud storage cat gs://bucket/a | kldiv compare - Q",
        ),
        ("file:///tmp/a.csv", "name the file itself: /tmp/a.csv"),
    ],
)
def test_nothing_is_fetched(url, hint):
    with pytest.raises(InputError) as caught:
        read(url)
    assert (caught.value.code, caught.value.hint) == ("url", hint)


def test_formats_whose_packages_are_not_installed(refused, monkeypatch):
    found = importlib.util.find_spec
    missing = lambda name: None if name in ("pyarrow", compression.ZSTD) else found(name)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", missing)
    for name, data, remedy in (
        ("x.parquet", b"PAR1\0", "convert the file to CSV"),
        ("x", b"PAR1\0\0", "convert the file to CSV"),
        ("x.feather", b"ARROW1\0\0", "convert the file to CSV"),
        ("x", b"ARROW1\0\0", "convert the file to CSV"),
        ("x", b"\xff\xff\xff\xff\x10\0\0\0", "convert the file to CSV"),
        ("x.csv.zst", b"\x28\xb5\x2f\xfd\0", "unpack it with zstd -d"),
        ("x", b"\x28\xb5\x2f\xfd\0", "unpack it with zstd -d"),
    ):
        error = refused(name, data)
        assert error.code == "needs-extra"
        assert error.hint == f"pip install '.[duckdb]' in a checkout of kldiv; or {remedy}"
    assert refused("x.csv", CSV, format="parquet").code == "needs-extra"


def test_text_that_begins_as_a_format_does(given):
    for mark in ("PAR1", "ARROW1"):
        assert given("x", f"{mark},5\nblue,3\n".encode()).outcomes == (mark, "blue")


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.npz"])
def test_a_name_that_lies(refused, name):
    error = refused(name, b"\x93NUMPY\x01\0")
    assert (error.code, error.hint) == ("format-mismatch", "--input-format npy")


COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
CHECKED = {zstd.CompressionParameter.checksum_flag: 1}
COMPRESS["zst"] = functools.partial(zstd.compress, options=CHECKED)


def frame_of_other_data(data, kind=0):
    return bytes([0x50 + kind]) + b"\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


def test_zstandard(given, refused):
    checked = zstd.compress(CSV, options=CHECKED)
    other = frame_of_other_data(b"abc", 7)
    for data in (
        other + checked + frame_of_other_data(b""),
        zstd.compress(b"") + zstd.compress(CSV[:8]) + other + zstd.compress(CSV[8:]),
    ):
        for name in ("x.csv.zst", "x"):
            assert given(name, data).weights.tolist() == [5, 3]
    flipped = checked[:-1] + bytes([checked[-1] ^ 1])
    for data in (flipped, checked[:-1], checked[:9], other[:-1], checked + bytes(8)):
        assert refused("x.csv.zst", data).code == "corrupt-compression"
    assert refused("x.csv.zst", other).code == "empty-file"
    wide = {zstd.CompressionParameter.window_log: 28, zstd.CompressionParameter.checksum_flag: 0}
    compressor = zstd.ZstdCompressor(options=wide)
    streamed = compressor.compress(CSV) + compressor.flush()
    error = refused("x.csv.zst", streamed)
    assert error.message == "to inflate the zstd data takes too much memory"


@pytest.mark.parametrize("extension", COMPRESS)
def test_compressed_text(given, refused, extension):
    compress = COMPRESS[extension]
    data = compress(CSV)
    half = compress(CSV[:8]) + compress(CSV[8:])
    for name in (f"x.csv.{extension}", f"x.{extension}", "x", "x.csv"):
        assert given(name, data).weights.tolist() == [5, 3]
        assert given(name, half).weights.tolist() == [5, 3]
    assert given(f"x.json.{extension}", compress(b"[5, 3]")).weights.tolist() == [5, 3]
    if extension in ("gz", "xz"):
        assert given(f"x.csv.{extension}", data + b"\0" * 8).weights.tolist() == [5, 3]
    name = f"x.csv.{extension}"
    assert refused(name, data + b"junk").code == "corrupt-compression"
    assert refused(name, CSV).code == "corrupt-compression"
    assert refused(name, compress(data)).code == "corrupt-compression"
    assert refused(name, compress(b"")).code == "empty-file"
    assert refused(name, b"").code == "empty-file"
    for length in range(1, len(data)):
        assert refused(name, data[:length]).code == "corrupt-compression", length
    codes = set()
    for i in range(len(data)):
        flipped = data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
        try:
            assert given(name, flipped).weights.tolist() == [5, 3]
        except InputError as error:
            codes.add(error.code)
    assert codes == {"corrupt-compression"}


@pytest.mark.parametrize("extension", COMPRESS)
def test_bombs(given, refused, monkeypatch, extension):
    monkeypatch.setattr(compression, "INFLATED", 1 << 20)
    name = f"x.csv.{extension}"
    bomb = COMPRESS[extension](b"0\n" * 2_000_000)
    assert refused(name, bomb).code == "inflated-too-large"
    assert "--max-inflated" in refused(name, bomb).hint
    side = given(name, COMPRESS[extension](b"1\n" * 700_000), max_inflated=1_400_000)
    assert side.weights.size == 700_000
    assert refused(name, COMPRESS[extension](CSV), max_inflated=len(CSV) - 1).count == 1
    assert given(name, COMPRESS[extension](CSV), max_inflated=len(CSV)).rows_read == 2


@pytest.mark.parametrize("extension", COMPRESS)
@pytest.mark.parametrize(
    ("name", "begin", "unit"),
    [
        ("x.csv", "label,n\n", "a,1\n"), ("x.csv", "label,n\n", "a"), ("x.json", "[1", ",1"),
        ("x.json", '{"a": "', "a"), ("x.jsonl", "", '{"a": 1}\n'),
        ("x.npz", "PK\3\4", "\0"), ("x.uniq", "", "      1 a\n"), ("x.tsv", "a\t1\n", "\n"),
    ],
)  # fmt: skip
def test_nothing_of_a_bomb_is_parsed(refused, monkeypatch, extension, name, begin, unit):
    def parse(module):
        raise AssertionError(module)

    monkeypatch.setattr(compression, "INFLATED", 1 << 18)
    monkeypatch.setattr(readers, "import_module", parse)
    member = COMPRESS[extension]((unit * 200_000).encode())
    bomb = COMPRESS[extension](begin.encode()) + member * 5
    assert refused(f"{name}.{extension}", bomb).code == "inflated-too-large"


def test_raw_rows_inflate_to_any_size_but_not_a_line_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "INFLATED", 1 << 18)
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"label\n" + b"a\r\n" * 2_000_000))
    with source.opened(path, ReadOptions(), raw=True) as stream:
        assert sum(map(len, stream)) == 6_000_006
    for options in (ReadOptions(max_inflated=6_000_005), ReadOptions(format="json")):
        with (
            pytest.raises(InputError, match="inflate to more than"),
            source.opened(path, options, raw=True) as stream,
        ):
            list(stream)
    path.write_bytes(gzip.compress(b"label\n" + b"a" * 2_000_000))
    with (
        pytest.raises(InputError, match="inflate to a line of more than 262144 bytes"),
        source.opened(path, ReadOptions(), raw=True) as stream,
    ):
        list(stream)


def test_the_limit_grows_with_the_compressed_size(given, monkeypatch):
    monkeypatch.setattr(compression, "INFLATED", 1 << 10)
    rows = "c,n\n" + "".join(f"{hash((i, 'x')):x},1\n" for i in range(5_000))
    assert given("x.csv.gz", gzip.compress(rows.encode())).rows_read == 5_000


class Failing(io.RawIOBase):
    """A file whose Nth read fails."""

    def __init__(self, data, fails_at, error):
        super().__init__()
        self.chunks = [data[i : i + 7] for i in range(0, len(data), 7)]
        self.reads = 0
        self.fails_at = fails_at
        self.error = error

    def read(self, size=-1):
        if self.reads == self.fails_at:
            raise self.error
        self.reads += 1
        return self.chunks.pop(0) if self.chunks else b""


def all_formats():
    import numpy as np

    archive, array = io.BytesIO(), io.BytesIO()
    np.savez(archive, p=np.array([5, 3]))
    np.save(array, np.array([5, 3]))
    yield "x.csv", CSV
    yield "x.csv.gz", gzip.compress(CSV)
    yield "x.csv.bz2", bz2.compress(CSV)
    yield "x.csv.xz", lzma.compress(CSV)
    yield "x.json", b'{"red": 5, "blue": 3}'
    yield "x.jsonl", b'{"c": "red", "n": 5}\n{"c": "blue", "n": 3}\n'
    yield "x.uniq", b"      5 red\n      3 blue\n"
    yield "x.npy", array.getvalue()
    yield "x.npz", archive.getvalue()


ALL = dict(all_formats())


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), MemoryError(), EOFError(), ValueError("x")]
)
@pytest.mark.parametrize(
    ("name", "data"),
    list(all_formats()),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_read_may_fail(monkeypatch, name, data, error):
    for head in (1, 1 << 16):
        monkeypatch.setattr(source, "HEAD", head)
        for fails_at in range(-(-len(data) // 7) + 1):
            file = Failing(data, fails_at, error)
            monkeypatch.setattr(source, "_open", lambda path, file=file: file)
            with pytest.raises(InputError) as caught:
                read(name)
            assert caught.value.places[0].source == name
            assert file.closed


def test_an_interrupt_is_not_swallowed(monkeypatch):
    file = Failing(CSV, 1, KeyboardInterrupt())
    monkeypatch.setattr(source, "_open", lambda path: file)
    with pytest.raises(KeyboardInterrupt):
        read("x.csv")
    assert file.closed


@pytest.mark.parametrize(
    ("name", "data"),
    list(all_formats()),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_truncated_anywhere(given, name, data):
    """A cut file is refused, unless what is left is a whole file of its own."""
    whole = given(name, data).weights.tolist()
    for length in range(len(data)):
        try:
            side = given(name, data[:length])
        except InputError:
            continue
        assert name in ("x.csv", "x.jsonl", "x.uniq"), length
        assert side.weights.tolist() == whole or len(side.weights) < len(whole)


def test_imports_are_few():
    code = (
        "import sys, kldiv_cli.readers\n"
        "assert not {'numpy', 'csv', 'json', 'zipfile'} & set(sys.modules), 'imported early'\n"
        "before = set(sys.modules); import numpy; numpys = set(sys.modules) - before\n"
        "kldiv_cli.readers.read(sys.argv[1])\n"
        "print(*sorted(m for m in set(sys.modules) - before - numpys if '.' not in m))\n"
    )

    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(CSV)
        file.flush()
        ran = subprocess.run(
            [sys.executable, "-c", code, file.name], capture_output=True, text=True, check=True
        )
    assert set(ran.stdout.split()) <= {"_csv", "csv", "array"}
