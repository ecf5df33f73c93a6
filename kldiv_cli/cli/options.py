"""The options of the command line: a row for each, with its name, its words and its help.

A row is plain data, of which `app` makes an option of Typer. Its name is that of the Python
functions' option, so that the settings of the pipeline take its value as it is. Groups of rows are
shared by commands; the order of a command's rows is that of its help.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kldiv_cli.errors import UsageError
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kldiv_cli.core.report import Failure
    from kldiv_cli.renderers import Rendered

    Given = Mapping[str, Any]


class Argument(NamedTuple):
    """A word that is no option; ``[Q]`` may be left out, and ``DATA...`` are several words."""

    name: str
    metavar: str
    help: str

    @property
    def needed(self) -> bool:
        """Whether there must be a word for it."""
        return not self.metavar.startswith("[")

    @property
    def many(self) -> bool:
        """Whether it takes all words that are left."""
        return self.metavar.strip("[]").endswith("...")


class Option(NamedTuple):
    """An option of a command.

    Attributes
    ----------
    name : str
        The option of the Python functions, or of the command line alone.
    metavar : str
        The help's name for its value; empty for a switch. After it, ``...`` tells that the option
        may be given several times.
    help : str
        Its line of the help.
    flags : tuple of str
        Its spellings, if they are not ``--name``; ``--on/--off`` for a switch with two ends.
    default : str, optional
        The value that the help calls the default.
    read : callable, optional
        Makes a value of a word.
    group : str
        The heading that it stands under in the help.
    """

    name: str
    metavar: str
    help: str
    flags: tuple[str, ...] = ()
    default: str | None = None
    read: Callable[[str], object] | None = None
    group: str = "Options"

    @property
    def spellings(self) -> tuple[str, ...]:
        """The flags, the long one first."""
        return self.flags or (f"--{self.name.replace('_', '-')}",)

    @property
    def many(self) -> bool:
        """Whether it may be given several times."""
        return self.metavar.endswith("...")

    def ends(self) -> dict[str, bool | None]:
        """Return every flag with the value that it stands for; None where a word follows it."""
        if self.metavar.removesuffix("..."):
            return dict.fromkeys(self.spellings)
        on, _, off = self.spellings[0].partition("/")
        return {**dict.fromkeys((on, *self.spellings[1:]), True), **({off: False} if off else {})}

    def value(self, word: Any) -> Any:
        """Return the value of a word, or of several."""
        if self.read is None:
            return word
        return [self.read(one) for one in word] if isinstance(word, list) else self.read(word)


class Command(NamedTuple):
    """A command: the words that it takes, and the function that answers it.

    Attributes
    ----------
    run : callable
        Takes the arguments, and then the options that were given, by name.
    arguments, options : tuple
        Their rows.
    examples : tuple of str
        Lines that can be typed as they are where the samples are.
    exit_codes : str
        What the exit codes tell.
    formats : tuple of str
        Those of its report.
    failed : callable, optional
        Makes the report of an error from the words of the arguments, the options that were given
        by name, and the error; the words may be wrong.
    """

    run: Callable[..., int]
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    examples: tuple[str, ...] = ()
    exit_codes: str = ""
    formats: tuple[str, ...] = ()
    failed: Callable[[Sequence[str], Given, Failure], Rendered] | None = None

    def spell(self, name: str) -> str:
        """Return an option as it is written on the command line."""
        flags = {option.name: option.spellings[0] for option in self.options}
        return {**flags, "columns": "--numeric or --categorical"}.get(name, name)

    def said(self, words: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options that words give, with their values; a default says nothing."""
        return {
            option.name: option.value(words[option.name])
            for option in self.options
            if words.get(option.name) not in (None, [], False, option.default)
        }


def command(*rows: Argument | Option, **more: Any) -> Callable[[Callable[..., int]], Command]:
    """Return a decorator that makes a command of a function, whose docstring is the help.

    `more` are further attributes of `Command`, by name.
    """
    arguments = tuple(row for row in rows if isinstance(row, Argument))
    options = tuple(row for row in rows if isinstance(row, Option))
    return lambda function: Command(function, arguments, options, **more)


def group(heading: str, *rows: Option) -> tuple[Option, ...]:
    """Return options that stand under a heading in the help."""
    return tuple(row._replace(group=heading) for row in rows)


def number(word: str) -> int | float | str:
    """Return the number that a word denotes, or else the word, which no check takes for one."""
    from kldiv_cli.core.numbers import is_number

    if word.isascii() and word.removeprefix("-").isdigit() and len(word) < 16:
        return int(word)
    return float(word) if is_number(word) else word


