"""Profiles of parts, made like one profile, add up to the profile of the whole, byte for byte."""

import csv
import gzip
import io
import json
import random
import re
import subprocess
import sys
from unittest import mock

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kldiv_cli import InputError, engines
from kldiv_cli.pipeline.profile import profile
from kldiv_cli.pipeline.settings import profile_settings
from kldiv_cli.renderers.formats.profile import render

ABSENT = ("", "", "NA")
NUMBERS = ("0", "-0.0", "1", "1.0", "2.5", "-7e2", " 3 ", "1e300", "inf", "-Infinity", "12", "0.1")
INTEGERS = ("1", "2", "3", "1.0", "+2", "-4", "3e0")
TEXTS = (
    "a",
    "b",
    "(other)",
    "(missing)",
    'say "x", y',
    "é",
    "NA",
    "1",
    "1.0",
    "true",
    "2024-01-05",
)
FLAGS = ("true", "True", "TRUE", "t", "false", "False", "F")
DAYS = ("2024-01-05", "2024-01-05T00:00:00", "2024-01-05 00:00", "2024-01-06", "2024-01-06T12:30Z",
        "2024-01-06T14:30:00+02:00")  # fmt: skip
# What the profile to be like has seen of each column, and what may come later.
KINDS = {
    "number": (NUMBERS + ABSENT, NUMBERS + ABSENT),
    "integer": (
        INTEGERS + ABSENT,
        (*INTEGERS, *ABSENT, "2.5", "007", "x", "inf", "9007199254740993"),
    ),
    "pure": (("1", "2", "3"), INTEGERS),
    "text": (TEXTS + ABSENT, (*TEXTS, *ABSENT, "c", "null")),
    "flag": (FLAGS + ABSENT, (*FLAGS, *ABSENT, "maybe", "1", "2024-01-05")),
    "day": (DAYS + ABSENT, (*DAYS, *ABSENT, "soon", "1", "true")),
    "constant": (("2.5",), ("2.5",)),
    "empty": (("",), (*ABSENT, *NUMBERS, "x", "true")),
    "code": (("007", "01", "1"), ("007", "01", "1", "1.0", "NA", "")),
    "float": (("1.0", "2.0", "x1"), ("1.0", "1", "2", "NA")),
}


@st.composite
def tables(draw):
    """Draw the rows of a profile to be like, and of the data that are split."""
    names = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4))
    kinds = {f"{kind}{i}": KINDS[kind] for i, kind in enumerate(names)}

    def rows(which, least):
        cells = st.tuples(*(st.sampled_from(both[which]) for both in kinds.values()))
        return draw(st.lists(cells, min_size=least, max_size=30))

    return list(kinds), rows(0, 1), rows(1, 1)


@st.composite
def splits(draw, rows):
    """Draw a split of rows into parts, some of them perhaps empty."""
    places = draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    return [[row for row, at in zip(rows, places, strict=True) if at == part] for part in range(4)]


