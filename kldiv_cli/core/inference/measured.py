"""The measures that two samples have an estimate and an interval of, a row each."""

from __future__ import annotations

import math

from kldiv_cli.tuples import NamedTuple


class Measured(NamedTuple):
    """A measure as it is judged.

    Attributes
    ----------
    title : str
        Its name in sentences.
    upper : float
        The largest value that it can have.
    null : float
        a: at P = Q the divergence is about a c times chi-square with K - 1 degrees of freedom,
        c = 1/n + 1/m; not a number where it has no such law.
    root : bool
        Whether the measure is the square root of that divergence.
    law : str
        What its p-value of drift rests on, in words.
    conservative : bool
        Whether the limits of its interval are wider than its level asks for.
    """

    title: str
    upper: float
    null: float = math.nan
    root: bool = False
    law: str = "law of the centred estimate"
    conservative: bool = False


_ZHANG_GRABCHAK = "law of the Zhang-Grabchak estimate"
MEASURED: dict[str, Measured] = {
    "kl": Measured("KL", math.inf, 1 / 2, law=_ZHANG_GRABCHAK),
    "psi": Measured("PSI", math.inf, 1.0, law=_ZHANG_GRABCHAK),
    "jeffreys": Measured("Jeffreys divergence", math.inf, 1.0, law=_ZHANG_GRABCHAK),
    "js": Measured("JS", math.log(2), 1 / 8),
    "js_distance": Measured("JS distance", math.sqrt(math.log(2)), 1 / 8, root=True),
    "hellinger": Measured("Hellinger distance", 1.0, 1 / 8, root=True),
    "tv": Measured(
        "total variation", 1.0, law="limit for any spread of the drift", conservative=True
    ),
}
"""By the names of `core.measures`, and ``kl`` for ``kl_pq``."""
