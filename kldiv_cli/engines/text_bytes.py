"""The texts that DuckDB reads: their bytes are counted, so that all are accounted for."""

from __future__ import annotations

import os
from contextlib import contextmanager
from itertools import chain
from select import select
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli import database, progress
from kldiv_cli.engines import UnsuitedError
from kldiv_cli.errors import InputError
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kldiv_cli.core.table import Scan

SMALLEST_PART = 4 << 20
"""Bytes of texts that are read alike, on average, where not all are; a quarter if compressed."""
FIRST = 5
"""Of the time for a file, the part of it that goes by before DuckDB reads it."""
TAIL = 64
"""Bytes at the end of a text in which the count of its rows may stand."""


class Text:
    """The bytes of one text or several, as they are counted while, or before, DuckDB reads them.

    Parameters
    ----------
    paths : sequence of str
        What DuckDB opens.
    skip : int
        The records that it is to pass over in each.
    width : int
        Fields of a record.

    Attributes
    ----------
    files : int
        Texts with a record in them.
    size, quotes : int
        All bytes, and those that are quotes.
    is_sound : bool
        Whether nothing was met that DuckDB takes for something else.
    has_blank_line, has_footer : bool
        Whether there is a line without a character, which is looked for where records have a
        single field; or what may be the count of rows.
    line_ends : set of int
        Bytes of the ends of records; DuckDB refuses a text where they are not all the same.
    last_ends : int
        Bytes of the line ends behind last records, of which all but one end blank lines.
    error : BaseException, or None
        What was raised where they were fed to DuckDB.
    """

    def __init__(self, paths: Sequence[str], skip: int, width: int) -> None:
        self._is_single = width == 1
        self.paths = paths
        self.skip = skip
        self.files = self.size = self.quotes = self.last_ends = 0
        self.is_sound = True
        self.has_blank_line = self.has_footer = False
        self.line_ends: set[int] = set()
        self.error: BaseException | None = None
        self._begin()

    def _begin(self) -> None:
        self._start = self.size
        self._last = b"\n"
        self._tail = self._first_ends = b""
        self._has_bare_feed = self._has_returns = False
        self._bare_returns = self._ends = 0

    def take(self, chunk: bytes) -> None:
        """Count some bytes, which follow those before."""
        if b'"' in chunk:
            self.quotes += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord('"')))
        self.is_sound = self.is_sound and b"\0" not in chunk
        edge = self._last + chunk[:2]
        if self._is_single and not self.has_blank_line:
            self.has_blank_line = any(
                blank in some for blank in (b"\n\n", b"\n\r\n") for some in (edge, chunk)
            )
        pairs = 0
        if self._has_returns or b"\r" in chunk:
            self._has_returns = True
            pairs = chunk.count(b"\r\n") + (self._last[-1:] + chunk[:1] == b"\r\n")
            self._bare_returns += chunk.count(b"\r") - pairs
        self._has_bare_feed = self._has_bare_feed or chunk.count(b"\n") != pairs
        self.size += len(chunk)
        self._tail = (self._tail + chunk[-TAIL:])[-TAIL:]
        self._last = edge[-2:] if len(chunk) < 2 else chunk[-2:]
        if rest := chunk.rstrip(b"\r\n"):
            self._ends, self._first_ends = 0, b""
        self._ends += len(chunk) - len(rest)
        self._first_ends = (self._first_ends + chunk[len(rest) : len(rest) + 2])[:2]

    def end(self) -> None:
        """Tell that a text is at its end.

        The line end of its last record, which is within no quotes, is that of all. Where it has
        none, line ends may be within quotes; only more bytes than there are could make up for
        others that are passed over.
        """
        if self.size > self._start:
            line_end = 1 if self._has_bare_feed else 2
            if self._ends:
                line_end = 2 if self._first_ends == b"\r\n" else 1
            # Where carriage returns end records, DuckDB passes over whatever is behind one.
            self.is_sound = self.is_sound and not (line_end == 2 and self._bare_returns)
            self.has_footer = self.has_footer or b" row" in self._tail
            self.files += 1
            self.line_ends.add(line_end)
            self.last_ends += self._ends
        self._begin()


