"""Divergences of two outcomes, of which one has the probability p under P and q under Q.

By the data processing inequality they are at most the divergence of any outcomes that are
merged into these two.
"""

from __future__ import annotations

import math


def kullback_leibler(p: float, q: float) -> float:
    """Return D(P || Q), in nats."""
    total = 0.0
    for a, b in ((p, q), (1 - p, 1 - q)):
        if a > 0:
            total += a * math.log(a / b) if b > 0 else math.inf
    return total


def jeffreys(p: float, q: float) -> float:
    """Return D(P || Q) + D(Q || P), in nats."""
    return kullback_leibler(p, q) + kullback_leibler(q, p)


def jensen_shannon(p: float, q: float) -> float:
    """Return the Jensen-Shannon divergence, in nats."""
    middle = (p + q) / 2
    return (kullback_leibler(p, middle) + kullback_leibler(q, middle)) / 2


def squared_hellinger(p: float, q: float) -> float:
    """Return the squared Hellinger distance."""
    return 1 - math.sqrt(p * q) - math.sqrt((1 - p) * (1 - q))


def total_variation(p: float, q: float) -> float:
    """Return the total variation distance."""
    return abs(p - q)
