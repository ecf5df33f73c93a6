"""The process of kldiv: from the words of its command line to its exit code."""

from __future__ import annotations

import os

from kldiv_cli.cli import interrupts, streams
from kldiv_cli.errors import InputError, KldivError

NO_ANSWER = 2
BUG = 70
INTERRUPTED = 130
TERMINATED = 143


def run(arguments: list[str]) -> int:
    """Answer a command line and return the exit code; no exception leaves this function."""
    # One thread: with more, BLAS may sum in another order, and the same input would not
    # give the same bytes.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    color = "auto"
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
        return _failed(problem, color, NO_ANSWER)
    except MemoryError:
        message = "the input does not fit into memory"
        return _failed(InputError("out-of-memory", message), color, NO_ANSWER)
    except KeyboardInterrupt:
        return INTERRUPTED
    except interrupts.Terminated:
        return TERMINATED
    except Exception as bug:
        message = f"internal error, {type(bug).__name__}: {bug}"
        hint = "this is a bug in kldiv; with KLDIV_DEBUG=1 it shows where"
        return _failed(KldivError("internal", message, hint=hint), "auto", BUG)


def _failed(problem: KldivError, color: str, code: int) -> int:
    """Write an error to standard error, and return the exit code."""
    from kldiv_cli.cli import messages

    if os.environ.get("KLDIV_DEBUG"):
        import traceback

        streams.write_stderr(traceback.format_exc())
    streams.tell(messages.error, problem, color)
    return code
