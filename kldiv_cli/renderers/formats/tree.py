"""Trees of elements, from which HTML and SVG are written: no text in them can become markup."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from kldiv_cli.renderers.show import show, show_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.renderers.document import Line, Span

ROOMS = {"name": 60, "title": 60, "label": 40, "path": 120}
"""The most columns that foreign text of a kind takes; a sentence may be longer."""
LONGEST = 2000


def element(tag: str, *content: Element | str, **attributes: str) -> Element:
    """Return an element with texts and elements in it.

    An underscore in the name of an attribute stands for a hyphen, and one at its end for nothing.
    """
    made = Element(tag)
    for name, value in attributes.items():
        made.set(name.rstrip("_").replace("_", "-"), value)
    for part in content:
        if isinstance(part, Element):
            made.append(part)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + part
        else:
            made.text = (made.text or "") + part
    return made


def written(root: Element) -> str:
    """Return the text of a tree, which was read back to see that it can be.

    Raises
    ------
    ElementTree.ParseError
        If it cannot: no such text must leave kldiv.
    """
    text = ElementTree.tostring(root, encoding="unicode")
    ElementTree.fromstring(text)
    return text


def span_text(span: Span) -> str:
    """Return a span as safe text; what is foreign is cut to the room of its kind."""
    if not span.kind:
        return span.text
    room = ROOMS.get(span.kind, LONGEST)
    if span.beside:
        return show_names(span.text, span.beside, room)[0]
    return show(span.text, room)


def line_text(line: Line) -> str:
    """Return a line as one safe text."""
    return "".join(map(span_text, line))


def marks(paths: Iterable[tuple[str, str]]) -> list[Element]:
    """Return the paths of a picture as elements, and the holes of marks that are hollow."""
    made = []
    for name, path in paths:
        made.append(element("path", class_=f"k-{name}", d=path))
        if name in ("q", "hollow"):
            made.append(element("path", class_=f"k-{name}-hole", d=path))
    return made
