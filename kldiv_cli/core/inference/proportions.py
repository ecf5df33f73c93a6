"""The difference of two proportions, and its limits by Newcombe's method.

Of single proportions it takes the score limits of Wilson (J. Am. Stat. Assoc. 22, 1927), and
joins them as Newcombe does (Stat. Med. 17, 1998, method 10). Where one proportion is known these
are Wilson's limits alone.
"""

from __future__ import annotations

import math

from kldiv_cli.core.inference.chisquare import normal_cdf

_FARTHEST = 38.0
"""Normal deviations beyond which no probability is left in a double."""


def wilson(share: float, rows: float, z: float) -> tuple[float, float]:
    """Return the limits of a proportion, z standard errors to both sides of it.

    Parameters
    ----------
    share : float
        The proportion that was seen.
    rows : float
        In so many rows; infinite where it is known.
    z : float
        Normal deviation, at least 0.
    """
    if math.isinf(rows):
        return share, share
    shrink, half = 1 + z * z / rows, z * z / (2 * rows)
    reach = z * math.sqrt(share * (1 - share) / rows + half / (2 * rows))
    return max((share + half - reach) / shrink, 0.0), min((share + half + reach) / shrink, 1.0)


def difference_limits(p: float, n: float, q: float, m: float, z: float) -> tuple[float, float]:
    """Return the limits of the difference of proportions, p of n rows less q of m."""
    (least_p, most_p), (least_q, most_q) = wilson(p, n, z), wilson(q, m, z)
    down, up = math.hypot(p - least_p, most_q - q), math.hypot(most_p - p, q - least_q)
    return p - q - down, p - q + up


def p_value_above(p: float, n: float, q: float, m: float, limit: float) -> float:
    """Return the p-value of a difference of at least `limit`: the level of the upper limit there.

    Where the difference that was seen is larger it is above 1/2, and one less the level at
    which the lower limit is there.
    """
    side = int(p - q <= limit)
    low, high = 0.0, _FARTHEST
    for _ in range(60):
        middle = (low + high) / 2
        reached = difference_limits(p, n, q, m, middle)[side]
        within = reached < limit if side else reached > limit
        low, high = (middle, high) if within else (low, middle)
    return normal_cdf(-low) if side else normal_cdf(low)
