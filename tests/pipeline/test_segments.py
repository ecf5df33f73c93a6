"""``check --by``: each column in each segment, judged together, and split by the chain rule."""

import csv
import io
import json
import math
import random
from xml.etree import ElementTree

import jsonschema
import mpmath
import numpy as np
import pytest

from kldiv_cli import InputError, UsageError, check, compare
from kldiv_cli.core.inference.verdict import benjamini_hochberg

SIZES = {"a": 400, "b": 300, "c": 150, "d": 60}


def rows(seed, moved=(), sizes=SIZES, drop=()):
    """Return rows: a colour that is redder in some segments, a number, and the segment."""
    draw = random.Random(seed)
    found = []
    for name, size in sizes.items():
        for _ in range(0 if name in drop else size):
            colour = draw.choices("rgb", (12 if name in moved else 2, 2, 1))[0]
            found.append({"colour": colour, "size": round(draw.gauss(0, 1), 3), "group": name})
    draw.shuffle(found)
    return found


def only(side, name):
    return [row for row in side if row["group"] == name]


@pytest.fixture(scope="module")
def sides():
    return rows(1), rows(2, moved="b")


@pytest.fixture(scope="module")
def report(sides):
    return check(*sides, by="group")


def found(report, column, segment):
    (one,) = [x for x in report.segments if (x.column, x.segment) == (column, segment)]
    return one


def names(*sides):
    return {one.segment for one in check(*sides, by="by").segments}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["NA", "ZA", ""], {"NA", "ZA", "(missing)"}),
        (["nan", "null", "02"], {"nan", "null", "02"}),
        (["NA", "1", "2"], {"(missing)", "1", "2"}),
        (["None", "true", "false"], {"(missing)", "true", "false"}),
        (["NA", "2024-01-05"], {"(missing)", "2024-01-05"}),
    ],
)
def test_words_for_missing_values_among_labels_are_labels(table, labels, expected):
    """As in a column of labels; `NA` is a country, and no part of the missing ones."""
    some = [{"by": labels[i % len(labels)], "x": "ab"[i % 5 % 2]} for i in range(900)]
    text = "by,x\n" + "".join(f"{row['by']},{row['x']}\n" for row in some)
    typed, path = table("p.json", json.dumps(some)), table("p.csv", text)
    for sides in ((path, path), (typed, typed), (path, typed)):
        assert names(*sides) == expected
    assert "NA" not in {
        one.segment for one in check(path, typed, by="by", na=["NA"]).segments
    }  # fmt: skip


def test_a_word_that_only_one_side_takes_for_a_segment_is_noted(table):
    """A side that has no other segment does not tell whether these are labels."""
    labels = table("p.csv", "by,x\n" + "NA,a\nZA,b\n,a\n" * 300)
    alone = table("q.csv", "by,x\n" + "NA,a\n" * 300)
    for sides in ((labels, alone), (alone, labels)):
        notes = [one for one in check(*sides, by="by").notes if "segments of one" in one.message]
        assert [one.code for one in notes] == ["missing-words-as-labels"]
        assert "NA" in notes[0].message
    for sides in ((labels, labels), (alone, alone)):
        assert all("segments of one" not in one.message for one in check(*sides, by="by").notes)
    assert all(
        "segments of one" not in one.message
        for one in check(labels, alone, by="by", na=["NA"]).notes
    )


def test_drift_in_a_segment_called_as_a_word_for_missing_values(table):
    draw = random.Random(4)
    sides = []
    for name, more in (("p.csv", ""), ("q.csv", "cc")):
        lines = ["by,x\n"]
        for _ in range(3000):
            by = draw.choice(["NA", "ZA", ""])
            lines.append(f"{by},{draw.choice('abc' + (more if by == 'NA' else ''))}\n")
        sides.append(table(name, "".join(lines)))
    report = check(*sides, by="by")
    verdicts = {one.segment: one.verdict for one in report.segments}
    assert verdicts == {"NA": "drift", "ZA": "pass", "(missing)": "pass"}


def test_empty_text_is_no_value_whoever_wrote_it(table):
    some = [{"by": ("", "u", None)[i % 3], "x": "ab"[i % 5 % 2]} for i in range(900)]
    text = "by,x\n" + "".join(f"{row['by'] or ''},{row['x']}\n" for row in some)
    path = table("p.csv", text)
    for other in (table("p.json", json.dumps(some)), some):
        assert names(path, other) == {"u", "(missing)"}
        joint = check(path, other, joint=["by", "x"]).columns[0]
        assert (joint.measures["kl_pq"], joint.new_outcomes) == (0.0, ())
        with pytest.raises(InputError, match="has no cluster"):
            check(other, other, cluster="by")


