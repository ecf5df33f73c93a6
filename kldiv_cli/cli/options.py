"""Options that several commands share, and what their words may be."""

from collections.abc import Collection
from typing import Annotated, Any

import typer

from kldiv_cli.cli.job import STDOUT
from kldiv_cli.errors import UsageError

Words = list[str] | None

Kinds = Annotated[
    Words,
    typer.Option(
        "--as",
        metavar="KIND",
        help="What the numbers are: probabilities, counts, weights, logits, log-probs, or"
        " samples (raw rows); chosen from the numbers if not given.",
    ),
]
Labels = Annotated[
    Words, typer.Option("--label", metavar="COLUMN", help="Column of the outcomes.")
]
Weights = Annotated[
    Words,
    typer.Option(
        "--weight",
        metavar="COLUMN",
        help="Column of the weights, member of a JSON object, or array of an .npz file;"
        " twice with one file compares the two.",
    ),
]
InputFormats = Annotated[
    Words,
    typer.Option(
        "--input-format",
        metavar="FORMAT",
        help="csv, tsv, json, jsonl, npy, npz, uniq or text, instead of what the extension says.",
    ),
]
Encodings = Annotated[
    Words, typer.Option("--encoding", metavar="NAME", help="Of text; UTF-8 if not given.")
]
Delimiters = Annotated[Words, typer.Option("--delimiter", metavar="CHAR", help="Between fields.")]
Decimals = Annotated[
    Words, typer.Option("--decimal", metavar="CHAR", help="The decimal mark: a point or a comma.")
]
Headers = Annotated[
    list[bool] | None,
    typer.Option("--header/--no-header", help="Whether the first row names the columns."),
]
Comments = Annotated[
    Words, typer.Option("--comment", metavar="CHAR", help="Skip lines that begin with it.")
]
Duplicates = Annotated[
    str,
    typer.Option(
        "--duplicates", metavar="error|sum", help="What to do with labels that repeat in counts."
    ),
]
MaxInflated = Annotated[
    str | None,
    typer.Option(
        "--max-inflated",
        metavar="SIZE",
        help="Largest size of a compressed file's content, such as 500MB; 64MB or 100 times"
        " the file if not given.",
    ),
]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]

Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="What the extension of --output says if not given, else text.",
    ),
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE.")
]
Reports = Annotated[
    Words, typer.Option("--report", metavar="FORMAT=FILE", help="Write one more; repeatable.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse what would be repaired with a note.")
]
ColumnNames = Annotated[
    Words,
    typer.Option(
        "--column", metavar="NAME", help="Judge this column; repeatable. Every shared one if not"
        " given, but those that look like keys.",
    ),
]  # fmt: skip
Excludes = Annotated[
    Words,
    typer.Option("--exclude", metavar="NAME|GLOB", help="Leave columns out; repeatable."),
]
Numerics = Annotated[
    Words, typer.Option("--numeric", metavar="NAME", help="A column holds numbers; repeatable.")
]
Categoricals = Annotated[
    Words,
    typer.Option("--categorical", metavar="NAME", help="A column holds labels; repeatable."),
]
Bins = Annotated[
    str | None,
    typer.Option(metavar="N", help="Bins of numeric columns, before the tails are split."),
]
Missing = Annotated[
    Words,
    typer.Option("--na", metavar="TEXT", help="A cell that means a missing value; repeatable."),
]
MostOutcomes = Annotated[
    str | None,
    typer.Option(
        "--max-outcomes", metavar="N", help="Most outcomes of a column; 100000 if not given."
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings; the nearest kldiv.toml, or [tool.kldiv] in"
        " pyproject.toml, if not given.",
    ),
]  # fmt: skip

KINDS = ("probabilities", "counts", "weights", "logits", "log-probs", "samples")
COLORS = ("auto", "always", "never")
REDUCTIONS = ("batchmean", "mean", "sum", "none")
DUPLICATES = ("error", "sum")