def sources(*words: str) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """Return the names and the paths of sources such as ``jan=data.csv``."""
    from kldiv_cli.readers import split_name

    pairs = [split_name(word) for word in words]
    return tuple(name for name, _ in pairs), tuple(path for _, path in pairs)


def with_columns(said: dict[str, Any]) -> dict[str, Any]:
    """Return options with those on single columns put together as `columns`.

    Raises
    ------
    UsageError
        If a column is said to be of both types.
    """
    from kldiv_cli.pipeline.settings import MAXIMA

    columns: dict[str, dict[str, Any]] = {}
    rest = {name: value for name, value in said.items() if name not in ("numeric", "categorical")}
    for name, check in MAXIMA.items():
        for word in rest.pop(name, ()):
            column, equals, end = word.rpartition("=")
            given = columns.setdefault(column, {}) if equals else rest
            given[name] = check(f"--{name.replace('_', '-')}", number(end))
    for type in ("numeric", "categorical"):
        for column in said.get(type, ()):
            if columns.setdefault(column, {}).setdefault("type", type) != type:
                raise UsageError("usage", f"column '{column}' is said to be of both types")
    return {**rest, "columns": columns} if columns else rest


def map_of(current: str, reference: str) -> Option:
    """Return the option for columns that were renamed, of sides that are called so."""
    help = f"Column NEW of {current} is column OLD of {reference}; repeatable."
    return Option("map", "NEW=OLD...", help)


def with_limits(said: dict[str, Any]) -> dict[str, Any]:
    """Return options with the words of ``--fail-above`` put together as `fail_above`.

    Of two limits of one measure the lower counts: a gate is not opened by a second one.

    Raises
    ------
    UsageError
        If a word is not MEASURE=VALUE.
    """
    limits: dict[str, list[Any]] = {}
    for word in said.get("fail_above", ()):
        measure, equals, end = word.rpartition("=")
        if not equals:
            message = f"--fail-above takes MEASURE=VALUE; found '{word}'"
            measure, limit = _likely_limit(word)
            raise UsageError("usage", message, hint=f"--fail-above {measure}={limit}")
        limits.setdefault(measure, []).append(number(end))
    # A text comes first: the check of the option refuses it.
    lowest = {
        measure: min(ends, key=lambda end: -1.0 if isinstance(end, str) else end)
        for measure, ends in limits.items()
    }
    return {**said, "fail_above": lowest} if lowest else said


def _likely_limit(word: str) -> tuple[str, str]:
    """Return the measure and the limit that a word may mean which names only one of them."""
    from kldiv_cli.core.measures import find

    try:
        return find(word).name, "0.05"
    except ValueError:
        value = number(word)
        return "kl_pq", "0.05" if isinstance(value, str) or not 0 <= value < math.inf else word


# fmt: off
KIND = Option(
    "kind", "KIND...", "What the numbers are: probabilities, counts, weights, logits, log-probs,"
    " or samples (raw rows); chosen from the numbers if not given.", ("--as",),
)
BASE = Option(
    "base", "e|2|10", "Of the logarithm: nats, bits or hartleys.", default="e"
)
SMOOTHING = Option(
    "smoothing", "HOW", "none, jeffreys, laplace or add:ALPHA (counts), or floor:EPS; on both"
    " sides.", default="none",
)
TEMPERATURE = Option("temperature", "T", "Divides logits.", default="1", read=number)
LABEL = Option("label", "COLUMN...", "Column of the outcomes.")
WEIGHT = Option(
    "weight", "COLUMN...", "Column of the weights, member of a JSON object, or array of an .npz"
    " or .safetensors file; twice with one file compares the two.",
)
TEXT = (
    Option("input_format", "FORMAT...", "csv, tsv, json, jsonl, npy, npz, safetensors,"
           " llama-kld, parquet, arrow, uniq or text, instead of what the extension says."),
    Option("encoding", "NAME...", "Of text; UTF-8 if not given."),
    Option("delimiter", "CHAR...", "Between fields."),
    Option("decimal", "CHAR...", "The decimal mark: a point or a comma."),
    Option("thousands", "CHAR...", "Separates thousands in numbers: ',' '.' ' ' \"'\" or '_'."),
    Option("skip_rows", "N...", "Lines above a table to leave out, such as titles.", read=number),
    Option("header", "...", "Whether the first row names the columns.", ("--header/--no-header",)),
    Option("comment", "CHAR...", "Skip lines that begin with it."),
    Option("escape", "CHAR...", "Stands before a quote inside quotes: the backslash of Spark's"
           " CSV; a quote is doubled if not given."),
)
TOTAL_ROW = Option(
    "total_row", "drop|keep...", "What to do with a row that is the sum of all the others; it is"
    " refused if not given.",
)
AT = Option(
    "at", "POINTER...", "Of JSON, the value at a pointer, such as /choices/0/logprobs; twice with"
    " one file compares the two.",
)
JOINT = Option("joint", "COLUMN...", "Outcomes are those of this column and of others together;"
               " given twice or more.")
