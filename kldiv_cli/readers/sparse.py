"""Sparse matrices as SciPy saves them in an NPZ archive, made dense without SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Matrix

PLACES = (("indices", "indptr"), ("row", "col"), ("coords",), ("offsets",))
"""Arrays that tell where the elements are, beside ``format``, ``shape`` and ``data``."""


def names(headers: Mapping[str, Matrix]) -> list[str] | None:
    """Return which arrays of an archive are a sparse matrix; None if they are none."""
    plain = [
        name
        for name, matrix in headers.items()
        if matrix.dtype is not None and matrix.dtype.kind in "iufbSU"
    ]
    if not {"format", "shape", "data"} <= {*plain} or not any(
        {*places} <= {*plain} for places in PLACES
    ):
        return None
    known = {"format", "shape", "data", *(name for places in PLACES for name in places)}
    return [name for name in plain if name in known]


def dense(arrays: Mapping[str, NDArray[Any]], source: str, allowed: int) -> NDArray[Any]:
    """Return a sparse matrix as an array; elements that are given more than once are added up.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The arrays of the archive.
    source : str
        The name of the source in errors.
    allowed : int
        The bytes that the array may have.

    Raises
    ------
    InputError
        If the matrix is too large, or its arrays do not fit together.
    """
    shape, data = arrays["shape"], arrays["data"]
    if shape.dtype.kind not in "iu" or shape.ndim != 1 or not 0 < shape.size < 3:
        _refuse("its shape is not one or two whole numbers", source)
    rows, columns = (1, *map(int, shape))[-2:]
    if data.dtype.kind not in "iufb":
        _refuse(f"its elements are of type {data.dtype}, and no numbers", source)
    type_: np.dtype[Any] = data.dtype.newbyteorder("=")
    if data.dtype.kind in "iub":
        type_ = np.dtype(np.uint64 if data.dtype.kind == "u" else np.int64)
    if min(rows, columns) < 1 or rows * columns * type_.itemsize > allowed:
        message = f"a sparse matrix of {rows} x {columns} takes more than {allowed} bytes"
        hint = "--max-inflated BYTES allows more"
        raise InputError("inflated-too-large", message, Place(source), hint=hint)
    at_row, at_column, values = _elements(arrays, rows, columns, source)
    if not len(at_row) == len(at_column) == len(values):
        _refuse("its arrays differ in length", source)
    for places, size in ((at_row, rows), (at_column, columns)):
        if len(places) and not (int(places.min()) >= 0 and int(places.max()) < size):
            _refuse(f"an element lies outside of {rows} x {columns}", source)
    found = np.zeros((rows, columns), dtype=type_)
    np.add.at(found, (at_row.astype(np.intp), at_column.astype(np.intp)), values.astype(type_))
    return found


def _elements(
    arrays: Mapping[str, NDArray[Any]], rows: int, columns: int, source: str
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the row, the column and the value of each element."""
    format_, data = _format(arrays["format"]), arrays["data"]
    names: dict[str, tuple[str, ...]] = {
        "csr": ("indptr", "indices"),
        "csc": ("indptr", "indices"),
    }
    names |= {"bsr": names["csr"], "coo": ("row", "col"), "dia": ("offsets",)}
    wanted = names.get(format_, ())
    if format_ == "coo" and "coords" in arrays:
        coords = arrays["coords"]
        if coords.dtype.kind not in "iu" or coords.ndim != 2 or not 0 < len(coords) < 3:
            _refuse("its coordinates are not those of a matrix", source)
        zeros = np.zeros(coords.shape[1], dtype=np.intp)
        return (coords[0] if len(coords) == 2 else zeros), coords[-1], data.ravel()
    if not wanted or not all(name in arrays for name in wanted):
        _refuse(f"its format is {format_[:20]!r}, which has other arrays", source)
    places = [arrays[name] for name in wanted]
    if any(place.dtype.kind not in "iu" or place.ndim != 1 for place in places):
        _refuse("its positions are not whole numbers", source)
    if format_ == "coo":
        return places[0], places[1], data.ravel()
    if format_ == "dia":
        if data.ndim != 2 or len(data) != len(places[0]):
            _refuse("it does not have one row of elements for each diagonal", source)
        across = np.broadcast_to(np.arange(data.shape[1]), data.shape)
        down = across - places[0].astype(np.int64)[:, None]
        inside = (across < columns) & (down >= 0) & (down < rows)
        return down[inside], across[inside], data[inside]
    starts, indices = places
    if format_ == "bsr":
        if data.ndim != 3 or 0 in data.shape or rows % data.shape[1] or columns % data.shape[2]:
            _refuse("its blocks do not fit its shape", source)
        high, wide = data.shape[1:]
        major = _major(starts, rows // high, len(indices), source)
        down = major[:, None, None] * high + np.arange(high)[None, :, None]
        across = indices.astype(np.int64)[:, None, None] * wide + np.arange(wide)[None, None, :]
        if len(data) != len(indices):
            _refuse("its arrays differ in length", source)
        down, across = (np.broadcast_to(place, data.shape) for place in (down, across))
        return down.ravel(), across.ravel(), data.ravel()
    major = _major(starts, rows if format_ == "csr" else columns, len(indices), source)
    ends = (major, indices) if format_ == "csr" else (indices, major)
    return (*ends, data.ravel())


def _major(starts: NDArray[Any], size: int, elements: int, source: str) -> NDArray[Any]:
    """Return the row of each element, or its column, from where each row begins."""
    starts = starts.astype(np.int64)
    fits = len(starts) == size + 1 and starts[0] == 0 and starts[-1] == elements
    if not fits or np.any(starts[1:] < starts[:-1]):
        _refuse("its rows do not begin where they should", source)
    return np.repeat(np.arange(size), np.diff(starts))


def _format(value: NDArray[Any]) -> str:
    plain = value.item() if value.size == 1 else ""
    return plain.decode("ascii", "replace") if isinstance(plain, bytes) else str(plain)


def _refuse(what: str, source: str) -> NoReturn:
    message = f"this is no sparse matrix as SciPy saves one: {what}"
    raise InputError("bad-sparse", message, Place(source))
