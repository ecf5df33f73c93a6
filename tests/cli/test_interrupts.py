"""A signal ends a run at once, whatever it is doing, and leaves nothing behind.

Each run is a process that says when it has come to a work without an end; only then the signal
is sent. What is replaced in it is where it stays, never how it hears of signals.
"""

import json
import os
import signal
import subprocess
import sys

import pytest

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
RUN = "import sys; from kldiv_cli.cli.process import run; sys.exit(run(sys.argv[1:]))"
IN_DUCKDB = """
from kldiv_cli import database
from kldiv_cli.engines import local

def endless(table, wanted, source, name):
    table = "range(1000000000)"
    sql = f"select count(*) from {table} a, {table} b where hash(a.range * b.range) = 1"
    with database.connected([], source) as data:
        data.rows(sql, told=lambda: print("here", flush=True))

local.count = endless
"""
READING_FOR_DUCKDB = """
from kldiv_cli import engines
from kldiv_cli.engines import text_bytes

def endless(self, chunk):
    while True:
        print("here", flush=True)

engines.is_large = lambda table: True
text_bytes.Text.take = endless
"""
DRAWING = """
from kldiv_cli.core import judging
from kldiv_cli.core.inference import resampling

def endless(pair, *_):
    import numpy as np
    generator = np.random.default_rng(0)
    while True:
        generator.multivariate_hypergeometric([1000] * 500, 2000, 100)
        print("here", flush=True)

judging._evidence = endless
"""
CLEARED = """
import signal
from kldiv_cli.engines import local
count = local.count

def interrupted(table, wanted, source, name):
    # So does compiled code that goes on if a module cannot be imported.
    try:
        signal.raise_signal(signal.SIGNUMBER)
    except BaseException:
        pass
    return count(table, wanted, source, name)

local.count = interrupted
"""


@pytest.fixture
def started(environment, tmp_path):
    """Start a process of kldiv after some lines of Python; its temporary folder is ``tmp``."""
    processes = []
    (tmp_path / "tmp").mkdir()

    def start(before, *words):
        # A job in the background is born with SIGINT ignored; this one shall hear it.
        inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", f"{before}\n{RUN}", *words],
                cwd=tmp_path,
                env=environment(TMPDIR=str(tmp_path / "tmp")),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        finally:
            signal.signal(signal.SIGINT, inherited)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def data(table):
    return table("data.csv", "x,y\n" + "a,1.5\nb,2.5\n" * 5000)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("work", [IN_DUCKDB, READING_FOR_DUCKDB, DRAWING])
@pytest.mark.parametrize("report", ["report.json", "report.prom"])
def test_a_signal_ends_the_work(started, data, tmp_path, patience, number, code, work, report):
    if work != DRAWING:
        pytest.importorskip("duckdb")
    process = started(work, "check", data, data, "-o", report)
    assert process.stdout.readline() == b"here\n"
    # The report is beside its target, and the folder of DuckDB there.
    assert list(tmp_path.glob(f".{report}.*"))
    assert work != IN_DUCKDB or list((tmp_path / "tmp").iterdir())
    process.send_signal(number)
    _, err = process.communicate(timeout=patience)
    assert (process.returncode, err) == (code, b"")
    assert list((tmp_path / "tmp").iterdir()) == []
    # A stale metric would be taken for an answer.
    left = {"data.csv", "tmp", *(["report.prom"] if report == "report.prom" else [])}
    assert {path.name for path in tmp_path.iterdir()} == left
    if report == "report.prom":
        assert "kldiv_success" in (tmp_path / report).read_text()


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_that_compiled_code_clears_ends_the_run(
    started, data, tmp_path, patience, number, code
):
    work = CLEARED.replace("SIGNUMBER", number.name)
    process = started(work, "check", data, data, "-o", "report.json")
    out, err = process.communicate(timeout=patience)
    assert (process.returncode, out, err) == (code, b"", b"")
    assert {path.name for path in tmp_path.iterdir()} == {"data.csv", "tmp"}


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_ends_the_writing(started, tmp_path, patience, number, code):
    """The report is longer than a pipe holds, and nobody reads on."""
    large = {f"outcome {i}": 1 for i in range(20_000)}
    (tmp_path / "large.json").write_text(json.dumps(large))
    process = started("", "compare", "large.json", "large.json", "-f", "json", "--top", "20000")
    assert os.read(process.stdout.fileno(), 1) == b"{"
    process.send_signal(number)
    # It hears it while nobody reads; what is in the pipe remains.
    assert process.wait(patience) == code
    assert b"Traceback" not in process.stderr.read()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_hangup_that_is_ignored_ends_nothing(started, data, tmp_path, patience):
    """As under nohup: whoever starts the run wants it to outlive the terminal."""
    work = CLEARED.replace("SIGNUMBER", "SIGHUP")
    inherited = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = started(work, "check", data, data, "-q")
    finally:
        signal.signal(signal.SIGHUP, inherited)
    out, err = process.communicate(timeout=patience)
    assert (process.returncode, out, err) == (0, b"pass\n", b"")
