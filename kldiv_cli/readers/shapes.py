"""The shapes of JSON: records are a table, arrays a matrix, an object has members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.dataset import which_kind
from kldiv_cli.core.table import SAMPLE, Batch, Block, Faults, Matrix, Members, Table, no_columns
from kldiv_cli.errors import Fault, InputError, Note, Place, abridged, option
from kldiv_cli.readers import histograms, layouts, pointers, top_logprobs
from kldiv_cli.readers.column_choice import (
    LABELS,
    MAYBE_WEIGHTS,
    WEIGHTS,
    are_consecutive,
    plain_name,
)
from kldiv_cli.readers.literals import Repeated, kind_of, misfits, no_raw_rows, shown
from kldiv_cli.readers.pointers import START, Route

if TYPE_CHECKING:
    from kldiv_cli.core.table import Data, Path, PathLocator
    from kldiv_cli.readers.layouts import Layout

BATCH = 4096
WIDEST = 1000
"""Columns of arrays that may be rows of a table."""
DEEPEST = 2
"""How many objects or arrays of one member are opened, one in the other."""
NO_COLUMNS = "there are no columns here, and"


def shape_of(
    value: Any,
    place: PathLocator,
    source: str,
    notes: Sequence[Note],
    route: Route = START,
) -> Data:
    """Return a parsed JSON value as a table, a matrix or members.

    Parameters
    ----------
    value : object
        As `kldiv_cli.readers.json_text.parse` returns it.
    place : function
        From a path of ordinals to where that value stands.
    source : str
        The name of the source in errors.
    notes : sequence of Note
        Notes on the decoding of the text, and on the way to the value.
    route : Route
        The way to the value.
    """
    tops = top_logprobs.matrix_of(value, source, notes)
    if tops is not None:
        return tops
    if isinstance(value, dict):
        ours = str(value.get("schema", "")).startswith("kldiv.")
        return (Document if ours else Object)(value, place, source, notes, route)
    if isinstance(value, list) and holds_one(value) and route.opened < DEEPEST:
        route = route.to(0, opened=True)
        notes = [*notes, opening(route, source)]
        return shape_of(value[0], lambda path: place((0, *path)), source, notes, route)
    if isinstance(value, list) and value:
        arrays = histograms.unnamed(value, source)
        if arrays is not None:
            return Object(arrays, place, source, notes, route)
        return rows_of(_pieces(value, place), "json", notes)
    return Matrix("json", [Block(value, place)], NO_COLUMNS, typed=True, notes=notes)


def holds_one(values: Sequence[Any]) -> bool:
    """Return whether an array has one member, which holds all there is in containers.

    That is an object of these, or an array of records. An array of numbers is a row of a batch.
    """
    if len(values) != 1 or not values[0]:
        return False
    if isinstance(values[0], list | tuple):
        return all(isinstance(record, Mapping) for record in values[0])
    if not isinstance(values[0], Mapping):
        return False
    members = values[0].values()
    return all(map(layouts.is_container, members)) or layouts.describes(values[0])


def opening(route: Route, source: str) -> Note:
    """Return the note on an object or an array that was opened, since it has one member."""
    message = f"{route.pointer[:100]!r}, the only member, is read for itself"
    return Note("opened", message, source, advice=option("--at", route.pointer), repair=True)


def named_once(layout: Layout, here: Place) -> list[str]:
    """Return the names of the columns of a layout, which must differ.

    Raises
    ------
    InputError
        If two columns have one name.
    """
    names = [column.name for column in layout.columns]
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        message = f"{names.count(name)} columns are called {name[:60]!r}"
        raise InputError("duplicate-columns", message, here)
    return names


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
    if isinstance(first.values[0], list) and _hold_text(first.values):
        return _table_of_arrays(first, rest, format_, notes)
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


def _hold_text(rows: Sequence[Any]) -> bool:
    """Return whether some arrays are rows of a table: there is text in them, beside numbers."""
    sample = [row for row in rows[:SAMPLE] if isinstance(row, list)]
    return len(sample[0]) <= WIDEST and any(type(cell) is str for row in sample for cell in row)


def _table_of_arrays(
    first: Block, rest: Iterable[Block], format_: str, notes: Sequence[Note]
) -> Table:
    """Return arrays of cells as rows, whose names may stand in the first of them."""
    width = len(first.values[0])
    sample = [row for row in first.values[:SAMPLE] if isinstance(row, list) and len(row) == width]
    given, height = layouts.names_above(sample)
    names = given or list(map(str, range(width)))
    at = {name: j for j, name in enumerate(names)}
    faults = Faults()

    def rows(block: Block, skipped: int = 0) -> Batch:
        left_out = set(range(skipped))
        for i, what in misfits(block.values, width):
            message = f"a row is {what}, expected an array of length {width} as the first"
            faults.add(Fault("ragged-row", message), partial(block.locate, (i,)))
            left_out.add(i)
        kept = [i for i in range(len(block.values)) if i not in left_out]
        values = [block.values[i] for i in kept]

        def where(i: int, name: str) -> Place:
            value = shown(values[i][at[name]])
            return block.locate((kept[i], at[name]), name=name, value=value)

        cells = {name: [row[j] for row in values] for name, j in at.items()}
        return Batch(cells, len(values), where)

    batches = chain((rows(first, height),), (rows(block) for block in rest))
    details = {"shape": "an array of rows"}
    return Table(format_, batches, names, typed=True, faults=faults, notes=notes, details=details)


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
    """The columns of `records`, each made when it is asked for."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self.records = records

    def __getitem__(self, name: str) -> list[Any]:
        return [record.get(name) for record in self.records]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for record in self.records for name in record))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Keyed(Members):
    """The members of an object: weights by label, columns of a table, or several distributions.

    What they are is decided by `resolved` for weights, and by `table` for raw rows. An object of
    JSON and a mapping of Python differ in how a table, and a member, is made of their values.

    Parameters
    ----------
    value : mapping
        The object.
    source : str
        The name of the source in errors.
    names : sequence of str
        Its keys, each as often as it is given.
    notes : sequence of Note
        Notes on the way to it.
    route : Route
        The way to it.
    """

    what = NO_COLUMNS

    def __init__(
        self,
        value: Mapping[Any, Any],
        source: str,
        names: Sequence[str],
        notes: Sequence[Note] = (),
        route: Route = START,
    ) -> None:
        super().__init__(source, names)
        self.value = value
        self.notes = notes
        self.route = route

    def locate(self, path: Path) -> Place:
        """Return the place of a member."""
        raise NotImplementedError

    def laid_out(self, layout: Layout) -> Table:
        """Return the table of a layout."""
        raise NotImplementedError

    def inside(self, at: int, notes: Sequence[Note], route: Route) -> Data:
        """Return the value of a member for itself, with these notes on the way to it."""
        raise NotImplementedError

    def numbers(self) -> Matrix:
        """Return the members as numbers, each with its label."""
        raise NotImplementedError

    @property
    def _is_repeated(self) -> bool:
        return len(self.names) > len(self.value)

    def resolved(self, labels: Sequence[str | None], weights: Sequence[str | None]) -> Data:
        """See `Members.resolved`."""
        if self._is_repeated:
            return self
        found = self._histogram(weights)
        if found is not None and not any(labels):
            table = self.laid_out(histograms.layout_of(found, self.value))
            return table._replace(from_edges=found.bins, weighted=found.weighted)
        layout = self._described() or self._of_weights([*filter(None, labels)], weights)
        if layout is not None:
            return self.laid_out(layout.outcomes())
        if self._may_be_opened() and not set(self.names) & set(weights):
            member = self.opened()
            if isinstance(member, Members):
                return member.resolved(labels, weights)
            # An array has no column to be named: the name is not that of the member.
            if isinstance(member, Table) or not any(weights):
                return member
        return self

    def _histogram(self, weights: Sequence[str | None]) -> histograms.Histogram | None:
        """Return the histogram that the members are, if they are one."""
        if len(self.names) > histograms.MOST_MEMBERS:
            return None
        members = dict(zip(self.names, self.value.values(), strict=True))
        return histograms.in_object(members, weights, self.source)

    def _described(self) -> Layout | None:
        """Return the table of an object that says how it lays it out."""
        try:
            return layouts.described(self.value)
        except layouts.DamagedLayoutError as error:
            message = f"this object describes a table, but {error}"
            raise InputError("bad-shape", message, self.locate(())) from None

    def _of_weights(self, labels: Sequence[str], weights: Sequence[str | None]) -> Layout | None:
        """Return the table that the members are the columns or the rows of, if they are one.

        None where each of them is a distribution, or all are one together.
        """
        named = [name for name in weights if name is not None]
        layout = layouts.of_arrays(self.value)
        if layout is not None and len(layout.columns) > 1:
            return self._of_columns(layout, labels, named)
        if not layouts.has_equal_keys(self.value):
            return None
        columns, rows = layouts.by_columns(self.value), layouts.by_rows(self.value)
        by_types = layouts.types_tell(self.value)
        if by_types is not None:
            return columns if by_types else rows
        in_columns = {column.name for column in columns.values().columns}
        in_rows = {column.name for column in rows.values().columns}
        asked = {*labels, *named}
        if asked and not asked & in_columns and asked <= in_rows:
            return rows
        if labels and asked <= in_columns:
            return columns
        by_keys = layouts.numbers_tell(self.value, layouts.are_row_numbers)
        if by_keys and len(in_columns) > 1:
            return self._of_columns(columns.values(), labels, named)
        if asked:
            return None
        if by_keys is False and len(in_rows) > 1:
            return self._of_columns(rows.values(), labels, named)
        # Rows of one weight; as distributions, each would have the same single outcome.
        is_weight = in_rows <= {*WEIGHTS, *MAYBE_WEIGHTS, "0"} and not in_columns <= WEIGHTS
        return rows if len(in_rows) == 1 and is_weight else None

    def _of_columns(
        self, layout: Layout, labels: Sequence[str], named: Sequence[str]
    ) -> Layout | None:
        """Return a table if its labels are in sight: text, or numbers that may be labels."""
        names = [column.name for column in layout.columns]
        if labels or layouts.has_text(layout) or histograms.name_edges(names):
            return layout
        plain = {column.name: plain_name(column.name) for column in layout.columns}
        obvious = {name for name in plain if plain[name] in WEIGHTS}
        if not named and len(obvious) != 1:
            return None
        # Arrays of one number may be the numbers of an object, as R writes them.
        is_row = len(plain) == 2 and not LABELS.isdisjoint(plain.values())
        if not named and not is_row and all(map(_is_boxed, self.value.values())):
            return None
        chosen = set(named) or obvious
        beside = [
            column
            for column in layout.columns
            if column.name not in chosen
            and plain[column.name] not in WEIGHTS
            and layouts.are_distinct_integers(column.cells)
        ]
        if chosen <= obvious:
            return layout if beside else None
        # Integers beside numbers of no telling name may be weights as well.
        told = (plain[column.name] in LABELS or are_consecutive(column.cells) for column in beside)
        return layout if any(told) else None

    def _may_be_opened(self) -> bool:
        """Return whether there is one member, which holds the rest."""
        if len(self.names) != 1 or self.route.opened >= DEEPEST:
            return False
        (value,) = self.value.values()
        return layouts.is_container(value)

    def opened(self) -> Data:
        """Return the only member for itself."""
        route = self.route.to(self.names[0], opened=True)
        return self.inside(0, [*self.notes, opening(route, self.source)], route)

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
            raise InputError("duplicate-columns", message, self.locate(()))
        return super().find(name)

    def member(self, name: str | None) -> Data:
        """See `Members.member`."""
        if name is not None:
            return self.inside(self.find(name), self.notes, self.route.to(name))
        members = [
            key
            for key, value in zip(self.names, self.value.values(), strict=False)
            if layouts.is_container(value)
        ]
        if members and len(members) == len(self.value):
            names = abridged(f"{name[:60]!r}" for name in members)
            message = f"this object holds other objects or arrays: {names}"
            are_alike = len(members) > 1 and layouts.has_equal_keys(self.value)
            hint = "" if are_alike else self._choices()
            hint = hint or self._names(members)
            if len(members) > 1 and all(map(_is_boxed, self.value.values())):
                # R has no numbers but in vectors; as a distribution, each has the same outcome.
                message = f"each member of this object is an array of one number: {names}"
                hint = "write the numbers without arrays: jsonlite does with auto_unbox = TRUE"
            raise InputError("several-weights", message, self.locate(()), hint=hint)
        if members:
            at = self.names.index(members[0])
            what = kind_of(self.value[members[0]])
            message = f"the member {members[0][:60]!r} is {what}, and others are single values"
            place = replace(self.locate((at,)), name=members[0])
            raise InputError("not-a-number", message, place, hint=self._choices(by_name=False))
        return self.numbers()

    def _names(self, members: Sequence[str]) -> str:
        """Return a hint with the names that choose one of the members, which are alike."""
        hint = f"{option('--weight', members[0])}, or another, chooses one"
        if not layouts.has_equal_keys(self.value):
            return hint
        inner = [str(key) for key in next(iter(self.value.values())) if key not in members]
        if not inner:
            return hint
        of_rows = option("--weight", inner[0])
        if len(next(iter(self.value.values()))) == 1:
            return f"{of_rows} if the members are rows"
        return f"{hint} of several distributions; {of_rows} if the members are rows"

    def _choices(self, *, by_name: bool = True) -> str:
        """Return a hint with the pointers of the values inside that may be distributions.

        There is none where --weight names the members themselves.
        """
        found = layouts.pointers(self.value)
        are_members = found and all(pointer.count("/") == 1 for pointer in found)
        if by_name and are_members and not self.route.pointer:
            return ""
        if not found:
            return "an array of records, or an object of numbers, is a distribution"
        chosen = " or ".join(option("--at", self.route.pointer + pointer) for pointer in found)
        return f"{chosen} chooses one"

    def table(self) -> Data:
        """See `Members.table`."""
        if not self._is_repeated and self._histogram(()) is not None:
            raise histograms.no_raw_rows(self.source)
        layout = None if self._is_repeated else self._described()
        if layout is not None:
            return self.laid_out(layout.values())
        columns = list(self.value.values())
        if columns and all(map(layouts.is_numeric, columns)):
            raise which_kind("this may be a distribution, outcome by outcome", self.source)
        if columns and all(map(layouts.is_array, columns)):
            if self._is_repeated:
                message = "a column is given more than once"
                raise InputError("duplicate-columns", message, self.locate(()))
            if len(set(map(len, columns))) > 1:
                message = "the columns have different lengths"
                raise InputError("ragged-row", message, self.locate(()))
            first = columns[0]
            are_records = len(first) > 0 and all(isinstance(row, Mapping) for row in first)
            if len(columns) > 1 or not are_records:
                return self.laid_out(layouts.of_columns(self.value))
        if not self._is_repeated and layouts.has_equal_keys(self.value):
            are_columns = layouts.types_tell(self.value)
            if are_columns is None:
                are_columns = layouts.numbers_tell(self.value, layouts.are_integers)
            if are_columns is None and len(self.names) > 1:
                message = "the members of this object may be columns, or rows"
                hint = "write an array of records, which tells"
                raise InputError("bad-shape", message, self.locate(()), hint=hint)
            if are_columns is not None:
                laid = layouts.by_columns if are_columns else layouts.by_rows
                return self.laid_out(laid(self.value).values())
        if self._may_be_opened() and isinstance(columns[0], Mapping | list | tuple):
            return self.opened()
        return self.no_table()

    def no_table(self) -> Data:
        """Refuse the object as raw rows.

        Raises
        ------
        InputError
            Always.
        """
        found = layouts.pointers(self.value, rows=True)
        chosen = " or ".join(option("--at", self.route.pointer + pointer) for pointer in found)
        hint = f"{chosen} chooses one" if found else ""
        raise no_raw_rows(self.value, self.source, hint)


