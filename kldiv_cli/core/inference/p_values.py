"""P-values that know their test: how they were found, and how many digits of them are certain."""

from __future__ import annotations

import math
from typing import Literal

from kldiv_cli.tuples import NamedTuple

Test = Literal["chi-square", "exact", "permutation", "monte-carlo"]

LEAST = 1e-4
"""Below it no p-value is told from another in words."""
_FEW = 10
"""With fewer draws that are as extreme, the second digit is chance."""


class PValue(NamedTuple):
    """The p-value of P = Q, and the test that it is of.

    Attributes
    ----------
    value : float
        Between 0 and 1. Of random draws (1 + exceedances)/(draws + 1).
    test : {"chi-square", "exact", "permutation", "monte-carlo"}
        Pearson's test; the exact test of the G statistic; the same by random tables with the
        totals of both samples; and by random samples of known probabilities.
    draws : int or None
        How many tables were drawn; None where the test needs no draw.
    exceedances : int or None
        How many of these are as extreme as the observed one.
    statistic : float or None
        Pearson's X^2, of tables whose outcomes were pooled that of the pooled ones; where rows
        depend on each other, or weigh, as corrected for that. None of the other tests.
    df : int, float or None
        The degrees of freedom of its chi-square law: outcomes less 1, and a fraction of that
        where it is corrected.
    """

    value: float
    test: Test
    draws: int | None = None
    exceedances: int | None = None
    statistic: float | None = None
    df: float | None = None

    @property
    def is_floor(self) -> bool:
        """Whether no draw was as extreme, so that the p-value is at most this."""
        return self.exceedances == 0


class Adjusted(NamedTuple):
    """A p-value of drift, corrected for the number of tests.

    Attributes
    ----------
    value : float
        Between 0 and 1.
    columns : int
        How many were corrected together.
    is_floor : bool
        Whether more draws could make it smaller, so that it is at most this.
    are : str
        What was corrected: ``columns``, or ``tests`` of several measures.
    """

    value: float
    columns: int
    is_floor: bool
    are: str = "columns"


def digits(value: float, exceedances: int | None = None, *, floor: bool = False) -> str:
    """Return a p-value in the digits that are certain: ``0.03``, ``<= 0.001``, ``< 0.0001``.

    Parameters
    ----------
    value : float
        The p-value.
    exceedances : int, optional
        How many random tables were as extreme; none where it was not drawn.
    floor : bool
        Whether it is only known to be at most this. It is rounded up then.
    """
    if floor or exceedances == 0:
        place = 1 - math.floor(math.log10(value))
        return f"<= {math.ceil(round(value * 10**place, 6)) / 10**place:.2g}"
    if value < LEAST:
        return f"< {LEAST:.4f}"
    return f"{value:.1g}" if exceedances is not None and exceedances < _FEW else f"{value:.2g}"


def name_of_test(test: Test, draws: int | None = None, exceedances: int | None = None) -> str:
    """Return a test in words: ``permutation test, 999 draws, none as extreme``."""
    words = "Monte Carlo test" if test == "monte-carlo" else f"{test} test"
    if draws is None:
        return words
    none = ", none as extreme" if exceedances == 0 else ""
    return f"{words}, {draws:,} draws{none}"
