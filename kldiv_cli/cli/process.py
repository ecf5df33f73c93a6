"""One run of kldiv, from its arguments to its exit code."""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import ExitStack, redirect_stdout
from typing import TYPE_CHECKING, ClassVar, NoReturn

from kldiv_cli.cli import messages, streams
from kldiv_cli.cli.job import COMMANDS, NO_ANSWER, STDOUT, Answer, Job, printed
from kldiv_cli.errors import InputError, KldivError, UsageError
from kldiv_cli.renderers import Layout

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

BUG = 70
TERMINATED = 143
TOP_OPTIONS = ("-h", "--help", "--version", "--install-completion", "--show-completion")


class _Terminated(BaseException):
    """SIGTERM arrived; unwinding removes what is half-written."""


class _Unheard:
    """What ends a run, raised where Python cannot pass it on: in a callback, a closing iterator.

    Python would print it and go on as if nothing had happened.
    """

    ends: ClassVar[list[BaseException]] = []

    @classmethod
    def take(cls, caught: UnraisableHookArgs) -> None:
        """Keep what ends a run; leave anything else to Python."""
        if isinstance(caught.exc_value, KeyboardInterrupt | _Terminated | MemoryError):
            cls.ends.append(caught.exc_value)
        else:
            sys.__unraisablehook__(caught)

    @classmethod
    def hear(cls) -> None:
        """Raise what was kept."""
        if cls.ends:
            raise cls.ends.pop()


def run(arguments: list[str]) -> int:
    """Parse, compute, render, write; return the exit code and never raise."""
    # One thread: with more, BLAS may sum in another order, and the same input would not
    # give the same bytes.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    signal.signal(signal.SIGTERM, _terminate)
    _Unheard.ends.clear()
    sys.unraisablehook = _Unheard.take
    color = "auto"
    try:
        job = parsed(arguments)
        color = job.color
        return perform(job)
    except KldivError as problem:
        streams.write_stderr(_error(problem, color))
        return NO_ANSWER
    except MemoryError:
        streams.write_stderr(
            _error(InputError("out-of-memory", "the input does not fit into memory"), color)
        )
        return NO_ANSWER
    except KeyboardInterrupt:
        return 130
    except _Terminated:
        return TERMINATED
    except Exception as bug:
        return _report_bug(bug)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated


def parsed(arguments: list[str]) -> Job:
    """Return the job that the arguments ask for.

    Raises
    ------
    UsageError
        If they cannot be understood.
    """
    import io

    from kldiv_cli.cli.app import UsageProblem, app

    words = with_command(arguments)
    # Help and completion scripts are printed by the library: taken up here, they are
    # written where everything is written.
    with redirect_stdout(io.StringIO()) as caught:
        try:
            result = app(words[0])(args=words, prog_name="kldiv", standalone_mode=False)
        except UsageProblem as problem:
            raise _usage(problem) from None
    if isinstance(result, Job):
        return result
    if result:  # Typer turns an interrupt into an exit code that it returns.
        raise KeyboardInterrupt
    # Typer puts a required argument in braces, which look like a template left unfilled.
    usage, end, rest = caught.getvalue().partition("\n")
    return printed(re.sub(r"\{([\w.]+)\}", r"\1", usage) + end + rest)


def with_command(arguments: list[str]) -> list[str]:
    """Return the arguments with ``compare`` put in front of bare sources.

    Raises
    ------
    UsageError
        If the first word is neither a command nor a source.
    """
    if not arguments:
        raise UsageError(
            "usage", "two distributions are needed", hint="kldiv P Q, or kldiv --help"
        )
    first = arguments[0]
    if first in COMMANDS or first.partition("=")[0] in TOP_OPTIONS:
        return arguments
    from kldiv_cli.readers import is_readable

    if first.startswith("-") or "://" in first or is_readable(first):
        return ["compare", *arguments]
    close = _close_matches(first)
    raise UsageError(
        "unknown-command",
        f"'{first}' is neither a command nor a file",
        hint=f"did you mean {' or '.join(close)}?" if close else "kldiv --help",
    )


def _close_matches(word: str) -> list[str]:
    from difflib import get_close_matches

    folder, name = os.path.split(word)
    try:
        files = sorted(os.listdir(folder or "."))[:2000]
    except (OSError, ValueError):
        files = []
    commands = [f"the command '{match}'" for match in get_close_matches(word, COMMANDS, 1)]
    paths = [os.path.join(folder, match) for match in get_close_matches(name, files, 1)]
    return commands + [f"the file '{match}'" for match in paths]


def _usage(problem: Exception) -> UsageError:
    message: str = problem.format_message()  # type: ignore[attr-defined]
    text = " ".join(message.split())
    context = getattr(problem, "ctx", None)
    command = context.command_path if context is not None else "kldiv"
    return UsageError("usage", text[:1].lower() + text[1:].rstrip("."), hint=f"{command} --help")


def perform(job: Job) -> int:
    """Do the work and deliver its reports; return the exit code.

    Raises
    ------
    KldivError
        If there is no answer, or a report is lost.
    """
    with ExitStack() as stack:
        files = [
            (format, stack.enter_context(streams.ReportFile(path)))
            for format, path in job.reports
            if path != STDOUT
        ]
        for _, file in files:
            file.open(job.inputs)
        for _, path in job.appended:
            streams.refuse_input(path, job.inputs)
        _refuse_shared(
            [path for _, path in job.reports if path == STDOUT]
            + [file.replaces for _, file in files if file.replaces]
        )
        answer = job.work()
        _Unheard.hear()
        for note in answer.notes:
            streams.write_stderr(
                messages.note(
                    note,
                    terminal=streams.is_terminal(sys.stderr),
                    color=streams.has_color(sys.stderr, job.color),
                )
            )
        _deliver(answer, job, files)
        if answer.error:
            raise answer.error
    return answer.code


def _refuse_shared(places: list[str]) -> None:
    """Refuse two reports in one place: one would be lost, or both be unreadable."""
    for place in places:
        if places.count(place) > 1:
            where = "standard output" if place == STDOUT else place
            raise UsageError(
                "usage",
                f"two reports go to {where}",
                hint="give each --report, and -o, a file of its own",
            )


def _deliver(answer: Answer, job: Job, files: list[tuple[str, streams.ReportFile]]) -> None:
    if not answer.error:
        for format, file in files:
            file.commit(answer.text(format, Layout(unicode=True)))
        for format, path in job.appended:
            streams.append(path, answer.text(format, Layout(unicode=True)))
    for format, path in job.reports:
        if path == STDOUT and (text := answer.text(format, streams.stdout_layout(job.color))):
            streams.write_stdout(text, format)


def _error(problem: KldivError, color: str) -> str:
    if os.environ.get("KLDIV_DEBUG"):
        import traceback

        streams.write_stderr(traceback.format_exc())
    return messages.error(
        problem,
        terminal=streams.is_terminal(sys.stderr),
        color=streams.has_color(sys.stderr, color),
    )


def _report_bug(bug: Exception) -> int:
    problem = KldivError(
        "internal",
        f"internal error, {type(bug).__name__}: {bug}",
        hint="this is a bug in kldiv; with KLDIV_DEBUG=1 it shows where",
    )
    streams.write_stderr(_error(problem, "auto"))
    return BUG
