"""The SQL of what DuckDB counts: records, numbers by the one grammar, and buckets of numbers.

It is made of positions, of numbers, and of words that stand here. Whatever a user or a file says
(names, values, paths) is a parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kldiv_cli import database
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kldiv_cli.core.table import Scan
    from kldiv_cli.engines.text_bytes import Part, Text

BUFFER = 8_000_000
"""Bytes of text that are read at once: DuckDB has several such buffers for each thread …"""
LONGEST = 2_000_000
"""… and refuses a record that is longer than this."""


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

    @property
    def text(self) -> str:
        """The key of its texts: the field, or whatever in it is no number."""
        return f"t{self.position}" if self.is_wide else f"c{self.position}"

    @property
    def double(self) -> str | None:
        """The key of its numbers, or of their buckets, if texts are not counted."""
        if not self.is_wide:
            return None
        return f"b{self.position}" if self.cuts else f"x{self.position}"

    @property
    def keys(self) -> list[str]:
        """What is grouped by."""
        return [self.text] if self.double is None else [self.double, self.text]

    def selected(self) -> str:
        """Return the SQL for these keys, from fields and their numbers."""
        field, number = f"c{self.position}", f"x{self.position}"
        if not self.is_wide:
            return field
        bucket = bucket_of(number, self.cuts) if self.cuts else number
        other = f"case when {number} is null then {field} end"
        return f"{other} as {self.text}, {bucket} as {self.double}"


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
            allow_quoted_nulls = false, compression = 'none', hive_partitioning = false,
            buffer_size = {BUFFER}, max_line_size = {LONGEST}
        ) {condition}
    ))"""
    return query, given


def grouped(
    columns: Sequence[Column],
    together: Sequence[int],
    source: str,
    by: int | None = None,
    *,
    sized: bool = True,
) -> str:
    """Return the SQL that counts columns of records: each value of each column, and all rows.

    The row whose `g` is 0 is of all records, with the bytes of their fields as `l`; see
    `kldiv_cli.engines.scanning.Records.count` for the others. Where the field at a position `by`
    makes groups of rows, it is counted like a last column, and each value in each group, of which
    `k` is the hash: to group by many texts takes longer. Adding up bytes does, too, where there
    are many groups: it is left out if not `sized`.
    """
    texts = [column.text for column in columns]
    doubles = [column.double for column in columns if column.double is not None]
    cells = [f"j{k}" for k in range(len(together))]
    selected = [column.selected() for column in columns]
    selected += [f"c{i} as {cell}" for i, cell in zip(together, cells, strict=True)]
    group = [] if by is None else ["k"]
    keys = [[*column.keys, *group] for column in columns]
    if by is not None:
        selected.append(f"c{by} as made_by, hash(c{by}) as k")
        texts.append("made_by")
        keys.append(["made_by", "k"])
    more = "".join(f"{key}, " for key in [*cells, *group])
    sets = [[], *keys, *([cells] if cells else [])]
    return f"""
        select {set_number(texts, *cells[:1])} as g, {more}
            coalesce({", ".join([*texts, "null"])})::varchar as t,
            coalesce({", ".join([*doubles, "null"])})::double as x,
            count(*) as n, {"coalesce(sum(l), 0)" if sized else "0"}::bigint as l
        from (select {", ".join([*selected, "l"])} from {source})
        group by grouping sets ({", ".join(f"({', '.join(each)})" for each in sets)})
    """


def set_number(keys: Sequence[str], last: str | None = None) -> str:
    """Return the SQL for the number of a grouping set, from 1, by a key of each.

    It is -1 of the set with the key `last`, if that is given.
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


DAY = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""How a label begins that may be a date …"""
_HOUR, _SIXTY = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
DATE = (
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
    rf"(?:[Tt ]{_HOUR}:{_SIXTY}(?::{_SIXTY}(?:[.,][0-9]{{1,12}})?)?"
    rf" ?(?:[Zz]|UTC|[+-]{_HOUR}(?::?{_SIXTY}(?::?{_SIXTY})?)?)?)?"
)
"""… and how one is written that is a date to `kldiv_cli.core.instants`, if there is such a day."""
BLANKS = (
    r"[\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}"
    r"\x{202f}\x{205f}\x{3000}]*"
)
"""What is blank to Python."""
