"""NPZ: a ZIP archive of arrays; one of them is named, unless there is only one."""

from __future__ import annotations

import os
import sys
import zipfile
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from kldiv_cli import progress
from kldiv_cli.core.table import Block, Matrix, Members, Table
from kldiv_cli.errors import InputError, KldivError, Note, Place, abridged, option
from kldiv_cli.readers import histograms, sparse
from kldiv_cli.readers.column_choice import LABELS, WEIGHTS, plain_name
from kldiv_cli.readers.compression import INFLATED, RATIO
from kldiv_cli.readers.npy import read_array
from kldiv_cli.readers.source import seekable
from kldiv_cli.readers.stream import CHUNK, ByteStream
from kldiv_cli.readers.values import check_type, columns_of, named_columns, wide_noted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Data
    from kldiv_cli.readers.options import ReadOptions

MOST_ARRAYS = 1000
"""Arrays of the largest archive that is searched for a table, a histogram or a sparse matrix."""
LABEL_NAMES = LABELS | {"values", "value", "unique", "uniques"}
"""Names of arrays that hold labels, beside those that hold weights."""


def read(stream: ByteStream, options: ReadOptions) -> Members:
    """Read the table of contents of an archive; an array is read when it is asked for."""
    source = stream.source
    if stream.peek(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise InputError("bad-zip", "this is not a ZIP archive, as an .npz file is", Place(source))
    # The table of contents is at the end of the file.
    file = seekable(stream)
    with _damage_named(source):
        archive = zipfile.ZipFile(file)
        # `zipfile` passes over whatever stands before and after the archive.
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 22 - len(archive.comment)))
        if file.read(4) != b"PK\x05\x06":
            raise InputError("bad-zip", "there is something after the archive", Place(source))
        if min((info.header_offset for info in archive.infolist()), default=0):
            raise InputError("bad-zip", "there is something before the archive", Place(source))
        return Archive(source, archive, file, size, options)


@contextmanager
def _damage_named(source: str) -> Iterator[None]:
    """Turn every failure to read an archive into an error that says that it is damaged."""
    try:
        yield
    except (KldivError, MemoryError, RecursionError):
        raise
    # For damaged archives the module raises a dozen types, which are not documented.
    except Exception as error:
        message = f"the ZIP archive is damaged: {str(error)[:100] or type(error).__name__}"
        raise InputError("bad-zip", message, Place(source)) from error