def among(option: str, value: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`.

    Raises
    ------
    UsageError
        If it is not; the hint names the closest choice.
    """
    if value in choices:
        return value
    from difflib import get_close_matches

    close = get_close_matches(value, choices, 1)
    raise UsageError(
        "usage",
        f"{option} is one of {', '.join(choices)}; found '{value}'",
        hint=f"{option} {close[0]}" if close else "",
    )


def known_kinds(words: Words, kinds: tuple[str, ...] = KINDS) -> None:
    """Check the words after ``--as``.

    Raises
    ------
    UsageError
        If one is not a kind.
    """
    for word in words or ():
        among("--as", word, kinds)


def once(message: str, **options: list[Any] | None) -> dict[str, Any]:
    """Return what repeatable options say where there is one thing that they can be about.

    Raises
    ------
    UsageError
        With `message`, if one is given more than once.
    """
    if any(len(words or ()) > 1 for words in options.values()):
        raise UsageError("usage", message)
    return {name: words[0] if words else None for name, words in options.items()}


def real(option: str, text: str) -> float:
    """Return the number that a word denotes, by the grammar of all numbers.

    Raises
    ------
    UsageError
        If it denotes none.
    """
    from kldiv_cli.readers.numbers import is_number

    if not is_number(text):
        raise UsageError("usage", f"{option} is a number; found '{text}'")
    return float(text)


def whole(option: str, text: str, least: int = 0) -> int:
    """Return the whole number that a word denotes.

    Raises
    ------
    UsageError
        If it denotes none, or one below `least`.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least):
        raise UsageError("usage", f"{option} is a whole number >= {least}; found '{text}'")
    return int(text)


def column_flags(
    max_kl: Words, numeric: Words, categorical: Words, flags: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return what options say of single columns; a threshold for all goes into `flags`.

    Raises
    ------
    UsageError
        If a threshold is no number, or a column is said to be of both types.
    """
    columns: dict[str, dict[str, Any]] = {}
    for text in max_kl or ():
        name, equals, number = text.rpartition("=")
        value = real("--max-kl", number)
        if equals:
            columns.setdefault(name, {})["max_kl"] = value
        else:
            flags["max_kl"] = value
    for names, type in ((numeric, "numeric"), (categorical, "categorical")):
        for name in names or ():
            if columns.setdefault(name, {}).setdefault("type", type) != type:
                raise UsageError("usage", f"column '{name}' is said to be of both types")
    return columns


def targets(
    format: str | None, output: str | None, reports: Words, formats: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return the format and the path of every report, the main one first.

    Raises
    ------
    UsageError
        If a format is not one of `formats`.
    """
    chosen = format or _format_of(output, formats)
    among("--format", chosen, tuple(formats))
    found = [(chosen, STDOUT if output is None else output)]
    for text in reports or ():
        name, equals, path = text.partition("=")
        if not equals or not path:
            hint = "--report json=out.json"
            message = f"--report takes FORMAT=FILE; found '{text}'"
            raise UsageError("usage", message, hint=hint)
        found.append((among("--report", name, tuple(formats)), path))
    return tuple(found)


def _format_of(output: str | None, formats: Collection[str]) -> str:
    from os.path import splitext

    extensions = {
        ".json": "json", ".csv": "csv", ".md": "markdown", ".markdown": "markdown",
        ".xml": "junit", ".prom": "prometheus",
    }  # fmt: skip
    format = extensions.get(splitext(output or "")[1].lower(), "text")
    return format if format in formats else "text"


def size(text: str | None) -> int | None:
    """Return the bytes that ``500MB`` denotes.

    Raises
    ------
    UsageError
        If it denotes none.
    """
    if text is None:
        return None
    units = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    digits = text.upper().removesuffix("B")
    unit = digits[-1:] if digits[-1:] in "KMGT" else ""
    digits = digits.removesuffix(unit)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise UsageError("usage", f"a size is a number such as 500MB; found '{text}'")
    return int(digits) * units[unit]
