"""How far long work is: whoever reads, counts or judges says so, and a command line may listen.

Without a listener, which is the usual case, a step costs a look at a name.
"""

from __future__ import annotations

from typing import Literal, Protocol

Unit = Literal["bytes", "rows", "columns", "pairs"]


class Listener(Protocol):
    """Hears of the steps of a run, and of the engines that count for it; see the functions."""

    def step(self, source: str, done: int, total: int | None, unit: Unit) -> None:
        """See the function `step`."""

    def counted(self, source: str, engine: str) -> None:
        """See the function `counted`."""


listener: Listener | None = None
"""The only listener, which is set for as long as a command runs."""


def step(source: str, done: int, total: int | None = None, unit: Unit = "bytes") -> None:
    """Say how far the work on a source is.

    Parameters
    ----------
    source : str
        Its name in errors.
    done : int
        How much is done.
    total : int, optional
        How much there is in all, where that is known.
    unit : {"bytes", "rows", "columns", "pairs"}
        Bytes as they are stored, rows that are counted, columns that are judged, or pairs that are
        measured.
    """
    if listener is not None:
        listener.step(source, done, total, unit)


def counted(source: str, engine: str) -> None:
    """Say which engine has counted the rows of a source."""
    if listener is not None:
        listener.counted(source, engine)
