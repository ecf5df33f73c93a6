"""The scripts beside the tests, snapshots.py and lines.py, do what they say."""

import importlib.util
import json
import re
import subprocess
import sys

import pytest

COMMANDS = ("compare", "check", "matrix", "profile", "inspect", "measures")


def script(root, name):
    spec = importlib.util.spec_from_file_location(name, root / "tests" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def snapshots(root, tmp_path, patience):
    """Run snapshots.py: snapshots("diff", a, b)."""

    def call(*words):
        command = [sys.executable, root / "tests" / "snapshots.py", *words]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=patience, check=False
        )

    return call


def test_a_snapshot_is_what_the_program_prints_and_shows_what_changed(snapshots, shell, tmp_path):
    pattern = "^corpus csv/header_none|^matrix: kldiv measures (kl|renyi)|" + "|".join(
        map(re.escape, ("terminal 80 kldiv inspect sample_data", "die_loaded.csv - <&-"))
    )
    ran = snapshots("record", "before.json", "--only", pattern)
    assert ran.returncode == 0, ran.stderr
    program = shell("command -v kldiv").out.strip()
    for options in ([], ["--kldiv", program]):
        assert snapshots("record", "after.json", "--only", pattern, *options).returncode == 0
        ran = snapshots("diff", "before.json", "after.json")
        assert ran.returncode == 0, ran.stdout
    records = json.loads((tmp_path / "after.json").read_text())
    assert len(records) > 8
    assert {record["code"] for record in records.values()} >= {0, 2}
    name = next(iter(records))
    records[name]["stdout"] += "one more\n"
    (tmp_path / "after.json").write_text(json.dumps(records))
    ran = snapshots("diff", "before.json", "after.json")
    assert ran.returncode == 1
    assert f"== {name}" in ran.stdout
    assert "+one more" in ran.stdout
    del records[name]
    (tmp_path / "after.json").write_text(json.dumps(records))
    ran = snapshots("diff", "before.json", "after.json")
    assert ran.returncode == 1
    assert f"only in BEFORE: {name}" in ran.stdout


def test_the_matrix_uses_every_option(root, kldiv):
    lines = (root / "tests" / "snapshots" / "commands.txt").read_text().splitlines()
    seen = 0
    for command in COMMANDS:
        used = " ".join(line for line in lines if f"kldiv {command} " in line).split()
        for option in re.findall(r"^  (-.*?)(?:  |$)", kldiv(command, "--help").out, re.M):
            # Each name after a slash says the opposite, and so is an option of its own.
            for names in option.split(" / "):
                assert set(re.findall(r"-+[a-z][a-z-]*", names)) & set(used), (command, names)
                seen += 1
    assert seen > 100


def test_lines_of_code_are_counted(root):
    text = '''"""A module."""

# A comment.
import os  # counts


def f(a, *, b=1):
    """A docstring
    of two lines."""
    text = """a string

    of two lines and a blank one"""
    return text


class C:
    """A class."""

    x = 1
    """What x is."""

    def m(self, a, *rest, **named):
        return a
'''
    lines = script(root, "lines")
    assert lines.code_lines(text) == {4, 7, 10, 12, 13, 16, 19, 22, 23}
    found = {node.name: count for node, count in lines.functions(lines.ast.parse(text))}
    assert found == {"f": 2, "m": 3}
