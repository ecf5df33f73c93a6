#!/usr/bin/env bash
# In NumPy, 32,000 ones of type bfloat16 add up to 256, and SciPy's softmax of them to 125 instead
# of 1.
#
# ml_dtypes 0.6.0, numpy 2.4.6, scipy 1.17.1. Of a type that ml_dtypes brings along, NumPy knows
# only how to add two numbers; it takes one after the other and rounds each time, and 256 + 1 is
# 256 with 8 bits. Its own float16, of the same size, is added with care. `mean` and `std` go the
# same way, and so do SciPy's softmax and log_softmax, which keep the type: no error, no warning.
# 32,000 equal tokens get the perplexity 252, and the softmax of normal logits with a standard
# deviation of 3 added up to 1.4 to 1.5. Such arrays come from JAX, and from safetensors.numpy
# where ml_dtypes is imported. `.astype(numpy.float32)` first is the way around.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ml_dtypes==0.6.0 numpy==2.4.6 scipy==1.17.1
cat > "$folder/wanted" <<'SEEN'
bfloat16: sum 256.0, mean 0.008, softmax adds up to 125.0, log_softmax -5.53
float16: sum 32000.0, mean 1.0, softmax adds up to 0.999, log_softmax -10.38
float32: sum 32000.0, mean 1.0, softmax adds up to 1.0, log_softmax -10.37
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import ml_dtypes
import numpy as np
from scipy.special import log_softmax, softmax

for number in (ml_dtypes.bfloat16, np.float16, np.float32):
    ones = np.ones(32000, dtype=number)
    total = float(np.sum(softmax(ones), dtype=np.float64))
    print(
        f"{ones.dtype.name}: sum {float(ones.sum())}, mean {round(float(ones.mean()), 3)},",
        f"softmax adds up to {round(total, 3)},",
        f"log_softmax {round(float(log_softmax(ones)[0]), 2)}",
    )
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
