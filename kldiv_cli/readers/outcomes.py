"""Outcomes and their weights as rows of them come in: labels are held once, repeats added up."""

from __future__ import annotations

from array import array
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from kldiv_cli.core.table import Faults, Matrix, Table
from kldiv_cli.core.texts import Texts
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.readers import totals
from kldiv_cli.readers.weight_column import WeightColumn
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions

Role = Literal["label", "weight"]
DUPLICATE = Fault(
    "duplicate-labels",
    "an outcome is given more than once",
    "--duplicates sum adds the rows up if they are counts",
)
_UNCHECKED = 1 << 20
"""Labels in one piece of memory that are looked at together, at least."""


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
    labels : sequence, or None
        The outcomes, which are distinct: text, None for missing values, or pairs of a column and
        its outcome.
    rows_read : int, or None
        Records of the source; None where they are the weights.
    column, outcomes_in : str, or None
        The names of the weights and of the outcomes in the source.
    summed : bool
        Rows of one label were added up.
    rows_used : int or None
        Records that the weights rest on, if not all do.
    is_percent : bool
        Each of them was written with a per cent sign.
    notes : sequence of Note
        Choices and repairs.
    details : mapping of str to str
        How the input is read, for ``kldiv inspect``.
    from_edges : bool
        The labels are bins of which the source tells the edges, and not which of these they hold.
    flattened : tuple of int, or None
        The shape of the array whose elements they are, where it had several dimensions.
    weighted : bool
        The source says that they add up weights of rows: they are no counts, be they whole.
    """

    format: str
    weights: NDArray[Any]
    integers: bool
    labels: Sequence[Any] | None = None
    rows_read: int | None = None
    column: str | None = None
    outcomes_in: str | None = None
    summed: bool = False
    rows_used: int | None = None
    is_percent: bool = False
    notes: Sequence[Note] = ()
    details: Mapping[str, str] = {}
    from_edges: bool = False
    flattened: tuple[int, ...] | None = None
    weighted: bool = False


class Labels:
    """The distinct labels of rows that come in in batches, and which of them each row has.

    A label is held once, however often it is repeated, so that a repetition by the million
    costs no memory. One that stands for no value is None, or the empty text in a tidy table.
    Labels that come in one piece of memory stay there while no two are found to be equal.

    Parameters
    ----------
    option : ReadOptions
        Whether a label may be repeated, which mean a missing value, and what totals are.
    faults : Faults
        Takes the rows that repeat one if none may.
    """

    def __init__(self, option: ReadOptions, faults: Faults) -> None:
        self._option = option
        self._may_repeat = option.duplicates == "sum"
        self._faults = faults
        self._at: dict[Any, int] = {}
        self._positions = array("q")
        self._rows = 0
        self._last: Any = None
        self._suspects: list[totals.Suspect] = []
        self._repeated: list[totals.Suspect] = []
        self._packed: list[tuple[Texts, Callable[[int], Place]]] = []
        self._joined: Texts | None = None
        self._unchecked = 0

    def add(self, labels: Sequence[Any], place: Callable[[int], Place]) -> None:
        """Take the labels of the next rows; `place` tells where the i-th of them stands."""
        if isinstance(labels, Texts) and self._may_pack(labels):
            if not self._unchecked:
                self._faults.before(self._settle)
            # While the labels are at hand.
            _ = labels.hashes
            self._packed.append((labels, place))
            self._rows += len(labels)
            self._last = labels[-1]
            self._unchecked += len(labels)
            if self._unchecked > max(_UNCHECKED, self._rows // 2):
                self._settle()
            return
        self._unpack()
        self._add(list(labels), place)

    def _may_pack(self, labels: Texts) -> bool:
        """Return whether labels may stay as they are: all are outcomes, none repeated yet."""
        if self._positions or self._suspects or self._option.na:
            return False
        return not totals.suspects(labels.take(totals.may_be_suspects(labels)), ())

    def _settle(self) -> None:
        """Find labels that are repeated so far, and take them one by one from then on."""
        self._unchecked = 0
        if self._packed and not self._together().are_distinct():
            self._unpack()

    def _together(self) -> Texts:
        """Return the labels that stay as they are, those of the first rows before them."""
        if self._joined is None or len(self._joined) < self._rows:
            first = Texts.of(list(self._at))
            self._joined = Texts.joined((first, *(labels for labels, _ in self._packed)))
        return self._joined

    def _unpack(self) -> None:
        """Take the labels one by one that stayed as they are."""
        packed, self._packed, self._joined = self._packed, [], None
        self._rows -= sum(len(labels) for labels, _ in packed)
        for labels, place in packed:
            self._add(list(labels), place)

    def _add(self, labels: Sequence[Any], place: Callable[[int], Place]) -> None:
        """Take the labels of the next rows one by one."""
        at, size = self._at, len(self._at)
        fresh = dict.fromkeys(labels)
        if suspects := self._among(fresh):
            labels = self._without_missing(labels, suspects, place)
            fresh = dict.fromkeys(labels)
        self._rows += len(labels)
        self._last = labels[-1] if labels else self._last
        if not self._positions:
            if len(fresh) == len(labels) and at.keys().isdisjoint(fresh):
                at.update(zip(labels, range(size, size + len(labels)), strict=True))
                return
            # A label was repeated: from now on the position of each row's label is kept.
            self._positions = array("q", range(size))
        known = {suspect.row: suspect for suspect in self._suspects} if suspects else {}
        for i, label in enumerate(() if self._may_repeat else labels):
            if label in at:
                if suspect := known.get(self._rows - len(labels) + i):
                    # It may be a total, and need not be a second row of an outcome.
                    self._repeated.append(suspect)
                else:
                    self._faults.add(DUPLICATE, partial(place, i))
            at.setdefault(label, len(at))
        self._positions.extend([at.setdefault(label, len(at)) for label in labels])

    @property
    def drops_totals(self) -> bool:
        """Whether the user wants totals to be left out."""
        return self._option.total_row == "drop"

    def find_totals(self, weights: NDArray[Any]) -> totals.Totals:
        """Return the totals among all rows, whose weights are given.

        Raises
        ------
        InputError
            If there are any, and the user does not say what they are.
        """
        if weights.ndim > 1 or len(weights) != self._rows:
            return totals.Totals()
        if isinstance(self._last, tuple):
            found = self._totals_of_columns(weights)
        else:
            is_outcome = self._last is not None and not totals.is_named(self._last)
            last = self._last if is_outcome else None
            found = totals.find(weights, self._suspects, last, self._option)
        if self._option.total_row is None:
            repeated = {suspect.label for suspect in self._repeated}
            may_keep = repeated.isdisjoint(suspect.label for suspect in found.certain)
            totals.refuse(found, may_keep=may_keep)
        return found

    def given_to(
        self, found: Weights, source: str, without: Mapping[int, str] | None = None
    ) -> Weights:
        """Return weights of one row each with their labels, and rows of one label added up.

        Parameters
        ----------
        found : Weights
            The weights of all rows.
        source : str
            The name of the source in notes.
        without : mapping of int to str, optional
            Rows that are left out, each with a sentence on it.

        Raises
        ------
        InputError
            If a label is repeated and none may be.
        """
        if without:
            self._unpack()
        if self._packed:
            return found._replace(labels=self._together())
        labels, positions, rows = list(self._at), self._positions, self._rows
        for suspect in self._left_twice(without or {}):
            self._faults.add(self._duplicate(found.weights), suspect.place)
        self._faults.check()
        if without:
            every = positions or array("q", range(rows))
            kept = [every[row] for row in range(rows) if row not in without]
            fresh = {position: i for i, position in enumerate(dict.fromkeys(kept))}
            labels = [labels[position] for position in fresh]
            positions = array("q", [fresh[position] for position in kept])
            weights = _without(found.weights, without)
            notes = [Note("total-row", text, source) for text in without.values()]
            found = found._replace(
                weights=weights, rows_read=rows, rows_used=len(kept), notes=[*found.notes, *notes]
            )
            if not len(weights):
                raise no_rows(source)
        found = found._replace(labels=tuple(labels))
        if None in labels:
            message = "a label is empty or null: its outcome is that of missing values"
            found = found._replace(notes=[*found.notes, Note("missing-label", message, source)])
        return add_up(found, positions, source) if len(labels) < len(positions) else found

    def _among(self, labels: Iterable[Any]) -> Collection[Any]:
        """Return those of some labels that may be no outcomes."""
        na = self._option.na
        if not isinstance(next(iter(labels), None), tuple):
            return totals.suspects(labels, na)
        found = totals.suspects({label for _, label in labels}, na)
        return {label for label in labels if label[1] in found} if found else ()

    def _without_missing(
        self, labels: Sequence[Any], suspects: Collection[Any], place: Callable[[int], Place]
    ) -> Sequence[Any]:
        """Return labels with those that stand for no value made one, and note the suspects."""
        plain = list(labels)
        for i, label in enumerate(labels):
            if label not in suspects:
                continue
            group, text = label if isinstance(label, tuple) else (None, label)
            text = None if totals.is_missing(text, self._option.na) else text
            # The spellings of a column's missing values are added up where it is counted.
            plain[i] = label if group is not None else text
            if len(self._suspects) < totals.MOST_SUSPECTS:
                row = self._rows + i
                self._suspects.append(totals.Suspect(row, text, partial(place, i), group))
        return plain

    def _totals_of_columns(self, weights: NDArray[Any]) -> totals.Totals:
        """Return the totals in a tidy table, each among the rows of its column."""
        keys = list(self._at)
        rows_of: dict[str | None, list[int]] = {suspect.group: [] for suspect in self._suspects}
        for row, position in enumerate(self._positions or range(len(keys))):
            if (group := keys[position][0]) in rows_of:
                rows_of[group].append(row)
        certain: list[totals.Suspect] = []
        doubtful: list[tuple[int, str, str]] = []
        for column, rows in rows_of.items():
            at = {row: i for i, row in enumerate(rows)}
            within = [
                suspect._replace(row=at[suspect.row])
                for suspect in self._suspects
                if suspect.group == column
            ]
            found = totals.find(weights[rows], within, None, self._option)
            certain += [suspect._replace(row=rows[suspect.row]) for suspect in found.certain]
            doubtful += [(rows[row], label, what) for row, label, what in found.doubtful]
        return totals.Totals(tuple(certain), tuple(doubtful))

    def _duplicate(self, weights: NDArray[Any]) -> Fault:
        """Return the fault of a label that is repeated, where one of its rows may be a total."""
        repeated = {suspect.label for suspect in self._repeated}
        option = self._option._replace(total_row=None)
        found = totals.find(weights, self._suspects, None, option).certain
        if repeated.isdisjoint(suspect.label for suspect in found):
            return DUPLICATE
        return DUPLICATE._replace(hint="--total-row drop leaves out the sum of all the others")

    def _left_twice(self, without: Collection[int]) -> list[totals.Suspect]:
        """Return the suspects that repeat a label when some rows are left out."""
        repeated = {(suspect.group, suspect.label) for suspect in self._repeated}
        twice, seen = [], set[Any]()
        for suspect in self._suspects:
            key = (suspect.group, suspect.label)
            if suspect.row in without or key not in repeated:
                continue
            if key in seen:
                twice.append(suspect)
            seen.add(key)
        return twice


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
    typed : bool
        Numbers are told from text: see `WeightColumn`.
    """

    def __init__(
        self,
        option: ReadOptions,
        decimal: str,
        faults: Faults,
        *,
        labelled: bool,
        typed: bool = False,
    ) -> None:
        self.faults = faults
        self._weights = WeightColumn(option.kind, decimal, faults, typed=typed)
        self.labels = Labels(option, faults) if labelled else None
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
        if self.labels is not None and labels is not None:
            self.labels.add(labels, lambda i: place(i, "label"))

    def finish(self, data: Table | Matrix, source: str) -> Weights:
        """Return the weights of all rows, with what is known of the source, but no labels yet.

        Raises
        ------
        InputError
            If a row was bad, or there was none.
        """
        self._weights.check()
        self.faults.check()
        if not self._count:
            raise no_rows(source)
        weights, integers = self._weights.finish()
        found = Weights(data.format, weights, integers, rows_read=self._count)
        notes = [*data.notes, *self._weights.notes(source)]
        is_percent = self._weights.is_percent
        return found._replace(
            notes=notes,
            details=data.details,
            is_percent=is_percent,
            from_edges=data.from_edges,
            weighted=isinstance(data, Table) and data.weighted,
        )


