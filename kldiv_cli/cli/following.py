"""Command lines to run next, made of the words of the one that is running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import in_shell, option

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kldiv_cli.cli.options import Command

PICTURE = "html"
PICTURE_FILE = "drift.html"
"""Where the command that is shown puts the picture of an alarm."""
OF_OUTPUT = (
    "output",
    "format",
    "report",
    "rows",
    "quiet",
    "color",
    "exit_zero",
    "init",
    "verbose",
)
"""Options that say nothing of the data."""


def command_line(
    name: str,
    sources: Sequence[str],
    command: Command,
    said: Mapping[str, Any],
    without: Collection[str],
    *more: str,
) -> str:
    """Return a line for a shell, with a pipe before it where a source is one.

    Parameters
    ----------
    name : str
        The command that it calls.
    sources : sequence of str
        Its arguments, as they were given.
    command : Command
        The command whose rows tell how an option is spelt.
    said : mapping of str to object
        The options as they were given.
    without : collection of str
        The names of those that are left out.
    *more : str
        Further options.
    """
    given, settings = [*map(_source, sources)], [*_options(command, said, without), *more]
    like_options = any(source.startswith("-") and source != "-" for source in sources)
    words = [*settings, "--", *given] if like_options else [*given, *settings]
    piped = any(source.rpartition("=")[2] == "-" for source in sources)
    return ("... | " if piped else "") + " ".join(["kldiv", name, *words])


def picture(name: str, sources: Sequence[str], command: Command, said: Mapping[str, Any]) -> str:
    """Return the line that draws a picture of the same answer.

    It is empty where the answer is drawn already, or a source can be read once only.
    """
    from kldiv_cli.cli.options import sources as split
    from kldiv_cli.cli.outputs import asked_reports
    from kldiv_cli.readers import is_read_once

    drawn = PICTURE in {format for format, _ in asked_reports(said)}
    once = any(map(is_read_once, split(*sources)[1])) or any(map(_is_descriptor, sources))
    if drawn or once or PICTURE not in command.formats:
        return ""
    return command_line(name, sources, command, said, OF_OUTPUT, f"-o {PICTURE_FILE}")


def as_check(
    p: str, q: Sequence[str], command: Command, said: Mapping[str, Any], kinds: tuple[str, str]
) -> str:
    """Return the line that judges what was compared: P is current, and Q the reference.

    It is empty where that takes more than the sides to exchange.

    Parameters
    ----------
    p, q : str, sequence of str
        P, and what it was compared with, as they were given.
    command : Command
        The command that compared them.
    said : mapping of str to object
        The options as they were given.
    kinds : pair of str
        What the numbers of P and of Q were read as.
    """
    from kldiv_cli.cli.commands import load
    from kldiv_cli.pipeline.settings import COLUMNS, READING

    if kinds[0] != kinds[1] or kinds[0] not in ("counts", "samples"):
        return ""
    if "by" in said or len(q) > 1:
        return ""
    check = load("check")
    shared = {*READING, *COLUMNS, "numeric", "categorical"}
    given = {
        key: value[::-1] if key in READING and isinstance(value, list) else value
        for key, value in said.items()
        if key in shared
    }
    if kinds[0] == "counts":
        given["kind"] = [kinds[0]]
    known = {row.name for row in check.options}
    return command_line("check", (*q, p), check, given, given.keys() - known)


def _source(word: str) -> str:
    """Return a source as a shell reads it; the pipe of a process substitution has no name."""
    return "<(...)" if _is_descriptor(word) else in_shell(word)


def _is_descriptor(word: str) -> bool:
    return word.rpartition("=")[2].startswith(("/dev/fd/", "/proc/self/fd/"))


def _options(command: Command, said: Mapping[str, Any], without: Collection[str]) -> Iterator[str]:
    """Yield the options as a shell reads them."""
    for row in command.options:
        if row.name not in said or row.name in without:
            continue
        value = said[row.name]
        for each in value if isinstance(value, list) else [value]:
            if row.name == "connect":
                # Who reads the line need not know who asks.
                yield f"{row.spellings[0]} {row.metavar}"
            elif isinstance(each, bool):
                yield next(flag for flag, end in row.ends().items() if end is each)
            else:
                yield option(row.spellings[0], str(each), instead=row.metavar.removesuffix("..."))
