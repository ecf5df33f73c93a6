"""Completion: what may stand where the cursor is, for the scripts that a shell reads.

A script runs ``kldiv __complete SHELL WORDS...`` at every Tab; the last word is the one that is
being typed. The first line of the answer is ``words``, ``files`` or ``both``, and after a tab the
part of the word that the name of a file comes after, such as ``jan=``: files are completed by the
shell itself. Each further line is a candidate: a whole word, a tab, and what it means.

A column may be called anything, and shells evaluate more than one thinks. So the name of a column
is a candidate only if it consists of letters, digits, underscores, points and hyphens. Nothing is
written to standard error, and every error ends in an answer without candidates.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NoReturn

from kldiv_cli.cli.arguments import told_apart
from kldiv_cli.cli.commands import COMMANDS, SUMMARIES, load
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import FrameType

    from kldiv_cli.cli.arguments import Words
    from kldiv_cli.cli.options import Command, Option

SECONDS = 0.2
"""The longest time that the files on a line are looked at."""
MOST_COLUMNS, LONGEST_COLUMN = 1000, 100

Candidate = tuple[str, str]
"""A word, and what it means."""


class Offer(NamedTuple):
    """What may stand at the cursor.

    Attributes
    ----------
    candidates : tuple of Candidate
        Words that come after `head`.
    files : bool
        Whether names of files may come after `head`.
    head : str
        The part of the word at the cursor that is settled.
    """

    candidates: tuple[Candidate, ...] = ()
    files: bool = False
    head: str = ""


def answer(arguments: Sequence[str]) -> str:
    """Return the answer to a shell: its name, the word ``kldiv``, and the words typed after it."""
    try:
        shell, _, *words = arguments
        settled = 0
        if shell == "bash":
            if len(words) > 1 and _REDIRECTION.fullmatch(words[-2]):
                return "files\t\n"
            words, settled = _joined(words)
        *before, current = words
        current = current if shell == "bash" else unquoted(current)
        found = offer(before, current)
    except Exception:
        return ""
    how = ("both" if found.candidates else "files") if found.files else "words"
    lines = [f"{how}\t{found.head[settled:]}"]
    for word, meaning in found.candidates:
        whole = found.head + word
        # The other shells choose among the candidates by rules of their own.
        if shell != "bash" or whole.startswith(current):
            lines.append(f"{whole[settled:]}\t{meaning}")
    return "\n".join([*lines, ""])


def offer(before: Sequence[str], current: str) -> Offer:
    """Return what may stand at the cursor.

    Parameters
    ----------
    before : sequence of str
        The words before that at the cursor, without ``kldiv``.
    current : str
        The word at the cursor, as far as it is typed.
    """
    is_flag = current.startswith("-")
    commands = tuple(SUMMARIES.items())
    if before and before[0] == "help":
        return Offer(commands)
    if not before and not is_flag:
        files = _file(current)
        return files if files.head else files._replace(candidates=commands)
    named = bool(before) and before[0] in COMMANDS
    command = load(before[0] if named else "compare")
    typed = told_apart(command, before[named:])
    if typed.waiting:
        return _value(typed.waiting, current, typed, command)
    if typed.ended or not is_flag:
        return _argument(current, typed, command)
    flag, equals, value = current.partition("=")
    if not equals:
        top = (("--version", "Print the version."),) if not before else ()
        return Offer((*top, *_flags(command)))
    option = next((row for row in command.options if row.ends().get(flag, True) is None), None)
    if option is None:
        return Offer()
    found = _value(option, value, typed, command)
    return found._replace(head=f"{flag}={found.head}")


def _argument(current: str, typed: Words, command: Command) -> Offer:
    """Return what an argument may be: a file, unless the command's row says more."""
    rows = command.arguments
    row = rows[min(len(typed.arguments), len(rows) - 1)]
    if len(typed.arguments) >= len(rows) and not row.many:
        return Offer()
    if row.name in ARGUMENTS:
        return Offer(_known(ARGUMENTS[row.name], typed, command))
    return _file(current)


