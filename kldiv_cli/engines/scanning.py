"""DuckDB reads the records of a table, and counts columns and numbers into tables of its own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kldiv_cli import database
from kldiv_cli.engines import UnsuitedError
from kldiv_cli.engines.sql import Choice, bytes_of, grouped, records_of, set_number
from kldiv_cli.engines.text_bytes import account, reading
from kldiv_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kldiv_cli.core.table import Scan
    from kldiv_cli.database import Database
    from kldiv_cli.engines.sql import Column
    from kldiv_cli.engines.text_bytes import Part, Text, Texts

MOST_VALUES = 200_000
"""Distinct values of the column by which rows are chosen."""


@contextmanager
def opened(scan: Scan, source: str, decimal: str) -> Iterator[Records]:
    """Open the texts of a scan, and a DuckDB that can read them.

    Parameters
    ----------
    scan : Scan
        How the rows are found.
    source : str
        The name of the source in errors.
    decimal : {".", ","}
        The decimal mark of numbers.

    Raises
    ------
    InputError
        If a limit of memory that was given is too small.
    UnsuitedError
        If DuckDB cannot read the texts, or fails.
    """
    try:
        with (
            reading(scan, source) as texts,
            database.connected(
                texts.paths, source, memory=scan.memory, threads=scan.threads
            ) as data,
        ):
            yield Records(data, texts, scan, decimal)
    except (database.failure(), OSError) as error:
        # There may be no room for its temporary files, either.
        raise UnsuitedError(f"DuckDB gave up ({type(error).__name__})") from error
    except InputError as error:
        # Hundreds of columns take more than was thought of, and in process they do not.
        if error.code != "memory-limit" or scan.memory is not None:
            raise
        raise UnsuitedError(error.message) from error


class Records:
    """The records of a table of text, which DuckDB reads part by part.

    Parameters
    ----------
    data : Database
        It can read the texts.
    texts : Texts
        The texts, part by part.
    scan : Scan
        How the rows are found in all of them.
    decimal : {".", ","}
        The decimal mark of numbers.
    """

    def __init__(self, data: Database, texts: Texts, scan: Scan, decimal: str) -> None:
        self.data = data
        self.decimal = decimal
        self._texts = texts
        self._scan = scan
        # The rows that are chosen of each part; None where all are.
        self._choices: list[Choice | None] = []

    def count(
        self, columns: Sequence[Column], together: Sequence[int] = (), by: int | None = None
    ) -> int:
        """Count all columns into the table ``counted``, and return the number of rows.

        The table has a row for each distinct value of each column: `g` is the number of the
        column from 1, `t` the text of the value, or `x` the number, and `n` how often it occurs.
        Where `g` is -1, the cells `j0`, `j1` and so on of the columns at the positions `together`
        are counted together.

        Where the field at the position `by` makes groups of rows, each text has a number `id`,
        too, by which the table ``crossed`` tells how often it occurs in each group: `k` is the
        number of the group, from 0, whose text stands in the table ``groups`` as `t`; what was
        read part by part is there part by part. A number `x` has no `id`: it stands in that table
        itself, and in ``counted`` for each group anew.

        Raises
        ------
        UnsuitedError
            If there are no rows, or they do not account for every byte of the texts.
        """
        total = 0
        name = "counted"
        for part in self._texts.parts:
            text = self._texts.open(part)
            choice = self._choose(part, text)
            self._choices.append(choice)
            if choice is None or choice.rows:
                if choice is not None:
                    text = self._texts.open(part, again=True)
                found = self._count_part(name, part, columns, together, by, text, choice)
                if choice is None:
                    account(text, part, *found)
                elif found != (choice.rows, choice.size):
                    raise UnsuitedError("the file has changed")
                total += found[0]
                if name == "part":
                    self.data.rows("insert into counted from part")
                name = "part"
            self._texts.next(part)
        if not total:
            raise UnsuitedError("there are no rows")
        if by is not None:
            self._cross(len(columns) + 1)
        elif len(self._choices) > 1:
            self.data.rows(
                "create or replace temp table counted as"
                " select * exclude (n, l), sum(n)::bigint as n from counted group by all"
            )
        return total

    def _cross(self, last: int) -> None:
        """Make the tables of groups, which were counted as column `last`.

        Values are read as numbers, and their texts but once; the counts of columns follow from
        those by groups.
        """
        self.data.rows("alter table counted rename to cells")
        query = """
            create temp table groups as select t, h, row_number() over () - 1 as k
            from (select distinct t, k as h from cells where g = $g)
        """
        self.data.rows(query, {"g": last})
        if self.data.rows("select count(*) - count(distinct h) from groups")[0][0]:
            raise UnsuitedError("two groups have one hash")
        query = """
            create temp table counted as select *, row_number() over () - 1 as id from (
                select * exclude (k, l, n), sum(n)::bigint as n from cells
                where x is null and g <> $g group by all
            )
        """
        self.data.rows(query, {"g": last})
        for query in (
            """
            create temp table crossed as select cells.g, counted.id, cells.x, groups.k, cells.n
            from cells
            join counted on cells.g = counted.g and cells.t is not distinct from counted.t
            join groups on cells.k = groups.h
            where cells.x is null
            """,
            # Numbers that are nearly all distinct are not worth being told apart.
            """
            insert into crossed by name select cells.g, cells.x, groups.k, cells.n
            from cells join groups on cells.k = groups.h
            where cells.x is not null
            """,
            "insert into counted by name select g, x, n from crossed where x is not null",
            "drop table cells",
        ):
            self.data.rows(query)

    def _choose(self, part: Part, text: Text) -> Choice | None:
        """Return which rows of a part are chosen, and account for all; None if all are."""
        where, constants = self._scan.where, part.scan.constants
        if where is None:
            return None
        if where.title in constants and where.is_wanted(constants[where.title]):
            return None
        at = self._scan.names.index(where.title)
        source, given = records_of(self._scan, part, text, [at])
        query = f"""
            create or replace temp table choices as
            select c{at} as t, count(*) as n, sum(l)::bigint as l from {source} group by c{at}
        """
        self.data.rows(query, given, self._texts.told(part))
        self._texts.finish(text, part)
        found = self.data.rows("select count(*), sum(n)::bigint, sum(l)::bigint from choices")
        distinct, rows, size = (number or 0 for number in found[0])
        account(text, part, rows, size)
        if distinct > MOST_VALUES:
            raise UnsuitedError("rows are chosen among too many values")
        chosen = [row for row in self.data.rows("from choices") if where.is_wanted(row[0])]
        rows, size = (sum(row[i] for row in chosen) for i in (1, 2))
        return Choice(at, [row[0] for row in chosen], rows, size)

    def _count_part(
        self,
        name: str,
        part: Part,
        columns: Sequence[Column],
        together: Sequence[int],
        by: int | None,
        text: Text,
        choice: Choice | None,
    ) -> tuple[int, int]:
        """Count all columns of a part into a table of some name.

        Returns
        -------
        rows, size : int
            How many rows there are, and the bytes of all their fields but for quotes.
        """
        # The bytes of fields whose texts are counted follow from the counts.
        of_text = {
            number: column.title
            for number, column in enumerate(columns, 1)
            if not column.is_wide and column.title in part.scan.names
        }
        if by is not None and self._scan.names[by] in part.scan.names:
            of_text[len(columns) + 1] = str(self._scan.names[by])
        accounted = {*of_text.values()}
        source, given = records_of(
            self._scan,
            part,
            text,
            [*(column.position for column in columns), *together, *([] if by is None else [by])],
            [column.position for column in columns if column.is_wide],
            self.decimal,
            accounted=accounted,
            choice=choice,
        )
        sized = not {*part.scan.names} <= accounted
        counts = grouped(columns, together, source, by, sized=sized)
        query = f"create or replace temp table {name} as {counts}"
        self.data.rows(query, given, None if choice else self._texts.told(part))
        self._texts.finish(text, part)
        rows, other = self.data.rows(f"select n, l from {name} where g = 0")[0]
        numbers = ", ".join(map(str, of_text)) or "0"
        query = f"""
            select coalesce(sum(n * {bytes_of(["t"])}), 0)::bigint
            from {name} where g > 0 and g in ({numbers})
        """
        return rows, other + self.data.rows(query)[0][0]

    def count_numbers(self, conditions: Mapping[int, str]) -> None:
        """Count some numbers of the same rows once more, into the table ``refined``.

        The table has a row for each distinct number of each part: `g` is the number of the
        column from 1, `x` the number, and `n` how often it occurs.

        Parameters
        ----------
        conditions : mapping of int to str
            For the position of each column the SQL for which of its numbers are counted.
        """
        places = list(conditions)
        selected = [f"case when {sql} then x{i} end as x{i}" for i, sql in conditions.items()]
        keys = [f"x{i}" for i in places]
        self.data.rows("create temp table refined (g integer, x double, n bigint)")
        for part, choice in zip(self._texts.parts, self._choices, strict=True):
            if choice is not None and not choice.rows:
                continue
            text = self._texts.open(part, again=True)
            source, given = records_of(
                self._scan,
                part,
                text,
                places,
                places,
                self.decimal,
                accounted=part.scan.names,
                choice=choice,
            )
            query = f"""
                insert into refined
                select {set_number(keys)} as g, coalesce({", ".join(keys)}, null) as x,
                    count(*) as n
                from (select {", ".join(selected)} from {source})
                group by grouping sets ({", ".join(f"({key})" for key in keys)})
            """
            self.data.rows(query, given)
            self._texts.finish(text, part)
