"""What a format module hands over, and how rows become it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from kldiv_cli.core.table import Faults
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.readers.numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions

    Role = Literal["label", "weight"]


@dataclass(slots=True)
class Reading:
    """Weights that are numbers of a fit kind; what they mean is not yet known.

    Attributes
    ----------
    format : str
        What the input turned out to be.
    weights : ndarray, shape (K,) or (N, K)
        Finite, but for -inf among logits; negative only among them.
    integers : bool
        All of them are integer literals, or their type is.
    labels : tuple of str, or None
        Distinct.
    rows_read : int
        Records of the source; None if they are the weights.
    column : str, or None
        What the source calls the weights.
    summed : bool
        Rows of one label were summed.
    notes : list of Note
        What was chosen or repaired.
    details : dict of str to str
        How it was read, for ``kldiv inspect``.
    """

    format: str
    weights: NDArray[Any]
    integers: bool
    labels: tuple[str, ...] | None = None
    rows_read: int | None = None
    column: str | None = None
    summed: bool = False
    notes: list[Note] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)


class Rows:
    """Rows of (label, weight) as they come in, in batches.

    Labels are held once, however often they are repeated, so that a repetition by the
    million costs no memory.

    Parameters
    ----------
    wanted : ReadOptions
        What the user said about this side.
    faults : Faults
        Where bad rows are counted.
    labelled : bool
        Rows have labels; they are positional otherwise.
    """

    def __init__(self, wanted: ReadOptions, faults: Faults, *, labelled: bool) -> None:
        self._wanted = wanted
        self._faults = faults
        self._numbers = Numbers(wanted.kind, wanted.decimal, faults)
        self._at: dict[str, int] | None = {} if labelled else None
        self._positions = array("q")
        self._count = 0

    def add(
        self,
        labels: Sequence[str] | None,
        texts: Sequence[str],
        place: Callable[[int, Role], Place],
    ) -> None:
        """Take a batch; `place` says where a cell of its i-th row stands."""
        self._count += len(texts)
        self._numbers.add(texts, lambda i: place(i, "weight"))
        if self._at is None or labels is None:
            return
        at = self._at
        fresh = dict.fromkeys(labels)
        before = len(at)
        repeated = len(fresh) < len(labels) or not at.keys().isdisjoint(fresh)
        if repeated and self._wanted.duplicates != "sum":
            for i, label in enumerate(labels):
                if label in at:
                    self._faults.add(DUPLICATE, partial(place, i, "label"))
                at.setdefault(label, 0)
        elif repeated or self._positions:
            if not self._positions:
                self._positions = array("q", range(before))
            self._positions.extend([at.setdefault(label, len(at)) for label in labels])
        else:
            at.update(zip(labels, range(before, before + len(labels)), strict=True))

    def finish(
        self,
        source: str,
        format_: str,
        column: str | None,
        notes: Sequence[Note],
        details: dict[str, str],
    ) -> Reading:
        """Return what was read.

        Raises
        ------
        InputError
            If a row was bad, or there was none.
        """
        self._faults.check()
        if not self._count:
            raise InputError("no-rows", "there are no rows of data", Place(source))
        weights, integers = self._numbers.finish()
        reading = Reading(
            format=format_,
            weights=weights,
            integers=integers,
            labels=None if self._at is None else tuple(self._at),
            rows_read=self._count,
            column=column,
            notes=list(notes),
            details=details,
        )
        if self._positions and reading.labels is not None:
            summed(reading, self._positions, reading.labels, source)
        return reading


DUPLICATE = Fault(
    "duplicate-labels",
    "an outcome is given more than once",
    "--duplicates sum adds the rows up if they are counts",
)


def summed(
    reading: Reading, positions: Sequence[int], labels: tuple[str, ...], source: str
) -> None:
    """Add up rows that have one label, exactly if they are integers."""
    import numpy as np

    weights = reading.weights
    if weights.dtype.kind == "f":
        # Fractions are refused by `kinds`; only counts may be added up.
        sums: NDArray[Any] = np.zeros(len(labels))
        np.add.at(sums, np.array(positions), weights)
    else:
        exact = [0] * len(labels)
        for position, weight in zip(positions, weights.tolist(), strict=True):
            exact[position] += weight
        largest = max(map(abs, exact))
        sums = np.array(exact, dtype=np.int64 if largest < 2**63 else object)
    rows = len(weights)
    message = f"{rows - len(labels)} of {rows} rows repeat an outcome and were added to it"
    reading.notes.append(Note("duplicates-summed", message, source, repair=True))
    reading.rows_read, reading.labels = rows, labels
    reading.weights, reading.summed = sums, True
