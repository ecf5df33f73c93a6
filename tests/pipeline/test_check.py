"""The pipeline of the drift check from Python: what is judged, refused and reported."""

import gzip
import json
import math
from fractions import Fraction

import jsonschema
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from exact import kl
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli import InputError, UsageError, check, compare, estimate
from kldiv_cli.core.measures import DEFAULT_MEASURES
from kldiv_cli.pipeline.settings import check_settings

HEADS, TAILS = {"side": ["heads", "tails"] * 300}, {"side": ["heads"] * 400}


def refused(*sources, code, **options):
    with pytest.raises((InputError, UsageError)) as caught:
        check(*sources, **options)
    assert caught.value.code == code
    assert len(str(caught.value)) < 800
    return caught.value


def verdicts(report):
    return {one.column: (one.verdict, one.reason.code) for one in report.columns}


def rows(**counts):
    """Return a column that has these values so often."""
    return [label for label, count in counts.items() for _ in range(count)]


# Where the sides come from.


def codes(report):
    """Return the codes of notes, but for that on rows that are sorted, as these are."""
    return [note.code for note in report.notes if note.code != "dependent-rows"]


def test_mappings_frames_and_files_are_judged_alike(table):
    before = {"side": rows(heads=300, tails=300), "size": [i + 0.5 for i in range(600)]}
    after = {"side": rows(heads=350, tails=250), "size": [i * 1.5 for i in range(600)]}
    frames = [(pd.DataFrame(before), pd.DataFrame(after)), (pl.DataFrame(before), pa.table(after))]
    paths = [
        table("p.csv", frames[0][0].to_csv(index=False)),
        table("q.jsonl", frames[0][1].to_json(orient="records", lines=True)),
    ]
    found = check(before, after).columns
    assert {one.column: one.type for one in found} == {"side": "categorical", "size": "numeric"}
    for sides in (*frames, paths, (paths[0], after), (paths[0], frames[0][1]), (before, paths[1])):
        assert check(*sides).columns == found


def test_an_array_beside_a_path_is_compared(table):
    path = table("p.csv", "0,1\n" + "1,2\n2,1\n" * 100)
    array = np.array([[1, 2], [2, 1]] * 100)
    assert check(path, array, header=True).verdict == "pass"
    assert check(array, path, header=(None, True)).verdict == "pass"


def test_only_one_side_is_standard_input(tmp_path):
    from pathlib import Path

    for sides in (("-", "-"), (Path("-"), "-")):
        refused(*sides, code="usage")


# The numbers, against an independent truth.


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=6).filter(
        lambda pairs: min(map(sum, zip(*pairs, strict=True))) > 1
    )
)
@settings(max_examples=15)
def test_counts_are_judged_as_estimate_does(pairs):
    labels = [f"label {i}" for i in range(len(pairs))]
    q, p = (dict(zip(labels, side, strict=True)) for side in zip(*pairs, strict=True))
    (found,) = check(q, p, kind="counts").columns
    expected = estimate(p, q)
    same = ("kl", "kl_unclamped", "low", "high", "p_value", "p_drift", "p_pass", "reliable")
    for name in (*same, "verdict"):
        assert getattr(found, name) == getattr(expected, name), name
    assert 0 <= found.low <= found.kl <= found.high
    truth = kl([p[label] for label in labels], [q[label] for label in labels])
    assert found.measures["kl_pq"] == pytest.approx(truth, rel=2e-15, abs=1e-300)
    assert found.n_reference == sum(q.values())
    assert found.n_current == sum(p.values())
    assert set(found.new_outcomes) == {x for x in labels if p[x] and not q[x]}
    new = Fraction(sum(p[x] for x in found.new_outcomes), sum(p.values()))
    assert found.new_share == pytest.approx(float(new), rel=1e-15)
    # Raw rows of these counts say the same.
    raw = [[x for x in labels for _ in range(side[x])] for side in (q, p)]
    (again,) = check({"outcome": raw[0]}, {"outcome": raw[1]}, column="outcome").columns
    assert again.measures["kl_pq"] == pytest.approx(found.measures["kl_pq"], rel=1e-13, abs=1e-15)
    assert again.kl == pytest.approx(found.kl, rel=1e-9, abs=1e-12)
    assert again.verdict == found.verdict


@pytest.mark.parametrize(
    ("max_kl", "verdict", "code"),
    [(0.06, "pass", "below-threshold"), (0.04, "drift", "above-threshold")],
)
def test_exact_distributions_against_the_threshold(max_kl, verdict, code):
    q, p = {"a": 0.5, "b": 0.5}, {"a": 0.66, "b": 0.34}
    truth = kl([0.66, 0.34], [0.5, 0.5])
    assert 0.04 < truth < 0.06
    for kind in ("probabilities", "weights"):
        (found,) = check(q, p, kind=kind, max_kl=max_kl).columns
        assert (found.verdict, found.reason.code) == (verdict, code)
        assert found.kl == found.low == found.high == pytest.approx(truth, rel=2e-15)
        assert (found.p_value, found.p_drift, found.p_pass, found.rows_needed) == (None,) * 4
        assert found.n_reference == found.n_current == math.inf
    (found,) = check(q, p, kind="weights", max_kl=found.kl).columns
    assert found.verdict == "pass"


def test_an_outcome_of_no_probability_is_drift():
    q, p = {"a": 1.0}, {"a": 0.999, "b": 0.001}
    (found,) = check(q, p, kind="probabilities", max_kl=1e6).columns
    assert (found.verdict, found.kl) == ("drift", math.inf)
    (found,) = check(q, {"a": 9999, "b": 1}, kind=("probabilities", "counts"), max_kl=1e6).columns
    assert (found.verdict, found.reason.code) == ("drift", "impossible-outcome")


def test_one_sample_against_probabilities():
    fair, sample = (
        dict.fromkeys("123456", 1 / 6),
        dict(zip("123456", range(90, 150, 10), strict=True)),
    )
    (found,) = check(fair, sample, kind=("probabilities", "counts")).columns
    expected = estimate(sample, fair)
    assert (found.kl, found.low, found.high) == (expected.kl, expected.low, expected.high)
    assert found.p_value == expected.p_value
    assert (found.n_reference, found.n_current) == (math.inf, sum(sample.values()))
    raw = {"face": [face for face, count in sample.items() for _ in range(count)]}
    (again,) = check(fair, raw, kind=("probabilities", "samples")).columns
    assert (again.kl, again.p_value) == (found.kl, found.p_value)


