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
from itertools import chain
from select import select
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kldiv_cli import database, progress
from kldiv_cli.core import counts
from kldiv_cli.core.binning import Bins, quantile_ranks, stand_ins
from kldiv_cli.core.table import Batch
from kldiv_cli.engines import UnsuitedError, joint, local
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.table import Locator, Scan, Table
    from kldiv_cli.database import Database
    from kldiv_cli.engines.joint import Pairs
    from kldiv_cli.engines.local import ColumnCounter

SMALLEST = 8 << 20
"""Bytes of text from which on the engine pays …"""
SMALLEST_PACKED = 2 << 20
"""… and of text that is compressed."""
SMALLEST_PART = 4 << 20
"""Bytes of texts that are read alike, on average, where not all are; a quarter if compressed."""
FIRST = 5
"""Of the time for a file, the part of it that goes by before DuckDB reads it."""
MOST_TEXTS = 200_000
"""Distinct texts of numbers that are converted in Python; DuckDB converts more of them."""
BUCKETS = 128
"""Buckets in which numbers are counted before those with a quantile are looked into."""
TAIL = 64
"""Bytes at the end of a text in which the count of its rows may stand."""
MOST_PAIRS = 1_000_000
"""Distinct cells of several columns that are handed to Python."""
FIELD = 8
"""Bytes that a field is taken to have, to guess how many rows a file has."""


def pays(table: Table, wanted: Wanted) -> bool:
    """Return whether this engine is there, can count a table, and is faster at it."""
    scan = table.scan
    if scan is None or scan.size is None:
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
    pairs = joint.Pairs(table, wanted, source) if wanted.joint else None
    wanted, together = joint.without_pairs(wanted), [*map(scan.names.index, _known(scan, wanted))]
    chooses = scan.where and scan.where.title
    names = [title for title in scan.names if title not in (None, chooses)]
    if table.names is not None:
        # A name that is wrong is told before all is read.
        wanted.left_out(table.names, source)
    batches = iter(table.batches)
    head = _settled(batches, table, wanted, source)
    columns = [
        _column(position, head[title], scan, wanted)
        for position, title in enumerate(scan.names)
        if title is not None and title in head
    ]
    if not columns and not together:
        raise UnsuitedError("no column is wanted")

    def new(title: str) -> ColumnCounter:
        counter = local.ColumnCounter(title, wanted, source, table)
        counter.like(head[title])
        return counter

    counters = {column.title: new(column.title) for column in columns}
    with _reading(scan, source) as texts, _connected(scan, texts.paths, source) as data:
        rows, choices = _count_all(data, scan, columns, together, texts, table.decimal)
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
        if pairs is not None:
            _add_pairs(pairs, data, wanted.joint, source)
        if coarse:
            _refine(data, scan, texts, coarse, choices, table.decimal)
    _locate_refusals(batches, head, counters, new)
    found = local.data_set(counters, names, rows, table, wanted, source, name)
    found = found._replace(engine="DuckDB")
    return found if pairs is None else pairs.beside(found)


def _known(scan: Scan, wanted: Wanted) -> tuple[str, ...]:
    """Return the columns that are counted together, all of which must be there."""
    chooses = scan.where and scan.where.title
    if not all(title in scan.names and title != chooses for title in wanted.joint):
        raise UnsuitedError("a column is not there")
    return wanted.joint


