"""Rows that weigh, and rows that stand for several, from files and frames to the verdict."""

import json
import math
from collections import Counter
from fractions import Fraction

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kldiv_cli import calibrate, check, compare
from kldiv_cli.core.counts import count_numbers, pooled_bins
from kldiv_cli.core.grouped import Entries, Grouped
from kldiv_cli.errors import InputError, UsageError


def survey(seed, rows=1500, shift=0.0):
    """Return rows with a number, a label that goes with the weight, and missing values."""
    rng = np.random.default_rng(seed)
    side = rng.choice(["a", "b", "c", "rare"], rows, p=[0.5, 0.3, 0.195, 0.005])
    weight = np.exp(0.6 * rng.normal(size=rows) + 0.5 * (side == "b"))
    x = np.round(rng.normal(size=rows) + shift, 3)
    x[rng.random(rows) < 0.05] = np.nan
    return pd.DataFrame({"x": x, "side": side, "wt": np.round(weight, 4)})


REFERENCE, CURRENT = survey(1), survey(2)


def weighted_shares(frame, column):
    """Return the weighted share of each value, exactly."""
    sums = Counter()
    for value, weight in zip(frame[column], frame["wt"], strict=True):
        sums[value] += Fraction(weight)
    total = sum(sums.values())
    return {value: Fraction(each, total) for value, each in sums.items()}


