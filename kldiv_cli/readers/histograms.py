"""Histograms: n numbers beside n + 1 that strictly increase, in whatever a program keeps them.

The outcomes are the bins, whose labels are intervals. Densities become probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import intervals
from kldiv_cli.core.intervals import Interval, Intervals
from kldiv_cli.core.numbers import Number, infinity, is_number, with_point
from kldiv_cli.core.table import Batch, Faults
from kldiv_cli.errors import Fault, InputError, Note, Place, abridged
from kldiv_cli.readers.column_choice import WEIGHTS, plain_name
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.table import Path, Table
    from kldiv_cli.readers.column_choice import Columns
    from kldiv_cli.readers.layouts import Layout
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.outcomes import Weights

    Floats = NDArray[np.float64]
    Origin = Callable[[int], tuple[str | int, ...]]

EDGES = frozenset(
    "bin_edges edges bins breaks breakpoints boundaries bounds limits binedges".split()  # noqa: SIM905
)
"""Names of edges, where several arrays may be these."""
DENSITIES = frozenset({"density", "densities", "intensities", "pdf"})
DERIVED = DENSITIES | {
    "mids", "mid", "midpoints", "centers", "centres", "bin_centers", "bin_mids", "widths", "cdf",
}  # fmt: skip
"""Names of what follows from counts and edges."""
EXPLICIT = frozenset({"explicit_bounds", "explicitbounds"})
BOUNDS = EXPLICIT | {"bounds", "boundaries", "bucket_bounds", "bucketbounds", "thresholds"}
"""Names of the edges between bins whose first and last have no end, as of OpenTelemetry."""
NUMBERS = WEIGHTS | {"hist", "histogram", "bucket_counts", "bucketcounts"}
"""Names of numbers in bins, which are no edges."""
LOWER_AND_UPPER = (
    ("lo", "hi"), ("low", "high"), ("lower", "upper"), ("left", "right"), ("start", "end"),
    ("min", "max"), ("x0", "x1"), ("xmin", "xmax"), ("lower_bound", "upper_bound"),
    ("lower_edge", "upper_edge"), ("low_edge", "high_edge"), ("left_edge", "right_edge"),
)  # fmt: skip
"""Names of columns with the edges of a bin; a prefix that both have may stand before them."""
UPPER = frozenset(
    """
    le breakpoint break_point upper upper_bound upper_edge upperbound bin_hi bin_high bin_upper
    bin_end right_edge
    """.split()  # noqa: SIM905
)
"""Names of columns with the upper edge of a bin alone."""
TOLERANCE = 1e-6
"""How far from 1 the total of densities times widths may be."""
TIMES = " x "
"""Between the two bins of a cell."""
BIN = "bin"
"""The name of the column of bins that have two edges."""
MOST_MEMBERS = 1000
"""Members of the largest source that is searched for arrays beside each other."""
FEWEST = 2
"""Bins of the smallest histogram; with a single one there is nothing to compare."""


class Histogram(NamedTuple):
    """Bins with their weights.

    Attributes
    ----------
    labels : sequence of str
        The bins, or the categories of an axis.
    columns : mapping of str to ndarray or sequence
        One or more columns of weights, by their names.
    paths : mapping of str to function
        From the position of a weight to the names and positions that lead to it in the source.
    bins : bool
        The labels are bins of which the source tells the edges.
    weighted : bool
        The source says that its numbers add up weights, and are no counts of rows.
    notes : sequence of Note
        The choices that were made.
    """

    labels: Sequence[str]
    columns: Mapping[str, Any]
    paths: Mapping[str, Origin]
    bins: bool = True
    weighted: bool = False
    notes: Sequence[Note] = ()


# Arrays beside each other.


def in_arrays(
    arrays: Mapping[str, Any], weights: Sequence[str | None], source: str
) -> Histogram | None:
    """Return the histogram in named arrays; None if there is none.

    Parameters
    ----------
    arrays : mapping of str to ndarray or sequence
        Whatever is in the source; only sequences of numbers matter.
    weights : sequence of str or None
        The names of the numbers in the bins, where the user says them.
    source : str
        The name of the source in errors and notes.

    Raises
    ------
    InputError
        If several arrays may be the edges.
    """
    sizes = {name: len(values) for name, values in arrays.items() if _is_sequence(values)}
    beside = {size for size in sizes.values() if size + 1 in sizes.values()}
    if not beside:
        return None
    near = beside | {size + 1 for size in beside}
    floats = {
        name: found
        for name, size in sizes.items()
        if size in near and (found := floats_of(arrays[name])) is not None
    }
    asked = {name for name in weights if name is not None}
    in_bins = [
        name
        for name, numbers in floats.items()
        if len(numbers) >= FEWEST
        and plain_name(name) not in (DERIVED - DENSITIES) | EDGES | BOUNDS
        and (not asked or name in asked)
        and _are_weights(numbers)
    ]
    pairs = [
        (name, edges)
        for edges, ends in floats.items()
        if plain_name(edges) not in NUMBERS and _increase(ends)
        for name in in_bins
        if len(floats[name]) == len(ends) - 1
    ]
    if not pairs or not asked <= {name for name, _ in pairs}:
        return None
    edges = _edges_among(list(dict.fromkeys(edges for _, edges in pairs)), floats, pairs, source)
    names = [name for name, beside_it in pairs if beside_it == edges]
    if not asked:
        others = [name for name in sizes if name not in (*names, edges) and sizes[name] > 1]
        if any(
            plain_name(name) not in DERIVED and floats_of(arrays[name]) is not None
            for name in others
        ):
            return None
    direct = [name for name in names if name in asked or plain_name(name) not in DERIVED] or names
    notes = []
    if len(direct) < len(names):
        kept = abridged(f"'{name[:60]}'" for name in direct)
        left_out = abridged(f"'{name[:60]}'" for name in names if name not in direct)
        message = f"the weights are in {kept}, and {left_out} says the same of them"
        notes.append(Note("weights-chosen", message, source))
    labels = intervals.between(floats[edges].tolist(), closed_above=plain_name(edges) == "breaks")
    return Histogram(
        labels,
        {name: arrays[name] for name in direct},
        {name: partial(_path, name) for name in direct},
        notes=notes,
    )


def unnamed(values: Sequence[Any], source: str) -> dict[str, Any] | None:
    """Return arrays by their position if together they are a histogram as NumPy returns it.

    The numbers in the bins and the edges of these; or those in the cells of a grid, and the edges
    along both axes. None of anything else.
    """
    if not 2 <= len(values) <= 3:
        return None
    arrays = {str(i): array for i, array in enumerate(values)}
    found = in_arrays(arrays, (), source) if len(arrays) == 2 else in_grid(arrays, source)
    return None if found is None else arrays


def in_grid(arrays: Mapping[str, Any], source: str) -> Histogram | None:
    """Return the histogram of two axes that a matrix and two arrays of edges are.

    None if there is anything else, or these do not fit together, as `np.histogram2d` returns them.
    """
    grids = [name for name, values in arrays.items() if _is_grid(values)]
    if len(arrays) != 3 or len(grids) != 1:
        return None
    (name,) = grids
    edges = [
        floats_of(values) for key, values in arrays.items() if key != name and _is_sequence(values)
    ]
    rows = arrays[name]
    shape = (len(rows) + 1, len(rows[0]) + 1)
    if any(ends is None or not _increase(ends) for ends in edges) or shape != tuple(
        len(ends) for ends in edges if ends is not None
    ):
        return None
    down, across = (intervals.between(ends.tolist()) for ends in edges if ends is not None)
    labels = [f"{row}{TIMES}{column}" for row in down for column in across]
    width = len(across)
    message = f"the cells of '{name[:60]}' are the outcomes of one distribution, not its rows"
    return Histogram(
        labels,
        {
            name: [value for row in rows for value in row]
            if isinstance(rows, (list, tuple))
            else rows.ravel()
        },
        {name: lambda i: (name, *divmod(i, width))},
        notes=[Note("cells", message, source)],
    )


def _is_grid(values: Any) -> bool:
    """Return whether values are rows of equal length, two at least with two elements."""
    if isinstance(values, np.ndarray):
        return values.ndim == 2 and min(values.shape) > 1 and values.dtype.kind in "iuf"
    if not isinstance(values, (list, tuple)) or len(values) < 2:
        return False
    return all(isinstance(row, (list, tuple)) for row in values) and (
        len({len(row) for row in values}) == 1 and len(values[0]) > 1
    )


def _path(name: str, i: int) -> tuple[str | int, ...]:
    return name, i


def _edges_among(
    names: list[str], floats: Mapping[str, Floats], pairs: list[tuple[str, str]], source: str
) -> str:
    """Return the array that holds the edges."""
    first = floats[names[0]]
    if all(np.array_equal(floats[name], first) for name in names):
        return names[0]
    named = [name for name in names if plain_name(name) in EDGES]
    if len(named) == 1:
        return named[0]
    ways = abridged((f"{name[:60]!r} in bins of {edges[:60]!r}" for name, edges in pairs), 3)
    message = f"several arrays may be the edges of bins: {ways}"
    hint = "keep each histogram in a file of its own"
    raise InputError("which-edges", message, Place(source), hint=hint)


def floats_of(values: Any) -> Floats | None:
    """Return a sequence of real numbers as doubles; None of anything else.

    The first and the last may be infinite, and among values of JSON be words for it.
    """
    if isinstance(values, np.ndarray):
        return (
            values.astype(np.float64) if values.ndim == 1 and values.dtype.kind in "iuf" else None
        )
    last = len(values) - 1
    found = []
    for i, value in enumerate(values):
        number = _float(value, infinite=i in (0, last))
        if number is None:
            return None
        found.append(number)
    return np.array(found, dtype=np.float64)


def _float(value: Any, *, infinite: bool) -> float | None:
    if isinstance(value, str):
        if type(value) is Number and is_number(value):
            number = float(value)
            return None if math.isinf(number) else number
        return infinity(value) if infinite else None
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _is_sequence(values: Any) -> bool:
    return isinstance(values, (list, tuple)) or (
        isinstance(values, np.ndarray) and values.ndim == 1
    )


def _increase(edges: Floats) -> bool:
    return bool(np.all(edges[1:] > edges[:-1])) and bool(np.all(np.isfinite(edges[1:-1])))


def _are_weights(numbers: Floats) -> bool:
    return bool(np.all(np.isfinite(numbers) & (numbers >= 0)))


def layout_of(found: Histogram, members: Mapping[str, Any]) -> Layout:
    """Return a histogram as a table of its bins and their weights."""
    from kldiv_cli.readers.layouts import Column, Layout

    def path(origin: Origin, i: int) -> Path:
        ordinals: list[int] = []
        value: Any = members
        for step in origin(i):
            if isinstance(value, Mapping):
                ordinals.append(list(map(str, value)).index(str(step)))
                value = list(value.values())[ordinals[-1]]
            else:
                ordinals.append(int(step))
                value = value[ordinals[-1]]
        return tuple(ordinals)

    columns = [
        Column(name, cells, partial(path, found.paths[name]))
        for name, cells in found.columns.items()
    ]
    bins = Column(BIN, found.labels, columns[0].path)
    notes = tuple((note.code, note.message) for note in found.notes)
    return Layout("a histogram", [bins, *columns], notes=notes)


def no_raw_rows(source: str) -> InputError:
    """Return the error for a histogram that is taken for raw rows."""
    message = "this is a histogram, weights beside the edges of bins, and holds no raw rows"
    return InputError("is-a-histogram", message, Place(source), hint="--as counts")


# Objects of JSON, and mappings.


def in_object(
    members: Mapping[str, Any], weights: Sequence[str | None], source: str
) -> Histogram | None:
    """Return the histogram that a mapping is; None if it is none.

    Arrays beside each other, the partitions of Great Expectations, the axes and the storage of
    UHI (boost-histogram, hist), and the buckets of OpenTelemetry.

    Raises
    ------
    InputError
        If it is one that is not understood, or may be read in two ways.
    """
    if not any(map(_is_sequence, members.values())):
        return None
    plain = {plain_name(name): name for name in members}
    if "axes" in plain and isinstance(members.get("storage"), Mapping):
        return _of_axes(members, source)
    bounds = next((plain[name] for name in plain if name in BOUNDS), None)
    found = None if bounds is None else _of_bounds(members, bounds, source)
    if found is not None:
        return found
    grid = in_grid(members, source)
    if grid is not None:
        return grid
    tails = members.get("tail_weights")
    if not _is_sequence(tails):
        return in_arrays(members, weights, source)
    rest = {name: values for name, values in members.items() if name != "tail_weights"}
    found = in_arrays(rest, weights, source)
    return None if found is None else _with_tails(found, tails, source)


def _with_tails(found: Histogram, tails: Any, source: str) -> Histogram:
    """Return a partition with the weights below and above its bins as two outer bins."""
    numbers = floats_of(tails)
    if numbers is None or len(numbers) != 2:
        message = "'tail_weights' are two numbers, the weights below and above the bins"
        raise InputError("bad-histogram", message, Place(source))
    bins = [bin for bin in map(intervals.parse, found.labels) if bin]
    outer = (
        Interval(-math.inf, bins[0].low, with_low=False, with_high=not bins[0].with_low),
        Interval(bins[-1].high, math.inf, with_low=not bins[-1].with_high, with_high=False),
    )
    (name,) = found.columns
    labels, weights = list(found.labels), list(found.columns[name])
    paths: list[tuple[str | int, ...]] = [(name, i) for i in range(len(weights))]
    for at, bin in enumerate(outer):
        if math.isinf(bin.low) and math.isinf(bin.high):
            # The bins reach as far as numbers do, and nothing can be beyond.
            if numbers[at]:
                message = f"tail_weights[{at}] is beyond bins that have no end there"
                raise InputError("bad-histogram", message, Place(source))
            continue
        place = len(labels) if at else 0
        labels.insert(place, bin.label)
        weights.insert(place, tails[at])
        paths.insert(place, ("tail_weights", at))
    return found._replace(labels=labels, columns={name: weights}, paths={name: paths.__getitem__})


def _of_bounds(members: Mapping[str, Any], bounds: str, source: str) -> Histogram | None:
    """Return n counts beside the n - 1 edges between them, each of which is in the lower bin."""
    known = ("bucket_counts", "bucketcounts", "counts", "count", "hist", "values")
    names = [name for name in members if plain_name(name) in known and _is_sequence(members[name])]
    if not names or not _is_sequence(members[bounds]):
        return None
    counts, inner = names[0], floats_of(members[bounds])
    if plain_name(bounds) not in EXPLICIT and len(members[counts]) != len(members[bounds]) + 1:
        return None
    # Integers of 64 bits are text in the JSON of protocol buffers.
    values = [Number(v) if type(v) is str and is_number(v) else v for v in members[counts]]
    if inner is None or len(values) != len(inner) + 1 or not _increase(np.append(inner, math.inf)):
        message = f"'{counts}' are not one more than '{bounds}', which increase"
        raise InputError("bad-histogram", message, Place(source))
    edges = [-math.inf, *inner.tolist(), math.inf]
    labels = intervals.between(edges, closed_above=True)
    return Histogram(labels, {counts: values}, {counts: partial(_path, counts)})


def _of_axes(members: Mapping[str, Any], source: str) -> Histogram | None:
    """Return a histogram of UHI: a storage over one axis, whose flow bins are outer bins."""
    axes, storage = members["axes"], members["storage"]
    if not isinstance(axes, (list, tuple)) or not all(isinstance(axis, Mapping) for axis in axes):
        return None
    if len(axes) != 1:
        message = f"this is a histogram of {len(axes)} axes"
        hint = "project it on one axis, as h.project(0) does"
        raise InputError("bad-histogram", message, Place(source), hint=hint)
    kind, values = str(storage.get("type")), storage.get("values")
    if "mean" in kind or not _is_sequence(values) or "index" in storage:
        message = f"a histogram with a storage of type {kind[:40]!r} holds no list of weights"
        hint = "write it with a storage of type double, int or weighted, not sparse"
        raise InputError("bad-histogram", message, Place(source), hint=hint)
    labels, bins = _of_axis(axes[0], source)
    if len(labels) != len(values):
        message = f"the axis has {len(labels)} bins with those beyond its edges, and there are"
        raise InputError("bad-histogram", f"{message} {len(values)} values", Place(source))
    paths = {"values": lambda i: ("storage", "values", i)}
    weighted = _are_weighted(values, storage.get("variances"))
    return Histogram(labels, {"values": values}, paths, bins=bins, weighted=weighted)


def _are_weighted(values: Any, variances: Any) -> bool:
    """Return whether values add up weights that are not all 1: their squares add up otherwise."""
    if not _is_sequence(variances) or len(variances) != len(values):
        return False
    sums, squares = floats_of(values), floats_of(variances)
    return sums is not None and squares is not None and not np.array_equal(sums, squares)


def _of_axis(axis: Mapping[str, Any], source: str) -> tuple[list[str], bool]:
    """Return the labels of an axis of UHI, and whether these are bins."""
    kind = str(axis.get("type"))
    if kind == "boolean":
        return ["false", "true"], False
    categories = axis.get("categories")
    if kind.startswith("category") and isinstance(categories, (list, tuple)):
        labels = [str(category) for category in categories]
        return [*labels, *(["(other)"] if axis.get("flow") else [])], False
    edges: list[float] | None = None
    if kind == "regular":
        numbers = [_float(axis.get(name), infinite=False) for name in ("lower", "upper", "bins")]
        if None not in numbers and 0 < float(numbers[2] or 0) <= 10**7:
            edges = np.linspace(
                numbers[0] or 0.0, numbers[1] or 0.0, int(numbers[2] or 0) + 1
            ).tolist()
    elif kind == "variable" and _is_sequence(axis.get("edges")):
        found = floats_of(axis["edges"])
        edges = None if found is None else found.tolist()
    if not edges or len(edges) < 2 or not _increase(np.array(edges)) or axis.get("circular"):
        message = f"an axis of type {kind[:40]!r} is not understood"
        if axis.get("circular"):
            message = "a circular axis has no first and no last bin"
        raise InputError("bad-histogram", message, Place(source))
    ends = [-math.inf] if axis.get("underflow") and edges[0] > -math.inf else []
    tops = [math.inf] if axis.get("overflow") and edges[-1] < math.inf else []
    labels = [
        # What is on the last edge is beyond it.
        Interval(low, high, True, False).label
        for low, high in zip([*ends, *edges], [*edges[1 - len(ends) :], *tops], strict=False)
    ]
    return labels, True


# Tables.


OTHER_EDGE = Fault("bad-edge", "the edges of a bin are not those in its label")
ROUNDED = 1e-6
"""How far the edges in labels may be from those beside them: polars rounds to six digits."""
BAD_EDGE = Fault("bad-edge", "a bin does not have two numbers as its edges, the lower one first")


class BinColumns(NamedTuple):
    """The columns of a table that has two for the edges of its bins.

    Attributes
    ----------
    low, high : str or int
        Their keys in a batch; `low` is None where the bins have labels already, and `high` too
        where these tell all.
    bin : str or int
        The key of the column of bins.
    names : sequence of str
        The columns without the edges, with one for the bins.
    keys : sequence
        Their keys.
    decimal : {".", ","}
        The decimal mark of numbers.
    exact : dict of float to float, or None
        The upper edges of the labels so far, which may be rounded, and the edges themselves.
    """

    low: Any
    high: Any
    bin: Any
    names: Sequence[str]
    keys: Sequence[Any]
    decimal: str = "."
    exact: dict[float, float] | None = None

    def joined(self, batch: Batch, faults: Faults) -> Batch:
        """Return rows with the label of a bin in place of its edges."""
        if self.high is None:
            return batch._replace(columns={key: batch.columns[key] for key in self.keys})
        first = self.bin if self.low is None else self.low
        ends = zip(batch.columns[first], batch.columns[self.high], strict=True)
        labels = self.labels(ends, faults, lambda i: batch.place(i, self.high))
        columns = {k: labels if k == self.bin else batch.columns[k] for k in self.keys}
        place = batch.place
        return batch._replace(
            columns=columns, place=lambda i, key: place(i, first if key == self.bin else key)
        )

    def labels(
        self, ends: Iterable[tuple[Any, Any]], faults: Faults, place: Callable[[int], Place]
    ) -> list[Any]:
        """Return the labels of bins; a row without two edges is a fault, and gets a text, too.

        Parameters
        ----------
        ends : iterable of pairs
            Both edges of a bin; or its label, and its upper edge.
        faults : Faults
            Takes the rows without edges.
        place : function
            From a row to its place.
        """
        labels: list[Any] = []
        for i, (start, end) in enumerate(ends):
            if self.low is None:
                labels.append(self._exact_label(start, end))
                if labels[-1] is None and start is not None:
                    faults.add(OTHER_EDGE, partial(place, i))
                    labels[-1] = f"\0{i}"
                continue
            low, high = _edge(start, -math.inf, self.decimal), _edge(end, math.inf, self.decimal)
            if low is None or high is None or not low < high:
                faults.add(BAD_EDGE, partial(place, i))
                labels.append(f"\0{i}")
            else:
                labels.append(Interval(low, high, True, False).label)
        return labels

    def _exact_label(self, label: Any, upper: Any) -> Any:
        """Return the label of a bin with its upper edge as it is told beside the label.

        A lower edge is the upper one of another bin. None if the label has another edge; what is
        no bin stays as it is.
        """
        edge = _edge(upper, math.inf, self.decimal)
        ends = label[1:-1].split(",") if isinstance(label, str) else ()
        low, high = (_edge(end, math.inf, ".") for end in ends) if len(ends) == 2 else (None, None)
        if edge is None or low is None or high is None or label[0] not in "([":
            return label
        if edge != high and not abs(edge - high) <= ROUNDED * max(1.0, abs(edge)):
            return None
        known = self.exact if self.exact is not None else {}
        low = known.get(low, low)
        known[high] = edge
        if not low < edge:
            return None
        with_low, with_high = label[0] == "[", label[-1] == "]"
        found = Interval(low, edge, with_low and low > -math.inf, with_high and edge < math.inf)
        return label if intervals.parse(label) == found else found.label


def _edge(cell: Any, missing: float, decimal: str) -> float | None:
    """Return the edge that a cell denotes; an outer one may be left out."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return missing
    if not isinstance(cell, str):
        return _float(cell, infinite=True)
    word = with_point(cell, decimal).strip()
    return missing if not word else _float(Number(word), infinite=True)


