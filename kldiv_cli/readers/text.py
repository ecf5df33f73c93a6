"""Bytes to characters and lines: an encoding is declared or marked, never guessed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain
from operator import length_hint
from typing import TYPE_CHECKING

from kldiv_cli.errors import InputError, Note, Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kldiv_cli.readers.stream import ByteStream

# UTF-32 first: its little-endian mark begins with that of UTF-16.
MARKS = {
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
NO_TEXT = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
HEAD = 1 << 16
"""Characters in which a line end is looked for."""
NULL = "\\N"
"""How a database writes that there is no value, where no quotes are around it."""
QUOTED_NULL = f"{NULL}\0"
"""How lines hold that text where it is quoted; no other NUL gets this far."""
ESCAPED_QUOTE = '\\"'
# Within a quoted field its quotes would be doubled.
_QUOTED_NULL = rf'(?<!")"{re.escape(NULL)}"(?!")'


class Text:
    """The characters of one input.

    Parameters
    ----------
    stream : ByteStream
        The bytes of the input.
    encoding : str or None
        The encoding that the user declared; else that of the mark at the beginning, else UTF-8.

    Attributes
    ----------
    notes : list of Note
        A note if it was decoded from another encoding than UTF-8.
    backslashes : set of str
        Which of `NULL` and `ESCAPED_QUOTE` stand in the lines so far.
    """

    def __init__(self, stream: ByteStream, encoding: str | None) -> None:
        self.source = stream.source
        self.notes: list[Note] = []
        self.backslashes: set[str] = set()
        self._stream = stream
        mark = stream.mark(MARKS)
        marked = MARKS.get(mark)
        declared = None if encoding is None else _codec_name(encoding)
        if marked and declared and declared not in (marked, marked[:6], "utf-8-sig"):
            message = f"this begins with the byte order mark of {marked}, not of {encoding}"
            hint = f"--encoding {marked}, or leave --encoding out"
            raise InputError("encoding-conflict", message, Place(self.source), hint=hint)
        if declared in ("utf-16", "utf-32") and not marked:
            what = "this does not begin with a byte order mark"
            message = f"{what}, without which {encoding} is two"
            hint = f"--encoding {declared}-le or --encoding {declared}-be"
            raise InputError("encoding-conflict", message, Place(self.source), hint=hint)
        self.encoding = marked or declared or "utf-8"
        stream.read(len(mark))
        if marked not in (None, "utf-8") and declared is None:
            message = f"decoded from {marked}, as its byte order mark says"
            advice = f"--encoding {marked}"
            self.notes.append(Note("decoded", message, self.source, advice=advice, repair=True))

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        line, column = 1, 1
        for data in chain(self._stream, (b"",)):
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                sound = error.object[: error.start].decode(self.encoding, "replace")
                line, column = _moved(line, column, sound)
                byte = error.object[error.start : error.start + 1].hex()
                message = f"byte 0x{byte} (character {column} of the line) is not {self.encoding}"
                hint = "--encoding latin-1 (or cp1252, utf-16-le …) if this is text"
                place = Place(self.source, line, column)
                raise InputError("undecodable", message, place, hint=hint) from error
            if "\0" in text:
                place = Place(self.source, *_moved(line, column, text[: text.index("\0")]))
                message = "there is a NUL character: this is not text, or its encoding is another"
                hint = "--encoding utf-16-le (or utf-16-be, utf-32-le …) if this is text"
                raise InputError("nul-character", message, place, hint=hint)
            if text:
                line, column = _moved(line, column, text)
                yield text

    def lines(self, *, quoted: bool = False) -> Lines:
        r"""Return the lines with their ends: ``\n``, or ``\r`` where there is no other in sight.

        Where fields may be `quoted`, the text ``"\N"`` is marked with a NUL, so that it is told
        from the same without quotes.
        """
        pieces = iter(self)
        head = ""
        # A pipe may be cut between the two halves of \r\n.
        while len(head) < HEAD and "\n" not in head and "\r" not in head[:-1]:
            if not (piece := next(pieces, "")):
                break
            head += piece
        end = "\r" if "\r" in head and "\n" not in head else "\n"
        return Lines(chain((head,), pieces), end, self.backslashes if quoted else None)


class Lines(Iterator[str]):
    r"""The lines of a text, with their ends, which may also be taken many at once.

    Parameters
    ----------
    pieces : iterable of str
        The text.
    end : {"\n", "\r"}
        The end of a line.
    backslashes : set of str, or None
        Takes which of `NULL` and `ESCAPED_QUOTE` are met, where fields may be quoted.
    """

    def __init__(self, pieces: Iterable[str], end: str, backslashes: set[str] | None) -> None:
        self.end = end
        self._backslashes = backslashes
        self._blocks = self._blocks_of(pieces)
        self._given_back = ""
        self._pending: Iterator[str] = iter(())
        self._each = self._lines()

    def __iter__(self) -> Iterator[str]:
        return self._each

    def __next__(self) -> str:
        return next(self._each)

    @property
    def pending(self) -> int:
        """How many lines were split and not read yet; they come before the next block."""
        return length_hint(self._pending)

    def unread(self, lines: Iterable[str]) -> None:
        """Give back lines that were read last."""
        self._pending = iter([*lines, *self._pending])
        self._each = self._lines()

    def block(self) -> str:
        """Return lines that were not split yet, all or none of a piece of the text at once.

        No text at the end of the input, or while some lines are pending.
        """
        if self.pending:
            return ""
        block, self._given_back = self._given_back or next(self._blocks, ""), ""
        return block

    def give_back(self, block: str) -> None:
        """Give back the block that was read last, so that its lines are split."""
        self._given_back = block

    def _lines(self) -> Iterator[str]:
        while True:
            yield from self._pending
            if not self.pending:
                if not (block := self.block()):
                    return
                lines = [line + self.end for line in block.split(self.end)]
                # Behind the last end there is a line of the last block alone.
                last = lines.pop()[: -len(self.end)]
                self._pending = iter(self._marked([*lines, last] if last else lines, block))

    def _blocks_of(self, pieces: Iterable[str]) -> Iterator[str]:
        # A list, since a line of 50 MB comes in hundreds of pieces.
        begun: list[str] = []
        for piece in pieces:
            size = piece.rfind(self.end) + 1
            begun.append(piece[:size] if size else piece)
            if size:
                yield "".join(begun)
                begun = [piece[size:]]
        if last := "".join(begun):
            yield last

    def _marked(self, lines: list[str], block: str) -> list[str]:
        """Note the backslashes in lines, and mark each quoted null."""
        if self._backslashes is None or "\\" not in block:
            return lines
        self._backslashes.update(word for word in (NULL, ESCAPED_QUOTE) if word in block)
        if f'"{NULL}"' not in block:
            return lines
        return [re.sub(_QUOTED_NULL, lambda _: f'"{QUOTED_NULL}"', line) for line in lines]


def _moved(line: int, column: int, text: str) -> tuple[int, int]:
    lines = text.count("\n")
    return line + lines, len(text) - text.rfind("\n") if lines else column + len(text)


def _codec_name(encoding: str) -> str:
    """Return Python's name of an encoding of text."""
    try:
        codec = codecs.lookup(encoding)
        # `rot13`, `zlib` and the like are no encodings of text.
        "".encode(encoding)
        if codec.name in NO_TEXT:
            raise LookupError(encoding)
    except (LookupError, ValueError):
        message = f"there is no text encoding {encoding!r}"
        hint = "--encoding utf-8, latin-1, cp1252, utf-16, shift_jis …"
        raise UsageError("unknown-encoding", message, hint=hint) from None
    return codec.name
