"""The commands of kldiv: a module each, of which a run loads the one that it needs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.cli.options import Command

SUMMARIES = {
    "compare": "how far apart are two distributions, in both directions?",
    "check": "has this data drifted from a reference?  for CI",
    "profile": "raw rows -> counts that can be kept, and be a REFERENCE",
    "inspect": "how will this file be read?",
    "measures": "every measure: symbol, formula, range, unit",
    "completion": "the script that completes words in bash, zsh or fish",
}
"""The commands, in the order of the help, and what each is for."""
COMMANDS = tuple(SUMMARIES)


class Call(NamedTuple):
    """A command and the words for it: those of its arguments, and the options by name."""

    command: Command
    arguments: tuple[Any, ...]
    said: dict[str, Any]

    def answer(self) -> int:
        """Run the command and return the exit code."""
        return self.command.run(*self.arguments, dict(self.said))


def load(name: str) -> Command:
    """Return the command of a name; no other is loaded."""
    found: Command = getattr(import_module(f"kldiv_cli.cli.commands.{name}"), name)
    return found
