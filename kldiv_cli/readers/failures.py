"""Failures of the system and of parsers as errors that name the source, and what is wrong."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kldiv_cli.errors import InputError, KldivError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {
    errno.ENOENT: ("no-such-file", "there is no such file"),
    errno.ENOTDIR: ("no-such-file", "there is no such file"),
    errno.EISDIR: ("is-a-directory", "this is a directory, not a file"),
    errno.EACCES: ("permission-denied", "there is no permission to read this"),
    errno.EPERM: ("permission-denied", "there is no permission to read this"),
    errno.ELOOP: ("symlink-loop", "this is a symbolic link that leads to itself"),
    errno.ENAMETOOLONG: ("no-such-file", "this name is too long for a file"),
}
"""Codes and messages by the number of an error of the system."""


@contextmanager
def failures_named(source: str) -> Iterator[None]:
    """Turn whatever fails while the context lasts into an error that names the source.

    Raises
    ------
    InputError
        If something fails that is no error of the package itself.
    """
    try:
        yield
    except KldivError:
        raise
    except RecursionError:
        raise InputError("too-deep", "this is nested too deeply", Place(source)) from None
    except MemoryError:
        raise InputError("out-of-memory", "there is not enough memory", Place(source)) from None
    except (OSError, ValueError, EOFError, OverflowError) as error:
        reason = (getattr(error, "strerror", "") or str(error) or type(error).__name__)[:200]
        fallback = ("unreadable", f"this cannot be read: {reason}")
        code, message = KNOWN.get(getattr(error, "errno", 0), fallback)
        raise InputError(code, message, Place(source)) from error
