"""The answer to ``kldiv calibrate``: what past windows had, and the limits that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from kldiv_cli.core.report import Document
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.core.dataset import Excluded
    from kldiv_cli.core.findings import Figure
    from kldiv_cli.core.inference.history import History
    from kldiv_cli.core.report import Failure
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


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Calibration(Document):
    """The answer to ``kldiv calibrate``, or the error that prevented one."""

    schema: ClassVar[str] = "kldiv.calibrate/1"
    instead_of_truth: ClassVar[str] = "ask for a limit, as in report.history.kl['price']"
    unit: str = "nats"
    history: History | None
    """The limits; None of an error."""
    windows: tuple[Window, ...] = ()
    """In their order."""
    columns: tuple[Usual, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    """Columns without a limit."""
    alpha: float
    """The chance of a false alarm that is accepted, of all columns together …"""
    false_alarms: Figure = "error"
    """… and the one to expect."""
    by_rank: bool = False
    """Whether the limits rest on ranks, and on no law."""
    p_trend: Figure = "error"
    """Of windows whose order tells nothing."""
    notes: tuple[Note, ...] = ()
    error: Failure | None = None

    @property
    def expectation(self) -> str:
        """The false alarms to expect, in words."""
        if self.false_alarms == "error":
            return ""
        columns = len(self.columns)
        of = "it" if columns == 1 else f"any of {columns} columns"
        chance = f"{100 * self.false_alarms:.3g} %"
        if self.by_rank:
            why = "by ranks, if the order of the windows tells nothing"
        else:
            why = "log-normal assumption: with heavier tails there are more"
        return f"False alarms: {chance} of windows like these are outside in {of} ({why})."
