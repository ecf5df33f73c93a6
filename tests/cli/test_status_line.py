"""How far long work is: on a terminal alone, on one line, which leaves nothing behind."""

import contextlib
import io
import json
import os
import pty
import select
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import progress
from kldiv_cli.cli import status_line
from kldiv_cli.cli.status_line import StatusLine, amount, fitted
from kldiv_cli.renderers.show import display_width, show

ERASE = "\r\x1b[K"


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def line(tmp_path, monkeypatch, clock):
    """A line on a file, of which `drawn` tells the texts, each erased by the next."""
    monkeypatch.setenv("COLUMNS", "60")
    with open(tmp_path / "terminal", "w", encoding="utf-8") as stream:
        made = StatusLine(stream, clock)
        made.drawn = lambda: (tmp_path / "terminal").read_bytes().decode().split(ERASE)[1:]
        yield made


def test_nothing_is_drawn_in_the_first_half_second(line, clock):
    line.step("a.csv", 1, 100, "bytes")
    clock.time += status_line.PATIENCE - 0.01
    line.step("a.csv", 2, 100, "bytes")
    line.erase()
    assert line.drawn() == []
    clock.time += 0.01
    line.step("a.csv", 3, 100, "bytes")
    assert line.drawn() == ["kldiv: a.csv: 3 % of 100 bytes"]


def test_the_line_is_drawn_ten_times_a_second_at_most(line, clock):
    clock.time += 1
    for step in range(1000):
        line.step("a.csv", step, 10**6, "bytes")
        clock.time += 0.001
    assert 9 <= len(line.drawn()) <= 11


def test_the_line_is_erased_once(line, clock):
    clock.time += 1
    line.step("a.csv", 1, 2, "columns")
    line.erase()
    line.erase()
    assert line.drawn() == ["kldiv: a.csv: 1 of 2 columns", ""]


def test_a_share_goes_before_rows_and_rows_go_before_bytes(line, clock):
    def said(*step):
        before = len(line.drawn())
        clock.time += 1
        line.step(*step)
        return line.drawn()[before:]

    # Of a file of known size its share is told, whatever else is counted meanwhile.
    assert said("a.csv", 10, 40, "bytes") == ["kldiv: a.csv: 25 % of 40 bytes"]
    assert said("a.csv", 5, None, "rows") == []
    assert said("a.csv", 40, 40, "bytes") == ["kldiv: a.csv: 100 % of 40 bytes"]
    # Of a stream its bytes, until rows are counted.
    assert said("-", 2_500_000, None, "bytes") == ["kldiv: -: 2.5 MB"]
    assert said("-", 12345, None, "rows") == ["kldiv: -: 12,345 rows"]
    assert said("-", 2_600_000, None, "bytes") == []
    # Columns are judged when everything is read, even if a reader stopped early.
    assert said("b.csv", 1, 40, "bytes") == ["kldiv: b.csv: 2 % of 40 bytes"]
    assert said("b.csv", 3, 19, "columns") == ["kldiv: b.csv: 3 of 19 columns"]


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ((0, 1, "bytes"), "0 % of 1 bytes"),
        ((99_999, 10**5, "bytes"), "99 % of 100 kB"),
        ((430, 1_430_000_000, "bytes"), "0 % of 1.4 GB"),
        ((2 * 10**9, 10**9, "bytes"), "100 % of 1.0 GB"),
        ((999, None, "bytes"), "999 bytes"),
        ((99_949, None, "bytes"), "99.9 kB"),
        ((99_950, None, "bytes"), "100 kB"),
        ((999_999, None, "bytes"), "1.0 MB"),
        ((10**16, None, "bytes"), "10000 TB"),
        ((1_200_000, None, "rows"), "1,200,000 rows"),
        ((3, 19, "columns"), "3 of 19 columns"),
    ],
    ids=str,
)
def test_amounts(step, text):
    assert amount(*step) == text


@given(st.text(max_size=300), st.integers(0, 200))
def test_the_line_fits_whatever_a_source_is_called(name, room):
    text = fitted(show(name), "43 % of 1.4 GB", room)
    assert display_width(text) <= room
    assert "\n" not in text
    assert text.isprintable()
    if room >= 35:
        assert text.startswith("kldiv: ")
        assert text.endswith(": 43 % of 1.4 GB")


def test_the_end_of_a_long_name_is_shown():
    long = "/a/long/path/of/july.csv"
    assert fitted(long, "9 rows", 30) == "kldiv: .../of/july.csv: 9 rows"
    assert fitted("july.csv", "9 rows", 14) == "kldiv: 9 rows"


