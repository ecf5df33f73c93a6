#!/usr/bin/env bash
# pyarrow.compute.value_counts takes 0.0 and -0.0 for two outcomes; pandas, Polars and DuckDB take
# them for one.
#
# pyarrow 26.0.1, pandas 3.1.1, polars 2.1.0, duckdb 2.0.1. The two are equal as numbers. A column
# in which a computation left negative zeros has one more outcome if Arrow counted it, and KL
# against counts of another engine is infinite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 duckdb==2.0.1
cat > "$folder/wanted" <<'SEEN'
pyarrow: 3
pandas:  2
polars:  2
duckdb:  2
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

values = [0.0, -0.0, 1.0]
print("pyarrow:", len(pc.value_counts(pa.array(values))))
print("pandas: ", len(pd.Series(values).value_counts()))
print("polars: ", len(pl.Series(values).value_counts()))
print("duckdb: ", len(duckdb.execute("SELECT x, count(*) FROM unnest(?) t(x) GROUP BY x", [values]).fetchall()))
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
