"""The process of kldiv: from the words of its command line to its exit code."""

from __future__ import annotations

import os

from kldiv_cli.cli import interrupts, streams
from kldiv_cli.errors import InputError, KldivError

NO_ANSWER = 2
BUG = 70
INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """Answer a command line and return the exit code; no exception leaves this function."""
    # One thread: with more, BLAS may sum in another order, and the same input would not
    # give the same bytes.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    color = "auto"
    try:
        try:
            interrupts.listen()
            from kldiv_cli.cli.commands import Call
            from kldiv_cli.cli.words import parsed

            asked = parsed(arguments)
            if not isinstance(asked, Call):
                streams.write_stdout(asked, "text")
                # A script whose words are all empty has asked for nothing, and gets no answer.
                return 0 if arguments else NO_ANSWER
            color = asked.said.get("color", color)
            return asked.answer()
        except KldivError as problem:
            return _failed(arguments, problem, color, NO_ANSWER)
        except MemoryError:
            lack = InputError("out-of-memory", "the input does not fit into memory")
            return _failed(arguments, lack, color, NO_ANSWER)
        except Exception as bug:
            message = f"internal error, {type(bug).__name__}: {bug}"
            hint = "this is a bug in kldiv; with KLDIV_DEBUG=1 it shows where"
            return _failed(arguments, KldivError("internal", message, hint=hint), color, BUG)
    except KeyboardInterrupt:
        return _interrupted(arguments, INTERRUPTED)
    except interrupts.Terminated as end:
        return _interrupted(arguments, end.exit_code)


def _failed(arguments: list[str], problem: KldivError, color: str, code: int) -> int:
    """Write an error to standard error and into reports, and return the exit code."""
    from kldiv_cli.cli import messages

    if os.environ.get("KLDIV_DEBUG"):
        import traceback

        streams.write_stderr(traceback.format_exc())
    streams.tell(messages.error, problem, color)
    _report(arguments, problem, color)
    return code


def _interrupted(arguments: list[str], exit_code: int) -> int:
    """Replace the files that would be taken for an answer, and return the exit code."""
    with interrupts.ignored():
        problem = KldivError("interrupted", f"the run was interrupted: exit code {exit_code}")
        _report(arguments, problem, "auto", to_streams=False)
    return exit_code


def _report(
    arguments: list[str], problem: KldivError, color: str, *, to_streams: bool = True
) -> None:
    """Write the reports of an error; what goes wrong with them is told as well."""
    from kldiv_cli.cli import failures, messages

    try:
        for lost in failures.report(arguments, problem, to_streams=to_streams):
            streams.tell(messages.error, lost, color)
    except Exception as bug:
        message = f"the report of the error could not be written, {type(bug).__name__}: {bug}"
        streams.tell(messages.error, KldivError("internal", message), color)
