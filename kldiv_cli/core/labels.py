"""Labels are text and matched exactly; those that differ in spelling alone are worth a note."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations

from kldiv_cli.core.numbers import is_number
from kldiv_cli.core.texts import Texts
from kldiv_cli.errors import InputError, Note, Place


def canonical(label: str) -> str:
    """Return a label without what a reader of a report cannot see.

    Blanks around it, how Unicode composes its letters, and how a number is spelt.
    """
    plain = label.strip()
    if not plain.isascii():
        from unicodedata import normalize

        plain = normalize("NFC", plain).strip()
    if plain[:1] not in _NUMERIC or len(plain) > 40 or not is_number(plain):
        return plain
    if plain.isdigit():
        return plain.lstrip("0") or "0"
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


_NUMERIC = "+-.0123456789"
"""With what a number begins; the beginning of an empty text is among it."""
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"), "-")
"""What is printed for a hyphen or a minus sign."""
_UNSEEN = r"[\s\u00ad\u200b-\u200d\u2060\ufeff]+"

_ESCAPED = re.compile(r"\\+[bfnrtv]?")
"""What databases write for a backslash, or a control character, in text with tabs."""


def loose(label: str) -> str:
    """Return a label without what may differ where two programs write it.

    Case, dashes, blanks, the form of Unicode, how a number is spelt, and whether backslashes and
    blanks are escaped by a backslash.
    """
    if label.isalnum() and label.isascii() and not label[0].isdigit():
        return label.casefold()
    plain = label
    if "\\" in label:
        plain = _ESCAPED.sub(lambda match: "" if match[0][-1] != "\\" else "\\", label)
    if not plain.isascii():
        from unicodedata import normalize

        plain = normalize("NFKC", plain.translate(DASHES)).translate(DASHES)
    return _canonical_parts(re.sub(_UNSEEN, "", plain).casefold())


def _canonical_parts(label: str) -> str:
    """Return the canonical form of a label: of several columns together each may be a number."""
    return "&".join(map(canonical, label.split("&")))


def respelled(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of a label of either side that differ in spelling alone.

    Parameters
    ----------
    first, second : sequence of str
        Labels that one side has, and the other has not. Two labels of a side that are the same
        but for their spelling are meant to be two, and in no pair.
    """
    forms = _loose_forms(first), _loose_forms(second)
    both = set(forms[0]).intersection(forms[1])
    if not both:
        return []
    ours, theirs = (_by_form(*side, both) for side in zip(forms, (first, second), strict=True))
    return [
        (ours[form][0], theirs[form][0])
        for form in ours
        if len(ours[form]) == len(theirs[form]) == 1
    ]


def _loose_forms(labels: Sequence[str]) -> list[str]:
    """Return the loose form of each label: of most, all at once."""
    lines = "\n".join(labels)
    if not labels or not lines.isascii() or "\\" in lines or lines.count("\n") >= len(labels):
        return [*map(loose, labels)]
    forms = re.sub(r"[^\S\n]+", "", lines).lower().split("\n")
    return [
        _canonical_parts(form) if form[:1] in _NUMERIC or "&" in form else form for form in forms
    ]


def _by_form(
    forms: Iterable[str], labels: Iterable[str], wanted: Collection[str]
) -> dict[str, list[str]]:
    """Return labels by their loose forms, if these are wanted."""
    found: dict[str, list[str]] = {}
    for form, label in zip(forms, labels, strict=True):
        if form in wanted:
            found.setdefault(form, []).append(label)
    return found


def unwritable(labels: Sequence[str]) -> list[str]:
    """Return the labels that no output can hold: with half of a surrogate pair."""
    if isinstance(labels, Texts) or "".join(labels).isascii():
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


def near_duplicates(labels: Collection[str]) -> list[tuple[str, str]]:
    """Return pairs of labels that differ, and are the same in their canonical form."""
    suspects = [label for label in _doubtful(labels) if not _is_canonical(label)]
    foreign = [label for label in suspects if not label.isascii()]
    if foreign and _are_composed(foreign):
        # Each is its own canonical form, which is that of no ASCII label.
        suspects = [label for label in suspects if label.isascii()]
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


def _doubtful(labels: Iterable[str]) -> Iterable[str]:
    """Return labels without some that are, as is told of all at once, their own canonical form."""
    if not isinstance(labels, Texts):
        return labels
    import numpy as np

    codes = range(256)
    blanks = np.array([chr(code).isspace() for code in codes])
    numeric = np.array([chr(code) in _NUMERIC for code in codes])
    first, last = labels.ends()
    return labels.take(~labels.are_ascii() | numeric[first] | blanks[first] | blanks[last])


def _are_composed(labels: Sequence[str]) -> bool:
    """Return whether no label has blanks around it, or letters that Unicode would compose."""
    from unicodedata import is_normalized

    return labels == [*map(str.strip, labels)] and is_normalized("NFC", "\n".join(labels))


def _is_canonical(label: str) -> bool:
    """Say, quickly, that a label is its own canonical form; False if it may not be."""
    if not label.isascii() or label != label.strip():
        return False
    return label[:1] not in _NUMERIC or (label.isdigit() and label[0] != "0")


def unmatched_among(sides: Sequence[Collection[str]], whose: str, source: str) -> Iterator[Note]:
    """Yield a note on labels of several sides that nearly agree, and that no side has both of.

    Parameters
    ----------
    sides : sequence of collection of str
        The labels of each side.
    whose, source
        As `kept_apart` takes them.
    """
    every = list(dict.fromkeys(label for side in sides for label in side))
    if all(len(side) == len(every) for side in sides):
        return
    spellings: dict[str, list[str]] = {}
    for form, label in zip(_loose_forms(every), every, strict=True):
        spellings.setdefault(form, []).append(label)
    several = [labels for labels in spellings.values() if len(labels) > 1]
    having: dict[str, set[int]] = {label: set() for labels in several for label in labels}
    for place, side in enumerate(sides if several else ()):
        for label in having.keys() & side:
            having[label].add(place)
    pairs = [
        (a, b)
        for labels in several
        for a, b in combinations(labels, 2)
        if having[a].isdisjoint(having[b])
    ]
    yield from kept_apart(pairs, whose, source)


def unmatched(
    first: Sequence[str], second: Sequence[str], whose: str, source: str
) -> Iterator[Note]:
    """Yield a note on labels of the first side that nearly agree with labels of the second."""
    return kept_apart(respelled(first, second), whose, source)


def kept_apart(pairs: Sequence[tuple[str, str]], whose: str, source: str) -> Iterator[Note]:
    """Yield a note on labels that nearly agree, if there are any."""
    if pairs:
        shown = ", ".join(f"{a[:40]!r} and {b[:40]!r}" for a, b in pairs[:3])
        more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
        message = f"{whose} that nearly agree are kept apart: {shown}{more}"
        advice = "spell them alike if they are one outcome"
        yield Note("near-duplicate-labels", message, source, advice=advice)
