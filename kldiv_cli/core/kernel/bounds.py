"""How wrong a result can be: bounds on relative errors, known before the data are.

Terms of one sum have one sign, so its relative error is at most that of its worst term, plus
what adding them up costs, plus a division by the total.  Term errors were found by counting
roundings, each at most u = 2^-53, through the formulas of `elements`, with w correct to 5 u,
x to 2 u, and log, log1p, expm1, exp and pow assumed correct to 4 units in the last place
(8 u), which every NumPy build keeps; the worst case is y^2 = `NEAR`, where the logarithm
takes over from the series.  They are bounds: true errors are some seven times smaller, or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.kernel.blocks import SHORT
from kldiv_cli.core.kernel.twofold import Floats
from kldiv_cli.core.measures import Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

U = 2.0**-53
_TERMS = {"kl_pq": 124, "kl_qp": 124, "js": 116, "tv": 7, "chi2_pq": 22, "chi2_qp": 22}
_HALF_POWER = 22
_ENTROPY = 24
_LOGS = 160
"""What exponentials and the shift c add, where a side is logarithmic."""
_LOG_SERIES = 2.0**-92
"""Error of a twofold logarithm, in units of max(1, its size)."""
_RATIO = 2.0**-98
"""Error of the ratio of two totals, relative; it counts in first order for one measure."""
_PRODUCT = 2.0**-107
"""Error of that ratio times a weight, relative."""


def summation(outcomes: int) -> float:
    """Adding up K terms of one sign, in u: plain where K is small, pairwise beyond."""
    return float(min(outcomes, 40)) if outcomes > SHORT else float(outcomes)


def noise(logs: int, extent: float, exact: NDArray[np.bool_]) -> Floats:
    """Return by row how wrong b - x can be beside x, or what stands for it, whatever its size.

    Parameters
    ----------
    logs : int
        How many of the two sides are logarithmic.
    extent : float
        Where one is and the other is not: the largest log of either side, in size.
    exact : ndarray of bool
        Rows of which every difference is rounded once.
    """
    error = {0: _PRODUCT, 1: _LOG_SERIES * (1.0 + extent), 2: 0.0}[logs]
    return np.where(exact, 0.0, error)


def relative(
    measure: Measure,
    value: Floats,
    outcomes: int,
    logs: int,
    noise: Floats,
    extreme: Floats,
) -> Floats:
    """Bound the relative error of one measure by row.

    Parameters
    ----------
    measure : Measure
    value : ndarray
        The measure by row, in nats.
    outcomes : int
        K.
    logs : int
        How many of the two sides are logarithmic.
    noise : ndarray
        As `noise` returns it.
    extreme : ndarray
        Whether a row has ratios beyond 2^24.
    """
    S, alpha = summation(outcomes) + 4.0, measure.alpha or 0.0
    extra = (_LOGS + 4.0 * S) if logs else 0.0
    # What does not shrink with the difference of the sides.
    size = np.maximum(np.abs(value), 1e-300)
    first, second = 4.0 * noise / size, 8.0 * noise / np.sqrt(np.minimum(size, 1.0))
    base = S + extra
    match measure.family:
        case "kl_pq" | "kl_qp" | "jeffreys" | "psi" | "js":
            bound = U * (_TERMS.get(measure.name, 125) + base) + second
        case "chi2_pq" | "chi2_qp":
            far = _spread(extreme) if logs else 0.0
            bound = U * (_TERMS[measure.name] + 2.0 * base + far) + second
        case "tv":
            # The one measure that depends on the ratio of the totals in first order.
            bound = U * (_TERMS["tv"] + base) + first + np.where(noise > 0.0, _RATIO, 0.0) / size
        case "js_distance":
            bound = U * (0.5 * (_TERMS["js"] + base) + 1.0) + first
        case "hellinger":
            bound = U * (0.5 * (_HALF_POWER + base) + 1.0) + first
        case "bhattacharyya":
            bound = U * (1.5 * (_HALF_POWER + base) + 10.0) + second
        case "entropy_p" | "entropy_q":
            bound = np.full_like(value, U * (_ENTROPY + 2.0 * base))
        case "cross_entropy_pq" | "cross_entropy_qp":
            bound = U * (_TERMS["kl_pq"] + 2.0 * base) + second
        case _:
            bound = _power(alpha, base, extreme) + (1.0 + alpha) * second
    if measure.scales:
        bound = bound + 3.0 * U
    # Below the normal range an error is absolute.
    bound = bound + outcomes * 2.0**-1070 / size
    return np.where((value == 0.0) | np.isinf(value), 0.0, bound)


def _power(alpha: float, base: float, extreme: Floats) -> Floats:
    """Renyi and Tsallis: 1 - alpha magnifies the error of a ratio, and so does a large log."""
    g = abs(1.0 - alpha) if alpha >= 0.5 else alpha
    whole = U * (430.0 + 15.0 * g + (1.0 + g) * base)
    return 1.5 * (whole + 4.0 * U * g * _spread(extreme)) + 10.0 * U


def _spread(extreme: Floats) -> Floats:
    """Return what the exponential of a large log magnifies its error by, in u."""
    return np.where(extreme > 0.0, 1500.0, 0.0)
