"""``kldiv check``: whether data have drifted from a reference."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import following, options
from kldiv_cli.cli.options import Argument, Option, group, number
from kldiv_cli.cli.outputs import Outputs, tell_notes
from kldiv_cli.errors import UsageError
from kldiv_cli.renderers import CHECK_FORMATS
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from kldiv_cli.core.findings import Check
    from kldiv_cli.core.report import Failure
    from kldiv_cli.pipeline.config import Config
    from kldiv_cli.pipeline.settings import CheckSettings

EXIT_CODES = {None: 0, "drift": 1, "inconclusive": 3}
"""By the verdict that the gate fails on."""
CODES = "Exit codes: 0 no drift, 1 drift, 2 no answer, 3 inconclusive (see --fail-on)."
EXAMPLES = (
    "cd sample_data",
    "kldiv check flights_january.json flights_july.csv",
    "kldiv check airlines_january.csv airlines_july.csv --as counts",
    "kldiv check die_fair.csv die_loaded.csv --as probabilities --as counts",
    "kldiv check teacher_logits.npy student_logits.npy --as logits",
    "cat flights_july.csv | kldiv check flights_january.json - -f github",
    'psql -c "COPY (...) TO STDOUT CSV HEADER" | kldiv check a.csv - --as counts',
)


# fmt: off
TABLES = (
    options.CONNECT,
    Option("reference_table", "TABLE", "What to compare with: TABLE, or SCHEMA.TABLE."),
    Option("reference_sql", "QUERY", "The same, as a SELECT."),
    Option("current_table", "TABLE", "What to judge."),
    Option("current_sql", "QUERY", "The same, as a SELECT: of one day, for example."),
    options.TIMEOUT,
)
ROWS: tuple[Argument | Option, ...] = (
    Argument("reference", "[REFERENCE]", "Raw rows or a profile; NAME=FILE, or -."),
    Argument("current", "[CURRENT]", "What to judge; none with two --where or --weight."),
    *group(
        "Columns and limits",
        *options.WANTED,
        Option("max_kl", "[COL=]X...", "Largest divergence that is accepted, in nats; 0.05 if no"
               " measure has a limit. COL=X is for one column; COL=inf only warns of it."
               " Repeatable."),
        Option("max_psi", "[COL=]X...", "The same of PSI; all measures with a limit must pass."),
        Option("max_js", "[COL=]X...", "The same of the Jensen-Shannon divergence, in nats."),
        Option("max_js_distance", "[COL=]X...", "The same of its square root."),
        Option("max_hellinger", "[COL=]X...", "The same of the Hellinger distance."),
        Option("max_tv", "[COL=]X...", "The same of the total variation, by conservative limits."),
        Option("max_new", "X", "Largest share of rows with an outcome that is new.", read=number),
        Option("max_missing_shift", "X", "Largest change of the share of missing values.",
               read=number),
        Option("alpha", "X", "Level of the tests; 0.05 if not given.", read=number),
        Option("adjust", "bh|none", "Correction for many columns."),
        Option("fail_on", "drift|inconclusive", "Exit 3 if any column is inconclusive, not"
               " only if none could be decided."),
        options.EXIT_ZERO, options.CONFIG,
        Option("init", "", "Write kldiv.toml, or --config FILE, with settings for these data."),
    ),
    *group(
        "What the data are (given twice: first for REFERENCE)",
        options.KIND._replace(help="samples (raw rows, if not given), or one table of counts,"
                              " probabilities or weights; counts may also be a tidy table"
                              " column,outcome,count. logits or log-probs judge a model."),
        options.LABEL, options.WEIGHT, options.AT, options.JOINT, options.WHERE,
        options.map_of("CURRENT", "REFERENCE"), *options.TYPES,
        Option("missing", "category|drop|error", "Missing values: an outcome, left out, refused."),
        options.NA, options.MAX_OUTCOMES, options.BY, options.MAX_SEGMENTS, options.SERIAL,
        options.CLUSTER, options.ROW_WEIGHT, options.FREQUENCY, options.BLOCK,
    ),
    *group("Tables in an engine of yours, in the place of files", *TABLES),
    *group(
        "Reports",
        *options.REPORTS,
        Option("top", "N", "How many outcomes to list of a column.", read=number),
        Option("dataset", "NAME", "Name of the data set in metrics and test results; the path of"
               " REFERENCE without its extension if not given."),
        options.QUIET._replace(help="Print the verdict alone, and no notes."),
        options.COLOR, options.VERBOSE,
    ),
    *group(
        "How files are read (given twice: first REFERENCE)",
        options.STRICT, *options.TEXT, options.TOTAL_ROW, options.DUPLICATES, options.FLATTEN,
        options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE,
    ),
)
# fmt: on


def failed(arguments: Sequence[str], said: Mapping[str, Any], failure: Failure) -> Check:
    """Return the report of an error, with those options and settings that have right values."""
    from kldiv_cli.core.dataset import NO_NAME
    from kldiv_cli.core.distribution import LOG_KINDS
    from kldiv_cli.core.findings import DIRECTION, DIRECTION_OF_MODELS, failed
    from kldiv_cli.core.inference.resampling import SEED
    from kldiv_cli.core.judging import Limits
    from kldiv_cli.pipeline.config import right_settings
    from kldiv_cli.pipeline.settings import CHECK, MAXIMA, name_of_data_set, right_options
    from kldiv_cli.readers import is_model, split_name

    table = said.get("reference_table") or ("reference" if "reference_sql" in said else None)
    ends = {
        name: [number(word) for word in said.get(name, ()) if "=" not in word] for name in MAXIMA
    }
    last = {name: words[-1] if words else None for name, words in ends.items()}
    given = right_options(CHECK, {**said, **last})
    right = {**right_settings(said.get("config")), **given}
    dataset = name_of_data_set(*options.sources(arguments[0])[1]) if arguments else NO_NAME
    said_models = not {*said.get("kind", ())}.isdisjoint(LOG_KINDS)
    models = said_models or any(is_model(split_name(word)[1]) for word in arguments)
    shown = ("alpha", "adjust", *MAXIMA)
    limits = Limits(**{name: right[name] for name in shown if name in right})
    measure, threshold = next(iter(limits.of("").items()))
    return failed(
        failure,
        alpha=limits.alpha,
        adjust=limits.adjust,
        seed=SEED,
        measure=measure,
        threshold=threshold,
        dataset=right.get("dataset") or table or dataset,
        direction=DIRECTION_OF_MODELS if models else DIRECTION,
    )


@options.command(*ROWS, examples=EXAMPLES, exit_codes=CODES, formats=CHECK_FORMATS, failed=failed)
def check(reference: str | None, current: str | None, said: dict[str, Any]) -> int:
    """Judge, column by column, whether data have drifted from a reference.

    D(current || reference), or another measure, is estimated from the rows and compared with
    --max-kl (--max-js, ...); the chance of a false drift is at most --alpha if rows are
    independent (if they are not: --serial or --cluster). Of a model (--as logits) the mean of
    D(reference || current) over its rows is judged.
    """
    from dataclasses import replace

    from kldiv_cli.pipeline import config
    from kldiv_cli.pipeline.check import checked
    from kldiv_cli.renderers import render

    if said.pop("init", False):
        return begin(reference, current, said)
    asked = dict(said)
    sides = _sides(reference, current, said)
    outputs = Outputs(said, CHECK_FORMATS)
    file, exit_zero = said.pop("config", None), said.pop("exit_zero", False)
    project = config.load(file)
    settings, given = prepared(sides, said, project)
    with outputs, sides.engine:
        outputs.open((*sides.paths, *config.files(file)))
        report = checked(settings)
        if report.verdict in ("drift", "inconclusive"):
            report = replace(report, picture=following.picture("check", sides.words, check, asked))
        notes = (*project.notes(), *report.notes)
        outputs.write(partial(render, report), notes, bare=lambda: f"{report.verdict}\n")
    return 0 if exit_zero else EXIT_CODES[report.failure(given["fail_on"])]


class Sides(NamedTuple):
    """REFERENCE and CURRENT: files, tables in an engine, or both.

    Attributes
    ----------
    words, paths : tuple of str
        The words for those that are files, and their paths.
    names : tuple of (str or None)
        What both sides are called; None where that is taken from a source.
    sources : tuple of object
        Both sides; of one source alone, both are rows of it.
    engine : context manager
        Closes the connection to the engine, if there is one.
    """

    words: tuple[str, ...]
    paths: tuple[str, ...]
    names: tuple[str | None, ...]
    sources: tuple[Any, ...]
    engine: AbstractContextManager[object]


def _sides(reference: str | None, current: str | None, said: dict[str, Any]) -> Sides:
    """Return both sides, and take the options that name an engine out of those said.

    Raises
    ------
    UsageError
        If one is missing, or there are three.
    """
    words = tuple(word for word in (reference, current) if word is not None)
    names, paths = options.sources(*words)
    if any(row.name in said for row in TABLES):
        from kldiv_cli.pipeline import warehouses

        tables = warehouses.taken(said)
        files = list(zip(names, paths, strict=True))
        sides: list[tuple[str | None, Any]] = []
        for side in ("reference", "current"):
            if side in tables.sides:
                sides.append((None, tables.sides[side]))
            elif files:
                sides.append(files.pop(0))
            else:
                message = f"--connect names an engine, and nothing names the {side} side"
                hint = f"--{side}-table TABLE, --{side}-sql QUERY, or a file"
                raise UsageError("usage", message, hint=hint)
        if files:
            message = "both sides are named, and there is a file, too"
            raise UsageError("usage", message, hint="leave the file out, or one of the tables")
        both = tuple(name for name, _ in sides), tuple(source for _, source in sides)
        return Sides(words, paths, *both, tables.warehouse)
    are_in_one = any(len(said.get(name, ())) > 1 for name in ("where", "weight", "at"))
    if len(words) < 2 - are_in_one:
        from kldiv_cli.cli.short_help import missing_argument

        raise missing_argument("check", check, len(words))
    return Sides(words, paths, names, paths, nullcontext())


def prepared(
    sides: Sides, said: dict[str, Any], project: Config
) -> tuple[CheckSettings, dict[str, Any]]:
    """Return the settings of a check, and the options that they are made of.

    Parameters
    ----------
    sides : Sides
        REFERENCE and CURRENT.
    said : dict of str to object
        The options of the command line.
    project : Config
        The settings of the project, which an option replaces.

    Raises
    ------
    UsageError
        If an option has a wrong value, or cannot be used by this kind of input.
    """
    from kldiv_cli.pipeline.settings import CHECK, PROJECT, check_settings

    asked = options.with_columns(said)
    given = {**project.beneath(asked, {*CHECK, "fail_on"}), "names": (*sides.names, None)[:2]}
    fail_on = PROJECT["fail_on"]("--fail-on", given.pop("fail_on", "drift"))
    own = given.keys() - asked.keys()
    settings = check_settings((*sides.sources, None)[:2], given, check.spell, own)
    return settings, {**given, "fail_on": fail_on}


def begin(reference: str | None, current: str | None, said: dict[str, Any]) -> int:
    """Write a file of settings for these data, and return the exit code."""
    from kldiv_cli.cli import init
    from kldiv_cli.pipeline import config

    asked = dict(said)
    path = init.target(said)
    for name in ("config", "exit_zero"):
        said.pop(name, None)
    quiet, color = said.pop("quiet", False), said.pop("color", "auto")
    sides = _sides(reference, current, said)
    project = config.load()
    settings, given = prepared(sides, said, project)
    with sides.engine:
        made = init.write(path, settings, {**project.settings, **given}, sides.paths)
    tell_notes((*project.notes(), *made.notes), quiet=quiet, color=color)
    if not quiet:
        following = init.next_command(check, sides.words, asked)
        init.tell(path, made.summary, following, color)
    return 0
