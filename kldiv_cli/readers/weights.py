"""A table, a matrix or named members become distributions, one for each side.

The columns are chosen, cells become numbers, rows of one outcome are added up, and the numbers
get a meaning.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from kldiv_cli.core.dataset import position
from kldiv_cli.core.table import Batch, Data, Faults, Matrix, Members, Path, Table, no_columns
from kldiv_cli.errors import Fault, InputError, Place, UsageError
from kldiv_cli.readers import histograms
from kldiv_cli.readers.column_choice import Choice, Columns, columns_of
from kldiv_cli.readers.options import ReadOptions, refuse_columns
from kldiv_cli.readers.outcomes import Outcomes, Role, Weights, no_rows, with_labels
from kldiv_cli.readers.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Choose = Callable[[Columns, Sequence[ReadOptions]], list[Choice]]


def weights_of(
    data: Data, wanted: Sequence[ReadOptions], source: str, choose: Choose = Columns.choose
) -> list[Weights]:
    """Return the weights in a source, for each side.

    Parameters
    ----------
    data : Table, Matrix or Members
        The parsed source.
    wanted : sequence of ReadOptions
        One for each side.
    source : str
        The name of the source in errors.
    choose : function
        Chooses the columns of a table; see `Columns.choose`.

    Raises
    ------
    InputError
        If there are no such weights, or a number is none.
    """
    if len({option.at for option in wanted}) > 1:
        return [weights for option in wanted for weights in _of_part(data, option, source, choose)]
    if isinstance(data, Members) and wanted[0].at is not None:
        data = data.at(wanted[0].at)
    if isinstance(data, Members):
        labels, names = [one.label for one in wanted], [one.weight for one in wanted]
        data = data.resolved(labels, names)
    if isinstance(data, Members):
        return [_of_member(data, option, source, choose) for option in wanted]
    if isinstance(data, Matrix):
        refuse_columns(wanted, source, data.what)
        for option in wanted:
            said = [("--where", option.where), *(("--joint", word) for word in option.joint)]
            for name, word in [*said, ("--by", option.by)]:
                if word:
                    raise no_columns(data.what, word, source, f"leave {name} out")
        return [_of_matrix(data, option, source) for option in wanted]
    if data.whole is not None:
        from kldiv_cli.readers import arrays

        data, wanted = _chosen(data, wanted, source)
        every = arrays.of_columns(data, wanted, source, choose)
    else:
        every = _of_rows(data, wanted, source, choose)
    if wanted[0].joint or wanted[0].by:
        from kldiv_cli.readers.joint import without_subtotals

        pairs = zip(every, wanted, strict=True)
        every = [without_subtotals(weights, option, source) for weights, option in pairs]
    return every


def names_of_weights(data: Data, wanted: ReadOptions, source: str) -> Sequence[str]:
    """Return the words that name the weights in a source, whose numbers are not read for it.

    Of a table whose columns all hold numbers, the first is that of the outcomes.

    Parameters
    ----------
    data, source
        As of `weights_of`.
    wanted : ReadOptions
        Of a side of which no weight is named.

    Raises
    ------
    InputError
        If it has no weights.
    """
    if isinstance(data, Members) and wanted.at is not None:
        data = data.at(wanted.at)
    if isinstance(data, Members):
        data = data.resolved((wanted.label,), (None,))
    if isinstance(data, Members):
        names = data.names
        try:
            data = data.member(None)
        except InputError as problem:
            if problem.code != "several-weights":
                raise
            return names
    found: list[str] = []
    if not isinstance(data, Table):
        return found

    def choose(columns: Columns, _: Sequence[ReadOptions]) -> list[Choice]:
        numbers = [i for i in range(len(columns)) if columns.has_numbers(i)]
        found.extend(map(columns.word, numbers[len(numbers) == len(columns) :]))
        raise _SeenError

    with suppress(_SeenError):
        weights_of(data, [wanted], source, choose)
    return found


class _SeenError(Exception):
    """The columns of a table are seen, and nothing more is asked of it."""


def _of_part(data: Data, option: ReadOptions, source: str, choose: Choose) -> list[Weights]:
    """Return the weights in the part of a source that the pointer of one side chooses."""
    if not isinstance(data, Members):
        message = f"the option 'at' has no meaning for the format {data.format}"
        hint = "--weight BEFORE --weight AFTER instead of --at"
        raise UsageError("usage", message, hint=hint)
    return weights_of(data, [option], source, choose)


def _chosen(
    table: Table, wanted: Sequence[ReadOptions], source: str
) -> tuple[Table, Sequence[ReadOptions]]:
    """Return the rows that are wanted, with one column of labels for several, and its name."""
    if wanted[0].where is not None:
        from kldiv_cli.readers.where import refuse_chosen, rows_where

        table = rows_where(table, wanted[0].where, source)
        named = {
            "--by": [wanted[0].by],
            "--joint": wanted[0].joint,
            "--label": [option.label for option in wanted],
            "--weight": [option.weight for option in wanted],
        }
        refuse_chosen(table.chosen_by, named)
    joint = wanted[0].joint
    if wanted[0].by is not None:
        table, wanted, joint = _beside(table, wanted, source)
    if joint:
        from kldiv_cli.core.joint import joint_name
        from kldiv_cli.readers.joint import with_joint

        table = with_joint(table, joint, source, wanted[0].na)
        wanted = [option._replace(label=joint_name(joint)) for option in wanted]
    return table, wanted


def _beside(
    table: Table, wanted: Sequence[ReadOptions], source: str
) -> tuple[Table, Sequence[ReadOptions], tuple[str, str]]:
    """Return the columns of segments and of outcomes; the latter is chosen among the others.

    So are the weights, which the options name then.

    Raises
    ------
    InputError
        If there is no such column, or none of outcomes beside it.
    UsageError
        If it is that of the weights.
    """
    by = wanted[0].by or ""
    if table.whole is not None:
        from kldiv_cli.readers import arrays

        titles = [title for title, _ in table.whole]
        columns = arrays.columns_of_whole(table.whole, source)
    else:
        names, batches = table.titled()
        first = next(batches, None)
        if first is None:
            raise no_rows(source)
        table = table._replace(batches=chain((first,), batches))
        titles = list(names or first.columns)
        columns = columns_of(table._replace(names=table.names or names), first, source)
    at = position(by, titles, source)
    # A column of nothing is not chosen.
    columns.numeric[at] = "blank"
    choices = columns.choose(wanted)
    title = dict(zip(columns.keys, titles, strict=True))
    label = title.get(choices[0].label)
    if label in (None, by):
        message = f"no column holds outcomes beside '{by[:60]}'"
        raise InputError("no-outcomes", message, Place(source), hint="leave --by out")
    if any(title[choice.weight] == by for choice in choices):
        message = f"'{by[:60]}' holds the weights, and no segments"
        raise UsageError("usage", message, hint="leave --by out")
    notes = choices[0].notes if len(columns) > 3 else ()
    named = [
        option._replace(weight=title[choice.weight])
        for option, choice in zip(wanted, choices, strict=True)
    ]
    return table._replace(notes=[*table.notes, *notes]), named, (by, str(label))


def _of_member(members: Members, option: ReadOptions, source: str, choose: Choose) -> Weights:
    members.refuse_label(option.label, option.weight)
    member = members.member(option.weight)
    plain = option._replace(weight=None, label=None)
    (weights,) = weights_of(member, [plain], source, choose)
    return weights if option.weight is None else weights._replace(column=option.weight)


def _of_rows(
    table: Table, wanted: Sequence[ReadOptions], source: str, choose: Choose
) -> list[Weights]:
    """Return the weights of rows of cells, which are parsed as they come in."""
    if table.positional:
        from kldiv_cli.readers.header import with_names

        table = with_names(table, wanted, source)
    if table.what:
        refuse_columns(wanted, source, table.what)
        # A line that is one value is a raw row.
        advised = [note._replace(advice=f"--as samples {note.advice}") for note in table.notes]
        table = table._replace(notes=advised)
    table, wanted = _chosen(table, wanted, source)
    batches = iter(table.batches)
    first = next(batches, None)
    if first is None:
        raise no_rows(source)
    if table.typed and len(wanted) == 1 and (records := getattr(first.columns, "records", ())):
        from kldiv_cli.readers import labelled_rows

        if labelled_rows.are_rows(records, wanted[0]):
            rows = chain((first,), batches)
            return [labelled_rows.read_rows(table, rows, wanted[0], source)]
        if len(records) == 1 and not (wanted[0].joint or wanted[0].by):
            second = next(batches, None)
            if second is None and (row := labelled_rows.alone(table, first, wanted[0], source)):
                return [_of_values(row, wanted[0], source)]
            batches = chain(() if second is None else (second,), batches)
        labelled_rows.refuse_responses(records, wanted[0], source)
        labelled_rows.refuse_logarithms(records, wanted[0], source)
        labelled_rows.refuse_scattered(records, wanted[0], source)
        labelled_rows.refuse_nested(records, source)
    faults = table.faults or Faults()
    if first.counts is None:
        columns = columns_of(table, first, source)
        bins = histograms.bin_columns(columns, wanted, table)
        if bins is not None:
            batches = (bins.joined(batch, faults) for batch in chain((first,), batches))
            first = next(batches)
            table = table._replace(names=bins.names, from_edges=bins.low is not None)
            columns = columns_of(table, first, source)
        choices = choose(columns, wanted)
    else:
        choices = [Choice(next(iter(first.columns)), None)] * len(wanted)
    sides = [
        Outcomes(
            option,
            table.decimal,
            faults,
            labelled=choice.label is not None,
            typed=table.typed,
        )
        for option, choice in zip(wanted, choices, strict=True)
    ]
    for batch in chain((first,), batches):
        for side, choice in zip(sides, choices, strict=True):
            _add(side, batch, choice, typed=table.typed)
    for blank in table.blanks:
        message = "a blank line stands where a number is expected"
        faults.add(Fault("missing-weight", message), partial(replace, blank))
    every = []
    for side, choice in zip(sides, choices, strict=True):
        notes, details = [*table.notes, *choice.notes], {**table.details, **choice.details}
        found = side.finish(table._replace(notes=notes, details=details), source)
        every.append(found._replace(column=choice.weights_in, outcomes_in=choice.outcomes_in))
    return with_labels(every, [side.labels for side in sides], source)


def _add(side: Outcomes, batch: Batch, choice: Choice, *, typed: bool) -> None:
    """Add the chosen columns of a batch to a side."""

    def place(i: int, role: Role) -> Place:
        return batch.place(i, choice.label if role == "label" else choice.weight)

    def column(key: Any) -> Sequence[Any]:
        if isinstance(batch.columns, Plain) and choice.group is None:
            return batch.columns.texts(key) or batch.columns[key]
        return batch.columns[key]

    weights = batch.counts if choice.weight is None else column(choice.weight)
    labels = None if choice.label is None else column(choice.label)
    groups = None if choice.group is None else batch.columns[choice.group]
    if typed:
        from kldiv_cli.readers import literals

        weights = literals.texts(weights or (), side.faults, lambda i: place(i, "weight"))
        if groups is not None:
            # In a tidy table null stands for the missing values of a column.
            labels = [
                "" if label is None else label for label in map(literals.value_of, labels or ())
            ]
            groups = literals.labels(groups, side.faults, place, needed=True)
        labels = None if labels is None else literals.labels(labels, side.faults, place)
    if groups is not None:
        labels = list(zip(groups, labels or (), strict=True))
    side.add(labels, weights or (), place)


def _of_matrix(matrix: Matrix, option: ReadOptions, source: str) -> Weights:
    if matrix.typed:
        return _of_values(matrix, option, source)
    from kldiv_cli.readers import arrays

    return arrays.of_matrix(matrix, option, source)


def _of_values(matrix: Matrix, option: ReadOptions, source: str) -> Weights:
    """Return the weights in an array of JSON, or in an array of such arrays: a batch."""
    from bisect import bisect_right

    from kldiv_cli.readers import literals

    blocks = list(matrix.blocks)
    if not isinstance(blocks[0].values, list):
        value = blocks[0].values
        message = f"this is {literals.kind_of(value)}, not an object or an array"
        raise InputError("bad-shape", message, blocks[0].locate((), value=literals.shown(value)))
    values = [value for block in blocks for value in block.values]
    ends = list(accumulate(len(block.values) for block in blocks))

    def locate(path: Path, **known: Any) -> Place:
        block = bisect_right(ends, path[0])
        start = ends[block] - len(blocks[block].values)
        return blocks[block].locate((path[0] - start, *path[1:]), **known)

    faults = Faults()
    is_batch = matrix.labels is None and bool(values) and isinstance(values[0], list)
    width = len(values[0]) if is_batch else 1
    for i, what in literals.misfits(values, width) if is_batch else ():
        message = f"a row of the batch is {what}, expected length {width} as of the first"
        faults.add(Fault("ragged-row", message), partial(locate, (i,), index=(i,)))
    faults.check()
    flat = list(chain.from_iterable(values)) if is_batch else values

    def where(i: int, role: Role = "weight") -> Place:
        path = divmod(i, width) if is_batch else (i,)
        # An outcome with a label is known by that, not by its position.
        index = {} if matrix.labels is not None else {"index": path}
        return locate(path, value=literals.shown(flat[i]), **index)

    side = Outcomes(option, ".", faults, labelled=matrix.labels is not None, typed=True)
    side.add(matrix.labels, literals.texts(flat, faults, where), where)
    (found,) = with_labels([side.finish(matrix, source)], [side.labels], source)
    if is_batch and option.flatten:
        return found._replace(flattened=(len(values), width))
    if is_batch:
        batch = found.weights.reshape(len(values), width)
        found = found._replace(weights=batch, rows_read=len(values))
    return found
