"""Columns that were counted before: profiles, and tidy tables of column, outcome and count.

A profile is trusted no more than any other input: what does not add up is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from kldiv_cli.core.binning import SPECIAL, Bins
from kldiv_cli.core.counts import OTHER, Binned, Categories, Column
from kldiv_cli.core.dataset import TOO_MANY_ROWS, DataSet, Excluded, missing_value, too_many_rows
from kldiv_cli.core.labels import check_text, kept_apart, near_duplicates
from kldiv_cli.core.numbers import Number
from kldiv_cli.errors import InputError, Note, Place
from kldiv_cli.readers.choice import Choice, Columns
from kldiv_cli.readers.formats import TIDY_COLUMNS
from kldiv_cli.readers.literals import Repeated, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.core.table import Members
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.outcomes import Weights

SCHEMA = "kldiv.profile/1"


def choose(columns: Columns, wanted: Sequence[ReadOptions]) -> list[Choice]:
    """Choose the columns of a table of counts, which may be tidy; see `Columns.choose`."""
    if {columns.plain.count(name) for name in TIDY_COLUMNS} != {1}:
        return columns.choose(wanted)
    group, label, weight = map(columns.plain.index, TIDY_COLUMNS)
    return [Choice(label, weight, group=group)]


def tidy(found: Weights, wanted: Wanted, source: str, name: str) -> DataSet | None:
    """Return the weights of a tidy table as columns; None if they are of another table.

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
    for (column, outcome), weight in zip(found.labels, weights.tolist(), strict=True):
        counts.setdefault(column, {})[outcome] = int(weight)
    for column, outcomes in counts.items():
        notes += kept_apart(near_duplicates(outcomes), f"labels of column '{column}'", source)
    return data_set(counts, wanted, name=name, source=source, format=found.format, notes=notes)


def data_set(
    counts: Mapping[str, dict[str, int]],
    wanted: Wanted,
    *,
    name: str,
    source: str,
    format: str,
    notes: Sequence[Note],
) -> DataSet:
    """Return counts by column and outcome as a data set.

    An outcome without a label, or with one that means a missing value, is none.

    Parameters
    ----------
    counts : mapping of str to dict of str to int
        The counts of the outcomes of each column; they are used up.
    wanted : Wanted
        Which columns are wanted, and what means a missing value.
    name, source, format, notes
        As of a `DataSet`.

    Raises
    ------
    InputError
        If a named column is not there, a value is missing and none may be, or the counts are
        too many.
    """
    if sum(sum(outcomes.values()) for outcomes in counts.values()) >= TOO_MANY_ROWS:
        raise too_many_rows(source)
    left_out = wanted.left_out(list(counts), source)
    columns = {}
    for title, outcomes in counts.items():
        missing = sum(outcomes.pop(label, 0) for label in {"", *wanted.na})
        if missing and wanted.forbid_missing:
            raise missing_value(Place(source, name=title))
        columns[title] = Categories(title, missing, outcomes)
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


def profile(data: Members, wanted: Wanted, source: str, name: str | None) -> DataSet | None:
    """Return the columns of a document of kldiv's own as a data set; None of anything else.

    Raises
    ------
    InputError
        If it is not one of this version, or its counts do not add up.
    """
    from kldiv_cli.readers.shapes import Document

    if not isinstance(data, Document):
        return None
    value, here = data.value, Place(source)
    schema = value.get("schema")
    if schema != SCHEMA:
        is_newer = str(schema).startswith("kldiv.profile/")
        code = "profile-version" if is_newer else "not-a-profile"
        message = f"this is a document of '{str(schema)[:40]}', not a profile ('{SCHEMA}')"
        raise InputError(code, message, here, hint="kldiv profile DATA -o FILE makes one")
    parts = _Profile(source)
    rows = parts.count(value, "rows", here)
    if not rows:
        raise InputError("no-rows", "this is a profile of no rows", here)
    columns: dict[str, Column] = {}
    for entry in parts.list_of(value, "columns", here):
        column = parts.column(entry, rows)
        if column.missing and wanted.forbid_missing and wanted.wants(column.name):
            raise missing_value(Place(source, name=column.name))
        if column.name in columns:
            parts.refuse(f"column {column.name[:60]!r} is given twice", here)
        columns[column.name] = column
    excluded = [
        Excluded(parts.text(entry, "column", here), parts.text(entry, "reason", here))
        for entry in (parts.list_of(value, "excluded", here) if "excluded" in value else [])
    ]
    for one in excluded:
        if one.column in columns:
            parts.refuse(f"column {one.column[:60]!r} is both counted and excluded", here)
    excluded += wanted.left_out(list(columns), source)
    return DataSet(
        name=name or parts.text(value, "name", here),
        source=source,
        format="json",
        kind="profile",
        rows=rows,
        columns={title: column for title, column in columns.items() if wanted.wants(title)},
        excluded=tuple(dict.fromkeys(excluded)),
        seen=tuple(dict.fromkeys([*columns, *(one.column for one in excluded)])),
    )


