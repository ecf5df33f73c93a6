"""Options that several commands share, and what their words may be."""

from typing import Annotated

import typer

from kldiv_cli.errors import UsageError

Words = list[str] | None

Kinds = Annotated[
    Words,
    typer.Option(
        "--as",
        metavar="KIND",
        help="What the numbers are: probabilities, counts, weights, logits or log-probs;"
        " chosen from the numbers if not given.",
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

KINDS = ("probabilities", "counts", "weights", "logits", "log-probs")
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


def known_kinds(words: Words) -> None:
    """Check the words after ``--as``.

    Raises
    ------
    UsageError
        If one is not a kind, or is one that is not counted here.
    """
    for word in words or ():
        if word == "samples":
            raise UsageError(
                "samples-not-counted",
                "raw values are not counted yet, only compared once they are",
                hint="sort FILE | uniq -c | kldiv - OTHER --input-format uniq",
            )
        among("--as", word, KINDS)


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
