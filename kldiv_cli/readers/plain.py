"""Lines of delimited text without quotes, split into columns at once and not record by record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.texts import LONGEST, Texts
from kldiv_cli.readers.text import NULL

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What makes a record more, or less, than its line between delimiters.
_UNUSUAL = ('"', "\r")


class Plain(Mapping[int, Sequence[str]]):
    """The columns of some lines by position, each made when it is asked for.

    Parameters
    ----------
    text : str
        The lines, each with its end.
    data : ndarray of uint8
        The same in UTF-8, with `Texts.PADDING` behind it.
    ends : ndarray of int32, shape (rows, columns)
        Where each cell ends in `data`.
    delimiter : str
        What separates the cells.
    """

    def __init__(
        self,
        text: str,
        data: NDArray[np.uint8],
        ends: NDArray[np.int32],
        delimiter: str,
    ) -> None:
        self._text = text
        self._data = data
        self._ends = ends
        self._delimiter = delimiter
        self._cells: list[str] | None = None

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self._ends)

    def __getitem__(self, position: int) -> list[str]:
        width = len(self)
        if not 0 <= position < width:
            raise KeyError(position)
        if self._cells is None:
            self._cells = self._text.replace("\n", self._delimiter).split(self._delimiter)
        return self._cells[position:-1:width]

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def __len__(self) -> int:
        return int(self._ends.shape[1])

    def row(self, index: int) -> list[str]:
        """Return the cells of a row."""
        line = self._text.split("\n")[:-1][index]
        return line.split(self._delimiter)

    def texts(self, position: int) -> Texts | None:
        """Return a column as texts in one piece of memory; None if one of them is too long."""
        ends = self._ends[:, position].astype(np.int64)
        # A cell begins behind the one before it, or behind the line before.
        before = self._ends[:, position - 1] if position else self._ends[:-1, -1]
        starts = before.astype(np.int64) + 1
        starts = starts if position else np.concatenate(([0], starts))
        lengths = ends - starts
        return None if lengths.max() > LONGEST else Texts(self._data, starts, lengths)


def split(text: str, delimiter: str, width: int) -> Plain | None:
    """Return the columns of lines.

    None if there are quotes, carriage returns but for those at the ends of lines, blank lines, or
    lines that do not have `width` cells. A null is an empty cell.

    Parameters
    ----------
    text : str
        Whole lines; the last may have no end.
    delimiter : str
        An ASCII character.
    width : int
        The number of columns.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if any(character in text for character in _UNUSUAL):
        return None
    if NULL in text:
        # Quotes would be around one that is text.
        beside = rf"[^\n{re.escape(delimiter)}]"
        text = re.sub(rf"(?<!{beside}){re.escape(NULL)}(?!{beside})", "", text)
    text = text if text.endswith("\n") else f"{text}\n"
    data = np.frombuffer(text.encode() + Texts.PADDING, dtype=np.uint8)
    is_end = data == ord("\n")
    marks = np.flatnonzero(is_end | (data == ord(delimiter))).astype(np.int32)
    rows = np.count_nonzero(is_end)
    # The cells of a line are as many as its delimiters and its end.
    if len(marks) != rows * width or not is_end[marks[width - 1 :: width]].all():
        return None
    if width == 1 and ("\n\n" in text or text[0] == "\n"):
        return None
    return Plain(text, data, marks.reshape(rows, width), delimiter)