class TestRowsThatWeigh:
    def test_shares_and_measures_are_weighted(self):
        report = check(REFERENCE, CURRENT, row_weight="wt", column="side")
        (found,) = report.columns
        p, q = weighted_shares(CURRENT, "side"), weighted_shares(REFERENCE, "side")
        for one in found.contributions:
            assert one.p == pytest.approx(float(p[one.outcome]), rel=1e-13)
            assert one.q == pytest.approx(float(q[one.outcome]), rel=1e-13)
        truth = math.fsum(float(p[label]) * math.log(p[label] / q[label]) for label in p)
        assert found.measures["kl_pq"] == pytest.approx(truth, rel=1e-11)
        assert (found.n_current, found.n_reference) == (1500, 1500)
        assert report.row_weight == json.loads(report.to_json())["row_weight"] == "wt"
        assert [each.column for each in check(REFERENCE, CURRENT, row_weight="wt").excluded] == [
            "wt"
        ]

    def test_the_sides_say_what_their_rows_are_worth(self):
        report = check(REFERENCE, CURRENT, row_weight="wt")
        for side, frame in ((report.reference, REFERENCE), (report.current, CURRENT)):
            weights = [Fraction(weight) for weight in frame["wt"]]
            size = sum(weights) ** 2 / sum(weight**2 for weight in weights)
            assert side.n_effective == pytest.approx(float(size), rel=1e-12)
            assert side.design_effect == pytest.approx(float(1500 / size), rel=1e-12)
            share = float(max(weights) / sum(weights))
            assert side.largest_weight_share == pytest.approx(share, rel=1e-12)
        text = " ".join(report.render().split())
        assert "weighted: 1,500 rows are worth" in text
        assert "outcomes with fewer than 10 effective rows pooled" in text
        assert report.columns["side"].pooled_outcomes == 2

    def test_missing_values_are_weighted(self):
        frame = CURRENT.copy()
        frame.loc[frame["x"].isna(), "wt"] *= 10
        total = frame["wt"].sum()
        expected = frame.loc[frame["x"].isna(), "wt"].sum() / total
        for missing in ("category", "drop"):
            report = check(REFERENCE, frame, row_weight="wt", column="x", missing=missing)
            found = report.columns["x"]
            assert found.missing_current == pytest.approx(expected, rel=1e-9)
        # What is left out is no outcome.
        assert all(one.outcome != "(missing)" for one in found.contributions)

    def test_quantiles_are_weighted(self):
        report = check(REFERENCE, CURRENT, row_weight="wt", column="x")
        for level, p_low, p_high, *_ in report.columns["x"].quantiles:
            assert p_low == p_high
            kept = CURRENT.dropna()
            ordered = kept.sort_values("x", kind="stable")
            reached = ordered["wt"].cumsum() / ordered["wt"].sum()
            assert p_low == ordered["x"].to_numpy()[int(np.argmax(reached >= level - 1e-9))]

    @pytest.mark.parametrize("weight", [1.0, 0.1, 3.0, 250.0])
    @pytest.mark.parametrize("rows", [57, 300, 1500])
    def test_constant_weights_have_the_bins_of_rows(self, weight, rows):
        sides = [frame.head(rows).assign(wt=weight) for frame in (REFERENCE, CURRENT)]
        without = check(*sides, exclude="wt", column="x").columns["x"]
        found = check(*sides, row_weight="wt", column="x").columns["x"]
        assert [one.outcome for one in found.contributions] == [
            one.outcome for one in without.contributions
        ]
        for name, value in without.measures.items():
            assert found.measures[name] == pytest.approx(value, rel=1e-11, abs=1e-13)
        assert found.quantiles == without.quantiles

    def test_another_unit_changes_nothing(self):
        plain = check(REFERENCE, CURRENT, row_weight="wt").to_dict()
        other = check(REFERENCE, CURRENT.assign(wt=CURRENT.wt * 2.0**20), row_weight="wt")
        assert other.to_dict() == plain
        assert other.render() == check(REFERENCE, CURRENT, row_weight="wt").render()
        other = check(REFERENCE.assign(wt=REFERENCE.wt / 7), CURRENT, row_weight="wt")
        for one, two in zip(other.columns, plain["columns"], strict=True):
            assert one.verdict == two["verdict"]
            for key in ("value", "low", "high", "p_value", "p_drift", "p_pass"):
                assert getattr(one, key) == pytest.approx(two[key], rel=1e-9, abs=1e-11)

    def test_rows_of_no_weight_are_none(self):
        extra = pd.DataFrame({"x": [9.0] * 50, "side": ["new"] * 50, "wt": [0.0] * 50})
        with_them = check(REFERENCE, pd.concat([CURRENT, extra]), row_weight="wt", column="side")
        without = check(REFERENCE, CURRENT, row_weight="wt", column="side")
        found, plain = with_them.columns["side"], without.columns["side"]
        assert (found.value, found.low, found.high) == (plain.value, plain.low, plain.high)
        assert found.new_outcomes == ()
        for key in ("n_effective", "design_effect", "largest_weight_share"):
            value = getattr(without.current, key)
            assert getattr(with_them.current, key) == pytest.approx(value, rel=1e-13)

    def test_drift_is_found_and_its_law_is_told(self):
        report = check(REFERENCE, survey(3, shift=1.0), row_weight="wt", column="x")
        (found,) = report.columns
        assert (found.verdict, found.p_value_test) == ("drift", "chi-square")
        text = " ".join(report.render().split())
        assert "Rao-Scott correction of the second order" in text
        assert "plug-in estimate and Rao-Scott law, corrected for weights of rows" in text

    def test_one_row_that_has_all_the_weight_decides_nothing(self):
        frame = CURRENT.assign(wt=[1e6] + [1e-6] * 1499)
        (found,) = check(REFERENCE, frame, row_weight="wt", column="side").columns
        assert (found.verdict, found.reason.code) == ("inconclusive", "few-effective-rows")
        assert found.p_pass == 1.0

    @pytest.mark.parametrize("measure", ["psi", "js", "js_distance", "hellinger"])
    def test_other_measures_are_judged(self, measure):
        options = {f"max_{measure}": 0.2, "row_weight": "wt", "column": "x"}
        (found,) = check(REFERENCE, CURRENT, **options).columns
        assert (found.measure, found.verdict) == (measure, "pass")

    def test_a_column_without_values_on_one_side(self):
        empty = CURRENT.assign(x=np.nan)
        (found,) = check(REFERENCE, empty, row_weight="wt", column="x").columns
        assert (found.verdict, found.reason.code) == ("drift", "all-missing")
        assert found.missing_current == 1.0

    def test_a_comparison_is_weighted_too(self):
        report = compare(CURRENT, REFERENCE, kind="samples", row_weight="wt", column="side")
        (found,) = report.comparisons
        judged = check(REFERENCE, CURRENT, row_weight="wt", column="side").columns["side"]
        assert found.measures["kl_pq"] == pytest.approx(judged.measures["kl_pq"], rel=1e-13)
        assert (found.estimate.low, found.estimate.high) == (judged.low, judged.high)
        assert found.estimate.p_value == judged.p_value
        assert (found.estimate.n_p, found.estimate.n_q) == (1500, 1500)
        assert report.p.n_effective is not None
        assert report.row_weight == "wt"
        assert "corrected for bias and weights (Rao-Scott)" in report.render()
        back = compare(REFERENCE, CURRENT, kind="samples", row_weight="wt", column="side")
        assert found.estimates["kl_qp"].low == back.comparisons[0].estimate.low

    def test_weights_have_another_name_on_one_side(self):
        renamed = CURRENT.rename(columns={"wt": "w2"})
        report = check(REFERENCE, renamed, row_weight="wt", map={"w2": "wt"}, column="side")
        plain = check(REFERENCE, CURRENT, row_weight="wt", column="side")
        assert report.columns == plain.columns

    def test_engines_agree(self, tmp_path, monkeypatch):
        paths = []
        for name, frame in (("q.csv", REFERENCE), ("p.csv", CURRENT)):
            paths.append(str(tmp_path / name))
            frame.to_csv(paths[-1], index=False)
        in_process = check(*paths, row_weight="wt").to_dict()
        monkeypatch.setattr("kldiv_cli.engines.SMALLEST", 0)
        assert check(*paths, row_weight="wt").to_dict() == in_process

    def test_it_is_told_why_weights_are_added_up_in_process(self, tmp_path, kldiv, monkeypatch):
        CURRENT.to_csv(tmp_path / "p.csv", index=False)
        monkeypatch.setattr("kldiv_cli.engines.SMALLEST", 0)
        ran = kldiv("profile", tmp_path / "p.csv", "--row-weight", "wt", "-v")
        assert "unsuited: weights are added up in the order of the rows" in ran.err

    def test_every_form_of_the_rows_says_the_same(self, tmp_path):
        plain = check(REFERENCE, CURRENT, row_weight="wt").to_dict()["columns"]
        forms = []
        for name, frame in (("q", REFERENCE), ("p", CURRENT)):
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
            frame.to_json(tmp_path / f"{name}.jsonl", orient="records", lines=True)
            frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        forms += [
            (str(tmp_path / f"q.{ext}"), str(tmp_path / f"p.{ext}"))
            for ext in ("csv", "jsonl", "parquet")
        ]
        forms.append(tuple(frame.to_dict("list") for frame in (REFERENCE, CURRENT)))
        for sides in forms:
            assert check(*sides, row_weight="wt").to_dict()["columns"] == plain


