"""The pictures of a document as one drawing, to be put into a page, a README or a talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.document import Picture
from kldiv_cli.renderers.formats.style import PICTURE_STYLE
from kldiv_cli.renderers.formats.tree import element, line_text, marks, written
from kldiv_cli.renderers.pictures import paths, texts
from kldiv_cli.renderers.pictures.outcomes import Outcomes
from kldiv_cli.renderers.pictures.overview import Overview
from kldiv_cli.renderers.pictures.spread import Spread
from kldiv_cli.renderers.show import display_width, show, show_names
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.document import Document
    from kldiv_cli.renderers.pictures.grid import Grid
    from kldiv_cli.renderers.pictures.scales import Tick

WIDTH, MARGIN, GAP = 900, 16, 14
ROW, LINE = 20, 20
"""The heights of a row of marks, and of a line of text, in pixels."""
LETTER = 7.0
"""The room for a letter, in pixels."""
DOT_ROW = 11


class _Part(NamedTuple):
    """What is drawn below what was drawn before, its height, and its width if that is large."""

    elements: list[Element]
    height: float
    width: float = WIDTH - 2.0 * MARGIN


def draw(document: Document, layout: Layout) -> str:
    """Return the pictures of the document, one below the other, as a file of SVG."""
    if not document.blocks:
        return ""
    pictures = [block for block in document.blocks if isinstance(block, Picture)]
    title = line_text(document.title)
    parts = [_words([title], "k-title")]
    for block in pictures:
        parts += _parts(block)
    inside, top = [], float(MARGIN)
    for part in parts:
        inside.append(element("g", *part.elements, transform=f"translate({MARGIN} {top:g})"))
        top += part.height + GAP
    width = 2 * MARGIN + max(part.width for part in parts)
    root = element(
        "svg",
        element("title", title),
        element("desc", "; ".join(line_text(block.sentence) for block in pictures)),
        element("style", PICTURE_STYLE),
        element("rect", width="100%", height="100%", class_="k-back"),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {top:g}",
        width=f"{width:g}",
        height=f"{top:g}",
        role="img",
        class_="kldiv",
    )
    return f"{written(root)}\n"


def _parts(block: Picture) -> Iterator[_Part]:
    """Yield the title of a picture, the picture, what its marks are, and what is below."""
    drawing = block.drawing()
    yield _words([line_text(block.title)], "k-head")
    if isinstance(drawing, Outcomes):
        yield from _outcomes(drawing)
    elif isinstance(drawing, Overview):
        yield from _overview(drawing)
    elif isinstance(drawing, Spread):
        yield _spread(drawing)
    else:
        yield _grid(drawing)
    yield _words([line_text(line) for line in block.below])


def _outcomes(picture: Outcomes) -> Iterator[_Part]:
    columns = texts.outcome_columns(picture)

    def drawn(width: float) -> Iterator[Element]:
        yield from marks(paths.outcome_paths(picture, paths.Size(width, ROW)))
        for place, row in enumerate(picture.rows):
            if row.is_exclusive:
                x = width * paths.MARKS * paths.INFINITY
                yield _text("∞", x, ROW * (place + 0.5) + 4)

    yield _rows(columns, picture.axis.ticks(), texts.share_tick, paths.MARKS, drawn)
    q, p = show_names(picture.q, picture.p, texts.SIDE)
    key = [*marks([("q", "M5 -4h.01")]), _text(q, 16, 0)]
    x = 16 + LETTER * display_width(q) + GAP
    key += [*marks([("p", f"M{x + 5:g} -4h.01")]), _text(p, x + 16, 0)]
    x += 16 + LETTER * display_width(p) + GAP
    said = f"share, log axis; bars: part of D({p} ‖ {q}), ▲ more in {p}, ▼ less"
    yield _Part([element("g", *key, _text(said, x, 0), transform="translate(0 12)")], LINE)
    yield _words(texts.sums(picture))


def _overview(picture: Overview) -> Iterator[_Part]:
    rows = (*picture.rows, *picture.passing)

    def drawn(width: float) -> Iterator[Element]:
        yield from marks(paths.overview_paths(rows, picture.axis, paths.Size(width, ROW)))
        for place, row in enumerate(rows):
            if row.span and row.span.beyond:
                yield _text("▸", width - 4, ROW * (place + 0.5) + 5)

    columns = texts.overview_columns(rows, picture.unit)
    yield _rows(columns, picture.axis.ticks(), texts.nats_tick, 1.0, drawn)
    judged = f"; filled: drift; dashed: {texts.limit(picture)}" if len(columns[0]) > 1 else ""
    yield _words([f"{texts.axis(picture.unit)}{judged}"], "k-dim")


def _spread(picture: Spread) -> _Part:
    width = WIDTH - 2 * MARGIN
    levels = max((stack.dots for stack in picture.stacks), default=0) + 1
    found = marks(paths.spread_paths(picture, paths.Size(width, DOT_ROW), levels))
    top = DOT_ROW * levels + LINE
    found += _axis(picture.axis.ticks(), texts.nats_tick, width, top - 4)
    for mark in picture.quantiles:
        top += LINE
        end = mark.place > 0.6
        x = mark.place * width
        label = _text(f"{mark.name} {texts.value(mark.value)}", x + (-6 if end else 6), top - 4)
        if end:
            label.set("text-anchor", "end")
        found.append(label)
        found += marks([("quantile", f"M{x:.2f} {top - LINE:g}v{LINE}")])
    return _Part(found, top)


def _grid(picture: Grid) -> _Part:
    """Return numbers on shades, with a name before each row, and its place above its column."""
    names = [f"{place} {show(name, texts.SIDE)}" for place, name in enumerate(picture.names, 1)]
    left = LETTER * max(map(display_width, names)) + GAP
    widest = max(len(texts.value(cell.value)) for row in picture.rows for cell in row)
    width = LETTER * widest + GAP
    found = []
    for j in range(len(names)):
        label = _text(str(j + 1), left + width * (j + 0.5), 14, "k-dim")
        label.set("text-anchor", "middle")
        found.append(label)
    for i, (name, row) in enumerate(zip(names, picture.rows, strict=True)):
        y = ROW * (i + 1)
        found.append(_text(name, 0, y + 14))
        for j, cell in enumerate(row):
            x = left + width * j
            box = element("rect", x=f"{x:g}", y=f"{y:g}", width=f"{width:g}", height=f"{ROW}")
            box.set("class", f"k-s{cell.level}")
            label = _text(texts.value(cell.value), x + width / 2, y + 14, f"k-t{cell.level}")
            label.set("text-anchor", "middle")
            found += [box, label] if cell.level else [label]
    across = left + width * len(names)
    return _Part(found, ROW * (len(names) + 1), max(across, WIDTH - 2 * MARGIN))


def _rows(
    columns: tuple[list[texts.Column], list[texts.Column]],
    ticks: Iterable[Tick],
    said: Callable[[float], str],
    part: float,
    drawn: Callable[[float], Iterable[Element]],
) -> _Part:
    """Return rows of marks between columns of texts, with an axis above them."""
    left, right = columns
    found: list[Element] = []
    x = 0.0
    for column in left:
        found += _column(column, x, _width(column))
        x += _width(column) + GAP
    width = WIDTH - 2 * MARGIN - x - sum(_width(column) + GAP for column in right)
    inside = [*_axis(ticks, said, part * width, -6), *drawn(width)]
    found.append(element("g", *inside, transform=f"translate({x:g} {LINE})"))
    x += width + GAP
    for column in right:
        found += _column(column, x, _width(column))
        x += _width(column) + GAP
    return _Part(found, LINE + ROW * len(left[0].cells))


def _width(column: texts.Column) -> float:
    return LETTER * max(map(display_width, (column.head, *column.cells)))


def _column(column: texts.Column, x: float, width: float) -> Iterator[Element]:
    """Yield the head of a column of texts, and the texts."""
    end = x + width if column.number else x
    cells = [_text(column.head, end, 14, "k-dim")]
    cells += [
        _text(cell, end, LINE + ROW * (place + 0.5) + 4) for place, cell in enumerate(column.cells)
    ]
    for cell in cells:
        if column.number:
            cell.set("text-anchor", "end")
        if cell.text:
            yield cell


def _axis(
    ticks: Iterable[Tick], said: Callable[[float], str], width: float, y: float
) -> Iterator[Element]:
    """Yield the numbers at an axis, but for those that would touch the one before."""
    free = float("-inf")
    for tick in ticks:
        text = said(tick.value)
        half = LETTER * display_width(text) / 2
        x = tick.place * width
        if x - half >= free:
            label = _text(text, x, y, "k-dim")
            label.set("text-anchor", "middle")
            yield label
            free = x + half + GAP / 2


def _words(lines: Sequence[str], class_: str = "") -> _Part:
    found = [_text(line, 0, LINE * place + 12, class_) for place, line in enumerate(lines)]
    return _Part(found, LINE * len(found) or -GAP)


def _text(text: str, x: float, y: float, class_: str = "") -> Element:
    made = element("text", text, x=f"{x:.4g}", y=f"{y:.4g}")
    if class_:
        made.set("class", class_)
    return made
