"""Errors and notes as people read them on a terminal, and as tools grep them in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from kldiv_cli.core.distribution import Note
    from kldiv_cli.errors import KldivError, Place

SHOWN_PLACES = 3
LONGEST = 400
_RED, _YELLOW, _CYAN, _BOLD, _END = "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[1m", "\x1b[0m"


def where(place: Place) -> str:
    """Return ``prices.csv:17:3``, as much of it as is known."""
    text = path(place.source)
    if place.line is not None:
        text += f":{place.line}"
        if place.column is not None:
            text += f":{place.column}"
    if place.index is not None:
        text += f"[{', '.join(map(str, place.index))}]"
    return text


def path(source: str) -> str:
    """Return a file's name safe to print; of a very long one the end, which tells most."""
    shown = show(source)
    return shown if len(shown) <= 200 else f"...{shown[-200:]}"


def detail(place: Place) -> str:
    """Return ``column 'weight', value '-0.2'``, as much of it as is known."""
    parts = []
    if place.name is not None:
        parts.append(f"column '{show(place.name, 60)}'")
    if place.value is not None:
        parts.append(f"value '{show(place.value, 60)}'")
    return ", ".join(parts)


def error(problem: KldivError, *, terminal: bool, color: bool) -> str:
    """Return what is wrong, where, and how to mend it; one line where nobody looks."""
    message = show(problem.message, LONGEST)
    hint = show(problem.hint, LONGEST)
    places = problem.places[:SHOWN_PLACES]
    more = problem.count - len(places)
    if not terminal:
        head = where(places[0]) if places and places[0].source else "kldiv"
        parts = [detail(places[0])] if places else []
        parts += [f"and {problem.count - 1} more"] if problem.count > 1 else []
        text = ", ".join(part for part in parts if part)
        text = f" ({text})" if text else ""
        help_ = f"; help: {hint}" if hint else ""
        return f"{head}: error[{problem.code}]: {message}{text}{help_}\n"
    lines = [f"kldiv: {_styled('error', _BOLD + _RED, color)}: {_styled(message, _BOLD, color)}"]
    for place in places:
        if place.source:
            about = detail(place)
            arrow = _styled("-->", _CYAN, color)
            lines.append(f"  {arrow} {where(place)}" + (f" ({about})" if about else ""))
    if more > 0:
        lines.append(f"  ... and {more} more")
    if hint:
        lines.append(f"  {_styled('help', _CYAN, color)}: {hint}")
    return "\n".join(lines) + "\n"


def note(remark: Note, *, terminal: bool, color: bool) -> str:
    """Return a note, on one line."""
    message = show(remark.message, LONGEST)
    about = path(remark.source) if remark.source else ""
    advice = f"; help: {show(remark.advice, LONGEST)}" if remark.advice else ""
    if not terminal:
        return f"{about or 'kldiv'}: note[{remark.code}]: {message}{advice}\n"
    about = f"{about}: " if about else ""
    return f"kldiv: {_styled('note', _BOLD + _YELLOW, color)}: {about}{message}{advice}\n"


def _styled(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_END}" if color else text
