"""The options for reading one side, as the user gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kldiv_cli.core.table import no_columns
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.core.distribution import Kind


class ReadOptions(NamedTuple):
    """The options for one side; None where the user says nothing."""

    kind: Kind | None = None
    """The meaning of the numbers."""
    label: str | None = None
    """The outcome column."""
    weight: str | None = None
    """The weight column, an array of an ``.npz`` or a member of a JSON object."""
    format: str | None = None
    """A key of `kldiv_cli.readers.FORMATS`."""
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    """What separates thousands in numbers; nothing if None."""
    skip_rows: int = 0
    """Lines above a table that are no part of it."""
    header: bool | None = None
    """Whether the first row of a table holds names."""
    comment: str | None = None
    """How a line begins that is no data."""
    escape: str | None = None
    """The character before a quote that is text; a quote doubles it if there is none."""
    total_row: Literal["drop", "keep"] | None = None
    """What to do with a row that is the sum of all the others; it is refused if None."""
    na: frozenset[str] = frozenset()
    """Labels that mean a missing value, beside empty ones."""
    duplicates: Literal["error", "sum"] = "error"
    """Whether rows that repeat an outcome are refused or added up."""
    at: str | None = None
    """A JSON pointer to the value that is read."""
    where: str | None = None
    """``COLUMN=VALUE``: the only rows of a table that are read."""
    joint: tuple[str, ...] = ()
    """The columns whose labels together are the outcomes."""
    by: str | None = None
    """A column beside that of the outcomes, whose labels stand before theirs: of segments."""
    max_inflated: int | None = None
    """Bytes that a compressed input may inflate to."""
    max_header: int | None = None
    """Bytes of the longest header of a file of tensors."""
    dtype: str | None = None
    """The type of elements of two bytes of which an array does not say it: ``bfloat16``."""
    memory_limit: int | None = None
    """Bytes that an engine may take of the memory; it chooses if None."""
    threads: int | None = None
    """Threads that an engine may take; as many as there are processors if None."""
    flatten: bool = False
    """Whether all elements of an array together are one distribution."""


def refuse_columns(wanted: Sequence[ReadOptions], source: str, what: str) -> None:
    """Refuse `--weight` and `--label` where there is nothing to choose from.

    Raises
    ------
    InputError
        If an option has them.
    """
    for option in wanted:
        word = option.weight if option.weight is not None else option.label
        if word is not None:
            raise no_columns(what, word, source)
