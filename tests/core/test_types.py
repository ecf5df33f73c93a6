"""Booleans, dates and words for a missing value: decided over all sides together."""

import numpy as np
import pytest

from kldiv_cli.core.counts import OTHER, Binned, Categories, TypeChangedError, count_numbers
from kldiv_cli.core.pair import pair_columns
from kldiv_cli.core.types import FALSE, TRUE, own_type, settled, words_as_labels


def text(*labels, missing=0, **more):
    return Categories("x", missing, {label: labels.count(label) for label in labels}, **more)


def numbers(*values, missing=0):
    return count_numbers("x", missing, np.array(values, dtype=float))


def seen(*columns, **how):
    """Return type, outcomes and missing values of each settled column."""
    return [(c.type, dict(c.counts), c.missing) for c in settled(columns, **how)]


@pytest.mark.parametrize("true", sorted(TRUE))
@pytest.mark.parametrize("false", sorted(FALSE))
def test_booleans_of_every_spelling_are_true_and_false(true, false):
    assert seen(text(true, true, false)) == [("boolean", {"true": 2, "false": 1}, 0)]
    sides = text(true), text(false)
    if len(true) == len(false) == 1:
        # A letter alone says little, and its opposite enough.
        assert seen(sides[0]) == [("categorical", {true: 1}, 0)]
    assert seen(*sides) == [("boolean", {"true": 1}, 0), ("boolean", {"false": 1}, 0)]


@pytest.mark.parametrize(
    "labels",
    [["f", "m"], ["t", "f", "x"], ["yes", "no"], ["1", "0"], ["TRue", "false"], ["T"], ["F", "f"],
     ["on", "off"], ["Y", "N"], ["true", "false", "unknown"], ["wahr", "falsch"]],
    ids=str,
)  # fmt: skip
def test_what_is_no_boolean_is_a_label(labels):
    assert seen(text(*labels)) == [("categorical", dict.fromkeys(labels, 1), 0)]


def test_blanks_around_booleans_and_words_are_passed_over():
    assert seen(text(" true", "TRUE ", "false", " NA")) == [
        ("boolean", {"true": 2, "false": 1}, 1)
    ]


def test_one_side_of_labels_makes_labels_of_both():
    assert seen(text("f", "m"), text("f")) == [
        ("categorical", {"f": 1, "m": 1}, 0), ("categorical", {"f": 1}, 0),
    ]  # fmt: skip
    assert seen(text("t", "f"), text("f"))[1] == ("boolean", {"false": 1}, 0)


def test_dates_meet_in_one_spelling():
    first = text("2024-01-05", "2024-01-06")
    second = text("2024-01-05T00:00:00.000000", "2024-01-06 00:00:00", "2024-01-06")
    assert seen(first, second) == [
        ("date", {"2024-01-05": 1, "2024-01-06": 1}, 0),
        ("date", {"2024-01-05": 1, "2024-01-06": 2}, 0),
    ]
    mixed = text("2024-01-05", "unknown")
    assert seen(mixed) == [("categorical", {"2024-01-05": 1, "unknown": 1}, 0)]
    # Beside dates a column with another text is one of labels, and the dates meet all the same.
    assert seen(text("2024-01-05 00:00:00"), mixed) == [
        ("categorical", {"2024-01-05": 1}, 0),
        ("categorical", {"2024-01-05": 1, "unknown": 1}, 0),
    ]


def test_words_for_a_missing_value():
    words = text("NA", "null", missing=1)
    assert seen(words) == [("categorical", {"NA": 1, "null": 1}, 1)]
    assert seen(words, text("x"))[0] == ("categorical", {"NA": 1, "null": 1}, 1)
    assert seen(words, text("true"))[0] == ("boolean", {}, 3)
    assert seen(text("2024-01-05", "NaN")) == [("date", {"2024-01-05": 1}, 1)]
    assert seen(text("t", "f", "NA"), words=False) == [
        ("categorical", {"t": 1, "f": 1, "NA": 1}, 0)
    ]
    beside_numbers, _ = settled([words, numbers(1.5)])
    assert (beside_numbers.counts, beside_numbers.missing) == ({}, 3)
    # Numbers that were counted one by one.
    assert seen(text("1", "2", "NA"), text("1")) == [
        ("categorical", {"1": 1, "2": 1}, 1), ("categorical", {"1": 1}, 0),
    ]  # fmt: skip


