"""Labels are text and matched exactly; those that only seem to agree are worth a note."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kldiv_cli.core.numbers import is_number
from kldiv_cli.errors import InputError, Note, Place


def canonical(label: str) -> str:
    """Return a label without what a reader of a report cannot see.

    Blanks around it, how Unicode composes its letters, and how a number is spelt.
    """
    plain = label.strip()
    if not plain.isascii():
        from unicodedata import normalize

        plain = normalize("NFC", plain).strip()
    if len(plain) > 40 or not is_number(plain):
        return plain
    # Equal numbers have equal digits and exponent, whatever their size.
    mantissa, _, exponent = plain.lower().partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("+-").partition(".")
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    if not stripped:
        return "0"
    power = int(exponent or 0) - len(fraction) + len(digits) - len(stripped)
    # So that a plain integer is its own canonical form.
    return sign + (stripped + "0" * power if 0 <= power <= 40 else f"{stripped}e{power}")


def unwritable(labels: Sequence[str]) -> list[str]:
    """Return the labels that no output can hold: with half of a surrogate pair."""
    if "".join(labels).isascii():
        return []
    has_surrogate = re.compile(r"[\ud800-\udfff]").search
    return [label for label in labels if has_surrogate(label)]


def check_text(labels: Sequence[str], column: str, source: str) -> None:
    """Refuse names and labels that no output can hold.

    Raises
    ------
    InputError
        If there is half of a surrogate pair in them, which JSON can spell.
    """
    broken = unwritable(labels)
    if broken:
        message = "a name or a value holds half of a surrogate pair, which is no character"
        place = Place(source, name=column, value=ascii(broken[0])[1:-1])
        raise InputError("bad-label", message, place)


def near_duplicates(labels: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of labels that differ, and are the same in their canonical form."""
    suspects = [label for label in labels if not _is_canonical(label)]
    if not suspects:
        return []
    plain = set(labels).difference(suspects)
    seen: dict[str, str] = {}
    pairs = []
    for label in suspects:
        form = canonical(label)
        if form in plain:
            pairs.append((form, label))
        elif form in seen:
            pairs.append((seen[form], label))
        else:
            seen[form] = label
    return pairs


def _is_canonical(label: str) -> bool:
    """Say, quickly, that a label is its own canonical form; False if it may not be."""
    if not label.isascii() or label != label.strip():
        return False
    return label[:1] not in "+-.0123456789" or (label.isdigit() and label[0] != "0")


def unmatched(
    first: Sequence[str], second: Sequence[str], whose: str, source: str
) -> Iterator[Note]:
    """Yield a note on labels of the first side that nearly agree with labels of the second."""
    ours = set(first)
    across = [
        pair for pair in near_duplicates((*first, *second)) if len(ours.intersection(pair)) == 1
    ]
    return kept_apart(across, whose, source)


def kept_apart(pairs: Sequence[tuple[str, str]], whose: str, source: str) -> Iterator[Note]:
    """Yield a note on labels that nearly agree, if there are any."""
    if pairs:
        shown = ", ".join(f"{a[:40]!r} and {b[:40]!r}" for a, b in pairs[:3])
        more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
        message = f"{whose} that nearly agree are kept apart: {shown}{more}"
        advice = "spell them alike if they are one outcome"
        yield Note("near-duplicate-labels", message, source, advice=advice)
