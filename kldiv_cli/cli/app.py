"""The commands and their options: each turns words into a job, and does nothing yet."""

# Typer reads these annotations at run time: no `from __future__ import annotations` here.

from typing import Annotated, Any

import typer

from kldiv_cli.cli.job import NO_ANSWER, STDOUT, Answer, Job, printed
from kldiv_cli.cli.options import (
    COLORS,
    DUPLICATES,
    REDUCTIONS,
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
    Words,
    among,
    known_kinds,
    size,
)
from kldiv_cli.errors import InputError, UsageError

UsageProblem: type[Exception] = typer.BadParameter.__mro__[1]
"""What Typer raises for words that it does not understand; it has no public name."""

app = typer.Typer(
    name="kldiv",
    help="How far apart are two distributions?\n\n'kldiv P Q' is short for 'kldiv compare P Q'.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> Job | None:
    if version:
        from kldiv_cli import __version__

        return printed(f"kldiv {__version__}\n")
    return None


COMPARE_EPILOG = """Examples:

\b
  kldiv sample_data/airlines_july.csv sample_data/airlines_january.csv
  kldiv compare now=sample_data/die_loaded.csv then=sample_data/die_fair.csv -f json
  kldiv compare sample_data/wolf_dice.csv --weight white --weight red --base 2
  kldiv compare sample_data/teacher_logits.npy sample_data/student_logits.npy --as logits
  cat sample_data/die_loaded.csv | kldiv - sample_data/die_fair.csv -q --measure kl_pq
"""


@app.command(epilog=COMPARE_EPILOG)
def compare(
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
    temperature: Annotated[float, typer.Option(metavar="T", help="Divides logits.")] = 1.0,
    reduction: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How the rows of a batch become one number, as in torch's F.kl_div:"
            " batchmean, mean, sum or none.",
        ),
    ] = "batchmean",
    top: Annotated[int, typer.Option(min=0, metavar="N", help="How many outcomes to list.")] = 10,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="text, json, csv or markdown; what the extension of --output says, else text.",
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE.")
    ] = None,
    report: Annotated[
        Words,
        typer.Option(metavar="FORMAT=FILE", help="Write one more report; repeatable."),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print the bare numbers, and no notes but repairs."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what would be repaired with a note.")
    ] = False,
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

    Options that describe a side (--as, --label, --weight, --input-format, --encoding,
    --delimiter, --decimal, --header, --comment) serve both sides; given twice, the first
    is for P.
    """
    from kldiv_cli.readers import split_name
    from kldiv_cli.renderers import FORMATS

    format = format or _format_of(output)
    among("--format", format, tuple(FORMATS))
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
        "temperature": temperature,
        "reduction": reduction,
        "top": top,
        "strict": strict,
    }
    paths = tuple(path for _, path in sources)
    return Job(
        work=lambda: _compare(paths, settings, quiet=quiet, as_json=format == "json"),
        reports=(
            (format, STDOUT if output is None else output),
            *map(_report_target, report or ()),
        ),
        inputs=paths,
        color=color,
    )


def _compare(
    paths: tuple[str, ...], settings: dict[str, Any], *, quiet: bool, as_json: bool
) -> Answer:
    from kldiv_cli import comparison
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
            return bare(report.comparisons[0].measures)
        return render(report, format, layout)

    return Answer(text_in, notes=tuple(n for n in report.notes if n.repair or not quiet))


def bare(measures: Any) -> str:
    """Return the numbers alone; of several measures, each after its name and a tab."""
    from kldiv_cli.core.report import number

    lines = []
    for name, value in measures.items():
        head = f"{name}\t" if len(measures) > 1 else ""
        rows = value if isinstance(value, tuple) else (value,)
        lines += [f"{head}{number(row)}\n" for row in rows]
    return "".join(lines)


def _error_document(problem: InputError, settings: dict[str, Any]) -> str:
    from kldiv_cli.cli.messages import where
    from kldiv_cli.core.measures import DEFAULT_MEASURES
    from kldiv_cli.core.report import Failure, failed
    from kldiv_cli.renderers.show import document

    failure = Failure(
        code=problem.code,
        message=problem.message,
        where=where(problem.places[0]) if problem.places else "",
        hint=problem.hint,
    )
    asked = tuple(settings["measures"] or DEFAULT_MEASURES)
    report = failed(
        failure, asked, settings["base"], settings["smoothing"], settings["temperature"]
    )
    return document(report.to_dict())


def _format_of(output: str | None) -> str:
    from os.path import splitext

    extensions = {".json": "json", ".csv": "csv", ".md": "markdown", ".markdown": "markdown"}
    return extensions.get(splitext(output or "")[1].lower(), "text")


def _report_target(text: str) -> tuple[str, str]:
    from kldiv_cli.renderers import FORMATS

    format, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(
            "usage", f"--report takes FORMAT=FILE; found '{text}'", hint="--report json=out.json"
        )
    among("--report", format, tuple(FORMATS))
    return format, path


@app.command()
def inspect(
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

    given: list[list[Any] | None] = [
        kind, label, weight, input_format, encoding, delimiter, decimal, header, comment,
    ]  # fmt: skip
    if any(len(words or ()) > 1 for words in given):
        raise UsageError("usage", "one file is inspected, so every option is given once")
    known_kinds(kind)
    first = [words[0] if words else None for words in given]
    names = ("kind", "label", "weight", "format", "encoding", "delimiter", "decimal", "header")
    options = dict(zip((*names, "comment"), first, strict=True))
    options["decimal"] = options["decimal"] or "."
    options["duplicates"] = among("--duplicates", duplicates, DUPLICATES)
    options["max_inflated"] = size(max_inflated)
    _, path = split_name(file)
    return Job(lambda: _inspect(path, options), color=among("--color", color, COLORS))


def _inspect(path: str, options: dict[str, Any]) -> Answer:
    from kldiv_cli.readers import ReadOptions, read
    from kldiv_cli.renderers.inspection import render

    side = read(path, ReadOptions(**options))
    return Answer(lambda _format, layout: render(side, layout), notes=side.notes)


@app.command()
def measures(
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
