"""Base files of llama.cpp are compared with each other, and with logits, row by row."""

import json
import math

import numpy as np
import pytest
from base_files import base_file

from kldiv_cli import compare
from kldiv_cli.core import coded
from kldiv_cli.core.rows import Question, RowMeasures, rows_in_memory
from kldiv_cli.errors import InputError, UsageError

RNG = np.random.default_rng(5)


@pytest.fixture
def models(root):
    return root / "tests" / "models"


def rows_of(p, q, **options):
    found = compare(str(p), str(q), measures=["kl_pq", "kl_qp"], reduction="none", **options)
    return {name: np.array(rows) for name, rows in found.comparisons[0].measures.items()}


@pytest.mark.parametrize("other", ["trained_Q2_K.kld", "trained_Q2_K_logits.npy"])
def test_rows_come_near_to_the_truth(models, other):
    truth = np.array(json.loads((models / "expected.json").read_text())["exact_kl"])
    kinds = {"kind": "logits"} if other.endswith("npy") else {}
    found = rows_of(models / "trained_base.kld", models / other, **kinds)
    assert min(map(np.min, found.values())) > 0
    assert math.sqrt(((found["kl_pq"] - truth) ** 2).mean()) < 6e-7
    # From the other side it is the same.
    turned = rows_of(models / other, models / "trained_base.kld", **kinds)
    assert turned["kl_qp"] == pytest.approx(found["kl_pq"], rel=1e-12)
    assert turned["kl_pq"] == pytest.approx(found["kl_qp"], rel=1e-12)


def test_a_file_and_itself(models):
    path = models / "trained_base.kld"
    assert not np.any(rows_of(path, path)["kl_pq"])


def test_blocks_and_threads_change_nothing(models, monkeypatch):
    paths = models / "trained_base.kld", models / "trained_Q2_K.kld"
    monkeypatch.setattr("kldiv_cli.core.rows.PIECE", 3 * 501)
    whole = rows_of(*paths)
    monkeypatch.setattr("kldiv_cli.core.table.VALUES", 6 * 501)
    monkeypatch.setattr("kldiv_cli.core.table.PIECE", 3 * 501)
    monkeypatch.setattr("kldiv_cli.pipeline.batch.PIECE", 3 * 501)
    for threads in (1, 3):
        found = rows_of(*paths, threads=threads)
        assert all(np.array_equal(found[name], whole[name]) for name in whole)


def records(logits):
    data = base_file(logits, 3)
    return np.frombuffer(data[20 + 12 * len(logits) :], coded.record_type(len(logits[0])))


def test_tops_and_targets_are_those_of_the_tokens():
    # The likeliest token of Q is below the floor of P, where it has no cell of its own.
    p = [[30.0, 29.0, 5.0, 5.0]] * 2
    q = [[2.0, 1.0, 4.0, 0.0], [2.0, 1.0, 0.0, 0.0]]
    asked = Question(("kl_pq",), ("log-probs", "logits"), tops=True)
    targets = np.array([1, 0])
    for side in (records(q), np.array(q, np.float32)):
        found = rows_in_memory(records(p), side, asked, targets)
        assert found.same_top.tolist() == [False, True]
        truth = [z[t] - math.log(sum(map(math.exp, z))) for z, t in zip(q, targets, strict=True)]
        assert found.log_q == pytest.approx(truth, abs=2e-4)
        assert found.log_p == pytest.approx([-1.31326, -0.31326], abs=2e-4)


def test_one_distribution_meets_every_record():
    p = (RNG.normal(size=(4, 9)) * 8).tolist()
    q = np.arange(9.0)
    asked = Question(("kl_pq", "kl_qp"), ("log-probs", "logits"))
    found = rows_in_memory(records(p), q, asked).values
    rows = rows_in_memory(records(p), np.tile(q, (4, 1)), asked).values
    assert all(np.array_equal(found[name], rows[name]) for name in rows)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_logits_beside_records_are_checked(table, tmp_path, number):
    logits = RNG.normal(size=(4, 3)).astype(np.float32)
    path = table("p.kld", base_file(logits.tolist(), 3))
    bad = logits.copy()
    bad[2, 1] = number
    np.save(tmp_path / "q.npy", bad)
    with pytest.raises(InputError) as caught:
        compare(path, str(tmp_path / "q.npy"), kind="logits")
    assert caught.value.code == "not-finite"
    assert [place.index for place in caught.value.places] == [(2, 1)]
    np.save(tmp_path / "q.npy", np.where([[False], [True], [False], [False]], -np.inf, logits))
    with pytest.raises(InputError) as caught:
        compare(path, str(tmp_path / "q.npy"), kind="logits")
    assert caught.value.code in ("no-mass", "not-finite")


def test_files_of_other_texts_and_models_are_refused(table):
    logits = RNG.normal(size=(4, 5)).tolist()
    path = table("p.kld", base_file(logits, 3))
    for name, data in {
        "another text": base_file(logits, 3, [1] * 12),
        "longer pieces": base_file(logits, 6, [0] * 4 + [2, 0] + [0] * 6),
        "another vocabulary": base_file([row[:4] for row in logits], 3),
        "fewer rows": base_file(logits[:3], 3),
    }.items():
        with pytest.raises(InputError) as caught:
            compare(path, table(f"{name}.kld", data))
        assert caught.value.code == "no-common-support"


def test_what_records_do_not_tell_is_refused(models):
    paths = str(models / "trained_base.kld"), str(models / "trained_Q2_K.kld")
    with pytest.raises(UsageError, match="a temperature divides logits"):
        compare(*paths, temperature=2)
    with pytest.raises(InputError, match="this holds log-probabilities, no counts"):
        compare(*paths, kind="counts")


def test_records_are_measured_piece_by_piece():
    p, q = ((RNG.normal(size=(6, 5)) * 9).tolist() for _ in range(2))
    asked = Question(("kl_pq",), ("log-probs", "log-probs"))
    rows = RowMeasures(asked, 6)
    for at in (slice(0, 4), slice(4, 6)):
        rows.add(records(p)[at], records(q)[at])
    whole = rows_in_memory(records(p), records(q), asked)
    assert np.array_equal(rows.result().values["kl_pq"], whole.values["kl_pq"])


def test_targets_on_the_floor_are_counted_on_each_side(table):
    # The target is the last token, in each of four rows.
    p = [[30.0, 29.0, 2.0]] * 2 + [[30.0, 29.0, 20.3]] * 2
    q = [[30.0, 29.0, 20.3]] * 2 + [[3.0, 2.0, -20.0]] * 2
    tokens = [0, 0, 0, 2] * 4
    files = [
        table(f"{name}.kld", base_file(side, 4, tokens)) for name, side in (("p", p), ("q", q))
    ]
    logits = np.array(q, np.float32)
    for both, counts in (
        (files, {"P": 2, "Q": 2}),
        ((files[0], files[0]), {"P": 2, "Q": 2}),
        ((files[0], logits), {"P": 2}),
        ((logits, files[0]), {"Q": 2}),
    ):
        kind = "logits" if any(side is logits for side in both) else None
        notes = [n for n in compare(*both, kind=kind).notes if n.code == "target-on-floor"]
        said = {note.message.split("perplexity of ")[1][0]: note for note in notes}
        assert {side: int(note.message.split()[0]) for side, note in said.items()} == counts
        assert all(" of 4 targets" in note.message for note in notes)
