#!/usr/bin/env bash
# `jq -e` of version 1.6 exits with 0, the code of true, if its input is empty; and a missing or bare NaN value is below every limit.
#
# jq 1.6-2.1+deb12u2 of Debian 12. So `tool | jq -e '.value <= 0.05'` is an open gate where the
# tool printed nothing, where the key is missing or misspelt (null sorts below numbers), and where
# a writer left NaN in the document. A gate that is shut reads its input by name and asks for the
# type: `jq -e -n 'input | .value | numbers | . >= 0 and . <= 0.05'`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/wanted" <<'SEEN'
nothing: 0
no such key: 0
NaN: 0
text: 1
with -n and input: 5 4 1 4
SEEN
(cd "$folder" && apt-get download -q jq=1.6-2.1+deb12u2 libjq1=1.6-2.1+deb12u2 libonig5=6.9.8-1 > /dev/null 2> "$folder/apt.log") || { cat "$folder/apt.log"; exit 2; }
for package in "$folder"/*.deb; do dpkg -x "$package" "$folder"; done
export LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
code() { printf '%s' "$1" | "$folder/usr/bin/jq" -e "${@:2}" > "$folder/out" 2>&1 && echo 0 || echo $?; }
open='.value <= 0.05'
shut='input | .value | numbers | . >= 0 and . <= 0.05'
{
  echo "nothing: $(code '' "$open")"
  echo "no such key: $(code '{}' "$open")"
  echo "NaN: $(code '{"value": NaN}' "$open")"
  echo "text: $(code '{"value": "x"}' "$open")"
  echo "with -n and input:" "$(code '' -n "$shut")" "$(code '{}' -n "$shut")" "$(code '{"value": NaN}' -n "$shut")" "$(code '{"value": "x"}' -n "$shut")"
} > "$folder/seen"
cat "$folder/seen"
diff "$folder/wanted" "$folder/seen"
