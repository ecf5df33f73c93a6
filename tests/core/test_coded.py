"""Records of llama.cpp: as they are coded, by the rule of llama.cpp, and by cells."""

import json
import math

import numpy as np
import pytest
from base_files import coded_row, record
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core import coded
from kldiv_cli.core.kernel.floats import evaluate_floats
from kldiv_cli.core.records import ranked


def records(rows, floor=16):
    data = b"".join(record(row, floor) for row in rows)
    return np.frombuffer(data, coded.record_type(len(rows[0])))


def shares(logits):
    top = max(logits)
    weights = [math.exp(z - top) for z in logits]
    total = math.fsum(weights)
    return [w / total for w in weights]


def kl(p, q):
    """Return the divergence of two rows of logits, token by token."""
    pairs = list(zip(shares(p), shares(q), strict=True))
    if any(a > 0 and b == 0 for a, b in pairs):
        return math.inf
    return math.fsum(a * math.log(a / b) for a, b in pairs if a > 0)


def kl_of_cells(cells):
    """Return the divergences of all rows, in both directions."""
    p, q = (side.astype(np.float64).tolist() for side in cells[:2])
    return [(kl(a, b), kl(b, a)) for a, b in zip(p, q, strict=True)]


def spread(rng, rows, outcomes, width=4.0, top=15.0):
    """Return logits of which many are more than 16 below the greatest."""
    logits = rng.normal(size=(rows, outcomes)) * width
    logits[np.arange(rows), rng.integers(0, outcomes, rows)] += top
    return logits.astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(13)


@pytest.fixture
def files(root):
    """Return the records of two models, the targets, the logits of one, and what is expected."""
    folder = root / "tests" / "models"
    found = {}
    for name in ("trained_base", "trained_Q2_K"):
        data = (folder / f"{name}.kld").read_bytes()
        tokens = np.frombuffer(data, "<i4", 4 * 53, 20).reshape(4, 53)
        found[name] = np.frombuffer(data, coded.record_type(501), 104, 20 + 4 * 4 * 53)
    found["targets"] = tokens[:, 27:].ravel()
    found["logits"] = np.load(folder / "trained_Q2_K_logits.npy")
    found["expected"] = json.loads((folder / "expected.json").read_text())
    return found


@pytest.mark.parametrize("outcomes", [1, 2, 501, 32_000, 151_936])
def test_the_size_of_a_record(outcomes):
    assert coded.record_type(outcomes).itemsize == 2 * (2 * math.ceil(outcomes / 2) + 4)


@pytest.mark.parametrize("floor", [16, 24])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logarithms_are_decoded(rng, floor, dtype):
    logits = spread(rng, 3, 5).tolist()
    found = coded.log_probabilities(records(logits, floor), np.empty((3, 5), dtype))
    for row, decoded in zip(logits, found.tolist(), strict=True):
        scale, least, codes = coded_row(row, floor)
        assert decoded == pytest.approx([scale * code + least for code in codes], abs=4e-6)
        for z, share, log in zip(row, shares(row), decoded, strict=True):
            if z > max(row) - floor:
                assert log == pytest.approx(math.log(share), abs=floor / 65535 / 2 + 4e-6)
            else:
                assert log == pytest.approx(least, abs=4e-6)
    assert coded.log_probabilities(records(logits, floor)).dtype == np.float32


@pytest.mark.parametrize("floor", [16, 24, 20])
def test_the_floor_is_told_by_the_range_of_a_record(floor):
    rows = [[0.0, 1.0, -30.0], [0.0, -15.7, 3.1], [2.0, 2.0, 2.0], [500.3, 0.0, 1.0]]
    found = records(rows, floor)
    assert coded.is_clipped(found).tolist() == [True, floor < 18.8, False, True]
    targets = np.array([2, 0, 0, 1])
    assert coded.on_floor(found, targets).tolist() == [True, False, False, True]
    logs = coded.target_log_probabilities(found, targets)
    # On the floor it is an upper bound.
    assert logs[0] == pytest.approx(1 - floor - math.log(1 + math.exp(1)), abs=1e-6)
    assert logs[2] == pytest.approx(-math.log(3), abs=1e-6)


