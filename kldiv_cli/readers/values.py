"""Columns of raw values that are held in memory: arrays, sequences, columns of data frames."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.numbers import EXACT, Number, as_written
from kldiv_cli.errors import Fault, InputError, KldivError, Note, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Matrix


_SAMPLES = "--as samples if the elements are raw values"
TYPES = {
    "b": "booleans",
    "c": "complex numbers",
    "M": "dates",
    "m": "time differences",
    "U": "text",
    "T": "text",
    "S": "bytes",
    "V": "records",
    "O": "Python objects",
}
"""The kinds of elements that are no weights, and what messages call them …"""
REMEDIES = {
    "b": _SAMPLES,
    "M": "--as samples --column 0 if the elements are raw values",
    "U": _SAMPLES,
    "S": "save them as text, with .astype(str)",
    "V": "save one field of the records as an array of its own",
    "O": "save the numbers as integers or floats; objects are never unpickled",
}
"""… and what to do about them."""
WIDE = 100
"""Columns of an array of floats from on which they may be a vocabulary."""
BARE = {
    1: Fault("bad-dtype", "may be float8", "save them as float32, with .astype('float32')"),
    2: Fault("bad-dtype", "may be bfloat16", "--dtype bfloat16 if they are"),
}
"""What elements may be of which a file tells the size in bytes alone, and what to do then."""

_UNITS = frozenset(("W", "D", "h", "m", "s", "ms", "us", "ns"))
"""The units of time differences that Python has, too."""
_SECONDS = re.compile(r"(.*?\d:\d\d:\d\d)(\.\d{6})?(.*)").fullmatch


def check_type(dtype: np.dtype[Any] | None, here: Place, *, raw: bool = False) -> None:
    """Refuse elements that are no numbers, or no raw values, by their type, if that is known.

    Raises
    ------
    InputError
        If elements of this type are no weights, or raw values.
    """
    if dtype is None or dtype.kind in ("iufbUM" if raw else "iuf"):
        return
    if dtype.kind == "V" and dtype.names is None and dtype.itemsize in BARE:
        fault = BARE[dtype.itemsize]
        message = f"elements of type {dtype} {fault.message}, which the file does not say"
        raise InputError(fault.code, message, here, hint=fault.hint)
    meaning, hint = TYPES.get(dtype.kind, "no numbers"), REMEDIES.get(dtype.kind, "")
    wanted = "raw values" if raw else "weights"
    message = f"elements of type {str(dtype)[:60]} are {meaning}, not {wanted}"
    raise InputError(
        "bad-dtype", message, here, hint="" if raw and "--as samples" in hint else hint
    )


def refuse_coded(matrix: Matrix, here: Place, hint: str = "") -> None:
    """Refuse what a language model predicts where a single distribution, or raw rows, are wanted.

    The hint is for base files, in which each row has all tokens.

    Raises
    ------
    InputError
        If the rows of the matrix are such.
    """
    if matrix.coding is not None:
        message = "a base file of llama.cpp is compared with another, or with logits in an array,"
        message += " row by row"
        raise InputError("coded-rows", message, here, hint=hint)
    if matrix.tops is not None:
        message = "the likeliest tokens of a text are compared with those by another model"
        raise InputError("coded-rows", message, here, hint=hint)


def named_columns(name: str, array: NDArray[Any], here: Place) -> list[tuple[str, Any]]:
    """Return the columns of an array that has a name: NAME, or NAME.0, NAME.1 and so on.

    Raises
    ------
    InputError
        As `columns_of` does.
    """
    return [
        (name if array.ndim == 1 else f"{name}.{index}", column)
        for index, column in columns_of(array, here)
    ]


def wide_noted(values: Any, source: str) -> Iterator[Note]:
    """Yield a note on an array of so many columns of floats that they may be a vocabulary."""
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f" or values.ndim != 2:
        return
    if values.shape[1] >= WIDE:
        what = f"{values.shape[1]} columns of raw values, and no logits"
        yield Note("wide-array", f"an array of shape {values.shape} is {what}", source)


def columns_of(values: Any, here: Place) -> list[tuple[str, Any]]:
    """Return the columns of an array, of records or of rows, which are 0, 1 and so on.

    Raises
    ------
    InputError
        If an array has neither one dimension nor two, or rows differ in length.
    """
    if isinstance(values, np.ndarray):
        if values.ndim not in (1, 2):
            shape = str(values.shape)[:80]
            message = f"an array of shape {shape} is no table: that has two dimensions"
            hint = "--as logits if it is what a model predicts" if values.ndim > 2 else ""
            raise InputError("bad-shape", message, here, hint=hint)
        wide = values.reshape(len(values), -1) if values.size else values.reshape(0, 1)
        return [(str(index), wide[:, index]) for index in range(wide.shape[1])]
    if isinstance(values, Sequence) and values:
        if all(isinstance(row, Mapping) for row in values):
            titles = dict.fromkeys(title for row in values for title in row)
            return [(str(title), [row.get(title) for row in values]) for title in titles]
        if all(isinstance(row, (list, tuple)) for row in values):
            if len(set(map(len, values))) > 1:
                raise InputError("ragged-row", "the rows differ in length", here)
            columns = map(list, zip(*values, strict=True))
            return [(str(index), column) for index, column in enumerate(columns)]
    return [("0", values)]


@contextmanager
def foreign(here: Place) -> Iterator[None]:
    """Turn whatever fails in an object of another library into an error that has a place.

    Raises
    ------
    InputError
        If anything fails but memory and the stack.
    """
    try:
        yield
    except (KldivError, MemoryError, RecursionError):
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".rstrip(": ")[:200]
        hint = "pass a list, an array or a data frame of plain values"
        raise InputError("bad-object", f"this cannot be read: {said}", here, hint=hint) from error


def numbers_of(column: Any, here: Place) -> NDArray[Any] | None:
    """Return a column of numbers as doubles, nan where one is missing; None of anything else.

    Integers that doubles do not tell apart are none of these numbers.

    Raises
    ------
    InputError
        If the object fails when it is asked for its values.
    """
    with foreign(here):
        return _numbers_of(column)


def _numbers_of(column: Any) -> NDArray[Any] | None:
    of = library_of(column)
    type_ = getattr(column, "dtype", None)
    if of == "pyarrow":
        words = ("int", "uint", "float", "double", "halffloat")
        if not str(column.type).startswith(words):
            return None
        whole = "int" in str(column.type)
        numbers = as_written(np.asarray(column.to_numpy(zero_copy_only=False)))
    elif of == "polars":
        if not column.dtype.is_numeric():
            return None
        whole = column.dtype.is_integer()
        # NumPy has no integers of 128 bits.
        column = column.cast(float) if "128" in str(column.dtype) else column
        numbers = as_written(np.asarray(column.to_numpy()))
    elif getattr(type_, "kind", "") in tuple("iuf"):
        whole = getattr(type_, "kind", "") in "iu"
        dtype = "f8" if whole else f"f{size_of_floats(column)}"
        if of == "pandas":
            numbers = as_written(column.to_numpy(dtype=dtype, na_value=np.nan))
        else:
            numbers = as_written(np.ma.filled(np.ma.asarray(column, dtype=dtype), np.nan))
    elif getattr(type_, "kind", "O") == "O":
        return _numbers_of_objects(to_list(column))
    else:
        return None
    return None if whole and np.any(np.abs(numbers) >= EXACT) else numbers


def plain_of(value: Any) -> Any:
    """Return a scalar of NumPy as an object of Python, a number as it is written."""
    if isinstance(value, np.float32 | np.float16):
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value


def _numbers_of_objects(values: list[Any]) -> NDArray[Any] | None:
    values = list(map(plain_of, values))
    types = set(map(type, values)) - {type(None)}
    if not types or not types <= {int, float}:
        return None
    if any(type(value) is int and abs(value) >= EXACT for value in values):
        return None
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def cell_of(value: Any, i: int, here: Place) -> str | None:
    """Return a value of Python as a cell: text, a `Number`, or None where it is missing.

    Raises
    ------
    InputError
        If it holds other values, or bytes.
    """
    plain = plain_of(value)
    if is_missing(plain):
        return None
    if isinstance(plain, (bytes, bytearray, Mapping, list, tuple, np.ndarray)):
        name, kind = here.name or "", type(plain).__name__[:60]
        message = f"column {name[:60]!r} holds an object of type {kind}, which is no single value"
        raise InputError("nested-value", message, replace(here, index=(i,)))
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return Number(plain) if isinstance(plain, (int, float, Decimal)) else text_of(plain)


def text_of(plain: object) -> str:
    """Return a value of Python as text; a time difference of any library as Python writes it."""
    if not isinstance(plain, timedelta):
        return str(plain)
    time = timedelta(plain.days, plain.seconds, plain.microseconds)
    # That of pandas has more digits.
    nanoseconds: int = getattr(plain, "nanoseconds", 0)
    return finer(time, nanoseconds) if nanoseconds else str(time)


def finer(time: object, nanoseconds: int) -> str:
    """Return a time with more digits than Python's own."""
    found = _SECONDS(str(time))
    assert found is not None
    return f"{found[1]}{found[2] or '.000000'}{nanoseconds:03}{found[3]}"