class TestProfilesOfRowsThatWeigh:
    @pytest.fixture
    def paths(self, tmp_path):
        for name, frame in (("q", REFERENCE), ("p", CURRENT)):
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
        return tmp_path

    def made(self, kldiv, paths, name, *words):
        out = paths / f"{name}.json"
        run = kldiv("profile", *words, "--row-weight", "wt", "-o", out)
        assert run.code == 0, run.err
        return str(out)

    def test_labels_are_judged_as_their_rows_are(self, kldiv, paths):
        q = self.made(kldiv, paths, "q", paths / "q.csv")
        p = self.made(kldiv, paths, "p", paths / "p.csv")
        raw = check(REFERENCE, CURRENT, row_weight="wt", column="side").columns
        for sides in ((q, paths / "p.csv"), (paths / "q.csv", p), (q, p)):
            report = check(*map(str, sides), row_weight="wt", column="side")
            assert report.columns == raw
            assert report.reference.n_effective is not None

    def test_numbers_are_judged_in_the_bins_of_the_profile(self, kldiv, paths):
        q = self.made(kldiv, paths, "q", paths / "q.csv")
        (column, _) = json.loads((paths / "q.json").read_text())["columns"]
        edges = tuple(column["edges"])
        rules = {"x": {"type": "numeric", "bins": edges}}
        raw = check(REFERENCE, CURRENT, row_weight="wt", columns=rules, column="x").columns["x"]
        found = check(q, CURRENT, row_weight="wt", column="x").columns["x"]
        assert (found.value, found.low, found.high) == (raw.value, raw.low, raw.high)
        # The edges are weighted deciles of the reference.
        kept = REFERENCE.dropna().sort_values("x", kind="stable")
        reached = (kept["wt"].cumsum() / kept["wt"].sum()).to_numpy()
        median = kept["x"].to_numpy()[int(np.argmax(reached >= 0.5))]
        assert median in edges

    def test_profiles_add_up(self, kldiv, paths):
        parts = []
        model = self.made(kldiv, paths, "model", paths / "q.csv")
        for place, part in enumerate((REFERENCE.head(500), REFERENCE.tail(1000))):
            path = paths / f"part{place}.csv"
            part.to_csv(path, index=False)
            parts.append(self.made(kldiv, paths, f"part{place}", path, "--like", model))
        self.made(kldiv, paths, "whole", paths / "q.csv", "--like", model)
        self.made(kldiv, paths, "merged", *parts)
        whole, merged = (
            json.loads((paths / f"{name}.json").read_text()) for name in ("whole", "merged")
        )
        for key in ("rows", "total", "squares", "heaviest"):
            assert merged["row_weight"][key] == pytest.approx(whole["row_weight"][key], rel=1e-12)
        for one, two in zip(merged["columns"], whole["columns"], strict=True):
            assert one["outcomes"] == two["outcomes"]
            for mine, theirs in zip(one["weights"], two["weights"], strict=True):
                assert mine[:2] == theirs[:2]
                assert mine[2:] == pytest.approx(theirs[2:], rel=1e-12)
        raw = self.made(kldiv, paths, "raw", paths / "part0.csv", paths / "part1.csv")
        assert check(raw, CURRENT, row_weight="wt").verdict == "pass"

    def test_a_part_of_no_rows_adds_nothing(self, kldiv, paths):
        model = self.made(kldiv, paths, "model", paths / "q.csv")
        (paths / "none.csv").write_text("x,side,wt\n")
        none = self.made(kldiv, paths, "none", paths / "none.csv", "--like", model)
        self.made(kldiv, paths, "both", model, none)
        one, two = (json.loads((paths / f"{name}.json").read_text()) for name in ("both", "model"))
        assert (one["columns"], one["row_weight"]) == (two["columns"], two["row_weight"])

    def test_rare_outcomes_are_pooled_with_their_weights(self, kldiv, paths):
        q = self.made(kldiv, paths, "q", paths / "q.csv", "--min-count", 20)
        found = check(q, CURRENT, row_weight="wt", column="side").columns["side"]
        shares = weighted_shares(REFERENCE, "side")
        (other,) = [one for one in found.contributions if one.outcome == "(other)"]
        assert other.q == pytest.approx(float(shares["rare"]), rel=1e-12)

    def test_a_profile_follows_its_schema(self, kldiv, paths, root):
        path = root / "kldiv_cli" / "renderers" / "schemas" / "profile-1.json"
        made = self.made(kldiv, paths, "q", paths / "q.csv")
        with open(made) as file:
            jsonschema.Draft202012Validator(json.loads(path.read_text())).validate(json.load(file))

    def test_without_the_option_rows_are_counted(self, kldiv, paths):
        weighed = self.made(kldiv, paths, "q", paths / "q.csv", "--column", "side")
        found = check(weighed, weighed).columns["side"]
        assert found.contributions[0].q == pytest.approx((REFERENCE.side == "a").mean())


