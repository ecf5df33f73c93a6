"""The short help: what kldiv is for, and what to type first; made without Typer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.cli.commands import EXAMPLES, SUMMARIES
from kldiv_cli.errors import UsageError

if TYPE_CHECKING:
    from kldiv_cli.cli.options import Command

EXAMPLE = (
    """echo '{"red": 700, "blue": 300}' > p.json""",
    """echo '{"red": 500, "blue": 500}' > q.json""",
    "kldiv p.json q.json",
    "kldiv check q.json p.json --as counts",
)
"""Lines that a newcomer can type as they are, in any shell."""


def text() -> str:
    """Return the short help, which fits a terminal of 80 columns and 24 lines."""
    commands = (f"  {name:<12}{summary}" for name, summary in SUMMARIES.items())
    return "\n".join(
        [
            "kldiv: how far apart are two distributions, and has the data drifted?",
            "",
            "  kldiv P Q                      D(P || Q) and D(Q || P) of two files",
            "  kldiv check REFERENCE CURRENT  exit code 0: no drift, 1: drift",
            "",
            "Commands:",
            *commands,
            "",
            "Try it:",
            *(f"  {line}" for line in EXAMPLE),
            "",
            "More: kldiv --help, and kldiv COMMAND --help.",
            "",
        ]
    )


def missing_argument(name: str, command: Command, given: int = 0) -> UsageError:
    """Return the error for a command that was given too few arguments.

    Parameters
    ----------
    name : str
        The command's name.
    command : Command
        Its rows.
    given : int
        How many arguments it was given.
    """
    row = command.arguments[given]
    message = f"missing argument '{row.metavar.strip('[]')}' (usage: {usage(name, command)})"
    hint = f"{EXAMPLES[name]}, for example; kldiv {name} --help tells more"
    return UsageError("usage", message, hint=hint)


def usage(name: str, command: Command) -> str:
    """Return how a command is written: ``kldiv check REFERENCE CURRENT``."""
    return " ".join(("kldiv", name, *(row.metavar for row in command.arguments)))
