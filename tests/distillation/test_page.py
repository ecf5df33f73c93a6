"""The page on distillation is true: its programs run, and print what it shows."""

from __future__ import annotations

import re

import pytest

torch = pytest.importorskip("torch")

BLOCKS = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.S)
NUMBER = re.compile(r"\d+\.\d+")


def test_the_programs_print_what_the_page_shows(root, capsys):
    blocks = BLOCKS.findall((root / "docs" / "distillation.md").read_text())
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for program, shown in blocks:
        exec(program, names)
        printed = capsys.readouterr().out
        assert NUMBER.sub("", printed) == NUMBER.sub("", shown)
        # Single precision adds up in another order on another processor.
        for found, number in zip(NUMBER.findall(printed), NUMBER.findall(shown), strict=True):
            assert float(found) == pytest.approx(float(number), abs=2e-3)
    losses = names["ours"]
    assert losses[-1] < 0.1 * losses[0]
