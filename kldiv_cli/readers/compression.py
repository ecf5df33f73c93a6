"""Compression: recognised by its first bytes, undone as it streams, bounded."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.stream import CHUNK, HEAD, ByteStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INFLATED = 64 << 20
"""Bytes that any compressed input may inflate to …"""
RATIO = 100
"""… and how many times its own size, if that is more."""
EXTENSIONS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}


def recognised(stream: ByteStream, extension: str) -> str | None:
    """Return the name of the compression by the first bytes; an extension must agree with them.

    Raises
    ------
    InputError
        If they do not agree, or the compression cannot be undone.
    """
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
    claimed = EXTENSIONS.get(extension)
    if "zstd" in (found, claimed):
        raise needs_extra("zstd", stream.source)
    if claimed and found != claimed:
        message = f"the name ends in {extension}, but this is not {claimed} data"
        hint = "rename the file if it is not compressed"
        raise _corrupt(message, stream.source, hint)
    return found


def needs_extra(format_: str, source: str) -> InputError:
    """Return the error for what only the embedded engine reads."""
    message = f"{format_} cannot be read without the extra 'duckdb'"
    hint = "pip install 'kldiv-cli[duckdb]', or convert the file to CSV"
    return InputError("needs-extra", message, Place(source), hint=hint)


def inflated(stream: ByteStream, compression: str) -> ByteStream:
    """Return the stream that a compressed one inflates to.

    Raises
    ------
    InputError
        If it is empty or compressed again.
    """
    inner = ByteStream(stream.source, _inflate(stream, compression))
    if not inner.peek(HEAD):
        raise InputError("empty-file", "this is empty once inflated", Place(stream.source))
    if recognised(inner, "") is not None:
        raise _corrupt("this is compressed twice", stream.source)
    return inner


def bounded(
    inner: ByteStream, stream: ByteStream, compression: str, limit: int | None
) -> ByteStream:
    """Return an inflated stream, which is refused as soon as it is too large.

    Parameters
    ----------
    inner, stream : ByteStream
        The inflated stream, and the one that inflates to it.
    compression : str
        What messages call it.
    limit : int, optional
        Bytes that are allowed; by `INFLATED` and `RATIO` if not given.
    """
    return ByteStream(inner.source, _held(_bounded(inner, stream, compression, limit)))


def _bounded(
    inner: ByteStream, stream: ByteStream, compression: str, limit: int | None
) -> Iterator[bytes]:
    amount = 0
    for chunk in inner:
        amount += len(chunk)
        allowed = limit
        if allowed is None:
            allowed = max(INFLATED, RATIO * max(stream.size or 0, stream.taken))
        if amount > allowed:
            message = f"{stream.taken} bytes of {compression} inflate to more than {allowed} bytes"
            hint = "--max-inflated BYTES allows more"
            raise InputError("inflated-too-large", message, Place(inner.source), hint=hint)
        yield chunk


def _held(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield chunks, the first when many of them are there.

    So a bomb is refused before its first bytes are parsed, which would take long.
    """
    held: deque[bytes] = deque()
    amount = 0
    for chunk in chunks:
        held.append(chunk)
        amount += len(chunk)
        if amount > INFLATED:
            break
    while held:
        yield held.popleft()
    yield from chunks


class Codec(NamedTuple):
    """How a compression is undone."""

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
    new = partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=256 << 20)
    return Codec(new, (lzma.LZMAError,), True)


def _inflate(stream: ByteStream, compression: str) -> Iterator[bytes]:
    """Yield the bytes that the members of a stream inflate to, one after the other."""
    codec = _codec(compression)
    decoder: Any = None
    members = 0
    for data in stream:
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
                raise _corrupt(f"the {compression} data {what}", stream.source) from error
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
        raise _corrupt(f"the {compression} data end too early", stream.source)


def _corrupt(message: str, source: str, hint: str = "") -> InputError:
    return InputError("corrupt-compression", message, Place(source), hint=hint)
