"""Fields of a table that are numbers with separators between thousands, such as ``1,234``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kldiv_cli.core.numbers import SEPARATORS, without_separators
from kldiv_cli.errors import UsageError, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kldiv_cli.core.table import Batch


def check(separator: str, decimal: str) -> None:
    """Refuse what does not separate thousands.

    Raises
    ------
    UsageError
        If it is in none of `SEPARATORS`, or the decimal mark.
    """
    if len(separator) != 1 or not any(separator in marks for marks in SEPARATORS):
        message = f"{separator[:20]!r} does not separate thousands"
        comma = option("--thousands", ",")
        hint = f"{comma}: a comma, a point, an apostrophe, a blank or an underscore"
        raise UsageError("bad-thousands", message, hint=hint)
    if separator == decimal:
        message = f"the decimal mark, and what separates thousands, are both {separator!r}"
        raise UsageError("bad-thousands", message, hint="leave --decimal out")


def joined(batches: Iterable[Batch], separator: str, decimal: str) -> Iterator[Batch]:
    """Yield batches of text in which numbers have no separators; places tell them as written.

    Parameters
    ----------
    batches : iterable of Batch
        Their cells are texts.
    separator, decimal : str
        See `check`.
    """
    plain = without_separators(separator, decimal)
    for batch in batches:
        yield batch._replace(columns=_Columns(batch.columns, plain))


class _Columns(Mapping[int, Sequence[str]]):
    """Columns of which each is made when it is asked for."""

    def __init__(self, columns: Mapping[int, Sequence[str]], plain: Callable[[str], str]) -> None:
        self._columns, self._plain = columns, plain

    def __getitem__(self, position: int) -> list[str]:
        return list(map(self._plain, self._columns[position]))

    def __iter__(self) -> Iterator[int]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
