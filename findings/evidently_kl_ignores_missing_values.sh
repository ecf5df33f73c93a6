#!/usr/bin/env bash
# Evidently's KL and Jensen-Shannon tests find no drift where half of the values went missing; its
# PSI test does.
#
# evidently 0.7.23 with pandas 2.3.3. The present values are compared and the missing ones
# dropped, but PSI divides by all rows. So the choice of a measure decides whether a column that
# broke is seen at all: drift scores 0.0 and 0.35 for one and the same pair of columns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check evidently==0.7.23 pandas==2.3.3
cat > "$folder/wanted" <<'SEEN'
kl_div: 0.0000 no drift
jensenshannon: 0.0000 no drift
psi: 0.3466 drift
SEEN
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import warnings

warnings.simplefilter("ignore")
import pandas as pd
from evidently.legacy.calculations.stattests.jensenshannon import jensenshannon_stat_test
from evidently.legacy.calculations.stattests.kl_div import kl_div_stat_test
from evidently.legacy.calculations.stattests.psi import psi_stat_test

reference = pd.Series([1.0, 2.0, 3.0, 4.0] * 250)
current = pd.Series([1.0, 2.0, 3.0, 4.0] * 125 + [None] * 500)
for test in (kl_div_stat_test, jensenshannon_stat_test, psi_stat_test):
    score, drifted = test.func(reference, current, "num", 0.1)
    print(f"{test.name}: {score:.4f}", "drift" if drifted else "no drift")
PYTHON
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
