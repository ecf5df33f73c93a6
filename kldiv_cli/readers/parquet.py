"""Parquet: its columns are read one by one, as they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers import columnar
from kldiv_cli.readers.source import seekable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    from kldiv_cli.core.table import Table
    from kldiv_cli.readers.columnar import Column
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream


def read(stream: ByteStream, options: ReadOptions) -> Table:
    """Read the columns of a file, which is looked at from its end.

    Raises
    ------
    InputError
        If it is no whole Parquet file, or there are no columns, or two are called alike.
    """
    mark = stream.mark((b"PAR1", b"PARE"))
    if not mark:
        message = "this is no Parquet file: it does not begin with its mark"
        raise InputError("bad-parquet", message, Place(stream.source))
    if mark == b"PARE":
        raise InputError("bad-parquet", "this Parquet file is encrypted", Place(stream.source))
    from pyarrow.parquet import ParquetFile

    file = seekable(stream)
    with columnar.reading("parquet", stream.source):
        parquet = ParquetFile(file)
        schema = parquet.schema_arrow
    pieces = _pieces(parquet, schema.names)
    return columnar.table(schema, pieces, "parquet", stream.source)


def _pieces(parquet: ParquetFile, names: Sequence[str]) -> Iterator[tuple[int, Column]]:
    """Yield some rows after the other; no column is read that is not asked for."""
    readers: dict[int, _Reader] = {}
    whole = parquet.metadata
    for start, rows in columnar.slices(0, whole.num_rows, len(parquet.schema_arrow)):

        def column(position: int, start: int = start, rows: int = rows) -> pa.Array:
            reader = readers.get(position)
            if reader is None or start < reader.at:
                reader = readers[position] = _Reader(parquet, names[position])
            return reader.rows(start, rows)

        yield rows, column


class _Reader:
    """The values of one column, read forwards.

    Parameters
    ----------
    parquet : ParquetFile
        The open file.
    name : str
        Of the column.

    Attributes
    ----------
    at : int
        The row that is read next.
    """

    def __init__(self, parquet: ParquetFile, name: str) -> None:
        self._name = name
        self._batches = parquet.iter_batches(columnar.MOST_ROWS, columns=[name], use_threads=False)
        self._rest: pa.Array | None = None
        self.at = 0

    def rows(self, start: int, count: int) -> pa.Array:
        """Return the values of some rows, none of which is above `at`."""
        import pyarrow as pa

        self._next(start - self.at)
        found = self._next(count)
        return found[0] if len(found) == 1 else pa.concat_arrays(found)

    def _next(self, count: int) -> list[pa.Array]:
        """Return the values of the next rows, as they are stored together."""
        found = []
        self.at += count
        while count:
            if not self._rest:
                batch = next(self._batches)
                # A column whose name begins with this one and a point may be there, too.
                self._rest = batch.column(batch.schema.names.index(self._name))
            found.append(self._rest.slice(0, count))
            self._rest = self._rest.slice(len(found[-1]))
            count -= len(found[-1])
        return found
