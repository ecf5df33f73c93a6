#!/usr/bin/env bash
# samplics 0.6 prints F(0.00, 0.00) = 0.0000 for the test of two columns of a survey that is corrected for
# its design, with nan for its p-value, where 0.4 finds F(1.52, 47.26) = 14.94.
#
# samplics 0.6.1 with polars 1.37.1, and samplics 0.4.10. The table is the one of race and diabetes that ships
# with the package, of the second National Health and Nutrition Examination Survey. Both versions find the
# same weighted shares and the same uncorrected chi-square of 21.27. Rao and Scott's correction, which is
# why one tests a survey with such a package, is left at its zeros in 0.6.1, without an error or a warning:
# a script that asks whether p is below 0.05 is answered no by nan, of a difference with p = 0.00005. The
# formula of R's survey::svychisq, computed by hand, agrees with 0.4.10. The way around is to refuse a
# p-value that is no number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
install() {
  python3 -m venv "$folder/$1"
  "$folder/$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"
}
install old samplics==0.4.10 numpy==1.26.4 pandas==2.1.4 scipy==1.11.4
install new samplics==0.6.1 numpy==2.4.6 pandas==3.1.1 polars==1.37.1 pyarrow==26.0.1
cat > "$folder/wanted" <<'SEEN'
samplics 0.4.10: chi2(2) = 21.27, F(1.52, 47.26) = 14.94, p = 0.00005
p < 0.05: True
samplics 0.6.1: chi2(2) = 21.27, F(0.00, 0.00) = 0.00, p = nan
p < 0.05: False
SEEN
cat > "$folder/test.py" <<'PYTHON'
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
from samplics.categorical import CrossTabulation
from samplics.datasets import load_nhanes2

try:
    from samplics.utils.types import PopParam

    share = getattr(PopParam, "prop") if version("samplics") >= "0.6" else "proportion"
except ImportError:
    share = "proportion"
rows = load_nhanes2()["data"]
rows = rows.to_pandas() if hasattr(rows, "to_pandas") else rows
rows = rows.dropna(subset=["race", "diabetes"])
table = CrossTabulation(share)
table.tabulate(
    vars=rows[["race", "diabetes"]], samp_weight=rows["finalwgt"], stratum=rows["stratid"], psu=rows["psuid"]
)
plain, adjusted = table.stats["Pearson-Unadj"], table.stats["Pearson-Adj"]
p = float(adjusted["p_value"])
print(
    f"samplics {version('samplics')}: chi2({plain['df']}) = {plain['chisq_value']:.2f},"
    f" F({adjusted['df_num']:.2f}, {adjusted['df_den']:.2f}) = {adjusted['f_value']:.2f}, p = {p:.5f}"
)
print(f"p < 0.05: {p < 0.05}")
PYTHON
cd "$folder"
for version in old new; do "$folder/$version/bin/python" test.py; done > "$folder/seen"
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
