"""``compare --as samples``: raw rows are counted, and compared column by column."""

import json
import math
from collections import Counter
from fractions import Fraction

import pytest

from kldiv_cli import InputError, UsageError, compare

P = {"side": ["heads"] * 6 + ["tails"] * 2 + [None] * 2, "n": [1, 2, 2, 3] * 2 + [1, 1]}
Q = {"side": ["tails"] * 5 + ["heads"] * 4 + [None], "n": [3, 2, 1, 1, 1] * 2}


def truth(p, q):
    """Return D(p || q) of two lists of values."""
    left, right = Counter(p), Counter(q)
    return math.fsum(
        left[x] / len(p) * math.log(Fraction(left[x] * len(q), len(p) * right[x])) for x in left
    )


def test_every_shared_column_is_compared():
    report = compare(P, Q, kind="samples")
    assert [comparison.column for comparison in report.comparisons] == ["side", "n"]
    for comparison in report.comparisons:
        expected = truth(P[comparison.column], Q[comparison.column])
        assert comparison.measures["kl_pq"] == pytest.approx(expected, rel=1e-13)
        expected = truth(Q[comparison.column], P[comparison.column])
        assert comparison.measures["kl_qp"] == pytest.approx(expected, rel=1e-13)
        assert (comparison.estimate.n_p, comparison.estimate.n_q) == (10, 10)
    assert (report.p.kind, report.p.rows_read, report.p.missing) == ("samples", 10, 2)
    assert (report.q.kind, report.q.rows_read, report.q.missing) == ("samples", 10, 1)


def test_missing_values_may_be_left_out():
    report = compare(P, Q, kind="samples", column="side", missing="drop")
    p, q = ([x for x in side["side"] if x] for side in (P, Q))
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(truth(p, q), rel=1e-13)
    with pytest.raises(InputError, match="missing"):
        compare(P, Q, kind="samples", missing="error")


def test_numbers_meet_in_bins_that_the_user_gives():
    p, q = {"x": [0.5, 1.5, 2.5, 2.5]}, {"x": [0.5, 0.5, 1.5, 2.5]}
    columns = {"x": {"type": "numeric", "bins": [1, 2]}}
    report = compare(p, q, kind="samples", columns=columns)
    labels = {part.outcome: (part.p, part.q) for part in report.comparisons[0].contributions}
    assert labels == {
        "(-inf, 1]": (0.25, 0.5), "(1, 2]": (0.25, 0.25), "(2, inf)": (0.5, 0.25),
    }  # fmt: skip


def test_one_column_meets_a_distribution():
    raw = {"side": ["heads"] * 6 + ["tails"] * 4}
    report = compare(raw, {"heads": 0.5, "tails": 0.5}, kind=["samples", "probabilities"])
    expected = 0.6 * math.log(1.2) + 0.4 * math.log(0.8)
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-13)
    assert report.comparisons[0].column == "side"
    assert report.comparisons[0].estimate.n_q == math.inf
    with pytest.raises(InputError, match="2 columns"):
        compare(P, {"heads": 1}, kind=["samples", "probabilities"])


def test_what_is_on_one_side_alone_is_said():
    report = compare({**P, "a": [1] * 10}, {**Q, "b": [1] * 10}, kind="samples")
    said = [note.message for note in report.notes if note.code == "column-not-shared"]
    assert [message.split("'")[1] for message in said] == ["a", "b"]
    with pytest.raises(InputError, match="no column in common"):
        compare({"a": ["x", "y"]}, {"b": ["x", "y"]}, kind="samples")
    with pytest.raises(InputError, match="no column 'a'"):
        compare({**P, "a": [1] * 10}, Q, kind="samples", column="a")


def test_columns_are_those_of_raw_rows():
    with pytest.raises(UsageError, match="raw rows"):
        compare([1, 2], [2, 1], column="x")
    with pytest.raises(UsageError, match="one source"):
        compare(P, kind="samples")
    with pytest.raises(InputError, match="two types"):
        compare({"x": [0.5] * 30}, {"x": ["a", "b"]}, kind="samples")


def test_on_the_command_line(kldiv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("side,x\nheads,1\nheads,2\ntails,2\n")
    (tmp_path / "q.csv").write_text("side,x\nheads,1\ntails,1\ntails,2\n")
    ran = kldiv("p.csv", "q.csv", "--as", "samples", "-m", "kl_pq", "-q")
    lines = [line.split("\t") for line in ran.out.splitlines()]
    assert [name for name, _ in lines] == ["side", "x"]
    assert float(lines[0][1]) == pytest.approx(math.log(2) / 3, rel=1e-13)
    ran = kldiv("p.csv", "q.csv", "--as", "samples", "--column", "x", "-f", "json")
    document = json.loads(ran.out)
    assert [one["column"] for one in document["comparisons"]] == ["x"]
    assert document["p"]["kind"] == "samples"
    text = kldiv("p.csv", "q.csv", "--as", "samples").out
    assert text.startswith("2 columns in nats, the farthest apart first\n")
    assert text.count("\nx ") == text.count("\np  p: 3 rows") == 1
    ran = kldiv("p.csv", "q.csv", "--column", "x")
    assert (ran.code, ran.out) == (2, "")
    assert "--as samples" in ran.err