def test_targets_of_logits(rng):
    for dtype in (np.float16, np.float32, np.float64, ">f4"):
        logits = spread(rng, 4, 6).astype(dtype)
        found = coded.target_log_probabilities(logits, np.array([0, 5, 2, 1]))
        truth = [
            math.log(shares(r)[t]) for r, t in zip(logits.tolist(), (0, 5, 2, 1), strict=True)
        ]
        assert found == pytest.approx(truth, rel=1e-12)


def test_ranks_are_those_of_codes_or_logits(rng):
    logits = spread(rng, 4, 6)
    assert ranked(logits) is logits
    codes = ranked(records(logits.tolist()))
    assert codes.argmax(axis=1).tolist() == logits.argmax(axis=1).tolist()


def llama(p_row, q_row):
    """Return the tool's divergence of two decoded rows, by its definition."""
    pairs = zip(p_row, q_row, strict=True)
    return math.fsum(math.exp(a) * (a - b) for a, b in pairs if a > -16)


def test_the_rule_of_llama(rng):
    p, q = spread(rng, 20, 40).tolist(), spread(rng, 20, 40).tolist()
    targets = rng.integers(0, 40, 20)
    a, b = records(p), records(q)
    log_a, log_b = (coded.log_probabilities(side, np.empty((20, 40))).tolist() for side in (a, b))
    logs = [[math.log(share) for share in shares(row)] for row in q]
    for other, truth in ((b, log_b), (np.array(q), logs), (np.array(q, np.float32), logs)):
        found = coded.llama_rule(a, other, targets)
        assert found.kl == pytest.approx(list(map(llama, log_a, truth)), rel=3e-6, abs=1e-6)
        assert found.nll_p == pytest.approx([-r[t] for r, t in zip(log_a, targets, strict=True)])
        assert found.nll_q == pytest.approx(
            [-r[t] for r, t in zip(truth, targets, strict=True)], abs=3e-6
        )


def mean_and_error(values):
    mean = values.mean()
    return mean, math.sqrt(((values**2).mean() - mean**2) / (len(values) - 1))


def test_what_llama_printed_is_computed_from_its_file_and_the_logits(files):
    base, targets, expected = files["trained_base"], files["targets"], files["expected"]
    found = coded.llama_rule(base, files["logits"], targets)
    assert found.nll_p == pytest.approx(expected["nll_base"], abs=1e-9)
    assert found.nll_q == pytest.approx(expected["nll_q"], abs=1e-9)
    printed = expected["printed"]

    def agrees(name, *values, unit=1e-6):
        for value, shown in zip(values, printed[name], strict=False):
            assert value == pytest.approx(shown, abs=1.5 * unit), name

    agrees("Mean KLD", *mean_and_error(found.kl))
    for name, share in (("Maximum", 1), ("Median", 0.5), ("Minimum", 0)):
        agrees(f"{name} KLD", np.quantile(found.kl, share))
    for share in (99.9, 99, 95, 90, 10, 5, 1, 0.1):
        agrees(f"{share:.1f}% KLD", np.quantile(found.kl, share / 100))
    delta = 100 * (np.exp(-found.nll_q) - np.exp(-found.nll_p))
    agrees("Mean Δp", *mean_and_error(delta), unit=1e-3)
    square, error = mean_and_error(delta**2)
    agrees("RMS Δp", math.sqrt(square), error / 2 / math.sqrt(square), unit=1e-3)
    for side, name in ((found.nll_q, "Q"), (found.nll_p, "base")):
        nll, error = mean_and_error(side)
        agrees(f"Mean PPL({name})", math.exp(nll), math.exp(nll) * error)
    agrees("Mean ln(PPL(Q)/PPL(base))", (found.nll_q - found.nll_p).mean())
    tops = ranked(base).argmax(axis=1) == ranked(files["logits"]).argmax(axis=1)
    agrees("Same top p", 100 * tops.mean(), unit=1e-3)


@pytest.mark.parametrize("other", ["trained_Q2_K", "logits"])
def test_cells_come_nearer_to_the_truth_than_the_rule_of_llama(files, other):
    base, q, truth = files["trained_base"], files[other], np.array(files["expected"]["exact_kl"])
    tool = coded.llama_rule(base, q, files["targets"]).kl
    found, back = np.array(kl_of_cells(coded.CellsOfPair()(base, q))).T
    assert min(found.min(), back.min()) > 0

    def rms(values):
        return math.sqrt(((values - truth) ** 2).mean())

    assert rms(found) < 6e-7 < 8e-6 < rms(tool)
    assert abs(found.mean() - truth.mean()) < 1e-7


