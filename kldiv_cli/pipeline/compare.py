"""The pipeline: two sources and settings in, a report out.

This is the only module that sees both sides, and what both the command line and Python
callers use.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kldiv_cli import readers
from kldiv_cli.core import batches, report, smoothing
from kldiv_cli.core import measures as registry
from kldiv_cli.core.alignment import Aligned, align
from kldiv_cli.core.batches import Base, Reduction
from kldiv_cli.core.distribution import LOG_KINDS, Distribution
from kldiv_cli.core.divergences import contributions
from kldiv_cli.core.labels import unmatched
from kldiv_cli.errors import InputError, Note, Place, UsageError
from kldiv_cli.pipeline.reports import Report
from kldiv_cli.pipeline.sides import (
    PerSide,
    Source,
    described,
    described_rows,
    read_options,
    refuse_repairs,
    refuse_two_stdins,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet
    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.pipeline.settings import Rules

ALPHA = 0.05
"""One minus the level of the confidence interval."""
MOST_ROWS = 10**300
"""Sample sizes below it leave room in a double for what is computed of them."""
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
    given = (Source(p, kinds[0], p_options, names[0]), Source(q, kinds[1], q_options, names[1]))
    sides = _whole(given) if rules is None else _samples(given, rules)
    if strict:
        refuse_repairs(sides.notes)
    comparisons = []
    notes = list(sides.notes)
    for title, left, right in sides.pairs:
        comparison, said = _compared(
            left, right, asked, log_base, smooth, temperature, reduction, top, estimate=estimate
        )
        comparisons.append(comparison._replace(column=title))
        notes += said
    return Report(
        base=log_base,
        unit=report.UNITS[log_base],
        smoothing=smooth.name,
        temperature=float(temperature),
        p=sides.p,
        q=sides.q,
        comparisons=tuple(comparisons),
        notes=tuple(dict.fromkeys(notes)),
    )


class _Read(NamedTuple):
    """Both sides, and what of them is to be compared: a column's name, and its distributions."""

    p: report.Side
    q: report.Side
    pairs: tuple[tuple[str | None, Distribution, Distribution], ...]
    notes: tuple[Note, ...]


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


def _check_smoothing(smooth: smoothing.Smoothing, *sides: Distribution) -> None:
    for side in sides:
        if smooth.pseudocount and side.kind != "counts":
            raise UsageError(
                "smoothing-needs-counts",
                f"a pseudocount is added to counts, and {side.name} holds {side.kind}",
                hint="--as counts if these are counts; --smoothing floor:1e-6 if they are not",
            )
        if smooth.floor and side.kind in LOG_KINDS:
            raise UsageError(
                "smoothing-needs-probabilities",
                f"a floor is for probabilities, and {side.name} holds {side.kind}",
                hint="leave --smoothing out",
            )


def _whole(given: tuple[Source, Source]) -> _Read:
    """Read two distributions, of two sources or of one."""
    names = (given[0].name, given[1].name)
    p_options, q_options = (side.options._replace(kind=side.kind) for side in given)
    if given[1].source is None:
        if p_options.weight == q_options.weight:
            raise UsageError(
                "one-side",
                "there is only one source, and no two weights of it are named",
                hint="name a second file, or two columns of the first:"
                " --weight BEFORE --weight AFTER",
            )
        return _met(*readers.read_two(given[0].source, (p_options, q_options), names=names), names)
    refuse_two_stdins(given[0].source, given[1].source)
    left = readers.read(given[0].source, p_options, name=names[0])
    return _met(left, readers.read(given[1].source, q_options, name=names[1]), names)


def _met(
    left: Distribution,
    right: Distribution,
    names: tuple[str | None, str | None],
    column: str | None = None,
) -> _Read:
    p_name, q_name = _distinct_names(left, right, names)
    left, right = replace(left, name=p_name), replace(right, name=q_name)
    return _Read(
        described(left), described(right), ((column, left, right),), (*left.notes, *right.notes)
    )


