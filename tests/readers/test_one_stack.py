"""What a format returns serves every purpose: a distribution, raw rows, counts of columns."""

from itertools import pairwise

import numpy as np
import pytest

from kldiv_cli.core.counts import Categories
from kldiv_cli.core.dataset import DataSet, Wanted
from kldiv_cli.core.distribution import Distribution
from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import Batch, Block, Faults, Matrix, Table
from kldiv_cli.engines import local
from kldiv_cli.errors import Fault, InputError, Place
from kldiv_cli.readers import ReadOptions, formats, opened, read_counts
from kldiv_cli.readers.rows import raw_rows
from kldiv_cli.readers.weights import weights_of

WHERE = Place("x")


def by_name(**columns):
    """Return a table of text whose columns have names from the start, as of a new format."""
    size = len(next(iter(columns.values())))
    batch = Batch(columns, size, lambda i, name: Place("x", i + 1, name=name))
    return Table("new", [batch], list(columns))


def counted(data, **wanted):
    table = raw_rows(data, ReadOptions(), "x")
    return local.count(table, Wanted(**wanted), "x", "x").columns


def test_a_table_whose_columns_have_names():
    (weights,) = weights_of(by_name(c=["red", "blue"], n=["5", "3"]), [ReadOptions()], "x")
    assert (weights.labels, weights.weights.tolist()) == (("red", "blue"), [5, 3])
    assert (weights.outcomes_in, weights.column, weights.format) == ("c", "n", "new")
    columns = counted(by_name(c=["red", "", "red"], n=["5", "3", " "]))
    assert columns["c"] == Categories("c", 1, {"red": 2})
    assert (columns["n"].missing, columns["n"].values.tolist()) == (1, [3, 5])


def test_its_faults_are_errors_at_the_end():
    faults = Faults()
    faults.add(Fault("bad", "it is bad"), lambda: WHERE)
    for use in (lambda table: weights_of(table, [ReadOptions()], "x"), counted):
        with pytest.raises(InputError, match="it is bad"):
            use(by_name(c=["red", "blue"], n=["5", "3"])._replace(faults=faults))


def test_a_matrix_in_one_block_and_a_matrix_in_many():
    rows = [[Number("1"), Number("2")], [Number("3"), Number("4")], [Number("5"), Number("0")]]
    for cuts in ([3], [1, 2], [1, 1, 1]):
        ends = np.cumsum([0, *cuts])
        blocks = [
            Block(rows[a:b], lambda path, a=a: Place("x", int(a) + path[0] + 1, path[1] + 1))
            for a, b in pairwise(ends)
        ]
        matrix = Matrix("new", blocks, typed=True)
        (weights,) = weights_of(matrix, [ReadOptions()], "x")
        assert weights.weights.tolist() == [[1, 2], [3, 4], [5, 0]]
        columns = counted(matrix)
        assert [columns[name].values.tolist() for name in "01"] == [[1, 3, 5], [0, 2, 4]]
        bad = [*rows[:2], [Number("5"), "x"]]
        wrong = [
            Block(bad[a:b], block.place)
            for (a, b), block in zip(pairwise(ends), blocks, strict=True)
        ]
        with pytest.raises(InputError) as caught:
            weights_of(Matrix("new", wrong, typed=True), [ReadOptions()], "x")
        place = caught.value.places[0]
        assert (place.line, place.column, place.index) == (3, 2, (2, 1))


def test_an_array_is_not_read_before_its_type_was_looked_at():
    def blocks():
        raise AssertionError("read")
        yield

    for use in (lambda matrix: weights_of(matrix, [ReadOptions()], "x"), counted):
        with pytest.raises(InputError) as caught:
            use(Matrix("npy", blocks(), dtype=np.dtype(complex)))
        assert caught.value.code == "bad-dtype"


def test_a_source_is_parsed_once_and_closed(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("c,n\nred,5\nblue,3\n")
    with opened(str(path), ReadOptions()) as found:
        assert (found.source, found.name) == (str(path), "x")
        assert isinstance(found.data, Table)
    for name, format_ in formats.FORMATS.items():
        assert format_.module is None or name in ("text", *formats.BY_EXTENSION.values())


# Tidy tables.

TIDY = "column,outcome,count\nage,1,100\nage,2,200\ncity,x,250\ncity,,50\n"


@pytest.fixture
def tidy(tmp_path):
    def run(text, wanted=None, name="x.csv", **options):
        path = tmp_path / name
        path.write_text(text)
        options = ReadOptions(kind="counts", **options)
        (found,) = read_counts(str(path), [options], wanted or Wanted())
        return found

    return run


def test_a_tidy_table_is_a_data_set(tidy):
    found = tidy(TIDY)
    assert isinstance(found, DataSet)
    assert (found.kind, found.name, found.format, found.rows) == ("counts", "x", "csv", 300)
    assert found.columns == {
        "age": Categories("age", 0, {"1": 100, "2": 200}),
        "city": Categories("city", 50, {"x": 250}),
    }
    assert found.seen == ("age", "city")


def test_another_table_of_counts_is_a_distribution(tidy):
    for text in ("c,n\nred,5\n", "column,outcome,share\na,b,1\n", "column,count\na,1\n"):
        found = tidy(text, label=None if text.count(",") < 5 else "outcome")
        assert isinstance(found, Distribution)
    assert tidy("c,n\nred,5\n").column == "c"
    assert tidy("5\n3\n").column is None


def test_faults_of_a_tidy_table_have_places(tidy):
    for row, code, column in (
        ("age,1,5", "duplicate-labels", 2),
        ("age,3,x", "not-a-number", 3),
        ("age,3,1.5", "fractional-count", 3),
    ):
        with pytest.raises(InputError) as caught:
            tidy(f"{TIDY}{row}\n")
        place = caught.value.places[0]
        assert (caught.value.code, place.line, place.column) == (code, 6, column)
    summed = tidy(f"{TIDY}age,1,5\n", duplicates="sum")
    assert summed.columns["age"].counts == {"1": 105, "2": 200}


def test_labels_that_nearly_agree_within_a_column_are_named_as_they_are(tidy):
    found = tidy("column,outcome,count\na,x,5\na,x ,5\nb,x,5\n")
    (note,) = found.notes
    assert note.code == "near-duplicate-labels"
    assert note.message == "labels of column 'a' that nearly agree are kept apart: 'x' and 'x '"


def test_which_columns_of_a_tidy_table_are_wanted(tidy):
    found = tidy(TIDY, Wanted(columns=frozenset(["age"])))
    assert (list(found.columns), found.seen) == (["age"], ("age", "city"))
    found = tidy(TIDY, Wanted(na=frozenset(["1"])))
    assert found.columns["age"] == Categories("age", 100, {"2": 200})
    for wanted, code in (
        (Wanted(columns=frozenset(["ages"])), "unknown-column"),
        (Wanted(forbid_missing=True), "missing-value"),
    ):
        with pytest.raises(InputError) as caught:
            tidy(TIDY, wanted)
        assert caught.value.code == code
