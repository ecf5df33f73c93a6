#!/usr/bin/env bash
# DuckDB's histogram(x, bins) counts nan in the lowest bin, although it sorts nan above every
# number.
#
# duckdb 2.0.1. An infinity opens a bin of its own above the last bound, null is left out, and nan
# is counted as if it were below the first bound. `SELECT 'nan'::DOUBLE > 'inf'::DOUBLE` is true
# in the same database. A share of broken values looks like a shift to the low end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1
cat > "$folder/wanted" <<'SEEN'
'nan'::DOUBLE {2.0: 2, 4.0: 1}
'inf'::DOUBLE {2.0: 1, 4.0: 1, inf: 1}
NULL {2.0: 1, 4.0: 1}
nan > inf: True
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import duckdb

for value in ("'nan'::DOUBLE", "'inf'::DOUBLE", "NULL"):
    query = f"SELECT histogram(x, [2.0, 4.0]) FROM (SELECT unnest([1.0, 3.0, {value}]) AS x)"
    print(value, duckdb.sql(query).fetchall()[0][0])
print("nan > inf:", duckdb.sql("SELECT 'nan'::DOUBLE > 'inf'::DOUBLE").fetchall()[0][0])
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
