"""The delimiter: declared, or named by the extension, or shown by the first records."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from kldiv_cli.core.numbers import is_number
from kldiv_cli.core.table import SAMPLE
from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.readers.records import SAMPLE_CELLS, long_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.records import Row

DELIMITERS = (",", ";", "\t", "|")
BY_FORMAT = {"csv": ",", "tsv": "\t"}


def sample_lines(lines: Iterator[str], comment: str | None) -> Iterator[str]:
    """Yield the lines that hold the first records."""
    count = size = 0
    for line in lines:
        yield line
        count += _is_data(line, comment)
        size += len(line)
        if count >= SAMPLE or size > SAMPLE_CELLS:
            return


def _is_data(line: str, comment: str | None) -> bool:
    """Say whether a line says anything about columns, as comments and blank lines do not."""
    return bool(line.strip()) and not (comment and line.startswith(comment))


def find(sample: list[str], option: ReadOptions, format_: str, source: str) -> str:
    """Return the delimiter.

    Raises
    ------
    InputError
        If no delimiter, or more than one, would do, or not the one that the name says.
    UsageError
        If the declared delimiter cannot separate fields.
    """
    lines = [line for line in sample if _is_data(line, option.comment)]
    place = Place(source, 1)
    if option.decimal not in (".", ","):
        message = f"the decimal mark is '.' or ',', not {option.decimal[:20]!r}"
        raise UsageError("bad-decimal", message)
    if option.delimiter is not None:
        return _declared(option.delimiter)
    if option.format is None and _is_uniq(lines):
        message = "this looks like the output of 'uniq -c'"
        hint = "--input-format uniq, or --input-format csv if it is not"
        raise InputError("looks-like-uniq", message, place, hint=hint)
    splits = {d: _fields(lines, d) for d in DELIMITERS}
    even = [d for d, fields in splits.items() if fields > 1]
    named = BY_FORMAT.get(format_)
    if named is None:
        if len(even) == 1:
            return even[0]
        if set(splits.values()) == {1}:
            # One column: whatever could split it does not occur.
            return ","
        message = "none of , ; TAB | splits these lines evenly"
        hint = f"--delimiter {_spelt(max(DELIMITERS, key=''.join(lines).count))}"
        if even:
            message = f"{' and '.join(map(_spelt, even))} could split these lines"
            hint = " or ".join(_options(lines, d) for d in even)
        raise InputError("which-delimiter", message, place, hint=hint)
    rivals = [d for d in even if d != named and _decimal(lines, d)]
    if rivals and (splits[named] < 2 or named == ","):
        says = f"the name says that {_spelt(named)} separates the fields"
        message = f"{says}, but {_spelt(rivals[0])} seems to"
        hint = _options(lines, rivals[0])
        if splits[named] > 1:
            hint += f", or --delimiter {_spelt(named)} if it is that"
        raise InputError("which-delimiter", message, place, hint=hint)
    return named


def _declared(delimiter: str) -> str:
    character = {"\\t": "\t", "tab": "\t", "TAB": "\t"}.get(delimiter, delimiter)
    if len(character) != 1 or character in '"\r\n\0.+-' or character.isalnum():
        message = f"{delimiter[:20]!r} cannot separate fields"
        hint = "one character: --delimiter ';' (or ',', '|', tab)"
        raise UsageError("bad-delimiter", message, hint=hint)
    return character


def _options(lines: list[str], delimiter: str) -> str:
    decimal = " --decimal ','" if delimiter != "," and _decimal(lines, delimiter) == "," else ""
    return f"--delimiter {_spelt(delimiter)}{decimal}"


def _spelt(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else f"'{delimiter}'"


def _fields(lines: list[str], delimiter: str) -> int:
    """Return into how many fields a delimiter splits each of the lines; 0 if unevenly."""
    if not any(delimiter in line for line in lines):
        return 1
    if delimiter not in lines[0] and '"' not in lines[0]:
        return 0
    counts = {len(row) for row in _split(lines, delimiter)}
    return counts.pop() if len(counts) == 1 else 0


def _split(lines: list[str], delimiter: str) -> list[Row]:
    """Return the records of the first lines, without one that is cut."""
    rows: list[Row] = []
    try:
        with long_fields():
            rows.extend(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" not in str(error):
            return [[], [""]]
    return [row for row in rows if row]


def _decimal(lines: list[str], delimiter: str) -> str:
    """Return the decimal mark of columns that hold numbers below their first cells, or ''."""
    rows = _split(lines, delimiter)
    columns = [*zip(*(rows[1:] or rows), strict=True)]
    numeric = {mark: [c for c in columns if all(is_number(x, mark) for x in c)] for mark in ".,"}
    # Whole numbers tell no mark.
    marked = {mark for mark in ".," for c in numeric[mark] if any(mark in cell for cell in c)}
    if marked == {","} or not numeric["."]:
        return "," if numeric[","] else ""
    return "."


def _is_uniq(lines: list[str]) -> bool:
    """Say whether lines are what ``uniq -c`` prints: blanks, a count, one blank, a text."""
    matches = [re.match(r"[ \t]*[0-9]+ ([^\r\n]*)", line) for line in lines]
    if not all(matches) or not any(match and match[1].strip() for match in matches):
        return False
    return lines[0][0] == " " or not any(d in lines[0] for d in DELIMITERS)
