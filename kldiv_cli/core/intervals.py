"""Bins as outcomes: labels that are intervals, their edges, and the bins that two sides share.

Edges are equal where they differ by less than a billionth of the narrower bin beside them: an edge
that two programs computed in two ways is one edge, and no number that matters lies in between.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from kldiv_cli.core.counts import MISSING, EdgesDifferError
from kldiv_cli.core.numbers import MISSING_WORDS, infinity
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""How far apart equal edges may be, as a share of the narrower bin beside them."""
MISSING_LABELS = MISSING_WORDS | {"", MISSING}
"""Labels of the outcome that stands for missing values, beside intervals."""

_END = r"[+-]?(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|(?i:inf|infinity)|∞)"
_INTERVAL = rf"\s*([\[(\]])\s*({_END})\s*[,;]\s*({_END})\s*([\])\[])\s*"
# As DuckDB writes them: `1.0 < x <= 2.0`.
_RELATION = rf"\s*(?:({_END})\s*(<=?)\s*)?[A-Za-z_][A-Za-z0-9_.]*\s*(?:(<=?|>=?)\s*({_END}))?\s*"


class BinsDifferError(EdgesDifferError):
    """Two sides were counted in bins of their own, which are not the same."""


class Interval(NamedTuple):
    """The numbers between two edges, and which of these belong to it.

    Attributes
    ----------
    low, high : float
        The edges, the lower one first; -inf and inf where there is none.
    with_low, with_high : bool
        Whether it holds its edges.
    """

    low: float
    high: float
    with_low: bool
    with_high: bool

    @property
    def width(self) -> float:
        """The distance between its edges."""
        return self.high - self.low

    @property
    def label(self) -> str:
        """What reports call it: ``[0.5, 7)``, edges in their shortest form."""
        start = "[" if self.with_low and self.low > -math.inf else "("
        end = "]" if self.with_high and self.high < math.inf else ")"
        return f"{start}{edge_text(self.low)}, {edge_text(self.high)}{end}"


class Intervals(NamedTuple):
    """The bins of one side, one for each of its outcomes.

    Attributes
    ----------
    bins : tuple of Interval or None
        In the order of the outcomes; None for the one that stands for missing values.
    said : bool
        Whether the source says which of its edges a bin holds; it is assumed otherwise.
    bounds : bool
        The source tells upper edges alone, so that each bin begins where the one below it ends.
    across : Intervals, or None
        The bins along a second axis: the outcomes are then the cells of a grid, for each of `bins`
        those of the second axis.
    """

    bins: tuple[Interval | None, ...]
    said: bool = True
    bounds: bool = False
    across: Intervals | None = None

    @property
    def ordered(self) -> list[Interval]:
        """The bins by their edges."""
        return sorted(bin for bin in self.bins if bin is not None)

    @property
    def sizes(self) -> list[float]:
        """The widths of the bins, or the areas of the cells; of the missing values 0."""
        widths = [0.0 if bin is None else bin.width for bin in self.bins]
        return (
            widths if self.across is None else [w * v for w in widths for v in self.across.sizes]
        )

    @property
    def edges(self) -> tuple[float, ...]:
        """All edges, in their order."""
        return tuple(sorted({end for bin in self.ordered for end in (bin.low, bin.high)}))

    @property
    def closed_above(self) -> bool | None:
        """Whether the edge between two bins belongs to the lower one; None of a single bin."""
        ordered = self.ordered
        return ordered[0].with_high if len(ordered) > 1 else None

    def counts_of(
        self, values: Floats, repeats: NDArray[np.int64] | None = None
    ) -> tuple[list[int], list[tuple[str, int]]]:
        """Return how many numbers fall into each bin, and into intervals outside of all bins.

        Parameters
        ----------
        values : ndarray of float
            Without nan. An infinite number is in the outer bin that has no end, if there is one.
        repeats : ndarray of int64, optional
            How often each number occurs; once if not given.

        Returns
        -------
        counts : list of int
            In the order of `bins`.
        outside : list of pairs of str and int
            The labels and counts of the intervals that no bin covers, where they hold numbers;
            ``-inf`` and ``+inf`` are labels of their own.
        """
        import numpy as np

        cells = _cells(self.ordered)
        # A cell ends just below a number, or just above it.
        ends = [_end(cell) for cell in cells[:-1]]
        below = np.array([edge for edge, above in ends if not above], dtype=np.float64)
        above = np.array([edge for edge, above in ends if above], dtype=np.float64)
        place = np.searchsorted(below, values, side="right")
        place += np.searchsorted(above, values, side="left")
        known = {bin: i for i, bin in enumerate(self.bins) if bin is not None}
        names = [known.get(cell) for cell in cells]
        size = len(cells)
        for infinite, outer, mark in ((-math.inf, 0, size), (math.inf, size - 1, size + 1)):
            if names[outer] is None:
                place[values == infinite] = mark
        found = np.zeros(size + 2, dtype=np.int64)
        np.add.at(found, place, 1 if repeats is None else repeats)
        counts = [0] * len(self.bins)
        outside = []
        for cell, number, name in zip(cells, found.tolist(), names, strict=False):
            if name is not None:
                counts[name] = number
            elif number:
                outside.append((cell.label, number))
        marks = zip(("-inf", "+inf"), found[size:].tolist(), strict=True)
        return counts, [*outside, *((mark, number) for mark, number in marks if number)]