def with_labels(
    every: Sequence[Weights], labels: Sequence[Labels | None], source: str
) -> list[Weights]:
    """Return the weights of all sides with their labels, and without totals.

    A row that is left out of one side is left out of every side that leaves some out: it is the
    total of the table.

    Parameters
    ----------
    every : sequence of Weights
        Those of all rows, for each side.
    labels : sequence of Labels or None
        Their labels, if they have some.
    source : str
        The name of the source in notes.

    Raises
    ------
    InputError
        If a row is a total and the user does not say what it is, or a label is repeated.
    """
    found = [
        totals.Totals() if side is None else side.find_totals(weights.weights)
        for side, weights in zip(labels, every, strict=True)
    ]
    drops = [side is not None and side.drops_totals for side in labels]
    without: dict[int, str] = {}
    for rows, is_wanted in zip(found, drops, strict=True):
        without |= totals.dropped(rows) if is_wanted else {}
    finished = []
    for side, weights, rows, is_wanted in zip(labels, every, found, drops, strict=True):
        if side is not None:
            left_out = without if is_wanted else {}
            notes = [*weights.notes, *totals.notes_on(rows, left_out, source)]
            weights = side.given_to(weights._replace(notes=notes), source, left_out)
        finished.append(weights)
    return finished


def _without(weights: NDArray[Any], rows: Iterable[int]) -> NDArray[Any]:
    import numpy as np

    return np.delete(weights, list(rows))


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
    read = rows if found.rows_read is None else found.rows_read
    return found._replace(weights=sums, rows_read=read, summed=True, notes=[*found.notes, note])
