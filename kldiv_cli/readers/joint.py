"""Several columns of a table of weights become one, whose labels are theirs together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from kldiv_cli.core.dataset import position
from kldiv_cli.core.joint import joint_label, joint_name
from kldiv_cli.core.table import Batch, Table
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.literals import kind_of, shown

KEY = "joint"
"""The key of the column in a table whose columns are known by position."""


def with_joint(table: Table, joint: Sequence[str], source: str, na: Collection[str] = ()) -> Table:
    """Return a table in which columns are replaced by one that has their labels together.

    Parameters
    ----------
    table : Table
        Columns that are held in memory, or batches of rows; if columns are known by position, it
        is known whether the first row held names.
    joint : sequence of str
        The names of the columns, or their numbers where there are no names.
    source : str
        The name of the source in errors.
    na : collection of str
        Labels that mean a missing value.

    Raises
    ------
    InputError
        If there is no such column; as the rows are read, if a label is none.
    """
    name = joint_name(joint)
    if table.whole is not None:
        return table._replace(whole=_whole(table.whole, joint, name, source, na))
    names = table.names
    batches = iter(table.batches)
    if names is None and table.positional:
        first = next(batches)
        names = [str(key + 1) for key in first.columns]
        batches = chain((first,), batches)
    titles = list(names or ())
    at = [position(word, titles, source) for word in joint]
    if table.positional:
        # Rows may have been chosen by a column that is gone.
        first = next(batches)
        batches = chain((first,), batches)
        every = list(first.columns)
        keys: list[Any] = [every[i] for i in at]
        key = KEY
    else:
        keys, key = list(joint), name
    rest = [title for i, title in enumerate(titles) if i not in at]
    made = _batches(batches, keys, key, na, None if table.typed else "")
    return table._replace(batches=made, names=[name, *rest])


def _batches(
    batches: Iterable[Batch],
    keys: Sequence[Any],
    joint: str,
    na: Collection[str],
    missing: str | None,
) -> Iterator[Batch]:
    """Yield rows with the column of labels; `missing` is that of a row without any."""
    for batch in batches:
        parts, titles = [], set(batch.columns)
        for key in keys:
            cells = batch.columns[key] if key in titles else [None] * batch.size
            parts.append([_part(cell, na, i, key, batch) for i, cell in enumerate(cells)])
        rest = {key: cells for key, cells in batch.columns.items() if key not in keys}

        def place(i: int, key: Any, batch: Batch = batch) -> Place:
            return batch.place(i, keys[0] if key == joint else key)

        yield batch._replace(columns={joint: _labels(parts, missing), **rest}, place=place)


def _part(cell: Any, na: Collection[str], i: int, key: Any, batch: Batch) -> str | None:
    """Return a cell as a part of a label; None where it has no value."""
    text = shown(cell)
    if text is None and cell is not None:
        message = f"an outcome is {kind_of(cell)}, not text or a number"
        raise InputError("bad-label", message, batch.place(i, key))
    return str(text) if text and text not in na else None


def _labels(parts: Sequence[Sequence[str | None]], missing: str | None) -> list[str | None]:
    """Return the labels of rows; where no part has a value, nor has the row."""
    rows = zip(*parts, strict=True)
    return [missing if set(row) == {None} else joint_label(row) for row in rows]


def _whole(
    whole: Sequence[tuple[str, Any]],
    joint: Sequence[str],
    name: str,
    source: str,
    na: Collection[str],
) -> list[tuple[str, Any]]:
    from kldiv_cli.readers.values import cell_of, to_list

    names = [title for title, _ in whole]
    parts = []
    for word in joint:
        here = Place(source, name=word)
        column = to_list(whole[position(word, names, source)][1])
        cells = (cell_of(value, i, here) for i, value in enumerate(column))
        parts.append([str(cell) if cell and cell not in na else None for cell in cells])
    rest = [(title, column) for title, column in whole if title not in joint]
    return [(name, _labels(parts, None)), *rest]
