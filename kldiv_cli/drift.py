"""The pipeline of the drift check: a reference, current data and limits in, a verdict out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kldiv_cli import readers
from kldiv_cli.core import findings, judging
from kldiv_cli.core.alignment import align
from kldiv_cli.core.binning import MOST_CATEGORIES
from kldiv_cli.core.columns import (
    Binned,
    Categories,
    DataSet,
    EdgesDifferError,
    Excluded,
    TypeChangedError,
    Values,
    as_categories,
    distinct,
    has_integer_labels,
    missing_label,
    pair,
)
from kldiv_cli.core.distribution import Distribution, Note
from kldiv_cli.core.findings import Finding, Findings, Reason, Side
from kldiv_cli.core.judging import Pair
from kldiv_cli.core.resampling import SEED
from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.readers.raw import TOO_MANY_ROWS, too_many_rows, which_kind
from kldiv_cli.readers.selection import split
from kldiv_cli.readers.tally import MOST_OUTCOMES, missing_value, unknown_column
from kldiv_cli.reports import CheckReport
from kldiv_cli.settings import ColumnRules, among, limits_of, rules_of, whole
from kldiv_cli.sides import (
    PerSide,
    read_options,
    refuse_repairs,
    refuse_two_stdins,
    side_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.alignment import Aligned
    from kldiv_cli.core.columns import Column
    from kldiv_cli.core.judging import Limits
    from kldiv_cli.readers.tally import Counting
    from kldiv_cli.settings import Rules

KINDS = ("samples", "counts", "probabilities", "weights")


def check(
    reference: object,
    current: object,
    *,
    column: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    max_kl: float = 0.05,
    alpha: float = 0.05,
    adjust: Literal["bh", "none"] = "bh",
    max_new: float | None = None,
    max_missing_shift: float | None = None,
    bins: int | None = None,
    missing: Literal["category", "drop", "error"] = "category",
    na: str | Sequence[str] = (),
    max_outcomes: int = MOST_OUTCOMES,
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
    top: int = 10,
    strict: bool = False,
) -> CheckReport:
    """Judge whether data have drifted from a reference.

    For each column D(current || reference) is estimated from the counts and compared with
    `max_kl`: drift where it is above with the confidence that `alpha` asks for, pass where it
    is below, and otherwise inconclusive, with the number of rows that would decide.

    Parameters
    ----------
    reference, current : path, data frame, mapping of columns, records or array
        Raw rows; a path may also be a profile, as ``kldiv profile`` writes it. ``-`` is
        standard input.
    column : str or sequence of str, optional
        The only columns to judge. If not given, every shared one but those that look like keys.
    exclude : str or sequence of str, optional
        Columns, or patterns such as ``created_*``, to leave out.
    columns : mapping, optional
        What is known of single columns: ``{"age": {"max_kl": 0.1, "type": "numeric", "bins":
        [18, 30, 65]}}``; `bins` is a number of bins or their edges.
    max_kl : float
        The largest divergence that is accepted, in nats.
    alpha : float
        Level of the tests.
    adjust : {"bh", "none"}
        Correction for the number of columns: Benjamini and Hochberg's, or none.
    max_new, max_missing_shift : float, optional
        The largest share of rows with an outcome that the reference never had, and the largest
        change of the share of missing values. A warning is given where there is no limit.
    bins : int, optional
        Number of bins of numeric columns, before the tails are split.
    missing : {"category", "drop", "error"}
        Whether missing values are an outcome, are left out or are refused.
    na : str or sequence of str, optional
        Texts that mean a missing value.
    max_outcomes : int
        The most outcomes of a categorical column.
    kind : str or pair of str, optional
        ``samples`` (raw rows, if not given), ``counts``, ``probabilities`` or ``weights``. A
        table of counts has an outcome and a count in each row, or column, outcome and count.
    label, weight, input_format, encoding, delimiter, decimal, header, comment, duplicates, \
