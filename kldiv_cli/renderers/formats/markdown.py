"""A document for a pull request or a job summary, in which labels cannot become markup.

It begins with a comment that nobody sees, by which a later report finds the one that it replaces.
It is never longer than a comment on GitHub may be: rows are left out, the last first, and counted.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from kldiv_cli.renderers.document import (
    Column,
    Document,
    Facts,
    Folded,
    Heading,
    Line,
    Lines,
    Picture,
    Remark,
    Row,
    Span,
    Table,
    joined,
    line,
)
from kldiv_cli.renderers.figures import count
from kldiv_cli.renderers.show import code, markdown, show_names
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.document import Block
    from kldiv_cli.renderers.pictures.overview import Overview

WIDTHS = {"name": 40, "title": 60, "label": 60, "path": 120, "words": 400}
BOLD = {"error", "drift", "inconclusive", "strong"}
FEW = 5
"""Rows that are not worth a fold."""
LONGEST = 65_536
"""Characters of a comment on GitHub; the summary of a step has room for more, 1 MiB."""
LONGEST_KEY = 200
MOST_OUTCOMES = 10
"""Outcomes that are drawn of a column of a check."""
AXIS, BAR = 24, 12
"""The characters that marks take, and the longest bar."""
LEFT_OUT = "left out, as a comment has no room for more; -f json has all"


class _Kept(NamedTuple):
    """What is kept of a document.

    Attributes
    ----------
    rows : int
        The most rows of a table or a list.
    sections : int
        The most rows of a table that are explained below it.
    """

    rows: int
    sections: int


def draw(document: Document, layout: Layout) -> str:
    """Return the document as GitHub-flavoured Markdown; nothing where there is no answer."""
    if not document.title:
        return ""
    head = [marker(document.key), f"### {_text(document.title)}"]

    def drawn(rows: int, sections: int) -> list[str]:
        return [*head, *_blocks(document.blocks, layout, _Kept(rows, sections))]

    if _fits(whole := drawn(LONGEST, LONGEST)):
        return _written(whole)
    # Each row has its answer: what explains some of them gives way first.
    rows = _largest(FEW, lambda most: _fits(drawn(most, 0)))
    sections = _largest(0, lambda most: _fits(drawn(rows, most)))
    blocks = drawn(rows, sections)
    kept, end = blocks, len(blocks)
    while not _fits(kept):
        end -= 1
        kept = [*blocks[:end], f"{count(len(blocks) - end, 'part')} of the report {LEFT_OUT}"]
    return _written(kept)


def marker(key: Sequence[str]) -> str:
    """Return a comment that tells whose report this is, in characters that cannot end it.

    Other characters are percent-encoded, and so is a dash after a dash; the end of long names is
    kept.
    """
    words = (
        re.sub(
            rb"[^A-Za-z0-9._/-]|(?<=-)-",
            lambda found: b"%%%02X" % found[0][0],
            word.encode("utf-8", "surrogatepass"),
        ).decode()[-LONGEST_KEY:]
        for word in key
    )
    return f"<!-- {' '.join(('kldiv', *words))} -->"


def _written(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def _fits(blocks: Iterable[str]) -> bool:
    return len(_written(blocks)) <= LONGEST


def _largest(least: int, fits: Callable[[int], bool]) -> int:
    """Return the largest number that fits, or the least one."""
    most = LONGEST
    while least < most:
        middle = (least + most + 1) // 2
        if fits(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _blocks(blocks: Iterable[Block], layout: Layout, kept: _Kept) -> Iterator[str]:
    for kind, run in groupby(blocks, key=type):
        if kind is Remark:
            notes = [*run]
            lines = [_note(note) for note in notes if isinstance(note, Remark)]
            yield _details(count(len(notes), "note"), _some(lines, kept.rows, "notes"))
        else:
            for block in run:
                yield from _block(block, layout, kept)


def _block(block: Block, layout: Layout, kept: _Kept) -> Iterator[str]:
    match block:
        case Heading(title):
            yield f"#### {_text(title)}"
        case Lines(lines):
            yield from _some([*_sentences(lines)], kept.rows, "lines")
        case Facts(facts):
            shown = [f"- {_text(name)}: {_text(joined(lines, ', '))}" for name, lines in facts]
            yield "\n".join(_some(shown, kept.rows, "lines", "- "))
        case Table() if block.rows:
            yield from _table(block, kept)
        case Picture():
            yield from _picture(block, layout, kept)
        case Folded(summary, inner):
            details = _blocks(inner, layout, kept)
            if layout.unfolded:
                yield from details
            else:
                yield _details(summary, details)


def _some(lines: list[str], most: int, what: str, before: str = "") -> list[str]:
    """Return the first of several lines, and how many more there are."""
    if len(lines) <= most:
        return lines
    return [*lines[:most], f"{before}{_more(len(lines) - most, what)}"]


def _more(number: int, what: str) -> str:
    return f"{number:,} more {what} {LEFT_OUT}"


def _note(note: Remark) -> str:
    about = Span(note.source or "both", kind="label")
    return _text(line("Note on ", about, ": ", Span(note.message, kind="words")))


def _details(summary: str, blocks: Iterable[str]) -> str:
    """Return blocks that are shown to those who ask for them."""
    return "\n\n".join((f"<details><summary>{summary}</summary>", *blocks, "</details>"))


def _picture(picture: Picture, layout: Layout, kept: _Kept) -> Iterator[str]:
    """Yield a picture in characters: outcomes with bars, and several divergences with marks.

    Of outcomes as many are drawn as the table in the place of the picture has; below divergences
    are the outcomes of those rows that explain themselves.
    """
    from kldiv_cli.renderers.pictures.overview import Overview

    table = picture.table
    if picture.spare or not table.rows:
        return
    if picture.instead:
        yield from _table(_bars(picture, len(table.rows))._replace(above=table.above), kept)
        yield _details("the numbers", _table(table._replace(above=()), kept))
        return
    drawing = picture.drawing()
    if not isinstance(drawing, Overview):
        yield from _table(table, kept)
        return
    yield from _table(_marked(table, drawing), kept)
    yield from _sentences(picture.below)
    sections = [row for row in table.rows if row.below]
    if shown := sections[: kept.sections]:
        blocks = [each for row in shown for each in _section(row, layout, kept)]
        if len(shown) < len(sections):
            blocks.append(_more(len(sections) - len(shown), "columns"))
        yield _details(f"outcomes of {count(len(shown), 'column')}", blocks)
    elif sections:
        yield f"the outcomes of {count(len(sections), 'column')} {LEFT_OUT}"


def _section(row: Row, layout: Layout, kept: _Kept) -> Iterator[str]:
    """Yield what explains a row of a table: its outcomes with bars, and what holds of them."""
    yield f"#### {_text((*row.cells[1], *line(': '), *row.cells[0]))}"
    for block in row.below:
        if isinstance(block, Picture):
            yield from _table(_bars(block, MOST_OUTCOMES), kept)
            yield from _sentences(block.below)
        else:
            yield from _block(block, layout, kept)


def _bars(picture: Picture, most: int) -> Table:
    """Return the outcomes with the largest parts of the divergence as a table with bars."""
    from kldiv_cli.renderers.pictures import texts
    from kldiv_cli.renderers.pictures.characters import part_bar
    from kldiv_cli.renderers.pictures.outcomes import Outcomes

    every = picture.drawing()
    assert isinstance(every, Outcomes)
    few = every.largest(most)
    p, q = Span(few.p, kind="name", beside=few.q), Span(few.q, kind="name", beside=few.p)
    columns = (
        Column(line("outcome"), number=False),
        Column(line(q, " → ", p)),
        Column(line(f"part, {few.unit}")),
        Column(line("of D")),
        Column((), number=False),
    )
    cells = zip(texts.shares(few), texts.parts(few), texts.percentages(few), strict=True)
    rows = tuple(
        Row((line(Span(row.label, kind="label")), *map(line, numbers), line(part_bar(row, BAR))))
        for row, numbers in zip(few.rows, cells, strict=True)
    )
    below = [few.said] if few.said else []
    if len(few.rows) < len(every.rows):
        below.append(f"the {len(few.rows)} largest of {len(every.rows)} parts")
    return Table(columns, rows, below=tuple(map(line, below)))


def _marked(table: Table, overview: Overview) -> Table:
    """Return a table with the marks of its rows on an axis as a further column.

    Blanks would be lost in a cell: dots stand for them.
    """
    from kldiv_cli.renderers.pictures.characters import interval_marks

    marks = [
        "".join(piece.text for piece in pieces).replace(" ", "·")
        for pieces in interval_marks(overview, AXIS, unicode=True)
    ]
    marks += [""] * (len(table.rows) + 1 - len(marks))
    axis, *cells = (line(Span(mark, kind="command")) if mark else () for mark in marks)
    rows = (
        row._replace(cells=(*row.cells, cell)) for row, cell in zip(table.rows, cells, strict=True)
    )
    columns = (*table.columns, Column(axis, number=False))
    return table._replace(columns=columns, rows=tuple(rows))


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


def _table(table: Table, kept: _Kept) -> Iterator[str]:
    """Yield a table with its lines, and rows that may be folded in a table of their own."""
    if table.above:
        yield _text(table.above)
    rows = table.rows[: kept.rows]
    folded = [row for row in rows if row.folded]
    if len(folded) > FEW:
        rest = [row for row in rows if not row.folded]
        if rest:
            yield _rows(table, rest)
        yield _details(f"{len(folded)} more", [_rows(table, folded)])
    else:
        yield _rows(table, rows)
    if len(rows) < len(table.rows):
        yield _more(len(table.rows) - len(rows), "rows")
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
