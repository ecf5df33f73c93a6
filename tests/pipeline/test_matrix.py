"""A matrix has in each cell what a comparison of that pair has, and says what is wrong once."""

import json
import math
import os
from collections import Counter
from fractions import Fraction
from importlib.resources import files
from itertools import product

import jsonschema
import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kldiv_cli import InputError, UsageError, compare, matrix, progress
from kldiv_cli.core import pairwise
from kldiv_cli.core.measures import DEFAULT_MEASURES

LABELS = ["a", "b", "c", "d", "e", "7", "07"]
WEIGHTS = st.one_of(
    st.integers(0, 4),
    st.integers(0, 10**6),
    st.floats(0, 100).filter(lambda x: x == 0 or x > 1e-9),
)
ASKED = st.lists(
    st.sampled_from([*DEFAULT_MEASURES, "renyi:0.3", "renyi:2", "tsallis:0.5"]),
    min_size=1,
    max_size=2,
    unique=True,
)


def positive(side):
    values = side.values() if isinstance(side, dict) else np.ravel(side)
    return any(value > 0 for value in values)


def bits(value):
    return np.float64(value).tobytes()


def check_cells(sides, measures, **options):
    """Compare every cell with the comparison of its pair, to the last bit."""
    report = matrix(sides, measures=measures, **options)
    for (i, p), (j, q) in product(enumerate(sides), repeat=2):
        pair = {} if i != j else {"names": ("p", "q")}
        found = compare(p, q, measures=measures, estimate=False, **options, **pair)
        for name, value in found.comparisons[0].measures.items():
            assert bits(report.measures[name][i][j]) == bits(value), (name, i, j)
    return report


@settings(max_examples=15)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(LABELS), WEIGHTS, min_size=1).filter(positive),
        min_size=2,
        max_size=4,
    ),
    ASKED,
)
def test_cells_of_labelled_sides_are_comparisons(sides, measures):
    check_cells(sides, measures)


@settings(max_examples=15)
@given(
    st.lists(st.permutations(range(5)), min_size=2, max_size=3),
    st.lists(st.integers(0, 3), min_size=5, max_size=5).filter(any),
    ASKED,
)
def test_cells_of_sides_that_only_their_labels_tell_apart_are_comparisons(
    orders, counts, measures
):
    sides = [{LABELS[at]: counts[place] for place, at in enumerate(order)} for order in orders]
    check_cells(sides, measures)


@settings(max_examples=15)
@given(
    st.lists(
        st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any), min_size=2, max_size=3
    ),
    st.sampled_from(["none", "jeffreys", "laplace", "add:0.1", "add:3", "floor:1e-3"]),
    st.sampled_from(["e", "2", "10"]),
    ASKED,
)
def test_cells_of_smoothed_counts_are_comparisons(rows, smoothing, base, measures):
    # Some sides lack an outcome that others name.
    sides = [
        {label: count for label, count in zip(LABELS, row, strict=False) if count != 1}
        for row in rows
    ]
    assume(all(map(positive, sides)))
    check_cells(sides, measures, kind="counts", smoothing=smoothing, base=base)


@settings(max_examples=15)
@given(
    st.lists(st.lists(st.floats(-20, 20), min_size=3, max_size=3), min_size=2, max_size=4),
    st.sampled_from([1, 0.5, 3]),
    ASKED,
)
def test_cells_of_logits_are_comparisons(rows, temperature, measures):
    sides = [np.array(row) for row in rows]
    check_cells(sides, measures, kind="logits", temperature=temperature)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.float32])
@pytest.mark.parametrize("outcomes", [70, 1000])
def test_cells_of_many_outcomes_are_comparisons(labelled, dtype, outcomes):
    random = np.random.default_rng(outcomes)
    rows = random.poisson(3, (9, outcomes)).astype(dtype) * (0.25 if dtype != np.int64 else 1)
    rows = rows.astype(dtype)
    if labelled:
        labels = [f"x{i}" for i in range(outcomes)]
        kept = random.random(rows.shape) < 0.999
        sides = [
            {
                label: value.item()
                for label, value, has in zip(labels, row, own, strict=True)
                if has
            }
            for row, own in zip(rows, kept, strict=True)
        ]
    else:
        sides = list(rows)
    check_cells(sides, ["kl_pq", "js", "chi2_pq"])


