"""Columns of raw values that are held in memory: arrays, sequences, columns of data frames."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.numbers import EXACT, Number
from kldiv_cli.core.table import Batch, Table
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.literals import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray


def table(columns: Sequence[tuple[str, Any]], source: str, format_: str) -> Table:
    """Return named columns as raw rows: arrays where they are numbers, else cells.

    Raises
    ------
    InputError
        If a value is none, or columns differ in length or share a name.
    """
    arrays: dict[str, NDArray[Any]] = {}
    cells: dict[str, Sequence[str | None]] = {}
    for name, column in columns:
        if name in arrays or name in cells:
            message = f"two columns are called {name[:60]!r}"
            raise InputError("duplicate-columns", message, Place(source), hint="rename one")
        numbers = _numbers(column)
        if numbers is None:
            here = Place(source, name=name)
            cells[name] = [_cell(value, i, here) for i, value in enumerate(listed(column))]
        else:
            arrays[name] = numbers
    lengths = {name: len(side[name]) for side in (arrays, cells) for name in side}
    if len(set(lengths.values())) > 1:
        rows, name = min((length, name) for name, length in lengths.items())
        message = f"the columns differ in length: {rows} to {max(lengths.values())} rows"
        raise InputError("ragged-row", message, Place(source, name=name))

    def place(i: int, name: str) -> Place:
        return Place(source, name=name, index=(i,))

    size = len(next(iter(cells.values()), ()))
    batches = [Batch(cells, size, place)] if cells else []
    names = [name for name, _ in columns]
    return Table(format_, batches, typed=True, whole=arrays, names=names)


def columns_of(array: NDArray[Any], here: Place) -> list[tuple[str, NDArray[Any]]]:
    """Return the columns of a table, called 0, 1 and so on.

    Raises
    ------
    InputError
        If it has neither one dimension nor two.
    """
    if array.ndim not in (1, 2):
        shape = str(array.shape)[:80]
        message = f"an array of shape {shape} is no table: that has two dimensions"
        raise InputError("bad-shape", message, here)
    wide = array.reshape(len(array), -1) if array.size else array.reshape(0, 1)
    return [(str(index), wide[:, index]) for index in range(wide.shape[1])]


def _numbers(column: Any) -> NDArray[Any] | None:
    """Return a column of numbers as doubles, nan where one is missing; None of anything else.

    Integers that doubles do not tell apart are none of these numbers.
    """
    of = library_of(column)
    type_ = getattr(column, "dtype", None)
    if of == "pyarrow":
        words = ("int", "uint", "float", "double", "halffloat")
        if not str(column.type).startswith(words):
            return None
        whole = "int" in str(column.type)
        numbers = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    elif of == "polars":
        if not column.dtype.is_numeric():
            return None
        whole = column.dtype.is_integer()
        numbers = np.asarray(column.to_numpy(), dtype=np.float64)
    elif getattr(type_, "kind", "") in tuple("iuf"):
        whole = getattr(type_, "kind", "") in "iu"
        if of == "pandas":
            numbers = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            numbers = np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
    elif getattr(type_, "kind", "O") == "O":
        return _numbers_listed(listed(column))
    else:
        return None
    return None if whole and np.any(np.abs(numbers) >= EXACT) else numbers


def _numbers_listed(values: list[Any]) -> NDArray[Any] | None:
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    types = set(map(type, values)) - {type(None)}
    if not types or not types <= {int, float}:
        return None
    if any(type(value) is int and abs(value) >= EXACT for value in values):
        return None
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _cell(value: Any, i: int, here: Place) -> str | None:
    plain = value.item() if isinstance(value, np.generic) else value
    if is_missing(plain):
        return None
    if isinstance(plain, (bytes, bytearray, Mapping, list, tuple, np.ndarray)):
        message = f"an object of type {type(plain).__name__[:60]} is no value"
        hint = f"exclude {here.name or ''!r} if the column is not to be judged"
        raise InputError("nested-value", message, replace(here, index=(i,)), hint=hint)
    if isinstance(plain, bool):
        return shown(plain)
    return Number(plain) if isinstance(plain, (int, float, Decimal)) else str(plain)


def is_missing(plain: Any) -> bool:
    """Return whether a Python value stands for none: None, nan, and what pandas has for it."""
    if isinstance(plain, (float, Decimal)):
        return math.isnan(plain)
    return plain is None or type(plain).__name__ in ("NAType", "NaTType")


def listed(column: Any) -> list[Any]:
    """Return the values of a column as objects of Python."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "mM":
        # As integers they would be numbers of the smallest unit.
        none = np.isnat(column)
        return [None if n else str(text) for text, n in zip(column.astype(str), none, strict=True)]
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            values: list[Any] = getattr(column, method)()
            return values
    return list(column)


def library_of(source: object) -> str:
    """Return the library of data frames that an object, or what it derives from, is of."""
    for type_ in type(source).__mro__:
        root = type_.__module__.partition(".")[0]
        if root in ("pandas", "polars", "pyarrow"):
            return root
    return ""
