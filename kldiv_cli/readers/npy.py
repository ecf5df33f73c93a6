"""NPY: the header is read and compared with what follows before anything is allocated."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.table import NO_COLUMNS, Matrix
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.elements import blocks_of, of_bfloat16
from kldiv_cli.readers.options import refuse_columns

if TYPE_CHECKING:
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream

MAGIC = b"\x93NUMPY"
HEADER = 10_000
"""Bytes of the longest header: NumPy's own limit. One of a plain array has 118."""


def read(stream: ByteStream, options: ReadOptions) -> Matrix:
    """Read one array; its rows are read after its type was looked at."""
    refuse_columns([options], stream.source, NO_COLUMNS)
    return read_array(stream, options.dtype)


def read_array(stream: ByteStream, wanted: str | None = None, name: str | None = None) -> Matrix:
    """Read an NPY file of version 1, 2 or 3.

    Parameters
    ----------
    stream : ByteStream
        All of it is read.
    wanted : {"bfloat16"}, optional
        The type of elements of two bytes of which the file does not say it.
    name : str, optional
        The name of the array.

    Raises
    ------
    InputError
        If it is not such a file; when its block is read, also if it is longer or shorter than
        its header says.
    """
    here = Place(stream.source, name=name)
    start = stream.read(8)
    if start[:6] != MAGIC:
        raise _bad("this is not an NPY file: it does not begin with its mark", here)
    if len(start) < 8 or start[6] not in (1, 2, 3) or start[7] != 0:
        raise _bad("this is NPY of a version that is not known, or is cut", here)
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > HEADER:
        message = f"the header says that it is {length} bytes long; {HEADER} are allowed"
        raise _bad(message, here)
    header = bytes(stream.read(length))
    if len(header) < length:
        raise _bad("the file ends within its header", here)
    descr, shape, fortran = _header(header, "utf-8" if start[6] == 3 else "latin-1", here)
    dtype = _dtype(descr, here)
    is_bfloat16 = wanted == "bfloat16" and dtype.itemsize == 2 and dtype.kind in "Vui"
    if is_bfloat16:
        dtype = np.dtype("<u2" if dtype.kind == "V" else dtype.str.replace("i", "u"))
    # Objects are pickled, and records have fields: neither is read, whatever follows.
    is_plain = dtype.itemsize > 0 and dtype.kind != "O"
    is_known = is_plain and stream.size is not None
    follow = (stream.size or 0) - (8 + width + length) if is_known else None
    bad = partial(_bad, here=here)
    blocks = blocks_of(stream, dtype, shape, bad, fortran=fortran, follow=follow)
    details = {"type": str(dtype), "shape": " x ".join(map(str, shape))}
    found = Matrix("npy", blocks, name=name, dtype=dtype, shape=shape, details=details)
    found = found._replace(let_go=stream.let_go)
    return of_bfloat16(found) if is_bfloat16 else found


def _header(header: bytes, encoding: str, here: Place) -> tuple[object, Any, bool]:
    import ast
    import warnings

    try:
        # Literals only, of a bounded length. Python's warnings about them are for programmers.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            entries = ast.literal_eval(header.decode(encoding).strip(" \n"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        entries = None
    match entries:
        case {"descr": descr, "fortran_order": bool(fortran), "shape": tuple(shape), **rest}:
            are_sizes = all(type(n) is int and 0 <= n < 2**62 for n in shape)
            if are_sizes and not rest:
                return descr, shape, fortran
    raise _bad("the header is not one of an array: descr, fortran_order and shape", here)


def _dtype(descr: object, here: Place) -> np.dtype[Any]:
    # A list of fields is one of records.
    text = descr if isinstance(descr, str) else "V"
    # Only what NumPy writes; its parser of types knows much more.
    if re.fullmatch(r"[<>=|]?(?:[iuf][0-9]{1,2}|[?bBOcSUVMm][^,]{0,20})", text):
        try:
            return np.dtype(text)
        except (TypeError, ValueError):
            pass
    raise _bad(f"elements of type {text[:60]!r} are not known", here)


def _bad(message: str, here: Place) -> InputError:
    return InputError("bad-npy", message, here)
