#!/usr/bin/env bash
# toJSON of R's jsonlite writes four decimals, so that shares no longer add up to 1 and rare ones
# are off by a fifth.
#
# r-cran-jsonlite 1.8.4 with R 4.2.2, of Debian 12 (R needs the system's BLAS and LAPACK). `digits
# = 4` if not given: 0.00012 becomes 0.0001, and 0.99999 becomes 1. `digits = NA` writes 15
# digits. write.csv keeps 15 digits of the same numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/wanted" <<'SEEN'
[0.9999,0.0001]
[1,1e-05]
[0.99988,0.00012]
SEEN
(cd "$folder" && apt-get download -q r-base-core=4.2.2.20221110-2 r-cran-jsonlite=1.8.4+dfsg-1 > /dev/null 2> "$folder/apt.log") || { cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do dpkg -x "$package" "$folder"; done
export R_HOME=$folder/usr/lib/R R_LIBS=$folder/usr/lib/R/site-library LD_LIBRARY_PATH=$folder/usr/lib/R/lib
"$R_HOME/bin/exec/R" --vanilla --no-echo > "$folder/seen" <<'R'
library(jsonlite)
cat(toJSON(c(0.99988, 0.00012)), "
", sep = "")
cat(toJSON(c(0.99999, 0.00001)), "
", sep = "")
cat(toJSON(c(0.99988, 0.00012), digits = NA), "
", sep = "")
R
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
