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

from kldiv_cli import database, progress
from kldiv_cli.core import counts
from kldiv_cli.core.binning import Bins, quantile_ranks, stand_ins
from kldiv_cli.engines import UnsuitedError, local
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.table import Batch, Locator, Scan, Table
    from kldiv_cli.database import Database
    from kldiv_cli.engines.local import ColumnCounter

SMALLEST = 8 << 20
"""Bytes of text from which on the engine pays …"""
SMALLEST_PACKED = 2 << 20
"""… and of text that is compressed."""
FIRST = 5
"""Of the time for a file, the part of it that goes by before DuckDB reads it."""
MOST_TEXTS = 200_000
"""Distinct texts of numbers that are converted in Python; DuckDB converts more of them."""
BUCKETS = 128
"""Buckets in which numbers are counted before those with a quantile are looked into."""
TAIL = 64
"""Bytes at the end of a text in which the count of its rows may stand."""
FIELD = 8
"""Bytes that a field is taken to have, to guess how many rows a file has."""


def pays(table: Table, wanted: Wanted) -> bool:
    """Return whether this engine is there, can count a table, and is faster at it."""
    scan = table.scan
    if scan is None or scan.size is None or wanted.joint:
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
        _column(position, head[title], scan, wanted)
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
    with _text(scan, source) as text, _connected(scan, text.path, source) as data:
        rows = _scan(data, scan, columns, text, table.decimal, source)
        counted = _Counted(data, columns, table.decimal)
        counted.settle(list(counters.values()))
        counted.check_size(source)
        coarse: list[_Coarse] = []
        for number, (column, counter) in enumerate(
            zip(columns, counters.values(), strict=True), 1
        ):
            sizes = counted.fill(number, counter, wanted, source)
            if column.is_refined:
                bins = wanted.quantiles and wanted.quantiles(column.title)
                coarse.append(_Coarse(column, counter, sizes, bins))
            elif column.cuts:
                counter.add_numbers(*stand_ins(column.cuts, sizes))
    if coarse:
        with _text(scan, source) as text, _connected(scan, text.path, source) as data:
            _refine(data, scan, text, coarse, table.decimal, source)
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
    cuts : tuple of float
        Of a wide column, the edges of the buckets in which its numbers are enough.
    is_refined : bool
        Whether some of the buckets are looked into later, for quantiles.
    """

    position: int
    title: str
    is_numeric: bool
    is_wide: bool = False
    cuts: tuple[float, ...] = ()
    is_refined: bool = False

    def keys(self) -> list[str]:
        """Return what is grouped by: the text of the field, or its number and any other text."""
        i = self.position
        if not self.is_wide:
            return [f"c{i}"]
        return [f"b{i}" if self.cuts else f"x{i}", f"t{i}"]

    def selected(self) -> str:
        """Return the SQL for these keys, from fields and their numbers."""
        i = self.position
        if not self.is_wide:
            return f"c{i}"
        found = f"case when x{i} is null then c{i} end as t{i}"
        return f"{found}, {_bucket(f'x{i}', self.cuts)} as b{i}" if self.cuts else f"{found}, x{i}"


def _column(position: int, head: ColumnCounter, scan: Scan, wanted: Wanted) -> Column:
    """Return how a column is counted, as its first rows and later bins suggest."""
    title, is_numeric = head.name, head.is_numeric
    if not (is_numeric and _is_wide(head, scan)):
        return Column(position, title, is_numeric)
    found = Column(position, title, is_numeric, is_wide=True)
    # A table of two columns may have to be told from a distribution by all of its values.
    if len(scan.names) == 2 or head.drops_numbers:
        return found
    if cuts := wanted.edges.get(title):
        return found._replace(cuts=cuts)
    values = np.unique(np.frombuffer(head.values))
    values = values[np.isfinite(values)]
    # Whole numbers may be a key, which is told by all of its values.
    if wanted.quantiles is None or not np.any(values % 1):
        return found
    step = -(-len(values) // BUCKETS)
    return found._replace(cuts=tuple(values[::step].tolist()), is_refined=True)


def _settled(
    batches: Iterator[Any], table: Table, wanted: Wanted, source: str
) -> dict[str, ColumnCounter]:
    """Return counters of the first rows, which have decided which columns are numeric.

    Those of columns with few values, or none, are not settled.
    """
    counters: dict[str, ColumnCounter] = {}
    for number, batch in enumerate(batches):
        for title in filter(wanted.wants, batch.columns):
            if title not in counters:
                counters[title] = local.ColumnCounter(title, wanted, source, table)
            counters[title].add(batch.columns[title], batch.place)
        if all(counter.is_settled for counter in counters.values()):
            return counters
        if number == local.MOST_BATCHES:
            break
    return counters


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

    Parameters
    ----------
    path : str
        What DuckDB opens.
    skip : int
        Lines above the first row, which are passed.

    Attributes
    ----------
    size, quotes : int
        All bytes, and those that are quotes.
    has_nul, has_blank_line : bool
        Whether there is a NUL character, or a line without a character.
    last_ends : int
        Bytes of the line ends behind the last record, of which all but one end blank lines.
    tail : bytes
        The last ones.
    """

    def __init__(self, path: str, skip: int) -> None:
        self.path = path
        self.size = self.quotes = 0
        self.has_nul = self.has_blank_line = False
        self.last_ends = 0
        self.tail = b""
        self.error: BaseException | None = None
        self._lines_to_skip = skip
        self._last = b"\n"
        self._first_ends = b""
        self._has_bare_feed = self._has_returns = False
        self._bare_returns = 0

    def take(self, chunk: bytes) -> None:
        """Count some bytes, which follow those before; lines above the first row are passed."""
        while self._lines_to_skip and chunk:
            _, end, chunk = chunk.partition(b"\n")
            self._lines_to_skip -= len(end)
        if not chunk:
            return
        if b'"' in chunk:
            self.quotes += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord('"')))
        self.has_nul = self.has_nul or b"\0" in chunk
        edge = self._last + chunk[:2]
        if not self.has_blank_line:
            self.has_blank_line = any(
                blank in some for blank in (b"\n\n", b"\n\r\n") for some in (edge, chunk)
            )
        pairs = 0
        if self._has_returns or b"\r" in chunk:
            self._has_returns = True
            pairs = chunk.count(b"\r\n") + (self._last[-1:] + chunk[:1] == b"\r\n")
            self._bare_returns += chunk.count(b"\r") - pairs
        self._has_bare_feed = self._has_bare_feed or chunk.count(b"\n") != pairs
        self.size += len(chunk)
        self.tail = (self.tail + chunk[-TAIL:])[-TAIL:]
        self._last = edge[-2:] if len(chunk) < 2 else chunk[-2:]
        if rest := chunk.rstrip(b"\r\n"):
            self.last_ends, self._first_ends = 0, b""
        self.last_ends += len(chunk) - len(rest)
        self._first_ends = (self._first_ends + chunk[len(rest) : len(rest) + 2])[:2]

    @property
    def is_sound(self) -> bool:
        """Whether there is nothing in the text that DuckDB takes for something else.

        Where carriage returns end records, it passes over whatever is behind one.
        """
        return not (self.has_nul or (self.line_end == 2 and self._bare_returns))

    @property
    def line_end(self) -> int:
        """Bytes of the end of a record; DuckDB refuses a text where they are not all the same.

        That of the last record is within no quotes. Where it has none, line ends may be within
        quotes; only more bytes than there are could make up for others that are passed over.
        """
        if self.last_ends:
            return 2 if self._first_ends == b"\r\n" else 1
        return 1 if self._has_bare_feed else 2


