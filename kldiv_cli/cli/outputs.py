"""The reports of a run: opened before the work, and in place when all of them are whole."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from stat import S_IMODE, S_ISFIFO, S_ISREG
from typing import IO, TYPE_CHECKING, Any

from kldiv_cli.cli import interrupts, messages, streams
from kldiv_cli.errors import UsageError, option
from kldiv_cli.pipeline.validation import among
from kldiv_cli.renderers import ROWS, Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kldiv_cli.errors import Note

STDOUT = "-"
FORMATS_BY_EXTENSION = {
    ".json": "json", ".csv": "csv", ".md": "markdown", ".markdown": "markdown",
    ".html": "html", ".htm": "html", ".svg": "svg", ".xml": "junit", ".prom": "prometheus",
}  # fmt: skip
FOREIGN = (
    ".7z", ".arrow", ".arrows", ".avif", ".avro", ".bmp", ".bz2", ".db", ".doc", ".docx", ".dta",
    ".duckdb", ".eps", ".epub", ".feather", ".gif", ".gz", ".h5", ".hdf5", ".heic", ".ico",
    ".ipc", ".ipynb", ".jpeg", ".jpg", ".jsonl", ".key", ".mat", ".ndjson", ".npy", ".npz",
    ".numbers", ".odp", ".ods", ".odt", ".orc", ".pages", ".parquet", ".pdf", ".pickle",
    ".pkl", ".png", ".ppt", ".pptx", ".pq", ".ps", ".rdata", ".rds", ".rtf", ".sas7bdat",
    ".sav", ".sqlite", ".tab", ".tar", ".tgz", ".tif", ".tiff", ".tsv", ".webp",
    ".xls", ".xlsb", ".xlsm", ".xlsx", ".xz", ".yaml", ".yml", ".zip", ".zst",
)  # fmt: skip
"""Extensions that promise what no report is: pictures, documents, sheets, data, archives."""
_COLORS = among("auto", "always", "never")
_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}


class Outputs(ExitStack):
    """The reports of one run, each with its format and its path; ``-`` is standard output.

    Leaving the context removes the files whose reports were not written.

    Parameters
    ----------
    said : dict of str to object
        The options of the command line; those of the output are taken out.
    formats : sequence of str
        The formats of this kind of report, the default first.

    Raises
    ------
    UsageError
        If an option has a wrong value.
    """

    def __init__(self, said: dict[str, Any], formats: Sequence[str]) -> None:
        super().__init__()
        self._color = _COLORS("--color", said.pop("color", "auto"))
        self._quiet = said.pop("quiet", False)
        self._unfolded = said.pop("all_measures", False)
        self._targets = _targets(said, formats)
        self._files: list[tuple[str, ReportFile]] = []
        # A workflow of GitHub shows what is appended to this file.
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        self._summary = summary if "github" in dict(self._targets) else None
        if self._quiet and self._targets[0][0] != "text":
            message = f"-q prints a short text, and the format is {self._targets[0][0]}"
            raise UsageError("usage", message, hint="leave --quiet out; --format text prints it")

    @property
    def has_reports(self) -> bool:
        """Whether there is more to write than a short text."""
        return not self._quiet or len(self._targets) > 1

    @property
    def has_every_measure(self) -> bool:
        """Whether there is a report that folds no measure away for good, as text does."""
        formats = {format for format, _ in self._targets}
        return self._unfolded or formats != {"text"}

    def open(self, inputs: Sequence[str]) -> None:
        """Open the files of all reports.

        Parameters
        ----------
        inputs : sequence of str
            Paths that are read, and so never written.

        Raises
        ------
        UsageError
            If a report would overwrite an input, or two would be in one place.
        OutputError
            If a file cannot be written.
        """
        for format, path in self._targets:
            if path != STDOUT:
                file = self.enter_context(ReportFile(path))
                self._files.append((format, file))
                file.open(inputs)
        if self._summary:
            refuse_input(self._summary, inputs)
        places = [stream_name(path) for _, path in self._targets]
        places += [file.replaces for _, file in self._files]
        if doubles := [place for place in places if place and places.count(place) > 1]:
            hint = "give each report a file of its own"
            raise UsageError("usage", f"two reports go to {doubles[0]}", hint=hint)

    def write(
        self,
        text: Callable[[str, Layout], str | Iterable[str]],
        notes: Iterable[Note] = (),
        bare: Callable[[], str] | None = None,
    ) -> None:
        """Write the notes to standard error, and every report to its place.

        Parameters
        ----------
        text : callable
            Returns the report in a format, for a layout; as a text, or as its pieces.
        notes : iterable of Note
            Only those on repairs are written under ``--quiet``.
        bare : callable, optional
            Returns the short text of ``--quiet``.

        Raises
        ------
        OutputError
            If a report does not arrive.
        """
        interrupts.raise_kept()
        tell_notes(notes, quiet=self._quiet, color=self._color)

        def report(format: str, layout: Layout) -> str | Iterable[str]:
            return bare() if bare and self._quiet and format == "text" else text(format, layout)

        of_file = Layout(unicode=True, unfolded=self._unfolded)
        for format, file in self._files:
            file.write(report(format, of_file))
        for _, file in self._files:
            file.put_in_place()
        if self._summary:
            append(self._summary, report("markdown", of_file))
        for format, path in self._targets:
            if path == STDOUT:
                layout = streams.stdout_layout(self._color)._replace(unfolded=self._unfolded)
                streams.write_stdout(report(format, layout), format)


def asked_reports(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the format and the path of each report that options ask for, the main report first.

    There may be no such format; it is empty where neither an option nor an extension names one.
    """
    path = said.get("output", STDOUT)
    yield said.get("format", FORMATS_BY_EXTENSION.get(_extension(path), "")), path
    for word in said.get("report", ()):
        format, _, path = word.partition("=")
        yield format, path
    if "rows" in said:
        yield ROWS, said["rows"]


