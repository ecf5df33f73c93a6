"""What a hint offers, read from its text as a user reads it: word by word, to be copied.

A hint may offer options (``--as counts``), options to leave out (``leave --strict out``), a word
for another (``did you mean 'red'?``), and commands (``kldiv profile DATA -o FILE``). Words in
capitals stand for what the user has to fill in.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import NamedTuple

from kldiv_cli.cli.commands import COMMANDS, load

WORD = r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\$'(?:\\.|[^'\\])*'|\\.|[^\s'"\\;&|<>()])+"""
"""A word as a shell takes it."""
OPTION = r"(?:--[a-z][a-z-]*|-[a-z](?![\w-]))"
FILE = r"[\w/-]+\.[a-z]{2,5}|bash"
"""An argument of a command that is an example."""
ENDS = ",.;:?!…"
"""What ends a clause, and is no part of the word that it follows."""
PROGRAMS = "aws|curl|duckdb|gcloud|git|jq|lz4|mysql|psql|sqlite3|zcat|zstd"
"""Other programs, whose options are their own."""
SEVERAL = {"--exclude", "--na", "--numeric", "--categorical", "--max-kl", "-m"}
"""Options that are given beside those of the same name, and do not replace them."""


class Offer(NamedTuple):
    """One way out that a hint offers.

    Attributes
    ----------
    kind : {"add", "leave", "unsay", "swap", "say", "run"}
        Whether `words` are options to be added, options to be left out, an option and words of it
        to be left out, options and the one that they replace, the word to be said instead, or a
        command.
    words : tuple of str
        As the shell gives them to a program.
    """

    kind: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {' '.join(self.words)}"


def flags() -> dict[str, bool]:
    """Return every option of every command, and whether a word follows it."""
    rows = [row for name in COMMANDS for row in load(name).options]
    return {flag: end is None for row in rows for flag, end in row.ends().items()}


def same_option(flag: str) -> set[str]:
    """Return the spellings of the option that a flag belongs to."""
    rows = [row for name in COMMANDS for row in load(name).options if flag in row.ends()]
    return {spelling for row in rows for spelling in row.ends()}


def offers(hint: str, fill: dict[str, str]) -> list[Offer]:
    """Return what a hint offers.

    Parameters
    ----------
    hint : str
        As it was printed.
    fill : dict of str to str
        The words for its placeholders.
    """
    known = flags()
    found: list[Offer] = []
    at = 0
    starts = re.compile(
        r"(?P<usage>kldiv [a-z]+(?: \[?[A-Z]+\]?(?:\.\.\.)?)+, such as)"
        rf"|(?P<other>(?<!\S)(?:{PROGRAMS}) [^,;|)]*)"
        rf"|leave (?P<names>{WORD}(?:,? {WORD})*) out of (?P<of>{OPTION})"
        rf"|leave (?P<leave>{OPTION}(?:(?:,| and| or) {OPTION})*) out"
        rf"|did you mean (?!--)(?:the (?:command|file) )?(?P<say>{WORD})"
        rf"|(?:there are|(?<!\()it has) (?P<several>{WORD}(?: {WORD})*)"
        rf"|'kldiv (?P<whole>[a-z]+)'"
        rf"|kldiv (?P<command>[a-z]+)\b(?! [a-z]+:)"
        rf"|kldiv (?P<bare>--help|[A-Z]+(?: [A-Z]+)*)"
        rf"|(?<!\S)[(']?(?P<option>{OPTION})(?=[\s=,;)]|$)"
    )
    while match := starts.search(hint, at):
        at = match.end()
        if match["other"] or match["usage"]:
            continue
        if match["of"]:
            names = map(spoken, re.findall(r"'[^']*'", match["names"]))
            found.append(Offer("unsay", (match["of"], *names)))
        elif match["leave"]:
            ways = re.split(", | or ", match["leave"])
            found += [Offer("leave", tuple(re.findall(OPTION, way))) for way in ways]
        elif match["say"]:
            found.append(Offer("say", (spoken(match["say"]),)))
            while more := re.compile(rf" or (?:the file )?({WORD})").match(hint, at):
                found.append(Offer("say", (spoken(more[1]),)))
                at = more.end()
        elif match["several"]:
            listed = re.findall(r"'(?:[^']|'\"'\"')*'", match["several"])
            found += [Offer("say", (spoken(word),)) for word in listed]
        elif match["whole"]:
            found.append(Offer("run", (match["whole"], "--")))
        elif match["command"] or match["bare"]:
            if match["command"] and match["command"] not in COMMANDS:
                continue
            at = match.start() + len("kldiv")
            words, at = _command(hint, at, known, fill)
            found.append(Offer("run", words))
        else:
            at = match.start("option")
            words, at = _options(hint, at, known, fill)
            if instead := re.compile(rf" instead of ({OPTION})").match(hint, at):
                at = instead.end()
                words = (*words, instead[1])
            found.append(Offer("swap" if instead else "add", words))
    return found


def _options(hint, at, known, fill):
    """Return options that follow one another, with their values, and where they end."""
    words: list[str] = []
    option = re.compile(rf"(?P<flag>{OPTION})(?P<equals>=)?")
    while match := option.match(hint, at):
        flag = match["flag"]
        assert flag in known, f"no command has the option {flag}: {hint}"
        at = match.end()
        if known[flag]:
            value = re.compile(("" if match["equals"] else r"\s") + rf"({WORD})").match(hint, at)
            assert value, f"{flag} takes a word, and none follows: {hint}"
            word, at = spoken(value[1]), value.end()
            word = _filled(word, fill)
            words += [f"{flag}={word}"] if match["equals"] else [flag, word]
            if value[1][-1] in ENDS:
                break
        else:
            words.append(flag)
        blank = re.compile(r" (?=-)").match(hint, at)
        if not blank:
            break
        at = blank.end()
    return tuple(words), at


