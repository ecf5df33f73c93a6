"""``kldiv measures``: say what can be measured."""

# Typer reads these annotations at run time: no `from __future__ import annotations` here.

from typing import Annotated

import typer

from kldiv_cli.cli.job import Job, printed
from kldiv_cli.errors import UsageError

EPILOG = ""


def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Some; all if not given.")
    ] = None,
) -> Job:
    """List every measure: symbol, formula, range, unit and properties."""
    from kldiv_cli.core.measures import MEASURES, find
    from kldiv_cli.renderers.measures import render

    try:
        known = [MEASURES.get(name) or find(name) for name in names or MEASURES]
    except ValueError as error:
        raise UsageError("unknown-measure", str(error)) from None
    return printed(render(known))
