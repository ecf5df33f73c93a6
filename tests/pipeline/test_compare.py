"""The pipeline from Python, without the command line: every number against its own truth."""

import io
import json
import math

import numpy as np
import pytest
from exact import kl
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import InputError, UsageError, compare, estimate

SAMPLES = "sample_data/"


def only(report):
    (comparison,) = report.comparisons
    return comparison


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch, root):
    monkeypatch.chdir(root)


@pytest.mark.parametrize(
    ("sources", "options", "kl_pq", "kl_qp"),
    [
        (("airlines_july.csv", "airlines_january.csv"), {}, 0.003046903711080301, math.inf),
        (("die_loaded.csv", "die_fair.csv"), {}, 0.006769212868378576, 0.006789981329807599),
        (("wolf_dice.csv",), {"weight": ("white", "red")},
         0.003166741768943598, 0.003107630266589956),
        (("letters_english.json", "letters_german.json"), {},
         0.1400529135324761, 0.1012603440558864),
        (("teacher_logits.npy", "student_logits.npy"), {"kind": "logits"},
         0.06706511444422183, 0.06681037873686995),
        (("teacher_logits.npy", "student_logits.npy"), {"kind": "logits", "temperature": 2},
         0.02097354520734038, 0.02229556880487973),
    ],
)  # fmt: skip
def test_the_samples_have_their_known_answers(sources, options, kl_pq, kl_qp):
    measures = only(compare(*(SAMPLES + name for name in sources), **options)).measures
    assert measures["kl_pq"] == pytest.approx(kl_pq, rel=2e-15)
    assert measures["kl_qp"] == pytest.approx(kl_qp, rel=2e-15)


def test_the_report_says_what_was_read():
    report = compare(SAMPLES + "airlines_july.csv", SAMPLES + "airlines_january.csv")
    assert (report.p.name, report.p.format, report.p.kind) == ("airlines_july", "csv", "counts")
    assert (report.p.outcomes, report.p.total, report.p.rows_read) == (15, 29425, 15)
    assert (report.q.outcomes, report.q.total, report.q.rows_used) == (16, 27004, 16)
    comparison = only(report)
    assert comparison.only_in_q == ("OO",)
    assert comparison.mass_only_in_q == pytest.approx(1 / 27004)
    assert comparison.only_in_p == ()
    assert comparison.contributions[0].outcome == "VX"
    (gone,) = [part for part in comparison.contributions if part.outcome == "OO"]
    assert (gone.kl_pq, gone.kl_qp, gone.part) == (0.0, math.inf, gone.q)
    assert len(comparison.contributions) == 10


NAMED = st.text(max_size=3).filter(str.strip)


@given(
    st.dictionaries(NAMED, st.integers(0, 1000), min_size=1),
    st.dictionaries(NAMED, st.integers(0, 1000), min_size=1),
)
def test_mappings_are_matched_by_label(p, q):
    for side in (p, q):
        if not any(side.values()):
            side["x"] = 1
    labels = sorted(p.keys() | q.keys())
    comparison = only(compare(p, q))
    a, b = [p.get(x, 0) for x in labels], [q.get(x, 0) for x in labels]
    assert comparison.measures["kl_pq"] == pytest.approx(kl(a, b), rel=2e-15, abs=0)
    assert comparison.measures["kl_qp"] == pytest.approx(kl(b, a), rel=2e-15, abs=0)
    assert set(comparison.only_in_p) == {x for x in labels if p.get(x) and not q.get(x)}
    assert set(comparison.only_in_q) == {x for x in labels if q.get(x) and not p.get(x)}
    mass = sum(p[x] for x in comparison.only_in_p) / sum(p.values())
    assert comparison.mass_only_in_p == pytest.approx(mass)


