"""The one header rule: whether the first row of a table holds names or data.

The columns that matter decide: those of the weights, or all of raw rows.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from kldiv_cli.core.numbers import is_percent, looks_like_a_number
from kldiv_cli.errors import InputError, Note, Place
from kldiv_cli.readers.column_choice import Columns, are_parted_by_blanks, columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.table import Batch, Table
    from kldiv_cli.readers.options import ReadOptions

WHICH = "--header if it holds names, --no-header if it holds data"


def with_names(
    table: Table, wanted: Sequence[ReadOptions], source: str, *, raw: bool = False
) -> Table:
    """Return a table whose first row is taken for the names if it holds these.

    Parameters
    ----------
    table : Table
        Columns are known by position; the first of its batches is the sample that decides.
    wanted : sequence of ReadOptions
        The options, which may name the column of the weights.
    source : str
        The name of the source in errors.
    raw : bool
        The rows are raw values, so that all columns matter.

    Raises
    ------
    InputError
        If the first row may be either.
    """
    batches = iter(table.batches)
    first = next(batches)
    row = [cells[0] for cells in first.columns.values()]
    notes = list(table.notes)
    names: bool | None = True if table.has_row_names else wanted[0].header
    if names is None:
        more = next(batches, None) if raw and len(row) == 1 else None
        batches = chain(() if more is None else (more,), batches)
        why = "it holds numbers" if raw else "its weight is a number"
        if raw and len(row) == 1 and _comes_again(first, more, row[0]):
            names, why = False, "its word comes again below"
        else:
            if raw and len(row) == 1 and not table.named and wanted[0].delimiter is None:
                _refuse_parted_by_blanks(first)
            names = _holds_names(table, first, row, wanted, source, raw=raw)
        if not names:
            message = f"the first row is read as data: {why}"
            advice = "--header if it names the columns, --no-header if it does not"
            notes.append(Note("no-header", message, source, advice=advice, repair=True))
        elif raw and len(row) == 1 and not table.named:
            message = f"the first row is read as the column's name: {row[0][:40]!r}"
            notes.append(Note("header", message, source, advice="--no-header if it is data"))
    every = chain((first.below() if names else first,), batches)
    return table._replace(
        names=row if names else None,
        batches=(_named(batch, row) for batch in every) if names else every,
        notes=notes,
        details={**table.details, "header": "yes" if names else "no"},
    )


def _comes_again(first: Batch, more: Batch | None, word: str) -> bool:
    """Return whether the first row of a single column is a word that stands below it, too.

    The name of a column does not; `more` are rows behind the first ones, if there are any.
    """
    below = chain.from_iterable(first.below().columns.values())
    behind = () if more is None else chain.from_iterable(more.columns.values())
    return not looks_like_a_number(word) and (word in below or word in behind)


def _refuse_parted_by_blanks(first: Batch) -> None:
    """Refuse lines of a label, a blank and a number, as ``awk`` prints them, as raw values."""
    (lines,) = first.columns.values()
    if are_parted_by_blanks(lines, raw=True):
        message = "each line is a word, a blank and a number"
        hint = "--delimiter ' ' --as counts if that is a label and its count"
        if lines[1].count(" ") > 1:
            message = "each line is words and a number, with blanks between them"
            hint = "--delimiter ' ' if blanks separate columns"
        hint += "; --delimiter ',' if each line is one value"
        raise InputError("which-delimiter", message, first.place(0, 0), hint=hint)


def _named(batch: Batch, names: Sequence[str]) -> Batch:
    """Return a batch whose places have the names of the columns."""
    return batch._replace(place=lambda i, key: replace(batch.place(i, key), name=names[key]))


def _holds_names(
    table: Table,
    first: Batch,
    row: list[str],
    wanted: Sequence[ReadOptions],
    source: str,
    *,
    raw: bool,
) -> bool:
    place = _counts_columns(table, first, row)
    if place is not None and not _is_a_name(wanted, row):
        message = "the first row counts 0, 1, …: it may hold names or data"
        raise InputError("which-header", message, place, hint=WHICH)
    below = first.below() if first.size > 1 else first
    columns = columns_of(table._replace(names=row), below, source)
    numeric = [i for i in range(len(row)) if columns.numeric[i] == "all"]
    if raw:
        # Numbers above every column of numbers are data; above only some of them it is ambiguous.
        decisive, beside, doubtful = numeric, list(range(len(row))), False
    else:
        weight = _weight_column(columns, row, wanted)
        if weight is None:
            return True
        decisive, doubtful = [weight], looks_like_a_number(row[weight])
        # The cells above the remaining columns of numbers must be of the same sort.
        beside = [i for i in numeric if i != weight]
    numbers = [i for i in beside if table.is_number(row[i])]
    if not doubtful and not numbers:
        return True
    is_data = bool(decisive) and all(
        table.is_number(row[i]) or is_percent(row[i], table.decimal) for i in decisive
    )
    if not raw and first.size > 2:
        is_data = is_data and all(looks_like_a_number(row[i]) for i in beside)
    if is_data:
        return False
    place = first.place(0, numbers[0] if raw else decisive[0])
    raise InputError("which-header", "the first row may hold names or data", place, hint=WHICH)


def _counts_columns(table: Table, first: Batch, row: Sequence[str]) -> Place | None:
    """Return where a first row begins whose numbers are 0, 1 and so on; None of any other.

    So does pandas name columns that have no names. A cell that may be a number in any way, but
    for one that is empty, must be one of them.
    """
    numbers = [i for i, cell in enumerate(row) if cell.strip() and looks_like_a_number(cell)]
    if first.size < 2 or not numbers:
        return None
    if [row[i].strip() for i in numbers] != list(map(str, range(len(numbers)))):
        return None
    return first.place(0, numbers[0])


def _is_a_name(wanted: Sequence[ReadOptions], row: Sequence[str]) -> bool:
    """Return whether a word of the user can only be a name of the first row."""
    words = [word for option in wanted for word in (option.label, option.weight) if word]
    return any(not _is_number_of_column(word, row) and word in row for word in words)


def _is_number_of_column(word: str, row: Sequence[str]) -> bool:
    return word.isascii() and word.isdigit() and 1 <= int(word[:9]) <= len(row)


def _weight_column(
    below: Columns, row: Sequence[str], wanted: Sequence[ReadOptions]
) -> int | None:
    """Return the column of the weights as the rows below the first show it.

    None if they show none, or the user's words are names.
    """
    words = [word for option in wanted for word in (option.label, option.weight) if word]
    if not all(word.isascii() and word.isdigit() for word in words):
        return None
    # A word of digits counts columns from 1, unless there is no such column, and it is a name.
    if any(not _is_number_of_column(word, row) and word in row for word in words):
        return None
    weight = wanted[0].weight
    if weight and 1 <= int(weight[:9]) <= len(row):
        return int(weight[:9]) - 1
    numbers = [i for i in range(len(below)) if below.has_numbers(i)]
    obvious = [i for i in below.obvious() if i in numbers]
    if obvious or len(numbers) < 2:
        return max(obvious or numbers, default=None)
    # Of two columns the second; of more, any that may have no name.
    unnamed = (i for i in numbers if looks_like_a_number(row[i]))
    return 1 if len(below) == 2 else max(unnamed, default=None)
