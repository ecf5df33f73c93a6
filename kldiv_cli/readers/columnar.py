"""Columns of Arrow as batches of cells, each column made when it is asked for.

Cells are those of a data frame in memory. Both Parquet and Arrow IPC are read by PyArrow, of the
extra ``duckdb``, which is imported where a file is opened, and not before.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.numbers import EXACT, Number, as_written
from kldiv_cli.core.table import Batch, Bulk, Doubles, LazyColumns, Table, Tally
from kldiv_cli.errors import InputError, KldivError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Column = Callable[[int], pa.Array]
    """From the position of a column to its values in some rows."""
    Mask = NDArray[np.bool_] | None
    """Which rows are meant; all if None."""

ROWS = 8192
"""Rows of the first batch, whose cells say what the columns are …"""
MOST_ROWS = 1 << 17
"""… and of any other, …"""
MOST_VALUES = 1 << 22
"""… unless it has so many values."""
MOST_WORDS = 1 << 15
"""Words of a dictionary that are made at once, and not one by one as they occur."""
EXACT_POWER = 22
"""The largest power of ten that is a double."""
NO_VALUE = Number("NaN")
"""A number that is none, as JSON spells it: a missing value of raw rows, and no weight."""
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__").fullmatch


def table(
    schema: pa.Schema,
    pieces: Iterator[tuple[int, Column]],
    format_: str,
    source: str,
) -> Table:
    """Return rows of columns of Arrow as a table.

    Parameters
    ----------
    schema : pyarrow.Schema
        The names and the types of the columns.
    pieces : iterator of (int, function)
        The number of some rows, and what returns their columns; all rows, in order.
    format_ : str
        A key of `kldiv_cli.readers.FORMATS`.
    source : str
        The name of the source in errors.

    Raises
    ------
    InputError
        If there are no columns, or two are called alike; as the rows are read, also if their
        bytes are damaged.
    """
    with reading(format_, source):
        names = [name if name.strip() else f"column {i}" for i, name in enumerate(schema.names, 1)]
    if not names:
        raise InputError("no-columns", "this has no columns", Place(source))
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        message = f"{names.count(name)} columns are called {name[:60]!r}"
        raise InputError("duplicate-columns", message, Place(source), hint="rename one")
    positions = {name: i for i, name in enumerate(names)}
    index = [name for name in _index(schema) if name in positions]
    # An index that only counts the rows is no column of a data frame, either.
    kept = [name for name in index if _kind(schema.field(positions[name]).type) != "number"]
    has_row_names = len(index) == len(kept) == 1
    for name in index:
        position = positions.pop(name)
        if has_row_names:
            index = ["index"]
            positions = {"index": position, **positions}
    types = {name: _kind(schema.field(i).type) for name, i in positions.items()}
    return Table(
        format_,
        _batches(pieces, positions, format_, source),
        list(positions),
        typed=True,
        has_row_names=has_row_names,
        types=types,
    )


def slices(start: int, rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Yield how rows are divided into batches: where one starts, and how many rows it has.

    Parameters
    ----------
    start : int
        Rows before these.
    rows, columns : int
        How many there are.
    """
    done = 0
    while done < rows:
        most = max(ROWS, min(MOST_ROWS, MOST_VALUES // max(columns, 1)))
        size = min(most if start + done else ROWS, rows - done)
        yield done, size
        done += size


@contextmanager
def reading(format_: str, source: str) -> Iterator[None]:
    """Turn whatever PyArrow raises into an error that has a place.

    Raises
    ------
    InputError
        If anything fails but memory and the stack.
    """
    import pyarrow as pa

    name = format_.capitalize()
    code = _code(format_)
    try:
        yield
    except (KldivError, MemoryError, RecursionError):
        raise
    except NotImplementedError as error:
        message = f"this {name} file has what PyArrow {pa.__version__} cannot read"
        raise InputError(code, message, Place(source)) from error
    except Exception as error:
        message = f"this {name} file is damaged, or cut short"
        if "crypt" in str(error):
            message = f"this {name} file is encrypted"
        raise InputError(code, message, Place(source)) from error


def _code(format_: str) -> str:
    return "bad-arrow" if format_ == "arrow" else "bad-parquet"


def _index(schema: pa.Schema) -> list[str]:
    """Return the columns that are an index of pandas which has no name."""
    import json

    try:
        index = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (KeyError, TypeError, ValueError):
        return []
    return [name for name in index if isinstance(name, str) and _UNNAMED_INDEX(name)]


def _kind(type_: pa.DataType) -> str:
    """Return the kind of values that a type of Arrow has."""
    import pyarrow.types as of

    if str(type_) == "extension<arrow.bool8>":
        return "boolean"
    # Extensions, dictionaries and runs hold values of another type.
    while inner := getattr(type_, "storage_type", None) or (
        type_.value_type if of.is_dictionary(type_) or of.is_run_end_encoded(type_) else None
    ):
        type_ = inner
    kinds = (
        ("number", of.is_integer(type_) or of.is_floating(type_) or of.is_decimal(type_)),
        ("boolean", of.is_boolean(type_)),
        ("date", of.is_date(type_)),
        ("timestamp", of.is_timestamp(type_)),
        ("nested", of.is_nested(type_)),
    )
    if of.is_interval(type_):
        return "interval"
    word = re.split(r"[^a-z_]|_view", str(type_).removeprefix("large_"))[0]
    return next((kind for kind, is_so in kinds if is_so), word)


def _batches(
    pieces: Iterator[tuple[int, Column]], positions: Mapping[str, int], format_: str, source: str
) -> Iterator[Batch]:
    """Yield rows as cells, each column of which is made once."""
    start = 0
    wide: set[str] = set()
    while True:
        with reading(format_, source):
            size, column = next(pieces, (0, None))
        if column is None:
            return
        # Columns of a file are read forwards: each of them once.
        column = cache(column)
        cells = cache(partial(_cells, column, positions, format_, source))
        place = partial(_place, source, start)
        counting = _Counting(column, positions, format_, source, wide)
        bulk = Bulk(counting.tally, counting.doubles)
        yield Batch(LazyColumns(positions, cells), size, place, bulk=bulk)
        start += size


class _Counting:
    """The counting of values by PyArrow: only distinct ones become cells.

    Parameters
    ----------
    column, positions, format_, source
        See `_cells`.
    wide : set of str
        Columns that had hardly a value twice in a batch, which are not counted again.
    """

    def __init__(
        self,
        column: Column,
        positions: Mapping[str, int],
        format_: str,
        source: str,
        wide: set[str],
    ) -> None:
        self._column = column
        self._positions = positions
        self._format = format_
        self._source = source
        self._wide = wide

    def tally(self, name: str, kept: Mask) -> Tally | None:
        """Return the distinct cells of a column; see `Bulk`."""
        array = self._array(name, kept)
        found = None if array is None else self._counted(name, array)
        if found is None:
            return None
        values, counts = found
        cells = _cells(lambda _: values, self._positions, self._format, self._source, name)
        if any(type(cell) in (bytes, list, dict) for cell in cells):
            # The first of them is told by its row.
            return None
        return Tally(cells, counts.tolist())

    def doubles(self, name: str, kept: Mask) -> Doubles | None:
        """Return the numbers of a column; see `Bulk`."""
        array = self._array(name, kept)
        if array is None or not _has_doubles(array.type):
            return None
        values, counts = self._counted(name, array) or (array, None)
        with reading(self._format, self._source):
            doubles = _doubles(values)
        if doubles is None:
            return None
        missing = np.isnan(doubles)
        if counts is None:
            return Doubles(doubles[~missing], None, int(np.count_nonzero(missing)))
        return Doubles(doubles[~missing], counts[~missing], int(counts[missing].sum()))

    def _array(self, name: str, kept: Mask) -> pa.Array | None:
        """Return a column in the rows that are meant; None of types that PyArrow cannot filter."""
        import pyarrow as pa

        with reading(self._format, self._source):
            array = self._column(self._positions[name])
            try:
                return array if kept is None else array.filter(_of_bits(kept))
            except pa.ArrowNotImplementedError:
                return None

    def _counted(self, name: str, array: pa.Array) -> tuple[pa.Array, NDArray[np.int64]] | None:
        """Return distinct values and their counts; None where they are not worth it."""
        if name in self._wide or not len(array):
            return None
        with reading(self._format, self._source):
            values, counts = _value_counts(array) or (array, None)
        if counts is not None and 2 * len(counts) <= len(array):
            return values, counts
        if counts is None or len(array) > ROWS:
            self._wide.add(name)
        return None


def _place(source: str, start: int, i: int, name: str) -> Place:
    return Place(source, name=name, index=(start + i,))


def _cells(
    column: Column, positions: Mapping[str, int], format_: str, source: str, name: str
) -> list[Any]:
    """Return a column as cells; see `cells_of`."""
    with reading(format_, source):
        array = column(positions[name])
    return cells_of(array, Place(source, name=name), _code(format_))


def cells_of(array: pa.Array, here: Place, code: str) -> list[Any]:
    """Return values of Arrow as cells: text, numbers, None where one is missing, or what is none.

    Parameters
    ----------
    array : pyarrow.Array
        The values of a column.
    here : Place
        The column.
    code : str
        Of the error.

    Raises
    ------
    InputError
        If Python has no object for a value.
    """
    from kldiv_cli.readers.values import cell_of, size_of_floats, written

    name = here.name or ""
    try:
        values = _values(array)
    except (ValueError, OverflowError, LookupError) as error:
        message = (
            f"column {name[:60]!r} of type {str(array.type)[:60]} has a value that Python has"
        )
        message += " no object for"
        raise InputError(code, message, here) from error
    kind = _kind(array.type)
    if kind in ("string", "null"):
        return values
    if kind == "number":
        return _numbers(written(values, size_of_floats(array)))
    if kind in ("nested", "interval") or any(type(value) is bytes for value in values):
        # These are refused where they are wanted, as such values of JSON are.
        return [list(value) if isinstance(value, tuple) else value for value in values]
    if kind in ("boolean", "date"):
        known = {value: cell_of(value, 0, here) for value in {*values}}
        return [known[value] for value in values]
    # Two times of an hour that the clock shows twice are equal to Python.
    return [cell_of(value, i, here) for i, value in enumerate(values)]


def _value_counts(array: pa.Array) -> tuple[pa.Array, NDArray[np.int64]] | None:
    """Return the distinct values in the order in which they first occur, and their counts.

    None of types whose values PyArrow does not compare.
    """
    import pyarrow as pa
    import pyarrow.types as of

    if of.is_dictionary(array.type):
        keys, counts = _value_counts(array.indices) or (array.indices, None)
        found = pa.DictionaryArray.from_arrays(keys, array.dictionary)
        return None if counts is None else (found, counts)
    plain = array
    if of.is_floating(array.type):
        # Neither zeros of both signs nor what is no number are one value by their bits.
        plain = array.view(f"int{array.type.bit_width}")
    try:
        counted = plain.value_counts()
    except pa.ArrowNotImplementedError:
        return None
    values, counts = counted.flatten()
    return values.view(array.type) if plain is not array else values, _plain(counts)


def _has_doubles(type_: pa.DataType) -> bool:
    """Return whether values are numbers of which `_doubles` makes doubles, as a rule."""
    import pyarrow.types as of

    return bool(of.is_integer(type_) or of.is_floating(type_) or of.is_decimal128(type_))


def _doubles(array: pa.Array) -> NDArray[np.float64] | None:
    """Return the doubles next to numbers, nan where one is missing; None where one is not sure."""
    import pyarrow.types as of

    if not of.is_decimal(array.type):
        return np.where(_missing(array), np.nan, as_written(_plain(array)))
    # A decimal is an integer of 128 bits, and the power of ten that it is divided by.
    scale, offset = array.type.scale, array.offset
    if not 0 <= scale <= EXACT_POWER or array.buffers()[1] is None:
        return None
    halves = np.frombuffer(array.buffers()[1], "<i8")[2 * offset : 2 * (offset + len(array))]
    low, high = halves[::2], halves[1::2]
    missing = _missing(array)
    is_small = (high == low >> 63) & (low > -EXACT) & (low < EXACT)
    if not (is_small | missing).all():
        return None
    # Both are exact, so that the quotient is the double next to the decimal.
    return np.where(missing, np.nan, low / 10.0**scale)


# To make an array of NumPy, or to take one, PyArrow would import pandas, where it is installed.


def _plain(array: pa.Array) -> NDArray[Any]:
    """Return the numbers of an array; where one is missing, any."""
    dtype = np.dtype(array.type.to_pandas_dtype())
    buffer, start = array.buffers()[1], array.offset
    if buffer is None or not buffer.size:
        return np.zeros(len(array), dtype)
    return np.frombuffer(buffer, dtype)[start : start + len(array)]


def _missing(array: pa.Array) -> NDArray[np.bool_]:
    """Return which values of an array are missing."""
    found = array.is_null()
    bits = np.frombuffer(found.buffers()[1] or b"", np.uint8)
    whole = np.unpackbits(bits, count=found.offset + len(found), bitorder="little")
    return whole[found.offset :].astype(np.bool_)


def _of_bits(mask: NDArray[np.bool_]) -> pa.Array:
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, bits])