def edge_text(edge: float) -> str:
    """Return an edge in the shortest form that reads back as the same number."""
    return repr(float(edge) + 0.0).removesuffix(".0")


def parse(label: str) -> Interval | None:
    """Return the interval that a label denotes: ``(0, 1]``, ``[0,1)``, ``0 < x <= 1``.

    None of anything else, ranges such as ``18-24`` among it, and of an interval without numbers.
    """
    if "<" in label or ">" in label:
        return _of_relation(label)
    match = re.fullmatch(_INTERVAL, label) if "," in label or ";" in label else None
    if match is None:
        return None
    start, end = match[1], match[4]
    low, high = _number(match[2]), _number(match[3])
    if not low < high:
        return None
    # A bracket at an infinite end says nothing.
    with_low = start == "[" and low > -math.inf
    return Interval(low, high, with_low, end == "]" and high < math.inf)


def _of_relation(label: str) -> Interval | None:
    """Return the interval of numbers that a relation such as ``0 < x <= 1`` holds for."""
    match = re.fullmatch(_RELATION, label)
    if match is None:
        return None
    first, above, relation, second = match.groups()
    if (first is None and second is None) or (first is not None and ">" in (relation or "")):
        return None
    low, high = first or "-inf", second or "inf"
    with_low, with_high = above == "<=", relation == "<="
    if relation and relation[0] == ">":
        low, high, with_low, with_high = second, "inf", relation == ">=", False
    found = Interval(_number(low), _number(high), with_low, with_high)
    return found if found.low < found.high else None


def _number(text: str) -> float:
    infinite = infinity(text.replace("∞", "inf"))
    return float(text) + 0.0 if infinite is None else infinite


def of_labels(labels: Iterable[str], *, said: bool = True) -> Intervals | None:
    """Return the bins that labels denote; None if they are no bins.

    All labels must be intervals, but for that of the missing values. They must not overlap, and
    the edge between two must belong to one of them, as it does to half-open intervals: ``(1, 2)``
    and ``(3, 4)`` are pairs of numbers. The outermost edges may belong to their bins or not.
    """
    bins: list[Interval | None] = []
    for label in labels:
        found = parse(label)
        if found is None and (label not in MISSING_LABELS or None in bins):
            return None
        bins.append(found)
    intervals = Intervals(tuple(bins), said)
    return intervals if are_bins(intervals.ordered) else None


