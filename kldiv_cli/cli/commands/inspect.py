"""``kldiv inspect``: how a file will be read."""

from __future__ import annotations

from typing import Any

from kldiv_cli.cli import options
from kldiv_cli.cli.options import Argument, Option, group
from kldiv_cli.cli.outputs import Outputs

EXAMPLES = (
    "cd sample_data",
    "kldiv inspect airlines_july.csv",
    "kldiv inspect flights_july.csv --as samples",
)

# fmt: off
ROWS: tuple[Argument | Option, ...] = (
    Argument("file", "FILE", "A file, or - for stdin."),
    *group(
        "What the numbers are",
        options.KIND, options.LABEL, options.WEIGHT, options.AT, options.JOINT,
        options.WHERE._replace(help="Read only rows with this value in a column."), options.NA,
    ),
    *group(
        "How the file is read",
        *options.TEXT, options.DUPLICATES, options.TOTAL_ROW, options.FLATTEN,
        options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE, options.COLOR, options.VERBOSE,
    ),
)
# fmt: on


@options.command(*ROWS, examples=EXAMPLES)
def inspect(file: str, said: dict[str, Any]) -> int:
    """Say how a file will be read: format, columns, kind, rows, total."""
    from kldiv_cli.core.dataset import Wanted
    from kldiv_cli.core.distribution import Distribution
    from kldiv_cli.pipeline.settings import inspect_settings, refuse_foreign
    from kldiv_cli.pipeline.sides import inspected, refuse_flat
    from kldiv_cli.readers import outline
    from kldiv_cli.renderers import draw
    from kldiv_cli.renderers.pages.inspection import document

    outputs = Outputs(said, ("text",))
    _, (path,) = options.sources(file)
    source = inspect_settings(path, said, inspect.spell)
    raw = source.kind == "samples"
    wanted = Wanted(na=source.options.na)
    side = inspected(path, source.options, wanted) if raw else outline(path, source.options)
    refuse_foreign([source.options], [side.format])
    if isinstance(side, Distribution):
        refuse_flat(source.options, side)
    outputs.write(lambda format, layout: draw(document(side), format, layout), side.notes)
    return 0
