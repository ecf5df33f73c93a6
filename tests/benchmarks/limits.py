"""The tables of docs/limits.md: what a limit accepts, and how many rows it takes to judge by it.

The first is arithmetic: how far one thing alone may change until D(current || reference) reaches
the limit. The second is simulated: the fewest rows in each file with which four runs in five of
data that do not differ at all pass, and of data twice as far apart as the limit are drift::

    python tests/benchmarks/limits.py    # some minutes on one core
"""

from __future__ import annotations

import math

import numpy as np
from verdict import ALPHA, kl, seeded, shape, tilted

from kldiv_cli.core.inference.evidence import weigh
from kldiv_cli.core.inference.samples import samples

LIMITS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.125, 0.25)
SHARES = (0.5, 0.1, 0.01, 0.001)
OUTCOMES = (2, 10, 50)
RUNS, POWER = 300, 0.8


def main():
    head = ["limit", "shift of a mean", "spread", *(f"{100 * q:g} % →" for q in SHARES), "rows"]
    print(f"| {' | '.join([*head, 'evidence'])} |")
    print("|--:" * (len(head) + 1) + "|")
    for limit in LIMITS:
        print("|", " | ".join([f"{limit:g}", *accepted(limit)]), "|")
    print("\n| limit |", " | ".join(f"pass, {k} | drift, {k}" for k in OUTCOMES), "|")
    print("|--:" * (2 * len(OUTCOMES) + 1) + "|")
    for limit in (0.01, 0.02, 0.05, 0.1):
        rows = (f"{n:,}" for k in OUTCOMES for n in (fewest(k, limit, 0), fewest(k, limit, 2)))
        print("|", " | ".join([f"{limit:g}", *rows]), "|", flush=True)


def accepted(limit):
    """Yield how far one thing alone may change until the divergence reaches the limit."""
    yield f"{math.sqrt(2 * limit):.2f} sd"
    yield f"× {largest(lambda s: (s * s - 1) / 2 - math.log(s), 1, 10, limit):.2f}"
    for q in SHARES:
        share = largest(lambda p, q=q: kl(np.array([p, 1 - p]), np.array([q, 1 - q])), q, 1, limit)
        yield f"{100 * share:.2g} %"
    yield f"{100 * math.sqrt(limit / 2):.2g} %"
    yield f"{math.log(20) / limit:.0f}"


def largest(divergence, low, high, limit):
    """Return where a divergence that rises from `low` to `high` reaches the limit."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if divergence(middle) < limit else (low, middle)
    return low


def fewest(outcomes, limit, times):
    """Return, to two digits, the rows that decide often enough at a multiple of the limit."""
    q = shape("uniform", outcomes)
    p = tilted(q, times * limit, "trend", seeded()) if times else q

    def decides(rows):
        rng = seeded(outcomes, limit, times, rows)
        tables = (samples(rng.multinomial(rows, p), rng.multinomial(rows, q)) for _ in range(RUNS))
        found = (weigh(table, max_kl=limit) for table in tables)
        # What `judge` calls drift and pass, without the rows that would decide, which cost most.
        return (
            np.mean(
                [
                    one.p_drift <= ALPHA if times else one.p_pass <= ALPHA and one.high <= limit
                    for one in found
                ]
            )
            >= POWER
        )

    low, high = 50, 20_000
    while high > 1.05 * low:
        middle = round(math.sqrt(low * high))
        low, high = (low, middle) if decides(middle) else (middle, high)
    return int(float(f"{high:.2g}"))


if __name__ == "__main__":
    main()
