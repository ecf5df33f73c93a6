"""A comparison for a pull request or a job summary, in which labels cannot become markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers import batches, several, text
from kldiv_cli.renderers.figures import figure
from kldiv_cli.renderers.show import markdown, show_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.core.report import Batch, Comparison, Report, Side
    from kldiv_cli.errors import Note
    from kldiv_cli.renderers import Layout
    from kldiv_cli.renderers.text import Names

NAME_WIDTH, SOURCE_WIDTH, LABEL_WIDTH, NOTE_WIDTH = 40, 120, 60, 300


def render(report: Report, layout: Layout) -> str:
    """Return the report as GitHub-flavoured Markdown tables."""
    if report.error or not report.p:
        return ""
    if report.others:
        return "\n".join([*_several(report, layout), *note_lines(report.notes)]) + "\n"
    assert report.q is not None
    p, q = names = escaped_names(report.p.name, report.q.name, NAME_WIDTH)
    lines = [f"### {p} and {q}", ""]
    for words in text.exceeded(report, layout):
        lines += [f"**Failed:** {markdown(words, NOTE_WIDTH)}", ""]
    for comparison in report.comparisons:
        if comparison.column is not None:
            lines += ["", f"#### {markdown(comparison.column, LABEL_WIDTH)}", ""]
        lines += _measures(report, comparison, names)
        for owner, _, outcomes, mass in text.exclusive_outcomes(comparison, p, q):
            labels = text.first_few(outcomes, lambda outcome: markdown(outcome, NAME_WIDTH))
            lines.append(f"\nOnly in {owner}: {labels} (probability {mass})")
        if comparison.estimate:
            head, *facts = text.estimate_lines(report, comparison.estimate, p, q)
            words = "; ".join(fact.strip() for fact in facts).replace("||", "‖")
            lines.append(f"\n{head.capitalize()} {words.replace('< ', '&lt; ')}.")
        if comparison.batch:
            lines += _batch(report, comparison, comparison.batch, layout)
        if comparison.contributions:
            lines += _contributions(comparison, p, q)
    batch = report.comparisons[0].batch
    contents = text.side_contents(report.p, batch), text.side_contents(report.q, batch)
    lines += side_table(names, (report.p, report.q), contents)
    lines += [f"\nSmoothing: {report.smoothing}"] if report.smoothing != "none" else []
    return "\n".join([*lines, *note_lines(report.notes)]) + "\n"


def _several(report: Report, layout: Layout) -> Iterator[str]:
    """Yield P beside several Qs as one table."""

    def shown(name: str) -> str:
        return markdown(name, NAME_WIDTH)

    assert report.p is not None
    yield f"### {several.heading(report, shown(report.p.name))}"
    yield ""
    for words in text.exceeded(report, layout):
        yield f"**Failed:** {markdown(words, NOTE_WIDTH)}"
        yield ""
    head, *rows = several.table(report, layout, shown)
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
    yield from ("", "| side | what | source |", "| --- | --- | --- |")
    for side in (report.p, *report.others):
        contents = text.side_contents(side, report.comparisons[0].batch)
        yield f"| {shown(side.name)} | {contents} | {markdown(side.source, SOURCE_WIDTH)} |"


def escaped_names(p: str, q: str, width: int) -> Names:
    """Return the names of both sides without markup, and told apart as `show_names` does."""
    p, q = show_names(p, q, width)
    return markdown(p, width), markdown(q, width)


def side_table(names: Names, sides: tuple[Side, Side], contents: Names) -> Iterator[str]:
    """Yield a table of both sides: name, contents and source."""
    yield from ("", "| side | what | source |", "| --- | --- | --- |")
    sources = escaped_names(sides[0].source, sides[1].source, SOURCE_WIDTH)
    yield from map("| {} | {} | {} |".format, names, contents, sources)


def note_lines(notes: Iterable[Note]) -> Iterator[str]:
    """Yield each note as a paragraph."""
    for note in notes:
        yield f"\nNote on {markdown(note.source) or 'both'}: {markdown(note.message, NOTE_WIDTH)}"


def _measures(report: Report, comparison: Comparison, names: Names) -> Iterator[str]:
    yield "| measure | value | unit | |"
    yield "| --- | ---: | --- | --- |"
    for name in comparison.measures:
        rows = text.measure_rows(report, comparison, name, names)
        _, _, unit, symbol = rows[0]
        values = "<br>".join(value for _, value, _, _ in rows)
        # The bars of D(p || q) would end the cell.
        bars = symbol.replace("||", "‖")
        yield f"| {name.replace('_', chr(92) + '_')} | {values} | {unit} | {bars} |"


def _batch(report: Report, comparison: Comparison, batch: Batch, layout: Layout) -> Iterator[str]:
    signs = layout._replace(unicode=True)
    parts = batches.batch_parts(report, comparison, batch, signs)
    for part in parts:
        if isinstance(part, str):
            # A line that is indented goes on with the one before it.
            text = markdown(part.strip(), NOTE_WIDTH)
            if part:
                yield text if part.startswith(" ") else f"\n{text}"
            continue
        header, *rows = [[markdown(cell.strip()) for cell in row] for row in part]
        yield ""
        yield f"| {' | '.join(header)} |"
        yield f"| --- |{' ---: |' * (len(header) - 1)}"
        yield from (f"| {' | '.join(row)} |" for row in rows)


def _contributions(comparison: Comparison, p: str, q: str) -> Iterator[str]:
    yield ""
    yield f"| outcome | {p} | {q} | kl\\_pq | kl\\_qp | part |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for outcome, *figures in comparison.contributions:
        cells = (markdown(outcome, LABEL_WIDTH), *map(figure, figures))
        yield f"| {' | '.join(cells)} |"
