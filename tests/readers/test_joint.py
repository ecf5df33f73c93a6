"""Outcomes of several columns together: of tables of weights, and of raw rows."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from exact import kl

from kldiv_cli import InputError, UsageError, check, compare, matrix
from kldiv_cli.readers import ReadOptions, read

A = pd.DataFrame({
    "shop": ["x", "y, z", 'q"', None, "x", "x"] * 50, "size": [1, 2, 3, 1, 2, 2] * 50,
    "open": [True, True, False, True, False, True] * 50, "price": np.arange(300) / 7,
})  # fmt: skip
B = A.iloc[[0, 1, 2, 3, 4, 5, 0, 1, 1, 0, 5, 5] * 25].reset_index(drop=True)


def counts(frame, *names):
    """Return how often each pair occurs, as pandas counts them."""
    return frame.value_counts(list(names), dropna=False)


def divergence(names, p=B, q=A):
    """Return D(p || q) of the pairs, from exact counts."""
    p, q = counts(p, *names), counts(q, *names)
    keys = list({*p.index, *q.index})
    # nan is a key of its own in every index.
    named = [tuple("nan" if part != part else part for part in key) for key in keys]
    p, q = (
        {tuple("nan" if x != x else x for x in k): v for k, v in side.items()} for side in (p, q)
    )
    named = list(dict.fromkeys(named))
    return kl([p.get(k, 0) for k in named], [q.get(k, 0) for k in named])


def lines(frame):
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return "".join(json.dumps(row) + "\n" for row in rows)


FORMATS = {
    "csv": lambda table, name, frame: table(f"{name}.csv", frame.to_csv(index=False)),
    "tsv": lambda table, name, frame: table(f"{name}.tsv", frame.to_csv(index=False, sep="\t")),
    "jsonl": lambda table, name, frame: table(f"{name}.jsonl", lines(frame)),
    "json": lambda table, name, frame: table(f"{name}.json", frame.to_json(orient="records")),
    "arrays": lambda table, name, frame: table(
        f"{name}.json", json.dumps(frame.astype(object).where(frame.notna(), None).to_dict("list"))
    ),
    "pandas": lambda table, name, frame: frame,
    "polars": lambda table, name, frame: pl.from_pandas(frame),
    "pyarrow": lambda table, name, frame: pa.Table.from_pandas(frame),
    "mapping": lambda table, name, frame: {
        title: frame[title].astype(object).where(frame[title].notna(), None).tolist()
        for title in frame.columns
    },
}


@pytest.mark.parametrize("names", [("shop", "size"), ("size", "open"), ("shop", "size", "open")])
@pytest.mark.parametrize("fmt", FORMATS)
def test_pairs_of_raw_rows(table, fmt, names):
    a, b = (FORMATS[fmt](table, name, frame) for name, frame in (("a", A), ("b", B)))
    report = check(a, b, joint=names)
    (column,) = report.columns
    assert (column.column, column.type) == (" & ".join(names), "categorical")
    assert column.measures["kl_pq"] == pytest.approx(divergence(names), rel=1e-14)
    assert report.excluded == report.notes == ()
    # Whoever wrote the rows, the outcomes are the same.
    mixed = check(a, B, joint=names)
    assert mixed.columns[0].measures == column.measures
    both = compare(b, a, kind="samples", joint=names)
    assert both.comparisons[0].measures["kl_pq"] == column.measures["kl_pq"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_pairs_of_a_table_of_counts(table, fmt):
    # What is missing in a part is told in raw rows below.
    frames = [counts(frame.dropna(), "shop", "size").reset_index() for frame in (A, B)]
    a, b = (FORMATS[fmt](table, name, frame) for name, frame in zip("ab", frames, strict=True))
    report = compare(b, a, joint=("shop", "size"))
    expected = divergence(("shop", "size"), B.dropna(), A.dropna())
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-14)
    outcomes = {part.outcome for part in report.comparisons[0].contributions}
    assert outcomes == {"x & 1", "x & 2", "y, z & 2", '"q""" & 3'}
    judged = check(a, b, joint=("shop", "size"), kind="counts")
    assert judged.columns[0].column == "shop & size"
    assert judged.columns[0].measures["kl_pq"] == report.comparisons[0].measures["kl_pq"]
    # A table meets raw rows.
    rows = check(a, B.dropna(), joint=("shop", "size"), kind=("counts", "samples"))
    assert rows.columns[0].measures == judged.columns[0].measures


def test_a_table_without_a_header(table):
    path = table("p.csv", "x,1,5\nx,2,7\ny,1,2\n")
    found = read(path, ReadOptions(joint=("1", "2"), weight="3", header=False))
    assert found.outcomes == ("x & 1", "x & 2", "y & 1")
    path = table("q.csv", "s,x,1,5\nt,x,2,7\ns,y,1,2\n")
    found = read(path, ReadOptions(joint=("2", "3"), weight="4", header=False, where="1=s"))
    assert dict(zip(found.outcomes, found.weights.tolist(), strict=True)) == {
        "x & 1": 5,
        "y & 1": 2,
    }


