"""Compression: recognised by its first bytes, undone as it streams, bounded."""

from __future__ import annotations

from collections import deque
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
    claimed = EXTENSIONS.get(extension)
    if "zstd" in (found, claimed):
        raise needs_extra("zstd", stream.source)
    if claimed and found != claimed:
        raise InputError(
            "corrupt-compression",
            f"the name ends in {extension}, but this is not {claimed} data",
            Place(stream.source),
            hint="rename the file if it is not compressed",
        )
    return found


def needs_extra(format_: str, source: str) -> InputError:
    """Return the error for what only the embedded engine reads."""
    return InputError(
        "needs-extra",
        f"{format_} cannot be read without the extra 'duckdb'",
        Place(source),
        hint="pip install 'kldiv-cli[duckdb]', or convert the file to CSV",
    )


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


def inflated(
    stream: ByteStream,
    compression: str,
    size: int | None,
    limit: int | None,
    is_streamed: Callable[[ByteStream], bool],
) -> ByteStream:
    """Return the stream that this one inflates to; `size` is its own, if known.

    What `is_streamed`, as its beginning shows, is not held, and has no limit but the one that
    is given.
    """
    codec = _codec(compression)
    seen = 0
    free = False

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
            if inflated > allowed and not free:
                raise InputError(
                    "inflated-too-large",
                    f"{seen} bytes of {compression} inflate to more than {allowed} bytes",
                    Place(stream.source),
                    hint="--max-inflated BYTES allows more",
                )
            yield chunk

    inner = ByteStream(stream.source, bounded())
    if not inner.peek(HEAD):
        raise InputError("empty-file", "this is empty once inflated", Place(stream.source))
    if recognised(inner, "") is not None:
        raise InputError("corrupt-compression", "this is compressed twice", Place(stream.source))
    free = limit is None and is_streamed(inner)
    if free:
        return inner
    # A bomb is refused before its first bytes are parsed, which would take long.
    rest = iter(inner)
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

    return ByteStream(stream.source, replayed())


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
