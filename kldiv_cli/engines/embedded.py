"""The engine in DuckDB: text that is large is counted in one scan, outside of Python.

Nothing is read differently than in process. Whether a column is numeric is decided by the first
rows, by the engine in process; the distinct texts of a column, with their counts, then go through
the same counter. DuckDB itself decides on nothing: every field is text to it, and every byte of
the file must be accounted for by the fields, delimiters, quotes and line ends that it found, so
that no row, blank or field can be passed over. Where that does not add up, `UnsuitedError` leaves
the rows to the engine in process, which reads them, or says what is wrong and where.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kldiv_cli import database
from kldiv_cli.core import counts
from kldiv_cli.core.instants import instants
from kldiv_cli.engines import UnsuitedError, local
from kldiv_cli.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.table import Batch, Locator, Scan, Table
    from kldiv_cli.engines.local import ColumnCounter

SMALLEST = 8 << 20
"""Bytes of text from which on the engine pays …"""
SMALLEST_PACKED = 2 << 20
"""… and of text that is compressed."""
MOST_HEAD = 64
"""Batches of rows in which the types of columns are looked for."""
MOST_TEXTS = 200_000
"""Distinct texts of numbers that are converted in Python; DuckDB converts more of them."""
FIELD = 8
"""Bytes that a field is taken to have, to guess how many rows a file has."""


def pays(table: Table, wanted: Wanted) -> bool:
    """Return whether this engine is there, can count a table, and is faster at it."""
    scan = table.scan
    if scan is None or scan.format != "csv" or scan.size is None or wanted.joint:
        return False
    least = SMALLEST if scan.path is not None else SMALLEST_PACKED
    return scan.size >= least and database.is_installed()


def count(table: Table, wanted: Wanted, source: str, name: str) -> DataSet:
    """Count the columns of raw rows; see `kldiv_cli.engines.local.count`.

    Parameters
    ----------
    table : Table
        With a `Scan`.
    wanted, source, name
        As there.

    Raises
    ------
    InputError
        As there; also if the limit of memory is too small.
    UnsuitedError
        If DuckDB does not read the rows as they are read in process.
    """
    scan = table.scan
    assert scan is not None
    names = [title for title in scan.names if title is not None]
    batches = iter(table.batches)
    head = _settled(batches, table, wanted, source)
    columns = [
        Column(position, title, head[title].is_numeric, _is_wide(head[title], scan))
        for position, title in enumerate(scan.names)
        if title is not None and title in head
    ]
    if not columns:
        raise UnsuitedError("no column is wanted")

    def new(title: str) -> ColumnCounter:
        counter = local.ColumnCounter(title, wanted, source, table)
        counter.like(head[title])
        return counter

    counters = {column.title: new(column.title) for column in columns}
    with _text(scan) as text, _connected(scan, text.path, source) as connection:
        rows = _scan(connection, scan, columns, text, table.decimal)
        counted = _Counted(connection, columns, table.decimal)
        counted.check_size(source)
        for number, counter in enumerate(counters.values(), start=1):
            counted.fill(number, counter, wanted, source)
    _locate_refusals(batches, head, counters, new)
    found = local.data_set(counters, names, rows, table, wanted, source, name)
    return found._replace(engine="DuckDB")


# What the first rows say.


class Column(NamedTuple):
    """A column that is counted.

    Attributes
    ----------
    position : int
        Of its field in a record.
    title : str
        Its name.
    is_numeric : bool
        Whether its values are numbers.
    is_wide : bool
        Whether they are nearly all distinct, so that their texts are not worth counting.
    """

    position: int
    title: str
    is_numeric: bool
    is_wide: bool

    def keys(self) -> list[str]:
        """Return what is grouped by: the text of the field, or its number and any other text."""
        i = self.position
        return [f"x{i}", f"t{i}"] if self.is_wide else [f"c{i}"]

    def selected(self, decimal: str) -> str:
        """Return the SQL for these keys."""
        i = self.position
        if not self.is_wide:
            return f"c{i}"
        return f"{_number(f'c{i}', decimal)} as x{i}, case when x{i} is null then c{i} end as t{i}"


def _settled(
    batches: Iterator[Any], table: Table, wanted: Wanted, source: str
) -> dict[str, ColumnCounter]:
    """Return counters of the first rows, which have decided which columns are numeric."""
    counters: dict[str, ColumnCounter] = {}
    for number, batch in enumerate(batches):
        for title in filter(wanted.wants, batch.columns):
            if title not in counters:
                counters[title] = local.ColumnCounter(title, wanted, source, table)
            counters[title].add(batch.columns[title], batch.place)
        if all(counter.is_settled for counter in counters.values()):
            return counters
        if number == MOST_HEAD:
            break
    unsettled = [title for title, counter in counters.items() if not counter.is_settled]
    raise UnsuitedError(f"the first rows have no values in {unsettled[:1]}")


def _is_wide(counter: ColumnCounter, scan: Scan) -> bool:
    """Return whether the numbers of a column are likely to be distinct in most of its rows.

    Of n numbers that are drawn from d equally likely ones, about n^2 / (2 d) are the same as one
    before.
    """
    n = len(counter.values)
    again = n - len(set(counter.values))
    rows = (scan.size or 0) // (FIELD * len(scan.names))
    return n > 0 and n * n > again * rows


# One scan.


class _Text:
    """The bytes of a text, as they are counted while, or before, DuckDB reads them.

    Attributes
    ----------
    path : str
        What DuckDB opens.
    size, quotes : int
        All bytes, and those that are quotes.
    has_nul, has_blank_line, ends_line : bool
        Whether there is a NUL character, or a line without a character, and whether the last
        line has an end.
    """

    def __init__(self, path: str, skip: int) -> None:
        self.path = path
        self.size = self.quotes = 0
        self.has_nul = self.has_blank_line = False
        self.ends_line = True
        self.error: BaseException | None = None
        self._lines_to_skip = skip
        self._last = b"\n"
        self.line_end = 1

    def take(self, chunk: bytes) -> None:
        """Count some bytes, which follow those before; lines above the first row are passed."""
        while self._lines_to_skip and chunk:
            _, end, chunk = chunk.partition(b"\n")
            self._lines_to_skip -= len(end)
        if not chunk:
            return
        if not self.size:
            first = chunk.partition(b"\n")[0]
            self.line_end = 2 if first.endswith(b"\r") else 1
        self.size += len(chunk)
        if b'"' in chunk:
            self.quotes += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord('"')))
        self.has_nul = self.has_nul or b"\0" in chunk
        blank = b"\n\r\n" if self.line_end == 2 else b"\n\n"
        edge = self._last + chunk[:2]
        self.has_blank_line = self.has_blank_line or blank in edge or blank in chunk
        self._last = (self._last + chunk[-2:])[-2:]
        self.ends_line = chunk.endswith(b"\n")


@contextmanager
def _text(scan: Scan) -> Iterator[_Text]:
    """Yield the text of a scan; a file is read once before, any other text as it is needed."""
    if scan.path is not None:
        text = _Text(scan.path, scan.skip)
        with open(scan.path, "rb", buffering=0) as file:
            first = True
            while chunk := file.read(1 << 20):
                text.take(chunk.removeprefix(b"\xef\xbb\xbf") if first else chunk)
                first = False
        yield text
        return
    read, write = os.pipe()
    text = _Text(f"/dev/fd/{read}", scan.skip)

    def feed() -> None:
        try:
            assert scan.feed is not None
            with open(write, "wb", buffering=0) as pipe, scan.feed() as chunks:
                for chunk in chunks:
                    text.take(chunk)
                    view = memoryview(chunk)
                    while view:
                        view = view[pipe.write(view) :]
        except BaseException as error:  # it is looked at where the thread has ended
            text.error = error

    thread = Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield text
    finally:
        # Nobody reads any more, so that the thread ends.
        os.close(read)
        thread.join()


@contextmanager
def _connected(scan: Scan, path: str, source: str) -> Iterator[DuckDBPyConnection]:
    """Open DuckDB for one file; what it does not read is left to the engine in process."""
    import duckdb

    try:
        with database.connected(
            [path], source, memory=scan.memory, threads=scan.threads
        ) as connection:
            yield connection
    except duckdb.Error as error:
        raise UnsuitedError(type(error).__name__) from error


def _scan(
    connection: DuckDBPyConnection,
    scan: Scan,
    columns: Sequence[Column],
    text: _Text,
    decimal: str,
) -> int:
    """Count all columns into a table of DuckDB, and return the number of rows.

    The table ``counted`` has a row for each distinct value of each column: `g` is the number of
    the column from 1, `t` the text of the value, or `x` the number, and `n` how often it occurs.
    """
    width = len(scan.names)
    keys = [column.keys() for column in columns]
    selected = [column.selected(decimal) for column in columns]
    # Fields whose texts are not counted are accounted for here.
    counted = {column.position for column in columns if not column.is_wide}
    rest = [_bytes_of(f"c{i}") for i in range(width) if i not in counted]
    group = " + ".join(f"{i} * (1 - grouping({key}))" for i, (key, *_) in enumerate(keys, 1))
    texts, doubles = ([key for each in keys for key in each if key[0] in of] for of in ("ct", "x"))
    fields = ", ".join(f"c{i}: 'VARCHAR'" for i in range(width))
    connection.execute(
        f"""
        create temp table counted as
        select {group} as g, coalesce({", ".join([*texts, "null"])}) as t,
            {f"coalesce({', '.join(doubles)}, null)" if doubles else "null::double"} as x,
            count(*) as n, {"coalesce(sum(l), 0)::bigint" if rest else 0} as l
        from (
            select {", ".join(selected)}, {" + ".join(rest) or 0} as l
            from read_csv($path, columns = {{{fields}}}, auto_detect = false, header = false,
                skip = $skip, delim = $delimiter, quote = '"', escape = '"', strict_mode = true,
                nullstr = '\\N', allow_quoted_nulls = false, compression = 'none',
                hive_partitioning = false)
        )
        group by grouping sets ((), {", ".join(f"({', '.join(each)})" for each in keys)})
        """,
        {"path": database.literal(text.path), "skip": scan.skip, "delimiter": scan.delimiter},
    )
    if text.error is not None:
        raise UnsuitedError("the text cannot be read") from text.error
    rows, other = connection.execute("select n, l from counted where g = 0").fetchall()[0]
    numbers = [str(number) for number, column in enumerate(columns, 1) if not column.is_wide]
    of_texts = connection.execute(
        f"select coalesce(sum(n * {_bytes_of('t')}), 0)::bigint from counted"
        f" where g in ({', '.join(numbers) or 0})"
    )
    found = of_texts.fetchall()[0][0] + other + (width - 1) * rows
    ends = text.line_end * (rows if text.ends_line else rows - 1)
    if text.has_nul or (width == 1 and text.has_blank_line) or not rows:
        raise UnsuitedError("there are characters or lines that are none of records")
    if found + ends != text.size - text.quotes:
        raise UnsuitedError("the fields do not account for all bytes")
    return int(rows)


def _bytes_of(field: str) -> str:
    """Return the SQL for the bytes of a field but for quotes; a null is written with two."""
    return f"coalesce(strlen(replace({field}, '\"', '')), 2)"


def _number(text: str, decimal: str) -> str:
    """Return the SQL for the double next to a text that is a number, and null of any other.

    It is the grammar of `kldiv_cli.core.numbers`, without numbers that have a leading zero.
    """
    mark = "\\." if decimal == "." else ","
    whole = "(?:0|[1-9][0-9]*)"
    pattern = rf"[ \t]*[+-]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*"
    plain = f"replace({text}, ',', '.')" if decimal == "," else text
    cast = f"try_cast(trim({plain}, ' \t') as double)"
    value = f"case when regexp_full_match({text}, '{pattern}') then {cast} end"
    return f"case when isfinite({value}) then {value} end"


# From what DuckDB counted to columns.


class _Counted:
    """The distinct values of columns, as the table ``counted`` holds them.

    Parameters
    ----------
    connection : DuckDBPyConnection
        After `_scan`.
    columns : sequence of Column
        In the same order.
    decimal : {".", ","}
        The decimal mark of numbers.
    """

    def __init__(
        self, connection: DuckDBPyConnection, columns: Sequence[Column], decimal: str
    ) -> None:
        self._connection = connection
        self._columns = columns
        self._decimal = decimal
        found = connection.execute("select g, count(*) from counted group by g").fetchall()
        self._sizes = dict(found)

    def check_size(self, source: str) -> None:
        """Refuse more distinct numbers than are held in memory."""
        numeric = [i for i, column in enumerate(self._columns, 1) if column.is_numeric]
        if sum(self._sizes[number] for number in numeric) > local.MOST_NUMBERS:
            raise local.too_many_numbers(source)

    def fill(self, number: int, counter: ColumnCounter, wanted: Wanted, source: str) -> None:
        """Hand the values of a column, which are numbered from 1, to a counter."""

        def place(_: int, title: str) -> Place:
            # Where a value stands is found later if it is refused; where none may be missing,
            # the first that is ends it all.
            if wanted.forbid_missing:
                raise UnsuitedError("a value is missing")
            return Place(source, name=title)

        column, size = self._columns[number - 1], self._sizes[number]
        if column.is_wide or (column.is_numeric and size > MOST_TEXTS):
            found = self._numbers(number, is_wide=column.is_wide)
            is_text = np.ma.getmaskarray(found["x"])
            repeats = np.ma.getdata(found["n"])
            counter.add_numbers(np.ma.getdata(found["x"])[~is_text], repeats[~is_text])
            texts, times = _texts(found["t"])[is_text], repeats[is_text]
            counter.add(texts.tolist(), place, times.tolist())
        elif column.is_numeric or size <= wanted.most_outcomes:
            self._fill_texts(number, counter, place)
        else:
            self._fill_many(number, counter, place, wanted, source)

    def _numbers(self, number: int, *, is_wide: bool) -> dict[str, Any]:
        """Return the distinct numbers of a column, the texts that are none, and their counts."""
        query = "select x, t, n from counted where g = $g"
        if not is_wide:
            query = f"""
                select x, case when x is null then t end as t, sum(n)::bigint as n
                from (select {_number("t", self._decimal)} as x, t, n from counted where g = $g)
                group by all
            """
        return self._connection.execute(query, {"g": number}).fetchnumpy()

    def _fill_texts(self, number: int, counter: ColumnCounter, place: Locator) -> None:
        query = "select t, n from counted where g = $g"
        found = self._connection.execute(query, {"g": number}).fetchnumpy()
        counter.add(_texts(found["t"]).tolist(), place, np.ma.getdata(found["n"]).tolist())

    def _fill_many(
        self, number: int, counter: ColumnCounter, place: Locator, wanted: Wanted, source: str
    ) -> None:
        """Decide what becomes of a column of labels that may have too many of them."""
        title, most = counter.name, wanted.most_outcomes
        absent = f"(t is null or regexp_full_match(t, '{_BLANKS}') or list_contains($na, t))"
        given: dict[str, Any] = {"g": number, "na": sorted(wanted.missing_words(title))}
        query = f"select count(*), sum(n)::bigint from counted where g = $g and not {absent}"
        distinct, rows = self._connection.execute(query, given).fetchall()[0]
        if distinct <= most:
            self._fill_texts(number, counter, place)
            return
        query = f"select t from counted where g = $g and not {absent} limit {most + 1}"
        labels = [label for (label,) in self._connection.execute(query, given).fetchall()]
        if not wanted.asks_for(title) and instants(labels):
            counter.give_up(date=True)
        elif wanted.may_leave_out(title) and counts.nearly_distinct(distinct, rows):
            counter.give_up(date=False)
        else:
            counter.reject(local.too_many_outcomes(title, wanted, source))


_BLANKS = (
    r"[\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}"
    r"\x{202f}\x{205f}\x{3000}]*"
)
"""What is blank to Python."""


def _texts(found: Any) -> NDArray[Any]:
    """Return texts with None for what is null."""
    texts: NDArray[Any] = np.array(np.ma.getdata(found), dtype=object)
    # To NumPy, filling with None means to choose something that is not null.
    texts[np.ma.getmaskarray(found)] = None
    return texts


def _locate_refusals(
    batches: Iterable[Batch],
    head: Mapping[str, ColumnCounter],
    counters: Mapping[str, ColumnCounter],
    new: Callable[[str], ColumnCounter],
) -> None:
    """Say of columns of numbers that hold something else where the first of that stands.

    The rest of the rows is read in process for that, up to the last place that is looked for.
    """
    wrong = {title: one for title, one in counters.items() if one.is_numeric and one.refusal}
    for title in [title for title in wrong if head[title].refusal]:
        wrong.pop(title).refusal = head[title].refusal
    again = {title: new(title) for title in wrong}
    for batch in batches:
        if not wrong:
            return
        for title in list(wrong):
            again[title].add(batch.columns[title], batch.place)
            if again[title].refusal:
                wrong.pop(title).refusal = again[title].refusal
