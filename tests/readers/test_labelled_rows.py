"""Objects of numbers, one a row: batches whose outcomes are the keys of all rows together."""

import json
import math

import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from kldiv_cli import check, compare, divergences
from kldiv_cli.errors import InputError
from kldiv_cli.readers import ReadOptions, labelled_rows, read

P = [{"the": 0.6, "a": 0.4}, {"cat": 0.5, "dog": 0.25, "the": 0.25}]
Q = [{"a": 0.5, "the": 0.5}, {"the": 0.25, "dog": 0.5, "cat": 0.25}]
KL = [
    0.6 * math.log(0.6 / 0.5) + 0.4 * math.log(0.4 / 0.5),
    0.5 * math.log(0.5 / 0.25) + 0.25 * math.log(0.25 / 0.5),
]


LOGGED = (
    '{"doc_id": 0, "doc": {"gold": 1}, "target": "1", "resps": [[["-10.7", "False"]]], "acc": 1}\n'
    '{"doc_id": 1, "doc": {"gold": 0}, "target": "0", "resps": [[["-1.5", "True"]]], "acc": 0}\n'
)


@pytest.mark.parametrize("kind", [None, "logits", "log-probs", "probabilities"])
@pytest.mark.parametrize("text", [LOGGED, LOGGED.splitlines()[0]])
def test_responses_of_an_evaluation_are_no_logits(refused, kind, text):
    error = refused("samples.jsonl", text, kind=kind)
    assert (error.code, "they hold no logits" in error.message) == ("foreign-format", True)


def test_a_column_of_the_responses_is_chosen(given):
    assert given("samples.jsonl", LOGGED, label="doc_id", weight="acc").weights.tolist() == [1, 0]


def logs(rows):
    return [{token: math.log(p) for token, p in row.items()} for row in rows]


WRITERS = {
    "x.jsonl": lambda rows: "\n".join(map(json.dumps, rows)),
    "x.json": json.dumps,
    "lines.json": lambda rows: "\n".join(map(json.dumps, rows)),
    "pretty.json": lambda rows: json.dumps(rows, indent=1),
    "pretty.jsonl": lambda rows: json.dumps(rows, indent=1),
}


@pytest.fixture
def sources(tmp_path):
    """Write both sides, or hand them on as they are: sources(name, p, q)."""

    def call(name, *sides):
        if name == "memory":
            return sides
        paths = []
        for i, rows in enumerate(sides):
            folder = tmp_path / str(i)
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(WRITERS[name](rows))
            paths.append(str(folder / name))
        return paths

    return call


@pytest.mark.parametrize("name", [*WRITERS, "memory"])
@pytest.mark.parametrize("kind", ["log-probs", "logits", "probabilities", None])
def test_rows_are_aligned_by_label(sources, name, kind):
    sides = (P, Q) if kind in ("probabilities", None) else (logs(P), logs(Q))
    report = compare(*sources(name, *sides), kind=kind, reduction="none")
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(KL, rel=1e-12)
    assert report.p.outcomes == report.q.outcomes == 4
    assert report.p.kind == (kind or "probabilities")


@pytest.mark.parametrize("reduction", ["batchmean", "sum", "mean"])
def test_the_terms_of_all_rows_add_up(sources, reduction):
    report = compare(*sources("x.jsonl", logs(P), logs(Q)), kind="log-probs", reduction=reduction)
    (made,) = report.comparisons
    total = math.fsum(KL) / {"batchmean": 2, "sum": 1, "mean": 8}[reduction]
    assert made.measures["kl_pq"] == pytest.approx(total, rel=1e-12)
    assert sum(one.kl_pq for one in made.contributions) == pytest.approx(total, rel=1e-12)
    assert {one.outcome for one in made.contributions} == {"the", "a", "cat", "dog"}
    shares = {one.outcome: one.p for one in made.contributions}
    assert shares == pytest.approx({"the": 0.425, "a": 0.2, "cat": 0.25, "dog": 0.125})
    assert made.batch.rows == 2


def test_a_token_that_one_side_lacks_in_a_row_is_named(sources):
    q = [Q[0], {"the": 0.5, "dog": 0.5}]
    report = compare(*sources("x.jsonl", logs(P), logs(q)), kind="log-probs")
    (made,) = report.comparisons
    assert made.measures["kl_pq"] == math.inf
    assert (made.only_in_p, made.only_in_q) == (("cat",), ())
    assert made.mass_only_in_p == pytest.approx(0.25)


