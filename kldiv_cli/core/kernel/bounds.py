"""Bounds on relative errors, known before the data are.

Terms of one sum have one sign, so its relative error is at most that of its worst term, plus
what adding them up costs, plus a division by the total.  Term errors were found by counting
roundings, each at most u = 2^-53, through the formulas of `elements`, with w correct to 5 u,
x to 2 u, and log, log1p, expm1, exp and pow assumed correct to 4 units in the last place
(8 u), which every NumPy build keeps; the worst case is y^2 = `NEAR`, where the logarithm
takes over from the series.  They are bounds: true errors are some seven times smaller, or more.

The short path of weights does not bring the totals together, but takes X phi(W / X) from the sum
T of terms (see `kullback`), which costs more of what adding up costs, s roundings:

    near    T has 124 + s, as above; that at most a quarter of it is taken makes 4/3 of that,
            and W, whose error is s parts of sum |w| <= sqrt(2.2 T X), adds 1.4 (s + 1)
    far     terms a f(r), f(r) = r - 1 - log r, have 10 |log r| and 10 |r - 1| beside 10 f(r);
            as f(r) >= (r - 1)^2 / (2 max(1, r)), sum a |r - 1| <= sqrt(2 (A + B) T), and W,
            whose error is s (A + B), counts (W / A) / (1 + W / A) times

The latter is worst where D = `ENOUGH` + phi, at either end of B / A, 0.7 and 1.42: 110 + 10.6 s.
The short path of logits needs no other count than the general one, 124 + s + 160 + 4 s: its
masses have 10 + s, their means as much again, expm1(v) - v has 8 (sum x |exp(v) - 1|) / (sum x
psi) <= 170 from the divergence 0.02 on, and the rest is below that.
"""

from __future__ import annotations

import numpy as np

from kldiv_cli.core.kernel.blocks import SHORT
from kldiv_cli.core.kernel.logs import TURNED
from kldiv_cli.core.kernel.twofold import Bools, Floats

U = 2.0**-53
_LOGS = 160
"""The error of exponentials and of the shift c, in u, where a side is logarithmic."""
_NEAR = 47
"""What the short path of weights adds to the error of near terms, in u."""
_LOG_SERIES = 2.0**-92
"""Error of a twofold logarithm, in units of max(1, its size)."""
_RATIO = 2.0**-98
"""Error of the ratio of two totals, relative; it counts in first order for one measure."""
_PRODUCT = 2.0**-107
"""Error of that ratio times a weight, relative."""


def noise(logs: int, extent: float, exact: Bools) -> Floats:
    """Bound by row the error of b - x beside x, or of its counterpart, whatever its size.

    Parameters
    ----------
    logs : int
        How many of the two sides are logarithmic.
    extent : float
        Where one is and the other is not: the largest log of either side, in size.
    exact : ndarray of bool, shape (N,)
        Rows of which every difference is rounded once.
    """
    error = {0: _PRODUCT, 1: _LOG_SERIES * (1.0 + extent), 2: 0.0}[logs]
    return np.where(exact, 0.0, error)


class Roundings:
    """The parts of a bound on the relative error of a measure.

    Parameters
    ----------
    value : ndarray, shape (N,)
        The measure by row, in nats.
    outcomes : int
        K.
    logs : int
        How many of the two sides are logarithmic.
    noise : ndarray, shape (N,)
        As `noise` returns it.
    extreme : ndarray, shape (N,)
        How many ratios beyond 2^24 a row has.
    short : bool, optional
        Whether the short paths were taken.

    Attributes
    ----------
    summing : float
        Of adding up terms, and of the exponentials of logarithmic sides, in u.
    """

    def __init__(
        self,
        value: Floats,
        outcomes: int,
        logs: int,
        noise: Floats,
        extreme: Floats,
        short: bool = False,
    ) -> None:
        # Rows up to a length are added up plainly, longer ones pairwise.
        plain = TURNED if short and logs else SHORT
        sums = (min(outcomes, 40) if outcomes > plain else outcomes) + 4.0
        if logs:
            self.summing = _LOGS + 5.0 * sums
        elif short:
            self.summing = max(_NEAR + 3.8 * sums, 10.6 * sums)
        else:
            self.summing = sums
        self._value, self._outcomes, self._logs = value, outcomes, logs
        self._noise, self._extreme = noise, extreme
        self._size = np.maximum(np.abs(value), 1e-300)

    def first(self) -> Floats:
        """Return the error of a measure that shrinks as b - x does."""
        return 4.0 * self._noise / self._size

    def second(self) -> Floats:
        """Return the error of a measure that shrinks as the square of b - x does."""
        return 8.0 * self._noise / np.sqrt(np.minimum(self._size, 1.0))

    def ratio(self) -> Floats:
        """Return the error from the ratio of the totals, where that counts in first order."""
        return np.where(self._noise > 0.0, _RATIO, 0.0) / self._size

    def exponentials(self) -> Floats | float:
        """Return the error of exponentials of large logs, in u, where a side is logarithmic."""
        return self._far() if self._logs else 0.0

    def power(self, alpha: float) -> Floats:
        """Return the error of a Renyi or Tsallis divergence.

        1 - alpha magnifies the error of a ratio, and so does a large log.
        """
        g = abs(1.0 - alpha) if alpha >= 0.5 else alpha
        whole = U * (430.0 + 15.0 * g + (1.0 + g) * self.summing)
        bound = 1.5 * (whole + 4.0 * U * g * self._far()) + 10.0 * U
        return bound + (1.0 + alpha) * self.second()

    def _far(self) -> Floats:
        """Return how the exponential of a large log magnifies its error, in u."""
        return np.where(self._extreme > 0.0, 1500.0, 0.0)

    def relative(self, bound: Floats | float, scales: bool) -> Floats:
        """Return the whole bound.

        Parameters
        ----------
        bound : ndarray or float
            Of the formula.
        scales : bool
            Whether the value is divided by the logarithm of the base.
        """
        if scales:
            bound = bound + 3.0 * U
        # Below the normal range an error is absolute.
        bound = bound + self._outcomes * 2.0**-1070 / self._size
        return np.where((self._value == 0.0) | np.isinf(self._value), 0.0, bound)
