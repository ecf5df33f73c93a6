"""The README and the pages of docs/ are true: what they show is run, and prints what they show.

The blocks of a page are run in its order, in an empty folder that holds ``sample_data`` and the
base files of ``tests/models``: a Python program; the commands of a shell, which must succeed;
settings, which become the folder's ``kldiv.toml``; and the commands of a console, which must print
what stands below them. ``KLDIV_UPDATE_GOLDEN=1 pytest tests/test_pages.py`` writes what they print
now. The page on distillation needs PyTorch, and has a test of its own.
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kldiv_cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.remove(ROOT / "docs" / "distillation.md")
BLOCK = re.compile(r"^```(python|sh|toml|console)\n(.*?)^```", re.M | re.S)
MADE = ("drift.md",)
"""Pages that commands write."""
COMMAND = re.compile(r"^\$ (.*)$", re.M)
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?(?![\w.])")
PRECISION = {"models.md": 0.02}
"""Random numbers go through logarithms, which differ in the last digit between processors."""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_prints_what_it_shows(path, tmp_path, shell, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    for file in (ROOT / "tests" / "models").glob("*.kld"):
        shutil.copy(file, tmp_path)
    page = path.read_text()
    printed = BLOCK.sub(lambda block: run(block, path, shell), page)
    if os.environ.get("KLDIV_UPDATE_GOLDEN"):
        path.write_text(printed)
    assert NUMBER.sub("", printed) == NUMBER.sub("", page)
    for found, number in zip(NUMBER.findall(printed), NUMBER.findall(page), strict=True):
        assert float(found) == pytest.approx(float(number), rel=PRECISION.get(path.name, 1e-12))


@pytest.mark.parametrize("path", [*PAGES, ROOT / "docs" / "distillation.md"], ids=str)
def test_a_page_names_nothing_that_is_not_there(path):
    page = path.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page) if "://" not in link]
    assert all((path.parent / link).exists() for link in links), links
    pages = [ROOT / "docs" / name for name in re.findall(r"`(?:docs/)?([a-z_]+\.md)`", page)]
    pages = [name for name in pages if name.name not in MADE]
    assert all(name.exists() for name in pages), pages
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for words in re.findall(r"pip install ([^`\n&]*)", page):
        # No package of this name is published.
        assert "kldiv" not in words.replace("tools/kldiv", "").replace("dist/kldiv_cli-", "")
        assert {*re.findall(r"\.\[(\w+)\]", words)} <= extras.keys()
    assert "github.com" not in page


def test_what_is_cited_is_this_version_and_no_person():
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    told = dict(line.split(": ", 1) for line in lines if re.match(r"[a-z-]+: [^>]", line))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert told["cff-version"] == "1.2.0"
    assert (told["title"], told["version"]) == ("kldiv", kldiv_cli.__version__)
    assert told["license"] == project["license"]
    named = [line.strip() for line in lines[lines.index("authors:") + 1 :] if line[0] == " "]
    assert named == [f"- name: {each['name']}" for each in project["authors"]]


def run(block, path, shell):
    """Run a block in the working folder, and return it as it should stand on the page."""
    language, text = block.groups()
    if language == "python" and ">>>" in text:
        example = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
        assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0
    elif language == "python":
        subprocess.run([sys.executable, "-c", text], check=True)
    elif language == "toml":
        Path("kldiv.toml").write_text(text)
    elif language == "sh" and path.name != "README.md":
        ran = shell(f"set -euo pipefail\n{text}", cwd=".")
        assert (ran.code, ran.out) == (0, ""), ran.err
    elif language == "console" and ("jq" not in text or shutil.which("jq")):
        return f"```console\n{''.join(shown(line, shell) for line in COMMAND.findall(text))}```"
    return block[0]


def shown(command, shell):
    ran = shell(command, cwd=".")
    assert ran.code == 0, f"{command}: say what the exit code is by 'echo'"
    return f"$ {command}\n{ran.out}{ran.err}"
