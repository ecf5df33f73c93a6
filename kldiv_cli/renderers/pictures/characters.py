"""Pictures as lines of characters, at any width from 40 columns on, in ASCII or with signs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.renderers.figures import count
from kldiv_cli.renderers.pictures.texts import (
    nats_tick,
    parts,
    percentages,
    share_tick,
    shares,
    value,
)
from kldiv_cli.renderers.show import display_width, folded, pad, show, show_names
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kldiv_cli.renderers.pictures.outcomes import Outcomes
    from kldiv_cli.renderers.pictures.outcomes import Row as Outcome
    from kldiv_cli.renderers.pictures.overview import Overview, Row
    from kldiv_cli.renderers.pictures.scales import Tick
    from kldiv_cli.renderers.pictures.spread import Spread

    Line = list["Styled"]

LONGEST_LABEL = 24
AXIS, BAR = 12, 6
"""The shortest room for marks, and for bars."""
WIDEST_AXIS = 48
TALLEST = 6
"""Lines of the dots of a batch."""
GAP = "  "


class Styled(NamedTuple):
    """A text that is safe to print, and its tone: a word such as ``p``, ``drift`` or ``dim``."""

    text: str
    tone: str = ""


class Signs(NamedTuple):
    """The characters that marks are drawn with."""

    p: str
    q: str
    join: str
    limit: str
    beyond: str
    bar: str
    dot: str
    infinity: str
    hollow: str
    more: str
    less: str


UNICODE = Signs(
    p="●", q="□", join="─", limit="┆", beyond="▸", bar="█", dot="•", infinity="∞", hollow="○",
    more="▲", less="▼",
)  # fmt: skip
ASCII = Signs(
    p="*", q="o", join="-", limit="|", beyond=">", bar="#", dot="o", infinity="inf", hollow="o",
    more="+", less="-",
)  # fmt: skip
_SPELT = str.maketrans({"→": "->", "∞": "inf", "✖": "x", "✓": "."})


def signs(unicode: bool) -> Signs:
    """Return the characters of a display that knows more than ASCII, or does not."""
    return UNICODE if unicode else ASCII


class _Canvas:
    """A line of cells on which marks are put; a later mark covers an earlier one.

    Parameters
    ----------
    width : int
        How many cells there are.
    """

    def __init__(self, width: int) -> None:
        self._cells = [(" ", "")] * width

    def at(self, place: float) -> int:
        """Return the cell of a place from 0 to 1."""
        return min(round(place * (len(self._cells) - 1)), len(self._cells) - 1)

    def put(self, cell: int, text: str, tone: str = "") -> None:
        """Put a text into the cells from `cell` on."""
        for offset, character in enumerate(text):
            self._cells[cell + offset] = (character, tone)

    def fill(self, first: int, last: int, character: str, tone: str = "") -> None:
        """Put a character into every cell from one to another, whichever is first."""
        for cell in range(min(first, last), max(first, last) + 1):
            self._cells[cell] = (character, tone)

    def line(self) -> Line:
        """Return the cells, those with one tone together."""
        found: Line = []
        for character, tone in self._cells:
            if found and found[-1].tone == tone:
                found[-1] = Styled(found[-1].text + character, tone)
            else:
                found.append(Styled(character, tone))
        return found


def _ticks(ticks: Iterable[Tick], width: int, said: Callable[[float], str], sign: Signs) -> Line:
    """Return the numbers at an axis, without those that would touch the one before."""
    canvas, free = _Canvas(width), 0
    for tick in ticks:
        text = _spelt(said(tick.value), sign)
        start = min(max(canvas.at(tick.place) - (len(text) - 1) // 2, 0), width - len(text))
        if start >= free:
            canvas.put(start, text, "dim")
            free = start + len(text) + 1
    return canvas.line()


def outcome_lines(picture: Outcomes, width: int, *, unicode: bool) -> Iterator[Line]:
    """Yield the outcomes of a column: both shares on an axis, and the part of D as a bar.

    Parameters
    ----------
    picture : Outcomes
        The picture.
    width : int
        The columns of the display, at least 40.
    unicode : bool
        Whether it knows more than ASCII.
    """
    sign = signs(unicode)
    labels = [show(row.label, LONGEST_LABEL, unicode=unicode) for row in picture.rows]
    texts = [
        [_spelt(text, sign) for text in column]
        for column in (shares(picture), parts(picture), percentages(picture))
    ]
    room = width - min(_width(labels), LONGEST_LABEL)
    # Shares go first where there is no room, then parts; the percentages stay.
    while len(texts) > 1 and room < AXIS + BAR + sum(_width(text) + 2 for text in texts) + 4:
        texts.pop(0)
    room = width - sum(_width(text) + 2 for text in texts) - AXIS - BAR - 4
    label_width = min(_width(labels), max(room, 8))
    room += AXIS + BAR - label_width
    bar = max(BAR, min(room // 3, WIDEST_AXIS // 2))
    axis = min(room - bar, WIDEST_AXIS)
    yield from _legend(picture, width, unicode=unicode)
    blank = Styled(" " * (label_width + 2))
    yield [blank, *_ticks(picture.axis.ticks(), axis, share_tick, sign)]
    for i, row in enumerate(picture.rows):
        label = show(row.label, label_width, unicode=unicode)
        line = [Styled(pad(label, label_width) + GAP), *_marks(row, axis, sign)]
        line += [Styled(GAP + text[i].rjust(_width(text))) for text in texts]
        tone = {"more": "p", "less": "q"}.get(row.move, "dim")
        yield [*line, Styled(f"{GAP}{part_bar(row, bar - 2, sign)}", tone)]
    for words in folded(picture.said, width) if picture.said else ():
        yield [Styled(words, "dim")]


def _legend(picture: Outcomes, width: int, *, unicode: bool) -> Iterator[Line]:
    """Yield the names of the sides with their marks, and what the bars are."""
    sign = signs(unicode)
    q, p = show_names(picture.q, picture.p, 14, unicode=unicode)
    sides = [
        Styled(f"{sign.q} {q}", "q"),
        Styled(_spelt(" → ", sign)),
        Styled(f"{sign.p} {p}", "p"),
    ]
    words = Styled(f"bars: parts of D, in {picture.unit}", "dim")
    if sum(display_width(part.text) for part in (*sides, words)) + 2 <= width:
        yield [*sides, Styled(GAP), words]
    else:
        yield from (sides, [words])


def _spelt(text: str, sign: Signs) -> str:
    """Return own words in the characters of a display."""
    return text.translate(_SPELT) if sign is ASCII else text


def _width(texts: Iterable[str]) -> int:
    return max(map(display_width, texts), default=0)


def part_bar(row: Outcome, room: int, sign: Signs = UNICODE) -> str:
    """Return an arrow for more or less, and the bar of a part in a room of characters."""
    move = {"more": sign.more, "less": sign.less, "same": " "}[row.move]
    if math.isinf(row.length):
        return f"{move} {sign.infinity}"
    if sign is ASCII:
        return f"{move} {sign.bar * round(row.length * room)}"
    whole, eighths = divmod(round(row.length * room * 8), 8)
    return f"{move} {sign.bar * whole}{' ▏▎▍▌▋▊▉'[eighths].strip()}"


def _marks(row: Outcome, width: int, sign: Signs) -> Line:
    """Return both shares of an outcome on the axis, joined unless one of them is 0."""
    canvas = _Canvas(width)
    p, q = canvas.at(row.p.place), canvas.at(row.q.place)
    if row.p.share > 0 and row.q.share > 0:
        canvas.fill(p, q, sign.join, "dim")
    elif row.p.share > 0 or row.q.share > 0:
        canvas.put(min(p, q) + 1, sign.infinity, "strong")
    canvas.put(q, sign.q, "q")
    canvas.put(p, sign.p, "p")
    return canvas.line()


def interval_marks(picture: Overview, width: int, *, unicode: bool) -> list[Line]:
    """Return the numbers at the axis of divergences, then the marks of each row, passing last.

    A row has a dot, its interval and its limit; see `outcome_lines` for the parameters.
    """
    sign = signs(unicode)
    rows = (*picture.rows, *picture.passing)
    ticks = _ticks(picture.axis.ticks(), width, nats_tick, sign)
    return [ticks, *(_span(row, width, sign) for row in rows)]


def _span(row: Row, width: int, sign: Signs) -> Line:
    """Return the dot of a divergence, its interval and its limit."""
    canvas, span = _Canvas(width), row.span
    if span is None:
        return canvas.line()
    if span.interval is not None:
        low, high = span.interval
        canvas.fill(canvas.at(low), canvas.at(high), sign.join)
    if span.limit is not None:
        canvas.put(canvas.at(span.limit), sign.limit, "limit")
    if span.beyond:
        canvas.put(width - 1, sign.beyond)
    drifts = row.entry.verdict == "drift"
    canvas.put(canvas.at(span.place), sign.p if drifts else sign.hollow, "drift" if drifts else "")
    return canvas.line()


def spread_lines(picture: Spread, width: int, *, unicode: bool) -> Iterator[Line]:
    """Yield the rows of a batch as dots above an axis; see `outcome_lines` for the parameters."""
    from kldiv_cli.renderers.pictures.spread import STACKS

    sign = signs(unicode)
    # As many cells as stacks, or half of them: each has the rows of equally many stacks.
    axis = STACKS if width >= STACKS else STACKS // 2
    heights: dict[int, int] = {}
    for stack in picture.stacks:
        cell = min(int(stack.place * axis), axis - 1)
        heights[cell] = heights.get(cell, 0) + stack.dots
    step = -(-max(heights.values(), default=1) // TALLEST)
    for level in range(TALLEST, 0, -1):
        canvas = _Canvas(axis)
        for cell, height in heights.items():
            if -(-height // step) >= level:
                canvas.put(cell, sign.dot, "p")
        if any(height > step * (level - 1) for height in heights.values()):
            yield canvas.line()
    yield _ticks(picture.axis.ticks(), axis, nats_tick, sign)
    canvas = _Canvas(axis)
    for mark in picture.quantiles:
        canvas.put(canvas.at(mark.place), "▲" if unicode else "^", "strong")
    yield canvas.line()
    said = ", ".join(
        f"{mark.name} {_spelt(value(mark.value), sign)}" for mark in picture.quantiles
    )
    for words in folded(f"{picture.measure} of a row: {said}", width):
        yield [Styled(words)]
    each = count(picture.rows_per_dot * step, "row")
    yield [Styled(f"a dot is up to {each}" if each != "1 row" else "a dot is a row", "dim")]