def _is_boxed(value: Any) -> bool:
    """Return whether a value is an array of one number."""
    return layouts.is_array(value) and len(value) == 1 and layouts.sorts_of(value) == {"number"}


class Object(Keyed):
    """An object of JSON.

    Parameters
    ----------
    value : dict
        The parsed object.
    place : function
        From a path of ordinals to where that value stands.
    source, notes, route
        As of `Keyed`.
    """

    def __init__(
        self,
        value: dict[str, Any],
        place: PathLocator,
        source: str,
        notes: Sequence[Note] = (),
        route: Route = START,
    ) -> None:
        pairs = value.pairs if isinstance(value, Repeated) else list(value.items())
        super().__init__(value, source, [key for key, _ in pairs], notes, route)
        self._values = [member for _, member in pairs]
        self._place = place

    def locate(self, path: Path) -> Place:
        """See `Keyed.locate`."""
        return self._place(path)

    def inside(self, at: int, notes: Sequence[Note], route: Route) -> Data:
        """See `Keyed.inside`."""
        name, value = self.names[at], self._values[at]
        if not isinstance(value, dict | list):
            message = f"the member {name[:60]!r} is {kind_of(value)}, not an object or an array"
            hint = "leave --weight out if the object itself is the distribution"
            raise InputError("no-columns", message, self.locate((at,)), hint=hint)

        def place(path: Path) -> Place:
            return replace(self.locate((at, *path)), name=name)

        return shape_of(value, place, self.source, notes, route)

    def numbers(self) -> Matrix:
        """See `Keyed.numbers`."""

        def place(path: Path) -> Place:
            return replace(self.locate(path), name=self.names[path[0]])

        blocks = [Block(self._values, place)]
        matrix = _array(blocks, "an object of numbers", "json", self.notes)
        return matrix._replace(labels=self.names)

    def laid_out(self, layout: Layout) -> Table:
        """See `Keyed.laid_out`."""
        names = named_once(layout, self.locate(()))
        if _has_repeated(self.value, 3):
            message = "an object inside gives a key more than once"
            raise InputError("duplicate-keys", message, self.locate(()))
        columns = {column.name: column for column in layout.columns}

        def where(i: int, name: str) -> Place:
            column = columns[name]
            return replace(self.locate(column.path(i)), name=name, value=shown(column.cells[i]))

        cells = {name: column.cells for name, column in columns.items()}
        batch = Batch(cells, layout.rows, where)
        notes = [*self.notes, *(Note(*note, self.source) for note in layout.notes)]
        details = {"shape": layout.shape}
        return Table("json", [batch], names, typed=True, notes=notes, details=details)


