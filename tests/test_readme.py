"""The README is true: its commands run, and print what it shows.

``KLDIV_UPDATE_GOLDEN=1 pytest tests/test_readme.py`` writes what the commands print now.
"""

import doctest
import os
import re
import shutil

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
    assert len((root / "README.md").read_text().splitlines()) < 200
