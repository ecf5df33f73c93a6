"""Objects of a Python program: arrays, sequences, mappings and data frames.

None of the libraries is imported: an object of theirs brings it along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kldiv_cli.core.dataset import which_kind
from kldiv_cli.core.table import Block, Data, Matrix, Members, Table
from kldiv_cli.readers.values import is_real, library_of, to_list

FORMAT = "python"
FRAMES = ("DataFrame", "Table", "RecordBatch")


def source_name(source: object) -> str:
    """Return what errors and reports call an object."""
    if _is_frame(source):
        return "data frame"
    if isinstance(source, Mapping):
        return "mapping"
    is_array = isinstance(source, Sequence) or hasattr(type(source), "__array__")
    return "array" if is_array or library_of(source) else type(source).__name__[:40]


def read(source: Any, name: str, *, raw: bool = False) -> Data:
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
    """
    library = library_of(source)
    if _is_frame(source):
        return Table(FORMAT, whole=_columns_of(source, library, raw=raw))
    if isinstance(source, Mapping):
        return Items(source, name)
    labels = None
    if library == "pandas":
        # An index without meaning counts the rows; an array of pandas has none.
        index = getattr(source, "index", None)
        labels = None if index is None or type(index).__name__ == "RangeIndex" else to_list(index)
    return Matrix(FORMAT, [Block(source)], labels=labels)


def _is_frame(source: object) -> bool:
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


class Items(Members):
    """The items of a mapping: weights by label, columns by name, or several distributions."""

    what = "this is a mapping, which has no columns;"

    def __init__(self, mapping: Mapping[Any, Any], source: str) -> None:
        super().__init__(source, list(map(str, mapping)))
        self._mapping = mapping

    def member(self, name: str | None) -> Data:
        """See `Members.member`."""
        values = list(self._mapping.values())
        if name is not None:
            return read(values[self.find(name)], self.source)
        return Matrix(FORMAT, [Block(values)], labels=list(self._mapping))

    def table(self) -> Table:
        """See `Members.table`."""
        values = list(self._mapping.values())
        if values and all(value is None or is_real(value) for value in values):
            raise which_kind("this may be a distribution, outcome by outcome", self.source)
        return Table(FORMAT, whole=list(zip(self.names, values, strict=True)))
