"""Arrow IPC: the file format, which is Feather's version 2, and the stream format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.readers import columnar
from kldiv_cli.readers.source import seekable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from kldiv_cli.core.table import Table
    from kldiv_cli.readers.columnar import Column
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream

MARK = b"ARROW1"


def read(stream: ByteStream, options: ReadOptions) -> Table:
    """Read batches of rows, one after the other.

    Raises
    ------
    InputError
        If it is neither a file nor a stream of Arrow, or there are no columns, or two are called
        alike.
    """
    from pyarrow import ipc

    with columnar.reading("arrow", stream.source):
        if stream.mark((MARK,)):
            file = ipc.open_file(seekable(stream))
            batches = map(file.get_batch, range(file.num_record_batches))
            schema = file.schema
        else:
            reader = ipc.open_stream(_File(stream))
            batches, schema = iter(reader), reader.schema
    return columnar.table(schema, _pieces(batches), "arrow", stream.source)


class _File:
    """The bytes of an input as a file that is read forwards."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.closed = False

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        return bytes(self._stream.read(size))

    def close(self) -> None:
        """Do nothing: the input is closed by whoever opened it."""


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, Column]]:
    """Yield some rows after the other; a column is checked when it is first asked for."""
    before = 0
    for batch in batches:
        checked: set[int] = set()
        for start, rows in columnar.slices(before, batch.num_rows, batch.num_columns):

            def column(
                position: int,
                batch: pa.RecordBatch = batch,
                start: int = start,
                rows: int = rows,
                checked: set[int] = checked,
            ) -> pa.Array:
                whole = batch.column(position)
                if position not in checked:
                    # What a damaged file says may lead beyond its bytes.
                    whole.validate(full=True)
                    checked.add(position)
                return whole.slice(start, rows)

            yield rows, column
        before += batch.num_rows
