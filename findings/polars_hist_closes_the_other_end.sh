#!/usr/bin/env bash
# Series.hist of Polars and numpy.histogram give different counts for the same values and the same
# edges.
#
# polars 2.1.0, numpy 2.4.6. A bin of Polars holds its upper edge, one of NumPy its lower edge;
# the first and the last bin hold both of theirs. On whole numbers, where values lie on edges, the
# two disagree in every bin, and a divergence between them measures nothing but the convention.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 numpy==2.4.6
cat > "$folder/wanted" <<'SEEN'
numpy:  [2, 4, 3]
polars: [5, 3, 1]
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import numpy as np
import polars as pl

values, edges = [0, 1, 2, 2, 2, 3, 4, 4, 6], [0, 2, 4, 6]
print("numpy: ", np.histogram(values, edges)[0].tolist())
print("polars:", pl.Series(values).hist(edges)["count"].to_list())
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
