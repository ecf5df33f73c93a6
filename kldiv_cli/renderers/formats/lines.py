"""A document as lines of characters: text and the terminal print them, the latter in colour."""

from __future__ import annotations

import re
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING

from kldiv_cli.errors import abridged
from kldiv_cli.renderers.document import (
    Document,
    Facts,
    Folded,
    Heading,
    Line,
    Lines,
    Picture,
    Span,
    Table,
)
from kldiv_cli.renderers.show import display_width, folded, pad, show, show_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.document import Block, Kind
    from kldiv_cli.renderers.pictures.overview import Overview

    Styled = list[tuple[str, str]]  # Texts, and their tones.

NARROW = 64
"""Columns below which letters stand for the names of the sides."""
HEAD_WIDTH = 11
"""The most columns that the name of a side takes over a column of numbers."""
NARROWEST_NAME = 8
LONGEST_COMMAND = 10_000
NARROWEST_AXIS, WIDEST_AXIS = 20, 48
GAP = "  "
SHADES = "[·░▒▓█]"
"""Signs that are for the eye alone."""


def laid_out(document: Document, layout: Layout, width: int) -> list[Styled]:
    """Return the lines of a document, each as pieces of text with their tones.

    Parameters
    ----------
    document : Document
        What is said; a note is left out, since it stands on standard error.
    layout : Layout
        The display.
    width : int
        How many columns of it to fill, at least 40.
    """
    title = [*_sentence(document.title, layout, width)] if document.titled else []
    lines = [*title, *_blocks(document.blocks, layout, width, between=[[]])]
    return [_stripped(line) for line in lines]


def plain(line: Line, layout: Layout, width: int = 80) -> str:
    """Return a line as one safe text."""
    return _joined(_pieces(line, layout, width))


def _blocks(
    blocks: Iterable[Block], layout: Layout, width: int, between: list[Styled]
) -> Iterator[Styled]:
    """Yield the lines of blocks, with others between those that have any, but below headings."""
    above: Block | None = None
    for block in blocks:
        lines = [*_block(block, layout, width)]
        if lines and above is not None and not isinstance(above, Heading):
            yield from between
        yield from lines
        above = block if lines else above


def _block(block: Block, layout: Layout, width: int) -> Iterator[Styled]:
    match block:
        case Heading(line):
            for sentence in _sentence(line, layout, width):
                yield [(text, "strong") for text, _ in sentence]
        case Lines(lines):
            for line in lines:
                yield from _sentence(line, layout, width)
        case Facts():
            yield from _facts(block, layout, width)
        case Table() if block.rows:
            yield from _table(block, layout, width)
        case Picture():
            yield from _picture(block, layout, width)
        case Folded(summary, inner, option):
            if layout.unfolded:
                yield from _blocks(inner, layout, width, between=[[]])
            else:
                yield from _sentence((Span(f"{summary}: {option}", "dim"),), layout, width)


