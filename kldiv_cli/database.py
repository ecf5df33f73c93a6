"""A private DuckDB: offline, locked to the files it is to read, with bounded memory.

DuckDB is the extra ``duckdb``; it is imported where a connection is opened, and not before.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from kldiv_cli import waiting
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

T = TypeVar("T")

MEMORY = 2 << 30
"""Bytes that DuckDB may take before it writes to its temporary folder."""
INSTALL = "pip install '.[duckdb]'"
"""How the extra is installed from a checkout."""


def is_installed() -> bool:
    """Return whether the extra ``duckdb`` is installed, without importing it."""
    return find_spec("duckdb") is not None


@contextmanager
def connected(
    paths: Sequence[str], source: str, *, memory: int | None = None, threads: int | None = None
) -> Iterator[Database]:
    """Open a database in memory that can read some files and nothing else.

    Parameters
    ----------
    paths : sequence of str
        The only files that can be opened. They are read with ``$parameters``, through
        `literal`; no text of a user becomes SQL.
    source : str
        The name of the source in errors.
    memory : int, optional
        Bytes that it may take; `MEMORY` if not given.
    threads : int, optional
        As many as there are processors if not given, and never more.

    Yields
    ------
    Database
        What does not fit into its memory is in a private temporary folder, which is removed
        when the context ends.

    Raises
    ------
    InputError
        If the memory is too small.
    """
    from tempfile import TemporaryDirectory

    import duckdb

    with TemporaryDirectory(prefix="kldiv-") as folder:
        connection = duckdb.connect(":memory:")
        try:
            _lock(connection, paths, folder, memory, threads)
            yield Database(connection)
        except duckdb.OutOfMemoryException as error:
            message = "the limit of memory is too small for this"
            hint = "--memory-limit 2GB allows more"
            raise InputError("memory-limit", message, Place(source), hint=hint) from error
        finally:
            connection.close()


class Database:
    """A connection whose queries a signal ends at once.

    DuckDB is not left while a query runs: see `kldiv_cli.waiting`.

    Parameters
    ----------
    connection : DuckDBPyConnection
        It is used by nothing else.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        told: Callable[[], object] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Run a query and return its rows.

        Parameters
        ----------
        sql : str
            Without a word of the user's.
        parameters : mapping of str to object, optional
            What ``$name`` stands for in it.
        told : callable, optional
            Called every tenth of a second while the query runs.
        """
        return self._run(lambda: self._executed(sql, parameters).fetchall(), told)

    def arrays(self, sql: str, parameters: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Run a query and return its columns by their names; see `rows`."""
        return self._run(lambda: self._executed(sql, parameters).fetchnumpy())

    def _executed(self, sql: str, parameters: Mapping[str, object] | None) -> DuckDBPyConnection:
        return self._connection.execute(sql, dict(parameters or {}))

    def _run(self, work: Callable[[], T], told: Callable[[], object] | None = None) -> T:
        """Return what some work with the connection returns, or raise what it raises."""
        return waiting.done(work, self._connection.interrupt, told)


def bytes_read() -> int | None:
    """Return how many bytes this process has read in all; None where the system does not tell."""
    try:
        with open("/proc/self/io", "rb") as file:
            return int(file.readline().split()[1])
    except (OSError, ValueError, IndexError):
        return None


def failure() -> type[Exception]:
    """Return the class of all that DuckDB raises."""
    import duckdb

    return duckdb.Error


def literal(path: str) -> str:
    """Return a path as DuckDB takes it for itself: without patterns that match other files."""
    from glob import escape

    return escape(path)


def threads_of(asked: int | None) -> int:
    """Return how many threads there may be, where so many are asked for: one a processor."""
    # Not every system tells to which processors a process is bound.
    bound = getattr(os, "sched_getaffinity", None)
    processors = len(bound(0)) if bound else os.cpu_count() or 1
    return min(asked or processors, processors)


def _lock(
    connection: DuckDBPyConnection,
    paths: Sequence[str],
    folder: str,
    memory: int | None,
    threads: int | None,
) -> None:
    """Set the limits of a connection, and make them final."""
    settings: list[tuple[str, object]] = [
        ("memory_limit", f"{memory or MEMORY}B"),
        ("threads", threads_of(threads)),
        ("temp_directory", folder),
        ("preserve_insertion_order", False),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("python_enable_replacements", False),
        ("enable_progress_bar", False),
        ("TimeZone", "UTC"),
        # A path is allowed as it is given, and as it is spelt for `literal`.
        ("allowed_paths", sorted({*paths, *map(literal, paths)})),
        # From here on nothing else can be opened, and no setting be changed.
        ("enable_external_access", False),
        ("lock_configuration", True),
    ]
    for name, value in settings:
        connection.execute(f"SET {name} = {_sql(value)}")


def _sql(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_sql, value))}]"
    if isinstance(value, str):
        doubled = value.replace("'", "''")
        return f"'{doubled}'"
    return str(value).lower()
