"""Engines count raw rows: each has ``count(table, wanted, source, name) -> DataSet``.

The table comes from a reader and yields its cells in batches; `Wanted` tells which columns are
counted, and how. The columns of the data set are `Categories` or `Numbers`, its kind is
``samples``, and all columns that were met are in `seen`. All engines return the same data set;
one that cannot be sure of that raises `UnsuitedError`, and the engine in this process counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kldiv_cli.core.table import Table

SMALLEST = 8 << 20
"""Bytes of text from which on DuckDB is faster …"""
SMALLEST_PACKED = 2 << 20
"""… and of text that is compressed …"""
CHOSEN = 4
"""… and how many times as many where rows are chosen: the others cost little in process."""


class UnsuitedError(Exception):
    """The rows of a table cannot be counted by this engine; the message says why, for ``-v``."""


def is_large(table: Table) -> bool:
    """Return whether DuckDB can count a table, and is faster at it.

    It is asked of small tables, too, for which nothing of that engine is imported.
    """
    scan = table.scan
    if scan is None or scan.size is None:
        return False
    least = SMALLEST if scan.path is not None else SMALLEST_PACKED
    least *= CHOSEN if scan.where is not None else 1
    return scan.size >= least
