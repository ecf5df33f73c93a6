#!/usr/bin/env bash
# DataFrame.to_json writes ten decimals, so that a rare outcome's probability becomes 0, though a
# still rarer one's does not.
#
# pandas 3.1.1. `double_precision` is 10 if not given, and it counts decimals, not digits: 4e-11
# is written as 0.0, and a divergence against the file is infinite where it was finite. Numbers
# below 1e-15 take another way, and are kept: 4e-16 is written in full. `double_precision=15` and
# `to_csv` keep all three.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1
cat > "$folder/wanted" <<'SEEN'
[[1.0],[0.0],[4e-16]]
[[0.99999999996],[0.00000000004],[4e-16]]
['0.99999999996', '4e-11', '4e-16']
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import pandas as pd

frame = pd.DataFrame({"p": [1 - 4e-11, 4e-11, 4e-16]})
print(frame.to_json(orient="values"))
print(frame.to_json(orient="values", double_precision=15))
print(frame.to_csv(index=False, header=False).split())
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