def test_contributions_add_up_and_come_largest_first():
    p, q = [5, 3, 2, 0, 7], [2, 2, 6, 0, 8]
    comparison = only(compare(p, q, kind="counts", top=99))
    parts = comparison.contributions
    assert [part.outcome for part in parts] == ["0", "2", "1", "4"]
    assert math.fsum(part.kl_pq for part in parts) == pytest.approx(kl(p, q), rel=1e-14)
    assert math.fsum(part.kl_qp for part in parts) == pytest.approx(kl(q, p), rel=1e-14)
    assert math.fsum(part.part for part in parts) == pytest.approx(kl(p, q), rel=1e-15)
    shares = [part.part for part in parts]
    assert shares == sorted(shares, reverse=True)
    assert only(compare(p, q, top=2)).contributions == parts[:2]
    assert only(compare(p, q, top=0)).contributions == ()


@pytest.mark.parametrize("name", ["kl", "kl_pq", "renyi:0.5", "tsallis:2"])
def test_measures_have_the_keys_that_were_asked(name):
    comparison = only(compare([1, 2], [2, 1], measures=[name, name]))
    assert list(comparison.measures) == list(comparison.error_bounds) == [name]


@pytest.mark.parametrize(
    ("base", "unit", "factor"),
    [("e", "nats", 1), (2, "bits", math.log(2)), ("10", "hartleys", math.log(10))],
)
def test_bases(base, unit, factor):
    report = compare([1, 2], [2, 1], base=base)
    assert report.unit == unit
    assert only(report).measures["kl_pq"] * factor == pytest.approx(kl([1, 2], [2, 1]), rel=1e-15)
    assert only(report).measures["tv"] == pytest.approx(1 / 3, rel=1e-15)


@pytest.mark.parametrize(
    ("smoothing", "p", "q"),
    [
        ("jeffreys", [11, 1, 5], [1, 7, 5]),
        ("laplace", [6, 1, 3], [1, 4, 3]),
        ("add:0.25", [21, 1, 9], [1, 13, 9]),
    ],
)
def test_smoothing_is_over_the_union_on_both_sides(smoothing, p, q):
    report = compare({"a": 5, "c": 2}, {"b": 3, "c": 2}, smoothing=smoothing)
    comparison = only(report)
    assert report.smoothing == smoothing
    assert comparison.measures["kl_pq"] == pytest.approx(kl(p, q), rel=2e-15)
    # What one side never had is still named.
    assert (comparison.only_in_p, comparison.only_in_q) == (("a",), ("b",))
    assert comparison.mass_only_in_p == pytest.approx(5 / 7)


def test_a_floor():
    comparison = only(compare([0.5, 0.5, 0.0], [0.25, 0.25, 0.5], smoothing="floor:0.01"))
    assert comparison.measures["kl_qp"] == pytest.approx(kl([25, 25, 50], [50, 50, 1]), rel=1e-14)


ROWS_P = np.array([[1.0, 2.0, 3.0], [3.0, 0.5, 1.0], [1.0, 1.0, 2.0]])
ROWS_Q = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 1.0], [1.0, 1.0, 2.0]])


@pytest.mark.parametrize(
    ("reduction", "reduce"),
    [
        ("batchmean", lambda rows: sum(rows) / 3),
        ("mean", lambda rows: sum(rows) / 9),
        ("sum", sum),
        ("none", tuple),
    ],
)
def test_batches_are_reduced_as_torch_does(reduction, reduce):
    rows = [kl(p, q) for p, q in zip(ROWS_P, ROWS_Q, strict=True)]
    report = compare(ROWS_P, ROWS_Q, reduction=reduction)
    comparison = only(report)
    assert comparison.measures["kl_pq"] == pytest.approx(reduce(rows), rel=1e-14)
    assert comparison.batch.rows == 3
    assert comparison.batch.measure == "kl_pq"
    assert comparison.batch.max == pytest.approx(max(rows), rel=1e-14)
    assert comparison.batch.median == pytest.approx(sorted(rows)[1], rel=1e-14)
    assert comparison.batch.min == 0
    says_so = [note for note in report.notes if note.code == "mean-over-elements"]
    assert bool(says_so) is (reduction == "mean")
    json.loads(report.to_json(), parse_constant=pytest.fail)


def test_one_distribution_meets_every_row():
    rows = [kl(p, ROWS_Q[0]) for p in ROWS_P]
    assert only(compare(ROWS_P, ROWS_Q[0], reduction="none")).measures["kl_pq"] == pytest.approx(
        tuple(rows), rel=1e-14
    )


