"""``compare --by``: tables of two columns of labels, split by the chain rule."""

import csv
import io
import json
import math
from fractions import Fraction
from itertools import product

import jsonschema
import mpmath
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli import InputError, UsageError, compare

JULY = {("de", "x"): 400, ("de", "y"): 200, ("fr", "x"): 300, ("fr", "y"): 100, ("it", "x"): 50}
JUNE = {("de", "x"): 400, ("de", "y"): 100, ("fr", "x"): 200, ("fr", "y"): 100, ("it", "x"): 9}


def table(cells):
    """Return a table of a column of segments, one of outcomes, and one of weights."""
    names = ("country", "browser", "count")
    rows = [(*labels, weight) for labels, weight in cells.items()]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def exact(p, q):
    """Return D(P || Q) with 50 digits, by its definition, of weights by outcome."""
    with mpmath.workdps(50):
        if any(weight and not q.get(label) for label, weight in p.items()):
            return mpmath.inf
        total_p, total_q = (mpmath.fsum(map(mpmath.mpf, side.values())) for side in (p, q))
        return mpmath.fsum(
            weight / total_p * mpmath.log(mpmath.mpf(weight) * total_q / (total_p * q[label]))
            for label, weight in p.items()
            if weight
        )


def summed(cells, part):
    """Return the weights by one of the labels alone."""
    found = {}
    for labels, weight in cells.items():
        found[labels[part]] = found.get(labels[part], 0) + weight
    return found


def within(cells, segment):
    return {outcome: weight for (own, outcome), weight in cells.items() if own == segment}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, cells in (("july", JULY), ("june", JUNE)):
        pd.DataFrame(table(cells)).to_csv(f"{name}.csv", index=False)


def found(report, segment):
    (one,) = [one for one in report.segments if one.segment == segment]
    return one


def test_the_numbers_are_those_of_the_definition():
    report = compare(table(JULY), table(JUNE), by="country")
    (split,) = report.splits
    assert (report.by, split.column) == ("country", "browser")
    joint, mix = exact(JULY, JUNE), exact(summed(JULY, 0), summed(JUNE, 0))
    assert split.joint == pytest.approx(float(joint), rel=1e-13)
    assert split.mix == pytest.approx(float(mix), rel=1e-13)
    assert split.within == pytest.approx(float(joint - mix), rel=1e-12)
    marginal = exact(summed(JULY, 1), summed(JUNE, 1))
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(float(marginal), rel=1e-12)
    assert [one.segment for one in report.segments] == ["de", "fr", "it"]
    for one in report.segments:
        own = exact(within(JULY, one.segment), within(JUNE, one.segment))
        share = Fraction(summed(JULY, 0)[one.segment], sum(JULY.values()))
        assert one.share_p == pytest.approx(float(share), rel=1e-15)
        assert one.measures["kl_pq"] == pytest.approx(float(own), rel=1e-12)
        assert one.part == pytest.approx(float(own) * one.share_p, rel=1e-12, abs=1e-300)


def test_a_segment_has_what_its_rows_alone_have(files):
    report = compare("july.csv", "june.csv", by="country")
    for name in ("de", "fr"):
        alone = compare("july.csv", "june.csv", where=f"country={name}", label="browser")
        (expected,) = alone.comparisons
        one = found(report, name)
        for key in ("measures", "error_bounds", "estimate", "estimates", "outcomes"):
            assert getattr(one, key) == getattr(expected, key)


def test_the_outcomes_have_what_they_have_without_segments():
    report = compare(table(JULY), table(JUNE), by="country")
    alone = compare(summed(JULY, 1), summed(JUNE, 1), kind="counts")
    assert report.comparisons[0]._replace(shares=None) == alone.comparisons[0]._replace(
        shares=None
    )


WEIGHTS = st.dictionaries(
    st.sampled_from(list(product("stuv", "abc"))), st.integers(1, 10**6), min_size=1
)


