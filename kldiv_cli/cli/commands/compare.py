"""``kldiv compare``: how far apart two distributions are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import following, options
from kldiv_cli.cli.options import Argument, Option, group, number
from kldiv_cli.cli.outputs import Outputs
from kldiv_cli.renderers import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kldiv_cli.core.report import Failure, Report

ABOVE = 1
CODES = "Exit codes: 0 answered, 1 a measure is above its --fail-above, 2 no answer."
EXAMPLES = (
    "cd sample_data",
    "kldiv airlines_july.csv airlines_january.csv",
    "kldiv now=die_loaded.csv then=die_fair.csv -f json",
    "kldiv compare wolf_dice.csv --weight white --weight red --base 2",
    "kldiv teacher_logits.npy student_logits.npy --as logits",
    "kldiv flights_july.csv flights_january.json --as samples",
    "kldiv die_loaded.csv die_fair.csv --fail-above kl_pq=0.05",
    "cat die_loaded.csv | kldiv - die_fair.csv -q -m kl_pq",
)


# fmt: off
ROWS: tuple[Argument | Option, ...] = (
    Argument("p", "P", "A file, NAME=FILE, or - for stdin."),
    Argument("q", "[Q]...", "The other side, or several; without it P holds both (--weight, or"
             " --where, twice)."),
    *group(
        "Measures and limits",
        Option("measures", "NAME...", "A measure, as 'kldiv measures' lists them; repeatable.",
               ("--measure", "-m")),
        Option("all_measures", "", "Show every measure in text, not the directions of KL alone;"
               " JSON and CSV have them all."),
        Option("fail_above", "MEASURE=VALUE...", "Exit 1 if a measure is not at most VALUE, as"
               " nothing infinite is, or a statistic of a batch such as kl_p99 or"
               " top_disagreement; repeatable."),
        options.EXIT_ZERO._replace(help="Exit 0 where it would be 1; never for 2."),
        options.BASE, options.SMOOTHING,
        Option("alpha", "X", "One minus the level of the intervals of estimates; 0.05 if not"
               " given.", read=number),
        Option("top", "N", "How many outcomes to list.", default="10", read=number),
    ),
    *group(
        "What the numbers are (given twice: first for P, then for Q)",
        options.KIND, options.LABEL, options.WEIGHT, options.AT, options.JOINT, options.WHERE,
        options.BY._replace(help="A second column of labels, whose values are segments: the"
                            " divergence is split into the mix of these and what is within them."),
        options.MAX_SEGMENTS,
    ),
    *group(
        "Columns of raw rows",
        *options.WANTED, options.map_of("P", "Q"), *options.TYPES, options.NA,
        options.MAX_OUTCOMES, options.ROW_WEIGHT, options.FREQUENCY,
    ),
    *group(
        "Models and other batches",
        options.TEMPERATURE,
        Option("targets", "FILE", "The outcome that came true in each row of a batch, by its"
               " number from 0, such as token ids."),
        options.BLOCK,
        Option("kld_rule", "RULE", "How base files of llama.cpp are compared: cells, or llama.cpp"
               " to agree with what it prints.", default="cells"),
        Option("reduction", "HOW", "How the rows of a batch become one number, as in torch's"
               " F.kl_div: batchmean, mean, sum or none.", default="batchmean"),
        Option("rows", "FILE", "Write the measures of each row of a batch to FILE, as CSV."),
    ),
    *group("Reports", *options.REPORTS, options.QUIET, options.COLOR, options.VERBOSE),
    *group(
        "How files are read (given twice: first P, then Q)",
        options.STRICT, *options.TEXT, options.TOTAL_ROW, options.DUPLICATES, options.FLATTEN,
        options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE,
    ),
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


@options.command(*ROWS, examples=EXAMPLES, exit_codes=CODES, formats=FORMATS, failed=failed)
def compare(p: str, q: list[str], said: dict[str, Any]) -> int:
    """Compare two distributions, in both directions, or one with each of several.

    P and Q are tables, JSON, or arrays; outcomes are matched by name, weights are normalised.
    Raw rows need --as samples, models --as logits.
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
    # The bare numbers have no estimate beside them, and no statistics of rows.
    given["estimate"] = outputs.has_reports
    settings = compare_settings((*paths, *alone), given, compare.spell)
    settings = settings._replace(
        statistics=outputs.has_reports,
        intervals=outputs.has_every_measure or "measures" in said,
    )
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