def test_a_segment_is_judged_as_its_rows_alone_but_for_the_correction(report, sides):
    for name in "abc":
        alone = check(*(only(side, name) for side in sides), exclude="group").columns["colour"]
        one = found(report, "colour", name)
        for key in ("value", "value_unclamped", "low", "high", "p_value", "p_drift", "p_pass"):
            assert getattr(one, key) == pytest.approx(getattr(alone, key), rel=1e-12), key
        assert (one.n_reference, one.n_current) == (SIZES[name], SIZES[name])
    assert found(report, "colour", "b").verdict == "drift"
    assert report.verdict == "drift"


def test_one_correction_goes_over_all_columns_and_segments(report):
    every = [*report.columns, *report.segments]
    tested = [one for one in every if one.p_drift is not None]
    assert len(tested) == 2 + 2 * 3
    adjusted = benjamini_hochberg([one.p_drift for one in tested])
    assert [one.p_drift_adjusted for one in tested] == pytest.approx(adjusted)


def test_a_small_segment_is_listed_and_not_tested(report):
    one = found(report, "colour", "d")
    assert (one.verdict, one.reason.code) == ("inconclusive", "too-few-rows")
    assert one.value == one.low == one.high == one.threshold == "error"
    assert one.p_drift is one.p_value is None
    assert one.n_reference == one.n_current == 60
    assert 0 < one.part < math.inf


def test_the_split_is_the_chain_rule(report, sides):
    def divergence(keys):
        counts = [{}, {}]
        for side, count in zip(sides, counts, strict=True):
            for row in side:
                key = tuple(row[name] for name in keys)
                count[key] = count.get(key, 0) + 1
        q, p = counts
        total_p, total_q = sum(p.values()), sum(q.values())
        return mpmath.fsum(
            mpmath.mpf(n) / total_p * mpmath.log(mpmath.mpf(n) * total_q / (total_p * q[key]))
            for key, n in p.items()
        )

    (split,) = [each for each in report.splits if each.column == "colour"]
    assert split.joint == pytest.approx(float(divergence(("group", "colour"))), rel=1e-12)
    assert split.mix == pytest.approx(float(divergence(("group",))), rel=1e-12, abs=1e-15)
    assert split.joint == pytest.approx(split.mix + split.within, rel=1e-12)
    parts = [one.part for one in report.segments if one.column == "colour"]
    assert math.fsum(parts) == pytest.approx(split.within, rel=1e-12)
    for one in report.segments:
        assert one.share_current == pytest.approx(SIZES[one.segment] / sum(SIZES.values()))


def test_segments_that_a_side_lacks():
    report = check(rows(1, drop="a"), rows(2, drop="b"), by="group")
    new, gone = found(report, "colour", "a"), found(report, "colour", "b")
    assert (new.reason.code, new.part, new.share_reference) == ("segment-new", math.inf, 0.0)
    assert (gone.reason.code, gone.part, gone.share_current) == ("segment-gone", 0.0, 0.0)
    assert {new.verdict, gone.verdict} == {"inconclusive"}
    assert report.splits[0].mix == math.inf
    assert report.verdict == report.columns["colour"].verdict


def test_rows_without_a_segment_are_one():
    side = [*rows(1), *({"colour": "r", "size": 0.5, "group": None} for _ in range(120))]
    report = check(side, side, by="group")
    assert {one.segment for one in report.segments} == {*"abcd", "(missing)"}
    assert found(report, "colour", "(missing)").n_current == 120


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        (["True", "False"], ["true", "false"]),
        (["True", "False"], ["t", "f"]),
        (["2024-01-01", "2024-02-01"], ["2024-01-01 00:00:00", "2024-02-01 00:00:00"]),
        (["1.0", "2.0"], ["1", "2"]),
    ],
)
def test_a_segment_may_be_spelt_in_two_ways(reference, current):
    first, second = (
        {"part": [*names, None] * 150, "outcome": [*"xyzxxy"] * 75}
        for names in (reference, current)
    )
    report = check(first, second, by="part")
    assert [(one.n_reference, one.n_current) for one in report.segments] == [(150, 150)] * 3
    assert report.splits[0].joint == 0


def test_two_spellings_on_one_side_are_one_segment():
    first = {"part": ["True", "true", "False"] * 100, "outcome": [*"xyz"] * 100}
    second = {"part": ["T", "F", "T"] * 100, "outcome": [*"xzy"] * 100}
    report = check(first, second, by="part")
    sizes = {one.segment: (one.n_reference, one.n_current) for one in report.segments}
    assert sizes == {"true": (200, 200), "false": (100, 100)}
    assert report.splits[0].joint == 0


