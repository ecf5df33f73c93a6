"""A row that is the sum of all the others is no outcome, whoever wrote the table."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.errors import InputError
from kldiv_cli.readers import ReadOptions, read

sys.path.insert(0, str(Path(__file__).parent))

from forms import forms

ROWS = [("red", 3), ("green", 4), ("blue", 5)]


def refused(source, **options):
    with pytest.raises(InputError) as caught:
        read(source, ReadOptions(**options))
    return caught.value


def codes(side):
    return [note.code for note in side.notes]


NAMES = ("All", "total", "TOTALS", " Sum ", "Grand Total", "grand total", "NULL", "null", None)


@pytest.mark.parametrize("label", NAMES)
def test_a_total_is_refused_left_out_or_kept_in_every_form(label, tmp_path):
    for name, source in forms([*ROWS, (label, 12)], tmp_path).items():
        error = refused(source)
        assert error.code == "total-row", name
        assert error.hint.startswith("--total-row drop"), name
        assert "--total-row keep" in error.hint, name
        side = read(source, ReadOptions(total_row="drop"))
        assert (side.total, len(side.outcomes), side.rows_used) == (12, 3, 3), name
        assert side.rows_read == 4, name
        assert "total-row" in codes(side), name
        side = read(source, ReadOptions(total_row="keep"))
        assert (side.total, len(side.outcomes)) == (24, 4), name
        assert "looks-like-total" not in codes(side), name


def test_it_is_named_with_its_place(tmp_path):
    places = {
        name: refused(source).places[0]
        for name, source in forms([*ROWS, ("Total", 12)], tmp_path).items()
    }
    assert {place.value for place in places.values()} == {"Total"}
    assert places["x.csv"].line == places["copy.tsv"].line == 5
    assert places["x.jsonl"].line == places["uniq.txt"].line == places["x.jsonl"].line == 4
    assert places["pandas"].index == (3,)


def test_it_may_stand_anywhere(tmp_path):
    for at in range(4):
        rows = list(ROWS)
        rows.insert(at, ("All", 12))
        for source in forms(rows, tmp_path).values():
            assert refused(source).code == "total-row"
            assert read(source, ReadOptions(total_row="drop")).total == 12


def test_logarithms_and_positions_have_none():
    for kind in ("logits", "log-probs"):
        assert read({"a": 1.0, "b": 2.0, "Total": 3.0}, ReadOptions(kind=kind)).weights.size == 3
    assert read([1, 2, 3, 6]).total == 12
    assert read(np.array([[1, 2, 3], [1, 2, 3]])).weights.shape == (2, 3)


@pytest.mark.parametrize(
    ("weights", "is_total"),
    [
        ([0.1, 0.2, 0.3, 0.6], True),
        ([0.1, 0.2, 0.3, 0.6 + 5e-10], True),
        ([0.1, 0.2, 0.3, 0.6 + 2e-9], False),
        ([10**20, 3, 10**20 + 3], True),
        ([10**20, 3, 10**20 + 4], False),
        ([2**53 - 1, 5.0, 2.0**53 + 4], True),
        ([1e9, 5e9, 6e9 + 1], False),
        ([1e300, 5e300, 6e300], True),
        ([0, 0, 5, 0], False),
        (["10%", "20%", "30%"], True),
        (["10.5 %", "20 %", "30.5 %"], True),
    ],
)
def test_the_sum_is_exact_for_whole_numbers(weights, is_total):
    table = {**{f"x{i}": w for i, w in enumerate(weights[:-1])}, "Total": weights[-1]}
    if is_total:
        assert refused(table).code == "total-row"
    else:
        assert "looks-like-total" in codes(read(table))


@over(st.lists(st.integers(0, 10**18), min_size=2, max_size=9), st.integers(-1, 1))
def test_counts_of_any_size(values, off):
    total = sum(values) + off
    if total <= 0 or total == 1 or not any(values):
        return
    table = {**{f"x{i}": value for i, value in enumerate(values)}, "Sum": total}
    if off:
        assert read(table).total == 2 * total - off
    else:
        assert refused(table).code == "total-row"


def test_a_label_alone_or_a_sum_alone_is_an_outcome_with_a_note(tmp_path):
    for source in forms([*ROWS, ("Total", 340)], tmp_path).values():
        side = read(source)
        assert (side.total, codes(side).count("looks-like-total")) == (352, 1)
        # The user's word is enough.
        side = read(source, ReadOptions(total_row="drop"))
        assert (side.total, codes(side).count("total-row")) == (12, 1)
    for source in forms([*ROWS, ("Summe", 12)], tmp_path).values():
        side = read(source)
        assert (side.total, codes(side).count("looks-like-total")) == (24, 1)
        assert read(source, ReadOptions(total_row="drop")).total == 12


@pytest.mark.parametrize(
    "rows",
    [
        [("heads", 500), ("tails", 500)],
        [("a", 1), ("b", 2), ("c", 3)],
        [("c", 6), ("a", 1), ("b", 2), ("d", 3)],
        [("a", 3), ("b", 4), (None, 5)],
        [("subtotal", 7), ("a", 3), ("b", 5)],
    ],
)
def test_others_are_not_mistaken_for_one(rows, tmp_path):
    for name, source in forms(rows, tmp_path).items():
        side = read(source)
        assert len(side.outcomes) == len(rows)
        assert "looks-like-total" not in codes(side), name


def test_a_missing_group_beside_the_total_of_a_rollup(tmp_path):
    rows = [*ROWS, (None, 7), (None, 19)]
    for name, source in forms(rows, tmp_path).items():
        error = refused(source)
        assert (error.code, error.hint) == ("total-row", "--total-row drop leaves it out"), name
        side = read(source, ReadOptions(total_row="drop"))
        assert (side.total, side.missing, len(side.outcomes)) == (19, 7, 4), name
        # As outcomes they would be one, of the whole sum.
        error = refused(source, total_row="keep")
        assert error.code == "duplicate-labels", name
        assert "--duplicates" not in error.hint, name
        assert refused(source, duplicates="sum").code == "total-row", name


def test_several_totals_are_all_left_out(tmp_path):
    for source in forms([*ROWS, ("All", 12), ("Grand total", 12)], tmp_path).values():
        assert refused(source).count == 2
        assert read(source, ReadOptions(total_row="drop")).total == 12


def test_the_row_of_a_table_is_left_out_of_both_weights(tmp_path):
    text = "k,n,share\na,1,33.3\nb,1,33.3\nc,1,33.3\nTotal,3,100\n"
    path = tmp_path / "x.csv"
    path.write_text(text)
    frame = pd.read_csv(path)
    for source in (str(path), frame):
        with pytest.raises(InputError, match="sum of all the others"):
            compare(source, weight=("n", "share"))
        with pytest.raises(InputError, match="sum of all the others"):
            compare(source, weight=("share", "n"))
        report = compare(source, weight=("n", "share"), total_row="drop")
        assert report.comparisons[0].measures["kl_pq"] == pytest.approx(0, abs=1e-15)
        assert (report.p.outcomes, report.q.outcomes) == (3, 3)


def test_each_side_may_have_its_own_word(tmp_path):
    p, q = {"a": 3, "b": 4, "All": 7}, {"a": 3, "b": 4, "All": 7}
    report = compare(p, q, total_row=("drop", "keep"))
    assert (report.p.total, report.q.total) == (7, 14)


def test_a_check_of_counts_and_of_tidy_tables(tmp_path):
    drift = 3 / 12, 4 / 12, 5 / 12
    for source in forms([*ROWS, ("Total", 12)], tmp_path).values():
        with pytest.raises(InputError, match="sum of all the others"):
            check({"red": 4, "green": 4, "blue": 4}, source, kind="counts")
        report = check({"red": 4, "green": 4, "blue": 4}, source, kind="counts", total_row="drop")
        (column,) = report.columns
        truth = sum(float(Fraction(p)) * np.log(p * 3) for p in drift)
        assert column.measures["kl_pq"] == pytest.approx(truth, rel=1e-12)
    rows = [
        ("colour", "red", 3), ("colour", "blue", 5), ("colour", "Total", 8),
        ("size", "S", 7), ("size", None, 1), ("size", "Total", 9),
    ]  # fmt: skip
    tidy = pd.DataFrame(rows, columns=["column", "outcome", "count"])
    path = tmp_path / "tidy.csv"
    tidy.to_csv(path, index=False)
    for source in (tidy, str(path)):
        with pytest.raises(InputError, match="the row 'Total' is the sum") as caught:
            check(source, source, kind="counts")
        assert caught.value.count == 1
        report = check(source, source, kind="counts", total_row="drop")
        # Nine are not the sum of seven and one.
        assert [column.n_current for column in report.columns] == [8, 17]
        assert "looks-like-total" in [note.code for note in report.notes]


def test_null_is_told_how_it_would_be_missing():
    (note,) = read({"a": 3, "b": 4, "NULL": 5}).notes
    assert (note.code, note.advice) == (
        "looks-like-total",
        "--na NULL if it means a missing value",
    )
