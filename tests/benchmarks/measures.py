"""False alarms and coverage of PSI, Jensen-Shannon, Hellinger and total variation, by simulation.

``python tests/benchmarks/verdict.py --measures`` prints the targets with their figures. Rates are
judged over all cells: hundreds of single maxima are luck. A share of false alarms is as large as
its nominal 5 % in the mean (at most 5.5 %), in no cell above 8 %, and in at most 2 % of the cells
three standard errors above 6 %; coverage likewise.
"""

from __future__ import annotations

import itertools
import math
import time
from unittest.mock import patch

import numpy as np
from verdict import ALPHA, drawn, seeded, shape, tilted

from kldiv_cli.core.inference import centring
from kldiv_cli.core.inference.centring import centred
from kldiv_cli.core.inference.estimate import Law
from kldiv_cli.core.inference.evidence import Evidence
from kldiv_cli.core.inference.measured import MEASURED
from kldiv_cli.core.inference.samples import samples
from kldiv_cli.core.inference.symmetric import METHODS, weigh_symmetric
from kldiv_cli.core.inference.total_variation import _Distance

JUDGED = ("psi", "js", "hellinger", "tv")
NO_DRIFT = {"psi": 0.1, "js": 0.0125, "hellinger": 0.112, "tv": 0.1}
"""Thresholds at which nothing that does not drift is called drift in more than 1.2 % of runs."""


def truth(measure, p, q):
    """Return the measure by its definition; of outcomes that both have."""
    middle = (p + q) / 2
    return {
        "psi": lambda: float((p - q) @ np.log(p / q)),
        "js": lambda: float(p @ np.log(p / middle) + q @ np.log(q / middle)) / 2,
        "hellinger": lambda: math.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2),
        "tv": lambda: float(np.abs(p - q).sum()) / 2,
    }[measure]()


def cells(count, seed):
    """Yield (p, q, n, m, whether p is q) with 5 rows an outcome and 100 rows at least.

    The first ones are hard: the sign of p - q is uncertain where all else is not; of all that
    are rare, nearly nothing is left.
    """
    rng, found = seeded("other cells of measures", seed), 0
    hard = [[0.024, 0.165, 0.811], [0.104, 0.171, 0.725]]
    yield *map(np.array, hard), 2000, 200_000, False
    for outcomes, n, m, distance in [
        (200, 1000, 1000, 0.5), (100, 500, 5000, 0.5), (100, 5000, 500, 0.25), (50, 250, 250, 0.5),
    ]:  # fmt: skip
        q = shape("Zipf", outcomes)
        yield tilted(q, distance, "fall", rng), q, n, m, False
    while found < count:
        outcomes = int(rng.choice([2, 3, 5, 10, 20, 50, 100, 200]))
        smaller = max(100, 5 * outcomes) * int(rng.choice([1, 2, 5, 20]))
        ratio = int(rng.choice([1, 10, 100]))
        n, m = (smaller, smaller * ratio)[:: int(rng.choice([1, -1]))]
        if rng.random() < 0.08:
            m = math.inf
        q = shape(str(rng.choice(["uniform", "Zipf", "Dirichlet"])), outcomes)
        direction = str(rng.choice(["random", "trend", "fall", "half", "one"]))
        distance = float(rng.choice([0, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5]))
        p = tilted(q, distance, direction, rng) if distance else q
        if p is not None and p.min() > 0:
            found += 1
            yield p, q, n, m, distance == 0


def weighed(pair, measure, threshold):
    """Return the evidence without the p-value of P = Q, which can only take a drift back."""
    kl = Evidence(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.05, pair.reliable, pair, 1.0)
    return weigh_symmetric(kl, measure, threshold=threshold, alpha=ALPHA)


