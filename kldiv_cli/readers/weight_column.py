"""Cells become numbers: a column of weights is parsed in batches, and each bad cell is a fault.

An integer literal is exact at any size; what a double cannot hold, above or below, is a fault.
"""

from __future__ import annotations

import math
import re
import sys
from array import array
from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.core import numbers
from kldiv_cli.core.distribution import LOG_KINDS
from kldiv_cli.core.texts import Texts
from kldiv_cli.errors import Fault, Note, Place, option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Faults

NEGATIVE = Fault(
    "negative-weight",
    "weight is negative",
    "counts and probabilities must be >= 0; --as logits or --as log-probs if these are"
    " logarithms; --as samples if they are raw values",
)
NOT_FINITE = Fault("not-finite", "weight is not a finite number", "every weight must be finite")
NO_MASS = NOT_FINITE._replace(hint="--as logits or --as log-probs if -inf stands for no mass")
FRACTIONAL = Fault("fractional-count", "a count is not a whole number", "--as weights")
MISSING = Fault("missing-weight", "weight is missing", "write 0 where there is no mass")
OVERFLOW = Fault("number-overflow", "a number is too large for a 64-bit float")
PERCENT_COUNT = Fault("fractional-count", "a count has a per cent sign", "--as weights")
SOME_PERCENT = Fault(
    "not-a-number",
    "some weights have a per cent sign, and some have none",
    "write all of them with the sign, or none",
)
SOME_QUOTED = Fault(
    "not-a-number",
    "some weights are in quotes, and some are not",
    "write all of them without quotes",
)
_GROUPED = re.compile(r"(?:(?:[1-9]\d{0,2}\.)?\d{3}\n|\d{1,2}\n)+")
"""Lines of numbers below 1000, and of such whose decimal mark may separate thousands."""
_LARGEST = int(sys.float_info.max)


