"""The commands: what each is called, and where it is; one is loaded when it is asked for."""

# Typer reads these annotations at run time: no `from __future__ import annotations` here.

from importlib import import_module
from typing import Annotated

import typer

from kldiv_cli.cli.job import COMMANDS, Job, printed

UsageProblem: type[Exception] = typer.BadParameter.__mro__[1]
"""What Typer raises for words that it does not understand; it has no public name."""


def app(first: str) -> typer.Typer:
    """Return the application with the command that the first word names, or with all of them."""
    commands = typer.Typer(
        name="kldiv",
        help="How far apart are two distributions, and has the data drifted?\n\n"
        "'kldiv P Q' is short for 'kldiv compare P Q'.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    commands.callback(invoke_without_command=True)(_top)
    for name in (first,) if first in COMMANDS else COMMANDS:
        module = import_module(f"kldiv_cli.cli.commands.{name}")
        commands.command(name, epilog=module.EPILOG)(module.command)
    return commands


def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> Job | None:
    if version:
        from kldiv_cli import __version__

        return printed(f"kldiv {__version__}\n")
    return None
