"""``kldiv profile``: raw rows to counts that can be kept."""

# Typer reads these annotations at run time: no `from __future__ import annotations` here.

from typing import Annotated, Any

import typer

from kldiv_cli.cli.commands.check import merged, settings_files
from kldiv_cli.cli.job import STDOUT, Answer, Job
from kldiv_cli.cli.options import (
    COLORS,
    Bins,
    Categoricals,
    Color,
    ColumnNames,
    Comments,
    ConfigFile,
    Decimals,
    Delimiters,
    Encodings,
    Excludes,
    Headers,
    InputFormats,
    MaxInflated,
    Missing,
    MostOutcomes,
    Numerics,
    Output,
    Strict,
    among,
    column_flags,
    once,
    size,
    whole,
)
from kldiv_cli.errors import UsageError

EPILOG = """A profile holds the labels of its outcomes in clear; --min-count pools rare ones.

Examples:

\b
  kldiv profile sample_data/flights_july.csv --min-count 20 --exclude distance
  kldiv profile sample_data/flights_july.csv --like sample_data/flights_january.json
"""


def command(
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA...", help="Raw rows or profiles; NAME=FILE, or -."),
    ],
    like: Annotated[
        str | None,
        typer.Option(metavar="PROFILE", help="Take its columns, types and edges."),
    ] = None,
    min_count: Annotated[
        str | None,
        typer.Option(metavar="N", help="Pool outcomes that occur less often as (other)."),
    ] = None,
    column: ColumnNames = None,
    exclude: Excludes = None,
    numeric: Numerics = None,
    categorical: Categoricals = None,
    bins: Bins = None,
    na: Missing = None,
    max_outcomes: MostOutcomes = None,
    config: ConfigFile = None,
    output: Output = None,
    strict: Strict = False,
    input_format: InputFormats = None,
    encoding: Encodings = None,
    delimiter: Delimiters = None,
    decimal: Decimals = None,
    header: Headers = None,
    comment: Comments = None,
    max_inflated: MaxInflated = None,
    color: Color = "auto",
) -> Job:
    """Count raw rows, column by column, into a profile: JSON that can be kept in git.

    A profile can be merged with others of equal edges, and stands wherever 'kldiv check'
    takes REFERENCE or CURRENT.
    """
    from kldiv_cli.readers import split_name

    among("--color", color, COLORS)
    options = once(
        "an option that says how to read is given once, for all DATA",
        format=input_format,
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal or ["."],
        header=header,
        comment=comment,
    )
    options["max_inflated"] = size(max_inflated)
    flags: dict[str, Any] = {
        "column": column,
        "exclude": exclude,
        "bins": None if bins is None else whole("--bins", bins, 1),
        "na": na,
        "max_outcomes": None if max_outcomes is None else whole("--max-outcomes", max_outcomes, 1),
        "min_count": None if min_count is None else whole("--min-count", min_count),
    }
    columns = column_flags(None, numeric, categorical, flags)
    sources = [split_name(word) for word in data]
    paths = [path for _, path in sources]
    if paths.count("-") + (like == "-") > 1:
        raise UsageError("usage", "only one input can be standard input ('-')")

    def work() -> Answer:
        from kldiv_cli.pipeline import config as configuration

        found = configuration.load(config)
        answer = _profile(sources, merged(found, flags, columns), options, like, strict=strict)
        return answer._replace(notes=(*configuration.notes(found), *answer.notes))

    return Job(
        work=work,
        reports=(("json", STDOUT if output is None else output),),
        inputs=(*paths, *([like] if like else ()), *settings_files(config)),
        color=color,
    )


def _profile(
    sources: list[tuple[str | None, str]],
    settings: dict[str, Any],
    options: dict[str, Any],
    like: str | None,
    *,
    strict: bool,
) -> Answer:
    from kldiv_cli.pipeline.profile import profile
    from kldiv_cli.pipeline.settings import rules_of
    from kldiv_cli.pipeline.sides import refuse_repairs
    from kldiv_cli.readers import ReadOptions
    from kldiv_cli.renderers.profile import render

    keys = ("column", "exclude", "columns", "bins", "na", "max_outcomes")
    rules = rules_of(**{key: settings[key] for key in keys if key in settings})
    made = profile(
        sources, rules, ReadOptions(**options), like=like, min_count=settings.get("min_count", 0)
    )
    if strict:
        refuse_repairs(made.notes)
    return Answer(lambda _format, _layout: render(made), notes=made.notes)
