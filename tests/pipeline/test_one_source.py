"""Both sides in one source: two weights, or two parts of it, that are named."""

import json
import math
import tracemalloc

import numpy as np
import pytest

from kldiv_cli import assert_no_drift, check, compare
from kldiv_cli.errors import InputError, UsageError

OLD, NEW = {"a": 310, "b": 500, "c": 190}, {"a": 290, "b": 460, "c": 280}
BASE, NOISE = np.random.default_rng(7).normal(0, 2, (2, 90, 6)).astype(np.float32)
Q4 = BASE + NOISE / 20


def safetensors(**arrays):
    """Return a file of tensors of 32 bits."""
    header, at = {}, 0
    for name, array in arrays.items():
        ends = [at, at := at + array.nbytes]
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": ends}
    text = json.dumps(header).encode()
    data = b"".join(array.tobytes() for array in arrays.values())
    return len(text).to_bytes(8, "little") + text + data


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The same two sides in one file of each format, and in a file each, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name, counts in (("old", OLD), ("new", NEW)):
        rows = (f"{label},{n}\n" for label, n in counts.items())
        (tmp_path / f"{name}.csv").write_text("k,n\n" + "".join(rows))
    both = "".join(f"{label},{n},{NEW[label]}\n" for label, n in OLD.items())
    (tmp_path / "both.csv").write_text("k,old n,new\n" + both)
    (tmp_path / "hours.csv").write_text("k,old,new\n1,310,290\n2,500,460\n3,190,280\n")
    tidy = "".join(f"{x},{label},{n},{NEW[label]}\n" for x in "xy" for label, n in OLD.items())
    (tmp_path / "tidy.csv").write_text("column,outcome,count,new\n" + tidy)
    (tmp_path / "both.json").write_text(json.dumps({"old": OLD, "deep": {"new": NEW}}))
    (tmp_path / "members.json").write_text(json.dumps({"old": OLD, "new": NEW}))
    np.save("base.npy", BASE)
    np.save("q4.npy", Q4)
    np.savez("both.npz", base=BASE, q4=Q4)
    (tmp_path / "both.safetensors").write_bytes(safetensors(base=BASE, q4=Q4))
    arrays = {"base": BASE.astype(float).tolist(), "q4": Q4.astype(float).tolist()}
    (tmp_path / "logits.json").write_text(json.dumps(arrays))
    return tmp_path


COUNTS = [
    ("both.csv", {"weight": ("old n", "new")}),
    ("members.json", {"weight": ("old", "new")}),
    ("both.json", {"at": ("/old", "/deep/new")}),
    ({"old": OLD, "new": NEW}, {"weight": ("old", "new")}),
]


@pytest.mark.parametrize(("source", "given"), COUNTS, ids=str)
@pytest.mark.parametrize("kind", ["counts", ("counts", "probabilities")], ids=str)
def test_two_weights_of_one_table_are_judged_as_those_of_two_files(files, source, given, kind):
    kinds = {"kind": kind, "max_kl": 0.01}
    (found,) = check(source, **given, **kinds).columns
    (expected,) = check("old.csv", "new.csv", **kinds).columns
    same = ("verdict", "kl", "low", "high", "p_value", "n_reference", "n_current")
    assert [getattr(found, name) for name in same] == [getattr(expected, name) for name in same]


def test_the_first_is_the_reference_and_names_tell_the_sides_apart(files):
    report = check("both.csv", kind="counts", weight=("old n", "new"))
    assert (report.reference.name, report.current.name) == ("old n", "new")
    assert (report.reference.total, report.current.total) == (1000, 1030)
    assert report.dataset == "both"
    turned = check("both.csv", kind="counts", weight=("new", "old n"))
    assert (turned.reference.name, turned.current.total) == ("new", 1000)
    assert turned.columns[0].measures["kl_qp"] == report.columns[0].measures["kl_pq"]
    parts = check("both.json", kind="counts", at=("/old", "/deep/new"))
    assert (parts.reference.name, parts.current.name) == ("/old", "/deep/new")


