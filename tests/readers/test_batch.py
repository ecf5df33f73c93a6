"""Arrays of distributions are handed on by blocks, and faults are found in all of them."""

import numpy as np
import pytest

from kldiv_cli import readers
from kldiv_cli.core import table
from kldiv_cli.core.table import Block, Matrix, rows_in_block
from kldiv_cli.readers import ReadOptions, batch
from kldiv_cli.readers.stream import ByteStream

LOGITS = ReadOptions(kind="logits")


@pytest.mark.parametrize("outcomes", [1, 2, 3, 10, 257, 32_000, 151_936, 2**18, 2**20, 2**22])
def test_a_block_is_of_whole_pieces(outcomes):
    rows, piece = rows_in_block(outcomes), max(1, table.PIECE // outcomes)
    assert rows >= 1
    assert rows % piece == 0
    assert rows == 1 or rows * outcomes <= table.VALUES


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(4, 3),
        np.arange(24.0).reshape(2, 4, 3),
        np.arange(5.0),
        np.arange(12, dtype=">f4").reshape(12, 1),
        np.asfortranarray(np.arange(20.0).reshape(5, 4)),
        np.empty((0, 3)),
        np.array(3.0),
    ],
    ids=lambda array: str(array.shape),
)
def test_a_matrix_as_a_whole_is_the_array(monkeypatch, array):
    monkeypatch.setattr(table, "VALUES", 6)
    monkeypatch.setattr(table, "PIECE", 3)
    matrix = Matrix("npy", table.blocks_of(array), dtype=array.dtype, shape=array.shape)
    whole = matrix.whole()
    assert (whole.dtype, whole.shape) == (array.dtype, array.shape)
    assert np.array_equal(whole, array)


def test_a_whole_is_no_view_of_a_buffer_that_is_used_again():
    buffer = np.empty((1, 2))

    def blocks():
        for i in range(3):
            buffer[:] = i
            yield Block(buffer)

    assert Matrix("npy", blocks(), shape=(3, 2)).whole().tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize(
    "chunks", [[b"abc", b"", b"defg", b"h"], [b"abcdefgh"], [bytes([c]) for c in b"abcdefgh"]]
)
@pytest.mark.parametrize("peeked", [0, 2, 5])
def test_memory_is_filled_with_the_next_bytes(chunks, peeked):
    stream = ByteStream("x", filter(None, chunks))
    assert stream.peek(peeked) == b"abcdefgh"[:peeked]
    room = bytearray(5)
    assert stream.read_into(memoryview(room)) == 5
    assert room == b"abcde"
    assert stream.read(1) == b"f"
    assert stream.read_into(memoryview(room)) == 2
    assert room[:2] == b"gh"
    assert stream.read_into(memoryview(room)) == 0


def test_memory_is_filled_by_the_input_itself_where_it_can():
    rest = [b"cd", b"efg", b""]

    def fill(room):
        chunk = rest.pop(0)
        room[: len(chunk)] = chunk
        return len(chunk)

    stream = ByteStream("x", iter([b"ab"]))
    stream.fill = fill
    stream.peek(2)
    room = bytearray(9)
    assert stream.read_into(memoryview(room)) == 7
    assert room[:7] == b"abcdefg"


def rows_of(source, option, name=None):
    with readers.opened(source, option) as found:
        return batch.rows_of(found, option, name)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
def test_an_array_of_declared_rows_is_read_by_blocks(dtype):
    rows = rows_of(np.zeros((4, 3), dtype), LOGITS, "mine")
    assert (rows.name, rows.rows, rows.outcomes, rows.kind) == ("mine", 4, 3, "logits")
    assert rows.stored == str(np.dtype(dtype).newbyteorder("="))
    rows = rows_of(np.zeros((2, 4, 3), dtype), LOGITS)
    assert (rows.rows, [note.code for note in rows.notes]) == (8, ["axes-as-rows"])
    assert rows_of(np.zeros(3, dtype), LOGITS).is_vector


@pytest.mark.parametrize(
    ("source", "option"),
    [
        (np.zeros((4, 3)), ReadOptions()),
        (np.zeros((4, 3)), ReadOptions(kind="counts")),
        (np.zeros((4, 3)), ReadOptions(kind="probabilities", flatten=True)),
        (np.zeros((4, 3), dtype=int), LOGITS),
        (np.zeros((4, 3), dtype=np.longdouble), LOGITS),
        (np.zeros((4, 0)), LOGITS),
        (np.zeros((2, 4, 3)), ReadOptions(kind="probabilities")),
        (np.zeros((4, 1)), LOGITS),
        ([[1.0, 2.0]], LOGITS),
        ({"a": 1.0, "b": 2.0}, LOGITS),
    ],
    ids=str,
)
def test_anything_else_is_read_as_a_whole(source, option):
    found = rows_of(source, option)
    assert found is None


@pytest.mark.parametrize(
    ("kind", "bad", "code"),
    [
        ("probabilities", -0.5, "negative-weight"),
        ("probabilities", np.nan, "not-finite"),
        ("weights", np.inf, "not-finite"),
        ("weights", -np.inf, "not-finite"),
        ("logits", np.nan, "not-finite"),
        ("log-probs", np.inf, "not-finite"),
    ],
)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_faults_are_found_in_every_block_and_three_are_named(kind, bad, code, dtype):
    array = np.ones((9, 3), dtype=dtype)
    for place in ((2, 1), (2, 2), (7, 0), (8, 1)):
        array[place] = bad
    assert not batch.are_weights(array, kind)
    assert batch.are_weights(array[:2], kind)
    side = rows_of(array, ReadOptions(kind=kind))
    fault = batch.first_fault(side, iter([array[1:4], array[4:5], array[5:]]), 1)
    assert (fault.code, fault.count) == (code, 4)
    assert [place.index for place in fault.places] == [(2, 1), (2, 2), (7, 0)]
    hint = "--as logits or --as log-probs if -inf stands for no mass"
    assert (fault.hint == hint) == (bad == -np.inf)


@pytest.mark.parametrize(("kind", "nothing"), [("weights", 0.0), ("logits", -np.inf)])
def test_a_row_without_mass_is_a_fault(kind, nothing):
    array = np.ones((9, 3))
    array[4] = array[7] = nothing
    array[5, 0] = nothing
    side = rows_of(array, ReadOptions(kind=kind))
    fault = batch.first_fault(side, [array], 0)
    assert (fault.code, fault.count) == ("no-mass", 2)
    assert [place.index for place in fault.places] == [(4,), (7,)]


def test_a_single_distribution_has_no_rows():
    array = np.array([0.5, np.nan, 0.5])
    side = rows_of(array, ReadOptions(kind="probabilities"))
    fault = batch.first_fault(side, [array], 0)
    assert [place.index for place in fault.places] == [(1,)]
    assert batch.first_fault(side, [np.ones(3)], 0) is None
