"""The same data give the same report, whichever program wrote them, and in whichever format."""

import csv
import datetime as dt
import json
import random
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pytest

from kldiv_cli import check, compare
from kldiv_cli.pipeline.profile import profile
from kldiv_cli.pipeline.settings import profile_settings
from kldiv_cli.renderers.formats.profile import render

ROWS = 300
OPTIONS = {"columns": {"seen": {"type": "date"}, "day": {"max_kl": 10}}}


def data(seed, extra=0.0):
    """Return columns of every type that programs spell in their own ways."""
    draw = random.Random(seed)
    noon = dt.datetime(2024, 3, 1, 12)

    def some(values, missing=0.1):
        return [None if draw.random() < missing else draw.choice(values) for _ in range(ROWS)]

    return {
        "flag": some([True, True, False]),
        "sure": some([True, False], missing=0),
        "day": some([dt.date(2024, 1, day) for day in range(1, 6)]),
        "seen": some([noon + dt.timedelta(hours=6 * i, microseconds=5 * i) for i in range(4)], 0),
        "stars": some([1, 2, 3, 4, 5]),
        "items": some(list(range(1000)), missing=0.05),
        # So short that no program loses a digit.
        "rate": [
            None if draw.random() < 0.05 else round(draw.gauss(0, 1 + extra), 4)
            for _ in range(ROWS)
        ],
        "zip": some(["01067", "80331", "10115"]),
        "land": some(["NA", "DE", "a, b", 'say "x"', "null"]),
    }


def plain(value):
    """Return a value as JSON has it."""
    return str(value) if isinstance(value, dt.date) else value


def records(columns):
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, map(plain, row), strict=True)) for row in rows]


