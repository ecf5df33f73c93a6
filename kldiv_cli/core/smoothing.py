"""Pseudocounts and floors: opt-in ways to give mass to outcomes that were not seen.

Adding alpha to every count is the posterior mean under a symmetric Dirichlet(alpha) prior:
alpha = 1/2 is Jeffreys' prior (Jeffreys, Proc. R. Soc. A 186, 1946), alpha = 1 Laplace's
rule of succession.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.numbers import is_number
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

PSEUDOCOUNTS = {"none": 0.0, "jeffreys": 0.5, "laplace": 1.0}
"""The names of pseudocounts that take no parameter."""
NAMES = "none, jeffreys, laplace, add:ALPHA or floor:EPS"


class Smoothing(NamedTuple):
    """A change of the weights of both sides, over the union of their outcomes.

    Attributes
    ----------
    name : str
        The name that was asked for, which reports print.
    pseudocount : float
        Added to every count; 0 adds nothing.
    floor : float
        No probability stays below it; 0 changes nothing.
    """

    name: str = "none"
    pseudocount: float = 0.0
    floor: float = 0.0

    def apply(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Return the smoothed weights, not normalised.

        Parameters
        ----------
        weights : ndarray, shape (..., K)
            Weights of any real type.

        Returns
        -------
        ndarray, shape (..., K)

        Notes
        -----
        Integer counts stay exact: all weights are multiplied by the denominator of the
        pseudocount, in Python's integers, which cannot overflow.
        """
        if self.pseudocount and weights.dtype.kind in "iuO":
            numerator, denominator = self.pseudocount.as_integer_ratio()
            if weights.dtype.kind in "iu" and int(weights.max()) * denominator + numerator < 2**63:
                return np.asarray(weights.astype(np.int64) * denominator + numerator)
            exact = np.asarray(weights.astype(object) * denominator + numerator)
            return exact.astype(np.int64) if exact.max() < 2**63 else exact
        if self.pseudocount:
            return np.asarray(weights + self.pseudocount)
        if self.floor:
            # By the largest first: a total may be beyond doubles, or beyond 64 bits.
            share = (weights / weights.max(axis=-1, keepdims=True)).astype(np.float64)
            return np.asarray(share / share.sum(axis=-1, keepdims=True)).clip(min=self.floor)
        return weights


def find(name: str) -> Smoothing:
    """Find a smoothing by the name a user types.

    Parameters
    ----------
    name : str
        One of `NAMES`, with an unsigned number for its parameter.

    Raises
    ------
    ValueError
        If there is none of that name, or its parameter is not a positive number (for a
        floor: below 1).
    """
    if name in PSEUDOCOUNTS:
        return Smoothing(name, PSEUDOCOUNTS[name])
    kind, _, text = name.partition(":")
    unsigned = is_number(text) and text == text.strip(" \t+")
    parameter = float(text) if unsigned else math.nan
    if kind == "add" and 0 < parameter < math.inf:
        return Smoothing(name, pseudocount=parameter)
    if kind == "floor" and 0 < parameter < 1:
        return Smoothing(name, floor=parameter)
    raise ValueError(f"smoothing is {NAMES}, with ALPHA > 0 and 0 < EPS < 1; found {name!r}")