def test_labels_that_are_numbers_are_told_from_both_weights(files):
    report = check("hours.csv", kind="counts", weight=("old", "new"))
    assert (report.columns[0].column, report.columns[0].outcomes) == ("k", 3)


def test_a_tidy_table_of_two_weights_is_judged_column_by_column(files):
    report = check("tidy.csv", kind="counts", weight=("count", "new"))
    assert [one.column for one in report.columns] == ["x", "y"]
    expected = check("old.csv", "new.csv", kind="counts").columns[0]
    assert {(one.kl, one.n_current) for one in report.columns} == {(expected.kl, 1030)}


def test_a_tidy_table_has_the_weights_that_are_named(files):
    both = check("tidy.csv", "tidy.csv", kind="counts", weight=("count", "new"))
    assert [one.n_current for one in both.columns] == [1030, 1030]
    assert check("tidy.csv", "tidy.csv", kind="counts").columns[0].n_current == 1000


MODELS = [
    ("both.npz", {"weight": ("base", "q4")}),
    ("both.safetensors", {"weight": ("base", "q4")}),
    ("logits.json", {"weight": ("base", "q4")}),
    ("logits.json", {"at": ("/base", "/q4")}),
    ({"base": BASE, "q4": Q4}, {"weight": ("base", "q4")}),
]


@pytest.mark.parametrize(("source", "given"), MODELS, ids=[str(one)[:60] for one in MODELS])
def test_two_models_of_one_file_are_judged_as_those_of_two_files(files, source, given):
    report = check(source, kind="logits", **given)
    expected = check("base.npy", "q4.npy", kind="logits").columns[0]
    (found,) = report.columns
    assert found.verdict == "pass"
    for name in ("kl", "low", "high"):
        assert math.isclose(getattr(found, name), getattr(expected, name), rel_tol=1e-12)
    assert (found.n_reference, found.n_current) == (90, 90)
    names = [name.removeprefix("/") for name in (report.reference.name, report.current.name)]
    assert names == ["base", "q4"]
    assert assert_no_drift(source, kind="logits", **given).verdict == "pass"


def test_a_check_turns_the_divergences_of_a_comparison(files):
    given = {"kind": "logits"}
    judged = check("both.npz", weight=("base", "q4"), **given).columns[0]
    compared = compare("both.npz", weight=("base", "q4"), **given).comparisons[0].measures
    assert math.isclose(judged.measures["kl_qp"], compared["kl_pq"], rel_tol=1e-12)
    assert math.isclose(judged.measures["kl_pq"], compared["kl_qp"], rel_tol=1e-12)


@pytest.mark.parametrize("name", ["both.npz", "both.safetensors"])
def test_a_pipe_holds_both_models(files, shell, name):
    format = name.partition(".")[2]
    line = f"kldiv check - --input-format {format} --as logits --weight base --weight q4 -q"
    ran = shell(f"cat {name} | {line}", cwd=files)
    assert (ran.code, ran.out) == (0, "pass\n")


def test_the_command_line_takes_one_file_and_names_two_sides(files, kldiv):
    ran = kldiv("check", "both.csv", "--as", "counts", "--weight", "old n", "--weight", "new",
                "--max-kl", "0.001", "-f", "json")  # fmt: skip
    assert ran.code == 1
    document = json.loads(ran.out)
    assert [document[side]["name"] for side in ("reference", "current")] == ["old n", "new"]
    ran = kldiv("check", "both.json", "--as", "counts", "--at", "/old", "--at", "/deep/new", "-q")
    assert (ran.code, ran.out) == (0, "pass\n")


