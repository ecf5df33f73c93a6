"""Base files of llama.cpp: what a language model predicts for each token of a text, in 16 bits.

They are written by ``llama-perplexity --kl-divergence-base``, and begin with `MAGIC`, three
integers of 32 bits (tokens in a piece of text, tokens of the vocabulary, pieces) and the tokens of
the text. Then there is a record for each position of the second half of a piece but the last; see
`kldiv_cli.core.coded`. All is little-endian, and nothing tells a version.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from kldiv_cli.core.coded import TOP, Coding, record_type
from kldiv_cli.core.table import NO_COLUMNS, Block, Matrix, rows_in_block
from kldiv_cli.errors import InputError, Place
from kldiv_cli.readers.elements import pieces
from kldiv_cli.readers.options import refuse_columns
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kldiv_cli.readers.options import ReadOptions
    from kldiv_cli.readers.stream import ByteStream

MAGIC = b"_logits_"
HEAD = 20
"""Bytes before the tokens of the text."""
SLACK = 0.01
"""How far the logarithm of the largest probability of a row may be off: it is rounded to 1e-5."""
LARGEST = 1 << 28
"""Tokens of the largest vocabulary: no model has a hundredth of that."""


class Header(NamedTuple):
    """The header of a file.

    Attributes
    ----------
    context : int
        Tokens in a piece of text.
    outcomes : int
        Tokens of the vocabulary.
    chunks : int
        Pieces of text.
    """

    context: int
    outcomes: int
    chunks: int

    @property
    def rows_in_chunk(self) -> int:
        """Records of one piece of text: of its second half, but for the last token."""
        return self.context - 1 - self.context // 2

    @property
    def rows(self) -> int:
        """Records of the file."""
        return self.chunks * self.rows_in_chunk

    @property
    def record(self) -> int:
        """Bytes of a record: 2 numbers of 32 bits, and an even number of codes of 16."""
        return 8 + 4 * ((self.outcomes + 1) // 2)

    def cut(self, size: int) -> str:
        """Return what is missing of the file if there are so many bytes of it."""
        records = max(0, size - HEAD - 4 * self.chunks * self.context) // self.record
        whole = records // self.rows_in_chunk
        return f"the file is cut: {whole} of its {self.chunks} pieces of text are whole"

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return HEAD + 4 * self.chunks * self.context + self.rows * self.record


def read(stream: ByteStream, options: ReadOptions) -> Matrix:
    """Read the header and the text of a file; its records are read block by block.

    Raises
    ------
    InputError
        If it is no such file, or is shorter or longer than its header says; when its blocks are
        read, also if a record is none.
    """
    refuse_columns([options], stream.source, NO_COLUMNS)
    here = Place(stream.source)
    header = _header(bytes(stream.read(HEAD)), here)
    if stream.size is not None:
        if stream.size < header.size:
            raise _bad(header.cut(stream.size), here)
        if stream.size > header.size:
            raise _more(header, here)
    text = 4 * header.chunks * header.context
    tokens = np.frombuffer(found := stream.read(text), "<i4", len(found) // 4)
    if len(found) < text:
        raise _bad(header.cut(HEAD + len(found)), here)
    targets = _targets(tokens, header, here)
    context, outcomes, chunks = header
    return Matrix(
        "llama-kld",
        _blocks(stream, header, here),
        dtype=record_type(outcomes),
        shape=(header.rows, outcomes),
        let_go=stream.let_go,
        coding=Coding(targets, header.rows_in_chunk, context),
        details={"text": f"{chunks} x {context} tokens", "shape": f"{header.rows} x {outcomes}"},
    )


def _header(head: bytes, here: Place) -> Header:
    if not head.startswith(MAGIC):
        raise _bad("this is no base file of llama.cpp: it does not begin with its mark", here)
    if len(head) < HEAD:
        raise _bad("the file ends within its header: the run that wrote it may have failed", here)
    header = Header(*struct.unpack("<iii", head[len(MAGIC) :]))
    if min(header) <= 0 or header.rows_in_chunk <= 0 or header.outcomes > LARGEST:
        context, outcomes, chunks = header
        message = f"the header tells {chunks} pieces of {context} tokens out of {outcomes}"
        raise _bad(f"{message}, which none can be", here)
    return header


def _targets(tokens: NDArray[np.int32], header: Header, here: Place) -> NDArray[np.int32]:
    """Return the token that each record predicts: the one after its position."""
    context, outcomes, chunks = header
    scored = tokens.reshape(chunks, context)[:, context // 2 + 1 :]
    wrong = (scored < 0) | (scored >= outcomes)
    if wrong.any():
        chunk, at = np.argwhere(wrong)[0].tolist()
        row, token = chunk * header.rows_in_chunk + at, int(scored[chunk, at])
        message = f"the token after row {row} is {token}, and there are {outcomes}"
        raise _bad(message, here)
    targets: NDArray[np.int32] = scored.astype(np.int32).reshape(-1)
    return targets


def _blocks(stream: ByteStream, header: Header, here: Place) -> Iterator[Block]:
    dtype, size = record_type(header.outcomes), header.rows * header.record
    step = rows_in_block(header.outcomes) * header.record
    done = 0
    for part in pieces(stream, size, step):
        wanted = min(step, size - done)
        if len(part) < wanted:
            raise _bad(header.cut(header.size - size + done + len(part)), here)
        records = np.frombuffer(part, dtype)
        sound = _are_sound(records)
        if not sound.all():
            at = int(sound.argmin())
            scale, least = float(records["scale"][at]), float(records["min"][at])
            row = done // header.record + at
            message = f"the scale and the least logarithm of row {row} are {scale} and {least}"
            raise _bad(f"{message}: these are no probabilities", here)
        done += len(part)
        if done == size and stream.read(1):
            raise _more(header, here)
        yield Block(records)


def _are_sound(records: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return which records may be distributions, by the probability of their likeliest token.

    It is 1 / K at least, and 1 at most; and 1 / K where all tokens are alike, as in a record that
    has no scale. Zeros, which a disk has where nothing was written, are none.
    """
    alike = -np.log(records["code"].shape[1])
    with np.errstate(invalid="ignore"):
        scale, least = records["scale"].astype(np.float64), records["min"].astype(np.float64)
        highest = np.where(scale > 0, 0.0, alike)
        top = least + TOP * scale
        sound: NDArray[np.bool_] = (scale >= 0) & (top >= alike - SLACK) & (top <= highest + SLACK)
    return sound


def _more(header: Header, here: Place) -> InputError:
    return _bad(f"the header tells of {header.size} bytes, and there are more", here)


def _bad(message: str, here: Place) -> InputError:
    return InputError("bad-kld", message, here)
