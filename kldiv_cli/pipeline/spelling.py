"""Hints as those need them who read them: of this command, or in the words of Python.

The options in a hint are those of the command line, in clauses with a semicolon between them.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kldiv_cli.errors import KldivError, in_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

NAMES = {"as": "kind", "measure": "measures"}
"""The names of options that are not those of the command line."""
SWITCHES = {
    "header": "header=True",
    "no-header": "header=False",
    "strict": "strict=True",
    "flatten": "flatten=True",
}
WRITTEN = ("rows",)
"""Options that write a file, which Python's callers do for themselves."""
NUMBERS = ("bins", "max_outcomes", "max_segments", "skip_rows", "top")
"""Options that take a number, whatever the hint says of it."""
_QUOTED = r"""'[^']*'|"[^"]*"|\$'(?:\\.|[^'\\])*'"""
_WORD = rf"(?:{_QUOTED}|[^\s'\"()])+?(?=[,.;:?)…]*(?:\s|$))"
_ONE = rf"--(?:(?:{'|'.join(SWITCHES)})(?![\w-])|[a-z][a-z-]*[= ]{_WORD})"
_FLAG = re.compile(rf"(?<!\S)(--[a-z][a-z-]*)(?:[= ]({_WORD}))?")
_FOREIGN = re.compile(r"\b(?:psql|mysql|sqlite3|duckdb|jq)(?: --?[a-z][\w-]*)+")
"""Other programs with options of their own."""
_SPELT = re.compile(
    # A command line stays as it is.
    rf"(?P<line>\| kldiv .*|kldiv profile(?: [A-Z]+| --?[a-z-]+| [A-Z]+)*)"
    rf"|kldiv (?P<call>compare|check) P Q(?P<added>(?: {_ONE})+)"
    rf"|kldiv (?P<function>compare|check)(?= [a-z])"
    rf"|leave (?P<names>--[a-z-]+(?:(?:,| and| or) --[a-z-]+)*) out"
    rf"|(?<!\S)(?P<options>{_ONE}(?: {_ONE})*)"
)


@contextmanager
def in_python(kinds: Collection[str], lacking: Collection[str] = ()) -> Iterator[None]:
    """Spell the hint of an error that is raised in the context as Python's callers do.

    Parameters
    ----------
    kinds : collection of str
        The kinds of numbers that the called function knows.
    lacking : collection of str
        Options that it does not have.
    """

    def is_known(flag: str, word: str) -> bool:
        name = _name(flag.removeprefix("--"))
        return name not in (*lacking, *WRITTEN) and (flag != "--as" or word in kinds)

    try:
        yield
    except KldivError as problem:
        problem.hint = spelt(fitting(problem.hint, is_known))
        raise


def fitting(text: str, is_known: Callable[[str, str], bool]) -> str:
    """Return a hint without the clauses that offer what there is not.

    Parameters
    ----------
    text : str
        Clauses with a semicolon and a blank between them.
    is_known : callable
        Tells whether there is an option, which may be given a word.
    """
    if not is_known("--as", "samples"):
        # Raw rows are compared by another command.
        text = re.sub(r"(?:^|(?<=; ))(?=--as samples if )", "kldiv compare P Q ", text)
    clauses = [
        clause
        for clause in text.split("; ")
        # The options of another command are its own.
        if "kldiv " in clause
        or all(is_known(flag, word) for flag, word in _FLAG.findall(_FOREIGN.sub("", clause)))
    ]
    return "; ".join(clauses)


def piped(text: str, command: str, words: Sequence[str], url: str) -> str:
    """Return a hint that pipes what is at a URL into the command that was called with it.

    Parameters
    ----------
    text : str
        The hint, which pipes it into `compare`.
    command : str
    words : sequence of str
        The arguments of the command, of which one is the URL, maybe with a name before it.
    url : str
    """
    if not any(word.endswith(url) for word in words):
        return text
    line = " ".join(in_shell(word.removesuffix(url) + "-" * word.endswith(url)) for word in words)
    return text.replace("kldiv compare - Q", f"kldiv {command} {line}")


def spelt(text: str) -> str:
    """Return a hint with the options of the command line as arguments of a function."""
    return _SPELT.sub(_part, text)


def _part(match: re.Match[str]) -> str:
    if match["line"]:
        return match[0]
    if match["call"]:
        return f"{match['call']}(P, Q, {spelt(match['added'].strip())})"
    if match["function"]:
        return f"{match['function']}()"
    if match["names"]:
        return f"leave {re.sub(r'--([a-z-]+)', lambda one: _name(one[1]), match['names'])} out"
    values: dict[str, list[str]] = {}
    switches = []
    for option in re.finditer(_ONE, match["options"]):
        flag, *word = re.split("[= ]", option[0][2:], maxsplit=1)
        if word:
            name = _name(flag)
            given = word[0] if name in NUMBERS else _literal(word[0])
            values.setdefault(name, []).append(given)
        else:
            switches.append(SWITCHES[flag])
    arguments = [_argument(name, given) for name, given in values.items()]
    if len(switches) == 2 and switches[0].startswith("header=") and switches[0] != switches[1]:
        # One for each side.
        both = ", ".join(switch.removeprefix("header=") for switch in switches)
        switches = [f"header=({both})"]
    return ", ".join([*arguments, *switches])


def _name(flag: str) -> str:
    return NAMES.get(flag, flag.replace("-", "_"))


def _argument(name: str, values: list[str]) -> str:
    if name in ("numeric", "categorical"):
        rules = ", ".join(f"{value}: {{'type': '{name}'}}" for value in values)
        return f"columns={{{rules}}}"
    every = ", ".join(values)
    return f"{name}={every}" if len(values) == 1 else f"{name}=({every})"


def _literal(word: str) -> str:
    """Return a word of a shell as a literal of Python; what the user fills in stays as it is."""
    if re.fullmatch("[A-Z]+", word):
        return word
    return repr("".join(map(_plain, re.findall(rf"{_QUOTED}|[^'\"]+", word))))


def _plain(part: str) -> str:
    if part.startswith("$'"):
        return re.sub(r"\\(u.{4}|U.{8}|.)", _unescaped, part[2:-1])
    return part[1:-1] if part[0] in "'\"" else part


def _unescaped(match: re.Match[str]) -> str:
    known = {"n": "\n", "t": "\t", "r": "\r"}
    return chr(int(match[1][1:], 16)) if match[1][1:] else known.get(match[1], match[1])
