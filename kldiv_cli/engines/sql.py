"""The SQL of what DuckDB counts: records, numbers by the one grammar, and buckets of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kldiv_cli import database

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kldiv_cli.core.table import Scan
    from kldiv_cli.engines.text_bytes import Part, Text


class Choice(NamedTuple):
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


def records_of(
    scan: Scan,
    part: Part,
    text: Text,
    used: Iterable[int],
    numeric: Sequence[int] = (),
    decimal: str = ".",
    *,
    accounted: Collection[str | None] = (),
    choice: Choice | None = None,
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
    numbers = [f"{number_in(f'c{i}', decimal)} as x{i}" for i in numeric]
    types = ", ".join(f"f{j}: 'VARCHAR'" for j in range(len(part.scan.names)))
    query = f"""(select {", ".join(["*", *numbers])} from (
        select {", ".join([*selected, f"{bytes_of(rest)} as l"])} from read_csv(
            $paths, columns = {{{types}}}, auto_detect = false, header = false, skip = $skip,
            delim = $delimiter, quote = '"', escape = '"', strict_mode = true, nullstr = '\\N',
            allow_quoted_nulls = false, compression = 'none', hive_partitioning = false
        ) {condition}
    ))"""
    return query, given


def set_number(keys: Sequence[str], last: str | None = None) -> str:
    """Return the SQL for the number of a grouping set, from 1, by the first key of each.

    It is -1 of the set whose first key is `last`, if that is given.
    """
    numbers = [f"{i} * (1 - grouping({key}))" for i, key in enumerate(keys, start=1)]
    return " + ".join(numbers + ([f"grouping({last}) - 1"] if last else [])) or "0"


def bytes_of(fields: Sequence[str]) -> str:
    """Return the SQL for the bytes of fields but for quotes; a null is written with two."""
    if not fields:
        return "0"
    written = ", ".join(f"coalesce({field}, '\\N')" for field in fields)
    return f"strlen(replace(concat({written}), '\"', ''))"


def number_in(text: str, decimal: str) -> str:
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


def bucket_of(number: str, cuts: Sequence[float]) -> str:
    """Return the SQL for the place of a number among cuts: of buckets that are closed above."""

    def among(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        below, above = among(low, middle), among(middle + 1, high)
        return f"case when {number} <= '{cuts[middle]!r}'::double then {below} else {above} end"

    return f"case when {number} is not null then {among(0, len(cuts))} end"


def is_in_buckets(number: str, cuts: Sequence[float], buckets: Sequence[int]) -> str:
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
