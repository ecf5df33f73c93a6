"""The file formats: a row each, with all that the package knows of it."""

from __future__ import annotations

from kldiv_cli.tuples import NamedTuple


class Format(NamedTuple):
    """A row of `FORMATS`."""

    module: str
    """Module of this package whose ``read`` reads it."""
    extensions: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """Fields of `ReadOptions` that not every format has a use for, and this one has."""
    marks: tuple[bytes, ...] = ()
    """First bytes that tell it where the name does not."""
    streamed: bool = False
    """Its raw rows are never held in memory together."""
    by_rows: bool = False
    """The rows of its arrays need not be held in memory together."""
    needs: str | None = None
    """A package of the extra ``duckdb`` that it cannot be read without."""


_LABELS = ("duplicates", "total_row")
_TABLE = (
    "encoding",
    "delimiter",
    "decimal",
    "thousands",
    "skip_rows",
    "header",
    "comment",
    "escape",
    *_LABELS,
)
_TEXT = ("encoding", *_LABELS)
_JSON = (*_TEXT, "at")
FORMATS = {
    "text": Format("delimited", (), _TABLE, streamed=True),
    "csv": Format("delimited", (".csv",), _TABLE, streamed=True),
    "tsv": Format("delimited", (".tsv", ".tab"), _TABLE, streamed=True),
    "json": Format("json", (".json",), _JSON),
    "jsonl": Format("jsonl", (".jsonl", ".ndjson"), _JSON, streamed=True),
    "npy": Format("npy", (".npy",), ("dtype",), (b"\x93NUMPY",), by_rows=True),
    "npz": Format("npz", (".npz",), ("dtype",), (b"PK\x03\x04", b"PK\x05\x06")),
    "safetensors": Format("safetensors", (".safetensors",), ("max_header",), by_rows=True),
    "llama-kld": Format("llama_kld", (".kld",), marks=(b"_logits_",), by_rows=True),
    "uniq": Format("uniq", (".uniq",), _TEXT, streamed=True),
    "parquet": Format(
        "parquet", (".parquet", ".pq"), _LABELS, (b"PAR1", b"PARE"), needs="pyarrow"
    ),
    "arrow": Format(
        "arrow",
        (".arrow", ".arrows", ".feather", ".ipc"),
        _LABELS,
        (b"ARROW1\0\0", b"\xff\xff\xff\xff"),
        needs="pyarrow",
    ),
}
TIDY_COLUMNS = ("column", "outcome", "count")
"""Names of the columns of a tidy table: the counts of several columns, one outcome a row."""
OF_SOME = tuple(dict.fromkeys(name for entry in FORMATS.values() for name in entry.options))
"""Fields of `ReadOptions` that some formats have a use for, and others not."""
BY_EXTENSION = {ext: name for name, entry in FORMATS.items() for ext in entry.extensions}
