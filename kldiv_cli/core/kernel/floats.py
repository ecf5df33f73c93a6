"""Divergences of logits of single precision, in single precision, with a bound on every error.

With a, b the logits of the two sides, p = softmax(a) and q = softmax(b), and for any centre c,

    d = b - a - c,    E = exp(d) - 1,    phi = E - d >= 0,    F = sum p phi,    m = sum p d,
    G = sum p d E >= F,    M = 1 + F + m = sum p exp(d),    q = p (1 + E) / M,

and without a softmax of the second side, and without a difference of nearly equal sums,

    D(P || Q)  =  F - (F + m - log M)               = min over c of F
    D(Q || P)  =  (G - F - (M log M - (M - 1))) / M
    TV         =  sum p |E - (M - 1)| / 2M
    JS         =  sum p w y (1 + y^2/6 + y^4/15 + ...) / 4M,    w = E - (M - 1),  y = w / (w + 2M)
    Hel^2      =  sum p v^2 / 2M,    v = w / (sqrt M + sqrt exp(d)) = sqrt exp(d) - sqrt M
    chi2(Q || P)  =  sum p w^2 / M^2
    chi2(P || Q)  =  sum p w^2 / (exp(d) M),    exp(d) not as 1 + E but by its own exponential

The centre is 0, or where m is not small beside the deviation of d, the mean of b - a under P, so
that the brackets are small beside F.  The largest mass of a row is exactly 1 in the unit of the
sums and is added to the rest in double precision, so that entropies near 0 keep their digits.

Rounding errors, with u = 2^-24: the logarithm of a mass is rounded by u times its size, and its
exponential to 4 units in the last place (8 u); most often nothing is subtracted from the logits
before, so that the logarithm is exact.  Both change p_i and q_i by the same factor, which
changes no divergence by more than twice that, however small it is: D is a minimum of means of
phi >= 0, and the minimum moves with the mean.  An error of b - a is at most u |b - a|, mostly
nothing, since near numbers are subtracted exactly; its effect on D(P || Q) is q - p times it.
Sums are of `CHUNK` products in single precision and beyond that in double; products are assumed to
be added up in at least eight lanes, as all libraries do, hence `LANES` roundings.  phi is found in
one of three ways:

    a polynomial    relative error of a few u, doubled for every halving of d
    E - d           by a vectorised expm1; the error is that of E, so that it is for rows
                    whose divergence is not small beside sum p |d|
    exp(d) - 1 - d  where there is no such expm1 and the sides are far apart

An error e of M, relative to it, changes the sums of squares by a few e times the sum, and e^2.
With r = q / p, an error of b - a is multiplied in them, for each p, by

    chi2(Q || P)  2 r (r - 1),                r |log r|  <=  |r - 1| (1 + max(0, log r))
    Hel^2         sqrt r (1 - sqrt r) / 2,    the same of sqrt r
    chi2(P || Q)  r - 1 / r,                  (1 + r) |log r|  <=  |r - 1| (2 + |log r|)

and adds to log M its mean under q, times which the sum is changed at most.

Which way is taken depends on the row alone; how often d is halved, on the rows of its block.

The sides of a row are brought into the order of `sums.order`: every measure is the same double
from either side, whatever else is asked.
"""

from __future__ import annotations

import math
import threading
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.kernel.blocks import SHORT, Weights
from kldiv_cli.core.kernel.logs import Side
from kldiv_cli.core.kernel.sums import order
from kldiv_cli.core.kernel.twofold import Array, Bools, Floats, Indices
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Singles = NDArray[np.float32]
    Rows = slice | Indices
    Parts = list[tuple[slice, Singles]]

SERVED = frozenset(
    {
        "kl_pq",
        "kl_qp",
        "jeffreys",
        "psi",
        "js",
        "js_distance",
        "hellinger",
        "tv",
        "chi2_pq",
        "chi2_qp",
        "bhattacharyya",
        "entropy_p",
        "entropy_q",
        "cross_entropy_pq",
        "cross_entropy_qp",
    }
)
"""The measures of which `evaluate_floats` knows the formula."""
ENTROPIES = frozenset({"entropy_p", "entropy_q"})
LIMIT = 2.0**-14
"""The largest bound of a value that is given; beyond it the general path serves."""

U = 2.0**-24
EXP = 8.0 * U
"""Relative error of an exponential in single precision."""
EXPM1 = 3.0 * U
"""The same of a vectorised expm1, of which NumPy has one; tried out, it is 2 u."""
CHUNK = 128
"""Products that are added up in single precision."""
LANES = 20
"""Roundings of such a sum: 16 in each of eight lanes, and three to join them."""
NORMAL = 87.0
"""Exponentials of less than minus this are not normal numbers."""
LEAST = 104.0
"""Exponentials of less than minus this are zero."""
NOTHING = -208.0
"""Stands for the logarithm of no mass."""
LOWEST_PEAK, HIGHEST_PEAK = -20.0, 40.0
"""Where the largest logit over T of a row is between these, masses are in units of 1."""
WORK = 1 << 18
"""Outcomes that are worked on at once, in buffers that the cache holds."""
LONG = 4096
"""Rows from this length on are read one by one."""
VANISHING = 2.0**-80
"""Divergences below this hang on numbers that single precision does not hold."""
HEAVY = 0.05
"""Chunks of larger probability get E - d in double precision."""
NEAR = 2.2e-3
"""Variances of d below this may need the polynomial."""
MAGNIFIED = 43.0
"""By how much the error of E may be magnified in phi."""
FAR = 0.2
"""The variance of d from which exp(d) - 1 - d is good enough."""
INFINITE, SIGN = 0x7C00, 0x8000
"""The bits of infinity in half precision, and of a sign."""
LARGEST = 32.0
"""Larger differences are not halved until the polynomial serves them."""

