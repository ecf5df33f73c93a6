"""Rows are measured as they are alone, however they are cut and in however many threads."""

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core import rows
from kldiv_cli.core.divergences import divergences, evaluate
from kldiv_cli.core.kernel.floats import LIMIT, SERVED
from kldiv_cli.core.measures import DEFAULT_MEASURES
from kldiv_cli.core.rows import (
    Question,
    RowMeasures,
    compare_tops,
    likeliest,
    log_probability,
    rows_in_memory,
)

KINDS = ("logits", "log-probs", "probabilities", "weights")
TYPES = ("f8", "f4", "f2", ">f4", ">f8")
MEASURES = ("kl_pq", "kl_qp", "js", "tv", "hellinger", "entropy_p", "renyi:0.5")
SINGLE = ("kl_pq", "kl_qp", "js", "tv", "entropy_q")


def batch(kind, dtype, shape, seed, spread=2.0):
    """Return rows of numbers of a kind, of which some outcomes have no mass."""
    random = np.random.default_rng(seed)
    z = spread * random.normal(size=shape)
    z[random.random(shape) < 0.05] = -np.inf
    z[..., 0] = np.maximum(z[..., 0], 0)
    if kind != "logits":
        z -= np.log(np.exp(z).sum(axis=-1, keepdims=True))
    numbers = z if kind in ("logits", "log-probs") else np.exp(z)
    return (numbers * (3 if kind == "weights" else 1)).astype(dtype)


def measured(p, q, asked, targets=None, cuts=(), executor=None):
    """Measure rows in blocks that end at `cuts`."""
    count = max(len(side) for side in (p, q) if side.ndim == 2)
    found = RowMeasures(asked, count, targets, executor)
    ends = [0, *sorted(cuts), count]
    for start, stop in pairwise(ends):
        if start < stop:
            found.add(*(side[start:stop] if side.ndim == 2 else side for side in (p, q)))
    return found.result()


