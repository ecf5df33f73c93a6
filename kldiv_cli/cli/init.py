"""``kldiv check --init``: a file of settings is written, and never over another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import messages, streams
from kldiv_cli.cli.following import command_line
from kldiv_cli.cli.outputs import ReportFile, exists
from kldiv_cli.errors import UsageError
from kldiv_cli.pipeline.config import FILE, KEYS, SHARED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kldiv_cli.cli.options import Command
    from kldiv_cli.pipeline.init import Written
    from kldiv_cli.pipeline.settings import CheckSettings

OUTPUTS = {"output": "-o", "format": "-f", "report": "--report"}


def target(said: Mapping[str, Any]) -> str:
    """Return the path of the file that is to be written.

    Raises
    ------
    UsageError
        If there is such a file, its name cannot be one of settings, or a report is asked for.
    """
    for name, flag in OUTPUTS.items():
        if name in said:
            message = f"--init writes settings and no report, and {flag} is for reports"
            raise UsageError("usage", message, hint=f"leave {flag} out")
    path: str = said.get("config", FILE)
    if os.path.basename(path) in ("", "-", SHARED):
        message = f"--init writes a file of its own, which cannot be called '{path}'"
        raise UsageError("usage", message, hint=f"--config {FILE}")
    if os.path.lexists(path):
        raise exists(path)
    return path


def write(
    path: str, settings: CheckSettings, said: Mapping[str, Any], inputs: Sequence[str]
) -> Written:
    """Check the data and write a file of settings for them.

    Parameters
    ----------
    path : str
        Where it shall be.
    settings : CheckSettings
        Everything that the check is asked for.
    said : mapping of str to object
        The options of the user, and of the file that held until now.
    inputs : sequence of str
        Paths that are read.

    Returns
    -------
    Written
        The text of the file, and what it rests on.

    Raises
    ------
    InputError, UsageError
        If the check has no answer.
    OutputError
        If the file cannot be written.
    """
    from kldiv_cli.pipeline.init import settings_file

    with ReportFile(path, new=True) as file:
        file.open(inputs)
        made = settings_file(settings, said)
        file.write(made.text)
        file.put_in_place()
    return made


def tell(path: str, summary: str, following: str, color: str) -> None:
    """Say on standard error what was written, and the command to run next."""
    streams.tell(messages.written, (path, summary, following), color)


def next_command(command: Command, sources: Sequence[str], said: Mapping[str, Any]) -> str:
    """Return the line that checks these data again, by the settings that were written.

    Parameters
    ----------
    command : Command
        The command, whose rows tell how an option is spelt.
    sources : sequence of str
        REFERENCE and CURRENT as they were given.
    said : mapping of str to object
        The options as they were given.
    """
    # A file of settings holds the others; these are in it as settings of columns.
    of_columns = ("numeric", "categorical")
    in_file = (*KEYS.values(), *of_columns, "init", "color")
    return command_line("check", sources, command, said, in_file)
