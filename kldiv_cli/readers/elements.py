"""The elements of an array in a binary file, read by blocks of rows into one buffer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core import table
from kldiv_cli.core.table import Block, Matrix, rows_in_block
from kldiv_cli.errors import InputError, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kldiv_cli.readers.stream import ByteStream

LARGEST = 1 << 25
"""Bytes that are set aside before they are there: a header may say anything."""
AXES = 32
"""Dimensions of any array: NumPy's own limit was that for long."""
MOST = 2**63 - 1
"""Bytes of the largest array that a computer can address."""


def blocks_of(
    stream: ByteStream,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    bad: Callable[[str], InputError],
    *,
    fortran: bool = False,
    follow: int | None = None,
    ends: bool = True,
) -> Iterator[Block]:
    """Return the blocks of an array whose elements are the next bytes; see `Matrix.blocks`.

    Parameters
    ----------
    stream : ByteStream
        Its next bytes are the elements.
    dtype, shape
        Of the array.
    bad : function
        Makes the error for a message.
    fortran : bool
        The first axis is the fastest; such an array is held in memory.
    follow : int, optional
        How many bytes there are, where that is known.
    ends : bool
        No other bytes may be behind them.

    Raises
    ------
    InputError
        If the number of bytes that follow is known, and is not what the shape needs; when its
        blocks are read, if there are fewer, or more where there may be no others.
    """
    size = math.prod(shape) * dtype.itemsize
    needs = f"shape {str(shape)[:80]} of {dtype} needs {size} bytes"
    if len(shape) > AXES:
        raise bad(f"an array of {len(shape)} dimensions is none: {AXES} are allowed")
    # A shape of nothing may have sizes that no array has.
    if math.prod(filter(None, shape)) * dtype.itemsize > MOST:
        raise bad(f"shape {str(shape)[:80]} of {dtype} is larger than any memory")
    if follow not in (None, size):
        raise bad(f"{needs}, but {follow} follow")
    return _blocks(stream, dtype, shape, bad, needs, fortran=fortran, ends=ends)


def _blocks(
    stream: ByteStream,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    bad: Callable[[str], InputError],
    needs: str,
    *,
    fortran: bool,
    ends: bool,
) -> Iterator[Block]:
    size = math.prod(shape) * dtype.itemsize
    if len(shape) < 2 or fortran or not size:
        data = stream.read(size)
        if len(data) < size:
            raise bad(f"{needs}, but {len(data)} follow")
        array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")
        if ends:
            _check_end(stream, bad)
        yield from table.blocks_of(array)
        return
    outcomes = shape[-1]
    step = rows_in_block(outcomes) * outcomes * dtype.itemsize
    done = 0
    for part in pieces(stream, size, step):
        wanted = min(step, size - done)
        done += len(part)
        if len(part) < wanted:
            raise bad(f"{needs}, but {done} follow")
        if ends and done == size:
            _check_end(stream, bad)
        yield Block(np.frombuffer(part, dtype=dtype).reshape(-1, outcomes))


def pieces(stream: ByteStream, size: int, step: int) -> Iterator[memoryview]:
    """Yield the next bytes of a stream, in memory that the next piece overwrites.

    Parameters
    ----------
    stream : ByteStream
        Where they are.
    size : int
        How many are wanted.
    step : int
        How many there are in each piece but the last, and in one that meets the end.
    """
    room = bytearray()
    for start in range(0, size, step):
        wanted = min(step, size - start)
        if wanted > LARGEST:
            part = memoryview(stream.read(wanted))
        else:
            room = room or bytearray(wanted)
            part = memoryview(room)[:wanted]
            part = part[: stream.read_into(part)]
        yield part
        if len(part) < wanted:
            return


def axes_noted(shape: tuple[int, ...], source: str) -> list[Note]:
    """Return a note on an array of more than two dimensions, of which rows are made."""
    if len(shape) < 3:
        return []
    rows, outcomes = math.prod(shape[:-1]), shape[-1]
    message = f"an array of shape {shape} is {rows} distributions of {outcomes} outcomes"
    return [Note("axes-as-rows", message, source)]


def of_bfloat16(matrix: Matrix) -> Matrix:
    """Return a matrix of the numbers whose bits are given as integers of 16 bits.

    They are the first half of the bits of a float32.
    """
    details = {**matrix.details, "type": "bfloat16"}
    blocks = _widened(matrix.blocks)
    return matrix._replace(
        blocks=blocks, dtype=np.dtype(np.float32), stored="bfloat16", details=details
    )


def _widened(blocks: Iterable[Block]) -> Iterator[Block]:
    room = np.empty(0, dtype="<u4")
    for values, _ in blocks:
        if room.size < values.size:
            room = np.zeros(values.size, dtype="<u4")
        wide = room[: values.size]
        # The second halves stay zero. This is faster than a shift, or a product.
        wide.view("<u2")[1::2] = values.reshape(-1)
        yield Block(wide.reshape(values.shape).view("<f4"))


def _check_end(stream: ByteStream, bad: Callable[[str], InputError]) -> None:
    if stream.read(1):
        raise bad("there are more bytes than the header says")