WHERE = Option(
    "where", "COL=VALUE...", "Read only rows with this value in a column; twice with one file"
    " takes one side each.",
)
DUPLICATES = Option(
    "duplicates", "error|sum", "What to do with labels that repeat in counts.", default="error"
)
MAX_INFLATED = Option(
    "max_inflated", "SIZE", "Largest size of a compressed file's content, such as 500MB; 64MB or"
    " 100 times the file if not given.",
)
ARRAYS = (
    Option("dtype", "bfloat16...", "The type of elements of two bytes of which an .npy or .npz"
           " file does not say it."),
    Option("max_header", "SIZE", "Longest header of a .safetensors file; 1MB if not given."),
)
ENGINE = (
    Option("memory_limit", "SIZE", "Memory that an engine such as DuckDB may take, such as 500MB"
           " (MB is 10^6 bytes, MiB 2^20); 2GiB if not given. No result depends on it."),
    Option("threads", "N", "Threads that an engine, or the rows of a batch, may take; one a"
           " processor if not given. No result depends on it.", read=number),
)
BLOCK = Option(
    "block", "N", "Rows of a batch that make a block, for the error of their mean; chosen by their"
    " correlation if not given.", read=number,
)
BY = Option("by", "COL", "Judge the rows with each value of this column by themselves, too; the"
            " divergence is split into the mix of these segments and what is within them.")
MAX_SEGMENTS = Option("max_segments", "N", "Most segments of --by; 200 if not given.", read=number)
SERIAL = Option("serial", "", "Rows depend on those before them: judge by blocks of rows.")
CLUSTER = Option("cluster", "COL", "Rows with one value of this column belong together.")
ROW_WEIGHT = Option(
    "row_weight", "COL", "How many units a row stands for, such as a weight of a survey."
)
FREQUENCY = Option("frequency", "COL", "How many rows a row stands for: whole numbers.")
FLATTEN = Option("flatten", "", "Make one distribution of all elements of a 2-D array.")
STRICT = Option("strict", "", "Refuse what would be repaired with a note.")

WANTED = (
    Option("column", "NAME...", "Judge this column; repeatable. Every shared one if not given,"
           " but dates and those that look like keys."),
    Option("exclude", "NAME|GLOB...", "Leave columns out; repeatable."),
)
TYPES = (
    Option("numeric", "NAME...", "A column holds numbers; repeatable."),
    Option("categorical", "NAME...", "A column holds labels; repeatable."),
    Option("bins", "N", "Bins of numeric columns, before the tails are split.", read=number),
)
NA = Option("na", "TEXT...", "A cell or a label that means a missing value; repeatable.")
MAX_OUTCOMES = Option(
    "max_outcomes", "N", "Most outcomes of a column; 100000 if not given.", read=number
)
CONFIG = Option("config", "FILE", "Settings; the nearest kldiv.toml, or [tool.kldiv] in"
                " pyproject.toml, if not given.")

CONNECT = Option(
    "connect", "URL", "An engine of yours, in which tables are counted: postgresql://HOST/DATABASE,"
    " duckdb://FILE or sc://HOST:PORT, without a password."
)
TIMEOUT = Option("timeout", "SECONDS", "Longest time for an answer of that engine; 3600 if not"
                 " given.", read=number)

OUTPUT = Option("output", "FILE", "Write to FILE.", ("--output", "-o"))
REPORTS = (
    Option("format", "FORMAT", "What the extension of --output says if not given, else text.",
           ("--format", "-f")),
    OUTPUT,
    Option("report", "FORMAT=FILE...", "Write one more; repeatable."),
)
QUIET = Option(
    "quiet", "", "Print the bare numbers, and no notes but repairs.", ("--quiet", "-q")
)
EXIT_ZERO = Option("exit_zero", "", "Exit 0 where it would be 1 or 3; never for 2.")
COLOR = Option("color", "WHEN", "auto, always or never.", default="auto")
VERBOSE = Option(
    "verbose", "", "Say on standard error which engine counted each input.", ("--verbose", "-v")
)
# fmt: on
