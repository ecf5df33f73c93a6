"""Many texts in one piece of memory: as sequences, and as a dictionary would match them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.texts import Texts, union

TEXT = st.text("ab01é北\U0001f600 9\n", max_size=20)
DISTINCT = st.lists(TEXT, max_size=40, unique=True)


@given(st.lists(TEXT, max_size=40))
def test_it_is_the_sequence_of_its_texts(texts):
    packed = Texts.of(texts)
    assert list(packed) == texts
    assert [packed[i] for i in range(len(texts))] == texts
    assert list(packed[1:5]) == texts[1:5]
    odd = np.arange(len(texts)) % 2 == 1
    assert list(packed.take(odd)) == texts[1::2]
    assert packed == Texts.of(texts)
    assert packed == texts
    assert packed.are_ascii().tolist() == [text.isascii() for text in texts]
    assert packed.are_digits().tolist() == [text.isascii() and text.isdigit() for text in texts]
    assert packed.are_distinct() == (len({*texts}) == len(texts))


@given(DISTINCT, DISTINCT)
def test_union_and_equality_are_those_of_tuples(first, second):
    packed = Texts.of(first), Texts.of(second)
    assert (packed[0] == packed[1]) == (first == second)
    for one, other in (packed, (first, packed[1]), (packed[0], second), (first, second)):
        every, places = union(one, other)
        assert list(every) == list(dict.fromkeys([*first, *second]))
        assert [every[place] for place in places.tolist()] == second
    joined = Texts.joined(packed)
    assert list(joined) == [*first, *second]
    assert joined.hashes.tolist() == Texts.of([*first, *second]).hashes.tolist()


@given(DISTINCT, DISTINCT)
def test_texts_of_one_hash_are_told_apart(first, second):
    one, other = Texts.of(first), Texts.of(second)
    for side in (one, other):
        side._hashes = side.lengths.astype(np.uint64)
    assert one.are_distinct() == (len({len(text.encode()) for text in first}) == len(first))
    every, places = union(one, other)
    assert list(every) == list(dict.fromkeys([*first, *second]))
    assert [every[place] for place in places.tolist()] == second


@given(st.lists(st.from_regex("[0-9]{1,16}", fullmatch=True), max_size=40))
def test_integers_of_up_to_sixteen_digits(texts):
    assert Texts.of(texts).integers().tolist() == list(map(int, texts))


@pytest.mark.parametrize("text", ["", "-1", "1.0", " 1", "1" * 17, "１", "1\n", "/", ":", "\0"])
def test_no_such_integers(text):
    assert Texts.of(["12", text]).integers() is None


@given(st.lists(TEXT.filter(bool), min_size=1, max_size=20))
def test_the_ends_of_texts(texts):
    first, last = Texts.of(texts).ends()
    assert first.tolist() == [text.encode()[0] for text in texts]
    assert last.tolist() == [text.encode()[-1] for text in texts]