@given(WEIGHTS, WEIGHTS, st.sampled_from(["e", "2"]))
@settings(max_examples=50)
def test_the_parts_add_up(p, q, base):
    report = compare(table(p), table(q), by="country", base=base, kind="counts", estimate=False)
    (split,) = report.splits
    unit = math.log(2) if base == "2" else 1
    joint = float(exact(p, q)) / unit
    assert split.joint == pytest.approx(joint, rel=1e-12, abs=1e-13)
    assert split.mix + split.within == pytest.approx(joint, rel=1e-12, abs=1e-13)
    assert math.fsum(one.part for one in report.segments) == pytest.approx(split.within)
    assert {one.segment for one in report.segments} == {*summed(p, 0), *summed(q, 0)}
    assert math.fsum(one.share_p for one in report.segments) == pytest.approx(1)
    parts = [one.part for one in report.segments]
    assert parts == sorted(parts, reverse=True)


def test_probabilities_of_both_together_are_one_distribution():
    p = {("s", "a"): 0.25, ("s", "b"): 0.25, ("t", "a"): 0.5}
    q = {("s", "a"): 0.4, ("s", "b"): 0.1, ("t", "a"): 0.5}
    report = compare(table(p), table(q), by="country")
    assert report.p.kind == "probabilities"
    assert report.splits[0].joint == pytest.approx(float(exact(p, q)), rel=1e-13)
    assert found(report, "s").estimate is None


def test_a_segment_that_one_side_lacks_is_listed():
    p, q = {("s", "a"): 3, ("t", "a"): 4}, {("s", "a"): 3, ("u", "a"): 4}
    report = compare(table(p), table(q), by="country", measures="kl_pq", kind="counts")
    new, gone = found(report, "t"), found(report, "u")
    assert (new.part, new.share_q, new.measures) == (math.inf, 0.0, {"kl_pq": "error"})
    assert (gone.part, gone.share_p, gone.measures) == (0.0, 0.0, {"kl_pq": "error"})
    assert new.estimate is gone.estimate is None
    assert report.segments[0] is new
    text = report.render()
    assert "q has nothing of it" in text
    assert "p has nothing of it" in text


def test_an_outcome_that_one_side_lacks_in_a_segment():
    p, q = {("s", "a"): 3, ("s", "b"): 4}, {("s", "a"): 3, ("t", "b"): 4}
    report = compare(table(p), table(q), by="country", measures="kl_pq", kind="counts")
    assert report.splits[0].joint == report.splits[0].within == math.inf
    assert math.isfinite(report.splits[0].mix)
    assert found(report, "s").measures == {"kl_pq": math.inf}
    assert report.comparisons[0].measures["kl_pq"] < math.inf


