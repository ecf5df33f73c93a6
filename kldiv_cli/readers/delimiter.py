"""The delimiter: declared, or named by the extension, or shown by the first records."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from kldiv_cli.core.numbers import is_number, is_percent, without_separators
from kldiv_cli.core.table import SAMPLE
from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.readers.records import ESCAPE_HINT, SAMPLE_CELLS, long_fields, parsed
from kldiv_cli.readers.text import ESCAPED_QUOTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.records import Row

DELIMITERS = (",", ";", "\t", "|")
BY_FORMAT = {"csv": ",", "tsv": "\t"}
AS_CSV = "psql -At -F ',', mysql -B (tabs), sqlite3 -csv or duckdb -csv"
"""How programs that draw tables are asked for delimited text."""


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
        If no delimiter, or more than one, would do, or not the one that the name says, or the
        lines are a table that is drawn for people.
    UsageError
        If the declared delimiter cannot separate fields.
    """
    lines = [line for line in sample if _is_data(line, option.comment)]
    place = Place(source, 1)
    if option.decimal not in (".", ","):
        message = f"the decimal mark is '.' or ',', not {option.decimal[:20]!r}"
        raise UsageError("bad-decimal", message)
    if option.escape is not None:
        _check_escape(option.escape)
    _refuse_drawn(sample, lines, source)
    if option.delimiter is not None:
        return _declared(option.delimiter)
    if option.format is None and _is_uniq(lines):
        message = "this looks like the output of 'uniq -c'"
        hint = "--input-format uniq; --as samples --input-format csv if each line is one value"
        if all(is_number(line.split()[-1]) and len(line.split()) == 2 for line in lines):
            hint = "--input-format uniq if the count is first; --delimiter ' ' if it is last"
        raise InputError("looks-like-uniq", message, place, hint=hint)
    if len(lines) > 1 and is_footer(lines[-1:]):
        # It is no record, and refused as such when all is read.
        lines = lines[:-1]
    splits = {d: _fields(lines, d, option.escape) for d in DELIMITERS}
    even = [d for d, fields in splits.items() if fields > 1]
    named = BY_FORMAT.get(format_)
    if not even:
        _refuse_quoted(lines, option, source)
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
    if len(rivals) == 1 and splits[named] < 2 and named == option.decimal:
        return rivals[0]
    if rivals and (splits[named] < 2 or named == ","):
        says = f"the name says that {_spelt(named)} separates the fields"
        message = f"{says}, but {_spelt(rivals[0])} seems to"
        hint = _options(lines, rivals[0])
        if splits[named] > 1:
            hint += f", or --delimiter {_spelt(named)} if it is that"
        raise InputError("which-delimiter", message, place, hint=hint)
    return named


def is_uniq(sample: list[str], option: ReadOptions, format_: str) -> bool:
    """Return whether lines are what ``uniq -c`` prints, and neither name nor user say otherwise.

    Only counts that stand below each other, with blanks in front of them, leave no doubt.
    """
    if format_ != "text" or option.format is not None or option.delimiter is not None:
        return False
    lines = [line for line in sample if line.strip()]
    return _is_uniq(lines) and any(line[0] in " \t" for line in lines)


def refuse_exposition(lines: list[str], source: str) -> None:
    """Refuse the text format of Prometheus, where lines hold buckets of a histogram.

    Raises
    ------
    InputError
        If a line does.
    """
    for number, line in enumerate(lines, start=1):
        if "_bucket{" in line and 'le="' in line:
            from kldiv_cli.readers.histograms import cumulative

            raise cumulative(Place(source, number))


def _check_escape(escape: str) -> None:
    if len(escape) != 1 or escape in '"\r\n\0.+-' or escape.isalnum():
        message = f"{escape[:20]!r} cannot escape quotes"
        raise UsageError("bad-escape", message, hint=r"one character: --escape '\'")


def _refuse_drawn(sample: list[str], lines: list[str], source: str) -> None:
    """Refuse a table with drawn rules, as ``psql`` shows it to people."""
    for number, line in enumerate(lines[:3]):
        if any(map(str.isalnum, line)):
            continue
        # A rule of a single column has no joints, and stands below a name with blanks around it.
        lone = number == 1 and lines[0][0] == " " and re.fullmatch("-{2,}", line.rstrip())
        if _is_rule(line.rstrip(), below_names=number == 1) or lone:
            message = "these lines are a table that is drawn for people, with rules between rows"
            place = Place(source, sample.index(line) + 1)
            raise InputError(
                "drawn-table", message, place, hint=f"write it without rules: {AS_CSV}"
            )


