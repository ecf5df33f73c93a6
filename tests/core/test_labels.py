"""Labels that differ in spelling alone: found across the sides, and never within one."""

import pytest

from kldiv_cli.core.labels import loose, respelled

SAME = [
    ("Free", "free"), ("18-24", "18–24"), ("18-24", "18 — 24"), ("-5", "−5"), ("1", "1.0"),
    ("1000", "1e3"), ("a b", "ab"), ("a b", "a  b "), ("caf\u00e9", "cafe\u0301"), ("ﬁn", "fin"),
    ("STRASSE", "straße"), ("x\u200b", "x"), ("1.50", "1.5"), ("Ａ", "a"),
    ("a\tb", r"a\tb"), ("c\\d", r"c\\d"), (r"c\new", r"c\\new"), ("a\nb", r"a\nb"),
]  # fmt: skip
OTHER = [
    ("a", "b"), ("1", "10"), ("1.1", "1.10.0"), ("a_b", "ab"), ("007", "8"), ("é", "e"),
    ("yes", "true"), ("", "-"),
    (r"c\d", "cd"), (r"c\d", "c/d"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), SAME)
def test_spellings_of_one_label(first, second):
    assert loose(first) == loose(second)
    assert respelled([first], [second]) == [(first, second)]


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_two_labels(first, second):
    assert loose(first) != loose(second)
    assert respelled([first], [second]) == []


def test_spellings_that_a_side_keeps_apart_are_two_labels():
    assert respelled(["a", "A"], ["a "]) == []
    assert respelled(["a"], ["A", "a "]) == []
    assert respelled(["a", "B", "c"], ["A", "b", "x"]) == [("a", "A"), ("B", "b")]