@contextmanager
def _text(scan: Scan, source: str) -> Iterator[_Text]:
    """Yield the text of a scan; a file is read once before, any other text as it is needed."""
    if scan.path is not None:
        text = _Text(scan.path, scan.skip[1])
        with open(scan.path, "rb", buffering=0) as file:
            first = True
            while chunk := file.read(1 << 20):
                text.take(chunk.removeprefix(b"\xef\xbb\xbf") if first else chunk)
                first = False
                progress.step(source, file.tell() // FIRST, scan.size)
        yield text
        return
    read, write = os.pipe()
    text = _Text(f"/dev/fd/{read}", scan.skip[1])

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
def _connected(scan: Scan, path: str, source: str) -> Iterator[Database]:
    """Open DuckDB for one file; what it does not read is left to the engine in process."""
    import duckdb

    try:
        with database.connected([path], source, memory=scan.memory, threads=scan.threads) as data:
            yield data
    except duckdb.Error as error:
        raise UnsuitedError(type(error).__name__) from error
    except InputError as error:
        # Hundreds of columns take more than was thought of, and in process they do not.
        if error.code != "memory-limit" or scan.memory is not None:
            raise
        raise UnsuitedError(error.message) from error


def _told(scan: Scan, source: str) -> Callable[[], None] | None:
    """Return what tells how much of a file DuckDB has read; any other text tells of itself.

    It is the second time that the file is read, after `_text`.
    """
    before = database.bytes_read() if scan.path is not None and progress.listener else None
    size = scan.size
    if before is None or not size:
        return None

    def told() -> None:
        done = (database.bytes_read() or before) - before
        progress.step(source, size - (FIRST - 1) * (size - min(done, size)) // FIRST, size)

    return told


def _scan(
    data: Database,
    scan: Scan,
    columns: Sequence[Column],
    text: _Text,
    decimal: str,
    source: str,
) -> int:
    """Count all columns into a table of DuckDB, and return the number of rows.

    The table ``counted`` has a row for each distinct value of each column: `g` is the number of
    the column from 1, `t` the text of the value, or `x` the number, and `n` how often it occurs.
    """
    width = len(scan.names)
    keys = [column.keys() for column in columns]
    selected = [column.selected() for column in columns]
    wide = [column.position for column in columns if column.is_wide]
    # Fields whose texts are not counted are accounted for here.
    counted = {column.position for column in columns if not column.is_wide}
    rest = [_bytes_of(f"c{i}") for i in range(width) if i not in counted]
    texts, doubles = ([k for each in keys for k in each if k[0] in of] for of in ("ct", "xb"))
    data.rows(
        f"""
        create temp table counted as
        select {_set_number([key for key, *_ in keys])} as g,
            coalesce({", ".join([*texts, "null"])}) as t,
            coalesce({", ".join([*doubles, "null"])})::double as x,
            count(*) as n, {"coalesce(sum(l), 0)::bigint" if rest else 0} as l
        from (
            select {", ".join(selected)}, {" + ".join(rest) or 0} as l
            from {_records(width, wide, decimal)}
        )
        group by grouping sets ((), {", ".join(f"({', '.join(each)})" for each in keys)})
        """,
        _parameters(scan, text),
        _told(scan, source),
    )
    progress.step(source, scan.size or 0, scan.size)
    if text.error is not None:
        raise UnsuitedError("the text cannot be read") from text.error
    rows, other = data.rows("select n, l from counted where g = 0")[0]
    numbers = [str(number) for number, column in enumerate(columns, 1) if not column.is_wide]
    of_texts = data.rows(
        f"select coalesce(sum(n * {_bytes_of('t')}), 0)::bigint from counted"
        f" where g in ({', '.join(numbers) or -1})"
    )
    found = of_texts[0][0] + other + (width - 1) * rows
    ends = text.line_end * (rows - 1) + text.last_ends
    # Where there is one column, a blank line is a row to DuckDB, and so is what psql writes last.
    has_more = text.has_blank_line or scan.skip[1] > scan.skip[0] or b" row" in text.tail
    if not text.is_sound or (width == 1 and has_more) or not rows:
        raise UnsuitedError("there are characters or lines that are none of records")
    if found + ends != text.size - text.quotes:
        raise UnsuitedError("the fields do not account for all bytes")
    return int(rows)


def _records(width: int, numeric: Sequence[int], decimal: str) -> str:
    """Return the SQL for the records of a text.

    Their fields c0, c1 and so on are text; x3 is the number in c3 if `numeric` has 3. Numbers are
    made in a query of their own, which DuckDB does once for whatever uses them.
    """
    fields = ", ".join(f"c{i}: 'VARCHAR'" for i in range(width))
    numbers = [f"{_number(f'c{i}', decimal)} as x{i}" for i in numeric]
    return f"""(select {", ".join(["*", *numbers])} from read_csv(
        $path, columns = {{{fields}}}, auto_detect = false, header = false, skip = $skip,
        delim = $delimiter, quote = '"', escape = '"', strict_mode = true, nullstr = '\\N',
        allow_quoted_nulls = false, compression = 'none', hive_partitioning = false
    ))"""


def _parameters(scan: Scan, text: _Text) -> dict[str, Any]:
    """Return the parameters of `_records`."""
    return {
        "path": database.literal(text.path),
        "skip": scan.skip[0],
        "delimiter": scan.delimiter,
    }


def _set_number(keys: Sequence[str]) -> str:
    """Return the SQL for the number of a grouping set, from 1, by the first key of each."""
    return " + ".join(f"{i} * (1 - grouping({key}))" for i, key in enumerate(keys, start=1))


def _bytes_of(field: str) -> str:
    """Return the SQL for the bytes of a field but for quotes; a null is written with two."""
    return f"coalesce(strlen(replace({field}, '\"', '')), 2)"


def _number(text: str, decimal: str) -> str:
    """Return the SQL for the double next to a text that is a number, and null of any other.

    It is the grammar of `kldiv_cli.core.numbers`, without numbers that have a leading zero.
    """
    mark = "\\." if decimal == "." else ","
    whole = "(?:0|[1-9][0-9]*)"
    pattern = f"[+-]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    plain = text if decimal == "." else f"replace({text}, ',', '.')"
    value = f"""case
        when regexp_full_match({text}, '{pattern}') then try_cast({plain} as double)
        when regexp_full_match({text}, '[ \t]*{pattern}[ \t]*')
        then try_cast(trim({plain}, ' \t') as double)
    end"""
    return f"case when isfinite({value}) then {value} end"


def _bucket(number: str, cuts: Sequence[float]) -> str:
    """Return the SQL for the place of a number among cuts: of buckets that are closed above."""

    def among(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        below, above = among(low, middle), among(middle + 1, high)
        return f"case when {number} <= '{cuts[middle]!r}'::double then {below} else {above} end"

    return f"case when {number} is not null then {among(0, len(cuts))} end"


class _Coarse(NamedTuple):
    """A column whose numbers are counted in buckets, and the number of bins that it will have."""

    column: Column
    counter: ColumnCounter
    sizes: NDArray[np.int64]
    bins: int | None

    def with_quantiles(self) -> list[int]:
        """Return the buckets that must be looked into: with a quantile, or other numbers."""
        others = Bins(self.column.cuts).count(*self.counter.finite())[: len(self.sizes)]
        reached = np.cumsum(self.sizes + others)
        total = int(reached[-1])
        if not total:
            return []
        ranks = quantile_ranks(total, counts.rows_of_profile(total), self.bins)
        found = np.searchsorted(reached, [*ranks, total])
        needed: list[int] = np.unique([*found, *np.flatnonzero(others)]).astype(int).tolist()
        return needed


def _in_buckets(number: str, cuts: Sequence[float], buckets: Sequence[int]) -> str:
    """Return the SQL for whether a number is in one of several buckets, which ascend."""
    ends = [None, *cuts, None]
    ranges: list[list[int]] = []
    for bucket in buckets:
        if ranges and ranges[-1][1] == bucket:
            ranges[-1][1] = bucket + 1
        else:
            ranges.append([bucket, bucket + 1])
    conditions = []
    for low, high in ranges:
        above = f"{number} > '{ends[low]!r}'::double" if low else "true"
        below = f"{number} <= '{ends[high]!r}'::double" if high <= len(cuts) else "true"
        conditions.append(f"({above} and {below})")
    return " or ".join(conditions) or "false"


def _refine(
    data: Database,
    scan: Scan,
    text: _Text,
    coarse: Sequence[_Coarse],
    decimal: str,
    source: str,
) -> None:
    """Hand numbers to counters: those in buckets with a quantile, and stand-ins for the others."""
    needed = [one.with_quantiles() for one in coarse]
    places = [one.column.position for one in coarse]
    selected = [
        f"case when {_in_buckets(f'x{i}', one.column.cuts, buckets)} then x{i} end as x{i}"
        for i, one, buckets in zip(places, coarse, needed, strict=True)
    ]
    data.rows(
        f"""
        create temp table refined as
        select {_set_number([f"x{i}" for i in places])} as g,
            coalesce({", ".join(f"x{i}" for i in places)}, null) as x, count(*) as n
        from (select {", ".join(selected)} from {_records(len(scan.names), places, decimal)})
        group by grouping sets ({", ".join(f"(x{i})" for i in places)})
        """,
        _parameters(scan, text),
        _told(scan, source),
    )
    progress.step(source, scan.size or 0, scan.size)
    for number, (one, buckets) in enumerate(zip(coarse, needed, strict=True), start=1):
        query = "select x, n from refined where g = $g and x is not null"
        found = data.arrays(query, {"g": number})
        values, repeats = np.ma.getdata(found["x"]), np.ma.getdata(found["n"])
        sizes = one.sizes.copy()
        inside = Bins(one.column.cuts).count(values, repeats)[: len(sizes)]
        if not np.array_equal(inside[buckets], sizes[buckets]):
            raise UnsuitedError("the file has changed")
        sizes[buckets] = 0
        one.counter.add_numbers(values, repeats)
        one.counter.add_numbers(*stand_ins(one.column.cuts, sizes))


# From what DuckDB counted to columns.


class _Counted:
    """The distinct values of columns, as the table ``counted`` holds them.

    Parameters
    ----------
    data : Database
        After `_scan`.
    columns : sequence of Column
        In the same order.
    decimal : {".", ","}
        The decimal mark of numbers.
    """

    def __init__(self, data: Database, columns: Sequence[Column], decimal: str) -> None:
        self._data = data
        self._columns = list(columns)
        self._decimal = decimal
        self._sizes = dict(data.rows("select g, count(*) from counted group by g"))

    def settle(self, counters: Sequence[ColumnCounter]) -> None:
        """Decide which columns are numeric that have few values, or none, in the first rows."""
        for i, counter in enumerate(counters):
            if counter.is_settled:
                continue
            if self._sizes[i + 1] > MOST_TEXTS or not counter.settle_by(self._cells(i + 1)[0]):
                raise UnsuitedError(f"the first rows have few values in {counter.name!r}")
            self._columns[i] = self._columns[i]._replace(is_numeric=counter.is_numeric)

    def check_size(self, source: str) -> None:
        """Refuse more distinct numbers than are held in memory."""
        numeric = [i for i, column in enumerate(self._columns, 1) if column.is_numeric]
        if sum(self._sizes[number] for number in numeric) > local.MOST_NUMBERS:
            raise local.too_many_numbers(source)

    def fill(
        self, number: int, counter: ColumnCounter, wanted: Wanted, source: str
    ) -> NDArray[np.int64]:
        """Hand the values of a column to a counter, all but numbers that are in buckets.

        Parameters
        ----------
        number : int
            The number of the column, from 1.
        counter : ColumnCounter
            Its counter.
        wanted, source
            See `count`.

        Returns
        -------
        ndarray of int64, shape (len(cuts) + 1,)
            How many numbers are in each bucket; without cuts there are none.
        """

        def place(_: int, title: str) -> Place:
            # Where a value stands is found later if it is refused; where none may be missing,
            # the first that is ends it all.
            if wanted.forbid_missing:
                raise UnsuitedError("a value is missing")
            return Place(source, name=title)

        column, size = self._columns[number - 1], self._sizes[number]
        sizes = np.zeros(len(column.cuts) + 1, dtype=np.int64)
        if column.is_wide or (column.is_numeric and size > MOST_TEXTS):
            found = self._numbers(number, is_wide=column.is_wide)
            is_text = np.ma.getmaskarray(found["x"])
            values, repeats = np.ma.getdata(found["x"])[~is_text], np.ma.getdata(found["n"])
            texts, times = _texts(found["t"])[is_text], repeats[is_text]
            counter.add(texts.tolist(), place, times.tolist())
            if column.cuts:
                sizes[values.astype(np.int64)] = repeats[~is_text]
            else:
                counter.add_numbers(values, repeats[~is_text], place)
        elif column.is_numeric or size <= wanted.most_outcomes:
            self._fill_texts(number, counter, place)
        else:
            self._fill_many(number, counter, place, wanted, source)
        return sizes

    def _numbers(self, number: int, *, is_wide: bool) -> dict[str, Any]:
        """Return the distinct numbers of a column, the texts that are none, and their counts."""
        query = "select x, t, n from counted where g = $g"
        if not is_wide:
            query = f"""
                select x, case when x is null then t end as t, sum(n)::bigint as n
                from (select {_number("t", self._decimal)} as x, t, n from counted where g = $g)
                group by all
            """
        return self._data.arrays(query, {"g": number})

    def _fill_texts(self, number: int, counter: ColumnCounter, place: Locator) -> None:
        cells, repeats = self._cells(number)
        counter.add(cells, place, repeats)

    def _cells(self, number: int) -> tuple[list[str | None], list[int]]:
        """Return the distinct cells of a column, and how often each occurs."""
        query = "select t, n from counted where g = $g"
        found = self._data.arrays(query, {"g": number})
        return _texts(found["t"]).tolist(), np.ma.getdata(found["n"]).tolist()

    def _fill_many(
        self, number: int, counter: ColumnCounter, place: Locator, wanted: Wanted, source: str
    ) -> None:
        """Decide what becomes of a column of labels that may have too many of them."""
        title, most = counter.name, wanted.most_outcomes
        absent = f"(t is null or regexp_full_match(t, '{_BLANKS}') or list_contains($na, t))"
        given: dict[str, Any] = {"g": number, "na": sorted(wanted.missing_words(title))}
        query = f"""
            select count(t), sum(n)::bigint,
                count(t) filter (regexp_matches(t, '{_DAY}')),
                count(t) filter (regexp_full_match(t, '{_DATE}') and try_cast(t[:10] as date)
                    between '0002-01-01' and '9998-12-31')
            from counted where g = $g and not {absent}
        """
        distinct, rows, days, dates = self._data.rows(query, given)[0]
        if distinct <= most:
            self._fill_texts(number, counter, place)
            return
        query = f"select count(*) from counted where g = $g and {absent}"
        if wanted.forbid_missing and self._data.rows(query, given)[0][0]:
            raise UnsuitedError("a value is missing")
        if not wanted.asks_for(title) and days and dates < distinct:
            # The first ones in the order of the rows decide.
            raise UnsuitedError("some labels are dates, and others are none")
        if not wanted.asks_for(title) and dates:
            counter.give_up(date=True)
        elif wanted.may_leave_out(title) and counts.nearly_distinct(distinct, rows):
            counter.give_up(date=False)
        else:
            counter.reject(local.too_many_outcomes(title, wanted, source))


_DAY = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""How a label begins that may be a date …"""
_HOUR, _SIXTY = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_DATE = (
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
    rf"(?:[Tt ]{_HOUR}:{_SIXTY}(?::{_SIXTY}(?:[.,][0-9]{{1,12}})?)?"
    rf" ?(?:[Zz]|UTC|[+-]{_HOUR}(?::?{_SIXTY}(?::?{_SIXTY})?)?)?)?"
)
"""… and how one is written that is a date to `kldiv_cli.core.instants`, if there is such a day."""
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
