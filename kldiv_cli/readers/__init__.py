"""Bytes and objects in, distributions and tables out: each is understood, or refused with a place.

A file format is a module with a function ``read(stream, options)`` and a row of `FORMATS`.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from kldiv_cli.core.table import Members, Table
from kldiv_cli.errors import UsageError
from kldiv_cli.readers.failures import failures_named, near_files
from kldiv_cli.readers.formats import BY_EXTENSION, FORMATS
from kldiv_cli.readers.options import ReadOptions
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.distribution import Distribution, Outline
    from kldiv_cli.core.table import Data

__all__ = [
    "FORMATS", "Opened", "ReadOptions", "distributions_of", "held", "is_model", "is_read_once",
    "is_readable", "near_files", "opened", "outline", "read", "read_counts", "read_two",
    "split_name",
]  # fmt: skip


def read(
    source: object, options: ReadOptions | None = None, *, name: str | None = None
) -> Distribution:
    """Read one distribution.

    Parameters
    ----------
    source : path, array, sequence, mapping or data frame
        ``-`` is standard input.
    options : ReadOptions, optional
        The options for reading it.
    name : str, optional
        The name of the distribution; taken from the source if not given.

    Returns
    -------
    Distribution
        Validated weights; not yet normalised.

    Raises
    ------
    InputError
        If the source cannot be read or is not a distribution.
    UsageError
        If an option makes no sense.
    """
    return _read(source, (options or ReadOptions(),), (name,))[0]


def outline(source: object, options: ReadOptions) -> Distribution | Outline:
    """Read one distribution, or tell what a file of language models holds that is none.

    Parameters
    ----------
    source : path or object
        As in `read`.
    options : ReadOptions
        The options for reading it.

    Raises
    ------
    InputError, UsageError
        As `read` does.
    """
    from kldiv_cli.readers import outlines

    with opened(source, options) as found:
        return outlines.of(found, options) or distributions_of(found, [options], [None])[0]


def read_two(
    source: object,
    options: tuple[ReadOptions, ReadOptions],
    *,
    names: tuple[str | None, str | None] = (None, None),
) -> tuple[Distribution, Distribution]:
    """Read two distributions from one source, which is opened and parsed once.

    Parameters
    ----------
    source : path or object
        As in `read`: a table, an ``.npz`` file or a JSON object.
    options : pair of ReadOptions
        Their `weight` says which two. How the source is to be parsed is taken from the
        first of the two that says it.
    names : pair of str, optional
        The names of the distributions; those of the two weights if not given.

    Returns
    -------
    pair of Distribution
        In the order of `options`.

    Raises
    ------
    InputError, UsageError
        As `read` does.
    """
    is_one = options[0].at == options[1].at
    if is_one and any(option.weight is None for option in options):
        message = "two distributions of one source need two weights"
        raise UsageError("one-side", message, hint="--weight BEFORE --weight AFTER")
    first, second = _read(source, options, names)
    return first, second


def read_counts(
    source: object,
    options: ReadOptions,
    wanted: Wanted,
    *,
    name: str | None = None,
    profiles: bool = False,
) -> DataSet | Distribution:
    """Read a table of counts: a data set of a tidy table, a distribution of any other.

    Parameters
    ----------
    source : path or object
        As in `read`.
    options : ReadOptions
        How it is read.
    wanted : Wanted
        Which columns of a tidy table are wanted.
    name : str, optional
        The name of the distribution; taken from the source if not given.
    profiles : bool
        Whether it may be a profile instead, which is a data set, too.

    Raises
    ------
    InputError, UsageError
        As `read` does.
    """
    from kldiv_cli.readers import counted, meaning
    from kldiv_cli.readers.weights import weights_of

    with opened(source, options) as found:
        if profiles and isinstance(found.data, Members):
            known = wanted._replace(columns=None) if wanted.joint else wanted
            if profile := counted.profile(found.data, known, found.source, name):
                return profile
        (weights,) = weights_of(found.data, [options], found.source, counted.choose)
        name = name or found.name
        data_set = counted.tidy(weights, wanted, found.source, name, options.decimal)
        return data_set or meaning.distribution(weights, options, found.source, name)


def is_read_once(source: object) -> bool:
    """Say whether a source can be read once only: standard input, or a pipe."""
    from kldiv_cli.readers.source import Held

    if not isinstance(source, (str, os.PathLike)) or isinstance(source, Held):
        return False
    path = os.fsdecode(source)
    return path == "-" or (
        os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))
    )


def is_one_source(value: object) -> bool:
    """Say whether a value is one path or table, though it may have parts to go through."""
    if isinstance(value, (str, bytes, os.PathLike)):
        return True
    from kldiv_cli.readers import objects

    return objects.is_frame(value) or objects.is_remote(value)


def is_model(source: object) -> bool:
    """Say whether the first bytes of a file tell that it is a base file of llama.cpp.

    What can be read once only is not looked at, nor what is compressed or has the name of
    another format.
    """
    if not isinstance(source, (str, os.PathLike)) or is_read_once(source):
        return False
    extension = os.path.splitext(os.fsdecode(source))[1].lower()
    if BY_EXTENSION.get(extension, "llama-kld") != "llama-kld":
        return False
    marks = FORMATS["llama-kld"].marks
    try:
        with open(source, "rb", buffering=0) as file:
            return file.read(max(map(len, marks))).startswith(marks)
    except (OSError, ValueError):
        # It is read later, and then refused.
        return False


@contextmanager
def held(source: object) -> Iterator[object]:
    """Yield a source that can be read once only as one that can be read again.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    from kldiv_cli.readers import source as files

    text = source_name(source)
    with failures_named(text):
        found = files.held(text)
    with found.file:
        yield found


