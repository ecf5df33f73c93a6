"""``kldiv compare``: say how far apart two distributions are."""

# Typer reads these annotations at run time: no `from __future__ import annotations` here.

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kldiv_cli.cli.job import NO_ANSWER, Answer, Job
from kldiv_cli.cli.options import (
    COLORS,
    DUPLICATES,
    REDUCTIONS,
    Bins,
    Categoricals,
    Color,
    ColumnNames,
    Comments,
    Decimals,
    Delimiters,
    Duplicates,
    Encodings,
    Excludes,
    Format,
    Headers,
    InputFormats,
    Kinds,
    Labels,
    MaxInflated,
    Missing,
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
    from kldiv_cli.core.report import Report

EPILOG = """Examples:

\b
  kldiv sample_data/airlines_july.csv sample_data/airlines_january.csv
  kldiv compare now=sample_data/die_loaded.csv then=sample_data/die_fair.csv -f json
  kldiv compare sample_data/wolf_dice.csv --weight white --weight red --base 2
  kldiv compare sample_data/teacher_logits.npy sample_data/student_logits.npy --as logits
  kldiv compare sample_data/flights_july.csv sample_data/flights_january.json --as samples
  cat sample_data/die_loaded.csv | kldiv - sample_data/die_fair.csv -q --measure kl_pq
"""


def command(
    p: Annotated[str, typer.Argument(metavar="P", help="A file, NAME=FILE, or - for stdin.")],
    q: Annotated[
        str | None,
        typer.Argument(
            metavar="[Q]",
            help="The other side; without it two weights of P are compared (--weight twice).",
        ),
    ] = None,
    measure: Annotated[
        Words,
        typer.Option(
            "--measure",
            "-m",
            metavar="NAME",
            help="A measure, as 'kldiv measures' lists them; repeatable.",
        ),
    ] = None,
    base: Annotated[
        str, typer.Option(metavar="e|2|10", help="Of the logarithm: nats, bits or hartleys.")
    ] = "e",
    kind: Kinds = None,
    label: Labels = None,
    weight: Weights = None,
    smoothing: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="none, jeffreys, laplace or add:ALPHA (counts), or floor:EPS; on both sides.",
        ),
    ] = "none",
    temperature: Annotated[str, typer.Option(metavar="T", help="Divides logits.")] = "1",
    reduction: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How the rows of a batch become one number, as in torch's F.kl_div:"
            " batchmean, mean, sum or none.",
        ),
    ] = "batchmean",
    column: ColumnNames = None,
    exclude: Excludes = None,
    numeric: Numerics = None,
    categorical: Categoricals = None,
    bins: Bins = None,
    na: Missing = None,
    top: Annotated[str, typer.Option(metavar="N", help="How many outcomes to list.")] = "10",
    format: Format = None,
    output: Output = None,
    report: Reports = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print the bare numbers, and no notes but repairs."),
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
    """Compare two distributions, in both directions.

    P and Q are tables of outcomes and weights (csv, tsv), JSON, or NPY arrays, plain or
    compressed. Labels are matched by name; weights are normalised. A side may be called
    what you like: jan=data.csv.

    --as samples counts raw rows, and compares them column by column.

    Options that describe a side (--as, --label, --weight, --input-format, --encoding,
    --delimiter, --decimal, --header, --comment) serve both sides; given twice, the first
    is for P.
    """
    from kldiv_cli.readers import split_name
    from kldiv_cli.renderers import FORMATS

    reports = targets(format, output, report, FORMATS)
    format = reports[0][0]
    among("--color", color, COLORS)
    among("--reduction", reduction, REDUCTIONS)
    among("--duplicates", duplicates, DUPLICATES)
    known_kinds(kind)
    if quiet and format != "text":
        raise UsageError("usage", "-q prints bare numbers; it has no --format", hint="leave one")
    sources = [split_name(word) for word in (p, q) if word is not None]
    settings: dict[str, Any] = {
        "measures": measure,
        "base": base,
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
        "names": tuple(name for name, _ in (*sources, (None, ""))[:2]),
        "smoothing": smoothing,
        "temperature": real("--temperature", temperature),
        "reduction": reduction,
        "column": column or (),
        "exclude": exclude or (),
        "columns": column_flags(None, numeric, categorical, {}),
        "bins": None if bins is None else whole("--bins", bins, 1),
        "na": na or (),
        "top": whole("--top", top),
        "strict": strict,
        # Bare numbers do without.
        "estimate": not quiet or bool(report),
    }
    paths = tuple(path for _, path in sources)
    return Job(
        work=lambda: _compare(paths, settings, quiet=quiet, as_json=format == "json"),
        reports=reports,
        inputs=paths,
        color=color,
    )


def _compare(
    paths: tuple[str, ...], settings: dict[str, Any], *, quiet: bool, as_json: bool
) -> Answer:
    from kldiv_cli.pipeline import compare as comparison
    from kldiv_cli.renderers import Layout, render

    try:
        report = comparison.compare(*paths, **settings)
    except InputError as problem:
        if not as_json:
            raise
        text = _error_document(problem, settings)
        return Answer(lambda _format, _layout: text, code=NO_ANSWER, error=problem)

    def text_in(format: str, layout: Layout) -> str:
        if quiet and format == "text":
            return bare(report)
        return render(report, format, layout)

    return Answer(text_in, notes=tuple(n for n in report.notes if n.repair or not quiet))


def bare(report: "Report") -> str:
    """Return the numbers alone; of several, each after its column, its measure and a tab."""
    from kldiv_cli.core.report import number
    from kldiv_cli.renderers.show import show

    lines = []
    for comparison in report.comparisons:
        column = f"{show(comparison.column or '')}\t" if len(report.comparisons) > 1 else ""
        for name, value in comparison.measures.items():
            head = f"{column}{name}\t" if len(comparison.measures) > 1 else column
            rows = value if isinstance(value, tuple) else (value,)
            lines += [f"{head}{number(row)}\n" for row in rows if row != "error"]
    return "".join(lines)


def _error_document(problem: InputError, settings: dict[str, Any]) -> str:
    from kldiv_cli.cli.messages import failure
    from kldiv_cli.core.measures import DEFAULT_MEASURES
    from kldiv_cli.core.report import failed
    from kldiv_cli.renderers.show import document

    asked = tuple(settings["measures"] or DEFAULT_MEASURES)
    report = failed(
        failure(problem), asked, settings["base"], settings["smoothing"], settings["temperature"]
    )
    return document(report.to_dict())
