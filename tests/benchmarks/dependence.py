"""What becomes of the verdict where rows are not independent: the table of docs/assumptions.md.

2,000 rows against 2,000, counted in ten bins; each row resembles the one before it (a series with
an autocorrelation), or the other rows of its group. The p-value of no difference, and DRIFT and
PASS where the divergence is exactly the limit, are wrong at most once in twenty if rows are
independent::

    python tests/benchmarks/dependence.py    # some minutes on one core
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from verdict import ALPHA, TAU, kl, seeded

from kldiv_cli.core.inference.evidence import weigh
from kldiv_cli.core.inference.samples import samples

ROWS, RUNS = 2000, 1000
NORMAL = NormalDist()
EDGES = np.array([NORMAL.inv_cdf(share / 10) for share in range(1, 10)])


def main():
    shift = shift_of(TAU)
    print("| rows | p ≤ 0.05, no difference | DRIFT, no difference | DRIFT at the limit"
          " | PASS at the limit |\n|---|--:|--:|--:|--:|")  # fmt: skip
    for name, draw in CASES.items():
        rng = seeded("dependence", name)
        alike = [weigh(table(draw, rng, 0.0), max_kl=TAU) for _ in range(RUNS)]
        apart = [weigh(table(draw, rng, shift), max_kl=TAU) for _ in range(RUNS)]
        shares = (
            np.mean([one.p_value <= ALPHA for one in alike]),
            np.mean([one.p_drift <= ALPHA for one in alike]),
            np.mean([one.p_drift <= ALPHA for one in apart]),
            np.mean([one.p_pass <= ALPHA and one.high <= TAU for one in apart]),
        )
        print(
            f"| {name} |", " | ".join(f"{100 * share:.2g} %" for share in shares), "|", flush=True
        )


def series(correlation):
    """Return a draw of rows each of which has this correlation with the one before it."""

    def draw(rng):
        steps = math.sqrt(1 - correlation**2) * rng.normal(size=ROWS)
        values = np.empty(ROWS)
        values[0] = rng.normal()
        for i in range(1, ROWS):
            values[i] = correlation * values[i - 1] + steps[i]
        return values

    return draw


def groups(size, correlation):
    """Return a draw of groups of rows, two of which have this correlation."""

    def draw(rng):
        shared = np.repeat(rng.normal(size=ROWS // size), size)
        return math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * rng.normal(size=ROWS)

    return draw


CASES = {
    "independent": series(0.0),
    "autocorrelation 0.3": series(0.3),
    "autocorrelation 0.6": series(0.6),
    "autocorrelation 0.9": series(0.9),
    "groups of 5 rows, correlation 0.5": groups(5, 0.5),
    "groups of 20 rows, correlation 0.1": groups(20, 0.1),
    "groups of 20 rows, correlation 0.5": groups(20, 0.5),
}


def table(draw, rng, shift):
    """Return the counts of rows that are shifted, and of rows that are not."""
    sides = (draw(rng) + shift, draw(rng))
    return samples(*(np.bincount(np.searchsorted(EDGES, side), minlength=10) for side in sides))


def shift_of(limit):
    """Return the shift whose divergence, in the ten bins, is the limit."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        below = np.array([0, *(NORMAL.cdf(edge - middle) for edge in EDGES), 1])
        low, high = (
            (middle, high) if kl(np.diff(below), np.full(10, 0.1)) < limit else (low, middle)
        )
    return low


if __name__ == "__main__":
    main()