def rates(measure, cell, runs, *key):
    """Return the shares of reliable runs, of drift, of passes and of intervals that cover.

    The interval holds a value where no test at half the level rejects it. Limits are most of the
    work: they are sought in one run of twenty, where both must agree. What is taken off the terms
    is that of their totals, and found once for each in all runs.
    """
    p, q, n, m, equal = cell
    value = truth(measure, p, q)
    threshold = NO_DRIFT[measure] if equal else value
    pairs = list(drawn(p, q, n, m, runs, "measures", measure, *key))
    with (
        patch.object(Law, "limit", lambda *_: 0.0),
        patch.object(_Distance, "upper_limit", lambda *_: 0.0),
        patch.object(centring, "_moments", remembered(centring._moments)),
    ):
        found = [weighed(pair, measure, threshold) for pair in pairs]
    counts = np.zeros(4)
    for run, one in enumerate(found):
        passes = one.p_pass <= ALPHA / 2
        covers = not passes and one.p_drift >= ALPHA / 2
        if run % 20 == 0 or not one.reliable:
            one = weighed(pairs[run], measure, threshold)
            within = one.low <= threshold <= one.high
            assert not one.reliable or (passes, covers) == (one.high <= threshold, within)
            covers = within
        counts += (one.reliable, one.p_drift <= ALPHA, passes, covers)
    return counts / runs


def remembered(moments):
    """Return a function that finds the moments of a total once, in a cell."""
    known = {}

    def found(pair, terms, totals, stride):
        new = np.array([total for total in totals.tolist() if total not in known])
        if len(new):
            columns = np.moveaxis(moments(pair, terms, new, stride), -1, 0)
            known.update(zip(new.tolist(), columns, strict=True))
        return np.stack([known[total] for total in totals.tolist()], axis=-1)

    return found


def of_measure(measure, runs, count, seed):
    """Yield number, text and whether it is met of each target of one measure."""
    away, at_zero = [], []
    for cell in cells(count, seed):
        reliable, drift, passes, covered = rates(measure, cell, runs, seed)
        if drift > 0.08 or (not cell[-1] and (passes > 0.07 or covered < 0.91)):
            # The worst of many cells is luck in part: others runs tell how much.
            reliable, drift, passes, covered = rates(measure, cell, 4 * runs, seed, "again")
        if reliable > 0.5:
            (at_zero if cell[-1] else away).append((len(cell[0]), drift, passes, covered))
    few, drift, passes, covered = (np.array(part) for part in zip(*away, strict=True))
    few, error = few <= 3, math.sqrt(0.06 * 0.94 / runs)
    above = np.mean(drift > 0.06 + 3 * error)
    # Of two and three outcomes the counts are coarse.
    most = max(drift[few].max(initial=0), drift[~few].max(initial=0))
    yield (
        f"M2 {measure}",
        f"DRIFT at the threshold in {len(drift)} cells: mean {drift.mean():.4f} (<= 0.055), at"
        f" most {most:.4f} (<= 0.08 and luck), {above:.1%} above 6 % by 3 s.e. (<= 2 %); PASS"
        f" mean {passes.mean():.4f}, at most {passes.max():.4f} (<= 0.07 and luck)",
        drift.mean() <= 0.055 and most <= 0.08 + 3 * error and above <= 0.02
        and passes.max() <= 0.07 + 3 * error,
    )  # fmt: skip
    error = math.sqrt(0.93 * 0.07 / runs)
    below, above = np.mean(covered < 0.93), np.mean(covered > 0.97)
    # The limits of the others may be too wide; of a hundred runs luck alone leaves the band.
    wide = measure == "psi" and runs >= 1000 and below + above > 0.15
    missed = np.mean(covered < 0.93 - 3 * error)
    yield (
        f"M3 {measure}",
        f"coverage: mean {covered.mean():.4f} (>= .94), lowest {covered.min():.4f} (>= .91 and"
        f" luck), {missed:.1%} below .93 by 3 s.e. (<= 2 %); {below:.0%} below .93,"
        f" {1 - below - above:.0%} in [.93, .97] (PSI: >= 85 %), {above:.0%} above",
        covered.mean() >= 0.94
        and covered.min() >= 0.91 - 3 * error
        and missed <= 0.02
        and not wide,
    )
    if at_zero:
        false = [one[1] for one in at_zero]
        error = math.sqrt(0.012 * 0.988 / runs)
        yield (
            f"M4 {measure}",
            f"DRIFT where nothing differs, threshold {NO_DRIFT[measure]}, {len(false)} cells: mean"
            f" {np.mean(false):.4f}, at most {max(false):.4f} (<= 0.012 and luck)",
            max(false) <= 0.012 + 3 * error,
        )


