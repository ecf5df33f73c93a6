#!/usr/bin/env bash
# A column that the first Parquet file of a folder does not have is not there for DuckDB and
# PyArrow, whatever the other files hold; Polars refuses the folder.
#
# duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0. The first file in the order of names decides. If the
# files come in the other order, DuckDB refuses them, and PyArrow fills the column with nulls. A
# column that a producer began to write in the middle of a month is compared by nobody, and a check
# of drift passes on what is left. `union_by_name = true` of DuckDB, and a schema given to PyArrow,
# read it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
cat > "$folder/wanted" <<'SEEN'
old, new: duckdb ['user']
old, new: pyarrow ['user']
old, new: polars SchemaError
new, old: duckdb InvalidInputException
new, old: pyarrow ['user', 'country']
new, old: polars ColumnNotFoundError
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import os

import duckdb
import polars as pl
import pyarrow.parquet as pq

old = pl.DataFrame({"user": [1, 2]})
new = pl.DataFrame({"user": [3, 4], "country": ["de", "fr"]})
READ = {
    "duckdb": lambda folder: duckdb.sql(f"FROM '{folder}/*.parquet'").to_arrow_table().column_names,
    "pyarrow": lambda folder: pq.read_table(folder).column_names,
    "polars": lambda folder: pl.read_parquet(folder).columns,
}
for name, frames in (("old, new", (old, new)), ("new, old", (new, old))):
    os.mkdir(name)
    for i, frame in enumerate(frames):
        frame.write_parquet(f"{name}/{i}.parquet")
    for program, read in READ.items():
        try:
            print(f"{name}: {program}", read(name))
        except Exception as error:
            print(f"{name}: {program}", type(error).__name__)
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