def _refuse_quoted(lines: list[str], option: ReadOptions, source: str) -> None:
    """Refuse quoted fields that blanks separate, or whose quotes are escaped by a backslash."""
    if not any('"' in line for line in lines):
        return
    is_escaped = option.escape is None and ESCAPED_QUOTE in "".join(lines)
    if is_escaped and any(_fields(lines, d, "\\") > 1 for d in DELIMITERS):
        message = "a backslash seems to stand before quotes inside quoted fields"
        raise InputError("bad-quote", message, Place(source, 1), hint=ESCAPE_HINT)
    widths = [len(row) for row in _split(lines, " ", option.escape)]
    if _split(lines, ",", option.escape) == _NO_RECORDS and is_even(widths) and widths[-1] > 1:
        message = "blanks seem to separate these fields"
        hint = "--delimiter ' '"
        raise InputError("which-delimiter", message, Place(source, 1), hint=hint)


_JOINTS = r"[+|┼╪╋┬┴├┤│┌┐└┘╭╮╰╯╞╡╔╗╚╝╠╣╦╩╬║┃┏┓┗┛┡┩╇╈]|(?<=\S) +(?=\S)"
_DASHES = "[-=:─━═╌┄]*"


def _is_rule(line: str, *, below_names: bool) -> bool:
    """Return whether a line is a rule of a drawn table: dashes with joints among them."""
    bare, joints = re.subn(_JOINTS, "", line.strip())
    if below_names and not joints:
        # The rule of sqlcmd has delimiters for joints.
        bare, joints = re.subn("(?<=---)[,;\t](?=---)", "", line)
    return joints > 0 and len(bare) > 2 and re.fullmatch(_DASHES, bare) is not None


def is_footer(row: Sequence[str]) -> bool:
    """Return whether a record is the count of rows that ``psql`` or ``sqlcmd`` writes last."""
    last = row[0].strip() if len(row) == 1 else ""
    return last[:1] == "(" and re.fullmatch(_FOOTER, last) is not None


_FOOTER = r"\([0-9]+ rows?(?: affected)?\)"


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


def _fields(lines: list[str], delimiter: str, escape: str | None = None) -> int:
    """Return into how many fields a delimiter splits each of the lines; 0 if unevenly.

    The first record may have one field fewer, as in a table of R whose rows have names.
    """
    if not any(delimiter in line for line in lines):
        return 1
    if delimiter not in lines[0] and '"' not in lines[0]:
        return 0
    widths = [len(row) for row in _split(lines, delimiter, escape)]
    return widths[-1] if is_even(widths) else 0


_NO_RECORDS: list[list[str]] = [[], [], [""]]
"""What lines are split into that are none of records."""


def is_even(widths: Sequence[int]) -> bool:
    """Return whether records have one width, or all but the first have one field more.

    So does R write a table whose rows have names: the header has no name for these. No records
    have no width.
    """
    return len({*widths}) == 1 or (len(widths) > 1 and {*widths[1:]} == {widths[0] + 1})


def _split(lines: list[str], delimiter: str, escape: str | None = None) -> list[Row]:
    """Return the records of the first lines, without one that is cut."""
    rows: list[Row] = []
    try:
        with long_fields():
            rows.extend(parsed(lines, delimiter, escape))
    except csv.Error as error:
        if "unexpected end" not in str(error):
            return _NO_RECORDS
    return [row for row in rows if row]


def _decimal(lines: list[str], delimiter: str) -> str:
    """Return the decimal mark of columns that hold numbers below their first cells, or ''."""
    rows = _split(lines, delimiter)
    if len(rows) > 1:
        # In a table of R the header has no name for the first column.
        rows = [row[len(row) - len(rows[0]) :] for row in rows[1:]]
    columns = [*zip(*rows, strict=True)]
    numeric = {mark: [c for c in columns if _are_numbers(c, mark)] for mark in ".,"}
    # Whole numbers tell no mark.
    marked = {mark for mark in ".," for c in numeric[mark] if any(mark in cell for cell in c)}
    if marked == {","} or not numeric["."]:
        return "," if numeric[","] else ""
    return "."


def _are_numbers(cells: Sequence[str], decimal: str) -> bool:
    # The other mark may separate thousands.
    plain = without_separators("," if decimal == "." else ".", decimal)
    return all(is_number(cell, decimal) or is_percent(cell, decimal) for cell in map(plain, cells))


def _is_uniq(lines: list[str]) -> bool:
    """Say whether lines are what ``uniq -c`` prints: blanks, a count, one blank, a text."""
    matches = [re.match(r"[ \t]*[1-9][0-9]* ([^\r\n]*)", line) for line in lines]
    if not all(matches) or not any(match and match[1].strip() for match in matches):
        return False
    return lines[0][0] == " " or not any(d in lines[0] for d in DELIMITERS)
