"""Standard output and standard error: how they show text, and how text is written to them.

A report that did not arrive is not an answer: every failure to write one raises OutputError. Only
a reader that has gone away (a closed pipe) is no failure; it has read what it wanted.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from kldiv_cli.errors import OutputError, Place
from kldiv_cli.renderers import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kldiv_cli.cli.status_line import StatusLine

MACHINE_FORMATS = ("json", "csv", "rows", "markdown", "html", "svg", "junit", "prometheus")
status: StatusLine | None = None
"""The line of a terminal that gives way to whatever is written."""


def has_color(stream: IO[str] | None, option: str) -> bool:
    """Return whether `stream` gets colour, by the option, the environment, and the terminal."""
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def is_terminal(stream: IO[str] | None) -> bool:
    """Return whether `stream` is a terminal, which people look at."""
    return stream is not None and not stream.closed and stream.isatty()


def stdout_layout(option: str) -> Layout:
    """Return the layout of standard output: its width, its characters, and its colours."""
    color = has_color(sys.stdout, option)
    terminal = is_terminal(sys.stdout)
    width = 80
    if terminal:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    encoding = (sys.stdout.encoding or "ascii") if sys.stdout else "ascii"
    return Layout(
        terminal=terminal or color,
        width=width,
        unicode=encoding.lower().replace("-", "") in ("utf8", "utf16", "utf32"),
        color=color,
    )


def write_stdout(text: str | Iterable[str], format: str) -> None:
    """Write a whole report, which may come in pieces, to standard output.

    Raises
    ------
    OutputError
        If standard output is closed or does not take it all.
    """
    if sys.stdout is None:
        raise lost("standard output", "it is closed")
    encoding = "utf-8" if format in MACHINE_FORMATS else (sys.stdout.encoding or "ascii")
    with arriving("standard output"), suppress(BrokenPipeError):
        for data in encoded(text, encoding):
            write_all(sys.stdout, data)


def encoded(text: str | Iterable[str], encoding: str = "utf-8") -> Iterator[bytes]:
    """Yield the bytes of a text, or of the pieces that make up one."""
    for piece in (text,) if isinstance(text, str) else text:
        yield piece.encode(encoding, "backslashreplace")


def tell(message: Callable[..., str], about: object, option: str) -> None:
    """Write a message about an error or a note to standard error, in its layout."""
    terminal, color = is_terminal(sys.stderr), has_color(sys.stderr, option)
    write_stderr(message(about, terminal=terminal, color=color))


def write_stderr(text: str) -> None:
    """Write to standard error; where it is lost, so is the text."""
    if sys.stderr is not None:
        encoded = text.encode(sys.stderr.encoding or "ascii", "backslashreplace")
        with suppress(OSError):
            write_all(sys.stderr, encoded)


def write_all(stream: IO[str] | IO[bytes], data: bytes) -> None:
    """Write bytes to a stream, past its buffers, until it has taken the last of them."""
    if status is not None:
        status.erase()
    # What Python's buffers hold when a write fails would fail again at exit.
    stream.flush()
    buffer: Any = getattr(stream, "buffer", stream)
    raw = getattr(buffer, "raw", buffer)
    view = memoryview(data)
    while view:
        written = raw.write(view)
        if written is None:  # A pipe that does not block, and is full.
            import select

            select.select([], [raw], [])
        else:
            view = view[written:]


@contextmanager
def arriving(target: str, hint: str = "") -> Iterator[None]:
    """Raise `lost` for a report whose file or stream the system cannot open or write.

    Raises
    ------
    OutputError
        If the block raises OSError.
    """
    try:
        yield
    except OSError as error:
        raise lost(target, error.strerror or str(error), hint) from None


def lost(target: str, reason: str, hint: str = "") -> OutputError:
    """Return the error for a report that did not arrive."""
    message = f"the report could not be written: {reason}"
    return OutputError("output-lost", message, Place(target), hint=hint)
