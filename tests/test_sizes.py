"""Large tables, wide tables, long fields, narrow terminals: readable, whole, and bounded."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import tracemalloc

import pytest

from kldiv_cli.readers import ReadOptions, read

LONG = 2 << 20


@pytest.fixture
def peak():
    """Return the most memory that a call held at once, and its result: peak(f, x)."""

    def call(function, *args):
        tracemalloc.start()
        try:
            result = function(*args)
            return tracemalloc.get_traced_memory()[1], result
        finally:
            tracemalloc.stop()

    return call


def test_a_table_of_many_rows_takes_little_for_each(table, peak):
    def size(rows):
        path = table(f"{rows}.csv", "x,n\n" + "".join(f"label {i},{i}\n" for i in range(rows)))
        held, side = peak(read, path)
        assert (side.rows_read, side.total) == (rows, rows * (rows - 1) // 2)
        return held

    assert size(40_000) - size(20_000) < 20_000 * 600


def test_rows_of_the_same_outcomes_take_none(table, peak):
    def size(rows):
        path = table(f"{rows}.uniq", "1 red\n2 blue\n" * (rows // 2))
        held, side = peak(read, path, ReadOptions(kind="counts", duplicates="sum"))
        assert side.weights.tolist() == [rows // 2, rows]
        return held

    # But for a number and a position, which are added up at the end.
    assert size(80_000) - size(40_000) < 40_000 * 150


def test_a_table_of_a_hundred_thousand_columns(table, kldiv):
    columns = range(100_000)
    wide = ",".join(f"c{i}" for i in columns)
    text = f"x,{wide}\na,{','.join(map(str, columns))}\nb,{','.join('1' * 100_000)}\n"
    path = table("wide.csv", text)
    ran = kldiv(path, path)
    assert ran.code == 2
    assert "several columns may hold the weights: 'c0', 'c1'" in ran.err
    assert len(ran.err) < 2000
    ran = kldiv(path, "--weight", "c99999", "--weight", "c1", "--label", "x", "-q", "-m", "tv")
    assert (ran.code, ran.out) == (0, "0.49999\n")


def test_a_field_of_many_megabytes(table, peak, kldiv):
    path = table("long.csv", f"x,n\n{'x' * LONG},3\nb,1\n")
    held, side = peak(read, path)
    assert len(side.outcomes[0]) == LONG
    assert held < 24 * LONG
    other = table("q.csv", "x,n\nb,1\n")
    ran = kldiv(path, other)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    document = json.loads(kldiv(path, other, "-f", "json").out)
    assert document["comparisons"][0]["only_in_p"] == ["x" * LONG]


def test_a_number_of_many_megabytes_is_refused_shortly(table, kldiv):
    path = table("p.csv", f"x,n\na,1\nb,{'9' * LONG}\n")
    ran = kldiv(path, path)
    assert ran.code == 2
    assert "an integer has more than 4300 digits" in ran.err
    assert len(ran.err) < 1000


def test_an_error_on_a_line_of_many_megabytes_is_short(table, kldiv):
    path = table("p.json", '{"' + "x" * LONG + '": "one"}')
    ran = kldiv(path, path)
    assert ran.code == 2
    assert len(ran.err) < 1000


@pytest.fixture
def terminal(root, patience):
    """Run a command line on a terminal of so many columns, and return what it shows."""

    def call(words, columns, **environment):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        names = ("PATH", "HOME")
        env = {name: os.environ[name] for name in names if name in os.environ}
        env |= {"PYTHONPATH": str(root), "PYTHONWARNINGS": "error", "TERM": "xterm", **environment}
        process = subprocess.Popen(
            [sys.executable, "-m", "kldiv_cli", *words], stdout=slave, stderr=slave, env=env
        )
        os.close(slave)
        shown = bytearray()
        try:
            while data := os.read(master, 65536):
                shown += data
        except OSError:  # The other end is closed.
            pass
        finally:
            os.close(master)
        assert process.wait(patience) == 0
        return shown.decode().replace("\r\n", "\n")

    return call


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C.UTF-8"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TERM": "dumb", "LC_ALL": "C.UTF-8"},
    ],
    ids=["utf-8", "c", "dumb"],
)
def test_no_number_is_cut_on_any_terminal(terminal, table, columns, environment):
    rows = {"a rather long label of an outcome": 700_001, "日本語の長い名前です": 1, "ü": 299_998}
    p = table("p.csv", "x,n\n" + "".join(f"{label},{n}\n" for label, n in rows.items()))
    q = table(
        "q.csv",
        "x,n\n" + "".join(f"{label},{n}\n" for label, n in zip(rows, (1, 2, 3), strict=True)),
    )
    shown = terminal([f"a long name={p}", q], columns, **environment)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    # Forty columns have room for the marks, and not for the shares beside them.
    shares = ["70 %", "16.7 %", "30 %", "50 %", "33.3 %"] if columns > 40 else []
    for number in ("0.851300", "4.25520", *shares):
        assert number in plain, number
    assert "total 1000000" in " ".join(plain.split())
    assert (plain == shown) == (environment.get("TERM") == "dumb")
    assert environment["LC_ALL"] != "C" or plain.isascii()
