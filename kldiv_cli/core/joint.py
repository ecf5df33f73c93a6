"""Labels of outcomes of several columns together: pairs, and longer, as one text each.

A part is quoted, as a field of CSV is, where it could be mistaken for something else, so that
different pairs have different labels. No comma is between the parts: reports list labels with
commas, and intervals have one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from kldiv_cli.core.counts import MISSING, Categories, named_labels
from kldiv_cli.core.types import Spell, speller, spelling_of

SIGN = "&"
"""What stands between two parts, with blanks around it."""


def joint_label(parts: Sequence[str | None]) -> str:
    """Return one label for several; a part is None where it has no value.

    `MISSING` stands for such a part, and a value that is called so is quoted.
    """
    return f" {SIGN} ".join(MISSING if part is None else _quoted(part) for part in parts)


def parts_of(label: str) -> tuple[str | None, ...]:
    """Return the parts that `joint_label` made a label of."""
    parts = re.findall(
        rf' {SIGN} (?:"((?:[^"]|"")*)"|([^{SIGN}"]*))(?= {SIGN} |$)', f" {SIGN} {label}"
    )
    return tuple(
        quoted.replace('""', '"') if quoted or not plain else None if plain == MISSING else plain
        for quoted, plain in parts
    )


def columns_of(labels: Iterable[str]) -> list[tuple[str | None, ...]]:
    """Return the first parts of labels, their second parts, and so on."""
    return list(zip(*map(parts_of, labels), strict=True))


def spellings_of_parts(labels: Iterable[str]) -> list[list[Mapping[str, str]]]:
    """Return how parts are spelt anew: those of each column of which all are booleans or dates.

    Parameters
    ----------
    labels : iterable of str
        Those of all sides, each of as many parts.

    Returns
    -------
    list of list of mapping
        What `respelt` takes, for each such column by itself.
    """
    columns = columns_of(labels)
    found = []
    for i, column in enumerate(columns):
        if spelling := spelling_of({part for part in column if part is not None}):
            found.append([spelling.of if j == i else {} for j in range(len(columns))])
    return found


def respelt(label: str, spellings: Sequence[Mapping[str, str]]) -> str:
    """Return a label whose parts are spelt as the mapping of each says; others stay."""
    pairs = zip(parts_of(label), spellings, strict=True)
    return joint_label([part and of.get(part, part) for part, of in pairs])


def joint_speller(
    model: Categories, na: Sequence[Collection[str]], *, decimal: str = "."
) -> Spell:
    """Return a function that spells labels of several columns as a counted column has them.

    Each part is spelt by itself; see `kldiv_cli.core.types.speller`. A label of parts that all
    mean missing values is none.

    Parameters
    ----------
    model : Categories
        Its labels are those of `joint_label`.
    na : sequence of collection of str
        Of each part, the cells that mean a missing value.
    decimal : {".", ","}
        The decimal mark.
    """
    rows = list(map(parts_of, named_labels(model)))
    spells = []
    for i, words in enumerate(na):
        labels = {part for row in rows for part in row[i : i + 1] if part is not None}
        found = spelling_of(labels)
        is_typed = found is not None and all(found.of[label] == label for label in labels)
        type_ = found.type if found and is_typed else "categorical"
        spells.append(speller(labels, type_, decimal=decimal, na=words))

    def spell(label: str) -> str | None:
        parts = zip(spells, parts_of(label), strict=True)
        spelt = [None if part is None else own(part) for own, part in parts]
        return None if all(part is None for part in spelt) else joint_label(spelt)

    return spell


def joint_name(names: Sequence[str]) -> str:
    """Return what several columns are called together."""
    return joint_label(names)


def _quoted(part: str) -> str:
    plain = part.isalnum() or (
        part == part.strip() and part not in ("", MISSING) and not {SIGN, '"'} & set(part)
    )
    return part if plain else '"' + part.replace('"', '""') + '"'