def are_bins(ordered: list[Interval]) -> bool:
    """Return whether intervals in order do not overlap, and one of two holds an edge between."""
    if len(ordered) < 2:
        return any(bin.with_low != bin.with_high or math.isinf(bin.width) for bin in ordered)
    return all(
        below.high <= bin.low and below.with_high != bin.with_low
        for below, bin in pairwise(ordered)
    )


def between(edges: Sequence[float], *, closed_above: bool = False) -> list[str]:
    """Return the labels of the bins between edges.

    The edge between two bins belongs to the upper one, as in NumPy, or with `closed_above` to the
    lower one, as in R; the outermost edges belong to their bins.
    """
    last = len(edges) - 2
    return [
        Interval(low, high, not closed_above or i == 0, closed_above or i == last).label
        for i, (low, high) in enumerate(pairwise(edges))
    ]


def _cells(ordered: list[Interval]) -> list[Interval]:
    """Return bins in order, and the intervals between and around them that no bin covers."""
    cells: list[Interval] = []
    edge, above = -math.inf, False
    for bin in ordered:
        # What precedes a bin ends where the bin begins.
        if edge < bin.low:
            cells.append(Interval(edge, bin.low, not above, not bin.with_low))
        cells.append(bin)
        edge, above = bin.high, bin.with_high
    if edge < math.inf:
        cells.append(Interval(edge, math.inf, not above, False))
    return cells


def _end(cell: Interval) -> tuple[float, bool]:
    return cell.high, cell.with_high


def matched(
    first: Intervals,
    second: Intervals,
    empty: tuple[Sequence[bool], Sequence[bool]] | None,
    names: tuple[str, str],
) -> list[int | None]:
    """Return for each bin of the second side the position of the same bin of the first, if any.

    A bin that a side leaves out is empty there, but not an outer one: the sides then end at
    different edges.

    Parameters
    ----------
    first, second : Intervals
        The bins of both sides.
    empty : pair of sequences of bool, or None
        Which bins hold nothing. An outer one without an end, as for what lies below or above all
        edges, need then not be on the other side. None where the outcomes are those that rows
        happen to have, and outer bins may be left out.
    names : pair of str
        What messages call the sides.

    Raises
    ------
    BinsDifferError
        If the sides have different edges.
    """
    from bisect import bisect_right

    if first.across is not None or second.across is not None:
        return _matched_cells(first, second, names)
    if first.said and second.said and None is not first.closed_above != second.closed_above:
        closed = second.closed_above
        if closed is not None:
            words = ("lower", "upper") if first.closed_above else ("upper", "lower")
            message = f"an edge between two bins belongs to the {words[0]} one in {names[0]}"
            raise BinsDifferError(f"{message}, and to the {words[1]} one in {names[1]}")
    if empty is not None:
        _check_ends(first, second, empty, names)
    if first.bounds and second.bounds:
        return _matched_bounds(first, second, names)
    ordered = first.ordered
    lows = [bin.low for bin in ordered]
    positions = {bin: i for i, bin in enumerate(first.bins)}
    found = []
    for bin in second.bins:
        if bin is None:
            found.append(positions.get(None))
            continue
        near = bisect_right(lows, bin.low)
        beside = ordered[max(near - 1, 0) : near + 1]
        same = next((mine for mine in beside if _same(mine, bin)), None)
        reached = ordered[max(near - 1, 0) : bisect_right(lows, bin.high)]
        other = next((mine for mine in reached if same is None and _overlap(mine, bin)), None)
        if other is not None:
            has, one = f"{names[0]} has the bin {other.label}", f"and {names[1]} {bin.label}"
            raise BinsDifferError(f"the edges of the bins differ: {has}, {one}")
        found.append(None if same is None else positions[same])
    return found


