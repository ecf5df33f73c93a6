"""Rows of a table that are not outcomes: a total of all the others, and labels that name nothing.

Spreadsheets, pandas (``margins=True``), R (``addmargins``) and SQL (``ROLLUP``, ``WITH TOTALS``)
add such a row. Taken for an outcome, it would hold half of all mass.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.errors import InputError, Note, option
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kldiv_cli.core.texts import Texts
    from kldiv_cli.errors import Place
    from kldiv_cli.readers.options import ReadOptions

NAMES = frozenset({"all", "total", "totals", "sum", "grand total", "null"})
"""Labels of totals; an empty label may be one, too."""
TOLERANCE = 1e-9
"""How far from the sum a total of fractions may be, as a share of it."""
FEWEST = 3
"""Rows whose sum is hardly the last row by chance."""
LARGEST = 1e300
"""The sum of greater doubles may be beyond all doubles."""
MOST_SUSPECTS = 1000
"""Rows that are kept in mind as totals; no table has as many."""
_LONGEST_NAME = max(map(len, NAMES))
_ENDS = frozenset(["", *" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u3000", *"lLmMsS"])
"""Last characters of labels that may be empty, blank, or among `NAMES`."""


def is_missing(label: str | None, na: Collection[str] = ()) -> bool:
    """Return whether a label stands for no value: it is empty, blank, or a word of `na`."""
    return not label or label.isspace() or label in na


def is_named(label: str | None) -> bool:
    """Return whether a label is that of a total, in any case and with blanks around it."""
    return label is not None and label.strip().casefold() in NAMES


def suspects(labels: Iterable[str | None], na: Collection[str]) -> set[str | None]:
    """Return those of some labels that stand for no value, or may be that of a total."""
    few = {label for label in labels if label is None or label[-1:] in _ENDS}
    found = {label for label in few if is_missing(label, na) or is_named(label)}
    return found | {label for label in labels if label in na} if na else found


def may_be_suspects(labels: Texts) -> NDArray[np.bool_]:
    """Return, quickly, which labels may stand for no value, or be that of a total."""
    import numpy as np

    codes = range(256)
    ends = np.array([code > 127 or chr(code) in _ENDS for code in codes])
    blanks = np.array([code > 127 or chr(code).isspace() for code in codes])
    first, last = labels.ends()
    # A name is short, unless there are blanks around it.
    doubtful = ends[last] & (blanks[first] | (labels.lengths <= _LONGEST_NAME))
    return np.asarray(doubtful | (labels.lengths == 0))


class Suspect(NamedTuple):
    """A row that may be a total by its label, which is None if it is missing."""

    row: int
    label: str | None
    place: Callable[[], Place]
    group: str | None = None
    """The column whose outcomes the row is among, in a tidy table."""


class Totals(NamedTuple):
    """The totals among the rows of one side.

    Attributes
    ----------
    certain : tuple of Suspect
        Rows whose labels are those of totals, or missing, and that are the sum of the others.
    doubtful : tuple of (int, str, str)
        Rows that have only the label of a total, or are only the sum of the others: the row, its
        label, and what is said of it.
    """

    certain: tuple[Suspect, ...] = ()
    doubtful: tuple[tuple[int, str, str], ...] = ()


def find(
    weights: NDArray[Any], possible: Sequence[Suspect], last: str | None, wanted: ReadOptions
) -> Totals:
    """Return the totals among rows.

    Parameters
    ----------
    weights : ndarray
        The weight of each row, none of them negative.
    possible : sequence of Suspect
        The rows that have the label of a total, or none.
    last : str or None
        The label of the last row, if that is an outcome like any.
    wanted : ReadOptions
        The kind, and whether totals are outcomes.
    """
    if wanted.total_row == "keep" or wanted.kind in LOG_KINDS or len(weights) < 2:
        return Totals()
    if weights.dtype.kind == "f" and float(weights.max()) > LARGEST:
        # So that no sum is beyond a double.
        weights = weights * weights.dtype.type(2.0**-64)
    if not possible and (last is None or not _may_be_half(weights)):
        return Totals()
    values = weights.tolist()
    whole = all(map(float.is_integer, values)) if weights.dtype.kind == "f" else True
    named = {suspect.row for suspect in possible if suspect.label is not None}
    total = _sum(values)
    # Several totals in one table are each the sum of the rows that are none.
    base = total - _sum([values[row] for row in named])
    certain, doubtful = [], []
    for suspect in possible:
        value = values[suspect.row]
        sums = [total - value, *((base,) if suspect.row in named else ())]
        if value > 0 and any(_equal(value, rest, whole=whole) for rest in sums):
            certain.append(suspect)
        elif suspect.label is not None:
            doubtful.append((suspect.row, suspect.label, "is not the sum of the others"))
    end = len(values) - 1
    if (
        last is not None
        and end >= FEWEST
        and _equal(values[end], total - values[end], whole=whole)
    ):
        doubtful.append((end, last, "is the sum of the others"))
    return Totals(tuple(certain), tuple(doubtful))


def refuse(totals: Totals, *, may_keep: bool) -> None:
    """Refuse rows that are totals, where the user does not say what they are.

    Raises
    ------
    InputError
        If there are any; `may_keep` tells whether they could be outcomes.
    """
    if not totals.certain:
        return
    rows = [suspect.place() for suspect in totals.certain[:3]]
    which = _shown(totals.certain[0].label)
    message = f"{which} is the sum of all the others"
    hint = "--total-row drop leaves it out"
    if may_keep:
        hint += "; --total-row keep takes it for an outcome"
    raise InputError("total-row", message, *rows, count=len(totals.certain), hint=hint)


def dropped(totals: Totals) -> dict[int, str]:
    """Return the rows that are left out where the user says so, each with a sentence on it.

    A label of a total is taken at the user's word only if no row is the exact sum.
    """
    sure = {
        suspect.row: f"{_shown(suspect.label)} is left out: it is the sum of the others"
        for suspect in totals.certain
    }
    return sure or {
        row: f"{_shown(label)} is left out, and {what}" for row, label, what in totals.doubtful
    }


def notes_on(totals: Totals, rows: Collection[int], source: str) -> list[Note]:
    """Return notes on rows that look like totals, and are among the outcomes all the same."""
    notes = []
    for row, label, what in totals.doubtful:
        if row in rows:
            continue
        message = f"{_shown(label)} is an outcome, and {what}"
        advice = "--total-row drop leaves it out, --total-row keep keeps it without this note"
        if label.strip().casefold() == "null":
            advice = f"{option('--na', label)} if it means a missing value"
        notes.append(Note("looks-like-total", message, source, advice=advice))
    return notes


def is_sum(value: Any, parts: Sequence[Any]) -> bool:
    """Return whether a weight is the sum of others: exactly, if all are whole."""
    return _equal(value, _sum(parts), whole=all(part == part // 1 for part in parts))


def _shown(label: str | None) -> str:
    return "the row without a label" if label is None else f"the row {label[:60]!r}"


def _sum(values: Sequence[Any]) -> Any:
    """Return a sum: exact for integers, correctly rounded for doubles."""
    return math.fsum(values) if values and isinstance(values[0], float) else sum(values)


def _equal(value: Any, rest: Any, *, whole: bool) -> bool:
    if whole:
        return bool(value == rest)
    return bool(abs(value - rest) <= TOLERANCE * max(value, rest))


def _may_be_half(weights: NDArray[Any]) -> bool:
    """Return, quickly, whether the last weight may be the sum of the others."""
    if weights.dtype.kind == "O":
        return bool(weights.sum() == 2 * weights[-1])
    total, last = float(weights.sum(dtype=float)), float(weights[-1])
    return last > 0 and abs(total - 2 * last) <= 1e-6 * total