def _value(option: Option, current: str, typed: Words, command: Command) -> Offer:
    """Return what the value of an option may be, after what is typed of it."""
    metavar = option.metavar.removesuffix("...")
    name, equals, _ = current.partition("=")
    if option.name in PAIRS:
        first, then = PAIRS[option.name]
        if not equals:
            known = _known(first, typed, command)
            plain = _known(then, typed, command) if metavar.startswith("[") else ()
            return Offer((*((f"{word}=", meaning) for word, meaning in known), *plain))
        found = _value_of(then, typed, command)
        return found._replace(head=f"{name}={found.head}")
    return _value_of(VALUES.get(option.name, metavar), typed, command)


def _value_of(what: str, typed: Words, command: Command) -> Offer:
    """Return what a value of a kind may be: a file, or the words that are known of it."""
    return Offer(files=True) if what in FILES else Offer(_known(what, typed, command))


def _known(what: str, typed: Words, command: Command) -> tuple[Candidate, ...]:
    """Return the words that a kind of value can be; none where it is free."""
    if what == COLUMN:
        return tuple((name, "column") for name in _columns(typed))
    if what in WORDS:
        return tuple(WORDS[what](command))
    choices = what.split("|") if re.fullmatch(r"[a-z0-9]+(\|[a-z0-9]+)+", what) else ()
    return tuple((word, "") for word in choices)


def _file(current: str) -> Offer:
    """Return the offer of a file, which may have a name: ``jan=data.csv``."""
    name, equals, _ = current.partition("=")
    return Offer(files=True, head=f"{name}=" if name and equals and "/" not in name else "")


def _flags(command: Command) -> Iterator[Candidate]:
    """Yield the options of a command, the long spellings first."""
    flags = [(flag, row.help) for row in command.options for flag in row.ends()]
    yield from sorted([*flags, ("--help", "Show the help.")], key=lambda flag: flag[0][:2] != "--")


# The kinds of values: what stands for them in the tables, and the words that they can be.

COLUMN, FREE = "COLUMN", ""
FILES = ("FILE", "PROFILE")


def _formats(command: Command) -> Iterator[Candidate]:
    return ((name, "") for name in command.formats)


def _input_formats(command: Command) -> Iterator[Candidate]:
    from kldiv_cli.readers.formats import FORMATS

    return ((name, " ".join(row.extensions)) for name, row in FORMATS.items())


def _measures(command: Command) -> Iterator[Candidate]:
    from kldiv_cli.core.measures import MEASURES

    for name, measure in MEASURES.items():
        yield name.removesuffix("ALPHA"), f"{measure.symbol}, {measure.title}"


def _kinds(command: Command) -> Iterator[Candidate]:
    from kldiv_cli.pipeline.settings import KINDS_OF

    known = KINDS_OF.get(command.run.__name__)
    return (kind for kind in KINDS if known is None or kind[0] in known)


KINDS = (
    ("probabilities", "they add up to 1"),
    ("counts", "whole numbers: how often each outcome was seen"),
    ("weights", "any numbers >= 0, which are normalised"),
    ("logits", "of a model, before the softmax"),
    ("log-probs", "natural logarithms of probabilities"),
    ("samples", "raw rows, which are counted"),
)
WORDS: dict[str, Callable[[Command], Iterable[Candidate]]] = {
    "FORMAT": _formats,
    "INPUT": _input_formats,
    "MEASURE": _measures,
    "KIND": _kinds,
    "SMOOTHING": lambda command: (
        ("none", ""),
        ("jeffreys", "adds 1/2 to each count"),
        ("laplace", "adds 1 to each count"),
        ("add:", "adds ALPHA to each count"),
        ("floor:", "raises probabilities to EPS"),
    ),
    "REDUCTION": lambda command: (
        ("batchmean", "the sum, divided by the rows"),
        ("mean", "the sum, divided by the elements"),
        ("sum", ""),
        ("none", "a number for each row"),
    ),
    "WHEN": lambda command: (("auto", ""), ("always", ""), ("never", "")),
    "DECIMAL": lambda command: ((".", ""), (",", "")),
    "SHELL": lambda command: (("bash", ""), ("zsh", ""), ("fish", "")),
}
VALUES = {
    "column": COLUMN, "exclude": COLUMN, "label": COLUMN, "weight": COLUMN, "numeric": COLUMN,
    "categorical": COLUMN, "joint": COLUMN, "by": COLUMN, "cluster": COLUMN, "row_weight": COLUMN,
    "frequency": COLUMN,
    "measures": "MEASURE", "input_format": "INPUT", "smoothing": "SMOOTHING",
    "reduction": "REDUCTION", "decimal": "DECIMAL",
}  # fmt: skip
"""What completes the values of options whose metavar does not say it."""
PAIRS = {
    **dict.fromkeys(
        ("max_kl", "max_psi", "max_js", "max_js_distance", "max_hellinger", "max_tv"),
        (COLUMN, FREE),
    ),
    "where": (COLUMN, FREE),
    "map": (COLUMN, COLUMN),
    "fail_above": ("MEASURE", FREE),
    "report": ("FORMAT", "FILE"),
}
"""What completes both parts of values such as ``json=out.json``."""
ARGUMENTS = {"names": "MEASURE", "shell": "SHELL"}
"""What completes the arguments of commands that are no files."""