@pytest.mark.parametrize("format", ["npz", "safetensors"])
@pytest.mark.parametrize("function", [check, compare])
def test_arrays_of_one_file_are_not_held(tmp_path, function, format, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = np.sin(np.arange(12_000_000, dtype=np.float32)).reshape(3000, 4000)
    if format == "npz":
        np.savez("both.npz", base=base, q4=base * 1.01)
    else:
        (tmp_path / "both.safetensors").write_bytes(safetensors(base=base, q4=base * 1.01))
    given = {"kind": "logits", "weight": ("base", "q4"), "threads": 1}
    if function is compare:
        given["measures"] = "kl"
    tracemalloc.start()
    function(f"both.{format}", **given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < base.nbytes


def test_an_impossible_outcome_of_one_file_is_named(files):
    q4 = Q4.copy()
    q4[17, 3] = -np.inf
    np.savez("hole.npz", base=BASE, q4=q4)
    np.save("hole.npy", q4)
    (found,) = check("hole.npz", kind="logits", weight=("base", "q4")).columns
    (expected,) = check("base.npy", "hole.npy", kind="logits").columns
    assert found.verdict == "drift"
    assert (found.kl, found.reason.text) == (expected.kl, expected.reason.text)


# What is refused.


def test_weights_that_are_counts_or_logits_are_no_raw_rows(files):
    with pytest.raises(UsageError, match="one source of rows") as failure:
        check("both.csv", weight=("old n", "new"))
    assert failure.value.code == "one-side"
    assert "kind='counts'" in failure.value.hint
    with pytest.raises(UsageError, match="one source of rows") as failure:
        check("both.csv")
    assert "where=" in failure.value.hint


@pytest.mark.parametrize("weight", ["new", ("new", "new"), ("new", None)])
@pytest.mark.parametrize("kind", ["counts", "weights", "logits"])
def test_one_weight_is_no_pair_of_sides(files, weight, kind):
    with pytest.raises(UsageError, match="no two weights of it are named") as failure:
        check("both.csv", kind=kind, weight=weight)
    assert failure.value.code == "one-side"
    assert "weight=('old n', 'new')" in failure.value.hint


def test_what_is_named_must_be_there_and_fit(files):
    with pytest.raises(InputError, match="q5") as failure:
        check("both.npz", kind="logits", weight=("base", "q5"))
    assert failure.value.code == "unknown-column"
    batches = {"old": [[1, 2], [3, 4]], "new": [[1, 2], [3, 5]]}
    for kind in ("counts", "weights"):
        with pytest.raises(InputError, match="batch"):
            check(batches, kind=kind, weight=("old", "new"))
    with pytest.raises(UsageError, match="map renames columns of one of two data sets"):
        check("both.csv", kind="counts", weight=("old n", "new"), map={"k": "l"})


SEVERAL = [
    ("both.npz", "weight=('base', 'q4')"),
    ("both.safetensors", "weight=('base', 'q4')"),
    ("logits.json", "weight=('base', 'q4')"),
    ("members.json", "weight=('old', 'new')"),
    ("both.csv", "weight=('old n', 'new')"),
    ("hours.csv", "weight=('old', 'new')"),
    ("base.npy", ""),
    ("old.csv", ""),
]


@pytest.mark.parametrize(("source", "named"), SEVERAL)
def test_one_source_alone_is_refused_with_the_names_that_are_there(files, source, named):
    kind = {"kind": "logits"} if source.endswith(("z", "s", "y")) or "logits" in source else {}
    with pytest.raises(UsageError) as failure:
        compare(source, **kind)
    assert failure.value.code == "one-side"
    if named:
        assert failure.value.hint == f"name a second file, or two weights of the first: {named}"
    else:
        assert failure.value.hint == "name a second file"


def test_names_are_found_without_a_look_at_the_numbers(files):
    (files / "bad.csv").write_text("k,old,new\n" + "a,1,2\n" * 50_000 + "b,-1,x\n")
    with pytest.raises(UsageError, match="weight=\\('old', 'new'\\)"):
        compare("bad.csv")


def test_a_pipe_is_not_read_for_the_names_of_its_weights(files, shell):
    ran = shell("mkfifo never; kldiv compare never", cwd=files)
    assert ran.code == 2
    assert "--weight BEFORE --weight AFTER" in ran.err