def same_bits(one, other):
    for name in one.values:
        assert one.values[name].tobytes() == other.values[name].tobytes(), name
        assert one.bounds[name].tobytes() == other.bounds[name].tobytes(), name
    for name in ("same_top", "common_top", "log_p", "log_q"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert one.largest == other.largest


@pytest.mark.parametrize("singles", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(data=st.data())
def test_no_cut_and_no_thread_changes_a_bit(kind, singles, data):
    outcomes = data.draw(st.sampled_from([2, 3, 17, 64, 257]))
    shapes = [(23, outcomes), (23, outcomes)]
    vector = data.draw(st.sampled_from([None, 0, 1]))
    if vector is not None:
        shapes[vector] = (outcomes,)
    dtypes = data.draw(st.tuples(*[st.sampled_from(TYPES)] * 2))
    p, q = (batch(kind, dtypes[i], shapes[i], i) for i in (0, 1))
    targets = np.arange(23) % outcomes
    asked = Question(
        SINGLE if singles else MEASURES, (kind, kind), tops=True, bounds=True, singles=singles
    )
    # Blocks are of whole pieces, as those of files are.
    height = data.draw(st.sampled_from([1, 4, 7]))
    cuts = data.draw(st.sets(st.sampled_from(range(height, 23, height)), max_size=3))
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(3) as executor:
        patch.setattr(rows, "PIECE", height * outcomes)
        whole = measured(p, q, asked, targets)
        same_bits(whole, measured(p, q, asked, targets, cuts))
        same_bits(whole, measured(p, q, asked, targets, cuts, executor))
        same_bits(whole, rows_in_memory(p, q, asked, targets))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_a_row_is_measured_as_it_is_alone(kind, dtype):
    p, q = (batch(kind, dtype, (9, 30), seed) for seed in (3, 4))
    asked = Question(MEASURES, (kind, kind), "2", bounds=True)
    found = measured(p, q, asked, cuts=[2, 7])
    for row in range(9):
        alone = divergences(p[row], q[row], measures=MEASURES, kind=kind, base="2")
        for name in MEASURES:
            value, bound = found.values[name][row], found.bounds[name][row]
            assert value == pytest.approx(alone[name], rel=2 * bound, abs=0)


HUGE = float(np.finfo(np.float32).max)


@pytest.mark.parametrize(
    "logits",
    [
        [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]],
        [[1e30, 0.0, 1.0], [0.0, 1.0, 2.0]],
        [[1e30, 1e30, -1e30], [2.0, 1.0, 2.0]],
        [[-HUGE, 0.0, 1.0], [0.5, 1.0, 2.0]],
        [[-HUGE, 0.0, 1.0], [-1e9, 1.0, 2.0]],
        [[-math.inf, -math.inf, 1.0], [-math.inf, 0.0, -math.inf]],
        [[-math.inf, -math.inf, 1.0], [-math.inf, -math.inf, 7.0]],
        [[1e-40, 0.0, -1e-40], [0.0, 1e-40, 0.0]],
        [[40.0, 0.0, -40.0], [-40.0, 0.0, 40.0]],
        [[3.0, 3.0, 3.0], [3.0, 3.0, 3.0]],
    ],
    ids=str,
)
@pytest.mark.parametrize("temperature", [1.0, 1e-3, 1e3])
@pytest.mark.parametrize("outcomes", [3, 300])
def test_single_precision_is_within_its_bounds(logits, temperature, outcomes):
    p, q = (np.resize(np.array(side, dtype=np.float32), (2, outcomes)) for side in logits)
    names = tuple(sorted(SERVED))
    asked = Question(names, ("logits", "logits"), "2", temperature, bounds=True)
    exact = rows_in_memory(p, q, asked)
    found = rows_in_memory(p, q, asked._replace(singles=True))
    for name in names:
        sides = found.values[name], exact.values[name], found.bounds[name]
        for value, truth, bound in zip(*sides, strict=True):
            # Less than single precision holds is nothing.
            assert value == pytest.approx(truth, rel=bound, abs=1e-37), name


WITH_ORDER = (*DEFAULT_MEASURES, "renyi:0.5")
OF_DOUBLES = 1e-9
"""Bounds below this are of double precision, others of single."""
PLAIN, FAR, UNDEFINED, SAME = range(4)


def four_rows(outcomes=40):
    """Return logits: a plain row, one whose p/q is e^95, one where P alone is, equal ones."""
    rng = np.random.default_rng(7)
    p = rng.normal(0.0, 2.0, (4, outcomes)).astype("f4")
    q = (p + rng.normal(0.0, 0.2, p.shape)).astype("f4")
    q[FAR, 3] -= 95.0
    # The side with the smaller logit here is the one whose masses are computed.
    q[FAR, 0] = p[FAR, 0] + 0.1
    q[UNDEFINED, 5] = -np.inf
    q[SAME] = p[SAME]
    return p, q


def in_singles(p, q, names, base="e"):
    asked = Question(names, ("logits", "logits"), base, bounds=True, singles=True)
    return rows_in_memory(p, q, asked)


@pytest.mark.parametrize("base", ["e", "2"])
def test_every_measure_of_every_row_is_that_of_double_precision(base):
    p, q = four_rows()
    found = in_singles(p, q, WITH_ORDER, base)
    exact = evaluate(p, q, WITH_ORDER, kind="logits", base=base)
    for name in WITH_ORDER:
        sides = found.values[name], found.bounds[name], exact.values[name]
        for value, bound, truth in zip(*sides, strict=True):
            assert value == pytest.approx(truth, rel=bound + 1e-13, abs=0), name


def test_a_measure_that_single_precision_does_not_serve_leaves_the_others_to_it(monkeypatch):
    asked = []

    def recorded(p, q, measures, **options):
        asked.append((len(p), frozenset(measures)))
        return evaluate(p, q, measures, **options)

    monkeypatch.setattr(rows, "evaluate", recorded)
    names = ("kl_pq", "hellinger", "chi2_pq", "chi2_qp")
    found = in_singles(*four_rows(), names)
    # One row each: FAR and UNDEFINED.
    assert sorted(asked, key=lambda call: len(call[1])) == [
        (1, frozenset({"chi2_pq"})),
        (1, frozenset(names)),
    ]
    for name in ("kl_pq", "hellinger", "chi2_qp"):
        assert OF_DOUBLES < found.bounds[name][FAR] <= LIMIT
    assert found.values["chi2_pq"][FAR] > math.exp(80)
    assert found.bounds["chi2_pq"][FAR] < OF_DOUBLES
    assert found.values["kl_pq"][UNDEFINED] == math.inf


def test_measures_without_a_formula_in_single_precision_leave_the_others_to_it():
    found = in_singles(*four_rows(), ("tv", "tsallis:2"))
    assert found.bounds["tv"][PLAIN] > OF_DOUBLES > found.bounds["tsallis:2"][PLAIN]


@pytest.mark.parametrize("outcomes", [40, 5000])
def test_a_value_does_not_depend_on_what_else_is_asked(outcomes):
    p, q = four_rows(outcomes)
    whole = in_singles(p, q, WITH_ORDER)
    for name in WITH_ORDER:
        alone = in_singles(p, q, (name,))
        single = whole.bounds[name] > OF_DOUBLES
        assert single[PLAIN] == (name in SERVED), name
        np.testing.assert_array_equal(alone.values[name][single], whole.values[name][single], name)
        # The paths of double precision may differ in the last bits by what else is asked.
        np.testing.assert_allclose(alone.values[name], whole.values[name], 1e-14, err_msg=name)


def test_numbers_of_two_types_are_measured_in_double_precision():
    p, q = batch("logits", "f4", (4, 9), 1), batch("logits", "f8", (4, 9), 2)
    asked = Question(("kl_pq",), ("logits", "logits"), singles=True, bounds=True)
    found, exact = rows_in_memory(p, q, asked), evaluate(p, q, ("kl_pq",), kind="logits")
    assert np.array_equal(found.values["kl_pq"], exact.values["kl_pq"])
    assert found.largest["kl_pq"] < 1e-12


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_no_logits_are_refused_in_any_precision(bad):
    p = np.zeros((3, 4), dtype=np.float32)
    q = p.copy()
    q[1, 2] = bad
    for singles in (False, True):
        asked = Question(("kl_pq",), ("logits", "logits"), singles=singles)
        for sides in ((p, q), (q, p)):
            with pytest.raises(ValueError, match=r"finite|log"):
                rows_in_memory(*sides, asked)


def test_what_was_not_asked_of_rows_is_not_known():
    found = rows_in_memory(np.ones((2, 3)), np.ones(3), Question(("tv",), ("weights",) * 2))
    assert (found.same_top, found.common_top, found.log_p, found.bounds) == (None, None, None, {})
    assert np.array_equal(found.of("tv"), [0, 0])
    for name in ("kl_pq", "same_top", "delta_p"):
        with pytest.raises(KeyError):
            found.of(name)


def test_numbers_of_rows_by_their_names():
    p, q = np.array([[3.0, 1.0], [1.0, 3.0]]), np.array([[1.0, 3.0], [1.0, 3.0]])
    asked = Question(("tv",), ("weights", "weights"), tops=True)
    found = rows_in_memory(p, q, asked, np.array([0, 0]))
    assert found.of("same_top").tolist() == [0.0, 1.0]
    assert found.of("delta_p") == pytest.approx([-0.5, 0.0], abs=1e-15)


ties = st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 0.5, 2.0, 1e300])


