"""False alarms of `check --by`: twenty columns in seven segments, all of them at the limit.

    python tests/benchmarks/segments.py [RUNS] [SEED]     # 1,000 runs take an hour on one core

Each of 300 rows a segment is compared with 5,000 of the same segment of the reference, by
``--max-js 0.0125``. Every column of every segment is drawn at a Jensen-Shannon divergence of
just that, so that each drift is a false alarm, of columns and of segments alike. Runs with any are
counted, which ``--alpha 0.05`` promises to be one in twenty at most; and so it is where all
segments are compared with the same 5,000 rows (shared), which makes their alarms dependent.
"""

from __future__ import annotations

import math
import sys

import numpy as np
from verdict import shape, tilted

from kldiv_cli.core.divergences import divergences
from kldiv_cli.core.inference.cross_table import CrossTable, Entries
from kldiv_cli.core.judging import Limits
from kldiv_cli.core.pair import Pair
from kldiv_cli.core.segments import judged

COLUMNS, SEGMENTS, CURRENT, REFERENCE, TAU = 20, 7, 300, 5000, 0.0125
SHAPES = [(name, size) for name in ("uniform", "Zipf", "Dirichlet") for size in (2, 5, 10, 30)]
DIRECTIONS = ("random", "trend", "fall", "half", "one")


def js(p, q):
    return divergences(p, q, measures=("js",))["js"]


def at_limit(q, direction, rng):
    """Return a distribution whose Jensen-Shannon divergence from q is the limit; None if none."""
    state = rng.bit_generator.state
    low, high = TAU, 40 * TAU
    for _ in range(50):
        middle = math.sqrt(low * high)
        rng.bit_generator.state = state
        p = tilted(q, middle, direction, rng)
        low, high = (middle, high) if p is not None and js(p, q) < TAU else (low, middle)
    return p if p is not None and abs(js(p, q) - TAU) < 1e-9 else None


def columns(rng):
    """Return pairs of distributions, one for each column, at the limit."""
    found = []
    while len(found) < COLUMNS:
        q = shape(*SHAPES[len(found) % len(SHAPES)])
        p = at_limit(q, DIRECTIONS[rng.integers(len(DIRECTIONS))], rng)
        if p is not None:
            found.append((p, q))
    return found


def crossed(table):
    """Return counts by outcomes and segments as a data set has them."""
    place, group = np.nonzero(table)
    return CrossTable(Entries(place, group, table[place, group]), *table.shape)


def pair(number, p, q):
    """Return the pair of a column whose counts by outcomes and segments are given."""
    sides = p.sum(axis=1), q.sum(axis=1)
    rows = int(sides[0].sum()), int(sides[1].sum())
    labels = tuple(map(str, range(len(p))))
    groups = crossed(p), crossed(q)
    return Pair(*sides, ("counts", "counts"), labels, f"column {number}", rows=rows, groups=groups)


def alarms(runs, seed, *, shared):
    """Return in how many runs a segment drifts, and a column or a segment."""
    rng = np.random.default_rng(seed)
    names = tuple(f"s{place}" for place in range(SEGMENTS))
    limits = Limits(max_js=TAU)
    at = columns(rng)
    of_segments = of_any = 0
    for _ in range(runs):
        pairs = []
        for number, (p, q) in enumerate(at):
            current = rng.multinomial(CURRENT, p, size=SEGMENTS).T
            reference = rng.multinomial(REFERENCE, q, size=1 if shared else SEGMENTS).T
            pairs.append(pair(number, current, np.repeat(reference, SEGMENTS if shared else 1, 1)))
        found = judged(pairs, (names, names), limits, top=0)
        segments = any(each.verdict == "drift" for each in found.segments)
        of_segments += segments
        of_any += segments or any(each.verdict == "drift" for each in found.columns)
    return of_segments, of_any


def main():
    given = [int(word) for word in sys.argv[1:]]
    runs, seed = (*given, *(1000, 2026)[len(given) :])
    print("| reference | runs | a segment drifts | anything drifts |")
    print("|---|--:|--:|--:|")
    for shared in (False, True):
        of_segments, of_any = alarms(runs, seed, shared=shared)
        # Of a shared reference the columns as a whole have the same rows seven times.
        cells = [of_segments] if shared else [of_segments, of_any]
        shares = [f"{100 * each / runs:.1f} %" for each in cells] + [""] * shared
        print(f"| {'shared' if shared else 'own'} | {runs} |", " | ".join(shares), "|", flush=True)


if __name__ == "__main__":
    main()