def by_csv(columns, path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def by_json(columns, path):
    path.write_text(json.dumps(records(columns)))
    return path


def by_json_lines_of_text(columns, path):
    """As `json.dumps(default=str)` leaves decimals: numbers in quotes."""
    lines = [
        json.dumps({key: repr(value) if type(value) in (int, float) else value for key, value in
                    record.items() if value is not None})
        for record in records(columns)
    ]  # fmt: skip
    path.write_text("\n".join(lines))
    return path


def pandas_frame(columns, path=None):
    return pd.DataFrame(columns)


def typed_pandas_frame(columns, path=None):
    frame = pd.DataFrame(columns)
    types = {"flag": "boolean", "stars": "Int64", "items": "Int64", "zip": "string"}
    frame["seen"] = pd.to_datetime(frame["seen"])
    frame["day"] = pd.to_datetime(frame["day"])
    frame["land"] = frame["land"].astype("category")
    return frame.astype(types)


def objects(columns, path=None):
    return pd.DataFrame({name: pd.Series(each, dtype=object) for name, each in columns.items()})


def text_frame(columns, path=None):
    """Numbers as text, in columns of objects."""
    return objects({
        name: [str(x) if type(x) in (int, float) else x for x in each]
        for name, each in columns.items()
    })  # fmt: skip


def exact(numbers):
    return [None if number is None else Decimal(str(number)) for number in numbers]


def decimals(columns, path=None):
    return objects(columns | {"rate": exact(columns["rate"]), "items": exact(columns["items"])})


def polars_decimals(columns, path=None):
    types = pl.col("rate").cast(pl.Decimal(20, 4)), pl.col("items").cast(pl.Int128)
    return pl.DataFrame(columns).with_columns(*types)


def arrow_decimals(columns, path=None):
    table = pa.table(columns)
    place = table.column_names.index("rate")
    return table.set_column(place, "rate", pa.array(exact(columns["rate"]), pa.decimal128(20, 4)))


def pandas_csv(columns, path):
    pandas_frame(columns).to_csv(path, index=False)
    return path


def typed_pandas_csv(columns, path):
    typed_pandas_frame(columns).to_csv(path, index=False)
    return path


def pandas_lines(columns, path):
    frame = typed_pandas_frame(columns)
    frame.to_json(path, orient="records", lines=True, date_format="iso", date_unit="us",
                  double_precision=15)  # fmt: skip
    return path


def polars_frame(columns, path=None):
    return pl.DataFrame(columns)


def polars_csv(columns, path):
    polars_frame(columns).write_csv(path)
    return path


def polars_lines(columns, path):
    polars_frame(columns).write_ndjson(path)
    return path


def polars_json(columns, path):
    polars_frame(columns).write_json(path)
    return path


def arrow_table(columns, path=None):
    return pa.table(columns)


def arrow_csv(columns, path):
    pa.csv.write_csv(arrow_table(columns), path)
    return path


def mapping(columns, path=None):
    return columns


def arrays(columns, path=None):
    days = [np.datetime64("NaT") if day is None else np.datetime64(day) for day in columns["day"]]
    return columns | {
        "sure": np.array(columns["sure"]),
        "seen": np.array(columns["seen"], dtype="datetime64[us]"),
        "day": np.array(days),
        "rate": np.array(columns["rate"], dtype=float),
        "items": np.ma.masked_array([x or 0 for x in columns["items"]],
                                    [x is None for x in columns["items"]]),
    }  # fmt: skip


WRITERS = {
    by_csv: "x.csv", by_json: "x.json", by_json_lines_of_text: "x.jsonl",
    pandas_frame: "", typed_pandas_frame: "", objects: "", pandas_csv: "x.csv",
    typed_pandas_csv: "x.csv", pandas_lines: "x.jsonl", polars_frame: "", polars_csv: "x.csv",
    polars_lines: "x.jsonl", polars_json: "x.json", arrow_table: "", arrow_csv: "x.csv",
    mapping: "", arrays: "", text_frame: "", decimals: "", polars_decimals: "", arrow_decimals: "",
}  # fmt: skip


def written(writer, columns, folder):
    folder.mkdir(exist_ok=True)
    made = writer(columns, folder / WRITERS[writer])
    return made if not WRITERS[writer] else str(made)


def content(report):
    """Return a report without what tells of its sources."""
    document = report.to_dict()
    document.pop("dataset", None)
    for side in ("reference", "current", "p", "q"):
        for key in ("source", "format", "name"):
            (document.get(side) or {}).pop(key, None)
    for note in document["notes"]:
        del note["source"]
    document["notes"].sort(key=str)
    # Only text has words for a missing value; frames know it.
    document["notes"] = [note for note in document["notes"] if note["code"] != "missing-words"]
    return document


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_the_same_data_give_the_same_report(writer, tmp_path):
    reference, current = data(1), data(2, extra=0.5)
    mine = (by_csv(reference, tmp_path / "p.csv"), by_csv(current, tmp_path / "q.csv"))
    theirs = (written(writer, reference, tmp_path / "p"), written(writer, current, tmp_path / "q"))
    expected = content(check(*mine, **OPTIONS))
    types = {column["column"]: column["type"] for column in expected["columns"]}
    assert types == {
        "flag": "boolean", "sure": "boolean", "day": "date", "seen": "date",
        "stars": "categorical", "items": "numeric", "rate": "numeric", "zip": "categorical",
        "land": "categorical",
    }  # fmt: skip
    for sides in (theirs, (mine[0], theirs[1]), (theirs[0], mine[1])):
        assert content(check(*sides, **OPTIONS)) == expected
    # A side against itself, as another program wrote it.
    report = check(mine[0], theirs[0], **OPTIONS)
    assert {column.measures["kl_pq"] for column in report.columns} == {0.0}


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_the_same_data_are_compared_and_profiled_alike(writer, tmp_path):
    reference, current = data(1), data(2, extra=0.5)
    mine = (by_csv(reference, tmp_path / "p.csv"), by_csv(current, tmp_path / "q.csv"))
    theirs = (written(writer, reference, tmp_path / "p"), written(writer, current, tmp_path / "q"))
    expected = content(compare(*mine, kind="samples"))
    assert content(compare(*theirs, kind="samples")) == expected
    settings = profile_settings({})
    expected, found = (
        render(profile([("x", side)], settings.rules, settings.options))
        for side in (str(mine[0]), theirs[0])
    )
    assert found == expected


NANOSECONDS = (0, 1, 999, 1000, -1, -90_000_000_001, 90_000_000_000, 86_400_000_000_000)
COARSEST = {"ns": 1, "us": 1000, "ms": 10**6, "s": 10**9}


def durations(values, unit):
    """Return time differences, nanoseconds or None, as each library holds them."""
    ends = ["NaT" if value is None else value // COARSEST[unit] for value in values]
    ints = [None if value is None else value // COARSEST[unit] for value in values]
    array = np.array(ends, f"m8[{unit}]")
    found = {
        "numpy": {"took": array},
        "pandas": pd.DataFrame({"took": array}),
        "pyarrow": pa.table({"took": pa.array(ints, pa.duration(unit))}),
    }
    if unit != "s":
        found["polars"] = pl.DataFrame({"took": pl.Series(ints, dtype=pl.Duration(unit))})
    if unit == "us":
        found["python"] = {
            "took": [None if x is None else dt.timedelta(microseconds=x) for x in ints]
        }
    return found


@pytest.mark.parametrize("unit", COARSEST)
def test_time_differences_of_any_library_and_unit(unit):
    whole = [x for x in NANOSECONDS if x % COARSEST[unit] == 0]
    values = [*whole * 20, None]
    forms = [
        form
        for other, size in COARSEST.items()
        if size <= COARSEST[unit]
        for form in durations(values, other).values()
    ]
    labels = {str(dt.timedelta(microseconds=x // 1000)) for x in whole if x % 1000 == 0}
    labels |= {"(missing)"}
    for form in forms:
        column = check(forms[0], form, column="took").columns["took"]
        assert column.measures["kl_pq"] == 0.0
        assert column.outcomes == len(whole) + 1
        assert labels <= {each.outcome for each in column.contributions}


def test_time_differences_that_python_does_not_have():
    large = np.array([1, 10**18], "m8[W]").repeat(50)
    report = check({"took": large}, {"took": large}, column="took")
    assert report.columns["took"].outcomes == 2


def test_time_differences_as_labels(tmp_path):
    times = [dt.timedelta(hours=1), dt.timedelta(days=1, microseconds=5)]
    frame = pd.DataFrame({"took": times, "n": [3, 1]})
    frame.to_parquet(path := tmp_path / "p.parquet")
    forms = (
        frame,
        path,
        frame.set_index("took")["n"],
        pl.DataFrame({"took": times, "n": [3, 1]}),
        dict(zip(times, [3, 1], strict=True)),
        [{"took": time, "n": n} for time, n in zip(times, [3, 1], strict=True)],
    )
    for form in forms:
        assert compare(forms[0], form, kind="counts").comparisons[0].measures["kl_pq"] == 0.0


# Numbers of single and of half precision.


def narrow_doors(values, dtype, tmp_path):
    """Yield sources that hold numbers of a type that has fewer digits than a double."""
    array = np.array(values, dtype)
    rows = pa.table({"x": array, "y": np.arange(len(array)) % 3})
    pa.parquet.write_table(rows, tmp_path / "x.parquet")
    yield str(tmp_path / "x.parquet")
    with pa.ipc.new_file(tmp_path / "x.arrow", rows.schema) as file:
        file.write(rows)
    yield str(tmp_path / "x.arrow")
    frame = pd.DataFrame({"x": array, "y": np.arange(len(array)) % 3})
    yield frame
    frame.to_csv(tmp_path / "x.csv", index=False)
    yield str(tmp_path / "x.csv")
    yield rows
    yield {"x": array, "y": frame["y"].to_numpy()}
    yield {"x": list(array), "y": frame["y"].tolist()}
    yield [{"x": number, "y": i % 3} for i, number in enumerate(array)]
    np.savez(tmp_path / "x.npz", x=array, y=frame["y"].to_numpy())
    yield str(tmp_path / "x.npz")
    if dtype == "f4":
        yield pl.DataFrame({"x": array, "y": frame["y"].to_numpy()})
        yield frame.astype({"x": "Float32"})
        yield frame.astype({"x": "float[pyarrow]"})
        yield frame.astype({"x": pd.SparseDtype("float32", 0.03)})
        yield frame.astype({"x": "category"})
        yield rows.set_column(0, "x", rows["x"].dictionary_encode())


# Half precision has no more of these.
@pytest.mark.parametrize(
    ("dtype", "few"), [("f2", 3), ("f2", 20), ("f4", 3), ("f4", 8), ("f4", 20), ("f4", 900)]
)
def test_a_float_of_fewer_digits_is_the_number_that_is_written(dtype, few, tmp_path):
    draw = random.Random(few)
    values = [(10 * draw.randrange(few) + 3) / 100 for _ in range(2000)]
    plain = {"x": values, "y": [i % 3 for i in range(2000)]}
    for source in narrow_doors(values, dtype, tmp_path):
        report = check(plain, source)
        assert [column.kl for column in report.columns] == [0, 0], type(source)
        assert check(source, plain).columns["x"].verdict == "pass"
        labels = compare(plain, source, kind="samples", columns={"x": {"type": "categorical"}})
        assert [each.measures["kl_pq"] for each in labels.comparisons] == [0, 0], type(source)
        one = check(plain, source, where=f"x={values[0]}")
        assert [column.kl for column in one.columns] == [0], type(source)
    settings = profile_settings({})
    made = profile([("x", str(tmp_path / "x.parquet"))], settings.rules, settings.options)
    (tmp_path / "p.json").write_text("".join(render(made)))
    assert check(str(tmp_path / "p.json"), plain).columns["x"].kl == 0


def test_labels_of_single_precision_are_those_that_are_written():
    counts = {"0.1": 3, "0.2": 5}
    singles = np.array([0.1, 0.2], "f4")
    forms = (
        pd.DataFrame({"label": singles, "count": [3, 5]}),
        pd.Series([3, 5], index=singles),
        pa.table({"label": singles, "count": [3, 5]}),
        [{"label": single, "count": n} for single, n in zip(singles, [3, 5], strict=True)],
    )
    for form in forms:
        found = compare(counts, form, kind="counts").comparisons[0]
        assert found.measures["kl_pq"] == 0.0, type(form)


def test_parts_of_a_folder_may_differ_in_precision(tmp_path):
    values = np.arange(1000) % 5 / 10
    for name, dtype in (("1", "f4"), ("2", "f8"), ("3", "f2")):
        np.savez(tmp_path / f"{name}.npz", x=values.astype(dtype))
    assert check({"x": values}, str(tmp_path)).columns["x"].kl == 0
