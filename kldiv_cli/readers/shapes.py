"""The shapes in which a JSON value is a distribution, or holds several."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.dataset import which_kind
from kldiv_cli.core.numbers import Number
from kldiv_cli.core.table import Batch, Faults
from kldiv_cli.errors import Fault, InputError, Place, abridged, did_you_mean
from kldiv_cli.readers import literals
from kldiv_cli.readers.literals import Repeated
from kldiv_cli.readers.reading import Reading, Rows
from kldiv_cli.readers.selection import Columns, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.reading import Role
    from kldiv_cli.readers.selection import Choice, Numeric

    Path = tuple[int, ...]
    Locator = Callable[[Path], Place]

SAMPLE = 100
BATCH = 4096


def read(
    value: Any, wanted: Sequence[ReadOptions], source: str, format_: str, place: Locator
) -> list[Reading]:
    """Return what the sides want of a parsed JSON value.

    Parameters
    ----------
    value : object
        As `kldiv_cli.readers.json.parse` returns it.
    wanted : sequence of ReadOptions
        One for each side.
    source, format_ : str
        What errors and reports call it.
    place : function
        From a path of ordinals to where that value stands.

    Raises
    ------
    InputError
        If it has none of the shapes.
    """
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return records([(value, place)], wanted, source, format_)
    if isinstance(value, dict) and any(option.weight is not None for option in wanted):
        return [_member(value, option, source, format_, place) for option in wanted]
    for option in wanted:
        word = option.weight if option.weight is not None else option.label
        if word is not None:
            raise InputError(
                "no-columns",
                f"there are no columns here, and {word[:60]!r} cannot be one",
                Place(source),
                hint="leave --weight and --label out",
            )
    return [_one(value, option, source, format_, place) for option in wanted]


def _one(value: Any, wanted: ReadOptions, source: str, format_: str, place: Locator) -> Reading:
    if isinstance(value, dict):
        return _mapping(value, wanted, source, format_, place)
    if isinstance(value, list):
        return vectors(value, wanted, source, format_, place)
    raise InputError(
        "bad-shape",
        f"this is {literals.kind_of(value)}, not an object or an array",
        replace(place(()), value=literals.shown(value)),
    )


def _mapping(
    value: dict[str, Any], wanted: ReadOptions, source: str, format_: str, place: Locator
) -> Reading:
    members = [key for key, member in value.items() if isinstance(member, (dict, list))]
    if members and len(members) == len(value):
        raise InputError(
            "several-weights",
            f"this object holds other objects or arrays:"
            f" {abridged(f'{name[:60]!r}' for name in members)}",
            place(()),
            hint=f"--weight {members[0][:60]} chooses one",
        )
    pairs = value.pairs if isinstance(value, Repeated) else list(value.items())
    faults = Faults()

    def where(i: int, role: Role) -> Place:
        key, member = pairs[i]
        return replace(place((i,)), name=key, value=literals.shown(member))

    side = Rows(wanted, faults, labelled=True)
    texts = literals.texts([member for _, member in pairs], faults, lambda i: where(i, "weight"))
    side.add([key for key, _ in pairs], texts, where)
    return side.finish(source, format_, None, (), {"shape": "an object of numbers"})


def vectors(
    value: list[Any], wanted: ReadOptions, source: str, format_: str, place: Locator
) -> Reading:
    """Read an array of numbers, or an array of such arrays: a batch."""
    faults = Faults()
    batch = bool(value) and isinstance(value[0], list)
    length = len(value[0]) if batch else 1
    flat = value
    if batch:
        flat = []
        for i, row in enumerate(value):
            if isinstance(row, list) and len(row) == length:
                flat += row
                continue
            found = f"of length {len(row)}" if isinstance(row, list) else literals.kind_of(row)
            message = f"a row of the batch is {found}, expected length {length} as of the first"
            faults.add(Fault("ragged-row", message), partial(_indexed, place, (i,), None))
        faults.check()

    def where(i: int) -> Place:
        return _indexed(place, divmod(i, length) if batch else (i,), flat[i])

    texts = literals.texts(flat, faults, where)
    side = Rows(wanted, faults, labelled=False)
    side.add(None, texts, lambda i, _: where(i))
    shape = "an array of arrays" if batch else "an array of numbers"
    reading = side.finish(source, format_, None, (), {"shape": shape})
    if batch:
        reading.weights = reading.weights.reshape(len(value), length)
        reading.rows_read = len(value)
    return reading


def _valued(place: Locator, path: Path, value: Any) -> Place:
    return replace(place(path), value=literals.shown(value))


def _indexed(place: Locator, path: Path, value: Any) -> Place:
    return replace(_valued(place, path, value), index=path)


def _member(
    value: dict[str, Any], wanted: ReadOptions, source: str, format_: str, place: Locator
) -> Reading:
    """Read the member of an object that `--weight` names."""
    name = wanted.weight or ""
    if wanted.label is not None:
        message = (
            f"the members of an object are no columns, and {wanted.label[:60]!r} cannot be one"
        )
        raise InputError("no-columns", message, Place(source), hint="leave --label out")
    keys = [key for key, _ in value.pairs] if isinstance(value, Repeated) else list(value)
    if keys.count(name) > 1:
        message = f"the key {name[:60]!r} is given more than once"
        raise InputError("duplicate-columns", message, place(()))
    if name not in value:
        message = f"there is no member {name[:60]!r}"
        raise InputError("unknown-column", message, Place(source), hint=did_you_mean(name, keys))
    at, member = keys.index(name), value[name]
    if not isinstance(member, (dict, list)):
        raise InputError(
            "no-columns",
            f"the member {name[:60]!r} is {literals.kind_of(member)}, not an object or an array",
            place((at,)),
            hint="leave --weight out if the object itself is the distribution",
        )
    reading = _one(
        member, wanted, source, format_, lambda path: replace(place((at, *path)), name=name)
    )
    reading.column = name
    return reading


def records(
    batches: Iterable[tuple[Sequence[Any], Locator]],
    wanted: Sequence[ReadOptions],
    source: str,
    format_: str,
) -> list[Reading]:
    """Read records, which are the rows of a table.

    Parameters
    ----------
    batches : iterable of (records, function)
        With the locator of each batch, whose paths begin with the record's position in it.
    wanted, source, format_
        As in `read`.
    """
    faults = Faults()
    pieces = _pieces(batches)
    first = next(pieces, None)
    if first is None:
        raise InputError("no-rows", "there are no records", Place(source))
    sample = [record for record in first[0][:SAMPLE] if isinstance(record, dict)]
    names = list(dict.fromkeys(key for record in sample for key in record))
    numeric: list[Numeric] = []
    for name in names:
        cells = sum(type(record.get(name)) is Number for record in sample)
        if all(record.get(name) is None for record in sample):
            numeric.append("blank")
        else:
            numeric.append("all" if cells == len(sample) else "some" if cells else "none")
    columns = Columns(source, names, numeric, advice="--as samples if these are raw values")
    choices = columns.choose(wanted)
    sides = [
        Rows(option, faults, labelled=choice.label is not None)
        for option, choice in zip(wanted, choices, strict=True)
    ]
    while first is not None:
        rows, place = _records_only(*first, faults)
        for side, choice in zip(sides, choices, strict=True):
            _feed(side, choice, columns, rows, place, faults)
        first = next(pieces, None)
    return [
        side.finish(
            source,
            format_,
            columns.name(choice.weight),
            choice.notes,
            {"shape": "records", **columns.details(choice)},
        )
        for side, choice, option in zip(sides, choices, wanted, strict=True)
    ]


def _pieces(
    batches: Iterable[tuple[Sequence[Any], Locator]],
) -> Iterator[tuple[Sequence[Any], Locator]]:
    """Cut batches to a size that numbers are parsed in."""
    for values, place in batches:
        for start in range(0, len(values), BATCH):

            def shifted(path: Path, place: Locator = place, start: int = start) -> Place:
                return place((start + path[0], *path[1:]))

            yield list(islice(values, start, start + BATCH)), shifted


def _records_only(
    values: Sequence[Any], place: Locator, faults: Faults
) -> tuple[Sequence[dict[str, Any]], Locator]:
    if all(type(value) is dict for value in values):
        return values, place
    kept = []
    for i, value in enumerate(values):
        if type(value) is dict:
            kept.append(i)
        elif isinstance(value, Repeated):
            fault = Fault("duplicate-keys", "a record gives a key more than once")
            faults.add(fault, partial(place, (i,)))
        else:
            message = f"this is {literals.kind_of(value)}, not a record as the first"
            fault = Fault("not-a-record", message)
            faults.add(fault, partial(_valued, place, (i,), value))
    return [values[i] for i in kept], lambda path: place((kept[path[0]], *path[1:]))


def _feed(
    side: Rows,
    choice: Choice,
    columns: Columns,
    rows: Sequence[dict[str, Any]],
    place: Locator,
    faults: Faults,
) -> None:
    names = columns.names or ()

    def where(i: int, role: Role) -> Place:
        column = choice.label if role == "label" else choice.weight
        name = names[column or 0]
        if name not in rows[i]:
            return replace(place((i,)), name=name)
        path = (i, list(rows[i]).index(name))
        return replace(place(path), name=name, value=literals.shown(rows[i][name]))

    weight = names[choice.weight]
    texts = literals.texts([row.get(weight) for row in rows], faults, lambda i: where(i, "weight"))
    labels = None
    if choice.label is not None:

        def labels_in(column: int, *, none: Any = None) -> list[str]:
            cells = [row.get(names[column]) for row in rows]
            cells = [none if cell is None else cell for cell in cells]
            return [literals.label(cell, i, faults, where) for i, cell in enumerate(cells)]

        if choice.group is None:
            labels = labels_in(choice.label)
        else:
            # In a table of several columns null stands for the missing values of one.
            labels = joined(labels_in(choice.group), labels_in(choice.label, none=""))
    side.add(labels, texts, where)


def raw_rows(value: Any, source: str, place: Locator) -> Iterator[Batch]:
    """Yield the raw rows of a parsed JSON value.

    Parameters
    ----------
    value : object
        Records, an object of arrays (columns), an array of arrays (rows; the columns are 0, 1,
        …) or an array of values (column 0).
    source : str
        What errors call it.
    place : function
        From a path of ordinals to where that value stands.
    """
    if isinstance(value, dict) and value and all(isinstance(v, list) for v in value.values()):
        yield _columns_of(value, place)
        return
    if isinstance(value, dict) and value and {Number}.issuperset(map(type, value.values())):
        raise which_kind("this may be a distribution, outcome by outcome", source)
    if not isinstance(value, list):
        message = f"this is {literals.kind_of(value)}, and holds no raw rows"
        hint = "an array of records, or an object of columns; --as says if it is a distribution"
        raise InputError("bad-shape", message, Place(source), hint=hint)
    if not value:
        raise InputError("no-rows", "there are no rows of data", Place(source))
    yield from raw_records([(value, place)])


def raw_records(batches: Iterable[tuple[Sequence[Any], Locator]]) -> Iterator[Batch]:
    """Yield raw rows of parsed records; each batch with its locator, as in `records`.

    The first row says whether they are records, arrays or values.
    """
    first: Any = None
    for values, place in _pieces(batches):
        faults = Faults()
        first = values[0] if first is None else first
        flat = not isinstance(first, (dict, list))
        rows: Sequence[Any] = values
        if isinstance(first, dict):
            rows, place = _records_only(values, place, faults)
        elif isinstance(first, list):
            rows = [_numbered(row, len(first), i, place, faults) for i, row in enumerate(values)]
        else:
            rows = [{"0": cell} for cell in values]
        faults.check()
        names = dict.fromkeys(name for row in rows for name in row)

        def where(
            i: int, name: str, rows: Any = rows, place: Locator = place, flat: bool = flat
        ) -> Place:
            inner = not flat and name in rows[i]
            path = (i, list(rows[i]).index(name)) if inner else (i,)
            return replace(place(path), name=name)

        columns = {name: _cells([row.get(name) for row in rows], name, where) for name in names}
        yield Batch(columns, len(rows), where)


def _numbered(row: Any, length: int, i: int, place: Locator, faults: Faults) -> dict[str, Any]:
    if not isinstance(row, list) or len(row) != length:
        found = f"of length {len(row)}" if isinstance(row, list) else literals.kind_of(row)
        message = f"a row is {found}, expected an array of length {length} as the first"
        faults.add(Fault("ragged-row", message), partial(_valued, place, (i,), row))
        return {}
    return {str(index): cell for index, cell in enumerate(row)}


def _columns_of(value: dict[str, Any], place: Locator) -> Batch:
    if isinstance(value, Repeated):
        message = "a column is given more than once"
        raise InputError("duplicate-columns", message, place(()))
    names = list(value)
    lengths = {len(column) for column in value.values()}
    if len(lengths) > 1:
        message = "the columns have different lengths"
        raise InputError("ragged-row", message, place(()))

    def where(i: int, name: str) -> Place:
        return replace(place((names.index(name), i)), name=name)

    columns = {name: _cells(column, name, where) for name, column in value.items()}
    return Batch(columns, lengths.pop(), where)


_PLAIN = {Number, str, type(None)}


def _cells(
    values: list[Any], name: str, where: Callable[[int, str], Place]
) -> Sequence[str | None]:
    if _PLAIN.issuperset(map(type, values)):
        return values
    cells: list[str | None] = []
    for i, value in enumerate(values):
        if isinstance(value, (dict, list)):
            message = f"this is {literals.kind_of(value)}, not a value"
            hint = f"--exclude {name[:60]} if the column is not to be judged"
            raise InputError("nested-value", message, where(i, name), hint=hint)
        cells.append(literals.kind_of(value) if isinstance(value, bool) else value)
    return cells
