"""Well-known files that are not read are named, and what looks like one is read."""

import gzip
import io
import pickle
import sqlite3
import tarfile
import zipfile

import numpy as np
import pytest

from kldiv_cli import InputError, check
from kldiv_cli.readers import ReadOptions, read


def database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (a text, b int)")
    connection.close()
    return path.read_bytes()


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet")
    return file.getvalue()


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"a,1\n"))
    return file.getvalue()


FILES = {
    "an Excel workbook": zipped("[Content_Types].xml", "xl/a.xml"),
    "an OpenDocument sheet": zipped("mimetype", "content.xml"),
    "a tar archive": tarred(),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(90),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "a DuckDB database": bytes(8) + b"DUCK" + bytes(90),
    "an ORC file": b"ORC\x0a\0\x03",
    "an Avro file": b"Obj\x01\x04\x14avro.codec",
    "an R object": b"RDX3\nX\n\0\0\0\3",
    "a Stata file": b"<stata_dta><header><release>118",
    "a file of torch.save": zipped("model/data.pkl", "model/byteorder", "model/data/0"),
    "a file of torch.save#old": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    "a GGUF file": b"GGUF\3\0\0\0" + bytes(40),
    "a base file of a fork of llama.cpp": b"_logits2\0\2\0\0",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(20),
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 5\n",
    "a web page": b"<!doctype html>\n<html><body>Log in</body></html>\n",
    **{f"a pickle#{n}": pickle.dumps({"a": [1, 2]}, protocol=n) for n in (2, 3, 4, 5)},
    "a pickle#arrays": pickle.dumps(np.arange(9)),
}


@pytest.fixture
def refused(tmp_path):
    def call(name, content, **options):
        path = tmp_path / name
        path.write_bytes(content)
        codes = set()
        for ask in (lambda: read(str(path), ReadOptions(**options)), lambda: check(str(path), {})):
            with pytest.raises(InputError) as caught:
                ask()
            codes.add((caught.value.code, caught.value.message))
        ((code, message),) = codes
        assert caught.value.hint
        return code, message

    return call


@pytest.mark.parametrize("name", ["x", "x.csv", "x.json", "x.csv.gz", "x.npz"])
@pytest.mark.parametrize("what", FILES)
def test_the_file_is_named(refused, what, name):
    content = FILES[what]
    packed = gzip.compress(content) if name.endswith(".gz") else content
    code, message = refused(name, packed)
    assert code == "foreign-format"
    assert message.startswith(f"this is {what.partition('#')[0]}")


def test_a_database_of_sqlite(refused, tmp_path):
    content = database(tmp_path / "made.db")
    for name in ("x.db", "x.csv", "x"):
        assert refused(name, content) == ("foreign-format", "this is a SQLite database")
    assert refused("x.csv", content, format="csv")[0] == "foreign-format"
    with pytest.raises(InputError) as caught:
        read(str(tmp_path / "made.db"))
    assert caught.value.hint.startswith("sqlite3 -csv -header FILE ")


@pytest.mark.parametrize(
    "text",
    ["ORC,5\nelf,2\n", "FEA1,5\nb,2\n", "SQLite format 3,5\nb,2\n", "%PDF,5\nb,2\n",
     "xxxxxxxxDUCK,5\nb,2\n", "CDF,5\nb,2\n", "RDX,5\nb,2\n", "ustar,5\nb,2\n",
     "<html>,5\n<body>,2\n", "version,5\nb,2\n", "MATLAB,5\nb,2\n"],
)  # fmt: skip
def test_text_that_begins_like_one_is_text(table, text):
    path = table("x.csv", text)
    assert read(path).weights.tolist() == [5, 2]
    assert read(table("x", text)).weights.tolist() == [5, 2]


def test_what_the_user_calls_a_table_is_one(table):
    path = table("x.csv", "<!doctype html>,5\n<html>,2\n")
    assert read(path, ReadOptions(format="csv")).weights.tolist() == [5, 2]


def test_archives_of_arrays_are_read(tmp_path):
    np.savez(tmp_path / "x.npz", xl=np.array([5, 2]))
    assert read(str(tmp_path / "x.npz")).weights.tolist() == [5, 2]
