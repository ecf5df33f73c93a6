"""Arrays whose rows are distributions: handed on block by block, and checked where one is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.distribution import LOG_KINDS, Rows
from kldiv_cli.core.table import Matrix, Members
from kldiv_cli.errors import Fault, InputError, Place
from kldiv_cli.readers import weight_column
from kldiv_cli.readers.elements import axes_noted
from kldiv_cli.readers.failures import failures_named
from kldiv_cli.readers.meaning import NO_MASS
from kldiv_cli.readers.options import refuse_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Kind
    from kldiv_cli.readers import Opened
    from kldiv_cli.readers.options import ReadOptions

KINDS = ("probabilities", "weights", *LOG_KINDS)
"""The kinds of numbers of which each row can be measured without a look at the others."""

ROW = 8
"""Bytes of a number that is kept of each row."""


def rows_of(found: Opened, option: ReadOptions, name: str | None) -> Rows | None:
    """Return an array of distributions that can be read block by block, or else None.

    Parameters
    ----------
    found : Opened
        The source, which stays open while the blocks are read.
    option : ReadOptions
        Of the side. The kind of its numbers must be declared: it is not told by a part of them.
    name : str, optional
        What the side is called; taken from the source if not given.

    Raises
    ------
    InputError
        If the source has several arrays, and none of them is named.
    """
    if option.flatten or option.where or option.joint or option.by or option.at:
        return None
    matrix = found.data
    if isinstance(matrix, Members):
        if option.kind not in KINDS or option.label is not None:
            return None
        array = matrix.array(option.weight)
        if array is None:
            return None
        matrix = array
    if not isinstance(matrix, Matrix) or matrix.labels is not None:
        return None
    if matrix is found.data:
        # An array among several is named by `weight`.
        refuse_columns([option], found.source, matrix.what)
    kind, dtype, shape = option.kind, matrix.dtype, matrix.shape
    if matrix.coding is not None or matrix.tops is not None:
        if kind not in (None, *LOG_KINDS):
            message = f"this holds log-probabilities, no {kind}"
            raise InputError("coded-rows", message, Place(found.source), hint="--as logits")
        kind = "log-probs"
        if matrix.tops is not None:
            shape = (len(matrix.tops.rows), max(map(len, matrix.tops.rows)))
    elif dtype is None or dtype.kind != "f" or dtype.itemsize > 8:
        return None
    if kind not in KINDS or not shape or 0 in shape:
        return None
    if len(shape) > 2 and kind not in LOG_KINDS:
        return None
    if len(shape) == 2 and shape[1] == 1 < shape[0]:
        # All rows would be the same distribution: that is refused where it is read as a whole.
        return None
    return Rows(
        name=name or found.name,
        source=found.source,
        format=matrix.format,
        kind=kind,
        shape=shape,
        blocks=_values(matrix, found.source),
        stored=matrix.stored or ("" if dtype is None else str(dtype.newbyteorder("="))),
        notes=(*matrix.notes, *axes_noted(shape, found.source)),
        details=tuple(matrix.details.items()),
        column=matrix.name,
        coding=matrix.coding,
        tops=matrix.tops,
    )


def _values(matrix: Matrix, source: str) -> Iterator[NDArray[Any]]:
    with failures_named(source):
        rows = 0
        for block in matrix.blocks:
            yield block.values
            rows += len(block.values)
            if matrix.let_go is not None and matrix.shape and len(matrix.shape) > 1:
                matrix.let_go(ROW * rows)


def first_fault(side: Rows, blocks: Iterable[NDArray[Any]], start: int) -> InputError | None:
    """Return the error for numbers that are no weights, with the first places; None if all are.

    Parameters
    ----------
    side : Rows
        The side whose numbers they are.
    blocks : iterable of ndarray
        The blocks from one with a fault on, or all.
    start : int
        The first row of the first of them.
    """
    if side.coding is not None:
        # Its reader has looked at every record.
        return None
    here = Place(side.source, name=side.column)
    first: Fault | None = None
    places: list[Place] = []
    count = 0
    for values in blocks:
        block = np.atleast_2d(values)
        for fault, bad in _bad(block, is_log=side.kind in LOG_KINDS):
            if first not in (None, fault) or not bad.any():
                continue
            first = fault
            count += int(np.count_nonzero(bad))
            for at in np.argwhere(bad)[: 3 - len(places)].tolist():
                value = str(block[tuple(at)]) if len(at) == 2 else None
                index = (at[0] + start, *at[1:]) if len(side.shape) > 1 else tuple(at[1:])
                places.append(replace(here, index=index or None, value=value))
        start += len(block)
    if first is None:
        return None
    if first is weight_column.NOT_FINITE and all(place.value == "-inf" for place in places):
        first = weight_column.NO_MASS
    return InputError(first.code, first.message, *places, count=count, hint=first.hint)


def are_weights(block: NDArray[Any], kind: Kind) -> bool:
    """Return whether all numbers are weights of their kind, and all rows have mass."""
    checked = _bad(np.atleast_2d(block), is_log=kind in LOG_KINDS)
    return not any(bad.any() for _, bad in checked)


def _bad(block: NDArray[Any], *, is_log: bool) -> Iterator[tuple[Fault, NDArray[np.bool_]]]:
    """Yield each fault that numbers may have, with a mask of the numbers, or of rows."""
    finite: NDArray[np.bool_] = np.isfinite(block)
    if is_log:
        yield weight_column.NOT_FINITE, np.asarray(~finite & ~np.isneginf(block))
        yield NO_MASS, np.asarray(np.isneginf(block).all(axis=1))
    else:
        yield weight_column.NOT_FINITE, np.asarray(~finite)
        yield weight_column.NEGATIVE, np.asarray(block < 0)
        yield NO_MASS, np.asarray((block == 0).all(axis=1))
