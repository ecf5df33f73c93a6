"""Counted columns: how often each outcome of a column occurs; and how counts are merged."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from kldiv_cli.core.binning import (
    SPECIAL,
    Bins,
    bins_of_constant,
    few_integers,
    quantile_bins,
    weights_as_counts,
)
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.grouped import Grouped

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

Type = Literal["categorical", "numeric", "boolean", "date"]
"""What the outcomes of a column are: labels, bins of numbers, true and false, or instants."""
MISSING = SPECIAL[-1]
"""The outcome that stands for missing values."""
OTHER = "(other)"
"""The outcome that rare ones of a profile were pooled in."""
IN_NO_BINS = "rare outcomes were pooled, which are in no bins"
_DISTINCT = 0.95
_FEWEST = 50


class Categories(NamedTuple):
    """A categorical column: how often each outcome occurs."""

    name: str
    missing: int
    counts: Mapping[str, int]
    pooled: bool = False
    """Whether `OTHER` stands for pooled rare outcomes; else it is a label like any."""
    type: Type = "categorical"
    """What the labels are: see `kldiv_cli.core.types`."""
    grouped: Grouped | None = None
    """The same by groups of rows, if they were counted so."""

    @property
    def rows(self) -> int:
        """The number of rows, with missing values counted."""
        return self.total + self.missing

    @property
    def total(self) -> int:
        """Rows with a value."""
        return sum(self.counts.values())


class Numbers(NamedTuple):
    """A numeric column: how often each of its finite and infinite numbers occurs.

    `values` are distinct and ascend, without a -0.0; `counts` has a positive count of each.
    """

    name: str
    missing: int
    values: Floats
    counts: Integers
    grouped: Grouped | None = None

    @property
    def rows(self) -> int:
        """The number of rows, with missing values counted."""
        return self.total + self.missing

    @property
    def total(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @property
    def finite(self) -> int:
        """Rows with a finite value."""
        return int(self.counts[np.isfinite(self.values)].sum())

    @property
    def weights(self) -> tuple[Floats, Floats] | None:
        """What the rows of each value weigh, and the sum of squares; None if all are alike."""
        return self.grouped and self.grouped.weights_of_values


class Binned(NamedTuple):
    """A numeric column that was counted in bins of its own.

    `counts` has an entry for each of `bins.labels` but the last, which is that of missing values;
    these are the values of `grouped`, too.
    """

    name: str
    missing: int
    bins: Bins
    counts: Integers
    grouped: Grouped | None = None
    """The same by groups of rows, if they were counted so: its values are labels of the bins."""

    @property
    def rows(self) -> int:
        """The number of rows, with missing values counted."""
        return int(self.counts.sum()) + self.missing

    @property
    def weights(self) -> tuple[Floats, Floats] | None:
        """What the rows of each bin weigh, and the sum of squares; None if all are alike."""
        return self.grouped and self.grouped.weights_of_values


Column: TypeAlias = Categories | Numbers | Binned


def count_numbers(
    name: str, missing: int, values: Floats, repeats: Sequence[int] | Integers | None = None
) -> Numbers:
    """Return a numeric column of numbers in any order.

    Parameters
    ----------
    name : str
        The column's name.
    missing : int
        Rows without a value.
    values : ndarray of float64, shape (N,)
        Finite and infinite numbers.
    repeats : sequence of int, shape (N,), optional
        How often each of them occurs; once if not given.
    """
    if repeats is None:
        # As `np.unique` does it, in two thirds of the memory.
        ordered = values + 0.0
        ordered.sort()
        first = _first_of_each(ordered)
        times = np.empty_like(first)
        times[-1:] = len(ordered) - first[-1:]
        ordered = ordered[first]
        np.subtract(first[1:], first[:-1], out=times[:-1])
        return Numbers(name, missing, ordered, times)
    order = np.argsort(values)
    ordered = values[order] + 0.0
    first = _first_of_each(ordered)
    counts = np.add.reduceat(np.asarray(repeats, dtype=np.int64)[order], first)
    return Numbers(name, missing, ordered[first], counts)


def _first_of_each(ordered: Floats) -> Integers:
    """Return where each of some numbers that ascend first stands."""
    is_first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return np.flatnonzero(is_first).astype(np.int64, copy=False)


class TypeChangedError(ValueError):
    """Two columns are of different types; the message names both types."""


class EdgesDifferError(ValueError):
    """Two columns were counted with different bin edges, or with different outcomes pooled."""


def merged(columns: Sequence[Column]) -> Column:
    """Return the counts of one column over several parts of its data, in any order.

    Raises
    ------
    TypeChangedError
        If it is text in one part and numbers in another.
    EdgesDifferError
        If the parts were counted with different edges, or with different outcomes pooled.
    """
    # Numbers come first: how many there are together decides whether they are labels.
    return reduce(_merged, sorted(columns, key=lambda column: isinstance(column, Categories)))


def _merged(first: Column, second: Column) -> Column:
    first, second = as_categories_where_few(*alike(first, second), forced=False, few=False)
    missing = first.missing + second.missing
    if isinstance(first, Categories) and isinstance(second, Categories):
        if first.pooled != second.pooled:
            raise EdgesDifferError("rare outcomes were pooled in one part and not in another")
        refuse_other_pools(first, second)
        counts = Counter(first.counts)
        counts.update(second.counts)
        same = first.type if first.type == second.type else "categorical"
        return Categories(
            first.name, missing, dict(counts), first.pooled, same, _joined(first, second)
        )
    if isinstance(first, Numbers) and isinstance(second, Numbers):
        values = np.concatenate([first.values, second.values])
        repeats = np.concatenate([first.counts, second.counts])
        numbers = count_numbers(first.name, missing, values, repeats)
        return numbers._replace(grouped=_joined(first, second))
    if isinstance(first, Binned) and isinstance(second, Binned) and first.bins == second.bins:
        every = first.counts + second.counts
        return Binned(first.name, missing, first.bins, every, _joined(first, second))
    if isinstance(first, Categories) or isinstance(second, Categories):
        raise type_changed(("one part", first), ("another", second))
    raise EdgesDifferError("the parts were counted with different edges")


def _joined(first: Column, second: Column) -> Grouped | None:
    """Return what rows of both columns weigh; None if they count once."""
    # Blocks of rows are of one file alone.
    if first.grouped is None or second.grouped is None or first.grouped.entries.w is None:
        return None
    from kldiv_cli.core.grouped import joined

    return joined(first.grouped, second.grouped)


def counted(
    column: Column,
    *,
    edges: tuple[float, ...] | None = None,
    bins: int | None = None,
    type: Type | None = None,
    min_count: int = 0,
) -> Categories | Binned:
    """Return a column as a profile keeps it: labelled outcomes, or bins with their edges.

    The edges are quantiles, at most one for fifty rows: with fewer rows a bin, the edges fit
    the reference so well that other samples of the same distribution seem to drift from it.
    A constant has a bin of its own, so that other numbers are not counted as the same.

    Parameters
    ----------
    column : Column
    edges : tuple of float, optional
        Bin edges given by the user.
    bins : int, optional
        Number of bins before the tails are split.
    type : {"categorical", "numeric"}, optional
        The type that the user declares.
    min_count : int
        Outcomes that occur less often are pooled.

    Raises
    ------
    TypeChangedError
        If edges are given, and the column was counted as text.
    EdgesDifferError
        If it was counted with other edges, or rare outcomes were pooled.
    """
    if edges is not None and isinstance(column, Categories):
        if not has_integer_labels(column):
            raise type_changed(("the column", column))
        column = _counted_in(column, Bins(edges))
    if isinstance(column, Numbers) and (
        type == "categorical" or (type is None and edges is None and few_integers(column.values))
    ):
        column = as_categories(column)
    if isinstance(column, Categories):
        return pooled(column, min_count)
    if isinstance(column, Binned):
        if edges is not None and edges != column.bins.edges:
            raise EdgesDifferError("it was counted with other edges")
        return column
    if edges is not None:
        chosen = Bins(edges)
    elif (value := _only_value(column.values)) is not None:
        chosen = bins_of_constant(value)
    else:
        values, repeats, rows = _for_quantiles(column)
        chosen = quantile_bins(values, rows_of_profile(rows), bins=bins, weights=repeats)
    return in_bins(column, chosen)


def _only_value(values: Floats) -> float | None:
    """Return the only finite value among numbers; None if there are several, or none."""
    finite = values[np.isfinite(values)]
    return float(finite[0]) if len(finite) == 1 else None


def pooled(column: Categories, min_count: int) -> Categories:
    """Return a column in which outcomes that occur less than `min_count` times are one."""
    rare = [label for label, count in column.counts.items() if count < min_count]
    if not rare:
        return column
    counts = {label: count for label, count in column.counts.items() if count >= min_count}
    counts[OTHER] = counts.get(OTHER, 0) + sum(column.counts[label] for label in rare)
    kept = column.grouped and column.grouped.spelt(lambda x: x if x in counts else OTHER)
    return column._replace(counts=counts, pooled=True, grouped=kept)


def is_identifier(column: Column) -> bool:
    """Return whether a column looks like a key: text or integers that are nearly all distinct.

    At least 95 % of at least 50 values are; a column of decimals is never a key.
    """
    if isinstance(column, Binned):
        return False
    if isinstance(column, Numbers) and (
        not np.all(np.isfinite(column.values)) or np.any(column.values % 1)
    ):
        return False
    return nearly_distinct(distinct(column), column.rows - column.missing)


def distinct(column: Categories | Numbers) -> int:
    """Return how many different values a column has."""
    return len(column.counts)


def nearly_all_distinct(column: Column) -> bool:
    """Return whether nearly all values of a column are distinct, however few they are."""
    if isinstance(column, Binned):
        return False
    values = column.rows - column.missing
    return values > 1 and distinct(column) >= _DISTINCT * values


def constant(column: Column) -> str | None:
    """Return the only value of a column as a label; None if it has several, or none is known."""
    if isinstance(column, Categories):
        labels = list(islice((label for label, n in column.counts.items() if n), 2))
        known = len(labels) == 1 and not (column.pooled and labels[0] == OTHER)
        return labels[0] if known else None
    if isinstance(column, Binned):
        value = binned_constant(column)
        return None if value is None else numeral(value)
    return numeral(float(column.values[0])) if len(column.values) == 1 else None


def nearly_distinct(outcomes: int, rows: int) -> bool:
    """Return whether so many outcomes in so many rows are nearly all distinct."""
    return rows >= _FEWEST and outcomes >= _DISTINCT * rows


def type_changed(*sides: tuple[str, Column]) -> TypeChangedError:
    """Return the error for columns of different types; each side is given with its name."""
    return TypeChangedError(", ".join(f"{whose} is {_contents(side)}" for whose, side in sides))


def _contents(column: Column) -> str:
    """Return in words what the values of a column are."""
    if not isinstance(column, Categories):
        return "numbers"
    if column.type == "boolean":
        return "booleans (true and false)"
    labels = named_labels(column)
    example = next((label for label in labels if not is_plain_integer(label)), None)
    if example is None:
        return "numbers"
    return (
        f"dates, such as {example}" if column.type == "date" else f"text, such as '{example[:40]}'"
    )


def alike(first: Column, second: Column) -> tuple[Column, Column]:
    """Convert two columns to the same type where no information is lost.

    A column without values takes the type of the other; integers that were counted by label
    are put into the bins of the other, if it has some.

    Raises
    ------
    EdgesDifferError
        If rare ones of these integers were pooled.
    """
    if all(side.rows == side.missing for side in (first, second)) and _form(first) > _form(second):
        second = _retyped(second, first)
    first = _retyped(first, second)
    second = _retyped(second, first)
    return _in_bins(first, second), _in_bins(second, first)


def _retyped(column: Column, other: Column) -> Column:
    """Return a column without values as one of the other's type; any other as it is."""
    if column.rows > column.missing:
        return column
    grouped = column.grouped and column.grouped.without_values()
    if isinstance(other, Numbers):
        empty = count_numbers(column.name, column.missing, np.zeros(0))
        return empty._replace(grouped=grouped)
    if isinstance(other, Binned):
        labels = other.bins.labels[:-1]
        grouped = grouped and grouped.at(labels, np.zeros(0, np.int64))
        none = np.zeros_like(other.counts)
        return Binned(column.name, column.missing, other.bins, none, grouped)
    # Outcomes that are named beside pooled ones are so where none of them occurs, too.
    named = dict.fromkeys(other.counts, 0) if other.pooled else {}
    return Categories(column.name, column.missing, named, other.pooled, other.type, grouped)


