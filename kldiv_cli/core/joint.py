"""Labels of outcomes of several columns together: pairs, and longer, as one text each.

A part is quoted, as a field of CSV is, where it could be mistaken for something else, so that
different pairs have different labels. No comma is between the parts: reports list labels with
commas, and intervals have one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kldiv_cli.core.counts import MISSING

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


def joint_name(names: Sequence[str]) -> str:
    """Return what several columns are called together."""
    return joint_label(names)


def _quoted(part: str) -> str:
    plain = part.isalnum() or (
        part == part.strip() and part not in ("", MISSING) and not {SIGN, '"'} & set(part)
    )
    return part if plain else '"' + part.replace('"', '""') + '"'