def _matched_cells(
    first: Intervals, second: Intervals, names: tuple[str, str]
) -> list[int | None]:
    """Return for each cell of the second side the position of the same cell of the first."""
    if first.across is None or second.across is None:
        one, two = names if second.across else names[::-1]
        raise BinsDifferError(f"{one} has the bins of one axis, and {two} those of two")
    down, across = (
        matched(mine, theirs, ([False] * len(mine.bins), [False] * len(theirs.bins)), names)
        for mine, theirs in (
            (first._replace(across=None), second._replace(across=None)),
            (first.across, second.across),
        )
    )
    width = len(first.across.bins)
    return [
        None if row is None or column is None else row * width + column
        for row in down
        for column in across
    ]


def _matched_bounds(
    first: Intervals, second: Intervals, names: tuple[str, str]
) -> list[int | None]:
    """Return for each bound of the second side the position of the same bound of the first.

    Either side may leave bounds out, but not both.
    """
    from bisect import bisect_right

    ours, theirs = first.ordered, second.ordered
    highs = [bin.high for bin in ours]
    positions = {bin: i for i, bin in enumerate(first.bins)}
    found: dict[Interval | None, int] = {}
    for bin in theirs:
        near = bisect_right(highs, bin.high)
        for mine in ours[max(near - 1, 0) : near + 1]:
            if _near(mine.high, bin.high, min(_scale(mine), _scale(bin))):
                found[bin] = positions[mine]
    if len(found) < min(len(ours), len(theirs)):
        has = [
            next(b.high for b in side if b not in known)
            for side, known in ((ours, {first.bins[i] for i in found.values()}), (theirs, found))
        ]
        message = f"{names[0]} has the bound {edge_text(has[0])}"
        message += f", and {names[1]} {edge_text(has[1])}"
        raise BinsDifferError(f"the edges of the bins differ: {message}")
    return [found.get(bin) for bin in second.bins]


def _check_ends(
    first: Intervals,
    second: Intervals,
    empty: tuple[Sequence[bool], Sequence[bool]],
    names: tuple[str, str],
) -> None:
    """Refuse sides whose bins do not reach from the same edge to the same edge."""
    sides = (first, second)
    kept = [side.ordered for side in sides]
    for end in (0, -1):
        outer = [bins[end] for bins in kept]
        bounds = [bin.high if end else bin.low for bin in outer]
        for i, side in enumerate(sides):
            # A bin for what is beyond the edges of the other side holds nothing.
            if (
                math.isinf(bounds[i])
                and not math.isinf(bounds[1 - i])
                and len(kept[i]) > 1
                and empty[i][side.bins.index(outer[i])]
            ):
                del kept[i][end]
    spans = [(bins[0].low, bins[-1].high) for bins in kept]
    scales = [
        min(_scale(a), _scale(b)) for a, b in ((kept[0][end], kept[1][end]) for end in (0, -1))
    ]
    if not all(map(_near, *spans, scales)):
        reach = [f"from {edge_text(low)} to {edge_text(high)}" for low, high in spans]
        message = f"the edges of the bins differ: those of {names[0]} reach {reach[0]}"
        raise BinsDifferError(f"{message}, those of {names[1]} {reach[1]}")


def _near(a: float, b: float, scale: float) -> bool:
    """Return whether two edges are equal, beside bins of which the narrower has that width."""
    if math.isinf(a) or math.isinf(b):
        return a == b
    return abs(a - b) <= max(TOLERANCE * scale, 4 * math.ulp(a))


def _scale(bin: Interval) -> float:
    """Return the width of a bin; of one without an end the size of its edge."""
    return bin.width if bin.width < math.inf else min(abs(bin.low), abs(bin.high))


def _same(one: Interval, other: Interval) -> bool:
    scale = min(_scale(one), _scale(other))
    return _near(one.low, other.low, scale) and _near(one.high, other.high, scale)


def _overlap(one: Interval, other: Interval) -> bool:
    shared = min(one.high, other.high) - max(one.low, other.low)
    return shared > TOLERANCE * min(_scale(one), _scale(other))