# Columns of the files on the line.


def _columns(typed: Words) -> list[str]:
    """Return the columns of the files on a line that are safe to offer."""
    from kldiv_cli.readers import ReadOptions, split_name
    from kldiv_cli.readers.glimpse import columns

    said: dict[str, Any] = {n: typed.given[n][0] for n in READING if n in typed.given}
    options = ReadOptions(format=said.pop("input_format", None), **said)
    paths = [split_name(word)[1] for word in typed.arguments]
    paths += filter(None, [typed.given.get("like")])
    names: dict[str, None] = {}

    def look() -> None:
        for path in dict.fromkeys(paths):
            found = columns(os.path.expanduser(path), options)
            names.update(dict.fromkeys(filter(is_safe, found)))

    _in_time(look)
    return list(names)[:MOST_COLUMNS]


READING = ("input_format", "encoding", "delimiter", "comment", "escape", "at")


def is_safe(name: str) -> bool:
    """Return whether a name of a column may be a word of a shell: nothing in it means more."""
    plain = all(character.isalnum() or character in "_.-" for character in name)
    return plain and 0 < len(name) <= LONGEST_COLUMN and not name.startswith("-")


class _TooLate(BaseException):
    """The time is over; no handler of errors takes it for one."""


def _in_time(work: Callable[[], None]) -> None:
    """Do some work, and give it up when the time is over."""
    import signal

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise _TooLate

    former = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        work()
    except _TooLate:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


# Words as bash has them.

_BREAKS = re.compile(r"[=:@]+")
_REDIRECTION = re.compile(r"[0-9]*[<>]+[&|]?")


def _joined(pieces: Sequence[str]) -> tuple[list[str], int]:
    """Return the words of bash, which splits them at ``=`` and ``:``, without their quotes.

    Returns
    -------
    words : list of str
        The last is that at the cursor; without redirections.
    settled : int
        How many characters of it bash does not replace: those before its last piece.
    """
    words: list[str] = []
    settled, glued, skipped = 0, False, False
    for piece in map(unquoted, pieces):
        splits = _BREAKS.fullmatch(piece) is not None
        settled = 0
        if skipped:
            skipped = False
        elif _REDIRECTION.fullmatch(piece):
            skipped = True
        elif words and piece and (splits or glued):
            words[-1] += piece
            settled = len(words[-1]) - (0 if splits else len(piece))
        else:
            words.append(piece)
        glued = splits
    return words, settled


def unquoted(word: str) -> str:
    """Return a word as a shell reads it: without quotes and backslashes; nothing is expanded."""
    parts = re.findall(r"'([^']*)'?|\"((?:[^\"\\]|\\.)*)\"?|\\(.)|([^'\"\\]+)", word, re.DOTALL)
    return "".join(a or re.sub(r"\\([$`\"\\])", r"\1", b) or c or d for a, b, c, d in parts)
