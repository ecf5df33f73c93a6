"""The measures that two samples have an estimate and an interval of, a row each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kldiv_cli.core.inference import binary
from kldiv_cli.core.inference.cells import (
    jensen_shannon,
    population_stability,
    squared_hellinger,
)
from kldiv_cli.core.inference.estimate import Law, jeffreys, kullback_leibler, variance_curve

if TYPE_CHECKING:
    from kldiv_cli.core.inference.cells import Cells
    from kldiv_cli.core.inference.estimate import Moments
    from kldiv_cli.core.inference.samples import Samples

Laws = Callable[["Samples", float, float, float], Law]
"""From samples, unit, estimate and kappa: the law of the estimate."""


class Measured(NamedTuple):
    """A measure as its estimate is made and judged.

    Attributes
    ----------
    title : str
        Its name in sentences.
    upper : float
        The largest value that it can have.
    binary : callable
        Its divergence of two outcomes, from the probabilities of one of them under P and Q.
    null : float
        a: at P = Q the divergence is about a c times chi-square with K - 1 degrees of freedom,
        c = 1/n + 1/m; not a number where it has no such law.
    cells : callable, optional
        The terms that are summed; None where the estimate is another one.
    law : callable, optional
        The law of the estimate.
    root : bool
        Whether the measure is the square root of that divergence.
    """

    title: str
    upper: float
    binary: Callable[[float, float], float]
    null: float = math.nan
    cells: Cells | None = None
    law: Laws | None = None
    root: bool = False


def _along_the_curve(moments: Moments) -> Laws:
    """Return the law whose variance is that of the delta method, where the truth may be."""

    def law(samples: Samples, unit: float, value: float, kappa: float) -> Law:
        return variance_curve(samples, moments, unit).law(value, kappa)

    return law


def _falling(slope: float, least: float) -> Laws:
    """Return the law with r(t) = max(1 - slope t, least), whatever the samples."""
    truths, ratios = np.array([0.0, (1 - least) / slope]), np.array([1.0, least])

    def law(samples: Samples, unit: float, value: float, kappa: float) -> Law:
        return Law(value, unit, kappa * (samples.outcomes - 1), truths - value, ratios)

    return law


_PSI = Measured(
    "PSI", math.inf, binary.jeffreys, 1.0, population_stability, _along_the_curve(jeffreys)
)
# r is at most .995 always, and .94 from a divergence of .05 on: simulated, no theorem.
_JS = Measured("JS", math.log(2), binary.jensen_shannon, 1 / 8, jensen_shannon, _falling(1, 0.3))
MEASURED: dict[str, Measured] = {
    "kl": Measured(
        "KL", math.inf, binary.kullback_leibler, 1 / 2, None, _along_the_curve(kullback_leibler)
    ),
    "psi": _PSI,
    "jeffreys": _PSI._replace(title="Jeffreys divergence"),
    "js": _JS,
    "js_distance": _JS._replace(title="JS distance", upper=math.sqrt(math.log(2)), root=True),
    # V = c (1 - BC^2)/4 exactly, BC = 1 - t: r(t) = 1 - t/2.
    "hellinger": Measured(
        "Hellinger distance", 1.0, binary.squared_hellinger, 1 / 8, squared_hellinger,
        _falling(1 / 2, 0.5), root=True,
    ),
    "tv": Measured("total variation", 1.0, binary.total_variation),
}  # fmt: skip
"""By the names of `core.measures`, and ``kl`` for ``kl_pq``."""
