"""The process ``kldiv``: also ``python -m kldiv_cli``."""

from __future__ import annotations

import sys

if __name__ == "__main__" and sys.path:
    # ``python -m`` looks for modules in the working directory first; a data folder's
    # numpy.py must never be run.
    del sys.path[0]


def main() -> int:
    """Run the command line and return the exit code."""
    try:
        from kldiv_cli.cli.process import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
