"""Columns that were counted before: profiles, and tidy tables of column, outcome and count.

A profile is trusted no more than any other input: what does not add up is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from kldiv_cli.core.binning import SPECIAL, Bins
from kldiv_cli.core.counts import OTHER, Binned, Categories, Column, Numbers
from kldiv_cli.core.dataset import TOO_MANY_ROWS, DataSet, Excluded, missing_value, too_many_rows
from kldiv_cli.core.labels import check_text, kept_apart, near_duplicates
from kldiv_cli.core.numbers import Number
from kldiv_cli.core.types import as_numbers, own_type
from kldiv_cli.errors import InputError, Note, Place, option
from kldiv_cli.readers.column_choice import Choice, Columns
from kldiv_cli.readers.formats import TIDY_COLUMNS
from kldiv_cli.readers.literals import Repeated, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.core.grouped import Grouped, Groups, Weighing
    from kldiv_cli.core.table import Members
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.outcomes import Weights

SCHEMA = "kldiv.profile/1"
DIGITS = 18
"""Digits of the largest count."""


def choose(columns: Columns, wanted: Sequence[ReadOptions]) -> list[Choice]:
    """Choose the columns of a table of counts, which may be tidy; see `Columns.choose`."""
    is_tidy = {columns.plain.count(name) for name in TIDY_COLUMNS} == {1}
    if not is_tidy or wanted[0].joint:
        return columns.choose(wanted)
    group, label, weight = map(columns.plain.index, TIDY_COLUMNS)
    weights = [weight if one.weight is None else columns.find(one.weight) for one in wanted]
    return [columns.choice(label, weight, group=group) for weight in weights]


def tidy(found: Weights, wanted: Wanted, source: str, name: str, decimal: str) -> DataSet | None:
    """Return the weights of a tidy table as columns; None if they are of another table.

    Neither they nor their outcomes keep the order of the rows, which a query does not promise.

    Raises
    ------
    InputError
        If they are no counts, or as `data_set` does.
    """
    from kldiv_cli.readers.meaning import check_labels, meaning_of

    if not found.labels or not isinstance(found.labels[0], tuple):
        return None
    _, weights, notes = meaning_of(found, "counts", source)
    texts = [text for label in found.labels for text in label]
    check_labels(texts, Place(source, name=found.column))
    counts: dict[str, dict[str, int]] = {}
    for (column, outcome), weight in sorted(zip(found.labels, weights.tolist(), strict=True)):
        counts.setdefault(column, {})[outcome] = int(weight)
    for column, outcomes in counts.items():
        notes += kept_apart(near_duplicates(outcomes), f"labels of column '{column}'", source)
    format = found.format
    return data_set(
        counts, wanted, name=name, source=source, format=format, notes=notes, decimal=decimal
    )


def data_set(
    counts: Mapping[str, dict[str, int]],
    wanted: Wanted,
    *,
    name: str,
    source: str,
    format: str,
    notes: Sequence[Note],
    decimal: str = ".",
) -> DataSet:
    """Return counts by column and outcome as a data set.

    Outcomes whose label is empty, or means a missing value, are counted as missing.

    Parameters
    ----------
    counts : mapping of str to dict of str to int
        The counts of the outcomes of each column; they are used up.
    wanted : Wanted
        Which columns are wanted, and what means a missing value.
    name, source, format, notes
        As of a `DataSet`.
    decimal : {".", ","}
        The decimal mark of outcomes that are numbers.

    Raises
    ------
    InputError
        If a named column is not there, a value is missing and none may be, or the counts are
        too many.
    """
    if sum(sum(outcomes.values()) for outcomes in counts.values()) >= TOO_MANY_ROWS:
        raise too_many_rows(source)
    left_out = wanted.left_out(list(counts), source)
    columns: dict[str, Column] = {}
    for title, outcomes in counts.items():
        words = wanted.missing_words(title)
        absent = [label for label in outcomes if not label.strip() or label in words]
        missing = sum(map(outcomes.pop, absent))
        if missing and wanted.forbid_missing:
            raise missing_value(Place(source, name=title))
        columns[title] = labels = Categories(title, missing, outcomes)
        if title in wanted.numeric:
            columns[title] = _numbers(labels, words, source, decimal)
    return DataSet(
        name=name,
        source=source,
        format=format,
        kind="counts",
        rows=max(column.rows for column in columns.values()),
        columns={title: column for title, column in columns.items() if wanted.wants(title)},
        excluded=tuple(left_out),
        notes=tuple(notes),
        seen=tuple(columns),
    )


def _numbers(column: Categories, na: frozenset[str], source: str, decimal: str) -> Numbers:
    """Return outcomes that the user calls numbers as such."""
    try:
        return as_numbers(column, decimal=decimal, na=na)
    except ValueError as error:
        title, (label,) = column.name, error.args
        message = f"column {title[:60]!r} is said to hold numbers, and this is none"
        hint = "mend the outcome, or let outcomes be labels, as they are if nothing is said"
        place = Place(source, name=title, value=label)
        raise InputError("mixed-column", message, place, hint=hint) from None


def profile(data: Members, wanted: Wanted, source: str, name: str | None) -> DataSet | None:
    """Return the columns of a document of kldiv's own as a data set; None of anything else.

    Raises
    ------
    InputError
        If it is no profile of this version, or its counts do not add up.
    """
    from kldiv_cli.readers.shapes import Document

    if not isinstance(data, Document):
        return None
    value, here = data.value, Place(source)
    schema = str(value.get("schema"))
    if schema != SCHEMA:
        code = "profile-version" if schema.startswith("kldiv.profile/") else "not-a-profile"
        message = f"this is a document of '{schema[:40]}', not a profile ('{SCHEMA}')"
        raise InputError(code, message, here, hint="kldiv profile DATA -o FILE makes one")
    rows = _count(_member(value, "rows", here), "'rows'", here)
    columns: dict[str, Column] = {}
    groups = _weighed(value, here) if "row_weight" in value else None
    for entry in _array(value, "columns", here):
        column = _column(entry, rows, here)
        if groups is not None and groups.weighing is not None:
            column = _with_weights(column, entry, groups.weighing, here)
        elif "weights" in entry:
            _refuse("its columns have weights, and there is no 'row_weight'", here)
        if column.missing and wanted.forbid_missing and wanted.wants(column.name):
            raise missing_value(Place(source, name=column.name))
        if column.name in columns:
            _refuse(f"column {column.name[:60]!r} is given twice", here)
        columns[column.name] = column
    if groups is None:
        groups = _in_blocks(columns, here)
    # A part may be empty: it is merged with others.
    if not rows and not wanted.late:
        raise InputError("no-rows", "this is a profile of no rows", here)
    excluded = [
        Excluded(_text(entry, "column", here), _text(entry, "reason", here))
        for entry in (_array(value, "excluded", here) if "excluded" in value else [])
    ]
    for title, _ in excluded:
        if title in columns:
            _refuse(f"column {title[:60]!r} is both counted and excluded", here)
    for title, reason in excluded:
        if title in (wanted.columns or ()):
            message = f"the profile does not hold column {title[:60]!r}: {reason}"
            hint = f"kldiv profile DATA {option('--column', title)} -o FILE counts it"
            raise InputError("not-in-profile", message, here, hint=hint)
    excluded += wanted.left_out(list(columns), source)
    return DataSet(
        name=name or _text(value, "name", here),
        source=source,
        format="json",
        kind="profile",
        rows=rows,
        columns={title: column for title, column in columns.items() if wanted.wants(title)},
        excluded=tuple(dict.fromkeys(excluded)),
        seen=tuple(dict.fromkeys([*columns, *(title for title, _ in excluded)])),
        groups=groups,
    )


def _in_blocks(columns: Mapping[str, Column], here: Place) -> Groups | None:
    """Return the blocks of rows by which all columns of a profile were counted, too, if any."""
    grouped = [column.grouped for column in columns.values() if column.grouped is not None]
    if not grouped:
        return None
    from kldiv_cli.core.grouped import Grouping, Groups

    if len(grouped) < len(columns):
        _refuse("some of its columns have blocks of rows, and others none", here)
    sizes = [np.bincount(each.entries.group, each.entries.n, each.groups) for each in grouped]
    if len({tuple(size) for size in sizes}) > 1:
        _refuse("the blocks of its columns are not of the same rows", here)
    return Groups(Grouping("block"), tuple(map(str, range(1, grouped[0].groups + 1))))


def _weighed(value: Any, here: Place) -> Groups:
    """Return what the rows of a profile weigh."""
    from kldiv_cli.core.grouped import Grouping, Groups, Weighing

    said = _member(value, "row_weight", here)
    rows = _count(_member(said, "rows", here), "the rows that weigh", here)
    sums = (_weight(_member(said, name, here), here) for name in ("total", "squares", "heaviest"))
    weighing = Weighing(rows, *sums)
    if bool(rows) != (weighing.total > 0 and weighing.squares > 0 and weighing.heaviest > 0):
        _refuse("the rows weigh nothing", here)
    heaviest = weighing.heaviest * (1 - 1e-9)
    if heaviest * heaviest > weighing.squares or heaviest > weighing.total:
        _refuse("the heaviest row is more than all of them", here)
    return Groups(Grouping(weight=_text(said, "column", here), required=True), ("1",), weighing)


def _with_weights(column: Column, said: Any, weighing: Weighing, here: Place) -> Column:
    """Return a column of a profile with what its rows weigh, which adds up to that of all."""
    from kldiv_cli.core.grouped import Entries, Grouped

    if column.grouped is not None:
        _refuse("its rows weigh, and have no blocks", here)
    entries, here = _array(said, "weights", here), replace(here, name=column.name)
    labels = column.bins.labels[:-1] if isinstance(column, Binned) else tuple(column.counts)
    at: dict[Any, int] = {label: place for place, label in enumerate(labels)}
    at[None] = len(labels)
    found: dict[int, tuple[int, float, float]] = {}
    for entry in entries:
        if not isinstance(entry, list) or len(entry) != 4:
            _refuse("a weight is not a label and three numbers", here)
        label, n, w, w2 = entry
        place = at.get(label) if label is None or type(label) is str else None
        if place is None or place in found:
            _refuse("the weights are not those of the outcomes", here)
        found[place] = _count(n, "the rows that weigh", here), _weight(w, here), _weight(w2, here)
    rows, sums, squares = ([each[part] for each in found.values()] for part in range(3))
    if sum(rows) != weighing.rows or not np.allclose(
        [sum(sums), sum(squares)], [weighing.total, weighing.squares], rtol=1e-9
    ):
        _refuse("the weights do not add up to those of the rows", here)
    places = np.array([*found], dtype=np.int64)
    n, w, w2 = np.array(rows, np.int64), np.array(sums), np.array(squares)
    return column._replace(grouped=Grouped(labels, Entries(places, 0 * places, n, w, w2), 1))


def _weight(found: Any, here: Place) -> float:
    """Return a number of a profile that is finite and not negative."""
    number = float(found) if type(found) is Number else -1.0
    if not 0 <= number < float("inf"):
        _refuse(f"a weight is {str(found)[:40]!r}", here)
    return number


def _column(entry: Any, rows: int, here: Place) -> Column:
    """Return a column of a profile of so many rows."""
    name = _text(entry, "column", here)
    here = replace(here, name=name)
    type_ = _text(entry, "type", here)
    missing = _count(_member(entry, "missing", here), "'missing'", here)
    pairs = _array(entry, "outcomes", here)
    counts = _sound_outcomes(pairs)
    if counts is None:
        counts = _outcomes(pairs, here)
    check_text([name, *counts], name, here.source)
    total = sum(counts.values()) + missing
    if total != rows:
        sums = f"the counts and {missing} missing values add up to {total}"
        _refuse(f"{sums}, not to the {rows} rows of the profile", here)
    edges = _array(entry, "edges", here)
    grouped = _blocks(entry, counts, missing, here) if "blocks" in entry else None
    if type_ == "numeric":
        binned = _binned(name, missing, counts, edges, here)
        if grouped is not None:
            at = {label: place for place, label in enumerate(binned.bins.labels)}
            grouped = grouped.at(binned.bins.labels[:-1], np.array([at[x] for x in counts]))
        return binned._replace(grouped=grouped)
    if type_ not in ("categorical", "boolean", "date"):
        _refuse(f"the type is {type_[:40]!r}, none of those that a profile has", here)
    if edges:
        _refuse(f"a {type_} column has no edges", here)
    pooled = entry.get("pooled", False)
    if pooled not in (True, False) or (pooled and OTHER not in counts):
        _refuse("'pooled' is not what the outcomes say", here)
    column = Categories(name, missing, counts, pooled is True, grouped=grouped)
    if type_ == "categorical":
        return column
    if own_type(column) not in (type_, None):
        _refuse(f"the outcomes are no {type_}s", here)
    return column._replace(type="date" if type_ == "date" else "boolean")


def _blocks(entry: Any, counts: Mapping[str, int], missing: int, here: Place) -> Grouped:
    """Return the outcomes of a column by blocks of rows, of which each has a count for all."""
    from kldiv_cli.core.grouped import BLOCKS, Entries, Grouped

    blocks = _array(entry, "blocks", here)
    if not 1 <= len(blocks) <= BLOCKS:
        _refuse(f"it has {len(blocks)} blocks of rows, and may have {BLOCKS}", here)
    table = np.zeros((len(blocks), len(counts) + 1), dtype=np.int64)
    for row, block in zip(table, blocks, strict=True):
        if not isinstance(block, list) or len(block) != len(row):
            _refuse("a block of rows has not a count for each outcome and one for missing", here)
        row[:] = [_count(number, "a count of a block", here) for number in block]
    if [*map(sum, zip(*table.tolist(), strict=True))] != [*counts.values(), missing]:
        _refuse("its blocks of rows do not add up to the counts of its outcomes", here)
    group, place = np.nonzero(table)
    return Grouped(tuple(counts), Entries(place, group, table[group, place]), len(blocks))


def _sound_outcomes(pairs: list[Any]) -> dict[str, int] | None:
    """Return the outcomes of a column, which are checked all at once; None if one may be wrong."""
    if not ({*map(type, pairs)} <= {list} and {*map(len, pairs)} <= {2}):
        return None
    labels, numbers = ([pair[place] for pair in pairs] for place in (0, 1))
    if not ({*map(type, labels)} <= {str} and {*map(type, numbers)} <= {Number}):
        return None
    digits = "".join(numbers)
    if not {*map(len, numbers)} <= {*range(1, DIGITS + 1)}:
        return None
    if digits and not (digits.isascii() and digits.isdigit()):
        return None
    counts = dict(zip(labels, map(int, numbers), strict=True))
    return counts if len(counts) == len(pairs) else None


def _outcomes(pairs: list[Any], here: Place) -> dict[str, int]:
    """Return the outcomes of a column; one that is wrong is an error."""
    counts: dict[str, int] = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) is not str:
            _refuse("an outcome is not a pair of a label and a count", here)
        label = pair[0]
        if label in counts:
            _refuse(f"outcome {label[:40]!r} is given twice", here)
        counts[label] = _count(pair[1], f"the count of {label[:40]!r}", here)
    return counts


def _binned(
    name: str, missing: int, counts: dict[str, int], edges: list[Any], here: Place
) -> Binned:
    if not all(type(edge) is Number for edge in edges):
        _refuse("an edge is not a number", here)
    try:
        bins = Bins(tuple(map(float, edges)))
    except ValueError as error:
        _refuse(str(error), here)
    labels = bins.labels[:-1]
    regular = labels[: 1 - len(SPECIAL)]
    if list(counts)[: len(regular)] != list(regular) or not counts.keys() <= set(labels):
        _refuse("the bins are not those of the edges", here)
    values = np.array([counts.get(label, 0) for label in labels], dtype=np.int64)
    return Binned(name, missing, bins, values)


def _member(value: Any, key: str, here: Place) -> Any:
    if not isinstance(value, dict) or key not in value:
        _refuse(f"there is no '{key}' where a profile has one", here)
    if isinstance(value, Repeated):
        _refuse("a key is given more than once", here)
    return value[key]


def _text(value: Any, key: str, here: Place) -> str:
    found = _member(value, key, here)
    if type(found) is not str:
        _refuse(f"'{key}' is {kind_of(found)}, not text", here)
    return found


def _array(value: Any, key: str, here: Place) -> list[Any]:
    found = _member(value, key, here)
    if not isinstance(found, list):
        _refuse(f"'{key}' is {kind_of(found)}, not an array", here)
    return found


def _count(found: Any, what: str, here: Place) -> int:
    if type(found) is not Number or not (found.isascii() and found.isdigit()):
        _refuse(f"{what} is {str(found)[:40]!r}, not a count", here)
    if len(found) > DIGITS:
        _refuse(f"{what} is beyond 10^18", here)
    return int(found)


def _refuse(message: str, here: Place) -> NoReturn:
    hint = "a profile is not edited by hand: kldiv profile DATA -o FILE makes it anew"
    raise InputError("bad-profile", message, here, hint=hint)
