"""False alarms of the verdict where rows depend on each other, or weigh: the targets of both.

The parts ``--dependent`` and ``--weights`` of `verdict`. Rows of ten deciles, or of labels, are
drawn in series or clusters, without a difference and where the divergence is exactly the limit.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from kldiv_cli.core.inference.cross_table import CrossTable, Entries
from kldiv_cli.core.inference.dependence import LEVEL, chance, designed, effect
from kldiv_cli.core.inference.design import weigh_design
from kldiv_cli.core.inference.samples import samples

TAU = ALPHA = 0.05
NORMAL = NormalDist()
EDGES = np.array([NORMAL.inv_cdf(share / 10) for share in range(1, 10)])
SCORES = np.arange(10.0)
BLOCKS = 20
DEPENDENT = (
    ("independent, 2,000 rows", "series", 0.0, 2000),
    ("autocorrelation .3, 2,000 rows", "series", 0.3, 2000),
    ("autocorrelation .6, 2,000 rows", "series", 0.6, 2000),
    ("autocorrelation .9, 10,000 rows", "series", 0.9, 10_000),
    ("800 clusters of 5, correlation .5", "clusters", (5, 0.5), 4000),
    ("200 clusters of 20, correlation .1", "clusters", (20, 0.1), 4000),
    ("200 clusters of 20, correlation .5", "clusters", (20, 0.5), 4000),
)
"""Name, kind, correlation and rows of the cells of ten deciles."""


def series(rng, correlation, rows):
    """Return a series of standard normal values, and its blocks."""
    steps = math.sqrt(1 - correlation**2) * rng.normal(size=rows)
    steps[0] = rng.normal()
    values = steps
    if correlation:
        values = np.empty(rows)
        last = 0.0
        for i, step in enumerate(steps.tolist()):
            last = correlation * last + step
            values[i] = last
    return values, np.arange(rows) * BLOCKS // rows


def clusters(rng, size_and_correlation, rows):
    """Return standard normal values that resemble those of their cluster, and the clusters."""
    size, correlation = size_and_correlation
    own = rng.normal(size=rows // size).repeat(size)
    rest = rng.normal(size=rows)
    values = math.sqrt(correlation) * own + math.sqrt(1 - correlation) * rest
    return values, np.arange(rows) // size


def crossed(values, groups):
    """Return deciles by groups."""
    outcomes = np.searchsorted(EDGES, values)
    ones = np.ones(len(values), np.int64)
    entries = Entries(outcomes.astype(np.int64), groups.astype(np.int64), ones)
    return CrossTable(entries, len(EDGES) + 1, int(groups.max()) + 1).summed()


def shift_of(divergence):
    """Return the shift of a normal variable whose deciles then differ by D(P || Q)."""

    def apart(shift):
        ends = [-math.inf, *(EDGES - shift), math.inf]
        shares = np.diff([NORMAL.cdf(end) if abs(end) < 40 else end > 0 for end in ends])
        return float(shares @ np.log(shares * 10))

    low, high = 0.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if apart(middle) < divergence else (low, middle)
    return low


def rates(name, draw, how, rows, runs, rng, shift):
    """Return the shares of runs with p0 <= alpha, DRIFT and PASS at the limit, and warnings."""
    found = []
    for _ in range(runs):
        reference, groups = draw(rng, how, rows)
        alike, of_alike = draw(rng, how, rows)
        apart, of_apart = draw(rng, how, rows)
        q = crossed(reference, groups)
        without, at_limit = (
            evidence(crossed(values, own), q)
            for values, own in ((alike, of_alike), (apart + shift, of_apart))
        )
        blocks = np.arange(rows) * BLOCKS // rows
        effects = (
            effect(crossed(alike, blocks), SCORES),
            effect(crossed(reference, blocks), SCORES),
        )
        found.append((
            without.p_value <= ALPHA,
            without.p_drift <= ALPHA,
            at_limit.p_drift <= ALPHA,
            at_limit.p_pass <= ALPHA and at_limit.high <= TAU,
            at_limit.low <= TAU <= at_limit.high,
            chance(effects, ordered=True) <= LEVEL,
        ))  # fmt: skip
    return np.mean(found, axis=0)


def evidence(p, q):
    """Return the evidence on D(P || Q) of two cross tables."""
    counts = samples(p.n.sum(axis=1).astype(float), q.n.sum(axis=1).astype(float))
    design = designed(counts, (p, q), SCORES)
    return weigh_design(design, "kl", threshold=TAU, alpha=ALPHA)


def dependent(runs, seeded, target):
    """Print the rates of all cells, and judge the targets."""
    shift = shift_of(TAU)
    print("| rows | p ≤ 0.05 | DRIFT, none | DRIFT at the limit | PASS at the limit | covered"
          " | warned |\n|---|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    found = {}
    for name, kind, how, rows in DEPENDENT:
        draw = series if kind == "series" else clusters
        rng = seeded("dependent", name)
        found[name] = rates(name, draw, how, rows, runs, rng, shift)
        cells = " | ".join(f"{100 * share:.1f} %" for share in found[name])
        print(f"| {name} | {cells} |", flush=True)
    independent, series_6 = found[DEPENDENT[0][0]], found[DEPENDENT[2][0]]
    p0, _, drift, passed, _, warned = series_6
    text = f"autocorrelation .6: p0 {p0:.3f} (<= .07), DRIFT {drift:.3f} (<= .08), PASS"
    target(
        "dependence",
        f"{text} {passed:.3f} (<= .05)",
        p0 <= 0.07 and drift <= 0.08 and passed <= 0.05,
    )
    text = f"warned {warned:.3f} (>= .95); independent rows {independent[-1]:.4f} (<= .01)"
    target("warnings", text, warned >= 0.95 and independent[-1] <= 0.01)
