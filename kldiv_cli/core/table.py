"""The shapes of data as readers hand them on: a table, a matrix, or members with names.

A `Table` is read row by row, so that it may be larger than the memory; each cell has a place,
which an error can name. The rows of a `Matrix` are distributions, or raw rows without names.
`Members` are tables and matrices in one source.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from kldiv_cli.core.dataset import position
from kldiv_cli.core.numbers import Number, is_number
from kldiv_cli.errors import Fault, InputError, Note, Place
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from kldiv_cli.core.coded import Coding
    from kldiv_cli.core.truncated import TopTokens

SAMPLE = 100
"""Rows that are looked at before the columns of a table are chosen."""
Locator = Callable[[int, Any], Place]
"""From a row of a batch, and the key of a column, to the place of that cell."""
NO_COLUMNS = "this is an array, which has no columns;"
"""How messages begin that say that an array has no columns to choose from."""
Path = tuple[int, ...]
"""Ordinals that lead from a value to a member of it, and to a member of that."""
PathLocator = Callable[[Path], Place]


class Faults:
    """Faults of the rows of an input: all are counted, the first three are kept.

    The first kind of fault that is met is the one reported.
    """

    def __init__(self) -> None:
        self._fault: Fault | None = None
        self._places: list[Place] = []
        self._count = 0
        self._earlier: list[Callable[[], None]] = []

    def before(self, add: Callable[[], None]) -> None:
        """Call a function before the next fault: it adds those of earlier rows, which come first.

        It is called once, if not before a fault then when these are checked.
        """
        self._earlier.append(add)

    def add(self, fault: Fault, place: Callable[[], Place]) -> None:
        """Count a fault of the kind that was met first; `place` is asked of the first three."""
        self._add_earlier()
        self._fault = self._fault or fault
        if self._fault.code == fault.code:
            self._count += 1
            if len(self._places) < 3:
                self._places.append(place())

    def check(self) -> None:
        """Raise the faults that were added as one error.

        Raises
        ------
        InputError
            If there are any.
        """
        self._add_earlier()
        if self._fault is not None:
            fault, places = self._fault, self._places
            raise InputError(
                fault.code, fault.message, *places, count=self._count, hint=fault.hint
            )

    def _add_earlier(self) -> None:
        earlier, self._earlier = self._earlier, []
        for add in earlier:
            add()


class LazyColumns(Mapping[Any, Sequence[Any]]):
    """The columns of some rows, each made when it is asked for: some are left out.

    Parameters
    ----------
    titles : iterable
        The keys of the columns.
    column : function
        Makes the column of a key.
    """

    def __init__(self, titles: Iterable[Any], column: Callable[[Any], Sequence[Any]]) -> None:
        self._titles = dict.fromkeys(titles)
        self._column = column

    def __getitem__(self, title: Any) -> Sequence[Any]:
        if title not in self._titles:
            raise KeyError(title)
        return self._column(title)

    def __contains__(self, title: object) -> bool:
        return title in self._titles

    def __iter__(self) -> Iterator[Any]:
        return iter(self._titles)

    def __len__(self) -> int:
        return len(self._titles)


class Tally(NamedTuple):
    """The distinct cells of a column, in the order in which they first occur, and their counts."""

    cells: Sequence[Any]
    counts: Sequence[int]


class Doubles(NamedTuple):
    """The numbers of a column; `counts` says how often each occurs: once if it is None."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64] | None
    missing: int
    """Rows without a number."""


class Bulk(NamedTuple):
    """How columns are counted without a look at each cell.

    Attributes
    ----------
    tally, doubles : function
        From the key of a column, and `kept`, to what is counted; None where the cells are to be
        looked at one by one, since hardly any occurs twice, or they are none.
    kept : ndarray of bool, or None
        Which rows are counted; all if None.
    """

    tally: Callable[[Any, NDArray[np.bool_] | None], Tally | None]
    doubles: Callable[[Any, NDArray[np.bool_] | None], Doubles | None]
    kept: NDArray[np.bool_] | None = None