@settings(deadline=None, max_examples=25)
@given(
    sides=st.tuples(
        *[
            st.lists(
                st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.integers(0, 5)),
                min_size=1,
                max_size=30,
            ).filter(lambda rows: any(times for *_, times in rows))
        ]
        * 2
    ),
    form=st.sampled_from(["arrays", "lists", "records", "csv"]),
)
def test_rows_that_stand_for_several_are_as_if_repeated(sides, form, tmp_path_factory):
    short, long = [], []
    for rows in sides:
        frame = pd.DataFrame(rows, columns=["x", "side", "n"])
        frame["x"] = frame["x"] + 0.5
        short.append(in_form(frame, form, tmp_path_factory))
        repeated = frame.loc[frame.index.repeat(frame["n"])].drop(columns="n")
        long.append(in_form(repeated, form, tmp_path_factory))
    expected = check(*long, kind="samples", column=["x", "side"]).to_dict()
    found = check(*short, frequency="n", column=["x", "side"]).to_dict()
    assert found["columns"] == expected["columns"]
    for side in ("reference", "current"):
        for key in ("total", "missing", "rows_read"):
            assert found[side][key] == expected[side][key]
    expected = compare(*long, kind="samples", column=["x", "side"]).to_dict()
    found = compare(*short, kind="samples", frequency="n", column=["x", "side"]).to_dict()
    assert found["comparisons"] == expected["comparisons"]


