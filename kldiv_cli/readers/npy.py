"""NPY: the header is read and compared with what follows before anything is allocated."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.arrays import check_type, checked
from kldiv_cli.readers.reading import Reading
from kldiv_cli.readers.values import columns_of, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Table
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream

MAGIC = b"\x93NUMPY"
HEADER = 10_000
"""Bytes of the longest header: NumPy's own limit. One of a plain array has 118."""


def load(stream: ByteStream, wanted: Sequence[ReadOptions], format_: str) -> list[Reading]:
    """Read one array: a vector of weights, or a batch with one distribution a row."""
    refuse_columns(wanted, stream.source, "an array")
    array = read_array(stream, stream.source, None)
    weights, integers = checked(array, wanted[0].kind, stream.source, None)
    return [Reading(format_, weights, integers, details=described(array))]


def rows(stream: ByteStream, option: ReadOptions, format_: str) -> Table:
    """Read raw rows: the columns of a two-dimensional array are called 0, 1 and so on."""
    array = read_array(stream, stream.source, None, raw=True)
    return table(columns_of(array, Place(stream.source)), stream.source, format_)


def described(array: NDArray[Any]) -> dict[str, str]:
    """Return the type and the shape of an array, in words."""
    return {"type": str(array.dtype), "shape": " x ".join(map(str, array.shape))}


def refuse_columns(wanted: Sequence[ReadOptions], source: str, what: str) -> None:
    """Refuse `--weight` and `--label` where there is nothing to choose from."""
    for option in wanted:
        word = option.weight if option.weight is not None else option.label
        if word is not None:
            raise InputError(
                "no-columns",
                f"this is {what}, which has no columns; {word[:60]!r} cannot be one",
                Place(source),
                hint="leave --weight and --label out",
            )


def read_array(
    stream: ByteStream, source: str, name: str | None, *, raw: bool = False
) -> NDArray[Any]:
    """Read an NPY file of version 1, 2 or 3.

    Parameters
    ----------
    stream : ByteStream
        All of it is read.
    source, name : str
        What errors call it.
    raw : bool
        It holds raw values, which may be text, booleans and dates, too.

    Raises
    ------
    InputError
        If it is not such a file, is longer or shorter than its header says, or holds
        something else than numbers, or raw values.
    """
    here = Place(source, name=name)

    def bad(message: str) -> InputError:
        return InputError("bad-npy", message, here)

    start = stream.read(8)
    if start[:6] != MAGIC:
        raise bad("this is not an NPY file: it does not begin with its mark")
    if len(start) < 8 or start[6] not in (1, 2, 3) or start[7] != 0:
        raise bad("this is NPY of a version that is not known, or is cut")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > HEADER:
        raise bad(f"the header says that it is {length} bytes long; {HEADER} are allowed")
    header = bytes(stream.read(length))
    if len(header) < length:
        raise bad("the file ends within its header")
    descr, shape, fortran = _header(header, "utf-8" if start[6] == 3 else "latin-1", here)
    dtype = _dtype(descr, here)
    check_type(dtype, here, raw=raw)
    size = math.prod(shape) * dtype.itemsize
    before = 8 + width + length
    if stream.size is not None and stream.size != before + size:
        there = stream.size - before
        raise bad(f"shape {_shown(shape)} of {dtype} needs {size} bytes, but {there} follow")
    data = stream.read(size)
    if len(data) < size:
        raise bad(f"shape {_shown(shape)} of {dtype} needs {size} bytes, but {len(data)} follow")
    if stream.read(1):
        raise bad("there are more bytes than the header says")
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape, order="F" if fortran else "C")


def _header(header: bytes, encoding: str, here: Place) -> tuple[object, Any, bool]:
    import ast
    import warnings

    try:
        # Literals only; the length is bounded above. What Python would say about them to
        # a programmer is for nobody here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            entries = ast.literal_eval(header.decode(encoding).strip(" \n"))
        if not isinstance(entries, dict) or set(entries) != {"descr", "fortran_order", "shape"}:
            raise ValueError("keys")
        descr, fortran, shape = (entries[key] for key in ("descr", "fortran_order", "shape"))
        if type(fortran) is not bool or type(shape) is not tuple:
            raise ValueError("types")
        if len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**62 for n in shape):
            raise ValueError("shape")
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        message = "the header is not one of an array: descr, fortran_order and shape"
        raise InputError("bad-npy", message, here) from None
    return descr, shape, fortran


def _dtype(descr: object, here: Place) -> np.dtype[Any]:
    # A list of fields is one of records.
    text = descr if isinstance(descr, str) else "V1"
    # Only what NumPy writes; its parser of types knows much more.
    if not re.fullmatch(r"[<>=|]?(?:[iuf][0-9]{1,2}|[?bBOcSUVMm][^,]{0,20})", text):
        raise InputError("bad-npy", f"elements of type {text[:60]!r} are not known", here)
    try:
        dtype = np.dtype(text)
    except (TypeError, ValueError):
        message = f"elements of type {text[:60]!r} are not known"
        raise InputError("bad-npy", message, here) from None
    return dtype


def _shown(shape: tuple[int, ...]) -> str:
    return str(shape)[:80]
