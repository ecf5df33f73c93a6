"""The columns of a data set as they were counted, and two of them over one support."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from kldiv_cli.core.binning import (
    SPECIAL,
    Bins,
    few_integers,
    pooled_bins,
    quantile_bins,
)

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

Type = Literal["categorical", "numeric"]
MISSING = SPECIAL[-1]
"""The outcome that stands for missing values."""
OTHER = "(other)"
"""The outcome that rare ones of a profile were pooled in."""
_DISTINCT = 0.95
_FEWEST = 50


class Categories(NamedTuple):
    """A categorical column: how often each outcome occurs."""

    name: str
    missing: int
    counts: Mapping[str, int]
    pooled: bool = False
    """Whether rare outcomes were pooled as `OTHER`, which otherwise is a label like any."""

    @property
    def rows(self) -> int:
        """Rows, those without a value included."""
        return self.total + self.missing

    @property
    def total(self) -> int:
        """Rows with a value."""
        return sum(self.counts.values())


class Values(NamedTuple):
    """A numeric column as it was read: finite numbers and infinities, in any order."""

    name: str
    missing: int
    values: Floats

    @property
    def rows(self) -> int:
        """Rows, those without a value included."""
        return len(self.values) + self.missing


class Binned(NamedTuple):
    """A numeric column that was counted with edges of its own.

    `counts` has an entry for each of `bins.labels` but the last, which is for what is missing.
    """

    name: str
    missing: int
    bins: Bins
    counts: Integers

    @property
    def rows(self) -> int:
        """Rows, those without a value included."""
        return int(self.counts.sum()) + self.missing


Column: TypeAlias = Categories | Values | Binned


class Paired(NamedTuple):
    """Two columns over one support; `labels`, `reference` and `current` go together.

    `named` says of each outcome that it is one of the data, not a bin or a missing value.
    """

    type: Type
    labels: tuple[str, ...]
    reference: Integers
    current: Integers
    named: NDArray[np.bool_]


class TypeChangedError(ValueError):
    """The two sides are not of one type; the message says what either is."""


class EdgesDifferError(ValueError):
    """Both sides were counted with edges of their own, or pooled outcomes, which differ."""


def merged(columns: Sequence[Column]) -> Column:
    """Return one column as it was counted in several shards; the order does not matter.

    Raises
    ------
    TypeChangedError
        If it is text in one of them and numbers in another.
    EdgesDifferError
        If numbers were not counted with the same edges.
    """
    first = columns[0]
    for other in columns[1:]:
        first = _merged(first, other)
    return first


def _merged(one: Column, other: Column) -> Column:
    one, other = _as_categories(*_alike(one, other), forced=False, few=False)
    missing = one.missing + other.missing
    if isinstance(one, Categories) and isinstance(other, Categories):
        if one.pooled != other.pooled:
            raise EdgesDifferError("rare outcomes were pooled in one part and not in another")
        _refuse_other_pools(one, other)
        counts = Counter(one.counts)
        counts.update(other.counts)
        return Categories(one.name, missing, dict(counts), one.pooled)
    if isinstance(one, Values) and isinstance(other, Values):
        return Values(one.name, missing, np.concatenate([one.values, other.values]))
    if isinstance(one, Binned) and isinstance(other, Binned) and one.bins == other.bins:
        return Binned(one.name, missing, one.bins, one.counts + other.counts)
    if isinstance(one, Categories) or isinstance(other, Categories):
        raise _type_changed(("one part", one), ("another", other))
    raise EdgesDifferError("the parts were counted with different edges")


def counted(
    column: Column,
    *,
    edges: tuple[float, ...] | None = None,
    bins: int | None = None,
    type: Type | None = None,
    min_count: int = 0,
) -> Categories | Binned:
    """Return a column as a profile keeps it: outcomes, or bins with edges of its own.

    The edges are quantiles, at most one for fifty rows: with fewer rows a bin, what is compared
    with them would seem to drift because the edges fit the reference too well.

    Parameters
    ----------
    column : Column
    edges : tuple of float, optional
        Edges that are given.
    bins : int, optional
        Number of bins before the tails are split.
    type : {"categorical", "numeric"}, optional
        What the user says the column is.
    min_count : int
        Outcomes that are rarer are pooled.

    Raises
    ------
    TypeChangedError
        If edges are given, and the column was counted as text.
    EdgesDifferError
        If it was counted with other edges.
    """
    if edges is not None and isinstance(column, Categories):
        if not has_integer_labels(column):
            raise _type_changed(("the column", column))
        column = _poured_in(column, Bins(edges))
    if isinstance(column, Values) and (
        type == "categorical" or (type is None and edges is None and few_integers(column.values))
    ):
        column = as_categories(column)
    if isinstance(column, Categories):
        return pooled(column, min_count)
    if isinstance(column, Binned):
        if edges is not None and edges != column.bins.edges:
            raise EdgesDifferError("it was counted with other edges")
        return column
    finite = int(np.count_nonzero(np.isfinite(column.values)))
    chosen = quantile_bins(column.values, finite // 5, bins=bins) if edges is None else Bins(edges)
    return Binned(column.name, column.missing, chosen, counts_in(column, chosen))


def pooled(column: Categories, min_count: int) -> Categories:
    """Return a column whose outcomes that occur less than `min_count` times are one."""
    rare = [label for label, count in column.counts.items() if count < min_count]
    if not rare:
        return column
    counts = {label: count for label, count in column.counts.items() if count >= min_count}
    counts[OTHER] = counts.get(OTHER, 0) + sum(column.counts[label] for label in rare)
    return Categories(column.name, column.missing, counts, pooled=True)


def is_identifier(column: Column) -> bool:
    """Return whether a column looks like a key: text or integers, nearly all distinct.

    At least 95 % of at least 50 values; decimals never do.
    """
    if isinstance(column, Binned):
        return False
    if isinstance(column, Values) and (
        not np.all(np.isfinite(column.values)) or np.any(column.values % 1)
    ):
        return False
    return nearly_distinct(distinct(column), column.rows - column.missing)


def distinct(column: Categories | Values) -> int:
    """Return how many different values a column has."""
    return len(column.counts if isinstance(column, Categories) else np.unique(column.values))


def nearly_distinct(outcomes: int, rows: int) -> bool:
    """Return whether so many outcomes in so many rows are nearly all distinct."""
    return rows >= _FEWEST and outcomes >= _DISTINCT * rows


def pair(
    reference: Column,
    current: Column,
    *,
    bins: int | None = None,
    edges: tuple[float, ...] | None = None,
    type: Type | None = None,
    missing: Literal["category", "drop"] = "category",
) -> Paired:
    """Bring two columns to one support.

    Numbers meet in bins whose edges are quantiles of both together, or those that the
    reference was counted with; at most 20 distinct integers are categories. Outcomes are
    matched by label, those of the reference first.

    Parameters
    ----------
    reference, current : Column
        A side that is `Binned` decides the edges.
    bins : int, optional
        Number of bins before the tails are split; chosen by the rows if not given.
    edges : tuple of float, optional
        Edges given by the user.
    type : {"categorical", "numeric"}, optional
        What the user says the column is.
    missing : {"category", "drop"}
        Whether missing values are an outcome.

    Raises
    ------
    TypeChangedError
        If one side holds numbers and the other text.
    EdgesDifferError
        If both were counted before, with different edges, or with different outcomes pooled.
    """
    sides = _alike(reference, current)
    if edges is None and type != "numeric":
        sides = _as_categories(*sides, forced=type == "categorical")
    if isinstance(sides[0], Categories) and isinstance(sides[1], Categories):
        return _categorical(sides[0], sides[1], missing)
    if isinstance(sides[0], Categories) or isinstance(sides[1], Categories):
        raise _type_changed(("the reference", sides[0]), ("the current side", sides[1]))
    return _numeric(sides[0], sides[1], bins, edges, missing)


def _type_changed(*sides: tuple[str, Column]) -> TypeChangedError:
    words = []
    for whose, side in sides:
        if isinstance(side, Categories):
            example = next((label for label in side.counts if not _is_integer(label)), "")
            words.append(f"{whose} is text, such as '{example[:40]}'")
        else:
            words.append(f"{whose} is numbers")
    return TypeChangedError(", ".join(words))


def _alike(one: Column, other: Column) -> tuple[Column, Column]:
    """Return two columns of one type, where one can be written as the other's exactly."""
    one = _retyped(one, other)
    other = _retyped(other, one)
    return _in_bins(one, other), _in_bins(other, one)


