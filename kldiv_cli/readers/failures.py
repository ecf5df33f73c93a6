"""Failures of the system and of parsers as errors that name the source, and what is wrong."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kldiv_cli.errors import Fault, InputError, KldivError, Place, closest, in_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {
    errno.ENOENT: Fault("no-such-file", "there is no such file"),
    errno.ENOTDIR: Fault("no-such-file", "there is no such file"),
    errno.EISDIR: Fault("is-a-directory", "this is a directory, not a file"),
    errno.EACCES: Fault("permission-denied", "there is no permission to read this"),
    errno.EPERM: Fault("permission-denied", "there is no permission to read this"),
    errno.ELOOP: Fault("symlink-loop", "this is a symbolic link that leads to itself"),
    errno.ENAMETOOLONG: Fault("no-such-file", "this name is too long for a file"),
}
"""What is wrong, by the number of an error of the system."""


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
        fallback = Fault("unreadable", f"this cannot be read: {reason}")
        fault = KNOWN.get(getattr(error, "errno", 0), fallback)
        hint = ""
        if fault.code == "no-such-file" and (near := near_files(source)):
            hint = f"did you mean {in_shell(near[0], quoted=True)}?"
        raise InputError(fault.code, fault.message, Place(source), hint=hint) from error


def near_files(path: str) -> list[str]:
    """Return the path of the file whose name is closest to that of a path, if one is close."""
    folder, name = os.path.split(path)
    try:
        names = sorted(os.listdir(folder or "."))[:2000]
    except (OSError, ValueError):
        return []
    # Names that agree in little more than their extension are not close.
    close = closest(name[:200], names, 0.75)
    return [os.path.join(folder, close)] if close else []
