#!/usr/bin/env bash
# DuckDB reads decimals of more than 38 digits from Parquet as doubles, so that different values
# become one outcome.
#
# duckdb 2.0.1, pyarrow 26.0.1. The type of the column is DECIMAL(60, 2), the decimal256 of Arrow; the
# values here have 18 digits, which a DECIMAL(38, 2) holds exactly, and a double does not. Nothing is
# said but by the type, DOUBLE. Two keys, or two labels, are counted together. PyArrow reads the file
# exactly. The way around is to cast to at most 38 digits where the file is written.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
cat > "$folder/wanted" <<'SEEN'
duckdb, 60 digits: DOUBLE, 1 value
duckdb, 38 digits: DECIMAL(38,2), 2 values
pyarrow, 60 digits: decimal256(60, 2), 2 values
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

keys = [Decimal("1000000000000000.01"), Decimal("1000000000000000.03")]
for digits, type_ in ((60, pa.decimal256(60, 2)), (38, pa.decimal128(38, 2))):
    pq.write_table(pa.table({"key": pa.array(keys, type_)}), f"{digits}.parquet")


def told(count):
    return f"{count} value{'s' if count > 1 else ''}"


for digits in (60, 38):
    query = f"SELECT typeof(key), count(DISTINCT key) FROM '{digits}.parquet' GROUP BY 1"
    type_, count = duckdb.sql(query).fetchall()[0]
    print(f"duckdb, {digits} digits: {type_}, {told(count)}")
column = pq.read_table("60.parquet")["key"]
print(f"pyarrow, 60 digits: {column.type}, {told(len(set(column.to_pylist())))}")
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