def _room(kind: Kind, width: int) -> int:
    """Return how many columns foreign text of a kind may take in lines of a width."""
    rooms = {
        "name": max(NARROWEST_NAME, min(40, (width - 44) // 2)),
        "title": width // 2,
        "label": max(8, width // 4),
        "path": max(30, width - 20),
        "command": LONGEST_COMMAND,
    }
    return rooms.get(kind, 600)


def _text(span: Span, layout: Layout, width: int, room: int | None = None) -> str:
    """Return a span as safe text; what is foreign is cut to a room, else to that of its kind."""
    if not span.kind:
        return _spelt(span.text, layout)
    if span.letter and width < NARROW:
        return span.letter
    room = room or _room(span.kind, width)
    if span.beside:
        return show_names(span.text, span.beside, room, unicode=layout.unicode)[0]
    return show(span.text, room, unicode=layout.unicode)


def _spelt(text: str, layout: Layout) -> str:
    """Return own words with the signs that a display has; what is made for grep has none."""
    if text.isascii():
        return text
    if not (layout.terminal and layout.unicode):
        text = re.sub(SHADES, "", text)
        text = text.replace("‖", "||").replace("→", "->").replace("∞", "Infinity")
    return text if layout.unicode else text.replace("±", "+-").replace("Δ", "delta ")


def _pieces(line: Line, layout: Layout, width: int, room: int | None = None) -> Styled:
    return [(_text(span, layout, width, room), span.tone) for span in line]


def _sentence(line: Line, layout: Layout, width: int) -> Iterator[Styled]:
    """Yield a line folded to a width, what follows the first deeper than its own indent."""
    pieces = _pieces(line, layout, width)
    if any(span.kind == "command" for span in line):
        yield pieces
        return
    text = _joined(pieces)
    indent = len(text) - len(text.lstrip(" "))
    yield from _hanging([(text[:indent], "")], pieces, width, indent + 2)


def _hanging(head: Styled, pieces: Styled, width: int, indent: int) -> Iterator[Styled]:
    """Yield pieces to the right of a head, folded to a width, the further lines indented."""
    lines = _folded(pieces, width - max(_width(head), indent))
    for place, line in enumerate(lines):
        yield [*head, *line] if place == 0 else [(" " * indent, ""), *line]


def _folded(pieces: Styled, width: int) -> list[Styled]:
    """Return pieces as lines of at most `width` columns, as `folded` breaks their text."""
    letters = [(letter, tone) for text, tone in pieces for letter in text]
    # So that no part of a long word begins with a command of a CI runner, as in `folded`.
    for word in re.finditer("[^ ]*::[^ ]*", _joined(pieces)):
        if display_width(word[0]) > width:
            for colons in re.finditer(":(?=:)", word[0]):
                place = word.start() + colons.start()
                letters[place] = (r"\x3a", letters[place][1])
    letters = [(letter, tone) for text, tone in letters for letter in text]
    lines: list[Styled] = []
    place = 0
    for text in folded(_joined(letters).lstrip(" "), width):
        while place < len(letters) and letters[place][0] == " ":
            place += 1
        end = place + len(text)
        runs = groupby(letters[place:end], key=lambda letter: letter[1])
        lines.append([(_joined([*run]), tone) for tone, run in runs])
        place = end
    return lines


def _facts(block: Facts, layout: Layout, width: int) -> Iterator[Styled]:
    """Yield names, and to the right of each what is said of it."""
    names = [_pieces(name, layout, width) for name, _ in block.facts]
    name_width = max(map(_width, names), default=0) + len(GAP)
    for name, (_, lines) in zip(names, block.facts, strict=True):
        head = _padded(name, name_width)
        for line in lines:
            yield from _hanging(head, _pieces(line, layout, width), width, name_width)
            head = [(" " * name_width, "")]


def _joined(pieces: Styled) -> str:
    return "".join(text for text, _ in pieces)


def _width(pieces: Styled) -> int:
    return display_width(_joined(pieces))


def _padded(pieces: Styled, width: int) -> Styled:
    return [*pieces, (pad("", width - _width(pieces)), "")]


def _stripped(pieces: Styled) -> Styled:
    """Return a line without the blanks at its end."""
    pieces = [*pieces]
    while pieces and not pieces[-1][0].rstrip(" "):
        pieces.pop()
    return [*pieces[:-1], (pieces[-1][0].rstrip(" "), pieces[-1][1])] if pieces else []


def _picture(picture: Picture, layout: Layout, width: int) -> Iterator[Styled]:
    """Yield a picture in characters: outcomes with what is said of them, others on a terminal.

    Of outcomes as many are drawn as the table in the place of the picture has.
    """
    if picture.spare or not picture.table.rows:
        return
    if picture.instead:
        from kldiv_cli.renderers.pictures.characters import outcome_lines
        from kldiv_cli.renderers.pictures.outcomes import Outcomes

        drawn = picture.drawing()
        assert isinstance(drawn, Outcomes)
        if picture.table.above:
            yield from _sentence(picture.table.above, layout, width)
        few = drawn.largest(len(picture.table.rows))
        yield from map(list, outcome_lines(few, width, unicode=layout.unicode))
        return
    overview = None
    if layout.terminal:
        from kldiv_cli.renderers.pictures.characters import spread_lines
        from kldiv_cli.renderers.pictures.overview import Overview
        from kldiv_cli.renderers.pictures.spread import Spread

        drawn = picture.drawing()
        if isinstance(drawn, Spread):
            yield from map(list, spread_lines(drawn, width, unicode=layout.unicode))
            yield []
        overview = drawn if isinstance(drawn, Overview) else None
    yield from _table(picture.table, layout, width, overview)


def _table(
    table: Table, layout: Layout, width: int, overview: Overview | None = None
) -> Iterator[Styled]:
    """Yield a table with its lines above and below; what does not fit is left out and named.

    The marks of an overview are a column of their own, or else a line below each row that may not
    be folded.
    """
    heads = [_head(column.head, layout, width) for column in table.columns]
    rows: list[list[Styled]] = [[] for _ in table.rows]
    indent = 0
    for place, column in enumerate(table.columns):
        room = width - indent if column.names else None
        for row, cells in zip(table.rows, rows, strict=True):
            cells.append(_pieces(row.cells[place], layout, width, room))
        indent += len(GAP) + max(_width(cells[place]) for cells in (heads, *rows))
    widths, name = _fitted(table, heads, rows, width)
    marks = [*_marks(overview, heads, rows, widths, layout, width)] if overview else []
    headed = table.headed and (name is None or widths[name] > 0)
    if table.above:
        yield from _sentence(table.above, layout, width)
    if headed:
        yield [(text, "dim") for text, _ in _aligned(heads, widths)]
    if marks:
        yield [(GAP, ""), *marks[0]]
    inner = GAP if width < NARROW else 2 * GAP
    for row, cells, drawn in zip_longest(table.rows, rows, marks[1:]):
        if name is None or _width(cells[name]) <= widths[name]:
            yield _aligned(cells, widths)
        elif widths[name]:
            yield from _beneath(cells, widths, name)
        else:
            yield from _listed(cells, heads, widths, name, width, brief=row.folded)
        if drawn and not row.folded:
            yield [(GAP, ""), *drawn]
        if row.detail:
            yield from _hanging([(GAP, "")], _pieces(row.detail, layout, width), width, len(GAP))
        for line in _blocks(row.below, layout, width - len(inner), between=[]):
            yield [(inner, ""), *line]
    for below in table.below:
        yield from _sentence(below, layout, width)
    left_out = [_joined(head) for place, head in enumerate(heads) if place not in widths and head]
    if left_out:
        said = f"no room for {abridged(left_out)}; a wider terminal or -f json shows it"
        yield from _sentence((Span(said, "dim"),), layout, width)


def _marks(
    overview: Overview,
    heads: list[Styled],
    rows: list[list[Styled]],
    widths: dict[int, int],
    layout: Layout,
    width: int,
) -> Iterator[Styled]:
    """Add a column with the marks of each row; where it does not fit, yield axis and marks."""
    from kldiv_cli.renderers.pictures.characters import interval_marks

    room = width - sum(widths.values()) - len(GAP) * len(widths)
    beside = room >= NARROWEST_AXIS
    axis = min(room if beside else width - len(GAP), WIDEST_AXIS)
    drawn = interval_marks(overview, axis, unicode=layout.unicode)
    lines: list[Styled] = [[*line] for line in drawn]
    if not beside:
        yield from lines
        return
    widths[len(heads)] = axis
    for place, cells in enumerate((heads, *rows)):
        cells.append(lines[place] if place < len(lines) else [])


def _fitted(
    table: Table, heads: list[Styled], rows: list[list[Styled]], width: int
) -> tuple[dict[int, int], int | None]:
    """Return the widths of the columns that fit, by their places, and the place of the names.

    The columns of the highest rank give way first, then the names, which are at least 0 wide.
    """
    shown = [heads, *rows] if table.headed else rows
    widths = dict(enumerate(max(map(_width, column)) for column in zip(*shown, strict=True)))
    name = next((place for place, column in enumerate(table.columns) if column.names), None)

    def excess() -> int:
        return sum(widths.values()) + len(GAP) * (len(widths) - 1) - width

    for rank in sorted({column.rank for column in table.columns} - {0}, reverse=True):
        if excess() > 0:
            widths = {i: taken for i, taken in widths.items() if table.columns[i].rank < rank}
    if name is not None:
        widths[name] = max(0, widths[name] - max(0, excess()))
        if widths[name] < NARROWEST_NAME < max(_width(cells[name]) for cells in rows):
            widths[name] = 0
    return widths, name


def _head(line: Line, layout: Layout, width: int) -> Styled:
    """Return the head of a column; names of sides that are too long give way to letters."""
    names = [show(name) for span in line if span.letter for name in (span.text, span.beside)]
    if max(map(display_width, names), default=0) > HEAD_WIDTH:
        return [(span.letter, span.tone) for span in line]
    return _pieces(line, layout, width)


def _aligned(cells: list[Styled], widths: dict[int, int]) -> Styled:
    """Return the cells of a row, those of the columns that are shown."""
    line: Styled = []
    for place, taken in widths.items():
        line += [*_padded(cells[place], taken), (GAP, "")]
    return line


def _beneath(cells: list[Styled], widths: dict[int, int], name: int) -> Iterator[Styled]:
    """Yield a row whose name is too long for its column: what follows it stands below it."""
    before = {place: taken for place, taken in widths.items() if place < name}
    after = {place: taken for place, taken in widths.items() if place > name}
    yield [*_aligned(cells, before), *cells[name]]
    indent = sum(before.values()) + len(GAP) * len(before) + widths[name] + len(GAP)
    yield [(" " * indent, ""), *_aligned(cells, after)]


def _listed(
    cells: list[Styled],
    heads: list[Styled],
    widths: dict[int, int],
    name: int,
    width: int,
    *,
    brief: bool,
) -> Iterator[Styled]:
    """Yield a row without room for a column of names: below it each cell with its head before it.

    Of one that may be brief the first cell alone is shown, in the same line if it fits.
    """
    before = {place: taken for place, taken in widths.items() if place < name}
    said = [[*heads[place], (" ", ""), *cells[place]] for place in widths if place > name]
    line = [*_aligned(cells, before), *cells[name]]
    if brief and _width(line) + len(GAP) + _width(said[0]) <= width:
        yield [*line, (GAP, ""), *said[0]]
        return
    yield line
    pieces = [piece for part in said for piece in ((", ", ""), *part)][1:]
    yield from _hanging([(GAP, "")], pieces, width, len(GAP))
