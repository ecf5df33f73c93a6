"""The evidence on the total variation distance, by limits that hold however drift is spread.

|p - q| has a kink where P = Q: of many outcomes the plug-in distance is far from 0 there, and no
correction removes that (Jiao, Han and Weissman, IEEE Trans. Inf. Theory 64, 2018). With the
pooled shares t, c = 1/n + 1/m, s^2 = c t (1-t), u = (p-q)/s and Z standard normal:

- Estimate and lower limit: TVc = 1/2 sum s [|u| - A e^(-2u^2)], A = sqrt(10/pi). Its mean is 0 at
  P = Q and never above the truth; it is short of that by .37 s an outcome at most.
- Upper limit: of all drift of a given size that which is spread evenly shows least (Jensen), so
  that the plug-in distance has at least the mean S/2 E|2 TV/S + Z|, S = sum s.
- Standard errors: they depend on which outcomes have p > q. Where |u| <= 2 that is uncertain, and
  the signs are taken that make the error largest: with those that were seen, a distance at the
  threshold passed in 8.5 % of tables with 3 outcomes, 2,000 and 200,000 rows, instead of 2.5 %.

All are conservative. Of two outcomes the distance is the difference of two proportions, and
has limits of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.inference.binary import total_variation
from kldiv_cli.core.inference.chisquare import normal_cdf, normal_quantile
from kldiv_cli.core.inference.proportions import difference_limits, p_value_above
from kldiv_cli.core.inference.resampling import bounded_p_value
from kldiv_cli.core.inference.samples import MIN_ROWS
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.inference.evidence import Evidence
    from kldiv_cli.core.inference.samples import Floats, Samples

_A = math.sqrt(10 / math.pi)
"""Makes E|Z| = A E e^(-2 Z^2)."""
_SURE = 2.0
"""Sizes |u| beyond which the sign of p - q is that which was seen."""
_FAR = 40.0
"""Sizes |u| from which on |u + Z| is u + Z."""


def weigh_total_variation(kl: Evidence, *, threshold: float, alpha: float) -> Evidence:
    """Return the evidence of two samples on the total variation distance and its threshold.

    Parameters
    ----------
    kl, threshold, alpha
        See `symmetric.weigh_symmetric`.
    """
    samples, p0 = kl.samples, kl.p_value
    assert p0 is not None, "one side is a sample"
    distance = _Distance.of(samples, samples.n, samples.m)
    value, z = distance.corrected(), normal_quantile(1 - alpha / 2)
    if samples.outcomes <= 2:
        shares = _proportions(samples)
        low, high = difference_limits(*shares, z)
        p_pass = p_value_above(*shares, threshold)
        p_tau = 1 - p_pass
    else:
        error = distance.corrected_error()
        low, high = value - z * error, distance.upper_limit(z)
        p_tau = normal_cdf(_over(threshold - value, error))
        p_pass = normal_cdf(-distance.below(threshold))
    if threshold == 0:
        p_tau = p0
    elif samples.rows < MIN_ROWS:
        p_tau = bounded_p_value(samples, threshold, total_variation)
    return kl._replace(
        measure="tv",
        value=value,
        low=min(max(low, 0.0), max(value, 0.0)),
        high=min(max(high, value, 0.0), 1.0),
        threshold=threshold,
        reliable=samples.reliable,
        p_drift=max(p0, p_tau),
        p_pass=p_pass if samples.reliable and threshold > 0 else 1.0,
        inflation=1.0,
    )


def decides(evidence: Evidence, value: float, rows: int, quantile: float, spread: float) -> bool:
    """Return whether so many rows in each file decide, were `value` the distance.

    The drift is taken to have the shape that was seen; a side that has more rows, or is known,
    keeps them.

    Parameters
    ----------
    evidence : Evidence
        The evidence on the distance.
    value : float
        The distance.
    rows : int
        Rows in each file.
    quantile : float
        Standard errors that the distance must be from the threshold.
    spread : float
        Standard errors by which it may come nearer by chance.
    """
    samples, tau = evidence.samples, evidence.threshold
    n, m = max(samples.n, rows), max(samples.m, rows)
    more = _Distance.of(samples, n, m)
    seen = more.plug_in()
    ratio = value / seen if seen else 0.0
    if samples.outcomes <= 2:
        p, _, q, _ = _proportions(samples)
        nearer = (p - q) * (1 - ratio) / 2
        p, q = p - nearer, q + nearer
        chance = spread * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
        low, high = difference_limits(p, n, q, m, quantile)
        return low - chance >= tau if value > tau else high + chance <= tau
    u = more.sizes * ratio
    if value > tau:
        error, dip = more.corrected_error(), _A / math.sqrt(5) * np.exp(-2 * u**2 / 5)
        apart = float(more.spreads @ (_folded(u) - dip)) / 2 - tau
    else:
        error = more.error(tau)
        apart = more.least_mean(tau) - float(more.spreads @ _folded(u)) / 2
    return apart >= (quantile + spread) * error


def _proportions(samples: Samples) -> tuple[float, float, float, float]:
    """Return the shares of the first outcome with their rows, the larger one first."""
    sides = (float(samples.p[0]), samples.n), (float(samples.q[0]), samples.m)
    first, second = sorted(sides, reverse=True)
    return (*first, *second)


class _Distance(NamedTuple):
    """The distance of two samples, as a sum over outcomes in units of their errors.

    Attributes
    ----------
    spreads : ndarray of float64, shape (K,)
        s.
    sizes : ndarray of float64, shape (K,)
        |u|, at most `_FAR`.
    slopes, means : ndarray of float64, shape (K,)
        erf(|u| / sqrt 2), and E|u + Z|.
    apart : ndarray of float64, shape (K,)
        p - q.
    sides : tuple of (ndarray of float64, float)
        Of either side the shares, with half a row added to each outcome, and the rows.
    """

    spreads: Floats
    sizes: Floats
    slopes: Floats
    means: Floats
    apart: Floats
    sides: tuple[tuple[Floats, float], ...]

    @classmethod
    def of(cls, samples: Samples, n: float, m: float) -> _Distance:
        """Return the distance of samples, were their rows n and m."""
        pooled, apart = samples.pooled, samples.p - samples.q
        spreads = np.sqrt((1 / n + 1 / m) * pooled * (1 - pooled))
        sizes = np.where(apart == 0, 0.0, _FAR)
        np.divide(np.abs(apart), spreads, out=sizes, where=np.abs(apart) < _FAR * spreads)
        sides = tuple(
            (share if math.isinf(rows) else (share * rows + 0.5) / (rows + len(share) / 2), rows)
            for share, rows in ((samples.p, n), (samples.q, m))
        )
        slopes = _erf(sizes)
        return cls(spreads, sizes, slopes, _folded(sizes, slopes), apart, sides)

    def plug_in(self) -> float:
        """Return the distance of the shares that were seen."""
        return math.fsum(np.abs(self.apart)) / 2

    def corrected(self) -> float:
        """Return TVc."""
        return self.plug_in() - math.fsum(self.spreads * _A * np.exp(-2 * self.sizes**2)) / 2

    def corrected_error(self) -> float:
        """Return the standard error of TVc, from mean and variance of |z| - A e^(-2z^2)."""
        u, dip = self.sizes, _A / math.sqrt(5) * np.exp(-2 * self.sizes**2 / 5)
        mean = self.means - dip
        product = _folded(u / math.sqrt(5)) * np.exp(-2 * u**2 / 5) / 5
        square = 1 + u**2 - 2 * _A * product + _A**2 / 3 * np.exp(-4 * u**2 / 9)
        return self._error(self.slopes + dip * 4 * u / 5, square - mean**2)

    def least_mean(self, truth: float) -> float:
        """Return the least mean of the plug-in distance, were `truth` the distance."""
        total = float(self.spreads.sum())
        if 2 * truth >= _FAR * total:
            return truth
        return total / 2 * float(_folded(np.array([2 * truth / total]))[0])

    def error(self, truth: float) -> float:
        """Return the standard error of the plug-in distance, were `truth` the distance."""
        total = float(self.spreads.sum())
        even = np.array([2 * truth / total if 2 * truth < _FAR * total else _FAR])
        # All three increase with u.
        u, slopes, means = (
            np.maximum(seen, least)
            for seen, least in (
                (self.sizes, even),
                (self.slopes, _erf(even)),
                (self.means, _folded(even)),
            )
        )
        return self._error(slopes, 1 + u**2 - means**2)

    def below(self, truth: float) -> float:
        """Return how many standard errors the plug-in distance is below its least mean."""
        return _over(self.least_mean(truth) - self.plug_in(), self.error(truth))

    def upper_limit(self, z: float) -> float:
        """Return the distance which that of the samples is z standard errors below."""
        low, high = 0.0, 1.0
        while high - low > 1e-10:
            middle = (low + high) / 2
            low, high = (middle, high) if self.below(middle) < z else (low, middle)
        return high

    def _error(self, slopes: Floats, variances: Floats) -> float:
        """Return the standard error of half the sum of s f(z), z = u + Z.

        The covariances between outcomes take off (sum of sign share slope)^2 from the variance of
        a side. Of signs that are uncertain, either is possible: no choice of them makes the sum
        smaller than its largest part less all others, which is what is taken. (The smallest sum
        is a problem of partition; this is it but for what its parts leave.)

        Parameters
        ----------
        slopes, variances : ndarray of float64, shape (K,)
            Of the mean of f, by u, and of f.
        """
        square, sure = slopes**2, self.sizes > _SURE
        signs = np.sign(self.apart[sure])
        total = float((self.spreads**2) @ (variances - square))
        for share, rows in self.sides:
            parts = share * slopes
            sizes = np.append(parts[~sure], abs(parts[sure] @ signs))
            least = max(2 * sizes.max() - sizes.sum(), 0.0)
            total += float(share @ square - least**2) / rows
        return math.sqrt(max(total, 0.0)) / 2


def _over(distance: float, error: float) -> float:
    """Return a distance in standard errors, which have no digit left of counts beyond any size."""
    return distance / error if error else math.copysign(math.inf, distance)


def _folded(u: Floats, slopes: Floats | None = None) -> Floats:
    """Return E|u + Z| for u >= 0, its slope being erf(u / sqrt 2)."""
    slopes = _erf(u) if slopes is None else slopes
    result: Floats = math.sqrt(2 / math.pi) * np.exp(-(u**2) / 2) + u * slopes
    return result


def _erf(u: Floats) -> Floats:
    """Return 1 - 2 Phi(-u)."""
    return np.array([math.erf(one) for one in (u / math.sqrt(2)).tolist()])
