"""A section for a pull request or a job summary; labels cannot become markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.measures import find
from kldiv_cli.renderers.figures import figure, spelled
from kldiv_cli.renderers.show import markdown
from kldiv_cli.renderers.text import described, estimate_lines, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.report import Comparison, Report
    from kldiv_cli.renderers import Layout


def render(report: Report, layout: Layout) -> str:
    """Return the report as GitHub-flavoured Markdown tables."""
    if report.error or not report.p or not report.q:
        return ""
    p, q = markdown(report.p.name, 40), markdown(report.q.name, 40)
    lines = [f"### {p} and {q}", ""]
    for comparison in report.comparisons:
        if comparison.column is not None:
            lines += ["", f"#### {markdown(comparison.column, 60)}", ""]
        lines += _measures(report, comparison, p, q)
        lines += _only(report, comparison, p, q)
        lines += _estimate(report, comparison, p, q)
        lines += _contributions(comparison, p, q)
    lines += ["", "| side | what | source |", "| --- | --- | --- |"]
    for name, side in ((p, report.p), (q, report.q)):
        what = described(side, report.comparisons[0].batch)
        lines.append(f"| {name} | {what} | {markdown(side.source)} |")
    lines += [f"\nSmoothing: {report.smoothing}"] if report.smoothing != "none" else []
    lines += [
        f"\nNote on {markdown(note.source) or 'both'}: {markdown(note.message, 300)}"
        for note in report.notes
    ]
    return "\n".join(lines) + "\n"


def _measures(report: Report, comparison: Comparison, p: str, q: str) -> Iterator[str]:
    yield "| measure | value | unit | |"
    yield "| --- | ---: | --- | --- |"
    for name, value in comparison.measures.items():
        measure = find(name)
        unit = report.unit if measure.scales else ""
        values = "<br>".join(values_of(value, comparison.error_bounds[name]))
        # The bars of D(p || q) would end the cell.
        bars = measure.symbol.replace("||", "‖").replace("|", "\\|")
        symbol = spelled(bars, p, q)
        yield f"| {name.replace('_', chr(92) + '_')} | {values} | {unit} | {symbol} |"


def _only(report: Report, comparison: Comparison, p: str, q: str) -> Iterator[str]:
    for here, outcomes, mass in (
        (p, comparison.only_in_p, comparison.mass_only_in_p),
        (q, comparison.only_in_q, comparison.mass_only_in_q),
    ):
        if outcomes:
            names = ", ".join(markdown(outcome, 40) for outcome in outcomes[:3])
            more = f" and {len(outcomes) - 3} more" if len(outcomes) > 3 else ""
            yield f"\nOnly in {here}: {names}{more} (probability {figure(mass)})"


def _estimate(report: Report, comparison: Comparison, p: str, q: str) -> Iterator[str]:
    if comparison.estimate:
        head, *facts = estimate_lines(report, comparison.estimate, p, q)
        text = "; ".join(fact.strip() for fact in facts).replace("||", "‖")
        yield f"\n{head.capitalize()} {text.replace('< ', '&lt; ')}."


def _contributions(comparison: Comparison, p: str, q: str) -> Iterator[str]:
    if not comparison.contributions:
        return
    yield ""
    yield f"| outcome | {p} | {q} | kl\\_pq | kl\\_qp |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for part in comparison.contributions:
        yield (
            f"| {markdown(part.outcome, 60)} | {figure(part.p)} | {figure(part.q)}"
            f" | {figure(part.kl_pq)} | {figure(part.kl_qp)} |"
        )
