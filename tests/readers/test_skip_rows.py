"""Lines above a table that are no part of it."""

import gzip

import pytest

from kldiv_cli import InputError, UsageError, check, compare

TABLE = "party,votes\nA,5\nB,7\n"
ROWS = "party,votes\n" + "A,5\nB,7\nA,6\n" * 50
ABOVE = {
    "a title": "Table 1: votes\n",
    "a title and a blank line": "Table 1: votes, by party\n\n",
    "a quote that is never closed": 'a "title"" with", quotes\nand "more\n',
    "two titles and another table's header": "a,b,c\n1,2,3\nx\n",
    "blank lines": "\n\n\n",
}


@pytest.fixture
def written(tmp_path):
    def write(text, name="x.csv"):
        data = text.encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_a_table_is_read_as_without_what_stands_above(written, above, end, name):
    lines = ABOVE[above].count("\n")
    titled = written((ABOVE[above] + TABLE).replace("\n", end), name)
    report = compare(titled, written(TABLE, "plain.csv"), skip_rows=(lines, 0))
    assert (report.p.total, report.comparisons[0].measures["kl_pq"]) == (12, 0)
    titled = written((ABOVE[above] + ROWS).replace("\n", end), name)
    report = check(titled, written(ROWS, "plain.csv"), skip_rows=(lines, 0))
    assert [column.kl for column in report.columns] == [0, 0]


def test_errors_count_the_lines_that_are_left_out(written):
    path = written("Table 1\n\nparty,votes\nA,5\nB,x\n")
    with pytest.raises(InputError) as caught:
        compare(path, path, skip_rows=2)
    place = caught.value.places[0]
    assert (caught.value.code, place.line, place.column) == ("not-a-number", 5, 2)


def test_a_title_is_told_of(written):
    path = written("Table 1\n\nparty,votes\nA,5\nB,7\n")
    with pytest.raises(InputError) as caught:
        compare(path, path)
    assert caught.value.code == "ragged-row"
    assert caught.value.hint.startswith("skip_rows=2 if a title stands above")


def test_nothing_is_left(written):
    path = written(TABLE)
    with pytest.raises(InputError) as caught:
        compare(path, path, skip_rows=9)
    assert caught.value.code == "no-rows"


@pytest.mark.parametrize("number", [-1, 1.5, True, "two"])
def test_what_is_no_number_of_lines(written, number):
    path = written(TABLE)
    with pytest.raises(UsageError, match="skip_rows is a whole number >= 0"):
        compare(path, path, skip_rows=number)
