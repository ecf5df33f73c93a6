"""The report of a comparison for people at a terminal: the plain facts, laid out with rich."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kldiv_cli.renderers import batches, several, text
from kldiv_cli.renderers.batches import HEADLINES
from kldiv_cli.renderers.figures import bars, figure, infinity
from kldiv_cli.renderers.show import display_width, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.core.report import Batch, Comparison, Contribution, Report
    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.text import Names

    Cell = tuple[str, str]  # Text and style.

GAINED, LOST = "bright_red", "bright_blue"
NARROWEST, FULL_WIDTH, WIDEST = 40, 64, 110
BAR = 8
"""Columns of the shortest room for bars."""


def render(report: Report, layout: Layout) -> str:
    """Return the report with rich's escape codes where `layout` has colour, plain without."""
    if report.error:
        return ""
    parts: list[Text] = []
    if report.others:
        parts += _several(report, layout)
    else:
        for comparison in report.comparisons:
            parts += _parts(report, comparison, layout)
    if report.failed:
        parts.append(Text())
        lines = (f"failed: {words}" for words in text.exceeded(report, layout))
        parts += [Text(line, style="bold red") for line in lines]
    return printed(parts, layout)


def _several(report: Report, layout: Layout) -> Iterator[Text]:
    """Yield P beside several Qs as one table, and where all of them are from."""

    def shown(name: str) -> str:
        return show(name, 2 * text.NAME_WIDTH, unicode=layout.unicode)

    assert report.p is not None
    yield Text(several.heading(report, shown(report.p.name)))
    table = several.table(report, layout, shown)
    yield _table(table, layout)
    if left_out := table[0][len(batches.fitting(table, width_of(layout))[0]) :]:
        yield Text(f"no room for {', '.join(left_out)}; a wider terminal shows it")
    yield from map(Text, several.notes_below(report))
    yield Text()
    for side in (report.p, *report.others):
        contents = text.side_contents(side, report.comparisons[0].batch)
        source = f"{show(side.source, 60, unicode=layout.unicode)} ({side.format})"
        line = Text.assemble((shown(side.name), "bold"), f"  {contents}")
        yield line.append(f"  {source}", "dim")


def _table(table: batches.Table, layout: Layout) -> Text:
    """Return a table with its header, without the last columns that do not fit."""
    header, *rows = batches.fitting(table, width_of(layout))
    cells = [
        [(head, "cyan"), (first, "bold"), *((cell, "") for cell in more)]
        for head, first, *more in rows
    ]
    return _grid([[(cell, "dim") for cell in header], *cells])


def width_of(layout: Layout) -> int:
    """Return how many columns to fill: on a wide terminal not all, on a narrow one too many."""
    return max(NARROWEST, min(layout.width, WIDEST))


def printed(parts: Iterable[Text], layout: Layout) -> str:
    """Return the text that rich prints for `parts`, one below the other."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=width_of(layout),
        color_system="standard" if layout.color else None,
        force_terminal=layout.color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for part in parts:
        console.print(part)
    lines = file.getvalue().splitlines()
    return "\n".join(_without_command(line.rstrip()) for line in lines) + "\n"


def _without_command(line: str) -> str:
    """Escape a command of a CI runner that folding a long word brought to a line's beginning."""
    return re.sub(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)", r"\1\\x3a", line)


def _parts(report: Report, comparison: Comparison, layout: Layout) -> Iterator[Text]:
    names, width = text.shown_names(report, layout), width_of(layout)
    wide = width >= FULL_WIDTH
    short_names = names if wide else ("p", "q")
    if comparison.column is not None:
        title = show(comparison.column, width - 8, unicode=layout.unicode)
        first = comparison is report.comparisons[0]
        yield Text.assemble("" if first else "\n", "column ", (title, "bold cyan"))
    headlines, further = _measures(report, comparison, layout, short_names)
    yield _grid(headlines)
    if comparison.only_in_p or comparison.only_in_q:
        yield from _exclusive_outcomes(report, comparison, layout, names)
    if further:
        yield Text()
        yield _grid(further if wide else [row[:3] for row in further])
    if comparison.estimate:
        lines = text.estimate_lines(report, comparison.estimate, *short_names)
        yield Text("\n" + "\n".join(lines).replace("||", bars(layout)))
    if comparison.batch:
        yield from _batch(report, comparison, comparison.batch, layout)
    if comparison.contributions:
        yield from _contributions(comparison, layout, names)
    if comparison is report.comparisons[-1]:
        yield from _sides(report, layout)


