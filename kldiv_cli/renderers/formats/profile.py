"""A profile as a file: JSON with one outcome a line, so that versions of it can be compared."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.counts import Binned, Categories
from kldiv_cli.renderers.show import document, harmless_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.dataset import DataSet
    from kldiv_cli.core.grouped import Grouped

SCHEMA = "kldiv.profile/1"
AT_ONCE = 10_000
"""Outcomes that are written together: a million lines one by one take four times the memory."""


def render(profile: DataSet) -> str:
    """Return the profile as JSON; equal counts give equal bytes, in any order of rows.

    Blocks of rows depend on their order, and so may the last digits of sums of weights.
    """
    head: dict[str, Any] = {"schema": SCHEMA, "name": profile.name, "rows": profile.rows}
    if profile.groups is not None and profile.groups.weighing is not None:
        weighing = profile.groups.weighing._asdict()
        head["row_weight"] = {"column": profile.groups.grouping.weight, **weighing}
    columns = [_head(column) for column in profile.columns.values()]
    excluded = [left_out._asdict() for left_out in profile.excluded]
    rest = document({**head, "columns": columns, "excluded": excluded})
    pieces: list[str] = []
    for column in profile.columns.values():
        for name, array in _arrays(column).items():
            # No text of a user looks like this: quotes within one have a backslash before them.
            before, key, rest = rest.partition(f'"{name}": []')
            pieces += [before, key.removesuffix("[]"), *array]
    return "".join([*pieces, rest])


def _head(column: Column) -> dict[str, Any]:
    """Return what is said of a column, with its arrays left empty."""
    head = {
        "column": column.name,
        "type": column.type if isinstance(column, Categories) else "numeric",
        "edges": [],
        "missing": column.missing,
        "pooled": isinstance(column, Categories) and column.pooled,
    }
    return head | {key: [] for key in _arrays(column)}


def _arrays(column: Column) -> dict[str, Iterator[str]]:
    """Return the arrays of a column by their keys, in the order in which they are written."""
    arrays = {"edges": _edges(column), "outcomes": _outcomes(column)}
    if column.grouped is not None and column.grouped.entries.w is None:
        arrays["blocks"] = _blocks(column, column.grouped)
    elif column.grouped is not None:
        arrays["weights"] = _weights(column.grouped)
    return arrays


def _edges(column: Column) -> Iterator[str]:
    """Yield the edges of a column as JSON, on one line."""
    from json import dumps

    yield dumps(column.bins.edges if isinstance(column, Binned) else ())


def _outcomes(column: Column) -> Iterator[str]:
    """Yield the outcomes of a column and their counts as JSON, one a line, in pieces."""
    from json import JSONEncoder

    written = JSONEncoder().encode
    yield from _lines(f"[{written(label)}, {count}]" for label, count in _rows(column))


def _weights(grouped: Grouped) -> Iterator[str]:
    """Yield what the rows of each outcome weigh as JSON, one a line, in pieces.

    Of each its label, null of missing values; rows that weigh anything; and the sums of their
    weights, and of the squares of these.
    """
    from json import dumps

    place, _group, n, w, w2 = grouped.entries
    assert w is not None
    assert w2 is not None
    labels = [*grouped.values, None]
    found = zip(place.tolist(), n.tolist(), w.tolist(), w2.tolist(), strict=True)
    rows = sorted((at == len(labels) - 1, labels[at] or "", *rest) for at, *rest in found)
    yield from _lines(
        dumps([None if is_missing else label, *rest]) for is_missing, label, *rest in rows
    )


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Yield a JSON array of values that are written already, one a line, in pieces."""
    texts, begin = iter(texts), "["
    while some := list(islice(texts, AT_ONCE)):
        lines = ",\n".join(f"        {text}" for text in some)
        yield f"{begin}\n{harmless_json(lines)}"
        begin = ","
    yield "[]" if begin == "[" else "\n      ]"


def _blocks(column: Column, grouped: Grouped) -> Iterator[str]:
    """Yield the counts of the outcomes, and of missing ones last, in each block: one a line."""
    at = {label: place for place, (label, _) in enumerate(_rows(column))}
    # A bin for what is not finite is not among them where no row fell into it.
    places = [at.get(str(label), -1) for label in grouped.values]
    table = grouped.over(places, len(at), len(at) + 1).n
    yield from _lines(map(str, table.T.tolist()))


def _rows(column: Column) -> Iterator[tuple[str, int]]:
    """Yield the outcomes of a column and their counts, in the order of a profile."""
    assert isinstance(column, Categories | Binned)
    if isinstance(column, Categories):
        for label in sorted(column.counts):
            yield label, column.counts[label]
        return
    regular = len(column.bins.edges) + 1
    # The bins of infinities stand in the file only if a row fell into them.
    bins = zip(column.bins.labels[:-1], column.counts.tolist(), strict=True)
    for place, (label, count) in enumerate(bins):
        if place < regular or count:
            yield label, count
