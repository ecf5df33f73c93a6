"""A first row that may hold names or data: the options that settle it are given for both sides."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kldiv_cli import readers
from kldiv_cli.core.table import Table
from kldiv_cli.errors import InputError, KldivError
from kldiv_cli.pipeline.sides import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.pipeline.settings import Source


@contextmanager
def told_apart(first: Source, second: Source, *, raw: bool) -> Iterator[None]:
    """Let the hint on a first row fit both sides where that of the second side is plain.

    An option that is given once is for both sides, and would be wrong for one of them.

    Parameters
    ----------
    first, second : Source
        The sides that are read in the context.
    raw : bool
        Sides without a kind are raw rows.

    Raises
    ------
    InputError
        As is raised in the context.
    """
    try:
        yield
    except InputError as problem:
        if problem.code == "which-header" and problem.places and second.source is not None:
            names = [readers.source_name(side.source) for side in (first, second)]
            source = problem.places[0].source
            if names[0] != names[1] and source in names:
                of_first = source == names[0]
                known = _has_names(second if of_first else first, raw=raw)
                problem.hint = _hint(problem.hint, known, of_first=of_first)
        raise


def _has_names(side: Source, *, raw: bool) -> bool | None:
    """Return whether the first row of a side holds names; None if it may hold either, or none."""
    if readers.is_read_once(side.source):
        return None
    are_rows = side.kind == "samples" or (raw and side.kind not in TABLES)
    try:
        with readers.opened(side.source, side.options, raw=are_rows) as found:
            if not isinstance(found.data, Table) or not found.data.positional:
                return None
            from kldiv_cli.readers.header import with_names

            table = with_names(found.data, [side.options], found.source, raw=are_rows)
            return table.names is not None
    except KldivError:
        return None


def _hint(hint: str, known: bool | None, *, of_first: bool) -> str:
    """Return the hint with the options of both sides, if the first row of one side is known."""
    if known is None:
        return hint
    if known and of_first:
        return "--header if it holds names, --no-header --header if it holds data"
    if known:
        return "--header if it holds names, --header --no-header if it holds data"
    if of_first:
        return "--header --no-header if it holds names, --no-header if it holds data"
    return "--no-header --header if it holds names, --no-header if it holds data"
