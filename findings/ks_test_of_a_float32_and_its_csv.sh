#!/usr/bin/env bash
# A column of single precision and the CSV file that pandas writes of it are different samples to the
# test of Kolmogorov and Smirnov, with a p-value of 1e-27.
#
# pandas 3.1.1, numpy 2.4.6, scipy 1.17.1. pandas writes a float32 with as many digits as tell it from
# its neighbours, 0.1, which is read back as the double 0.1. The float32 itself is 0.10000000149 as a
# double, so that no value is the same but 0 and 0.5, and values with a jump of the distribution lie
# on either side of each other. SciPy compares doubles, and says so with great certainty of data with
# few distinct values; of data that hardly repeat, nothing is seen. Parquet keeps single precision, so
# that a reference as Parquet and a batch as CSV are enough. Bins with edges at values, as quantiles
# are, do the same. The way around is to compare what is written, or both sides in single precision.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
cat > "$folder/wanted" <<'SEEN'
8 distinct values: KS 0.125, p 1e-27
in single precision: KS 0, p 1
4,000 distinct values: KS 0.00025, p 1
SEEN
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import numpy as np
import pandas as pd
from scipy.stats import ks_2samp


def told(what, x, y):
    found = ks_2samp(x, y)
    print(f"{what}: KS {found.statistic:.3g}, p {found.pvalue:.0e}".replace("1e+00", "1"))


for values in (np.arange(4000) % 8 / 10, np.random.default_rng(1).normal(size=4000)):
    frame = pd.DataFrame({"x": values.astype("float32")})
    frame.to_csv("x.csv", index=False)
    back = pd.read_csv("x.csv")
    told(f"{frame.x.nunique():,} distinct values", frame.x, back.x)
    if frame.x.nunique() < 10:
        told("in single precision", frame.x, back.x.astype("float32"))
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
