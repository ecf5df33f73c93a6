"""The choice of the columns of a table: which one holds the outcomes, and which the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Literal

from kldiv_cli.core.dataset import position
from kldiv_cli.core.numbers import is_integer, is_number, is_percent
from kldiv_cli.core.table import SAMPLE, Batch, Table
from kldiv_cli.errors import InputError, Note, Place, abridged, option
from kldiv_cli.readers.options import ReadOptions
from kldiv_cli.readers.totals import NAMES
from kldiv_cli.tuples import NamedTuple

Numeric = Literal["all", "some", "none", "blank", "percent", "quoted"]
"""How many of a column's first cells are numbers; blank, if there is nothing at all.

All of them may be numbers with a per cent sign, or in quotes where the format tells these from
text: they are labels beside a column of plain numbers, and weights if there is none.
"""

WEIGHTS = frozenset(
    """
    weight weights w count counts n freq frequency frequencies prob probability
    probabilities p q share shares proportion proportions pct percent percentage mass
    count(*) count() count(1) count_star()
    """.split()  # noqa: SIM905 (three lines, not twenty-eight)
)
MAYBE_WEIGHTS = frozenset({"value", "values", "total", "totals", "amount"})
"""Names of weights where no column has a better name: `value, count` counts values."""
LABELS = frozenset(
    """
    label labels outcome outcomes category categories key name names bin bins class face
    code id level letter symbol group bucket index token word species carrier
    """.split()  # noqa: SIM905
)


def plain_name(name: str) -> str:
    """Return the name of a column as the lists of known names have it."""
    return name.strip().casefold()


class Choice(NamedTuple):
    """The chosen columns of a table, by their keys in a batch."""

    label: Any
    """The outcomes; None where they are known by position."""
    weight: Any
    """The weights; None where rows are counted."""
    group: Any = None
    """The names of columns, each of whose outcomes are in a row of its own: a tidy table."""
    outcomes_in: str | None = None
    """The name of the outcomes in the source …"""
    weights_in: str | None = None
    """… and of the weights."""
    notes: tuple[Note, ...] = ()
    details: Mapping[str, str] = {}


class Columns:
    """The columns of a table, as far as its first rows show them.

    Parameters
    ----------
    source : str
        The name of the source in errors.
    names : sequence of str, or None
        None where the table has no header.
    numeric : sequence of {"all", "some", "none", "blank"}
        One for each column.
    keys : sequence, optional
        The key of each column in a batch; its position if not given.
    sample : (Table, Batch), optional
        The table and its first rows, to find advice where no column holds numbers.
    cells : callable, optional
        From a column to its first cells, to find out whether numbers in quotes are labels.
    """

    def __init__(
        self,
        source: str,
        names: Sequence[str] | None,
        numeric: Sequence[Numeric],
        keys: Sequence[Any] | None = None,
        sample: tuple[Table, Batch] | None = None,
        cells: Callable[[int], Sequence[Any]] | None = None,
    ) -> None:
        self.source = source
        self.names = names
        self.numeric = list(numeric)
        self.keys = keys or range(len(numeric))
        self.sample = sample
        plain = list(map(plain_name, names or ()))
        self.plain = plain or [""] * len(numeric)
        self._quoted = {i for i, each in enumerate(numeric) if each == "quoted"}
        self._cells = cells
        self._is_repeated = False
        self._in_doubt = cells is not None and self._may_be_weights(cells)
        has_plain = any(each in ("all", "some") for each in numeric)
        for i, each in enumerate(numeric):
            # A database may quote the large integers alone; a name tells that they are counts.
            if each == "quoted":
                self.numeric[i] = "none" if has_plain and self.plain[i] not in WEIGHTS else "all"
            elif each == "percent" and not has_plain:
                self.numeric[i] = "all"

    def __len__(self) -> int:
        return len(self.numeric)

    def _may_be_weights(self, cells: Callable[[int], Sequence[Any]]) -> bool:
        """Return whether numbers in quotes may be the weights beside a column of plain numbers.

        So does a database write large integers, whose labels are fractions or small integers. No
        name says which column holds the weights, and the plain numbers look like labels: they
        count upwards, or are distinct, and those in quotes are not.
        """
        plain = [i for i, each in enumerate(self.numeric) if each not in ("quoted", "blank")]
        if len(self._quoted) != 1 or len(plain) != 1 or self.numeric[plain[0]] != "all":
            return False
        (quoted,), (other,) = self._quoted, plain
        if (
            self.plain[quoted] in {*WEIGHTS, *LABELS}
            or self.plain[other] in WEIGHTS | MAYBE_WEIGHTS
        ):
            return False
        texts, numbers = list(map(str, cells(quoted))), list(map(str, cells(other)))
        self._is_repeated = len(set(texts)) < len(texts)
        if len(set(numbers)) < len(numbers):
            return False
        return self.plain[other] in LABELS or self._is_repeated or are_consecutive(numbers)

    def choose(self, wanted: Sequence[ReadOptions]) -> list[Choice]:
        """Return the columns of every side.

        Raises
        ------
        InputError
            If a column does not exist, or none or several would do.
        """
        weights = [self._weight(option) for option in wanted]
        return [
            self._choice(option, weight, weights)
            for option, weight in zip(wanted, weights, strict=True)
        ]

    def has_numbers(self, index: int) -> bool:
        """Return whether some of a column's first cells are numbers."""
        return self.numeric[index] in ("all", "some")

    def obvious(self) -> list[int]:
        """Return the columns whose names say that they hold weights."""
        for words in (WEIGHTS, MAYBE_WEIGHTS):
            named = [i for i, name in enumerate(self.plain) if name in words]
            found = [i for i in named if self.has_numbers(i)] or named
            if found:
                return found
        return []

    def find(self, word: str) -> int:
        """Return the column of that name, or of that number where there is no header."""
        if self.names is None:
            if word.isascii() and word.isdigit() and 1 <= int(word[:9]) <= len(self):
                return int(word) - 1
            numbers = f"one of the columns 1 to {len(self)}"
            message = f"there is no header, and {word[:60]!r} is not {numbers}"
            hint = "--header if the first row holds the names"
            raise InputError("unknown-column", message, Place(self.source), hint=hint)
        return position(word, self.names, self.source)

    def word(self, index: int) -> str:
        """Return the word by which `find` finds a column."""
        return str(index + 1) if self.names is None else self.names[index]

    def title(self, index: int) -> str:
        """Return a column's name as messages show it, or its number from 1."""
        return str(index + 1) if self.names is None else f"'{self.names[index][:60]}'"

    def choice(
        self, label: int | None, weight: int, *notes: Note, group: int | None = None
    ) -> Choice:
        """Return columns as a choice."""
        names = [
            (self.names or [""] * len(self))[i] or f"column {i + 1}" for i in range(len(self))
        ]
        outcomes_in = None if label is None else names[label]
        details = {
            "columns": abridged((name[:60] for name in names), 20),
            "outcomes in": outcomes_in or "none, known by position",
            "weights in": names[weight],
        }
        at = [None if i is None else self.keys[i] for i in (label, weight, group)]
        return Choice(at[0], at[1], at[2], outcomes_in, names[weight], notes, details)

    def _choice(self, wanted: ReadOptions, weight: int, weights: list[int]) -> Choice:
        label, open_ = self._label(wanted, weight, weights)
        both_numbers = len(self) == 2 and self.names is None and self.has_numbers(0)
        # Numbers in quotes may be weights, unless their name says that they are labels.
        in_quotes = label in self._quoted and self.plain[label] not in LABELS
        in_quotes = in_quotes and self.plain[weight] not in WEIGHTS and wanted.label is None
        is_plain = len(self) == 2 and not both_numbers and not in_quotes
        is_said = not open_ and (wanted.weight is not None or is_plain)
        if label is None or is_said:
            return self.choice(label, weight)
        what = f"the weights are in column {self.title(weight)}"
        what += f", the outcomes in column {self.title(label)}"
        advice = f"{self._option('--label', label)} {self._option('--weight', weight)}"
        if in_quotes:
            what += ", whose numbers are in quotes"
        if len(self) > 2:
            what += f" (of {len(self)} columns)"
        note = Note("columns-chosen", what, self.source, advice=advice, repair=True)
        return self.choice(label, weight, note)

    def _option(self, flag: str, index: int) -> str:
        return option(flag, self.word(index), instead="COLUMN")

    def _weight(self, wanted: ReadOptions) -> int:
        if wanted.weight is not None:
            return self.find(wanted.weight)
        label = None if wanted.label is None else self.find(wanted.label)
        obvious = [i for i in self.obvious() if i != label]
        if len(obvious) == 1:
            return obvious[0]
        if obvious:
            raise self._several("weight", obvious)
        if self._in_doubt and label is None:
            raise self._are_in_quotes()
        numbers = [i for i in range(len(self)) if self.has_numbers(i) and i != label]
        candidates = [i for i in numbers if self.plain[i] not in LABELS] or numbers
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            raise self._no_weight(label)
        if self.names is None and len(self) == 2:
            return 1
        whole = [i for i in candidates if self.numeric[i] == "all"]
        # Labels may be numbers by chance (`1`, `01`, `NA`), and stand before the weights.
        if len(whole) == 1 and whole[0] == candidates[-1]:
            return whole[0]
        raise self._several("weight", candidates)

    def _label(
        self, wanted: ReadOptions, weight: int, weights: list[int]
    ) -> tuple[int | None, bool]:
        """Return the outcome column, and whether there was a choice."""
        if wanted.label is not None:
            label = self.find(wanted.label)
            if label in weights:
                message = f"column {self.title(label)} cannot hold both outcomes and weights"
                hint = "leave --label out, or name another column by it"
                raise InputError("one-column-twice", message, Place(self.source), hint=hint)
            return label, False
        others = [
            i
            for i in range(len(self))
            if i not in weights
            and not (self.numeric[i] in ("all", "percent") and self.plain[i] in WEIGHTS)
        ]
        # A delimiter at the end of every line makes a column of nothing.
        others = [i for i in others if self.numeric[i] != "blank"] or others[:1]
        if len(others) < 2:
            return (others[0] if others else None), False
        texts = [i for i in others if self.numeric[i] not in ("all", "percent")]
        named = [i for i in others if self.plain[i] in LABELS]
        # A numeric `id` beside a column of text may be a row's number.
        likely = [i for i in named if i in texts or not texts] if named else texts
        if len(likely) != 1:
            raise self._several("label", others)
        return likely[0], True

    def _several(self, role: Literal["label", "weight"], columns: list[int]) -> InputError:
        # A name that is the same in several rows would be refused.
        first = next(filter(self._is_distinct, columns), columns[0])
        code, what = "several-labels", "outcomes"
        choice = f"{self._option('--label', first)}, or another of these"
        if role == "weight" and self._is_one_row():
            message = "the table has one row, so that each column may be an outcome"
            hint = "write a row for each outcome, with its label and its number"
            hint += "; --as samples if this is a raw row"
            return InputError("several-weights", message, Place(self.source), hint=hint)
        if role == "weight":
            code, what = "several-weights", "weights"
            # A column of totals is hardly meant.
            parts = [i for i in columns if self.plain[i] not in NAMES] or columns
            choice = f"{self._option('--weight', parts[-1])}, or another of these"
        elif [self.numeric[i] for i in columns] == ["none"] * 2:
            pair = f"{self._option('--joint', columns[0])} {self._option('--joint', columns[1])}"
            choice = f"{choice}; {pair} if the outcomes are pairs"
        titles = abridged(self.title(i) for i in columns)
        message = f"several columns may hold the {what}: {titles}"
        hint = f"{choice}; --as samples if these are raw rows"
        return InputError(code, message, Place(self.source), hint=hint)

    def _is_distinct(self, index: int) -> bool:
        """Return whether no two of a column's first cells are the same, as far as is known."""
        cells = [] if self._cells is None else list(map(str, self._cells(index)))
        return len(set(cells)) == len(cells)

    def _is_one_row(self) -> bool:
        """Return whether there is one row, of numbers alone, and names above it."""
        if self._cells is None or self.names is None or {*self.numeric} != {"all"}:
            return False
        return len(self._cells(0)) == 1

    def _are_in_quotes(self) -> InputError:
        """Return the error for plain numbers beside some in quotes: either may be the weights."""
        (quoted,) = self._quoted
        other = next(i for i, each in enumerate(self.numeric) if each == "all")
        message = f"the weights may be in column {self.title(other)}, or in column "
        message += f"{self.title(quoted)}, whose numbers are in quotes"
        hint = f"{self._option('--weight', quoted)} if these are the weights"
        if not self._is_repeated:
            hint += f"; {self._option('--weight', other)} if these are labels"
        hint += "; --as samples if these are raw rows"
        return InputError("several-weights", message, Place(self.source), hint=hint)

    def _no_weight(self, label: int | None) -> InputError:
        only = len(self) - (label is not None) == 1
        what = "the column holds no" if only else "no column holds"
        raw = "--as samples if the rows are raw values"
        hint = f"{raw}; --delimiter CHAR if the columns were not split"
        if self.sample is not None:
            table, first = self.sample
            cells = list(chain.from_iterable(first.columns.values()))
            commas = table._replace(decimal=",")
            if table.typed:
                hint = "--as samples if these are raw values"
            elif len(self) == 1 and are_parted_by_blanks([*(self.names or ()), *cells]):
                hint = "--delimiter ' ' if a blank separates label and number"
            elif table.decimal == "." and any(
                commas.is_number(cell) or is_percent(cell, ",") for cell in cells
            ):
                hint = "--decimal ',' if the comma is a decimal mark"
            elif len(self) == 1 and all(" " in str(cell).strip() for cell in cells):
                hint = f"{raw}; write commas or tabs between columns if these are several"
        message = f"{what} numbers that could be weights"
        return InputError("no-weights", message, Place(self.source), hint=hint)


