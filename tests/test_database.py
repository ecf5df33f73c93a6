"""The private DuckDB: its queries run beside the thread that waits for them."""

import os
import signal
import threading

import pytest

from kldiv_cli import database
from kldiv_cli.errors import InputError

pytest.importorskip("duckdb")
ENDLESS = "select count(*) from range(1000000000) a, range(1000000000) b where hash(a.range) = 1"


class Stop(BaseException):
    """Ends the wait for a query, as a signal does."""


def stop():
    raise Stop


def test_rows_and_arrays():
    with database.connected([], "x") as data:
        assert data.rows("select 1 as a, $text as b", {"text": "x'y"}) == [(1, "x'y")]
        assert data.rows("create temp table t as select range as r from range(5)") == [(5,)]
        assert data.arrays("select r from t order by r")["r"].tolist() == [0, 1, 2, 3, 4]


def test_an_error_of_a_query_is_raised_where_it_is_waited_for():
    import duckdb

    with database.connected([], "x") as data:
        with pytest.raises(duckdb.Error, match="no_such_table"):
            data.rows("select * from no_such_table")
        assert data.rows("select 1") == [(1,)]


def test_what_ends_the_wait_ends_the_query():
    before = threading.active_count()
    with database.connected([], "x") as data:
        for _ in range(3):
            with pytest.raises(Stop):
                data.rows(ENDLESS, told=stop)
            assert threading.active_count() == before
            # The connection can still be used.
            assert data.rows("select 1") == [(1,)]


def test_a_signal_ends_a_query(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    former = signal.signal(signal.SIGTERM, lambda *_: stop())
    try:
        with pytest.raises(Stop), database.connected([], "x") as data:
            assert len(list(tmp_path.iterdir())) == 1
            data.rows(ENDLESS, told=lambda: os.kill(os.getpid(), signal.SIGTERM))
    finally:
        signal.signal(signal.SIGTERM, former)
    assert list(tmp_path.iterdir()) == []


def test_who_waits_is_told_of_the_time_that_passes():
    told = []

    def count():
        told.append(database.bytes_read())
        if len(told) == 3:
            raise Stop

    with database.connected([], "x") as data, pytest.raises(Stop):
        data.rows(ENDLESS, told=count)
    assert len(told) == 3
    assert told == sorted(told)


def test_threads_of_a_system_that_binds_no_process_to_processors(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    with database.connected([], "x", threads=10**6) as data:
        assert data.rows("select current_setting('threads')") == [(os.cpu_count(),)]


def test_no_more_threads_than_processors():
    processors = len(os.sched_getaffinity(0))
    for asked, got in ((None, processors), (1, 1), (10**6, processors)):
        with database.connected([], "x", threads=asked) as data:
            assert data.rows("select current_setting('threads')") == [(got,)]


@pytest.mark.parametrize("memory", [1, 1000, 10**6])
def test_a_memory_that_is_too_small_is_told(memory):
    with pytest.raises(InputError) as caught, database.connected([], "x", memory=memory) as data:
        data.rows(
            "select count(*) from (select range % 1000003 as k from range(9000000) group by k)"
        )
    assert caught.value.code == "memory-limit"


def test_large_limits_are_taken():
    with database.connected([], "x", memory=2**63 - 1) as data:
        assert data.rows("select 1") == [(1,)]