def test_cells_of_a_model_and_itself_are_the_same(files):
    cells = coded.CellsOfPair()(files["trained_base"], files["trained_base"])
    assert np.array_equal(cells.p, cells.q)
    assert cells.p.shape == (104, 502)


@settings(max_examples=50)
@given(st.data())
def test_cells_are_never_far_above_the_truth_and_never_negative(data):
    seed = data.draw(st.integers(0, 2**32))
    outcomes = data.draw(st.integers(2, 60))
    floors = data.draw(st.tuples(st.sampled_from([16, 24, None]), st.sampled_from([16, 24])))
    width, noise = data.draw(st.floats(0.1, 12)), data.draw(st.sampled_from([0, 0.01, 0.3, 3]))
    rng = np.random.default_rng(seed)
    p = spread(rng, 3, outcomes, width)
    q = p + (rng.normal(size=p.shape) * noise).astype(np.float32)
    sides = [
        side if floor is None else records(side.tolist(), floor)
        for side, floor in zip((p, q), floors, strict=True)
    ]
    if data.draw(st.booleans()):
        sides, p, q = sides[::-1], q, p
    cells = coded.CellsOfPair()(*sides)
    for (there, back), a, b in zip(kl_of_cells(cells), p.tolist(), q.tolist(), strict=True):
        for found, truth in ((there, kl(a, b)), (back, kl(b, a))):
            # Each logarithm is off by 24 / 65535 / 2 at most, on both sides.
            assert -1e-9 < found < truth + 8e-4 * (1 + truth)


@pytest.mark.parametrize("exact", [False, True])
def test_the_tail_is_one_cell(exact):
    # The last two tokens are below the floor of P; the third lies below that of Q alone.
    p = [5.0, 4.0, -8.0, -20.0, -21.0]
    q = [5.0, 3.0, -14.0, -9.0, -19.0]
    q_side = np.array([q], np.float32) if exact else records([q])
    cells = coded.CellsOfPair()(records([p]), q_side)
    marked = [log == coded.OUTSIDE for log in cells.p[0, :-1]]
    assert marked == ([False, False, False, True, True] if exact else [False, False] + [True] * 3)
    outside = [i for i, mark in enumerate(marked) if mark]
    for side, row in ((cells.p[0], p), (cells.q[0], q)):
        assert side[:5][marked].tolist() == [coded.OUTSIDE] * len(outside)
        total = math.fsum(math.exp(z) for z in side.tolist())
        tail = math.fsum(shares(row)[i] for i in outside)
        # Less than the noise of the coding, yet known by the floor.
        assert math.exp(side[5]) / total == pytest.approx(tail, rel=1e-3, abs=2.5e-7)


def test_a_student_whose_mass_lies_below_the_floor_of_the_teacher():
    p, q = [30.0, 10.0, *[0.0] * 200], [1.0, 0.5, *[0.0] * 200]
    for side in (records([q]), np.array([q])):
        ((found, _),) = kl_of_cells(coded.CellsOfPair()(records([p]), side))
        assert found == pytest.approx(kl(p, q), rel=1e-3)


def test_records_that_are_not_clipped_have_no_tail():
    p, q = [[1.0, 2.0, 3.5]], [[0.5, 2.0, 3.0]]
    sides = records(p), records(q)
    cells = coded.CellsOfPair()(*sides)
    for cell, side in zip(cells[:2], sides, strict=True):
        assert np.array_equal(cell[:, :3], coded.log_probabilities(side))
        assert cell[0, 3] == coded.OUTSIDE
    # Of two rows one may be clipped.
    both = records([*p, [30.0, 2.0, -1.0]])
    cells = coded.CellsOfPair()(both, both)
    assert (cells.p == coded.OUTSIDE).tolist() == [
        [False] * 3 + [True],
        [False, True, True, False],
    ]


def test_a_sum_above_one_says_nothing_of_the_tail():
    side = records([[30.0, 29.0, 2.0, -1.0]]).copy()
    side["min"] += 0.01
    logits = np.array([[30.0, 29.0, 2.0, -1.0]])
    ((there, back),) = kl_of_cells(coded.CellsOfPair()(side, logits))
    assert 0 <= there < 1e-7
    assert 0 <= back < 1e-7


