"""The picture of one column: its outcomes, with both shares of each and its part of D."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from kldiv_cli.core.binning import SPECIAL
from kldiv_cli.renderers.pictures.scales import ShareAxis, share_axis
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.report import Shares

MOST_BINS = 40
MOST_CATEGORIES = 20
MARK = 0.025
"""The width of a mark as a part of the axis; what is narrower cannot be seen beside it."""
NORMAL_QUANTILE = 1.959963984540054
"""Of 97.5 %, for intervals of 95 %."""

Move = Literal["more", "less", "same"]
"""Whether P gives an outcome more mass than Q, less, or the same."""


class Mark(NamedTuple):
    """The share of an outcome on one side.

    Attributes
    ----------
    share : float
    place : float
        On the axis of shares.
    whisker : pair of float or None
        Places of the limits of its 95 % interval; None where these are not wider than the mark,
        and of known probabilities.
    """

    share: float
    place: float
    whisker: tuple[float, float] | None


class Row(NamedTuple):
    """One outcome, or several that are drawn as one.

    Attributes
    ----------
    label : str
        Not yet safe to print.
    several : int
        How many outcomes it stands for.
    p, q : Mark
        The length from one to the other is abs(log(p/q)); no length where one share is 0.
    part : float
        Its part of D(P || Q), p log(p/q) - p + q, or the sum of the parts of several outcomes.
    length : float
        Its part in proportion to the largest finite one; infinite where the part is.
    percent : float or None
        Its part in per cent of D; None where D is 0 or infinite.
    move : {"more", "less", "same"}
    """

    label: str
    several: int
    p: Mark
    q: Mark
    part: float
    length: float
    percent: float | None
    move: Move

    @property
    def is_exclusive(self) -> bool:
        """Whether one side alone has mass, so that the ratio is 0 or infinite."""
        return (self.p.share > 0) != (self.q.share > 0)


class Outcomes(NamedTuple):
    """The outcomes of a column, from top to bottom.

    Attributes
    ----------
    p, q : str
        The names of the sides, not yet safe to print.
    unit : str
        Of the parts.
    rows : tuple of Row
        In their natural order if that of numbers, else the largest part first.
    axis : ShareAxis
    total : float
        The sum of all parts, which is D(P || Q) of the shares as they were counted.
    said : str
        Which outcomes are drawn together, in words; empty where none are.
    """

    p: str
    q: str
    unit: str
    rows: tuple[Row, ...]
    axis: ShareAxis
    total: float
    said: str

    def largest(self, most: int) -> Outcomes:
        """Return the picture of the rows with the largest parts, in their order."""
        ranked = sorted(range(len(self.rows)), key=lambda place: -self.rows[place].part)
        return self._replace(rows=tuple(self.rows[place] for place in sorted(ranked[:most])))


class _Group(NamedTuple):
    """Outcomes that are drawn as one: their label, how many they are, and a slice or a mask."""

    label: str
    several: int
    places: Any

    @classmethod
    def single(cls, shares: Shares, place: int) -> _Group:
        """Return the group of one outcome."""
        return cls(shares.labels[place], 1, slice(place, place + 1))


def outcomes(shares: Shares, p: str, q: str, unit: str) -> Outcomes:
    """Return the picture of the outcomes of a column.

    Bins stay in their order; of more than 40, adjacent ones are drawn as one, but never the first
    or the last. Of other outcomes the twenty with the largest parts are drawn, and the rest as
    one. Missing values are an outcome of their own, and the last. The part of outcomes that are
    drawn as one is the sum of their parts, so that the parts always add up to D.

    Parameters
    ----------
    shares : Shares
        All outcomes of the column.
    p, q : str
        The names of the sides.
    unit : str
        Of the parts.
    """
    groups, said = _bins(shares) if shares.ordered else _categories(shares)
    of_p, of_q = (
        [float(values[group.places].sum()) for group in groups] for values in (shares.p, shares.q)
    )
    parts = [math.fsum(shares.part[group.places].tolist()) for group in groups]
    sides = (of_p, shares.n_p), (of_q, shares.n_q)
    limits = [wilson(share, n)[0] for found, n in sides if _counted(n) for share in found]
    axis = share_axis((*of_p, *of_q, *filter(None, limits)))
    finite = [part for part in parts if math.isfinite(part)]
    largest, total = max(finite, default=0.0), math.fsum(parts)
    rows = []
    for group, p_share, q_share, part in zip(groups, of_p, of_q, parts, strict=True):
        row = Row(
            label=group.label,
            several=group.several,
            p=_mark(p_share, shares.n_p, axis),
            q=_mark(q_share, shares.n_q, axis),
            part=part,
            length=part / largest if part and largest else part,
            percent=100 * part / total if total and math.isfinite(total) else None,
            move="more" if p_share > q_share else "less" if p_share < q_share else "same",
        )
        rows.append(row)
    return Outcomes(p, q, unit, tuple(rows), axis, total, said)


def _bins(shares: Shares) -> tuple[list[_Group], str]:
    """Return the groups of bins that are drawn as one, and how many these are in words.

    The bins are in the order of their edges, with the outcomes of infinite and missing numbers
    before and after them.
    """
    labels = shares.labels
    first, last = 0, len(labels) - 1
    while labels[first] in SPECIAL:
        first += 1
    while labels[last] in SPECIAL or last == shares.missing:
        last -= 1
    count = last - first + 1
    if count <= MOST_BINS:
        return [_Group.single(shares, i) for i in range(len(labels))], ""
    before = [_Group.single(shares, i) for i in range(first + 1)]
    after = [_Group.single(shares, i) for i in range(last, len(labels))]
    step = -(-(count - 2) // (MOST_BINS - 2))
    merged = [slice(i, min(i + step, last)) for i in range(first + 1, last, step)]
    groups = [
        _Group(_merged(labels[some.start], labels[some.stop - 1]), some.stop - some.start, some)
        for some in merged
    ]
    said = f"{count} bins; up to {step} adjacent ones are drawn as one"
    return [*before, *groups, *after], said


def _merged(first: str, last: str) -> str:
    """Return the label of the bins from one to another: ``(1, 2]`` to ``(4, 5]`` is ``(1, 5]``."""
    if first == last:
        return first
    low, comma, _ = first.partition(", ")
    _, other, high = last.rpartition(", ")
    return f"{low}, {high}" if comma and other else f"{first} to {last}"


def _categories(shares: Shares) -> tuple[list[_Group], str]:
    """Return each outcome with a large part, all others as one, and what that is in words."""
    rest = [] if shares.missing is None else [shares.missing]
    held = (shares.p > 0) | (shares.q > 0)
    held[rest] = False
    places = held.nonzero()[0]
    count = len(places)
    # Infinite parts come first, the largest share first; ties keep the order of the support.
    keys = shares.part, shares.p * (shares.part == math.inf)
    if count > MOST_CATEGORIES + 1:
        for key in keys:
            places = places[key[places] >= _largest(key[places])]
    for key in reversed(keys):
        places = places[(-key[places]).argsort(kind="stable")]
    if count > MOST_CATEGORIES + 1:
        places = places[:MOST_CATEGORIES]
    groups = [_Group.single(shares, i) for i in places.tolist()]
    said = ""
    if others := count - len(places):
        held[places] = False
        groups.append(_Group(f"others ({others:,})", others, held))
        said = f"{len(places)} of {count:,} outcomes, the largest parts first"
    groups += [_Group.single(shares, i) for i in rest if shares.p[i] or shares.q[i]]
    return groups, said


def _largest(values: Any) -> float:
    """Return the least of the values that are among as many of the largest as are drawn."""
    place = max(len(values) - MOST_CATEGORIES, 0)
    parted = values.copy()
    parted.partition(place)
    return float(parted[place])


def _mark(share: float, n: float, axis: ShareAxis) -> Mark:
    """Return the mark of a share of `n` rows, with its whisker if that can be seen."""
    place = axis.place(share)
    if not _counted(n):
        return Mark(share, place, None)
    low, high = (axis.place(limit) for limit in wilson(share, n))
    seen = max(place - low, high - place) > MARK / 2
    return Mark(share, place, (low, high) if seen else None)


def _counted(n: float) -> bool:
    """Return whether `n` is a number of rows, and not the sign of known probabilities."""
    return 0 < n < math.inf


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return the 95 % interval of Wilson (1927) of a share of `n` independent rows.

    It is (s + z^2/2n -+ z sqrt(s(1-s)/n + z^2/4n^2)) / (1 + z^2/n).
    """
    spread = NORMAL_QUANTILE**2 / n
    middle = share + spread / 2
    half = math.sqrt(spread * share * (1 - share) + spread**2 / 4)
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (0.0 if share == 0 else max(low, 0.0)), (1.0 if share == 1 else min(high, 1.0))