class WeightColumn:
    """The weights of one side, parsed batch by batch.

    Parameters
    ----------
    kind : str or None
        As the user declared it; logits and log-probabilities may be negative.
    decimal : {".", ","}
        The decimal mark.
    faults : Faults
        Takes the cells that are no weights.
    typed : bool
        Numbers are `Number`, and any other text stood in quotes.
    """

    def __init__(
        self, kind: str | None, decimal: str, faults: Faults, *, typed: bool = False
    ) -> None:
        self._kind = kind
        self._typed = typed
        self._quoted: list[Callable[[], Place]] = []
        self._unquoted: list[Callable[[], Place]] = []
        self._percent: list[Callable[[], Place]] = []
        self._plain: list[Callable[[], Place]] = []
        self._decimal = decimal
        self._below_1000 = self._with_mark = False
        self._is_grouped = not typed and kind not in LOG_KINDS
        self._faults = faults
        self._floats: array[float] | None = None
        self._integers: array[int] | list[int] = array("q")
        self._huge: Callable[[], Place] | None = None

    @property
    def is_percent(self) -> bool:
        """Whether the cells have per cent signs."""
        return bool(self._percent)

    def add(self, cells: Sequence[str], place: Callable[[int], Place]) -> None:
        """Parse the next cells; `place` tells where the i-th of them stands."""
        if isinstance(cells, Texts):
            if self._added_whole(cells):
                self._plain = self._plain or [partial(place, 0)]
                return
            cells = list(cells)
        values: list[Any] | None = self._parsed_at_once(cells)
        if values is None:
            self._is_grouped = False
            values = []
            for i, cell in enumerate(cells):
                value = self._parsed(cell, partial(place, i))
                if isinstance(value, Fault):
                    self._faults.add(value, partial(place, i))
                    value = 1
                values.append(value)
        elif cells and not self._plain:
            self._plain.append(partial(place, 0))
        if self._typed:
            types = list(map(type, cells))
            for type_, which in ((numbers.Number, self._unquoted), (str, self._quoted)):
                if not which and type_ in types:
                    which.append(partial(place, types.index(type_)))
        whole = {int}.issuperset(map(type, values))
        if self._floats is None and whole and self._kind not in LOG_KINDS:
            self._add_integers(values, place)
        else:
            self._add_floats(values, place)

    def check(self) -> None:
        """Take it for a fault if cells are written in two ways, so that they may be two things."""
        for fault, some, others in (
            (SOME_PERCENT, self._percent, self._plain),
            (SOME_QUOTED, self._quoted, self._unquoted),
        ):
            if some and others:
                self._faults.add(fault, some[0])

    def notes(self, source: str) -> Iterator[Note]:
        """Yield notes on how the cells are written."""
        if self._percent:
            message = "each weight has a per cent sign: they are percentages"
            advice = "write them without the sign"
            yield Note("percent", message, source, advice=advice, repair=True)
        elif self._quoted:
            message = "the weights are numbers in quotes"
            advice = "write them without quotes"
            yield Note("quoted-numbers", message, source, advice=advice, repair=True)
        if self._is_grouped and self._below_1000 and self._with_mark:
            mark = "point" if self._decimal == "." else "comma"
            message = (
                f"some weights have a {mark} and three digits behind it, and all others are below"
                " 1000: it was read as the decimal mark, and may separate thousands"
            )
            advice = f"{option('--thousands', self._decimal)} alone reads it so"
            yield Note("looks-like-thousands", message, source, advice=advice, repair=True)

    def _look_for_thousands(self, lines: str) -> None:
        """Remember whether all cells so far may be whole numbers with marks between thousands."""
        self._is_grouped = _GROUPED.fullmatch(lines) is not None
        marks = lines.count(".")
        zeros = lines.split("\n").count("0")
        self._with_mark = self._with_mark or marks > 0
        self._below_1000 = self._below_1000 or lines.count("\n") > marks + zeros

    def _parsed(self, cell: str, place: Callable[[], Place]) -> int | float | Fault:
        """Return the weight that a cell denotes, which may have a per cent sign, or a fault."""
        bare = cell
        if numbers.is_percent(cell, self._decimal) and self._kind not in LOG_KINDS:
            if self._kind == "counts":
                return PERCENT_COUNT
            bare = cell.rstrip().removesuffix("%").rstrip()
        which = self._plain if bare is cell else self._percent
        if not which:
            which.append(place)
        return parse(bare, self._kind, self._decimal)

    def finish(self) -> tuple[NDArray[Any], bool]:
        """Return the weights, and whether all of them are integer literals."""
        import numpy as np

        if self._floats is not None:
            # Adding zero makes a zero of -0.0.
            return np.array(self._floats) + 0.0, False
        if isinstance(self._integers, array):
            return np.array(self._integers), True
        return integers(self._integers), True

    def _parsed_at_once(self, cells: Sequence[str]) -> list[int] | list[float] | None:
        """Return numbers at the speed of a regular expression; None if a cell is unusual."""
        lines = numbers.in_lines(cells, self._decimal)
        if lines is None:
            return None
        if self._decimal != ".":
            cells = lines.split("\n")[:-1]
        if self._is_grouped:
            self._look_for_thousands(lines)
        values: list[Any]
        if numbers.are_integers(lines):
            values = list(map(int, cells))
        # Integers of too many digits are told from long fractions one by one.
        elif not numbers.are_numbers(lines) or max(map(len, cells)) > numbers.DIGITS:
            return None
        else:
            values = list(map(float, cells))
            zeros = zip(values, cells, strict=True) if 0.0 in values else ()
            if (
                math.inf in values
                or -math.inf in values
                or any(value == 0 and not numbers.is_zero(cell) for value, cell in zeros)
                or (self._kind == "counts" and not all(map(float.is_integer, values)))
            ):
                return None
        return values if self._kind in LOG_KINDS or min(values, default=0) >= 0 else None

    def _added_whole(self, cells: Texts) -> bool:
        """Add cells that all are whole numbers of a few digits, as arrays; False if some are not.

        None of them is negative, so that they are weights of any kind but logarithms.
        """
        if self._floats is not None or self._kind in LOG_KINDS:
            return False
        values = cells.integers() if isinstance(self._integers, array) else None
        if values is None or not isinstance(self._integers, array):
            return False
        self._integers.frombytes(values.tobytes())
        largest = values.max(initial=0)
        self._is_grouped = self._is_grouped and bool(largest < 1000)
        self._below_1000 = self._below_1000 or bool(largest > 0)
        return True

    def _add_integers(self, values: list[Any], place: Callable[[int], Place]) -> None:
        try:
            if isinstance(self._integers, array):
                self._integers.extend(array("q", values))
                return
        except OverflowError:
            self._integers = list(self._integers)
        if self._huge is None:
            huge = (i for i, value in enumerate(values) if abs(value) > _LARGEST)
            self._huge = next((partial(place, i) for i in huge), None)
        self._integers.extend(values)

    def _add_floats(self, values: list[Any], place: Callable[[int], Place]) -> None:
        if self._floats is None:
            # Whole numbers so far: beside a fraction they are read as doubles, too.
            if self._huge is not None:
                self._faults.add(OVERFLOW, self._huge)
                self._integers = array("q")
            self._floats = array("d", self._integers)
            self._integers = array("q")
        for i, value in enumerate(values):
            if type(value) is int and abs(value) > _LARGEST:
                self._faults.add(OVERFLOW, partial(place, i))
                values[i] = 1
        self._floats.extend(array("d", values))


