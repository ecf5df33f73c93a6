"""The options that name an engine of the user's own, and tables in it: they become sides.

They are of the command line alone: no file of a project names an engine, and Python's callers pass
tables of Ibis.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import UsageError
from kldiv_cli.tuples import NamedTuple
from kldiv_cli.warehouse.address import parse
from kldiv_cli.warehouse.relation import Rows, Warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 3600.0
"""How long an answer may take if nothing is said."""
ENGINE = ("connect", "timeout")
TABLES: Mapping[str, tuple[str, str]] = {
    "reference": ("reference_table", "reference_sql"),
    "current": ("current_table", "current_sql"),
    "query": ("table", "sql"),
}
"""What a side is called whose query has no name, and the options that name it."""


class Tables(NamedTuple):
    """An engine, and the sides that are tables in it, by what they are called in `TABLES`."""

    warehouse: Warehouse
    sides: Mapping[str, Rows]


def taken(options: dict[str, Any]) -> Tables:
    """Take those options that name an engine and tables out of all, and return the sides.

    Parameters
    ----------
    options : dict of str to object
        Those of the command line, by name; the others are left.

    Raises
    ------
    UsageError
        If one is missing, or has a wrong value.
    """
    every = (*ENGINE, *chain.from_iterable(TABLES.values()))
    given = {name: options.pop(name) for name in every if name in options}
    if "connect" not in given:
        flag = next(iter(given)).replace("_", "-")
        message = f"--{flag} is about a table in an engine, and none is named"
        raise UsageError("usage", message, hint="--connect postgresql://HOST/DATABASE")
    warehouse = Warehouse(parse(given["connect"]), _seconds(given.get("timeout", SECONDS)))
    sides = {}
    for name, (table, sql) in TABLES.items():
        if table in given and sql in given:
            flags = (f"--{one.replace('_', '-')}" for one in (table, sql))
            message = f"{' and '.join(flags)} name one side twice"
            raise UsageError("usage", message, hint="leave one of them out")
        if table in given:
            sides[name] = Rows(warehouse, given[table], table=given[table])
        elif sql in given:
            sides[name] = Rows(warehouse, name, sql=given[sql])
    return Tables(warehouse, sides)


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise UsageError("usage", "--timeout is a number of seconds above 0", hint="--timeout 600")
    return float(value)