def test_whole_numbers_of_two_spellings():
    floats, integers = text("1.0", "2.0"), text("1", "3")
    assert seen(floats, integers, whole=True) == [
        ("categorical", {"1": 1, "2": 1}, 0), ("categorical", {"1": 1, "3": 1}, 0),
    ]  # fmt: skip
    assert seen(floats, integers) == [
        ("categorical", dict(column.counts), 0) for column in (floats, integers)
    ]
    # Versions, and codes, are no whole numbers.
    for labels in (["1.0", "1"], ["1.0", "1.1"], ["1.0", "x"], ["01.0", "2"]):
        assert seen(text(*labels), whole=True) == [("categorical", dict.fromkeys(labels, 1), 0)]


def test_pooled_outcomes_stay_pooled():
    pooled = text("2024-01-05 00:00:00", OTHER, OTHER, pooled=True)
    (column,) = settled([pooled])
    assert column == text("2024-01-05", OTHER, OTHER, pooled=True, type="date")


def test_types_of_columns_alone():
    assert own_type(text("1", "2", "NA")) == "numeric"
    assert own_type(text("01", "02")) == "categorical"
    assert own_type(numbers(1)) == "numeric"
    assert own_type(numbers(missing=3)) is None
    assert own_type(text("NA")) is None
    assert own_type(text("t", "F", "NA")) == "boolean"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (text("true", "false"), numbers(1, 0), ("booleans (true and false)", "numbers")),
        (text("true", "false"), text("1", "0"), ("booleans (true and false)", "numbers")),
        (text("2024-01-05"), numbers(20240105), ("dates, such as 2024-01-05", "numbers")),
        (text("2024-01-05"), text("t", "F"), ("dates, such as 2024-01-05", "booleans (true")),
        (text("x"), text("true"), ("text, such as 'x'", "booleans (true and false)")),
        (text("x"), numbers(1.5), ("text, such as 'x'", "numbers")),
    ],
)  # fmt: skip
def test_a_change_of_type_names_both_sides(first, second, what):
    with pytest.raises(TypeChangedError) as caught:
        pair_columns(*settled([first, second]), whose=("A", "B"))
    assert f"A is {what[0]}, B is {what[1]}" in str(caught.value)
    with pytest.raises(TypeChangedError) as caught:
        pair_columns(*settled([second, first]), whose=("B", "A"))
    assert f"A is {what[0]}" in str(caught.value)


def test_what_has_a_label_in_common_is_compared_by_label():
    made = pair_columns(*settled([text("True", "False"), text("True", "False", "Unknown")]))
    assert made.type == "categorical"
    assert made.labels == ("True", "False", "Unknown")
    made = pair_columns(*settled([text("2024-01-05"), text("2024-01-05", "unknown")]))
    assert made.labels == ("2024-01-05", "unknown")


def test_infinite_values_are_outcomes_of_the_data():
    finite = numbers(*np.arange(200) / 7)
    made = pair_columns(numbers(*np.arange(200) / 7, np.inf, np.inf, -np.inf), finite)
    assert made.type == "numeric"
    named = dict(zip(made.labels, zip(made.of_data, made.p, strict=True), strict=True))
    assert (named["+inf"], named["-inf"]) == ((True, 2), (True, 1))
    assert sum(made.of_data) == 2
    counted = pair_columns(finite, Binned("x", 0, made_bins(), np.array([150, 50, 0, 0])))
    assert not counted.of_data.any()


def made_bins():
    from kldiv_cli.core.binning import Bins

    return Bins((20.0,))


def test_the_note_on_labels_quotes_for_the_shell():
    note = words_as_labels({"a": {"<NA>": 3}, "b": {"#N/A": 1, "<NA>": 2}}, "x.csv")
    assert "'a' (<NA> 3)" in note.message
    assert note.advice == "--na '<NA>' --na '#N/A' if none is a label"
