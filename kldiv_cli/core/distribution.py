"""A distribution as it was read: its outcomes, their weights, and how they were read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kldiv_cli.core.coded import Coding
    from kldiv_cli.core.intervals import Intervals
    from kldiv_cli.core.truncated import TopTokens
    from kldiv_cli.errors import Note

LOG_KINDS = ("logits", "log-probs")
EXACT = 100_000
"""So many doubles have a total that is correctly rounded."""
MOST_ROWS = 10**300
"""Sample sizes below it leave room in a double for what is computed from them."""
Kind = Literal["weights", "probabilities", "counts", "logits", "log-probs"]


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """The weights of the outcomes of one side as they were read, not yet normalised.

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
        The meaning of the weights, declared by the user or chosen.
    outcomes : sequence of str, or None
        The labels; None where the outcomes are known by position alone.
    weights : ndarray, shape (K,) or (N, K)
        Validated: finite and non-negative, with a positive total in every row; logits
        and log-probabilities may be negative, and -inf. float64, float32, any integer
        type, or object (Python integers that no 64-bit type holds).
    rows_read, rows_used, missing : int
        Records in the source, those that the weights rest on, and missing values.
    notes : tuple of Note
        The choices and repairs that were made.
    details : tuple of pairs of str
        How the source was read: encoding, delimiter, columns, type …
    column : str, or None
        The name of the column that holds the outcomes, where there is one.
    missing_label : str, or None
        The label of the outcome that stands for missing values, where there is one.
    intervals : Intervals, or None
        The bins that the outcomes are, where these are bins of numbers.
    flattened : tuple of int, or None
        The shape of the array whose elements are the outcomes, where it had several dimensions.
    joint : bool
        The outcomes are those of several columns together; see `kldiv_cli.core.joint`.
    """

    name: str
    source: str
    format: str
    kind: Kind
    outcomes: Sequence[str] | None
    weights: NDArray[np.generic] | NDArray[Any]
    rows_read: int
    rows_used: int
    missing: int = 0
    notes: tuple[Note, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    column: str | None = None
    missing_label: str | None = None
    intervals: Intervals | None = None
    flattened: tuple[int, ...] | None = None
    joint: bool = False

    @property
    def total(self) -> int | float:
        """The sum of the weights; that of a softmax is 1."""
        return total_of(self.weights, self.kind)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Distributions in the rows of an array that is read block by block, once.

    Attributes
    ----------
    name, source, format, kind, notes, details, column
        As of a `Distribution`; `column` is the name of the array.
    shape : tuple of int
        That of the array: outcomes lie along its last axis, and all others together are rows. Of
        a single axis it is one distribution, which meets every row of the other side.
    blocks : iterable of ndarray, shape (n, K) or (K,)
        The numbers as they are stored, not yet checked; see `Matrix.blocks`.
    stored : str
        The type in which they are stored.
    coding : Coding, or None
        What is known of rows that are records of a language model; see `Matrix.coding`.
    tops : TopTokens, or None
        The rows, where the likeliest outcomes of each alone are known; there are no blocks then.
    """

    name: str
    source: str
    format: str
    kind: Kind
    shape: tuple[int, ...]
    blocks: Iterable[NDArray[Any]]
    stored: str
    notes: tuple[Note, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    column: str | None = None
    coding: Coding | None = None
    tops: TopTokens | None = None

    @property
    def is_vector(self) -> bool:
        """Whether it is one distribution, which meets every row of the other side."""
        return len(self.shape) == 1

    @property
    def rows(self) -> int:
        """How many distributions there are."""
        return math.prod(self.shape[:-1])

    @property
    def outcomes(self) -> int:
        """K, how many outcomes each of them has."""
        return self.shape[-1]


@dataclass(frozen=True, slots=True)
class Outline:
    """What is told of a source that holds the predictions of a language model.

    Attributes
    ----------
    name, source, format, notes
        As of a `Distribution`.
    facts : dict of str to str
        What is known of it as a whole.
    parts : dict of str to str
        What its arrays are, by their names; empty where they have none.
    """

    name: str
    source: str
    format: str
    facts: Mapping[str, str]
    parts: Mapping[str, str]
    notes: tuple[Note, ...] = ()


def total_of(weights: NDArray[Any], kind: Kind) -> int | float:
    """Return the sum of weights: exact for integers, 1 for a softmax.

    The sum of up to `EXACT` doubles is correctly rounded, so that it does not depend on their
    order; beyond, pairwise summation loses no digit that a report shows.
    """
    if kind in LOG_KINDS:
        return 1
    if weights.dtype.kind in "iu" and int(weights.max()) * weights.size < 2**63:
        return int(weights.sum())
    if weights.dtype.kind in "iuO":
        return sum(map(int, weights.flat))
    return math.fsum(weights.flat) if weights.size <= EXACT else float(weights.sum(dtype=float))
