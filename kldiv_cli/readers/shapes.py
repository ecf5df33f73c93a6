"""The shapes of JSON: records are a table, arrays a matrix, an object has members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.dataset import which_kind
from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import SAMPLE, Batch, Block, Faults, Matrix, Members, Table, no_columns
from kldiv_cli.errors import Fault, InputError, Note, Place, abridged
from kldiv_cli.readers.literals import Repeated, kind_of, no_raw_rows, shown

if TYPE_CHECKING:
    from kldiv_cli.core.table import Data, Path, PathLocator

BATCH = 4096
NO_COLUMNS = "there are no columns here, and"


def shape_of(value: Any, place: PathLocator, source: str, notes: Sequence[Note]) -> Data:
    """Return a parsed JSON value as a table, a matrix or members.

    Parameters
    ----------
    value : object
        As `kldiv_cli.readers.json.parse` returns it.
    place : function
        From a path of ordinals to where that value stands.
    source : str
        The name of the source in errors.
    notes : sequence of Note
        Notes on the decoding of the text.
    """
    if isinstance(value, dict):
        ours = str(value.get("schema", "")).startswith("kldiv.")
        return (Document if ours else Object)(value, place, source, notes)
    if isinstance(value, list) and value:
        return rows_of(_pieces(value, place), "json", notes)
    return Matrix("json", [Block(value, place)], NO_COLUMNS, typed=True, notes=notes)


def rows_of(blocks: Iterable[Block], format_: str, notes: Sequence[Note]) -> Table | Matrix:
    """Return blocks of parsed values as rows; the first says whether they are records.

    Parameters
    ----------
    blocks : iterable of Block
        At least one, and none is empty.
    format_ : str
        The recognised format of the input.
    notes : sequence of Note
        Notes on the decoding of the text.
    """
    rest = iter(blocks)
    first = next(rest)
    blocks = chain((first,), rest)
    if not isinstance(first.values[0], dict):
        return _array(blocks, _shape_in_words(first.values[0]), format_, notes)
    faults = Faults()
    sample = [record for record in first.values[:SAMPLE] if isinstance(record, dict)]
    return Table(
        format_,
        (_records(block, faults) for block in blocks),
        list(dict.fromkeys(key for record in sample for key in record)),
        typed=True,
        faults=faults,
        notes=notes,
        details={"shape": "records"},
    )


def _array(blocks: Iterable[Block], shape: str, format_: str, notes: Sequence[Note]) -> Matrix:
    return Matrix(format_, blocks, NO_COLUMNS, typed=True, notes=notes, details={"shape": shape})


def _shape_in_words(first: Any) -> str:
    """Return the words for the shape of an array with such a first element."""
    return "an array of arrays" if isinstance(first, list) else "an array of numbers"


def _pieces(values: list[Any], place: PathLocator) -> Iterator[Block]:
    """Yield values in blocks of a size that numbers are parsed in."""
    for start in range(0, len(values), BATCH):

        def shifted(path: Path, start: int = start) -> Place:
            return place((start + path[0], *path[1:]))

        yield Block(values[start : start + BATCH], shifted)


def _records(block: Block, faults: Faults) -> Batch:
    """Return records as rows; a value that is no record is a fault, and left out."""
    rows, kept = block.values, list(range(len(block.values)))
    if not {dict}.issuperset(map(type, rows)):
        for i, value in enumerate(rows):
            if isinstance(value, Repeated):
                fault = Fault("duplicate-keys", "a record gives a key more than once")
                faults.add(fault, partial(block.locate, (i,)))
            elif not isinstance(value, dict):
                message = f"this is {kind_of(value)}, not a record as the first"
                place = partial(block.locate, (i,), value=shown(value))
                faults.add(Fault("not-a-record", message), place)
        kept = [i for i in kept if isinstance(rows[i], dict)]
        rows = [rows[i] for i in kept]

    def where(i: int, name: str) -> Place:
        if name not in rows[i]:
            return block.locate((kept[i],), name=name)
        path = (kept[i], list(rows[i]).index(name))
        return block.locate(path, name=name, value=shown(rows[i][name]))

    return Batch(_Fields(rows), len(rows), where)


class _Fields(Mapping[str, list[Any]]):
    """The columns of records, each made when it is asked for."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self._records = records

    def __getitem__(self, name: str) -> list[Any]:
        return [record.get(name) for record in self._records]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for record in self._records for name in record))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Object(Members):
    """A JSON object: weights by label, columns by name, or several distributions.

    Parameters
    ----------
    value : dict
        The parsed object.
    place, source, notes
        As of `shape_of`.
    """

    what = NO_COLUMNS

    def __init__(
        self, value: dict[str, Any], place: PathLocator, source: str, notes: Sequence[Note]
    ) -> None:
        self.value = value
        self._pairs = value.pairs if isinstance(value, Repeated) else list(value.items())
        self._place = place
        self._notes = notes
        super().__init__(source, [key for key, _ in self._pairs])

    def refuse_label(self, label: str | None, name: str | None) -> None:
        """See `Members.refuse_label`."""
        if label is not None and name is not None:
            what = "the members of an object are no columns, and"
            raise no_columns(what, label, self.source, "leave --label out")
        super().refuse_label(label, name)

    def find(self, name: str) -> int:
        """See `Members.find`."""
        if self.names.count(name) > 1:
            message = f"the key {name[:60]!r} is given more than once"
            raise InputError("duplicate-columns", message, self._place(()))
        return super().find(name)

    def member(self, name: str | None) -> Data:
        """See `Members.member`."""
        if name is None:
            return self._mapping()
        at = self.find(name)
        value = self.value[name]

        def place(path: Path) -> Place:
            return replace(self._place((at, *path)), name=name)

        if isinstance(value, dict):
            return Object(value, place, self.source, self._notes)
        if isinstance(value, list):
            shape = _shape_in_words(value[0] if value else None)
            return _array([Block(value, place)], shape, "json", self._notes)
        message = f"the member {name[:60]!r} is {kind_of(value)}, not an object or an array"
        hint = "leave --weight out if the object itself is the distribution"
        raise InputError("no-columns", message, self._place((at,)), hint=hint)

    def _mapping(self) -> Matrix:
        """Return the members as numbers, each with its label."""
        members = [key for key, value in self.value.items() if isinstance(value, (dict, list))]
        if members and len(members) == len(self.value):
            names = abridged(f"{name[:60]!r}" for name in members)
            message = f"this object holds other objects or arrays: {names}"
            hint = f"--weight {members[0][:60]} chooses one"
            raise InputError("several-weights", message, self._place(()), hint=hint)

        def place(path: Path) -> Place:
            return replace(self._place(path), name=self.names[path[0]])

        values = [value for _, value in self._pairs]
        matrix = _array([Block(values, place)], "an object of numbers", "json", self._notes)
        return matrix._replace(labels=self.names)

    def table(self) -> Table:
        """See `Members.table`."""
        columns = list(self.value.values())
        if columns and {Number}.issuperset(map(type, columns)):
            raise which_kind("this may be a distribution, outcome by outcome", self.source)
        if not columns or not all(isinstance(column, list) for column in columns):
            raise no_raw_rows(self.value, self.source)
        if isinstance(self.value, Repeated):
            message = "a column is given more than once"
            raise InputError("duplicate-columns", message, self._place(()))
        if len(set(map(len, columns))) > 1:
            raise InputError("ragged-row", "the columns have different lengths", self._place(()))

        def where(i: int, name: str) -> Place:
            return replace(self._place((self.names.index(name), i)), name=name)

        batch = Batch(self.value, len(columns[0]), where)
        return Table("json", [batch], typed=True, notes=self._notes)


class Document(Object):
    """A JSON document of kldiv's own, such as a profile."""

    def refuse_label(self, label: str | None, name: str | None) -> None:
        """Refuse a profile as a distribution; see `Members.refuse_label`."""
        if str(self.value["schema"]).startswith("kldiv.profile/"):
            message = "this is a profile of raw rows, not a distribution"
            hint = "--as samples compares its columns; kldiv check judges them"
            raise InputError("is-a-profile", message, Place(self.source), hint=hint)
        super().refuse_label(label, name)
