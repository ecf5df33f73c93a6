"""False alarms and coverage of verdicts on rows that weigh, by simulation.

2,000 rows a side whose weights are lognormal, more or less bound to the outcome, in 5 to 20
outcomes of three shapes: 81 cells, each for KL and the Jensen-Shannon divergence. For each, what
becomes of p0, DRIFT and PASS where nothing differs, and where the weighted shares are apart by
exactly the limit; beside it, what counting the rows alone, or a test that takes the effective
rows for rows, would say::

    python tests/benchmarks/weights.py                  # three minutes on one core
    python tests/benchmarks/weights.py --runs 40        # some 15 seconds, too few runs to judge by
    python tests/benchmarks/weights.py --rows 2000 500  # other sides

The exit code is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import zlib

import numpy as np

from kldiv_cli.core.inference.chisquare import noncentral_cdf
from kldiv_cli.core.inference.design import DIVERGENCES, weigh_design
from kldiv_cli.core.inference.weighted import Weights, weighted

ALPHA = 0.05
LIMITS = {"kl": 0.05, "js": 0.0125}
SIGMAS, CORRELATIONS, OUTCOMES = (0.5, 1.0, 1.5), (0.0, 0.6, 1.0), (5, 10, 20)
SHAPES = ("uniform", "Zipf", "Dirichlet")
FIGURES = ("p0", "DRIFT at 0", "DRIFT at the limit", "PASS at the limit", "covered")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=400, help="of each cell")
    parser.add_argument("--rows", type=int, nargs=2, default=(2000, 2000), help="of P and of Q")
    options = parser.parse_args()
    cells = itertools.product(SIGMAS, CORRELATIONS, OUTCOMES, SHAPES)
    found = {cell: rates(cell, options.runs, options.rows) for cell in cells}
    print("| sigma | measure | of cells |", " | ".join(FIGURES), "| p0 of counts | of Kish |")
    print("|--:|---|---|" + "--:|" * (len(FIGURES) + 2))
    for sigma, measure in itertools.product(SIGMAS, LIMITS):
        of_sigma = [found[cell] for cell in found if cell[0] == sigma]
        rows = np.array([[*each[measure], *each["plain"]] for each in of_sigma])
        worst = rows.max(axis=0)
        worst[4] = rows[:, 4].min()
        for name, row in (("the mean", rows.mean(axis=0)), ("the worst", worst)):
            print(f"| {sigma} | {measure} | {name} |", " | ".join(f"{x:.3f}" for x in row), "|")
    return not judged(found, options.runs)


def judged(found, runs):
    """Print whether each target is met: a mean, a largest, and few cells clearly above."""
    low = [cell for cell in found if cell[0] <= 1]
    met = True
    for place, most in ((0, 0.09), (2, 0.07), (3, 0.05)):
        rates_ = np.array([found[cell][name][place] for cell in low for name in LIMITS])
        error = math.sqrt(most * (1 - most) / runs)
        clearly = np.mean(rates_ > most + 3 * error)
        fine = rates_.mean() <= 0.055 and clearly <= 0.02
        print(
            f"{'met   ' if fine else 'MISSED'} {FIGURES[place]}, sigma <= 1: mean"
            f" {rates_.mean():.3f} (<= .055), largest {rates_.max():.3f}, more than 3 standard"
            f" errors above {most}: {clearly:.1%} of cells (<= 2 %)"
        )
        met = met and bool(fine)
    covered = np.array([found[cell][name][4] for cell in low for name in LIMITS])
    below = np.mean(covered < 0.93 - 3 * math.sqrt(0.93 * 0.07 / runs))
    fine = covered.mean() >= 0.94 and below <= 0.02
    print(
        f"{'met   ' if fine else 'MISSED'} covered, sigma <= 1: mean {covered.mean():.3f}"
        f" (>= .94), lowest {covered.min():.3f}, 3 standard errors below .93: {below:.1%} (<= 2 %)"
    )
    return met and bool(fine)


def rates(cell, runs, rows):
    """Return what became of the runs of a cell, by measure."""
    sigma, correlation, outcomes, shape = cell
    rng = np.random.default_rng(zlib.crc32(repr(cell).encode()))
    n, m = rows
    target = shares_of(shape, outcomes)
    law = sigma, correlation, scores_of(target)
    q = draws(rng, target, law, m, runs)
    alike = draws(rng, target, law, n, runs)
    found = {"plain": plain(alike, q)}
    for measure, limit in LIMITS.items():
        apart = draws(rng, tilted(target, measure, limit), law, n, runs)
        outcome = []
        for place in range(runs):
            none, at = (
                weigh_design(weighted(p[place], q[place]), measure, threshold=limit, alpha=ALPHA)
                for p in (alike, apart)
            )
            outcome.append((
                none.p_value <= ALPHA,
                none.p_drift <= ALPHA,
                at.p_drift <= ALPHA,
                at.p_pass <= ALPHA and at.high <= limit,
                at.low <= limit <= at.high,
            ))  # fmt: skip
        found[measure] = np.mean(outcome, axis=0)
    return found


def plain(p, q):
    """Return how often P = Q is rejected by weights as counts, and by effective rows."""
    found = []
    for x, y in zip(p, q, strict=True):
        sizes = (x.rows, y.rows), (x.n_effective, y.n_effective)
        found.append([_rejected(x.shares, y.shares, *both) for both in sizes])
    return np.mean(found, axis=0)


def _rejected(p, q, n, m):
    pooled = (n * p + m * q) / (n + m)
    seen = pooled > 0
    statistic = float(((p - q)[seen] ** 2 / pooled[seen]).sum()) / (1 / n + 1 / m)
    return 1 - noncentral_cdf(statistic, np.count_nonzero(seen) - 1, 0.0) <= ALPHA


def shares_of(shape, outcomes):
    weights = {
        "uniform": np.ones(outcomes),
        "Zipf": 1 / np.arange(1, outcomes + 1),
        "Dirichlet": np.random.default_rng(outcomes).dirichlet(np.full(outcomes, 2.0)) + 0.01,
    }[shape]
    return weights / weights.sum()


def scores_of(shares):
    """Return places of outcomes, of mean 0 and variance 1."""
    places = np.arange(len(shares), dtype=float)
    places -= shares @ places
    return places / math.sqrt(shares @ places**2)


def tilted(shares, measure, limit):
    """Return shares that are apart from others by a limit, by a trend over the outcomes."""
    scores = scores_of(shares)

    def moved(by):
        found = shares * np.exp(by * scores)
        return found / found.sum()

    low, high = 0.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        value = DIVERGENCES[measure].value(moved(middle), shares)
        low, high = (middle, high) if value < limit else (low, middle)
    return moved(low)


def draws(rng, target, law, rows, runs):
    """Return weights of samples whose weighted shares are those of `target`."""
    sigma, correlation, scores = law
    outcomes = len(target)
    # What outcomes weigh in the mean: rows of heavy ones are fewer.
    means = np.exp(sigma * correlation * scores)
    chance = target / means
    found = rng.choice(outcomes, size=(runs, rows), p=chance / chance.sum())
    own = math.sqrt(1 - correlation**2) * rng.normal(size=(runs, rows))
    weights = np.exp(sigma * (correlation * scores[found] + own))
    places = found + outcomes * np.arange(runs)[:, None]
    sums = [
        np.bincount(places.ravel(), each.ravel(), outcomes * runs).reshape(runs, outcomes)
        for each in (weights, weights**2)
    ]
    return [Weights(w / w.sum(), s / w.sum() ** 2, rows) for w, s in zip(*sums, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
