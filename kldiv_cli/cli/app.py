"""The command line as Typer sees it: each command's rows as a signature, the help, the errors."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

import typer

from kldiv_cli import __version__
from kldiv_cli.cli import help
from kldiv_cli.cli.commands import COMMANDS, SUMMARIES, Call, load
from kldiv_cli.cli.short_help import missing_argument, usage
from kldiv_cli.errors import UsageError, closest

if TYPE_CHECKING:
    from collections.abc import Callable

    from kldiv_cli.cli.options import Argument, Command, Option

_UsageProblem: type[Exception] = typer.BadParameter.__mro__[1]
"""Typer's exception for words that it does not understand; it has no public name."""


def parsed(words: list[str]) -> Call | str:
    """Return what Typer makes of words: a call of a command, or a text that it prints.

    Raises
    ------
    UsageError
        If it does not understand them.
    """
    # The help is written to standard output: taken up, it is written where everything is.
    with redirect_stdout(io.StringIO()) as caught:
        try:
            # Typer's own completion evaluates what it is given: no variable asks for it.
            result = app(words[0])(
                args=words, prog_name="kldiv", standalone_mode=False, complete_var=""
            )
        except _UsageProblem as problem:
            raise _usage_error(problem, words[0]) from None
    if isinstance(result, Call | str):
        return result
    if result:  # Typer turns an interrupt into an exit code that it returns.
        raise KeyboardInterrupt
    return help.text(words[0], load(words[0])) if words[0] in COMMANDS else caught.getvalue()


def app(first: str) -> typer.Typer:
    """Return the application with the command that the first word names, or with all of them."""
    application = typer.Typer(
        name="kldiv",
        help="How far apart are two distributions, and has the data drifted?\n\n"
        "'kldiv P Q' is short for 'kldiv compare P Q'.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    application.callback(invoke_without_command=True)(_top)
    for name in (first,) if first in COMMANDS else COMMANDS:
        command = load(name)
        application.command(name, short_help=SUMMARIES[name])(_flattened(command))
    return application


def _top(
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> str | None:
    return f"kldiv {__version__}\n" if version else None


def _flattened(command: Command) -> Callable[..., Call]:
    """Return a function with a parameter for each row of a command, as Typer wants it."""

    def call(**words: Any) -> Call:
        arguments = (
            list(words[row.name] or ()) if row.many else words[row.name]
            for row in command.arguments
        )
        return Call(command, tuple(arguments), command.said(words))

    rows = (*map(_argument, command.arguments), *map(_option, command.options))
    call.__signature__ = Signature(rows)  # type: ignore[attr-defined]
    return call


def _argument(row: Argument) -> Parameter:
    kind: Any = list[str] if row.many else str
    default = typer.Argument(... if row.needed else None, metavar=row.metavar)
    return Parameter(row.name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _option(row: Option) -> Parameter:
    metavar = row.metavar.removesuffix("...")
    kind: Any = str if metavar else bool
    default: Any = row.default if metavar else False
    if row.many:
        kind, default = list[kind], None
    made = typer.Option(default, *row.spellings, metavar=metavar or None)
    return Parameter(row.name, Parameter.KEYWORD_ONLY, default=made, annotation=kind)


def _usage_error(problem: Exception, first: str) -> UsageError:
    """Return Typer's complaint as an error of this package; `first` names the command."""
    text = " ".join(problem.format_message().split())  # type: ignore[attr-defined]
    if first in COMMANDS:
        command, option = load(first), getattr(problem, "option_name", "")
        if text.startswith("No such option"):
            return _unknown_option(option, first, command)
        if text.startswith("Missing argument"):
            missing = text.rpartition("'")[0].rpartition("'")[2]
            given = [row.metavar for row in command.arguments].index(missing)
            return missing_argument(first, command, given)
        if match := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", text):
            text = f"unexpected arguments: {match[1]} (usage: {usage(first, command)})"
    # Not every complaint knows of the command.
    hint = f"kldiv {first} --help" if first in COMMANDS else "kldiv --help"
    return UsageError("usage", text[:1].lower() + text[1:].rstrip("."), hint=hint)


def _unknown_option(option: str, name: str, command: Command) -> UsageError:
    """Return the error for an option that a command does not have."""
    from kldiv_cli.pipeline.settings import KINDS, KINDS_OF

    others = [other for other in COMMANDS if option in _flags(load(other))]
    message = f"{name} has no option {option}"
    if others:
        *most, last = others
        before = f"{', '.join(most)} and " if most else ""
        message += f", which is one of {before}{last}"
    elif option.startswith("--max-") and "--max-kl" in _flags(command):
        hint = "compare has --fail-above MEASURE=VALUE for any measure"
        return UsageError("usage", f"{message}: samples have no interval of it", hint=hint)
    elif option[2:] in KINDS_OF.get(name, KINDS) and "--as" in _flags(command):
        hint = f"did you mean --as {option[2:]}? kldiv {name} --help lists all"
        return UsageError("usage", message, hint=hint)
    elif close := closest(option[2:], [flag[2:] for flag in _flags(command)], 0.7):
        hint = f"did you mean --{close}? kldiv {name} --help lists all"
        return UsageError("usage", message, hint=hint)
    return UsageError("usage", message, hint=f"kldiv {name} --help")


def _flags(command: Command) -> list[str]:
    return [flag for row in command.options for flag in row.ends()]
