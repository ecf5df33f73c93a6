"""Tables, their batches, their faults, and members with names."""

import pytest

from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import Batch, Block, Faults, Members, Table
from kldiv_cli.errors import Fault, InputError, Place

BAD, WORSE = Fault("bad", "it is bad", "mend it"), Fault("worse", "it is worse")


def line(number):
    return lambda: Place("x", number)


def test_faults_of_the_first_kind_are_counted_and_three_are_named():
    faults = Faults()
    faults.check()
    for number in range(1, 8):
        faults.add(BAD, line(number))
        faults.add(WORSE, line(number))
    with pytest.raises(InputError) as caught:
        faults.check()
    error = caught.value
    assert (error.code, error.message, error.hint, error.count) == (
        "bad",
        "it is bad",
        "mend it",
        7,
    )
    assert [place.line for place in error.places] == [1, 2, 3]


def test_only_the_first_places_are_computed():
    faults, asked = Faults(), []
    for number in range(10):
        faults.add(BAD, lambda number=number: asked.append(number) or Place("x", number))
    assert asked == [0, 1, 2]


def test_the_rows_below_the_first():
    batch = Batch({0: ["a", "b"], 1: ["c", "d"]}, 2, lambda i, key: Place("x", i, key))
    below = batch.below()
    assert (below.columns, below.size) == ({0: ["b"], 1: ["d"]}, 1)
    place = below.place(0, 1)
    assert (place.line, place.column) == (1, 1)


def test_cells_of_text_and_of_typed_formats():
    text, comma = Table("csv"), Table("csv", decimal=",")
    typed = Table("json", typed=True)
    assert [text.is_number(cell) for cell in ("1.5", " 2", "1,5", "x", "")] == [1, 1, 0, 0, 0]
    assert comma.is_number("1,5")
    assert [typed.is_number(cell) for cell in (Number("1"), "1", None, [])] == [1, 0, 0, 0]
    assert [text.is_missing(cell) for cell in (None, "", " \t", "NA")] == [1, 1, 1, 0]
    # An empty text is a missing value of raw rows, whatever the format.
    assert [typed.is_missing(cell) for cell in (None, "", " ", [])] == [1, 1, 0, 0]
    assert text.is_missing("NA", {"NA"})


def test_the_place_of_a_value_with_what_is_known_of_it():
    block = Block([1, 2], lambda path: Place("x", path[0]))
    place = block.locate((1,), name="n")
    assert (place.line, place.name) == (1, "n")


def test_members_are_found_by_name():
    members = Members("x", ["a", "b", "a"])
    assert members.find("b") == 1
    for name, code in (("a", "duplicate-columns"), ("bb", "unknown-column")):
        with pytest.raises(InputError) as caught:
            members.find(name)
        assert caught.value.code == code
    assert "did you mean 'b'?" in caught.value.hint