def test_a_vector_meets_every_row(sources, tmp_path):
    path = tmp_path / "q.json"
    path.write_text(json.dumps({"a": 0.1, "the": 0.4, "dog": 0.25, "cat": 0.25}))
    (p,) = sources("x.jsonl", P)
    report = compare(p, str(path), kind="probabilities", reduction="none")
    expected = [
        sum(v * math.log(v / {"a": 0.1, "the": 0.4}.get(k, 0.25)) for k, v in row.items())
        for row in P
    ]
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-12)


def test_batches_of_other_lengths_do_not_meet(sources):
    with pytest.raises(InputError) as caught:
        compare(*sources("x.jsonl", P, Q[:1]), kind="probabilities")
    assert caught.value.code == "no-common-support"


ONE = '{"blue": 295, "green": 592, "red": 3}'


def test_a_line_is_the_document_whatever_it_is_called(tmp_path):
    for name in ("x.json", "x.jsonl"):
        (tmp_path / name).write_text(ONE)
    line, document = (read(str(tmp_path / name)) for name in ("x.jsonl", "x.json"))
    assert line.outcomes == document.outcomes == ("blue", "green", "red")
    assert line.weights.tolist() == document.weights.tolist() == [295, 592, 3]
    assert (line.kind, line.rows_read) == (document.kind, document.rows_read) == ("counts", 3)
    (note,) = line.notes
    assert (note.code, note.repair) == ("opened", True)
    row = read(str(tmp_path / "x.jsonl"), ReadOptions(label="blue", weight="red"))
    assert (row.outcomes, row.weights.tolist()) == (("295",), [3])
    assert check(str(tmp_path / "x.jsonl"), str(tmp_path / "x.json"), kind="counts").columns


def test_two_lines_are_no_document(tmp_path):
    (tmp_path / "x.jsonl").write_text(f"{ONE}\n{ONE}")
    with pytest.raises(InputError) as caught:
        read(str(tmp_path / "x.jsonl"))
    assert caught.value.code == "several-weights"


def test_an_only_record_may_be_a_row(tmp_path):
    (tmp_path / "x.json").write_text(f"[{ONE}]")
    (tmp_path / "x.jsonl").write_text('{"hour": 3, "n": 5}')
    for source, words in (
        (tmp_path / "x.json", "--at /0 if its keys are the outcomes; --label blue --weight red"),
        ([json.loads(ONE)], "--at /0 if its keys are the outcomes; --label blue --weight red"),
        (tmp_path / "x.jsonl", "--input-format json if its keys are the outcomes; --label hour"),
    ):
        with pytest.raises(InputError) as caught:
            read(source if isinstance(source, list) else str(source))
        assert caught.value.code == "several-weights"
        assert caught.value.hint.startswith(words)
    (tmp_path / "x.jsonl").write_text('{"bucket": 3, "n": 5}')
    side = read(str(tmp_path / "x.jsonl"))
    assert (side.outcomes, side.weights.tolist()) == (("3",), [5])


TOKENS = st.sampled_from(["the", "a", " a", "A", "1", "", "the cat", "é"])
ROW = st.dictionaries(TOKENS, st.integers(1, 9), min_size=2)


@over(st.lists(st.tuples(ROW, ROW), min_size=2, max_size=5), st.randoms())
def test_neither_the_order_of_tokens_nor_of_first_rows_matters(pairs, random):
    def scaled(row):
        return {token: math.log(n / sum(row.values())) for token, n in row.items()}

    def shuffled(row):
        items = list(row.items())
        random.shuffle(items)
        return dict(items)

    p, q = ([scaled(pair[i]) for pair in pairs] for i in (0, 1))
    measures = ("kl_pq", "js", "tv", "entropy_p")
    plain = compare(p, q, kind="log-probs", reduction="none", measures=measures)
    other = compare(
        list(map(shuffled, p)), list(map(shuffled, q)),
        kind="log-probs", reduction="none", measures=measures,
    )  # fmt: skip
    assert plain.comparisons[0].measures == other.comparisons[0].measures
    for i, (a, b) in enumerate(zip(p, q, strict=True)):
        tokens = sorted({*a, *b})
        vectors = ([side.get(token, -math.inf) for token in tokens] for side in (a, b))
        alone = divergences(*vectors, kind="log-probs", measures=measures)
        for name in measures:
            found = plain.comparisons[0].measures[name][i]
            assert found == pytest.approx(alone[name], rel=1e-9, abs=1e-12)


