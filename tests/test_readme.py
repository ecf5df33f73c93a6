"""What the README shows and no console runs. `test_pages.py` runs the rest."""

import re


def test_the_two_commands_are_there(root):
    text = (root / "README.md").read_text()
    venv = "python3 -m venv .venv && .venv/bin/pip install -e "
    assert f"{venv}. && .venv/bin/kldiv compare sample_data/" in text
    assert f"{venv}'.[dev]' && .venv/bin/python -m pytest\n" in text


def test_the_readme_stays_short(root):
    assert len((root / "README.md").read_text().splitlines()) < 260


FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?(?![\w.])")


def test_its_figures_are_those_that_were_measured(root):
    readme = (root / "README.md").read_text()
    table = re.search(r"^\| \| kldiv \| others \|\n.*?\n\n", readme, re.M | re.S)[0]
    cells = [" ".join(line.split("|")[2:4]) for line in table.splitlines()[2:]]
    measured = (root / "docs" / "measured.md").read_text()
    told, found = (
        {float(figure.replace(",", "")) for figure in FIGURE.findall(text)}
        for text in (" ".join(cells), measured)
    )
    assert len(told) >= 12
    assert told <= found
