"""The report for people at a terminal: the same facts, laid out with rich."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.text import Text

from kldiv_cli.core.measures import find
from kldiv_cli.renderers.figures import count, figure, spelled
from kldiv_cli.renderers.show import columns, show
from kldiv_cli.renderers.text import (
    HEADLINES,
    advice,
    batch_lines,
    column_heads,
    described,
    estimate_lines,
    named,
    shares,
    shown,
    side_names,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from kldiv_cli.core.report import Comparison, Contribution, Report
    from kldiv_cli.renderers import Layout

GAINED, LOST = "bright_red", "bright_blue"
NARROWEST, FULL_WIDTH, WIDEST = 40, 64, 110
BAR = 8
"""Columns of the shortest room for bars."""


def render(report: Report, layout: Layout) -> str:
    """Return the report with rich's escape codes where `layout` has colour, plain without."""
    if report.error:
        return ""
    width = width_of(layout)
    return printed(
        (
            part
            for comparison in report.comparisons
            for part in _parts(report, comparison, layout, width)
        ),
        layout,
    )


def width_of(layout: Layout) -> int:
    """Return how many columns to fill: on a wide terminal not all, on a narrow one too many."""
    return max(NARROWEST, min(layout.width, WIDEST))


def printed(parts: Iterable[RenderableType], layout: Layout) -> str:
    """Return what rich prints, one part below the other."""
    console = Console(
        file=io.StringIO(),
        width=width_of(layout),
        color_system="standard" if layout.color else None,
        force_terminal=layout.color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        safe_box=not layout.unicode,
        _environ={},
    )
    for part in parts:
        console.print(part)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(_harmless(line.rstrip()) for line in text.splitlines()) + "\n"


def _harmless(line: str) -> str:
    """Escape a command of a CI runner that folding a long word brought to a line's beginning."""
    return re.sub(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)", r"\1\\x3a", line)


def _parts(
    report: Report, comparison: Comparison, layout: Layout, width: int
) -> Iterator[RenderableType]:
    if comparison.column is not None:
        title = show(comparison.column, width - 8, unicode=layout.unicode)
        first = comparison is report.comparisons[0]
        yield Text.assemble("" if first else "\n", "column ", (title, "bold cyan"))
    yield _headlines(report, comparison, layout, width)
    if comparison.only_in_p or comparison.only_in_q:
        yield _only(report, comparison, layout)
    if any(name not in HEADLINES for name in comparison.measures):
        yield _others(report, comparison, layout, width)
    if comparison.estimate:
        names = side_names(report, layout) if width >= FULL_WIDTH else ("p", "q")
        lines = "\n".join(estimate_lines(report, comparison.estimate, *names))
        yield Text(f"\n{_symbol(lines, layout)}")
    if comparison.batch:
        yield Text("\n" + "\n".join(batch_lines(report, comparison.batch)))
    if comparison.contributions:
        yield _contributions(report, comparison, layout, width)
    if comparison is report.comparisons[-1]:
        yield _sides(report, comparison, layout)


def _grid(rows: Iterable[Sequence[Text]]) -> Text:
    """Return rows of cells, aligned; what is printed so is never cut."""
    every = list(rows)
    widths = [max(map(_width, column)) for column in zip(*every, strict=True)]
    lines = []
    for row in every:
        line = Text(no_wrap=True, overflow="ignore")
        for cell, width in zip(row, widths, strict=True):
            line.append_text(cell).append(" " * (width - _width(cell) + 2))
        lines.append(line)
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def _width(cell: Text) -> int:
    return columns(cell.plain)


def infinity(layout: Layout) -> str:
    """Return the sign for infinity, or the word."""
    return "∞" if layout.unicode else "Infinity"


def bars(layout: Layout) -> str:
    """Return what stands between the sides of a divergence."""
    return "‖" if layout.unicode else "||"


def _symbol(text: str, layout: Layout) -> str:
    return text.replace("||", bars(layout))


def _headlines(
    report: Report, comparison: Comparison, layout: Layout, width: int
) -> RenderableType:
    names = side_names(report, layout) if width >= FULL_WIDTH else ("p", "q")
    return _grid(
        (Text(symbol, style="bold"), Text(value, style="bold green"), Text(unit, style="dim"))
        for name in comparison.measures
        if name in HEADLINES
        for symbol, value, unit in _lines(report, comparison, layout, name, names)
    )


