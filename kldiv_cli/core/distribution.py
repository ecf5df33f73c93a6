"""One side of a comparison: outcomes and what they weigh, and what was done to read them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kldiv_cli.errors import Note

LOG_KINDS = ("logits", "log-probs")
Kind = Literal["probabilities", "counts", "weights", "logits", "log-probs"]


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Weights by outcome, as they were read; not yet normalised.

    Attributes
    ----------
    name : str
        What reports call it: the user's word, or one taken from the source.
    source : str
        The path as it was given, ``-`` for standard input, or ``array``, ``mapping``,
        ``data frame``.
    format : str
        ``csv``, ``json``, ``npy`` …
    kind : Kind
        What the numbers mean: declared by the user or chosen.
    outcomes : tuple of str, or None
        The labels; None where the outcomes are known by position alone.
    weights : ndarray, shape (K,) or (N, K)
        Validated: finite and non-negative, with a positive total in every row; logits
        and log-probabilities may be negative, and -inf. float64, float32, any integer
        type, or object (Python integers that no 64-bit type holds).
    rows_read, rows_used, missing : int
        Records in the source, those that the weights rest on, and missing values.
    notes : tuple of Note
        What was chosen or repaired on the way.
    details : tuple of pairs of str
        How the source was read: encoding, delimiter, columns, type …
    """

    name: str
    source: str
    format: str
    kind: Kind
    outcomes: tuple[str, ...] | None
    weights: NDArray[np.generic] | NDArray[Any]
    rows_read: int
    rows_used: int
    missing: int = 0
    notes: tuple[Note, ...] = ()
    details: tuple[tuple[str, str], ...] = ()

    @property
    def total(self) -> int | float:
        """The sum of the weights; of a softmax it is 1."""
        weights = self.weights
        if self.kind in LOG_KINDS:
            return 1
        if weights.dtype.kind in "iu" and int(weights.max()) * weights.size < 2**63:
            return int(weights.sum())
        if weights.dtype.kind in "iuO":
            return sum(map(int, weights.flat))
        # Exact rounding is for people who add up by hand; pairwise sums lose no shown digit.
        return (
            math.fsum(weights.flat) if weights.size <= 100_000 else float(weights.sum(dtype=float))
        )
