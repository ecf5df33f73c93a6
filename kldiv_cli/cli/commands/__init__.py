"""The commands of kldiv: a module each, of which a run loads the one that it needs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.cli.options import Command

COMMANDS = ("compare", "check", "profile", "inspect", "measures")


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
