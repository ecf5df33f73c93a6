"""Profiles: what is counted once can be kept, read back, merged and checked against."""

import json
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli import InputError, check
from kldiv_cli.core.counts import Binned, Categories
from kldiv_cli.pipeline.profile import profile
from kldiv_cli.pipeline.settings import profile_settings
from kldiv_cli.pipeline.sides import data_set
from kldiv_cli.readers import ReadOptions
from kldiv_cli.renderers.formats.profile import render

rng = np.random.default_rng(20240607)
ROWS = 1000
DATA = pd.DataFrame(
    {
        "amount": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS).round(3)),
        "size": rng.integers(1, 6, ROWS),
        "age": rng.integers(18, 90, ROWS),
        "town": rng.choice(
            ["Rom", "Bonn", "Köln", "a,b", '"'], ROWS, p=[0.4, 0.3, 0.2, 0.09, 0.01]
        ),
        "id": [f"id-{n}" for n in range(ROWS)],
        "peak": np.where(np.arange(ROWS) < 3, np.inf, rng.random(ROWS).round(2)),
    }
)


def made(*sources, like=None, min_count=0, **rules):
    named = [(None, source) for source in sources]
    wanted = profile_settings(rules).rules
    return profile(named, wanted, ReadOptions(), like=like, min_count=min_count)


@pytest.fixture
def kept(tmp_path):
    """Write a profile to a file, and return its path."""

    def call(data_set, name="p.json"):
        path = tmp_path / name
        path.write_text(render(data_set), encoding="ascii")
        return str(path)

    return call


def plain(data_set):
    """Return the columns as dicts and lists."""
    columns = {}
    for name, column in data_set.columns.items():
        if isinstance(column, Binned):
            columns[name] = (column.missing, column.bins.edges, column.counts.tolist())
        else:
            columns[name] = (column.missing, dict(column.counts))
    return columns


def test_a_profile_counts_each_column(kept):
    found = made(DATA)
    assert (found.rows, found.kind) == (ROWS, "profile")
    assert [one.column for one in found.excluded] == ["id"]
    assert dict(found.columns["town"].counts) == DATA["town"].value_counts().to_dict()
    assert {int(k): v for k, v in found.columns["size"].counts.items()} == (
        DATA["size"].value_counts().to_dict()
    )
    amount = found.columns["amount"]
    assert amount.missing == DATA["amount"].isna().sum()
    edges = [-np.inf, *amount.bins.edges, np.inf]
    expected = pd.cut(DATA["amount"], edges, right=True).value_counts(sort=False).tolist()
    assert amount.counts.tolist() == [*expected, 0, 0]
    assert found.columns["peak"].counts[-1] == 3


def test_what_is_written_reads_back_equal(kept):
    first = made(DATA)
    path = kept(first)
    again = data_set(path)
    assert plain(again) == plain(first)
    assert (again.name, again.rows, again.kind) == (first.name, first.rows, "profile")
    assert again.excluded == first.excluded
    assert again.seen == ("amount", "size", "age", "town", "peak", "id")
    # As a source of another one, too.
    assert render(made(path)) == render(first)


labels = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda text: text.strip())


@given(
    st.lists(labels, min_size=1, max_size=30),
    st.lists(st.none() | st.integers(-(2**52), 2**52) | st.floats(allow_nan=False), min_size=30),
)
def test_any_label_and_any_number_survives(tmp_path_factory, texts, numbers):
    rows = min(len(texts), len(numbers))
    table = {texts[0]: texts[:rows], texts[0] + "2": numbers[:rows]}
    first = made(table, columns={texts[0]: {"type": "categorical"}})
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(render(first), encoding="ascii")
    again = data_set(str(path))
    assert plain(again) == plain(first)
    assert render(made(str(path))) == render(first)


def test_the_order_of_rows_leaves_every_byte(table):
    header, *lines = DATA.drop(columns="peak").to_csv(index=False).splitlines()
    texts = []
    for seed in range(3):
        random.Random(seed).shuffle(lines)
        path = table("data.csv", "\n".join([header, *lines]) + "\n")
        texts.append(render(made(path)))
    assert len(set(texts)) == 1