def test_a_tail_without_mass():
    logits = np.array([[30.0, 29.0, -np.inf, -np.inf]])
    side = records([[30.0, 29.0, 2.0, -1.0]])
    cells = coded.CellsOfPair()(side, logits)
    assert cells.p[0, 4] == cells.q[0, 4] == coded.OUTSIDE
    # What another record holds there is known.
    other = records([[30.0, 29.0, 16.0, -1.0]])
    ((there, back),) = kl_of_cells(coded.CellsOfPair()(other, logits))
    assert (there, back < 1e-5) == (math.inf, True)


def test_memory_is_used_again(rng):
    cells = coded.CellsOfPair()
    p, q = spread(rng, 7, 30), spread(rng, 7, 30)
    first = cells(records(p.tolist()), records(q.tolist())).p
    again = cells(records(p[:3].tolist()), records(q[:3].tolist()))
    assert np.shares_memory(first, again.p)
    fresh = coded.CellsOfPair()(records(p[:3].tolist()), records(q[:3].tolist()))
    assert np.array_equal(again.p, fresh.p)
    assert np.array_equal(again.q, fresh.q)
    # Another type, and other sizes.
    for dtype, wide in ((np.float16, np.float32), (">f4", np.float32), (np.float64, np.float64)):
        other = q.astype(dtype)
        found = cells(records(p.tolist()), other)
        assert found.p.dtype == found.q.dtype == wide
        pairs = zip(kl_of_cells(found), p.tolist(), other.tolist(), strict=True)
        assert [a for (a, _), _, _ in pairs] == pytest.approx(
            list(map(kl, p.tolist(), other.tolist())), rel=2e-3
        )
    assert cells(records(p[:, :9].tolist()), records(q[:, :9].tolist())).p.shape == (7, 10)


def test_weights_are_the_exponentials_of_the_cells(rng):
    p, q = (records(spread(rng, 6, 40).tolist()) for _ in range(2))
    cells = coded.CellsOfPair()(p, q)
    assert (cells.p == coded.OUTSIDE).any()
    for log, weights in zip(cells[:2], cells.weights, strict=True):
        assert weights == pytest.approx(np.exp(log.astype(float)), rel=1e-6)


@pytest.mark.parametrize(("rows", "outcomes"), [(24, 40), (4, 5000)])
def test_weights_that_are_known_are_not_computed_again(rng, rows, outcomes):
    base = spread(rng, rows, outcomes, 3.0)
    other = base + (rng.normal(size=base.shape) * 0.05).astype(np.float32)
    cells = coded.CellsOfPair()(records(base.tolist()), records(other.tolist()))
    names = frozenset({"kl_pq", "kl_qp", "tv", "entropy_p"})
    found = evaluate_floats(cells.p, cells.q, names, masses=cells.weights)
    # Other weights lead to other numbers: these are what is used.
    halves = cells.weights[0] ** 0.5, cells.weights[1] ** 0.5
    wrong = evaluate_floats(cells.p, cells.q, names, masses=halves)
    for row, (there, back) in enumerate(kl_of_cells(cells)):
        for name, truth in (("kl_pq", there), ("kl_qp", back)):
            value, bound = found.values[name][row], found.bounds[name][row]
            assert abs(value - truth) <= bound * truth < 1e-4 * truth
            assert wrong.values[name][row] != value
        shares_p, shares_q = (shares(side[row].astype(float).tolist()) for side in cells[:2])
        tv = math.fsum(abs(a - b) for a, b in zip(shares_p, shares_q, strict=True)) / 2
        # Of hardly any mass that moves single precision tells nothing.
        error = found.values["tv"][row] - tv
        assert np.isnan(error) or abs(error) <= found.bounds["tv"][row] * tv
        entropy = -math.fsum(a * math.log(a) for a in shares_p if a)
        value, bound = found.values["entropy_p"][row], found.bounds["entropy_p"][row]
        assert abs(value - entropy) <= bound * entropy


def test_logits_below_every_limit_have_no_cell_of_their_own():
    # The last two tokens are below the floor of P; Q says that one of them is impossible.
    p, q = [[30.0, 29.0, 2.0, -1.0]], [[30.0, 29.0, 20.0, -np.inf]]
    cells = coded.CellsOfPair()(records(p), np.array(q, np.float32))
    assert cells.q[0, 2:4].tolist() == [coded.OUTSIDE] * 2
    ((there, back),) = kl_of_cells(cells)
    assert max(there, back) < 1e-3
