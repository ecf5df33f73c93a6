"""An input is opened once: its compression is undone, and its format recognised."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from kldiv_cli import progress
from kldiv_cli.errors import InputError, Place, UsageError, did_you_mean, in_shell
from kldiv_cli.readers import compression, foreign
from kldiv_cli.readers.formats import BY_EXTENSION, FORMATS
from kldiv_cli.readers.stream import CHUNK, HEAD, ByteStream
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.readers.options import ReadOptions


ENGINES = ("postgresql", "postgres", "duckdb", "sc")
"""How the URLs of engines begin, in which tables are counted."""
HELD = 8 << 20
"""Bytes of a pipe that are held in memory; a file without a name takes more."""


TENSORS = re.compile(rb'.{5}\0{3}\{"', re.DOTALL)
"""How a .safetensors file begins: the length of its header, in 8 bytes, and an object of JSON."""


class Held(NamedTuple):
    """An input that can be read once only, such as a pipe, as a file that has no name."""

    path: str
    file: IO[bytes]

    def __fspath__(self) -> str:
        """Return what errors and reports call it."""
        return self.path

    def reopened(self) -> IO[bytes]:
        """Return the bytes, to be read from the beginning."""
        if isinstance(self.file, io.BytesIO):
            return io.BytesIO(self.file.getbuffer())
        return open(self.location(), "rb", buffering=0)

    def location(self) -> str:
        """Return the path by which this process opens the file again."""
        return f"/dev/fd/{self.file.fileno()}"


def held(path: str) -> Held:
    """Read an input whole; what is large is written to a temporary file without a name."""
    source = _open(path)
    try:
        return Held(path, _spooled(_Reader(source, path)))
    finally:
        if path != "-":
            source.close()


def seekable(stream: ByteStream) -> IO[bytes]:
    """Return the bytes of an input as a file that can be read from any place."""
    if stream.path is None:
        file = _spooled(iter(stream))
        file.seek(0)
    else:
        file = open(stream.path, "rb", buffering=0)  # noqa: SIM115
    stream.files.append(file)
    return file


def stream_of(file: IO[bytes], source: str) -> ByteStream:
    """Return the bytes of a file from where it stands."""
    reader = _Reader(file, source)
    stream = ByteStream(source, reader)
    stream.fill = reader.fill
    return stream


def _spooled(chunks: Iterator[bytes]) -> IO[bytes]:
    """Return bytes as a file; what is large is written to a temporary one without a name."""
    from tempfile import TemporaryFile

    file: IO[bytes] = io.BytesIO()
    for chunk in chunks:
        if isinstance(file, io.BytesIO) and file.tell() > HELD:
            first, file = file, TemporaryFile(prefix="kldiv-", buffering=0)  # noqa: SIM115
            file.write(first.getbuffer())
        file.write(chunk)
    return file


@contextmanager
def opened(
    source: str | os.PathLike[str], option: ReadOptions, *, raw: bool = False
) -> Iterator[ByteStream]:
    """Open an input and yield its bytes, inflated, whose format is known.

    Raw rows that are streamed may inflate to any size, but not each line of them.
    """
    path = os.fsdecode(source)
    if option.format is not None and option.format not in FORMATS:
        message = f"there is no input format {option.format!r}"
        raise UsageError(
            "unknown-format", message, hint=did_you_mean(option.format, list(FORMATS))
        )
    file = source.reopened() if isinstance(source, Held) else _open(path)
    try:
        size = _regular_size(file)
        reader = _Reader(file, path, size)
        stream = ByteStream(path, reader, size)
        stream.fill = reader.fill
        if not stream.peek(HEAD):
            raise InputError("empty-file", "this is empty", Place(path))
        stem, extension = os.path.splitext(path.lower())
        packed, codec = stream, compression.recognised(stream, extension)
        if codec is not None:
            if extension in compression.EXTENSIONS:
                extension = os.path.splitext(stem)[1]
            packed.kept = []
            stream = compression.inflated(packed, codec)
        foreign.refuse(stream, named=option.format is not None)
        format_ = option.format or format_of(stream, extension)
        by_rows = FORMATS[format_].by_rows and not raw and option.max_inflated is None
        if by_rows or (raw and FORMATS[format_].streamed):
            packed.kept = None
        if codec is not None and by_rows:
            # Whoever holds the rows of an array together is told where they are too many.
            stream.check = partial(compression.check, packed=packed, compression=codec)
        elif codec is not None:
            inner = compression.bounded(stream, packed, codec, option.max_inflated)
            stream = ByteStream(path, inner)
            # An input that is too large is refused whatever its format.
            stream.peek(1)
        compression.need(FORMATS[format_].needs, format_, path)
        stream.format, stream.stored = format_, packed.size
        if codec is None and packed.size is not None and path != "-":
            stream.path = path
        if isinstance(source, Held) and codec is None and packed.size is not None:
            stream.path = source.location()
        try:
            yield stream
        finally:
            for other in stream.files:
                other.close()
    finally:
        if path != "-":
            file.close()


@contextmanager
def fed(source: str | os.PathLike[str], options: ReadOptions) -> Iterator[Iterator[bytes]]:
    """Open an input of text again, for its bytes in UTF-8 without a byte order mark."""
    from kldiv_cli.readers.text import Text

    with opened(source, options, raw=True) as stream:
        text = Text(stream, options.encoding)
        yield iter(stream) if text.encoding == "utf-8" else (piece.encode() for piece in text)


def _open(path: str) -> IO[bytes]:
    if path == "-":
        # Python sets it to None where file descriptor 0 is closed.
        if sys.stdin is None or sys.stdin.closed:
            raise InputError("stdin-closed", "standard input is closed", Place("-"))
        return sys.stdin.buffer
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path) and not os.path.lexists(path):
        raise _url(path)
    return open(path, "rb", buffering=0)


def _url(url: str) -> InputError:
    from urllib.parse import unquote, urlsplit

    word, scheme = in_shell(url), url.partition(":")[0].lower()
    message = "this is a URL, and nothing is fetched from the network"
    if scheme in ENGINES:
        hint = "--connect URL names an engine, and --reference-table TABLE a side in it"
        # It may hold a password.
        return InputError("url", message, Place(f"{scheme}://..."), hint=hint)
    known = {"s3": f"aws s3 cp {word} -", "gs": f"gcloud storage cat {word}"}
    # The first bytes tell the format of a pipe; an option would be for the other side, too.
    hint = f"{known.get(scheme, f'curl -L {word}')} | kldiv compare - Q"
    if scheme == "file":
        hint = f"name the file itself: {in_shell(unquote(urlsplit(url).path))}"
    return InputError("url", message, Place(url), hint=hint)


def _regular_size(file: IO[bytes]) -> int | None:
    from stat import S_ISREG

    try:
        status = os.fstat(file.fileno())
    except (OSError, AttributeError, ValueError):
        return None
    # Some files of /proc say that they are empty, and are not.
    return (status.st_size or None) if S_ISREG(status.st_mode) else None


class _Reader(Iterator[bytes]):
    """The chunks of a file, none of them empty; or its bytes in memory that is given."""

    def __init__(self, file: IO[bytes], source: str, size: int | None = None) -> None:
        self._read = getattr(file, "read1", file.read)
        # What reads into memory is no method of the type, and one of every file.
        raw: Any = file
        self._read_into = getattr(raw, "readinto1", None) or raw.readinto
        self._source, self._size = source, size
        self._done = self._taken = 0

    def __next__(self) -> bytes:
        self._tell(self._taken)
        chunk: bytes | None = self._read(CHUNK)
        self._taken = self._required(None if chunk is None else len(chunk))
        if not chunk:
            raise StopIteration
        return chunk

    def fill(self, room: memoryview) -> int:
        """Read into memory, and return how many bytes; none at the end alone."""
        self._tell(self._taken)
        self._taken = self._required(self._read_into(room))
        return self._taken

    def _tell(self, count: int) -> None:
        """Tell that the work on so many bytes is done, since the next are asked for."""
        if count:
            self._done += count
            progress.step(self._source, self._done, self._size)

    def _required(self, count: int | None) -> int:
        if count is None:
            raise BlockingIOError("it has no data now and does not wait for them")
        return count


def format_of(stream: ByteStream, extension: str) -> str:
    """Return the format by the extension, else by the first bytes."""
    head = stream.peek(HEAD)
    marked = (name for name, entry in FORMATS.items() if head.startswith(entry.marks))
    # Text may begin with a mark of letters alone.
    found = next((name for name in marked if b"\0" in head or not head[:4].isalnum()), None)
    if found is None and TENSORS.match(head):
        found = "safetensors"
    named = BY_EXTENSION.get(extension)
    if named and found and named != found:
        message = f"the name says {named}, but the first bytes are those of {found}"
        hint = f"--input-format {found}"
        raise InputError("format-mismatch", message, Place(stream.source), hint=hint)
    text = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    # UTF-16 puts a NUL beside the bracket.
    text = text.replace(b"\0", b"").lstrip()
    return named or found or ("json" if text[:1] in (b"{", b"[") else "text")
