"""What the README shows and no console runs: how to install it. `test_pages.py` runs the rest."""


def test_the_two_commands_are_there(root):
    text = (root / "README.md").read_text()
    venv = "python3 -m venv .venv && .venv/bin/pip install -e "
    assert f"{venv}. && .venv/bin/kldiv compare sample_data/" in text
    assert f"{venv}'.[dev]' && .venv/bin/python -m pytest\n" in text


def test_the_readme_stays_short(root):
    assert len((root / "README.md").read_text().splitlines()) < 260
