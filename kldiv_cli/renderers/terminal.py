"""The report for people at a terminal: the same facts, laid out with rich."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from kldiv_cli.core.measures import find
from kldiv_cli.renderers.figures import count, figure, spelled
from kldiv_cli.renderers.show import columns, show
from kldiv_cli.renderers.text import (
    HEAD_WIDTH,
    HEADLINES,
    advice,
    batch_lines,
    column_heads,
    described,
    named,
    shares,
    side_names,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from kldiv_cli.core.report import Comparison, Contribution, Report
    from kldiv_cli.renderers import Layout

GAINED, LOST = "bright_red", "bright_blue"
NARROWEST, WIDEST = 40, 110


def render(report: Report, layout: Layout) -> str:
    """Return the report with rich's escape codes where `layout` has colour, plain without."""
    if report.error:
        return ""
    console = Console(
        file=io.StringIO(),
        width=max(NARROWEST, min(layout.width, WIDEST)),
        color_system="standard" if layout.color else None,
        force_terminal=layout.color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        safe_box=not layout.unicode,
        _environ={},
    )
    for comparison in report.comparisons:
        for part in _parts(report, comparison, layout, console.width):
            console.print(part)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(_harmless(line.rstrip()) for line in text.splitlines()) + "\n"


def _harmless(line: str) -> str:
    """Escape a command of a CI runner that folding a long word brought to a line's beginning."""
    return re.sub(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)", r"\1\\x3a", line)


def _parts(
    report: Report, comparison: Comparison, layout: Layout, width: int
) -> Iterator[RenderableType]:
    yield _headlines(report, comparison, layout)
    if comparison.only_in_p or comparison.only_in_q:
        yield _only(report, comparison, layout)
    if any(name not in HEADLINES for name in comparison.measures):
        yield _others(report, comparison, layout)
    if comparison.batch:
        yield Text("\n" + "\n".join(batch_lines(report, comparison.batch)))
    if comparison.contributions:
        yield _contributions(report, comparison, layout, width)
    yield _sides(report, comparison, layout)


def _bars(layout: Layout) -> str:
    return "‖" if layout.unicode else "||"


def _symbol(text: str, layout: Layout) -> str:
    return text.replace("||", _bars(layout))


def _headlines(report: Report, comparison: Comparison, layout: Layout) -> RenderableType:
    p, q = side_names(report, layout)
    table = Table.grid(padding=(0, 2))
    for name in HEADLINES:
        if name in comparison.measures:
            infinity = "∞" if layout.unicode else "Infinity"
            values = values_of(comparison.measures[name], comparison.error_bounds[name], infinity)
            table.add_row(
                Text(_symbol(spelled(find(name).symbol, p, q), layout), style="bold"),
                Text("\n".join(values), style="bold green"),
                Text(report.unit, style="dim"),
            )
    return table


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
                line.append(f"\n  so D({here} {_bars(layout)} {there}) is infinite")
            lines.append(line)
    if report.smoothing == "none":
        lines.append(Text(f"  {advice(report)}", style="dim"))
    return Group(*lines)


def _others(report: Report, comparison: Comparison, layout: Layout) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_row()
    infinity = "∞" if layout.unicode else "Infinity"
    for name, value in comparison.measures.items():
        if name in HEADLINES:
            continue
        measure = find(name)
        unit = report.unit if measure.scales else ""
        values = values_of(value, comparison.error_bounds[name], infinity)
        table.add_row(
            Text(name, style="cyan"),
            Text("\n".join(values)),
            Text(unit, style="dim"),
            Text(_symbol(spelled(measure.symbol, "p", "q"), layout), style="dim"),
        )
    return table


def _contributions(
    report: Report, comparison: Comparison, layout: Layout, width: int
) -> RenderableType:
    p, q = side_names(report, layout)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    labels = [
        show(part.outcome, max(8, width // 4), unicode=layout.unicode)
        for part in comparison.contributions
    ]
    wide = width >= 76
    label_width = max(len("outcome"), *map(columns, labels))
    table.add_column("outcome", no_wrap=True, min_width=label_width)
    for head in (*column_heads(report, layout), *(("kl_pq", "kl_qp") if wide else ())):
        table.add_column(head, no_wrap=True, min_width=HEAD_WIDTH)
    if wide:
        table.add_column("", no_wrap=True)
    bar = min(30, width - label_width - 4 * HEAD_WIDTH - 5 * 2)  # Two blanks between columns.
    for label, part, share in zip(
        labels, comparison.contributions, shares(comparison), strict=True
    ):
        cells = [Text(label), Text(figure(part.p)), Text(figure(part.q))]
        if wide:
            cells += [
                Text(figure(part.kl_pq), style="dim"),
                Text(figure(part.kl_qp), style="dim"),
                _bar(part, share, bar, layout),
            ]
        table.add_row(*cells)
    heading = Text.assemble(
        ("\nWhat sets them apart", "bold"),
        ("  by share of jeffreys; more in " if wide else "  more in ", "dim"),
        (p, GAINED),
        (" or in ", "dim"),
        (q, LOST),
    )
    return Group(heading, table)


def _bar(part: Contribution, share: float, width: int, layout: Layout) -> Text:
    """Return a bar whose colour says on which side the outcome has more mass."""
    eighths = round(share * width * 8)
    if layout.unicode:
        bar = "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    else:
        bar = "#" * round(share * width)
    return Text(bar, style=GAINED if part.p > part.q else LOST)


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