def is_readable(word: str) -> bool:
    """Say whether a word of the command line names an input: ``-``, PATH or NAME=PATH."""
    path = split_name(word)[1]
    return path == "-" or os.path.lexists(path)


def split_name(word: str) -> tuple[str | None, str]:
    """Split ``jan=data.csv`` into a name and a path; a file that is called so wins."""
    name, sign, path = word.partition("=")
    if not (name and sign and path) or "/" in name or os.path.lexists(word):
        return None, word
    return name, path


class Opened(NamedTuple):
    """An input that was opened and parsed.

    Attributes
    ----------
    source : str
        The name of the source in errors and reports.
    name : str
        Its name without folder and extension.
    data : Table, Matrix or Members
        Its contents, which are read as they are asked for where they are streamed.
    """

    source: str
    name: str
    data: Data


@contextmanager
def opened(source: object, options: ReadOptions, *, raw: bool = False) -> Iterator[Opened]:
    """Open and parse a source, which is closed when the context ends.

    Parameters
    ----------
    source : path or object
        As in `read`.
    options : ReadOptions
        How it is parsed.
    raw : bool
        It holds raw rows, which may inflate to any size where they are streamed.

    Raises
    ------
    InputError
        If the source cannot be opened or parsed, or whatever fails while the context lasts.
    UsageError
        If an option makes no sense.
    """
    text = source_name(source)
    with failures_named(text):
        if not isinstance(source, (str, os.PathLike)):
            from kldiv_cli.readers import objects

            if objects.is_remote(source):
                from kldiv_cli.readers import remote

                with remote.opened(source, options, raw=raw) as table:
                    yield Opened(text, remote.name_of(source), table)
                return
            data = objects.read(source, text, raw=raw, pointer=options.at)
            yield Opened(text, _stem(text), data)
        elif text != "-" and os.path.isdir(text):
            from kldiv_cli.readers import folder

            yield Opened(text, _stem(text), folder.read(text, options, _part, raw=raw))
        else:
            with _parsed(source, options, raw=raw) as data:
                yield Opened(text, _stem(text), data)


