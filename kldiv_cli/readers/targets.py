"""The outcomes that came true: a whole number for each row of a batch, such as token ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli import readers
from kldiv_cli.core.numbers import is_number
from kldiv_cli.core.table import Matrix, Members
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.options import ReadOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

HINT = "the targets are the outcomes' numbers from 0, one for each row, in the order of the rows"


def read(source: object, rows: int, outcomes: int) -> NDArray[np.int64]:
    """Read the target of each row: an array of integers, or a single column of them.

    Parameters
    ----------
    source : path or object
        An array of any number of axes, or a table of one column, with a header or without.
    rows : int
        How many there must be.
    outcomes : int
        They are 0 to `outcomes` - 1.

    Raises
    ------
    InputError
        If it cannot be read, or holds anything else.
    """
    with readers.opened(source, ReadOptions(), raw=True) as found:
        here = Place(found.source)
        targets = _integers(found.data, here)
    if len(targets) != rows:
        message = f"there are {len(targets)} targets for {rows} rows"
        raise InputError("bad-targets", message, here, hint=HINT)
    outside = (targets < 0) | (targets >= outcomes)
    if outside.any():
        row = int(outside.argmax())
        message = f"a target is not one of the outcomes 0 to {outcomes - 1}"
        place = Place(found.source, index=(row,), value=str(targets[row]))
        count = int(np.count_nonzero(outside))
        raise InputError("bad-targets", message, place, count=count, hint=HINT)
    return targets


def _integers(data: Any, here: Place) -> NDArray[np.int64]:
    if isinstance(data, Members):
        data = data.resolved((), ())
    if isinstance(data, Members):
        data = data.member(None)
    if isinstance(data, Matrix) and not data.typed:
        array = np.asarray(data.whole())
        if array.dtype.kind not in "iu":
            message = f"elements of type {array.dtype} are no whole numbers"
            raise InputError("bad-targets", message, here, hint=HINT)
        return array.astype(np.int64).ravel()
    from kldiv_cli.readers.rows import raw_rows

    table = raw_rows(data, ReadOptions(), here.source)
    cells = [
        cell for batch in table.batches for column in batch.columns.values() for cell in column
    ]
    if cells and not is_number(str(cells[0])):
        cells = cells[1:]
    if not all(
        str(cell).isascii() and str(cell).isdigit() and len(str(cell)) < 19 for cell in cells
    ):
        message = "a target is no whole number"
        raise InputError("bad-targets", message, here, hint=HINT)
    return np.array([int(cell) for cell in cells], dtype=np.int64)
