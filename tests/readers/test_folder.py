"""Folders of part files: one source of raw rows, whose parts must belong together."""

import gzip
import io
import json
import os
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from kldiv_cli import InputError, check, compare
from kldiv_cli.core.dataset import Wanted
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions

ROWS = [
    {
        "shop": "abc"[i % 3],
        "price": 1.5 * (i % 7),
        "zip": f"0{i % 4}",
        "when": None if i % 5 else "x",
    }
    for i in range(90)
]
FRAME = pd.DataFrame(ROWS)


def parts(n=3):
    """Return the frame in pieces, as several workers write it."""
    return [FRAME.iloc[i::n] for i in range(n)]


def json_lines(frame):
    """Return the lines of Spark, which leaves out what has no value."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    kept = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return "".join(json.dumps(row) + "\n" for row in kept)


WRITERS = {
    "csv": lambda frame: frame.to_csv(index=False),
    "tsv": lambda frame: frame.to_csv(index=False, sep="\t"),
    "csv.gz": lambda frame: gzip.compress(frame.to_csv(index=False).encode()),
    "json": json_lines,
    "jsonl": json_lines,
    "ndjson": lambda frame: pl.from_pandas(frame).write_ndjson(),
    "parquet": lambda frame: written(pl.from_pandas(frame).write_parquet),
    "arrow": lambda frame: written(pl.from_pandas(frame).write_ipc),
    "pq": lambda frame: written(frame.to_parquet),
}


def written(write, *args):
    """Return the bytes that are written into a file."""
    file = io.BytesIO()
    write(file, *args)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes files into a folder and returns its path."""

    def call(files, name="data"):
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(root)

    return call


def counted(path, **options):
    return data_set(path, ReadOptions(**options), Wanted(identifiers=False))


def outcomes(found):
    """Return how often each outcome of each column occurs, and how many are missing."""
    counts = {}
    for name, column in found.columns.items():
        if hasattr(column, "values"):
            values, times = column.values, column.counts
            counts[name] = (
                dict(zip(values.tolist(), times.tolist(), strict=True)),
                column.missing,
            )
        else:
            counts[name] = (dict(column.counts), column.missing)
    return counts


def refused(path, **options):
    with pytest.raises(InputError) as caught:
        counted(path, **options)
    return caught.value


@pytest.mark.parametrize("extension", WRITERS)
def test_parts_are_one_source(folder, tmp_path, extension):
    write = WRITERS[extension]
    files = {f"part-0000{i}.{extension}": write(frame) for i, frame in enumerate(parts())}
    files |= {"_SUCCESS": "", ".part-00000.csv.crc": b"crc\0", "._SUCCESS.crc": b"\0"}
    whole = tmp_path / ("whole.jsonl" if "json" in extension else f"whole.{extension}")
    content = write(FRAME)
    whole.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, alone = counted(folder(files)), counted(str(whole))
    assert outcomes(found) == outcomes(alone)
    assert (found.rows, found.name, found.notes) == (90, "data", alone.notes)
    # A slash at the end, and the folder that one is in, are no other names.
    assert counted(folder(files) + "/").name == "data"


def test_parts_of_a_data_frame_are_the_frame(folder):
    files = {f"{i}.csv": frame.to_csv(index=False) for i, frame in enumerate(parts())}
    path = folder(files)
    for report in (check(FRAME, path), check(path, FRAME)):
        assert report.verdict in ("pass", "inconclusive")
        assert {one.measures["kl_pq"] for one in report.columns} == {0}
    report = compare(path, FRAME, kind="samples")
    assert [one.column for one in report.comparisons] == ["shop", "price", "zip", "when"]


@pytest.mark.parametrize("order", [0, 1, 2])
def test_parts_without_rows(folder, order):
    contents = [FRAME.to_csv(index=False), "", "shop,price,zip,when\n"]
    files = {f"part-{i}.csv": contents[(i + order) % 3] for i in range(3)}
    assert outcomes(counted(folder(files))) == outcomes(
        counted(folder({"a.csv": contents[0]}, "b"))
    )


def test_a_part_of_a_single_record(folder):
    files = {f"part-{i}.json": json.dumps(row) + "\n" for i, row in enumerate(ROWS)}
    alone = {"part.jsonl": "".join(files.values())}
    assert outcomes(counted(folder(files))) == outcomes(counted(folder(alone, "b")))