def test_data_pass_against_their_own_profile(kept):
    report = check(kept(made(DATA)), DATA)
    assert report.verdict == "pass"
    assert [(one.column, one.verdict) for one in report.columns] == [
        (name, "pass") for name in ("amount", "size", "age", "town", "peak")
    ]
    assert all(one.measures["kl_pq"] == 0 for one in report.columns)
    assert [one.column for one in report.excluded] == ["id"]
    assert not [note for note in report.notes if note.code == "new-column"]
    changed = DATA.assign(town=DATA["town"].replace("Rom", "Bonn"), amount=DATA["amount"] + 0.5)
    report = check(kept(made(DATA)), changed)
    assert {one.column for one in report.columns if one.verdict == "drift"} == {"town", "amount"}


def test_two_profiles_of_one_data_set_agree(kept):
    path = kept(made(DATA))
    assert check(path, kept(made(DATA), "q.json")).verdict == "pass"
    other = kept(made(DATA.assign(amount=DATA["amount"] * 2)), "q.json")
    with pytest.raises(InputError, match="--like") as caught:
        check(path, other)
    assert caught.value.code == "edges-differ"
    like = kept(made(DATA.assign(amount=DATA["amount"] * 2), like=path), "q.json")
    assert check(path, like).columns["amount"].verdict == "drift"


# Merging.


def test_shards_are_the_whole(kept):
    whole = kept(made(DATA))
    shards = [DATA[:300], DATA[300:650], DATA[650:]]
    parts = [kept(made(shard, like=whole), f"{i}.json") for i, shard in enumerate(shards)]
    expected = plain(made(DATA))
    for sources in (parts, parts[::-1], [kept(made(*parts[:2]), "two.json"), parts[2]]):
        found = made(*sources)
        assert plain(found) == expected
        assert found.rows == ROWS
    assert plain(made(*shards)) == expected
    assert render(made(*parts)) == render(made(*parts[::-1]))


def test_shards_with_edges_of_their_own_do_not_merge(kept):
    halves = [kept(made(half), f"{i}.json") for i, half in enumerate((DATA[:500], DATA[500:]))]
    with pytest.raises(InputError, match="--like") as caught:
        made(*halves)
    assert caught.value.code == "edges-differ"
    with pytest.raises(InputError) as caught:
        made(halves[0], like=halves[1])
    assert caught.value.code == "edges-differ"


def test_a_shard_with_few_integers_or_none_merges(kept):
    whole = kept(made(DATA[["age"]]))
    few = kept(made(pd.DataFrame({"age": [30, 31, 30]})), "few.json")
    assert isinstance(data_set(few).columns["age"], Categories)
    none = kept(made({"age": [None, None]}), "none.json")
    found = made(whole, few, none)
    assert found.rows == ROWS + 5
    assert found.columns["age"].missing == 2
    edges = data_set(whole).columns["age"].bins
    expected = edges.count([*DATA["age"], 30, 31, 30])[:-1]
    assert found.columns["age"].counts.tolist() == expected.tolist()
    assert plain(made(few, like=whole))["age"][1] == edges.edges


def test_shards_of_other_columns_or_types(kept):
    with pytest.raises(InputError) as caught:
        made(DATA, DATA.drop(columns="size"))
    assert caught.value.code == "unknown-column"
    with pytest.raises(InputError) as caught:
        made(DATA.drop(columns="size"), DATA)
    assert caught.value.code == "unknown-column"
    words = {"town": ["x", "y"]}
    with pytest.raises(InputError) as caught:
        made(words, {"town": [1.5, 2.5]})
    assert caught.value.code == "type-changed"
    numbers = kept(made({"town": [1.5, 2.5]}))
    with pytest.raises(InputError) as caught:
        made(numbers, like=kept(made(words), "words.json"))
    assert caught.value.code == "type-changed"


# --like and --min-count.


