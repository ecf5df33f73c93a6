"""Engines count raw rows: each has ``count(table, wanted, source, name) -> DataSet``.

The table comes from a reader and yields its cells in batches; `Wanted` tells which columns are
counted, and how. The columns of the data set are `Categories` or `Numbers`, its kind is
``samples``, and all columns that were met are in `seen`. All engines return the same data set;
one that cannot be sure of that raises `UnsuitedError`, and the engine in this process counts.
"""

from __future__ import annotations


class UnsuitedError(Exception):
    """The rows of a table cannot be counted by this engine; the message says why, for ``-v``."""
