"""Several distributions, each beside each: a table a measure, and what is told of all of them."""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.renderers.document import (
    NOTHING,
    Column,
    Document,
    Facts,
    Folded,
    Lines,
    Picture,
    Row,
    Span,
    Table,
    line,
)
from kldiv_cli.renderers.figures import figure
from kldiv_cli.renderers.pages.sides import notes_of, side_contents, spans_of, symbol_line
from kldiv_cli.renderers.pictures.grid import grid
from kldiv_cli.renderers.pictures.texts import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.matrix import Matrix
    from kldiv_cli.renderers.document import Block, Line
    from kldiv_cli.renderers.pictures.grid import Grid

LONGEST_HEAD = 10
"""Characters of a name from which on numbers stand over the columns."""
FEW = 8
"""Sides whose sources are told without being asked for."""
MOST_COLUMNS = 60
"""Columns that a table, or a picture, has at most; no display has room for more."""
SHADES = (" ", "·", "░", "▒", "▓", "█")
"""Beside each number, from nothing to the largest and to infinity."""


def document(report: Matrix) -> Document:
    """Return the page of a matrix."""
    if report.error:
        return NOTHING
    blocks: list[Block] = []
    for name in report.measures:
        blocks += [_grid(report, name), Lines(tuple(_ends(report, name)))]
    blocks.append(Lines((_together(report),)))
    if report.smoothing != "none":
        said = (
            f"smoothing: {report.smoothing}, on both sides of a pair, over the union of outcomes"
        )
        blocks.append(Lines((line(said),)))
    blocks.append(_sources(report))
    title = line(f"{len(report.sides)} distributions, each beside each: P in rows, Q in columns")
    key = ("matrix", report.sides[0].name)
    notes = notes_of(report.notes)
    return Document(title, (*blocks, *notes), titled=True, wide=True, key=key)


def _grid(report: Matrix, name: str) -> Picture:
    """Return the picture of the values of a measure, in the place of their table."""
    names = [side.name for side in report.sides]
    measure = find(name)
    values = [[cell for cell in row if cell != "error"] for row in report.measures[name]]
    picture = grid(names, values, name, report.unit if measure.scales else "")
    title = line(measure.symbol.replace("||", "‖"), f", in {picture.unit}" if picture.unit else "")
    sentence = line("P in rows, Q in columns")
    table, few = _table(picture), slice(MOST_COLUMNS)
    rows = tuple(row[few] for row in picture.rows[few])
    drawn = picture._replace(names=picture.names[few], rows=rows)
    return Picture(lambda: drawn, title, sentence, table, table.below)


def _table(picture: Grid) -> Table:
    """Return the values of a measure, each with its shade."""
    names, measure = picture.names, find(picture.measure)
    few = slice(MOST_COLUMNS)
    numbered = max(map(len, names)) > LONGEST_HEAD
    heads = [str(place) if numbered else each for place, each in enumerate(names, 1)]
    columns = (
        Column(line("p \\ q", tone="dim"), number=False, names=not numbered),
        *(Column(_title(head), rank=place) for place, head in enumerate(heads[few])),
    )
    rows = []
    for place, (own, cells) in enumerate(zip(names, picture.rows, strict=True)):
        # Where numbers are the key, names are cut so that neighbours differ.
        cut = line(f"{place + 1} ", Span(own, kind="name", beside=names[place - 1]))
        shown = (
            line(value(cell.value), Span(f" {SHADES[cell.level]}", "q")) for cell in cells[few]
        )
        rows.append(Row((cut if numbered else _title(own), *shown)))
    unit = f", in {picture.unit}" if picture.unit else ""
    above = line(f"{measure.symbol.replace('||', '‖')}{unit}", tone="strong")
    left_out = f"{MOST_COLUMNS} of {len(names)} columns; -f csv and -f json have them all"
    below = (line(left_out, tone="dim"),) if len(names) > MOST_COLUMNS else ()
    return Table(columns, tuple(rows), above=above, below=below)


def _title(name: str) -> Line:
    return line(Span(name, kind="title"))


def _ends(report: Matrix, name: str) -> Iterator[Line]:
    """Yield the pairs that are nearest to each other and farthest, and how many are infinite."""
    names, rows = [side.name for side in report.sides], report.measures[name]
    pairs = [*permutations(range(len(names)), 2)]
    if len(names) == 2:
        return
    infinite = sum(rows[i][j] == math.inf for i, j in pairs)
    for words, choose in (("least", min), ("most", max)):
        i, j = choose(pairs, key=lambda pair: rows[pair[0]][pair[1]])
        symbol = symbol_line(find(name).symbol, spans_of(names[i], names[j], lettered=False))
        yield line(f"{words}: ", *symbol, f" = {figure(rows[i][j], report.error_bounds[name])}")
    if infinite:
        why = "an outcome is possible on one side alone"
        yield line(f"infinite: {infinite} of {len(pairs)} values, where {why}")


def _together(report: Matrix) -> Line:
    """Return the line on all of them together."""
    count = len(report.sides)
    most = math.log(count, math.e if report.base == "e" else float(report.base))
    return line(
        f"Jensen-Shannon divergence of all {count} together: {figure(report.all.js)}"
        f" {report.unit}, of at most {figure(most, digits=4)}"
    )


def _sources(report: Matrix) -> Block:
    """Return where all of them are from."""
    facts = []
    for side in report.sides:
        source = Span(side.source, "dim", "path")
        origin = line("from ", source, f" ({side.format})", tone="dim")
        facts.append(
            (line(Span(side.name, "strong", "title")), (line(side_contents(side)), origin))
        )
    told = Facts(tuple(facts))
    return told if len(facts) <= FEW else Folded("where all are from", (told,), "-f json")
