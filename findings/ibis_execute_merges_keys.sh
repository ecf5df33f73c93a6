#!/usr/bin/env bash
# Ibis' execute() returns whole numbers beside a null as doubles, and NaN as null, so that the counts
# of value_counts() are of keys that are no longer told apart.
#
# ibis-framework 12.0.0, duckdb 2.0.1, pandas 3.1.1, pyarrow 26.0.1. The engine counts rightly: its
# table has a row for each of 2^53 + 1, 2^53 and null. execute() makes a data frame of it, in which
# a column of int64 with a null becomes float64: two rows have the key 2^53, and whoever looks one
# up, or makes a dictionary, loses the other's count. Of doubles the rows of NaN and of null become two of
# NaN. to_pyarrow() of the same expression has both columns as the engine has them, and is the way around.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  ibis-framework==12.0.0 sqlglot==30.30.0 duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1 pyarrow-hotfix==0.7 rich packaging
cat > "$folder/wanted" <<'SEEN'
key, DuckDB itself: {None: 10, 9007199254740992: 20, 9007199254740993: 30}
key, execute(): {nan: 10, 9007199254740992.0: 30}
x, DuckDB itself: {None: 10, 1.5: 20, nan: 30}
x, execute(): 40 of 60 rows are null
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import duckdb
import ibis

with duckdb.connect("x.duckdb") as connection:
    connection.execute("create table t (key bigint, x double)")
    for key, x, n in ((None, None, 10), (2**53, 1.5, 20), (2**53 + 1, float("nan"), 30)):
        connection.executemany("insert into t values (?, ?)", [(key, x)] * n)
    for name in ("key", "x"):
        query = f"select {name}, count(*) from t group by {name} order by count(*)"
        globals()[name] = dict(connection.execute(query).fetchall())

table = ibis.duckdb.connect("x.duckdb", read_only=True).table("t")
counts = table.key.value_counts(name="n").order_by("n").execute()
print(f"key, DuckDB itself: {key}")
print(f"key, execute(): {dict(zip(counts.key.tolist(), counts.n.tolist()))}")
counts = table.x.value_counts(name="n").execute()
print(f"x, DuckDB itself: {x}")
print(f"x, execute(): {counts[counts.x.isna()].n.sum()} of {counts.n.sum()} rows are null")
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
