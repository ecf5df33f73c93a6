"""``kldiv check``: say whether data have drifted."""

# Typer reads these annotations at run time: no `from __future__ import annotations` here.

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kldiv_cli.cli.job import NO_ANSWER, Answer, Job
from kldiv_cli.cli.options import (
    COLORS,
    DUPLICATES,
    Bins,
    Categoricals,
    Color,
    ColumnNames,
    Comments,
    ConfigFile,
    Decimals,
    Delimiters,
    Duplicates,
    Encodings,
    Excludes,
    Format,
    Headers,
    InputFormats,
    Labels,
    MaxInflated,
    Missing,
    MostOutcomes,
    Numerics,
    Output,
    Reports,
    Strict,
    Weights,
    Words,
    among,
    column_flags,
    known_kinds,
    real,
    size,
    targets,
    whole,
)
from kldiv_cli.errors import InputError, UsageError

if TYPE_CHECKING:
    from kldiv_cli.pipeline.config import Config
    from kldiv_cli.renderers import Layout

KINDS = ("samples", "counts", "probabilities", "weights")
DRIFT, INCONCLUSIVE = 1, 3

EPILOG = """Exit codes: 0 no drift, 1 drift, 2 no answer, 3 inconclusive (not one column could be
decided, or --fail-on inconclusive).

Examples:

\b
  kldiv check sample_data/flights_january.json sample_data/flights_july.csv --exclude 'h*'
  kldiv check sample_data/airlines_january.csv sample_data/airlines_july.csv --as counts
  kldiv check sample_data/die_fair.csv sample_data/die_loaded.csv --as probabilities --as counts
  cat sample_data/flights_july.csv | kldiv check sample_data/flights_january.json - -f github

Of a warehouse, a query that gives column, outcome, count:

\b
  psql -c "COPY (SELECT ...) TO STDOUT CSV HEADER" | kldiv check counts.csv - --as counts
"""


def command(
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="Raw rows or a profile; NAME=FILE, or -.")
    ],
    current: Annotated[
        str, typer.Argument(metavar="CURRENT", help="What to judge; NAME=FILE, or - for stdin.")
    ],
    column: ColumnNames = None,
    exclude: Excludes = None,
    max_kl: Annotated[
        Words,
        typer.Option(
            metavar="[COL=]X",
            help="Largest D(current || reference) that is accepted, in nats; 0.05 if not given."
            " COL=X is for one column; repeatable.",
        ),
    ] = None,
    alpha: Annotated[
        str | None, typer.Option(metavar="X", help="Level of the tests; 0.05 if not given.")
    ] = None,
    adjust: Annotated[
        str | None, typer.Option(metavar="bh|none", help="Correction for many columns.")
    ] = None,
    max_new: Annotated[
        str | None,
        typer.Option(metavar="X", help="Largest share of rows with an outcome that is new."),
    ] = None,
    max_missing_shift: Annotated[
        str | None,
        typer.Option(metavar="X", help="Largest change of the share of missing values."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="drift|inconclusive", help="Exit 3 if any column is inconclusive, too."
        ),
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 where it would be 1 or 3; never for 2.")
    ] = False,
    config: ConfigFile = None,
    numeric: Numerics = None,
    categorical: Categoricals = None,
    bins: Bins = None,
    missing: Annotated[
        str | None,
        typer.Option(
            metavar="category|drop|error", help="Missing values: an outcome, left out, refused."
        ),
    ] = None,
    na: Missing = None,
    max_outcomes: MostOutcomes = None,
    kind: Annotated[
        Words,
        typer.Option(
            "--as",
            metavar="KIND",
            help="samples (raw rows, if not given), or one table of counts, probabilities or"
            " weights; counts may also be a tidy table column,outcome,count.",
        ),
    ] = None,
    label: Labels = None,
    weight: Weights = None,
    top: Annotated[
        str | None, typer.Option(metavar="N", help="How many outcomes to list of a column.")
    ] = None,
    format: Format = None,
    output: Output = None,
    report: Reports = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the verdict alone, and no notes.")
    ] = False,
    strict: Strict = False,
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
    """Judge, column by column, whether data have drifted from a reference.

    D(current || reference) is estimated from the rows and compared with --max-kl: drift,
    pass, or inconclusive with the number of rows that would decide. What is noise at these
    sample sizes is never called drift: the chance of a false one is at most --alpha.

    Options that describe a side (--as, --label, --weight, --input-format, --encoding,
    --delimiter, --decimal, --header, --comment) serve both; given twice, the first is for
    REFERENCE. Formats: text, json, csv, markdown, junit, github, prometheus.
    """
    from kldiv_cli.pipeline.config import FAIL_ON
    from kldiv_cli.readers import split_name
    from kldiv_cli.renderers import CHECK_FORMATS

    reports = targets(format, output, report, CHECK_FORMATS)
    among("--color", color, COLORS)
    among("--duplicates", duplicates, DUPLICATES)
    known_kinds(kind, KINDS)
    if quiet and reports[0][0] != "text":
        raise UsageError("usage", "-q prints the verdict; it has no --format", hint="leave one")
    sources = [split_name(word) for word in (reference, current)]
    flags = {
        "column": column,
        "exclude": exclude,
        "alpha": None if alpha is None else real("--alpha", alpha),
        "adjust": adjust,
        "max_new": None if max_new is None else real("--max-new", max_new),
        "max_missing_shift": (
            None if max_missing_shift is None else real("--max-missing-shift", max_missing_shift)
        ),
        "fail_on": None if fail_on is None else among("--fail-on", fail_on, FAIL_ON),
        "bins": None if bins is None else whole("--bins", bins, 1),
        "missing": missing,
        "na": na,
        "max_outcomes": None if max_outcomes is None else whole("--max-outcomes", max_outcomes, 1),
        "top": None if top is None else whole("--top", top),
    }
    columns = column_flags(max_kl, numeric, categorical, flags)
    reading = {
        "kind": kind,
        "label": label,
        "weight": weight,
        "input_format": input_format,
        "encoding": encoding,
        "delimiter": delimiter,
        "decimal": decimal or ".",
        "header": header,
        "comment": comment,
        "duplicates": duplicates,
        "max_inflated": size(max_inflated),
        "names": tuple(name for name, _ in sources),
        "strict": strict,
    }
    paths = tuple(path for _, path in sources)

    def work() -> Answer:
        from kldiv_cli.pipeline import config as configuration

        found = configuration.load(config)
        settings = merged(found, flags, columns)
        fail = settings.pop("fail_on", "drift")
        settings.pop("min_count", None)
        answer = _check(
            paths, {**settings, **reading}, fail, exit_zero=exit_zero, quiet=quiet,
            as_json=reports[0][0] == "json",
        )  # fmt: skip
        return answer._replace(notes=(*configuration.notes(found, quiet=quiet), *answer.notes))

    return Job(
        work=work,
        reports=reports,
        inputs=(*paths, *settings_files(config)),
        color=color,
        appended=_job_summary(reports),
    )


