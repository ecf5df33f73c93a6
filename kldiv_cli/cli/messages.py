"""Errors and notes as text: laid out on a terminal, on one line in a log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kldiv_cli.errors import abridged
from kldiv_cli.renderers.show import folded, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kldiv_cli.core.report import Failure
    from kldiv_cli.errors import KldivError, Note, Place

SHOWN_PLACES = 3
LONGEST, DETAIL = 400, 160
_RED, _YELLOW, _CYAN, _BOLD, _END = "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[1m", "\x1b[0m"


def where(place: Place) -> str:
    """Return a place as ``prices.csv:17:3``, safe to print; a very long name without its head."""
    return _end(place.where())


def failure(problem: KldivError) -> Failure:
    """Return an error in the form that reports hold."""
    from kldiv_cli.core.report import Failure

    place = where(problem.places[0]) if problem.places else ""
    return Failure(problem.code, problem.message, place, problem.hint)


def error(problem: KldivError, *, terminal: bool, color: bool) -> str:
    """Return an error with its places and its hint: several lines on a terminal, else one.

    A tool that greps a log finds the place first, and the code in brackets.
    """
    message = show(problem.message, LONGEST)
    hint = show(problem.hint, LONGEST)
    places = problem.places[:SHOWN_PLACES]
    more = problem.count - len(places)
    if not terminal:
        head = where(places[0]) if places and places[0].source else "kldiv"
        parts = [show(places[0].detail(), DETAIL)] if places else []
        parts += [f"and {problem.count - 1} more"] if problem.count > 1 else []
        text = ", ".join(filter(None, parts))
        message += (f" ({text})" if text else "") + (f"; help: {hint}" if hint else "")
        return f"{head}: error[{problem.code}]: {message}\n"
    head, *rest = _folded(f"kldiv: error: {message}")
    said = head.removeprefix("kldiv: error: ")
    lines = [f"kldiv: {_styled('error', _BOLD + _RED, color)}: {_styled(said, _BOLD, color)}"]
    lines += [f"  {_styled(line, _BOLD, color)}" for line in rest]
    for place in places:
        if place.source:
            about = show(place.detail(), DETAIL)
            arrow = _styled("-->", _CYAN, color)
            lines.append(f"  {arrow} {where(place)}" + (f" ({about})" if about else ""))
    lines += [f"  ... and {more} more"] if more > 0 else []
    if hint:
        head, *rest = _clauses(f"help: {hint}")
        lines.append(f"  {_styled('help', _CYAN, color)}{head.removeprefix('help')}")
        lines += [f"    {line}" for line in rest]
    return "\n".join(lines) + "\n"


def note(remark: Note, *, terminal: bool, color: bool) -> str:
    """Return a note: folded to the width of a terminal, or on one line."""
    message = show(remark.message, LONGEST)
    about = _end(remark.source) if remark.source else ""
    advice = f"; help: {show(remark.advice, LONGEST)}" if remark.advice else ""
    if not terminal:
        return f"{about or 'kldiv'}: note[{remark.code}]: {message}{advice}\n"
    about = f"{about}: " if about else ""
    # The lines after the first are indented.
    text = "\n  ".join(_folded(f"kldiv: note: {about}{message}{advice}")) + "\n"
    return text.replace("note", _styled("note", _BOLD + _YELLOW, color), 1)


def grouped(notes: Iterable[Note]) -> list[Note]:
    """Return notes, those of one kind on one source as one: ``3 columns are new: ...``."""
    kinds: dict[tuple[object, ...], list[Note]] = {}
    for each in dict.fromkeys(notes):
        kind = (each.code, each.source, each.advice, each.repair, _predicate(each))
        kinds.setdefault(kind, []).append(each)
    return [_together(kind) for kind in kinds.values()]


def _predicate(note: Note) -> str:
    """Return what is said of the column of a note; nothing if it is on no column."""
    subject = f"column '{note.column}' "
    return note.message.removeprefix(subject) if note.message.startswith(subject) else ""


def _together(notes: Sequence[Note]) -> Note:
    """Return notes of one kind as one note."""
    first = notes[0]
    if len(notes) == 1:
        return first
    verb, _, rest = _predicate(first).partition(" ")
    if verb in _PLURALS:
        names = abridged(f"'{each.column[:40]}'" for each in notes)
        return first._replace(message=f"{len(notes)} columns {_PLURALS[verb]} {rest}: {names}")
    texts = "; ".join(each.message for each in notes[:SHOWN_PLACES])
    more = len(notes) - SHOWN_PLACES
    others = f"; and {more} more" if more > 0 else ""
    return first._replace(message=f"{len(notes)} such notes: {texts}{others}")


_PLURALS = {"is": "are", "has": "have", "holds": "hold", "looks": "look", "was": "were"}


def written(about: tuple[str, str, str], *, terminal: bool, color: bool) -> str:
    """Return the message on a file that was written: its path, what it is, and what comes next."""
    path, summary = (show(text, LONGEST) for text in about[:2])
    # A command is for copying, and half of one is none.
    following = show(about[2])
    if not terminal:
        return f"{path}: note[written]: settings for these data ({summary}); next: {following}\n"
    head = "\n  ".join(_folded(f"kldiv: wrote {path} ({summary})"))
    head = head.replace("wrote", _styled("wrote", _BOLD, color), 1)
    return f"{head}\n  {_styled('next', _CYAN, color)}: {following}\n"


def _folded(text: str) -> list[str]:
    """Return a shown text as lines that fit the terminal, with room for an indent of four."""
    from shutil import get_terminal_size

    return folded(text, max(get_terminal_size().columns, 40) - 4)


def _clauses(text: str) -> list[str]:
    """Return a text as lines, one for each clause where it is longer than the terminal is wide.

    A clause that can be copied into a shell is never broken.
    """
    if len(_folded(text)) == 1:
        return [text]
    clauses = re.split("(?<=;) ", text)
    return [
        line
        for clause in clauses
        for line in ([clause] if re.search(r"--?\w|kldiv", clause) else _folded(clause))
    ]


def _end(source: str) -> str:
    shown = show(source)
    return shown if len(shown) <= 200 else f"...{shown[-200:]}"


def _styled(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_END}" if color else text
