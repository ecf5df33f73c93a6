"""Cells become weights, alone and in batches."""

import math
import re
import string

import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from kldiv_cli.core.table import Faults
from kldiv_cli.core.texts import Texts
from kldiv_cli.errors import Fault, InputError, Place
from kldiv_cli.readers.weight_column import WeightColumn, parse

# An independent statement of the grammar.
GRAMMAR = re.compile(r"[ \t]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[ \t]*\Z", re.ASCII)


def column(texts, kind=None, decimal="."):
    faults = Faults()
    numbers = WeightColumn(kind, decimal, faults)
    for i in range(0, len(texts), 3):
        numbers.add(texts[i : i + 3], lambda j, i=i: Place("x", line=i + j + 1))
    faults.check()
    return numbers.finish()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("+5", 5),
        ("005", 5),
        ("5.", 5.0),
        (".5", 0.5),
        ("5e-1", 0.5),
        ("5E+1", 50.0),
        (" 5\t", 5),
        ("0e-999", 0.0),
        ("1" * 4300, int("1" * 4300)),
        ("1e308", 1e308),
        ("-0", 0),
        ("0" * 400 + "1", 1),
        ("4.9e-324", 5e-324),
        ("0." + "0" * 5000 + "1e5000", 0.1),
    ],
)
def test_it_is_a_number(text, value):
    found = parse(text, None)
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    ("text", "code"),
    [(text, "not-a-number") for text in ["x", "1_0", "1 0", "1,0", "0x1", "1e", "e1", ".", "+"]]
    + [(text, "not-a-number") for text in ["--1", "1.2.3", "1d5", "\uff11", "\u0661", "\xbd"]]
    + [(text, "not-a-number") for text in ["\xa01", "1\n", "\x0b1", "\u20091", "\ufeff1", "1L"]]
    + [(text, "missing-weight") for text in ["", " ", "\t"]]
    + [(text, "not-finite") for text in ["nan", "NaN", "inf", "-inf", "+Infinity", "-nan"]]
    + [("1e309", "number-overflow"), ("1e-400", "number-underflow"), ("-1", "negative-weight")]
    + [
        ("-1e-400", "number-underflow"),
        ("1" * 4301, "too-many-digits"),
        ("-.5", "negative-weight"),
    ],
)
def test_it_is_no_weight(text, code):
    found = parse(text, None)
    assert isinstance(found, Fault)
    assert found.code == code


@pytest.mark.parametrize("text", ["-inf", "-Infinity", "-INF"])
def test_no_mass_among_logarithms(text):
    assert parse(text, "logits") == -math.inf
    assert parse(text, "log-probs") == -math.inf
    assert parse("-2", "logits") == -2
    assert parse("inf", "logits").code == "not-finite"


@over(st.text(st.sampled_from(string.digits + "+-.eE _,xn\t\n\uff11\xa0"), max_size=8))
def test_parse_keeps_to_the_grammar(text):
    found = parse(text, "logits")
    if GRAMMAR.match(text):
        assert found == float(text) or found.code in ("number-overflow", "number-underflow")
    else:
        assert isinstance(found, Fault)


NUMBERS = st.one_of(
    st.integers(0, 10**30).map(str),
    st.floats(0, allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["0", "0.0", " 7 ", "1e3", "+2", ".5", "1.", "00012"]),
)


@over(st.lists(NUMBERS, min_size=1))
def test_a_batch_is_its_numbers(texts):
    values, integers = column(texts)
    assert integers is all(text.strip().lstrip("+").isdigit() for text in texts)
    if integers:
        assert values.tolist() == [int(text) for text in texts]
    else:
        assert values.tolist() == [float(text) for text in texts]


@over(
    st.lists(NUMBERS, max_size=8), st.sampled_from(["x", "1_0", "1\n2", "-3", "1e400", "", "nan"])
)
def test_one_bad_text_in_a_batch_is_found(texts, bad):
    with pytest.raises(InputError) as caught:
        column([*texts, bad, *texts])
    assert caught.value.places[0].line == len(texts) + 1
    assert caught.value.count == 1


def test_integers_keep_the_narrowest_exact_type():
    assert column(["1", "2"])[0].dtype == np.int64
    assert column([str(2**64 - 1), "2"])[0].dtype == np.uint64
    values, integers = column([str(2**64), "1", "2", "3", "4"])
    assert (values.dtype, values.tolist(), integers) == (object, [2**64, 1, 2, 3, 4], True)
    assert column(["-1", "2"], "logits")[0].dtype == np.float64


def test_an_integer_too_large_for_a_double_beside_a_fraction():
    huge = "1" + "0" * 400
    assert column([huge, "1"])[0].tolist() == [10**400, 1]
    with pytest.raises(InputError):
        column(["1", huge], "logits")
    for texts in ([huge, "1", "1", "0.5"], ["0.5", "1", "1", huge], ["0.5", huge]):
        with pytest.raises(InputError) as caught:
            column(texts)
        assert caught.value.code == "number-overflow"
        assert caught.value.places[0].line == texts.index(huge) + 1


def test_decimal_comma():
    assert column(["0,5", "1", ",5", "5,e1"], decimal=",")[0].tolist() == [0.5, 1, 0.5, 50]
    for bad in ("0.5", "1.000,5", "1,2,3"):
        with pytest.raises(InputError):
            column(["1", bad], decimal=",")


def noted(texts, size=3, decimal=".", kind=None):
    numbers = WeightColumn(kind, decimal, Faults())
    for i in range(0, len(texts), size):
        cells = texts[i : i + size]
        # Files are read as texts that are decoded late where all are short and whole.
        if all(map(str.isdigit, cells)):
            cells = Texts.of(cells)
        numbers.add(cells, lambda j: Place("x", line=j + 1))
    return [note.code for note in numbers.notes("x")]


@pytest.mark.parametrize("size", [1, 2, 3, 9])
@pytest.mark.parametrize(
    ("texts", "is_noted"),
    [
        (["1.204", "980", "3.456"], True),
        (["980", "3", "31.204"], True),
        (["0", "980", "131.204"], True),
        # Nothing is below 1000, so that both readings are the same but for a factor.
        (["1.204", "980.000", "3.456"], False),
        (["1.204", "0", "3.456"], False),
        # No program that marks thousands leaves one out, or writes so many digits.
        (["1.204", "1500", "3.456"], False),
        (["1.204", "980", "3.45"], False),
        (["1.204", "980", "0.456"], False),
        (["1.204", "980", "3456.120"], False),
        (["1.204", "980", "1e3"], False),
        (["980", "310"], False),
    ],
)
def test_a_mark_that_may_separate_thousands_is_noted(texts, is_noted, size):
    for each in (texts, texts[::-1]):
        expected = ["looks-like-thousands"] * is_noted
        assert noted(each, size) == expected
        assert noted([text.replace(".", ",") for text in each], size, ",") == expected
        assert noted(each, size, kind="logits") == []


@over(st.lists(st.integers(0, 999_999), max_size=9), st.integers(1, 4))
def test_thousands_with_marks_are_noted_where_their_ratios_would_be_wrong(counts, size):
    texts = [f"{count:,}".replace(",", ".") for count in counts]
    factors = (n / float(text) for n, text in zip(counts, texts, strict=True) if n)
    assert bool(noted(texts, size)) == (len({*map(round, factors)}) > 1)
