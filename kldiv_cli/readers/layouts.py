"""The ways in which JSON, or a mapping, lays out a table: by columns, by rows, or described.

A layout is recognised by the keys of an object and the shapes of its members. What may be read in
two ways is no layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.numbers import Number, is_integer, is_number
from kldiv_cli.readers.column_choice import WEIGHTS, plain_name
from kldiv_cli.readers.pointers import escaped
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.table import Path

INDEX = "index"
"""The name of an index that has none."""


class Column(NamedTuple):
    """A column of a table that JSON lays out.

    Attributes
    ----------
    name : str
    cells : sequence
        Values of JSON, or of Python.
    path : function
        From a row to the ordinals that lead to its cell.
    """

    name: str
    cells: Sequence[Any]
    path: Callable[[int], Path]


class Layout(NamedTuple):
    """A table as an object holds it.

    Attributes
    ----------
    shape : str
        What ``kldiv inspect`` calls it.
    columns : list of Column
        All of one length.
    levels : int
        How many of the first columns are an index, which names the rows.
    notes : tuple of pairs of str
        Codes and messages on what stands beside the table.
    """

    shape: str
    columns: list[Column]
    levels: int = 0
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0].cells)

    def values(self) -> Layout:
        """Return the table without its index, as raw rows have none."""
        return self._replace(columns=self.columns[self.levels :], levels=0)

    def outcomes(self) -> Layout:
        """Return the table without an index that only numbers its rows.

        Numbers that do not count from 0, as of rows that were sorted, are no labels either where a
        column may hold these. The index of a table of one column is all that may.
        """
        index, *columns = self.columns
        if self.levels != 1 or len(columns) < 2 or index.name != INDEX:
            return self
        beside = any(plain_name(column.name) not in WEIGHTS for column in columns)
        numbers = are_row_numbers(index.cells) or (beside and are_integers(index.cells))
        return self.values() if numbers else self


class DamagedLayoutError(ValueError):
    """An object that says how it lays out a table, and does not keep to it."""


def described(value: Mapping[Any, Any]) -> Layout | None:
    """Return the table of an object that says itself how it lays out a table.

    Raises
    ------
    DamagedLayoutError
        If it does not do as it says.
    """
    for recognised in (_split, _table_schema, _meta_data, _named_columns):
        found = recognised(value)
        if found is not None:
            return found
    return None


def describes(value: Mapping[Any, Any]) -> bool:
    """Return whether an object says how it lays out a table, be it damaged."""
    try:
        return described(value) is not None
    except DamagedLayoutError:
        return True


def of_arrays(value: Mapping[Any, Any]) -> Layout | None:
    """Return the table of an object whose members are arrays of equal length."""
    arrays = list(value.values())
    if not arrays or not all(map(is_array, arrays)) or len(set(map(len, arrays))) > 1:
        return None
    layout = of_columns(value)
    is_nested = any("nested" in sorts_of(array) for array in arrays)
    # Arrays of arrays are batches.
    return None if is_nested and not has_text(layout) else layout


def of_columns(value: Mapping[Any, Any]) -> Layout:
    """Return the table of an object whose members are its columns."""
    columns = [
        Column(str(name), array, partial(_two, j)) for j, (name, array) in enumerate(value.items())
    ]
    return Layout("an object of arrays", columns)


def by_columns(value: Mapping[Any, Any]) -> Layout:
    """Return the table of an object of objects with equal keys, each of them a column."""
    columns = list(value.values())
    keys = list(columns[0])
    index = Column(INDEX, keys, partial(_two, 0))

    def path(j: int, i: int) -> Path:
        return j, list(columns[j]).index(keys[i])

    found = [
        Column(str(name), [column[key] for key in keys], partial(path, j))
        for j, (name, column) in enumerate(value.items())
    ]
    return Layout("an object of columns", [index, *found], levels=1)


def by_rows(value: Mapping[Any, Any]) -> Layout:
    """Return the table of an object of objects with equal keys, each of them a row."""
    rows = list(value.values())
    index = Column(INDEX, list(value), lambda i: (i,))

    def path(key: Any, i: int) -> Path:
        return i, list(rows[i]).index(key)

    found = [Column(str(key), [row[key] for row in rows], partial(path, key)) for key in rows[0]]
    return Layout("an object of rows", [index, *found], levels=1)


def has_equal_keys(value: Mapping[Any, Any]) -> bool:
    """Return whether the members of an object are objects of single values with equal keys."""
    inner = list(value.values())
    if not inner or not all(isinstance(member, Mapping) and member for member in inner):
        return False
    keys = inner[0].keys()
    return all(member.keys() == keys for member in inner) and not any(
        is_container(cell) for member in inner for cell in member.values()
    )


def types_tell(value: Mapping[Any, Any]) -> bool | None:
    """Say whether the members of an object of objects are columns, or else rows, by their types.

    A column holds values of one sort. None where the types are the same both ways.
    """
    inner = list(value.values())
    sorts = [sorts_of(list(member.values())) for member in inner]
    if len(frozenset().union(*sorts)) < 2:
        return None
    are_columns = all(len(found) < 2 for found in sorts)
    are_rows = all(len(sorts_of([member[key] for member in inner])) < 2 for key in inner[0])
    return are_columns if are_columns != are_rows else None


def numbers_tell(
    value: Mapping[Any, Any], are_numbers: Callable[[Sequence[Any]], bool]
) -> bool | None:
    """Say whether the members of an object of objects are columns, or else rows, by their keys.

    The keys of rows are numbers where an index counts them. None where both keys are, or neither.
    """
    outer, inner = list(value), list(next(iter(value.values())))
    counted = (are_numbers(inner), are_numbers(outer))
    return None if counted[0] == counted[1] else counted[0]


def are_row_numbers(keys: Sequence[Any]) -> bool:
    """Return whether keys count the rows from 0, or are called row_1 and so on."""
    return all(
        key == i or (isinstance(key, str) and key in (str(i), f"row_{i + 1}", f"row_{i}"))
        for i, key in enumerate(keys)
        if not isinstance(key, bool)
    )


def are_integers(keys: Sequence[Any]) -> bool:
    """Return whether all keys are integers, such as those of an index that was filtered."""
    return are_row_numbers(keys) or all(
        is_integer(key) if isinstance(key, str) else isinstance(key, Integral) for key in keys
    )


def are_distinct_integers(cells: Sequence[Any]) -> bool:
    """Return whether cells are numbers that might be the labels of outcomes."""
    if sorts_of(cells) != {"number"} or len(cells) < 1:
        return False
    plain = [str(cell) for cell in cells]
    return len(set(plain)) == len(plain) and all(map(is_integer, plain))


def is_array(value: Any) -> bool:
    """Return whether a value is an array of one dimension, of JSON or in memory."""
    if isinstance(value, list | tuple):
        return True
    if isinstance(value, str | bytes | bytearray | Mapping):
        return False
    return (
        hasattr(type(value), "__len__")
        and getattr(value, "ndim", 1) == 1
        and hasattr(type(value), "__getitem__")
    )


def is_container(value: Any) -> bool:
    """Return whether a value holds others."""
    return isinstance(value, Mapping) or is_array(value) or getattr(value, "ndim", 0) > 0


def is_numeric(value: Any) -> bool:
    """Return whether a value is a number, of JSON or of Python."""
    return type(value) is Number or (isinstance(value, Real) and not isinstance(value, bool))


def sorts_of(cells: Any) -> frozenset[str]:
    """Return the sorts of values among cells: number, text, nested; null is of no sort."""
    kind = getattr(getattr(cells, "dtype", None), "kind", "")
    if kind and kind in "iufbUSM":
        return frozenset({"number" if kind in "iuf" else "text"})
    first = {type(cell): cell for cell in cells}
    return frozenset(
        "nested" if is_container(cell) else "number" if is_numeric(cell) else "text"
        for cell in first.values()
        if cell is not None
    )


def _two(first: int, second: int) -> Path:
    return first, second


def _at(value: Mapping[Any, Any], key: str) -> int:
    """Return where a member stands in an object."""
    return list(value).index(key)


# pandas: orient="split" and "tight", of a frame or of a series.

_FRAME = {"columns", "index", "data", "index_names", "column_names"}


def _split(value: Mapping[Any, Any]) -> Layout | None:
    if value.keys() == {"name", "index", "data"}:
        return _split_series(value)
    if not ({"columns", "data"} <= value.keys() <= _FRAME):
        return None
    names, data, index = value["columns"], value["data"], value.get("index")
    if not is_array(names) or not is_array(data) or not all(map(is_array, data)):
        return None
    if any(map(is_container, names)):
        raise DamagedLayoutError("its columns have names of several levels")
    for row in data:
        if len(row) != len(names):
            raise DamagedLayoutError(
                f"a row of its data has {len(row)} values for {len(names)} columns"
            )
    at = _at(value, "data")
    columns = [
        Column(str(name), [row[j] for row in data], partial(_three, at, j))
        for j, name in enumerate(names)
    ]
    levels = []
    if index is not None:
        if not is_array(index) or len(index) != len(data):
            raise DamagedLayoutError("its index and its data differ in length")
        levels = _levels(index, value.get("index_names") or (), _at(value, "index"))
    return Layout("columns, index and data", [*levels, *columns], len(levels))


def _split_series(value: Mapping[Any, Any]) -> Layout | None:
    name, index, data = value["name"], value["index"], value["data"]
    if not is_array(index) or not is_array(data) or is_container(name):
        return None
    if len(index) != len(data):
        raise DamagedLayoutError("its index and its data differ in length")
    levels = _levels(index, (), _at(value, "index"))
    cells = Column("value" if name is None else str(name), data, partial(_two, _at(value, "data")))
    return Layout("name, index and data", [*levels, cells], len(levels))


def _levels(index: Sequence[Any], names: Sequence[Any], at: int) -> list[Column]:
    """Return an index as columns, one a level; an index without rows has one."""
    if not any(map(is_container, index)):
        name = names[0] if len(names) == 1 and names[0] is not None else INDEX
        return [Column(str(name), index, partial(_two, at))]
    widths = {len(entry) if is_array(entry) else 0 for entry in index}
    if len(widths) > 1 or 0 in widths:
        raise DamagedLayoutError("the entries of its index differ in length")
    (width,) = widths
    return [
        Column(
            str(names[j]) if len(names) == width and names[j] is not None else f"level_{j}",
            [entry[j] for entry in index],
            partial(_three, at, j),
        )
        for j in range(width)
    ]


def _three(at: int, column: int, row: int) -> Path:
    return at, row, column


# Records or rows beside the names of their columns: pandas' orient="table", ClickHouse.


def _table_schema(value: Mapping[Any, Any]) -> Layout | None:
    schema, data = value.get("schema"), value.get("data")
    if not isinstance(schema, Mapping) or not is_array(data) or len(value) != 2:
        return None
    fields = schema.get("fields")
    names = _names(fields)
    if names is None or data is None or not all(isinstance(row, Mapping) for row in data):
        return None
    keys = schema.get("primaryKey") or ()
    keys = [keys] if isinstance(keys, str) else list(keys)
    if set(keys) <= set(names):
        names = [*keys, *(name for name in names if name not in keys)]
    columns = _of_records(data, names, _at(value, "data"))
    return Layout("schema and data", columns, len(keys) if set(keys) <= set(names) else 0)


def _meta_data(value: Mapping[Any, Any]) -> Layout | None:
    meta, data = value.get("meta"), value.get("data")
    names = _names(meta)
    if names is None or data is None or not (is_array(data) or isinstance(data, Mapping)):
        return None
    if "exception" in value:
        raise DamagedLayoutError("it holds the message of a query that failed")
    at = _at(value, "data")
    if isinstance(data, Mapping):
        columns = _of_columns(data, names, at)
    elif data and isinstance(data[0], Mapping):
        columns = _of_records(data, names, at)
    else:
        if not all(is_array(row) and len(row) == len(names) for row in data):
            raise DamagedLayoutError(f"a row of its data is no array of {len(names)} values")
        columns = [
            Column(name, [row[j] for row in data], partial(_three, at, j))
            for j, name in enumerate(names)
        ]
    rows = value.get("rows")
    if rows is not None and str(rows) != str(len(columns[0].cells)):
        raise DamagedLayoutError(
            f"it says that it has {str(rows)[:40]} rows and has {len(columns[0].cells)}"
        )
    types = [
        str(entry.get("type", "")) if isinstance(entry, Mapping) else "" for entry in meta or ()
    ]
    columns = [
        column._replace(cells=[_typed(cell) for cell in column.cells])
        if re.match(r"(Nullable\(|LowCardinality\()*(U?Int|B?Float|Decimal)", type_)
        else column
        for column, type_ in zip(columns, types, strict=True)
    ]
    notes = []
    for key in ("totals", "extremes"):
        if value.get(key):
            message = f"the member '{key}' beside the rows is not read as a row"
            notes.append(("totals-beside", message))
    return Layout("meta, data and rows", columns, notes=tuple(notes))


def _typed(cell: Any) -> Any:
    """Return a number in quotes as a number, where its column is said to hold numbers."""
    if type(cell) is not str:
        return cell
    special = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return Number(special.get(cell, cell)) if cell in special or is_number(cell) else cell


def _names(fields: Any) -> list[str] | None:
    """Return the names in a list of fields, which are objects that have one each."""
    if not fields or not isinstance(fields, list | tuple):
        return None
    names = [field.get("name") if isinstance(field, Mapping) else None for field in fields]
    return [str(name) for name in names] if None not in names else None


def _of_records(data: Sequence[Any], names: Sequence[str], at: int) -> list[Column]:
    """Return records as columns, which a schema names."""

    def path(name: str, i: int) -> Path:
        return (at, i, list(data[i]).index(name)) if name in data[i] else (at, i)

    known = set(names)
    for row in data:
        if not isinstance(row, Mapping) or not row.keys() <= known:
            raise DamagedLayoutError("a row of its data does not have the columns that it names")
    return [Column(name, [row.get(name) for row in data], partial(path, name)) for name in names]


def _of_columns(data: Mapping[str, Any], names: Sequence[str], at: int) -> list[Column]:
    """Return arrays as columns, which a schema names."""
    arrays = list(data.values())
    if list(data) != list(names) or not all(map(is_array, arrays)):
        raise DamagedLayoutError("its data do not have the columns that it names")
    if len(set(map(len, arrays))) > 1:
        raise DamagedLayoutError("the columns of its data differ in length")
    return [Column(name, data[name], partial(_columned, at, j)) for j, name in enumerate(names)]


def _columned(at: int, column: int, row: int) -> Path:
    return at, column, row


# polars: columns that are objects of a name and values.


def _named_columns(value: Mapping[Any, Any]) -> Layout | None:
    entries = value.get("columns")
    if len(value) != 1 or not isinstance(entries, list | tuple) or not entries:
        return None
    if not all(
        isinstance(entry, Mapping) and {"name", "values"} <= entry.keys() for entry in entries
    ):
        return None
    if not all(is_array(entry["values"]) for entry in entries):
        return None
    if len({len(entry["values"]) for entry in entries}) > 1:
        raise DamagedLayoutError("its columns differ in length")
    columns = [
        Column(str(entry["name"]), entry["values"], partial(_valued, j, _at(entry, "values")))
        for j, entry in enumerate(entries)
    ]
    return Layout("columns of name and values", columns)


def _valued(column: int, at: int, row: int) -> Path:
    return 0, column, at, row


_TYPE = (
    r"(Nullable|LowCardinality|Array|Map|Tuple|Enum\d*|Decimal\d*|DateTime\d*|FixedString)\(.*\)|"
    r"U?Int\d+|B?Float\d+|String|Bool|UUID|Date(32|Time)?|IPv[46]|Nothing"
)
"""ClickHouse's names of types."""


