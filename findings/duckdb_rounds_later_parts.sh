#!/usr/bin/env bash
# DuckDB rounds the fractions in a folder of Parquet files to whole numbers if the first file has
# whole numbers; Polars and PyArrow refuse the folder.
#
# duckdb 2.0.1, polars 2.1.0, pyarrow 26.0.1. The first file decides the types of all, and values
# are cast to them without a word: 1.7 and 2.2 are both 2. A program that writes a part without
# fractions as integers, as pandas does where no value is missing, makes the first part of a day
# decide whether prices keep their cents; the counts of such a column look like drift, or hide it.
# `union_by_name = true` takes the wider type of all files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
cat > "$folder/wanted" <<'SEEN'
duckdb: [1, 2, 2, 2]
duckdb, union_by_name: [1.0, 2.0, 1.7, 2.2]
polars: SchemaError
pyarrow: ArrowInvalid
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import os

import duckdb
import polars as pl
import pyarrow.parquet as pq

os.mkdir("parts")
pl.DataFrame({"price": [1, 2]}).write_parquet("parts/1.parquet")
pl.DataFrame({"price": [1.7, 2.2]}).write_parquet("parts/2.parquet")
for name, option in (("duckdb", ""), ("duckdb, union_by_name", ", union_by_name = true")):
    rows = duckdb.sql(f"FROM read_parquet('parts/*.parquet'{option})").fetchall()
    print(f"{name}:", [price for (price,) in rows])
for name, read in (("polars", pl.read_parquet), ("pyarrow", pq.read_table)):
    try:
        print(f"{name}:", read("parts")["price"].to_list())
    except Exception as error:
        print(f"{name}:", type(error).__name__)
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
