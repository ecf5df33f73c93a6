"""Distributions of which the likeliest outcomes alone are known, as servers of models answer.

Of two such rows the outcomes that both list have a cell each, and all others together are one. By
the log-sum inequality, a divergence over these cells is a lower bound on that of the whole
distributions. There is no finite upper bound.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.coded import OUTSIDE, ROUNDING, Cells, nearest
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from numpy.typing import NDArray

    Row = Mapping[str, float]


class TopTokens(NamedTuple):
    """The likeliest tokens of the positions of a text.

    Attributes
    ----------
    rows : sequence of mapping
        For each position the natural logarithms of the probabilities of some tokens.
    targets : sequence of (str or None)
        The token of the text in each position, where it is known.
    identity : {"bytes", "id", "text"}
        What tells two tokens apart. Names of one kind mean nothing among those of another.
    """

    rows: Sequence[Row]
    targets: Sequence[str | None]
    identity: Literal["bytes", "id", "text"]


def common_cells(p: Sequence[Row], q: Sequence[Row]) -> Cells:
    """Return two batches over the cells that they have in common.

    Parameters
    ----------
    p, q : sequence of mapping
        Rows of `TopTokens`, as many on both sides.

    Returns
    -------
    Cells
        Of as many cells as any row needs: where a row needs fewer, the others are empty.
    """
    common = [[token for token in a if token in b] for a, b in zip(p, q, strict=True)]
    width = max(map(len, common), default=0)
    logs = [np.full((len(common), width + 1), OUTSIDE) for _ in range(2)]
    for side, log in zip((p, q), logs, strict=True):
        for i, (row, tokens) in enumerate(zip(side, common, strict=True)):
            log[i, : len(tokens)] = [row[token] for token in tokens]
    ends = [_rest(side, common) for side in (p, q)]
    masses = nearest(ends[0], ends[1])
    is_empty = (masses[0] == 0) & (masses[1] == 0)
    for log, mass in zip(logs, masses, strict=True):
        with np.errstate(divide="ignore"):
            log[:, -1] = np.where(is_empty, OUTSIDE, np.log(mass))
    return Cells(logs[0], logs[1])


def _rest(
    side: Sequence[Row], common: Sequence[Sequence[str]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the greatest mass of all tokens that are not common."""
    inside = [
        math.fsum(math.exp(row[t]) for t in own) for row, own in zip(side, common, strict=True)
    ]
    listed = [math.fsum(map(math.exp, row.values())) for row in side]
    held = np.maximum(np.array(listed) - inside, 0.0)
    # A token that is listed by one side alone has this mass, whatever the sum says.
    rest = 1 - np.array(inside)
    return np.maximum(held, rest - ROUNDING), np.maximum(held, rest + ROUNDING)


def same_top(p: Sequence[Row], q: Sequence[Row]) -> NDArray[np.bool_]:
    """Return whether the likeliest token is the same, row by row; of several, the first listed."""
    pairs = zip(p, q, strict=True)
    return np.array([max(a, key=a.__getitem__) == max(b, key=b.__getitem__) for a, b in pairs])


def target_log_probabilities(tops: TopTokens) -> NDArray[np.float64]:
    """Return the logarithm of the probability of the tokens of the text; nan where not known."""
    pairs = zip(tops.rows, tops.targets, strict=True)
    return np.array([math.nan if t is None else row.get(t, math.nan) for row, t in pairs])


def first_difference(p: TopTokens, q: TopTokens) -> int | None:
    """Return the first position after which two texts differ; None if they do not.

    The rows up to this one, and with it, were predicted from the same text.
    """
    for i, (a, b) in enumerate(zip(p.targets, q.targets, strict=False)):
        if a is not None and b is not None and a != b:
            return i
    return None
