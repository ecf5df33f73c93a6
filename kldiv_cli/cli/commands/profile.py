"""``kldiv profile``: raw rows counted, in a form that can be kept and merged."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import options
from kldiv_cli.cli.options import Argument, Option, group, number
from kldiv_cli.cli.outputs import Outputs
from kldiv_cli.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

EXAMPLES = (
    "cd sample_data",
    "kldiv profile flights_july.csv --min-count 20 --exclude distance",
    "kldiv profile flights_july.csv --like flights_january.json",
    "kldiv profile airlines_july.csv --as counts --column carrier",
)


# fmt: off
TABLES = (
    options.CONNECT,
    Option("table", "TABLE", "What to count: TABLE, or SCHEMA.TABLE."),
    Option("sql", "QUERY", "The same, as a SELECT: of one day, for example."),
    options.TIMEOUT,
)
ROWS: tuple[Argument | Option, ...] = (
    Argument("data", "[DATA...]", "Raw rows or profiles; NAME=FILE, or -."),
    *group(
        "The profile",
        options.OUTPUT,
        Option("like", "PROFILE", "Take its columns, types and edges."),
        Option("min_count", "N", "Pool outcomes that occur less often as (other).", read=number),
        options.SERIAL._replace(help="Keep blocks of rows too, which kldiv check --serial needs."),
        *options.WANTED, *options.TYPES, options.MAX_OUTCOMES, options.CONFIG,
    ),
    *group(
        "What the data are",
        options.KIND._replace(help="What DATA are: samples (raw rows), or counts."),
        options.LABEL, options.WEIGHT, options.AT, options.JOINT,
        options.WHERE._replace(help="Count only rows with this value in a column."), options.NA,
        options.ROW_WEIGHT, options.FREQUENCY,
    ),
    *group("A table in an engine of yours, in the place of files", *TABLES),
    *group(
        "How files are read",
        options.STRICT, *options.TEXT, options.TOTAL_ROW, options.DUPLICATES,
        options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE, options.COLOR, options.VERBOSE,
    ),
)
# fmt: on


@options.command(*ROWS, examples=EXAMPLES)
def profile(data: list[str], said: dict[str, Any]) -> int:
    """Count raw rows, column by column, into a profile: JSON that can be kept in git.

    A profile can be merged with others of equal edges, and stands wherever 'kldiv check'
    takes REFERENCE or CURRENT. It holds the labels of its outcomes in clear; --min-count pools
    rare ones.
    """
    from kldiv_cli.pipeline import config
    from kldiv_cli.pipeline.profile import profile as counted
    from kldiv_cli.pipeline.settings import PROFILE, profile_settings
    from kldiv_cli.pipeline.sides import refuse_repairs
    from kldiv_cli.renderers.formats.profile import render

    outputs = Outputs(said, ("json",))
    file, like = said.pop("config", None), said.pop("like", None)
    names, paths = options.sources(*data)
    parts: list[tuple[str | None, object]] = list(zip(names, paths, strict=True))
    engine: AbstractContextManager[object] = nullcontext()
    if any(row.name in said for row in TABLES):
        from kldiv_cli.pipeline import warehouses

        tables = warehouses.taken(said)
        engine = tables.warehouse
        parts += [(None, rows) for rows in tables.sides.values()]
        if not tables.sides:
            message = "--connect names an engine, and nothing names a table in it"
            raise UsageError("usage", message, hint="--table TABLE, or --sql QUERY")
    if not parts:
        from kldiv_cli.cli.short_help import missing_argument

        raise missing_argument("profile", profile)
    if [*paths, like].count("-") > 1:
        raise UsageError("usage", "only one input can be standard input ('-')")
    asked = options.with_columns(said)
    project = config.load(file)
    given = project.beneath(asked, PROFILE)
    of_file = given.keys() - asked.keys()
    settings = profile_settings(given, profile.spell, of_file, like=like is not None)
    with outputs, engine:
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
