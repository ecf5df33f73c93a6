"""``kldiv inspect``: how a file is read, one fact a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.figures import amount, count
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from kldiv_cli.core.distribution import Distribution
    from kldiv_cli.renderers import Layout


def render(side: Distribution, layout: Layout) -> str:
    """Return what is known of a source that was read as a distribution."""
    shape = side.weights.shape
    facts = {
        "source": side.source,
        "name": side.name,
        "format": side.format,
        **dict(side.details),
        "kind": side.kind,
        "outcomes": str(shape[-1]),
        "total": amount(side.total),
        "rows": f"{side.rows_read} read, {side.rows_used} used",
    }
    if len(shape) == 2:
        facts["batch"] = f"{count(shape[0], 'distribution')}, one a row"
    width = max(map(len, facts)) + 2
    return "".join(
        f"{name:<{width}}{show(value, 400, unicode=layout.unicode)}\n"
        for name, value in facts.items()
    )
