"""What a command line asks for, and what comes of it: the values between the stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.errors import KldivError, Note
    from kldiv_cli.renderers import Layout

COMMANDS = ("compare", "check", "profile", "inspect", "measures")
STDOUT = "-"
NO_ANSWER = 2


class Answer(NamedTuple):
    """A finished piece of work.

    Attributes
    ----------
    text : callable
        Makes the text of a format, for a layout.
    code : int
        Exit code.
    notes : tuple of Note
        For standard error.
    error : KldivError, optional
        Why there is no answer; the text is then an error document, or empty.
    """

    text: Callable[[str, Layout], str]
    code: int = 0
    notes: tuple[Note, ...] = ()
    error: KldivError | None = None


class Job(NamedTuple):
    """Work that is still to be done, and where its reports go.

    Attributes
    ----------
    work : callable
        Does it.
    reports : tuple of (str, str)
        Format and path of every report; the path ``-`` is standard output.
    inputs : tuple of str
        Paths that no report may overwrite.
    color : str
        ``auto``, ``always`` or ``never``.
    appended : tuple of (str, str)
        Format and path of reports that are added to a file, such as a job's summary.
    """

    work: Callable[[], Answer]
    reports: tuple[tuple[str, str], ...] = (("text", STDOUT),)
    inputs: tuple[str, ...] = ()
    color: str = "auto"
    appended: tuple[tuple[str, str], ...] = ()


def printed(text: str) -> Job:
    """Return the job of printing `text`."""
    return Job(lambda: Answer(lambda _format, _layout: text))