def _samples(given: tuple[Source, Source], rules: Rules) -> _Read:
    """Read raw rows, column by column; or one column of them, and a distribution to meet it."""
    from kldiv_cli.core.counts import TypeChangedError
    from kldiv_cli.pipeline import columnwise

    if given[1].source is None:
        raise UsageError("one-side", "raw rows are compared with others, and there is one source")
    refuse_two_stdins(given[0].source, given[1].source)
    names = (given[0].name, given[1].name)
    if given[0].kind != given[1].kind:
        left, right = (columnwise.distribution(side, rules) for side in given)
        raw = left if given[0].kind == "samples" else right
        return _met(left, right, names, dict(raw.details)["outcomes in"])
    left_set, right_set, others = columnwise.read_both(given[0], given[1], rules)
    p_name, q_name = _distinct_names(left_set, right_set, names)
    shared = [title for title in left_set.columns if title in right_set.columns]
    if not shared:
        raise InputError(
            "no-common-support",
            f"{p_name} and {q_name} have no column in common",
            Place(right_set.source),
            hint="--header or --no-header says whether the first rows name the columns",
        )
    alone = [(name, left_set.source) for name in left_set.columns if name not in shared]
    alone += [(name, right_set.source) for name in others]
    pairs = []
    for title in shared:
        try:
            both = columnwise.paired(title, (left_set, right_set), rules)
        except TypeChangedError as change:
            raise InputError(
                "type-changed",
                f"column '{title}' is of two types: {change}",
                Place(right_set.source),
                hint="--categorical or --numeric says what it is; --exclude leaves it out",
            ) from None
        left, right = (
            Distribution(
                name=name,
                source=side.source,
                format=side.format,
                kind="counts",
                outcomes=both.labels,
                weights=counts.astype(np.int64),
                rows_read=side.rows,
                rows_used=int(counts.sum()),
                missing=side.columns[title].missing,
            )
            for side, name, counts in (
                (left_set, p_name, both.reference),
                (right_set, q_name, both.current),
            )
        )
        pairs.append((title, left, right))
    sides = [
        described_rows(side._replace(name=name), [(one.weights, one.missing) for one in compared])
        for side, name, compared in (
            (left_set, p_name, [left for _, left, _ in pairs]),
            (right_set, q_name, [right for _, _, right in pairs]),
        )
    ]
    notes = [
        Note("column-not-shared", f"column '{name}' is on one side alone", source)
        for name, source in alone
    ]
    return _Read(sides[0], sides[1], tuple(pairs), (*left_set.notes, *right_set.notes, *notes))


def _distinct_names(
    left: Distribution | DataSet,
    right: Distribution | DataSet,
    given: tuple[str | None, str | None],
) -> tuple[str, str]:
    """Return names that tell the sides apart: more of the path, or else ``p`` and ``q``."""
    anonymous = any(side.source.startswith(("/dev/fd/", "/proc/")) for side in (left, right))
    if given == (None, None) and left.name == right.name and not anonymous:
        p_parts, q_parts = ((*side.source.split(os.sep)[:-1], side.name) for side in (left, right))
        for depth in range(2, 1 + max(len(p_parts), len(q_parts))):
            p_tail, q_tail = ("/".join(parts[-depth:]) for parts in (p_parts, q_parts))
            if p_tail != q_tail:
                return p_tail, q_tail
    if left.name == right.name or (anonymous and given == (None, None)):
        return given[0] or "p", given[1] or "q"
    return left.name, right.name


def _compared(
    left: Distribution,
    right: Distribution,
    asked: tuple[str, ...],
    base: Base,
    smooth: smoothing.Smoothing,
    temperature: float,
    reduction: Reduction,
    top: int,
    *,
    estimate: bool,
) -> tuple[report.Comparison, list[Note]]:
    """Compare one pair of distributions; return what is to be said of it, too."""
    if temperature != 1 and not {left.kind, right.kind} & set(LOG_KINDS):
        raise UsageError(
            "temperature-needs-logits",
            f"a temperature divides logits; {left.name} holds {left.kind}"
            f" and {right.name} {right.kind}",
            hint="--as logits",
        )
    _check_smoothing(smooth, left, right)
    try:
        pair = align(left, right)
    except ValueError as error:
        raise InputError("no-common-support", str(error), Place(left.source)) from None
    if reduction == "mean" and pair.p.ndim == pair.q.ndim == 1:
        raise UsageError(
            "reduction-needs-batch",
            "the reduction 'mean' divides by rows times outcomes, and these are no batches",
            hint="leave --reduction out",
        )
    comparison = _measured(
        pair,
        (smooth.apply(pair.p), smooth.apply(pair.q)),
        (left.kind, right.kind),
        asked,
        base,
        temperature,
        reduction,
        top,
    )
    only = (comparison.only_in_p, comparison.only_in_q)
    notes = list(unmatched(*only, "labels of the two sides", source=""))
    if estimate and (interval := _estimated(pair, left, right, base)):
        comparison = comparison._replace(estimate=interval)
        notes += _unreliable(interval)
    if reduction == "mean":
        outcomes = pair.p.shape[-1]
        notes.append(
            Note(
                "mean-over-elements",
                f"the reduction 'mean' divides by rows times outcomes ({outcomes}),"
                " as torch does; it is not the mean divergence",
                source="",
                advice="--reduction batchmean",
            )
        )
    return comparison, notes


