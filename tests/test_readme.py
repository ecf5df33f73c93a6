"""The README is true: its commands run, and print what it shows.

``KLDIV_UPDATE_GOLDEN=1 pytest tests/test_readme.py`` writes what the commands print now.
"""

import doctest
import os
import re
import shutil
from xml.etree import ElementTree

CONSOLE = re.compile(r"```console\n(.*?)```", re.S)


def rounded(text):
    # The last digits of full precision differ between processors.
    return re.sub(r"\d+\.\d{9,}", lambda number: f"{float(number[0]):.13g}", text)


def test_the_console_blocks_print_what_they_show(root, shell):
    path = root / "README.md"
    shown = path.read_text()

    def run(block):
        text = ""
        for command in re.findall(r"^\$ (.*)$", block[1], re.M):
            if "jq" in command and not shutil.which("jq"):
                return block[0]
            ran = shell(command)
            text += f"$ {command}\n{ran.out}{ran.err}"
        return f"```console\n{text}```"

    printed = CONSOLE.sub(run, shown)
    if os.environ.get("KLDIV_UPDATE_GOLDEN"):
        path.write_text(printed)
    assert rounded(printed) == rounded(shown)
    assert CONSOLE.search(shown)


def test_the_python_blocks_print_what_they_show(root):
    failed, tried = doctest.testfile(
        str(root / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert tried >= 3
    assert failed == 0


def test_the_two_commands_are_there(root):
    text = (root / "README.md").read_text()
    venv = "python3 -m venv .venv && .venv/bin/pip install -e "
    assert f"{venv}. && .venv/bin/kldiv compare sample_data/" in text
    assert f"{venv}'.[dev]' && .venv/bin/python -m pytest\n" in text


def test_the_readme_stays_short(root):
    assert len((root / "README.md").read_text().splitlines()) < 295


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


def test_the_lines_for_github_name_inputs_of_the_action(root):
    block = re.search(r"```yaml\n- uses: .*?/(\.github/.*?)@\S+\n(.*?)```",
                      (root / "README.md").read_text(), re.S)  # fmt: skip
    action = (root / block[1] / "action.yml").read_text()
    for name in re.findall(r"^    ([a-z-]+):", block[2], re.M):
        assert f"\n  {name}:\n" in action
