"""The help of a command: how it is written, examples, what it does, and its options in groups.

It is made of the command's rows, without Typer; what stands before the options fits a screen.
"""

from __future__ import annotations

from inspect import cleandoc
from itertools import groupby
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

from kldiv_cli.cli.short_help import usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.cli.options import Command, Option

WIDEST = 100
HEAD_WIDTH = 28
"""Columns of the names of options; what explains them stands to their right."""


def text(name: str, command: Command) -> str:
    """Return the help of a command, as wide as the terminal, but at most 100 columns."""
    width = min(get_terminal_size().columns, WIDEST)
    summary, *paragraphs = cleandoc(command.run.__doc__ or "").split("\n\n")
    lines = [f"Usage: {usage(name, command)} [OPTIONS]", "", *wrap(summary, width)]
    if command.examples:
        lines += ["", "Examples:", *(f"  {example}" for example in command.examples)]
    for paragraph in (*paragraphs, *filter(None, [command.exit_codes])):
        lines += ["", *_paragraph(paragraph, width)]
    arguments = [(row.metavar, row.help) for row in command.arguments]
    lines += ["", "Arguments:", *_rows(arguments, width)] if arguments else []
    formats = {"format": f"{', '.join(command.formats)}. "} if command.formats else {}
    options = [row._replace(help=formats.get(row.name, "") + row.help) for row in command.options]
    for group, rows in groupby(options, key=lambda row: row.group):
        lines += ["", f"{group}:", *_rows(map(_option, rows), width)]
    help = ("-h, --help", "Show this message.")
    lines += [*([] if command.options else ["", "Options:"]), *_rows([help], width)]
    return "\n".join(lines) + "\n"


def _paragraph(text: str, width: int) -> list[str]:
    """Return a paragraph folded to a width; lines that are indented stay as they are."""
    return text.split("\n") if text.startswith("  ") else wrap(" ".join(text.split()), width)


def _option(row: Option) -> tuple[str, str]:
    """Return the spellings of an option with the name of its value, and what it is for."""
    spelt = ", ".join(sorted(row.spellings, key=len)).replace("/", " / ")
    metavar = row.metavar.removesuffix("...")
    default = f"  [default: {row.default}]" if row.default else ""
    return f"{spelt} {metavar}".rstrip(), f"{row.help}{default}"


def _rows(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield names, and to the right of each what it is; below it if the name is too long."""
    for head, words in rows:
        first, *rest = wrap(words, max(width - HEAD_WIDTH - 2, 20), break_on_hyphens=False)
        if len(head) + 4 > HEAD_WIDTH + 2:
            yield f"  {head}"
            head = ""
        yield f"  {head:<{HEAD_WIDTH}}{first}"
        yield from (" " * (HEAD_WIDTH + 2) + line for line in rest)
