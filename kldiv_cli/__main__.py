"""The process ``kldiv``: also ``python -m kldiv_cli``."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

if __name__ == "__main__" and sys.path:
    # ``python -m`` looks for modules in the working directory first; a data folder's
    # numpy.py must never be run.
    del sys.path[0]


def main() -> int:
    """Run the command line and return the exit code."""
    # A run is short and leaves no cycles behind that would be worth a search.
    gc.disable()
    try:
        from kldiv_cli.cli.process import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


def program() -> NoReturn:
    """Be the program ``kldiv``: run the command line and end the process with the exit code."""
    # Everything is written, past Python's buffers. To take down one object after the other
    # would take a twentieth of a small run.
    os._exit(main())


if __name__ == "__main__":
    program()
