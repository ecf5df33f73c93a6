"""Outputs depend on the rows of the data, and not on their order."""

import csv
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper

from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.cli.process import run

ABSENT = ("", "NA")
CELLS = {
    "amount": (*(f"{number / 4}" for number in range(-20, 20)), "inf", "-inf", *ABSENT),
    "stars": ("1", "2", "3", "3.0", "10", *ABSENT),
    "town": ("Rom", "rom", "Bonn", "Köln", "a,b", "NULL", "2", *ABSENT),
    "flag": ("true", "True", "F", "false", *ABSENT),
    "day": ("2024-01-05", "2024-01-05 00:00", "2024-01-06T12:00Z", "2024-01-07", *ABSENT),
    "key": tuple(f"k{i}" for i in range(400)),
}


def written(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return str(path)


def ran(folder, *words):
    """Return the exit code of a command line, its output and its messages."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(word) for word in words])
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode().replace(str(folder), ""))
    return code, *texts


@st.composite
def data_sets(draw):
    """Draw two sets of rows of the same columns, some with more outcomes than the other."""
    header = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4, unique=True))
    order = draw(st.randoms(use_true_random=False))
    sides = []
    for _ in range(2):
        own = {
            name: order.sample(CELLS[name], 1 + order.randrange(len(CELLS[name])))
            for name in header
        }
        size = order.choice([1, 5, 60, 200])
        sides.append([[order.choice(own[name]) for name in header] for _ in range(size)])
    return header, sides, order


COMMANDS = (
    ("check", "p", "q"),
    ("check", "p", "q", "-f", "json", "--categorical", "{}"),
    ("check", "p", "q", "-f", "csv", "--max-new", "0"),
    ("compare", "p", "q", "--as", "samples", "-f", "json", "--top", "3"),
    ("compare", "p", "q", "--as", "samples"),
    ("profile", "p", "--min-count", "3"),
    ("profile", "p", "q"),
    ("inspect", "p", "--as", "samples"),
)


@settings(max_examples=15)
@given(data_sets())
def test_raw_rows_in_any_order(tmp_path_factory, drawn):
    header, sides, order = drawn
    folder = tmp_path_factory.mktemp("rows")
    outputs = []
    for _ in range(2):
        paths = {
            name: written(folder / f"{name}.csv", header, rows)
            for name, rows in zip("pq", sides, strict=True)
        }
        outputs.append(
            [
                ran(folder, *(paths.get(word, word).format(header[0]) for word in words))
                for words in COMMANDS
            ]
        )
        for rows in sides:
            order.shuffle(rows)
    for words, first, second in zip(COMMANDS, *outputs, strict=True):
        assert first == second, words


# A comparison of two tables names outcomes that tie in the order of the tables; and whether a row
# looks like a total is a matter of its place.
COUNTS = ("--as", "counts", "--total-row", "keep")
TABLES = (
    ("check", "p", "q", *COUNTS),
    ("check", "p", "q", *COUNTS, "-f", "json"),
    ("profile", "p", *COUNTS),
)


@settings(max_examples=15)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdefghijklmnop"), st.integers(0, 3), min_size=1),
        min_size=2,
        max_size=2,
    ),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_tables_of_counts_in_any_order(tmp_path_factory, sides, order, is_tidy):
    folder = tmp_path_factory.mktemp("tables")
    header, left = (("column", "outcome", "count"), ["x"]) if is_tidy else (("x", "n"), [])
    tables = [[[*left, label, count] for label, count in side.items()] for side in sides]
    outputs = []
    for _ in range(2):
        paths = {
            name: written(folder / f"{name}.csv", header, rows)
            for name, rows in zip("pq", tables, strict=True)
        }
        outputs.append([ran(folder, *(paths.get(w, w) for w in words)) for words in TABLES])
        for rows in tables:
            order.shuffle(rows)
    for words, first, second in zip(TABLES, *outputs, strict=True):
        assert first == second, words
