"""The reports of a run that failed, for programs that would take silence for an answer.

What is read as it is written, standard output or another stream, gets the report of the error in
every format but text and Markdown, since people read standard error. Files stay as they were, but
for those of `REPLACED`: where one of these cannot be replaced, it is removed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import messages, streams
from kldiv_cli.cli.arguments import told_apart
from kldiv_cli.cli.commands import COMMANDS, load
from kldiv_cli.cli.outputs import STDOUT, ReportFile, asked_reports, remove, stream_name
from kldiv_cli.cli.words import late_command
from kldiv_cli.errors import KldivError, OutputError, UsageError, closest
from kldiv_cli.pipeline import config
from kldiv_cli.readers import is_readable
from kldiv_cli.renderers import Layout, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.cli.arguments import Words
    from kldiv_cli.cli.options import Command

REPORTS = ("output", "report", "rows")
"""Options whose words are files that are written."""
REPLACED = ("junit", "prometheus")
"""Formats whose files are read later, when an old answer is worse than none."""


def report(
    arguments: list[str], problem: KldivError, *, to_streams: bool = True
) -> Iterator[KldivError]:
    """Write the reports of an error, and yield the errors of those that do not arrive.

    They are those that a command line asks for, as far as it is understood.

    Parameters
    ----------
    arguments : list of str
        The words of the command line, which may be wrong.
    problem : KldivError
        The error.
    to_streams : bool
        Whether streams get a report; without, only files are replaced.
    """
    command, found = guessed(arguments)
    assert command.failed
    made = None
    places: set[str] = set()
    for format, path in asked_reports(found.given):
        if stream_name(path):
            wanted = to_streams and not _is_lost(problem, path)
        else:
            wanted = format in REPLACED and _is_stale(path)
        place = stream_name(path) or path
        if not wanted or format not in command.formats or place in places:
            continue
        places.add(place)
        try:
            if made is None:
                why = messages.failure(problem)
                made = command.failed(found.arguments, _said(command, found), why)
            if text := render(made, format, Layout(unicode=True)):
                _write(text, format, path, [*_inputs(found)])
        except KldivError as lost:
            if not isinstance(problem, OutputError) and str(lost) != str(problem):
                yield lost
        except Exception as bug:
            # NumPy cannot be loaded again where a signal came while it was being loaded.
            if not stream_name(path):
                remove(path, [*_inputs(found)])
            message = f"the report of the error could not be written, {type(bug).__name__}: {bug}"
            yield KldivError("internal", message)


def guessed(arguments: list[str]) -> tuple[Command, Words]:
    """Return the command that words most likely ask for, and these words told apart.

    Words that name no command with reports, not even nearly, ask for a comparison.
    """
    word = late_command(arguments) or (arguments[0] if arguments else "")
    named = word if word in COMMANDS else None
    if word.isalpha() and not is_readable(word):
        named = closest(word, COMMANDS, 0.75)
    rest = list(arguments)
    if named:
        rest.remove(word)
    command = load(named or "compare")
    if not command.failed:
        command = load("compare")
    return command, told_apart(command, rest)


def _said(command: Command, found: Words) -> dict[str, Any]:
    """Return the options that words give; one whose value cannot be read is left out."""
    said: dict[str, Any] = {}
    for name, word in found.given.items():
        with suppress(UsageError):
            said |= command.said({name: word})
    return said


def _is_lost(problem: KldivError, path: str) -> bool:
    """Return whether the error is that a stream did not take the report."""
    sources = {place.source for place in problem.places}
    name = "standard output" if path == STDOUT else path
    return isinstance(problem, OutputError) and name in sources


def _is_stale(path: str) -> bool:
    """Return whether what is at a path, or nothing, would be taken for the answer of this run.

    A named pipe was closed when the run failed, and would have to wait for another reader.
    """
    try:
        return bool(path) and S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):  # If it cannot be replaced either, that is told.
        return True


def _inputs(found: Words) -> Iterator[str]:
    """Yield every path that words may name as an input, which no report replaces."""
    options = (word for name, word in found.given.items() if name not in REPORTS)
    words = [*found.arguments, *found.strange]
    for option in options:
        words += option if isinstance(option, list) else [str(option)]
    for word in words:
        yield from (word, word.partition("=")[2])
    yield from config.files(None)


def _write(text: str, format: str, path: str, inputs: list[str]) -> None:
    """Write a report to standard output, to another stream, or in the place of a file.

    A file that cannot be replaced is removed: on a full disk that makes room for the report, and
    if not, no report is better than an old one.
    """
    if path == STDOUT:
        streams.write_stdout(text, format)
        return
    try:
        _write_file(text, path, inputs)
    except OutputError:
        if stream_name(path) or not remove(path, inputs):
            raise
        _write_file(text, path, inputs)


def _write_file(text: str, path: str, inputs: list[str]) -> None:
    with ReportFile(path) as file:
        file.open(inputs)
        file.write(text)
        file.put_in_place()
