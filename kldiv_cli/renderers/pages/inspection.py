"""``kldiv inspect``: how a file is read, one fact a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.distribution import Distribution, Outline
from kldiv_cli.core.intervals import edge_text
from kldiv_cli.errors import abridged
from kldiv_cli.renderers.document import Document, Facts, Heading, Span, line
from kldiv_cli.renderers.figures import amount, count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kldiv_cli.core.counts import Column
    from kldiv_cli.core.dataset import DataSet
    from kldiv_cli.core.intervals import Intervals
    from kldiv_cli.renderers.document import Block


def document(side: Distribution | Outline | DataSet) -> Document:
    """Return the facts about a source that was read as a distribution, or as raw rows."""
    facts = {"source": side.source, "name": side.name, "format": side.format}
    if isinstance(side, Outline):
        return _page(_facts({**facts, **side.facts}), _facts(side.parts, "  "))
    if isinstance(side, Distribution):
        shape = side.weights.shape
        facts |= {**dict(side.details), "kind": side.kind, "outcomes": str(shape[-1])}
        if side.missing_label is not None:
            facts["missing"] = f"the outcome {side.missing_label}"
        if side.intervals is not None:
            facts |= _bin_facts(side.intervals)
        facts["total"] = amount(side.total)
        facts["rows"] = f"{side.rows_read} read, {side.rows_used} used"
        if len(shape) == 2:
            facts["batch"] = f"{count(shape[0], 'distribution')}, one a row"
        return _page(_facts(facts))
    facts |= {**dict(side.details), "kind": side.kind, "rows": str(side.rows)}
    columns = {name: _column_facts(column) for name, column in side.columns.items()}
    columns |= {each.column: f"refused: {each.message}" for each in side.refused}
    columns |= {left_out.column: f"left out: {left_out.reason}" for left_out in side.excluded}
    return _page(_facts(facts), Heading(line("columns")), _facts(columns, "  "))


def _bin_facts(bins: Intervals) -> dict[str, str]:
    """Return how many bins there are, and their edges along each axis."""
    axes = [bins] if bins.across is None else [bins, bins.across]
    numbers = [str(sum(bin is not None for bin in axis.bins)) for axis in axes]
    edges = [abridged(map(edge_text, axis.edges), 20) for axis in axes]
    return {"bins": " x ".join(numbers), "edges": " and ".join(edges)}


def _column_facts(column: Column) -> str:
    """Return in words the type of a column, how many values it has, and how many are missing."""
    from kldiv_cli.core.binning import few_integers
    from kldiv_cli.core.counts import Binned, Categories, Numbers, distinct

    if isinstance(column, Binned):
        text = f"numeric, {count(len(column.bins.edges) + 1, 'bin')}"
    elif isinstance(column, Numbers) and not few_integers(column.values):
        text = f"numeric, {count(distinct(column), 'distinct value')}"
    else:
        assert isinstance(column, Categories | Numbers)
        type_ = column.type if isinstance(column, Categories) else "categorical"
        text = f"{type_}, {count(distinct(column), 'outcome')}"
    return f"{text}, {column.missing} missing" if column.missing else text


def _page(*blocks: Block) -> Document:
    return Document(line("how it is read"), blocks)


def _facts(facts: Mapping[str, str], indent: str = "") -> Facts:
    return Facts(
        tuple(
            (line(indent, Span(name, kind="title")), (line(Span(fact, kind="words")),))
            for name, fact in facts.items()
        )
    )
