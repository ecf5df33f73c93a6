#!/usr/bin/env bash
# Inputs come as environment variables alone, so that no text of theirs is ever a command.
set -uo pipefail

verdict=error code=2 report=
# The outputs are set however this ends.
finish() {
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf '%s=%s\n' verdict "$verdict" exit-code "$code" report "$report" >> "$GITHUB_OUTPUT"
  fi
  exit "$code"
}
trap finish EXIT

if [ "${KLDIV_INSTALL:-}" != none ]; then
  python3 -m pip install --quiet "${KLDIV_INSTALL:-$GITHUB_ACTION_PATH/../../..}" || exit
fi

words=()
add() { # an option, and its values, one a line
  local value
  while IFS= read -r value; do
    if [ -n "$value" ]; then words+=("$1=$value"); fi
  done <<< "$2"
}
add --max-kl "${KLDIV_MAX_KL:-}"
add --alpha "${KLDIV_ALPHA:-}"
add --column "${KLDIV_COLUMN:-}"
add --exclude "${KLDIV_EXCLUDE:-}"
add --config "${KLDIV_CONFIG:-}"
add --fail-on "${KLDIV_FAIL_ON:-}"
while IFS= read -r word; do
  if [ -n "$word" ]; then words+=("$word"); fi
done <<< "${KLDIV_OPTIONS:-}"

json=${KLDIV_REPORT:-$(mktemp "${RUNNER_TEMP:-/tmp}/kldiv.XXXXXX.json")}
kldiv check "${words[@]}" --format github --report "json=$json" \
  -- "${KLDIV_REFERENCE:-}" "${KLDIV_CURRENT:-}"
code=$?
# A run without an answer leaves an older report as it was, whose verdict is not that of this run.
if [ "$code" -le 1 ] || [ "$code" -eq 3 ]; then
  report=${json//[$'\r\n']/}
  verdict=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["verdict"])' "$json")
fi
