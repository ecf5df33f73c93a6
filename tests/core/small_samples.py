"""Small samples: their estimates by the definition, in rational numbers, and all there are."""

import itertools
import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

COUNTS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=8
).filter(lambda rows: all(sum(side) > 0 for side in zip(*rows, strict=True)))


def columns(rows):
    return tuple(np.array(side, dtype=float) for side in zip(*rows, strict=True))


def choose(n, k):
    return math.comb(n, k) if n >= 0 else 0


def exact_surprisal(y, m, order):
    """The definition: C(m-y, v)/C(m, v) estimates (1-q)^v."""
    return sum(
        (Fraction(choose(m - y, v), math.comb(m, v) * v) for v in range(1, order + 1)),
        Fraction(0),
    )


def exact_divergence(x, y):
    n, m = sum(x), sum(y)
    order = min(n - 1, m)
    return sum(
        Fraction(a, n) * (exact_surprisal(b, m, order) - exact_surprisal(a - 1, n - 1, order))
        for a, b in zip(x, y, strict=True)
        if a
    )


def exact_correction(x, y):
    n, m = sum(x), sum(y)
    keep = [1 - Fraction(min(n, m), 2 * rows) for rows in (n, m)]
    total = Fraction(0)
    for a, b in zip(x, y, strict=True):
        p, q = Fraction(a, n), Fraction(b, m)
        weight = keep[0] ** a * keep[1] ** b
        total += weight * (p * (1 - q) / keep[0] - q * (1 - p) / keep[1])
    return total


def every_sample(rows, outcomes):
    """All count vectors of so many rows."""
    for bars in itertools.combinations(range(rows + outcomes - 1), outcomes - 1):
        ends = (-1, *bars, rows + outcomes - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def multinomial(counts, probabilities):
    weight = Fraction(math.factorial(sum(counts)))
    for count, probability in zip(counts, probabilities, strict=True):
        weight *= Fraction(probability) ** count / math.factorial(count)
    return weight


def g_statistic(x, y):
    n, m = sum(x), sum(y)
    return sum(
        count * math.log(count * (n + m) / (side * (a + b)))
        for a, b in zip(x, y, strict=True)
        for count, side in ((a, n), (b, m))
        if count
    )


def share_of_allocations(x, y):
    """Return the share of all allocations with a G statistic as large as that of x and y."""
    totals = [a + b for a, b in zip(x, y, strict=True)]
    ways = reached = 0
    for drawn in itertools.product(*(range(total + 1) for total in totals)):
        if sum(drawn) == sum(x):
            weight = math.prod(map(math.comb, totals, drawn))
            other = [total - count for total, count in zip(totals, drawn, strict=True)]
            ways += weight
            reached += weight * (g_statistic(drawn, other) >= g_statistic(x, y) - 1e-9)
    return Fraction(reached, ways)