def test_a_pair_that_is_given_twice_is_a_duplicate(table):
    path = table("p.csv", "a,b,n\nx,1,5\nx,2,7\nx,1,2\n")
    with pytest.raises(InputError) as caught:
        read(path, ReadOptions(joint=("a", "b")))
    assert (caught.value.code, caught.value.places[0].line) == ("duplicate-labels", 4)
    found = read(path, ReadOptions(joint=("a", "b"), duplicates="sum"))
    assert found.weights.tolist() == [7, 7]


def test_several_columns_of_labels_name_the_option(table):
    path = table("p.csv", "shop,device,n\nx,u,5\nx,v,7\n")
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.code == "several-labels"
    assert "--joint shop --joint device" in caught.value.hint


@pytest.mark.parametrize(
    ("missing", "counts", "none"),
    [("category", {"x & 1": 1, "(missing) & 1": 1, "x & (missing)": 1}, 1),
     ("drop", {"x & 1": 1}, 3)],
)  # fmt: skip
@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_missing_parts(table, missing, counts, none, fmt):
    from kldiv_cli.pipeline.settings import check_settings
    from kldiv_cli.pipeline.sides import data_set

    frame = pd.DataFrame({"a": ["x", None, "x", "-"], "b": [1, 1, None, None]})
    path = FORMATS[fmt](table, "p", frame)
    rules = check_settings(
        (path, path), {"joint": ("a", "b"), "missing": missing, "na": "-"}
    ).rules
    column = data_set(path, None, rules.counting()).columns["a & b"]
    assert (dict(column.counts), column.missing) == (counts, none)
    with pytest.raises(InputError) as caught:
        check(path, path, joint=("a", "b"), missing="error")
    assert caught.value.code == "missing-value"


def test_numbers_are_binned_and_are_no_part_of_a_pair(table):
    with pytest.raises(InputError) as caught:
        check(A, B, joint=("shop", "price"))
    assert caught.value.code == "joint-of-numbers"
    assert caught.value.hint.startswith("columns={'price': {'type': 'categorical'}} ")
    report = check(A, B, joint=("shop", "price"), columns={"price": {"type": "categorical"}})
    assert report.columns[0].outcomes == 300


def test_labels_that_only_look_like_numbers_stay(table):
    frame = pd.DataFrame({"a": ["01", "1", "1.0"] * 9, "b": ["u"] * 27})
    path = table("p.csv", frame.to_csv(index=False))
    assert check(path, path, joint=("a", "b")).columns[0].outcomes == 3
    frame = pd.DataFrame({"a": ["1", "1.0", "2"] * 9, "b": ["u"] * 27})
    path = table("p.csv", frame.to_csv(index=False))
    assert check(path, path, joint=("a", "b")).columns[0].outcomes == 2


def test_a_profile_of_pairs(table, kldiv, tmp_path):
    a, b = table("a.csv", A.to_csv(index=False)), table("b.csv", B.to_csv(index=False))
    made = str(tmp_path / "made.json")
    words = ("--joint", "shop", "--joint", "size")
    assert kldiv("profile", a, *words, "-o", made).code == 0
    document = json.loads((tmp_path / "made.json").read_text())
    assert [column["column"] for column in document["columns"]] == ["shop & size"]
    report, rows = check(made, b, joint=("shop", "size")), check(a, b, joint=("shop", "size"))
    assert report.columns[0].measures == rows.columns[0].measures
    other = str(tmp_path / "other.json")
    assert kldiv("profile", a, "-o", other, "--exclude", "price").code == 0
    assert "unknown-column" in kldiv("check", other, b, *words).err


def test_other_columns_beside_the_pair():
    report = check(A, B, joint=("shop", "size"), column="open")
    assert [one.column for one in report.columns] == ["shop & size", "open"]
    rule = {"shop & size": {"max_kl": 5}}
    assert check(A, B, joint=("shop", "size"), columns=rule).columns[0].threshold == 5


@pytest.mark.parametrize("joint", ["shop", ("shop",), ("shop", "shop"), 5, ("shop", 5)])
def test_one_column_is_no_pair(joint):
    with pytest.raises(UsageError):
        check(A, B, joint=joint)


