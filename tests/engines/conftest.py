"""Engines that hold tables: one server for all tests, and a folder for files of DuckDB."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(scope="session")
def postgres():
    """Return the folder of the socket of a PostgreSQL of the tests' own."""
    import servers

    pytest.importorskip("ibis")
    pytest.importorskip("psycopg")
    if servers.programs() is None:
        pytest.skip("PostgreSQL is not installed: initdb and postgres are not there")
    with servers.postgres() as folder:
        yield folder


@pytest.fixture(scope="session")
def spark():
    """Return the port of a Spark Connect of the tests' own, with two workers."""
    import servers

    pytest.importorskip("pyspark")
    with servers.spark() as port:
        yield port
