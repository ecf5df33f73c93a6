"""Golden runs: whole commands, and every byte that they print.

A case is a text file: a command after ``$``, then what it writes to standard output; what
it writes to standard error after a line ``stderr:``, its exit code after ``exit:``. Numbers
of full precision may differ by a part in 10^12: the last digits differ between processors.
``KLDIV_UPDATE_GOLDEN=1 pytest tests/acceptance`` writes anew what commands print; read
the difference before you commit it.
"""

import math
import os
import re
from pathlib import Path

import pytest

NUMBER = re.compile(r"\d+\.\d{9,}(?:e-?\d+)?")
CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def transcript(command, ran):
    text = f"$ {command}\n{ran.out}"
    if ran.err:
        text += f"stderr:\n{ran.err}"
    if ran.code:
        text += f"exit: {ran.code}\n"
    return text


def as_expected(actual, expected):
    """Return a text with the numbers of another one wherever its own are nearly these."""
    numbers = iter(NUMBER.findall(expected))

    def settled(found):
        other = next(numbers, found[0])
        return other if math.isclose(float(found[0]), float(other), rel_tol=1e-12) else found[0]

    return NUMBER.sub(settled, actual)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_golden(case, shell):
    expected = case.read_text()
    commands = [line[2:] for line in expected.splitlines() if line.startswith("$ ")]
    assert commands
    ran = "".join(transcript(command, shell(command)) for command in commands)
    actual = as_expected(ran, expected)
    if os.environ.get("KLDIV_UPDATE_GOLDEN"):
        case.write_text(actual)
    assert actual == expected