def test_parts_without_a_header(folder):
    files = {
        f"part-{i}": frame.to_csv(index=False, header=False) for i, frame in enumerate(parts())
    }
    found = counted(folder(files))
    expected = outcomes(counted(folder({"p.csv": FRAME.to_csv(index=False)}, "b")))
    assert outcomes(found) == dict(zip("1234", expected.values(), strict=True))
    assert [note.code for note in found.notes] == ["no-header"]
    words = {"part-0": "a,b\nc,d\n", "part-1": "e,f\na,b\n"}
    error = refused(folder(words, "words"))
    assert (error.code, os.path.basename(error.places[0].source)) == ("columns-differ", "part-1")
    assert error.hint.startswith("--no-header ")
    assert counted(folder(words, "words"), header=False).rows == 4
    ragged = folder({"a.csv": "1,2\n", "b.csv": "1,2,3\n"}, "ragged")
    assert refused(ragged).code == "columns-differ"


def test_columns_in_another_order(folder):
    back = FRAME[FRAME.columns[::-1]]
    for write in (WRITERS["csv"], WRITERS["jsonl"]):
        name = "csv" if write is WRITERS["csv"] else "jsonl"
        files = {f"a.{name}": write(FRAME), f"b.{name}": write(back)}
        found = outcomes(counted(folder(files, name)))
        assert all(sum(c.values()) + missing == 180 for c, missing in found.values())


@pytest.mark.parametrize("extension", WRITERS)
def test_parts_that_disagree_on_columns(folder, extension):
    first, second, third = parts()
    third = third.rename(columns={"shop": "store"})
    frames = [first, second, third]
    files = {f"part-{i}.{extension}": WRITERS[extension](f) for i, f in enumerate(frames)}
    error = refused(folder(files))
    assert error.code == "columns-differ"
    assert os.path.basename(error.places[0].source) == f"part-2.{extension}"
    assert "'shop'" in error.message
    assert "'store'" in error.message
    assert "header" not in error.hint


@pytest.mark.parametrize("extension", ["csv", "tsv"])
def test_a_part_that_lacks_a_column(folder, extension):
    first, second, _ = parts()
    for frames in ([first, second.drop(columns="shop")], [first.drop(columns="shop"), second]):
        files = {f"{i}.{extension}": WRITERS[extension](f) for i, f in enumerate(frames)}
        error = refused(folder(files))
        assert error.code == "columns-differ"
        assert "'shop'" in error.message


def test_records_may_leave_a_column_out(folder):
    first, second, _ = parts()
    for i, frames in enumerate(([first, second.drop(columns="shop")],
                                [first.drop(columns="shop"), second])):  # fmt: skip
        files = {f"{j}.jsonl": json_lines(frame) for j, frame in enumerate(frames)}
        found = counted(folder(files, f"d{i}"))
        assert found.columns["shop"].missing == 30
        assert [(note.code, note.repair) for note in found.notes] == [
            ("part-without-column", True)
        ]
        assert os.path.basename(found.notes[0].source) == f"{1 - i}.jsonl"


@pytest.mark.parametrize(
    "files",
    [{"a.csv": "x\n1\n", "b.jsonl": '{"x":1}\n'}, {"a.csv": "x\n1\n", "b.txt": "x\n1\n"},
     {"a.csv": "x\n1\n", "README.md": "text"}, {"a.csv": "x\n1\n", "b.tsv": "x\n1\n"},
     {"a.csv": "x\n1\n", "more/b.csv": "x\n1\n"}, {"a.csv": "x\n1\n", "y=1/b.csv": "x\n1\n"},
     {"y=1/a.csv": "x\n1\n", "z=1/a.csv": "x\n1\n"}, {"y=1/a.csv": "x\n1\n", "more/a.csv": "x\n"},
     {"y=1/a.csv": "x\n1\n", "y=2/z=1/a.csv": "x\n1\n"}, {"y=1/y=2/a.csv": "x\n1\n"}],
    ids=str,
)  # fmt: skip
def test_files_that_do_not_belong_together(folder, files):
    assert refused(folder(files)).code == "mixed-folder"


