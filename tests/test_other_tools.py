"""docs/other_tools.md shows what its script prints, as far as the tools are installed here."""

import subprocess
import sys


def test_the_page_has_every_row_that_the_script_prints(root):
    script = [sys.executable, str(root / "tests" / "benchmarks" / "other_tools.py")]
    ran = subprocess.run(script, cwd=root, capture_output=True, text=True, check=True)
    printed = [line for line in ran.stdout.splitlines() if line.startswith("|")]
    shown = (root / "docs" / "other_tools.md").read_text().splitlines()
    assert len(printed) >= 24
    assert [line for line in printed if line not in shown] == []
