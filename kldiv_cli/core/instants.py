"""Dates and timestamps of ISO 8601: one spelling for each instant, whichever program wrote it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from kldiv_cli.errors import note_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kldiv_cli.errors import Note

# A date, and perhaps a time to the minute or finer, and the zone of that time.
_INSTANT = (
    r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.,]([0-9]{1,12}))?)?"
    r" ?([Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)?)?\s*"
)


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(_INSTANT)


def instant(text: str) -> str | None:
    """Return the one spelling of the instant that a text denotes; None of another text.

    A time that has a zone is converted to UTC and keeps the mark ``Z``: it is never the same as
    one without a zone. Midnight without a zone is the date alone.

    Examples
    --------
    >>> instant("2024-01-05 00:00:00.000000"), instant("2024-01-05T02:00+02:00")
    ('2024-01-05', '2024-01-05T00:00:00Z')
    """
    found = _pattern().fullmatch(text)
    if found is None:
        return None
    day, minute, second, fraction, zone = found.groups()
    spelt = f"{day} {minute or '00:00'}{(second or ':00')[:3]}"
    try:
        time = datetime.fromisoformat(spelt)
        if zone is not None:
            time -= _offset(zone)
    except (ValueError, OverflowError):
        return None
    fraction = (fraction or "").rstrip("0")
    if zone is None and not fraction and (time.hour, time.minute, time.second) == (0, 0, 0):
        return day
    return time.isoformat() + (f".{fraction}" if fraction else "") + ("Z" if zone else "")


def _offset(zone: str) -> timedelta:
    """Return how far a zone is ahead of UTC.

    Raises
    ------
    ValueError
        If it is a day or more, or an hour has more than 59 minutes.
    """
    if zone in ("Z", "z", "UTC"):
        return timedelta(0)
    digits = zone[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(zone)
    ahead = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -ahead if zone[0] == "-" else ahead


def has_zone(spelling: str) -> bool:
    """Return whether an instant, as `instant` spells it, was given with a zone."""
    return spelling.endswith("Z")


def zones_noted(instants: Iterable[str], column: str, source: str) -> Iterator[Note]:
    """Yield a note if some instants, as `instant` spells them, have a zone and others none."""
    if len({has_zone(spelling) for spelling in instants}) > 1:
        what = "has instants with a time zone and others without, which are never equal"
        note = note_on("mixed-zones", column, what, source)
        yield note._replace(advice="write all instants with a zone, or all without")


def instants(texts: Iterable[str]) -> dict[str, str] | None:
    """Return the spellings of instants by their texts; None if there is no text, or another."""
    spellings = {}
    for text in texts:
        if (spelling := instant(text)) is None:
            return None
        spellings[text] = spelling
    return spellings or None
