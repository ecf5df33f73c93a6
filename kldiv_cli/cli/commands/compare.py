"""``kldiv compare``: how far apart two distributions are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import following, options
from kldiv_cli.cli.options import Argument, Option, number
from kldiv_cli.cli.outputs import Outputs
from kldiv_cli.renderers import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kldiv_cli.core.report import Failure, Report

ABOVE = 1
EPILOG = """Exit codes: 0 answered, 1 a measure is above its --fail-above, 2 no answer.

Examples:

\b
  kldiv sample_data/airlines_july.csv sample_data/airlines_january.csv
  kldiv compare now=sample_data/die_loaded.csv then=sample_data/die_fair.csv -f json
  kldiv compare sample_data/wolf_dice.csv --weight white --weight red --base 2
  kldiv compare sample_data/teacher_logits.npy sample_data/student_logits.npy --as logits
  kldiv compare sample_data/flights_july.csv sample_data/flights_january.json --as samples
  kldiv sample_data/die_loaded.csv sample_data/die_fair.csv --fail-above kl_pq=0.05
  cat sample_data/die_loaded.csv | kldiv - sample_data/die_fair.csv -q --measure kl_pq
"""


# fmt: off
ROWS = (
    Argument("p", "P", "A file, NAME=FILE, or - for stdin."),
    Argument("q", "[Q]...", "The other side, or several that P is compared with; without it two"
             " weights of P are compared (--weight twice), or two sets of its rows (--where"
             " twice)."),
    Option("measures", "NAME...", "A measure, as 'kldiv measures' lists them; repeatable.",
           ("--measure", "-m")),
    Option("all_measures", "", "Show every measure in text, not the directions of KL alone; JSON"
           " and CSV have them all."),
    Option("fail_above", "MEASURE=VALUE...", "Exit 1 if a measure is not at most VALUE,"
           " or a statistic of a batch such as kl_p99 or top_disagreement; repeatable."),
    options.EXIT_ZERO._replace(help="Exit 0 where it would be 1; never for 2."),
    options.BASE,
    options.KIND, options.LABEL, options.WEIGHT, options.AT, options.JOINT,
    options.SMOOTHING, options.TEMPERATURE,
    Option("targets", "FILE", "The outcome that came true in each row of a batch, by its number"
           " from 0, such as token ids."),
    options.BLOCK,
    Option("kld_rule", "RULE", "How base files of llama.cpp are compared: cells, or llama.cpp to"
           " agree with what it prints.", default="cells"),
    Option("reduction", "HOW", "How the rows of a batch become one number, as in torch's F.kl_div:"
           " batchmean, mean, sum or none.", default="batchmean"),
    options.WHERE, *options.WANTED, options.map_of("P", "Q"), *options.TYPES, options.NA,
    options.MAX_OUTCOMES,
    Option("top", "N", "How many outcomes to list.", default="10", read=number),
    *options.REPORTS,
    Option("rows", "FILE", "Write the measures of each row of a batch to FILE, as CSV."),
    options.QUIET, options.STRICT,
    *options.TEXT, options.DUPLICATES, options.TOTAL_ROW, options.FLATTEN,
    options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE, options.COLOR, options.VERBOSE,
)
# fmt: on


def failed(_: Sequence[str], said: Mapping[str, Any], failure: Failure) -> Report:
    """Return the report of an error, with those options that have right values."""
    from kldiv_cli.core.measures import DEFAULT_MEASURES
    from kldiv_cli.core.report import failed
    from kldiv_cli.core.smoothing import Smoothing
    from kldiv_cli.pipeline.settings import COMPARE, right_options

    right = right_options(COMPARE, said)
    words = [word for word in said.get("fail_above", ()) if "=" in word]
    limits: dict[str, float] = {}
    for limit in (options.with_limits({"fail_above": [word]}) for word in words):
        limits |= right_options(COMPARE, limit).get("fail_above", {})
    return failed(
        failure,
        # Whoever asked for a measure that there is not waits for its name as well.
        said.get("measures", DEFAULT_MEASURES),
        limits,
        right.get("base", "e"),
        right.get("smoothing", Smoothing()).name,
        right.get("temperature", 1.0),
    )


@options.command(*ROWS, epilog=EPILOG, formats=FORMATS, failed=failed)
def compare(p: str, q: list[str], said: dict[str, Any]) -> int:
    """Compare two distributions, in both directions, or one with each of several.

    P and Q are tables of outcomes and weights (csv, tsv), JSON, or NPY arrays, plain or
    compressed. Labels are matched by name; weights are normalised. A side may be called
    what you like: jan=data.csv.

    --as samples counts raw rows, and compares them column by column. --as logits compares
    what language models predict, row by row: NPY arrays, .safetensors files, base files of
    llama.cpp; docs/models.md tells how.

    --fail-above MEASURE=VALUE makes a gate of it: exit 1 where not (measure <= VALUE), so
    nothing that is infinite passes.

    Options that describe a side (--as, --label, --weight, --at, --input-format, --encoding,
    --delimiter, --decimal, --header, --comment, --escape, --total-row) serve both sides;
    given twice, the first is for P.
    """
    from dataclasses import replace

    from kldiv_cli.pipeline.compare import compared
    from kldiv_cli.pipeline.settings import compare_settings
    from kldiv_cli.renderers import pieces

    asked = dict(said)
    outputs = Outputs(said, FORMATS)
    exit_zero = said.pop("exit_zero", False)
    names, paths = options.sources(p, *q)
    alone = () if q else (None,)
    given = {**options.with_columns(options.with_limits(said)), "names": (*names, *alone)}
    # The bare numbers have no estimate beside them.
    given["estimate"] = outputs.has_reports
    settings = compare_settings((*paths, *alone), given, compare.spell)
    with outputs:
        outputs.open(paths)
        report = compared(settings)
        if report.p and report.q and any(found.estimate for found in report.comparisons):
            kinds = (report.p.kind, report.q.kind)
            line = following.as_check(p, q, compare, asked, kinds)
            report = replace(report, as_check=line)
        outputs.write(partial(pieces, report), report.notes, bare=partial(bare, report))
    return ABOVE if report.failed and not exit_zero else 0


def bare(report: Report) -> str:
    """Return the numbers alone; of several, each after its column or Q, its measure and a tab."""
    from kldiv_cli.core.report import number
    from kldiv_cli.renderers.show import show

    lines = []
    for comparison in report.comparisons:
        name = (comparison.q if report.others else comparison.column) or ""
        column = f"{show(name)}\t" if len(report.comparisons) > 1 else ""
        for name, value in comparison.measures.items():
            head = f"{column}{name}\t" if len(comparison.measures) > 1 else column
            rows = value if isinstance(value, tuple) else (value,)
            lines += [f"{head}{number(row)}\n" for row in rows if row != "error"]
    return "".join(lines)