def test_like_takes_columns_types_and_edges(kept):
    model = kept(made(DATA, exclude="age", min_count=50))
    later = DATA.assign(amount=DATA["amount"] + 3, town="Ulm", new=1)
    found = made(later, like=model)
    assert list(found.columns) == ["amount", "size", "town", "peak"]
    assert found.columns["amount"].bins == data_set(model).columns["amount"].bins
    towns = DATA["town"].value_counts()
    assert dict(found.columns["town"].counts) == {
        **dict.fromkeys(towns[towns >= 50].index, 0), "(other)": ROWS,
    }  # fmt: skip
    report = check(model, kept(found, "later.json"))
    assert {one.column for one in report.columns if one.verdict == "drift"} == {"amount", "town"}
    with pytest.raises(InputError) as caught:
        made(later.drop(columns="town"), like=model)
    assert caught.value.code == "unknown-column"


def test_like_wants_a_profile(table, kept):
    with pytest.raises(InputError) as caught:
        made(DATA, like=table("data.csv", "a,b\nx,1\n"))
    assert caught.value.code == "not-a-profile"
    empty = {"schema": "kldiv.profile/1", "name": "x", "rows": 1, "columns": []}
    with pytest.raises(InputError) as caught:
        made(DATA, like=table("empty.json", json.dumps(empty)))
    assert caught.value.code == "not-a-profile"


def test_rare_outcomes_are_pooled_and_totals_kept(kept):
    found = made(DATA, min_count=150)
    counts = dict(found.columns["town"].counts)
    expected = DATA["town"].value_counts()
    assert counts == {
        **expected[expected >= 150].to_dict(), "(other)": int(expected[expected < 150].sum()),
    }  # fmt: skip
    assert all(column.rows == ROWS for column in found.columns.values())
    report = check(kept(found), DATA)
    assert report.columns["town"].verdict == "pass"
    assert report.columns["town"].new_outcomes == ()


def test_profiles_that_pooled_other_outcomes_do_not_meet(kept):
    # Poured together, all outcomes would be one, and would agree.
    first = kept(made({"x": ["a"] * 500 + ["b"] * 400 + ["r"]}, min_count=10))
    second = kept(made({"x": ["c"] * 500 + ["d"] * 400 + ["r"]}, min_count=10), "q.json")
    with pytest.raises(InputError, match="pooled") as caught:
        check(first, second)
    assert "--like" in caught.value.hint


@pytest.mark.parametrize(
    "values",
    [[1, 2, 3, 4, 5] * 100, [0.5, 1.5] * 250, ["u", "v"] * 250, [True, False] * 250, [7] * 500],
    ids=["integers", "decimals", "text", "booleans", "one value"],
)
def test_a_column_that_is_pooled_as_a_whole_has_not_changed_its_type(values, kept):
    data = {"x": values}
    path = kept(made(data, min_count=501, columns={"x": {"type": "categorical"}}))
    for sides in ((path, data), (data, path), (path, path)):
        (found,) = check(*sides).columns
        assert (found.verdict, found.value) == ("pass", 0)
    # Nothing is known of what was pooled, so that bins cannot meet it.
    with pytest.raises(InputError, match="pooled") as caught:
        check(kept(made({"x": np.arange(500) / 7}), "q.json"), path)
    assert caught.value.code == "edges-differ"


@pytest.mark.parametrize(("most", "excluded"), [(1000, []), (100, ["x"])])
def test_dates_beside_a_column_that_is_pooled_as_a_whole(most, excluded, kept):
    path = kept(made({"x": ["u", "v"] * 250, "y": ["a", "b"] * 250}, min_count=251))
    times = [f"2024-01-05 {n // 60:02}:{n % 60:02}" for n in range(400)]
    current = {"x": times, "y": ["a", "b"] * 200}
    # What are too many dates to be counted is left out, and no change of type.
    report = check(path, current, kind="samples", max_outcomes=most)
    assert {each.verdict for each in report.columns} == {"pass"}
    assert [each.column for each in report.excluded] == excluded


