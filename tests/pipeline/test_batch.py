"""Arrays of distributions from any file and any pipe are compared as in memory, or refused."""

import gzip
import io
import json
import math
import re
import struct
import tracemalloc

import numpy as np
import pytest

from kldiv_cli import InputError, UsageError, compare
from kldiv_cli.core import rows, table
from kldiv_cli.core.divergences import divergences
from kldiv_cli.pipeline import batch

ROWS, OUTCOMES = 23, 6
MEASURES = ("kl_pq", "kl_qp", "js", "tv")


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of four rows, of two pieces each."""
    monkeypatch.setattr(table, "VALUES", 4 * OUTCOMES)
    monkeypatch.setattr(table, "PIECE", 2 * OUTCOMES)
    monkeypatch.setattr(rows, "PIECE", 2 * OUTCOMES)
    monkeypatch.setattr(batch, "PIECE", 2 * OUTCOMES)


def logits(seed, shape=(ROWS, OUTCOMES)):
    return np.random.default_rng(seed).normal(size=shape)


def shares(seed, shape=(ROWS, OUTCOMES)):
    masses = np.exp(logits(seed, shape))
    return masses / masses.sum(axis=-1, keepdims=True)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(array):
    file = io.BytesIO()
    np.savez_compressed(file, x=array)
    return file.getvalue()


def safetensors(array):
    types = {"<f2": "F16", "<f4": "F32", "<f8": "F64"}
    entry = {"dtype": types[array.dtype.str], "shape": array.shape}
    entry["data_offsets"] = [0, array.nbytes]
    text = json.dumps({"x": entry}).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + array.tobytes()


def facts(report):
    """Return a report but for where its sides come from."""
    document = report.to_dict()
    for side in (document["p"], document["q"]):
        del side["name"], side["source"], side["format"]
    document["notes"] = {(note["code"], note["message"]) for note in document["notes"]}
    return document


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("dtype", ["<f8", "<f4", "<f2", ">f8", ">f4"])
@pytest.mark.parametrize("form", ["npy", "npz", "safetensors", "npy.gz", "fortran", "rank 3"])
def test_a_file_is_compared_as_the_array_is(table, dtype, form):
    p, q = (logits(seed, (24, OUTCOMES)).astype(dtype) for seed in (1, 2))
    if form == "rank 3":
        p, q = (side.reshape(2, 12, OUTCOMES) for side in (p, q))
    if form == "safetensors" and dtype[0] == ">":
        p, q = (side.astype(side.dtype.newbyteorder("<")) for side in (p, q))
    options = {"kind": "logits", "measures": MEASURES, "names": ("p", "q"), "reduction": "none"}
    wanted = compare(p, q, **options)
    save = {"npz": npz, "safetensors": safetensors}.get(form, npy)
    ending = form if form in ("npz", "safetensors", "npy.gz") else "npy"
    paths = []
    for name, side in (("p", p), ("q", q)):
        data = save(np.asfortranarray(side) if form == "fortran" else side)
        data = gzip.compress(data) if ending == "npy.gz" else data
        paths.append(table(f"{name}.{ending}", data))
    found = compare(*paths, **options)
    assert facts(found) == facts(wanted)
    truth = divergences(
        p.reshape(-1, OUTCOMES).astype(float), q.reshape(-1, OUTCOMES).astype(float),
        measures=MEASURES, kind="logits",
    )  # fmt: skip
    for name in MEASURES:
        assert found.comparisons[0].measures[name] == pytest.approx(truth[name], rel=1e-13)


CONTAINERS = {
    "npy": npy, "npz": npz, "safetensors": safetensors,
    "npy.gz": lambda array: gzip.compress(npy(array)),
    "npz.gz": lambda array: gzip.compress(npz(array)),
    "safetensors.gz": lambda array: gzip.compress(safetensors(array)),
}  # fmt: skip


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_the_same_numbers_give_the_same_bytes_in_any_container(table, kldiv, dtype):
    p, q = (logits(seed).astype(dtype) for seed in (1, 2))
    pattern = re.compile(r'"(name|source|format|p|q)": "[^"]*"')
    found = set()
    for ending, save in CONTAINERS.items():
        paths = table(f"p.{ending}", save(p)), table(f"q.{ending}", save(q))
        for threads in ("1", "2"):
            words = ("--as", "logits", "-f", "json", "--threads", threads)
            ran = kldiv("compare", *paths, *words)
            assert (ran.code, ran.err) == (0, "")
            found.add(pattern.sub("", ran.out))
    assert len(found) == 1


@pytest.mark.parametrize("compressed", [False, True])
def test_a_pipe_is_compared_as_the_file_is(shell, tmp_path, compressed):
    np.save(tmp_path / "p.npy", logits(1))
    np.save(tmp_path / "q.npy", logits(2))
    words = "--as logits -m kl_pq -m js -q"
    wanted = shell(f"kldiv p.npy q.npy {words}", cwd=tmp_path)
    assert wanted.code == 0
    read = "gzip -c p.npy" if compressed else "cat p.npy"
    assert shell(f"{read} | kldiv - q.npy {words}", cwd=tmp_path).out == wanted.out
    assert shell(f"kldiv <({read}) <(cat q.npy) {words}", cwd=tmp_path).out == wanted.out


def test_memory_does_not_grow_with_the_rows(tmp_path):
    peaks = []
    for count in (6_000, 20_000):
        p, q = (tmp_path / name for name in ("p.npy", "q.npy"))
        random = np.random.default_rng(3)
        for path in (p, q):
            np.save(path, random.normal(size=(count, 500)).astype(np.float32))
        tracemalloc.start()
        compare(str(p), str(q), kind="logits", measures="kl_pq", threads=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 40e6
    assert peaks[1] < peaks[0] + 5e6


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("side", ["p", "q"])
@pytest.mark.parametrize("ending", ["npy", "npz", "safetensors"])
def test_a_file_that_is_cut_or_goes_on_is_refused(table, side, ending):
    save = {"npy": npy, "npz": npz, "safetensors": safetensors}[ending]
    whole = save(logits(1))
    good = table(f"good.{ending}", whole)
    for data in (
        whole[:-1],
        whole[: len(whole) // 2],
        *([whole + b"\0"] if ending != "npz" else []),
    ):
        bad = table(f"bad.{ending}", data)
        with pytest.raises(InputError) as caught:
            compare(*((bad, good) if side == "p" else (good, bad)), kind="logits")
        assert caught.value.places[0].source == bad


FAULTS = [
    ("logits", math.nan, "not-finite"), ("logits", math.inf, "not-finite"),
    ("log-probs", math.nan, "not-finite"), ("probabilities", -0.5, "negative-weight"),
    ("probabilities", math.nan, "not-finite"), ("weights", math.inf, "not-finite"),
]  # fmt: skip


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("side", ["p", "q"])
@pytest.mark.parametrize(("kind", "bad", "code"), FAULTS)
@pytest.mark.parametrize("smoothing", ["none", "floor:1e-6"])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_every_number_that_is_no_weight_is_counted(
    kldiv, table, side, kind, bad, code, smoothing, dtype
):
    if smoothing != "none" and kind in ("logits", "log-probs"):
        return
    of = logits if kind == "logits" else shares
    good = of(1).astype(dtype)
    if kind == "log-probs":
        good = np.log(good)
    wrong = good.copy()
    wrong[7, 2] = wrong[9, 0] = wrong[22, 5] = wrong[22, 4] = bad
    paths = {side: table("bad.npy", npy(wrong))}
    other = table("good.npy", npy(good))
    p, q = paths.get("p", other), paths.get("q", other)
    ran = kldiv(p, q, "--as", kind, "--smoothing", smoothing, "--threads", "2")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{paths[side]}[7, 2]: error[{code}]")
    assert "and 3 more" in ran.err


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("side", ["p", "q"])
@pytest.mark.parametrize(("kind", "nothing"), [("logits", -math.inf), ("weights", 0.0)])
def test_a_row_without_mass_is_refused(kldiv, table, side, kind, nothing):
    good = np.abs(logits(1))
    wrong = good.copy()
    wrong[11] = nothing
    paths = [table("good.npy", npy(good)), table("bad.npy", npy(wrong))]
    ran = kldiv(*(paths if side == "q" else paths[::-1]), "--as", kind)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{paths[1]}[11]: error[no-mass]")


def test_sides_that_do_not_meet_are_refused():
    whole = logits(1)
    deep = logits(1, (2, 4, OUTCOMES))
    assert compare(deep, deep.reshape(8, OUTCOMES), kind="logits").comparisons[0].batch.rows == 8
    with pytest.raises(InputError, match=r"is of shape \(2, 4, 6\) and .* of \(4, 2, 6\)"):
        compare(deep, deep.reshape(4, 2, OUTCOMES), kind="logits")
    for other, message in (
        (whole[:5], "has (23|5) rows and .* has (23|5)"),
        (whole[:, :5], "has [56] outcomes and .* has [56]"),
        (whole[0, :5], "has [56] outcomes and .* has [56]"),
    ):
        for sides in ((whole, other), (other, whole), (whole, whole, other)):
            with pytest.raises(InputError, match=message) as caught:
                compare(*sides, kind="logits")
            assert caught.value.code == "no-common-support"


def test_rows_of_one_outcome_are_refused():
    for kind in ("logits", "probabilities"):
        with pytest.raises(InputError) as caught:
            compare(np.ones((4, 1)), np.ones((4, 1)), kind=kind)
        assert caught.value.code == "one-outcome"


@pytest.mark.parametrize(
    "weights", [np.full((2, 3), 1e308), np.full((4, 3), 3e307), np.full((200_000, 1 + 1), 1e303)]
)
def test_a_total_that_no_double_holds_is_refused(weights):
    ones = np.ones_like(weights)
    for sides in ((weights, ones), (ones, weights)):
        with pytest.raises(InputError) as caught:
            compare(*sides, kind="weights", measures="tv")
        assert caught.value.code == "number-overflow"


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("count", [3, ROWS])
def test_totals_are_noted_of_all_blocks(count):
    p = shares(1)[:count]
    p[-1] *= 1.5
    (note,) = compare(p, shares(2)[:count], kind="probabilities").notes
    assert (note.code, note.message) == (
        "normalised", "probabilities of total 1 to 1.5 are normalised to 1"
    )  # fmt: skip
    with pytest.raises(InputError, match="normalised"):
        compare(p, shares(2)[:count], kind="probabilities", strict=True)
    (note,) = compare(shares(2)[:count], np.log(p), kind=("probabilities", "log-probs")).notes
    assert note.message == "log-probs of total 1 to 1.5 are normalised to 1"
    report = compare(p, shares(2)[:count], kind="weights")
    assert {note.code for note in report.notes} == {"normalised", "unlabelled"}
    assert report.p.total == pytest.approx(count + 0.5, rel=1e-15)
    assert report.q.total == pytest.approx(count, rel=1e-15)
    assert compare(shares(1), shares(2), kind="probabilities", strict=True).notes == ()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_one_distribution_meets_every_row(kind):
    of = logits if kind == "logits" else shares
    p, q = of(1), of(2)[0]
    for sides in ((p, q), (q, p)):
        report = compare(*sides, kind=kind, measures="kl_pq", reduction="none")
        truth = divergences(*sides, measures=("kl_pq",), kind=kind)["kl_pq"]
        assert report.comparisons[0].measures["kl_pq"] == pytest.approx(truth, rel=1e-13)
        assert compare(*sides, kind=kind, strict=True).notes == ()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_one_side_against_several_is_each_pair(kind):
    of = logits if kind == "logits" else shares
    vector, ten, more = of(1)[0], of(2)[:10], of(3)
    for p, *others in (
        (more, of(4), of(5)), (more, of(4), vector), (vector, of(4), of(5)),
        (vector, ten, more), (vector, ten, of(4)[0]), (vector, of(4)[0], of(5)[0]),
    ):  # fmt: skip
        report = compare(p, *others, kind=kind, measures=MEASURES)
        assert len(report.others) == len(report.comparisons) == 2
        assert report.q is None
        for other, side, found in zip(others, report.others, report.comparisons, strict=True):
            alone = compare(p, other, kind=kind, measures=MEASURES)
            assert found == alone.comparisons[0]._replace(q=side.name)
            assert side == alone.q._replace(name=side.name)


@pytest.mark.usefixtures("small_blocks")
def test_limits_on_statistics_of_rows():
    p, q = logits(1), logits(2)
    kl = divergences(p, q, measures=("kl_pq", "kl_qp"), kind="logits")
    differ = np.mean(p.argmax(axis=1) != q.argmax(axis=1))
    soft = [np.exp(side) / np.exp(side).sum(axis=1, keepdims=True) for side in (p, q)]
    targets = np.arange(ROWS) % OUTCOMES
    change = (soft[1] - soft[0])[np.arange(ROWS), targets]
    truths = {
        "kl_p99": np.quantile(kl["kl_pq"], 0.99),
        "kl_pq_p50": np.median(kl["kl_pq"]),
        "kl_qp_max": kl["kl_qp"].max(),
        "top_disagreement": differ,
        "delta_p_rms": math.sqrt(np.mean(change**2)),
    }
    for name, truth in truths.items():
        options = {"kind": "logits", "measures": "tv", "targets": targets, "estimate": False}
        (failed,) = compare(p, q, fail_above={name: truth * 0.999}, **options).failed
        assert (failed.measure, failed.row, failed.column) == (name, None, None)
        assert failed.value == pytest.approx(truth, rel=1e-12)
        assert compare(p, q, fail_above={name: truth * 1.001}, **options).failed == ()
        bits = compare(p, q, fail_above={name: 0}, base="2", **options).failed[0].value
        unit = math.log(2) if name.startswith("kl") else 1
        assert bits == pytest.approx(truth / unit, rel=1e-12)
    with pytest.raises(UsageError, match="there are none"):
        compare(p, q, kind="logits", fail_above={"delta_p_rms": 1})
    for name in ("kl_p99", "top_disagreement"):
        with pytest.raises(UsageError, match="is a statistic of the rows of a batch"):
            compare(p[0], q[0], kind="logits", fail_above={name: 1})
    # Of any batch, also one that is not read by blocks.
    (failed,) = compare(
        [[3, 1], [1, 3]], [[1, 3], [1, 3]], fail_above={"top_disagreement": 0.2}
    ).failed
    assert failed.value == 0.5


def test_the_noise_of_16_bits_is_told_in_the_unit_of_the_report():
    p, q = logits(1).astype(np.float16), logits(2).astype(np.float16)
    nats, bits = (
        compare(p, q, kind="logits", base=base).comparisons[0].batch.storage_noise
        for base in ("e", "2")
    )
    assert 0 < nats < 1e-6
    assert bits == pytest.approx(nats / math.log(2), rel=1e-12)
    assert (
        compare(p.astype(float), q.astype(float), kind="logits").comparisons[0].batch.storage_noise
        is None
    )
    both = compare(p, q.astype(float), kind="logits").comparisons[0].batch.storage_noise
    assert 0 < both < nats