def _grid(rows: list[list[Cell]]) -> Text:
    """Return rows of cells, aligned; such rows are never cut."""
    widths = _widths(rows)
    lines = []
    for row in rows:
        line = Text(no_wrap=True, overflow="ignore")
        for (content, style), width in zip(row, widths, strict=True):
            line.append(content, style).append(" " * (width - display_width(content) + 2))
        lines.append(line)
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def _widths(rows: list[list[Cell]]) -> list[int]:
    return [max(display_width(cell[0]) for cell in column) for column in zip(*rows, strict=True)]


def _measures(
    report: Report, comparison: Comparison, layout: Layout, names: Names
) -> tuple[list[list[Cell]], list[list[Cell]]]:
    """Return the rows of the two directions of KL, and those of the further measures."""
    headlines: list[list[Cell]] = []
    further: list[list[Cell]] = []
    for name in comparison.measures:
        sides = names if name in HEADLINES else ("p", "q")
        rows = text.measure_rows(report, comparison, name, sides, infinity(layout))
        for title, value, unit, symbol in rows:
            signed = symbol.replace("||", bars(layout))
            if name in HEADLINES:
                headlines.append([(signed, "bold"), (value, "bold green"), (unit, "dim")])
            else:
                further.append([(title, "cyan"), (value, ""), (unit, "dim"), (signed, "dim")])
    return headlines, further


def _batch(report: Report, comparison: Comparison, batch: Batch, layout: Layout) -> Iterator[Text]:
    yield Text()
    for part in batches.batch_parts(report, comparison, batch, layout):
        if isinstance(part, str):
            yield Text(part)
            continue
        yield _table(part, layout)


def _exclusive_outcomes(
    report: Report, comparison: Comparison, layout: Layout, names: Names
) -> Iterator[Text]:
    yield Text()
    for head, labels, extent, infinite in text.exclusive_lines(report, comparison, layout, names):
        yield Text.assemble((head, "bold yellow"), labels, (f"  {extent}", "dim"), infinite)
    if report.smoothing == "none":
        yield Text(f"  {text.smoothing_advice(report)}", style="dim")


def _contributions(comparison: Comparison, layout: Layout, names: Names) -> Iterator[Text]:
    width = width_of(layout)
    heads = ("outcome", *text.column_heads(names), "part")
    rows = [[(head, "dim") for head in heads]]
    for part in comparison.contributions:
        label = show(part.outcome, max(8, width // 4), unicode=layout.unicode)
        shown = (part.p, part.q, part.part)
        p, q, term = (figure(number, infinity=infinity(layout)) for number in shown)
        rows.append([(label, ""), (p, ""), (q, ""), (term, "dim")])
    # A row that does not fit loses whole cells: the part first, then its bar.
    if sum(_widths(rows)) + 2 * len(heads) + BAR > width:
        rows = [row[:3] for row in rows]
    room = min(30, width - sum(_widths(rows)) - 2 * len(rows[0]))
    heading = Text().append("\nWhat sets them apart", "bold")
    heading.append(f", {text.ranking(comparison)}", "dim")
    if room >= BAR:
        lengths = text.bar_lengths(comparison)
        for row, part, length in zip(rows[1:], comparison.contributions, lengths, strict=True):
            row.append(_bar(part, length, room, layout))
        rows[0].append(("", ""))
        if layout.color:
            heading.append("; more in ", "dim").append(names[0], GAINED)
            heading.append(" or in ", "dim").append(names[1], LOST)
    yield heading
    yield _grid(rows)


def _bar(part: Contribution, length: float, room: int, layout: Layout) -> Cell:
    """Return a bar whose colour tells which side gives the outcome more mass."""
    style = GAINED if part.p > part.q else LOST
    if math.isinf(length):
        return infinity(layout), style
    if not layout.unicode:
        return "#" * round(length * room), style
    whole, eighths = divmod(round(length * room * 8), 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[eighths].strip(), style


def _sides(report: Report, layout: Layout) -> Iterator[Text]:
    yield Text()
    for letter, name, contents, origin in text.side_facts(report, layout, 60):
        side = Text.assemble((f"{letter} ", "dim"), (name, "bold"), f"  {contents}")
        yield side.append(f"  {origin}", "dim")
    if report.smoothing != "none":
        yield Text(f"smoothing {report.smoothing}, on both sides, over the union")