def test_missing_labels_are_of_a_segment_or_an_outcome_of_their_own(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("country,browser,count\nde,x,3\nde,,4\n,x,5\n,,6\n")
    report = compare(path, path, by="country", total_row="keep")
    assert [one.segment for one in report.segments] == ["(missing)", "de"]
    assert [one.outcomes for one in report.segments] == [2, 2]
    outcomes = [each.outcome for each in report.comparisons[0].contributions]
    assert sorted(outcomes) == ["(missing)", "x"]


def test_counts_beyond_64_bits_are_added_up_exactly():
    p = {("s", "a"): 2**70, ("t", "a"): 1, ("t", "b"): 2**70}
    report = compare(table(p), table({**p, ("t", "a"): 2**69}), by="country", kind="counts")
    assert report.splits[0].joint == pytest.approx(
        float(exact(p, {**p, ("t", "a"): 2**69})), rel=1e-12
    )


@pytest.mark.parametrize("large", [2**62, 2**63, 2**64 - 1])
def test_sums_of_counts_may_be_beyond_64_bits(large):
    p = dict.fromkeys(product("st", "abc"), large)
    q = dict(zip(p, (1, 2, 3, 4, 5, 6), strict=True))
    of_large, of_one = (
        compare(table(side), table(q), by="country", kind="counts", estimate=False)
        for side in (p, dict.fromkeys(p, 1))
    )
    assert of_large.splits[0][1:] == pytest.approx(of_one.splits[0][1:], rel=1e-12)
    assert of_large.splits[0].joint == pytest.approx(float(exact(p, q)), rel=1e-12)
    assert found(of_large, "s").share_p == pytest.approx(0.5)


def test_labels_may_hold_what_stands_between_them():
    p = {("s & t", "a"): 3, ("s", "t & a"): 4, ('"', "(missing)"): 5}
    report = compare(table(p), table(p), by="country", kind="counts")
    assert {one.segment for one in report.segments} == {"s & t", "s", '"'}


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_files_say_the_same(tmp_path, ending):
    expected = compare(table(JULY), table(JUNE), by="country")
    paths = []
    for name, cells in (("july", JULY), ("june", JUNE)):
        paths.append(tmp_path / f"{name}.{ending}")
        frame = pd.DataFrame(table(cells))
        if ending == "csv":
            frame.to_csv(paths[-1], index=False)
        elif ending == "parquet":
            frame.to_parquet(paths[-1])
        else:
            frame.to_json(paths[-1], orient="records", lines=True)
    report = compare(*paths, by="country")
    assert (report.splits, report.segments) == (expected.splits, expected.segments)


def test_columns_without_names_are_known_by_their_numbers(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("de,x,3\nde,y,4\nfr,x,5\n")
    for more in ({}, {"label": "2", "weight": "3"}):
        report = compare(path, path, by="1", header=False, **more)
        assert [one.segment for one in report.segments] == ["de", "fr"]
        assert report.splits[0].column == "2"


def test_two_weights_of_one_file(kldiv, tmp_path):
    (tmp_path / "w.csv").write_text("seg,label,x,y\ns,a,3,4\ns,b,4,4\nt,a,5,5\n")
    words = ["--weight", "x", "--weight", "y", "--by", "seg", "-f", "json"]
    ran = kldiv("compare", str(tmp_path / "w.csv"), *words)
    document = json.loads(ran.out)
    p, q = {"sa": 3, "sb": 4, "ta": 5}, {"sa": 4, "sb": 4, "ta": 5}
    assert document["splits"][0]["joint"] == pytest.approx(float(exact(p, q)), rel=1e-12)


def test_other_columns_are_told_of(tmp_path):
    path = tmp_path / "four.csv"
    path.write_text("seg,label,extra,count\ns,a,q,4\ns,b,r,4\nt,a,s,5\n")
    report = compare(path, path, by="seg")
    (note,) = [note for note in report.notes if note.code == "columns-chosen"]
    assert note.advice == "--label label --weight count"


def test_every_format_tells_of_segments(files, root):
    report = compare("july.csv", "june.csv", by="country", names=("now", "then"))
    schema = json.loads((root / "kldiv_cli/renderers/schemas/compare-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(report.to_json()))
    rows = list(csv.DictReader(io.StringIO(report.render("csv"))))
    of_segments = [row for row in rows if row["segment"]]
    assert {row["segment"] for row in of_segments} == {"de", "fr", "it"}
    assert len(of_segments) == 3 * len(rows) / 4
    for row in of_segments:
        one = found(report, row["segment"])
        assert float(row["value"]) == one.measures[row["measure"]]
        assert float(row["part"]) == one.part
    for format in ("text", "markdown", "html"):
        said = report.render(format)
        assert "mix of segments" in said
        assert all(name in said for name in ("de", "fr", "it"))


def test_of_many_segments_the_worst_are_shown():
    p = {(f"s{i}", outcome): 10 + i for i in range(30) for outcome in "ab"}
    report = compare(table(p), table({**p, ("s7", "a"): 90}), by="country", kind="counts")
    text = report.render()
    assert "and 20 more" in text
    assert report.segments[0].segment == "s7"


SPELLINGS = {
    "booleans": (("true", "false"), ("TRUE", "F")),
    "dates": (("2024-01-01", "2024-01-02"), ("2024-01-01 00:00:00", "2024-01-02T00:00:00")),
    "bins": (("(0, 1]", "(1, 2]"), ("(0.0, 1.0]", "(1.0, 2.0]")),
}


def spelt(cells, part, names):
    """Return cells with other names in one part, in the place of a and b."""
    named = dict(zip("ab", names, strict=True))
    return {
        tuple(named[own] if i == part else own for i, own in enumerate(labels)): weight
        for labels, weight in cells.items()
    }


CELLS_P = {("a", "a"): 5, ("a", "b"): 7, ("b", "a"): 4, ("b", "b"): 9}
CELLS_Q = {("a", "a"): 6, ("a", "b"): 4, ("b", "a"): 3, ("b", "b"): 8}


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("what", SPELLINGS)
def test_both_sides_may_spell_segments_and_outcomes_differently(what, part):
    ours, theirs = SPELLINGS[what]
    p, q = spelt(CELLS_P, part, ours), spelt(CELLS_Q, part, theirs)
    report = compare(table(p), table(q), by="country")
    assert report.splits[0].joint == pytest.approx(float(exact(CELLS_P, CELLS_Q)), rel=1e-12)
    mix = exact(summed(CELLS_P, 0), summed(CELLS_Q, 0))
    assert report.splits[0].mix == pytest.approx(float(mix), rel=1e-12)
    marginal = exact(summed(CELLS_P, 1), summed(CELLS_Q, 1))
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(float(marginal), rel=1e-12)
    assert len(report.segments) == 2
    assert "near-duplicate-labels" not in [note.code for note in report.notes]


@given(WEIGHTS, WEIGHTS, st.permutations("stuv"))
def test_dates_meet_whatever_else_is_in_the_cells(p, q, days):
    def dated(cells, ending):
        return {(f"2024-01-0{days.index(s) + 1}{ending}", x): n for (s, x), n in cells.items()}

    report = compare(
        table(dated(p, "")), table(dated(q, " 00:00")), by="country", kind="counts", estimate=False
    )
    assert report.splits[0].joint == pytest.approx(float(exact(p, q)), rel=1e-12, abs=1e-13)


def test_numbers_that_are_spelt_differently_are_told_of():
    p, q = spelt(CELLS_P, 0, ("1", "2")), spelt(CELLS_Q, 0, ("1.0", "2.0"))
    report = compare(table(p), table(q), by="country")
    (note,) = [note for note in report.notes if note.code == "near-duplicate-labels"]
    assert "segments of the two sides" in note.message
    report = compare(table(p), table(q), joint=["country", "browser"])
    (note,) = [note for note in report.notes if note.code == "near-duplicate-labels"]
    assert "'1 & a' and '1.0 & a'" in note.message


def test_two_spellings_on_one_side_are_two_outcomes_as_single_labels_are():
    p = {("s", "true"): 5, ("s", "false"): 7, ("s", "TRUE"): 3}
    q = {("s", "TRUE"): 6, ("s", "FALSE"): 4}
    by = compare(table(p), table(q), by="country", kind="counts")
    alone = compare(summed(p, 1), summed(q, 1), kind="counts")
    assert by.comparisons[0].measures == alone.comparisons[0].measures
    assert by.comparisons[0].measures["kl_pq"] == math.inf
    # In different segments they meet no other.
    p = {("s", "true"): 5, ("s", "false"): 7, ("t", "TRUE"): 3}
    q = {("s", "TRUE"): 6, ("s", "FALSE"): 4, ("t", "true"): 2}
    report = compare(table(p), table(q), by="country", kind="counts")
    assert report.splits[0].joint == pytest.approx(float(exact(
        {"st": 5, "sf": 7, "tt": 3}, {"st": 6, "sf": 4, "tt": 2}
    )), rel=1e-12)  # fmt: skip


def test_a_row_without_any_label_stays_beside_dates():
    p = {("2024-01-01", "a"): 3, (None, None): 4, ("2024-01-01", "b"): 2}
    q = {("2024-01-01 00:00:00", "a"): 5, (None, None): 1, ("2024-01-01 00:00:00", "b"): 6}
    report = compare(table(p), table(q), by="country", kind="counts")
    nothing = {(None, None): 4}
    alone = compare(
        pd.DataFrame(table(nothing)), table(q), by="country", kind="counts", total_row="keep"
    )
    assert alone.splits[0].joint == pytest.approx(math.log(12), rel=1e-12)
    plain = {"a": 5, "b": 6, "": 1}
    assert report.splits[0].joint == pytest.approx(
        float(exact({"a": 3, "b": 2, "": 4}, plain)), rel=1e-12
    )


class TestRefused:
    def refused(self, code, *sides, **options):
        with pytest.raises((InputError, UsageError)) as raised:
            compare(*sides, **options)
        assert raised.value.code == code
        return raised.value

    @pytest.mark.parametrize(
        "options",
        [
            {"smoothing": "laplace"},
            {"joint": ["country", "browser"]},
            {"label": "country"},
            {"kind": "samples"},
            {"kind": "logits"},
        ],
    )
    def test_what_has_no_rule(self, options):
        self.refused("usage", table(JULY), table(JUNE), by="country", **options)

    def test_several_others(self):
        error = self.refused("usage", *[table(JULY)] * 3, by="country")
        assert "two sides" in error.message

    def test_what_has_no_such_columns(self):
        self.refused("unknown-column", table(JULY), table(JUNE), by="nation")
        labelled = {"browser": ["x", "y"], "count": [3, 4]}
        self.refused("no-outcomes", labelled, labelled, by="browser")
        self.refused("no-columns", {"x": 1, "y": 2}, {"x": 1, "y": 3}, by="country")
        batch = [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
        self.refused("no-outcomes", batch, batch, by="x")

    @pytest.mark.parametrize("options", [{}, {"weight": "count"}])
    def test_the_weights_are_no_segments(self, options):
        sides = [{"country": ["a", "b"], "year": [1, 2], "count": [3, 4]}] * 2
        error = self.refused("usage", *sides, by="count", **options)
        assert "holds the weights" in error.message

    @pytest.mark.parametrize("part", [0, 1])
    def test_bins_with_other_edges(self, part):
        p, q = spelt(CELLS_P, part, ("(0, 1]", "(1, 2]")), spelt(CELLS_Q, part, ("(0, 1.5]", "x"))
        q = {tuple(label.replace("x", "(1.5, 2]") for label in own): n for own, n in q.items()}
        for options in ({"by": "country"}, {"joint": ["country", "browser"]}):
            error = self.refused("edges-differ", table(p), table(q), **options)
            assert "(0, 1.5]" in error.message

    def test_the_column_that_rows_are_chosen_by(self):
        sides = table(JULY), table(JUNE)
        for name, word in (("by", "country"), ("label", "country"), ("weight", "count")):
            where = f"{word}={'de' if word == 'country' else 400}"
            error = self.refused("usage", *sides, where=where, **{name: word})
            assert f"chosen by column '{word}'" in error.message
            assert error.hint == f"leave where or {name} out"

    def test_too_many_segments_and_numbers(self):
        p = {(f"s{i}", "a"): 1 for i in range(201)}
        error = self.refused("too-many-segments", table(p), table(p), by="country")
        assert error.hint == "max_segments=201 takes them all"  # as Python takes a number
        report = compare(table(p), table(p), by="country", max_segments=201)
        assert len(report.segments) == 201
        p = {(f"{i / 7}", outcome): 1 for i in range(60) for outcome in "ab"}
        self.refused("numeric-segments", table(p), table(p), by="country")