def test_missing_values_of_a_sample_that_meets_probabilities():
    known, raw = {"a": 0.5, "b": 0.5}, {"x": [*rows(a=450, b=450), *[None] * 100]}
    kinds = {"kind": ("probabilities", "samples")}
    (found,) = check(known, raw, **kinds).columns
    assert (found.verdict, found.reason.code) == ("drift", "impossible-outcome")
    assert (found.missing_current, found.missing_reference) == (0.1, 0)
    assert found.new_outcomes == ()
    (found,) = check(known, raw, **kinds, missing="drop").columns
    assert found.verdict == "pass"
    assert found.missing_current == 0.1
    refused(known, raw, **kinds, missing="error", code="missing-value")
    refused(known, {"x": [None] * 9}, **kinds, missing="drop", code="no-values")
    # An outcome that is called so is another.
    raw = {"x": [*rows(a=450, b=450), *["(missing)"] * 50, *[None] * 50]}
    (found,) = check(known, raw, **kinds).columns
    assert found.new_outcomes == ("(missing)",)
    assert found.new_share == pytest.approx(0.05)
    assert found.n_current == 1000


# Which columns are judged.


def test_a_column_that_went_is_drift_and_a_new_one_a_note():
    report = check({**HEADS, "x": [1.5] * 600}, {**HEADS, "y": [1] * 600, "z": [1] * 600})
    assert verdicts(report) == {
        "side": ("pass", "below-threshold"), "x": ("drift", "column-missing"),
    }  # fmt: skip
    assert report.verdict == "drift"
    assert [(note.code, note.repair) for note in report.notes] == [("new-column", False)] * 2
    (found,) = [one for one in report.columns if one.column == "x"]
    assert set(found.measures) == set(DEFAULT_MEASURES)
    assert set(found.measures.values()) == {"error"}
    assert found.p_drift_adjusted is None


def test_the_correction_is_for_the_columns_that_are_tested():
    sides = [{"side": rows(heads=a, tails=600 - a)} for a in (300, 200)]
    alone = check(*sides).columns["side"]
    beside = check({**sides[0], "gone": [1.5] * 600}, sides[1]).columns["side"]
    assert beside.p_drift_adjusted == alone.p_drift_adjusted == alone.p_drift


@pytest.mark.parametrize(
    "options",
    [{"column": "sied"}, {"column": ["side", "sied"]}, {"exclude": "sied"},
     {"columns": {"sied": {"max_kl": 1}}}],
    ids=str,
)  # fmt: skip
def test_a_name_that_is_not_there_is_no_answer(options):
    error = refused(HEADS, HEADS, **options, code="unknown-column")
    assert "did you mean 'side'?" in error.hint
    sides = {"side": 5, "x": 3}
    refused(sides, sides, kind="counts", **options, code="unknown-column")


def test_names_on_either_side_are_known():
    before, after = {**HEADS, "old": [1.5] * 600}, {**HEADS, "new": [1.5] * 600}
    for name in ("old", "new"):
        for options in ({"exclude": name}, {"columns": {name: {"max_kl": 1}}}):
            assert check(before, after, **options).verdict
            assert check(before, after, column="side", **options).verdict == "pass"
    refused(before, after, column="old", code="unknown-column")
    refused(before, after, column="new", code="unknown-column")


def test_columns_are_excluded_by_name_and_pattern():
    data = {**HEADS, "created_at": [1] * 600, "created_by": [1] * 600, "x[0]": [1] * 600}
    report = check(data, data, exclude=["created_*", "x[0]", "nothing_like_*"])
    assert list(verdicts(report)) == ["side"]
    assert [tuple(one) for one in report.excluded] == [
        (name, "--exclude") for name in ("created_at", "created_by", "x[0]")
    ]
    assert not check(HEADS, data, exclude="created_*", column="side").notes
    notes = check(HEADS, data, exclude="created_*").notes
    assert [note.message.split("'")[1] for note in notes] == ["x[0]"]


def test_keys_of_the_reference_are_left_out_and_named():
    data = {**HEADS, "id": [f"id{i}" for i in range(600)], "n": list(range(1000, 1600))}
    report = check(data, data)
    assert list(verdicts(report)) == ["side"]
    assert [one.column for one in report.excluded] == ["id", "n"]
    report = check(data, data, column=["id", "n"])
    assert list(verdicts(report)) == ["id", "n"]
    # What is a key on the current side alone has nothing to be compared with.
    assert verdicts(check(HEADS, data)) == {"side": ("pass", "below-threshold")}


def test_nothing_in_common_is_judged_with_a_reason():
    days = [[f"2024-{month}-{day}" for day in range(10, 20)] * 6 for month in ("01", "02")]
    report = check({"day": days[0]}, {"day": days[1]}, column="day")
    assert verdicts(report) == {"day": ("drift", "no-common-outcome")}
    assert "key" not in report.columns["day"].reason.text
    # Keys that occur once each tell nothing of a distribution.
    keys = [[f"{side}{i}" for i in range(600)] for side in "pq"]
    report = check({"id": keys[0]}, {"id": keys[1]}, column="id")
    assert report.verdict == "inconclusive"


def test_no_column_judged_is_no_answer():
    keys = {"id": [f"id{i}" for i in range(600)]}
    assert "'id'" in refused(keys, keys, code="no-column-judged").message
    refused(HEADS, HEADS, exclude="*", code="no-column-judged")
    shares = {"a": 0.5, "b": 0.5}
    options = {"kind": "probabilities", "exclude": "outcome"}
    refused(shares, shares, **options, code="no-column-judged")


# Types.


def test_numbers_that_become_text_are_drift():
    numbers = {"x": [i / 7 for i in range(100)]}
    report = check(numbers, {"x": [*rows(a=50, b=50)]})
    assert verdicts(report) == {"x": ("drift", "type-changed")}
    found = report.columns["x"]
    assert "such as 'a'" in found.reason.text
    assert (found.n_reference, found.n_current, found.kl) == (100, 100, "error")
    assert check({"x": [*rows(a=50, b=50)]}, numbers).verdict == "drift"


def test_a_rating_that_gains_a_word_has_a_new_outcome(table):
    ratings = "x,y\n" + "1,a\n2,b\n3,a\n" * 500
    paths = table("p.csv", ratings), table("q.csv", ratings + "none,a\n")
    for sides in (paths, paths[::-1]):
        assert check(*sides).verdict == "pass"
    found = check(*paths).columns["x"]
    assert (found.type, found.new_outcomes) == ("categorical", ("none",))
    found = check(paths[0], table("r.csv", ratings + "NA,a\n")).columns["x"]
    assert (found.new_outcomes, found.missing_current) == ((), 1 / 1501)


def test_labels_of_the_reference_make_text_of_the_current_side(table):
    reference = table("p.csv", "x,y\n" + "007,a\nA1,b\n" * 300)
    current = table("q.csv", "x,y\n" + "7,a\n8,b\n" * 300)
    found = check(reference, current).columns["x"]
    assert (found.type, found.new_outcomes) == ("categorical", ("7", "8"))
    assert found.verdict == "drift"


