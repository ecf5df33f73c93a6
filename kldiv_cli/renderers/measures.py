"""``kldiv measures``: every measure with its formula and laws, as people read them."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.core.measures import Measure


LAWS = {
    "absolute-continuity": "infinite where q = 0 < p",
    "absolute-continuity-reversed": "infinite where p = 0 < q",
    "disjoint-infinite": "infinite without a common outcome",
    "zero-iff-equal": "zero only for p = q",
    "monotone": "merging outcomes never raises it",
}
"""The traits in words, where their names do not explain them."""


def render(measures: Iterable[Measure]) -> str:
    """Return measures with symbol, formula, range, unit and properties."""
    lines = []
    for measure in measures:
        unit = "nats, bits or hartleys" if measure.scales else "no unit"
        lines += [f"{measure.name:<18}{measure.symbol:<18}{measure.title}"]
        lines += [f"  {measure.formula}", f"  {measure.lower} to {measure.upper}, {unit}"]
        traits = set(measure.traits)
        if traits & {"absolute-continuity", "absolute-continuity-reversed"}:
            traits.discard("disjoint-infinite")  # The other trait implies it.
        laws = ", ".join(LAWS.get(trait, trait) for trait in sorted(traits))
        lines += wrap(laws, 78, initial_indent="  ", subsequent_indent="  ")
        lines += [f"  {measure.description}", f"  {measure.source}", ""]
    lines += [
        "'kl' is short for kl_pq. ALPHA is a number >= 0: renyi:0.5, tsallis:2.",
        "A range in logarithms is in nats; --base 2 and --base 10 give bits and hartleys.",
    ]
    return "\n".join(lines) + "\n"
