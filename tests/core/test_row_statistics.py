"""The statistics of rows, against exact fractions, NumPy, another program and simulation.

`rows_of_models.json` has, for two quantised models beside their base, 104 tokens each: the
divergence and the targets' log-probabilities, statistics computed from all logits by another
reader in double precision, and the quantiles that llama-perplexity printed.
"""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kldiv_cli.core.row_statistics import (
    FEWEST_CHUNKS,
    LONGEST_SERIES,
    QUANTILES,
    ROW_STATISTICS,
    Derived,
    Mean,
    Spread,
    is_statistic,
    mean_of_rows,
    named_statistic,
    rows_to_decide,
    spread_of_rows,
    target_statistics,
    worst_rows,
)

MODELS = json.loads(Path(__file__).with_name("rows_of_models.json").read_text())
PRINTED = dict(
    zip(
        ("Maximum", "99.9%", "99.0%", "95.0%", "90.0%", "75.0%", "Median", "25.0%", "10.0%"),
        Spread._fields,
        strict=False,
    )
) | {"5.0%": "p5", "1.0%": "p1", "0.1%": "p0_1", "Minimum": "min"}

rows = arrays(np.float64, st.integers(2, 60), elements=st.floats(-1e6, 1e6, width=32))


def same(found, expected):
    return found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.fixture(params=sorted(MODELS))
def model(request):
    found = MODELS[request.param]
    return {name: np.array(found[name]) for name in ("kl", "nll_p", "nll_q")} | {
        name: found[name] for name in ("computed", "printed")
    }


# --- means ---------------------------------------------------------------------------------


def test_the_plain_error_is_that_of_published_tables(model):
    mean = mean_of_rows(model["kl"])
    assert same((mean.mean, mean.standard_error_independent), model["computed"]["Mean KLD"])


@given(rows)
def test_the_mean_and_the_plain_error_are_exact(x):
    exact = [Fraction(value) for value in x.tolist()]
    n = len(exact)
    mean = sum(exact) / n
    square = sum((value - mean) ** 2 for value in exact) / n / (n - 1)
    found = mean_of_rows(x)
    assert found.mean == pytest.approx(float(mean), rel=1e-15, abs=0)
    scale = float(np.abs(x).max())
    plain = math.sqrt(square)
    assert found.standard_error_independent == pytest.approx(plain, rel=1e-9, abs=1e-15 * scale)


def test_the_error_of_blocks_is_that_of_their_sums_by_hand():
    # Blocks (1, 2), (4, 5), (9): sums less their share of the mean 21/5.
    x = [1, 2, 4, 5, 9]
    mean = Fraction(21, 5)
    deviations = [3 - 2 * mean, 9 - 2 * mean, 9 - mean]
    square = Fraction(3, 2) * sum(d * d for d in deviations) / 25
    found = mean_of_rows(x, block=2)
    assert found.standard_error == pytest.approx(math.sqrt(square), rel=1e-14)
    assert found.blocks == 3
    # Student's t with 2 degrees of freedom: 4.30265.
    assert found.high - found.mean == pytest.approx(4.302653 * found.standard_error, rel=1e-6)
    assert found.effective_rows == pytest.approx(
        5 * (found.standard_error_independent / found.standard_error) ** 2
    )


def test_chunks_are_blocks_unless_they_are_few():
    x = np.random.default_rng(3).standard_normal(10 * FEWEST_CHUNKS)
    starts = np.arange(0, len(x), 10)
    assert mean_of_rows(x, starts=starts) == mean_of_rows(x, block=10)
    assert mean_of_rows(x, starts=starts[:-1]) == mean_of_rows(x)
    assert mean_of_rows(x, starts=starts, block=5) == mean_of_rows(x, block=5)


def test_the_error_of_a_series_is_that_of_its_autocovariances_by_hand():
    """Geyer's pairs, summed without a Fourier transform."""
    x = autoregressive(1, 300, 0.7, seed=5)[0]
    n, d = len(x), x - x.mean()
    lags = [float(d[: n - k] @ d[k:]) for k in range(n)]
    pairs = []
    for k in range(0, n, 2):
        pair = lags[k] + lags[k + 1]
        if pair <= 0:
            break
        pairs.append(min([pair, *pairs]))
    width = 4 * len(pairs) - 1
    variance = (2 * sum(pairs) - lags[0]) / n**2 / (1 - width / n)
    found = mean_of_rows(x)
    assert width < n / 3
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.blocks == pytest.approx(n / width)


