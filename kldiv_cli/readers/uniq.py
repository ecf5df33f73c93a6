"""The output of ``uniq -c``: blanks, a count, a blank, and the label verbatim."""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from kldiv_cli.core.table import Batch, Faults, Table
from kldiv_cli.errors import Fault, Place
from kldiv_cli.readers.text import NULL, QUOTED_NULL, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kldiv_cli.errors import Note
    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream

BATCH = 4096
COLUMN = "value"
_line = re.compile(r"[ \t]*([0-9]+) (.*?)\r?\n?", re.DOTALL).fullmatch
_fault = Fault("bad-uniq", "this line is not a count, one blank and a label")


def read(stream: ByteStream, options: ReadOptions) -> Table:
    """Read lines as the rows of a table of one column, each of which was counted."""
    text = Text(stream, options.encoding)
    return table(text, text.lines())


def table(text: Text, lines: Iterable[str], notes: Sequence[Note] = ()) -> Table:
    """Return lines as such a table; `notes` say why they are read so."""
    faults = Faults()
    rows = _batches(text.source, lines, faults)
    details = {"encoding": text.encoding}
    what = "this is the output of 'uniq -c', which has no columns;"
    notes = [*text.notes, *notes]
    return Table("uniq", rows, [COLUMN], what, faults=faults, notes=notes, details=details)


def _batches(source: str, every: Iterable[str], faults: Faults) -> Iterator[Batch]:
    numbered = enumerate(every, start=1)
    while lines := list(islice(numbered, BATCH)):
        kept = []
        for number, line in lines:
            if match := _line(line):
                label = match[2].replace(QUOTED_NULL, NULL)
                kept.append((number, match[1], "" if label == NULL else label))
            else:
                place = partial(Place, source, number, value=line.rstrip("\r\n"))
                faults.add(_fault, place)

        def where(i: int, key: str | None, kept: list[tuple[int, str, str]] = kept) -> Place:
            number, count, label = kept[i]
            return Place(source, number, value=count if key is None else label)

        labels = [label for _, _, label in kept]
        yield Batch({COLUMN: labels}, len(kept), where, [count for _, count, _ in kept])