@pytest.mark.parametrize(
    "files",
    [{}, {"_SUCCESS": ""}, {".hidden.csv": "x\n1\n"}, {"a.csv": ""}, {"a.csv": "x\n"},
     {"_temporary/0/a.csv": "x\n1\n"}],
)  # fmt: skip
def test_a_folder_without_rows(folder, files):
    assert refused(folder(files)).code == "no-rows"


def test_data_that_are_left_out_are_named(folder):
    found = counted(
        folder({"a.csv": "x\n1\n", "_b.csv": "x\n1\n", ".a.csv.crc": "", "_SUCCESS": ""})
    )
    assert [(note.code, "_b.csv" in note.message) for note in found.notes] == [("left-out", True)]


@pytest.mark.parametrize(
    ("mark", "name"),
    [("_delta_log/00000000000000000000.json", "Delta Lake"),
     ("metadata/00000-8f.metadata.json", "Iceberg"), (".hoodie/hoodie.properties", "Hudi"),
     ("_versions/1.manifest", "Lance")],
)  # fmt: skip
@pytest.mark.parametrize("where", ["", "data", "month=01", "data/month=01"])
def test_tables_that_keep_deleted_rows_are_refused(folder, mark, name, where):
    path = folder({mark: "{}", f"{where or '.'}/part-0.csv": "x\n1\n"})
    for named in {path, os.path.join(path, where)}:
        error = refused(named)
        assert error.code == "table-format"
        assert name in error.message


@pytest.mark.parametrize("mark", ["zarr.json", ".zarray", ".zgroup"])
def test_stores_of_zarr_are_named(folder, mark):
    path = folder({mark: "{}", "c/0/0": b"\x28\xb5\x2f\xfd"})
    for error in (refused(path), refused(path, kind="logits")):
        assert error.code == "table-format"
        assert "Zarr" in error.message
        assert "numpy.save" in error.hint


def test_what_only_resembles_such_a_table(folder):
    assert refused(folder({"metadata/notes.txt": "x"})).code == "mixed-folder"
    assert counted(folder({"a.csv": "x\n1\n", "_delta_log": "x"}, "b")).rows == 1


# Columns that are the names of folders.


@pytest.mark.parametrize("extension", ["csv", "jsonl", "json"])
def test_folders_are_columns(folder, extension):
    frame = FRAME.assign(year=2024, month=[f"{1 + i % 12:02}" for i in range(90)])
    files = {}
    for (year, month), rows in frame.groupby(["year", "month"]):
        rows = rows.drop(columns=["year", "month"])
        files[f"year={year}/month={month}/part-0.{extension}"] = WRITERS[extension](rows)
    found, alone = counted(folder(files)), {"a.csv": frame.to_csv(index=False)}
    assert outcomes(found) == outcomes(counted(folder(alone, "b")))
    assert found.columns["month"].counts["01"] == 8


def test_polars_and_pandas_partitions(folder, tmp_path):
    frame = pl.from_pandas(FRAME).with_columns(pl.col("when").fill_null("none"))
    files = {f"when={key[0]}/0.csv": rows.drop("when").write_csv()
             for key, rows in frame.group_by("when")}  # fmt: skip
    found = outcomes(counted(folder(files)))
    assert found["when"] == ({"none": 72, "x": 18}, 0)


def test_names_of_folders_are_decoded(folder):
    files = {
        "a%20b=x%2Fy/0.csv": "n\n1\n2\n",
        "a%20b=__HIVE_DEFAULT_PARTITION__/0.csv": "n\n1\n",
        "a%20b=k%3Dv/0.csv": "n\n3\n",
        "a%20b=50%/0.csv": "n\n3\n",
    }
    found = counted(folder(files))
    assert dict(found.columns["a b"].counts) == {"x/y": 2, "k=v": 1, "50%": 1}
    assert found.columns["a b"].missing == 1


def test_a_column_that_the_files_have_as_well(folder):
    files = {"m=01/0.csv": "m,n\n1,5\n1,6\n", "m=02/0.csv": "m,n\n2,5\n"}
    assert outcomes(counted(folder(files)))["m"] == ({1.0: 2, 2.0: 1}, 0)
    files["m=02/0.csv"] = "m,n\n2,5\n3,5\n"
    error = refused(folder(files))
    assert (error.code, error.places[0].line) == ("columns-differ", 3)


# Arrays.