def test_logits_agree_with_probabilities():
    p, q = np.log([[0.5, 0.25, 0.25]]), np.log([[0.25, 0.5, 0.25]])
    expected = kl([2, 1, 1], [1, 2, 1])
    assert only(compare(p + 7, q - 3, kind="logits")).measures["kl_pq"] == pytest.approx(expected)
    mixed = compare([[0.5, 0.25, 0.25]], q, kind=("probabilities", "log-probs"))
    assert only(mixed).measures["kl_pq"] == pytest.approx(expected)


# The estimate.

CURRENT, REFERENCE = [480, 310, 210], [500, 300, 200]


def test_counts_are_estimated_from():
    found = only(compare(CURRENT, REFERENCE)).estimate
    expected = estimate(CURRENT, REFERENCE)
    assert (found.kl, found.low, found.high) == (expected.kl, expected.low, expected.high)
    assert found.p_value == expected.p_value
    assert (found.n_p, found.n_q, found.reliable) == (1000, 1000, True)
    floats = only(compare([*map(float, CURRENT)], REFERENCE, kind="counts")).estimate
    assert repr(floats) == repr(found)
    back = only(compare(REFERENCE, CURRENT)).estimate
    assert back.kl_unclamped == estimate(REFERENCE, CURRENT).kl_unclamped != found.kl_unclamped


@pytest.mark.parametrize(("base", "unit"), [(2, math.log(2)), (10, math.log(10))])
def test_an_estimate_is_in_the_unit_of_the_report(base, unit):
    nats, found = (only(compare(CURRENT, [200, 300, 500], base=b)).estimate for b in ("e", base))
    assert found[:4] == pytest.approx([value / unit for value in nats[:4]], rel=1e-14)
    assert found[4:] == nats[4:]


def test_one_sample_against_known_probabilities():
    forth = only(compare(CURRENT, [0.5, 0.3, 0.2])).estimate
    assert (forth.n_p, forth.n_q) == (1000, math.inf)
    assert forth.kl == estimate(CURRENT, [0.5, 0.3, 0.2]).kl
    back = only(compare([0.5, 0.3, 0.2], CURRENT)).estimate
    assert (back.n_p, back.n_q) == (math.inf, 1000)
    assert back.p_value == forth.p_value
    impossible = only(compare(CURRENT, [0.5, 0.5, 0])).estimate
    assert impossible[:5] == (math.inf, math.inf, math.inf, math.inf, 0)


def test_an_outcome_that_the_reference_should_have_had_leaves_no_upper_limit():
    found = only(compare({"a": 900, "b": 100}, {"a": 1000})).estimate
    assert 0 < found.low < found.kl < math.inf == found.high
    # One row more or less is chance.
    assert only(compare({"a": 900, "b": 1}, {"a": 1000})).estimate.high < 0.1


def test_an_estimate_speaks_of_the_raw_counts():
    plain, smoothed = (
        only(compare(CURRENT, REFERENCE, smoothing=how)) for how in ("none", "add:50")
    )
    assert plain.measures["kl_pq"] != smoothed.measures["kl_pq"]
    assert plain.estimate == smoothed.estimate


@pytest.mark.parametrize(
    ("p", "q", "options"),
    [
        ([48.5, 31.5], [500, 300], {}),
        ([480, 310], [500, 300], {"kind": ("counts", "weights")}),
        ([480, 310], [500, 300], {"kind": ("logits", "counts")}),
        ([0.5, 0.5], [0.4, 0.6], {}),
        ([[480, 310], [5, 3]], [500, 300], {}),
        ([480, 310], [[500, 300]], {}),
        ([10**400, 310], [500, 300], {}),
        (CURRENT, REFERENCE, {"estimate": False}),
    ],
)
def test_no_sample_no_estimate(p, q, options):
    report = compare(p, q, **options)
    assert only(report).estimate is None
    assert not any(note.code == "unreliable-estimate" for note in report.notes)
    assert json.loads(report.to_json())["comparisons"][0]["estimate"] is None


