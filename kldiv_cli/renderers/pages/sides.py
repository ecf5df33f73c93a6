"""The sides of a report in words: their names, their contents, and where these are from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.inference.reasons import percent
from kldiv_cli.renderers.document import Facts, Remark, Span, joined, line
from kldiv_cli.renderers.figures import amount, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli import errors
    from kldiv_cli.core.report import Batch, Report, Side
    from kldiv_cli.renderers.document import Line

    Names = tuple[Span, Span]

SHOWN_OUTCOMES = 3


def side_names(report: Report) -> tuple[str, str]:
    """Return the names of P and Q, not yet safe to print."""
    p, q = (
        side.name if side else word for side, word in zip((report.p, report.q), "pq", strict=True)
    )
    return p, q


def spans_of(p: str, q: str, *, lettered: bool = True) -> Names:
    """Return the names of both sides so that they are told apart, or give way to letters."""
    letters = ("p", "q") if lettered else ("", "")
    return Span(p, "", "name", q, letters[0]), Span(q, "", "name", p, letters[1])


def symbol_line(symbol: str, names: Names) -> Line:
    """Return a measure's symbol with the names of the sides: ``D(jan ‖ jul)``."""
    import re

    parts = re.split(r"\b([PQ])\b", symbol.replace("||", "‖"))
    sides = {"P": names[0], "Q": names[1]}
    return line(*(sides.get(part, part) for part in parts))


def side_facts(p: Side, q: Side, batch: Batch | None = None) -> Facts:
    """Return name, contents and source of P and Q."""
    facts = []
    for letter, side, other in (("p", p, q), ("q", q, p)):
        name = Span(side.name, "strong", "title", other.name)
        what = line(name, f": {side_contents(side, batch)}")
        facts.append((line(letter), (what, *weighed(side), origin(side, other))))
    return Facts(tuple(facts))


def weighed(side: Side) -> Iterator[Line]:
    """Yield what the rows of a side are worth, if they weigh."""
    size, effect, largest = side.n_effective, side.design_effect, side.largest_weight_share
    if size is None or effect is None or largest is None:
        return
    rows = round(size * effect)
    are_worth = "1 row is worth" if rows == 1 else f"{rows:,} rows are worth"
    worth = f"weighted: {are_worth} {size:,.0f} (design effect {effect:.2g})"
    yield line(f"{worth}, the heaviest row is {percent(largest)} of the total")


def origin(side: Side, other: Side) -> Line:
    """Return where a side is from, as a path that is told apart from the other's."""
    source = Span(side.source, "dim", "path", other.source)
    return line("from ", source, f" ({side.format})", tone="dim")


def side_contents(side: Side, batch: Batch | None = None) -> str:
    """Return in words the kind of a side's numbers, its outcomes, and its total or rows."""
    if side.kind == "samples":
        missing = f", {side.missing:,} missing values" if side.missing else ""
        return f"{count(int(side.total), 'row')}, {count(side.outcomes, 'outcome')}{missing}"
    text = f"{side.kind} of {count(side.outcomes, 'outcome')}"
    if batch or side.kind in ("logits", "log-probs"):
        return text
    return f"{text}, total {amount(side.total)}"


def outcome_names(outcomes: tuple[str, ...]) -> Line:
    """Return the first outcomes, and how many more there are."""
    names = [line(Span(label, kind="label")) for label in outcomes[:SHOWN_OUTCOMES]]
    more = len(outcomes) - SHOWN_OUTCOMES
    return joined(names, ", ") + (line(f" and {more} more") if more > 0 else ())


def notes_of(notes: Iterable[errors.Note]) -> Iterator[Remark]:
    """Yield each note as a block of a document."""
    for note in notes:
        yield Remark(note.source, note.message)
