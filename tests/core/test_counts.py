"""Counted columns: two over one support, several as one, and none of the rows lost."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.binning import Bins
from kldiv_cli.core.counts import (
    MISSING,
    OTHER,
    Binned,
    Categories,
    EdgesDifferError,
    Numbers,
    TypeChangedError,
    as_categories,
    constant,
    count_numbers,
    counted,
    distinct,
    is_identifier,
    merged,
    missing_label,
    pooled_like,
)
from kldiv_cli.core.pair import pair_columns


def text(counts, missing=0):
    return Categories("x", missing, counts)


def numbers(values, missing=0):
    return count_numbers("x", missing, np.array(values, dtype=np.float64))


def binned(edges, counts, missing=0):
    return Binned("x", missing, Bins(tuple(edges)), np.array([*counts, 0, 0], dtype=np.int64))


def table(made):
    """Return what was paired as label -> (reference, current), where there is something."""
    counts = zip(made.p.tolist(), made.q.tolist(), strict=True)
    return {label: count for label, count in zip(made.labels, counts, strict=True) if any(count)}


DECIMALS = np.arange(200) + 0.5


def test_outcomes_are_matched_by_label():
    made = pair_columns(text({"a": 5, "b": 3}, 2), text({"c": 1, "b": 7}))
    assert made.type == "categorical"
    assert made.labels == ("a", "b", "c", MISSING)
    assert made.p.tolist() == [5, 3, 0, 2]
    assert made.q.tolist() == [0, 7, 1, 0]
    assert made.of_data.tolist() == [True, True, True, False]


def test_missing_values_are_an_outcome_or_dropped():
    sides = text({"a": 5}, 2), text({"a": 3}, 1)
    assert table(pair_columns(*sides)) == {"a": (5, 3), MISSING: (2, 1)}
    assert table(pair_columns(*sides, missing="drop")) == {"a": (5, 3)}
    sides = numbers(DECIMALS, 2), numbers(DECIMALS, 1)
    assert table(pair_columns(*sides))[MISSING] == (2, 1)
    assert MISSING not in table(pair_columns(*sides, missing="drop"))
    assert pair_columns(*sides, missing="drop").q.sum() == 200


def test_missing_values_have_a_label_of_their_own():
    made = pair_columns(text({MISSING: 5, "a": 1}, 2), text({"(missing values)": 3}))
    assert len(set(made.labels)) == len(made.labels)
    assert table(made)[MISSING] == (5, 0)
    assert made.p.tolist() == [5, 1, 0, 2]
    assert missing_label({MISSING, f"({MISSING})"}) == f"(({MISSING}))"


def test_few_integers_are_categories_in_shortest_form():
    made = pair_columns(numbers([1, 2, 2, -3]), numbers([2, 1e3]))
    assert made.type == "categorical"
    assert table(made) == {"-3": (1, 0), "1": (1, 0), "2": (2, 1), "1000": (0, 1)}
    made = pair_columns(numbers([1, 2]), numbers([2.5, 1]))
    assert made.type == "numeric"
    made = pair_columns(numbers([1, 2]), numbers([2.5, 1]), type="categorical")
    assert table(made) == {"1": (1, 1), "2": (1, 0), "2.5": (0, 1)}
    assert pair_columns(numbers([1, 2]), numbers([2, 1]), type="numeric").type == "numeric"


@pytest.mark.parametrize(("integers", "type"), [(20, "categorical"), (21, "numeric")])
def test_few_are_twenty_on_both_sides_together(integers, type):
    assert pair_columns(numbers(range(15)), numbers(range(10, integers))).type == type


def test_numbers_meet_in_bins_of_both_together():
    made = pair_columns(numbers(DECIMALS), numbers(DECIMALS + 100))
    assert made.type == "numeric"
    assert made.p.sum() == made.q.sum() == 200
    assert not made.of_data.any()
    # Edges are values of the pooled sample, bins are closed on the right.
    edges = [float(label.split(",")[0][1:]) for label in made.labels[1:]]
    assert set(edges) <= {*DECIMALS, *(DECIMALS + 100)}
    for i, edge in enumerate(edges):
        assert made.p[: i + 1].sum() == np.count_nonzero(edge >= DECIMALS)
        assert made.q[: i + 1].sum() == np.count_nonzero(edge >= DECIMALS + 100)


def test_bins_of_what_is_no_number_are_there_if_somebody_is_in_them():
    made = pair_columns(numbers([*DECIMALS, np.inf]), numbers([*DECIMALS, np.inf, -np.inf]))
    assert table(made)["+inf"] == (1, 1)
    assert table(made)["-inf"] == (0, 1)
    assert not {"+inf", "-inf", MISSING} & {
        *pair_columns(numbers(DECIMALS), numbers(DECIMALS)).labels
    }


def test_edges_that_are_given_or_were_counted_with():
    expected = {"(-inf, 1]": (1, 1), "(1, 2]": (1, 0), "(2, inf)": (0, 2)}
    sides = numbers([1, 2]), numbers([0.5, 3, 4])
    assert table(pair_columns(*sides, edges=(1.0, 2.0))) == expected
    assert table(pair_columns(binned([1, 2], [1, 1, 0]), sides[1])) == expected
    assert table(pair_columns(sides[0], binned([1, 2], [1, 0, 2]))) == expected
    assert table(pair_columns(binned([1, 2], [1, 1, 0]), binned([1, 2], [1, 0, 2]))) == expected
    for edges, other in (((1.0,), numbers([1])), (None, binned([1], [1, 0]))):
        with pytest.raises(EdgesDifferError):
            pair_columns(binned([1, 2], [1, 1, 0]), other, edges=edges)


@pytest.mark.parametrize("side", [0, 1])
def test_text_and_numbers_are_a_change_of_type(side):
    sides = [text({"1": 5, "x": 3}), numbers(DECIMALS)]
    with pytest.raises(TypeChangedError) as caught:
        pair_columns(sides[side], sides[1 - side])
    # The example is what makes it text.
    assert "is text, such as 'x'" in str(caught.value)
    assert "is numbers" in str(caught.value)
    sides[1] = binned([1], [1, 2])
    with pytest.raises(TypeChangedError, match="such as 'x'"):
        pair_columns(sides[side], sides[1 - side])
    sides[1] = numbers(DECIMALS)
    assert pair_columns(sides[side], sides[1 - side], type="categorical").type == "categorical"


@pytest.mark.parametrize("side", [0, 1])
def test_few_integers_beside_labels_that_are_some_of_them(side):
    sides = [numbers([1, 2, 2, 3]), text({"1": 1, "NA": 1})]
    made = table(pair_columns(sides[side], sides[1 - side]))
    counts = {"1": (1, 1), "2": (2, 0), "3": (1, 0), "NA": (0, 1)}
    assert made == {label: count[:: 1 - 2 * side] for label, count in counts.items()}
    with pytest.raises(TypeChangedError):
        pair_columns(numbers([5, 6]), sides[1])


@pytest.mark.parametrize("side", [0, 1])
def test_integers_that_were_counted_one_by_one_meet_bins(side):
    sides = [binned([1, 3], [4, 5, 6], missing=1), text({"1": 2, "2": 3, "3": 4, "10": 5})]
    made = table(pair_columns(sides[side], sides[1 - side]))
    counts = {"(-inf, 1]": (4, 2), "(1, 3]": (5, 7), "(3, inf)": (6, 5), MISSING: (1, 0)}
    assert made == {label: count[:: 1 - 2 * side] for label, count in counts.items()}


EMPTY = [text({}, 3), numbers([], 3), binned([], [0], 3), binned([5], [0, 0], 3)]
FULL = [text({"a": 1}, 2), numbers(DECIMALS, 2), numbers([1, 2], 2), binned([1], [1, 2], 2)]


@pytest.mark.parametrize("empty", EMPTY, ids=lambda column: str(column)[:12])
@pytest.mark.parametrize("other", FULL + EMPTY, ids=lambda column: str(column)[:12])
def test_a_column_without_values_is_of_any_type(empty, other):
    for sides in ((empty, other), (other, empty)):
        made = pair_columns(*sides)
        assert made.p.sum() == sides[0].rows
        assert made.q.sum() == sides[1].rows
        assert table(made)[MISSING] == tuple(side.missing for side in sides)
        assert merged(sides).rows == empty.rows + other.rows
        assert merged(sides).missing == empty.missing + other.missing


# Pooled outcomes.


def pooled(counts):
    return text(counts)._replace(pooled=True)


def test_rare_outcomes_are_pooled_and_none_is_lost():
    column = text({"a": 5, "b": 1, "c": 2}, 4)
    assert counted(column, min_count=3).counts == {"a": 5, OTHER: 3}
    assert counted(column, min_count=3).rows == column.rows
    assert counted(column, min_count=1) == column
    again = counted(text({"a": 5, OTHER: 3, "d": 1}), min_count=3)
    assert again.counts == {"a": 5, OTHER: 4}


def test_what_meets_a_pooled_column_is_pooled_alike():
    reference, current = pooled({"a": 5, OTHER: 3}), text({"a": 2, "b": 1, "c": 4})
    assert pooled_like(current, reference).counts == {"a": 2, OTHER: 5}
    assert table(pair_columns(reference, current)) == {"a": (5, 2), OTHER: (3, 5)}
    assert pooled_like(reference, current) == reference
    assert pooled_like(text({"a": 1}), reference).counts == {"a": 1, OTHER: 0}


def test_two_columns_that_pooled_other_outcomes_do_not_meet():
    # Pooled together, all of it would be one outcome, and would agree.
    sides = pooled({"a": 500, OTHER: 10}), pooled({"b": 500, OTHER: 10})
    with pytest.raises(EdgesDifferError, match="pooled"):
        pair_columns(*sides)
    with pytest.raises(EdgesDifferError, match="pooled"):
        merged(sides)
    with pytest.raises(EdgesDifferError, match="pooled"):
        merged([sides[0], text({"a": 500})])
    nested = pooled({"a": 500, "b": 400, OTHER: 10}), pooled({OTHER: 1000})
    with pytest.raises(EdgesDifferError, match="pooled"):
        pair_columns(*nested)
    # What is only called so in the data is an outcome like any.
    raw = text({"a": 500, "b": 500}), text({"a": 500, OTHER: 500})
    assert table(pair_columns(*raw)) == {"a": (500, 500), "b": (500, 0), OTHER: (0, 500)}
    assert table(pair_columns(nested[0], pooled_like(nested[1], nested[0]))) == {
        "a": (500, 0), "b": (400, 0), OTHER: (10, 1000),
    }  # fmt: skip


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("column", "counts"),
    [
        (pooled({OTHER: 9}), {OTHER: (9, 200)}),
        (pooled({"1": 5, OTHER: 4}), {"1": (5, 1), OTHER: (4, 199)}),
        (pooled({"1": 5, "7": 4, OTHER: 0}), {"1": (5, 1), "7": (4, 1), OTHER: (0, 198)}),
    ],
)
def test_pooled_outcomes_beside_numbers_tell_no_type(column, counts, side):
    sides = [column, numbers(range(200))]
    made = table(pair_columns(sides[side], sides[1 - side]))
    assert made == {label: count[:: 1 - 2 * side] for label, count in counts.items()}
    # What was pooled cannot be put into bins; that is no change of type either.
    sides[1] = binned([1], [1, 2])
    with pytest.raises(EdgesDifferError, match="pooled"):
        pair_columns(sides[side], sides[1 - side])
    for other in (sides[1], numbers(range(200))):
        with pytest.raises(EdgesDifferError, match="pooled"):
            merged([column, other])
    with pytest.raises(EdgesDifferError, match="pooled"):
        counted(column, edges=(5.0,))


def test_pooled_text_beside_numbers_is_a_change_of_type():
    # The example is a label, though that of pooled outcomes sorts before it.
    with pytest.raises(TypeChangedError, match="is text, such as 'x'"):
        pair_columns(pooled({OTHER: 4, "x": 5}), numbers(DECIMALS))
    # What is only called so in the data is text.
    with pytest.raises(TypeChangedError, match=re.escape(f"such as '{OTHER}'")):
        pair_columns(text({OTHER: 9}), numbers(DECIMALS))


def test_pooled_outcomes_alone_are_no_known_constant():
    assert constant(pooled({OTHER: 9, "a": 0})) is None
    assert constant(pooled({OTHER: 0, "a": 9})) == "a"
    assert constant(text({OTHER: 9})) == OTHER
    made = pair_columns(pooled({OTHER: 9}), text({"a": 9}))
    assert (table(made), made.constants) == ({OTHER: (9, 9)}, (None, "a"))


# A profile's columns.


def test_counting_keeps_edges_and_types():
    column = numbers(DECIMALS, 3)
    kept = counted(column, edges=(10.5, 20.0))
    assert kept.counts.tolist() == [11, 9, 180, 0, 0]
    assert kept.rows == column.rows
    assert counted(kept, edges=(10.5, 20.0)) is kept
    with pytest.raises(EdgesDifferError):
        counted(kept, edges=(10.5,))
    # Fifty rows for a bin at least.
    assert len(counted(column).bins.edges) <= 3
    assert counted(numbers([1, 2, 2])).counts == {"1": 1, "2": 2}
    assert isinstance(counted(numbers([1, 2, 2]), type="numeric"), Binned)
    assert counted(numbers([1.5]), type="categorical").counts == {"1.5": 1}
    assert counted(text({"1": 2, "30": 1}), edges=(5.0,)).counts.tolist() == [2, 1, 0, 0]
    with pytest.raises(TypeChangedError):
        counted(text({"1": 2, "x": 1}), edges=(5.0,))


def test_identifiers():
    assert is_identifier(numbers(range(50)))
    assert not is_identifier(numbers(range(49)))
    assert not is_identifier(numbers(np.arange(50) + 0.5))
    assert not is_identifier(numbers([*range(50), np.inf]))
    assert is_identifier(text(dict.fromkeys("".join(map(chr, range(100, 150))), 1), 1000))
    assert not is_identifier(binned([1], [50, 50]))
    assert distinct(numbers([1, 1, 2])) == distinct(text({"a": 5, "b": 1})) == 2


# Properties.

counts = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 10**15), max_size=5)
missing = st.integers(0, 10**15)
texts = st.builds(text, counts, missing)
integers = st.builds(
    text, st.dictionaries(st.integers(-50, 50).map(str), st.integers(1, 99)), missing
)
values = st.builds(
    numbers, st.lists(st.floats(allow_nan=False) | st.integers(-5, 5), max_size=40), missing
)
bins = st.builds(binned, st.just([1.0, 2.5]), st.lists(missing, min_size=3, max_size=3), missing)
alike = (
    st.lists(texts, min_size=3, max_size=3)
    | st.lists(values, min_size=3, max_size=3)
    | st.lists(bins | integers, min_size=3, max_size=3)
    | st.lists(integers, min_size=3, max_size=3)
)


def content(column):
    """Return what a column holds, whatever the order it came in."""
    if isinstance(column, Categories):
        return column.missing, column.counts
    if isinstance(column, Numbers):
        return column.missing, dict(
            zip(column.values.tolist(), column.counts.tolist(), strict=True)
        )
    return column.missing, column.bins, column.counts.tolist()


@given(alike, st.randoms())
def test_merging_is_associative_and_commutative(columns, random):
    whole = merged(columns)
    assert whole.rows == sum(column.rows for column in columns)
    assert whole.missing == sum(column.missing for column in columns)
    one, two, three = columns
    assert content(merged([merged([one, two]), three])) == content(whole)
    assert content(merged([one, merged([two, three])])) == content(whole)
    random.shuffle(columns)
    assert content(merged(columns)) == content(whole)


@given(values, values)
def test_merging_commutes_with_counting(one, two):
    edges = (-1.0, 0.0, 2.5)
    first = merged([counted(one, edges=edges), counted(two, edges=edges)])
    assert content(first) == content(counted(merged([one, two]), edges=edges))
    assert content(merged([as_categories(one), as_categories(two)])) == content(
        as_categories(merged([one, two]))
    )


sides = (
    st.tuples(texts, texts)
    | st.tuples(values, values)
    | st.tuples(bins | integers | values, bins)
    | st.tuples(values, integers)
)


@given(sides, st.sampled_from(["category", "drop"]))
def test_pairing_conserves_rows_and_is_symmetric(columns, missing):
    one, two = columns
    forth, back = pair_columns(one, two, missing=missing), pair_columns(two, one, missing=missing)
    for made, first, second in ((forth, one, two), (back, two, one)):
        dropped = (first.missing, second.missing) if missing == "drop" else (0, 0)
        assert sum(made.p.tolist()) + dropped[0] == first.rows
        assert sum(made.q.tolist()) + dropped[1] == second.rows
        assert len(set(made.labels)) == len(made.labels) == len(made.of_data)
    assert {label: count[::-1] for label, count in table(back).items()} == table(forth)


@given(texts, st.integers(0, 10**15))
def test_pooling_conserves_rows(column, least):
    found = counted(column, min_count=least)
    assert found.rows == column.rows
    assert all(count >= least for label, count in found.counts.items() if label != OTHER)
    assert {**found.counts, OTHER: 0}.items() <= {**column.counts, OTHER: 0}.items()


@given(texts, texts, st.integers(0, 10**15))
def test_pouring_conserves_rows(column, other, least):
    other = counted(other, min_count=least)
    found = pooled_like(column, other)
    assert found.rows == column.rows
    if OTHER in other.counts:
        assert found.counts.keys() == other.counts.keys()
        assert pooled_like(found, other) == found


@given(st.lists(st.tuples(st.floats(allow_nan=False), st.integers(1, 10**15)), max_size=30))
def test_numbers_that_occur_so_often_are_added_up(rows):
    expected = Counter()
    for value, number in rows:
        expected[value + 0.0] += number
    values = np.array([value for value, _ in rows], dtype=np.float64)
    found = count_numbers("x", 1, values, [number for _, number in rows])
    assert list(zip(found.values.tolist(), found.counts.tolist(), strict=True)) == sorted(
        expected.items()
    )
    assert not np.signbit(found.values[found.values == 0]).any()