def test_forced_types_and_bins():
    data = {"x": [1, 2, 3] * 200, "y": [i / 10 for i in range(600)]}
    rules = {"x": {"type": "numeric"}, "y": {"bins": [10, 20.5]}}
    report = check(data, data, columns=rules)
    assert [one.type for one in report.columns] == ["numeric", "numeric"]
    found = check(data, {**data, "y": [15.0] * 600}, columns=rules).columns["y"]
    assert {one.outcome: (one.p, one.q) for one in found.contributions} == {
        "(-inf, 10]": (0, pytest.approx(101 / 600)),
        "(10, 20.5]": (1, pytest.approx(105 / 600)),
        "(20.5, inf)": (0, pytest.approx(394 / 600)),
    }
    report = check(data, data, columns={"x": {"type": "categorical"}})
    assert report.columns["x"].type == "categorical"
    refused(HEADS, HEADS, columns={"side": {"bins": 3}}, code="mixed-column")
    # Decimals are no labels; and who says what the columns are has raw rows.
    assert check(data, data).verdict == "pass"
    data = {"x": list(range(600)), "y": [i / 10 for i in range(600)]}
    refused(data, data, code="which-kind")
    for said in ({"exclude": "x"}, {"column": "y"}, {"columns": {"y": {"bins": 5}}}):
        assert check(data, data, **said).verdict == "pass"


def test_any_number_of_bins_is_answered():
    data = {"x": [i / 10 for i in range(300)]}
    for bins in (1, 7, 300, 10**9):
        assert check(data, data, bins=bins).columns["x"].measures["kl_pq"] == 0
    assert check(data, data, bins=7).columns["x"].outcomes <= 20


# Missing values and new outcomes.


def test_missing_values_are_an_outcome_dropped_or_refused():
    before = {"side": [*rows(heads=500, tails=500)]}
    after = {"side": [*rows(heads=400, tails=400), *[None] * 200]}
    report = check(before, after)
    found = report.columns["side"]
    assert (found.missing_reference, found.missing_current) == (0, 0.2)
    assert found.verdict == "drift"
    assert found.new_outcomes == ()
    assert "(missing)" in {one.outcome for one in found.contributions}
    assert codes(report) == ["missing-shift"]
    report = check(before, after, missing="drop")
    assert report.verdict == "pass"
    assert report.columns["side"].missing_current == 0.2
    assert codes(report) == ["missing-shift"]
    error = refused(before, after, missing="error", code="missing-value")
    assert error.places[0].index == (800,)
    assert report.current.missing == 200


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.2, "pass"), (0.19, "drift"), (0, "drift"), (None, "pass")]
)
def test_a_limit_on_the_change_of_missing_values(limit, verdict):
    full, some = {"x": rows(a=500, b=500)}, {"x": [*rows(a=400, b=400), *[None] * 200]}
    for sides in ((full, some), (some, full)):
        report = check(*sides, missing="drop", max_missing_shift=limit)
        assert report.verdict == verdict
        assert codes(report) == ["missing-shift"] * (limit is None)
        if verdict == "drift":
            assert verdicts(report)["x"] == ("drift", "missing-shift")


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.003, "pass"), (0.0029, "drift"), (0, "drift"), (None, "pass")]
)
def test_a_limit_on_new_outcomes(limit, verdict):
    sides = {"x": rows(a=500, b=500)}, {"x": rows(a=499, b=498, c=2, d=1)}
    report = check(*sides, max_new=limit)
    found = report.columns["x"]
    assert found.new_outcomes == ("c", "d")
    assert found.new_share == pytest.approx(0.003)
    assert report.verdict == verdict
    assert codes(report) == ["new-share"] * (limit is None)
    if verdict == "drift":
        assert found.reason.code == "new-share"


def test_constant_and_missing_columns():
    data = {
        "one": ["x"] * 500,
        "none": [None] * 500,
        "number": [1.5] * 500,
        "nan": [math.nan] * 500,
    }
    report = check(data, data)
    assert {one.verdict for one in report.columns} == {"pass"}
    assert report.columns["none"].missing_current == 1
    other = {**data, "one": ["y"] * 500, "none": ["x"] * 500, "nan": [2.5] * 500}
    report = check(data, other)
    assert {one.column for one in report.columns if one.verdict == "drift"} == {
        "one", "none", "nan",
    }  # fmt: skip
    report = check(other, data)
    assert {one.column for one in report.columns if one.verdict == "drift"} == {
        "one", "none", "nan",
    }  # fmt: skip
    assert "'none'" in refused(data, data, missing="drop", code="no-values").message


# Counts.


def test_two_tables_of_counts_with_other_names_are_one_column(table):
    p = table("p.csv", "colour,count\nred,500\nblue,400\n")
    q = table("q.csv", "color,n\nblue,420\nred,480\n")
    report = check(p, q, kind="counts")
    assert list(verdicts(report)) == ["colour"]
    assert report.verdict == "pass"
    assert (report.reference.total, report.current.total) == (900, 900)
    report = check(q, {"colour": rows(red=500, blue=400)}, kind=("counts", "samples"))
    assert verdicts(report) == {"color": ("drift", "column-missing")}
    report = check({"colour": rows(red=500, blue=400)}, q, kind=("samples", "counts"))
    assert verdicts(report) == {"colour": ("pass", "below-threshold")}


TIDY = pd.DataFrame(
    {
        "column": ["colour", "colour", "size", "size", "size"],
        "outcome": ["red", None, "1", "2", "3"],
        "count": [500, 400, 300, 300, 300],
    }
)


def test_tidy_counts_are_a_data_set(table):
    raw = {
        "colour": ["red"] * 500 + [None] * 400,
        "size": [n for n in (1, 2, 3) for _ in range(300)],
    }
    expected = check(raw, raw).columns
    sources = [
        TIDY,
        pl.from_pandas(TIDY),
        pa.Table.from_pandas(TIDY),
        table("t.csv", TIDY.to_csv(index=False)),
        table("t.json", TIDY.to_json(orient="records")),
        table("t.jsonl", TIDY.to_json(orient="records", lines=True)),
        table("r.csv", TIDY[["count", "outcome", "column"]].to_csv(index=False)),
    ]
    for source in sources:
        report = check(raw, source, kind=("samples", "counts"))
        assert report.columns == expected
        assert check(source, source, kind="counts").columns["colour"].missing_current == 4 / 9
        refused(source, source, kind="counts", missing="error", code="missing-value")
    report = check(TIDY, TIDY, kind="counts", exclude="size")
    assert list(verdicts(report)) == ["colour"]
    assert [one.column for one in report.excluded] == ["size"]
    na = check(TIDY, TIDY, kind="counts", na="red").columns["colour"]
    assert na.missing_current == 1


def test_a_label_may_hold_any_character():
    counts = {"a\x1fb": 500, "a": 300, "3\x1fc": 100, "": 50}
    report = check(counts, counts, kind="counts")
    (found,) = report.columns
    assert {one.outcome for one in found.contributions} == {"a\x1fb", "a", "3\x1fc", "(missing)"}
    odd = pd.DataFrame(
        {"column": ["a\x1f", "a\x1f", "a"], "outcome": ["x", "\x1fy", "x"], "count": [5, 6, 7]}
    )
    report = check(odd, odd, kind="counts")
    assert {one.column: one.n_current for one in report.columns} == {"a\x1f": 11, "a": 7}


