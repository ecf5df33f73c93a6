"""A pair: the distributions P and Q over one support, from which everything is computed."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kldiv_cli.core import counts, intervals, types
from kldiv_cli.core.binning import SPECIAL, Bins
from kldiv_cli.core.counts import Binned, Categories, Numbers
from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.quantiles import Quantile, quantiles_of
from kldiv_cli.core.texts import Texts, union
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.counts import Column, Type
    from kldiv_cli.core.distribution import Distribution, Kind
    from kldiv_cli.core.inference.cross_table import CrossTable
    from kldiv_cli.core.inference.weighted import Weights


class Pair(NamedTuple):
    """The weights of P and of Q, outcome by outcome.

    Attributes
    ----------
    p, q : ndarray, shape (K,) or (N, K)
        Weights as they were read: counts, probabilities, weights or log weights.
    kinds : pair of Kind
        The meaning of the weights of P, and of Q.
    labels : sequence of str, or None
        The names of the K outcomes: those of the side that was given first, in its order, then
        those that only the other side has. None where outcomes are known by position.
    column : str or None
        The column that was counted; None for whole distributions.
    type : {"categorical", "numeric", "boolean", "date"}
        Whether the outcomes are labels, bins of numbers, true and false, or instants.
    of_data : ndarray of bool, shape (K,), or None
        False for bins of finite numbers and for missing values, which are no outcomes of the
        data; None where every outcome is one of the data.
    rows, missing : pair of int
        Rows of P and of Q, and how many of these have no value.
    constants : pair of str or None
        The only value of P, and of Q; None of a side that has several, or none.
    are_keys : bool
        Whether nearly all values are distinct and none is common to both sides.
    quantiles : tuple of Quantile
        Of numbers; empty of anything else.
    groups : pair of CrossTable or None
        The outcomes of P, and of Q, by groups of rows, if they were counted so.
    missing_shares : pair of float or None
        The part of the weight of P, and of Q, that rows without a value have; None where each row
        counts once.
    """

    p: NDArray[Any]
    q: NDArray[Any]
    kinds: tuple[Kind, Kind]
    labels: Sequence[str] | None = None
    column: str | None = None
    type: Type = "categorical"
    of_data: NDArray[np.bool_] | None = None
    rows: tuple[int, int] = (0, 0)
    missing: tuple[int, int] = (0, 0)
    constants: tuple[str | None, str | None] = (None, None)
    are_keys: bool = False
    quantiles: tuple[Quantile, ...] = ()
    groups: tuple[CrossTable | None, CrossTable | None] = (None, None)
    missing_shares: tuple[float, float] | None = None

    @property
    def weighs(self) -> bool:
        """Whether P and Q are what the rows of samples weigh, and no counts of them."""
        return self.missing_shares is not None

    @property
    def known(self) -> tuple[bool, bool]:
        """Whether P, and Q, is exactly known: its weights are not those of a sample."""
        if self.weighs:
            return False, False
        return self.kinds[0] != "counts", self.kinds[1] != "counts"

    @property
    def weights(self) -> tuple[Weights, Weights]:
        """What the rows of P, and of Q, weigh, outcome by outcome, where they do."""
        from kldiv_cli.core.inference.weighted import weights_of

        p, q = self.groups
        assert p is not None, "P has no weights"
        assert q is not None, "Q has no weights"
        return weights_of(p), weights_of(q)

    @property
    def is_batch(self) -> bool:
        """Whether a side has many rows, each of them a distribution."""
        return self.p.ndim > 1 or self.q.ndim > 1

    @property
    def names(self) -> Sequence[str]:
        """The labels of the outcomes, or their positions from 0."""
        return self.labels or tuple(map(str, range(self.p.shape[-1])))

    def names_where(self, which: NDArray[np.bool_]) -> tuple[str, ...]:
        """Return the names of the outcomes that a mask chooses."""
        if isinstance(self.labels, Texts):
            return tuple(self.labels.take(which))
        return tuple(compress(self.names, which.tolist()))

    @property
    def values(self) -> list[str]:
        """The labels of the outcomes that are values of the data, and not missing ones."""
        if self.of_data is None:
            return list(self.names)
        return [name for name, own in zip(self.names, self.of_data, strict=True) if own]

    @property
    def valued(self) -> NDArray[np.bool_]:
        """Which outcomes stand for values, and not for missing ones."""
        valued = np.ones(self.p.shape[-1], dtype=np.bool_)
        if self.type == "numeric":
            valued[-1] = self.names[-1] != counts.MISSING
        elif self.of_data is not None:
            valued = self.of_data
        return valued

    def support(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which outcomes have mass in P, and which in Q."""
        p, q = (
            np.asarray(side > (-np.inf if kind in LOG_KINDS else 0))
            for side, kind in zip((self.p, self.q), self.kinds, strict=True)
        )
        return p, q

    def swapped(self) -> Pair:
        """Return the pair with P and Q exchanged; the order of the outcomes is kept."""
        exchanged = self._replace(p=self.q, q=self.p, kinds=self.kinds[::-1])
        return exchanged._replace(
            rows=self.rows[::-1],
            missing=self.missing[::-1],
            missing_shares=self.missing_shares and self.missing_shares[::-1],
            constants=self.constants[::-1],
            groups=self.groups[::-1],
            quantiles=tuple(each.swapped() for each in self.quantiles),
        )

    def in_order_of_weights(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return P and Q in an order that depends neither on the rows' order nor on the sides'.

        Sums of doubles depend on the order of their terms in the last bit. Outcomes that are
        known by position keep it; labelled ones are sorted by their weights, and those of a
        batch by their labels.
        """
        if self.labels is None:
            return self.p, self.q
        if self.is_batch:
            order = np.array(sorted(range(len(self.labels)), key=self.labels.__getitem__))
            return self.p[..., order], self.q[..., order]
        # Exchanging the sides exchanges the two orders; the lesser sequence is taken.
        lesser = _precedes(np.sort(self.p), np.sort(self.q))
        order = _sorted(self.q, self.p) if lesser is False else _sorted(self.p, self.q)
        if lesser is None:
            by_q = _sorted(self.q, self.p)
            order = by_q if _precedes(self.q[order], self.p[by_q]) is False else order
        return self.p[order], self.q[order]


class Unpaired(NamedTuple):
    """A column of the first data set that cannot be compared with the second.

    Attributes
    ----------
    column : str
    code : {"column-missing", "type-changed"}
        The second data set has no such column, or one of another type.
    text : str
        The reason in words.
    rows : pair of int
        Rows of the column in the first data set and in the second.
    """

    column: str
    code: Literal["column-missing", "type-changed"]
    text: str
    rows: tuple[int, int]


def _sorted(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.intp]:
    """Return the order of outcomes by their first weight, and by the second where that ties."""
    if first.dtype.kind == second.dtype.kind == "i":
        size = int(second.max(initial=0)) + 1
        if int(first.max(initial=0)) * size < 2**62:
            return np.argsort(first * size + second)
    if first.dtype.kind != "O" != second.dtype.kind:
        return np.lexsort((second, first))
    keys = list(zip(first.tolist(), second.tolist(), strict=True))
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


def _precedes(one: NDArray[Any], other: NDArray[Any]) -> bool | None:
    """Return whether a sequence comes first in lexicographic order; None if they are equal."""
    differs = np.flatnonzero(one != other)
    return bool(one[differs[0]] < other[differs[0]]) if len(differs) else None


def labels_on_one_side(labelled: str, positional: str) -> str:
    """Return the reason why a side with labels cannot be paired with one that has none."""
    return (
        f"{labelled} has labels and {positional} has none:"
        " outcomes can be matched by label or by position, not by both"
    )


def outcomes_differ(p: tuple[str, int], q: tuple[str, int]) -> str:
    """Return why two sides cannot be matched by position: their names and numbers of outcomes."""
    sizes = f"{p[0]} has {p[1]} outcomes and {q[0]} has {q[1]}"
    return f"{sizes}, and there are no labels to match them by"


def rows_differ(p: tuple[str, int], q: tuple[str, int]) -> str:
    """Return why two batches cannot be compared: their names and numbers of rows."""
    return f"{p[0]} has {p[1]} rows and {q[0]} has {q[1]}; a batch is compared row by row"


def pair_distributions(p: Distribution, q: Distribution, column: str | None = None) -> Pair:
    """Return two distributions over the union of their outcomes, those of P first.

    Outcomes are matched by label whatever their order, or by position where neither side has
    labels. An outcome that one side does not name has no mass there: weight 0, or -inf among
    logits and log-probabilities. Bins are matched by their edges; see `with_common_bins`.

    Parameters
    ----------
    p, q : Distribution
        Weights of shape (K,) or (N, K).
    column : str, optional
        The column that was counted.

    Raises
    ------
    BinsDifferError
        If both sides are counted in bins, and these have different edges.
    ValueError
        If one side has labels and the other has none, or positional sides differ in length
        or in the number of rows.
    """
    q = with_common_bins(p, q)
    if (p.outcomes is None) != (q.outcomes is None):
        labelled, positional = (p, q) if q.outcomes is None else (q, p)
        raise ValueError(labels_on_one_side(labelled.name, positional.name))
    weights: tuple[NDArray[Any], NDArray[Any]] = p.weights, q.weights
    (labels, of_q), missing = _common_labels(p, q)
    if labels is None or of_q is None:
        _check_lengths(p, q)
    elif labels != of_q:
        every, places = union(labels, of_q)
        weights = (
            spread(p, np.arange(len(labels)), len(every)),
            spread(q, places, len(every)),
        )
        labels = every
    _check_rows(p, q)
    of_data = None
    if labels is not None and missing is not None:
        of_data = np.array([label != missing for label in labels])
    return Pair(
        *weights, (p.kind, q.kind), labels, column, of_data=of_data,
        rows=(p.rows_used, q.rows_used), missing=(p.missing, q.missing),
    )  # fmt: skip


def places_of_all(sides: Sequence[Distribution]) -> list[NDArray[np.intp]]:
    """Return which of the outcomes of several distributions together those of each are.

    They are matched as `pair_distributions` matches those of two.

    Parameters
    ----------
    sides : sequence of Distribution
        Any two of which can be paired.

    Raises
    ------
    BinsDifferError
        If two sides are counted in bins that have different edges.
    """
    if sides[0].outcomes is None:
        return [np.arange(side.weights.shape[-1]) for side in sides]
    alike: list[Distribution] = []
    for side in sides:
        alike.append(reduce(lambda one, other: with_common_bins(other, one), alike, side))
    labels, _ = _common_labels(*alike)
    at: dict[str, int] = {}
    return [
        np.array([at.setdefault(label, len(at)) for label in own or ()], dtype=np.intp)
        for own in labels
    ]


def _common_labels(*sides: Distribution) -> tuple[list[Sequence[str] | None], str | None]:
    """Return the labels of each side, and the label that stands for missing values in all.

    It is none of the other labels of any side.
    """
    if all(side.missing_label is None for side in sides):
        return [side.outcomes for side in sides], None
    given = [
        {label for label in side.outcomes or () if label != side.missing_label} for side in sides
    ]
    missing = counts.missing_label(set().union(*given))
    return [
        side.outcomes
        and tuple(missing if label == side.missing_label else label for label in side.outcomes)
        for side in sides
    ], missing


def with_common_bins(first: Distribution, second: Distribution) -> Distribution:
    """Return the second side with the labels of the first for bins that have equal edges.

    It is returned as it is where the outcomes of a side are no bins; see `intervals.matched`.
    Outcomes of several columns together have the bins of each column.

    Raises
    ------
    BinsDifferError
        If the bins of both sides have different edges.
    """
    if first.joint and second.joint:
        return _with_common_parts(first, second)
    ours, theirs = first.intervals, second.intervals
    if ours is None or theirs is None or first.outcomes == second.outcomes:
        return second
    empty = (_empty(first), _empty(second))
    names = (first.name, second.name)
    if names[0] == names[1]:
        names = ("the first side", "the second")
    found = intervals.matched(ours, theirs, empty, names)
    labels = _relabelled(first.outcomes or (), second.outcomes or (), found)
    return replace(second, outcomes=labels)


def _with_common_parts(first: Distribution, second: Distribution) -> Distribution:
    """See `with_common_bins`, for outcomes of several columns together."""
    from kldiv_cli.core.joint import respelt

    if first.outcomes == second.outcomes:
        return second
    spellings = []
    # There are none of a side whose values are all missing.
    for ours, theirs in zip(_columns(first), _columns(second), strict=False):
        spelt = with_common_bins(ours, theirs).outcomes or ()
        spellings.append(dict(zip(theirs.outcomes or (), spelt, strict=True)))
    if not spellings:
        return second
    labels = (
        label if label == second.missing_label else respelt(label, spellings)
        for label in second.outcomes or ()
    )
    return replace(second, outcomes=tuple(labels))


def _columns(side: Distribution) -> list[Distribution]:
    """Return the outcomes of each column by itself, with weights that tell which are empty."""
    from kldiv_cli.core.joint import columns_of

    pairs = zip(side.outcomes or (), _empty(side), strict=True)
    kept = {label: empty for label, empty in pairs if label != side.missing_label}
    found = []
    for column in columns_of(kept):
        filled = dict.fromkeys((part for part in column if part is not None), False)
        for part, empty in zip(column, kept.values(), strict=True):
            if part is not None:
                filled[part] |= not empty
        found.append(
            replace(
                side,
                kind="weights",
                outcomes=tuple(filled),
                weights=np.array(list(filled.values()), dtype=np.float64),
                intervals=intervals.of_labels(filled),
                joint=False,
            )
        )
    return found


def _empty(side: Distribution) -> list[bool]:
    """Return which outcomes have no mass."""
    least = -np.inf if side.kind in LOG_KINDS else 0
    empty: list[bool] = (np.atleast_2d(side.weights) == least).all(axis=0).tolist()
    return empty


def _relabelled(
    first: Sequence[str], second: Sequence[str], found: Sequence[int | None]
) -> tuple[str, ...]:
    """Return the labels of the second side, where it has an outcome of the first those of that."""
    return tuple(
        label if at is None else first[at] for label, at in zip(second, found, strict=True)
    )


def _check_rows(p: Distribution, q: Distribution) -> None:
    """Refuse batches that differ in the number of their rows."""
    if p.weights.ndim == q.weights.ndim == 2 and len(p.weights) != len(q.weights):
        raise ValueError(rows_differ((p.name, len(p.weights)), (q.name, len(q.weights))))


def _check_lengths(p: Distribution, q: Distribution) -> None:
    """Refuse positional sides that differ in the number or the arrangement of their outcomes."""
    if p.flattened and q.flattened and p.flattened != q.flattened:
        first, second = (" x ".join(map(str, side.flattened or ())) for side in (p, q))
        raise ValueError(f"the array of {p.name} is {first}, and that of {q.name} {second}")
    if p.weights.shape[-1] != q.weights.shape[-1]:
        sizes = (p.name, p.weights.shape[-1]), (q.name, q.weights.shape[-1])
        raise ValueError(outcomes_differ(*sizes))


def spread(side: Distribution, places: NDArray[np.intp], size: int) -> NDArray[Any]:
    """Return the weights of a side at their places in a common support of so many outcomes."""
    absent = -np.inf if side.kind in LOG_KINDS else 0
    shape = (*side.weights.shape[:-1], size)
    spread = np.full(shape, absent, dtype=side.weights.dtype)
    spread[..., places] = side.weights
    return spread


def pair_columns(
    first: Column,
    second: Column,
    *,
    bins: int | None = None,
    edges: tuple[float, ...] | None = None,
    type: Type | None = None,
    missing: Literal["category", "drop"] = "category",
    whose: tuple[str, str] = ("the reference", "the current side"),
) -> Pair:
    """Return two counted columns over one support; the first is P.

    Numbers meet in bins whose edges are quantiles of both columns together, or those that a
    column was counted with; at most 20 distinct integers are categories. Outcomes are matched
    by label, those of the first column first.

    Parameters
    ----------
    first, second : Column
        A column that is `Binned` decides the edges.
    bins : int, optional
        Number of bins before the tails are split; chosen by the rows if not given.
    edges : tuple of float, optional
        Bin edges given by the user.
    type : {"categorical", "numeric"}, optional
        The type that the user declares.
    missing : {"category", "drop"}
        Whether missing values are an outcome.
    whose : pair of str
        What messages call the side of the first column, and that of the second.

    Raises
    ------
    TypeChangedError
        If one column holds numbers and the other text, or only one of them booleans or dates.
    EdgesDifferError
        If both were counted before, with different edges, or with different outcomes pooled.
    """
    if type is None and types.changes(first, second):
        named = types.named_type(first), types.named_type(second)
        raise counts.type_changed(*zip(whose, named, strict=True))
    sides = counts.alike(*counts.constants_in_bins(first, second))
    if edges is None and type != "numeric":
        sides = counts.as_categories_where_few(*sides, forced=type == "categorical")
    p, q = sides
    if isinstance(p, Categories) and isinstance(q, Categories):
        pair = _categorical(p, q, missing, whose)
    elif isinstance(p, Categories) or isinstance(q, Categories):
        raise counts.type_changed((whose[0], p), (whose[1], q))
    else:
        pair = _numeric(p, q, bins, edges, missing)
    rows, missing_rows = (first.rows, second.rows), (first.missing, second.missing)
    constants = counts.constant(first), counts.constant(second)
    disjoint = not np.any((pair.p > 0) & (pair.q > 0) & pair.valued)
    are_keys = disjoint and counts.nearly_all_distinct(p) and counts.nearly_all_distinct(q)
    pair = pair._replace(
        column=first.name,
        rows=rows,
        missing=missing_rows,
        constants=constants,
        are_keys=are_keys,
    )
    return _weighed(pair, p, q)


def _weighed(pair: Pair, p: Column, q: Column) -> Pair:
    """Return the pair with what rows weigh in the place of how many they are, if they weigh."""
    missing, shares = [], []
    for column, table in zip((p, q), pair.groups, strict=True):
        weights, every = table and table.weights, column.grouped and column.grouped.weights
        if weights is None or every is None:
            return pair
        of_outcomes, of_values = weights[0], every[0]
        missing.append(float(of_values[-1] / of_values.sum()))
        # Where all that weighs anything has no value, there is nothing.
        shares.append(of_outcomes / (math.fsum(of_outcomes) or 1.0))
    kinds: tuple[Kind, Kind] = ("weights", "weights")
    both = missing[0], missing[1]
    return pair._replace(p=shares[0], q=shares[1], kinds=kinds, missing_shares=both)


def _categorical(
    p: Categories,
    q: Categories,
    missing: Literal["category", "drop"],
    whose: tuple[str, str],
) -> Pair:
    """Match outcomes by label; missing values come last."""
    counts.refuse_other_pools(p, q)
    if p.counts.keys() != q.counts.keys():
        q = _with_bins_of(p, q, whose)
    p, q = counts.pooled_like(p, q), counts.pooled_like(q, p)
    in_q = list(map(q.counts.get, p.counts, repeat(0)))
    new = {label: n for label, n in q.counts.items() if label not in p.counts}
    labels = [*p.counts, *new]
    in_p, in_q = [*p.counts.values(), *[0] * len(new)], [*in_q, *new.values()]
    of_data = [True] * len(labels)
    if missing == "category" and (p.missing or q.missing):
        labels.append(counts.missing_label(labels))
        in_p.append(p.missing)
        in_q.append(q.missing)
        of_data.append(False)
    at = {label: place for place, label in enumerate(labels)}
    at_missing = len(at) - 1 if len(of_data) > len(p.counts) + len(new) else -1
    return Pair(
        np.array(in_p, dtype=np.int64),
        np.array(in_q, dtype=np.int64),
        ("counts", "counts"),
        tuple(labels),
        type=p.type if p.type == q.type else "categorical",
        of_data=np.array(of_data, dtype=np.bool_),
        groups=(_crossed(p, at, at_missing), _crossed(q, at, at_missing)),
    )


def _crossed(column: Categories, at: Mapping[str, int], missing: int) -> CrossTable | None:
    """Return the outcomes of a column by groups, from the places of labels and missing values."""
    if column.grouped is None:
        return None
    places = [at.get(str(label), -1) for label in column.grouped.values]
    return column.grouped.over(places, missing, len(at))


def _with_bins_of(first: Categories, second: Categories, whose: tuple[str, str]) -> Categories:
    """Return the second column with the labels of the first for intervals that are equal.

    Rows need not have a value in every bin, so that an outer one may be on one side alone.
    """
    ours, theirs = intervals.of_labels(first.counts), intervals.of_labels(second.counts)
    if ours is None or theirs is None:
        return second
    found = intervals.matched(ours, theirs, None, whose)
    labels = _relabelled(list(first.counts), list(second.counts), found)
    named = dict(zip(second.counts, labels, strict=True))
    grouped = second.grouped and second.grouped.spelt(named.get)
    return second._replace(
        counts=dict(zip(labels, second.counts.values(), strict=True)), grouped=grouped
    )


def _numeric(
    p: Numbers | Binned,
    q: Numbers | Binned,
    bins: int | None,
    edges: tuple[float, ...] | None,
    missing: Literal["category", "drop"],
) -> Pair:
    """Count both columns in common bins; infinities and missing values have bins of their own."""
    given = {side.bins for side in (p, q) if isinstance(side, Binned)}
    if edges is not None:
        given.add(Bins(edges))
    quantiles: tuple[Quantile, ...] = ()
    if isinstance(p, Numbers) and isinstance(q, Numbers) and not given:
        given.add(counts.pooled_bins(p, q, bins=bins))
        quantiles = quantiles_of(p, q)
    if len(given) > 1:
        raise counts.EdgesDifferError("the two sides were counted with different edges")
    (chosen,) = given
    binned = counts.in_bins(p, chosen), counts.in_bins(q, chosen)
    in_p, in_q = (np.append(side.counts, side.missing) for side in binned)
    if not quantiles:
        # Where bins are known beforehand, an engine need not have kept the numbers.
        quantiles = quantiles_of(*binned)
    if missing == "drop":
        in_p[-1] = in_q[-1] = 0
    groups = _crossed_in(binned[0], missing), _crossed_in(binned[1], missing)
    labels = np.array(chosen.labels, dtype=object)
    regular = len(labels) - len(SPECIAL)
    # The bins for what is not a finite number are kept only where they hold rows.
    kept = (np.arange(len(labels)) < regular) | (in_p + in_q > 0)
    infinite = np.isin(labels, SPECIAL[:-1])
    places = np.where(kept, np.cumsum(kept) - 1, -1)
    size = int(np.count_nonzero(kept))
    return Pair(
        in_p[kept],
        in_q[kept],
        ("counts", "counts"),
        tuple(labels[kept]),
        type="numeric",
        of_data=infinite[kept],
        quantiles=quantiles,
        groups=(
            None if groups[0] is None else groups[0].merged(places, size),
            None if groups[1] is None else groups[1].merged(places, size),
        ),
    )


def _crossed_in(column: Binned, missing: Literal["drop", "category"]) -> CrossTable | None:
    """Return a column in bins by groups; all labels of the bins are outcomes."""
    if column.grouped is None:
        return None
    last = len(column.bins.labels) - 1
    return column.grouped.over(np.arange(last), last if missing == "category" else -1, last + 1)
