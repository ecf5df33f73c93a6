"""What ``uniq -c`` prints: blanks, a count, one blank, and the label verbatim."""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from kldiv_cli.core.dataset import TOO_MANY_ROWS, too_many_rows
from kldiv_cli.core.table import Batch, Faults, Table
from kldiv_cli.errors import Fault, Place
from kldiv_cli.readers.npy import refuse_columns
from kldiv_cli.readers.reading import Reading, Rows
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.reading import Role
    from kldiv_cli.readers.stream import ByteStream

    Line = tuple[int, str, str]

BATCH = 4096
_line = re.compile(r"[ \t]*([0-9]+) (.*?)\r?\n?", re.DOTALL).fullmatch
_fault = Fault("bad-uniq", "this line is not a count, one blank and a label")


def load(stream: ByteStream, wanted: Sequence[ReadOptions], format_: str) -> list[Reading]:
    """Read counts by label."""
    source = stream.source
    refuse_columns(wanted, source, "the output of 'uniq -c'")
    text = Text(stream, wanted[0].encoding)
    faults = Faults()
    side = Rows(wanted[0], faults, labelled=True)
    for kept in _batches(text, faults):

        def place(i: int, role: Role, kept: list[Line] = kept) -> Place:
            number, count, label = kept[i]
            return Place(source, number, value=label if role == "label" else count)

        side.add([label for _, _, label in kept], [count for _, count, _ in kept], place)
    return [side.finish(source, format_, None, text.notes, {"encoding": text.encoding})]


def rows(stream: ByteStream, option: ReadOptions, format_: str) -> Table:
    """Read raw rows that were counted: one column, called ``value``."""
    text = Text(stream, option.encoding)
    faults = Faults()
    lines = [line for batch in _batches(text, faults) for line in batch]
    faults.check()

    def place(i: int, name: str) -> Place:
        return Place(stream.source, lines[i][0], name=name, value=lines[i][2])

    batch = Batch({"value": [label for _, _, label in lines]}, len(lines), place)
    # More digits than these are too many in any case.
    counts = [int(count.lstrip("0")[:20] or "0") for _, count, _ in lines]
    if sum(counts) >= TOO_MANY_ROWS:
        raise too_many_rows(stream.source)
    return Table(format_, [batch], notes=text.notes, counts=counts)


def _batches(text: Text, faults: Faults) -> Iterator[list[Line]]:
    numbered = enumerate(text.lines(), start=1)
    while batch := list(islice(numbered, BATCH)):
        kept = []
        for number, line in batch:
            match = _line(line)
            if match is None:
                place = partial(Place, text.source, number, value=line.rstrip("\r\n"))
                faults.add(_fault, place)
            else:
                kept.append((number, match[1], match[2]))
        yield kept