class Batch(NamedTuple):
    """Some consecutive rows of a table, column by column.

    Attributes
    ----------
    columns : mapping from a key to a sequence of cells
        Keys are names, or positions from 0 where names are not known.
    size : int
        The number of rows.
    place : function
        See `Locator`.
    counts : sequence of str, or None
        How many rows each row stands for, where the rows were counted.
    bulk : Bulk, or None
        How its columns are counted at once, where the format allows that.
    """

    columns: Mapping[Any, Sequence[Any]]
    size: int
    place: Locator
    counts: Sequence[str] | None = None
    bulk: Bulk | None = None

    def below(self) -> Batch:
        """Return the rows below the first."""
        columns = {key: cells[1:] for key, cells in self.columns.items()}
        return Batch(columns, self.size - 1, lambda i, key: self.place(i + 1, key))


class Condition(NamedTuple):
    """The choice of rows by their cells in one column.

    Attributes
    ----------
    title : str
        The name of the column.
    is_wanted : function
        Tells whether a row with such a cell is chosen.
    """

    title: str
    is_wanted: Callable[[str | None], bool]


class Scan(NamedTuple):
    """How an engine that reads files by itself finds the rows of a table.

    Attributes
    ----------
    feed : function
        Opens the input again, for a context: its bytes from the beginning, inflated, in UTF-8
        and without a byte order mark.
    path : str, or None
        A file that holds these bytes; None where it is compressed, in another encoding, or no
        file at all.
    size : int, or None
        Bytes of the input as it is stored, where that is known.
    delimiter : str
        What separates the fields.
    lines : pair of int
        Lines before the first record, and through its end.
    names : sequence of (str or None)
        The names of the fields, in order; None of those that are no column.
    skip : pair of int
        Records before the first row, blank lines above them included; and lines.
    memory, threads : int, or None
        What the engine may take.
    where : Condition, or None
        Which rows are meant; all if None.
    parts : function, or None
        Opens the parts of which the rows are, for the scan of each, if there are several; None
        where not all can be scanned. Parts need not have their fields in the same order.
    constants : mapping of str to (str or None)
        Columns of a part that are no fields of it, and the cell that all of its rows have.
    """

    feed: Callable[[], AbstractContextManager[Iterator[bytes]]] | None = None
    path: str | None = None
    size: int | None = None
    delimiter: str = ","
    lines: tuple[int, int] = (0, 1)
    names: Sequence[str | None] = ()
    skip: tuple[int, int] = (0, 0)
    memory: int | None = None
    threads: int | None = None
    where: Condition | None = None
    parts: Callable[[], list[Scan] | None] | None = None
    constants: Mapping[str, str | None] = {}


class Remote(NamedTuple):
    """Rows that stay in an engine of the user's own, and are counted there.

    Attributes
    ----------
    relation : Relation
        The rows, as `kldiv_cli.warehouse` knows them.
    cells, doubles : function
        From the name of a column, and distinct values of it as the engine returns them, to cells;
        and from such numbers to doubles, nan where one is missing.
    """

    relation: Any
    cells: Callable[[str, Any], Sequence[Any]]
    doubles: Callable[[Any], NDArray[np.float64]]

    def repeated(self, title: str) -> Remote:
        """Return rows each of which stands for as many as a column says, without that column."""
        return self._replace(relation=self.relation.repeated(title))


