"""Tables as R, Spark, SQL shells, awk and spreadsheets write them, and what looks like these."""

import csv
import io
import json
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.errors import InputError
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions, read
from kldiv_cli.readers.records import parsed

sys.path.insert(0, str(Path(__file__).parent))

from forms import forms

BACKSLASH = "\\"


def codes(side):
    return [note.code for note in side.notes]


# Escapes.


def spark(label):
    """Return a label as Spark writes it."""
    if not set(label) & set('",\n\r'):
        return label
    inside = label.replace(BACKSLASH, BACKSLASH * 2).replace('"', f'{BACKSLASH}"')
    return f'"{inside}"'


LABEL = st.text(st.sampled_from('ab \\",;|\n\t'), min_size=1, max_size=8).filter(
    # Without quotes it would be an escape of what follows, or no label.
    lambda text: text.strip() and (set(text) & set('",\n') or not text.endswith(BACKSLASH))
)


@over(st.lists(LABEL, min_size=1, max_size=6, unique=True))
def test_what_spark_escapes_is_read_as_it_was(labels):
    text = "".join(f"{spark(label)},{i}\n" for i, label in enumerate(labels))
    lines = io.StringIO(text, newline="")
    assert list(parsed(lines, ",", BACKSLASH)) == [
        [label, str(i)] for i, label in enumerate(labels)
    ]


@over(st.lists(st.lists(LABEL, min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_the_csv_module_escapes_is_read_as_it_was(rows):
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer, escapechar=BACKSLASH, doublequote=False, quoting=csv.QUOTE_ALL, lineterminator="\n"
    )
    writer.writerows(rows)
    assert list(parsed(io.StringIO(buffer.getvalue(), newline=""), ",", BACKSLASH)) == rows


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("C:\\new,5", ["C:\\new", "5"]),
        ("\\\\server\\share,5", ["\\\\server\\share", "5"]),
        ('"C:\\data, old",5', ["C:\\data, old", "5"]),
        ("a\\,b,5", ["a,b", "5"]),
        ('"a \\"b\\"",5', ['a "b"', "5"]),
        ('"ends\\\\",5', ["ends\\", "5"]),
        ('"doubled "" too",5', ['doubled " too', "5"]),
    ],
)
def test_a_backslash_is_text_where_it_escapes_nothing(line, cells):
    assert list(parsed([line], ",", BACKSLASH)) == [cells]


SPARK = 'k,n\n"the \\"red\\" one",5\n"a, b",3\n'


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x"])
def test_the_error_names_the_option(name, given, refused):
    error = refused(name, SPARK)
    assert error.code == "bad-quote"
    assert error.hint.startswith("--escape '\\'")
    assert given(name, SPARK, escape=BACKSLASH).outcomes == ('the "red" one', "a, b")
    # Also where it is met far below.
    late = "k,n\n" + "".join(f"{i},1\n" for i in range(9000)) + '"the \\"red\\" one",5\n'
    assert refused(name, late).hint.startswith("--escape")


def test_a_backslash_at_the_end_of_a_quoted_field_is_text(given):
    text = 'folder,files\n"C:\\data, old\\",41\n"D:\\""x"" y\\",13\nE:\\z,90\n'
    assert given("x.csv", text).outcomes == ("C:\\data, old\\", 'D:\\"x" y\\', "E:\\z")


@pytest.mark.parametrize("escape", ["two", "", '"', "a", "1", "\n"])
def test_what_cannot_escape(escape, refused):
    assert refused("x.csv", SPARK, escape=escape).code == "bad-escape"


def test_it_is_for_one_side_where_it_is_given_twice(tmp_path):
    (tmp_path / "p.csv").write_text(SPARK)
    (tmp_path / "q.csv").write_text('k,n\n"the ""red"" one",5\n"a, b",3\n')
    paths = str(tmp_path / "p.csv"), str(tmp_path / "q.csv")
    report = compare(*paths, escape=(BACKSLASH, None))
    assert report.comparisons[0].measures["kl_pq"] == 0
    assert data_set(paths[0], ReadOptions(escape=BACKSLASH)).columns["k"].counts.keys() == {
        'the "red" one', "a, b"
    }  # fmt: skip


