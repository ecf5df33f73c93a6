"""A table, a matrix or named members become raw rows: a table whose columns have names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.dataset import TOO_MANY_ROWS, too_many_rows
from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import (
    Batch,
    Block,
    Data,
    Faults,
    LazyColumns,
    Matrix,
    Members,
    Scan,
    Table,
    Tally,
)
from kldiv_cli.errors import Fault, InputError, Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions


def raw_rows(data: Data, options: ReadOptions, source: str) -> Table:
    """Return a source as raw rows.

    Parameters
    ----------
    data : Table, Matrix or Members
        The parsed source. The columns of a matrix are called 0, 1 and so on; members are
        columns, or tables of columns.
    options : ReadOptions
        Whether the first row holds names.
    source : str
        The name of the source in errors.

    Returns
    -------
    Table
        Its columns have names; its cells are text, `Number` or None, its whole columns arrays
        of doubles, nan where a value is missing.

    Raises
    ------
    InputError
        If it is no table, its rows or columns do not fit together, or a value is a container.
    """
    data = table_of(data, source)
    if data.remote is not None:
        return data
    if options.where is not None:
        from kldiv_cli.readers.where import rows_where

        where, options = options.where, options._replace(where=None)
        if data.whole is None:
            return rows_where(raw_rows(data, options, source), where, source)
        data = rows_where(data, where, source)
    if data.whole is not None:
        rows = _of_whole_columns(data.whole, data.format, source)
        return rows._replace(notes=data.notes, chosen_by=data.chosen_by)
    if data.typed:
        if data.has_row_names and data.names:
            data = data._replace(names=data.names[1:], batches=map(_without_first, data.batches))
        return data._replace(batches=_plain_batches(data))
    names = None
    if data.positional:
        from kldiv_cli.readers.header import with_names

        data = with_names(data, [options], source, raw=True)
        if data.has_row_names and data.names:
            # The names of rows are no column of raw rows, as an index of pandas is none.
            data = data._replace(names=data.names[1:], batches=map(_without_first, data.batches))
        names = data.names and _distinct(data.names, source)
        data = data._replace(names=names, scan=data.scan and _scan(data.scan, names))
    return data._replace(batches=_text_batches(data, names, source), positional=False)


def table_of(data: Data, source: str) -> Table:
    """Return a source as a table, whose cells are not yet those of raw rows.

    Raises
    ------
    InputError
        If it is none.
    """
    while isinstance(data, Members):
        data = data.table()
    return _of_matrix(data, source) if isinstance(data, Matrix) else data


# Cells of text.


def _text_batches(table: Table, names: Sequence[str] | None, source: str) -> Iterator[Batch]:
    """Yield batches with names for positions, and raise at the end what was wrong with rows."""
    rows = 0
    for batch in table.batches:
        titles = names or [str(key + 1) if table.positional else key for key in batch.columns]
        # More digits than these are too many in any case.
        rows += sum(int(count.lstrip("0")[:20] or "0") for count in batch.counts or ())
        if rows >= TOO_MANY_ROWS:
            raise too_many_rows(source)
        yield _named(batch, titles)
    if table.faults is not None:
        table.faults.check()
    for blank in table.blanks:
        message = "a blank line stands among the values"
        raise InputError("blank-line", message, blank, hint='write "" where a value is missing')


def _scan(scan: Scan, names: Sequence[str] | None) -> Scan:
    """Return how the rows of a table are read whose columns have these names, if any."""
    width = len(scan.names)
    titles = names or [str(position) for position in range(1, width + 1)]
    # The names of rows are no column.
    no_names: Sequence[str | None] = [None] * (width - len(titles))
    above, below = scan.lines
    skip = (above, above) if names is None else (above + 1, below)
    return scan._replace(names=[*no_names, *titles], skip=skip)


def _without_first(batch: Batch) -> Batch:
    """Return rows without their first column."""
    _, *rest = batch.columns
    return batch._replace(columns=LazyColumns(rest, batch.columns.__getitem__))


def _named(batch: Batch, names: Sequence[str]) -> Batch:
    """Return rows whose columns have these names."""
    keys = dict(zip(names, batch.columns, strict=True))

    def where(i: int, name: str) -> Place:
        return replace(batch.place(i, keys[name]), name=name)

    columns = LazyColumns(keys, lambda name: batch.columns[keys[name]])
    return batch._replace(columns=columns, place=where)


def _distinct(header: Sequence[str], source: str) -> list[str]:
    """Return the names of columns; one without a name, as of an index, is called by its place."""
    names = [name.strip() or f"column {i + 1}" for i, name in enumerate(header)]
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        message = f"{names.count(name)} columns are called {name[:60]!r}"
        hint = "rename all but one of them; --no-header if the first row holds data"
        raise InputError("duplicate-columns", message, Place(source), hint=hint)
    return names


# Values of JSON.


def _plain_batches(table: Table) -> Iterator[Batch]:
    """Yield batches whose cells are text, numbers or None; each must be without a fault."""
    for batch in table.batches:
        if table.faults is not None:
            table.faults.check()
        plain = partial(_plain, batch)
        found = batch._replace(columns=LazyColumns(batch.columns, plain))
        if batch.bulk is not None:
            found = found._replace(bulk=batch.bulk._replace(tally=partial(_plain_tally, batch)))
        yield found


_PLAIN = {Number, str, type(None)}


def _plain(batch: Batch, name: str) -> Sequence[str | None]:
    """Return a column of values of JSON as cells; that which is not a number is missing.

    Raises
    ------
    InputError
        If a value is an object or an array.
    """
    return _plain_cells(batch.columns[name], batch, name)


def _plain_tally(batch: Batch, name: str, kept: NDArray[np.bool_] | None) -> Tally | None:
    """Return the distinct cells of a column as `_plain` returns its cells; see `Bulk`."""
    found = batch.bulk and batch.bulk.tally(name, kept)
    return found and found._replace(cells=_plain_cells(found.cells, batch, name))


def _plain_cells(values: Sequence[Any], batch: Batch, name: str) -> Sequence[str | None]:
    if _PLAIN.issuperset(map(type, values)) and "NaN" not in values:
        return values
    from kldiv_cli.readers.literals import kind_of

    cells: list[str | None] = []
    for i, value in enumerate(values):
        if isinstance(value, (dict, list, bytes)):
            message = f"column {name[:60]!r} holds {kind_of(value)}, which is no single value"
            raise InputError("nested-value", message, batch.place(i, name))
        if type(value) is Number and value == "NaN":
            cells.append(None)
        else:
            cells.append(kind_of(value) if isinstance(value, bool) else value)
    return cells


def _of_matrix(matrix: Matrix, source: str) -> Table:
    if matrix.typed:
        batches = _batches_of(matrix.blocks, source)
        details = matrix.details
        return Table(matrix.format, batches, typed=True, notes=matrix.notes, details=details)
    from kldiv_cli.readers.values import check_type, columns_of, refuse_coded, wide_noted

    here = Place(source, name=matrix.name)
    refuse_coded(matrix, here, hint="--as logits")
    check_type(matrix.dtype, here, raw=True)
    array = matrix.whole()
    notes = (*matrix.notes, *wide_noted(array, source))
    return Table(matrix.format, whole=columns_of(array, here), notes=notes)


def _batches_of(blocks: Iterable[Block], source: str) -> Iterator[Batch]:
    """Yield the rows in an array of JSON; the first says whether they are arrays or values."""
    from kldiv_cli.readers.literals import misfits, no_raw_rows, shown

    first = None
    for block in blocks:
        values = block.values
        if not isinstance(values, list):
            raise no_raw_rows(values, source)
        first = values[0] if first is None and values else first
        columns: dict[str, Sequence[Any]] = {"0": values}
        if isinstance(first, list):
            faults = Faults()
            for i, what in misfits(values, len(first)):
                message = f"a row is {what}, expected an array of length {len(first)} as the first"
                place = partial(block.locate, (i,), value=shown(values[i]))
                faults.add(Fault("ragged-row", message), place)
            faults.check()
            cells = zip(*values, strict=True)
            columns = {str(index): column for index, column in enumerate(cells)}

        def where(i: int, name: str, block: Block = block, first: Any = first) -> Place:
            path = (i, int(name)) if isinstance(first, list) else (i,)
            return block.locate(path, name=name)

        yield Batch(columns, len(values), where)


# Whole columns.


def _of_whole_columns(columns: Sequence[tuple[str, Any]], format_: str, source: str) -> Table:
    from kldiv_cli.readers.values import numbers_of

    for name, column in columns:
        here = Place(source, name=name)
        if isinstance(column, (str, bytes, Mapping)) or not hasattr(type(column), "__len__"):
            message = f"an object of type {type(column).__name__[:60]} is no column of raw values"
            hint = "give each column as a list or an array"
            raise InputError("bad-object", message, here, hint=hint)
        if getattr(column, "ndim", 1) != 1:
            message = f"a column has one dimension, and this has {column.ndim}"
            raise InputError("bad-shape", message, here)
    arrays: dict[str, Any] = {}
    objects: dict[str, Any] = {}
    for name, column in columns:
        here = Place(source, name=name)
        if name in arrays or name in objects:
            message = f"two columns are called {name[:60]!r}"
            raise InputError("duplicate-columns", message, Place(source), hint="rename one")
        numbers = numbers_of(column, here)
        if numbers is None:
            objects[name] = column
        else:
            arrays[name] = numbers
    lengths = {name: len(column) for name, column in (arrays | objects).items()}
    if len(set(lengths.values())) > 1:
        rows, name = min((length, name) for name, length in lengths.items())
        message = f"the columns differ in length: {rows} to {max(lengths.values())} rows"
        raise InputError("ragged-row", message, Place(source, name=name))
    size = lengths[next(iter(objects))] if objects else 0
    cells = LazyColumns(objects, partial(_cells, objects, source))
    batch = Batch(cells, size, lambda i, name: Place(source, name=name, index=(i,)))
    return Table(
        format_,
        [batch] if objects else (),
        [name for name, _ in columns],
        whole=list(arrays.items()),
        typed=True,
    )


def _cells(columns: Mapping[str, Any], source: str, name: str) -> list[str | None]:
    """Return a column of objects of Python as cells."""
    from kldiv_cli.readers.values import cell_of, foreign, to_list

    here = Place(source, name=name)
    with foreign(here):
        return [cell_of(value, i, here) for i, value in enumerate(to_list(columns[name]))]
