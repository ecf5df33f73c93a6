"""Objects of a Python program: arrays, sequences, mappings and data frames.

None of the libraries is imported: an object of theirs brings it along.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.numbers import Number, is_integer
from kldiv_cli.core.table import SAMPLE, Block, Data, Matrix, Table, blocks_of
from kldiv_cli.errors import Note, Place, UsageError
from kldiv_cli.readers import histograms, layouts
from kldiv_cli.readers.layouts import is_container
from kldiv_cli.readers.pointers import START, Route
from kldiv_cli.readers.shapes import (
    BATCH,
    DEEPEST,
    Keyed,
    Whole,
    holds_one,
    named_once,
    opening,
    rows_of,
)  # fmt: skip
from kldiv_cli.readers.values import is_missing, library_of, plain_of, text_of, to_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.table import Path, PathLocator
    from kldiv_cli.readers.layouts import Layout

FORMAT = "python"
FRAMES = ("DataFrame", "Table", "RecordBatch")
REMOTE = {"kldiv_cli.warehouse.relation.Rows", "ibis.expr.types.relations.Table"}
"""The classes of tables that stay in an engine."""


def source_name(source: object) -> str:
    """Return what errors and reports call an object."""
    if is_remote(source):
        from kldiv_cli.warehouse.relation import names

        return names(source)[0]
    if is_frame(source):
        return "data frame"
    if isinstance(source, Mapping):
        return "mapping"
    is_array = isinstance(source, Sequence) or hasattr(type(source), "__array__")
    return "array" if is_array or library_of(source) else type(source).__name__[:40]


def is_remote(source: object) -> bool:
    """Say whether an object is rows that stay in an engine of the user's own."""
    return any(f"{each.__module__}.{each.__name__}" in REMOTE for each in type(source).__mro__)


def read(source: Any, name: str, *, raw: bool = False, pointer: str | None = None) -> Data:
    """Return an object as a table, a matrix or members.

    Parameters
    ----------
    source : object
        A data frame, a mapping, an array or a sequence; anything else is refused when its
        numbers are asked for.
    name : str
        The name of the source in errors.
    raw : bool
        It holds raw rows, which the index of a data frame names; it is no column of these.
    pointer : str, optional
        A JSON pointer to the value that is read, of a mapping or a sequence.

    Raises
    ------
    UsageError
        If there is a pointer, and an object that has no members.
    """
    if pointer is None:
        return _shape_of(source, name, raw=raw)
    if not isinstance(source, Mapping | list | tuple):
        message = "the option 'at' chooses a value inside a mapping or a list"
        message += f", and this is an object of type {type(source).__name__[:60]}"
        raise UsageError("usage", message, hint="leave --at out")

    def shape(value: Any, place: PathLocator, route: Route) -> Data:
        return _shape_of(value, name, raw=raw, route=route)

    return Whole(source, lambda path: Place(name), name, shape)


def _shape_of(
    source: Any, name: str, *, raw: bool, notes: Sequence[Note] = (), route: Route = START
) -> Data:
    """Return an object as a table, a matrix or members; see `shapes.shape_of`."""
    library = library_of(source)
    if is_frame(source):
        return Table(FORMAT, whole=_columns_of(source, library, raw=raw), notes=notes)
    if isinstance(source, Mapping):
        return Items(source, name, notes, route, raw=raw)
    if isinstance(source, list | tuple) and source:
        if holds_one(source) and route.opened < DEEPEST:
            route = route.to(0, opened=True)
            notes = [*notes, opening(route, name)]
            return _shape_of(source[0], name, raw=raw, notes=notes, route=route)
        arrays = histograms.unnamed(source, name)
        if arrays is not None:
            return Items(arrays, name, notes, route, raw=raw)
        # The columns of raw rows keep their types.
        if not raw and _are_rows(source):
            return rows_of(_blocks(source, name), FORMAT, notes)
    fields = getattr(getattr(source, "dtype", None), "names", None)
    if fields and getattr(source, "ndim", 1) == 1:
        # The fields of records are columns.
        return Table(FORMAT, whole=[(field, source[field]) for field in fields], notes=notes)
    if type(source).__module__.startswith("scipy.sparse"):
        # A matrix of one row is one distribution.
        source = source.toarray()
        source = source[0] if source.ndim == 2 and len(source) == 1 else source
    labels = None
    if library == "pandas":
        # An index without meaning counts the rows; an array of pandas has none.
        index = getattr(source, "index", None)
        labels = None if index is None or type(index).__name__ == "RangeIndex" else to_list(index)
    if type(source).__name__ in ("ndarray", "memmap") and source.dtype.kind == "f":
        dtype, shape = source.dtype, source.shape
        return Matrix(FORMAT, blocks_of(source), dtype=dtype, shape=shape, notes=notes)
    return Matrix(FORMAT, [Block(source)], labels=labels, notes=notes)