def are_parted_by_blanks(lines: Sequence[Any], *, raw: bool = False) -> bool:
    """Return whether lines are fields with one blank between, the last of which is a number.

    So are a label and a number that ``awk`` prints, and a table of R whose header has one name
    fewer than there are fields. The first line may hold names; no first field comes twice.

    Parameters
    ----------
    lines : sequence of cells
        The lines of a single column.
    raw : bool
        They may be raw rows, of any number of fields.
    """
    rows = [line.split(" ") for line in lines if isinstance(line, str)]
    if len(rows) < len(lines) or len(rows) < 2 or not all(map(all, rows)):
        return False
    names, *below = rows
    (width, *others) = {*map(len, below)}
    has_row_names = width == len(names) + 1 > 2
    return (
        not others
        and (has_row_names or len(names) == width == 2)
        and (raw or width == 2 + has_row_names)
        and all(is_number(row[-1]) for row in below)
        and len({row[0] for row in rows}) == len(rows)
    )


def columns_of(table: Table, first: Batch, source: str) -> Columns:
    """Return the columns of a table whose first rows are given."""
    keys = list(first.columns) if table.positional else list(table.names or ())
    numeric = [_numeric(table, first.columns[key][:SAMPLE]) for key in keys]
    return Columns(
        source,
        table.names,
        numeric,
        keys,
        (table, first),
        lambda i: first.columns[keys[i]][:SAMPLE],
    )


def are_consecutive(cells: Sequence[Any]) -> bool:
    """Return whether numbers are three or more integers that count upwards by one."""
    numbers = list(map(str, cells))
    if len(numbers) < 3 or not all(is_integer(number) and len(number) < 16 for number in numbers):
        return False
    first = int(numbers[0])
    return list(map(int, numbers)) == list(range(first, first + len(numbers)))


def _numeric(table: Table, cells: Sequence[str | None]) -> Numeric:
    numbers = sum(map(table.is_number, cells))
    if cells and not numbers:
        if all(map(table.is_missing, cells)):
            return "blank"
        return written(cells, table.decimal)
    return "all" if numbers == len(cells) > 0 else "some" if numbers else "none"


def written(cells: Sequence[Any], decimal: str = ".") -> Numeric:
    """Return whether texts are numbers with per cent signs, or in quotes, or else none."""
    texts = [cell for cell in cells if cell is not None]
    if all(isinstance(text, str) and is_percent(text, decimal) for text in texts):
        return "percent"
    if all(isinstance(text, str) and is_number(text) for text in texts):
        return "quoted"
    return "none"