def bin_columns(
    columns: Columns, wanted: Sequence[ReadOptions], table: Table
) -> BinColumns | None:
    """Return the columns of a table that hold the edges of bins; None if there are none.

    There are none where the user names the outcomes, or a column of text may hold them.
    """
    names = columns.names
    if names is None or any(option.label is not None for option in wanted):
        return None
    words = [word for option in wanted if (word := option.weight) is not None]
    if {"category"} < {*columns.plain} and (bounds := {*columns.plain} & _BREAKPOINTS):
        # The upper edges of the bins that the labels show, as polars writes them.
        keep = [i for i, name in enumerate(columns.plain) if name not in bounds]
        if len(keep) == len(columns) - 1 and not {*words} & {*names} - {names[i] for i in keep}:
            rest = [names[i] for i in keep], _at(columns.keys, keep)
            (upper,) = {*range(len(columns))} - {*keep}
            if columns.numeric[upper] == "none" or columns.plain.count("category") > 1:
                return BinColumns(None, None, None, *rest)
            keys, bin = columns.keys, columns.plain.index("category")
            return BinColumns(None, keys[upper], keys[bin], *rest, table.decimal, {})
        return None
    ends = _two_edges(columns.plain, [columns.has_numbers(i) for i in range(len(columns))])
    if ends is None or any(names[i] in words for i in ends):
        return None
    low, high = ends
    if any(columns.numeric[i] == "none" for i in range(len(columns)) if i not in ends):
        return None
    keep = [i for i in range(len(columns)) if i != high]
    title = names[low] if BIN in columns.plain else BIN
    key = columns.keys[low] if table.positional else title
    kept = [title if i == low else names[i] for i in keep]
    keys = [key if i == low else columns.keys[i] for i in keep]
    return BinColumns(columns.keys[low], columns.keys[high], key, kept, keys, table.decimal)