def in_form(frame, form, folders):
    """Return rows as arrays, lists, records, or the path of a table."""
    if form == "arrays":
        return {name: frame[name].to_numpy() for name in frame}
    if form == "lists":
        return frame.to_dict("list")
    if form == "records":
        return frame.to_dict("records")
    path = str(folders.mktemp("rows") / "rows.csv")
    frame.to_csv(path, index=False)
    return path


class TestRowsThatStandForSeveral:
    def test_a_profile_counts_them(self, table, kldiv):
        path = table("x.csv", "side,n\na,3\nb,0\nc,2\na,1\n")
        made = json.loads(kldiv("profile", path, "--frequency", "n").out)
        (column,) = made["columns"]
        assert (made["rows"], column["outcomes"]) == (6, [["a", 4], ["c", 2]])

    def test_a_record_without_a_key_stands_for_as_many(self, table):
        text = '{"a": "x", "n": 300}\n{"n": 100}\n'
        path = table("x.jsonl", text)
        (found,) = check(path, path, frequency="n", column="a").columns
        assert found.missing_current == 0.25
        assert found.n_current == 400

    def test_large_numbers_take_no_memory(self):
        rows = {"side": ["a", "b"], "x": np.array([0.5, 1.5]), "n": [10**12, 3 * 10**12]}
        report = check(rows, rows, frequency="n")
        assert report.verdict == "pass"
        assert report.current.total == 4 * 10**12

    def test_columns_that_are_counted_together(self, table):
        path = table("x.csv", "a,b,n\n1,x,300\n2,y,200\n1,y,100\n")
        found = check(path, path, frequency="n", joint=["a", "b"]).columns[0]
        assert found.n_current == 600

    def test_segments_and_clusters_hold_the_rows(self):
        rows = {"g": list("uv") * 200, "side": list("aabb") * 100, "n": [3] * 400}
        report = check(rows, rows, frequency="n", by="g")
        assert {each.n_current for each in report.segments} == {600}
        users = {**rows, "user": [f"u{i // 4}" for i in range(400)]}
        report = check(users, users, frequency="n", cluster="user", column="side")
        assert report.columns["side"].n_current == 1200

    def test_both_options_together(self):
        frame = CURRENT.assign(n=[i % 3 for i in range(1500)])
        repeated = frame.loc[frame.index.repeat(frame["n"])].drop(columns="n")
        options = {"row_weight": "wt", "column": ["x", "side"]}
        found = check(REFERENCE.assign(n=1), frame, frequency="n", **options).to_dict()
        expected = check(REFERENCE, repeated, **options).to_dict()
        for one, two in zip(found["columns"], expected["columns"], strict=True):
            assert one["value"] == pytest.approx(two["value"], rel=1e-9)
            assert one["high"] == pytest.approx(two["high"], rel=1e-9)
        size = expected["current"]["n_effective"]
        assert found["current"]["n_effective"] == pytest.approx(size, rel=1e-12)

    def test_they_meet_a_known_distribution(self):
        rows = {"side": ["heads", "tails"], "n": [300, 100]}
        kinds = ("samples", "probabilities")
        (found,) = compare(
            rows, {"heads": 0.5, "tails": 0.5}, kind=kinds, frequency="n"
        ).comparisons
        truth = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
        assert found.measures["kl_pq"] == pytest.approx(truth, rel=1e-13)
        assert found.estimate.n_p == 400

    def test_their_order_is_not_looked_at(self):
        rows = {"side": ["a"] * 300 + ["b"] * 300, "n": [1] * 600}
        assert [note.code for note in check(rows, rows, frequency="n").notes] == []


def test_weighted_bins_by_hand():
    values = np.array([1.5, 2.5, 3.5, 4.5])
    weights = np.array([1.0, 1.0, 6.0, 2.0])
    place, ones = np.arange(4), np.ones(4, np.int64)
    grouped = Grouped(values, Entries(place, place * 0, ones, weights, weights**2), 1)
    column = count_numbers("x", 0, values)._replace(grouped=grouped)
    # Quarters of the weight end in the second value, the third, and the third.
    assert pooled_bins(column, column, bins=4).edges == (3.5,)
    assert pooled_bins(column, column, bins=5).edges == (2.5, 3.5)
    plain = count_numbers("x", 0, values)
    assert pooled_bins(plain, plain, bins=4).edges == (1.5, 2.5, 3.5)


