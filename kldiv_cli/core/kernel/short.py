"""The short path to D(P || Q) of two short vectors, where calls of NumPy cost most.

For weights a and b with the sums A and B, and x = R a, R = B / A,

    D(P || Q) = sum t / B,    t = x f(b / x),    f(r) = r - 1 - log r >= 0.

Where the sides are far apart this formula is exact as it stands; elsewhere it tells how near
they are, and t = y (w - x Q / y) takes its place, with y = w / (b + x) and Q as in `elements`,
once w = b - x is known to its last digits.
"""

from __future__ import annotations

import math

import numpy as np

from kldiv_cli.core.kernel.elements import ENOUGH, NEAR, VANISHING, Work, difference, series
from kldiv_cli.core.kernel.twofold import Array, Floats, round26

LONGEST = 4096
"""Beyond this, blocks and their buffers are faster."""
FEW = 128
"""So many terms are added up by BLAS, which is quick to call, but adds them nearly one by one."""
LEAST_TOTAL, MOST_TOTAL = 1e-50, 1e50
"""Totals between which no intermediate result leaves the range of doubles."""
SMALL = 1e-60
"""The share of the total above which weights must be, for the same."""
SAME = 1e-15
"""Totals that differ by less are equal but for rounding."""
ROUGH = 1e-3
"""Above this divergence a power of two is near enough to R, and products with it are exact."""
CLOSE = 1e-14
"""Divergences below this need more than 26 exact bits of R, and 52 bits of the rest of it."""

# Arrays, which NumPy takes faster than numbers.
_ZERO, _ONE, _NEAR = np.array(0.0), np.array(1.0), np.array(NEAR)
_PARTS = np.full(LONGEST, 1.0 / LONGEST)
_NO_BUFFERS = Work()


def kl_of_short(a: Floats, b: Floats) -> float | None:
    """Return D(P || Q) of two vectors, or None where only the general path serves.

    The vectors hold at most `LONGEST` doubles.
    """
    least, least_b = a.item(a.argmin()), b.item(b.argmin())
    if not (least >= 0.0 and least_b >= 0.0):
        return None
    A, B = _total(a), _total(b)
    if not (LEAST_TOTAL < A < MOST_TOTAL and LEAST_TOTAL < B < MOST_TOTAL):
        return None
    beyond = 0.0
    if least == 0.0:
        # An outcome that P excludes adds what Q gives it, and nothing else.
        (support,) = a.nonzero()
        beyond = _dot(b, a == _ZERO)
        a, b = a[support], b[support]
        least, least_b = a.item(a.argmin()), b.item(b.argmin())
    if least < SMALL * A:
        return None
    if least_b < SMALL * B:
        return None if least_b else math.inf
    R = B / A
    r = b * np.array(1.0 / R) / a
    f = r - _ONE
    f -= np.log(r, r)
    D = (_dot(a, f) + beyond / R) / A
    if D >= ENOUGH:
        return D
    if D > ROUGH and not 0.7 < R < 1.5:
        scale = 2.0 ** round(math.log2(R))
        a, A, R = a * np.array(scale), A * scale, R / scale
    w, first = _difference(a, b, R, D)
    left = R - first if D >= CLOSE else (_total(w) + beyond) / A
    if left != 0.0:
        w -= a * np.array(left)
    x = a if abs(R - 1.0) < SAME else a * np.array(R)
    y = w / (x + b)
    z = y * y
    peak = z.item(z.argmax())
    t = series(z, peak, None)
    t *= x
    np.subtract(w, t, t)
    if peak <= NEAR:
        D = (_dot(t, y) + beyond) / B
    else:
        t *= y
        f *= x
        np.putmask(t, z > _NEAR, f)
        D = (_total(t) + beyond) / B
    return D if D >= VANISHING or D == 0.0 else None


def _difference(a: Floats, b: Floats, R: float, D: float) -> tuple[Floats, float]:
    """Return b - R' a without rounding, and R', which is R but for a small part."""
    rest = R - 1.0
    if rest * rest < 12.0 * D or -SAME < rest < SAME:
        return b - a, 1.0
    first = round26(R)
    parts: tuple[Floats, ...] = (np.array(first),)
    if D < CLOSE and first != R:
        second = round26(R - first)
        parts = (*parts, np.array(second))
        first += second
    return difference(a, b, parts, _NO_BUFFERS), first


def _total(v: Floats) -> float:
    # In parts, so that no sum leaves the range: NumPy would warn.
    return _dot(v, _PARTS[: len(v)]) * LONGEST


def _dot(v: Floats, factors: Array) -> float:
    return float(v.dot(factors) if len(v) <= FEW else np.add.reduce(v * factors))