def test_a_terminal_of_few_characters(tmp_path, monkeypatch, clock):
    monkeypatch.setenv("COLUMNS", "60")
    with open(tmp_path / "terminal", "w", encoding="ascii") as stream:
        line = StatusLine(stream, clock)
        clock.time += 1
        line.step("größe\x1b[31m.csv", 1, None, "rows")
    text = (tmp_path / "terminal").read_bytes()
    assert text == ERASE.encode() + rb"kldiv: gr\xf6\xdfe\x1b[31m.csv: 1 rows"


def test_a_terminal_that_is_gone_is_no_failure(clock):
    read, write = os.pipe()
    os.close(read)
    stream = open(write, "w")  # noqa: SIM115
    line = StatusLine(stream, clock)
    clock.time += 1
    line.step("a", 1, None, "rows")
    stream.close()
    line.erase()


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm", "CI": "true"}, False),
    ],
)
def test_a_person_looks_at_a_terminal(monkeypatch, environment, wanted):
    for name in ("TERM", "CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = io.StringIO()
    assert not status_line.is_wanted(terminal)
    assert not status_line.is_wanted(None)
    terminal.isatty = lambda: True
    assert status_line.is_wanted(terminal) is wanted


def test_nobody_listens_after_a_run(kldiv, pair):
    for words in (["compare", *pair, "-v"], ["compare", *pair, "--no-such", "-v"], ["-v", "x"]):
        kldiv(*words)
        assert progress.listener is None


def test_who_listens_hears_of_bytes_rows_and_columns(kldiv, table, monkeypatch):
    heard = []

    class Listener:
        def step(self, *step):
            heard.append(step)

        def counted(self, source, engine):
            heard.append((source, engine))

    rows = "x,y\n" + "a,1.5\nb,2.5\n" * 5000
    p, q = table("p.csv", rows), table("q.csv", rows)
    monkeypatch.setattr(progress, "listener", Listener())
    assert kldiv("check", p, q).code == 0
    for path in (p, q):
        assert (path, len(rows), len(rows), "bytes") in heard
        assert (path, 10_000, None, "rows") in heard
        assert (path, "in process") in heard
    assert [step for step in heard if step[-1] == "columns"] == [
        (q, 1, 2, "columns"),
        (q, 2, 2, "columns"),
    ]
    heard.clear()
    assert kldiv("compare", p, q, "--as", "samples").code == 0
    assert [step for step in heard if step[-1] == "columns"] == [
        (p, 1, 2, "columns"),
        (p, 2, 2, "columns"),
    ]


# A terminal of its own.


def shown(data):
    """Return the lines that a terminal shows in the end."""
    lines = []
    for line in data.replace("\r\n", "\n").split("\n"):
        text = line.rpartition(ERASE)[2]
        assert "\x1b" not in text
        assert "\r" not in text
        lines.append(text)
    return lines


ENDS = {"answer": b"", "error": b"1,2,3\n", "interrupt": b""}


@pytest.mark.parametrize("end", ENDS)
def test_the_line_is_gone_when_anything_else_is_written(environment, tmp_path, patience, end):
    """Rows come one by one until the line is seen on a terminal; only then the input ends."""
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "kldiv_cli", "profile", "-", "--color", "never", "-v"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(TERM="xterm", TMPDIR=str(tmp_path)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    rows, seen = 0, b""
    try:
        process.stdin.write(b"x,y\n")
        while b"kldiv: -: " not in seen:
            readable, writable, _ = select.select([master], [process.stdin], [], patience)
            assert readable or writable
            if readable:
                seen += os.read(master, 1000)
            elif writable:
                process.stdin.write(b"a,1\n")
                process.stdin.flush()
                rows += 1
        if end == "interrupt":
            process.send_signal(signal.SIGINT)
            # One that comes just before a read is heard when this returns.
            with contextlib.suppress(OSError):
                process.stdin.write(b"a,1\n")
                process.stdin.flush()
        else:
            process.stdin.write(ENDS[end])
            process.stdin.close()
        out = process.stdout.read()
        code = process.wait(patience)
        seen += rest_of(master)
    finally:
        process.kill()
        process.wait(patience)
        os.close(master)
        process.stdout.close()
        with contextlib.suppress(OSError):
            process.stdin.close()
    said = shown(seen.decode())
    assert list(tmp_path.iterdir()) == []
    if end == "answer":
        assert code == 0
        assert json.loads(out)["rows"] == rows
        assert said == ["kldiv: note: -: the engine that counted the rows: in process", ""]
    elif end == "error":
        assert (code, out) == (2, b"")
        assert said[0].startswith("kldiv: error: ")
    else:
        assert (code, out, said) == (130, b"", [""])


def rest_of(master):
    """Return what a terminal still holds that nobody writes on any more."""
    data = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 1000):
            data += chunk
    return data