def _form(column: Column) -> tuple[Any, ...]:
    """Return a key by which columns without values are ordered, the one that says most last."""
    if isinstance(column, Binned):
        return (2, column.bins.edges)
    if isinstance(column, Categories):
        return (1, column.pooled, column.type, sorted(column.counts))
    return (0,)


def _in_bins(column: Column, other: Column) -> Column:
    """Return integers that were counted by label in the bins of the other column, if any."""
    if isinstance(other, Binned) and isinstance(column, Categories) and has_integer_labels(column):
        return _counted_in(column, other.bins)
    return column


def constants_in_bins(first: Column, second: Column) -> tuple[Column, Column]:
    """Return two columns so that one of a single value is counted in the bins of the other.

    Its value is known, so that nothing is lost.
    """
    if isinstance(first, Binned) and isinstance(second, Binned):
        # Between two constants the second decides: the first is counted in its bins.
        if (value := binned_constant(first)) is not None:
            first = _constant_in(first, value, second.bins)
        elif (value := binned_constant(second)) is not None:
            second = _constant_in(second, value, first.bins)
    return first, second


def _constant_in(column: Binned, value: float, bins: Bins) -> Binned:
    """Return a column of one value in other bins."""
    counts = bins.count([value], [column.counts.sum()])
    place = np.full(len(column.counts), bins.places([value])[0])
    grouped = column.grouped and column.grouped.at(bins.labels[:-1], place)
    return Binned(column.name, column.missing, bins, counts[:-1], grouped)


