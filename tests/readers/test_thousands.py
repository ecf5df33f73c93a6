"""Numbers with separators between thousands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import InputError, UsageError, check, compare
from kldiv_cli.core.numbers import SEPARATORS, separator_in, without_separators

MARKS = [mark for marks in SEPARATORS for mark in marks]


@given(st.integers(-(10**15), 10**15), st.sampled_from(MARKS), st.sampled_from(["", "5", "250"]))
def test_whatever_writes_them_they_are_read_as_written_plainly(number, mark, fraction):
    decimal = "," if mark == "." else "."
    rest = f"{decimal}{fraction}" if fraction else ""
    written = f"{number:,}".replace(",", mark) + rest
    assert without_separators(mark, decimal)(written) == f"{number}{rest}"
    if abs(number) >= 1000:
        same = next(marks for marks in SEPARATORS if mark in marks)
        assert separator_in(written) == same[0]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("12,34,567", "1234567"), ("1,23,456.5", "123456.5"), (" +1,234 ", " +1234 "),
        ("1,234%", "1234%"), ("-1,234,567 %", "-1234567 %"), ("1,234.", "1234."),
    ],
)  # fmt: skip
def test_groups_of_two_signs_and_per_cent(text, plain):
    assert without_separators(",")(text) == plain


@pytest.mark.parametrize(
    "text",
    ["", "x", "1234", "1,23", "1,2345", "0,123", "01,234", "1,,234", ",234", "1,234,", "1,234,56",
     "1.234", "1,234.5,6", "1,234e5", "1 234", "A 1,234", "1234,567", "1,234\n", "１,234"],
)  # fmt: skip
def test_what_is_no_such_number_stays(text):
    assert without_separators(",")(text) == text


PLAIN = "party,votes\nA,1234\nB,190\nC,12345678\n"
GROUPED = {
    ",": 'party,votes\nA,"1,234"\nB,190\nC,"12,345,678"\n',
    ".": "party;votes\nA;1.234\nB;190\nC;12.345.678\n",
    "'": "party,votes\nA,1'234\nB,190\nC,12’345’678\n",
    " ": "party,votes\nA,1 234\nB,190\nC,12\u00a0345\u202f678\n",
    "_": "party,votes\nA,1_234\nB,190\nC,12_345_678\n",
}


@pytest.fixture
def written(tmp_path):
    def write(text, name="x.csv"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("mark", GROUPED)
def test_counts_and_rows_are_those_of_the_plain_file(written, mark):
    path, plain = written(GROUPED[mark], "grouped.csv"), written(PLAIN, "plain.csv")
    report = compare(path, plain, thousands=(mark, None))
    assert (report.p.kind, report.p.total) == ("counts", 1234 + 190 + 12345678)
    assert [comparison.measures["kl_pq"] for comparison in report.comparisons] == [0]
    rows = "\n".join([*GROUPED[mark].splitlines()[1:]] * 40)
    header = GROUPED[mark].splitlines()[0]
    path = written(f"{header}\n{rows}\n", "rows.csv")
    plain = written("party,votes\n" + "\n".join(PLAIN.splitlines()[1:] * 40) + "\n", "plain.csv")
    report = check(path, plain, thousands=(mark, None), kind="samples")
    assert [column.kl for column in report.columns] == [0, 0]


def test_a_comma_is_the_decimal_mark_beside_points(written):
    path = written("x;n\na;1.204,5\nb;980,25\n")
    assert compare(path, path, thousands=".").p.total == 2184.75
    # Who says that commas are decimal marks has said that they split nothing.
    path = written("x;n\na;1204,5\nb;980\n")
    assert compare(path, path, decimal=",").p.total == 2184.5


def test_an_error_shows_the_number_as_it_is_written(written):
    path = written('x,n\na,"1,204"\nb,"1,20"\n')
    with pytest.raises(InputError) as caught:
        compare(path, path, thousands=",")
    assert (caught.value.code, caught.value.places[0].value) == ("not-a-number", "1,20")
    path = written('x,n\na,"-1,204"\nb,1\n')
    with pytest.raises(InputError) as caught:
        compare(path, path, thousands=",")
    assert (caught.value.code, caught.value.places[0].value) == ("negative-weight", "-1,204")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"thousands": ";"}, "bad-thousands"), ({"thousands": ",."}, "bad-thousands"),
        ({"thousands": ""}, "bad-thousands"),
        ({"thousands": ",", "decimal": ","}, "bad-thousands"),
        ({"thousands": ".", "decimal": "."}, "bad-thousands"),
    ],
    ids=str,
)  # fmt: skip
def test_what_separates_no_thousands(written, options, code):
    path = written(PLAIN)
    with pytest.raises(UsageError) as caught:
        compare(path, path, **options)
    assert caught.value.code == code


def test_only_text_has_separators(written):
    path = written('{"a": 1, "b": 2}', "x.json")
    with pytest.raises(UsageError, match="thousands"):
        compare(path, path, thousands=",")
