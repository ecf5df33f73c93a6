"""What the README shows and no console runs: how to install, lines for CI, gates, large data.

`test_pages.py` runs the rest.
"""

import importlib
import json
import re
import shutil
import tomllib
from xml.etree import ElementTree

import pyarrow.csv as pyarrow_csv
import pyarrow.parquet as pq
import pytest

from kldiv_cli.readers import compression


def test_the_two_commands_are_there(root):
    text = (root / "README.md").read_text()
    venv = "python3 -m venv .venv && .venv/bin/pip install -e "
    assert f"{venv}. && .venv/bin/kldiv compare sample_data/" in text
    assert f"{venv}'.[dev]' && .venv/bin/python -m pytest\n" in text


def test_the_readme_stays_short(root):
    assert len((root / "README.md").read_text().splitlines()) < 260


def test_the_lines_for_gitlab_run(root, tmp_path, shell):
    block = re.search(r"```yaml\ndrift:\n(.*?)```", (root / "README.md").read_text(), re.S)
    lines = re.findall(r"^ +- (.*)$", block[1], re.M)
    assert lines[0] == "pip install kldiv-cli"
    values = "\n".join(f"{i},{side}" for i, side in enumerate(["heads", "tails"] * 500))
    (tmp_path / "today.csv").write_text(f"id,side\n{values}\n")
    ran = shell(
        "kldiv profile today.csv --column side --exclude id -o reference.json", cwd=tmp_path
    )
    assert ran.code == 0
    ran = shell(lines[1], cwd=tmp_path)
    assert ran.code == 0, ran.err
    report = re.search(r"junit: (.*)$", block[1], re.M)[1]
    assert ElementTree.parse(tmp_path / report).getroot().attrib["failures"] == "0"


def test_the_lines_for_large_data_run(root, tmp_path, shell):
    block = re.search(r"## Large data\n\n```sh\n(.*?)```", (root / "README.md").read_text(), re.S)
    install, check, *shards = block[1].splitlines()
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extra = re.fullmatch(r"pip install -e '\.\[(.*)\]'.*", install)[1]
    assert extra in project["optional-dependencies"]
    sides = [f"{i},{side}" for i, side in enumerate(["heads", "tails"] * 500)]
    july = tmp_path / "july.csv"
    july.write_text("\n".join(["id,side", *sides]))
    pq.write_table(pyarrow_csv.read_csv(july), tmp_path / "january.parquet")
    with importlib.import_module(compression.ZSTD).open(tmp_path / "july.csv.zst", "wb") as packed:
        packed.write(july.read_bytes())
    ran = shell(f"{check.replace(' -v', ' --exclude id -v')}", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert ran.err.count("note[engine]") == 2
    assert shell("kldiv profile july.csv -o january.json", cwd=tmp_path).code == 0
    (tmp_path / "july").mkdir()
    for number in range(3):
        part = ["id,side", *sides[number::3]]
        (tmp_path / "july" / f"part {number}.csv").write_text("\n".join(part))
    ran = shell("\n".join(shards), cwd=tmp_path)
    assert ran.code == 0, ran.err
    ran = shell("kldiv profile july.csv --like january.json -o whole.json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    merged, whole = (json.loads((tmp_path / f"{x}.json").read_text()) for x in ("july", "whole"))
    assert {**merged, "name": "july"} == whole


def test_the_lines_for_github_name_inputs_of_the_action(root):
    block = re.search(r"```yaml\n- uses: .*?/(\.github/.*?)@\S+\n(.*?)```",
                      (root / "README.md").read_text(), re.S)  # fmt: skip
    action = (root / block[1] / "action.yml").read_text()
    for name in re.findall(r"^    ([a-z-]+):", block[2], re.M):
        assert f"\n  {name}:\n" in action


WITHIN = "p.csv q.csv"
"""What follows ``kldiv`` to compare two files that are within 0.05 nats."""
SHUT = [
    "missing.csv q.csv",
    "p.csv missing.csv",
    "compare missing.csv q.csv",
    "compaer p.csv q.csv",
    "p.csv empty.csv",
    "p.csv blank.csv",
    "p.csv more.csv",
    "p.csv far.csv",
    "p.csv",
    "",
    f"{WITHIN} -m kl_pw",
    f"{WITHIN} --mesure kl_pq",
    f"{WITHIN} --output no/such/folder/x",
    f"{WITHIN} --base 3",
    f"{WITHIN} -m",
]
"""What is not within them, or has no answer."""


@pytest.fixture
def gated(tmp_path, shell):
    """Run a gate on the files that `WITHIN` and `SHUT` name, and return its exit code."""
    rows = {"p": "red,50\nblue,50\n", "q": "red,51\nblue,49\n", "more": "red,50\n",
            "far": "red,5\nblue,95\n"}  # fmt: skip
    for name, text in rows.items():
        (tmp_path / f"{name}.csv").write_text(f"colour,count\n{text}")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "blank.csv").write_text("\n\n")
    return lambda command: shell(command, cwd=tmp_path).code


def test_the_gate_is_open_within_its_limit_alone(gated, root):
    readme = (root / "README.md").read_text()
    option = re.sub("=.*", "=0.05", re.search(r"--fail-above \S+", readme)[0])
    assert gated(f"kldiv {WITHIN} {option}") == 0
    # A measure that is not shown has its limit all the same.
    assert gated(f"kldiv {WITHIN} {option} -m js") == 0
    for words in SHUT:
        # Where an option lacks its word, the limit becomes that word.
        assert gated(f"kldiv {words} {option}") in (1, 2), words


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq")
def test_the_gate_of_jq_is_open_within_its_limit_alone(gated, root, shell):
    gate = re.search(r"-f json \| (jq .*)$", (root / "README.md").read_text(), re.M)[1]
    for spelled in ("-f json", "--format=json"):
        assert gated(f"kldiv {WITHIN} {spelled} | {gate}") == 0
        assert gated(f"kldiv {WITHIN} {spelled} -m js | {gate}") != 0
        for words in SHUT:
            assert gated(f"kldiv {words} {spelled} | {gate}") != 0, words
    values = ("NaN", "null", '"Infinity"', '"error"', "true", "[]", "-1", "0.06", "1e999")
    documents = [f'{{"comparisons": [{{"measures": {{"kl_pq": {value}}}}}]}}' for value in values]
    for text in ("", "x", "{}", "[]", "null", *documents):
        assert shell(gate, stdin=text.encode()).code != 0, text
