"""What the numbers mean: declared or chosen, checked, and said."""

import io
import json
import math

import numpy as np
import pytest

from kldiv_cli.core.labels import canonical, near_duplicates
from kldiv_cli.errors import InputError
from kldiv_cli.readers import ReadOptions, read

EPS = 2.0**-24


@pytest.mark.parametrize(
    ("weights", "kind", "notes"),
    [
        ([5, 3], "counts", ["unlabelled"]),
        ([1, 0], "probabilities", []),
        ([1, 1], "counts", ["unlabelled"]),
        ([60, 40], "weights", ["normalised", "unlabelled"]),
        ([60, 41], "counts", ["unlabelled"]),
        ([60.0, 41.0], "counts", ["whole-numbers", "unlabelled"]),
        ([60.0, 40.0], "weights", ["normalised", "unlabelled"]),
        ([60.5, 41.0], "weights", ["normalised", "unlabelled"]),
        ([2.0**53, 4.0], "counts", ["whole-numbers", "unlabelled"]),
        ([2.0**54, 4.0], "weights", ["normalised", "unlabelled"]),
        ([1.0, 0.0], "probabilities", []),
        ([0.5, 0.5], "probabilities", []),
        ([0.5, 0.5 + 9e-7], "probabilities", []),
        ([0.5, 0.5 + 2e-6], "weights", ["normalised", "unlabelled"]),
        ([[1, 2], [3, 4]], "counts", ["unlabelled"]),
        ([[1, 2], [50, 50]], "weights", ["normalised", "unlabelled"]),
        ([[1, 0], [3, 4]], "weights", ["normalised", "unlabelled"]),
        ([[0.5, 0.5], [0.1, 0.9]], "probabilities", []),
        ([[0.5, 0.5], [0.1, 0.8]], "weights", ["normalised", "unlabelled"]),
        ([2**70, 5], "counts", ["unlabelled"]),
        (np.array([200, 100, 56], dtype=np.uint8), "counts", ["unlabelled"]),
        (np.full(1000, 0.001, dtype=np.float32), "probabilities", []),
        (np.full(2**21, 1.05 / 2**21, dtype=np.float32), "probabilities", []),
        (np.full(2**21, 1.05 / 2**21), "weights", ["normalised", "unlabelled"]),
        (np.array([1.7e308, 1e280]), "weights", ["normalised", "unlabelled"]),
    ],
)
def test_kind_is_chosen(weights, kind, notes):
    side = read(weights)
    assert (side.kind, [note.code for note in side.notes]) == (kind, notes)


@pytest.mark.parametrize(
    ("weights", "kind", "notes"),
    [
        ([0.2, 0.2], "probabilities", ["normalised"]),
        ([5, 3], "weights", ["normalised", "unlabelled"]),
        ([60, 40], "counts", ["unlabelled"]),
        ([60.0, 40.0], "counts", ["unlabelled"]),
        ([-1.0, 2.0], "logits", []),
        ([-1, 2], "logits", []),
        ([math.log(0.5), math.log(0.5)], "log-probs", []),
        ([-1.0, -1.0], "log-probs", ["normalised"]),
        ([[-1.0, -math.inf], [0.0, 1000.0]], "logits", []),
    ],
)
def test_kind_is_declared(weights, kind, notes):
    side = read(weights, ReadOptions(kind=kind))
    assert (side.kind, [note.code for note in side.notes]) == (kind, notes)
    assert side.weights.tolist() == np.asarray(weights).tolist()