def _counted_in(column: Categories, bins: Bins) -> Binned:
    """Return integers that were counted by label in bins."""
    if column.pooled:
        raise EdgesDifferError(IN_NO_BINS)
    counts = bins.count([float(label) for label in column.counts], list(column.counts.values()))
    grouped = column.grouped
    if grouped is not None:
        places = bins.places([float(label) for label in grouped.values])
        grouped = grouped.at(bins.labels[:-1], places)
    return Binned(column.name, column.missing, bins, counts[:-1], grouped)


def as_categories_where_few(
    first: Column, second: Column, *, forced: bool, few: bool = True
) -> tuple[Column, Column]:
    """Turn numeric columns into categories where both columns can be compared by label.

    These are few integers, and integers that meet integer labels. Few integers are labels, too,
    beside text that has some of them (``1``, ``2``, ``NA``); other numbers beside text are a
    change of type and stay numbers. With `forced` all numbers become labels.
    """
    values = [side for side in (first, second) if isinstance(side, Numbers)]
    labels = [side for side in (first, second) if isinstance(side, Categories)]
    if len(values) + len(labels) < 2:
        return first, second
    if forced or (
        all(has_integer_labels(side) or _has_some(side, *values) for side in labels)
        if labels
        else few and few_integers(*(side.values for side in values))
    ):
        first, second = (
            as_categories(side) if isinstance(side, Numbers) else side for side in (first, second)
        )
    return first, second


