"""Fixtures for all tests: small files, and two ways to run kldiv.

`kldiv` runs a command line in the process of the tests, which is fast; `shell` runs a line in
bash, where kldiv is a process of its own. No test may depend on how fast the machine is: what
waits for another process waits `patience` seconds, and hypothesis looks at no clock.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
# `exact`, the truth, serves the benchmarks too, which know nothing of these tests.
sys.path.insert(0, str(ROOT / "tests" / "core"))
PATIENCE = 300
# Settings of a single test start from these, as long as they are loaded before it is imported.
COMMON = {
    "deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow],
}  # fmt: skip
settings.register_profile("kldiv", max_examples=25, **COMMON)
settings.register_profile("few", max_examples=5, **COMMON)
settings.register_profile("thorough", max_examples=1000, **COMMON)
settings.load_profile("kldiv")


@dataclass
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def patience():
    """Return how many seconds to wait for another process before the test fails."""
    return PATIENCE


@pytest.fixture(scope="session")
def signalled(patience):
    """Send a signal to a process until it has ended; return what it wrote to standard error.

    One that comes just before the process waits in the kernel is heard with the next.
    """

    def send(process, number):
        for _ in range(15):
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=patience / 15)[1]
        return pytest.fail("the process does not hear the signal")

    return send


@pytest.fixture
def table(tmp_path):
    """Write a file and return its path: table("p.csv", "x,n\\na,1\\n")."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def pair(table):
    """Two small tables of counts."""
    return (
        table("p.csv", "colour,count\nred,5\ngreen,3\nblue,2\n"),
        table("q.csv", "colour,count\nred,2\ngreen,2\nblue,6\n"),
    )


@pytest.fixture(autouse=True)
def runners_own(monkeypatch):
    """Give the test runner back what a run of kldiv sets for its process: a hook, handlers."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.getsignal(number) for number in ends}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def kldiv(capfdbinary):
    """Run the command line in this process: kldiv("compare", p, q).out."""
    from kldiv_cli.cli.process import run

    def call(*words):
        capfdbinary.readouterr()
        code = run([str(word) for word in words])
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode(), captured.err.decode())

    return call


@pytest.fixture(scope="session")
def environment():
    """Return the environment of a process in which ``kldiv`` is this project's."""

    def made(**more):
        env = {k: v for k, v in os.environ.items() if k not in CLEARED}
        env |= {"PATH": f"{bin_folder()}{os.pathsep}{env['PATH']}", "PYTHONPATH": str(ROOT)}
        return env | {"PYTHONWARNINGS": "error", **more}

    return made


@pytest.fixture
def shell(environment):
    """Run a shell command line in which ``kldiv`` is this project's, from the repository."""

    def call(command, cwd=ROOT, stdin=None, **more):
        env = environment(**more)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=cwd,
            env=env,
            input=stdin,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


CLEARED = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "KLDIV_DEBUG", "GITHUB_ACTIONS", "CI"}
_BIN = []


def bin_folder():
    """Return a folder that holds a ``kldiv`` that runs this checkout with this Python."""
    if not _BIN:
        import tempfile

        folder = tempfile.TemporaryDirectory(prefix="kldiv-tests-")
        script = Path(folder.name, "kldiv")
        script.write_text(
            f"#!{sys.executable}\nfrom kldiv_cli.__main__ import program\nprogram()\n"
        )
        script.chmod(0o755)
        _BIN.append(folder)
    return _BIN[0].name


def pytest_unconfigure():
    for folder in _BIN:
        folder.cleanup()


RAN = {"passed": 0, "failed": 0, "skipped": 0}
"""How the tests that need a PostgreSQL ended."""


def pytest_runtest_logreport(report):
    if "PostgreSQL" in report.nodeid or "test_warehouse_failures" in report.nodeid:
        ended = report.when == "call" or report.skipped or report.failed
        RAN[report.outcome] += bool(ended)


def pytest_terminal_summary(terminalreporter):
    if any(RAN.values()):
        told = ", ".join(f"{number} {outcome}" for outcome, number in RAN.items() if number)
        terminalreporter.write_line(f"tests against PostgreSQL: {told}")
