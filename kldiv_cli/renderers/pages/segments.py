"""Segments: how much of a divergence is their mix, and which of them differ most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.document import Facts, Span, line
from kldiv_cli.renderers.figures import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.report import Split

MOST_SEGMENTS = 10
"""Segments that have a row."""
DIGITS = 3
"""Digits of what is counted of them."""


def splits(by: str | None, found: Sequence[Split], unit: str) -> Facts:
    """Return how much of each divergence is the mix of segments, and how much is within them.

    Parameters
    ----------
    by : str
        The column whose values are the segments.
    found : sequence of Split
        One for each column of outcomes.
    unit : str
        The unit of its numbers.
    """
    facts = []
    for split in found:
        joint, mix, within = (figure(value, digits=DIGITS) for value in split[1:])
        said = line(f"{joint} = mix {mix} + within {within}")
        facts.append((line(Span(split.column, kind="title")), (said,)))
    head = line("by ", Span(by or "", kind="title"), ", as counted")
    return Facts(((head, (line(f"joint = mix of segments + within them, in {unit}"),)), *facts))
