#!/usr/bin/env bash
# safetensors.numpy saves a slice or a transposed array as the bytes lie in memory, under the shape
# of the array: what is loaded has the right shape and wrong values.
#
# safetensors 0.8.0, numpy 2.4.6; 0.7.0 saved the values. The file format knows one order, row after
# row, and since 0.8.0 the bytes are taken from memory without a look at the strides (known to the
# project as its issue 825). Below, two rows of logits lose the padding of their vocabulary, as in
# `logits[:, :size]`: the second row begins with the padding of the first, and all later tokens are
# shifted. A transposed array is shuffled throughout. Nothing in the file shows it, and the
# divergence from a file that was saved well is a plausible number. `numpy.ascontiguousarray` before
# saving is the way around.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/wanted" <<'SEEN'
safetensors 0.7.0
slice: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
transposed: [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
slice, made contiguous: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
safetensors 0.8.0
slice: [[1.0, 2.0, 3.0], [-9.0, 4.0, 5.0]]
transposed: [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
slice, made contiguous: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
SEEN
cat > "$folder/save.py" <<'PYTHON'
import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

print("safetensors", safetensors.__version__)
logits = np.array([[1, 2, 3, -9], [4, 5, 6, -9]], dtype=np.float32)
trimmed = logits[:, :3]
arrays = {
    "slice": trimmed,
    "transposed": np.ascontiguousarray(trimmed).T,
    "slice, made contiguous": np.ascontiguousarray(trimmed),
}
for name, array in arrays.items():
    save_file({"logits": array}, "logits.safetensors")
    print(f"{name}:", load_file("logits.safetensors")["logits"].tolist())
PYTHON
cd "$folder"
python3 -m venv "$folder/venv"
for version in 0.7.0 0.8.0; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "safetensors==$version" numpy==2.4.6
    "$folder/venv/bin/python" save.py >> "$folder/seen"
done
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
