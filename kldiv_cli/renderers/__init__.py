"""Reports as text: pages say what a report says, formats draw it; pure functions of the report.

A further format for people is a module in ``formats`` with ``draw(document, layout) -> str`` and
a word in `DRAWN`; one for programs has ``render(report, layout) -> str``. Its name is a word of
`FORMATS`, `CHECK_FORMATS` or `CALIBRATE_FORMATS`. One whose text is long has
``pieces(report, layout)`` as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from kldiv_cli.errors import UsageError
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.core.calibration import Calibration
    from kldiv_cli.core.findings import Check
    from kldiv_cli.core.matrix import Matrix
    from kldiv_cli.core.report import Report
    from kldiv_cli.renderers.document import Document

    Rendered = Report | Check | Matrix | Calibration

FORMATS = ("text", "json", "csv", "markdown", "html", "svg")
ROWS = "rows"
"""The format of the rows of a comparison, which has an option of its own."""
CHECK_FORMATS = (*FORMATS, "junit", "github", "prometheus")
CALIBRATE_FORMATS = ("text", "json", "markdown", "html")
FORMATS_OF = {
    "compare": (*FORMATS, ROWS),
    "check": CHECK_FORMATS,
    "matrix": FORMATS,
    "calibrate": CALIBRATE_FORMATS,
}
"""Those of each kind of report, which is in the name of its schema."""
DRAWN = ("text", "markdown", "html", "svg")
"""The formats that draw a document."""


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
    unfolded : bool
        Whether to show details that are left to those who ask for them.
    """

    terminal: bool = False
    width: int = 80
    unicode: bool = False
    color: bool = False
    unfolded: bool = False


def render(report: Rendered, format: str, layout: Layout | None = None) -> str:
    """Return a report in a format, such as ``text`` or ``json``.

    Raises
    ------
    UsageError
        If there is no such format for this report.
    """
    return "".join(pieces(report, format, layout))


def pieces(report: Rendered, format: str, layout: Layout | None = None) -> Iterable[str]:
    """Return a report in a format as the pieces that make up its text; one, if it is short.

    Raises
    ------
    UsageError
        If there is no such format for this report.
    """
    layout = layout or Layout()
    kind = kind_of(report)
    formats = FORMATS_OF[kind]
    if format not in formats:
        raise UsageError("unknown-format", f"a report is {', '.join(formats)}; found {format!r}")
    if format in DRAWN:
        return (draw(_document(report), format, layout),)
    # Every report has the same JSON document: its keys are those of the report.
    name = f"{kind}_csv" if format == "csv" and kind != "compare" else format
    module = import_module(f".formats.{name}", __name__)
    found: Iterable[str] = (
        module.pieces(report, layout) if format == ROWS else (module.render(report, layout),)
    )
    return found


def kind_of(report: Rendered) -> str:
    """Return the command that a report answers, which is in the name of its schema."""
    return report.schema.partition(".")[2].partition("/")[0]


def fragment(report: Rendered) -> str:
    """Return a report as an element of HTML that may stand in any page, as in a notebook."""
    made: str = import_module(".formats.html", __name__).fragment(_document(report))
    return made


def _document(report: Rendered) -> Document:
    """Return what there is to say of a report."""
    kind = kind_of(report)
    page = "several" if getattr(report, "others", ()) else kind
    made: Document = import_module(f".pages.{page}", __name__).document(report)
    return made


def draw(document: Document, format: str, layout: Layout) -> str:
    """Return a document in a format; text is in colour, and as wide as it, on a terminal."""
    name = "terminal" if format == "text" and layout.terminal else format
    drawn: str = import_module(f".formats.{name}", __name__).draw(document, layout)
    return drawn
