"""Pictures in a page of HTML: marks as SVG that stretches with the page, and text beside them.

A row of text is as high as a row of marks, and stands above it on a narrow display. The text is
there for the eye: the marks have a title and a description, and the table has the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.figures import count
from kldiv_cli.renderers.figures import figure as digits
from kldiv_cli.renderers.formats.tree import element, marks
from kldiv_cli.renderers.pictures import paths, texts
from kldiv_cli.renderers.pictures.spread import TALLEST
from kldiv_cli.renderers.show import display_width, show, show_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from kldiv_cli.renderers.pictures.grid import Grid
    from kldiv_cli.renderers.pictures.outcomes import Outcomes
    from kldiv_cli.renderers.pictures.overview import Overview, Row
    from kldiv_cli.renderers.pictures.scales import Tick
    from kldiv_cli.renderers.pictures.spread import Spread

LONGEST_LABEL = 60
SIZE = paths.Size(1000, 1)
"""The units of a picture, which are as wide and as high as the page makes them."""
LETTER = 7.2
"""The width of a letter, in pixels."""
ROOM, NARROW_ROOM = 560, 340
"""The pixels of a picture in the middle of a page, and on a narrow display."""
BEFORE = 16
"""The pixels before a picture that the first number at its axis may take: labels stand there."""


def outcomes(picture: Outcomes, title: str, sentence: str) -> Element:
    """Return the outcomes of a column with their shares, and their parts of D as bars."""
    svg = _svg(paths.outcome_paths(picture, SIZE), len(picture.rows), title, sentence)
    infinite = ["∞" if row.is_exclusive else "" for row in picture.rows]
    left = f"left:{100 * paths.MARKS * paths.INFINITY:.1f}%"
    signs = [_lines(infinite, style=left)] if any(infinite) else []
    marks = element("div", svg, *signs, class_="k-marks", style=f"--n:{len(picture.rows)}")
    axis = _axis(picture.axis.ticks(), texts.share_tick, paths.MARKS)
    grid = _grid(texts.outcome_columns(picture), axis, marks, {})
    q, p = show_names(picture.q, picture.p, texts.SIDE)
    legend = element(
        "p",
        *(_key("q"), f" {q}, ", _key("p"), f" {p}: share of each outcome on a log axis, so that "),
        f"the line between them is as long as the log of their ratio. Bars: part of D({p} ‖ {q}), "
        f"p ln(p/q) - p + q; ▲ more in {p}, ▼ less.",
    )
    said = [element("p", text) for text in texts.sums(picture)]
    return element("figure", grid, element("figcaption", legend, *said))


def numbers(picture: Outcomes) -> Element:
    """Return the shares and the parts of outcomes to six digits."""
    q, p = show_names(picture.q, picture.p, texts.SIDE)
    heads = "outcome", q, p, f"part, {picture.unit}"
    body = []
    for row in picture.rows:
        values = (digits(each) for each in (row.q.share, row.p.share, row.part))
        cells = (element("td", value, class_="k-number") for value in values)
        label = element("th", show(row.label, LONGEST_LABEL), scope="row")
        body.append(element("tr", label, *cells))
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    table = element("table", element("thead", head), element("tbody", *body))
    return element("div", table, class_="k-scroll", tabindex="0")


def overview(
    picture: Overview, rows: Sequence[Row], title: str, sentence: str, links: Mapping[str, str]
) -> Element:
    """Return rows of a picture of divergences.

    Parameters
    ----------
    picture : Overview
        The picture.
    rows : sequence of Row
        Those of its rows that are shown.
    title, sentence : str
        What the picture is, and what it shows.
    links : mapping of str to str
        The ids of the sections that names have.
    """
    svg = _svg(paths.overview_paths(rows, picture.axis, SIZE), len(rows), title, sentence)
    beyond = ["▸" if row.span and row.span.beyond else "" for row in rows]
    arrows = [_lines(beyond, "k-end")] if any(beyond) else []
    marks = element("div", svg, *arrows, class_="k-marks", style=f"--n:{len(rows)}")
    axis = _axis(picture.axis.ticks(), texts.nats_tick, 1.0)
    columns = texts.overview_columns(rows, picture.unit)
    shown = {show(name, texts.NAME): link for name, link in links.items()}
    grid = _grid(columns, axis, marks, shown)
    judged = len(columns[0]) > 1
    return element("figure", grid, element("figcaption", *_overview_legend(picture, judged)))


def _grid(
    columns: tuple[list[texts.Column], list[texts.Column]],
    axis: Element,
    marks: Element,
    links: Mapping[str, str],
) -> Element:
    """Return rows of marks between columns of texts; on a narrow display these are above."""
    left, right = columns
    place = 0
    heads, cells = [], []
    for column in (*left, None, *right):
        if column is None:
            heads.append(axis)
            cells.append(marks)
            continue
        number = " k-number" if column.number else ""
        heads.append(element("div", column.head or " ", class_=f"k-head k-wide{number}"))
        where = " k-wide" if column.spare else f" k-{(place := place + 1)}"
        cells.append(_lines(column.cells, f"{number}{where}".strip(), links=links))
    named = "fit-content(28%) " if len(left) == 1 else "max-content fit-content(28%) "
    wide = f"{named}minmax(0,1fr) repeat({len(right)},max-content)"
    firsts = ["minmax(0,1fr)", "max-content", "max-content"][:place]
    narrow = " ".join(firsts if len(left) == 1 else ["max-content", *firsts[:-1]])
    return element(
        "div", *heads, *cells, class_="k-rows", style=f"--wide:{wide};--narrow:{narrow}"
    )


def _overview_legend(picture: Overview, judged: bool) -> Iterator[Element]:
    """Yield what the marks of divergences are."""
    axis = f"{texts.axis(picture.unit).capitalize()}."
    if judged:
        said = f" no drift: with its interval; dashed: {texts.limit(picture)}; ▸ goes on. "
        yield element("p", _key("filled"), " drift, ", _key("hollow"), said, axis)
    else:
        said = " a divergence, with its interval where it is an estimate. "
        yield element("p", _key("hollow"), said, axis)


def spread(picture: Spread, title: str, sentence: str) -> Element:
    """Return the rows of a batch as dots above an axis, and their quantiles."""
    tallest = max((stack.dots for stack in picture.stacks), default=1)
    levels = min(tallest + 1, TALLEST + 1)
    svg = _svg(paths.spread_paths(picture, SIZE, levels), levels, title, sentence)
    labels = []
    for mark in picture.quantiles:
        inside = element(
            "i", f"{mark.name} {texts.value(mark.value)}", style=f"left:{100 * mark.place:.1f}%"
        )
        if mark.place > 0.6:
            inside.set("class", "k-before")
        labels.append(element("div", inside, class_="k-axis k-quantile"))
    grid = element(
        "div",
        element("div", svg, class_="k-marks", style=f"--n:{levels}"),
        _axis(picture.axis.ticks(), texts.nats_tick, 1.0),
        *labels,
        class_="k-rows k-spread",
    )
    each = picture.rows_per_dot
    dots = "a dot is a row" if each == 1 else f"a dot is up to {count(each, 'row')}"
    words = f"{dots}; dashed: quantiles. {texts.axis(picture.unit).capitalize()}."
    return element("figure", grid, element("figcaption", element("p", _key("p"), f" {words}")))


def grid(picture: Grid, title: str, sentence: str) -> Element:
    """Return the divergences of all pairs as a table of numbers on shades."""
    names = [show(name, texts.SIDE) for name in picture.names]
    heads = [element("th", name, scope="col") for name in names]
    body = []
    for name, row in zip(names, picture.rows, strict=True):
        cells = [
            element("td", texts.value(cell.value), class_=f"k-number k-s{cell.level}")
            for cell in row
        ]
        body.append(element("tr", element("th", name, scope="row"), *cells))
    corner = element("td", "P \\ Q")
    table = element(
        "table",
        element("caption", f"{title}: {sentence}"),
        element("thead", element("tr", corner, *heads)),
        element("tbody", *body),
    )
    return element("div", table, class_="k-scroll k-shades", tabindex="0", role="region",
                   aria_label=title)  # fmt: skip


def _svg(found: Iterable[tuple[str, str]], rows: int, title: str, sentence: str) -> Element:
    return element(
        "svg",
        element("title", title),
        element("desc", sentence),
        *marks(found),
        viewBox=f"0 0 {SIZE.width:g} {rows * SIZE.row:g}",
        preserveAspectRatio="none",
        role="img",
    )


def _lines(
    lines: Sequence[str], class_: str = "", *, style: str = "", links: Mapping[str, str] = {}
) -> Element:
    """Return texts one below the other, each as high as a row of marks."""
    content: list[Element | str] = []
    for place, text in enumerate(lines):
        content.append("\n" if place else "")
        if link := links.get(text):
            content.append(element("a", text, href=f"#{link}"))
        else:
            content.append(text or " ")
    made = element("div", *content, class_=f"k-lines {class_}".strip())
    if style:
        made.set("style", style)
    return made


def _axis(ticks: Iterable[Tick], said: Callable[[float], str], part: float) -> Element:
    """Return the numbers at an axis that takes a part of the width of a picture.

    Those that would touch others are left out, or shown where there is room; the first begins
    at its place if it would reach into the labels before the picture.
    """
    made = element("div", class_="k-axis")
    ends = {ROOM: float("-inf"), NARROW_ROOM: float("-inf")}
    for tick in ticks:
        text = said(tick.value)
        half = LETTER * display_width(text) / 2 + 3
        begins = half - tick.place * part * ROOM > BEFORE
        free = [room for room, end in ends.items() if tick.place * part * room - half >= end]
        if ROOM not in free:
            continue
        for room in free:
            ends[room] = tick.place * part * room + (2 * half if begins else half)
        label = element("i", text, style=f"left:{100 * tick.place * part:.1f}%")
        classes = "k-begins" * begins, "k-wide" * (NARROW_ROOM not in free)
        if any(classes):
            label.set("class", " ".join(filter(None, classes)))
        made.append(label)
    return made


def _key(name: str) -> Element:
    """Return a mark for a legend."""
    inside = marks([(name, f"M5 5h{paths.DOT}")])
    return element("svg", *inside, viewBox="0 0 10 10", class_="k-key", aria_hidden="true")
