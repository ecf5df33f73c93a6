"""A label that is empty, null, left out or an unquoted null is one outcome: missing values."""

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from kldiv_cli import check, compare
from kldiv_cli.errors import InputError
from kldiv_cli.readers import ReadOptions, read

sys.path.insert(0, str(Path(__file__).parent))

from forms import forms

ROWS = [("red", 30), ("green", 40), (None, 7)]
OTHER = [("green", 70), (None, 30), ("red", 101)]


def kl(p, q):
    return sum(
        a / sum(p) * math.log((a / sum(p)) / (b / sum(q))) for a, b in zip(p, q, strict=True)
    )


def test_every_form_meets_every_other(tmp_path):
    for folder in ("p", "q"):
        (tmp_path / folder).mkdir()
    truth = kl([30, 40, 7], [101, 70, 30])
    qs = forms(OTHER, tmp_path / "q")
    for name, p in forms(ROWS, tmp_path / "p").items():
        for other, q in qs.items():
            report = compare(p, q)
            found = report.comparisons[0].measures["kl_pq"]
            assert found == pytest.approx(truth, rel=1e-12), (name, other)
            codes = [note.code for note in report.notes if note.code == "missing-label"]
            assert codes, (name, other)
            assert (report.p.missing, report.q.missing) == (7, 30)


def test_a_check_counts_it_as_missing(tmp_path):
    for folder in ("p", "q"):
        (tmp_path / folder).mkdir()
    qs = forms(OTHER, tmp_path / "q")
    for name, p in forms(ROWS, tmp_path / "p").items():
        for q in qs.values():
            (column,) = check(q, p, kind="counts").columns
            assert column.missing_current == 7 / 77, name
            assert column.missing_reference == 30 / 201, name
            assert not column.new_outcomes
            truth = kl([30, 40, 7], [101, 70, 30])
            assert column.measures["kl_pq"] == pytest.approx(truth, rel=1e-12)
        (column,) = check({"red": 101, "green": 70}, p, kind="counts", missing="drop").columns
        assert column.measures["kl_pq"] == pytest.approx(kl([30, 40], [101, 70]), rel=1e-12)


def test_a_known_distribution_has_its_share(tmp_path):
    reference = {"red": 0.5, "green": 0.3, None: 0.2}
    (column,) = check(reference, dict(ROWS), kind=("probabilities", "counts")).columns
    assert (column.missing_reference, column.missing_current) == (0.2, 7 / 77)
    rows = pd.DataFrame({"x": ["red"] * 30 + ["green"] * 40 + [None] * 7})
    (column,) = check(reference, rows, kind=("probabilities", "samples")).columns
    assert (column.missing_reference, column.missing_current) == (0.2, 7 / 77)
    for missing in ("drop", "error"):
        with pytest.raises(InputError) as caught:
            check(reference, rows, kind=("probabilities", "samples"), missing=missing)
        assert caught.value.code == "missing-value"


def test_words_of_the_user_are_missing_too(tmp_path):
    rows = [(label or "NA", n) for label, n in ROWS]
    (tmp_path / "q").mkdir()
    for name, p in forms(rows, tmp_path).items():
        side = read(p)
        assert (side.missing_label, side.missing, "NA" in side.outcomes) == (None, 0, True), name
        side = read(p, ReadOptions(na=frozenset(["NA"])))
        assert (side.missing, "NA" in side.outcomes) == (7, False), name
        report = compare(p, dict(OTHER), na="NA")
        truth = kl([30, 40, 7], [101, 70, 30])
        assert report.comparisons[0].measures["kl_pq"] == pytest.approx(truth, rel=1e-12)
        (column,) = check(dict(OTHER), p, kind="counts", na="NA").columns
        assert column.missing_current == 7 / 77


def test_a_label_that_is_called_so_is_another(tmp_path):
    p = {"(missing)": 3, "a": 5, None: 2}
    q = {"a": 5, "(missing)": 3, "b": 1}
    report = compare(p, q)
    comparison = report.comparisons[0]
    assert comparison.only_in_p == ("((missing))",)
    assert comparison.only_in_q == ("b",)
    # The sides need not have called it alike.
    report = compare({None: 2, "a": 4}, {None: 2, "a": 3, "(missing)": 1})
    assert report.comparisons[0].only_in_p == ()
    assert report.comparisons[0].only_in_q == ("(missing)",)


@pytest.mark.parametrize(
    "label", [None, math.nan, pd.NA, pd.NaT, np.nan, np.float32("nan"), "", " ", "\t", "\xa0"]
)
def test_what_python_has_for_none(label):
    side = read({"a": 5, label: 3})
    assert (side.outcomes, side.missing) == (("a", "(missing)"), 3)
    side = read(pd.DataFrame({"k": ["a", label], "n": [5, 3]}))
    assert (side.outcomes, side.missing) == (("a", "(missing)"), 3)


def test_an_index_or_a_column_of_numbers_with_a_gap():
    for frame in (
        pd.Series([5, 3], index=[1.5, math.nan]),
        pd.DataFrame({"k": [1.5, math.nan], "n": [5, 3]}),
        pd.DataFrame({"k": pd.array([1, None], dtype="Int64"), "n": [5, 3]}),
        pd.Series(pd.Categorical(["a", None, "a"])).value_counts(dropna=False),
        pl.DataFrame({"k": [1, None], "n": [5, 3]}),
    ):
        assert read(frame).missing_label == "(missing)"


@pytest.mark.parametrize("form", ["csv", "tsv", "txt"])
def test_a_quoted_null_is_text(form, given):
    mark = "\t" if form == "tsv" else ","
    text = f'k{mark}n\n"\\N"{mark}5\n\\N{mark}3\n"a\\N"{mark}2\n"say ""\\N"" "{mark}1\n'
    side = given(f"x.{form}", text)
    assert side.outcomes == ("\\N", "(missing)", "a\\N", 'say "\\N" ')
    assert side.missing == 3


def test_a_null_far_down_a_large_file(given):
    rows = "".join(f"{'x' * 50}{i},1\n" for i in range(9000))
    side = given("x.csv", f'k,n\n{rows}\\N,7\n"\\N",8\n')
    assert side.outcomes[-2:] == ("(missing)", "\\N")


def test_several_missing_rows_repeat_an_outcome(given, refused):
    for text in ("k,n\na,5\n,3\n\\N,1\n", "k,n\na,5\n,3\n,1\n", "k,n\na,5\n ,3\n,1\n"):
        assert refused("x.csv", text).code == "duplicate-labels"
        assert given("x.csv", text, duplicates="sum").missing == 4
    records = '[{"k": "a", "n": 5}, {"k": null, "n": 3}, {"n": 1}]'
    assert refused("x.json", records).code == "duplicate-labels"


def test_the_output_of_uniq(given):
    side = given("x.uniq", "      5 a\n      3 \n")
    assert side.missing == 3
    side = given("x.uniq", "      5 a\n      3 \\N\n")
    assert side.missing == 3


def test_a_table_of_a_missing_group_is_asked_for_its_kind(tmp_path):
    for name, source in forms(ROWS, tmp_path).items():
        if name in ("uniq.txt", "series", "pandas, index"):
            continue
        with pytest.raises(InputError) as caught:
            check(source, source)
        assert caught.value.code == "which-kind", name