def _has_some(labels: Categories, *sides: Numbers) -> bool:
    """Return whether the numbers are few integers, some of which are among the labels."""
    return few_integers(*(side.values for side in sides)) and any(
        not labels.counts.keys().isdisjoint(as_categories(side).counts) for side in sides
    )


def has_integer_labels(column: Categories) -> bool:
    """Return whether all labels are integers as `as_categories` writes them.

    Pooled outcomes may be of any type: where all are pooled, they may be integers.
    """
    return all(map(is_plain_integer, named_labels(column)))


def named_labels(column: Categories) -> Collection[str]:
    """Return the labels of a column but that of pooled outcomes."""
    return [label for label in column.counts if label != OTHER] if column.pooled else column.counts


def is_plain_integer(label: str) -> bool:
    """Return whether a label is an integer as `as_categories` writes it."""
    digits = label.removeprefix("-")
    return (
        len(digits) < 17
        and digits.isascii()
        and digits.isdigit()
        and (digits[0] != "0" or label == "0")
    )


def as_categories(column: Numbers) -> Categories:
    """Return a numeric column by label, each number in its shortest form: ``3``, ``2.5``.

    Infinities have the labels that they have among bins.
    """
    labels = tuple(map(numeral, column.values.tolist()))
    counts = dict(zip(labels, column.counts.tolist(), strict=True))
    grouped = column.grouped and column.grouped._replace(values=labels)
    return Categories(column.name, column.missing, counts, grouped=grouped)


