"""``kldiv inspect``: say how a file will be read."""

# Typer reads these annotations at run time: no `from __future__ import annotations` here.

from typing import Annotated, Any

import typer

from kldiv_cli.cli.job import Answer, Job
from kldiv_cli.cli.options import (
    COLORS,
    DUPLICATES,
    Color,
    Comments,
    Decimals,
    Delimiters,
    Duplicates,
    Encodings,
    Headers,
    InputFormats,
    Kinds,
    Labels,
    MaxInflated,
    Weights,
    among,
    known_kinds,
    once,
    size,
)

EPILOG = ""


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, or - for stdin.")],
    kind: Kinds = None,
    label: Labels = None,
    weight: Weights = None,
    input_format: InputFormats = None,
    encoding: Encodings = None,
    delimiter: Delimiters = None,
    decimal: Decimals = None,
    header: Headers = None,
    comment: Comments = None,
    duplicates: Duplicates = "error",
    max_inflated: MaxInflated = None,
    color: Color = "auto",
) -> Job:
    """Say how a file will be read: format, columns, kind, rows, total."""
    from kldiv_cli.readers import split_name

    options = once(
        "one file is inspected, so every option is given once",
        kind=kind,
        label=label,
        weight=weight,
        format=input_format,
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal or ["."],
        header=header,
        comment=comment,
    )
    known_kinds(kind)
    options["duplicates"] = among("--duplicates", duplicates, DUPLICATES)
    options["max_inflated"] = size(max_inflated)
    _, path = split_name(file)
    return Job(lambda: _inspect(path, options), color=among("--color", color, COLORS))


def _inspect(path: str, options: dict[str, Any]) -> Answer:
    from kldiv_cli.readers import ReadOptions, read
    from kldiv_cli.renderers.inspection import render, render_rows

    if options["kind"] == "samples":
        from kldiv_cli.pipeline.sides import data_set

        rows = data_set(path, ReadOptions(**{**options, "kind": None}))
        return Answer(lambda _format, layout: render_rows(rows, layout), notes=rows.notes)
    side = read(path, ReadOptions(**options))
    return Answer(lambda _format, layout: render(side, layout), notes=side.notes)
