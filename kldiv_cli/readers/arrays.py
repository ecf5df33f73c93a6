"""Arrays of numbers become weights: their type, their shape and every element are checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import SAMPLE, Faults, Matrix, Table
from kldiv_cli.errors import Fault, InputError, Place
from kldiv_cli.readers import histograms, weight_column
from kldiv_cli.readers.column_choice import Columns, Numeric, written
from kldiv_cli.readers.elements import axes_noted
from kldiv_cli.readers.outcomes import Labels, Weights, with_labels
from kldiv_cli.readers.values import (
    check_type,
    is_missing,
    is_real,
    library_of,
    plain_of,
    refuse_coded,
    text_of,
    to_list,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.weights import Choose


def of_matrix(matrix: Matrix, option: ReadOptions, source: str) -> Weights:
    """Return an array as weights: a vector, or a batch with one distribution a row.

    Raises
    ------
    InputError
        If its type, its shape, an element or a label is not fit for a distribution.
    """
    here = Place(source, name=matrix.name)
    refuse_coded(matrix, here)
    check_type(matrix.dtype, here)
    values, shape = matrix.whole(), None
    axes = () if option.flatten else axes_noted(matrix.shape or (), source)
    if option.flatten:
        array = _array(values, here)
        if array.ndim > 1:
            values, shape = array.ravel(), array.shape
    found, side = _labelled(values, matrix.labels, option, here)
    found = found._replace(
        flattened=shape,
        format=matrix.format,
        column=matrix.name,
        notes=[*matrix.notes, *axes, *found.notes],
        details=matrix.details,
        from_edges=matrix.from_edges,
    )
    return with_labels([found], [side], source)[0]


def of_columns(
    table: Table, wanted: Sequence[ReadOptions], source: str, choose: Choose
) -> list[Weights]:
    """Return the weights in a table of whole columns, for each side.

    Raises
    ------
    InputError
        If no column can be chosen, or the chosen column is not fit for a distribution.
    """
    whole, from_edges = table.whole or (), table.from_edges
    columns = columns_of_whole(whole, source)
    bins = histograms.bin_columns(columns, wanted, table)
    if bins is not None:
        whole, from_edges = _joined(whole, bins, source), bins.low is not None
        columns = columns_of_whole(whole, source)
    every, sides = [], []
    for choice, option in zip(choose(columns, wanted), wanted, strict=True):
        title, weights = whole[choice.weight]
        labels = None if choice.label is None else to_list(whole[choice.label][1])
        groups = None if choice.group is None else to_list(whole[choice.group][1])
        here = Place(source, name=title)
        found, side = _labelled(weights, labels, option, here, groups)
        found = found._replace(
            format=table.format,
            column=title,
            outcomes_in=choice.outcomes_in,
            notes=[*table.notes, *found.notes, *choice.notes],
            details={**table.details, **choice.details},
            from_edges=from_edges and choice.label is not None,
            weighted=table.weighted,
        )
        every.append(found)
        sides.append(side)
    return with_labels(every, sides, source)


def columns_of_whole(whole: Sequence[tuple[str, Any]], source: str) -> Columns:
    """Return the columns of a table that is held in memory."""
    numeric = [_numeric(column) for _, column in whole]

    def cells(i: int) -> list[Any]:
        return to_list(whole[i][1][:SAMPLE])

    return Columns(source, [name for name, _ in whole], numeric, cells=cells)


def _joined(
    whole: Sequence[tuple[str, Any]], bins: histograms.BinColumns, source: str
) -> list[tuple[str, Any]]:
    """Return columns with the labels of bins in place of their edges."""
    columns = [column for _, column in whole]
    if bins.high is None:
        return [(name, columns[key]) for name, key in zip(bins.names, bins.keys, strict=True)]
    faults, first = Faults(), bins.bin if bins.low is None else bins.low
    ends = zip(to_list(columns[first]), to_list(columns[bins.high]), strict=True)
    labels = bins.labels(ends, faults, lambda i: Place(source, index=(i,)))
    faults.check()
    return [
        (name, labels if key == bins.bin else columns[key])
        for name, key in zip(bins.names, bins.keys, strict=True)
    ]


def _numeric(column: Any) -> Numeric:
    values = [None if is_missing(value) else value for value in to_list(column[:SAMPLE])]
    # A missing value among numbers does not make a column text.
    numbers = sum(value is None or _is_number(value) for value in values)
    if values and not numbers:
        return written(values)
    return "all" if numbers == len(values) > 0 else "some" if numbers else "none"


def _is_number(value: object) -> bool:
    return is_real(value) or isinstance(value, Decimal)


def _labelled(
    values: Any,
    labels: Sequence[Any] | None,
    option: ReadOptions,
    here: Place,
    groups: Sequence[Any] | None = None,
) -> tuple[Weights, Labels | None]:
    """Return the weights of all rows, and their labels; those of groups are pairs."""
    found = _of_values(values, option, here)
    if labels is None:
        return found, None
    texts = _texts(labels, here.source)
    array = found.weights
    if array.ndim != 1 or len(texts) != len(array):
        message = f"there are {len(texts)} labels for weights of shape {array.shape}"
        raise InputError("bad-shape", message, here)
    keys: list[Any] = list(texts)
    if groups is not None:
        # In a tidy table a missing label stands for the missing values of a column.
        names = _texts(groups, here.source)
        for i, name in enumerate(names):
            if name is None:
                place = Place(here.source, index=(i,))
                raise InputError("missing-label", "a record has no outcome", place)
        keys = [(name, text or "") for name, text in zip(names, texts, strict=True)]
    faults = Faults()
    known = Labels(option, faults)
    known.add(keys, lambda i: Place(here.source, index=(i,), value=texts[i]))
    faults.check()
    return found, known


def _of_values(values: Any, option: ReadOptions, here: Place) -> Weights:
    """Return the weights of all rows: of an array of numbers, or of numbers written as text."""
    cells = _written(values)
    if cells is None:
        array, integers = _checked(_array(values, here), option.kind, here)
        return Weights("python", array, integers)
    faults = Faults()
    column = weight_column.WeightColumn(option.kind, ".", faults, typed=True)

    def place(i: int) -> Place:
        return replace(here, index=(i,), value=str(cells[i]))

    for i, cell in enumerate(cells):
        if cell is None:
            faults.add(weight_column.MISSING, partial(place, i))
    column.add(["1" if cell is None else cell for cell in cells], place)
    column.check()
    faults.check()
    array, integers = column.finish()
    notes = list(column.notes(here.source))
    return Weights("python", array, integers, notes=notes, is_percent=column.is_percent)


def _written(values: Any) -> list[str | None] | None:
    """Return a column that holds numbers as text, or decimal ones, as cells; None of any other.

    Of text that begins otherwise nothing is said here.
    """
    is_column = isinstance(values, Sequence) or library_of(values)
    if isinstance(values, (str, bytes, bytearray)) or not is_column:
        return None
    first = next((row for row in to_list(values[:SAMPLE]) if not is_missing(row)), None)
    if not isinstance(first, (str, Decimal)):
        return None
    rows = to_list(values)
    cells: list[str | None] = []
    for row in rows:
        if is_missing(row):
            cells.append(None)
        elif isinstance(row, str):
            cells.append(row)
        elif _is_number(row):
            cells.append(Number(row))
        else:
            return None
    return cells


def _texts(labels: Iterable[Any], source: str) -> list[str | None]:
    """Return labels as text; None where one is missing."""
    texts: list[str | None] = []
    for i, label in enumerate(labels):
        plain = plain_of(label)
        if isinstance(plain, (bytes, bytearray)):
            raise InputError("bad-label", "a label is bytes, not text", Place(source, index=(i,)))
        text = plain if type(plain) is str else text_of(plain)
        texts.append(None if is_missing(plain) else text)
    return texts


def _checked(array: NDArray[Any], kind: str | None, here: Place) -> tuple[NDArray[Any], bool]:
    """Return an array as weights, and whether its type is one of integers.

    An array of objects holds Python integers that no 64-bit type does.
    """
    if array.dtype.kind != "O":
        check_type(array.dtype, here)
    logs = kind in LOG_KINDS
    if array.ndim > 2 and logs:
        array = array.reshape(-1, array.shape[-1])
    if array.ndim not in (1, 2):
        what = "a single number" if array.ndim == 0 else f"{array.ndim} dimensions"
        rule = "a distribution has one dimension and a batch of them two"
        rule += "; only logits and log-probs may have more"
        message = f"an array of shape {array.shape} has {what}; {rule}"
        hint = "--as logits or --as log-probs if it holds such" if array.ndim > 2 else ""
        raise InputError("bad-shape", message, here, hint=hint)
    if not array.size:
        raise InputError("no-rows", f"an array of shape {array.shape} is empty", here)
    if array.dtype.kind == "O" and logs:
        raise InputError(weight_column.OVERFLOW.code, weight_column.OVERFLOW.message, here)
    if array.dtype.kind in "iuO":
        if not logs:
            _refuse(array < 0, weight_column.NEGATIVE, here, array)
        return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")), True
    if array.dtype.itemsize in (4, 8):
        weights = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    else:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            weights = array.astype(np.float64)
        inexact = (weights != array) & ~np.isnan(array)
        if array.dtype.itemsize > 8 and np.any(inexact):
            message = f"numbers of type {array.dtype} are not held exactly by 64-bit floats"
            raise InputError("inexact", message, here, hint="save the array as float64")
    no_mass = np.isneginf(weights) if logs else np.False_
    _refuse(~np.isfinite(weights) & ~no_mass, weight_column.NOT_FINITE, here, weights)
    if not logs:
        _refuse(weights < 0, weight_column.NEGATIVE, here, weights)
    if kind == "counts":
        _refuse(weights != np.floor(weights), weight_column.FRACTIONAL, here, weights)
    # Adding zero makes a zero of -0.0.
    return weights + weights.dtype.type(0), False


def _refuse(
    bad: NDArray[np.bool_], fault: Fault, here: Place, array: NDArray[Any] | None = None
) -> None:
    """Refuse the elements that are marked as bad; the first three are named."""
    places: list[Place] = []
    # All positions of a large array would be gigabytes.
    flat, start = bad.ravel(), 0
    while len(places) < 3 and flat[start:].any():
        start += int(flat[start:].argmax())
        index = tuple(map(int, np.unravel_index(start, bad.shape)))
        value = None if array is None else str(array[index])
        places.append(replace(here, index=index, value=value))
        start += 1
    if not places:
        return
    if fault is weight_column.NOT_FINITE and all(place.value == "-inf" for place in places):
        fault = weight_column.NO_MASS
    count = int(np.count_nonzero(bad))
    raise InputError(fault.code, fault.message, *places, count=count, hint=fault.hint)


def _array(values: Any, here: Place) -> NDArray[Any]:
    """Return weights as an array, of objects where Python integers exceed every 64-bit type."""
    is_array = hasattr(type(values), "__array__")
    is_text = isinstance(values, (str, bytes, bytearray))
    if is_text or not (is_array or isinstance(values, Sequence)):
        message = f"an object of type {type(values).__name__[:60]} is no distribution"
        hint = "give a path, an array, a mapping of labels to weights or a data frame"
        raise InputError("bad-object", message, here, hint=hint)
    if not is_array:
        return _from_rows(values, here)
    _refuse_missing(values, here)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        message = f"this does not become an array: {str(error)[:100]}"
        raise InputError("bad-object", message, here) from error
    return _from_rows(array.tolist(), here) if array.dtype.kind == "O" else array


def _refuse_missing(values: Any, here: Place) -> None:
    missing: Any = np.False_
    if isinstance(values, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(values)
    elif library_of(values):
        # pandas calls it isna; NaN is missing there, and an error all the same.
        missing = np.asarray(values.isna() if hasattr(values, "isna") else values.is_null(), bool)
    if missing is not None:
        _refuse(missing, weight_column.MISSING, here)


def _from_rows(values: Sequence[Any], here: Place) -> NDArray[Any]:
    rows = [row for row in values if _is_row(row)]
    if not rows:
        return _from_numbers([_number(v, (i,), here) for i, v in enumerate(values)])
    lengths = {len(row) for row in rows}
    if len(rows) < len(values) or len(lengths) > 1:
        raise InputError("ragged-row", "the rows of a batch have different lengths", here)
    flat = [_number(v, (i, j), here) for i, row in enumerate(rows) for j, v in enumerate(row)]
    return _from_numbers(flat).reshape(len(rows), lengths.pop())


def _is_row(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _number(value: Any, index: tuple[int, ...], here: Place) -> int | float:
    if is_real(value):
        return int(value) if isinstance(value, (int, np.integer)) else float(value)
    place = replace(here, index=index, value=str(value)[:60])
    if value is None:
        raise InputError("missing-weight", "weight is missing", place)
    message = f"weight is of type {type(value).__name__[:60]}, not a number"
    raise InputError("not-a-number", message, place, hint="convert it with float() or int()")


def _from_numbers(values: list[int | float]) -> NDArray[Any]:
    whole = [value for value in values if type(value) is int]
    if len(whole) == len(values):
        return weight_column.integers(whole)
    return np.array(values, dtype=np.float64)
