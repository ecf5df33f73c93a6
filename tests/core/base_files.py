"""Base files of llama.cpp, written from logits by their definition; no test itself."""

import math
import struct

import numpy as np


def coded_row(logits, floor=16):
    """Return scale, min and codes of a row, by Python's own arithmetic."""
    logits = [float(z) for z in logits]
    top = max(logits)
    low = max(min(logits), top - floor)
    total = math.log(math.fsum(math.exp(z - top) for z in logits))
    scale = float(np.float32((top - low) / 65535))
    codes = [round((z - low) / scale) if z > low else 0 for z in logits]
    return scale, low - top - total, [min(code, 65535) for code in codes]


def record(logits, floor=16):
    """Return the bytes of a record."""
    scale, least, codes = coded_row(logits, floor)
    pad = [0] * (len(codes) % 2)
    return struct.pack(f"<ff{len(codes) + len(pad)}H", scale, least, *codes, *pad)


def base_file(logits, context, tokens=None, floor=16, magic=b"_logits_"):
    """Return the bytes of a base file.

    Parameters
    ----------
    logits : sequence of sequences of float
        A row for each position that is scored.
    context : int
        Tokens in a piece of text.
    tokens : sequence of int, optional
        Of all pieces; 0, 1, 2 and so on if not given, modulo the number of outcomes.
    """
    outcomes = len(logits[0])
    pieces = len(logits) // (context - 1 - context // 2)
    if tokens is None:
        tokens = [i % outcomes for i in range(pieces * context)]
    head = struct.pack(f"<iii{len(tokens)}i", context, outcomes, pieces, *tokens)
    return magic + head + b"".join(record(row, floor) for row in logits)
