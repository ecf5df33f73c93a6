"""The same data give the same report whoever wrote them: random tables, written and read back.

Every writer gets the same two tables; the report on what it wrote must be that on the records in
memory, but for the name, the path and the format of the sides, and for notes.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv
from pyarrow import feather, ipc, parquet

from kldiv_cli import check, compare
from kldiv_cli.readers.compression import ZSTD

zstd = importlib.import_module(ZSTD)
Row = dict[str, Any]
Schema = dict[str, tuple[Any, Any]]
"""The types of columns in Polars and in Arrow."""
Writer = Callable[[list[Row], Schema, Path], object]
"""Writes rows into a file whose name it completes, and returns what kldiv reads."""

# An empty text is no label here: most formats cannot tell it from a missing one.
LABELS = ["red", "NA", "null", "007", "7", "1e3", "a b", " blank", 'say "hi"', "x,y", "O'Hara",
          "über", "True", "2024-13-45", "-", "a;b", "t\tab", "#no comment"]  # fmt: skip
COLUMNS = {
    "label": st.sampled_from(LABELS),
    "sparse": st.sampled_from(["ash", "NA", "oak", None]),
    "flag": st.sampled_from([True, False, None]),
    "day": st.sampled_from([date(2026, 1, day) for day in (1, 2, 3)] + [None]),
    "whole": st.sampled_from([0, 1, 2, 1_000_000, None]),
    "real": st.sampled_from([0.1, 2.5, -3.0, 1e-7, 1e16, 123456.789, None]),
}
TEXT, WHOLE = (pl.String, pa.string()), (pl.Int64, pa.int64())
ROWS: Schema = {
    "label": TEXT, "sparse": TEXT, "flag": (pl.Boolean, pa.bool_()), "day": (pl.Date, pa.date32()),
    "whole": WHOLE, "real": (pl.Float64, pa.float64()),
}  # fmt: skip
COUNTS: Schema = {"outcome": TEXT, "count": WHOLE}
FIRST: Row = {
    "label": "red", "sparse": "ash", "flag": True, "day": date(2026, 1, 1), "whole": 3,
    "real": 0.5,
}  # fmt: skip
"""A first row without a missing value, so that each column has a type in every library."""

tables = st.lists(st.fixed_dictionaries(COLUMNS), min_size=1, max_size=30).map(
    lambda rows: [FIRST, *rows]
)


def arrow(rows: list[Row], schema: Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema([(name, of[1]) for name, of in schema.items()]))


def polars(rows: list[Row], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, {name: of[0] for name, of in schema.items()})


def pandas(rows: list[Row], schema: Schema) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(schema))


def lists(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def plain(row: Row) -> Row:
    return {k: value.isoformat() if isinstance(value, date) else value for k, value in row.items()}


def written(path: Path, suffix: str, text: str) -> Path:
    path = path.with_suffix(suffix)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def by_csv(rows: list[Row], schema: Schema, path: Path) -> Path:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(schema))
    writer.writeheader()
    writer.writerows(rows)
    return written(path, ".csv", file.getvalue())


def by_json(rows: list[Row], schema: Schema, path: Path) -> Path:
    return written(path, ".json", json.dumps(list(map(plain, rows))))


def by_json_lists(rows: list[Row], schema: Schema, path: Path) -> Path:
    return written(path, ".json", json.dumps(lists(list(map(plain, rows)))))


def by_json_lines_without_nulls(rows: list[Row], schema: Schema, path: Path) -> Path:
    known = ({k: value for k, value in plain(row).items() if value is not None} for row in rows)
    return written(path, ".json", "".join(f"{json.dumps(row)}\n" for row in known))


def by_pandas_csv(rows: list[Row], schema: Schema, path: Path) -> Path:
    return written(path, ".csv", pandas(rows, schema).to_csv(index=False))


def by_pandas_json(rows: list[Row], schema: Schema, path: Path) -> Path:
    options = {"double_precision": 15, "date_format": "iso"}
    return written(path, ".json", pandas(rows, schema).to_json(orient="records", **options))


def by_pandas_split(rows: list[Row], schema: Schema, path: Path) -> Path:
    options = {"double_precision": 15, "date_format": "iso"}
    return written(path, ".json", pandas(rows, schema).to_json(orient="split", **options))


def by_polars_csv(rows: list[Row], schema: Schema, path: Path) -> Path:
    return written(path, ".csv", polars(rows, schema).write_csv())


def by_polars_lines(rows: list[Row], schema: Schema, path: Path) -> Path:
    return written(path, ".ndjson", polars(rows, schema).write_ndjson())


def by_polars_json(rows: list[Row], schema: Schema, path: Path) -> Path:
    return written(path, ".json", polars(rows, schema).write_json())


def by_pyarrow_csv(rows: list[Row], schema: Schema, path: Path) -> Path:
    arrow_csv.write_csv(arrow(rows, schema), path.with_suffix(".csv"))
    return path.with_suffix(".csv")


def by_pyarrow_parquet(rows: list[Row], schema: Schema, path: Path) -> Path:
    parquet.write_table(arrow(rows, schema), path, row_group_size=7)
    return path


def by_pyarrow_feather(rows: list[Row], schema: Schema, path: Path) -> Path:
    feather.write_feather(arrow(rows, schema), path.with_suffix(".feather"))
    return path.with_suffix(".feather")


def by_pyarrow_stream(rows: list[Row], schema: Schema, path: Path) -> Path:
    table = arrow(rows, schema)
    with ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return path


def by_pandas_parquet(rows: list[Row], schema: Schema, path: Path) -> Path:
    pandas(rows, schema).to_parquet(path)
    return path


def by_pandas_categories(rows: list[Row], schema: Schema, path: Path) -> Path:
    frame = pandas(rows, schema)
    frame.astype({frame.columns[0]: "category"}).to_feather(path)
    return path


def by_polars_parquet(rows: list[Row], schema: Schema, path: Path) -> Path:
    polars(rows, schema).write_parquet(path, compression="lz4")
    return path


def by_polars_arrow(rows: list[Row], schema: Schema, path: Path) -> Path:
    categories = pl.col(next(iter(schema))).cast(pl.Categorical)
    polars(rows, schema).with_columns(categories).write_ipc(path, compression="zstd")
    return path


def by_polars_stream(rows: list[Row], schema: Schema, path: Path) -> Path:
    polars(rows, schema).write_ipc_stream(path)
    return path


def by_polars_zstandard(rows: list[Row], schema: Schema, path: Path) -> Path:
    path = path.with_suffix(".csv.zst")
    path.write_bytes(zstd.compress(polars(rows, schema).write_csv().encode()))
    return path


def by_duckdb(suffix: str, options: str) -> Writer:
    def write(rows: list[Row], schema: Schema, path: Path) -> Path:
        with duckdb.connect() as base:
            base.register("given", arrow(rows, schema))
            base.execute(f"COPY given TO '{path.with_suffix(suffix)}' ({options})")
        return path.with_suffix(suffix)

    return write


WRITERS: dict[str, Writer] = {
    "csv": by_csv,
    "json": by_json,
    "json of lists": by_json_lists,
    "json lines without nulls": by_json_lines_without_nulls,
    "pandas csv": by_pandas_csv,
    "pandas json": by_pandas_json,
    "pandas split json": by_pandas_split,
    "polars csv": by_polars_csv,
    "polars json lines": by_polars_lines,
    "polars json": by_polars_json,
    "pyarrow csv": by_pyarrow_csv,
    "duckdb csv": by_duckdb(".csv", "HEADER"),
    "duckdb json": by_duckdb(".json", "FORMAT json"),
    "duckdb json array": by_duckdb(".json", "FORMAT json, ARRAY true"),
    "pyarrow parquet": by_pyarrow_parquet,
    "pyarrow feather": by_pyarrow_feather,
    "pyarrow stream": by_pyarrow_stream,
    "pandas parquet": by_pandas_parquet,
    "pandas categories": by_pandas_categories,
    "polars parquet": by_polars_parquet,
    "polars arrow": by_polars_arrow,
    "polars stream": by_polars_stream,
    "polars csv.zst": by_polars_zstandard,
    "duckdb parquet": by_duckdb(".parquet", "FORMAT parquet"),
    "duckdb csv.zst": by_duckdb(".csv.zst", "HEADER, COMPRESSION zstd"),
    "pandas": lambda rows, schema, path: pandas(rows, schema),
    "pandas of its own types": lambda rows, schema, path: pandas(rows, schema).convert_dtypes(),
    "polars": lambda rows, schema, path: polars(rows, schema),
    "pyarrow": lambda rows, schema, path: arrow(rows, schema),
    "mapping": lambda rows, schema, path: lists(rows),
}


def facts(report: Any) -> dict[str, Any]:
    """Return what a report says, but for the names, the paths and the formats of its sides."""
    told = report.to_dict()
    for side in ("reference", "current", "p", "q"):
        for key in ("name", "source", "format"):
            told.get(side, {}).pop(key, None)
    for key in ("dataset", "notes"):
        told.pop(key, None)
    return told


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@given(reference=tables, current=tables)
@settings(max_examples=6)
def test_raw_rows(tmp_path_factory, writer, reference, current):
    folder = tmp_path_factory.mktemp("written")
    options = {"column": list(ROWS), "names": ("old", "new")}
    truth = check(reference, current, **options)
    sides = writer(reference, ROWS, folder / "old"), writer(current, ROWS, folder / "new")
    assert facts(check(*sides, **options)) == facts(truth)


labels = st.sampled_from([*LABELS, None])
counts = st.dictionaries(labels, st.integers(1, 10**6), min_size=2, max_size=8).map(
    lambda table: (
        [{"outcome": "red", "count": 7}]
        + [{"outcome": label, "count": n} for label, n in table.items() if label != "red"]
    )
)


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@given(p=counts, q=counts)
@settings(max_examples=6)
def test_tables_of_counts(tmp_path_factory, writer, p, q):
    folder = tmp_path_factory.mktemp("written")
    options = {"kind": "counts", "total_row": "keep", "names": ("p", "q")}
    truth = compare(p, q, **options)
    sides = writer(p, COUNTS, folder / "p"), writer(q, COUNTS, folder / "q")
    assert facts(compare(*sides, **options)) == facts(truth)