SPELT = [
    {"true": 3, "false": 1},
    {"TRUE": 2, "FALSE": 5},
    {"t": 1, "f": 4},
    {"t": 1},
    {"f": 2, "T": 1},
    {"yes": 1, "no": 2, "maybe": 3},
    {"2024-01-05": 1, "2024-01-06": 3},
    {"2024-01-05T00:00:00": 2, "2024-01-06T00:00:00": 2},
    {"(missing)": 2, "true": 1},
    {"": 2, "true": 1},
]


@settings(max_examples=20)
@given(st.lists(st.sampled_from(SPELT), min_size=2, max_size=4))
def test_outcomes_of_each_pair_are_matched_as_those_of_a_comparison(sides):
    # Which sides are booleans, or dates, is decided pair by pair.
    check_cells(sides, ["kl_pq", "tv"])


def test_bins_are_matched_by_their_edges():
    sides = [
        {"[0, 1)": 3, "[1, 2)": 1, "[2, 3)": 5},
        {"[1, 2)": 2, "[0, 1)": 4, "[2, 3)": 1},
        {"0-1": 1, "1-2": 1, "2-3": 2},
        {"[2.0, 3.0)": 2, "[0.0, 1.0)": 4, "[1.0, 2.0)": 1},
    ]
    for some in ([0, 1], [0, 1, 3], [3, 0, 1]):
        report = check_cells([sides[i] for i in some], ["kl_pq", "js"])
        if len(some) == 2:
            assert report.all.js == pytest.approx(report.measures["js"][0][1], rel=1e-15)
        assert math.isfinite(report.measures["kl_pq"][0][1])


def exact_kl(p, q):
    """D(P || Q) of two mappings of integers, by fractions and 50 digits."""
    totals = [Fraction(sum(side.values())) for side in (p, q)]
    with mpmath.workdps(50):
        result = mpmath.mpf(0)
        for label in p.keys() | q.keys():
            a, b = (Fraction(x.get(label, 0)) / t for x, t in zip((p, q), totals, strict=True))
            if a and not b:
                return math.inf
            if a:
                ratio = mpmath.mpf((a / b).numerator) / mpmath.mpf((a / b).denominator)
                share = mpmath.mpf(a.numerator) / mpmath.mpf(a.denominator)
                result += share * mpmath.log(ratio)
        return float(result)


def exact_js_of_all(sides):
    """H(M) - sum H(P_i) / n, by fractions and 50 digits."""
    labels = {label for side in sides for label in side}
    shares = [
        {
            label: Fraction(side.get(label, 0)) / sum(map(Fraction, side.values()))
            for label in labels
        }
        for side in sides
    ]
    mixture = {label: sum(share[label] for share in shares) / len(sides) for label in labels}

    def entropy(share):
        numbers = [
            mpmath.mpf(x.numerator) / mpmath.mpf(x.denominator) for x in share.values() if x
        ]
        return -mpmath.fsum(x * mpmath.log(x) for x in numbers)

    with mpmath.workdps(60):
        return float(entropy(mixture) - mpmath.fsum(map(entropy, shares)) / len(sides))


COUNTS = st.dictionaries(st.sampled_from(LABELS), st.integers(0, 1000), min_size=1).filter(
    positive
)


@settings(max_examples=20)
@given(st.lists(COUNTS, min_size=2, max_size=6))
def test_cells_and_the_divergence_of_all_are_the_true_ones(sides):
    report = matrix(sides)
    for (i, p), (j, q) in product(enumerate(sides), repeat=2):
        value = report.measures["kl_pq"][i][j]
        assert value == pytest.approx(exact_kl(p, q), rel=1e-14, abs=0)
    assert [row[i] for i, row in enumerate(report.measures["kl_pq"])] == [0.0] * len(sides)
    assert report.all.js == pytest.approx(exact_js_of_all(sides), rel=1e-14, abs=1e-50)


def test_an_unlike_pair_is_infinite_one_way_and_not_the_other():
    report = matrix([{"a": 1, "b": 1}, {"a": 1}])
    assert report.measures["kl_pq"] == ((0.0, math.inf), (math.log(2), 0.0))
    document = json.loads(report.to_json())
    assert document["measures"]["kl_pq"] == [[0.0, "Infinity"], [math.log(2), 0.0]]


def test_symmetric_measures_are_symmetric_and_distributions_of_one_kind_meet_others():
    sides = [{"a": 3, "b": 1}, {"a": 0.25, "b": 0.75}, {"b": 2.5, "a": 7.5}]
    report = check_cells(sides, ["js", "hellinger", "kl_pq"])
    for name in ("js", "hellinger"):
        rows = np.array(report.measures[name])
        assert np.array_equal(rows, rows.T)
    assert [side.kind for side in report.sides] == ["counts", "probabilities", "weights"]
    assert report.measures["kl_pq"][0][2] == 0.0


