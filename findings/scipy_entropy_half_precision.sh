#!/usr/bin/env bash
# scipy.stats.entropy calls two different distributions equal if their half-precision counts add
# up to more than 65504.
#
# scipy 1.17.1, numpy 2.4.6. The total overflows to infinity in the type of the input, every share
# becomes 0, and the divergence is 0 with nothing but a RuntimeWarning of NumPy. The true value is
# that of the same numbers as float64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
cat > "$folder/wanted" <<'SEEN'
float16: 0.0
float64: 2.176273
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import warnings

import numpy as np
from scipy.stats import entropy

warnings.simplefilter("ignore")
p, q = [60000, 50000, 1000], [1000, 50000, 60000]
print("float16:", float(entropy(np.float16(p), np.float16(q))))
print("float64:", round(float(entropy(np.float64(p), np.float64(q))), 6))
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
