"""The words of a command line: which command they ask for, and with which options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kldiv_cli import __version__
from kldiv_cli.cli.arguments import told_apart
from kldiv_cli.cli.commands import COMMANDS, Call, load
from kldiv_cli.errors import UsageError, closest, did_you_mean

if TYPE_CHECKING:
    from kldiv_cli.cli.options import Command

TOP_OPTIONS = ("-h", "--help", "--version")


def parsed(arguments: list[str]) -> Call | str:
    """Return what the words ask for: a call of a command, or a text such as the help.

    Raises
    ------
    UsageError
        If they cannot be understood.
    """
    if arguments == ["--version"]:
        return f"kldiv {__version__}\n"
    arguments = without_help(arguments)
    if arguments in ([], ["-h"]):
        from kldiv_cli.cli import short_help

        return short_help.text()
    if arguments[:1] == [QUESTION]:
        from kldiv_cli.cli import completion

        return completion.answer(arguments[1:])
    words = with_command(arguments)
    if words[0] in COMMANDS:
        command = load(words[0])
        if call := plain_call(command, words[1:]):
            return call
        if len(words) == 1:
            from kldiv_cli.cli import short_help

            raise short_help.missing_argument(words[0], command)
    from kldiv_cli.cli import app

    return app.parsed(words)


QUESTION = "__complete"
"""The first word where a shell asks what may stand at its cursor."""


def plain_call(command: Command, words: list[str]) -> Call | None:
    """Return the call that words ask for, as Typer would understand them; None if it has to.

    Loading Typer takes a fifth of a small run. It is needed for the help, for mistakes, and for
    rare spellings such as ``-fjson``.
    """
    found = told_apart(command, words)
    rows, arguments = command.arguments, found.arguments
    left_out = [None] * (len(rows) - len(arguments))
    values: tuple[Any, ...] = (*arguments, *left_out)
    if rows[-1].many:
        values = (*arguments[: len(rows) - 1], arguments[len(rows) - 1 :])
    fit = sum(row.needed for row in rows) <= len(arguments) and len(values) == len(rows)
    return Call(command, values, command.said(found.given)) if fit and not found.strange else None


def without_help(arguments: list[str]) -> list[str]:
    """Return what stands for ``help`` and ``help COMMAND``, unless there is a file of that name.

    Raises
    ------
    UsageError
        If there is no such command.
    """
    if arguments[:1] != ["help"] or os.path.lexists("help"):
        return arguments
    if len(arguments) > 1 and arguments[1] not in COMMANDS:
        hint = did_you_mean(arguments[1], COMMANDS)
        raise UsageError("unknown-command", f"there is no command '{arguments[1]}'", hint=hint)
    return [arguments[1], "--help"] if len(arguments) > 1 else ["-h"]


def with_command(arguments: list[str]) -> list[str]:
    """Return the arguments with ``compare`` put in front of bare sources.

    Raises
    ------
    UsageError
        If the first word is neither a command nor a source.
    """
    first = arguments[0]
    if first in COMMANDS or first.partition("=")[0] in TOP_OPTIONS:
        return arguments
    from kldiv_cli.readers import is_readable

    if late := late_command(arguments):
        message = f"the command '{late}' comes before its options"
        raise UsageError("usage", message, hint=f"kldiv {late} --help")
    if len(arguments) == 1 and _is_unknown_option(first):
        hint = did_you_mean(first.lower(), TOP_OPTIONS)
        raise UsageError("usage", f"kldiv has no option {first}", hint=hint)
    if first.startswith("-") or "://" in first or is_readable(first):
        return ["compare", *arguments]
    close = _close_matches(first)
    hint = f"did you mean {' or '.join(close)}?" if close else "kldiv --help"
    raise UsageError("unknown-command", f"'{first}' is neither a command nor a file", hint=hint)


def _is_unknown_option(word: str) -> bool:
    """Return whether a word looks like an option, and no command has it."""
    flags = [flag for name in COMMANDS for row in load(name).options for flag in row.ends()]
    flag = word.partition("=")[0] if word.startswith("--") else word[:2]
    return word.startswith("-") and word not in ("-", "--") and flag not in flags


def late_command(arguments: list[str]) -> str | None:
    """Return the command that stands behind options of its own, such as ``-f json check a b``."""
    from kldiv_cli.readers import is_readable

    if not arguments or not arguments[0].startswith("-"):
        return None
    named = told_apart(load("compare"), arguments).arguments[:1]
    return named[0] if named and named[0] in COMMANDS and not is_readable(named[0]) else None


def _close_matches(word: str) -> list[str]:
    """Return the command and the file whose names are closest to a word, as a hint calls them."""
    from kldiv_cli.readers import near_files, split_name

    command = closest(word, COMMANDS)
    found = [f"the command '{command}'"] if command else []
    return found + [f"the file '{match}'" for match in near_files(split_name(word)[1])]
