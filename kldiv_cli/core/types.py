"""The types of columns of text: booleans, dates, or labels, decided over all sides together.

Programs write true and false, midnight and a missing value in many spellings. Where all values of
a column are booleans, or all are dates, equal values get one label, so that they meet. Whether a
text is a number is decided where rows are counted; this is about what is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.counts import (
    OTHER,
    Categories,
    Numbers,
    count_numbers,
    is_plain_integer,
    named_labels,
    numeral,
)
from kldiv_cli.core.instants import instant, instants
from kldiv_cli.core.numbers import (
    MISSING_WORDS,
    are_plain_numbers,
    has_leading_zero,
    is_inexact,
    is_number,
    meant_as_missing,
    value_of,
)
from kldiv_cli.errors import Note, abridged, option
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kldiv_cli.core.counts import Column, Type

TRUE = frozenset(("true", "True", "TRUE", "t", "T"))
FALSE = frozenset(("false", "False", "FALSE", "f", "F"))
MOST_FLAGS = 1000
"""Labels, with blanks around them, that may all be booleans."""


class Spelling(NamedTuple):
    """What the labels of a column are, and the one spelling of each."""

    type: Type
    of: Mapping[str, str]


def spelling_of(labels: Collection[str]) -> Spelling | None:
    """Return what all labels are, if they all are booleans or dates; None of any others."""
    if flags := _booleans(labels):
        return Spelling("boolean", flags)
    if dates := instants(labels):
        return Spelling("date", dates)
    return None


def _booleans(labels: Collection[str]) -> dict[str, str] | None:
    """Return the spellings of booleans; a single letter needs its opposite, or a whole word."""
    if len(labels) > MOST_FLAGS:
        return None
    words = {label.strip() for label in labels}
    if not words or not words <= TRUE | FALSE:
        return None
    if max(map(len, words)) == 1 and (TRUE.isdisjoint(words) or FALSE.isdisjoint(words)):
        return None
    return {label: "true" if label.strip() in TRUE else "false" for label in labels}


def _flag(label: str) -> str | None:
    """Return the spelling of a boolean; None of another label."""
    word = label.strip()
    return "true" if word in TRUE else "false" if word in FALSE else None


def is_flag(label: str) -> bool:
    """Return whether a label is a spelling of true or false."""
    return _flag(label) is not None


def settled(columns: Sequence[Column], *, words: bool = True, whole: bool = False) -> list[Column]:
    """Return columns of one name, of several sides or parts, with their types decided together.

    Parameters
    ----------
    columns : sequence of Column
        A column of text with its labels as they were written.
    words : bool
        Whether texts such as ``NA`` mean a missing value among booleans, dates and numbers;
        not where the user, or a table of counts, says that they are labels.
    whole : bool
        Whether labels that are whole numbers have one spelling: ``1.0``, as a column of doubles
        has it, and ``1``.

    Returns
    -------
    list of Column
        Booleans and dates have one spelling each, and their type; any others are as they were.
    """
    texts = [column for column in columns if isinstance(column, Categories)]
    absent = MISSING_WORDS if words else frozenset()
    labels = [label for column in texts for label in named_labels(column)]
    first = next((label for label in labels if label.strip() not in absent), None)
    # The first value tells that most columns are nothing but labels.
    if first is None or not _is_text(first):
        labels = list(dict.fromkeys(labels))
        rest = [label for label in labels if label.strip() not in absent]
        if spelling := spelling_of(rest):
            return [_respelled(column, spelling, absent) for column in columns]
        beside_numbers = not rest and len(texts) < len(columns)
        if len(rest) < len(labels) and (beside_numbers or are_plain_numbers(rest)):
            return [_respelled(column, None, absent) for column in columns]
        if whole and (numerals := whole_numbers(texts)):
            return [_respelled(column, numerals, frozenset()) for column in columns]
    if len(columns) > 1 and any(own_type(column) == "date" for column in texts):
        # A date beside text keeps one spelling, so that it meets itself there.
        spelling = Spelling("categorical", {label: instant(label) or label for label in labels})
        return [_respelled(column, spelling, frozenset()) for column in columns]
    return list(columns)


def whole_numbers(columns: Sequence[Categories]) -> Spelling | None:
    """Return the integers that all labels are, if some have a fraction of 0 and no two are one."""
    if not any(label.endswith(".0") for column in columns for label in named_labels(column)):
        return None
    labels = dict.fromkeys(label for column in columns for label in named_labels(column))
    numerals = {label: label.removesuffix(".0") for label in labels}
    if not all(map(is_plain_integer, numerals.values())):
        return None
    for column in columns:
        own = [numerals[label] for label in named_labels(column)]
        if len(set(own)) < len(own):
            return None
    return Spelling("categorical", numerals)


def _is_text(label: str) -> bool:
    """Return whether a label is no boolean, date or number: a column that has it is of labels."""
    return not (_flag(label) or is_number(label) or instant(label))


def _respelled(column: Column, spelling: Spelling | None, absent: Collection[str]) -> Column:
    """Return a column of text with its labels spelt anew, words for missing values counted so."""
    if not isinstance(column, Categories):
        return column

    def spell(label: str) -> str | None:
        if label.strip() in absent:
            return None
        return spelling.of.get(label, label) if spelling else label

    missing, counts = column.missing, Counter[str]()
    for label, count in column.counts.items():
        own = spell(label)
        if own is None:
            missing += count
        else:
            counts[own] += count
    type_ = spelling.type if spelling else column.type
    grouped = column.grouped and column.grouped.spelt(spell)
    return Categories(column.name, missing, dict(counts), column.pooled, type_, grouped)


Spell = Callable[[str], str | None]
"""Returns how a label is spelt, and None where it means that a value is missing."""


def type_of_labels(column: Categories) -> Type:
    """Return the type of a counted column, which profiles of earlier versions do not tell."""
    if column.type == "categorical" and (found := spelling_of(named_labels(column))):
        return found.type
    return column.type


def speller(
    known: Collection[str], type: Type, *, decimal: str = ".", na: Collection[str] = ()
) -> Spell:
    """Return a function that spells a label as a counted column has it, whatever others there are.

    So the parts of a column that are counted apart are the column that is counted at once.

    Parameters
    ----------
    known : collection of str
        The labels of the column.
    type : Type
        What they are; among ``categorical`` ones few integers are numbers.
    decimal : {".", ","}
        The decimal mark of the labels that are to be spelt.
    na : collection of str
        Cells that mean a missing value; numbers among them do in any spelling.
    """
    if type == "boolean":
        return lambda label: _value(label, _flag(label))
    if type == "date":
        return lambda label: _value(label, instant(label))
    if known and all(map(is_plain_integer, known)):
        absent = meant_as_missing(na)

        def numeral_of(label: str) -> str | None:
            value = None if is_inexact(label) else value_of(label, decimal)
            if value is None or value in absent:
                return None if value is not None else _value(label, None)
            return numeral(value + 0.0)

        return numeral_of
    # What was counted by label is kept; what means the same as one of the labels is spelt so.
    meaning: Callable[[str], str | None] = instant
    if _booleans(known):
        meaning = _flag
    elif numerals := whole_numbers([Categories("", 0, dict.fromkeys(known, 0))]):
        meaning = {**numerals.of, **{own: own for own in numerals.of.values()}}.get
    by_meaning: dict[str | None, list[str]] = {}
    for label in known:
        by_meaning.setdefault(meaning(label), []).append(label)
    by_meaning.pop(None, None)
    own = set(known)

    def same(label: str) -> str:
        found = [] if label in own else by_meaning.get(meaning(label), [])
        return found[0] if len(found) == 1 else label

    return same


def _value(label: str, spelling: str | None) -> str | None:
    """Return a label as it is spelt; None if it is a word for a missing value."""
    if spelling is None and label.strip() in MISSING_WORDS:
        return None
    return label if spelling is None else spelling


def spelt(column: Categories, type: Type, spell: Spell) -> Categories:
    """Return a column with its labels spelt as another of some type has them; see `speller`."""
    missing, counts = column.missing, Counter[str]()

    def own_label(label: str) -> str | None:
        return label if column.pooled and label == OTHER else spell(label)

    for label, count in column.counts.items():
        own = own_label(label)
        if own is None:
            missing += count
        else:
            counts[own] += count
    grouped = column.grouped and column.grouped.spelt(own_label)
    found = Categories(column.name, missing, dict(counts), column.pooled, grouped=grouped)
    same = all(_is_of(type, label) for label in named_labels(found))
    return found._replace(type=type if same else "categorical")


def _is_of(type_: Type, label: str) -> bool:
    """Return whether a label is one of a column of some type, as it is spelt there."""
    if type_ == "boolean":
        return label in ("true", "false")
    return type_ != "date" or instant(label) == label


def as_numbers(column: Categories, *, decimal: str = ".", na: Collection[str] = ()) -> Numbers:
    """Return numbers that were counted by label as a numeric column.

    Parameters
    ----------
    column : Categories
        As a table of counts has it.
    decimal, na
        See `speller`.

    Raises
    ------
    ValueError
        If a label is no number; it is the argument.
    """
    missing, absent = column.missing, meant_as_missing(na)
    values: list[float] = []
    repeats: list[int] = []
    for label, count in column.counts.items():
        value = value_of(label, decimal, codes=False)
        if value is None and label.strip() not in MISSING_WORDS:
            raise ValueError(label)
        if value is None or value in absent:
            missing += count
        elif count:
            values.append(value)
            repeats.append(count)
    return count_numbers(column.name, missing, np.array(values, dtype=np.float64), repeats)


def numbers_of(column: Categories) -> Numbers | None:
    """Return a column whose labels are numbers, and no codes, as one; None of any other."""
    if not column.counts or any(map(has_leading_zero, column.counts)):
        return None
    if any(label.strip() in MISSING_WORDS for label in column.counts):
        return None
    try:
        return as_numbers(column)
    except ValueError:
        return None


def own_type(column: Column) -> Type | None:
    """Return the type of a column by its own values alone; None if it has none."""
    if column.rows == column.missing:
        return None
    if not isinstance(column, Categories):
        return "numeric"
    values = (label for label in named_labels(column) if label.strip() not in MISSING_WORDS)
    first = next(values, None)
    if first is None or _is_text(first):
        return None if first is None else "categorical"
    rest = [first, *values]
    if spelling := spelling_of(rest):
        return spelling.type
    return "numeric" if are_plain_numbers(rest) else "categorical"


def changes(first: Column, second: Column) -> bool:
    """Return whether one of two settled columns holds booleans or dates, and the other does not.

    They can be compared by label all the same if they have a label in common.
    """
    types = {own_type(first), own_type(second)}
    if len(types) < 2 or None in types or types.isdisjoint(("boolean", "date")):
        return False
    if isinstance(first, Categories) and isinstance(second, Categories):
        return first.counts.keys().isdisjoint(second.counts)
    return True


def named_type(column: Column) -> Column:
    """Return a column of text with the type of its own values, for messages."""
    found = own_type(column)
    if isinstance(column, Categories) and found in ("boolean", "date"):
        return column._replace(type=found)
    return column


Words = Mapping[str, Mapping[str, int]]
"""How often words for a missing value occur, by column."""


def words_as_missing(found: Words, source: str) -> Note:
    """Return the note on words that are read as missing values."""
    message = f"words for a missing value are read as such: {_shown(found)}"
    return Note("missing-words", message, source)


def words_as_labels(found: Words, source: str) -> Note:
    """Return the note on words that often mean a missing value, and are labels here."""
    message = f"texts that often mean a missing value are labels here: {_shown(found)}"
    return _as_labels(message, dict.fromkeys(chain.from_iterable(found.values())), source)


def segments_as_missing(words: Sequence[str], source: str) -> Note:
    """Return the note on segments of one side that are called as what the other has not."""
    message = f"segments of one side, and maybe missing values of the other: {abridged(words)}"
    return _as_labels(message, words, source)


def _as_labels(message: str, words: Iterable[str], source: str) -> Note:
    """Return the note on words that are labels, and may mean a missing value."""
    options = " ".join(option("--na", word) for word in words)
    return Note("missing-words-as-labels", message, source, advice=f"{options} if none is a label")


def _shown(found: Words) -> str:
    return abridged(
        f"'{name[:40]}' ({', '.join(f'{word} {count:,}' for word, count in words.items())})"
        for name, words in found.items()
    )
