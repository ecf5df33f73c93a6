"""Arithmetic with sums of two doubles, for the few places where one double is too short.

References
----------
.. [1] T. J. Dekker, "A floating-point technique for extending the available precision",
   Numer. Math. 18 (1971).
.. [2] T. Ogita, S. M. Rump and S. Oishi, "Accurate sum and dot product",
   SIAM J. Sci. Comput. 26 (2005).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"
Bools: TypeAlias = "NDArray[np.bool_]"
Floats: TypeAlias = "NDArray[np.float64]"
Indices: TypeAlias = "NDArray[np.intp]"
Signs: TypeAlias = "NDArray[np.int8]"
Number = TypeVar("Number", float, "Floats")

_UPPER = np.array(-(1 << 27))


class Twofold(NamedTuple):
    """The number ``high + low``, where `low` is below the last bit of `high`."""

    high: Floats
    low: Floats


def two_sum(a: Floats, b: Floats) -> Twofold:
    """Add two doubles exactly."""
    total = a + b
    part = total - a
    return Twofold(total, (a - (total - part)) + (b - part))


def halves(a: Floats, high: Floats | None = None, low: Floats | None = None) -> Twofold:
    """Cut doubles into two numbers of at most 26 and 27 bits, whose products are exact."""
    bits = np.ascontiguousarray(a).view(np.int64)
    bits = np.bitwise_and(bits, _UPPER, None if high is None else high.view(np.int64))
    high = bits.view(np.float64)
    return Twofold(high, np.subtract(a, high, low))


def two_product(a: Floats, b: Floats) -> Twofold:
    """Multiply two doubles, to 106 bits."""
    product = a * b
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return Twofold(product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2)


def add(a: Twofold, b: Twofold) -> Twofold:
    """Add two sums, to about 104 bits."""
    total = two_sum(a.high, b.high)
    return _settle(total.high, total.low + a.low + b.low)


def multiply(a: Twofold, b: Twofold) -> Twofold:
    """Multiply two sums, to about 102 bits."""
    product = two_product(a.high, b.high)
    return _settle(product.high, product.low + (a.high * b.low + a.low * b.high))


def divide(a: Twofold, b: Twofold) -> Twofold:
    """Divide a sum by a sum, to about 102 bits."""
    first = a.high / b.high
    rest = add(a, multiply(Twofold(-first, np.zeros_like(first)), b))
    return _settle(first, rest.high / b.high)


def _settle(high: Floats, low: Floats) -> Twofold:
    total = high + low
    return Twofold(total, low - (total - high))


def three_parts(a: Twofold) -> tuple[Floats, Floats, Floats]:
    """Cut a sum into three doubles, the first two of at most 26 bits.

    They are rounded, not cut off: a number just below 1 has the first part 1.
    """
    first = round26(a.high)
    rest = (a.high - first) + a.low
    second = round26(rest)
    return first, second, ((a.high - first) - second) + a.low


def round26(a: Number) -> Number:
    """Round to 26 bits; nan where the number times 2^27 leaves the range."""
    c = a * (2.0**27 + 1.0)
    return c - (c - a)


LOG2 = (0.6931471805598903, 5.49792301870721e-14, 1.1612227229362532e-26)
"""log 2; the first two parts have at most 42 bits, so that exponents times them are exact."""


def log(a: Twofold) -> Twofold:
    """Return the log of positive numbers to 2**-93 of max(1, abs(log a)).

    ``log(m 2^e) = e log 2 + 2 atanh((m - 1)/(m + 1))`` with m in [sqrt(1/2), sqrt 2).
    """
    m, e = np.frexp(a.high)
    small = m < np.sqrt(0.5)
    e = (e - small).astype(np.float64)
    m = np.where(small, m + m, m)
    low = np.ldexp(a.low, -e.astype(np.int32))
    one, zero = np.ones_like(m), np.zeros_like(m)
    rest = Twofold(low, zero)
    y = divide(add(two_sum(m, -one), rest), add(two_sum(m, one), rest))
    z = multiply(y, y)
    # y (1 + z/3 + z^2/5 + ...): from z^7 on a double's digits are enough.
    tail = zero
    for k in range(41, 13, -2):
        tail = tail * z.high + 1.0 / k
    series = Twofold(tail, zero)
    for k in range(13, 0, -2):
        n, d = (1.0 / k).as_integer_ratio()
        series = add(multiply(series, z), Twofold(one / k, (d - k * n) / (d * k) * one))
    atanh = multiply(y, series)
    part = add(Twofold(e * LOG2[1], e * LOG2[2]), Twofold(2.0 * atanh.high, 2.0 * atanh.low))
    return add(Twofold(e * LOG2[0], zero), part)
