"""Bins as outcomes in a comparison and in a check: matched by edges, or filled with numbers."""

import io
import json
import math
import re
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest

from kldiv_cli import check, compare
from kldiv_cli.errors import InputError
from kldiv_cli.pipeline.profile import profile
from kldiv_cli.pipeline.settings import profile_settings
from kldiv_cli.renderers.formats.profile import render

EDGES = [-9.0, -1.0, 0.0, 1.0, 9.0]
P = np.random.default_rng(1).normal(0, 1, 900)
Q = np.random.default_rng(2).normal(0.2, 1, 700)
SHARES = {"(0, 20]": 0.3, "(20, 40]": 0.45, "(40, 80]": 0.25}
AGES = [0, 7, 20, 20, 21, 40, 40, 41, 80, 80, 81, 33, 39, 38, 2, 3, 55]


def histogram(values, edges=EDGES):
    return np.histogram(values, bins=edges)


def cut(values, edges=EDGES):
    return pd.cut(pd.Series(values, name="x"), edges)


def kl(p, q):
    shares = [[Fraction(n) / sum(map(Fraction, side)) for n in side] for side in (p, q)]
    terms = (
        a * Fraction(math.log(a / b)) if b else Fraction(10**9)
        for a, b in zip(*shares, strict=True)
        if a
    )
    return float(sum(terms))


def refused(*arguments, **options):
    """Return the error of a comparison or a check, which must advise no smoothing."""
    call = options.pop("call", compare)
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    error = caught.value
    assert not re.search("(?i)smooth|date or a key", error.hint)
    return error


# Both sides are counted in bins.

SIDES = {
    "histogram": histogram,
    "value_counts": lambda values, edges=EDGES: cut(values, edges).value_counts(),
    "frame": lambda values, edges=EDGES: cut(values, edges).value_counts().reset_index(),
    "polars": lambda values, edges=EDGES: pl.Series("x", values).hist(bins=edges),
    "arrow": lambda values, edges=EDGES: pl.Series("x", values).hist(bins=edges).to_arrow(),
    "mapping": lambda values, edges=EDGES: {
        str(bin): int(n) for bin, n in cut(values, edges).value_counts().items()
    },
}
COUNTS = [histogram(values)[0].tolist() for values in (P, Q)]


@pytest.mark.parametrize("first", SIDES)
@pytest.mark.parametrize("second", SIDES)
def test_equal_edges_give_one_answer_whoever_made_them(first, second):
    p, q = SIDES[first](P), SIDES[second](Q)
    report = compare(p, q)
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(kl(*COUNTS), rel=1e-12)
    assert report.comparisons[0].outcomes == 4
    checked = check(q, p, kind="counts")
    assert checked.columns[0].measures["kl_pq"] == pytest.approx(kl(*COUNTS), rel=1e-12)
    assert checked.columns[0].new_outcomes == ()


@pytest.mark.parametrize("first", SIDES)
@pytest.mark.parametrize("second", SIDES)
def test_other_edges_are_an_error_whoever_made_them(first, second):
    p, q = SIDES[first](P), SIDES[second](Q, [-9.0, -1.1, 0.1, 1.0, 9.0])
    for error in (refused(p, q), refused(q, p, call=check, kind="counts")):
        assert error.code == "edges-differ"
        assert "np.histogram(x, bins=edges)" in error.hint


def test_exact_shares_of_bins_are_matched_in_a_check():
    shares = {label: n / 900 for label, n in SIDES["mapping"](P).items()}
    report = check(shares, histogram(Q), kind=("probabilities", "counts"))
    assert report.columns[0].measures["kl_pq"] == pytest.approx(kl(*COUNTS[::-1]), rel=1e-12)
    other = {"(0, 1]": 0.5, "(1, 2]": 0.5}
    assert refused(other, histogram(Q), call=check, kind=("probabilities", "counts")).code == (
        "edges-differ"
    )


def test_bins_against_plain_labels_are_labels():
    report = compare({"(0, 1]": 3, "(1, 2]": 4}, {"low": 3, "high": 4})
    assert report.comparisons[0].measures["kl_pq"] == math.inf
    error = refused({"(0, 1]": 3, "(1, 2]": 4}, [3, 4])
    assert error.code == "no-common-support"


def test_ranges_are_labels_like_any():
    report = compare({"18-24": 3, "25-34": 4}, {"18-24": 3, "25-35": 4})
    assert report.comparisons[0].measures["kl_pq"] == math.inf


