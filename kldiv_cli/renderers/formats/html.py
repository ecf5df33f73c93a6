"""A document as one page of HTML that needs nothing else: no script, no font, no request.

The page is built as a tree, so that no text in it can be markup, and it is XML as well: it is
read back before it is handed on. Inside another page, as that of a notebook, it is a ``div``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree
from zlib import crc32

from kldiv_cli.renderers.document import Facts, Folded, Heading, Lines, Picture, Remark, Table
from kldiv_cli.renderers.formats import figure
from kldiv_cli.renderers.formats.style import STYLE
from kldiv_cli.renderers.formats.tree import element, line_text, span_text, written
from kldiv_cli.renderers.pictures.outcomes import Outcomes
from kldiv_cli.renderers.pictures.overview import Overview
from kldiv_cli.renderers.pictures.spread import Spread
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.document import Block, Document, Line, Row

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def draw(document: Document, layout: Layout) -> str:
    """Return the document as a page of its own; nothing of one without an answer."""
    if not document.blocks:
        return ""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", line_text(document.title)),
        element("style", STYLE),
    )
    body = element("body", _own(element("main", *_elements(document))), class_="kldiv")
    return f"<!DOCTYPE html>\n{written(element('html', head, body, lang='en'))}\n"


def fragment(document: Document) -> str:
    """Return the document as an element that may stand in any page; nothing without an answer."""
    if not document.blocks:
        return ""
    inside = _own(element("div", *_elements(document)))
    return written(element("div", element("style", STYLE), inside, class_="kldiv"))


def _own(root: Element) -> Element:
    """Give the ids of a page, and the links to them, a beginning that no other page has."""
    start = f"kldiv-{crc32(ElementTree.tostring(root)):08x}"
    for each in root.iter():
        for name, mark in (("id", ""), ("href", "#")):
            if (value := each.get(name)) is not None:
                each.set(name, f"{mark}{start}-{value.removeprefix(mark)}")
    return root


def _elements(document: Document) -> Iterator[Element]:
    """Yield the title and every block of a document."""
    yield element("h1", *_spans(document.title))
    for block in document.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[Element]:
    match block:
        case Heading(line):
            yield element("h2", *_spans(line))
        case Lines(lines):
            for line in lines:
                yield element("p", *_spans(line))
        case Facts(facts):
            yield _facts(facts)
        case Table():
            yield from _table(block)
        case Picture():
            yield from _picture(block)
        case Folded(summary, inner):
            yield _folded(summary, *(each for part in inner for each in _block(part)))
        case Remark(source, message):
            said = ": ".join(filter(None, (source, message)))
            yield element("p", f"note: {show(said)}", class_="k-note")


def _table(table: Table) -> Iterator[Element]:
    """Yield a table, with its rows that may be folded in one of their own."""
    if table.above:
        yield element("p", *_spans(table.above))
    if shown := [row for row in table.rows if not row.folded]:
        yield _rows(table, shown)
    if folded := [row for row in table.rows if row.folded]:
        yield _folded(f"{len(folded)} more", _rows(table, folded))
    for line in table.below:
        yield element("p", *_spans(line))


def _picture(block: Picture) -> Iterator[Element]:
    """Yield a picture, its numbers, folded, and a section on each row that explains itself."""
    title, sentence = line_text(block.title), line_text(block.sentence)
    drawing = block.drawing()
    numbers = [*_table(block.table)]
    sections: list[Row] = []
    if isinstance(drawing, Outcomes):
        yield figure.outcomes(drawing, title, sentence)
        numbers = [figure.numbers(drawing)]
    elif isinstance(drawing, Overview):
        sections = _explained(drawing, block.table)
        yield from _overview(drawing, title, sentence, sections)
    elif isinstance(drawing, Spread):
        yield figure.spread(drawing, title, sentence)
    else:
        yield figure.grid(drawing, title, sentence)
        numbers = []
    for line in block.below:
        yield element("p", *_spans(line))
    if numbers:
        yield _folded("the numbers", *numbers)
    for place, row in enumerate(sections):
        name, verdict = row.cells[1], row.cells[0]
        head = element("h2", *_spans(name), ": ", *_spans(verdict), id=str(place))
        inside = [each for part in row.below for each in _block(part)]
        yield element("section", head, element("p", *_spans(row.detail)), *inside)


def _explained(drawing: Overview, table: Table) -> list[Row]:
    """Return the rows of a table that explain themselves, in the order in which they are drawn."""
    drawn = (*drawing.rows, *drawing.passing)
    places = {row.entry.name: place for place, row in enumerate(drawn)}
    found = [row for row in table.rows if (row.below or row.detail) and row.key in places]
    return sorted(found, key=lambda row: places[row.key])


def _overview(
    drawing: Overview, title: str, sentence: str, sections: Sequence[Row]
) -> Iterator[Element]:
    """Yield the rows that do not pass, and those that pass, folded unless they are all."""
    links = {row.key: str(place) for place, row in enumerate(sections)}
    if drawing.rows:
        yield figure.overview(drawing, drawing.rows, title, sentence, links)
    if not drawing.passing:
        return
    passing = figure.overview(drawing, drawing.passing, title, sentence, links)
    if drawing.rows:
        yield _folded(f"{len(drawing.passing)} pass", passing)
    else:
        yield passing


def _folded(summary: str, *inside: Element) -> Element:
    return element("details", element("summary", summary), *inside)


def _spans(line: Line) -> Iterator[Element | str]:
    """Yield the pieces of a line; a tone is a weight, and never a colour alone."""
    for span in line:
        text = span_text(span)
        if span.tone in ("strong", "error", "drift", "inconclusive"):
            yield element("b", text)
        elif span.tone == "dim":
            yield element("span", text, class_="k-dim")
        else:
            yield text


def _facts(facts: Sequence[tuple[Line, tuple[Line, ...]]]) -> Element:
    parts = []
    for name, lines in facts:
        parts.append(element("dt", *_spans(name)))
        parts += [element("dd", *_spans(line)) for line in lines]
    return element("dl", *parts)


def _rows(table: Table, rows: Sequence[Row]) -> Element:
    """Return a table; what is said of a row has the last column."""
    heads = [
        _cell("th" if line_text(column.head) else "td", column.head, number=column.number)
        for column in table.columns
    ]
    body = [
        [
            _cell("td", cell, number=column.number)
            for column, cell in zip(table.columns, row.cells, strict=True)
        ]
        for row in rows
    ]
    if any(row.detail for row in rows):
        heads.append(element("th", table.reason))
        for cells, row in zip(body, rows, strict=True):
            cells.append(_cell("td", row.detail))
    for head in heads:
        if head.tag == "th":
            head.set("scope", "col")
    parts = [element("thead", element("tr", *heads))] if table.headed else []
    parts.append(element("tbody", *(element("tr", *cells) for cells in body)))
    return element("div", element("table", *parts), class_="k-scroll", tabindex="0")


def _cell(tag: str, line: Line, *, number: bool = False) -> Element:
    made = element(tag, *(_spans(line) if line else (" ",)))
    if number:
        made.set("class", "k-number")
    return made