@given(rows, st.sampled_from([{}, {"block": 1}, {"block": 3}, {"block": 40}]))
def test_rows_are_never_worth_more_than_they_are(x, blocks):
    found = mean_of_rows(x, **blocks)
    if found.standard_error is None:
        assert found == Mean(found.mean)
        assert blocks.get("block", 0) >= len(x)
    else:
        assert found.standard_error >= found.standard_error_independent >= 0
        assert 0 < found.effective_rows <= len(x)
        assert 2 <= found.blocks <= len(x)
        assert found.low <= found.mean <= found.high


@given(rows, st.integers(-900, 900), st.sampled_from([{}, {"block": 2}]))
def test_rows_of_any_size_have_the_same_statistics(x, exponent, blocks):
    factor = 2.0**exponent
    found, scaled = (mean_of_rows(values, **blocks) for values in (x, x * factor))
    if found.standard_error is None:
        assert scaled.standard_error is None
        return
    # But for what is too small for a normal double.
    assert scaled[:3] == pytest.approx(
        [value * factor for value in found[:3]], rel=1e-9, abs=1e-300
    )


def test_the_smallest_and_the_largest_doubles_have_statistics():
    found = mean_of_rows([0.0, 5e-324, 0.0])
    assert (found.mean, found.standard_error) == (0.0, 0.0)
    assert found.effective_rows == 3
    largest = np.finfo(np.float64).max
    found = mean_of_rows([largest, largest / 2, largest])
    assert found.mean == pytest.approx(largest / 6 * 5)
    assert found.standard_error == pytest.approx(largest / 6)


def test_constant_rows_have_no_error():
    for n in (2, 3, 104):
        found = mean_of_rows(np.full(n, 0.1))
        assert found[1:4] == (0.0, 0.0, n)
        assert found.low == found.high == found.mean == pytest.approx(0.1, rel=1e-15)
    assert mean_of_rows(np.zeros(9)).mean == 0.0


def test_nothing_is_known_of_the_error_of_one_row_or_block():
    assert mean_of_rows([0.25]) == Mean(0.25)
    assert mean_of_rows([0.25, 0.75], block=2) == Mean(0.5)
    assert mean_of_rows([0.0, math.inf, math.inf]) == Mean(math.inf)


def test_booleans_are_shares(model):
    share, error = model["computed"]["Same top p"]
    mean = mean_of_rows(np.arange(104) < round(1.04 * share))
    assert same((100 * mean.mean, 100 * mean.standard_error_independent), [share, error])


def test_a_long_series_is_cut_into_pieces_and_tells_the_same():
    x = autoregressive(1, 2 * LONGEST_SERIES + 5, 0.5, seed=1)[0]
    found = mean_of_rows(x)
    # The variance of the mean of such a series is (1 + r)/(1 - r) = 3 times that of its rows.
    assert found.standard_error == pytest.approx(math.sqrt(3 / len(x)), rel=0.02)
    assert found.effective_rows == pytest.approx(len(x) / 3, rel=0.04)
    assert found.blocks < LONGEST_SERIES


@pytest.mark.parametrize("x", [[], [[1.0]], 1.0, [math.nan, 1.0], [-math.inf]])
def test_what_is_no_number_for_each_row_is_refused(x):
    for function in (mean_of_rows, spread_of_rows, worst_rows):
        with pytest.raises(ValueError, match="expected"):
            function(x)


@pytest.mark.parametrize("starts", [[], [1, 2], [0, 2, 2], [0, 3, 2], [0, 4]])
def test_chunks_must_ascend_within_the_rows(starts):
    with pytest.raises(ValueError, match="starts"):
        mean_of_rows([1.0, 2.0, 3.0, 4.0], starts=np.array(starts, dtype=np.uint32))
    with pytest.raises(ValueError, match="block"):
        mean_of_rows([1.0, 2.0], block=0)


# --- coverage ------------------------------------------------------------------------------


def autoregressive(runs, n, r, seed):
    """Return Gaussian series of variance 1 with autocorrelation r^k at lag k: (runs, n)."""
    x = np.random.default_rng(seed).standard_normal((n, runs))
    for i in range(1, n):
        x[i] = r * x[i - 1] + math.sqrt(1 - r * r) * x[i]
    return np.ascontiguousarray(x.T)


