"""The page on language models is true: its programs run, and its commands print what it shows.

``KLDIV_UPDATE_GOLDEN=1 pytest tests/test_models_page.py`` writes what the commands print now.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest

PROGRAM = re.compile(r"```python\n(.*?)```", re.S)
CONSOLE = re.compile(r"```console\n\$ (kldiv .*?)\n(.*?)```", re.S)
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def test_the_commands_print_what_the_page_shows(root, shell, tmp_path):
    path = root / "docs" / "models.md"
    page = path.read_text()
    for program in PROGRAM.findall(page):
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    for file in (root / "tests" / "models").glob("*.kld"):
        shutil.copy(file, tmp_path)
    (tmp_path / "sample_data").symlink_to(root / "sample_data")

    def run(block):
        ran = shell(block[1], cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        return f"```console\n$ {block[1]}\n{ran.out}```"

    printed = CONSOLE.sub(run, page)
    if os.environ.get("KLDIV_UPDATE_GOLDEN"):
        path.write_text(printed)
    assert len(CONSOLE.findall(page)) >= 6
    assert NUMBER.sub("", printed) == NUMBER.sub("", page)
    # Random numbers go through logarithms, which differ in the last digit between processors.
    for found, number in zip(NUMBER.findall(printed), NUMBER.findall(page), strict=True):
        assert float(found) == pytest.approx(float(number), rel=0.02)