def test_parts_are_arrays(folder, tmp_path):
    array = np.arange(60.0).reshape(20, 3) % 7
    root = tmp_path / "arrays"
    for i in range(2):
        (root / f"k={i}").mkdir(parents=True)
        np.save(root / f"k={i}" / "part.npy", array[i::2])
    found = outcomes(counted(str(root)))
    np.save(tmp_path / "whole.npy", array)
    whole = outcomes(counted(str(tmp_path / "whole.npy")))
    assert found == {**whole, "k": ({0.0: 10, 1.0: 10}, 0)}


@pytest.mark.parametrize("second", [np.array(["u", "v"]), np.array([1, 2])])
def test_parts_are_archives(folder, tmp_path, second):
    root = tmp_path / "z"
    root.mkdir()
    np.savez(root / "0.npz", a=np.array([1.5, 2.5]), b=np.array(["u", "w"]))
    np.savez(root / "1.npz", a=np.array([1.5, 3.5]), b=second)
    found = outcomes(counted(str(root)))
    assert found["a"] == ({1.5: 2, 2.5: 1, 3.5: 1}, 0)
    assert sum(found["b"][0].values()) == 4
    np.savez(root / "2.npz", a=np.array([1.5]), c=np.array([1]))
    assert refused(str(root)).code == "columns-differ"


# What goes wrong.


def test_a_bad_row_names_its_part(folder):
    body = "x\n" + "1\n" * 2000
    error = refused(folder({"a.csv": body, "b.csv": body + "oops\n"}))
    assert os.path.basename(error.places[0].source) == "b.csv"
    assert error.places[0].line == 2002
    error = refused(folder({"a.csv": "x,y\n1,2\n", "b.csv": "x,y\n1,2\n3\n"}, "r"))
    assert (error.code, os.path.basename(error.places[0].source)) == ("ragged-row", "b.csv")
    error = refused(folder({"a.csv.gz": gzip.compress(b"x\n1\n"), "b.csv.gz": b"no"}, "z"))
    assert os.path.basename(error.places[0].source) == "b.csv.gz"


def test_links_that_lead_nowhere_or_back(folder, tmp_path):
    path = folder({"a=1/x.csv": "x\n1\n"})
    os.symlink(path, os.path.join(path, "a=2"))
    assert refused(path).code == "symlink-loop"
    os.unlink(os.path.join(path, "a=2"))
    os.symlink("nowhere", os.path.join(path, "a=1", "y.csv"))
    assert refused(path).code == "no-such-file"
    os.unlink(os.path.join(path, "a=1", "y.csv"))
    os.mkfifo(os.path.join(path, "a=1", "y.csv"))
    assert refused(path).code == "not-a-file"


def test_a_link_to_a_part_is_a_part(folder, tmp_path):
    path = folder({"a.csv": "x\n1\n"})
    (tmp_path / "elsewhere.csv").write_text("x\n2\n")
    os.symlink(tmp_path / "elsewhere.csv", os.path.join(path, "b.csv"))
    assert counted(path).rows == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_part_that_may_not_be_read(folder):
    path = folder({"a.csv": "x\n1\n"})
    os.chmod(os.path.join(path, "a.csv"), 0)
    assert refused(path).code == "permission-denied"


@pytest.mark.parametrize("kind", [None, "counts", "probabilities"])
def test_a_folder_is_no_distribution(folder, kind):
    path = folder({"a.csv": "x,n\nu,1\n", "b.csv": "x,n\nv,1\n"})
    with pytest.raises(InputError) as caught:
        compare(path, {"u": 1, "v": 2}, kind=kind)
    assert caught.value.code == "is-a-directory"
    assert ("kind='samples'" in caught.value.hint) == (kind is None)
    only = folder({"a.csv": "x,n\nu,1\n", "_SUCCESS": ""}, "one")
    with pytest.raises(InputError) as caught:
        compare(only, {"u": 1, "v": 2}, kind=kind)
    assert caught.value.hint.endswith(os.path.join(only, "a.csv"))


def test_a_profile_is_made_of_a_folder(folder, kldiv, tmp_path):
    path = folder({f"{i}.csv": frame.to_csv(index=False) for i, frame in enumerate(parts())})
    made = kldiv("profile", path, "-o", str(tmp_path / "p.json"))
    assert made.code == 0
    assert json.loads((tmp_path / "p.json").read_text())["rows"] == 90
    assert "90" in kldiv("inspect", path, "--as", "samples").out
    assert kldiv("check", str(tmp_path / "p.json"), path).code in (0, 3)


