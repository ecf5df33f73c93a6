"""What ``uniq -c`` prints: blanks, a count, one blank, and the label verbatim."""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from kldiv_cli.errors import Place
from kldiv_cli.readers.npy import refuse_columns
from kldiv_cli.readers.numbers import Fault, Faults
from kldiv_cli.readers.reading import Reading, Rows
from kldiv_cli.readers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kldiv_cli.readers import ReadOptions
    from kldiv_cli.readers.reading import Role
    from kldiv_cli.readers.stream import ByteStream

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
    numbered = enumerate(text.lines(), start=1)
    while batch := list(islice(numbered, BATCH)):
        kept = []
        for number, line in batch:
            match = _line(line)
            if match is None:
                faults.add(_fault, partial(Place, source, number, value=line.rstrip("\r\n")))
            else:
                kept.append((number, match[1], match[2]))

        def place(i: int, role: Role, kept: list[tuple[int, str, str]] = kept) -> Place:
            number, count, label = kept[i]
            return Place(source, number, value=label if role == "label" else count)

        side.add([label for _, _, label in kept], [count for _, count, _ in kept], place)
    return [side.finish(source, format_, None, text.notes, {"encoding": text.encoding})]