@pytest.mark.parametrize(
    ("weights", "kind", "code", "index"),
    [
        ([5, 0.5], "counts", "fractional-count", (1,)),
        ([0, 0], None, "no-mass", None),
        ([0.0, -0.0], None, "no-mass", None),
        ([[1, 2], [0, 0]], None, "no-mass", (1,)),
        ([-math.inf, -math.inf], "logits", "no-mass", None),
        ([math.inf, 0], "logits", "not-finite", (0,)),
        ([math.nan, 0], "log-probs", "not-finite", (0,)),
        ([5, -3], None, "negative-weight", (1,)),
        ([-(2**70), 1], None, "negative-weight", (0,)),
        ([10**400, 1], "logits", "number-overflow", None),
        ([], None, "no-rows", None),
    ],
)
def test_it_is_not_that(weights, kind, code, index):
    with pytest.raises(InputError) as caught:
        read(weights, ReadOptions(kind=kind))
    assert (caught.value.code, caught.value.places[0].index) == (code, index)


@pytest.mark.parametrize(
    "weights",
    [[1e308, 1e308], np.array([[1.0, 2.0], [1e308, 1e308]]), [10**4300 - 1, 1], [10**4299] * 10],
)
def test_a_total_that_no_report_can_hold(weights):
    with pytest.raises(InputError) as caught:
        read(weights)
    assert caught.value.code == "number-overflow"


def test_the_notes_say_what_was_there():
    notes = read([26.6, 26.6]).notes
    assert notes[0].message == "weights of total 53.2 are normalised to 1"
    assert notes[1].message == "2 outcomes, total 53.2"
    assert "--as samples" in notes[1].advice
    assert read([[1.5, 1.5], [3.0, 4.0]]).notes[0].message.startswith("weights of total 3 to 7")
    whole = read([[1.0, 2.0], [3.0, 4.0]]).notes[0]
    assert whole.message == "whole numbers of total 3 to 7 are taken for counts"
    assert "--as counts" in whole.advice
    assert read([5]).notes[0].message == "1 outcome, total 5"


def test_a_negative_zero_is_a_zero():
    weights = read([-0.0, 1.0]).weights
    assert math.copysign(1, weights[0]) == 1


@pytest.mark.parametrize(
    ("labels", "pairs"),
    [
        (["a", "b"], []),
        (["a", "a "], [("a", "a ")]),
        (["a ", " a"], [("a ", " a")]),
        (["\xe9", "e\u0301"], [("\xe9", "e\u0301")]),
        (["1", "1.0", "01", "+1", "1e0"], 4),
        (["10", "1e1", "100e-1"], 2),
        (["0", "-0", "0.0", "00"], 3),
        (["-1", "1", "1e5", "1e-5", "a1", "1a", "1.", "x"], [("1", "1.")]),
        (["9" * 50, "9" * 50 + ".0"], []),
        ([str(i) for i in range(2000)], []),
    ],
)
def test_labels_that_nearly_agree(labels, pairs):
    found = near_duplicates(labels)
    assert found == pairs if isinstance(pairs, list) else len(found) == pairs


def test_a_plain_integer_is_canonical():
    for label in ("0", "5", "100", "1" + "0" * 30):
        assert canonical(label) == label


@pytest.mark.parametrize("kind", [None, "counts", "weights", "probabilities", "logits"])
@pytest.mark.parametrize("format", ["npy", "json", "array", "lists", "npz"])
def test_an_array_of_one_column_is_read_in_two_ways_and_refused(given, format, kind):
    column = np.array([[10], [20], [30]])

    def side(**options):
        if format in ("array", "lists"):
            return read(column if format == "array" else column.tolist(), ReadOptions(**options))
        if format == "json":
            return given("x.json", json.dumps(column.tolist()), **options)
        file = io.BytesIO()
        np.save(file, column) if format == "npy" else np.savez(file, column)
        return given(f"x.{format}", file.getvalue(), **options)

    with pytest.raises(InputError) as caught:
        side(kind=kind)
    assert caught.value.code == "one-outcome"
    assert "--flatten" in caught.value.hint
    assert "--as samples" in caught.value.hint
    assert side(kind=kind, flatten=True).weights.tolist() == [10, 20, 30]


@pytest.mark.parametrize("rows", [[[3]], [[1, 2], [3, 4]], [[1, 2]]])
def test_one_row_or_several_columns_are_a_batch(rows):
    assert read(rows).weights.shape == np.shape(rows)