def as_csv(header, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return text.getvalue()


def is_literal(cell):
    return re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?(e\d+)?", cell) is not None


def record(header, row):
    """Return a row as an object of JSON; raw rows lack the keys of values that are missing."""
    pairs = [pair for pair in zip(header, row, strict=True) if pair[1] or header == TIDY]
    return ", ".join(
        f"{json.dumps(name)}: {cell if is_literal(cell) else json.dumps(cell or None)}"
        for name, cell in pairs
    )


def as_jsonl(header, rows):
    return "".join(f"{{{record(header, row)}}}\n" for row in rows)


def as_json(header, rows):
    return "[" + ", ".join(f"{{{record(header, row)}}}" for row in rows) + "]"


TIDY = ["column", "outcome", "count"]
WRITERS = {"csv": as_csv, "jsonl": as_jsonl, "json": as_json}


class Kept:
    """A folder of files that are written by turns."""

    def __init__(self, folder):
        self.folder = folder
        self.number = 0

    def __call__(self, text, extension="json"):
        self.number += 1
        path = self.folder / f"{self.number}.{extension}"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def table(self, header, rows, format="csv"):
        return self(WRITERS[format](header, rows), format)


def made(*sources, like=None, min_count=0, **options):
    settings = profile_settings(options, like=like is not None)
    return render(
        profile(
            [(None, source) for source in sources],
            settings.rules,
            settings.options,
            kind=settings.kind,
            like=like,
            min_count=min_count,
        )
    )


def bytes_of(text):
    """Return a profile without its name."""
    return re.sub(r'\n  "name": .*', "", text, count=1)


def merged(kept, parts, order):
    """Return profiles merged by twos and threes, in an order that is given."""
    while len(parts) > 1:
        order.shuffle(parts)
        size = order.choice([2, 3, len(parts)])
        parts = [kept(made(*parts[:size])), *parts[size:]]
    return made(*parts)


@settings(max_examples=15)
@given(st.data(), tables(), st.randoms(use_true_random=False))
def test_parts_add_up_to_the_whole(tmp_path_factory, data, drawn, order):
    kept = Kept(tmp_path_factory.mktemp("shards"))
    header, of_model, rows = drawn
    asked = {"na": data.draw(st.sampled_from([(), ("1",), ("a", "2024-01-06")]))}
    how = data.draw(st.sampled_from(["alone", "alone", "joint", "where"]))
    if len(header) > 2 and how == "joint":
        asked["joint"] = header[:2]
    if len(header) > 1 and how == "where":
        asked["where"] = f"{header[0]}={order.choice(rows)[0]}"
    pooling = {"min_count": data.draw(st.sampled_from([0, 3]))}
    types = {name: {"type": "categorical"} for name in header if order.random() < 0.2}
    own = {name: word for name, word in asked.items() if name != "where"}
    try:
        model = kept(made(kept.table(header, of_model), columns=types, **own, **pooling))
        whole = made(kept.table(header, rows), like=model, **asked)
    except InputError:
        assume(False)
    shards = []
    for part in data.draw(splits(rows)):
        # Records without a single key say nothing of columns.
        named = all(any(row) for row in part) and "joint" not in asked and "where" not in asked
        format = order.choice(["csv", "json", "jsonl"]) if part and named else "csv"
        path = kept.table(header, part, format)
        # Small files are counted in process, unless DuckDB pays from the first byte on.
        with mock.patch.object(engines, "SMALLEST", order.choice([0, *[engines.SMALLEST] * 5])):
            shards.append(kept(made(path, like=model, **asked)))
    found = merged(kept, shards, order)
    assert bytes_of(found) == bytes_of(whole)


def tidy(header, rows):
    """Return the counts of each column, as a query of a warehouse prints them."""
    counts = {}
    for row in rows:
        for cell in zip(header, row, strict=True):
            counts[cell] = counts.get(cell, 0) + 1
    return [(*cell, str(number)) for cell, number in counts.items()]


COUNTED_ALIKE = {
    "pure": ("1.0", "2.0", "-3.0", ""),
    "text": ("a", "b", "(other)", 'say "x", y', ""),
    "flag": ("true", "True", "t", "false", "F", ""),
    "day": (*DAYS, ""),
}


@given(st.data(), st.randoms(use_true_random=False))
def test_counts_of_a_query_are_the_raw_rows(tmp_path_factory, data, order):
    kept = Kept(tmp_path_factory.mktemp("tidy"))
    header = sorted(data.draw(st.sets(st.sampled_from(list(COUNTED_ALIKE)), min_size=1)))
    cells = st.tuples(*(st.sampled_from(COUNTED_ALIKE[name]) for name in header))
    rows = data.draw(st.lists(cells, min_size=1, max_size=30))
    counts = tidy(header, rows)
    order.shuffle(counts)
    # As many missing values as others could be their sum.
    found = made(kept.table(TIDY, counts), kind="counts", total_row="keep")
    assert bytes_of(found) == bytes_of(made(kept.table(header, rows)))


@settings(max_examples=15)
@given(st.data(), tables(), st.randoms(use_true_random=False))
def test_counts_of_a_query_are_shards(tmp_path_factory, data, drawn, order):
    kept = Kept(tmp_path_factory.mktemp("tidy"))
    header, of_model, rows = drawn
    pooling = {"min_count": data.draw(st.sampled_from([0, 3]))}
    try:
        model = kept(made(kept.table(header, of_model), **pooling))
        whole = made(kept.table(header, rows), like=model)
    except InputError:
        assume(False)
    shards = []
    for part in data.draw(splits(rows)):
        if part and order.random() < 0.7:
            counts = tidy(header, part)
            order.shuffle(counts)
            path = kept.table(TIDY, counts, order.choice(list(WRITERS)))
            how = {"kind": "counts", "total_row": "keep"}
        else:
            path, how = kept.table(header, part), {}
        shards.append(kept(made(path, like=model, **how)))
    assert bytes_of(merged(kept, shards, order)) == bytes_of(whole)


# Real processes.


def test_twenty_shards_in_parallel_processes(tmp_path, environment, patience):
    draw = random.Random(12)
    kept = Kept(tmp_path)
    header = ["amount", "stars", "town", "rare", "flag", "day", "now", "id", "late"]
    towns = ["Rom", "Bonn", "Köln", "a,b", "NA"]

    def row(i, shard):
        return (
            draw.choice(["", "NA", "inf", "-inf", *(f"{draw.gauss(0, 9):.2f}" for _ in range(9))]),
            # Later floats, of a column that was one of few integers.
            draw.choice(["1", "2", "3", "1.0"] if shard < 15 else ["1", "2.5", "x"]),
            draw.choice(towns[:4] if shard else towns),
            draw.choice(["u", "v"] * 40 + [f"r{i}"]),
            draw.choice(["true", "false"] if shard % 2 else ["True", "False", ""]),
            f"2024-01-0{draw.randint(1, 9)}" + draw.choice(["", "T00:00:00", " 00:00"]),
            str(shard),
            f"id-{shard}-{i}",
            "" if shard < 19 else draw.choice(["1.5", "2.5"]),
        )

    shards = [[row(i, shard) for i in range(0 if shard == 7 else 300)] for shard in range(20)]
    rows = [row for shard in shards for row in shard]
    whole = kept.table(header, rows)
    model = tmp_path / "model.json"
    words = ["--min-count", "20", "--na", "Bonn", "--column", "id"]
    words += [word for name in header[:7] for word in ("--column", name)]

    def kldiv(*words, **more):
        command = [sys.executable, "-m", "kldiv_cli", *map(str, words)]
        return subprocess.Popen(command, env=environment(), cwd=tmp_path, **more)

    # Of whole rows the column of stars would be text; it was few integers once.
    first = kept.table(header, [row for shard in shards[:15] for row in shard])
    assert kldiv("profile", first, *words, "-o", model).wait(patience) == 0
    like = ["--like", model, "--na", "Bonn"]
    assert kldiv("profile", whole, *like, "-o", "whole.json").wait(patience) == 0
    running = []
    for shard, part in enumerate(shards):
        out = ["-o", f"shard{shard}.json"]
        draw.shuffle(part)
        how = shard % 6
        if how == 0 or not part:
            words = [kept.table(header, part)]
        elif how == 1:
            path = tmp_path / f"{shard}.csv.gz"
            path.write_bytes(gzip.compress(as_csv(header, part).encode()))
            words = [path]
        elif how in (2, 3):
            words = [kept.table(header, part, "json" if how == 2 else "jsonl")]
        elif how == 4:
            folder = tmp_path / f"folder{shard}"
            folder.mkdir()
            for half in (0, 1):
                (folder / f"part-{half}.csv").write_text(as_csv(header, part[half::2]), "utf-8")
            words = [folder]
        else:
            words = ["-"]
        process = kldiv("profile", *words, *like, *out, stdin=subprocess.PIPE)
        if words == ["-"]:
            process.stdin.write(as_csv(header, part).encode())
        process.stdin.close()
        running.append(process)
    assert [process.wait(patience) for process in running] == [0] * 20
    files = [f"shard{shard}.json" for shard in range(20)]
    draw.shuffle(files)
    assert kldiv("profile", *files, "-o", "all.json").wait(patience) == 0
    halves = (files[:7], files[7:])
    for number, half in enumerate(halves):
        assert kldiv("profile", *half, "-o", f"half{number}.json").wait(patience) == 0
    assert kldiv("profile", "half1.json", "half0.json", "-o", "twice.json").wait(patience) == 0
    expected = bytes_of((tmp_path / "whole.json").read_text())
    for name in ("all.json", "twice.json"):
        assert bytes_of((tmp_path / name).read_text()) == expected
    found = {one["column"]: one for one in json.loads(expected)["columns"]}
    assert found["amount"]["outcomes"][-1][0] == "+inf"
    assert found["rare"]["pooled"] is True
    assert found["flag"]["type"] == "boolean"
    assert found["day"]["type"] == "date"
    assert {"2.5", "x"} < dict(found["stars"]["outcomes"]).keys()
    assert len(found["id"]["outcomes"]) > 1000 or found["id"]["pooled"]


# What profiles and tables of counts are refused for, and what is said of them.


def profiled(kldiv, *words):
    ran = kldiv("profile", *words)
    assert ran.code == 0, ran.err
    return {one["column"]: one for one in json.loads(ran.out)["columns"]}, ran.err


def test_a_part_of_no_rows_is_one(table, kldiv):
    model, empty = table("m.csv", "a,b\n1,x\n2,y\n"), table("e.csv", "a,b\n")
    made = table("m.json", kldiv("profile", model).out)
    ran = kldiv("profile", empty, "--like", made)
    assert (ran.code, json.loads(ran.out)["rows"]) == (0, 0)
    assert "note[no-rows]" in ran.err
    assert kldiv("profile", empty, "--like", made, "--strict").code == 2
    none = table("none.json", ran.out)
    other = table("other.json", kldiv("profile", model, "--like", made, "--where", "a=7").out)
    assert json.loads(kldiv("profile", made, none).out)["rows"] == 2
    assert json.loads(kldiv("profile", none, other).out)["rows"] == 0
    refused = [
        ("check", none, made),
        ("check", made, none),
        ("profile", empty),
        ("profile", empty, "--like", none),
        ("profile", model, "--where", "a=7"),
    ]
    for words in refused:
        ran = kldiv(*words)
        assert (ran.code, "no-rows" in ran.err) == (2, True)
    # A file of no bytes is what a failed export leaves.
    assert "empty-file" in kldiv("profile", table("z.csv", ""), "--like", made).err


def test_records_that_all_lack_a_key_lack_its_values(table, kldiv):
    made = table("m.json", kldiv("profile", table("m.csv", "a,b\n1,x\n2,y\n")).out)
    found, said = profiled(kldiv, table("s.jsonl", '{"a": 1}\n{"a": 2}\n'), "--like", made)
    assert (found["b"]["missing"], found["b"]["outcomes"]) == (2, [])
    assert "note[column-without-values]" in said
    for name, text in (("s.csv", "a\n1\n"), ("t.jsonl", '{"c": 1}\n')):
        ran = kldiv("profile", table(name, text), "--like", made)
        assert (ran.code, "unknown-column" in ran.err) == (2, True)


def test_a_key_that_a_profile_counted_stays_when_it_is_merged(table, kldiv):
    parts = [table(f"{i}.csv", "id\n" + "".join(f"x{i}{n}\n" for n in range(40))) for i in (1, 2)]
    made = [table(f"{i}.json", kldiv("profile", part).out) for i, part in enumerate(parts)]
    assert len(profiled(kldiv, *made)[0]["id"]["outcomes"]) == 80
    assert "excluded: 'id'" in kldiv("profile", *parts).err


def test_profiles_of_other_orders_of_columns_merge_in_any_order(table, kldiv):
    one = table("1.json", kldiv("profile", table("1.csv", "b,a,c\n1,x,2\n")).out)
    two = table("2.json", kldiv("profile", table("2.csv", "c,b,a\n1,1,y\n")).out)
    made = [bytes_of(kldiv("profile", *order).out) for order in ((one, two), (two, one))]
    assert made[0] == made[1]
    assert list(profiled(kldiv, one, two)[0]) == ["a", "b", "c"]
    assert list(profiled(kldiv, one, one)[0]) == ["b", "a", "c"]


def test_numbers_of_a_table_of_counts_are_binned_as_raw_rows_are(table, kldiv):
    draw = random.Random(5)
    values = [f"{draw.gauss(0, 1):.1f}" for _ in range(500)] + ["inf", "NA", ""]
    raw = table("raw.csv", "x\n" + "".join(f'"{value}"\n' for value in values))
    counts = as_csv(TIDY, tidy(["x"], [(value,) for value in values]))
    counted = table("counts.csv", counts)
    for more in ([], ["--bins", "4"]):
        expected = kldiv("profile", raw, "--numeric", "x", *more)
        found = kldiv("profile", counted, "--as", "counts", "--numeric", "x", *more)
        assert bytes_of(found.out) == bytes_of(expected.out)
    ran = kldiv("profile", counted, "--as", "counts")
    assert json.loads(ran.out)["columns"][0]["type"] == "categorical"
    plain = table("plain.csv", "column,outcome,count\nx,1.5,5\nx,2.5,3\n")
    _, said = profiled(kldiv, plain, "--as", "counts")
    assert "note[numbers-as-labels]" in said
    assert "--numeric x" in said
    assert profiled(kldiv, plain, "--as", "counts", "--categorical", "x")[1] == ""
    # A check takes them for numbers, too.
    ran = kldiv("check", counted, counted, "--as", "counts", "--numeric", "x", "-f", "json")
    assert json.loads(ran.out)["columns"][0]["type"] == "numeric"


def test_a_table_of_one_column_is_called_as_its_outcomes_are(table, kldiv):
    named = table("n.csv", "town,n\nRom,5\nBonn,3\n")
    assert list(profiled(kldiv, named, "--as", "counts")[0]) == ["town"]
    plain = table("p.csv", "outcome,count\nRom,5\nBonn,3\n")
    assert list(profiled(kldiv, plain, "--as", "counts")[0]) == ["outcome"]
    found, _ = profiled(kldiv, plain, "--as", "counts", "--column", "town")
    assert found["town"]["outcomes"] == [["Bonn", 3], ["Rom", 5]]
    made = table("made.json", kldiv("profile", named, "--as", "counts").out)
    assert list(profiled(kldiv, plain, "--as", "counts", "--like", made)[0]) == ["town"]
    # Profiles may stand beside tables of counts.
    found, _ = profiled(kldiv, made, named, "--as", "counts")
    assert found["town"]["outcomes"] == [["Bonn", 6], ["Rom", 10]]
    ran = kldiv("profile", named, "--as", "counts", "--column", "city")
    assert "unknown-column" in ran.err


REFUSED = {
    "a fraction": ("x,a,1.5\n", "fractional-count"),
    "a probability": ("x,a,0.25\nx,b,0.75\n", "fractional-count"),
    "negative": ("x,a,-1\n", "negative-weight"),
    "no count": ("x,a,\n", "missing-weight"),
    "twice": ("x,a,1\nx,a,2\n", "duplicate-labels"),
    "other totals": ("x,a,1\ny,a,2\n", "counts-differ"),
    "too many": ("x,a,999999999999999999\nx,b,1\n", "number-overflow"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_is_none_of_counts_is_refused(table, kldiv, name):
    rows, code = REFUSED[name]
    ran = kldiv("profile", table("t.csv", f"column,outcome,count\n{rows}"), "--as", "counts")
    assert (ran.code, ran.out) == (2, "")
    assert f"error[{code}]" in ran.err
    assert "--as weights" not in ran.err


def test_what_may_be_counts_is_asked_for(table, kldiv):
    path = table("t.csv", "column,outcome,count\nx,a,1\nx,b,2\n")
    ran = kldiv("profile", path)
    assert (ran.code, "error[which-kind]" in ran.err) == (2, True)
    assert list(profiled(kldiv, path, "--as", "samples")[0]) == ["column", "outcome", "count"]
    assert list(profiled(kldiv, path, "--as", "counts")[0]) == ["x"]
    twice = table("u.csv", "column,outcome,count\nx,a,1\nx,a,2\n")
    found, said = profiled(kldiv, twice, "--as", "counts", "--duplicates", "sum")
    assert (found["x"]["outcomes"], "duplicates-summed" in said) == ([["a", 3]], True)
    for words in (("--duplicates", "sum"), ("--label", "x"), ("--total-row", "keep")):
        ran = kldiv("profile", table("r.csv", "x\na\n"), *words)
        assert (ran.code, "--as counts" in ran.err) == (2, True)
