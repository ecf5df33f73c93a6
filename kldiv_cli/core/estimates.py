"""The estimate in a comparison: what two samples say about the distributions behind them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.distribution import total_of
from kldiv_cli.core.report import Interval

if TYPE_CHECKING:
    from kldiv_cli.core.divergences import Base
    from kldiv_cli.core.pair import Pair

ALPHA = 0.05
"""One minus the level of the confidence interval."""
MOST_ROWS = 10**300
"""Sample sizes below it leave room in a double for what is computed from them."""


def estimated(pair: Pair, base: Base) -> Interval | None:
    """Return the estimate of D(P || Q) from counts, its interval and its p-value.

    Parameters
    ----------
    pair : Pair
        Weights of shape (K,).
    base : {"e", "2", "10"}
        Base of the logarithm.

    Returns
    -------
    Interval or None
        None unless counts are paired with counts or with probabilities.

    Notes
    -----
    See `kldiv_cli.core.inference` for the estimate and its law.
    """
    if "counts" not in pair.kinds or not {"counts", "probabilities"}.issuperset(pair.kinds):
        return None
    totals = [total_of(side, kind) for side, kind in zip(pair[:2], pair.kinds, strict=True)]
    if pair.is_batch or max(totals) >= MOST_ROWS:
        return None
    from kldiv_cli.core.inference.samples import table
    from kldiv_cli.core.inference.verdict import weigh

    counts = table(pair.p.astype(np.float64), pair.q.astype(np.float64), known=pair.known)
    # Only the estimate is asked for, so there is no threshold.
    found = weigh(counts, max_kl=0.0, alpha=ALPHA)
    assert found.p_value is not None, "one side is a sample"
    unit = 1.0 if base == "e" else math.log(float(base))
    n_p, n_q = (
        math.inf if known else int(total) for total, known in zip(totals, pair.known, strict=True)
    )
    return Interval(
        kl=found.kl / unit,
        low=found.low / unit,
        high=found.high / unit,
        p_value=found.p_value,
        n_p=n_p,
        n_q=n_q,
        reliable=found.reliable,
    )