def _retyped(column: Column, other: Column) -> Column:
    """Return a column as one of the other's type, if it has no values."""
    if column.rows > column.missing:
        return column
    if isinstance(other, Values):
        return Values(column.name, column.missing, np.zeros(0))
    none = Categories(column.name, column.missing, {})
    return _in_bins(none, other)


def _in_bins(column: Column, other: Column) -> Column:
    """Return integers that were counted one by one in the bins of the other, if it has some."""
    if isinstance(other, Binned) and isinstance(column, Categories) and has_integer_labels(column):
        return _poured_in(column, other.bins)
    return column


def _poured_in(column: Categories, bins: Bins) -> Binned:
    """Return integers that were counted one by one in bins."""
    counts = bins.count([float(label) for label in column.counts], list(column.counts.values()))
    return Binned(column.name, column.missing, bins, counts[:-1])


def _as_categories(
    reference: Column, current: Column, *, forced: bool, few: bool = True
) -> tuple[Column, Column]:
    """Turn numbers into categories where they are few integers, or meet labels that are.

    Few integers are labels, too, beside text that has some of them (``1``, ``2``, ``NA``); other
    numbers beside text are a change of type.
    """
    values = [side for side in (reference, current) if isinstance(side, Values)]
    labels = [side for side in (reference, current) if isinstance(side, Categories)]
    if len(values) + len(labels) < 2:
        return reference, current
    if forced or (
        all(has_integer_labels(side) or _has_some(side, *values) for side in labels)
        if labels
        else few and few_integers(*(side.values for side in values))
    ):
        reference, current = (
            as_categories(side) if isinstance(side, Values) else side
            for side in (reference, current)
        )
    return reference, current


