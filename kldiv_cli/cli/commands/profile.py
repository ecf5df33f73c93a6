"""``kldiv profile``: raw rows counted, in a form that can be kept and merged."""

from __future__ import annotations

from typing import Any

from kldiv_cli.cli import options
from kldiv_cli.cli.options import Argument, Option, number
from kldiv_cli.cli.outputs import Outputs
from kldiv_cli.errors import UsageError

EPILOG = """A profile holds the labels of its outcomes in clear; --min-count pools rare ones.

Examples:

\b
  kldiv profile sample_data/flights_july.csv --min-count 20 --exclude distance
  kldiv profile sample_data/flights_july.csv --like sample_data/flights_january.json
  kldiv profile sample_data/airlines_july.csv --as counts --column carrier
"""


# fmt: off
ROWS = (
    Argument("data", "DATA...", "Raw rows or profiles; NAME=FILE, or -."),
    options.KIND._replace(help="What DATA are: samples (raw rows), or counts."),
    Option("like", "PROFILE", "Take its columns, types and edges."),
    Option("min_count", "N", "Pool outcomes that occur less often as (other).", read=number),
    options.WHERE._replace(help="Count only rows with this value in a column."),
    *options.WANTED, options.JOINT, *options.TYPES, options.NA, options.MAX_OUTCOMES,
    options.CONFIG, options.OUTPUT, options.STRICT,
    options.LABEL, options.WEIGHT, options.TOTAL_ROW, options.DUPLICATES,
    options.AT, *options.TEXT, options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE,
    options.COLOR, options.VERBOSE,
)
# fmt: on


@options.command(*ROWS, epilog=EPILOG)
def profile(data: list[str], said: dict[str, Any]) -> int:
    """Count raw rows, column by column, into a profile: JSON that can be kept in git.

    A profile can be merged with others of equal edges, and stands wherever 'kldiv check'
    takes REFERENCE or CURRENT.
    """
    from kldiv_cli.pipeline import config
    from kldiv_cli.pipeline.profile import profile as counted
    from kldiv_cli.pipeline.settings import PROFILE, profile_settings
    from kldiv_cli.pipeline.sides import refuse_repairs
    from kldiv_cli.renderers.formats.profile import render

    outputs = Outputs(said, ("json",))
    file, like = said.pop("config", None), said.pop("like", None)
    names, paths = options.sources(*data)
    parts = list(zip(names, paths, strict=True))
    if [*paths, like].count("-") > 1:
        raise UsageError("usage", "only one input can be standard input ('-')")
    asked = options.with_columns(said)
    project = config.load(file)
    given = project.beneath(asked, PROFILE)
    of_file = given.keys() - asked.keys()
    settings = profile_settings(given, profile.spell, of_file, like=like is not None)
    with outputs:
        outputs.open((*paths, *([like] if like else ()), *config.files(file)))
        made = counted(
            parts,
            settings.rules,
            settings.options,
            kind=settings.kind,
            like=like,
            min_count=settings.min_count,
        )
        if settings.strict:
            refuse_repairs(made.notes)
        outputs.write(lambda _format, _layout: render(made), (*project.notes(), *made.notes))
    return 0