# (exp(d) - 1 - d) / d^2 for |d| up to the first number, minimax once 1/2 is given; the lowest
# coefficient comes first.  Relative errors are 4.6e-8, 5.0e-8, 5.1e-8 and 6.1e-8.
_PHI = (
    (0.09, (0.5, 0.166666667, 0.0416751051, 0.00833453879)),
    (0.25, (0.5, 0.16666657, 0.0416666545, 0.00834574355, 0.00139043993)),
    (0.5, (0.5, 0.166666667, 0.0416661806, 0.00833327936, 0.00139666095, 1.99275825e-4)),
    (
        0.85,
        (
            0.5,
            0.166666699,
            0.0416666699,
            0.00833251646,
            0.00138880733,
            2.01421395e-4,
            2.51020862e-5,
        ),
    ),
)
# (log(1 - z) + 2 sqrt(z) atanh(sqrt(z))) / z for z up to the first number, likewise.
# Relative errors are below 1.1e-8.
_JS = (
    (0.012, (1.0, 0.166666019, 0.0670980579)),
    (0.06, (1.0, 0.166666826, 0.0666188729, 0.0378106003)),
    (0.25, (1.0, 0.166666702, 0.0666596543, 0.0359341373, 0.0198688718, 0.0248720074)),
)


def _constants(numbers: tuple[float, ...]) -> list[Singles]:
    """Return coefficients, the highest first, in arrays, which NumPy takes faster than numbers."""
    return [np.array(c, np.float32) for c in reversed(numbers)]


PHI = [(reach, _constants(numbers)) for reach, numbers in _PHI]
JS = [(reach, _constants(numbers)) for reach, numbers in _JS]


def _expm1_is_vectorised() -> bool:
    """Return whether NumPy has an expm1 of single precision for this processor: AVX-512."""
    try:
        found = np.lib.introspect.opt_func_info(func_name="^expm1$", signature="float32")
    except AttributeError:
        # NumPy 2.0 cannot tell.
        return False
    kinds = [kind["current"] for loops in found.values() for kind in loops.values()]
    return any(kind.startswith(("AVX512", "X86_V4")) for kind in kinds)


class Found(NamedTuple):
    """Measures of N rows; every array has the shape (N,).

    Attributes
    ----------
    values : dict of str to ndarray
        By the names of the measures, in nats; nan where only the general path serves.
    bounds : dict of str to ndarray
        Bounds on their relative errors.
    """

    values: dict[str, Floats]
    bounds: dict[str, Floats]


class _Asked(NamedTuple):
    """Which sums are asked beyond those that every measure needs."""

    tv: bool
    js: bool
    half: bool
    chi2: bool
    entropies: bool

    @classmethod
    def of(cls, wanted: frozenset[str]) -> _Asked:
        """Return what measures need, by their names."""
        return cls(
            tv="tv" in wanted,
            js=not wanted.isdisjoint({"js", "js_distance"}),
            half=not wanted.isdisjoint({"hellinger", "bhattacharyya"}),
            chi2=not wanted.isdisjoint({"chi2_pq", "chi2_qp"}),
            entropies=any("entropy" in name for name in wanted),
        )

    @property
    def ratios(self) -> bool:
        """Whether a sum is asked whose terms follow from E - (M - 1)."""
        return self.tv or self.js or self.half or self.chi2


class _Room(threading.local):
    """Memory that a thread keeps."""

    shape: tuple[int, int] = (0, 0)
    flats: dict[str, Singles] | None = None
    shaped: dict[str, Singles] | None = None


_ROOM = _Room()
_WORK = ("z", "x", "d", "xd", "e", "phi", "y", "square")