@pytest.mark.parametrize("blocks", [{}, {"block": 100}, {"starts": np.arange(0, 2000, 80)}])
@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("r", [0.9, 0.0])
def test_the_interval_of_correlated_rows_holds_the_truth(r, heavy, blocks):
    """500 runs of 2,000 rows; the heavy tail is lognormal, with a skewness of 8."""
    x, truth = autoregressive(500, 2000, r, seed=13), 0.0
    if heavy:
        x, truth = np.exp(1.1 * x), math.exp(1.1**2 / 2)
    means = [mean_of_rows(run, **blocks) for run in x]
    assert 0.90 <= np.mean([mean.low <= truth <= mean.high for mean in means]) <= 0.98
    # The plain error would not do: it knows nothing of the dependence.
    plain = [abs(m.mean - truth) <= 1.96 * m.standard_error_independent for m in means]
    assert np.mean(plain) < 0.5 or r == 0


# --- quantiles and worst rows --------------------------------------------------------------


@given(rows)
def test_quantiles_are_those_of_numpy(x):
    found = spread_of_rows(x)
    scale = float(np.abs(x).max())
    assert found == pytest.approx(np.quantile(x, QUANTILES).tolist(), rel=1e-13, abs=1e-13 * scale)
    assert list(found) == sorted(found, reverse=True)
    assert (found.max, found.min) == (x.max(), x.min())


def test_quantiles_by_hand():
    x = [4.0, 1.0, 3.0, 2.0, 0.0]
    assert spread_of_rows(x) == (4, 3.996, 3.96, 3.8, 3.6, 3, 2, 1, 0.4, 0.2, 0.04, 0.004, 0)


def test_quantiles_beside_infinite_rows_are_numbers_or_infinite():
    found = spread_of_rows([0.0, 1.0, 2.0, math.inf, math.inf])
    assert found[:6] == (math.inf,) * 6
    assert found[6:8] == (2.0, 1.0)
    assert spread_of_rows([math.inf] * 3) == (math.inf,) * 13
    assert spread_of_rows([0.5]) == (0.5,) * 13


def test_quantiles_are_those_that_another_program_printed(model):
    delta_p = np.exp(-model["nll_q"]) - np.exp(-model["nll_p"])
    for suffix, values, digits in (("KLD", model["kl"], 6), ("dp", 100 * delta_p, 3)):
        spread = spread_of_rows(values)
        compared = [name for name in PRINTED if f"{name} {suffix}" in model["printed"]]
        assert len(compared) >= 11
        for name in compared:
            printed = model["printed"][f"{name} {suffix}"]
            # Its arithmetic has single precision: within 1.5 units of the last digit.
            assert abs(getattr(spread, PRINTED[name]) - printed) <= 1.5 * 10.0**-digits


@given(
    arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 1.0, 2.0, math.inf])),
    st.integers(0, 50),
)
def test_worst_rows_are_the_first_of_the_largest(x, k):
    expected = sorted(range(len(x)), key=lambda i: (-x[i], i))[:k]
    assert worst_rows(x, k).tolist() == expected


# --- targets -------------------------------------------------------------------------------


def test_target_statistics_are_those_of_another_reader(model):
    found = target_statistics(model["nll_p"], model["nll_q"])
    for name, derived in (
        ("Mean PPL(Q)", found.perplexity_q),
        ("Mean PPL(base)", found.perplexity_p),
        ("Mean PPL(Q)/PPL(base)", found.ratio),
        ("Mean PPL(Q)-PPL(base)", found.difference),
    ):
        plain = (derived.value, derived.standard_error_independent)
        assert same(plain, model["computed"][name])
    for name, unit, mean in (
        ("Mean ln(PPL(Q)/PPL(base))", 1, found.ln_ratio),
        ("Mean dp", 100, found.delta_p),
    ):
        plain = (unit * mean.mean, unit * mean.standard_error_independent)
        assert same(plain, model["computed"][name])
    rms = found.delta_p_rms
    plain = (100 * rms.value, 100 * rms.standard_error_independent)
    assert same(plain, model["computed"]["RMS dp"])
    assert same(100 * found.correlation, model["computed"]["Cor"][0])
    assert found.delta_p_spread == spread_of_rows(
        np.exp(-model["nll_q"]) - np.exp(-model["nll_p"])
    )


