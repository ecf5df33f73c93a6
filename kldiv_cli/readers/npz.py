"""NPZ: a ZIP archive of arrays; one of them is named, unless there is only one."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from kldiv_cli.core.table import Block, Matrix, Members, Table
from kldiv_cli.errors import InputError, KldivError, Place, abridged, option
from kldiv_cli.readers.compression import INFLATED, RATIO
from kldiv_cli.readers.npy import read_array
from kldiv_cli.readers.options import refuse_columns
from kldiv_cli.readers.stream import CHUNK, ByteStream
from kldiv_cli.readers.values import check_type, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.readers.options import ReadOptions


def read(stream: ByteStream, options: ReadOptions) -> Members:
    """Read the table of contents of an archive; an array is read when it is asked for."""
    source = stream.source
    refuse_columns([options._replace(weight=None)], source, Archive.what)
    if stream.peek(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise InputError("bad-zip", "this is not a ZIP archive, as an .npz file is", Place(source))
    # The table of contents is at the end of the file.
    data = b"".join(stream)
    with _damage_named(source):
        archive = zipfile.ZipFile(io.BytesIO(data))
        # `zipfile` passes over whatever stands before and after the archive.
        end = len(data) - 22 - len(archive.comment)
        if data[end : end + 4] != b"PK\x05\x06":
            raise InputError("bad-zip", "there is something after the archive", Place(source))
        if min((info.header_offset for info in archive.infolist()), default=0):
            raise InputError("bad-zip", "there is something before the archive", Place(source))
        limit = options.max_inflated
        allowed = max(INFLATED, RATIO * len(data)) if limit is None else limit
        return Archive(source, archive, allowed)


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
    allowed : int
        Bytes that one array, or all of them together, may inflate to.
    """

    what = "this is an archive, which has no columns;"
    each = "array"

    def __init__(self, source: str, archive: zipfile.ZipFile, allowed: int) -> None:
        self._archive = archive
        self._allowed = allowed
        self._members = [info for info in archive.infolist() if not info.is_dir()]
        super().__init__(source, list(map(_name, self._members)))

    def member(self, name: str | None) -> Matrix:
        """See `Members.member`."""
        self._check_arrays()
        if name is None and len(self.names) > 1:
            several = abridged(f"{name[:60]!r}" for name in self.names)
            message = f"there are several arrays: {several}"
            hint = f"{option('--weight', self.names[0])}, or another"
            raise InputError("several-weights", message, Place(self.source), hint=hint)
        return self._matrix(self._members[0 if name is None else self.find(name)], self._allowed)

    def table(self) -> Table:
        """See `Members.table`; a table of the archive has columns NAME.0, NAME.1 and so on."""
        columns: list[tuple[str, Any]] = []
        # The limit on inflated size is for all arrays together.
        left = self._allowed
        self._check_arrays()
        for name in self.names:
            matrix = self._matrix(self._members[self.find(name)], left)
            here = Place(self.source, name=name)
            check_type(matrix.dtype, here, raw=True)
            (block,) = matrix.blocks
            left -= block.values.nbytes
            columns += [
                (name if block.values.ndim == 1 else f"{name}.{index}", column)
                for index, column in columns_of(block.values, here)
            ]
        return Table("npz", whole=columns)

    def _check_arrays(self) -> None:
        if not any(info.filename.endswith(".npy") for info in self._members):
            book = "[Content_Types].xml" in self.names
            hint = "save the sheet as CSV" if book else "unpack it, and name the file inside"
            message = "this ZIP archive holds no arrays"
            raise InputError("no-arrays", message, Place(self.source), hint=hint)

    def _matrix(self, info: zipfile.ZipInfo, allowed: int) -> Matrix:
        """Return an array that may inflate to so many bytes."""
        name = _name(info)
        here = Place(self.source, name=name)
        if info.flag_bits & 1:
            raise InputError("bad-zip", "this array is encrypted", here)
        with _damage_named(self.source):
            chunks = _bounded(self._archive.open(info), info.file_size, allowed, here)
            matrix = read_array(ByteStream(self.source, chunks), name)
        details = {"array": name, **matrix.details}
        return matrix._replace(format="npz", blocks=self._read(matrix.blocks), details=details)

    def _read(self, blocks: Iterable[Block]) -> Iterator[Block]:
        with _damage_named(self.source):
            yield from blocks


def _name(info: zipfile.ZipInfo) -> str:
    return info.filename.removesuffix(".npy")


def _bounded(file: IO[bytes], declared: int, allowed: int, here: Place) -> Iterator[bytes]:
    amount = 0
    while True:
        if max(amount, declared) > allowed:
            message = f"this array inflates to more than {allowed} bytes"
            hint = "--max-inflated BYTES allows more"
            raise InputError("inflated-too-large", message, here, hint=hint)
        if not (chunk := file.read(CHUNK)):
            return
        amount += len(chunk)
        yield chunk