class Table(NamedTuple):
    """Rows of cells, or whole columns.

    Attributes
    ----------
    format : str
        The recognised format of the input.
    batches : iterable of Batch
        Read once. Not all need have the same columns: a row has no value in a column that its
        batch does not have.
    names : sequence of str, or None
        The columns that are known from the start, in order.
    what : str
        How messages begin that say that there are no columns to choose from, if there are none.
    positional : bool
        The keys of columns are positions; their names, if there are any, may be in the first row.
    whole : sequence of (name, column), or None
        Columns that are held in memory.
    repeats : ndarray of int64, or None
        How many rows each row of `whole` stands for, where these were counted.
    typed : bool
        Numbers are `Number`, so that text that looks like a number is text.
    decimal : {".", ","}
        The decimal mark of numbers.
    named : bool
        The input's name, or the user, says that it is a table of this format.
    faults : Faults, or None
        The rows that are left out of the batches, and why; complete when all batches were read.
    blanks : sequence of Place
        Blank lines among the rows of a single column; complete when all batches were read.
    chosen_by : str, or None
        A column by whose value the rows were chosen, and which was left out.
    notes : sequence of Note
        Choices and repairs.
    details : mapping of str to str
        How the input is read, for ``kldiv inspect``.
    has_row_names : bool
        The first column, which has no name, holds the names of rows, as R writes them.
    from_edges : bool
        The labels are bins of which the source tells the edges, and not which of these they hold.
    weighted : bool
        The source says that its numbers add up weights of rows, and do not count rows.
    types : mapping of str to str
        The kinds of the columns' values, where the format itself tells them: number, string,
        boolean, date and others; null where there are no values.
    scan : Scan, or None
        How another engine reads the same rows, if one can.
    remote : Remote, or None
        Where the rows are, if they stay there; there are no batches then.
    """

    format: str
    batches: Iterable[Batch] = ()
    names: Sequence[str] | None = None
    what: str = ""
    positional: bool = False
    whole: Sequence[tuple[str, Any]] | None = None
    repeats: NDArray[np.int64] | None = None
    typed: bool = False
    decimal: str = "."
    named: bool = True
    faults: Faults | None = None
    blanks: Sequence[Place] = ()
    chosen_by: str | None = None
    notes: Sequence[Note] = ()
    details: Mapping[str, str] = {}
    has_row_names: bool = False
    from_edges: bool = False
    weighted: bool = False
    types: Mapping[str, str] = {}
    scan: Scan | None = None
    remote: Remote | None = None

    def is_number(self, cell: Any) -> bool:
        """Return whether a cell holds a number."""
        return type(cell) is Number if self.typed else is_number(cell, self.decimal)

    def titled(self) -> tuple[Sequence[str] | None, Iterator[Batch]]:
        """Return the names of the columns, and the batches, of which one may be read for that.

        Columns without a header are called by their numbers from 1. None where columns have names
        that are not known from the start.
        """
        names, batches = self.names, iter(self.batches)
        if names is None and self.positional:
            first = next(batches)
            names = [str(key + 1) for key in first.columns]
            batches = chain((first,), batches)
        return names, batches

    def is_missing(self, cell: Any, na: Collection[str] = ()) -> bool:
        """Return whether a cell holds no value, or a word of `na`, which means the same."""
        if cell is None or cell == "":
            return True
        return cell in na or (not self.typed and cell.isspace())


PIECE = 1 << 20
"""Elements that are measured at once, unless a row has more."""
VALUES = 2 * PIECE
"""Elements in a block of rows, unless a row has more."""


