"""The process ``kldiv``: also ``python -m kldiv_cli``."""

from __future__ import annotations

import gc
import sys

if __name__ == "__main__" and sys.path:
    # ``python -m`` looks for modules in the working directory first; a data folder's
    # numpy.py must never be run.
    del sys.path[0]


def main() -> int:
    """Run the command line and return the exit code."""
    # A run is short and leaves no cycles behind that would be worth a search; and at exit
    # Python need not visit every object once more. Together a fifth of a small run.
    gc.disable()
    try:
        from kldiv_cli.cli.process import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