def test_errors_of_the_sides_are_paired(model):
    """The block errors, too, are those of the differences in each row."""
    p, q = model["nll_p"], model["nll_q"]
    found = target_statistics(p, q, block=10)
    assert found.ln_ratio == mean_of_rows(q - p, block=10)
    assert found.ratio.low == pytest.approx(math.exp(found.ln_ratio.low))
    assert found.perplexity_q.high == pytest.approx(math.exp(found.nll_q.high))
    # The difference, by a small step along each side's residuals instead of a derivative.
    step = 1e-6
    slopes = [
        (math.exp(np.mean(q) + step * (q[i] - np.mean(q))) - math.exp(np.mean(q))) / step
        - (math.exp(np.mean(p) + step * (p[i] - np.mean(p))) - math.exp(np.mean(p))) / step
        for i in range(len(p))
    ]
    error = mean_of_rows(slopes, block=10).standard_error
    assert found.difference.standard_error == pytest.approx(error, rel=1e-3)
    assert found.difference.value == pytest.approx(
        found.perplexity_q.value - found.perplexity_p.value
    )
    assert found.difference.low < found.difference.value < found.difference.high


def test_a_model_beside_itself_has_no_error_between_its_sides():
    nll = np.random.default_rng(0).exponential(size=50)
    found = target_statistics(nll, nll)
    assert found.ln_ratio == Mean(0.0, 0.0, 0.0, 50.0, 0.0, 0.0, 50.0)
    assert found.ratio == Derived(1.0, 0.0, 0.0, 1.0, 1.0)
    assert found.difference == found.delta_p_rms == Derived(0.0, 0.0, 0.0, 0.0, 0.0)
    assert found.correlation == pytest.approx(1.0, abs=1e-15)


def test_impossible_targets_make_perplexities_infinite_and_nothing_undefined():
    possible, impossible = np.array([1.0, 2.0, 0.5]), np.array([1.0, math.inf, 0.5])
    found = target_statistics(possible, impossible)
    assert found.perplexity_q == Derived(math.inf)
    assert found.ln_ratio == Mean(math.inf)
    assert found.ratio == found.difference == Derived(math.inf)
    assert found.delta_p_spread.min == pytest.approx(-math.exp(-2))
    found = target_statistics(impossible, possible)
    assert found.ln_ratio == Mean(-math.inf)
    assert found.ratio == Derived(0.0)
    assert found.difference == Derived(-math.inf)
    found = target_statistics(impossible, impossible)
    assert found.ln_ratio is found.ratio is found.difference is found.correlation is None
    assert found.delta_p.mean == 0.0
    # Means that a double holds, whose exponentials it does not.
    found = target_statistics([800.0, 801.0], [1.0, 2.0])
    assert found.perplexity_p == Derived(math.inf)
    assert found.ln_ratio.mean == -799.0
    assert found.difference == Derived(-math.inf)


def test_one_target_has_no_errors_and_no_correlation():
    found = target_statistics([math.log(4)], [math.log(2)])
    assert found.perplexity_q == Derived(pytest.approx(2.0))
    assert found.ratio == Derived(pytest.approx(0.5))
    assert found.delta_p_rms == Derived(pytest.approx(0.25))
    assert found.correlation is None
    with pytest.raises(ValueError, match="2 rows and nll_q 1"):
        target_statistics([1.0, 2.0], [1.0])


# --- verdicts ------------------------------------------------------------------------------


def test_the_verdict_is_that_of_students_t():
    # 40 rows in blocks of one: mean 1/2, error 1/sqrt(4 * 39) = 0.08006.
    x = np.tile([0.0, 1.0], 20)
    error = 1 / math.sqrt(156)
    for limit, verdict in ((0.3, "drift"), (0.45, "inconclusive"), (0.7, "pass")):
        found = rows_to_decide(x, limit, block=1)
        assert found.verdict == verdict
        assert found.mean == mean_of_rows(x, block=1)
        t = (0.5 - limit) / error
        # The tail of Student's t with 39 degrees of freedom, by its density.
        s = np.linspace(t, t + 400, 4_000_001)
        density = math.exp(math.lgamma(20) - math.lgamma(19.5)) / math.sqrt(39 * math.pi)
        density = density * (1 + s * s / 39) ** -20
        assert found.p_drift == pytest.approx(np.trapezoid(density, s), abs=1e-7)
        assert found.p_drift + found.p_pass == pytest.approx(1)
        assert (found.rows_needed is None) == (verdict != "inconclusive")


def test_a_pass_needs_the_whole_interval_and_a_drift_its_one_sided_test():
    x = np.tile([0.0, 1.0], 50)
    error = mean_of_rows(x, block=1).standard_error
    # 1.8 errors: significant on one side at 5 %, but the interval goes on to 1.98 errors.
    assert rows_to_decide(x, 0.5 - 1.8 * error, block=1).verdict == "drift"
    found = rows_to_decide(x, 0.5 + 1.8 * error, block=1)
    assert found.p_pass <= 0.05
    assert found.verdict == "inconclusive"
    assert rows_to_decide(x, 0.5 + 2.1 * error, block=1).verdict == "pass"


