"""The rows of a batch: their mean with its error, their quantiles, and the worst of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.core.measures import BOTH_DIRECTIONS, find
from kldiv_cli.renderers.document import Column, Lines, Row, Table, line
from kldiv_cli.renderers.figures import count, figure, to_error
from kldiv_cli.renderers.pages import pictures
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.report import Batch, Comparison, OfRows, Report
    from kldiv_cli.core.row_statistics import Derived, Mean, Spread, TargetStatistics
    from kldiv_cli.renderers.document import Block, Line, Picture

    Cells = list[list[str]]

LOWER_BOUND = "lower-bound"
"""The code of the note that says so of all divergences."""
FEW = 10
"""Of fewer rows the least, the middle and the largest tell everything."""
INDEPENDENT = 0.995
"""Rows are as good as independent where so many of them, as a share, are effective."""
DEPENDENT = ("effective rows", "if independent")
"""The columns for the means of dependent rows."""
DIGITS = 4
"""Of quantiles, which no sample of rows gives better."""
QUANTILES = (
    ("max", "max", 1), ("99.9 %", "p99_9", 1000), ("99 %", "p99", 100), ("95 %", "p95", 20),
    ("90 %", "p90", 10), ("75 %", "p75", 4), ("median", "p50", 1), ("25 %", "p25", 4),
    ("10 %", "p10", 10), ("5 %", "p5", 20), ("1 %", "p1", 100), ("0.1 %", "p0_1", 1000),
    ("min", "min", 1),
)  # fmt: skip
"""Heads, fields of `Spread`, and how many rows it takes for one of them to lie beyond it."""
QUARTERS = ("p75", "p25")
"""Quantiles that are shown beside changes of probability."""


class Estimate(NamedTuple):
    """A statistic of the rows: its name, its value and what is known of its error.

    Attributes
    ----------
    name : str
        As it is printed.
    value : float
        A fraction where it is shown in per cent.
    found : OfRows, Mean, Derived or None
        Its errors, if it has any.
    percent : bool
        Whether it is shown in per cent.
    bound : float
        A bound on the relative error of its arithmetic.
    least, most : float
        Between which it lies, whatever its interval.
    """

    name: str
    value: float
    found: OfRows | Mean | Derived | None
    percent: bool = False
    bound: float = 0.0
    least: float = -math.inf
    most: float = math.inf


def blocks(report: Report, comparison: Comparison, batch: Batch) -> Iterator[Block]:
    """Yield what is said of the rows of a batch; of few their least, middle and largest."""
    head = f"{count(batch.rows, 'row')}, reduction {batch.reduction};"
    rest = tuple(line(words) for words in _remarks(report, batch))
    if batch.rows < FEW:
        values = f"min {figure(batch.min)}, median {figure(batch.median)}, max {figure(batch.max)}"
        yield Lines((line(f"{head} {batch.measure} of a row:"), line(f"  {values}"), *rest))
        yield from _pictured(report, comparison, batch, spare=True)
        return
    scaled = any(find(name).scales for name in shown_measures(batch))
    above = f"{head} statistics over the rows{f', in {report.unit}' if scaled else ''}:"
    yield _table(mean_table(comparison, batch), above, rest)
    yield from _pictured(report, comparison, batch)
    yield _table(worst_table(comparison, batch))


def _pictured(
    report: Report, comparison: Comparison, batch: Batch, *, spare: bool = False
) -> Iterator[Picture | Table]:
    """Yield the picture of the rows, in the place of their quantiles."""
    table = _table(quantile_table(comparison, batch))
    unit = report.unit if find(batch.measure).scales else batch.measure
    for other, rows in zip(report.comparisons, report.rows, strict=False):
        if other is comparison:
            yield pictures.of_rows(batch, rows, unit, table, spare=spare)
            return
    if not spare:
        yield table


def _table(cells: Cells, above: str = "", below: tuple[Line, ...] = ()) -> Table:
    """Return a header and rows as a table that loses its last columns where it is too wide.

    Before them it loses those for rows that are dependent.
    """
    head, *rows = cells
    columns = [
        Column(
            line(name), number=place > 0, rank=max(0, place - 1) + len(head) * (name in DEPENDENT)
        )
        for place, name in enumerate(head)
    ]
    made = (Row(tuple(map(line, row))) for row in rows)
    return Table(tuple(columns), tuple(made), line(above) if above else (), below)


def _remarks(report: Report, batch: Batch) -> Iterator[str]:
    """Yield what else is to be known of the statistics of rows."""
    if batch.block is not None and batch.rows >= FEW:
        if batch.block < batch.rows:
            yield f"errors from blocks of {count(batch.block, 'row')}"
        else:
            yield f"no errors: one block holds all {count(batch.rows, 'row')}"
    if any(note.code == LOWER_BOUND for note in report.notes):
        yield "lower bounds: of each row the likeliest tokens alone are known"
    if batch.storage_noise is not None:
        yield f"rounding to 16 bits alone makes about {batch.storage_noise:.1g} {report.unit}"
    yield from _torch_call(report, batch)


def shown_measures(batch: Batch) -> tuple[str, ...]:
    """Return the measures whose rows are shown: the first one, and both directions of KL."""
    headlines = (name for name in BOTH_DIRECTIONS if name in batch.by_measure)
    return tuple(dict.fromkeys((batch.measure, *headlines)))


def mean_table(comparison: Comparison, batch: Batch) -> Cells:
    """Return the means of the rows with their errors.

    Effective rows, and the errors of independent rows, have columns where rows are dependent.
    """
    estimates = list(_estimates(comparison, batch))
    effective = [_effective_rows(each) for each in estimates]
    dependent = any(n is not None and n < INDEPENDENT * batch.rows for n in effective)
    between = [*DEPENDENT] if dependent else []
    table = [["", "mean ± standard error", *between, "95 % interval"]]
    for each, n in zip(estimates, effective, strict=True):
        cells = [_with_error(each)]
        if dependent:
            plain = each.found and each.found.standard_error_independent
            error = "" if plain is None else f"± {_error(each, plain)}"
            cells += ["" if n is None else _rows(n), error]
        table.append([each.name, *cells, _interval(each)])
    return table


def _estimates(comparison: Comparison, batch: Batch) -> Iterator[Estimate]:
    """Yield the statistics of rows that have a line of their own."""
    from kldiv_cli.core.rows import TOP

    entropies = (name for name in ("entropy_p", "entropy_q") if name in batch.by_measure)
    for name in dict.fromkeys((*shown_measures(batch), *entropies)):
        found = batch.by_measure[name]
        yield Estimate(name, found.mean, found, bound=bound_of(comparison, name), least=0.0)
    # Of so few outcomes all are among the likeliest.
    common = batch.top_5_agreement if comparison.outcomes > TOP else None
    for name, share in (("same top", batch.same_top), ("top-5 agreement", common)):
        if share is not None:
            yield Estimate(name, share.mean, share, percent=True, least=0.0, most=1.0)
    if batch.targets is not None:
        yield from _of_targets(batch.targets)


def _of_targets(of: TargetStatistics) -> Iterator[Estimate]:
    """Yield what both sides make of the outcomes that came true."""
    yield Estimate("perplexity p", of.perplexity_p.value, of.perplexity_p)
    yield Estimate("perplexity q", of.perplexity_q.value, of.perplexity_q)
    if of.ratio is not None:
        yield Estimate("  ratio q/p", of.ratio.value, of.ratio)
    if of.ln_ratio is not None:
        yield Estimate("  ln(q/p)", of.ln_ratio.mean, of.ln_ratio)
    if of.difference is not None:
        yield Estimate("  q - p", of.difference.value, of.difference)
    if of.correlation is not None:
        yield Estimate("  correlation", of.correlation, None)
    yield Estimate("Δp", of.delta_p.mean, of.delta_p, percent=True)
    yield Estimate("Δp, rms", of.delta_p_rms.value, of.delta_p_rms, percent=True)


def bound_of(comparison: Comparison, name: str) -> float:
    """Return a bound on the relative error of any row of a measure."""
    bound = comparison.error_bounds[name]
    numbers = bound if isinstance(bound, tuple) else (bound,)
    return max(number for number in numbers if number != "error")


def _effective_rows(estimate: Estimate) -> float | None:
    return getattr(estimate.found, "effective_rows", None)


def _scaled(estimate: Estimate, value: float) -> str:
    """Return a value of an estimate, or a limit of it, to the second digit of its error."""
    times = 100 if estimate.percent else 1
    error = estimate.found and estimate.found.standard_error
    if estimate.percent and error == 0:
        return f"{times * value:.{DIGITS}g}"
    if estimate.found is None:
        return figure(value, digits=DIGITS)
    of_error = None if error is None else times * error
    return to_error(times * value, of_error, estimate.bound)


def _error(estimate: Estimate, error: float) -> str:
    """Return an error of an estimate, to two digits."""
    times = 100 if estimate.percent else 1
    text = to_error(times * error, times * error)
    return f"{text} %" if estimate.percent else text


def _with_error(estimate: Estimate) -> str:
    text = _scaled(estimate, estimate.value)
    error = estimate.found and estimate.found.standard_error
    if error is not None:
        return f"{text} ± {_error(estimate, error)}"
    return f"{text} %" if estimate.percent else text


def _interval(estimate: Estimate) -> str:
    """Return the limits of the 95 % interval, as far as there can be such values."""
    found = estimate.found
    if found is None or found.low is None or found.high is None:
        return ""
    limits = max(found.low, estimate.least), min(found.high, estimate.most)
    low, high = (_scaled(estimate, limit) for limit in limits)
    return f"{low} to {high}{' %' if estimate.percent else ''}"


def _rows(number: float) -> str:
    """Return how many rows others are worth, which is known to two digits at best."""
    return f"{number:.0f}" if number >= 100 else f"{number:.2g}"


def quantile_table(comparison: Comparison, batch: Batch) -> Cells:
    """Return the quantiles of the rows that have at least one row beyond them."""
    columns: list[tuple[str, Spread, float, float]] = []
    for name in shown_measures(batch):
        spread = batch.by_measure[name].quantiles
        if spread is not None:
            columns.append((name, spread, 1.0, bound_of(comparison, name)))
    if batch.targets is not None:
        columns.append(("Δp, %", batch.targets.delta_p_spread, 100.0, 0.0))
    table = [["quantile", *(column[0] for column in columns)]]
    for head, field, fewest in QUANTILES:
        if batch.rows < fewest or (field in QUARTERS and batch.targets is None):
            continue
        cells = [
            figure(times * getattr(spread, field), bound, digits=DIGITS)
            for _, spread, times, bound in columns
        ]
        table.append([head, *cells])
    return table


def worst_table(comparison: Comparison, batch: Batch) -> Cells:
    """Return the rows whose first measure is largest, by their numbers from 0."""
    names = shown_measures(batch)
    table = [["worst row", *names]]
    for worst in batch.worst:
        cells = (
            figure(
                worst.measures[name],
                bound_of(comparison, name),
                digits=DIGITS,
            )
            for name in names
        )
        table.append([str(worst.row), *cells])
    return table


def _torch_call(report: Report, batch: Batch) -> Iterator[str]:
    """Yield the call of PyTorch that gives the same number."""
    logits = report.p and report.q and report.p.kind == report.q.kind == "logits"
    if logits and batch.measure in ("kl", "kl_pq"):
        scale = "" if report.temperature == 1 else f" / {report.temperature:g}"
        of_rows = ".sum(-1)" if batch.reduction == "none" else ""
        call = f"F.kl_div(log_softmax(q{scale}, -1), softmax(p{scale}, -1),"
        yield f"it is torch's {call} reduction='{batch.reduction}'){of_rows}"