def test_names_of_segments_that_both_sides_share_stay_as_they_are():
    first, second = (
        {"part": [*names] * 100, "outcome": [*"xy"] * 100} for names in (["t", "f"], ["t", "t"])
    )
    assert {one.segment for one in check(first, second, by="part").segments} == {"t", "f"}


def test_an_engine_for_many_rows_finds_the_same(tmp_path, sides, monkeypatch):
    pytest.importorskip("duckdb")
    paths = []
    for name, side in zip(("p.csv", "q.csv"), sides, strict=True):
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, side[0])
            writer.writeheader()
            writer.writerows(side)
        paths.append(str(tmp_path / name))
    here = check(*paths, by="group").to_dict()
    monkeypatch.setattr("kldiv_cli.engines.is_large", lambda table: True)
    there = check(*paths, by="group").to_dict()
    assert there["segments"] == here["segments"]
    assert there["splits"] == here["splits"]


def test_every_format_has_the_segments(report, root):
    schema = json.loads((root / "kldiv_cli/renderers/schemas/check-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(report.to_dict())
    for format in ("text", "markdown", "html", "github"):
        text = report.render(format)
        assert "colour in b" in text
    assert "::error title=kldiv%3A drift::segments that drift: colour in b" in report.render(
        "github"
    )
    table = list(csv.DictReader(io.StringIO(report.render("csv"))))
    of_segments = [row for row in table if row["segment"]]
    assert len(of_segments) == 8
    assert of_segments[0]["verdict"] == "drift"
    assert float(of_segments[0]["part"]) == found(report, "colour", "b").part
    suite = ElementTree.fromstring(report.render("junit")).find("testsuite")
    cases = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert cases["colour [b]"] == ["failure"]
    assert cases["colour [d]"] == ["skipped"]
    assert int(suite.get("tests")) == len(cases) == 10
    assert int(suite.get("failures")) == sum(tags == ["failure"] for tags in cases.values())


def test_the_worst_segments_are_shown_and_the_others_counted():
    sizes = {f"s{place}": 100 for place in range(12)}
    report = check(rows(1, sizes=sizes), rows(2, sizes=sizes), by="group")
    assert "and 14 more:" in report.render("text")


def refused(code, *sides, **options):
    with pytest.raises((InputError, UsageError)) as caught:
        check(*sides, **options)
    assert caught.value.code == code
    return caught.value.message


def test_what_has_no_segments_is_refused(sides, tmp_path, kldiv):
    assert "nothing" in refused("unknown-column", *sides, by="nothing")
    assert "makes the segments" in refused("usage", *sides, by="group", column="group")
    assert "raw rows" in refused("usage", {"a": 5}, {"a": 6}, by="x", kind="counts")
    assert "4 segments" in refused("too-many-segments", *sides, by="group", max_segments=3)
    assert "numbers" in refused("numeric-segments", *sides, by="size")
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(sides[0]))
    assert kldiv("profile", str(path), "-o", str(tmp_path / "old.json")).code == 0
    assert "profile" in refused("is-a-profile", str(tmp_path / "old.json"), sides[1], by="group")
    assert refused("usage", [[1.0, 2.0]], [[1.0, 3.0]], by="x", kind="logits")


def test_a_limit_from_past_windows_is_for_whole_columns(sides):
    history = {"windows": 9, "rows": [900, 920], "kl": {"colour": 5.0}}
    report = check(*sides, by="group", history=history)
    assert report.columns["colour"].reason.code == "within-history"
    one = found(report, "colour", "b")
    assert (one.verdict, one.threshold) == ("drift", 0.05)


def test_segments_that_nearly_agree_are_told_of():
    draw = np.random.default_rng(3)
    sides = [
        {
            "price": np.array(names)[draw.integers(0, 3, 900)].tolist(),
            "x": draw.integers(0, 3, 900),
        }
        for names in (["1.1", "2", "Oslo"], ["1.10", "2.0", "Oslo"])
    ]
    report = check(*sides, by="price")
    (note,) = [each for each in report.notes if each.code == "near-duplicate-labels"]
    said = "segments that nearly agree are kept apart: '1.1' and '1.10', '2' and '2.0'"
    assert note.message == said
    same = check(sides[0], sides[0], by="price")
    assert "near-duplicate-labels" not in [each.code for each in same.notes]


def test_a_number_of_segments_without_segments_is_refused():
    side = {"x": ["a", "b"] * 60, "land": ["u", "v"] * 60}
    counts = {"a": 3, "b": 4}
    for judge, one in ((check, side), (compare, counts)):
        with pytest.raises(UsageError, match="max_segments is for segments, which 'by' makes"):
            judge(one, one, max_segments=9)
    assert check(side, side, by="land", max_segments=2).verdict == "pass"
