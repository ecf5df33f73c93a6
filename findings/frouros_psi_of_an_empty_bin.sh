#!/usr/bin/env bash
# The PSI of Frouros is often larger for two samples of one distribution than for one that moved by half
# a standard deviation.
#
# frouros 0.9.0, numpy 2.1.3, scipy 1.14.1. The bins have equal width between the extremes of both
# samples, so that an outer bin often holds a value of one sample and none of the other; the empty
# share becomes the smallest double, whose logarithm adds some 700 times the other share. The
# score tells whether an outer bin is empty.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check frouros==0.9.0 numpy==2.1.3 scipy==1.14.1
cat > "$folder/wanted" <<'SEEN'
moved by half a deviation: 0.2616
no drift, above that: 12 of 20
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import numpy as np
from frouros.detectors.data_drift import PSI

random = np.random.default_rng(0)
reference = random.normal(size=1000)
detector = PSI(num_bins=10)
detector.fit(X=reference)
score = lambda current: float(detector.compare(X=current)[0].distance)
scores = [score(random.normal(size=1000)) for _ in range(20)]
moved = score(reference + 0.5)
print("moved by half a deviation:", round(moved, 4))
print("no drift, above that:", sum(value > moved for value in scores), "of 20")
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
