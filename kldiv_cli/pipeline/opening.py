"""Sides that are open: arrays whose rows are read one block after another, or distributions."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from kldiv_cli import readers
from kldiv_cli.core.table import Matrix, Members
from kldiv_cli.errors import InputError, Place
from kldiv_cli.pipeline.sides import read_distributions
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.distribution import Distribution, Rows
    from kldiv_cli.pipeline.settings import Source
    from kldiv_cli.readers.options import ReadOptions


class Opened(NamedTuple):
    """Sides that are open: either all as rows that are read block by block, or all as a whole."""

    rows: list[Rows]
    whole: list[Distribution]


@contextmanager
def opened(sources: Sequence[Source]) -> Iterator[Opened]:
    """Open all sides as rows that are read block by block, or else as whole distributions.

    Where the second of two has no source, both are in that of the first.

    Raises
    ------
    InputError
        If a source cannot be read or is not a distribution.
    """
    if sources[1].source is None:
        with _opened_in_one(*sources) as both:
            yield both
        return
    with ExitStack() as stack:
        rows: list[Rows] = []
        whole: list[Distribution] = []
        inputs = []
        for source in sources:
            found = stack.enter_context(readers.opened(source.source, source.options))
            inputs.append((found, source))
            options = source.options
            if options.kind is None and any(side.coding for side in rows):
                # Beside a base file numbers are logits.
                options = options._replace(kind="logits")
            side = None if whole else _rows_of(found, options, source.name)
            if side is None:
                _refuse_beside_model(found.source, rows, sources)
                whole += _whole(inputs[len(whole) :])
            else:
                rows.append(side)
        if not whole and not _are_side_by_side(*rows):
            whole = _whole(inputs)
        yield Opened([] if whole else rows, whole)


@contextmanager
def _opened_in_one(first: Source, second: Source) -> Iterator[Opened]:
    """Open two sides of one source: two arrays by blocks, and anything else as it is read once."""
    weights = {first.options.weight, second.options.weight}
    are_named = len(weights) == 2 and None not in weights
    sides = (first, second) if are_named and not readers.is_read_once(first.source) else ()
    with ExitStack() as stack:
        rows: list[Rows] = []
        for side in sides:
            found = stack.enter_context(readers.opened(first.source, side.options))
            one = _rows_of(found, side.options, side.name or side.options.weight)
            if one is None:
                break
            rows.append(one)
        if len(rows) == 2 and _are_side_by_side(*rows):
            yield Opened(rows, [])
            return
    yield Opened([], [*read_distributions(first, second)])


def _rows_of(found: readers.Opened, options: ReadOptions, name: str | None) -> Rows | None:
    """Return an array that is read block by block; None of everything else."""
    if not isinstance(found.data, Matrix | Members):
        return None
    from kldiv_cli.readers import batch

    return batch.rows_of(found, options, name)


def _refuse_beside_model(name: str, rows: Sequence[Rows], sources: Sequence[Source]) -> None:
    """Refuse a side that is not read row by row, where another is a base file of llama.cpp."""
    models = {side.source for side in rows if side.coding is not None}
    models |= {
        readers.source_name(each.source) for each in sources if readers.is_model(each.source)
    }
    if models and name not in models:
        message = f"this is no array of logits, and {min(models)} is a base file of llama.cpp:"
        raise InputError("coded-rows", f"{message} they are compared row by row", Place(name))


def _are_side_by_side(p: Rows, *others: Rows) -> bool:
    """Return whether each pair is a batch, and all batches have as many rows."""
    if not p.is_vector:
        return True
    return all(not q.is_vector and q.rows == others[0].rows for q in others)


def _whole(inputs: Sequence[tuple[readers.Opened, Source]]) -> list[Distribution]:
    """Return sides that are open as distributions in memory."""
    return [
        readers.distributions_of(found, [source.options], [source.name])[0]
        for found, source in inputs
    ]
