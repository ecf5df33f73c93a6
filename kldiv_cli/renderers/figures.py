"""Numbers as people read them: no digit that is not certain, and none too many."""

from __future__ import annotations

import math
import re
from typing import Literal

DIGITS = 6


def figure(
    value: float | Literal["error"],
    bound: float = 0.0,
    *,
    infinity: str = "Infinity",
    digits: int = DIGITS,
) -> str:
    """Return `value` with at most six significant digits, all of them certain.

    Parameters
    ----------
    value : float or "error"
        What to print; what was not computed stays an error.
    bound : float
        Bound on its relative error.
    infinity : str
        What stands for infinity.
    digits : int
        The most digits, where fewer than six tell everything.
    """
    if value == "error":
        return value
    if math.isinf(value):
        return infinity if value > 0 else f"-{infinity}"
    if value == 0:
        return "0"
    if bound > 0:
        digits = min(digits, max(1, math.floor(-math.log10(2 * bound))))
    return f"{value:#.{digits}g}".rstrip(".")


def rough(value: float) -> str:
    """Return three significant digits, which is more than a sample tells."""
    return figure(value) if math.isinf(value) else f"{value:.3g}"


def p_value(value: float) -> str:
    """Return a p-value; one that is too small for a double is not 0."""
    return f"{value:.2g}" if value >= 1e-300 else "< 1e-300"


def amount(value: float) -> str:
    """Return a total or a count as it stands: every digit of an integer."""
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def count(number: int, noun: str) -> str:
    """Return ``1 outcome`` or ``2 outcomes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def spelled(symbol: str, p: str, q: str) -> str:
    """Return a measure's symbol with the names of the sides: ``D(jan || jul)``."""
    return re.sub(r"\b[PQ]\b", lambda side: p if side[0] == "P" else q, symbol)
