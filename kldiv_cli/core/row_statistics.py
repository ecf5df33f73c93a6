"""The statistics of a batch: from a number for each row to means, quantiles and verdicts.

A row is, most often, the position of a token in a text, and its number a divergence. Rows of one
text are correlated, and few of them hold much of the sum: the error of a mean is taken from
blocks of rows, and stands beside that of independent rows, which published tables give.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kldiv_cli.core.inference.chisquare import normal_quantile
from kldiv_cli.core.inference.student import quantile, survival
from kldiv_cli.core.inference.verdict import MOST_ROWS, POWER, Verdict
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

QUANTILES = (1.0, 0.999, 0.99, 0.95, 0.90, 0.75, 0.50, 0.25, 0.10, 0.05, 0.01, 0.001, 0.0)
"""The fractions of the quantiles of a `Spread`, in the order of its fields."""

FEWEST_CHUNKS = 10
"""With fewer chunks than this, the error is that of the rows as a series."""
FEWEST_BLOCKS = 3
"""The blocks that a series of rows is worth, at the least."""
FEWEST_EFFECTIVE = 30
"""With fewer effective rows than this no mean passes: a rare large row may have been missed."""
LONGEST_SERIES = 1 << 16
"""A longer series of rows is cut into at most so many blocks before it is looked at."""


class Mean(NamedTuple):
    """The mean of a row statistic, and what is known of its error.

    All fields but the mean are None where nothing is known of the error: of a single row or
    block, and where a row is infinite.

    Attributes
    ----------
    mean : float
        Infinite if a row is.
    standard_error : float or None
        From blocks of rows, and never below that of independent rows.
    standard_error_independent : float or None
        sqrt((mean x^2 - (mean x)^2) / (n-1)), as published tables have it.
    effective_rows : float or None
        How many independent rows would have the same error: n times the square of the ratio
        of the two errors, at most n.
    low, high : float or None
        Limits of the confidence interval of the mean, at level 1 - alpha.
    blocks : float or None
        How many independent blocks the standard error rests on: it has one degree of freedom
        less. Not always an integer.
    """

    mean: float
    standard_error: float | None = None
    standard_error_independent: float | None = None
    effective_rows: float | None = None
    low: float | None = None
    high: float | None = None
    blocks: float | None = None


class Derived(NamedTuple):
    """A function of means, with its errors to the first order (the delta method).

    Attributes
    ----------
    value : float
    standard_error, standard_error_independent : float or None
        As those of `Mean`.
    low, high : float or None
        Limits of its confidence interval.
    """

    value: float
    standard_error: float | None = None
    standard_error_independent: float | None = None
    low: float | None = None
    high: float | None = None


class Spread(NamedTuple):
    """The quantiles of a row statistic: ``p99_9`` is at most exceeded by 0.1 % of the rows."""

    max: float
    p99_9: float
    p99: float
    p95: float
    p90: float
    p75: float
    p50: float
    p25: float
    p10: float
    p5: float
    p1: float
    p0_1: float
    min: float


class TargetStatistics(NamedTuple):
    """What P and Q make of the tokens that came: perplexities, and changes of probability.

    Attributes
    ----------
    nll_p, nll_q : Mean
        Negative log-probability of the target, in nats.
    perplexity_p, perplexity_q : Derived
        exp of their means.
    correlation : float or None
        Of `nll_p` and `nll_q` over the rows; None if one is constant or infinite.
    ln_ratio : Mean or None
        Mean of nll_q - nll_p, that is log(perplexity_q / perplexity_p), with the error of
        the differences in each row. None, as the two below, if both perplexities are infinite.
    ratio, difference : Derived or None
        perplexity_q / perplexity_p, and perplexity_q - perplexity_p.
    delta_p : Mean
        Change of the target's probability, q - p; a fraction of 1.
    delta_p_spread : Spread
    delta_p_rms : Derived
        Root of the mean square of that change.
    """

    nll_p: Mean
    nll_q: Mean
    perplexity_p: Derived
    perplexity_q: Derived
    correlation: float | None
    ln_ratio: Mean | None
    ratio: Derived | None
    difference: Derived | None
    delta_p: Mean
    delta_p_spread: Spread
    delta_p_rms: Derived


class MeanJudgement(NamedTuple):
    """The verdict on the mean of rows against the largest value that is accepted.

    Attributes
    ----------
    verdict : {"pass", "drift", "inconclusive"}
    mean : Mean
    limit : float
    p_drift : float or None
        Of "the mean is at most the limit"; None if nothing is known of the error.
    p_pass : float or None
        Of "the mean is at least the limit"; 1 if not reliable.
    reliable : bool
        Whether the rows are worth `FEWEST_EFFECTIVE` independent ones, or leave no doubt: if
        not, nothing passes.
    rows_needed : int or None
        Rows that would decide with probability 0.8, were the mean and the dependence of the
        rows as they are; None if it is decided, or if no number below 1e9 decides.
    """

    verdict: Verdict
    mean: Mean
    limit: float
    p_drift: float | None
    p_pass: float | None
    reliable: bool
    rows_needed: int | None


def mean_of_rows(
    x: ArrayLike,
    *,
    block: int | None = None,
    starts: NDArray[np.integer[Any]] | None = None,
    alpha: float = 0.05,
) -> Mean:
    """Return the mean of a number that each row has, with its error from blocks of rows.

    Blocks are `block` consecutive rows where that is given, else the chunks that begin at
    `starts` where there are at least `FEWEST_CHUNKS`. They are taken as independent; their
    sums S_g of n_g rows give the variance B/(B-1) sum (S_g - n_g mean)^2 / n^2 (Cochran,
    Sampling Techniques, 1977, 6.3), with B - 1 degrees of freedom.

    Else the rows are a series, and the variance is the sum of its autocovariances over n, as
    far as they stand out from noise: Geyer's initial monotone sequence (Statist. Sci. 7,
    1992). The w = 4k - 1 lags of k pairs on both sides make it worth n/w blocks; what the
    estimated mean takes away from that sum, a share w/n of it, is given back.

    Parameters
    ----------
    x : array_like, shape (n,)
        A number for each row, in the order of the text; ``inf`` is allowed.
    block : int, optional
        Number of consecutive rows that make a block; the last block may be shorter.
    starts : ndarray of int, shape (chunks,), optional
        First row of each chunk; ascending from 0.
    alpha : float
        1 - the level of the interval, which is Student's t.

    Raises
    ------
    ValueError
        If there are no rows, a row is NaN or minus infinity, `block` is below 1, or `starts`
        do not ascend from 0 within the rows.
    """
    rows = _checked(x)
    n = len(rows)
    if block is not None and block < 1:
        raise ValueError(f"block: expected a number of rows from 1 on, found {block}")
    if starts is not None and not (
        len(starts) and starts[0] == 0 and starts[-1] < n and np.all(starts[1:] > starts[:-1])
    ):
        raise ValueError(f"starts: expected first rows of chunks, ascending from 0, below {n}")
    if block is not None:
        starts = np.arange(0, n, block)
    elif starts is not None and len(starts) < FEWEST_CHUNKS:
        starts = None
    largest = float(np.abs(rows).max())
    if math.isinf(largest):
        return Mean(math.inf)
    # By a power of two, so that no square is too large or too small for a double.
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0
    scaled = rows / scale
    centre = math.fsum(scaled.tolist()) / n
    mean = centre * scale
    if n == 1 or (starts is not None and len(starts) == 1):
        return Mean(mean)
    if rows.min() == rows.max():
        return Mean(mean, 0.0, 0.0, float(n), mean, mean, float(n))
    residuals = scaled - centre
    independent = float(residuals @ residuals) / n / (n - 1)
    if starts is None:
        # Of rows one by one, unless they are very many.
        pieces = np.arange(0, n, -(-n // LONGEST_SERIES))
        of_sum, blocks = _of_series(np.add.reduceat(residuals, pieces))
    else:
        of_sum, blocks = _of_blocks(np.add.reduceat(residuals, starts))
    dependent = max(of_sum / n**2, independent)
    error = math.sqrt(dependent) * scale
    plain = math.sqrt(independent) * scale
    half = quantile(1 - alpha / 2, blocks - 1) * error
    effective = n * (independent / dependent)
    return Mean(mean, error, plain, effective, mean - half, mean + half, blocks)


def spread_of_rows(x: ArrayLike) -> Spread:
    """Return the quantiles of a number that each row has.

    The one of fraction f lies at f (n-1) among the n ordered rows, linear between two of them,
    which is the default of NumPy; beside an infinite row it is infinite.

    Parameters
    ----------
    x : array_like, shape (n,)

    Raises
    ------
    ValueError
        If there are no rows, or a row is NaN or minus infinity.
    """
    ordered = np.sort(_checked(x))
    places = np.array(QUANTILES) * (len(ordered) - 1)
    first = places.astype(np.intp)
    low, high = ordered[first], ordered[np.ceil(places).astype(np.intp)]
    step = np.subtract(high, low, out=np.zeros_like(low), where=high > low)
    return Spread(*np.minimum(low + (places - first) * step, high).tolist())


def worst_rows(x: ArrayLike, k: int = 5) -> NDArray[np.intp]:
    """Return the indices of the largest values, largest first, of equals the lowest index first.

    Parameters
    ----------
    x : array_like, shape (n,)
    k : int
        How many; of fewer rows, all.

    Raises
    ------
    ValueError
        If there are no rows, or a row is NaN or minus infinity.
    """
    rows = _checked(x)
    k = min(k, len(rows))
    if k < 1:
        return np.empty(0, dtype=np.intp)
    places = np.flatnonzero(rows >= np.partition(rows, len(rows) - k)[-k])
    order: NDArray[np.intp] = places[np.argsort(-rows[places], kind="stable")][:k]
    return order


def target_statistics(
    nll_p: ArrayLike,
    nll_q: ArrayLike,
    *,
    block: int | None = None,
    starts: NDArray[np.integer[Any]] | None = None,
    alpha: float = 0.05,
) -> TargetStatistics:
    """Return what P and Q make of the tokens that came, and how their answers differ.

    The definitions are those of ``llama-perplexity --kl-divergence``. Where sides are compared
    the errors are those of a difference in each row, since what is hard for one is hard for
    the other: of the perplexities' difference, of perplexity_q nll_q - perplexity_p nll_p.

    Parameters
    ----------
    nll_p, nll_q : array_like, shape (n,)
        Negative log-probability of each row's target under P and Q, in nats; ``inf`` is
        allowed.
    block, starts, alpha
        As `mean_of_rows` takes them.

    Raises
    ------
    ValueError
        As in `mean_of_rows`; also if the sides have not as many rows.
    """
    of = partial(mean_of_rows, block=block, starts=starts, alpha=alpha)
    rows_p, rows_q = _checked(nll_p), _checked(nll_q)
    if len(rows_p) != len(rows_q):
        raise ValueError(f"nll_p has {len(rows_p)} rows and nll_q {len(rows_q)}")
    delta_p = np.exp(-rows_q) - np.exp(-rows_p)
    mean_p, mean_q = of(rows_p), of(rows_q)
    perplexity_p, perplexity_q = _exponential(mean_p), _exponential(mean_q)
    ln_ratio, ratio, difference = None, None, None
    if math.isfinite(mean_p.mean) and math.isfinite(mean_q.mean):
        ln_ratio = of(rows_q - rows_p)
    elif mean_p.mean != mean_q.mean:
        ln_ratio = Mean(mean_q.mean - mean_p.mean)
    if ln_ratio:
        ratio = _exponential(ln_ratio)
    change = perplexity_q.value - perplexity_p.value
    if math.isfinite(change):
        change_by_row = perplexity_q.value * rows_q - perplexity_p.value * rows_p
        difference = _moved(of(change_by_row), change)
    elif not math.isnan(change):
        difference = Derived(change)
    return TargetStatistics(
        nll_p=mean_p,
        nll_q=mean_q,
        perplexity_p=perplexity_p,
        perplexity_q=perplexity_q,
        correlation=_correlation(rows_p, rows_q),
        ln_ratio=ln_ratio,
        ratio=ratio,
        difference=difference,
        delta_p=of(delta_p),
        delta_p_spread=spread_of_rows(delta_p),
        delta_p_rms=_root(of(delta_p * delta_p)),
    )


def rows_to_decide(
    x: ArrayLike,
    limit: float,
    *,
    block: int | None = None,
    starts: NDArray[np.integer[Any]] | None = None,
    alpha: float = 0.05,
) -> MeanJudgement:
    """Return the verdict on the mean of rows, and how many rows would decide where it is open.

    Drift if "the mean is at most the limit" is rejected at level alpha by Student's t; pass if
    "the mean is at least the limit" is, the interval of the mean ends at or below the limit,
    and there are at least `FEWEST_EFFECTIVE` effective rows. A row that is infinite is drift;
    of rows that are all equal, their value decides.

    Parameters
    ----------
    x : array_like, shape (n,)
        A number for each row; ``inf`` is allowed.
    limit : float
        The largest mean that is accepted.
    block, starts, alpha
        As `mean_of_rows` takes them.

    Raises
    ------
    ValueError
        As in `mean_of_rows`; also if the limit is NaN.
    """
    if math.isnan(limit):
        raise ValueError("limit: expected a number, found nan")
    mean = mean_of_rows(x, block=block, starts=starts, alpha=alpha)
    above = math.isinf(mean.mean) or not (mean.mean <= limit)
    if math.isinf(mean.mean) or mean.standard_error == 0:
        verdict: Verdict = "drift" if above else "pass"
        return MeanJudgement(verdict, mean, limit, float(not above), float(above), True, None)
    effective, high, blocks = mean.effective_rows, mean.high, mean.blocks
    if mean.standard_error is None or effective is None or high is None or blocks is None:
        return MeanJudgement("inconclusive", mean, limit, None, None, False, None)
    t = (mean.mean - limit) / mean.standard_error
    reliable = effective >= FEWEST_EFFECTIVE
    p_drift = survival(t, blocks - 1)
    p_pass = survival(-t, blocks - 1) if reliable else 1.0
    if p_drift <= alpha:
        return MeanJudgement("drift", mean, limit, p_drift, p_pass, reliable, None)
    if p_pass <= alpha and high <= limit:
        return MeanJudgement("pass", mean, limit, p_drift, p_pass, reliable, None)
    # The level is that of the test which decides; of a pass, that of the interval.
    reach = normal_quantile(1 - (alpha if above else alpha / 2)) + normal_quantile(POWER)
    n = len(np.asarray(x))
    wanted = n * (reach / t) ** 2 if t else math.inf
    if not above:
        wanted = max(wanted, n * FEWEST_EFFECTIVE / effective)
    rows = max(math.ceil(wanted), n + 1) if wanted <= MOST_ROWS else None
    return MeanJudgement("inconclusive", mean, limit, p_drift, p_pass, reliable, rows)


class RowStatistic(NamedTuple):
    """A number that a batch has beside its means, by the name that a limit gives it.

    Attributes
    ----------
    name : str
        A key of `ROW_STATISTICS`.
    rows : {"kl_pq", "kl_qp", "same_top", "delta_p"}
        The number of each row that it is taken of.
    figure : str
        A field of `Spread`; or ``disagreement``, 1 - mean; or ``rms``, root of the mean square.
    """

    name: str
    rows: Literal["kl_pq", "kl_qp", "same_top", "delta_p"]
    figure: str

    def of(self, x: ArrayLike) -> float:
        """Return its value, from a number for each row: shape (n,)."""
        if self.figure == "disagreement":
            # Counted, so that full agreement is 0 and not a rounding away from it.
            rows = _checked(x)
            return math.fsum((1 - rows).tolist()) / len(rows)
        if self.figure == "rms":
            return _root(mean_of_rows(np.square(_checked(x)))).value
        value: float = getattr(spread_of_rows(x), self.figure)
        return value


ROW_STATISTICS: dict[str, RowStatistic] = {
    statistic.name: statistic
    for statistic in (
        *(RowStatistic(f"kl_{figure}", "kl_pq", figure) for figure in Spread._fields),
        *(RowStatistic(f"kl_qp_{figure}", "kl_qp", figure) for figure in Spread._fields),
        RowStatistic("top_disagreement", "same_top", "disagreement"),
        RowStatistic("delta_p_rms", "delta_p", "rms"),
    )
}
"""Every statistic of rows that a limit may name."""
MEANT: dict[str, str] = {name: name for name in ROW_STATISTICS} | {
    one.rows: one.name for one in ROW_STATISTICS.values() if one.figure not in Spread._fields
}
"""What a user may call a statistic, and its name: where rows have but one, as these are called."""


def named_statistic(name: str) -> RowStatistic:
    """Return the statistic of rows that has a name.

    Parameters
    ----------
    name : str
        A key of `ROW_STATISTICS`; ``kl_pq_p99`` is ``kl_p99``.

    Raises
    ------
    ValueError
        If there is none; the message names one that is like it.
    """
    found = ROW_STATISTICS.get(name.replace("kl_pq_", "kl_", 1) if name[:6] == "kl_pq_" else name)
    if found is not None:
        return found
    from kldiv_cli.errors import closest

    close = closest(name.lower(), MEANT)
    hint = (
        f"did you mean {MEANT[close]!r}?" if close else "kl_p99 or top_disagreement, for example"
    )
    raise ValueError(f"no statistic of rows {name!r}; {hint}")


def is_statistic(name: str) -> bool:
    """Say whether a statistic of rows has a name."""
    try:
        named_statistic(name)
    except ValueError:
        return False
    return True


def _checked(x: ArrayLike) -> Floats:
    """Return rows as doubles, none of which is NaN or minus infinity."""
    rows = np.asarray(x, dtype=np.float64)
    if rows.ndim != 1 or not len(rows):
        raise ValueError(f"expected a number for each row, found shape {rows.shape}")
    if not (rows.min() > -math.inf):
        raise ValueError("expected numbers, or inf, for all rows; found nan or -inf")
    return rows


def _of_blocks(sums: Floats) -> tuple[float, float]:
    """Return the variance of the sum of independent blocks, given less mean, and their number."""
    count = len(sums)
    return float(sums @ sums) * count / (count - 1), float(count)


def _of_series(sums: Floats) -> tuple[float, float]:
    """Return the variance of the sum of a stationary series, given less its mean.

    See `mean_of_rows`. Also the number of independent blocks that this estimate is worth.
    """
    n = len(sums)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(sums, size)
    products = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)
    pairs = products[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    pairs = pairs[: max(int(ends[0]), 1)] if len(ends) else pairs
    width = max(min(4.0 * len(pairs) - 1, n / FEWEST_BLOCKS), 1.0)
    both_sides = 2 * float(np.minimum.accumulate(pairs).sum()) - float(sums @ sums)
    return both_sides / (1 - width / n), n / width


def _exponential(log: Mean) -> Derived:
    """Return the exponential of a mean: its errors are relative to its value."""
    value = _exp(log.mean)
    return _derived(log, value, value, _exp)


def _root(square: Mean) -> Derived:
    """Return the root of a mean of squares, which has the error se / (2 root)."""
    value = math.sqrt(square.mean)
    slope = 1 / (2 * value) if value else 0.0
    return _derived(square, value, slope, lambda limit: math.sqrt(max(limit, 0.0)))


def _moved(mean: Mean, value: float) -> Derived:
    """Return a value with the errors of a mean that differs from it by a constant."""
    return _derived(mean, value, 1.0, lambda limit: value + (limit - mean.mean))


def _derived(
    mean: Mean, value: float, slope: float, function: Callable[[float], float]
) -> Derived:
    """Return a function of a mean, of which its value and its slope at the mean are known."""
    error, plain = mean.standard_error, mean.standard_error_independent
    low, high = mean.low, mean.high
    if error is None or plain is None or low is None or high is None or math.isinf(value):
        return Derived(value)
    return Derived(value, slope * error, slope * plain, function(low), function(high))


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _correlation(x: Floats, y: Floats) -> float | None:
    """Return Pearson's correlation of two finite series, neither of which is constant."""
    if math.isinf(x.max()) or math.isinf(y.max()) or x.min() == x.max() or y.min() == y.max():
        return None
    a, b = x - x.mean(), y - y.mean()
    return max(-1.0, min(float(a @ b) / math.sqrt(float(a @ a) * float(b @ b)), 1.0))
