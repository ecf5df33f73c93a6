"""Objects of a Python program: arrays, sequences, mappings and data frames.

None of the libraries is imported: an object of theirs brings it along.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.arrays import checked
from kldiv_cli.readers.literals import Number
from kldiv_cli.readers.npy import columns_of, refuse_columns
from kldiv_cli.readers.raw import RawRows, RawTable
from kldiv_cli.readers.reading import DUPLICATE, Reading, summed
from kldiv_cli.readers.selection import Columns, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kldiv_cli.readers import ReadOptions
    from kldiv_cli.readers.selection import Choice, Numeric

SAMPLE = 100
FRAMES = ("DataFrame", "Table", "RecordBatch")


def source_name(source: object) -> str:
    """Return what errors and reports call an object."""
    if _library(source) and _is_frame(source):
        return "data frame"
    if isinstance(source, Mapping):
        return "mapping"
    if _library(source) or isinstance(source, (Sequence, np.ndarray)):
        return "array"
    return "array" if hasattr(type(source), "__array__") else type(source).__name__[:40]


def load(source: Any, name: str, wanted: Sequence[ReadOptions]) -> list[Reading]:
    """Read the sides that are wanted of one object."""
    library = _library(source)
    if library and _is_frame(source):
        return _table(_columns_of(source, library), name, wanted)
    if isinstance(source, Mapping):
        return [_mapping(source, name, option) for option in wanted]
    refuse_columns(wanted, name, "an array")
    if library == "pandas":
        # An index without meaning counts the rows; an array of pandas has none.
        index = getattr(source, "index", None)
        labels = None if type(index).__name__ == "RangeIndex" else index
        return [_labelled(source, labels, name, None, option) for option in wanted]
    return [_labelled(source, None, name, None, option) for option in wanted]


def rows(source: Any, name: str) -> RawTable:
    """Read raw rows: a data frame, a mapping of columns, records, or an array (columns 0, 1, …).

    Raises
    ------
    InputError
        If it is none of these, or its columns differ in length.
    """
    library = _library(source)
    columns: list[tuple[str, Any]]
    if library == "pandas" and _is_frame(source):
        # Its index names the rows; it is no column of the data.
        columns = [(str(title), source.iloc[:, i]) for i, title in enumerate(source.columns)]
    elif library and _is_frame(source):
        columns = _columns_of(source, library)
    elif isinstance(source, Mapping):
        columns = [(str(title), values) for title, values in source.items()]
    elif isinstance(source, np.ndarray) and source.ndim == 2:
        columns = list(columns_of(source, Place(name)).items())
    elif isinstance(source, Sequence) and source and all(isinstance(r, Mapping) for r in source):
        titles = dict.fromkeys(str(title) for row in source for title in row)
        columns = [(title, [row.get(title) for row in source]) for title in titles]
    else:
        columns = [("0", source)]
    arrays: dict[str, NDArray[Any]] = {}
    cells: dict[str, Sequence[str | None]] = {}
    for title, values in columns:
        here = Place(name, name=title)
        if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__len__"):
            message = f"an object of type {type(values).__name__[:60]} is no column of raw values"
            hint = "kind='counts', 'probabilities' or 'weights' if this is a distribution"
            raise InputError("bad-object", message, here, hint=hint)
        numbers = _numbers(values)
        if numbers is None:
            cells[title] = [_cell(value, i, here) for i, value in enumerate(_listed(values))]
        else:
            arrays[title] = numbers
    lengths = {title: len(side[title]) for side in (arrays, cells) for title in side}
    names = [title for title, _ in columns]
    if len(lengths) < len(names):
        message = "two columns have one name"
        raise InputError("duplicate-columns", message, Place(name), hint="rename one of them")
    if len(set(lengths.values())) > 1:
        shortest, longest = min(lengths.values()), max(lengths.values())
        message = f"the columns differ in length: {shortest} to {longest}"
        raise InputError("ragged-row", message, Place(name))

    def place(i: int, title: str) -> Place:
        return Place(name, name=title, index=(i,))

    size = len(next(iter(cells.values()), ()))
    batches = [RawRows(cells, size, place)] if cells else []
    return RawTable("python", batches, typed=True, arrays=arrays, names=names)


def _numbers(column: Any) -> NDArray[Any] | None:
    """Return a column of numbers as doubles, nan where one is missing; None of anything else."""
    library = _library(column)
    if library == "pyarrow":
        if not str(column.type).startswith(("int", "uint", "float", "double", "halffloat")):
            return None
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    if library == "polars":
        numeric = column.dtype.is_numeric()
        return np.asarray(column.to_numpy(), dtype=np.float64) if numeric else None
    if getattr(getattr(column, "dtype", None), "kind", "") in tuple("iuf"):
        if library == "pandas":
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan))
    return None


def _cell(value: Any, i: int, here: Place) -> str | None:
    plain = value.item() if isinstance(value, np.generic) else value
    if _is_missing(plain):
        return None
    if isinstance(plain, (bytes, bytearray, Mapping, list, tuple)):
        message = f"an object of type {type(plain).__name__[:60]} is no value"
        raise InputError("nested-value", message, replace(here, index=(i,)))
    if isinstance(plain, (int, float, Decimal)) and not isinstance(plain, bool):
        return Number(plain)
    return str(plain)


def _is_missing(plain: Any) -> bool:
    if plain is None or (isinstance(plain, float) and math.isnan(plain)):
        return True
    return type(plain).__name__ in ("NAType", "NaTType")


def _library(source: object) -> str:
    """Return the library of data frames that an object, or what it derives from, is of."""
    for type_ in type(source).__mro__:
        root = type_.__module__.partition(".")[0]
        if root in ("pandas", "polars", "pyarrow"):
            return root
    return ""


def _is_frame(source: object) -> bool:
    return any(type_.__name__ in FRAMES for type_ in type(source).__mro__)


def _columns_of(frame: Any, library: str) -> list[tuple[str, Any]]:
    """Return names and columns; an index that says something is a column, too."""
    if library == "pyarrow":
        return [(str(name), frame.column(i)) for i, name in enumerate(frame.column_names)]
    if library == "polars":
        return [(name, frame.get_column(name)) for name in frame.columns]
    columns = [(str(name), frame.iloc[:, i]) for i, name in enumerate(frame.columns)]
    index = frame.index
    if type(index).__name__ != "MultiIndex" and (
        index.name is not None or index.dtype.kind not in "iuf"
    ):
        columns.insert(0, (str(index.name or "index"), index.to_series()))
    return columns


def _table(
    columns: list[tuple[str, Any]], source: str, wanted: Sequence[ReadOptions]
) -> list[Reading]:
    numeric = [_numeric(column) for _, column in columns]
    table = Columns(source, [name for name, _ in columns], numeric)

    def reading(choice: Choice, option: ReadOptions) -> Reading:
        name, weights = columns[choice.weight]
        labels = None if choice.label is None else columns[choice.label][1]
        found = _labelled(weights, labels, source, name, option)
        found.notes += choice.notes
        found.column = name
        return found

    return [reading(*pair) for pair in zip(table.choose(wanted), wanted, strict=True)]


def _numeric(column: Any) -> Numeric:
    values = _listed(column[:SAMPLE])
    numbers = sum(_is_number(value) for value in values)
    return "all" if numbers == len(values) > 0 else "some" if numbers else "none"


def _is_number(value: object) -> bool:
    # A missing value among numbers does not make a column text.
    return value is None or (
        isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    )


def _listed(column: Any) -> list[Any]:
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            values: list[Any] = getattr(column, method)()
            return values
    return list(column)


def _mapping(source: Mapping[Any, Any], name: str, wanted: ReadOptions) -> Reading:
    if wanted.label is not None:
        refuse_columns([wanted._replace(weight=None)], name, "a mapping")
    if wanted.weight is None:
        return _labelled(list(source.values()), list(source), name, None, wanted)
    members = {str(key): value for key, value in source.items()}
    if wanted.weight not in members:
        raise InputError(
            "unknown-column",
            f"there is no member {wanted.weight[:60]!r}",
            Place(name),
            hint=did_you_mean(wanted.weight, list(members)),
        )
    found = load(members[wanted.weight], name, [wanted._replace(weight=None)])[0]
    found.column = wanted.weight
    return found


def _labelled(
    weights: Any, labels: Any, source: str, name: str | None, wanted: ReadOptions
) -> Reading:
    array = _array(weights, Place(source, name=name))
    array, integers = checked(array, wanted.kind, source, name, exact=True)
    if labels is None:
        return Reading("python", array, integers)
    texts = _labels(_listed(labels), source)
    if array.ndim != 1 or len(texts) != len(array):
        raise InputError(
            "bad-shape",
            f"there are {len(texts)} labels for weights of shape {array.shape}",
            Place(source, name=name),
        )
    reading = Reading("python", array, integers, tuple(texts))
    at: dict[str, int] = {}
    positions = [at.setdefault(text, len(at)) for text in texts]
    if len(at) < len(texts):
        if wanted.duplicates != "sum":
            first = {text: i for i, text in reversed(list(enumerate(texts)))}
            repeats = [i for i, text in enumerate(texts) if first[text] < i]
            places = [Place(source, index=(i,), value=texts[i]) for i in repeats[:3]]
            raise InputError(
                DUPLICATE.code, DUPLICATE.message, *places, count=len(repeats), hint=DUPLICATE.hint
            )
        summed(reading, positions, tuple(at), source)
    return reading


def _labels(values: Iterable[Any], source: str) -> list[str]:
    texts = []
    for i, value in enumerate(values):
        plain = value.item() if isinstance(value, np.generic) else value
        if _is_missing(plain):
            message = "a label is missing"
            raise InputError("missing-label", message, Place(source, index=(i,)))
        if isinstance(plain, (bytes, bytearray)):
            message = "a label is bytes, not text"
            raise InputError("bad-label", message, Place(source, index=(i,)))
        texts.append(plain if type(plain) is str else str(plain))
    return texts


def _array(values: Any, here: Place) -> NDArray[Any]:
    """Return weights as an array; of Python integers that no 64-bit type holds, of objects."""
    if isinstance(values, (str, bytes, bytearray)) or not (
        isinstance(values, (Sequence, np.ndarray)) or hasattr(type(values), "__array__")
    ):
        raise InputError(
            "bad-object",
            f"an object of type {type(values).__name__[:60]} is no distribution",
            here,
            hint="give a path, an array, a mapping of labels to weights or a data frame",
        )
    if isinstance(values, Sequence) and not hasattr(type(values), "__array__"):
        return _from_rows(values, here)
    _refuse_missing(values, here)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        message = f"this does not become an array: {str(error)[:100]}"
        raise InputError("bad-object", message, here) from error
    return _from_rows(array.tolist(), here) if array.dtype.kind == "O" else array


def _refuse_missing(values: Any, here: Place) -> None:
    missing: Any = None
    if isinstance(values, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(values)
    elif _library(values):
        # pandas calls it isna; NaN is missing there, and an error all the same.
        test = values.isna() if hasattr(values, "isna") else values.is_null()
        missing = np.asarray(test, dtype=bool)
    if missing is None or not missing.any():
        return
    places = [np.unravel_index(int(i), missing.shape) for i in np.flatnonzero(missing)[:3]]
    raise InputError(
        "missing-weight",
        "weight is missing",
        *(replace(here, index=tuple(int(i) for i in place)) for place in places),
        count=int(missing.sum()),
        hint="write 0 where there is no mass",
    )


def _from_rows(values: Sequence[Any], here: Place) -> NDArray[Any]:
    rows = [row for row in values if _is_row(row)]
    if not rows:
        return _from_numbers([_number(v, (i,), here) for i, v in enumerate(values)])
    lengths = {len(row) for row in rows}
    if len(rows) < len(values) or len(lengths) > 1:
        message = "the rows of a batch have different lengths"
        raise InputError("ragged-row", message, here)
    flat = [_number(v, (i, j), here) for i, row in enumerate(rows) for j, v in enumerate(row)]
    return _from_numbers(flat).reshape(len(rows), lengths.pop())


def _is_row(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _number(value: Any, index: tuple[int, ...], here: Place) -> int | float:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    place = replace(here, index=index, value=str(value)[:60])
    if value is None:
        raise InputError("missing-weight", "weight is missing", place)
    raise InputError(
        "not-a-number",
        f"weight is of type {type(value).__name__[:60]}, not a number",
        place,
        hint="convert it with float() or int()",
    )


def _from_numbers(values: list[int | float]) -> NDArray[Any]:
    if not all(type(value) is int for value in values):
        return np.array(values, dtype=np.float64)
    for type_ in (np.int64, np.uint64):
        try:
            return np.array(values, dtype=type_)
        except OverflowError:
            continue
    return np.array(values, dtype=object)
