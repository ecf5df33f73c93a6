"""Columns by groups of rows: blocks, clusters and segments, against a loop over the rows."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli.core.counts import Categories
from kldiv_cli.core.dataset import Wanted
from kldiv_cli.core.grouped import Grouped, Grouping
from kldiv_cli.core.inference.cross_table import Entries, summed
from kldiv_cli.engines import grouping as counting
from kldiv_cli.errors import InputError
from kldiv_cli.pipeline.sides import data_set

BLOCK = Grouping("block", required=True)
CLUSTER = Grouping("cluster", "g", required=True)
ROWS = [("x", 1, "u"), ("y", 2, "u"), ("x", None, "v"), (None, 2, "v"), ("x", 2.5, "u")]


def loop(values, groups):
    """Return how often each value occurs in each group; None is a missing one."""
    return Counter(zip(values, groups, strict=True))


def told(column, names):
    """Return the same of a counted column."""
    grouped = column.grouped
    values = [*np.asarray(grouped.values, dtype=object).tolist(), None]
    found = Counter()
    for place, group, n in zip(*(each.tolist() for each in grouped.entries[:3]), strict=True):
        found[values[place], names[group]] += n
    return found


def check(found, expected, names=None):
    """Check the columns of a data set by groups, and that they add up to the columns."""
    names = found.groups.names if names is None else names
    assert {title: told(found.columns[title], names) for title in expected} == expected
    for column in found.columns.values():
        size = len(column.counts)
        table = column.grouped.over(np.arange(size), size, size + 1)
        counts = column.counts
        whole = [*(counts.values() if isinstance(column, Categories) else counts.tolist())]
        assert table.n.sum(axis=1).tolist() == [*whole, column.missing]


def as_csv(path):
    cells = [["" if cell is None else str(cell) for cell in row] for row in ROWS]
    path = path.with_suffix(".csv")
    path.write_text("\n".join(["a,b,g", *map(",".join, cells)]) + "\n")
    return str(path)


def as_records(path):
    path = path.with_suffix(".json")
    path.write_text(json.dumps([dict(zip("abg", row, strict=True)) for row in ROWS]))
    return str(path)


def as_lines(path):
    path = path.with_suffix(".jsonl")
    records = [dict(zip("abg", row, strict=True)) for row in ROWS]
    sparse = [{key: cell for key, cell in each.items() if cell is not None} for each in records]
    path.write_text("".join(json.dumps(each) + "\n" for each in sparse))
    return str(path)


def as_parquet(path):
    path = path.with_suffix(".parquet")
    as_frame(path).to_parquet(path)
    return str(path)


def as_frame(path):
    return pd.DataFrame(ROWS, columns=list("abg"))


def as_mapping(path):
    a, b, g = zip(*ROWS, strict=True)
    return {"a": list(a), "b": np.array([np.nan if v is None else v for v in b]), "g": list(g)}


FORMS = (as_csv, as_records, as_lines, as_parquet, as_frame, as_mapping)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("grouping", [BLOCK, CLUSTER], ids=["blocks", "clusters"])
def test_the_same_in_every_form(form, grouping, tmp_path):
    found = data_set(form(tmp_path / "x"), wanted=Wanted(grouping=grouping))
    a, b, g = zip(*ROWS, strict=True)
    groups = g if grouping is CLUSTER else "12345"
    expected = {"a": loop(a, groups), "b": loop(b, groups)}
    assert found.groups.names == (("u", "v") if grouping is CLUSTER else tuple("12345"))
    check(found, expected)
    assert "g" not in found.columns or grouping is BLOCK


def test_columns_in_memory_by_numbers(tmp_path):
    source = {"a": np.array([1.0, 2.0, np.nan, 1.0]), "g": np.array([7, 7, 8, 8])}
    found = data_set(source, wanted=Wanted(grouping=CLUSTER))
    assert found.groups.names == ("7", "8")
    check(found, {"a": Counter({(1.0, "7"): 1, (2.0, "7"): 1, (None, "8"): 1, (1.0, "8"): 1})})


CELLS = st.sampled_from(["1", "2", "-3.5", "10", "NA", "", " ", "inf", "1.0"])
LABELS = st.sampled_from(["x", "y", "NA", "", "z z", "1"])


@settings(deadline=None, max_examples=20)
@given(rows=st.lists(st.tuples(CELLS, LABELS, LABELS), min_size=1, max_size=60), data=st.data())
def test_random_rows(rows, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "x.csv"
    path.write_text("a,b,g\n" + "".join(f'"{a}","{b}","{g}"\n' for a, b, g in rows))
    most = data.draw(st.sampled_from([0, 7, 1 << 20]), "rows held")
    sample = data.draw(st.sampled_from([1, 1000]), "sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "MOST_ROWS", most)
        patch.setattr("kldiv_cli.readers.delimited.BATCH_CELLS", 12)
        patch.setattr("kldiv_cli.engines.local.SAMPLE", sample)
        wanted = Wanted(grouping=CLUSTER, categorical=frozenset("b"), identifiers=False)
        by_cluster = data_set(str(path), wanted=wanted)
        blocks = data_set(str(path), wanted=wanted._replace(grouping=BLOCK))
    groups = [None if g.strip() in ("", "NA") else g for _, _, g in rows]
    labels = [b if b.strip() else None for _, b, _ in rows]
    expected = {"b": loop(labels, groups)}
    check(by_cluster, expected)
    if most and len(rows) <= most:
        size = min(20, len(rows))
        numbers = [str(1 + i * size // len(rows)) for i in range(len(rows))]
        assert blocks.groups.names == tuple(dict.fromkeys(numbers))
        check(blocks, {"b": loop(labels, numbers)})
    else:
        check(blocks, {})


def test_rows_beyond_those_that_are_held(monkeypatch):
    monkeypatch.setattr(counting, "MOST_ROWS", 1000)
    batches = [{"a": str(n % 3)} for n in range(50_000)]
    found = data_set(batches, wanted=Wanted(grouping=BLOCK))
    column = found.columns["a"]
    rows = column.grouped.over(np.arange(3), -1, 3).n
    assert rows.sum() == 50_000
    assert rows.shape == (3, 20)
    # Blocks are of whole pieces: these hold 128 rows.
    assert np.ptp(rows.sum(axis=0)[:-1]) <= 128


def test_counted_lines_have_no_order(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("      3 x\n      2 y\n")
    assert data_set(str(path), wanted=Wanted(grouping=BLOCK)).groups is None


def test_blocks_that_nobody_asks_for_are_kept_where_that_costs_little(tmp_path):
    silent = Wanted(grouping=Grouping("block"))
    assert data_set(as_csv(tmp_path / "x"), wanted=silent).groups is not None
    assert data_set(as_parquet(tmp_path / "x"), wanted=silent).groups is None


def test_a_column_that_is_not_there():
    with pytest.raises(InputError) as caught:
        data_set({"a": [1, 2]}, wanted=Wanted(grouping=CLUSTER))
    assert caught.value.code == "unknown-column"


def test_nothing_changes_without_groups(tmp_path):
    found = data_set(as_csv(tmp_path / "x"))
    assert found.groups is None
    assert all(column.grouped is None for column in found.columns.values())


def test_weights_add_up():
    entries = Entries(
        np.array([1, 0, 1]),
        np.array([0, 1, 0]),
        np.array([2, 1, 1]),
        np.array([0.5, 2.0, 1.5]),
        np.array([0.25, 4.0, 2.25]),
    )
    found = Grouped(("x", "y"), summed(entries, 2), 2)
    table = found.over([0, 1], -1, 2)
    assert table.n.tolist() == [[0, 1], [3, 0]]
    assert [part.tolist() for part in table.entries[3:]] == [[2.0, 2.0], [4.0, 2.5]]
    assert [rows.tolist() for rows in table.rows_of_groups(2)] == [[[0], [3]], [[1], [0]]]
    spelt = found.spelt(lambda label: None if label == "x" else "z")
    assert spelt.values == ("z",)
    assert spelt.over([0], 1, 2).n.tolist() == [[3, 0], [0, 1]]
    assert found.over([0, -1], -1, 1).n.tolist() == [[0, 1]]
    assert table.merged(np.array([0, 0]), 1).n.tolist() == [[3, 1]]


def test_where_nobody_asks_some_rows_of_each_batch_are_looked_at(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "".join(f"{n % 7 or 'NA'},{'xyz'[n % 3]}\n" for n in range(60_000)))
    found = data_set(str(path), wanted=Wanted(grouping=Grouping("block")))
    whole = data_set(str(path))
    for title, column in found.columns.items():
        rows = column.grouped.over(np.arange(len(column.counts)), -1, len(column.counts)).n
        assert 2048 <= rows.sum() + 300 < 30_000
        assert (np.array([*rows.sum(axis=1)]) > 0).all()
        assert plain(column) == plain(whole.columns[title])


def plain(column):
    return repr(column._replace(grouped=None))


@pytest.mark.parametrize("form", ["csv", "mapping", "records"])
@pytest.mark.parametrize("column", [None, "g"])
@pytest.mark.parametrize("most", [300, 1 << 20])
def test_rows_that_weigh(form, column, most, tmp_path, monkeypatch):
    monkeypatch.setattr(counting, "MOST_ROWS", most)
    rng = np.random.default_rng(4)
    rows = [
        {"a": "xyz"[rng.integers(3)], "b": int(rng.integers(9)), "g": "uv"[i % 2], "w": i / 8}
        for i in range(2000)
    ]
    source = rows
    if form == "csv":
        source = str(tmp_path / "x.csv")
        pd.DataFrame(rows).to_csv(source, index=False)
    elif form == "mapping":
        source = {key: [row[key] for row in rows] for key in "abg"}
        source["w"] = np.array([row["w"] for row in rows])
    grouping = Grouping(column and "cluster", column, "w", required=True)
    found = data_set(source, wanted=Wanted(grouping=grouping))
    assert "w" not in found.columns
    for title in ["a", "b"]:
        grouped = found.columns[title].grouped
        expected = Counter(), Counter()
        for row in rows:
            key = (row[title], row["g"] if column else "1")
            expected[0][key] += row["w"]
            expected[1][key] += row["w"] ** 2
        sums = Counter(), Counter()
        for place, group, _, w, w2 in zip(*map(np.ndarray.tolist, grouped.entries), strict=True):
            key = (grouped.values[place], found.groups.names[group])
            sums[0][key] += w
            sums[1][key] += w2
        # Eighths, and their squares, add up exactly.
        assert sums == expected


@pytest.mark.parametrize(
    ("weights", "code", "row"),
    [
        ([1, -2, 3], "negative-weight", 1),
        ([1, 2, None], "missing-weight", 2),
        ([1, np.inf, 3], "not-a-number", 1),
    ],
)
def test_weights_that_are_none(weights, code, row):
    grouping = Grouping(weight="w", required=True)
    for column in (weights, np.array(weights, dtype=float)):
        with pytest.raises(InputError) as caught:
            data_set({"a": ["x"] * 3, "w": column}, wanted=Wanted(grouping=grouping))
        assert (caught.value.code, caught.value.places[0].index) == (code, (row,))
