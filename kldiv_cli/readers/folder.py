"""A folder of part files, as Spark, Hive and DuckDB write them: one source of raw rows.

Hidden names, and those that begin with ``_``, are left out. The rows in a folder that is called
``month=01`` have that value in a column of that name.
"""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, cast

from kldiv_cli.core.labels import canonical
from kldiv_cli.core.numbers import Number, as_written, has_leading_zero, is_number
from kldiv_cli.core.table import Batch, Bulk, Data, Doubles, Members, Scan, Table, Tally
from kldiv_cli.errors import InputError, Note, Place, abridged, in_shell
from kldiv_cli.readers.compression import EXTENSIONS
from kldiv_cli.readers.failures import failures_named
from kldiv_cli.readers.formats import BY_EXTENSION
from kldiv_cli.readers.rows import raw_rows, table_of
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions

    Open = Callable[[str, ReadOptions], AbstractContextManager[Data]]
    """Opens and parses one file."""

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What the name of a folder says where its rows have no value."""
SAME = {"jsonl": "json"}
"""Formats that are one where parts are compared."""


class TableFormat(NamedTuple):
    """A row of `TABLE_FORMATS`."""

    name: str
    mark: str
    """A folder in it; with ``/*``, the end of a name in that folder."""
    hint: str


_SCAN = "duckdb -csv -c \"from {}('FOLDER')\" | kldiv check REFERENCE -"
TABLE_FORMATS = (
    TableFormat("Delta Lake", "_delta_log", _SCAN.format("delta_scan")),
    TableFormat("Apache Iceberg", "metadata/*.metadata.json", _SCAN.format("iceberg_scan")),
    TableFormat(
        "Apache Hudi", ".hoodie", "write its rows as CSV with Spark, and name that folder"
    ),
    TableFormat(
        "Lance", "_versions", "kldiv_cli.check in Python takes lance.dataset(FOLDER).to_table()"
    ),
)
"""Tables in whose folders rows are that were deleted."""

ZARR = ("zarr.json", ".zarray", ".zgroup")
"""Files of which one is in the folder of a store of Zarr."""


class Part(NamedTuple):
    """A file of a folder."""

    path: str
    values: tuple[tuple[str, str | None], ...] = ()
    """Columns, and the value that all of its rows have, as the folders around it are called."""


def read(folder: str, options: ReadOptions, open_part: Open, *, raw: bool) -> Table:
    """Return the rows of all part files, one file after the other.

    Parameters
    ----------
    folder : str
        Its path.
    options : ReadOptions
        How each file is read.
    open_part : function
        Opens and parses a file.
    raw : bool
        Raw rows are wanted; a folder holds nothing else.

    Raises
    ------
    InputError
        If it is the folder of a table that keeps deleted rows, its files do not belong together,
        or raw rows are not wanted; as rows are read, also if a part cannot be read, or its columns
        are not those of the first.
    """
    if not raw:
        raise _rows_not_wanted(folder, options)
    parts, left_out = _parts(folder)
    if not parts:
        message = "there are no part files in this folder"
        raise InputError("no-rows", message, Place(folder))
    _check_parts(parts, options)
    return _Reading(parts, options, open_part).table(folder, left_out)


class _Reading:
    """The reading of part files one after the other, of which the first says what they are."""

    def __init__(self, parts: Sequence[Part], options: ReadOptions, open_part: Open) -> None:
        self._parts = parts
        # Rows are chosen from all parts together.
        self._options = options._replace(where=None)
        self._open = open_part
        self._first: tuple[Part, Table, list[str]] | None = None
        self._notes: list[Note] = []
        # What the format tells of the columns, and the first part that does.
        self._types: dict[str, tuple[str, str]] = {}
        # Columns of records, and those that a part leaves out, with the part.
        self._columns: dict[str, None] = {}
        self._lacking: dict[str, str] = {}

    def table(self, folder: str, left_out: Sequence[str]) -> Table:
        """Return the rows of all parts as one table."""
        if left_out:
            message = f"names that begin with _ or a point are left out: {abridged(left_out)}"
            self._notes.append(Note("left-out", message, folder))
        tables = self._tables(folder)
        first = next(tables, None)
        if first is None:
            raise InputError("no-rows", "all part files are empty", Place(folder))
        every = chain((first,), tables)
        if first[1].whole is not None:
            return first[1]._replace(whole=self._joined(every), notes=self._notes)
        names = first[1].names and [*dict.fromkeys((*first[1].names, *dict(first[0].values)))]
        return first[1]._replace(
            batches=self._batches(every),
            names=names,
            positional=False,
            faults=None,
            blanks=(),
            scan=self._scan(first, names, folder),
            notes=self._notes,
        )

    def _scan(
        self, first: tuple[Part, Table], names: Sequence[str] | None, folder: str
    ) -> Scan | None:
        """Return how another engine reads the parts, if it can read the first."""
        part, table = first
        if table.scan is None:
            return None
        titles = names or [title for title in table.scan.names if title is not None]
        every = [*dict.fromkeys((*titles, *dict(part.values)))]
        size = sum(os.path.getsize(each.path) for each in self._parts)
        return table.scan._replace(names=every, size=size, parts=partial(self._scans, folder))

    def _scans(self, folder: str) -> list[Scan] | None:
        """Open all parts again, and return how another engine reads each; None if it cannot.

        Raises
        ------
        InputError
            If the parts cannot be read, or do not agree.
        """
        again = _Reading(self._parts, self._options, self._open)
        again._notes += self._notes
        scans = []
        for part, table in again._tables(folder):
            constants = dict(part.values)
            scan = table.scan
            if scan is None or not constants.keys().isdisjoint(scan.names):
                # What the folders say must be what the rows say, too.
                return None
            scans.append(scan._replace(constants=constants))
        self._notes[:] = again._notes
        return scans

    def _tables(self, folder: str) -> Iterator[tuple[Part, Table]]:
        """Yield each part with its rows; it is open until the next is asked for."""
        for part in self._parts:
            try:
                with self._open(part.path, self._options) as data:
                    if not _is_record(data):
                        yield part, self._agreeing(part, data, folder)
                        continue
                # A single record of JSON Lines is an object like any.
                with self._open(part.path, self._options._replace(format="jsonl")) as data:
                    yield part, self._agreeing(part, data, folder)
            except InputError as problem:
                # Where an engine has no rows for a part it may write an empty file.
                if problem.code != "empty-file":
                    raise

    def _agreeing(self, part: Part, data: Data, folder: str) -> Table:
        """Return a part as raw rows, or whole columns, that are those of the first part."""
        table = table_of(data, part.path)
        if table.whole is None:
            options = self._options
            if table.positional and self._first and options.header is None:
                # What the first row of a part is, the first part has said.
                options = options._replace(header=self._first[1].names is not None)
            table = raw_rows(table, options, part.path)
        batches = iter(table.batches)
        head = next(batches, None)
        names = [name for name, _ in table.whole or ()]
        names = names or list(table.names or (head.columns if head else ()))
        if self._first is None:
            self._first = (part, table, names)
        self._check_format(part, table)
        if names and (table.whole is not None or table.types or not table.typed):
            self._check_columns(part, names, self._first[2])
        self._check_types(part, table)
        said = {note.message for note in self._notes}
        notes = (note for note in table.notes if note.message not in said)
        self._notes += [note._replace(source=folder) for note in notes]
        return table._replace(batches=chain((head,) if head else (), batches))

    def _batches(self, tables: Iterable[tuple[Part, Table]]) -> Iterator[Batch]:
        """Yield the rows of all parts, with the columns that the folders around them name."""
        for part, table in tables:
            found: dict[str, None] = {}
            with failures_named(part.path):
                for batch in table.batches:
                    if batch.size:
                        found.update(dict.fromkeys(batch.columns))
                        yield _with_values(batch, part, typed=table.typed)
            if found and table.typed:
                self._compare_records(part, found)
        if self._lacking:
            names = abridged(f"'{name[:40]}'" for name in self._lacking)
            message = f"not all parts have the columns {names}, whose values are missing there"
            path = next(iter(self._lacking.values()))
            self._notes.append(Note("part-without-column", message, path, repair=True))

    def _joined(self, tables: Iterable[tuple[Part, Table]]) -> list[tuple[str, Any]]:
        """Return the columns of all parts, which are held in memory."""
        import numpy as np

        from kldiv_cli.readers.values import to_list

        columns: dict[str, list[Any]] = {}
        for part, table in tables:
            whole = dict(table.whole or ())
            size = len(next(iter(whole.values()), ()))
            for name, value in part.values:
                cell = _cell(value, typed=True)
                number = float(cell) if isinstance(cell, Number) else cell
                whole.setdefault(name, [number] * size)
            for name, column in whole.items():
                columns.setdefault(name, []).append(column)
        joined: list[tuple[str, Any]] = []
        for name, several in columns.items():
            kinds = {getattr(getattr(one, "dtype", None), "kind", "") for one in several}
            if kinds == {"f"}:
                joined.append((name, np.concatenate(list(map(as_written, several)))))
            elif len(kinds) == 1 and "" not in kinds:
                joined.append((name, np.concatenate(several)))
            else:
                joined.append((name, [value for one in several for value in to_list(one)]))
        return joined

    def _check_format(self, part: Part, table: Table) -> None:
        assert self._first is not None
        first, expected, _ = self._first
        if SAME.get(table.format, table.format) != SAME.get(expected.format, expected.format):
            raise _mixed([expected.format, table.format], [first.path, part.path])

    def _check_columns(self, part: Part, names: Iterable[str], expected: Iterable[str]) -> None:
        """Refuse other columns than those of the parts before; their order does not matter."""
        assert self._first is not None
        found, known = dict.fromkeys(names), dict.fromkeys(expected)
        lacking = [name for name in known if name not in found]
        more = [name for name in found if name not in known]
        if not lacking and not more:
            return
        words = [f"no column {_listed(lacking)}"] if lacking else []
        words += [f"a column {_listed(more)}"] if more else []
        first = os.path.basename(self._first[0].path)
        message = f"there is {' but '.join(words)} here, unlike in {first}"
        hint = "rename the columns of this part, or move it out of the folder"
        if len(lacking) == len(known) and self._options.header is None:
            hint = "--no-header if the first rows of the parts hold data"
        raise InputError("columns-differ", message, Place(part.path), hint=hint)

    def _check_types(self, part: Part, table: Table) -> None:
        """Refuse a column whose values the format itself tells to be of another kind."""
        for name, kind in table.types.items():
            if kind == "null":
                continue
            known, path = self._types.setdefault(name, (kind, part.path))
            if kind != known:
                message = f"the values are of the type {kind} here, and {known} in "
                message += os.path.basename(path)
                hint = "write the column with one type in all parts"
                place = Place(part.path, name=name)
                raise InputError("columns-differ", message, place, hint=hint)

    def _compare_records(self, part: Part, found: dict[str, None]) -> None:
        """Remember columns that records of a part leave out; refuse a column that was renamed."""
        lacking = [name for name in self._columns if name not in found]
        more = [name for name in found if name not in self._columns]
        if lacking and more:
            self._check_columns(part, found, self._columns)
        for name in lacking:
            self._lacking.setdefault(name, part.path)
        if self._columns:
            self._lacking.update(dict.fromkeys(more, self._parts[0].path))
        self._columns.update(found)


def _is_record(data: Data) -> bool:
    """Return whether a value of JSON is a record: an object without objects and arrays."""
    if not isinstance(data, Members):
        return False
    from kldiv_cli.readers.shapes import Object

    if not isinstance(data, Object) or not data.value:
        return False
    return not any(isinstance(value, (dict, list)) for value in data.value.values())


def _cell(value: str | None, *, typed: bool) -> str | None:
    """Return what the name of a folder says as a cell, which may be a number."""
    if value is None or not typed or not is_number(value) or has_leading_zero(value):
        return value
    return Number(value)


def _with_values(batch: Batch, part: Part, *, typed: bool) -> Batch:
    """Return rows with the columns that the folders around them name."""
    if not part.values:
        return batch
    added: dict[Any, Sequence[Any]] = {}
    titles = set(batch.columns)
    for name, value in part.values:
        if name in titles:
            for i, cell in enumerate(batch.columns[name]):
                if canonical(cell or "") != canonical(value or ""):
                    message = f"the folder says {name[:40]}={(value or '')[:40]}, and this row not"
                    raise InputError("columns-differ", message, batch.place(i, name))
        else:
            added[name] = [_cell(value, typed=typed)] * batch.size

    def place(i: int, key: Any) -> Place:
        return Place(part.path, name=key) if key in added else batch.place(i, key)

    # A column is made when it is asked for: it may hold objects, and be left out.
    columns = ChainMap(added, cast("dict[Any, Sequence[Any]]", batch.columns))
    return batch._replace(columns=columns, place=place, bulk=batch.bulk and _bulk(batch, added))


def _bulk(batch: Batch, added: Mapping[Any, Sequence[Any]]) -> Bulk:
    """Return how columns are counted at once, of which those that are added hold one cell."""
    bulk = batch.bulk
    assert bulk is not None

    def tally(name: Any, kept: NDArray[np.bool_] | None) -> Tally | None:
        if name not in added:
            return bulk.tally(name, kept)
        size = batch.size if kept is None else int(kept.sum())
        return Tally(added[name][:size][:1], [size][:size])

    def doubles(name: Any, kept: NDArray[np.bool_] | None) -> Doubles | None:
        return None if name in added else bulk.doubles(name, kept)

    return Bulk(tally, doubles)


def _listed(names: Sequence[str]) -> str:
    return abridged(f"'{name[:40]}'" for name in names)


# Names and folders.


def _parts(folder: str) -> tuple[list[Part], list[str]]:
    """Return the part files of a folder in order, and names of data that are left out."""
    _refuse_table_format(folder)
    found: list[Part] = []
    left_out: list[str] = []
    _collect(folder, (), (os.path.realpath(folder),), found, left_out)
    return found, left_out


def _collect(
    folder: str,
    values: tuple[tuple[str, str | None], ...],
    above: tuple[str, ...],
    found: list[Part],
    left_out: list[str],
) -> None:
    files, folders = [], []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith((".", "_")):
            if _format_of(name) is not None and not name.startswith("._"):
                left_out.append(name)
        elif os.path.isdir(path):
            folders.append(name)
        else:
            files.append(Part(path, values))
    keys = {name.partition("=")[0] for name in folders}
    plain = [name for name in folders if not name.partition("=")[0] or "=" not in name]
    if plain:
        message = f"the folder '{plain[0][:60]}' in it is not called COLUMN=VALUE"
        hint = f"name one folder of part files, such as {in_shell(os.path.join(folder, plain[0]))}"
        raise InputError("mixed-folder", message, Place(folder), hint=hint)
    if (files and folders) or len(keys) > 1:
        what = (
            f"files beside folders of '{min(keys)[:40]}'" if files else "folders of several keys"
        )
        message = (
            f"there are {what}: {abridged(sorted(keys))}" if not files else f"there are {what}"
        )
        hint = "name a folder whose parts have the same columns"
        raise InputError("mixed-folder", message, Place(folder), hint=hint)
    found += files
    for name in folders:
        path = os.path.join(folder, name)
        real = os.path.realpath(path)
        if real in above:
            message = "this is a symbolic link that leads to itself"
            raise InputError("symlink-loop", message, Place(path))
        key, _, value = map(_decoded, name.partition("="))
        if key in dict(values):
            message = f"two folders around the files are called '{key[:40]}=…'"
            raise InputError("mixed-folder", message, Place(path))
        of_folder = (key, None if value == NO_VALUE else value)
        _collect(path, (*values, of_folder), (*above, real), found, left_out)


def _decoded(text: str) -> str:
    """Return a part of a folder's name as it was before it was percent-encoded."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text, errors="surrogateescape")


def _check_parts(parts: Sequence[Part], options: ReadOptions) -> None:
    """Refuse what is no file, and parts whose names say that they do not belong together."""
    for part in parts:
        if not S_ISREG(os.stat(part.path).st_mode):
            message = "this is neither a file nor a folder, and may never end"
            raise InputError("not-a-file", message, Place(part.path))
        keys = [key for key, _ in part.values]
        if keys != [key for key, _ in parts[0].values]:
            expected = "/".join(f"{key}=…" for key, _ in parts[0].values)
            message = f"this file is not in folders {expected[:80]}, as the first is"
            raise InputError("mixed-folder", message, Place(part.path))
    if options.format is None:
        named = {_format_of(part.path): part.path for part in reversed(parts)}
        formats = dict.fromkeys(SAME.get(form or "", form) for form in reversed(named))
        if len(formats) > 1:
            raise _mixed([form or "of no known extension" for form in named], list(named.values()))


def _mixed(formats: Sequence[str], paths: Sequence[str]) -> InputError:
    """Return the error for parts of several formats, each of which a path shows."""
    shown = (
        f"{os.path.basename(path)} ({form})" for form, path in zip(formats, paths, strict=True)
    )
    message = f"the parts of this folder are of several formats: {abridged(shown)}"
    hint = "name a folder that holds the parts alone"
    raise InputError("mixed-folder", message, Place(os.path.dirname(paths[0])), hint=hint)


def _format_of(path: str) -> str | None:
    """Return the format that the extension of a file says, under that of its compression."""
    stem, extension = os.path.splitext(path.lower())
    if extension in EXTENSIONS:
        extension = os.path.splitext(stem)[1]
    return BY_EXTENSION.get(extension)


def _rows_not_wanted(folder: str, options: ReadOptions) -> InputError:
    """Return the error for a folder where a distribution is wanted."""
    _refuse_table_format(folder)
    try:
        parts, _ = _parts(folder)
        _check_parts(parts, options)
    except (InputError, OSError):
        parts = []
    if not parts:
        message = "this is a directory, not a file"
        return InputError("is-a-directory", message, Place(folder))
    message = "this is a folder of part files, which is read as raw rows"
    hint = "--as samples if these are raw rows"
    if len(parts) == 1:
        hint = f"name the only file in it: {in_shell(parts[0].path)}"
    elif options.kind is not None:
        hint = "put the parts together in one file, and name that"
    return InputError("is-a-directory", message, Place(folder), hint=hint)


def _refuse_table_format(folder: str) -> None:
    """Refuse the folder of a table whose files keep deleted rows, and that of arrays."""
    if any(os.path.isfile(os.path.join(folder, name)) for name in ZARR):
        message = "this is a store of Zarr, whose files are compressed parts of arrays"
        hint = "write the array with numpy.save, and name that file"
        raise InputError("table-format", message, Place(folder), hint=hint)
    path = os.path.abspath(folder)
    while True:
        for table in TABLE_FORMATS:
            if _holds(path, table.mark):
                message = (
                    f"this is a table of {table.name}, whose files keep rows that were deleted"
                )
                raise InputError("table-format", message, Place(folder), hint=table.hint)
        # The files of a table are in folders below it.
        if "=" not in os.path.basename(path) and os.path.basename(path) != "data":
            return
        path = os.path.dirname(path)


def _holds(folder: str, mark: str) -> bool:
    """Return whether a folder holds a name; of a mark with a star, names that end so."""
    below, _, end = mark.partition("/*")
    path = os.path.join(folder, below)
    if not end:
        return os.path.isdir(path)
    return os.path.isdir(path) and any(name.endswith(end) for name in os.listdir(path))
