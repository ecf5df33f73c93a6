"""Outcomes by segments: columns that are judged in each segment, and pairs that are parted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import judging
from kldiv_cli.core.chain import chain
from kldiv_cli.core.counts import missing_label
from kldiv_cli.core.findings import WORST_FIRST, BySegment, Findings, Segment
from kldiv_cli.core.inference.reasons import Reason, few_in_segment
from kldiv_cli.core.inference.samples import MIN_ROWS
from kldiv_cli.core.joint import parts_of
from kldiv_cli.core.report import Split
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.chain import Chain
    from kldiv_cli.core.findings import Finding
    from kldiv_cli.core.judging import Limits
    from kldiv_cli.core.pair import Pair

    Integers = NDArray[np.int64]
    Names = tuple[tuple[str | None, ...], tuple[str | None, ...]]


LEAST_EXPECTED = 5
"""Rows that the smallest segment is to expect of an outcome that is not a rare one."""


def judged(
    pairs: Sequence[Pair],
    names: Names,
    limits: Limits,
    *,
    top: int = 10,
    told: Callable[[int], object] = lambda done: None,
) -> BySegment:
    """Return the findings on columns and on their segments, which are corrected for together.

    One correction of Benjamini and Hochberg goes over all columns and all segments of each. A
    segment with fewer than 100 rows on a side cannot be decided, and takes no part in it.

    Parameters
    ----------
    pairs : sequence of Pair
        P is current, Q the reference; both were counted by groups, which are the segments.
    names : pair of tuple of (str or None)
        What the groups of P are called, and those of Q; None of rows without a segment.
    limits, top, told
        See `judging.judged`; the limits of shares are for whole columns.
    """
    segments, tables = _tables(pairs, names)
    tested = [
        (column, place)
        for column, (p, q) in enumerate(tables)
        for place in range(len(segments))
        if min(p[:, place].sum(), q[:, place].sum()) >= MIN_ROWS
    ]
    parts = [_part(pairs[column], tables[column], place) for column, place in tested]
    every = judging.judged(pairs, limits, segments=parts, top=top, told=told)
    found = dict(zip(tested, every[len(pairs) :], strict=True))
    splits, all_segments = [], []
    for column, (pair, (p, q)) in enumerate(zip(pairs, tables, strict=True)):
        title, rule = pair.column or "", _rule(p, q)
        splits.append(Split(title, rule.joint, rule.mix, rule.within))
        rows = p.sum(axis=0), q.sum(axis=0)
        for place, segment in enumerate(segments):
            n, m = int(rows[0][place]), int(rows[1][place])
            shares = rule.shares_q[place], rule.shares_p[place]
            facts = (title, segment, *shares, rule.parts[place])
            finding = found.get((column, place))
            all_segments.append(_decided(facts, finding) if finding else _undecided(facts, n, m))
    return BySegment(
        Findings(every[: len(pairs)]), tuple(splits), tuple(_worst_first(all_segments))
    )


class Parted(NamedTuple):
    """A pair of which the outcomes are those of segments, by its segments.

    Attributes
    ----------
    whole : Pair
        The outcomes, whatever their segment.
    names : tuple of str
        The segments, in the order in which they come.
    pairs : tuple of Pair
        Of each segment the outcomes that occur in it on either side.
    """

    whole: Pair
    names: tuple[str, ...]
    pairs: tuple[Pair, ...]


def parted(pair: Pair) -> Parted:
    """Return a pair by its segments.

    Parameters
    ----------
    pair : Pair
        Of counts, probabilities or weights, shape (K,). Its labels are those that
        `joint.joint_label` makes of a segment and an outcome.
    """
    cells = [(*parts_of(label), None, None)[:2] for label in pair.names]
    segments, in_segment = _numbered(segment for segment, _ in cells)
    outcomes, of_outcome = _numbered(outcome for _, outcome in cells)
    p, q = (_totals(side, of_outcome, len(outcomes)) for side in (pair.p, pair.q))
    of_data = np.array([outcome is not None for outcome in outcomes])
    labels = _named(outcomes)
    whole = pair._replace(p=p, q=q, labels=labels, of_data=None if of_data.all() else of_data)
    order = np.argsort(in_segment, kind="stable")
    ends = np.searchsorted(in_segment[order], np.arange(1, len(segments)))
    pairs = [
        pair._replace(
            p=pair.p[places],
            q=pair.q[places],
            labels=tuple(labels[place] for place in of_outcome[places]),
            of_data=of_data[of_outcome[places]],
        )
        for places in np.split(order, ends)
    ]
    return Parted(whole, _named(segments), tuple(pairs))


def _numbered(names: Iterable[str | None]) -> tuple[list[str | None], Integers]:
    """Return distinct names as they come, and for each name its number among them."""
    at: dict[str | None, int] = {}
    numbers = [at.setdefault(name, len(at)) for name in names]
    return list(at), np.array(numbers, dtype=np.int64)


def _named(names: Sequence[str | None]) -> tuple[str, ...]:
    """Return names, with one of its own in the place of None."""
    label = missing_label([name for name in names if name is not None])
    return tuple(label if name is None else name for name in names)


def _totals(weights: NDArray[Any], places: Integers, size: int) -> NDArray[Any]:
    """Return the sum of the weights at each place; those of integers are exact."""
    if weights.dtype.kind == "f":
        return np.bincount(places, weights, size)
    is_small = float(weights.sum(dtype=np.float64)) < 2**62
    found = np.zeros(size, dtype=np.int64 if is_small else object)
    np.add.at(found, places, weights.astype(found.dtype))
    return found


def _tables(
    pairs: Sequence[Pair], names: Names
) -> tuple[tuple[str, ...], list[tuple[Integers, Integers]]]:
    """Return the segments of both sides together, and P and Q of each pair by them.

    Those of Q come first, in their order, and rows without a segment last.
    """
    of_p, of_q = names
    every = [name for name in dict.fromkeys([*of_q, *of_p]) if name is not None]
    has_missing = None in of_p or None in of_q
    at: dict[str | None, int] = {name: place for place, name in enumerate(every)}
    at[None] = len(every)
    size = len(every) + has_missing
    tables = []
    for pair in pairs:
        sides = []
        for table, own in zip(pair.groups, names, strict=True):
            assert table is not None
            side = np.zeros((table.outcomes, size), dtype=np.int64)
            # Several groups of a side may be one segment, spelt in two ways.
            np.add.at(side.T, [at[name] for name in own], table.n.T)
            sides.append(side)
        tables.append((sides[0], sides[1]))
    return _named([*every, None][:size]), tables


def _rule(p: Integers, q: Integers) -> Chain:
    """Return the chain rule for the outcomes of a column, the rare ones together, by segments."""
    p, q = _rare_together(p, q)
    return chain(list(p.T), list(q.T))


def _rare_together(p: Integers, q: Integers) -> tuple[Integers, Integers]:
    """Return both sides with those outcomes as one that are too rare for the smallest segment.

    A segment that has none of them by chance would have an infinite part. They are rare by their
    share of both sides together; segments too small to be judged do not count.
    """
    rows = np.minimum(p.sum(axis=0), q.sum(axis=0))
    rows = rows[rows >= MIN_ROWS]
    if not len(rows):
        return p, q
    both = p.sum(axis=1) + q.sum(axis=1)
    rare = both / both.sum() * rows.min() < LEAST_EXPECTED
    p, q = (np.vstack([side[~rare], side[rare].sum(axis=0)]) for side in (p, q))
    return p, q


def _part(pair: Pair, table: tuple[Integers, Integers], place: int) -> Pair:
    """Return the pair of a column in one segment."""
    p, q = (side[:, place] for side in table)
    return pair._replace(
        p=p, q=q, rows=(int(p.sum()), int(q.sum())), missing=(0, 0), constants=(None, None),
        are_keys=False, quantiles=(), groups=(None, None),
    )  # fmt: skip


def _decided(facts: tuple[str, str, float, float, float], finding: Finding) -> Segment:
    """Return what is told of a segment that was judged."""
    known = finding._asdict()
    return Segment(*facts, **{name: known[name] for name in Segment._fields[len(facts) :]})


def _undecided(facts: tuple[str, str, float, float, float], n: int, m: int) -> Segment:
    """Return what is told of a segment with too few rows, or none on one side."""
    if not m:
        reason = Reason("segment-new", "the reference has no rows of this segment")
    elif not n:
        reason = Reason("segment-gone", "the current data have no rows of this segment")
    else:
        reason = few_in_segment(min(n, m))
    return Segment(*facts, "inconclusive", reason, n_reference=m, n_current=n)


def _worst_first(segments: Sequence[Segment]) -> list[Segment]:
    return sorted(segments, key=lambda one: (WORST_FIRST.index(one.verdict), -one.part))
