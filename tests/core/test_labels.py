"""Labels that differ in spelling alone: found across the sides, and never within one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.labels import canonical, loose, near_duplicates, respelled
from kldiv_cli.core.texts import Texts

SAME = [
    ("Free", "free"), ("18-24", "18–24"), ("18-24", "18 — 24"), ("-5", "−5"), ("1", "1.0"),
    ("1000", "1e3"), ("a b", "ab"), ("a b", "a  b "), ("caf\u00e9", "cafe\u0301"), ("ﬁn", "fin"),
    ("STRASSE", "straße"), ("x\u200b", "x"), ("1.50", "1.5"), ("Ａ", "a"),
    ("a\tb", r"a\tb"), ("c\\d", r"c\\d"), (r"c\new", r"c\\new"), ("a\nb", r"a\nb"),
    ("1 & a", "1.0 & A"), ("u & 2", "u & 2.0"),
]  # fmt: skip
OTHER = [
    ("a", "b"), ("1", "10"), ("1.1", "1.10.0"), ("a_b", "ab"), ("007", "8"), ("é", "e"),
    ("yes", "true"), ("", "-"),
    (r"c\d", "cd"), (r"c\d", "c/d"), ("u & 1", "u & 10"),
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


LABELS = st.lists(
    st.one_of(
        st.text("aAe\u0301\u00e9 1\u2212", max_size=4),
        st.sampled_from(
            ["1", "01", "1.0", "+1", "1e0", "a", " a", "A\n", "a\nb", r"a\tb", "-", ""]
        ),
    ),
    max_size=12,
    unique=True,
)


@given(LABELS, LABELS)
def test_many_labels_are_compared_as_each_of_them_is(first, second):
    """The forms of many labels are found at once; their pairs are those of the single forms."""
    found = respelled(first, second)
    forms = [[*map(loose, side)] for side in (first, second)]
    assert found == [
        (label, second[forms[1].index(form)])
        for label, form in zip(first, forms[0], strict=True)
        if forms[0].count(form) == forms[1].count(form) == 1
    ]


@given(LABELS)
def test_near_duplicates_are_labels_of_one_canonical_form(labels):
    pairs = near_duplicates(labels)
    forms = [*map(canonical, labels)]
    # Each label but one of each form is in a pair.
    assert len(pairs) == len(labels) - len({*forms})
    for pair in pairs:
        assert len({*pair}) == 2
        assert canonical(pair[0]) == canonical(pair[1])
    if "" not in labels:
        assert near_duplicates(Texts.of(labels)) == pairs
