"""Compression: recognised by its first bytes, undone as it streams, bounded."""

from __future__ import annotations

import sys
from collections import deque
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.stream import CHUNK, HEAD, ByteStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INFLATED = 64 << 20
"""Bytes that any compressed input may inflate to …"""
RATIO = 100
"""… and how many times its own size, if that is more."""
EXTENSIONS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
MARKS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
# A frame of other data, which is skipped: parallel programs begin with one.
MARKS |= {bytes([0x50 + i]) + b"\x2a\x4d\x18": "zstd" for i in range(16)}
ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
"""The module that undoes Zstandard, which came to Python itself with 3.14."""
PADDED = ("gzip", "xz")
"""Compressions whose members zeros may follow."""


def recognised(stream: ByteStream, extension: str) -> str | None:
    """Return the name of the compression by the first bytes; an extension must agree with them.

    Raises
    ------
    InputError
        If they do not agree, or the compression cannot be undone.
    """
    found = MARKS.get(stream.mark(MARKS))
    # A text may begin with BZh, but hardly with the mark of a block behind it.
    if found == "bzip2" and stream.peek(10)[4:] not in (b"1AY&SY", b"\x17rE8P\x90"):
        found = None
    claimed = EXTENSIONS.get(extension)
    if claimed and found != claimed:
        message = f"the name ends in {extension}, but this is not {claimed} data"
        hint = "rename the file if it is not compressed"
        raise _corrupt(message, stream.source, hint)
    return found


def need(package: str | None, format_: str, source: str) -> None:
    """Refuse a format whose package of the extra ``duckdb`` is not installed.

    Raises
    ------
    InputError
        If it is not.
    """
    from importlib.util import find_spec

    if package is None:
        return
    parent = package.partition(".")[0]
    if find_spec(parent) is not None and find_spec(package) is not None:
        return
    from kldiv_cli.database import INSTALL

    message = f"{format_} cannot be read without the package {package}, of the extra duckdb"
    other = "unpack it with zstd -d" if format_ == "zstd" else "convert the file to CSV"
    hint = f"{INSTALL} in a checkout of kldiv; or {other}"
    raise InputError("needs-extra", message, Place(source), hint=hint)


def inflated(stream: ByteStream, compression: str) -> ByteStream:
    """Return the stream that a compressed one inflates to, which has no bound.

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
    inner: ByteStream, packed: ByteStream, compression: str, limit: int | None
) -> Iterator[bytes]:
    """Yield the bytes of `inner`, unless there are more of them than are allowed.

    They are counted before the first of them is yielded, so that none of a bomb is parsed; many
    are inflated twice for that. Where `packed` does not keep its bytes, they are read as they
    come: without a limit they may then be any number, but not those of one line, which is held.

    Parameters
    ----------
    inner : ByteStream
        The bytes that those of `packed` inflate to.
    packed : ByteStream
        The compressed bytes.
    compression : str
        Its name in errors.
    limit : int, optional
        Bytes that are allowed; else `RATIO` times as many as `packed` has, or `INFLATED`.

    Raises
    ------
    InputError
        If there are more.
    """
    amount = 0
    held: deque[bytes] = deque()
    by_lines = packed.kept is None and limit is None
    for chunk in inner:
        end = 1 + max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) if by_lines else 0
        amount = len(chunk) - end + (0 if end else amount)
        check(amount, packed, compression, limit, what="a line of more" if by_lines else "more")
        held.append(chunk)
        if amount > INFLATED and packed.kept is not None:
            held.clear()
        while held and (by_lines or amount > INFLATED):
            yield held.popleft()
    if amount > INFLATED and packed.kept is not None:
        yield from _inflate(ByteStream(packed.source, iter(packed.kept)), compression)
    while held:
        yield held.popleft()


def check(
    amount: int,
    packed: ByteStream,
    compression: str,
    limit: int | None = None,
    *,
    what: str = "more",
) -> None:
    """Refuse more bytes than those of a compressed stream may inflate to; see `bounded`.

    Raises
    ------
    InputError
        If there are more.
    """
    size = max(packed.size or 0, packed.taken)
    allowed = max(INFLATED, RATIO * size) if limit is None else limit
    if amount > allowed:
        seen = f"{packed.taken} bytes of {compression}"
        message = f"{seen} inflate to {what} than {allowed} bytes"
        hint = "--max-inflated BYTES allows more"
        raise InputError("inflated-too-large", message, Place(packed.source), hint=hint)


def _inflate(stream: ByteStream, compression: str) -> Iterator[bytes]:
    """Yield the bytes that the members of a stream inflate to, one after the other."""
    new, errors = _codec(compression, stream.source)
    decoder: Any = None
    members = 0
    for data in stream:
        hungry = False
        while not hungry:
            if decoder is None:
                data = data.lstrip(b"\0") if members and compression in PADDED else data
                if not data:
                    break
                decoder = new()
                members += 1
            try:
                out = decoder.decompress(data, CHUNK)
            except errors as error:
                what = "are damaged" if members == 1 else "are followed by something else"
                message = f"the {compression} data {what}"
                if "memory" in str(error).lower():
                    message = f"to inflate the {compression} data takes too much memory"
                raise _corrupt(message, stream.source) from error
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


def _codec(compression: str, source: str) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """Return the maker of the decoders of a compression, and the errors that they raise."""
    if compression == "gzip":
        import zlib

        return partial(zlib.decompressobj, wbits=31), (zlib.error,)
    if compression == "bzip2":
        import bz2

        return bz2.BZ2Decompressor, (OSError, ValueError)
    if compression == "zstd":
        need(ZSTD, compression, source)
        zstd = import_module(ZSTD)
        return zstd.ZstdDecompressor, (zstd.ZstdError,)
    import lzma

    # The header of an .xz file may ask for a dictionary of 4 GB.
    return partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=256 << 20), (lzma.LZMAError,)