def test_names_that_are_not_there(kept):
    for rules in (
        {"column": "twon"},
        {"exclude": "twon"},
        {"columns": {"twon": {"type": "categorical"}}},
    ):
        for source in (DATA, kept(made(DATA))):
            with pytest.raises(InputError, match="did you mean 'town'") as caught:
                made(source, **rules)
            assert caught.value.code == "unknown-column"
    assert list(made(DATA, column="town", exclude="size").columns) == ["town"]
    with pytest.raises(InputError) as caught:
        made(DATA[["id"]])
    assert caught.value.code == "no-column-judged"


# Profiles that were edited, or written by something else.

GOOD = {
    "schema": "kldiv.profile/1",
    "name": "x",
    "rows": 10,
    "columns": [
        {"column": "a", "type": "categorical", "edges": [], "missing": 1,
         "outcomes": [["u", 4], ["v", 5]]},
        {"column": "b", "type": "numeric", "edges": [1, 2.5], "missing": 0,
         "outcomes": [["(-inf, 1]", 3], ["(1, 2.5]", 3], ["(2.5, inf)", 3], ["+inf", 1]]},
    ],
    "excluded": [{"column": "c", "reason": "a key"}],
}  # fmt: skip


def edited(*path, value=None, remove=False):
    document = json.loads(json.dumps(GOOD))
    *parents, last = path
    at = document
    for step in parents:
        at = at[step]
    if remove:
        del at[last]
    else:
        at[last] = value
    return json.dumps(document)


A, B = ("columns", 0), ("columns", 1)
OUTCOMES_A, OUTCOMES_B = (*A, "outcomes"), (*B, "outcomes")
EDITS = {
    "unknown version": (edited("schema", value="kldiv.profile/2"), "profile-version"),
    "other document": (edited("schema", value="kldiv.check/1"), "not-a-profile"),
    "no name": (edited("name", remove=True), "bad-profile"),
    "no rows": (edited("rows", remove=True), "bad-profile"),
    "zero rows": (edited("rows", value=0), "bad-profile"),
    "more rows": (edited("rows", value=11), "bad-profile"),
    "rows as text": (edited("rows", value="10"), "bad-profile"),
    "rows as a fraction": (edited("rows", value=10.0), "bad-profile"),
    "no columns": (edited("columns", remove=True), "bad-profile"),
    "columns as an object": (edited("columns", value={}), "bad-profile"),
    "a column as text": (edited(*A, value="a"), "bad-profile"),
    "no type": (edited(*A, "type", remove=True), "bad-profile"),
    "unknown type": (edited(*A, "type", value="text"), "bad-profile"),
    "no edges": (edited(*A, "edges", remove=True), "bad-profile"),
    "edges of a category": (edited(*A, "edges", value=[1]), "bad-profile"),
    "no missing": (edited(*A, "missing", remove=True), "bad-profile"),
    "missing is null": (edited(*A, "missing", value=None), "bad-profile"),
    "other missing": (edited(*A, "missing", value=0), "bad-profile"),
    "counts do not add up": (edited(*OUTCOMES_A, 0, value=["u", 5]), "bad-profile"),
    "negative": (edited(*OUTCOMES_A, value=[["u", -1], ["v", 10]]), "bad-profile"),
    "a boolean": (edited(*OUTCOMES_A, value=[["u", True], ["v", 8]]), "bad-profile"),
    "a fraction": (edited(*OUTCOMES_A, value=[["u", 4.5], ["v", 4.5]]), "bad-profile"),
    "huge": (edited(*OUTCOMES_A, value=[["u", 10**18], ["v", 9]]), "bad-profile"),
    "5000 digits": (
        edited(*OUTCOMES_A, 0, value=["u", "@"]).replace('"@"', "9" * 5000), "bad-profile",
    ),
    "label twice": (edited(*OUTCOMES_A, value=[["u", 4], ["u", 5]]), "bad-profile"),
    "label as a number": (edited(*OUTCOMES_A, value=[[1, 4], ["v", 5]]), "bad-profile"),
    "label as a list": (edited(*OUTCOMES_A, value=[[["u"], 4], ["v", 5]]), "bad-profile"),
    "a triple": (edited(*OUTCOMES_A, 0, value=["u", 4, 4]), "bad-profile"),
    "extra nesting": (edited(*OUTCOMES_A, value=[[["u", 4], ["v", 5]]]), "bad-profile"),
    "deep nesting": (
        edited(*OUTCOMES_A, value="@").replace('"@"', "[" * 100_000 + "]" * 100_000), "too-deep",
    ),
    "half a pair": (edited(*OUTCOMES_A, 0, value=["\ud800", 4]), "bad-label"),
    "column twice": (edited(*B, "column", value="a"), "bad-profile"),
    "key twice": (json.dumps(GOOD).replace('"rows"', '"rows": 10, "rows"'), "bad-profile"),
    "other edges": (edited(*B, "edges", value=[1, 3]), "bad-profile"),
    "fewer edges": (edited(*B, "edges", value=[1]), "bad-profile"),
    "edges that fall": (edited(*B, "edges", value=[2.5, 1]), "bad-profile"),
    "edges as text": (edited(*B, "edges", value=["1", "2.5"]), "bad-profile"),
    "infinite edge": (
        edited(*B, "edges", value=[1, "@"]).replace('"@"', "1e400"), "bad-profile",
    ),
    "other bins": (edited(*OUTCOMES_B, 0, value=["(-inf, 1)", 3]), "bad-profile"),
    "bins in another order": (
        edited(*OUTCOMES_B, value=GOOD["columns"][1]["outcomes"][::-1]), "bad-profile",
    ),
    "a bin of missing values": (edited(*OUTCOMES_B, 3, value=["(missing)", 1]), "bad-profile"),
    "excluded as text": (edited("excluded", value="c"), "bad-profile"),
    "excluded without a reason": (edited("excluded", value=[{"column": "c"}]), "bad-profile"),
}  # fmt: skip