def _has_some(labels: Categories, *sides: Values) -> bool:
    """Return whether numbers are few integers, some of which are among the labels."""
    return few_integers(*(side.values for side in sides)) and any(
        not labels.counts.keys().isdisjoint(as_categories(side).counts) for side in sides
    )


def has_integer_labels(column: Categories) -> bool:
    """Return whether all labels are integers as `as_categories` writes them."""
    return all(map(_is_integer, column.counts))


def _is_integer(label: str) -> bool:
    digits = label.removeprefix("-")
    return (
        len(digits) < 17
        and digits.isascii()
        and digits.isdigit()
        and (digits[0] != "0" or label == "0")
    )


def as_categories(column: Values) -> Categories:
    """Return numbers as labels in their shortest form: ``3``, ``2.5``."""
    distinct, counts = np.unique(column.values + 0.0, return_counts=True)
    labels = (repr(value).removesuffix(".0") for value in distinct.tolist())
    return Categories(column.name, column.missing, dict(zip(labels, counts.tolist(), strict=True)))


def _categorical(
    reference: Categories, current: Categories, missing: Literal["category", "drop"]
) -> Paired:
    _refuse_other_pools(reference, current)
    reference, current = poured(reference, current), poured(current, reference)
    labels = list(reference.counts)
    labels += [label for label in current.counts if label not in reference.counts]
    before = [reference.counts.get(label, 0) for label in labels]
    after = [current.counts.get(label, 0) for label in labels]
    of_data = [True] * len(labels)
    if missing == "category" and (reference.missing or current.missing):
        labels.append(missing_label(labels))
        before.append(reference.missing)
        after.append(current.missing)
        of_data.append(False)
    return Paired(
        "categorical",
        tuple(labels),
        np.array(before, dtype=np.int64),
        np.array(after, dtype=np.int64),
        np.array(of_data, dtype=np.bool_),
    )


def _refuse_other_pools(one: Categories, other: Categories) -> None:
    if one.pooled and other.pooled and one.counts.keys() != other.counts.keys():
        raise EdgesDifferError("both pooled rare outcomes, and not the same ones")


def missing_label(labels: Container[str]) -> str:
    """Return what to call missing values: a label that none of the others is."""
    label = MISSING
    while label in labels:
        label = f"({label})"
    return label


def poured(column: Categories, other: Categories) -> Categories:
    """Return a column as it meets one whose rare outcomes were pooled: these are pooled, too.

    It then names the outcomes of the other, even those that it has none of.
    """
    if not other.pooled:
        return column
    counts = {label: column.counts.get(label, 0) for label in other.counts}
    named = sum(counts.values()) - counts[OTHER]
    counts[OTHER] = column.total - named
    return Categories(column.name, column.missing, counts, pooled=True)


def _numeric(
    reference: Values | Binned,
    current: Values | Binned,
    bins: int | None,
    edges: tuple[float, ...] | None,
    missing: Literal["category", "drop"],
) -> Paired:
    counted = {side.bins for side in (reference, current) if isinstance(side, Binned)}
    if edges is not None:
        counted.add(Bins(edges))
    if len(counted) > 1:
        raise EdgesDifferError("the two sides were counted with different edges")
    if counted:
        chosen = counted.pop()
    else:
        assert isinstance(reference, Values)
        assert isinstance(current, Values)
        chosen = pooled_bins(current.values, reference.values, bins=bins)
    before, after = (
        np.append(counts_in(side, chosen), side.missing) for side in (reference, current)
    )
    if missing == "drop":
        before[-1] = after[-1] = 0
    regular = len(chosen.labels) - len(SPECIAL)
    # The bins of what is no number are there if somebody is in them.
    kept = (np.arange(len(before)) < regular) | (before + after > 0)
    named = np.zeros(len(before), dtype=np.bool_)
    return Paired(
        "numeric",
        tuple(np.array(chosen.labels, dtype=object)[kept]),
        before[kept],
        after[kept],
        named[kept],
    )


def counts_in(column: Values | Binned, bins: Bins) -> Integers:
    """Return the counts of a numeric column in `bins`, without what is missing."""
    if isinstance(column, Binned):
        return column.counts
    return bins.count(column.values)[:-1]
