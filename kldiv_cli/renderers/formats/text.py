"""Plain text of 80 columns, one fact a line, made for grep and for the eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.formats.lines import laid_out

if TYPE_CHECKING:
    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.document import Document

WIDTH = 80


def draw(document: Document, layout: Layout) -> str:
    """Return the document as lines of text; nothing where there is no answer."""
    lines = laid_out(document, layout, WIDTH)
    return "".join(f"{''.join(text for text, _ in line)}\n" for line in lines)
