#!/usr/bin/env bash
# Series.entropy of Polars is nan where an outcome has no mass.
#
# polars 2.1.0. 0 ln 0 is 0 in every definition of entropy, and in scipy.stats.entropy and DuckDB;
# here it is nan. An outcome that is named and did not occur is enough.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
cat > "$folder/wanted" <<'SEEN'
0.6931471805599453 nan
nan
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import polars as pl

print(pl.Series([0.5, 0.5]).entropy(), pl.Series([0.5, 0.5, 0.0]).entropy())
print(pl.Series([3, 3, 0]).entropy())
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
