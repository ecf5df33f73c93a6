"""``kldiv measures``: every measure and what is known of it."""

from __future__ import annotations

from typing import Any

from kldiv_cli.cli import options, streams
from kldiv_cli.cli.options import Argument
from kldiv_cli.errors import UsageError


@options.command(Argument("names", "[NAME]...", "Some; all if not given."))
def measures(names: list[str], said: dict[str, Any]) -> int:
    """List every measure: symbol, formula, range, unit and properties."""
    from kldiv_cli.core.measures import MEASURES, find
    from kldiv_cli.renderers import draw
    from kldiv_cli.renderers.pages.measures import document

    try:
        known = [MEASURES.get(name) or find(name) for name in names or MEASURES]
    except ValueError as error:
        raise UsageError("unknown-measure", str(error)) from None
    layout = streams.stdout_layout("auto")
    streams.write_stdout(draw(document(known), "text", layout), "text")
    return 0
