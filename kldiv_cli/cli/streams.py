"""The one place that writes: standard output, standard error, and files that are whole or not.

A report that did not arrive is not an answer: whatever fails here raises OutputError. Only a
reader that has gone away (a closed pipe) is no failure; it has read what it wanted.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from kldiv_cli.errors import OutputError, Place, UsageError
from kldiv_cli.renderers import Layout

if TYPE_CHECKING:
    from types import TracebackType

STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}
# What these names lead to is open already: its file is written on, not replaced.
_descriptor = re.compile(r"/dev/std(?:out|err)|(?:/dev|/proc/self)/fd/([0-9]{1,9})")
MACHINE_FORMATS = ("json", "csv", "markdown", "junit", "prometheus")


def has_color(stream: IO[str] | None, option: str) -> bool:
    """Return whether `stream` gets colour: the option, the environment, then the terminal."""
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def is_terminal(stream: IO[str] | None) -> bool:
    """Return whether people look at `stream`."""
    return stream is not None and not stream.closed and stream.isatty()


def stdout_layout(option: str) -> Layout:
    """Return what standard output can show."""
    import shutil

    color = has_color(sys.stdout, option)
    terminal = is_terminal(sys.stdout)
    encoding = (sys.stdout.encoding or "ascii") if sys.stdout else "ascii"
    return Layout(
        terminal=terminal or color,
        width=shutil.get_terminal_size().columns if terminal else 80,
        unicode=encoding.lower().replace("-", "") in ("utf8", "utf16", "utf32"),
        color=color,
    )


def write_stdout(text: str, format: str) -> None:
    """Write a whole report to standard output.

    Raises
    ------
    OutputError
        If standard output is closed or does not take it all.
    """
    if sys.stdout is None:
        raise _lost("standard output", "it is closed")
    encoding = "utf-8" if format in MACHINE_FORMATS else (sys.stdout.encoding or "ascii")
    try:
        _write_all(sys.stdout, text.encode(encoding, "backslashreplace"))
    except BrokenPipeError:
        return
    except OSError as error:
        raise _lost("standard output", error.strerror or str(error)) from None


def refuse_input(path: str, inputs: tuple[str, ...]) -> None:
    """Refuse to write what is read.

    Raises
    ------
    UsageError
        If `path` is one of the inputs.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    if any(_same_file(status, source) for source in inputs):
        raise UsageError(
            "output-is-input",
            f"{path} is read by this run, and an input is never overwritten",
            hint="write the report to another file",
        )


def append(path: str, text: str) -> None:
    """Add a report to the end of a file.

    Raises
    ------
    OutputError
        If the file does not take it all.
    """
    try:
        with open(path, "ab", buffering=0) as file:
            view = memoryview(text.encode("utf-8", "backslashreplace"))
            while view:
                view = view[file.write(view) :]
    except OSError as error:
        raise _lost(path, error.strerror or str(error)) from None


def write_stderr(text: str) -> None:
    """Write a message; where standard error is lost there is nobody to tell."""
    if sys.stderr is not None:
        encoded = text.encode(sys.stderr.encoding or "ascii", "backslashreplace")
        with suppress(OSError):
            _write_all(sys.stderr, encoded)


def _write_all(stream: IO[str], data: bytes) -> None:
    # Past Python's buffers: what they hold when a write fails would fail again at exit.
    stream.flush()
    buffer = stream.buffer  # type: ignore[attr-defined]
    raw = getattr(buffer, "raw", buffer)
    view = memoryview(data)
    while view:
        written = raw.write(view)
        if written is None:  # A pipe that does not block, and is full.
            import select

            select.select([], [raw], [])
        else:
            view = view[written:]


def _lost(target: str, reason: str, hint: str = "") -> OutputError:
    return OutputError(
        "output-lost", f"the report could not be written: {reason}", Place(target), hint=hint
    )


class ReportFile:
    """A report's file: opened before the work, in place only when it is whole.

    A regular file is written beside its target and renamed over it; what is no regular file
    (a pipe, a device) is written directly.

    Parameters
    ----------
    path : str
        Where the report shall be.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._target = path
        self._beside: str | None = None
        self._stream: IO[bytes] | None = None

    @property
    def replaces(self) -> str | None:
        """The file that the report takes the place of; None of a pipe or a device."""
        return self._target if self._beside else None

    def open(self, inputs: tuple[str, ...]) -> None:
        """Make sure, before the work, that the report can be written.

        Parameters
        ----------
        inputs : tuple of str
            Paths that are read, and so never written.

        Raises
        ------
        UsageError
            If the report would overwrite an input.
        OutputError
            If it cannot be written.
        """
        try:
            self._stream = self._opened(inputs)
        except UsageError:
            raise
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise _lost(
                self._path, reason, "-o needs a folder that exists and can be written"
            ) from None

    def _opened(self, inputs: tuple[str, ...]) -> IO[bytes]:
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            status = None
        if status is not None:
            refuse_input(self._path, inputs)
            if descriptor := _descriptor.fullmatch(self._path):
                number = STREAMS.get(self._path) or int(descriptor[1] or 0)
                return os.fdopen(os.dup(number), "wb", buffering=0)
            if not stat.S_ISREG(status.st_mode):
                return open(self._path, "wb", buffering=0)
        if not os.path.basename(self._path):
            raise ValueError("that names no file")
        # Through symbolic links: the link stays, the file behind it is replaced.
        self._target = os.path.realpath(self._path)
        folder, name = os.path.split(self._target)
        beside = os.path.join(folder, f".{name[:100]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
        self._beside = beside  # First, so that it is removed whatever happens next.
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        if status is not None:
            os.fchmod(number, stat.S_IMODE(status.st_mode))
        return os.fdopen(number, "wb", buffering=0)

    def commit(self, text: str) -> None:
        """Write the whole report and put it in place.

        Raises
        ------
        OutputError
            If that fails; the target is then as it was.
        """
        assert self._stream is not None
        try:
            view = memoryview(text.encode("utf-8", "backslashreplace"))
            while view:
                view = view[self._stream.write(view) :]
            if self._beside:
                os.fsync(self._stream.fileno())
            self._stream.close()
            if self._beside:
                os.replace(self._beside, self._target)
                self._beside = None
        except BrokenPipeError:
            return
        except OSError as error:
            raise _lost(self._path, error.strerror or str(error)) from None

    def __enter__(self) -> ReportFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream:
            with suppress(OSError):  # It was said already, by commit.
                self._stream.close()
        if self._beside:
            with suppress(FileNotFoundError):
                os.unlink(self._beside)


def _same_file(status: os.stat_result, source: str) -> bool:
    try:
        other = os.fstat(0) if source == "-" else os.stat(source)
    except (OSError, ValueError):
        return False
    # A pipe that this run holds open itself would never end.
    is_data = stat.S_ISREG(other.st_mode) or stat.S_ISFIFO(other.st_mode)
    return is_data and os.path.samestat(status, other)