def _targets(said: dict[str, Any], formats: Sequence[str]) -> list[tuple[str, str]]:
    """Return the format and the path of every report, the main report first."""
    known = among(*formats)
    format, path = next(asked_reports(said))
    if said.pop("format", None) is None:
        format = format if format in formats else _default(path, formats)
    found = [(known("--format", format), path)]
    said.pop("output", None)
    for word in said.pop("report", ()):
        format, equals, path = word.partition("=")
        if not equals or not path:
            message = f"--report takes FORMAT=FILE; found '{word}'"
            raise UsageError("usage", message, hint="--report json=out.json")
        found.append((known("--report", format), path))
    if (path := said.pop("rows", None)) is not None:
        found.append((ROWS, path))
    return found


def _default(path: str, formats: Sequence[str]) -> str:
    """Return the format of a report whose path names none, unless it names what no report is."""
    extension = _extension(path)
    if extension not in (*FORMATS_BY_EXTENSION, *FOREIGN):
        return formats[0]
    message = f"there is no report that is a {extension} file: it is {', '.join(formats)}"
    hint = f"{option('--output', _renamed(path, formats))}; --format {formats[0]} writes it there"
    raise UsageError("unknown-format", message, hint=hint)


def _renamed(path: str, formats: Sequence[str]) -> str:
    """Return a path with the extension of a report in the place of one that is of none."""
    stem = os.path.splitext(path)[0]
    if FORMATS_BY_EXTENSION.get(_extension(stem)) in formats:
        return stem
    extensions = {format: end for end, format in reversed(FORMATS_BY_EXTENSION.items())}
    return stem + extensions["markdown" if "markdown" in formats else formats[0]]


def _extension(path: str) -> str:
    return os.path.splitext(path)[1].lower()


