"""The columns of a file at a glance, while its name is still being typed.

A completion asks for them at every press of a key: only a regular file is opened, only its
beginning is read, and a file that cannot be read has no columns.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.table import Members, Table
from kldiv_cli.errors import KldivError
from kldiv_cli.readers import compression
from kldiv_cli.readers.formats import FORMATS, TIDY_COLUMNS
from kldiv_cli.readers.source import format_of
from kldiv_cli.readers.stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.readers.options import ReadOptions

BYTES = 65_536
"""The length of the beginning that is read, and of what is made of it if it is compressed."""
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},]', re.DOTALL)


def columns(path: str, options: ReadOptions) -> tuple[str, ...]:
    """Return the names of a file's columns, as far as its first 64 kB tell; none on any error.

    Parameters
    ----------
    path : str
        A file; what is not a regular one is not opened.
    options : ReadOptions
        How it is to be parsed.
    """
    try:
        head, whole = _beginning(path)
        stem, extension = os.path.splitext(path.lower())
        stream = ByteStream(path, iter([head]), len(head))
        codec = compression.recognised(stream, extension)
        if codec is not None:
            if extension in compression.EXTENSIONS:
                extension = os.path.splitext(stem)[1]
            stream = compression.inflated(stream, codec)
            head = stream.peek(BYTES)
            head, whole = head[:BYTES], whole and len(head) < BYTES
            stream = ByteStream(path, iter([head]), len(head))
        format_ = options.format or format_of(stream, extension)
        return tuple(dict.fromkeys(_names(head, format_, options, whole=whole)))
    except Exception:
        return ()


def _beginning(path: str) -> tuple[bytes, bool]:
    """Return the first bytes of a regular file, and whether they are all of it."""
    from stat import S_ISREG

    # To open a pipe or a device may do something; one that takes the file's place does not block.
    if not S_ISREG(os.stat(path).st_mode):
        return b"", True
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(number, "rb", buffering=0) as file:
        if not S_ISREG(os.fstat(number).st_mode):
            return b"", True
        head = file.read(BYTES)
        return head, len(head) < BYTES


def _names(head: bytes, format_: str, options: ReadOptions, *, whole: bool) -> Iterable[str]:
    """Return the names of the columns in the beginning of a file of a known format."""
    if format_ == "npz":
        from io import BytesIO
        from zipfile import ZipFile

        return [name.removesuffix(".npy") for name in ZipFile(BytesIO(head)).namelist()]
    if format_ == "json":
        head = head if whole else _closed(head.decode("utf-8", "ignore")).encode()
        if names := _of_profile(head):
            return names
    elif not whole:
        # The last line is cut.
        head = head[: head.rfind(b"\n") + 1]
    entry = FORMATS[format_]
    # To import a package may take longer than a reader of a prompt waits.
    if entry.needs or format_ == "npy":
        return []
    from kldiv_cli.readers.rows import raw_rows

    stream = ByteStream("", iter([head]), len(head))
    stream.format = format_
    data = import_module(f"kldiv_cli.readers.{entry.module}").read(stream, options)
    if isinstance(data, Members) and options.at is not None:
        data = data.at(options.at)
    try:
        return _of_table(raw_rows(data, options, ""))
    except (KldivError, NotImplementedError):
        # No raw rows: the members are weights, or have to be chosen first.
        if not isinstance(data, Members):
            raise
    return data.names


def _of_table(table: Table) -> Iterable[str]:
    """Return the columns of raw rows; those of a tidy table are named in its cells."""
    if table.whole is not None:
        return [name for name, _ in table.whole]
    names = dict.fromkeys(table.names or ())
    for batch in table.batches:
        names.update(dict.fromkeys(batch.columns))
        if {*map(str.casefold, names)} == {*TIDY_COLUMNS}:
            key = next(name for name in names if name.casefold() == TIDY_COLUMNS[0])
            return [*names, *(cell for cell in batch.columns[key] if isinstance(cell, str))]
        break
    return names


def _of_profile(document: bytes) -> list[str]:
    """Return the columns of a profile; none of any other document."""
    import json

    value: Any = json.loads(document)
    if not isinstance(value, dict) or not str(value.get("schema")).startswith("kldiv.profile/"):
        return []
    return [column["column"] for column in value["columns"]]


def _closed(text: str) -> str:
    """Return the beginning of a JSON document as a document: cut after a whole value, and closed.

    Nothing behind the last comma is kept, since the value there may be cut.
    """
    open_: list[str] = []
    end, closers = 0, ""
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            open_.append("]" if mark == "[" else "}")
        elif mark in "]}" and open_:
            open_.pop()
        elif mark == ",":
            end, closers = token.start(), "".join(reversed(open_))
    return text[:end] + closers