def _numbers(values: Sequence[Any]) -> list[Any]:
    """Return numbers as cells."""
    cells: list[Any] = list(map(Number, map(str, values)))
    for i, value in enumerate(values):
        if value is None:
            cells[i] = None
        elif value != value:
            cells[i] = NO_VALUE
    return cells


def _values(array: pa.Array) -> list[Any]:
    """Return the values of a column as objects of Python."""
    import pyarrow.types as of

    if of.is_dictionary(array.type):
        keys, dictionary = array.indices.to_pylist(), array.dictionary
        if len(dictionary) <= MOST_WORDS:
            known = dict(enumerate(_values(dictionary)))
        else:
            known = {key: _values(dictionary.slice(key, 1))[0] for key in {*keys} - {None}}
        return [None if key is None else known[key] for key in keys]
    if getattr(array.type, "unit", "") == "ns":
        return _of_nanoseconds(array)
    values: list[Any] = array.to_pylist()
    return values


def _of_nanoseconds(array: pa.Array) -> list[Any]:
    """Return times, which Python knows to the microsecond, as text where they are finer."""
    import pyarrow as pa
    import pyarrow.types as of

    from kldiv_cli.readers.values import finer

    coarse = pa.time64("us") if of.is_time(array.type) else pa.duration("us")
    if of.is_timestamp(array.type):
        coarse = pa.timestamp("us", array.type.tz)
    whole = array.view(pa.int64()).to_pylist()
    micros = [None if value is None else value // 1000 for value in whole]
    times = pa.array(micros, coarse).to_pylist()
    rests = [None if value is None else value % 1000 for value in whole]
    return [finer(time, rest) if rest else time for time, rest in zip(times, rests, strict=True)]