def names_above(rows: Sequence[Sequence[Any]]) -> tuple[list[str] | None, int]:
    """Return the names of columns that stand in the first of some arrays of cells.

    Returns
    -------
    names : list of str or None
        None where the first row is data, as of arrays of text throughout.
    height : int
        How many rows these names take; two where ClickHouse writes types below them.
    """
    first, *below = rows
    if not all(type(cell) is str for cell in first) or len({*first}) < len(first):
        return None, 0
    height = 1
    if below and all(type(cell) is str and re.fullmatch(_TYPE, cell) for cell in below[0]):
        height, below = 2, below[1:]
    has_numbers = any(is_numeric(cell) for row in below for cell in row)
    return (list(first), height) if has_numbers else (None, 0)


def pointers(value: Any, *, rows: bool = False, most: int = 3, depth: int = 6) -> list[str]:
    """Return the JSON pointers of the values in an object that may be distributions or tables.

    Parameters
    ----------
    value : object
        An object or an array.
    rows : bool
        Raw rows are looked for, which are tables alone.
    most : int
        How many are returned.
    depth : int
        How deep they are looked for.
    """
    found: list[str] = []
    level: list[tuple[str, Any]] = [("", value)]
    for _ in range(depth):
        below: list[tuple[str, Any]] = []
        for pointer, outer in level:
            beside = _lengths_of_text(outer)
            for key, inner in _members(outer):
                here = f"{pointer}/{escaped(key)}"
                # The labels of numbers deep inside may lie elsewhere.
                are_numbers = is_array(inner) and not any(map(is_container, inner))
                is_labelled = are_numbers and (pointer or len(inner) in beside)
                if _may_be_read(inner, rows=rows) and not is_labelled:
                    found.append(here)
                elif is_container(inner):
                    below.append((here, inner))
        level = below[:100]
        if len(found) >= most or not level:
            break
    return found[:most]


