"""The report of a matrix as plain frozen values, whose attributes are the JSON keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from kldiv_cli.core.report import UNITS, Document
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kldiv_cli.core.report import Failure, Side
    from kldiv_cli.errors import Note

Cell = float | Literal["error"]
Rows = tuple[tuple[Cell, ...], ...]
"""The values of a measure: a row for each P, in it a column for each Q."""


class Together(NamedTuple):
    """What is told of all distributions as one.

    Attributes
    ----------
    js : float
        Their Jensen-Shannon divergence: the mean of their divergences from the mixture of all in
        equal parts; from 0 to the logarithm of their number.
    """

    js: Cell


@dataclass(frozen=True, slots=True, eq=False)
class Matrix(Document):
    """The answer to ``kldiv matrix``, or the error that prevented one."""

    schema: ClassVar[str] = "kldiv.matrix/1"
    instead_of_truth: ClassVar[str] = (
        "ask for a number, as in report.measures['kl_pq'][0][1] <= 0.05"
    )
    base: str
    unit: str
    smoothing: str
    temperature: float
    sides: tuple[Side, ...]
    """In the order in which they were given: that of the rows and of the columns."""
    measures: Mapping[str, Rows]
    error_bounds: Mapping[str, Cell]
    """A bound on the relative error of every value of a measure."""
    all: Together
    notes: tuple[Note, ...] = ()
    error: Failure | None = None


def failed(
    failure: Failure, measures: Iterable[str], base: str, smoothing: str, temperature: float
) -> Matrix:
    """Return the report of an error, with one cell ``"error"`` for every measure asked for."""
    names = tuple(measures)
    return Matrix(
        base=base,
        unit=UNITS[base],
        smoothing=smoothing,
        temperature=temperature,
        sides=(),
        measures=dict.fromkeys(names, (("error",),)),
        error_bounds=dict.fromkeys(names, "error"),
        all=Together("error"),
        error=failure,
    )