max_inflated
        How to read; see ``kldiv check --help``.
    names : pair of str, optional
        What to call the sides.
    top : int
        How many contributing outcomes to list of each column.
    strict : bool
        Refuse what would be repaired with a note.

    Returns
    -------
    CheckReport
        Its attributes are the keys of the JSON report.

    Raises
    ------
    InputError
        If a side cannot be read, a column that is named is not there, or none can be judged.
    UsageError
        If the arguments do not fit together. Both are ValueErrors.

    Examples
    --------
    >>> from kldiv_cli import check
    >>> report = check({"side": ["heads", "tails"] * 300}, {"side": ["heads"] * 400})
    >>> report.verdict, report.columns["side"].reason.code
    ('drift', 'above-threshold')
    """
    rules = rules_of(column, exclude, columns, bins, missing, na, max_outcomes)
    limits = limits_of(rules, max_kl, alpha, adjust, max_new, max_missing_shift)
    if whole("top", top, 0) is None:
        raise UsageError("usage", "top is a whole number")
    kinds = tuple(side_of(kind, i, "kind", None) for i in (0, 1))
    for word in kinds:
        if word is not None:
            among("kind", word, KINDS)
    options = tuple(
        read_options(
            i, kind=None if kinds[i] == "samples" else kinds[i], label=label, weight=weight,
            input_format=input_format, encoding=encoding, delimiter=delimiter, decimal=decimal,
            header=header, comment=comment, duplicates=duplicates, max_inflated=max_inflated,
        )
        for i in (0, 1)
    )  # fmt: skip
    refuse_two_stdins(reference, current)
    if len(names) != 2:
        raise UsageError("usage", f"names is a pair, one for each side; found {names!r}")
    sides = tuple(
        _Source(*four) for four in zip((reference, current), kinds, options, names, strict=True)
    )
    exact = set(kinds) & {"probabilities", "weights"}
    found = (_distributions if exact else _data_sets)(sides[0], sides[1], rules)
    if strict:
        refuse_repairs(found.notes)
    return _report(found, limits, top)


class _Source(NamedTuple):
    """One side, still to be read."""

    source: object
    kind: str | None
    options: readers.ReadOptions
    name: str | None


class _Found(NamedTuple):
    """What is to be judged, and what is said about it already."""

    reference: Side
    current: Side
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[Note, ...] = ()
    order: tuple[str, ...] = ()


def _report(found: _Found, limits: Limits, top: int) -> CheckReport:
    if not found.pairs and not found.findings:
        raise _nothing_judged(found)
    every = [*judging.judged(found.pairs, limits, top=top), *found.findings]
    order = {name: place for place, name in enumerate(found.order)}
    every.sort(key=lambda finding: order.get(finding.column or "", len(order)))
    columns = Findings(
        finding._replace(threshold=limits.of(finding.column or "")) for finding in every
    )
    warned = [
        note
        for finding in columns
        for note in judging.warnings(finding, limits, found.current.source)
    ]
    return CheckReport(
        base="e",
        unit="nats",
        reference=found.reference,
        current=found.current,
        direction=findings.DIRECTION,
        verdict=findings.worst(finding.verdict for finding in columns),
        alpha=limits.alpha,
        adjust=limits.adjust,
        seed=SEED,
        columns=columns,
        excluded=found.excluded,
        notes=tuple(dict.fromkeys((*found.notes, *warned))),
    )


def _nothing_judged(found: _Found) -> InputError:
    if found.excluded:
        names = ", ".join(f"'{one.column[:40]}'" for one in found.excluded[:5])
        message = f"no column is left to judge; excluded: {names}"
        hint = "--column NAME judges one that looks like a key; --as counts if these are counts"
    else:
        message = "the two sides have no column in common"
        hint = "--header or --no-header says whether the first rows name the columns"
    return InputError("no-column-judged", message, Place(found.current.source), hint=hint)


def _data_sets(reference: _Source, current: _Source, rules: Rules) -> _Found:
    """Read two sides with columns, and pair these."""
    counting = rules.counting()
    tables = [_table(side) if side.kind == "counts" else None for side in (reference, current)]
    if tables[0] is not None and tables[1] is not None:
        _joined(tables[0], tables[1])
    before = _counted(tables[0], counting) if tables[0] is not None else _rows(reference, counting)
    text = frozenset(name for name, column in before.columns.items() if _is_text(column))
    counting = counting._replace(
        categorical=counting.categorical | (text - counting.numeric),
        excluded=lambda name: name not in before.columns,
        identifiers=False,
    )
    if tables[1] is not None:
        only = next(iter(before.columns)) if len(before.columns) == 1 else None
        after = _counted(tables[1], counting, only)
    else:
        after = _rows(current, counting, before)
    rules.check_names([*before.seen, *after.seen], after.source)
    fresh = tuple(
        Note("new-column", f"column '{name}' is not in the reference", after.source)
        for name in after.seen
        if name not in before.seen and rules.wants(name)
    )
    made = [
        _paired(name, column, after.columns.get(name), (before, after), rules)
        for name, column in before.columns.items()
    ]
    pairs = tuple(one for one in made if isinstance(one, Pair))
    return _Found(
        reference=_described(before, [(one.reference, one.missing[0]) for one in pairs]),
        current=_described(after, [(one.current, one.missing[1]) for one in pairs]),
        pairs=pairs,
        findings=tuple(one for one in made if isinstance(one, Finding)),
        excluded=before.excluded,
        notes=(*before.notes, *after.notes, *fresh),
        order=tuple(before.columns),
    )


def _is_text(column: Column) -> bool:
    """Return whether the labels of a column are more than integers that may be numbers."""
    return isinstance(column, Categories) and not (
        len(column.counts) <= MOST_CATEGORIES and has_integer_labels(column)
    )


def _rows(side: _Source, counting: Counting, before: DataSet | None = None) -> DataSet:
    """Read raw rows, or a profile; `before` is what they are to be compared with."""
    for word, option in ((side.options.label, "--label"), (side.options.weight, "--weight")):
        if word is not None:
            raise UsageError(
                "usage",
                f"{option} chooses a column of a distribution, and these are raw rows",
                hint="--column NAME chooses columns; --as counts if this is a table of counts",
            )
    rows = readers.read_columns(side.source, side.options, counting, name=side.name)
    # What meets raw rows of the same columns is raw rows.
    beyond_doubt = (
        before is not None and before.kind == "samples" and {*rows.seen} <= {*before.seen}
    )
    if side.kind is None and not beyond_doubt and _may_be_a_distribution(rows):
        what = "this may be a table of outcomes and weights, or raw rows of two columns"
        raise which_kind(what, rows.source)
    return rows


def _may_be_a_distribution(rows: DataSet) -> bool:
    """Return whether rows are distinct labels, each with a number, in either order."""
    if rows.kind != "samples" or len(rows.seen) != 2 or not rows.columns:
        return False
    columns = list(rows.columns.values())
    # A column that is left out looked like a key: its values are distinct.
    orders = ((columns[0], *columns[1:]), (columns[-1], *columns[:-1]))
    return any(
        _may_be_weights(weights) and all(map(_may_be_labels, labels))
        for weights, *labels in orders
    )


def _may_be_weights(column: Column) -> bool:
    return (
        isinstance(column, Values)
        and not column.missing
        and len(column.values) > 0
        and not np.any(column.values < 0)
    )


def _may_be_labels(column: Column) -> bool:
    return (
        not isinstance(column, Binned) and not column.missing and distinct(column) == column.rows
    )


def _table(side: _Source) -> Distribution:
    """Read a table of counts."""
    found = readers.read(side.source, side.options._replace(tidy=True), name=side.name)
    _refuse_batch(found)
    return found


def _counted(side: Distribution, counting: Counting, only: str | None = None) -> DataSet:
    """Return counts as a data set: of one column, or of those that a tidy table names.

    `only` is what the column is called on the other side. An outcome without a label, or one
    that means a missing value, is none.
    """
    weights = [int(weight) for weight in side.weights.tolist()]
    labels = side.outcomes or tuple(str(i) for i in range(len(weights)))
    details = dict(side.details)
    name = only or (details.get("outcomes in", "outcome") if side.outcomes else "outcome")
    if sum(weights) >= TOO_MANY_ROWS:
        raise too_many_rows(side.source)
    counts: dict[str, dict[str, int]] = {}
    for label, weight in zip(labels, weights, strict=True):
        column, outcome = split(label) if "columns in" in details else (name, label)
        counts.setdefault(column, {})[outcome] = weight
    for word in sorted(counting.columns or ()):
        if word not in counts:
            raise unknown_column(word, list(counts), side.source)
    columns = {}
    for title, given in counts.items():
        missing = sum(given.pop(label, 0) for label in {"", *counting.na})
        if missing and counting.forbid_missing:
            raise missing_value(Place(side.source, name=title))
        columns[title] = Categories(title, missing, given)
    return DataSet(
        name=side.name,
        source=side.source,
        format=side.format,
        kind="counts",
        rows=max(column.rows for column in columns.values()),
        columns={title: column for title, column in columns.items() if counting.wants(title)},
        excluded=tuple(
            Excluded(title, "--exclude")
            for title in columns
            if counting.columns is None and counting.excluded(title)
        ),
        notes=side.notes,
        seen=tuple(columns),
    )


def _refuse_batch(side: Distribution) -> None:
    if side.weights.ndim > 1:
        raise InputError(
            "bad-shape",
            "this is a batch of distributions, and a check judges one",
            Place(side.source),
            hint="kldiv compare compares batches row by row; --as samples if these are raw rows",
        )


def _joined(before: Distribution, after: Distribution) -> Aligned:
    """Return both sides over the union of their outcomes."""
    try:
        return align(after, before)
    except ValueError as error:
        raise InputError("no-common-support", str(error), Place(after.source)) from None


def _paired(
    name: str,
    before: Column,
    after: Column | None,
    sides: tuple[DataSet, DataSet],
    rules: Rules,
) -> Pair | Finding:
    """Return two columns over one support, or why they have none."""
    given = rules.columns.get(name, ColumnRules())
    if after is None:
        return _drifted(name, "column-missing", "the current data have no such column", before, 0)
    try:
        made = pair(
            before,
            after,
            bins=given.bins if isinstance(given.bins, int) else rules.bins,
            edges=given.bins if isinstance(given.bins, tuple) else None,
            type=given.type,
            missing="drop" if rules.missing == "drop" else "category",
        )
    except TypeChangedError as change:
        text = f"the type of the column changed: {change}"
        return _drifted(name, "type-changed", text, before, after.rows)
    except EdgesDifferError as differ:
        raise InputError(
            "edges-differ",
            f"column '{name}': {differ}",
            Place(sides[1].source),
            hint="kldiv profile DATA --like REFERENCE counts with the edges of REFERENCE",
        ) from None
    totals = (float(made.reference.sum()), float(made.current.sum()))
    if 0 in totals:
        raise _no_values(name, sides[totals.index(0)].source)
    return Pair(
        column=name,
        type=made.type,
        labels=made.labels,
        reference=made.reference,
        current=made.current,
        named=made.named,
        known=(False, False),
        rows=(before.rows, after.rows),
        missing=(before.missing, after.missing),
    )


def _drifted(name: str, code: str, text: str, before: Column, rows: int) -> Finding:
    return Finding(
        name, "error", "drift", Reason(code, text), 0.0, n_reference=before.rows, n_current=rows
    )


def _described(side: DataSet, judged: Sequence[tuple[NDArray[Any], int]]) -> Side:
    return Side(
        name=side.name,
        source=side.source,
        format=side.format,
        kind=side.kind,
        outcomes=sum(int(np.count_nonzero(counts)) for counts, _ in judged),
        total=side.rows,
        rows_read=side.rows,
        rows_used=side.rows,
        missing=sum(missing for _, missing in judged),
    )


def _distributions(reference: _Source, current: _Source, rules: Rules) -> _Found:
    """Read two sides of which one at least is exactly known."""
    before, after = sides = tuple(_distribution(side, rules) for side in (reference, current))
    joined = _joined(before, after)
    name = dict(before.details).get("outcomes in", "outcome") if before.outcomes else "outcome"
    rules.check_names([name], before.source)
    excluded = () if rules.wants(name) else (Excluded(name, "--exclude"),)
    dropped = rules.missing != "category"
    rows = tuple(
        int(side.total) + dropped * side.missing if side.kind == "counts" else 0 for side in sides
    )
    labels = joined.outcomes or [str(i) for i in range(len(joined.p))]
    made = Pair(
        column=name,
        type="categorical",
        labels=labels,
        reference=joined.q,
        current=joined.p,
        named=np.array([label not in {*map(_missing_in, sides)} for label in labels]),
        known=(before.kind != "counts", after.kind != "counts"),
        rows=(rows[0], rows[1]),
        missing=(before.missing, after.missing),
    )
    described = [
        Side(
            name=side.name,
            source=side.source,
            format=side.format,
            kind=side.kind,
            outcomes=side.weights.shape[-1],
            total=side.total,
            rows_read=side.rows_read,
            rows_used=side.rows_used,
            missing=side.missing,
        )
        for side in sides
    ]
    return _Found(
        described[0],
        described[1],
        () if excluded else (made,),
        excluded=excluded,
        notes=(*before.notes, *after.notes),
        order=(name,),
    )


def _missing_in(side: Distribution) -> str | None:
    """Return what the missing values of raw rows are called."""
    return dict(side.details).get("missing in")


def _distribution(side: _Source, rules: Rules) -> Distribution:
    """Read a distribution; the only column of raw rows is one of counts."""
    if side.kind in ("counts", "probabilities", "weights"):
        found = readers.read(side.source, side.options, name=side.name)
        _refuse_batch(found)
        return found
    rows = readers.read_columns(side.source, side.options, rules.counting(), name=side.name)
    columns = list(rows.columns.values())
    if len(columns) != 1:
        raise InputError(
            "several-columns",
            f"there are {len(columns)} columns of raw rows, and one distribution to meet them",
            Place(rows.source),
            hint="--column NAME chooses one; --as counts if this is a table of counts",
        )
    (column,) = columns
    if isinstance(column, Binned):
        counts = dict(zip(column.bins.labels, column.counts.tolist(), strict=False))
        counts = {label: count for label, count in counts.items() if count}
    else:
        counts = dict((as_categories(column) if isinstance(column, Values) else column).counts)
    details = {"outcomes in": column.name}
    if column.missing and rules.missing == "category":
        details["missing in"] = missing_label(counts)
        counts[details["missing in"]] = column.missing
    if not counts:
        raise _no_values(column.name, rows.source)
    return Distribution(
        name=rows.name,
        source=rows.source,
        format=rows.format,
        kind="counts",
        outcomes=tuple(counts),
        weights=np.array(list(counts.values()), dtype=np.int64),
        rows_read=rows.rows,
        rows_used=sum(counts.values()),
        missing=column.missing,
        notes=rows.notes,
        details=tuple(details.items()),
    )


def _no_values(column: str, source: str) -> InputError:
    hint = "--missing category makes missing values an outcome; --exclude leaves it out"
    return InputError("no-values", f"column '{column}' has no values", Place(source), hint=hint)