def test_a_bin_that_is_empty_may_be_left_out_if_it_is_an_inner_one():
    p = {"(0, 1]": 3, "(1, 2]": 4, "(2, 3]": 5}
    assert compare(p, {"(0, 1]": 3, "(2.0, 3.0]": 4}).comparisons[0].only_in_p == ("(1, 2]",)
    assert refused(p, {"(0, 1]": 3, "(1, 2]": 4}).code == "edges-differ"


def test_missing_values_beside_bins_meet():
    p = {"(0, 1]": 3, "(1, 2]": 4, "NaN": 5}
    assert compare(p, {"(0.0, 1.0]": 3, "NaN": 5, "(1, 2]": 4}).comparisons[0].measures[
        "kl_pq"
    ] == pytest.approx(0)


# Raw rows whose values are intervals.


@pytest.mark.parametrize("call", [compare, check])
def test_columns_of_intervals_are_matched_by_their_edges(call):
    first = pd.DataFrame({"x": cut(P).astype(str)})
    second = pd.DataFrame({"x": cut(Q).astype(str).str.replace(".0", "")})
    assert not {*first["x"]} & {*second["x"]}
    options = {"kind": "samples"} if call is compare else {}
    report = call(first, second, **options)
    column = (report.comparisons if call is compare else report.columns)[0]
    expected = kl(*(COUNTS if call is compare else COUNTS[::-1]))
    assert column.measures["kl_pq"] == pytest.approx(expected, rel=1e-12)
    typed = call(pd.DataFrame({"x": cut(P)}), second, **options)
    assert (typed.comparisons if call is compare else typed.columns)[0].measures == column.measures


def test_a_column_of_other_intervals_is_an_error_that_can_be_left_out():
    first = pd.DataFrame({"x": cut(P).astype(str), "y": ["a", "b"] * 450})
    second = pd.DataFrame({"x": cut(Q, [-9, -1.1, 9]).astype(str), "y": ["a", "b"] * 350})
    error = refused(first, second, call=check)
    assert error.code == "edges-differ"
    assert "column 'x'" in error.message
    assert "exclude='x'" in error.hint
    assert check(first, second, exclude="x").verdict == "pass"


def test_rows_need_not_have_a_value_in_an_outer_bin():
    first = pd.DataFrame({"x": ["(0, 1]", "(1, 2]", "(2, inf]"] * 100})
    second = pd.DataFrame({"x": ["(0, 1]", "(1, 2]"] * 150})
    assert check(first, second).verdict == "drift"


# Expected shares of intervals against numbers.


def expected(values, bins=((0, 20), (20, 40), (40, 80))):
    return [sum(low < value <= high for value in values) for low, high in bins]


@pytest.mark.parametrize("column", ["age", "other"])
def test_numbers_are_counted_in_the_bins_of_expected_shares(column):
    inside = [age for age in AGES if 0 < age <= 80]
    frame = pd.DataFrame({"plan": ["a"] * len(inside), column: inside})
    shares = pd.DataFrame({"age": [*SHARES], "share": [*SHARES.values()]})
    report = check(shares, frame, kind=("probabilities", "samples"))
    (finding,) = report.columns
    assert finding.column == column
    counts = expected(inside)
    assert finding.measures["kl_pq"] == pytest.approx(kl(counts, SHARES.values()), rel=1e-12)
    assert (finding.n_current, finding.new_share) == (len(inside), 0)
    mixed = compare(shares, frame, kind=("probabilities", "samples"))
    assert mixed.comparisons[0].measures["kl_qp"] == finding.measures["kl_pq"]
    assert mixed.comparisons[0].column == column


def test_a_column_that_is_named_is_the_one_to_count():
    frame = pd.DataFrame({"a": [1.5, 30, 70.5], "b": [2.5, 3.5, 4.5]})
    shares = pd.DataFrame({"bin": [*SHARES], "share": [*SHARES.values()]})
    kind = ("probabilities", "samples")
    assert refused(shares, frame, call=check, kind=kind).code == "several-columns"
    report = check(shares, frame, kind=kind, column="a")
    assert report.columns[0].column == "a"
    assert report.columns[0].measures["kl_pq"] == pytest.approx(
        kl([1, 1, 1], SHARES.values()), rel=1e-12
    )