class Part(NamedTuple):
    """Texts that DuckDB reads alike, and in one query.

    Attributes
    ----------
    scan : Scan
        Of the first of them.
    scans : list of Scan
        Of all: files; or one text that goes through a pipe, so that it cannot run into another.
    """

    scan: Scan
    scans: list[Scan]

    @property
    def paths(self) -> list[str]:
        """Files that can be read as they are; none where a text goes through a pipe."""
        return [scan.path for scan in self.scans if scan.path is not None]

    @property
    def size(self) -> int:
        """Bytes of the texts as they are stored, as far as that is known."""
        return sum(scan.size or 0 for scan in self.scans)


class Texts:
    """The texts of a scan: they are read part by part, and some of them again.

    Parameters
    ----------
    scan : Scan
        Of one text, or of several.
    source : str
        The name of the source in errors.

    Attributes
    ----------
    parts : list of Part
        All texts.
    paths : list of str
        What DuckDB opens for them: files, or a pipe, through which all others go.

    Raises
    ------
    UnsuitedError
        If not all can be read so, or they are too small.
    """

    def __init__(self, scan: Scan, source: str) -> None:
        self.parts = _alike([scan] if scan.parts is None else _opened(scan.parts))
        self._source = source
        self._size = sum(part.size for part in self.parts)
        least = sum(SMALLEST_PART if part.paths else SMALLEST_PART // 4 for part in self.parts)
        if len(self.parts) > 1 and self._size < least:
            raise UnsuitedError("there are many small parts")
        self._done = 0
        self._pipe: tuple[int, int | None] | None = None
        self._thread: Thread | None = None
        self.paths = [path for part in self.parts for path in part.paths]
        if not all(part.paths for part in self.parts):
            self._pipe = os.pipe()
            self.paths.append(f"/dev/fd/{self._pipe[0]}")

    def open(self, part: Part, *, again: bool = False) -> Text:
        """Return the text of a part.

        Files are read once before, unless they are opened again; any other text as it is needed.
        """
        if not part.paths:
            return self._piped(part)
        text = Text(part.paths, part.scan.skip[0], len(part.scan.names))
        if again:
            return text
        done = 0
        for scan in part.scans:
            assert scan.path is not None
            with open(scan.path, "rb", buffering=0) as file:
                for chunk in _below(_without_mark(iter(lambda: file.read(1 << 20), b"")), scan):
                    text.take(chunk)
                    self._step((done + file.tell()) // FIRST)
            text.end()
            done += scan.size or 0
        return text

    def told(self, part: Part) -> Callable[[], None] | None:
        """Return what tells how much of a part DuckDB has read; a pipe tells of itself.

        It is the second time that the files are read, after `open`.
        """
        before = database.bytes_read() if part.paths and progress.listener else None
        size = part.size
        if before is None or not size:
            return None

        def told() -> None:
            done = (database.bytes_read() or before) - before
            self._step(size - (FIRST - 1) * (size - min(done, size)) // FIRST)

        return told

    def finish(self, text: Text, part: Part) -> None:
        """Wait until all of a part was read.

        Raises
        ------
        UnsuitedError
            If it cannot be read.
        """
        if self._thread is not None and self._pipe is not None:
            while self._thread.is_alive():
                # What DuckDB has left is not accounted for.
                if select([self._pipe[0]], [], [], 0.01)[0]:
                    os.read(self._pipe[0], 1 << 16)
            self._thread.join()
        self._step(part.size)
        if text.error is not None:
            raise UnsuitedError("the text cannot be read") from text.error

    def next(self, part: Part) -> None:
        """Go on to the part behind another, as far as a listener is concerned."""
        self._done += part.size

    def close(self) -> None:
        """Close the pipe; nobody reads any more, so that whatever feeds it ends."""
        if self._pipe is not None:
            for end in self._pipe:
                if end is not None:
                    os.close(end)
        if self._thread is not None:
            self._thread.join()

    def _step(self, done: int) -> None:
        if self._size:
            progress.step(self._source, min(self._done + done, self._size), self._size)

    def _piped(self, part: Part) -> Text:
        """Return the text of a part, which is written to the pipe as it is counted."""
        assert self._pipe is not None
        read, write = self._pipe
        path = f"/dev/fd/{read}"
        if write is None:
            try:
                write = os.open(path, os.O_WRONLY)
            except OSError as error:
                raise UnsuitedError("a pipe cannot be used again") from error
        self._pipe = read, None
        text = Text([path], 0, len(part.scan.names))

        def feed(write: int) -> None:
            try:
                assert part.scan.feed is not None
                with open(write, "wb", buffering=0) as pipe, part.scan.feed() as chunks:
                    for chunk in _below(chunks, part.scan):
                        text.take(chunk)
                        view = memoryview(chunk)
                        while view:
                            view = view[pipe.write(view) :]
                    text.end()
            except BaseException as error:  # it is looked at where the thread has ended
                text.error = error

        self._thread = Thread(target=feed, args=(write,), daemon=True)
        self._thread.start()
        return text


def _below(chunks: Iterable[bytes], scan: Scan) -> Iterator[bytes]:
    """Yield the bytes of a text from its first row on.

    Raises
    ------
    UnsuitedError
        If a carriage return above it ends a line.
    """
    lines, above = scan.skip[1], b""
    for chunk in chunks:
        while lines and chunk:
            line, end, chunk = chunk.partition(b"\n")
            above += line + end
            lines -= len(end)
        if chunk:
            yield chunk
    if b"\r" in above.replace(b"\r\n", b""):
        raise UnsuitedError("lines end in carriage returns")


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file but for a byte order mark."""
    first = next(chunks, b"").removeprefix(b"\xef\xbb\xbf")
    return chain((first,) if first else (), chunks)


def _opened(parts: Callable[[], list[Scan] | None]) -> list[Scan]:
    """Return the parts of a scan; what is wrong with one is said in process."""
    try:
        found = parts()
    except (InputError, OSError) as error:
        raise UnsuitedError("a part cannot be read") from error
    if found is None:
        raise UnsuitedError("not all parts are texts with columns of their own")
    return found


def _alike(scans: Iterable[Scan]) -> list[Part]:
    """Return the texts that are read alike together."""
    parts: dict[object, Part] = {}
    for number, scan in enumerate(scans):
        key: tuple[object, ...] = (number,)
        if scan.path is not None:
            constants = tuple(scan.constants.items())
            key = tuple(scan.names), scan.delimiter, scan.skip[0], constants
        parts.setdefault(key, Part(scan, [])).scans.append(scan)
    return list(parts.values())


@contextmanager
def reading(scan: Scan, source: str) -> Iterator[Texts]:
    """Yield the texts of a scan, and close what they need."""
    texts = Texts(scan, source)
    try:
        yield texts
    finally:
        texts.close()


def account(text: Text, part: Part, rows: int, size: int) -> None:
    """Account for all bytes of a text by its rows and the bytes of their fields.

    Raises
    ------
    UnsuitedError
        If they do not add up.
    """
    if not (rows or text.size):
        return
    width = len(part.scan.names)
    # Where there is one column, a blank line is a row to DuckDB, and so is what psql writes last.
    has_more = text.has_blank_line or text.has_footer or _has_blank_above(part)
    # There are no bytes below a header whose line end is a carriage return.
    is_read = rows and text.files
    if not (is_read and text.is_sound) or (width == 1 and has_more):
        raise UnsuitedError("there are characters or lines that are none of records")
    if len(text.line_ends) != 1:
        raise UnsuitedError("the line ends differ")
    ends = min(text.line_ends) * (rows - text.files) + text.last_ends
    if size + (width - 1) * rows + ends != text.size - text.quotes:
        raise UnsuitedError("the fields do not account for all bytes")


def _has_blank_above(part: Part) -> bool:
    """Return whether there are more lines above first rows than records."""
    return any(scan.skip[1] > scan.skip[0] for scan in part.scans)