def rows_in_block(outcomes: int) -> int:
    """Return how many rows of an array are read together.

    The number hangs on nothing but their length, so that the blocks of two arrays meet; and a
    block is of whole pieces, so that rows are measured with the same others in memory.
    """
    rows, piece = (max(1, size // max(1, outcomes)) for size in (VALUES, PIECE))
    return rows - rows % min(rows, piece)


class Block(NamedTuple):
    """Some consecutive rows of a matrix, or values of a vector.

    Attributes
    ----------
    values : ndarray, sequence, or a column of a data frame
        Numbers, or values of JSON.
    place : function, or None
        Tells where a value of JSON stands; elements of arrays are known by their index.
    """

    values: Any
    place: PathLocator | None = None

    def locate(self, path: Path, **known: Any) -> Place:
        """Return the place of a value of JSON, with what else is known of it."""
        assert self.place is not None, "the elements of an array have no place but their index"
        return replace(self.place(path), **known)


class Matrix(NamedTuple):
    """An array: one distribution, or one a row.

    Attributes
    ----------
    format : str
        The recognised format of the input.
    blocks : iterable of Block
        Read once; there is at least one. Those of an array whose `shape` is known, and of two
        dimensions or more, are of shape (n, K), `rows_in_block` rows each but for the last: all
        axes but the last are laid out as rows. Their values may be overwritten by the next block.
    what : str
        How messages begin that say that it has no columns.
    typed : bool
        The values are those of JSON: numbers are `Number`, and a value may be anything else.
    name : str or None
        Its name where the source has several.
    dtype : dtype, or None
        The type of its elements, where that is known before they are read.
    shape : tuple of int, or None
        Its shape, where that is known before they are read.
    stored : str
        The type in which the elements are stored, where their own type does not tell: bfloat16.
    coding : Coding, or None
        What is known of rows that are records of a language model: blocks are then of shape (n,),
        and `shape` is (rows, outcomes) all the same.
    tops : TopTokens, or None
        The rows, where the likeliest outcomes of each alone are known; there are no blocks then.
    labels : sequence, or None
        The outcomes, where they are not known by position alone.
    let_go : function, or None
        Whoever keeps no block tells by it, after each, how many bytes are kept in their place:
        what a compressed input may inflate to is bounded by what is held of it.
    notes, details, from_edges
        As of a `Table`.
    """

    format: str
    blocks: Iterable[Block]
    what: str = NO_COLUMNS
    typed: bool = False
    name: str | None = None
    dtype: np.dtype[Any] | None = None
    shape: tuple[int, ...] | None = None
    stored: str = ""
    coding: Coding | None = None
    tops: TopTokens | None = None
    labels: Sequence[Any] | None = None
    let_go: Callable[[int], None] | None = None
    notes: Sequence[Note] = ()
    details: Mapping[str, str] = {}
    from_edges: bool = False

    def whole(self) -> Any:
        """Return all values, as an array of its own shape where that is known."""
        import numpy as np

        blocks = (block.values for block in self.blocks)
        if self.shape is None or len(self.shape) < 2:
            (values,) = blocks
            return values
        array = np.empty(0)
        done = 0
        for rows in blocks:
            if not done:
                array = np.empty((prod(self.shape[:-1]), self.shape[-1]), dtype=rows.dtype)
            array[done : done + len(rows)] = rows
            done += len(rows)
        return array.reshape(self.shape)


def blocks_of(array: NDArray[Any]) -> Iterator[Block]:
    """Yield an array that is held in memory as the blocks of a matrix."""
    if array.ndim < 2:
        yield Block(array)
        return
    rows = array.reshape(prod(array.shape[:-1]), array.shape[-1])
    if not rows.size:
        # Of nothing there may be any number of rows.
        yield Block(rows)
        return
    step = rows_in_block(array.shape[-1])
    for start in range(0, len(rows), step):
        yield Block(rows[start : start + step])


class Members:
    """Tables and matrices in one source, each with a name.

    Parameters
    ----------
    source : str
        The name of the source in errors.
    names : sequence of str
        One for each member.
    """

    what: str
    """How messages begin that say that it has no columns."""
    each = "member"
    """The word for a member in messages."""

    def __init__(self, source: str, names: Sequence[str]) -> None:
        self.source = source
        self.names = names

    def find(self, name: str) -> int:
        """Return the position of the only member that is called so.

        Raises
        ------
        InputError
            If there is none, or several.
        """
        return position(name, self.names, self.source, each=self.each)

    def refuse_label(self, label: str | None, name: str | None) -> None:
        """Refuse an outcome column of a member, which `name` says; see `member`."""
        if label is not None:
            raise no_columns(self.what, label, self.source)

    def at(self, pointer: str) -> Data:
        """Return the value that a JSON pointer leads to; members of no JSON are left as they are.

        Raises
        ------
        InputError
            If there is no such value.
        UsageError
            If it is no pointer.
        """
        return self

    def resolved(self, labels: Sequence[str | None], weights: Sequence[str | None]) -> Data:
        """Return what the members are together, as far as these names of columns tell.

        Parameters
        ----------
        labels, weights : sequence of str or None
            What the user calls the outcomes and the weights, one for each side.

        Returns
        -------
        Table, Matrix or Members
            A table of which the members are the columns, the only member, or the members as they
            are, of which each may be chosen.
        """
        return self

    def member(self, name: str | None) -> Data:
        """Return the member that is called so; without a name, what they are all together.

        Raises
        ------
        InputError
            If there is no such member, or none is named and there are several.
        """
        raise NotImplementedError

    def array(self, name: str | None) -> Matrix | None:
        """Return the member that is called so, or the only one, if members are arrays of numbers.

        None if they are none, or are one distribution together.

        Raises
        ------
        InputError
            As `member` does.
        """
        return None

    def table(self) -> Data:
        """Return the members as columns of raw rows, or the only member, which holds these.

        Raises
        ------
        InputError
            If they are none.
        """
        raise NotImplementedError


def no_columns(
    what: str, word: str, source: str, hint: str = "leave --weight and --label out"
) -> InputError:
    """Return the error for a column that is named where there are none, as `what` says."""
    return InputError(
        "no-columns", f"{what} {word[:60]!r} cannot be one", Place(source), hint=hint
    )


Data: TypeAlias = Table | Matrix | Members