def test_numbers_outside_of_all_bins_are_new_outcomes():
    values = [*AGES, math.inf, -math.inf, -5, None]
    report = check(SHARES, {"age": values}, kind=("probabilities", "samples"))
    (finding,) = report.columns
    assert {*finding.new_outcomes} == {"(-inf, 0]", "(80, inf)", "+inf", "-inf"}
    assert finding.new_share == pytest.approx(5 / len(values))
    assert finding.missing_current == pytest.approx(1 / len(values))
    assert finding.verdict == "drift"
    report = check(SHARES, {"age": values}, kind=("probabilities", "samples"), missing="drop")
    assert report.columns[0].new_share == pytest.approx(5 / (len(values) - 1))


@pytest.mark.parametrize(
    ("labels", "counts"),
    [
        (["(0, 20]", "(20, 40]"], [3, 2]),
        (["[0, 20)", "[20, 40)"], [2, 3]),
        (["[0, 20)", "[20, 40]"], [2, 4]),
        (["[0, 20]", "(20, 40]"], [4, 2]),
        (["(-inf, 20]", "(20, inf]"], [4, 3]),
    ],
)
def test_a_number_on_an_edge_is_in_the_bin_that_holds_it(labels, counts):
    values = [0, 1, 20, 20, 21, 40, 99]
    shares = dict(zip(labels, [0.5, 0.5], strict=True))
    report = compare(shares, {"x": values}, kind=("probabilities", "samples"))
    parts = {part.outcome: part.q for part in report.comparisons[0].contributions}
    assert [round(parts[label] * 7) for label in labels] == counts


@pytest.mark.parametrize("kind", ["counts", "weights"])
def test_a_histogram_is_a_reference_for_numbers(kind):
    reference, current = histogram(P), {"x": Q}
    report = check(reference, current, kind=(kind, "samples"))
    assert report.columns[0].column == "x"
    assert report.columns[0].measures["kl_pq"] == pytest.approx(kl(*COUNTS[::-1]), rel=1e-12)
    back = check(current, reference, kind=("samples", kind))
    assert back.columns[0].measures["kl_pq"] == pytest.approx(kl(*COUNTS), rel=1e-12)
    assert report.columns[0].n_current == len(Q)


def test_integers_are_numbers_where_bins_are_to_be_filled():
    report = check(SHARES, {"age": [10, 10, 30, 50] * 50}, kind=("probabilities", "samples"))
    assert report.columns[0].measures["kl_pq"] == pytest.approx(
        kl([2, 1, 1], SHARES.values()), rel=1e-12
    )


def test_distinct_integers_are_no_key_where_bins_are_to_be_filled():
    frame = pd.DataFrame({"age": range(1, 61), "id": range(1000, 1060), "plan": ["a"] * 60})
    report = check(
        SHARES | {"(80, 90]": 0.0}, frame, kind=("probabilities", "samples"), column="age"
    )
    assert report.columns[0].n_current == 60
    shares = pd.DataFrame({"age": [*SHARES], "share": [*SHARES.values()]})
    report = check(shares, frame, kind=("probabilities", "samples"))
    assert report.columns[0].column == "age"


def test_intervals_in_rows_are_matched_with_expected_shares():
    rows = {"age": ["(0.0, 20.0]", "(20.0, 40.0]"] * 50}
    report = check(SHARES, rows, kind=("probabilities", "samples"))
    assert report.columns[0].new_outcomes == ()
    assert report.columns[0].measures["kl_pq"] == pytest.approx(
        kl([1, 1, 0], SHARES.values()), rel=1e-12
    )
    error = refused(
        SHARES,
        {"age": ["(0, 30]", "(30, 80]"] * 50},
        call=check,
        kind=("probabilities", "samples"),
    )
    assert error.code == "edges-differ"


def saved_profile(tmp_path, values, bins):
    settings = profile_settings({"columns": {"x": {"bins": bins}}})
    made = profile([(None, {"x": values})], settings.rules, settings.options)
    path = tmp_path / "profile.json"
    path.write_text(render(made))
    return str(path)


@pytest.mark.parametrize("min_count", ["5", "1000"])
def test_pooled_numbers_of_a_profile_are_in_no_bins(min_count, tmp_path, kldiv):
    # One is rare, or all are.
    (tmp_path / "x.csv").write_text("x\n" + "0\n1\n2\n" * 20 + "3\n")
    path = str(tmp_path / "p.json")
    assert kldiv("profile", tmp_path / "x.csv", "--min-count", min_count, "-o", path).code == 0
    table = histogram(P)
    for sides, kind in (((table, path), ("counts", None)), ((path, table), (None, "counts"))):
        error = refused(*sides, call=check, kind=kind)
        assert (error.code, "pooled" in error.message) == ("edges-differ", True)


