"""Both sides, read: two distributions, or two data sets whose columns can meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kldiv_cli import readers
from kldiv_cli.core.binning import MOST_CATEGORIES
from kldiv_cli.core.counts import (
    Binned,
    Categories,
    Values,
    as_categories,
    distinct,
    has_integer_labels,
    missing_label,
)
from kldiv_cli.core.dataset import TOO_MANY_ROWS, DataSet, missing_value, too_many_rows
from kldiv_cli.core.distribution import Distribution
from kldiv_cli.core.pair import Pair, pair_distributions
from kldiv_cli.core.report import Side
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.raw import which_kind
from kldiv_cli.readers.selection import TIDY_COLUMNS, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.errors import Note
    from kldiv_cli.pipeline.settings import Rules, Source


def refuse_repairs(notes: Iterable[Note]) -> None:
    """Raise the first note on a repair of the input as an error, as ``--strict`` asks.

    Raises
    ------
    InputError
        If there is such a note.
    """
    for note in notes:
        if note.repair:
            raise InputError(
                note.code,
                f"--strict: {note.message}",
                Place(note.source),
                hint=note.advice or "mend the data, or leave --strict out",
            )


class DataSets(NamedTuple):
    """Two data sets that were read so that their columns meet.

    Attributes
    ----------
    first, second : DataSet
        The second has no columns but those of the first, which decides the types.
    only_second : tuple of str
        Wanted columns of the second side that the first does not have.
    """

    first: DataSet
    second: DataSet
    only_second: tuple[str, ...]


def read_distributions(first: Source, second: Source) -> tuple[Distribution, Distribution]:
    """Read two distributions from two sources, or from one of which two weights are named.

    Raises
    ------
    InputError
        If a source cannot be read or is not a distribution.
    """
    if second.source is not None:
        p = readers.read(first.source, first.options, name=first.name)
        return p, readers.read(second.source, second.options, name=second.name)
    names = (first.name, second.name)
    return readers.read_two(first.source, (first.options, second.options), names=names)


def read_data_sets(first: Source, second: Source, rules: Rules) -> DataSets:
    """Read two data sets so that their columns meet; the first decides the types.

    Raises
    ------
    InputError
        If a side cannot be read, a named column is not there, or a side may as well be a
        distribution.
    """
    wanted = rules.counting()
    tables = [_table(side) if side.kind == "counts" else None for side in (first, second)]
    if tables[0] is not None and tables[1] is not None:
        match_outcomes(tables[1], tables[0])
    model = _counted(tables[0], wanted) if tables[0] else _rows(first, wanted, rules)
    text = frozenset(name for name, column in model.columns.items() if _is_text(column))
    wanted = wanted._replace(
        categorical=wanted.categorical | (text - wanted.numeric),
        excluded=lambda name: name not in model.columns,
        identifiers=False,
    )
    if tables[1] is not None:
        only = next(iter(model.columns)) if len(model.columns) == 1 else None
        found = _counted(tables[1], wanted, only)
    else:
        found = _rows(second, wanted, rules, model)
    rules.check_names([*model.seen, *found.seen], found.source)
    new = tuple(name for name in found.seen if name not in model.seen and rules.wants(name))
    return DataSets(model, found, new)


def read_distribution(side: Source, rules: Rules) -> Distribution:
    """Read one distribution; raw rows must have one column, whose counts it is.

    Raises
    ------
    InputError
        If the source cannot be read, is a batch, or has several columns of raw rows.
    """
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
        raise no_values(column.name, rows.source)
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


def match_outcomes(p: Distribution, q: Distribution, column: str | None = None) -> Pair:
    """Return two distributions over the union of their outcomes; see `pair_distributions`.

    Raises
    ------
    InputError
        If their outcomes cannot be matched.
    """
    try:
        return pair_distributions(p, q, column)
    except ValueError as error:
        raise InputError("no-common-support", str(error), Place(p.source)) from None


def no_values(column: str, source: str) -> InputError:
    """Return the error for a column that has no values on one side."""
    hint = "--missing category makes missing values an outcome; --exclude leaves it out"
    return InputError("no-values", f"column '{column}' has no values", Place(source), hint=hint)


def describe_distribution(side: Distribution) -> Side:
    """Return the facts on a distribution for a report."""
    return Side(
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


def describe_data_set(side: DataSet, pairs: Sequence[Pair], *, is_p: bool) -> Side:
    """Return the facts on a data set for a report: on its columns that were paired, together."""
    place = 0 if is_p else 1
    counts = (pair.p if is_p else pair.q for pair in pairs)
    return Side(
        name=side.name,
        source=side.source,
        format=side.format,
        kind=side.kind,
        outcomes=sum(int(np.count_nonzero(of)) for of in counts),
        total=side.rows,
        rows_read=side.rows,
        rows_used=side.rows,
        missing=sum(pair.missing[place] for pair in pairs),
    )


def _is_text(column: Column) -> bool:
    """Return whether the labels of a column are more than integers that may be numbers."""
    return isinstance(column, Categories) and not (
        len(column.counts) <= MOST_CATEGORIES and has_integer_labels(column)
    )


def _rows(side: Source, wanted: Wanted, rules: Rules, model: DataSet | None = None) -> DataSet:
    """Read raw rows, or a profile; `model` is the side that they are compared with."""
    rows = readers.read_columns(side.source, side.options, wanted, name=side.name)
    # Who says what columns are, or brings what has those of raw rows, has raw rows.
    beyond_doubt = any(name in rules.columns or not rules.wants(name) for name in rows.seen) or (
        model is not None and model.kind == "samples" and {*rows.seen} <= {*model.seen}
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


def _counted(side: Distribution, wanted: Wanted, only: str | None = None) -> DataSet:
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
    left_out = wanted.left_out(list(counts), side.source)
    columns = {}
    for title, given in counts.items():
        missing = sum(given.pop(label, 0) for label in {"", *wanted.na})
        if missing and wanted.forbid_missing:
            raise missing_value(Place(side.source, name=title))
        columns[title] = Categories(title, missing, given)
    return DataSet(
        name=side.name,
        source=side.source,
        format=side.format,
        kind="counts",
        rows=max(column.rows for column in columns.values()),
        columns={title: column for title, column in columns.items() if wanted.wants(title)},
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
