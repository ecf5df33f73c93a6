#!/usr/bin/env bash
# A .npy file does not tell which of the small float types of ml_dtypes it holds: the same file is
# written for different numbers, and one of the types is written so that numpy.load refuses it.
#
# ml_dtypes 0.6.0, numpy 2.4.6, h5py 3.16.0. The header holds the letter and the size of the type,
# which are those of two nameless bytes for bfloat16, and of one nameless byte for most 8-bit types;
# float8_e5m2 alone calls itself a float of one byte, which NumPy does not have. Loading gives raw
# bytes even if ml_dtypes is imported, and casting them raises an error. HDF5 files have nameless
# bytes as well, and no float8_e5m2. Whoever opens the file must know the type and say
# `.view(ml_dtypes.bfloat16)`; taken for its sibling, float8_e4m3fnuz, an array of float8_e4m3fn is
# halved, which makes a distribution of logits flatter. Saving as float32, or as unsigned integers
# with the type in the name, is the way around.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ml_dtypes==0.6.0 numpy==2.4.6 h5py==3.16.0
cat > "$folder/wanted" <<'SEEN'
bfloat16: written as <V2, npy |V2, HDF5 |V2
float8_e4m3fn: written as <V1, npy |V1, HDF5 |V1
float8_e5m2: written as <f1, npy ValueError, HDF5 TypeError
[1.5, -2.0] as float8_e4m3fn and [0.75, -1.0] as float8_e4m3fnuz: the same file: True
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from io import BytesIO

import h5py
import ml_dtypes
import numpy as np


def through_npy(array):
    return np.load(BytesIO(saved(array))).dtype.str


def through_hdf5(array):
    with h5py.File(f"{array.dtype.name}.h5", "w") as file:
        file["logits"] = array
        return file["logits"].dtype.str


def saved(array):
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def outcome(way, array):
    try:
        return way(array)
    except Exception as error:
        return type(error).__name__


for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
    array = np.array([1.5, -2.0], dtype=getattr(ml_dtypes, name))
    ways = (outcome(through_npy, array), outcome(through_hdf5, array))
    print(f"{name}: written as {array.dtype.str}, npy {ways[0]}, HDF5 {ways[1]}")
one = np.array([1.5, -2.0], dtype=ml_dtypes.float8_e4m3fn)
other = np.array([0.75, -1.0], dtype=ml_dtypes.float8_e4m3fnuz)
print(
    f"{one.astype(float).tolist()} as {one.dtype.name} and {other.astype(float).tolist()}",
    f"as {other.dtype.name}: the same file: {saved(one) == saved(other)}",
)
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
