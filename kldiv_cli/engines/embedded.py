"""The engine in DuckDB: text that is large is counted in one scan, outside of Python.

Nothing is read differently than in process. Whether a column is numeric is decided by the first
rows, by the engine in process; the distinct texts of a column, with their counts, then go through
the same counter. DuckDB itself decides on nothing: every field is text to it, and every byte of
the file must be accounted for by the fields, delimiters, quotes and line ends that it found, so
that no row, blank or field can be passed over. Where that does not add up, `UnsuitedError` leaves
the rows to the engine in process, which reads them, or says what is wrong and where.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kldiv_cli import database
from kldiv_cli.core import counts
from kldiv_cli.core.binning import Bins, quantile_ranks, stand_ins
from kldiv_cli.core.table import Batch
from kldiv_cli.engines import UnsuitedError, joint, local
from kldiv_cli.engines.sql import (
    Choice,
    bucket_of,
    bytes_of,
    is_in_buckets,
    number_in,
    records_of,
    set_number,
)
from kldiv_cli.engines.text_bytes import Part, Text, Texts, reading
from kldiv_cli.errors import InputError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.table import Locator, Scan, Table
    from kldiv_cli.database import Database
    from kldiv_cli.engines.joint import Pairs
    from kldiv_cli.engines.local import ColumnCounter

SMALLEST = 8 << 20
"""Bytes of text from which on the engine pays …"""
SMALLEST_PACKED = 2 << 20
"""… and of text that is compressed …"""
CHOSEN = 4
"""… and how many times as many where rows are chosen: the others cost little in process."""
MOST_TEXTS = 200_000
"""Distinct texts of numbers that are converted in Python; DuckDB converts more of them."""
BUCKETS = 128
"""Buckets in which numbers are counted before those with a quantile are looked into."""
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
    least *= CHOSEN if scan.where is not None else 1
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
    with reading(scan, source) as texts, _connected(scan, texts.paths, source) as data:
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
        return (
            f"{found}, {bucket_of(f'x{i}', self.cuts)} as b{i}" if self.cuts else f"{found}, x{i}"
        )


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


@contextmanager
def _connected(scan: Scan, paths: Sequence[str], source: str) -> Iterator[Database]:
    """Open DuckDB for some files; what it does not read is left to the engine in process."""
    import duckdb

    try:
        with database.connected(paths, source, memory=scan.memory, threads=scan.threads) as data:
            yield data
    except (duckdb.Error, OSError) as error:
        # There may be no room for its temporary files, either.
        raise UnsuitedError(f"DuckDB gave up ({type(error).__name__})") from error
    except InputError as error:
        # Hundreds of columns take more than was thought of, and in process they do not.
        if error.code != "memory-limit" or scan.memory is not None:
            raise
        raise UnsuitedError(error.message) from error


def _count_all(
    data: Database,
    scan: Scan,
    columns: Sequence[Column],
    together: Sequence[int],
    texts: Texts,
    decimal: str,
) -> tuple[int, list[Choice | None]]:
    """Count all columns of all texts into a table of DuckDB.

    The table ``counted`` has a row for each distinct value of each column: `g` is the number of
    the column from 1, `t` the text of the value, or `x` the number, and `n` how often it occurs.
    Where `g` is -1, the cells `j0`, `j1` and so on are counted together.

    Returns
    -------
    rows : int
        How many rows there are in all.
    choices : list of (Choice or None)
        For each text the rows that are chosen of it; None where all are.
    """
    total, choices = 0, list[Choice | None]()
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


def _choose(data: Database, scan: Scan, part: Part, text: Text, texts: Texts) -> Choice | None:
    """Return which rows of a text are chosen, and account for all of them; None if all are."""
    if scan.where is None:
        return None
    constants = part.scan.constants
    if scan.where.title in constants and scan.where.is_wanted(constants[scan.where.title]):
        return None
    at = scan.names.index(scan.where.title)
    records, given = records_of(scan, part, text, [at])
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
    return Choice(at, [row[0] for row in chosen], *(sum(row[i] for row in chosen) for i in (1, 2)))


def _count_part(
    data: Database,
    name: str,
    scan: Scan,
    part: Part,
    columns: Sequence[Column],
    together: Sequence[int],
    text: Text,
    choice: Choice | None,
    decimal: str,
    texts: Texts,
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
    records, given = records_of(
        scan, part, text, used, wide, decimal, accounted=of_text.values(), choice=choice
    )
    selected += [f"c{i} as {cell}" for i, cell in zip(together, cells, strict=True)]
    sets = [[], *keys, *([cells] if cells else [])]
    texts_of, doubles = ([k for each in keys for k in each if k[0] in of] for of in ("ct", "xb"))
    data.rows(
        f"""
        create or replace temp table {name} as
        select {set_number([key for key, *_ in keys], *cells[:1])} as g,
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
        select coalesce(sum(n * {bytes_of(["t"])}), 0)::bigint
        from {name} where g > 0 and g in ({numbers})
    """
    return rows, other + data.rows(query)[0][0]


def _account(text: Text, part: Part, rows: int, size: int) -> None:
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
    # There are no bytes below a header whose line end is a carriage return.
    is_read = rows and text.files
    if not (is_read and text.is_sound) or (width == 1 and has_more):
        raise UnsuitedError("there are characters or lines that are none of records")
    if len(text.line_ends) != 1:
        raise UnsuitedError("the line ends differ")
    ends = min(text.line_ends) * (rows - text.files) + text.last_ends
    if size + (width - 1) * rows + ends != text.size - text.quotes:
        raise UnsuitedError("the fields do not account for all bytes")


def _has_blank_above(part: Part) -> bool:
    """Return whether there are more lines above first rows than records."""
    return any(scan.skip[1] > scan.skip[0] for scan in part.scans)


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


def _refine(
    data: Database,
    scan: Scan,
    texts: Texts,
    coarse: Sequence[_Coarse],
    choices: Sequence[Choice | None],
    decimal: str,
) -> None:
    """Hand numbers to counters: those in buckets with a quantile, and stand-ins for the others."""
    needed = [one.with_quantiles() for one in coarse]
    places = [one.column.position for one in coarse]
    selected = [
        f"case when {is_in_buckets(f'x{i}', one.column.cuts, buckets)} then x{i} end as x{i}"
        for i, one, buckets in zip(places, coarse, needed, strict=True)
    ]
    data.rows("create temp table refined (g integer, x double, n bigint)")
    for part, choice in zip(texts.parts, choices, strict=True):
        if choice is not None and not choice.rows:
            continue
        text = texts.open(part, again=True)
        records, given = records_of(
            scan, part, text, places, places, decimal, accounted=part.scan.names, choice=choice
        )
        query = f"""
            insert into refined
            select {set_number([f"x{i}" for i in places])} as g,
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
                from (select {number_in("t", self._decimal)} as x, t, n from counted where g = $g)
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