def _add_pairs(pairs: Pairs, data: Database, titles: Sequence[str], source: str) -> None:
    """Hand cells that were counted together to what counts them; the first too many are told."""
    fields = ", ".join(f"j{k}" for k in range(len(titles)))
    if data.rows("select count(*) from counted where g < 0")[0][0] > MOST_PAIRS:
        raise UnsuitedError("there are many outcomes together")
    found = data.arrays(f"select {fields}, n from counted where g < 0")
    columns = {title: _texts(found[f"j{k}"]).tolist() for k, title in enumerate(titles)}
    size = len(found["n"])

    def place(_: int, title: str) -> Place:
        return Place(source, name=title)

    try:
        pairs.add(Batch(columns, size, place, np.ma.getdata(found["n"]).tolist()))
    except InputError as error:
        raise UnsuitedError(error.message) from error


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
    """The bytes of one text or several, as they are counted while, or before, DuckDB reads them.

    Parameters
    ----------
    paths : sequence of str
        What DuckDB opens.
    skip : int
        The records that it is to pass over in each.

    Attributes
    ----------
    files : int
        Texts with a record in them.
    size, quotes : int
        All bytes, and those that are quotes.
    is_sound : bool
        Whether nothing was met that DuckDB takes for something else.
    has_blank_line, has_footer : bool
        Whether there is a line without a character, or what may be the count of rows.
    line_ends : set of int
        Bytes of the ends of records; DuckDB refuses a text where they are not all the same.
    last_ends : int
        Bytes of the line ends behind last records, of which all but one end blank lines.
    error : BaseException, or None
        What was raised where they were fed to DuckDB.
    """

    def __init__(self, paths: Sequence[str], skip: int) -> None:
        self.paths = paths
        self.skip = skip
        self.files = self.size = self.quotes = self.last_ends = 0
        self.is_sound = True
        self.has_blank_line = self.has_footer = False
        self.line_ends: set[int] = set()
        self.error: BaseException | None = None
        self._begin()

    def _begin(self) -> None:
        self._start = self.size
        self._last = b"\n"
        self._tail = self._first_ends = b""
        self._has_bare_feed = self._has_returns = False
        self._bare_returns = self._ends = 0

    def take(self, chunk: bytes) -> None:
        """Count some bytes, which follow those before."""
        if b'"' in chunk:
            self.quotes += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord('"')))
        self.is_sound = self.is_sound and b"\0" not in chunk
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
        self._tail = (self._tail + chunk[-TAIL:])[-TAIL:]
        self._last = edge[-2:] if len(chunk) < 2 else chunk[-2:]
        if rest := chunk.rstrip(b"\r\n"):
            self._ends, self._first_ends = 0, b""
        self._ends += len(chunk) - len(rest)
        self._first_ends = (self._first_ends + chunk[len(rest) : len(rest) + 2])[:2]

    def end(self) -> None:
        """Tell that a text is at its end.

        The line end of its last record, which is within no quotes, is that of all. Where it has
        none, line ends may be within quotes; only more bytes than there are could make up for
        others that are passed over.
        """
        if self.size > self._start:
            line_end = 1 if self._has_bare_feed else 2
            if self._ends:
                line_end = 2 if self._first_ends == b"\r\n" else 1
            # Where carriage returns end records, DuckDB passes over whatever is behind one.
            self.is_sound = self.is_sound and not (line_end == 2 and self._bare_returns)
            self.has_footer = self.has_footer or b" row" in self._tail
            self.files += 1
            self.line_ends.add(line_end)
            self.last_ends += self._ends
        self._begin()


class _Part(NamedTuple):
    """Texts that DuckDB reads alike, and in one query.

    Attributes
    ----------
    scan : Scan
        Of the first of them.
    scans : list of Scan
        Of all: files; or one text that goes through a pipe, so that it cannot run into another.
    """

    scan: Scan
    scans: list[Scan]

    @property
    def paths(self) -> list[str]:
        """Files that can be read as they are; none where a text goes through a pipe."""
        return [scan.path for scan in self.scans if scan.path is not None]

    @property
    def size(self) -> int:
        """Bytes of the texts as they are stored, as far as that is known."""
        return sum(scan.size or 0 for scan in self.scans)