def test_counts_by_position_agree_in_number():
    assert check([500, 400], [480, 420], kind="counts").verdict == "pass"
    refused([500, 400], [480, 400, 20], kind="counts", code="no-common-support")
    refused({"a": 500}, [480], kind="counts", code="no-common-support")
    refused([0.5, 0.5], [0.4, 0.4, 0.2], kind="probabilities", code="no-common-support")
    assert check(
        [500, 400], {"x": rows(**{"0": 500, "1": 400})}, kind=("counts", "samples")
    ).verdict


@pytest.mark.parametrize("kind", ["counts", "probabilities", "weights"])
def test_a_batch_is_not_judged(kind):
    refused([[1, 0], [0, 1]], [[1, 0], [0, 1]], kind=kind, code="bad-shape")


def test_counts_beyond_64_bits_are_refused():
    for counts in ({"a": 10**18}, {"a": 10**30}, {"a": 6 * 10**17, "b": 6 * 10**17}):
        refused(counts, counts, kind="counts", code="number-overflow")
    large = {"a": 5 * 10**17, "b": 4 * 10**17}
    assert check(large, large, kind="counts").verdict == "pass"


# What may be a distribution, and what cannot be read.


def test_a_mapping_of_numbers_may_be_a_distribution(table):
    path = table("p.json", '{"a":5,"b":3}')
    for source in ({"a": 5, "b": 3}, {"a": 0.5, "b": 0.5}, path):
        error = refused(source, source, code="which-kind")
        assert "kind='counts'" in error.hint
        assert check(source, source, kind="weights").verdict == "pass"


@pytest.mark.parametrize(
    "text",
    ["colour,count\nred,5\nblue,3\n", "n,colour\n5,red\n3,blue\n", "face,p\n1,.5\n2,.5\n",
     "x,y\n" + "".join(f"label {i},{i * i}.5\n" for i in range(200))],
    ids=["labels first", "labels last", "numbers", "many"],
)  # fmt: skip
def test_a_table_of_labels_and_numbers_may_be_a_distribution(table, text):
    path = table("p.csv", text)
    error = refused(path, path, code="which-kind")
    assert "kind='samples'" in error.hint
    assert check(path, path, kind="weights").verdict == "pass"
    assert check(path, path, kind="samples").verdict


@pytest.mark.parametrize(
    "text",
    ["colour,count\nred,5\nred,3\n", "colour,count\nred,5\nblue,-3\n", "a,b,c\nx,1,2\ny,2,2\n",
     "colour,count\nred,5\nblue,\n", "colour\nred\nblue\n"],
)  # fmt: skip
def test_raw_rows_are_not_asked_for_what_they_are(table, text):
    path = table("p.csv", text)
    assert check(path, path).verdict


def test_few_rows_that_meet_raw_rows_of_the_same_columns_are_raw_rows():
    reference = pd.DataFrame({"c": ["a", "b"] * 200, "v": [1.5, 2.5] * 200})
    few = pd.DataFrame({"c": ["a", "b"], "v": [1.5, 2.5]})
    assert check(reference, few).verdict == "inconclusive"
    refused(reference, few.rename(columns={"v": "count"}), code="which-kind")


def test_what_cannot_be_read(table, tmp_path):
    good = table("p.csv", "a,b\n" + "x,1\ny,2\n" * 300)
    whole = gzip.compress(b"a,b\n" + b"x,1\ny,2\n" * 30_000)
    for name, data, code in (
        ("empty.csv", "", "empty-file"),
        ("header.csv", "a,b\n", "no-rows"),
        ("cut.csv.gz", whole[:-20], "corrupt-compression"),
        ("ragged.csv", "a,b\nx,1\ny\n", "ragged-row"),
        ("bad.json", '[{"a":1},', "bad-json"),
        ("none.csv", None, "no-such-file"),
    ):
        path = table(name, data) if data is not None else str(tmp_path / name)
        for sides in ((good, path), (path, good)):
            error = refused(*sides, code=code)
            assert error.places[0].source == path


@pytest.mark.parametrize(
    "options",
    [{"max_kl": -1}, {"max_kl": math.nan}, {"max_kl": -math.inf}, {"max_kl": "1"},
     {"max_kl": 10**400}, {"max_kl": None}, {"max_kl": True}, {"alpha": 0}, {"alpha": 1},
     {"alpha": math.nan}, {"adjust": "holm"}, {"max_new": -0.1}, {"max_new": math.nan},
     {"max_missing_shift": "x"}, {"bins": 0}, {"bins": 2.5}, {"missing": "keep"}, {"top": -1},
     {"top": 1.5}, {"max_outcomes": 0}, {"kind": "nats"}, {"kind": ("counts",) * 3},
     {"column": 5}, {"column": [5]}, {"exclude": 5}, {"na": 5}, {"columns": {"side": 5}},
     {"columns": {"side": {"max-kl": 1}}}, {"label": "side"}, {"weight": "side"},
     {"names": ("a",)}, {"input_format": "xls"}],
    ids=str,
)  # fmt: skip
def test_arguments_that_make_no_sense(options, table):
    path = table("p.csv", "side,x\n" + "heads,1\ntails,2\n" * 100)
    with pytest.raises(UsageError):
        check(path, path, **options)


def test_numbers_of_numpy_are_numbers():
    report = check(HEADS, HEADS, max_kl=np.float32(0.5), alpha=np.float64(0.01))
    assert (report.alpha, report.columns["side"].threshold) == (0.01, 0.5)
    assert check(HEADS, HEADS, max_kl=np.int64(1)).columns["side"].threshold == 1


# The report.


@pytest.fixture(scope="module")
def schema(root):
    path = root / "kldiv_cli" / "renderers" / "schemas" / "check-1.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text()))