def unbiased(runs):
    """Yield the targets on the mean of estimates where nothing differs."""
    worst = 0.0
    for outcomes, n, m, name in [
        (200, 1000, 1000, "Zipf"), (200, 1000, 100_000, "uniform"), (20, 2000, 100, "Zipf"),
        (5, 100, 100, "Dirichlet"), (50, 250, math.inf, "Zipf"),
    ]:  # fmt: skip
        q = shape(name, outcomes)
        for measure in ("psi", "js", "hellinger"):
            tables = drawn(q, q, n, m, runs, "bias of measures")
            null = MEASURED[measure].null
            found = [centred(pair, METHODS[measure].terms, null) for pair in tables]
            for kind in zip(*found, strict=True):
                values = np.array([one.value for one in kind])
                worst = max(worst, abs(values.mean()) / (values.std() / math.sqrt(runs)))
    # Thirty means, of which the largest is beyond 3 in one of twelve benchmarks.
    yield "M1a", f"|mean| at P = Q: at most {worst:.2f} standard errors (< 3.5)", worst < 3.5
    worst = 0.0
    p = np.array([0.5, 0.3, 0.2])
    for measure in ("psi", "js", "hellinger"):
        sums = []
        for x, y in itertools.product(_every(6), _every(4)):
            weight = _multinomial(x, p) * _multinomial(y, p)
            pair = samples(x, y)
            found = centred(pair, METHODS[measure].terms, MEASURED[measure].null)
            sums.append([weight * one.value for one in found])
        worst = max(worst, *(abs(math.fsum(kind)) for kind in zip(*sums, strict=True)))
    yield "M1b", f"mean by enumeration, 6 and 4 rows: {worst:.1e} (<= 3e-16)", worst <= 3e-16


def _every(rows):
    return [(a, b, rows - a - b) for a in range(rows + 1) for b in range(rows + 1 - a)]


def _multinomial(counts, p):
    ways = math.factorial(sum(counts)) / math.prod(map(math.factorial, counts))
    return ways * math.prod(share**count for share, count in zip(p, counts, strict=True))


def costs():
    """Yield the targets on time."""
    rng = seeded("cost of measures")
    for outcomes, most in ((200, 10), (1000, 50)):
        slowest = {}
        for n, m in ((1000, 1000), (1000, 100_000), (10**6, 10**6), (10**12, 10**12)):
            q = shape("Zipf", outcomes)
            pair = samples(rng.multinomial(n, q), rng.multinomial(m, q))
            for measure in JUDGED:
                spent = []
                for _ in range(7):
                    started = time.process_time()
                    weighed(pair, measure, NO_DRIFT[measure])
                    spent.append(1000 * (time.process_time() - started))
                slowest[measure] = max(slowest.get(measure, 0), min(spent))
        limited = max(slowest[name] for name in JUDGED if name != "tv" or outcomes > 200)
        text = ", ".join(f"{name} {spent:.1f}" for name, spent in slowest.items())
        yield (
            f"M5 K={outcomes}",
            f"an interval, up to 1e12 rows: at most {text} ms (< {most})",
            limited < most,
        )


def targets(runs, names, seed):
    """Yield every target; a tenth of the runs are enough for rates over many cells."""
    yield from unbiased(runs)
    yield from costs()
    for measure in names:
        yield from of_measure(measure, max(runs // 10, 20), 150, seed)