def _lengths_of_text(value: Any) -> set[int]:
    """Return the lengths of the arrays of text in an object, which may be labels of others."""
    arrays = [member for _, member in _members(value) if isinstance(member, list | tuple)]
    return {len(array) for array in arrays if sorts_of(array) == {"text"}}


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())[:100]
    return list(enumerate(value[:10])) if isinstance(value, list | tuple) else ()


def _may_be_read(value: Any, *, rows: bool) -> bool:
    """Return whether a value is records, numbers, or a table, so that it may be chosen."""
    if isinstance(value, Mapping):
        if len(value) > 1 and all(map(is_numeric, value.values())):
            return not rows
        return describes(value) or has_text(of_arrays(value))
    if not isinstance(value, list | tuple) or not value:
        return False
    if isinstance(value[0], Mapping):
        kinds = sorts_of(
            [cell for row in value[:100] if isinstance(row, Mapping) for cell in row.values()]
        )
        return {"text", "number"} <= kinds
    if is_array(value[0]):
        return "text" in sorts_of(value[0])
    return not rows and all(map(is_numeric, value))


def has_text(layout: Layout | None) -> bool:
    """Return whether a table has a column of text, which may hold the outcomes."""
    return layout is not None and any(
        "text" in sorts_of(column.cells) for column in layout.columns
    )