_BREAKPOINTS = frozenset({"breakpoint", "break_point"})


def name_edges(names: Sequence[str]) -> bool:
    """Return whether columns of these names hold the edges of bins, or their upper edges alone."""
    plain = [plain_name(name) for name in names]
    return bool(UPPER & {*plain}) or _two_edges(plain, [True] * len(plain)) is not None


def _at(values: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [values[i] for i in places]


def _two_edges(names: Sequence[str], numeric: Sequence[bool]) -> tuple[int, int] | None:
    """Return which columns are the lower and the upper edges of bins, by their names."""
    at = {name: i for i, name in enumerate(names) if numeric[i]}
    for name, i in at.items():
        for low, high in LOWER_AND_UPPER:
            prefix = name.removesuffix(low)
            begins = prefix in ("", "bin") or prefix.endswith(("_", ".", "-", " "))
            # A least and a greatest value are those of anything that was measured.
            begins = begins and (low != "min" or prefix.startswith("bin"))
            if name.endswith(low) and begins and prefix + high in at:
                return i, at[prefix + high]
        # As Vega calls them.
        if name.startswith("bin") and f"{name}_end" in at:
            return i, at[f"{name}_end"]
    return None


# Weights whose outcomes are bins.


def bins_of(found: Weights, source: str) -> Intervals | None:
    """Return the bins that the outcomes of weights are; None if they are none.

    Raises
    ------
    InputError
        If bins overlap, or the weights of bounds are cumulative.
    """
    labels = found.labels or ()
    title = plain_name(found.outcomes_in or "")
    # None stands for the missing values.
    first = next((label for label in labels if label is not None), None)
    if type(first) is not str:
        return None
    if title in UPPER:
        return _below_bounds(found, title, source)
    if found.from_edges and TIMES in first:
        return _cells([str(label) for label in labels])
    texts = ("" if label is None else label for label in labels)
    bins = intervals.of_labels(texts, said=not found.from_edges)
    if bins is None and found.from_edges:
        message = "the bins overlap"
        hint = "--label COLUMN names another column of outcomes"
        raise InputError("bad-edge", message, Place(source, name=found.outcomes_in), hint=hint)
    return bins


def _cells(labels: Sequence[str]) -> Intervals | None:
    """Return the bins of both axes of a grid, whose cells the labels are."""
    pairs = [label.split(TIMES) for label in labels]
    wide = next((i for i, pair in enumerate(pairs) if pair[0] != pairs[0][0]), len(pairs))
    axes = [pair[0] for pair in pairs[::wide]], [pair[1] for pair in pairs[:wide]]
    down, across = (intervals.of_labels(axis, said=False) for axis in axes)
    return None if down is None else down._replace(across=across)


def _below_bounds(found: Weights, title: str, source: str) -> Intervals | None:
    """Return the bins below upper bounds, each of which begins at the next lower one."""
    bounds = [_edge(label or "?", math.inf, ".") for label in found.labels or ()]
    if None in bounds or len({*bounds}) < len(bounds) or found.weights.ndim != 1:
        return None
    ends = np.array(bounds, dtype=np.float64)
    order = np.argsort(ends)
    rising = found.weights[order]
    if title == "le" and len(ends) > 1 and bool(np.all(rising[1:] >= rising[:-1])):
        raise cumulative(Place(source, name=found.outcomes_in))
    bins: list[Interval | None] = [None] * len(ends)
    low = -math.inf
    for i in order.tolist():
        bins[i] = Interval(low, float(ends[i]), False, True)
        low = float(ends[i])
    return None if ends[order[0]] == -math.inf else Intervals(tuple(bins), said=False, bounds=True)


def grid_of(bins: Intervals | None) -> tuple[int, int] | None:
    """Return the shape of the grid whose cells are outcomes; None if they are no cells."""
    return None if bins is None or bins.across is None else (len(bins.bins), len(bins.across.bins))


def masses(found: Weights, bins: Intervals, kind: str | None, source: str) -> Weights:
    """Return densities multiplied by the widths of their bins, and other weights as they are.

    They are densities where their sum times the widths is 1 and their sum is not, or where they
    are called so.
    """
    weights = found.weights
    if found.integers or weights.ndim != 1 or kind not in (None, "weights", "probabilities"):
        return found
    widths = np.array(bins.sizes)
    # An outer bin without an end has no density.
    widths[np.isinf(widths) & (weights == 0)] = 0.0
    if np.any(np.isinf(widths)) or abs(math.fsum(weights) - 1) <= TOLERANCE:
        return found
    products = weights.astype(np.float64) * widths
    if (
        abs(math.fsum(products) - 1) > TOLERANCE
        and plain_name(found.column or "") not in DENSITIES
    ):
        return found
    message = "the weights are densities, and were multiplied by the widths of the bins"
    note = Note("densities", message, source, repair=True)
    return found._replace(weights=products, notes=[*found.notes, note])


# Cumulative buckets.


def cumulative(place: Place) -> InputError:
    """Return the error for the buckets of Prometheus, each of which holds all lower ones."""
    message = "these are cumulative buckets (le), as Prometheus has them"
    hint = "subtract from each bucket the one below it; the differences are the counts"
    return InputError("cumulative", message, place, hint=hint)