def is_real(value: object) -> bool:
    """Return whether a value is a real number of Python or NumPy, and no boolean."""
    types = (int, float, np.integer, np.floating)
    return isinstance(value, types) and not isinstance(value, bool)


def is_missing(plain: Any) -> bool:
    """Return whether a Python value stands for none: None, nan, and what pandas has for it."""
    if isinstance(plain, (float, Decimal)):
        return math.isnan(plain)
    return plain is None or type(plain).__name__ in ("NAType", "NaTType")


def to_list(column: Any) -> list[Any]:
    """Return the values of a column as objects of Python."""
    if library_of(column) == "polars" and str(column.dtype).startswith("Duration"):
        column = column.to_numpy()
    if isinstance(column, np.ndarray) and column.dtype.kind in "mM":
        # As integers they would be numbers of the smallest unit.
        none = np.isnat(column)
        if column.dtype.kind == "m" and np.datetime_data(column.dtype)[0] in _UNITS:
            column = _differences(column)
        return [None if n else str(text) for text, n in zip(column.astype(str), none, strict=True)]
    if library_of(column) == "polars" and str(column.dtype).startswith("Datetime"):
        # Python's own timestamps know no nanoseconds.
        column = column.cast(str)
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            values: list[Any] = getattr(column, method)()
            return written(values, size_of_floats(column))
    return list(column)


