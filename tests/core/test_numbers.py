"""The grammar of numbers, alone and in batches, and what only looks like a number."""

import math
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.numbers import (
    floats,
    has_leading_zero,
    is_decorated,
    is_inexact,
    is_integer,
    is_number,
    is_zero,
    looks_like_a_number,
)

# An independent statement of the grammar.
GRAMMAR = re.compile(r"[ \t]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[ \t]*\Z", re.ASCII)
texts = st.text(st.sampled_from(string.digits + "+-.eE _,xn\t\n\uff11\xa0"), max_size=8)


@given(texts)
def test_a_number_keeps_to_the_grammar(text):
    assert is_number(text) is bool(GRAMMAR.match(text))
    assert not is_integer(text) or text.strip(" \t").lstrip("+-").isdigit()
    comma = "." not in text and bool(GRAMMAR.match(text.replace(",", ".")))
    assert is_number(text, ",") is comma


@given(st.lists(texts, max_size=5), st.sampled_from(".,"), st.booleans())
def test_a_batch_is_its_numbers(batch, decimal, codes):
    expected = []
    for text in batch:
        plain = text.replace(",", ".") if decimal == "," else text
        code = codes and re.match(r"\s*[+-]?0\d", plain, re.ASCII)
        if not is_number(text, decimal) or code or math.isinf(float(plain)):
            assert floats(batch, decimal, codes=codes) is None
            return
        expected.append(float(plain))
    assert floats(batch, decimal, codes=codes).tolist() == expected


def test_a_number_beyond_the_doubles_is_none():
    assert floats(["1", "1e400"]) is None
    assert floats(["1", "-" + "9" * 400]) is None
    assert floats(["1", "1e-400"]).tolist() == [1.0, 0.0]


def test_zero_is_told_from_what_is_too_small():
    assert all(map(is_zero, ["0", "-0.0", "0e99", " .0e7"]))
    assert not any(map(is_zero, ["1e-400", "0.01", "-5"]))


def test_codes_and_integers_that_are_not_exact():
    assert all(map(has_leading_zero, ["007", "-07", " 00"]))
    assert not any(map(has_leading_zero, ["0", "0.5", "70", "", "-"]))
    assert all(map(is_inexact, [str(2**53), f"-{2**53 + 1}", "9" * 5000]))
    assert not any(map(is_inexact, [str(2**53 - 1), "1e300", "x" * 20, str(2.0**60)]))


@pytest.mark.parametrize(
    ("text", "decorated"),
    [("1,234.50", True), ("$10", True), ("12 %", True), ("1'000", True), ("1.234,5", True),
     ("10", False), ("1.5", False), ("x", False), ("", False), ("12 pc", False)],
)  # fmt: skip
def test_a_number_with_separators_or_signs(text, decorated):
    assert is_decorated(text) is decorated


def test_what_can_hardly_be_a_name():
    for text in ["", "5x", "1_0", "nan", "\uff15", "#5", "\xbd", "-", "(5)"]:
        assert looks_like_a_number(text)
    for text in ["n", "Q1", "%", "weight 5", "e5"]:
        assert not looks_like_a_number(text)
