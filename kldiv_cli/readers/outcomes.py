"""Outcomes and their weights as rows of them come in: labels are held once, repeats added up."""

from __future__ import annotations

from array import array
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kldiv_cli.core.table import Faults, Matrix, Table
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.readers.weight_column import WeightColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions

Role = Literal["label", "weight"]
DUPLICATE = Fault(
    "duplicate-labels",
    "an outcome is given more than once",
    "--duplicates sum adds the rows up if they are counts",
)


class Weights(NamedTuple):
    """Numbers that are fit for weights; their meaning is not yet known.

    Attributes
    ----------
    format : str
        The recognised format of the input.
    weights : ndarray, shape (K,) or (N, K)
        Finite, but for -inf among logits; negative only among them.
    integers : bool
        All of them are integer literals, or their type is an integer type.
    labels : tuple, or None
        The outcomes, which are distinct: text, or pairs of a column and its outcome.
    rows_read : int, or None
        Records of the source; None where they are the weights.
    column, outcomes_in : str, or None
        The names of the weights and of the outcomes in the source.
    summed : bool
        Rows of one label were added up.
    notes : sequence of Note
        Choices and repairs.
    details : mapping of str to str
        How the input is read, for ``kldiv inspect``.
    """

    format: str
    weights: NDArray[Any]
    integers: bool
    labels: tuple[Any, ...] | None = None
    rows_read: int | None = None
    column: str | None = None
    outcomes_in: str | None = None
    summed: bool = False
    notes: Sequence[Note] = ()
    details: Mapping[str, str] = {}


class Labels:
    """The distinct labels of rows that come in in batches, and which of them each row has.

    A label is held once, however often it is repeated, so that a repetition by the million
    costs no memory.

    Parameters
    ----------
    option : ReadOptions
        Whether a label may be repeated.
    faults : Faults
        Takes the rows that repeat one if none may.
    """

    def __init__(self, option: ReadOptions, faults: Faults) -> None:
        self._may_repeat = option.duplicates == "sum"
        self._faults = faults
        self._at: dict[Any, int] = {}
        self._positions = array("q")

    def add(self, labels: Sequence[Any], place: Callable[[int], Place]) -> None:
        """Take the labels of the next rows; `place` tells where the i-th of them stands."""
        at, size = self._at, len(self._at)
        if not self._positions:
            fresh = dict.fromkeys(labels)
            if len(fresh) == len(labels) and at.keys().isdisjoint(fresh):
                at.update(zip(labels, range(size, size + len(labels)), strict=True))
                return
            # A label was repeated: from now on the position of each row's label is kept.
            self._positions = array("q", range(size))
        for i, label in enumerate(() if self._may_repeat else labels):
            if label in at:
                self._faults.add(DUPLICATE, partial(place, i))
            at.setdefault(label, len(at))
        self._positions.extend([at.setdefault(label, len(at)) for label in labels])

    def given_to(self, found: Weights, source: str) -> Weights:
        """Return weights of one row each with their labels, and rows of one label added up."""
        found = found._replace(labels=tuple(self._at))
        return add_up(found, self._positions, source) if self._positions else found


class Outcomes:
    """The outcomes of one side and their weights, which come in row by row, in batches.

    Parameters
    ----------
    option : ReadOptions
        The user's words on this side.
    decimal : {".", ","}
        The decimal mark.
    faults : Faults
        Takes the rows that are bad.
    labelled : bool
        Outcomes have labels; they are known by position otherwise.
    """

    def __init__(
        self, option: ReadOptions, decimal: str, faults: Faults, *, labelled: bool
    ) -> None:
        self.faults = faults
        self._weights = WeightColumn(option.kind, decimal, faults)
        self._labels = Labels(option, faults) if labelled else None
        self._count = 0

    def add(
        self,
        labels: Sequence[Any] | None,
        weights: Sequence[str],
        place: Callable[[int, Role], Place],
    ) -> None:
        """Take the next rows; `place` tells where a cell of the i-th of them stands."""
        self._count += len(weights)
        self._weights.add(weights, lambda i: place(i, "weight"))
        if self._labels is not None and labels is not None:
            self._labels.add(labels, lambda i: place(i, "label"))

    def finish(self, data: Table | Matrix, source: str) -> Weights:
        """Return the weights in a source, with what is known of it.

        Raises
        ------
        InputError
            If a row was bad, or there was none.
        """
        self.faults.check()
        if not self._count:
            raise no_rows(source)
        weights, integers = self._weights.finish()
        found = Weights(data.format, weights, integers, rows_read=self._count)
        found = found._replace(notes=data.notes, details=data.details)
        return found if self._labels is None else self._labels.given_to(found, source)


def no_rows(source: str) -> InputError:
    """Return the error for a source without rows."""
    return InputError("no-rows", "there are no rows of data", Place(source))


def add_up(found: Weights, positions: Sequence[int], source: str) -> Weights:
    """Return weights in which rows of one label are added up, exactly if they are integers.

    Parameters
    ----------
    found : Weights
        The weights of single rows, with labels that are distinct already.
    positions : sequence of int
        For each row, where its label stands among these.
    source : str
        The name of the source in notes.
    """
    import numpy as np

    weights, size = found.weights, len(found.labels or ())
    if weights.dtype.kind == "f":
        # Only counts may be added up: fractions are refused with their meaning.
        sums: NDArray[Any] = np.zeros(size)
        np.add.at(sums, np.array(positions), weights)
    else:
        exact = [0] * size
        for position, weight in zip(positions, weights.tolist(), strict=True):
            exact[position] += weight
        sums = np.array(exact, dtype=np.int64 if max(map(abs, exact)) < 2**63 else object)
    rows = len(weights)
    message = f"{rows - size} of {rows} rows repeat an outcome and were added to it"
    note = Note("duplicates-summed", message, source, repair=True)
    return found._replace(weights=sums, rows_read=rows, summed=True, notes=[*found.notes, note])