def test_entropies_have_a_diagonal():
    report = check_cells([{"a": 1, "b": 3}, {"a": 1, "b": 1}], ["entropy_p", "cross_entropy_pq"])
    assert report.measures["entropy_p"][1] == (math.log(2), math.log(2))
    rows = report.measures["cross_entropy_pq"]
    assert rows[0][0] == pytest.approx(report.measures["entropy_p"][0][0])


def test_weights_that_no_double_holds_are_measured_as_they_are():
    big = 2**70
    sides = [
        {"a": big, "b": big + 2**20},
        {"a": big, "b": big},
        {"a": 1, "b": 1},
        {"b": 5, "a": 1},
    ]
    check_cells(sides, ["kl_pq", "js"])
    check_cells([{"a": 2**60, "b": 2**60 + 1}, {"a": 1, "b": 2}], ["kl_pq"], smoothing="jeffreys")


def test_threads_and_the_size_of_batches_change_no_bit(monkeypatch):
    random = np.random.default_rng(3)
    sides = [
        {f"x{i}": int(n) for i, n in enumerate(random.poisson(4, 300)) if n} for _ in range(40)
    ]
    expected = matrix(sides, threads=1, measures=["kl_pq", "js"]).measures
    monkeypatch.setattr(pairwise, "BATCH", 1 << 12)
    assert matrix(sides, threads=4, measures=["kl_pq", "js"]).measures == expected
    monkeypatch.setattr(pairwise, "MOST_RANKS", 0)
    assert matrix(sides[:6], measures=["kl_pq", "js"]).measures == {
        name: tuple(row[:6] for row in rows[:6]) for name, rows in expected.items()
    }


