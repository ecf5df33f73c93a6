"""Axes: where a number lies on one, as a fraction of its length, and which numbers are printed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

GUTTER = 0.1
"""The part of an axis that is set apart for a number which has no place on it: 0 or infinity."""
BEYOND = 1.1
"""How much longer an axis is than the largest divergence."""
MOST_TICKS = 6
SMALLEST, LARGEST = 1e-300, 1e300
"""What is nearer 0, or larger, is not worth an axis of its own."""
APART = 0.09
"""The least distance of two ticks whose numbers are printed."""


class Tick(NamedTuple):
    """A number that is printed at an axis, and its place from 0 to 1."""

    place: float
    value: float


class ShareAxis(NamedTuple):
    """A logarithmic axis of shares: equal lengths are equal ratios.

    Attributes
    ----------
    low, high : float
        The positive shares at both ends of the logarithmic part.
    gutter : bool
        Whether the first part of the axis is a gutter for the share 0.
    """

    low: float
    high: float
    gutter: bool

    def place(self, share: float) -> float:
        """Return where a share lies, from 0 to 1; one beyond an end lies on the end."""
        start = GUTTER if self.gutter else 0.0
        if share <= 0:
            return start / 2
        log = math.log(min(max(share, self.low), self.high)) - math.log(self.low)
        length = math.log(self.high) - math.log(self.low)
        return min(1.0, start + (1 - start) * log / length)

    def ticks(self) -> list[Tick]:
        """Return powers of ten, and 1, 2 and 5 times these on a short axis."""
        found = _one_two_five(self.low, self.high, math.log10(self.high) - math.log10(self.low))
        ticks = [Tick(self.place(value), value) for value in found]
        return [Tick(self.place(0.0), 0.0), *ticks] if self.gutter else ticks


def share_axis(shares: Iterable[float]) -> ShareAxis:
    """Return the axis from the smallest positive share to the largest, rounded outwards.

    Its ends are 1, 2 or 5 times a power of ten, and at least a factor of ten apart.

    Parameters
    ----------
    shares : iterable of float
        Numbers from 0 to 1; a share of 0 gives the axis a gutter.
    """
    every = list(shares)
    positive = [share for share in every if share > 0] or [1.0]
    low, high = _rounded_down(min(positive)), _rounded_up(max(positive))
    if high / low < 10 and high > SMALLEST:
        low = _rounded_down(high / 10)
    elif high / low < 10:
        high = _rounded_up(10 * low)
    return ShareAxis(low, high, min(every) <= 0)


class RootAxis(NamedTuple):
    """A square-root axis of a divergence: equal lengths are equal shifts, and 0 has a place.

    A shift by d standard deviations is d^2/2 nats.

    Attributes
    ----------
    high : float
        The divergence at the end of the finite part, which is positive.
    gutter : bool
        Whether the last part of the axis is a gutter for infinity.
    """

    high: float
    gutter: bool

    def place(self, value: float) -> float:
        """Return where a divergence lies, from 0 to 1; a negative estimate lies on 0."""
        end = 1 - GUTTER if self.gutter else 1.0
        if math.isinf(value) and value > 0:
            return (1 + end) / 2
        return end * math.sqrt(min(max(value, 0.0) / self.high, 1.0))

    def ticks(self) -> list[Tick]:
        """Return 0 and 1, 2 or 5 times powers of ten that are not too near each other."""
        end = self.place(self.high)
        ticks: list[Tick] = []
        for value in reversed(_one_two_five(self.high / 1000, self.high, 1.0)):
            place = self.place(value)
            if place >= APART and (not ticks or ticks[-1].place - place >= end / MOST_TICKS):
                ticks.append(Tick(place, value))
        ticks.append(Tick(0.0, 0.0))
        if self.gutter:
            ticks.insert(0, Tick(self.place(math.inf), math.inf))
        return ticks[::-1]


def root_axis(values: Iterable[float]) -> RootAxis:
    """Return the axis from 0 to a little more than the largest finite divergence."""
    every = list(values)
    high = max((value for value in every if math.isfinite(value)), default=0.0)
    high = min(BEYOND * high, LARGEST) if high > SMALLEST else 1.0
    return RootAxis(high, any(map(math.isinf, every)))


def _one_two_five(low: float, high: float, decades: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten from `low` to `high`.

    Over more than 1.4 decades these are 1 and 3 times powers of ten, and over many some powers.
    """
    digits = (1, 2, 5) if decades <= 1.4 else (1, 3) if decades <= 2.7 else (1,)
    step = math.ceil(decades / MOST_TICKS) if len(digits) == 1 else 1
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    # From the top down, so that 100 % is among them however many decades there are.
    powers = [power for power in range(last, first - 1, -1) if (last - power) % step == 0]
    values = [float(f"{digit}e{power}") for power in reversed(powers) for digit in digits]
    return [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]


def _rounded_down(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above a positive number."""
    power = math.floor(math.log10(value))
    nice = [float(f"{digit}e{power + shift}") for shift in (-1, 0, 1) for digit in (1, 2, 5)]
    return max((number for number in nice if 0 < number <= value), default=value)


def _rounded_up(value: float) -> float:
    """Return the smallest 1, 2 or 5 times a power of ten that is not below a positive number."""
    power = math.floor(math.log10(value))
    nice = [float(f"{digit}e{power + shift}") for shift in (-1, 0, 1) for digit in (1, 2, 5)]
    return min(number for number in nice if number >= value)