def test_the_profile_that_is_edited_is_good(table):
    found = plain(data_set(table("p.json", json.dumps(GOOD))))
    assert found == {"a": (1, {"u": 4, "v": 5}), "b": (0, (1.0, 2.5), [3, 3, 3, 0, 1])}


@pytest.mark.parametrize("name", EDITS)
def test_a_profile_that_was_edited_is_refused(table, name):
    text, code = EDITS[name]
    path = table("p.json", text)
    for call in (lambda: made(path), lambda: check(path, DATA), lambda: check(DATA, path)):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.code == code
        assert caught.value.places[0].source == path
        assert len(str(caught.value)) < 600


def test_unknown_keys_are_left_to_later_versions(table):
    document = json.loads(edited("note", value={"any": [1]}))
    assert data_set(table("p.json", json.dumps(document))).rows == 10


def test_profiles_of_huge_counts_do_not_overflow(table):
    much = 10**18 - 1
    column = {**GOOD["columns"][1], "outcomes": [["(-inf, 1]", much], ["(1, 2.5]", 0],
                                                 ["(2.5, inf)", 0]]}  # fmt: skip
    path = table("p.json", json.dumps({**GOOD, "rows": much, "columns": [column]}))
    assert data_set(path).columns["b"].rows == much
    with pytest.raises(InputError) as caught:
        made(*[path] * 12)
    assert caught.value.code == "number-overflow"


def test_rows_are_one_a_line():
    lines = render(made(DATA)).splitlines()
    for label, count in DATA["town"].value_counts().items():
        line = f"[{json.dumps(label)}, {count}]"
        assert sum(line == text.strip().rstrip(",") for text in lines) == 1


