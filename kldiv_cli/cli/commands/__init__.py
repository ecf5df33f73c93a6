"""The commands of kldiv: a module each, of which a run loads the one that it needs."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli.streams import is_terminal
from kldiv_cli.errors import KldivError
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.cli.options import Command

SUMMARIES = {
    "compare": "how far apart are two distributions, in both directions?",
    "check": "has this data drifted from a reference? the gate for CI",
    "matrix": "how far apart are several distributions, each from each?",
    "calibrate": "what is usual? limits for the check from past windows",
    "profile": "count raw rows into a file that can be kept as a reference",
    "inspect": "how will this file be read?",
    "measures": "every measure: symbol, formula, range, unit",
    "completion": "completion of words for bash, zsh and fish",
}
"""The commands, in the order of the help, and what each is for."""
COMMANDS = tuple(SUMMARIES)
EXAMPLES = {
    "compare": "kldiv compare january.csv july.csv",
    "check": "kldiv check january.csv july.csv",
    "matrix": "kldiv matrix january.csv july.csv",
    "calibrate": "kldiv calibrate w1.csv w2.csv w3.csv w4.csv w5.csv w6.csv w7.csv w8.csv",
    "profile": "kldiv profile january.csv -o january.json",
    "inspect": "kldiv inspect january.csv",
    "completion": "kldiv completion bash",
}
"""A line for each command that needs arguments, for those who gave none."""


class Call(NamedTuple):
    """A command and the words for it: those of its arguments, and the options by name."""

    command: Command
    arguments: tuple[Any, ...]
    said: dict[str, Any]

    def answer(self) -> int:
        """Run the command and return the exit code; the hint of an error offers what it has."""
        said = dict(self.said)
        verbose = said.pop("verbose", False)
        try:
            if not verbose and not is_terminal(sys.stderr):
                return self.command.run(*self.arguments, said)
            from kldiv_cli.cli.status_line import listening

            with listening(said.get("color", "auto"), verbose=verbose):
                return self.command.run(*self.arguments, said)
        except KldivError as problem:
            from kldiv_cli.pipeline.spelling import fitting, piped

            problem.hint = fitting(problem.hint, self._has)
            if problem.code == "url" and self.command.run.__name__ != "compare":
                given = (x for x in self.arguments if x)
                words = [x for each in given for x in (each if isinstance(each, list) else [each])]
                url = problem.places[0].source
                problem.hint = piped(problem.hint, self.command.run.__name__, words, url)
            raise

    def _has(self, flag: str, word: str) -> bool:
        """Return whether the command has an option, and knows its word.

        What is an option of no command is one of another program.
        """
        option = next((row for row in self.command.options if flag in row.ends()), None)
        if option is None:
            every = (row for name in COMMANDS for row in load(name).options)
            return not any(flag in row.ends() for row in every)
        if option.name != "kind":
            return True
        from kldiv_cli.pipeline.settings import KINDS, KINDS_OF

        return word in KINDS_OF.get(self.command.run.__name__, KINDS)


def load(name: str) -> Command:
    """Return the command of a name; no other is loaded."""
    found: Command = getattr(import_module(f"kldiv_cli.cli.commands.{name}"), name)
    return found