def test_names_of_sides_are_those_given_or_tell_them_apart(table, tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
    paths = [table("a/x.csv", "k,n\nu,1\nv,2\n"), table("b/x.csv", "k,n\nu,2\nv,1\n")]
    assert [side.name for side in matrix([*paths, paths[0]]).sides] == ["1", "b/x", "3"]
    assert [side.name for side in matrix(paths).sides] == ["a/x", "b/x"]
    named = matrix({"one": paths[0], "two": {"u": 1, "v": 1}})
    assert [side.name for side in named.sides] == ["one", "two"]
    assert [side.name for side in matrix([[1, 2], [2, 1]]).sides] == ["1", "2"]
    assert [side.name for side in matrix(paths, names=[None, "last"]).sides] == ["x", "last"]


def test_each_file_is_read_once(table, monkeypatch):
    paths = [table(f"{name}.csv", f"k,n\nu,{n}\nv,2\n") for n, name in enumerate("abcd", 1)]
    opened = Counter()
    real = os.open

    def counted(path, *rest, **more):
        opened[str(path)] += 1
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", counted)
    monkeypatch.setattr("io.open", _counting(opened, open))
    monkeypatch.setattr("builtins.open", _counting(opened, open))
    matrix(paths)
    assert [opened[str(path)] for path in paths] == [1, 1, 1, 1]


def _counting(opened, real):
    def call(path, *rest, **more):
        opened[str(path)] += 1
        return real(path, *rest, **more)

    return call


def test_progress_counts_pairs(monkeypatch):
    steps = []

    class Listener:
        def step(self, source, done, total, unit):
            if unit == "pairs":
                steps.append((done, total))

    monkeypatch.setattr(progress, "listener", Listener())
    matrix([{"a": 1, "b": n} for n in range(1, 6)])
    assert steps[-1] == (10, 10)
    assert steps == sorted(steps)


def test_labels_that_nearly_agree_are_noted_once():
    sides = [{"Red": 1, "blue": 1}, {"red": 1, "blue": 2}, {"RED ": 1, "blue": 3}]
    notes = [note for note in matrix(sides).notes if note.code == "near-duplicate-labels"]
    assert len(notes) == 1
    assert "'Red' and 'red'" in notes[0].message
    # Of these a side has both: they are two.
    assert not matrix([{"Red": 1, "red": 1}, {"red": 1}, {"Red": 2}]).notes


def test_notes_of_sides_are_there_once(table):
    paths = [table(f"{name}.csv", "u,1\nv,2\n") for name in "abc"]
    notes = matrix(paths).notes
    assert len(notes) == len({*notes}) == 3


@pytest.mark.parametrize(
    ("sides", "options", "error", "code", "said"),
    [
        ([], {}, UsageError, "one-side", "there is none"),
        ([{"a": 1}], {}, UsageError, "one-side", "there is one"),
        ([{"a": 1}] * 2, {"names": ["x", "x"]}, UsageError, "usage", "called 'x'"),
        ([{"a": 1}] * 2, {"names": ["x", "y", "z"]}, UsageError, "usage", "3 names"),
        ([{"a": 1}] * 2, {"kind": ("counts", "weights")}, UsageError, "usage", "once"),
        ([{"a": 1}] * 2, {"kind": "samples"}, UsageError, "usage", "raw rows"),
        ([{"a": 1}] * 2, {"measures": "kl_pw"}, UsageError, "unknown-measure", "kl_pq"),
        ([{"a": 1}] * 2, {"temperature": 2}, UsageError, "temperature-needs-logits", "divides"),
        (
            [{"a": 1}, {"a": 0.5, "b": 0.5}],
            {"smoothing": "laplace"}, UsageError, "smoothing-needs-counts", "probabilities",
        ),
        ([{"a": 1}] * 2, {"flatten": True}, UsageError, "usage", "flatten"),
        ([{"a": 1}] * 2, {"encoding": "latin-1"}, UsageError, "usage", "memory"),
        ([[1, 2], [2, 1]], {"duplicates": "sum"}, UsageError, "usage", "labels that repeat"),
        ([[1, 2], [[1, 2], [2, 1]]], {}, InputError, "bad-shape", "batch"),
        ([[1, 2], [1, 2, 3]], {}, InputError, "no-common-support", "3"),
        ([[1, 2], [2, 1], {"a": 1, "b": 2}], {}, InputError, "no-common-support", "label"),
        ([{"a": 1}, {"a": -1}], {}, InputError, "negative-weight", "negative"),
        ([{"a": 1}, "missing.csv"], {}, InputError, "no-such-file", "missing.csv"),
        (
            [{"[0, 1)": 3, "[1, 2)": 1}, {"[0, 1)": 1, "[1, 3)": 2}],
            {}, InputError, "edges-differ", "edges",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error(sides, options, error, code, said):
    with pytest.raises(error) as caught:
        matrix(sides, **options)
    assert caught.value.code == code
    assert said in str(caught.value)


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match=r"matrix\(\) got an unexpected keyword argument 'top'"):
        matrix([{"a": 1}, {"a": 2}], top=3)


def test_a_repair_is_refused_under_strict(table):
    paths = [table("a.csv", "u,1\nv,2\n"), table("b.csv", "k,n\nu,2\nv,1\n")]
    with pytest.raises(InputError, match="strict"):
        matrix(paths, strict=True)


def test_the_document_is_the_one_of_the_schema():
    text = files("kldiv_cli.renderers").joinpath("schemas/matrix-1.json").read_text()
    validator = jsonschema.Draft202012Validator(json.loads(text))
    report = matrix([{"a": 1, "b": 1}, {"a": 1}, {"b": 0.5, "a": 0.5}], measures=["kl", "js"])
    document = report.to_dict()
    validator.validate(document)
    assert [*document] == [
        "schema", "base", "unit", "smoothing", "temperature", "sides", "measures",
        "error_bounds", "all", "notes", "error",
    ]  # fmt: skip
    assert [*document["measures"]] == ["kl", "js"]
    assert document["all"]["js"] == report.all.js
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(report)


def test_a_logit_side_meets_counts_and_probabilities():
    sides = [[0.0, 1.0, -2.0], [3, 1, 2]]
    for kind in ("logits", "log-probs"):
        check_cells([np.array(side, float) for side in sides], ["kl_pq", "js"], kind=kind)
    report = matrix([np.log([0.2, 0.8]), np.log([0.5, 0.5])], kind="logits")
    shares = [[Fraction(1, 5), Fraction(4, 5)], [Fraction(1, 2)] * 2]
    true = exact_js_of_all([dict(enumerate(share)) for share in shares])
    assert report.all.js == pytest.approx(true, rel=1e-14)


def test_all_together_are_smoothed_over_the_outcomes_of_all():
    sides = [{"a": 2, "b": 1}, {"b": 3}, {"c": 1}]
    report = matrix(sides, kind="counts", smoothing="laplace")
    smoothed = [{label: side.get(label, 0) + 1 for label in "abc"} for side in sides]
    assert report.all.js == pytest.approx(exact_js_of_all(smoothed), rel=1e-14)
    assert report.smoothing == "laplace"
