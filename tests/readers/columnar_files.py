"""A table of Arrow as the bytes of files: Parquet, and both formats of Arrow IPC."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc


def parquet(table, **options):
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def arrow(table, *, new=ipc.new_file, compression=None, rows=None):
    file = io.BytesIO()
    with new(file, table.schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return file.getvalue()


def stream(table, **options):
    return arrow(table, new=ipc.new_stream, **options)


FILES = {
    "parquet": ("x.parquet", parquet),
    "parquet, row groups": ("x.pq", lambda table: parquet(table, row_group_size=2)),
    "parquet, no dictionaries": ("x", lambda table: parquet(table, use_dictionary=False)),
    "parquet, zstd": ("x.parquet", lambda table: parquet(table, compression="zstd")),
    "parquet, gz": ("x.parquet.gz", lambda table: pa.compress(parquet(table), "gzip", True)),
    "arrow": ("x.arrow", arrow),
    "arrow, batches": ("x.ipc", lambda table: arrow(table, rows=2)),
    "feather": ("x.feather", lambda table: arrow(table, compression="lz4")),
    "arrow, zstd": ("x", lambda table: arrow(table, compression="zstd")),
    "stream": ("x.arrows", stream),
    "stream, lz4": ("x.arrow", lambda table: stream(table, compression="lz4")),
    "stream, batches": ("x", lambda table: stream(table, rows=2)),
}
"""The name of a file, and what makes its bytes."""