# Near misses: rows of a table of numbers, and what is read or the code of the error.
TABLES = {
    "an id": ([{"id": 5, "logprob": -1.0}, {"id": 7, "logprob": -2.0}], "log-probs", ("5", "7")),
    "a label": ([{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -2.0}], "log-probs",
                ("a", "b")),
    "three columns": ([{"id": 5, "rank": 1, "logprob": -1}, {"id": 7, "rank": 2, "logprob": -2}],
                      "log-probs", "several-weights"),
    "counts": ([{"id": 5, "n": 3}, {"id": 7, "n": 4}], "counts", ("5", "7")),
    "marks": ([{"x": 0, "y": 1}, {"x": 1, "y": 0}], None, "several-weights"),
    "not 1 in all": ([{"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.6}], None, "several-weights"),
    "a single column": ([{"p": 0.5}, {"p": 0.5}], None, None),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("name", ["x.jsonl", "memory"])
def test_rows_of_a_table_stay_rows(sources, case, name):
    rows, kind, expected = case
    (source,) = sources(name, rows)
    if isinstance(expected, str):
        with pytest.raises(InputError) as caught:
            read(source, ReadOptions(kind))
        assert caught.value.code == expected
    else:
        side = read(source, ReadOptions(kind))
        assert (side.outcomes, side.weights.ndim) == (expected, 1)


def test_logarithms_that_nobody_calls_so_are_refused_with_the_word(sources):
    (path,) = sources("x.jsonl", logs(P))
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.hint.startswith("--as log-probs or --as logits ")
    assert read(path, ReadOptions("log-probs")).weights.shape == (2, 4)


FAULTS = {
    "text": ('{"a": -1, "b": -2}\n{"a": "x"}', "not-a-number", 2, 7),
    "a number in quotes": ('{"a": -1, "b": -2}\n{"a": "-1"}', "not-a-number", 2, 7),
    "null": ('{"a": -1, "b": -2}\n{"a": null, "b": -1}', "missing-weight", 2, 7),
    "NaN": ('{"a": -1, "b": -2}\n{"c": NaN}', "not-finite", 2, 7),
    "Infinity": ('{"a": -1, "b": -2}\n{"c": Infinity}', "not-finite", 2, 7),
    "no record": ('{"a": -1, "b": -2}\n[-1, -2]', "not-a-record", 2, 1),
    "a key twice": ('{"a": -1, "b": -2}\n{"a": -1, "a": -2}', "duplicate-keys", 2, 1),
    "half a pair": ('{"a": -1, "b": -2}\n{"\\ud800": -1}', "bad-label", None, None),
    "no token": ('{"a": -1, "b": -2}\n{}', "no-mass", None, None),
    "no mass": ('{"a": -1, "b": -2}\n{"a": -Infinity}', "no-mass", None, None),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_value_that_is_no_weight_has_a_place(refused, case):
    data, code, line, column = case
    # The first lines decide what the others are.
    head = '{"a": -1, "b": -2}\n' * labelled_rows.SAMPLE
    error = refused("x.jsonl", head + data, kind="log-probs")
    place = error.places[0]
    line = None if line is None else line + labelled_rows.SAMPLE
    assert (error.code, place.line, place.column) == (code, line, column)


def test_minus_infinity_is_no_mass(given):
    side = given("x.jsonl", '{"a": -Infinity, "b": -2.0}\n{"a": -1.0}', kind="logits")
    assert np.isneginf(side.weights).tolist() == [[True, False], [False, True]]


def test_a_batch_has_a_size(refused, monkeypatch):
    monkeypatch.setattr(labelled_rows, "MOST", 10)
    error = refused("x.jsonl", '{"a": -1, "b": -2}\n' * 6, kind="logits")
    assert error.code == "too-many-numbers"
