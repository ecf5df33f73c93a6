"""The answer to ``kldiv calibrate``: what past windows had, and the limits that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.dataset import Excluded
    from kldiv_cli.core.inference.history import History
    from kldiv_cli.errors import Note


class Window(NamedTuple):
    """A past window, with the column in which it is farthest from the others.

    Attributes
    ----------
    name : str
    rows : int
    column : str
    value : float
        Its estimate of D(window || the others together), in nats.
    is_outside : bool
        Whether that is above the limit.
    """

    name: str
    rows: int
    column: str
    value: float
    is_outside: bool


class Usual(NamedTuple):
    """The estimates that the windows had in one column, in nats, and the limit."""

    column: str
    median: float
    largest: float
    limit: float


class Calibration(NamedTuple):
    """The limits from past windows.

    Attributes
    ----------
    history : History
        The limits.
    windows : tuple of Window
        In their order.
    columns : tuple of Usual
    excluded : tuple of Excluded
        Columns without a limit.
    alpha : float
        The chance of a false alarm that is accepted, of all columns together …
    false_alarms : float
        … and the one to expect.
    by_rank : bool
        Whether the limits rest on ranks, and on no law.
    p_trend : float
        Of windows whose order tells nothing.
    notes : tuple of Note
    """

    history: History
    windows: tuple[Window, ...]
    columns: tuple[Usual, ...]
    excluded: tuple[Excluded, ...]
    alpha: float
    false_alarms: float
    by_rank: bool
    p_trend: float
    notes: tuple[Note, ...]

    @property
    def expectation(self) -> str:
        """The false alarms to expect, in words."""
        columns = len(self.columns)
        of = "it" if columns == 1 else f"any of {columns} columns"
        chance = f"{100 * self.false_alarms:.3g} %"
        if self.by_rank:
            why = "by ranks, if the order of the windows tells nothing"
        else:
            why = "log-normal assumption: with heavier tails there are more"
        return f"False alarms: {chance} of windows like these are outside in {of} ({why})."
