"""Open an input once, look at its first bytes, undo its compression, name its format."""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.readers import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kldiv_cli.readers import ReadOptions

CHUNK = 1 << 18
HEAD = 1 << 16
"""Bytes that are looked at before a format is chosen."""
INFLATED = 64 << 20
"""Bytes that any compressed input may inflate to …"""
RATIO = 100
"""… and how many times its own size, if that is more."""


class ByteStream:
    """The bytes of one input, read once and forwards.

    Parameters
    ----------
    source : str
        What errors call it.
    chunks : iterator of bytes
        None of them empty.
    size : int, optional
        How many bytes there are in all, where that is known.
    """

    def __init__(self, source: str, chunks: Iterator[bytes], size: int | None = None) -> None:
        self.source = source
        self.size = size
        self._chunks = chunks
        self._head = b""

    def peek(self, count: int) -> bytes:
        """Return the next `count` bytes, fewer at the end, without consuming them."""
        while len(self._head) < count:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._head += chunk
        return self._head[:count]

    def __iter__(self) -> Iterator[bytes]:
        if self._head:
            head, self._head = self._head, b""
            yield head
        yield from self._chunks

    def read(self, count: int) -> bytearray:
        """Return the next `count` bytes, fewer only at the end."""
        data = bytearray()
        while len(data) < count:
            chunk, self._head = self._head or next(self._chunks, b""), b""
            if not chunk:
                break
            missing = count - len(data)
            data += chunk[:missing]
            self._head = chunk[missing:]
        return data


@contextmanager
def opened(path: str, wanted: tuple[ReadOptions, ...]) -> Iterator[tuple[ByteStream, str]]:
    """Open an input and yield its bytes, inflated, with the name of its format."""
    option = wanted[0]
    if option.format is not None and option.format not in FORMATS:
        known = "|".join(FORMATS)
        raise UsageError(
            "unknown-format", f"there is no input format {option.format!r}", hint=known
        )
    file = _open(path)
    try:
        size = _regular_size(file)
        stream = ByteStream(path, _chunks(file), size)
        if not stream.peek(HEAD):
            raise InputError("empty-file", "this is empty", Place(path))
        extension = os.path.splitext(path)[1].lower()
        compression = _compression(stream, extension)
        if compression is not None:
            stream = _inflated(stream, compression, size, option.max_inflated)
            path_inside = path[: -len(extension)] if extension in _EXTENSIONS else path
            extension = os.path.splitext(path_inside)[1].lower()
        format_ = option.format or _format(stream, extension)
        if FORMATS[format_].module is None:
            raise _needs_extra(format_, path)
        yield stream, format_
    finally:
        if path != "-":
            file.close()


def _open(path: str) -> IO[bytes]:
    if path == "-":
        # Python sets it to None where file descriptor 0 is closed.
        stdin: Any = sys.stdin
        if stdin is None or getattr(stdin, "closed", False):
            raise InputError("stdin-closed", "standard input is closed", Place("-"))
        binary: IO[bytes] = stdin.buffer
        return binary
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path) and not os.path.lexists(path):
        raise _url(path)
    return open(path, "rb", buffering=0)


def _url(url: str) -> InputError:
    from shlex import quote

    scheme = url.partition(":")[0].lower()
    fetch = {
        "s3": f"aws s3 cp {quote(url)} -",
        "gs": f"gcloud storage cat {quote(url)}",
    }.get(scheme, f"curl -L {quote(url)}")
    extension = os.path.splitext(re.split("[?#]", url)[0])[1].lower()
    format_ = _BY_EXTENSION.get(extension, "csv")
    hint = f"{fetch} | kldiv compare - Q --input-format {format_}"
    if scheme == "file":
        hint = f"name the file itself: {url[7:]}"
    message = "this is a URL, and nothing is fetched from the network"
    return InputError("url", message, Place(url), hint=hint)


def _regular_size(file: IO[bytes]) -> int | None:
    from stat import S_ISREG

    try:
        status = os.fstat(file.fileno())
    except (OSError, AttributeError, ValueError):
        return None
    # Some files of /proc say that they are empty, and are not.
    return (status.st_size or None) if S_ISREG(status.st_mode) else None


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    read = getattr(file, "read1", file.read)
    while True:
        chunk = read(CHUNK)
        if chunk is None:
            raise BlockingIOError("it has no data now and does not wait for them")
        if not chunk:
            return
        yield chunk


_EXTENSIONS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
_BY_EXTENSION = {ext: name for name, entry in FORMATS.items() for ext in entry.extensions}


def _compression(stream: ByteStream, extension: str) -> str | None:
    """Name the compression by the first bytes; an extension must agree with them."""
    head = stream.peek(10)
    found = None
    if head[:2] == b"\x1f\x8b":
        found = "gzip"
    elif head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        found = "bzip2"
    elif head[:6] == b"\xfd7zXZ\x00":
        found = "xz"
    elif head[:4] == b"\x28\xb5\x2f\xfd":
        found = "zstd"
    claimed = _EXTENSIONS.get(extension)
    if "zstd" in (found, claimed):
        raise _needs_extra("zstd", stream.source)
    if claimed and found != claimed:
        raise InputError(
            "corrupt-compression",
            f"the name ends in {extension}, but this is not {claimed} data",
            Place(stream.source),
            hint="rename the file if it is not compressed",
        )
    return found