def test_what_has_no_such_columns(table):
    for call in (
        lambda: check(A, B, joint=("shop", "sise")),
        lambda: compare(A.head(2), A.head(2), joint=("shop", "sise"), weight="size"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert (caught.value.code, caught.value.hint) == ("unknown-column", "did you mean 'size'?")
    with pytest.raises(InputError) as caught:
        compare({"a": 1}, {"a": 1}, joint=("a", "b"))
    assert caught.value.code == "no-columns"
    with pytest.raises(UsageError, match="together"):
        compare(A, B, joint=("shop", "size"), label="shop")


def test_too_many_pairs(table):
    with pytest.raises(InputError) as caught:
        check(A, B, joint=("shop", "size"), max_outcomes=3)
    assert caught.value.code == "too-many-outcomes"


def test_counted_lines_have_one_column(table):
    path = table("p.uniq", "      2 a\n      3 b\n")
    with pytest.raises(InputError) as caught:
        check(path, path, joint=("label", "x"), kind="samples")
    assert caught.value.code == "unknown-column"


def test_booleans_dates_and_words_for_a_missing_value_are_parts(table):
    days = ["2024-01-05", "2024-01-06"] * 60
    plain = pd.DataFrame({"flag": [True, False, None] * 40, "day": days, "n": [1, 2, 3] * 40})
    other = pd.DataFrame({
        "flag": ["TRUE", "f", "NA"] * 40, "day": [f"{day} 00:00:00" for day in days],
        "n": ["1.0", "2.0", "3.0"] * 40,
    })  # fmt: skip
    path = table("other.csv", other.to_csv(index=False))
    for names in (("flag", "day"), ("flag", "n"), ("n", "day")):
        for sides in ((plain, path), (path, plain)):
            assert check(*sides, joint=names).columns[0].measures["kl_pq"] == 0
    # Among labels NA is Namibia.
    lands = pd.DataFrame({"land": ["NA", "DE"] * 60, "n": [1, 2] * 60})
    assert check(lands, lands, joint=("land", "n")).columns[0].contributions[0].outcome in (
        "NA & 1", "DE & 2",
    )  # fmt: skip


SPELLINGS = {
    "booleans": ("true", "false", "TRUE", "False"),
    "dates": ("2024-01-01", "2024-01-02", "2024-01-01 00:00:00", "2024-01-02 00:00:00"),
    "bins": ("(0, 1]", "(1, 2]", "(0.0, 1.0]", "(1.0, 2.0]"),
}


def table_of(first, second, weights):
    return pd.DataFrame({"s": [*"uuvv"], "c": [first, second] * 2, "n": weights})


@pytest.mark.parametrize("what", SPELLINGS)
def test_both_sides_may_spell_parts_differently(what):
    a, b, *others = SPELLINGS[what]
    p, q = [100, 400, 200, 300], [150, 300, 250, 300]
    sides = table_of(a, b, p), table_of(*others, q)
    options = {"kind": "counts", "joint": ["s", "c"]}
    expected = float(kl(p, q))
    report = compare(*sides, **options)
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-12)
    report = check(*sides[::-1], **options)
    assert report.columns[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-12)
    shares = [0.125, 0.375, 0.25, 0.25]
    known = {"kind": ("probabilities", "counts"), "joint": ["s", "c"]}
    report = check(table_of(*others, shares), sides[0], **known)
    expected = float(kl(p, shares))
    assert report.columns[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("what", ["booleans", "dates"])
def test_raw_rows_and_a_table_may_spell_parts_differently(what):
    a, b, *others = SPELLINGS[what]
    rows = pd.DataFrame({"s": [*"uuvv"] * 50, "c": [a, b] * 100})
    known = table_of(*others, [1, 2, 3, 4])
    report = compare(rows, known, kind=("samples", "counts"), joint=["s", "c"])
    expected = float(kl([1] * 4, [1, 2, 3, 4]))
    assert report.comparisons[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-12)
    report = check(known, rows, kind=("counts", "samples"), joint=["s", "c"])
    assert report.columns[0].measures["kl_pq"] == pytest.approx(expected, rel=1e-12)


def test_two_spellings_of_one_side_add_up_in_a_check():
    twice = pd.DataFrame({"s": [*"uuu"], "c": ["true", "TRUE", "false"], "n": [60, 40, 100]})
    once = pd.DataFrame({"s": [*"uu"], "c": ["True", "False"], "n": [100, 100]})
    report = check(once, twice, kind="counts", joint=["s", "c"])
    assert report.columns[0].measures["kl_pq"] == 0


def test_bins_with_other_edges_are_refused_in_a_check():
    sides = (
        table_of("(0, 1]", "(1, 2]", [1, 2, 3, 4]),
        table_of("(0, 1.5]", "(1.5, 2]", [1, 2, 3, 4]),
    )
    with pytest.raises(InputError) as caught:
        check(*sides, kind="counts", joint=["s", "c"])
    assert caught.value.code == "edges-differ"


def test_sides_of_a_matrix_may_spell_parts_differently():
    sides = [table_of(*SPELLINGS["dates"][i : i + 2], [1, 2, 3, 4 + i]) for i in (0, 2)]
    report = matrix(sides, kind="counts", joint=["s", "c"], names=["a", "b"])
    expected = float(kl([1, 2, 3, 4], [1, 2, 3, 6]))
    assert report.measures["kl_pq"][0][1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("options", [
    {"joint": ["s", "c"]}, {"by": "s"}, {"cluster": "s"}, {"frequency": "s"}, {"row_weight": "s"},
    {"column": ["s"]},
])  # fmt: skip
def test_the_column_that_rows_are_chosen_by_has_one_value(options):
    rows = pd.DataFrame({"s": [*"uuvv"] * 50, "c": [*"abcd"] * 50, "x": [*"abcd"] * 50})
    with pytest.raises(UsageError, match="chosen by column 's'") as caught:
        check(rows, rows, where="s=u", **options)
    assert caught.value.hint == f"leave where or {next(iter(options))} out"