class _Texts:
    """The texts of a scan: they are read part by part, and some of them again.

    Parameters
    ----------
    scan : Scan
        Of one text, or of several.
    source : str
        The name of the source in errors.

    Attributes
    ----------
    parts : list of _Part
        All texts.
    paths : list of str
        What DuckDB opens for them: files, or a pipe, through which all others go.

    Raises
    ------
    UnsuitedError
        If not all can be read so, or they are too small.
    """

    def __init__(self, scan: Scan, source: str) -> None:
        self.parts = _alike([scan] if scan.parts is None else _opened(scan.parts))
        self._source = source
        self._size = sum(part.size for part in self.parts)
        least = sum(SMALLEST_PART if part.paths else SMALLEST_PART // 4 for part in self.parts)
        if len(self.parts) > 1 and self._size < least:
            raise UnsuitedError("there are many small parts")
        self._done = 0
        self._pipe: tuple[int, int | None] | None = None
        self._thread: Thread | None = None
        self.paths = [path for part in self.parts for path in part.paths]
        if not all(part.paths for part in self.parts):
            self._pipe = os.pipe()
            self.paths.append(f"/dev/fd/{self._pipe[0]}")

    def open(self, part: _Part, *, again: bool = False) -> _Text:
        """Return the text of a part.

        Files are read once before, unless they are opened again; any other text as it is needed.
        """
        if not part.paths:
            return self._piped(part)
        text = _Text(part.paths, part.scan.skip[0])
        if again:
            return text
        done = 0
        for scan in part.scans:
            assert scan.path is not None
            with open(scan.path, "rb", buffering=0) as file:
                for chunk in _below(_without_mark(iter(lambda: file.read(1 << 20), b"")), scan):
                    text.take(chunk)
                    self._step((done + file.tell()) // FIRST)
            text.end()
            done += scan.size or 0
        return text

    def told(self, part: _Part) -> Callable[[], None] | None:
        """Return what tells how much of a part DuckDB has read; a pipe tells of itself.

        It is the second time that the files are read, after `open`.
        """
        before = database.bytes_read() if part.paths and progress.listener else None
        size = part.size
        if before is None or not size:
            return None

        def told() -> None:
            done = (database.bytes_read() or before) - before
            self._step(size - (FIRST - 1) * (size - min(done, size)) // FIRST)

        return told

    def finish(self, text: _Text, part: _Part) -> None:
        """Wait until all of a part was read.

        Raises
        ------
        UnsuitedError
            If it cannot be read.
        """
        if self._thread is not None and self._pipe is not None:
            while self._thread.is_alive():
                # What DuckDB has left is not accounted for.
                if select([self._pipe[0]], [], [], 0.01)[0]:
                    os.read(self._pipe[0], 1 << 16)
            self._thread.join()
        self._step(part.size)
        if text.error is not None:
            raise UnsuitedError("the text cannot be read") from text.error

    def next(self, part: _Part) -> None:
        """Go on to the part behind another, as far as a listener is concerned."""
        self._done += part.size

    def close(self) -> None:
        """Close the pipe; nobody reads any more, so that whatever feeds it ends."""
        if self._pipe is not None:
            for end in self._pipe:
                if end is not None:
                    os.close(end)
        if self._thread is not None:
            self._thread.join()

    def _step(self, done: int) -> None:
        if self._size:
            progress.step(self._source, min(self._done + done, self._size), self._size)

    def _piped(self, part: _Part) -> _Text:
        """Return the text of a part, which is written to the pipe as it is counted."""
        assert self._pipe is not None
        read, write = self._pipe
        path = f"/dev/fd/{read}"
        if write is None:
            try:
                write = os.open(path, os.O_WRONLY)
            except OSError as error:
                raise UnsuitedError("a pipe cannot be used again") from error
        self._pipe = read, None
        text = _Text([path], 0)

        def feed(write: int) -> None:
            try:
                assert part.scan.feed is not None
                with open(write, "wb", buffering=0) as pipe, part.scan.feed() as chunks:
                    for chunk in _below(chunks, part.scan):
                        text.take(chunk)
                        view = memoryview(chunk)
                        while view:
                            view = view[pipe.write(view) :]
                    text.end()
            except BaseException as error:  # it is looked at where the thread has ended
                text.error = error

        self._thread = Thread(target=feed, args=(write,), daemon=True)
        self._thread.start()
        return text


def _below(chunks: Iterable[bytes], scan: Scan) -> Iterator[bytes]:
    """Yield the bytes of a text from its first row on."""
    lines = scan.skip[1]
    for chunk in chunks:
        while lines and chunk:
            _, end, chunk = chunk.partition(b"\n")
            lines -= len(end)
        if chunk:
            yield chunk


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file but for a byte order mark."""
    first = next(chunks, b"").removeprefix(b"\xef\xbb\xbf")
    return chain((first,) if first else (), chunks)


def _opened(parts: Callable[[], list[Scan] | None]) -> list[Scan]:
    """Return the parts of a scan; what is wrong with one is said in process."""
    try:
        found = parts()
    except (InputError, OSError) as error:
        raise UnsuitedError("a part cannot be read") from error
    if found is None:
        raise UnsuitedError("not all parts are texts with columns of their own")
    return found


def _alike(scans: Iterable[Scan]) -> list[_Part]:
    """Return the texts that are read alike together."""
    parts: dict[object, _Part] = {}
    for number, scan in enumerate(scans):
        key: tuple[object, ...] = (number,)
        if scan.path is not None:
            constants = tuple(scan.constants.items())
            key = tuple(scan.names), scan.delimiter, scan.skip[0], constants
        parts.setdefault(key, _Part(scan, [])).scans.append(scan)
    return list(parts.values())


@contextmanager
def _reading(scan: Scan, source: str) -> Iterator[_Texts]:
    """Yield the texts of a scan, and close what they need."""
    texts = _Texts(scan, source)
    try:
        yield texts
    finally:
        texts.close()


@contextmanager
def _connected(scan: Scan, paths: Sequence[str], source: str) -> Iterator[Database]:
    """Open DuckDB for some files; what it does not read is left to the engine in process."""
    import duckdb

    try:
        with database.connected(paths, source, memory=scan.memory, threads=scan.threads) as data:
            yield data
    except (duckdb.Error, OSError) as error:
        # There may be no room for its temporary files, either.
        raise UnsuitedError(type(error).__name__) from error
    except InputError as error:
        # Hundreds of columns take more than was thought of, and in process they do not.
        if error.code != "memory-limit" or scan.memory is not None:
            raise
        raise UnsuitedError(error.message) from error


class _Choice(NamedTuple):
    """The rows of a text that have a value in a column.

    Attributes
    ----------
    position : int
        Of the column, among the names of the scan.
    cells : list of (str or None)
        The texts of the value; None is a null.
    rows, size : int
        How many rows have it, and the bytes of all their fields.
    """

    position: int
    cells: list[str | None]
    rows: int
    size: int


def _count_all(
    data: Database,
    scan: Scan,
    columns: Sequence[Column],
    together: Sequence[int],
    texts: _Texts,
    decimal: str,
) -> tuple[int, list[_Choice | None]]:
    """Count all columns of all texts into a table of DuckDB.

    The table ``counted`` has a row for each distinct value of each column: `g` is the number of
    the column from 1, `t` the text of the value, or `x` the number, and `n` how often it occurs.
    Where `g` is -1, the cells `j0`, `j1` and so on are counted together.

    Returns
    -------
    rows : int
        How many rows there are in all.
    choices : list of (_Choice or None)
        For each text the rows that are chosen of it; None where all are.
    """
    total, choices = 0, list[_Choice | None]()
    name = "counted"
    for part in texts.parts:
        text = texts.open(part)
        choice = _choose(data, scan, part, text, texts)
        choices.append(choice)
        if choice is None or choice.rows:
            if choice is not None:
                text = texts.open(part, again=True)
            found = _count_part(
                data, name, scan, part, columns, together, text, choice, decimal, texts
            )
            if choice is None:
                _account(text, part, *found)
            elif found != (choice.rows, choice.size):
                raise UnsuitedError("the file has changed")
            total += found[0]
            if name == "part":
                data.rows("insert into counted from part")
            name = "part"
        texts.next(part)
    if not total:
        raise UnsuitedError("there are no rows")
    if len(choices) > 1:
        data.rows(
            "create or replace temp table counted as"
            " select * exclude (n, l), sum(n)::bigint as n from counted group by all"
        )
    return total, choices


def _choose(data: Database, scan: Scan, part: _Part, text: _Text, texts: _Texts) -> _Choice | None:
    """Return which rows of a text are chosen, and account for all of them; None if all are."""
    if scan.where is None:
        return None
    constants = part.scan.constants
    if scan.where.title in constants and scan.where.is_wanted(constants[scan.where.title]):
        return None
    at = scan.names.index(scan.where.title)
    records, given = _records(scan, part, text, [at])
    query = f"""
        create or replace temp table choices as
        select c{at} as t, count(*) as n, sum(l)::bigint as l from {records} group by c{at}
    """
    data.rows(query, given, texts.told(part))
    texts.finish(text, part)
    found = data.rows("select count(*), sum(n)::bigint, sum(l)::bigint from choices")
    distinct, rows, size = (number or 0 for number in found[0])
    _account(text, part, rows, size)
    if distinct > MOST_TEXTS:
        raise UnsuitedError("rows are chosen among too many values")
    chosen = [row for row in data.rows("from choices") if scan.where.is_wanted(row[0])]
    return _Choice(
        at, [row[0] for row in chosen], *(sum(row[i] for row in chosen) for i in (1, 2))
    )


def _count_part(
    data: Database,
    name: str,
    scan: Scan,
    part: _Part,
    columns: Sequence[Column],
    together: Sequence[int],
    text: _Text,
    choice: _Choice | None,
    decimal: str,
    texts: _Texts,
) -> tuple[int, int]:
    """Count all columns of a text into a table of some name.

    Returns
    -------
    rows, size : int
        How many rows there are, and the bytes of all their fields but for quotes.
    """
    keys = [column.keys() for column in columns]
    selected = [column.selected() for column in columns]
    wide = [column.position for column in columns if column.is_wide]
    # Fields whose texts are not counted are accounted for here.
    of_text = {
        number: column.title
        for number, column in enumerate(columns, 1)
        if not column.is_wide and column.title in part.scan.names
    }
    used = [*(column.position for column in columns), *together]
    cells = [f"j{k}" for k in range(len(together))]
    records, given = _records(
        scan, part, text, used, wide, decimal, accounted=of_text.values(), choice=choice
    )
    selected += [f"c{i} as {cell}" for i, cell in zip(together, cells, strict=True)]
    sets = [[], *keys, *([cells] if cells else [])]
    texts_of, doubles = ([k for each in keys for k in each if k[0] in of] for of in ("ct", "xb"))
    data.rows(
        f"""
        create or replace temp table {name} as
        select {_set_number([key for key, *_ in keys], *cells[:1])} as g,
            {"".join(f"{cell}, " for cell in cells)}
            coalesce({", ".join([*texts_of, "null"])})::varchar as t,
            coalesce({", ".join([*doubles, "null"])})::double as x,
            count(*) as n, coalesce(sum(l), 0)::bigint as l
        from (select {", ".join([*selected, "l"])} from {records})
        group by grouping sets ({", ".join(f"({', '.join(each)})" for each in sets)})
        """,
        given,
        None if choice else texts.told(part),
    )
    texts.finish(text, part)
    rows, other = data.rows(f"select n, l from {name} where g = 0")[0]
    numbers = ", ".join(map(str, of_text)) or "0"
    query = f"""
        select coalesce(sum(n * {_bytes_of(["t"])}), 0)::bigint
        from {name} where g > 0 and g in ({numbers})
    """
    return rows, other + data.rows(query)[0][0]


def _account(text: _Text, part: _Part, rows: int, size: int) -> None:
    """Account for all bytes of a text by its rows and the bytes of their fields.

    Raises
    ------
    UnsuitedError
        If they do not add up.
    """
    if not (rows or text.size):
        return
    width = len(part.scan.names)
    # Where there is one column, a blank line is a row to DuckDB, and so is what psql writes last.
    has_more = text.has_blank_line or text.has_footer or _has_blank_above(part)
    if not text.is_sound or (width == 1 and has_more) or not rows:
        raise UnsuitedError("there are characters or lines that are none of records")
    if len(text.line_ends) > 1:
        raise UnsuitedError("the line ends differ")
    ends = min(text.line_ends) * (rows - text.files) + text.last_ends
    if size + (width - 1) * rows + ends != text.size - text.quotes:
        raise UnsuitedError("the fields do not account for all bytes")


def _has_blank_above(part: _Part) -> bool:
    """Return whether there are more lines above first rows than records."""
    return any(scan.skip[1] > scan.skip[0] for scan in part.scans)


def _records(
    scan: Scan,
    part: _Part,
    text: _Text,
    used: Iterable[int],
    numeric: Sequence[int] = (),
    decimal: str = ".",
    *,
    accounted: Collection[str | None] = (),
    choice: _Choice | None = None,
) -> tuple[str, dict[str, Any]]:
    """Return the SQL for the records of a text, and its parameters.

    Their columns c0, c1 and so on, of those `used`, are text; x3 is the number in c3 if `numeric`
    has 3, and l the bytes of all fields but those `accounted` for by name. Numbers are made in a
    query of their own, which DuckDB does once for whatever uses them.
    """
    given = {
        "paths": list(map(database.literal, text.paths)),
        "skip": text.skip,
        "delimiter": part.scan.delimiter,
    }
    fields = {title: f"f{j}" for j, title in enumerate(part.scan.names) if title is not None}

    def value(i: int) -> str:
        title = scan.names[i]
        if title in fields:
            return fields[title]
        given[f"v{i}"] = part.scan.constants[str(title)]
        return f"$v{i}::varchar"

    rest = [f"f{j}" for j, title in enumerate(part.scan.names) if title not in accounted]
    selected = [f"{value(i)} as c{i}" for i in dict.fromkeys(used)]
    condition = ""
    if choice is not None:
        cell = value(choice.position)
        given["chosen"] = [each for each in choice.cells if each is not None]
        condition = f"where list_contains($chosen::varchar[], {cell})"
        condition += f" or {cell} is null" * (None in choice.cells)
    numbers = [f"{_number(f'c{i}', decimal)} as x{i}" for i in numeric]
    types = ", ".join(f"f{j}: 'VARCHAR'" for j in range(len(part.scan.names)))
    query = f"""(select {", ".join(["*", *numbers])} from (
        select {", ".join([*selected, f"{_bytes_of(rest)} as l"])} from read_csv(
            $paths, columns = {{{types}}}, auto_detect = false, header = false, skip = $skip,
            delim = $delimiter, quote = '"', escape = '"', strict_mode = true, nullstr = '\\N',
            allow_quoted_nulls = false, compression = 'none', hive_partitioning = false
        ) {condition}
    ))"""
    return query, given


def _set_number(keys: Sequence[str], last: str | None = None) -> str:
    """Return the SQL for the number of a grouping set, from 1, by the first key of each.

    It is -1 of the set whose first key is `last`, if that is given.
    """
    numbers = [f"{i} * (1 - grouping({key}))" for i, key in enumerate(keys, start=1)]
    return " + ".join(numbers + ([f"grouping({last}) - 1"] if last else [])) or "0"


def _bytes_of(fields: Sequence[str]) -> str:
    """Return the SQL for the bytes of fields but for quotes; a null is written with two."""
    if not fields:
        return "0"
    written = ", ".join(f"coalesce({field}, '\\N')" for field in fields)
    return f"strlen(replace(concat({written}), '\"', ''))"


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
    texts: _Texts,
    coarse: Sequence[_Coarse],
    choices: Sequence[_Choice | None],
    decimal: str,
) -> None:
    """Hand numbers to counters: those in buckets with a quantile, and stand-ins for the others."""
    needed = [one.with_quantiles() for one in coarse]
    places = [one.column.position for one in coarse]
    selected = [
        f"case when {_in_buckets(f'x{i}', one.column.cuts, buckets)} then x{i} end as x{i}"
        for i, one, buckets in zip(places, coarse, needed, strict=True)
    ]
    data.rows("create temp table refined (g integer, x double, n bigint)")
    for part, choice in zip(texts.parts, choices, strict=True):
        if choice is not None and not choice.rows:
            continue
        text = texts.open(part, again=True)
        records, given = _records(
            scan, part, text, places, places, decimal, accounted=part.scan.names, choice=choice
        )
        query = f"""
            insert into refined
            select {_set_number([f"x{i}" for i in places])} as g,
                coalesce({", ".join(f"x{i}" for i in places)}, null) as x, count(*) as n
            from (select {", ".join(selected)} from {records})
            group by grouping sets ({", ".join(f"(x{i})" for i in places)})
        """
        data.rows(query, given)
        texts.finish(text, part)
    for number, (one, buckets) in enumerate(zip(coarse, needed, strict=True), start=1):
        query = """
            select x, sum(n)::bigint as n from refined where g = $g and x is not null group by x
        """
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
