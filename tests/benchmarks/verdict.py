"""False alarms, coverage and power of the verdict, by simulation.

Each target is printed with the figure that was found: a cell whose share of false alarms
exceeds its limit is run again, with other seeds and four times as many runs, and that
figure counts (of fifty cells with a true 5 %, one exceeds 6 % by chance in 2,000 runs). A
Markdown table sets the verdict beside a textbook PSI (and Evidently, sqllocks-shape and
shiftcheck, where they are installed) on the same samples::

    python tests/benchmarks/verdict.py            # about 12 minutes on one core
    python tests/benchmarks/verdict.py --quick    # about a minute, too few runs to judge by
    python tests/benchmarks/verdict.py --measures # the targets of PSI, JS and the others alone
    python tests/benchmarks/verdict.py --measures psi --runs 10000 --seed more  # other cells
    python tests/benchmarks/verdict.py --dependent    # rows that depend on each other alone
    python tests/benchmarks/verdict.py --rivals   # the table alone; pip install -e '.[rivals]'

The exit code is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import tracemalloc
import zlib
from functools import partial
from importlib import metadata

import designs
import numpy as np

from kldiv_cli.core.counts import count_numbers, pooled_bins
from kldiv_cli.core.inference import evidence
from kldiv_cli.core.inference.estimate import (
    correction,
    divergence,
    kullback_leibler,
    variance_curve,
)
from kldiv_cli.core.inference.p_values import PValue
from kldiv_cli.core.inference.resampling import difference_p_value
from kldiv_cli.core.inference.samples import MIN_ROWS, MOST_HIDDEN, samples
from kldiv_cli.core.inference.truncation import estimated_surprisal
from kldiv_cli.core.inference.verdict import judge

TAU = ALPHA = 0.05
MISSED = []


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    parser.add_argument("--rivals", action="store_true", help="the table beside others alone")
    parser.add_argument("--measures", nargs="*", help="the other measures alone, or these of them")
    parser.add_argument("--dependent", action="store_true", help="rows that depend alone")
    parser.add_argument("--runs", type=int, help="how many of a cell, 2000 by default")
    parser.add_argument("--seed", default="", help="any word draws other cells of other measures")
    options = parser.parse_args()
    runs = options.runs or (200 if options.quick else 2000)
    measures = partial(others, names=options.measures, seed=options.seed)
    parts = (
        *(size, decisions, unbiased, sparse_column, large_counts, costs),
        *(measures, dependent, comparison),
    )
    asked_for = (
        (comparison, options.rivals),
        (measures, options.measures is not None),
        (dependent, options.dependent),
    )
    chosen = [part for part, asked in asked_for if asked]
    for part in chosen or parts:
        started = time.perf_counter()
        part(runs)
        print(f"[{time.perf_counter() - started:.0f} s]\n", flush=True)
    print("missed:", ", ".join(map(str, MISSED)) or "none")
    return bool(MISSED)


def dependent(runs):
    designs.dependent(runs, seeded, target)


def target(number, text, met):
    print(f"{'met   ' if met else 'MISSED'} {number}. {text}")
    if not met:
        MISSED.append(number)


def seeded(*key):
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


# Shapes, and distributions at a given divergence from them.


def shape(name, outcomes):
    weights = {
        "uniform": np.ones(outcomes),
        "Zipf": 1 / np.arange(1, outcomes + 1),
        "Dirichlet": seeded(name, outcomes).dirichlet(np.ones(outcomes)) + 1e-5,
    }[name]
    return weights / weights.sum()


def kl(p, q):
    return float(p @ np.log(p / q))


def tilted(q, distance, direction, rng):
    """Return p = q e^(t d) / Z with D(p || q) = distance, or None if it is never so large."""
    outcomes = len(q)
    d = {
        "random": rng.standard_normal(outcomes),
        "trend": np.linspace(-1, 1, outcomes),
        "fall": np.linspace(1, -1, outcomes),
        "half": np.arange(outcomes) % 2.0,
        "one": (np.arange(outcomes) == rng.integers(outcomes)) + 0.0,
    }[direction]

    def member(t):
        weights = q * np.exp(t * (d - d.max()))
        return weights / weights.sum()

    low, high = 0.0, 40.0
    if not kl(np.maximum(member(high), 1e-300), q) > distance:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if kl(member(middle), q) < distance else (low, middle)
    return member(low)


def drawn(p, q, n, m, runs, *key):
    """Yield so many tables of n rows from p and m rows from q, or q itself."""
    rng = seeded("tables", n, m, tuple(p[:3]), *key)
    for _ in range(runs):
        y = q if math.isinf(m) else rng.multinomial(m, q)
        yield samples(rng.multinomial(n, p), y, known=(False, math.isinf(m)))


# 1. The size of p0.


def size(runs):
    print(f"p0 where nothing differs, alpha {ALPHA}, {runs} runs a cell")
    print("  K     n        m        shape      size   by")
    cells = [
        (outcomes, n, m, name)
        for outcomes, n, m in [
            (2, 30, 30), (2, 300, 30), (2, 10_000, 10_000), (5, 40, 1000), (10, 30, 30),
            (10, 30, 3000), (10, 700, 350), (10, 100_000, 100_000), (50, 60, 240),
            (100, 100, 100), (100, 3000, 300), (100, 20_000, 50_000), (400, 150, 350),
            (1000, 300, 300), (1000, 100_000, 60_000),
        ]
        for name in ("uniform", "Zipf")
    ]  # fmt: skip
    cells += [(1000, 500, math.inf, "Zipf"), (20, 60, math.inf, "uniform")]
    worst = 0.0
    for outcomes, n, m, name in cells:
        q = shape(name, outcomes)

        def alarms_in(runs, key, n=n, m=m, q=q):
            tables = drawn(q, q, n, m, runs, key)
            return np.mean([difference_p_value(one).value <= ALPHA for one in tables])

        alarms = alarms_in(runs, "size")
        if alarms > 0.06:
            print(f"  {outcomes:<5} {n:<8} {m:<8} {name:<10} {alarms:.4f} and again:")
            alarms = alarms_in(4 * runs, "size again")
        worst = max(worst, alarms)
        by = "Monte Carlo" if (q * min(n, m)).min() < 5 else "chi-square"
        print(f"  {outcomes:<5} {n:<8} {m:<8} {name:<10} {alarms:.4f} {by}", flush=True)
    target(1, f"size of p0: at most {worst:.4f} over {len(cells)} cells (<= 0.06)", worst <= 0.06)


# 2 to 4. Decisions and coverage.


def cells():
    """Yield (K, n, m, shape, direction, divergence): cells at random, and hard ones."""
    rng, count = seeded("cells"), 0
    while count < 90:
        outcomes = int(rng.choice([2, 3, 7, 15, 40, 120, 350, 1000]))
        n = int(10 ** rng.uniform(math.log10(30), 5))
        m = int(np.clip(n * 10 ** rng.uniform(-1.5, 1.5), 30, 1e5)) if rng.random() < 0.5 else n
        name = str(rng.choice(["uniform", "Zipf", "Dirichlet"]))
        direction = str(rng.choice(["random", "trend", "half", "one"]))
        distance = float(rng.choice([0, TAU, TAU, TAU, 0.2]))
        if max(n, m) * 0.3 >= outcomes:
            count += 1
            yield outcomes, n, math.inf if rng.random() < 0.1 else m, name, direction, distance
    for n, m in [(3000, 30_000), (6000, math.inf), (6000, 6000), (12_000, 2400), (900, 900)]:
        # All rare outcomes move the same way, where few rows see them.
        yield 1000, n, m, "Zipf", "fall", TAU
        yield 1000, n, m, "Zipf", "trend", TAU
    for outcomes, n, m in [(2, 100, 20_000), (3, 20_000, 100), (50, 100, 50_000), (20, 100, 100)]:
        for name in ("Zipf", "Dirichlet"):
            yield outcomes, n, m, name, "one", TAU


def decisions(runs):
    print(f"verdict at threshold {TAU}, {runs} runs a cell")
    print("  K     n        m        shape     shift    D     reliable  low..high  DRIFT  PASS")
    inside, alarms, outside = [], [], []
    for outcomes, n, m, name, direction, distance in cells():
        q = shape(name, outcomes)
        p = tilted(q, distance, direction, seeded("tilt", n, m)) if distance else q
        if p is None or p.min() == 0:
            continue
        reliable, covered, drift, passed = cell(p, q, n, m, distance, runs)
        if distance == TAU and (drift > 0.06 or passed > 0.07):
            print(f"  {drift:.3f} and {passed:.3f}, again:")
            longer = (distance, 4 * runs, "again")
            reliable, covered, drift, passed = cell(p, q, n, m, *longer)
        print(
            f"  {outcomes:<5} {n:<8} {m:<8} {name:<9} {direction:<8}"
            f" {distance:<5} {reliable:.2f}      {covered:.3f}      {drift:.3f}  {passed:.3f}",
            flush=True,
        )
        if distance == 0:
            alarms.append(drift)
        (inside if reliable > 0.5 else outside).append((distance, covered, drift, passed))
    at_threshold = [one for one in inside if one[0] == TAU]
    worst_drift = max(one[2] for one in at_threshold)
    worst_pass = max(one[3] for one in at_threshold)
    target("2a", f"DRIFT at D = tau: at most {worst_drift:.4f} over {len(at_threshold)} cells"
           f" inside the guard (<= 0.06), mean {np.mean([c[2] for c in at_threshold]):.4f}",
           worst_drift <= 0.06)  # fmt: skip
    target("2b", f"PASS at D = tau: at most {worst_pass:.4f} (<= 0.07)", worst_pass <= 0.07)
    hidden = [one for one in outside if one[0] == TAU]
    target("2c", f"outside the guard, {len(hidden)} cells: DRIFT at most"
           f" {max((c[2] for c in hidden), default=0):.4f} (<= 0.06), PASS at most"
           f" {max((c[3] for c in hidden), default=0):.4f} (<= 0.07)",
           all(c[2] <= 0.06 and c[3] <= 0.07 for c in hidden))  # fmt: skip
    target(3, f"DRIFT at D = 0: at most {max(alarms):.4f} over {len(alarms)} cells (<= 0.01)",
           max(alarms) <= 0.01)  # fmt: skip
    shares = np.array([one[1] for one in inside if one[0]])
    within = np.mean((shares >= 0.93) & (shares <= 0.97))
    target(4, f"coverage at D > 0 inside the guard: {within:.0%} of {len(shares)} cells in"
           f" [.93, .97] (>= 85 %), mean {shares.mean():.4f}, lowest {shares.min():.4f} (>= .91)",
           within >= 0.85 and shares.min() >= 0.91)  # fmt: skip
    null = np.array([one[1] for one in inside if not one[0]])
    print(f"       coverage at D = 0: mean {null.mean():.4f}, lowest {null.min():.4f}")


def cell(p, q, n, m, distance, runs, *key):
    """Return the shares of runs that are reliable, cover the truth, and claim either."""
    counts = np.zeros(4)
    exact_p_value = evidence.difference_p_value
    for both in drawn(p, q, n, m, runs, "cell", *key):
        # p0 can only take a drift back: it is computed where one would be claimed falsely.
        evidence.difference_p_value = lambda *_, **__: PValue(0.0, "exact")
        one = evidence.weigh(both, max_kl=TAU, alpha=ALPHA)
        evidence.difference_p_value = exact_p_value
        if one.p_drift <= ALPHA and distance <= TAU:
            one = evidence.weigh(both, max_kl=TAU, alpha=ALPHA)
        (found,) = judge([one], alpha=ALPHA)
        counts += (
            one.reliable,
            one.low <= distance <= one.high,
            found.verdict == "drift",
            found.verdict == "pass",
        )
    return counts / runs


# 5. Bias.


def unbiased(runs):
    print(f"mean of the estimate where nothing differs, {runs} runs a cell")
    worst = 0.0
    for outcomes, n, m, name in [
        (1000, 200, 10_000, "uniform"), (1000, 200, 10_000, "Zipf"), (1000, 10_000, 200, "Zipf"),
        (300, 100, 100, "uniform"), (1000, 50, 50, "Dirichlet"), (20, 400, 90, "Zipf"),
        (4, 30, 30, "uniform"), (1000, 300, math.inf, "Zipf"),
    ]:  # fmt: skip
        q = shape(name, outcomes)
        pairs = drawn(q, q, n, m, runs, "bias")
        parts = np.array([(divergence(pair), correction(pair)) for pair in pairs])
        values = np.stack([parts[:, 0], parts.sum(axis=1)])
        errors = values.std(axis=1) / math.sqrt(runs)
        ratios = np.abs(values.mean(axis=1)) / errors
        worst = max(worst, ratios.max())
        plain, corrected = (
            f"{mean:+.5f} ({ratio:.1f} s.e.)"
            for mean, ratio in zip(values.mean(axis=1), ratios, strict=True)
        )
        print(f"  K={outcomes:<4} {n:>5}/{m:<6} {name:<9} D_Zm {plain}, corrected {corrected}")
    target(5, f"|mean| at P = Q: at most {worst:.2f} standard errors (< 3)", worst < 3)


# 8. One column among many.


def sparse_column(runs):
    repeats = max(runs // 100, 2)
    found = false = 0
    for repeat in range(repeats):
        rng = seeded("columns", repeat)
        q = shape("Zipf", 1000)
        p = tilted(q, 0.3, "random", rng)
        columns = [(rng.multinomial(1500, p), rng.multinomial(1500, q))]
        columns += [tuple(rng.multinomial(1500, shape("uniform", 12), size=2)) for _ in range(200)]
        found_in = [evidence.weigh(samples(*pair), columns=len(columns)) for pair in columns]
        verdicts = [one.verdict for one in judge(found_in)]
        found += verdicts[0] == "drift"
        false += "drift" in verdicts[1:]
    target(8, f"one drifting sparse column among 200 clean ones: found {found} of {repeats}"
           f" times, any false alarm {false}", found == repeats)  # fmt: skip


# 6 and 7. Costs.


def fastest(function, repeats=7):
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return 1000 * min(times)


def costs(runs):
    del runs
    slowest = 0.0
    cells = [(2, 100, 100), (10, 10_000, 10_000), (1000, 10_000, 300), (1000, 10**6, 10**6)]
    for outcomes, n, m in cells:
        rng, q = seeded("cost", outcomes), shape("Zipf", outcomes)
        pair = samples(rng.multinomial(n, q), rng.multinomial(m, q))

        def interval(pair=pair):
            curve = variance_curve(pair, kullback_leibler, pair.scale / 2)
            model = curve.law(divergence(pair) + correction(pair))
            return model.limit(0.975), model.limit(0.025)

        slowest = max(slowest, fastest(interval))
    target("6a", f"an interval: at most {slowest:.1f} ms (< 50)", slowest < 50)
    q = shape("uniform", 1000)
    x, y = seeded("cost").multinomial(1000, q, size=2)
    spent = fastest(lambda: difference_p_value(samples(x, y)))
    target("6b", f"sparse p0, K = 1000, N = 2000: {spent:.0f} ms (< 250)", spent < 250)


def large_counts(runs):
    del runs
    rng = seeded("large")
    slowest = peak = 0.0
    for ratio in (1, 40, 1 / 40, 1e-6, 1e-9):
        x = np.floor(1e12 * rng.uniform(0.2, 1, 1000))
        y = np.maximum(np.floor(ratio * x), 1)
        pair = samples(x, y)
        slowest = max(slowest, fastest(lambda pair=pair: divergence(pair)))
        tracemalloc.start()
        divergence(pair)
        peak = max(peak, tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    worst = 0.0
    for _ in range(60):
        m = int(10 ** rng.uniform(3, 9))
        order = int(min(10 ** rng.uniform(0, 7), m - 1))
        y = int(min(10 ** rng.uniform(0, 6.3), m - order))
        steps = np.arange(min(y, m - order), dtype=np.longdouble)
        terms = np.exp(np.cumsum(np.log1p(-order / (m - steps)))) / (steps + 1)
        harmonic = [np.sum(1 / np.arange(k, 0, -1, dtype=np.longdouble)) for k in (order, y)]
        direct = float(harmonic[0] - harmonic[1] + np.sum(terms))
        worst = max(worst, abs(direct - estimated_surprisal(np.array([float(y)]), m, order)[0]))
    target("7a", f"counts of 1e12, K = 1000: {slowest:.1f} ms (< 50), {peak:.1f} MB (< 10)",
           slowest < 50 and peak < 10)  # fmt: skip
    target("7b", f"against the sums: at most {worst:.1e} apart (<= 1e-9)", worst <= 1e-9)


# Other measures.


def others(runs, names, seed):
    # It takes the cells from here.
    from measures import JUDGED, targets

    print(f"other measures, {max(runs // 10, 20)} runs a cell")
    for found in targets(runs, names or JUDGED, seed):
        target(*found)
        sys.stdout.flush()


# Beside others, on the same samples.

SHIFTS = {
    "no drift": lambda rng, n: rng.normal(size=n),
    "KL .02 (.2 sd)": lambda rng, n: rng.normal(0.2, 1, size=n),
    "KL .05 (.32 sd)": lambda rng, n: rng.normal(math.sqrt(0.1), 1, size=n),
    "KL .125 (.5 sd)": lambda rng, n: rng.normal(0.5, 1, size=n),
    "KL .22 (sd x 1.5)": lambda rng, n: rng.normal(0, 1.5, size=n),
    "KL .24 (5 % at +4 sd)": lambda rng, n: rng.normal(size=n) + 4 * (rng.random(n) < 0.05),
}


def textbook_psi(current, reference):
    """Deciles of the reference, shares floored at 1e-4; drift from .1 or .25 on."""
    edges = np.quantile(reference, np.arange(1, 10) / 10)
    p, q = (
        np.maximum(np.bincount(np.searchsorted(edges, side), minlength=10) / len(side), 1e-4)
        for side in (current, reference)
    )
    return float((p - q) @ np.log(p / q))


def evidently_drift():
    """Wasserstein distance or a test by the number of rows, with their own limits."""
    import pandas as pd
    from evidently import Report
    from evidently.metrics import ValueDrift

    def drifts(current, reference):
        frames = [pd.DataFrame({"x": side}) for side in (current, reference)]
        metric = Report([ValueDrift(column="x")]).run(*frames).dict()["metrics"][0]
        config, value = metric["config"], float(metric["value"])
        by_p_value = "p_value" in metric["metric_name"]
        limit = float(config["threshold"])
        return value < limit if by_p_value else value >= limit

    return drifts


def shape_drift():
    """Profiles that are compared by mean, spread, range and the distance of their quantiles."""
    import pyarrow as pa
    import shape

    def drifts(current, reference):
        profiles = (shape.profile(pa.table({"x": side})) for side in (reference, current))
        return bool(shape.diff(*profiles).drifted)

    return drifts


def shiftcheck_drift():
    """Its alarm is the test of Kolmogorov and Smirnov at 5 %, whatever is drawn again besides."""
    from shiftcheck import diagnose

    few = {"n_boot": 2, "n_perm": 2, "n_boot_equivalence": 2, "max_n_decomp": 20}

    def drifts(current, reference):
        report = diagnose(reference[:, np.newaxis], current[:, np.newaxis], seed=0, **few)
        return bool(report.marginals["any_detected"])

    return drifts


def rivals():
    """Return a function of current and reference for each of the others that is installed."""
    found = {}
    for name, drift in (
        ("Evidently", evidently_drift),
        ("sqllocks-shape", shape_drift),
        ("shiftcheck", shiftcheck_drift),
    ):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        found[f"{name} {version}, default"] = drift()
    return found


def comparison(runs):
    installed = rivals()
    rows = [100, 300, 1000, 10_000]
    print(f"One numeric column, n rows against n rows, {runs} runs, threshold {TAU} nats,")
    print(f"alpha {ALPHA}. kldiv: DRIFT / PASS / INCONCLUSIVE, others: alarms; all in %.\n")
    names = ["kldiv", "PSI > .1", "PSI > .25", *installed]
    print("| truth | tool | " + " | ".join(f"{n:,}" for n in rows) + " |")
    print("|---" * (len(rows) + 2) + "|")
    for truth, draw in SHIFTS.items():
        found = {name: [] for name in names}
        for n in rows:
            rng = seeded("power", truth, n)
            ours, psi, theirs = [], [], {name: [] for name in installed}
            slow = max(runs // 10, 20)
            for run in range(runs):
                current, reference = draw(rng, n), rng.normal(size=n)
                sides = (count_numbers("x", 0, side) for side in (current, reference))
                bins = pooled_bins(*sides)
                pair = samples(bins.count(current), bins.count(reference))
                one = evidence.weigh(pair, max_kl=TAU, alpha=ALPHA)
                ours.append(judge([one], alpha=ALPHA)[0].verdict)
                psi.append(textbook_psi(current, reference))
                for name, drifts in installed.items() if run < slow else ():
                    theirs[name].append(drifts(current, reference))
            shares = [100 * np.mean([one == word for one in ours])
                      for word in ("drift", "pass", "inconclusive")]  # fmt: skip
            found["kldiv"].append(" / ".join(f"{share:.0f}" for share in shares))
            found["PSI > .1"].append(f"{100 * np.mean(np.array(psi) > 0.1):.0f}")
            found["PSI > .25"].append(f"{100 * np.mean(np.array(psi) > 0.25):.0f}")
            for name, alarms in theirs.items():
                found[name].append(f"{100 * np.mean(alarms):.0f}")
        for name in names:
            label = truth if name == "kldiv" else ""
            print(f"| {label} | {name} | " + " | ".join(found[name]) + " |", flush=True)
    print(f"\nguard: {MIN_ROWS} rows, hidden mass at most {MOST_HIDDEN}")


if __name__ == "__main__":
    sys.exit(main())
