"""Reports as text: one file a format, pure functions of the report.

A further format is one module with ``render(report, layout) -> str`` and one word in this list.
One whose text is long has ``pieces(report, layout)`` as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from kldiv_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.core.findings import Check
    from kldiv_cli.core.report import Report

FORMATS = ("text", "json", "csv", "markdown")
ROWS = "rows"
"""The format of the rows of a comparison, which has an option of its own."""
MATRIX_FORMATS = ("text", "json", "csv")
CHECK_FORMATS = (*FORMATS, "junit", "github", "prometheus")


class Layout(NamedTuple):
    """The display that a report is printed on.

    Attributes
    ----------
    terminal : bool
        Whether people look at it; plain text is for pipes and files.
    width : int
        Its width in columns.
    unicode : bool
        Whether it can show more than ASCII.
    color : bool
        Whether it understands colour.
    """

    terminal: bool = False
    width: int = 80
    unicode: bool = False
    color: bool = False


def render(report: Report | Check, format: str, layout: Layout | None = None) -> str:
    """Return a report in a format, such as ``text`` or ``json``.

    Raises
    ------
    UsageError
        If there is no such format for this report.
    """
    return "".join(pieces(report, format, layout))


def pieces(report: Report | Check, format: str, layout: Layout | None = None) -> Iterable[str]:
    """Return a report in a format as the pieces that make up its text; one, if it is short.

    Raises
    ------
    UsageError
        If there is no such format for this report.
    """
    layout = layout or Layout()
    check = report.schema.startswith("kldiv.check/")
    formats = CHECK_FORMATS if check else (*FORMATS, ROWS)
    if format not in formats:
        raise UsageError("unknown-format", f"a report is {', '.join(formats)}; found {format!r}")
    name = "terminal" if format == "text" and layout.terminal else format
    # Every report has the same JSON document: its keys are those of the report.
    folder = "check." if check and format != "json" else ""
    module = import_module(f"kldiv_cli.renderers.{folder}{name}")
    found: Iterable[str] = (
        module.pieces(report, layout) if format == ROWS else (module.render(report, layout),)
    )
    return found
