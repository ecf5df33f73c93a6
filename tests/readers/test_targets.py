"""The outcomes that came true: one whole number a row, or an error that says what is wrong."""

import json

import numpy as np
import pytest

from kldiv_cli.errors import InputError
from kldiv_cli.readers.targets import read

WANTED = [0, 1, 2, 3, 4, 0, 1, 2]
LINES = "".join(f"{target}\n" for target in WANTED)


def npy(array):
    import io

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", LINES),
        ("t.csv", "token\n" + LINES),
        ("t.csv", '"token id"\n' + "".join(f'"{target}"\n' for target in WANTED)),
        ("t.txt", LINES),
        ("t.csv", LINES.replace("\n", "\r\n")),
        ("t.json", json.dumps(WANTED)),
        ("t.json", json.dumps({"tokens": WANTED})),
        ("t.npy", npy(np.array(WANTED))),
        ("t.npy", npy(np.array(WANTED, dtype=">u2").reshape(2, 4))),
        ("t.npy", npy(np.asfortranarray(np.array(WANTED).reshape(4, 2)))),
    ],
)
def test_targets_are_read(table, name, content):
    found = read(table(name, content), 8, 5)
    assert found.dtype == np.int64
    assert found.tolist() == WANTED


@pytest.mark.parametrize("source", [WANTED, np.array(WANTED), np.array(WANTED, dtype=np.uint8)])
def test_targets_in_memory(source):
    assert read(source, 8, 5).tolist() == WANTED


@pytest.mark.parametrize(
    ("name", "content", "message", "place"),
    [
        ("t.csv", LINES + "0\n", "there are 9 targets for 8 rows", ""),
        ("t.csv", "token\n" + LINES[:-2], "there are 7 targets for 8 rows", ""),
        ("t.csv", LINES.replace("4", "5"), "is not one of the outcomes 0 to 4", "[4]"),
        ("t.csv", LINES.replace("4", "-4"), "a target is no whole number", ":5:1"),
        ("t.csv", LINES.replace("4", "4.0"), "a target is no whole number", ":5:1"),
        ("t.csv", LINES.replace("4", "4e0"), "a target is no whole number", ":5:1"),
        ("t.csv", LINES.replace("4", "x"), "a target is no whole number", ":5:1"),
        ("t.csv", LINES.replace("4", "9" * 30), "a target is no whole number", ":5:1"),
        ("t.csv", "1.0\n" + LINES[2:], "a target is no whole number", ":1:1"),
        ("t.csv", "0,1\n" + "2,3\n4,0\n1,2\n", "one column of targets is wanted", ""),
        ("t.csv", "a,b\n" + "2,3\n4,0\n1,2\n1,1\n", "one column of targets is wanted", ""),
        ("t.txt", "      1 0\n" * 8, "one column of targets is wanted", ""),
        ("t.npy", npy(np.array(WANTED) - 1), "is not one of the outcomes 0 to 4", "[0]"),
        ("t.npy", npy(np.full(8, 2**63, dtype=np.uint64)), "not one of the outcomes", "[0]"),
        ("t.npy", npy(np.array(WANTED, dtype=float)), "float64 are no whole numbers", ""),
        ("t.npy", npy(np.ones(8, dtype=bool)), "bool are no whole numbers", ""),
        ("t.npy", npy(np.array([None] * 8)), "object are no whole numbers", ""),
        ("t.json", '{"a": [0, 1], "b": [2, 3]}', "one ", ""),
        ("t.json", "[0, 1, 2, 3, 4, 0, 1, 2.5]", "a target is no whole number", ""),
        ("t.json", "[0, 1, 2, 3, 4, 0, 1, null]", "a target is no whole number", ""),
    ],
)
def test_what_are_no_targets(table, name, content, message, place):
    path = table(name, content)
    with pytest.raises(InputError) as caught:
        read(path, 8, 5)
    error = caught.value
    assert error.code == "bad-targets"
    assert message in error.message
    assert f"{path}{place}" in str(error)
    assert error.hint.startswith("the targets are the outcomes' numbers from 0")


def test_all_targets_that_are_no_outcome_are_counted(table):
    with pytest.raises(InputError) as caught:
        read(table("t.csv", LINES), 8, 3)
    assert caught.value.count == 2
    with pytest.raises(InputError) as caught:
        read(table("t.csv", LINES.replace("1", "x")), 8, 5)
    assert caught.value.count == 2


def test_a_blank_line_is_no_target(table):
    with pytest.raises(InputError, match="a blank line stands among the values"):
        read(table("t.csv", LINES.replace("4", "")), 8, 5)
