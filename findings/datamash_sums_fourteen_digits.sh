#!/usr/bin/env bash
# GNU datamash prints sums with 14 digits, so that a sum of counts is rounded without a sign.
#
# datamash 1.7-2 of Debian 12. 100000000000000 and 5 add up to 1e+14. Shares have 14 digits as
# well, so that they add up to 1 only to 1e-14. `--format '%.0f'` prints whole sums in full, as
# far as the 64 bits of a long double's mantissa go.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/wanted" <<'SEEN'
1e+14
100000000000005
0.33333333333333
SEEN
(cd "$folder" && apt-get download -q datamash=1.7-2 > /dev/null 2> "$folder/apt.log") || { cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do dpkg -x "$package" "$folder"; done
{
  printf '100000000000000
5
' | "$folder/usr/bin/datamash" sum 1
  printf '100000000000000
5
' | "$folder/usr/bin/datamash" --format '%.0f' sum 1
  printf '1
0
0
' | "$folder/usr/bin/datamash" mean 1
} > "$folder/seen"
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
