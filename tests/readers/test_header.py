"""One rule for headers: the weight column decides, or all columns of raw rows do."""

import pytest

from kldiv_cli.core.table import Batch, Table
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.header import with_names
from kldiv_cli.readers.options import ReadOptions


def settled(*rows, raw=False, named=True, wanted=None, **options):
    """Return the names and the rest of a table of these rows."""
    columns = dict(enumerate(zip(*rows, strict=True)))
    first = Batch(columns, len(rows), lambda i, key: Place("x", i + 1, key + 1))
    table = Table("csv", [first], positional=True, named=named)
    found = with_names(table, wanted or [ReadOptions(**options)], "x", raw=raw)
    (batch,) = found.batches
    return found, list(zip(*batch.columns.values(), strict=True))


# What stands in the first row above ("red", "5") and ("blue", "3"), and whether it holds names:
# for weights, and for raw rows.
ROWS = {
    ("colour", "count"): (True, True),
    ("green", "1"): (False, False),
    ("green", "x1"): (True, True),
    ("1", "count"): (True, None),
    ("", ""): (None, True),
    ("colour", "2020"): (False, False),
    ("colour", "nan"): (None, True),
    ("colour", "12%"): (False, True),
    ("colour", "0"): (None, None),
    ("0", "1"): (None, None),
    ("", "0"): (None, None),
    ("2024-01-05", "0"): (False, False),
}


@pytest.mark.parametrize("raw", [False, True], ids=["weights", "raw rows"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rule(row, raw):
    expected = ROWS[row][raw]
    if expected is None:
        with pytest.raises(InputError) as caught:
            settled(row, ("red", "5"), ("blue", "3"), raw=raw)
        assert caught.value.code == "which-header"
        assert caught.value.places[0].line == 1
        return
    found, rest = settled(row, ("red", "5"), ("blue", "3"), raw=raw)
    assert found.names == (list(row) if expected else None)
    assert rest == [*[row] * (not expected), ("red", "5"), ("blue", "3")]
    assert [note.code for note in found.notes] == ["no-header"] * (not expected)
    assert found.details["header"] == ("yes" if expected else "no")


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("header", [False, True])
def test_the_user_decides(header, raw):
    for row in ROWS:
        found, _ = settled(row, ("red", "5"), header=header, raw=raw)
        assert found.names == (list(row) if header else None)
        assert not found.notes


def test_numbers_above_some_columns_of_numbers_alone():
    rows = [("1", "2", "3"), ("4", "5", "6")]
    with pytest.raises(InputError) as caught:
        settled(("a", "2020", "b"), *rows, raw=True)
    place = caught.value.places[0]
    assert (caught.value.code, place.line, place.column) == ("which-header", 1, 2)
    assert settled(("7", "8", "9"), *rows, raw=True)[0].names is None
    # Of weights the last column of numbers without a name decides.
    with pytest.raises(InputError):
        settled(("a", "2020", "b"), *rows)


def test_words_of_the_user_are_names_or_count_columns():
    rows = [("colour", "2020"), ("red", "5"), ("blue", "3")]
    assert settled(*rows, weight="count")[0].names == ["colour", "2020"]
    assert settled(*rows, weight="2020")[0].names == ["colour", "2020"]
    assert settled(*rows, weight="2")[0].names is None
    # Either of two sides may say that the first row holds names.
    sides = [ReadOptions(weight="2"), ReadOptions(weight="2020")]
    assert settled(*rows, wanted=sides)[0].names == ["colour", "2020"]


def test_a_single_column_of_unnamed_format_is_said_to_have_a_name():
    for raw, named, notes in ((1, 0, ["header"]), (1, 1, []), (0, 0, [])):
        found, _ = settled(("x",), ("y",), ("z",), raw=bool(raw), named=bool(named))
        assert [note.code for note in found.notes] == notes


def test_places_know_the_names():
    found, _ = settled(("colour", "count"), ("red", "5"))
    assert found.names == ["colour", "count"]
    columns = {0: ["a", "red"], 1: ["b", "5"]}
    table = Table("csv", [Batch(columns, 2, lambda i, key: Place("x", i + 1))], positional=True)
    (batch,) = with_names(table, [ReadOptions()], "x").batches
    place = batch.place(0, 1)
    assert (place.line, place.name) == (2, "b")
