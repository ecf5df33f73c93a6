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
from kldiv_cli.errors import UsageError, option
from kldiv_cli.readers.failures import failures_named, near_files
from kldiv_cli.readers.formats import BY_EXTENSION, FORMATS
from kldiv_cli.readers.options import ReadOptions
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.core.dataset import DataSet, Wanted
    from kldiv_cli.core.distribution import Distribution, Outline
    from kldiv_cli.core.table import Data
    from kldiv_cli.readers.outcomes import Weights

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
    _refuse_one_side(source, options)
    first, second = _read(source, options, names)
    return first, second


def read_counts(
    source: object,
    options: Sequence[ReadOptions],
    wanted: Wanted,
    *,
    names: Sequence[str | None] = (None,),
    profiles: bool = False,
) -> list[DataSet | Distribution]:
    """Read a table of counts: a data set of a tidy table, a distribution of any other.

    Parameters
    ----------
    source : path or object
        As in `read`.
    options : sequence of ReadOptions
        How it is read; of two, as in `read_two`, there are two answers.
    wanted : Wanted
        Which columns of a tidy table are wanted.
    names : sequence of str or None
        What each answer is called; taken from the source where that is None.
    profiles : bool
        Whether it may be a profile instead, which is a data set, too.

    Raises
    ------
    InputError, UsageError
        As `read` does.
    """
    from kldiv_cli.readers import counted, meaning
    from kldiv_cli.readers.weights import weights_of

    if len(options) > 1:
        _refuse_one_side(source, options)
    with opened(source, _for_all(options)) as found:
        if profiles and isinstance(found.data, Members):
            known = wanted._replace(columns=None) if wanted.joint else wanted
            if profile := counted.profile(found.data, known, found.source, names[0]):
                return [profile]
        every = weights_of(found.data, options, found.source, counted.choose)
        called = _called(found, options, names, every)
        return [
            counted.tidy(weights, wanted, found.source, name, option.decimal)
            or meaning.distribution(weights, option, found.source, name)
            for weights, option, name in zip(every, options, called, strict=True)
        ]


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
    with opened(source, _for_all(wanted)) as found:
        return distributions_of(found, wanted, names)


def _for_all(wanted: Sequence[ReadOptions]) -> ReadOptions:
    """Return how a source is parsed that is read for several sides."""
    from kldiv_cli.core.distribution import LOG_KINDS

    # -Infinity is a number of JSON if either side is of logarithms.
    logs = [option.kind for option in wanted if option.kind in LOG_KINDS]
    pointer = next((option.at for option in wanted if option.at is not None), None)
    return wanted[0]._replace(kind=logs[0] if logs else wanted[0].kind, at=pointer)


def _refuse_one_side(source: object, wanted: Sequence[ReadOptions]) -> None:
    """Refuse one source for two sides, unless they are two weights, or two parts of it."""
    first, second = wanted
    are_named = first.weight is not None and second.weight is not None
    if first.at != second.at or (are_named and first.weight != second.weight):
        return
    message = "there is only one source, and no two weights of it are named"
    hint = "name a second file"
    names = _names_of_weights(source, first._replace(weight=None))
    if len(names) > 1:
        hint += f", or two weights of the first: {option('--weight', names[0])}"
        hint += f" {option('--weight', names[1])}"
    raise UsageError("one-side", message, hint=hint)


def _names_of_weights(source: object, wanted: ReadOptions) -> Sequence[str]:
    """Return the names of the weights of a source; of a pipe, which may be empty, words for them.

    No more is read than that takes.
    """
    from kldiv_cli.readers.weights import names_of_weights

    if is_read_once(source):
        return ("BEFORE", "AFTER")
    with opened(source, wanted) as found:
        return names_of_weights(found.data, wanted, found.source)


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
    called = _called(found, wanted, names, every)
    return [
        meaning.distribution(weights, option, found.source, name)
        for weights, option, name in zip(every, wanted, called, strict=True)
    ]


def _called(
    found: Opened,
    wanted: Sequence[ReadOptions],
    names: Sequence[str | None],
    every: Sequence[Weights],
) -> list[str]:
    """Return the names of the sides of a source: of two, what tells them apart if not given."""
    if len(wanted) > 1:
        parts = len({option.at for option in wanted}) > 1
        names = [
            name or (option.at if parts else None) or side.column
            for name, option, side in zip(names, wanted, every, strict=True)
        ]
    return [name or found.name for name in names]


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