class Archive(Members):
    """The arrays of an archive.

    Parameters
    ----------
    source : str
        The name of the source in errors.
    archive : ZipFile
        Open.
    file : file
        Where the archive is read from.
    size : int
        Bytes of the archive.
    options : ReadOptions
        How it is read. Where it names no limit, the arrays that are held may together inflate to
        `RATIO` times the size of the archive, or `INFLATED`.
    """

    what = "this is an archive, which has no columns;"
    each = "array"

    def __init__(
        self,
        source: str,
        archive: zipfile.ZipFile,
        file: IO[bytes],
        size: int,
        options: ReadOptions,
    ) -> None:
        self._archive = archive
        self._file, self._size = file, size
        self._dtype = options.dtype
        limit = options.max_inflated
        self._allowed = max(INFLATED, RATIO * size) if limit is None else limit
        self._is_limited = limit is not None
        self._members = [info for info in archive.infolist() if not info.is_dir()]
        super().__init__(source, list(map(_name, self._members)))

    def resolved(self, labels: Sequence[str | None], weights: Sequence[str | None]) -> Data:
        """See `Members.resolved`."""
        self._check_arrays()
        headers = self._headers()
        names = sparse.names(headers)
        if names is not None:
            return self._sparse(names)
        found = self._histogram(headers, weights)
        if found is not None and not any(labels):
            columns = [(histograms.BIN, found.labels), *found.columns.items()]
            details = {"shape": "a histogram"}
            return Table("npz", whole=columns, notes=found.notes, details=details, from_edges=True)
        names = self._labelled(headers, [*filter(None, labels)])
        if names is not None:
            return Table("npz", whole=list(self._arrays(names).items()))
        return self

    def member(self, name: str | None) -> Matrix:
        """See `Members.member`."""
        info = self._chosen(name)
        return self._matrix(info, self._allowed)

    def _chosen(self, name: str | None) -> zipfile.ZipInfo:
        """Return the array that is called so, or the only one."""
        self._check_arrays()
        if name is None and len(self.names) > 1:
            several = abridged(f"{name[:60]!r}" for name in self.names)
            message = f"there are several arrays: {several}"
            hint = f"{option('--weight', self.names[0])}, or another"
            if len(self.names) == 2 and self._labelled(self._headers(), self.names[:1]):
                first, second = self.names
                hint += f"; {option('--label', first)} {option('--weight', second)}"
                hint += " if the first holds the outcomes"
            raise InputError("several-weights", message, Place(self.source), hint=hint)
        return self._members[0 if name is None else self.find(name)]

    def array(self, name: str | None) -> Matrix | None:
        """See `Members.array`; its rows may inflate to any size unless they are held."""
        if self.resolved((), (name,)) is not self:
            return None
        return self._matrix(self._chosen(name), self._allowed, is_held=self._is_limited)

    def table(self) -> Table:
        """See `Members.table`; a table of the archive has columns NAME.0, NAME.1 and so on."""
        columns: list[tuple[str, Any]] = []
        notes: list[Note] = []
        # The limit on inflated size is for all arrays together.
        left = self._allowed
        self._check_arrays()
        headers = self._headers()
        names = sparse.names(headers)
        if names is not None:
            array = self._sparse(names).whole()
            return Table("npz", whole=columns_of(array, Place(self.source)))
        if self._histogram(headers, ()) is not None:
            raise histograms.no_raw_rows(self.source)
        for name in self.names:
            matrix = self._matrix(self._members[self.find(name)], left)
            here = Place(self.source, name=name)
            check_type(matrix.dtype, here, raw=True)
            array = matrix.whole()
            left -= array.nbytes
            columns += named_columns(name, array, here)
            notes += wide_noted(array, self.source)
        return Table("npz", whole=columns, notes=tuple(notes))

    def _headers(self) -> dict[str, Matrix]:
        """Return the arrays whose headers can be read; their elements are not read yet."""
        headers: dict[str, Matrix] = {}
        for info in self._members[:MOST_ARRAYS]:
            # An array that is damaged is refused when it is asked for.
            with suppress(InputError):
                headers[_name(info)] = self._matrix(info, sys.maxsize)
        return headers

    def _arrays(self, names: Iterable[str]) -> dict[str, NDArray[Any]]:
        """Return arrays; the limit on inflated size is for all of them together."""
        left = self._allowed
        found = {}
        for name in names:
            found[name] = self._matrix(self._members[self.find(name)], left).whole()
            left -= found[name].nbytes
        return found

    def _histogram(
        self, headers: Mapping[str, Matrix], weights: Sequence[str | None]
    ) -> histograms.Histogram | None:
        """Return the histogram that arrays are, if there is one."""
        shapes = [matrix.shape or () for matrix in headers.values()]
        if sorted(map(len, shapes)) == [1, 1, 2] and {*map(_kind, headers.values())} <= {*"iuf"}:
            return histograms.in_grid(self._arrays(headers), self.source)
        sizes = {name: _length(matrix) for name, matrix in headers.items() if _is_vector(matrix)}
        whole = {*sizes.values()}
        near = [name for name, size in sizes.items() if {size - 1, size + 1} & whole]
        if not near:
            return None
        # The lengths of all arrays matter, and the numbers in few of them.
        lengths = {name: np.broadcast_to(0.0, (size,)) for name, size in sizes.items()}
        return histograms.in_arrays(lengths | self._arrays(near), weights, self.source)

    def _labelled(self, headers: Mapping[str, Matrix], labels: Sequence[str]) -> list[str] | None:
        """Return the names of arrays that are the columns of a table, if they are: with labels.

        Labels are text, dates, or numbers that are called so, or that the user names.
        """
        sizes = {matrix.shape or () for matrix in headers.values()}
        is_whole = 1 < len(headers) == len(self._members)
        if not is_whole or len(sizes) > 1 or any(len(shape) != 1 for shape in sizes):
            return None
        kinds = {name: _kind(matrix) for name, matrix in headers.items()}
        if not {*kinds.values()} <= {*"iufUMb"}:
            return None
        if any(kinds.get(label, "f") != "f" for label in labels) or {*kinds.values()} & {*"UM"}:
            return list(headers)
        if histograms.name_edges(list(headers)):
            return list(headers)
        plain = {name: plain_name(name) for name in headers}
        named = [name for name in headers if plain[name] in WEIGHTS]
        others = [name for name in headers if name not in named]
        told = len(others) == 1 and plain[others[0]] in LABEL_NAMES
        counts = all(kinds[name] in "iu" for name in named)
        return list(headers) if named and told and (counts or kinds[others[0]] in "iub") else None

    def _sparse(self, names: Sequence[str]) -> Matrix:
        """Return a sparse matrix, of which these are the arrays, as a dense one."""
        found = sparse.dense(self._arrays(names), self.source, self._allowed)
        details = {"shape": " x ".join(map(str, found.shape)), "type": str(found.dtype)}
        block = Block(found[0] if len(found) == 1 else found)
        return Matrix("npz", [block], dtype=found.dtype, details={"array": "sparse", **details})

    def _check_arrays(self) -> None:
        if not any(info.filename.endswith(".npy") for info in self._members):
            book = "[Content_Types].xml" in self.names
            hint = "save the sheet as CSV" if book else "unpack it, and name the file inside"
            message = "this ZIP archive holds no arrays"
            raise InputError("no-arrays", message, Place(self.source), hint=hint)

    def _matrix(self, info: zipfile.ZipInfo, allowed: int, *, is_held: bool = True) -> Matrix:
        """Return an array of which so many bytes may be held, or that is held as a whole."""
        name = _name(info)
        here = Place(self.source, name=name)
        if info.flag_bits & 1:
            raise InputError("bad-zip", "this array is encrypted", here)
        check = partial(_check, allowed, here)
        if is_held:
            check(info.file_size)
        with _damage_named(self.source):
            file = self._archive.open(info)
            stream = ByteStream(self.source, iter(partial(file.read, CHUNK), b""))
            stream.check = check
            matrix = read_array(stream, self._dtype, name)
        details = {"array": name, **matrix.details}
        return matrix._replace(format="npz", blocks=self._read(matrix.blocks), details=details)

    def _read(self, blocks: Iterable[Block]) -> Iterator[Block]:
        with _damage_named(self.source):
            for block in blocks:
                progress.step(self.source, self._file.tell(), self._size)
                yield block


def _is_vector(matrix: Matrix) -> bool:
    return len(matrix.shape or ()) == 1 and _kind(matrix) in "iuf"


def _length(matrix: Matrix) -> int:
    return (matrix.shape or (0,))[0]


def _kind(matrix: Matrix) -> str:
    return "" if matrix.dtype is None else matrix.dtype.kind


def _name(info: zipfile.ZipInfo) -> str:
    return info.filename.removesuffix(".npy")


def _check(allowed: int, here: Place, amount: int) -> None:
    """Refuse more bytes of an array than may be in memory."""
    if amount > allowed:
        message = f"this array inflates to more than {allowed} bytes"
        hint = "--max-inflated BYTES allows more"
        raise InputError("inflated-too-large", message, here, hint=hint)
