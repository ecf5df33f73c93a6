#!/usr/bin/env bash
# What an installed kldiv must do, beside sample_data, with no checkout and no extra: .ci/wheel runs it.
set -euo pipefail

fail() {
  echo "smoke: $*" >&2
  exit 1
}
# Whether a command ends with an exit code, and prints a text.
expect() { # CODE TEXT COMMAND...
  local code=0 out
  out=$("${@:3}" 2>&1) || code=$?
  [ "$code" = "$1" ] || fail "${*:3}: exit code $code, not $1: $out"
  [[ $out == *"$2"* ]] || fail "${*:3}: no '$2' in: $out"
}

python - << 'PYTHON'
import importlib.metadata
import json
import pathlib

import kldiv_cli

package = pathlib.Path(kldiv_cli.__file__).parent
assert "site-packages" in package.parts, package
assert (package / "py.typed").exists()
assert importlib.metadata.version("kldiv-cli") == kldiv_cli.__version__
assert all(getattr(kldiv_cli, name) for name in kldiv_cli.__all__)
for path in (package / "renderers" / "schemas").glob("*.json"):
    assert json.loads(path.read_text())["$schema"], path
names = {path.stem for path in (package / "renderers" / "schemas").glob("*.json")}
assert names >= {"compare-1", "check-1", "matrix-1", "profile-1", "calibrate-1"}, names
folders = {entry.parts[0] for entry in importlib.metadata.files("kldiv-cli")}
assert not folders & {"tests", "docs", "sample_data"}, folders
PYTHON

january=sample_data/flights_january.json july=sample_data/flights_july.csv
expect 0 "kldiv" kldiv --version
expect 0 "D(airlines_july || airlines_january)" kldiv sample_data/airlines_july.csv sample_data/airlines_january.csv
expect 0 0.00676921286837857 kldiv compare sample_data/die_loaded.csv sample_data/die_fair.csv -q -m kl_pq
expect 0 torch kldiv sample_data/teacher_logits.npy sample_data/student_logits.npy --as logits
expect 1 drift kldiv check "$january" "$july" -q
expect 0 pass kldiv check "$january" "$july" -q --column carrier
expect 0 '"kldiv.profile/1"' kldiv profile "$july"
expect 0 csv kldiv inspect "$july" --as samples
expect 0 0.00677 kldiv matrix sample_data/die_fair.csv sample_data/die_loaded.csv
expect 0 kl_pq kldiv measures
printf 'PAR1 PAR1' > july.parquet
expect 2 "'.[duckdb]'" kldiv check july.parquet "$july"
for shell in bash zsh fish; do
  expect 0 kldiv kldiv completion "$shell"
done
for format in json csv markdown html svg junit github prometheus; do
  expect 1 "" kldiv check "$january" "$july" -f "$format" -o "report.$format"
  [ -s "report.$format" ] || fail "no report.$format"
done
expect 0 pass python -c 'from kldiv_cli import check; s = {"x": ["a", "b"] * 900}; print(check(s, s).verdict)'
python --version
echo "smoke: all is well"
