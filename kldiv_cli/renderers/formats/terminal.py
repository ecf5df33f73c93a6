"""A document for people at a terminal: the lines of text as wide as it is, in colour.

The colours are those that can be read on a light and on a dark background, and none of them says
what no word says.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kldiv_cli.renderers.formats.lines import laid_out

if TYPE_CHECKING:
    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.document import Document

NARROWEST, WIDEST = 40, 120
STYLES = {
    "": "",
    "error": "bold red",
    "drift": "bold red",
    "inconclusive": "bold magenta",
    "pass": "green",
    "strong": "bold",
    "dim": "dim",
    "limit": "bold",
    "p": "red",
    "q": "bright_blue",
}


def draw(document: Document, layout: Layout) -> str:
    """Return the document with rich's escape codes where `layout` has colour, plain without."""
    # On a wide terminal not all of it is filled, on a narrow one more than there is.
    width = max(NARROWEST, layout.width if document.wide else min(layout.width, WIDEST))
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        color_system="standard" if layout.color else None,
        force_terminal=layout.color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for line in laid_out(document, layout, width):
        pieces = ((text, STYLES[tone]) for text, tone in line)
        console.print(Text.assemble(*pieces, no_wrap=True, overflow="ignore"))
    return file.getvalue()