def numeral(value: float) -> str:
    """Return the label of a number."""
    return repr(value).removesuffix(".0") if np.isfinite(value) else f"{value:+}"


def binned_constant(column: Binned) -> float | None:
    """Return the only value of a column that was counted in bins; None if it is not known."""
    edges = column.bins.edges
    if len(edges) != 2 or column.bins != bins_of_constant(edges[1]):
        return None
    return edges[1] if 0 < column.counts[1] == column.counts.sum() else None


def refuse_other_pools(first: Categories, second: Categories) -> None:
    """Refuse two columns in which different rare outcomes were pooled."""
    if first.pooled and second.pooled and first.counts.keys() != second.counts.keys():
        raise EdgesDifferError("both pooled rare outcomes, and not the same ones")


def missing_label(labels: Container[str]) -> str:
    """Return a label for missing values that is none of the other labels."""
    label = MISSING
    while label in labels:
        label = f"({label})"
    return label


def pooled_like(column: Categories, other: Categories) -> Categories:
    """Return a column with the outcomes pooled that another column has pooled.

    It then has the outcomes of the other column, those with a count of 0 included.
    """
    if not other.pooled:
        return column
    counts = {label: column.counts.get(label, 0) for label in other.counts}
    named = sum(counts.values()) - counts[OTHER]
    counts[OTHER] = column.total - named
    grouped = column.grouped and column.grouped.spelt(
        lambda label: label if label in other.counts else OTHER
    )
    return column._replace(counts=counts, pooled=True, grouped=grouped)


def edges_of(columns: Mapping[str, Column]) -> dict[str, tuple[float, ...]]:
    """Return the edges of the columns that were counted in bins, by their names."""
    return {name: one.bins.edges for name, one in columns.items() if isinstance(one, Binned)}


def rows_of_profile(finite: int) -> int:
    """Return for how many rows the bins of a profile are made that has so many numbers."""
    return finite // 5


def pooled_bins(first: Numbers, second: Numbers, *, bins: int | None = None) -> Bins:
    """Return the bins for two columns of numbers, with edges from both together.

    Of rows that weigh the quantiles are weighted, and a side is worth its effective rows.
    """
    values, repeats, rows = _for_quantiles(first, second)
    return quantile_bins(values, rows, bins=bins, weights=repeats)


def _for_quantiles(*sides: Numbers) -> tuple[Floats, Integers, int]:
    """Return the numbers of all sides, how often each counts, and rows of the smallest side."""
    values = np.concatenate([side.values for side in sides])
    of_sides = [side.weights for side in sides]
    weights = [each for each in of_sides if each is not None]
    if len(weights) < len(sides):
        repeats = np.concatenate([side.counts for side in sides])
        return values, repeats, min(side.finite for side in sides)
    worth = [_effective(side.values, *each) for side, each in zip(sides, weights, strict=True)]
    repeats = weights_as_counts(values, np.concatenate([masses for masses, _ in worth]))
    # Weights in another unit must not choose other bins, by the last bit.
    return values, repeats, int(min(size for _, size in worth) + 1e-6)


def _effective(values: Floats, weights: Floats, squares: Floats) -> tuple[Floats, float]:
    """Return the effective rows of each finite number, and of all of them together."""
    finite = np.isfinite(values)
    total = float(weights[finite].sum())
    if not total:
        return np.zeros_like(weights), 0.0
    size = total / float(squares[finite].sum()) * total
    return np.where(finite, weights, 0.0) / total * size, size


def in_bins(column: Numbers | Binned, bins: Bins) -> Binned:
    """Return a numeric column in `bins`."""
    grouped = column.grouped
    if grouped is not None and isinstance(column, Numbers):
        places = bins.places(np.asarray(grouped.values, dtype=np.float64))
        grouped = grouped.at(bins.labels[:-1], places)
    return Binned(column.name, column.missing, bins, counts_in(column, bins), grouped)


def counts_in(column: Numbers | Binned, bins: Bins) -> Integers:
    """Return the counts of a numeric column in `bins`, without the missing values."""
    if isinstance(column, Binned):
        return column.counts
    return bins.count(column.values, column.counts)[:-1]