def _command(hint, at, known, fill):
    """Return the words of a command: its name, placeholders, and options."""
    words: list[str] = []
    word = re.compile(rf" ({WORD})")
    while match := word.match(hint, at):
        text = spoken(match[1])
        if match[1].startswith("-") and text != "-" and text not in ("--help",):
            more, at = _options(hint, match.start(1), known, fill)
            words += more
            continue
        placeholder = text in fill or text.isupper() or re.fullmatch(FILE, text)
        if not (placeholder or text in ("-", "--help") or (not words and text in COMMANDS)):
            break
        words.append(_filled(text, fill))
        at = match.end()
        if match[1][-1] in ENDS:
            break
    return tuple(words), at


def _filled(word, fill):
    """Return a word with its placeholder, all of it or a part behind a sign, filled in."""
    for placeholder, value in fill.items():
        parts = re.split(rf"(?<![A-Za-z]){re.escape(placeholder)}(?![A-Za-z])", word)
        word = value.join(parts)
    return word


def spoken(word: str) -> str:
    """Return a word of a shell as a program gets it, without what ends a clause behind it."""
    parts = re.findall(r"""'[^']*'|"(?:\\.|[^"\\])*"|\$'(?:\\.|[^'\\])*'|\\.|[^'"\\]+""", word)
    if parts and parts[-1][0] not in "'\"$\\":
        parts[-1] = parts[-1].rstrip(ENDS)
    return "".join(map(_unquoted, parts))


def _unquoted(part: str) -> str:
    if part.startswith("$'"):
        return re.sub(r"\\(x..|u....|U........|.)", _escaped, part[2:-1])
    if part.startswith("'"):
        return part[1:-1]
    if part.startswith('"'):
        return re.sub(r"\\(.)", r"\1", part[1:-1])
    return part[1:] if part.startswith("\\") else part


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    plain = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'"}
    return plain[code] if code in plain else chr(int(code[1:], 16))


def followed(words: list[str], offer: Offer, wrong: str, side: int | None) -> list[str]:
    """Return a command line as its user changes it to take an offer.

    Options replace those of the same name, unless these add up; a word takes the place of
    `wrong`. Of an option that is given for each side, `side` says which one is replaced.
    """
    if offer.kind == "say":
        return [word.replace(wrong, offer.words[0]) if wrong else word for word in words]
    if offer.kind == "run":
        arguments = [word for word in offer.words[1:] if not word.startswith("-")]
        whole = arguments or {"--help", "--"} & {*offer.words}
        arguments = words[1:] if words[:1] and words[0] in COMMANDS else words
        return [*offer.words] if whole else [*offer.words, *arguments]
    if offer.kind == "unsay":
        flag, *names = offer.words
        said = pairwise(words)
        gone = [i for i, (a, b) in enumerate(said) if a == flag and b in names]
        return [word for i, word in enumerate(words) if not {i, i - 1} & {*gone}]
    if offer.kind == "swap":
        return [*without(words, same_option(offer.words[-1])), *offer.words[:-1]]
    if offer.kind == "leave":
        for flag in offer.words:
            words = without(words, same_option(flag))
        return words
    if side is not None:
        flag, value = offer.words
        places = [i for i, word in enumerate(words) if word == flag]
        return [value if i == places[side] + 1 else word for i, word in enumerate(words)]
    for flag in {word.partition("=")[0] for word in offer.words if word.startswith("-")}:
        if flag not in SEVERAL and flag in flags():
            words = without(words, same_option(flag))
    return [*words, *offer.words]


def without(words: list[str], spellings: set[str]) -> list[str]:
    """Return a command line without an option and its values."""
    known = flags()
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        flag, equals, _ = word.partition("=")
        if flag not in spellings:
            kept.append(word)
        elif known[flag] and not equals:
            next(rest)
    return kept


# Python.


def arguments(hint: str, fill: dict[str, str]) -> list[Offer]:
    """Return what a hint offers to a caller from Python: arguments, and those to leave out."""
    value = r"(?:'[^']*'|\"[^\"]*\"|\([^)]*\)|\{\S.*?\}(?!\})|True|False|[A-Z]+)"
    starts = re.compile(
        rf"leave (?P<leave>[a-z_]+(?:(?:,| and| or) [a-z_]+)*) out"
        rf"|did you mean (?P<say>'[^']*')"
        rf"|(?P<add>\w+={value}(?:, \w+={value})*)"
    )
    found = []
    for match in starts.finditer(hint):
        if match["leave"]:
            ways = re.split(", | or ", match["leave"])
            found += [Offer("leave", tuple(re.findall("[a-z_]+", way))) for way in ways]
        elif match["say"]:
            found.append(Offer("say", (ast.literal_eval(match["say"]),)))
        else:
            found.append(Offer("add", (_filled(match["add"], fill),)))
    return found


def called(options: dict, offer: Offer, wrong: str) -> dict:
    """Return the arguments of a call as its caller changes them to take an offer."""
    if offer.kind == "leave":
        return {name: value for name, value in options.items() if name not in offer.words}
    if offer.kind == "say":
        return {
            name: offer.words[0] if value == wrong else value for name, value in options.items()
        }
    return {**options, **eval(f"dict({offer.words[0]})")}