def written(values: list[Any], size: int) -> list[Any]:
    """Return floats of so many bytes as they are written; Python has none of fewer than eight.

    Missing values, and all values if they are no floats, which have size 0, stay as they are.
    """
    if size not in (2, 4):
        return values
    known = [math.nan if is_missing(value) else value for value in values]
    doubles = as_written(np.array(known, dtype=f"f{size}")).tolist()
    return [
        value if math.isnan(double) else double
        for value, double in zip(values, doubles, strict=True)
    ]


def size_of_floats(column: Any) -> int:
    """Return the bytes of each of the floats in a column, or behind its codes; 0 of any other."""
    of = library_of(column)
    type_: Any = getattr(column, "type" if of == "pyarrow" else "dtype", None)
    if of == "pyarrow":
        import pyarrow

        if isinstance(type_, pyarrow.DictionaryType):
            type_ = type_.value_type
        return {"halffloat": 2, "float": 4, "double": 8}.get(str(type_), 0)
    if of == "polars":
        return {"Float16": 2, "Float32": 4}.get(str(type_), 0)
    if getattr(column, "ndim", 1) != 1:
        return 0
    # Sparse columns and categories of pandas are of a type that has one of its own.
    type_ = getattr(getattr(type_, "categories", None), "dtype", getattr(type_, "subtype", type_))
    return int(type_.itemsize) if getattr(type_, "kind", "") == "f" else 0


def _differences(column: NDArray[Any]) -> NDArray[Any]:
    """Return time differences of NumPy as texts; as they are where Python has none so large."""
    micros = column.astype("m8[us]").astype(np.int64)
    rests = np.zeros_like(micros)
    if np.datetime_data(column.dtype)[0] == "ns":
        micros, rests = np.divmod(column.astype("m8[ns]").astype(np.int64), 1000)
    elif np.any((micros.astype("m8[us]").astype(column.dtype) != column) & ~np.isnat(column)):
        return column
    times = (timedelta(microseconds=micro) for micro in micros.tolist())
    both = zip(times, rests.tolist(), strict=True)
    return np.array([finer(time, rest) if rest else str(time) for time, rest in both], np.str_)


def taken(column: Any, kept: Sequence[bool]) -> Any:
    """Return the values of a column that are marked, as a column of the same sort."""
    mask = np.array(kept, dtype=np.bool_)
    of = library_of(column)
    if of == "pandas" or isinstance(column, np.ndarray):
        return column[mask]
    if of == "polars":
        return column.filter(mask)
    if of == "pyarrow":
        return column.take(np.flatnonzero(mask))
    return [value for value, keep in zip(to_list(column), kept, strict=True) if keep]


def library_of(source: object) -> str:
    """Return the library of data frames that an object, or what it derives from, is of."""
    for type_ in type(source).__mro__:
        root = type_.__module__.partition(".")[0]
        if root in ("pandas", "polars", "pyarrow"):
            return root
    return ""
