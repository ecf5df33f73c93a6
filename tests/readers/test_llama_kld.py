"""Base files of llama.cpp: read block by block, or refused where header and size differ."""

import gzip
import struct

import numpy as np
import pytest
from base_files import base_file, record

from kldiv_cli.core import coded
from kldiv_cli.errors import InputError
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions, opened, read

RNG = np.random.default_rng(3)


def logits(rows, outcomes):
    return (RNG.normal(size=(rows, outcomes)) * 9).tolist()


@pytest.fixture
def matrix(tmp_path):
    """Read a file: what is known of it, and its records together."""

    def call(data, name="x.kld", **options):
        path = tmp_path / name
        path.write_bytes(data)
        with opened(str(path), ReadOptions(**options)) as found:
            blocks = [block.values.copy() for block in found.data.blocks]
            return found.data, blocks

    return call


@pytest.mark.parametrize("context", [3, 6, 9])
@pytest.mark.parametrize("outcomes", [1, 7, 8])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_records_and_targets(matrix, monkeypatch, context, outcomes, pack):
    monkeypatch.setattr("kldiv_cli.core.table.VALUES", 3 * outcomes)
    scored = context - 1 - context // 2
    rows = logits(5 * scored, outcomes)
    name = "x.kld" if pack is bytes else "x.kld.gz"
    found, blocks = matrix(pack(base_file(rows, context)), name)
    assert (found.format, found.shape) == ("llama-kld", (5 * scored, outcomes))
    assert [len(block) for block in blocks[:-1]] == [3] * ((5 * scored - 1) // 3)
    together = np.concatenate(blocks)
    assert together.tobytes() == b"".join(map(record, rows))
    # Tokens are 0, 1, 2 and so on; record i of a piece predicts the one after its position.
    tokens = np.arange(5 * context).reshape(5, context) % outcomes
    truth = [tokens[c, context // 2 + i + 1] for c in range(5) for i in range(scored)]
    assert found.coding.targets.tolist() == truth
    assert (found.coding.rows_in_chunk, found.coding.context) == (scored, context)


def test_a_file_of_llama_itself(matrix, root):
    found, blocks = matrix((root / "tests" / "models" / "trained_base.kld").read_bytes())
    assert (found.shape, found.coding.rows_in_chunk) == ((104, 501), 26)
    assert found.coding.targets.dtype == np.int32
    (records,) = blocks
    sums = np.exp(coded.log_probabilities(records)).sum(axis=1)
    assert np.all(abs(sums - 1) < 1.3e-4)
    logs = coded.target_log_probabilities(records, found.coding.targets)
    # It is a trained model: it gives the words that follow more than chance would.
    assert logs.mean() > -1


@pytest.mark.parametrize("name", ["x", "x.bin", "x.kld", "x.dat.gz"])
def test_it_is_known_by_its_first_bytes(matrix, name):
    data = base_file(logits(4, 5), 6)
    assert matrix(gzip.compress(data) if name.endswith("gz") else data, name)[0].coding


def changed(**fields):
    """Return a file of 3 pieces of 2 records, with other numbers in its header."""
    known = {"context": 6, "outcomes": 5, "chunks": 3} | fields
    data = base_file(logits(6, 5), 6)
    return data[:8] + struct.pack("<iii", *known.values()) + data[20:]


GOOD = changed()
PIECE = 2 * (8 + 12)
BAD = {
    "the header of a run that failed": (GOOD[:12], "ends within its header"),
    "the text of a run that failed": (GOOD[: 20 + 72], "0 of its 3 pieces"),
    "a part of the text": (GOOD[:40], "0 of its 3 pieces"),
    "one piece": (GOOD[: 20 + 72 + PIECE], "1 of its 3 pieces"),
    "one byte less than two pieces": (GOOD[: 20 + 72 + 2 * PIECE - 1], "1 of its 3 pieces"),
    "one byte less": (GOOD[:-1], "2 of its 3 pieces"),
    "one byte more": (GOOD + b"\0", "there are more"),
    "no pieces": (changed(chunks=0), "which none can be"),
    "a negative number of pieces": (changed(chunks=-3), "which none can be"),
    "no vocabulary": (changed(outcomes=0), "which none can be"),
    "a negative vocabulary": (changed(outcomes=-5), "which none can be"),
    "a vocabulary beyond all": (changed(outcomes=2**31 - 1), "which none can be"),
    "no text": (changed(context=0), "which none can be"),
    "pieces without a score": (changed(context=2), "which none can be"),
    "a negative context": (changed(context=-6), "which none can be"),
    "sizes that overflow": (changed(context=2**31 - 1, chunks=2**31 - 1), "0 of its 2147483647"),
    "a larger vocabulary": (changed(outcomes=7), "2 of its 3 pieces"),
    "other data": (b"x" + GOOD, "does not begin with its mark"),
}


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("name", ["x.kld", "x.kld.gz"])
def test_files_that_are_not_whole(matrix, how, name):
    data, message = BAD[how]
    with pytest.raises(InputError, match=message) as caught:
        matrix(gzip.compress(data) if name.endswith("gz") else data, name)
    assert caught.value.code == "bad-kld"


@pytest.mark.parametrize(
    ("place", "number"),
    [(0, np.nan), (0, np.inf), (0, -1e-9), (0, 1.0), (0, 0.0), (4, np.nan), (4, -np.inf), (4, 0.0),
     (4, -1e3), (4, 1e30)],
)  # fmt: skip
def test_records_that_are_none_are_named(matrix, monkeypatch, place, number):
    monkeypatch.setattr("kldiv_cli.core.table.VALUES", 10)
    at = 20 + 72 + 3 * 20 + place
    data = GOOD[:at] + struct.pack("<f", number) + GOOD[at + 4 :]
    with pytest.raises(InputError, match="of row 3 are") as caught:
        matrix(data)
    assert caught.value.code == "bad-kld"


def test_zeros_where_nothing_was_written_are_no_record(matrix):
    data = GOOD[:-PIECE] + bytes(PIECE)
    with pytest.raises(
        InputError, match=r"of row 4 are 0\.0 and 0\.0: these are no probabilities"
    ):
        matrix(data)
    # All tokens alike have no scale, and may be one token.
    for row in ([[2.5, 2.5, 2.5]], [[7.0]]):
        _, (records,) = matrix(base_file(row, 3))
        assert records["scale"] == 0


@pytest.mark.parametrize("token", [-1, 5, 2**31 - 1])
def test_targets_out_of_range_are_named(matrix, token):
    tokens = list(range(5)) + [0] * 13
    tokens[6 + 4] = token
    with pytest.raises(InputError, match=rf"the token after row 2 is {token}, and there are 5"):
        matrix(base_file(logits(6, 5), 6, tokens))
    # Tokens that no record predicts are not looked at.
    tokens = [token] * 4 + [0] * 14
    matrix(base_file(logits(6, 5), 6, tokens))


@pytest.mark.parametrize("magic", [b"_logits2", b"_logp16_", b"_logp16n"])
def test_files_of_forks_are_named(refused, magic):
    error = refused("x.kld", base_file(logits(2, 5), 6, magic=magic))
    assert (error.code, "fork of llama.cpp" in error.message) == ("foreign-format", True)


def test_it_is_no_single_distribution(refused, table):
    assert refused("x.kld", GOOD).code == "coded-rows"
    with pytest.raises(InputError) as caught:
        data_set(table("raw.kld", GOOD), ReadOptions())
    assert caught.value.code == "coded-rows"
    assert refused("x.kld", GOOD, weight="x").code == "no-columns"
    with pytest.raises(InputError, match="first bytes are those of llama-kld"):
        read(table("x.npy", GOOD))


def test_it_is_inspected(kldiv, table):
    # One row of six reaches the floor.
    rows = [[i + 1.3 * j for j in range(5)] for i in range(6)]
    rows[3] = [30.0, 0.0, 1.0, 2.0, 3.0]
    path = table("x.kld", base_file(rows, 6))
    ran = kldiv("inspect", path)
    assert ran.code == 0
    for line in (
        "format    llama-kld",
        "text      3 x 6 tokens",
        "kind      log-probs",
        "outcomes  5",
        "floor     reached by 1 of 6 rows",
        "batch     6 distributions, one a row",
    ):
        assert f"\n{line}\n" in ran.out
    assert kldiv("inspect", path, "--as", "logits").out == ran.out
    assert "error[coded-rows]" in kldiv("inspect", path, "--as", "counts").err
    # All records are looked at.
    data = bytearray(base_file(rows, 6))
    data[-20:-12] = bytes(8)
    ran = kldiv("inspect", table("bad.kld", bytes(data)))
    assert (ran.code, ran.out) == (2, "")
    assert "error[bad-kld]" in ran.err