@contextmanager
def _part(path: str, options: ReadOptions) -> Iterator[Data]:
    """Open and parse a file of a folder, whose failures are its own."""
    with failures_named(path), _parsed(path, options, raw=True) as data:
        yield data


@contextmanager
def _parsed(path: str | os.PathLike[str], options: ReadOptions, *, raw: bool) -> Iterator[Data]:
    """Open and parse a file."""
    from kldiv_cli.readers import source as files

    with files.opened(path, options, raw=raw) as stream:
        module = import_module(f"kldiv_cli.readers.{FORMATS[stream.format].module}")
        data = module.read(stream, options)
        if isinstance(data, Table) and data.scan is not None:
            feed = partial(files.fed, path, options)
            data = data._replace(scan=data.scan._replace(feed=feed))
        yield data


def _read(
    source: object, wanted: Sequence[ReadOptions], names: Sequence[str | None]
) -> list[Distribution]:
    from kldiv_cli.core.distribution import LOG_KINDS

    # -Infinity is a number of JSON if either side is of logarithms.
    logs = [option.kind for option in wanted if option.kind in LOG_KINDS]
    pointer = next((option.at for option in wanted if option.at is not None), None)
    kind = logs[0] if logs else wanted[0].kind
    options = wanted[0]._replace(kind=kind, at=pointer)
    with opened(source, options) as found:
        return distributions_of(found, wanted, names)


def distributions_of(
    found: Opened, wanted: Sequence[ReadOptions], names: Sequence[str | None]
) -> list[Distribution]:
    """Return the distributions in a source that is open, one for each side.

    Parameters
    ----------
    found : Opened
        The source.
    wanted : sequence of ReadOptions
        One for each side.
    names : sequence of str or None
        What the sides are called; taken from the source where that is None.

    Raises
    ------
    InputError
        As `read` does.
    """
    from kldiv_cli.readers import meaning
    from kldiv_cli.readers.weights import weights_of

    every = weights_of(found.data, wanted, found.source)
    if len(wanted) > 1:
        parts = len({option.at for option in wanted}) > 1
        names = [
            name or (option.at if parts else None) or side.column
            for name, option, side in zip(names, wanted, every, strict=True)
        ]
    return [
        meaning.distribution(weights, option, found.source, name or found.name)
        for weights, option, name in zip(every, wanted, names, strict=True)
    ]


def source_name(source: object) -> str:
    """Return what errors and reports call a source."""
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source)
    from kldiv_cli.readers import objects

    return objects.source_name(source)


def location(source: object) -> str:
    """Return the path of a source as it is given, without what it says of the format.

    Of an object in memory it is what errors and reports call it.
    """
    from kldiv_cli.readers.compression import EXTENSIONS

    path = source_name(source)
    if path in ("-", "/dev/stdin"):
        return "stdin"
    stem, extension = os.path.splitext(path.rstrip("/"))
    if extension.lower() in EXTENSIONS:
        path, (stem, extension) = stem, os.path.splitext(stem)
    # What follows the last point may be a version, which tells two sources apart.
    return stem if extension.lower() in (*BY_EXTENSION, ".txt") else path.rstrip("/") or path


def name_of(source: object) -> str:
    """Return what a source is called that has no name of its own."""
    return _stem(source_name(source))


def _stem(source: str) -> str:
    """Return the name of a file without what it says of its format."""
    if source in ("-", "/dev/stdin"):
        return "stdin"
    base = os.path.basename(source.rstrip("/")) or source
    if base in (".", ".."):
        base = os.path.basename(os.path.abspath(source)) or source
    if source == f"/dev/fd/{base}":
        return f"fd{base}"
    stem, extension = os.path.splitext(base)
    while extension and stem:
        base, (stem, extension) = stem, os.path.splitext(stem)
        if extension.lower() not in BY_EXTENSION:
            break
    return base