def _measured(
    raw: Aligned,
    weights: tuple[NDArray[Any], NDArray[Any]],
    kinds: tuple[Kind, Kind],
    asked: tuple[str, ...],
    base: Base,
    temperature: float,
    reduction: Reduction,
    top: int,
) -> report.Comparison:
    measures, bounds, batch = batches.reduce(
        *weights,
        asked,
        base=base,
        kinds=kinds,
        temperature=temperature,
        reduction=reduction,
    )
    if batch:
        return report.Comparison(
            column=None,
            measures=measures,
            error_bounds=bounds,
            outcomes=raw.p.shape[-1],
            batch=batch,
        )
    parts = contributions(*weights, base=base, kind=kinds, temperature=temperature)
    unsmoothed = (
        parts
        if weights[0] is raw.p
        else contributions(raw.p, raw.q, kind=kinds, temperature=temperature)
    )
    with_p, with_q = (
        side > (-np.inf if kinds[i] in LOG_KINDS else 0) for i, side in enumerate((raw.p, raw.q))
    )
    labels = raw.outcomes or [str(index) for index in range(len(parts.p))]
    only_p, only_q = with_p & ~with_q, with_q & ~with_p
    return report.Comparison(
        column=None,
        measures=measures,
        error_bounds=bounds,
        outcomes=len(parts.p),
        only_in_p=tuple(labels[i] for i in np.flatnonzero(only_p)),
        only_in_q=tuple(labels[i] for i in np.flatnonzero(only_q)),
        mass_only_in_p=math.fsum(unsmoothed.p[only_p]),
        mass_only_in_q=math.fsum(unsmoothed.q[only_q]),
        contributions=report.listed(parts, labels, top),
    )


def _estimated(
    raw: Aligned, left: Distribution, right: Distribution, base: Base
) -> report.Interval | None:
    """Estimate D(P || Q) from the counts, as far as the sides are samples or known."""
    sides = (left, right)
    kinds = {side.kind for side in sides}
    if "counts" not in kinds or not kinds <= {"counts", "probabilities"}:
        return None
    if raw.p.ndim > 1 or raw.q.ndim > 1 or max(left.total, right.total) >= MOST_ROWS:
        return None
    from kldiv_cli.core.inference.samples import table
    from kldiv_cli.core.inference.verdict import weigh

    known = (left.kind != "counts", right.kind != "counts")
    counts = table(raw.p.astype(np.float64), raw.q.astype(np.float64), known=known)
    # No threshold: nothing but the estimate is asked.
    found = weigh(counts, max_kl=0.0, alpha=ALPHA)
    assert found.p_value is not None, "one side is a sample"
    unit = 1.0 if base == "e" else math.log(float(base))
    n_p, n_q = (math.inf if side.kind != "counts" else int(side.total) for side in sides)
    return report.Interval(
        kl=found.kl / unit,
        low=found.low / unit,
        high=found.high / unit,
        p_value=found.p_value,
        n_p=n_p,
        n_q=n_q,
        reliable=found.reliable,
    )


def _unreliable(interval: report.Interval) -> Iterator[Note]:
    if not interval.reliable:
        yield Note(
            "unreliable-estimate",
            f"the estimate's interval is not reliable: {report.DOUBT}",
            source="",
        )
