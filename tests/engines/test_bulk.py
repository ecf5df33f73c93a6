"""Columns that are counted at once have the counts, and the errors, that their cells have."""

import datetime as dt
import decimal
import io
import math
import random
from collections import Counter

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import ipc

from kldiv_cli.core.binning import Bins
from kldiv_cli.core.counts import Categories
from kldiv_cli.core.dataset import Wanted
from kldiv_cli.engines import local
from kldiv_cli.errors import KldivError
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions, columnar

D = decimal.Decimal
HUGE = 2**53 + 1
VALUES = {
    pa.int8(): [-128, -1, 0, 7],
    pa.int64(): [0, -1, HUGE, HUGE - 1, -(2**63), 12],
    pa.uint64(): [0, 1, HUGE, 2**64 - 1],
    pa.float16(): [np.float16(x) for x in (0.1, -0.0, 0.0, math.nan, math.inf, -1)],
    pa.float32(): [0.1, -0.0, 0.0, math.nan, -math.inf, -1.0, 3.0],
    pa.float64(): [0.1, -0.0, 0.0, math.nan, math.inf, -1.0, 1e-320, 1e300, float(HUGE)],
    pa.decimal128(38, 2): [D("1.10"), D("-1.00"), D("0.00"), D(HUGE), D("0.07"), D(10**35)],
    pa.decimal128(20, 0): [D(-1), D(HUGE), D(HUGE - 1), D(3)],
    pa.decimal128(38, 30): [D("0.1"), D("3E-30")],
    pa.decimal256(70, 1): [D("0.1"), D("-1"), D(f"1{'0' * 60}.1")],
    pa.bool_(): [True, False],
    pa.string(): ["", " ", "a", "NA", "-1", "1", "1.0", "007", "NaN", "inf", "é", "2026-01-02"],
    pa.large_string(): ["1", "2", "-1", "NA", "9007199254740993", "x"],
    pa.date32(): [dt.date(2026, 1, 2), dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    pa.timestamp("ns"): [0, 1, -1, 10**18],
    pa.timestamp("s", "Europe/Berlin"): [0, 1792888200, 1792891800],
    pa.time64("us"): [dt.time(1), dt.time(0, 0, 0, 1)],
    pa.duration("s"): [0, 90, 86400],
    pa.list_(pa.int64()): [[1], []],
    pa.binary(): [b"a", b"b"],
    pa.null(): [None],
}
"""Types, and values of each that are easily taken for one another."""


@st.composite
def arrays(draw, rows):
    type_ = draw(st.sampled_from(list(VALUES)))
    few = draw(st.lists(st.sampled_from([*VALUES[type_], None]), min_size=1, max_size=4))
    seed = draw(st.integers(0, 99))
    array = pa.array(random.Random(seed).choices(few, k=rows), type_)
    if draw(st.booleans()) and not (pa.types.is_nested(type_) or pa.types.is_null(type_)):
        return array.dictionary_encode() if not pa.types.is_float16(type_) else array
    return array


@st.composite
def tables(draw):
    rows = draw(st.sampled_from([60, 120, 7, 1]))
    columns = draw(st.lists(arrays(rows), min_size=2, max_size=4))
    return pa.table(dict(zip("abcd", columns, strict=False)))


WANTED = st.fixed_dictionaries(
    {
        "numeric": st.sampled_from([frozenset(), frozenset("a")]),
        "categorical": st.sampled_from([frozenset(), frozenset("b")]),
        "na": st.sampled_from([frozenset(), frozenset(["-1", "a"])]),
        "forbid_missing": st.sampled_from([False, False, True]),
        "most_outcomes": st.sampled_from([100, 100, 2]),
    }
).map(lambda given: Wanted(**given))


def parquet(table):
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=23)
    return file.getvalue()


def arrow(table):
    file = io.BytesIO()
    with ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=23)
    return file.getvalue()


def told(found):
    """Return all that is told of a source, as values that can be compared."""
    columns = []
    for column in found.columns.values():
        if isinstance(column, Categories):
            columns.append((column.name, column.missing, list(column.counts.items())))
        else:
            values = [value.hex() for value in column.values.tolist()]
            columns.append((column.name, column.missing, values, column.counts.tolist()))
    return columns, repr(found._replace(columns={}))


def answer(*arguments):
    try:
        return told(data_set(*arguments))
    except KldivError as error:
        return error.code, error.message, repr(getattr(error, "places", ())), error.hint


@pytest.fixture
def small(monkeypatch):
    """Divide few rows into batches, and decide early what a column is."""
    monkeypatch.setattr(local, "SAMPLE", 2)
    monkeypatch.setattr(local, "DECISIVE", 3)
    monkeypatch.setattr(local, "MERGED", 4)
    monkeypatch.setattr(columnar, "ROWS", 3)
    monkeypatch.setattr(columnar, "MOST_ROWS", 17)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("write", [parquet, arrow])
