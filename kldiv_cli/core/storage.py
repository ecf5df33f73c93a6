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
EXPONENT = np.uint32(0x7F800000)
"""The bits of the exponent of a number of single precision."""


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
    # Single precision holds every number of 16 bits.
    z = logits.astype(np.float32)
    p = z.astype(float)
    p -= p.max(axis=1, keepdims=True)
    p /= temperature
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    # By its bits a number is cut down to a power of two, several times as fast as by `frexp`.
    power = (z.view(np.uint32) & EXPONENT).view(np.float32)
    power[~np.isfinite(z)] = 0.0
    unit = np.maximum(power, 2.0 ** (LEAST[stored] - 1)).astype(float)
    unit *= 2.0 ** (1 - SIGNIFICAND[stored])
    return np.asarray((p * (1 - p) * unit**2).sum(axis=1) / 24 / temperature**2)
