"""The one grammar of numbers: which texts denote a number, and which only look like one.

A number is written in ASCII digits with at most one decimal mark, an exponent if need be, and
blanks or tabs around it: no ``1_000``, no thousands separators, no ``nan``, no digits of other
scripts. Beside numbers raw rows may hold words for infinity and for a missing value.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

DIGITS = 4300
"""The longest integer literal; reading takes a time that is quadratic in its length."""
EXACT = 2**53
"""From here on doubles do not tell an integer from its neighbours."""

_INTEGER = rf"[ \t]*[+-]?[0-9]{{1,{DIGITS}}}[ \t]*"
_NUMBER = r"[ \t]*[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?[ \t]*"
_is_integer = re.compile(_INTEGER).fullmatch
_is_number = re.compile(_NUMBER).fullmatch
_are_integers = re.compile(f"(?:{_INTEGER}\n)*+").fullmatch
_are_numbers = re.compile(f"(?:{_NUMBER}\n)*+").fullmatch
_LEAST, _MOST_TENS = 13, 22
"""Powers of ten up to this one are doubles, and so is 10^-13 above all that is looked at."""
_AT_ONCE = 1 << 15
_CHARACTERS = b"0123456789+-.eE \t\n"
"""Of texts of nothing but these, `float` takes those for numbers that the grammar does."""
_nonzero_mantissa = re.compile(r"[^eE]*[1-9]").match

# Patterns of texts that are looked at rarely are compiled when they are first used.
_LEADING_ZERO = r"\n[ \t]*[+-]?0[0-9]"
# A number with separators, a currency or a per cent sign: `1,234.50`, `$10`, `12 %`.
_DECORATED = (
    r"[+-]?[$€£¥₹]? ?[+-]?[0-9]{1,3}(?:[0-9]*|(?:[,.' ][0-9]{3})*)(?:[.,][0-9]+)? ?[%$€£¥₹]?"
)

MISSING_WORDS = frozenset(
    ("NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", "-NaN", "-nan")
)
"""Texts that stand for a missing value among numbers, dates or booleans; elsewhere labels."""
_INFINITIES = ("inf", "infinity")
# Signs that stand before a number in printed text: the minus of mathematics, dashes, wide forms.
_TYPOGRAPHIC_MINUS = "\u2212\u2012\u2013\ufe63\uff0d"


SEPARATORS = (",", ".", "'\u2019", " \u00a0\u2009\u202f", "_")
"""What separates thousands, each in all of its forms."""


class Number(str):
    """A number literal of a format that tells numbers from text, verbatim; text is a `str`."""

    __slots__ = ()


def is_number(text: str, decimal: str = ".") -> bool:
    """Return whether a text is a number of the grammar.

    Parameters
    ----------
    text : str
        Any text.
    decimal : {".", ","}
        The decimal mark.
    """
    return _is_number(with_point(text, decimal)) is not None


def is_integer(text: str) -> bool:
    """Return whether a text is an integer literal of at most `DIGITS` digits."""
    return _is_integer(text) is not None


def is_percent(text: str, decimal: str = ".") -> bool:
    """Return whether a text is a number with a per cent sign behind it: ``12.5%``, ``12,5 %``."""
    plain = text.rstrip()
    return plain.endswith("%") and is_number(plain[:-1].rstrip(), decimal)


def is_zero(number: str) -> bool:
    """Return whether a number literal denotes zero, and is not merely too small for a double."""
    return _nonzero_mantissa(number) is None


def with_point(text: str, decimal: str) -> str:
    """Return a text with its decimal mark written as a point, or what is no number."""
    if decimal == ".":
        return text
    # A point would separate thousands in such a text.
    return "." if "." in text else text.replace(decimal, ".")


def in_lines(texts: Sequence[str], decimal: str = ".") -> str | None:
    """Return texts with decimal points, one a line, so that one pattern matches them all.

    None where that cannot be: a text holds a line end, or a point beside a decimal comma.
    """
    lines = "\n".join(texts) + "\n"
    if lines.count("\n") != len(texts) or (decimal != "." and "." in lines):
        return None
    return lines if decimal == "." else lines.replace(decimal, ".")


def are_integers(lines: str) -> bool:
    """Return whether each line of `in_lines` is an integer literal of at most `DIGITS` digits."""
    return _are_integers(lines) is not None


def are_numbers(lines: str) -> bool:
    """Return whether each line of `in_lines` is a number of the grammar."""
    return _are_numbers(lines) is not None


def are_plain_numbers(texts: Sequence[str]) -> bool:
    """Return whether all texts are numbers, and none has a leading zero, as codes have."""
    lines = in_lines(texts)
    return lines is not None and are_numbers(lines) and not re.search(_LEADING_ZERO, f"\n{lines}")


def floats(
    texts: Sequence[str], decimal: str = ".", *, codes: bool = True
) -> NDArray[np.float64] | None:
    """Return the doubles next to numbers, or None if a text is no number.

    Parameters
    ----------
    texts : sequence of str
        Cells of raw rows.
    decimal : {".", ","}
        The decimal mark.
    codes : bool
        A number with a leading zero is a code (``007``), and no number.

    Returns
    -------
    ndarray of float64, or None
        All finite: a number beyond the doubles is none, either.
    """
    import numpy as np

    lines = in_lines(texts, decimal) if texts else ""
    if lines is None or not lines.isascii() or lines.encode().translate(None, _CHARACTERS):
        return None
    # An empty text is told before all those above it are converted.
    if lines.startswith("\n") or "\n\n" in lines:
        return None
    if codes and re.search(_LEADING_ZERO, f"\n{lines}"):
        return None
    numerals = texts if decimal == "." else lines.split("\n")[:-1]
    try:
        values = np.fromiter(map(float, numerals), np.float64, len(texts))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def value_of(text: str, decimal: str = ".", *, codes: bool = True) -> float | None:
    """Return the number, or the infinity, that a text denotes; None of another text.

    See `floats`.
    """
    found = floats([text], decimal, codes=codes)
    return infinity(text) if found is None else float(found[0])


def text_in(cell: object) -> str:
    """Return the text of a cell of numbers, without blanks around it; "" of a missing value."""
    text = "" if cell is None or cell != cell else str(cell).strip()
    return "" if text in MISSING_WORDS else text


def has_leading_zero(number: str) -> bool:
    """Return whether a number is written with a leading zero, as codes are: ``007``."""
    digits = number.strip().lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()


def meant_as_missing(words: Iterable[str]) -> list[float]:
    """Return the numbers among words that mean a missing value, for which any spelling does."""
    return [float(word) for word in words if is_number(word) and not has_leading_zero(word)]


def is_inexact(number: str) -> bool:
    """Return whether a number is an integer that doubles do not tell from its neighbours."""
    return (
        len(number) > 15 and number.strip().lstrip("+-").isdigit() and abs(float(number)) >= EXACT
    )


def infinity(text: str) -> float | None:
    """Return the infinity that a word denotes, with a sign or without; None of another text."""
    word = text.strip().lower()
    if word.lstrip("+-") not in _INFINITIES or len(word) - len(word.lstrip("+-")) > 1:
        return None
    return -math.inf if word[0] == "-" else math.inf


def typographic_minus(text: str) -> str:
    """Return the sign with which a text begins that is a number but for it; else an empty text."""
    word = text.strip()
    return word[0] if word[:1] in tuple(_TYPOGRAPHIC_MINUS) and is_number(word[1:]) else ""


def is_decorated(text: str) -> bool:
    """Return whether a text is a number with separators or signs, which the grammar refuses."""
    return bool(re.fullmatch(_DECORATED, text)) and not text.isdigit() and not is_number(text)


def without_separators(separator: str, decimal: str = ".") -> Callable[[str], str]:
    """Return what makes of a number with separators between thousands the same without them.

    Separators stand between groups of three digits, as in ``1,234,567.5``, or of two but for the
    last, as in ``12,34,567``. Any other text is left as it is.

    Parameters
    ----------
    separator : str
        A character of `SEPARATORS`, which stands for all forms of it.
    decimal : {".", ","}
        The decimal mark.
    """
    marks = next(marks for marks in SEPARATORS if separator in marks)
    mark = f"[{re.escape(marks)}]"
    groups = (
        f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|[1-9][0-9]?(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}}"
    )
    found = re.compile(rf"([ \t]*[+-]?)({groups})((?:{re.escape(decimal)}[0-9]*)?[ \t]*%?[ \t]*)")
    away = str.maketrans("", "", marks)

    def plain(text: str) -> str:
        match = found.fullmatch(text)
        return match[1] + match[2].translate(away) + match[3] if match else text

    return plain


def separator_in(text: str) -> str:
    """Return what separates thousands in a text that may be such a number; else an empty text."""
    for marks in SEPARATORS:
        for decimal in {".", ","} - {marks[0]}:
            if without_separators(marks[0], decimal)(text) != text:
                return marks[0]
    return ""


def thousands_hint(text: str) -> str:
    """Return the hint on a text that may be a number with separators; else an empty text."""
    separator = separator_in(text)
    return f"{option('--thousands', separator)} if it separates thousands" if separator else ""


def looks_like_a_number(text: str) -> bool:
    """Return whether a text may be meant as a number, so that it can hardly be a name."""
    word = text.strip().lower()
    if word in ("", "-", "nan", "inf", "-inf", "infinity", "-infinity", "null", "none", "na"):
        return True
    first = next((char for char in word if char.isalnum()), "")
    return first.isnumeric()


def as_written(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return numbers as the doubles next to how they are written, whatever their precision.

    The number of single precision next to 0.1 is written 0.1, and is 0.10000000149 as a double:
    the same numbers in a text and in such an array would stand on both sides of an edge. Of all
    decimals that are nearer to it than to any other number, the shortest is meant, as in NumPy.

    Parameters
    ----------
    values : ndarray of numbers
        With infinities and nan, which stay. Only floats of 16 and 32 bits are changed; doubles
        are returned as they are.
    """
    import numpy as np

    with np.errstate(invalid="ignore"):
        # A signalling nan is one.
        doubles = values.astype(np.float64, copy=False)
    if values.dtype.kind != "f" or values.dtype.itemsize > 4:
        return doubles
    is_single = values.dtype.itemsize == 4
    # Whole numbers that are not large are what they are.
    whole = 2.0**24 if is_single else 2.0**11
    left = np.flatnonzero(np.isfinite(doubles))
    some = doubles[left]
    left = left[(np.rint(some) != some) | (np.abs(some) >= whole)]
    tens = np.array([float(10**power) for power in range(_MOST_TENS + 1)])
    for start in range(0, len(left) if is_single else 0, _AT_ONCE):
        rest = left[start : start + _AT_ONCE]
        # Of numbers between 1e-13 and 2^24 all steps are those of exact integers.
        above = np.searchsorted(tens, np.abs(doubles[rest]) * tens[_LEAST], side="right")
        is_between = (above > 0) & (np.abs(doubles[rest]) < whole)
        rest, above = rest[is_between], above[is_between]
        for digits in range(6, 10):
            some, scale = doubles[rest], tens[np.maximum(digits + _LEAST - above, 0)]
            found = np.rint(some * scale) / scale
            is_it = found.astype(values.dtype) == values[rest]
            doubles[rest[is_it]] = found[is_it]
            rest, above = rest[~is_it], above[~is_it]
    if is_single:
        size = np.abs(doubles[left])
        left = left[(size * tens[_LEAST] < 1) | (size >= whole)]
    if len(left):
        distinct, which = np.unique(values[left], return_inverse=True)
        doubles[left] = np.array([float(str(value)) for value in distinct])[which]
    return doubles