@pytest.mark.parametrize(
    ("p", "q", "reliable"),
    [(CURRENT, REFERENCE, True), ([48, 51], REFERENCE[:2], False), ([1] * 500, [1] * 500, False)],
)
def test_an_unreliable_estimate_is_noted(p, q, reliable):
    report = compare(p, q)
    assert only(report).estimate.reliable is reliable
    assert ("unreliable-estimate" in [note.code for note in report.notes]) is not reliable
    assert ("not reliable" in str(report)) is not reliable
    compare({str(i): n for i, n in enumerate(p)}, dict(zip("01", q, strict=False)), strict=True)


def test_names_tell_the_sides_apart(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text("l,n\na,1\nb,2\n")
    p, q = tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"
    report = compare(p, q)
    assert (report.p.name, report.q.name) == ("a/x", "b/x")
    report = compare(p, p)
    assert (report.p.name, report.q.name) == ("p", "q")
    report = compare(p, q, names=("jan", None))
    assert (report.p.name, report.q.name) == ("jan", "x")


def test_integers_are_exact_at_any_size():
    p, q = [10**30 + 1, 10**30], [10**30, 10**30 + 1]
    report = compare(p, q)
    assert only(report).measures["kl_pq"] == pytest.approx(kl(p, q), rel=2e-15)
    assert report.p.total == 2 * 10**30 + 1


def frames():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    columns = {"outcome": ["a", "b", "c"], "count": [5, 3, 2]}
    return [
        pandas.DataFrame(columns),
        polars.DataFrame(columns),
        pyarrow.table(columns),
        pandas.Series([5, 3, 2], index=["a", "b", "c"]),
    ]


@pytest.mark.parametrize("which", range(4))
def test_data_frames(which):
    comparison = only(compare(frames()[which], {"c": 6, "a": 2, "b": 2}))
    assert comparison.measures["kl_pq"] == pytest.approx(kl([5, 3, 2], [2, 2, 6]), rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1, 2],), {}, "only one source"),
        (([1, 2], [1, 2, 3]), {}, "2 outcomes and .* has 3"),
        (([1, 2], {"a": 1}), {}, "has labels and"),
        (([1, 2], [1, 2]), {"measures": ["kll"]}, "did you mean"),
        (([1, 2], [1, 2]), {"base": 3}, "base of the logarithm"),
        (([1, 2], [1, 2]), {"smoothing": "add:x"}, "smoothing is"),
        (([0.5, 0.5], [1, 2]), {"smoothing": "laplace"}, "added to counts"),
        (([1.0, 2.0], [1, 2]), {"kind": "logits", "smoothing": "floor:0.1"}, "floor"),
        (([1, 2], [1, 2]), {"temperature": 2}, "temperature divides logits"),
        (([1, 2], [1, 2]), {"kind": ["counts"] * 3}, "given 3 times"),
        (([1, -2], [1, 2]), {}, "negative"),
        (([0, 0], [1, 2]), {}, "zero"),
        (("no_such_file.csv", [1]), {}, "no such file"),
        (("-", "-"), {}, "only one side can be standard input"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, options, message):
    with pytest.raises((InputError, UsageError), match=message) as caught:
        compare(*arguments, **options)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(("p", "q"), [("red", "red "), ("1", "1.0"), ("e\u0301", "é")])
def test_labels_that_only_seem_to_agree_are_noted(p, q):
    report = compare({p: 0.5, "x": 0.5}, {q: 0.5, "x": 0.5})
    assert only(report).only_in_p == (p,)
    (note,) = report.notes
    assert note.code == "near-duplicate-labels"
    assert compare({p: 0.5, "x": 0.5}, {p: 0.5, "x": 0.5}).notes == ()


def test_strict_refuses_repairs():
    p, q = {"a": 1.5, "b": 2.0}, {"a": 0.5, "b": 0.5}
    assert [note.code for note in compare(p, q).notes] == ["normalised"]
    with pytest.raises(InputError, match="--strict"):
        compare(p, q, strict=True)
    compare({"a": 5, "b": 2}, q, strict=True)


def test_a_report_shows_itself():
    report = compare({"<b>": 1, "x": 2}, {"<b>": 2, "x": 1})
    assert report.to_json() == report.render("json")
    assert report.to_dict() == json.loads(report.to_json())
    assert str(report) == report.render()
    assert "&lt;b&gt;" in report._repr_html_()
    assert report._repr_svg_() == report.render("svg")
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(report)