class _Profile:
    """Reads the parts of a profile, and says what is wrong with them."""

    def __init__(self, source: str) -> None:
        self._source = source

    def refuse(self, message: str, place: Place) -> NoReturn:
        hint = "a profile is not edited by hand: make it anew with kldiv profile"
        raise InputError("bad-profile", message, place, hint=hint)

    def member(self, value: Any, key: str, place: Place) -> Any:
        if not isinstance(value, dict) or key not in value:
            self.refuse(f"there is no '{key}' where a profile has one", place)
        if isinstance(value, Repeated):
            self.refuse("a key is given more than once", place)
        return value[key]

    def text(self, value: Any, key: str, place: Place) -> str:
        found = self.member(value, key, place)
        if type(found) is not str:
            self.refuse(f"'{key}' is {kind_of(found)}, not text", place)
        return str(found)

    def list_of(self, value: Any, key: str, place: Place) -> list[Any]:
        found = self.member(value, key, place)
        if not isinstance(found, list):
            self.refuse(f"'{key}' is {kind_of(found)}, not an array", place)
        return found

    def count(self, value: Any, key: str, place: Place) -> int:
        return self.whole(self.member(value, key, place), f"'{key}'", place)

    def whole(self, found: Any, what: str, place: Place) -> int:
        if type(found) is not Number or not (found.isascii() and found.isdigit()):
            self.refuse(f"{what} is {str(found)[:40]!r}, not a count", place)
        if len(found) > 18:
            self.refuse(f"{what} is beyond 10^18", place)
        return int(found)

    def column(self, entry: Any, rows: int) -> Column:
        here = Place(self._source)
        name = self.text(entry, "column", here)
        here = replace(here, name=name)
        type_ = self.text(entry, "type", here)
        missing = self.count(entry, "missing", here)
        counts: dict[str, int] = {}
        for pair in self.list_of(entry, "outcomes", here):
            if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) is not str:
                self.refuse("an outcome is not a pair of a label and a count", here)
            label = str(pair[0])
            if label in counts:
                self.refuse(f"outcome {label[:40]!r} is given twice", here)
            counts[label] = self.whole(pair[1], f"the count of {label[:40]!r}", here)
        check_text([name, *counts], name, self._source)
        found = sum(counts.values()) + missing
        if found != rows:
            what = f"the counts and {missing} missing values add up to {found}"
            self.refuse(f"{what}, not to the {rows} rows of the profile", here)
        edges = self.list_of(entry, "edges", here)
        if type_ == "categorical":
            if edges:
                self.refuse("a categorical column has no edges", here)
            pooled = entry.get("pooled", False)
            if pooled not in (True, False) or (pooled and OTHER not in counts):
                self.refuse("'pooled' is not what the outcomes say", here)
            return Categories(name, missing, counts, pooled is True)
        if type_ != "numeric":
            self.refuse(f"the type is {type_[:40]!r}, neither 'categorical' nor 'numeric'", here)
        return self._binned(name, missing, counts, edges, here)

    def _binned(
        self, name: str, missing: int, counts: dict[str, int], edges: list[Any], here: Place
    ) -> Binned:
        import numpy as np

        if not all(type(edge) is Number for edge in edges):
            self.refuse("an edge is not a number", here)
        try:
            bins = Bins(tuple(float(edge) for edge in edges))
        except ValueError as error:
            self.refuse(str(error), here)
        labels = bins.labels[:-1]
        regular = labels[: 1 - len(SPECIAL)]
        if list(counts)[: len(regular)] != list(regular) or not counts.keys() <= set(labels):
            self.refuse("the bins are not those of the edges", here)
        values = np.array([counts.get(label, 0) for label in labels], dtype=np.int64)
        return Binned(name, missing, bins, values)
