"""``kldiv compare``: how far apart two distributions are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import options
from kldiv_cli.cli.messages import failure
from kldiv_cli.cli.options import Argument, Option, number
from kldiv_cli.cli.outputs import Outputs
from kldiv_cli.errors import InputError

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


# fmt: off
ROWS = (
    Argument("p", "P", "A file, NAME=FILE, or - for stdin."),
    Argument("q", "[Q]", "The other side; without it two weights of P are compared (--weight"
             " twice), or two sets of its rows (--where twice)."),
    Option("measures", "NAME...", "A measure, as 'kldiv measures' lists them; repeatable.",
           ("--measure", "-m")),
    Option("base", "e|2|10", "Of the logarithm: nats, bits or hartleys.", default="e"),
    options.KIND, options.LABEL, options.WEIGHT, options.AT, options.JOINT,
    Option("smoothing", "HOW", "none, jeffreys, laplace or add:ALPHA (counts), or floor:EPS; on"
           " both sides.", default="none"),
    Option("temperature", "T", "Divides logits.", default="1", read=number),
    Option("reduction", "HOW", "How the rows of a batch become one number, as in torch's F.kl_div:"
           " batchmean, mean, sum or none.", default="batchmean"),
    options.WHERE, *options.WANTED, options.map_of("P", "Q"), *options.TYPES, options.NA,
    Option("top", "N", "How many outcomes to list.", default="10", read=number),
    *options.REPORTS, options.QUIET, options.STRICT,
    *options.TEXT, options.DUPLICATES, options.TOTAL_ROW, options.MAX_INFLATED, options.COLOR,
)
# fmt: on


@options.command(*ROWS, epilog=EPILOG)
def compare(p: str, q: str | None, said: dict[str, Any]) -> int:
    """Compare two distributions, in both directions.

    P and Q are tables of outcomes and weights (csv, tsv), JSON, or NPY arrays, plain or
    compressed. Labels are matched by name; weights are normalised. A side may be called
    what you like: jan=data.csv.

    --as samples counts raw rows, and compares them column by column.

    Options that describe a side (--as, --label, --weight, --at, --input-format, --encoding,
    --delimiter, --decimal, --header, --comment, --escape, --total-row) serve both sides;
    given twice, the first is for P.
    """
    from kldiv_cli.core.report import failed
    from kldiv_cli.pipeline.compare import compared
    from kldiv_cli.pipeline.settings import compare_settings
    from kldiv_cli.renderers import FORMATS, render

    outputs = Outputs(said, FORMATS)
    names, paths = options.sources(*((p,) if q is None else (p, q)))
    given = {**options.with_columns(said), "names": (*names, None)[:2]}
    # The bare numbers have no estimate beside them.
    given["estimate"] = outputs.has_reports
    settings = compare_settings((*paths, None)[:2], given, compare.spell)
    with outputs:
        outputs.open(paths)
        try:
            report = compared(settings)
        except InputError as problem:
            base, smoothing = settings.base, settings.smoothing.name
            asked = (settings.measures, base, smoothing, settings.temperature)
            outputs.fail(failed(failure(problem), *asked))
            raise
        outputs.write(partial(render, report), report.notes, bare=partial(bare, report))
    return 0


def bare(report: Report) -> str:
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