def test_the_same_input_gives_the_same_bytes():
    def text():
        return compare(SAMPLES + "airlines_july.csv", SAMPLES + "airlines_january.csv").to_json()

    assert text() == text()


def test_no_digit_of_a_labelled_measure_hangs_on_the_order_of_rows():
    random = np.random.default_rng(11)
    labels = [f"outcome {i}" for i in range(50)]
    for _ in range(20):
        p, q = random.poisson(30, (2, 50)).tolist()
        first = compare(dict(zip(labels, p, strict=True)), dict(zip(labels, q, strict=True)))
        order = random.permutation(50).tolist()
        p_shuffled = {labels[i]: p[i] for i in order}
        q_shuffled = {labels[i]: q[i] for i in reversed(order)}
        again, back = compare(p_shuffled, q_shuffled), compare(q_shuffled, p_shuffled)
        assert first.comparisons[0].measures == again.comparisons[0].measures
        for name in ("jeffreys", "psi", "js", "js_distance", "tv", "hellinger", "bhattacharyya"):
            assert first.comparisons[0].measures[name] == back.comparisons[0].measures[name]


@pytest.mark.parametrize(
    ("files", "names", "expected"),
    [
        (("p.csv", "q.csv"), ("q", None), ("q", "q.csv")),
        (("p.csv", "q.csv"), (None, "p"), ("p.csv", "p")),
        (("a/q.csv", "q"), ("q", None), ("q", "p")),
        (("p.csv", "p.csv"), (None, None), ("p", "q")),
        (("p.csv", "p.csv"), ("p", None), ("p", "p.csv")),
        (("p.csv", "q.csv"), ("x", None), ("x", "q")),
    ],
)
def test_no_two_sides_have_one_name(files, names, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    for path in ("p.csv", "q.csv", "a/q.csv", "q"):
        (tmp_path / path).write_text("label,weight\nheads,3\ntails,5\n")
    report = compare(*files, names=names, input_format="csv")
    assert (report.p.name, report.q.name) == expected


def test_raw_rows_of_other_intervals_are_called_by_the_names_of_their_sides():
    p = {"k": ["(0, 1]", "(1, 2]", "(2, 3]"]}
    q = {"k": ["(0, 1.5]", "(1.5, 3]", "(0, 1.5]"]}
    with pytest.raises(InputError) as failed:
        compare(p, q, kind="samples", names=("july", "june"))
    assert failed.value.code == "edges-differ"
    assert "july has the bin (0, 1], and june (0, 1.5]" in failed.value.message


def counts(**of):
    return "outcome,count\n" + "".join(f"{label},{count}\n" for label, count in of.items())


@pytest.fixture
def several(table, tmp_path, monkeypatch):
    """A table of counts, and two others of one name in two folders."""
    monkeypatch.chdir(tmp_path)
    for folder in ("may", "june"):
        (tmp_path / folder).mkdir()
    table("base.csv", counts(a=5, b=3, c=2))
    table("may/shop.csv", counts(a=4, b=4, c=2))
    table("june/shop.csv", counts(c=1, a=8, d=1))
    return ["base.csv", "may/shop.csv", "june/shop.csv"]


def test_one_table_is_compared_with_each_of_several(kldiv, several):
    ran = kldiv("compare", *several, "-f", "json")
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["q"] is None
    assert document["p"]["name"] == "base"
    assert [side["name"] for side in document["others"]] == ["may/shop", "june/shop"]
    assert [each["q"] for each in document["comparisons"]] == ["may/shop", "june/shop"]
    for other, found in zip(several[1:], document["comparisons"], strict=True):
        alone = json.loads(kldiv("compare", several[0], other, "-f", "json").out)
        (wanted,) = alone["comparisons"]
        assert (alone["others"], alone["q"]["name"], wanted["q"]) == ([], "shop", None)
        assert found | {"q": None} == wanted | {"q": None}


def test_bare_numbers_of_several_stand_behind_their_names(kldiv, several):
    ran = kldiv("compare", *several, "-q", "-m", "tv")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == ["may/shop", "june/shop"]
    assert [float(line.split("\t")[1]) for line in ran.out.splitlines()] == pytest.approx(
        [0.1, 0.4]
    )
    ran = kldiv("compare", *several, "-q", "-m", "tv", "-m", "kl_pq")
    assert [line.split("\t")[:2] for line in ran.out.splitlines()] == [
        [name, measure] for name in ("may/shop", "june/shop") for measure in ("tv", "kl_pq")
    ]


def test_one_of_several_that_is_above_a_limit_fails(kldiv, several):
    for limit, failed in ((0.5, []), (0.2, ["june/shop"]), (0.05, ["may/shop", "june/shop"])):
        ran = kldiv(
            "compare", *several, "--fail-above", f"tv={limit}", "-f", "json", "-m", "kl_pq"
        )
        found = json.loads(ran.out)["failed"]
        assert [each["q"] for each in found] == failed
        assert ran.code == (1 if failed else 0)
    assert kldiv("compare", *several, "--fail-above", "tv=0.2", "--exit-zero").code == 0


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["base.csv", "june/shop.csv", "june/shop.csv"], ["base", "q1", "q2"]),
        (["base.csv", "base.csv", "june/shop.csv"], ["p", "q1", "shop"]),
        (["base.csv", "x=june/shop.csv", "june/shop.csv"], ["base", "x", "shop"]),
        (["base.csv", "shop=june/shop.csv", "may/shop.csv"], ["base", "shop", "may/shop"]),
        (["now=base.csv", "a=base.csv", "b=base.csv"], ["now", "a", "b"]),
        (["q2=base.csv", "june/shop.csv", "june/shop.csv"], ["q2", "q1", "(q2)"]),
        (["base.csv", "-", "may/shop.csv"], ["base", "stdin", "shop"]),
    ],
    ids=str,
)
def test_several_sides_have_names_that_tell_them_apart(kldiv, several, monkeypatch, words, names):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(counts(a=1, b=1).encode())))
    document = json.loads(kldiv("compare", *words, "-f", "json").out)
    assert [side["name"] for side in (document["p"], *document["others"])] == names
    assert [each["q"] for each in document["comparisons"]] == names[1:]


