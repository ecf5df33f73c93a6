"""The pipeline of a comparison: read two sides, pair them, measure, and report."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kldiv_cli.core import batches, report, smoothing
from kldiv_cli.core import measures as registry
from kldiv_cli.core.batches import Base, Reduction
from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.divergences import contributions
from kldiv_cli.core.estimates import estimated
from kldiv_cli.core.labels import unmatched
from kldiv_cli.core.pair import Pair
from kldiv_cli.errors import InputError, Note, Place, UsageError
from kldiv_cli.pipeline.pairing import distinct_names, pair_data_sets
from kldiv_cli.pipeline.reports import Report
from kldiv_cli.pipeline.sides import (
    PerSide,
    Source,
    describe_data_set,
    describe_distribution,
    match_outcomes,
    read_data_sets,
    read_distribution,
    read_distributions,
    read_options,
    refuse_repairs,
    refuse_two_stdins,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kldiv_cli.core.distribution import Distribution
    from kldiv_cli.pipeline.settings import Rules

    Comparison = Any

BASES: tuple[Base, ...] = ("e", "2", "10")


def compare(
    p: object,
    q: object = None,
    *,
    measures: str | Sequence[str] | None = None,
    base: str | int = "e",
    kind: PerSide[str | None] = None,
    label: PerSide[str | None] = None,
    weight: PerSide[str | None] = None,
    input_format: PerSide[str | None] = None,
    encoding: PerSide[str | None] = None,
    delimiter: PerSide[str | None] = None,
    decimal: PerSide[str] = ".",
    header: PerSide[bool | None] = None,
    comment: PerSide[str | None] = None,
    duplicates: Literal["error", "sum"] = "error",
    max_inflated: int | None = None,
    names: tuple[str | None, str | None] = (None, None),
    smoothing: str = "none",
    temperature: float = 1.0,
    reduction: Reduction = "batchmean",
    column: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    bins: int | None = None,
    missing: Literal["category", "drop", "error"] = "category",
    na: str | Sequence[str] = (),
    top: int = 10,
    strict: bool = False,
    estimate: bool = True,
) -> Report:
    """Compare two distributions in both directions.

    Parameters
    ----------
    p, q : path, array, mapping or data frame
        What to compare. A path is read as its extension says; ``-`` is standard input. A
        mapping holds a weight for each label; an array is matched by position, and a
        two-dimensional one is a batch, one distribution a row. Without `q`, two weights
        of `p` are compared, named by `weight`.
    measures : sequence of str, optional
        Names of measures, as ``kldiv measures`` lists them; every measure that takes no
        parameter if not given. They are the keys of the answer.
    base : {"e", "2", "10"}
        Base of the logarithm: nats, bits or hartleys.
    kind : str or pair of str, optional
        What the numbers mean: ``probabilities``, ``counts``, ``weights``, ``logits``,
        ``log-probs`` or ``samples`` (raw rows). Chosen from the numbers if not given.
    label, weight : str or pair of str, optional
        Columns that hold the outcomes and their weights; `weight` also names a member of
        a JSON object or an array of an ``.npz`` file.
    input_format, encoding, delimiter, decimal, header, comment, duplicates, max_inflated
        How to read; see ``kldiv compare --help``.
    names : pair of str, optional
        What to call the sides.
    smoothing : str
        ``none``, ``jeffreys``, ``laplace``, ``add:ALPHA`` (counts) or ``floor:EPS``.
    temperature : float
        Divides logits.
    reduction : {"batchmean", "mean", "sum", "none"}
        How the rows of a batch become one number, as ``torch.nn.functional.kl_div`` does.
    column, exclude, columns, bins, missing, na
        Of raw rows (`kind` is ``samples``), which are compared column by column: which columns,
        and how they are counted; as of `check`.
    top : int
        How many contributing outcomes to list.
    strict : bool
        Refuse what would be repaired with a note.
    estimate : bool
        Say what the samples tell of the distributions behind them, where counts are compared
        with counts or with probabilities.

    Returns
    -------
    Report
        Its attributes are the keys of the JSON report; see `Report.to_dict`.

    Raises
    ------
    InputError
        If a source cannot be read or is not a distribution.
    UsageError
        If the arguments do not fit together. Both are ValueErrors.

    Examples
    --------
    >>> from kldiv_cli import compare
    >>> report = compare({"heads": 5, "tails": 5}, {"heads": 6, "tails": 4})
    >>> round(report.comparisons[0].measures["kl_pq"], 6)
    0.020411
    """
    log_base = _base(base)
    asked = _measures(measures)
    smooth = _smoothing(smoothing)
    if not 0 < temperature < math.inf:
        raise UsageError("usage", f"a temperature is a number above 0, found {temperature}")
    if top < 0:
        raise UsageError("usage", f"the number of outcomes to list is at least 0, found {top}")
    p_options, q_options = (
        read_options(
            i, label=label, weight=weight, input_format=input_format, encoding=encoding,
            delimiter=delimiter, decimal=decimal, header=header, comment=comment,
            duplicates=duplicates, max_inflated=max_inflated,
        )
        for i in (0, 1)
    )  # fmt: skip
    kinds = (side_of(kind, 0, "kind", None), side_of(kind, 1, "kind", None))
    rules = None
    if "samples" in kinds:
        from kldiv_cli.pipeline.settings import rules_of

        rules = rules_of(column, exclude, columns, bins, missing, na)
    elif column or exclude or columns or na:
        raise UsageError(
            "usage", "columns are chosen among those of raw rows", hint="--as samples"
        )
    from types import SimpleNamespace

    given = (Source(p, kinds[0], p_options, names[0]), Source(q, kinds[1], q_options, names[1]))
    return compared(
        SimpleNamespace(
            sources=given,
            measures=asked,
            base=log_base,
            smoothing=smooth,
            temperature=temperature,
            reduction=reduction,
            rules=rules,
            top=top,
            estimate=estimate,
            strict=strict,
        )
    )


def _base(base: str | int) -> Base:
    for known in BASES:
        if str(base) == known:
            return known
    meant = {unit: known for known, unit in report.UNITS.items()}.get(str(base))
    raise UsageError(
        "usage",
        f"the base of the logarithm is e, 2 or 10; found {base!r}",
        hint=f"--base {meant}" if meant else "",
    )


def _measures(names: str | Sequence[str] | None) -> tuple[str, ...]:
    if not names:
        return tuple(registry.DEFAULT_MEASURES)
    names = (names,) if isinstance(names, str) else names
    for name in names:
        try:
            registry.find(name)
        except ValueError as error:
            raise UsageError(
                "unknown-measure", str(error), hint="'kldiv measures' lists them all"
            ) from None
    return tuple(dict.fromkeys(names))


def _smoothing(name: str) -> smoothing.Smoothing:
    try:
        return smoothing.find(name)
    except ValueError as error:
        raise UsageError("usage", str(error)) from None


class _Sides(NamedTuple):
    """Both sides as a report shows them, and the pairs that are to be measured."""

    p: report.Side
    q: report.Side
    pairs: tuple[Pair, ...]
    notes: tuple[Note, ...]


def compared(settings: Comparison) -> Report:
    """Read both sides, pair them, measure each pair, and return the report.

    Raises
    ------
    InputError
        If a source cannot be read, the sides have nothing in common, or a repair is refused.
    UsageError
        If an option does not fit the data.
    """
    sides = _read(settings)
    if settings.strict:
        refuse_repairs(sides.notes)
    comparisons = []
    notes = list(sides.notes)
    for pair in sides.pairs:
        _check_options(pair, sides, settings)
        comparison = _measured(pair, settings)
        interval = estimated(pair, settings.base) if settings.estimate else None
        comparisons.append(comparison._replace(estimate=interval))
        notes += _remarks(pair, comparison._replace(estimate=interval), settings)
    return Report(
        base=settings.base,
        unit=report.UNITS[settings.base],
        smoothing=settings.smoothing.name,
        temperature=float(settings.temperature),
        p=sides.p,
        q=sides.q,
        comparisons=tuple(comparisons),
        notes=tuple(dict.fromkeys(notes)),
    )


def _read(settings: Comparison) -> _Sides:
    """Read both sides and pair them: raw rows column by column, anything else as a whole."""
    p, q = settings.sources
    if settings.rules is None:
        return _whole(*read_distributions(p, q), (p.name, q.name))
    if p.kind == q.kind:
        return _columns(p, q, settings.rules)
    if q.source is None:
        raise UsageError("one-side", "raw rows are compared with others, and there is one source")
    refuse_two_stdins(p.source, q.source)
    left, right = (read_distribution(side, settings.rules) for side in (p, q))
    raw = left if p.kind == "samples" else right
    return _whole(left, right, (p.name, q.name), raw.column)


def _whole(
    p: Distribution,
    q: Distribution,
    given: tuple[str | None, str | None],
    column: str | None = None,
) -> _Sides:
    """Pair two distributions; `given` are the names that the user gave them."""
    p_name, q_name = distinct_names(p, q, given)
    p, q = replace(p, name=p_name), replace(q, name=q_name)
    pair = match_outcomes(p, q, column)
    notes = (*p.notes, *q.notes)
    return _Sides(describe_distribution(p), describe_distribution(q), (pair,), notes)


def _columns(p: Source, q: Source, rules: Rules) -> _Sides:
    """Read raw rows of both sides and pair their columns."""
    found = read_data_sets(p, q, rules)
    p_name, q_name = distinct_names(found.first, found.second, (p.name, q.name))
    first, second = found.first._replace(name=p_name), found.second._replace(name=q_name)
    if first.columns.keys().isdisjoint(second.columns):
        raise InputError(
            "no-common-support",
            f"{p_name} and {q_name} have no column in common",
            Place(second.source),
            hint="--header or --no-header says whether the first rows name the columns",
        )
    pairs = []
    alone = []
    for made in pair_data_sets(first, second, rules):
        if isinstance(made, Pair):
            pairs.append(made)
        elif made.code == "column-missing":
            alone.append((made.column, first.source))
        else:
            raise InputError(
                made.code,
                f"column '{made.column}' is of two types: {made.text}",
                Place(second.source),
                hint="--categorical or --numeric says what it is; --exclude leaves it out",
            )
    alone += [(name, second.source) for name in found.only_second]
    notes = (
        Note("column-not-shared", f"column '{name}' is on one side alone", source)
        for name, source in alone
    )
    return _Sides(
        describe_data_set(first, pairs, is_p=True),
        describe_data_set(second, pairs, is_p=False),
        tuple(pairs),
        (*first.notes, *second.notes, *notes),
    )


def _check_options(pair: Pair, sides: _Sides, settings: Comparison) -> None:
    """Refuse a temperature, a smoothing or a reduction that these kinds of weights have not."""
    named = list(zip((sides.p.name, sides.q.name), pair.kinds, strict=True))
    if settings.temperature != 1 and not set(pair.kinds) & set(LOG_KINDS):
        (p_name, p_kind), (q_name, q_kind) = named
        raise UsageError(
            "temperature-needs-logits",
            f"a temperature divides logits; {p_name} holds {p_kind} and {q_name} {q_kind}",
            hint="--as logits",
        )
    for name, kind in named:
        if settings.smoothing.pseudocount and kind != "counts":
            raise UsageError(
                "smoothing-needs-counts",
                f"a pseudocount is added to counts, and {name} holds {kind}",
                hint="--as counts if these are counts; --smoothing floor:1e-6 if they are not",
            )
        if settings.smoothing.floor and kind in LOG_KINDS:
            raise UsageError(
                "smoothing-needs-probabilities",
                f"a floor is for probabilities, and {name} holds {kind}",
                hint="leave --smoothing out",
            )
    if settings.reduction == "mean" and not pair.is_batch:
        raise UsageError(
            "reduction-needs-batch",
            "the reduction 'mean' divides by rows times outcomes, and these are no batches",
            hint="leave --reduction out",
        )


def _measured(pair: Pair, settings: Comparison) -> report.Comparison:
    """Compute the measures of a pair, and of vectors the outcomes that set them apart."""
    smooth = settings.smoothing.apply
    p, q = (smooth(side) for side in pair.in_order_of_weights())
    measures, bounds, batch = batches.reduce(
        p,
        q,
        settings.measures,
        base=settings.base,
        kinds=pair.kinds,
        temperature=settings.temperature,
        reduction=settings.reduction,
    )
    comparison = report.Comparison(
        column=pair.column,
        measures=measures,
        error_bounds=bounds,
        outcomes=pair.p.shape[-1],
        batch=batch,
    )
    if batch:
        return comparison
    unsmoothed = parts = contributions(
        pair.p, pair.q, base=settings.base, kind=pair.kinds, temperature=settings.temperature
    )
    if settings.smoothing.name != "none":
        parts = contributions(
            smooth(pair.p), smooth(pair.q),
            base=settings.base, kind=pair.kinds, temperature=settings.temperature,
        )  # fmt: skip
    labels = pair.names
    has_p, has_q = pair.support()
    only_p, only_q = has_p & ~has_q, has_q & ~has_p
    return comparison._replace(
        only_in_p=tuple(labels[i] for i in np.flatnonzero(only_p)),
        only_in_q=tuple(labels[i] for i in np.flatnonzero(only_q)),
        mass_only_in_p=math.fsum(unsmoothed.p[only_p]),
        mass_only_in_q=math.fsum(unsmoothed.q[only_q]),
        contributions=report.largest_contributions(parts, labels, settings.top),
    )


def _remarks(pair: Pair, comparison: report.Comparison, settings: Comparison) -> Iterator[Note]:
    """Yield the notes on a comparison."""
    only = (comparison.only_in_p, comparison.only_in_q)
    yield from unmatched(*only, "labels of the two sides", source="")
    if comparison.estimate and not comparison.estimate.reliable:
        yield Note(
            "unreliable-estimate",
            f"the estimate's interval is not reliable: {report.DOUBT}",
            source="",
        )
    if settings.reduction == "mean":
        outcomes = pair.p.shape[-1]
        yield Note(
            "mean-over-elements",
            f"the reduction 'mean' divides by rows times outcomes ({outcomes}),"
            " as torch does; it is not the mean divergence",
            source="",
            advice="--reduction batchmean",
        )
