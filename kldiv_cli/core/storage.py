"""What rounding does to logits that are stored in 16 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGNIFICAND = {"float16": 11, "bfloat16": 8}
"""Bits of the significand, by the name of the type."""
LEAST = {"float16": -13, "bfloat16": -125}
"""The exponent of the least number of all these bits; numbers below it have its unit."""


def rounding_noise(
    logits: NDArray[Any], stored: str, temperature: float = 1.0
) -> NDArray[np.float64]:
    """Return the divergence that rounding logits makes on average by itself, row by row, in nats.

    Rounded numbers are off by errors e_i that are uniform between half a unit of their last place
    on either side, u_i. To the second order the divergence is half the variance of the errors
    under the softmax p, on average ``sum p_i (1 - p_i) u_i^2 / 24``.

    Parameters
    ----------
    logits : ndarray, shape (n, K)
        As they are stored.
    stored : {"float16", "bfloat16"}
        The type they are stored in.
    temperature : float
        Divides them.
    """
    z = logits.astype(float)
    top = z.max(axis=1, keepdims=True)
    p = np.exp((z - top) / temperature)
    p /= p.sum(axis=1, keepdims=True)
    _, exponent = np.frexp(np.where(np.isfinite(z), z, 0.0))
    exponent = np.where(z == 0, LEAST[stored], np.maximum(exponent, LEAST[stored]))
    unit = np.ldexp(1.0, exponent - SIGNIFICAND[stored])
    return np.asarray((p * (1 - p) * unit**2).sum(axis=1) / 24 / temperature**2)
