"""Standard output and standard error: full disks, closed pipes, and colour."""

import pytest

from kldiv_cli.cli import streams

SAMPLES = "sample_data/die_loaded.csv sample_data/die_fair.csv"


def test_a_full_disk_is_not_an_answer(shell):
    ran = shell(f"kldiv {SAMPLES} > /dev/full")
    assert ran.code == 2
    assert ran.err == (
        "standard output: error[output-lost]:"
        " the report could not be written: No space left on device\n"
    )
    assert shell(f"kldiv {SAMPLES} -o /dev/full").code == 2
    assert shell("kldiv --help > /dev/full").code == 2


def test_a_closed_standard_output_is_not_an_answer(shell):
    ran = shell(f"kldiv {SAMPLES} >&-")
    assert ran.code == 2
    assert "it is closed" in ran.err


def test_a_closed_standard_error_changes_nothing(shell):
    assert shell(f"kldiv {SAMPLES} -q -m kl_pq 2>&-").code == 0
    assert shell("kldiv no_such.csv x.csv 2>&-").code == 2
    assert shell("kldiv no_such.csv x.csv 2>/dev/full").code == 2


@pytest.mark.parametrize("reader", ["true", "head -1", "head -c 1"])
def test_a_closed_pipe_ends_quietly(shell, reader):
    ran = shell(f"kldiv compare {SAMPLES} -f json | {reader} > /dev/null; exit ${{PIPESTATUS[0]}}")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("option", "environment", "expected"),
    [
        ("auto", {}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "0"}, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ("auto", {"GITHUB_ACTIONS": "true"}, False),
    ],
)
def test_colour_is_decided_in_order(monkeypatch, option, environment, expected):
    import io

    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert streams.has_color(io.StringIO(), option) is expected


@pytest.mark.parametrize(("term", "expected"), [("xterm", True), ("dumb", False)])
def test_colour_of_a_terminal(monkeypatch, term, expected):
    import io

    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", term)
    assert streams.has_color(terminal, "auto") is expected