REPORTS = {
    "drift": lambda: check(HEADS, TAILS),
    "pass": lambda: check(HEADS, HEADS),
    "inconclusive": lambda: check({"x": rows(a=9, b=9)}, {"x": rows(a=8, b=10)}),
    "exact": lambda: check({"a": 0.5, "b": 0.5}, {"a": 1.0}, kind="probabilities"),
    "one sample": lambda: check({"a": 0.5, "b": 0.5}, {"a": 9}, kind=("weights", "counts")),
    "types": lambda: check({"x": [0.5] * 9, "y": ["a"] * 9}, {"x": ["a"] * 9}),
    "missing": lambda: check({"x": [None, 1.5] * 300, **HEADS}, {"x": [None] * 9}, column="x"),
    "counts": lambda: check(TIDY, TIDY, kind="counts", exclude="size"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_all_keys_are_there_and_no_number_is_missing(schema, name):
    report = REPORTS[name]()
    document = json.loads(report.to_json())
    assert document == json.loads(json.dumps(report.to_dict(), allow_nan=False))
    schema.validate(document)
    assert list(document) == [
        "schema", "base", "unit", "reference", "current", "direction", "dataset", "verdict",
        "alpha", "adjust", "seed", "dependence", "row_weight", "columns", "by", "splits",
        "segments", "excluded", "notes", "error",
    ]  # fmt: skip
    for column in document["columns"]:
        assert set(column["measures"]) == set(DEFAULT_MEASURES)
        for key in ("kl", "low", "high", "threshold", "n_reference", "n_current"):
            assert column[key] is not None
    with pytest.raises(TypeError):
        bool(report)


def test_the_sides_are_described(table):
    path = table("march.csv", "side,x\n" + "heads,1\n,2\n" * 50)
    report = check(path, HEADS, names=(None, "now"))
    assert report.reference._asdict() == {
        "name": "march", "source": path, "format": "csv", "kind": "samples", "outcomes": 2,
        "total": 100, "rows_read": 100, "rows_used": 100, "missing": 50,
        "n_effective": None, "design_effect": None, "largest_weight_share": None,
    }  # fmt: skip
    assert (report.current.name, report.current.total) == ("now", 600)


def test_the_same_input_gives_the_same_bytes():
    sides = {"x": rows(a=30, b=20, c=3)}, {"x": rows(a=20, b=20, d=2)}
    assert check(*sides).to_json() == check(*sides).to_json()


def test_strict_refuses_repairs(table):
    path = table("p.csv", "x,1\ny,2\nx,1\n")
    assert [note.code for note in check(path, path).notes] == ["no-header"]
    refused(path, path, strict=True, code="no-header")
    assert check(path, path, strict=True, header=False).notes == ()


# What was tried to make it pass.


def test_a_label_that_is_called_other_is_a_label():
    reference = {"x": rows(a=250, b=250, c=250, d=250)}
    current = {"x": [*["a"] * 250, *["(other)"] * 750]}
    for sides in ((reference, current), (current, reference)):
        assert check(*sides).verdict == "drift"


@pytest.mark.parametrize(
    ("n", "m", "share", "labels"),
    [(10_000, 1_000_000, 0.013, 130), (30_000, 30_000, 0.02, 600), (3_000, 3_000_000, 0.02, 60)],
)
def test_a_crowd_of_new_outcomes_does_not_pass(n, m, share, labels):
    # Each of them is too rare to tell; together they are certain, and KL is infinite.
    new = round(share * n)
    current = {"a": (n - new) // 2, "b": n - new - (n - new) // 2}
    current |= {f"new{i}": new // labels for i in range(labels)}
    found = estimate(current, {"a": m // 2, "b": m // 2})
    assert found.verdict != "pass"
    assert found.high == math.inf


def test_outcomes_that_are_rare_on_both_sides_are_no_crowd():
    rng = np.random.default_rng(5)
    weights = 1 / np.arange(1, 5001) ** 1.5
    for _ in range(20):
        counts = [rng.multinomial(20_000, weights / weights.sum()) for _ in range(2)]
        assert estimate(*counts).high < math.inf


def test_numbers_in_a_spelling_that_is_not_read_are_no_labels(tmp_path):
    for spelling in ("1,{:03d}.50", "${}.25", "{} %", "{},5", "1'{:03d}"):
        cells = [spelling.format(i) for i in range(1, 101)]
        refused({"x": cells}, {"x": cells}, code="mixed-column")
        report = check({"x": cells}, {"x": cells}, columns={"x": {"type": "categorical"}})
        assert report.columns["x"].outcomes == 100
    for spelling in ("#{}", "2026-01-{}", "10.0.{}.1", "v{}.2", "A{}"):
        cells = [spelling.format(i) for i in range(1, 101)] * 2
        assert check({"x": cells}, {"x": cells}).columns["x"].type == "categorical"
    half = [*(str(i / 7) for i in range(60)), *["void"] * 40]
    (tmp_path / "half.csv").write_text("x\n" + "\n".join(half) + "\n")
    path = str(tmp_path / "half.csv")
    refused(path, path, code="mixed-column")
    assert check(path, path, na="void").columns["x"].type == "numeric"


def test_a_column_with_a_threshold_of_its_own_is_never_taken_for_a_key():
    before, after = {"x": list(range(500))}, {"x": list(range(9000, 9500))}
    refused(before, after, code="no-column-judged")
    assert check(before, after, columns={"x": {"max_kl": 0.1}}).verdict == "drift"


def test_counts_of_several_columns_are_not_raw_rows(tmp_path):
    (tmp_path / "tidy.csv").write_text("column,outcome,count\nage,1,100\nage,2,200\n")
    path = str(tmp_path / "tidy.csv")
    refused(path, path, code="which-kind")
    assert check(path, path, kind="counts").columns["age"].n_current == 300


def test_what_a_profile_cannot_follow_is_refused(tmp_path, kldiv):
    table = "x,n\n" + "\n".join(f"{i / 10},{i % 5}" for i in range(600)) + "\n"
    (tmp_path / "data.csv").write_text(table)
    data, profile = str(tmp_path / "data.csv"), str(tmp_path / "profile.json")
    assert kldiv("profile", data, "-o", profile).code == 0
    refused(profile, data, columns={"x": {"type": "categorical"}}, code="profile-differs")
    refused(profile, data, columns={"n": {"type": "numeric"}}, code="profile-differs")
    refused(profile, data, bins=3, code="profile-differs")
    assert check(profile, data, columns={"x": {"type": "numeric"}}).verdict == "pass"
    (tmp_path / "gap.csv").write_text(table + ",1\n")
    assert kldiv("profile", tmp_path / "gap.csv", "-o", profile).code == 0
    refused(profile, data, missing="error", code="missing-value")


def test_the_level_has_a_floor():
    for alpha in (0, 1e-7, 1e-320, 1):
        with pytest.raises(UsageError, match="alpha"):
            check(HEADS, HEADS, alpha=alpha)
    assert check(HEADS, HEADS, alpha=1e-6).verdict in ("pass", "inconclusive")


def test_one_note_tells_of_all_columns():
    before = {name: [*["x"] * 900, *["y"] * 100] for name in "abcde"}
    after = {name: [*["x"] * 900, *[None] * 100] for name in "abcde"}
    notes = [note for note in check(before, after).notes if note.code == "missing-shift"]
    assert len(notes) == 1
    assert notes[0].message.count("column '") == 3
    assert notes[0].message.endswith("and 2 more columns")


def test_labels_that_nearly_agree_are_named():
    before = {"x": [*["red"] * 500, *["blue"] * 500]}
    after = {"x": [*["red "] * 500, *["blue"] * 500]}
    report = check(before, after)
    assert report.verdict == "drift"
    (note,) = (note for note in report.notes if note.code == "near-duplicate-labels")
    assert "'red' and 'red '" in note.message


def test_options_for_raw_rows_are_refused_beside_a_known_distribution():
    sides = {"a": 0.4, "b": 0.6}, {"a": 40, "b": 60}
    kind = ("probabilities", "counts")
    assert check(*sides, kind=kind, columns={"outcome": {"max_kl": 1}}).verdict == "pass"
    for said in ({"missing": "drop"}, {"bins": 3},
                 {"columns": {"outcome": {"type": "numeric"}}}):  # fmt: skip
        refused(*sides, kind=kind, code="usage", **said)


def test_two_files_of_one_name_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    old, new = "old/data.csv", "new/data.csv"
    for path in (old, new):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text("side\n" + "heads\ntails\n" * 60)
    report = check(old, new)
    assert (report.current.name, report.reference.name) == ("new/data", "old/data")
    report = check(old, old)
    assert (report.current.name, report.reference.name) == ("current", "reference")
    with pytest.raises(UsageError, match="both sides are called 'data'"):
        check(old, new, names=("data", "data"))


@pytest.mark.parametrize(
    ("words", "reference", "current"),
    [
        (("day.csv", "day=old/day.csv"), "day.csv", "day"),
        (("day=old/day.csv", "day.csv"), "day", "day.csv"),
        (("day=old/day.csv", "day"), "day", "current"),
        (("current=day.csv", "current"), "current", "reference"),
        (("day.csv", "night=old/day.csv"), "day", "night"),
    ],
)
def test_a_given_name_stays_and_the_other_side_is_called_otherwise(
    words, reference, current, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    for path in ("day.csv", "old/day.csv", "day", "current"):
        (tmp_path / path).write_text("side\n" + "heads\ntails\n" * 60)
    names, paths = zip(*(word.rpartition("=")[::2] for word in words), strict=True)
    named = tuple(name or None for name in names)
    report = check(*paths, names=named, input_format="csv")
    assert (report.reference.name, report.current.name) == (reference, current)


def test_frames_are_called_current_and_reference():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"side": ["heads", "tails"] * 60})
    assert "D(current || reference)" in check(frame, frame).render("text")


MOVED = {"a": ["x", "y"] * 300, "b": ["u", "v"] * 300}, {"a": ["x"] * 600, "b": ["u", "v"] * 300}


@pytest.mark.parametrize("limit", [{"max_kl": math.inf}, {"columns": {"a": {"max_kl": "inf"}}}])
def test_a_column_without_a_limit_only_warns(limit, schema):
    assert check(*MOVED).verdict == "drift"
    report = check(*MOVED, **limit)
    finding, usual = report.columns["a"], check(*MOVED).columns["a"]
    assert (report.verdict, finding.verdict) == ("pass", "pass")
    assert (finding.reason.code, finding.threshold) == ("warn-only", math.inf)
    assert (finding.kl, finding.low, finding.p_value) == (usual.kl, usual.low, usual.p_value)
    assert finding.p_drift is finding.p_pass is finding.p_drift_adjusted is None
    assert [note.code for note in report.notes] == ["warn-only"]
    assert "'a'" in report.notes[0].message
    document = report.to_dict()
    schema.validate(json.loads(json.dumps(document)))
    assert document["columns"][0]["threshold"] == "Infinity"
    text = report.render("text")
    warned = 1 + ("max_kl" in limit)
    assert f"2 pass ({warned} warn-only)" in text
    assert "::warning title=kldiv%3A warn-only::a: KL" in report.render("github")
    assert "::error" not in report.render("github")
    gauges = report.render("prometheus").splitlines()
    (threshold,) = (
        line for line in gauges if "nats{" in line and "threshold" in line and '"a"' in line
    )
    assert threshold.endswith("} +Inf")
    assert "warn-only" in report.render("junit")


def test_a_column_that_only_warns_takes_no_part_in_the_correction():
    columns = {f"c{i}": ["x", "y"] * 300 for i in range(20)}
    moved = {**columns, "c0": (["x"] * 7 + ["y"] * 3) * 60}
    few = check({"c0": columns["c0"]}, {"c0": moved["c0"]}).columns["c0"]
    rules = {f"c{i}": {"max_kl": math.inf} for i in range(1, 20)}
    among = check(columns, moved, columns=rules).columns["c0"]
    assert among.p_drift_adjusted == few.p_drift_adjusted


def test_what_only_warns_is_no_drift_whatever_else_is_limited():
    warns = {"columns": {"a": {"max_kl": math.inf}}}
    gone = check(MOVED[0], {"b": MOVED[1]["b"]}, **warns)
    assert (gone.verdict, gone.columns["a"].reason.code) == ("pass", "column-missing")
    assert "warn-only" in gone.columns["a"].reason.text
    new = {**MOVED[1], "a": ["z"] * 600}
    report = check(MOVED[0], new, max_new=0.1, **warns)
    assert report.verdict == "pass"
    assert "new outcomes" in report.columns["a"].reason.text
    # A limit of the shares that is for all columns holds where only the divergence has none.
    assert check(MOVED[0], new, max_new=0.1, max_kl=math.inf).verdict == "drift"
    assert check(MOVED[0], {"b": MOVED[1]["b"]}, max_kl=math.inf).verdict == "drift"


def test_an_infinite_divergence_of_known_distributions_only_warns():
    sides = {"x": 1.0, "y": 0.0}, {"x": 0.5, "y": 0.5}
    report = check(*sides, kind="probabilities", max_kl=math.inf)
    assert (report.verdict, report.columns[0].kl) == ("pass", math.inf)


# Reasons that a person would name before any number.


def reason(before, after, **options):
    column = check({"x": before}, {"x": after}, column="x", **options).columns["x"]
    return column.verdict, column.reason.code, column.reason.text


PLANS = rows(Free=400, Team=300, Firm=100)


@pytest.mark.parametrize(
    "respell", [str.lower, "{} ".format, lambda label: label[0] + "\u200b" + label[1:]]
)
def test_labels_in_another_spelling_are_the_reason(respell):
    verdict, code, text = reason(PLANS, [*map(respell, PLANS)])
    assert (verdict, code) == ("drift", "labels-respelled")
    assert "'Free' is '" in text
    # One label of three, and missing values on both sides.
    some = [respell(label) if label == "Free" else label for label in PLANS]
    assert reason([*PLANS, None], [*some, None])[1] == "labels-respelled"
    counts = [{label: side.count(label) for label in side} for side in (PLANS, some)]
    found = check(*counts, kind="counts").columns[0]
    assert found.reason.code == "labels-respelled"
    shares = {label: count / 800 for label, count in counts[0].items()}
    found = check(shares, counts[1], kind=("probabilities", "counts")).columns[0]
    assert (found.reason.code, found.kl) == ("labels-respelled", math.inf)


def test_what_drifts_besides_its_spelling():
    # What moved is more than the spelling.
    moved = rows(free=100, Team=300, Firm=700)
    assert reason(PLANS, moved)[1] in ("above-threshold", "labels-respelled")
    moved = rows(free=400, Team=300, New=100)
    assert reason(PLANS, moved)[1] == "above-threshold"
    # Both spellings on a side are two outcomes.
    both = rows(a=300, A=300)
    assert reason(both, rows(a=300, A=310))[0] == "pass"
    assert reason(both, rows(a=300, A=30))[1] == "above-threshold"
    assert reason(rows(a=300), both)[1] == "above-threshold"


def test_a_side_without_values():
    for values in (PLANS, [i / 7 for i in range(800)], [True, False] * 400):
        verdict, code, text = reason([*values, None], [None] * 800)
        assert (verdict, code) == ("drift", "all-missing")
        assert text == (
            f"every value of the current side is missing, and {100 / 801:.3g} % of the reference"
        )
        assert "of the reference is missing, and 0 %" in reason([None] * 800, values)[2]
    assert reason([None] * 800, [None] * 800)[0] == "pass"


@pytest.mark.parametrize(
    ("before", "after"),
    [(7, 9), (7.25, 9.5), ("a", "b"), (True, False), ("2024-01-05", "2024-01-06")],
)
def test_a_constant_that_changed(before, after):
    verdict, code, text = reason([before] * 500, [after] * 500)
    assert (verdict, code) == ("drift", "constant-changed")
    words = {True: "true", False: "false"}
    assert text == (
        f"the constant changed: it was '{words.get(before, before)}',"
        f" and is '{words.get(after, after)}'"
    )
    assert reason([before, None] * 500, [after] * 500)[1] == "constant-changed"
    assert reason([before] * 500, [before] * 500)[0] == "pass"


def test_only_nearly_distinct_values_are_called_keys():
    verdict, code, text = reason([*range(1000, 2000)], [*range(3000, 4000)])
    assert (verdict, code) == ("drift", "no-common-outcome")
    assert "a date or key?" in text
    few = rows(a=300, b=300), rows(c=300, d=300)
    verdict, code, text = reason(*few)
    assert (verdict, code) == ("drift", "no-common-outcome")
    assert "key" not in text


# Booleans, dates, words for a missing value and infinities.


def test_numbers_against_booleans_are_a_change_of_type():
    spellings = {"True": "False", "t": "f", "TRUE": "FALSE"}
    ones = [1] * 300 + [0] * 300
    for true, false in spellings.items():
        side = [true] * 300 + [false] * 300
        for current in (ones, [*map(float, ones)], [*map(str, ones)], np.array(ones)):
            for sides in (({"x": side}, {"x": current}), ({"x": current}, {"x": side})):
                found = check(*sides).columns["x"]
                assert found.reason.code == "type-changed"
                assert "is numbers" in found.reason.text
                assert "is booleans (true and false)" in found.reason.text


def test_dates_are_left_out_unless_they_are_asked_for(tmp_path, kldiv):
    days = [f"2024-01-{n:02}" for n in range(1, 11)] * 30
    sides = {"day": days, "x": [*"ab"] * 150}, {"day": days[5:] + days[:5], "x": [*"ab"] * 150}
    report = check(*sides)
    assert verdicts(report) == {"x": ("pass", "below-threshold")}
    assert report.excluded == (("day", report.excluded[0].reason),)
    assert report.excluded[0].reason.startswith("date: ")
    for options, type_ in (
        ({"column": "day"}, "date"),
        ({"columns": {"day": {"type": "date"}}}, "date"),
        ({"columns": {"day": {"max_kl": 1}}}, "date"),
        ({"columns": {"day": {"type": "categorical"}}}, "categorical"),
    ):
        found = check(*sides, **options).columns["day"]
        assert (found.type, found.measures["kl_pq"]) == (type_, 0)
    # On one side alone dates are judged: their type changed, or another text is among them.
    other = {"day": [20240101 + n % 10 for n in range(300)], "x": [*"ab"] * 150}
    assert verdicts(check(sides[0], other))["day"] == ("drift", "type-changed")
    other["day"] = ["unknown", *days[1:]]
    found = check(sides[0], other).columns["day"]
    assert (found.type, found.new_outcomes) == ("categorical", ("unknown",))
    other["day"] = [None] * 300
    assert check(sides[0], other).excluded[0].column == "day"


def test_an_instant_with_a_zone_never_meets_one_without():
    times = [f"2024-01-05 {hour:02}:00:00" for hour in range(8)] * 50
    zoned = [f"{time}+00:00" for time in times]
    for sides, whose in (((times, zoned), "current side"), ((zoned, times), "reference")):
        verdict, code, text = reason(*sides)
        assert (verdict, code) == ("drift", "no-common-outcome")
        assert f"only the instants of the {whose} have a time zone" in text
        report = check({"x": sides[0]}, {"x": sides[1]}, column="x")
        assert "mixed-zones" in [note.code for note in report.notes]
        report = compare({"x": sides[0]}, {"x": sides[1]}, column="x", kind="samples")
        assert "mixed-zones" in [note.code for note in report.notes]
    assert reason(zoned, [f"{time}Z" for time in times])[0] == "pass"


def test_a_column_that_is_said_to_hold_dates_holds_nothing_else():
    days = ["2024-01-05", "2024-01-06"] * 100
    options = {"columns": {"x": {"type": "date"}}}
    error = refused({"x": days}, {"x": [*days[1:], "soon"]}, code="mixed-column", **options)
    assert (error.places[0].name, error.places[0].value) == ("x", "soon")
    refused({"x": days}, {"x": [5] * 200}, code="mixed-column", **options)


def test_words_for_a_missing_value_among_booleans_and_dates():
    flags = [*["TRUE"] * 200, *["FALSE"] * 100]
    report = check({"x": flags}, {"x": [*flags, *["NA"] * 30]})
    column = report.columns["x"]
    assert (column.missing_current, column.new_outcomes) == (30 / 330, ())
    (note,) = (note for note in report.notes if note.code == "missing-words")
    assert "'x' (NA 30)" in note.message
    error = refused({"x": flags}, {"x": [*flags, "NA"]}, missing="error", code="missing-value")
    assert error.places[0].value == "NA"
    # Among labels it is one, and the note names the way out.
    lands = {"x": rows(NA=100, DE=200)}
    report = check(lands, lands)
    assert report.columns["x"].missing_current == 0
    (note,) = (note for note in report.notes if note.code == "missing-words-as-labels")
    assert note.advice.startswith("--na NA ")
    assert codes(check(lands, lands, na="NA")) == []


def test_columns_of_both_sides_are_refused_at_once(kldiv, tmp_path):
    numbers = [i / 7 for i in range(300)]
    before = {"a": [*numbers[1:], "x"], "b": numbers, "c": numbers, "d": numbers}
    after = {"a": numbers, "b": [*numbers[1:], "y"], "c": [*numbers[1:], "x"], "d": numbers}
    error = refused(before, after, code="mixed-column")
    assert error.count == 3
    assert error.hint.startswith("na=('x', 'y') for missing values")
    types = {name: {"type": "categorical"} for name in "abc"}
    assert check(before, after, columns=types).error is None
    assert f"columns={types} for text" in error.hint
    paths = [tmp_path / "p.csv", tmp_path / "q.csv"]
    for path, side in zip(paths, (before, after), strict=True):
        pd.DataFrame(side).to_csv(path, index=False)
    assert kldiv("check", *paths).code == 2
    assert kldiv("check", *paths, "--na", "x", "--na", "y").code == 0
    assert (
        kldiv(
            "check", *paths, *["--categorical", "a", "--categorical", "b", "--categorical", "c"]
        ).code
        != 2
    )


def test_a_column_of_objects_is_left_out_by_its_hint(kldiv, tmp_path):
    path = tmp_path / "x.jsonl"
    lines = [{"a": n % 3, "b b": {"c": n}, "d": [n]} for n in range(300)]
    path.write_text("\n".join(map(json.dumps, lines)))
    ran = kldiv("check", path, path)
    assert (ran.code, "--exclude 'b b' --exclude d counts the other columns" in ran.err) == (
        2,
        True,
    )
    assert kldiv("check", path, path, "--exclude", "b b", "--exclude", "d").code == 0
    assert kldiv("compare", path, path, "--as", "samples", "--exclude", "[bd]*").code == 0
    assert kldiv("profile", path, "--exclude", "b*", "--exclude", "d").code == 0


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("orders/march.csv", "orders/march"), ("./march.json", "./march"), ("march", "march"),
        ("march.v2.csv", "march.v2"), ("march.2026-11", "march.2026-11"), ("March.CSV", "March"),
        ("march.csv.gz", "march"), ("march.gz", "march"), ("march.txt", "march"),
        ("a.b/march", "a.b/march"), ("rows.csv/", "rows"), ("/", "/"), ("-", "stdin"),
        ("/dev/fd/63", "/dev/fd/63"), (".csv", ".csv"),
    ],
)  # fmt: skip
def test_the_data_set_is_called_by_the_path_of_its_reference(path, name):
    made = check_settings((path, HEADS), {})
    assert made.dataset == name
    assert check_settings((path, HEADS), {"dataset": "shop"}).dataset == "shop"


def test_the_data_set_of_objects_has_their_name():
    assert check(HEADS, HEADS).dataset == "mapping"
    assert check(HEADS, HEADS, names=("march", None)).dataset == "march"
    report = check(HEADS, HEADS, names=("march", None), dataset="shop")
    assert report.dataset == report.to_dict()["dataset"] == "shop"
    assert 'kldiv_success{dataset="shop"} 1' in report.render("prometheus")
    assert 'classname="shop: ' in report.render("junit")
    for wrong in ("", " ", 1, ["shop"]):
        with pytest.raises(UsageError, match="dataset"):
            check(HEADS, HEADS, dataset=wrong)


def test_numbers_that_become_too_many_dates_to_be_counted_are_a_change_of_type():
    times = [f"2024-01-05 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(400)]
    options = {"max_outcomes": 100}
    report = check({"x": [n / 7 for n in range(400)]}, {"x": times}, **options)
    assert report.columns["x"].reason.code == "type-changed"
    assert "the reference is numbers, the current side is dates" in report.columns["x"].reason.text
    both = {"x": times, "y": [*"ab"] * 200}
    few = {"x": times[:50] * 8, "y": [*"ab"] * 200}
    for sides in ((both, few), (few, both), (both, both)):
        report = check(*sides, **options)
        assert [each.column for each in report.excluded] == ["x"]
        assert report.excluded[0].reason.startswith("date: ")


def test_the_share_of_new_outcomes_is_one_number_in_all_words():
    """Those that are too rare to count by themselves are new outcomes all the same."""
    shared = ["x", "y"] * 2000
    old = [f"then {i}" for i in range(5)]
    new = [*["new"] * 20, *(f"now {i}" for i in range(5))]
    report = check({"a": [*shared, *old]}, {"a": [*shared, *new]})
    finding = report.columns["a"]
    share = 25 / 4025
    assert finding.new_share == pytest.approx(share, rel=1e-12)
    assert finding.reason.text.count(f"{100 * share:.3g} % of the current rows") == 1
    text = " ".join(report.render("text").split())
    assert f"KL {finding.kl:.3g} has no upper limit" in text
    assert text.count(f"{100 * share:.3g} %") == 2


def test_a_column_that_no_side_can_count_is_named_once():
    one = {"x": [*map(str, range(90)), "?"], "y": [1, 2, 3] * 30 + [1], "z": ["a"] * 91}
    error = refused(one, one, code="mixed-column")
    assert error.message == "column 'x' holds numbers, and this is not a number"
    settled = "columns={'x': {'type': 'categorical'}} for text"
    assert error.hint == f"na='?' for missing values; {settled}"
    two = {"x": one["x"], "y": one["x"], "z": one["z"]}
    error = refused(two, two, code="mixed-column")
    assert error.message == "2 columns hold numbers, and values that are none: 'x', 'y'"
    assert error.hint.count("'x'") == error.hint.count("'y'") == 1
    nested = {"x": [[1], [2]], "y": [1, 2]}
    hint = refused(nested, nested, column=["x", "y"], kind="samples", code="nested-value").hint
    assert hint.count("'x'") == 1


@pytest.mark.parametrize(
    "finite", [np.linspace(-3, 3, 990), [3.0] * 990, [1, 2, 3] * 330], ids=["reals", "one", "few"]
)
def test_infinite_values_that_the_reference_never_had_are_new_outcomes(finite, tmp_path, kldiv):
    """Of raw rows, and of a profile on either side."""
    finite = list(finite)
    sides = {
        "finite": finite + finite[:10],
        "above": [*finite, *[math.inf] * 10],
        "below": [*finite, *[-math.inf] * 10],
    }
    made = {}
    for name, values in sides.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(["x", *map(str, values), ""]))
        like = ["--like", made["finite"][1]] if made else []
        made[name] = f"{tmp_path}/{name}.csv", f"{tmp_path}/{name}.json"
        assert kldiv("profile", made[name][0], *like, "-o", made[name][1]).code == 0
    for before, after, new in (
        ("finite", "above", ("+inf",)),
        ("below", "above", ("+inf",)),
        ("above", "below", ("-inf",)),
        ("above", "above", ()),
        ("above", "finite", ()),
    ):
        doors = [(0, 0), (1, 1), *([(1, 0)] if before == "finite" else [])]
        for reference, current in doors:
            report = check(
                made[before][reference], made[after][current], max_kl=math.inf, max_new=0.001
            )
            (found,) = report.columns
            assert found.new_outcomes == new
            assert found.new_share == len(new) / 100
            assert report.verdict == ("drift" if new else "pass")
