"""Several columns of a table of weights become one, whose labels are theirs together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.dataset import position
from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.joint import joint_label, joint_name, parts_of
from kldiv_cli.core.table import Batch, Table
from kldiv_cli.errors import InputError, Note, Place
from kldiv_cli.readers import totals
from kldiv_cli.readers.literals import kind_of, shown

if TYPE_CHECKING:
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.outcomes import Weights

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
    names, batches = table.titled()
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


def without_subtotals(found: Weights, option: ReadOptions, source: str) -> Weights:
    """Return weights without the rows that are sums over a part, as ROLLUP and CUBE add them.

    Such a row has no value in a part, or the name of a total, and each of them is the sum of the
    rows that agree with it in the other parts. One that has no name may be a sum by chance.

    Raises
    ------
    InputError
        If there are any, and the user does not say what they are.
    """
    if option.kind in LOG_KINDS or option.total_row == "keep":
        return found
    if found.weights.ndim > 1 or found.labels is None:
        return found
    every = _parts(found.labels)
    rows = _subtotals(found, every)
    if not any(totals.is_named(part) for parts in every for part in parts):
        rows = rows if len(rows) > 1 else []
    elif not rows:
        # Rows without a value may be no sums, and those with a name be some.
        rows = _subtotals(found, [[part or "" for part in parts] for parts in every])
    if not rows:
        return _without_doubtful(found, option, source, every)
    if option.total_row is None:
        places = [_place(found, row, source) for row in rows[:3]]
        message = "rows are the sums of others, over a column or several"
        hint = "--total-row drop leaves them out; --total-row keep takes them for outcomes"
        if len(rows) == 1:
            message = "a row is the sum of others, over a column or several"
            hint = "--total-row drop leaves it out; --total-row keep takes it for an outcome"
        raise InputError("total-row", message, *places, count=len(rows), hint=hint)
    which = "1 row is left out: it" if len(rows) == 1 else f"{len(rows)} rows are left out: each"
    return _without(found, rows, [Note("total-row", f"{which} is the sum of others", source)])


def _parts(labels: Sequence[Any]) -> list[Sequence[str | None]]:
    """Return the parts of labels; all of them are missing where there is no label."""
    every: list[Sequence[str | None]] = [
        () if label is None else parts_of(label) for label in labels
    ]
    width = max(map(len, every), default=0)
    return [parts or [None] * width for parts in every]


def _without_doubtful(
    found: Weights, option: ReadOptions, source: str, every: Sequence[Sequence[str | None]]
) -> Weights:
    """Return weights without a row that is called a total of all, or with a note on it.

    Raises
    ------
    InputError
        If it is the sum of all others, and the user does not say what it is.
    """
    suspects = [
        totals.Suspect(row, joint_label(parts), partial(_place, found, row, source))
        for row, parts in enumerate(every)
        if any(parts) and all(part is None or totals.is_named(part) for part in parts)
    ]
    known = totals.find(found.weights, suspects, None, option)
    if option.total_row is None:
        totals.refuse(known, may_keep=True)
    left_out = totals.dropped(known) if option.total_row == "drop" else {}
    notes = [Note("total-row", text, source) for text in left_out.values()]
    return _without(found, left_out, [*notes, *totals.notes_on(known, left_out, source)])


def _place(found: Weights, row: int, source: str) -> Place:
    label = (found.labels or ())[row]
    value = joint_label([None]) if label is None else label
    return Place(source, name=found.outcomes_in, value=value)


def _without(found: Weights, rows: Collection[int], notes: Sequence[Note]) -> Weights:
    """Return weights without some rows, and with further notes."""
    if not rows:
        return found._replace(notes=[*found.notes, *notes])
    labels = found.labels or ()
    kept = [row for row in range(len(labels)) if row not in rows]
    rest = tuple(labels[row] for row in kept)
    before = [note for note in found.notes if note.code != "missing-label" or None in rest]
    return found._replace(
        weights=found.weights[kept],
        labels=rest,
        rows_used=(found.rows_used or found.rows_read or len(labels)) - len(rows),
        notes=[*before, *notes],
    )


def _subtotals(found: Weights, every: Sequence[Sequence[str | None]]) -> list[int]:
    """Return the rows that stand for all values of a part, if each is the sum of its rows.

    They have None there, or the name of a total.
    """
    keys = [tuple(None if totals.is_named(part) else part for part in parts) for parts in every]
    rows = [i for i, key in enumerate(keys) if None in key]
    values = found.weights.tolist()
    sums: dict[tuple[str | None, ...], list[Any]] = {keys[row]: [] for row in rows}
    if len(sums) < len(rows):
        return []
    masks = {tuple(part is None for part in key) for key in sums}
    for key, value in zip(keys, values, strict=True):
        if None in key:
            continue
        for mask in masks:
            rolled = tuple(None if no else part for no, part in zip(mask, key, strict=True))
            if rolled in sums:
                sums[rolled].append(value)
    every_sum = [(values[row], sums[keys[row]]) for row in rows]
    return rows if all(of and totals.is_sum(value, of) for value, of in every_sum) else []


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
