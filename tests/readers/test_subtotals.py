"""Rows that are sums over a column or several: of ROLLUP, CUBE, and stacked margins of pandas."""

from itertools import product

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import check, compare
from kldiv_cli.core.joint import joint_label, parts_of
from kldiv_cli.errors import InputError

ROWS = [
    (x, y, z)
    for (x, y), n in {("a", "u"): 3, ("a", "w"): 2, ("b", "u"): 5, ("b", "w"): 1}.items()
    for z in ["r"] * n
]
FRAME = pd.DataFrame(ROWS, columns=["x", "y", "z"])
PLAIN = FRAME.groupby(["x", "y"]).size().reset_index(name="n")
JOINT = {"kind": "counts", "joint": ("x", "y")}


def grouped(how):
    base = duckdb.connect()
    base.register("frame", pa.Table.from_pandas(FRAME))
    query = f"SELECT x, y, count(*) AS n FROM frame GROUP BY {how}(x, y) ORDER BY ALL"
    return pd.DataFrame(base.execute(query).fetchall(), columns=["x", "y", "n"])


def margins():
    table = pd.crosstab(FRAME["x"], FRAME["y"], margins=True)
    return table.stack().rename("n").reset_index()


@pytest.fixture(params=["rollup", "cube", "margins"])
def frame(request):
    made = margins() if request.param == "margins" else grouped(request.param)
    assert len(made) > len(PLAIN)
    return made


@pytest.mark.parametrize("form", ["csv", "json", "frame"])
def test_subtotals_are_refused_until_it_is_said_what_they_are(frame, form, tmp_path):
    source = frame
    if form != "frame":
        source = tmp_path / f"sums.{form}"
        if form == "csv":
            frame.to_csv(source, index=False)
        else:
            frame.to_json(source, orient="records")
    with pytest.raises(InputError, match="sums of others") as caught:
        compare(source, PLAIN, **JOINT)
    assert caught.value.code == "total-row"
    report = compare(source, PLAIN, **JOINT, total_row="drop")
    assert report.p.total == len(ROWS)
    assert report.comparisons[0].measures["kl_pq"] == 0
    assert "total-row" in [note.code for note in report.notes]
    assert "missing-label" not in [note.code for note in report.notes]
    kept = compare(source, source, **JOINT, total_row="keep")
    assert kept.p.total == frame["n"].sum()


def test_a_missing_part_that_is_no_sum_is_an_outcome():
    rows = [("a", "u", 3), ("a", None, 4), ("b", "u", 5), ("b", None, 6)]
    found = compare(pd.DataFrame(rows, columns=["x", "y", "n"]), PLAIN, **JOINT)
    assert found.p.total == 18
    # A single one may be the sum by chance.
    rows = [("a", "u", 3), ("a", "w", 1), ("a", None, 4), ("b", "u", 5)]
    assert compare(pd.DataFrame(rows, columns=["x", "y", "n"]), PLAIN, **JOINT).p.total == 13


TOTALS = {
    "of all": ([("u", "a", 3), ("u", "b", 4)], ("total", "total", 7)),
    "of all, beside a missing value": (
        [("u", "a", 3), ("u", "b", 4), ("v", None, 5)],
        ("All", "All", 12),
    ),
    "of all, without a name in a part": ([("u", "a", 3), ("v", "b", 4)], ("total", None, 7)),
    "of one part": ([("u", "a", 3), ("u", "b", 4), ("v", "b", 2)], ("u", "total", 7)),
}


@pytest.mark.parametrize("options", [{"joint": ("x", "y")}, {"by": "x"}])
@pytest.mark.parametrize("rows", TOTALS)
def test_a_single_total_needs_a_name_to_be_one(rows, options):
    rows, total = TOTALS[rows]
    plain, frame = (pd.DataFrame(each, columns=["x", "y", "n"]) for each in (rows, [*rows, total]))
    with pytest.raises(InputError, match="sum of") as caught:
        compare(frame, plain, **options, kind="counts")
    assert caught.value.code == "total-row"
    report = compare(frame, plain, **options, kind="counts", total_row="drop")
    assert report.p.total == report.q.total == plain["n"].sum()
    assert report.comparisons[0].measures["kl_pq"] == 0
    assert [note.code for note in report.notes].count("total-row") == 1
    has_missing = plain["y"].isna().any()
    assert report.comparisons[0].outcomes == (
        len(plain) if "joint" in options else plain["y"].nunique() + has_missing
    )
    kept = compare(frame, plain, **options, kind="counts", total_row="keep")
    assert kept.p.total == frame["n"].sum()


def test_a_total_in_check():
    rows, total = TOTALS["of all"]
    plain, frame = (pd.DataFrame(each, columns=["x", "y", "n"]) for each in (rows, [*rows, total]))
    with pytest.raises(InputError) as caught:
        check(plain, frame, **JOINT)
    assert caught.value.code == "total-row"
    report = check(plain, frame, **JOINT, total_row="drop")
    assert report.columns[0].measures["kl_pq"] == 0
    assert report.current.total == 7


def test_what_is_called_a_total_and_is_no_sum_is_an_outcome_with_a_note():
    rows = [("u", "a", 3), ("u", "b", 4), ("total", "total", 8)]
    frame = pd.DataFrame(rows, columns=["x", "y", "n"])
    report = compare(frame, PLAIN, **JOINT)
    (note,) = [note for note in report.notes if note.code == "looks-like-total"]
    assert "'total & total'" in note.message
    assert report.p.total == 15
    report = compare(frame, PLAIN, **JOINT, total_row="drop")
    assert report.p.total == 7
    kept = compare(frame, PLAIN, **JOINT, total_row="keep")
    assert "looks-like-total" not in [note.code for note in kept.notes]


parts = (
    st.none() | st.sampled_from(["(missing)", "", "&", '"', "a & b"]) | st.text('a &"', max_size=6)
)


@given(st.lists(parts, min_size=1, max_size=4))
def test_a_joint_label_tells_its_parts(given):
    assert parts_of(joint_label(given)) == tuple(given)


def test_labels_of_all_pairs_are_distinct():
    every = ["a", "b", "a & b", "", None, "(missing)", '"a"']
    pairs = list(product(every, every))
    assert len({joint_label(pair) for pair in pairs}) == len(pairs)
