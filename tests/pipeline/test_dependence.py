"""Rows that depend on each other, from files and data frames to the verdict."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kldiv_cli import check
from kldiv_cli.core.counts import Categories
from kldiv_cli.errors import InputError, UsageError


def series(seed, rows=2000, correlation=0.9, shift=0.0):
    """Return rows each of which resembles the one before it, with a user for each ten."""
    rng = np.random.default_rng(seed)
    values, last = [], rng.normal()
    for step in rng.normal(size=rows) * np.sqrt(1 - correlation**2):
        last = correlation * last + step
        values.append(round(last + shift, 6))
    users = [f"u{i // 10}" for i in range(rows)]
    return pd.DataFrame(
        {"x": values, "user": users, "side": np.where(np.array(values) > 0, "a", "b")}
    )


REFERENCE, CURRENT = series(1), series(2)
INDEPENDENT = series(3, correlation=0.0), series(4, correlation=0.0)


def codes(report):
    return [note.code for note in report.notes]


def test_a_note_warns_of_rows_that_depend():
    report = check(REFERENCE, CURRENT, exclude="user")
    (note,) = [note for note in report.notes if note.code == "dependent-rows"]
    assert note.message.startswith(
        "rows depend on those before them in 'x', 'side': 2,000 rows of"
    )
    assert "--serial" in note.advice
    assert report.dependence is None
    assert "dependent-rows" not in codes(check(*INDEPENDENT, exclude="user"))


def test_the_note_changes_no_figure():
    with_blocks = check(REFERENCE, CURRENT, exclude="user").to_dict()
    shuffled = [each.sample(frac=1, random_state=1) for each in (REFERENCE, CURRENT)]
    without = check(*shuffled, exclude="user").to_dict()
    assert with_blocks["columns"] == without["columns"]


def test_a_series_is_worth_little():
    report = check(REFERENCE, CURRENT, exclude="user", serial=True)
    found = report.columns["x"]
    assert (found.verdict, found.reason.code) == ("inconclusive", "dependent-rows")
    assert report.dependence == json.loads(report.to_json())["dependence"] == "serial"
    assert codes(report) == []
    text = " ".join(report.render().split())
    assert "Rao-Scott law, corrected for dependent rows by 20 blocks" in text
    assert "dependent rows: 2,000 rows are worth" in text


def test_independent_rows_are_judged_alike():
    plain = check(*INDEPENDENT, exclude="user")
    for options in ({"serial": True}, {"cluster": "user"}):
        report = (
            check(*INDEPENDENT, **options)
            if "cluster" in options
            else check(*INDEPENDENT, exclude="user", **options)
        )
        assert [each.verdict for each in report.columns] == [
            each.verdict for each in plain.columns
        ]
        assert report.columns["x"].high == pytest.approx(plain.columns["x"].high, rel=0.5)


def test_clusters_are_no_column_of_their_own():
    report = check(*INDEPENDENT, cluster="user")
    assert [each.column for each in report.columns] == ["x", "side"]
    (left_out,) = report.excluded
    assert left_out.column == "user"
    assert left_out.reason == "--cluster: its values say which rows belong together"
    assert report.dependence == "cluster"
    drifted = check(INDEPENDENT[0], series(5, shift=2), cluster="user").render()
    assert "by their clusters" in " ".join(drifted.split())


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "dict"])
def test_all_formats_say_the_same(form, tmp_path):
    sources = []
    for name, frame in (("a", REFERENCE), ("b", CURRENT)):
        path = tmp_path / f"{name}.{form}"
        if form == "csv":
            frame.to_csv(path, index=False)
        elif form == "json":
            path.write_text(json.dumps(frame.to_dict("records")))
        elif form == "parquet":
            frame.to_parquet(path)
        sources.append(frame.to_dict("list") if form == "dict" else str(path))
    for options in ({"serial": True, "exclude": "user"}, {"cluster": "user"}):
        expected = check(REFERENCE, CURRENT, **options).columns
        found = check(*sources, **options).columns
        assert [each[:20] for each in found] == [each[:20] for each in expected]


def test_other_measures_and_columns_of_another_name():
    current = CURRENT.rename(columns={"user": "customer", "x": "y"})
    options = {"cluster": "user", "max_js": 0.01, "max_kl": 0.05, "max_psi": 0.1}
    expected = check(REFERENCE, CURRENT, **options)
    found = check(REFERENCE, current, map={"customer": "user", "y": "x"}, **options)
    assert [each[:20] for each in found.columns] == [each[:20] for each in expected.columns]
    assert {each.measure for each in found.columns["x"].judged} == {"kl", "js", "psi"}


def test_missing_values_and_limits_that_only_warn():
    rng = np.random.default_rng(6)
    sides = [
        {
            "x": np.where(rng.random(3000) < 0.1, np.nan, rng.normal(size=3000)),
            "side": rng.choice(["a", "NA", ""], 3000).tolist(),
        }
        for _ in range(2)
    ]
    for missing in ("category", "drop"):
        report = check(*sides, serial=True, missing=missing, columns={"x": {"max_kl": np.inf}})
        assert [each.verdict for each in report.columns] == ["pass", "pass"]
        assert report.columns["x"].p_drift is None


ROWS = {"x": ["a", "b"] * 200, "same": ["u"] * 400, "own": [f"u{i}" for i in range(400)]}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"cluster": "same"}, "no-clusters"),
        ({"cluster": "own"}, "no-clusters"),
        ({"cluster": "absent"}, "unknown-column"),
    ],
)
def test_clusters_that_are_none(options, code):
    with pytest.raises(InputError) as caught:
        check(ROWS, ROWS, **options)
    assert caught.value.code == code


def test_rows_without_a_cluster():
    rows = {"x": ["a", "b"] * 200, "user": [None, *["u", "v"] * 199, "u"]}
    with pytest.raises(InputError) as caught:
        check(rows, rows, cluster="user")
    assert caught.value.code == "missing-value"


def test_few_clusters_are_inconclusive():
    rows = {"x": ["a", "b"] * 200, "user": ["u", "u", "v", "v"] * 100}
    (found,) = check(rows, rows, cluster="user").columns
    assert (found.verdict, found.reason.code) == ("inconclusive", "dependent-rows")


def test_rows_that_have_no_order(tmp_path):
    path = tmp_path / "counted.txt"
    path.write_text("    300 a\n    200 b\n")
    with pytest.raises(InputError) as caught:
        check(str(path), str(path), kind="samples", serial=True)
    assert caught.value.code == "order-unknown"
    assert "order-unknown" in codes(check(str(path), str(path), kind="samples"))
    several = {"x": list("ab") * 20, "times": [2] * 40}
    with pytest.raises(InputError, match="those that stand for several, have no order"):
        check(several, several, frequency="times", serial=True)


def test_a_part_of_no_rows_has_no_blocks_and_is_merged(profiled, kldiv, tmp_path):
    path = profiled(with_more(REFERENCE, 8), "--serial")
    empty = tmp_path / "empty.csv"
    empty.write_text(Path(tmp_path / "reference.csv").read_text().splitlines()[0] + "\n")
    none = kldiv("profile", empty, "--like", path, "--serial")
    assert (none.code, json.loads(none.out)["rows"]) == (0, 0), none.err
    (tmp_path / "none.json").write_text(none.out)
    both = kldiv("profile", path, tmp_path / "none.json")
    assert json.loads(both.out)["rows"] == 2000


def test_a_profile_has_no_rows(tmp_path, kldiv):
    rows, profile = tmp_path / "rows.csv", tmp_path / "profile.json"
    REFERENCE.to_csv(rows, index=False)
    assert kldiv("profile", str(rows), "-o", str(profile)).code == 0
    for options in ({"serial": True}, {"cluster": "user"}):
        with pytest.raises(InputError) as caught:
            check(str(profile), str(rows), **options)
        assert caught.value.code == "is-a-profile"
    # What is known of the current side alone is told all the same.
    assert "dependent-rows" in codes(check(str(profile), str(rows)))


@pytest.mark.parametrize(
    "options",
    [
        {"serial": True, "cluster": "own"},
        {"serial": True, "max_tv": 0.1},
        {"cluster": "own", "columns": {"x": {"max_tv": 0.1}}},
        {"serial": True, "joint": ["x", "same"]},
        {"serial": True, "kind": "counts"},
        {"cluster": ""},
    ],
)
def test_options_that_make_no_sense(options):
    with pytest.raises(UsageError):
        check(ROWS, ROWS, **options)


def test_labels_that_are_spelt_anew_keep_their_groups():
    first = {"x": ["TRUE", "false"] * 300, "n": [1.0, 2.0, 3.0] * 200}
    second = {"x": ["True", "False", "NA"] * 200, "n": ["1", "2", "x"] * 200}
    report = check(first, second, serial=True, columns={"n": {"type": "categorical"}})
    plain = check(first, second, columns={"n": {"type": "categorical"}})
    assert report.columns["x"].contributions == plain.columns["x"].contributions
    assert isinstance(report.columns["n"].value, float)


def test_the_counts_by_groups_are_those_of_the_pair():
    from kldiv_cli.pipeline.check import _data_sets
    from kldiv_cli.pipeline.settings import check_settings

    first = {"x": ["TRUE", "false", "NA"] * 300, "n": [1.5, np.nan, np.inf] * 300}
    second = {"x": ["True", "False", ""] * 300, "n": [*range(899), np.nan]}
    for missing in ("category", "drop"):
        settings = check_settings((first, second), {"missing": missing})
        for pair in _data_sets(*settings.sources, settings.rules).columns:
            for side, table in zip((pair.p, pair.q), pair.groups, strict=True):
                assert table.n.sum(axis=1).tolist() == side.tolist()


def test_integers_beside_text():
    first, second = {"n": ["1", "2", "x"] * 200}, {"n": [1, 2, 1] * 200}
    report = check(first, second, serial=True)
    assert report.columns["n"].reason.code != "type-changed"
    assert Categories("n", 0, {}).grouped is None


@pytest.fixture
def profiled(tmp_path, kldiv):
    """Return the path of a profile of rows, made with some options."""

    def made(rows, *options, name="reference"):
        paths = [tmp_path / f"{name}.csv", tmp_path / f"{name}.json"]
        rows.to_csv(paths[0], index=False)
        ran = kldiv("profile", str(paths[0]), *options, "-o", str(paths[1]))
        assert (ran.code, ran.err) == (0, "")
        return str(paths[1])

    return made


def with_more(rows, seed):
    """Return rows with gaps, a few integers, and a number that is not finite."""
    rng = np.random.default_rng(seed)
    more = rows.assign(size=rng.integers(0, 9, len(rows)), gaps=rows["x"].round(1))
    more.loc[rng.random(len(rows)) < 0.1, "gaps"] = np.nan
    more.loc[[5, 1700], "gaps"] = np.inf
    return more.drop(columns="user")


@pytest.mark.parametrize("missing", ["category", "drop"])
def test_a_profile_that_kept_its_blocks_is_judged_as_its_rows_are(profiled, missing):
    sides = with_more(REFERENCE, 8), with_more(CURRENT, 9)
    path = profiled(sides[0], "--serial")
    columns = json.loads(Path(path).read_text())["columns"]
    bins = {one["column"]: {"bins": one["edges"]} for one in columns if one["edges"]}
    assert sorted(bins) == ["gaps", "x"]
    found = check(path, sides[1], serial=True, missing=missing)
    expected = check(*sides, serial=True, missing=missing, columns=bins)
    for name in ("kl", "low", "high", "p_drift", "p_pass", "verdict", "reason"):
        pairs = zip(found.columns, expected.columns, strict=True)
        assert all(getattr(a, name) == getattr(b, name) for a, b in pairs), name


def test_blocks_of_a_profile_tell_of_dependence_too(profiled):
    independent = INDEPENDENT[1].drop(columns="user")
    rows = REFERENCE.drop(columns="user")
    assert "dependent-rows" in codes(check(profiled(rows, "--serial"), independent))
    assert "dependent-rows" not in codes(check(profiled(rows), independent))


def test_blocks_are_kept_on_request_through_what_becomes_of_a_profile(profiled, kldiv, tmp_path):
    rows = with_more(REFERENCE, 8)
    path = profiled(rows, "--serial")
    again = kldiv("profile", path)
    assert again.out == Path(path).read_text()
    plain = profiled(rows, name="plain")
    kept = json.loads(Path(path).read_text())
    for column in kept["columns"]:
        blocks = np.array(column.pop("blocks"))
        counts = [count for _, count in column["outcomes"]]
        assert blocks.sum(axis=0).tolist() == [*counts, column["missing"]]
        assert blocks.sum(axis=1).tolist() == [100] * 20
    assert {**kept, "name": "plain"} == json.loads(Path(plain).read_text())
    # Rare outcomes are pooled in each block, and shards are merged without blocks.
    pooled = json.loads(kldiv("profile", path, "--min-count", "230").out)
    (of_size,) = [one for one in pooled["columns"] if one["column"] == "size"]
    assert of_size["outcomes"][0][0] == "(other)"
    assert np.array(of_size["blocks"]).sum(axis=0)[0] == of_size["outcomes"][0][1]
    assert "blocks" not in kldiv("profile", path, path).out
    two = kldiv("profile", str(tmp_path / "plain.csv"), path, "--serial", "--like", path)
    assert "no blocks of rows are kept of several parts" in two.err
    assert "blocks" not in two.out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda blocks: blocks[0].__setitem__(0, blocks[0][0] + 1), "do not add up to the counts"),
        (lambda blocks: blocks[0].pop(), "has not a count for each outcome"),
        (lambda blocks: blocks.__setitem__(0, 7), "has not a count for each outcome"),
        (lambda blocks: blocks.extend([blocks[0]] * 9), "has 29 blocks of rows, and may have 20"),
        (lambda blocks: blocks.clear(), "has 0 blocks of rows"),
        (lambda blocks: blocks[0].__setitem__(0, -1), "not a count"),
    ],
)
def test_blocks_that_do_not_add_up(profiled, change, message):
    path = profiled(with_more(REFERENCE, 8), "--serial")
    document = json.loads(Path(path).read_text())
    change(document["columns"][0]["blocks"])
    Path(path).write_text(json.dumps(document))
    with pytest.raises(InputError, match=message) as caught:
        check(path, CURRENT)
    assert caught.value.code == "bad-profile"


def test_all_columns_have_blocks_or_none_has(profiled):
    path = profiled(with_more(REFERENCE, 8), "--serial")
    document = json.loads(Path(path).read_text())
    del document["columns"][0]["blocks"]
    Path(path).write_text(json.dumps(document))
    with pytest.raises(InputError, match="and others none") as caught:
        check(path, CURRENT)
    assert caught.value.code == "bad-profile"


def test_blocks_of_columns_are_of_the_same_rows(profiled):
    path = profiled(with_more(REFERENCE, 8), "--serial")
    document = json.loads(Path(path).read_text())
    blocks = document["columns"][0]["blocks"]
    # A row goes over from one block to another.
    place = next(i for i, n in enumerate(blocks[0]) if n)
    blocks[0][place] -= 1
    blocks[1][place] += 1
    Path(path).write_text(json.dumps(document))
    with pytest.raises(InputError, match="are not of the same rows"):
        check(path, CURRENT)