def evaluate_floats(
    zp: Array,
    zq: Array,
    wanted: frozenset[str],
    temperature: tuple[float, float] = (1.0, 1.0),
    masses: tuple[Array, Array] | None = None,
) -> Found:
    """Return measures of rows of logits of single or half precision, and bounds on their errors.

    Parameters
    ----------
    zp, zq : ndarray, shape (N, K)
        Logits, as float32 of either byte order or float16.
    wanted : frozenset of str
        Names of measures, all of them in `SERVED`.
    temperature : tuple of float
        T of each side, by which its logits are divided.  Nothing is served where they differ.
    masses : pair of ndarray of float32, shape (N, K), optional
        The exponentials of the logits, where they are known and T is 1.

    Returns
    -------
    Found
        A row is not served where it holds nan or infinity, but for minus infinity on both sides
        of an outcome; a measure of a row is not served where its bound is above `LIMIT`.
    """
    rows, outcomes = zp.shape
    turned = _turned(zp, zq)
    batch = _Batch(rows, outcomes, temperature[0], _Asked.of(wanted), _backwards(wanted, turned))
    height = max(1, WORK // outcomes)
    with np.errstate(all="ignore"):
        for start in range(0, rows, height):
            rows_ = slice(start, start + height)
            known = None if masses is None else (masses[0][rows_], masses[1][rows_])
            batch.add(start, zp[rows_], zq[rows_], turned, known)
        found = _Finish(batch)
        batch.valid &= np.isfinite(found.log_M) & (temperature[0] == temperature[1])
        values, bounds = {}, {}
        for name in wanted:
            value, error = found.measure(name, turned)
            bound = np.where(error == 0.0, 0.0, error / value)
            served = batch.valid & (value >= 0.0) & (bound <= LIMIT)
            values[name] = np.where(served, value, np.nan)
            bounds[name] = np.where(served, bound, np.nan)
            if name in ENTROPIES and not served.all():
                rows = np.flatnonzero(batch.valid & ~served)
                side = (zp if name == "entropy_p" else zq)[rows]
                values[name][rows], bounds[name][rows] = _entropy(side, temperature[0])
    return Found(values, bounds)


def _turned(p: Array, q: Array) -> Bools:
    """Return of which rows Q is the first side, by the rule of `sums.order`."""
    turned: Bools = p[:, 0] > q[:, 0]
    alike = np.flatnonzero(p[:, 0] == q[:, 0])
    if alike.size:
        # Few rows are alike for long.
        a, b = p[alike, :SHORT], q[alike, :SHORT]
        first = np.arange(len(a)), (a != b).argmax(axis=1)
        a, b = a[first], b[first]
        turned[alike] = a > b
        alike = alike[a == b]
    if alike.size:
        sides = (Side(Weights(side[alike]), logarithmic=True) for side in (p, q))
        turned[alike] = order(*sides) > 0
    return turned


def _backwards(wanted: frozenset[str], turned: Bools) -> Bools:
    """Return of which rows more is asked than the divergence of the other side from the first."""
    if wanted == {"kl_pq"}:
        return turned
    return ~turned if wanted == {"kl_qp"} else np.ones_like(turned)


class _Batch:
    """What is known of every row, gathered from pieces of whole rows.

    Attributes
    ----------
    sums : dict of str to ndarray, shape (N,)
        Sums over the outcomes of a row, in the unit of its largest mass.
    unit : ndarray, shape (N,)
        The largest mass of a row, as it is computed.
    rounding : ndarray, shape (N,)
        The error of the logarithms of the first side's masses.
    lossy : ndarray of bool, shape (N,)
        Whether masses of that side are below the normal range.
    centre : ndarray, shape (N,)
        The centre c.
    least, most : ndarray, shape (N,)
        The smallest and largest d; the smallest is minus infinity where it is not asked.
    spreading : ndarray, shape (N,)
        The mean of |d| under the first side, or more.
    relative, absolute : ndarray, shape (N,)
        The error of E, relative to it and to exp(d).
    fine : ndarray of bool, shape (N,)
        Whether phi has the relative error of E, too.
    valid, same : ndarray of bool, shape (N,)
        Whether there is an answer; whether the sides differ in nothing.
    backwards : ndarray of bool, shape (N,)
        Whether G is asked.
    """

    def __init__(
        self,
        rows: int,
        outcomes: int,
        temperature: float,
        asked: _Asked,
        backwards: Bools | None = None,
    ) -> None:
        self.outcomes, self.temperature, self.asked = outcomes, temperature, asked
        self.chunks = -(-outcomes // CHUNK)
        self.chunk = -(-outcomes // self.chunks)
        self.width = self.chunks * self.chunk
        names = ["rest", "m", "variance", "F", "G"]
        names += ["TV"] * asked.tv + ["JS"] * asked.js + ["half"] * asked.half
        names += ["chi2", "chi2_other"] * asked.chi2
        names += ["z", "z_other"] * asked.entropies
        self.sums = dict(zip(names, np.zeros((len(names), rows)), strict=True))
        self.unit, self.rounding, self.centre, self.least, self.most = np.zeros((5, rows))
        self.spreading, self.relative, self.absolute = np.zeros((3, rows))
        self.lossy, self.fine, self.valid, self.same = np.zeros((4, rows), bool)
        self.backwards = np.ones(rows, bool) if backwards is None else backwards
        self._ones = np.ones(self.chunk, np.float32)
        self.scale = 1.0 / temperature
        self._scale = None if temperature == 1.0 else np.array(self.scale, np.float32)

    def add(
        self,
        start: int,
        zp: Array,
        zq: Array,
        turned: Bools,
        known: tuple[Array, Array] | None = None,
    ) -> None:
        """Work on some rows, from `start` on; their masses may be known."""
        at = slice(start, start + len(zp))
        turned, backwards = turned[at], self.backwards[at]
        room = _buffers(len(zp), self.width)
        x, d, xd, e, phi = (room[name] for name in ("x", "d", "xd", "e", "phi"))
        p, q = _singles(zp, room["p"]), _singles(zq, room["q"])
        first = _chosen(p, q, turned, room["z"])
        other = _chosen(q, p, turned, phi)
        inner, each = slice(0, self.outcomes), np.arange(len(zp))
        # Row by row while the cache holds them, if they are long.
        top, ends = np.empty(len(zp), np.intp), np.empty((2, len(zp)), np.float32)
        highest, lowest = ends
        for (place, a), (_, b) in zip(first, other, strict=True):
            top[place] = peak = a.argmax(axis=1)
            highest[place] = a[each[: len(a)], peak]
            np.minimum.reduce(a, axis=1, out=lowest[place])
            if known is None:
                self._exponential(a, None, x[place, inner])
            np.subtract(b, a, out=d[place, inner])
        shift = self._note_range(at, first, highest, lowest)
        if known is not None:
            for place, masses in _chosen(*known, turned, phi):
                np.copyto(x[place, inner], masses)
            # Their roundings are those of a product and a sum.
            self.rounding[at] = 2.0 * U
        elif shift.any():
            for place, a in first:
                self._exponential(a, shift[place, None], x[place, inner])
        if self._scale is not None:
            np.multiply(d, self._scale, out=d)
        if self.width > self.outcomes:
            x[:, self.outcomes :] = 0.0
            d[:, self.outcomes :] = 0.0
        nowhere = None
        if np.minimum.reduce(lowest) == -np.inf:
            nowhere = np.zeros(d.shape, bool)
            np.logical_and(p == -np.inf, q == -np.inf, out=nowhere[:, inner])
            d[nowhere] = 0.0
        self.unit[at] = unit = x[each, top]
        chunks = self._masses(each, top, unit, x)
        mass = 1.0 + self._put("rest", at, chunks)
        np.multiply(x, d, out=xd)
        m = self._put("m", at, self._sum(xd)) / mass
        self.valid[at] = valid = np.isfinite(m)
        if not valid.all():
            x[~valid] = 0.0
            d[~valid] = 0.0
            xd[~valid] = 0.0
            x[each, top] = self.unit[at] = unit = np.where(valid, unit, np.float32(1.0))
            m, mass = np.where(valid, m, 0.0), np.where(valid, mass, 1.0)
        variance = self._put("variance", at, self._dot(xd, d)) / mass
        far = variance < 2.0 * m * m
        if far.any():
            self.centre[at] = centre = np.where(far, m, 0.0).astype(np.float32)
            np.subtract(d[:, inner], centre[:, None], out=d[:, inner])
            if nowhere is not None:
                d[nowhere] = 0.0
            np.multiply(x, d, out=xd)
            m = self._put("m", at, self._sum(xd)) / mass
            variance = self._put("variance", at, self._dot(xd, d)) / mass
        apart = float(np.minimum.reduce(variance))
        if apart == 0.0:
            self.same[at] = (variance == 0.0) & ~d.any(axis=1)
        self.most[at], self.spreading[at] = np.maximum.reduce(d, axis=1), np.sqrt(variance)
        asked = any(self.asked) or np.logical_or.reduce(self.lossy[at])
        if VECTORISED_EXPM1 and apart >= NEAR and not asked:
            # Nothing asked needs the smallest d.
            self.least[at] = -np.inf
            smooth = np.zeros(len(top), bool)
        else:
            self.least[at] = np.minimum.reduce(d, axis=1)
            smooth = self._smooth(at, room, variance, mass)
        for rows in self._apart(smooth):
            self._excess(at, rows, room, bool(smooth[rows].any()))
        if backwards.any():
            self._put("G", at, self._dot(xd, e))
        if not smooth.any():
            phi = np.subtract(e, d, out=xd)
        elif not smooth.all():
            phi[~smooth] = e[~smooth] - d[~smooth]
        parts = self._dot(x, phi)
        if VECTORISED_EXPM1 and not smooth.all():
            # The heaviest chunks in double precision.
            chunks[each, top // self.chunk] = np.inf
            least = np.where(smooth, np.inf, HEAVY * mass * unit).astype(np.float32)
            heavy = np.flatnonzero(chunks > least[:, None])
            x_, d_ = (v.reshape(-1, self.chunk)[heavy].astype(np.float64) for v in (x, d))
            parts.reshape(-1)[heavy] = np.vecdot(x_, np.expm1(d_) - d_)
        f = self._put("F", at, parts) / mass
        if self.asked.entropies:
            z = self._below_highest(first, highest, room["z"], nowhere)
            self._put("z", at, self._dot(x, z))
            self._put("z_other", at, self._dot(np.multiply(x, e, out=xd), z))
        if self.asked.ratios:
            self._ratios(at, room, x, f + m)

    def add_side(self, start: int, values: Array) -> None:
        """Find the masses of one side alone, and what its entropy needs."""
        at = slice(start, start + len(values))
        room = _buffers(len(values), self.width)
        x, each = room["x"], np.arange(len(values))
        logits = _singles(values, room["p"])
        top, lowest = logits.argmax(axis=1), np.minimum.reduce(logits, axis=1)
        highest = logits[each, top]
        first = [(slice(0, len(values)), logits)]
        shift = self._note_range(at, first, highest, lowest)
        self._exponential(logits, shift[:, None], x[:, : self.outcomes])
        x[:, self.outcomes :] = 0.0
        self.unit[at] = x[each, top]
        self._put("rest", at, self._masses(each, top, x[each, top], x))
        z = self._below_highest(first, highest, room["z"])
        if np.minimum.reduce(lowest) == -np.inf:
            np.maximum(z, NOTHING, out=z)
        self._put("z", at, self._dot(x, z))

    def _note_range(self, at: slice, first: Parts, highest: Singles, lowest: Singles) -> Singles:
        """Note how the range of the first side's logits limits its masses.

        Returns
        -------
        ndarray, shape (n,)
            What is subtracted from the logits of each row; most often nothing.
        """
        peak = highest * self.scale
        shift = np.where((peak >= LOWEST_PEAK) & (peak <= HIGHEST_PEAK), np.float32(0.0), highest)
        reach = (shift - lowest) * self.scale
        self.lossy[at] = is_lossy = reach > NORMAL
        roundings = np.where(shift == 0.0, 0.0, 1.0) if self._scale is None else 4.0
        if np.any(roundings):
            if is_lossy.any():
                # Of masses that are not zero.
                for rows, values in first:
                    logs = (values - shift[rows, None]) * np.float32(self.scale)
                    least = np.minimum.reduce(logs, axis=1, where=logs > -LEAST, initial=0.0)
                    reach[rows] = -least
            self.rounding[at] = U * roundings * np.maximum(reach, peak - shift * self.scale)
        return shift

    def _exponential(self, values: Singles, shift: Singles | None, out: Singles) -> None:
        """Find masses from logits, exp(a / T) but for a factor."""
        if shift is not None:
            values = np.subtract(values, shift, out=out)
        if self._scale is not None:
            values = np.multiply(values, self._scale, out=out)
        np.exp(values, out=out)

    def _below_highest(
        self, first: Parts, highest: Singles, z: Singles, nowhere: Bools | None = None
    ) -> Singles:
        """Return the logits of the first side, over T, less the largest."""
        for rows, values in first:
            np.subtract(values, highest[rows, None], out=z[rows, : self.outcomes])
        z[:, self.outcomes :] = 0.0
        if self._scale is not None:
            np.multiply(z, self._scale, out=z)
        if nowhere is not None:
            z[nowhere] = NOTHING
        return z

    def _masses(self, each: Indices, top: Indices, unit: Singles, x: Singles) -> Singles:
        """Return the sums of chunks of x without the largest mass of each row, the unit."""
        x[each, top] = 0.0
        chunks = self._sum(x)
        x[each, top] = unit
        return chunks

    def _apart(self, chosen: Bools) -> list[Rows]:
        """Cut a block into rows that are chosen and others; long rows are taken one by one."""
        if self.outcomes >= LONG and chosen.any():
            return [slice(row, row + 1) for row in range(len(chosen))]
        if chosen.all() or not chosen.any():
            return [slice(0, len(chosen))]
        return [np.flatnonzero(~chosen), np.flatnonzero(chosen)]

    def _smooth(
        self, at: slice, room: dict[str, Singles], variance: Floats, mass: Floats
    ) -> Bools:
        """Return for which rows the polynomial is to find phi."""
        size = np.maximum(self.most[at], -self.least[at])
        if not VECTORISED_EXPM1:
            chosen = (size <= 4.0 * PHI[-1][0]) | (variance < FAR)
            return np.asarray(chosen & (size <= LARGEST))
        chosen = (variance > 0.0) & (variance < NEAR)
        if chosen.any():
            for rows in self._apart(chosen):
                if chosen[rows].any():
                    sums = self._sum(np.abs(room["xd"][rows]))
                    total = np.add.reduce(sums, axis=1, dtype=np.float64)
                    total /= self.unit[at][rows] * mass[rows]
                    spreading = self.spreading[at]
                    spreading[rows] = np.minimum(spreading[rows], total)
            # How the error of E is magnified in phi.
            chosen &= (self.spreading[at] + 0.5 * variance) > MAGNIFIED * (0.5 * variance)
        chosen |= (variance < NEAR) & (size <= PHI[0][0])
        return np.asarray(chosen & (size <= LARGEST))

    def _excess(self, at: slice, rows: Rows, room: dict[str, Singles], smooth: bool) -> None:
        """Find E of some rows of a block, and phi by the polynomial; note how exact they are."""
        d, e, phi, spare = (room[name][rows] for name in ("d", "e", "phi", "y"))
        if smooth:
            size = float(max(np.max(self.most[at][rows]), -np.min(self.least[at][rows])))
            self.relative[at][rows] = _polynomial(d, size, e, phi, spare)
            self.fine[at][rows] = True
        else:
            if VECTORISED_EXPM1:
                self.relative[at][rows] = EXPM1
                np.expm1(d, out=e)
            else:
                self.relative[at][rows], self.absolute[at][rows] = U, EXP
                np.subtract(np.exp(d, out=e), np.array(1.0, np.float32), out=e)
        if not isinstance(rows, slice):
            room["e"][rows], room["phi"][rows] = e, phi

    def _ratios(self, at: slice, room: dict[str, Singles], x: Singles, gain: Floats) -> None:
        """Add up the terms that follow from w = E - (M - 1)."""
        d, e, spare = room["d"], room["e"], room["xd"]
        w = np.subtract(e, gain.astype(np.float32)[:, None], out=room["phi"])
        if self.asked.tv:
            self._put("TV", at, self._dot(x, np.abs(w, out=spare)))
        if self.asked.chi2 or self.asked.half:
            ratio = np.exp(d, out=room["y"])
            if self.asked.chi2:
                xw = np.multiply(x, w, out=spare)
                self._put("chi2_other", at, self._dot(xw, w))
                self._put("chi2", at, self._dot(xw, np.divide(w, ratio, out=room["square"])))
            if self.asked.half:
                roots = np.sqrt(ratio, out=ratio)
                np.add(roots, np.sqrt(1.0 + gain).astype(np.float32)[:, None], out=roots)
                v = np.divide(w, roots, out=roots)
                self._put("half", at, self._dot(np.multiply(x, v, out=spare), v))
        if self.asked.js:
            self._jensen_shannon(at, room, x, gain)

    def _jensen_shannon(
        self, at: slice, room: dict[str, Singles], x: Singles, gain: Floats
    ) -> None:
        """Add up the terms of the Jensen-Shannon divergence, from w where phi was."""
        d, w, spare = room["d"], room["phi"], room["xd"]
        twice = (2.0 * (1.0 + gain)).astype(np.float32)[:, None]
        s = np.add(w, twice, out=spare)
        y = np.divide(w, s, out=room["y"])
        square = np.multiply(y, y, out=room["square"])
        peak = float(np.max(square))
        if math.isnan(peak):
            # A row is out of range.
            peak = 1.0
        constants = next((c for reach, c in JS if peak <= reach), JS[-1][1])
        far, is_far = None, None
        if peak > JS[-1][0]:
            # Twice (w + M) L - s log(s / 2M), with L = log(q / p).
            far, t = np.add(w, 0.5 * twice, out=room["p"]), room["q"]
            np.subtract(d, np.log1p(gain).astype(np.float32)[:, None], out=t)
            np.multiply(far, t, out=far)
            np.log(np.divide(s, twice, out=t), out=t)
            np.subtract(far, np.multiply(s, t, out=t), out=far)
            np.add(far, far, out=far)
            is_far = np.greater(square, np.array(JS[-1][0], np.float32))
        np.multiply(w, y, out=w)
        h = _horner(constants, square, out=s)
        np.multiply(w, h, out=w)
        if far is not None and is_far is not None:
            np.putmask(w, is_far, far)
        self._put("JS", at, self._dot(x, w))

    def summing(self) -> float:
        """Return the relative error of a sum, from its roundings and that of each product."""
        return U * (min(self.chunk, LANES) + 1.0)

    def of_masses(self) -> Floats:
        """Return the relative error of the masses of every row."""
        return EXP + self.rounding

    def lost(self) -> Floats:
        """Return what products that are below the normal range are worth at most, of each row."""
        return self.outcomes * np.where(self.lossy, 2.0**-126, 2.0**-140) / self.unit

    def _put(self, name: str, at: slice, chunks: Singles) -> Floats:
        """Add up the sums of the chunks of every row, and keep them."""
        sums = np.add.reduce(chunks, axis=1, dtype=np.float64)
        sums /= self.unit[at]
        self.sums[name][at] = sums
        return np.asarray(sums)

    def _dot(self, x: Singles, y: Singles) -> Singles:
        shape = (-1, self.chunk)
        sums: Singles = np.vecdot(x.reshape(shape), y.reshape(shape))
        return sums.reshape(-1, self.chunks)

    def _sum(self, x: Singles) -> Singles:
        return (x.reshape(-1, self.chunk) @ self._ones).reshape(-1, self.chunks)


VECTORISED_EXPM1 = _expm1_is_vectorised()


def _buffers(rows: int, width: int) -> dict[str, Singles]:
    """Return the memory of this thread in the shape of a block."""
    if _ROOM.shaped is None or _ROOM.shape != (rows, width):
        size = rows * width
        if _ROOM.flats is None or len(_ROOM.flats["x"]) < size:
            _ROOM.flats = {name: np.empty(size, np.float32) for name in ("p", "q", *_WORK)}
        _ROOM.shape = rows, width
        flats = _ROOM.flats.items()
        _ROOM.shaped = {name: flat[:size].reshape(rows, width) for name, flat in flats}
    return _ROOM.shaped


def _chosen(p: Singles, q: Singles, turned: Bools, spare: Singles) -> Parts:
    """Return the rows of P, and of Q where they are turned; long rows one by one."""
    if p.shape[1] >= LONG:
        rows = [slice(i, i + 1) for i in range(len(p))]
        return [
            (row, (q if turn else p)[row]) for row, turn in zip(rows, turned.tolist(), strict=True)
        ]
    if turned.any():
        first = spare[:, : p.shape[1]]
        np.copyto(first, p)
        first[turned] = q[turned]
        p = first
    return [(slice(0, len(p)), p)]


def _singles(values: Array, room: Singles) -> Singles:
    """Return logits in single precision."""
    if values.dtype == np.float32 and values.dtype.isnative:
        return values
    z = room[:, : values.shape[1]]
    if values.dtype == np.float16 and values.dtype.isnative:
        single_of_half(values, z)
    else:
        np.copyto(z, values)
    return z


def single_of_half(values: Array, out: Singles) -> None:
    """Convert half precision by its bits, several times as fast as NumPy does.

    The exponent, moved to its place, is too small by 112, and that of infinity and nan by more:
    as integers these are the largest, with a sign and without one.
    """
    whole = values.view(np.int16)
    if whole.max() >= INFINITE or values.view(np.uint16).max() >= INFINITE + SIGN:
        np.copyto(out, values)
        return
    bits = out.view(np.int32)
    # A product takes less time than a copy and a shift.
    np.multiply(whole, np.array(1 << 13, np.int32), out=bits, dtype=np.int32)
    np.bitwise_and(bits, np.array(-0x70002000, np.int32), out=bits)
    np.multiply(out, np.array(2.0**112, np.float32), out=out)


def _horner(constants: list[Singles], x: Singles, out: Singles) -> Singles:
    """Return a polynomial of x, its coefficients given from the highest on."""
    np.multiply(x, constants[0], out=out)
    for c in constants[1:-1]:
        np.add(out, c, out=out)
        np.multiply(out, x, out=out)
    return np.add(out, constants[-1], out=out)


def _polynomial(d: Singles, size: float, e: Singles, phi: Singles, spare: Singles) -> float:
    """Find E and phi for |d| <= size by a polynomial; return their relative error.

    For halves h of d it is E(2h) = E^2 + 2 E and phi(2h) = 2 phi + E^2.
    """
    reach, constants = next((each for each in PHI if size <= each[0]), PHI[-1])
    halvings = max(0, math.ceil(math.log2(size / reach))) if size > 0.0 else 0
    h = d
    if halvings:
        h = np.multiply(d, np.array(0.5**halvings, np.float32), out=e)
    _horner(constants, h, out=phi)
    np.multiply(phi, h, out=phi)
    np.multiply(phi, h, out=phi)
    np.add(h, phi, out=e)
    for _ in range(halvings):
        square = np.multiply(e, e, out=spare)
        np.add(phi, phi, out=phi)
        np.add(phi, square, out=phi)
        np.add(e, e, out=e)
        np.add(e, square, out=e)
    return 8.0 * U * 2.0**halvings


class Estimate(NamedTuple):
    """A measure by row, and a bound on its error, absolute."""

    value: Floats
    error: Floats


class _Finish:
    """The measures of all rows, from their sums.

    "First" is the side of which the masses were computed, "other" is the other.
    """

    def __init__(self, batch: _Batch) -> None:
        self.batch = batch
        self.mass = 1.0 + batch.sums["rest"]
        self.F, self.m, self.G = (batch.sums[name] / self.mass for name in ("F", "m", "G"))
        self.gain = self.F + self.m
        self.M = 1.0 + self.gain
        self.log_M = np.log1p(self.gain)
        self.summing = batch.summing()
        scaled = batch.temperature != 1.0
        self.exponential = batch.of_masses()
        self.proportional = U * (5.0 if scaled else 2.0)
        self.inexact = U * (3.0 if scaled else 1.0) * np.abs(batch.centre)
        self.size = np.maximum(batch.most, -np.maximum(batch.least, -1e30))
        # The mean of |d| and bounds on that of |E|.
        self.width = batch.spreading
        self.wide = (self.F + self.width) * 1.001
        by_product = np.sqrt(self.G * (1.0 + 0.5 * self.gain)) * 1.001
        self.reach = np.fmin(self.wide, np.where(batch.backwards, by_product, np.inf))
        # d E is at most this times phi.
        self.rising = 2.0 + np.maximum(batch.most, 0.0)
        # What masses below the normal range are worth at most.
        self.lost = batch.lost()
        if batch.lossy.any():
            worth = (1.0 + self.size) * (np.exp(np.minimum(batch.most, 200.0)) + self.size + 1.0)
            self.lost = np.where(batch.lossy, self.lost * worth, self.lost)
        self.noise = batch.relative * self.reach + batch.absolute * self.M
        self.of_f = self._of_f(self.noise)
        self.of_m = (self.summing + U) * self.width
        self.of_gain = self.of_f + self.of_m
        self.of_shares = 2.0 * self.exponential + self.summing
        self.far, self.centred = bool((self.gain > 1.0).any()), bool(batch.centre.any())

    def _of_f(self, noise: Floats) -> Floats:
        """Return the error of F, where that of E is the noise."""
        of_phi = np.where(self.batch.fine, self.batch.relative * self.F, noise)
        return np.asarray(of_phi + (self.summing + 3.0 * U) * self.F + self.lost)

    @cached_property
    def apart(self) -> Floats:
        """Return sum |q - p| of the distributions, or more."""
        return self._apart(self.reach)

    def _apart(self, reach: Floats) -> Floats:
        """Return the same, where the mean of |E| is at most `reach`."""
        return np.minimum(2.0, (reach + np.abs(self.gain)) / self.M)

    def measure(self, name: str, turned: Bools) -> Estimate:
        """Return a measure; `turned` says of which rows Q is the first side."""
        stem, _, sides = name.rpartition("_")
        if sides in ("pq", "qp", "p", "q"):
            first = turned if sides in ("qp", "q") else ~turned
            if first.all():
                return self._of_first(stem)
            if not first.any():
                return self._of_other(stem)
            twins = zip(self._of_first(stem), self._of_other(stem), strict=True)
            return Estimate(*(np.where(first, x, y) for x, y in twins))
        if name in ("jeffreys", "psi"):
            return _sum(self.kl, self.kl_other)
        if name == "tv":
            return self.tv()
        if name == "bhattacharyya":
            return self.bhattacharyya()
        if name == "hellinger":
            return _root(self.half)
        return self.js if name == "js" else _root(self.js)

    def _of_first(self, stem: str) -> Estimate:
        if stem in ("kl", "chi2"):
            return self.kl if stem == "kl" else self.chi2()
        return self.entropy if stem == "entropy" else _sum(self.entropy, self.kl)

    def _of_other(self, stem: str) -> Estimate:
        if stem in ("kl", "chi2"):
            return self.kl_other if stem == "kl" else self.chi2_other()
        return self.entropy_other if stem == "entropy" else self.cross_entropy_other

    @cached_property
    def kl(self) -> Estimate:
        """Return the divergence of the other side from the first, D(first || other)."""
        value = self.F - (self.gain - self.log_M)
        if self.far:
            value = np.where(self.gain > 1.0, self.log_M - self.m, value)
        # Without G, which is not always known.
        of_f = self._of_f(self.batch.relative * self.wide + self.batch.absolute * self.M)
        of_sums = of_f + self.proportional * self.rising * self.F
        of_sums += np.abs(self.gain) * (self.of_m + self.proportional * self.width)
        error = self.of_shares * value + of_sums / self.M
        if self.centred:
            error += self.inexact * self._apart(self.wide)
        return self._unless_same(value, error)

    @cached_property
    def kl_other(self) -> Estimate:
        """Return D(other || first)."""
        batch, gain, M, G = self.batch, self.gain, self.M, self.G
        value = (G - self.F - (M * self.log_M - gain)) / M
        if self.far:
            value = np.where(gain > 1.0, (G + self.m) / M - self.log_M, value)
        logs = np.abs(self.log_M) + value
        spread = self.width + G
        of_sums = (batch.relative + (self.summing + 2.0 * U)) * G
        of_sums += batch.absolute * spread + self.lost + self.of_f + logs * self.of_gain
        rising = (1.0 + np.maximum(batch.most, 0.0)) * G + logs * spread
        error = self.of_shares * value + (of_sums + self.proportional * rising) / M
        if self.centred:
            error += self.inexact * (spread / M + logs)
        return self._unless_same(value, error)

    def tv(self) -> Estimate:
        """Return the total variation."""
        value = self.batch.sums["TV"] / (2.0 * self.mass * self.M)
        error = (3.0 * self.exponential + 2.0 * self.summing + 4.0 * U) * value
        error += (0.5 * (self.noise + self.lost + self.of_gain) + U * np.abs(self.gain)) / self.M
        error += self.proportional * (self.width + self.G) / self.M + self.inexact
        return self._unless_same(value, error)

    @cached_property
    def js(self) -> Estimate:
        """Return the Jensen-Shannon divergence."""
        batch = self.batch
        value = batch.sums["JS"] / (4.0 * self.mass * self.M)
        relative = batch.relative + batch.absolute
        each = (2.0 + self.apart) * self.exponential + self.of_gain / self.M + 2.2 * relative
        error = (each + 2.0 * self.summing + 12.0 * U) * value
        # Where q is far from p, 1 + E is worth no more than the last bits of E.
        # Halving does not double the error of a negative E.
        bits = np.minimum(batch.relative, 20.0 * U) + 2.0 * U
        far = 40.0 * U + 6.0 * bits * (2.0 + np.abs(self.log_M)) + 10.0 * batch.absolute
        squares = 2.0 * (batch.sums["variance"] / self.mass + self.log_M**2)
        far = far * value + 0.5 * bits * np.minimum(self.width, squares)
        error += np.where(self.size + np.abs(self.log_M) > 1.0, far, 0.0)
        of_w = (relative + 2.0 * U) * np.abs(self.gain) + batch.absolute
        error += 0.6 * self.apart * of_w / self.M
        error += self.proportional * (self.G + np.abs(self.gain) * self.width) / self.M
        error += self.inexact * self.apart + self.lost
        return self._unless_same(value, error)

    @cached_property
    def of_mean(self) -> Floats:
        """Return the relative error of M, in sums whose terms follow from it."""
        return (self.of_gain + (self.summing + U) * np.abs(self.gain)) / self.M

    @cached_property
    def falling(self) -> Floats:
        """Return the mean of |d| under the other side, or more."""
        return (self.width + self.G) / self.M

    @cached_property
    def highest(self) -> Floats:
        """Return the largest q / p of the distributions."""
        return np.exp(np.minimum(self.batch.most, 700.0)) / self.M

    def _of_squares(self, value: Floats, turning: float, roundings: float, size: Floats) -> Floats:
        """Return the error of a sum of squares from masses, roundings and products that are lost.

        An error of the masses moves M by `apart` times itself, and this counts `turning` times.
        Without masses a term is at most `size`.
        """
        each = self.of_shares + turning * self.apart * self.exponential
        lost = self.batch.lost()
        return (each + self.summing + roundings * U) * value + lost * size * (1.0 + 1.0 / self.M)

    @cached_property
    def half(self) -> Estimate:
        """Return the square of the Hellinger distance."""
        batch, apart, log_M = self.batch, self.apart, np.abs(self.log_M)
        value = batch.sums["half"] / (2.0 * self.mass * self.M)
        error = self._of_squares(value, 0.5, 9.0 + EXP / U, 1.0 + self.highest)
        error += 3.5 * self.of_mean * value + self.of_mean**2
        shift = np.abs(self.gain) / self.M * np.minimum(apart, np.sqrt(2.0 * value))
        error += batch.relative * (2.0 * value + shift) + batch.absolute * apart
        rising = (2.0 + np.maximum(batch.most - self.log_M, 0.0)) * value
        error += self.proportional * (rising + 0.5 * (log_M * apart + self.falling * value))
        error += 0.5 * self.inexact * (apart + value)
        return self._unless_same(value, error)

    def bhattacharyya(self) -> Estimate:
        """Return the Bhattacharyya distance."""
        value, error = self.half
        overlap = 1.0 - value
        error = np.where(overlap > error, error / (overlap - error), np.inf)
        return Estimate(-np.log1p(-value), error)

    def chi2(self) -> Estimate:
        """Return the mean square of (p - q) / q under the other side, chi2(first || other)."""
        batch, apart, log_M = self.batch, self.apart, np.abs(self.log_M)
        value = batch.sums["chi2"] / (self.mass * self.M)
        lowest = np.exp(-np.maximum(batch.least, -700.0)) * self.M
        error = self._of_squares(value, 2.0, 6.0 + EXP / U, 1.0 + self.highest + lowest)
        error += 3.0 * self.of_mean * value + self.of_mean**2 * (1.0 + value)
        shift = np.abs(self.gain) / self.M * (apart + value)
        error += 2.0 * batch.relative * (value + shift) + 2.0 * batch.absolute * apart
        each = (2.0 + self.size + log_M + self.falling) * value + log_M * (2.0 * apart + value)
        error += self.proportional * each + 2.0 * self.inexact * (apart + value)
        # Beyond the normal range exp(d) has fewer digits.
        return self._unless_same(value, np.where(batch.least < -NORMAL, np.inf, error))

    def chi2_other(self) -> Estimate:
        """Return the mean square of (q - p) / p under the first side, chi2(other || first)."""
        batch, apart, log_M = self.batch, self.apart, np.abs(self.log_M)
        value = batch.sums["chi2_other"] / (self.mass * self.M**2)
        error = self._of_squares(value, 2.0, 6.0, (1.0 + self.highest) ** 2)
        error += 2.0 * self.of_mean * value + self.of_mean**2
        shift = np.abs(self.gain) / self.M * apart
        error += 2.0 * batch.relative * (value + shift) + 2.0 * batch.absolute * (value + apart)
        rising = (1.0 + np.maximum(batch.most - self.log_M, 0.0) + self.falling) * value
        error += 2.0 * self.proportional * (rising + log_M * (apart + value))
        error += 2.0 * self.inexact * (apart + 2.0 * value)
        return self._unless_same(value, error)

    @cached_property
    def entropy(self) -> Estimate:
        """Return the entropy of the first side."""
        return _entropy_of(self.batch)

    @cached_property
    def cross_entropy_other(self) -> Estimate:
        """Return the cross entropy of the other side with the first, -sum q log p."""
        batch = self.batch
        logs = -batch.sums["z"] / self.mass
        mean = (logs - batch.sums["z_other"] / self.mass) / self.M
        log_mass = np.log1p(batch.sums["rest"])
        each = self.exponential + self.summing + 4.0 * U
        error = each * (log_mass + 2.0 * mean + 2.0 * logs / self.M)
        error += (batch.relative + batch.absolute) * (mean + logs / self.M)
        shift = self.proportional * self.size + self.inexact + self.of_gain / self.M
        error += shift * mean + self.lost * LEAST
        error = np.where(log_mass > 0.0, error, np.inf)
        return self._unless_same_as(self.entropy, Estimate(log_mass + mean, error))

    def _unless_same_as(self, first: Estimate, other: Estimate) -> Estimate:
        """Return the estimate of the first side for sides that differ in nothing."""
        same = self.batch.same
        return Estimate(*(np.where(same, x, y) for x, y in zip(first, other, strict=True)))

    @cached_property
    def entropy_other(self) -> Estimate:
        """Return the entropy of the other side."""
        cross, kl = self.cross_entropy_other, self.kl_other
        return self._unless_same_as(
            self.entropy, Estimate(cross.value - kl.value, cross.error + kl.error)
        )

    def _unless_same(self, value: Floats, error: Floats) -> Estimate:
        """Return zero for sides that differ in nothing, and no answer for vanishing ones."""
        error = np.where(value > VANISHING, error, np.inf)
        same = self.batch.same
        if not same.any():
            return Estimate(value, error)
        return Estimate(np.where(same, 0.0, value), np.where(same, 0.0, error))


def _sum(first: Estimate, second: Estimate) -> Estimate:
    return Estimate(first.value + second.value, first.error + second.error)


def _root(square: Estimate) -> Estimate:
    root = np.sqrt(square.value)
    return Estimate(root, 0.5 * square.error / np.where(root > 0.0, root, 1.0) + U * U * root)


def _entropy_of(batch: _Batch) -> Estimate:
    """Return the entropy of the side of which the masses were computed."""
    rest = batch.sums["rest"]
    value = np.log1p(rest) - batch.sums["z"] / (1.0 + rest)
    error = (2.0 * (batch.of_masses() + batch.summing()) + 4.0 * U) * value
    error += LEAST * batch.lost()
    return Estimate(value, np.where(rest > 0.0, error, np.inf))


def _entropy(logits: Array, temperature: float) -> tuple[Floats, Floats]:
    """Return the entropy of logits, without another side, and the bound on its error."""
    rows, outcomes = logits.shape
    batch = _Batch(rows, outcomes, temperature, _Asked.of(ENTROPIES))
    height = max(1, WORK // outcomes)
    for start in range(0, rows, height):
        batch.add_side(start, logits[start : start + height])
    value, error = _entropy_of(batch)
    bound = error / value
    served = bound <= LIMIT
    return np.where(served, value, np.nan), np.where(served, bound, np.nan)
