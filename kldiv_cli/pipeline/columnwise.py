"""Two sides that may be raw rows, read so that their columns meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli import readers
from kldiv_cli.core.alignment import align
from kldiv_cli.core.binning import MOST_CATEGORIES
from kldiv_cli.core.counts import (
    Binned,
    Categories,
    EdgesDifferError,
    Values,
    as_categories,
    distinct,
    has_integer_labels,
    missing_label,
    pair,
)
from kldiv_cli.core.dataset import TOO_MANY_ROWS, DataSet, missing_value, too_many_rows
from kldiv_cli.core.distribution import Distribution
from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.pipeline.settings import ColumnRules
from kldiv_cli.readers.raw import which_kind
from kldiv_cli.readers.selection import TIDY_COLUMNS, split

if TYPE_CHECKING:
    from kldiv_cli.core.alignment import Aligned
    from kldiv_cli.core.counts import Column, Paired
    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.pipeline.settings import Rules
    from kldiv_cli.pipeline.sides import Source


def read_both(
    reference: Source, current: Source, rules: Rules
) -> tuple[DataSet, DataSet, tuple[str, ...]]:
    """Read two sides so that their columns meet, the reference first: it decides the types.

    Returns
    -------
    reference, current : DataSet
        The current side has no columns but those of the reference.
    others : tuple of str
        Columns of the current side that the reference does not have.

    Raises
    ------
    InputError
        If a side cannot be read, a column that is named is not there, or a side may be a
        distribution and nobody says so.
    UsageError
        If an option is not for raw rows.
    """
    counting = rules.counting()
    tables = [_table(side) if side.kind == "counts" else None for side in (reference, current)]
    if tables[0] is not None and tables[1] is not None:
        joined(tables[0], tables[1])
    before = (
        _counted(tables[0], counting)
        if tables[0] is not None
        else _rows(reference, counting, rules)
    )
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
        after = _rows(current, counting, rules, before)
    rules.check_names([*before.seen, *after.seen], after.source)
    others = tuple(name for name in after.seen if name not in before.seen and rules.wants(name))
    return before, after, others


def paired(name: str, sides: tuple[DataSet, DataSet], rules: Rules) -> Paired:
    """Return a column of the reference and of the current side over one support.

    Raises
    ------
    TypeChangedError
        If one side holds numbers and the other text.
    InputError
        If both were counted with different edges, or a side has no values.
    """
    given = rules.columns.get(name, ColumnRules())
    for side in sides:
        _check_profile(side, name, given, rules)
    try:
        made = pair(
            sides[0].columns[name],
            sides[1].columns[name],
            bins=given.bins if isinstance(given.bins, int) else rules.bins,
            edges=given.bins if isinstance(given.bins, tuple) else None,
            type=given.type,
            missing="drop" if rules.missing == "drop" else "category",
        )
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
    return made


def _check_profile(side: DataSet, name: str, given: ColumnRules, rules: Rules) -> None:
    """Refuse what a profile cannot follow any more: its columns are counted."""
    if side.kind != "profile":
        return
    numeric = isinstance(side.columns[name], Binned)
    wanted = None
    if given.type is not None and (given.type == "numeric") != numeric:
        wanted = f"as {given.type}"
    elif numeric and (isinstance(given.bins, int) or rules.bins):
        wanted = "with other bins"
    if wanted:
        was = "numbers, in bins of their own" if numeric else "labels"
        raise InputError(
            "profile-differs",
            f"column '{name}' cannot be taken {wanted}: the profile counted it as {was}",
            Place(side.source, name=name),
            hint="make the profile anew with this option, or leave it out",
        )


def joined(before: Distribution, after: Distribution) -> Aligned:
    """Return both sides over the union of their outcomes."""
    try:
        return align(after, before)
    except ValueError as error:
        raise InputError("no-common-support", str(error), Place(after.source)) from None


def _is_text(column: Column) -> bool:
    """Return whether the labels of a column are more than integers that may be numbers."""
    return isinstance(column, Categories) and not (
        len(column.counts) <= MOST_CATEGORIES and has_integer_labels(column)
    )


def _rows(side: Source, counting: Wanted, rules: Rules, before: DataSet | None = None) -> DataSet:
    """Read raw rows, or a profile; `before` is what they are to be compared with."""
    for word, option in ((side.options.label, "--label"), (side.options.weight, "--weight")):
        if word is not None:
            raise UsageError(
                "usage",
                f"{option} chooses a column of a distribution, and these are raw rows",
                hint="--column NAME chooses columns; --as counts if this is a table of counts",
            )
    rows = readers.read_columns(side.source, side.options, counting, name=side.name)
    # Who says what columns are, or brings what has those of raw rows, has raw rows.
    beyond_doubt = any(name in rules.columns or not rules.wants(name) for name in rows.seen) or (
        before is not None and before.kind == "samples" and {*rows.seen} <= {*before.seen}
    )
    if side.kind is None and {*map(str.casefold, rows.seen)} == {*TIDY_COLUMNS}:
        what = "this may be counts of several columns, or raw rows of three"
        raise which_kind(what, rows.source)
    if side.kind is None and not beyond_doubt and _may_be_a_distribution(rows):
        what = "this may be a table of outcomes and weights, or raw rows of two columns"
        raise which_kind(what, rows.source)
    return rows


def _may_be_a_distribution(rows: DataSet) -> bool:
    """Return whether rows are distinct labels, each with a number, in either order."""
    if rows.kind != "samples" or len(rows.seen) != 2 or not rows.columns:
        return False
    one, *others = rows.columns.values()
    if not others:
        # The other is a key, whose values are distinct, or not known to the reference.
        return _may_be_weights(one) or _may_be_labels(one)
    (other,) = others
    return (_may_be_labels(one) and _may_be_weights(other)) or (
        _may_be_labels(other) and _may_be_weights(one)
    )


def _may_be_weights(column: Column) -> bool:
    return (
        isinstance(column, Values)
        and not column.missing
        and len(column.values) > 0
        and not np.any(column.values < 0)
    )


def _may_be_labels(column: Column) -> bool:
    if isinstance(column, Binned) or (isinstance(column, Values) and np.any(column.values % 1)):
        return False
    return not column.missing and distinct(column) == column.rows


def _table(side: Source) -> Distribution:
    """Read a table of counts."""
    found = readers.read(side.source, side.options._replace(tidy=True), name=side.name)
    _refuse_batch(found)
    return found


def _counted(side: Distribution, counting: Wanted, only: str | None = None) -> DataSet:
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
    left_out = counting.left_out(list(counts), side.source)
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
        excluded=tuple(left_out),
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


def missing_in(side: Distribution) -> str | None:
    """Return what the missing values of raw rows are called."""
    return dict(side.details).get("missing in")


def distribution(side: Source, rules: Rules) -> Distribution:
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
