#!/usr/bin/env bash
# pandas.cut bins by the exact edges and labels by rounded ones, so that a value lies outside its
# own interval.
#
# pandas 3.1.1. The interval of a bin holds edges rounded to `precision=3` digits: 33.3332 is put
# in the bin whose interval ends at 33.333. Who counts another sample with the edges that the
# labels tell gets other counts from equal data. Edges are to be kept as numbers beside the
# counts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1
cat > "$folder/wanted" <<'SEEN'
bins: ['(0.0, 33.333]', '(0.0, 33.333]', '(33.333, 100.0]']
in its own interval: [True, False, True]
counts: [2, 1] by the labels: [1, 2]
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import pandas as pd

values, edges = [10.0, 33.3332, 50.0], [0, 33.33333, 100]
first = pd.cut(values, edges)
print("bins:", [str(interval) for interval in first])
print("in its own interval:", [value in interval for value, interval in zip(values, first)])
again = pd.cut(values, first.categories)
print("counts:", first.value_counts().tolist(), "by the labels:", again.value_counts().tolist())
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