def test_like_reads_integers_that_became_decimals_as_integers(tmp_path, kldiv, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text("n\n" + "1\n2\n3\n" * 50)
    (tmp_path / "two.csv").write_text("n\n" + '""\n1.0\n2.0\n3.0\n' * 50)
    assert kldiv("profile", "one.csv", "-o", "one.json").code == 0
    assert kldiv("profile", "two.csv", "--like", "one.json", "-o", "two.json").code == 0
    counts = json.loads((tmp_path / "two.json").read_text())["columns"][0]
    assert counts["outcomes"] == [["1", 50], ["2", 50], ["3", 50]]
    assert kldiv("profile", "one.json", "two.json").code == 0


def test_what_looks_like_a_key_does_so_in_all_parts_together(tmp_path, kldiv, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text(
        "city,k\n" + "".join(f"c{i},{'xy'[i % 2]}\n" for i in range(60))
    )
    (tmp_path / "two.csv").write_text("city,k\n" + "c1,x\nc2,y\n" * 900)
    made = [
        kldiv("profile", *order).out for order in (("one.csv", "two.csv"), ("two.csv", "one.csv"))
    ]
    assert made[0] == made[1]
    assert [one["column"] for one in json.loads(made[0])["columns"]] == ["city", "k"]
    (only,) = json.loads(kldiv("profile", "one.csv").out)["excluded"]
    assert only["column"] == "city"


def test_profiles_that_pooled_other_outcomes_are_not_merged(tmp_path, kldiv, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text("a\n" + "x\n" * 485 + "b\n" * 15)
    (tmp_path / "two.csv").write_text("a\n" + "b\n" * 500 + "x\n" * 15)
    for name in ("one", "two"):
        assert kldiv("profile", f"{name}.csv", "--min-count", "20", "-o", f"{name}.json").code == 0
    ran = kldiv("profile", "one.json", "two.json")
    assert ran.code == 2
    assert "error[edges-differ]" in ran.err
    assert json.loads(kldiv("profile", "one.json").out)["columns"][0]["pooled"] is True


@pytest.mark.parametrize("before", [7.5, -0.25, 1e300, 5e-324, 7])
@pytest.mark.parametrize("after", [7.5, 9.5, 6.5, 7.500000000000001, -0.25, 1e300, 7])
@pytest.mark.parametrize("counted", [(), (0,), (1,), (0, 1)])
def test_a_constant_is_known_once_it_is_counted(kept, before, after, counted):
    sides = [pd.DataFrame({"x": [value] * 500}) for value in (before, after)]
    for place in counted:
        sides[place] = kept(made(sides[place]), f"{place}.json")
    (found,) = check(*sides).columns
    if before == after:
        assert (found.verdict, found.kl) == ("pass", 0)
    else:
        assert (found.verdict, found.reason.code) == ("drift", "constant-changed")
        assert f"was '{before!r}', and is '{after!r}'" in found.reason.text


@pytest.mark.parametrize("counted", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("order", [1, -1])
def test_a_constant_meets_other_numbers_in_their_bins(kept, counted, order):
    numbers = (np.arange(600) + 0.5) / 100
    sides = [pd.DataFrame({"x": x}) for x in (np.full(600, 2.5), numbers)][::order]
    for place in counted:
        sides[place] = kept(made(sides[place]), f"{place}.json")
    (found,) = check(*sides).columns
    assert found.verdict == "drift"
    assert found.n_reference == found.n_current == 600


def test_constants_are_merged_where_they_are_the_same(kept):
    a, b = (pd.DataFrame({"x": [value] * 5}) for value in (7.5, 9.5))
    one = made(a)
    assert plain(made(kept(one), kept(one)))["x"][2] == [0, 10, 0, 0, 0]
    with pytest.raises(InputError) as caught:
        made(kept(one, "a.json"), kept(made(b), "b.json"))
    assert caught.value.code == "edges-differ"
    assert "--like" in caught.value.hint
    # Counted alike, the others are beyond the constant.
    assert plain(made(b, like=kept(one)))["x"][2] == [0, 0, 5, 0, 0]


@pytest.mark.parametrize("counted", [(), (0,), (1,), (0, 1)])
def test_few_large_whole_numbers_are_the_same_in_every_spelling(tmp_path, kept, counted):
    path = tmp_path / "x.csv"
    path.write_text("x\n" + "1e20\n2e20\n3e20\n" * 300)
    sides = [str(path), pd.DataFrame({"x": [1e20, 2e20, 3e20] * 300})]
    for place in counted:
        sides[place] = kept(made(sides[place]), f"{place}.json")
    for both in (sides, sides[::-1]):
        (found,) = check(*both).columns
        assert (found.verdict, found.measures["kl_pq"]) == ("pass", 0)