def _has_repeated(value: Any, depth: int) -> bool:
    """Return whether a value, or one so deep inside it, is an object that repeats a key."""
    if isinstance(value, Repeated) or not depth:
        return isinstance(value, Repeated)
    inside = value.values() if isinstance(value, dict) else value
    return any(_has_repeated(each, depth - 1) for each in inside if type(each) in _CONTAINERS)


_CONTAINERS = (dict, list, Repeated)


class Document(Object):
    """A JSON document of kldiv's own, such as a profile."""

    def resolved(self, labels: Sequence[str | None], weights: Sequence[str | None]) -> Data:
        """Return the document itself: none of its members is a table of weights."""
        return self

    def refuse_label(self, label: str | None, name: str | None) -> None:
        """Refuse a profile as a distribution; see `Members.refuse_label`."""
        if str(self.value["schema"]).startswith("kldiv.profile/"):
            message = "this is a profile of raw rows, not a distribution"
            hint = "--as samples compares its columns; kldiv check judges them"
            raise InputError("is-a-profile", message, Place(self.source), hint=hint)
        super().refuse_label(label, name)


class Whole(Members):
    """A value of JSON of which the user chooses a part by a pointer.

    Parameters
    ----------
    value : object
        A value of JSON, or of Python.
    place : function
        From a path of ordinals to where that value stands.
    source : str
        The name of the source in errors.
    shape : function
        Makes the data of a value, of the function that tells where its parts stand, and of the
        way to it.
    """

    what = NO_COLUMNS

    def __init__(
        self,
        value: Any,
        place: PathLocator,
        source: str,
        shape: Callable[[Any, PathLocator, Route], Data],
    ) -> None:
        super().__init__(source, ())
        self._value = value
        self._place = place
        self._shape = shape

    def at(self, pointer: str) -> Data:
        """See `Members.at`."""
        value, path = pointers.find(self._value, pointer, self._place)

        def place(below: Path) -> Place:
            return self._place((*path, *below))

        return self._shape(value, place, Route(pointer))
