"""A document for a pull request or a job summary, in which labels cannot become markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kldiv_cli.renderers.document import (
    Document,
    Facts,
    Folded,
    Heading,
    Line,
    Lines,
    Note,
    Picture,
    Span,
    Table,
    joined,
    line,
)
from kldiv_cli.renderers.show import code, markdown, show_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.document import Block, Row

WIDTHS = {"name": 40, "title": 60, "label": 60, "path": 120, "words": 400}
BOLD = {"error", "drift", "inconclusive", "strong"}
FEW = 5
"""Rows that are not worth a fold."""


def draw(document: Document, layout: Layout) -> str:
    """Return the document as GitHub-flavoured Markdown; nothing where there is no answer."""
    if not document.title:
        return ""
    blocks = [f"### {_text(document.title)}", *_blocks(document.blocks, layout)]
    return "\n\n".join(blocks) + "\n"


def _blocks(blocks: Sequence[Block], layout: Layout) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(title):
                yield f"#### {_text(title)}"
            case Lines(lines):
                yield from _sentences(lines)
            case Facts(facts):
                yield "\n".join(
                    f"- {_text(name)}: {_text(joined(lines, ', '))}" for name, lines in facts
                )
            case Table() if block.rows:
                yield from _table(block)
            case Picture():
                if not block.spare and block.table.rows:
                    yield from _table(block.table)
            case Folded(summary, inner):
                details = _blocks(inner, layout)
                yield from details if layout.unfolded else _details(summary, details)
            case Note(source, message):
                about = Span(source or "both", kind="label")
                yield _text(line("Note on ", about, ": ", Span(message, kind="words")))


def _details(summary: str, blocks: Iterator[str]) -> Iterator[str]:
    """Yield blocks that are shown to those who ask for them."""
    yield f"<details><summary>{summary}</summary>"
    yield from blocks
    yield "</details>"


def _sentences(lines: Sequence[Line]) -> Iterator[str]:
    """Yield a paragraph for each line, with those that are indented below it."""
    paragraph = ""
    for words in map(_text, lines):
        if words.startswith(" "):
            paragraph = f"{paragraph}; {words.strip()}"
            continue
        if paragraph:
            yield paragraph
        paragraph = words
    if paragraph:
        yield paragraph


def _table(table: Table) -> Iterator[str]:
    """Yield a table with its lines, and rows that may be folded in a table of their own."""
    folded = [row for row in table.rows if row.folded]
    if table.above:
        yield _text(table.above)
    if len(folded) > FEW:
        rest = [row for row in table.rows if not row.folded]
        if rest:
            yield _rows(table, rest)
        yield from _details(f"{len(folded)} more", iter([_rows(table, folded)]))
    else:
        yield _rows(table, table.rows)
    yield from _sentences(table.below)


def _rows(table: Table, rows: Sequence[Row]) -> str:
    """Return rows as a table; what else is said of them is its last column."""
    heads = [_text(column.head) for column in table.columns]
    marks = ["---:" if column.number else "---" for column in table.columns]
    cells = [[*map(_text, row.cells)] for row in rows]
    if any(row.detail for row in table.rows):
        heads, marks = [*heads, table.reason], [*marks, "---"]
        cells = [[*of_row, _text(row.detail)] for of_row, row in zip(cells, rows, strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, marks, *cells))


def _text(line: Line) -> str:
    """Return a line without markup but its own: bold where all of it weighs."""
    text = "".join(map(_safe, line))
    return f"**{text}**" if line and all(span.tone in BOLD for span in line) else text


def _safe(span: Span) -> str:
    """Return a span without markup."""
    if not span.kind:
        text = re.sub(r"([\\_*`|~\[\]])", r"\\\1", span.text)
        return text.replace("<", "&lt;").replace(">", "&gt;")
    if span.kind == "command":
        return code(span.text)
    width = WIDTHS[span.kind]
    shown = show_names(span.text, span.beside, width)[0] if span.beside else span.text
    return markdown(shown, width)
