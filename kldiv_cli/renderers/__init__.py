"""Reports as text: one file a format, pure functions of the report.

A further format is one module with ``render(report, layout) -> str`` and one entry here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from kldiv_cli.errors import UsageError

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check
    from kldiv_cli.core.report import Report

CHECK_FORMATS = {
    "text": "check.text",
    "json": "json",
    "csv": "check.csv",
    "markdown": "check.markdown",
    "junit": "check.junit",
    "github": "check.github",
    "prometheus": "check.prometheus",
}
FORMATS = {"text": "text", "json": "json", "csv": "csv", "markdown": "markdown"}


class Layout(NamedTuple):
    """What the text is printed on.

    Attributes
    ----------
    terminal : bool
        Whether people look at it; plain text is for pipes and files.
    width : int
        Columns.
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
    """Return `report` in `format`.

    Raises
    ------
    UsageError
        If there is no such format for this report.
    """
    layout = layout or Layout()
    formats = formats_of(report.schema)
    if format not in formats:
        raise UsageError("unknown-format", f"a report is {', '.join(formats)}; found {format!r}")
    terminal = format == "text" and layout.terminal
    name = formats["text"].replace("text", "terminal") if terminal else formats[format]
    text: str = import_module(f"kldiv_cli.renderers.{name}").render(report, layout)
    return text


def formats_of(schema: str) -> dict[str, str]:
    """Return the formats of a report, such as ``kldiv.check/1``, and their modules."""
    return CHECK_FORMATS if schema.startswith("kldiv.check/") else FORMATS