def test_rows_needed_would_decide():
    """So many rows, with the same spread, decide in 80 % of the runs."""
    generator = np.random.default_rng(8)
    for limit, wanted in ((0.35, "drift"), (0.65, "pass")):
        few = np.arange(60) % 2
        found = rows_to_decide(few, limit, block=1, alpha=0.01)
        assert found.verdict == "inconclusive"
        many = generator.random((1000, found.rows_needed)) < 0.5
        verdicts = [rows_to_decide(run, limit, block=1, alpha=0.01).verdict for run in many]
        assert 0.72 <= verdicts.count(wanted) / 1000 <= 0.9


def test_few_effective_rows_pass_nothing():
    x = np.linspace(0, 1e-6, 20)
    found = rows_to_decide(x, 0.5, block=1)
    assert (found.verdict, found.p_pass, found.reliable) == ("inconclusive", 1.0, False)
    assert found.rows_needed == 30
    assert rows_to_decide(np.tile(x, 2), 0.5, block=1).verdict == "pass"
    # They can still be drift.
    assert rows_to_decide(x + 1, 0.5, block=1).verdict == "drift"


def test_rows_that_are_equal_decide_by_their_value():
    assert rows_to_decide(np.zeros(3), 0.0)[0] == "pass"
    assert rows_to_decide(np.full(3, 0.5), 0.5)[3:] == (1.0, 0.0, True, None)
    found = rows_to_decide(np.full(3, 0.5), 0.25)
    assert (found.verdict, *found[3:]) == ("drift", 0.0, 1.0, True, None)


def test_an_infinite_row_is_drift_whatever_the_limit():
    for limit in (0.1, math.inf):
        found = rows_to_decide([0.0] * 99 + [math.inf], limit)
        assert (found.verdict, found.p_drift, found.p_pass) == ("drift", 0.0, 1.0)


def test_one_row_decides_nothing():
    found = rows_to_decide([0.0], 1.0)
    assert (found.verdict, *found[3:]) == ("inconclusive", None, None, False, None)


def test_a_mean_at_the_limit_is_decided_by_no_number_of_rows():
    x = np.tile([0.0, 1.0], 50)
    assert rows_to_decide(x, 0.5, block=1)[0] == "inconclusive"
    assert rows_to_decide(x, 0.5, block=1).rows_needed is None
    assert rows_to_decide(x, 0.5 + 1e-9, block=1).rows_needed is None


@given(rows, st.floats(-10, 10))
def test_nothing_that_is_not_a_number_passes(x, limit):
    x[0] = math.nan
    with pytest.raises(ValueError, match="nan"):
        rows_to_decide(x, limit)
    with pytest.raises(ValueError, match="limit"):
        rows_to_decide(np.zeros(3), math.nan)


# --- statistics by name --------------------------------------------------------------------


def test_statistics_have_the_names_of_limits():
    x = np.linspace(0, 1, 101)
    assert named_statistic("kl_p99").of(x) == pytest.approx(0.99)
    assert named_statistic("kl_p99_9").of(x) == pytest.approx(0.999)
    assert named_statistic("kl_qp_max").of(x) == 1
    assert named_statistic("kl_qp_p50").rows == "kl_qp"
    assert named_statistic("kl_pq_p99") is named_statistic("kl_p99")
    assert named_statistic("top_disagreement").of([True, True, False, True]) == 0.25
    assert named_statistic("top_disagreement").of(np.ones(7)) == 0.0
    assert named_statistic("delta_p_rms").of([3.0, -4.0]) == pytest.approx(math.sqrt(12.5))
    assert all(named_statistic(name).name == name for name in ROW_STATISTICS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("kl_99", "did you mean 'kl_p99'"),
        ("top_disagrement", "did you mean 'top_disagreement'"),
        ("KL_P50", "did you mean 'kl_p50'"),
        ("same_top", "did you mean 'top_disagreement'"),
        ("delta_p", "did you mean 'delta_p_rms'"),
        ("zzz", "kl_p99 or top_disagreement"),
    ],
)
def test_an_unknown_statistic_names_one_that_is_like_it(name, message):
    with pytest.raises(ValueError, match=message):
        named_statistic(name)


def test_statistics_are_known_by_their_names():
    assert is_statistic("kl_p99")
    assert is_statistic("kl_pq_p99_9")
    assert is_statistic("top_disagreement")
    assert not is_statistic("kl_p98")
    assert not is_statistic("kl_pq")
