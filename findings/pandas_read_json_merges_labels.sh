#!/usr/bin/env bash
# pandas.read_json turns labels in quotes into numbers, so that two outcomes become one.
#
# pandas 3.1.1. The strings "007" and "7" of a JSON file are both the integer 7 in the frame, as
# values and as keys; grouping by them adds up what was apart. The quotes of JSON say that they
# are text. `dtype=False` keeps the values, and `convert_axes=False` the keys.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1
cat > "$folder/wanted" <<'SEEN'
values: {7: 5}
dtype=False: {'007': 3, '7': 2}
keys: [7, 7]
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from io import StringIO

import pandas as pd

records = '[{"zip": "007", "n": 3}, {"zip": "7", "n": 2}]'
print("values:", pd.read_json(StringIO(records)).groupby("zip")["n"].sum().to_dict())
print("dtype=False:", pd.read_json(StringIO(records), dtype=False).groupby("zip")["n"].sum().to_dict())
print("keys:", pd.read_json(StringIO('{"n": {"007": 3, "7": 2}}')).index.tolist())
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
