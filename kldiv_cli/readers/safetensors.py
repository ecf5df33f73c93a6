"""safetensors: a header of JSON, and tensors of which one is read, by blocks of rows."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.table import Matrix, Members, Table
from kldiv_cli.errors import InputError, Note, Place, abridged, option
from kldiv_cli.readers.elements import blocks_of, of_bfloat16
from kldiv_cli.readers.source import Held, seekable, stream_of
from kldiv_cli.readers.values import check_type, named_columns, wide_noted
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream

HEADER = 1_000_000
"""Bytes of the longest header, if the user allows no longer one: some 10,000 tensors."""
BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8}
"""Bits of an element of types that NumPy does not know, and that are refused."""
TYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8",
    "C64": "<c8",
}  # fmt: skip
"""Types of elements as NumPy calls them."""


class Tensor(NamedTuple):
    """What the header says of a tensor; its data lie from `start` to `end` behind the header."""

    type: str
    shape: tuple[int, ...]
    start: int
    end: int


def read(stream: ByteStream, options: ReadOptions) -> Tensors:
    """Read the header of a file; a tensor is read when it is asked for.

    Raises
    ------
    InputError
        If the header is none, or the tensors do not lie one behind the other to the end.
    """
    here = Place(stream.source)
    start = stream.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8:
        raise _bad("the file ends within the length of its header", here)
    limit = HEADER if options.max_header is None else options.max_header
    if length > limit:
        message = f"the header says that it is {length} bytes long; {limit} are allowed"
        raise _bad(message, here, hint="--max-header SIZE allows more")
    header = bytes(stream.read(length))
    if len(header) < length:
        raise _bad("the file ends within its header", here)
    tensors = _parsed(header, here)
    if not tensors:
        raise InputError("no-arrays", "this file holds no tensors", here)
    data = _checked(tensors, here)
    follow = None if stream.size is None else stream.size - 8 - length
    if follow not in (None, data):
        raise _bad(f"the tensors need {data} bytes, but {follow} follow the header", here)
    return Tensors(stream, tensors, 8 + length)


def _parsed(header: bytes, here: Place) -> dict[str, Tensor]:
    """Return the tensors of a header, by their names."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _bad(f"the header names {twice[:60]!r} twice", here)
        return found

    try:
        entries = json.loads(header.decode(), object_pairs_hook=members)
    except InputError:
        raise
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict) or not header.startswith(b"{"):
        raise _bad("the header is no object of JSON", here)
    entries.pop("__metadata__", None)
    return {name: _tensor(entry, Place(here.source, name=name)) for name, entry in entries.items()}


def _tensor(entry: Any, here: Place) -> Tensor:
    match entry:
        case {"dtype": str(type_), "shape": [*shape], "data_offsets": [start, end]}:
            # True is an integer, too.
            if all(type(number) is int and number >= 0 for number in (*shape, start, end)):
                return Tensor(type_, tuple(shape), start, end)
    message = "the header does not say a type, a shape and the place of its data"
    raise _bad(message, here)


def _checked(tensors: dict[str, Tensor], here: Place) -> int:
    """Return where the data end; they must fit the shapes, and lie one behind the other."""
    for name, tensor in tensors.items():
        type_ = TYPES.get(tensor.type)
        bits = BITS.get(tensor.type) if type_ is None else 8 * np.dtype(type_).itemsize
        size = tensor.end - tensor.start
        if bits is not None and 8 * size != prod(tensor.shape) * bits:
            shape = str(list(tensor.shape))[:80]
            message = f"shape {shape} of {tensor.type} does not fit {size} bytes of data"
            raise _bad(message, Place(here.source, name=name))
    order = sorted(tensors, key=lambda name: (tensors[name].start, tensors[name].end))
    if tensors[order[0]].start:
        raise _bad("there is a hole before the data", Place(here.source, name=order[0]))
    for before, after in pairwise(order):
        if tensors[after].start != tensors[before].end:
            is_hole = tensors[after].start > tensors[before].end
            what = "there is a hole before the data" if is_hole else "the data overlap others"
            raise _bad(what, Place(here.source, name=after))
    return tensors[order[-1]].end


class Tensors(Members):
    """The tensors of a file.

    Parameters
    ----------
    stream : ByteStream
        At the end of the header.
    tensors : dict of str to Tensor
        At least one.
    start : int
        Where the header ends in the file.
    """

    what = "this file holds tensors, which have no columns;"
    each = "tensor"

    def __init__(self, stream: ByteStream, tensors: dict[str, Tensor], start: int) -> None:
        super().__init__(stream.source, list(tensors))
        self._stream = stream
        self._tensors = tensors
        self._start = start
        self._held: Held | None = None

    def member(self, name: str | None) -> Matrix:
        """See `Members.member`."""
        if name is None and len(self.names) > 1:
            several = abridged(f"{name[:60]!r}" for name in self.names)
            hint = f"{option('--weight', self.names[0])}, or another"
            message = f"there are several tensors: {several}"
            raise InputError("several-weights", message, Place(self.source), hint=hint)
        name = self.names[0 if name is None else self.find(name)]
        tensor, here = self._tensors[name], Place(self.source, name=name)
        if tensor.type not in TYPES:
            hint = "save the tensor as float32: tensor.float()"
            message = f"elements of type {tensor.type[:60]!r} are not read"
            raise InputError("bad-dtype", message, here, hint=hint)
        dtype = np.dtype(TYPES[tensor.type])
        alone = len(self.names) == 1
        stream = self._stream if alone else self._beside(tensor.start)
        blocks = blocks_of(stream, dtype, tensor.shape, partial(_bad, here=here), ends=alone)
        shape = " x ".join(map(str, tensor.shape))
        details = {"tensor": name, "type": str(dtype), "shape": shape}
        found = Matrix("safetensors", blocks, name=name, dtype=dtype, shape=tensor.shape)
        found = found._replace(details=details, let_go=stream.let_go)
        return of_bfloat16(found) if tensor.type == "BF16" else found

    def array(self, name: str | None) -> Matrix:
        """See `Members.array`."""
        return self.member(name)

    def described(self) -> dict[str, str]:
        """Return the type and the shape of each tensor, by its name."""
        return {
            name: f"{tensor.type}, {' x '.join(map(str, tensor.shape)) or 'one number'}"
            for name, tensor in self._tensors.items()
        }

    def table(self) -> Table:
        """See `Members.table`; its columns are called NAME.0, NAME.1 and so on."""
        columns: list[tuple[str, Any]] = []
        notes: list[Note] = []
        for name in self.names:
            matrix, here = self.member(name), Place(self.source, name=name)
            check_type(matrix.dtype, here, raw=True)
            array = matrix.whole()
            columns += named_columns(name, array, here)
            notes += wide_noted(array, self.source)
        return Table("safetensors", whole=columns, notes=tuple(notes))

    def _beside(self, start: int) -> ByteStream:
        """Return the data from some place on; each tensor is read on its own."""
        if self._stream.path is not None:
            file = seekable(self._stream)
            start += self._start
        else:
            self._held = self._held or Held(self.source, seekable(self._stream))
            file = self._held.reopened()
            self._stream.files.append(file)
        file.seek(start)
        return stream_of(file, self.source)


def _bad(message: str, here: Place, hint: str = "") -> InputError:
    return InputError("bad-safetensors", message, here, hint=hint)