def _job_summary(reports: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return where a workflow of GitHub wants its summary, if the report is for one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    return (("markdown", path),) if path and any(name == "github" for name, _ in reports) else ()


def settings_files(config: str | None) -> tuple[str, ...]:
    """Return files that may hold the settings, which no report may replace."""
    return (config,) if config else ("kldiv.toml", "pyproject.toml")


def merged(
    config: "Config", flags: Mapping[str, Any], columns: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the settings: options before those of the file."""
    settings = {**config.settings, **{key: v for key, v in flags.items() if v is not None}}
    names = {**dict.fromkeys(config.columns), **dict.fromkeys(columns)}
    settings["columns"] = {
        name: {**config.columns.get(name, {}), **columns.get(name, {})} for name in names
    }
    return settings


def _check(
    paths: tuple[str, ...],
    settings: dict[str, Any],
    fail_on: str,
    *,
    exit_zero: bool,
    quiet: bool,
    as_json: bool,
) -> Answer:
    from kldiv_cli.pipeline import check as drift
    from kldiv_cli.renderers import render

    try:
        report = drift.check(*paths, **settings)
    except InputError as problem:
        if not as_json:
            raise
        text = _error_document(problem, settings)
        return Answer(lambda _format, _layout: text, code=NO_ANSWER, error=problem)

    def text_in(format: str, layout: "Layout") -> str:
        if quiet and format == "text":
            return f"{report.verdict}\n"
        return render(report, format, layout)

    undecided = report.count("inconclusive")
    code = 0
    if report.verdict == "drift":
        code = DRIFT
    elif undecided and (fail_on == "inconclusive" or not report.count("pass")):
        code = INCONCLUSIVE
    notes = tuple(note for note in report.notes if note.repair or not quiet)
    return Answer(text_in, code=0 if exit_zero else code, notes=notes)


def _error_document(problem: InputError, settings: dict[str, Any]) -> str:
    from kldiv_cli.cli.messages import failure
    from kldiv_cli.core.findings import failed
    from kldiv_cli.core.inference.resampling import SEED
    from kldiv_cli.renderers.show import document

    report = failed(
        failure(problem),
        alpha=settings.get("alpha", 0.05),
        adjust=settings.get("adjust", "bh"),
        seed=SEED,
        max_kl=settings.get("max_kl", 0.05),
    )
    return document(report.to_dict())
