"""Whatever fails, whenever: a clear exit code, no traceback, nothing lost or half-written."""

import builtins
import errno
import io
import os
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

import kldiv_cli
from kldiv_cli.cli.process import run

PACKAGE = str(Path(kldiv_cli.__file__).parent)


@pytest.fixture
def job(pair, tmp_path, capfdbinary):
    """Run a comparison that reads two files and writes a report, and check what it left."""
    target = tmp_path / "report.json"
    inputs = {path: Path(path).read_bytes() for path in pair}

    def call(fault=nullcontext()):  # noqa: B008
        target.write_text("old")
        capfdbinary.readouterr()
        with fault:
            code = run(["compare", *pair, "-f", "json", "-o", str(target)])
        captured = capfdbinary.readouterr()
        assert b"Traceback" not in captured.err
        assert captured.out == b""
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "p.csv",
            "q.csv",
            "report.json",
        ]
        assert {path: Path(path).read_bytes() for path in inputs} == inputs
        report = target.read_text()
        if code == 0:
            assert report.startswith("{")
            assert report.endswith("}\n")
        else:
            assert report == "old"
            assert code == 130 or captured.err
        return code

    return call


class Nth:
    """Raises at the nth call that it watches, and counts them all."""

    def __init__(self, n, error):
        self.left, self.error, self.raised = n, error, False

    def __call__(self):
        self.left -= 1
        if self.left == 0:
            self.raised = True
            raise self.error


@contextmanager
def patched(module, name, value):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, value)
        yield


@contextmanager
def profiled(hook):
    sys.setprofile(hook)
    try:
        yield
    finally:
        sys.setprofile(None)


def failing(function, nth):
    def called(*args, **kwargs):
        nth()
        return function(*args, **kwargs)

    return called


DISK = OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (builtins, "open"), (io, "open"), (os, "open"), (os, "fdopen"), (os, "fsync"),
        (os, "replace"), (os, "stat"), (os, "fstat"), (os, "fchmod"), (os.path, "realpath"),
        (os, "urandom"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)  # fmt: skip
def test_every_call_to_the_system_may_fail(job, module, name):
    n = 0
    while True:
        n += 1
        nth = Nth(n, DISK)
        code = job(patched(module, name, failing(getattr(module, name), nth)))
        if not nth.raised:
            assert code == 0
            return
        assert code in (0, 2)


class FailingFile(io.RawIOBase):
    """A file whose nth operation fails."""

    def __init__(self, file, nth):
        self.file, self.nth = file, nth

    def readable(self):
        return True

    def readinto(self, buffer):
        self.nth()
        # Little at a time: every boundary between two reads is tried.
        data = self.file.read(min(len(buffer), 5))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        self.nth()
        return self.file.write(data)

    def fileno(self):
        return self.file.fileno()

    def close(self):
        self.file.close()
        super().close()


def test_every_read_may_fail(job):
    true_open = builtins.open
    n = 0
    while True:
        n += 1
        nth = Nth(n, DISK)

        def opened(path, mode="r", *args, nth=nth, **kwargs):
            file = true_open(path, mode, *args, **kwargs)
            if str(path).endswith(".csv") and "b" in mode:
                raw = FailingFile(file, nth)
                return io.BufferedReader(raw) if kwargs.get("buffering", -1) else raw
            return file

        code = job(patched(builtins, "open", opened))
        if not nth.raised:
            assert code == 0
            assert n > 5
            return
        assert code == 2


# What a generator raises while it is being closed, Python ignores.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("error", "codes"), [(MemoryError, {0, 2}), (KeyboardInterrupt, {0, 130})]
)
def test_any_call_may_be_the_last(job, error, codes):
    """Memory may run out, or a user lose patience, wherever the run is."""
    n = -6
    while True:
        n += 7
        nth = Nth(n, error)

        def hook(frame, event, _, nth=nth):
            name = frame.f_code.co_filename
            # Past the last handler there is only the exit code.
            handling = frame.f_code.co_name in ("run", "write_stderr", "write_all", "__exit__")
            if event == "call" and name.startswith(PACKAGE) and not handling:
                nth()

        code = job(profiled(hook))
        if not nth.raised:
            assert code == 0
            assert n > 500
            return
        assert code in codes, n
