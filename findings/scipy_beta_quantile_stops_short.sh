#!/usr/bin/env bash
# The quantile of SciPy's beta distribution is wrong where it lies within 1.5e-8 of an end: the
# upper limit of a share is then below the share itself.
#
# scipy 1.17.1, numpy 2.4.6. The search for the quantile stops at the square root of the machine
# epsilon, without a sign. In exact intervals (Clopper-Pearson) of a rare outcome among 1e11 rows,
# the lower limit comes out above the share that was observed, and put back into the distribution
# function it has a probability of 1 instead of 0.025. SciPy 1.13.0 gives the right number. The way
# around: gamma.ppf(0.025, 1000) / rows agrees to eight digits for such shares.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
cat > "$folder/wanted" <<'SEEN'
observed share: 1.000e-08
lower limit: 1.490e-08
its probability: 1.000
by the gamma distribution: 9.390e-09
upper limit of the others below their share: True
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from scipy.stats import beta, gamma

hits, rows = 1000, 10**11
misses = rows - hits
low = beta.ppf(0.025, hits, misses + 1)
print(f"observed share: {hits / rows:.3e}")
print(f"lower limit: {low:.3e}")
print(f"its probability: {beta.cdf(low, hits, misses + 1):.3f}")
print(f"by the gamma distribution: {gamma.ppf(0.025, hits) / rows:.3e}")
high = beta.ppf(0.975, misses + 1, hits)
print("upper limit of the others below their share:", bool(high < misses / rows))
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
