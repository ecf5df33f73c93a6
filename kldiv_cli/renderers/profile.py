"""A profile as a file: JSON with one outcome a line, so that versions of it can be compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.counts import Binned, Categories
from kldiv_cli.renderers.show import document

if TYPE_CHECKING:
    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.dataset import DataSet

SCHEMA = "kldiv.profile/1"
_LEAF = r'(?:"(?:[^"\\]|\\.)*+"|[-+.0-9eE]++)'
_LEAVES = re.compile(rf"\[\n +({_LEAF}(?:,\n +{_LEAF})*+)\n +\]")
_BREAK = re.compile(r",\n +")


def render(profile: DataSet) -> str:
    """Return the profile as JSON; equal counts give equal bytes, in any order of rows."""
    head = {"schema": SCHEMA, "name": profile.name, "rows": profile.rows}
    columns = [_column(column) for column in profile.columns.values()]
    excluded = [left_out._asdict() for left_out in profile.excluded]
    text = document({**head, "columns": columns, "excluded": excluded})
    return _LEAVES.sub(lambda leaves: f"[{_BREAK.sub(', ', leaves[1])}]", text)


def _column(column: Column) -> dict[str, Any]:
    assert isinstance(column, Categories | Binned)
    edges = list(column.bins.edges) if isinstance(column, Binned) else []
    if isinstance(column, Binned):
        regular = len(edges) + 1
        # The bins of infinities stand in the file only if a row fell into them.
        bins = zip(column.bins.labels[:-1], column.counts.tolist(), strict=True)
        outcomes = [list(row) for place, row in enumerate(bins) if place < regular or row[1]]
    else:
        outcomes = [[label, count] for label, count in sorted(column.counts.items())]
    return {
        "column": column.name,
        "type": "numeric" if isinstance(column, Binned) else column.type,
        "edges": edges,
        "missing": column.missing,
        "pooled": isinstance(column, Categories) and column.pooled,
        "outcomes": outcomes,
    }