def _are_rows(values: Sequence[Any]) -> bool:
    """Return whether values are records, or rows in which there is text."""
    if isinstance(values[0], list | tuple):
        sample = [row for row in values[:SAMPLE] if isinstance(row, list | tuple)]
        return any(isinstance(cell, str) for row in sample for cell in row)
    return all(isinstance(record, Mapping) for record in values)


def _blocks(rows: Sequence[Any], name: str) -> Iterator[Block]:
    """Yield records or rows as JSON has them, whose numbers are literals."""
    for start in range(0, len(rows), BATCH):

        def place(path: Path, start: int = start) -> Place:
            return Place(name, index=(start + path[0],) if path else None)

        yield Block([_row(row) for row in rows[start : start + BATCH]], place)


def _row(row: Any) -> Any:
    """Return a record or a row of Python as JSON has it."""
    if isinstance(row, Mapping):
        return {str(key): _literal(cell) for key, cell in row.items()}
    return [_literal(cell) for cell in row] if isinstance(row, list | tuple) else row


def _literal(value: Any) -> Any:
    """Return a value of Python as JSON has it, where it has it."""
    plain = plain_of(value)
    if hasattr(plain, "item") and getattr(plain, "ndim", 1) == 0:
        plain = plain.item()
    if plain is None or isinstance(plain, bool | str | Mapping | list | tuple):
        return dict(plain) if isinstance(plain, Mapping) else plain
    if isinstance(plain, float) and not math.isfinite(plain):
        word = "NaN" if math.isnan(plain) else "Infinity"
        return Number(f"-{word}" if plain < 0 else word)
    if isinstance(plain, int | float | Decimal):
        return Number(plain)
    return None if is_missing(plain) else plain if is_container(plain) else text_of(plain)


def _plain(cells: Sequence[Any]) -> Sequence[Any]:
    """Return cells with the labels that JSON has for booleans, and with numbers for literals."""
    if getattr(getattr(cells, "dtype", None), "kind", "") == "b":
        cells = to_list(cells)
    if not isinstance(cells, list) or {Number, bool}.isdisjoint(map(type, cells)):
        return cells
    return [
        str(cell).lower() if isinstance(cell, bool)
        else cell if type(cell) is not Number
        else int(cell) if is_integer(cell) else float(cell)
        for cell in cells
    ]  # fmt: skip


def is_frame(source: object) -> bool:
    """Say whether an object is a data frame or table of pandas, Polars or PyArrow."""
    named = any(type_.__name__ in FRAMES for type_ in type(source).__mro__)
    return named and library_of(source) != ""


def _columns_of(frame: Any, library: str, *, raw: bool) -> list[tuple[str, Any]]:
    """Return names and columns; an index that says something is a column, too, of weights."""
    if library == "pyarrow":
        return [(str(name), frame.column(i)) for i, name in enumerate(frame.column_names)]
    if library == "polars":
        return [(name, frame.get_column(name)) for name in frame.columns]
    columns = [(str(name), frame.iloc[:, i]) for i, name in enumerate(frame.columns)]
    index = frame.index
    says_something = index.name is not None or index.dtype.kind not in "iuf"
    if not raw and says_something and type(index).__name__ != "MultiIndex":
        columns.insert(0, (str(index.name or "index"), index.to_series()))
    return columns


class Items(Keyed):
    """The items of a mapping: weights by label, columns of a table, or several distributions.

    Parameters
    ----------
    mapping : mapping
        Its keys become text.
    source, notes, route
        As of `Keyed`.
    raw : bool
        As of `read`.
    """

    what = "this is a mapping, which has no columns;"

    def __init__(
        self,
        mapping: Mapping[Any, Any],
        source: str,
        notes: Sequence[Note] = (),
        route: Route = START,
        *,
        raw: bool = False,
    ) -> None:
        super().__init__(mapping, source, list(map(str, mapping)), notes, route)
        self._values = list(mapping.values())
        self._raw = raw

    def locate(self, path: Path) -> Place:
        """See `Keyed.locate`."""
        return Place(self.source)

    def inside(self, at: int, notes: Sequence[Note], route: Route) -> Data:
        """See `Keyed.inside`."""
        value = self._values[at]
        return _shape_of(value, self.source, raw=self._raw, notes=notes, route=route)

    def numbers(self) -> Matrix:
        """See `Keyed.numbers`."""
        labels = list(self.value)
        return Matrix(FORMAT, [Block(self._values)], labels=labels, notes=self.notes)

    def no_table(self) -> Data:
        """Return the values as columns, which are refused one by one."""
        if layouts.pointers(self.value, rows=True):
            return super().no_table()
        return Table(FORMAT, whole=list(zip(self.names, self._values, strict=True)))

    def laid_out(self, layout: Layout) -> Table:
        """See `Keyed.laid_out`."""
        names = named_once(layout, self.locate(()))
        cells = [_plain(column.cells) for column in layout.columns]
        notes = [*self.notes, *(Note(*note, self.source) for note in layout.notes)]
        whole = list(zip(names, cells, strict=True))
        return Table(FORMAT, whole=whole, notes=notes, details={"shape": layout.shape})
