"""``kldiv measures``: every measure with its formula and laws, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.document import Document, Lines, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.core.measures import Measure


LAWS = {
    "absolute-continuity": "infinite where q = 0 < p",
    "absolute-continuity-reversed": "infinite where p = 0 < q",
    "disjoint-infinite": "infinite without a common outcome",
    "zero-iff-equal": "zero only for p = q",
    "monotone": "merging outcomes never raises it",
}
"""The traits in words, where their names do not explain them."""


def document(measures: Iterable[Measure]) -> Document:
    """Return measures with symbol, formula, range, unit and properties."""
    blocks = [Lines(tuple(line(words) for words in _facts(measure))) for measure in measures]
    last = (
        "'kl' is short for kl_pq. ALPHA is a number >= 0: renyi:0.5, tsallis:2.",
        "Ranges in logarithms are nats; --base 2 and --base 10 give bits and hartleys.",
    )
    return Document(line("measures"), (*blocks, Lines(tuple(map(line, last)))))


def _facts(measure: Measure) -> Iterator[str]:
    unit = "nats, bits or hartleys" if measure.scales else "no unit"
    traits = set(measure.traits)
    if traits & {"absolute-continuity", "absolute-continuity-reversed"}:
        traits.discard("disjoint-infinite")  # The other trait implies it.
    yield f"{measure.name:<18}{measure.symbol:<18}{measure.title}"
    yield f"  {measure.formula}"
    yield f"  {measure.lower} to {measure.upper}, {unit}"
    if traits:
        yield f"  {', '.join(LAWS.get(trait, trait) for trait in sorted(traits))}"
    yield f"  {measure.description}"
    yield f"  {measure.source}"
