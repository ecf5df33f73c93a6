"""Lines without quotes are split at once: to the same tables and errors as record by record."""

import random

import pytest

from kldiv_cli.errors import InputError
from kldiv_cli.readers import ReadOptions, plain, read, source
from kldiv_cli.readers.outcomes import Labels

ROWS = 400
LABELS = ["user_{}", "Zürich {}", "北京{}", "x{}s", "{}", "00{}", "a b{}", "it.{}m", "\u00a0{}l"]
FLAWS = [
    "all,3", "Total,7", ",5", " ,2", "\\N,1", '"q,1",2', '"two\nlines",3', "user_7,4", "k,", "k,x",
    "k,-1", "k,1.5", "k,1e400", "k,12345678901234567890", "k,9007199254740993", "", "k, 7 ",
    "k,+7", "k,007", "cafe\u0301,1", "caf\u00e9,2", '"\\N",8', 'a"b,1', "k\tl,3",
]  # fmt: skip
RAGGED = ["k,1,2", "k", "k,1,"]
"""Flaws that stand alone: they are found before others of the rows that are parsed with them."""


def written(rng):
    """Return a table whose rows are labels and counts, with a few flaws or none."""
    shape = rng.choice(LABELS)
    numbers = rng.sample(range(10**6), ROWS)
    size = rng.choice([1, 5, 9, 16])
    lines = [f"{shape.format(number)},{rng.randrange(10**size)}" for number in numbers]
    if rng.random() < 0.2:
        lines = [f"{line}.5" for line in lines]
    flaws = rng.sample(FLAWS, rng.choice([0, 0, 1, 2, 3])) or rng.sample(
        RAGGED, rng.choice([0, 2])
    )
    for flaw in flaws:
        lines.insert(rng.randrange(len(lines)), flaw)
    if rng.random() < 0.2:
        lines.append(f"{shape.format('')},{rng.randrange(9)}")
        lines.append(lines[rng.randrange(ROWS)])
    end = rng.choice(["\n", "\n", "\r\n", "\r"])
    last = rng.choice([end, "", end * 2])
    return end.join(["label,count", *lines]) + last


def outcome_of(path, **options):
    """Return what reading a file gives, or what is said of it."""
    try:
        found = read(path, ReadOptions(**options))
    except InputError as error:
        return repr((error.code, error.message, error.places, error.count, error.hint))
    weights = (str(found.weights.dtype), found.weights.tolist())
    labels = tuple(found.outcomes or ())
    return repr((found.kind, labels, weights, found.rows_read, found.rows_used, found.notes))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(source, "HEAD", 64)
    monkeypatch.setattr(source, "CHUNK", 512)


@pytest.mark.parametrize("seed", range(120))
def test_the_same_is_read_record_by_record(tmp_path, small_blocks, monkeypatch, seed):
    rng = random.Random(seed)
    path = tmp_path / "x.csv"
    path.write_bytes(written(rng).encode())
    options = rng.choice([
        {}, {}, {"duplicates": "sum"}, {"total_row": "drop"}, {"total_row": "keep"},
        {"kind": "counts"}, {"kind": "logits"}, {"na": frozenset({"user_7"})},
    ])  # fmt: skip
    at_once = outcome_of(str(path), **options)
    monkeypatch.setattr(plain, "split", lambda *_: None)
    assert outcome_of(str(path), **options) == at_once


def test_labels_stay_in_one_piece_until_one_comes_again(tmp_path, small_blocks, monkeypatch):
    decoded = []
    add = Labels._add
    monkeypatch.setattr(Labels, "_add", lambda *of: decoded.append(len(of[1])) or add(*of))
    lines = [f"user_{i},{i}" for i in range(ROWS)]
    path = tmp_path / "x.csv"
    path.write_text("label,count\n" + "\n".join(lines))
    assert read(str(path), ReadOptions()).outcomes[ROWS - 1] == f"user_{ROWS - 1}"
    assert sum(decoded) < ROWS
    decoded.clear()
    path.write_text("label,count\n" + "\n".join([*lines, "user_3,1", "user_3,1"]))
    with pytest.raises(InputError) as caught:
        read(str(path), ReadOptions())
    assert caught.value.code == "duplicate-labels"
    assert [place.line for place in caught.value.places] == [ROWS + 2, ROWS + 3]
    assert sum(decoded) == ROWS + 2


def test_repeated_labels_are_found_before_all_are_held(tmp_path, small_blocks, monkeypatch):
    monkeypatch.setattr("kldiv_cli.readers.outcomes._UNCHECKED", 50)
    path = tmp_path / "x.csv"
    lines = [f"user_{i % 200},{i}" for i in range(5 * ROWS)]
    path.write_text("label,count\n" + "\n".join(lines))
    held = []
    add = Labels.add
    monkeypatch.setattr(
        Labels, "add", lambda side, *of: (add(side, *of), held.append(len(side._packed)))[0]
    )
    found = read(str(path), ReadOptions(duplicates="sum"))
    assert list(found.outcomes) == [f"user_{i}" for i in range(200)]
    assert found.weights.tolist() == [sum(range(i, 5 * ROWS, 200)) for i in range(200)]
    assert held[-1] == 0
    assert max(held) < len(held) / 2


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("a,1\nb\n", 2), ("a,1\n\nb,2\n", 2), ("a,1,\n", 2), ('"a",1\n', 2), ("a\r,1\n", 2),
        ("a\n\nb\n", 1), ("\n", 1), ("a,1\nb,2,3\nc\n", 2),
    ],
)  # fmt: skip
def test_lines_that_want_a_look_at_each(text, width):
    assert plain.split(text, ",", width) is None


def test_columns_of_lines():
    found = plain.split("a,1,\\N\r\né,22,x\r\n\\N,3, ", ",", 3)
    assert [list(column) for column in found.values()] == [
        ["a", "é", ""], ["1", "22", "3"], ["", "x", " "],
    ]  # fmt: skip
    assert [list(found.texts(i)) for i in found] == list(map(list, found.values()))
    assert found.row(-1) == ["", "3", " "]
    with pytest.raises(KeyError):
        found[3]
    assert plain.split("a" * 2000 + ",1\n", ",", 2).texts(0) is None