def test_pipes_have_plain_names_and_p_is_read_once(shell, several):
    cat = [f"<(cat {path})" for path in several]
    ran = shell(f"kldiv compare {' '.join(cat)} -q -m tv", cwd=".")
    assert ran.out.split() == ["q1", "0.1", "q2", "0.4"], ran.err
    ran = shell(f"cat {several[0]} | kldiv compare - {several[1]} {several[2]} -q -m tv", cwd=".")
    assert ran.out.split() == ["may/shop", "0.1", "june/shop", "0.4"], ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["base.csv", "-", "-"], "only one input can be standard input"),
        (["base.csv", "may/shop.csv", "-", "--targets", "-"], "only one input can be standard"),
        (["base.csv", "may/shop.csv", "june/shop.csv", "--as", "samples"], "one other side"),
        (["base.csv", "a=may/shop.csv", "a=june/shop.csv"], "two sides are called 'a'"),
        (["a=base.csv", "may/shop.csv", "a=june/shop.csv"], "two sides are called 'a'"),
    ],
    ids=str,
)
def test_several_sides_that_cannot_be_compared(kldiv, several, words, message):
    ran = kldiv("compare", *words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_several_sides_in_memory():
    p, *others = {"a": 5, "b": 5}, {"a": 4, "b": 6}, {"b": 9, "c": 1}
    report = compare(p, *others, measures="tv")
    assert [report.p.name, *(each.q for each in report.comparisons)] == ["p", "q1", "q2"]
    report = compare(p, *others, measures="tv", names=("base", None, "small"))
    assert [report.p.name, *(side.name for side in report.others)] == ["base", "mapping", "small"]
    assert [each.measures["tv"] for each in report.comparisons] == pytest.approx([0.1, 0.5])
    with pytest.raises(UsageError, match="there are 3 sides and 2 names"):
        compare(p, *others, names=("a", "b"))
