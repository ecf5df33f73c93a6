"""No test depends on how fast the machine is."""

import re
from pathlib import Path

from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
SCRIPTS = ("benchmarks", "pictures")
"""Folders of what pytest does not run."""
CLOCK = re.compile(
    r"deadline=(?!None)|(timeout=|\.wait\(|\.join\(|\.communicate\()\s*\d|\bsleep\(|perf_counter"
)


def test_hypothesis_looks_at_no_clock():
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check


def test_what_waits_for_another_process_waits_long():
    """It waits `patience` seconds, or for an event, never for a number of seconds of its own."""
    files = [path for path in TESTS.rglob("*.py") if path.parent.name not in SCRIPTS]
    files.remove(Path(__file__))
    files.remove(TESTS / "engines" / "servers.py")  # which wait 300 seconds until one listens
    assert len(files) > 30
    assert [path.name for path in files if CLOCK.search(path.read_text())] == []
