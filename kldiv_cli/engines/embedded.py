"""The engine in DuckDB: text that is large is counted in one scan, outside of Python.

Nothing is read differently than in process. Whether a column is numeric is decided by the first
rows, by the engine in process; the distinct texts of a column, with their counts, then go through
the same counter. DuckDB itself decides on nothing: every field is text to it, and every byte of
the file must be accounted for by the fields, delimiters, quotes and line ends that it found, so
that no row, blank or field can be passed over. Where that does not add up, `UnsuitedError` leaves
the rows to the engine in process, which reads them, or says what is wrong and where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import counts
from kldiv_cli.core.binning import Bins, quantile_ranks, stand_ins
from kldiv_cli.core.grouped import Entries, concatenated
from kldiv_cli.core.table import Batch
from kldiv_cli.engines import UnsuitedError, grouping, joint, local, scanning
from kldiv_cli.engines.grouping import Counted
from kldiv_cli.engines.sql import BLANKS, DATE, DAY, Column, is_in_buckets, number_in
from kldiv_cli.errors import InputError, Place
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.table import Locator, Scan, Table
    from kldiv_cli.engines.joint import Pairs
    from kldiv_cli.engines.local import ColumnCounter
    from kldiv_cli.engines.scanning import Records

MOST_TEXTS = 200_000
"""Distinct texts of numbers that are converted in Python; DuckDB converts more of them."""
BUCKETS = 128
"""Buckets in which numbers are counted before those with a quantile are looked into."""
MOST_PAIRS = 1_000_000
"""Distinct cells of several columns that are handed to Python."""
FIELD = 8
"""Bytes that a field is taken to have, to guess how many rows a file has."""


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
    chooses = scan.where and scan.where.title
    names = [title for title in scan.names if title not in (None, chooses)]
    if not {*wanted.joint} <= {*names}:
        raise UnsuitedError("a column is not there")
    together = [scan.names.index(title) for title in wanted.joint]
    by = _group_by(wanted, scan)
    pairs = joint.Pairs(table, wanted, source) if wanted.joint else None
    grouped_by, wanted = wanted.grouping, joint.without_pairs(wanted)
    wanted = grouping.without_groups(wanted)
    if table.names is not None:
        # A name that is wrong is told before all is read.
        wanted.left_out(table.names, source)
    batches = iter(table.batches)
    head = _settled(batches, table, wanted, source)
    columns = [
        _column(position, head[title], scan, wanted, is_grouped=by is not None)
        for position, title in enumerate(scan.names)
        if title is not None and title in head
    ]
    if not columns and (by is not None or not together):
        raise UnsuitedError("no column is wanted")

    def new(title: str) -> ColumnCounter:
        counter = local.ColumnCounter(title, wanted, source, table)
        counter.like(head[title])
        return counter

    counters = {column.title: new(column.title) for column in columns}
    with scanning.opened(scan, source, table.decimal) as records:
        rows = records.count(columns, together, by)
        counted = _Counted(records, columns)
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
            _add_pairs(pairs, records, wanted.joint, source)
        if coarse:
            _refine(records, coarse)
        made_by, cells = _by_groups(records, columns) if by is not None else ([], {})
    _locate_refusals(batches, head, counters, new)
    found = local.data_set(counters, names, rows, table, wanted, source, name)
    found = found._replace(engine="DuckDB")
    if grouped_by is not None:
        groups = grouping.named(made_by, table, wanted, grouped_by)
        found = grouping.crossed(found, cells, groups, table, wanted, grouped_by)
    return found if pairs is None else pairs.beside(found)


def _group_by(wanted: Wanted, scan: Scan) -> int | None:
    """Return the position of the column that makes groups of rows; None if there are none.

    Raises
    ------
    UnsuitedError
        If rows weigh, which DuckDB adds up in another order each time, or if their order matters.
    """
    by = wanted.grouping
    if by is None:
        return None
    if by.weight is not None:
        raise UnsuitedError("weights are added up in the order of the rows")
    if by.column is None:
        raise UnsuitedError("the order of the rows matters")
    if by.column not in scan.names:
        raise UnsuitedError("a column is not there")
    return scan.names.index(by.column)


def _by_groups(
    records: Records, columns: Sequence[Column]
) -> tuple[list[str | None], dict[str, Counted]]:
    """Return the cells that make groups, and those of each column by groups."""
    found = records.data.arrays("select t from groups order by k")
    made_by: list[str | None] = _texts(found["t"]).tolist()
    counted = {}
    for number, column in enumerate(columns, start=1):
        given = {"g": number}
        query = "select id, t from counted where g = $g and id is not null"
        found = records.data.arrays(query, given)
        cells: list[str | None] | NDArray[np.float64] = _texts(found["t"]).tolist()
        ids = np.ma.getdata(found["id"])
        places = np.empty(int(ids.max(initial=-1)) + 1, np.int64)
        places[ids] = np.arange(len(ids))
        query = "select id, k, n from crossed where g = $g and x is null"
        found = records.data.arrays(query, given)
        place, group, n = (np.ma.getdata(found[name]) for name in ("id", "k", "n"))
        entries = Entries(places[place], group, n)
        if column.is_wide:
            query = "select x, k, n from crossed where g = $g and x is not null"
            found = records.data.arrays(query, given)
            doubles, group, n = (np.ma.getdata(found[name]) for name in ("x", "k", "n"))
            cells = np.append(grouping.doubles_of(records.decimal, True, cells), doubles)
            of_doubles = Entries(np.arange(len(ids), len(cells)), group, n)
            entries = concatenated([entries, of_doubles])
        counted[column.title] = Counted(cells, entries)
    return made_by, counted


def _add_pairs(pairs: Pairs, records: Records, titles: Sequence[str], source: str) -> None:
    """Hand on cells that were counted together; the engine in process tells of too many."""
    fields = ", ".join(f"j{k}" for k in range(len(titles)))
    if records.data.rows("select count(*) from counted where g < 0")[0][0] > MOST_PAIRS:
        raise UnsuitedError("there are many outcomes together")
    found = records.data.arrays(f"select {fields}, n from counted where g < 0")
    columns = {title: _texts(found[f"j{k}"]).tolist() for k, title in enumerate(titles)}
    size = len(found["n"])

    def place(_: int, title: str) -> Place:
        return Place(source, name=title)

    try:
        pairs.add(Batch(columns, size, place, np.ma.getdata(found["n"]).tolist()))
    except InputError as error:
        raise UnsuitedError(error.message) from error


# What the first rows say.


def _column(
    position: int, head: ColumnCounter, scan: Scan, wanted: Wanted, *, is_grouped: bool
) -> Column:
    """Return how a column is counted, as its first rows and later bins suggest."""
    title, is_numeric = head.name, head.is_numeric
    if not (is_numeric and _is_wide(head, scan)):
        return Column(position, title, is_numeric)
    found = Column(position, title, is_numeric, is_wide=True)
    # A table of two columns may have to be told from a distribution by all of its values, and
    # buckets have no groups.
    if len(scan.names) == 2 or head.drops_numbers or is_grouped:
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


def _refine(records: Records, coarse: Sequence[_Coarse]) -> None:
    """Hand numbers to counters: those in buckets with a quantile, and stand-ins for the others."""
    needed = [one.with_quantiles() for one in coarse]
    # Labels may take as much memory as these numbers do.
    records.data.rows("drop table counted")
    records.count_numbers(
        {
            one.column.position: is_in_buckets(f"x{one.column.position}", one.column.cuts, buckets)
            for one, buckets in zip(coarse, needed, strict=True)
        }
    )
    for number, (one, buckets) in enumerate(zip(coarse, needed, strict=True), start=1):
        sizes = one.sizes.copy()
        for bucket in buckets:
            # Millions of numbers at once would take several times their memory.
            inside = is_in_buckets("x", one.column.cuts, [bucket])
            query = f"select x, n from refined where g = $g and {inside}"
            found = records.data.arrays(query, {"g": number})
            values, repeats = np.ma.getdata(found["x"]), np.ma.getdata(found["n"])
            if Bins(one.column.cuts).count(values, repeats)[bucket] != sizes[bucket]:
                raise UnsuitedError("the file has changed")
            one.counter.add_numbers(values, repeats)
        sizes[buckets] = 0
        one.counter.add_numbers(*stand_ins(one.column.cuts, sizes))


# From what DuckDB counted to columns.


class _Counted:
    """The distinct values of columns, as the table ``counted`` holds them.

    Parameters
    ----------
    records : Records
        After `Records.count`.
    columns : sequence of Column
        In the same order.
    """

    def __init__(self, records: Records, columns: Sequence[Column]) -> None:
        self._data = records.data
        self._decimal = records.decimal
        self._columns = list(columns)
        self._sizes = dict(self._data.rows("select g, count(*) from counted group by g"))

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
        if sum(self._sizes[number] for number in numeric) <= local.MOST_NUMBERS:
            return
        # By groups, a number may be there several times.
        query = "select count(*) from (select distinct g, t, x from counted where g in $numbers)"
        if self._data.rows(query, {"numbers": numeric})[0][0] > local.MOST_NUMBERS:
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
            texts = _texts(found["t"])[is_text].tolist()
            counter.add(texts, place, repeats[is_text].tolist())
            if column.cuts:
                sizes[values.astype(np.int64)] = repeats[~is_text]
            else:
                counter.add_numbers(values, repeats[~is_text], place)
        elif column.is_numeric or size <= wanted.most_outcomes:
            cells, times = self._cells(number)
            counter.add(cells, place, times)
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
        absent = f"(t is null or regexp_full_match(t, '{BLANKS}') or list_contains($na, t))"
        given: dict[str, Any] = {"g": number, "na": sorted(wanted.missing_words(title))}
        query = f"""
            select count(t), sum(n)::bigint,
                count(t) filter (regexp_matches(t, '{DAY}')),
                count(t) filter (regexp_full_match(t, '{DATE}') and try_cast(t[:10] as date)
                    between '0002-01-01' and '9998-12-31')
            from counted where g = $g and not {absent}
        """
        distinct, rows, days, dates = self._data.rows(query, given)[0]
        if distinct <= most:
            cells, repeats = self._cells(number)
            counter.add(cells, place, repeats)
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
