"""The bytes of an input, whatever they come from."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

CHUNK = 1 << 18
HEAD = 1 << 16
"""Bytes that are looked at before a format is chosen."""


class ByteStream:
    """The bytes of one input, read once and forwards.

    Parameters
    ----------
    source : str
        The name of the source in errors.
    chunks : iterator of bytes
        None of them empty.
    size : int, optional
        How many bytes there are in all, where that is known.

    Attributes
    ----------
    format : str
        A key of `kldiv_cli.readers.FORMATS`, once it is known.
    taken : int
        Bytes that the iteration over it has yielded.
    kept : list of bytes, or None
        What the iteration over it has yielded, where that is kept.
    path : str or None
        A file that holds just these bytes, and can be opened again; None if there is none.
    stored : int or None
        Bytes of the input as it is stored, perhaps compressed, where that is known.
    files : list of file
        Files with these bytes that were opened beside them, and are closed with them.
    fill : function, or None
        Reads the next bytes of the input into memory that is given, and returns how many; None
        where only whole chunks can be read.
    held : int
        Bytes that were taken from it and are still in memory, as far as it was told.
    check : function, or None
        Called with `held` for each chunk; raises where more are held than may be.
    """

    def __init__(self, source: str, chunks: Iterator[bytes], size: int | None = None) -> None:
        self.source = source
        self.size = size
        self.format = ""
        self.taken = 0
        self.kept: list[bytes] | None = None
        self.path: str | None = None
        self.stored = size
        self.files: list[IO[bytes]] = []
        self.fill: Callable[[memoryview], int] | None = None
        self.held = 0
        self.check: Callable[[int], None] | None = None
        self._chunks = chunks
        self._head = b""

    def peek(self, count: int) -> bytes:
        """Return the next `count` bytes, fewer at the end, without consuming them."""
        while len(self._head) < count and (chunk := self._next()):
            self._head += chunk
        return self._head[:count]

    def mark(self, marks: Collection[bytes]) -> bytes:
        """Return the first of `marks` that the next bytes begin with, or no bytes."""
        head = self.peek(max(map(len, marks)))
        return next((mark for mark in marks if head.startswith(mark)), b"")

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._head or self._next():
            self._head = b""
            self.taken += len(chunk)
            if self.kept is not None:
                self.kept.append(chunk)
            yield chunk

    def read(self, count: int) -> bytearray:
        """Return the next `count` bytes, fewer only at the end."""
        data = bytearray()
        while len(data) < count and (chunk := self._head or self._next()):
            missing = count - len(data)
            data += chunk[:missing]
            self._head = chunk[missing:]
        return data

    def read_into(self, room: memoryview) -> int:
        """Fill memory with the next bytes, and return how many: fewer only at the end."""
        done = 0
        while done < len(room):
            if self._head or self.fill is None:
                chunk = self._head or self._next()
                count = min(len(chunk), len(room) - done)
                room[done : done + count] = chunk[:count]
                self._head = chunk[count:]
            else:
                count = self.fill(room[done:])
            if not count:
                break
            done += count
        return done

    def let_go(self, kept: int) -> None:
        """Be told that of all that was taken no more than so many bytes are in memory."""
        self.held = kept

    def _next(self) -> bytes:
        chunk = next(self._chunks, b"")
        self.held += len(chunk)
        if self.check is not None:
            self.check(self.held)
        return chunk