BAD_WEIGHTS = {
    "negative": ("-2", "negative-weight"),
    "empty": ("", "missing-weight"),
    "a word for missing": ("NA", "missing-weight"),
    "infinite": ("inf", "not-a-number"),
    "text": ("abc", "not-a-number"),
    "huge": ("1e101", "number-overflow"),
    "tiny": ("1e-101", "number-overflow"),
}
BAD_FREQUENCIES = {
    "negative": ("-2", "negative-weight"),
    "empty": ("", "missing-weight"),
    "a fraction": ("1.5", "fractional-count"),
    "infinite": ("inf", "not-a-number"),
    "text": ("abc", "not-a-number"),
    "huge": ("1e17", "number-overflow"),
}


class TestWhatIsRefused:
    @pytest.mark.parametrize("word", BAD_WEIGHTS)
    def test_a_weight_that_is_none(self, word, table):
        cell, code = BAD_WEIGHTS[word]
        path = table("x.csv", f"side,wt\na,1\nb,{cell}\n")
        self.refused(path, path, code, (3, 2), row_weight="wt")

    @pytest.mark.parametrize("word", BAD_FREQUENCIES)
    def test_a_frequency_that_is_none(self, word, table):
        cell, code = BAD_FREQUENCIES[word]
        path = table("x.csv", f"side,n\na,1\nb,{cell}\n")
        self.refused(path, path, code, (3, 2), frequency="n")

    def refused(self, reference, current, code, place, **options):
        with pytest.raises(InputError) as caught:
            check(reference, current, **options)
        assert caught.value.code == code
        first = caught.value.places[0]
        assert (first.line, first.column) == place

    def test_weights_in_memory(self):
        for values in ([1, -2], [1.0, np.nan], [1.0, None], ["1", "x"]):
            rows = {"side": ["a", "b"], "wt": values}
            with pytest.raises(InputError) as caught:
                check(rows, rows, row_weight="wt")
            assert caught.value.places[0].index == (1,)
            with pytest.raises(InputError) as caught:
                check(rows, rows, frequency="wt")
            assert caught.value.places[0].index == (1,)

    def test_rows_that_all_weigh_nothing(self, table):
        path = table("x.csv", "side,wt\na,0\nb,0\n")
        with pytest.raises(InputError) as caught:
            check(path, path, row_weight="wt")
        assert caught.value.code == "no-mass"
        with pytest.raises(InputError) as caught:
            check(path, path, frequency="wt")
        assert caught.value.code == "no-rows"

    @pytest.mark.parametrize("option", ["row_weight", "frequency"])
    def test_a_column_that_a_side_lacks(self, option, table):
        whole, part = table("a.csv", "side,wt\na,1\n"), table("b.csv", "side,x\na,1\n")
        for sides in ((whole, part), (part, whole)):
            with pytest.raises(InputError) as caught:
                check(*sides, **{option: "wt"})
            assert (caught.value.code, caught.value.places[0].source) == ("unknown-column", part)

    def test_a_record_that_has_no_weight(self, table):
        path = table("x.jsonl", '{"a": "x", "wt": 1}\n' * 5000 + '{"a": "x"}\n')
        with pytest.raises(InputError) as caught:
            check(path, path, row_weight="wt")
        assert caught.value.code == "missing-weight"

    @pytest.mark.parametrize(
        "options",
        [
            {"serial": True},
            {"cluster": "side"},
            {"by": "side"},
            {"joint": ["side", "x"]},
            {"column": "wt"},
            {"frequency": "wt"},
            {"max_tv": 0.1},
            {"kind": "counts"},
            {"history": {"windows": 19, "rows": [480, 520], "kl": {"x": 0.02}}},
        ],
        ids=str,
    )
    def test_what_there_is_no_rule_for(self, options):
        with pytest.raises(UsageError, match=r"row_weight|wt"):
            check(REFERENCE, CURRENT, row_weight="wt", **options)

    def test_a_profile_that_has_not_kept_them(self, table, kldiv):
        path = table("x.csv", "side,wt\n" + "a,1\nb,2\n" * 60)
        profile = table("p.json", kldiv("profile", path).out)
        for sides in ((profile, path), (path, profile)):
            with pytest.raises(InputError) as caught:
                check(*sides, row_weight="wt")
            assert caught.value.code == "is-a-profile"
        assert kldiv("profile", profile, "--row-weight", "wt").code == 2
        assert "is-weighed" in kldiv("profile", profile, path, "--row-weight", "wt").err
        weighed = table("w.json", kldiv("profile", path, "--row-weight", "wt").out)
        assert "is-weighed" in kldiv("profile", weighed).err

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('["a", 60, 60.0, 60.0]', '["a", 60, 61.0, 60.0]'),
            ('["a", 60, 60.0, 60.0]', '["a", 59, 60.0, 60.0]'),
            ('["a", 60, 60.0, 60.0]', '["a", 60, 60.0]'),
            ('["a", 60, 60.0, 60.0]', '["c", 60, 60.0, 60.0]'),
            ('["a", 60, 60.0, 60.0]', '["b", 60, 60.0, 60.0]'),
            ('["a", 60, 60.0, 60.0]', '["a", 60, -60.0, 60.0]'),
            ('["a", 60, 60.0, 60.0]', '["a", 60, "x", 60.0]'),
            ('["a", 60, 60.0, 60.0]', "3"),
            ('"weights"', '"wheights"'),
            ('"total": 180.0', '"total": 0'),
            ('"heaviest"', '"heavy"'),
            ('"heaviest": 2.0', '"heaviest": 200.0'),
            ('"heaviest": 2.0', '"heaviest": 20.0'),
            ('"column": "wt"', '"column": 3'),
        ],
    )
    def test_a_profile_whose_weights_do_not_add_up(self, old, new, table, kldiv):
        path = table("x.csv", "side,wt\n" + "a,1\nb,2\n" * 60)
        made = kldiv("profile", path, "--row-weight", "wt").out
        assert old in made
        profile = table("p.json", made.replace(old, new, 1))
        with pytest.raises(InputError) as caught:
            check(profile, path, row_weight="wt")
        assert caught.value.code == "bad-profile"

    @pytest.mark.parametrize("options", [{}, {"row_weight": "wt"}])
    def test_a_profile_that_has_weights_and_does_not_say_of_what(self, options, table, kldiv):
        path = table("x.csv", "side,wt\n" + "a,1\nb,2\n" * 60)
        document = json.loads(kldiv("profile", path, "--row-weight", "wt").out)
        del document["row_weight"]
        with pytest.raises(InputError) as caught:
            check(table("p.json", json.dumps(document)), path, **options)
        assert caught.value.code == "bad-profile"

    def test_windows_that_weigh_can_be_counted_anew(self, table, kldiv):
        path = table("x.csv", "side,wt\n" + "a,1\nb,2\n" * 60)
        made = kldiv("profile", path, "--row-weight", "wt").out
        windows = [table(f"w{place}.json", made) for place in range(8)]
        ran = kldiv("calibrate", *windows)
        hint = "help: kldiv profile DATA -o FILE makes it anew, or leave it out"
        assert (ran.code, ran.out) == (2, "")
        assert hint in ran.err
        with pytest.raises(InputError) as caught:
            calibrate(windows)
        assert (caught.value.code, f"help: {caught.value.hint}") == ("is-weighed", hint)

    def test_a_column_whose_rows_with_values_weigh_nothing(self):
        frame = CURRENT.assign(wt=CURRENT["x"].isna() * 1.0)
        with pytest.raises(InputError) as caught:
            check(REFERENCE, frame, row_weight="wt", column="x", missing="drop")
        assert caught.value.code == "no-values"

    def test_a_known_distribution_has_no_rows_that_weigh(self):
        with pytest.raises(UsageError, match="row_weight is for raw rows on both sides"):
            check(REFERENCE, {"a": 0.5, "b": 0.5}, kind=("samples", "weights"), row_weight="wt")

    def test_a_pseudocount_is_for_counts(self):
        with pytest.raises(UsageError) as caught:
            compare(REFERENCE, CURRENT, kind="samples", row_weight="wt", smoothing="jeffreys")
        assert caught.value.code == "smoothing-needs-counts"
