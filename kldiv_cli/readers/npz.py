"""NPZ: a ZIP archive of arrays; one of them is named, unless there is only one."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from kldiv_cli.errors import InputError, KldivError, Place, abridged, did_you_mean
from kldiv_cli.readers.arrays import checked
from kldiv_cli.readers.compression import INFLATED, RATIO
from kldiv_cli.readers.npy import described, read_array, refuse_columns
from kldiv_cli.readers.reading import Reading
from kldiv_cli.readers.stream import CHUNK, ByteStream
from kldiv_cli.readers.values import columns_of, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.core.table import Table
    from kldiv_cli.readers.options import ReadOptions


def load(stream: ByteStream, wanted: Sequence[ReadOptions], format_: str) -> list[Reading]:
    """Read the arrays that are wanted."""
    source = stream.source
    refuse_columns([option._replace(weight=None) for option in wanted], source, "an archive")
    with _opened(stream) as (archive, size):
        return [_read(archive, option, size, source, format_) for option in wanted]


def rows(stream: ByteStream, option: ReadOptions, format_: str) -> Table:
    """Read raw rows: each array is a column, or a table of columns NAME.0, NAME.1 and so on."""
    source = stream.source
    columns: list[tuple[str, NDArray[Any]]] = []
    with _opened(stream) as (archive, size):
        # Together they may inflate to what one of them may where it is alone.
        left = _allowed(option, size)
        for name in map(_name, archive.infolist()):
            info = _member(archive, name, source)
            array = _array(archive, info, left, source, raw=True)
            left -= array.nbytes
            columns += [
                (name if array.ndim == 1 else f"{name}.{index}", column)
                for index, column in columns_of(array, Place(source, name=name))
            ]
    return table(columns, source, format_)


@contextmanager
def _opened(stream: ByteStream) -> Iterator[tuple[zipfile.ZipFile, int]]:
    source = stream.source
    if stream.peek(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise InputError("bad-zip", "this is not a ZIP archive, as an .npz file is", Place(source))
    # The table of contents is at the end of the file.
    data = b"".join(stream)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # `zipfile` passes over whatever stands before and after the archive.
            end = len(data) - 22 - len(archive.comment)
            if data[end : end + 4] != b"PK\x05\x06":
                raise InputError("bad-zip", "there is something after the archive", Place(source))
            if min((info.header_offset for info in archive.infolist()), default=0):
                raise InputError("bad-zip", "there is something before the archive", Place(source))
            yield archive, len(data)
    except (KldivError, MemoryError, RecursionError):
        raise
    # What the module raises for damaged archives is a dozen types, not documented.
    except Exception as error:
        message = f"the ZIP archive is damaged: {str(error)[:100] or type(error).__name__}"
        raise InputError("bad-zip", message, Place(source)) from error


def _read(
    archive: zipfile.ZipFile, wanted: ReadOptions, size: int, source: str, format_: str
) -> Reading:
    info = _member(archive, wanted.weight, source)
    name = _name(info)
    array = _array(archive, info, _allowed(wanted, size), source)
    weights, integers = checked(array, wanted.kind, source, name)
    details = {"array": name, **described(array)}
    return Reading(format_, weights, integers, column=name, details=details)


def _array(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    allowed: int,
    source: str,
    *,
    raw: bool = False,
) -> NDArray[Any]:
    """Return an array that may inflate to so many bytes."""
    name = _name(info)
    here = Place(source, name=name)
    if info.flag_bits & 1:
        raise InputError("bad-zip", "this array is encrypted", here)
    with archive.open(info) as file:
        stream = ByteStream(source, _bounded(file, info.file_size, allowed, here))
        return read_array(stream, source, name, raw=raw)


def _name(info: zipfile.ZipInfo) -> str:
    return info.filename.removesuffix(".npy")


def _allowed(option: ReadOptions, size: int) -> int:
    limit = option.max_inflated
    return max(INFLATED, RATIO * size) if limit is None else limit


def _member(archive: zipfile.ZipFile, weight: str | None, source: str) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if not info.is_dir()]
    names = list(map(_name, members))
    if not any(info.filename.endswith(".npy") for info in members):
        book = any(name == "[Content_Types].xml" for name in names)
        raise InputError(
            "no-arrays",
            "this ZIP archive holds no arrays",
            Place(source),
            hint="save the sheet as CSV" if book else "unpack it, and name the file inside",
        )
    if weight is None:
        if len(names) == 1:
            return members[0]
        raise InputError(
            "several-weights",
            f"there are several arrays: {abridged(f'{name[:60]!r}' for name in names)}",
            Place(source),
            hint=f"--weight {names[0][:60]}, or another",
        )
    found = [info for info, name in zip(members, names, strict=True) if name == weight]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{len(found)} arrays are called {weight[:60]!r}"
        raise InputError("duplicate-columns", message, Place(source))
    raise InputError(
        "unknown-column",
        f"there is no array {weight[:60]!r}",
        Place(source),
        hint=did_you_mean(weight, names),
    )


def _bounded(file: IO[bytes], declared: int, allowed: int, here: Place) -> Iterator[bytes]:
    amount = 0
    while True:
        if max(amount, declared) > allowed:
            raise InputError(
                "inflated-too-large",
                f"this array inflates to more than {allowed} bytes",
                here,
                hint="--max-inflated BYTES allows more",
            )
        chunk = file.read(CHUNK)
        if not chunk:
            return
        amount += len(chunk)
        yield chunk
