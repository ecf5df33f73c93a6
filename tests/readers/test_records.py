"""Records of delimited text: lines that are split are what the parser makes of them."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.table import Faults
from kldiv_cli.errors import InputError
from kldiv_cli.readers import records as records_module
from kldiv_cli.readers.records import Records
from kldiv_cli.readers.text import Lines

cells = st.text(st.sampled_from("ab #"), max_size=2) | st.sampled_from(["", '"x"', '"a,b"', "\\N"])
ends = st.sampled_from(["\n"] * 8 + ["\r\n"])
even = st.integers(1, 3).flatmap(
    lambda width: st.lists(
        st.builds(
            "{}{}".format, st.lists(cells, min_size=width, max_size=width).map(",".join), ends
        ),
        max_size=12,
    )
)
anything = st.text(st.sampled_from('ab,"\r\n\\#'), max_size=30).map(
    lambda text: [line + "\n" for line in text.split("\n")]
)
lines = st.one_of(even, anything, st.tuples(even, anything).map(lambda both: both[0] + both[1]))


def records_of(lines, size, *options):
    """Return records whose lines come some at a time."""
    pieces = ["".join(lines[i : i + size]) for i in range(0, len(lines), size)]
    return Records("x", Lines(pieces, "\n", set()), ",", *options)


def split(lines, size, *options):
    """Return cells and lines of records, split where that can be done, and how many were."""
    records, faults = records_of(lines, size, *options), Faults()
    width = len(next(csv.reader(lines), None) or " ")
    rows, starts, number = [], [], 0
    try:
        while True:
            while found := records.block(width):
                columns, first = found
                rows += map(list, zip(*columns.values(), strict=True))
                starts += range(first, first + columns.size)
                number += columns.size
            if (batch := records.batch(size, faults)) is None:
                return rows, starts, records.inner_blank, number
            rows += batch[0]
            starts += batch[1]
    except InputError as error:
        return error.code, error.places[0].line, None, number


def parsed(lines, size, *options):
    """Return cells and lines of records as the parser finds them, and a blank line among them."""
    records, faults = records_of(lines, len(lines) or 1, *options), Faults()
    rows, starts = [], []
    try:
        while (batch := records.batch(size, faults)) is not None:
            rows += batch[0]
            starts += batch[1]
    except InputError as error:
        return error.code, error.places[0].line, None
    return rows, starts, records.inner_blank


def without_nulls(found):
    """Return what was found with empty cells for nulls, which lines that are split have."""
    if isinstance(found[0], str):
        return tuple(found)
    return [["" if cell == "\\N" else cell for cell in row] for row in found[0]], *found[1:]


@given(lines, st.integers(1, 5), st.sampled_from([None, "#", "a"]), st.sampled_from([None, "\\"]))
def test_lines_that_are_split_are_what_the_parser_makes_of_them(lines, size, comment, escape):
    try:
        next(csv.reader(lines, strict=True), None)
    except csv.Error:
        return
    *found, _ = split(lines, size, comment, escape)
    assert without_nulls(found) == without_nulls(parsed(lines, size, comment, escape))


def test_lines_without_quotes_are_split():
    lines = [f"{i},\\N, x\r\n" for i in range(6)]
    rows, starts, blank, number = split(lines, 4, None)
    assert rows == [[str(i), "", " x"] for i in range(6)]
    assert (starts, blank, number) == ([1, 2, 3, 4, 5, 6], None, 6)


@pytest.mark.parametrize(
    "line", ['"a",b\n', "a\rb,c\n", "a\n", "a,b,c\n", "\n", "#a,b\n", "a,\\,b\n"]
)
def test_lines_that_take_a_parser_are_not_split(line):
    records = records_of(["a,b\n", line], 1, "#", "\\")
    columns, first = records.block(2)
    assert (columns.row(0), first) == (["a", "b"], 1)
    assert records.block(2) is None
    assert records.block(2) is None  # nothing was lost
    with_parser = records_of(["a,b\n", line], 2, "#", "\\")
    with_parser.batch(1, Faults())
    outcomes = []
    for each in (records, with_parser):
        try:
            outcomes.append(each.batch(1, Faults()))
        except InputError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_a_blank_line_of_a_single_column_is_no_record():
    records = records_of(["a\n", "\n", "b\n"], 3, None)
    assert records.block(1) is None
    assert records.batch(3, Faults()) == ([["a"], ["b"]], [1, 3])
    assert records.inner_blank == 2


def test_a_field_that_is_too_long_is_left_to_the_parser(monkeypatch):
    monkeypatch.setattr(records_module, "FIELD", 5)
    assert records_of(["abc,def\n"], 1, None).block(2) is None
