"""Numbers and signs as people read them: no digit that is not certain, and none too many."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Figure

DIGITS = 6


def figure(value: Figure, bound: Figure = 0.0, *, digits: int = DIGITS) -> str:
    """Return `value` with at most six significant digits, all of them certain.

    Parameters
    ----------
    value : float or "error"
        The number to print; a value that was not computed stays ``error``.
    bound : float or "error"
        Bound on its relative error.
    digits : int
        The most digits, where fewer than six tell everything.
    """
    if value == "error" or bound == "error":
        return "error"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if bound > 0:
        digits = min(digits, max(1, math.floor(-math.log10(2 * bound))))
    return f"{value:#.{digits}g}".rstrip(".").replace(".e", "e")


def to_error(value: float, error: float | None, bound: float = 0.0) -> str:
    """Return a value down to the second digit of its standard error.

    Parameters
    ----------
    value : float
        The value, or the error itself.
    error : float or None
        Its standard error; where there is none, or it is 0, the value is printed as `figure` does.
    bound : float
        See `figure`.
    """
    if not error or not value or math.isinf(value) or math.isinf(error):
        return figure(value, bound)
    # The place of the error's second digit, as it is printed: 0.0996 is 0.10.
    place = math.floor(math.log10(float(f"{error:.1e}"))) - 1
    rounded = round(value, -place)
    if not rounded:
        return "0"
    of_value = math.floor(math.log10(abs(rounded)))
    digits = of_value - place + 1
    if 0 <= of_value < DIGITS:
        digits = max(digits, of_value + 1)
    return figure(value, bound, digits=min(digits, DIGITS))


def rough(value: float) -> str:
    """Return an estimate with three significant digits, which is more than a sample tells."""
    return figure(value) if math.isinf(value) else f"{value:.3g}"


def amount(value: float) -> str:
    """Return a total or a count as it stands: every digit of an integer."""
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def count(number: int, noun: str) -> str:
    """Return ``1 outcome`` or ``2 outcomes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def interval_title(alpha: float) -> str:
    """Return what intervals are called: their level."""
    return f"{100 * (1 - alpha):.10g} % interval"


def spelled(symbol: str, p: str, q: str) -> str:
    """Return a measure's symbol with the names of the sides: ``D(jan || jul)``."""
    return re.sub(r"\b[PQ]\b", lambda side: p if side[0] == "P" else q, symbol)
