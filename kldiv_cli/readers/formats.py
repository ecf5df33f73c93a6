"""The file formats: one row each, with the module that reads it and its extensions."""

from __future__ import annotations

from typing import NamedTuple


class Format(NamedTuple):
    """A row of `FORMATS`."""

    module: str | None
    """Module of this package whose ``read`` reads it; None where none does yet."""
    extensions: tuple[str, ...]
    options: tuple[str, ...] = ()
    """Fields of `ReadOptions` that not every format has a use for, and this one has."""


_TABLE = ("encoding", "delimiter", "decimal", "header", "comment", "duplicates")
_TEXT = ("encoding", "duplicates")
FORMATS = {
    "text": Format("delimited", (), _TABLE),
    "csv": Format("delimited", (".csv",), _TABLE),
    "tsv": Format("delimited", (".tsv", ".tab"), _TABLE),
    "json": Format("json", (".json",), _TEXT),
    "jsonl": Format("jsonl", (".jsonl", ".ndjson"), _TEXT),
    "npy": Format("npy", (".npy",)),
    "npz": Format("npz", (".npz",)),
    "uniq": Format("uniq", (".uniq",), _TEXT),
    "parquet": Format(None, (".parquet", ".pq")),
    "arrow": Format(None, (".arrow", ".feather", ".ipc")),
}

TIDY_COLUMNS = ("column", "outcome", "count")
"""Names of the columns of a tidy table: the counts of several columns, one outcome a row."""
BY_EXTENSION = {ext: name for name, entry in FORMATS.items() for ext in entry.extensions}