# Names of rows.


@pytest.mark.parametrize(
    ("name", "text", "delimiter"),
    [
        ("x.tsv", '"x"\t"Freq"\n"1"\t"red"\t5\n"2"\t"blue"\t3\n', None),
        ("x.csv", '"x","Freq"\n"1","red",5\n"2","blue",3\n', None),
        ("x.txt", '"x","Freq"\n"1","red",5\n"2","blue",3\n', None),
        ("x.txt", '"x" "Freq"\n"1" "red" 5\n"2" "blue" 3\n', " "),
        ("x.txt", "x Freq\n1 red 5\n2 blue 3\n", " "),
        ("x.tsv", '"Freq"\n"red"\t5\n"blue"\t3\n', None),
        ("x.csv", '"n","m"\n"red",5,1\n"blue",3,2\n', None),
        ("x.txt", '"V1"\n"red" 5\n"blue" 3\n', " "),
    ],
)
def test_the_names_of_rows_need_no_name(name, text, delimiter, given):
    side = given(name, text, delimiter=delimiter, weight="n" if '"m"' in text else None)
    assert (side.outcomes, side.weights.tolist()) == (("red", "blue"), [5, 3])
    assert "row-names" in codes(side)
    assert "row names" in dict(side.details)


def test_they_are_no_column_of_raw_rows(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("shop\tn\n1\ta\t1.5\n2\tb\t2.5\n3\ta\t3.5\n")
    found = data_set(str(path))
    assert list(found.columns) == ["shop", "n"]
    assert "row-names" in [note.code for note in found.notes]


@pytest.mark.parametrize(
    "text",
    [
        "k,n\na,5,\nb,3,\n",
        "5,3\na,5,1\nb,3,2\n",
        "# of a day\nk,n\na,5\n",
        "sales of a day\nk,n\na,5\n",
        "k,n\na,b,5\nc,3\n",
        "k,n\na,b,c,5\nd,e,f,3\n",
        # Commas in numbers without quotes.
        "k,n\nred,1,002\nblue,2,295\n",
        "k,share\nred,0,25\nblue,0,5\n",
        "k;share\nred;b,25\nblue;c,75\n",
    ],
)
def test_other_records_are_ragged(text, refused):
    assert refused("x.csv", text).code == "ragged-row"


def test_no_header_means_that_no_row_is_one(refused):
    text = "x,Freq\n1,red,5\n2,blue,3\n"
    assert refused("x.csv", text, header=False).code == "ragged-row"


# Tables that are drawn, and counts of rows.

DRAWN = {
    "psql": "   a   | count \n-------+-------\n blue  |   253\n(1 row)\n\n",
    "psql, one column": " a \n---\n x\n(1 row)\n",
    "psql, border": "+------+---+\n|  a   | n |\n+------+---+\n| blue | 5 |\n+------+---+\n",
    "mysql": "+------+---+\n| a    | n |\n+------+---+\n| blue | 5 |\n+------+---+\n1 row\n",
    "sqlite, box": "┌──────┬───┐\n│  a   │ n │\n├──────┼───┤\n│ blue │ 5 │\n└──────┴───┘\n",
    "sqlite, column": "a     n\n----  -\nblue  5\n",
    "markdown": "| a    |   n |\n|:-----|----:|\n| blue |   5 |\n",
    "sqlcmd": "a,n\n----,----\nblue,5\n\n(1 rows affected)\n",
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("file", ["x.txt", "x.csv", "x"])
def test_a_drawn_table_is_refused(name, file, refused, tmp_path):
    error = refused(file, DRAWN[name])
    assert error.code == "drawn-table"
    assert "psql -At" in error.hint
    assert refused(file, DRAWN[name], delimiter="|").code == "drawn-table"
    with pytest.raises(InputError, match="drawn for people"):
        data_set(str(tmp_path / file))


@pytest.mark.parametrize(
    "text",
    ["a,n\n--,5\n---,3\n", "k,n\na-b,5\n+,3\n-,1\n", "k|n\n-|5\n--|3\n", "k,n\n=,4\n==,5\n"],
)
def test_dashes_may_be_labels(text, given):
    assert len(given("x.txt", text).outcomes) in (2, 3)


@pytest.mark.parametrize("mark", [",", "|", "\t"])
@pytest.mark.parametrize("footer", ["(2 rows)", "(2 rows affected)"])
def test_a_count_of_rows_is_named(mark, footer, refused, tmp_path):
    text = f"k{mark}n\na{mark}5\nb{mark}3\n{footer}\n"
    for name in ("x.txt", "x.csv") if mark == "," else ("x.txt",):
        error = refused(name, text)
        assert error.code == "ragged-row"
        assert "psql -At" in error.hint
        with pytest.raises(InputError, match="found 1 fields"):
            data_set(str(tmp_path / name))


def test_it_is_no_value_of_a_single_column(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("shop\na\nb\na\n(3 rows)\n")
    with pytest.raises(InputError, match="the count of rows"):
        data_set(str(path))
    path.write_text("shop\na\nb\na\n(17 rows)\n")
    assert data_set(str(path)).rows == 4


# uniq -c, and awk.

UNIQ = "      5 red\n   1002 blue\n"


@pytest.mark.parametrize("name", ["x.txt", "x", "x.log"])
def test_the_output_of_uniq_is_told(name, given, tmp_path):
    side = given(name, UNIQ)
    assert (side.format, side.kind, side.weights.tolist()) == ("uniq", "counts", [5, 1002])
    assert codes(side) == ["uniq"]
    rows = data_set(str(tmp_path / name))
    assert (rows.rows, rows.columns["value"].counts) == (1007, {"red": 5, "blue": 1002})
    assert [note.code for note in rows.notes] == ["uniq"]


def test_a_hundred_lines_are_counts_all_the_same(given):
    assert given("x.uniq", "     60 red\n     40 blue\n").kind == "counts"


def test_numbers_that_do_not_stand_below_each_other_are_asked_for(refused, given):
    error = refused("x.txt", "5 red\n1002 blue\n")
    assert (error.code, error.hint.startswith("--input-format uniq")) == ("looks-like-uniq", True)
    assert refused("x.csv", UNIQ).code == "looks-like-uniq"
    error = refused("x.txt", "5 18\n3 19\n")
    assert (error.code, "--delimiter ' '" in error.hint) == ("looks-like-uniq", True)
    # What occurs nowhere is not counted.
    assert "--delimiter ' '" in refused("x.txt", "0 18\n1 19\n").hint
    assert given("x.csv", UNIQ, format="uniq").kind == "counts"


def test_the_total_of_wc_is_a_total(refused):
    text = "  10 a.txt\n  20 b.txt\n  30 total\n"
    assert refused("x.txt", text).code == "total-row"


def test_a_label_a_blank_and_a_number(given, refused, tmp_path):
    error = refused("x.txt", "blue 295\nred 1002\n")
    assert (error.code, error.hint[:15]) == ("no-weights", "--delimiter ' '")
    side = given("x.txt", "blue 295\nred 1002\n", delimiter=" ")
    assert (side.outcomes, side.kind) == (("blue", "red"), "counts")
    with pytest.raises(InputError, match="a word, a blank and a number"):
        data_set(str(tmp_path / "x.txt"))
    assert data_set(str(tmp_path / "x.txt"), ReadOptions(delimiter=",")).rows == 2 - 1


@pytest.mark.parametrize(
    "text", ["Route 66\nRoute 66\nRoute 7\n", "new york 5\nboston 3\n", "a 1\nb x\nc 3\n"]
)
def test_words_with_blanks_are_raw_values(text, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("name\n" + text)
    assert data_set(str(path)).rows == text.count("\n")


# Headers.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", "colour,0\nred,5\nblue,3\n"),
        ("x.csv", ",0\nred,5\nblue,3\n"),
        ("x.tsv", "colour\t0\t1\nred\t5\t2\nblue\t3\t2\n"),
        ("x.csv", "0\n0.2\n0.5\n0.3\n"),
        ("x.csv", "0,1\nred,5\nblue,3\n"),
    ],
)
def test_a_header_that_counts_is_asked_for(name, text, given, refused):
    error = refused(name, text)
    assert error.code == "which-header"
    assert "--header" in error.hint
    assert "--no-header" in error.hint
    last = {"weight": "0"} if "\t" in text else {}
    rows = text.count("\n")
    assert given(name, text, header=True, **last).weights.size == rows - 1
    last = {"weight": "2"} if "\t" in text else {}
    assert given(name, text, header=False, **last).weights.size == rows
    if "," in text and "0,1" not in text:
        assert given(name, text, weight="0").weights.size == rows - 1


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("red,5\nblue,3\n", 2),
        ("red,1\nblue,3\n", 2),
        ("2024-01-05,0\n2024-01-06,3\n", 2),
        ("0,0\n1,3\n2,5\n", 3),
        ("[0; 1),0\n[1; 2),3\n", 2),
    ],
)
def test_other_numbers_are_data(text, rows, given):
    side = given("x.csv", text)
    assert (side.weights.size, codes(side)[0]) == (rows, "no-header")


