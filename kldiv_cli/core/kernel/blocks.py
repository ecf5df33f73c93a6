"""Rows of weights, cut into pieces that fit the cache."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Hashable, Iterator
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.kernel.elements import Work
from kldiv_cli.core.kernel.twofold import Array, Bools, Floats, Indices, Twofold, two_sum
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 32768
"""Outcomes in a piece: its buffers fill the second-level cache."""
SMALL = 512
"""Pieces up to this size need no buffers: NumPy allocates as fast."""
SHORT = 64
"""Rows up to this length are added up by a matrix product, which is faster."""
MANY_ROWS = 16384
"""So many short rows are worth one calculation by row,"""
SWATH = 8
"""and so many pieces at most, which the third-level cache holds if they are read again."""

_ONES = np.ones(SHORT)
HUGE_PAGE = 1 << 18
"""Doubles in a huge page of memory: the buffers of a whole piece but for these."""
APART: dict[str, type] = {"a": float, "b": float, "mask": bool}
SUBNORMAL = 2.0**-900
"""Weights below this are multiplied by a power of two before anything else."""


class NotWeightsError(ValueError):
    """A weight is negative or nan, or a row adds up to nothing or to infinity."""


class Piece(NamedTuple):
    """A part of a batch: many whole rows, or some outcomes of a single row."""

    rows: slice
    outcomes: slice
    shape: tuple[int, int]


def pieces(shape: tuple[int, int], whole: bool = False) -> Iterator[Piece]:
    """Cut N rows of K outcomes into pieces; the cut depends on nothing but the shape."""
    rows, outcomes = shape
    height, width = max(1, BLOCK // outcomes), outcomes if whole else min(BLOCK, outcomes)
    for top in range(0, rows, height):
        bottom = min(top + height, rows)
        for left in range(0, outcomes, width):
            right = min(left + width, outcomes)
            yield Piece(slice(top, bottom), slice(left, right), (bottom - top, right - left))


def bands(shape: tuple[int, int]) -> Iterator[list[Piece]]:
    """Cut rows as `pieces` does, and yield the pieces of the same rows together."""
    for _, band in groupby(pieces(shape), key=attrgetter("rows")):
        yield list(band)


def swaths(shape: tuple[int, int]) -> Iterator[list[Piece]]:
    """Cut rows as `pieces` does, and yield together the pieces of one row, or of many short ones.

    What is calculated once for every row, and not for every outcome, then costs fewer calls.  The
    first piece is by itself: it shows which attempt serves.
    """
    together = 1
    if shape[1] <= SHORT:
        together = max(1, min(SWATH, MANY_ROWS * shape[1] // BLOCK))
    found = bands(shape)
    yield next(found)
    while swath := list(chain.from_iterable(islice(found, together))):
        yield swath


class _Room(threading.local):
    """Memory that a thread keeps: new pages for every call would cost more than the work."""

    flat: list[Array] | None = None


_ROOM = _Room()


def _room(size: int) -> list[Array]:
    """Return memory for all intermediate results of a piece.

    What is calculated lies together, in a huge page of memory where the system has them, for
    which NumPy asks if an array is twice as large: buffers in pages that lie anywhere displace
    each other from the cache.
    """
    together = [name for name in Work._fields if name not in APART]
    memory = np.empty(len(together) * size + HUGE_PAGE)
    start = -memory.ctypes.data % (8 * HUGE_PAGE) // 8
    flats = memory[start : start + len(together) * size].reshape(-1, size)
    found: dict[str, Array] = dict(zip(together, flats, strict=True))
    found |= {name: np.empty(size, dtype) for name, dtype in APART.items()}
    return [found[name] for name in Work._fields]


class Buffers(dict[tuple[int, int], Work]):
    """Buffers for the intermediate results of one piece; NumPy allocates small ones."""

    def __missing__(self, shape: tuple[int, int]) -> Work:
        """Return the buffers in the shape of a piece."""
        size = math.prod(shape)
        if size <= SMALL:
            return Work()
        if size > BLOCK:
            flats = _room(size)
        else:
            flats = _ROOM.flat = _ROOM.flat or _room(BLOCK)
        self[shape] = Work(*(flat[:size].reshape(shape) for flat in flats))
        return self[shape]


def row_sums(t: Floats) -> Floats:
    """Add up every row of a piece."""
    rows, outcomes = t.shape
    if outcomes <= SHORT < rows:
        sums: Floats = t @ _ONES[:outcomes]
        return sums
    return np.asarray(np.add.reduce(t, axis=1))


class RowSums:
    """Named sums by row, gathered piece by piece; long rows are added up without error.

    Attributes
    ----------
    parts : mapping of names to ndarray, shape (N, pieces of a row)
        The sums of every piece; those that no piece brings are zero.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        parts = shape[0], -(-shape[1] // BLOCK)
        self.parts: defaultdict[Any, Floats] = defaultdict(lambda: np.zeros(parts))

    def add(self, name: Hashable, piece: Piece, terms: Floats) -> None:
        """Add up the terms of a piece."""
        self.parts[name][piece.rows, piece.outcomes.start // BLOCK] = row_sums(terms)

    def __getitem__(self, name: Hashable) -> Floats:
        parts = self.parts[name]
        if parts.shape[1] == 1:
            return parts[:, 0]
        return np.array([math.fsum(row) for row in parts.tolist()])


class Weights:
    """Rows of weights of any real type, read as doubles.

    Attributes
    ----------
    shape : (N, K)
    array : ndarray, shape (N, K)
        The weights as they were given.
    low : ndarray, shape (N, K), or None
        The part of Python integers beyond the doubles in `array`.
    rows : ndarray of int, or None
        Which rows to take, in this order; None takes all.
    shift : ndarray of int, shape (N, 1), or None
        The power of two by which each row taken is multiplied.
    integers : ndarray of object, shape (N, K), or None
        The Python integers themselves; `array` and `low` may be less, by rows of one unit.
    ready : bool
        Whether the numbers are doubles that need no conversion.
    """

    def __init__(
        self,
        array: Array,
        low: Floats | None = None,
        rows: Indices | None = None,
        shift: NDArray[np.int32] | None = None,
        integers: NDArray[np.object_] | None = None,
    ) -> None:
        self.array, self.low, self.integers = array, low, integers
        self.rows, self.shift = rows, shift
        self.shape = (len(array) if rows is None else len(rows), array.shape[1])
        self._totals: tuple[Twofold, Bools] | None = None
        self.ready = array.dtype == np.float64 and array.dtype.isnative
        self._wide = array.dtype.kind in "iu" and array.dtype.itemsize == 8

    def take(self, rows: Indices) -> Weights:
        """Return weights with these rows alone."""
        if len(rows) == self.shape[0]:
            return self
        among = rows if self.rows is None else self.rows[rows]
        taken = Weights(self.array, self.low, among, integers=self.integers)
        if self._totals is not None:
            (high, low), tiny = self._totals
            taken._totals = Twofold(high[rows], low[rows]), tiny[rows]
        return taken

    def shifted(self, shift: NDArray[np.int32]) -> Weights:
        """Return the weights with every row times its own power of two."""
        return Weights(self.array, self.low, self.rows, shift[:, None], self.integers)

    def totals(self) -> tuple[Twofold, Bools]:
        """Return the total of every row, added up once; see `totals`."""
        if self._totals is None:
            self._totals = totals(self)
        return self._totals

    def raw(self, piece: Piece) -> Array:
        """Return one piece of the weights as they were given."""
        return self._cut(self.array if self.integers is None else self.integers, piece)

    def _cut(self, source: Array, piece: Piece) -> Array:
        if self.rows is None:
            return source[piece.rows, piece.outcomes]
        rows = self.rows[piece.rows]
        if piece.shape[1] < source.shape[1] or not source.flags.c_contiguous:
            return source[rows, piece.outcomes]
        # Ten times as fast as an index where rows are short.
        return source.take(rows, axis=0)

    def ratios(self, row: int) -> list[int]:
        """Return a row as integers that are in the ratio of its weights, exactly."""
        row = row if self.rows is None else int(self.rows[row])
        if self.integers is not None:
            whole: list[int] = self.integers[row].tolist()
            return whole
        parts = [x.as_integer_ratio() for x in self.array[row].tolist()]
        unit = max(n for _, n in parts)
        return [m * (unit // n) for m, n in parts]

    def block(self, piece: Piece, out: Floats | None) -> tuple[Floats, Floats | None]:
        """Return one piece: contiguous doubles, and the part of integers beyond them."""
        raw = self._cut(self.array, piece)
        low = None if self.low is None else self._cut(self.low, piece)
        if self.ready and raw.flags.c_contiguous:
            high: Floats = raw
        else:
            high = np.empty(piece.shape) if out is None else out
            np.copyto(high, raw)
            if self._wide and np.maximum.reduce(high, axis=None) >= 2.0**53:
                # 43 and 20 bits, so that both parts are exact.
                rest = raw & np.array(0xFFFFF, raw.dtype)
                low = rest.astype(float) - (high - (raw - rest).astype(float))
        if self.shift is not None:
            high = np.ldexp(high, self.shift[piece.rows])
            low = None if low is None else np.ldexp(low, self.shift[piece.rows])
        return high, low


def totals(weights: Weights) -> tuple[Twofold, Bools]:
    """Return the total of every row to about 90 bits, and which rows have tiny weights.

    A row is cut in two at sigma, a power of two above its sum: the upper parts are whole
    multiples of a unit of which fewer than 2^53 add up, so their sum is exact; the lower
    parts are below sigma 2^-53 each, and rounding their sum is of no account.

    Raises
    ------
    NotWeightsError
        If a weight is negative or nan.
    """
    sums = RowSums(weights.shape)
    buffers = Buffers()
    tiny = np.zeros(weights.shape[0], bool)
    for piece in pieces(weights.shape):
        work = buffers[piece.shape]
        a, low = weights.block(piece, work.a)
        if require_weights(a) < SUBNORMAL:
            tiny[piece.rows] |= np.any((a > 0.0) & (a < SUBNORMAL), axis=1)
        _, exponent = np.frexp(row_sums(a))
        sigma = np.ldexp(1.0, exponent + 2)[:, None]
        upper = np.add(a, sigma, out=work.s)
        np.subtract(upper, sigma, out=upper)
        lower = np.subtract(a, upper, out=work.t)
        if low is not None:
            np.add(lower, low, out=lower)
        sums.add("upper", piece, upper)
        sums.add("lower", piece, lower)
    upper, lower = sums.parts["upper"], sums.parts["lower"]
    if upper.shape[1] == 1:
        return two_sum(upper[:, 0], lower[:, 0]), tiny
    parts = np.concatenate([upper, lower], axis=1).tolist()
    high = [math.fsum(row) for row in parts]
    rest = [math.fsum([*row, -h]) for row, h in zip(parts, high, strict=True)]
    return Twofold(np.array(high), np.array(rest)), tiny


def require_weights(a: Floats) -> float:
    """Return the least weight; refuse negative weights and nan."""
    least = float(np.minimum.reduce(a, axis=None))
    if not least >= 0.0:
        raise NotWeightsError
    return least
