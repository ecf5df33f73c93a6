"""Objects of a Python program: arrays, sequences, mappings and data frames.

None of the libraries is imported: an object of theirs brings it along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.dataset import which_kind
from kldiv_cli.errors import InputError, Place, did_you_mean
from kldiv_cli.readers.arrays import checked
from kldiv_cli.readers.npy import refuse_columns
from kldiv_cli.readers.reading import DUPLICATE, Reading, summed
from kldiv_cli.readers.selection import Columns, joined
from kldiv_cli.readers.values import columns_of, is_missing, library_of, listed, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Table
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.selection import Choice, Numeric

SAMPLE = 100
FRAMES = ("DataFrame", "Table", "RecordBatch")


def source_name(source: object) -> str:
    """Return what errors and reports call an object."""
    if library_of(source) and _is_frame(source):
        return "data frame"
    if isinstance(source, Mapping):
        return "mapping"
    if library_of(source) or isinstance(source, (Sequence, np.ndarray)):
        return "array"
    return "array" if hasattr(type(source), "__array__") else type(source).__name__[:40]


def load(source: Any, name: str, wanted: Sequence[ReadOptions]) -> list[Reading]:
    """Read the sides that are wanted of one object."""
    library = library_of(source)
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


def rows(source: Any, name: str) -> Table:
    """Read raw rows: a data frame, a mapping of columns, records, or an array (columns 0, 1, …).

    Raises
    ------
    InputError
        If it is none of these, or its columns differ in length.
    """
    columns = [(str(title), column) for title, column in _raw_columns(source, name)]
    for title, column in columns:
        here = Place(name, name=title)
        if isinstance(column, (str, bytes, Mapping)) or not hasattr(type(column), "__len__"):
            message = f"an object of type {type(column).__name__[:60]} is no column of raw values"
            hint = "kind='counts', 'probabilities' or 'weights' if this is a distribution"
            raise InputError("bad-object", message, here, hint=hint)
        if getattr(column, "ndim", 1) != 1:
            message = f"a column has one dimension, and this has {column.ndim}"
            raise InputError("bad-shape", message, here)
    return table(columns, name, "python")


def _raw_columns(source: Any, name: str) -> Iterable[tuple[Any, Any]]:
    library = library_of(source)
    if library == "pandas" and _is_frame(source):
        # Its index names the rows; it is no column of the data.
        return [(title, source.iloc[:, i]) for i, title in enumerate(source.columns)]
    if library and _is_frame(source):
        return _columns_of(source, library)
    if isinstance(source, Mapping):
        if source and all(_is_number(weight) for weight in source.values()):
            raise which_kind("this may be a distribution, outcome by outcome", name)
        return list(source.items())
    if isinstance(source, np.ndarray):
        return columns_of(source, Place(name))
    if isinstance(source, Sequence) and source:
        if all(isinstance(row, Mapping) for row in source):
            titles = dict.fromkeys(title for row in source for title in row)
            return [(title, [row.get(title) for row in source]) for title in titles]
        if all(isinstance(row, (list, tuple)) for row in source):
            if len(set(map(len, source))) > 1:
                raise InputError("ragged-row", "the rows differ in length", Place(name))
            return list(enumerate(map(list, zip(*source, strict=True))))
    return [(0, source)]


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
    frame = Columns(source, [name for name, _ in columns], numeric)

    def reading(choice: Choice, option: ReadOptions) -> Reading:
        title, weights = columns[choice.weight]
        labels = None if choice.label is None else listed(columns[choice.label][1])
        if choice.group is not None and labels is not None:
            groups = _labels(listed(columns[choice.group][1]), source)
            labels = joined(groups, ["" if is_missing(label) else label for label in labels])
        found = _labelled(weights, labels, source, title, option)
        found.notes += choice.notes
        found.column = title
        found.details = frame.details(choice)
        return found

    return [reading(*pair) for pair in zip(frame.choose(wanted), wanted, strict=True)]


def _numeric(column: Any) -> Numeric:
    values = listed(column[:SAMPLE])
    numbers = sum(_is_number(value) for value in values)
    return "all" if numbers == len(values) > 0 else "some" if numbers else "none"


def _is_number(value: object) -> bool:
    # A missing value among numbers does not make a column text.
    return value is None or (
        isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    )


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
    texts = _labels(labels if isinstance(labels, list) else listed(labels), source)
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
        if is_missing(plain):
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
    elif library_of(values):
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