@settings(max_examples=60)
@given(st.data())
def test_the_likeliest_outcomes_are_the_first_of_a_stable_sort(data):
    outcomes = data.draw(st.sampled_from([1, 2, 4, 5, 7, 300, 1500, 1601]))
    count = data.draw(st.integers(1, min(5, outcomes)))
    few = data.draw(st.lists(ties, min_size=1, max_size=40))
    seed = data.draw(st.integers(0, 99))
    weights = np.random.default_rng(seed).choice(few, size=(3, outcomes))
    order = [sorted(range(outcomes), key=lambda i: -row[i])[:count] for row in weights.tolist()]
    for dtype in ("f8", "f4", ">f8"):
        with np.errstate(over="ignore"):
            assert likeliest(weights.astype(dtype), count).tolist() == order


@pytest.mark.parametrize(
    "integers",
    [
        np.array([[2**62 + 1, 2**62 + 2, 2**62, 0]]),
        np.array([[2**64 - 3, 2**64 - 1, 2**64 - 2, 2**63]], dtype=np.uint64),
        np.array([[2**80, 2**80 + 1, 3, 2**80 + 1]], dtype=object),
        np.resize(2**60 + np.arange(5000) % 1777, (2, 2500)),
    ],
    ids=["int64", "uint64", "object", "many"],
)
def test_integers_that_doubles_do_not_tell_apart_have_an_order(integers):
    order = [sorted(range(len(row)), key=lambda i: -row[i])[:3] for row in integers.tolist()]
    assert likeliest(integers, 3).tolist() == order


def test_the_tops_of_two_sides():
    p = np.array([[5, 4, 3, 2, 1, 0], [1, 1, 1, 1, 1, 1]])
    q = np.array([[5, 4, 3, 0, 1, 2], [0, 1, 1, 1, 1, 1]])
    same, common = compare_tops(p, q)
    assert same.tolist() == [True, False]
    assert common == pytest.approx([4 / 5, 4 / 5])
    same, common = compare_tops(p[:, :2], np.array([1, 9]))
    assert (same.tolist(), common.tolist()) == ([False, False], [1.0, 1.0])


@pytest.mark.parametrize("temperature", [1.0, 1e-3, 1e3, 0.7])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_log_probability_of_a_target(kind, dtype, temperature):
    if kind in ("probabilities", "weights"):
        temperature = 1.0
    numbers = batch(kind, dtype, (5, 40), 8)
    targets = np.array([0, 39, 7, 7, 20])
    found = log_probability(numbers, targets, kind, temperature)
    for row, target, value in zip(numbers.tolist(), targets.tolist(), found.tolist(), strict=True):
        if kind in ("probabilities", "weights"):
            masses = [mpmath.mpf(x) for x in row]
        else:
            masses = [mpmath.exp(mpmath.mpf(x) / temperature) for x in row]
        share = masses[target] / mpmath.fsum(masses)
        truth = float(mpmath.log(share)) if share else -math.inf
        assert value == pytest.approx(truth, rel=1e-13, abs=1e-13)


def test_the_log_probability_of_weights_whose_total_is_no_double():
    numbers = np.array([[1e308, 1e308, 1e308, 1e308], [5e-324, 5e-324, 0, 0]])
    found = log_probability(numbers, np.array([1, 0]), "weights", 1.0)
    assert found == pytest.approx([math.log(0.25), math.log(0.5)], rel=1e-15)


def test_a_single_distribution_has_the_targets_of_every_row():
    found = log_probability(np.array([1.0, 3.0]), np.array([0, 1, 0]), "weights", 1.0)
    assert found == pytest.approx(np.log([0.25, 0.75, 0.25]), rel=1e-15)
    counts = np.array([[2**80, 2**80]], dtype=object)
    assert log_probability(counts, np.array([0]), "counts", 1.0) == pytest.approx(math.log(0.5))
