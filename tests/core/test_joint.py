"""Labels of several columns together: different pairs have different labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.joint import joint_label, joint_name

PARTS = st.one_of(
    st.none(),
    st.text(),
    st.text(alphabet='"& ()a'),
    st.sampled_from(["(missing)", "", " ", "a & b", '"a"', "a", "b"]),
)


@given(st.lists(st.lists(PARTS, min_size=2, max_size=2).map(tuple), unique=True))
def test_different_pairs_have_different_labels(pairs):
    assert len({joint_label(pair) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("parts", "label"),
    [(("DE", "mobile"), "DE & mobile"), (("New York", "a, b"), "New York & a, b"),
     (("a & b", "c"), '"a & b" & c'), (("R&D", "c"), '"R&D" & c'), (('5"', "c"), '"5""" & c'),
     ((None, "c"), "(missing) & c"), (("(missing)", ""), '"(missing)" & ""'),
     ((" x", "y "), '" x" & "y "'), (("a",) * 3, "a & a & a"), (("é", "日本"), "é & 日本")],
)  # fmt: skip
def test_labels(parts, label):
    assert joint_label(parts) == label


def test_names():
    assert joint_name(["a", "b&c"]) == 'a & "b&c"'
