"""The line that shows how far long work is, on a terminal and nowhere else.

It is drawn over itself, and gone before anything else is written; see `streams.write_all`. It
has neither a thread nor a clock that ticks: it is drawn as steps of the work come in.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import contextmanager, suppress
from shutil import get_terminal_size
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from kldiv_cli import progress
from kldiv_cli.cli import messages, streams
from kldiv_cli.errors import Note
from kldiv_cli.renderers.show import display_width, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kldiv_cli.progress import Unit

PATIENCE = 0.5
"""Seconds of a run before the line is first drawn …"""
INTERVAL = 0.1
"""… and from one drawing of it to the next."""
SHORTEST = 8
"""Columns that the name of a source has, or else is left out."""
_ERASE = b"\r\x1b[K"


@contextmanager
def listening(color: str, *, verbose: bool) -> Iterator[None]:
    """Show how far the work in the block is, if standard error is a terminal.

    Parameters
    ----------
    color : str
        The option of that name.
    verbose : bool
        Whether to write a note on each engine that counts.
    """
    line = StatusLine(sys.stderr) if is_wanted(sys.stderr) else None
    progress.listener = _Listener(line, color if verbose else None)
    streams.status = line
    try:
        yield
    finally:
        progress.listener = streams.status = None
        if line:
            line.erase()


def is_wanted(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal that a person looks at, and can erase a line."""
    dumb = os.environ.get("TERM", "dumb") == "dumb" or bool(os.environ.get("CI"))
    return streams.is_terminal(stream) and not dumb


class _Listener:
    """Hands steps to a line, and writes notes on engines; either may be absent."""

    def __init__(self, line: StatusLine | None, color: str | None) -> None:
        self._line = line
        self._color = color

    def step(self, source: str, done: int, total: int | None, unit: Unit) -> None:
        """See `progress.step`."""
        if self._line:
            self._line.step(source, done, total, unit)

    def counted(self, source: str, engine: str) -> None:
        """See `progress.counted`."""
        if self._color:
            said = Note("engine", f"the engine that counted the rows: {engine}", source)
            streams.tell(messages.note, said, self._color)


class StatusLine:
    """One line of a terminal that tells how far the work is.

    Of a file whose size is known it tells the share that is read. Where nothing of that kind is
    being read it tells the rows that are counted, and of what is no raw rows the bytes.

    Parameters
    ----------
    stream : text stream
        The terminal.
    now : callable
        Returns the seconds since any moment.
    """

    def __init__(self, stream: TextIO, now: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._now = now
        self._next = now() + PATIENCE
        self._is_drawn = False
        # The file of known size that is being read, and sources whose rows are counted.
        self._reading: str | None = None
        self._by_rows: set[str] = set()

    def step(self, source: str, done: int, total: int | None, unit: Unit) -> None:
        """Draw the line, unless that was done just now; see `progress.step`."""
        if unit == "rows":
            self._by_rows.add(source)
        if unit == "bytes" and total:
            self._reading = source if done < total else None
        elif unit in ("bytes", "rows") and (
            self._reading or (unit == "bytes" and source in self._by_rows)
        ):
            return
        time = self._now()
        if time >= self._next:
            self._next = time + INTERVAL
            self._draw(source, amount(done, total, unit))

    def erase(self) -> None:
        """Take the line away, if it is there."""
        if self._is_drawn:
            self._write(_ERASE)
            self._is_drawn = False

    def _draw(self, source: str, said: str) -> None:
        encoding = self._stream.encoding or "ascii"
        # The last column stays free: some terminals begin a new line when it is filled.
        room = get_terminal_size().columns - 1
        name = show(source).encode(encoding, "backslashreplace").decode(encoding)
        text = fitted(name, said, room)
        self._is_drawn = True
        self._write(_ERASE + text.encode(encoding, "backslashreplace"))

    def _write(self, data: bytes) -> None:
        with suppress(OSError, ValueError):
            os.write(self._stream.fileno(), data)


def amount(done: int, total: int | None, unit: Unit) -> str:
    """Return in words how much is done."""
    if unit == "bytes":
        # A file may grow while it is read.
        share = f"{min(100 * done // total, 100)} % of " if total else ""
        return share + _size(total or done)
    return f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"


def _size(number: int) -> str:
    """Return a number of bytes in powers of 1000, as `--max-inflated` takes it."""
    size, units = float(number), deque(("bytes", "kB", "MB", "GB", "TB"))
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.popleft()
    digits = 1 if units[0] != "bytes" and size < 99.95 else 0
    return f"{size:.{digits}f} {units[0]}"


def fitted(name: str, said: str, room: int) -> str:
    """Return the text of the line, in which the head of a name gives way, and then all of it."""
    space = room - len(f"kldiv: : {said}")
    if space < SHORTEST:
        return f"kldiv: {said}"[:room]
    if display_width(name) > space:
        name = name[-space:]
        while display_width(name) > space - 3:
            name = name[1:]
        name = f"...{name}"
    return f"kldiv: {name}: {said}"
