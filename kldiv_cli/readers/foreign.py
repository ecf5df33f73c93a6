"""Well-known files that are not read: their first bytes, and what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.errors import InputError, Place
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.readers.stream import ByteStream

HEAD = 600
"""First bytes that are looked at."""


class Foreign(NamedTuple):
    """A row of `FILES`."""

    name: str
    """What the file is, with an article."""
    marks: tuple[bytes, ...]
    hint: str
    """What to do."""
    offset: int = 0
    """Where a mark begins."""
    binary: bool = False
    """Whether text may begin with the mark, so that there must be a NUL beside it."""
    text: bool = False
    """Whether it is text, which the user may call a table."""
    inside: bytes = b""
    """What must be among the first bytes, too."""


_SHEET = "save the sheet as CSV"
_FRAME = "in Python, kldiv_cli.check takes the data frame that {} returns"
_UNPACK = "unpack it, and name the file inside"
_HDF = f"{_FRAME.format('pandas.read_hdf')}; numpy.save writes an array of it"
_TENSORS = "write its tensors with safetensors.torch.save_file, or one of them with numpy.save"
# fmt: off
FILES = (
    Foreign("a SQLite database", (b"SQLite format 3\0",),
            "sqlite3 -csv -header FILE 'select * from TABLE' | kldiv check REFERENCE -"),
    Foreign("a DuckDB database", (b"DUCK",),
            "duckdb -csv FILE 'from TABLE' | kldiv check REFERENCE -", offset=8, binary=True),
    Foreign("an Excel workbook", (b"[Content_Types].xml", b"_rels/.rels", b"docProps/", b"xl/"),
            _SHEET, offset=30, binary=True),
    Foreign("an OpenDocument sheet", (b"mimetypeapplication/vnd.oasis.opendocument",), _SHEET,
            offset=30, binary=True),
    Foreign("an Excel workbook", (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",), _SHEET),
    Foreign("a PDF", (b"%PDF-1.", b"%PDF-2."), "save its table as CSV"),
    Foreign("an HDF5 file", (b"\x89HDF\r\n\x1a\n",), _HDF),
    Foreign("an HDF5 file", (b"\x89HDF\r\n\x1a\n",), _HDF, offset=512),
    Foreign("a base file of a fork of llama.cpp", (b"_logits2", b"_logp16"),
            "write it with llama-perplexity of llama.cpp itself", binary=True),
    Foreign("a NetCDF file", (b"CDF\x01", b"CDF\x02", b"CDF\x05"), "ncdump prints it as text"),
    # The folder in the archive is called as the file was.
    Foreign("a file of torch.save, which is a pickle", (b"PK\x03\x04",), _TENSORS, binary=True,
            inside=b"/data.pkl"),
    Foreign("a file of torch.save, which is a pickle",
            (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",), _TENSORS),
    Foreign("a GGUF file, which holds the weights of a model", (b"GGUF",),
            "llama-perplexity --kl-divergence-base writes what the model predicts", binary=True),
    Foreign("a pickle", (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95"),
            "write the data as CSV: a pickle may run any code and is never opened"),
    Foreign("an ORC file", (b"ORC",), _FRAME.format("pandas.read_orc"), binary=True),
    Foreign("an Avro file", (b"Obj\x01",),
            "convert its rows to JSON Lines, one record a line"),
    Foreign("a Feather file of version 1", (b"FEA1",), _FRAME.format("pandas.read_feather"),
            binary=True),
    Foreign("an R object", (b"X\n\0\0\0", b"B\n\3\0\0\0", b"RDX2\n", b"RDX3\n"),
            "write it from R with write.csv(DATA, row.names = FALSE)"),
    Foreign("a Stata file", (b"<stata_dta>",), _FRAME.format("pandas.read_stata")),
    Foreign("an SPSS file", (b"$FL2@(#)", b"$FL3@(#)"), _FRAME.format("pandas.read_spss")),
    Foreign("a SAS file", (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf",),
            _FRAME.format("pandas.read_sas")),
    Foreign("a MATLAB file", (b"MATLAB 5.0 MAT-file",), "save its arrays with numpy.savez"),
    Foreign("a tar archive", (b"ustar",), _UNPACK, offset=257, binary=True),
    Foreign("a 7-Zip archive", (b"7z\xbc\xaf\x27\x1c",), _UNPACK),
    Foreign("a RAR archive", (b"Rar!\x1a\x07",), _UNPACK),
    Foreign("data that LZ4 compressed", (b"\x04\x22\x4d\x18",),
            "lz4 -dc FILE | kldiv check REFERENCE -"),
    Foreign("data that compress compressed", (b"\x1f\x9d",),
            "zcat FILE | kldiv check REFERENCE -"),
    Foreign("a picture", (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"),
            "name the data that it was drawn of"),
    Foreign("a pointer of Git LFS, not the file itself",
            (b"version https://git-lfs.github.com/spec/",), "git lfs pull fetches it", text=True),
    Foreign("a web page", (b"<!doctype html", b"<!DOCTYPE html", b"<!DOCTYPE HTML"),
            "what was to be fetched may need a login: look at it in a browser", text=True),
)
# fmt: on


def refuse(stream: ByteStream, *, named: bool) -> None:
    """Refuse a well-known file that is not read.

    Parameters
    ----------
    stream : ByteStream
        None of its bytes are consumed.
    named : bool
        Whether the user says what the format is, so that text is what they say.

    Raises
    ------
    InputError
        If the first bytes are those of such a file.
    """
    head = stream.peek(HEAD)
    for file in FILES:
        if not head.startswith(file.marks, file.offset) or (file.binary and b"\0" not in head):
            continue
        if file.inside not in head:
            continue
        if not (file.text and named):
            here = Place(stream.source)
            raise InputError("foreign-format", f"this is {file.name}", here, hint=file.hint)