class ReportFile:
    """The file of a report: opened before the work, and in place only when it is whole.

    A regular file is written beside its target and renamed over it; a pipe or a device is
    written directly.

    Parameters
    ----------
    path : str
        Where the report shall be.
    new : bool
        Whether it is a file of settings, and there must not be one yet.
    """

    def __init__(self, path: str, *, new: bool = False) -> None:
        self._path = path
        self._new = new
        self._target = path
        self._beside: str | None = None
        self._stream: IO[bytes] | None = None

    @property
    def replaces(self) -> str | None:
        """The file that the report takes the place of; None of a pipe or a device."""
        return self._target if self._beside else None

    def open(self, inputs: Sequence[str]) -> None:
        """Make sure that the report can be written, and is no input; see `Outputs.open`."""
        if self._new and os.path.lexists(self._path):
            raise exists(self._path)
        hint = "name a file in a folder that exists and can be written"
        with streams.arriving(self._path, hint):
            self._stream = self._opened(inputs)

    def _opened(self, inputs: Sequence[str]) -> IO[bytes]:
        refuse_part(self._path, [source for source in inputs if os.path.isdir(source)])
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            status = None
        except ValueError as error:  # No path has this character.
            raise OSError(str(error)) from None
        if status is not None:
            refuse_input(self._path, inputs)
            if (number := descriptor(self._path)) is not None:
                return os.fdopen(os.dup(number), "wb", buffering=0)
            if not S_ISREG(status.st_mode):
                return open(self._path, "wb", buffering=0)
        if not os.path.basename(self._path):
            raise OSError("that names no file")
        # Through symbolic links: the link stays, the file behind it is replaced.
        self._target = os.path.realpath(self._path)
        folder, name = os.path.split(self._target)
        beside = os.path.join(folder, f".{name[:100]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
        self._beside = beside  # First, so that it is removed whatever happens next.
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        if status is not None:
            os.fchmod(number, S_IMODE(status.st_mode))
        return os.fdopen(number, "wb", buffering=0)

    def write(self, text: str | Iterable[str]) -> None:
        """Write the whole report, a text or its pieces, beside its target if that is a file.

        Raises
        ------
        OutputError
            If that fails; the target is as it was.
        """
        assert self._stream is not None
        with streams.arriving(self._path), suppress(BrokenPipeError):
            for data in streams.encoded(text):
                streams.write_all(self._stream, data)
            if self._beside:
                os.fsync(self._stream.fileno())
            self._stream.close()

    def put_in_place(self) -> None:
        """Rename the written file over its target.

        Raises
        ------
        OutputError
            If that fails; the target is as it was.
        """
        if self._beside is None:
            return
        # Nothing is called once the file is in its place: from there on the run has succeeded.
        try:
            if self._new:
                self._claim()
            else:
                os.replace(self._beside, self._target)
        except OSError as error:
            raise streams.lost(self._path, error.strerror or str(error)) from None
        self._beside = None

    def _claim(self) -> None:
        """Rename the written file to a name that no file has, even if one came in the meantime."""
        assert self._beside is not None
        try:
            os.link(self._beside, self._target)
        except FileExistsError:
            raise exists(self._path) from None
        except OSError:  # Not every file system has links.
            if os.path.lexists(self._target):
                raise exists(self._path) from None
            os.replace(self._beside, self._target)
        else:
            os.unlink(self._beside)

    def __enter__(self) -> ReportFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream:
            with suppress(OSError):  # `write` has said so already.
                self._stream.close()
        if self._beside:
            with suppress(OSError):  # It may never have come to be.
                os.unlink(self._beside)


def exists(path: str) -> UsageError:
    """Return the error for a file that is there already where a new one was to be written."""
    message = f"there is a file {path} already, and it is left as it is"
    return UsageError("file-exists", message, hint="--config FILE names another place")


def tell_notes(notes: Iterable[Note], *, quiet: bool, color: str) -> None:
    """Write notes to standard error, those of one kind as one; only repairs under ``--quiet``."""
    for note in messages.grouped(note for note in notes if note.repair or not quiet):
        streams.tell(messages.note, note, color)


def append(path: str, text: str | Iterable[str]) -> None:
    """Add a report to the end of a file.

    Raises
    ------
    OutputError
        If the file does not take it all.
    """
    with streams.arriving(path), open(path, "ab", buffering=0) as file:
        for data in streams.encoded(text):
            streams.write_all(file, data)


def descriptor(path: str) -> int | None:
    """Return the descriptor that a path leads to: its file is open, and written on, not replaced.

    A path that leads to none, such as ``/dev/fd/x``, has None.
    """
    number = path.removeprefix("/dev/fd/").removeprefix("/proc/self/fd/")
    if number != path and number.isascii() and number.isdigit() and len(number) < 10:
        return int(number)
    return _STREAMS.get(path)


def stream_name(path: str) -> str | None:
    """Return what the stream is called that a path leads to; None if it leads to none."""
    number = 1 if path == STDOUT else descriptor(path)
    names = {None: None, 1: "standard output", 2: "standard error"}
    return names.get(number, f"descriptor {number}")


def refuse_input(path: str, inputs: Sequence[str]) -> None:
    """Refuse to write over an input.

    Raises
    ------
    UsageError
        If `path` is one of the inputs.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    if any(_is_input(status, source) for source in inputs):
        message = f"{path} is read by this run, and an input is never overwritten"
        raise UsageError("output-is-input", message, hint="write the report to another file")


def remove(path: str, inputs: Sequence[str]) -> bool:
    """Remove a file that could not be replaced, and return whether it is gone; never an input."""
    try:
        status = os.stat(path)
        if S_ISREG(status.st_mode) and not any(_is_input(status, source) for source in inputs):
            os.unlink(os.path.realpath(path))
            return True
    except (OSError, ValueError):
        pass
    return False


def refuse_part(path: str, folders: Sequence[str]) -> None:
    """Refuse to write among the part files of folders that are read.

    Raises
    ------
    UsageError
        If `path` lies in a folder, and its name would make it one of the parts.
    """
    for source in folders:
        folder, name = os.path.split(os.path.realpath(path))
        within = os.path.realpath(source)
        among = os.path.commonpath((within, folder)) == within
        if among and not name.startswith((".", "_")):
            message = f"{path} would be one of the files of {source}, which this run reads"
            hint = "write the report to another folder"
            raise UsageError("output-is-input", message, hint=hint)


def _is_input(status: os.stat_result, source: str) -> bool:
    try:
        found = os.fstat(0) if source == "-" else os.stat(source)
    except (OSError, ValueError):
        return False
    # A pipe that this run holds open itself would never end.
    is_data = S_ISREG(found.st_mode) or S_ISFIFO(found.st_mode)
    return is_data and os.path.samestat(status, found)