def integers(values: Sequence[int]) -> NDArray[Any]:
    """Return integers as an array: of 64 bits, signed or not, else of Python objects."""
    import numpy as np

    for type_ in (np.int64, np.uint64):
        try:
            return np.array(values, dtype=type_)
        except OverflowError:
            continue
    return np.array(values, dtype=object)


def parse(cell: str, kind: str | None, decimal: str = ".") -> int | float | Fault:
    """Return the weight that a cell denotes, or why it denotes none."""
    plain = numbers.with_point(cell, decimal)
    logs = kind in LOG_KINDS
    if numbers.is_integer(plain):
        value: int | float = int(plain)
    elif numbers.is_number(plain):
        stripped = plain.strip()
        if stripped.lstrip("+-").isdigit():
            return Fault("too-many-digits", f"an integer has more than {numbers.DIGITS} digits")
        value = float(stripped)
        if math.isinf(value):
            return OVERFLOW
        if value == 0 and not numbers.is_zero(stripped):
            return Fault("number-underflow", "a number is too small for a 64-bit float")
        if kind == "counts" and not value.is_integer():
            return FRACTIONAL
    elif logs and cell.strip(" \t").lower() in ("-inf", "-infinity"):
        value = -math.inf
    else:
        return _no_number(cell, decimal)
    if value < 0 and not logs:
        return NEGATIVE
    return value


def _no_number(cell: str, decimal: str) -> Fault:
    word = cell.strip().lower()
    if not word:
        return MISSING._replace(hint="write 0, or leave the outcome's row out")
    if word.lstrip("+-") in ("nan", "inf", "infinity"):
        return NO_MASS if word.startswith("-inf") else NOT_FINITE
    hint = ""
    bare = word.removesuffix("%").rstrip()
    thousands = numbers.thousands_hint(bare)
    if decimal == "." and "," in bare and numbers.is_number(bare, ","):
        hint = "--decimal ',' if the comma is a decimal mark"
        if thousands:
            hint = f"{thousands}; {hint}"
    elif decimal != "." and numbers.is_number(word):
        hint = "leave --decimal out if the point is the decimal mark"
    elif thousands:
        hint = thousands
    elif any(mark in word for mark in "_, '"):
        hint = "write numbers without separators"
    elif word.endswith("%"):
        hint = "write percentages with a number before the sign"
    return Fault("not-a-number", "weight is not a number", hint)
