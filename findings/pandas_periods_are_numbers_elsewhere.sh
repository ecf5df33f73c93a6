#!/usr/bin/env bash
# A column of months that pandas writes to Parquet holds 648, 649, .. to every other reader.
#
# pandas 3.1.1, pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1. A Period is stored as the number of
# periods since 1970, in a type that is an extension of Arrow's, with its frequency in the metadata.
# pandas reads months back. DuckDB has plain integers, without a word, and Polars integers whose type
# has a name: a column of labels has become one of numbers, which is binned, and has nothing in common
# with the same months in a CSV file. The way around is to write them as text, or as their first day.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
cat > "$folder/wanted" <<'SEEN'
pandas: period[M] ['2024-01', '2024-02']
CSV: month 2024-01 2024-02
DuckDB: BIGINT [648, 649]
Polars: [648, 649]
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import duckdb
import pandas as pd
import polars as pl

frame = pd.DataFrame({"month": pd.period_range("2024-01", "2024-02", freq="M")})
frame.to_parquet("x.parquet")
back = pd.read_parquet("x.parquet").month
print(f"pandas: {back.dtype} {back.astype(str).tolist()}")
print("CSV:", " ".join(frame.to_csv(index=False).split()))
rows = duckdb.sql("from 'x.parquet'")
print(f"DuckDB: {rows.types[0]} {[row[0] for row in rows.fetchall()]}")
print("Polars:", pl.read_parquet("x.parquet")["month"].to_list())
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