def test_random_tables(tmp_path, monkeypatch, write):
    path, used = str(tmp_path / "x"), Counter()
    bulk = columnar.Bulk
    none = bulk(*[lambda name, kept: None] * 2)

    def watched(tally, doubles):
        """Note what was counted at once."""

        def noted(count, name, kept):
            found = count(name, kept)
            used[type(found).__name__] += 1
            return found

        return bulk(*(lambda *given, f=f: noted(f, *given) for f in (tally, doubles)))

    @settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
    @given(tables(), WANTED, st.sampled_from([None, None, None, "a=-1", "b=", "a=a"]))
    def run(table, wanted, where):
        with open(path, "wb") as file:
            file.write(write(table))
        options = ReadOptions(where=where)
        monkeypatch.setattr(columnar, "Bulk", lambda *given: none)
        expected = answer(path, options, wanted)
        monkeypatch.setattr(columnar, "Bulk", watched)
        assert answer(path, options, wanted) == expected

    run()
    assert used["Tally"]
    assert used["Doubles"]


@pytest.mark.parametrize("write", [parquet, arrow])
def test_other_forms_of_the_same_table(tmp_path, write):
    rng = np.random.default_rng(1)
    size = 30_000
    table = pa.table(
        {
            "whole": pa.array(rng.integers(-5, 300, size), mask=rng.random(size) < 0.1),
            "drawn": rng.normal(size=size),
            "share": pa.array(rng.integers(0, 100, size) / 100, pa.float64()),
            "flag": rng.random(size) < 0.3,
            "text": pa.array(rng.choice(["a", "b", "é,", "NA"], size)).dictionary_encode(),
            "day": pa.array(rng.integers(0, 50, size), pa.int32()).cast(pa.date32()),
        }
    )
    path = tmp_path / "x"
    path.write_bytes(write(table))
    found = data_set(str(path)).columns
    assert sorted(found) == sorted(table.column_names)
    plain = table.set_column(4, "text", table["text"].cast(pa.string()))
    pyarrow.csv.write_csv(plain, tmp_path / "x.csv")
    for other in (table, pl.from_arrow(table), plain.to_pandas(), str(tmp_path / "x.csv")):
        expected = data_set(other).columns
        for name, column in found.items():
            assert repr(column) == repr(expected[name])
            if not isinstance(column, Categories):
                np.testing.assert_array_equal(column.values, expected[name].values)
                np.testing.assert_array_equal(column.counts, expected[name].counts)


def test_the_first_value_that_is_wrong_is_named(tmp_path):
    size = 200_000
    texts = [str(i % 1000) for i in range(size)]
    texts[150_000] = texts[150_007] = "oops"
    values = np.arange(size) % 1000 / 8
    mask = np.isin(np.arange(size), [160_001, 170_000])
    path = str(tmp_path / "x.parquet")
    pq.write_table(pa.table({"t": texts, "x": pa.array(values, mask=mask)}), path)
    with pytest.raises(KldivError) as caught:
        data_set(path)
    assert (caught.value.code, caught.value.places[0].index) == ("mixed-column", (150_000,))
    with pytest.raises(KldivError) as caught:
        data_set(path, wanted=Wanted(forbid_missing=True, columns=frozenset("x")))
    assert (caught.value.code, caught.value.places[0].index) == ("missing-value", (160_001,))


def test_numbers_of_known_bins_are_not_held(tmp_path, monkeypatch):
    values = np.random.default_rng(1).normal(size=300_000)
    values[[9, 200_000, 250_000]] = np.inf, -np.inf, np.nan
    table = pa.table({"x": values, "y": np.sort(values), "z": np.arange(len(values)) % 7})
    path = str(tmp_path / "x.parquet")
    pq.write_table(table, path)
    held = []
    check = local.check_size
    monkeypatch.setattr(
        local,
        "check_size",
        lambda counters, *given: (
            held.append(sum(one.held for one in counters)),
            check(counters, *given),
        ),
    )
    edges = {"x": (-1.0, 0.0, 2.0), "y": (9.0,), "z": (3.0,)}
    found = data_set(path, wanted=Wanted(edges=edges)).columns
    for name, known in edges.items():
        bins = Bins(known)
        expected = bins.count(table[name].to_numpy())
        assert bins.count(found[name].values, found[name].counts)[:-1].tolist() == [*expected[:-1]]
        assert found[name].missing == expected[-1]
    assert max(held) < 4 * columnar.ROWS
    exact = data_set(path).columns
    assert len(exact["x"].values) == len(values) - 1
    # Numbers that are not the same do not seem to be, though they are in one bin.
    assert len(found["y"].values) > 1