@pytest.mark.parametrize("target", ["report.json", "a=1/x.json"])
def test_no_report_is_written_among_the_parts(folder, kldiv, target):
    path = folder({"a=1/0.csv": "x\n1\n"} if "=" in target else {"0.csv": "x\n1\n"})
    ran = kldiv("profile", path, "-o", os.path.join(path, target))
    assert ran.code == 2
    assert "output-is-input" in ran.err
    assert not os.path.exists(os.path.join(path, "report.json"))


def test_a_column_of_objects_may_be_left_out(folder):
    lines = [{"a": i % 3, "b": {"c": i}} for i in range(60)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    for files in ({"0.jsonl": text, "1.jsonl": text}, {"m=1/0.jsonl": text, "m=2/0.jsonl": text}):
        path = folder(files, str(len(files)) + next(iter(files))[0])
        report = check(path, path, exclude="b", where="a=1" if "m=1/0.jsonl" in files else None)
        assert report.current.total == (40 if "m=1/0.jsonl" in files else 120)
        with pytest.raises(InputError) as caught:
            check(path, path)
        assert "b" in caught.value.hint


# Parts whose columns have types.


def typed(**columns):
    return written(pl.DataFrame(columns).write_parquet)


def test_parts_of_other_types(folder):
    first = typed(n=[1, 2], c=["x", "y"])
    for n, other in (
        ([1.5, None], None),
        ([Decimal("1.5"), None], None),
        ([None, None], None),
        ([], None),
        (["1", "2"], "string"),
        ([True, False], "boolean"),
        ([date(2026, 1, 1)], "date"),
        ([timedelta(1)], "duration"),
        ([[1]], "nested"),
    ):
        path = folder({"a.parquet": first, "b.parquet": typed(n=n, c=["x"] * len(n))})
        if other is None:
            assert counted(path).rows == 2 + len(n)
        elif n:
            error = refused(path)
            words = f"the values are of the type {other} here, and number in a.parquet"
            assert (error.code, error.message) == ("columns-differ", words)
            assert error.places[0].source.endswith("b.parquet")
            assert error.places[0].name == "n"
    # A part without rows, and without types, agrees with any.
    files = {"a.parquet": typed(n=[], c=[]), "b.parquet": first}
    assert counted(folder(files, "empty first")).rows == 2


def test_parts_without_a_column_of_the_first(folder):
    both = typed(n=[1, 2], c=["x", "y"])
    for name, files in {
        "one less": {"a.parquet": both, "b.parquet": typed(n=[1])},
        "one more": {"a.parquet": typed(n=[1]), "b.parquet": both},
        "no rows": {"a.parquet": both, "b.parquet": typed(n=[])},
        "renamed": {"a.parquet": both, "b.parquet": typed(n=[1], d=["x"])},
    }.items():
        assert refused(folder(files, name)).code == "columns-differ"
    files = {"a.parquet": both, "b.parquet": typed(c=["y"], n=[3])}
    assert outcomes(counted(folder(files, "other order")))["n"] == ({1: 1, 2: 1, 3: 1}, 0)
    cut = {"a.parquet": both, "b.parquet": both[:-9]}
    error = refused(folder(cut, "cut"))
    assert (error.code, error.places[0].source[-9:]) == ("bad-parquet", "b.parquet")


def test_folders_of_parts_with_types(folder):
    files = {f"month=0{i}/x.parquet": typed(n=[i, 9]) for i in (1, 2)}
    found = outcomes(counted(folder(files)))
    assert found == {"n": ({1: 1, 2: 1, 9: 2}, 0), "month": ({"01": 2, "02": 2}, 0)}
    # Spark repeats no such column, and others do.
    files = {f"month={i}/x.parquet": typed(n=[9], month=[i]) for i in (1, 2)}
    assert outcomes(counted(folder(files, "b")))["month"] == ({1: 1, 2: 1}, 0)
    files = {"month=1/x.parquet": typed(n=[9], month=[3])}
    assert refused(folder(files, "c")).code == "columns-differ"