def _needs_extra(format_: str, source: str) -> InputError:
    return InputError(
        "needs-extra",
        f"{format_} cannot be read without the extra 'duckdb'",
        Place(source),
        hint="pip install 'kldiv-cli[duckdb]', or convert the file to CSV",
    )


def _format(stream: ByteStream, extension: str) -> str:
    """Choose a format by the extension, else by the first bytes."""
    head = stream.peek(HEAD)
    found = None
    if head[:6] == b"\x93NUMPY":
        found = "npy"
    elif head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        found = "npz"
    elif head[:4] == b"PAR1" and b"\0" in head:
        found = "parquet"
    elif head[:6] == b"ARROW1" and b"\0" in head:
        found = "arrow"
    named = _BY_EXTENSION.get(extension)
    if named and found and named != found and FORMATS[named].module:
        raise InputError(
            "format-mismatch",
            f"the name says {named}, but the first bytes are those of {found}",
            Place(stream.source),
            hint=f"--input-format {found}",
        )
    chosen = named or found
    if chosen is None:
        text = head.removeprefix(b"\xef\xbb\xbf")
        # UTF-16 puts a NUL beside the bracket.
        text = text.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"")
        chosen = "json" if text.lstrip()[:1] in (b"{", b"[") else "text"
    return chosen


class Codec(NamedTuple):
    """How one compression is undone."""

    new: Callable[[], Any]
    errors: tuple[type[Exception], ...]
    padded: bool
    """Zeros may follow the data."""


def _codec(compression: str) -> Codec:
    if compression == "gzip":
        import zlib

        return Codec(lambda: zlib.decompressobj(wbits=31), (zlib.error,), True)
    if compression == "bzip2":
        import bz2

        return Codec(bz2.BZ2Decompressor, (OSError, ValueError), False)
    import lzma

    # The header of an .xz file may ask for a dictionary of 4 GB.
    return Codec(
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=256 << 20),
        (lzma.LZMAError,),
        True,
    )


def _inflated(
    stream: ByteStream, compression: str, size: int | None, limit: int | None
) -> ByteStream:
    codec = _codec(compression)
    seen = 0

    def counted() -> Iterator[bytes]:
        nonlocal seen
        for chunk in stream:
            seen += len(chunk)
            yield chunk

    def bounded() -> Iterator[bytes]:
        inflated = 0
        for chunk in _inflate(counted(), codec, compression, stream.source):
            inflated += len(chunk)
            allowed = limit if limit is not None else max(INFLATED, RATIO * max(size or 0, seen))
            if inflated > allowed:
                raise InputError(
                    "inflated-too-large",
                    f"{seen} bytes of {compression} inflate to more than {allowed} bytes",
                    Place(stream.source),
                    hint="--max-inflated BYTES allows more",
                )
            yield chunk

    # A bomb is refused before its first bytes are parsed, which would take long.
    rest = bounded()
    held: deque[bytes] = deque()
    amount = 0
    for chunk in rest:
        held.append(chunk)
        amount += len(chunk)
        if amount > INFLATED:
            break

    def replayed() -> Iterator[bytes]:
        while held:
            yield held.popleft()
        yield from rest

    inner = ByteStream(stream.source, replayed())
    if not inner.peek(HEAD):
        raise InputError("empty-file", "this is empty once inflated", Place(stream.source))
    if _compression(inner, "") is not None:
        raise InputError("corrupt-compression", "this is compressed twice", Place(stream.source))
    return inner


def _inflate(
    chunks: Iterator[bytes], codec: Codec, compression: str, source: str
) -> Iterator[bytes]:
    """Yield what one or more members, one after the other, inflate to."""
    decoder: Any = None
    members = 0
    for data in chunks:
        hungry = False
        while not hungry:
            if decoder is None:
                data = data.lstrip(b"\0") if codec.padded and members else data
                if not data:
                    break
                decoder = codec.new()
                members += 1
            try:
                out = decoder.decompress(data, CHUNK)
            except codec.errors as error:
                what = "is damaged" if members == 1 else "is followed by something else"
                raise InputError(
                    "corrupt-compression", f"the {compression} data {what}", Place(source)
                ) from error
            if out:
                yield out
            if decoder.eof:
                data, decoder = decoder.unused_data, None
                hungry = not data
            elif hasattr(decoder, "needs_input"):
                data, hungry = b"", decoder.needs_input
            else:
                data = decoder.unconsumed_tail
                hungry = not data and len(out) < CHUNK
    if decoder is not None:
        raise InputError(
            "corrupt-compression", f"the {compression} data end too early", Place(source)
        )
