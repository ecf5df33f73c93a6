"""Rows of weights, taken in pieces that fit the cache."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kldiv_cli.core.kernel.elements import Work
from kldiv_cli.core.kernel.twofold import Floats, Twofold, two_sum

BLOCK = 16384
"""Elements in a piece: the eight buffers of a block fill the second-level cache."""
SMALL = 512
"""Up to so many elements buffers are not worth their while."""
SHORT = 64
"""Rows up to this length are added up by a matrix product, which is faster."""


def pieces(rows: int, outcomes: int) -> Iterator[tuple[slice, slice]]:
    """Cut into many whole rows, or into parts of one row."""
    if outcomes <= BLOCK:
        step = BLOCK // outcomes
        for start in range(0, rows, step):
            yield slice(start, min(start + step, rows)), slice(0, outcomes)
        return
    for row in range(rows):
        for start in range(0, outcomes, BLOCK):
            yield slice(row, row + 1), slice(start, min(start + BLOCK, outcomes))


class Buffers:
    """Buffers for blocks, cut to the shape that is asked for."""

    def __init__(self, size: int, count: int) -> None:
        small = size <= SMALL
        self._flat = None if small else [np.empty(min(size, BLOCK)) for _ in range(count)]
        self._bits = None if small else np.empty(min(size, BLOCK), bool)
        self._shape: tuple[int, ...] = ()
        self._cut: list[Floats | None] = [None] * count
        self._mask: NDArray[np.bool_] | None = None

    def __call__(self, shape: tuple[int, ...]) -> list[Floats | None]:
        if self._flat is not None and self._bits is not None and shape != self._shape:
            size = math.prod(shape)
            self._cut = [flat[:size].reshape(shape) for flat in self._flat]
            self._mask = self._bits[:size].reshape(shape)
            self._shape = shape
        return self._cut

    def work(self, shape: tuple[int, ...]) -> Work:
        """The buffers of `elements`."""
        cut = self(shape)
        return Work(*cut[:7], self._mask)


def row_sums(t: Floats) -> Floats:
    """The sum of every row of a block."""
    if t.shape[1] <= SHORT and t.shape[0] > 1:
        return t @ np.ones(t.shape[1])
    return np.add.reduce(t, axis=1)


class RowSums:
    """Named sums by row, gathered piece by piece; long rows are added up without error."""

    def __init__(self, rows: int, outcomes: int) -> None:
        self.rows = rows
        self._parts: dict[str, list[Floats]] = defaultdict(list)
        self._per_row = -(-outcomes // BLOCK)

    def add(self, name: str, sums: Floats) -> None:
        """Take the sums of the next piece."""
        self._parts[name].append(sums)

    def total(self) -> dict[str, Floats]:
        """Put the pieces together."""
        joined = {
            name: parts[0] if len(parts) == 1 else np.concatenate(parts)
            for name, parts in self._parts.items()
        }
        if self._per_row == 1:
            return joined
        return {
            name: np.array([math.fsum(row) for row in values.reshape(self.rows, -1)])
            for name, values in joined.items()
        }


class Weights:
    """Rows of weights of any real type, seen as doubles.

    Attributes
    ----------
    array : ndarray, shape (N, K)
        As they came.
    low : ndarray, shape (N, K), or None
        What Python integers have beyond the double in `array`.
    rows : ndarray of int, or None
        Which rows of `array` to take, in this order; None takes all.
    shift : ndarray, shape (N, 1), or None
        The power of two by which each row is to be multiplied.
    """

    def __init__(
        self,
        array: NDArray[np.generic],
        low: Floats | None = None,
        rows: NDArray[np.intp] | None = None,
        shift: NDArray[np.int32] | None = None,
    ) -> None:
        self.array = array
        self.low = low
        self.rows = rows
        self.shift = shift
        self.shape = (len(array) if rows is None else len(rows), array.shape[1])
        self.wide = array.dtype.kind in "iu" and array.dtype.itemsize == 8

    def take(self, rows: NDArray[np.intp]) -> Weights:
        """Only these rows."""
        if len(rows) == self.shape[0]:
            return self
        return Weights(self.array, self.low, rows, None if self.shift is None else self.shift[rows])

    def _cut(self, array: NDArray[np.generic], rows: slice, outcomes: slice) -> NDArray[np.generic]:
        return array[rows if self.rows is None else self.rows[rows], outcomes]

    def block(
        self, rows: slice, outcomes: slice, out: Floats | None
    ) -> tuple[Floats, Floats | None]:
        """One piece, contiguous: doubles, and what integers have beyond them."""
        raw = self._cut(self.array, rows, outcomes)
        low: Floats | None = None
        if raw.dtype == np.float64 and raw.flags.c_contiguous and raw.dtype.isnative:
            high: Floats = raw  # type: ignore[assignment]
        else:
            high = np.empty(raw.shape) if out is None else out
            np.copyto(high, raw)
            if self.wide and np.maximum.reduce(high, axis=None) >= 2.0**53:
                rest = raw & np.array(0xFFFFF, raw.dtype)  # type: ignore[operator]
                top, bottom = (raw - rest).astype(float), rest.astype(float)  # type: ignore[operator]
                low = bottom - (high - top)
        if self.low is not None:
            low = self._cut(self.low, rows, outcomes)  # type: ignore[assignment]
        if self.shift is not None:
            high = np.ldexp(high, self.shift[rows])
            low = None if low is None else np.ldexp(low, self.shift[rows])
        return high, low


def totals(weights: Weights) -> Twofold:
    """The sum of every row to about 90 bits.

    A row is cut in two at sigma, a power of two above its sum: the upper parts are whole
    multiples of a unit of which fewer than 2^53 add up, so their sum is exact; the lower
    parts are below sigma 2^-53 each, and rounding their sum is of no account.

    Raises
    ------
    NotWeightsError
        If a weight is negative or nan.
    """
    rows, outcomes = weights.shape
    buffers = Buffers(rows * outcomes, 3)
    parts = []
    for piece in pieces(rows, outcomes):
        shape = (piece[0].stop - piece[0].start, piece[1].stop - piece[1].start)
        into, upper, lower = buffers(shape)
        a, low = weights.block(*piece, into)
        require_weights(a)
        _, exponent = np.frexp(row_sums(a))
        sigma = np.ldexp(1.0, exponent + 2)[:, None]
        upper = np.add(a, sigma, out=upper)
        np.subtract(upper, sigma, out=upper)
        lower = np.subtract(a, upper, out=lower)
        if low is not None:
            np.add(lower, low, out=lower)
        parts.append(np.stack([row_sums(upper), row_sums(lower)], axis=-1))
    every = np.concatenate(parts)
    if outcomes <= BLOCK:
        return two_sum(every[:, 0], every[:, 1])
    by_row = every.reshape(rows, -1).tolist()
    high = [math.fsum(row) for row in by_row]
    low_ = [math.fsum([*row, -h]) for row, h in zip(by_row, high, strict=True)]
    return Twofold(np.array(high), np.array(low_))


class NotWeightsError(ValueError):
    """A weight is negative or nan, or a row adds up to nothing or to infinity."""


def require_weights(a: Floats) -> float:
    """Return the least weight; negative and nan stop here."""
    least = float(np.minimum.reduce(a, axis=None))
    if not least >= 0.0:
        raise NotWeightsError
    return least
