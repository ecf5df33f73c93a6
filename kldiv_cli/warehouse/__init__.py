"""Tables that stay in an engine of the user's own, of which only aggregates are asked.

The engine is reached through Ibis, of the extra ``cluster``, which is imported where a connection
is opened, or was by whoever hands a table of it on, and not before. An `address` is the URL of an
engine; a `session` is a connection that reads and no more; a `relation` is the rows of a table, or
of a query.
"""

from __future__ import annotations

from importlib.util import find_spec

INSTALL_CLUSTER = "pip install '.[cluster]'"
"""How the extra is installed from a checkout."""


def is_installed() -> bool:
    """Return whether the extra ``cluster`` is installed, without importing it."""
    return find_spec("ibis") is not None
