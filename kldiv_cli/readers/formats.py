"""The file formats: one row each, with the module that reads it and its extensions."""

from __future__ import annotations

from typing import NamedTuple


class Format(NamedTuple):
    """A row of `FORMATS`."""

    module: str | None
    """Module of this package whose ``read`` reads it; None where none does yet."""
    extensions: tuple[str, ...] = ()
    marks: tuple[bytes, ...] = ()
    """First bytes that tell it where the name does not."""
    streamed: bool = False
    """Its raw rows are never held in memory together."""


FORMATS = {
    "text": Format("delimited", streamed=True),
    "csv": Format("delimited", (".csv",), streamed=True),
    "tsv": Format("delimited", (".tsv", ".tab"), streamed=True),
    "json": Format("json", (".json",)),
    "jsonl": Format("jsonl", (".jsonl", ".ndjson"), streamed=True),
    "npy": Format("npy", (".npy",), (b"\x93NUMPY",)),
    "npz": Format("npz", (".npz",), (b"PK\x03\x04", b"PK\x05\x06")),
    "uniq": Format("uniq", (".uniq",), streamed=True),
    "parquet": Format(None, (".parquet", ".pq"), (b"PAR1",)),
    "arrow": Format(None, (".arrow", ".feather", ".ipc"), (b"ARROW1",)),
}
TIDY_COLUMNS = ("column", "outcome", "count")
"""Names of the columns of a tidy table: the counts of several columns, one outcome a row."""
BY_EXTENSION = {ext: name for name, entry in FORMATS.items() for ext in entry.extensions}
