"""The outcomes that came true: a whole number for each row of a batch, such as token ids."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli import readers
from kldiv_cli.core.numbers import is_number
from kldiv_cli.core.table import Faults, Matrix, Members
from kldiv_cli.errors import Fault, InputError, Place, abridged
from kldiv_cli.readers.options import ReadOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

HINT = "the targets are the outcomes' numbers from 0, one for each row, in the order of the rows"
NO_INTEGER = Fault("bad-targets", "a target is no whole number", HINT)
DIGITS = 18
"""An integer of 64 bits holds any number of so many."""


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
    # Those that 64 bits with a sign do not hold are none of the outcomes.
    return targets.astype(np.int64)


def _integers(data: Any, here: Place) -> NDArray[np.integer[Any]]:
    if isinstance(data, Members):
        data = data.resolved((), ())
    if isinstance(data, Members):
        if len(data.names) > 1:
            names = abridged(data.names)
            message = f"one array of targets is wanted, and there are several: {names}"
            raise InputError("bad-targets", message, here, hint=HINT)
        data = data.member(None)
    if isinstance(data, Matrix) and not data.typed:
        # Of some types, such as objects, not even the elements can be read.
        array = None if data.dtype is None else np.empty(0, data.dtype)
        if array is None or array.dtype.kind in "iu":
            array = np.asarray(data.whole())
        if array.dtype.kind not in "iu":
            message = f"elements of type {array.dtype} are no whole numbers"
            raise InputError("bad-targets", message, here, hint=HINT)
        return array.ravel()
    from kldiv_cli.readers.rows import raw_rows

    # A first row 0 is no header that counts.
    table = raw_rows(data, ReadOptions(header=False), here.source)
    faults = Faults()
    targets: list[int] = []
    for nth, batch in enumerate(table.batches):
        if len(batch.columns) > 1 or batch.counts is not None:
            message = "one column of targets is wanted, with a row for each"
            raise InputError("bad-targets", message, here, hint=HINT)
        for key, cells in batch.columns.items():
            for i, cell in enumerate(map(str, cells)):
                if cell.isascii() and cell.isdigit() and len(cell) <= DIGITS:
                    targets.append(int(cell))
                elif nth or i or is_number(cell):  # A first cell that is no number is a name.
                    faults.add(NO_INTEGER, partial(batch.place, i, key))
    faults.check()
    return np.array(targets, dtype=np.int64)