def _lines(
    report: Report, comparison: Comparison, layout: Layout, name: str, names: tuple[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield symbol, value and unit of a measure; of a batch, one a row."""
    measure = find(name)
    values = values_of(comparison.measures[name], comparison.error_bounds[name], infinity(layout))
    yield (
        _symbol(spelled(measure.symbol, *names), layout),
        values[0],
        report.unit if measure.scales else "",
    )
    yield from (("", value, "") for value in values[1:])


def _only(report: Report, comparison: Comparison, layout: Layout) -> RenderableType:
    p, q = side_names(report, layout)
    lines: list[Text] = [Text()]
    for here, there, outcomes, mass in (
        (p, q, comparison.only_in_p, comparison.mass_only_in_p),
        (q, p, comparison.only_in_q, comparison.mass_only_in_q),
    ):
        if outcomes:
            line = Text.assemble(
                (f"only in {here}: ", "bold yellow"),
                named(outcomes, layout),
                (f"  ({count(len(outcomes), 'outcome')}, probability {figure(mass)})", "dim"),
            )
            if report.smoothing == "none":
                line.append(f"\n  so D({here} {bars(layout)} {there}) is infinite")
            lines.append(line)
    if report.smoothing == "none":
        lines.append(Text(f"  {advice(report)}", style="dim"))
    return Group(*lines)


def _others(report: Report, comparison: Comparison, layout: Layout, width: int) -> RenderableType:
    rows = []
    for name in comparison.measures:
        if name in HEADLINES:
            continue
        for place, (symbol, value, unit) in enumerate(
            _lines(report, comparison, layout, name, ("p", "q"))
        ):
            cells = [Text("" if place else name, style="cyan"), Text(value), Text(unit, "dim")]
            rows.append([*cells, Text(symbol, "dim")] if width >= FULL_WIDTH else cells)
    return Group(Text(), _grid(rows))


def _contributions(
    report: Report, comparison: Comparison, layout: Layout, width: int
) -> RenderableType:
    heads = ("outcome", *column_heads(report, layout), "kl_pq", "kl_qp")
    rows = [[Text(head, style="dim") for head in heads]]
    for part in comparison.contributions:
        label = show(part.outcome, max(8, width // 4), unicode=layout.unicode)
        numbers = [figure(number, infinity=infinity(layout)) for number in part[1:]]
        plain, dim = numbers[:2], numbers[2:]
        rows.append([Text(label), *map(Text, plain), *(Text(text, "dim") for text in dim)])
    # What does not fit is left out whole: the terms first, then the bars.
    taken = [2 + max(map(_width, column)) for column in zip(*rows, strict=True)]
    if sum(taken) + BAR > width:
        rows = [row[:3] for row in rows]
        taken = taken[:3]
    room = min(30, width - sum(taken))
    if room >= BAR:
        for row, part, share in zip(
            rows[1:], comparison.contributions, shares(comparison), strict=True
        ):
            row.append(_bar(part, share, room, layout))
        rows[0].append(Text())
    heading = Text.assemble(("\nWhat sets them apart", "bold"), (f", {shown(comparison)}", "dim"))
    if room >= BAR and layout.color:
        p, q = side_names(report, layout)
        heading.append_text(
            Text.assemble(("; more in ", "dim"), (p, GAINED), (" or in ", "dim"), (q, LOST))
        )
    return Group(heading, _grid(rows))


def _bar(part: Contribution, share: float, width: int, layout: Layout) -> Text:
    """Return a bar whose colour says on which side the outcome has more mass."""
    style = GAINED if part.p > part.q else LOST
    if math.isinf(share):
        return Text(infinity(layout), style=style)
    eighths = round(share * width * 8)
    if layout.unicode:
        bar = "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    else:
        bar = "#" * round(share * width)
    return Text(bar, style=style)


def _sides(report: Report, comparison: Comparison, layout: Layout) -> RenderableType:
    lines: list[Text] = [Text()]
    names = side_names(report, layout)
    for letter, name, side in zip("pq", names, (report.p, report.q), strict=True):
        if side:
            lines.append(
                Text.assemble(
                    (f"{letter} ", "dim"),
                    (name, "bold"),
                    f"  {described(side, comparison.batch)}",
                    (f"  {show(side.source, 60, unicode=layout.unicode)} ({side.format})", "dim"),
                )
            )
    if report.smoothing != "none":
        lines.append(Text(f"smoothing {report.smoothing}, on both sides, over the union"))
    return Group(*lines)
