"""A private DuckDB: offline, locked to the files it is to read, with bounded memory.

DuckDB is the extra ``duckdb``; it is imported where a connection is opened, and not before.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

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
) -> Iterator[DuckDBPyConnection]:
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
        As many as there are processors if not given.

    Yields
    ------
    DuckDBPyConnection
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
            yield connection
        except duckdb.OutOfMemoryException as error:
            message = "the limit of memory is too small for this"
            hint = "a higher --memory-limit, such as 2GB; --column NAME counts fewer columns"
            raise InputError("memory-limit", message, Place(source), hint=hint) from error
        finally:
            connection.close()


def literal(path: str) -> str:
    """Return a path as DuckDB takes it for itself: without patterns that match other files."""
    from glob import escape

    return escape(path)


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
        ("threads", threads or len(os.sched_getaffinity(0))),
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