def test_the_bins_of_a_profile_meet_those_of_a_histogram(tmp_path):
    path = saved_profile(tmp_path, P, [-1, 0, 1])
    edges = [-math.inf, -1, 0, 1, math.inf]
    report = check(path, histogram(Q, edges), kind=("samples", "counts"))
    assert report.columns[0].measures["kl_pq"] == pytest.approx(kl(*COUNTS[::-1]), rel=1e-12)
    # What lies beyond the edges of the histogram is in the outer bins of the profile.
    error = refused(path, histogram(Q), call=check, kind=("samples", "counts"))
    assert error.code == "edges-differ"


def test_words_for_missing_values_are_none_where_bins_are_to_be_filled(tmp_path):
    rows = "id,age\n" + "1,10\n2,NA\n3,30.5\n4,inf\n5,\n" * 5
    (tmp_path / "rows.csv").write_text(rows)
    shares = pd.DataFrame({"age": [*SHARES], "share": [*SHARES.values()]})
    report = check(shares, tmp_path / "rows.csv", kind=("probabilities", "samples"))
    (finding,) = report.columns
    assert (finding.column, finding.new_outcomes) == ("age", ("+inf",))
    assert finding.missing_current == pytest.approx(2 / 5)


def test_a_side_of_raw_rows_meets_any_other():
    rows = {"x": ["a", "b", "a"]}
    shares = pd.DataFrame({"x": ["a", "b"], "share": [0.5, 0.5]})
    for kind in (("probabilities", "samples"), ("logits", "samples")):
        report = compare(shares, rows, kind=kind)
        assert report.comparisons[0].column == "x"
    assert compare(rows, rows, kind=(None, "samples")).comparisons[0].measures["kl_pq"] == 0


def test_counts_of_bins_that_are_called_raw_rows_are_not_counted_as_such():
    shares = pd.DataFrame({"age": [*SHARES], "share": [*SHARES.values()]})
    counted = pd.DataFrame({"age": [*SHARES], "n": [30, 45, 25]})
    error = refused(shares, counted, call=check, kind=("probabilities", "samples"))
    assert error.code == "several-columns"


def test_cells_are_no_bins_for_numbers():
    grid = np.histogram2d(P, P, bins=[[-9, 0, 9], [-9, 0, 9]])
    report = check(grid, {"x": P}, kind=("weights", "samples"))
    assert report.columns[0].verdict == "drift"


# One distribution of an array.


def test_flatten_serves_both_sides_in_a_check_and_a_comparison():
    joint = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0.2, 0.2], [0.3, 0.3]])
    report = compare(*joint, flatten=True)
    exact = kl(*(array.ravel().tolist() for array in joint))
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(exact, rel=1e-12)
    counts = [(array * 1000).round().astype(int) for array in joint]
    report = check(counts[1], counts[0], kind="counts", flatten=True)
    assert report.columns[0].measures["kl_pq"] == pytest.approx(exact, rel=1e-12)
    error = refused(*counts, call=check, kind="counts")
    assert error.code == "bad-shape"
    assert "flatten=True" in error.hint
    noted = [note.code for note in compare(*joint).notes]
    assert "looks-joint" in noted


def test_files_and_objects_give_the_same_report(tmp_path):
    paths = []
    for name, values in (("p", P), ("q", Q)):
        counts, edges = histogram(values)
        buffer = io.BytesIO()
        np.savez(buffer, hist=counts, bin_edges=edges)
        (tmp_path / f"{name}.npz").write_bytes(buffer.getvalue())
        text = json.dumps({"hist": counts.tolist(), "bin_edges": edges.tolist()})
        (tmp_path / f"{name}.json").write_text(text)
        paths.append(str(tmp_path / name))
    reports = [compare(*(f"{path}.{ext}" for path in paths)) for ext in ("npz", "json")]
    reports.append(compare(histogram(P), histogram(Q), names=("p", "q")))
    comparisons = [report.to_dict()["comparisons"] for report in reports]
    assert comparisons[0] == comparisons[1] == comparisons[2]


def test_a_bin_that_is_empty_on_both_sides_is_no_other_spelling_of_itself():
    table = {"bin": ["(-inf, 0]", "(0, 1]", "(1, inf)"], "count": [0, 300, 0]}
    report = check(table, {"x": [0.5] * 300}, kind=("counts", "samples"))
    assert report.verdict == "pass"
    assert not report.notes