@pytest.mark.parametrize("text", ["0,1\n1.5,2.5\n2.5,1.5\n", "0,1\na,x\nb,y\n", "0\n1\n1\n"])
def test_raw_rows_too(text, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        data_set(str(path))
    assert caught.value.code == "which-header"
    assert data_set(str(path), ReadOptions(header=True)).rows == 2
    assert data_set(str(path), ReadOptions(header=False)).rows == 3


def test_a_word_that_comes_again_is_no_name(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("south\nnorth\nsouth\n")
    found = data_set(str(path))
    assert (found.rows, [note.code for note in found.notes]) == (3, ["no-header"])
    # Not only among the rows that are looked at first.
    path.write_text("south\n" + "north\n" * 5000 + "south\n")
    assert data_set(str(path)).rows == 5002
    path.write_text("shop\nnorth\nsouth\n")
    assert data_set(str(path)).rows == 2
    path.write_text("south\nnorth\nsouth\n")
    assert data_set(str(path), ReadOptions(header=True)).rows == 2
    # Of several columns the first row may be that of a second file.
    path.write_text("a,b\nx,y\na,b\n")
    assert list(data_set(str(path)).columns) == ["a", "b"]


# Numbers.


def test_percentages_in_every_form(tmp_path):
    rows = [("red", "12.5%"), ("green", "37.5 %"), ("blue", "50%")]
    for name, source in forms(rows, tmp_path).items():
        side = read(source)
        assert (side.kind, side.weights.tolist()) == ("weights", [12.5, 37.5, 50]), name
        assert codes(side) == ["percent"], name
        with pytest.raises(InputError) as caught:
            read(source, ReadOptions(kind="counts"))
        assert (caught.value.code, caught.value.hint) == ("fractional-count", "--as weights"), name
    mixed = [*rows[:2], ("blue", "50")]
    for source in forms(mixed, tmp_path).values():
        with pytest.raises(InputError, match="some have none"):
            read(source)


def test_percentages_that_do_not_add_up_to_a_hundred(given):
    side = given("x.csv", "k,share\na,10%\nb,20.1%\n")
    assert (side.kind, codes(side)) == ("weights", ["percent", "normalised"])
    side = given("x.csv", "k;share\na;10,5%\nb;89,5 %\n", delimiter=";", decimal=",")
    assert side.weights.tolist() == [10.5, 89.5]
    # Of whole percentages no total makes counts.
    assert given("x.csv", "k,share\na,10%\nb,21%\n").kind == "weights"
    side = given("x.csv", "a,10%\nb,90%\n")
    assert codes(side)[0] == "no-header"


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x.tsv"])
def test_percentages_with_a_decimal_comma(name, refused, given):
    mark = "\t" if name == "x.tsv" else ";"
    text = f"k{mark}share\na{mark}10,5%\nb{mark}89,5 %\n"
    assert "--decimal ','" in refused(name, text).hint
    assert given(name, text, delimiter=mark, decimal=",").weights.tolist() == [10.5, 89.5]


def test_labels_with_the_sign_are_labels(given):
    side = given("x.csv", "band,cars\n10%,5\n20%,3\n")
    assert (side.outcomes, side.kind) == (("10%", "20%"), "counts")
    side = given("x.csv", "cars,growth,band\n5,62%,x\n3,38%,y\n")
    assert side.weights.tolist() == [5, 3]


def test_numbers_in_quotes_in_every_form(tmp_path):
    rows = [("red", "5"), ("green", "3"), ("blue", "12")]
    for name, source in forms(rows, tmp_path).items():
        side = read(source)
        assert (side.kind, side.weights.tolist()) == ("counts", [5, 3, 12]), name
        in_text = name in ("x.csv", "x.txt", "copy.tsv")
        assert codes(side) == ([] if in_text else ["quoted-numbers"]), name
    for records in (
        '[{"k": "a", "n": "5"}, {"k": "b", "n": 3}]',
        '{"a": "5", "b": 3}',
        '["5", 3]',
    ):
        (tmp_path / "y.json").write_text(records)
        with pytest.raises(InputError, match="some are not") as caught:
            read(str(tmp_path / "y.json"))
        assert caught.value.code == "not-a-number"


@pytest.mark.parametrize(
    ("records", "outcomes"),
    [
        ('[{"zip": "10115", "n": "3"}, {"zip": "10117", "n": "4"}]', ("10115", "10117")),
        ('[{"zip": "10115", "x": 3}, {"zip": "10117", "x": 4}]', ("10115", "10117")),
        ('[{"x": 3, "zip": "10115"}, {"x": 4, "zip": "10117"}]', ("10115", "10117")),
        ('[{"hour": 7, "count": "3"}, {"hour": 8, "count": "4"}]', ("7", "8")),
    ],
)
def test_labels_of_digits_in_quotes_are_labels(records, outcomes, given):
    side = given("x.json", records)
    assert (side.outcomes, side.weights.tolist()) == (outcomes, [3, 4])


IN_DOUBT = {
    "integers that count upwards": ([3, 4, 5], ["295", "592", "887"]),
    "quoted numbers that come again": ([0.5, 1.5, 2.5], ["295", "592", "592"]),
}


@pytest.mark.parametrize("case", [*IN_DOUBT])
def test_numbers_in_quotes_may_be_weights_beside_labels(case, refused, tmp_path):
    hours, hits = IN_DOUBT[case]
    records = [
        dict(zip(("hour", "hits"), row, strict=True)) for row in zip(hours, hits, strict=True)
    ]
    sources = [
        pd.DataFrame(records),
        {"hour": hours, "hits": hits},
        tmp_path / "x.jsonl",
        tmp_path / "x.json",
    ]
    sources[2].write_text("\n".join(map(json.dumps, records)))
    sources[3].write_text(json.dumps({"hits": hits, "hour": hours}))
    for source in sources:
        with pytest.raises(InputError) as caught:
            read(source)
        assert caught.value.code == "several-weights"
        assert ("--weight hour" in caught.value.hint) == (len(set(hits)) == 3)
        side = read(source, ReadOptions(weight="hits"))
        assert side.outcomes == tuple(map(str, hours))
        assert side.weights.tolist() == list(map(int, hits))


def test_the_choice_of_labels_in_quotes_is_a_note(given):
    side = given("x.json", '[{"hour": 3, "hits": "295"}, {"hour": 4, "hits": "592"}]')
    (note,) = side.notes
    assert (note.code, note.repair) == ("columns-chosen", True)
    assert "'hits', whose numbers are in quotes" in note.message
    assert note.advice == "--label hits --weight hour"
    named = given("x.json", '[{"zip": "10115", "n": 3}, {"zip": "10117", "n": 4}]')
    assert codes(named) == []


@pytest.mark.parametrize("bucket", ["bucket", "id"])
def test_a_name_of_labels_leaves_the_numbers_in_quotes_in_doubt(bucket, refused):
    text = f'[{{"{bucket}": 0.5, "hits": "295"}}, {{"{bucket}": 1.5, "hits": "592"}}]'
    assert refused("x.json", text).code == "several-weights"


WHOLE = [12.0, 100000.0, 3.0]


@pytest.mark.parametrize(
    "source",
    [
        WHOLE,
        np.array(WHOLE),
        np.array(WHOLE, dtype=np.float32),
        pd.Series(WHOLE),
        pl.Series(WHOLE),
        pa.array(WHOLE),
        [Decimal("12.0"), Decimal("1e5"), Decimal(3)],
    ],
    ids=lambda source: type(source).__name__,
)
def test_whole_numbers_in_any_spelling_are_counts(source):
    side = read(source)
    assert (side.kind, side.weights.tolist()) == ("counts", [12, 100000, 3])
    assert side.weights.dtype.kind == "i"
    assert codes(side) == ["whole-numbers", "unlabelled"]


def test_whole_numbers_in_text(given):
    side = given("x.csv", "k,n\na,12.0\nb,1e+05\nc,3\n")
    assert (side.kind, codes(side), side.total) == ("counts", ["whole-numbers"], 100015)
    side = given("x.csv", "k,n\na,60.0\nb,4e1\n")
    assert (side.kind, side.notes[0].advice) == ("weights", "--as counts")
    assert given("x.csv", "k,n\na,60.0\nb,4e1\n", kind="counts").weights.tolist() == [60, 40]
    assert given("x.csv", "k,n\na,12.5\nb,1e+05\n").kind == "weights"
    # From here on every double is whole.
    assert given("x.csv", "k,n\na,1e20\nb,3e20\n").kind == "weights"


def test_counts_are_the_same_in_any_spelling(tmp_path):
    p, q = [("red", 12), ("blue", 100)], {"red": 30, "blue": 100}
    truth = compare(dict(p), q)
    floats = [(label, float(n)) for label, n in p]
    for name, source in forms(floats, tmp_path).items():
        report = compare(source, q)
        assert report.comparisons[0].measures == truth.comparisons[0].measures, name
        assert report.comparisons[0].estimate == truth.comparisons[0].estimate, name
        (column,) = check(q, source, kind="counts").columns
        assert column.n_current == Fraction(112)


FLAGS = {
    "pandas": '"flag","n"\nTrue,30\nFalse,50\n',
    "sql": "flag,n\ntrue,30\nfalse,50\n",
    "R": "flag,n\nTRUE,30\nFALSE,50\n",
    "postgres": "flag,n\nt,30\nf,50\n",
}


def test_booleans_and_dates_meet_whoever_wrote_the_table(tmp_path):
    sides = [pd.DataFrame({"flag": [True, False], "n": [30, 50]})]
    (tmp_path / "x.json").write_text('[{"flag": true, "n": 30}, {"flag": false, "n": 50}]')
    sides.append(str(tmp_path / "x.json"))
    for name, text in FLAGS.items():
        (tmp_path / f"{name}.csv").write_text(text)
        sides.append(str(tmp_path / f"{name}.csv"))
    for p in sides:
        for q in sides:
            assert compare(p, q).comparisons[0].measures["kl_pq"] == 0
            (column,) = check(p, q, kind="weights").columns
            assert column.kl == 0
    days = pd.DataFrame({"day": pd.to_datetime(["2024-01-05", "2024-01-06"]), "n": [30, 50]})
    (tmp_path / "d.csv").write_text("day,n\n2024-01-05,30\n2024-01-06,50\n")
    assert compare(days, str(tmp_path / "d.csv")).comparisons[0].measures["kl_pq"] == 0
    # Two labels of one side stay two.
    report = compare({"t": 3, "T": 4, "f": 5}, {"t": 3, "f": 5, "F": 4})
    assert report.comparisons[0].only_in_p == ("T",)
    # So do letters that are no booleans.
    report = compare({"f": 3, "m": 4}, {"F": 3, "M": 4})
    assert report.comparisons[0].only_in_p == ("f", "m")


@pytest.mark.parametrize("name", ["x", "x.csv", "x.txt"])
def test_lines_that_no_delimiter_makes_records_of_are_refused(name, refused):
    assert refused(name, '\x0fa;b": 5, "gr\\u0\r2, 1]}\n1;2,5\r\n').code
