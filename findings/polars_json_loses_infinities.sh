#!/usr/bin/env bash
# DataFrame.write_json of Polars writes nan, infinity and null alike, as null.
#
# polars 2.1.0 (and to_json of pandas 3.1.1 does the same). After the file is read back, infinite
# values are missing ones: the share of missing values has drifted, and the infinite ones are
# gone. `write_csv` keeps all three apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1
cat > "$folder/wanted" <<'SEEN'
polars, JSON: [{"x":1.0},{"x":null},{"x":null},{"x":null}]
polars, CSV:  b'x\n1.0\nNaN\ninf\n\n'
pandas, JSON: [{"x":1.0},{"x":null},{"x":null},{"x":null}]
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import pandas as pd
import polars as pl

values = [1.0, float("nan"), float("inf"), None]
frame = pl.DataFrame({"x": values})
print("polars, JSON:", frame.write_json())
print("polars, CSV: ", frame.write_csv().encode())
print("pandas, JSON:", pd.DataFrame({"x": values}).to_json(orient="records"))
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
