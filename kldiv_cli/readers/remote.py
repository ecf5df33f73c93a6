"""Tables that stay in an engine of the user's own: raw rows there, or a distribution, in short."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import Remote, Table
from kldiv_cli.errors import InputError, Place, UsageError
from kldiv_cli.readers.values import cell_of
from kldiv_cli.warehouse import relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.warehouse.relation import Field, Relation

MOST_ROWS = 1_000_000
"""Rows of a distribution, which are taken over."""


def name_of(source: Any) -> str:
    """Return what a side is called that has no name of its own."""
    return relation.names(source)[1]


@contextmanager
def opened(source: Any, options: ReadOptions, *, raw: bool) -> Iterator[Table]:
    """Yield rows in an engine as a table; raw rows stay there.

    Parameters
    ----------
    source : object
        See `kldiv_cli.readers.objects.is_remote`.
    options : ReadOptions
        How they are read.
    raw : bool
        They are raw rows.

    Raises
    ------
    InputError
        If the engine cannot be asked for them, or a distribution has too many rows.
    UsageError
        If an option is for other sources.
    """
    for name, value in (("at", options.at), ("where", options.where)):
        if value is not None:
            message = (
                f"the option '{name}' is for files and objects, and these rows are in an engine"
            )
            raise UsageError("usage", message, hint=f"leave --{name} out")
    with relation.opened(source) as found:
        if raw:
            fields = {field.title: field for field in found.fields}
            remote = Remote(found, partial(_cells, fields, found.source), _doubles)
            yield Table(found.session.format, names=[*fields], typed=True, remote=remote)
        else:
            yield Table(found.session.format, whole=_whole(found))


def _whole(found: Relation) -> list[tuple[str, list[Any]]]:
    """Return all rows, column by column."""
    query = found.session.backend.compile(found.table.limit(MOST_ROWS + 1))
    pieces = list(found.session.pieces(str(query)))
    columns = [
        [*chain.from_iterable(_plain(piece[i]) for piece in pieces)]
        for i in range(len(found.fields))
    ]
    if len(columns[0]) > MOST_ROWS:
        message = f"a distribution of more than {MOST_ROWS} rows is not taken out of an engine"
        raise InputError("too-many-rows", message, Place(found.source))
    return [(field.title, column) for field, column in zip(found.fields, columns, strict=True)]


def _plain(values: Any) -> list[Any]:
    return values.to_pylist() if hasattr(values, "to_pylist") else list(values)


def _cells(fields: Mapping[str, Field], source: str, title: str, values: Any) -> list[Any]:
    """Return distinct values of a column as cells."""
    here = Place(source, name=title)
    if fields[title].kind == "decimal":
        # They are asked for as text, which says all digits; one that is no number is missing.
        texts = _plain(values)
        return [None if text is None or text == "NaN" else Number(text) for text in texts]
    if fields[title].kind == "floating":
        # To an engine zeros of both signs are one value, which comes back with either.
        return [
            None if value is None else cell_of(value + 0.0, 0, here) for value in _plain(values)
        ]
    if hasattr(values, "to_pylist"):
        from kldiv_cli.readers.columnar import cells_of

        return cells_of(values, here, "query-failed")
    return [cell_of(value, i, here) for i, value in enumerate(values)]


def _doubles(values: Any) -> NDArray[np.float64]:
    """Return distinct numbers as doubles, nan where one is missing."""
    return np.array(_plain(values), dtype=np.float64)
