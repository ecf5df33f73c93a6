"""Delimited text: CSV, TSV, and text whose delimiter its first records show."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from kldiv_cli.core.numbers import is_number, looks_like_a_number
from kldiv_cli.core.table import Batch, Faults, Table
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.readers import delimiter
from kldiv_cli.readers.reading import Reading, Rows
from kldiv_cli.readers.records import Records, long_fields
from kldiv_cli.readers.selection import Choice, Columns, joined
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.reading import Role
    from kldiv_cli.readers.records import Row
    from kldiv_cli.readers.selection import Numeric
    from kldiv_cli.readers.stream import ByteStream

BATCH_CELLS = 16_384


def load(stream: ByteStream, wanted: Sequence[ReadOptions], format_: str) -> list[Reading]:
    """Read a table: an outcome column and a weight column for every side."""
    with long_fields():
        table, format_, notes, details = _opened(stream, wanted[0], format_)
        return _read(table, wanted, format_, notes, details)


def rows(stream: ByteStream, option: ReadOptions, format_: str) -> Table:
    """Read raw rows, as they stream in."""
    named = format_ != "text"
    table, format_, notes, _ = _opened(stream, option, format_)
    return Table(
        format_, _batches(table, option, notes, named=named), notes=notes, decimal=option.decimal
    )


def _opened(
    stream: ByteStream, option: ReadOptions, format_: str
) -> tuple[Records, str, list[Note], dict[str, str]]:
    text = Text(stream, option.encoding)
    lines = text.lines()
    sample = list(delimiter.sample_lines(lines, option.comment))
    separator = delimiter.find(sample, option, format_, stream.source)
    if format_ == "text":
        format_ = {",": "csv", "\t": "tsv"}.get(separator, "text")
    table = Records(stream.source, chain(sample, lines), separator, option.comment)
    return table, format_, text.notes, {"encoding": text.encoding, "delimiter": repr(separator)}


def _batches(
    table: Records, option: ReadOptions, notes: list[Note], *, named: bool
) -> Iterator[Batch]:
    """Yield raw rows in batches, and at the end what was wrong with some."""
    source, faults = table.source, Faults()
    with long_fields():
        rows, lines = table.sample()
        if not rows:
            raise InputError("no-rows", "there are only blank lines or comments", Place(source))
        width = len(rows[0])
        if set(map(len, rows)) != {width}:
            raise _ragged(table, width, rows, lines)
        header = option.header
        if header is None:
            header = _names_columns(rows, option.decimal, Place(source, lines[0]))
            if not header:
                message = "the first row is read as data: it holds numbers"
                advice = "--header if it names the columns, --no-header if it does not"
                notes.append(Note("no-header", message, source, advice=advice, repair=True))
            elif width == 1 and not named:
                message = f"the first row is read as the column's name: {rows[0][0][:40]!r}"
                notes.append(Note("header", message, source, advice="--no-header if it is data"))
        names = [str(i + 1) for i in range(width)]
        if header:
            names = _distinct(rows[0], source)
            rows, lines = rows[1:], lines[1:]
        batch: tuple[Sequence[Row], Sequence[int]] | None = (rows, lines)
        while batch is not None:
            yield _transposed(*_regular(*batch, width, faults, source), names, source)
            batch = table.batch(max(1, BATCH_CELLS // width), faults)
    faults.check()
    if width == 1 and table.inner_blank is not None and not option.comment:
        place = Place(source, table.inner_blank)
        hint = 'write "" where a value is missing'
        raise InputError("blank-line", "a blank line stands among the values", place, hint=hint)


def _transposed(rows: Sequence[Row], lines: Sequence[int], names: list[str], source: str) -> Batch:
    def place(i: int, name: str) -> Place:
        index = names.index(name)
        return Place(source, lines[i], index + 1, name, rows[i][index])

    cells = zip(*rows, strict=True) if rows else ((),) * len(names)
    return Batch(dict(zip(names, cells, strict=True)), len(rows), place)


def _distinct(header: Row, source: str) -> list[str]:
    """Return the names of the columns; a nameless one, as of an index, is called by its place."""
    names = [name.strip() or f"column {i + 1}" for i, name in enumerate(header)]
    for name in names:
        if names.count(name) > 1:
            message = f"{names.count(name)} columns are called {name[:60]!r}"
            hint = "rename all but one of them; --no-header if the first row holds data"
            raise InputError("duplicate-columns", message, Place(source), hint=hint)
    return names


def _names_columns(rows: Sequence[Row], decimal: str, first_row: Place) -> bool:
    """Say whether the first of raw rows holds names: it does unless there is a number in it."""
    first = rows[0]
    numbers = [i for i, cell in enumerate(first) if is_number(cell, decimal)]
    if not numbers:
        return True
    below = _columns(first_row.source, first, rows[1:] or rows, len(first), decimal)
    data = [i for i in range(len(first)) if below.numeric[i] == "all"]
    # Numbers above every column of numbers are data; above some of them, who knows.
    if set(numbers) >= set(data) and data:
        return False
    raise InputError(
        "which-header",
        "the first row may hold names or data",
        replace(first_row, column=numbers[0] + 1, value=first[numbers[0]]),
        hint="--header if it holds names, --no-header if it holds data",
    )


def _read(
    table: Records,
    wanted: Sequence[ReadOptions],
    format_: str,
    notes: list[Note],
    details: dict[str, str],
) -> list[Reading]:
    source = table.source
    faults = Faults()
    rows, lines = table.sample()
    if not rows:
        raise InputError("no-rows", "there are only blank lines or comments", Place(source))
    width = len(rows[0])
    if set(map(len, rows)) != {width}:
        raise _ragged(table, width, rows, lines)
    header = _has_header(rows, wanted, Place(source, lines[0]))
    if header is False and wanted[0].header is None:
        message = "the first row is read as data: its weight is a number"
        advice = "--header if it names the columns, --no-header if it does not"
        notes = [*notes, Note("no-header", message, source, advice=advice, repair=True)]
    names = rows[0] if header else None
    if header:
        rows, lines = rows[1:], lines[1:]
    columns = _columns(source, names, rows, width, wanted[0].decimal)
    choices = columns.choose(wanted)
    sides = [
        Rows(option, faults, labelled=choice.label is not None)
        for option, choice in zip(wanted, choices, strict=True)
    ]
    batch: tuple[Sequence[Row], Sequence[int]] | None = (rows, lines)
    while batch is not None:
        regular = _regular(*batch, width, faults, source)
        for side, choice in zip(sides, choices, strict=True):
            _feed(side, choice, *regular, columns)
        batch = table.batch(max(1, BATCH_CELLS // width), faults)
    if width == 1 and table.inner_blank is not None and not wanted[0].comment:
        message = "a blank line stands where a number is expected"
        faults.add(Fault("missing-weight", message), partial(Place, source, table.inner_blank))
    return [
        side.finish(
            source,
            format_,
            columns.name(choice.weight) or f"column {choice.weight + 1}",
            [*notes, *choice.notes],
            {**details, "header": "yes" if header else "no", **columns.details(choice)},
        )
        for side, choice, option in zip(sides, choices, wanted, strict=True)
    ]


def _feed(
    side: Rows, choice: Choice, rows: Sequence[Row], lines: Sequence[int], columns: Columns
) -> None:
    def place(i: int, role: Role) -> Place:
        index = choice.weight if role == "weight" or choice.label is None else choice.label
        return Place(columns.source, lines[i], index + 1, columns.name(index), rows[i][index])

    labels = None if choice.label is None else list(map(itemgetter(choice.label), rows))
    if choice.group is not None and labels is not None:
        labels = joined(map(itemgetter(choice.group), rows), labels)
    side.add(labels, list(map(itemgetter(choice.weight), rows)), place)


def _regular(
    rows: Sequence[Row],
    lines: Sequence[int],
    width: int,
    faults: Faults,
    source: str,
    *,
    comment: bool = False,
) -> tuple[Sequence[Row], Sequence[int]]:
    """Return the rows that have as many fields as the first; the others are faults."""
    if set(map(len, rows)) <= {width}:
        return rows, lines
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            hint = "quote a field that holds the delimiter or a line end"
            if row[0].startswith("#") or comment:
                hint = "--comment '#' if lines that begin so are comments"
            message = f"found {len(row)} fields, expected {width} as in the first row"
            faults.add(Fault("ragged-row", message, hint), partial(Place, source, line))
    kept = [i for i, row in enumerate(rows) if len(row) == width]
    return [rows[i] for i in kept], [lines[i] for i in kept]


def _ragged(table: Records, width: int, rows: Sequence[Row], lines: Sequence[int]) -> InputError:
    """Count the ragged rows where those of the sample show that columns are uncertain."""
    faults = Faults()
    comment = rows[0][0].startswith("#")
    batch: tuple[Sequence[Row], Sequence[int]] | None = (rows, lines)
    while batch is not None:
        _regular(*batch, width, faults, table.source, comment=comment)
        batch = table.batch(max(1, BATCH_CELLS // width), faults)
    faults.check()
    raise AssertionError("the sample has ragged rows")


def _columns(
    source: str, names: Row | None, rows: Sequence[Row], width: int, decimal: str
) -> Columns:
    numeric: list[Numeric] = []
    for i in range(width):
        numbers = sum(is_number(row[i], decimal) for row in rows)
        if not numbers and not any(row[i].strip() for row in rows) and rows:
            numeric.append("blank")
        else:
            numeric.append("all" if numbers == len(rows) > 0 else "some" if numbers else "none")
    advice = ""
    if decimal == "." and any(is_number(cell, ",") for row in rows for cell in row):
        advice = "--decimal ',' if the comma is a decimal mark"
    return Columns(source, names, numeric, advice=advice)


def _has_header(rows: Sequence[Row], wanted: Sequence[ReadOptions], first_row: Place) -> bool:
    """Say whether the first row holds names: it does unless its weight cell is a number."""
    if wanted[0].header is not None:
        return wanted[0].header
    first, decimal = rows[0], wanted[0].decimal
    words = [word for option in wanted for word in (option.label, option.weight) if word]
    if not all(word.isascii() and word.isdigit() for word in words):
        return True
    # A word of digits counts columns, unless it counts too far and is a name.
    if any(int(word[:9]) > len(first) and word in first for word in words):
        return True
    below = _columns(first_row.source, first, rows[1:] or rows, len(first), decimal)
    index = _weight_column(below, first, wanted[0].weight)
    if index is None:
        return True
    cell = first[index]
    beside = [first[i] for i in range(len(first)) if i != index and below.numeric[i] == "all"]
    # What stands above other columns of numbers must be of the same sort.
    if not looks_like_a_number(cell) and not any(is_number(other, decimal) for other in beside):
        return True
    names = len(rows) > 2 and not all(map(looks_like_a_number, beside))
    if is_number(cell, decimal) and not names:
        return False
    raise InputError(
        "which-header",
        "the first row may hold names or data",
        replace(first_row, column=index + 1, value=cell),
        hint="--header if it holds names, --no-header if it holds data",
    )


def _weight_column(below: Columns, first: Row, weight: str | None) -> int | None:
    """Return the column of the weights as the rows below the first show it, if they do."""
    if weight and 1 <= int(weight[:9]) <= len(first):
        return int(weight[:9]) - 1
    numbers = [i for i in range(len(below)) if below.has_numbers(i)]
    obvious = [i for i in below.obvious() if i in numbers]
    unnamed = [i for i in numbers if looks_like_a_number(first[i])]
    if len(numbers) > 1 and not obvious:
        # Of two columns the second; of more, any that may have no name.
        numbers = [1] if len(below) == 2 else unnamed
    found = obvious or numbers
    return found[-1] if found else None
